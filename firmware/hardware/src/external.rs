//! What may go wrong on the way to external memory.

/// A unit on the way to external memory that does not do what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The NOR flash doesn't answer as one, or reports a failure.
    Nor,
    /// The XSPI doesn't finish.
    Xspi,
    /// The DMA doesn't finish, or reports an error.
    Dma,
}

//! A clip on the NOR's pins: reads and writes its cells past the chip, for tests and for showing tampering. Nothing
//! that provisions a board uses it.

use crate::board::Board;

/// The clip, held to a board.
pub struct NorClip<'a> {
    board: &'a mut Board,
}

impl<'a> NorClip<'a> {
    /// Clips on.
    pub fn new(board: &'a mut Board) -> Self {
        Self { board }
    }

    /// Cells from an offset in the array; addresses wrap at its end.
    #[must_use]
    pub fn read(&self, offset: u32, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        self.board.peripherals.nor_cells(offset, &mut bytes);
        bytes
    }

    /// Sets cells, erased bits too: what another programmer would leave.
    pub fn write(&mut self, offset: u32, data: &[u8]) {
        self.board.peripherals.set_nor_cells(offset, data);
    }
}

//! Why a board can't be had: the one error type of this crate.

use std::path::PathBuf;

use crate::nonvolatile::NonVolatileError;

/// Why a board could not be powered on, or its file not be opened or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BoardError {
    /// The ROM image is empty or larger than system flash.
    #[error("the ROM image has {size} bytes; system flash holds 1 to {limit}")]
    RomSize {
        /// Bytes of the image.
        size: usize,
        /// Bytes of system flash.
        limit: usize,
    },
    /// The board was made with another ROM.
    #[error("the board was made with another ROM than the one it was to be powered on with")]
    OtherRom,
    /// The operating system gave no thread.
    #[error("no thread for the board")]
    Thread {
        /// What it said.
        source: std::io::Error,
    },
    /// The system gave no randomness for a new board's identity.
    #[error("no randomness for a new board: {reason}")]
    Entropy {
        /// What it said.
        reason: String,
    },
    /// There is no such board file.
    #[error("there is no board file {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A board file is never overwritten.
    #[error("{} exists already", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// Another process has the board.
    #[error("{} is in use by another process", path.display())]
    Locked {
        /// Where.
        path: PathBuf,
    },
    /// The disk refused.
    #[error("{}: {action} failed", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file's bytes are no board.
    #[error("{}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong with them.
        source: NonVolatileError,
    },
}

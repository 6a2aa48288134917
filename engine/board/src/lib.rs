//! A virtual STM32H7S78-DK: core, memories, peripherals, debug port, and what survives power.
//! It is hardware: it runs machine code and answers registers. It knows no file format of the product and no probe.
//!
//! [`Board`] is the machine without a wall clock; [`PoweredBoard`] runs one on a thread and keeps its file.

mod board;
mod board_file;
mod bus;
mod clip;
mod cpu;
mod debug_port;
mod error;
mod fault;
mod memory;
mod nonvolatile;
pub mod peripherals;
mod runner;
mod trace;

pub use board::{Board, BoardOptions, CoreRegister, Stopped};
pub use board_file::BoardFile;
pub use bus::{BusError, Width};
pub use clip::*;
pub use debug_port::{DapFault, DapRegister, DebugPort};
pub use error::BoardError;
pub use fault::*;
pub use memory::Memory;
pub use nonvolatile::*;
pub use peripherals::{DebugAccess, Peripherals, ResetCause};
pub use runner::*;
pub use trace::*;

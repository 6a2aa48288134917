//! What instructions do, one function each, specialised by constants so that nothing is decided twice. The decoder
//! picks the function and fills the operands as its comment says.

pub(crate) mod branch;
pub(crate) mod data;
pub(crate) mod dsp;
pub(crate) mod float;
pub(crate) mod float_arithmetic;
pub(crate) mod float_conversion;
pub(crate) mod multiple;
pub(crate) mod multiply;
pub(crate) mod special;
pub(crate) mod transfer;

use super::page::Insn;
use super::{Fault, Signal};
use crate::Board;

/// Leaves the loop with a fault at the instruction itself.
#[cold]
pub(crate) fn fail(board: &mut Board, insn: &Insn, next: u32, fault: Fault) -> u32 {
    board.cpu.signal = Signal::Fault(fault);
    next.wrapping_sub(u32::from(insn.len)) | 1
}

/// No such instruction.
pub(crate) fn undefined(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    fail(board, insn, next, Fault::Undefined)
}

/// A coprocessor that isn't there.
pub(crate) fn no_coprocessor(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    fail(board, insn, next, Fault::NoCoprocessor)
}

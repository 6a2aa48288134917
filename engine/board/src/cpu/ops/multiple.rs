//! Loads and stores of register lists. Operands: a = Rn, imm = list in the low half.

use super::branch::interwork;
use super::fail;
use crate::Board;
use crate::cpu::Fault;
use crate::cpu::page::{Insn, Run};

fn failed(insn: &Insn, next: u32) -> u32 {
    next.wrapping_sub(u32::from(insn.len)) | 1
}

/// STM, STMDB, PUSH. A fault in the middle leaves the base as it was, so that the instruction can be run again.
pub(crate) fn store<const BEFORE: bool, const WRITE_BACK: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let mut list = insn.imm;
    let size = list.count_ones() * 4;
    let base = board.cpu.get(insn.a);
    if base & 3 != 0 {
        return fail(board, insn, next, Fault::Unaligned);
    }
    let mut address = if BEFORE { base.wrapping_sub(size) } else { base };
    let new_base = if BEFORE { address } else { base.wrapping_add(size) };
    while list != 0 {
        let value = board.cpu.get(list.trailing_zeros() as u8);
        if board.store_word(address, value).is_none() {
            return failed(insn, next);
        }
        address = address.wrapping_add(4);
        list &= list - 1;
    }
    if WRITE_BACK {
        board.cpu.set(insn.a, new_base);
    }
    next
}

/// LDM, LDMDB, POP. A loaded base wins over the write-back.
pub(crate) fn load<const BEFORE: bool, const WRITE_BACK: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let mut list = insn.imm;
    let size = list.count_ones() * 4;
    let base = board.cpu.get(insn.a);
    if base & 3 != 0 {
        return fail(board, insn, next, Fault::Unaligned);
    }
    let mut address = if BEFORE { base.wrapping_sub(size) } else { base };
    let new_base = if BEFORE { address } else { base.wrapping_add(size) };
    // The base is written last: until then a fault can still leave it alone.
    let mut loaded_base = None;
    let mut target = None;
    while list != 0 {
        let register = list.trailing_zeros() as u8;
        let Some(value) = board.load_word(address) else { return failed(insn, next) };
        if register == 15 {
            target = Some(value);
        } else if register == insn.a {
            loaded_base = Some(value);
        } else {
            board.cpu.set_any(register, value);
        }
        address = address.wrapping_add(4);
        list &= list - 1;
    }
    if let Some(value) = loaded_base {
        board.cpu.set_any(insn.a, value);
    } else if WRITE_BACK {
        board.cpu.set(insn.a, new_base);
    }
    match target {
        Some(target) => interwork(board, target),
        None => next,
    }
}

/// The function for a list transfer.
pub(crate) fn pick(load_it: bool, before: bool, write_back: bool) -> Run {
    match (load_it, before, write_back) {
        (false, false, false) => store::<false, false>,
        (false, false, true) => store::<false, true>,
        (false, true, false) => store::<true, false>,
        (false, true, true) => store::<true, true>,
        (true, false, false) => load::<false, false>,
        (true, false, true) => load::<false, true>,
        (true, true, false) => load::<true, false>,
        (true, true, true) => load::<true, true>,
    }
}

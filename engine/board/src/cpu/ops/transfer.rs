//! Loads and stores of one register or a pair, and the exclusives. Operands unless said otherwise: a = Rt, b = Rn,
//! imm = offset to add. A fault leaves all registers as they were.

use super::fail;
use crate::Board;
use crate::cpu::Fault;
use crate::cpu::page::{Insn, Run};

pub(crate) const STRB: u8 = 0;
pub(crate) const STRH: u8 = 1;
pub(crate) const STR: u8 = 2;
pub(crate) const LDRB: u8 = 3;
pub(crate) const LDRH: u8 = 4;
pub(crate) const LDR: u8 = 5;
pub(crate) const LDRSB: u8 = 6;
pub(crate) const LDRSH: u8 = 7;

/// The instruction stays where it is; the fault is noted.
#[cold]
fn failed(insn: &Insn, next: u32) -> u32 {
    next.wrapping_sub(u32::from(insn.len)) | 1
}

/// Moves between `register` and memory, the whole way. `None`: a fault is noted.
fn perform<const OP: u8>(board: &mut Board, register: u8, address: u32) -> Option<()> {
    match OP {
        STRB => board.store_byte(address, board.cpu.get(register)),
        STRH => board.store_half(address, board.cpu.get(register)),
        STR => board.store_word(address, board.cpu.get(register)),
        LDRB | LDRSB => {
            let value = board.load_byte(address)?;
            set_extended::<OP>(board, register, value);
            Some(())
        }
        LDRH | LDRSH => {
            let value = board.load_half(address)?;
            set_extended::<OP>(board, register, value);
            Some(())
        }
        _ => {
            let value = board.load_word(address)?;
            board.cpu.set(register, value);
            Some(())
        }
    }
}

#[inline(always)]
fn set_extended<const OP: u8>(board: &mut Board, register: u8, value: u32) {
    let value = match OP {
        LDRSB => value as i8 as u32,
        LDRSH => value as i16 as u32,
        _ => value,
    };
    board.cpu.set(register, value);
}

/// Moves between `register` and memory if the page tables allow it without a further look. The functions below go
/// on to their slow halves by a tail call when it doesn't, so that the fast halves need no stack.
#[inline(always)]
fn perform_fast<const OP: u8>(board: &mut Board, register: u8, address: u32) -> bool {
    match OP {
        STRB => board.memory.fast_write(address, [board.cpu.get(register) as u8]),
        STRH => address & 1 == 0 && board.memory.fast_write(address, (board.cpu.get(register) as u16).to_le_bytes()),
        STR => address & 3 == 0 && board.memory.fast_write(address, board.cpu.get(register).to_le_bytes()),
        LDRB | LDRSB => match board.memory.fast_read::<1>(address) {
            Some([byte]) => {
                set_extended::<OP>(board, register, u32::from(byte));
                true
            }
            None => false,
        },
        LDRH | LDRSH => match board.memory.fast_read::<2>(address) {
            Some(half) if address & 1 == 0 => {
                set_extended::<OP>(board, register, u32::from(u16::from_le_bytes(half)));
                true
            }
            _ => false,
        },
        _ => match board.memory.fast_read::<4>(address) {
            Some(word) if address & 3 == 0 => {
                board.cpu.set(register, u32::from_le_bytes(word));
                true
            }
            _ => false,
        },
    }
}

/// [Rn + imm]
pub(crate) fn offset<const OP: u8>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let address = board.cpu.get(insn.b).wrapping_add(insn.imm);
    if perform_fast::<OP>(board, insn.a, address) { next } else { slowly::<OP>(board, insn, next, address) }
}

/// [imm]: relative to the program counter, resolved by the decoder.
pub(crate) fn literal<const OP: u8>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let address = insn.imm;
    if perform_fast::<OP>(board, insn.a, address) { next } else { slowly::<OP>(board, insn, next, address) }
}

/// [Rn + (Rm shifted left by imm)], c = Rm
pub(crate) fn indexed<const OP: u8>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let address = board.cpu.get(insn.b).wrapping_add(board.cpu.get(insn.c) << (insn.imm & 3));
    if perform_fast::<OP>(board, insn.a, address) { next } else { slowly::<OP>(board, insn, next, address) }
}

#[cold]
#[inline(never)]
fn slowly<const OP: u8>(board: &mut Board, insn: &Insn, next: u32, address: u32) -> u32 {
    if perform::<OP>(board, insn.a, address).is_none() { failed(insn, next) } else { next }
}

/// [Rn + imm]!
pub(crate) fn pre<const OP: u8>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let address = board.cpu.get(insn.b).wrapping_add(insn.imm);
    if perform_fast::<OP>(board, insn.a, address) {
        board.cpu.set_any(insn.b, address);
        return next;
    }
    slowly_indexed::<OP>(board, insn, next, address, address)
}

/// [Rn], then Rn + imm
pub(crate) fn post<const OP: u8>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let address = board.cpu.get(insn.b);
    let indexed = address.wrapping_add(insn.imm);
    if perform_fast::<OP>(board, insn.a, address) {
        board.cpu.set_any(insn.b, indexed);
        return next;
    }
    slowly_indexed::<OP>(board, insn, next, address, indexed)
}

#[cold]
#[inline(never)]
fn slowly_indexed<const OP: u8>(board: &mut Board, insn: &Insn, next: u32, address: u32, indexed: u32) -> u32 {
    if perform::<OP>(board, insn.a, address).is_none() {
        return failed(insn, next);
    }
    board.cpu.set_any(insn.b, indexed);
    next
}

/// [Rn + imm] with the rights of unprivileged code: LDRT and its kin.
pub(crate) fn unprivileged<const OP: u8>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    board.cpu.as_user = true;
    board.refresh_view();
    let address = board.cpu.get(insn.b).wrapping_add(insn.imm);
    let done = perform::<OP>(board, insn.a, address);
    board.cpu.as_user = false;
    board.refresh_view();
    if done.is_none() { failed(insn, next) } else { next }
}

macro_rules! pick {
    ($function:ident, $op:expr) => {
        match $op {
            STRB => $function::<STRB>,
            STRH => $function::<STRH>,
            STR => $function::<STR>,
            LDRB => $function::<LDRB>,
            LDRH => $function::<LDRH>,
            LDR => $function::<LDR>,
            LDRSB => $function::<LDRSB>,
            _ => $function::<LDRSH>,
        }
    };
}

/// How the address is formed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Offset,
    Literal,
    Indexed,
    Pre,
    Post,
    Unprivileged,
}

/// The function for a transfer.
pub(crate) fn pick(op: u8, mode: Mode) -> Run {
    match mode {
        Mode::Offset => pick!(offset, op),
        Mode::Literal => pick!(literal, op),
        Mode::Indexed => pick!(indexed, op),
        Mode::Pre => pick!(pre, op),
        Mode::Post => pick!(post, op),
        Mode::Unprivileged => pick!(unprivileged, op),
    }
}

/// LDR into SP or PC, any addressing: b = Rn (15: imm is the address), c = Rm or 15 for none, imm = offset or shift,
/// a = target with bit 4 for pre-indexing, bit 5 for post-indexing.
pub(crate) fn load_special(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let base = if insn.b == 15 { 0 } else { board.cpu.get(insn.b) };
    let shifted = if insn.c == 15 { insn.imm } else { board.cpu.get(insn.c) << (insn.imm & 3) };
    let indexed = base.wrapping_add(shifted);
    let address = if insn.a & 0x20 != 0 { base } else { indexed };
    let Some(value) = board.load_word(address) else { return failed(insn, next) };
    if insn.a & 0x30 != 0 {
        board.cpu.set_any(insn.b, indexed);
    }
    if insn.a & 0xF == 13 {
        board.cpu.set_sp(value);
        next
    } else {
        super::branch::interwork(board, value)
    }
}

#[inline(always)]
fn pair_addresses<const POST: bool>(board: &Board, insn: &Insn) -> (u32, u32) {
    let base = board.cpu.get(insn.b);
    let indexed = base.wrapping_add(insn.imm);
    (if POST { base } else { indexed }, indexed)
}

/// LDRD: c = Rt2.
pub(crate) fn load_pair<const POST: bool, const WRITE_BACK: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let (address, indexed) = pair_addresses::<POST>(board, insn);
    if address & 3 != 0 {
        return fail(board, insn, next, Fault::Unaligned);
    }
    let Some(first) = board.load_word(address) else { return failed(insn, next) };
    let Some(second) = board.load_word(address.wrapping_add(4)) else { return failed(insn, next) };
    if WRITE_BACK {
        board.cpu.set_any(insn.b, indexed);
    }
    board.cpu.set_any(insn.a, first);
    board.cpu.set_any(insn.c, second);
    next
}

/// LDRD relative to the program counter: imm is the address.
pub(crate) fn load_pair_literal(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    if insn.imm & 3 != 0 {
        return fail(board, insn, next, Fault::Unaligned);
    }
    let Some(first) = board.load_word(insn.imm) else { return failed(insn, next) };
    let Some(second) = board.load_word(insn.imm.wrapping_add(4)) else { return failed(insn, next) };
    board.cpu.set_any(insn.a, first);
    board.cpu.set_any(insn.c, second);
    next
}

/// STRD: c = Rt2.
pub(crate) fn store_pair<const POST: bool, const WRITE_BACK: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let (address, indexed) = pair_addresses::<POST>(board, insn);
    if address & 3 != 0 {
        return fail(board, insn, next, Fault::Unaligned);
    }
    let (first, second) = (board.cpu.get(insn.a), board.cpu.get(insn.c));
    if board.store_word(address, first).is_none() || board.store_word(address.wrapping_add(4), second).is_none() {
        return failed(insn, next);
    }
    if WRITE_BACK {
        board.cpu.set_any(insn.b, indexed);
    }
    next
}

/// The function for LDRD or STRD.
pub(crate) fn pick_pair(load: bool, post: bool, write_back: bool) -> Run {
    match (load, post, write_back) {
        (true, false, false) => load_pair::<false, false>,
        (true, false, true) => load_pair::<false, true>,
        (true, true, _) => load_pair::<true, true>,
        (false, false, false) => store_pair::<false, false>,
        (false, false, true) => store_pair::<false, true>,
        (false, true, _) => store_pair::<true, true>,
    }
}

/// LDREX, LDREXH, LDREXB: c = bytes.
pub(crate) fn load_exclusive(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let address = board.cpu.get(insn.b).wrapping_add(insn.imm);
    if address & (u32::from(insn.c) - 1) != 0 {
        return fail(board, insn, next, Fault::Unaligned);
    }
    let value = match insn.c {
        1 => board.load_byte(address),
        2 => board.load_half(address),
        _ => board.load_word(address),
    };
    let Some(value) = value else { return failed(insn, next) };
    board.cpu.set_any(insn.a, value);
    board.cpu.exclusive = true;
    next
}

/// STREX, STREXH, STREXB: c = bytes and, above bit 4, Rd. The address isn't compared (assumption A75).
pub(crate) fn store_exclusive(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let bytes = insn.c & 0xF;
    let address = board.cpu.get(insn.b).wrapping_add(insn.imm);
    if address & (u32::from(bytes) - 1) != 0 {
        return fail(board, insn, next, Fault::Unaligned);
    }
    if board.cpu.exclusive {
        let value = board.cpu.get(insn.a);
        let stored = match bytes {
            1 => board.store_byte(address, value),
            2 => board.store_half(address, value),
            _ => board.store_word(address, value),
        };
        if stored.is_none() {
            return failed(insn, next);
        }
    }
    let result = u32::from(!board.cpu.exclusive);
    board.cpu.exclusive = false;
    board.cpu.set_any(insn.c >> 4, result);
    next
}

/// CLREX.
pub(crate) fn clear_exclusive(board: &mut Board, _insn: &Insn, next: u32) -> u32 {
    board.cpu.exclusive = false;
    next
}

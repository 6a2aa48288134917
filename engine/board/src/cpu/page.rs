//! A page of decoded instructions, and what one decoded instruction is. Made by `decode`, kept by `Memory`, run by
//! the loop in `run.rs`. It knows nothing of permissions: those are checked when a page is entered.

use super::Signal;
use crate::Board;

/// Executes one instruction. Gets the address of the next one; returns the address to go on at, or an odd value to
/// leave the loop (the reason then stands in the core's state).
pub(crate) type Run = fn(&mut Board, &Insn, u32) -> u32;

/// A decoded instruction: 16 bytes, operands as the one handler that runs it wants them.
#[derive(Clone, Copy)]
pub(crate) struct Insn {
    pub(crate) run: Run,
    pub(crate) imm: u32,
    pub(crate) a: u8,
    pub(crate) b: u8,
    pub(crate) c: u8,
    /// Bytes of code: 2 or 4; 0 while the slot isn't decoded.
    pub(crate) len: u8,
}

impl Insn {
    /// What operand c of a breakpoint is, and of nothing else.
    pub(crate) const BREAKPOINT: u8 = 0xFF;

    /// Whether it stops the core even where its condition fails.
    pub(crate) const fn is_breakpoint(&self) -> bool {
        self.c == Self::BREAKPOINT
    }
}

/// Halfwords in a page of 4 KiB: one slot each.
pub(crate) const SLOTS: usize = 2048;

/// Slots of one page.
pub(crate) type Slots = [Insn; SLOTS];

/// The decoded form of one 4 KiB page.
pub(crate) struct CodePage {
    /// As executed outside of an IT block.
    pub(crate) plain: Box<Slots>,
    /// As executed inside one: 16-bit arithmetic leaves the flags alone there. Made on the first IT.
    pub(crate) in_it: Option<Box<Slots>>,
}

const UNDECODED: Insn = Insn { run: undecoded, imm: 0, a: 0, b: 0, c: 0, len: 0 };

fn undecoded(board: &mut Board, _insn: &Insn, next: u32) -> u32 {
    // Not an instruction: it doesn't count.
    board.cpu.left += 1;
    board.cpu.signal = Signal::Decode;
    next | 1
}

fn blank() -> Box<Slots> {
    // Built on the heap: 32 KiB need not pass over the stack.
    match vec![UNDECODED; SLOTS].try_into() {
        Ok(slots) => slots,
        Err(_) => Box::new([UNDECODED; SLOTS]),
    }
}

impl CodePage {
    pub(crate) fn new() -> Self {
        Self { plain: blank(), in_it: None }
    }

    /// The slots for code outside (`false`) or inside an IT block.
    pub(crate) fn slots(&mut self, in_it: bool) -> &mut Slots {
        if in_it { self.in_it.get_or_insert_with(blank) } else { &mut self.plain }
    }

    /// Forgets what was decoded from the bytes `start..end` of the page (offsets), instructions that begin one
    /// halfword before among them.
    pub(crate) fn forget(&mut self, start: usize, end: usize) {
        let first = (start / 2).saturating_sub(1);
        let last = end.div_ceil(2).min(SLOTS);
        for slots in [Some(&mut self.plain), self.in_it.as_mut()].into_iter().flatten() {
            for slot in slots.get_mut(first..last).into_iter().flatten() {
                *slot = UNDECODED;
            }
        }
    }
}

//! Special registers, hints, barriers, calls of the supervisor and of the debugger.

use crate::Board;
use crate::cpu::page::Insn;
use crate::cpu::{Fault, Signal};

/// NOP, barriers, hints without effect here.
pub(crate) fn nothing(_board: &mut Board, _insn: &Insn, next: u32) -> u32 {
    next
}

/// SEV.
pub(crate) fn send_event(board: &mut Board, _insn: &Insn, next: u32) -> u32 {
    board.cpu.event = true;
    next
}

/// WFI.
pub(crate) fn wait_for_interrupt(board: &mut Board, _insn: &Insn, next: u32) -> u32 {
    board.cpu.signal = Signal::WaitForInterrupt;
    next | 1
}

/// WFE.
pub(crate) fn wait_for_event(board: &mut Board, _insn: &Insn, next: u32) -> u32 {
    if board.cpu.event {
        board.cpu.event = false;
        return next;
    }
    board.cpu.signal = Signal::WaitForEvent;
    next | 1
}

/// SVC.
pub(crate) fn supervisor_call(board: &mut Board, _insn: &Insn, next: u32) -> u32 {
    board.cpu.signal = Signal::Fault(Fault::SupervisorCall);
    next | 1
}

/// BKPT, and code under a breakpoint comparator.
pub(crate) fn breakpoint(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    // It is not executed: it doesn't count.
    board.cpu.left += 1;
    board.cpu.signal = Signal::Breakpoint;
    next.wrapping_sub(u32::from(insn.len)) | 1
}

/// CPS: a = 1 to disable (set), imm bit 1 PRIMASK, bit 0 FAULTMASK. Ignored when unprivileged.
pub(crate) fn change_state(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    if !board.cpu.is_privileged() {
        return next;
    }
    let disable = insn.a != 0;
    if insn.imm & 2 != 0 {
        board.cpu.primask = disable;
    }
    if insn.imm & 1 != 0 {
        board.set_faultmask(disable);
    }
    board.cpu.stop();
    next
}

/// MRS: a = Rd, imm = SYSm.
pub(crate) fn read_special(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let privileged = cpu.is_privileged();
    let value = match insn.imm {
        0..=7 => {
            let ipsr = if insn.imm & 1 != 0 { u32::from(cpu.ipsr) } else { 0 };
            // EPSR reads as zero.
            if insn.imm & 4 == 0 { ipsr | cpu.apsr() } else { ipsr }
        }
        8 if privileged => cpu.msp(),
        9 if privileged => cpu.psp(),
        16 if privileged => u32::from(cpu.primask),
        17 | 18 if privileged => u32::from(cpu.basepri),
        19 if privileged => u32::from(cpu.faultmask),
        20 => cpu.control(),
        _ => 0,
    };
    cpu.set_any(insn.a, value);
    next
}

/// MSR: b = Rn, a = mask (bit 1 NZCVQ, bit 0 GE), imm = SYSm.
pub(crate) fn write_special(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let value = board.cpu.get(insn.b);
    let cpu = &mut board.cpu;
    if insn.imm < 8 {
        // xPSR forms with bit 2 set name no flags.
        if insn.imm & 4 == 0 {
            if insn.a & 2 != 0 {
                cpu.set_nzcvq(value);
            }
            if insn.a & 1 != 0 {
                cpu.ge = value >> 16 & 0xF;
            }
        }
        return next;
    }
    if !cpu.is_privileged() {
        return next;
    }
    match insn.imm {
        8 => cpu.set_msp(value),
        9 => cpu.set_psp(value),
        16 => cpu.primask = value & 1 != 0,
        17 => cpu.basepri = value as u8 & 0xF0,
        18 => {
            let new = value as u8 & 0xF0;
            if new != 0 && (new < cpu.basepri || cpu.basepri == 0) {
                cpu.basepri = new;
            }
        }
        19 => board.set_faultmask(value & 1 != 0),
        20 => board.set_control(value),
        _ => return next,
    }
    board.cpu.stop();
    next
}

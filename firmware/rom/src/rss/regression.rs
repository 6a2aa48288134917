//! Full regression: everything of the owner's on the chip is wiped, and the chip is OPEN again. What may not be left
//! behind goes first; the change of state comes last and is one step of the hardware, which also forgets the keys.
//!
//! A loss of power anywhere before that step leaves the board in its state and its credential good: the regression can
//! be asked for again.
// assumption A28: what the hardware asks for before it opens, and what it does with that step.

use core::arch::asm;

use chip::memory_map::{
    AHB_SRAM1, AHB_SRAM2, AXI_SRAM1, AXI_SRAM2, AXI_SRAM3, AXI_SRAM4, BACKUP_SRAM, DTCM, ITCM, KIB,
};
use chip::option_bytes::{NVSRP, NVSTATE_OPEN, WRP_NONE, WRPSRP, obw2};
use chip::permissions::FULL_REGRESSION;
use chip::registers::FLASH;
use chip::trace::{Event, RegressionStep, Stage};
use hardware::pac;
use hardware::stage::report;
use rot::option_interface::FlashError;

use super::debug_authentication::{Grant, refresh_watchdog};
use crate::entry::{self, wipe_and_reset};
use crate::option_bytes;
use crate::redundant::halt;
use crate::user_flash;

/// Does it, and resets the chip. Nothing is touched unless the grant stands: asked twice, by two branches.
pub fn run(grant: &Grant) -> ! {
    if grant.permissions() & FULL_REGRESSION == 0 {
        halt();
    }
    report(Stage::Rss, Event::Regresses, 0);
    if grant.permissions() & FULL_REGRESSION == 0 {
        halt();
    }
    step(RegressionStep::Unprotect, || option_bytes::program(FLASH + WRPSRP, 0xFF, WRP_NONE));
    step(RegressionStep::EraseFlash, user_flash::erase);
    step(RegressionStep::WipeRam, || {
        wipe_ram();
        Ok(())
    });
    step(RegressionStep::Open, || option_bytes::program(FLASH + NVSRP, 0xFF, u32::from(NVSTATE_OPEN)));
    wipe_and_reset()
}

/// One step; a failed one ends in a reset, with the credential still good for another try.
fn step(which: RegressionStep, act: impl FnOnce() -> Result<(), FlashError>) {
    refresh_watchdog();
    let done = act().is_ok();
    report(Stage::Rss, if done { Event::RegressionStep } else { Event::RegressionFailed }, which as u16);
    if !done {
        wipe_and_reset();
    }
}

/// Clears all RAM but the ROM's own stack, which the way out clears.
fn wipe_ram() {
    pac::RCC.ahb2enr().modify(|w| {
        w.set_sram1en(true);
        w.set_sram2en(true);
    });
    pac::RCC.ahb4enr().modify(|w| w.set_bkpramen(true));
    pac::PWR.cr1().modify(|w| w.set_dbp(true));
    cortex_m::asm::dsb();
    let layout = pac::FLASH.obw2sr().read().0;
    let itcm = tcm_size(layout & obw2::ITCM_AXI_SHARE_MASK);
    let dtcm = tcm_size((layout & obw2::DTCM_AXI_SHARE_MASK) >> obw2::DTCM_AXI_SHARE_SHIFT);
    let stack = entry::STACK;
    let above = stack.start + stack.size;
    // First address and size; what the TCMs borrow is the top of SRAM1 and of SRAM3 (assumption A71), perhaps all.
    let spans = [
        (ITCM.start, itcm),
        (DTCM.start, stack.start - DTCM.start),
        (above, DTCM.start + dtcm - above),
        (AXI_SRAM1.start, AXI_SRAM1.size - (itcm - ITCM.size)),
        (AXI_SRAM2.start, AXI_SRAM2.size),
        (AXI_SRAM3.start, AXI_SRAM3.size - (dtcm - DTCM.size)),
        (AHB_SRAM1.start, AHB_SRAM1.size),
        (AHB_SRAM2.start, AHB_SRAM2.size),
        (BACKUP_SRAM.start, BACKUP_SRAM.size),
    ];
    for (start, size) in spans {
        clear(start, size);
    }
    // SRAM4 is no memory while it holds the ECC of the others.
    if layout & obw2::ECC_ON_SRAM == 0 {
        clear(AXI_SRAM4.start, AXI_SRAM4.size);
    }
}

fn tcm_size(share: u32) -> u32 {
    match share {
        1 => 128 * KIB,
        2 => 192 * KIB,
        _ => 64 * KIB,
    }
}

/// Writes zeros over `size` bytes. Both are multiples of 16.
fn clear(start: u32, size: u32) {
    // Safety: the callers name RAM that nothing uses any more; the ROM's only memory, its stack, is not among it. In
    // assembly because one of the spans begins at address 0.
    unsafe {
        asm!(
            "mov r3, #0",
            "mov r4, #0",
            "mov r5, #0",
            "mov r8, #0",
            "b 3f",
            "2: stmia r0!, {{r3, r4, r5, r8}}",
            "3: cmp r0, r1",
            "blo 2b",
            "dsb",
            inout("r0") start => _,
            in("r1") start + size,
            out("r3") _,
            out("r4") _,
            out("r5") _,
            out("r8") _,
            options(nostack),
        );
    }
}

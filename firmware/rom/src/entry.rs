//! The ways in and out of the ROM, in assembly: reset, the RSSLIB slots, the hand-over to the next stage. Every way
//! out wipes the ROM's stack, its only memory, so that no key stays behind in RAM.

use core::arch::{asm, global_asm};

use chip::memory_map::Region;
use hardware::stage::Vectors;

use crate::hdpl::{self, Level};
use crate::redundant::halt;

/// First address of the ROM's stack: the upper half of the DTCM, which neither loader nor image needs at reset.
const STACK_START: u32 = 0x2000_8000;
/// End of the stack: the structure shared with the iLoader follows.
const STACK_END: u32 = chip::loader::SHARED_STRUCTURE;
/// The stack.
pub const STACK: Region = Region::new(STACK_START, STACK_END - STACK_START);

// Vector table and reset. Exceptions other than reset have no business here.
global_asm!(
    ".section .vectors, \"a\"",
    ".word {stack_end}",
    ".word rom_reset",
    ".rept 14",
    ".word rom_exception",
    ".endr",
    ".section .text.rom_reset, \"ax\"",
    ".global rom_reset",
    ".type rom_reset, %function",
    ".thumb_func",
    "rom_reset:",
    "cpsid i",
    "movw r0, #0xED88", // CPACR: the compiler may use FPU registers.
    "movt r0, #0xE000",
    "mov r1, #0xF00000",
    "str r1, [r0]",
    "dsb",
    "isb",
    "bl {rss}",
    "b rom_exception",
    "udf #0",
    ".type rom_exception, %function",
    ".thumb_func",
    "rom_exception:",
    "cpsid i",
    "2: wfi",
    "b 2b",
    "b 2b",
    "b 2b",
    "udf #0",
    stack_end = const STACK_END,
    rss = sym crate::rss::start,
);

// The bootloader that silicon has here is not part of the virtual board: it says that it was reached, and sleeps.
global_asm!(
    ".section .bootloader, \"ax\"",
    ".word {stack_end}",
    ".word rom_bootloader",
    ".type rom_bootloader, %function",
    ".thumb_func",
    "rom_bootloader:",
    "movw r0, #:lower16:{port}",
    "movt r0, #:upper16:{port}",
    "movw r1, #:lower16:{word}",
    "movt r1, #:upper16:{word}",
    "str r1, [r0]",
    "cpsid i",
    "2: wfi",
    "b 2b",
    "b 2b",
    "udf #0",
    stack_end = const STACK_END,
    port = const chip::trace::PORT,
    word = const TRACE_BOOTLOADER,
);

const TRACE_BOOTLOADER: u32 =
    chip::trace::TraceWord { stage: chip::trace::Stage::Rss, event: chip::trace::Event::StartsBootloader, detail: 0 }
        .encode();

// RSSLIB's table and the calls behind it. A debugger sets the program counter on a halted core: the stack pointer may
// be anything, so each call first moves to the ROM's own stack, masks interrupts and switches the FPU on; a call that
// comes back puts all three back. The two jumps are for running code and use its stack.
global_asm!(
    ".macro rsslib_call name, function",
    ".section .text.rsslib, \"ax\"",
    ".type \\name, %function",
    ".thumb_func",
    "\\name:",
    "movw r12, #:lower16:{frame}",
    "movt r12, #:upper16:{frame}",
    "str lr, [r12, #28]",
    "mov lr, sp",
    "str lr, [r12, #24]",
    "mrs lr, primask",
    "str lr, [r12, #20]",
    "cpsid i",
    "mov sp, r12",
    "movw r12, #0xED88",
    "movt r12, #0xE000",
    "ldr lr, [r12]",
    "str lr, [sp, #16]",
    "orr lr, lr, #0xF00000",
    "str lr, [r12]",
    "dsb",
    "isb",
    "bl \\function",
    "movw r12, #0xED88",
    "movt r12, #0xE000",
    "ldr lr, [sp, #16]",
    "str lr, [r12]",
    "ldr lr, [sp, #20]",
    "msr primask, lr",
    "ldr lr, [sp, #28]",
    "ldr r12, [sp, #24]",
    "mov sp, r12",
    "bx lr",
    ".endm",
    "rsslib_call rsslib_set_sec_ob, {set_sec_ob}",
    "rsslib_call rsslib_status, {status}",
    "rsslib_call rsslib_set_product_state, {set_product_state}",
    "rsslib_call rsslib_data_provisioning, {data_provisioning}",
    "rsslib_call rsslib_product_state, {product_state}",
    "rsslib_call rsslib_reserved, {reserved}",
    ".section .rsslib, \"a\"",
    ".word rsslib_set_sec_ob",
    ".rept 4",
    ".word rsslib_reserved",
    ".endr",
    ".word rsslib_status",
    ".word rsslib_set_product_state",
    ".word rsslib_data_provisioning",
    ".word {jump_level_2}",
    ".word {jump_level_3}",
    ".word rsslib_product_state",
    frame = const STACK_END - 32,
    set_sec_ob = sym crate::rss::rsslib::set_sec_ob,
    status = sym crate::rss::rsslib::status,
    set_product_state = sym crate::rss::rsslib::set_product_state,
    data_provisioning = sym crate::rss::rsslib::data_provisioning,
    product_state = sym crate::rss::rsslib::product_state,
    reserved = sym crate::rss::rsslib::reserved,
    jump_level_2 = sym crate::rss::rsslib::jump_level_2,
    jump_level_3 = sym crate::rss::rsslib::jump_level_3,
);

/// Wipes the ROM's stack and every register, raises the level to `level`, and enters the stage behind `vectors`.
///
/// In this order: from its level on a debugger may have been let in, who is not to see what the level below left.
/// Nothing starts at a level that it should not have: looked at twice, right before.
#[inline(always)]
pub fn hand_over(vectors: Vectors, level: Level) -> ! {
    let Some(steps) = level.number().checked_sub(hdpl::current().number()) else { halt() };
    // Safety: `Vectors` only exists for a table with a stack in RAM and code behind it. Nothing on the ROM's stack is
    // used once it is wiped, and the code never comes back.
    unsafe {
        asm!(
            "cpsid i",
            // VTOR.
            "movw r3, #0xED08",
            "movt r3, #0xE000",
            "str r0, [r3]",
            "movw r3, #:lower16:{start}",
            "movt r3, #:upper16:{start}",
            "movw r4, #:lower16:{end}",
            "movt r4, #:upper16:{end}",
            "mov r5, #0",
            "mov r6, #0",
            "mov r7, #0",
            "mov r8, #0",
            "2: stmia r3!, {{r5, r6, r7, r8}}",
            "cmp r3, r4",
            "blo 2b",
            "dsb",
            "vmov d0, r5, r6",
            "vmov d1, r5, r6",
            "vmov d2, r5, r6",
            "vmov d3, r5, r6",
            "vmov d4, r5, r6",
            "vmov d5, r5, r6",
            "vmov d6, r5, r6",
            "vmov d7, r5, r6",
            "vmov d8, r5, r6",
            "vmov d9, r5, r6",
            "vmov d10, r5, r6",
            "vmov d11, r5, r6",
            "vmov d12, r5, r6",
            "vmov d13, r5, r6",
            "vmov d14, r5, r6",
            "vmov d15, r5, r6",
            // CPACR back to its reset value.
            "movw r3, #0xED88",
            "movt r3, #0xE000",
            "str r5, [r3]",
            "mov r4, r5",
            "mov r11, r5",
            "mov r12, r5",
            "mvn lr, r5",
            "msr control, r5",
            "msr msp, r1",
            "dsb",
            "isb",
            "movw r3, #:lower16:{level_register}",
            "movt r3, #:upper16:{level_register}",
            "movs r5, #{level_step}",
            "3: cmp r9, #0",
            "beq 4f",
            "str r5, [r3]",
            "dsb",
            "isb",
            "subs r9, r9, #1",
            "b 3b",
            "4: ldr r5, [r3, #4]",
            "cmp r5, r10",
            "bne 5f",
            "ldr r6, [r3, #4]",
            "cmp r6, r10",
            "bne 5f",
            "mov r12, r2",
            "mov r0, r8",
            "mov r1, r8",
            "mov r2, r8",
            "mov r3, r8",
            "mov r5, r8",
            "mov r6, r8",
            "mov r9, r8",
            "mov r10, r8",
            "cpsie i",
            "bx r12",
            "udf #0",
            "5: wfi",
            "b 5b",
            "b 5b",
            "udf #1",
            start = const STACK_START,
            end = const STACK_END,
            in("r0") vectors.table,
            in("r1") vectors.stack,
            in("r2") vectors.entry,
            in("r9") u32::from(steps),
            in("r10") u32::from(level.code()),
            level_register = const chip::registers::SBS + chip::security::SBS_HDPLCR,
            level_step = const chip::security::HDPL_STEP,
            options(noreturn),
        )
    }
}

/// Wipes the ROM's stack and resets the chip: the way out of every RSSLIB call that changed something.
pub fn wipe_and_reset() -> ! {
    // Safety: nothing on the ROM's stack is used once it is wiped; SYSRESETREQ ends it all.
    unsafe {
        asm!(
            "cpsid i",
            "movw r3, #:lower16:{start}",
            "movt r3, #:upper16:{start}",
            "movw r4, #:lower16:{end}",
            "movt r4, #:upper16:{end}",
            "mov r5, #0",
            "mov r6, #0",
            "mov r7, #0",
            "mov r8, #0",
            "2: stmia r3!, {{r5, r6, r7, r8}}",
            "cmp r3, r4",
            "blo 2b",
            "dsb",
            // AIRCR: key and SYSRESETREQ.
            "movw r3, #0xED0C",
            "movt r3, #0xE000",
            "movw r4, #0x0004",
            "movt r4, #0x05FA",
            "str r4, [r3]",
            "dsb",
            "3: b 3b",
            "b 3b",
            "udf #0",
            start = const STACK_START,
            end = const STACK_END,
            options(noreturn),
        )
    }
}

/// Wipes the ROM's stack and sleeps for good: the way out of a STiRoT that starts nothing.
pub extern "C" fn wipe_and_sleep() -> ! {
    // Safety: nothing on the ROM's stack is used once it is wiped, and the code never comes back.
    unsafe {
        asm!(
            "cpsid i",
            "movw r3, #:lower16:{start}",
            "movt r3, #:upper16:{start}",
            "movw r4, #:lower16:{end}",
            "movt r4, #:upper16:{end}",
            "mov r5, #0",
            "mov r6, #0",
            "mov r7, #0",
            "mov r8, #0",
            "2: stmia r3!, {{r5, r6, r7, r8}}",
            "cmp r3, r4",
            "blo 2b",
            "dsb",
            "3: wfi",
            "b 3b",
            "b 3b",
            "b 3b",
            "udf #1",
            start = const STACK_START,
            end = const STACK_END,
            options(noreturn),
        )
    }
}

//! The ways in and out, in assembly: the vector table, the hand-over to the application, and sleep. Every way out wipes
//! the stack and the page for the DMA, the stage's only memory; the hand-over wipes its program, too.

use core::arch::{asm, global_asm};

use chip::memory_map::{DTCM, ITCM, Region};
use chip::second_stage::AREA;
use chip::security::HDPL_CODES;
use hardware::Register;
use hardware::stage::Vectors;

use crate::refusal::halt;

/// End of the stack, which takes all of the DTCM below: what STiRoT shares with its loader follows.
const STACK_END: u32 = chip::loader::SHARED_STRUCTURE;
/// The page for the DMA: behind the longest program, inside of the area that nobody else uses.
pub const DMA_PAGE: Region = Region::new(AREA.start + AREA.size - 0x2000, 0x1000);
/// Where the end of the hand-over runs, because it wipes and shuts the memory that this program lies in.
// assumption A85: the ITCM is switched on out of reset, and code runs there.
const LAST_STEPS: u32 = ITCM.start + 0x100;
/// Level 2, where this program runs, and level 3, where the application does.
const LEVELS: (u8, u8) = {
    let [_, _, second, third] = HDPL_CODES;
    (second, third)
};

// Vector table and reset. STiRoT starts the stage as a reset would; exceptions have no business here.
global_asm!(
    ".section .vectors, \"a\"",
    ".word {stack_end}",
    ".word oemurot_reset",
    ".rept 14",
    ".word oemurot_exception",
    ".endr",
    ".section .text.oemurot_reset, \"ax\"",
    ".global oemurot_reset",
    ".type oemurot_reset, %function",
    ".thumb_func",
    "oemurot_reset:",
    "cpsid i",
    "movw r0, #0xED88", // CPACR: the compiler may use FPU registers.
    "movt r0, #0xE000",
    "mov r1, #0xF00000",
    "str r1, [r0]",
    "dsb",
    "isb",
    "bl {boot}",
    "b oemurot_exception",
    "udf #0",
    ".type oemurot_exception, %function",
    ".thumb_func",
    "oemurot_exception:",
    "cpsid i",
    "bl {exception}",
    "2: wfi",
    "b 2b",
    "b 2b",
    "udf #0",
    stack_end = const STACK_END,
    boot = sym crate::boot::run,
    exception = sym crate::refusal::exception,
);

// The last steps before the application, copied to the ITCM and entered with r0 to r2 as the vector table, its stack
// and its entry. In this order: what lies in RAM is wiped before the level rises, because from its level on a debugger
// may have been let in.
global_asm!(
    ".macro wipe from, to",
    "movw r3, #:lower16:\\from",
    "movt r3, #:upper16:\\from",
    "movw r4, #:lower16:\\to",
    "movt r4, #:upper16:\\to",
    "2: stmia r3!, {{r5, r6, r7, r8}}",
    "cmp r3, r4",
    "blo 2b",
    ".endm",
    ".section .text.oemurot_last_steps, \"ax\"",
    ".balign 4",
    ".type oemurot_last_steps, %function",
    ".thumb_func",
    "oemurot_last_steps:",
    "mov r5, #0",
    "mov r6, #0",
    "mov r7, #0",
    "mov r8, #0",
    "wipe {stack}, {stack_end}",
    "wipe {area}, {area_end}",
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
    // VTOR.
    "movw r3, #0xED08",
    "movt r3, #0xE000",
    "str r0, [r3]",
    // MPU_RNR, RBAR, RASR: nobody reaches the stage's area any more.
    "movw r3, #0xED98",
    "movt r3, #0xE000",
    "movs r4, #{region}",
    "str r4, [r3]",
    "movw r4, #:lower16:{area}",
    "movt r4, #:upper16:{area}",
    "str r4, [r3, #4]",
    "movw r4, #:lower16:{no_access}",
    "movt r4, #:upper16:{no_access}",
    "str r4, [r3, #8]",
    "msr control, r5",
    "msr msp, r1",
    "dsb",
    "isb",
    "movw r3, #:lower16:{level_register}",
    "movt r3, #:upper16:{level_register}",
    "movs r4, #{level_step}",
    "str r4, [r3]",
    "dsb",
    "isb",
    "ldr r4, [r3, #4]",
    "cmp r4, #{level_3}",
    "bne 5f",
    "ldr r6, [r3, #4]",
    "cmp r6, #{level_3}",
    "bne 5f",
    "mov r12, r2",
    "mov r0, r8",
    "mov r1, r8",
    "mov r2, r8",
    "mov r3, r8",
    "mov r4, r8",
    "mov r6, r8",
    "mov r9, r8",
    "mov r10, r8",
    "mov r11, r8",
    "mvn lr, r8",
    "cpsie i",
    "bx r12",
    "udf #0",
    "5: wfi",
    "b 5b",
    "b 5b",
    "udf #1",
    ".balign 4",
    "oemurot_last_steps_end:",
    stack = const DTCM.start,
    stack_end = const STACK_END,
    area = const AREA.start,
    area_end = const AREA.start + AREA.size,
    region = const crate::protection::AREA_REGION,
    no_access = const hardware::mpu::no_access(AREA.size),
    level_register = const chip::registers::SBS + chip::security::SBS_HDPLCR,
    level_step = const chip::security::HDPL_STEP,
    level_3 = const LEVELS.1,
);

unsafe extern "C" {
    static oemurot_last_steps: u8;
    static oemurot_last_steps_end: u8;
}

/// Whether the core is at the level of this program.
pub fn is_at_level_2() -> bool {
    // Safety: SBS_HDPLSR, read only.
    let level = unsafe { Register::at(chip::registers::SBS + chip::security::SBS_HDPLSR) };
    level.read() & 0xFF == u32::from(LEVELS.0)
}

/// Wipes everything that this program used, itself included, raises the level to 3, and enters the application.
///
/// The last steps run from the ITCM; they are compared with what they were copied from, since nothing checks them there.
#[inline(always)]
pub fn hand_over(vectors: Vectors) -> ! {
    let (start, end) = (&raw const oemurot_last_steps, &raw const oemurot_last_steps_end);
    let from = start as usize as u32 & !1;
    let size = (end as usize as u32).wrapping_sub(from);
    // Safety: words of this program, and of the ITCM, which nothing of this program uses.
    let pair = |offset| unsafe { (Register::at(from + offset), Register::at(LAST_STEPS + offset)) };
    for offset in (0..size).step_by(4) {
        let (step, copy) = pair(offset);
        copy.write(step.read());
    }
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
    for offset in (0..size).step_by(4) {
        let (step, copy) = pair(offset);
        if step.read() != copy.read() {
            halt();
        }
    }
    // Safety: `Vectors` only exists for a table with a stack in RAM and code behind it; the steps come back to nobody.
    unsafe {
        asm!(
            "cpsid i",
            "bx r3",
            "udf #0",
            in("r0") vectors.table,
            in("r1") vectors.stack,
            in("r2") vectors.entry,
            in("r3") LAST_STEPS | 1,
            options(noreturn),
        )
    }
}

/// Wipes the stack and the page for the DMA, and sleeps for good: the way out of a stage that starts nothing. A reset
/// begins anew, and debug authentication with it.
pub extern "C" fn wipe_and_sleep() -> ! {
    // Safety: nothing on the stack is used once it is wiped, and the code never comes back.
    unsafe {
        asm!(
            "cpsid i",
            "mov r5, #0",
            "mov r6, #0",
            "mov r7, #0",
            "mov r8, #0",
            "movw r3, #:lower16:{stack}",
            "movt r3, #:upper16:{stack}",
            "movw r4, #:lower16:{stack_end}",
            "movt r4, #:upper16:{stack_end}",
            "2: stmia r3!, {{r5, r6, r7, r8}}",
            "cmp r3, r4",
            "blo 2b",
            "movw r3, #:lower16:{page}",
            "movt r3, #:upper16:{page}",
            "movw r4, #:lower16:{page_end}",
            "movt r4, #:upper16:{page_end}",
            "2: stmia r3!, {{r5, r6, r7, r8}}",
            "cmp r3, r4",
            "blo 2b",
            "dsb",
            "3: wfi",
            "b 3b",
            "b 3b",
            "b 3b",
            "udf #1",
            stack = const DTCM.start,
            stack_end = const STACK_END,
            page = const DMA_PAGE.start,
            page_end = const DMA_PAGE.start + DMA_PAGE.size,
            options(noreturn),
        )
    }
}

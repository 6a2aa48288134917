//! Exceptions, priorities, faults and sleep of the core, as machine code meets them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

use board::{CoreRegister, ResetCause, Stopped};

mod cpu_rig;
use cpu_rig::*;

const ISER: u32 = 0xE000_E100;
const ISPR: u32 = 0xE000_E200;
const IPR: u32 = 0xE000_E400;
const SPIN: u16 = 0xE7FE;
const RETURN: u16 = 0x4770;

#[test]
fn a_supervisor_call_returns_with_its_registers_restored() {
    // svc 0; movs r1,#7; b .
    let mut rig = Rig::new(&[0xDF00, 0x2107, SPIN]);
    // movs r0,#5; mov r4,lr; mrs r5,ipsr; mov r6,sp; bx lr
    rig.set_handler(11, &[0x2005, 0x4674, 0xF3EF, 0x8505, 0x466E, RETURN]);
    rig.set(0, 99);
    rig.run(10);
    assert_eq!((rig.get(0), rig.get(1)), (99, 7));
    assert_eq!((rig.get(4), rig.get(5)), (0xFFFF_FFF9, 11));
    assert_eq!(rig.get(6), STACK - 32);
    assert_eq!((rig.board.register(CoreRegister::Msp), rig.ipsr()), (STACK, 0));
    // The stacked return address is the instruction after the SVC.
    assert_eq!(rig.read(STACK - 8), PROGRAM + 2);
}

#[test]
fn the_frame_of_an_odd_stack_is_realigned_and_undone() {
    let mut rig = Rig::new(&[0xDF00, SPIN]);
    rig.set_handler(11, &[0x466E, RETURN]);
    rig.board.set_register(CoreRegister::Msp, STACK - 4);
    rig.run(6);
    assert_eq!(rig.get(6), STACK - 8 - 32);
    assert_eq!(rig.board.register(CoreRegister::Msp), STACK - 4);
}

/// Pends interrupt lines 0 and 1 with the given priorities from a program, and runs.
fn two_interrupts(first: u32, second: u32) -> Rig {
    // str r1,[r0]; b .
    let mut rig = Rig::new(&[0x6001, SPIN]);
    rig.write(ISER, 3);
    rig.write(IPR, first | second << 8);
    rig.set(0, ISPR);
    rig.set(1, 1);
    rig
}

#[test]
fn a_higher_priority_preempts_a_running_handler() {
    let mut rig = two_interrupts(0x40, 0x20);
    // movs r1,#2; str r1,[r0]; movs r3,#1; bx lr
    rig.set_handler(16, &[0x2102, 0x6001, 0x2301, RETURN]);
    // mov r6,sp; mov r4,lr; b .
    rig.set_handler(17, &[0x466E, 0x4674, SPIN]);
    rig.run(20);
    assert_eq!((rig.ipsr(), rig.get(3)), (17, 0));
    assert_eq!((rig.get(6), rig.get(4)), (STACK - 64, 0xFFFF_FFF1));
}

#[test]
fn an_equal_priority_waits_and_is_chained_without_a_new_frame() {
    let mut rig = two_interrupts(0x40, 0x40);
    rig.set_handler(16, &[0x2102, 0x6001, 0x2301, RETURN]);
    rig.set_handler(17, &[0x466E, 0x4674, SPIN]);
    rig.run(20);
    assert_eq!((rig.ipsr(), rig.get(3)), (17, 1));
    assert_eq!((rig.get(6), rig.get(4)), (STACK - 32, 0xFFFF_FFF9));
    // Only the second is active now.
    assert_eq!(rig.read(0xE000_E300), 2);
}

#[test]
fn grouping_decides_what_preempts() {
    let mut rig = two_interrupts(0x70, 0x40);
    // PRIGROUP 6: only bit 7 preempts, so 0x40 doesn't preempt 0x70.
    rig.write(AIRCR, 0x05FA_0600);
    rig.set_handler(16, &[0x2102, 0x6001, 0x2301, RETURN]);
    rig.run(20);
    assert_eq!((rig.ipsr(), rig.get(3)), (17, 1));
}

#[test]
fn basepri_masks_and_its_release_lets_the_interrupt_in() {
    // msr basepri,r2; str r1,[r0]; movs r3,#1; msr basepri,r4; b .
    let mut rig = Rig::new(&[0xF382, 0x8811, 0x6001, 0x2301, 0xF384, 0x8811, SPIN]);
    rig.write(ISER, 1);
    rig.write(IPR, 0x40);
    rig.set(0, ISPR);
    rig.set(1, 1);
    rig.set(2, 0x40);
    rig.run(3);
    assert_eq!((rig.ipsr(), rig.get(3)), (0, 1));
    rig.run(2);
    assert_eq!(rig.ipsr(), 16);
}

#[test]
fn wfi_under_primask_wakes_without_taking_the_interrupt() {
    // cpsid i; wfi; movs r3,#1; cpsie i; b .
    let mut rig = Rig::new(&[0xB672, 0xBF30, 0x2301, 0xB662, SPIN]);
    rig.write(ISER, 1);
    assert_eq!(rig.run(10), Stopped::Sleeping { until: None });
    rig.write(ISPR, 1);
    rig.run(1);
    assert_eq!((rig.ipsr(), rig.get(3)), (0, 1));
    rig.run(2);
    assert_eq!(rig.ipsr(), 16);
}

#[test]
fn systick_ends_a_sleep_at_its_time() {
    // wfi; movs r3,#1; b .
    let mut rig = Rig::new(&[0xBF30, 0x2301, SPIN]);
    rig.set_handler(15, &[0x2205, RETURN]);
    let start = rig.board.now();
    rig.write(0xE000_E014, 999);
    rig.write(0xE000_E018, 0);
    rig.write(0xE000_E010, 7);
    let Stopped::Sleeping { until: Some(until) } = rig.run(100_000) else { panic!("it must sleep") };
    assert_eq!(until - start, 1000);
    rig.board.skip_to(until);
    rig.run(4);
    assert_eq!((rig.get(3), rig.ipsr()), (1, 0));
}

#[test]
fn wfe_takes_a_registered_event_and_then_sleeps() {
    // sev; wfe; movs r3,#1; wfe; b .
    let mut rig = Rig::new(&[0xBF40, 0xBF20, 0x2301, 0xBF20, SPIN]);
    assert_eq!(rig.run(10), Stopped::Sleeping { until: None });
    assert_eq!(rig.get(3), 1);
}

#[test]
fn an_undefined_instruction_is_a_usage_fault_or_escalates() {
    let mut rig = Rig::new(&[0xDE00]);
    rig.run(3);
    assert_eq!(rig.ipsr(), 3);
    assert_eq!(rig.read(HFSR), 1 << 30);
    assert_eq!(rig.read(CFSR), 1 << 16);
    // The frame names the instruction itself.
    assert_eq!(rig.read(STACK - 8), PROGRAM);

    let mut rig = Rig::new(&[0xDE00]);
    rig.write(SHCSR, FAULTS_ON);
    rig.run(3);
    assert_eq!((rig.ipsr(), rig.read(HFSR)), (6, 0));
}

#[test]
fn a_bus_fault_tells_its_address() {
    // ldr r1,[r0]
    let mut rig = Rig::new(&[0x6801]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, 0x6000_0000);
    rig.run(3);
    assert_eq!(rig.ipsr(), 5);
    assert_eq!((rig.read(CFSR), rig.read(BFAR)), (0x8200, 0x6000_0000));
}

#[test]
fn a_load_that_fails_in_a_list_leaves_the_base_alone() {
    // ldmia r0!,{r1,r2}
    let mut rig = Rig::new(&[0xC806]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, 0x2407_1FFC);
    rig.run(3);
    assert_eq!((rig.ipsr(), rig.get(0)), (5, 0x2407_1FFC));
}

#[test]
fn a_store_to_system_flash_faults() {
    let mut rig = Rig::new(&[0x6001]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, 0x1FF0_0000);
    rig.run(3);
    assert_eq!(rig.ipsr(), 5);
}

#[test]
fn division_by_zero_traps_only_when_asked() {
    // udiv r0,r0,r1; movs r3,#1; b .
    let code = [0xFBB0, 0xF0F1, 0x2301, SPIN];
    let mut rig = Rig::new(&code);
    rig.set(0, 5);
    rig.run(3);
    assert_eq!((rig.get(0), rig.get(3)), (0, 1));
    let mut rig = Rig::new(&code);
    rig.write(CCR, 0x210);
    rig.write(SHCSR, FAULTS_ON);
    rig.run(3);
    assert_eq!((rig.ipsr(), rig.read(CFSR)), (6, 1 << 25));
}

#[test]
fn unaligned_words_work_until_trapped_and_never_in_pairs() {
    // ldr.w r1,[r0,#1]; b .
    let code = [0xF8D0, 0x1001, SPIN];
    let mut rig = Rig::new(&code);
    rig.board.memory.write(DATA, &[1, 2, 3, 4, 5]).unwrap();
    rig.set(0, DATA);
    rig.run(2);
    assert_eq!(rig.get(1), 0x0504_0302);

    let mut rig = Rig::new(&code);
    rig.write(CCR, 0x208);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, DATA);
    rig.run(2);
    assert_eq!((rig.ipsr(), rig.read(CFSR)), (6, 1 << 24));

    // ldrd r1,r2,[r0]
    let mut rig = Rig::new(&[0xE9D0, 0x1200]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, DATA + 2);
    rig.run(2);
    assert_eq!((rig.ipsr(), rig.read(CFSR)), (6, 1 << 24));
}

#[test]
fn a_branch_without_the_thumb_bit_faults_at_its_target() {
    // bx r0
    let mut rig = Rig::new(&[0x4700]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, PROGRAM + 0x100);
    rig.run(3);
    assert_eq!((rig.ipsr(), rig.read(CFSR)), (6, 1 << 17));
    assert_eq!(rig.read(STACK - 8), PROGRAM + 0x100);
    // Stacked without the Thumb bit.
    assert_eq!(rig.read(STACK - 4) >> 24 & 1, 0);
}

#[test]
fn code_in_peripheral_space_is_never_executed() {
    let mut rig = Rig::new(&[0x4700]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, 0x4000_0001);
    rig.run(3);
    assert_eq!((rig.ipsr(), rig.read(CFSR)), (4, 1));
}

#[test]
fn a_fault_in_the_hard_fault_handler_locks_up_until_reset() {
    let mut rig = Rig::new(&[0xDE00]);
    rig.set_handler(3, &[0xDE00]);
    assert_eq!(rig.run(100), Stopped::LockedUp);
    assert_eq!(rig.pc(), 0xFFFF_FFFE);
    assert_eq!(rig.run(100), Stopped::LockedUp);
    rig.board.reset(ResetCause::Pin);
    assert_eq!(rig.run(100), Stopped::Sleeping { until: None });
}

#[test]
fn an_nmi_gets_through_a_lockup_in_hard_fault() {
    let mut rig = Rig::new(&[0xDE00]);
    rig.set_handler(3, &[0xDE00]);
    assert_eq!(rig.run(100), Stopped::LockedUp);
    rig.write(ICSR, 1 << 31);
    rig.run(3);
    assert_eq!(rig.ipsr(), 2);
}

#[test]
fn erased_vectors_lock_the_core_up() {
    let mut rig = Rig::new(&[0xDE00]);
    for vector in 0..16 {
        rig.write(VECTORS + vector * 4, 0xFFFF_FFFF);
    }
    assert_eq!(rig.run(1000), Stopped::LockedUp);
}

#[test]
fn a_fault_under_faultmask_locks_up() {
    // cpsid f; udf
    let mut rig = Rig::new(&[0xB671, 0xDE00]);
    assert_eq!(rig.run(10), Stopped::LockedUp);
}

#[test]
fn a_wrong_exception_return_is_a_usage_fault_without_a_second_frame() {
    let mut rig = Rig::new(&[0xDF00]);
    rig.write(SHCSR, FAULTS_ON);
    // bx r0, with a reserved EXC_RETURN; the fault's handler looks at its stack.
    rig.set_handler(11, &[0x4700]);
    rig.set_handler(6, &[0x466E, SPIN]);
    rig.set(0, 0xFFFF_FFF3);
    rig.run(6);
    assert_eq!((rig.ipsr(), rig.read(CFSR)), (6, 1 << 18));
    assert_eq!(rig.get(6), STACK - 32);
}

#[test]
fn a_stack_that_is_no_memory_gives_a_stacking_fault() {
    let mut rig = Rig::new(&[0xDF00]);
    rig.write(SHCSR, FAULTS_ON);
    // The bus fault outranks the call, and its handler runs although nothing could be stacked.
    rig.write(0xE000_ED1C, 0x8000_0000);
    rig.board.set_register(CoreRegister::Msp, 0x6000_0100);
    rig.run(2);
    assert_eq!((rig.ipsr(), rig.read(CFSR) & 0x1000), (5, 0x1000));
}

#[test]
fn thread_mode_can_be_unprivileged_on_its_own_stack() {
    // msr psp,r0; msr control,r1; isb; svc 0; str r1,[r2]
    let mut rig = Rig::new(&[0xF380, 0x8809, 0xF381, 0x8814, 0xF3BF, 0x8F6F, 0xDF00, 0x6011]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set_handler(11, &[0x4674, RETURN]);
    rig.set(0, DATA);
    rig.set(1, 3);
    rig.set(2, VTOR);
    rig.run(10);
    assert_eq!(rig.get(4), 0xFFFF_FFFD);
    assert_eq!(rig.board.register(CoreRegister::Psp), DATA - 32);
    // The private bus is closed to it.
    assert_eq!((rig.ipsr(), rig.read(BFAR), rig.read(VTOR)), (5, VTOR, VECTORS));
}

#[test]
fn floating_point_registers_need_cpacr_and_go_into_the_frame() {
    // vmov s0,r0; svc 0; b .
    let code = [0xEE00, 0x0A10, 0xDF00, SPIN];
    let mut rig = Rig::new(&code);
    rig.write(SHCSR, FAULTS_ON);
    rig.run(2);
    assert_eq!((rig.ipsr(), rig.read(CFSR)), (6, 1 << 19));

    let mut rig = Rig::new(&code);
    rig.write(CPACR, 0xF0_0000);
    // mov r4,lr; mov r6,sp; vmov s0,r1; bx lr
    rig.set_handler(11, &[0x4674, 0x466E, 0xEE00, 0x1A10, RETURN]);
    rig.set(0, 0x3F80_0000);
    rig.set(1, 0x1234);
    rig.run(10);
    assert_eq!((rig.get(4), rig.get(6)), (0xFFFF_FFE9, STACK - 0x68));
    assert_eq!(rig.board.register(CoreRegister::S(0)), 0x3F80_0000);
    assert_eq!(rig.board.register(CoreRegister::Msp), STACK);
}

#[test]
fn a_fault_inside_an_it_block_resumes_inside_it() {
    // it eq; svceq is not allowed to be lost: ite eq; ldreq r1,[r0]; movne r2,#1; movs r3,#1; b .
    let mut rig = Rig::new(&[0xBF0C, 0x6801, 0x2201, 0x2301, SPIN]);
    rig.write(SHCSR, FAULTS_ON);
    // The handler repairs r0 in the frame: str r7,[sp]; bx lr
    rig.set_handler(5, &[0x9700, RETURN]);
    rig.set(0, 0x6000_0000);
    rig.set(7, DATA);
    rig.set(2, 0);
    rig.write(DATA, 77);
    rig.board.set_register(CoreRegister::Xpsr, 0x4100_0000);
    rig.run(10);
    assert_eq!((rig.get(1), rig.get(2), rig.get(3)), (77, 0, 1));
}

#[test]
fn a_software_reset_starts_the_rom_again() {
    let mut rig = Rig::new(&[0x6001, SPIN]);
    rig.set(0, AIRCR);
    rig.set(1, 0x05FA_0004);
    assert_eq!(rig.run(100), Stopped::Sleeping { until: None });
    assert!(rig.pc() > 0x1FF0_0000);
    // Debug is shut again until the ROM opens it.
    assert!(rig.board.debug_read(VTOR, board::Width::Word).is_err());
}

#[test]
fn code_that_rewrites_itself_executes_what_it_wrote() {
    // strh r1,[r0]; nop; b PROGRAM+4 replaced: the nop becomes movs r3,#1
    let mut rig = Rig::new(&[0xBF00, 0xBF00, 0x8001, 0xE7FB]);
    rig.set(0, PROGRAM + 2);
    rig.set(1, 0x2301);
    rig.run(20);
    assert_eq!(rig.get(3), 1);
}

#[test]
fn an_instruction_may_straddle_two_pages() {
    let mut rig = Rig::new(&[]);
    // add.w r0,r0,#1 across the border; b .
    rig.program(PROGRAM + 0xFFE, &[0xF100, 0x0001, SPIN]);
    rig.board.set_register(CoreRegister::Pc, PROGRAM + 0xFFE);
    rig.set(0, 41);
    rig.run(2);
    assert_eq!(rig.get(0), 42);
    // A change of its second half is seen.
    rig.program(PROGRAM + 0x1000, &[0x0002]);
    rig.board.set_register(CoreRegister::Pc, PROGRAM + 0xFFE);
    rig.run(2);
    assert_eq!(rig.get(0), 44);
}

#[test]
fn a_skipped_instruction_is_left_out_and_the_next_one_runs() {
    // movs r3,#1 is skipped; add.w r3,r3,#2 too; adds r2,#1; b .
    let mut rig = Rig::new(&[0x2301, 0xF103, 0x0302, 0x3201, SPIN]);
    rig.set(2, 0);
    rig.set(3, 0);
    rig.board.skip_instruction();
    rig.board.skip_instruction();
    rig.run(5);
    assert_eq!((rig.get(2), rig.get(3)), (1, 0));
}

//! Code and data in the windows of external memory: what the core fetches and loads there is what the bus would read at
//! that moment, through interface, cipher engine and MPU, however fast it comes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub)]

mod cpu_rig;

use board::{Board, CoreRegister, NorClip, ResetCause, Stopped, Width};
use chip::registers::{GPIOM, HPDMA1, MCE1, PWR, RCC, XSPI1, XSPI2, XSPIM};
use cpu_rig::{CFSR, DATA, FAULTS_ON, PROGRAM, Rig, SHCSR};

const WINDOW: u32 = 0x9000_0000;
const GPION: u32 = GPIOM + 0x400;
const INSTRUCTION_BUS: u32 = 1 << 8;
const INSTRUCTION_MPU: u32 = 1;
const UNDEFINED: u32 = 1 << 16;
const BUS_FAULT: u32 = 5;
const MPU_TYPE: u32 = 0xE000_ED90;
/// One-line instruction, 32-bit address, data.
const READ_ARRAY: u32 = 1 | 1 << 8 | 3 << 12 | 1 << 24;
const MAPPED: u32 = 3 << 28 | 1;

/// adds r0, r0, #1; subs r1, r1, #1; bne .-4; bkpt
const COUNTDOWN: [u16; 4] = [0x3001, 0x3901, 0xD1FC, 0xBE00];

fn set(board: &mut Board, address: u32, value: u32) {
    let now = board.now();
    let Board { peripherals, memory, .. } = board;
    peripherals.write(address, Width::Word, value, memory, now).unwrap();
}

fn bytes(code: &[u16]) -> Vec<u8> {
    code.iter().flat_map(|half| half.to_le_bytes()).collect()
}

/// XSPI1 on the NOR, its window open for reading and programming.
fn map(board: &mut Board) {
    for (address, value) in [
        (RCC + 0x134, 1 | 1 << 5 | 1 << 12 | 1 << 14),
        (RCC + 0x140, 1 << 13),
        (PWR + 0x0C, 1 << 15),
        (GPION + 0x20, 0x9999_9999),
        (GPION + 0x24, 0x9999_9999),
        (GPION, 0xAAAA_AAAA),
        (XSPIM, 2),
        (XSPI1 + 0x08, 1 << 24 | 26 << 16),
        (XSPI1 + 0x100, READ_ARRAY),
        (XSPI1 + 0x110, 0x13),
        (XSPI1 + 0x180, READ_ARRAY),
        (XSPI1 + 0x190, 0x12),
        (XSPI1, MAPPED),
    ] {
        set(board, address, value);
    }
}

/// A core about to run `code` from an offset in the window; faults have handlers.
fn in_place(offset: u32, code: &[u16]) -> Rig {
    let mut rig = Rig::new(&[]);
    rig.write(SHCSR, FAULTS_ON);
    NorClip::new(&mut rig.board).write(offset, &bytes(code));
    map(&mut rig.board);
    start(&mut rig, WINDOW + offset);
    rig
}

fn start(rig: &mut Rig, address: u32) {
    rig.board.set_register(CoreRegister::Pc, address);
}

fn words(rig: &Rig, what: &str) -> bool {
    rig.board
        .peripherals
        .trace
        .since(0)
        .any(|entry| matches!(entry.kind, board::TraceKind::Refused { what: told, .. } if told.contains(what)))
}

/// Gives the cipher engine a key and a region over the window's first 64 KiB.
fn cipher(board: &mut Board, key: u32, writes: bool) {
    set(board, MCE1 + 0x200, 0);
    for index in 0..4 {
        set(board, MCE1 + 0x200 + 4 * index, key + index);
    }
    set(board, MCE1 + 0x40, 2 << 14);
    set(board, MCE1 + 0x44, WINDOW);
    set(board, MCE1 + 0x48, WINDOW + 0xFFFF);
    set(board, MCE1 + 0x4C, u32::from(writes) << 16);
    set(board, MCE1 + 0x40, 2 << 14 | 1);
}

/// Programs 256 bytes from RAM through the cipher engine.
fn program_ciphered(board: &mut Board, offset: u32, page: &[u8; 256]) {
    board.memory.write(DATA, page).unwrap();
    let channel = HPDMA1 + 12 * 0x80;
    set(board, XSPI1, MAPPED | 2);
    set(board, XSPI1, 1);
    set(board, XSPI1 + 0x100, 1);
    set(board, XSPI1 + 0x110, 0x06);
    set(board, XSPI1 + 0x100, READ_ARRAY);
    set(board, XSPI1 + 0x110, 0x13);
    set(board, XSPI1, MAPPED);
    for (register, value) in [
        (0x90, 2 | 1 << 3 | 2 << 16 | 1 << 19 | 15 << 4 | 15 << 20),
        (0x94, 1 << 9),
        (0x98, 256),
        (0x9C, DATA),
        (0xA0, WINDOW + offset),
        (0xCC, 0),
        (0x64, 1),
    ] {
        set(board, channel + register, value);
    }
    set(board, XSPI1, MAPPED | 2);
    set(board, XSPI1, MAPPED);
    while let Some(due) = board.peripherals.deadline() {
        board.skip_to(due);
        let Board { peripherals, memory, .. } = board;
        peripherals.advance(memory, due);
    }
}

#[test]
fn code_runs_from_the_window_as_it_runs_from_ram() {
    let mut rig = in_place(0x400, &COUNTDOWN);
    rig.attach();
    rig.set(0, 0);
    rig.set(1, 100_000);
    let before = rig.board.now();
    assert_eq!(rig.run(1_000_000), Stopped::Halted);
    let (count, took) = (rig.get(0), rig.board.now() - before);

    let mut ram = Rig::new(&COUNTDOWN);
    ram.attach();
    ram.set(0, 0);
    ram.set(1, 100_000);
    let before = ram.board.now();
    assert_eq!(ram.run(1_000_000), Stopped::Halted);
    assert_eq!((count, took), (ram.get(0), ram.board.now() - before));
    assert_eq!(rig.pc() - (WINDOW + 0x400), ram.pc() - PROGRAM);
}

#[test]
fn an_instruction_may_lie_across_two_pages_of_the_window() {
    // movw r0, #0x1234 with its second half in the next page; bkpt
    let mut rig = in_place(0xFFE, &[0xF241, 0x2034, 0xBE00]);
    rig.attach();
    assert_eq!(rig.run(10), Stopped::Halted);
    assert_eq!((rig.get(0), rig.pc()), (0x1234, WINDOW + 0x1002));
}

#[test]
fn a_window_that_is_not_mapped_is_an_instruction_bus_fault() {
    let mut rig = in_place(0, &COUNTDOWN);
    set(&mut rig.board, XSPI1, 1);
    rig.run(2);
    assert_eq!((rig.ipsr(), rig.read(CFSR)), (BUS_FAULT, INSTRUCTION_BUS));
    assert!(words(&rig, "not memory-mapped"));
}

#[test]
fn code_that_closes_its_own_window_faults_on_the_next_fetch() {
    // str r1, [r0]; adds r2, #1
    let mut rig = in_place(0, &[0x6001, 0x3201]);
    rig.set(0, XSPI1);
    rig.set(1, 1);
    rig.set(2, 0);
    rig.run(2);
    assert_eq!((rig.ipsr(), rig.read(CFSR), rig.get(2)), (BUS_FAULT, INSTRUCTION_BUS, 0));
}

#[test]
fn code_that_programs_the_nor_it_runs_from_fetches_noise_until_the_nor_is_done() {
    // str r1, [r0]; adds r2, #1: the store is a page program, which begins when the fetch ends the burst.
    let mut rig = in_place(0, &[0x6001, 0x3201]);
    let unlock = [(XSPI1, 1), (XSPI1 + 0x100, 1), (XSPI1 + 0x110, 0x06)];
    let map_again = [(XSPI1 + 0x100, READ_ARRAY), (XSPI1 + 0x110, 0x13), (XSPI1, MAPPED)];
    for (address, value) in unlock.into_iter().chain(map_again) {
        set(&mut rig.board, address, value);
    }
    rig.set(0, WINDOW + 0x2000);
    rig.set(1, 0x1122_3344);
    rig.set(2, 0);
    rig.run(2);
    assert_eq!((rig.read(CFSR), rig.get(2)), (UNDEFINED, 0));
    assert!(words(&rig, "busy"));
    rig.run(100_000);
    assert_eq!(NorClip::new(&mut rig.board).read(0x2000, 4), [0x44, 0x33, 0x22, 0x11]);
    start(&mut rig, WINDOW + 2);
    rig.run(1);
    assert_eq!(rig.get(2), 1, "the array is there again");
}

#[test]
fn cells_that_change_under_running_code_are_what_is_fetched_next() {
    // adds r0, #1; b .-2
    let mut rig = in_place(0, &[0x3001, 0xE7FD]);
    rig.set(0, 0);
    rig.run(1001);
    assert_eq!(rig.get(0), 501);
    // adds r0, #16
    NorClip::new(&mut rig.board).write(0, &bytes(&[0x3010]));
    rig.run(2);
    assert_eq!(rig.get(0), 517);
    rig.board.peripherals.set_nor_cells(0, &bytes(&[0x3080]));
    rig.run(2);
    assert_eq!(rig.get(0), 645);
}

#[test]
fn ciphered_code_runs_with_its_key_and_with_no_other() {
    let mut rig = in_place(0, &[]);
    let mut page = [0xFF; 256];
    page[..8].copy_from_slice(&bytes(&COUNTDOWN));
    cipher(&mut rig.board, 0x11, true);
    program_ciphered(&mut rig.board, 0x100, &page);
    assert_ne!(NorClip::new(&mut rig.board).read(0x100, 8), page[..8]);
    rig.set(0, 0);
    rig.set(1, 500);
    start(&mut rig, WINDOW + 0x100);
    rig.run(1500);
    assert_eq!(rig.get(0), 500);

    // The same code with another key, mid-loop.
    rig.set(1, 500);
    start(&mut rig, WINDOW + 0x100);
    rig.run(30);
    cipher(&mut rig.board, 0x12, true);
    let reached = rig.get(0);
    rig.run(1000);
    assert!(rig.get(0).abs_diff(reached) < 100 || rig.ipsr() != 0, "it no longer counts");
    // The region off: ciphertext.
    cipher(&mut rig.board, 0x11, true);
    start(&mut rig, WINDOW + 0x100);
    rig.set(1, 500);
    rig.run(30);
    set(&mut rig.board, MCE1 + 0x40, 2 << 14);
    let (mut cells, address) = ([0; 4], WINDOW + 0x100);
    rig.board.peripherals.nor_cells(0x100, &mut cells);
    assert_eq!(rig.read(address), u32::from_le_bytes(cells));
}

#[test]
fn a_region_without_a_key_is_zeros_to_the_core_too() {
    let mut rig = in_place(0, &COUNTDOWN);
    set(&mut rig.board, MCE1 + 0x44, WINDOW);
    set(&mut rig.board, MCE1 + 0x48, WINDOW);
    set(&mut rig.board, MCE1 + 0x40, 2 << 14 | 1);
    // movs r0, r0 as far as the page goes.
    rig.set(0, 0);
    rig.run(100);
    assert_eq!((rig.pc(), rig.get(0)), (WINDOW + 200, 0));
}

#[test]
fn the_mpu_decides_what_of_the_window_is_code() {
    // 64 KiB read-only and executable, 32 bytes of them never executable.
    let mut rig = in_place(0, &[0x3001; 16]);
    let region = |rig: &mut Rig, number: u32, address: u32, attributes: u32| {
        rig.write(MPU_TYPE + 0x0C, address | 0x10 | number);
        rig.write(MPU_TYPE + 0x10, attributes);
    };
    region(&mut rig, 0, WINDOW, 6 << 24 | 15 << 1 | 1);
    region(&mut rig, 1, WINDOW + 0x20, 1 << 28 | 6 << 24 | 4 << 1 | 1);
    NorClip::new(&mut rig.board).write(0x20, &bytes(&[0x3001; 16]));
    rig.write(MPU_TYPE + 4, 1 | 4);
    rig.set(0, 0);
    rig.run(16);
    assert_eq!((rig.ipsr(), rig.get(0), rig.pc()), (0, 16, WINDOW + 0x20));
    rig.run(1);
    assert_eq!((rig.ipsr(), rig.read(CFSR)), (4, INSTRUCTION_MPU));
}

#[test]
fn a_reset_closes_the_window_under_the_code() {
    let mut rig = in_place(0, &[0x3001, 0xE7FD]);
    rig.run(100);
    rig.board.reset(ResetCause::Pin);
    rig.open_debug();
    rig.write(0xE000_ED08, cpu_rig::VECTORS);
    rig.write(SHCSR, FAULTS_ON);
    start(&mut rig, WINDOW);
    rig.run(2);
    assert_eq!((rig.ipsr(), rig.read(CFSR)), (BUS_FAULT, INSTRUCTION_BUS));
}

#[test]
fn a_breakpoint_in_the_window_halts_and_is_gone_when_it_is_taken_away() {
    let mut rig = in_place(0, &[0x3001, 0x3001, 0xE7FC]);
    rig.set(0, 0);
    rig.run(100);
    rig.attach();
    rig.write(0xE000_2000, 3);
    rig.write(0xE000_2008, (WINDOW + 2) | 1);
    assert_eq!(rig.run(10), Stopped::Halted);
    assert_eq!(rig.pc(), WINDOW + 2);
    rig.write(0xE000_2008, 0);
    rig.write(cpu_rig::DHCSR, cpu_rig::KEY | 1);
    assert_eq!(rig.run(300), Stopped::Budget);
}

#[test]
fn loads_of_any_size_see_the_window_and_its_changes() {
    // ldr r1, [r0]; ldrh r2, [r0, #2]; ldrb r3, [r0, #3]; ldr r4, [r0, #1]; ldmia r5, {r6, r7}; bkpt
    let code = [0x6801, 0x8842, 0x78C3, 0xF8D0, 0x4001, 0xCDC0, 0xBE00];
    let mut rig = Rig::new(&code);
    NorClip::new(&mut rig.board).write(0x0FF8, &(0..16).collect::<Vec<u8>>());
    map(&mut rig.board);
    rig.attach();
    rig.set(0, WINDOW + 0xFF8);
    rig.set(5, WINDOW + 0xFFC);
    assert_eq!(rig.run(20), Stopped::Halted);
    let seen: Vec<u32> = [1, 2, 3, 4, 6, 7].into_iter().map(|register| rig.get(register)).collect();
    assert_eq!(seen, [0x0302_0100, 0x0302, 3, 0x0403_0201, 0x0706_0504, 0x0B0A_0908]);
    NorClip::new(&mut rig.board).write(0x0FF8, &[0xEE]);
    start(&mut rig, PROGRAM);
    rig.set(5, WINDOW + 0xFFC);
    rig.write(cpu_rig::DHCSR, cpu_rig::KEY | 1);
    rig.run(20);
    assert_eq!(rig.get(1), 0x0302_01EE);
}

#[test]
fn a_whole_image_is_read_through_the_window_word_by_word() {
    // ldr r2, [r0], #4; add r3, r3, r2 rotated; subs r1, #1; bne; bkpt
    let code = [0xF850, 0x2B04, 0xEB02, 0x03F3, 0x3901, 0xD1F9, 0xBE00];
    let mut rig = Rig::new(&code);
    let image: Vec<u8> = (0u32..2 << 20).map(|index| (index.wrapping_mul(0x9E37_79B1) >> 24) as u8).collect();
    NorClip::new(&mut rig.board).write(0, &image);
    map(&mut rig.board);
    cipher(&mut rig.board, 0x77, false);
    set(&mut rig.board, MCE1 + 0x40, 0);
    rig.attach();
    rig.set(0, WINDOW);
    rig.set(1, (image.len() / 4) as u32);
    rig.set(3, 0);
    let before = rig.board.now();
    assert_eq!(rig.run(10_000_000), Stopped::Halted);
    let sum = image
        .chunks_exact(4)
        .fold(0u32, |sum, word| u32::from_le_bytes(word.try_into().unwrap()).wrapping_add(sum.rotate_right(3)));
    assert_eq!(rig.get(3), sum);
    assert_eq!(rig.board.now() - before, 4 * image.len() as u64 / 4);
}

#[test]
fn a_fork_in_the_middle_of_code_in_the_window_goes_on_alike() {
    // A loop that counts, stores to RAM, reads the window and polls a register of the interface.
    // adds r0, #1; str r0, [r4]; ldr r2, [r5]; ldr r3, [r6]; add r0, r2; b .-10
    let code = [0x3001, 0x6020, 0x682A, 0x6833, 0x4410, 0xE7F9];
    let mut rig = in_place(0x800, &code);
    rig.set(0, 0);
    rig.set(4, DATA);
    rig.set(5, WINDOW + 0x801_000);
    rig.set(6, XSPI1 + 0x20);
    for _ in 0..20 {
        let mut fork = rig.board.fork();
        fork.run(1237);
        rig.run(1237);
        for register in (0..8).map(CoreRegister::R).chain([CoreRegister::Pc, CoreRegister::Xpsr]) {
            assert_eq!(fork.register(register), rig.board.register(register));
        }
        assert_eq!(fork.now(), rig.board.now());
    }
}

const PSRAM: u32 = 0x7000_0000;
const GPIOO: u32 = GPIOM + 0x800;
/// Instruction and address on eight lines, data on sixteen, on both edges, by the strobe.
const PSRAM_ARRAY: u32 = 4 | 4 << 8 | 1 << 11 | 3 << 12 | 5 << 24 | 1 << 27 | 1 << 29;

/// XSPI2 on the PSRAM, with sixteen lines, beside the NOR on XSPI1.
fn map_psram(board: &mut Board) {
    map(board);
    for (address, value) in [
        (RCC + 0x140, 7 << 13),
        (PWR + 0x0C, 3 << 14),
        (GPIOO + 0x20, 0x9999_9999),
        (GPIOO, 0xAAAA_AAAA),
        (GPIOO + 0x420, 0x9999_9999),
        (GPIOO + 0x424, 0x9999_9999),
        (GPIOO + 0x400, 0xAAAA_AAAA),
        (XSPI2 + 0x08, 6 << 24 | 24 << 16),
        (XSPI2, 1),
        (XSPI2 + 0x40, 1),
        (XSPI2 + 0x100, PSRAM_ARRAY & !(1 << 29) & !(7 << 24) | 4 << 24),
        (XSPI2 + 0x110, 0xC0),
        (XSPI2 + 0x48, 8),
        (XSPI2 + 0x50, 0x40),
        (XSPI2 + 0x100, PSRAM_ARRAY),
        (XSPI2 + 0x108, 4),
        (XSPI2 + 0x110, 0x20),
        (XSPI2 + 0x180, PSRAM_ARRAY),
        (XSPI2 + 0x188, 4),
        (XSPI2 + 0x190, 0xA0),
        (XSPI2, MAPPED),
    ] {
        set(board, address, value);
    }
}

fn in_psram(offset: u32, code: &[u16]) -> Rig {
    let mut rig = Rig::new(&[]);
    rig.write(SHCSR, FAULTS_ON);
    map_psram(&mut rig.board);
    rig.board.peripherals.set_psram_cells(offset, &bytes(code));
    start(&mut rig, PSRAM + offset);
    rig
}

#[test]
fn code_runs_from_the_psram() {
    let mut rig = in_psram(0x400, &COUNTDOWN);
    rig.attach();
    rig.set(0, 0);
    rig.set(1, 10_000);
    assert_eq!(rig.run(100_000), Stopped::Halted);
    assert_eq!((rig.get(0), rig.pc()), (10_000, PSRAM + 0x406));
}

#[test]
fn code_in_the_psram_that_overwrites_itself_runs_what_it_wrote() {
    // loop: adds r0, #1; strh r2, [r3]; target: adds r0, #1 (becomes adds r0, #16); bkpt
    let mut rig = in_psram(0, &[0x3001, 0x801A, 0x3001, 0xBE00]);
    rig.attach();
    rig.set(0, 0);
    rig.set(2, 0x3010);
    rig.set(3, PSRAM + 4);
    rig.run(10);
    assert_eq!(rig.get(0), 17);
}

#[test]
fn an_instruction_that_ran_before_it_was_overwritten_runs_as_it_is_now() {
    // loop: adds r0, #1 (becomes adds r0, #16); subs r1, #1; bne loop; strh r2, [r3]; movs r1, #3; b loop
    let mut rig = in_psram(0, &[0x3001, 0x3901, 0xD1FC, 0x801A, 0x2103, 0xE7F9]);
    rig.set(0, 0);
    rig.set(1, 3);
    rig.set(2, 0x3010);
    rig.set(3, PSRAM);
    rig.run(12 + 9);
    assert_eq!(rig.get(0), 3 + 3 * 16);
}

#[test]
fn a_window_that_reads_in_wrapped_bursts_gives_every_word_its_own() {
    // ldr r2, [r0], #4; adds r1, #1; str r2, [r3], #4; cmp r1, #32; bne; bkpt
    let mut rig = Rig::new(&[0xF850, 0x2B04, 0x3101, 0xF843, 0x2B04, 0x2920, 0xD1F8, 0xBE00]);
    map_psram(&mut rig.board);
    set(&mut rig.board, XSPI2 + 0x110, 0x00);
    let data: Vec<u8> = (0..128).collect();
    rig.board.peripherals.set_psram_cells(0, &data);
    rig.attach();
    rig.set(0, PSRAM);
    rig.set(1, 0);
    rig.set(3, DATA);
    assert_eq!(rig.run(1000), Stopped::Halted);
    let mut seen = vec![0; 128];
    rig.board.memory.read(DATA, &mut seen).unwrap();
    assert_eq!(seen, data);
}

#[test]
fn stores_to_the_psram_are_seen_by_the_loads_behind_them() {
    // loop: str r0, [r1]; ldr r2, [r1]; add r3, r2; strb r0, [r1, #1]; ldrh r2, [r1]; add r3, r2;
    // adds r1, #4; adds r0, #1; cmp r0, #200; bne loop; bkpt
    let code = [0x6008, 0x680A, 0x4413, 0x7048, 0x880A, 0x4413, 0x3104, 0x3001, 0x28C8, 0xD1F5, 0xBE00];
    let mut rig = in_psram(0, &code);
    rig.attach();
    rig.set(0, 0);
    // The code's own page, and the next.
    rig.set(1, PSRAM + 0xE00);
    rig.set(3, 0);
    assert_eq!(rig.run(10_000), Stopped::Halted);
    assert_eq!(rig.get(3), (0..200).map(|index| index + (index | index << 8)).sum::<u32>());
    let mut cells = [0; 2];
    rig.board.peripherals.psram_cells(0xE00 + 4 * 150, &mut cells);
    assert_eq!(cells, [150, 150]);
}

#[test]
fn what_dma_brings_into_the_psram_is_what_runs_there() {
    // The core runs in the PSRAM; DMA, set up by itself, replaces the instruction behind.
    // str r1, [r0]; adds r2, #1; bkpt
    let mut rig = in_psram(0, &[0x6001, 0x3201, 0xBE00]);
    rig.attach();
    rig.board.memory.write(DATA, &bytes(&[0x6001, 0x3240, 0xBE00, 0xBE00])).unwrap();
    let channel = HPDMA1 + 12 * 0x80;
    for (register, value) in
        [(0x90, 2 | 1 << 3 | 2 << 16 | 1 << 19), (0x94, 1 << 9), (0x98, 8), (0x9C, DATA), (0xA0, PSRAM), (0xCC, 0)]
    {
        set(&mut rig.board, channel + register, value);
    }
    rig.set(0, channel + 0x64);
    rig.set(1, 1);
    rig.set(2, 0);
    assert_eq!(rig.run(10), Stopped::Halted);
    assert_eq!(rig.get(2), 0x40);
}

#[test]
fn commands_to_the_nor_leave_code_in_the_psram_running() {
    // The status of the NOR, read by commands, from code in the PSRAM, as a program that updates itself does.
    // loop: str r4, [r1]; str r5, [r2]; ldrb r6, [r3]; adds r0, #1; cmp r0, #100; bne loop; bkpt
    let mut rig = in_psram(0, &[0x600C, 0x6015, 0x781E, 0x3001, 0x2864, 0xD1F9, 0xBE00]);
    rig.attach();
    set(&mut rig.board, XSPI1, 1);
    set(&mut rig.board, XSPI1 + 0x40, 0);
    set(&mut rig.board, XSPI1 + 0x100, 1 | 1 << 24);
    for (register, value) in
        [(0, 0), (1, XSPI1), (2, XSPI1 + 0x110), (3, XSPI1 + 0x50), (4, 1 << 28 | 1), (5, 5), (6, 9)]
    {
        rig.set(register, value);
    }
    assert_eq!(rig.run(10_000), Stopped::Halted);
    assert_eq!((rig.get(0), rig.get(6)), (100, 0));
}

#[test]
fn a_fork_and_its_origin_write_their_own_psram() {
    let mut rig = in_psram(0, &[0x6008, 0x3001, 0xE7FC]);
    rig.set(0, 0);
    rig.set(1, PSRAM + 0x100);
    rig.run(3001);
    let mut fork = rig.board.fork();
    fork.run(3000);
    let read = |board: &Board| {
        let mut cells = [0; 4];
        board.peripherals.psram_cells(0x100, &mut cells);
        u32::from_le_bytes(cells)
    };
    assert_eq!((read(&rig.board), read(&fork)), (1000, 2000));
    rig.run(3000);
    assert_eq!(read(&rig.board), 2000);
}

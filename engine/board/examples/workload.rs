//! Runs the firmware workload once in a fresh process and prints how long it took: the board's half of
//! `benches/unicorn_ratio.py`. The argument is the workload as a flat image for 0x2400_0000.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use std::time::Instant;

use board::{Board, BoardOptions, CoreRegister, NonVolatile, Stopped};

/// Where the workload is linked.
const BASE: u32 = 0x2400_0000;

/// A ROM that sleeps, also on every exception.
fn rom() -> Vec<u8> {
    let mut rom: Vec<u8> = [0x2000_8000u32, 0x1FF0_0041].into_iter().flat_map(u32::to_le_bytes).collect();
    for _ in 2..16 {
        rom.extend(0x1FF0_0041u32.to_le_bytes());
    }
    // wfi; b back
    rom.extend([0x30, 0xBF, 0xFD, 0xE7]);
    rom
}

/// Time that this thread spent on a processor; 0 where the system doesn't tell.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|field| field.parse::<f64>().ok()).map_or(0.0, |nanoseconds| nanoseconds / 1e9)
}

fn main() {
    let path = std::env::args().nth(1).expect("usage: workload IMAGE");
    let image = std::fs::read(path).expect("the image can be read");
    let rom = rom();
    let nonvolatile = NonVolatile::new(Some(1), &rom).expect("a new board");
    let mut board = Board::power_on(nonvolatile, &rom, BoardOptions::default()).expect("the ROM fits");
    board.memory.write(BASE, &image).expect("the image fits");
    let word = |at: usize| u32::from_le_bytes(image[at..at + 4].try_into().unwrap());
    board.set_register(CoreRegister::Msp, word(0));
    board.set_register(CoreRegister::Pc, word(4));
    let before = board.now();
    let cpu_start = cpu_seconds();
    let start = Instant::now();
    let stopped = board.run(1_000_000_000);
    let seconds = start.elapsed().as_secs_f64();
    let cpu = cpu_seconds() - cpu_start;
    // BKPT without a debugger is a HardFault, whose handler sleeps. The frame on the stack has r0.
    assert_eq!(stopped, Stopped::Sleeping { until: None });
    let mut frame = [0; 4];
    board.memory.read(board.register(CoreRegister::Msp), &mut frame).expect("the stack is memory");
    let mut result = [0; 72];
    board.memory.read(u32::from_le_bytes(frame), &mut result).expect("the result is memory");
    let hex: String = result.iter().map(|byte| format!("{byte:02x}")).collect();
    let instructions = board.now() - before;
    println!("seconds {seconds:.6} cpu {cpu:.6} instructions {instructions} result {hex}");
}

//! The board's half of the differential test: makes seeded random programs, runs them on the interpreter, and writes
//! programs, inputs and outcomes to standard output for `tests/differential/compare.py`, which runs them on another
//! emulator. Arguments: seed, instructions, and `--sabotage` for a deliberate error.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

use std::io::Write;

use board::{Board, BoardOptions, CoreRegister, NonVolatile, Stopped};

#[path = "../tests/differential/generator.rs"]
mod generator;

use generator::{Code, Generator, Random};

/// Programs lie here.
const CODE: u32 = 0x2000_0000;
const CODE_SIZE: u32 = 0xC000;
/// Literal loads reach up to 1 KiB back.
const FIRST: u32 = CODE + 0x800;
/// Data.
const SCRATCH: u32 = 0x2400_0000;
const SCRATCH_SIZE: u32 = 0x7_0000;
/// Blocks between two comparisons of the whole window.
const CHECK_EVERY: u32 = 64;
/// `msr apsr_nzcvqg, r9`: the other side can set GE in no other way.
const SET_FLAGS: [u16; 2] = [0xF389, 0x8C00];
/// WFI.
const END: u16 = 0xBF30;

fn rom() -> Vec<u8> {
    let mut rom: Vec<u8> = [0x2000_F000u32].into_iter().chain([0x1FF0_0041; 15]).flat_map(u32::to_le_bytes).collect();
    rom.extend([0x30, 0xBF, 0xFD, 0xE7]);
    rom
}

fn crc32(table: &[u32; 256], data: &[u8]) -> u32 {
    !data.iter().fold(!0u32, |crc, byte| crc >> 8 ^ table[((crc ^ u32::from(*byte)) & 0xFF) as usize])
}

fn bytes(code: &[Code]) -> Vec<u8> {
    code.iter().flatten().flat_map(|half| half.to_le_bytes()).collect()
}

/// What a wrong interpreter would do: ADC as SBC.
fn sabotage(code: &[Code]) -> Vec<Code> {
    let mut code = code.to_vec();
    for instruction in &mut code {
        if instruction.len() == 2 && instruction[0] & 0xFFE0 == 0xEB40 {
            instruction[0] ^= 0x20;
        }
    }
    code
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seed: u64 = arguments[0].parse().expect("seed");
    let wanted: u64 = arguments[1].parse().expect("instructions");
    let is_wrong = arguments.iter().any(|argument| argument == "--sabotage");
    let table: [u32; 256] = std::array::from_fn(|i| {
        (0..8).fold(i as u32, |crc, _| if crc & 1 != 0 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    });

    let rom = rom();
    let options = BoardOptions { seed, time_scale: 0 };
    let mut board = Board::power_on(NonVolatile::new(Some(1), &rom).unwrap(), &rom, options).unwrap();
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    let mut generator = Generator { random: Random::new(seed) };
    let mut window: Vec<u8> = (0..SCRATCH_SIZE).map(|_| generator.random.next() as u8).collect();
    board.memory.write(SCRATCH, &window).unwrap();
    out.write_all(&window).unwrap();

    let mut place = FIRST;
    let mut count = 0;
    let mut done: u64 = 0;
    while done < wanted {
        let size = 16 + generator.random.below(49) as usize;
        let mut program = vec![SET_FLAGS.to_vec()];
        program.extend(generator.block(size));
        program.push(vec![END]);
        let code = bytes(&program);
        place += 2 * generator.random.below(40);
        if place + code.len() as u32 + 8192 > CODE + CODE_SIZE {
            place = FIRST + 2 * generator.random.below(600);
        }
        let random = &mut generator.random;
        let middle = SCRATCH + SCRATCH_SIZE / 2;
        let mut input: [u32; 16] = std::array::from_fn(|_| random.word());
        input[6] = random.below(0x400);
        input[12] = random.below(0x400);
        input[7] = middle + 4 * random.below(0x400);
        input[10] = middle + 4 * random.below(0x400);
        input[11] = middle + random.below(0x1000);
        input[13] = middle + 4 * random.below(0x400);
        input[15] = random.next() & 0xF800_0000;

        board.memory.write(place, &code).unwrap();
        if is_wrong {
            board.memory.write(place, &bytes(&sabotage(&program))).unwrap();
        }
        for register in 0..15 {
            board.set_register(CoreRegister::R(register), input[usize::from(register)]);
        }
        board.set_register(CoreRegister::Xpsr, input[15] | 1 << 24);
        board.set_register(CoreRegister::Pc, place);
        let before = board.now();
        let stopped = board.run(100_000);
        let end = place + code.len() as u32;
        let executed = board.now() - before;
        done += executed;

        let mut output: [u32; 16] = std::array::from_fn(|r| board.register(CoreRegister::R(r.min(14) as u8)));
        output[15] = board.register(CoreRegister::Xpsr) & 0xF80F_0000;
        let ended = stopped == Stopped::Sleeping { until: None } && board.register(CoreRegister::Pc) == end;
        if !ended {
            let pc = board.register(CoreRegister::Pc);
            eprintln!("block at {place:#x} ended at {pc:#x} instead of {end:#x}: {stopped:?}");
            // The other side will show the difference.
            output[15] = !output[15];
            board.reset(board::ResetCause::Software);
        }
        count += 1;
        let check = u32::from(count % CHECK_EVERY == 0 || done >= wanted);
        for word in [place, code.len() as u32, executed as u32, check] {
            out.write_all(&word.to_le_bytes()).unwrap();
        }
        out.write_all(&code).unwrap();
        for word in input.into_iter().chain(output) {
            out.write_all(&word.to_le_bytes()).unwrap();
        }
        if check != 0 {
            board.memory.read(SCRATCH, &mut window).unwrap();
            out.write_all(&crc32(&table, &window).to_le_bytes()).unwrap();
        }
        if is_wrong {
            // Literal loads read the program: both sides must hold the same one.
            board.memory.write(place, &code).unwrap();
        }
        place = end;
    }
    out.flush().unwrap();
}

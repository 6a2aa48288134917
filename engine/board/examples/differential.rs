//! The board's half of the differential test: makes seeded random programs, runs them on the interpreter, and writes
//! programs, inputs and outcomes to standard output for `tests/differential/compare.py`, which runs them on another
//! emulator. Arguments: seed, instructions, and `--sabotage integer` or `--sabotage float` for a deliberate error.
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
/// R0 to R14 and APSR, FPSCR, S0 to S31.
const WORDS: usize = 49;

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

/// A deliberate error.
#[derive(Clone, Copy)]
enum Sabotage {
    /// ADC does what SBC does.
    Integer,
    /// VFMA rounds twice, as VMLA does.
    Float,
}

fn sabotage(code: &[Code], how: Sabotage) -> Vec<Code> {
    let mut code = code.to_vec();
    for instruction in &mut code {
        match (how, instruction.as_mut_slice()) {
            (Sabotage::Integer, [first, _]) if *first & 0xFFE0 == 0xEB40 => *first ^= 0x20,
            (Sabotage::Float, [first, second]) if *first & 0xFFB0 == 0xEEA0 && *second & 0x0E50 == 0x0A00 => {
                *first ^= 0xA0;
            }
            _ => {}
        }
    }
    code
}

/// Lets the core use the floating-point unit, and use it once: from then on FPSCR is the program's.
fn start_float(board: &mut Board) {
    // str r1,[r0]; dsb; vmov.f32 s0,s0; wfi
    let code = [0x6001, 0xF3BF, 0x8F4F, 0xEEB0, 0x0A40, END];
    board.memory.write(CODE, &bytes(&[code.to_vec()])).unwrap();
    board.set_register(CoreRegister::R(0), 0xE000_ED88);
    board.set_register(CoreRegister::R(1), 0xF << 20);
    board.set_register(CoreRegister::Pc, CODE);
    board.run(100);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seed: u64 = arguments[0].parse().expect("seed");
    let wanted: u64 = arguments[1].parse().expect("instructions");
    let wrong = match arguments.get(3).map(String::as_str) {
        Some("float") => Some(Sabotage::Float),
        Some(_) => Some(Sabotage::Integer),
        None => None,
    };
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

    start_float(&mut board);
    let mut place = FIRST;
    let mut count = 0;
    let mut done: u64 = 0;
    while done < wanted {
        let size = 16 + generator.random.below(49) as usize;
        let mut program = vec![SET_FLAGS.to_vec()];
        let is_short = generator.random.flip() != 0;
        program.extend(if is_short { generator.float_block() } else { generator.block(size) });
        program.push(vec![END]);
        let code = bytes(&program);
        place += 2 * generator.random.below(40);
        if place + code.len() as u32 + 8192 > CODE + CODE_SIZE {
            place = FIRST + 2 * generator.random.below(600);
        }
        let random = &mut generator.random;
        let middle = SCRATCH + SCRATCH_SIZE / 2;
        let mut input = [0; WORDS];
        input[..16].fill_with(|| random.word());
        input[6] = random.below(0x400);
        input[12] = random.below(0x400);
        input[7] = middle + 4 * random.below(0x400);
        input[10] = middle + 4 * random.below(0x400);
        input[11] = middle + random.below(0x1000);
        input[13] = middle + 4 * random.below(0x400);
        input[15] = random.next() & 0xF800_0000;
        input[16] = random.float_status();
        input[17..].copy_from_slice(&random.float_registers());

        board.memory.write(place, &code).unwrap();
        if let Some(how) = wrong {
            board.memory.write(place, &bytes(&sabotage(&program, how))).unwrap();
        }
        for register in 0..15 {
            board.set_register(CoreRegister::R(register), input[usize::from(register)]);
        }
        board.set_register(CoreRegister::Xpsr, input[15] | 1 << 24);
        board.set_register(CoreRegister::Fpscr, input[16]);
        for register in 0..32 {
            board.set_register(CoreRegister::S(register), input[17 + usize::from(register)]);
        }
        board.set_register(CoreRegister::Pc, place);
        let before = board.now();
        let stopped = board.run(100_000);
        let end = place + code.len() as u32;
        let executed = board.now() - before;
        done += executed;

        let mut output: [u32; WORDS] = std::array::from_fn(|word| {
            board.register(match word {
                0..15 => CoreRegister::R(word as u8),
                15 => CoreRegister::Xpsr,
                16 => CoreRegister::Fpscr,
                _ => CoreRegister::S((word - 17) as u8),
            })
        });
        output[15] &= 0xF80F_0000;
        let ended = stopped == Stopped::Sleeping { until: None } && board.register(CoreRegister::Pc) == end;
        if !ended {
            let pc = board.register(CoreRegister::Pc);
            eprintln!("block at {place:#x} ended at {pc:#x} instead of {end:#x}: {stopped:?}");
            // The other side will show the difference.
            output[15] = !output[15];
            board.reset(board::ResetCause::Software);
            start_float(&mut board);
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
        if wrong.is_some() {
            // Literal loads read the program: both sides must hold the same one.
            board.memory.write(place, &code).unwrap();
        }
        place = end;
    }
    out.flush().unwrap();
}

//! Guest code cannot crash the host: random halfwords as code, random registers, random system registers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

use board::{BusError, CoreRegister, Stopped, Width};

mod cpu_rig;
use cpu_rig::*;

#[path = "differential/generator.rs"]
#[allow(dead_code)]
mod generator;
use generator::Random;

/// An address that something may answer at.
fn somewhere(random: &mut Random) -> u32 {
    let bases = [0, 0x0800_0000, 0x1FF0_0000, 0x2000_0000, 0x2400_0000, 0x4000_0000, 0x5200_0000, 0x5800_0000];
    let more = [0x7000_0000, 0x9000_0000, 0xE000_0000, 0xE000_E000, 0xFFFF_F000, 0x5C00_1000, 0x2407_1000, 0x3000_0000];
    let all: Vec<u32> = bases.into_iter().chain(more).collect();
    all[random.below(16) as usize].wrapping_add(random.next() & [0xFFF, 0xFFFF, 0x3][random.below(3) as usize])
}

#[test]
fn random_code_on_a_random_machine_never_panics() {
    let mut executed = 0;
    let mut locked = 0;
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut rig = Rig::new(&[]);
        let code: Vec<u16> = (0..0x6000).map(|_| random.next() as u16).collect();
        rig.program(PROGRAM, &code);
        for _ in 0..40 {
            for register in 0..13 {
                let value = if random.flip() != 0 { somewhere(&mut random) } else { random.word() };
                rig.set(register, value);
            }
            rig.board.set_register(CoreRegister::Pc, PROGRAM + 2 * random.below(0x5000));
            let stack = if random.below(4) == 0 { somewhere(&mut random) } else { STACK - 4 * random.below(64) };
            rig.board.set_register(CoreRegister::Msp, stack);
            rig.board.set_register(CoreRegister::Psp, STACK / 2 + STACK / 2 - 0x1000);
            let system = 0xE000_E000 + 4 * random.below(0x400);
            // The port may be shut after a reset that the code asked for.
            let written: Result<(), BusError> = rig.board.debug_write(system, Width::Word, random.word());
            let open = written.is_ok();
            let before = rig.board.now();
            if rig.run(2000) == Stopped::LockedUp {
                locked += 1;
            }
            executed += rig.board.now() - before;
            if !open {
                rig.open_debug();
            }
        }
    }
    assert!(executed > 10_000, "only {executed} instructions ran");
    assert!(locked > 0, "no run locked up");
}

#[test]
fn random_floating_point_code_on_random_registers_never_panics() {
    let mut executed = 0;
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let mut rig = Rig::new(&[]);
        // Faults step over what raised them: add to the stacked address, return.
        for exception in 3..7 {
            rig.set_handler(exception, &[0x9806, 0x3004, 0x9006, 0x4770]);
        }
        rig.write(CPACR, 0xF << 20);
        let code: Vec<u16> = (0..0x2000)
            .flat_map(|_| {
                let space = [0xEE00, 0xEE80, 0xFE00, 0xFE80, 0xEC00, 0xED00][random.below(6) as usize];
                let first = space | random.next() as u16 & 0xFF;
                [first, random.next() as u16 & 0xF1FF | 0x0A00]
            })
            .collect();
        rig.program(PROGRAM, &code);
        for _ in 0..40 {
            for register in 0..13 {
                rig.set(register, DATA + 0x1_0000 + 4 * random.below(0x400));
            }
            rig.board.set_register(CoreRegister::Msp, STACK);
            rig.board.set_register(CoreRegister::Pc, PROGRAM + 4 * random.below(0x1E00));
            rig.board.set_register(CoreRegister::Fpscr, random.float_status());
            for (register, value) in (0..).zip(random.float_registers()) {
                rig.board.set_register(CoreRegister::S(register), value);
            }
            let before = rig.board.now();
            rig.run(400);
            // The next run starts outside of the handler.
            for _ in 0..8 {
                if rig.ipsr() != 0 {
                    rig.run(1);
                }
            }
            executed += rig.board.now() - before;
        }
    }
    assert!(executed > 100_000, "only {executed} instructions ran");
}

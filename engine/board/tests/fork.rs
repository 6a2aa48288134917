//! A fork of a board: it goes on as its origin does, and neither feels the other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub, dead_code, clippy::print_stderr)]

mod boot_rom_rig;

use board::{Board, CoreRegister, NorClip, PowerCut, Stopped, TraceEntry};
use boot_rom_rig::{Rig, closed, factory};

/// RAM that a boot uses: TCMs and AXI SRAM.
const RAM: [(u32, usize); 3] = [(0, 0x1_0000), (0x2000_0000, 0x1_0000), (0x2400_0000, 0x7_2000)];

/// Everything of a board that can be seen from outside.
#[derive(PartialEq)]
struct Sight {
    now: u64,
    registers: Vec<u32>,
    ram: Vec<Vec<u8>>,
    nonvolatile: Vec<u8>,
    trace: Vec<TraceEntry>,
    console: Vec<u8>,
    writes: u64,
}

fn sight(board: &mut Board) -> Sight {
    let registers = (0..15).map(CoreRegister::R).chain([CoreRegister::Pc, CoreRegister::Xpsr, CoreRegister::Psp]);
    let read = |(start, size): (u32, usize)| {
        let mut bytes = vec![0; size];
        board.memory.read(start, &mut bytes).unwrap();
        bytes
    };
    Sight {
        now: board.now(),
        registers: registers.map(|register| board.register(register)).collect(),
        ram: RAM.into_iter().map(read).collect(),
        nonvolatile: board.snapshot().encode().to_vec(),
        trace: board.peripherals.trace.since(0).cloned().collect(),
        console: board.peripherals.console_take(),
        writes: board.peripherals.nonvolatile_writes(),
    }
}

/// Runs for so many instructions, sleeping through timers as the rig does.
fn run(board: &mut Board, instructions: u64) {
    let end = board.now() + instructions;
    while board.now() < end {
        match board.run(end - board.now()) {
            Stopped::Sleeping { until: Some(until) } => board.skip_to(until),
            Stopped::Budget => {}
            _ => return,
        }
    }
}

#[test]
fn a_fork_and_its_origin_run_on_to_the_same_state() {
    let Some(mut rig) = closed() else { return };
    // Through an installation, with forks in the middle of everything.
    for _ in 0..12 {
        let mut fork = rig.board.fork();
        run(&mut fork, 4_000_003);
        run(&mut rig.board, 4_000_003);
        assert!(sight(&mut fork) == sight(&mut rig.board), "at {}", rig.board.now());
    }
    assert!(rig.board.peripherals.nonvolatile_writes() > 500, "the installation took place");
}

#[test]
fn a_fork_takes_the_same_faults_as_its_origin() {
    let Some(mut rig) = closed() else { return };
    rig.board.peripherals.arm_power_cut(PowerCut { after_writes: 3, tears: true });
    let mut fork = rig.board.fork();
    for board in [&mut rig.board, &mut fork] {
        while !board.peripherals.power_is_gone() {
            run(board, 100_000);
        }
    }
    assert!(sight(&mut fork) == sight(&mut rig.board));
}

#[test]
fn what_one_does_the_other_does_not_feel() {
    let mut rig = Rig::new(factory());
    rig.run(50_000);
    let mut fork = rig.board.fork();
    let before = sight(&mut rig.board.fork());
    fork.memory.write(0x2400_0000, &[0xA5; 64]).unwrap();
    fork.set_register(CoreRegister::R(4), 0x1234_5678);
    NorClip::new(&mut fork).write(0x1000, &[1, 2, 3]);
    fork.peripherals.console_receive(b"x");
    fork.peripherals.arm_power_cut(PowerCut { after_writes: 0, tears: false });
    fork.reset(board::ResetCause::Pin);
    run(&mut fork, 1_000_000);
    assert!(sight(&mut rig.board) == before);
    let fork_before = sight(&mut fork.fork());
    rig.settle();
    NorClip::new(&mut rig.board).write(0x1000, &[9]);
    assert!(sight(&mut fork) == fork_before);
    assert_eq!(NorClip::new(&mut fork).read(0x1000, 4), [1, 2, 3, 0xFF]);
}

//! The PSRAM through its interface, window and cipher engine, in the order of ST's component driver.

use chip::memory_map::{XSPI1_WINDOW, XSPI2_WINDOW};
use chip::registers::{GPIOM, HPDMA1, MCE1, MCE2, PWR, RCC, XSPI1, XSPI2, XSPIM};

use super::Chip;
use crate::bus::Width;

const GPIOO: u32 = GPIOM + 0x800;
const GPIOP: u32 = GPIOM + 0xC00;
const WINDOW: u32 = XSPI2_WINDOW.start;
const RAM: u32 = 0x2400_0000;

/// Instruction on eight lines; with a 32-bit address on both edges; data on both edges of eight or sixteen lines.
const ADDRESSED: u32 = 4 | 4 << 8 | 1 << 11 | 3 << 12;
const DATA_8: u32 = 4 << 24 | 1 << 27;
const DATA_16: u32 = 5 << 24 | 1 << 27;
const STROBE: u32 = 1 << 29;
const WRITE: u32 = 1;
const READ: u32 = 1 << 28 | 1;
const MAPPED: u32 = 3 << 28 | 1;

/// Which interface has the port: the second one when the port manager swaps, as where the NOR is on the first.
#[derive(Clone, Copy)]
struct Port(u32);

/// A board with clocks, pads and port manager up, and the port's interface.
fn ready() -> (Chip, Port) {
    let mut chip = Chip::new();
    prepare(&mut chip, 2);
    (chip, Port(XSPI2))
}

fn prepare(chip: &mut Chip, xspim: u32) {
    chip.set(RCC + 0x134, 1 | 1 << 5 | 1 << 12 | 1 << 14);
    chip.set(RCC + 0x140, 1 << 14 | 1 << 15);
    chip.set(PWR + 0x0C, 1 << 14);
    for port in [GPIOO, GPIOP] {
        chip.write(port + 0x20, 0x9999_9999);
        chip.write(port + 0x24, 0x9999_9999);
        chip.write(port, 0xAAAA_AAAA);
    }
    chip.write(XSPIM, xspim);
    for interface in [XSPI1, XSPI2] {
        chip.write(interface + 0x08, 6 << 24 | 24 << 16);
        chip.write(interface, 1);
    }
}

impl Port {
    fn write(self, chip: &mut Chip, ccr: u32, dummy: u32, instruction: u32, address: u32, data: &[u8]) {
        chip.write(self.0, WRITE);
        chip.write(self.0 + 0x40, (data.len() as u32).wrapping_sub(1));
        chip.write(self.0 + 0x100, ccr);
        chip.write(self.0 + 0x108, dummy);
        chip.write(self.0 + 0x110, instruction);
        chip.write(self.0 + 0x48, address);
        for byte in data {
            chip.try_write(self.0 + 0x50, Width::Byte, u32::from(*byte)).unwrap();
        }
    }

    fn read(self, chip: &mut Chip, ccr: u32, dummy: u32, instruction: u32, address: u32, count: u32) -> Vec<u8> {
        chip.write(self.0, READ);
        chip.write(self.0 + 0x40, count - 1);
        chip.write(self.0 + 0x100, ccr);
        chip.write(self.0 + 0x108, dummy);
        chip.write(self.0 + 0x110, instruction);
        chip.write(self.0 + 0x48, address);
        let bytes = (0..count).map(|_| chip.try_read(self.0 + 0x50, Width::Byte).unwrap() as u8).collect();
        chip.write(self.0 + 0x24, 0x1B);
        bytes
    }

    fn register(self, chip: &mut Chip, number: u32, latency: u32) -> Vec<u8> {
        self.read(chip, ADDRESSED | DATA_8 | STROBE, latency - 1, 0x40, number, 2)
    }

    fn set_register(self, chip: &mut Chip, number: u32, value: u8) {
        self.write(chip, ADDRESSED | DATA_8, 0, 0xC0, number, &[value, 0xEE]);
    }

    /// Sixteen lines, latency 7 both ways.
    fn set_up(self, chip: &mut Chip) {
        self.set_register(chip, 0, 0x11);
        self.set_register(chip, 4, 0x20);
        self.set_register(chip, 8, 0x40);
    }

    fn map(self, chip: &mut Chip) {
        chip.write(self.0, 1);
        for (register, value) in [
            (0x100, ADDRESSED | DATA_16 | STROBE),
            (0x108, 6),
            (0x110, 0x20),
            (0x180, ADDRESSED | DATA_16 | STROBE),
            (0x188, 6),
            (0x190, 0xA0),
            (0, MAPPED),
        ] {
            chip.write(self.0 + register, value);
        }
    }
}

fn mapped() -> (Chip, Port) {
    let (mut chip, port) = ready();
    port.set_up(&mut chip);
    port.map(&mut chip);
    (chip, port)
}

fn cells(chip: &Chip, address: u32, size: usize) -> Vec<u8> {
    let mut out = vec![0; size];
    chip.units.psram_cells(address, &mut out);
    out
}

/// Copies by channel 12 in bursts of 16 words; gives the channel's status.
fn copy(chip: &mut Chip, from: u32, to: u32, size: u32) -> u32 {
    let channel = HPDMA1 + 12 * 0x80;
    chip.write(channel + 0x5C, 0x7F00);
    chip.write(channel + 0x90, 2 | 1 << 3 | 2 << 16 | 1 << 19 | 15 << 4 | 15 << 20);
    chip.write(channel + 0x94, 1 << 9);
    for (register, value) in [(0x98, size), (0x9C, from), (0xA0, to), (0xCC, 0), (0x64, 1)] {
        chip.write(channel + register, value);
    }
    chip.read(channel + 0x60)
}

const DONE: u32 = 1 << 8;
const DATA_ERROR: u32 = 1 << 10;

fn key(chip: &mut Chip, engine: u32, first: u32) {
    if chip.read(engine + 4) & 1 != 0 {
        chip.write(engine + 0x200, 0);
    }
    for index in 0..4 {
        chip.write(engine + 0x200 + 4 * index, first + index);
    }
}

fn region(chip: &mut Chip, engine: u32, start: u32, size: u32, writes: bool) {
    chip.write(engine + 0x40, 2 << 14);
    chip.write(engine + 0x44, start);
    chip.write(engine + 0x48, start + size - 1);
    chip.write(engine + 0x4C, u32::from(writes) << 16);
    chip.write(engine + 0x40, 2 << 14 | 1);
}

#[test]
fn the_psram_tells_who_it_is_at_the_latency_it_wakes_with() {
    let (mut chip, port) = ready();
    let identity = port.register(&mut chip, 1, 5);
    assert_eq!((identity[0] & 0x1F, identity[1] & 7), (0x0D, 7), "APMemory, 256 Mbit");
    assert_eq!(port.register(&mut chip, 1, 7), [0xFF; 2]);
    assert!(chip.was_refused("another latency"));
}

#[test]
fn mode_registers_keep_what_is_written_until_a_reset_command_or_the_power_goes() {
    let (mut chip, port) = ready();
    let fresh = port.register(&mut chip, 8, 5)[0];
    port.set_register(&mut chip, 0, 0x11);
    port.set_register(&mut chip, 8, 0x40);
    port.set_register(&mut chip, 1, 0);
    assert_eq!(port.register(&mut chip, 0, 7), [0x11, 0x8D], "the second byte of a write is for nobody");
    assert_eq!(port.register(&mut chip, 8, 7)[0], 0x40);
    chip.reset();
    prepare(&mut chip, 2);
    assert_eq!(port.register(&mut chip, 8, 7)[0], 0x40, "a reset of the chip doesn't reach the memory");
    port.write(&mut chip, 4 | 4 << 8 | 2 << 12, 0, 0xFF, 0, &[]);
    assert_eq!(port.register(&mut chip, 8, 5)[0], fresh);
}

#[test]
fn data_goes_over_eight_lines_until_sixteen_are_chosen() {
    let (mut chip, port) = ready();
    port.write(&mut chip, ADDRESSED | DATA_8 | STROBE, 4, 0xA0, 0x100, b"octal");
    assert_eq!(cells(&chip, 0x100, 5), b"octal");
    assert_eq!(port.read(&mut chip, ADDRESSED | DATA_8 | STROBE, 4, 0x20, 0x101, 3), b"cta");
    assert_eq!(port.read(&mut chip, ADDRESSED | DATA_16 | STROBE, 4, 0x20, 0x100, 4), [0xFF; 4]);
    assert!(chip.was_refused("other lines"));
    port.set_up(&mut chip);
    port.write(&mut chip, ADDRESSED | DATA_16 | STROBE, 6, 0xA0, 0x200, b"sixteen!");
    assert_eq!(cells(&chip, 0x200, 8), b"sixteen!");
    assert_eq!(port.read(&mut chip, ADDRESSED | DATA_16 | STROBE, 6, 0x20, 0x200, 8), b"sixteen!");
}

#[test]
fn a_command_sent_wrongly_stores_nothing_reads_noise_and_is_told() {
    let good = ADDRESSED | DATA_16 | STROBE;
    let wrong: [(u32, u32, u32, &str); 7] = [
        (good, 5, 0xA0, "another latency"),
        (good & !STROBE, 6, 0xA0, "strobe"),
        (good & !(1 << 11), 6, 0xA0, "both edges"),
        (good & !(1 << 27), 6, 0xA0, "edges"),
        (good & !7 | 1, 6, 0xA0, "eight lines"),
        (good & !(3 << 12) | 2 << 12, 6, 0xA0, "32-bit address"),
        (good, 6, 0x12, "no such command"),
    ];
    for (ccr, dummy, instruction, told) in wrong {
        let (mut chip, port) = ready();
        port.set_up(&mut chip);
        let before = cells(&chip, 0x40, 4);
        port.write(&mut chip, ccr, dummy, instruction, 0x40, &[1, 2, 3, 4]);
        assert_eq!(cells(&chip, 0x40, 4), before, "{told}");
        assert!(chip.was_refused(told), "{told}");
        let read = if instruction == 0xA0 { 0x20 } else { 0x13 };
        assert_eq!(port.read(&mut chip, ccr, dummy, read, 0x40, 4), [0xFF; 4], "{told}");
    }
}

#[test]
fn a_frame_format_of_another_memory_reaches_nothing() {
    let (mut chip, port) = ready();
    chip.write(port.0 + 0x08, 1 << 24 | 24 << 16);
    assert_eq!(port.register(&mut chip, 1, 5), [0xFF; 2]);
    assert!(chip.was_refused("another kind of memory"));
    // Without the formats for sixteen lines, registers are reached and data isn't.
    chip.write(port.0 + 0x08, 2 << 24 | 24 << 16);
    port.set_up(&mut chip);
    assert_eq!(port.register(&mut chip, 8, 7)[0], 0x40);
    port.map(&mut chip);
    assert_eq!(chip.read(WINDOW), !0);
}

#[test]
fn without_clock_supply_pins_or_port_the_psram_does_not_answer() {
    type Spoil = fn(&mut Chip);
    let spoil: [(Spoil, &str); 4] = [
        (|chip| chip.write(RCC + 0x4C, 1 << 6), "kernel clock"),
        (|chip| chip.write(PWR + 0x0C, 4), "no supply"),
        (|chip| chip.write(GPIOO, 0xFFFF_FFFF), "pins"),
        (|chip| chip.write(GPIOP + 0x20, 0), "pins"),
    ];
    for (spoil, told) in spoil {
        let (mut chip, port) = mapped();
        chip.write(WINDOW, 0x1234_5678);
        spoil(&mut chip);
        assert_eq!(chip.read(WINDOW), !0, "{told}");
        chip.write(WINDOW, 0);
        assert_eq!(cells(&chip, 0, 4), 0x1234_5678u32.to_le_bytes(), "{told}");
        assert_eq!(port.register(&mut chip, 1, 7), [0xFF; 2], "{told}");
        assert!(chip.was_refused(told), "{told}");
    }
    // The upper eight lines are missed only where they are used.
    let (mut chip, port) = mapped();
    chip.write(GPIOP + 0x24, 0);
    assert_eq!(chip.read(WINDOW), !0);
    assert!(chip.was_refused("sixteen data lines"));
    chip.write(port.0, 1);
    assert_eq!(port.register(&mut chip, 1, 7)[0], 0x8D);
}

#[test]
fn the_window_reads_and_writes_bytes_halves_and_words() {
    let (mut chip, port) = mapped();
    chip.write(WINDOW + 0x7FC, 0x4433_2211);
    chip.try_write(WINDOW + 0x7FD, Width::Byte, 0xAA).unwrap();
    chip.try_write(WINDOW + 0x7FE, Width::Half, 0xCCBB).unwrap();
    assert_eq!(chip.read(WINDOW + 0x7FC), 0xCCBB_AA11);
    assert_eq!(chip.try_read(WINDOW + 0x7FF, Width::Byte), Ok(0xCC));
    assert_eq!(cells(&chip, 0x7FC, 4), [0x11, 0xAA, 0xBB, 0xCC]);
    chip.write(WINDOW + 0x1FF_FFFC, 5);
    assert_eq!(chip.read(WINDOW + 0x1FF_FFFC), 5);
    assert!(chip.try_read(WINDOW + 0x200_0000, Width::Word).is_err(), "past 32 MiB");
    chip.write(port.0, MAPPED | 2);
    chip.write(port.0, 1);
    assert!(chip.try_write(WINDOW, Width::Word, 0).is_err(), "not mapped");
}

#[test]
fn unswapped_the_first_interface_has_the_psram() {
    let mut chip = Chip::new();
    prepare(&mut chip, 0);
    let port = Port(XSPI1);
    port.set_up(&mut chip);
    port.map(&mut chip);
    chip.write(XSPI1_WINDOW.start + 0x10, 0xCAFE_F00D);
    assert_eq!(cells(&chip, 0x10, 4), 0xCAFE_F00Du32.to_le_bytes());
    // The other interface is on the other port, whose pads are off.
    assert_eq!(Port(XSPI2).register(&mut chip, 1, 7), [0xFF; 2]);
}

#[test]
fn cells_survive_a_reset_and_not_the_power() {
    let (mut chip, port) = mapped();
    chip.write(WINDOW + 0x100, 0x600D_600D);
    chip.reset();
    assert!(chip.try_read(WINDOW + 0x100, Width::Word).is_err(), "the interface is reset");
    prepare(&mut chip, 2);
    port.map(&mut chip);
    assert_eq!(chip.read(WINDOW + 0x100), 0x600D_600D);
    let mut chip = chip.power_cycle();
    prepare(&mut chip, 2);
    port.set_up(&mut chip);
    port.map(&mut chip);
    let noise: Vec<u32> = (0x100..0x140).step_by(4).map(|offset| chip.read(WINDOW + offset)).collect();
    assert_ne!(noise[0], 0x600D_600D);
    assert!(noise.windows(2).all(|pair| pair[0] != pair[1]), "noise, not an erased memory");
}

#[test]
fn dma_writes_ciphertext_through_the_second_engine_and_the_window_reads_plaintext() {
    let (mut chip, _) = mapped();
    let plain: Vec<u8> = (0..=255).collect();
    chip.memory.write(RAM, &plain).unwrap();
    key(&mut chip, MCE2, 1);
    region(&mut chip, MCE2, WINDOW, 0x1_0000, true);
    assert_ne!(copy(&mut chip, RAM, WINDOW + 0x700, 256) & DONE, 0);
    let cipher = cells(&chip, 0x700, 256);
    assert!(cipher.chunks(16).zip(plain.chunks(16)).all(|(cipher, plain)| cipher != plain));
    assert_eq!(chip.read(WINDOW + 0x704), 0x0706_0504);
    assert_ne!(copy(&mut chip, WINDOW + 0x700, RAM + 0x1000, 256) & DONE, 0);
    assert_eq!(chip.memory(RAM + 0x1000, 256), plain);
    // Words of the core are no bursts of whole blocks.
    assert!(chip.try_write(WINDOW + 0x700, Width::Word, 0).is_err());
    assert_eq!(chip.read(MCE2 + 8), 2);
    // The engine of the other window has no part in it, nor has its key.
    key(&mut chip, MCE1, 1);
    region(&mut chip, MCE1, WINDOW, 0x1_0000, false);
    assert_eq!(chip.read(WINDOW + 0x704), 0x0706_0504);
    key(&mut chip, MCE2, 2);
    assert_ne!(chip.read(WINDOW + 0x704), 0x0706_0504);
    chip.write(MCE2 + 0x200, 0);
    assert_eq!(chip.read(WINDOW + 0x704), 0, "no key");
    assert_ne!(chip.read(MCE2 + 4) & 1 << 4, 0);
    chip.write(MCE2 + 0x40, 0);
    assert_eq!(chip.read(WINDOW + 0x704).to_le_bytes(), cipher[4..8]);
}

#[test]
fn the_second_engine_locks_as_the_first_and_has_no_contexts() {
    let (mut chip, _) = mapped();
    key(&mut chip, MCE2, 1);
    region(&mut chip, MCE2, WINDOW, 0x1000, false);
    assert_ne!(copy(&mut chip, RAM, WINDOW, 64) & DATA_ERROR, 0, "read-only");
    chip.write(MCE2, 3);
    chip.write(MCE2 + 0x4C, 1 << 16);
    chip.write(MCE2 + 0x200, 0);
    chip.write(MCE2 + 0x40, 0);
    assert!(chip.was_refused("locked until reset"));
    assert_ne!(copy(&mut chip, RAM, WINDOW, 64) & DATA_ERROR, 0);
    assert_eq!((chip.read(MCE2), chip.read(MCE2 + 4) & 1), (3, 1));
    chip.write(MCE2 + 0x240, 1);
    assert!(chip.units.trace.unknown_registers().any(|(address, write, _)| address == MCE2 + 0x240 && write));
    chip.reset();
    assert_eq!((chip.read(MCE2), chip.read(MCE2 + 4), chip.read(MCE2 + 0x40)), (0, 0, 0));
}

#[test]
fn a_burst_stays_in_its_row_unless_reads_may_cross() {
    let (mut chip, port) = ready();
    port.set_up(&mut chip);
    let go = ADDRESSED | DATA_16 | STROBE;
    port.write(&mut chip, go, 6, 0xA0, 0x7FC, &[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!((cells(&chip, 0x7FC, 4), cells(&chip, 0, 4)), (vec![1, 2, 3, 4], vec![5, 6, 7, 8]));
    chip.units.set_psram_cells(0x800, &[9, 9, 9, 9]);
    assert_eq!(port.read(&mut chip, go, 6, 0x20, 0x7FC, 8), [1, 2, 3, 4, 5, 6, 7, 8]);
    port.set_register(&mut chip, 8, 0x48);
    assert_eq!(port.read(&mut chip, go, 6, 0x20, 0x7FC, 8), [1, 2, 3, 4, 9, 9, 9, 9]);
    // The other commands go round the length that MR8 names: 16 words.
    chip.units.set_psram_cells(0, &(0..64).collect::<Vec<u8>>());
    port.set_register(&mut chip, 8, 0x40);
    assert_eq!(port.read(&mut chip, go, 6, 0x00, 0x1E, 4), [0x1E, 0x1F, 0, 1]);
    port.set_register(&mut chip, 8, 0x44);
    let hybrid = port.read(&mut chip, go, 6, 0x00, 0x1E, 36);
    assert_eq!((&hybrid[..4], &hybrid[30..]), (&[0x1E, 0x1F, 0, 1][..], &[0x1C, 0x1D, 0x20, 0x21, 0x22, 0x23][..]));
}

#[test]
fn a_psram_that_sleeps_wakes_by_a_command_and_keeps_or_loses_its_cells() {
    let (mut chip, port) = ready();
    port.set_up(&mut chip);
    chip.units.set_psram_cells(0, b"kept");
    port.set_register(&mut chip, 6, 0xF0);
    let go = ADDRESSED | DATA_16 | STROBE;
    assert_eq!(port.read(&mut chip, go, 6, 0x20, 0, 1), [0xFF]);
    assert!(chip.was_refused("wakes up"));
    assert_eq!(port.read(&mut chip, go, 6, 0x20, 0, 4), b"kept");
    port.set_register(&mut chip, 6, 0xC0);
    assert_eq!(port.read(&mut chip, go, 6, 0x20, 0, 1), [0xFF]);
    assert_ne!(port.read(&mut chip, go, 6, 0x20, 0, 4), b"kept");
}

#[test]
fn commands_in_any_order_never_panic() {
    const REGISTERS: [u32; 12] = [0x00, 0x24, 0x40, 0x48, 0x50, 0x100, 0x108, 0x110, 0x180, 0x188, 0x190, 0x08];
    const VALUES: [u32; 20] = [
        1,
        3,
        READ,
        2 << 28 | 1,
        MAPPED,
        0x00,
        0x20,
        0x40,
        0x80,
        0xA0,
        0xC0,
        0xFF,
        ADDRESSED | DATA_8 | STROBE,
        ADDRESSED | DATA_16 | STROBE,
        ADDRESSED | DATA_8,
        4,
        6,
        8,
        !0,
        6 << 24 | 24 << 16,
    ];
    let (mut chip, port) = mapped();
    let mut state = 0x1234_5678u32;
    let mut next = |bound: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % bound
    };
    for _ in 0..100_000 {
        let address = WINDOW + 4 * next(1 << 10) as u32;
        match next(8) {
            0 => drop(chip.try_read(address, Width::Word)),
            1 => drop(chip.try_write(address, Width::Word, 7)),
            2 => drop(chip.try_read(port.0 + 0x50, Width::Byte)),
            3 => {
                copy(&mut chip, RAM, address & !0xF, 64);
            }
            _ => chip.write(port.0 + REGISTERS[next(REGISTERS.len())], VALUES[next(VALUES.len())]),
        }
    }
    assert_eq!(chip.units.nonvolatile_writes(), 0);
}

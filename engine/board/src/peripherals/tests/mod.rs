//! Register-level tests: each does what a driver does, over the same addresses.

mod external;
mod flash;
mod keys;
mod life_cycle;
mod mailbox;
mod psram;
mod security;

use chip::registers as at;

use super::{Peripherals, ResetCause};
use crate::bus::{BusError, Width};
use crate::memory::Memory;
use crate::nonvolatile::NonVolatile;

/// Peripherals, memories and a clock, without a core.
pub(super) struct Chip {
    pub(super) units: Peripherals,
    pub(super) memory: Memory,
    pub(super) now: u64,
}

impl Chip {
    /// A new board whose flash works at once.
    pub(super) fn new() -> Self {
        Self::with(NonVolatile::new(Some(7), b"rom").unwrap(), 0)
    }

    /// A new board whose flash takes its time.
    pub(super) fn timed() -> Self {
        Self::with(NonVolatile::new(Some(7), b"rom").unwrap(), 1000)
    }

    pub(super) fn with(state: NonVolatile, time_scale: u32) -> Self {
        let mut memory = Memory::new();
        let units = Peripherals::power_on(state, 1, time_scale, &mut memory);
        Self { units, memory, now: 0 }
    }

    /// Takes the power away and gives it back.
    pub(super) fn power_cycle(self) -> Self {
        Self::with(self.units.nonvolatile(&self.memory), 0)
    }

    pub(super) fn reset(&mut self) {
        self.units.reset(ResetCause::Software, &mut self.memory, self.now);
    }

    pub(super) fn try_read(&mut self, address: u32, width: Width) -> Result<u32, BusError> {
        self.units.read(address, width, &mut self.memory, self.now)
    }

    pub(super) fn try_write(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusError> {
        self.units.write(address, width, value, &mut self.memory, self.now)
    }

    pub(super) fn read(&mut self, address: u32) -> u32 {
        self.try_read(address, Width::Word).unwrap()
    }

    pub(super) fn write(&mut self, address: u32, value: u32) {
        self.try_write(address, Width::Word, value).unwrap();
    }

    pub(super) fn set(&mut self, address: u32, bits: u32) {
        let value = self.read(address) | bits;
        self.write(address, value);
    }

    /// A store to flash or the one-time area.
    pub(super) fn store(&mut self, address: u32, width: Width, value: u32) {
        self.units.flash_store(address, width, value, &mut self.memory, self.now).unwrap();
    }

    pub(super) fn memory(&self, address: u32, size: usize) -> Vec<u8> {
        let mut out = vec![0; size];
        self.memory.read(address, &mut out).unwrap();
        out
    }

    /// Lets time pass until the next thing that is due.
    pub(super) fn pass(&mut self) {
        self.now = self.units.deadline().unwrap();
        self.units.advance(&mut self.memory, self.now);
    }

    /// Raises the protection level to `level`.
    pub(super) fn raise(&mut self, level: u8) {
        while self.units.level() < level {
            self.write(at::SBS + chip::security::SBS_HDPLCR, chip::security::HDPL_STEP);
        }
    }

    /// Whether anything was refused with these words.
    pub(super) fn was_refused(&self, words: &str) -> bool {
        self.units
            .trace
            .since(0)
            .any(|entry| matches!(entry.kind, crate::TraceKind::Refused { what, .. } if what.contains(words)))
    }
}

/// A small generator for accesses without pattern.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }
}

/// 200,000 accesses without pattern to every unit; gives a digest of all answers and what they left.
fn wild_accesses(seed: u64, mut chip: Chip) -> (u64, Vec<u8>) {
    const BASES: [u32; 24] = [
        at::FLASH,
        at::FLASH + 0x200,
        at::SBS,
        at::RCC,
        at::RCC + 0x130,
        at::PWR,
        at::EXTI,
        at::IWDG,
        at::CRC,
        at::MCE1,
        at::MCE2 + 0x200,
        at::MCE3,
        at::XSPI1,
        at::XSPI1 + 0x100,
        at::XSPI2,
        at::XSPIM,
        at::HPDMA1,
        at::HPDMA1 + 0x640,
        at::RNG,
        at::SAES,
        at::UART4,
        at::DBGMCU + 0x100,
        at::GPIOM + 0x400,
        0x4000_0000,
    ];
    const VALUES: [u32; 12] = [
        0x4567_0123,
        0xCDEF_89AB,
        0x0819_2A3B,
        0x4C5D_6E7F,
        0x6A,
        0xB4B4_B4B4,
        0x3000_0001,
        0x1000_0001,
        0x0100_3101,
        0x2400_0000,
        0x9000_0000,
        0xFFFF_FFFF,
    ];
    let mut noise = Noise(seed);
    let mut digest = seed;
    for _ in 0..200_000 {
        let pick = noise.next();
        let address = match pick % 16 {
            0 => 0x4000_0000 + noise.next() % 0x2000_0000,
            1 => [0x9000_0000, 0x7000_0000][(pick >> 8) as usize % 2] + noise.next() % 0x1000_0000,
            2 => 0x0800_0000 + noise.next() % 0x1_0000,
            3 => 0x08FF_F000 + noise.next() % 0x400,
            _ => BASES[(pick >> 8) as usize % BASES.len()] + noise.next() % 0x100,
        };
        let width = [Width::Byte, Width::Half, Width::Word][(pick >> 20) as usize % 3];
        let address = address & !(width.bytes() - 1);
        let value = match noise.next() % 4 {
            0 => VALUES[noise.next() as usize % VALUES.len()],
            1 => 1 << (noise.next() % 32),
            2 => noise.next() & noise.next() & noise.next(),
            _ => noise.next(),
        };
        let answer = if address < 0x1000_0000 {
            let stored = chip.units.flash_store(address, width, value, &mut chip.memory, chip.now);
            u64::from(stored.is_ok())
        } else if pick >> 28 & 1 == 0 {
            chip.try_read(address, width).map_or(u64::MAX, u64::from)
        } else {
            u64::from(chip.try_write(address, width, value).is_ok())
        };
        digest = digest.rotate_left(5).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ answer;
        chip.now += u64::from(pick >> 24);
        if pick.is_multiple_of(997) {
            chip.units.console_receive(b"x");
            chip.reset();
        }
        if let Some(cause) = chip.units.take_reset_request() {
            chip.units.reset(cause, &mut chip.memory, chip.now);
        }
        chip.units.interrupts();
    }
    (digest, chip.units.nonvolatile(&chip.memory).encode().to_vec())
}

#[test]
fn no_register_access_panics_and_the_same_accesses_give_the_same_run() {
    for seed in [3, 99] {
        assert_eq!(wild_accesses(seed, Chip::timed()), wild_accesses(seed, Chip::timed()));
    }
    // From a board whose external memory is up, so that accesses go further.
    wild_accesses(5, external::ready(1000));
}

#[test]
fn an_unknown_register_reads_zero_ignores_writes_and_is_counted() {
    let mut chip = Chip::new();
    for _ in 0..3 {
        chip.write(0x4802_2000, 5);
        assert_eq!(chip.read(0x4802_2000), 0);
    }
    let counted = chip.units.trace.unknown_registers().collect::<Vec<_>>();
    assert_eq!(counted, [(0x4802_2000, false, 3), (0x4802_2000, true, 3)]);
}

#[test]
fn a_unit_without_clock_reads_zero_and_ignores_writes() {
    let mut chip = Chip::new();
    chip.write(at::CRC, 0x1234);
    assert_eq!(chip.read(at::CRC), 0);
    assert!(chip.was_refused("clock is off"));
    chip.set(at::RCC + 0x140, 1 << 19);
    assert_eq!(chip.read(at::CRC), 0xFFFF_FFFF);
}

#[test]
fn ready_bits_follow_enable_bits() {
    let mut chip = Chip::new();
    assert_eq!(chip.read(at::RCC), 0x25);
    chip.set(at::RCC, 1 << 12 | 1 << 24 | 1 << 26);
    assert_eq!(chip.read(at::RCC) & (1 << 13 | 1 << 25 | 1 << 27), 1 << 13 | 1 << 25 | 1 << 27);
    chip.write(at::RCC + 0x10, 3);
    assert_eq!(chip.read(at::RCC + 0x10), 3 | 3 << 3);
    assert_eq!(chip.read(at::PWR + 0x0C), 6, "the supply as it is after reset");
    chip.write(at::PWR + 0x0C, 4);
    assert_eq!(chip.read(at::PWR + 0x0C), 4 | 1 << 16);
}

#[test]
fn reset_flags_tell_the_cause_until_they_are_cleared() {
    let mut chip = Chip::new();
    assert_ne!(chip.read(at::RCC + 0x130) & 1 << 23, 0);
    chip.write(at::RCC + 0x130, 1 << 16);
    chip.reset();
    assert_eq!(chip.read(at::RCC + 0x130), 1 << 24 | 1 << 22);
}

#[test]
fn the_watchdog_resets_unless_it_is_reloaded() {
    let mut chip = Chip::new();
    for value in [0xCCCC, 0x5555] {
        chip.write(at::IWDG, value);
    }
    chip.write(at::IWDG + 8, 9);
    chip.write(at::IWDG, 0xAAAA);
    // 10 ticks of 4/32000 s, at 64 instructions a microsecond.
    assert_eq!(chip.units.deadline(), Some(10 * 4 * 64 * 1_000_000 / 32_000));
    chip.now = 50_000;
    chip.write(at::IWDG, 0xAAAA);
    assert_eq!(chip.units.deadline(), Some(50_000 + 80_000));
    chip.pass();
    assert_eq!(chip.units.take_reset_request(), Some(ResetCause::Watchdog));
}

#[test]
fn the_crc_unit_computes_known_values() {
    let mut chip = Chip::new();
    chip.set(at::RCC + 0x140, 1 << 19);
    // CRC-32/MPEG-2 of "123456789" in bytes.
    for byte in b"123456789" {
        chip.try_write(at::CRC, Width::Byte, u32::from(*byte)).unwrap();
    }
    assert_eq!(chip.read(at::CRC), 0x0376_E6E7);
    // Both reversals and a final exclusive or make it the common CRC-32.
    chip.write(at::CRC + 8, 1 | 1 << 5 | 1 << 7);
    for byte in b"123456789" {
        chip.try_write(at::CRC, Width::Byte, u32::from(*byte)).unwrap();
    }
    assert_eq!(!chip.read(at::CRC), 0xCBF4_3926);
    // Whole words, as the firmware's provisioning check feeds it.
    chip.write(at::CRC + 8, 1);
    chip.write(at::CRC, 0xDEAD_BEEF);
    assert_eq!(chip.read(at::CRC), chip::rsslib::crc32_word(chip::rsslib::CRC_INIT, 0xDEAD_BEEF));
}

#[test]
fn random_numbers_come_from_the_seed_and_go_on_over_a_reset() {
    let draw = |chip: &mut Chip| {
        chip.set(at::RCC + 0x158, 1);
        chip.write(at::RNG, 1 << 2);
        assert_eq!(chip.read(at::RNG + 4) & 3, if chip.read(at::RCC) >> 13 & 1 == 0 { 2 } else { 1 });
        chip.set(at::RCC, 1 << 12);
        assert_eq!(chip.read(at::RNG + 4) & 1, 1);
        [chip.read(at::RNG + 8), chip.read(at::RNG + 8)]
    };
    let mut chip = Chip::new();
    let first = draw(&mut chip);
    assert_ne!(first[0], first[1]);
    assert_eq!(first, draw(&mut Chip::new()));
    chip.reset();
    assert_ne!(first, draw(&mut chip), "a reset does not repeat numbers");
}

#[test]
fn the_console_reaches_the_person_over_its_registers() {
    let mut chip = Chip::new();
    chip.set(at::RCC + 0x148, 1 << 19);
    chip.write(at::UART4 + 0x0C, 556);
    chip.write(at::UART4, 1 | 1 << 2 | 1 << 3 | 1 << 5);
    chip.write(at::UART4 + 0x28, u32::from(b'!'));
    assert_eq!(chip.units.console_take(), b"!");
    chip.units.console_receive(b"?");
    chip.units.advance(&mut chip.memory, chip.now);
    assert_eq!(chip.units.interrupts()[2] >> (85 - 64) & 1, 1);
    assert_eq!(chip.read(at::UART4 + 0x24), u32::from(b'?'));
    assert_eq!(chip.units.interrupts(), [0; 5]);
}

#[test]
fn a_narrow_write_keeps_the_other_lanes_of_a_register() {
    let mut chip = Chip::new();
    chip.set(at::RCC + 0x140, 1 << 13);
    chip.write(at::GPIOM + 0x400 + 0x20, 0x1234_5678);
    chip.try_write(at::GPIOM + 0x400 + 0x21, Width::Byte, 0x99).unwrap();
    assert_eq!(chip.read(at::GPIOM + 0x400 + 0x20), 0x1234_9978);
    assert_eq!(chip.try_read(at::GPIOM + 0x400 + 0x22, Width::Half).unwrap(), 0x1234);
}

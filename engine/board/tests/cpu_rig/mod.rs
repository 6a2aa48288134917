//! A board for tests of the core: a ROM that sleeps, a vector table in RAM whose handlers spin, debug open.
#![allow(dead_code)]

use board::{Board, BoardOptions, CoreRegister, NonVolatile, Stopped, Width};

/// The vector table in RAM.
pub const VECTORS: u32 = 0x2400_0000;
/// Where test programs begin.
pub const PROGRAM: u32 = 0x2400_1000;
/// Plain data.
pub const DATA: u32 = 0x2400_8000;
/// The stack's top at the start.
pub const STACK: u32 = 0x2001_0000;

pub const ICSR: u32 = 0xE000_ED04;
pub const VTOR: u32 = 0xE000_ED08;
pub const AIRCR: u32 = 0xE000_ED0C;
pub const SCR: u32 = 0xE000_ED10;
pub const CCR: u32 = 0xE000_ED14;
pub const SHCSR: u32 = 0xE000_ED24;
pub const CFSR: u32 = 0xE000_ED28;
pub const HFSR: u32 = 0xE000_ED2C;
pub const DFSR: u32 = 0xE000_ED30;
pub const MMFAR: u32 = 0xE000_ED34;
pub const BFAR: u32 = 0xE000_ED38;
pub const CPACR: u32 = 0xE000_ED88;
pub const DHCSR: u32 = 0xE000_EDF0;
pub const DCRSR: u32 = 0xE000_EDF4;
pub const DCRDR: u32 = 0xE000_EDF8;
pub const DEMCR: u32 = 0xE000_EDFC;
pub const KEY: u32 = 0xA05F_0000;
/// SHCSR with all three fault handlers on.
pub const FAULTS_ON: u32 = 7 << 16;

const SBS_DBGCR: u32 = 0x5800_0400 + chip::security::SBS_DBGCR;

pub struct Rig {
    pub board: Board,
}

/// Every exception of the ROM sleeps.
pub fn rom() -> Vec<u8> {
    let words = [0x2000_8000u32].into_iter().chain([0x1FF0_0041; 15]);
    words.flat_map(u32::to_le_bytes).chain([0x30, 0xBF, 0xFD, 0xE7]).collect()
}

pub fn handler(exception: u32) -> u32 {
    VECTORS + 0x400 + exception * 0x10
}

impl Rig {
    /// A board about to run `program`; each exception's handler is `b .`.
    pub fn new(program: &[u16]) -> Self {
        let rom = rom();
        let nonvolatile = NonVolatile::new(Some(7), &rom).unwrap();
        let board = Board::power_on(nonvolatile, &rom, BoardOptions::default()).unwrap();
        let mut rig = Self { board };
        rig.open_debug();
        rig.write(VECTORS, STACK);
        for exception in 1..172 {
            rig.write(VECTORS + exception * 4, handler(exception) | 1);
            rig.set_handler(exception, &[0xE7FE]);
        }
        rig.write(VTOR, VECTORS);
        rig.program(PROGRAM, program);
        rig.board.set_register(CoreRegister::Msp, STACK);
        rig.board.set_register(CoreRegister::Pc, PROGRAM);
        rig
    }

    /// What the ROM does: port and halting debug open.
    pub fn open_debug(&mut self) {
        let now = self.board.now();
        let open = chip::security::UNLOCK << 8 | chip::security::UNLOCK;
        let Board { peripherals, memory, .. } = &mut self.board;
        peripherals.write(SBS_DBGCR, Width::Word, open, memory, now).unwrap();
    }

    pub fn set_handler(&mut self, exception: u32, code: &[u16]) {
        self.program(handler(exception), code);
    }

    pub fn program(&mut self, address: u32, code: &[u16]) {
        let bytes: Vec<u8> = code.iter().flat_map(|half| half.to_le_bytes()).collect();
        self.board.memory.write(address, &bytes).unwrap();
    }

    pub fn write(&mut self, address: u32, value: u32) {
        self.board.debug_write(address, Width::Word, value).unwrap();
    }

    pub fn read(&mut self, address: u32) -> u32 {
        self.board.debug_read(address, Width::Word).unwrap()
    }

    pub fn set(&mut self, register: u8, value: u32) {
        self.board.set_register(CoreRegister::R(register), value);
    }

    pub fn get(&self, register: u8) -> u32 {
        self.board.register(CoreRegister::R(register))
    }

    pub fn pc(&self) -> u32 {
        self.board.register(CoreRegister::Pc)
    }

    /// The running exception.
    pub fn ipsr(&self) -> u32 {
        self.board.register(CoreRegister::Xpsr) & 0x1FF
    }

    pub fn run(&mut self, instructions: u64) -> Stopped {
        self.board.run(instructions)
    }

    /// Switches halting debug on.
    pub fn attach(&mut self) {
        self.write(DHCSR, KEY | 1);
    }
}

//! A board on the bench of a test: run it, halt it, call into its ROM as a debugger would, listen to its trace.

use std::path::PathBuf;

use board::{Board, BoardOptions, CoreRegister, NonVolatile, NorClip, Stopped, TraceKind, Width};
use chip::rsslib;
use chip::trace::{Event, Stage, TraceWord};

pub const ROM: &[u8] = include_bytes!("../../../../assets/firmware/rom.bin");
pub const VECTORS: &str = "STIROT_VECTORS";

const DHCSR: u32 = 0xE000_EDF0;
const DCRSR: u32 = 0xE000_EDF4;
const DCRDR: u32 = 0xE000_EDF8;
const DEMCR: u32 = 0xE000_EDFC;
const DEBUG_KEY: u32 = 0xA05F_0000;
const C_DEBUGEN: u32 = 1;
const S_RESET_ST: u32 = 1 << 25;
const VC_CORERESET: u32 = 1;
const FP_CTRL: u32 = 0xE000_2000;
const FP_COMP0: u32 = 0xE000_2008;
const RETURN: u32 = 0x2405_FFF0;
const BUFFER: u32 = 0x2404_0000;
/// Where the images of ST's configuration are downloaded, in the NOR.
pub const DOWNLOAD: u32 = 0x2_0000;

/// More instructions than any pass of the firmware takes.
const LONG: u64 = 2_000_000_000;

/// How a call into the ROM ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Returned(u32),
    Reset,
    /// The port shut, or nothing more happened.
    Gone,
}

/// ST's published files, as the board sees them: bytes.
pub struct Vectors {
    pub debug_authentication: Vec<u8>,
    pub configuration: Vec<u8>,
    pub data: Vec<u8>,
    pub image: Vec<u8>,
}

pub fn factory() -> NonVolatile {
    NonVolatile::new(Some(7), ROM).unwrap()
}

pub fn vectors() -> Option<Vectors> {
    let root = std::env::var_os(VECTORS)
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"), PathBuf::from);
    let read = |name: &str| std::fs::read(root.join(name)).ok();
    Some(Vectors {
        debug_authentication: read("da/Binary/DA_Config.obk")?,
        configuration: read("stirot/Binary/STiROT_Config.obk")?,
        data: read("stirot/Binary/STiROT_Data.obk")?,
        image: slot(&String::from_utf8(read("stirot/Image/appli_enc_sign.hex")?).unwrap()),
    })
}

/// The bytes of a slot of 128 KiB at 0x9002_0000 from an Intel hex file.
fn slot(hex: &str) -> Vec<u8> {
    let mut slot = vec![0xFF; 0x2_0000];
    let mut upper = 0;
    for line in hex.lines() {
        let bytes: Vec<u8> =
            (1..line.len() - 1).step_by(2).map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap()).collect();
        let address = u32::from(bytes[1]) << 8 | u32::from(bytes[2]);
        match bytes[3] {
            0 => {
                let start = (upper + address - 0x9002_0000) as usize;
                let data = &bytes[4..bytes.len() - 1];
                slot[start..start + data.len()].copy_from_slice(data);
            }
            4 => upper = (u32::from(bytes[4]) << 8 | u32::from(bytes[5])) << 16,
            _ => {}
        }
    }
    slot
}

/// A board that was provisioned with ST's published objects and image, closed, and not booted yet.
pub fn closed() -> Option<Rig> {
    let Some(vectors) = vectors() else {
        eprintln!("SKIPPED: {VECTORS} names no folder with ST's published vectors");
        return None;
    };
    let mut rig = Rig::new(factory());
    rig.halt();
    assert_eq!(rig.call(rsslib::SET_PRODUCT_STATE, &[0x17]), Ended::Reset);
    for object in [&vectors.debug_authentication, &vectors.configuration, &vectors.data] {
        assert_eq!(rig.provision(object), Ended::Reset);
        assert_eq!(rig.call(rsslib::GET_RSS_STATUS, &[]), Ended::Returned(rsslib::SUCCESS));
    }
    assert_eq!(rig.call(rsslib::SET_SEC_OB, &[0x5200_220C, 0xFF00_0000, 0xB4, 24]), Ended::Reset);
    assert_eq!(rig.call_once(rsslib::SET_PRODUCT_STATE, &[0x72]), Ended::Gone);
    let mut state = rig.board.snapshot();
    let loader = include_bytes!("../../../../assets/firmware/iloader.bin");
    state.user_flash[..loader.len()].copy_from_slice(loader);
    let mut rig = Rig::new(state);
    rig.program_nor(DOWNLOAD, &vectors.image);
    let state = rig.board.snapshot();
    Some(Rig::new(state))
}

pub struct Rig {
    pub board: Board,
    pub heard: Vec<TraceWord>,
    cursor: u64,
}

impl Rig {
    pub fn new(state: NonVolatile) -> Self {
        let options = BoardOptions { time_scale: 0, ..BoardOptions::default() };
        Self::around(Board::power_on(state, ROM, options).unwrap())
    }

    /// A bench around a board that runs already.
    pub fn around(board: Board) -> Self {
        let cursor = board.peripherals.trace.cursor();
        Self { board, heard: Vec::new(), cursor }
    }

    /// Runs until the core sleeps for good, is halted or locked up.
    pub fn settle(&mut self) {
        self.run_until(|_| false);
    }

    pub fn run(&mut self, instructions: u64) {
        let end = self.board.now() + instructions;
        while self.board.now() < end {
            if !self.slice(end - self.board.now()) {
                break;
            }
        }
    }

    /// Runs until `done`, or until nothing happens any more.
    pub fn run_until(&mut self, done: impl Fn(&mut Self) -> bool) {
        let end = self.board.now() + LONG;
        while self.board.now() < end {
            let goes_on = self.slice(100_000);
            if done(self) || !goes_on {
                return;
            }
        }
        panic!("the board is still busy after {LONG} instructions; the last words: {:?}", self.heard.last());
    }

    /// Some instructions; false when nothing will happen by itself any more.
    fn slice(&mut self, instructions: u64) -> bool {
        let stopped = self.board.run(instructions);
        self.listen();
        match stopped {
            Stopped::Budget => true,
            Stopped::Sleeping { until: Some(until) } => {
                self.board.skip_to(until);
                true
            }
            Stopped::Sleeping { until: None } | Stopped::Halted | Stopped::LockedUp => false,
        }
    }

    fn listen(&mut self) {
        let trace = &self.board.peripherals.trace;
        for entry in trace.since(self.cursor) {
            if let TraceKind::Word(word) = &entry.kind {
                self.heard.push(*word);
            }
        }
        self.cursor = trace.cursor();
    }

    pub fn forget(&mut self) {
        self.listen();
        self.heard.clear();
    }

    pub fn said(&self, stage: Stage, event: Event, detail: u16) -> bool {
        self.heard.contains(&TraceWord { stage, event, detail })
    }

    pub fn heard(&self, stage: Stage, event: Event) -> bool {
        self.heard.iter().any(|word| word.stage == stage && word.event == event)
    }

    pub fn read(&mut self, address: u32) -> u32 {
        self.board.debug_read(address, Width::Word).unwrap()
    }

    pub fn write(&mut self, address: u32, value: u32) {
        self.board.debug_write(address, Width::Word, value).unwrap();
    }

    /// Resets with the catch armed, as probe-rs does before it calls or flashes.
    pub fn halt(&mut self) {
        // The port is shut until the ROM opens it.
        self.run_until(|rig| rig.board.peripherals.debug_access().core_port_open);
        assert!(self.board.peripherals.debug_access().core_port_open, "the ROM never opened the port");
        self.write(DHCSR, DEBUG_KEY | C_DEBUGEN);
        self.write(DEMCR, VC_CORERESET);
        self.board.reset(board::ResetCause::Pin);
        self.settle();
        assert!(self.board.is_halted());
    }

    /// Calls a function of RSSLIB on the core, halted after a reset.
    pub fn call(&mut self, slot: u32, arguments: &[u32]) -> Ended {
        self.halt();
        self.call_once(slot, arguments)
    }

    /// As [`Self::call`], on the core as it stands halted.
    pub fn call_once(&mut self, slot: u32, arguments: &[u32]) -> Ended {
        if !self.board.is_halted() {
            self.halt();
        }
        let function = self.read(slot);
        self.write(RETURN, 0xE7FE_E7FE);
        for (register, value) in (0..).zip(arguments) {
            self.set_register(register, *value);
        }
        self.set_register(13, 0x2001_0000);
        self.set_register(14, RETURN | 1);
        self.set_register(15, function & !1);
        self.set_register(16, 1 << 24);
        self.write(FP_COMP0, RETURN | 1);
        self.write(FP_CTRL, 3);
        self.write(DEMCR, VC_CORERESET);
        let _clear = self.read(DHCSR);
        self.write(DHCSR, DEBUG_KEY | C_DEBUGEN);
        self.settle();
        if !self.board.peripherals.debug_access().core_port_open {
            return Ended::Gone;
        }
        let status = self.read(DHCSR);
        if !self.board.is_halted() {
            Ended::Gone
        } else if status & S_RESET_ST != 0 {
            Ended::Reset
        } else {
            self.write(FP_COMP0, 0);
            assert_eq!(self.register(15), RETURN);
            Ended::Returned(self.register(0))
        }
    }

    /// DataProvisioning with the bytes of an obk file.
    pub fn provision(&mut self, object: &[u8]) -> Ended {
        self.provision_with(object, |crc| crc)
    }

    pub fn provision_with(&mut self, object: &[u8], change: impl Fn(u32) -> u32) -> Ended {
        self.halt();
        let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
        let (destination, size, flag) = (word(&object[..4]), word(&object[4..8]), word(&object[8..12]));
        let mut crc = rsslib::CRC_INIT;
        let mut address = BUFFER;
        for bytes in object[12..].chunks(4) {
            crc = rsslib::crc32_word(crc, word(bytes));
            self.write(address, word(bytes));
            address += 4;
        }
        let structure = [BUFFER, destination, size, flag];
        crc = structure.into_iter().fold(crc, rsslib::crc32_word);
        for (index, value) in (0..).zip(structure.into_iter().chain([change(crc)])) {
            self.write(address + 4 * index, value);
        }
        self.call_once(rsslib::DATA_PROVISIONING, &[address])
    }

    /// Starts a program by its vector table on the halted core, and lets it run until it sleeps or resets the chip.
    pub fn start(&mut self, table: u32) {
        let (stack, entry) = (self.read(table), self.read(table + 4));
        self.write(0xE000_ED08, table);
        self.set_register(13, stack);
        self.set_register(15, entry & !1);
        self.set_register(16, 1 << 24);
        self.write(DEMCR, VC_CORERESET);
        self.write(DHCSR, DEBUG_KEY | C_DEBUGEN);
        self.settle();
    }

    /// The detail of the first such word.
    pub fn detail(&self, stage: Stage, event: Event) -> Option<u16> {
        self.heard.iter().find(|word| word.stage == stage && word.event == event).map(|word| word.detail)
    }

    /// When the first such word was left, in instructions since power-on.
    pub fn moment(&self, stage: Stage, event: Event) -> u64 {
        let word =
            |kind: &TraceKind| matches!(kind, TraceKind::Word(word) if word.stage == stage && word.event == event);
        self.board.peripherals.trace.since(0).find(|entry| word(&entry.kind)).unwrap().at
    }

    /// Skips the instruction that would come next, as a glitch does; a conditional block goes on behind it.
    pub fn skip(&mut self) {
        let address = self.board.register(CoreRegister::Pc);
        let mut half = [0; 2];
        self.board.memory.read(address, &mut half).unwrap();
        let wide = u16::from_le_bytes(half) >> 11 >= 0x1D;
        let xpsr = self.board.register(CoreRegister::Xpsr);
        let state = xpsr >> 25 & 3 | xpsr >> 8 & 0xFC;
        let next = if state & 7 == 0 { 0 } else { state & 0xE0 | state << 1 & 0x1F };
        self.board.set_register(CoreRegister::Xpsr, xpsr & !0x0600_FC00 | (next & 3) << 25 | (next & 0xFC) << 8);
        let behind = address + if wide { 4 } else { 2 };
        self.board.set_register(CoreRegister::Pc, behind);
        assert_eq!(self.board.register(CoreRegister::Pc), behind);
    }

    /// What the console said since the last look.
    pub fn console(&mut self) -> String {
        String::from_utf8_lossy(&self.board.peripherals.console_take()).into_owned()
    }

    /// Types, lets the board work on it, and returns its answer.
    pub fn type_in(&mut self, keys: &str) -> String {
        self.board.peripherals.console_receive(keys.as_bytes());
        self.settle();
        self.console()
    }

    /// Leaves the NOR speaking octal: 1 = single, 2 = double data rate. Drives XSPI1 as a program on the chip would.
    pub fn speak_octal(&mut self, mode: u32) {
        const XSPI1: u32 = 0x5200_5000;
        let steps = [
            (0x5802_4534, 1 << 5 | 1 << 12 | 1 << 14),
            (0x5200_B400, 2),
            (XSPI1, 1),
            // Write enable, then configuration register 2.
            (XSPI1 + 0x100, 1),
            (XSPI1 + 0x110, 0x06),
            (XSPI1 + 0x40, 0),
            (XSPI1 + 0x100, 1 | 1 << 8 | 3 << 12 | 1 << 24),
            (XSPI1 + 0x110, 0x72),
            (XSPI1 + 0x48, 0),
            (XSPI1 + 0x50, mode),
        ];
        for (address, value) in steps {
            let width = if address == XSPI1 + 0x50 { Width::Byte } else { Width::Word };
            let now = self.board.now();
            self.board.peripherals.write(address, width, value, &mut self.board.memory, now).unwrap();
        }
    }

    fn set_register(&mut self, register: u32, value: u32) {
        self.write(DCRDR, value);
        self.write(DCRSR, 1 << 16 | register);
    }

    fn register(&mut self, register: u32) -> u32 {
        self.write(DCRSR, register);
        self.read(DCRDR)
    }

    pub fn nor(&mut self, offset: u32, size: usize) -> Vec<u8> {
        NorClip::new(&mut self.board).read(offset, size)
    }

    pub fn program_nor(&mut self, offset: u32, data: &[u8]) {
        NorClip::new(&mut self.board).write(offset, data);
    }

    /// Resets with the request in the mailbox, asks, and lets the board boot on.
    pub fn discover(&mut self) -> Vec<(u16, Vec<u8>)> {
        use chip::mailbox::{ANSWER_MAGIC, REQUEST_MAGIC, command};
        self.forget();
        self.board.set_nrst(true);
        self.say(REQUEST_MAGIC);
        self.board.set_nrst(false);
        assert_eq!(self.hear(), ANSWER_MAGIC);
        self.say(u32::from(command::DISCOVERY) << 16);
        self.say(0);
        assert_eq!(self.hear(), 0);
        let words = self.hear();
        let bytes: Vec<u8> = (0..words).flat_map(|_| self.hear().to_le_bytes()).collect();
        self.say(u32::from(command::CLOSE_SESSION) << 16);
        self.say(0);
        assert_eq!(self.hear(), 0);
        assert_eq!(self.hear(), 0);
        let mut values = Vec::new();
        let mut rest = &bytes[..];
        while rest.len() >= 8 {
            let tag = u16::from_le_bytes([rest[2], rest[3]]);
            let length = u32::from_le_bytes([rest[4], rest[5], rest[6], rest[7]]) as usize;
            if tag == 0 {
                break;
            }
            values.push((tag, rest[8..8 + length].to_vec()));
            rest = &rest[8 + length..];
        }
        values
    }

    /// Puts a word into the mailbox.
    pub fn say(&mut self, word: u32) {
        self.board.peripherals.dbgmcu_write_host(chip::mailbox::DBG_AUTH_HOST, word);
        self.run(20_000);
    }

    /// The next word out of the mailbox.
    pub fn hear(&mut self) -> u32 {
        for _ in 0..100 {
            if self.board.peripherals.dbgmcu_read_host(chip::mailbox::DBG_AUTH_ACK) & chip::mailbox::DEV_ACK != 0 {
                let word = self.board.peripherals.dbgmcu_read_host(chip::mailbox::DBG_AUTH_DEV);
                self.run(20_000);
                return word;
            }
            self.run(20_000);
        }
        panic!("no word from the board; heard {:?}", self.heard)
    }
}

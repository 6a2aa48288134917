//! Debug authentication as a test speaks it: the mailbox word by word, certificates and tokens put together from the
//! fact sheet (`silicon.md` 4.5 and 4.6), not with the product's own code for them.

#[path = "../boot_rom_rig/mod.rs"]
pub mod boot_rom_rig;
pub mod credentials;

use board::{DapFault, DapRegister, DebugPort, NonVolatile};
use boot_rom_rig::{Ended, Rig, factory};
use chip::mailbox::{ANSWER_MAGIC, DBG_AUTH_ACK, DBG_AUTH_DEV, DBG_AUTH_HOST, DEV_ACK, HOST_ACK, REQUEST_MAGIC};
use chip::mailbox::{command, tag};
use chip::registers::{DBGMCU_CR, DBGMCU_CR_DCRT};
use chip::rsslib;

pub use credentials::*;

/// More instructions than any answer takes.
const ANSWER_LIMIT: u64 = 600_000_000;

/// An answer: its status and its bytes.
pub type Answer = (u16, Vec<u8>);

/// A program for user flash that starts at level 1, goes up to level 3 in two steps, and sleeps there.
pub const CLIMBER: [u32; 10] = [
    0x2000_4000,
    0x0800_0009,
    0x216A_4805, // ldr r0, level register; movs r1, #0x6A
    0x4A05_2302, // movs r3, #2; 2: ldr r2, delay
    0xD1FD_3A01, // 3: subs r2, #1; bne 3b
    0x3B01_6001, // str r1, [r0]; subs r3, #1
    0xBF30_D1F9, // bne 2b; 4: wfi
    0xBF00_E7FD, // b 4b
    0x5800_0410,
    20_000,
];

/// A board in PROVISIONING, an object stored when there is one, and a program in user flash.
pub fn provisioning(object: Option<&[u8]>) -> NonVolatile {
    let mut state = factory();
    for (index, word) in CLIMBER.iter().enumerate() {
        state.user_flash[index * 4..index * 4 + 4].copy_from_slice(&word.to_le_bytes());
    }
    state.programmed[0] = 7;
    let mut rig = Rig::new(state);
    rig.halt();
    assert_eq!(rig.call(rsslib::SET_PRODUCT_STATE, &[0x17]), Ended::Reset);
    if let Some(object) = object {
        assert_eq!(rig.provision(object), Ended::Reset);
        assert_eq!(rig.call(rsslib::GET_RSS_STATUS, &[]), Ended::Returned(rsslib::SUCCESS));
    }
    rig.board.snapshot()
}

/// The same board in CLOSED (or LOCKED, as the object says).
pub fn closed(object: &[u8]) -> NonVolatile {
    let mut rig = Rig::new(provisioning(Some(object)));
    rig.halt();
    assert_eq!(rig.call_once(rsslib::SET_PRODUCT_STATE, &[0x72]), Ended::Gone);
    rig.board.snapshot()
}

/// A host's end of the mailbox, at a board on a bench.
pub struct Host {
    pub rig: Rig,
}

impl Host {
    pub fn new(state: NonVolatile) -> Self {
        Self { rig: Rig::new(state) }
    }

    /// A reset with the request in the mailbox.
    pub fn connect(&mut self) {
        self.rig.forget();
        self.rig.board.set_nrst(true);
        if self.flags() & DEV_ACK != 0 {
            self.rig.board.peripherals.dbgmcu_read_host(DBG_AUTH_DEV);
        }
        self.put(REQUEST_MAGIC);
        self.rig.board.set_nrst(false);
        assert_eq!(self.word(), Some(ANSWER_MAGIC));
    }

    /// The request for a session without a reset in front.
    pub fn greet(&mut self) {
        self.send(REQUEST_MAGIC);
        assert_eq!(self.word(), Some(ANSWER_MAGIC));
    }

    fn flags(&mut self) -> u32 {
        self.rig.board.peripherals.dbgmcu_read_host(DBG_AUTH_ACK)
    }

    fn put(&mut self, word: u32) {
        self.rig.board.peripherals.dbgmcu_write_host(DBG_AUTH_HOST, word);
    }

    /// Sends a word when the board has taken the one before.
    pub fn send(&mut self, word: u32) {
        for _ in 0..ANSWER_LIMIT / 200 {
            if self.flags() & HOST_ACK == 0 {
                self.put(word);
                return;
            }
            self.rig.run(200);
        }
        panic!("the board takes no word; it said {:?}", self.rig.heard);
    }

    /// The board's next word, if one comes in a time that is enough for every answer.
    pub fn word(&mut self) -> Option<u32> {
        let end = self.rig.board.now() + ANSWER_LIMIT;
        while self.flags() & DEV_ACK == 0 {
            let before = self.rig.board.now();
            self.rig.run(5_000);
            if self.rig.board.now() > end || self.rig.board.now() == before {
                return None;
            }
        }
        Some(self.rig.board.peripherals.dbgmcu_read_host(DBG_AUTH_DEV))
    }

    /// A request; the answer to it is still to come.
    pub fn request(&mut self, command: u16, data: &[u8]) {
        self.send(u32::from(command) << 16);
        self.send(data.len() as u32);
        for bytes in data.chunks(4) {
            let mut word = [0; 4];
            word[..bytes.len()].copy_from_slice(bytes);
            self.send(u32::from_le_bytes(word));
        }
    }

    pub fn answer(&mut self) -> Option<Answer> {
        let head = self.word()?;
        let words = self.word()?;
        assert!(words < 256, "{words} words announced");
        let mut data = Vec::new();
        for _ in 0..words {
            data.extend(self.word()?.to_le_bytes());
        }
        Some(((head >> 16) as u16, data))
    }

    pub fn ask(&mut self, command: u16, data: &[u8]) -> Answer {
        self.request(command, data);
        self.answer().unwrap_or_else(|| panic!("no answer to command {command}; it said {:?}", self.rig.heard))
    }

    /// The status of a tagged value that is sent as a credential's next piece.
    pub fn present(&mut self, tag: u16, value: &[u8]) -> u16 {
        self.ask(command::AUTH_RESPONSE, &tagged(tag, value)).0
    }

    /// A challenge.
    pub fn challenge(&mut self) -> [u8; 32] {
        let (status, data) = self.ask(command::AUTH_START, &[]);
        assert_eq!((status, data.len()), (0, 36), "it said {:?}", self.rig.heard);
        assert_eq!(data[..4], [1, 0, 0, 0]);
        data[4..].try_into().unwrap()
    }

    /// A whole credential by certificate: challenge, chain, token. The answer is the token's status, or that of the
    /// first certificate that was not taken.
    pub fn authenticate(&mut self, chain: &[[u8; 212]], key: &Key, permissions: u128) -> u16 {
        let challenge = self.challenge();
        for certificate in chain {
            let status = self.present(tag::CERTIFICATE, certificate);
            if status != chip::mailbox::status::NEED_MORE_DATA {
                return status;
            }
        }
        self.present(tag::TOKEN, &token(&challenge, permissions, key))
    }

    /// Ends the session and lets the board boot on.
    pub fn close(&mut self) {
        assert_eq!(self.ask(command::CLOSE_SESSION, &[]).0, 0);
    }

    /// DBGMCU_CR.DCRT, through access port 0.
    pub fn keep_grant_over_resets(&mut self) {
        self.rig.board.peripherals.dbgmcu_write_host(DBGMCU_CR, DBGMCU_CR_DCRT);
    }

    /// A word as access port 1 reads it, on a probe's way.
    pub fn port(&mut self, address: u32) -> Result<u32, DapFault> {
        const SELECT: DapRegister = DapRegister::Debug(8);
        const CONTROL: DapRegister = DapRegister::Debug(4);
        let mut port = DebugPort::new();
        port.write(&mut self.rig.board, CONTROL, 0x5000_0000)?;
        port.write(&mut self.rig.board, SELECT, 1 << 24)?;
        port.write(&mut self.rig.board, DapRegister::Access(0), 2)?;
        port.write(&mut self.rig.board, DapRegister::Access(4), address)?;
        port.read(&mut self.rig.board, DapRegister::Access(0xC))
    }
}

/// A tagged value.
pub fn tagged(tag: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0];
    bytes.extend(tag.to_le_bytes());
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend(value);
    bytes
}

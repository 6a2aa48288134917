//! The mailbox by hand: words through access port 0 by probe-rs alone, without the studio's client. For what that client
//! never sends, and to look at the chip's answers with other eyes.

use std::time::{Duration, Instant};

use chip::mailbox::{
    ANSWER_MAGIC, DBG_AUTH_ACK, DBG_AUTH_DEV, DBG_AUTH_HOST, DBGMCU_ON_AP0, DEV_ACK, HOST_ACK, REQUEST_MAGIC, command,
    status,
};
use formats::certificate::CertificateChain;
use formats::{Permissions, PrivateKey, Token};
use probe_rs::architecture::arm::dp::DpAddress;
use probe_rs::architecture::arm::sequences::DefaultArmSequence;
use probe_rs::architecture::arm::{ArmDebugInterface, FullyQualifiedApAddress};
use probe_rs::probe::list::Lister;
use provision::{Link, SiliconOptions, VirtualBoard};

const AP0: FullyQualifiedApAddress = FullyQualifiedApAddress::v1_with_default_dp(0);
const NRST: u32 = 1 << 7;

/// A session that was answered.
pub struct Wire {
    interface: Box<dyn ArmDebugInterface>,
}

impl Wire {
    /// Resets the board with the request in its mailbox.
    pub fn open(board: &VirtualBoard) -> Self {
        // A link makes the virtual probe known.
        Link::to_virtual_board(board, &SiliconOptions::default()).core_in_reach().unwrap();
        let serial = board.path().display().to_string();
        let probes = Lister::new().list_all();
        let probe = probes.iter().find(|probe| probe.serial_number.as_deref() == Some(&serial)).unwrap();
        let mut probe = probe.open().unwrap();
        probe.attach_to_unspecified().unwrap();
        let interface = probe.try_into_arm_debug_interface(DefaultArmSequence::create());
        let mut wire = Self { interface: interface.map_err(|(_, error)| error).unwrap() };
        wire.interface.select_debug_port(DpAddress::Default).unwrap();
        wire.again();
        wire
    }

    /// The same once more, from a reset on.
    pub fn again(&mut self) {
        self.interface.swj_pins(0, NRST, 0).unwrap();
        self.write(DBG_AUTH_HOST, REQUEST_MAGIC);
        if self.read(DBG_AUTH_ACK) & DEV_ACK != 0 {
            self.read(DBG_AUTH_DEV);
        }
        self.interface.swj_pins(NRST, NRST, 0).unwrap();
        assert_eq!(self.hear(), ANSWER_MAGIC);
    }

    /// A command and its answer: status and data.
    pub fn ask(&mut self, command: u16, data: &[u8]) -> (u16, Vec<u8>) {
        self.say(u32::from(command) << 16);
        self.say(data.len() as u32);
        for chunk in data.chunks(4) {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            self.say(u32::from_le_bytes(word));
        }
        let status = self.hear();
        assert_eq!(status & 0xFFFF, 0);
        let words = self.hear();
        let data = (0..words).flat_map(|_| self.hear().to_le_bytes()).collect();
        ((status >> 16) as u16, data)
    }

    /// A fresh challenge.
    pub fn challenge(&mut self) -> [u8; 32] {
        let (answered, data) = self.ask(command::AUTH_START, &[]);
        assert_eq!(answered, status::SUCCESS);
        data[4..].try_into().unwrap()
    }

    /// A chain, every certificate of which the board is to take.
    pub fn present(&mut self, chain: &CertificateChain) {
        for certificate in &chain.certificates {
            assert_eq!(self.ask(command::AUTH_RESPONSE, &certificate.encode()).0, status::NEED_MORE_DATA);
        }
    }

    /// A token as it is; what the board answers.
    pub fn token(&mut self, token: &Token) -> u16 {
        let data = [&[0, 0, 0, 2, 120, 0, 0, 0][..], &token.encode()].concat();
        self.ask(command::AUTH_RESPONSE, &data).0
    }

    /// A token signed over a challenge.
    pub fn sign(challenge: &[u8; 32], permissions: Permissions, key: &PrivateKey) -> Token {
        Token::sign(challenge, permissions, key).unwrap()
    }

    fn say(&mut self, word: u32) {
        self.wait(|ack| ack & HOST_ACK == 0);
        self.write(DBG_AUTH_HOST, word);
    }

    fn hear(&mut self) -> u32 {
        self.wait(|ack| ack & DEV_ACK != 0);
        self.read(DBG_AUTH_DEV)
    }

    fn wait(&mut self, ready: impl Fn(u32) -> bool) {
        let began = Instant::now();
        while !ready(self.read(DBG_AUTH_ACK)) {
            assert!(began.elapsed() < Duration::from_secs(20), "the board answers");
        }
    }

    fn read(&mut self, offset: u32) -> u32 {
        let mut memory = self.interface.memory_interface(&AP0).unwrap();
        memory.read_word_32(u64::from(DBGMCU_ON_AP0 + offset)).unwrap()
    }

    fn write(&mut self, offset: u32, word: u32) {
        let mut memory = self.interface.memory_interface(&AP0).unwrap();
        memory.write_word_32(u64::from(DBGMCU_ON_AP0 + offset), word).unwrap();
    }
}

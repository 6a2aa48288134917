//! The debug-authentication mailbox: the handshake, discovery, and the end of a session. Challenges, certificates and
//! passwords are not served yet, and the answer says so.
// assumption A8: words of the handshake, counts, unpadded TLVs and the discovery's values.

use chip::mailbox::{ANSWER_MAGIC, DBG_AUTH_ACK, DBG_AUTH_DEV, DBG_AUTH_HOST, DEV_ACK, HOST_ACK, REQUEST_MAGIC};
use chip::mailbox::{command, status, tag};
use chip::memory_map::UID;
use chip::trace::{Event, Stage};
use hardware::Register;
use hardware::pac::FLASH;
use hardware::stage::report;
use sha2::{Digest, Sha256};

use crate::obk;
use crate::option_bytes::State;

const HOST: Register = word(DBG_AUTH_HOST);
const DEV: Register = word(DBG_AUTH_DEV);
const ACK: Register = word(DBG_AUTH_ACK);

const fn word(offset: u32) -> Register {
    // Safety: a mailbox register of DBGMCU (CMSIS).
    unsafe { Register::at(chip::registers::DBGMCU + offset) }
}

/// How long the last answer of a session waits for the host, in looks at the flag; the host may be gone already.
const PATIENCE: u32 = 400_000;
/// The most that a request may bring, in bytes: an announced length is not believed.
const LONGEST_REQUEST: u32 = 4096;

/// Serves a session when the host has left the request in the mailbox; otherwise does nothing.
pub fn serve_if_asked(state: State) {
    if ACK.read() & HOST_ACK == 0 || HOST.read() != REQUEST_MAGIC {
        return;
    }
    report(Stage::Rss, Event::ServesDebugAuthentication, 0);
    // What an earlier session left unread is no answer to anything: it is written over.
    DEV.write(ANSWER_MAGIC);
    loop {
        match (receive() >> 16) as u16 {
            command::DISCOVERY => {
                skip_data();
                discovery(state);
                report(Stage::Rss, Event::DiscoveryAnswered, 0);
            }
            command::CLOSE_SESSION => {
                skip_data();
                report(Stage::Rss, Event::SessionClosed, 0);
                // The host may go without reading this.
                if send_within(u32::from(status::SUCCESS) << 16, PATIENCE) {
                    send_within(0, PATIENCE);
                }
                return;
            }
            command::AUTH_START | command::AUTH_RESPONSE if state == State::Locked => {
                skip_data();
                answer(status::UNAUTHORIZED);
            }
            command::AUTH_START | command::AUTH_RESPONSE | command::LOCK_DEBUG => {
                skip_data();
                answer(status::UNSUPPORTED);
            }
            // The request once more: a host that starts anew without a reset.
            half if u32::from(half) == REQUEST_MAGIC >> 16 => DEV.write(ANSWER_MAGIC),
            _ => {
                skip_data();
                answer(status::INVALID_COMMAND);
            }
        }
    }
}

fn discovery(state: State) {
    let mut answer = Answer::new();
    answer.add(tag::PROTOCOL_VERSION, &[1, 0]);
    answer.add(tag::VENDOR_ID, &0x0020_u16.to_le_bytes());
    answer.add(tag::SOC_CLASS, &0_u32.to_le_bytes());
    let mut identifier = [0; 16];
    let (words, _) = identifier.as_chunks_mut::<4>();
    for (address, bytes) in (UID.start..).step_by(4).zip(words.iter_mut().skip(1)) {
        // Safety: the three words of the unique identifier (CMSIS).
        *bytes = unsafe { Register::at(address) }.read().to_le_bytes();
    }
    answer.add(tag::SOC_ID, &identifier);
    // Safety: DBGMCU's identity register (CMSIS).
    let device = unsafe { Register::at(chip::registers::DBGMCU) }.read() & 0xFFF;
    answer.add(tag::TARGET_ID, &device.to_le_bytes());
    answer.add(tag::LIFECYCLE, &state.code().to_le_bytes());
    answer.add(tag::SDA_VERSION, &[2, 4, 0]);
    answer.add(tag::TOKEN_FORMATS, &tag::TOKEN.to_le_bytes());
    answer.add(tag::CERTIFICATE_FORMATS, &tag::CERTIFICATE.to_le_bytes());
    answer.add(tag::CRYPTOSYSTEMS, &[1]);
    let integrity = if credential_is_intact() { chip::rsslib::SUCCESS } else { chip::rsslib::ERROR };
    answer.add(tag::PASSWORD_OR_INTEGRITY, &integrity.to_le_bytes());
    for level in [tag::HDPL1_STATUS, tag::HDPL2_STATUS, tag::HDPL3_STATUS] {
        // No level tells RSS about itself yet.
        answer.add(level, &u32::MAX.to_le_bytes());
    }
    answer.send();
}

/// Whether the debug-authentication object that DBG_AUTH promises is there and whole.
fn credential_is_intact() -> bool {
    let method = FLASH.rotsr().read().dbg_auth().to_bits();
    let mut object = [[0; obk::INDEX]; 3];
    let locked = chip::option_bytes::DebugAuthentication::Locked.code();
    let indexes = if method == locked { 1 } else { 3 };
    let Some(stored) = object.get_mut(..indexes) else { return false };
    let index = chip::obk::CONFIG_INDEX;
    if obk::read(index, stored).is_err() || obk::decrypt(index, stored).is_err() {
        return false;
    }
    if method == locked {
        return object.as_flattened().starts_with(b"STDALOCKMGC");
    }
    match object.as_flattened().split_first_chunk::<32>() {
        Some((hash, rest)) => Sha256::digest(rest)[..] == hash[..],
        None => false,
    }
}

/// An answer as it is put together: a head of two words, then tagged values without padding.
struct Answer {
    bytes: [u8; 256],
    length: usize,
}

impl Answer {
    fn new() -> Self {
        Self { bytes: [0; 256], length: 0 }
    }

    fn add(&mut self, tag: u16, value: &[u8]) {
        self.push(&0_u16.to_le_bytes());
        self.push(&tag.to_le_bytes());
        self.push(&(value.len() as u32).to_le_bytes());
        self.push(value);
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
            self.length += 1;
        }
    }

    fn send(&self) {
        let words = self.length.div_ceil(4);
        send(u32::from(status::SUCCESS) << 16);
        send(words as u32);
        let (chunks, _) = self.bytes.as_chunks::<4>();
        for bytes in chunks.iter().take(words) {
            send(u32::from_le_bytes(*bytes));
        }
    }
}

/// An answer without data.
fn answer(status: u16) {
    send(u32::from(status) << 16);
    send(0);
}

/// Takes the data of a request that needs none.
fn skip_data() {
    // assumption A8: the request's count is in bytes.
    let bytes = receive().min(LONGEST_REQUEST);
    for _ in 0..bytes.div_ceil(4) {
        receive();
    }
}

fn receive() -> u32 {
    while ACK.read() & HOST_ACK == 0 {
        cortex_m::asm::wfe();
    }
    HOST.read()
}

fn send(word: u32) {
    while !send_within(word, PATIENCE) {}
}

fn send_within(word: u32, patience: u32) -> bool {
    let free = (0..patience).any(|_| ACK.read() & DEV_ACK == 0);
    if free {
        DEV.write(word);
    }
    free
}

//! Discovery: the board is reset with the request in its mailbox, asked what it is, and told to go on booting. All of it
//! through access port 0, without the core. Authentication is another job.

use std::thread;
use std::time::{Duration, Instant};

use chip::ProductState;
use chip::mailbox::{self, command, status, tag};
use probe_rs::architecture::arm::ArmDebugInterface;

use crate::error::ProvisionError;
use crate::link::{AP0, DEVICE_ID, Link, chain};
use crate::silicon_options::{CountUnit, SiliconOptions};

/// The longest answer that is believed, in words; a discovery answer has about fifty.
const LONGEST_ANSWER: u32 = 1024;
const POLL: Duration = Duration::from_micros(200);

/// One tagged value of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedValue {
    /// Its type, one of [`chip::mailbox::tag`].
    pub tag: u16,
    /// Its bytes.
    pub value: Vec<u8>,
}

/// What the ROM says of the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// DBGMCU_IDCODE, read beside the mailbox.
    pub device: Option<u32>,
    /// Base address at which the mailbox answered.
    pub mailbox_base: u32,
    /// The word that answered the request.
    pub answer: u32,
    /// The tagged values, in the order in which they came.
    pub values: Vec<TaggedValue>,
}

impl Discovery {
    /// The first value of a type.
    pub fn value(&self, tag: u16) -> Option<&[u8]> {
        self.values.iter().find(|value| value.tag == tag).map(|value| value.value.as_slice())
    }

    fn number(&self, tag: u16) -> Option<u32> {
        let bytes = self.value(tag)?;
        let mut word = [0; 4];
        (bytes.len() <= 4).then_some(())?;
        word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Some(u32::from_le_bytes(word))
    }

    /// The life cycle, where its code is one that RSSLIB uses (assumption A8).
    pub fn product_state(&self) -> Option<ProductState> {
        ProductState::from_rsslib_code(self.number(tag::LIFECYCLE)?)
    }

    /// The life cycle's code as it came.
    pub fn lifecycle(&self) -> Option<u32> {
        self.number(tag::LIFECYCLE)
    }

    /// The unique identifier: the last twelve of the sixteen bytes of the SoC identifier (seen on a sister chip).
    pub fn uid(&self) -> Option<[u8; 12]> {
        self.value(tag::SOC_ID)?.last_chunk().copied()
    }

    /// Whether what was provisioned is intact, as ST's ROMs report it on sister chips.
    pub fn integrity(&self) -> Option<bool> {
        match self.number(tag::PASSWORD_OR_INTEGRITY)? {
            chip::rsslib::SUCCESS => Some(true),
            chip::rsslib::ERROR => Some(false),
            _ => None,
        }
    }
}

impl Link {
    /// Resets the board with the request in its mailbox, asks what it is, and lets it boot on.
    ///
    /// # Errors
    /// [`ProvisionError::Discovery`] when the mailbox isn't found or doesn't answer, as on an OPEN board; link errors.
    pub fn discover(&mut self) -> Result<Discovery, ProvisionError> {
        let mut interface = self.interface()?;
        let options = self.options().clone();
        let (base, device) = find_mailbox(&mut *interface, &options)?;
        let mut mailbox = Mailbox { interface: &mut *interface, base, options: &options };
        // What an earlier session left in the mailbox survives the reset and would be taken for the answer.
        mailbox.drain()?;
        self.pulse_reset(mailbox.interface, |interface| {
            let mut mailbox = Mailbox { interface, base, options: &options };
            mailbox.poke(mailbox::REQUEST_MAGIC)
        })?;
        let answer = mailbox.receive()?;
        if !options.mailbox_answers.contains(&answer) {
            return Err(refused(format!("the board answered {answer:#010x}")));
        }
        let values = mailbox.request(command::DISCOVERY)?;
        // Without this the board would wait in its ROM for the next command. What it answers changes nothing.
        mailbox.send(&request_words(command::CLOSE_SESSION, &options))?;
        // The answer to the last command is not waited for by everything that boots on; it must not stay behind.
        mailbox.drain_quietly();
        Ok(Discovery { device: Some(device), mailbox_base: base, answer, values })
    }
}

fn refused(reason: impl Into<String>) -> ProvisionError {
    ProvisionError::Discovery { reason: reason.into() }
}

/// Finds the base at which DBGMCU's identity reads right.
fn find_mailbox(interface: &mut dyn ArmDebugInterface, options: &SiliconOptions) -> Result<(u32, u32), ProvisionError> {
    let mut tried = Vec::new();
    for base in &options.mailbox_bases {
        let identity = interface.memory_interface(&AP0).and_then(|mut memory| memory.read_word_32(u64::from(*base)));
        match identity {
            Ok(identity) if identity & 0xFFF == DEVICE_ID => return Ok((*base, identity)),
            Ok(identity) => tried.push(format!("{base:#010x} reads {identity:#010x}")),
            Err(error) => tried.push(format!("{base:#010x}: {}", chain(&error))),
        }
    }
    Err(refused(format!("no DBGMCU of an STM32H7R/S behind access port 0 ({})", tried.join("; "))))
}

/// A request without data. Both units of the count agree as long as there is none; the option is for those with data.
const fn request_words(command: u16, options: &SiliconOptions) -> [u32; 2] {
    let bytes = 0u32;
    let count = match options.request_count {
        CountUnit::Bytes => bytes,
        CountUnit::Words => bytes.div_ceil(4),
    };
    [(command as u32) << 16, count]
}

struct Mailbox<'a> {
    interface: &'a mut dyn ArmDebugInterface,
    base: u32,
    options: &'a SiliconOptions,
}

impl Mailbox<'_> {
    fn read(&mut self, offset: u32) -> Result<u32, ProvisionError> {
        let address = u64::from(self.base + offset);
        let word = self.interface.memory_interface(&AP0).and_then(|mut memory| memory.read_word_32(address));
        word.map_err(|error| refused(format!("reading the mailbox at {address:#010x}: {}", chain(&error))))
    }

    /// Puts a word into the mailbox without asking whether the last one was taken.
    fn poke(&mut self, word: u32) -> Result<(), ProvisionError> {
        let address = u64::from(self.base + mailbox::DBG_AUTH_HOST);
        let written = self.interface.memory_interface(&AP0).and_then(|mut memory| {
            memory.write_word_32(address, word)?;
            memory.flush()
        });
        written.map_err(|error| refused(format!("writing the mailbox at {address:#010x}: {}", chain(&error))))
    }

    fn wait(&mut self, what: &str, ready: impl Fn(u32) -> bool) -> Result<(), ProvisionError> {
        let start = Instant::now();
        while !ready(self.read(mailbox::DBG_AUTH_ACK)?) {
            if start.elapsed() >= self.options.mailbox_timeout {
                return Err(refused(format!("{what} for {:?}", self.options.mailbox_timeout)));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<u32, ProvisionError> {
        self.wait("the board sent nothing", |ack| ack & mailbox::DEV_ACK != 0)?;
        self.read(mailbox::DBG_AUTH_DEV)
    }

    fn send(&mut self, words: &[u32]) -> Result<(), ProvisionError> {
        for word in words {
            self.wait("the board did not take a word", |ack| ack & mailbox::HOST_ACK == 0)?;
            self.poke(*word)?;
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), ProvisionError> {
        if self.read(mailbox::DBG_AUTH_ACK)? & mailbox::DEV_ACK != 0 {
            self.read(mailbox::DBG_AUTH_DEV)?;
        }
        Ok(())
    }

    /// Takes what a closing session still sends: an answer of two words, if the board sends one at all.
    fn drain_quietly(&mut self) {
        let short = SiliconOptions { mailbox_timeout: Duration::from_millis(20), ..self.options.clone() };
        let mut mailbox = Mailbox { interface: self.interface, base: self.base, options: &short };
        for _ in 0..2 {
            if mailbox.receive().is_err() {
                return;
            }
        }
    }

    fn request(&mut self, command: u16) -> Result<Vec<TaggedValue>, ProvisionError> {
        self.send(&request_words(command, self.options))?;
        let head = self.receive()?;
        let count = self.receive()?;
        let answered = (head >> 16) as u16;
        if answered != status::SUCCESS {
            return Err(refused(format!("the board answered command {command} with status {answered}")));
        }
        if count > LONGEST_ANSWER {
            return Err(refused(format!("the board announces {count} words")));
        }
        let mut bytes = Vec::new();
        for _ in 0..count {
            bytes.extend_from_slice(&self.receive()?.to_le_bytes());
        }
        Ok(parse(&bytes))
    }
}

/// Takes an answer apart. Tolerant of both layouts that sources show, values padded to words and not padded: after a
/// value whose length is no multiple of four the next header decides. What doesn't parse ends the list.
fn parse(bytes: &[u8]) -> Vec<TaggedValue> {
    let mut values = Vec::new();
    let mut rest = bytes;
    while let Some((tagged, after)) = take_value(rest) {
        let length = tagged.value.len();
        values.push(tagged);
        let padding = length.next_multiple_of(4) - length;
        rest = match (take_value(after), after.get(padding..).and_then(take_value)) {
            (None, Some(_)) => after.get(padding..).unwrap_or_default(),
            _ => after,
        };
    }
    values
}

/// A header (two zero bytes, type, length) and its value, when they are whole and the type is one that exists.
fn take_value(bytes: &[u8]) -> Option<(TaggedValue, &[u8])> {
    let (reserved, rest) = bytes.split_first_chunk::<2>()?;
    let (tag, rest) = rest.split_first_chunk::<2>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let tag = u16::from_le_bytes(*tag);
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let plausible = *reserved == [0, 0] && matches!(tag, 1..=0xC | 0x100..=0x102 | 0x200..=0x202 | 0x8000..=0x80FF);
    let (value, rest) = rest.split_at_checked(length)?;
    plausible.then(|| (TaggedValue { tag, value: value.to_vec() }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(tag: u16, length: u32) -> Vec<u8> {
        [&[0, 0][..], &tag.to_le_bytes(), &length.to_le_bytes()].concat()
    }

    fn answer(values: &[(u16, &[u8])], padded: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (tag, value) in values {
            bytes.extend(header(*tag, value.len() as u32));
            bytes.extend_from_slice(value);
            while padded && bytes.len() % 4 != 0 {
                bytes.push(0);
            }
        }
        // The count is in words, so that the last word is filled up.
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    const VALUES: [(u16, &[u8]); 4] = [
        (tag::PROTOCOL_VERSION, &[1, 0]),
        (tag::VENDOR_ID, &[0x20, 0]),
        (tag::SOC_ID, &[0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        (tag::LIFECYCLE, &[0x72, 0, 0]),
    ];

    #[test]
    fn padded_and_unpadded_answers_give_the_same_values() {
        for padded in [false, true] {
            let values = parse(&answer(&VALUES, padded));
            let pairs: Vec<_> = values.iter().map(|value| (value.tag, value.value.as_slice())).collect();
            assert_eq!(pairs, VALUES, "padded: {padded}");
        }
    }

    #[test]
    fn identity_and_state_are_read_from_their_values() {
        let values = parse(&answer(&VALUES, false));
        let discovery = Discovery { device: None, mailbox_base: 0, answer: 0, values };
        assert_eq!(discovery.product_state(), Some(ProductState::Closed));
        assert_eq!(discovery.uid(), Some([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
        assert_eq!(discovery.integrity(), None);
    }

    #[test]
    fn any_bytes_give_a_list_and_no_panic() {
        let whole = answer(&VALUES, false);
        for cut in 0..whole.len() {
            parse(&whole[..cut]);
            let mut broken = whole.clone();
            broken[cut] ^= 0xFF;
            parse(&broken);
        }
        assert_eq!(parse(&header(tag::SOC_ID, u32::MAX)), []);
    }
}

//! Every detail of the silicon that no public source confirms, as one named option: its default, where the default
//! comes from, and what else it could be. Only details whose trial can do no harm have an order of alternatives.
//! The facts that are confirmed stand in `chip`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where DBGMCU and its mailbox lie, as access port 0 sees them.
///
/// Source of the default: OpenOCD's `stm32h7rx.cfg` has the line commented out. Harmless to try: the identity word is
/// read first, and only a base with the right device number is used.
pub const MAILBOX_BASES: [u32; 2] = [chip::mailbox::DBGMCU_ON_AP0, chip::registers::DBGMCU];

/// The algorithm behind the checksum of `DataProvisioning`.
///
/// A wrong checksum is believed to be refused without effect (seen on STM32H5), so that the alternatives may be tried
/// in turn, but only with a debug-authentication object, in PROVISIONING, on a virtual or qualification board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProvisioningChecksum {
    /// The checksum unit's reset configuration, words as they lie in memory: data, then source, destination, size,
    /// encryption flag.
    Stm32DataFirst,
    /// The same unit, the four words of the structure before the data.
    Stm32StructureFirst,
    /// CRC-32 as in zlib (reflected, complemented), data first.
    Zlib,
}

impl ProvisioningChecksum {
    /// The order in which the alternatives are tried where trying is allowed.
    pub const ALTERNATIVES: [Self; 3] = [Self::Stm32DataFirst, Self::Stm32StructureFirst, Self::Zlib];

    /// The checksum over a payload and the structure's first four words.
    pub fn compute(self, data: &[u8], structure: [u32; 4]) -> u32 {
        let words = |bytes: &[u8]| -> Vec<u32> {
            bytes
                .chunks(4)
                .map(|chunk| {
                    let mut word = [0; 4];
                    word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
                    u32::from_le_bytes(word)
                })
                .collect()
        };
        let unit = |words: &mut dyn Iterator<Item = u32>| words.fold(chip::rsslib::CRC_INIT, chip::rsslib::crc32_word);
        match self {
            Self::Stm32DataFirst => unit(&mut words(data).into_iter().chain(structure)),
            Self::Stm32StructureFirst => unit(&mut structure.into_iter().chain(words(data))),
            Self::Zlib => {
                let structure = structure.iter().flat_map(|word| word.to_le_bytes());
                !data.iter().copied().chain(structure).fold(u32::MAX, |crc, byte| {
                    (0..8).fold(
                        crc ^ u32::from(byte),
                        |crc, _| {
                            if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xEDB8_8320 }
                        },
                    )
                })
            }
        }
    }
}

/// The unit in which a request's `data_count` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountUnit {
    /// Bytes, as OP-TEE's port for a sister chip reads it.
    Bytes,
    /// Words, as in Arm's reference.
    Words,
}

/// Who clears the flag of a mailbox word that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledge {
    /// Reading does (OP-TEE's port for the sister chip MP21 relies on it).
    ByReading,
    /// The reader writes the flag to ACK (the sister chip N6's sample does, on the chip's side).
    ByWriting,
}

/// Whether tagged values are filled up to words when they are sent. Those that come are read either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// No (ST's code for N6).
    None,
    /// Yes (Arm's reference).
    ToWords,
}

/// How often a discovery asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// Once.
    Once,
    /// Twice in one session; both answers must be the same, so that no single wrong word is believed.
    Twice,
}

/// How a board is brought to look into its mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Approach {
    /// The request lies in the mailbox before NRST rises.
    UnderReset,
    /// The request comes a while after NRST has risen.
    AfterReset,
    /// The request comes without a reset.
    HotPlug,
}

/// How the request is brought to the board, with its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connecting {
    /// In which way.
    pub approach: Approach,
    /// How long NRST is held low before anything else happens. Not used by [`Approach::HotPlug`].
    pub pulse: Duration,
    /// Under reset: from the request to NRST's rise. After a reset: from NRST's rise to the request.
    pub delay: Duration,
}

impl std::fmt::Display for Connecting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (pulse, delay) = (milliseconds(self.pulse), milliseconds(self.delay));
        match self.approach {
            Approach::UnderReset if self.delay.is_zero() => write!(f, "under reset, NRST low for {pulse}"),
            Approach::UnderReset => write!(f, "under reset, NRST low for {pulse} and {delay} after the request"),
            Approach::AfterReset => write!(f, "{delay} after a reset, NRST low for {pulse}"),
            Approach::HotPlug => f.write_str("hot plug, without a reset"),
        }
    }
}

/// A time as people write it, in milliseconds.
fn milliseconds(time: Duration) -> String {
    format!("{} ms", time.as_secs_f64() * 1000.0)
}

/// The options of one connection.
///
/// One detail of authentication is no option, for it can't be tried out on a board that isn't lost by being wrong: that a
/// token's signature covers its first 56 bytes and then the challenge (ADAC's source; ST's coverage is unconfirmed).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiliconOptions {
    /// The order in which the mailbox is looked for. Default: [`MAILBOX_BASES`].
    pub mailbox_bases: Vec<u32>,
    /// Words that count as the ROM's answer to the request magic. Default: `STDA` repeated (sister chip MP21), then
    /// `DAOK` (sister chip N6).
    pub mailbox_answers: Vec<u32>,
    /// Unit of a request's count. Default: bytes (decision 8).
    pub request_count: CountUnit,
    /// Unit of an answer's count. Default: words, as Arm's reference and ST's code for sister chips have it. Wrong, an
    /// answer seems too short or never to end.
    pub answer_count: CountUnit,
    /// Whether values that are sent are filled up to words. Default: no. Only a password whose length is no multiple of
    /// four shows it.
    pub request_padding: Padding,
    /// Who clears the flag of a word that the host read. Default: reading does. The alternative is harmless where the
    /// flag is clear already.
    pub acknowledge: Acknowledge,
    /// How often a discovery asks. Default: twice. A board that refuses the second time is believed the first.
    pub discovery: Asking,
    /// The most words that an answer may have. Default: 1024; a discovery answer has about sixty.
    pub longest_answer: u32,
    /// How the request is brought to the board. Default: under reset, as ST's tool logs it, NRST low for 10 ms.
    pub connecting: Connecting,
    /// Bits of DBGMCU_CR that are set through access port 0 before debug is opened, so that what was granted survives
    /// the resets of the boot itself. Default: DCRT (the header has the bit, no source says what its values mean). 0
    /// leaves the register alone.
    pub debug_survival: u32,
    /// The checksum of `DataProvisioning`. Default: the STM32 checksum unit over data, then structure (assumption A2).
    pub checksum: ProvisioningChecksum,
    /// Where the buffer of `DataProvisioning` goes. Default: the start of AXI SRAM3, the only place that the device
    /// header names.
    pub data_buffer: u32,
    /// Stack pointer of a call into RSSLIB. Default: the top of the DTCM's first 64 KiB (no source shows ST's stub).
    pub call_stack: u32,
    /// Return address of a call: a word of RAM that no argument uses. Default: the end of AXI SRAM3.
    pub call_return: u32,
    /// How long a call may take before its outcome is unknown. Default: 2 s (decision 4).
    pub call_timeout: Duration,
    /// How long access port 1 must stay shut after a climb beyond PROVISIONING before that counts as its effect.
    /// Default: 300 ms; the ROM opens the port within microseconds where it opens it at all.
    pub shut_settle: Duration,
    /// How long to wait for access port 1 to open after connecting. Default: 100 ms, for a board that was just reset.
    pub open_settle: Duration,
    /// How long NRST is held low. Default: 10 ms.
    pub reset_pulse: Duration,
    /// How long the flash interface may be busy with one operation. Default: 5 s.
    pub flash_timeout: Duration,
    /// How long the mailbox may take for one word. Default: 1 s.
    pub mailbox_timeout: Duration,
    /// How long the chip may verify a credential before it answers. Default: 5 s.
    pub credential_timeout: Duration,
    /// How long a whole session may take. Default: 30 s.
    pub session_timeout: Duration,
    /// How long the core may take to reach the level that was granted. Default: 20 s; the loader and perhaps an
    /// installation run before it.
    pub level_timeout: Duration,
    /// How long a regression may take. Default: 10 s.
    pub regression_timeout: Duration,
}

impl Default for SiliconOptions {
    fn default() -> Self {
        /// ASCII `DAOK`.
        const DAOK: u32 = 0x4441_4F4B;
        Self {
            mailbox_bases: MAILBOX_BASES.to_vec(),
            mailbox_answers: vec![chip::mailbox::ANSWER_MAGIC, DAOK],
            request_count: CountUnit::Bytes,
            answer_count: CountUnit::Words,
            request_padding: Padding::None,
            acknowledge: Acknowledge::ByReading,
            discovery: Asking::Twice,
            longest_answer: 1024,
            connecting: Connecting {
                approach: Approach::UnderReset,
                pulse: Duration::from_millis(10),
                delay: Duration::ZERO,
            },
            debug_survival: chip::registers::DBGMCU_CR_DCRT,
            checksum: ProvisioningChecksum::Stm32DataFirst,
            data_buffer: chip::memory_map::AXI_SRAM3.start,
            call_stack: chip::memory_map::DTCM.start + chip::memory_map::DTCM.size,
            call_return: chip::memory_map::AXI_SRAM3.start + chip::memory_map::AXI_SRAM3.size - 16,
            call_timeout: Duration::from_secs(2),
            shut_settle: Duration::from_millis(300),
            open_settle: Duration::from_millis(100),
            reset_pulse: Duration::from_millis(10),
            flash_timeout: Duration::from_secs(5),
            mailbox_timeout: Duration::from_secs(1),
            credential_timeout: Duration::from_secs(5),
            session_timeout: Duration::from_secs(30),
            level_timeout: Duration::from_secs(20),
            regression_timeout: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zlib_alternative_gives_the_published_check_value() {
        // Structure bytes continue the message: "1234" + "56789..." can't be split, so the check uses a known pair.
        let crc = ProvisioningChecksum::Zlib.compute(b"", [0, 0, 0, 0]);
        // CRC-32 of sixteen zero bytes.
        assert_eq!(crc, 0xECBB_4B55);
    }

    #[test]
    fn the_stm32_unit_gives_the_value_of_the_reference_manuals() {
        // The unit's answer to a single word 0 after reset.
        assert_eq!(chip::rsslib::crc32_word(chip::rsslib::CRC_INIT, 0), 0xC704_DD7B);
        let data_first = ProvisioningChecksum::Stm32DataFirst.compute(&[1, 0, 0, 0], [2, 3, 4, 5]);
        let structure_first = ProvisioningChecksum::Stm32StructureFirst.compute(&[5, 0, 0, 0], [1, 2, 3, 4]);
        assert_eq!(data_first, structure_first, "both are the unit over 1, 2, 3, 4, 5");
    }
}

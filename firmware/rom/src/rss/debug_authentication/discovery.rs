//! Discovery: what the chip tells whoever asks, before and without any credential.
// assumption A8: the values and their order.

use chip::mailbox::{command, tag};
use hardware::Register;

use super::identity;
use super::mailbox::{Command, Gone, Mailbox};
use super::object::Object;
use crate::option_bytes::State;

/// Answers a discovery.
///
/// # Errors
/// When the host is gone.
pub fn answer(mailbox: Mailbox, state: State, command: Command) -> Result<(), Gone> {
    let object = Object::read();
    let mut answer = Answer { bytes: [0; 256], length: 0 };
    answer.add(tag::PROTOCOL_VERSION, &[1, 0]);
    answer.add(tag::VENDOR_ID, &0x0020_u16.to_le_bytes());
    answer.add(tag::SOC_CLASS, &identity::SOC_CLASS.to_le_bytes());
    answer.add(tag::SOC_ID, &identity::soc_id());
    // Safety: DBGMCU's identity register (CMSIS).
    let device = unsafe { Register::at(chip::registers::DBGMCU) }.read() & 0xFFF;
    answer.add(tag::TARGET_ID, &device.to_le_bytes());
    // What a credential can get here: nothing without an object, or while nobody gets in.
    let permitted = match state {
        State::Locked => 0,
        _ => object.as_ref().map_or(0, Object::permits),
    };
    answer.add(tag::PERMISSION_MASK, &permitted.to_le_bytes());
    answer.add(tag::LIFECYCLE, &state.code().to_le_bytes());
    answer.add(tag::SDA_VERSION, &[2, 4, 0]);
    answer.add(tag::TOKEN_FORMATS, &tag::TOKEN.to_le_bytes());
    answer.add(tag::CERTIFICATE_FORMATS, &tag::CERTIFICATE.to_le_bytes());
    answer.add(tag::CRYPTOSYSTEMS, &[1]);
    let integrity = if object.is_some() { chip::rsslib::SUCCESS } else { chip::rsslib::ERROR };
    answer.add(tag::PASSWORD_OR_INTEGRITY, &integrity.to_le_bytes());
    for level in [tag::HDPL1_STATUS, tag::HDPL2_STATUS, tag::HDPL3_STATUS] {
        // No level tells RSS about itself yet.
        answer.add(level, &u32::MAX.to_le_bytes());
    }
    mailbox.answer(command.done(command::DISCOVERY), answer.bytes.get(..answer.length).unwrap_or_default())
}

/// Tagged values without padding, as they are put together.
struct Answer {
    bytes: [u8; 256],
    length: usize,
}

impl Answer {
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
}

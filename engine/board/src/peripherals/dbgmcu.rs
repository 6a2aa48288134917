//! DBGMCU: identity, freeze bits, and the debug-authentication mailbox (CMSIS; who clears which flag is an assumption,
//! A9: reading a word clears its flag).

use chip::mailbox::{DBG_AUTH_ACK, DBG_AUTH_DEV, DBG_AUTH_HOST, DEV_ACK, HOST_ACK};
use chip::registers::{DBGMCU_CR, DBGMCU_CR_DCRT};

use crate::fault::{MailboxDirection, MailboxFault, MailboxFaultKind};

/// DEV_ID 0x485, bits 15:12 as the SVD has them, revision A (HAL).
const IDCODE: u32 = 0x1003_6485;
const SR: u32 = 0xFC;
/// Component identification (Arm).
const CIDR: [u32; 4] = [0x0D, 0xF0, 0x05, 0xB1];
const PIDR: [u32; 8] = [0x00, 0x00, 0x00, 0x00, 0x85, 0x04, 0x0A, 0x00];

/// Who accesses the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Chip,
    Host,
}

/// The unit. Only power-on clears the mailbox (assumption A9).
#[derive(Clone, Default)]
pub(crate) struct Dbgmcu {
    cr: u32,
    freeze: [u32; 16],
    host: u32,
    device: u32,
    ack: u32,
    /// The word that is to go wrong.
    fault: Option<MailboxFault>,
    /// Flag that rises once more when the word that waits is read.
    repeats: u32,
}

impl Dbgmcu {
    pub(crate) fn read(&mut self, offset: u32, side: Side, core_port_open: bool) -> Option<u32> {
        Some(match offset {
            0x00 => IDCODE,
            DBGMCU_CR => self.cr,
            0x08..=0x5C => self.freeze.get(offset as usize / 4 - 2).copied().unwrap_or(0),
            SR => 0x0001_0003 | u32::from(core_port_open) << 17,
            DBG_AUTH_HOST => {
                if side == Side::Chip {
                    self.was_read(HOST_ACK);
                }
                self.host
            }
            DBG_AUTH_DEV => {
                if side == Side::Host {
                    self.was_read(DEV_ACK);
                }
                self.device
            }
            DBG_AUTH_ACK => self.ack,
            0xFD0..=0xFEC => PIDR.get((offset as usize - 0xFD0) / 4).copied().unwrap_or(0),
            0xFF0..=0xFFC => CIDR.get((offset as usize - 0xFF0) / 4).copied().unwrap_or(0),
            _ => return None,
        })
    }

    /// Writes a register; true when a word came from the host.
    pub(crate) fn write(&mut self, offset: u32, value: u32, side: Side) -> Option<bool> {
        match offset {
            DBGMCU_CR => self.cr = value,
            0x08..=0x5C => {
                if let Some(word) = self.freeze.get_mut(offset as usize / 4 - 2) {
                    *word = value;
                }
            }
            DBG_AUTH_HOST if side == Side::Host => {
                if let Some(word) = self.carry(MailboxDirection::ToChip, value) {
                    self.host = word;
                    self.ack |= HOST_ACK;
                }
                return Some(true);
            }
            DBG_AUTH_DEV if side == Side::Chip => {
                if let Some(word) = self.carry(MailboxDirection::ToHost, value) {
                    self.device = word;
                    self.ack |= DEV_ACK;
                }
            }
            DBG_AUTH_ACK => self.ack &= !value,
            0x00 | SR | DBG_AUTH_HOST | DBG_AUTH_DEV => {}
            _ => return None,
        }
        Some(false)
    }

    /// Whether what debug authentication granted outlives a system reset (assumption A61).
    pub(crate) fn keeps_grant(&self) -> bool {
        self.cr & DBGMCU_CR_DCRT != 0
    }

    /// The flags of both directions.
    pub(crate) const fn flags(&self) -> u32 {
        self.ack
    }

    /// The next word that goes wrong, in place of one that was still to.
    pub(crate) fn disturb(&mut self, fault: MailboxFault) {
        self.fault = Some(fault);
    }

    /// Whether a word is still to go wrong.
    pub(crate) fn fault_is_due(&self) -> bool {
        self.fault.is_some()
    }

    /// What arrives of a word; nothing of one that is lost.
    fn carry(&mut self, direction: MailboxDirection, word: u32) -> Option<u32> {
        let flag = match direction {
            MailboxDirection::ToChip => HOST_ACK,
            MailboxDirection::ToHost => DEV_ACK,
        };
        self.repeats &= !flag;
        let Some(fault) = self.fault.as_mut().filter(|fault| fault.direction == direction) else { return Some(word) };
        if let Some(left) = fault.after_words.checked_sub(1) {
            fault.after_words = left;
            return Some(word);
        }
        let kind = fault.kind;
        self.fault = None;
        match kind {
            MailboxFaultKind::Drop => None,
            MailboxFaultKind::Repeat => {
                self.repeats |= flag;
                Some(word)
            }
            MailboxFaultKind::Corrupt(mask) => Some(word ^ mask),
        }
    }

    /// A word was read: its flag falls, unless the word is one that waits again.
    fn was_read(&mut self, flag: u32) {
        if self.ack & flag != 0 {
            self.ack = self.ack & !flag | self.repeats & flag;
            self.repeats &= !flag;
        }
    }
}

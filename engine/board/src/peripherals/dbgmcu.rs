//! DBGMCU: identity, freeze bits, and the debug-authentication mailbox (CMSIS; who clears which flag is an assumption,
//! A9: reading a word clears its flag).

use chip::mailbox::{DBG_AUTH_ACK, DBG_AUTH_DEV, DBG_AUTH_HOST, DEV_ACK, HOST_ACK};

/// DEV_ID 0x485, bits 15:12 as the SVD has them, revision A (HAL).
const IDCODE: u32 = 0x1003_6485;
const CR: u32 = 0x04;
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
#[derive(Default)]
pub(crate) struct Dbgmcu {
    cr: u32,
    freeze: [u32; 16],
    host: u32,
    device: u32,
    ack: u32,
}

impl Dbgmcu {
    pub(crate) fn read(&mut self, offset: u32, side: Side, core_port_open: bool) -> Option<u32> {
        Some(match offset {
            0x00 => IDCODE,
            CR => self.cr,
            0x08..=0x5C => self.freeze.get(offset as usize / 4 - 2).copied().unwrap_or(0),
            SR => 0x0001_0003 | u32::from(core_port_open) << 17,
            DBG_AUTH_HOST => {
                if side == Side::Chip {
                    self.ack &= !HOST_ACK;
                }
                self.host
            }
            DBG_AUTH_DEV => {
                if side == Side::Host {
                    self.ack &= !DEV_ACK;
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
            CR => self.cr = value,
            0x08..=0x5C => {
                if let Some(word) = self.freeze.get_mut(offset as usize / 4 - 2) {
                    *word = value;
                }
            }
            DBG_AUTH_HOST if side == Side::Host => {
                self.host = value;
                self.ack |= HOST_ACK;
                return Some(true);
            }
            DBG_AUTH_DEV if side == Side::Chip => {
                self.device = value;
                self.ack |= DEV_ACK;
            }
            DBG_AUTH_ACK => self.ack &= !value,
            0x00 | SR | DBG_AUTH_HOST | DBG_AUTH_DEV => {}
            _ => return None,
        }
        Some(false)
    }
}

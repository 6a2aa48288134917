//! What goes over the pins of an external-memory interface, and the chips that can be at their other end.

use super::nor::Nor;
use super::psram::Psram;

/// How a controller drives the bus for one command. A phase of no lines is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bus {
    /// Lines of the instruction phase.
    pub(crate) lines: u8,
    /// Both clock edges in the instruction phase.
    pub(crate) dtr: bool,
    /// Two instruction bytes.
    pub(crate) wide: bool,
    /// Lines of the address phase.
    pub(crate) address_lines: u8,
    /// Bytes of the address.
    pub(crate) address_bytes: u8,
    /// Both clock edges in the address phase.
    pub(crate) address_dtr: bool,
    /// Cycles between address and data.
    pub(crate) dummy: u8,
    /// Lines of the data phase.
    pub(crate) data_lines: u8,
    /// Both clock edges in the data phase.
    pub(crate) data_dtr: bool,
    /// Data goes by the strobe.
    pub(crate) strobe: bool,
    /// The frame format, by the code of DCR1.
    pub(crate) memory_type: u8,
}

/// One command as it comes over the pins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command {
    pub(crate) bus: Bus,
    pub(crate) instruction: u32,
    pub(crate) address: u32,
}

/// The chip that an interface reaches.
pub(crate) enum Device<'a> {
    Nor(&'a mut Nor),
    Psram(&'a mut Psram),
}

impl Device<'_> {
    /// The same chip for a shorter time.
    pub(crate) fn reborrow(&mut self) -> Device<'_> {
        match self {
            Self::Nor(nor) => Device::Nor(nor),
            Self::Psram(psram) => Device::Psram(psram),
        }
    }

    /// Reads bytes, of which `skip` were read before under the same command.
    pub(crate) fn read(&mut self, command: &Command, skip: u32, out: &mut [u8]) {
        match self {
            Self::Nor(nor) => nor.read(command, skip, out),
            Self::Psram(psram) => psram.read(command, skip, out),
        }
    }

    /// A command with data, or without any.
    pub(crate) fn write(&mut self, command: &Command, data: &[u8], now: u64) {
        match self {
            Self::Nor(nor) => nor.write(command, data, now),
            Self::Psram(psram) => {
                psram.write(command, data);
            }
        }
    }

    /// Whether a read command gives cells in their order, and will until the chip counts a change.
    pub(crate) fn shows_array(&self, command: &Command) -> bool {
        match self {
            Self::Nor(nor) => nor.shows_array(command),
            Self::Psram(psram) => psram.shows_array(command),
        }
    }
}

//! HPDMA1: memory-to-memory transfers by software request, in bursts (CMSIS; bit positions as in the public register
//! descriptions of ST's GPDMA). Linked lists and peripheral requests are not modelled: such a channel ends with USEF.

const CHANNELS: usize = 16;
const CR_EN: u32 = 1 << 0;
const CR_RESET: u32 = 1 << 1;
const SR_IDLE: u32 = 1 << 0;
const SR_TCF: u32 = 1 << 8;
const SR_HTF: u32 = 1 << 9;
const SR_DTEF: u32 = 1 << 10;
const SR_USEF: u32 = 1 << 12;
const FLAGS: u32 = 0x7F00;
const TR2_SWREQ: u32 = 1 << 9;

#[derive(Clone, Copy, Default)]
struct Channel {
    base: u32,
    flags: u32,
    control: u32,
    tr1: u32,
    tr2: u32,
    br1: u32,
    source: u32,
    destination: u32,
    tr3: u32,
    br2: u32,
    link: u32,
}

/// A transfer that was enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) channel: usize,
    pub(crate) source: u32,
    pub(crate) destination: u32,
    /// Bytes in all.
    pub(crate) size: u32,
    /// Bytes of one burst on the source's and the destination's side.
    pub(crate) source_burst: u32,
    pub(crate) destination_burst: u32,
    pub(crate) source_moves: bool,
    pub(crate) destination_moves: bool,
}

/// The controller.
#[derive(Clone, Default)]
pub(crate) struct Hpdma {
    channels: [Channel; CHANNELS],
    secure: [u32; 5],
}

impl Hpdma {
    fn channel(offset: u32) -> Option<(usize, u32)> {
        let offset = offset.checked_sub(0x50)?;
        let channel = offset as usize / 0x80;
        (channel < CHANNELS).then_some((channel, offset % 0x80 + 0x50))
    }

    pub(crate) fn read(&self, offset: u32) -> Option<u32> {
        let Some((index, register)) = Self::channel(offset) else {
            return self.secure.get(offset as usize / 4).copied();
        };
        let channel = self.channels.get(index)?;
        Some(match register {
            0x50 => channel.base,
            0x5C => 0,
            0x60 => channel.flags | if channel.control & CR_EN == 0 { SR_IDLE } else { 0 },
            0x64 => channel.control,
            0x90 => channel.tr1,
            0x94 => channel.tr2,
            0x98 => channel.br1,
            0x9C => channel.source,
            0xA0 => channel.destination,
            0xA4 => channel.tr3,
            0xA8 => channel.br2,
            0xCC => channel.link,
            _ => return None,
        })
    }

    /// Writes a register. `Some(Some(job))` when a transfer begins.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Option<Option<Job>> {
        let Some((index, register)) = Self::channel(offset) else {
            *self.secure.get_mut(offset as usize / 4)? = value;
            return Some(None);
        };
        let channel = self.channels.get_mut(index)?;
        match register {
            0x50 => channel.base = value,
            0x5C => channel.flags &= !(value & FLAGS),
            0x60 => {}
            0x64 => {
                if value & CR_RESET != 0 {
                    channel.control = 0;
                    channel.flags = 0;
                    return Some(None);
                }
                let begins = value & CR_EN != 0 && channel.control & CR_EN == 0;
                channel.control = value & 0x00C3_7F05;
                if begins {
                    return Some(self.begin(index));
                }
            }
            0x90 => channel.tr1 = value,
            0x94 => channel.tr2 = value,
            0x98 => channel.br1 = value,
            0x9C => channel.source = value,
            0xA0 => channel.destination = value,
            0xA4 => channel.tr3 = value,
            0xA8 => channel.br2 = value,
            0xCC => channel.link = value,
            _ => return None,
        }
        Some(None)
    }

    fn begin(&mut self, index: usize) -> Option<Job> {
        let channel = self.channels.get_mut(index)?;
        let (source_width, destination_width) = (channel.tr1 & 3, channel.tr1 >> 16 & 3);
        let size = channel.br1 & 0xFFFF;
        let known = channel.tr2 & TR2_SWREQ != 0 && channel.link == 0 && size > 0;
        let aligned = channel.source.trailing_zeros().min(16) >= source_width
            && channel.destination.trailing_zeros().min(16) >= destination_width
            && size % (1 << source_width.max(destination_width)) == 0;
        if !known || !aligned {
            channel.flags |= SR_USEF;
            channel.control &= !CR_EN;
            return None;
        }
        Some(Job {
            channel: index,
            source: channel.source,
            destination: channel.destination,
            size,
            source_burst: ((channel.tr1 >> 4 & 0x3F) + 1) << source_width,
            destination_burst: ((channel.tr1 >> 20 & 0x3F) + 1) << destination_width,
            source_moves: channel.tr1 >> 3 & 1 != 0,
            destination_moves: channel.tr1 >> 19 & 1 != 0,
        })
    }

    /// The transfer ended: all of it, or with `left` bytes not moved.
    pub(crate) fn finish(&mut self, job: Job, left: u32) {
        let Some(channel) = self.channels.get_mut(job.channel) else { return };
        let moved = job.size - left;
        channel.control &= !CR_EN;
        channel.br1 = channel.br1 & !0xFFFF | left;
        if job.source_moves {
            channel.source = channel.source.wrapping_add(moved);
        }
        if job.destination_moves {
            channel.destination = channel.destination.wrapping_add(moved);
        }
        channel.flags |= if left == 0 { SR_TCF | SR_HTF } else { SR_DTEF };
    }

    /// Channels whose enabled flags are set.
    pub(crate) fn interrupts(&self) -> u16 {
        (0u16..)
            .zip(&self.channels)
            .fold(0, |lines, (index, channel)| lines | u16::from(channel.flags & channel.control & FLAGS != 0) << index)
    }
}

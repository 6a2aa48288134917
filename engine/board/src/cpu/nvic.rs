//! Which exceptions are pending, active and enabled, and with what priority: the numbers behind the NVIC's and the
//! system handlers' registers. What taking an exception does is in `exception.rs`.

/// Interrupt lines of the STM32H7S (CMSIS: the last is 155).
pub(crate) const LINES: u32 = 156;
const WORDS: usize = 5;

pub(crate) const NMI: u16 = 2;
pub(crate) const HARD_FAULT: u16 = 3;
pub(crate) const MEM_MANAGE: u16 = 4;
pub(crate) const BUS_FAULT: u16 = 5;
pub(crate) const USAGE_FAULT: u16 = 6;
pub(crate) const SV_CALL: u16 = 11;
pub(crate) const DEBUG_MONITOR: u16 = 12;
pub(crate) const PEND_SV: u16 = 14;
pub(crate) const SYS_TICK: u16 = 15;
/// The first interrupt's exception number.
pub(crate) const FIRST_IRQ: u16 = 16;

/// A priority below all: thread mode.
pub(crate) const LOWEST: i16 = 256;
/// Four bits of priority are there.
pub(crate) const PRIORITY_MASK: u8 = 0xF0;

#[derive(Clone)]
pub(crate) struct Nvic {
    enabled: [u32; WORDS],
    pending: [u32; WORDS],
    active: [u32; WORDS],
    lines: [u32; WORDS],
    priority: [u8; LINES as usize],
    /// Pending system exceptions, by number.
    pub(crate) system_pending: u16,
    /// Active system exceptions, by number.
    pub(crate) system_active: u16,
    /// Priorities of the system exceptions, by number.
    pub(crate) system_priority: [u8; 16],
    /// AIRCR.PRIGROUP.
    pub(crate) group: u32,
}

/// Bits of word `index` that stand for lines.
const fn implemented(index: usize) -> u32 {
    if index == WORDS - 1 { (1 << (LINES % 32)) - 1 } else { !0 }
}

impl Nvic {
    pub(crate) const fn new() -> Self {
        Self {
            enabled: [0; WORDS],
            pending: [0; WORDS],
            active: [0; WORDS],
            lines: [0; WORDS],
            priority: [0; LINES as usize],
            system_pending: 0,
            system_active: 0,
            system_priority: [0; 16],
            group: 0,
        }
    }

    /// Takes the lines' levels over: a high line makes its interrupt pending, unless its handler runs.
    pub(crate) fn set_lines(&mut self, lines: [u32; WORDS]) {
        self.lines = lines;
        for (pending, (line, active)) in self.pending.iter_mut().zip(lines.iter().zip(&self.active)) {
            *pending |= line & !active;
        }
    }

    pub(crate) fn is_active(&self, exception: u16) -> bool {
        match exception.checked_sub(FIRST_IRQ) {
            None => self.system_active >> exception & 1 != 0,
            Some(line) => self.active.get(usize::from(line / 32)).is_some_and(|word| word >> (line % 32) & 1 != 0),
        }
    }

    pub(crate) fn set_active(&mut self, exception: u16, active: bool) {
        if let Some(line) = exception.checked_sub(FIRST_IRQ) {
            if let Some(word) = self.active.get_mut(usize::from(line / 32)) {
                *word = *word & !(1 << (line % 32)) | u32::from(active) << (line % 32);
            }
        } else {
            self.system_active = self.system_active & !(1 << exception) | u16::from(active) << exception;
        }
    }

    pub(crate) fn set_pending(&mut self, exception: u16, pending: bool) {
        if let Some(line) = exception.checked_sub(FIRST_IRQ) {
            if u32::from(line) < LINES
                && let Some(word) = self.pending.get_mut(usize::from(line / 32))
            {
                *word = *word & !(1 << (line % 32)) | u32::from(pending) << (line % 32);
            }
        } else {
            self.system_pending = self.system_pending & !(1 << exception) | u16::from(pending) << exception;
        }
    }

    pub(crate) const fn is_system_pending(&self, exception: u16) -> bool {
        self.system_pending >> exception & 1 != 0
    }

    /// How many exceptions are active.
    pub(crate) fn active_count(&self) -> u32 {
        self.system_active.count_ones() + self.active.iter().map(|word| word.count_ones()).sum::<u32>()
    }

    pub(crate) fn any_line_pending(&self) -> bool {
        self.pending.iter().any(|word| *word != 0)
    }

    /// The configured priority, before grouping; negative for the fixed ones.
    fn raw_priority(&self, exception: u16) -> i16 {
        match exception {
            0 | 1 => -3,
            NMI => -2,
            HARD_FAULT => -1,
            4..FIRST_IRQ => self.system_priority.get(usize::from(exception)).map_or(LOWEST, |p| i16::from(*p)),
            _ => self.priority.get(usize::from(exception - FIRST_IRQ)).map_or(LOWEST, |p| i16::from(*p)),
        }
    }

    /// The part of a priority that decides about preemption.
    pub(crate) const fn group_priority(&self, priority: i16) -> i16 {
        if priority < 0 { priority } else { priority & !((2 << self.group) - 1) }
    }

    pub(crate) fn priority(&self, exception: u16) -> i16 {
        self.group_priority(self.raw_priority(exception))
    }

    /// The highest group priority among the active exceptions.
    pub(crate) fn active_priority(&self) -> i16 {
        let mut best = LOWEST;
        let mut bits = self.system_active;
        while bits != 0 {
            best = best.min(self.priority(bits.trailing_zeros() as u16));
            bits &= bits - 1;
        }
        for (index, word) in (0u16..).zip(self.active) {
            let mut bits = word;
            while bits != 0 {
                best = best.min(self.priority(FIRST_IRQ + index * 32 + bits.trailing_zeros() as u16));
                bits &= bits - 1;
            }
        }
        best
    }

    /// The pending exception that comes first, with its group priority: lowest value, then lowest number.
    pub(crate) fn first_pending(&self) -> Option<(u16, i16)> {
        let mut best: Option<(i16, u16)> = None;
        let mut consider = |exception: u16| {
            let candidate = (self.raw_priority(exception), exception);
            if best.is_none_or(|best| candidate < best) {
                best = Some(candidate);
            }
        };
        let mut bits = self.system_pending;
        while bits != 0 {
            consider(bits.trailing_zeros() as u16);
            bits &= bits - 1;
        }
        for (index, (pending, enabled)) in (0u16..).zip(self.pending.iter().zip(&self.enabled)) {
            let mut bits = pending & enabled;
            while bits != 0 {
                consider(FIRST_IRQ + index * 32 + bits.trailing_zeros() as u16);
                bits &= bits - 1;
            }
        }
        best.map(|(priority, exception)| (exception, self.group_priority(priority)))
    }

    /// A register, by its offset from the SCS (0x100–0x4FF).
    pub(crate) fn read(&self, offset: u32) -> u32 {
        let index = (offset >> 2 & 0x1F) as usize;
        match offset & 0x780 {
            0x100 | 0x180 => self.enabled.get(index).copied().unwrap_or(0),
            0x200 | 0x280 => self.pending.get(index).copied().unwrap_or(0),
            0x300 => self.active.get(index).copied().unwrap_or(0),
            0x400 | 0x480 => {
                let first = (offset - 0x400) as usize;
                match self.priority.get(first..first + 4) {
                    Some([a, b, c, d]) => u32::from_le_bytes([*a, *b, *c, *d]),
                    _ => 0,
                }
            }
            _ => 0,
        }
    }

    /// Writes a register; only the bytes of `mask` count.
    pub(crate) fn write(&mut self, offset: u32, value: u32, mask: u32) {
        let index = (offset >> 2 & 0x1F) as usize;
        if index >= WORDS && offset < 0x400 {
            return;
        }
        let bits = value & mask & implemented(index);
        let word = |words: &mut [u32; WORDS], set: bool| {
            if let Some(word) = words.get_mut(index) {
                *word = if set { *word | bits } else { *word & !bits };
            }
        };
        match offset & 0x780 {
            0x100 => word(&mut self.enabled, true),
            0x180 => word(&mut self.enabled, false),
            0x200 => word(&mut self.pending, true),
            0x280 => {
                word(&mut self.pending, false);
                // A line that is still high keeps its interrupt pending.
                self.set_lines(self.lines);
            }
            0x400 | 0x480 => {
                let first = (offset - 0x400) as usize;
                let bytes = value.to_le_bytes().into_iter().zip(mask.to_le_bytes());
                if let Some(priorities) = self.priority.get_mut(first..first + 4) {
                    for (priority, (byte, mask)) in priorities.iter_mut().zip(bytes) {
                        if mask != 0 {
                            *priority = byte & PRIORITY_MASK;
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

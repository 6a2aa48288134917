//! SysTick: a 24-bit counter of instructions. It is computed from the instruction count instead of being counted.

const ENABLE: u32 = 1;
const TICK_INTERRUPT: u32 = 2;
const CORE_CLOCK: u32 = 4;
const COUNT_FLAG: u32 = 1 << 16;

#[derive(Clone)]
pub(crate) struct SysTick {
    control: u32,
    reload: u32,
    /// The value while it stands still.
    value: u32,
    counted: bool,
    /// The instruction count at which it reaches zero, while it runs.
    zero_at: Option<u64>,
    /// Reads of CSR by the core, one after the other, that found COUNTFLAG clear.
    polls: u32,
}

/// So many reads in a row that found nothing are a loop that waits for COUNTFLAG.
const WAITING_POLLS: u32 = 16;

impl SysTick {
    pub(crate) const fn new() -> Self {
        Self { control: 0, reload: 0, value: 0, counted: false, zero_at: None, polls: 0 }
    }

    /// Instructions per tick: the reference clock is an eighth of the core's (assumption A72).
    const fn divider(&self) -> u64 {
        if self.control & CORE_CLOCK != 0 { 1 } else { 8 }
    }

    /// When it next asks for an interrupt.
    pub(crate) const fn deadline(&self) -> Option<u64> {
        if self.control & TICK_INTERRUPT != 0 { self.zero_at } else { None }
    }

    /// Passes time; `true` when the exception becomes pending.
    pub(crate) fn advance(&mut self, now: u64) -> bool {
        let Some(zero_at) = self.zero_at else { return false };
        if now < zero_at {
            return false;
        }
        self.counted = true;
        let period = (u64::from(self.reload) + 1) * self.divider();
        self.zero_at = if self.reload == 0 { None } else { Some(zero_at + ((now - zero_at) / period + 1) * period) };
        self.control & TICK_INTERRUPT != 0
    }

    fn current(&self, now: u64) -> u32 {
        match self.zero_at {
            Some(zero_at) => {
                let left = zero_at.saturating_sub(now).div_ceil(self.divider());
                // At the moment of zero the counter still has its period before it.
                if left > u64::from(self.reload) && self.value == 0 { 0 } else { left as u32 & 0xFF_FFFF }
            }
            None => self.value,
        }
    }

    /// The moment that the core waits for, when it has polled COUNTFLAG in a loop without interrupt: until then it
    /// would do nothing else. Flash algorithms wait 100 ms like this before every page.
    pub(crate) fn polled_for(&mut self) -> Option<u64> {
        if self.polls < WAITING_POLLS || self.control & TICK_INTERRUPT != 0 {
            return None;
        }
        self.polls = 0;
        self.zero_at
    }

    /// A register by its offset from SYST_CSR. The caller has passed time before. Reading CSR clears COUNTFLAG.
    pub(crate) fn read(&mut self, offset: u32, now: u64, debugger: bool) -> u32 {
        match offset {
            0x0 => {
                let value = self.control | if self.counted { COUNT_FLAG } else { 0 };
                if !debugger {
                    self.polls = if self.counted { 0 } else { self.polls + 1 };
                    self.counted = false;
                }
                value
            }
            0x4 => self.reload,
            0x8 => self.current(now),
            // No calibration value, reference clock present.
            _ => 0x4000_0000,
        }
    }

    /// Writes a register. The caller has passed time before.
    pub(crate) fn write(&mut self, offset: u32, value: u32, now: u64) {
        match offset {
            0x0 => {
                self.value = self.current(now);
                self.control = value & (ENABLE | TICK_INTERRUPT | CORE_CLOCK);
                self.start(now);
            }
            0x4 => {
                self.reload = value & 0xFF_FFFF;
                if self.zero_at.is_none() {
                    self.start(now);
                }
            }
            0x8 => {
                self.value = 0;
                self.counted = false;
                self.start(now);
            }
            _ => {}
        }
    }

    fn start(&mut self, now: u64) {
        self.zero_at = if self.control & ENABLE == 0 {
            None
        } else if self.value != 0 {
            Some(now + u64::from(self.value) * self.divider())
        } else if self.reload != 0 {
            Some(now + (u64::from(self.reload) + 1) * self.divider())
        } else {
            None
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_for_an_interrupt_each_period() {
        let mut tick = SysTick::new();
        tick.write(4, 99, 0);
        tick.write(0, 7, 0);
        assert_eq!(tick.deadline(), Some(100));
        assert!(!tick.advance(99));
        assert!(tick.advance(100));
        assert_eq!(tick.deadline(), Some(200));
        assert_eq!(tick.read(8, 150, false), 50);
        assert_ne!(tick.read(0, 150, false) & COUNT_FLAG, 0);
        assert_eq!(tick.read(0, 150, false) & COUNT_FLAG, 0);
    }

    #[test]
    fn a_loop_that_polls_the_flag_is_told_what_it_waits_for() {
        let mut tick = SysTick::new();
        tick.write(4, 99, 0);
        tick.write(0, 5, 0);
        for now in 0..15 {
            assert_eq!(tick.read(0, now, false) & COUNT_FLAG, 0);
            assert_eq!(tick.polled_for(), None);
        }
        tick.read(0, 15, false);
        assert_eq!(tick.polled_for(), Some(100));
        assert_eq!(tick.polled_for(), None, "the next wait is counted anew");
    }

    #[test]
    fn stopping_keeps_the_value() {
        let mut tick = SysTick::new();
        tick.write(4, 99, 0);
        tick.write(0, 5, 0);
        tick.write(0, 4, 40);
        assert_eq!(tick.read(8, 1000, false), 60);
    }
}

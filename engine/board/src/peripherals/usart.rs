//! UART 4, the discovery kit's console (CMSIS): a byte takes ten bit times in each direction, with or without FIFO.
//! The frame is not looked at: a divider that the other side would not understand is not seen here.
//!
//! The wire from the person waits while the receiver is full instead of losing bytes (assumption A21).

use std::collections::VecDeque;

use super::timing::Timing;

const CR1_UE: u32 = 1 << 0;
const CR1_RE: u32 = 1 << 2;
const CR1_TE: u32 = 1 << 3;
const CR1_RXNEIE: u32 = 1 << 5;
const CR1_TCIE: u32 = 1 << 6;
const CR1_TXEIE: u32 = 1 << 7;
const CR1_FIFOEN: u32 = 1 << 29;
const ISR_RXNE: u32 = 1 << 5;
const ISR_TC: u32 = 1 << 6;
const ISR_TXE: u32 = 1 << 7;
const ISR_BUSY: u32 = 1 << 16;
const ISR_TEACK: u32 = 1 << 21;
const ISR_REACK: u32 = 1 << 22;
const ISR_TXFE: u32 = 1 << 23;
const ISR_RXFF: u32 = 1 << 24;
const ICR_TCCF: u32 = 1 << 6;
/// Flushes of the two data registers (RQR).
const RQR_RXFRQ: u32 = 1 << 3;
const RQR_TXFRQ: u32 = 1 << 4;

const CR1: u32 = 0x00;
const BRR: u32 = 0x0C;
const RQR: u32 = 0x18;
const ISR: u32 = 0x1C;
const ICR: u32 = 0x20;
const RDR: u32 = 0x24;
const TDR: u32 = 0x28;
const PRESC: u32 = 0x2C;

/// Depth of either FIFO.
const FIFO: usize = 16;
/// Bytes kept for the reader on the other side, and typed ahead by it; the oldest go first.
const KEPT: usize = 1 << 16;
/// Bits of a frame: start, eight, stop.
const FRAME_BITS: u64 = 10;
/// Clock divisors by prescaler code.
const DIVISORS: [u64; 12] = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256];

/// The UART.
#[derive(Clone)]
pub(crate) struct Usart {
    words: [u32; 12],
    timing: Timing,
    /// Bytes written and not yet in the shift register.
    transmit: VecDeque<u8>,
    /// The byte on the wire, and when its last bit has gone.
    shifting: Option<(u64, u8)>,
    /// Transmission complete, as the flag tells it.
    complete: bool,
    received: VecDeque<u8>,
    /// Typed and not yet on the wire, and when the byte on it has come.
    typed: VecDeque<u8>,
    arrives: Option<u64>,
    sent: VecDeque<u8>,
}

impl Usart {
    pub(crate) fn new(timing: Timing) -> Self {
        Self {
            words: [0; 12],
            timing,
            transmit: VecDeque::new(),
            shifting: None,
            complete: true,
            received: VecDeque::new(),
            typed: VecDeque::new(),
            arrives: None,
            sent: VecDeque::new(),
        }
    }

    /// A reset. What was sent stays with the reader, what was typed and has not arrived stays on the wire.
    pub(crate) fn reset(&mut self) {
        let (sent, typed) = (std::mem::take(&mut self.sent), std::mem::take(&mut self.typed));
        *self = Self { sent, typed, ..Self::new(self.timing) };
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.typed.extend(bytes);
        let excess = self.typed.len().saturating_sub(KEPT);
        self.typed.drain(..excess);
    }

    pub(crate) fn take_sent(&mut self) -> Vec<u8> {
        self.sent.drain(..).collect()
    }

    pub(crate) fn has_sent(&self) -> bool {
        !self.sent.is_empty()
    }

    fn get(&self, offset: u32) -> u32 {
        self.words.get(offset as usize / 4).copied().unwrap_or(0)
    }

    fn is_on(&self, direction: u32) -> bool {
        self.get(CR1) & (CR1_UE | direction) == CR1_UE | direction
    }

    fn depth(&self) -> usize {
        if self.get(CR1) & CR1_FIFOEN != 0 { FIFO } else { 1 }
    }

    /// Instructions that a byte takes: kernel clock and core clock are taken to be the same (assumption A18).
    fn byte_time(&self) -> u64 {
        let divisor = DIVISORS.get((self.get(PRESC) & 0xF) as usize).copied().unwrap_or(256);
        let cycles = u64::from(self.get(BRR) & 0xFFFF).max(16) * divisor * FRAME_BITS;
        self.timing.scaled(cycles)
    }

    /// Moves what is due on both wires.
    pub(crate) fn advance(&mut self, now: u64) {
        while let Some((due, byte)) = self.shifting.filter(|(due, _)| *due <= now) {
            if self.sent.len() >= KEPT {
                self.sent.pop_front();
            }
            self.sent.push_back(byte);
            self.shifting = None;
            self.shift_next(due);
            self.complete |= self.shifting.is_none();
        }
        if !self.is_on(CR1_RE) {
            self.arrives = None;
            return;
        }
        while self.received.len() < self.depth() && !self.typed.is_empty() {
            let due = *self.arrives.get_or_insert(now.saturating_add(self.byte_time()));
            if due > now {
                return;
            }
            self.arrives = None;
            if let Some(byte) = self.typed.pop_front() {
                self.received.push_back(byte);
            }
        }
    }

    fn shift_next(&mut self, now: u64) {
        if self.shifting.is_none()
            && self.is_on(CR1_TE)
            && let Some(byte) = self.transmit.pop_front()
        {
            self.shifting = Some((now.saturating_add(self.byte_time()), byte));
        }
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        // A byte that was typed while nothing was due is picked up at the next advance.
        let picked_up = (self.arrives.is_none()
            && !self.typed.is_empty()
            && self.is_on(CR1_RE)
            && self.received.len() < self.depth())
        .then_some(0);
        // A full receiver holds the wire up: nothing is due until it is read.
        let arrives = self.arrives.filter(|_| self.received.len() < self.depth());
        [self.shifting.map(|(due, _)| due), arrives, picked_up].into_iter().flatten().min()
    }

    fn status(&self) -> u32 {
        let mut status = 0;
        let mut set = |flag: u32, when: bool| status |= if when { flag } else { 0 };
        set(ISR_TXE, self.transmit.len() < self.depth());
        set(ISR_TXFE, self.transmit.is_empty());
        set(ISR_TC, self.complete);
        set(ISR_BUSY, self.arrives.is_some());
        set(ISR_RXNE, !self.received.is_empty());
        set(ISR_RXFF, self.received.len() >= FIFO);
        set(ISR_TEACK, self.is_on(CR1_TE));
        set(ISR_REACK, self.is_on(CR1_RE));
        status
    }

    pub(crate) fn interrupt(&self) -> bool {
        let control = self.get(CR1);
        let status = self.status();
        control & CR1_UE != 0 && control & status & (CR1_RXNEIE | CR1_TCIE | CR1_TXEIE) != 0
    }

    pub(crate) fn read(&mut self, offset: u32, now: u64) -> Option<u32> {
        match offset {
            ISR => Some(self.status()),
            RDR => {
                let byte = self.received.pop_front().map_or(0, u32::from);
                self.advance(now);
                Some(byte)
            }
            RQR | ICR | TDR => Some(0),
            _ => self.words.get(offset as usize / 4).copied(),
        }
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32, now: u64) -> Option<()> {
        match offset {
            ISR | RDR => {}
            ICR => self.complete &= value & ICR_TCCF == 0,
            RQR => {
                if value & RQR_RXFRQ != 0 {
                    self.received.clear();
                }
                if value & RQR_TXFRQ != 0 {
                    self.transmit.clear();
                }
            }
            TDR => {
                // A byte written to a full register is lost, as on silicon.
                if self.is_on(CR1_TE) && self.transmit.len() < self.depth() {
                    self.transmit.push_back(value as u8);
                    self.complete = false;
                    self.shift_next(now);
                }
            }
            _ => *self.words.get_mut(offset as usize / 4)? = value,
        }
        self.advance(now);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 64 MHz / 115200.
    const DIVIDER: u32 = 556;
    const BYTE: u64 = 5560;

    fn console(more: u32) -> Usart {
        let mut uart = Usart::new(Timing { scale: 1000 });
        uart.write(BRR, DIVIDER, 0);
        uart.write(CR1, CR1_UE | CR1_RE | CR1_TE | more, 0);
        uart
    }

    #[test]
    fn a_byte_takes_ten_bits_and_then_transmission_is_complete() {
        let mut uart = console(0);
        assert_eq!(uart.read(ISR, 0).unwrap() & (ISR_TC | ISR_TXE), ISR_TC | ISR_TXE);
        uart.write(TDR, u32::from(b'a'), 0);
        assert_eq!(uart.read(ISR, 0).unwrap() & (ISR_TC | ISR_TXE), ISR_TXE, "one byte shifts, one more fits");
        uart.write(TDR, u32::from(b'b'), 0);
        assert_eq!(uart.read(ISR, 0).unwrap() & (ISR_TC | ISR_TXE), 0);
        assert_eq!(uart.deadline(), Some(BYTE));
        uart.advance(BYTE);
        assert_eq!(uart.take_sent(), b"a");
        uart.advance(2 * BYTE);
        assert_eq!(uart.take_sent(), b"b");
        assert_eq!(uart.read(ISR, 2 * BYTE).unwrap() & ISR_TC, ISR_TC);
    }

    #[test]
    fn with_a_fifo_sixteen_more_bytes_fit() {
        let mut uart = console(CR1_FIFOEN);
        let mut written = 0;
        while uart.read(ISR, 0).unwrap() & ISR_TXE != 0 {
            uart.write(TDR, written, 0);
            written += 1;
        }
        assert_eq!(written, 17);
        uart.advance(17 * BYTE);
        assert_eq!(uart.take_sent(), (0..17).collect::<Vec<u8>>());
    }

    #[test]
    fn typed_bytes_arrive_one_after_the_other_and_none_is_lost() {
        let mut uart = console(CR1_RXNEIE);
        uart.receive(b"ab");
        assert!(!uart.interrupt());
        uart.advance(0);
        uart.advance(BYTE);
        assert!(uart.interrupt());
        uart.advance(5 * BYTE);
        assert_eq!(uart.deadline(), None, "the wire waits");
        assert_eq!(uart.read(RDR, 5 * BYTE), Some(u32::from(b'a')));
        uart.advance(6 * BYTE);
        assert_eq!(uart.read(RDR, 6 * BYTE), Some(u32::from(b'b')));
        assert_eq!(uart.read(ISR, 6 * BYTE).unwrap() & ISR_RXNE, 0);
    }

    #[test]
    fn with_time_scaled_away_a_byte_is_sent_at_once() {
        let mut uart = Usart::new(Timing { scale: 0 });
        uart.write(CR1, CR1_UE | CR1_TE, 0);
        uart.write(TDR, 7, 0);
        assert_eq!(uart.take_sent(), [7]);
    }
}

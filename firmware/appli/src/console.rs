//! The discovery kit's console, as this program uses it: it speaks, and sleeps until somebody types.

use core::fmt;

use hardware::pac::UART4;
use hardware::pac::usart::regs::Icr;
use hardware::uart::{self, Ways};

/// Core cycles of one look at the receiver, most of them spent on the way to its register: an estimate, as waits need be
/// no better.
const CYCLES_OF_A_LOOK: u32 = 48;

/// UART4's interrupt: word and bit in the NVIC.
const INTERRUPT: u16 = 85;

#[derive(Clone, Copy)]
struct Uart4;

// Safety: the number that the chip has for UART4 (CMSIS).
unsafe impl cortex_m::interrupt::InterruptNumber for Uart4 {
    fn number(self) -> u16 {
        INTERRUPT
    }
}

/// The console, running.
pub struct Console(());

impl Console {
    /// Switches it on. The UART is clocked from the internal oscillator, whatever drives the core.
    pub fn start() -> Self {
        uart::start(Ways::OutAndIn);
        // The interrupt only ends the sleep in `read`: it is never taken, because interrupts stay masked.
        cortex_m::interrupt::disable();
        // Safety: no code anywhere relies on this interrupt being masked.
        unsafe { cortex_m::peripheral::NVIC::unmask(Uart4) };
        Self(())
    }

    /// Sleeps until somebody types something.
    pub fn read(&mut self) -> u8 {
        loop {
            if let Some(byte) = self.received() {
                return byte;
            }
            cortex_m::peripheral::NVIC::unpend(Uart4);
            // Looked at once more after the pending bit went: what came in between has set it again.
            if !UART4.isr().read().rxne() {
                cortex_m::asm::wfi();
            }
        }
    }
}

impl Console {
    /// Waits for a byte, awake, for about `milliseconds`: looks are counted, as there is no clock that everybody who
    /// starts this program leaves in the same state.
    pub fn read_within(&mut self, milliseconds: u32) -> Option<u8> {
        let looks = hardware::clocks::core_hertz() / (1_000 * CYCLES_OF_A_LOOK);
        for _ in 0..milliseconds {
            for _ in 0..looks {
                if let Some(byte) = self.received() {
                    return Some(byte);
                }
            }
        }
        None
    }

    /// A byte that has come.
    fn received(&mut self) -> Option<u8> {
        let status = UART4.isr().read();
        if status.ore() || status.fe() || status.ne() {
            // Something was lost; what comes next is still good.
            UART4.icr().write_value(Icr(0xE));
        }
        status.rxne().then(|| UART4.rdr().read().0 as u8)
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| uart::send(*byte));
    }

    /// Waits until the last bit has gone, and stops.
    pub fn stop(&mut self) {
        uart::stop();
    }
}

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            uart::send(byte);
        }
        Ok(())
    }
}

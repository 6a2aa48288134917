//! The discovery kit's console: UART4 on PD1 (out) and PD0 (in), 115200 baud, 8 data bits, no parity, one stop bit.

use core::fmt;

use hardware::pac::gpio::vals::Moder;
use hardware::pac::rcc::vals::{Hsidiv, Usart234578sel};
use hardware::pac::usart::regs::Icr;
use hardware::pac::{GPIOD, RCC, UART4};

const BAUD: u32 = 115_200;
const RECEIVE: usize = 0;
const TRANSMIT: usize = 1;
const ALTERNATE_FUNCTION: u8 = 8;

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
        RCC.cr().modify(|w| w.set_hsion(true));
        while !RCC.cr().read().hsirdy() {}
        let oscillator = 64_000_000
            >> match RCC.cr().read().hsidiv() {
                Hsidiv::DIV1 => 0,
                Hsidiv::DIV2 => 1,
                Hsidiv::DIV4 => 2,
                Hsidiv::DIV8 => 3,
            };
        RCC.apb1perckselr().modify(|w| w.set_usart234578sel(Usart234578sel::HSI));
        RCC.ahb4enr().modify(|w| w.set_gpioden(true));
        RCC.apb1enr1().modify(|w| w.set_uart4en(true));
        cortex_m::asm::dsb();

        for pin in [RECEIVE, TRANSMIT] {
            GPIOD.afr(0).modify(|w| w.set_afr(pin, ALTERNATE_FUNCTION));
            GPIOD.moder().modify(|w| w.set_moder(pin, Moder::ALTERNATE));
        }

        UART4.cr1().write(|_| ());
        UART4.brr().write(|w| w.set_brr(((oscillator + BAUD / 2) / BAUD) as u16));
        UART4.cr1().write(|w| {
            w.set_te(true);
            w.set_re(true);
            w.set_rxneie(true);
            w.set_ue(true);
        });
        // The interrupt only ends the sleep in `read`: it is never taken, because interrupts stay masked.
        cortex_m::interrupt::disable();
        // Safety: no code anywhere relies on this interrupt being masked.
        unsafe { cortex_m::peripheral::NVIC::unmask(Uart4) };
        Self(())
    }

    /// Sleeps until somebody types something.
    pub fn read(&mut self) -> u8 {
        loop {
            let status = UART4.isr().read();
            if status.ore() || status.fe() || status.ne() {
                // Something was lost; what comes next is still good.
                UART4.icr().write_value(Icr(0xE));
            }
            if status.rxne() {
                return UART4.rdr().read().0 as u8;
            }
            cortex_m::peripheral::NVIC::unpend(Uart4);
            // Looked at once more after the pending bit went: what came in between has set it again.
            if !UART4.isr().read().rxne() {
                cortex_m::asm::wfi();
            }
        }
    }
}

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            while !UART4.isr().read().txe() {}
            UART4.tdr().write(|w| w.0 = u32::from(byte) as _);
        }
        Ok(())
    }
}

//! UART4, the discovery kit's console: PD1 (out) and PD0 (in), 115200 baud, 8 data bits, no parity, one stop bit.

use crate::pac::gpio::vals::Moder;
use crate::pac::rcc::vals::Usart234578sel;
use crate::pac::{GPIOD, RCC, UART4};

const BAUD: u32 = 115_200;
const RECEIVE: usize = 0;
const TRANSMIT: usize = 1;
const ALTERNATE_FUNCTION: u8 = 8;
const TRIES: u32 = 10_000_000;

/// Which ways a program uses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    /// It only speaks.
    Out,
    /// It speaks and listens; a byte that arrives asks for the interrupt.
    OutAndIn,
}

/// Switches the UART on, clocked from the internal oscillator, whatever drives the core.
pub fn start(ways: Ways) {
    RCC.cr().modify(|w| w.set_hsion(true));
    let _ready = (0..TRIES).any(|_| RCC.cr().read().hsirdy());
    let oscillator = crate::clocks::internal_oscillator();
    RCC.apb1perckselr().modify(|w| w.set_usart234578sel(Usart234578sel::HSI));
    RCC.ahb4enr().modify(|w| w.set_gpioden(true));
    RCC.apb1enr1().modify(|w| w.set_uart4en(true));
    cortex_m::asm::dsb();

    for pin in [RECEIVE, TRANSMIT] {
        GPIOD.afr(0).modify(|w| w.set_afr(pin, ALTERNATE_FUNCTION));
        GPIOD.moder().modify(|w| w.set_moder(pin, Moder::ALTERNATE));
    }

    let listens = ways == Ways::OutAndIn;
    UART4.cr1().write(|_| ());
    UART4.brr().write(|w| w.set_brr(((oscillator + BAUD / 2) / BAUD) as u16));
    UART4.cr1().write(|w| {
        w.set_te(true);
        w.set_re(listens);
        w.set_rxneie(listens);
        w.set_ue(true);
    });
}

/// Whether it is on.
pub fn is_on() -> bool {
    RCC.apb1enr1().read().uart4en() && UART4.cr1().read().ue()
}

/// Sends a byte once the one before is under way. A transmitter that never gets ready loses it: nobody waits for ever for
/// a console.
pub fn send(byte: u8) {
    if (0..TRIES).any(|_| UART4.isr().read().txe()) {
        UART4.tdr().write(|w| w.0 = u32::from(byte) as _);
    }
}

/// Waits until everything has left, and switches the UART off. Nothing happens to one that is off.
pub fn stop() {
    if !is_on() {
        return;
    }
    let _left = (0..TRIES).any(|_| UART4.isr().read().tc());
    UART4.cr1().write(|_| ());
}

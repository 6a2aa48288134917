//! Supply, clocks and pins of XSPI port 2, where the discovery kit's NOR is, and the swap that puts XSPI1 there.

use crate::pac::gpio::vals::{Moder, Ospeedr};
use crate::pac::rcc::vals::Xspisel;
use crate::pac::{FLASH, GPION, PWR, RCC, SYSCFG, XSPI1, XSPI2, XSPIM};

/// DQS, chip select, IO0 to IO3, clock, IO4 to IO7.
const PINS: [usize; 11] = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11];
const ALTERNATE_FUNCTION: u8 = 9;
/// A compensation cell that doesn't settle is left as it is: at 50 MHz the pads work without.
const TRIES: u32 = 100_000;

/// Prepares everything outside the XSPI itself. Options of the board are read, never written.
pub fn prepare() {
    RCC.apb4enr().modify(|w| w.set_syscfgen(true));
    RCC.ahb4enr().modify(|w| w.set_gpionen(true));
    RCC.ahb5enr().modify(|w| {
        w.set_hpdma1en(true);
        w.set_xspi1en(true);
        w.set_xspi2en(true);
        w.set_iomngren(true);
    });
    cortex_m::asm::dsb();

    // Without this the pads have no supply.
    PWR.csr2().modify(|w| {
        w.set_en_xspim1(true);
        w.set_en_xspim2(true);
    });

    // The compensation cells run on the 4 MHz oscillator.
    RCC.cr().modify(|w| w.set_csion(true));
    wait(|| RCC.cr().read().csirdy());
    SYSCFG.cccsr().modify(|w| w.set_octo2_comp_en(true));
    wait(|| SYSCFG.cccsr().read().octo2_comp_rdy());
    // High speed at low voltage harms pads at 3.3 V: only where the board's maker said that they are at 1.8 V.
    if FLASH.obw1sr().read().octo2_hslv() {
        SYSCFG.cccsr().modify(|w| w.set_octo2_iohslv(true));
    }

    for pin in PINS {
        GPION.ospeedr().modify(|w| w.set_ospeedr(pin, Ospeedr::VERY_HIGH_SPEED));
        GPION.afr(pin / 8).modify(|w| w.set_afr(pin % 8, ALTERNATE_FUNCTION));
        GPION.moder().modify(|w| w.set_moder(pin, Moder::ALTERNATE));
    }

    // 200 MHz where PLL2 runs, else the bus clock: a quarter of either is 50 MHz or less at STiRoT's clocks.
    let kernel = if crate::clocks::pll2_runs() { Xspisel::PLL2_S } else { Xspisel::HCLK5 };
    RCC.ahbperckselr().modify(|w| w.set_xspi1sel(kernel));

    // The ports are swapped while both interfaces are off, so that XSPI1, behind MCE1, reaches port 2.
    XSPI1.cr().modify(|w| w.set_en(false));
    XSPI2.cr().modify(|w| w.set_en(false));
    XSPIM.cr().write(|w| w.set_mode(true));
}

fn wait(until: impl Fn() -> bool) {
    for _ in 0..TRIES {
        if until() {
            return;
        }
    }
}

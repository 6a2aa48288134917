//! The clock tree as STiRoT leaves it, from the 64 MHz internal oscillator (recipe of ST's DK templates).

use crate::pac::rcc::vals::{Hpre, Hsidiv, Plldiv, Plldivst, Pllm, Plln, Pllrge, Pllsrc, Pllvcosel, Ppre, Sw, Xspisel};
use crate::pac::{FLASH, RCC};

/// Core clock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CoreClock {
    /// The internal oscillator as it is.
    Mhz64,
    /// PLL1.
    Mhz380,
}

const PLL1: usize = 0;
const PLL2: usize = 1;
const TRIES: u32 = 1_000_000;

/// A PLL that does not lock.
pub struct NoLock;

/// Starts PLL2 with 200 MHz on its S output for XSPI1, and the core on `core`.
///
/// # Errors
/// When a PLL doesn't lock; the core then still runs on the internal oscillator.
pub fn start(core: CoreClock) -> Result<(), NoLock> {
    RCC.pllckselr().modify(|w| {
        w.set_pllsrc(Pllsrc::HSI);
        w.set_divm(PLL1, Pllm::from_bits(32));
        w.set_divm(PLL2, Pllm::from_bits(4));
    });
    // 64 MHz / 4 * 25 / 2 = 200 MHz.
    RCC.plldivr(PLL2).modify(|w| w.set_plln(Plln::from_bits(25 - 1)));
    RCC.plldivr2(PLL2).modify(|w| w.set_plls(Plldivst::from_bits(2 - 1)));
    RCC.pllcfgr().modify(|w| {
        w.set_pllrge(PLL2, Pllrge::RANGE8);
        w.set_pllvcosel(PLL2, Pllvcosel::WIDE_VCO);
        w.set_divsen(PLL2, true);
    });
    switch_on(PLL2)?;
    RCC.ahbperckselr().modify(|w| w.set_xspi1sel(Xspisel::PLL2_S));
    if core == CoreClock::Mhz64 {
        return Ok(());
    }
    // assumption A45: 64 MHz / 32 * 380 / 2 = 380 MHz: an even divider after the oscillator that both ranges allow.
    RCC.plldivr(PLL1).modify(|w| {
        w.set_plln(Plln::from_bits(380 - 1));
        w.set_pllp(Plldiv::DIV2);
    });
    RCC.pllcfgr().modify(|w| {
        w.set_pllrge(PLL1, Pllrge::RANGE2);
        w.set_pllvcosel(PLL1, Pllvcosel::WIDE_VCO);
        w.set_divpen(PLL1, true);
    });
    switch_on(PLL1)?;
    // Slower buses and flash first, then the faster clock.
    RCC.bmcfgr().modify(|w| w.set_bmpre(Hpre::DIV2));
    RCC.apbcfgr().modify(|w| {
        w.set_ppre1(Ppre::DIV2);
        w.set_ppre2(Ppre::DIV2);
        w.set_ppre4(Ppre::DIV2);
        w.set_ppre5(Ppre::DIV2);
    });
    FLASH.acr().modify(|w| w.set_latency(5));
    RCC.cfgr().modify(|w| w.set_sw(Sw::PLL1_P));
    wait(|| RCC.cfgr().read().sws() == Sw::PLL1_P)
}

/// The internal oscillator behind its divider, in hertz.
pub fn internal_oscillator() -> u32 {
    64_000_000
        >> match RCC.cr().read().hsidiv() {
            Hsidiv::DIV1 => 0,
            Hsidiv::DIV2 => 1,
            Hsidiv::DIV4 => 2,
            Hsidiv::DIV8 => 3,
        }
}

/// The core's clock in hertz, where [`start`] or nobody has set it.
pub fn core_hertz() -> u32 {
    if RCC.cfgr().read().sws() == Sw::PLL1_P { 380_000_000 } else { internal_oscillator() }
}

/// Whether PLL2 runs, and with it XSPI1's 200 MHz.
pub fn pll2_runs() -> bool {
    RCC.cr().read().pllrdy(PLL2)
}

fn switch_on(pll: usize) -> Result<(), NoLock> {
    RCC.cr().modify(|w| w.set_pllon(pll, true));
    wait(|| RCC.cr().read().pllrdy(pll))
}

fn wait(until: impl Fn() -> bool) -> Result<(), NoLock> {
    (0..TRIES).any(|_| until()).then_some(()).ok_or(NoLock)
}

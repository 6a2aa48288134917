//! The discovery kit's PSRAM, an APMemory APS256XX of 32 MiB on port 1 of the XSPIs, which XSPI2 reaches while the ports
//! are swapped ([`crate::pads::prepare`]): sixteen lines, both edges, 50 MHz. Commands and registers as ST's component
//! driver has them.
// assumption A86: what no public example tells for this speed: latencies of seven cycles, refresh and row ends as below,
// no delay of the interface's own on data.

use crate::external::Fault;
use crate::pac::gpio::vals::{Moder, Ospeedr};
use crate::pac::rcc::vals::Xspisel;
use crate::pac::xspi::regs::{Ccr, Cr};
use crate::pac::xspi::vals::{
    CcrAdmode, CcrAdsize, CcrDmode, CcrImode, CcrIsize, Csbound, Csht, Fmode, Fthres, Mtyp, Refresh, WccrAdmode,
    WccrAdsize, WccrDmode, WccrImode, WccrIsize,
};
use crate::pac::{FLASH, GPIOO, GPIOP, RCC, SYSCFG, XSPI2};

/// Bytes of it.
pub const SIZE: u32 = 32 * 1024 * 1024;

/// Chip select, both strobes, clock on GPIOO; IO0 to IO15 are all of GPIOP.
const CONTROL_PINS: [usize; 4] = [0, 2, 3, 4];
const ALTERNATE_FUNCTION: u8 = 9;

const READ_LINEAR: u32 = 0x20;
const READ_REGISTER: u32 = 0x40;
const WRITE_LINEAR: u32 = 0xA0;
const WRITE_REGISTER: u32 = 0xC0;
const RESET: u32 = 0xFF;

/// Mode register 0: seven cycles of read latency, full drive divided by two.
const MODE_0: (u32, u8) = (0, 0x11);
/// Mode register 4: seven cycles of write latency, refresh as fast as it may be.
const MODE_4: (u32, u8) = (4, 0x20);
/// Mode register 8: sixteen lines, no crossing of rows.
const MODE_8: (u32, u8) = (8, 0x40);
/// Register 1: the maker in its low bits, register 2 behind it: the density.
const IDENTITY: u32 = 1;
const MAKER_APMEMORY: u8 = 0x0D;
const DENSITY_256_MBIT: u8 = 0x07;
/// Dummy cycles of the interface at seven cycles of latency: it counts one less (ST's driver).
const DUMMY: u8 = 7 - 1;

/// The interface's memory kind for APMemory's frames on sixteen lines.
const KIND_APMEMORY_16: u8 = 6;
const DATA_ON_16_LINES: u8 = 5;
/// 2^(24+1) bytes.
const DEVICE_SIZE: u8 = 24;
/// Kernel clock by 4: 50 MHz or less.
const PRESCALER: u8 = 3;
/// Bursts end where a row of 2^11 bytes does.
const ROW: u8 = 11;
/// Interface cycles after which the chip is left alone to refresh itself: 3.6 µs at 50 MHz; 4 is the most.
const REFRESH_CYCLES: u32 = 180;
/// Core cycles after a reset: 100 µs and more at 380 MHz.
const RESET_CYCLES: u32 = 40_000;
const TRIES: u32 = 10_000_000;

/// Brings the chip up and opens its window for reads and writes.
///
/// # Errors
/// When the interface doesn't finish, or no such chip answers.
pub fn start() -> Result<(), Fault> {
    prepare_pads();
    XSPI2.cr().write_value(Cr(0));
    idle()?;
    XSPI2.dcr1().write(|w| {
        w.set_mtyp(Mtyp::from_bits(KIND_APMEMORY_16));
        w.set_devsize(DEVICE_SIZE);
        w.set_csht(Csht::from_bits(4));
    });
    XSPI2.dcr2().write(|w| w.set_prescaler(PRESCALER));
    XSPI2.dcr3().write(|w| w.set_csbound(Csbound::from_bits(ROW)));
    XSPI2.dcr4().write(|w| w.set_refresh(Refresh::from_bits(REFRESH_CYCLES)));
    idle()?;
    XSPI2.cr().write(|w| w.set_en(true));

    // What ran before may have left the chip in another mode; nothing resets it together with the microcontroller.
    command(RESET, 0, Transfer::None)?;
    cortex_m::asm::delay(RESET_CYCLES);
    for (register, value) in [MODE_0, MODE_4, MODE_8] {
        command(WRITE_REGISTER, register, Transfer::Write(value))?;
    }
    let mut identity = [0; 2];
    command(READ_REGISTER, IDENTITY, Transfer::Read(&mut identity))?;
    let [maker, density] = identity;
    if maker & 0x1F != MAKER_APMEMORY || density & 7 != DENSITY_256_MBIT {
        return Err(Fault::Xspi);
    }
    map()
}

fn prepare_pads() {
    RCC.ahb4enr().modify(|w| {
        w.set_gpiooen(true);
        w.set_gpiopen(true);
    });
    cortex_m::asm::dsb();
    SYSCFG.cccsr().modify(|w| w.set_octo1_comp_en(true));
    let _settled = (0..TRIES).any(|_| SYSCFG.cccsr().read().octo1_comp_rdy());
    // As for the other port: only where the board's maker said that the pads are at 1.8 V.
    if FLASH.obw1sr().read().octo1_hslv() {
        SYSCFG.cccsr().modify(|w| w.set_octo1_iohslv(true));
    }
    for (port, pin) in CONTROL_PINS.into_iter().map(|pin| (GPIOO, pin)).chain((0..16).map(|pin| (GPIOP, pin))) {
        port.ospeedr().modify(|w| w.set_ospeedr(pin, Ospeedr::VERY_HIGH_SPEED));
        port.afr(pin / 8).modify(|w| w.set_afr(pin % 8, ALTERNATE_FUNCTION));
        port.moder().modify(|w| w.set_moder(pin, Moder::ALTERNATE));
    }
    let kernel = if crate::clocks::pll2_runs() { Xspisel::PLL2_S } else { Xspisel::HCLK5 };
    RCC.ahbperckselr().modify(|w| w.set_xspi2sel(kernel));
}

/// What goes with a command to a register: on eight lines, whatever the cells are on.
enum Transfer<'a> {
    None,
    /// One byte, on both edges of a clock.
    Write(u8),
    Read(&'a mut [u8; 2]),
}

fn command(instruction: u32, address: u32, transfer: Transfer<'_>) -> Result<(), Fault> {
    idle()?;
    clear_flags();
    let reads = matches!(transfer, Transfer::Read(_));
    let has_data = !matches!(transfer, Transfer::None);
    XSPI2.cr().modify(|w| {
        w.set_fmode(if reads { Fmode::B_0X1 } else { Fmode::B_0X0 });
        w.set_fthres(Fthres::B_0X0);
    });
    if has_data {
        // Two bytes, one each edge.
        XSPI2.dlr().write(|w| w.set_dl(2 - 1));
    }
    XSPI2.ccr().write(|w| {
        say_address(w);
        if has_data {
            w.set_dmode(CcrDmode::B_0X4);
            w.set_ddtr(true);
        }
        w.set_dqse(reads);
    });
    XSPI2.tcr().write(|w| w.set_dcyc(if reads { DUMMY } else { 0 }));
    XSPI2.ir().write(|w| w.set_instruction(instruction));
    XSPI2.ar().write(|w| w.set_address(address));
    // Safety: XSPI2's data register, one byte wide.
    let data = XSPI2.dr().as_ptr() as *mut u8;
    match transfer {
        Transfer::None => {}
        Transfer::Write(value) => {
            for _ in 0..2 {
                wait(|| XSPI2.sr().read().ftf())?;
                // Safety: as above.
                unsafe { data.write_volatile(value) };
            }
        }
        Transfer::Read(bytes) => {
            for byte in bytes {
                wait(|| XSPI2.sr().read().flevel() > 0)?;
                // Safety: as above.
                *byte = unsafe { data.read_volatile() };
            }
        }
    }
    wait(|| XSPI2.sr().read().tcf())?;
    clear_flags();
    if XSPI2.sr().read().tef() { Err(Fault::Xspi) } else { Ok(()) }
}

/// Instruction of a byte on one edge, address of four on both, eight lines each.
fn say_address(w: &mut Ccr) {
    w.set_imode(CcrImode::B_0X4);
    w.set_isize(CcrIsize::B_0X0);
    w.set_admode(CcrAdmode::B_0X4);
    w.set_addtr(true);
    w.set_adsize(CcrAdsize::B_0X3);
}

fn map() -> Result<(), Fault> {
    idle()?;
    clear_flags();
    XSPI2.cr().modify(|w| w.set_fmode(Fmode::B_0X0));
    XSPI2.ccr().write(|w| {
        say_address(w);
        w.set_dmode(CcrDmode::from_bits(DATA_ON_16_LINES));
        w.set_ddtr(true);
        w.set_dqse(true);
    });
    XSPI2.tcr().write(|w| w.set_dcyc(DUMMY));
    XSPI2.ir().write(|w| w.set_instruction(READ_LINEAR));
    XSPI2.wccr().write(|w| {
        w.set_imode(WccrImode::B_0X4);
        w.set_isize(WccrIsize::B_0X0);
        w.set_admode(WccrAdmode::B_0X4);
        w.set_addtr(true);
        w.set_adsize(WccrAdsize::B_0X3);
        w.set_dmode(WccrDmode::from_bits(DATA_ON_16_LINES));
        w.set_ddtr(true);
        w.set_dqse(true);
    });
    XSPI2.wtcr().write(|w| w.set_dcyc(DUMMY));
    XSPI2.wir().write(|w| w.set_instruction(WRITE_LINEAR));
    XSPI2.cr().modify(|w| w.set_fmode(Fmode::B_0X3));
    cortex_m::asm::dsb();
    Ok(())
}

fn idle() -> Result<(), Fault> {
    wait(|| !XSPI2.sr().read().busy())
}

fn clear_flags() {
    XSPI2.fcr().write(|w| {
        w.set_ctef(true);
        w.set_ctcf(true);
        w.set_csmf(true);
        w.set_ctof(true);
    });
}

fn wait(until: impl Fn() -> bool) -> Result<(), Fault> {
    (0..TRIES).any(|_| until()).then_some(()).ok_or(Fault::Xspi)
}

//! XSPI1: one command at a time, or the window. What the commands mean is the NOR's business.

use crate::pac::XSPI1;
use crate::pac::xspi::regs::{Ccr, Cr};
use crate::pac::xspi::vals::{
    CcrAdmode, CcrAdsize, CcrDmode, CcrImode, CcrIsize, Csht, Fmode, Fthres, Mtyp, WccrAdmode, WccrAdsize, WccrDmode,
    WccrImode, WccrIsize,
};

use crate::external::Fault;

/// The window is 2^(26+1) bytes: 128 MiB.
const DEVICE_SIZE: u8 = 26;
/// Kernel clock by 4.
const PRESCALER: u8 = 3;
const TRIES: u32 = 10_000_000;

/// In how many wires, and on which edges, an instruction is spoken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// One wire.
    Spi,
    /// Eight wires, one edge, 16-bit instructions.
    OctalSingle,
    /// Eight wires, both edges, 16-bit instructions.
    OctalDouble,
}

/// What follows the instruction, on one wire.
pub enum Data<'a> {
    /// Nothing.
    None,
    /// Bytes from the chip.
    Read(&'a mut [u8]),
    /// Bytes to the chip.
    Write(&'a [u8]),
}

/// Switches the interface on: 50 MHz, mode 0, no boundaries.
///
/// # Errors
/// When it is busy and stays so.
pub fn start() -> Result<(), Fault> {
    XSPI1.cr().write_value(Cr(0));
    idle()?;
    XSPI1.dcr1().write(|w| {
        w.set_mtyp(Mtyp::B_0X1);
        w.set_devsize(DEVICE_SIZE);
        // Two cycles between commands.
        w.set_csht(Csht::B_0X1);
    });
    XSPI1.dcr2().write(|w| w.set_prescaler(PRESCALER));
    XSPI1.dcr3().write(|_| ());
    XSPI1.dcr4().write(|_| ());
    idle()?;
    XSPI1.cr().write(|w| w.set_en(true));
    Ok(())
}

/// Switches it off.
pub fn stop() {
    XSPI1.cr().modify(|w| w.set_en(false));
}

/// One command. With an address it is 32 bits on one wire.
///
/// # Errors
/// When the interface doesn't finish, or reports an error.
pub fn command(speech: Speech, instruction: u32, address: Option<u32>, data: Data<'_>) -> Result<(), Fault> {
    idle()?;
    clear_flags();
    let reads = matches!(data, Data::Read(_));
    let length = match &data {
        Data::None => 0,
        Data::Read(bytes) => bytes.len() as u32,
        Data::Write(bytes) => bytes.len() as u32,
    };
    XSPI1.cr().modify(|w| {
        w.set_fmode(if reads { Fmode::B_0X1 } else { Fmode::B_0X0 });
        w.set_fthres(Fthres::B_0X0);
    });
    if length > 0 {
        XSPI1.dlr().write(|w| w.set_dl(length - 1));
    }
    XSPI1.ccr().write(|w| {
        say_instruction(w, speech);
        if address.is_some() {
            w.set_admode(CcrAdmode::B_0X1);
            w.set_adsize(CcrAdsize::B_0X3);
        }
        if length > 0 {
            w.set_dmode(CcrDmode::B_0X1);
        }
    });
    XSPI1.tcr().write(|_| ());
    // Writing the last of instruction, address and data starts the command.
    XSPI1.ir().write(|w| w.set_instruction(instruction));
    if let Some(address) = address {
        XSPI1.ar().write(|w| w.set_address(address));
    }
    match data {
        Data::None => {}
        Data::Read(bytes) => {
            for byte in bytes {
                wait(|| XSPI1.sr().read().flevel() > 0)?;
                *byte = read_byte();
            }
        }
        Data::Write(bytes) => {
            for byte in bytes {
                // The threshold is one byte: the flag says that one fits.
                wait(|| XSPI1.sr().read().ftf())?;
                write_byte(*byte);
            }
        }
    }
    wait(|| XSPI1.sr().read().tcf())?;
    clear_flags();
    if XSPI1.sr().read().tef() { Err(Fault::Xspi) } else { Ok(()) }
}

fn say_instruction(w: &mut Ccr, speech: Speech) {
    w.set_imode(if speech == Speech::Spi { CcrImode::B_0X1 } else { CcrImode::B_0X4 });
    w.set_isize(if speech == Speech::Spi { CcrIsize::B_0X0 } else { CcrIsize::B_0X1 });
    w.set_idtr(speech == Speech::OctalDouble);
}

/// The data register gives as many bytes as are read at once.
fn read_byte() -> u8 {
    // Safety: XSPI1's data register, one byte wide.
    unsafe { (XSPI1.dr().as_ptr() as *const u8).read_volatile() }
}

fn write_byte(byte: u8) {
    // Safety: as for reading.
    unsafe { (XSPI1.dr().as_ptr() as *mut u8).write_volatile(byte) }
}

/// Opens the window: reads with one instruction, writes with another, both on one wire with 32-bit addresses.
///
/// # Errors
/// When the interface is busy and stays so.
pub fn map(read: u32, write: u32) -> Result<(), Fault> {
    idle()?;
    clear_flags();
    XSPI1.cr().modify(|w| w.set_fmode(Fmode::B_0X0));
    XSPI1.ccr().write(|w| {
        say_instruction(w, Speech::Spi);
        w.set_admode(CcrAdmode::B_0X1);
        w.set_adsize(CcrAdsize::B_0X3);
        w.set_dmode(CcrDmode::B_0X1);
    });
    XSPI1.tcr().write(|_| ());
    XSPI1.ir().write(|w| w.set_instruction(read));
    XSPI1.wccr().write(|w| {
        w.set_imode(WccrImode::B_0X1);
        w.set_isize(WccrIsize::B_0X0);
        w.set_admode(WccrAdmode::B_0X1);
        w.set_adsize(WccrAdsize::B_0X3);
        w.set_dmode(WccrDmode::B_0X1);
    });
    XSPI1.wtcr().write(|_| ());
    XSPI1.wir().write(|w| w.set_instruction(write));
    XSPI1.cr().modify(|w| w.set_fmode(Fmode::B_0X3));
    cortex_m::asm::dsb();
    Ok(())
}

/// Closes the window; the chip sees the end of whatever was under way.
///
/// # Errors
/// When the interface doesn't come to an end.
pub fn unmap() -> Result<(), Fault> {
    cortex_m::asm::dsb();
    XSPI1.cr().modify(|w| w.set_abort(true));
    wait(|| !XSPI1.cr().read().abort())?;
    idle()?;
    XSPI1.cr().modify(|w| w.set_fmode(Fmode::B_0X0));
    clear_flags();
    Ok(())
}

fn idle() -> Result<(), Fault> {
    wait(|| !XSPI1.sr().read().busy())
}

fn clear_flags() {
    XSPI1.fcr().write(|w| {
        w.set_ctef(true);
        w.set_ctcf(true);
        w.set_csmf(true);
        w.set_ctof(true);
    });
}

fn wait(until: impl Fn() -> bool) -> Result<(), Fault> {
    (0..TRIES).any(|_| until()).then_some(()).ok_or(Fault::Xspi)
}

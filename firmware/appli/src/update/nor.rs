//! The external flash while nothing can be read through its window. A program that runs in place must not fetch a
//! single instruction or constant from it then: everything in section `.data.nor` is copied to RAM before `main`, calls
//! nothing outside of that section, and uses nothing but its arguments, registers and the stack. Interrupts stay masked.
//!
//! One command is given on one wire, as the boot stages do it; the interface is then left as it was found.

use core::fmt;

use chip::memory_map::{XSPI1_WINDOW, XSPI2_WINDOW};
use hardware::nor::{
    ERASE_FAILED, ERASE_SECTOR, PROGRAM, PROGRAM_FAILED, READ, READ_SECURITY, READ_STATUS, WRITE_ENABLE, WRITE_ENABLED,
    WRITE_IN_PROGRESS,
};
pub use hardware::nor::{PAGE, SECTOR};
use hardware::pac::XSPI1;
use hardware::pac::xspi::vals::{CcrAdmode, CcrAdsize, CcrDmode, CcrImode, Fmode, Fthres};

use crate::place;

/// Looks at a flag of the interface.
const TRIES: u32 = 10_000_000;
/// Looks at the chip's status: an erase of a second takes some hundred thousand at 50 MHz; many times that.
const STATUS_TRIES: u32 = 5_000_000;

/// What went wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Fault {
    /// The interface was left speaking in a way that this program does not know.
    OtherSpeech = 1,
    /// The interface doesn't finish.
    Interface = 2,
    /// The chip takes no writes.
    NotEnabled = 3,
    /// The chip stays busy.
    Busy = 4,
    /// The chip reports a failure.
    Failed = 5,
    /// No chip that is known answers.
    NoAnswer = 6,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherSpeech => "it is spoken to on more than one wire",
            Self::Interface => "the interface does not finish",
            Self::NotEnabled => "it takes no writes",
            Self::Busy => "it stays busy",
            Self::Failed => "it reports a failure",
            Self::NoAnswer => "no chip answers",
        })
    }
}

/// The chip, ready for commands.
pub struct Nor {
    /// The interface was switched on here, and is switched off again.
    ours: bool,
}

impl Nor {
    /// A program that runs in place finds the interface at work. Every other sets it up: who started it may have left
    /// it off. The pads of one that runs from the other interface's memory are set up already, and must not be touched.
    pub fn start() -> Result<Self, Fault> {
        let runs_in = |window: chip::memory_map::Region| window.contains(place::vector_table());
        if runs_in(XSPI1_WINDOW) {
            let on_one_wire = XSPI1.ccr().read().imode() == CcrImode::B_0X1;
            return if on_one_wire { Ok(Self { ours: false }) } else { Err(Fault::OtherSpeech) };
        }
        if !runs_in(XSPI2_WINDOW) {
            hardware::pads::prepare();
        }
        hardware::nor::Nor::start().map_err(|_| Fault::NoAnswer)?;
        Ok(Self { ours: true })
    }

    /// Erases the sector of 4 KiB at an address of the window.
    pub fn erase_sector(&mut self, address: u32) -> Result<(), Fault> {
        work(&Work { what: What::Erase, offset: address - XSPI1_WINDOW.start, data: core::ptr::null_mut(), size: 0 })
    }

    /// Programs bytes of one page.
    pub fn program(&mut self, address: u32, bytes: &[u8]) -> Result<(), Fault> {
        let data = bytes.as_ptr().cast_mut();
        work(&Work { what: What::Program, offset: address - XSPI1_WINDOW.start, data, size: bytes.len() as u32 })
    }

    /// Reads bytes with a command of their own, past the window.
    pub fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        let data = bytes.as_mut_ptr();
        work(&Work { what: What::Read, offset: address - XSPI1_WINDOW.start, data, size: bytes.len() as u32 })
    }
}

impl Drop for Nor {
    fn drop(&mut self) {
        if self.ours {
            hardware::xspi::stop();
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum What {
    Erase,
    Program,
    Read,
}

/// One thing to do.
#[repr(C)]
struct Work {
    what: What,
    /// From the chip's first byte on.
    offset: u32,
    data: *mut u8,
    size: u32,
}

/// Where the bytes of a command go.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Direction {
    ToChip,
    FromChip,
}

/// One command on one wire. With an address it is 32 bits; without `size` no bytes follow.
#[repr(C)]
struct Command {
    instruction: u32,
    address: Option<u32>,
    direction: Direction,
    data: *mut u8,
    size: u32,
}

/// Does one thing and leaves the interface as it was.
#[unsafe(link_section = ".data.nor")]
#[inline(never)]
fn work(work: &Work) -> Result<(), Fault> {
    let (control, length) = (XSPI1.cr().read(), XSPI1.dlr().read());
    let (communication, timing, instruction) = (XSPI1.ccr().read(), XSPI1.tcr().read(), XSPI1.ir().read());
    let mapped = control.fmode() == Fmode::B_0X3;
    if mapped {
        cortex_m::asm::dsb();
        XSPI1.cr().modify(|w| w.set_abort(true));
        if !wait(|| !XSPI1.cr().read().abort()) || !wait(|| !XSPI1.sr().read().busy()) {
            return Err(Fault::Interface);
        }
    }
    let done = match work.what {
        What::Erase => change(work, ERASE_SECTOR, ERASE_FAILED),
        What::Program => change(work, PROGRAM, PROGRAM_FAILED),
        What::Read => command(&Command {
            instruction: READ,
            address: Some(work.offset),
            direction: Direction::FromChip,
            data: work.data,
            size: work.size,
        }),
    };
    if !wait(|| !XSPI1.sr().read().busy()) {
        XSPI1.cr().modify(|w| w.set_abort(true));
    }
    clear_flags();
    // Not mapped yet and with an address still to come, so that the instruction starts nothing.
    XSPI1.cr().modify(|w| w.set_fmode(Fmode::B_0X0));
    if mapped {
        XSPI1.dlr().write_value(length);
        XSPI1.ccr().write_value(communication);
        XSPI1.tcr().write_value(timing);
        XSPI1.ir().write_value(instruction);
    }
    XSPI1.cr().write_value(control);
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
    done
}

/// Erases or programs, waits, and asks the chip whether it did.
#[unsafe(link_section = ".data.nor")]
#[inline(never)]
fn change(work: &Work, instruction: u32, failure: u8) -> Result<(), Fault> {
    let none = core::ptr::null_mut();
    command(&Command { instruction: WRITE_ENABLE, address: None, direction: Direction::ToChip, data: none, size: 0 })?;
    if register(READ_STATUS)? & WRITE_ENABLED == 0 {
        return Err(Fault::NotEnabled);
    }
    command(&Command {
        instruction,
        address: Some(work.offset),
        direction: Direction::ToChip,
        data: work.data,
        size: work.size,
    })?;
    let mut tries = STATUS_TRIES;
    while register(READ_STATUS)? & WRITE_IN_PROGRESS != 0 {
        tries -= 1;
        if tries == 0 {
            return Err(Fault::Busy);
        }
    }
    if register(READ_SECURITY)? & failure == 0 { Ok(()) } else { Err(Fault::Failed) }
}

/// A register of the chip, one byte.
#[unsafe(link_section = ".data.nor")]
#[inline(never)]
fn register(instruction: u32) -> Result<u8, Fault> {
    let mut value = 0_u8;
    command(&Command { instruction, address: None, direction: Direction::FromChip, data: &raw mut value, size: 1 })?;
    // Safety: the command wrote to it, behind the compiler's back.
    Ok(unsafe { (&raw const value).read_volatile() })
}

#[unsafe(link_section = ".data.nor")]
#[inline(never)]
fn command(command: &Command) -> Result<(), Fault> {
    if !wait(|| !XSPI1.sr().read().busy()) {
        return Err(Fault::Interface);
    }
    clear_flags();
    let reads = command.direction == Direction::FromChip;
    XSPI1.cr().modify(|w| {
        w.set_fmode(if reads { Fmode::B_0X1 } else { Fmode::B_0X0 });
        w.set_fthres(Fthres::B_0X0);
    });
    if command.size > 0 {
        XSPI1.dlr().write(|w| w.set_dl(command.size - 1));
    }
    XSPI1.ccr().write(|w| {
        w.set_imode(CcrImode::B_0X1);
        if command.address.is_some() {
            w.set_admode(CcrAdmode::B_0X1);
            w.set_adsize(CcrAdsize::B_0X3);
        }
        if command.size > 0 {
            w.set_dmode(CcrDmode::B_0X1);
        }
    });
    XSPI1.tcr().write(|_| ());
    XSPI1.ir().write(|w| w.set_instruction(command.instruction));
    if let Some(address) = command.address {
        XSPI1.ar().write(|w| w.set_address(address));
    }
    let data_register = XSPI1.dr().as_ptr().cast::<u8>();
    let mut place = command.data;
    let mut left = command.size;
    while left > 0 {
        let ready = if reads { wait(|| XSPI1.sr().read().flevel() > 0) } else { wait(|| XSPI1.sr().read().ftf()) };
        if !ready {
            return Err(Fault::Interface);
        }
        // Safety: the data register, one byte wide, and one of the `size` bytes that lie at `data`.
        unsafe {
            if reads {
                place.write_volatile(data_register.read_volatile());
            } else {
                data_register.write_volatile(place.read_volatile());
            }
            place = place.add(1);
        }
        left -= 1;
    }
    let ended = wait(|| XSPI1.sr().read().tcf());
    let failed = XSPI1.sr().read().tef();
    clear_flags();
    if ended && !failed { Ok(()) } else { Err(Fault::Interface) }
}

#[inline(always)]
fn clear_flags() {
    XSPI1.fcr().write(|w| {
        w.set_ctef(true);
        w.set_ctcf(true);
        w.set_csmf(true);
        w.set_ctof(true);
    });
}

#[inline(always)]
fn wait(until: impl Fn() -> bool) -> bool {
    let mut tries = TRIES;
    while !until() {
        tries -= 1;
        if tries == 0 {
            return false;
        }
    }
    true
}

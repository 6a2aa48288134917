//! The immutable loader: the only stage that reaches external flash for STiRoT, in user flash, at level 3.
//!
//! It keeps the contract of ST's published loader and its checks, not its quirks: a LOAD that failed stays failed,
//! unknown sub-operations are refused, and option bytes are never programmed. It decides nothing about images: it looks
//! at one word of a slot, and what it copied is for STiRoT to judge.
#![no_std]
#![no_main]

mod request;
mod work;

use core::panic::PanicInfo;

use chip::loader::{RSSCMD_ERROR, RSSCMD_NONE};
use chip::trace::{Event, Stage};
use cortex_m_rt::{ExceptionFrame, entry, exception};
use hardware::nor::Nor;
use hardware::stage::{caches_off, refresh_watchdog, report, reset, rss_command, set_rss_command};
use hardware::{pads, window};

/// What went wrong, as it is told to the trace port.
#[derive(Clone, Copy)]
#[repr(u16)]
enum Fault {
    /// The shared structure asks for something that can't be done.
    Request = 1,
    /// The ROM's word on entry is none that a loader starts with.
    Command = 2,
    /// The NOR flash doesn't answer as one.
    Nor = 3,
    /// The XSPI doesn't finish.
    Xspi = 4,
    /// The DMA doesn't finish, or reports an error.
    Dma = 5,
    /// What was written doesn't read back.
    Verify = 6,
    /// The cipher engine is not locked.
    Unlocked = 7,
    /// An exception.
    Exception = 8,
}

impl From<hardware::external::Fault> for Fault {
    fn from(fault: hardware::external::Fault) -> Self {
        match fault {
            hardware::external::Fault::Nor => Self::Nor,
            hardware::external::Fault::Xspi => Self::Xspi,
            hardware::external::Fault::Dma => Self::Dma,
        }
    }
}

#[entry]
fn main() -> ! {
    refresh_watchdog();
    match run() {
        Ok(Some(command)) => set_rss_command(command),
        // An update leaves the word as it is: the next run loads.
        Ok(None) => {}
        Err(fault) => fail(fault),
    }
    reset()
}

/// Does what STiRoT asks for. The answer is the word to leave for the next run, if any.
fn run() -> Result<Option<u16>, Fault> {
    caches_off();
    if !matches!(rss_command(), RSSCMD_NONE | RSSCMD_ERROR) {
        return Err(Fault::Command);
    }
    let request = request::Request::read()?;
    report(Stage::Iloader, Event::Entered, request.operation_word() as u16);
    window::open();
    pads::prepare();
    let mut nor = Nor::start()?;
    let done = work::run(&request, &mut nor);
    nor.stop();
    window::close();
    done
}

fn fail(fault: Fault) -> ! {
    report(Stage::Iloader, Event::LoaderError, fault as u16);
    set_rss_command(RSSCMD_ERROR);
    reset()
}

#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    fail(Fault::Exception)
}

#[exception]
unsafe fn DefaultHandler(_: i16) {
    fail(Fault::Exception)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    fail(Fault::Exception)
}

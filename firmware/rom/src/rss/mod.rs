//! RSS: what every reset enters. Reads the state of the chip and does what its line of the decision table says.
// assumption A1: the decision table. ST documents single lines of it, never the whole.

pub mod debug_authentication;
mod regression;
pub mod rsslib;

use core::hint::black_box;

use chip::memory_map::USER_FLASH;
use chip::trace::{Event, Stage};
use hardware::stage::{Vectors, report, rss_command, set_rss_command, sleep_for_good};

use crate::hdpl::{self, Level};
use crate::option_bytes::{self, State};
use crate::redundant::halt;
use crate::{entry, stirot};
use debug_authentication::{DebugAuthentication, Outcome, Patience};

/// Called once after every reset, at level 0, on the ROM's own stack.
pub extern "C" fn start() -> ! {
    // The word is for one run only: whoever comes next leaves its own.
    let command = rss_command();
    set_rss_command(chip::loader::RSSCMD_NONE);

    let state = State::read();
    report(Stage::Rss, Event::State, state.code() as u16);
    match state {
        State::Open => open(),
        State::Provisioning => provisioning(),
        State::Closed | State::Locked => closed(state, command),
    }
}

// The pin BOOT0 has no register in the public headers: it counts as low, and the bootloader is never entered.
// assumption A33: in OPEN the level is 3 before debug opens, so that neither debugger nor user code sees what lies
// below.
fn open() -> ! {
    if !hdpl::raise_to(Level::L3) {
        sleep_for_good();
    }
    // Asked once more: opening the port is what a skipped instruction in front of this would be after.
    if State::read() != State::Open {
        sleep_for_good();
    }
    report(Stage::Rss, Event::OpensDebug, Level::L3.number());
    hdpl::open_debug(Level::L3);
    start_user_flash(Level::L3)
}

fn provisioning() -> ! {
    if State::read() != State::Provisioning {
        sleep_for_good();
    }
    report(Stage::Rss, Event::OpensDebug, Level::L0.number());
    hdpl::open_debug(Level::L0);
    report(Stage::Rss, Event::WaitsForProvisioning, 0);
    let mut authentication = DebugAuthentication::new(State::Provisioning, Patience::Endless);
    loop {
        // A credential changes nothing here but by a regression: debug is open already.
        authentication.serve_if_asked();
        // A word that the host puts into the mailbox counts as an event (assumption A22).
        cortex_m::asm::wfe();
    }
}

fn closed(state: State, command: u16) -> ! {
    let mut authentication = DebugAuthentication::new(state, Patience::Limited);
    authentication.serve_if_asked();
    settle_debug(state, &authentication);
    // Once more: a chip that boots on with the register open is one that any application can debug.
    hdpl::lock_debug();
    if !hdpl::raise_to(Level::L1) {
        sleep_for_good();
    }
    if black_box(option_bytes::selects_st()) {
        report(Stage::Rss, Event::StartsStirot, Level::L1.number());
        stirot::start(command)
    }
    // Asked once more: the loader in user flash is not what starts first on a chip with ST's root of trust.
    if option_bytes::selects_st() {
        halt();
    }
    start_user_flash(Level::L1)
}

/// Opens debug as a credential was granted it, leaves it as an earlier one left it, or shuts it; then nobody changes it
/// before the next reset.
// assumption A44: no later stage opens debug by itself.
fn settle_debug(state: State, authentication: &DebugAuthentication) {
    match authentication.outcome() {
        Outcome::Granted(level) => {
            // Asked once more: a skipped branch in front of this would open the port.
            if authentication.level() != Some(level) || state != State::Closed {
                halt();
            }
            hdpl::open_debug(level);
        }
        Outcome::Shut => hdpl::shut_debug(),
        Outcome::Unchanged => {}
    }
    // What outlived the reset (assumption A61) is looked at as what was granted now: the answer is read from the register.
    match hdpl::kept_grant() {
        Some(level) if state == State::Closed => report(Stage::Rss, Event::DebugGranted, level.number()),
        _ => hdpl::shut_debug(),
    }
    hdpl::lock_debug();
}

/// Enters what user flash holds, or sleeps when that can't be a program.
fn start_user_flash(level: Level) -> ! {
    // Safety: user flash can always be read.
    let vectors = unsafe { Vectors::read(USER_FLASH.start, USER_FLASH) };
    match vectors {
        Some(vectors) => {
            report(Stage::Rss, Event::StartsUserFlash, level.number());
            entry::hand_over(vectors, level)
        }
        None => sleep_for_good(),
    }
}

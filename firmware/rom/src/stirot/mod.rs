//! STiRoT at level 1: decides, from what the loader left and what it finds in RAM, what happens next. Its work is
//! spread over resets; one run of it is one pass.

mod configuration;
mod counters;
mod image;
mod passes;
mod retry;

use chip::loader;
use chip::trace::{Event, Stage, Stop};
use hardware::clocks;
use hardware::stage::report;

use crate::redundant::refuse;
use configuration::Configuration;

/// Called at level 1 with the command that the iLoader left for this run.
pub fn start(command: u16) -> ! {
    report(Stage::Stirot, Event::CommandRead, command);
    let mut storage = configuration::Storage::new();
    let Some(configuration) = Configuration::read(&mut storage) else { refuse(Stop::NoConfiguration) };
    // Without its PLLs the chip goes on at 64 MHz: slower, not wrong.
    let _slow = clocks::start(configuration.clock).is_err();
    run(&configuration, command)
}

fn run(configuration: &Configuration<'_>, command: u16) -> ! {
    match command {
        loader::RSSCMD_NONE => passes::load(configuration, loader::RSSCMD_NONE),
        loader::RSSCMD_ERROR => match retry::claim() {
            // assumption A38: one more LOAD after a loader's error, then nothing.
            retry::Claim::First => passes::load(configuration, loader::RSSCMD_ERROR),
            retry::Claim::Again => {
                // The next reset is a new beginning: somebody may have mended what was wrong.
                retry::forget();
                refuse(Stop::LoaderFailed)
            }
        },
        loader::RSSCMD_EMPTY => refuse(Stop::NothingFound),
        loader::RSSCMD_SECONDARY_LOADED => passes::new_image(configuration),
        loader::RSSCMD_PRIMARY_LOADED => passes::installed_image(configuration),
        _ => refuse(Stop::UnknownCommand),
    }
}

//! Arguments, logging, the renderer, and errors that a person can read. What happens then is in [`stirot_studio`].

use std::process::ExitCode;

use clap::Parser;
use stirot_studio::cli::{self, Arguments};

mod logging;
mod window;

fn main() -> ExitCode {
    logging::start();
    // Wrong use ends here, with exit code 2.
    let arguments = Arguments::parse();
    let done = match arguments.command {
        None => window::open(arguments.window),
        Some(command) => cli::run(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            cli::complain(&failure);
            ExitCode::FAILURE
        }
    }
}

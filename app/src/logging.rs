//! The log on stderr, and a panic told as what it is: a fault of the studio.

use std::io::Write;
use std::panic::PanicHookInfo;

use log::{LevelFilter, Log, Metadata, Record};

/// Says how much is logged: off, error, warn, info, debug or trace. Default: error.
const LEVEL_VARIABLE: &str = "STIROT_STUDIO_LOG";

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            // Nobody can be told when stderr itself is shut.
            _ = writeln!(std::io::stderr(), "{:5} {}: {}", record.level(), record.target(), record.args());
        }
    }

    fn flush(&self) {}
}

/// Installs log and panic hook.
pub(crate) fn start() {
    let level = std::env::var(LEVEL_VARIABLE).ok().and_then(|level| level.parse().ok());
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(level.unwrap_or(LevelFilter::Error));
    }
    std::panic::set_hook(Box::new(told));
}

fn told(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let what = panic.payload_as_str().unwrap_or("no message");
    _ = writeln!(
        std::io::stderr(),
        "internal fault in “{}” at {place}: {what}\n\
         Boards and projects are saved as they were after the last finished step; the same command or one press goes on.\n\
         Please report this, with the text above.",
        thread.name().unwrap_or("unnamed"),
    );
}

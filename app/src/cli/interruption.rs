//! Ctrl-C, or a wish to end from outside, stops a command where nothing is half done; a second one ends it at once.

use provision::Cancel;

use super::tell;

/// What a shell expects of a program that ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// A cancellation that the person at the terminal triggers. Where the system takes no handler, Ctrl-C ends the command as
/// ever.
pub(super) fn by_person() -> Cancel {
    let cancel = Cancel::new();
    let heard = cancel.clone();
    let handler = move || {
        if heard.is_cancelled() {
            // A person who asks twice doesn't want to wait.
            std::process::exit(INTERRUPTED);
        }
        heard.cancel();
        tell("stopping where nothing is half done; Ctrl-C again ends it at once");
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        log::warn!("Ctrl-C can't be heard: {error}");
    }
    cancel
}

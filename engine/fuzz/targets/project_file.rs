//! Any text as a project file; what is understood is written and understood again.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use project::Settings;

fuzz_target!(|text: &str| {
    let folder = Path::new("/project");
    let Ok(settings) = Settings::parse(folder, text) else { return };
    let written = settings.to_text(folder, text).expect("the paths came from text");
    assert_eq!(Settings::parse(folder, &written).expect("what was written is understood"), settings);
});

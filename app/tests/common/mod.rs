//! What the window's tests share: a data folder of their own, the real window without a display, waiting by steps.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

pub(crate) mod boards;
pub(crate) mod images;
pub(crate) mod keyboard;
pub(crate) mod program;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use stirot_studio::app::Studio;
use stirot_studio::model::{JobKind, Model, ThemeChoice};
use stirot_studio::start::Start;

/// The variable that names the data folder.
pub(crate) const DATA: &str = "STIROT_STUDIO_DATA";

/// Runs a test's body in a process with a data folder of its own: the folder is named by the environment, which one
/// process has only once. `name` is the test's own name.
pub(crate) fn in_own_data_folder(name: &str, body: impl FnOnce(&Path)) {
    if let Some(folder) = std::env::var_os("STIROT_TEST_FOLDER") {
        body(Path::new(&folder));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env("STIROT_TEST_FOLDER", folder.path())
        .env(DATA, folder.path().join("data"))
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    // A name that fits no test would pass by doing nothing.
    assert!(said.contains("1 passed"), "{name} did not run: {said}");
}

/// The sample project of this source tree.
pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/sample")
}

/// The real window at the size of a small lab screen, as it starts for the first time.
pub(crate) fn window(project: &Path, board: Option<&Path>) -> Harness<'static, Studio> {
    let data = PathBuf::from(std::env::var_os(DATA).unwrap());
    let start = Start::new(
        data,
        Some(project.to_owned()),
        board.map(|path| path.display().to_string()),
        Some(ThemeChoice::Dark),
    );
    Harness::builder()
        .with_size(egui::vec2(1366.0, 768.0))
        .with_theme(egui::Theme::Dark)
        .build_eframe(move |context| Studio::new(&context.egui_ctx, start))
}

/// Steps until the model is as wanted, or fails with what it was.
pub(crate) fn step_until(
    harness: &mut Harness<'static, Studio>,
    what: &str,
    limit: Duration,
    wanted: impl Fn(&Model) -> bool,
) {
    let began = Instant::now();
    loop {
        harness.step();
        let model = harness.state().model();
        if wanted(model) {
            break;
        }
        assert!(
            began.elapsed() < limit,
            "{what}: not in {limit:?}\njobs {:?}\ncards {:?}\nrun {:?}\nplan {:?}\nconsole {:?}",
            model.jobs,
            model.cards,
            model.run,
            model.plan,
            model.console.text(),
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    // What was wanted is in the model; one more frame puts it on the screen.
    harness.step();
}

/// Steps until nothing goes on any more.
pub(crate) fn settle(harness: &mut Harness<'static, Studio>) {
    step_until(harness, "settling", Duration::from_secs(60), |model| {
        model.jobs.iter().all(|job| job.kind == JobKind::Dialog) && (model.board.is_some() || !model.cards.is_empty())
    });
    harness.run_ok();
}

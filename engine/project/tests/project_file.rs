//! The project file: what it says is read, what it says wrongly is named with its line.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::path::Path;

use project::{Credential, Flow, LoaderSetting, ProjectError, SETTINGS_FILE, Settings, TargetState};

/// Writes the project file as a saving does: over what is there.
fn save(settings: &Settings, folder: &Path) {
    let path = folder.join(SETTINGS_FILE);
    let present = fs::read_to_string(&path).unwrap_or_default();
    fs::write(path, settings.to_text(folder, &present).unwrap()).unwrap();
}

fn load(text: &str) -> Result<Settings, ProjectError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(SETTINGS_FILE), text).unwrap();
    Settings::load(folder.path())
}

#[test]
fn a_folder_without_a_project_file_has_defaults_and_its_own_name() {
    let folder = tempfile::Builder::new().prefix("gateway").tempdir().unwrap();
    let settings = Settings::load(folder.path()).unwrap();
    assert_eq!(settings.name, folder.path().file_name().unwrap().to_str().unwrap());
    assert_eq!(settings.board, "STM32H7S78-DK");
    assert_eq!(settings.final_state, TargetState::Closed);
    assert_eq!(settings.debug_authentication, Credential::Certificate);
    assert_eq!(settings.loader, LoaderSetting::Builtin);
}

#[test]
fn the_answers_that_sts_scripts_keep_become_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("STiROT/Config");
    fs::create_dir_all(&config).unwrap();
    // As ST's own file: no newline at the end.
    fs::write(config.join("default_state.txt"), "default_product_state=LOCKED\r\ndefault_dbgauth=PASSWORD").unwrap();
    let settings = Settings::load(folder.path()).unwrap();
    assert_eq!(settings.final_state, TargetState::Locked);
    assert_eq!(settings.debug_authentication, Credential::Password);
}

#[test]
fn what_is_saved_is_what_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        name: "Pump “7”\n".into(),
        board: "NUCLEO-H7S3L8".into(),
        flow: Flow::StirotOemurot,
        final_state: TargetState::Locked,
        debug_authentication: Credential::Password,
        loader: LoaderSetting::File(folder.path().join("Loader/own.bin")),
    };
    save(&settings, folder.path());
    assert_eq!(Settings::load(folder.path()).unwrap(), settings);
    let text = fs::read_to_string(folder.path().join(SETTINGS_FILE)).unwrap();
    assert!(text.contains("\"Loader/own.bin\""), "{text}");
}

#[test]
fn a_loader_path_with_backslashes_is_below_the_project() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(SETTINGS_FILE), "format = 1\nloader = 'Loader\\own.bin'\n").unwrap();
    let settings = Settings::load(folder.path()).unwrap();
    assert_eq!(settings.loader, LoaderSetting::File(folder.path().join("Loader/own.bin")));
}

#[test]
fn a_value_that_means_nothing_is_named_with_its_line() {
    let cases = [
        ("format = 1\nfinal_state = \"shut\"\n", 2, "shut"),
        ("format = 1\n\ndebug_authentication = \"pin\"\n", 3, "pin"),
        ("format = 1\ncolour = \"red\"\n", 2, "colour"),
        ("format = \"one\"\n", 1, "string"),
        ("format = 1\nname = [\n", 2, "unclosed"),
        ("name = \"x\"\n", 1, "format"),
    ];
    for (text, expected_line, word) in cases {
        let error = load(text).unwrap_err();
        let ProjectError::Settings { line, problem, path } = &error else { panic!("{text}: {error:?}") };
        assert_eq!(*line, expected_line, "{text}: {problem}");
        assert!(problem.contains(word), "{text}: {problem}");
        assert!(path.ends_with(SETTINGS_FILE));
        assert!(error.to_string().contains(&format!("line {expected_line}")));
        assert!(!error.help().is_empty());
    }
}

#[test]
fn a_file_of_a_newer_studio_is_told_from_a_damaged_one() {
    let error = load("format = 3\nsomething_new = { a = 1 }\n").unwrap_err();
    assert!(matches!(error, ProjectError::SettingsFormat { found: 3, known: 2, .. }), "{error:?}");
    assert!(error.help().contains("newer"), "{}", error.help());
}

#[test]
fn a_file_that_is_no_text_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(SETTINGS_FILE), [0xFF, 0xFE, 0x00]).unwrap();
    let error = Settings::load(folder.path()).unwrap_err();
    assert!(matches!(&error, ProjectError::Read { path, .. } if path.ends_with(SETTINGS_FILE)), "{error:?}");
}

#[test]
fn the_help_names_every_field_of_the_file() {
    let help = load("format = 2\nflow = \"other\"\n").unwrap_err().help();
    let text = Settings::defaults(Path::new("pump")).to_text(Path::new("pump"), "").unwrap();
    for line in text.lines() {
        let field = line.split(" = ").next().unwrap();
        assert!(help.contains(field), "{field} is not in: {help}");
    }
    assert_eq!(text.lines().count(), 7);
}

#[test]
fn the_samples_project_file_says_what_its_comments_promise() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/sample");
    let settings = Settings::load(&folder).unwrap();
    assert_eq!(settings.name, "Sample, one boot stage");
    assert_eq!(settings.loader, LoaderSetting::Builtin);
}

#[test]
fn saving_changes_values_and_keeps_comments_and_order() {
    let folder = tempfile::tempdir().unwrap();
    let text = "# Ours.\nname = \"Pump\" # the small one\nformat = 1\nfinal_state = \"closed\"\n";
    fs::write(folder.path().join(SETTINGS_FILE), text).unwrap();
    let mut settings = Settings::load(folder.path()).unwrap();
    settings.final_state = TargetState::Locked;
    save(&settings, folder.path());
    let saved = fs::read_to_string(folder.path().join(SETTINGS_FILE)).unwrap();
    let expected = "# Ours.\nname = \"Pump\" # the small one\nformat = 2\nfinal_state = \"locked\"\n";
    assert!(saved.starts_with(expected), "{saved}");
    assert_eq!(Settings::load(folder.path()).unwrap(), settings);
}

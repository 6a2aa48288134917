//! The sample: its keys are its own, the program brings it whole, and a clone of the sources stays as it is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Bench, content, vectors};
use formats::{KeyFile, is_sample};
use project::sample::{SAMPLE_FILES, provide, unpack};
use project::{Project, ProjectError};

fn in_the_sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/sample")
}

fn keys_below(folder: &Path) -> Vec<(PathBuf, formats::Fingerprint)> {
    let pem = content(folder).into_iter().filter(|(path, _)| path.extension().is_some_and(|ending| ending == "pem"));
    pem.map(|(path, text)| (path, KeyFile::from_pem(&text).unwrap().public().fingerprint())).collect()
}

#[test]
fn every_key_is_known_as_ours_and_none_is_sts() {
    let published: Vec<_> = keys_below(&vectors()).into_iter().map(|(_, fingerprint)| fingerprint).collect();
    let ours = keys_below(&in_the_sources());
    assert_eq!(ours.len(), 10);
    for (path, fingerprint) in ours {
        assert!(!published.contains(&fingerprint), "{}", path.display());
        let name = is_sample(&fingerprint).unwrap_or_else(|| panic!("{} is not known as a sample", path.display()));
        assert!(name.contains("studio"), "{name}");
    }
}

#[test]
fn the_program_brings_every_file_of_it() {
    let bench = Bench::sample();
    let unpacked: Vec<_> = SAMPLE_FILES.iter().map(|(name, _)| *name).collect();
    for needed in [
        "stirot-studio.toml",
        "STiROT/Image/appli.bin",
        "STiROT/Keys/STiROT_Encryption.pem",
        "DA/Config/DA_ConfigWithPassword.xml",
    ] {
        assert!(unpacked.contains(&needed), "{needed} is missing: {unpacked:?}");
    }
    for (name, bytes) in SAMPLE_FILES {
        assert_eq!(fs::read(in_the_sources().join(name)).unwrap(), *bytes, "{name}");
        assert_eq!(fs::read(bench.path(name)).unwrap(), *bytes, "{name}");
    }
    assert_eq!(content(&bench.project).len(), SAMPLE_FILES.len());
}

#[test]
fn unpacking_twice_changes_nothing_and_other_work_is_never_overwritten() {
    let bench = Bench::sample();
    unpack(&bench.project).unwrap();
    fs::remove_file(bench.path("DA/Config/DA_Config.xml")).unwrap();
    fs::write(bench.path("stirot-studio.toml"), "format = 1\nname = \"mine\"\n").unwrap();
    let before = content(&bench.project);
    let error = unpack(&bench.project).unwrap_err();
    assert!(matches!(&error, ProjectError::Write { path, .. } if path.ends_with("stirot-studio.toml")), "{error:?}");
    assert_eq!(content(&bench.project), before);
}

#[test]
fn in_a_source_tree_outputs_go_to_the_users_data_and_the_tree_stays_as_it_is() {
    for mark in ["Cargo.toml", ".git/HEAD"] {
        let bench = Bench::sample();
        let mark = bench.root().join(mark);
        fs::create_dir_all(mark.parent().unwrap()).unwrap();
        fs::write(mark, "").unwrap();
        let before = content(&bench.project);
        let project = bench.open().unwrap();
        let outputs = project.outputs().unwrap();
        assert_eq!(content(&bench.project), before);
        assert!(project.outputs_folder().starts_with(bench.data().join("projects")));
        for path in
            [&outputs.image.path, &outputs.configuration.path, &outputs.data.path, &outputs.debug_authentication.path]
        {
            assert!(path.starts_with(project.outputs_folder()), "{}", path.display());
            assert!(path.is_file());
        }
        assert!(!bench.open().unwrap().outputs().unwrap().image.built);
    }
}

#[test]
#[cfg(unix)]
fn the_users_data_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::sample();
    fs::write(bench.root().join("Cargo.toml"), "").unwrap();
    let project = bench.open().unwrap();
    project.outputs().unwrap();
    let mode = fs::metadata(project.outputs_folder()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn the_sample_in_the_sources_can_be_provisioned_from_without_being_touched() {
    let data = tempfile::tempdir().unwrap();
    let before = content(&in_the_sources());
    let project = Project::open_with_data_folder(&in_the_sources(), data.path()).unwrap();
    let outputs = project.outputs().unwrap();
    assert!(outputs.image.path.starts_with(data.path()));
    assert!(outputs.image.report.all_hold());
    assert_eq!(content(&in_the_sources()), before);
}

#[test]
fn without_a_clone_the_sample_is_provided_in_the_users_data() {
    let data = tempfile::tempdir().unwrap();
    let folder = provide(data.path()).unwrap();
    assert!(folder.starts_with(data.path()));
    assert_eq!(content(&folder).len(), SAMPLE_FILES.len());
    let project = Project::open_with_data_folder(&folder, data.path()).unwrap();
    assert!(project.outputs().unwrap().image.path.starts_with(data.path()));
}

#[test]
fn a_provided_sample_keeps_what_was_changed_and_gets_back_what_is_missing() {
    let data = tempfile::tempdir().unwrap();
    let folder = provide(data.path()).unwrap();
    fs::write(folder.join("stirot-studio.toml"), "format = 1\nname = \"mine\"\n").unwrap();
    fs::remove_file(folder.join("DA/Config/DA_Config.xml")).unwrap();
    assert_eq!(provide(data.path()).unwrap(), folder);
    assert_eq!(Project::open_with_data_folder(&folder, data.path()).unwrap().name(), "mine");
}

//! A file is saved whole or not at all, whatever goes wrong on the way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use project::atomic;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_new_file_is_written_and_nothing_else_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    atomic::write(&folder.path().join("a"), b"one").unwrap();
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"one");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn a_save_that_cannot_replace_leaves_what_was_there_and_no_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("taken");
    fs::create_dir(&target).unwrap();
    fs::write(target.join("inside"), "kept").unwrap();
    assert!(atomic::write(&target, b"new").is_err());
    assert_eq!(fs::read(target.join("inside")).unwrap(), b"kept");
    assert_eq!(names(folder.path()), ["taken"]);
}

/// Linux refuses paths of 4096 bytes and more, for the superuser too: the file's own name still fits, a temporary
/// file beside it doesn't.
#[test]
#[cfg(target_os = "linux")]
fn a_save_that_cannot_begin_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut deep = folder.path().to_owned();
    while deep.as_os_str().len() < 4090 {
        let room = 4090 - deep.as_os_str().len();
        deep.push("d".repeat((room - 1).clamp(1, 200)));
    }
    fs::create_dir_all(&deep).unwrap();
    let file = deep.join("a");
    fs::write(&file, "old").unwrap();
    assert!(atomic::write(&file, b"new").is_err());
    assert_eq!(fs::read(&file).unwrap(), b"old");
}

#[test]
fn a_missing_folder_is_an_error_and_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    assert!(atomic::write(&folder.path().join("no/a"), b"x").is_err());
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_reader_never_sees_a_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    atomic::write(&path, &[0; 200_000]).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                let bytes = fs::read(&path).unwrap();
                assert_eq!(bytes.len(), 200_000);
                assert!(bytes.iter().all(|byte| *byte == bytes[0]));
                reads += 1;
            }
            reads
        });
        for round in 1..=50 {
            atomic::write(&path, &[round; 200_000]).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
}

#[test]
#[cfg(unix)]
fn a_secret_is_the_owners_alone_even_where_an_open_file_was() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    atomic::write_secret(&path, b"secret").unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read(&path).unwrap(), b"secret");
}

#[test]
#[cfg(unix)]
fn an_existing_file_keeps_its_permissions_and_a_link_stays_a_link() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (path, link): (PathBuf, PathBuf) = (folder.path().join("a"), folder.path().join("link"));
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("a", &link).unwrap();
    atomic::write(&link, b"new").unwrap();
    assert_eq!(mode(&path), 0o640);
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

//! Several files are saved together or not at all, whatever fails and whenever the program ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use formats::Secret;
use project::saving::{Change, Expected, JOURNAL_FILE, Recovered, SavingError, recover, save_all, save_beside};
use project::{Confidentiality, Disk, Fault};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const CONFIG: &str = "STiROT/Config/STiROT_Config.xml";
const KEY: &str = "STiROT/Keys/new/STiROT_Authentication_v2.pem";
const SETTINGS: &str = "stirot-studio.toml";
const NEW: [(&str, &str); 3] =
    [(CONFIG, "the new configuration"), (KEY, "the new key"), (SETTINGS, "the new settings")];
const FAULTS: [Fault; 5] = [Fault::Once, Fault::Twice, Fault::DiskFull, Fault::Killed, Fault::KilledWriting];

/// A project of which two files are there, and the third, a key, is about to be made in a new folder.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(bench.path("STiROT/Config")).unwrap();
        fs::write(bench.path(CONFIG), "the old configuration").unwrap();
        fs::write(bench.path(SETTINGS), "the old settings").unwrap();
        bench
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn changes(&self) -> Vec<Change> {
        NEW.iter()
            .map(|(name, content)| Change {
                path: self.path(name),
                content: Secret::new(content.as_bytes().to_vec()),
                confidentiality: if *name == KEY { Confidentiality::Secret } else { Confidentiality::Public },
                expected: Expected::at(&Disk::real(), &self.path(name)).unwrap(),
            })
            .collect()
    }

    fn save(&self, disk: &Disk) -> Result<(), SavingError> {
        save_all(disk, self.folder(), &self.changes())
    }

    fn recover(&self) -> Recovered {
        recover(&Disk::real(), self.folder()).unwrap()
    }

    /// Every file with its content.
    fn files(&self) -> Vec<(String, String)> {
        files_in(self.folder())
    }

    /// A bench on which saving was killed as soon as its journal was there.
    fn killed_behind_the_journal() -> Self {
        static TURN: OnceLock<usize> = OnceLock::new();
        let killed = |turn| {
            let bench = Self::new();
            assert!(bench.save(&Disk::failing_at(turn, Fault::Killed)).is_err());
            bench
        };
        killed(*TURN.get_or_init(|| (1..).find(|turn| killed(*turn).path(JOURNAL_FILE).exists()).unwrap()))
    }
}

fn files_in(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn old() -> Vec<(String, String)> {
    Bench::new().files()
}

fn new() -> Vec<(String, String)> {
    NEW.map(|(name, content)| (name.to_owned(), content.to_owned())).to_vec()
}

fn contains(files: &[(String, String)], content: &str) -> bool {
    files.iter().any(|(_, present)| present == content)
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
}

#[test]
fn files_that_belong_together_are_saved() {
    let bench = Bench::new();
    bench.save(&Disk::real()).unwrap();
    assert_eq!(bench.files(), new());
    assert_eq!(bench.recover(), Recovered::default());
    assert!(save_all(&Disk::real(), Path::new("/no/such/folder"), &[]).is_ok(), "nothing to save always works");
}

#[test]
fn whichever_operation_fails_all_files_are_old_or_all_are_new_and_nothing_else_is_left() {
    for fault in FAULTS {
        let mut outcomes = [0, 0];
        for turn in 1.. {
            let bench = Bench::new();
            let disk = Disk::failing_at(turn, fault);
            let result = bench.save(&disk);
            if disk.operations() < turn {
                result.unwrap();
                break;
            }
            bench.recover();
            let is_new = bench.files() == new();
            assert!(is_new || bench.files() == old(), "{fault:?} at {turn}: {:?}", bench.files());
            match result {
                Ok(()) | Err(SavingError::CutOff { .. }) => assert!(is_new, "{fault:?} at {turn}"),
                Err(SavingError::NotSaved { .. }) => assert!(!is_new, "{fault:?} at {turn}"),
                Err(error) => panic!("{fault:?} at {turn}: {error}"),
            }
            #[cfg(unix)]
            assert!(!is_new || mode(&bench.path(KEY)) == 0o600, "{fault:?} at {turn}");
            outcomes[usize::from(is_new)] += 1;
            assert_eq!(bench.recover(), Recovered::default(), "{fault:?} at {turn}");
        }
        let [kept, saved] = outcomes;
        assert!(kept > 10 && saved > 5, "{fault:?}: {kept} operations before the journal, {saved} from it on");
    }
}

#[test]
fn without_a_kill_nothing_is_left_even_before_the_next_start() {
    for fault in [Fault::Once, Fault::DiskFull] {
        for turn in 1.. {
            let bench = Bench::new();
            let disk = Disk::failing_at(turn, fault);
            let result = bench.save(&disk);
            if disk.operations() < turn {
                break;
            }
            if matches!(result, Err(SavingError::NotSaved { .. })) {
                assert_eq!(bench.files(), old(), "{fault:?} at {turn}");
            }
        }
    }
}

#[test]
fn a_recovery_that_is_cut_off_is_itself_recovered_from() {
    let mut tried = 0;
    for killed_at in 1.. {
        let disk = Disk::failing_at(killed_at, Fault::Killed);
        if Bench::new().save(&disk).is_ok() {
            break;
        }
        for turn in 1.. {
            let bench = Bench::new();
            let saved = bench.save(&Disk::failing_at(killed_at, Fault::Killed));
            let disk = Disk::failing_at(turn, Fault::Killed);
            let recovered = recover(&disk, bench.folder());
            if disk.operations() < turn {
                recovered.unwrap();
                break;
            }
            assert!(matches!(recovered, Err(SavingError::NotRecovered { .. })));
            bench.recover();
            let expected = if matches!(saved, Err(SavingError::CutOff { .. })) { new() } else { old() };
            assert_eq!(bench.files(), expected, "saving killed at {killed_at}, recovery at {turn}");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_file_that_another_program_changed_is_noticed_and_nothing_is_written() {
    for (name, expected) in [(CONFIG, "theirs"), (KEY, "a key where none was")] {
        let bench = Bench::new();
        let changes = bench.changes();
        fs::create_dir_all(bench.path(name).parent().unwrap()).unwrap();
        fs::write(bench.path(name), expected).unwrap();
        let before = bench.files();
        let disk = Disk::real();
        let error = save_all(&disk, bench.folder(), &changes).unwrap_err();
        assert!(matches!(&error, SavingError::ChangedOnDisk { path } if *path == bench.path(name)), "{error}");
        assert_eq!(bench.files(), before);
        assert!(disk.operations() <= NEW.len(), "it looked and did nothing else");
    }
    let bench = Bench::new();
    let changes = bench.changes();
    fs::remove_file(bench.path(SETTINGS)).unwrap();
    let error = save_all(&Disk::real(), bench.folder(), &changes).unwrap_err();
    assert!(matches!(error, SavingError::ChangedOnDisk { .. }), "a file that was removed is noticed, too");
    assert!(!error.help().is_empty());
}

#[test]
fn what_another_program_writes_between_the_kill_and_the_next_start_is_kept_beside_what_was_saved() {
    let mut beside = 0;
    for turn in 1.. {
        let bench = Bench::new();
        let Err(error) = bench.save(&Disk::failing_at(turn, Fault::Killed)) else { break };
        let replaced = fs::read_to_string(bench.path(CONFIG)).unwrap() == "the new configuration";
        fs::write(bench.path(CONFIG), "theirs").unwrap();
        let recovered = bench.recover();
        let files = bench.files();
        assert!(contains(&files, "theirs"), "turn {turn}: {files:?}");
        if !matches!(error, SavingError::CutOff { .. }) {
            assert_eq!(recovered.kept, [] as [PathBuf; 0]);
            continue;
        }
        assert!(contains(&files, "the new key") && contains(&files, "the new settings"), "turn {turn}: {files:?}");
        if replaced {
            // Whoever wrote it had the new content before them.
            assert!(recovered.kept.is_empty(), "turn {turn}");
        } else {
            assert_eq!(recovered.kept, [bench.path("STiROT/Config/STiROT_Config.mine.xml")], "turn {turn}");
            assert!(contains(&files, "the new configuration"), "turn {turn}: {files:?}");
            beside += 1;
        }
    }
    assert!(beside > 0);
}

#[test]
fn a_journal_that_is_cut_short_anywhere_is_set_aside_and_every_content_kept() {
    let whole = fs::read(Bench::killed_behind_the_journal().path(JOURNAL_FILE)).unwrap();
    assert!(whole.len() > 300);
    for length in 0..whole.len() {
        damaged_journal(|journal| journal.truncate(length));
    }
}

#[test]
fn a_journal_with_any_byte_changed_is_set_aside_and_every_content_kept() {
    let length = fs::read(Bench::killed_behind_the_journal().path(JOURNAL_FILE)).unwrap().len();
    for position in 0..length {
        damaged_journal(|journal| {
            let position = position.min(journal.len() - 1);
            journal[position] ^= 1 << (position % 8);
        });
    }
}

fn damaged_journal(damage: impl FnOnce(&mut Vec<u8>)) {
    let bench = Bench::killed_behind_the_journal();
    let mut journal = fs::read(bench.path(JOURNAL_FILE)).unwrap();
    damage(&mut journal);
    fs::write(bench.path(JOURNAL_FILE), &journal).unwrap();
    let recovered = bench.recover();
    let set_aside = recovered.set_aside.unwrap();
    assert_eq!(fs::read(&set_aside.path).unwrap(), journal);
    assert!(!set_aside.because.is_empty());
    assert_eq!(recovered.kept.len(), NEW.len());
    fs::remove_file(set_aside.path).unwrap();
    let files = bench.files();
    assert_eq!(files.len(), old().len() + NEW.len(), "{files:?}");
    for (_, content) in old().into_iter().chain(new()) {
        assert!(contains(&files, &content), "{content} is lost: {files:?}");
    }
    #[cfg(unix)]
    assert_eq!(mode(&bench.path("STiROT/Keys/new/STiROT_Authentication_v2.mine.pem")), 0o600);
    assert_eq!(bench.recover(), Recovered::default());
}

#[test]
fn a_journal_that_was_written_by_others_reaches_no_file_outside_of_the_folder() {
    let bench = Bench::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let precious = elsewhere.path().join("precious");
    fs::write(&precious, "kept").unwrap();
    fs::write(bench.path(".stirot-saving-abcdef-precious"), "bad").unwrap();
    let sums = |content: &str| format!("{:?}", <[u8; 32]>::from(Sha256::digest(content)));
    let up = format!("{}/", bench.folder().display());
    for temporary in [format!("{up}.stirot-saving-abcdef-precious"), "../a".into(), "..".into(), SETTINGS.into()] {
        let body = format!(
            "format = 1\n[[file]]\ntarget = '{}'\ntemporary = '{temporary}'\nsha256 = {}\nreplaces = {}\n",
            precious.display(),
            sums("bad"),
            sums("kept"),
        );
        let sum: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(bench.path(JOURNAL_FILE), format!("{sum}\n{body}")).unwrap();
        let set_aside = bench.recover().set_aside.unwrap();
        assert!(set_aside.because.contains("no temporary file"), "{}", set_aside.because);
        assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
    }
}

#[test]
fn a_journal_of_a_later_version_is_set_aside() {
    let bench = Bench::new();
    let body = "format = 2\nfile = []\n";
    let sum: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(bench.path(JOURNAL_FILE), format!("{sum}\n{body}")).unwrap();
    assert!(bench.recover().set_aside.unwrap().because.contains("format 2"));
}

#[test]
fn a_temporary_file_that_went_bad_replaces_nothing() {
    let bench = Bench::killed_behind_the_journal();
    let (name, _) = bench.files().into_iter().find(|(_, content)| content == "the new configuration").unwrap();
    fs::write(bench.path(&name), "the new configurati").unwrap();
    let recovered = bench.recover();
    assert_eq!(recovered.kept, [bench.path("STiROT/Config/STiROT_Config.mine.xml")]);
    assert_eq!(fs::read_to_string(bench.path(CONFIG)).unwrap(), "the old configuration");
    assert_eq!(recovered.completed.len(), 2);
}

#[test]
fn a_temporary_file_that_somebody_removed_is_reported_as_missing() {
    let bench = Bench::killed_behind_the_journal();
    let (name, _) = bench.files().into_iter().find(|(_, content)| content == "the new settings").unwrap();
    fs::remove_file(bench.path(&name)).unwrap();
    let recovered = bench.recover();
    assert_eq!(recovered.missing.len(), 1);
    assert!(recovered.missing[0].ends_with(SETTINGS));
    assert_eq!(bench.recover(), Recovered::default());
}

#[test]
fn a_saving_that_was_cut_off_holds_up_the_next_until_it_is_recovered_from() {
    let bench = Bench::killed_behind_the_journal();
    let before = bench.files();
    assert!(matches!(bench.save(&Disk::real()), Err(SavingError::Unfinished { .. })));
    assert_eq!(bench.files(), before);
    assert_eq!(bench.recover().completed.len(), NEW.len());
    bench.save(&Disk::real()).unwrap();
}

#[test]
fn what_a_running_program_saves_at_this_moment_is_left_alone() {
    let bench = Bench::killed_behind_the_journal();
    let before = bench.files();
    let journal = File::open(bench.path(JOURNAL_FILE)).unwrap();
    journal.lock().unwrap();
    assert!(matches!(recover(&Disk::real(), bench.folder()), Err(SavingError::InUse { .. })));
    assert_eq!(bench.files(), before);
    drop(journal);
    bench.recover();
    assert_eq!(bench.files(), new());

    let waiting = bench.path("STiROT/.stirot-saving-a1b2c3-x");
    fs::write(&waiting, "half").unwrap();
    let file = File::open(&waiting).unwrap();
    file.lock().unwrap();
    assert_eq!(bench.recover(), Recovered::default());
    drop(file);
    assert_eq!(bench.recover().removed, [waiting]);
}

#[test]
fn only_temporary_files_of_ours_are_removed() {
    let bench = Bench::new();
    let others = [
        ".stirot-saving-abc-x",
        ".stirot-saving-abcdef-",
        ".stirot-saving-abcde!-x",
        ".saving-abcdef",
        ".git/.stirot-saving-abcdef-x",
    ];
    fs::create_dir(bench.path(".git")).unwrap();
    others.iter().for_each(|name| fs::write(bench.path(name), "theirs").unwrap());
    fs::create_dir(bench.path(".stirot-saving-abcdef-folder")).unwrap();
    assert_eq!(bench.recover(), Recovered::default());
    others.iter().for_each(|name| assert!(bench.path(name).exists(), "{name}"));
}

#[test]
fn a_project_that_was_moved_is_recovered_in_its_new_place() {
    let bench = Bench::killed_behind_the_journal();
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("moved");
    fs::rename(bench.folder(), &moved).unwrap();
    assert_eq!(recover(&Disk::real(), &moved).unwrap().completed.len(), NEW.len());
    assert_eq!(files_in(&moved), new());
}

/// The superuser, as whom the tests may run, writes in read-only folders, too; but not in a file.
#[test]
fn where_nothing_can_be_written_nothing_is() {
    let bench = Bench::new();
    let mut changes = bench.changes();
    changes[2].path = bench.path(CONFIG).join("below/a-file");
    changes[2].expected = Expected::Absent;
    let before = bench.files();
    let error = save_all(&Disk::real(), bench.folder(), &changes).unwrap_err();
    assert!(matches!(&error, SavingError::NotSaved { path, .. } if *path == changes[2].path), "{error}");
    assert_eq!(bench.files(), before);
    let error = save_all(&Disk::real(), &bench.path(CONFIG), &bench.changes()).unwrap_err();
    assert!(matches!(error, SavingError::NotSaved { .. }), "{error}");
    assert_eq!(bench.files(), before);
}

#[test]
fn one_file_is_not_saved_twice() {
    let bench = Bench::new();
    let mut changes = bench.changes();
    changes[2].path = bench.path("STiROT/../STiROT/Config/STiROT_Config.xml");
    changes[2].expected = changes[0].expected;
    assert!(matches!(save_all(&Disk::real(), bench.folder(), &changes), Err(SavingError::Twice { .. })));
    assert_eq!(bench.files(), old());
}

#[test]
#[cfg(unix)]
fn permissions_are_kept_secrets_closed_and_links_followed() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let settings = elsewhere.path().join("settings.toml");
    fs::rename(bench.path(SETTINGS), &settings).unwrap();
    std::os::unix::fs::symlink(&settings, bench.path(SETTINGS)).unwrap();
    fs::create_dir_all(bench.path("STiROT/Keys/new")).unwrap();
    fs::write(bench.path(KEY), "an open key").unwrap();
    for (name, mode) in [(CONFIG, 0o604), (KEY, 0o644), (SETTINGS, 0o640)] {
        fs::set_permissions(bench.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    bench.save(&Disk::real()).unwrap();
    assert_eq!([CONFIG, KEY, SETTINGS].map(|name| mode(&bench.path(name))), [0o604, 0o600, 0o640]);
    assert!(bench.path(SETTINGS).symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&settings).unwrap(), "the new settings");
    assert_eq!(files_in(elsewhere.path()).len(), 1);
}

#[test]
#[cfg(unix)]
fn a_linked_file_outside_of_the_folder_is_saved_by_a_recovery_too() {
    let bench = Bench::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let settings = elsewhere.path().join("settings.toml");
    for turn in 1.. {
        fs::write(&settings, "the old settings").unwrap();
        fs::remove_file(bench.path(SETTINGS)).unwrap();
        std::os::unix::fs::symlink(&settings, bench.path(SETTINGS)).unwrap();
        let result = bench.save(&Disk::failing_at(turn, Fault::Killed));
        if bench.path(JOURNAL_FILE).exists() {
            bench.recover();
            assert_eq!(fs::read_to_string(&settings).unwrap(), "the new settings");
            assert_eq!(files_in(elsewhere.path()).iter().filter(|(name, _)| name == "settings.toml").count(), 1);
            return;
        }
        assert!(result.is_err());
    }
}

#[test]
fn a_name_beside_a_file_is_free_and_keeps_the_ending() {
    let bench = Bench::new();
    let beside = save_beside(&bench.path(CONFIG), "mine");
    assert_eq!(beside, bench.path("STiROT/Config/STiROT_Config.mine.xml"));
    fs::write(&beside, "").unwrap();
    assert_eq!(save_beside(&bench.path(CONFIG), "mine"), bench.path("STiROT/Config/STiROT_Config.mine-2.xml"));
    assert_eq!(save_beside(Path::new("/x/Makefile"), "mine"), Path::new("/x/Makefile.mine"));
}

#[test]
fn no_error_shows_what_was_to_be_saved() {
    for turn in 1.. {
        let bench = Bench::new();
        let Err(error) = bench.save(&Disk::failing_at(turn, Fault::Once)) else { break };
        let shown = format!("{error} {error:?} {}", error.help());
        assert!(!shown.contains("the new key"), "{shown}");
    }
}

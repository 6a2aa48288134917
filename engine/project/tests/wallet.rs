//! The wallet: what is kept is found again, opened and exported; nothing is written over or lost, whatever fails; what
//! can't be read is told and hides nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use chip::option_bytes::DebugAuthentication;
use common::{Bench, content, vectors};
use formats::da::Password;
use formats::{DebugCredential, KeyFile, ObkFile, Passphrase, Permission, PrivateKey, Secret};
use project::certificates::{ChainRequest, Masks, Renewed, make};
use project::credentials::LEAF_KEY_FILE;
use project::key_files::KeyProtection;
use project::wallet::Import;
use project::{Disk, Fault, Flow, KeyRole, Project, Wallet, WalletEntry, WalletError, uid_from_text};
use tempfile::TempDir;

const UID: [u8; 12] = [0x0F, 0x33, 0x30, 0x38, 0x31, 0x32, 0x51, 0x18, 0x00, 0x2B, 0x00, 0xA7];
const NAME: &str = "0F33303831325118002B00A7";

struct Kept {
    folder: TempDir,
    wallet: Wallet,
}

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wallet = Wallet::at(&folder.path().join("data/wallet"));
        Self { folder, wallet }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.wallet.folder().join(NAME).join(name)
    }

    fn keep(&self, project: &Project, passphrase: Option<&Passphrase>) -> WalletEntry {
        self.wallet.keep_of_project(UID, "bench-1", project, passphrase).unwrap()
    }

    fn only_damage(&self) -> (PathBuf, String) {
        let [error] = self.wallet.damaged().unwrap().try_into().unwrap();
        let WalletError::Damaged { path, problem } = &error else { panic!("{error:?}") };
        assert!(!error.help().is_empty());
        (path.clone(), problem.clone())
    }
}

fn project() -> Bench {
    Bench::own(Flow::DebugAuthentication)
}

fn by_password() -> Bench {
    let bench = project();
    bench.replace(
        "stirot-studio.toml",
        "debug_authentication = \"certificate\"",
        "debug_authentication = \"password\"",
    );
    bench
}

fn new_leaf(bench: &Bench) {
    let request = ChainRequest { renewed: Renewed::Leaf, ..ChainRequest::default() };
    make(&bench.open().unwrap(), &request, &Disk::real()).unwrap();
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Secret::new(text.into())).unwrap()
}

fn same(one: &DebugCredential, other: &DebugCredential) -> bool {
    match (one, other) {
        (DebugCredential::Certificate { chain, key }, DebugCredential::Certificate { chain: others, key: other }) => {
            chain == others && *key.stored() == *other.stored()
        }
        (DebugCredential::Password(one), DebugCredential::Password(other)) => one == other,
        _ => false,
    }
}

fn opens(wallet: &Wallet, entry: &WalletEntry, passphrase: Option<&Passphrase>, project: &Project) {
    let opened = wallet.open(entry, passphrase).unwrap_or_else(|error| panic!("{error}"));
    assert!(same(&opened, &project.debug_credential().unwrap()));
    let object = wallet.object(entry, passphrase).unwrap();
    assert_eq!(*object.encode(), *project.debug_object().unwrap().encode());
}

#[test]
fn what_is_kept_is_found_by_the_board_and_opens_what_the_board_was_given() {
    for bench in [project(), by_password()] {
        let (kept, project) = (Kept::new(), bench.open().unwrap());
        let entry = kept.keep(&project, None);
        assert_eq!((entry.uid_text().as_str(), entry.version), (NAME, 1));
        assert_eq!((entry.board_name.as_str(), entry.project.as_str(), entry.protected), ("bench-1", "Pump", false));
        assert_eq!(entry.method, project.settings().debug_authentication.method());
        assert_eq!(entry.leaf, project.debug_credential().unwrap().leaf());
        assert_eq!(entry.folder, kept.path("v1"));
        assert!(entry.kept_at > 1_700_000_000);
        let again = Wallet::at(kept.wallet.folder());
        assert_eq!(again.for_board(UID).unwrap(), std::slice::from_ref(&entry));
        assert_eq!(again.entries().unwrap(), std::slice::from_ref(&entry));
        assert_eq!(again.for_board([1; 12]).unwrap(), []);
        assert!(again.damaged().unwrap().is_empty());
        opens(&again, &entry, None, &project);
    }
}

#[test]
fn a_wallet_that_is_not_there_yet_is_empty_and_is_not_made_by_looking() {
    let kept = Kept::new();
    assert_eq!(kept.wallet.entries().unwrap(), []);
    assert!(!kept.wallet.folder().exists());
    assert_eq!(uid_from_text(NAME), Ok(UID));
    assert_eq!(uid_from_text(&NAME.to_lowercase()), Ok(UID));
    assert_eq!(uid_from_text("0F33 3038 3132 5118 002B 00A7"), Ok(UID), "in groups");
    for wrong in ["", "0F33", "0F33303831325118002B00AG", "0F33303831325118002B00A7A7"] {
        assert!(uid_from_text(wrong).is_err());
    }
}

#[test]
fn the_newest_again_is_the_entry_that_is_there_and_any_other_is_a_version_beside_it() {
    let (kept, bench) = (Kept::new(), project());
    let first_project = bench.open().unwrap();
    let first = kept.keep(&first_project, None);
    let before = content(kept.wallet.folder());
    assert_eq!(kept.wallet.keep_of_project(UID, "other name", &first_project, None).unwrap(), first);
    assert_eq!(content(kept.wallet.folder()), before);
    let old = first_project.debug_credential().unwrap();
    new_leaf(&bench);
    let second = kept.keep(&bench.open().unwrap(), None);
    assert_eq!(second.version, 2);
    assert_eq!(kept.wallet.for_board(UID).unwrap(), [second.clone(), first.clone()], "newest first");
    assert!(same(&kept.wallet.open(&first, None).unwrap(), &old));
    opens(&kept.wallet, &second, None, &bench.open().unwrap());
    let object = first_project.debug_object().unwrap();
    let back = kept.wallet.keep(UID, "bench-1", "Pump", &object, &old, None).unwrap();
    assert_eq!(back.version, 3, "given again after another one, it is the newest again");
    assert!(same(&kept.wallet.open(&kept.wallet.for_board(UID).unwrap()[0], None).unwrap(), &old));
    let of_another_board = kept.wallet.keep_of_project([9; 12], "bench-2", &bench.open().unwrap(), None).unwrap();
    assert_eq!(of_another_board.version, 1);
    assert_eq!(kept.wallet.entries().unwrap().len(), 4);
}

#[test]
fn what_a_board_proved_is_kept_as_it_was_proved_and_not_in_the_clear_for_want_of_its_file() {
    let (kept, bench) = (Kept::new(), project());
    let project = bench.open().unwrap();
    let (credential, object) = (project.debug_credential().unwrap(), project.debug_object().unwrap());
    let keep = || kept.wallet.keep_proved(UID, "bench-1", &project, &object, &credential);
    let request = ChainRequest { masks: Masks::of_all(Permission::DEBUG_HDPL3.mask()), ..ChainRequest::default() };
    make(&project, &request, &Disk::real()).unwrap();
    let entry = keep().unwrap();
    assert!(same(&kept.wallet.open(&entry, None).unwrap(), &credential), "not the chain that lies there by now");
    new_leaf(&bench);
    let error = keep().unwrap_err();
    assert!(error.to_string().contains("key_3_leaf.pem was changed"), "{error}");
    assert_eq!(kept.wallet.entries().unwrap(), [entry]);
}

#[test]
fn under_a_passphrase_the_private_part_opens_with_it_alone_and_is_nowhere_else() {
    for bench in [project(), by_password()] {
        let (kept, project) = (Kept::new(), bench.open().unwrap());
        let phrase = passphrase("a long one");
        let entry = kept.keep(&project, Some(&phrase));
        assert!(entry.protected);
        assert!(matches!(kept.wallet.open(&entry, None), Err(WalletError::Locked { .. })));
        let Err(error) = kept.wallet.open(&entry, Some(&passphrase("another"))) else { panic!() };
        assert!(matches!(error, WalletError::Secret { .. }) && !error.help().is_empty(), "{error:?}");
        opens(&kept.wallet, &entry, Some(&phrase), &project);
        let secret = match project.debug_credential().unwrap() {
            DebugCredential::Certificate { key, .. } => key.stored()[36..68].to_vec(),
            DebugCredential::Password(password) => password.text().as_bytes().to_vec(),
        };
        for (path, bytes) in content(kept.wallet.folder()) {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
            assert!(!matches!(KeyFile::from_pem(&bytes), Ok(KeyFile::Private(_))), "{}", path.display());
        }
        assert_eq!(kept.keep(&project, Some(&phrase)), entry, "the same again");
        assert_eq!(kept.keep(&project, Some(&passphrase("another"))).version, 2, "under another passphrase");
    }
}

#[test]
fn what_lies_open_is_kept_protected_when_that_is_asked_for_but_never_the_other_way_round() {
    let (kept, bench) = (Kept::new(), project());
    let (project, phrase) = (bench.open().unwrap(), passphrase("a long one"));
    let clear = kept.keep(&project, None);
    let protected = kept.keep(&project, Some(&phrase));
    assert_eq!((clear.version, protected.version), (1, 2));
    fs::remove_dir_all(&clear.folder).unwrap();
    assert_eq!(kept.keep(&project, None), protected, "a protected entry makes a clear one needless");
}

#[test]
fn a_credential_that_comes_back_behind_another_is_the_newest_again() {
    let (kept, one, another, phrase) = (Kept::new(), project(), project(), passphrase("a long one"));
    let first = one.open().unwrap();
    kept.keep(&first, Some(&phrase));
    let second = kept.keep(&another.open().unwrap(), None);
    let again = kept.keep(&first, None);
    assert_eq!((second.version, again.version), (2, 3));
    assert_eq!(kept.wallet.for_board(UID).unwrap().first(), Some(&again));
    assert!(again.protected, "protected once, it is not kept in the clear");
    opens(&kept.wallet, &again, Some(&phrase), &first);
    assert_eq!(kept.keep(&first, None), again, "and then it is there");
}

#[test]
fn a_key_that_is_protected_in_its_project_stays_under_its_passphrase_byte_for_byte() {
    let (kept, bench) = (Kept::new(), project());
    let phrase = passphrase("the project's");
    let protection = KeyProtection::Passphrase(&phrase);
    let request = ChainRequest { renewed: Renewed::Leaf, protection, ..ChainRequest::default() };
    make(&bench.open().unwrap(), &request, &Disk::real()).unwrap();
    let error = kept.wallet.keep_of_project(UID, "", &bench.open().unwrap(), None).unwrap_err();
    assert!(matches!(error, WalletError::Project { .. }), "locked: {error:?}");
    assert!(!kept.wallet.folder().exists());
    let mut draft = bench.draft();
    draft.unlock(KeyRole::DebugLeaf, &bench.path(LEAF_KEY_FILE), &phrase).unwrap();
    let project = draft.project().unwrap();
    let entry = kept.keep(&project, None);
    assert!(entry.protected);
    assert_eq!(fs::read(kept.path("v1/key_3_leaf.pem")).unwrap(), fs::read(bench.path(LEAF_KEY_FILE)).unwrap());
    opens(&kept.wallet, &entry, Some(&phrase), &project);
    assert_eq!(kept.keep(&project, None), entry);
}

#[test]
fn a_credential_that_does_not_open_the_object_is_not_kept() {
    let kept = Kept::new();
    let (one, other) = (project(), project());
    let credential = one.open().unwrap().debug_credential().unwrap();
    for object in [other.open().unwrap().debug_object().unwrap(), ObkFile::da_lock()] {
        let error = kept.wallet.keep(UID, "", "", &object, &credential, None).unwrap_err();
        assert!(matches!(error, WalletError::Refused { .. }) && !error.help().is_empty(), "{error:?}");
    }
    assert!(!kept.wallet.folder().exists());
    let object = one.open().unwrap().debug_object().unwrap();
    assert_eq!(kept.wallet.keep(UID, "", "", &object, &credential, None).unwrap().version, 1);
}

#[test]
#[cfg(unix)]
fn everything_in_it_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (kept, bench) = (Kept::new(), project());
    kept.keep(&bench.open().unwrap(), None);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for folder in [kept.wallet.folder(), &kept.path(""), &kept.path("v1")] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    for (path, _) in content(&kept.path("v1")) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn an_export_is_what_sts_tools_take_and_writes_over_nothing() {
    let kept = Kept::new();
    for (bench, phrase) in
        [(project(), None), (project(), Some(passphrase("one"))), (by_password(), Some(passphrase("two")))]
    {
        let project = bench.open().unwrap();
        let entry = kept.keep(&project, phrase.as_ref());
        let to = kept.folder.path().join(format!("way-back-{}", entry.version));
        if phrase.is_some() {
            assert!(matches!(kept.wallet.export(&entry, None, &to), Err(WalletError::Locked { .. })));
            assert!(!to.exists());
        }
        let written = kept.wallet.export(&entry, phrase.as_ref(), &to).unwrap();
        let mut found: Vec<_> = content(&to).into_iter().map(|(path, _)| path).collect();
        found.sort();
        let mut told = written.clone();
        told.sort();
        assert_eq!(found, told);
        match project.debug_credential().unwrap() {
            DebugCredential::Certificate { chain, key } => {
                let leaf = PrivateKey::from_pem(&fs::read(to.join("DA/Keys/key_3_leaf.pem")).unwrap()).unwrap();
                assert_eq!(*leaf.stored(), *key.stored());
                let text = fs::read_to_string(to.join("DA/Certificates/cert_leaf_chain.b64")).unwrap();
                assert_eq!(text, chain.to_base64());
            }
            DebugCredential::Password(password) => {
                let file = fs::read(to.join("DA/Binary/password.bin")).unwrap();
                assert!(Password::from_file(&file).unwrap() == password);
            }
        }
        let before = content(&to);
        let error = kept.wallet.export(&entry, phrase.as_ref(), &to).unwrap_err();
        assert!(matches!(error, WalletError::Taken { .. }), "{error:?}");
        assert_eq!(content(&to), before);
        // What was exported can be brought in elsewhere.
        let elsewhere = Kept::new();
        let import = Import {
            uid: UID,
            board_name: "bench-9",
            project: "from elsewhere",
            folder: &to,
            method: None,
            its_passphrase: None,
            passphrase: None,
        };
        let imported = elsewhere.wallet.import(&import).unwrap();
        opens(&elsewhere.wallet, &imported, None, &project);
    }
}

#[test]
fn sts_own_folder_is_brought_in_by_either_method_and_what_is_missing_is_named() {
    let kept = Kept::new();
    let folder = kept.folder.path().join("ROT_Provisioning");
    common::copy(&vectors().join("da"), &folder.join("DA"));
    let import = |method| {
        kept.wallet.import(&Import {
            uid: UID,
            board_name: "",
            project: "",
            folder: &folder,
            method,
            its_passphrase: None,
            passphrase: None,
        })
    };
    assert_eq!(import(None).unwrap().method, DebugAuthentication::Certificate);
    assert_eq!(import(Some(DebugAuthentication::Password)).unwrap().method, DebugAuthentication::Password);
    for (name, text) in [("DA/Keys/key_3_leaf.pem", "no key"), ("DA/Certificates/cert_leaf_chain.b64", "*")] {
        let bytes = fs::read(folder.join(name)).unwrap();
        fs::write(folder.join(name), text).unwrap();
        let error = import(None).unwrap_err();
        assert!(matches!(&error, WalletError::Foreign { path, .. } if path.ends_with(name)), "{error:?}");
        fs::write(folder.join(name), bytes).unwrap();
    }
    fs::remove_file(folder.join("DA/Binary/DA_Config.obk")).unwrap();
    let error = import(None).unwrap_err();
    assert!(matches!(&error, WalletError::Read { path, .. } if path.ends_with("DA_Config.obk")), "{error:?}");
}

#[test]
fn a_damaged_entry_is_told_with_its_file_and_hides_no_other() {
    let (kept, bench) = (Kept::new(), project());
    let first = kept.keep(&bench.open().unwrap(), None);
    new_leaf(&bench);
    kept.keep(&bench.open().unwrap(), None);
    let files: Vec<_> = content(&kept.path("v2")).into_iter().map(|(path, _)| path).collect();
    assert_eq!(files.len(), 4);
    for path in files {
        let whole = fs::read(&path).unwrap();
        for damage in [Vec::new(), whole[..whole.len() / 2].to_vec(), b"something else".to_vec()] {
            fs::write(&path, damage).unwrap();
            assert_eq!(kept.wallet.entries().unwrap(), std::slice::from_ref(&first), "{}", path.display());
            assert_eq!(kept.only_damage().0, path);
            let again = kept.keep(&bench.open().unwrap(), None);
            assert!(again.version > 2, "a damaged entry counts for nothing and is left alone");
            opens(&kept.wallet, &again, None, &bench.open().unwrap());
            fs::remove_dir_all(again.folder).unwrap();
        }
        fs::remove_file(&path).unwrap();
        assert!(kept.only_damage().1.contains("isn't there"));
        fs::write(&path, whole).unwrap();
        assert_eq!(kept.wallet.entries().unwrap().len(), 2);
    }
    fs::write(kept.path("v1/key_3_leaf.pem"), fs::read(kept.path("v2/key_3_leaf.pem")).unwrap()).unwrap();
    assert!(kept.only_damage().1.contains("leaf"), "another entry's key");
}

#[test]
fn an_entry_of_another_board_or_a_later_format_is_not_taken_for_one() {
    let (kept, bench) = (Kept::new(), project());
    kept.keep(&bench.open().unwrap(), None);
    let other = kept.wallet.folder().join("000000000000000000000000");
    fs::create_dir_all(&other).unwrap();
    fs::rename(kept.path("v1"), other.join("v1")).unwrap();
    assert_eq!(kept.wallet.entries().unwrap(), []);
    assert!(kept.only_damage().1.contains(NAME));
    let facts = other.join("v1/entry.toml");
    let text = fs::read_to_string(&facts).unwrap();
    fs::write(&facts, text.replace("format = 1", "format = 2")).unwrap();
    assert!(kept.only_damage().1.contains("format 2"));
    fs::remove_dir_all(&other).unwrap();
    for strange in ["notes", "0f33303831325118002b00a7"] {
        fs::create_dir(kept.wallet.folder().join(strange)).unwrap();
        assert_eq!(kept.only_damage().0, kept.wallet.folder().join(strange));
        fs::remove_dir(kept.wallet.folder().join(strange)).unwrap();
    }
}

#[test]
fn whichever_operation_fails_what_was_kept_is_there_and_the_new_is_whole_or_not_there() {
    let bench = project();
    let old = bench.open().unwrap();
    let before = Kept::new();
    before.keep(&old, None);
    new_leaf(&bench);
    let new = bench.open().unwrap();
    for fault in [Fault::Once, Fault::Twice, Fault::DiskFull, Fault::Killed, Fault::KilledWriting] {
        let (mut without, mut with) = (0, 0);
        for turn in 1.. {
            let kept = Kept::new();
            common::copy(before.wallet.folder(), kept.wallet.folder());
            let disk = Disk::failing_at(turn, fault);
            let result = kept.wallet.keep_of_project_on(&disk, UID, "bench-1", &new, None);
            if disk.operations() < turn {
                result.unwrap();
                break;
            }
            assert!(result.is_err() || kept.wallet.entries().unwrap().len() == 2, "{fault:?} at {turn}");
            assert!(kept.wallet.damaged().unwrap().is_empty(), "{fault:?} at {turn}: {:?}", kept.wallet.damaged());
            let entries = kept.wallet.for_board(UID).unwrap();
            let first = entries.last().unwrap();
            assert_eq!(first.version, 1);
            assert!(same(&kept.wallet.open(first, None).unwrap(), &before.wallet.open(first, None).unwrap()));
            if entries.len() == 2 {
                with += 1
            } else {
                without += 1
            }
            let again = kept.keep(&new, None);
            assert_eq!((again.version, kept.wallet.entries().unwrap().len()), (2, 2), "{fault:?} at {turn}");
            opens(&kept.wallet, &again, None, &new);
            let left = fs::read_dir(kept.path("")).unwrap().count();
            assert_eq!(left, 3, "{fault:?} at {turn}: two versions and the lock");
        }
        assert!(without > 10 && with >= 1, "{fault:?}: {without}, {with}");
    }
}

#[test]
fn two_programs_at_once_are_kept_apart() {
    let (kept, bench) = (Kept::new(), project());
    kept.keep(&bench.open().unwrap(), None);
    let lock = fs::File::options().write(true).open(kept.path(".lock")).unwrap();
    lock.lock().unwrap();
    new_leaf(&bench);
    let error = kept.wallet.keep_of_project(UID, "", &bench.open().unwrap(), None).unwrap_err();
    assert!(matches!(error, WalletError::InUse { .. }), "{error:?}");
    lock.unlock().unwrap();
    assert_eq!(kept.keep(&bench.open().unwrap(), None).version, 2);
}

//! Keys are made, brought in, protected and given away, and no key file is ever replaced.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use formats::{FormatError, KeyFile, KeyProblem, Passphrase, PrivateKey, PublicKey, Secret};
use project::key_files::{
    KeyFileError, KeyProtection, Protection, export_clear, export_public, generate, import, look, protect, versions,
};
use project::{Disk, Fault};
use tempfile::TempDir;

/// A throwaway key as OpenSSL writes it: SEC1, and as PKCS#8 under [`WORDS`].
const SEC1: &str = "-----BEGIN EC PRIVATE KEY-----
MHcCAQEEICrJchvGDWMp8YvBFdoWjJVKrS+0HhFPzI1wqSFElYI4oAoGCCqGSM49
AwEHoUQDQgAEreRpUfsCHUe+zalpfUg6Lrp6WSsa+fy+DpvtSaao47/QQryOtqUW
YFQLtkwk1JD7SLE6XB17c6ECd66T+Pmn7w==
-----END EC PRIVATE KEY-----
";
const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAgVZKd9F6Gw5wICQAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBCtv2z/lJMtA1EiVjRgCcvEBIGQfomQE5+dhQyJ
2VzmbpNpzC9OPLVYKRq2jIFxGEjbCJL3FLbDHEZNeNfPjzcpz8FthuBo5vXrjOer
ZgYYwdcPKBEj1ZcGNgEB2rsDQvP6kHVnw7ZzH+NCdkyITklWDUxwuvE1riZSrmdX
WhCGvYj9YTLy60GNMc3T7UPK3/iQl0urv1x/hO7qISBjfQrI+UOv
-----END ENCRYPTED PRIVATE KEY-----
";
const WORDS: &str = "other words";
const FINGERPRINT: &str = "0f7969436e609ede6a65466fb38be1fcd4150f8638e7415dd862e7df7d51aaa0";

const PRESENT: &str = "STiROT_Authentication.pem";
const FAULTS: [Fault; 5] = [Fault::Once, Fault::Twice, Fault::DiskFull, Fault::Killed, Fault::KilledWriting];

struct Keys(TempDir);

impl Keys {
    /// A folder without keys.
    fn none() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with one key, in the clear.
    fn one() -> Self {
        let keys = Self::none();
        generate(&Disk::real(), &keys.path(PRESENT), KeyProtection::Clear).unwrap();
        keys
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
            .collect()
    }

    fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Secret::new(text.to_owned())).unwrap()
}

fn private(path: &Path, passphrase: Option<&Passphrase>) -> PrivateKey {
    match KeyFile::from_pem_with(&fs::read(path).unwrap(), passphrase).unwrap() {
        KeyFile::Private(key) => key,
        KeyFile::Public(_) => panic!("a public key"),
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
}

/// The number that the next version of `present` gets in a folder with these files.
fn next_name(present: &str, files: &[&str]) -> String {
    let keys = Keys::none();
    files.iter().for_each(|name| fs::write(keys.path(name), "x").unwrap());
    let made = generate(&Disk::real(), &keys.path(present), KeyProtection::Clear).unwrap();
    files.iter().for_each(|name| assert_eq!(fs::read(keys.path(name)).unwrap(), b"x", "{name}"));
    made.private.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_generated_key_lies_as_sts_tools_want_it_and_is_its_owners_alone() {
    let keys = Keys::none();
    let made = generate(&Disk::real(), &keys.path(PRESENT), KeyProtection::Clear).unwrap();
    assert_eq!(made.private, keys.path(PRESENT));
    assert_eq!(made.public, keys.path("STiROT_Authentication_pub.pem"));
    assert_eq!(keys.files().into_values().map(|file| file.len()).collect::<Vec<_>>(), [241, 178]);
    let public = PublicKey::from_pem(&fs::read(&made.public).unwrap()).unwrap();
    assert_eq!(private(&made.private, None).public(), public);
    assert_eq!(made.fingerprint, public.fingerprint());
    assert!(made.clear_copies.is_empty());
    #[cfg(unix)]
    assert_eq!(mode(&made.private), 0o600);
}

#[test]
fn a_new_key_is_a_new_version_and_the_old_one_stays_as_it_was() {
    let keys = Keys::one();
    let before = keys.files();
    let second = generate(&Disk::real(), &keys.path(PRESENT), KeyProtection::Clear).unwrap();
    assert_eq!(second.private, keys.path("STiROT_Authentication_v2.pem"));
    assert_eq!(second.public, keys.path("STiROT_Authentication_v2_pub.pem"));
    let third = generate(&Disk::real(), &second.private, KeyProtection::Clear).unwrap();
    assert_eq!(third.private, keys.path("STiROT_Authentication_v3.pem"));
    let after = keys.files();
    assert_eq!(after.len(), 6);
    assert!(before.iter().all(|(name, content)| after[name] == *content));
    let seen = versions(&second.private).unwrap();
    assert_eq!(seen.iter().map(|version| version.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(seen[2].fingerprint, Some(third.fingerprint));
    assert_ne!(seen[1].fingerprint, seen[2].fingerprint);
}

#[test]
fn a_number_is_used_once_and_only_names_of_the_key_count() {
    assert_eq!(next_name("X.pem", &[]), "X.pem");
    assert_eq!(next_name("X.pem", &["X_v2.pem"]), "X_v3.pem");
    assert_eq!(next_name("X_v3.pem", &[]), "X_v3.pem");
    assert_eq!(next_name("X_v3.pem", &["X_v3.pem"]), "X_v4.pem");
    assert_eq!(next_name("X.pem", &["X.pem", "X_v7.pem"]), "X_v8.pem", "a gap may be a key that was lost");
    assert_eq!(next_name("X.pem", &["X_Pub.pem"]), "X_v2.pem", "of a key that is elsewhere");
    assert_eq!(next_name("X_pub.pem", &["X_pub.pem"]), "X_v2.pem", "where a project has the public half alone");
    let others = ["XY_v2.pem", "X_v02.pem", "X_v1.pem", "X_vault.pem", "X_v+2.pem", "X_v2.PEM", "X_v2.pem.bak", "X"];
    assert_eq!(next_name("X.pem", &others), "X.pem");
    assert_eq!(next_name("_v2.pem", &[]), "_v2.pem");
    let keys = Keys::none();
    fs::write(keys.path("X_v4294967295.pem"), "x").unwrap();
    for present in ["X.pem", "X.key", ".pem", "_pub.pem", ".."] {
        let error = generate(&Disk::real(), &keys.path(present), KeyProtection::Clear).unwrap_err();
        assert!(matches!(error, KeyFileError::NoName { .. }), "{present}: {error}");
    }
    assert_eq!(keys.names().len(), 1);
}

#[test]
fn a_key_is_imported_from_each_form_and_written_as_pkcs8() {
    let pkcs8 = private_of(SEC1).to_pem().unwrap();
    let words = passphrase(WORDS);
    let forms = [(SEC1, None), (pkcs8.as_str(), None), (ENCRYPTED, Some(&words)), (SEC1, Some(&words))];
    for (text, passphrase) in forms {
        let keys = Keys::one();
        let made =
            import(&Disk::real(), &keys.path(PRESENT), text.as_bytes(), passphrase, KeyProtection::Clear).unwrap();
        assert_eq!(made.private, keys.path("STiROT_Authentication_v2.pem"));
        assert_eq!(made.fingerprint.to_string(), FINGERPRINT);
        assert_eq!(fs::read(&made.private).unwrap(), pkcs8.as_bytes());
    }
}

fn private_of(pem: &str) -> PrivateKey {
    PrivateKey::from_pem(pem.as_bytes()).unwrap()
}

#[test]
fn what_is_no_private_key_is_not_imported() {
    let public = private_of(SEC1).public().to_pem();
    let wrong = passphrase("wrong words");
    let cases: [(&str, Option<&Passphrase>, KeyProblem); 4] = [
        (&public, None, KeyProblem::PublicOnly),
        (ENCRYPTED, None, KeyProblem::Passphrase),
        (ENCRYPTED, Some(&wrong), KeyProblem::WrongPassphrase),
        ("no key", None, KeyProblem::NotPem),
    ];
    for (text, passphrase, expected) in cases {
        let keys = Keys::none();
        let error =
            import(&Disk::real(), &keys.path(PRESENT), text.as_bytes(), passphrase, KeyProtection::Clear).unwrap_err();
        assert!(
            matches!(&error, KeyFileError::Import(FormatError::Key(problem)) if *problem == expected),
            "{expected}: {error}"
        );
        assert!(keys.names().is_empty() && !error.help().is_empty());
    }
}

#[test]
fn a_protected_key_is_a_new_version_and_the_clear_ones_are_named() {
    let keys = Keys::one();
    let clear = fs::read(keys.path(PRESENT)).unwrap();
    import(&Disk::real(), &keys.path(PRESENT), &clear, None, KeyProtection::Clear).unwrap();
    generate(&Disk::real(), &keys.path(PRESENT), KeyProtection::Clear).unwrap();
    let words = passphrase("correct horse");
    let made = protect(&Disk::real(), &keys.path(PRESENT), &words).unwrap();
    assert_eq!(made.private, keys.path("STiROT_Authentication_v4.pem"));
    assert_eq!(made.clear_copies, [PRESENT, "STiROT_Authentication_v2.pem"].map(|name| keys.path(name)));
    assert_eq!(fs::read(keys.path(PRESENT)).unwrap(), clear);
    assert!(KeyFile::is_protected(&fs::read(&made.private).unwrap()));
    assert_eq!(*private(&made.private, Some(&words)).to_pem().unwrap(), String::from_utf8(clear).unwrap());
    #[cfg(unix)]
    assert_eq!(mode(&made.private), 0o600);

    let error = protect(&Disk::real(), &made.private, &words).unwrap_err();
    assert!(matches!(error, KeyFileError::Protected { .. }), "{error}");
    let text = fs::read(&made.private).unwrap();
    let others = passphrase(WORDS);
    let again = KeyProtection::Passphrase(&others);
    let changed = import(&Disk::real(), &made.private, &text, Some(&words), again).unwrap();
    assert_eq!(private(&changed.private, Some(&others)).public().fingerprint(), made.fingerprint);
}

#[test]
fn a_protected_key_that_is_brought_in_stays_under_its_passphrase_unless_another_is_given_or_the_clear_asked_for() {
    let (words, others) = (passphrase(WORDS), passphrase("quite different"));
    let cases = [
        (KeyProtection::Kept, Some(&words)),
        (KeyProtection::Passphrase(&others), Some(&others)),
        (KeyProtection::Clear, None),
    ];
    for (protection, expected) in cases {
        let keys = Keys::none();
        let made = import(&Disk::real(), &keys.path(PRESENT), ENCRYPTED.as_bytes(), Some(&words), protection).unwrap();
        let text = fs::read(&made.private).unwrap();
        assert_eq!(KeyFile::is_protected(&text), expected.is_some());
        assert_eq!(private(&made.private, expected).public().fingerprint().to_string(), FINGERPRINT);
    }
    // A passphrase that the imported file didn't need protects nothing.
    let keys = Keys::none();
    let made = import(&Disk::real(), &keys.path(PRESENT), SEC1.as_bytes(), Some(&words), KeyProtection::Kept).unwrap();
    assert_eq!(look(&made.private).0, Protection::Clear);
}

#[test]
fn a_version_after_a_protected_one_lies_in_the_clear_only_when_that_is_asked_for() {
    let keys = Keys::none();
    let (present, words) = (keys.path(PRESENT), passphrase(WORDS));
    generate(&Disk::real(), &present, KeyProtection::Passphrase(&words)).unwrap();
    let before = keys.files();
    let errors = [
        generate(&Disk::real(), &present, KeyProtection::Kept).unwrap_err(),
        import(&Disk::real(), &present, SEC1.as_bytes(), None, KeyProtection::Kept).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(&error, KeyFileError::WouldLieOpen { present: named } if *named == present), "{error}");
        assert!(error.help().contains("passphrase"));
    }
    assert_eq!(keys.files(), before);
    let brought = import(&Disk::real(), &present, ENCRYPTED.as_bytes(), Some(&words), KeyProtection::Kept).unwrap();
    assert_eq!(look(&brought.private).0, Protection::Passphrase);
    let open = generate(&Disk::real(), &present, KeyProtection::Clear).unwrap();
    assert_eq!(look(&open.private), (Protection::Clear, Some(open.fingerprint)));
    let after_open = generate(&Disk::real(), &open.private, KeyProtection::Kept).unwrap();
    assert_eq!(look(&after_open.private).0, Protection::Clear);
}

#[test]
fn versions_tell_what_each_file_is_without_a_passphrase() {
    let keys = Keys::one();
    let words = passphrase(WORDS);
    let made = generate(&Disk::real(), &keys.path(PRESENT), KeyProtection::Passphrase(&words)).unwrap();
    fs::write(keys.path("STiROT_Authentication_v3.pem"), ENCRYPTED).unwrap();
    fs::write(keys.path("STiROT_Authentication_v4.pem"), "no key").unwrap();
    fs::create_dir(keys.path("STiROT_Authentication_v5.pem")).unwrap();
    let public = private_of(SEC1).public().to_pem();
    fs::write(keys.path("STiROT_Authentication_v10.pem"), public).unwrap();
    let seen: Vec<_> = versions(&keys.path(PRESENT))
        .unwrap()
        .into_iter()
        .map(|version| (version.number, version.protection, version.fingerprint))
        .collect();
    let first = private(&keys.path(PRESENT), None).public().fingerprint();
    assert_eq!(
        seen,
        [
            (1, Protection::Clear, Some(first)),
            (2, Protection::Passphrase, Some(made.fingerprint)),
            (3, Protection::Passphrase, None),
            (4, Protection::Unknown, None),
            (5, Protection::Unknown, None),
            (10, Protection::Unknown, None),
        ]
    );
    assert_eq!(versions(&keys.path("missing/X.pem")).unwrap(), []);
    assert!(matches!(versions(&keys.path(PRESENT).join("X.pem")), Err(KeyFileError::Read { .. })));
}

#[test]
fn the_public_half_is_exported_and_replaces_nothing() {
    let keys = Keys::one();
    let (from, to) = (keys.path(PRESENT), keys.path("for_the_factory.pem"));
    let key = PublicKey::from_pem(&fs::read(&from).unwrap()).unwrap();
    export_public(&Disk::real(), &key, &to).unwrap();
    assert_eq!(fs::read(&to).unwrap(), fs::read(keys.path("STiROT_Authentication_pub.pem")).unwrap());
    export_public(&Disk::real(), &key, &to).unwrap();
    fs::write(&to, "another").unwrap();
    let error = export_public(&Disk::real(), &key, &to).unwrap_err();
    assert!(matches!(error, KeyFileError::Taken { .. }), "{error}");
    assert_eq!(fs::read(&to).unwrap(), b"another");
    assert!(matches!(export_public(&Disk::real(), &key, &from), Err(KeyFileError::Taken { .. })));
    let error = export_public(&Disk::real(), &key, &keys.path("no/folder.pem")).unwrap_err();
    assert!(matches!(error, KeyFileError::Write { .. }), "{error}");
}

#[test]
fn a_key_that_is_exported_in_clear_is_the_owners_alone_and_replaces_nothing() {
    let keys = Keys::none();
    let (from, to) = (keys.path(PRESENT), keys.path("clear.pem"));
    fs::write(&from, ENCRYPTED).unwrap();
    let key = private_of(SEC1);
    export_clear(&Disk::real(), &key, &to).unwrap();
    assert_eq!(fs::read_to_string(&to).unwrap(), *key.to_pem().unwrap());
    #[cfg(unix)]
    assert_eq!(mode(&to), 0o600);
    export_clear(&Disk::real(), &key, &to).unwrap();
    assert!(matches!(export_clear(&Disk::real(), &key, &from), Err(KeyFileError::Taken { .. })));
    assert_eq!(fs::read_to_string(&from).unwrap(), ENCRYPTED);
}

/// Lets each operation of `act` fail in turn, in a folder with one key. Old files stay as they were; a new one is a
/// whole key or not there. Where the program went on, it is not there.
fn whatever_fails(
    faults: &[Fault],
    act: impl Fn(&Disk, &Path) -> Result<(), KeyFileError>,
    passphrase: Option<&Passphrase>,
) {
    for fault in faults.iter().copied() {
        for turn in 1.. {
            let keys = Keys::one();
            let before = keys.files();
            let disk = Disk::failing_at(turn, fault);
            let result = act(&disk, &keys.path(PRESENT));
            if disk.operations() < turn {
                result.unwrap();
                assert!(turn > 5, "{turn} operations");
                break;
            }
            assert!(result.is_err(), "{fault:?} at {turn} was swallowed");
            let mut after = keys.files();
            for (name, content) in before {
                assert_eq!(after.remove(&name), Some(content), "{fault:?} at {turn}: {name}");
            }
            assert!(
                after.is_empty() || !matches!(fault, Fault::Once | Fault::DiskFull),
                "{fault:?} at {turn}: {after:?}"
            );
            for name in after.into_keys().filter(|name| !name.starts_with(".stirot-saving-")) {
                let text = fs::read(keys.path(&name)).unwrap();
                assert!(KeyFile::from_pem_with(&text, passphrase).is_ok(), "{fault:?} at {turn}: {name}");
            }
        }
    }
}

#[test]
fn whichever_operation_fails_no_key_is_lost_and_none_is_there_in_part() {
    let generating = |disk: &Disk, present: &Path| generate(disk, present, KeyProtection::Clear).map(|_| ());
    whatever_fails(&FAULTS, generating, None);
    let key = private_of(SEC1).public();
    let exporting = |disk: &Disk, present: &Path| export_public(disk, &key, &present.with_file_name("to.pem"));
    whatever_fails(&FAULTS, exporting, None);
    // Deriving a key from a passphrase takes its time, on purpose.
    let words = passphrase(WORDS);
    let protecting = |disk: &Disk, present: &Path| protect(disk, present, &words).map(|_| ());
    whatever_fails(&[Fault::Once, Fault::KilledWriting], protecting, Some(&words));
}

#[test]
fn no_error_shows_a_key_or_a_passphrase() {
    let words = passphrase("the planted passphrase");
    let other = passphrase("another planted phrase");
    let mut errors = Vec::new();
    let keys = Keys::none();
    let from = keys.path(PRESENT);
    for turn in [1, 2, 5, 7] {
        let disk = Disk::failing_at(turn, Fault::Once);
        errors.extend(import(&disk, &from, SEC1.as_bytes(), None, KeyProtection::Passphrase(&words)).err());
    }
    let disk = Disk::real();
    errors.extend(import(&disk, &from, ENCRYPTED.as_bytes(), Some(&other), KeyProtection::Clear).err());
    fs::write(&from, ENCRYPTED).unwrap();
    errors.extend(export_clear(&disk, &private_of(SEC1), &from).err());
    errors.extend(protect(&disk, &from, &words).err());
    fs::write(&from, SEC1.replace("MHc", "MHd")).unwrap();
    errors.extend(protect(&disk, &from, &words).err());
    assert_eq!(errors.len(), 8);
    let secrets = ["planted", "CAQEEICrJchvGDWMp8YvBFdoWjJVKrS", "KsltG8YNYynxi8EV2haMlUqtL7QeEU", "2ac9721b"];
    for error in errors {
        let shown = format!("{error} {error:?} {}", error.help());
        assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
}

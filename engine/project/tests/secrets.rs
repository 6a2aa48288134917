//! Known private keys, a password and a passphrase are planted in projects, and everything that the crate says and
//! writes is searched for them: raw, in hexadecimal, in base64, as lists of numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::judging::FRESH;
use common::{Bench, CERTIFICATE, CONFIG, IMAGE, PASSWORD, content, place};
use formats::{KeyFile, Passphrase, PrivateKey, Secret};
use project::key_files::{self, KeyProtection};
use project::{
    Disk, DocumentRole, Draft, Fault, Flow, KeyRole, PASSWORD_FILE, ProjectError, SETTINGS_FILE, TargetState, field,
};
use sha2::{Digest, Sha256};

const WORD: &str = "Kupfer-8-Wiesel!";
const PHRASE: &str = "qu8xi-vofta-93-jubbel-wek";
/// Bytes of a secret in a row that count as the secret.
const TELLING: usize = 10;

/// Something that must not be seen.
struct Planted {
    name: String,
    bytes: Vec<u8>,
}

impl Planted {
    fn text(name: &str, text: &str) -> Self {
        Self { name: name.into(), bytes: text.as_bytes().to_vec() }
    }

    /// The number that a private key is.
    fn key(name: &str, key: &PrivateKey) -> Self {
        Self { name: name.into(), bytes: key.stored()[36..68].to_vec() }
    }

    /// The forms in which a text could show a part of it; a byte is a character.
    fn forms(&self) -> Vec<String> {
        let mut forms: Vec<_> = self.bytes.windows(TELLING).map(letters).collect();
        for part in self.bytes.windows(TELLING).step_by(TELLING / 2) {
            let join = |between: &str, digits: &dyn Fn(u8) -> String| {
                part.iter().map(|byte| digits(*byte)).collect::<Vec<_>>().join(between)
            };
            for between in ["", " ", ", ", ":"] {
                forms.push(join(between, &|byte| format!("{byte:02x}")));
                forms.push(join(between, &|byte| format!("{byte:02X}")));
            }
            forms.push(join(", ", &|byte| byte.to_string()));
            forms.push(join(", ", &|byte| format!("{byte:#04x}")));
            // Of base64 those characters that don't hang on the bytes around it.
            for before in 0..3 {
                let text = STANDARD.encode([&vec![0; before], part].concat());
                forms.push(text[(before * 8).div_ceil(6)..(before + TELLING) * 8 / 6].to_owned());
            }
        }
        forms
    }

    fn is_in(&self, text: &[u8]) -> bool {
        let text = letters(text);
        // A key file breaks its lines anywhere.
        let joined = text.replace('\n', "");
        self.forms().iter().any(|form| text.contains(form) || joined.contains(form))
    }
}

fn letters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The keys of a project, its password, what the chip keeps of that, and the passphrase.
fn planted(bench: &Bench) -> Vec<Planted> {
    let mut planted = vec![
        Planted::text("the password", WORD),
        Planted { name: "the password's hash".into(), bytes: Sha256::digest(WORD).to_vec() },
        Planted::text("the passphrase", PHRASE),
    ];
    for (path, text) in content(&bench.project) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if let Ok(KeyFile::Private(key)) = KeyFile::from_pem_with(&text, Some(&passphrase(PHRASE))) {
            planted.push(Planted::key(name, &key));
        }
    }
    planted
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Secret::new(text.into())).unwrap()
}

/// What was said, each thing once.
#[derive(Default)]
struct Heard(BTreeSet<String>);

impl Heard {
    fn shown(&mut self, value: &impl Debug) {
        self.0.insert(format!("{value:?}"));
    }

    fn said(&mut self, value: &(impl Debug + Display), help: &str) {
        self.shown(value);
        self.0.extend([value.to_string(), help.to_owned()]);
    }

    fn error<T>(&mut self, result: Result<T, ProjectError>) {
        if let Err(error) = result {
            self.said(&error, &error.help());
        }
    }

    /// Everything that a draft tells without being asked for a secret.
    fn draft(&mut self, draft: &Draft) {
        let assessment = draft.assess(Some(&FRESH));
        assessment.findings.iter().for_each(|finding| self.said(finding, &finding.help));
        assessment.belonging.links.iter().for_each(|link| self.shown(link));
        assessment.belonging.parts.iter().for_each(|part| self.shown(part));
        assessment.objects.iter().for_each(|object| self.shown(object));
        assessment.keys.iter().for_each(|key| self.shown(key));
        self.shown(draft);
        self.shown(&project::memory_map(draft));
        self.shown(&(draft.settings(), draft.can_undo(), draft.can_redo(), draft.not_restored(), draft.recovered()));
        for field in draft.documents().flat_map(|document| document.form.fields()) {
            self.shown(&(&field.key, &field.kind, &field.tooltip, &field.problem, &field.applies));
        }
    }

    fn must_not_hold(&self, planted: &[Planted], when: &str) {
        let all = self.0.iter().map(String::as_str).collect::<Vec<_>>().join("\0");
        for secret in planted {
            assert!(!secret.is_in(all.as_bytes()), "{when}: {} is told", secret.name);
        }
    }
}

/// A project of its own keys with the password in its place.
fn with_secrets(flow: Flow, credential: &str) -> (Bench, Draft) {
    let bench = Bench::own(flow);
    let mut draft = bench.draft();
    draft.set(&place(DocumentRole::DaPassword, field::PASSWORD), WORD).unwrap();
    draft.set(&place(DocumentRole::Settings, "debug_authentication"), credential).unwrap();
    draft.save(&Disk::real()).unwrap();
    (bench, draft)
}

#[test]
fn the_search_finds_a_secret_in_every_form() {
    let key = PrivateKey::generate().unwrap();
    let secret = Planted::key("the key", &key);
    let pem = key.to_pem().unwrap();
    assert!(secret.is_in(pem.as_bytes()), "as its own file has it");
    assert!(secret.is_in(format!("{:?}", secret.bytes).as_bytes()));
    assert!(secret.is_in(&[b"before".as_slice(), &secret.bytes[3..20], b"behind"].concat()));
    for before in 0..4 {
        assert!(secret.is_in(STANDARD.encode([&vec![7; before], secret.bytes.as_slice(), b"x"].concat()).as_bytes()));
    }
    let hex: String = secret.bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    assert!(secret.is_in(hex.as_bytes()));
    assert!(!secret.is_in(PrivateKey::generate().unwrap().to_pem().unwrap().as_bytes()));
    assert!(Planted::text("the password", WORD).is_in(format!("“{WORD}”").as_bytes()));
}

#[test]
fn nothing_that_is_told_of_a_project_shows_a_secret() {
    for flow in Flow::ALL {
        for credential in ["certificate", "password"] {
            let (bench, mut draft) = with_secrets(flow, credential);
            let planted = planted(&bench);
            assert!(planted.len() > 3);
            let mut heard = Heard::default();
            heard.draft(&draft);
            let project = bench.open().unwrap();
            heard.shown(&project);
            heard.shown(&project.keys().collect::<Vec<_>>());
            heard.shown(&(project.stirot(), project.sample_keys(), project.key_fingerprints()));
            for target in [TargetState::Closed, TargetState::Locked] {
                heard.shown(&project.objects_for(target).unwrap());
            }
            match project.outputs() {
                Ok(outputs) => heard.shown(&outputs),
                error => heard.error(error),
            }
            heard.draft(&draft);
            // Objects on the disk that differ are compared field by field.
            draft.set(&place(DocumentRole::DaPassword, field::PASSWORD), "another-one").unwrap();
            for role in [KeyRole::Encryption, KeyRole::OemEncryption, KeyRole::DebugRoot] {
                if draft.key_place(role).is_some() {
                    draft.use_key(role, &bench.path("DA/Keys/key_3_leaf.pem")).unwrap();
                }
            }
            heard.draft(&draft);
            heard.shown(&draft.assess(None));
            assert!(heard.0.len() > 20, "{}", heard.0.len());
            heard.must_not_hold(&planted, &format!("{flow} by {credential}"));
        }
    }
}

#[test]
fn no_error_shows_a_secret_whatever_lies_in_a_files_place() {
    for credential in ["certificate", "password"] {
        let (bench, _) = with_secrets(Flow::Stirot, credential);
        bench.open().unwrap().outputs().unwrap();
        let word = formats::da::Password::new(Secret::new(WORD.into())).unwrap();
        fs::write(bench.path("DA/Binary/password.bin"), &*word.to_file()).unwrap();
        let planted = planted(&bench);
        let read = |name: &str| fs::read(bench.path(name)).unwrap();
        let key = read("STiROT/Keys/STiROT_Encryption.pem");
        let misplaced = [
            key.clone(),
            key[..key.len() * 2 / 3].to_vec(),
            key.iter().filter(|byte| **byte != b'\n').copied().collect(),
            read(PASSWORD),
            String::from_utf8(read(PASSWORD)).unwrap().replace("</Value>", "").into_bytes(),
            read("STiROT/Binary/STiROT_Config.obk"),
            read("DA/Binary/password.bin"),
            WORD.into(),
        ];
        let chain = "DA/Certificates/cert_leaf_chain.b64";
        fs::create_dir_all(bench.path(chain).parent().unwrap()).unwrap();
        let mut heard = Heard::default();
        for name in [
            CONFIG,
            IMAGE,
            CERTIFICATE,
            PASSWORD,
            SETTINGS_FILE,
            "STiROT/Keys/STiROT_Encryption_pub.pem",
            "DA/Keys/key_1_root.pem",
            "STiROT/Image/appli.bin",
            "STiROT/Binary/STiROT_Config.obk",
            "STiROT/Binary/appli_enc_sign.hex",
            "DA/Binary/password.bin",
            chain,
        ] {
            let right = fs::read(bench.path(name)).ok();
            for content in &misplaced {
                fs::write(bench.path(name), content).unwrap();
                heard.error(bench.open());
                match Draft::open_with(&bench.project, &bench.data(), &Disk::real()) {
                    Ok(draft) => heard.draft(&draft),
                    error => heard.error(error),
                }
            }
            match right {
                Some(right) => fs::write(bench.path(name), right).unwrap(),
                None => fs::remove_file(bench.path(name)).unwrap(),
            }
        }
        assert!(bench.open().is_ok());
        heard.must_not_hold(&planted, credential);
    }
}

#[test]
fn no_refused_edit_and_no_error_of_a_key_file_shows_a_secret() {
    let (bench, mut draft) = with_secrets(Flow::Stirot, "password");
    let (_, path) = draft.key_place(KeyRole::Encryption).unwrap();
    let planted = planted(&bench);
    let mut heard = Heard::default();
    let password = place(DocumentRole::DaPassword, field::PASSWORD);
    for text in [format!("{WORD}\u{1}"), WORD[..3].to_owned(), format!("{WORD}{WORD}"), format!("{WORD}ä")] {
        heard.error(draft.set(&password, &text));
        heard.draft(&draft);
    }
    heard.error(draft.set(&place(DocumentRole::DaCertificate, field::PASSWORD), WORD));
    let protected = key_files::protect(&Disk::real(), &path, &passphrase(PHRASE)).unwrap();
    heard.shown(&protected);
    heard.shown(&key_files::versions(&path).unwrap());
    heard.error(draft.unlock(KeyRole::Encryption, &protected.private, &passphrase(&PHRASE.to_uppercase())));
    heard.error(draft.unlock(KeyRole::Encryption, &protected.public, &passphrase(PHRASE)));
    draft.use_key(KeyRole::Encryption, &protected.private).unwrap();
    heard.draft(&draft);
    draft.unlock(KeyRole::Encryption, &protected.private, &passphrase(PHRASE)).unwrap();
    heard.draft(&draft);
    let (disk, text) = (Disk::real(), fs::read(&path).unwrap());
    let (right, wrong) = (passphrase(PHRASE), passphrase("wrong"));
    let failing = || Disk::failing_at(1, Fault::DiskFull);
    let clear = KeyProtection::Clear;
    let private = PrivateKey::from_pem(&text).unwrap();
    let errors = [
        key_files::protect(&disk, &protected.private, &right).map(drop),
        key_files::import(&disk, &path, &text[..text.len() / 2], None, clear).map(drop),
        key_files::import(&disk, &path, &fs::read(&protected.private).unwrap(), Some(&wrong), clear).map(drop),
        key_files::import(&disk, &path, WORD.as_bytes(), None, clear).map(drop),
        key_files::export_clear(&disk, &private, &bench.path(CONFIG)),
        key_files::export_public(&disk, &private.public(), &bench.path(PASSWORD)),
        key_files::generate(&failing(), &path, KeyProtection::Passphrase(&right)).map(drop),
        key_files::import(&failing(), &path, &text, None, clear).map(drop),
        key_files::generate(&disk, Path::new("/"), clear).map(drop),
    ];
    for error in errors {
        let error = error.unwrap_err();
        heard.said(&error, error.help());
    }
    heard.must_not_hold(&planted, "after refusals");
}

/// Whether a file is there to hold secrets, or is another version of such a file.
fn is_for_secrets(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let password_file = Path::new(PASSWORD_FILE).file_stem().unwrap().to_str().unwrap();
    let private_key = name.ends_with(".pem") && !name.contains("_pub");
    let object = name.ends_with("_Config.obk") || name.starts_with("DA_Config");
    let password_binary = name.starts_with("password") || name.contains("-password.bin");
    private_key || object || password_binary || (name.contains(password_file) && name.ends_with(".xml"))
}

#[test]
fn no_file_but_its_own_holds_a_secret_whenever_saving_is_cut_off() {
    let (whole, _) = with_secrets(Flow::Stirot, "password");
    whole.open().unwrap().outputs().unwrap();
    let planted = planted(&whole);
    let others = |bench: &Bench, when: &str| {
        for (path, bytes) in content(bench.root()) {
            for secret in planted.iter().filter(|_| !is_for_secrets(&path)) {
                assert!(!secret.is_in(&bytes), "{when}: {} is in {}", secret.name, path.display());
            }
        }
    };
    others(&whole, "before");
    let mut turns = 0;
    for turn in (1..).step_by(3) {
        let bench = whole.again();
        let mut draft = bench.draft();
        draft.set(&place(DocumentRole::DaPassword, field::PASSWORD), "another-one").unwrap();
        draft.set(&place(DocumentRole::DaPassword, field::PASSWORD), WORD).unwrap();
        draft.set(&place(DocumentRole::DaPassword, field::OUTPUT), "./../Binary/other.obk").unwrap();
        draft.set(&place(DocumentRole::Settings, "name"), "Pump 7").unwrap();
        draft.keep_unsaved().unwrap();
        let disk = Disk::failing_at(turn, Fault::KilledWriting);
        let mut heard = Heard::default();
        heard.error(draft.save(&disk));
        heard.must_not_hold(&planted, "saving");
        others(&bench, "cut off");
        let again: Vec<PathBuf> = bench.draft().recovered().completed.clone();
        assert!(again.len() <= 2);
        others(&bench, "recovered");
        if disk.operations() < turn {
            break;
        }
        turns += 1;
    }
    assert!(turns > 5, "{turns}");
}

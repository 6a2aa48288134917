//! The credential of a project: found in ST's own folder and in new ones, held against the object, and refused with the
//! file, the reason and what to do when it wouldn't open a board.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use chip::option_bytes::DebugAuthentication;
use common::{Bench, CERTIFICATE, PASSWORD, vectors};
use formats::certificate::CertificateChain;
use formats::{DebugCredential, Fingerprint, Passphrase, Permission, Permissions, PrivateKey, Secret};
use project::credentials::{CHAIN_FILE, LEAF_KEY_FILE};
use project::key_files::protect;
use project::{Credential, Disk, Flow, KeyRole, ProjectError, field};

fn refused(bench: &Bench) -> ProjectError {
    let Err(error) = bench.open().unwrap().debug_credential() else { panic!("a credential was given") };
    assert!(!error.help().is_empty(), "{error}");
    error
}

/// What a board that is given the project's object permits.
fn permitted(bench: &Bench) -> (DebugAuthentication, Permissions) {
    let project = bench.open().unwrap();
    let credential = project.debug_credential().unwrap();
    (credential.method(), credential.against(&project.debug_object().unwrap()).unwrap())
}

fn published_leaf() -> Fingerprint {
    let leaf = fs::read(vectors().join("da/Keys/key_3_leaf.pem")).unwrap();
    PrivateKey::from_pem(&leaf).unwrap().public().fingerprint()
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Secret::new(text.into())).unwrap()
}

#[test]
fn sts_own_folder_gives_a_credential_that_works_by_certificate_and_by_password() {
    let bench = Bench::debug_authentication();
    let (method, permissions) = permitted(&bench);
    assert_eq!(method, DebugAuthentication::Certificate);
    assert!(permissions.covers(Permissions::DEBUG.with(Permission::FULL_REGRESSION.mask())), "{permissions}");
    assert!(!permissions.contains(Permission::PARTIAL_REGRESSION), "the object withholds it");
    let credential = bench.open().unwrap().debug_credential().unwrap();
    assert_eq!(credential.leaf(), Some(published_leaf()));
    let object = bench.open().unwrap().debug_object().unwrap();
    assert_eq!(object.encode().as_slice(), fs::read(vectors().join("da/Binary/DA_Config.obk")).unwrap());

    bench.say("flow = \"da\"\ndebug_authentication = \"password\"");
    assert_eq!(permitted(&bench), (DebugAuthentication::Password, Permissions::OF_PASSWORD));
    let Ok(DebugCredential::Password(password)) = bench.open().unwrap().debug_credential() else { panic!() };
    assert_eq!(password.to_file().as_slice(), fs::read(vectors().join("da/Binary/password.bin")).unwrap());
}

#[test]
fn a_new_project_of_any_flow_and_the_sample_answer_for_their_boards() {
    for flow in Flow::ALL {
        let bench = Bench::own(flow);
        assert!(permitted(&bench).1.covers(Permissions::DEBUG), "{flow}");
        bench.replace(
            "stirot-studio.toml",
            "debug_authentication = \"certificate\"",
            "debug_authentication = \"password\"",
        );
        assert_eq!(bench.open().unwrap().settings().debug_authentication, Credential::Password);
        assert_eq!(permitted(&bench), (DebugAuthentication::Password, Permissions::OF_PASSWORD), "{flow}");
    }
    let sample = Bench::sample();
    assert!(permitted(&sample).1.contains(Permission::FULL_REGRESSION));
}

#[test]
fn a_missing_or_damaged_chain_is_named() {
    let bench = Bench::published();
    fs::remove_file(bench.path(CHAIN_FILE)).unwrap();
    assert!(matches!(refused(&bench), ProjectError::ChainMissing { path } if path == bench.path(CHAIN_FILE)));
    for (text, said) in [("", "nothing in it"), ("AAAA", "certificate 1"), ("no base64", "character 2")] {
        fs::write(bench.path(CHAIN_FILE), text).unwrap();
        let error = refused(&bench).to_string();
        assert!(error.contains(CHAIN_FILE.rsplit('/').next().unwrap()) && error.contains(said), "{error}");
    }
}

#[test]
fn a_chain_that_a_board_would_refuse_is_refused_with_the_certificate() {
    let changed = |change: &dyn Fn(&mut CertificateChain)| {
        let bench = Bench::published();
        let mut chain = CertificateChain::decode(&fs::read(bench.path(CHAIN_FILE)).unwrap()).unwrap();
        change(&mut chain);
        fs::write(bench.path(CHAIN_FILE), chain.to_base64()).unwrap();
        let error = refused(&bench);
        assert!(matches!(error, ProjectError::Credential { .. }), "{error:?}");
        error.to_string()
    };
    assert!(changed(&|chain| chain.certificates[1].permissions.0 ^= 1).contains("certificate 2"));
    assert!(changed(&|chain| chain.certificates.swap(1, 2)).contains("certificate 2"));
    assert!(changed(&|chain| chain.certificates.truncate(2)).contains("certificate 2"));
    assert!(changed(&|chain| chain.certificates = chain.certificates.split_off(1)).contains("root"));
}

#[test]
fn a_foreign_root_another_leaf_key_and_a_mask_that_leaves_nothing_are_refused() {
    let bench = Bench::published();
    let other = PrivateKey::generate().unwrap();
    fs::write(bench.path("DA/Keys/own.pem"), other.to_pem().unwrap().as_bytes()).unwrap();
    bench.set(CERTIFICATE, field::ROOT_KEY, "./../Keys/own.pem");
    let error = refused(&bench).to_string();
    assert!(error.contains(&other.public().fingerprint().short()), "{error}");

    let bench = Bench::published();
    fs::write(bench.path(LEAF_KEY_FILE), other.to_pem().unwrap().as_bytes()).unwrap();
    let error = refused(&bench).to_string();
    assert!(error.contains(&other.public().fingerprint().short()), "{error}");
    fs::remove_file(bench.path(LEAF_KEY_FILE)).unwrap();
    assert!(matches!(refused(&bench), ProjectError::KeyMissing { role: KeyRole::DebugLeaf, .. }));

    let bench = Bench::published();
    bench.set(CERTIFICATE, "Permission", "0x8");
    assert!(refused(&bench).to_string().contains("nothing is permitted"));
}

#[test]
fn a_protected_leaf_key_is_locked_until_its_passphrase_is_given_and_an_older_version_can_be_the_right_one() {
    let bench = Bench::published();
    let path = bench.path(LEAF_KEY_FILE);
    let phrase = passphrase("long enough");
    let made = protect(&Disk::real(), &path, &phrase).unwrap();
    fs::remove_file(&path).unwrap();
    let error = refused(&bench);
    assert!(
        matches!(&error, ProjectError::Locked { role: KeyRole::DebugLeaf, path } if *path == made.private),
        "{error:?}"
    );
    let mut draft = bench.draft();
    draft.unlock(KeyRole::DebugLeaf, &made.private, &phrase).unwrap();
    assert_eq!(draft.project().unwrap().debug_credential().unwrap().leaf(), Some(published_leaf()));
}

#[test]
fn a_password_that_no_chip_takes_is_refused_and_not_told() {
    let bench = Bench::published();
    bench.say("debug_authentication = \"password\"");
    for wrong in ["abc", "seventeen-letters"] {
        bench.set(PASSWORD, field::PASSWORD, wrong);
        let error = match bench.open() {
            Ok(_) => refused(&bench),
            Err(error) => error,
        };
        assert!(!error.to_string().contains(wrong), "{error}");
    }
}

//! Whether a credential is the one that a board with an object takes, and why not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use chip::option_bytes::DebugAuthentication;
use common::chains::{issued, keys, own, published, published_keys, published_object};
use common::vector;
use formats::certificate::{CertificateChain, CertificateCheckName, Target};
use formats::da::{Password, certificate_object, password_object};
use formats::{CredentialProblem, DebugCredential, ObkFile, Permission, Permissions, PrivateKey, Secret};

fn with(chain: CertificateChain, key: &PrivateKey) -> DebugCredential {
    DebugCredential::Certificate { chain, key: key.clone() }
}

fn password(text: &str) -> DebugCredential {
    let Ok(password) = Password::new(Secret::new(text.to_owned())) else { panic!("4 to 16 characters") };
    DebugCredential::Password(password)
}

fn refused(credential: &DebugCredential, object: &ObkFile) -> CredentialProblem {
    let Err(problem) = credential.against(object) else { panic!("it was taken") };
    assert!(!problem.help().is_empty());
    problem
}

#[test]
fn the_published_credentials_open_the_published_objects() {
    let [root, _, leaf] = published_keys();
    let by_certificate = with(published("cert_leaf_chain"), &leaf);
    let permitted = by_certificate.against(&published_object("DA_Config")).unwrap();
    assert_eq!(permitted, Permissions(0x8000_0000_0000_0000_0000_0000_0000_4007));
    assert_eq!(by_certificate.leaf(), Some(leaf.public().fingerprint()));
    assert_eq!(by_certificate.root(), Some(root.public().fingerprint()));
    assert_eq!(by_certificate.method(), DebugAuthentication::Certificate);

    let Ok(file) = Password::from_file(&vector("da/Binary/password.bin")) else { panic!("it is ST's") };
    let by_password = DebugCredential::Password(file);
    let permitted = by_password.against(&published_object("DA_ConfigWithPassword")).unwrap();
    assert_eq!(permitted, Permission::FULL_REGRESSION.mask());
    assert_eq!((by_password.leaf(), by_password.root()), (None, None));
    assert_eq!(by_password.method(), DebugAuthentication::Password);
}

#[test]
fn a_locked_object_is_opened_by_nothing() {
    let [.., leaf] = published_keys();
    for credential in [with(published("cert_leaf_chain"), &leaf), password("0123456789012345")] {
        assert!(matches!(refused(&credential, &published_object("DA_ConfigLock")), CredentialProblem::Locks));
    }
}

#[test]
fn a_credential_of_the_other_kind_is_refused_by_name() {
    let [.., leaf] = published_keys();
    let problem = refused(&with(published("cert_leaf_chain"), &leaf), &published_object("DA_ConfigWithPassword"));
    assert_eq!(problem.to_string(), "the object asks for a password, the credential is a certificate chain");
    let problem = refused(&password("0123456789012345"), &published_object("DA_Config"));
    assert_eq!(problem.to_string(), "the object asks for a certificate chain, the credential is a password");
}

#[test]
fn another_password_is_refused_and_not_told() {
    let problem = refused(&password("0123456789012346"), &published_object("DA_ConfigWithPassword"));
    assert!(matches!(problem, CredentialProblem::OtherPassword));
    assert!(!problem.to_string().contains("0123"));
}

#[test]
fn a_chain_under_another_root_is_refused_by_its_first_certificate() {
    let [.., leaf] = keys();
    let problem = refused(&with(own(), &leaf), &published_object("DA_Config"));
    let CredentialProblem::Chain(problem) = problem else { panic!("{problem}") };
    assert_eq!((problem.certificate, problem.check), (1, CertificateCheckName::Trust));
}

#[test]
fn a_key_that_the_leaf_is_not_for_is_refused_with_both_fingerprints() {
    let [root, intermediate, leaf] = keys();
    let object = certificate_object(&root.public(), Permissions(0x4007));
    let CredentialProblem::OtherKey { certificate, key } = refused(&with(own(), &intermediate), &object) else {
        panic!("the key is the intermediate's")
    };
    assert_eq!((certificate, key), (leaf.public().fingerprint(), intermediate.public().fingerprint()));
}

#[test]
fn a_chain_that_ends_early_is_refused_and_a_root_alone_is_taken() {
    let [root, intermediate, _] = keys();
    let object = certificate_object(&root.public(), Permissions(0x4007));
    let mut chain = own();
    chain.certificates.truncate(2);
    let problem = refused(&with(chain.clone(), &intermediate), &object);
    assert!(matches!(problem, CredentialProblem::NoLeaf { number: 2, role: "intermediate" }), "{problem}");
    chain.certificates.truncate(1);
    assert_eq!(with(chain.clone(), &root).against(&object).unwrap(), Permissions(0x4007));
    chain.certificates.clear();
    assert!(matches!(refused(&with(chain, &root), &object), CredentialProblem::NoRoot));
}

#[test]
fn a_chain_without_its_root_or_in_another_order_is_refused() {
    let [root, _, leaf] = keys();
    let object = certificate_object(&root.public(), Permissions(0x4007));
    let mut chain = own();
    chain.certificates.remove(0);
    assert!(matches!(refused(&with(chain, &leaf), &object), CredentialProblem::NoRoot));
    let mut chain = own();
    chain.certificates.swap(1, 2);
    let CredentialProblem::Chain(problem) = refused(&with(chain, &leaf), &object) else { panic!("the order is wrong") };
    assert_eq!(problem.certificate, 2);
}

#[test]
fn a_chain_and_an_object_with_nothing_in_common_are_refused_with_who_takes_what() {
    let [root, _, leaf] = keys();
    let chain = issued(&keys(), |number, asked| {
        asked.permissions = if number == 3 { Permissions::DEBUG } else { Permissions(0x4007) };
    });
    let object = certificate_object(&root.public(), Permission::FULL_REGRESSION.mask());
    let problem = refused(&with(chain, &leaf), &object);
    let CredentialProblem::Nothing(told) = &problem else { panic!("{problem}") };
    assert!(told.contains("the board's object takes away intrusive debug at HDPL 1"), "{told}");
    assert!(told.contains("certificate 3 (leaf) takes away full regression"), "{told}");
}

#[test]
fn a_damaged_object_is_refused() {
    let [.., leaf] = published_keys();
    for (credential, name) in [
        (with(published("cert_leaf_chain"), &leaf), "DA_Config"),
        (password("0123456789012345"), "DA_ConfigWithPassword"),
    ] {
        let mut object = published_object(name);
        object.body[40] ^= 1;
        assert!(matches!(refused(&credential, &object), CredentialProblem::Object(_)), "{name}");
    }
    let stirot = ObkFile::decode(&vector("stirot/Binary/STiROT_Config.obk")).unwrap();
    let problem = refused(&password("0123456789012345"), &stirot);
    assert!(matches!(problem, CredentialProblem::Object(_)), "{problem}");
}

#[test]
fn a_board_that_withholds_a_full_regression_takes_no_password() {
    let target = Target { device: Some(Permissions::DEBUG), ..Target::UNKNOWN };
    assert!(matches!(password("0000").for_target(&target), Err(CredentialProblem::Nothing(_))));
}

#[test]
fn passwords_of_every_length_open_their_objects() {
    for length in 4..=16 {
        let text: String = "0123456789abcdef".chars().take(length).collect();
        let Ok(made) = Password::new(Secret::new(text)) else { panic!("{length} characters") };
        let object = password_object(&made);
        assert!(DebugCredential::Password(made).against(&object).is_ok(), "{length} characters");
    }
}

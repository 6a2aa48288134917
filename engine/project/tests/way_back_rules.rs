//! Rules P7 and P8, broken in every way: what is wrong with the way back is named with its file, and what is offered mends
//! it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::judging::{mend, named};
use common::{Bench, CERTIFICATE, place};
use formats::certificate::{Certificate, CertificateChain};
use formats::{Passphrase, Permission, Permissions, PrivateKey, Secret};
use project::certificates::{ChainRequest, Masks, Renewed, make};
use project::credentials::{CHAIN_FILE, LEAF_KEY_FILE};
use project::{Disk, DocumentRole, Finding, Flow, KeyRole, ProjectError, Remedy, Severity, Standing, TargetState};

/// A new project, its application built.
fn bench() -> Bench {
    Bench::own(Flow::Stirot)
}

/// A project whose certificates permit `masks`.
fn certified(masks: Masks) -> Bench {
    let bench = bench();
    make(&bench.open().unwrap(), &ChainRequest { masks, ..ChainRequest::default() }, &Disk::real()).unwrap();
    bench
}

/// The one finding, and its remedy carried out: nothing is wrong then.
fn mended(bench: &Bench, id: &str, file: &str, severity: Severity) -> Finding {
    let finding = named(bench, &bench.draft(), None, id, (file, None));
    assert_eq!(finding.severity, severity, "{finding}");
    let Some(Remedy::NewChain(renewed)) = finding.remedy else { panic!("nothing is offered for {finding:?}") };
    make(&bench.open().unwrap(), &ChainRequest { renewed, ..ChainRequest::default() }, &Disk::real()).unwrap();
    assert_eq!(bench.draft().assess(None).findings, [], "what {finding} offered");
    bench.open().unwrap().debug_credential().unwrap();
    finding
}

fn mask(permissions: &[Permission]) -> Permissions {
    permissions.iter().fold(Permissions::NONE, |mask, permission| mask.with(permission.mask()))
}

#[test]
fn p7_a_chain_that_is_not_there_holds_nothing_up_and_one_that_does_not_fit_does() {
    let without = bench();
    fs::remove_file(without.path(CHAIN_FILE)).unwrap();
    without.open().unwrap().outputs().unwrap();
    mended(&without, "P7", CHAIN_FILE, Severity::Warning);

    for other in [None, Some("no base64 at all")] {
        let broken = bench();
        match other {
            Some(text) => fs::write(broken.path(CHAIN_FILE), text).unwrap(),
            // The chain of another project: another root.
            None => drop(fs::copy(bench().path(CHAIN_FILE), broken.path(CHAIN_FILE)).unwrap()),
        }
        let error = broken.open().unwrap().outputs().unwrap_err();
        assert!(matches!(error, ProjectError::Rules { .. }), "nothing is provisioned with it: {error:?}");
        broken.open().unwrap().image_for(TargetState::Closed).unwrap().unwrap();
        mended(&broken, "P7", CHAIN_FILE, Severity::Error);
    }
}

#[test]
fn p7_a_leaf_key_that_is_missing_or_another_is_named() {
    let missing = bench();
    fs::remove_file(missing.path(LEAF_KEY_FILE)).unwrap();
    let finding = mended(&missing, "P7", LEAF_KEY_FILE, Severity::Warning);
    assert_eq!(finding.remedy, Some(Remedy::NewChain(Renewed::Leaf)));

    let other = bench();
    for half in ["", "_pub"] {
        let name = format!("DA/Keys/key_2_intermediate{half}.pem");
        fs::copy(other.path(&name), other.path(&format!("DA/Keys/key_3_leaf{half}.pem"))).unwrap();
    }
    let finding = mended(&other, "P7", CHAIN_FILE, Severity::Error);
    assert!(finding.text.contains("key_3_leaf.pem"), "{finding}");
}

#[test]
fn p7_a_certificate_for_one_life_cycle_is_no_way_back() {
    let bench = bench();
    let mut chain = CertificateChain::decode(&fs::read(bench.path(CHAIN_FILE)).unwrap()).unwrap();
    let issuer = PrivateKey::from_pem(&fs::read(bench.path("DA/Keys/key_2_intermediate.pem")).unwrap()).unwrap();
    let leaf = chain.certificates.pop().unwrap();
    chain.certificates.push(Certificate { lifecycle: 0x17, ..leaf }.signed_by(&issuer).unwrap());
    fs::write(bench.path(CHAIN_FILE), chain.to_base64()).unwrap();
    let finding = mended(&bench, "P7", CHAIN_FILE, Severity::Error);
    assert!(finding.text.contains("certificate 3 is for one life cycle only"), "{finding}");
}

#[test]
fn p7_without_the_roots_private_half_a_person_is_told_and_no_remedy_offered() {
    let bench = bench();
    fs::copy(bench.path("DA/Keys/key_1_root_pub.pem"), bench.path("DA/Keys/key_1_root.pem")).unwrap();
    fs::remove_file(bench.path(CHAIN_FILE)).unwrap();
    let finding = named(&bench, &bench.draft(), None, "P7", (CHAIN_FILE, None));
    assert_eq!(finding.remedy, None);
}

#[test]
fn p8_certificates_that_permit_no_regression_no_debug_or_less_than_the_object_are_named() {
    let debug = mask(&[Permission::DEBUG_HDPL1, Permission::DEBUG_HDPL2, Permission::DEBUG_HDPL3]);
    let regression = mask(&[Permission::FULL_REGRESSION]);
    let no_way_back = certified(Masks { leaf: debug, ..Masks::default() });
    assert!(no_way_back.open().unwrap().outputs().is_err());
    let finding = mended(&no_way_back, "P8", CHAIN_FILE, Severity::Error);
    assert!(finding.text.contains("no full regression"), "{finding}");

    let finding =
        mended(&certified(Masks { intermediate: regression, ..Masks::default() }), "P8", CHAIN_FILE, Severity::Warning);
    assert!(finding.text.contains("no debug opening"), "{finding}");

    let narrow = regression.with(Permission::DEBUG_HDPL2.mask());
    let finding = mended(&certified(Masks { leaf: narrow, ..Masks::default() }), "P8", CHAIN_FILE, Severity::Warning);
    assert!(finding.text.contains("HDPL 1") && !finding.text.contains("HDPL 2"), "{finding}");
}

#[test]
fn p8_an_object_that_permits_too_little_is_mended_by_an_edit_of_its_mask() {
    for (mask, severity) in [("0x7", Severity::Error), ("0x4000", Severity::Warning)] {
        let bench = bench();
        let mut draft = bench.draft();
        draft.set(&place(DocumentRole::DaCertificate, "Permission"), mask).unwrap();
        let finding = named(&bench, &draft, None, "P8", (CERTIFICATE, Some("Permission")));
        assert_eq!(finding.severity, severity, "{finding}");
        mend(&mut draft, &finding);
    }
}

#[test]
fn locked_and_a_password_have_no_chain_to_judge() {
    let bench = bench();
    fs::remove_dir_all(bench.path("DA/Certificates")).unwrap();
    assert_eq!(bench.open().unwrap().check_for(TargetState::Locked), []);
    bench.replace(
        "stirot-studio.toml",
        "debug_authentication = \"certificate\"",
        "debug_authentication = \"password\"",
    );
    let assessment = bench.draft().assess(None);
    assert_eq!(assessment.findings, []);
    let standing = |id| assessment.rules.iter().find(|(rule, _)| rule.id == id).unwrap().1;
    assert_eq!([standing("P7"), standing("P8")], [Standing::Holds; 2]);
}

#[test]
fn r22_a_leaf_that_everybody_has_is_named_under_a_root_of_ones_own() {
    let bench = bench();
    let sample = Bench::sample();
    for half in ["", "_pub"] {
        let name = format!("DA/Keys/key_3_leaf{half}.pem");
        fs::copy(sample.path(&name), bench.path(&name)).unwrap();
    }
    make(&bench.open().unwrap(), &ChainRequest::default(), &Disk::real()).unwrap();
    let finding = named(&bench, &bench.draft(), None, "R22", (CERTIFICATE, Some(project::field::ROOT_KEY)));
    assert!(finding.text.contains("debug leaf"), "{finding}");
    let project = bench.open().unwrap();
    let roles: Vec<_> = project.sample_keys().into_iter().map(|key| key.role).collect();
    assert_eq!(roles, [KeyRole::DebugLeaf]);
    let Some(Remedy::NewChain(renewed)) = finding.remedy else { panic!("{finding:?}") };
    make(&project, &ChainRequest { renewed, ..ChainRequest::default() }, &Disk::real()).unwrap();
    assert_eq!(bench.draft().assess(None).findings, []);
}

#[test]
fn p6_a_protected_leaf_key_that_lies_beside_itself_in_the_clear_is_named() {
    let bench = bench();
    let clear = bench.path("DA/Keys/key_3_leaf_clear.pem");
    fs::copy(bench.path(LEAF_KEY_FILE), &clear).unwrap();
    let key = PrivateKey::from_pem(&fs::read(&clear).unwrap()).unwrap();
    let phrase = Passphrase::new(Secret::new("long enough".into())).unwrap();
    fs::write(bench.path(LEAF_KEY_FILE), key.to_protected_pem(&phrase).unwrap().as_bytes()).unwrap();
    named(&bench, &bench.draft(), None, "P6", ("DA/Keys/key_3_leaf_clear.pem", None));
    fs::remove_file(clear).unwrap();
    assert_eq!(bench.draft().assess(None).findings, []);
}

//! Chains made here: the layout of ST's published ones, byte for byte; narrowing, joining, order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::chains::{PERMISSIONS, issued, keys, own, published, published_keys, request};
use common::images::fixed;
use common::vector;
use formats::certificate::{
    Certificate, CertificateChain, CertificateCheckName, CertificateRequest, OrderProblem, Role,
};
use formats::{FormatError, Outcome, Permission, Permissions};
use proptest::prelude::*;

const FILES: [(&str, &[usize]); 5] = [
    ("cert_root", &[0]),
    ("cert_intermediate", &[1]),
    ("cert_leaf", &[2]),
    ("cert_intermediate_chain", &[0, 1]),
    ("cert_leaf_chain", &[0, 1, 2]),
];
/// Where key and signature lie in a certificate of 220 bytes, the head of eight counted (`silicon.md` §4.5).
const KEY: std::ops::Range<usize> = 8 + 0x34..8 + 0x74;
const SIGNATURE: std::ops::Range<usize> = 8 + 0x94..220;

fn picked(chain: &CertificateChain, places: &[usize]) -> CertificateChain {
    CertificateChain { certificates: places.iter().map(|place| chain.certificates[*place].clone()).collect() }
}

#[test]
fn certificates_made_here_have_the_published_layout_apart_from_keys_and_signatures() {
    for (name, places) in FILES {
        let made = picked(&own(), places).to_base64();
        let theirs = vector(&format!("da/Certificates/{name}.b64"));
        assert_eq!(made.len(), theirs.len(), "{name}");
        assert!(!made.contains(['\r', '\n']));
        let (made, theirs) = (STANDARD.decode(made).unwrap(), STANDARD.decode(theirs).unwrap());
        for (place, (ours, published)) in made.iter().zip(&theirs).enumerate() {
            let within = place % Certificate::SIZE;
            assert!(
                ours == published || KEY.contains(&within) || SIGNATURE.contains(&within),
                "{name}: byte {place:#x}"
            );
        }
    }
}

#[test]
fn with_the_published_keys_only_the_signatures_differ_and_they_verify() {
    let made = issued(&published_keys(), |_, _| {});
    let theirs = published("cert_leaf_chain");
    let report = made.verify();
    assert!(report.all_hold(), "{report:#?}");
    assert_eq!((report.root, report.leaf), (theirs.verify().root, theirs.verify().leaf));
    for (ours, published) in made.certificates.iter().zip(&theirs.certificates) {
        assert_eq!(ours.signed_bytes(), published.signed_bytes());
        assert_eq!(ours.body()[..], ours.encode()[8..]);
    }
    // A leaf of ours may stand behind ST's intermediate: the same key issued both.
    let mixed = picked(&theirs, &[0, 1]).append(made.certificates[2].clone());
    assert!(mixed.verify().all_hold());
}

#[test]
fn chains_made_here_verify_and_the_same_request_gives_the_same_bytes() {
    let report = own().verify();
    assert!(report.all_hold(), "{report:#?}");
    let [root, _, leaf] = keys();
    assert_eq!(report.root, Some(root.public().fingerprint()));
    assert_eq!(report.answering, Some(leaf.public().fingerprint()));
    assert_eq!(report.permissions, PERMISSIONS);
    assert_eq!(own(), own());
}

#[test]
fn what_is_asked_for_stands_in_the_certificate() {
    let [root, ..] = keys();
    let asked = CertificateRequest {
        soc_class: 0x0102_0304,
        soc_id: [9; 16],
        lifecycle: 0x72,
        oem_constraint: 0x1234,
        usage: 3,
        permissions: Permission::FULL_REGRESSION.mask(),
        ..request(Role::Root, &root)
    };
    let made = Certificate::issue(&asked, &root).unwrap();
    let bytes = made.body();
    assert_eq!(bytes[4..6], [1, 3]);
    assert_eq!(bytes[8..12], [0x72, 0, 0x34, 0x12]);
    assert_eq!(bytes[0x10..0x14], [4, 3, 2, 1]);
    assert_eq!(bytes[0x14..0x24], [9; 16]);
    assert_eq!(bytes[0x24..0x34], [0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[0x34..0x74], root.public().point());
}

#[test]
fn a_root_under_another_key_and_an_unknown_role_are_refused() {
    let [root, other, _] = keys();
    let error = Certificate::issue(&request(Role::Root, &root), &other).unwrap_err();
    assert!(matches!(error, FormatError::CertificateRequest { field: "issuer", .. }), "{error}");
    assert!(error.to_string().contains("a root signs itself"), "{error}");
    let error = Certificate::issue(&request(Role::Other(9), &other), &root).unwrap_err();
    assert!(matches!(error, FormatError::CertificateRequest { field: "role", .. }), "{error}");
}

#[test]
fn a_certificate_that_asks_for_more_than_its_issuer_permits_is_told_with_the_narrowed_mask() {
    let narrow = Permission::FULL_REGRESSION.mask().with(Permission::DEBUG_HDPL3.mask());
    let chain = issued(&keys(), |number, asked| {
        if number == 2 {
            asked.permissions = narrow;
        }
    });
    let report = chain.verify();
    assert!(report.nothing_fails() && !report.all_hold());
    let notices: Vec<_> = report.notices().collect();
    assert_eq!(notices.len(), 1);
    assert_eq!((notices[0].certificate, notices[0].check), (3, CertificateCheckName::Permissions));
    assert!(notices[0].text.contains(&narrow.hex()) && notices[0].text.contains("HDPL 1"), "{}", notices[0]);
    assert_eq!(report.permissions, narrow);

    let [_, intermediate, leaf] = keys();
    let issuers = picked(&chain, &[0, 1]);
    let asked = request(Role::Leaf, &leaf);
    assert_eq!(asked.withheld_by(&issuers), PERMISSIONS.without(narrow));
    let narrowed = Certificate::issue(&asked.narrowed_to(&issuers), &intermediate).unwrap();
    assert_eq!(narrowed.permissions, narrow);
    assert!(issuers.append(narrowed).verify().all_hold());
}

#[test]
fn bits_of_unknown_meaning_are_told_by_number() {
    let chain = issued(&keys(), |number, asked| {
        if number == 1 {
            asked.permissions = PERMISSIONS.with(Permissions(1 << 77));
        }
    });
    let notices: Vec<_> = chain.verify().notices().map(|notice| notice.to_string()).collect();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].starts_with("certificate 1, permissions: bit 77 (not known)"), "{}", notices[0]);
    assert!(notices[0].contains(&PERMISSIONS.hex()), "{}", notices[0]);
}

#[test]
fn certificates_in_any_order_are_put_behind_their_issuers() {
    for whole in [published("cert_leaf_chain"), own()] {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mixed = picked(&whole, &order);
            assert_eq!(mixed.in_order(), Ok(whole.clone()), "{order:?}");
            assert_eq!(mixed.verify().all_hold(), order == [0, 1, 2]);
        }
    }
}

#[test]
fn what_belongs_to_no_chain_is_named() {
    let (ours, theirs) = (own(), published("cert_leaf_chain"));
    assert_eq!(picked(&ours, &[2, 1]).in_order(), Err(OrderProblem::NoRoot));
    let two = CertificateChain::join([ours.clone(), theirs.clone()]);
    assert_eq!(two.in_order(), Err(OrderProblem::TwoRoots(1, 4)));
    let stranger = ours.append(theirs.certificates[2].clone());
    assert_eq!(stranger.in_order(), Err(OrderProblem::Stranger(4)));
    assert_eq!(picked(&theirs, &[2, 0]).in_order(), Err(OrderProblem::Stranger(1)));
}

#[test]
fn single_certificates_joined_are_the_published_chains() {
    let joined = CertificateChain::join(["cert_root", "cert_intermediate", "cert_leaf"].map(published));
    assert_eq!(joined.to_base64().as_bytes(), vector("da/Certificates/cert_leaf_chain.b64"));
}

#[test]
fn texts_put_behind_one_another_and_files_of_another_kind_are_told() {
    let text = |name: &str| vector(&format!("da/Certificates/{name}.b64"));
    let glued = [text("cert_root"), text("cert_intermediate")].concat();
    let error = CertificateChain::decode(&glued).unwrap_err();
    assert!(
        matches!(error, FormatError::Base64 { .. }) && error.to_string().contains("join the certificates"),
        "{error}"
    );
    let error = CertificateChain::decode(&vector("da/Keys/key_3_leaf.pem")).unwrap_err().to_string();
    assert!(error.contains("PEM"), "{error}");
    let error = CertificateChain::decode(b" \n").unwrap_err().to_string();
    assert!(error.contains("nothing in it"), "{error}");
}

#[test]
fn a_root_alone_answers_for_itself_and_an_intermediate_last_does_not() {
    let chain = own();
    assert_eq!(picked(&chain, &[0]).verify().answering, Some(keys()[0].public().fingerprint()));
    assert_eq!(picked(&chain, &[0, 1]).verify().answering, None);
    assert_eq!(picked(&chain, &[1]).verify().answering, None);
}

#[test]
fn a_chain_longer_than_the_virtual_board_takes_fails() {
    let [root, intermediate, _] = keys();
    let mut chain = picked(&own(), &[0]);
    let mut issuer = root;
    for _ in 0..8 {
        chain = chain.append(Certificate::issue(&request(Role::Intermediate, &intermediate), &issuer).unwrap());
        issuer = intermediate.clone();
    }
    let problems: Vec<_> = chain.verify().problems().collect();
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].certificate, problems[0].check), (9, CertificateCheckName::Role));
}

#[test]
fn keys_that_anybody_can_have_are_found_in_a_chain() {
    assert_eq!(own().samples(), []);
    let published = published("cert_leaf_chain").samples();
    let names: Vec<_> = published.iter().map(|(number, _, name)| (*number, *name)).collect();
    assert_eq!(
        names,
        [
            (1, "ST's sample root key of debug authentication"),
            (2, "ST's sample intermediate key of debug authentication"),
            (3, "ST's sample leaf key of debug authentication"),
        ]
    );
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/sample/DA/Keys");
    let keys = ["key_1_root", "key_2_intermediate", "key_3_leaf"].map(|name| {
        let pem = std::fs::read(folder.join(format!("{name}.pem"))).unwrap();
        formats::PrivateKey::from_pem(&pem).unwrap_or_else(|error| panic!("{name}: {error}"))
    });
    let ours: Vec<_> = issued(&keys, |_, _| {}).samples().into_iter().map(|(number, ..)| number).collect();
    assert_eq!(ours, [1, 2, 3]);
    let chain = std::fs::read(folder.join("../Certificates/cert_leaf_chain.b64")).unwrap();
    let chain = CertificateChain::decode(&chain).unwrap();
    assert!(chain.verify().all_hold());
    assert_eq!(chain.samples().len(), 3);
}

proptest! {
    #[test]
    fn whatever_is_asked_for_is_read_back_and_verifies(
        (class, id, lifecycle, oem, mask) in any::<(u32, [u8; 16], u16, u16, u128)>(),
        usage in any::<u8>(),
        key in 1_u8..0xFF,
    ) {
        let (root, key) = (fixed(11), fixed(key));
        let asked = CertificateRequest {
            role: Role::Leaf, usage, soc_class: class, soc_id: id, lifecycle, oem_constraint: oem,
            permissions: Permissions(mask), key: key.public(),
        };
        let chain = picked(&own(), &[0]).append(Certificate::issue(&asked, &root).unwrap());
        let read = CertificateChain::decode(chain.to_base64().as_bytes()).unwrap();
        prop_assert_eq!(&read, &chain);
        let one = &read.certificates[1];
        prop_assert_eq!((one.soc_class, one.soc_id, one.lifecycle), (class, id, lifecycle));
        prop_assert_eq!((one.usage, one.oem_constraint, one.permissions), (usage, oem, Permissions(mask)));
        let report = read.verify();
        let holds = matches!(report.certificates[1].outcome(CertificateCheckName::Signature), Some(Outcome::Holds(_)));
        prop_assert!(holds);
    }
}

//! ST's published certificates and chains: read, written again, verified, and every kind of damage noticed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::vector;
use formats::certificate::{Certificate, CertificateChain, CertificateCheckName, KeyType, Role, SignatureType};
use formats::{FormatError, Outcome, Permissions, PublicKey};

const PERMISSIONS: Permissions = Permissions(0x8000_0000_0000_0000_0000_0000_0000_5007);
const ROOT: (Role, &str) = (Role::Root, "key_1_root");
const INTERMEDIATE: (Role, &str) = (Role::Intermediate, "key_2_intermediate");
const LEAF: (Role, &str) = (Role::Leaf, "key_3_leaf");
const FILES: [(&str, &[(Role, &str)]); 5] = [
    ("cert_root", &[ROOT]),
    ("cert_intermediate", &[INTERMEDIATE]),
    ("cert_leaf", &[LEAF]),
    ("cert_intermediate_chain", &[ROOT, INTERMEDIATE]),
    ("cert_leaf_chain", &[ROOT, INTERMEDIATE, LEAF]),
];

fn text(name: &str) -> Vec<u8> {
    vector(&format!("da/Certificates/{name}.b64"))
}

fn chain(name: &str) -> CertificateChain {
    CertificateChain::decode(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn key(name: &str) -> PublicKey {
    PublicKey::from_pem(&vector(&format!("da/Keys/{name}_pub.pem"))).unwrap()
}

#[test]
fn published_certificates_are_written_as_they_were_read() {
    for (name, expected) in FILES {
        let text = text(name);
        let chain = chain(name);
        assert_eq!(chain.to_base64().as_bytes(), text, "{name}");
        let bytes = STANDARD.decode(&text).unwrap();
        assert_eq!(chain.to_bytes(), bytes, "{name}");
        assert_eq!(CertificateChain::decode(&bytes).unwrap(), chain, "{name}");
        assert_eq!(bytes.len(), 220 * expected.len());
        assert_eq!(CertificateChain::decode(&[&text[..], b"\r\n"].concat()).unwrap(), chain, "{name}");
    }
}

#[test]
fn published_certificates_hold_what_is_known_of_them() {
    for (name, expected) in FILES {
        let chain = chain(name);
        assert_eq!(chain.certificates.len(), expected.len());
        for (certificate, (role, key_name)) in chain.certificates.iter().zip(expected) {
            assert_eq!(certificate.version, [1, 0]);
            assert_eq!(certificate.signature_type, SignatureType::EcdsaP256Sha256);
            assert_eq!(certificate.key_type, KeyType::EcdsaP256);
            assert_eq!((certificate.role, certificate.usage), (*role, 1));
            assert_eq!(certificate.permissions, PERMISSIONS);
            assert_eq!(certificate.public_key().unwrap(), key(key_name), "{name}");
        }
    }
}

#[test]
fn the_published_chains_hold_from_the_root_on() {
    for name in ["cert_root", "cert_intermediate_chain", "cert_leaf_chain"] {
        let report = chain(name).verify();
        assert!(report.all_hold(), "{name}: {report:#?}");
        assert_eq!(report.root, Some(key("key_1_root").fingerprint()));
        assert_eq!(report.permissions, PERMISSIONS);
    }
    assert_eq!(chain("cert_leaf_chain").verify().leaf, Some(key("key_3_leaf").fingerprint()));
    assert_eq!(chain("cert_intermediate_chain").verify().leaf, None);
}

#[test]
fn a_certificate_alone_misses_its_issuer() {
    for name in ["cert_intermediate", "cert_leaf"] {
        let report = chain(name).verify();
        assert!(report.nothing_fails() && !report.all_hold(), "{name}");
        let Some(Outcome::NotCheckable(why)) = report.certificates[0].outcome(CertificateCheckName::Signature) else {
            panic!("{name}: nobody signed it")
        };
        assert!(why.contains("issuer's certificate is missing"), "{why}");
        assert_eq!(report.root, None);
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_chain_is_noticed() {
    let bytes = chain("cert_leaf_chain").to_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = CertificateChain::from_bytes(&flipped) {
            assert!(!read.verify().nothing_fails(), "bit {} of byte {:#x}", bit % 8, bit / 8);
        }
    }
}

#[test]
fn a_changed_character_anywhere_in_a_chains_text_is_noticed() {
    let text = text("cert_leaf_chain");
    for place in 0..text.len() {
        let mut changed = text.clone();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        if let Ok(read) = CertificateChain::from_base64(&changed) {
            assert!(!read.verify().nothing_fails(), "character {place}");
        }
    }
}

#[test]
fn a_cut_chain_is_an_error_or_a_shorter_chain() {
    let text = text("cert_leaf_chain");
    for length in 0..text.len() {
        assert!(CertificateChain::decode(&text[..length]).is_err(), "text cut to {length}");
    }
    let bytes = STANDARD.decode(&text).unwrap();
    for length in 0..bytes.len() {
        match CertificateChain::from_bytes(&bytes[..length]) {
            Ok(read) => assert!(length > 0 && length == 220 * read.certificates.len(), "cut to {length}"),
            Err(FormatError::Certificate { number, .. }) => assert_eq!(number, length / 220 + 1),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn errors_name_the_certificate_the_field_and_the_character() {
    let mut bytes = chain("cert_leaf_chain").to_bytes();
    bytes[220 + 2] = 0;
    let error = CertificateChain::from_bytes(&bytes).unwrap_err().to_string();
    assert_eq!(error, "certificate 2: type of the entry at offset 0xde: is 0x200, expected 0x201, a certificate");
    let mut text = text("cert_root");
    text.insert(64, b'\n');
    let error = CertificateChain::decode(&text).unwrap_err();
    assert!(matches!(error, FormatError::Base64 { offset: 64, .. }), "{error}");
    assert!(error.to_string().contains("line break"));
}

#[test]
fn a_chain_in_another_order_or_with_another_root_fails_by_name() {
    let whole = chain("cert_leaf_chain").certificates;
    let outcome = |picked: &[usize], name| {
        let certificates: Vec<_> = picked.iter().map(|place| whole[*place].clone()).collect();
        let report = CertificateChain { certificates }.verify();
        report.certificates.last().unwrap().outcome(name).cloned().unwrap()
    };
    for (picked, name) in [
        (&[0, 2][..], CertificateCheckName::Signature),
        (&[0, 1, 2, 1], CertificateCheckName::Role),
        (&[0, 1, 2, 1], CertificateCheckName::Signature),
        (&[0, 0], CertificateCheckName::Role),
        (&[1, 2, 0], CertificateCheckName::Role),
    ] {
        assert!(matches!(outcome(picked, name), Outcome::Fails(_)), "{picked:?} {name:?}");
    }
}

#[test]
fn what_a_certificate_withholds_no_later_one_permits() {
    let mut chain = chain("cert_leaf_chain");
    chain.certificates[1].permissions = Permissions(0x4001);
    chain.certificates[2].permissions = Permissions(u128::MAX);
    assert_eq!(chain.verify().permissions, Permissions(0x4001));
    chain.certificates.clear();
    assert_eq!(chain.verify().permissions, Permissions::NONE);
}

#[test]
fn restrictions_and_unknown_types_are_told() {
    let report = |change: fn(&mut Certificate)| {
        let mut chain = chain("cert_root");
        change(&mut chain.certificates[0]);
        let read = CertificateChain::from_bytes(&chain.to_bytes()).unwrap();
        assert_eq!(read, chain);
        read.verify().certificates.remove(0)
    };
    let restricted = report(|certificate| certificate.soc_id[3] = 0x5A);
    let Some(Outcome::NotCheckable(said)) = restricted.outcome(CertificateCheckName::SocId) else { panic!() };
    assert!(said.contains("for 0000005a"), "{said}");
    let changes: [fn(&mut Certificate); 4] = [
        |certificate| certificate.signature_type = SignatureType::Other(2),
        |certificate| certificate.key_type = KeyType::Other(9),
        |certificate| certificate.version = [2, 0],
        |certificate| certificate.extensions_bytes = 4,
    ];
    for change in changes {
        assert!(matches!(report(change).outcome(CertificateCheckName::Format), Some(Outcome::Fails(_))));
    }
    let other = report(|certificate| certificate.usage = 0);
    assert!(matches!(other.outcome(CertificateCheckName::Usage), Some(Outcome::Fails(_))));
    let other = report(|certificate| certificate.role = Role::Other(7));
    assert!(matches!(other.outcome(CertificateCheckName::Role), Some(Outcome::Fails(_))));
    let off_curve = report(|certificate| certificate.point[0] ^= 1);
    assert!(matches!(off_curve.outcome(CertificateCheckName::Key), Some(Outcome::Fails(_))));
}

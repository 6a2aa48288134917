//! ST's published chain and keys, and chains of the tests' own.
#![allow(dead_code, unreachable_pub)]

use formats::certificate::{Certificate, CertificateChain, CertificateRequest, Role};
use formats::{ObkFile, Permissions, PrivateKey};

use super::images::{fixed, published_key};
use super::vector;

/// What ST's certificates ask for.
pub const PERMISSIONS: Permissions = Permissions(0x8000_0000_0000_0000_0000_0000_0000_5007);

pub fn published(name: &str) -> CertificateChain {
    let text = vector(&format!("da/Certificates/{name}.b64"));
    CertificateChain::decode(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// ST's private keys of root, intermediate and leaf.
pub fn published_keys() -> [PrivateKey; 3] {
    ["key_1_root", "key_2_intermediate", "key_3_leaf"].map(|name| published_key(&format!("da/Keys/{name}.pem")))
}

pub fn published_object(name: &str) -> ObkFile {
    ObkFile::decode(&vector(&format!("da/Binary/{name}.obk"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The keys of root, intermediate and leaf that the tests' own chains are made with.
pub fn keys() -> [PrivateKey; 3] {
    [fixed(11), fixed(12), fixed(13)]
}

pub fn request(role: Role, key: &PrivateKey) -> CertificateRequest {
    CertificateRequest::new(role, key.public(), PERMISSIONS)
}

/// Root, intermediate and leaf under three keys, each as `change` leaves its request; it is told the number.
pub fn issued(keys: &[PrivateKey; 3], change: impl Fn(usize, &mut CertificateRequest)) -> CertificateChain {
    let [root, intermediate, leaf] = keys;
    let wanted = [(Role::Root, root, root), (Role::Intermediate, intermediate, root), (Role::Leaf, leaf, intermediate)];
    let certificates = (1..).zip(wanted).map(|(number, (role, key, issuer))| {
        let mut asked = request(role, key);
        change(number, &mut asked);
        Certificate::issue(&asked, issuer).unwrap_or_else(|error| panic!("certificate {number}: {error}"))
    });
    CertificateChain { certificates: certificates.collect() }
}

pub fn own() -> CertificateChain {
    issued(&keys(), |_, _| {})
}

//! What a plan is made of, named so that a record can show it: by hash, and what holds a secret by version and public
//! fingerprint only.

use std::ops::Range;

use chip::option_bytes::DebugAuthentication;
use formats::ObkFile;
use formats::key_fields::{PRIVATE_SIZE, PUBLIC_SIZE};
use project::{ObkOutput, Project};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::FieldHash;
use crate::material::{Download, Material};
use crate::record::hex;

/// Bytes of STiROT_Config's body that hold the private decryption key (`formats.md` §1.5: payload 0x3F, 70 bytes,
/// behind the 32-byte hash).
const CONFIGURATION_SECRET: Range<usize> = 32 + 0x3F..32 + 0x3F + 70;
/// Bytes of OEMuROT_Config's body that hold the private decryption key: behind hash and public key.
const SECOND_SECRET: Range<usize> = 32 + PUBLIC_SIZE..32 + PUBLIC_SIZE + PRIVATE_SIZE;

/// How an input is told from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// SHA-256 of its bytes, hexadecimal.
    Sha256(String),
    /// It holds a secret: fingerprints of the public keys that belong to it.
    Fingerprints(Vec<String>),
    /// It holds a secret that has no public half.
    Withheld,
}

/// One thing that a plan is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// What it is.
    pub name: String,
    /// Its version, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What tells it from another.
    pub identity: Identity,
}

/// The inputs of a plan, and their public bytes into the plan's hash.
pub(super) fn collect(project: &Project, material: &Material<'_>, loader: &[u8], hash: &mut FieldHash) -> Vec<Input> {
    let sha256 = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(bytes).into() };
    let mut inputs = Vec::new();
    for (role, image) in material.images() {
        let digest = sha256(image.bytes());
        hash.field(image.name(role), &digest);
        if let Download::Project(image) = image {
            hash.field("image address", &image.address.to_le_bytes());
        }
        inputs.push(Input {
            name: image.name(role).into(),
            version: image.version().map(str::to_owned),
            identity: Identity::Sha256(hex(&digest)),
        });
    }
    let loader_digest = sha256(loader);
    hash.field("loader", &loader_digest);
    let object = |object: &ObkOutput, identity: Identity| Input { name: object.name.clone(), version: None, identity };
    let Material { debug_authentication: authentication, configuration, data, second, .. } = material;
    inputs.push(object(authentication, authentication_identity(&authentication.obk, hash)));
    let with_key = |obk, secret, hash: &mut FieldHash| configuration_identity(project, obk, secret, hash);
    inputs.push(object(configuration, with_key(&configuration.obk, CONFIGURATION_SECRET, hash)));
    inputs.push(object(data, whole(&data.obk, hash)));
    if let Some(second) = second {
        inputs.push(object(second.configuration, with_key(&second.configuration.obk, SECOND_SECRET, hash)));
        inputs.push(object(second.data, whole(&second.data.obk, hash)));
    }
    inputs.push(Input { name: "iLoader".into(), version: None, identity: Identity::Sha256(hex(&loader_digest)) });
    inputs
}

fn header(obk: &ObkFile, hash: &mut FieldHash) {
    hash.field("object destination", &obk.destination.0.to_le_bytes());
    hash.field("object size", &(obk.body.len() as u64).to_le_bytes());
    hash.field("object encryption", &obk.encryption.word().to_le_bytes());
}

/// An object that holds no secret.
fn whole(obk: &ObkFile, hash: &mut FieldHash) -> Identity {
    header(obk, hash);
    let digest: [u8; 32] = Sha256::digest(&obk.body).into();
    hash.field("object", &digest);
    Identity::Sha256(hex(&digest))
}

/// A password can be guessed from its hash, so that nothing derived from it may leave.
fn authentication_identity(obk: &ObkFile, hash: &mut FieldHash) -> Identity {
    match obk.destination.method() {
        Some(DebugAuthentication::Certificate | DebugAuthentication::Locked) => whole(obk, hash),
        _ => {
            header(obk, hash);
            Identity::Withheld
        }
    }
}

fn configuration_identity(project: &Project, obk: &ObkFile, secret: Range<usize>, hash: &mut FieldHash) -> Identity {
    header(obk, hash);
    let public = obk
        .body
        .iter()
        .enumerate()
        .skip(32)
        .filter(|(offset, _)| !secret.contains(offset))
        .map(|(_, byte)| *byte)
        .collect::<Vec<_>>();
    hash.field("configuration", &public);
    let fingerprints = project.key_fingerprints();
    for fingerprint in &fingerprints {
        hash.field("key", fingerprint.as_bytes());
    }
    Identity::Fingerprints(fingerprints)
}

//! A plan as commands of STM32CubeProgrammer, for those who provision by ST's tool: a shell script in ST's order, with
//! the defects of ST's own scripts mended (`formats.md` §4, §8).
//!
//! What the studio proves and the tool can't, the script doesn't claim: there it stops and asks. It is text; nothing is
//! run and no board is touched here.

mod bash;
mod commands;

use std::path::PathBuf;

use chip::option_bytes::DebugAuthentication;
use project::{Kept, ObkOutput, Outputs};

use crate::capability::ObjectRole;
use crate::error::ProvisionError;
use crate::material::Material;
use crate::plan::{FinalState, Plan};

/// Bytes of an object's head: destination, size, encryption flag (`formats.md` §1.1).
const HEAD: usize = 12;

/// Files that the commands name and that are no outputs of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CubeFiles {
    /// The iLoader, plain bytes: exactly those of [`Plan::loader`].
    pub loader: PathBuf,
    /// What answers for the board; needed for CLOSED.
    pub credential: Option<CredentialFiles>,
}

/// Files of a credential, as STM32CubeProgrammer takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialFiles {
    /// A chain of certificates and the key of its leaf.
    Certificate {
        /// The leaf's private key, PEM without a passphrase.
        leaf_key: PathBuf,
        /// The chain, base64.
        chain: PathBuf,
    },
    /// A password file.
    Password {
        /// The file.
        file: PathBuf,
    },
}

/// The script, for bash, that does a plan by STM32CubeProgrammer.
///
/// It takes `CLI` (the tool), `UART` (the port of the board's console), `EXTERNAL_LOADER` (the tool's loader for the NOR)
/// from the environment. With the argument `way-back` it tries a regression and back, and nothing else.
///
/// # Errors
/// [`ProvisionError::Export`]: outputs that are not the plan's, an object that lies on no disk, CLOSED without a
/// credential, a path that is no text.
pub fn cube_programmer(plan: &Plan, outputs: &Outputs, files: &CubeFiles) -> Result<String, ProvisionError> {
    let material = Material::of(outputs);
    if !plan.is_made_of(&material) {
        return Err(refused("the outputs are not the ones that the plan was made of"));
    }
    let roles = [ObjectRole::DebugAuthentication].iter().chain(plan.stages.objects());
    for object in roles.filter_map(|role| material.object(*role)) {
        if object.kept == Kept::InMemory {
            return Err(refused(format!(
                "{} lies on no disk: it holds a private key that is protected by a passphrase, and the tool needs a file",
                object.name
            )));
        }
    }
    let method = outputs.debug_authentication.obk.destination.method();
    match (plan.final_state, &files.credential, method) {
        (FinalState::Locked, ..)
        | (FinalState::Closed, Some(CredentialFiles::Certificate { .. }), Some(DebugAuthentication::Certificate))
        | (FinalState::Closed, Some(CredentialFiles::Password { .. }), Some(DebugAuthentication::Password)) => {}
        (FinalState::Closed, None, _) => {
            return Err(refused("CLOSED needs the files of a credential: without them nobody could try the way back"));
        }
        (FinalState::Closed, Some(_), _) => {
            return Err(refused("the credential is of another kind than the debug-authentication object"));
        }
    }
    bash::script(&commands::Script::of(plan, &material, files)?)
}

/// Whether bytes are an earlier script of [`cube_programmer`].
pub fn is_cube_script(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    head.starts_with(bash::FIRST_LINE) && head.lines().any(|line| line.starts_with(bash::MADE_BY))
}

fn refused(reason: impl Into<String>) -> ProvisionError {
    ProvisionError::Export { reason: reason.into() }
}

/// What the script does before it uses a file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum FileCheck {
    /// Looks whether it is there: all of it is secret, and nothing of it is to stand in a script.
    There(PathBuf),
    /// Compares SHA-256 of the whole file: it holds no secret.
    Whole {
        /// The file.
        path: PathBuf,
        /// The digest, hexadecimal.
        sha256: String,
    },
    /// Looks at the head and the object's own hash: a digest of the whole would help to guess what it hides.
    Object {
        /// The file.
        path: PathBuf,
        /// Destination, size and encryption flag, hexadecimal.
        head: String,
        /// Bytes of the file.
        size: usize,
        /// SHA-256 of the public bytes behind the hash, with their spans in the file; none when all is secret.
        public: Option<PublicPart>,
    },
}

/// The bytes of a configuration object that are no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PublicPart {
    /// Their digest, hexadecimal.
    sha256: String,
    /// Where they lie in the file.
    spans: Vec<std::ops::Range<usize>>,
}

impl FileCheck {
    fn whole(path: &std::path::Path, bytes: &[u8]) -> Self {
        Self::Whole { path: path.to_owned(), sha256: sha256(bytes) }
    }

    /// Of the file as it lies there: an image as the tool takes it, in Intel hex or plain bytes; a chain of certificates.
    fn on_disk(path: &std::path::Path) -> Result<Self, ProvisionError> {
        let bytes = std::fs::read(path);
        let bytes =
            bytes.map_err(|source| ProvisionError::File { action: "reading", path: path.to_owned(), source })?;
        Ok(Self::whole(path, &bytes))
    }

    /// Of what answers for the board: closed without it, the board would be lost.
    fn credential(files: &CredentialFiles) -> Result<Vec<Self>, ProvisionError> {
        Ok(match files {
            CredentialFiles::Certificate { leaf_key, chain } => {
                vec![Self::There(leaf_key.clone()), Self::on_disk(chain)?]
            }
            CredentialFiles::Password { file } => vec![Self::There(file.clone())],
        })
    }

    fn object(output: &ObkOutput, public: Option<&[std::ops::Range<usize>]>) -> Self {
        let bytes = output.obk.encode();
        let head = bytes.get(..HEAD).unwrap_or_default();
        let public = public.map(|spans| {
            let shown: Vec<u8> = spans.iter().filter_map(|span| bytes.get(span.clone())).flatten().copied().collect();
            PublicPart { sha256: sha256(&shown), spans: spans.to_vec() }
        });
        Self::Object { path: output.path.clone(), head: crate::record::hex(head), size: bytes.len(), public }
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    crate::record::hex(&sha2::Sha256::digest(bytes))
}

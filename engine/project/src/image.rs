//! The images that boot stages install: their settings, whether the one on the disk is still right, and building another.

mod description;
mod prepare;
mod recipe;
pub(crate) mod rules;
pub(crate) mod second_stage_rules;

use std::path::{Path, PathBuf};

use formats::mcuboot::{Folder, KeyReference, SignSettings};
use formats::{FormatError, McubootFormat, Report};

pub use description::{ImageDescription, KeyName};
pub(crate) use prepare::{Prepared, Wanted, difference, prepare, read_application};
pub use recipe::ImageRecipe;

use crate::error::ProjectError;
use crate::place;
use crate::sources::{Configuration, Snapshot, Sources};

/// What the image's xml asks for.
pub(crate) struct ImageConfiguration {
    pub(crate) path: PathBuf,
    pub(crate) sign: SignSettings,
    /// The key that signs and the one that encrypts.
    pub(crate) authentication_key: PathBuf,
    pub(crate) encryption_key: PathBuf,
    /// The application.
    pub(crate) input: PathBuf,
    /// The image, as the file places it.
    pub(crate) output: PathBuf,
}

impl ImageConfiguration {
    pub(crate) fn read(
        path: PathBuf,
        configuration: &Configuration,
        sources: &Sources,
        snapshot: &mut Snapshot,
    ) -> Result<Self, ProjectError> {
        snapshot.note(&path);
        let text = match sources.read(&path) {
            Ok(text) => text,
            Err(source) => return Err(ProjectError::Read { path, source }),
        };
        let read = || {
            let document = McubootFormat::decode(&text)?;
            let linked = document.linked_xml.as_ref();
            if let Some(linked) = linked {
                let leads_to = place::resolve(&path, &linked.path);
                if leads_to != configuration.path {
                    let problem = format!(
                        "it leads to {}, this project's is {}",
                        leads_to.display(),
                        configuration.path.display()
                    );
                    return Err(FormatError::Field { line: linked.line, field: "LinkedXML".into(), problem });
                }
            }
            let sign = document.resolve(linked.map(|_| &configuration.document))?;
            let encryption_key = sign
                .encryption_key
                .as_ref()
                .ok_or(FormatError::Setting { setting: "encryption key", problem: "argument -E is missing".into() })?;
            Ok(Self {
                authentication_key: key_path(&path, configuration, &sign.authentication_key),
                encryption_key: key_path(&path, configuration, encryption_key),
                input: place::resolve(&path, &sign.input),
                output: place::resolve(&path, &sign.output),
                path: path.clone(),
                sign,
            })
        };
        read().map_err(|source| ProjectError::Configuration { path: path.clone(), source })
    }

    pub(crate) fn wrong(&self, source: FormatError) -> ProjectError {
        ProjectError::Configuration { path: self.path.clone(), source }
    }
}

fn key_path(path: &Path, configuration: &Configuration, key: &KeyReference) -> PathBuf {
    match key.folder {
        Folder::ImageXml => place::resolve(path, &key.path),
        Folder::LinkedXml => place::resolve(&configuration.path, &key.path),
    }
}

/// The image of one boot stage, as it lies on the disk.
#[derive(Debug)]
pub struct ImageOutput {
    /// Its file, Intel hex or plain bytes.
    pub path: PathBuf,
    /// The image from the start of its slot to its last TLV, without what fills the slot.
    pub bytes: Vec<u8>,
    /// Bytes of the slot it is for.
    pub slot_size: u32,
    /// Version of the application.
    pub version: String,
    /// What keeps older images from being installed again, where it states that.
    pub security_counter: Option<u32>,
    /// Address of the download slot it is for.
    pub address: u32,
    /// SHA-256 of `bytes`.
    pub sha256: [u8; 32],
    /// The checks against the project's keys and settings; all of them hold.
    pub report: Report,
    /// Whether it was built just now; otherwise the file was there and right.
    pub built: bool,
    /// Why it was built, in words for people.
    pub built_because: Option<String>,
    /// What it is, in words for people.
    pub description: ImageDescription,
}

impl ImageOutput {
    /// The content of the whole slot: the image, erased flash, and in the last 16 bytes the mark of a complete image.
    pub fn slot(&self) -> Vec<u8> {
        let mut slot = self.bytes.clone();
        let size = usize::try_from(self.slot_size).unwrap_or(usize::MAX);
        let mark = formats::image::TRAILER_MAGIC;
        slot.resize(size.saturating_sub(mark.len()), 0xFF);
        slot.extend_from_slice(&mark);
        slot
    }
}

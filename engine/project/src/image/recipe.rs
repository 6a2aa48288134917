//! Building an image of any application file with settings and keys at hand: a project's or a person's own. Unlike
//! `prepare` it knows no output that is right already.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use formats::{
    FormatError, ImageForm, ImageKeys, ImageProfile, ImageSettings, Opened, PrivateKey, PublicKey, build_image_to,
};

use super::description::{ImageDescription, KeyName};
use crate::atomic;
use crate::binary::{self, BinaryError, ProgramFile};
use crate::error::ProjectError;
use crate::project::Project;
use crate::second_stage::known_layout;

/// What an image is built with, apart from the application itself. It holds a private key: it can't be printed.
pub struct ImageRecipe {
    /// The settings.
    pub settings: ImageSettings,
    /// Address of the slot; a hex file needs one.
    pub address: Option<u32>,
    /// Where the application's first byte is when it runs, as far as that is known.
    pub code_address: Option<u32>,
    /// The key that signs, with the name of its file.
    pub signing: (String, PrivateKey),
    /// The key that it opens with, with the name of its file; without one the payload lies open.
    pub encryption: Option<(String, PublicKey)>,
}

impl ImageRecipe {
    /// What a project's files say about the image of one of its boot stages.
    ///
    /// # Errors
    /// When the flow has no such stage, its settings describe another image, or a key can't be read.
    pub fn of_project(project: &Project, profile: ImageProfile) -> Result<Self, ProjectError> {
        let (stage, code_address) = match (profile, &project.stirot, &project.oem) {
            (ImageProfile::Stirot, Some(stirot), _) => {
                let header = u32::from(stirot.image.header_size);
                (&stirot.stage, stirot.meaning.firmware_address.checked_add(header))
            }
            // Where ST's second stage starts its application is compiled into it.
            (ImageProfile::Oemurot, _, Some(oem)) => (oem, known_layout(project).map(|layout| layout.code_address())),
            _ => return Err(ProjectError::NoImage { flow: project.flow(), profile }),
        };
        let settings = match profile {
            ImageProfile::Stirot => stage.image.sign.stirot(),
            _ => stage.image.sign.oemurot(),
        };
        let settings = settings.map_err(|source| stage.image.wrong(source))?;
        let (signing, encryption) = (&stage.authentication, &stage.encryption);
        let public = project.sources.public_key(encryption.role, &encryption.path)?;
        Ok(Self {
            settings,
            address: stage.image.sign.address,
            code_address,
            signing: (stem(&signing.path), project.sources.private_key(signing.role, &signing.path)?),
            encryption: Some((stem(&encryption.path), public)),
        })
    }

    /// Builds the image of `application` and writes it as `file`: Intel hex when the name ends in `.hex`, else the whole
    /// slot. On an error what was there is as it was.
    ///
    /// The file isn't waited for until it is on the disk: an image is made again in no time, and whoever uses one looks at
    /// its hash and signature before.
    ///
    /// # Errors
    /// When something else than an image lies at `file`; when the application can't be read, is no program or linked to
    /// another address; when the image can't be built or written.
    pub fn build(&self, application: &Path, file: &Path) -> Result<ImageDescription, ProjectError> {
        self.require_place(file)?;
        let mut program = ProgramFile::open(application)?;
        if let (Some(linked), Some(runs)) = (program.address(), self.code_address)
            && linked != runs
        {
            let source = BinaryError::LinkedElsewhere { linked, runs };
            return Err(ProjectError::Program { path: application.to_owned(), source });
        }
        let failed = |source| ProjectError::Build { path: file.to_owned(), source };
        let form = self.form(file).map_err(failed)?;
        let keys = self.keys();
        let length = program.bytes();
        let facts =
            atomic::write_volatile(file, |sink| build_image_to(&mut program, length, &self.settings, keys, form, sink))
                .map_err(|source| ProjectError::Write { path: file.to_owned(), source })?
                .map_err(failed)?;
        let encrypted_for = self.encryption.as_ref().zip(facts.encrypted_for);
        Ok(ImageDescription {
            file: file.to_owned(),
            application: application.to_owned(),
            address: self.address,
            signed_with: KeyName { name: self.signing.0.clone(), fingerprint: facts.signed_with },
            encrypted_for: encrypted_for.map(|((name, _), fingerprint)| KeyName { name: name.clone(), fingerprint }),
            facts,
        })
    }

    /// Refuses to write over anything but an earlier image.
    fn require_place(&self, file: &Path) -> Result<(), ProjectError> {
        let taken = || ProjectError::Taken { path: file.to_owned() };
        let unreadable = |source| ProjectError::Read { path: file.to_owned(), source };
        let size = match fs::metadata(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            // A device or a pipe has no end that could be waited for.
            Ok(metadata) if !metadata.is_file() => return Err(taken()),
            Ok(metadata) => metadata.len(),
            Err(error) => return Err(unreadable(error)),
        };
        if size == u64::from(self.settings.slot_size) {
            // A slot of just this size that begins with an image: an earlier output, however large, told by four bytes.
            if binary::begins_as_image(file).map_err(unreadable)? {
                return Ok(());
            }
        }
        let there = fs::read(file).map_err(unreadable)?;
        if Opened::read(there).is_one_image() { Ok(()) } else { Err(taken()) }
    }

    /// The keys, for the builder.
    fn keys(&self) -> ImageKeys<'_> {
        ImageKeys { signing: &self.signing.1, encryption: self.encryption.as_ref().map(|(_, key)| key) }
    }

    /// How a file of this name is written.
    fn form(&self, file: &Path) -> Result<ImageForm, FormatError> {
        match (is_hex(file), self.address) {
            (false, _) => Ok(ImageForm::Slot),
            (true, Some(address)) => Ok(ImageForm::Hex { address }),
            (true, None) => Err(FormatError::Setting {
                setting: "address",
                problem: "a hex file says where its bytes go; give the address of the download slot".into(),
            }),
        }
    }
}

/// By the file's ending, as ST's tool does.
pub(super) fn is_hex(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("hex"))
}

/// How a key is called: its file's name without ending.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

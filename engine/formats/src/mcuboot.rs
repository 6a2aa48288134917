//! The image xml (`McubootFormat`): the arguments of ST's signing tool, read into types, links to the configuration xml
//! included. Builds nothing and opens no file; the keys stay paths here.

pub(crate) mod read;
mod resolve;

use crate::error::FormatError;
use crate::image::header::Version;
use crate::image::settings::{Align, ImageProfile, ImageSettings, InstallMode, SecurityCounter};

/// An image xml as written; [`McubootFormat::resolve`] makes settings of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McubootFormat {
    /// Title of ST's window.
    pub title: Option<String>,
    /// The configuration xml that arguments link to.
    pub linked_xml: Option<LinkedXml>,
    /// The arguments in document order, those switched off left out.
    arguments: Vec<Argument>,
    /// The elements that aren't known here.
    unknown: Vec<UnknownElement>,
    /// Line of `<McubootFormat>`, for what is missing altogether.
    line: usize,
}

/// Where the configuration xml lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedXml {
    /// Line of the element.
    pub line: usize,
    /// Path as written, relative to the image xml's folder.
    pub path: String,
}

/// An element that isn't known here. The file can be edited with it, but nothing can be built.
#[derive(Debug, Clone, PartialEq, Eq)]
struct UnknownElement {
    name: String,
    line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Argument {
    /// The field's name, by which it links.
    name: String,
    line: usize,
    option: SignOption,
    source: Source,
}

/// Where an argument's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// Written here.
    Here(String),
    /// The linked field of the same name.
    Linked,
    /// The public half of the linked key.
    LinkedPublic,
    /// The linked number plus a constant.
    LinkedPlus(u64),
}

/// The options of the signing tool that ST's files use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignOption {
    Key,
    EncryptionKey,
    Magic,
    Endianness,
    Pad,
    SlotSize,
    HeaderSize,
    PadHeader,
    PrimaryOnly,
    OverwriteOnly,
    Version,
    SecurityCounter,
    Align,
    Address,
    MaximumSectors,
    Dependency,
    Confirm,
    Input,
    Output,
}

/// What the signing tool is asked to do, in types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignSettings {
    /// The key that signs: a private one.
    pub authentication_key: KeyReference,
    /// The key that the payload's key is wrapped for: its public half is enough.
    pub encryption_key: Option<KeyReference>,
    /// Magic of the header.
    pub magic: u32,
    /// Bytes of the slot.
    pub slot_size: u32,
    /// Bytes in front of the payload.
    pub header_size: u16,
    /// Whether the trailer is written.
    pub pad: bool,
    /// Whether the input has no room for the header yet.
    pub pad_header: bool,
    /// How the image is installed.
    pub install: InstallMode,
    /// Version of the payload.
    pub version: Version,
    /// The security counter, where one is to be stated.
    pub security_counter: Option<SecurityCounter>,
    /// Bytes of the flash's write unit.
    pub align: Align,
    /// Address of the slot in the hex file.
    pub address: Option<u32>,
    /// The payload's path as written, relative to the image xml's folder.
    pub input: String,
    /// The image's path as written, relative to the image xml's folder.
    pub output: String,
}

/// A key file that settings name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyReference {
    /// The path as written; `/` and `\` both separate.
    pub path: String,
    /// The folder that the path starts from.
    pub folder: Folder,
    /// Line of the argument in the image xml.
    pub line: usize,
}

/// The folder that a path starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// That of the image xml.
    ImageXml,
    /// That of the linked configuration xml.
    LinkedXml,
}

impl SignSettings {
    /// The settings of an STiRoT image.
    ///
    /// # Errors
    /// When they ask for another kind of image: which setting, and what it should be.
    pub fn stirot(&self) -> Result<ImageSettings, FormatError> {
        self.of(ImageProfile::Stirot)
    }

    /// The settings of an image for the user's own boot stage.
    ///
    /// # Errors
    /// As [`SignSettings::stirot`].
    pub fn oemurot(&self) -> Result<ImageSettings, FormatError> {
        self.of(ImageProfile::Oemurot)
    }

    fn of(&self, profile: ImageProfile) -> Result<ImageSettings, FormatError> {
        let kind = match profile {
            ImageProfile::Stirot => "an STiRoT image",
            ImageProfile::Oemurot => "an image of the second boot stage",
        };
        if self.magic != profile.magic() {
            let problem = format!(
                "the magic is {:#010x}, {kind} has {:#010x} (argument -ma); is this the xml of the other boot stage's \
                 image?",
                self.magic,
                profile.magic()
            );
            return wrong("magic", problem);
        }
        match (profile, self.install) {
            (ImageProfile::Stirot, InstallMode::PrimaryOnly) => {}
            (ImageProfile::Stirot, _) => return wrong("installation", format!("{kind} needs --primary-only")),
            (ImageProfile::Oemurot, InstallMode::PrimaryOnly) => {
                let problem = format!("{kind} is installed from a second slot; it can't have --primary-only");
                return wrong("installation", problem);
            }
            (ImageProfile::Oemurot, _) => {}
        }
        if !self.pad || !self.pad_header {
            return wrong("padding", format!("{kind} needs --pad and --pad-header"));
        }
        if profile == ImageProfile::Stirot {
            if self.encryption_key.is_none() {
                return wrong("encryption key", format!("{kind} is encrypted; argument -E is missing"));
            }
            if self.security_counter.is_none() {
                return wrong("security counter", "argument -s is missing; write auto or a number");
            }
        }
        Ok(ImageSettings {
            profile,
            version: self.version,
            security_counter: self.security_counter,
            header_size: self.header_size,
            slot_size: self.slot_size,
            install: self.install,
            align: self.align,
        })
    }
}

fn wrong<T>(setting: &'static str, problem: impl Into<String>) -> Result<T, FormatError> {
    Err(FormatError::Setting { setting, problem: problem.into() })
}

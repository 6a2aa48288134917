//! Any file, opened: what it is by its content, never by its name, which images it holds, and what its bytes mean.
//! Bytes that must not be seen are hidden in the content already. Whether an image would boot is told by
//! [`crate::judge`].

mod images;
mod recognise;
mod secrets;

use std::ops::Range;

use crate::content::{Content, Trouble, Weight};
use crate::image::anatomy::{Part, anatomy};
use crate::image::header::Version;
use crate::image::settings::ImageProfile;
use crate::keys::Fingerprint;
use crate::obk_fields::ObkKind;

/// An opened file.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its bytes as they lie in memory.
    pub content: Content,
    /// What it is.
    pub kind: FileKind,
    /// The images in it, by rising offset.
    pub images: Vec<FoundImage>,
    /// What its bytes mean, as a tree; of each image one root, in the order of `images`.
    pub parts: Vec<Part>,
    /// What is wrong with the file as a file. What is wrong with an image stands with its parts.
    pub troubles: Vec<Trouble>,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// No byte at all, or a hex file without data.
    Empty,
    /// One signed image from the first byte on, with or without the rest of its slot.
    Image,
    /// Memory with images in it, or with so much in it that it can be nothing else.
    Dump,
    /// A linked application: an Arm vector table and code.
    Program,
    /// A linked application in ELF; its content is the file's own bytes.
    Elf,
    /// An object for the option-byte keys.
    Object(ObkKind),
    /// A key in PEM.
    Key {
        /// Which half it is.
        half: KeyHalf,
        /// How it is named; none when a passphrase hides it, or when it can't be used.
        fingerprint: Option<Fingerprint>,
        /// The name of the published sample key that it is.
        sample: Option<&'static str>,
    },
    /// Certificates of debug authentication: how many.
    Certificates(usize),
    /// Something that should hold a secret and can't be read; its bytes are hidden.
    Damaged(&'static str),
    /// A password file of debug authentication.
    Password,
    /// The file of a virtual board; it holds the keys of the board, and nothing of it is shown.
    Board,
    /// An xml of ST's dialect.
    Xml(XmlKind),
    /// Text of no format that is known here.
    Text,
    /// Bytes of no format that is known here.
    Unknown,
}

/// Which half of a key a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyHalf {
    /// The private key, lying open.
    Private,
    /// The private key under a passphrase.
    Protected,
    /// The public key alone.
    Public,
}

/// Which of ST's two dialects an xml is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum XmlKind {
    /// A configuration, which an object is built from.
    Obdata,
    /// How an image is built.
    McubootFormat,
    /// Another xml.
    Other,
}

/// An image in an opened file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundImage {
    /// Offset of its first byte in the content.
    pub offset: u64,
    /// Address of that byte, where the file tells addresses.
    pub address: Option<u32>,
    /// Whose image it is by its magic; none when the magic belongs to nobody and yet the rest is an image's.
    pub profile: Option<ImageProfile>,
    /// Its version as the header states it.
    pub version: Version,
    /// From its first byte to its last TLV, as far as the content has them.
    pub image: Range<u64>,
    /// From its first byte to the end of its slot as far as the file shows it; at least the image.
    pub slot: Range<u64>,
    /// Bytes of its slot, where a trailer at its end or the file's end shows them.
    pub slot_size: Option<u64>,
}

impl Opened {
    /// Whether the file is one image and nothing else, also when it is cut off. Memory that only begins with one, such as
    /// what was read from a board, is another thing.
    pub fn is_one_image(&self) -> bool {
        self.kind == FileKind::Image && self.images.iter().all(|image| image.profile.is_some())
    }

    /// Reads a file. Any bytes give an answer.
    pub fn read(file: Vec<u8>) -> Self {
        if let Some(recognised) = recognise::board(&file).or_else(|| recognise::small(&file)) {
            let Recognised { kind, hidden, parts, troubles } = recognised;
            let content = Content::of_bytes(file).hiding(&hidden);
            return Self { content, kind, images: Vec::new(), parts, troubles };
        }
        let is_elf = file.starts_with(b"\x7fELF");
        let (content, mut troubles) = Content::of_file(file);
        let (images, passed_over) = if is_elf { (Vec::new(), None) } else { images::find(&content) };
        troubles.extend(passed_over.map(|offset| Trouble {
            weight: Weight::Remark,
            offset: Some(offset),
            line: None,
            what: format!("more than {} places look like the beginning of an image", images.len()),
            remedy: "those from here on are not listed; cut the file where the images are expected".into(),
        }));
        if images.is_empty() {
            let hidden = secrets::strays(&content);
            let (kind, parts) = recognise::memory(&content, is_elf);
            return Self { content: content.hiding(&hidden), kind, images, parts, troubles };
        }
        let one = matches!(images.as_slice(), [image] if image.slot == (0..content.len()));
        let kind = if one { FileKind::Image } else { FileKind::Dump };
        let parts = images.iter().map(|image| anatomy(&content, image)).collect();
        Self { content, kind, images, parts, troubles }
    }
}

/// What a file that isn't memory turned out to be.
struct Recognised {
    kind: FileKind,
    /// What of it must not be seen.
    hidden: Vec<Range<u64>>,
    parts: Vec<Part>,
    troubles: Vec<Trouble>,
}

//! A program's file on the disk, opened for building an image: plain bytes are read as they are needed, whatever their
//! size; ELF and Intel hex files are taken apart first.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use formats::{FileKind, ImageProfile, Opened};

use super::{BinaryError, load_image};
use crate::error::ProjectError;

/// The bytes of a program that are loaded, to be read once.
#[derive(Debug)]
pub struct ProgramFile {
    source: Source,
    bytes: u64,
    /// Address of the first byte, where the file tells.
    address: Option<u32>,
}

#[derive(Debug)]
enum Source {
    File(File),
    Memory(Cursor<Vec<u8>>),
}

impl ProgramFile {
    /// Opens a program's file.
    ///
    /// # Errors
    /// When it can't be read; as [`load_image`]; and when it is an image already.
    pub fn open(path: &Path) -> Result<Self, ProjectError> {
        let unreadable = |source| ProjectError::Application { path: path.to_owned(), source };
        let wrong = |source| ProjectError::Program { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let mut start = Vec::new();
        file.by_ref().take(4).read_to_end(&mut start).map_err(unreadable)?;
        if is_image(&start) {
            return Err(wrong(BinaryError::Image));
        }
        if metadata.is_file() && metadata.len() <= LOOKED_INTO {
            require_application(&fs::read(path).map_err(unreadable)?).map_err(wrong)?;
        }
        let plain = !matches!(start.as_slice(), [] | [b':', ..] | [0x7F, b'E', b'L', b'F']);
        if plain && metadata.is_file() {
            file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
            return Ok(Self { source: Source::File(file), bytes: metadata.len(), address: None });
        }
        let mut whole = start;
        file.read_to_end(&mut whole).map_err(unreadable)?;
        let program = load_image(&whole).map_err(wrong)?;
        if is_image(&program.bytes) {
            return Err(wrong(BinaryError::Image));
        }
        let bytes = program.bytes.len() as u64;
        Ok(Self { source: Source::Memory(Cursor::new(program.bytes)), bytes, address: program.address })
    }

    /// How many bytes are loaded.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Address of the first byte; plain bytes don't tell.
    pub fn address(&self) -> Option<u32> {
        self.address
    }
}

/// Files up to this size are looked into before an image is built of them: keys, texts and images in hex are smaller.
const LOOKED_INTO: u64 = 4 << 20;

/// Refuses what can be no application.
fn require_application(file: &[u8]) -> Result<(), BinaryError> {
    let opened = Opened::read(file.to_vec());
    let what = match opened.kind {
        FileKind::Image | FileKind::Dump if opened.content.is_hex() && !opened.images.is_empty() => {
            return Err(BinaryError::Image);
        }
        // Whatever else is wrong with these is told when they are loaded.
        FileKind::Program | FileKind::Elf | FileKind::Unknown | FileKind::Empty | FileKind::Image | FileKind::Dump => {
            return Ok(());
        }
        FileKind::Key { .. } => "a key",
        FileKind::Certificates(_) => "certificates",
        FileKind::Password => "a password",
        FileKind::Object(_) => "an object for the option-byte keys",
        FileKind::Board => "a virtual board",
        FileKind::Xml(_) => "an xml",
        FileKind::Text => "text",
        FileKind::Damaged(what) => what,
        _ => "something else",
    };
    Err(BinaryError::NoApplication { what })
}

/// Whether a file begins with the magic of an image; no more of it is read.
pub(crate) fn begins_as_image(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut start)?;
    Ok(is_image(&start))
}

/// Whether bytes are an image already: signed twice, it would never start.
fn is_image(bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|magic| ImageProfile::of_magic(u32::from_le_bytes(*magic)).is_some())
}

impl Read for ProgramFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            Source::File(file) => file.read(buffer),
            Source::Memory(bytes) => bytes.read(buffer),
        }
    }
}

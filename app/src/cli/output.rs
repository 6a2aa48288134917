//! Files that a command writes where a person asked for them: new ones, or over an earlier one of the same kind. Whatever
//! else lies there, a key or a source, is never written over.

use std::io::ErrorKind;
use std::path::Path;

use formats::opened::Opened;
use formats::{ImageFile, ObkFile, Parts, Secret, Tlv};
use project::atomic;

use super::Failure;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// An object; it may hold a private key.
    Object,
    /// What an image held.
    Payload,
    /// An image with its payload in the clear.
    ClearImage,
    /// A script of STM32CubeProgrammer commands.
    Script,
    /// The iLoader beside such a script.
    Loader,
    /// A certificate or a chain of them; nothing in it is secret.
    Certificate,
    /// The record of what was done to a board; it writes itself.
    Record,
}

impl Output {
    /// Whether bytes are an earlier one of the kind that may be lost. A payload can't be told from any other file, and
    /// a certificate may be the only one that opens some board.
    fn is(self, bytes: &[u8]) -> bool {
        match self {
            Self::Object => ObkFile::decode(bytes).is_ok(),
            // The encrypted image that it was made of must not be lost to it.
            Self::ClearImage => Opened::read(bytes.to_vec()).is_one_image() && !is_encrypted(bytes),
            Self::Script => provision::is_cube_script(bytes),
            Self::Payload | Self::Certificate | Self::Loader | Self::Record => false,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::ClearImage => "an image in the clear",
            Self::Payload => "this payload",
            Self::Script => "a script of this kind",
            Self::Loader => "this iLoader",
            Self::Certificate => "this certificate or chain",
            Self::Record => "this record",
        }
    }
}

/// Whether an image has a key of its payload with it; one that can't be taken apart may have had.
fn is_encrypted(bytes: &[u8]) -> bool {
    let wrapped_key = |image: &ImageFile| {
        let parts = Parts::decode(&image.content).ok()?;
        Some(parts.tlvs.entries().any(|entry| entry.is_ok_and(|entry| entry.kind == Tlv::WRAPPED_KEY)))
    };
    ImageFile::decode(bytes).ok().as_ref().and_then(wrapped_key).unwrap_or(true)
}

/// Refuses to write where another file lies, before anything is done for it.
///
/// # Errors
/// When one does, or can't be read.
pub(super) fn require_free(output: Output, path: &Path) -> Result<(), Failure> {
    match already(path)? {
        Some(there) if !output.is(&there) => Err(taken(output, path)),
        Some(_) | None => Ok(()),
    }
}

/// Refuses to write `bytes` where anything else lies, before anything is done for it.
///
/// # Errors
/// When something does, or can't be read.
pub(super) fn require_free_for(output: Output, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    match already(path)? {
        Some(there) if there.as_slice() != bytes && !output.is(&there) => Err(taken(output, path)),
        Some(_) | None => Ok(()),
    }
}

/// What lies at a path already. A device or a pipe is no place for an output, and might never end.
fn already(path: &Path) -> Result<Option<Secret<Vec<u8>>>, Failure> {
    let there = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => std::fs::read(path).map(Secret::new),
        Ok(_) => {
            return Err(Failure::new(format!("{} is no file that could be written over", path.display()))
                .help("choose another name"));
        }
        Err(error) => Err(error),
    };
    match there {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file("reading", path, error)),
    }
}

fn taken(output: Output, path: &Path) -> Failure {
    Failure::new(format!("there is a file already that is not {}: {}", output.name(), path.display()))
        .help("choose another name, or remove it first")
}

/// Writes a file.
///
/// # Errors
/// When another file lies there, or the disk refuses.
pub(super) fn write(output: Output, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    require_free_for(output, path, bytes)?;
    let written = match output {
        Output::Certificate | Output::Script | Output::Loader | Output::Record => atomic::write(path, bytes),
        Output::Object | Output::Payload | Output::ClearImage => atomic::write_secret(path, bytes),
    };
    written.map_err(|error| Failure::file("writing", path, error))
}

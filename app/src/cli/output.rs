//! Files that a command writes where a person asked for them: new ones, or over an earlier one of the same kind. Whatever
//! else lies there, a key or a source, is never written over.

use std::io::ErrorKind;
use std::path::Path;

use formats::{Expected, ImageFile, ObkFile, Secret};
use project::atomic;

use super::Failure;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// An object; it may hold a private key.
    Object,
    /// A signed image.
    Image,
    /// What an image held.
    Payload,
}

impl Output {
    /// Whether bytes are an earlier one of the kind. A payload can't be told from any other file.
    fn is(self, bytes: &[u8]) -> bool {
        match self {
            Self::Object => ObkFile::decode(bytes).is_ok(),
            // Any bytes can be read as a binary file; one that is an image says so in its header.
            Self::Image => {
                ImageFile::decode(bytes).is_ok_and(|image| formats::verify(&image, &Expected::default()).is_ok())
            }
            Self::Payload => false,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Image => "an image",
            Self::Payload => "this payload",
        }
    }
}

/// Writes a file.
///
/// # Errors
/// When another file lies there, or the disk refuses.
pub(super) fn write(output: Output, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    match std::fs::read(path).map(Secret::new) {
        Ok(there) if there.as_slice() == bytes || output.is(&there) => {}
        Ok(_) => {
            return Err(Failure::new(format!(
                "there is a file already that is not {}: {}",
                output.name(),
                path.display()
            ))
            .help("choose another name, or remove it first"));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::file("reading", path, error)),
    }
    let written = match output {
        Output::Image => atomic::write(path, bytes),
        Output::Object | Output::Payload => atomic::write_secret(path, bytes),
    };
    written.map_err(|error| Failure::file("writing", path, error))
}

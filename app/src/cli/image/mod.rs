//! `stirot-studio image`: images that STiRoT and the second boot stage install. One file a command; what they share is
//! here and in `keys`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use formats::ImageProfile;

use super::Failure;

pub(super) mod build;
mod decrypt;
mod diff;
mod inspect;
mod keys;
mod verify;
mod words;

/// What to do with an image.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build a project's images, or one from INPUT with settings of your own
    Build(Box<build::Arguments>),
    /// Show what a file is and what its bytes mean: any file, however damaged
    #[command(
        after_help = "Done when the file is something that is known here: an image, memory with images in it, an \
                            application, a key, an object, a certificate, an xml of ST's. Nothing is judged: that is \
                            `image verify`.\n--json: file, kind, images (in the order that `verify --number` counts), parts as a tree with \
                            offset and length, troubles."
    )]
    Inspect {
        /// Any file; Intel hex is shown as the memory that it describes
        file: PathBuf,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Tell whether an image would be installed and started: every check, one line each, and the verdict
    Verify(Box<verify::Arguments>),
    /// Compare two files, field by field where each holds one image, and byte by byte
    #[command(
        after_help = "Where each file holds one image, the images are compared, wherever they lie; else the files. What a \
                            hex file leaves out counts as erased: 0xff in the other is the same.\nExit code: 0 the same, 1 \
                            different, damaged or unreadable, 2 wrong use.\n--json: compared (images, files), same, fields (a, b), \
                            bytes (differing, runs with offset and length), troubles_a, troubles_b."
    )]
    Diff {
        /// A file
        a: PathBuf,
        /// Another
        b: PathBuf,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write what an image holds in the clear: the application, or the image itself with nothing signed changed
    Decrypt(decrypt::Arguments),
}

/// A boot stage that installs images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Profile {
    /// STiRoT itself
    Stirot,
    /// The second boot stage, OEMuRoT or OEMiROT
    Oemurot,
}

impl From<Profile> for ImageProfile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Stirot => Self::Stirot,
            Profile::Oemurot => Self::Oemurot,
        }
    }
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Build(arguments) => build::run(&arguments),
        Command::Inspect { file, json } => inspect::run(&file, json),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Diff { a, b, json } => diff::run(&a, &b, json),
        Command::Decrypt(arguments) => decrypt::run(&arguments),
    }
}

fn number(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(&digits.replace('_', ""), 16),
        None => text.parse(),
    };
    parsed.map_err(|_| "a number of 32 bits is expected, such as 131072 or 0x20000".to_owned())
}

/// More than any memory of a board, in any form: what is no plain file may have no end.
const LONGEST_STREAM: u64 = 1 << 30;

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::file("reading", path, error);
    let file = File::open(path).map_err(failed)?;
    if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return std::fs::read(path).map_err(failed);
    }
    let mut bytes = Vec::new();
    let length = file.take(LONGEST_STREAM.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if length as u64 > LONGEST_STREAM {
        return Err(
            Failure::new(format!("{} goes on after 1 GiB", path.display())).help("give a file, or a stream that ends")
        );
    }
    Ok(bytes)
}

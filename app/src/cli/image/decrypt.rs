//! `stirot-studio image decrypt`: what an image holds, in the clear.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use formats::opened::Opened;
use formats::{
    FormatError, HexFile, ImageFile, InputComparison, Segment, Stretch, Weight, clear_image, compare_with_input,
    decrypt, payload_key,
};
use project::binary;

use super::keys::keys_of;
use super::{read, words};
use crate::cli::output::{self, Output};
use crate::cli::passphrases::PassphraseArguments;
use crate::cli::{Failure, printable, say};

const EXAMPLES: &str = "\
Examples:
  The application, and whether it is the one it was built from:
    stirot-studio image decrypt app_enc_sign.hex --keys DIR --output app.bin
    stirot-studio image decrypt app_enc_sign.hex --keys DIR --compare app.elf
  The image with its application in the clear. Hash and signature hold as before; it is for looking at, no boot stage
  installs it:
    stirot-studio image decrypt app_enc_sign.hex --keys DIR --image app_sign.hex

What is written has nothing secret about it but the application itself; on Unix only its owner may read it.";

/// What to open, and what to make of it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["output", "image", "compare"]))]
pub struct Arguments {
    /// The image, Intel hex or bytes, or a dump that holds it
    file: PathBuf,
    /// Folder with the key, PEM
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// Passphrases of protected keys
    #[command(flatten)]
    passphrases: PassphraseArguments,
    /// Which image of a file that holds several, counted from 1
    #[arg(long, value_name = "NUMBER")]
    number: Option<usize>,
    /// Write the application, with the zeros that fill its last cipher block
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the image with its application in the clear: in the same form, nothing that is signed changed
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// Compare with the application it was built from: bytes, ELF or Intel hex
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { file: path, keys, passphrases, output, image: clear, compare, number } = arguments;
    apart(path, output.as_deref(), clear.as_deref())?;
    let wrong = |error| wrong(path, &error);
    let image = image_in(path, *number)?;
    image.image().map_err(wrong)?;
    let found = keys_of(keys, Some(&passphrases.read()?))?;
    let opens = found.keys.iter().find_map(|ring_key| {
        let key = ring_key.private()?;
        payload_key(&image, key).is_ok().then_some((&ring_key.name, key))
    });
    let Some((name, key)) = opens else {
        return Err(Failure::new(format!("no key in {} opens {}", keys.display(), path.display())).help(found.help()));
    };
    let payload = decrypt(&image, key).map_err(wrong)?;
    say(printable(&format!("{} bytes, opened with {name}", payload.len())));
    if let Some(output) = output {
        output::write(Output::Payload, output, &payload)?;
        say(printable(&format!("application written to {}", output.display())));
    }
    if let Some(output) = clear {
        output::write(
            Output::ClearImage,
            output,
            &clear_image(&image, key).and_then(|image| image.encode()).map_err(wrong)?,
        )?;
        say(printable(&format!("image in the clear written to {}", output.display())));
    }
    if let Some(other) = compare {
        compare_with(&payload, other)?;
    }
    Ok(())
}

/// Refuses, before anything is written, to write over the image itself or over the other output, or where something else
/// lies.
fn apart(image: &Path, payload: Option<&Path>, clear: Option<&Path>) -> Result<(), Failure> {
    for output in [payload, clear].into_iter().flatten() {
        if is_same(image, output) {
            return Err(Failure::new(format!("{} is the image itself, which would be lost", output.display()))
                .help("choose another name"));
        }
    }
    let Some(clear) = clear else { return Ok(()) };
    if payload.is_some_and(|payload| is_same(payload, clear)) {
        return Err(Failure::new(format!("--output and --image both name {}", clear.display()))
            .help("choose another name for one of them"));
    }
    output::require_free(Output::ClearImage, clear)
}

/// Whether two names are one file, there already or not.
fn is_same(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        path.canonicalize().ok().or_else(|| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some(folder.canonicalize().ok()?.join(path.file_name()?))
        })
    };
    place(one).is_some_and(|one| place(other) == Some(one))
}

/// The image that is meant: the file's only one, or the one with this number.
fn image_in(path: &Path, number: Option<usize>) -> Result<ImageFile, Failure> {
    let wrong = |error| wrong(path, &error);
    let file = read(path)?;
    let opened = Opened::read(file.clone());
    let found = words::image_of(&opened, number, &path.display().to_string())?;
    if found.offset == 0 && opened.images.len() == 1 {
        return ImageFile::decode(&file).map_err(wrong);
    }
    if let Some(trouble) = opened.troubles.iter().find(|trouble| trouble.weight == Weight::Damage) {
        return Err(Failure::new(format!("{}: {}", path.display(), trouble.what)).help(trouble.remedy.clone()));
    }
    let in_slot = |stretch: &Stretch<'_>| found.slot.contains(&stretch.offset);
    let segments = opened.content.stretches().filter(in_slot).filter_map(|stretch| {
        Some(Segment {
            address: stretch.address?,
            bytes: opened.content.slice(stretch.offset..found.slot.end).to_vec(),
        })
    });
    match opened.content.is_hex() {
        true => ImageFile::decode(HexFile { segments: segments.collect() }.encode().as_bytes()).map_err(wrong),
        false => ImageFile::decode(opened.content.slice(found.slot.clone())).map_err(wrong),
    }
}

fn wrong(path: &Path, error: &FormatError) -> Failure {
    Failure::new(format!("{}: {error}", path.display())).help("`image verify` tells everything that is wrong with it")
}

fn compare_with(payload: &[u8], other: &Path) -> Result<(), Failure> {
    let application = binary::load_image(&read(other)?)
        .map_err(|error| Failure::new(format!("{}: {error}", other.display())).help(error.help()))?;
    match compare_with_input(payload, &application.bytes) {
        InputComparison::Same { fill } => {
            say(printable(&format!("equal to {}, and {fill} zeros that fill the last cipher block", other.display())));
            Ok(())
        }
        InputComparison::Different(difference) => {
            let first = difference.first().unwrap_or_default();
            let what =
                format!("{} and {} bytes, different from offset {first:#x} on", payload.len(), application.bytes.len());
            Err(Failure::new(format!("the payload is not {}: {what}", other.display()))
                .help("`image diff` compares what --output writes with it, byte by byte"))
        }
    }
}

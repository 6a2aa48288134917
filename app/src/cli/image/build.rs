//! `stirot-studio image build`: a project's own images, or one of any application with a project's settings and keys or
//! with those given.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use formats::{Align, ImageProfile, ImageSettings, InstallMode, KeyFile, SecurityCounter, Version};
use project::{ImageDescription, ImageOutput, ImageRecipe, KeyName, Project, ProjectError};
use serde_json::{Value, json};

use super::keys::{read_key, stem};
use super::{Profile, number};
use crate::cli::passphrases::PassphraseArguments;
use crate::cli::{Failure, opening, printable, say, say_json, tell};

const EXAMPLES: &str = "\
Examples:
  The images of a project, as its files describe them:
    stirot-studio image build --project DIR
  Another application with a project's settings and keys:
    stirot-studio image build app.elf app_enc_sign.hex --project DIR
  An image that STiRoT installs:
    stirot-studio image build app.bin app_enc_sign.hex --authentication-key auth.pem --encryption-key enc.pem \\
        --slot-size 0x20000 --address 0x90020000
  An application of the second boot stage, with a counter of your own:
    stirot-studio image build app.bin app_enc_sign.hex --profile oemurot --authentication-key auth.pem \\
        --encryption-key enc_pub.pem --version 1.2.0 --security-counter 7 --slot-size 0x200000 --align 4 \\
        --address 0x90200000
  The same without encryption, the whole slot as bytes:
    stirot-studio image build app.bin slot.bin --profile oemurot --authentication-key auth.pem --no-encryption \\
        --slot-size 0x200000

INPUT is plain bytes, ELF or Intel hex. An OUTPUT that ends in .hex is Intel hex, any other the whole slot as bytes. An
earlier image is written over, no other file.";

/// What to build.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Build what this project says, with its keys
    #[arg(long, value_name = "DIR", conflicts_with_all = ["authentication_key", "encryption_key", "no_encryption",
          "slot_size", "address", "header_size", "align", "install", "max_sectors"])]
    project: Option<PathBuf>,
    /// Application as linked: bytes, ELF or Intel hex
    #[arg(required_unless_present = "project", requires = "output")]
    input: Option<PathBuf>,
    /// Image to write
    #[arg(requires = "input")]
    output: Option<PathBuf>,
    /// Which boot stage installs it [default: stirot]
    #[arg(long, value_enum, requires = "input")]
    profile: Option<Profile>,
    /// Private key that signs, PEM
    #[arg(long, value_name = "PEM", required_unless_present = "project")]
    authentication_key: Option<PathBuf>,
    /// Key to encrypt for, PEM; the public half will do
    #[arg(long, value_name = "PEM", required_unless_present_any = ["project", "no_encryption"])]
    encryption_key: Option<PathBuf>,
    /// Leave the application in the clear; not for STiRoT, which takes encrypted images only
    #[arg(long, conflicts_with = "encryption_key")]
    no_encryption: bool,
    /// Version of the application [default: the project's, else 1.0.0]
    #[arg(long, value_parser = version, requires = "input")]
    version: Option<Version>,
    /// Security counter: a number, auto to take it from the version, or none [default: the project's, else auto]
    #[arg(long, value_parser = counter, requires = "input")]
    security_counter: Option<Counter>,
    /// Bytes in front of the application [default: 0x400]
    #[arg(long, value_name = "BYTES", value_parser = header_size)]
    header_size: Option<u16>,
    /// Bytes of the slot
    #[arg(long, short = 'S', value_name = "BYTES", value_parser = number, required_unless_present = "project")]
    slot_size: Option<u32>,
    /// Address of the download slot, for hex
    #[arg(long, short = 'x', value_name = "ADDRESS", value_parser = number)]
    address: Option<u32>,
    /// Write unit of the flash, from which the room at the slot's end follows [default: 16 for stirot, 4 for oemurot]
    #[arg(long, value_name = "BYTES", value_parser = align)]
    align: Option<Align>,
    /// How the second boot stage installs [default: overwrite]
    #[arg(long, value_enum)]
    install: Option<Install>,
    /// Sectors of a slot, for which a swapping boot stage keeps notes [default: 128]
    #[arg(long, short = 'M', value_name = "SECTORS")]
    max_sectors: Option<u32>,
    /// The project's passphrases
    #[command(flatten)]
    passphrases: PassphraseArguments,
    /// Print what was built as JSON
    #[arg(long)]
    json: bool,
}

/// How the second boot stage installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Install {
    /// The new image overwrites the old one
    Overwrite,
    /// Old and new image change places
    Swap,
}

/// A security counter, or that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counter(Option<SecurityCounter>);

fn version(text: &str) -> Result<Version, String> {
    text.parse().map_err(|error: formats::FormatError| error.to_string())
}

fn counter(text: &str) -> Result<Counter, String> {
    match text {
        "none" => Ok(Counter(None)),
        text => {
            text.parse().map(|counter| Counter(Some(counter))).map_err(|error: formats::FormatError| error.to_string())
        }
    }
}

fn header_size(text: &str) -> Result<u16, String> {
    u16::try_from(number(text)?).map_err(|_| "a header has at most 65535 bytes".to_owned())
}

fn align(text: &str) -> Result<Align, String> {
    Align::new(number(text)?).ok_or_else(|| "expected 1, 2, 4, 8, 16 or 32".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (Some(input), Some(output)) = (&arguments.input, &arguments.output) else {
        let Some(folder) = &arguments.project else { return Err(Failure::new("INPUT and OUTPUT are missing")) };
        return build_project(folder, &arguments.passphrases, arguments.json);
    };
    let recipe = match &arguments.project {
        Some(folder) => of_project(folder, arguments)?,
        None if !arguments.passphrases.is_empty() => {
            return Err(Failure::new("--passphrase-from is for a project's keys")
                .help("name the project with --project, or give keys that lie open"));
        }
        None => own(arguments)?,
    };
    let built = recipe.build(input, output)?;
    if arguments.json {
        return say_json(&as_json(&built));
    }
    print(&built);
    Ok(())
}

/// A project's settings and keys, with the version and the counter that were given.
fn of_project(folder: &Path, arguments: &Arguments) -> Result<ImageRecipe, Failure> {
    let project = opening::project_to_build(folder, &arguments.passphrases)?;
    let profile = match arguments.profile {
        Some(profile) => profile.into(),
        None if project.flow().stirot().is_some() => ImageProfile::Stirot,
        None => ImageProfile::Oemurot,
    };
    let mut recipe = ImageRecipe::of_project(&project, profile)?;
    let settings = &mut recipe.settings;
    settings.version = arguments.version.unwrap_or(settings.version);
    settings.security_counter = arguments.security_counter.map_or(settings.security_counter, |counter| counter.0);
    Ok(recipe)
}

fn own(arguments: &Arguments) -> Result<ImageRecipe, Failure> {
    let missing = |what: &str| Failure::new(format!("{what} is missing"));
    let version = arguments.version.unwrap_or(Version { major: 1, minor: 0, revision: 0, build: 0 });
    let slot_size = arguments.slot_size.ok_or_else(|| missing("--slot-size"))?;
    let counter = SecurityCounter::FromVersion;
    let usual = match arguments.profile.unwrap_or(Profile::Stirot) {
        Profile::Stirot => ImageSettings::stirot(version, counter, slot_size),
        Profile::Oemurot => ImageSettings::oemurot(version, counter, slot_size),
    };
    let settings = ImageSettings {
        security_counter: arguments.security_counter.map_or(usual.security_counter, |counter| counter.0),
        header_size: arguments.header_size.unwrap_or(usual.header_size),
        install: install(arguments, usual.install)?,
        align: arguments.align.unwrap_or(usual.align),
        ..usual
    };
    if settings.profile == ImageProfile::Stirot && settings.header_size != usual.header_size {
        return Err(Failure::new(format!("STiRoT takes no header of {:#x} bytes", settings.header_size))
            .help(format!("leave --header-size out, or give {:#x}", usual.header_size)));
    }
    let path = arguments.authentication_key.as_ref().ok_or_else(|| missing("--authentication-key"))?;
    let KeyFile::Private(signing) = read_key(path)? else {
        return Err(
            Failure::new(format!("{} holds a public key", path.display())).help("signing needs the private half")
        );
    };
    let encryption = match &arguments.encryption_key {
        Some(path) => Some((stem(path), read_key(path)?.public())),
        None => None,
    };
    let signing = (stem(path), signing);
    Ok(ImageRecipe { settings, address: arguments.address, code_address: None, signing, encryption })
}

fn install(arguments: &Arguments, usual: InstallMode) -> Result<InstallMode, Failure> {
    match (arguments.install, arguments.max_sectors) {
        (Some(Install::Swap), sectors) => {
            Ok(InstallMode::Swap { sectors: sectors.unwrap_or(InstallMode::DEFAULT_SECTORS) })
        }
        (_, Some(_)) => Err(Failure::new("--max-sectors is for a boot stage that swaps images")
            .help("leave it out, or add --install swap")),
        (Some(Install::Overwrite), None) => Ok(InstallMode::Overwrite),
        (None, None) => Ok(usual),
    }
}

fn build_project(folder: &Path, passphrases: &PassphraseArguments, json: bool) -> Result<(), Failure> {
    let project = opening::project_to_build(folder, passphrases)?;
    let (images, missing) = images_of(&project)?;
    if let Some(missing) = missing {
        if images.is_empty() {
            return Err(missing.into());
        }
        tell(format!("the second boot stage's image was not built: {missing}"));
    }
    if images.is_empty() {
        return Err(Failure::new(format!("the flow “{}” has no image", project.flow()))
            .help("choose a flow that starts with STiRoT or with a boot stage of your own"));
    }
    if json {
        let images: Vec<_> = images.iter().map(|image| as_json(&image.description)).collect();
        return say_json(&json!({ "images": images }));
    }
    for (number, image) in images.iter().enumerate() {
        if number > 0 {
            say("");
        }
        print(&image.description);
    }
    Ok(())
}

/// The images of a project's boot stages, those that were stale built; and why that of the second stage could not be,
/// when its application isn't there yet: STiRoT's is of use without.
pub(in crate::cli) fn images_of(project: &Project) -> Result<(Vec<ImageOutput>, Option<ProjectError>), Failure> {
    let target = project.settings().final_state;
    let mut images = Vec::from_iter(project.image_for(target)?);
    match project.second_stage_image_for(target) {
        Ok(image) => images.extend(image),
        Err(missing @ ProjectError::Application { .. }) => return Ok((images, Some(missing))),
        Err(error) => return Err(error.into()),
    }
    images.extend(project.data_image_for(target)?);
    Ok((images, None))
}

fn print(built: &ImageDescription) {
    for (name, text) in built.rows() {
        say(printable(&format!("{name:<18}{text}")));
    }
}

fn as_json(built: &ImageDescription) -> Value {
    let facts = &built.facts;
    let key =
        |key: &KeyName| json!({ "name": key.name, "fingerprint": key.fingerprint.to_string(), "sample": key.sample() });
    json!({
        "output": built.file.to_string_lossy(),
        "application": built.application.to_string_lossy(),
        "kind": facts.profile.to_string(),
        "version": facts.version.to_string(),
        "security_counter": facts.security_counter,
        "flags": facts.flags.0,
        "payload_bytes": facts.payload_bytes,
        "bytes": facts.image_bytes,
        "trailer_bytes": facts.trailer_bytes,
        "slot_size": facts.slot_size,
        "address": built.address.map(|address| format!("{address:#010x}")),
        "hash": facts.hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        "signed_with": key(&built.signed_with),
        "encrypted_for": built.encrypted_for.as_ref().map(key),
    })
}

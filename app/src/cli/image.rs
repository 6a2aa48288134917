//! `stirot-studio image`: images that STiRoT installs: build, verify, decrypt.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use formats::mcuboot::{Folder, KeyReference};
use formats::{
    CheckName, Expected, ImageFile, ImageProfile, ImageSettings, KeyFile, McubootFormat, Obdata, Outcome, PrivateKey,
    PublicKey, Report, SecurityCounter, Version,
};

use super::output::{self, Output};
use super::passphrases::PassphraseArguments;
use super::{Failure, opening, say, say_json};

/// What to do with an image.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build a project's image, or one from INPUT with settings of your own
    #[command(
        after_help = "Two ways:\n  stirot-studio image build --project DIR\n  stirot-studio image build app.bin \
                            app_enc_sign.hex --authentication-key auth.pem --encryption-key enc.pem --slot-size 0x20000 \
                            --address 0x90020000\nAn OUTPUT that ends in .hex is Intel hex, any other the whole slot as \
                            bytes."
    )]
    Build(Box<Build>),
    /// Check structure, hash, signature, keys and fit, one line each; done only when all that can be asked holds
    Verify {
        /// The image, Intel hex or bytes
        file: PathBuf,
        /// Folder with the keys, PEM; the fitting ones are found by their hash
        #[arg(long, value_name = "DIR")]
        keys: Option<PathBuf>,
        /// Bytes of the slot it shall fit
        #[arg(long, value_name = "BYTES", value_parser = number)]
        slot_size: Option<u32>,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the payload in the clear, with the zeros that fill its last cipher block
    Decrypt {
        /// The image, Intel hex or bytes
        file: PathBuf,
        /// Folder with the key, PEM
        #[arg(long, value_name = "DIR")]
        keys: PathBuf,
        /// File to write
        #[arg(long, short, value_name = "FILE", required_unless_present = "compare")]
        output: Option<PathBuf>,
        /// Compare with the application it was built from
        #[arg(long, value_name = "FILE")]
        compare: Option<PathBuf>,
    },
}

/// What to build.
#[derive(Debug, Args)]
pub struct Build {
    /// Build what this project says, with its keys
    #[arg(long, value_name = "DIR", conflicts_with_all = ["authentication_key", "encryption_key", "slot_size", "address"])]
    project: Option<PathBuf>,
    /// Application, bytes as linked
    #[arg(required_unless_present = "project", requires = "output")]
    input: Option<PathBuf>,
    /// Image to write
    #[arg(requires = "input")]
    output: Option<PathBuf>,
    /// Private key that signs, PEM
    #[arg(long, value_name = "PEM", required_unless_present = "project")]
    authentication_key: Option<PathBuf>,
    /// Key to encrypt for, PEM; the public half will do
    #[arg(long, value_name = "PEM", required_unless_present = "project")]
    encryption_key: Option<PathBuf>,
    /// Version of the application
    #[arg(long, default_value = "1.0.0", value_parser = version)]
    version: Version,
    /// Security counter: a number, or auto to take it from the version
    #[arg(long, default_value = "auto", value_parser = counter)]
    security_counter: SecurityCounter,
    /// Bytes in front of the application
    #[arg(long, default_value = "0x400", value_name = "BYTES", value_parser = number)]
    header_size: u32,
    /// Bytes of the slot
    #[arg(long, value_name = "BYTES", value_parser = number, required_unless_present = "project")]
    slot_size: Option<u32>,
    /// Address of the download slot, for hex
    #[arg(long, value_name = "ADDRESS", value_parser = number)]
    address: Option<u32>,
    /// The project's passphrases
    #[command(flatten)]
    passphrases: PassphraseArguments,
    /// Print what was built as JSON
    #[arg(long)]
    json: bool,
}

fn number(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(&digits.replace('_', ""), 16),
        None => text.parse(),
    };
    parsed.map_err(|_| "a number of 32 bits is expected, such as 131072 or 0x20000".to_owned())
}

fn version(text: &str) -> Result<Version, String> {
    text.parse().map_err(|error: formats::FormatError| error.to_string())
}

fn counter(text: &str) -> Result<SecurityCounter, String> {
    text.parse().map_err(|error: formats::FormatError| error.to_string())
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Build(build) => run_build(&build),
        Command::Verify { file, keys, slot_size, json } => run_verify(&file, keys.as_deref(), slot_size, json),
        Command::Decrypt { file, keys, output, compare } => {
            run_decrypt(&file, &keys, output.as_deref(), compare.as_deref())
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::file("reading", path, error))
}

fn read_image(path: &Path) -> Result<ImageFile, Failure> {
    ImageFile::decode(&read(path)?).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn read_key(path: &Path) -> Result<KeyFile, Failure> {
    KeyFile::from_pem(&read(path)?).map_err(|error| {
        Failure::new(format!("{}: {error}", path.display()))
            .help("a PEM file with a P-256 key without a passphrase is expected")
    })
}

fn run_build(build: &Build) -> Result<(), Failure> {
    if !build.passphrases.is_empty() && (build.project.is_none() || build.input.is_some()) {
        return Err(Failure::new("--passphrase-from is for a project's own image")
            .help("leave INPUT and OUTPUT out and name the project with --project"));
    }
    match (&build.project, &build.input, &build.output) {
        (Some(folder), Some(input), Some(output)) => write_image(&project_recipe(folder)?, input, output, build.json),
        (Some(folder), _, _) => build_project(folder, &build.passphrases, build.json),
        (None, Some(input), Some(output)) => write_image(&own_recipe(build)?, input, output, build.json),
        (None, _, _) => Err(Failure::new("INPUT and OUTPUT are missing")),
    }
}

fn build_project(folder: &Path, passphrases: &PassphraseArguments, json: bool) -> Result<(), Failure> {
    let project = opening::project_to_build(folder, passphrases)?;
    let target = project.settings().final_state;
    let image = project.image_for(target)?.ok_or_else(|| {
        Failure::new(format!("the flow “{}” has no image of STiRoT's", project.flow()))
            .help("choose a flow that starts with STiRoT")
    })?;
    if json {
        return say_json(&serde_json::json!({
            "output": image.path.to_string_lossy(), "version": image.version.to_string(), "security_counter": image.security_counter,
            "address": format!("{:#010x}", image.address), "bytes": image.bytes.len(),
        }));
    }
    say(format!(
        "image {}, counter {:#010x}, {} bytes for {:#010x}, in {}",
        image.version,
        image.security_counter,
        image.bytes.len(),
        image.address,
        image.path.display()
    ));
    Ok(())
}

/// What an image is built with, apart from the application itself.
struct Recipe {
    settings: ImageSettings,
    address: Option<u32>,
    authentication_key: PathBuf,
    encryption_key: PathBuf,
}

fn own_recipe(build: &Build) -> Result<Recipe, Failure> {
    let missing = |what: &str| Failure::new(format!("{what} is missing"));
    let header_size = u16::try_from(build.header_size).map_err(|_| Failure::new("--header-size is above 65535"))?;
    Ok(Recipe {
        settings: ImageSettings {
            profile: ImageProfile::Stirot,
            version: build.version,
            security_counter: build.security_counter,
            header_size,
            slot_size: build.slot_size.ok_or_else(|| missing("--slot-size"))?,
        },
        address: build.address,
        authentication_key: build.authentication_key.clone().ok_or_else(|| missing("--authentication-key"))?,
        encryption_key: build.encryption_key.clone().ok_or_else(|| missing("--encryption-key"))?,
    })
}

/// The settings and keys of a project's image xml and of the configuration xml that it links to.
fn project_recipe(folder: &Path) -> Result<Recipe, Failure> {
    opening::finish_saving(folder)?;
    let flow = project::Settings::load(folder)?.flow;
    let files = flow.stirot().ok_or_else(|| {
        Failure::new(format!("the project's flow is “{flow}”, in which STiRoT starts no image"))
            .help("choose the flow of one or two boot stages")
    })?;
    let path = folder.join(files.image);
    let wrong = |path: &Path, error: formats::FormatError| Failure::new(format!("{}: {error}", path.display()));
    let document = McubootFormat::decode(&read(&path)?).map_err(|error| wrong(&path, error))?;
    let beside = |file: &Path, written: &str| file.parent().unwrap_or(Path::new("")).join(written.replace('\\', "/"));
    let linked_path = document.linked_xml.as_ref().map(|linked| beside(&path, &linked.path));
    let linked = match &linked_path {
        Some(linked) => Some(Obdata::decode(&read(linked)?).map_err(|error| wrong(linked, error))?),
        None => None,
    };
    let sign = document.resolve(linked.as_ref()).map_err(|error| wrong(&path, error))?;
    let settings = sign.stirot().map_err(|error| wrong(&path, error))?;
    let key = |key: &KeyReference| match (key.folder, &linked_path) {
        (Folder::LinkedXml, Some(linked)) => beside(linked, &key.path),
        _ => beside(&path, &key.path),
    };
    let encryption = sign.encryption_key.as_ref();
    let encryption = encryption.ok_or_else(|| Failure::new(format!("{}: no encryption key", path.display())))?;
    Ok(Recipe {
        settings,
        address: sign.address,
        authentication_key: key(&sign.authentication_key),
        encryption_key: key(encryption),
    })
}

fn write_image(recipe: &Recipe, input: &Path, output: &Path, json: bool) -> Result<(), Failure> {
    let KeyFile::Private(signing) = read_key(&recipe.authentication_key)? else {
        return Err(Failure::new(format!("{} holds a public key", recipe.authentication_key.display()))
            .help("signing needs the private half"));
    };
    let encryption = read_key(&recipe.encryption_key)?.public();
    let settings = &recipe.settings;
    let image = formats::build_image(&read(input)?, settings, &signing, &encryption)
        .map_err(|error| Failure::new(format!("{}: {error}", input.display())))?;
    let hex = output.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("hex"));
    let bytes = if hex {
        let address = recipe.address.ok_or_else(|| {
            Failure::new("--address is missing")
                .help("a hex file says where its bytes go; give the download slot's address")
        })?;
        image.to_hex(address).map_err(|error| Failure::new(error.to_string()))?.into_bytes()
    } else {
        image.to_bin()
    };
    output::write(Output::Image, output, &bytes)?;
    let counter = settings.security_counter.number(settings.version);
    if json {
        return say_json(&serde_json::json!({
            "output": output.to_string_lossy(), "version": settings.version.to_string(), "security_counter": counter,
            "bytes": image.bytes().len(), "slot_size": settings.slot_size,
        }));
    }
    say(format!(
        "image {}, counter {counter:#010x}, {} of {} bytes, in {}",
        settings.version,
        image.bytes().len(),
        settings.slot_size,
        output.display()
    ));
    Ok(())
}

/// The keys of a folder: each PEM file that holds one, by its name.
fn keys_of(folder: &Path) -> Result<Vec<(String, KeyFile)>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::file("reading", folder, error))?;
    let mut keys: Vec<(String, KeyFile)> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
        .filter_map(|path| {
            let name = path.file_stem()?.to_string_lossy().into_owned();
            match read_key(&path) {
                Ok(key) => Some((name, key)),
                Err(failure) => {
                    log::warn!("{} is passed over: {failure}", path.display());
                    None
                }
            }
        })
        .collect();
    keys.sort_by(|a, b| a.0.cmp(&b.0));
    if keys.is_empty() {
        return Err(Failure::new(format!("no key was found in {}", folder.display()))
            .help("give the folder that holds the PEM files"));
    }
    Ok(keys)
}

/// The keys that an image names or opens with.
#[derive(Default)]
struct Fitting {
    authentication: Option<(String, PublicKey)>,
    decryption: Option<(String, PrivateKey)>,
}

fn fitting(image: &ImageFile, keys: Vec<(String, KeyFile)>) -> Result<Fitting, formats::FormatError> {
    let stated = formats::verify(image, &Expected::default())?.stated_key_hash;
    let mut found = Fitting::default();
    for (name, key) in keys {
        if stated == Some(key.public().image_key_hash()) && found.authentication.is_none() {
            found.authentication = Some((name.clone(), key.public()));
        }
        if let KeyFile::Private(private) = key
            && found.decryption.is_none()
            && formats::decrypt(image, &private).is_ok()
        {
            found.decryption = Some((name, private));
        }
    }
    Ok(found)
}

fn run_verify(path: &Path, keys: Option<&Path>, slot_size: Option<u32>, json: bool) -> Result<(), Failure> {
    let image = read_image(path)?;
    let damaged = |error: formats::FormatError| Failure::new(format!("{}: {error}", path.display()));
    let found = match keys {
        Some(folder) => fitting(&image, keys_of(folder)?).map_err(damaged)?,
        None => Fitting::default(),
    };
    let expected = Expected {
        authentication: found.authentication.as_ref().map(|(_, key)| key),
        decryption: found.decryption.as_ref().map(|(_, key)| key),
        slot_size: slot_size.or_else(|| slot_of(&image)),
    };
    let report = formats::verify(&image, &expected).map_err(damaged)?;
    if json {
        print_json(&report, &found, &image)?;
    } else {
        print(&report, &found);
    }
    judge(path, &report, keys.is_some())
}

/// The slot's size, where a trailer at its end tells it.
fn slot_of(image: &ImageFile) -> Option<u32> {
    let apart = image.apart.as_ref()?;
    apart.offset.checked_add(u32::try_from(apart.bytes.len()).ok()?)
}

const fn words(outcome: &Outcome) -> (&'static str, &String) {
    match outcome {
        Outcome::Holds(text) => ("holds", text),
        Outcome::Fails(text) => ("FAILS", text),
        Outcome::NotCheckable(text) => ("not checkable", text),
    }
}

fn print(report: &Report, found: &Fitting) {
    let counter = report.security_counter.map_or("none".to_owned(), |counter| format!("{counter:#010x}"));
    say(format!("image {}, counter {counter}, {} bytes", report.header.version, report.image_size));
    for (what, name) in [
        ("signed with", found.authentication.as_ref().map(|(name, _)| name)),
        ("opens with", found.decryption.as_ref().map(|(name, _)| name)),
    ] {
        if let Some(name) = name {
            say(format!("{what} {name}"));
        }
    }
    for check in &report.checks {
        let (word, text) = words(&check.outcome);
        say(format!("{:<22} {word:<14} {text}", check.name.text()));
    }
}

fn print_json(report: &Report, found: &Fitting, image: &ImageFile) -> Result<(), Failure> {
    let checks: Vec<_> = report
        .checks
        .iter()
        .map(|check| {
            let (word, text) = words(&check.outcome);
            serde_json::json!({ "check": check.name.text(), "outcome": word.to_lowercase(), "text": text })
        })
        .collect();
    say_json(&serde_json::json!({
        "version": report.header.version.to_string(),
        "security_counter": report.security_counter,
        "bytes": report.image_size,
        "address": image.address.map(|address| format!("{address:#010x}")),
        "signed_with": found.authentication.as_ref().map(|(name, _)| name),
        "opens_with": found.decryption.as_ref().map(|(name, _)| name),
        "checks": checks,
    }))
}

/// Verified means: nothing fails, and hash and signature were really checked.
fn judge(path: &Path, report: &Report, keys_given: bool) -> Result<(), Failure> {
    if !report.nothing_fails() {
        return Err(Failure::new(format!("{} is not an image that STiRoT would install", path.display()))
            .help("the checks above say what fails"));
    }
    let holds = |name| matches!(report.outcome(name), Some(Outcome::Holds(_)));
    if holds(CheckName::Hash) && holds(CheckName::Signature) {
        return Ok(());
    }
    let help = if keys_given {
        "none of the keys in the folder is the one that signed it, or the one it opens with"
    } else {
        "give the folder with the keys: --keys DIR"
    };
    Err(Failure::new(format!("{} could not be verified: a key is missing", path.display())).help(help))
}

fn run_decrypt(path: &Path, keys: &Path, output: Option<&Path>, compare: Option<&Path>) -> Result<(), Failure> {
    let image = read_image(path)?;
    let wrong = |error: formats::FormatError| Failure::new(format!("{}: {error}", path.display()));
    let found = fitting(&image, keys_of(keys)?).map_err(wrong)?;
    let Some((name, key)) = found.decryption else {
        return Err(Failure::new(format!("no key in {} opens {}", keys.display(), path.display()))
            .help("the private half of the encryption key is needed"));
    };
    let payload = formats::decrypt(&image, &key).map_err(wrong)?;
    say(format!("{} bytes, opened with {name}", payload.len()));
    if let Some(output) = output {
        output::write(Output::Payload, output, &payload)?;
        say(format!("written to {}", output.display()));
    }
    if let Some(other) = compare {
        let fill = same_but_for_fill(&payload, &read(other)?)
            .ok_or_else(|| Failure::new(format!("the payload is not {}", other.display())))?;
        say(format!("equal to {}, and {fill} zeros that fill the last cipher block", other.display()));
    }
    Ok(())
}

/// How many zeros the payload has behind the application's bytes; `None` when it is something else.
fn same_but_for_fill(payload: &[u8], application: &[u8]) -> Option<usize> {
    let fill = payload.strip_prefix(application)?;
    (fill.len() < 16 && fill.iter().all(|byte| *byte == 0)).then_some(fill.len())
}

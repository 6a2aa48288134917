//! `stirot-studio obk`: the objects that the chip stores, from their xml or, for the two without one, by name.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use formats::{FileError, Obdata, ObkFile};

use super::{Failure, say, say_json};

/// What to do with an object.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build an object from its xml; `stirot-data` and `da-lock` are objects that have none
    #[command(
        after_help = "Files that the xml names are looked for from its own folder. An object with a private key or \
                            a password in it is as secret as they are.\nExample: stirot-studio obk build \
                            Config/STiROT_Config.xml --output STiROT_Config.obk"
    )]
    Build {
        /// A configuration xml, or `stirot-data`, or `da-lock`
        #[arg(value_name = "XML|stirot-data|da-lock")]
        source: PathBuf,
        /// File to write (default: NAME.obk in the studio's data folder)
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Print what was built as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    let Command::Build { source, output, json } = command;
    let (name, obk) = match source.to_str() {
        Some("stirot-data") => ("STiROT_Data".to_owned(), ObkFile::stirot_data()),
        Some("da-lock") => ("DA_ConfigLock".to_owned(), ObkFile::da_lock()),
        _ => (stem(&source), from_xml(&source)?),
    };
    let output = match output {
        Some(output) => output,
        None => in_data_folder(&format!("{name}.obk"))?,
    };
    project::atomic::write_secret(&output, &obk.encode()).map_err(|error| Failure::file("writing", &output, error))?;
    let (index, level) = (obk.destination.index(), obk.destination.hdpl());
    if json {
        return say_json(&serde_json::json!({
            "object": name,
            "output": output,
            "destination": format!("{:#010x}", obk.destination.0),
            "hdpl": level,
            "index": index,
            "bytes": obk.body.len(),
            "encrypted": obk.encryption == formats::Encryption::Encrypted,
        }));
    }
    say(format!("{name}: {} bytes for HDPL {level}, index {index}, in {}", obk.body.len(), output.display()));
    Ok(())
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn from_xml(path: &Path) -> Result<ObkFile, Failure> {
    let text = std::fs::read(path).map_err(|error| Failure::file("reading", path, error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let files =
        |written: &str| -> Result<Vec<u8>, FileError> { Ok(std::fs::read(folder.join(written.replace('\\', "/")))?) };
    let built = Obdata::decode(&text).and_then(|document| document.build(&files));
    // These errors say line, field and what to do themselves.
    built.map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// A place for a file when a person named none: never inside a clone.
pub(super) fn in_data_folder(name: &str) -> Result<PathBuf, Failure> {
    let folder = project::data_folder::data_folder().join("made");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::file("making", &folder, error))?;
    Ok(folder.join(name))
}

//! `stirot-studio obk`: the objects that the chip stores, made from their xml or, for those without one, by name; and
//! any object told field by field.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use formats::obk_fields::{HashState, ObkDifference, describe, differences};
use formats::{FileError, Obdata, ObkFile, Secret};

use super::output::{self, Output};
use super::{Failure, opening, say, say_json};

/// What to do with an object.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build an object from its xml; `stirot-data`, `oemurot-data` and `da-lock` are objects that have none
    #[command(
        after_help = "Files that the xml names are looked for from its own folder. An object with a private key or \
                            a password in it is as secret as they are.\nExample: stirot-studio obk build \
                            Config/STiROT_Config.xml --output STiROT_Config.obk"
    )]
    Build {
        /// A configuration xml, or `stirot-data`, `oemurot-data`, `da-lock`
        #[arg(value_name = "XML|NAME")]
        source: PathBuf,
        /// File to write (default: NAME.obk in the studio's data folder)
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Print what was built as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show any object field by field, and what in it differs from a project's
    #[command(after_help = "Private keys and password hashes are not shown, only what they belong to.\nExample: \
                            stirot-studio obk show STiROT_Config.obk --project ROT_Provisioning")]
    Show {
        /// The object
        #[arg(value_name = "OBK")]
        file: PathBuf,
        /// Project to compare it with
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        /// Print everything as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Build { source, output, json } => build(&source, output, json),
        Command::Show { file, project, json } => show(&file, project.as_deref(), json),
    }
}

fn build(source: &Path, output: Option<PathBuf>, json: bool) -> Result<(), Failure> {
    let (name, obk) = match source.to_str() {
        Some("stirot-data") => ("STiROT_Data".to_owned(), ObkFile::stirot_data()),
        Some("oemurot-data") => ("OEMuROT_Data".to_owned(), ObkFile::oemurot_data()),
        Some("da-lock") => ("DA_ConfigLock".to_owned(), ObkFile::da_lock()),
        _ => (stem(source), from_xml(source)?),
    };
    let output = match output {
        Some(output) => output,
        None => in_data_folder(&format!("{name}.obk"))?,
    };
    output::write(Output::Object, &output, &obk.encode())?;
    let (index, level) = (obk.destination.index(), obk.destination.hdpl());
    if json {
        return say_json(&serde_json::json!({
            "object": name,
            "output": output.to_string_lossy(),
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

fn show(file: &Path, project: Option<&Path>, json: bool) -> Result<(), Failure> {
    let bytes = Secret::new(std::fs::read(file).map_err(|error| Failure::file("reading", file, error))?);
    let obk = ObkFile::decode(&bytes).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    let description = describe(&obk);
    let compared = project.map(|folder| compare(folder, &obk)).transpose()?;
    if json {
        let fields = description.fields.iter().map(|field| {
            serde_json::json!({
                "offset": field.offset, "length": field.length, "name": field.name, "value": field.value,
                "meaning": field.meaning, "xml_field": field.xml_field,
            })
        });
        let differences = compared.as_ref().map(|(path, differences)| {
            let differences = differences.iter().map(|other| {
                serde_json::json!({ "field": other.field, "offset": other.offset, "here": other.a, "project": other.b })
            });
            serde_json::json!({ "object": path.to_string_lossy(), "differences": differences.collect::<Vec<_>>() })
        });
        say_json(&serde_json::json!({
            "kind": description.kind.name(),
            "hash": hash_word(description.hash),
            "problems": description.problems,
            "fields": fields.collect::<Vec<_>>(),
            "compared": differences,
        }))?;
    } else {
        say(format!("{} · {} bytes · hash {}", description.kind.name(), bytes.len(), hash_word(description.hash)));
        for field in &description.fields {
            let meaning = field.meaning.as_ref().map_or(String::new(), |meaning| format!("  ({meaning})"));
            say(format!("{:#06x} {:4}  {:44} {}{meaning}", field.offset, field.length, field.name, field.value));
        }
        if let Some((path, differences)) = &compared {
            say(format!("compared with {}: {}", path.display(), counted(differences.len())));
            for other in differences {
                say(format!("{:#06x}       {:44} here {} · project {}", other.offset, other.field, other.a, other.b));
            }
        }
    }
    match description.problems.first() {
        Some(problem) => {
            Err(Failure::new(format!("{}: {problem}", file.display())).help("build it again from its xml"))
        }
        None => Ok(()),
    }
}

fn counted(differences: usize) -> String {
    match differences {
        0 => "the same".to_owned(),
        1 => "1 field differs".to_owned(),
        more => format!("{more} fields differ"),
    }
}

const fn hash_word(hash: HashState) -> &'static str {
    match hash {
        HashState::Holds => "holds",
        HashState::Broken => "broken",
        HashState::None => "none",
    }
}

/// The project's object for the same place, and in what the two differ.
fn compare(folder: &Path, obk: &ObkFile) -> Result<(PathBuf, Vec<ObkDifference>), Failure> {
    let draft = opening::saved_draft(folder)?;
    let assessment = draft.assess(None);
    let theirs = assessment.objects.into_iter().find_map(|view| match view.obk {
        Ok(theirs) if theirs.destination == obk.destination => Some((view.path, theirs)),
        _ => None,
    });
    match theirs {
        Some((path, theirs)) => Ok((path, differences(obk, &theirs))),
        None => Err(Failure::new(format!("the project has no object for {:#010x}", obk.destination.0))
            .help("choose the flow and the final state that the object is for, or check the project")),
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn from_xml(path: &Path) -> Result<ObkFile, Failure> {
    // It may hold a password.
    let text = Secret::new(std::fs::read(path).map_err(|error| Failure::file("reading", path, error))?);
    let folder = path.parent().unwrap_or(Path::new(""));
    let files = |written: &str| -> Result<Secret<Vec<u8>>, FileError> {
        Ok(Secret::new(std::fs::read(folder.join(written.replace('\\', "/")))?))
    };
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

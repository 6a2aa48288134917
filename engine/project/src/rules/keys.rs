//! Rules about keys: their roles, the public file beside a key is its own, no key and no password that everybody has,
//! no protected key in the clear.

use std::fs;
use std::path::Path;

use formats::{ObkFile, Secret, is_sample, is_sample_password};

use super::from_error;
use crate::certificates::{CERTIFICATES, Renewed};
use crate::finding::{FieldEdit, Finding, NewValue, Remedy, Severity};
use crate::key_files;
use crate::keys::{self, KeyInUse, KeyRole, Protection};
use crate::outputs::{ObjectRole, keys_inside};
use crate::project::Project;
use crate::stage::Stage;
use crate::stirot::field;

/// R7 and P6.
pub(super) fn findings(project: &Project) -> Vec<Finding> {
    let mut found = roles(project);
    found.extend(
        project
            .stages()
            .filter_map(|stage| swapped_by_name(project, stage.keys()))
            .filter(|_| !found.iter().any(|finding| finding.severity == Severity::Error))
            .collect::<Vec<_>>(),
    );
    found.extend(public_files(project));
    found.extend(project.keys().flat_map(clear_files));
    found.extend(project.chain_keys().iter().flat_map(clear_files));
    found.extend(project.stages().filter_map(|stage| clear_object(project, stage)));
    found
}

/// R7: what signs and what opens the images of one stage are two keys, and a key stands in the role that it was
/// published for. One key for several stages is legal for ST's tools: worth knowing only.
fn roles(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    let keys: Vec<&KeyInUse> = project.keys().collect();
    for (index, one) in keys.iter().enumerate() {
        for other in keys.iter().skip(index + 1).filter(|other| other.fingerprint == one.fingerprint) {
            let text = format!(
                "the {} key and the {} key are the same one, {}",
                one.role,
                other.role,
                one.fingerprint.short()
            );
            let help = "make a key of its own for each role: a key that is lost or given away then loses one role only";
            let severity = if of_one_stage(project, one, other) { Severity::Error } else { Severity::Warning };
            let finding = Finding { severity, ..at(project, other.role, text, help) };
            found.push(with_new_key(finding, other.role, &project.folder, Some(project)));
        }
    }
    for key in &keys {
        if let Some(published) = is_sample(&key.fingerprint).and_then(role_in_name)
            && published != plain(key.role)
        {
            let text =
                format!("{} was published as {published} key and stands as {} key here", key.path.display(), key.role);
            let finding = at(project, key.role, text, "exchange the two keys' paths");
            let stage = project.stages().find(|stage| stage.keys().into_iter().any(|of| of.role == key.role));
            found.push(match stage {
                Some(stage) => finding.mended_by(exchange(project, stage.keys())),
                None => finding,
            });
        }
    }
    found
}

/// The finding mended by a new key. Of a root that certificates lead back to the whole chain is made anew with it, where
/// the project is at hand: with a new root alone nothing would answer for the board.
pub(super) fn with_new_key(finding: Finding, role: KeyRole, folder: &Path, project: Option<&Project>) -> Finding {
    let made = fs::read_dir(folder.join(CERTIFICATES)).is_ok_and(|mut files| files.next().is_some());
    match role {
        KeyRole::DebugRoot if made => {
            let help = format!(
                "{}; with another root key, all certificates in {CERTIFICATES} have to be made anew",
                finding.help
            );
            let finding = Finding { help, ..finding };
            match project {
                Some(_) => finding.mended_by(Remedy::NewChain(Renewed::Root)),
                None => finding,
            }
        }
        KeyRole::DebugIntermediate | KeyRole::DebugLeaf => {
            finding.mended_by(Remedy::NewChain(Renewed::IntermediateAndLeaf))
        }
        role => finding.mended_by(Remedy::NewKey(role)),
    }
}

fn of_one_stage(project: &Project, one: &KeyInUse, other: &KeyInUse) -> bool {
    project.stages().any(|stage| [one, other].iter().all(|key| stage.keys().iter().any(|of| of.role == key.role)))
}

/// R7: file names that speak of the other role, both at once.
fn swapped_by_name(project: &Project, [authentication, encryption]: [&KeyInUse; 2]) -> Option<Finding> {
    let named = |key: &KeyInUse| key.path.file_name().and_then(|name| role_in_name(&name.to_string_lossy()));
    let swapped =
        named(authentication) == Some(KeyRole::Encryption) && named(encryption) == Some(KeyRole::Authentication);
    swapped.then(|| {
        let text = format!(
            "{} signs and {} decrypts: by their names, authentication and encryption key are swapped",
            authentication.path.display(),
            encryption.path.display()
        );
        let help = "exchange the two paths, or rename the files if their names are what is wrong";
        at(project, authentication.role, text, help).mended_by(exchange(project, [authentication, encryption]))
    })
}

fn at(project: &Project, role: KeyRole, text: String, help: &str) -> Finding {
    Finding::error("R7", project.file_naming(role), Some(role.field()), text, help)
}

/// Lets each of two keys of one stage take the other's place.
pub(crate) fn exchange(project: &Project, [one, other]: [&KeyInUse; 2]) -> Remedy {
    let edit = |role: KeyRole, key: &KeyInUse| FieldEdit {
        file: project.file_naming(role).to_owned(),
        field: role.field().into(),
        value: NewValue::Path(key.path.clone()),
    };
    Remedy::Edit { text: "Exchange them".into(), edits: vec![edit(one.role, other), edit(other.role, one)] }
}

/// The role without the stage.
const fn plain(role: KeyRole) -> KeyRole {
    match role {
        KeyRole::OemAuthentication => KeyRole::Authentication,
        KeyRole::OemEncryption => KeyRole::Encryption,
        other => other,
    }
}

/// The role that a name speaks of, when it speaks of one. A debug root is authentication too, so that its own word
/// comes first.
fn role_in_name(name: &str) -> Option<KeyRole> {
    let name = name.to_ascii_lowercase();
    if name.contains("debug") && !name.contains("root") {
        return None;
    }
    let roles = [
        ("root", KeyRole::DebugRoot),
        ("authentication", KeyRole::Authentication),
        ("encryption", KeyRole::Encryption),
    ];
    roles.into_iter().find(|(word, _)| name.contains(word)).map(|(_, role)| role)
}

/// R7: the public file beside a private key is its other half. ST's tool encrypts with that file.
fn public_files(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    for key in project.keys().chain(&project.chain_keys()) {
        let Some(path) = keys::public_neighbour(&key.path) else { continue };
        match project.sources.public_key(key.role, &path) {
            Ok(public) if public.fingerprint() == key.fingerprint => {}
            Ok(public) => {
                let text = format!(
                    "it is the public half of {}, not of {} beside it, which is {}",
                    public.fingerprint().short(),
                    key.path.display(),
                    key.fingerprint.short()
                );
                let help =
                    "derive it again (`openssl pkey -in KEY.pem -pubout -out KEY_pub.pem`), or put the right key there";
                found.push(Finding::error("R7", &path, None, text, help));
            }
            Err(problem) => found.push(from_error("R7", &path, None, &problem)),
        }
    }
    found
}

/// P6: beside a protected key lies the same one in the clear: the version that was protected, or an export for ST's
/// tools, `X_clear.pem` beside `X.pem`.
fn clear_files(key: &KeyInUse) -> Vec<Finding> {
    if key.protection == Protection::Clear {
        return Vec::new();
    }
    let stem = key.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let export = stem.map(|stem| key.path.with_file_name(format!("{stem}_clear.pem")));
    let files = export.iter().chain([&key.path]).filter_map(|path| key_files::versions(path).ok()).flatten();
    let same = files.filter(|version| {
        version.protection == key_files::Protection::Clear && version.fingerprint == Some(key.fingerprint)
    });
    let finding = |version: key_files::KeyVersion| {
        let text = format!(
            "it is the {} key in the clear, and the one in use, {}, is protected",
            key.role,
            key.path.file_name().unwrap_or(key.path.as_os_str()).display()
        );
        let help = "remove it, or keep it where nobody else reads: whoever has it needs no passphrase";
        Finding::warning("P6", &version.path, None, text, help)
    };
    same.map(finding).collect()
}

/// P6: an object on the disk holds, in the clear, a key whose own file is protected.
fn clear_object(project: &Project, stage: &Stage) -> Option<Finding> {
    let key = &stage.encryption;
    if key.protection == Protection::Clear {
        return None;
    }
    let path = project.place_output(stage.configuration.output().ok()?);
    let obk = ObkFile::decode(&fs::read(&path).map(Secret::new).ok()?).ok()?;
    let role = if key.role == KeyRole::Encryption { ObjectRole::StirotConfig } else { ObjectRole::OemConfig };
    let (_, inside) = keys_inside(role, &obk).ok()?;
    (inside.public().fingerprint() == key.fingerprint).then(|| {
        let text = format!("it holds the {} key in the clear, and the key's own file is protected", key.role);
        let help = "remove it: while the key is protected, the object is made in memory only";
        Finding::warning("P6", &path, None, text, help)
    })
}

/// R22.
pub(super) fn samples(project: &Project) -> Vec<Finding> {
    let sample = |key: crate::keys::SampleKey| {
        let text = format!("the {} key is {}, which everybody has", key.role, key.name);
        let help = "for a product, make keys of your own and keep them";
        let finding = Finding::warning("R22", project.file_naming(key.role), Some(key.role.field()), text, help);
        with_new_key(finding, key.role, &project.folder, Some(project))
    };
    let mut found: Vec<_> = project.sample_keys().into_iter().map(sample).collect();
    found.extend(sample_password(project));
    found
}

/// R22, for the password of a regression.
fn sample_password(project: &Project) -> Option<Finding> {
    let file = project.debug_authentication.as_ref()?;
    let public = match &file.document.field(field::PASSWORD)?.value {
        formats::obdata::Value::Password(password) => is_sample_password(password),
        _ => false,
    };
    public.then(|| {
        let text = "the password is one that stands in published files, which everybody has";
        let help = "choose another one; it is the only way back from CLOSED";
        Finding::warning("R22", &file.path, Some(field::PASSWORD), text, help)
    })
}

//! How commands open a project: as the disk has it, never with the window's unsaved edits. What a saving left that was
//! cut off is finished and told.

use std::path::Path;

use clap::ValueEnum;
use project::credentials::{INTERMEDIATE_KEY_FILE, LEAF_KEY_FILE};
use project::saving;
use project::{Credential, Disk, Draft, KeyRole, Project, ProjectError, Protection, key_files};

use super::keys::RoleArgument;
use super::passphrases::{PassphraseArguments, Passphrases};
use super::{Failure, tell};

/// A project's files as they are saved.
pub(super) fn saved_draft(folder: &Path) -> Result<Draft, Failure> {
    let draft = Draft::open_saved(folder)?;
    draft.recovered().told().into_iter().for_each(tell);
    Ok(draft)
}

/// Finishes what a saving left that was cut off.
pub(super) fn finish_saving(folder: &Path) -> Result<(), Failure> {
    let recovered =
        saving::recover(&Disk::real(), folder).map_err(|source| ProjectError::Saving { source: Box::new(source) })?;
    recovered.told().into_iter().for_each(tell);
    Ok(())
}

/// A project to build or provision, with the protected keys open that building needs. Of the debug root that is the
/// public half, so that it is opened only where it has none beside it, or where its passphrase was given by name.
pub(super) fn project_to_build(folder: &Path, passphrases: &PassphraseArguments) -> Result<Project, Failure> {
    if passphrases.is_empty() {
        finish_saving(folder)?;
        return Ok(Project::open(folder)?);
    }
    let mut draft = saved_draft(folder)?;
    unlock(&mut draft, passphrases)?;
    Ok(draft.project()?)
}

/// Opens the protected keys that building needs.
pub(super) fn unlock(draft: &mut Draft, passphrases: &PassphraseArguments) -> Result<(), Failure> {
    let passphrases = passphrases.read()?;
    let root_in_use = draft.settings().debug_authentication == Credential::Certificate;
    for role in RoleArgument::value_variants().iter().map(|role| KeyRole::from(*role)) {
        if !role.is_named() {
            unlock_of_chain(draft, role, &passphrases)?;
            continue;
        }
        let named = passphrases.names(role);
        let Some((_, path)) = draft.key_place(role) else {
            if named {
                return Err(no_such_key(role));
            }
            continue;
        };
        let (protection, public_half) = key_files::look(&path);
        let needed = match role {
            KeyRole::DebugRoot => named || (root_in_use && public_half.is_none()),
            _ => true,
        };
        if needed
            && protection == key_files::Protection::Passphrase
            && let Some(passphrase) = passphrases.of(role)
        {
            draft.unlock(role, &path, passphrase)?;
        }
    }
    unlock_leaf(draft, &passphrases)
}

/// Opens the leaf key, which answers for the board. No field names it: the chain does.
fn unlock_leaf(draft: &mut Draft, passphrases: &Passphrases) -> Result<(), Failure> {
    // What keeps the draft from being a project is told when it is made one.
    let Ok(project) = draft.project() else { return Ok(()) };
    for key in project.chain_keys() {
        if key.role == KeyRole::DebugLeaf
            && key.protection == Protection::Locked
            && let Some(passphrase) = passphrases.of(key.role)
        {
            draft.unlock(key.role, &key.path, passphrase)?;
        }
    }
    Ok(())
}

/// Opens a key of the chain below its root, which building doesn't need: where the passphrase of all keys doesn't open it,
/// it stays locked.
fn unlock_of_chain(draft: &mut Draft, role: KeyRole, passphrases: &Passphrases) -> Result<(), Failure> {
    let file = if role == KeyRole::DebugLeaf { LEAF_KEY_FILE } else { INTERMEDIATE_KEY_FILE };
    let path = draft.folder().join(file);
    if let Some(passphrase) = passphrases.of(role)
        && key_files::look(&path).0 == key_files::Protection::Passphrase
    {
        match draft.unlock(role, &path, passphrase) {
            Err(error) if passphrases.names(role) => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The project's flow has no key of this role.
pub(super) fn no_such_key(role: KeyRole) -> Failure {
    if role.is_named() {
        return Failure::new(format!("the project's flow has no {role} key")).help("choose a role that it has");
    }
    Failure::new(format!("no configuration names a {role} key")).help(
        "its place is ST's, and it is made with its certificate: stirot-studio keys renew, with --protect-with for a \
               passphrase",
    )
}

//! How commands open a project: as the disk has it, never with the window's unsaved edits. What a saving left that was
//! cut off is finished and told.

use std::path::Path;

use clap::ValueEnum;
use project::saving;
use project::{Credential, Disk, Draft, KeyRole, Project, ProjectError, key_files};

use super::keys::RoleArgument;
use super::passphrases::PassphraseArguments;
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
    Ok(())
}

/// The project's flow has no key of this role.
pub(super) fn no_such_key(role: KeyRole) -> Failure {
    Failure::new(format!("the project's flow has no {role} key")).help("choose a role that it has")
}

//! The intents about the project's files in the table of commands: text, tooltip, and when they are possible.

use project::Remedy;

use super::{Refusal, quiet_project};
use crate::model::Model;
use crate::model::configuration::ConfigurationIntent;
use crate::model::editing::Editing;

/// What stands on the button of an intent that has one of its own; the others are named by the views.
pub(super) const fn text(intent: &ConfigurationIntent) -> &'static str {
    match intent {
        ConfigurationIntent::Save => "Save project",
        ConfigurationIntent::Undo => "Undo edit",
        ConfigurationIntent::Redo => "Redo edit",
        ConfigurationIntent::BuildOutputs => "Build outputs",
        ConfigurationIntent::ShowStages => "Show boot stages",
        ConfigurationIntent::UseSetting(_) => "Use this setting",
        ConfigurationIntent::MendChain => "Mend what doesn't belong together",
        ConfigurationIntent::ComputeLoaderNumbers => "Take the iLoader's own numbers",
        _ => "Edit project",
    }
}

/// What it does, in a sentence.
pub(super) const fn tooltip(intent: &ConfigurationIntent) -> &'static str {
    match intent {
        ConfigurationIntent::ShowStages => "How many stages boot, which runs where, and what the board does now",
        ConfigurationIntent::Save => "Write every edited file, all or none",
        ConfigurationIntent::Undo => "Take the last edit back",
        ConfigurationIntent::Redo => "Do the edit again that was taken back",
        ConfigurationIntent::BuildOutputs => "Objects and image, where they are stale or missing",
        ConfigurationIntent::MendChain => "Take the step that mends the first broken link",
        ConfigurationIntent::ComputeLoaderNumbers => "Size and offset from the binary itself, as one edit",
        _ => "Changes nothing on the disk until it is saved",
    }
}

/// Whether the project can be edited now, and the intent means something.
pub(super) fn enabled(intent: &ConfigurationIntent, model: &Model) -> Result<(), Refusal> {
    let Some(editing) = &model.editing else { return Err("no project is open".into()) };
    let looks = matches!(
        intent,
        ConfigurationIntent::Select(_)
            | ConfigurationIntent::ShowDocument(_)
            | ConfigurationIntent::ShowStages
            | ConfigurationIntent::ChooseSetting(_)
            | ConfigurationIntent::CopyText(_)
    );
    if looks {
        return Ok(());
    }
    quiet_project(model)?;
    let sheet = &editing.configuration;
    match intent {
        ConfigurationIntent::Save => sheet.save.clone().map_err(Refusal::from),
        ConfigurationIntent::BuildOutputs => sheet.build.clone().map_err(Refusal::from),
        ConfigurationIntent::UseSetting(_) => {
            sheet.stages.as_ref().map_or(Ok(()), |stages| stages.change.clone()).map_err(Refusal::from)
        }
        ConfigurationIntent::Undo if sheet.can_undo.is_none() => Err("there is nothing to take back".into()),
        ConfigurationIntent::Redo if sheet.can_redo.is_none() => Err("nothing was taken back".into()),
        ConfigurationIntent::Mend(index) => {
            let finding = editing.found.assessment.findings.get(*index);
            can_mend(editing, finding.and_then(|finding| finding.remedy.as_ref()))
        }
        ConfigurationIntent::MendChain => match editing.found.assessment.belonging.first_broken() {
            Some(broken) => can_mend(editing, broken.remedy.as_ref()),
            None => Err("nothing is broken".into()),
        },
        ConfigurationIntent::ComputeLoaderNumbers => {
            sheet.loader_numbers.as_ref().map(|_| ()).map_err(|why| Refusal::from(why.clone()))
        }
        _ => Ok(()),
    }
}

/// Building is no different from its own button; every other remedy is an edit, a new key, or reading again.
fn can_mend(editing: &Editing, remedy: Option<&Remedy>) -> Result<(), Refusal> {
    match remedy {
        Some(Remedy::Build) => editing.configuration.build.clone().map_err(Refusal::from),
        Some(Remedy::NewChain(_)) if editing.configuration.unsaved > 0 => {
            Err("edits of the project aren't saved; save them first".into())
        }
        Some(_) => Ok(()),
        None => Err("only a person can mend this".into()),
    }
}

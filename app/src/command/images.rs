//! The intents of the Images view in the table of commands: text, tooltip, shortcut, and when they are possible.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::{CTRL, Refusal};
use crate::model::images::{Ask, BuildFile, CompareWith, Direction, ImagesIntent, InTheClear, Offer, Shown, Side};
use crate::model::{JobKind, Model};

/// What stands on the button.
pub(super) const fn text(intent: &ImagesIntent) -> &'static str {
    match intent {
        ImagesIntent::ChooseFile => "Open a file…",
        ImagesIntent::OpenFile(_) => "Open file",
        ImagesIntent::CloseFile => "Close file",
        ImagesIntent::ShowImage(_) => "Look at this image",
        ImagesIntent::Select(_) | ImagesIntent::Reveal(_) | ImagesIntent::PickPart(_) => "Select bytes",
        ImagesIntent::Ask(Ask::Place) => "Go to offset or address…",
        ImagesIntent::Ask(Ask::Pattern) => "Find bytes or text…",
        ImagesIntent::GoTo(_) => "Go to",
        ImagesIntent::Search(..) => "Find",
        ImagesIntent::SearchAgain(Direction::Next) => "Find next",
        ImagesIntent::SearchAgain(Direction::Previous) => "Find previous",
        ImagesIntent::CopyHex => "Copy bytes as hexadecimal",
        ImagesIntent::CopyAsText => "Copy bytes as text",
        ImagesIntent::Show(Shown::Stored) => "Show bytes as stored",
        ImagesIntent::Show(Shown::Decrypted) => "Show payload decrypted",
        ImagesIntent::ShowSide(Side::Checks) => "Show checklist",
        ImagesIntent::ShowSide(Side::Comparison) => "Compare…",
        ImagesIntent::ShowSide(Side::Decrypt) => "Decrypt…",
        ImagesIntent::ShowSide(Side::Build) => "Build image…",
        ImagesIntent::Compare(CompareWith::ProjectInput) => "Compare with the project's application",
        ImagesIntent::Compare(CompareWith::ProjectImage) => "Compare with the project's image",
        ImagesIntent::Compare(CompareWith::File(_)) => "Compare",
        ImagesIntent::ChooseComparison => "Compare with a file…",
        ImagesIntent::CloseComparison => "Close comparison",
        ImagesIntent::Difference(Direction::Next) => "Next difference",
        ImagesIntent::Difference(Direction::Previous) => "Previous difference",
        ImagesIntent::ChooseClearTarget(InTheClear::Payload) => "Save payload in the clear…",
        ImagesIntent::ChooseClearTarget(InTheClear::Image) => "Save image in the clear…",
        ImagesIntent::SaveInTheClear(..) => "Save in the clear",
        ImagesIntent::ChooseKey => "Give a key…",
        ImagesIntent::ForgetKeys => "Forget given keys",
        ImagesIntent::GiveProtected(_) => "Open key",
        ImagesIntent::Build => "Build image",
        ImagesIntent::ChooseBuildFile(BuildFile::Application) => "Build from a file…",
        ImagesIntent::ChooseBuildFile(BuildFile::Image) => "Save image as…",
        ImagesIntent::NameBuildFile(..) => "Name file",
        ImagesIntent::ChooseBuildStage(_) => "Choose boot stage",
        ImagesIntent::BuildFromOpened => "Build an image from it",
        ImagesIntent::BuildFrom => "Build from file",
        ImagesIntent::TryOnBoard => "Show it on a virtual board",
        ImagesIntent::CancelTrial => "Stop the virtual board",
    }
}

/// What it does, in a sentence.
pub(super) const fn tooltip(intent: &ImagesIntent) -> &'static str {
    match intent {
        ImagesIntent::ChooseFile | ImagesIntent::OpenFile(_) => {
            "Any file: image, hex, binary, ELF, object, key, certificate, dump; a drop does the same"
        }
        ImagesIntent::CloseFile => "Back to the beginning; the file stays as it is",
        ImagesIntent::ShowImage(_) => "Check this image of the file",
        ImagesIntent::Select(_) | ImagesIntent::Reveal(_) | ImagesIntent::PickPart(_) => "Show what the bytes mean",
        ImagesIntent::Ask(Ask::Place) | ImagesIntent::GoTo(_) => {
            "A hexadecimal offset, or an address where the file has addresses"
        }
        ImagesIntent::Ask(Ask::Pattern) | ImagesIntent::Search(..) => "From the cursor on, and around to it again",
        ImagesIntent::SearchAgain(_) => "The same again, from the cursor on",
        ImagesIntent::CopyHex => "The selected bytes to the clipboard, as hexadecimal digits",
        ImagesIntent::CopyAsText => "The selected bytes to the clipboard, as text",
        ImagesIntent::Show(Shown::Stored) => "What stands in the file",
        ImagesIntent::Show(Shown::Decrypted) => "With a key that opens it; in memory only",
        ImagesIntent::ShowSide(Side::Checks) => "Whether it will boot, check by check",
        ImagesIntent::ShowSide(Side::Comparison) => "With the application it was built from, or with another image",
        ImagesIntent::ShowSide(Side::Decrypt) => "Show the payload in the clear, or save it",
        ImagesIntent::ShowSide(Side::Build) => "From the project's application, with the project's keys",
        ImagesIntent::Compare(_) | ImagesIntent::ChooseComparison => "Field by field and byte by byte",
        ImagesIntent::CloseComparison => "Put the differences away",
        ImagesIntent::Difference(_) => "Select the stretch of bytes that differs",
        ImagesIntent::ChooseClearTarget(_) | ImagesIntent::SaveInTheClear(..) => {
            "Into a file that you choose; whoever has it can read the firmware"
        }
        ImagesIntent::ChooseKey => "Checks signatures and opens payloads with it, until the studio is closed",
        ImagesIntent::ForgetKeys => "The project's own keys stay",
        ImagesIntent::GiveProtected(_) => "In memory only, until the studio is closed; the file stays as it is",
        ImagesIntent::ChooseBuildFile(BuildFile::Application) => {
            "An image of any application (binary, hex or ELF) with the project's settings and keys"
        }
        ImagesIntent::ChooseBuildFile(BuildFile::Image) => "Intel hex when the name ends in .hex, else the whole slot",
        ImagesIntent::NameBuildFile(..) => "The file to build from, or the one to write",
        ImagesIntent::ChooseBuildStage(_) => "Which boot stage installs the image",
        ImagesIntent::BuildFromOpened => "With the open project's settings and keys",
        ImagesIntent::BuildFrom => "An earlier image is written over, no other file; then it is opened",
        ImagesIntent::Build => "Build what is stale of the project's outputs, then open its image",
        ImagesIntent::TryOnBoard => "A virtual board of its own, provisioned, with this image in its download slot",
        ImagesIntent::CancelTrial => "The board is thrown away",
    }
}

/// Its shortcut.
pub(super) const fn shortcut(intent: &ImagesIntent) -> Option<KeyboardShortcut> {
    let shift = Modifiers::SHIFT;
    Some(match intent {
        ImagesIntent::ChooseFile => KeyboardShortcut::new(CTRL.plus(shift), Key::O),
        ImagesIntent::CloseFile => KeyboardShortcut::new(CTRL, Key::W),
        ImagesIntent::Ask(Ask::Place) => KeyboardShortcut::new(CTRL, Key::G),
        ImagesIntent::Ask(Ask::Pattern) => KeyboardShortcut::new(CTRL, Key::F),
        ImagesIntent::SearchAgain(Direction::Next) => KeyboardShortcut::new(Modifiers::NONE, Key::F3),
        ImagesIntent::SearchAgain(Direction::Previous) => KeyboardShortcut::new(shift, Key::F3),
        ImagesIntent::Difference(Direction::Next) => KeyboardShortcut::new(Modifiers::NONE, Key::F4),
        ImagesIntent::Difference(Direction::Previous) => KeyboardShortcut::new(shift, Key::F4),
        _ => return None,
    })
}

/// Whether it can be given now.
pub(super) fn enabled(intent: &ImagesIntent, model: &Model) -> Result<(), Refusal> {
    let images = &model.images;
    match intent {
        ImagesIntent::ChooseFile | ImagesIntent::ChooseKey => no_dialog(model),
        ImagesIntent::OpenFile(_) | ImagesIntent::ShowSide(Side::Checks) => Ok(()),
        ImagesIntent::CloseFile if model.object_file.is_some() => Ok(()),
        ImagesIntent::ForgetKeys if images.given.is_empty() => Err("no key was given".into()),
        ImagesIntent::ForgetKeys => Ok(()),
        ImagesIntent::ShowSide(Side::Build) | ImagesIntent::Build => can_build(model),
        ImagesIntent::NameBuildFile(..) | ImagesIntent::ChooseBuildStage(_) => Ok(()),
        ImagesIntent::ChooseBuildFile(_) => {
            can_build(model)?;
            no_dialog(model)
        }
        ImagesIntent::BuildFrom => {
            can_build(model)?;
            match &images.from_file {
                files if files.application.trim().is_empty() => Err("name the application first".into()),
                files if files.image.trim().is_empty() => Err("name the image to write first".into()),
                _ if model.runs(JobKind::Image) => Err("a file is being opened".into()),
                _ => Ok(()),
            }
        }
        ImagesIntent::CancelTrial => match &images.trial {
            Some(trial) if trial.ended.is_none() => Ok(()),
            _ => Err("no virtual board runs for an image".into()),
        },
        _ if images.file.is_none() => Err("no file is open in Images".into()),
        ImagesIntent::GiveProtected(_) if offers(model) != Some(Offer::Passphrase) => {
            Err("no key under a passphrase is open in Images".into())
        }
        ImagesIntent::BuildFromOpened if offers(model) == Some(Offer::Build) => can_build(model),
        ImagesIntent::BuildFromOpened => Err("the open file is no application".into()),
        ImagesIntent::Ask(_) | ImagesIntent::GoTo(_) | ImagesIntent::Search(..) if no_bytes(model) => {
            Err("the file shows no bytes".into())
        }
        ImagesIntent::SearchAgain(_) if images.searched.is_none() => Err("nothing was looked for yet".into()),
        ImagesIntent::Search(..) | ImagesIntent::SearchAgain(_) if model.runs(JobKind::Search) => {
            Err("a search goes on".into())
        }
        ImagesIntent::CopyHex | ImagesIntent::CopyAsText if images.selected.is_none() => {
            Err("no bytes are selected".into())
        }
        ImagesIntent::Show(Shown::Decrypted) | ImagesIntent::ShowSide(Side::Decrypt) => opens(model),
        ImagesIntent::ChooseClearTarget(_) => {
            opens(model)?;
            no_dialog(model)
        }
        ImagesIntent::SaveInTheClear(..) => opens(model),
        ImagesIntent::Compare(with) => {
            comparable(model)?;
            match with {
                CompareWith::ProjectInput | CompareWith::ProjectImage if model.editing.is_none() => {
                    Err("no project is open".into())
                }
                _ => Ok(()),
            }
        }
        ImagesIntent::ChooseComparison => {
            comparable(model)?;
            no_dialog(model)
        }
        ImagesIntent::CloseComparison if images.comparison.is_none() => Err("nothing was compared".into()),
        ImagesIntent::Difference(_) => match &images.comparison {
            Some(comparison) if !comparison.runs.is_empty() => Ok(()),
            Some(_) => Err("nothing differs".into()),
            None => Err("nothing was compared".into()),
        },
        ImagesIntent::TryOnBoard => can_try(model),
        _ => Ok(()),
    }
}

fn no_dialog(model: &Model) -> Result<(), Refusal> {
    if model.runs(JobKind::Dialog) { Err("a file dialog is open already".into()) } else { Ok(()) }
}

fn offers(model: &Model) -> Option<Offer> {
    model.images.file.as_ref().map(|file| file.offer)
}

fn no_bytes(model: &Model) -> bool {
    model.images.view().is_none_or(|view| view.is_empty())
}

fn comparable(model: &Model) -> Result<(), Refusal> {
    if no_bytes(model) {
        return Err("the file shows no bytes".into());
    }
    if model.runs(JobKind::Compare) { Err("a comparison goes on".into()) } else { Ok(()) }
}

/// Whether a key at hand opens the image that is looked at.
fn opens(model: &Model) -> Result<(), Refusal> {
    let Some(image) = model.images.image() else { return Err("there is no image in this file".into()) };
    match &image.judged {
        None => Err("the image is still being checked".into()),
        Some(judged) if judged.opens_with.is_some() => Ok(()),
        Some(_) => Err("no key at hand opens this image, or its payload isn't encrypted".into()),
    }
}

fn can_build(model: &Model) -> Result<(), Refusal> {
    let Some(editing) = &model.editing else { return Err("no project is open".into()) };
    super::quiet_project(model)?;
    if editing.configuration.unsaved > 0 {
        return Err("edits of the project aren't saved; save them first".into());
    }
    Ok(())
}

fn can_try(model: &Model) -> Result<(), Refusal> {
    if model.runs(JobKind::Trial) {
        return Err("a virtual board runs for an image already".into());
    }
    let Some(image) = model.images.image() else { return Err("there is no image in this file".into()) };
    image.tryable.clone().map_err(Refusal::from)?;
    if model.editing.is_none() {
        return Err("no project is open to provision the board with".into());
    }
    Ok(())
}

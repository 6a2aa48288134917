//! The intents of the Boot lab in the table of commands: text, tooltip, shortcut, and when they are possible.

use egui::{Key, KeyboardShortcut, Modifiers};
use project::Flow;
use provision::lab::{Cut, InstalledSpot, Judge, OtherKey, Spot, Tamper};

use super::{Refusal, quiet_board};
use crate::model::Model;
use crate::model::boot_lab::{LabIntent, Obstacle, Scenario};
use crate::update::fits;

/// What stands on the button.
pub(super) const fn text(intent: &LabIntent) -> &'static str {
    match intent {
        LabIntent::Choose(Scenario::Boot) => "Boot what is installed",
        LabIntent::Choose(Scenario::UpdateApplication) => "Update the application",
        LabIntent::Choose(Scenario::UpdateSecondStage) => "Update OEMuRoT",
        LabIntent::Tamper(tamper) => tamper_text(*tamper),
        LabIntent::Run => "Reset and run",
        LabIntent::Step => "Step",
        LabIntent::Pick(_) => "Look at this moment",
        LabIntent::RunAll => "Run all cases",
        LabIntent::Cancel => "Stop lab",
    }
}

const fn tamper_text(tamper: Tamper) -> &'static str {
    match tamper {
        Tamper::None => "No tampering",
        Tamper::FlipBit { spot } => match spot {
            Spot::Magic => "Flip a bit of the magic",
            Spot::Header => "Flip a bit of the header",
            Spot::Payload => "Flip a bit of the payload",
            Spot::ProtectedTlv => "Flip a bit of the security counter",
            Spot::Hash => "Flip a bit of the hash",
            Spot::KeyHash => "Flip a bit of the key hash",
            Spot::Signature => "Flip a bit of the signature",
            Spot::WrappedKey => "Flip a bit of the wrapped key",
            Spot::Chosen { .. } => "Flip a chosen bit",
        },
        Tamper::OtherKey { key: OtherKey::Signer } => "Sign with another key",
        Tamper::OtherKey { key: OtherKey::Recipient } => "Encrypt for another key",
        Tamper::OlderVersion => "Offer an older version",
        Tamper::SwapSlots => "Swap the slots",
        Tamper::Installed { judge: Judge::Stirot, spot } => match spot {
            InstalledSpot::Magic => "Damage what STiRoT installed: first block",
            InstalledSpot::Header => "Damage what STiRoT installed: header",
            InstalledSpot::Payload => "Damage what STiRoT installed: payload",
        },
        Tamper::Installed { judge: Judge::Oemurot, spot } => match spot {
            InstalledSpot::Magic => "Damage what OEMuRoT installed: first block",
            InstalledSpot::Header => "Damage what OEMuRoT installed: header",
            InstalledSpot::Payload => "Damage what OEMuRoT installed: payload",
        },
        Tamper::CutPower { cut: Cut::Between, .. } => "Cut power before a write",
        Tamper::CutPower { cut: Cut::Inside, .. } => "Cut power inside a write",
    }
}

/// What it does, in a sentence.
pub(super) const fn tooltip(intent: &LabIntent) -> &'static str {
    match intent {
        LabIntent::Choose(_) => "What the copy of the board meets after its reset",
        LabIntent::Tamper(Tamper::None) => "The image as the project makes it, and the supply stays",
        LabIntent::Tamper(Tamper::FlipBit { .. }) => "One bit of the new image is the other way",
        LabIntent::Tamper(Tamper::OtherKey { .. }) => "The new image is whole, its key isn't the configured one",
        LabIntent::Tamper(Tamper::Installed { .. }) => {
            "One bit of what is installed is the other way; a cipher block changes"
        }
        LabIntent::Tamper(Tamper::OlderVersion) => "A good image with a security counter below the stored one",
        LabIntent::Tamper(Tamper::SwapSlots) => "Installation and download slot hold each other's content",
        LabIntent::Tamper(Tamper::CutPower { .. }) => "The supply goes away at this write and comes back",
        LabIntent::Run => "Copies the board, resets the copy and tells what it does; the board stays as it is",
        LabIntent::Step => "Shows the story check by check, from its beginning",
        LabIntent::Pick(_) => "What was checked here, what it saw, what was decided",
        LabIntent::RunAll => "Every scenario with every tampering, each on a fresh copy",
        LabIntent::Cancel => "Stop at once; only copies are at work",
    }
}

/// Its shortcut.
pub(super) const fn shortcut(intent: &LabIntent) -> Option<KeyboardShortcut> {
    Some(match intent {
        LabIntent::Run => KeyboardShortcut::new(Modifiers::NONE, Key::F11),
        LabIntent::Step => KeyboardShortcut::new(Modifiers::NONE, Key::F12),
        _ => return None,
    })
}

/// Whether it can be given now.
pub(super) fn enabled(intent: &LabIntent, model: &Model) -> Result<(), Refusal> {
    let quiet = || match model.lab.running {
        Some(_) => Err("the lab is at work; stop it first".into()),
        None => Ok(()),
    };
    match intent {
        LabIntent::Pick(_) => Ok(()),
        LabIntent::Choose(Scenario::UpdateSecondStage) if !has_second_stage(model) => {
            Err("the project has one boot stage".into())
        }
        LabIntent::Tamper(Tamper::Installed { judge: Judge::Oemurot, .. }) if !has_second_stage(model) => {
            Err("the project has one boot stage".into())
        }
        LabIntent::Tamper(tamper) if !fits(model.lab.scenario, *tamper) => {
            Err("a boot brings no new image; choose an update first".into())
        }
        LabIntent::Choose(_) | LabIntent::Tamper(_) => quiet(),
        LabIntent::Step if model.lab.story.is_some() => quiet(),
        LabIntent::Run | LabIntent::Step | LabIntent::RunAll => {
            quiet()?;
            match Obstacle::of(model) {
                Some(obstacle) => Err(obstacle.reason().into()),
                None => quiet_board(model),
            }
        }
        LabIntent::Cancel => match (model.lab.running, model.lab.stopping) {
            (Some(_), false) => Ok(()),
            (Some(_), true) => Err("stopping".into()),
            (None, _) => Err("the lab isn't at work".into()),
        },
    }
}

/// Whether the open project has two boot stages.
fn has_second_stage(model: &Model) -> bool {
    model.project.as_ref().is_some_and(|project| project.flow == Flow::StirotOemurot)
}

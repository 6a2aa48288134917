//! What a boot stage decided about the bytes in its download slot, read from the words that it leaves in the trace. On a
//! real board there is no such trace: the banner alone says what boots.

use std::fmt;

use formats::ImageProfile;
use serde::{Deserialize, Serialize};

use crate::bench::VirtualBoard;
use crate::trial::{Decision, Sighting, TriedBy, refusal_text};

/// A boot stage that judges images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootStageName {
    /// ST's immutable root of trust.
    Stirot,
    /// The updatable second stage.
    Oemurot,
}

impl fmt::Display for BootStageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stirot => "STiRoT",
            Self::Oemurot => "OEMuRoT",
        })
    }
}

/// What became of an image in the download slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum SlotDecision {
    /// It was installed.
    Installed {
        /// By which stage.
        stage: BootStageName,
    },
    /// It was refused, and the slot erased.
    Refused {
        /// By which stage.
        stage: BootStageName,
        /// The check that failed first.
        check: String,
        /// What it found.
        found: String,
    },
    /// The slot does not begin with the magic that the stage looks for.
    NotSeen {
        /// Which stage.
        stage: BootStageName,
    },
    /// The stage stopped before it decided.
    Stopped {
        /// Which stage.
        stage: BootStageName,
        /// Why.
        why: String,
    },
    /// No decision was seen.
    Unknown,
}

impl fmt::Display for SlotDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed { stage } => write!(f, "{stage} installed it"),
            Self::Refused { stage, check, found } => write!(f, "{stage} refused it at the check “{check}”: {found}"),
            Self::NotSeen { stage } => write!(f, "{stage} saw no image in the download slot"),
            Self::Stopped { stage, why } => write!(f, "{stage} stopped: {why}"),
            Self::Unknown => f.write_str("no decision was seen"),
        }
    }
}

/// Follows the boots after an update.
pub(super) struct BootWatch {
    stage: BootStageName,
    stirot: Sighting,
    oemurot: Sighting,
}

impl BootWatch {
    /// Follows what comes from now on: the stage that judges images of `profile`.
    pub(super) fn begin(board: &VirtualBoard, profile: ImageProfile) -> Self {
        let cursor = board.look(|board| board.peripherals.trace.cursor());
        let stage = match profile {
            ImageProfile::Oemurot => BootStageName::Oemurot,
            _ => BootStageName::Stirot,
        };
        let of = |by| Sighting::of(by).since(cursor);
        Self { stage, stirot: of(TriedBy::Stirot), oemurot: of(TriedBy::Oemurot) }
    }

    /// Reads what the board left since the last call.
    pub(super) fn follow(&mut self, board: &VirtualBoard) {
        self.stirot.follow(board);
        self.oemurot.follow(board);
    }

    /// What was decided about the download slot.
    pub(super) fn decision(&self) -> SlotDecision {
        let stage = self.stage;
        let sighting = match stage {
            BootStageName::Stirot => &self.stirot,
            BootStageName::Oemurot => &self.oemurot,
        };
        match sighting.decision() {
            Decision::Installed => SlotDecision::Installed { stage },
            Decision::Refused { check } => {
                SlotDecision::Refused { stage, check: check.text().into(), found: refusal_text(check).into() }
            }
            Decision::NotSeen => SlotDecision::NotSeen { stage },
            Decision::Stopped { stop } => SlotDecision::Stopped { stage, why: stop.text().into() },
            // It started what was installed without a look at the download slot: there was nothing to see.
            Decision::Unknown if sighting.application_started() => SlotDecision::NotSeen { stage },
            Decision::Unknown => SlotDecision::Unknown,
        }
    }

    /// Why the boot ended without an application, in the words of the stage that stopped last.
    pub(super) fn stopped(&self) -> Option<String> {
        let told = |sighting: &Sighting| {
            sighting.stop().map(|stop| format!("{} stopped: {}", sighting.by().name(), stop.text()))
        };
        told(&self.oemurot).or_else(|| told(&self.stirot))
    }
}

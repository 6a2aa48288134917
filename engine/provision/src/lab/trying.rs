//! The lab: a copy of a board, the project whose keys it has, and what can be done to the one with the other.

use std::path::Path;

use board::NonVolatile;
use chip::memory_map::{Region, XSPI1_WINDOW};
use formats::{ImageProfile, SecondStageLayout, SecurityCounter, Version};
use project::{Project, Workshop};

use super::copy::{Copy, Progress};
use super::images::{self, Recipe};
use super::keeping::{self, Configuration, SecondConfiguration};
use super::rules::{self, Expectation, Seen, Then};
use super::scenario::{InstalledSpot, Judge, Scenario, Spot, Tamper};
use super::story::Story;
use super::telling::Ending;
use crate::bench::{self, VirtualBoard};
use crate::error::ProvisionError;
use crate::execute::Cancel;

/// A board's copy and a project's keys.
pub struct Lab {
    /// The board as it stands.
    as_it_is: NonVolatile,
    /// The board after one boot: what waited in a slot is installed or refused.
    settled: NonVolatile,
    standing: Standing,
    workshop: Workshop,
    /// Installation and download slot of STiRoT's image.
    slots: Option<[Region; 2]>,
    /// Those of the application of two boot stages.
    second_slots: Option<[Region; 2]>,
}

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab").field("standing", &self.standing).finish_non_exhaustive()
    }
}

/// How the board stands after one boot.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// What runs.
    pub then: Then,
    /// The security counter that STiRoT keeps.
    pub counter: Option<u32>,
    /// The application's security counter that the second stage keeps.
    pub second_counter: Option<u32>,
    /// Whether two boot stages stand on the board.
    pub second_stage: bool,
    /// The boot that showed it.
    pub story: Story,
}

impl Lab {
    /// A lab with a copy of `board` as it stands now, and the keys of `project`. The copy boots once, so that it is known
    /// what runs on it.
    ///
    /// # Errors
    /// When the board was provisioned with other keys than the project's.
    pub fn of(board: &VirtualBoard, project: &Project) -> Result<Self, ProvisionError> {
        Self::of_state(board.look(board::Board::snapshot), project)
    }

    /// As [`Lab::of`], with a board that is off, by its file. It stays off.
    ///
    /// # Errors
    /// As [`Lab::of`]; when the file can't be used, is another ROM's, or in use.
    pub fn of_file(path: &Path, project: &Project) -> Result<Self, ProvisionError> {
        Self::of_state(bench::state_of_file(path)?, project)
    }

    /// As [`Lab::of`], with what survives power of a board.
    ///
    /// # Errors
    /// As [`Lab::of`].
    pub fn of_state(state: NonVolatile, project: &Project) -> Result<Self, ProvisionError> {
        let workshop = Workshop::of(project);
        require_own_keys(&state, &workshop)?;
        let mut copy = Copy::power_on(state.clone())?;
        let ending = copy.run(&Cancel::new(), &mut |_| {})?;
        let settled = copy.state();
        let layout = copy.second_stage_layout();
        let story = copy.tell(ending);
        let configuration = Configuration::of(&settled);
        let standing = Standing {
            then: Seen::of(&story, &Scenario::Boot, None).then,
            counter: keeping::stirots_counter(&settled).map(|kept| kept.counter),
            second_counter: keeping::second_counter(&settled).map(|kept| kept.counter),
            second_stage: workshop.stage(ImageProfile::Oemurot).is_some(),
            story,
        };
        Ok(Self {
            as_it_is: state,
            settled,
            standing,
            slots: configuration.map(|seen| [seen.installation, seen.download]).filter(in_external_flash),
            second_slots: layout.map(slots_of).filter(in_external_flash),
            workshop,
        })
    }

    /// How the board stands after one boot.
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// What can happen on this board, each with a version that is newer than what is there.
    pub fn scenarios(&self) -> Vec<Scenario> {
        let mut scenarios = vec![Scenario::Boot];
        let (application, second) = match self.standing.then {
            Then::Runs { application, second_stage } => (application, second_stage),
            Then::Nothing { .. } | Then::Unexplained => (None, None),
        };
        let judge = self.judge_of_application();
        if self.slots_of(judge).is_some() {
            scenarios.push(Scenario::InstallApplication { version: self.newer(judge, application) });
        }
        if judge == Judge::Oemurot && self.slots.is_some() {
            scenarios.push(Scenario::InstallSecondStage { version: self.newer(Judge::Stirot, second) });
        }
        scenarios
    }

    /// What a scenario can be tampered with, losses of power apart; nothing first.
    pub fn tampers(&self, scenario: &Scenario) -> Vec<Tamper> {
        let judges: &[Judge] =
            if self.second_slots.is_some() { &[Judge::Stirot, Judge::Oemurot] } else { &[Judge::Stirot] };
        let mut tampers = vec![Tamper::None];
        if scenario.version().is_some() {
            tampers.extend(Spot::NAMED.map(|spot| Tamper::FlipBit { spot }));
            use super::scenario::OtherKey::{Recipient, Signer};
            tampers.extend([Signer, Recipient].map(|key| Tamper::OtherKey { key }));
            if self.kept(self.judge(scenario)) > 0 {
                tampers.push(Tamper::OlderVersion);
            }
        }
        if self.slots.is_some() {
            tampers.push(Tamper::SwapSlots);
            for judge in judges {
                tampers.extend(InstalledSpot::ALL.map(|spot| Tamper::Installed { judge: *judge, spot }));
            }
        }
        tampers
    }

    /// What survives power of the board after one boot.
    pub const fn settled(&self) -> &NonVolatile {
        &self.settled
    }

    /// What survives power of the board with everything in place for a scenario, before power comes on.
    ///
    /// # Errors
    /// As [`Lab::run`].
    pub fn before(&self, scenario: &Scenario, tamper: &Tamper) -> Result<NonVolatile, ProvisionError> {
        // What waits in a slot of the board itself is seen by its own boot; tampering begins behind it.
        let mut state = match (scenario, tamper) {
            (Scenario::Boot, Tamper::None | Tamper::CutPower { .. }) => self.as_it_is.clone(),
            _ => self.settled.clone(),
        };
        let judge = self.judge(scenario);
        if let Some(image) = self.waiting(scenario, tamper)? {
            let [_, download] = self.require_slots(judge)?;
            place(&mut state, download, &image);
        }
        match tamper {
            Tamper::SwapSlots => {
                let [installation, download] = self.require_slots(judge)?;
                let (installed, loaded) = (content(&state, installation), content(&state, download));
                place(&mut state, installation, &loaded);
                place(&mut state, download, &installed);
            }
            Tamper::Installed { judge, spot } => {
                let [installation, _] = self.require_slots(*judge)?;
                let at = offset(installation).saturating_add(spot.offset());
                let mut cell = [0];
                state.nor.read(at, &mut cell);
                let [cell] = cell;
                state.nor.set(at, cell ^ 0x10);
            }
            _ => {}
        }
        Ok(state)
    }

    /// Runs a scenario on a copy of the board.
    ///
    /// # Errors
    /// [`ProvisionError::Cancelled`]; when the image can't be made, or the board has no such slot.
    pub fn run(
        &self,
        scenario: &Scenario,
        tamper: &Tamper,
        cancel: &Cancel,
        told: &mut dyn FnMut(Progress),
    ) -> Result<Story, ProvisionError> {
        self.run_counting(scenario, tamper, cancel, told).map(|(story, _)| story)
    }

    /// As [`Lab::run`], with the number of non-volatile writes since the last power-on.
    pub(super) fn run_counting(
        &self,
        scenario: &Scenario,
        tamper: &Tamper,
        cancel: &Cancel,
        told: &mut dyn FnMut(Progress),
    ) -> Result<(Story, u64), ProvisionError> {
        let mut copy = Copy::power_on(self.before(scenario, tamper)?)?;
        if let Some(cut) = tamper.power_cut() {
            copy.cut_power(cut);
        }
        let mut ending = copy.run(cancel, told)?;
        if ending == Ending::PowerLost {
            copy.power_on_again()?;
            ending = copy.run(cancel, told)?;
        } else if let Tamper::CutPower { after_writes, .. } = *tamper {
            return Err(ProvisionError::NoSuchWrite { asked: after_writes, writes: copy.writes() });
        }
        let writes = copy.writes();
        Ok((copy.tell(ending), writes))
    }

    /// What should come of a scenario, by rules that know nothing of a run.
    ///
    /// # Errors
    /// As [`Lab::run`].
    pub fn expectation(&self, scenario: &Scenario, tamper: &Tamper) -> Result<Expectation, ProvisionError> {
        let judge = self.judge(scenario);
        let waiting = match tamper {
            Tamper::FlipBit { spot: Spot::Chosen { .. } } => self.waiting(scenario, tamper)?,
            _ => None,
        };
        Ok(rules::expect(&rules::Case {
            scenario,
            tamper,
            judge,
            now: self.standing.then,
            kept: self.kept(judge),
            waiting: waiting.as_deref(),
            workshop: &self.workshop,
        }))
    }

    /// What a story shows of a scenario, to be held against its expectation.
    pub fn seen(&self, story: &Story, scenario: &Scenario) -> Seen {
        Seen::of(story, scenario, Some(self.judge(scenario)))
    }

    /// The stage that takes the image of a scenario.
    pub fn judge(&self, scenario: &Scenario) -> Judge {
        match scenario {
            Scenario::InstallApplication { .. } => self.judge_of_application(),
            Scenario::Boot | Scenario::InstallSecondStage { .. } => Judge::Stirot,
        }
    }

    fn judge_of_application(&self) -> Judge {
        if self.standing.second_stage { Judge::Oemurot } else { Judge::Stirot }
    }

    fn slots_of(&self, judge: Judge) -> Option<[Region; 2]> {
        match judge {
            Judge::Stirot => self.slots,
            Judge::Oemurot => self.second_slots,
        }
    }

    fn require_slots(&self, judge: Judge) -> Result<[Region; 2], ProvisionError> {
        self.slots_of(judge).ok_or_else(|| ProvisionError::Lab {
            what: format!("the board has no configuration that says where the slots of {} are", judge.lane().name()),
        })
    }

    /// The counter below which a stage takes no image.
    fn kept(&self, judge: Judge) -> u32 {
        let kept = match judge {
            Judge::Stirot => self.standing.counter,
            Judge::Oemurot => self.standing.second_counter,
        };
        kept.unwrap_or_default()
    }

    /// A version newer than the one that runs, and than the counter kept.
    fn newer(&self, judge: Judge, running: Option<Version>) -> Version {
        let kept = version_of(self.kept(judge));
        let newest = running.map_or(kept, |running| running.max(kept));
        match newest.minor.checked_add(1) {
            Some(minor) => Version { minor, revision: 0, build: 0, ..newest },
            None => Version { major: newest.major.saturating_add(1), minor: 0, revision: 0, build: 0 },
        }
    }

    /// The image that is to wait, tampered with or not.
    fn waiting(&self, scenario: &Scenario, tamper: &Tamper) -> Result<Option<Vec<u8>>, ProvisionError> {
        let Some(version) = scenario.version() else { return Ok(None) };
        let judge = self.judge(scenario);
        let mut recipe = Recipe { judge, version, counter: SecurityCounter::FromVersion, other: None };
        match tamper {
            Tamper::OtherKey { key } => recipe.other = Some(*key),
            Tamper::OlderVersion => {
                let older = self.kept(judge).checked_sub(1).ok_or_else(|| ProvisionError::Lab {
                    what: "the security counter kept is 0: no image is older".into(),
                })?;
                recipe.version = version_of(older);
                recipe.counter = SecurityCounter::Number(older);
            }
            _ => {}
        }
        let mut image = images::make(&self.workshop, &recipe)?;
        if let Tamper::FlipBit { spot } = tamper {
            images::flip(&mut image, *spot)?;
        }
        Ok(Some(image))
    }
}

/// Refuses a board whose keys the project hasn't: no image of the project's would open on it.
fn require_own_keys(state: &NonVolatile, workshop: &Workshop) -> Result<(), ProvisionError> {
    let stirot = Configuration::of(state).map(|seen| (seen.authentication, seen.decryption.public()));
    let second = SecondConfiguration::of(state).map(|seen| (seen.authentication, seen.decryption.public()));
    for (judge, keys) in [(Judge::Stirot, stirot), (Judge::Oemurot, second)] {
        let Some((authentication, decryption)) = keys else { continue };
        if workshop.stage(images::profile(judge)).is_none() {
            continue;
        }
        let (signing, recipient) = images::keys(workshop, judge)?;
        if signing.public() != authentication || recipient != decryption {
            return Err(ProvisionError::Lab {
                what: format!("{} has other keys on this board than in the project", judge.lane().name()),
            });
        }
    }
    Ok(())
}

const fn slots_of(layout: SecondStageLayout) -> [Region; 2] {
    [layout.application.installation_slot(), layout.application.download_slot()]
}

/// Whether slots lie where a slot can lie. A board's own configuration may name any address.
fn in_external_flash(slots: &[Region; 2]) -> bool {
    slots.iter().all(|slot| XSPI1_WINDOW.contains_span(slot.start, slot.size))
}

/// The version whose counter a number is.
fn version_of(counter: u32) -> Version {
    let [major, minor, ..] = counter.to_be_bytes();
    Version { major, minor, revision: (counter & 0xFFFF) as u16, build: 0 }
}

/// Where a slot begins in the NOR.
const fn offset(slot: Region) -> u32 {
    slot.start.wrapping_sub(XSPI1_WINDOW.start)
}

fn content(state: &NonVolatile, slot: Region) -> Vec<u8> {
    let mut bytes = vec![0; slot.size as usize];
    state.nor.read(offset(slot), &mut bytes);
    bytes
}

/// Sets a slot's cells, the rest of it erased: what another programmer would leave.
fn place(state: &mut NonVolatile, slot: Region, bytes: &[u8]) {
    state.nor.erase(offset(slot), slot.size);
    for (at, byte) in (offset(slot)..).zip(bytes).take(slot.size as usize) {
        if *byte != 0xFF {
            state.nor.set(at, *byte);
        }
    }
}

//! On which memory a stage works: its own, and the slot or the copy before it, with the addresses of the project.

use chip::memory_map::{Region, SYSTEM_FLASH, USER_FLASH};
use chip::trace::{Event, SubjectPlace};
use project::{BootStage, Project, RunsIn};
use provision::lab::{Judge, Lane, Outcome, Pass, Story, StoryCheck, StoryImage, Subject};

use crate::text::{self, size};

/// Where the project's images lie and run.
pub(super) struct Places {
    /// What STiRoT installs.
    started: Option<BootStage>,
    /// The application of two boot stages.
    application: Option<BootStage>,
}

impl Places {
    pub(super) fn of(project: &Project) -> Self {
        let mut stages = project.boot_stages().into_iter();
        stages.next();
        Self { started: stages.next(), application: stages.next() }
    }

    fn stage(&self, judge: Judge) -> Option<&BootStage> {
        match judge {
            Judge::Stirot => self.started.as_ref(),
            Judge::Oemurot => self.application.as_ref(),
        }
    }

    /// What a whole pass works on, line by line.
    pub(super) fn of_pass(&self, story: &Story, pass: &Pass) -> Vec<String> {
        let mut lines = vec![self.runs(story, pass)];
        let did = |event| pass.acts.iter().any(|act| act.event == event);
        let slot = |name: &str, slot: Option<Region>| slot.map(|slot| format!("{name}: {}", place(slot)));
        if pass.lane == Lane::Iloader
            && let Some(stage) = &self.started
        {
            if did(Event::LoadedDownload) || did(Event::DownloadErased) {
                lines.extend(slot("download slot", stage.download));
            }
            if did(Event::LoadedInstallation) || did(Event::Installed) {
                lines.extend(slot("installation slot, through MCE1", stage.installation));
            }
        }
        let mut subjects: Vec<Subject> = Vec::new();
        for subject in pass.checks.iter().filter_map(|check| check.subject) {
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        lines.extend(subjects.into_iter().map(|subject| self.of_subject(pass.lane, subject)));
        lines
    }

    /// What one check works on.
    pub(super) fn of_check(&self, lane: Lane, check: &StoryCheck) -> String {
        match check.subject {
            Some(subject) => self.of_subject(lane, subject),
            None => "option bytes and option-byte keys of the chip".to_owned(),
        }
    }

    /// Where the image lies that a stage looks at.
    fn of_subject(&self, lane: Lane, subject: Subject) -> String {
        let judge = if subject.image == StoryImage::OfStirot { Judge::Stirot } else { Judge::Oemurot };
        let Some(stage) = self.stage(judge).filter(|_| subject.image != StoryImage::Data) else {
            return subject.text();
        };
        let in_flash = match subject.place {
            SubjectPlace::Download => ("download slot", stage.download),
            SubjectPlace::Installation => ("installation slot", stage.installation),
            SubjectPlace::RunCopy => return self.copy(stage),
        };
        let (name, slot) = in_flash;
        let slot = slot.map(place).unwrap_or_default();
        match (lane, stage.runs_in, stage.code_address) {
            // STiRoT never looks into the external flash: the iLoader has put a copy before it.
            (Lane::Stirot, Some(RunsIn::InternalRam), Some(code)) => {
                format!("works in RAM, {}, on the copy of the {name} {slot}", address(header(code)))
            }
            (_, _, _) if subject.place == SubjectPlace::Installation => format!("reads the {name} {slot} through MCE1"),
            _ => format!("reads the {name} {slot} as it was sent"),
        }
    }

    fn copy(&self, stage: &BootStage) -> String {
        let code = stage.code_address.map(|code| address(header(code))).unwrap_or_default();
        let memory = stage.runs_in.map_or("RAM", RunsIn::text);
        format!("reads the copy that is to run, {memory} {code}")
    }

    /// From which memory the stage itself runs.
    fn runs(&self, story: &Story, pass: &Pass) -> String {
        let code = |stage: Option<&BootStage>| stage.and_then(|stage| stage.code_address).map(address);
        match pass.lane {
            Lane::Rss | Lane::Stirot => format!("runs from system flash, {}", address(SYSTEM_FLASH.start)),
            Lane::Iloader => format!("runs from user flash, {}", address(USER_FLASH.start)),
            Lane::Oemurot => format!("runs from internal RAM, {}", code(self.started.as_ref()).unwrap_or_default()),
            Lane::Application => {
                let stage = self.application.as_ref().or(self.started.as_ref());
                let memory = stage.and_then(|stage| stage.runs_in).map_or("memory", RunsIn::text);
                let at = match story.outcome {
                    Outcome::Runs { at, .. } => Some(address(at)),
                    _ => code(stage),
                };
                format!("runs from {memory}, {}", at.unwrap_or_default())
            }
        }
    }
}

fn place(slot: Region) -> String {
    format!("{} ({})", address(slot.start), size(slot.size))
}

/// Where the image begins whose code is at an address.
const fn header(code: u32) -> u32 {
    code.saturating_sub(chip::loader::IMAGE_HEADER_SIZE)
}

/// An address that no line break falls into.
fn address(address: u32) -> String {
    text::address(address).replace(' ', "\u{a0}")
}

//! An update in the words and shapes that the window shows. It reads and rephrases; plan and proof are the engine's.

use std::path::PathBuf;

use formats::Verdict as ImageVerdict;
use provision::update::{UpdateEvent, UpdatePlan, UpdateRecord, UpdateStepId, UpdateTarget, WayIn};

use crate::model::updating::{UpdateSheet, WaySheet};
use crate::model::{StepSheet, Undo, Verdict};
use crate::text::{address, sentence, thousands};
use crate::update::UpdateReport;

/// A plan.
pub(crate) fn plan(plan: &UpdatePlan) -> UpdateSheet {
    let mut ways: Vec<WaySheet> = WayIn::ALL
        .into_iter()
        .map(|way| WaySheet { name: way.text().to_owned(), why: way.why().to_owned(), taken: way == plan.way_in })
        .collect();
    ways.sort_by_key(|way| !way.taken);
    let steps = plan.steps.iter().map(|step| StepSheet {
        title: step.title.clone(),
        what: step.what.clone(),
        proof: step.proof.clone(),
        why: String::new(),
        // Nothing leads back to what ran before but another update; the counter never goes down.
        undo: match step.id {
            UpdateStepId::Send => Undo::Reversible,
            UpdateStepId::Install => Undo::Never,
            _ => Undo::Nothing,
        },
        bytes: if step.id == UpdateStepId::Send { plan.bytes.len() as u64 } else { 0 },
        expected: None,
    });
    UpdateSheet {
        target: plan.target,
        version: plan.version.map(|version| version.to_string()).unwrap_or_default(),
        image: format!(
            "{} · {} bytes → download slot {}",
            plan.image,
            thousands(plan.bytes.len() as u64),
            address(plan.slot.start)
        ),
        judgement: match &plan.judgement.verdict {
            ImageVerdict::Installs => {
                "the boot stage will take it, unless the counter of what runs is higher".to_owned()
            }
            _ => "the boot stage will not take it".to_owned(),
        },
        warning: plan.warning.as_deref().map(sentence),
        ways,
        steps: steps.collect(),
        by_hand: plan.by_hand(&plan.image).iter().map(|line| sentence(line)).collect(),
    }
}

/// What happened on the way; the end comes with the verdict.
pub(crate) fn report(event: UpdateEvent) -> Option<UpdateReport> {
    match event {
        UpdateEvent::StepStarted { index, .. } => Some(UpdateReport::StepStarted(index)),
        UpdateEvent::Progress { index, done, total } => Some(UpdateReport::Progress(index, done, total)),
        UpdateEvent::StepProved { index, evidence, seconds } => {
            Some(UpdateReport::StepProved(index, evidence, seconds))
        }
        _ => None,
    }
}

/// How an update went that passed: what boots now, and what ran before.
pub(crate) fn verdict(record: &UpdateRecord, path: Option<PathBuf>, seconds: f64) -> Verdict {
    let mut evidence = Vec::new();
    // What talks on the console is the application, also when the stage before it was updated.
    let (now, earlier) = match record.target {
        UpdateTarget::Application => ("boots now", "ran before"),
        UpdateTarget::SecondStage => ("it starts the application", "the application before"),
    };
    if let Some(after) = &record.after {
        evidence.push(format!("{now}: {after}"));
    }
    evidence.extend(record.decision.iter().map(ToString::to_string));
    if let Some(before) = &record.before {
        evidence.push(format!("{earlier}: {before}"));
    }
    Verdict::Pass {
        state: format!("updated to {} {}", record.target, record.version.as_deref().unwrap_or("without a version")),
        evidence: evidence.iter().map(|line| sentence(line)).collect(),
        record: path,
        seconds,
    }
}

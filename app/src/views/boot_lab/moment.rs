//! The picked moment: where it is, what was seen and decided, on which memory the stage works, and what was expected of
//! the whole case.

use egui::{Label, RichText, ScrollArea, Ui};

use crate::icons;
use crate::model::boot_lab::{Answer, Moment, PassSheet, StorySheet};
use crate::model::{Model, Tone};
use crate::text::{instructions, sentence};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{marked_line, muted};
use crate::widgets::lanes;

pub(crate) fn show(ui: &mut Ui, model: &Model) {
    ScrollArea::vertical().id_salt("moment").auto_shrink([false, false]).show(ui, |ui| {
        ui.set_max_width(ui.available_width() - 6.0);
        content(ui, model);
    });
}

/// The same without a scroll bar of its own.
pub(super) fn content(ui: &mut Ui, model: &Model) {
    let picked = model.lab.story.as_ref().zip(model.lab.picked);
    let Some((story, moment, pass)) = picked.and_then(|(story, at)| Some((story, at, story.pass(at)?))) else {
        ui.label(RichText::new("At the selected check").font(theme::section()));
        ui.add_space(4.0);
        ui.add(Label::new(muted(ui, "No boot was run yet.")).wrap());
        return;
    };
    let title = if moment.check.is_some() { "At the selected check" } else { "At the selected pass" };
    ui.label(RichText::new(title).font(theme::section()));
    ui.add_space(2.0);
    let at = instructions(story.check(moment).map_or(pass.began, |check| check.at));
    let place = format!("reset {} · {}", pass.reset, pass.lane.name());
    ui.add(Label::new(muted(ui, place)).wrap());
    ui.add(Label::new(muted(ui, at)).wrap());
    ui.add_space(8.0);
    what(ui, story, moment, pass);
    let decided = pass.decision.as_ref().filter(|_| moment.check.is_none_or(|check| check + 1 == pass.checks.len()));
    if let Some(decision) = decided {
        section(ui, "Decision");
        ui.add(Label::new(muted(ui, sentence(decision))).wrap());
    }
    let memory = story.check(moment).map_or(pass.memory.as_slice(), |check| std::slice::from_ref(&check.memory));
    if !memory.is_empty() {
        section(ui, "Memory at this moment");
        for line in memory {
            ui.add(Label::new(muted(ui, sentence(line))).wrap());
        }
    }
    expected(ui, story);
}

/// The check, or the pass with what it did.
fn what(ui: &mut Ui, story: &StorySheet, moment: Moment, pass: &PassSheet) {
    let t = Tokens::of(ui);
    if let Some(check) = story.check(moment) {
        let (icon, color) = lanes::mark(t, check.answer);
        let words = match check.answer {
            Answer::Passed => sentence(&check.name),
            Answer::Failed => format!("{}: failed", sentence(&check.name)),
        };
        let words = RichText::new(words).font(theme::section()).color(color);
        marked_line(ui, (icon, theme::icon_filled(14.0), color), words);
        ui.add_space(4.0);
        if let Some(subject) = &check.subject {
            ui.add(Label::new(sentence(subject)).wrap());
        }
        if !check.saw.is_empty() {
            ui.add(Label::new(muted(ui, sentence(&check.saw))).wrap());
        }
        return;
    }
    let title = if pass.title.is_empty() { pass.lane.name().to_owned() } else { sentence(&pass.title) };
    ui.add(Label::new(RichText::new(title).font(theme::section())).wrap());
    let length = format!("{} in this pass", instructions(pass.instructions()));
    ui.add(Label::new(muted(ui, length)).wrap());
    for act in &pass.acts {
        ui.add(Label::new(muted(ui, sentence(act))).wrap());
    }
}

/// What the whole case was expected to come to, and what was seen.
fn expected(ui: &mut Ui, story: &StorySheet) {
    let t = Tokens::of(ui);
    section(ui, "Expected of this case");
    ui.add(Label::new(sentence(&story.expectation.expected)).wrap());
    let seen = |ui: &mut Ui, (icon, tone): (&str, Tone), words: &str| {
        let color = t.tone(tone);
        marked_line(ui, (icon, theme::icon_filled(14.0), color), RichText::new(words).color(color));
    };
    match story.expectation.verdict {
        Answer::Passed => seen(ui, (icons::CHECK, Tone::Ok), "Seen as expected"),
        Answer::Failed => {
            section(ui, "Seen, and not expected");
            seen(ui, (icons::ALERT, Tone::Danger), &sentence(&story.expectation.seen));
        }
    }
    ui.add_space(4.0);
    ui.add(Label::new(muted(ui, sentence(&story.expectation.rule))).wrap());
}

fn section(ui: &mut Ui, title: &str) {
    ui.add_space(10.0);
    ui.label(RichText::new(title).font(theme::section()));
    ui.add_space(1.0);
}

//! Comparing: with what, what came out in words, field by field, and the way from one difference to the next.

use egui::{Label, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};

use super::side::tone_icon;
use crate::command::Command;
use crate::icons;
use crate::model::images::{Bytes, CompareWith, ComparedLine, Differs, Direction, ImagesIntent, Side};
use crate::model::{JobKind, Model, Tone};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, cut_label, focus_ring, hairline, muted, named_command_button, paint_icon};

/// Which fields are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Listed {
    /// Only those that differ.
    #[default]
    Different,
    /// All.
    All,
}

/// What the comparison remembers between frames.
#[derive(Debug, Default)]
pub(super) struct ComparisonState {
    listed: Listed,
}

pub(super) fn show(
    ui: &mut Ui,
    model: &Model,
    state: &mut ComparisonState,
    intents: &mut Vec<ImagesIntent>,
    commands: &mut Vec<Command>,
) {
    ui.label(RichText::new("Compare").font(theme::section()));
    ui.add_space(6.0);
    let mut button = |ui: &mut Ui, intent: ImagesIntent, text: &str| {
        named_command_button(ui, model, Command::Images(intent), text, Weight::Plain, commands);
        ui.add_space(2.0);
    };
    let intent = ImagesIntent::Compare(CompareWith::ProjectInput);
    button(ui, intent, "With the project's application");
    button(ui, ImagesIntent::Compare(CompareWith::ProjectImage), "With the project's image");
    button(ui, ImagesIntent::ChooseComparison, "With a file…");
    ui.add_space(6.0);
    if model.runs(JobKind::Compare) {
        ui.label(muted(ui, "Comparing…"));
    }
    if let Some(comparison) = &model.images.comparison {
        let t = Tokens::of(ui);
        let width = ui.available_width();
        cut_label(ui, muted(ui, format!("with {}", comparison.with)), width);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let (place, _) = ui.allocate_exact_size(vec2(14.0, 17.0), Sense::hover());
            let tone = comparison.tone;
            paint_icon(ui, place.center(), tone_icon(tone), theme::icon_filled(14.0), t.tone(tone));
            let text = RichText::new(crate::text::sentence(&comparison.verdict)).font(theme::strong());
            ui.add(Label::new(text).wrap());
        });
        if !comparison.runs.is_empty() {
            ui.add_space(4.0);
            let at = model.images.selected.map(|bytes| bytes.range().start);
            let number = at.and_then(|at| comparison.runs.iter().position(|run| run.start == at));
            let count = match number {
                Some(number) => format!("stretch {} of {}", number + 1, comparison.runs.len()),
                None => format!("{} stretches", comparison.runs.len()),
            };
            ui.label(muted(ui, count));
            ui.horizontal(|ui| {
                let mut go = |ui: &mut Ui, direction: Direction, text: &str| {
                    let command = Command::Images(ImagesIntent::Difference(direction));
                    named_command_button(ui, model, command, text, Weight::Plain, commands);
                };
                go(ui, Direction::Previous, "Previous");
                go(ui, Direction::Next, "Next");
            });
        }
        if !comparison.fields.is_empty() {
            ui.add_space(8.0);
            fields(ui, &comparison.fields, state, intents);
        }
    }
    ui.add_space(10.0);
    let close = if model.images.comparison.is_some() {
        Command::Images(ImagesIntent::CloseComparison)
    } else {
        Command::Images(ImagesIntent::ShowSide(Side::Checks))
    };
    named_command_button(ui, model, close, "Back to the checklist", Weight::Plain, commands);
}

fn fields(ui: &mut Ui, fields: &[ComparedLine], state: &mut ComparisonState, intents: &mut Vec<ImagesIntent>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (listed, text) in [(Listed::Different, "Differences"), (Listed::All, "All fields")] {
            let response = ui.selectable_label(state.listed == listed, text);
            focus_ring(ui, &response);
            if response.clicked() {
                state.listed = listed;
            }
        }
    });
    ui.add_space(4.0);
    let shown: Vec<&ComparedLine> =
        fields.iter().filter(|line| state.listed == Listed::All || line.differs == Differs::Yes).collect();
    if shown.is_empty() {
        ui.label(muted(ui, "No field differs."));
    }
    ui.spacing_mut().item_spacing.y = 1.0;
    ScrollArea::vertical().id_salt("compared-fields").max_height(600.0).show(ui, |ui| {
        for (index, line) in shown.iter().enumerate() {
            field(ui, index, line, intents);
        }
    });
}

fn field(ui: &mut Ui, index: usize, line: &ComparedLine, intents: &mut Vec<ImagesIntent>) {
    let t = Tokens::of(ui);
    let top = ui.cursor().top();
    let width = ui.available_width();
    ui.add_space(3.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (icon, tone) =
            if line.differs == Differs::Yes { (icons::WARNING, Tone::Warn) } else { (icons::CHECK, Tone::Ok) };
        ui.label(RichText::new(icon).font(theme::icon_filled(12.0)).color(t.tone(tone)));
        let width = ui.available_width();
        cut_label(ui, RichText::new(&line.name).font(theme::strong()), width);
    });
    cut_label(ui, RichText::new(format!("here  {}", line.here)).font(theme::mono()), width);
    if line.differs == Differs::Yes && line.here == line.there {
        cut_label(ui, muted(ui, "there the same value, other bytes"), width);
    } else if line.differs == Differs::Yes {
        cut_label(ui, RichText::new(format!("there {}", line.there)).font(theme::mono()), width);
    }
    ui.add_space(3.0);
    let left = ui.max_rect().left();
    let rect = egui::Rect::from_min_max(egui::pos2(left, top), egui::pos2(left + width, ui.cursor().top()));
    let sense = if line.range.is_some() { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, ui.scope_id().with(("compared", index)), sense);
    let same = if line.differs == Differs::Yes { format!("there {}", line.there) } else { "the same".to_owned() };
    response.widget_info(|| {
        let role = if line.range.is_some() { Role::Button } else { Role::Label };
        WidgetInfo::labeled(role, true, format!("{}: here {}, {same}", line.name, line.here))
    });
    hairline(ui, rect.left(), rect.right(), rect.bottom());
    focus_ring(ui, &response);
    if response.clicked()
        && let Some(bytes) = line.range.as_ref().and_then(Bytes::of)
    {
        intents.push(ImagesIntent::Reveal(bytes));
    }
}

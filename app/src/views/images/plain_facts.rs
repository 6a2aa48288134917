//! Facts in words: name and value. What is shown of a file whose bytes aren't: a key, a certificate, a password; and the
//! entry that opens a key under a passphrase.

use egui::text::LayoutJob;
use egui::{Align, FontId, Label, Layout, RichText, TextFormat, TextWrapMode, Ui};
use formats::Secret;

use crate::command::Command;
use crate::model::Model;
use crate::model::configuration::TypedText;
use crate::model::images::{Fact, FileSheet, ImagesIntent, Offer};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, focus_ring, muted, tooltip};
use crate::widgets::{intent_button, secret_entry};

/// Below this width a value stands under its name where both don't fit in a line.
const NARROW: f32 = 320.0;

/// The passphrase that is being typed.
pub(super) struct Passphrase(Secret<String>);

impl Default for Passphrase {
    fn default() -> Self {
        Self(secret_entry::empty())
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase")
    }
}

pub(super) fn show(ui: &mut Ui, file: &FileSheet, commands: &mut Vec<Command>) {
    ui.label(RichText::new(&file.kind).font(theme::section()));
    ui.add_space(4.0);
    ui.add(Label::new(muted(ui, "What is secret in this file is not shown, so its bytes aren't either.")).wrap());
    ui.add_space(10.0);
    facts(ui, &file.facts, commands);
}

/// The entry for the passphrase of a key that is looked at, or that the key is open.
pub(super) fn passphrase(
    ui: &mut Ui,
    model: &Model,
    file: &FileSheet,
    passphrase: &mut Passphrase,
    commands: &mut Vec<Command>,
) {
    if file.offer != Offer::Passphrase {
        return;
    }
    ui.add_space(10.0);
    if model.images.given.iter().any(|key| key.path == file.path) {
        ui.add(Label::new("It is open until the studio is closed: images are checked and opened with it.").wrap());
        return;
    }
    let words = "With its passphrase, images are checked and opened with it until the studio is closed.";
    ui.add(Label::new(muted(ui, words)).wrap());
    ui.add_space(4.0);
    let label = ui.label(muted(ui, "Passphrase"));
    let id = ui.make_persistent_id("images-passphrase");
    let width = (ui.available_width() - 8.0).min(260.0);
    let response = secret_entry::show(ui, id, &mut passphrase.0, width, "").labelled_by(label.id);
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let possible = if passphrase.0.is_empty() { Err("type the passphrase".to_owned()) } else { Ok(()) };
    let words = "In memory only; the file stays as it is";
    let pressed = intent_button::show(ui, "Open key", Weight::Plain, &possible, words).clicked();
    if (entered || pressed) && possible.is_ok() {
        let typed = std::mem::replace(&mut passphrase.0, secret_entry::empty());
        commands.push(Command::Images(ImagesIntent::GiveProtected(TypedText::new(typed))));
    }
}

/// Names with values. What is shown in part is told whole beside it and copied whole by a press.
pub(super) fn facts(ui: &mut Ui, facts: &[Fact], commands: &mut Vec<Command>) {
    if ui.available_width() < NARROW {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for fact in facts {
                narrow(ui, fact, commands);
                ui.add_space(4.0);
            }
        });
        return;
    }
    egui::Grid::new(("facts", facts.first().map(|fact| &fact.name))).num_columns(2).spacing([16.0, 6.0]).show(
        ui,
        |ui| {
            for fact in facts {
                ui.vertical(|ui| ui.add(Label::new(muted(ui, &fact.name)).extend()));
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    value(ui, fact, commands);
                });
                ui.end_row();
            }
        },
    );
}

/// One fact in a narrow column: in one line where it fits, else the value under its name.
fn narrow(ui: &mut Ui, fact: &Fact, commands: &mut Vec<Command>) {
    let width = |text: &str| {
        let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::body(), Tokens::of(ui).text);
        galley.size().x
    };
    let short = fact.whole.is_none() && !fact.value.contains('\n');
    if short && width(&fact.name) + width(&fact.value) + 12.0 <= ui.available_width() {
        ui.horizontal(|ui| {
            ui.label(muted(ui, &fact.name));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add(Label::new(&fact.value).selectable(true));
            });
        });
        return;
    }
    ui.label(muted(ui, &fact.name));
    value(ui, fact, commands);
}

/// A value; its second line is smaller.
fn value(ui: &mut Ui, fact: &Fact, commands: &mut Vec<Command>) {
    let (first, second) = fact.value.split_once('\n').unwrap_or((&fact.value, ""));
    let digits = first.len() > 40 && first.chars().all(|c| c.is_ascii_hexdigit());
    match fact.whole.as_deref().or_else(|| digits.then_some(first)) {
        Some(whole) => {
            let text = if digits {
                RichText::new(crate::text::short_hex(first)).font(theme::mono())
            } else {
                RichText::new(first)
            };
            let command = Command::CopyText(whole.to_owned());
            let link = ui.scope(|ui| {
                ui.style_mut().wrap_mode = Some(TextWrapMode::Truncate);
                ui.link(text)
            });
            focus_ring(ui, &link.inner);
            let link = link.inner.on_hover_text(format!("{whole}\n{}", tooltip(ui, &command)));
            if link.clicked() {
                commands.push(command);
            }
        }
        None => {
            ui.add(Label::new(warned(ui, first, theme::body(), Tokens::of(ui).text)).wrap().selectable(true));
        }
    }
    if !second.is_empty() {
        ui.add(Label::new(warned(ui, second, theme::small(), Tokens::of(ui).muted)).wrap().selectable(true));
    }
}

/// A text in which the word SAMPLE can't be overlooked.
fn warned(ui: &Ui, text: &str, font: FontId, color: egui::Color32) -> LayoutJob {
    const WORD: &str = "SAMPLE";
    let mut job = LayoutJob::default();
    let Some((before, after)) = text.split_once(WORD) else {
        job.append(text, 0.0, TextFormat::simple(font, color));
        return job;
    };
    job.append(before, 0.0, TextFormat::simple(font.clone(), color));
    let strong = FontId::new(font.size, theme::semibold());
    job.append(WORD, 0.0, TextFormat::simple(strong, Tokens::of(ui).warn));
    job.append(after, 0.0, TextFormat::simple(font, color));
    job
}

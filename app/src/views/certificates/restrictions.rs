//! To which chip or class of chips the leaf certificate is restricted: folded, since few need it.

use egui::{Align, CollapsingHeader, Label, Layout, TextEdit, TextWrapMode, Ui, vec2};

use crate::model::Tone;
use crate::model::credentials::{CredentialsIntent, MakingForm, MakingSheet, Restriction};
use crate::theme;
use crate::widgets::controls::{Weight, muted};
use crate::widgets::form_row::said_with_mark;
use crate::widgets::intent_button;

/// Shows the fold with its rows.
pub(super) fn show(ui: &mut Ui, sheet: &MakingSheet, form: &MakingForm, intents: &mut Vec<CredentialsIntent>) {
    let title = muted(ui, "Advanced: restrict the leaf to one chip or a class of chips");
    CollapsingHeader::new(title).id_salt("restrictions").show_unindented(ui, |ui| {
        ui.add_space(4.0);
        for restriction in Restriction::ALL {
            restriction_row(ui, sheet, form, restriction, intents);
        }
        let words = "Empty means no restriction. Every other chip, or class of chips, refuses the chain.";
        ui.add(Label::new(muted(ui, words).font(theme::small())).wrap());
    });
}

fn restriction_row(
    ui: &mut Ui,
    sheet: &MakingSheet,
    form: &MakingForm,
    restriction: Restriction,
    intents: &mut Vec<CredentialsIntent>,
) {
    const NAME: f32 = 140.0;
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        let label = ui
            .allocate_ui_with_layout(vec2(NAME, 24.0), Layout::left_to_right(Align::Center), |ui| {
                ui.set_width(NAME);
                ui.label(restriction.name())
            })
            .inner;
        let width = if restriction == Restriction::SocId { 300.0 } else { 110.0 };
        let mut text = form.typed(restriction).to_owned();
        let entry = TextEdit::singleline(&mut text)
            .font(theme::mono())
            .desired_width(width)
            .min_size(vec2(width, 24.0))
            .align(egui::Align2::LEFT_CENTER)
            .char_limit(48)
            .hint_text("any");
        if ui.add(entry).labelled_by(label.id).changed() {
            intents.push(CredentialsIntent::Restrict(restriction, text));
        }
        if restriction == Restriction::SocId {
            this_board(ui, sheet, intents);
        }
        if let Err(why) = form.restriction(restriction) {
            said_with_mark(ui, Tone::Danger, &why, theme::small(), TextWrapMode::Truncate).on_hover_text(&why);
        }
    });
}

/// Puts the connected board's identifier in.
fn this_board(ui: &mut Ui, sheet: &MakingSheet, intents: &mut Vec<CredentialsIntent>) {
    let possible = match &sheet.board {
        Some(_) => Ok(()),
        None => Err("no board was read yet".to_owned()),
    };
    let what = match &sheet.board {
        Some((name, _)) => format!("The identifier that was read of {name}"),
        None => String::new(),
    };
    let pressed = intent_button::show(ui, "This board", Weight::Plain, &possible, &what).clicked();
    if let Some((_, id)) = sheet.board.as_ref().filter(|_| pressed) {
        intents.push(CredentialsIntent::Restrict(Restriction::SocId, id.clone()));
    }
}

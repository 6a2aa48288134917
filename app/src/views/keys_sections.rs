//! The Keys view as a whole: its title with what can be done, its sections as tabs, and the section that is shown.

use egui::{Align, Layout, RichText, Ui};

use super::{certificates, keys, wallet};
use crate::command::Command;
use crate::model::Model;
use crate::model::configuration::TypedText;
use crate::model::credentials::{CredentialsIntent, KeysSection};
use crate::theme;
use crate::widgets::controls::{Standing, Weight, hairline, muted, named_command_button, tab};

/// What the view remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct KeysSections {
    keys: keys::KeysView,
    certificates: certificates::CertificatesView,
    wallet: wallet::WalletView,
}

pub(crate) fn show(ui: &mut Ui, model: &Model, state: &mut KeysSections, commands: &mut Vec<Command>) {
    header(ui, model, state, commands);
    ui.add_space(4.0);
    tabs(ui, model, commands);
    ui.add_space(6.0);
    match model.credentials.section {
        KeysSection::Keys => match &model.editing {
            Some(editing) => {
                let mut intents = Vec::new();
                keys::show(ui, &editing.keys, &mut state.keys, &mut intents);
                commands.extend(intents.into_iter().map(Command::Configuration));
            }
            None => no_project(ui, model, commands),
        },
        KeysSection::Certificates => match (&model.credentials.making, &model.credentials.form) {
            (Some(sheet), Some(form)) if sheet.no_certificates.is_none() => {
                let mut intents = Vec::new();
                let made = model.credentials.made.as_ref();
                certificates::show(ui, sheet, form, made, &mut state.certificates, &mut intents);
                commands.extend(intents.into_iter().map(Command::Credentials));
            }
            (Some(sheet), _) => {
                ui.add_space(24.0);
                ui.vertical_centered(|ui| {
                    ui.label(muted(ui, sheet.no_certificates.as_deref().unwrap_or_default()));
                });
            }
            (None, _) => no_project(ui, model, commands),
        },
        KeysSection::Wallet => wallet::show(ui, model, &mut state.wallet, commands),
    }
}

fn header(ui: &mut Ui, model: &Model, state: &mut KeysSections, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        ui.label(RichText::new("Keys").font(theme::title()));
        ui.add_space(4.0);
        match model.credentials.section {
            KeysSection::Keys => {
                if let Some(editing) = &model.editing {
                    keys::standing(ui, &editing.keys);
                }
            }
            KeysSection::Certificates => {
                ui.label(muted(ui, "debug certificates, from the root to the leaf that answers a board"));
            }
            KeysSection::Wallet => {
                let boards = model.credentials.wallet.boards.as_deref().unwrap_or_default();
                let entries: usize = boards.iter().map(|board| board.cards.len()).sum();
                if entries > 0 {
                    let words = format!("{} for {}", count(entries, "credential"), count(boards.len(), "board"));
                    ui.label(muted(ui, words));
                }
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| match model.credentials.section {
            KeysSection::Keys => {}
            KeysSection::Certificates => {
                let make = Command::Credentials(CredentialsIntent::Make(TypedText::empty()));
                let mut pressed = Vec::new();
                named_command_button(ui, model, make, "Make certificates", Weight::Primary, &mut pressed);
                if !pressed.is_empty() {
                    let passphrase = state.certificates.take_passphrase();
                    commands.push(Command::Credentials(CredentialsIntent::Make(passphrase)));
                }
                let anew = Command::Credentials(CredentialsIntent::ResetForm);
                named_command_button(ui, model, anew, "Reset", Weight::Plain, commands);
            }
            KeysSection::Wallet => {
                let keep = Command::Credentials(CredentialsIntent::Keep(TypedText::empty()));
                let mut asked = Vec::new();
                named_command_button(ui, model, keep, "Keep this project's credential…", Weight::Primary, &mut asked);
                if !asked.is_empty() {
                    state.wallet.ask();
                }
                let read = Command::Credentials(CredentialsIntent::ReadWallet);
                named_command_button(ui, model, read, "Read again", Weight::Plain, commands);
            }
        });
    });
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn tabs(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let row = ui.horizontal(|ui| {
        ui.set_height(28.0);
        ui.spacing_mut().item_spacing.x = 18.0;
        for section in KeysSection::ALL {
            let chosen = model.credentials.section == section;
            let standing = if chosen { Standing::Picked } else { Standing::Plain };
            let spoken = format!("Section {}", section.name());
            let response = ui.push_id(section.name(), |ui| tab(ui, section.name(), &spoken, standing)).inner;
            if response.clicked() && !chosen {
                commands.push(Command::Credentials(CredentialsIntent::Show(section)));
            }
        }
    });
    let rect = row.response.rect;
    hairline(ui, ui.max_rect().left(), ui.max_rect().right(), rect.bottom());
}

fn no_project(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.add_space(24.0);
    ui.vertical_centered(|ui| {
        let text =
            if model.runs(crate::model::JobKind::Project) { "Reading the project…" } else { "No project is open." };
        ui.label(muted(ui, text));
        ui.add_space(8.0);
        named_command_button(ui, model, Command::ChooseProject, "Open project folder…", Weight::Plain, commands);
    });
}

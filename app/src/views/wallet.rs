//! The wallet: which credential is kept for which board, the connected one first; export, and keeping this project's
//! credential. Nothing secret is shown.

use std::path::PathBuf;

use egui::{Align, Button, Label, Layout, Rect, RichText, ScrollArea, TextEdit, TextWrapMode, Ui, UiBuilder, vec2};
use formats::Secret;

use crate::command::Command;
use crate::icons;
use crate::model::configuration::TypedText;
use crate::model::credentials::{CredentialsIntent, WalletBoard, WalletCard};
use crate::model::{Model, Tone};
use crate::text::{fours, short_hex};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, cut_label, focus_ring, muted, named_command_button, pill};
use crate::widgets::form_row::{said_with_mark, warning_badge};
use crate::widgets::{intent_button, secret_entry};

/// What the rows keep free beside the scroll bar.
const BAR: f32 = 10.0;

/// What the view remembers between frames.
#[derive(Default)]
pub(crate) struct WalletView {
    /// The question under which passphrase a credential is kept, while it is open.
    asking: Option<Asking>,
    /// The question where an entry is exported to, while it is open.
    exporting: Option<Exporting>,
    /// The chosen folder that last went into the question.
    followed: Option<(usize, PathBuf)>,
}

impl std::fmt::Debug for WalletView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WalletView").finish_non_exhaustive()
    }
}

struct Asking {
    passphrase: Secret<String>,
    again: Secret<String>,
    just_now: bool,
}

/// What is asked about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// Where it is exported to.
    Export,
    /// Whether the board is to be brought back with it.
    Regress,
}

struct Exporting {
    index: usize,
    question: Question,
    folder: String,
    passphrase: Secret<String>,
}

impl WalletView {
    /// Asks under which passphrase the project's credential is to be kept.
    pub(crate) fn ask(&mut self) {
        let (passphrase, again) = (secret_entry::empty(), secret_entry::empty());
        self.asking = Some(Asking { passphrase, again, just_now: true });
    }
}

/// The connected board's entries first, then the others by name.
fn in_order<'a>(boards: &'a [WalletBoard], here: Option<&str>) -> Vec<&'a WalletBoard> {
    let mut boards: Vec<_> = boards.iter().collect();
    boards.sort_by_key(|board| (!is_here(board, here), board.name.clone(), board.uid.clone()));
    boards
}

fn is_here(board: &WalletBoard, here: Option<&str>) -> bool {
    here.is_some_and(|uid| uid.eq_ignore_ascii_case(&board.uid))
}

pub(crate) fn show(ui: &mut Ui, model: &Model, state: &mut WalletView, commands: &mut Vec<Command>) {
    follow(model, state);
    keep(ui, model, state, commands);
    for damaged in &model.credentials.wallet.damaged {
        said_with_mark(ui, Tone::Danger, damaged, theme::body(), TextWrapMode::Wrap);
    }
    let here = model.board.as_ref().and_then(|board| board.reading.as_ref()?.uid.as_deref());
    let Some(boards) = &model.credentials.wallet.boards else {
        ui.add_space(24.0);
        ui.vertical_centered(|ui| ui.label(muted(ui, "Reading the wallet…")));
        return;
    };
    if boards.is_empty() {
        ui.add_space(24.0);
        ui.vertical_centered(|ui| {
            ui.label(muted(
                ui,
                "The wallet is empty. Provisioning keeps the credential here before a board is closed.",
            ));
        });
        return;
    }
    let whole = ui.available_rect_before_wrap();
    let wide = Rect::from_min_max(whole.min, whole.max + vec2(BAR, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(wide), |ui| {
        ScrollArea::vertical().id_salt("wallet").auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - BAR);
            for board in in_order(boards, here) {
                ui.push_id(&board.uid, |ui| {
                    heading(ui, board, is_here(board, here));
                    for card in &board.cards {
                        ui.push_id(card.index, |ui| {
                            show_card(ui, model, board, (card, is_here(board, here)), &mut state.exporting, commands)
                        });
                        ui.add_space(6.0);
                    }
                });
                ui.add_space(10.0);
            }
        });
    });
}

fn heading(ui: &mut Ui, board: &WalletBoard, here: bool) {
    ui.horizontal(|ui| {
        ui.set_height(26.0);
        ui.label(RichText::new(&board.name).font(theme::section()));
        ui.label(muted(ui, format!("UID {}", fours(&board.uid))).font(theme::mono()));
        if here {
            pill(ui, "this board", Tone::Accent);
        }
    });
    ui.add_space(2.0);
}

/// Puts a folder that was chosen in a dialog into the question, once.
fn follow(model: &Model, state: &mut WalletView) {
    let chosen = &model.credentials.wallet.chosen;
    if state.followed == *chosen {
        return;
    }
    state.followed.clone_from(chosen);
    if let (Some((index, folder)), Some(exporting)) = (chosen, &mut state.exporting)
        && exporting.index == *index
    {
        exporting.folder = folder.display().to_string();
    }
}

fn show_card(
    ui: &mut Ui,
    model: &Model,
    board: &WalletBoard,
    (card, here): (&WalletCard, bool),
    exporting: &mut Option<Exporting>,
    commands: &mut Vec<Command>,
) {
    let t = Tokens::of(ui);
    let frame = t.card();
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.set_min_height(28.0);
            ui.label(RichText::new(icons::CERTIFICATE).font(theme::icon(16.0)).color(t.muted));
            let title = format!("Version {} · {}", card.version, card.method);
            let label = ui.label(RichText::new(&title).font(theme::strong()));
            label.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{}, {title}, {}", board.name, card.project))
            });
            protection(ui, card);
            if let Some(whose) = &card.sample {
                warning_badge(ui, "SAMPLE").on_hover_text(whose);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let mut ask = |question| {
                    let passphrase = secret_entry::empty();
                    *exporting = Some(Exporting { index: card.index, question, folder: String::new(), passphrase });
                };
                let words = "Write it into a folder as ST's tools need it";
                if intent_button::show(ui, "Export…", Weight::Plain, &Ok(()), words).clicked() {
                    ask(Question::Export);
                }
                if here {
                    let regress = Command::Credentials(CredentialsIntent::Regress(card.index, TypedText::empty()));
                    let mut pressed = Vec::new();
                    named_command_button(ui, model, regress, "Regress to OPEN…", Weight::Plain, &mut pressed);
                    if !pressed.is_empty() {
                        ask(Question::Regress);
                    }
                }
            });
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(6.0, 2.0);
            ui.label(muted(ui, "Project"));
            ui.label(&card.project);
            ui.add_space(10.0);
            ui.label(muted(ui, "kept"));
            ui.label(&card.kept);
            for (name, whole) in [("leaf", &card.leaf), ("root", &card.root)] {
                let Some(whole) = whole else { continue };
                ui.add_space(10.0);
                ui.label(muted(ui, name));
                fingerprint(ui, name, whole, commands);
            }
        });
        let folder = card.folder.display().to_string();
        let width = ui.available_width();
        cut_label(ui, muted(ui, &folder).font(theme::small()), width).on_hover_text(&folder);
        let asked = exporting.as_ref().filter(|exporting| exporting.index == card.index);
        match asked.map(|exporting| exporting.question) {
            Some(Question::Export) => export(ui, model, card, exporting, commands),
            Some(Question::Regress) => regress(ui, model, card, exporting, commands),
            None => {}
        }
    });
}

/// The question whether the board is to be brought back, and what that erases.
fn regress(ui: &mut Ui, model: &Model, card: &WalletCard, open: &mut Option<Exporting>, commands: &mut Vec<Command>) {
    let Some(asked) = open else { return };
    ui.add_space(4.0);
    let words = "Erases user flash, memory and objects; then the board is in OPEN.";
    said_with_mark(ui, Tone::Warn, words, theme::body(), TextWrapMode::Wrap);
    let mut closed = false;
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        let mut entered = false;
        if card.protected {
            let label = ui.label(muted(ui, "Its passphrase"));
            let id = ui.make_persistent_id("passphrase");
            let response = secret_entry::show(ui, id, &mut asked.passphrase, 200.0, "").labelled_by(label.id);
            entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        }
        let command = |passphrase| Command::Credentials(CredentialsIntent::Regress(card.index, passphrase));
        let possible = match command(TypedText::empty()).enabled(model) {
            Err(reason) => Err(reason.into_owned()),
            Ok(()) if card.protected && asked.passphrase.is_empty() => Err("type the passphrase".to_owned()),
            Ok(()) => Ok(()),
        };
        let pressed = intent_button::show(ui, "Erase and regress", Weight::Plain, &possible, "").clicked();
        if (pressed || entered) && possible.is_ok() {
            let passphrase = std::mem::replace(&mut asked.passphrase, secret_entry::empty());
            commands.push(command(TypedText::new(passphrase)));
            closed = true;
        }
        closed |= intent_button::show(ui, "Cancel", Weight::Plain, &Ok(()), "").clicked();
        if let Err(reason) = &possible {
            ui.label(muted(ui, reason).font(theme::small()));
        }
    });
    if closed {
        *open = None;
    }
}

/// The question where an entry goes, and what that means.
fn export(ui: &mut Ui, model: &Model, card: &WalletCard, open: &mut Option<Exporting>, commands: &mut Vec<Command>) {
    let Some(exporting) = open else { return };
    ui.add_space(4.0);
    let words = "The private key, or the password, is written in the clear: ST's tools take no other. Whoever reads the \
                 folder can open this board. Nothing that exists there is written over.";
    said_with_mark(ui, Tone::Warn, words, theme::body(), TextWrapMode::Wrap);
    let mut closed = false;
    let mut entered = false;
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        let label = ui.label(muted(ui, "Folder"));
        let entry = TextEdit::singleline(&mut exporting.folder)
            .desired_width(260.0)
            .min_size(vec2(0.0, 24.0))
            .align(egui::Align2::LEFT_CENTER)
            .hint_text("type or paste a path");
        let response = ui.add(entry).labelled_by(label.id);
        entered |= response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let choose = Command::Credentials(CredentialsIntent::ChooseExport(card.index));
        named_command_button(ui, model, choose, "Choose…", Weight::Plain, commands);
        if card.protected {
            let label = ui.label(muted(ui, "Its passphrase"));
            let id = ui.make_persistent_id("passphrase");
            let response = secret_entry::show(ui, id, &mut exporting.passphrase, 150.0, "").labelled_by(label.id);
            entered |= response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        }
    });
    let possible = match (exporting.folder.trim().is_empty(), card.protected && exporting.passphrase.is_empty()) {
        (true, _) => Err("name the folder".to_owned()),
        (false, true) => Err("type the passphrase".to_owned()),
        (false, false) => Ok(()),
    };
    ui.horizontal(|ui| {
        let pressed = intent_button::show(ui, "Export in clear", Weight::Plain, &possible, "").clicked();
        if (pressed || entered) && possible.is_ok() {
            let passphrase = std::mem::replace(&mut exporting.passphrase, secret_entry::empty());
            let folder = PathBuf::from(exporting.folder.trim());
            let export = CredentialsIntent::Export(card.index, folder, TypedText::new(passphrase));
            commands.push(Command::Credentials(export));
            closed = true;
        }
        closed |= intent_button::show(ui, "Cancel", Weight::Plain, &Ok(()), "").clicked();
        if let Err(reason) = &possible {
            ui.label(muted(ui, reason).font(theme::small()));
        }
    });
    if closed {
        *open = None;
    }
}

fn protection(ui: &mut Ui, card: &WalletCard) {
    if card.protected {
        said(ui, icons::LOCK, Tone::Ok, "protected");
    } else {
        said(ui, icons::LOCK_OPEN, Tone::Warn, "not protected");
    }
}

fn said(ui: &mut Ui, icon: &str, tone: Tone, word: &str) {
    let color = Tokens::of(ui).tone(tone);
    ui.add_space(6.0);
    ui.label(RichText::new(icon).font(theme::icon(14.0)).color(color));
    ui.label(RichText::new(word).color(color));
}

/// A shortened fingerprint; a press copies the whole.
fn fingerprint(ui: &mut Ui, name: &str, whole: &str, commands: &mut Vec<Command>) {
    let button = ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(2.0, 0.0);
        ui.add(Button::new(RichText::new(short_hex(whole)).font(theme::mono())).frame_when_inactive(false))
    });
    let response = button.inner;
    focus_ring(ui, &response);
    let spoken = format!("Copy {name} fingerprint {}", short_hex(whole));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &spoken));
    if response.clicked() {
        commands.push(Command::CopyText(whole.to_owned()));
    }
    response.on_hover_text(format!("{whole}\nPress to copy it whole"));
}

/// The question under which passphrase this project's credential is kept.
fn keep(ui: &mut Ui, model: &Model, state: &mut WalletView, commands: &mut Vec<Command>) {
    let Some(asking) = &mut state.asking else { return };
    let t = Tokens::of(ui);
    let command = |passphrase| Command::Credentials(CredentialsIntent::Keep(passphrase));
    let enabled = command(TypedText::empty()).enabled(model);
    let mut closed = false;
    let mut given = false;
    ui.add_space(4.0);
    let frame = t.card();
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        let words = "The private leaf key, or the password, is kept in the wallet for the connected board. With a passphrase it \
                     lies there encrypted; nobody can bring a lost passphrase back.";
        ui.add(Label::new(words).wrap());
        ui.horizontal(|ui| {
            ui.set_min_height(26.0);
            let mut entered = false;
            for (name, text) in [("Passphrase", &mut asking.passphrase), ("Again", &mut asking.again)] {
                let label = ui.label(muted(ui, name));
                let id = ui.make_persistent_id(name);
                let response = secret_entry::show(ui, id, text, 200.0, "none").labelled_by(label.id);
                if name == "Passphrase" && std::mem::take(&mut asking.just_now) {
                    response.request_focus();
                }
                entered |= response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            }
            let possible = match (&enabled, asking.passphrase == asking.again) {
                (Err(reason), _) => Err(reason.to_string()),
                (Ok(()), false) => Err("the two passphrases differ".to_owned()),
                (Ok(()), true) => Ok(()),
            };
            let text = if asking.passphrase.is_empty() { "Keep without passphrase" } else { "Keep protected" };
            let pressed = intent_button::show(ui, text, Weight::Plain, &possible, "").clicked();
            given = (pressed || entered) && possible.is_ok();
            closed = intent_button::show(ui, "Cancel", Weight::Plain, &Ok(()), "").clicked();
        });
        if let Err(reason) = &enabled {
            said_with_mark(ui, Tone::Warn, reason, theme::small(), TextWrapMode::Wrap);
        }
    });
    ui.add_space(8.0);
    if given {
        let passphrase = std::mem::replace(&mut asking.passphrase, secret_entry::empty());
        commands.push(command(TypedText::new(passphrase)));
    }
    if given || closed {
        state.asking = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(name: &str, uid: &str) -> WalletBoard {
        WalletBoard { name: name.to_owned(), uid: uid.to_owned(), cards: Vec::new() }
    }

    #[test]
    fn the_connected_board_comes_first_and_the_others_by_name() {
        let boards = [board("a", "01"), board("c", "0a"), board("b", "03")];
        let names = |here| in_order(&boards, here).into_iter().map(|board| board.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names(Some("0A")), ["c", "a", "b"]);
        assert_eq!(names(None), ["a", "b", "c"]);
    }
}

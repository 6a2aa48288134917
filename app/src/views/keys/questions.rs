//! What an act on a key asks before it is given: a passphrase, a file, or a second press that says what follows. Asked in
//! place, under the key; answered by an intent.

use egui::{Label, RichText, TextEdit, Ui};
use formats::Secret;

use crate::icons;
use crate::model::configuration::{ConfigurationIntent, TypedText};
use crate::model::keys::KeySheet;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, muted};
use crate::widgets::{intent_button, secret_entry};

/// What an act still has to be told before it is given.
pub(super) struct Asking {
    role: String,
    act: Act,
    /// The file to import.
    path: String,
    passphrase: Secret<String>,
    again: Secret<String>,
    asked: Asked,
}

/// Whether the question was just put: then it is brought into sight and takes the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    JustNow,
    Before,
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asking").field("role", &self.role).field("act", &self.act).finish_non_exhaustive()
    }
}

impl Asking {
    /// A question about the key of a role.
    pub(super) fn new(role: &str, act: Act) -> Self {
        let (passphrase, again) = (secret_entry::empty(), secret_entry::empty());
        Self { role: role.to_owned(), act, path: String::new(), passphrase, again, asked: Asked::JustNow }
    }

    /// Whether it is about the key of a role.
    pub(super) fn is_about(&self, role: &str) -> bool {
        self.role == role
    }
}

/// The acts that ask first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Import,
    Generate,
    Protect,
    Unlock,
    ExportClear,
}

/// Gives the question how to import a key the file that was chosen for it. What was typed of it stays; where another
/// question is open, or none, it is put anew.
pub(super) fn import_from(open: &mut Option<Asking>, role: &str, path: &str) {
    let same = open.take().filter(|asking| asking.act == Act::Import && asking.is_about(role));
    let mut asking = same.unwrap_or_else(|| Asking::new(role, Act::Import));
    path.clone_into(&mut asking.path);
    *open = Some(asking);
}

/// Shows the question that is open about a key; the answer closes it.
pub(super) fn show(
    ui: &mut Ui,
    index: usize,
    key: &KeySheet,
    open: &mut Option<Asking>,
    intents: &mut Vec<ConfigurationIntent>,
) {
    let Some(asking) = open.as_mut().filter(|asking| asking.is_about(&key.role)) else { return };
    let t = Tokens::of(ui);
    let frame = t.card();
    let shown = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        match asking.act {
            Act::Import => import(ui, asking, index, intents),
            Act::Generate => generate(ui, asking),
            Act::Protect => protect(ui, asking),
            Act::Unlock => unlock(ui, asking),
            Act::ExportClear => export_clear(ui, key),
        }
    });
    if std::mem::replace(&mut asking.asked, Asked::Before) == Asked::JustNow {
        shown.response.scroll_to_me(None);
    }
    match shown.inner {
        Answer::Open => return,
        Answer::Given => {
            let passphrase = TypedText::new(std::mem::replace(&mut asking.passphrase, secret_entry::empty()));
            intents.push(match asking.act {
                Act::Import => ConfigurationIntent::ImportKey(index, asking.path.trim().into(), passphrase),
                Act::Generate => ConfigurationIntent::GenerateKey(index, passphrase),
                Act::Protect => ConfigurationIntent::Protect(index, passphrase),
                Act::Unlock => ConfigurationIntent::Unlock(index, passphrase),
                Act::ExportClear => ConfigurationIntent::ExportClear(index),
            });
        }
        Answer::Withdrawn => {}
    }
    *open = None;
}

/// How a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Open,
    Given,
    Withdrawn,
}

fn import(ui: &mut Ui, asking: &mut Asking, index: usize, intents: &mut Vec<ConfigurationIntent>) -> Answer {
    let words = "PKCS#8, SEC1 or encrypted PKCS#8 in PEM. It becomes a new version; the present key is kept. One that comes \
                 with a passphrase stays under it.";
    ui.add(Label::new(words).wrap());
    ui.add_space(4.0);
    let mut entered = Enter::No;
    ui.horizontal(|ui| {
        ui.set_min_height(26.0);
        let label = ui.label(muted(ui, "File"));
        let field = TextEdit::singleline(&mut asking.path).desired_width(300.0).hint_text("type or paste a path");
        let response = ui.add(field).labelled_by(label.id);
        if asking.asked == Asked::JustNow {
            response.request_focus();
        }
        let enter = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        if intent_button::show(ui, "Choose…", Weight::Plain, &Ok(()), "Choose a file in a dialog").clicked() {
            intents.push(ConfigurationIntent::ChooseKey(index));
        }
        entered = if enter { Enter::Yes } else { Enter::No };
    });
    ui.horizontal(|ui| {
        ui.set_min_height(26.0);
        entered = entered.or(passphrase(ui, "Its passphrase, if it has one", &mut asking.passphrase, Asked::Before));
    });
    ui.add_space(2.0);
    let possible = if asking.path.trim().is_empty() { Err("name the file".to_owned()) } else { Ok(()) };
    decide(ui, "Import", &possible, entered)
}

fn generate(ui: &mut Ui, asking: &mut Asking) -> Answer {
    let words =
        "The present version is protected, and so will the new one be. Nobody can bring a lost passphrase back.";
    new_passphrase(ui, asking, words, "Generate")
}

fn protect(ui: &mut Ui, asking: &mut Asking) -> Answer {
    let words = "The file is encrypted with a key made from the passphrase. ST's tools can't read it then, and objects that \
                 hold this key are made in memory only. Nobody can bring a lost passphrase back.";
    new_passphrase(ui, asking, words, "Protect")
}

/// A passphrase that is to be remembered: typed twice.
fn new_passphrase(ui: &mut Ui, asking: &mut Asking, words: &str, button: &str) -> Answer {
    ui.add(Label::new(words).wrap());
    ui.add_space(4.0);
    let mut entered = Enter::No;
    ui.horizontal(|ui| {
        ui.set_min_height(26.0);
        let first = passphrase(ui, "Passphrase", &mut asking.passphrase, asking.asked);
        entered = first.or(passphrase(ui, "Again", &mut asking.again, Asked::Before));
    });
    ui.add_space(2.0);
    let possible = match (asking.passphrase.is_empty(), asking.passphrase == asking.again) {
        (true, _) => Err("type the passphrase twice".to_owned()),
        (false, false) => Err("the two differ".to_owned()),
        (false, true) => Ok(()),
    };
    decide(ui, button, &possible, entered)
}

fn unlock(ui: &mut Ui, asking: &mut Asking) -> Answer {
    let mut entered = Enter::No;
    ui.horizontal(|ui| {
        ui.set_min_height(26.0);
        entered = passphrase(ui, "Passphrase", &mut asking.passphrase, asking.asked);
    });
    ui.add_space(2.0);
    let possible = if asking.passphrase.is_empty() { Err("type the passphrase".to_owned()) } else { Ok(()) };
    decide(ui, "Unlock", &possible, entered)
}

fn export_clear(ui: &mut Ui, key: &KeySheet) -> Answer {
    let t = Tokens::of(ui);
    ui.horizontal_top(|ui| {
        ui.label(RichText::new(icons::WARNING).font(theme::icon_filled(15.0)).color(t.warn));
        let words = format!(
            "Whoever reads the file has the {} key: there is no taking it back. The protected file stays as it is.",
            key.role
        );
        ui.add(Label::new(words).wrap());
    });
    ui.add_space(2.0);
    decide(ui, "Write the key in clear", &Ok(()), Enter::No)
}

/// Whether Enter was pressed in an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Enter {
    Yes,
    No,
}

impl Enter {
    const fn or(self, other: Self) -> Self {
        match self {
            Self::Yes => Self::Yes,
            Self::No => other,
        }
    }
}

fn passphrase(ui: &mut Ui, name: &str, text: &mut Secret<String>, asked: Asked) -> Enter {
    let label = ui.label(muted(ui, name));
    let id = ui.make_persistent_id(name);
    let response = secret_entry::show(ui, id, text, 220.0, "").labelled_by(label.id);
    if asked == Asked::JustNow {
        response.request_focus();
    }
    let enter = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    if enter { Enter::Yes } else { Enter::No }
}

/// The button that gives the answer and the one that withdraws the question; why the first can't be pressed yet.
fn decide(ui: &mut Ui, text: &str, possible: &Result<(), String>, entered: Enter) -> Answer {
    ui.horizontal(|ui| {
        let given = intent_button::show(ui, text, Weight::Plain, possible, "").clicked();
        let withdrawn = intent_button::show(ui, "Cancel", Weight::Plain, &Ok(()), "").clicked();
        if let Err(reason) = possible {
            ui.label(muted(ui, reason).font(theme::small()));
        }
        match (given || (entered == Enter::Yes && possible.is_ok()), withdrawn) {
            (true, _) => Answer::Given,
            (false, true) => Answer::Withdrawn,
            (false, false) => Answer::Open,
        }
    })
    .inner
}

//! The credential: the chain as cards from root to leaf, each with its permissions as switches, beside what the object and
//! the board let through and what is left of all of them. Switches are read, not pressed: certificates aren't made here.

use chip::product_state::ProductState;
use egui::{Align2, Id, Key, Label, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use formats::Secret;

use crate::acts;
use crate::command::Command;
use crate::icons;
use crate::model::configuration::TypedText;
use crate::model::debug::{CertificateSheet, CredentialSheet, CredentialState, DebugIntent, Fit, Method, Switch};
use crate::model::{Model, Tone};
use crate::sheets;
use crate::text::{sentence, short_hex};
use crate::theme::{self, RADIUS_CARD, Tokens};
use crate::widgets::controls::{Weight, marked_line, muted, named_command_button, paint_icon};
use crate::widgets::{card, secret_entry};

/// Width of the names of the permissions.
const NAMES: f32 = 164.0;
/// The narrowest column.
const COLUMN: f32 = 75.0;
/// Height of a column's head.
const HEAD: f32 = 56.0;
/// Height of a permission's row.
const ROW: f32 = 28.0;

pub(super) fn show(ui: &mut Ui, model: &Model, passphrase: &mut Secret<String>, commands: &mut Vec<Command>) {
    let sheet = match &model.debug.credential {
        CredentialState::Ready(sheet) => sheet,
        CredentialState::Refused(refusal) => {
            ui.label(RichText::new("Credential").font(theme::section()));
            ui.add_space(4.0);
            card::show(ui, model, refusal, None, Command::ReloadProject, commands);
            return;
        }
        CredentialState::None => {
            ui.label(RichText::new("Credential").font(theme::section()));
            ui.add_space(4.0);
            ui.label(muted(ui, "Open the project that the board was provisioned with."));
            return;
        }
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new("Credential").font(theme::section()));
        let text = match sheet.method {
            Method::Certificate => format!("{} certificates, from the root to the leaf", sheet.certificates.len()),
            Method::Password => "a password; it permits full regression and nothing else".to_owned(),
        };
        ui.label(muted(ui, text));
    });
    ui.add_space(6.0);
    if sheet.password_is_set == Some(true) {
        line(ui, icons::KEY, Tone::Neutral, "Password: set. It is never shown.");
    }
    table(ui, model, sheet);
    narrowed(ui, model, sheet);
    ui.add_space(8.0);
    for certificate in &sheet.certificates {
        if let Some(problem) = &certificate.problem {
            line(ui, icons::ALERT, Tone::Danger, &format!("{}: {problem}", sentence(certificate.role)));
        }
        if let Some(restrictions) = &certificate.restrictions {
            line(ui, icons::INFO, Tone::Neutral, &format!("{} is only for {restrictions}", sentence(certificate.role)));
        }
    }
    // In OPEN nothing of an earlier credential is left on the board.
    let in_open = model.product_state() == Some(ProductState::Open);
    for (fit, earlier) in [(&sheet.fits_object, false), (&sheet.wallet, in_open)] {
        match fit {
            Fit::Fits(text) => line(ui, icons::CHECK, Tone::Ok, text),
            Fit::Misfit(text) if earlier => line(ui, icons::INFO, Tone::Neutral, text),
            Fit::Misfit(text) => line(ui, icons::ALERT, Tone::Danger, text),
            Fit::NotKnown(text) => line(ui, icons::INFO, Tone::Neutral, text),
        }
    }
    if sheet.locked {
        unlock(ui, model, passphrase, commands);
    }
}

/// A sentence behind a mark.
fn line(ui: &mut Ui, icon: &str, tone: Tone, text: &str) {
    let t = Tokens::of(ui);
    let filled = !matches!(tone, Tone::Neutral);
    let font = if filled { theme::icon_filled(14.0) } else { theme::icon(14.0) };
    marked_line(ui, (icon, font, t.tone(tone)), sentence(text));
}

/// The passphrase of the leaf's key.
fn unlock(ui: &mut Ui, model: &Model, passphrase: &mut Secret<String>, commands: &mut Vec<Command>) {
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        let label = ui.label(muted(ui, "Passphrase of the leaf's key"));
        let field = secret_entry::show(ui, Id::unique("debug-passphrase"), passphrase, 180.0, "");
        let field = field.labelled_by(label.id);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let can = Command::Debug(DebugIntent::Unlock(TypedText::empty()));
        let mut pressed = Vec::new();
        named_command_button(ui, model, can.clone(), "Open key", Weight::Plain, &mut pressed);
        if (entered || !pressed.is_empty()) && can.enabled(model).is_ok() {
            let typed = std::mem::replace(passphrase, secret_entry::empty());
            commands.push(Command::Debug(DebugIntent::Unlock(TypedText::new(typed))));
        }
    });
}

/// One column of switches.
struct Column<'a> {
    title: &'a str,
    /// What stands under the title.
    under: Under<'a>,
    mask: Option<u128>,
    /// What all of them leave.
    is_sum: bool,
}

enum Under<'a> {
    Key(&'a CertificateSheet),
    Text(&'a str),
}

/// What somebody permits and somebody else takes away, in a sentence.
fn narrowed(ui: &mut Ui, model: &Model, sheet: &CredentialSheet) {
    let columns = columns(model, sheet);
    let masks: Vec<u128> = columns.iter().filter_map(|column| column.mask).collect();
    let taken: Vec<String> = sheets::debug::rows(&masks)
        .iter()
        .filter(|row| row.on)
        .filter_map(|row| {
            let takers = takers(row, &columns);
            (!takers.is_empty()).then(|| format!("{} by {}", row.name, takers.join(" and ")))
        })
        .collect();
    if !taken.is_empty() {
        ui.add_space(4.0);
        ui.add(Label::new(muted(ui, format!("Taken away: {}.", taken.join(", ")))).wrap());
    }
}

/// Who of all that were read doesn't permit something.
fn takers<'a>(row: &Switch, columns: &[Column<'a>]) -> Vec<&'a str> {
    let takes = |column: &&Column<'_>| !column.is_sum && column.mask.is_some_and(|mask| mask >> row.bit & 1 == 0);
    columns.iter().filter(takes).map(|column| column.title).collect()
}

fn columns<'a>(model: &Model, sheet: &'a CredentialSheet) -> Vec<Column<'a>> {
    let board = acts::board_mask(model);
    let effective = acts::effective(model, sheet);
    let mut columns: Vec<Column<'a>> = sheet
        .certificates
        .iter()
        .map(|certificate| Column {
            title: certificate.role,
            under: Under::Key(certificate),
            mask: Some(certificate.permissions),
            is_sum: false,
        })
        .collect();
    match sheet.method {
        Method::Certificate => {
            columns.push(Column {
                title: "object",
                under: Under::Text("the project's"),
                mask: sheet.object,
                is_sum: false,
            });
        }
        Method::Password => {
            columns.push(Column {
                title: "password",
                under: Under::Text("at most"),
                mask: Some(sheet.effective),
                is_sum: false,
            });
        }
    }
    let said = if board.is_some() { "said so" } else { "not read" };
    columns.push(Column { title: "board", under: Under::Text(said), mask: board, is_sum: false });
    columns.push(Column { title: "effective", under: Under::Text("all of them"), mask: Some(effective), is_sum: true });
    columns
}

fn table(ui: &mut Ui, model: &Model, sheet: &CredentialSheet) {
    let columns = columns(model, sheet);
    let masks: Vec<u128> = columns.iter().filter_map(|column| column.mask).collect();
    let rows = sheets::debug::rows(&masks);
    #[expect(clippy::cast_precision_loss, reason = "some columns")]
    let count = columns.len() as f32;
    let width = ((ui.available_width() - NAMES) / count).clamp(COLUMN, 96.0);
    #[expect(clippy::cast_precision_loss, reason = "some rows")]
    let height = HEAD + rows.len() as f32 * ROW + 6.0;
    egui::ScrollArea::horizontal().id_salt("permissions").show(ui, |ui| {
        let (whole, _) = ui.allocate_exact_size(vec2(NAMES + count * width, height), Sense::hover());
        for (index, row) in rows.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "some rows")]
            let y = whole.top() + HEAD + (index as f32 + 0.5) * ROW;
            name(ui, whole, y, row, &columns);
        }
        for (index, column) in columns.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "some columns")]
            let left = whole.left() + NAMES + index as f32 * width;
            let rect = Rect::from_min_size(pos2(left + 2.0, whole.top()), vec2(width - 4.0, height));
            show_column(ui, rect, column, &rows);
        }
    });
}

/// A permission's name, with a remark when its meaning isn't confirmed, and on hover who takes it away.
fn name(ui: &mut Ui, whole: Rect, y: f32, row: &Switch, columns: &[Column<'_>]) {
    let t = Tokens::of(ui);
    let x = whole.left();
    let offset = if row.remark.is_some() { 5.0 } else { 0.0 };
    ui.painter().text(
        pos2(x, y - offset),
        Align2::LEFT_CENTER,
        sentence(&row.name),
        egui::FontId::proportional(12.5),
        t.text,
    );
    if let Some(remark) = row.remark {
        let text = format!("not confirmed: {remark}");
        ui.painter().text(pos2(x, y + 9.0), Align2::LEFT_CENTER, text, egui::FontId::proportional(9.5), t.muted);
    }
    let rect = Rect::from_min_size(pos2(x, y - ROW / 2.0), vec2(NAMES, ROW));
    let response = ui.interact(rect, ui.scope_id().with(("permission", row.bit)), Sense::hover());
    let told = told(row, columns);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &told));
    response.on_hover_text(told);
}

/// Who takes a permission away, or that it is left.
fn told(row: &Switch, columns: &[Column<'_>]) -> String {
    let takes = takers(row, columns);
    let remark = row.remark.map(|remark| format!(" (not confirmed: {remark})")).unwrap_or_default();
    let name = sentence(&row.name);
    match takes.as_slice() {
        [] => format!("{name}{remark}: permitted by all of them"),
        takes => format!("{name}{remark}: not permitted by {}", takes.join(", ")),
    }
}

fn show_column(ui: &mut Ui, rect: Rect, column: &Column<'_>, rows: &[Switch]) {
    let t = Tokens::of(ui);
    let edge = if column.is_sum { Stroke::new(1.2, t.accent) } else { t.hairline() };
    ui.painter().rect(rect, RADIUS_CARD, t.panel, edge, StrokeKind::Inside);
    let middle = rect.center().x;
    let put = |ui: &Ui, y: f32, text: &str, font, color| {
        ui.painter().text(pos2(middle, rect.top() + y), Align2::CENTER_CENTER, text, font, color);
    };
    let small = egui::FontId::new(11.0, theme::semibold());
    put(ui, 13.0, column.title, egui::FontId::new(11.0, theme::medium()), t.text);
    let mut spoken = column.title.to_owned();
    match &column.under {
        Under::Text(text) => put(ui, 29.0, text, theme::small(), t.muted),
        Under::Key(certificate) => {
            let key = certificate.fingerprint.as_deref().map_or_else(|| "no key".to_owned(), short_hex);
            put(ui, 29.0, &key, egui::FontId::monospace(10.5), t.muted);
            spoken.push_str(&format!(" certificate {key}"));
            if let Some(problem) = &certificate.problem {
                spoken.push_str(&format!(", {problem}"));
                paint_icon(
                    ui,
                    pos2(rect.right() - 10.0, rect.top() + 12.0),
                    icons::ALERT,
                    theme::icon_filled(12.0),
                    t.danger,
                );
            }
            if certificate.sample.is_some() {
                put(ui, 44.0, "SAMPLE", small, t.warn);
                spoken.push_str(", SAMPLE");
            }
        }
    }
    for (index, row) in rows.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "some rows")]
        let y = rect.top() + HEAD + (index as f32 + 0.5) * ROW;
        let (icon, font, color) = match column.mask {
            None => (icons::QUESTION, theme::icon(15.0), t.muted),
            Some(mask) if mask >> row.bit & 1 == 1 => {
                (icons::SWITCH_ON, theme::icon_filled(20.0), if column.is_sum { t.accent } else { t.ok })
            }
            Some(_) => (icons::SWITCH_OFF, theme::icon(20.0), t.muted),
        };
        paint_icon(ui, pos2(middle, y), icon, font, color);
    }
    let on: Vec<String> = match column.mask {
        None => vec!["not read".to_owned()],
        Some(mask) => rows.iter().filter(|row| mask >> row.bit & 1 == 1).map(|row| row.name.clone()).collect(),
    };
    let on = if on.is_empty() { "nothing".to_owned() } else { on.join(", ") };
    let spoken = format!("{spoken}: {on}");
    let response = ui.interact(rect, ui.scope_id().with(("column", column.title, rect.left() as i32)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    response.on_hover_ui(|ui| {
        ui.set_max_width(420.0);
        ui.label(sentence(column.title));
        if let Under::Key(certificate) = &column.under {
            if let Some(key) = &certificate.fingerprint {
                ui.label(RichText::new(key).font(theme::mono()));
            }
            if let Some(whose) = certificate.sample {
                ui.label(RichText::new(format!("SAMPLE: {whose}")).color(Tokens::of(ui).warn));
            }
        }
        ui.label(muted(ui, on.clone()));
    });
}

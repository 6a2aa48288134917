//! Making debug certificates: the chain as a table, one column a certificate, one row a permission, so that what each
//! takes away is seen; what the project's object leaves of it; one button that makes all of them.

mod restrictions;

use egui::{Align, Label, Layout, Rect, RichText, ScrollArea, Sense, TextWrapMode, Ui, UiBuilder, pos2, vec2};
use formats::{Permission, Secret};

use crate::icons;
use crate::model::Tone;
use crate::model::configuration::{Possible, TypedText};
use crate::model::credentials::{ChainPlace, CredentialsIntent, Granted, MadeSheet, MakingForm, MakingSheet};
use crate::sheets::permissions;
use crate::text::short_hex;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, cut_label, hairline, muted, paint_icon};
use crate::widgets::form_row::{said_with_mark, warning_badge};
use crate::widgets::{intent_button, secret_entry, toggle};

/// Height of a row of switches, points.
const ROW: f32 = 30.0;
/// What the rows keep free beside the scroll bar.
const BAR: f32 = 10.0;

/// What the view remembers between frames.
pub(crate) struct CertificatesView {
    /// The passphrase of the chain's keys, while it is typed.
    passphrase: Secret<String>,
}

impl Default for CertificatesView {
    fn default() -> Self {
        Self { passphrase: secret_entry::empty() }
    }
}

impl std::fmt::Debug for CertificatesView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificatesView").finish_non_exhaustive()
    }
}

impl CertificatesView {
    /// The passphrase that was typed; the entry is empty afterwards.
    pub(crate) fn take_passphrase(&mut self) -> TypedText {
        TypedText::new(std::mem::replace(&mut self.passphrase, secret_entry::empty()))
    }
}

/// Shows the form, and what was made last above it.
pub(crate) fn show(
    ui: &mut Ui,
    sheet: &MakingSheet,
    form: &MakingForm,
    made: Option<&MadeSheet>,
    state: &mut CertificatesView,
    intents: &mut Vec<CredentialsIntent>,
) {
    let whole = ui.available_rect_before_wrap();
    let wide = Rect::from_min_max(whole.min, whole.max + vec2(BAR, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(wide), |ui| {
        ScrollArea::vertical().id_salt("certificates").auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - BAR);
            if let Some(made) = made {
                ui.add_space(4.0);
                what_was_made(ui, made, intents);
                ui.add_space(10.0);
            }
            table(ui, sheet, form, intents);
            ui.add_space(8.0);
            restrictions::show(ui, sheet, form, intents);
            ui.add_space(8.0);
            passphrase(ui, sheet, state);
            result(ui, sheet, form);
            ui.add_space(8.0);
        });
    });
}

/// Where the columns of the table begin.
struct Columns {
    names: f32,
    certificates: [f32; 3],
    object: f32,
    together: f32,
    end: f32,
}

impl Columns {
    fn of(left: f32, width: f32) -> Self {
        let names = (width * 0.3).clamp(180.0, 290.0);
        let last = (width * 0.1).clamp(76.0, 100.0);
        let each = (width - names - 2.0 * last) / 3.0;
        let first = left + names;
        Self {
            names: left,
            certificates: [first, first + each, first + 2.0 * each],
            object: first + 3.0 * each,
            together: first + 3.0 * each + last,
            end: left + width,
        }
    }

    fn of_place(&self, place: ChainPlace) -> (f32, f32) {
        let [root, intermediate, leaf] = self.certificates;
        match place {
            ChainPlace::Root => (root, intermediate),
            ChainPlace::Intermediate => (intermediate, leaf),
            ChainPlace::Leaf => (leaf, self.object),
        }
    }
}

/// A row of the table: its place, and where its cells are.
struct Row {
    rect: Rect,
    columns: Columns,
}

impl Row {
    fn new(ui: &mut Ui, height: f32) -> Self {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        hairline(ui, rect.left(), rect.right(), rect.bottom());
        Self { rect, columns: Columns::of(rect.left(), rect.width()) }
    }

    fn cell(&self, ui: &mut Ui, (left, right): (f32, f32), content: impl FnOnce(&mut Ui, f32)) {
        let place = Rect::from_x_y_ranges(left..=(right - 8.0).max(left + 1.0), self.rect.y_range());
        let builder = UiBuilder::new()
            .id_salt((left.to_bits(), "cell"))
            .max_rect(place)
            .layout(Layout::left_to_right(Align::Center));
        let mut child = ui.new_child(builder);
        child.spacing_mut().item_spacing.x = 6.0;
        content(&mut child, place.width());
    }

    fn name(&self, ui: &mut Ui, text: RichText) {
        let place = (self.columns.names, self.columns.of_place(ChainPlace::Root).0);
        self.cell(ui, place, |ui, width| {
            cut_label(ui, text, width);
        });
    }
}

fn table(ui: &mut Ui, sheet: &MakingSheet, form: &MakingForm, intents: &mut Vec<CredentialsIntent>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    heads(ui, sheet);
    keys(ui, sheet, form, intents);
    let shown =
        ChainPlace::ALL.iter().fold(sheet.object.unwrap_or(0), |mask, place| mask | form.permissions.of(*place));
    for bit in permissions::offered(shown) {
        ui.push_id(bit.bit, |ui| permission(ui, sheet, form, bit, intents));
    }
    ui.spacing_mut().item_spacing.y = 4.0;
}

fn heads(ui: &mut Ui, sheet: &MakingSheet) {
    let row = Row::new(ui, 24.0);
    row.name(ui, muted(ui, "What each certificate permits").font(theme::small()));
    for place in ChainPlace::ALL {
        row.cell(ui, row.columns.of_place(place), |ui, width| {
            cut_label(ui, RichText::new(crate::text::sentence(place.name())).font(theme::strong()), width);
        });
    }
    let object = if sheet.object.is_some() { "Object" } else { "No object" };
    row.cell(ui, (row.columns.object, row.columns.together), |ui, width| {
        cut_label(ui, RichText::new(object).font(theme::strong()), width).on_hover_text(
            "What the project's debug-authentication object permits: the board keeps it, and it has the last word",
        );
    });
    row.cell(ui, (row.columns.together, row.columns.end + 8.0), |ui, width| {
        cut_label(ui, RichText::new("Together").font(theme::strong()), width)
            .on_hover_text("What is in all of them: this is what a board with that object would grant");
    });
}

/// The key of each certificate, and whether a new one is made.
fn keys(ui: &mut Ui, sheet: &MakingSheet, form: &MakingForm, intents: &mut Vec<CredentialsIntent>) {
    let row = Row::new(ui, 44.0);
    row.name(ui, RichText::new("Key").font(theme::body()));
    for place in ChainPlace::ALL {
        let key = sheet.keys.of(place);
        row.cell(ui, row.columns.of_place(place), |ui, width| {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add_space(5.0);
                let file = if key.file.is_empty() { "no key yet" } else { key.file.as_str() };
                cut_label(ui, RichText::new(file), width).on_hover_text(file);
                ui.horizontal(|ui| {
                    match &key.fingerprint {
                        Some(whole) => ui
                            .label(muted(ui, short_hex(whole)).font(theme::mono()))
                            .on_hover_text(format!("SHA-256 of the public point: {whole}")),
                        None => ui.label(muted(ui, "not read").font(theme::small())),
                    };
                    if let Some(whose) = &key.sample {
                        warning_badge(ui, "SAMPLE").on_hover_text(whose);
                    }
                });
            });
        });
    }
    let row = Row::new(ui, ROW);
    row.name(ui, RichText::new("With a new key"));
    for place in ChainPlace::ALL {
        let new = form.renews(place);
        row.cell(ui, row.columns.of_place(place), |ui, width| {
            let name = format!("New key for the {} certificate", place.name());
            let word = if new { "new" } else { "present" };
            let size = vec2(width.min(110.0), 24.0);
            let switch = toggle::show(ui, size, toggle::Position::of(new), word, &name, &Ok(()));
            if switch.clicked() {
                let granted = if new { Granted::No } else { Granted::Yes };
                intents.push(CredentialsIntent::Renew(place, granted));
            }
            switch.on_hover_text("The old one is kept. The keys behind a new one are new, too");
        });
    }
}

/// One permission across the chain.
fn permission(
    ui: &mut Ui,
    sheet: &MakingSheet,
    form: &MakingForm,
    bit: Permission,
    intents: &mut Vec<CredentialsIntent>,
) {
    let row = Row::new(ui, ROW);
    let name = permissions::name(bit);
    row.name(ui, RichText::new(&name));
    let has = |mask: u128| permissions::has(mask, bit);
    for place in ChainPlace::ALL {
        let on = has(*form.permissions.of(place));
        let possible = narrower(form, place, has);
        row.cell(ui, row.columns.of_place(place), |ui, _| {
            let spoken = format!("{name}, {} certificate", place.name());
            let size = vec2(toggle::TRACK + 4.0, 24.0);
            if toggle::show(ui, size, toggle::Position::of(on), "", &spoken, &possible).clicked() {
                let granted = if on { Granted::No } else { Granted::Yes };
                intents.push(CredentialsIntent::Permit(place, bit.bit, granted));
            }
        });
    }
    if let Some(object) = sheet.object {
        mark(ui, &row, (row.columns.object, row.columns.together), has(object), &format!("{name}, object"));
    }
    let together = form.together() & sheet.object.unwrap_or(u128::MAX);
    let place = (row.columns.together, row.columns.end);
    mark(ui, &row, place, has(together), &format!("{name}, together"));
}

/// A certificate can only narrow its issuer.
fn narrower(form: &MakingForm, place: ChainPlace, has: impl Fn(u128) -> bool) -> Possible {
    let stops = place.issuers().find(|issuer| !has(*form.permissions.of(*issuer)));
    match stops {
        Some(issuer) => Err(format!("the {} certificate doesn't permit it, and none behind it can", issuer.name())),
        None => Ok(()),
    }
}

/// Permitted or not, as an icon with its word.
fn mark(ui: &mut Ui, row: &Row, place: (f32, f32), permitted: bool, name: &str) {
    let (icon, tone, word) =
        if permitted { (icons::CHECK, Tone::Ok, "yes") } else { (icons::MINUS, Tone::Neutral, "no") };
    row.cell(ui, place, |ui, _| {
        let t = Tokens::of(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(48.0, 20.0), Sense::hover());
        let font = if permitted { theme::icon_filled(14.0) } else { theme::icon(14.0) };
        paint_icon(ui, pos2(rect.left() + 7.0, rect.center().y), icon, font, t.tone(tone));
        let at = pos2(rect.left() + 20.0, rect.center().y);
        let color = if permitted { t.text } else { t.muted };
        ui.painter().text(at, egui::Align2::LEFT_CENTER, word, theme::body(), color);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name}: {word}")));
    });
}

/// Asked only where a key of the chain is under a passphrase: it opens the ones that sign, and new ones get it, too.
fn passphrase(ui: &mut Ui, sheet: &MakingSheet, state: &mut CertificatesView) {
    if !ChainPlace::ALL.into_iter().any(|place| sheet.keys.of(place).protected) {
        return;
    }
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        let label = ui.label("Passphrase of the keys");
        let id = ui.make_persistent_id("passphrase");
        secret_entry::show(ui, id, &mut state.passphrase, 220.0, "").labelled_by(label.id);
        ui.label(muted(ui, "opens the keys that sign; new keys get it, too").font(theme::small()));
    });
    ui.add_space(8.0);
}

/// What the chain is worth as it stands in the form.
fn result(ui: &mut Ui, sheet: &MakingSheet, form: &MakingForm) {
    let together = form.together() & sheet.object.unwrap_or(u128::MAX);
    let words = permissions::words(together);
    ui.horizontal_top(|ui| {
        ui.label(RichText::new("A board would grant").font(theme::section()));
        ui.add(Label::new(format!("{words}.")).wrap());
    });
    for remark in &sheet.remarks {
        said_with_mark(ui, Tone::Warn, remark, theme::body(), TextWrapMode::Wrap);
    }
}

fn what_was_made(ui: &mut Ui, made: &MadeSheet, intents: &mut Vec<CredentialsIntent>) {
    let t = Tokens::of(ui);
    let frame = t.card();
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.set_min_height(28.0);
            ui.label(RichText::new(icons::CHECK).font(theme::icon_filled(15.0)).color(t.ok));
            let count = made.files.len();
            ui.label(
                RichText::new(format!("Certificates made: {count} files have a new content")).font(theme::section()),
            );
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if intent_button::show(ui, "Close", Weight::Plain, &Ok(()), "Put this away").clicked() {
                    intents.push(CredentialsIntent::CloseMade);
                }
            });
        });
        ui.add(Label::new(format!("The chain permits {}.", made.permits)).wrap());
        if let Some(next) = &made.next {
            said_with_mark(ui, Tone::Neutral, next, theme::body(), TextWrapMode::Wrap);
        }
        for (path, what) in &made.files {
            ui.horizontal(|ui| {
                let width = ui.available_width();
                let name = crate::text::file_name(path);
                cut_label(ui, RichText::new(name).font(theme::mono()), width * 0.4)
                    .on_hover_text(path.display().to_string());
                cut_label(ui, muted(ui, what), width * 0.55);
            });
        }
    });
}

#[cfg(test)]
mod tests;

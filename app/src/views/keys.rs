//! Keys: the chain from a key to the certificate with its first broken edge explained, and the keys themselves, their
//! versions and what can be done with them. Fingerprints only.

mod questions;

use std::collections::BTreeSet;

use egui::{Align, Button, Label, Layout, Rect, RichText, ScrollArea, Sense, TextWrapMode, Ui, UiBuilder, WidgetInfo};
use egui::{pos2, vec2};

use self::questions::{Act, Asking};
use crate::icons;
use crate::model::Tone;
use crate::model::configuration::{ConfigurationIntent, TypedText};
use crate::model::keys::{ChainSheet, ChosenFile, EdgeState, KeySheet, KeyVersion, KeysSheet, Protection};
use crate::text::short_hex;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, cut_label, focus_ring, hairline, muted, paint_icon};
use crate::widgets::finding::{Finding, Pressed};
use crate::widgets::form_row::{said_with_mark, warning_badge};
use crate::widgets::{chain, finding, intent_button};

/// Height of a key's row, points.
const ROW: f32 = 34.0;
/// What the rows keep free beside the scroll bar.
const BAR: f32 = 10.0;
/// Where the text of an opened key begins.
const INDENT: f32 = 28.0;

/// What the view remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct KeysView {
    /// The roles whose rows are open.
    open: BTreeSet<String>,
    /// What an act still has to be told.
    asking: Option<Asking>,
    /// The chosen file that last went into the question.
    followed: Option<ChosenFile>,
}

pub(crate) fn show(ui: &mut Ui, sheet: &KeysSheet, state: &mut KeysView, intents: &mut Vec<ConfigurationIntent>) {
    follow(sheet, state);
    // The scroll bar stands in the panel's margin, so that the rows end where the panel's text ends.
    let bar = BAR + ui.spacing().scroll.allocated_width();
    let whole = ui.available_rect_before_wrap();
    let wide = Rect::from_min_max(whole.min, whole.max + vec2(bar, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(wide), |ui| content(ui, sheet, state, intents));
}

/// Puts a file that was chosen in a dialog into the question that takes a key from it, once.
fn follow(sheet: &KeysSheet, state: &mut KeysView) {
    if state.followed == sheet.chosen {
        return;
    }
    state.followed.clone_from(&sheet.chosen);
    let Some(chosen) = &sheet.chosen else { return };
    let Some(key) = sheet.keys.get(chosen.key) else { return };
    state.open.insert(key.role.clone());
    questions::import_from(&mut state.asking, &key.role, &chosen.path);
}

fn content(ui: &mut Ui, sheet: &KeysSheet, state: &mut KeysView, intents: &mut Vec<ConfigurationIntent>) {
    ScrollArea::vertical().id_salt("keys").auto_shrink([false, false]).show(ui, |ui| {
        ui.set_max_width(ui.available_width() - BAR);
        if !sheet.chain.nodes.is_empty() {
            chain::show(ui, &sheet.chain);
            ui.add_space(10.0);
            first_broken(ui, &sheet.chain, intents);
            ui.add_space(12.0);
        }
        titles(ui);
        ui.spacing_mut().item_spacing.y = 0.0;
        for (index, key) in sheet.keys.iter().enumerate() {
            ui.push_id(&key.role, |ui| show_key(ui, index, key, state, intents));
        }
        ui.add_space(8.0);
    });
}

/// How many keys there are, and whether everybody has some of them.
pub(crate) fn standing(ui: &mut Ui, sheet: &KeysSheet) {
    let keys = sheet.keys.len();
    let samples = sheet.keys.iter().filter(|key| key.sample.is_some()).count();
    ui.label(muted(ui, format!("{keys} {}", if keys == 1 { "key" } else { "keys" })));
    if samples > 0 {
        let words = if samples == keys { "all of them SAMPLE".to_owned() } else { format!("{samples} of them SAMPLE") };
        said_with_mark(ui, Tone::Warn, &words, theme::body(), TextWrapMode::Extend)
            .on_hover_text("Everybody has these keys. Fine for a rehearsal, never for a product.");
    }
}

/// What is the matter with the chain, or that nothing is.
fn first_broken(ui: &mut Ui, chain: &ChainSheet, intents: &mut Vec<ConfigurationIntent>) {
    let Some(broken) = &chain.first_broken else {
        let unknown = chain.edges.iter().filter(|edge| edge.state == EdgeState::Unknown).count();
        let (tone, text) = match unknown {
            0 => (Tone::Ok, "Everything belongs together.".to_owned()),
            1 => (Tone::Neutral, "What could be compared belongs together; 1 thing couldn't.".to_owned()),
            count => (Tone::Neutral, format!("What could be compared belongs together; {count} things couldn't.")),
        };
        said_with_mark(ui, tone, &text, theme::body(), TextWrapMode::Wrap);
        return;
    };
    let Some(edge) = chain.edges.get(broken.edge) else { return };
    let name = |id: &str| chain.nodes.iter().find(|node| node.id == *id).map_or("", |node| node.name.as_str());
    let (_, tone, word) = chain::mark(edge.state);
    let title = format!("{} → {} is {word}", name(&edge.from), name(&edge.to));
    let card = Finding {
        tone,
        title: &title,
        text: &broken.explanation,
        source: "",
        mend: broken.mend.as_deref().map(|mend| (mend, Weight::Primary)),
    };
    if finding::show(ui, &card) == Some(Pressed::Mend) {
        intents.push(ConfigurationIntent::MendChain);
    }
}

/// Where the columns of a row begin.
struct Columns {
    role: f32,
    fingerprint: f32,
    sample: f32,
    protection: f32,
    used: f32,
}

impl Columns {
    fn of(rect: Rect) -> Self {
        let width = rect.width();
        Self {
            role: rect.left() + INDENT,
            fingerprint: rect.left() + width * 0.37,
            sample: rect.left() + width * 0.37 + 116.0,
            protection: rect.left() + width * 0.37 + 202.0,
            used: rect.left() + width * 0.37 + 316.0,
        }
    }
}

fn titles(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let columns = Columns::of(rect);
    let t = Tokens::of(ui);
    for (x, name) in [
        (columns.role, "Key"),
        (columns.fingerprint, "Fingerprint"),
        (columns.protection, "On disk"),
        (columns.used, "Used in"),
    ] {
        let at = pos2(x, rect.center().y);
        ui.painter().text(at, egui::Align2::LEFT_CENTER, name, theme::small(), t.muted);
    }
    hairline(ui, rect.left(), rect.right(), rect.bottom());
}

fn show_key(ui: &mut Ui, index: usize, key: &KeySheet, state: &mut KeysView, intents: &mut Vec<ConfigurationIntent>) {
    let row = row(ui, key, state, intents);
    let open = state.open.contains(&key.role);
    if row.clicked() {
        if open {
            state.open.remove(&key.role);
            state.asking.take_if(|asking| asking.is_about(&key.role));
        } else {
            state.open.insert(key.role.clone());
        }
    }
    if open {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 4.0);
            ui.horizontal(|ui| {
                ui.add_space(INDENT);
                ui.vertical(|ui| {
                    ui.set_width(ui.available_width());
                    opened(ui, index, key, state, intents);
                });
            });
            ui.add_space(8.0);
        });
    }
    let bottom = ui.cursor().top();
    hairline(ui, row.rect.left(), row.rect.right(), bottom);
}

fn row(ui: &mut Ui, key: &KeySheet, state: &KeysView, intents: &mut Vec<ConfigurationIntent>) -> egui::Response {
    let t = Tokens::of(ui);
    let open = state.open.contains(&key.role);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, open, spoken(key)));
    if response.hovered() {
        ui.painter().rect_filled(rect, 4, t.raised);
    }
    let caret = if open { icons::DOWN } else { icons::RIGHT };
    paint_icon(ui, pos2(rect.left() + 13.0, rect.center().y), caret, theme::icon(13.0), t.muted);
    let columns = Columns::of(rect);
    cell(ui, rect, columns.role, columns.fingerprint, |ui, width| {
        let used = cut_label(ui, RichText::new(&key.role).font(theme::strong()), width).rect.width();
        cut_label(ui, muted(ui, &key.file), (width - used - 8.0).max(0.0)).on_hover_text(&key.path);
    });
    cell(ui, rect, columns.fingerprint - 4.0, columns.sample, |ui, _| {
        fingerprint(ui, key.fingerprint.as_deref(), intents)
    });
    if let Some(whose) = &key.sample {
        cell(ui, rect, columns.sample, columns.protection, |ui, _| {
            warning_badge(ui, "SAMPLE").on_hover_text(whose);
        });
    }
    let (icon, tone, word) = protection(key.protection);
    cell(ui, rect, columns.protection, columns.used, |ui, width| {
        ui.label(RichText::new(icon).font(theme::icon(14.0)).color(t.tone(tone)));
        cut_label(ui, RichText::new(word).color(t.tone(tone)), width - 22.0);
    });
    cell(ui, rect, columns.used, rect.right(), |ui, width| {
        let text = if key.used_in.is_empty() { "nothing".to_owned() } else { key.used_in.join(", ") };
        cut_label(ui, muted(ui, text), width);
    });
    focus_ring(ui, &response);
    response
}

/// A part of a row, from one column to the next.
fn cell(ui: &mut Ui, row: Rect, left: f32, right: f32, content: impl FnOnce(&mut Ui, f32)) {
    let place = Rect::from_x_y_ranges(left..=(right - 10.0).max(left + 1.0), row.y_range());
    let builder = UiBuilder::new().max_rect(place).layout(Layout::left_to_right(Align::Center));
    let mut child = ui.new_child(builder);
    child.spacing_mut().item_spacing.x = 6.0;
    content(&mut child, place.width());
}

/// A shortened fingerprint; a press copies the whole.
fn fingerprint(ui: &mut Ui, whole: Option<&str>, intents: &mut Vec<ConfigurationIntent>) {
    let Some(whole) = whole else {
        ui.label(muted(ui, "not read"));
        return;
    };
    let text = RichText::new(short_hex(whole)).font(theme::mono());
    ui.spacing_mut().button_padding = vec2(4.0, 2.0);
    let response = ui.add(Button::new(text).frame_when_inactive(false));
    focus_ring(ui, &response);
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Button, true, format!("Copy fingerprint {}", short_hex(whole)))
    });
    if response.clicked() {
        intents.push(ConfigurationIntent::CopyText(whole.to_owned()));
    }
    response.on_hover_ui(|ui| {
        ui.set_max_width(520.0);
        ui.label(RichText::new(whole).font(theme::mono()));
        ui.label(muted(ui, "SHA-256 of the public point. Press to copy it whole."));
    });
}

const fn protection(protection: Protection) -> (&'static str, Tone, &'static str) {
    match protection {
        Protection::Clear => (icons::LOCK_OPEN, Tone::Neutral, "in clear"),
        Protection::Protected => (icons::LOCK, Tone::Ok, "protected"),
        Protection::Unlocked => (icons::LOCK_OPEN, Tone::Accent, "unlocked"),
        Protection::Missing => (icons::ALERT, Tone::Danger, "missing"),
    }
}

/// The key in a sentence, for screen readers.
fn spoken(key: &KeySheet) -> String {
    let mut text = format!("{}, {}", key.role, key.file);
    if let Some(whole) = &key.fingerprint {
        text.push_str(&format!(", {}", short_hex(whole)));
    }
    if key.sample.is_some() {
        text.push_str(", SAMPLE");
    }
    let (_, _, word) = protection(key.protection);
    text.push_str(&format!(", {word}"));
    text
}

fn opened(ui: &mut Ui, index: usize, key: &KeySheet, state: &mut KeysView, intents: &mut Vec<ConfigurationIntent>) {
    let path = muted(ui, &key.path).font(egui::FontId::monospace(11.0));
    ui.add(Label::new(path).truncate());
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
        acts(ui, index, key, state, intents);
    });
    questions::show(ui, index, key, &mut state.asking, intents);
    let older: Vec<&KeyVersion> = key.versions.iter().filter(|version| !version.in_use).collect();
    if !older.is_empty() {
        ui.add_space(2.0);
        ui.label(
            muted(ui, if older.len() == 1 { "1 other version is kept" } else { "Other versions are kept" })
                .font(theme::small()),
        );
        for version in older {
            ui.horizontal(|ui| {
                ui.label(RichText::new(icons::STALE).font(theme::icon(13.0)).color(Tokens::of(ui).muted));
                cut_label(ui, RichText::new(&version.file), 320.0);
                ui.push_id(&version.file, |ui| fingerprint(ui, Some(&version.fingerprint), intents));
                if let Some(whose) = &version.sample {
                    warning_badge(ui, "SAMPLE").on_hover_text(whose);
                }
            });
        }
    }
}

fn acts(ui: &mut Ui, index: usize, key: &KeySheet, state: &mut KeysView, intents: &mut Vec<ConfigurationIntent>) {
    let acts = &key.acts;
    // Only what fits the key's protection is offered: an open key can be shut, a shut one opened and followed by a shut one.
    let shut = matches!(key.protection, Protection::Protected | Protection::Unlocked);
    let new = "A new key beside the old one, which is kept";
    if !shut && intent_button::show(ui, "Generate new version", Weight::Plain, &acts.generate, new).clicked() {
        intents.push(ConfigurationIntent::GenerateKey(index, TypedText::empty()));
    }
    let public = "Write the public key into a PEM file beside this one";
    if intent_button::show(ui, "Export public half", Weight::Plain, &acts.export_public, public).clicked() {
        intents.push(ConfigurationIntent::ExportPublic(index));
    }
    let asked = [
        (shut, "Generate new version…", &acts.generate, new, Act::Generate),
        (true, "Import…", &acts.import, "Take a key from a PEM file as a new version", Act::Import),
        (
            !shut,
            "Protect with passphrase…",
            &acts.protect,
            "Encrypt the file; ST's tools can't read it then",
            Act::Protect,
        ),
        (shut, "Unlock…", &acts.unlock, "Give the passphrase for this session", Act::Unlock),
        (
            shut,
            "Export in clear…",
            &acts.export_clear,
            "Write the key unencrypted into a file, as ST's tools need it",
            Act::ExportClear,
        ),
    ];
    for (_, text, possible, tooltip, act) in asked.into_iter().filter(|(offered, ..)| *offered) {
        if intent_button::show(ui, text, Weight::Plain, possible, tooltip).clicked() {
            state.asking = Some(Asking::new(&key.role, act));
        }
    }
}

#[cfg(test)]
mod tests;

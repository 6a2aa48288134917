//! Configuration: the project's files as forms, the memory map beside them, what the rules found, and the object that
//! comes out, byte by byte. It shows a sheet and pushes intents; what a value means is decided elsewhere.

mod stages;

use egui::{
    Align, Button, Frame, Label, Layout, Margin, Rect, RichText, ScrollArea, Stroke, Ui, UiBuilder, WidgetInfo,
};
use egui::{TextFormat, TextWrapMode, pos2, vec2};

use crate::command::Command;
use crate::icons;
use crate::model::Tone;
use crate::model::boot_stages::HereSheet;
use crate::model::configuration::{
    ConfigurationIntent, ConfigurationSheet, DocumentSheet, FindingSheet, OnDisk, Place, Section, Selection,
};
use crate::text::sentence;
use crate::theme::{self, RADIUS_CARD, Tokens};
use crate::widgets::controls::{Standing, Weight, focus_ring, hairline, muted, tab, tooltip};
use crate::widgets::finding::{Finding, Pressed};
use crate::widgets::form_row::{self, said_with_mark};
use crate::widgets::form_state::FormState;
use crate::widgets::memory_map::MapState;
use crate::widgets::{annotated_bytes, finding, intent_button, memory_map};

/// From this width on title and buttons stand in one row, points.
const ONE_ROW: f32 = 600.0;
/// From this width on the tabs and the tally of the rules stand in one row, points.
const TABS_AND_TALLY: f32 = 780.0;
/// Between form and map, points.
const GUTTER: f32 = 24.0;
/// What a column keeps free beside its scroll bar.
const BAR: f32 = 10.0;

/// What the view remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct ConfigurationView {
    form: FormState,
    map: MapState,
    stages: stages::StagesState,
    advanced: Fold,
    pane: Pane,
    /// The selection whose row was last brought into sight.
    followed: Option<Selection>,
}

/// Whether something folded is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Fold {
    #[default]
    Shut,
    Open,
}

/// What stands at the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    Map,
    Object,
}

impl ConfigurationView {
    /// Gives what is being typed, so that a wish that comes from elsewhere (a shortcut, the palette) finds it.
    pub(crate) fn finish(&mut self, intents: &mut Vec<ConfigurationIntent>) {
        self.form.finish(intents);
    }
}

pub(crate) fn show(
    ui: &mut Ui,
    sheet: &ConfigurationSheet,
    here: Option<&HereSheet>,
    state: &mut ConfigurationView,
    intents: &mut Vec<ConfigurationIntent>,
) {
    header(ui, sheet, state, intents);
    ui.add_space(4.0);
    documents(ui, sheet, intents);
    if let (Section::Stages, Some(stages)) = (sheet.section, &sheet.stages) {
        ui.add_space(6.0);
        stages::show(ui, stages, here, &mut state.stages, intents);
        return;
    }
    let Some(document) = sheet.document() else {
        ui.add_space(24.0);
        ui.vertical_centered(|ui| ui.label(muted(ui, "The project has no configuration file.")));
        return;
    };
    if document.on_disk == OnDisk::ChangedByAnother {
        ui.add_space(8.0);
        changed_by_another(ui, document, sheet.shown, intents);
    }
    ui.add_space(6.0);
    let scroll = follow(sheet, document, state);
    let bar = BAR + ui.spacing().scroll.allocated_width();
    let whole = ui.available_rect_before_wrap();
    let form = (whole.width() * 0.46).clamp(300.0, 540.0);
    let left = Rect::from_min_max(
        pos2(whole.left() - form_row::INSET, whole.top()),
        pos2(whole.left() + form, whole.bottom()),
    );
    // The scroll bar stands in the panel's margin, so that what scrolls ends where the header ends.
    let right = Rect::from_min_max(pos2(left.right() + GUTTER, whole.top()), whole.max + vec2(bar, 0.0));
    ui.scope_builder(UiBuilder::new().id_salt(("form", &document.path)).max_rect(left), |ui| {
        scrolled(ui, "fields", |ui| fields(ui, sheet, document, state, scroll, intents));
    });
    ui.scope_builder(UiBuilder::new().id_salt("result").max_rect(right), |ui| {
        let wide = ui.available_width() - bar;
        ui.scope(|ui| {
            ui.set_max_width(wide);
            panes(ui, sheet, state);
        });
        ui.add_space(4.0);
        scrolled(ui, "pane", |ui| match state.pane {
            Pane::Map => map(ui, sheet, state, intents),
            Pane::Object => object(ui, sheet, intents),
        });
    });
}

fn scrolled(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().id_salt(name).auto_shrink([false, false]).show(ui, |ui| {
        ui.set_max_width(ui.available_width() - BAR);
        content(ui);
        ui.add_space(8.0);
    });
}

/// Title, file and edits; then what can be done with them. Save gives first what is still being typed.
fn header(
    ui: &mut Ui,
    sheet: &ConfigurationSheet,
    state: &mut ConfigurationView,
    intents: &mut Vec<ConfigurationIntent>,
) {
    let title = |ui: &mut Ui| {
        ui.label(RichText::new("Configuration").font(theme::title()));
        ui.add_space(4.0);
        standing(ui, sheet);
    };
    if ui.available_width() < ONE_ROW {
        ui.horizontal(|ui| {
            ui.set_height(30.0);
            title(ui);
        });
        ui.horizontal_wrapped(|ui| wishes(ui, sheet, state, intents));
        return;
    }
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        let gap = ui.spacing().item_spacing.x;
        let buttons = WISHES.map(|wish| intent_button::width(ui, Command::Configuration(wish).text()) + gap);
        let buttons: f32 = buttons.iter().sum();
        let texts = (ui.available_width() - buttons).max(80.0);
        // A place of its own, so that the buttons come left to right, by Tab as by eye.
        ui.allocate_ui_with_layout(vec2(texts, 30.0), Layout::left_to_right(Align::Center), |ui| {
            ui.set_width(texts);
            title(ui);
        });
        wishes(ui, sheet, state, intents);
    });
}

/// The palette names these wishes the same way.
const WISHES: [ConfigurationIntent; 4] = [
    ConfigurationIntent::BuildOutputs,
    ConfigurationIntent::Undo,
    ConfigurationIntent::Redo,
    ConfigurationIntent::Save,
];

/// What can be done with the files.
fn wishes(
    ui: &mut Ui,
    sheet: &ConfigurationSheet,
    state: &mut ConfigurationView,
    intents: &mut Vec<ConfigurationIntent>,
) {
    let [build, undo, redo, save] = WISHES.map(Command::Configuration);
    let none = |text: &str| Err(text.to_owned());
    let what = tooltip(ui, &build);
    if intent_button::show(ui, build.text(), Weight::Plain, &sheet.build, &what).clicked() {
        state.finish(intents);
        intents.push(ConfigurationIntent::BuildOutputs);
    }
    let possible = sheet.can_undo.as_ref().map_or_else(|| none("nothing was edited"), |_| Ok(()));
    let what = sheet.can_undo.as_deref().map(|what| format!("Take back: {what}")).unwrap_or_default();
    if intent_button::show(ui, undo.text(), Weight::Plain, &possible, &what).clicked() {
        intents.push(ConfigurationIntent::Undo);
    }
    let possible = sheet.can_redo.as_ref().map_or_else(|| none("nothing was taken back"), |_| Ok(()));
    let what = sheet.can_redo.as_deref().map(|what| format!("Do again: {what}")).unwrap_or_default();
    if intent_button::show(ui, redo.text(), Weight::Plain, &possible, &what).clicked() {
        intents.push(ConfigurationIntent::Redo);
    }
    let what = tooltip(ui, &save);
    if intent_button::show(ui, save.text(), Weight::Primary, &sheet.save, &what).clicked() {
        state.finish(intents);
        intents.push(ConfigurationIntent::Save);
    }
}

/// The shown file, the edits that no file holds, and the output that no longer fits.
fn standing(ui: &mut Ui, sheet: &ConfigurationSheet) {
    let Some(document) = sheet.document() else { return };
    let t = Tokens::of(ui);
    let mut words = document.file.clone();
    match sheet.unsaved {
        0 => {}
        1 => words.push_str(" · 1 edit not saved"),
        edits => words.push_str(&format!(" · {edits} edits not saved")),
    }
    let mut text = egui::text::LayoutJob::default();
    let centred = |font, color| TextFormat { valign: Align::Center, ..TextFormat::simple(font, color) };
    text.append(&words, 0.0, centred(theme::body(), t.muted));
    if let Some(output) = &document.stale_output {
        text.append(icons::WARNING, 14.0, centred(theme::icon_filled(14.0), t.warn));
        text.append(output, 4.0, centred(theme::body(), t.warn));
    }
    let whole = format!("{}\n{}", document.path, document.stale_output.as_deref().unwrap_or_default());
    ui.add(Label::new(text).truncate()).on_hover_text(whole.trim_end());
}

/// The documents as tabs, and at the right how many rules hold.
fn documents(ui: &mut Ui, sheet: &ConfigurationSheet, intents: &mut Vec<ConfigurationIntent>) {
    if ui.available_width() < TABS_AND_TALLY {
        // Enlarged on a small screen the tabs scroll; what the keyboard comes to is brought into sight.
        ScrollArea::horizontal().id_salt("documents").auto_shrink([false, true]).show(ui, |ui| {
            ui.horizontal(|ui| tabs(ui, sheet, intents));
        });
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| tally(ui, sheet));
        });
        return;
    }
    let row = ui.horizontal(|ui| {
        tabs(ui, sheet, intents);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            tally(ui, sheet);
        });
    });
    let rect = row.response.rect;
    hairline(ui, rect.left(), rect.right(), rect.bottom());
}

fn tabs(ui: &mut Ui, sheet: &ConfigurationSheet, intents: &mut Vec<ConfigurationIntent>) {
    ui.set_height(28.0);
    ui.spacing_mut().item_spacing.x = 18.0;
    for (index, document) in sheet.documents.iter().enumerate() {
        let (mark, word) = match document.on_disk {
            OnDisk::Same => ("", ""),
            OnDisk::Edited => (" •", ", edited"),
            OnDisk::ChangedByAnother => (" •", ", changed by another program"),
        };
        let text = format!("{}{mark}", document.title);
        let name = format!("{}{word}", document.title);
        let picked = index == sheet.shown && sheet.section == Section::Files;
        let standing = if picked { Standing::Picked } else { Standing::Plain };
        let response = ui.push_id(&document.path, |ui| tab(ui, &text, &name, standing)).inner;
        if response.gained_focus() {
            response.scroll_to_me(None);
        }
        if response.on_hover_text(&document.path).clicked() && !picked {
            intents.push(ConfigurationIntent::ShowDocument(index));
        }
    }
    if sheet.stages.is_some() {
        let picked = sheet.section == Section::Stages;
        let standing = if picked { Standing::Picked } else { Standing::Plain };
        let what = Command::Configuration(ConfigurationIntent::ShowStages).tooltip();
        let response = tab(ui, "Boot stages", "Boot stages", standing);
        if response.gained_focus() {
            response.scroll_to_me(None);
        }
        if response.on_hover_text(what).clicked() && !picked {
            intents.push(ConfigurationIntent::ShowStages);
        }
    }
}

/// Errors, warnings and rules that hold, each with its mark; the numbers alone where many tabs leave no room.
fn tally(ui: &mut Ui, sheet: &ConfigurationSheet) {
    let count = |tone: Tone| sheet.findings.iter().filter(|finding| finding.tone == tone).count();
    let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    // From the right.
    let parts = [
        (Tone::Ok, sheet.rules_hold, plural(sheet.rules_hold, "rule holds", "rules hold")),
        (Tone::Warn, count(Tone::Warn), plural(count(Tone::Warn), "warning", "warnings")),
        (Tone::Danger, count(Tone::Danger), plural(count(Tone::Danger), "error", "errors")),
    ];
    let short = ui.available_width() < 270.0;
    for (tone, count, words) in parts {
        if count > 0 {
            let shown = if short { count.to_string() } else { words.clone() };
            let label = said_with_mark(ui, tone, &shown, theme::body(), TextWrapMode::Extend);
            label.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &words));
            label.on_hover_text(words);
            ui.add_space(8.0);
        }
    }
}

fn changed_by_another(ui: &mut Ui, document: &DocumentSheet, index: usize, intents: &mut Vec<ConfigurationIntent>) {
    let t = Tokens::of(ui);
    let frame = Frame::new()
        .fill(t.panel)
        .stroke(Stroke::new(1.2, t.warn))
        .corner_radius(RADIUS_CARD)
        .inner_margin(Margin::symmetric(12, 6));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_min_height(28.0);
            ui.label(RichText::new(icons::WARNING).font(theme::icon_filled(15.0)).color(t.warn));
            let text = format!("Another program changed {} since it was read. Neither version is lost.", document.file);
            let buttons = intent_button::width(ui, "Keep mine") + intent_button::width(ui, "Take theirs") + 16.0;
            let width = (ui.available_width() - buttons).max(80.0);
            ui.allocate_ui_with_layout(vec2(width, 28.0), Layout::left_to_right(Align::Center), |ui| {
                ui.set_width(width);
                ui.add(Label::new(text).wrap());
            });
            let keep = "What is shown stays; the other version is put aside";
            if intent_button::show(ui, "Keep mine", Weight::Plain, &Ok(()), keep).clicked() {
                intents.push(ConfigurationIntent::KeepMine(index));
            }
            let take = "The file is read again; what is shown is put aside";
            if intent_button::show(ui, "Take theirs", Weight::Plain, &Ok(()), take).clicked() {
                intents.push(ConfigurationIntent::TakeTheirs(index));
            }
        });
    });
}

/// Whether the form moves to what was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scroll {
    ToPicked,
    Stay,
}

/// Brings what was picked into sight, once for each new selection; what is folded opens for it.
fn follow(sheet: &ConfigurationSheet, document: &DocumentSheet, state: &mut ConfigurationView) -> Scroll {
    if state.followed == sheet.selected {
        return Scroll::Stay;
    }
    state.followed.clone_from(&sheet.selected);
    let picked = sheet.picked_fields();
    if document.fields.iter().any(|field| field.place == Place::Advanced && picked.contains(&&field.id)) {
        state.advanced = Fold::Open;
    }
    Scroll::ToPicked
}

fn fields(
    ui: &mut Ui,
    sheet: &ConfigurationSheet,
    document: &DocumentSheet,
    state: &mut ConfigurationView,
    scroll: Scroll,
    intents: &mut Vec<ConfigurationIntent>,
) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let picked = sheet.picked_fields();
    let mut around = Rect::NOTHING;
    let mut rows = |ui: &mut Ui, place: Place, form: &mut FormState| {
        for field in document.fields.iter().filter(|field| field.place == place) {
            let standing = if picked.contains(&&field.id) { Standing::Picked } else { Standing::Plain };
            let row = form_row::show(ui, field, standing, form, intents);
            if standing == Standing::Picked {
                around = around.union(row.rect);
            }
        }
    };
    rows(ui, Place::Main, &mut state.form);
    let advanced: Vec<_> = document.fields.iter().filter(|field| field.place == Place::Advanced).collect();
    if !advanced.is_empty() {
        let bad = advanced.iter().filter(|field| field.trouble.is_some() || field.refused.is_some()).count();
        fold(ui, advanced.len(), bad, &mut state.advanced);
        if state.advanced == Fold::Open {
            rows(ui, Place::Advanced, &mut state.form);
            loader_numbers(ui, sheet, intents);
        }
    }
    if scroll == Scroll::ToPicked && around.is_positive() {
        ui.scroll_to_rect(around, None);
    }
}

/// The line that opens and shuts the advanced fields.
fn fold(ui: &mut Ui, count: usize, bad: usize, advanced: &mut Fold) {
    let t = Tokens::of(ui);
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        let (icon, next) = match *advanced {
            Fold::Shut => (icons::RIGHT, Fold::Open),
            Fold::Open => (icons::DOWN, Fold::Shut),
        };
        let words = format!("Advanced: {count} hidden and reserved fields");
        ui.spacing_mut().button_padding = vec2(form_row::INSET - 1.0, 4.0);
        let button = Button::new((
            RichText::new(icon).font(theme::icon(13.0)).color(t.muted),
            RichText::new(&words).font(theme::body()).color(t.muted),
        ));
        let response = ui.add(button.frame_when_inactive(false).min_size(vec2(0.0, 26.0)));
        focus_ring(ui, &response);
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, next == Fold::Shut, &words));
        if response.clicked() {
            *advanced = next;
        }
        if bad > 0 {
            ui.label(RichText::new(icons::ALERT).font(theme::icon_filled(12.0)).color(t.danger));
            ui.label(RichText::new(format!("{bad} to look at")).font(theme::small()).color(t.danger));
        }
    });
    ui.add_space(4.0);
}

/// Size, offset and write protection, taken from the loader's binary in one edit.
fn loader_numbers(ui: &mut Ui, sheet: &ConfigurationSheet, intents: &mut Vec<ConfigurationIntent>) {
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        ui.add_space(form_row::INSET);
        let take = Command::Configuration(ConfigurationIntent::ComputeLoaderNumbers);
        let possible = sheet.loader_numbers.as_ref().map(|_| ()).map_err(Clone::clone);
        let what = tooltip(ui, &take);
        if intent_button::show(ui, take.text(), Weight::Plain, &possible, &what).clicked() {
            intents.push(ConfigurationIntent::ComputeLoaderNumbers);
        }
        let words = match &sheet.loader_numbers {
            Ok(offer) => offer,
            Err(reason) => reason,
        };
        ui.add(Label::new(muted(ui, sentence(words)).font(theme::small())).wrap());
    });
}

fn panes(ui: &mut Ui, sheet: &ConfigurationSheet, state: &mut ConfigurationView) {
    ui.horizontal(|ui| {
        ui.set_height(26.0);
        ui.spacing_mut().item_spacing.x = 18.0;
        for (pane, name) in [(Pane::Map, "Memory map"), (Pane::Object, "Object")] {
            let standing = if state.pane == pane { Standing::Picked } else { Standing::Plain };
            if tab(ui, name, name, standing).clicked() {
                state.pane = pane;
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            match (state.pane, &sheet.object) {
                (Pane::Map, _) => {
                    ui.label(muted(ui, "to scale within each memory").font(theme::small()));
                }
                (Pane::Object, Some(object)) => {
                    let (tone, words) = &object.state;
                    said_with_mark(ui, *tone, words, theme::small(), TextWrapMode::Truncate);
                    ui.label(muted(ui, &object.name).font(theme::small()));
                }
                (Pane::Object, None) => {}
            }
        });
    });
}

fn map(ui: &mut Ui, sheet: &ConfigurationSheet, state: &mut ConfigurationView, intents: &mut Vec<ConfigurationIntent>) {
    memory_map::show(ui, &sheet.map, sheet.picked_region(), &mut state.map, intents);
    ui.add_space(2.0);
    for found in &sheet.findings {
        ui.push_id(found.index, |ui| show_finding(ui, sheet, found, intents));
        ui.add_space(8.0);
    }
}

fn show_finding(ui: &mut Ui, sheet: &ConfigurationSheet, found: &FindingSheet, intents: &mut Vec<ConfigurationIntent>) {
    let title = format!("{} · {}", found.rule, found.title);
    let card = Finding {
        tone: found.tone,
        title: &title,
        text: &found.text,
        source: &found.source,
        mend: found.mend.as_deref().map(|mend| (mend, Weight::Plain)),
    };
    match finding::show(ui, &card) {
        Some(Pressed::Mend) => intents.push(ConfigurationIntent::Mend(found.index)),
        Some(Pressed::Title) => point_at(sheet, found, intents),
        None => {}
    }
}

/// Picks what a finding is about, in the document where it stands.
fn point_at(sheet: &ConfigurationSheet, found: &FindingSheet, intents: &mut Vec<ConfigurationIntent>) {
    if let Some(field) = found.fields.first() {
        let holds = |document: &DocumentSheet| document.fields.iter().any(|other| other.id == *field);
        if let Some(index) = sheet.documents.iter().position(holds).filter(|index| *index != sheet.shown) {
            intents.push(ConfigurationIntent::ShowDocument(index));
        }
        intents.push(ConfigurationIntent::Select(Some(Selection::Field(field.clone()))));
    } else if let Some(region) = &found.region {
        intents.push(ConfigurationIntent::Select(Some(Selection::Region(region.clone()))));
    }
}

fn object(ui: &mut Ui, sheet: &ConfigurationSheet, intents: &mut Vec<ConfigurationIntent>) {
    let Some(object) = &sheet.object else {
        ui.label(muted(ui, "This document makes no object."));
        return;
    };
    let picked = sheet.picked_spans();
    annotated_bytes::bytes(ui, object, &picked, intents);
    ui.add_space(10.0);
    annotated_bytes::list(ui, object, &picked, intents);
}

#[cfg(test)]
mod tests;

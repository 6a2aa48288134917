//! One field of a form as a row: its name, an entry that fits it, its rule or its trouble under it, a way back to the
//! default.

use std::path::Path;

use egui::{
    Align, Button, ComboBox, Label, Layout, Response, RichText, Stroke, TextEdit, TextWrapMode, Ui, WidgetInfo,
};
use egui::{TextFormat, text::LayoutJob, vec2};
use formats::Secret;

use crate::icons;
use crate::model::Tone;
use crate::model::configuration::{
    Choice, ConfigurationIntent, Entry, FieldSheet, PermissionSwitch, Selection, TypedText,
};
use crate::text::{file_name, grouped};
use crate::theme::{self, RADIUS_CONTROL, Tokens};
use crate::widgets::controls::{Standing, focus_ring, hairline, muted, paint_icon};
use crate::widgets::form_state::{FormState, Kind};
use crate::widgets::{secret_entry, toggle};

/// Height of an entry, points.
const ENTRY: f32 = 26.0;
/// Width of what stands beside an entry: a way back to the default, or to a file.
const SIDE: f32 = 30.0;
/// What a row keeps free at its left, so that its wash doesn't touch the text.
pub(crate) const INSET: f32 = 8.0;

/// Shows the row over the available width; the response covers it.
pub(crate) fn show(
    ui: &mut Ui,
    field: &FieldSheet,
    standing: Standing,
    form: &mut FormState,
    intents: &mut Vec<ConfigurationIntent>,
) -> Response {
    let t = Tokens::of(ui);
    let wash = ui.painter().add(egui::Shape::Noop);
    let row = ui.push_id(&field.id.0, |ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 2.0);
        ui.set_width(ui.available_width());
        ui.add_space(5.0);
        let labels = ((ui.available_width() - INSET) * 0.42).floor();
        ui.horizontal_top(|ui| {
            ui.add_space(INSET);
            let label = ui
                .allocate_ui_with_layout(vec2(labels, ENTRY), Layout::top_down(Align::LEFT), |ui| {
                    ui.set_width(labels);
                    ui.add_space(4.0);
                    let label = ui.add(Label::new(RichText::new(&field.label).font(theme::body())).wrap());
                    badge(ui, field);
                    if field.help.is_empty() { label } else { label.on_hover_ui(|ui| help(ui, field)) }
                })
                .inner;
            ui.vertical(|ui| {
                let width = (ui.available_width() - SIDE).max(80.0);
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 4.0;
                    let response = entry(ui, field, width, form, intents).labelled_by(label.id);
                    describe(ui, field, &response);
                    if response.gained_focus() {
                        intents.push(ConfigurationIntent::Select(Some(Selection::Field(field.id.clone()))));
                    }
                    reset(ui, field, intents);
                });
                under(ui, field);
            });
        });
        ui.add_space(5.0);
    });
    let rect = row.response.rect;
    if standing == Standing::Picked {
        ui.painter().set(wash, egui::epaint::RectShape::filled(rect, RADIUS_CONTROL, t.raised));
        ui.painter().vline(rect.left() + 1.0, rect.shrink2(vec2(0.0, 8.0)).y_range(), Stroke::new(2.0, t.accent));
    }
    hairline(ui, rect.left() + INSET, rect.right(), rect.bottom());
    row.response
}

fn help(ui: &mut Ui, field: &FieldSheet) {
    ui.set_max_width(380.0);
    ui.label(RichText::new(&field.label).font(theme::strong()));
    ui.label(&field.help);
}

/// Tells a screen reader, with the entry, what stands under it.
fn describe(ui: &Ui, field: &FieldSheet, entry: &Response) {
    let text = match (&field.refused, &field.trouble) {
        (Some(refused), _) => &refused.why,
        (None, Some((_, trouble))) => trouble,
        (None, None) => &field.hint,
    };
    ui.ctx().accesskit_node_builder(entry.id, |node| node.set_description(text.as_str()));
}

/// A word that must not be missed, under the name.
fn badge(ui: &mut Ui, field: &FieldSheet) {
    let Some(badge) = &field.badge else { return };
    warning_badge(ui, badge);
}

/// A word such as SAMPLE, the same wherever it stands.
pub(crate) fn warning_badge(ui: &mut Ui, word: &str) -> Response {
    let font = egui::FontId::new(11.0, theme::semibold());
    said_with_mark(ui, Tone::Warn, word, font, TextWrapMode::Truncate)
}

/// What stands under the entry: the trouble, or else the rule.
fn under(ui: &mut Ui, field: &FieldSheet) {
    let trouble = match &field.refused {
        Some(refused) => Some((Tone::Danger, &refused.why)),
        None => field.trouble.as_ref().map(|(tone, text)| (*tone, text)),
    };
    if trouble.is_none() && field.hint.is_empty() {
        return;
    }
    match trouble {
        Some((tone, text)) => {
            let label = said_with_mark(ui, tone, text, theme::small(), TextWrapMode::Wrap);
            if !field.hint.is_empty() {
                label.on_hover_text(&field.hint);
            }
        }
        None => {
            ui.add(Label::new(muted(ui, &field.hint).font(theme::small())).truncate());
        }
    }
}

/// Words with the mark of their tone before them, in its colour, as one text that wraps or is cut as one. A screen
/// reader hears the words alone.
pub(crate) fn said_with_mark(ui: &mut Ui, tone: Tone, words: &str, font: egui::FontId, wrap: TextWrapMode) -> Response {
    let color = Tokens::of(ui).tone(tone);
    let mut text = LayoutJob::default();
    let icon = theme::icon_filled(font.size + 1.0);
    text.append(mark(tone), 0.0, TextFormat { valign: Align::Center, ..TextFormat::simple(icon, color) });
    text.append(words, 4.0, TextFormat { valign: Align::Center, ..TextFormat::simple(font, color) });
    let response = ui.add(Label::new(text).wrap_mode(wrap));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, words));
    response
}

/// The icon that goes with a tone.
pub(crate) const fn mark(tone: Tone) -> &'static str {
    match tone {
        Tone::Danger => icons::ALERT,
        Tone::Warn => icons::WARNING,
        Tone::Ok => icons::CHECK,
        Tone::Neutral | Tone::Accent => icons::INFO,
    }
}

fn reset(ui: &mut Ui, field: &FieldSheet, intents: &mut Vec<ConfigurationIntent>) {
    let Some(default) = &field.default else { return };
    let t = Tokens::of(ui);
    let icon = RichText::new(icons::UNDO).font(theme::icon(14.0)).color(t.muted);
    let button = Button::new(icon).frame_when_inactive(false).min_size(vec2(24.0, 24.0));
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(4.0, 4.0);
        ui.add(button)
    });
    let response = response.inner;
    focus_ring(ui, &response);
    let name = format!("Reset {} to {}", field.label, grouped(default));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
    if response.clicked() {
        intents.push(ConfigurationIntent::Reset(field.id.clone()));
    }
    response.on_hover_text(format!("Back to the default, {}", grouped(default)));
}

fn entry(
    ui: &mut Ui,
    field: &FieldSheet,
    width: f32,
    form: &mut FormState,
    intents: &mut Vec<ConfigurationIntent>,
) -> Response {
    let bad = match (&field.refused, &field.trouble) {
        (Some(_), _) => Some(Tone::Danger),
        (None, Some((tone @ (Tone::Danger | Tone::Warn), _))) => Some(*tone),
        (None, _) => None,
    };
    ui.scope(|ui| {
        if let Some(tone) = bad {
            let edge = Stroke::new(1.2, Tokens::of(ui).tone(tone));
            let widgets = &mut ui.visuals_mut().widgets;
            widgets.inactive.bg_stroke = edge;
            widgets.hovered.bg_stroke = edge;
        }
        match &field.entry {
            Entry::Number => text(ui, field, Kind::Number, width, form, intents),
            Entry::Text => text(ui, field, Kind::Text, width, form, intents),
            Entry::File => file(ui, field, width, form, intents),
            Entry::Password => password(ui, field, width, form, intents),
            Entry::Choice(choices) => choice(ui, field, choices, width, intents),
            Entry::Switch { on, off } => switch(ui, field, on, off, width, intents),
            Entry::Permissions(switches) => permissions(ui, field, switches, width, intents),
            Entry::ReadOnly => read_only(ui, field, width),
        }
    })
    .inner
}

fn text(
    ui: &mut Ui,
    field: &FieldSheet,
    kind: Kind,
    width: f32,
    form: &mut FormState,
    intents: &mut Vec<ConfigurationIntent>,
) -> Response {
    let id = ui.make_persistent_id("entry");
    let had_focus = ui.memory(|memory| memory.has_focus(id));
    let standing = match &field.refused {
        Some(refused) => refused.typed.clone(),
        None if field.entry == Entry::File && !had_focus => file_name(Path::new(&field.value)),
        None if kind == Kind::Number => grouped(&field.value),
        None => field.value.clone(),
    };
    let mut text = form.text(&field.id).unwrap_or_else(|| Secret::new(standing.clone()));
    let mut output = TextEdit::singleline(&mut *text)
        .id(id)
        .font(if kind == Kind::Text && field.entry != Entry::File { theme::body() } else { theme::mono() })
        .desired_width(width)
        .min_size(vec2(width, ENTRY))
        .margin(egui::Margin::symmetric(10, 4))
        .align(egui::Align2::LEFT_CENTER)
        .show(ui);
    let response = output.response.response;
    // A name cut short isn't what is edited: what comes in the very frame of the focus is left out.
    let whole = had_focus || field.entry != Entry::File || !response.has_focus();
    if response.changed() && whole {
        form.typed(&field.id, kind, &standing, text, intents);
        if !response.has_focus() {
            // A screen reader set it from outside.
            form.finish(intents);
        }
    }
    if response.gained_focus() && !ui.input(|input| input.pointer.any_down() || input.pointer.any_released()) {
        // Who comes by the keyboard types over what stands there.
        let all = egui::text::CCursorRange::select_all(&output.galley);
        output.state.cursor.set_char_range(Some(all));
        output.state.store(ui.ctx(), id);
    }
    if response.lost_focus() {
        form.left(ui, field, intents);
    }
    response
}

fn file(
    ui: &mut Ui,
    field: &FieldSheet,
    width: f32,
    form: &mut FormState,
    intents: &mut Vec<ConfigurationIntent>,
) -> Response {
    // The button stands where other rows have their way back; with one of its own the entry makes room.
    let width = if field.default.is_some() { width - SIDE } else { width };
    let entry = text(ui, field, Kind::Text, width, form, intents).on_hover_text(&field.value);
    let icon = RichText::new(icons::FOLDER).font(theme::icon(15.0));
    let button = ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(4.0, 4.0);
        ui.add(Button::new(icon).min_size(vec2(ENTRY, ENTRY)))
    });
    let button = button.inner;
    focus_ring(ui, &button);
    let name = format!("Choose a file for {}", field.label);
    button.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
    if button.clicked() {
        intents.push(ConfigurationIntent::ChooseFile(field.id.clone()));
    }
    button.on_hover_text("Choose a file…");
    entry
}

fn password(
    ui: &mut Ui,
    field: &FieldSheet,
    width: f32,
    form: &mut FormState,
    intents: &mut Vec<ConfigurationIntent>,
) -> Response {
    let id = ui.make_persistent_id("entry");
    let mut text = form.take(&field.id).unwrap_or_else(secret_entry::empty);
    let response = secret_entry::show(ui, id, &mut text, width, "type to replace");
    if !text.is_empty() {
        form.typed(&field.id, Kind::Password, "", text, intents);
    }
    if response.lost_focus() || (response.changed() && !response.has_focus()) {
        form.left(ui, field, intents);
    }
    response
}

fn choice(
    ui: &mut Ui,
    field: &FieldSheet,
    choices: &[Choice],
    width: f32,
    intents: &mut Vec<ConfigurationIntent>,
) -> Response {
    ui.spacing_mut().interact_size.y = ENTRY;
    ui.spacing_mut().button_padding = vec2(10.0, 4.0);
    let chosen = choices.iter().find(|choice| choice.code == field.value);
    let shown = chosen.map_or_else(|| field.value.clone(), said);
    let combo = ComboBox::from_id_salt("entry")
        .width(width)
        .truncate()
        .icon(|ui, rect, _, _| {
            paint_icon(ui, rect.center(), icons::DOWN, theme::icon(13.0), Tokens::of(ui).muted);
        })
        .selected_text(RichText::new(shown).font(theme::body()))
        .show_ui(ui, |ui| {
            for choice in choices {
                let here = choice.code == field.value;
                let item = ui
                    .selectable_label(here, RichText::new(said(choice)).font(theme::body()).color(Tokens::of(ui).text));
                focus_ring(ui, &item);
                if item.clicked() && !here {
                    let code = TypedText::new(Secret::new(choice.code.clone()));
                    intents.push(ConfigurationIntent::Set(field.id.clone(), code));
                }
            }
        });
    focus_ring(ui, &combo.response);
    combo.response
}

/// What a choice means, and its code.
fn said(choice: &Choice) -> String {
    if choice.label.is_empty() || choice.label == choice.code {
        choice.code.clone()
    } else {
        format!("{} · {}", choice.label, choice.code)
    }
}

fn switch(
    ui: &mut Ui,
    field: &FieldSheet,
    on: &str,
    off: &str,
    width: f32,
    intents: &mut Vec<ConfigurationIntent>,
) -> Response {
    let is_on = field.value == on;
    let size = vec2(width.min(76.0), ENTRY);
    let word = if is_on { "on" } else { "off" };
    let response = toggle::show(ui, size, toggle::Position::of(is_on), word, &field.label, &Ok(()));
    if response.clicked() {
        let code = if is_on { off } else { on };
        intents.push(ConfigurationIntent::Set(field.id.clone(), TypedText::new(Secret::new(code.to_owned()))));
    }
    response
}

/// The bits of a mask, one switch each, by their names.
fn permissions(
    ui: &mut Ui,
    field: &FieldSheet,
    switches: &[PermissionSwitch],
    width: f32,
    intents: &mut Vec<ConfigurationIntent>,
) -> Response {
    let group = ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for switch in switches {
            let word = switch.name.as_str();
            let name = match switch.remark {
                Some(remark) => format!("{}: {word}, {remark}", field.label),
                None => format!("{}: {word}", field.label),
            };
            let position = toggle::Position::of(switch.on);
            let response = toggle::show(ui, vec2(width, 22.0), position, word, &name, &Ok(()));
            if response.gained_focus() {
                intents.push(ConfigurationIntent::Select(Some(Selection::Field(field.id.clone()))));
            }
            if response.clicked() {
                let code = TypedText::new(Secret::new(switch.other.clone()));
                intents.push(ConfigurationIntent::Set(field.id.clone(), code));
            }
            if let Some(remark) = switch.remark {
                ui.horizontal(|ui| {
                    ui.add_space(toggle::TRACK);
                    ui.label(muted(ui, remark).font(theme::small()));
                });
            }
        }
    });
    group.response.widget_info(|| WidgetInfo::labeled(egui::Role::Group, true, &field.label));
    group.response
}

fn read_only(ui: &mut Ui, field: &FieldSheet, width: f32) -> Response {
    ui.allocate_ui_with_layout(vec2(width, ENTRY), Layout::left_to_right(Align::Center), |ui| {
        ui.set_width(width);
        let text = muted(ui, grouped(&field.value)).font(theme::mono());
        ui.add(Label::new(text).truncate())
    })
    .inner
}

//! The small parts: buttons that stand for a command, pills, names with values, bars, cut text.

use egui::{Align2, Button, Color32, FontId, Rect, Response, RichText, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

use crate::command::Command;
use crate::model::{Model, Tone};
use crate::text::sentence;
use crate::theme::{self, RADIUS_CONTROL, Tokens};

/// How a button stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The one act of a view.
    Primary,
    /// Everything else.
    Plain,
}

/// Whether one of several is the one that was picked, or belongs to what was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Plain,
    Picked,
}

/// A button for a command, greyed out with its reason while the command can't be given.
pub(crate) fn command_button(
    ui: &mut Ui,
    model: &Model,
    command: Command,
    weight: Weight,
    commands: &mut Vec<Command>,
) -> Response {
    let text = command.text();
    named_command_button(ui, model, command, text, weight, commands)
}

/// The same with other words on it, where the surroundings say the rest.
pub(crate) fn named_command_button(
    ui: &mut Ui,
    model: &Model,
    command: Command,
    text: &str,
    weight: Weight,
    commands: &mut Vec<Command>,
) -> Response {
    let t = Tokens::of(ui);
    let enabled = command.enabled(model);
    let button = match weight {
        Weight::Primary => Button::new(RichText::new(text).font(theme::strong()).color(t.on_accent))
            .fill(t.accent)
            .stroke(Stroke::new(1.0, t.accent)),
        Weight::Plain => Button::new(RichText::new(text).font(theme::strong())),
    };
    let mut response = ui.add_enabled(enabled.is_ok(), button.min_size(vec2(0.0, 28.0)));
    focus_ring(ui, &response);
    response = match &enabled {
        Ok(()) => response.on_hover_text(tooltip(ui, &command)),
        Err(reason) => response.on_disabled_hover_text(sentence(reason)),
    };
    // The second click of a double click meets the button that came into this one's place, such as Cancel.
    let again = response.double_clicked() || response.triple_clicked();
    if response.clicked() && (!again || command.is_repeated()) {
        commands.push(command);
    }
    response
}

/// What a command's tooltip says: the sentence and the shortcut.
pub(crate) fn tooltip(ui: &Ui, command: &Command) -> String {
    match command.shortcut() {
        Some(shortcut) => format!("{} ({})", command.tooltip(), ui.ctx().format_shortcut(&shortcut)),
        None => command.tooltip().to_owned(),
    }
}

/// The ring around what the keyboard is on.
pub(crate) fn focus_ring(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let t = Tokens::of(ui);
        ui.painter().rect_stroke(
            response.rect.expand(2.0),
            RADIUS_CONTROL + 2,
            Stroke::new(1.5, t.accent),
            egui::StrokeKind::Outside,
        );
    }
}

/// Text in the muted colour.
pub(crate) fn muted(ui: &Ui, text: impl Into<String>) -> RichText {
    RichText::new(text).color(Tokens::of(ui).muted)
}

/// A word in a rounded outline of its tone.
pub(crate) fn pill(ui: &mut Ui, text: &str, tone: Tone) -> Response {
    let t = Tokens::of(ui);
    let color = t.tone(tone);
    let galley = ui.painter().layout_no_wrap(text.to_owned(), FontId::new(12.0, theme::semibold()), color);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 20.0, 20.0), Sense::hover());
    ui.painter().rect_stroke(rect.shrink(0.5), 10.0, Stroke::new(1.2, color), egui::StrokeKind::Inside);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

/// A muted name and its value, as in the state strip. A value that wasn't read says so.
pub(crate) fn fact(ui: &mut Ui, name: &str, value: Option<&str>, font: FontId) -> Response {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.label(muted(ui, name));
        match value {
            Some(value) => ui.label(RichText::new(value).font(font)),
            None => ui.label(muted(ui, "not read")),
        }
    })
    .response
}

/// One line of text, cut where the width ends, with the whole on hover.
pub(crate) fn cut_label(ui: &mut Ui, text: impl Into<RichText>, width: f32) -> Response {
    ui.scope(|ui| {
        ui.set_max_width(width);
        ui.add(egui::Label::new(text.into()).truncate())
    })
    .inner
}

/// A tab of a view: its text, and its name for a screen reader.
pub(crate) fn tab(ui: &mut Ui, text: &str, name: &str, standing: Standing) -> Response {
    let t = Tokens::of(ui);
    let (font, color) = match standing {
        Standing::Picked => (theme::strong(), t.text),
        Standing::Plain => (theme::body(), t.muted),
    };
    let button = Button::new(RichText::new(text).font(font).color(color)).frame_when_inactive(false);
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().button_padding = vec2(0.0, 4.0);
            ui.add(button.min_size(vec2(0.0, 24.0)))
        })
        .inner;
    if standing == Standing::Picked {
        ui.painter().hline(response.rect.x_range(), response.rect.bottom() + 1.0, Stroke::new(2.0, t.accent));
    }
    focus_ring(ui, &response);
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, standing == Standing::Picked, name));
    response
}

/// A bar that is `done` of 1 full, named for screen readers.
pub(crate) fn bar(ui: &mut Ui, name: &str, done: f32, size: egui::Vec2) -> Response {
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    paint_bar(ui, rect, done);
    let name = name.to_owned();
    response.widget_info(|| WidgetInfo {
        value: Some(f64::from(done * 100.0)),
        ..WidgetInfo::labeled(Role::ProgressIndicator, true, &name)
    });
    response
}

/// Paints a bar into a rectangle.
pub(crate) fn paint_bar(ui: &Ui, rect: Rect, done: f32) {
    let t = Tokens::of(ui);
    let radius = rect.height() / 2.0;
    ui.painter().rect_filled(rect, radius, t.track);
    let mut full = rect;
    full.set_width((rect.width() * done.clamp(0.0, 1.0)).max(if done > 0.0 { rect.height() } else { 0.0 }));
    if done > 0.0 {
        ui.painter().rect_filled(full, radius, t.accent);
    }
}

/// A hairline across the width.
pub(crate) fn hairline(ui: &Ui, left: f32, right: f32, y: f32) {
    let y = ui.painter().round_to_pixel_center(y);
    ui.painter().hline(left..=right, y, Tokens::of(ui).hairline());
}

/// A sentence that wraps, behind an icon that stands level with its first line.
pub(crate) fn marked_line(ui: &mut Ui, icon: (&str, FontId, Color32), text: impl Into<egui::WidgetText>) {
    let (icon, font, color) = icon;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let line = ui.text_style_height(&egui::TextStyle::Body);
        let (rect, _) = ui.allocate_exact_size(vec2(font.size + 1.0, line), Sense::hover());
        paint_icon(ui, rect.center(), icon, font, color);
        ui.add(egui::Label::new(text).wrap());
    });
}

/// An icon painted in the middle of a place.
pub(crate) fn paint_icon(ui: &Ui, at: egui::Pos2, icon: &str, font: FontId, color: Color32) {
    ui.painter().text(at, Align2::CENTER_CENTER, icon, font, color);
}

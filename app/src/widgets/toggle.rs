//! A switch that is on or off, with its word beside it. Whether it may be moved is the caller's to say.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::model::configuration::Possible;
use crate::text::sentence;
use crate::theme::{self, Tokens};
use crate::widgets::controls::focus_ring;

/// Width of the switch itself, points.
pub(crate) const TRACK: f32 = 30.0;

/// Whether a switch stands on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    On,
    Off,
}

impl Position {
    /// The position of a condition.
    pub(crate) const fn of(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

/// Shows a switch in a place of `size`, with `word` at its right. `name` is what a screen reader says. A switch that can't
/// be moved is pale and tells why.
pub(crate) fn show(
    ui: &mut Ui,
    size: egui::Vec2,
    position: Position,
    word: &str,
    name: &str,
    possible: &Possible,
) -> Response {
    let t = Tokens::of(ui);
    let on = position == Position::On;
    let sense = if possible.is_ok() { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let track = Rect::from_min_size(pos2(rect.left(), rect.center().y - 8.0), vec2(TRACK, 16.0));
    let (fill, edge, knob) = if on { (t.accent, t.accent, t.on_accent) } else { (t.track, t.stroke, t.muted) };
    let pale = |color: egui::Color32| if possible.is_ok() { color } else { color.gamma_multiply(0.4) };
    ui.painter().rect(track, 8.0, pale(fill), Stroke::new(1.0, pale(edge)), StrokeKind::Inside);
    let x = if on { track.right() - 8.0 } else { track.left() + 8.0 };
    ui.painter().circle_filled(pos2(x, track.center().y), 5.0, pale(knob));
    let color = if possible.is_ok() { t.text } else { t.muted };
    let mut text = LayoutJob::simple_singleline(word.to_owned(), theme::body(), color);
    let left = track.right() + 8.0;
    text.wrap = TextWrapping::truncate_at_width((rect.right() - left).max(0.0));
    let galley = ui.painter().layout_job(text);
    let cut = galley.elided;
    ui.painter().galley(pos2(left, rect.center().y - galley.size().y / 2.0), galley, color);
    focus_ring(ui, &response);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, possible.is_ok(), on, name));
    match possible {
        Ok(()) if cut => response.on_hover_text(word),
        Ok(()) => response,
        Err(reason) => response.on_hover_text(sentence(reason)),
    }
}

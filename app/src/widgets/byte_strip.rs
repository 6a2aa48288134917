//! The whole file as a strip: how full of information each stretch is, in the colour of its part, with the bytes in
//! sight framed and differences marked. A press, a drag or an arrow key goes there.

use std::ops::Range;

use egui::{Color32, EventFilter, Key, Modifiers, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::model::images::{MapBar, Region, Run};
use crate::theme::Tokens;
use crate::widgets::controls::focus_ring;
use crate::widgets::hex_view::region_color;

/// Height of the strip, points.
const HEIGHT: f32 = 34.0;
/// The frame of what is in sight is at least this wide.
const NARROWEST: f32 = 3.0;

/// What is shown.
pub(crate) struct StripSheet<'a> {
    /// Bytes in all.
    pub(crate) len: u64,
    /// The map; `None` while it is being made.
    pub(crate) bars: Option<&'a [MapBar]>,
    pub(crate) colours: &'a [(Range<u64>, Region)],
    pub(crate) visible: Range<u64>,
    pub(crate) differences: &'a [Run],
    /// Where the cursor is.
    pub(crate) cursor: Option<u64>,
}

/// Shows the strip; gives the offset that somebody wants to see in the middle.
pub(crate) fn show(ui: &mut Ui, sheet: &StripSheet<'_>) -> Option<u64> {
    let t = Tokens::of(ui);
    let (whole, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click_and_drag());
    ui.painter().rect(whole, 4, t.panel, t.hairline(), StrokeKind::Inside);
    let scale = Scale { inner: whole.shrink2(vec2(1.0, 2.0)), len: sheet.len.max(1) };
    response.widget_info(|| WidgetInfo::labeled(Role::Slider, true, spoken(sheet)));
    match sheet.bars {
        Some(bars) => paint_bars(ui, sheet, bars, &scale),
        None => paint_regions(ui, sheet, &scale),
    }
    for run in thinned(sheet.differences) {
        let (left, right) = (scale.x(run.start), scale.x(run.end).max(scale.x(run.start) + 1.5));
        let mark = Rect::from_x_y_ranges(left..=right, whole.top() + 1.0..=whole.top() + 6.0);
        ui.painter().rect_filled(mark, 0, t.danger);
    }
    if !sheet.visible.is_empty() && sheet.visible.end - sheet.visible.start < sheet.len {
        let left = scale.x(sheet.visible.start);
        let right = scale.x(sheet.visible.end).max(left + NARROWEST);
        let frame = Rect::from_x_y_ranges(left..=right, whole.y_range());
        ui.painter().rect(frame, 2, t.text.gamma_multiply(0.12), Stroke::new(1.0, t.text), StrokeKind::Inside);
    }
    if let Some(cursor) = sheet.cursor {
        let x = scale.x(cursor);
        ui.painter().vline(x, whole.bottom() - 5.0..=whole.bottom(), Stroke::new(1.5, t.accent));
    }
    focus_ring(ui, &response);
    if response.clicked() || response.drag_started() {
        response.request_focus();
    }
    let by_keyboard = keyboard(ui, &response, sheet);
    let pointer = response.interact_pointer_pos().filter(|_| response.clicked() || response.dragged());
    let wanted = by_keyboard.or_else(|| pointer.map(|at| scale.offset(at.x)));
    response.on_hover_ui_at_pointer(|ui| {
        if let Some(at) = ui.ctx().pointer_hover_pos() {
            ui.label(egui::RichText::new(format!("0x{:04X}", scale.offset(at.x))).font(crate::theme::mono()));
        }
        ui.label("How much information each stretch holds; press to go there");
    });
    wanted
}

/// Arrows go a part of the whole, Home and End to its ends.
fn keyboard(ui: &Ui, response: &egui::Response, sheet: &StripSheet<'_>) -> Option<u64> {
    if !response.has_focus() {
        return None;
    }
    let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let middle = sheet.visible.start + (sheet.visible.end.saturating_sub(sheet.visible.start)) / 2;
    let step = (sheet.len / 64).max(16);
    ui.input_mut(|input| {
        let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
        if pressed(Key::ArrowLeft) {
            Some(middle.saturating_sub(step))
        } else if pressed(Key::ArrowRight) {
            Some(middle.saturating_add(step).min(sheet.len))
        } else if pressed(Key::Home) {
            Some(0)
        } else if pressed(Key::End) {
            Some(sheet.len)
        } else {
            None
        }
    })
}

fn paint_bars(ui: &Ui, sheet: &StripSheet<'_>, bars: &[MapBar], scale: &Scale) {
    let t = Tokens::of(ui);
    let count = u64::try_from(bars.len()).unwrap_or(u64::MAX).max(1);
    let mut spans = sheet.colours.iter().peekable();
    let scale_of_screen = ui.pixels_per_point();
    let whole_pixel = |x: f32| (x * scale_of_screen).round() / scale_of_screen;
    let mut left = whole_pixel(scale.inner.left());
    for (index, bar) in (0..count).zip(bars) {
        let width = sheet.len.div_ceil(count).max(1);
        let (start, end) = (index.saturating_mul(width), (index + 1).saturating_mul(width).min(sheet.len));
        // Whole pixels: half covered ones would be seen as seams.
        let right = whole_pixel(scale.x(end));
        // The part at the stretch's middle names its colour, or one that is narrower than the stretch.
        while spans.peek().is_some_and(|(span, _)| span.end <= start) {
            spans.next();
        }
        let middle = start + (end - start) / 2;
        let color = spans
            .clone()
            .take_while(|(span, _)| span.start <= middle)
            .last()
            .filter(|(span, _)| span.end > start)
            .map_or(t.regions.fill, |(_, region)| region_color(t, *region));
        if bar.present > 0.0 {
            // Even a stretch of one value leaves a line, so that it can be told from one that isn't there.
            let height = (scale.inner.height() * bar.height).max(2.0);
            let place =
                Rect::from_min_max(pos2(left, scale.inner.bottom() - height), pos2(right, scale.inner.bottom()));
            let color = if bar.blank > 0.98 { color.gamma_multiply(0.55) } else { color };
            ui.painter().rect_filled(place, 0, color);
        }
        left = right;
    }
}

/// The parts alone, until the map is there.
fn paint_regions(ui: &Ui, sheet: &StripSheet<'_>, scale: &Scale) {
    let t = Tokens::of(ui);
    for (span, region) in sheet.colours {
        let color: Color32 = region_color(t, *region).gamma_multiply(0.35);
        let place = Rect::from_x_y_ranges(scale.x(span.start)..=scale.x(span.end), scale.inner.y_range());
        ui.painter().rect_filled(place, 0, color);
    }
}

/// No more marks than can be told apart.
fn thinned(runs: &[Run]) -> impl Iterator<Item = &Run> {
    runs.iter().step_by((runs.len() / 1000).max(1))
}

fn spoken(sheet: &StripSheet<'_>) -> String {
    let differences = match sheet.differences.len() {
        0 => String::new(),
        count => format!(", {count} stretches differ"),
    };
    format!("Map of the file, 0x{:X} to 0x{:X} in sight{differences}", sheet.visible.start, sheet.visible.end)
}

/// From offsets to points and back.
struct Scale {
    inner: Rect,
    len: u64,
}

impl Scale {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a place on a strip")]
    fn x(&self, offset: u64) -> f32 {
        let share = (offset as f64 / self.len as f64).min(1.0) as f32;
        self.inner.left() + self.inner.width() * share
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place on a strip, not negative"
    )]
    fn offset(&self, x: f32) -> u64 {
        let share = f64::from(((x - self.inner.left()) / self.inner.width().max(1.0)).clamp(0.0, 1.0));
        ((share * self.len as f64) as u64).min(self.len.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_on_the_strip_is_an_offset_and_back() {
        let scale = Scale { inner: Rect::from_min_size(pos2(10.0, 0.0), vec2(500.0, 30.0)), len: 128 << 20 };
        assert_eq!(scale.offset(10.0), 0);
        assert_eq!(scale.offset(260.0), 64 << 20);
        assert_eq!(scale.offset(9000.0), (128 << 20) - 1);
        assert!((scale.x(64 << 20) - 260.0).abs() < 0.01);
    }
}

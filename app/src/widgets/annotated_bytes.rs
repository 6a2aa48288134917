//! A file's bytes in rows, coloured by what they mean, with the list of meanings beside them in words. A press
//! on a byte or on a line picks its span. Bytes that are never shown come as `None` and stand as dots.

use egui::{Align2, Color32, FontId, Rect, Response, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo};
use egui::{pos2, text::LayoutJob, vec2};

use crate::model::configuration::{ConfigurationIntent, ObjectSheet, ObjectSpan, Selection, SpanKind};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{focus_ring, hairline, muted};

/// Bytes a row where there is room; half of them where there isn't.
const COLUMNS: usize = 16;
/// What a byte needs across, points.
const NARROWEST: f32 = 18.0;
/// Height of a row of bytes, points.
const ROW: f32 = 17.0;
/// Height of a line of the list.
const LINE: f32 = 24.0;
/// Width of the offset column.
const OFFSETS: f32 = 50.0;
/// A blank between the two halves of a row.
const HALVES: f32 = 6.0;

/// Shows the bytes. `picked` are the places of the spans that stand out. The response covers the bytes.
pub(crate) fn bytes(
    ui: &mut Ui,
    object: &ObjectSheet,
    picked: &[usize],
    intents: &mut Vec<ConfigurationIntent>,
) -> Response {
    let columns = Grid::columns(ui.available_width());
    let rows = object.bytes.len().div_ceil(columns);
    let size = vec2(ui.available_width(), ROW * points(rows));
    let (whole, response) = ui.allocate_exact_size(size, Sense::CLICK);
    response.widget_info(|| WidgetInfo::labeled(Role::Group, true, format!("Bytes of {}", object.name)));
    let grid = Grid::new(whole, columns);
    for (index, span) in object.spans.iter().enumerate() {
        paint_span(ui, &grid, span);
        if picked.contains(&index) {
            paint_picked(ui, &grid, span);
        }
        let Some(first) = grid.stretches(span).next() else { continue };
        let name = spoken(span);
        // One place a span, so that a screen reader meets it once.
        let place = ui.interact(first, ui.scope_id().with(("span", index)), Sense::hover());
        place.widget_info(|| WidgetInfo::labeled(Role::Label, true, &name));
    }
    let t = Tokens::of(ui);
    let visible = ui.clip_rect();
    for (row, bytes) in object.bytes.chunks(columns).enumerate() {
        let middle = whole.top() + ROW * (points(row) + 0.5);
        if !visible.y_range().expand(ROW).contains(middle) {
            continue;
        }
        let offset = format!("{:04x}", row * columns);
        ui.painter().text(pos2(whole.left(), middle), Align2::LEFT_CENTER, offset, theme::mono(), t.muted);
        for (column, byte) in bytes.iter().enumerate() {
            let at = pos2(grid.x(column) + grid.cell / 2.0, middle);
            let (text, color) = match byte {
                Some(byte) => (format!("{byte:02x}"), t.text),
                None => ("••".to_owned(), t.muted),
            };
            ui.painter().text(at, Align2::CENTER_CENTER, text, theme::mono(), color);
        }
    }
    let under = response.hover_pos().or(response.interact_pointer_pos()).and_then(|at| grid.byte(at));
    let span = under.and_then(|byte| object.spans.iter().position(|span| covers(span, byte)));
    if response.clicked() {
        pick(picked, span, intents);
    }
    match span.and_then(|index| object.spans.get(index)) {
        Some(span) => response.on_hover_ui_at_pointer(|ui| hover(ui, span)),
        None => response,
    }
}

/// Shows what the bytes mean, a line a span.
pub(crate) fn list(ui: &mut Ui, object: &ObjectSheet, picked: &[usize], intents: &mut Vec<ConfigurationIntent>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    for (index, span) in object.spans.iter().enumerate() {
        let response = line(ui, index, span, picked);
        if response.clicked() {
            pick(picked, Some(index), intents);
        }
        response.on_hover_ui(|ui| hover(ui, span));
    }
}

/// Picks a span; one that is picked, or a place without one, lets go of what is.
fn pick(picked: &[usize], span: Option<usize>, intents: &mut Vec<ConfigurationIntent>) {
    let choice = span.filter(|index| !picked.contains(index)).map(Selection::Span);
    intents.push(ConfigurationIntent::Select(choice));
}

fn line(ui: &mut Ui, index: usize, span: &ObjectSpan, picked: &[usize]) -> Response {
    let t = Tokens::of(ui);
    let picked = picked.contains(&index);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::click());
    response.widget_info(|| {
        WidgetInfo::selected(Role::Button, true, picked, format!("{}, byte line {}", spoken(span), index + 1))
    });
    if picked || response.hovered() {
        ui.painter().rect_filled(rect, 4, t.raised);
    }
    let middle = rect.center().y;
    let square = Rect::from_center_size(pos2(rect.left() + 9.0, middle), vec2(9.0, 9.0));
    ui.painter().rect_filled(square, 2, color(t, span.kind));
    let right = rect.right() - 6.0;
    let name_width = rect.width() * 0.44;
    let put = |text: &str, font: FontId, color: Color32, left: f32, width: f32, align: Align2| {
        let mut job = LayoutJob::simple(text.to_owned(), font, color, width.max(1.0));
        job.wrap.max_rows = 1;
        job.wrap.break_anywhere = true;
        let galley = ui.painter().layout_job(job);
        let x = if align == Align2::RIGHT_CENTER { left - galley.size().x } else { left };
        ui.painter().galley(pos2(x, middle - galley.size().y / 2.0), galley, color);
    };
    let font = if picked { theme::strong() } else { theme::body() };
    put(&span.name, font, t.text, rect.left() + 22.0, name_width - 26.0, Align2::LEFT_CENTER);
    let offset = format!("0x{:04X}", span.offset);
    put(&offset, FontId::monospace(11.0), t.muted, rect.left() + name_width, 52.0, Align2::LEFT_CENTER);
    let values = right - (rect.left() + name_width + 58.0);
    put(&span.value, theme::mono(), t.text, right, values, Align2::RIGHT_CENTER);
    hairline(ui, rect.left(), rect.right(), rect.bottom());
    focus_ring(ui, &response);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    response
}

fn hover(ui: &mut Ui, span: &ObjectSpan) {
    ui.set_max_width(360.0);
    ui.label(RichText::new(&span.name).font(theme::strong()));
    let place = format!("0x{:04X} · {}", span.offset, count(span.length));
    ui.label(muted(ui, place).font(theme::mono()));
    ui.label(RichText::new(&span.value).font(theme::mono()));
    if !span.meaning.is_empty() {
        ui.label(&span.meaning);
    }
}

/// The span in a sentence, for screen readers.
fn spoken(span: &ObjectSpan) -> String {
    format!("{}, offset 0x{:04X}, {}, {}", span.name, span.offset, count(span.length), span.value)
}

fn count(bytes: usize) -> String {
    if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") }
}

fn paint_span(ui: &Ui, grid: &Grid, span: &ObjectSpan) {
    let color = color(Tokens::of(ui), span.kind);
    for stretch in grid.stretches(span) {
        ui.painter().rect_filled(stretch, 0, Tokens::tint(color));
    }
}

/// What makes a span's bytes stand out from the others.
fn paint_picked(ui: &Ui, grid: &Grid, span: &ObjectSpan) {
    let color = color(Tokens::of(ui), span.kind);
    for stretch in grid.stretches(span) {
        ui.painter().rect(stretch, 2, Tokens::tint(color), Stroke::new(1.5, color), StrokeKind::Inside);
    }
}

const fn color(t: &Tokens, kind: SpanKind) -> Color32 {
    match kind {
        SpanKind::Header => t.regions.header,
        SpanKind::Hash => t.regions.tlv,
        SpanKind::Setting => t.regions.payload,
        SpanKind::Private => t.regions.protected_tlv,
        SpanKind::Public => t.regions.trailer,
        SpanKind::Reserved | SpanKind::Padding => t.regions.fill,
    }
}

const fn covers(span: &ObjectSpan, byte: usize) -> bool {
    byte >= span.offset && byte - span.offset < span.length
}

#[expect(clippy::cast_precision_loss, reason = "rows and columns of a small file")]
const fn points(count: usize) -> f32 {
    count as f32
}

/// Where bytes stand.
struct Grid {
    whole: Rect,
    columns: usize,
    cell: f32,
}

impl Grid {
    /// How many bytes stand in a row of a width.
    fn columns(width: f32) -> usize {
        if (width - OFFSETS - HALVES) / points(COLUMNS) < NARROWEST { COLUMNS / 2 } else { COLUMNS }
    }

    fn new(whole: Rect, columns: usize) -> Self {
        let cell = ((whole.width() - OFFSETS - HALVES) / points(columns)).min(24.0);
        Self { whole, columns, cell }
    }

    fn x(&self, column: usize) -> f32 {
        let half = if column >= self.columns / 2 { HALVES } else { 0.0 };
        self.whole.left() + OFFSETS + half + self.cell * points(column)
    }

    /// The rectangles that a span fills: one a row.
    fn stretches(&self, span: &ObjectSpan) -> impl Iterator<Item = Rect> {
        let end = span.offset + span.length;
        let rows = span.offset / self.columns..end.div_ceil(self.columns).max(span.offset / self.columns);
        rows.map(move |row| {
            let first = span.offset.max(row * self.columns) - row * self.columns;
            let last = (end - row * self.columns).min(self.columns).max(first + 1) - 1;
            let top = self.whole.top() + ROW * points(row);
            Rect::from_x_y_ranges(self.x(first)..=self.x(last) + self.cell, top..=top + ROW)
        })
    }

    /// The byte at a place.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie inside")]
    fn byte(&self, at: egui::Pos2) -> Option<usize> {
        let row = (at.y - self.whole.top()) / ROW;
        let column = (0..self.columns).find(|column| (self.x(*column)..self.x(*column) + self.cell).contains(&at.x))?;
        (row >= 0.0).then_some(row as usize * self.columns + column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(offset: usize, length: usize) -> ObjectSpan {
        ObjectSpan {
            offset,
            length,
            name: String::new(),
            value: String::new(),
            meaning: String::new(),
            kind: SpanKind::Setting,
            field: None,
        }
    }

    #[test]
    fn a_span_over_several_rows_fills_just_its_own_bytes() {
        for (width, columns, rows) in [(500.0, 16, 3), (280.0, 8, 4)] {
            let whole = Rect::from_min_size(pos2(0.0, 0.0), vec2(width, 200.0));
            assert_eq!(Grid::columns(width), columns);
            let grid = Grid::new(whole, columns);
            let span = span(12, 24);
            let stretches: Vec<Rect> = grid.stretches(&span).collect();
            assert_eq!(stretches.len(), rows);
            for byte in 0..64 {
                let row = points(byte / columns);
                let at = pos2(grid.x(byte % columns) + grid.cell / 2.0, ROW * (row + 0.5));
                assert_eq!(grid.byte(at), Some(byte));
                let filled = stretches.iter().any(|stretch| stretch.contains(at));
                assert_eq!(filled, covers(&span, byte), "byte {byte} in rows of {columns}");
            }
        }
    }

    #[test]
    fn an_empty_span_fills_nothing() {
        let grid = Grid::new(Rect::from_min_size(pos2(0.0, 0.0), vec2(500.0, 100.0)), COLUMNS);
        assert_eq!(grid.stretches(&span(16, 0)).count(), 0);
    }
}

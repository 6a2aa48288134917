//! A file's bytes in rows, coloured by the parts they belong to. Only the rows in sight are laid out, so that its size
//! doesn't matter; bytes that the file doesn't hold stand as dashes. It selects, it changes nothing.

mod grid;
mod keyboard;
mod scroll;

use std::fmt::Write as _;
use std::ops::Range;

use egui::{Align2, Color32, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::model::Tone;
use crate::model::images::{ByteView, Bytes, ImagesIntent, PartSheet, Region, Run, Seen, part_at};
use crate::theme::Tokens;
use crate::widgets::controls::focus_ring;
use crate::widgets::hex_view::grid::{Grid, ROW, font};
use crate::widgets::hex_view::scroll::Scroll;

/// A part up to this size is underlined when it is picked; a larger one would be nothing but lines.
const MOST_UNDERLINED: u64 = 256;

/// What the view remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct HexState {
    scroll: Scroll,
    /// The last call to bring the selection into sight that was answered.
    revealed: u64,
    /// Where dragging began.
    anchor: Option<u64>,
    /// The byte that is wanted in the middle.
    wanted: Option<u64>,
}

/// What is shown.
pub(crate) struct HexSheet<'a> {
    /// The file's name, for screen readers.
    pub(crate) name: &'a str,
    pub(crate) bytes: ByteView<'a>,
    pub(crate) parts: &'a [PartSheet],
    /// Stretches with their colours, in order.
    pub(crate) colours: &'a [(Range<u64>, Region)],
    pub(crate) selected: Option<Bytes>,
    /// The part that the selection is or lies in.
    pub(crate) picked: Option<&'a PartSheet>,
    /// Stretches that differ from something, in order.
    pub(crate) differences: &'a [Run],
    /// Rises each time the selection is to be brought into sight.
    pub(crate) reveal: u64,
}

impl HexState {
    /// Shows another place in the middle; the selection stays.
    pub(crate) const fn show_in_the_middle(&mut self, offset: u64) {
        self.wanted = Some(offset);
    }

    /// Begins anew, with another file.
    pub(crate) fn reset(&mut self) {
        self.scroll = Scroll::default();
        self.anchor = None;
    }
}

/// Shows the bytes in all the room there is. Returns which of them are in sight.
pub(crate) fn show(
    ui: &mut Ui,
    sheet: &HexSheet<'_>,
    state: &mut HexState,
    intents: &mut Vec<ImagesIntent>,
) -> (Range<u64>, Response) {
    let (whole, response) = ui.allocate_exact_size(ui.available_size().max(vec2(80.0, ROW)), Sense::click_and_drag());
    let area = Rect::from_min_max(whole.min, pos2(whole.right() - scroll::BAR, whole.bottom()));
    let mut grid = Grid::new(ui, area, 0);
    let (rows, full) = (grid.rows(sheet.bytes.len()), grid.whole_rows());

    if response.hovered() {
        let turned = ui.input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta));
        state.scroll.wheel(turned.y, ROW);
    }
    state.scroll.clamp(rows, full);
    state.scroll.bar(ui, scroll::bar_place(whole), rows, full);
    if let Some(offset) = state.wanted.take() {
        state.scroll.first = grid.row_of(offset).saturating_sub(full / 2);
        state.scroll.clamp(rows, full);
    }
    if state.revealed != sheet.reveal {
        state.revealed = sheet.reveal;
        if let Some(bytes) = sheet.selected {
            state.scroll.reveal(grid.row_of(bytes.cursor), full);
        }
    }
    let row = u64::from(grid.columns);
    let steps = keyboard::Steps { row, page: full.saturating_sub(1).max(1) * row, len: sheet.bytes.len() };
    if let Some(moved) = keyboard::take(ui, &response, sheet.selected, steps, intents) {
        state.scroll.keep_in_sight(grid.row_of(moved.cursor), full);
        intents.push(ImagesIntent::Select(Some(moved)));
    }
    state.scroll.clamp(rows, full);
    grid.first = state.scroll.first;
    pointer(ui, sheet, state, &grid, &response, intents);
    grid.first = state.scroll.first;

    let visible = grid.first * row..(grid.first + full + 1).saturating_mul(row).min(sheet.bytes.len());
    response.widget_info(|| WidgetInfo::labeled(Role::Grid, true, spoken(sheet)));
    paint(ui, sheet, &grid, rows);
    if response.has_focus() {
        focus_ring(ui, &response);
    }
    let response = match response.hover_pos().map(|at| grid.nearest(at)).filter(|offset| *offset < sheet.bytes.len()) {
        Some(offset) if !response.dragged() => response.on_hover_ui_at_pointer(|ui| hover(ui, sheet, offset)),
        _ => response,
    };
    (visible, response)
}

/// A press puts the cursor somewhere, with Shift or by dragging it selects. Past an edge, dragging scrolls.
fn pointer(
    ui: &Ui,
    sheet: &HexSheet<'_>,
    state: &mut HexState,
    grid: &Grid,
    response: &Response,
    intents: &mut Vec<ImagesIntent>,
) {
    let Some(last) = sheet.bytes.len().checked_sub(1) else { return };
    if response.clicked() || response.drag_started() {
        response.request_focus();
    }
    let select = |bytes: Bytes, intents: &mut Vec<ImagesIntent>| {
        if sheet.selected != Some(bytes) {
            intents.push(ImagesIntent::Select(Some(bytes)));
        }
    };
    if response.drag_started_by(egui::PointerButton::Primary) {
        let from = ui.input(|input| input.pointer.press_origin()).map(|at| grid.nearest(at).min(last));
        state.anchor = from;
    }
    if let (Some(anchor), Some(at)) = (state.anchor, response.interact_pointer_pos())
        && response.dragged_by(egui::PointerButton::Primary)
    {
        if at.y < grid.area.top() {
            state.scroll.by(-1);
            ui.ctx().request_repaint();
        } else if at.y > grid.area.bottom() {
            state.scroll.by(1);
            state.scroll.clamp(grid.rows(sheet.bytes.len()), grid.whole_rows());
            ui.ctx().request_repaint();
        }
        let at = at.clamp(grid.area.min, grid.area.max - vec2(0.0, 1.0));
        select(Bytes { anchor, cursor: grid.nearest(at).min(last) }, intents);
    } else if response.clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        let cursor = grid.nearest(at).min(last);
        let extends = ui.input(|input| input.modifiers.shift);
        let anchor = sheet.selected.filter(|_| extends).map_or(cursor, |bytes| bytes.anchor);
        select(Bytes { anchor, cursor }, intents);
    }
    if response.drag_stopped() {
        state.anchor = None;
    }
}

fn paint(ui: &Ui, sheet: &HexSheet<'_>, grid: &Grid, rows: u64) {
    let t = Tokens::of(ui);
    let painter = ui.painter().with_clip_rect(grid.area.expand2(vec2(2.0, 0.0)).intersect(ui.clip_rect()));
    let selection = sheet.selected.map(|bytes| bytes.range());
    let picked = sheet.picked.filter(|part| !part.range.is_empty());
    // A part that is selected as a whole stands out as the part that it is.
    let selection = selection.filter(|range| picked.is_none_or(|part| part.range != *range));
    for row in grid.first..rows.min(grid.first + grid.whole_rows() + 1) {
        let start = row * u64::from(grid.columns);
        let range = start..(start + u64::from(grid.columns)).min(sheet.bytes.len());
        for (span, region) in overlapping(sheet.colours, &range) {
            if let Some(columns) = grid.columns_of(row, span) {
                let color = region_color(t, *region);
                painter.rect_filled(grid.digits(row, &columns), 0, Tokens::tint(color));
            }
        }
        if let Some(part) = picked
            && let Some(columns) = grid.columns_of(row, &part.range)
        {
            let color = region_color(t, part.region);
            let place = grid.digits(row, &columns);
            if part.inside == 0 {
                painter.rect_filled(place, 0, Tokens::tint(color));
            }
            if part.range.end - part.range.start <= MOST_UNDERLINED {
                painter.hline(place.x_range().shrink(1.0), place.bottom() - 1.0, Stroke::new(1.5, color));
            }
            painter.rect_filled(grid.letters(row, &columns), 0, Tokens::tint(color));
        }
        for run in overlapping_runs(sheet.differences, &range) {
            if let Some(columns) = grid.columns_of(row, run) {
                painter.rect_filled(grid.digits(row, &columns), 0, t.wash(Tone::Danger));
                let place = grid.digits(row, &columns).shrink2(vec2(0.5, 1.0));
                painter.rect_stroke(place, 1, Stroke::new(1.0, t.danger), StrokeKind::Inside);
            }
        }
        if let Some(columns) = selection.as_ref().and_then(|range| grid.columns_of(row, range)) {
            let fill = t.accent.gamma_multiply(0.32);
            painter.rect_filled(grid.digits(row, &columns), 0, fill);
            painter.rect_filled(grid.letters(row, &columns), 0, fill);
        }
        text(ui, &painter, sheet, grid, row, &range);
    }
    if let Some(bytes) = sheet.selected {
        let row = grid.row_of(bytes.cursor);
        if row >= grid.first
            && let Some(column) = grid.columns_of(row, &(bytes.cursor..bytes.cursor + 1))
        {
            let edge = Stroke::new(1.0, t.accent);
            painter.rect_stroke(grid.digits(row, &column).shrink(1.0), 2, edge, StrokeKind::Inside);
            painter.rect_stroke(grid.letters(row, &column), 1, edge, StrokeKind::Inside);
        }
    }
}

/// Offset, digits and letters of a row.
fn text(ui: &Ui, painter: &egui::Painter, sheet: &HexSheet<'_>, grid: &Grid, row: u64, range: &Range<u64>) {
    let t = Tokens::of(ui);
    let middle = grid.top(row) + ROW / 2.0;
    let put = |x: f32, text: String, color: Color32| {
        painter.text(pos2(x, middle), Align2::LEFT_CENTER, text, font(), color);
    };
    put(grid.area.left(), format!("{:08x}", range.start), t.muted);
    let half = grid.columns / 2;
    let bytes: Vec<Seen> = range.clone().map(|offset| sheet.bytes.byte(offset)).collect();
    let halves = bytes.chunks(usize::from(half));
    for (bytes, first) in halves.zip([0, half]) {
        let mut digits = String::with_capacity(24);
        for byte in bytes {
            match byte {
                Seen::Byte(byte) => write!(digits, "{byte:02x} ").unwrap_or_default(),
                Seen::Hidden => digits.push_str("•• "),
                Seen::Absent => digits.push_str("-- "),
            }
        }
        let color = if bytes.iter().any(|byte| matches!(byte, Seen::Byte(_))) { t.text } else { t.muted };
        put(grid.x(first), digits, color);
    }
    put(grid.text_x(0), bytes.iter().map(|byte| letter(*byte)).collect(), t.muted);
    // One place a row, so that a screen reader can read the bytes in sight.
    let index = row.saturating_sub(grid.first);
    let place = Rect::from_x_y_ranges(grid.area.x_range(), grid.top(row)..=grid.top(row) + ROW);
    let response = ui.interact(place.intersect(grid.area), ui.scope_id().with(("hex-row", index)), Sense::empty());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, row_spoken(range.start, &bytes)));
}

/// A byte as a letter; what can't be printed as a point.
const fn letter(byte: Seen) -> char {
    match byte {
        Seen::Byte(byte) if byte.is_ascii_graphic() || byte == b' ' => byte as char,
        Seen::Byte(_) => '·',
        Seen::Hidden => '•',
        Seen::Absent => ' ',
    }
}

fn row_spoken(start: u64, bytes: &[Seen]) -> String {
    let mut said = format!("0x{start:08X}:");
    for byte in bytes {
        match byte {
            Seen::Byte(byte) => write!(said, " {byte:02x}").unwrap_or_default(),
            Seen::Hidden => said.push_str(" hidden"),
            Seen::Absent => said.push_str(" absent"),
        }
    }
    said
}

/// Where the cursor is, in a sentence for screen readers.
fn spoken(sheet: &HexSheet<'_>) -> String {
    let name = sheet.name;
    let Some(bytes) = sheet.selected else { return format!("Bytes of {name}, nothing selected") };
    let byte = match sheet.bytes.byte(bytes.cursor) {
        Seen::Byte(byte) => format!("{byte:02x}"),
        Seen::Hidden => "hidden".to_owned(),
        Seen::Absent => "absent".to_owned(),
    };
    let part = part_at(sheet.parts, bytes.cursor).and_then(|index| sheet.parts.get(index));
    let part = part.map(|part| format!(", {}", part.name)).unwrap_or_default();
    let range = bytes.range();
    let selected = match range.end - range.start {
        1 => String::new(),
        count => format!(", {count} bytes selected"),
    };
    format!("Bytes of {name}, cursor at 0x{:08X}, {byte}{part}{selected}", bytes.cursor)
}

fn hover(ui: &mut Ui, sheet: &HexSheet<'_>, offset: u64) {
    ui.set_max_width(340.0);
    let address = sheet.bytes.stored.address(offset).map(|address| format!(" · {}", crate::text::address(address)));
    let value = match sheet.bytes.byte(offset) {
        Seen::Byte(byte) => format!("0x{byte:02X} · {byte}"),
        Seen::Hidden => "secret: not shown".to_owned(),
        Seen::Absent => "not in the file".to_owned(),
    };
    ui.label(egui::RichText::new(format!("0x{offset:04X}{} · {value}", address.unwrap_or_default())).font(font()));
    if let Some(part) = part_at(sheet.parts, offset).and_then(|index| sheet.parts.get(index)) {
        ui.label(&part.name);
    }
}

/// The coloured stretches that a range meets.
fn overlapping<'a>(
    spans: &'a [(Range<u64>, Region)],
    range: &Range<u64>,
) -> impl Iterator<Item = &'a (Range<u64>, Region)> + use<'a> {
    let from = spans.partition_point(|(span, _)| span.end <= range.start);
    let end = range.end;
    spans.iter().skip(from).take_while(move |(span, _)| span.start < end)
}

fn overlapping_runs<'a>(runs: &'a [Run], range: &Range<u64>) -> impl Iterator<Item = &'a Run> + use<'a> {
    let from = runs.partition_point(|run| run.end <= range.start);
    let end = range.end;
    runs.iter().skip(from).take_while(move |run| run.start < end)
}

/// The colour of a region.
pub(crate) const fn region_color(t: &Tokens, region: Region) -> Color32 {
    match region {
        Region::Header => t.regions.header,
        Region::Payload => t.regions.payload,
        Region::Protected => t.regions.protected_tlv,
        Region::Tlv => t.regions.tlv,
        Region::Fill => t.regions.fill,
        Region::Trailer => t.regions.trailer,
    }
}

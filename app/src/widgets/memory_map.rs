//! Memories to scale: each a lane with its regions, what they take away beside what they use, and what is wrong with
//! them. Regions are picked by pointer or Enter and moved by dragging or arrow keys, to legal places only.

use std::sync::Arc;

use egui::{
    Align, Color32, EventFilter, FontId, Galley, Key, Modifiers, Rect, Response, RichText, Role, Sense, Stroke,
};
use egui::{StrokeKind, Ui, WidgetInfo, pos2, text::LayoutJob, vec2};

use project::Moves;

use crate::model::Tone;
use crate::model::configuration::{ConfigurationIntent, MapLane, MapRegion, RegionId, RegionKind, Selection};
use crate::model::configuration::{Way, next_place};
use crate::text::{address, sentence, size};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{cut_label, focus_ring, muted};

/// Height of a lane in which nothing overlaps, points.
const LANE: f32 = 44.0;
/// Height of a row when regions overlap.
const ROW: f32 = 22.0;
/// What a region is wide at least, so that it can be seen and hit.
const NARROWEST: f32 = 6.0;
const RADIUS: u8 = 4;

/// What the map remembers between frames: the region being dragged and where it would land.
#[derive(Debug, Default)]
pub(crate) struct MapState {
    drag: Option<(RegionId, u32)>,
}

pub(crate) fn show(
    ui: &mut Ui,
    lanes: &[MapLane],
    picked: Option<&RegionId>,
    state: &mut MapState,
    intents: &mut Vec<ConfigurationIntent>,
) {
    for lane in lanes {
        show_lane(ui, lane, picked, state, intents);
        ui.add_space(6.0);
    }
}

fn show_lane(
    ui: &mut Ui,
    lane: &MapLane,
    picked: Option<&RegionId>,
    state: &mut MapState,
    intents: &mut Vec<ConfigurationIntent>,
) {
    let t = Tokens::of(ui);
    ui.spacing_mut().interact_size.y = 16.0;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let name = RichText::new(&lane.name).font(FontId::new(12.0, theme::medium()));
        let width = ui.available_width() - 90.0;
        cut_label(ui, name, width);
        ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
            ui.label(muted(ui, address(lane.start)).font(FontId::monospace(11.0)));
        });
    });
    let rows = rows(&lane.regions);
    let count = rows.iter().max().map_or(1, |row| row + 1);
    let height = if count == 1 { LANE } else { ROW * as_points(count) };
    let (whole, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    ui.painter().rect(whole, RADIUS, t.panel, t.hairline(), StrokeKind::Inside);
    let scale = Scale { whole, start: lane.start, size: lane.size.max(1) };
    sectors(ui, lane, &scale);
    for (region, row) in lane.regions.iter().zip(&rows) {
        let height = height / as_points(count);
        let top = whole.top() + height * as_points(*row);
        let band = Rect::from_x_y_ranges(whole.x_range(), top..=top + height);
        show_region(ui, region, &scale, band, picked, state, intents);
    }
    bands(ui, lane, &scale);
}

#[expect(clippy::cast_precision_loss, reason = "a handful of rows")]
const fn as_points(count: usize) -> f32 {
    count as f32
}

/// From addresses to points and back.
struct Scale {
    whole: Rect,
    start: u32,
    size: u32,
}

impl Scale {
    #[expect(clippy::cast_precision_loss, reason = "offsets within a lane, to a fraction of a point")]
    fn x(&self, address: u64) -> f32 {
        let past = address.saturating_sub(u64::from(self.start)) as f32 / self.size as f32;
        self.whole.left() + self.whole.width() * past.min(1.0)
    }

    fn span(&self, start: u32, size: u32) -> Rect {
        let left = self.x(u64::from(start));
        let right = self.x(u64::from(start) + u64::from(size)).max(left + NARROWEST);
        Rect::from_x_y_ranges(left..=right.min(self.whole.right().max(left)), self.whole.y_range())
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "snapped right away")]
    fn bytes(&self, points: f32) -> i64 {
        (points / self.whole.width().max(1.0) * self.size as f32) as i64
    }
}

/// In which row each region stands: the first in which nothing before it takes the same bytes.
fn rows(regions: &[MapRegion]) -> Vec<usize> {
    let mut rows: Vec<usize> = Vec::new();
    for (index, region) in regions.iter().enumerate() {
        let taken: Vec<usize> = regions
            .iter()
            .zip(&rows)
            .take(index)
            .filter(|(other, _)| meet(other, region))
            .map(|(_, row)| *row)
            .collect();
        rows.push((0..).find(|row| !taken.contains(row)).unwrap_or(0));
    }
    rows
}

fn meet(one: &MapRegion, other: &MapRegion) -> bool {
    let end = |region: &MapRegion| u64::from(region.start) + u64::from(region.footprint.max(region.size));
    u64::from(one.start) < end(other) && u64::from(other.start) < end(one)
}

/// Ticks where sectors begin.
fn sectors(ui: &Ui, lane: &MapLane, scale: &Scale) {
    let Some(sector) = lane.sector.filter(|sector| *sector > 0) else { return };
    let t = Tokens::of(ui);
    let bottom = scale.whole.bottom();
    for place in 1..lane.size / sector {
        let x = scale.x(u64::from(lane.start) + u64::from(place) * u64::from(sector));
        ui.painter().vline(x, bottom - 5.0..=bottom, t.hairline());
    }
}

/// Stretches with a property, as a line along the lower edge with its words.
fn bands(ui: &mut Ui, lane: &MapLane, scale: &Scale) {
    let t = Tokens::of(ui);
    for (index, band) in lane.bands.iter().enumerate() {
        let span = scale.span(band.start, band.size);
        let line =
            Rect::from_x_y_ranges(span.x_range(), span.bottom() - 4.0..=span.bottom() - 1.0).shrink2(vec2(1.0, 0.0));
        ui.painter().rect_filled(line, 1, t.warn);
        let text = galley(ui, &band.name, theme::small(), t.text, span.width() - 14.0);
        ui.painter().galley(pos2(span.left() + 8.0, line.top() - 15.0), text, t.text);
        let name = format!("{}, {}, {}", band.name, address(band.start), size(band.size));
        let response =
            ui.interact(line.expand2(vec2(0.0, 2.0)), ui.scope_id().with(("band", lane.start, index)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &name));
        response.on_hover_text(name);
    }
}

fn show_region(
    ui: &mut Ui,
    region: &MapRegion,
    scale: &Scale,
    band: Rect,
    picked: Option<&RegionId>,
    state: &mut MapState,
    intents: &mut Vec<ConfigurationIntent>,
) {
    let t = Tokens::of(ui);
    let picked = picked == Some(&region.id);
    let place = |start: u32, size: u32| Rect::from_x_y_ranges(scale.span(start, size).x_range(), band.y_range());
    let rect = place(region.start, region.size).shrink(1.0);
    let sense = if region.movable.is_some() { Sense::click_and_drag() } else { Sense::click() };
    let response = ui.interact(rect, ui.scope_id().with(("region", &region.id.0)), sense);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, picked, spoken(region)));

    let dragged = state.drag.as_ref().filter(|(id, _)| *id == region.id).map(|(_, start)| *start);
    let color = color(t, region);
    if region.footprint > region.size {
        let rest = place(region.start, region.footprint).shrink(1.0);
        ui.painter().rect(
            rest,
            RADIUS,
            Color32::TRANSPARENT,
            Stroke::new(1.0, color.gamma_multiply(0.5)),
            StrokeKind::Inside,
        );
    }
    let (fill, edge, text) = match (region.kind, picked || response.hovered()) {
        (RegionKind::Ecc, false) => (Color32::TRANSPARENT, Stroke::new(1.0, color), t.muted),
        (_, true) => (Tokens::tint(color), Stroke::new(if picked { 2.0 } else { 1.0 }, color), t.text),
        (_, false) => (Tokens::tint(color), Stroke::new(1.0, color), t.text),
    };
    let thinned = if dragged.is_some() { 0.4 } else { 1.0 };
    ui.painter().rect(rect, RADIUS, fill.gamma_multiply(thinned), edge, StrokeKind::Inside);
    let whole = format!("{} {}", region.name, size(region.size));
    let room = rect.width() - 12.0;
    let fits = galley(ui, &whole, theme::small(), text, f32::INFINITY).size().x <= room;
    let words = galley(ui, if fits { &whole } else { &region.name }, theme::small(), text, room);
    let top = if band.height() < LANE { rect.center().y - words.size().y / 2.0 } else { rect.top() + 5.0 };
    ui.painter().galley(pos2(rect.left() + 7.0, top), words, text);
    if let Some(start) = dragged {
        let ghost = place(start, region.size).shrink(1.0);
        ui.painter().rect(ghost, RADIUS, t.wash(Tone::Accent), Stroke::new(1.5, t.accent), StrokeKind::Inside);
        let words = galley(ui, &address(start), FontId::monospace(11.0), t.text, 200.0);
        ui.painter().galley(ghost.center() - words.size() / 2.0, words, t.text);
    }
    focus_ring(ui, &response);
    if response.clicked() {
        let choice = (!picked).then(|| Selection::Region(region.id.clone()));
        intents.push(ConfigurationIntent::Select(choice));
    }
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    if let Some(moves) = &region.movable {
        by_pointer(ui, region, moves, &response, scale, state, intents);
        by_keyboard(ui, region, moves, &response, intents);
    }
    response.on_hover_ui(|ui| hover(ui, region));
}

/// Dragging shows where the region would land; letting go moves it there, once.
fn by_pointer(
    ui: &Ui,
    region: &MapRegion,
    moves: &Moves,
    response: &Response,
    scale: &Scale,
    state: &mut MapState,
    intents: &mut Vec<ConfigurationIntent>,
) {
    if response.drag_stopped() {
        let landed = state.drag.take().filter(|(id, start)| *id == region.id && *start != region.start);
        if let Some((id, start)) = landed
            && !ui.input(|input| input.key_pressed(Key::Escape))
        {
            intents.push(ConfigurationIntent::MoveRegion(id, start));
        }
    } else if let Some(way) = response.total_drag_delta().filter(|_| response.dragged()) {
        let wanted = i64::from(region.start).saturating_add(scale.bytes(way.x)).clamp(0, i64::from(u32::MAX));
        let landing = u32::try_from(wanted).ok().and_then(|wanted| moves.nearest(wanted));
        state.drag = landing.map(|start| (region.id.clone(), start));
        ui.set_cursor_icon(egui::CursorIcon::Grabbing);
    }
}

/// Left and right move the region to the next legal place while it has the focus.
fn by_keyboard(
    ui: &Ui,
    region: &MapRegion,
    moves: &Moves,
    response: &Response,
    intents: &mut Vec<ConfigurationIntent>,
) {
    if !response.has_focus() {
        return;
    }
    let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let mut start = region.start;
    for (key, way) in [(Key::ArrowLeft, Way::Down), (Key::ArrowRight, Way::Up)] {
        let pressed = ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
        for _ in 0..pressed {
            start = next_place(moves, start, way).unwrap_or(start);
        }
    }
    if start != region.start {
        intents.push(ConfigurationIntent::MoveRegion(region.id.clone(), start));
    }
}

fn hover(ui: &mut Ui, region: &MapRegion) {
    let t = Tokens::of(ui);
    ui.set_max_width(340.0);
    ui.label(RichText::new(&region.name).font(theme::strong()));
    let last = u64::from(region.start) + u64::from(region.size.max(1)) - 1;
    let last = u32::try_from(last).unwrap_or(u32::MAX);
    let range = format!("{} – {} · {}", address(region.start), address(last), size(region.size));
    ui.label(RichText::new(range).font(theme::mono()));
    if region.footprint > region.size {
        ui.label(muted(ui, format!("Takes whole sectors away: {}", size(region.footprint))));
    }
    if let Some((tone, text)) = &region.trouble {
        ui.label(RichText::new(sentence(text)).color(t.tone(*tone)));
    }
    if let Some(moves) = &region.movable {
        ui.label(muted(ui, format!("Drag it, or move it with the arrow keys, in steps of {}", size(moves.step))));
    }
}

/// The region in a sentence, for screen readers.
fn spoken(region: &MapRegion) -> String {
    let mut text = format!("{}, {}, {}", region.name, address(region.start), size(region.size));
    if region.footprint > region.size {
        text.push_str(&format!(", takes {}", size(region.footprint)));
    }
    if let Some((_, trouble)) = &region.trouble {
        text.push_str(&format!(", {trouble}"));
    }
    text
}

/// The region's colour; what is wrong with it comes before what it is.
const fn color(t: &Tokens, region: &MapRegion) -> Color32 {
    if let Some((tone @ (Tone::Danger | Tone::Warn), _)) = &region.trouble {
        return t.tone(*tone);
    }
    match region.kind {
        RegionKind::Firmware => t.regions.header,
        RegionKind::Installation => t.regions.payload,
        RegionKind::Download => t.regions.tlv,
        RegionKind::Loader => t.regions.protected_tlv,
        RegionKind::Application => t.regions.trailer,
        RegionKind::Ecc | RegionKind::Scratch => t.regions.fill,
    }
}

/// One line, cut where the width ends; nothing where there is no room for a letter.
fn galley(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let text = if width < 14.0 { "" } else { text };
    let mut job = LayoutJob::simple(text.to_owned(), font, color, width.max(1.0));
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    ui.painter().layout_job(job)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example_sheets::overlapping;

    #[test]
    fn regions_that_overlap_stand_in_rows_of_their_own() {
        let sheet = overlapping();
        let external = sheet.map.last().unwrap();
        assert_eq!(rows(&external.regions), [0, 1]);
        let internal = sheet.map.first().unwrap();
        assert!(rows(&internal.regions).iter().all(|row| *row == 0));
    }

    #[test]
    fn a_footprint_reaches_further_than_the_bytes_used() {
        let sheet = overlapping();
        let mut regions = sheet.map.last().unwrap().regions.clone();
        // Whole sectors of 64 KiB: 72 KiB take 128.
        regions[0].size = 0x1_2000;
        regions[0].footprint = 0x2_0000;
        regions[1].start = regions[0].start + 0x1_2000;
        assert_eq!(rows(&regions), [0, 1]);
        regions[1].start = regions[0].start + 0x2_0000;
        assert_eq!(rows(&regions), [0, 0]);
    }
}

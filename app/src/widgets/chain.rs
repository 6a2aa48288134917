//! The chain as a picture: what goes into what, left to right, and whether it still fits. Each card lists what comes
//! into it with a word; the lines lead there.

use std::sync::Arc;

use egui::epaint::CubicBezierShape;
use egui::{Align, Color32, FontId, Galley, Layout, Pos2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, UiBuilder};
use egui::{WidgetInfo, pos2, text::LayoutJob, vec2};

use crate::icons;
use crate::model::Tone;
use crate::model::keys::{ChainEdge, ChainKind, ChainNode, ChainSheet, EdgeState};
use crate::theme::{self, RADIUS_CARD, Tokens};
use crate::widgets::controls::paint_icon;
use crate::widgets::form_row::warning_badge;

/// Between two columns, points.
const GAP: f32 = 28.0;
/// Between two cards of a column.
const BETWEEN: f32 = 10.0;
/// The line with the columns' names.
const TITLES: f32 = 20.0;
/// A card's part above its list.
const HEAD: f32 = 42.0;
/// Between a card's edge and its text.
const PAD: f32 = 9.0;
/// A line of a card's list.
const PORT: f32 = 17.0;
/// How thick a line is, and the one that broke first.
const LINE: f32 = 1.2;
const FIRST_BROKEN: f32 = 2.0;
/// Room for a line that passes through a column.
const PASS: f32 = 8.0;
/// What a card is wide at most.
const WIDEST: f32 = 190.0;

pub(crate) fn show(ui: &mut Ui, chain: &ChainSheet) {
    let drawing = Drawing::of(chain, ui.available_width());
    let (whole, _) = ui.allocate_exact_size(vec2(ui.available_width(), drawing.height), Sense::hover());
    let origin = whole.min.to_vec2();
    let broken = chain.first_broken.as_ref().map(|broken| broken.edge);
    for (index, (edge, way)) in chain.edges.iter().zip(&drawing.ways).enumerate() {
        let width = if broken == Some(index) { FIRST_BROKEN } else { LINE };
        paint_way(ui, edge, way, origin, width);
    }
    for (left, kind) in &drawing.columns {
        title(ui, *kind, whole.min + vec2(*left, TITLES / 2.0));
    }
    for (node, card) in chain.nodes.iter().zip(&drawing.cards) {
        show_card(ui, chain, node, card.translate(origin));
    }
}

/// Where everything stands, from the upper left corner of the picture.
struct Drawing {
    /// The left edge of each column, and what stands in it.
    columns: Vec<(f32, ChainKind)>,
    cards: Vec<Rect>,
    /// For each edge the points it goes through; empty when one of its ends doesn't exist.
    ways: Vec<Vec<Pos2>>,
    height: f32,
}

/// What takes room in a column.
#[derive(Clone, Copy)]
enum Item {
    Card(usize),
    Pass(usize),
}

impl Drawing {
    /// Columns by kind, the empty ones left out. Within a column, what comes from higher up stands higher up.
    fn of(chain: &ChainSheet, width: f32) -> Self {
        let mut kinds: Vec<ChainKind> = chain.nodes.iter().map(|node| node.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let card = ((width + GAP) / count(kinds.len().max(1)) - GAP).clamp(40.0, WIDEST);
        let column = |node: &ChainNode| kinds.iter().position(|kind| *kind == node.kind).unwrap_or(0);
        let ends: Vec<Option<(usize, usize)>> = chain.edges.iter().map(|edge| ends(chain, edge)).collect();
        let columns: Vec<usize> = chain.nodes.iter().map(column).collect();
        let at = |node: usize| columns.get(node).copied().unwrap_or(0);

        let mut cards = vec![Rect::ZERO; chain.nodes.len()];
        let mut ways: Vec<Vec<Pos2>> = vec![Vec::new(); chain.edges.len()];
        let mut height: f32 = 0.0;
        for here in 0..kinds.len() {
            let left = count(here) * (card + GAP);
            let mut items: Vec<(f32, Item)> = Vec::new();
            for node in (0..chain.nodes.len()).filter(|node| at(*node) == here) {
                items.push((wish(&ends, &ways, node), Item::Card(node)));
            }
            for (edge, ends) in ends.iter().enumerate() {
                if let Some((from, to)) = ends
                    && at(*from) < here
                    && here < at(*to)
                {
                    let level = ways.get(edge).and_then(|way| way.last()).map_or(0.0, |end| end.y);
                    items.push((level, Item::Pass(edge)));
                }
            }
            items.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            let mut bottom = TITLES;
            for (_, item) in items {
                match item {
                    Item::Card(node) => {
                        let ports = ends.iter().flatten().filter(|(_, to)| *to == node).count();
                        let sample = chain.nodes.get(node).is_some_and(|node| node.sample.is_some());
                        let lines = ports + usize::from(sample);
                        let list = if lines == 0 { 0.0 } else { PORT * count(lines) + 5.0 };
                        let rect = Rect::from_min_size(pos2(left, bottom), vec2(card, HEAD + list));
                        bottom = rect.bottom() + BETWEEN;
                        height = height.max(rect.bottom());
                        if let Some(slot) = cards.get_mut(node) {
                            *slot = rect;
                        }
                        for (way, (from, _)) in
                            ways.iter_mut().zip(&ends).filter_map(|(way, ends)| Some((way, (*ends)?)))
                        {
                            if from == node {
                                way.push(pos2(rect.right(), rect.top() + HEAD / 2.0));
                            }
                        }
                    }
                    Item::Pass(edge) => {
                        let level = bottom + PASS / 2.0;
                        bottom += PASS + BETWEEN;
                        height = height.max(level + PASS / 2.0);
                        if let Some(way) = ways.get_mut(edge) {
                            way.extend([pos2(left, level), pos2(left + card, level)]);
                        }
                    }
                }
            }
        }
        arrive(&ends, &cards, &mut ways);
        let columns = kinds.iter().enumerate().map(|(place, kind)| (count(place) * (card + GAP), *kind)).collect();
        Self { columns, cards, ways, height }
    }
}

/// How high a card would like to stand: as what goes into it.
fn wish(ends: &[Option<(usize, usize)>], ways: &[Vec<Pos2>], node: usize) -> f32 {
    let levels: Vec<f32> = ends
        .iter()
        .zip(ways)
        .filter(|(ends, _)| ends.is_some_and(|(_, to)| to == node))
        .filter_map(|(_, way)| way.last().map(|end| end.y))
        .collect();
    // What nothing goes into keeps its place in the given order: sorting is stable.
    if levels.is_empty() { 0.0 } else { levels.iter().sum::<f32>() / count(levels.len()) }
}

/// Ends every way at its line of the card's list.
fn arrive(ends: &[Option<(usize, usize)>], cards: &[Rect], ways: &mut [Vec<Pos2>]) {
    let mut seen = vec![0_usize; cards.len()];
    for (ends, way) in ends.iter().zip(ways) {
        let Some((from, to)) = ends else { continue };
        let (Some(start), Some(card), Some(port)) = (cards.get(*from), cards.get(*to), seen.get_mut(*to)) else {
            continue;
        };
        let level = card.top() + HEAD + PORT * (count(*port) + 0.5);
        *port += 1;
        if start.left() >= card.left() {
            // Within a column or back: around the left side.
            *way = vec![start.left_center(), start.left_center()];
        }
        way.push(pos2(card.left(), level));
    }
}

/// The places of an edge's ends among the nodes.
fn ends(chain: &ChainSheet, edge: &ChainEdge) -> Option<(usize, usize)> {
    let place = |id: &str| chain.nodes.iter().position(|node| node.id == id);
    Some((place(&edge.from)?, place(&edge.to)?))
}

#[expect(clippy::cast_precision_loss, reason = "a handful of cards")]
const fn count(number: usize) -> f32 {
    number as f32
}

fn paint_way(ui: &Ui, edge: &ChainEdge, way: &[Pos2], origin: egui::Vec2, width: f32) {
    let t = Tokens::of(ui);
    let (_, tone, _) = mark(edge.state);
    let stroke =
        Stroke::new(width, t.tone(tone).gamma_multiply(if edge.state == EdgeState::Holds { 0.6 } else { 1.0 }));
    for pair in way.windows(2) {
        let [from, to] = pair else { continue };
        let (from, to) = (*from + origin, *to + origin);
        let bend = if to.x > from.x { vec2((to.x - from.x) / 2.0, 0.0) } else { vec2(-GAP / 2.0, 0.0) };
        let back = if to.x > from.x { -bend } else { bend };
        let points = [from, from + bend, to + back, to];
        let curve = CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke);
        if matches!(edge.state, EdgeState::Stale | EdgeState::Unknown) {
            ui.painter().extend(Shape::dashed_line(&curve.flatten(Some(0.3)), stroke, 4.0, 3.0));
        } else {
            ui.painter().add(curve);
        }
    }
    if let Some(end) = way.last() {
        let end = *end + origin;
        for side in [-3.5, 3.5] {
            ui.painter().line_segment([end + vec2(-5.0, side), end], stroke);
        }
    }
}

/// The name of a column.
fn title(ui: &Ui, kind: ChainKind, at: Pos2) {
    let t = Tokens::of(ui);
    paint_icon(ui, at + vec2(7.0, 0.0), kind_icon(kind), theme::icon(13.0), t.muted);
    let left = at + vec2(19.0, 0.0);
    ui.painter().text(left, egui::Align2::LEFT_CENTER, kind_word(kind), theme::small(), t.muted);
}

fn show_card(ui: &mut Ui, chain: &ChainSheet, node: &ChainNode, rect: Rect) {
    let t = Tokens::of(ui);
    ui.painter().rect(rect, RADIUS_CARD, t.panel, t.hairline(), StrokeKind::Inside);
    let inner = rect.width() - 2.0 * PAD;
    let left = rect.left() + PAD;
    let name = cut(ui, &node.name, FontId::new(12.0, theme::medium()), t.text, inner);
    ui.painter().galley(pos2(left, rect.top() + 14.0 - name.size().y / 2.0), name, t.text);
    let detail = cut(ui, &node.detail, FontId::monospace(11.0), t.muted, inner);
    ui.painter().galley(pos2(left, rect.top() + 23.0), detail, t.muted);

    let incoming: Vec<&ChainEdge> =
        chain.edges.iter().filter(|edge| edge.to == node.id && ends(chain, edge).is_some()).collect();
    let head = Rect::from_min_size(rect.min, vec2(rect.width(), HEAD));
    let response = ui.interact(head, ui.scope_id().with(("card", &node.id)), Sense::hover());
    let sample = if node.sample.is_some() { ", SAMPLE" } else { "" };
    let spoken = format!("{} {}, {}{sample}", kind_word(node.kind), node.name, node.detail);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    response.on_hover_ui(|ui| {
        ui.label(egui::RichText::new(&node.name).font(theme::strong()));
        ui.label(egui::RichText::new(&node.detail).font(theme::mono()));
    });
    for (port, edge) in incoming.iter().enumerate() {
        let top = rect.top() + HEAD + PORT * count(port);
        let line = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), PORT));
        show_port(ui, chain, edge, node, line);
    }
    if let Some(whose) = &node.sample {
        let top = rect.top() + HEAD + PORT * count(incoming.len());
        let line = Rect::from_x_y_ranges(left..=rect.right() - 4.0, top..=top + PORT);
        // A child takes no room of the picture's.
        let mut child = ui.new_child(UiBuilder::new().max_rect(line).layout(Layout::left_to_right(Align::Center)));
        warning_badge(&mut child, "SAMPLE").on_hover_text(whose);
    }
}

/// What one thing that comes in has to say: a mark, a word, and what was compared.
fn show_port(ui: &mut Ui, chain: &ChainSheet, edge: &ChainEdge, node: &ChainNode, line: Rect) {
    let t = Tokens::of(ui);
    let (icon, tone, word) = mark(edge.state);
    let color = t.tone(tone);
    paint_icon(ui, pos2(line.left() + PAD + 6.0, line.center().y), icon, theme::icon_filled(12.0), color);
    let put = |text: &str, font: FontId, color: Color32, left: f32| {
        let galley = ui.painter().layout_no_wrap(text.to_owned(), font, color);
        let right = left + galley.size().x;
        // What doesn't fit whole is left to the hover: a card full of cut words reads worse than one without.
        if right <= line.right() - 4.0 {
            ui.painter().galley(pos2(left, line.center().y - galley.size().y / 2.0), galley, color);
        }
        right
    };
    let after = put(word, FontId::new(11.0, theme::medium()), color, line.left() + PAD + 16.0);
    put(&edge.text, theme::small(), t.muted, after + 5.0);
    let from = chain.nodes.iter().find(|other| other.id == edge.from).map_or("", |other| other.name.as_str());
    let spoken = format!("{from} → {}: {word}, {}", node.name, edge.text);
    let response = ui.interact(line, ui.scope_id().with(("port", &edge.from, &edge.to, &edge.text)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    response.on_hover_text(spoken);
}

fn cut(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple(text.to_owned(), font, color, width.max(1.0));
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    ui.painter().layout_job(job)
}

/// Icon, tone and word of a state.
pub(crate) const fn mark(state: EdgeState) -> (&'static str, Tone, &'static str) {
    match state {
        EdgeState::Holds => (icons::CHECK, Tone::Ok, "holds"),
        EdgeState::Stale => (icons::STALE, Tone::Warn, "stale"),
        EdgeState::Broken => (icons::CROSS, Tone::Danger, "broken"),
        EdgeState::Unknown => (icons::QUESTION, Tone::Neutral, "unknown"),
    }
}

const fn kind_icon(kind: ChainKind) -> &'static str {
    match kind {
        ChainKind::Key => icons::KEY,
        ChainKind::Object => icons::OBJECT,
        ChainKind::Image => icons::IMAGE,
        ChainKind::Slot => icons::SLOT,
        ChainKind::OptionBytes => icons::OPTIONS,
        ChainKind::Certificate => icons::CERTIFICATE,
    }
}

const fn kind_word(kind: ChainKind) -> &'static str {
    match kind {
        ChainKind::Key => "Key",
        ChainKind::Object => "Object",
        ChainKind::Image => "Image",
        ChainKind::Slot => "Slot",
        ChainKind::OptionBytes => "Option bytes",
        ChainKind::Certificate => "Certificate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example_sheets::stale_chain;

    #[test]
    fn cards_of_a_chain_lie_apart_and_within_the_picture() {
        let chain = stale_chain();
        let drawing = Drawing::of(&chain, 946.0);
        for (index, card) in drawing.cards.iter().enumerate() {
            assert!(card.right() <= 946.0 && card.bottom() <= drawing.height, "{:?}: {card:?}", chain.nodes[index]);
            for other in drawing.cards.iter().skip(index + 1) {
                assert!(!card.intersects(*other), "{card:?} meets {other:?}");
            }
        }
    }

    #[test]
    fn a_line_that_skips_a_column_passes_between_its_cards() {
        let chain = stale_chain();
        let drawing = Drawing::of(&chain, 946.0);
        for (edge, way) in chain.edges.iter().zip(&drawing.ways) {
            for pair in way.windows(2).filter(|pair| pair[0].y == pair[1].y) {
                let middle = pair[0] + (pair[1] - pair[0]) / 2.0;
                assert!(drawing.cards.iter().all(|card| !card.contains(middle)), "{edge:?} runs through a card");
            }
        }
    }

    #[test]
    fn an_edge_to_nowhere_is_left_out() {
        let mut chain = stale_chain();
        chain.edges[0].to = "gone".to_owned();
        let drawing = Drawing::of(&chain, 946.0);
        assert!(drawing.ways[0].is_empty());
        assert!(drawing.ways[1..].iter().all(|way| way.len() >= 2));
    }
}

//! The figure of the boot stages: memories as frames, what lies in them as blocks, the steps as numbered arrows, and where
//! the open board's core is. It is painted, and every block is named for screen readers; the places are in [`places`].

mod places;

use egui::epaint::CubicBezierShape;
use egui::text::LayoutJob;
use egui::{
    Align2, Color32, FontId, Pos2, Rect, Role, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use crate::icons;
use crate::model::boot_stages::{ArrowSheet, BlockId, BlockSheet, FigureSheet, HereSheet};
use crate::text::{address, size};
use crate::theme::{self, RADIUS_CARD, RADIUS_CONTROL, Tokens};
use crate::widgets::controls::paint_icon;
use crate::widgets::lanes;
use places::{Places, Way};

/// Radius of the circle around a step's number.
const BADGE: f32 = 9.0;

/// Shows the figure with one chapter's arrows.
pub(crate) fn show(ui: &mut Ui, figure: &FigureSheet, chapter: usize, here: Option<&HereSheet>) {
    let arrows = figure.chapters.get(chapter).map(|chapter| chapter.arrows.as_slice()).unwrap_or_default();
    let places = Places::of(figure, ui.available_width());
    let at = here.and_then(|here| figure.block_of(here));
    ScrollArea::horizontal().id_salt("figure").auto_shrink([false, true]).show(ui, |ui| {
        let (whole, _) = ui.allocate_exact_size(places.size, Sense::hover());
        let origin = whole.min.to_vec2();
        for (name, frame) in &places.frames {
            memory(ui, name, frame.translate(origin));
        }
        for block in &figure.blocks {
            let Some(rect) = places.block(block.id) else { continue };
            show_block(ui, block, rect.translate(origin), at == Some(block.id));
        }
        // Lines first, so that no line runs over a number.
        let ways: Vec<(&ArrowSheet, Way)> =
            places.ways(arrows).into_iter().map(|(arrow, way)| (arrow, way.translate(origin))).collect();
        for (_, way) in &ways {
            line(ui, way);
        }
        for (arrow, way) in &ways {
            badge(ui, arrow, way.badge());
        }
    });
}

fn memory(ui: &Ui, name: &str, frame: Rect) {
    let t = Tokens::of(ui);
    ui.painter().rect(frame, RADIUS_CARD, t.panel, t.hairline(), StrokeKind::Inside);
    let at = frame.left_top() + vec2(10.0, 6.0);
    ui.painter().text(at, Align2::LEFT_TOP, name, theme::small(), t.muted);
}

fn show_block(ui: &mut Ui, block: &BlockSheet, rect: Rect, is_here: bool) {
    let t = Tokens::of(ui);
    let color = lanes::color(t, block.lane);
    let response = ui.interact(rect, ui.scope_id().with(("block", block.id)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken(block, is_here)));
    // What is only kept is thinner than what runs.
    let (fill, edge) = match (block.hdpl, is_here) {
        (_, true) => (Tokens::tint(color), Stroke::new(2.5, t.accent)),
        (Some(_), false) => (Tokens::tint(color), Stroke::new(1.2, color)),
        (None, false) => (color.gamma_multiply(0.08), Stroke::new(1.0, color.gamma_multiply(0.7))),
    };
    ui.painter().rect(rect, RADIUS_CONTROL, t.panel, Stroke::NONE, StrokeKind::Inside);
    ui.painter().rect(rect, RADIUS_CONTROL, fill, edge, StrokeKind::Inside);
    if block.id == BlockId::Cipher {
        let at = rect.center_top() - vec2(0.0, 3.0);
        ui.painter().text(at, Align2::CENTER_BOTTOM, &block.title, theme::small(), t.text);
        response.on_hover_text("The memory cipher on XSPI1: what is written through it can be read through it only");
        return;
    }
    let left = rect.left() + 9.0;
    let mut top = rect.top() + 5.0;
    let pill_width = block.hdpl.map_or(0.0, |level| pill(ui, rect.right_top() + vec2(-7.0, 6.0), level, color));
    let room = rect.width() - 18.0 - pill_width;
    top += text(ui, pos2(left, top), &block.title, theme::strong(), t.text, room) + 2.0;
    let room = rect.width() - 18.0;
    if let Some(start) = block.code.or_else(|| block.span.map(|span| span.start)) {
        let mut words = address(start);
        if let (None, Some(span)) = (block.hdpl, block.span) {
            words.push_str(&format!(" · {}", size(span.size)));
        }
        top += text(ui, pos2(left, top), &words, FontId::monospace(11.0), t.muted, room) + 1.0;
    }
    text(ui, pos2(left, top), &block.bytes, theme::small(), t.muted, room);
    if is_here {
        // A flag under the level: colour and a word.
        let words = ui.painter().layout_no_wrap("here".to_owned(), theme::small(), t.on_accent);
        let size = words.size() + vec2(12.0, 3.0);
        let flag = Rect::from_min_size(pos2(rect.right() - 7.0 - size.x, rect.top() + 26.0), size);
        ui.painter().rect_filled(flag, 7.0, t.accent);
        ui.painter().galley(flag.min + vec2(6.0, 1.5), words, t.on_accent);
    }
    response.on_hover_ui(|ui| hover(ui, block));
}

fn hover(ui: &mut Ui, block: &BlockSheet) {
    ui.set_max_width(320.0);
    ui.label(egui::RichText::new(&block.title).font(theme::strong()));
    if let Some(span) = block.span {
        let range = format!("{} – {} · {}", address(span.start), address(span.last()), size(span.size));
        ui.label(egui::RichText::new(range).font(theme::mono()));
    }
    if let Some(level) = block.hdpl {
        let code = block.code.map(|code| format!(" from {}", address(code))).unwrap_or_default();
        ui.label(format!("Runs here at HDPL {level}{code}"));
    }
    if !block.bytes.is_empty() {
        ui.label(crate::text::sentence(&block.bytes));
    }
}

/// The level in words, outlined in the stage's colour, with its right upper corner at a place; gives the width it takes.
fn pill(ui: &Ui, corner: Pos2, level: u8, color: Color32) -> f32 {
    let t = Tokens::of(ui);
    let words = ui.painter().layout_no_wrap(format!("HDPL {level}"), theme::small(), t.text);
    let size = words.size() + vec2(12.0, 3.0);
    let rect = Rect::from_min_size(corner - vec2(size.x, 0.0), size);
    ui.painter().rect(rect, 8.0, color.gamma_multiply(0.3), Stroke::new(1.0, color), StrokeKind::Inside);
    ui.painter().galley(rect.min + vec2(6.0, 1.5), words, t.text);
    size.x + 6.0
}

/// One line of text, cut where the room ends; gives its height.
fn text(ui: &Ui, at: Pos2, text: &str, font: FontId, color: Color32, room: f32) -> f32 {
    let mut job = LayoutJob::simple(text.to_owned(), font, color, room.max(1.0));
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    let galley = ui.painter().layout_job(job);
    let height = galley.size().y;
    ui.painter().galley(at, galley, color);
    height
}

fn line(ui: &Ui, way: &Way) {
    let t = Tokens::of(ui);
    let stroke = Stroke::new(1.5, t.text.gamma_multiply(0.75));
    let (end, towards) = match way {
        Way::Curve(points, _) => {
            let [_, _, before, end] = *points;
            let curve = CubicBezierShape::from_points_stroke(*points, false, Color32::TRANSPARENT, stroke);
            ui.painter().add(curve);
            (end, end - before)
        }
        Way::Corners(points) => {
            ui.painter().add(Shape::line(points.clone(), stroke));
            match points.as_slice() {
                [.., before, end] => (*end, *end - *before),
                _ => return,
            }
        }
    };
    let along = towards.normalized() * 7.0;
    let across = along.rot90() * 0.5;
    let head = vec![end, end - along + across, end - along - across];
    ui.painter().add(Shape::convex_polygon(head, stroke.color, Stroke::NONE));
}

/// A step's number in a circle.
fn badge(ui: &mut Ui, arrow: &ArrowSheet, at: Pos2) {
    let t = Tokens::of(ui);
    let rect = Rect::from_center_size(at, vec2(BADGE, BADGE) * 2.0);
    let id = ui.scope_id().with(("step", arrow.number));
    let response = ui.interact(rect, id, Sense::hover());
    let words = format!("Step {}: {}", arrow.number, arrow.text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    ui.painter().circle(at, BADGE, t.panel, Stroke::new(1.5, t.accent));
    let number = arrow.number.to_string();
    ui.painter().text(at, Align2::CENTER_CENTER, number, FontId::new(11.0, theme::semibold()), t.text);
    response.on_hover_text(words);
}

/// A block in a sentence.
fn spoken(block: &BlockSheet, is_here: bool) -> String {
    let mut text = block.title.clone();
    if let Some(start) = block.code.or_else(|| block.span.map(|span| span.start)) {
        text.push_str(&format!(", {}", address(start)));
    }
    match block.hdpl {
        Some(level) => text.push_str(&format!(", runs at HDPL {level}")),
        None if block.id != BlockId::Cipher => text.push_str(", kept"),
        None => {}
    }
    if !block.bytes.is_empty() {
        text.push_str(&format!(", {}", block.bytes));
    }
    if is_here {
        text.push_str(", the core is here");
    }
    text
}

/// Where the open board stands, in words, beside the figure's title.
pub(crate) fn here(ui: &mut Ui, figure: &FigureSheet, here: &HereSheet) {
    let t = Tokens::of(ui);
    let title = figure
        .block_of(here)
        .and_then(|id| figure.blocks.iter().find(|block| block.id == id))
        .map_or("outside of what is drawn", |block| block.title.as_str());
    let state = here.state.map_or("state not read", |state| state.name());
    let rest = if here.at_rest { ", at rest" } else { "" };
    let words = format!("{}: {state} · HDPL {} · pc {} · {title}{rest}", here.board, here.hdpl, address(here.pc));
    ui.spacing_mut().item_spacing.x = 6.0;
    let (rect, _) = ui.allocate_exact_size(vec2(14.0, 16.0), Sense::hover());
    paint_icon(ui, rect.center(), icons::BOARD, theme::icon(14.0), t.accent);
    ui.add(egui::Label::new(egui::RichText::new(words).color(t.muted)).truncate());
}

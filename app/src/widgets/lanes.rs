//! A story on lanes: each pass a block as wide as its instructions, each check a dot in it, resets as dashed lines. One
//! stands in it by pointer or by arrow keys; what stands where is computed in [`layout`].

mod layout;

use std::sync::Arc;

use egui::epaint::CubicBezierShape;
use egui::text::LayoutJob;
use egui::{
    Align2, Color32, EventFilter, Galley, Key, Modifiers, Rect, Response, Role, ScrollArea, Sense, Shape, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use crate::icons;
use crate::model::boot_lab::{Answer, BootLab, Lane, Moment, PassSheet, StorySheet};
use crate::text::instructions;
use crate::theme::{self, RADIUS_CONTROL, Tokens};
use crate::widgets::controls::paint_icon;
use layout::{DOT, LABELS, Layout, TITLE_INSET};

/// What height the lanes may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Room {
    /// So many points, in which they scroll.
    Height(f32),
    /// All that they need; what they stand in scrolls.
    Whole,
}

/// What the lanes remember between frames.
#[derive(Debug, Default)]
pub(crate) struct LanesState {
    /// The place that was last brought into sight.
    followed: Option<Moment>,
}

/// The colour of a stage, the same wherever it is drawn.
pub(crate) const fn color(t: &Tokens, lane: Lane) -> Color32 {
    match lane {
        Lane::Rss => t.regions.fill,
        Lane::Stirot => t.regions.header,
        Lane::Iloader => t.regions.protected_tlv,
        Lane::Oemurot => t.regions.trailer,
        Lane::Application => t.regions.payload,
    }
}

/// Shows the lanes; gives the place that was picked.
pub(crate) fn show(ui: &mut Ui, lab: &BootLab, room: Room, state: &mut LanesState) -> Option<Moment> {
    let story = lab.story.as_ref()?;
    let t = Tokens::of(ui);
    let titles: Vec<f32> = story
        .passes
        .iter()
        .map(|pass| ui.painter().layout_no_wrap(label(pass), theme::small(), t.text).size().x)
        .collect();
    let layout = Layout::of(story, &titles, ui.available_width() - LABELS);
    let mut all = |ui: &mut Ui| {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            // The names stay in sight when the passes scroll.
            names(ui, story, &layout);
            let area = ScrollArea::horizontal().id_salt("passes").auto_shrink([false, true]);
            let (picked, wanted) = area.show(ui, |ui| passes(ui, lab, story, &layout, state)).inner;
            if let Some(wanted) = wanted {
                // What scrolls sideways keeps the height wanted from what scrolls up and down around it.
                ui.scroll_to_rect(wanted, None);
            }
            picked
        })
        .inner
    };
    match room {
        Room::Height(height) => {
            let area = ScrollArea::vertical().id_salt("lanes").auto_shrink([false, true]).max_height(height);
            area.show(ui, all).inner
        }
        Room::Whole => all(ui),
    }
}

/// The names of the lanes.
fn names(ui: &mut Ui, story: &StorySheet, layout: &Layout) {
    let t = Tokens::of(ui);
    let (whole, _) = ui.allocate_exact_size(vec2(LABELS, layout.size.y), Sense::hover());
    for (row, lane) in story.lanes.iter().enumerate() {
        let middle = whole.top() + layout.band(row).center().y;
        let middle = pos2(whole.left(), middle);
        ui.painter().text(middle, Align2::LEFT_CENTER, lane.name(), theme::body(), t.muted);
    }
}

/// The passes, their edges, and the resets; gives the place that was picked, and where one is brought.
fn passes(
    ui: &mut Ui,
    lab: &BootLab,
    story: &StorySheet,
    layout: &Layout,
    state: &mut LanesState,
) -> (Option<Moment>, Option<Rect>) {
    let mut picked = None;
    let (whole, _) = ui.allocate_exact_size(layout.size, Sense::hover());
    let canvas = ui.interact(whole, ui.scope_id().with("canvas"), Sense::click());
    canvas.widget_info(|| WidgetInfo::labeled(Role::ListBox, true, spoken(lab, story)));
    let origin = whole.min.to_vec2();
    rows(ui, story, layout, origin, whole);
    edges(ui, lab, story, layout, origin);
    for (index, pass) in story.passes.iter().enumerate() {
        if lab.shows(Moment { pass: index, check: None })
            && let Some(moment) = block(ui, lab, (index, pass), layout, origin, canvas.has_focus())
        {
            picked = Some(moment);
        }
    }
    if picked.is_some() || canvas.clicked() {
        canvas.request_focus();
    }
    if let Some(moment) = by_keyboard(ui, lab, story, &canvas) {
        picked = Some(moment);
    }
    focus(ui, &canvas);
    if state.followed == lab.picked {
        return (picked, None);
    }
    state.followed = lab.picked;
    let place = lab.picked.and_then(|moment| layout.place(moment));
    let wanted = place.map(|place| place.translate(origin).expand2(vec2(48.0, 8.0)));
    if let Some(wanted) = wanted {
        ui.scroll_to_rect(wanted, None);
    }
    // Who reads below the lanes what was seen isn't taken away from it.
    (picked, wanted.filter(|_| ui.clip_rect().y_range().intersects(whole.y_range())))
}

/// The ring around what is seen of the lanes, while the keyboard is on them.
fn focus(ui: &Ui, canvas: &Response) {
    if canvas.has_focus() {
        let seen = canvas.rect.intersect(ui.clip_rect()).shrink(1.0);
        let stroke = Stroke::new(1.5, Tokens::of(ui).accent);
        ui.painter().rect_stroke(seen, RADIUS_CONTROL, stroke, StrokeKind::Inside);
    }
}

/// The lines under the lanes, and where resets lie.
fn rows(ui: &Ui, story: &StorySheet, layout: &Layout, origin: Vec2, whole: Rect) {
    let t = Tokens::of(ui);
    let painter = ui.painter();
    for row in 0..story.lanes.len() {
        let band = layout.band(row).translate(origin);
        painter.hline(whole.x_range(), band.bottom(), t.hairline());
    }
    for (number, x) in layout.resets.iter().enumerate() {
        let x = x + origin.x;
        let line = [pos2(x, whole.top() + 4.0), pos2(x, whole.bottom())];
        painter.extend(Shape::dashed_line(&line, Stroke::new(1.0, t.muted.gamma_multiply(0.6)), 4.0, 4.0));
        let words = format!("reset {number}");
        painter.text(pos2(x + 5.0, whole.top() + 2.0), Align2::LEFT_TOP, words, theme::small(), t.muted);
    }
}

/// From the end of each pass to the beginning of the next.
fn edges(ui: &Ui, lab: &BootLab, story: &StorySheet, layout: &Layout, origin: Vec2) {
    let stroke = Stroke::new(1.2, Tokens::of(ui).muted);
    for next in 1..story.passes.len() {
        let (Some(from), Some(to)) = (layout.blocks.get(next - 1), layout.blocks.get(next)) else { continue };
        if !lab.shows(Moment { pass: next, check: None }) {
            break;
        }
        let (from, to) = (from.translate(origin).right_center(), to.translate(origin).left_center());
        let reach = ((to.x - from.x) * 0.9).max(6.0);
        let points = [from, from + vec2(reach, 0.0), to - vec2(reach, 0.0), to];
        ui.painter().add(CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke));
    }
}

/// A pass with its dots; gives the place that was picked in it.
fn block(
    ui: &Ui,
    lab: &BootLab,
    (index, pass): (usize, &PassSheet),
    layout: &Layout,
    origin: Vec2,
    has_keyboard: bool,
) -> Option<Moment> {
    let t = Tokens::of(ui);
    let whole = Moment { pass: index, check: None };
    let rect = layout.blocks.get(index)?.translate(origin);
    let response = ui.interact(rect, ui.scope_id().with(("pass", index)), Sense::CLICK);
    let is_picked = lab.picked == Some(whole);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_picked, pass_spoken(index, pass)));
    let color = color(t, pass.lane);
    let edge = match (is_picked, has_keyboard) {
        (true, true) => Stroke::new(2.5, t.accent),
        (true, false) => Stroke::new(2.0, t.text),
        (false, _) => Stroke::new(if response.hovered() { 1.6 } else { 1.0 }, color),
    };
    // The block lies over the edges that end at it.
    ui.painter().rect_filled(rect, RADIUS_CONTROL, t.background);
    ui.painter().rect(rect, RADIUS_CONTROL, Tokens::tint(color), edge, StrokeKind::Inside);
    let alone = pass.checks.is_empty();
    let at = if alone { rect.left_center() } else { rect.left_top() + vec2(0.0, 13.0) };
    let at = at + vec2(TITLE_INSET, 0.0);
    let words = cut(ui, &label(pass), rect.width() - 2.0 * TITLE_INSET);
    ui.painter().galley(at - vec2(0.0, words.size().y / 2.0), words, t.text);
    let mut picked = response.clicked().then_some(whole);
    response.on_hover_text(pass_spoken(index, pass));
    for (number, check) in pass.checks.iter().enumerate() {
        let moment = Moment { pass: index, check: Some(number) };
        if !lab.shows(moment) {
            break;
        }
        let Some(place) = layout.place(moment) else { continue };
        let place = place.translate(origin);
        let response = ui.interact(place.expand(2.0), ui.scope_id().with(("check", index, number)), Sense::CLICK);
        let is_picked = lab.picked == Some(moment);
        let words = format!("{}: {}, pass {} of {}", check.name, check.answer.word(), index + 1, pass.lane.name());
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_picked, &words));
        let (icon, color) = mark(t, check.answer);
        paint_icon(ui, place.center(), icon, theme::icon_filled(DOT), color);
        if is_picked || response.hovered() {
            let color = if is_picked && has_keyboard { t.accent } else { t.text };
            let width = if is_picked { 2.0 } else { 1.0 };
            ui.painter().circle_stroke(place.center(), DOT / 2.0 + 0.5, Stroke::new(width, color));
        }
        if response.clicked() {
            picked = Some(moment);
        }
        response.on_hover_text(format!("{}: {}", check.name, check.answer.word()));
    }
    picked
}

/// What stands in a pass's block, in few letters. RSS does the same each time, in little room.
fn label(pass: &PassSheet) -> String {
    if pass.lane == Lane::Rss { String::new() } else { pass.title.replace(" the ", " ") }
}

/// One small line, cut where the width ends; the whole is on hover.
fn cut(ui: &Ui, text: &str, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple(text.to_owned(), theme::small(), Tokens::of(ui).text, width.max(1.0));
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    ui.painter().layout_job(job)
}

/// Icon and colour of an answer.
pub(crate) const fn mark(t: &Tokens, answer: Answer) -> (&'static str, Color32) {
    match answer {
        Answer::Passed => (icons::CHECK, t.ok),
        Answer::Failed => (icons::CROSS, t.danger),
    }
}

/// Left and right go from place to place, up and down from pass to pass, Home and End to the ends of what is shown.
fn by_keyboard(ui: &Ui, lab: &BootLab, story: &StorySheet, canvas: &Response) -> Option<Moment> {
    if !canvas.has_focus() {
        return None;
    }
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(canvas.id, filter));
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let now = lab.picked.or_else(|| story.first())?;
    let pass = |pass| Moment { pass, check: None };
    let wanted = if pressed(Key::ArrowRight) {
        story.after(now)
    } else if pressed(Key::ArrowLeft) {
        story.before(now)
    } else if pressed(Key::ArrowDown) {
        Some(pass(now.pass + 1)).filter(|next| next.pass < story.passes.len())
    } else if pressed(Key::ArrowUp) {
        now.pass.checked_sub(usize::from(now.check.is_none())).map(pass)
    } else if pressed(Key::Home) {
        story.first()
    } else if pressed(Key::End) {
        lab.revealed
    } else {
        None
    };
    wanted.filter(|moment| lab.shows(*moment))
}

/// The lanes in a sentence, for screen readers.
fn spoken(lab: &BootLab, story: &StorySheet) -> String {
    let mut text = format!("Boot story of {} passes", story.passes.len());
    if let Some((index, pass)) = lab.picked.and_then(|moment| Some((moment.pass, story.pass(moment)?))) {
        text.push_str(&format!(", at {}", pass_spoken(index, pass)));
    }
    if let Some(check) = lab.picked.and_then(|moment| story.check(moment)) {
        text.push_str(&format!(", {}: {}", check.name, check.answer.word()));
    }
    text
}

/// A pass in a sentence.
fn pass_spoken(index: usize, pass: &PassSheet) -> String {
    let mut text = format!("Pass {}, {}", index + 1, pass.lane.name());
    if !pass.title.is_empty() {
        text.push_str(&format!(": {}", pass.title));
    }
    text.push_str(&format!(", after reset {}, {}", pass.reset, instructions(pass.instructions())));
    let failed = pass.checks.iter().filter(|check| check.answer == Answer::Failed).count();
    match (pass.checks.len(), failed) {
        (0, _) => {}
        (1, 0) => text.push_str(", 1 check ok"),
        (count, 0) => text.push_str(&format!(", {count} checks ok")),
        (count, failed) => text.push_str(&format!(", {failed} of {count} checks failed")),
    }
    text
}

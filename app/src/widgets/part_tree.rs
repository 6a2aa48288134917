//! A file's parts as a tree: colour, name, place and value, a line each; what is wrong with one is marked. A press picks
//! its bytes. Only the lines in sight are laid out.

use std::collections::BTreeSet;

use egui::{Color32, EventFilter, FontId, Key, Modifiers, Rect, Response, RichText, Role, ScrollArea, Sense, Ui};
use egui::{WidgetInfo, pos2, text::LayoutJob, vec2};

use crate::icons;
use crate::model::Tone;
use crate::model::images::{ImagesIntent, PartSheet};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{focus_ring, hairline, muted, paint_icon};
use crate::widgets::hex_view::region_color;

/// Height of a line, points.
const LINE: f32 = 27.0;
/// How far a child stands in.
const INDENT: f32 = 12.0;
/// Width of the column of offsets.
const OFFSETS: f32 = 58.0;

/// Names a part for as long as its file is open: how deep it stands, and its bytes. Its place changes when others come in.
type PartKey = (usize, u64, u64);

const fn key(part: &PartSheet) -> PartKey {
    (part.depth, part.range.start, part.range.end)
}

/// What the tree remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct TreeState {
    /// Of several images, the one that is unfolded.
    image: Option<PartKey>,
    /// Parts that are folded up where they wouldn't be, and the other way round.
    turned: BTreeSet<PartKey>,
    /// The part that was picked in the last frame.
    picked: Option<PartKey>,
    /// How far it was scrolled in the last frame, points; none before its first.
    top: Option<f32>,
}

impl TreeState {
    /// Begins anew with a file: what stands on top is unfolded, what is inside of that is not. Of several images only
    /// one is unfolded.
    pub(crate) fn reset(&mut self, image: Option<&PartSheet>) {
        *self = Self { image: image.map(key), ..Self::default() };
    }

    fn is_folded(&self, part: &PartSheet) -> bool {
        let other_image = part.depth == 0 && self.image.is_some_and(|image| image != key(part));
        (part.depth > 0 || other_image) != self.turned.contains(&key(part))
    }

    fn turn(&mut self, part: &PartSheet) {
        if !self.turned.remove(&key(part)) {
            self.turned.insert(key(part));
        }
    }

    /// Unfolds what a part stands in.
    fn unfold_to(&mut self, parts: &[PartSheet], place: usize) {
        for (index, part) in parts.iter().enumerate().take(place) {
            if index + part.inside >= place && self.is_folded(part) {
                self.turn(part);
            }
        }
    }

    /// The places of the parts that are shown.
    fn shown(&self, parts: &[PartSheet]) -> Vec<usize> {
        let mut shown = Vec::new();
        let mut index = 0;
        while let Some(part) = parts.get(index) {
            shown.push(index);
            index += if self.is_folded(part) { part.inside + 1 } else { 1 };
        }
        shown
    }
}

/// Shows the tree. `marks` gives some parts a word of their own, such as an image's verdict.
pub(crate) fn show(
    ui: &mut Ui,
    parts: &[PartSheet],
    picked: Option<usize>,
    marks: &dyn Fn(usize) -> Option<(Tone, &'static str, String)>,
    state: &mut TreeState,
    intents: &mut Vec<ImagesIntent>,
) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let now = picked.and_then(|place| parts.get(place)).map(key);
    let newly = picked.filter(|_| state.picked != now);
    state.picked = now;
    if let Some(part) = newly {
        state.unfold_to(parts, part);
    }
    let shown = state.shown(parts);
    let mut area = ScrollArea::vertical().id_salt("parts").auto_shrink([false, false]);
    if state.top.is_none() {
        area = area.vertical_scroll_offset(0.0);
    }
    if let Some(line) = newly.and_then(|part| shown.iter().position(|shown| *shown == part)) {
        let room = ui.available_height();
        let at = lines(line);
        let top = state.top.unwrap_or_default();
        if at < top || at + LINE > top + room {
            area = area.vertical_scroll_offset((at - room / 2.0).max(0.0));
        }
    }
    let output = area.show_rows(ui, LINE, shown.len(), |ui, rows| {
        for place in shown.get(rows).unwrap_or_default() {
            let Some(part) = parts.get(*place) else { continue };
            let folded = (part.inside > 0).then(|| state.is_folded(part));
            // Beneath an image of several stand the same parts as on top of a file that is one.
            let top = part.depth == 0 || (part.depth == 1 && state.image.is_some());
            let rank = if top || part.inside > 0 { Rank::Part } else { Rank::Field };
            let line = Line { part, place: *place, rank, folded, picked: picked == Some(*place), mark: marks(*place) };
            line.show(ui, state, intents);
        }
    });
    state.top = Some(output.state.clamped_offset().y);
}

#[expect(clippy::cast_precision_loss, reason = "lines of a tree on a screen")]
const fn lines(count: usize) -> f32 {
    count as f32 * LINE
}

/// What a line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    /// Something with an inside, or a stretch of its own: it has a colour and says where it is.
    Part,
    /// A field: it says its value.
    Field,
}

/// One line.
struct Line<'a> {
    part: &'a PartSheet,
    place: usize,
    rank: Rank,
    /// Whether it is folded up; `None` where there is nothing to fold.
    folded: Option<bool>,
    picked: bool,
    mark: Option<(Tone, &'static str, String)>,
}

impl Line<'_> {
    fn show(&self, ui: &mut Ui, state: &mut TreeState, intents: &mut Vec<ImagesIntent>) {
        let t = Tokens::of(ui);
        let part = self.part;
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::hover());
        let response = ui.interact(rect, ui.scope_id().with(("part", self.place)), Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::TreeItem, true, self.picked, self.spoken()));
        if self.picked || response.hovered() {
            ui.painter().rect_filled(rect, 4, t.raised);
        }
        let middle = rect.center().y;
        let left = rect.left() + INDENT * depth(part);
        let caret = Rect::from_center_size(pos2(left + 7.0, middle), vec2(14.0, LINE));
        if let Some(folded) = self.folded {
            let icon = if folded { icons::RIGHT } else { icons::DOWN };
            paint_icon(ui, caret.center(), icon, theme::icon(10.0), t.muted);
        }
        let color = region_color(t, part.region);
        let mut x = left + 16.0;
        let strong = self.rank == Rank::Part;
        if strong && self.mark.is_none() {
            let square = Rect::from_center_size(pos2(x + 4.0, middle), vec2(8.0, 8.0));
            ui.painter().rect_filled(square, 2, color);
            x += 14.0;
        }
        if part.problem.is_some() {
            paint_icon(ui, pos2(x + 6.0, middle), icons::ALERT, theme::icon_filled(13.0), t.danger);
            x += 16.0;
        }
        if let Some((tone, icon, _)) = &self.mark {
            paint_icon(ui, pos2(x + 6.0, middle), icon, theme::icon_filled(13.0), t.tone(*tone));
            x += 16.0;
        }
        let right = rect.right() - 6.0;
        let font = if strong { theme::strong() } else { theme::body() };
        let offset = format!("0x{:04X}", part.range.start);
        // A part of several says where it is; a field says what it is.
        let place = strong.then_some(offset);
        let name_color = if strong || self.picked { t.text } else { t.muted };
        let values = FontId::monospace(if strong { 11.0 } else { 12.0 });
        let value_color = if strong { t.muted } else { t.text };
        let value = galley(ui, &part.value, values, value_color, (right - x) * 0.6);
        let value_left = right - value.size().x;
        let offsets = if place.is_some() { OFFSETS } else { 0.0 };
        let name = galley(ui, &part.name, font, name_color, (value_left - x - offsets - 8.0).max(24.0));
        let name_right = x + name.size().x;
        put(ui, x, middle, name, name_color);
        if let Some(offset) = place {
            let galley = galley(ui, &offset, FontId::monospace(11.0), t.muted, 80.0);
            let at = (rect.left() + rect.width() * 0.48).max(name_right + 8.0);
            if at + galley.size().x < value_left - 4.0 {
                put(ui, at, middle, galley, t.muted);
            }
        }
        put(ui, value_left, middle, value, value_color);
        hairline(ui, rect.left(), rect.right(), rect.bottom());
        focus_ring(ui, &response);
        if response.gained_focus() {
            response.scroll_to_me(None);
        }
        self.fold(ui, &response, caret, state);
        let on_caret = response.interact_pointer_pos().is_some_and(|at| caret.contains(at)) && self.folded.is_some();
        if response.clicked() && !on_caret {
            intents.push(ImagesIntent::PickPart(self.place));
        }
        response.on_hover_ui(|ui| hover(ui, part, self.mark.as_ref()));
    }

    /// A press on the mark, or the arrow keys left and right, fold it up and open.
    fn fold(&self, ui: &Ui, response: &Response, caret: Rect, state: &mut TreeState) {
        let Some(folded) = self.folded else { return };
        let mut wanted = folded;
        if response.has_focus() {
            let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
            ui.input_mut(|input| {
                wanted |= input.consume_key(Modifiers::NONE, Key::ArrowLeft);
                wanted &= !input.consume_key(Modifiers::NONE, Key::ArrowRight);
            });
        }
        if response.clicked() && response.interact_pointer_pos().is_some_and(|at| caret.contains(at)) {
            wanted = !folded;
        }
        if wanted != folded {
            state.turn(self.part);
            ui.ctx().request_repaint();
        }
    }

    /// The line in a sentence, for screen readers.
    fn spoken(&self) -> String {
        let part = self.part;
        let mut said = format!("{}, offset 0x{:04X}, {}", part.name, part.range.start, bytes(part));
        if !part.value.is_empty() {
            said.push_str(&format!(", {}", part.value));
        }
        if let Some(problem) = &part.problem {
            said.push_str(&format!(", wrong: {problem}"));
        }
        if let Some((_, _, word)) = &self.mark {
            said.push_str(&format!(", {word}"));
        }
        match self.folded {
            Some(true) => said.push_str(", folded up"),
            Some(false) => said.push_str(", unfolded"),
            None => {}
        }
        said
    }
}

/// What a part is, in full.
pub(crate) fn detail(ui: &mut Ui, part: &PartSheet) {
    let t = Tokens::of(ui);
    if let Some(problem) = &part.problem {
        ui.label(RichText::new(crate::text::sentence(problem)).color(t.danger));
    }
    if !part.meaning.is_empty() {
        ui.add(egui::Label::new(crate::text::sentence(&part.meaning)).wrap());
    }
    if !part.source.is_empty() {
        ui.add(egui::Label::new(muted(ui, part.source).font(theme::small())).wrap());
    }
}

fn hover(ui: &mut Ui, part: &PartSheet, mark: Option<&(Tone, &'static str, String)>) {
    ui.set_max_width(360.0);
    ui.label(RichText::new(&part.name).font(theme::strong()));
    ui.label(muted(ui, format!("0x{:04X} · {}", part.range.start, bytes(part))).font(theme::mono()));
    let value = part.whole.as_ref().unwrap_or(&part.value);
    if !value.is_empty() {
        ui.add(egui::Label::new(RichText::new(value).font(theme::mono())).wrap());
    }
    if let Some((tone, _, word)) = mark {
        ui.label(RichText::new(word).color(Tokens::of(ui).tone(*tone)));
    }
    detail(ui, part);
}

fn bytes(part: &PartSheet) -> String {
    match part.range.end.saturating_sub(part.range.start) {
        1 => "1 byte".to_owned(),
        count => format!("{} bytes", crate::text::thousands(count)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful")]
const fn depth(part: &PartSheet) -> f32 {
    part.depth as f32
}

fn put(ui: &Ui, x: f32, middle: f32, galley: std::sync::Arc<egui::Galley>, color: Color32) {
    ui.painter().galley(pos2(x, middle - galley.size().y / 2.0), galley, color);
}

/// One line, cut where the width ends.
fn galley(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> std::sync::Arc<egui::Galley> {
    let mut job = LayoutJob::simple(text.to_owned(), font, color, width.max(1.0));
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    ui.painter().layout_job(job)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::images::Region;

    fn part(depth: usize, inside: usize) -> PartSheet {
        PartSheet {
            depth,
            inside,
            region: Region::Header,
            name: String::new(),
            range: 0..1,
            value: String::new(),
            whole: None,
            meaning: String::new(),
            source: "",
            problem: None,
        }
    }

    #[test]
    fn what_is_folded_up_hides_what_is_inside_and_opens_for_what_is_picked() {
        let mut parts = [part(0, 3), part(1, 1), part(2, 0), part(1, 0), part(0, 1), part(1, 0)];
        for (at, part) in parts.iter_mut().enumerate() {
            part.range = at as u64..10;
        }
        let mut state = TreeState::default();
        assert_eq!(state.shown(&parts), [0, 1, 3, 4, 5]);
        state.unfold_to(&parts, 2);
        assert_eq!(state.shown(&parts), [0, 1, 2, 3, 4, 5]);
        state.reset(Some(&parts[0]));
        assert_eq!(state.shown(&parts), [0, 1, 3, 4]);
        state.turn(&parts[0]);
        assert_eq!(state.shown(&parts), [0, 4]);
        state.unfold_to(&parts, 2);
        assert_eq!(state.shown(&parts), [0, 1, 2, 3, 4]);
        state.unfold_to(&parts, 4);
        assert_eq!(state.shown(&parts), [0, 1, 2, 3, 4], "the part itself may stay folded up");
    }
}

//! Scrolling by rows, counted in 64 bits: a position in points would be too coarse for a large file. Wheel, bar, and
//! keeping a row in sight; what the rows hold is not its business.

use egui::{Rect, Role, Sense, Ui, WidgetInfo, pos2};

use crate::theme::Tokens;

/// Width of the bar, points.
pub(super) const BAR: f32 = 10.0;
/// The thumb is at least this high, so that it can be seen and hit.
const THUMB: f32 = 24.0;

/// Which rows are shown.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Scroll {
    /// The uppermost row.
    pub(crate) first: u64,
    /// What the wheel turned that is no whole row yet, points.
    rest: f32,
}

impl Scroll {
    /// Keeps the rows inside of what there is. `whole` rows are shown in full.
    pub(super) fn clamp(&mut self, rows: u64, whole: u64) {
        self.first = self.first.min(rows.saturating_sub(whole));
    }

    /// Moves by rows, towards the end for positive ones.
    pub(super) const fn by(&mut self, rows: i64) {
        self.first = self.first.saturating_add_signed(rows);
    }

    /// Scrolls as little as puts a row into sight.
    pub(super) const fn keep_in_sight(&mut self, row: u64, whole: u64) {
        if row < self.first {
            self.first = row;
        } else if row >= self.first.saturating_add(whole) {
            self.first = (row + 1).saturating_sub(whole);
        }
    }

    /// Puts a row into sight with what comes before it, unless it is there.
    pub(super) const fn reveal(&mut self, row: u64, whole: u64) {
        let last = self.first.saturating_add(whole);
        if row < self.first || row >= last {
            self.first = row.saturating_sub(whole / 3);
        }
    }

    /// Takes the wheel in.
    pub(super) fn wheel(&mut self, points: f32, row: f32) {
        self.rest -= points;
        let rows = (self.rest / row).trunc();
        self.rest -= rows * row;
        self.by(whole_number(rows));
    }

    /// Shows the bar and takes in what is done with it.
    pub(super) fn bar(&mut self, ui: &Ui, at: Rect, rows: u64, whole: u64) {
        if rows <= whole {
            return;
        }
        let response = ui.interact(at, ui.scope_id().with("scroll-bar"), Sense::CLICK | Sense::DRAG);
        response.widget_info(|| WidgetInfo {
            value: Some(part(self.first, rows - whole) * 100.0),
            ..WidgetInfo::labeled(Role::ScrollBar, true, "Scroll bytes")
        });
        let height = (at.height() * points(part(whole, rows))).max(THUMB).min(at.height());
        let way = (at.height() - height).max(1.0);
        if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
            let share = f64::from((pointer.y - at.top() - height / 2.0) / way).clamp(0.0, 1.0);
            self.first = row_of(share, rows - whole);
        }
        let top = at.top() + way * points(part(self.first, rows - whole));
        let thumb = Rect::from_x_y_ranges(at.left() + 3.0..=at.right() - 1.0, top..=top + height);
        let t = Tokens::of(ui);
        let color = if response.hovered() || response.dragged() { t.muted } else { t.stroke };
        ui.painter().rect_filled(thumb, 3, color);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "whole rows turned by a wheel")]
const fn whole_number(rows: f32) -> i64 {
    rows as i64
}

/// A share of a whole, 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "to place a thumb")]
fn part(some: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { (some as f64 / all as f64).min(1.0) }
}

#[expect(clippy::cast_possible_truncation, reason = "to place a thumb")]
const fn points(share: f64) -> f32 {
    share as f32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of a count of rows is a count of rows; 53 bits are enough for a byte of any file"
)]
fn row_of(share: f64, last: u64) -> u64 {
    ((share * last as f64).round() as u64).min(last)
}

/// Where the bar stands beside the rows.
pub(super) fn bar_place(whole: Rect) -> Rect {
    Rect::from_min_max(pos2(whole.right() - BAR, whole.top()), whole.max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wheel_moves_whole_rows_and_keeps_what_is_left_over() {
        let mut scroll = Scroll { first: 100, rest: 0.0 };
        for _ in 0..4 {
            scroll.wheel(-10.0, 17.0);
        }
        assert_eq!(scroll.first, 102);
        scroll.wheel(1000.0, 17.0);
        scroll.wheel(1000.0, 17.0);
        assert_eq!(scroll.first, 0);
    }

    #[test]
    fn every_row_of_a_large_file_can_be_reached() {
        let rows = 1 << 40;
        assert_eq!(row_of(1.0, rows), rows);
        assert_eq!(row_of(0.5, rows), rows / 2);
        let mut scroll = Scroll { first: u64::MAX, rest: 0.0 };
        scroll.clamp(rows, 30);
        assert_eq!(scroll.first, rows - 30);
        scroll.by(-1);
        assert_eq!(scroll.first, rows - 31);
    }

    #[test]
    fn a_row_comes_into_sight_with_as_little_scrolling_as_does() {
        let mut scroll = Scroll { first: 10, rest: 0.0 };
        scroll.keep_in_sight(15, 10);
        assert_eq!(scroll.first, 10);
        scroll.keep_in_sight(20, 10);
        assert_eq!(scroll.first, 11);
        scroll.keep_in_sight(3, 10);
        assert_eq!(scroll.first, 3);
        scroll.reveal(600, 30);
        assert_eq!(scroll.first, 590);
    }
}

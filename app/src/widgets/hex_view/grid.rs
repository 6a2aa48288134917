//! Where a byte of the hex view stands, and which byte stands at a place.

use std::ops::Range;

use egui::{FontId, Pos2, Rect, Ui, pos2};

use crate::theme;

/// Height of a row, points.
pub(super) const ROW: f32 = 17.0;
/// Bytes a row where there is room; half of them where there isn't.
const WIDE: u8 = 16;
/// Digits of an offset.
pub(super) const DIGITS: u8 = 8;
/// A blank after the offset, between the halves, and before the text.
const AFTER_OFFSET: f32 = 14.0;
const BETWEEN: f32 = 7.0;
const BEFORE_TEXT: f32 = 9.0;

/// The places of one frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// The whole of it, without the bar.
    pub(super) area: Rect,
    /// Bytes a row.
    pub(super) columns: u8,
    /// Width of a character.
    letter: f32,
    /// The uppermost row.
    pub(super) first: u64,
}

/// The font of the bytes.
pub(super) fn font() -> FontId {
    theme::mono()
}

impl Grid {
    pub(super) fn new(ui: &Ui, area: Rect, first: u64) -> Self {
        let text = "0".repeat(64);
        let galley = ui.painter().layout_no_wrap(text, font(), egui::Color32::PLACEHOLDER);
        Self::with_letter(area, galley.size().x / 64.0, first)
    }

    fn with_letter(area: Rect, letter: f32, first: u64) -> Self {
        let wide = Self { area, columns: WIDE, letter, first };
        if wide.width() <= area.width() { wide } else { Self { columns: WIDE / 2, ..wide } }
    }

    /// What all of it needs across.
    fn width(&self) -> f32 {
        self.text_x(self.columns) - self.area.left()
    }

    /// How many rows some bytes need.
    pub(super) const fn rows(&self, bytes: u64) -> u64 {
        bytes.div_ceil(self.columns as u64)
    }

    /// How many rows are shown in full.
    pub(super) fn whole_rows(&self) -> u64 {
        rows_in(self.area.height() / ROW).max(1)
    }

    /// The row of a byte.
    pub(super) const fn row_of(&self, offset: u64) -> u64 {
        offset / self.columns as u64
    }

    /// The top of a row that is shown; the rows before it count as being at the upper edge.
    pub(super) fn top(&self, row: u64) -> f32 {
        self.area.top() + ROW * points(row.saturating_sub(self.first))
    }

    /// Left edge of a byte's digits.
    pub(super) fn x(&self, column: u8) -> f32 {
        let half = if column >= self.columns / 2 { BETWEEN } else { 0.0 };
        self.area.left() + self.letter * (f32::from(DIGITS) + 3.0 * f32::from(column)) + AFTER_OFFSET + half
    }

    /// Left edge of a byte's letter.
    pub(super) fn text_x(&self, column: u8) -> f32 {
        self.x(self.columns) + BEFORE_TEXT + self.letter * f32::from(column)
    }

    /// The rectangle of some columns of a row, from digit to digit. It reaches into the blanks on both sides.
    pub(super) fn digits(&self, row: u64, columns: &Range<u8>) -> Rect {
        let half = self.letter / 2.0;
        let last = columns.end.saturating_sub(1).max(columns.start);
        let top = self.top(row);
        let right = self.x(last) + 2.0 * self.letter + half;
        Rect::from_min_max(pos2(self.x(columns.start) - half, top), pos2(right, top + ROW))
    }

    /// The rectangle of some letters of a row.
    pub(super) fn letters(&self, row: u64, columns: &Range<u8>) -> Rect {
        let top = self.top(row);
        Rect::from_min_max(pos2(self.text_x(columns.start), top), pos2(self.text_x(columns.end), top + ROW))
    }

    /// The byte nearest to a place.
    pub(super) fn nearest(&self, at: Pos2) -> u64 {
        let row = rows_in(((at.y - self.area.top()) / ROW).max(0.0));
        let text = at.x >= self.text_x(0) - BEFORE_TEXT / 2.0;
        let right = |column: u8| if text { self.text_x(column + 1) } else { self.x(column) + 2.5 * self.letter };
        let column = (0..self.columns).find(|column| at.x < right(*column)).unwrap_or(self.columns - 1);
        self.first.saturating_add(row).saturating_mul(u64::from(self.columns)).saturating_add(u64::from(column))
    }

    /// The columns of a row that a range fills.
    pub(super) fn columns_of(&self, row: u64, range: &Range<u64>) -> Option<Range<u8>> {
        let start = row.saturating_mul(u64::from(self.columns));
        let end = start.saturating_add(u64::from(self.columns));
        let (from, to) = (range.start.max(start), range.end.min(end));
        let column = |offset: u64| u8::try_from(offset - start).ok();
        (from < to).then(|| Some(column(from)?..column(to)?)).flatten()
    }
}

#[expect(clippy::cast_precision_loss, reason = "rows on a screen")]
const fn points(rows: u64) -> f32 {
    rows as f32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows on a screen, not negative")]
const fn rows_in(rows: f32) -> u64 {
    rows as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(width: f32) -> Grid {
        Grid::with_letter(Rect::from_min_size(pos2(10.0, 20.0), egui::vec2(width, 340.0)), 7.2, 0x1_0000)
    }

    #[test]
    fn a_byte_is_found_where_it_stands_by_digits_and_by_letter() {
        for (width, columns) in [(600.0, 16), (330.0, 8)] {
            let grid = grid(width);
            assert_eq!(grid.columns, columns);
            for row in 0x1_0000..0x1_0014 {
                for column in 0..columns {
                    let offset = row * u64::from(columns) + u64::from(column);
                    let span = column..column + 1;
                    assert_eq!(grid.nearest(grid.digits(row, &span).center()), offset);
                    assert_eq!(grid.nearest(grid.letters(row, &span).center()), offset);
                    assert_eq!(grid.columns_of(row, &(offset..offset + 1)), Some(span));
                }
            }
        }
    }

    #[test]
    fn a_range_fills_just_its_own_columns_of_each_row() {
        let grid = grid(600.0);
        assert_eq!(grid.columns_of(1, &(12..40)), Some(0..16));
        assert_eq!(grid.columns_of(0, &(12..40)), Some(12..16));
        assert_eq!(grid.columns_of(2, &(12..40)), Some(0..8));
        assert_eq!(grid.columns_of(3, &(12..40)), None);
        assert_eq!(grid.columns_of(0, &(4..4)), None);
    }
}

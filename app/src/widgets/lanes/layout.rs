//! Where the passes of a story stand: one after the other in time, as wide as their instructions but never too narrow to
//! be read. When they don't fit the room, they are as narrow as they may be and the lanes scroll.

use egui::{Rect, Vec2, pos2, vec2};

use crate::model::boot_lab::{Moment, StorySheet};

/// Width of the column of names, points.
pub(super) const LABELS: f32 = 78.0;
/// Height above the first lane, for the names of the resets.
pub(super) const TOP: f32 = 20.0;
/// Height of a lane.
pub(super) const LANE: f32 = 60.0;
/// Height of a block.
pub(super) const BLOCK: f32 = 44.0;
/// Size of a dot.
pub(super) const DOT: f32 = 16.0;
/// From one dot to the next.
const PITCH: f32 = 21.0;
/// What stands at a block's sides.
pub(super) const TITLE_INSET: f32 = 7.0;
/// Width of a block that says nothing.
const NARROWEST: f32 = 15.0;
/// What a title may ask for; a longer one is cut where its block isn't wider anyway.
const LONGEST_TITLE: f32 = 110.0;
/// Between two passes.
const GAP: f32 = 10.0;
/// Between two passes with a reset between them.
const RESET_GAP: f32 = 20.0;

/// The places, from the lanes' left upper corner.
#[derive(Debug)]
pub(super) struct Layout {
    /// All of it.
    pub size: Vec2,
    /// One block a pass.
    pub blocks: Vec<Rect>,
    /// The dots of each pass.
    dots: Vec<Vec<Rect>>,
    /// Where each reset lies.
    pub resets: Vec<f32>,
    lanes: usize,
}

impl Layout {
    /// Lays a story out. `titles` are the widths of the passes' titles, `room` is what is there.
    pub(super) fn of(story: &StorySheet, titles: &[f32], room: f32) -> Self {
        let least: Vec<f32> = story
            .passes
            .iter()
            .zip(titles)
            .map(|(pass, title)| {
                let title = if *title > 0.0 { title.min(LONGEST_TITLE) + 2.0 * TITLE_INSET } else { NARROWEST };
                let dots = as_points(pass.checks.len()) * PITCH + TITLE_INSET;
                if pass.checks.is_empty() { title } else { title.max(dots) }
            })
            .collect();
        let gaps: Vec<f32> = (0..story.passes.len())
            .map(|index| {
                match (index.checked_sub(1).and_then(|before| story.passes.get(before)), story.passes.get(index)) {
                    (Some(before), Some(pass)) if before.reset != pass.reset => RESET_GAP,
                    (Some(_), _) => GAP,
                    (None, _) => GAP / 2.0,
                }
            })
            .collect();
        let lengths: Vec<u64> = story.passes.iter().map(super::PassSheet::instructions).collect();
        let free = room - gaps.iter().sum::<f32>() - GAP;
        let widths = spread(&least, &lengths, free);
        let mut left = 0.0;
        let (mut blocks, mut dots, mut resets) = (Vec::new(), Vec::new(), Vec::new());
        for (((pass, width), gap), index) in story.passes.iter().zip(&widths).zip(&gaps).zip(0_usize..) {
            left += gap;
            let row = story.lanes.iter().position(|lane| *lane == pass.lane).unwrap_or(0);
            let top = TOP + as_points(row) * LANE + (LANE - BLOCK) / 2.0;
            let block = Rect::from_min_size(pos2(left, top), vec2(*width, BLOCK));
            let first = block.left() + TITLE_INSET + DOT / 2.0;
            let dot = |number: usize| {
                Rect::from_center_size(
                    pos2(first + as_points(number) * PITCH, block.bottom() - DOT / 2.0 - 5.0),
                    Vec2::splat(DOT),
                )
            };
            if index == 0 || *gap > GAP {
                resets.push(left - gap / 2.0);
            }
            dots.push((0..pass.checks.len()).map(dot).collect());
            blocks.push(block);
            left += width;
        }
        let lanes = story.lanes.len();
        let size = vec2((left + GAP).max(room), TOP + as_points(lanes) * LANE);
        Self { size, blocks, dots, resets, lanes }
    }

    /// The band of a lane.
    pub(super) fn band(&self, row: usize) -> Rect {
        let top = TOP + as_points(row.min(self.lanes)) * LANE;
        Rect::from_x_y_ranges(0.0..=self.size.x, top..=top + LANE)
    }

    /// Where a moment stands.
    pub(super) fn place(&self, moment: Moment) -> Option<Rect> {
        match moment.check {
            None => self.blocks.get(moment.pass).copied(),
            Some(check) => self.dots.get(moment.pass)?.get(check).copied(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of what a person can see")]
const fn as_points(count: usize) -> f32 {
    count as f32
}

/// Widths in the proportion of the lengths, none below what it has at least, all together as much as there is room; where
/// there is less than that, what each has at least.
fn spread(least: &[f32], lengths: &[u64], room: f32) -> Vec<f32> {
    let sum = |scale: f32| -> f32 { widths(least, lengths, scale).iter().sum() };
    if sum(0.0) >= room {
        return least.to_vec();
    }
    let (mut low, mut high) = (0.0_f32, 1.0_f32);
    if sum(high) < room {
        return widths(least, lengths, high);
    }
    for _ in 0..48 {
        let middle = (low + high) / 2.0;
        if sum(middle) < room { low = middle } else { high = middle }
    }
    widths(least, lengths, low)
}

/// Widths at a scale, in points an instruction.
#[expect(clippy::cast_precision_loss, reason = "widths on a screen")]
fn widths(least: &[f32], lengths: &[u64], scale: f32) -> Vec<f32> {
    least.iter().zip(lengths).map(|(least, length)| least.max(*length as f32 * scale)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example_story::refused_update;

    fn layout(room: f32) -> Layout {
        let story = refused_update();
        Layout::of(&story, &vec![40.0; story.passes.len()], room)
    }

    #[test]
    fn passes_fill_the_room_in_the_proportion_of_their_instructions() {
        let layout = layout(936.0);
        let [stirot, loader] = [layout.blocks[1].width(), layout.blocks[2].width()];
        // 1.91 million instructions and 4 million.
        assert!((loader / stirot - 4.0 / 1.91).abs() < 0.05, "{stirot} {loader}");
        assert!((layout.size.x - 936.0).abs() < 1.0, "{:?}", layout.size);
        assert!(layout.blocks.windows(2).all(|pair| pair[0].right() < pair[1].left()), "in the order of time");
    }

    #[test]
    fn a_short_pass_stays_wide_enough_for_its_dots_and_a_narrow_room_scrolls() {
        let layout = layout(300.0);
        assert!(layout.size.x > 300.0);
        for (block, dots) in layout.blocks.iter().zip(&layout.dots) {
            assert!(dots.iter().all(|dot| block.contains_rect(*dot)), "{block:?} {dots:?}");
        }
    }

    #[test]
    fn every_reset_lies_between_the_passes_that_it_parts() {
        let layout = layout(936.0);
        assert_eq!(layout.resets.len(), 3);
        assert!(layout.blocks[2].right() < layout.resets[1] && layout.resets[1] < layout.blocks[3].left());
    }
}

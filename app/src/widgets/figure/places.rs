//! Where the blocks of the figure stand, and which ways its arrows take: the chip at the left, external memories at the
//! right, the cipher between them. Arrows that meet a block's side share it evenly, in the order of where they come from.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

use crate::model::boot_stages::{ArrowSheet, BlockId, FigureSheet};

/// Narrower than this the figure scrolls, points.
const NARROWEST: f32 = 860.0;
/// What it grows to.
const WIDEST: f32 = 1120.0;
/// Height of a row of code.
const ROW: f32 = 62.0;
/// From one row of code to the next.
const PITCH: f32 = 84.0;
/// Above the first row, inside of a frame.
const TOP: f32 = 24.0;
/// Height of a slot.
const SLOT: f32 = 57.0;
/// Between two slots.
const SLOT_GAP: f32 = 6.0;
/// Inside of a frame.
const PAD: f32 = 10.0;
/// Width of the cipher.
const CIPHER: f32 = 22.0;

/// The way of an arrow.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// A curve by its four points, and how far along its number stands, 0 to 1.
    Curve([Pos2; 4], f32),
    /// Around what is in the way.
    Corners(Vec<Pos2>),
}

impl Way {
    pub(super) fn translate(self, by: Vec2) -> Self {
        match self {
            Self::Curve(points, number) => Self::Curve(points.map(|point| point + by), number),
            Self::Corners(points) => Self::Corners(points.into_iter().map(|point| point + by).collect()),
        }
    }

    /// Where the number stands: near the beginning, where the ways are apart.
    pub(super) fn badge(&self) -> Pos2 {
        match self {
            Self::Curve([a, b, c, d], t) => {
                let (t, u) = (*t, 1.0 - t);
                let mix = |p: fn(&Pos2) -> f32| {
                    u * u * u * p(a) + 3.0 * u * u * t * p(b) + 3.0 * u * t * t * p(c) + t * t * t * p(d)
                };
                pos2(mix(|p| p.x), mix(|p| p.y))
            }
            Self::Corners(points) => match points.as_slice() {
                [_, from, to, ..] => *from + (*to - *from) * 0.3,
                [from, to] => *from + (*to - *from) * 0.5,
                [only] => *only,
                [] => Pos2::ZERO,
            },
        }
    }
}

/// The places, from the figure's left upper corner.
#[derive(Debug)]
pub(super) struct Places {
    /// All of it.
    pub size: Vec2,
    /// The memories, with their names.
    pub frames: Vec<(&'static str, Rect)>,
    blocks: Vec<(BlockId, Rect)>,
}

/// A side of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Top,
    Bottom,
}

impl Places {
    pub(super) fn of(figure: &FigureSheet, room: f32) -> Self {
        let has = |id: BlockId| figure.blocks.iter().any(|block| block.id == id);
        let width = room.clamp(NARROWEST, WIDEST);
        // Five columns: system flash, user flash, internal RAM, cipher, external memory.
        let unit = (width - 2.0 * PAD - CIPHER) / 100.0;
        let (system, user, ram, external) = (16.5 * unit, 16.0 * unit, 19.0 * unit, 25.0 * unit);
        let gap = (100.0 * unit - system - user - ram - external) / 4.0;
        let user_left = PAD + system + gap * 0.75;
        let ram_left = user_left + user + gap * 0.75;
        let cipher_left = ram_left + ram + PAD + gap * 1.25;
        let external_left = width - external - PAD;

        let mut blocks = Vec::new();
        let row = |index: u8| TOP + 16.0 + f32::from(index) * PITCH;
        let mut put = |id, left: f32, top: f32, size: Vec2| {
            if has(id) {
                blocks.push((id, Rect::from_min_size(pos2(left, top), size)));
            }
        };
        put(BlockId::Rss, PAD, row(0), vec2(system, ROW));
        put(BlockId::Stirot, PAD, row(1), vec2(system, ROW));
        put(BlockId::Iloader, user_left, row(0), vec2(user, ROW));
        put(BlockId::Started, ram_left, row(1), vec2(ram, ROW));
        put(BlockId::ApplicationInRam, ram_left, row(2), vec2(ram, ROW));
        let mut top = TOP;
        let installed = [BlockId::ApplicationInstallation, BlockId::Installation];
        let mut ciphered = TOP;
        for id in installed.into_iter().chain([BlockId::ApplicationDownload, BlockId::Download]) {
            if has(id) {
                put(id, external_left, top, vec2(external, SLOT));
                top += SLOT + SLOT_GAP;
                if installed.contains(&id) {
                    ciphered = top - SLOT_GAP;
                }
            }
        }
        put(BlockId::Cipher, cipher_left, TOP, vec2(CIPHER, ciphered - TOP));
        let flash_bottom = top - SLOT_GAP + PAD;
        let in_ram = has(BlockId::ApplicationInRam);
        let chip_bottom = row(if in_ram { 2 } else { 1 }) + ROW + PAD + 14.0;
        let mut frames = vec![
            ("STM32H7S78", Rect::from_min_max(Pos2::ZERO, pos2(ram_left + ram + PAD, chip_bottom))),
            ("External flash, XSPI1", Rect::from_min_max(pos2(external_left - PAD, 0.0), pos2(width, flash_bottom))),
        ];
        let mut bottom = chip_bottom.max(flash_bottom);
        if has(BlockId::ExternalRam) {
            let frame_top = flash_bottom + 8.0;
            put(BlockId::ExternalRam, external_left, frame_top + TOP, vec2(external, ROW));
            bottom = bottom.max(frame_top + TOP + ROW + PAD);
            frames.push((
                "External RAM, XSPI2",
                Rect::from_min_max(pos2(external_left - PAD, frame_top), pos2(width, frame_top + TOP + ROW + PAD)),
            ));
        }
        Self { size: vec2(width, bottom + 2.0), frames, blocks }
    }

    pub(super) fn block(&self, id: BlockId) -> Option<Rect> {
        self.blocks.iter().find(|(other, _)| *other == id).map(|(_, rect)| *rect)
    }

    /// The ways of arrows, those left out whose ends aren't there.
    pub(super) fn ways<'a>(&self, arrows: &'a [ArrowSheet]) -> Vec<(&'a ArrowSheet, Way)> {
        let ends: Vec<(&ArrowSheet, Rect, Rect)> =
            arrows.iter().filter_map(|arrow| Some((arrow, self.block(arrow.from)?, self.block(arrow.to)?))).collect();
        // Which side of which block each end meets, and the height from which its other end comes.
        let mut meetings: Vec<(BlockId, Side, f32, usize, bool)> = Vec::new();
        for (index, (arrow, from, to)) in ends.iter().enumerate() {
            let (out, into) = self.sides(*from, *to);
            let number = f32::from(arrow.number) / 100.0;
            meetings.push((arrow.from, out, order(out, *to) + number, index, true));
            meetings.push((arrow.to, into, order(into, *from) + number, index, false));
        }
        let anchor = |id: BlockId, side: Side, index: usize, is_out: bool, rect: Rect| {
            let mut mates: Vec<_> = meetings.iter().filter(|(other, at, ..)| *other == id && *at == side).collect();
            mates.sort_by(|one, other| one.2.total_cmp(&other.2));
            let place = mates.iter().position(|mate| mate.3 == index && mate.4 == is_out).unwrap_or(0);
            on_side(rect, side, as_points(place + 1) / as_points(mates.len() + 1))
        };
        ends.iter()
            .enumerate()
            .map(|(index, (arrow, from, to))| {
                let (out, into) = self.sides(*from, *to);
                let start = anchor(arrow.from, out, index, true, *from);
                let end = anchor(arrow.to, into, index, false, *to);
                let way = if arrow.to == BlockId::Cipher {
                    self.around(*from, *to)
                } else {
                    let ends =
                        [(start, self.reach(arrow.from, arrow.to), out), (end, self.reach(arrow.to, arrow.from), into)];
                    // Ways between the same two blocks lie close: their numbers stand one behind the other.
                    let twins = ends_before(arrows, arrow);
                    curve(ends, 0.36 + 0.17 * as_points(twins))
                };
                (*arrow, way)
            })
            .collect()
    }

    /// The sides by which an arrow goes out and in.
    fn sides(&self, from: Rect, to: Rect) -> (Side, Side) {
        let outside = self.block(BlockId::Cipher).is_some_and(|cipher| from.left() > cipher.right());
        if to.left() > from.right() {
            (Side::Right, Side::Left)
        } else if to.right() < from.left() {
            (Side::Left, Side::Right)
        } else if outside {
            // Within the external memory by way of the cipher.
            (Side::Left, Side::Left)
        } else if to.top() > from.bottom() {
            (Side::Bottom, Side::Top)
        } else {
            (Side::Top, Side::Bottom)
        }
    }

    /// How far a curve goes straight at one of its ends: behind the cipher at a slot that is written and read through it.
    fn reach(&self, at: BlockId, other: BlockId) -> Option<f32> {
        let installed = |id| matches!(id, BlockId::Installation | BlockId::ApplicationInstallation);
        let sent = |id| matches!(id, BlockId::ApplicationDownload | BlockId::Download);
        let cipher = self.block(BlockId::Cipher)?;
        let distance = self.block(at)?.left() - cipher.center().x;
        match (installed(at), sent(at)) {
            // A loop reaches three quarters of its handles.
            (true, _) if sent(other) => Some(distance / 0.75),
            (_, true) if installed(other) => Some(distance / 0.75),
            (true, _) => Some(distance + 35.0),
            _ => None,
        }
    }

    /// To the cipher, below everything that lies in the way.
    fn around(&self, from: Rect, to: Rect) -> Way {
        let between = |rect: &Rect| rect.left() < to.right() && rect.right() > from.center().x;
        let below = self.blocks.iter().map(|(_, rect)| rect).filter(|rect| between(rect)).map(|rect| rect.bottom());
        let y = below.fold(from.bottom(), f32::max) + 11.0;
        let x = to.center().x;
        let start = pos2(from.center().x, from.bottom());
        Way::Corners(vec![start, pos2(start.x, y), pos2(x, y), pos2(x, to.bottom())])
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of arrows")]
const fn as_points(count: usize) -> f32 {
    count as f32
}

/// How many arrows before this one join the same two blocks.
fn ends_before(arrows: &[ArrowSheet], arrow: &ArrowSheet) -> usize {
    let same = |other: &&ArrowSheet| {
        other.number < arrow.number
            && ((other.from, other.to) == (arrow.from, arrow.to) || (other.to, other.from) == (arrow.from, arrow.to))
    };
    arrows.iter().filter(same).count()
}

/// What decides the order of the arrows on a side.
fn order(side: Side, other: Rect) -> f32 {
    match side {
        Side::Left | Side::Right => other.center().y,
        Side::Top | Side::Bottom => other.center().x,
    }
}

fn on_side(rect: Rect, side: Side, part: f32) -> Pos2 {
    let x = rect.left() + rect.width() * part;
    let y = rect.top() + rect.height() * part;
    match side {
        Side::Left => pos2(rect.left(), y),
        Side::Right => pos2(rect.right(), y),
        Side::Top => pos2(x, rect.top()),
        Side::Bottom => pos2(x, rect.bottom()),
    }
}

/// An end of a curve: where it is, how far it goes straight there if that is given, and on which side.
type End = (Pos2, Option<f32>, Side);

fn curve([(start, first, out), (end, last, into)]: [End; 2], number: f32) -> Way {
    let reach = ((end - start).length() * 0.4).clamp(12.0, 90.0);
    let away = |side, reach: f32| match side {
        Side::Left => vec2(-reach, 0.0),
        Side::Right => vec2(reach, 0.0),
        Side::Top => vec2(0.0, -reach),
        Side::Bottom => vec2(0.0, reach),
    };
    // The end that is free gives way to the one that has to go straight.
    let short = if first.is_some() || last.is_some() { reach * 0.4 } else { reach };
    let (first, last) = (first.unwrap_or(short), last.unwrap_or(short));
    Way::Curve([start, start + away(out, first), end + away(into, last), end], number)
}

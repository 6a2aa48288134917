//! The hex view by keyboard: arrows, pages, begin and end, each with Shift to extend what is selected; Ctrl+A, Ctrl+C.

use egui::{Event, EventFilter, Key, Modifiers, Response, Ui};

use crate::model::images::{Bytes, ImagesIntent};

/// How far a key goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    /// Bytes a row.
    pub(super) row: u64,
    /// Bytes a page.
    pub(super) page: u64,
    /// Bytes in all.
    pub(super) len: u64,
}

/// Takes in what was pressed; gives the new selection, when it changed.
pub(super) fn take(
    ui: &Ui,
    response: &Response,
    selected: Option<Bytes>,
    steps: Steps,
    intents: &mut Vec<ImagesIntent>,
) -> Option<Bytes> {
    if !response.has_focus() || steps.len == 0 {
        return None;
    }
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let mut now = selected;
    ui.input_mut(|input| {
        for event in &input.events {
            match event {
                Event::Copy => intents.push(ImagesIntent::CopyHex),
                Event::Key { key: Key::C, pressed: true, modifiers, .. }
                    if modifiers.matches_exact(Modifiers::COMMAND | Modifiers::SHIFT) =>
                {
                    intents.push(ImagesIntent::CopyAsText);
                }
                Event::Key { key: Key::A, pressed: true, modifiers, .. } if modifiers.command_only() => {
                    now = Some(Bytes { anchor: steps.len - 1, cursor: 0 });
                }
                Event::Key { key, pressed: true, modifiers, .. } => {
                    if let Some(moved) = moved(now, *key, *modifiers, steps) {
                        now = Some(moved);
                    }
                }
                _ => {}
            }
        }
        input.events.retain(|event| !is_ours(event));
    });
    now.filter(|_| now != selected)
}

/// Whether an event was for the bytes, so that nothing else takes it.
const fn is_ours(event: &Event) -> bool {
    matches!(event, Event::Copy) || matches!(event, Event::Key { key, .. } if is_ours_key(*key))
}

/// Where the cursor goes.
fn moved(selected: Option<Bytes>, key: Key, modifiers: Modifiers, steps: Steps) -> Option<Bytes> {
    let at = selected.map_or(0, |bytes| bytes.cursor);
    let row = at - at % steps.row.max(1);
    let last = steps.len - 1;
    // With nothing selected, the first press only puts the cursor on the first byte.
    let cursor = match key {
        _ if selected.is_none() && is_ours_key(key) => 0,
        Key::ArrowLeft => at.saturating_sub(1),
        Key::ArrowRight => at.saturating_add(1),
        Key::ArrowUp => at.checked_sub(steps.row).unwrap_or(at),
        Key::ArrowDown if at.saturating_add(steps.row) > last => at,
        Key::ArrowDown => at.saturating_add(steps.row),
        Key::PageUp => at.checked_sub(steps.page).unwrap_or(at % steps.row.max(1)),
        Key::PageDown => at.saturating_add(steps.page),
        Key::Home if modifiers.command => 0,
        Key::End if modifiers.command => last,
        Key::Home => row,
        Key::End => row.saturating_add(steps.row - 1),
        _ => return None,
    };
    let cursor = cursor.min(last);
    Some(match selected {
        Some(bytes) if modifiers.shift => Bytes { anchor: bytes.anchor, cursor },
        _ => Bytes::at(cursor),
    })
}

const fn is_ours_key(key: Key) -> bool {
    matches!(
        key,
        Key::ArrowLeft
            | Key::ArrowRight
            | Key::ArrowUp
            | Key::ArrowDown
            | Key::PageUp
            | Key::PageDown
            | Key::Home
            | Key::End
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: Steps = Steps { row: 16, page: 480, len: 1000 };

    #[test]
    fn keys_move_the_cursor_within_the_bytes() {
        let go = |from, key, modifiers| moved(Some(Bytes::at(from)), key, modifiers, STEPS).map(|bytes| bytes.cursor);
        assert_eq!(go(0, Key::ArrowLeft, Modifiers::NONE), Some(0));
        assert_eq!(go(999, Key::ArrowRight, Modifiers::NONE), Some(999));
        assert_eq!(go(5, Key::ArrowUp, Modifiers::NONE), Some(5));
        assert_eq!(go(990, Key::ArrowDown, Modifiers::NONE), Some(990));
        assert_eq!(go(30, Key::PageUp, Modifiers::NONE), Some(14));
        assert_eq!(go(900, Key::PageDown, Modifiers::NONE), Some(999));
        assert_eq!(go(37, Key::Home, Modifiers::NONE), Some(32));
        assert_eq!(go(37, Key::End, Modifiers::NONE), Some(47));
        assert_eq!(go(37, Key::Home, Modifiers::COMMAND), Some(0));
        assert_eq!(go(37, Key::End, Modifiers::COMMAND), Some(999));
        assert_eq!(go(37, Key::Q, Modifiers::NONE), None);
    }

    #[test]
    fn shift_keeps_where_the_selection_began() {
        let first = moved(None, Key::ArrowDown, Modifiers::NONE, STEPS).unwrap();
        assert_eq!(first, Bytes::at(0));
        let extended = moved(Some(Bytes::at(4)), Key::ArrowDown, Modifiers::SHIFT, STEPS).unwrap();
        assert_eq!(extended, Bytes { anchor: 4, cursor: 20 });
    }
}

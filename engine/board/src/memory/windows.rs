//! Pages of external memory as the bus reads them now, deciphered: held behind the memories in the same arena, so that
//! code runs from them and loads reach them as fast as in RAM. They are copies: whoever changes what a window shows,
//! be it a register or a cell, makes another [`WindowState`] of it, and the board drops the window's pages.

use chip::memory_map::{Region, XSPI1_WINDOW, XSPI2_WINDOW};

use super::{FIRST_WINDOW_FRAME, Memory, PAGE_BYTES, PAGE_SIZE, WINDOW_FRAMES, empty_entry, in_page, table_entry};
use crate::BusError;

/// The windows by the number of their interface, from 0.
const WINDOWS: [Region; 2] = [XSPI1_WINDOW, XSPI2_WINDOW];

/// What a window shows depends on registers and on the chip behind it; both count their changes and never go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WindowState {
    /// Writes to registers on the way.
    pub(crate) registers: u64,
    /// Changes of the chip behind it.
    pub(crate) chip: u64,
}

/// What is held.
pub(super) struct Windows {
    /// Address page (number + 1) that each frame holds; 0 for none.
    held: Box<[u32; WINDOW_FRAMES]>,
    /// Whether any frame holds a page.
    any: bool,
    /// The states that the pages were read in.
    states: [WindowState; 2],
}

impl Windows {
    pub(super) fn new() -> Self {
        Self { held: super::boxed(), any: false, states: [WindowState::default(); 2] }
    }
}

/// Which place an address page has: pages that follow each other never share one, nor do the beginnings of the windows.
const fn place(page: u32) -> usize {
    (page ^ (page >> 8).wrapping_mul(37) ^ (page >> 16).wrapping_mul(64)) as usize % WINDOW_FRAMES
}

impl Memory {
    /// The frame that holds the page of an address, if one does.
    pub(super) fn held_frame(&self, address: u32) -> Option<u16> {
        let page = address / PAGE_SIZE;
        let place = place(page);
        (self.windows.held.get(place) == Some(&(page + 1))).then_some(FIRST_WINDOW_FRAME + place as u16)
    }

    /// Whether any page is held: only then a change matters.
    pub(crate) const fn holds_windows(&self) -> bool {
        self.windows.any
    }

    /// Drops a window's pages if they were read in another state.
    pub(crate) fn sync_window(&mut self, interface: usize, state: WindowState) {
        let (Some(seen), Some(window)) = (self.windows.states.get_mut(interface), WINDOWS.get(interface)) else {
            return;
        };
        if *seen == state {
            return;
        }
        *seen = state;
        if !self.windows.any {
            return;
        }
        let mut left = false;
        for place in 0..WINDOW_FRAMES {
            let held = self.windows.held.get(place).copied().unwrap_or(0);
            if held != 0 && window.contains((held - 1) * PAGE_SIZE) {
                self.release(place);
            } else {
                left |= held != 0;
            }
        }
        self.windows.any = left;
    }

    /// Has the page of an address held: `fill` gives what it reads, or refuses. `true` when it is held now.
    pub(crate) fn hold(&mut self, address: u32, fill: impl FnOnce(&mut [u8]) -> bool) -> bool {
        if self.held_frame(address).is_some() {
            return true;
        }
        let page = address / PAGE_SIZE;
        let place = place(page);
        self.release(place);
        let start = (usize::from(FIRST_WINDOW_FRAME) + place) * PAGE_BYTES;
        let Some(cells) = self.arena.get_mut(start..start + PAGE_BYTES) else { return false };
        if !fill(cells) {
            return false;
        }
        if let Some(held) = self.windows.held.get_mut(place) {
            *held = page + 1;
            self.windows.any = true;
        }
        true
    }

    /// A store that a window's chip has taken, byte for byte: what is held of it follows. `states` are the window's before
    /// and after it.
    pub(crate) fn note_window_store(&mut self, interface: usize, states: [WindowState; 2], address: u32, data: &[u8]) {
        let [before, after] = states;
        match self.windows.states.get_mut(interface) {
            Some(seen) if *seen == before => *seen = after,
            // What is held is dropped before anyone looks.
            _ => return,
        }
        let mut address = address;
        let mut data = data;
        while !data.is_empty() {
            let start = in_page(address);
            let Some((now, later)) = data.split_at_checked(data.len().min(PAGE_BYTES - start)) else { return };
            if let Some(frame) = self.held_frame(address) {
                let offset = usize::from(frame) * PAGE_BYTES + start;
                if let Some(cells) = self.arena.get_mut(offset..offset + now.len()) {
                    cells.copy_from_slice(now);
                }
                self.forget_code(frame, start, start + now.len());
            }
            address = address.wrapping_add(now.len() as u32);
            data = later;
        }
    }

    /// Bytes of a page that is held. The span must not leave the page.
    ///
    /// # Errors
    /// [`BusError`] when the page isn't held.
    pub(crate) fn read_held(&self, address: u32, out: &mut [u8]) -> Result<(), BusError> {
        let frame = self.held_frame(address).ok_or(BusError)?;
        let offset = usize::from(frame) * PAGE_BYTES + in_page(address);
        out.copy_from_slice(self.arena.get(offset..offset + out.len()).ok_or(BusError)?);
        Ok(())
    }

    /// Lets loads from a page that is held take the fast path.
    pub(crate) fn map_held(&mut self, address: u32) {
        let page = (address / PAGE_SIZE) as usize;
        if let (Some(frame), Some(entry)) = (self.held_frame(address), self.read_table.get_mut(page)) {
            *entry = table_entry(frame, page);
        }
    }

    /// Closes the fast path to every page that is held.
    pub(super) fn unmap_held(&mut self) {
        if self.windows.any {
            for held in self.windows.held.iter().filter(|held| **held != 0) {
                let page = (held - 1) as usize;
                if let Some(entry) = self.read_table.get_mut(page) {
                    *entry = empty_entry(page);
                }
            }
        }
    }

    /// Lets go of what a place holds.
    fn release(&mut self, place: usize) {
        let Some(held) = self.windows.held.get_mut(place).map(std::mem::take) else { return };
        let Some(page) = held.checked_sub(1).map(|page| page as usize) else { return };
        if let Some(entry) = self.read_table.get_mut(page) {
            *entry = empty_entry(page);
        }
        let frame = FIRST_WINDOW_FRAME + place as u16;
        if self.executing == Some(frame) {
            // The core still holds its code, and leaves it after this instruction; it comes back to nothing.
            self.executing = None;
            self.stale = None;
        }
        if let Some(frame) = self.frames.get_mut(usize::from(frame)) {
            frame.code = None;
            frame.has_code = false;
        }
    }
}

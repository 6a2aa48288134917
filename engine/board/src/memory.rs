//! All memories that answer without side effects, in one arena: TCMs, SRAMs, backup SRAM, user flash, OTP and UID,
//! system flash; behind them what is held of external memory (`windows`). 4 KiB page tables make the core's accesses
//! fast; decoded code hangs on the page it was read from. It is not the bus: peripherals, external memory itself and the
//! rules of flash programming live elsewhere.

mod windows;

use chip::memory_map as map;
use chip::memory_map::Region;
use chip::option_bytes::obw2;

use crate::BusError;
use crate::cpu::page::CodePage;
pub(crate) use windows::WindowState;
use windows::Windows;

/// Bytes in a page of the tables.
pub(crate) const PAGE_SIZE: u32 = 4096;
const PAGE_BYTES: usize = PAGE_SIZE as usize;
/// Pages in the address space.
const PAGES: usize = 1 << 20;

/// What sort of cells a page has: it decides who may store to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cells {
    /// Ordinary memory.
    Ram,
    /// User flash or OTP: stores go to the flash controller.
    Flash,
    /// System flash, and what is held of external memory: nobody stores.
    System,
}

/// A page of the arena.
struct Frame {
    cells: Cells,
    /// Decoded instructions; absent while the core runs them (`Memory::executing`).
    code: Option<Box<CodePage>>,
    has_code: bool,
}

/// The page at 0x08FF_F000: OTP, UID, package data.
const OTP_PAGE: Region = Region::new(map::OTP.start, PAGE_SIZE);

/// The arena: address, size, sort. TCMs at their largest; the tables hide what isn't lent.
const BANKS: [(Region, Cells); 8] = [
    (Region::new(map::ITCM.start, map::TCM_MAX_SIZE), Cells::Ram),
    (Region::new(map::DTCM.start, map::TCM_MAX_SIZE), Cells::Ram),
    (map::AXI_SRAM, Cells::Ram),
    (Region::new(map::AHB_SRAM1.start, map::AHB_SRAM1.size + map::AHB_SRAM2.size), Cells::Ram),
    (map::BACKUP_SRAM, Cells::Ram),
    (map::USER_FLASH, Cells::Flash),
    (OTP_PAGE, Cells::Flash),
    (map::SYSTEM_FLASH, Cells::System),
];

const fn arena_size() -> usize {
    let mut size = 0;
    let mut i = 0;
    while i < BANKS.len() {
        #[expect(clippy::indexing_slicing, reason = "constant evaluation, bounded by the loop")]
        let bank = BANKS[i];
        size += bank.0.size as usize;
        i += 1;
    }
    size
}

/// Bytes of the memories; what is held of external memory follows.
const MEMORY_BYTES: usize = arena_size();
const FIRST_WINDOW_FRAME: u16 = (MEMORY_BYTES / PAGE_BYTES) as u16;
/// Pages of external memory that can be held at a time: 1 MiB.
const WINDOW_FRAMES: usize = 256;
const ARENA_BYTES: usize = MEMORY_BYTES + WINDOW_FRAMES * PAGE_BYTES;

type Arena = [u8; ARENA_BYTES];
type PageTable = [u32; PAGES];

/// All directly readable memories of the chip.
pub struct Memory {
    arena: Box<Arena>,
    frames: Vec<Frame>,
    /// Address page → frame + 1; 0 where there is no memory.
    lookup: Box<[u16; PAGES]>,
    /// Address page → what to add to an address to get its arena offset, for loads that need no further check. An
    /// empty entry leads out of the arena: take the slow path.
    read_table: Box<PageTable>,
    /// The same for stores; never set for pages with decoded code.
    write_table: Box<PageTable>,
    /// Address pages that have an entry in either table.
    mapped: Vec<u32>,
    /// The frame whose decoded code the core holds right now.
    executing: Option<u16>,
    /// Bytes of the executing frame (offsets) whose decoded form is stale.
    stale: Option<(u16, u16)>,
    windows: Windows,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("bytes", &ARENA_BYTES).finish_non_exhaustive()
    }
}

#[expect(clippy::expect_used, reason = "the vector has the array's length by construction")]
fn boxed<T: Clone + Default, const N: usize>() -> Box<[T; N]> {
    vec![T::default(); N].try_into().ok().expect("length is N")
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Memory {
    /// Memories full of zeros, both TCM shares at 64 KiB.
    #[must_use]
    pub fn new() -> Self {
        let mut frames = Vec::with_capacity(ARENA_BYTES / PAGE_BYTES);
        for (region, cells) in BANKS {
            for _ in 0..region.size / PAGE_SIZE {
                frames.push(Frame { cells, code: None, has_code: false });
            }
        }
        frames.resize_with(ARENA_BYTES / PAGE_BYTES, || Frame { cells: Cells::System, code: None, has_code: false });
        let mut memory = Self {
            arena: boxed(),
            frames,
            lookup: boxed(),
            read_table: boxed(),
            write_table: boxed(),
            mapped: Vec::new(),
            executing: None,
            stale: None,
            windows: Windows::new(),
        };
        memory.empty_tables();
        memory.apply_option_bytes(0);
        memory
    }

    /// The same bytes in the same layout, as memories of their own. What was decoded from them isn't taken along, nor
    /// what is held of external memory.
    pub(crate) fn fork(&self) -> Self {
        let code = |frame: &Frame| Frame { cells: frame.cells, code: None, has_code: false };
        let mut memory = Self {
            arena: boxed(),
            frames: self.frames.iter().map(code).collect(),
            lookup: boxed(),
            read_table: boxed(),
            write_table: boxed(),
            mapped: Vec::new(),
            executing: None,
            stale: None,
            windows: Windows::new(),
        };
        memory.empty_tables();
        if let (Some(copy), Some(bytes)) = (memory.arena.get_mut(..MEMORY_BYTES), self.arena.get(..MEMORY_BYTES)) {
            copy.copy_from_slice(bytes);
        }
        for (region, _) in BANKS {
            let pages = (region.start / PAGE_SIZE) as usize..=(region.last() / PAGE_SIZE) as usize;
            if let (Some(copy), Some(pages)) = (memory.lookup.get_mut(pages.clone()), self.lookup.get(pages)) {
                copy.copy_from_slice(pages);
            }
        }
        memory
    }

    /// The first entries of new tables, which may not be 0.
    fn empty_tables(&mut self) {
        for page in 0..ARENA_BYTES / PAGE_BYTES {
            for table in [&mut self.read_table, &mut self.write_table] {
                if let Some(entry) = table.get_mut(page) {
                    *entry = empty_entry(page);
                }
            }
        }
    }

    /// Lays the RAMs out as OBW2 says: TCM shares (assumption A71), and SRAM4 hidden when it holds ECC. For use at reset.
    pub fn apply_option_bytes(&mut self, obw2: u32) {
        let itcm = tcm_size(obw2 & obw2::ITCM_AXI_SHARE_MASK);
        let dtcm = tcm_size((obw2 & obw2::DTCM_AXI_SHARE_MASK) >> obw2::DTCM_AXI_SHARE_SHIFT);
        self.unmap_all();
        let mut frame: u16 = 1;
        for (region, _) in BANKS {
            let first = region.start / PAGE_SIZE;
            for page in first..first + region.size / PAGE_SIZE {
                let address = page * PAGE_SIZE;
                let present = if region.start == map::ITCM.start {
                    address < itcm
                } else if region.start == map::DTCM.start {
                    address - map::DTCM.start < dtcm
                } else if map::AXI_SRAM1.contains(address) {
                    address - map::AXI_SRAM1.start < map::AXI_SRAM1.size - (itcm - map::ITCM.size)
                } else if map::AXI_SRAM3.contains(address) {
                    address - map::AXI_SRAM3.start < map::AXI_SRAM3.size - (dtcm - map::DTCM.size)
                } else if map::AXI_SRAM4.contains(address) {
                    obw2 & obw2::ECC_ON_SRAM == 0
                } else {
                    true
                };
                if let Some(entry) = self.lookup.get_mut(page as usize) {
                    *entry = if present { frame } else { 0 };
                }
                frame += 1;
            }
        }
    }

    /// Bytes from any memory of the arena, no side effects, whatever the MPU says.
    ///
    /// # Errors
    /// [`BusError`] when a byte lies outside; `out` is then partly filled.
    pub fn read(&self, address: u32, out: &mut [u8]) -> Result<(), BusError> {
        let mut address = address;
        let mut out = out;
        while !out.is_empty() {
            let offset = self.arena_offset(address).ok_or(BusError)?;
            let chunk = out.len().min(PAGE_BYTES - in_page(address));
            let (now, later) = out.split_at_mut_checked(chunk).ok_or(BusError)?;
            now.copy_from_slice(self.arena.get(offset..offset + chunk).ok_or(BusError)?);
            out = later;
            address = address.wrapping_add(to_u32(chunk));
        }
        Ok(())
    }

    /// What the cells take, whoever writes: into any memory of the arena, flash and OTP among them. For the flash
    /// controller, power-on and tests; bus masters use [`Memory::store`].
    ///
    /// # Errors
    /// [`BusError`] when a byte lies outside; the bytes before it are written.
    pub fn write(&mut self, address: u32, data: &[u8]) -> Result<(), BusError> {
        self.put(address, data, |_| true)
    }

    /// A store by a bus master such as a DMA channel: refuses flash, OTP and system flash.
    ///
    /// # Errors
    /// [`BusError`] when a byte isn't RAM; the bytes before it are written.
    pub fn store(&mut self, address: u32, data: &[u8]) -> Result<(), BusError> {
        self.put(address, data, |cells| cells == Cells::Ram)
    }

    /// Sets every byte of a region that is memory; what isn't is left out.
    pub fn fill(&mut self, region: Region, byte: u8) {
        let data = [byte; PAGE_BYTES];
        let end = u64::from(region.start) + u64::from(region.size);
        let mut address = u64::from(region.start);
        while address < end {
            let Ok(here) = u32::try_from(address) else { return };
            let chunk = (PAGE_BYTES - in_page(here)).min(usize::try_from(end - address).unwrap_or(PAGE_BYTES));
            if let Some(part) = data.get(..chunk) {
                // A hole in the map has no bytes to set.
                self.write(here, part).unwrap_or(());
            }
            address += chunk as u64;
        }
    }

    /// Whether every byte of a region that is memory has one value; what isn't memory is left out.
    pub(crate) fn holds_only(&self, region: Region, byte: u8) -> bool {
        let pages = (region.start / PAGE_SIZE)..=(region.last() / PAGE_SIZE);
        pages.filter_map(|page| self.frame_at(page * PAGE_SIZE)).all(|frame| {
            let start = usize::from(frame) * PAGE_BYTES;
            self.arena.get(start..start + PAGE_BYTES).is_some_and(|cells| cells.iter().all(|cell| *cell == byte))
        })
    }

    /// Clears RAM that the layout of now hides: what another layout brings back holds nothing.
    pub(crate) fn wipe_hidden(&mut self) {
        let mut hidden = vec![true; self.frames.len()];
        for entry in self.lookup.iter() {
            if let Some(shown) = entry.checked_sub(1).and_then(|frame| hidden.get_mut(usize::from(frame))) {
                *shown = false;
            }
        }
        let ram = self.frames.iter().map(|frame| frame.cells == Cells::Ram);
        for ((cells, ram), hidden) in self.arena.chunks_mut(PAGE_BYTES).zip(ram).zip(hidden) {
            if ram && hidden {
                cells.fill(0);
            }
        }
    }

    fn put(&mut self, address: u32, data: &[u8], allowed: impl Fn(Cells) -> bool) -> Result<(), BusError> {
        let mut address = address;
        let mut data = data;
        while !data.is_empty() {
            let frame = self.frame_at(address).ok_or(BusError)?;
            if !self.frames.get(usize::from(frame)).is_some_and(|frame| allowed(frame.cells)) {
                return Err(BusError);
            }
            let start = in_page(address);
            let chunk = data.len().min(PAGE_BYTES - start);
            let (now, later) = data.split_at_checked(chunk).ok_or(BusError)?;
            let offset = usize::from(frame) * PAGE_BYTES + start;
            self.arena.get_mut(offset..offset + chunk).ok_or(BusError)?.copy_from_slice(now);
            self.forget_code(frame, start, start + chunk);
            data = later;
            address = address.wrapping_add(to_u32(chunk));
        }
        Ok(())
    }

    // ---- the core's side -------------------------------------------------------------------------------------

    /// The frame behind an address.
    pub(crate) fn frame_at(&self, address: u32) -> Option<u16> {
        self.lookup.get((address / PAGE_SIZE) as usize)?.checked_sub(1)
    }

    /// What cells answer at an address; `None` where there is no memory.
    pub(crate) fn cells_at(&self, address: u32) -> Option<Cells> {
        self.frames.get(usize::from(self.frame_at(address)?)).map(|frame| frame.cells)
    }

    fn arena_offset(&self, address: u32) -> Option<usize> {
        Some(usize::from(self.frame_at(address)?) * PAGE_BYTES + in_page(address))
    }

    /// `N` bytes through the read table; `None` means: take the slow path. The span must not leave the page, which
    /// alignment guarantees.
    #[inline(always)]
    pub(crate) fn fast_read<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        let offset = table_offset(&self.read_table, address);
        self.arena.get(offset..)?.first_chunk::<N>().copied()
    }

    /// `N` bytes through the write table; `false` means: take the slow path.
    #[inline(always)]
    pub(crate) fn fast_write<const N: usize>(&mut self, address: u32, bytes: [u8; N]) -> bool {
        let offset = table_offset(&self.write_table, address);
        match self.arena.get_mut(offset..).and_then(|rest| rest.first_chunk_mut::<N>()) {
            Some(cell) => {
                *cell = bytes;
                true
            }
            None => false,
        }
    }

    /// Lets loads from the page of `address` take the fast path.
    pub(crate) fn map_read(&mut self, address: u32) {
        let page = (address / PAGE_SIZE) as usize;
        if let (Some(frame), Some(entry)) = (self.frame_at(address), self.read_table.get_mut(page)) {
            *entry = table_entry(frame, page);
            self.mapped.push(to_u32(page));
        }
    }

    /// Lets stores to the page of `address` take the fast path, if it is RAM without decoded code.
    pub(crate) fn map_write(&mut self, address: u32) {
        let page = (address / PAGE_SIZE) as usize;
        let Some(frame) = self.frame_at(address) else { return };
        let plain = self.frames.get(usize::from(frame)).is_some_and(|f| f.cells == Cells::Ram && !f.has_code);
        if let (true, Some(entry)) = (plain, self.write_table.get_mut(page)) {
            *entry = table_entry(frame, page);
            self.mapped.push(to_u32(page));
        }
    }

    /// Empties both tables: the permissions changed.
    pub(crate) fn unmap_all(&mut self) {
        for page in self.mapped.drain(..) {
            for table in [&mut self.read_table, &mut self.write_table] {
                if let Some(entry) = table.get_mut(page as usize) {
                    *entry = empty_entry(page as usize);
                }
            }
        }
        self.unmap_held();
    }

    /// The frame that code at an address is read from: a memory's, or one that holds external memory.
    fn code_frame_at(&self, address: u32) -> Option<u16> {
        self.frame_at(address).or_else(|| self.held_frame(address))
    }

    /// A halfword of code; `None` where there is no memory and nothing is held.
    pub(crate) fn code_half(&self, address: u32) -> Option<u16> {
        let offset = usize::from(self.code_frame_at(address)?) * PAGE_BYTES + in_page(address);
        self.arena.get(offset..)?.first_chunk().copied().map(u16::from_le_bytes)
    }

    /// Hands the decoded code of the page at `address` to the core, empty if there was none. The core gives it back
    /// by [`Memory::return_code`] before it asks for another. `None` where there is no memory and nothing is held.
    pub(crate) fn take_code(&mut self, address: u32) -> Option<Box<CodePage>> {
        let number = self.code_frame_at(address)?;
        let frame = self.frames.get_mut(usize::from(number))?;
        if !frame.has_code {
            frame.has_code = true;
            let page = (address / PAGE_SIZE) as usize;
            if let Some(entry) = self.write_table.get_mut(page) {
                *entry = empty_entry(page);
            }
        }
        self.executing = Some(number);
        self.stale = None;
        Some(frame.code.take().unwrap_or_else(|| Box::new(CodePage::new())))
    }

    /// Takes decoded code back from the core.
    pub(crate) fn return_code(&mut self, mut code: Box<CodePage>) {
        let Some(number) = self.executing.take() else { return };
        if let Some((start, end)) = self.stale.take() {
            code.forget(usize::from(start), usize::from(end));
        }
        if let Some(frame) = self.frames.get_mut(usize::from(number)) {
            frame.code = Some(code);
        }
    }

    /// Whether code that the core holds has been overwritten: it must give it back and take it again.
    pub(crate) const fn code_is_stale(&self) -> bool {
        self.stale.is_some()
    }

    /// Drops what was decoded from the two bytes at `address`: a breakpoint came or went.
    pub(crate) fn forget_code_at(&mut self, address: u32) {
        if let Some(frame) = self.code_frame_at(address) {
            let start = in_page(address);
            self.forget_code(frame, start, start + 2);
        }
    }

    fn forget_code(&mut self, number: u16, start: usize, end: usize) {
        let Some(frame) = self.frames.get_mut(usize::from(number)) else { return };
        if !frame.has_code {
            return;
        }
        if start == 0 && end == PAGE_BYTES && self.executing != Some(number) {
            // A page written as a whole is data again.
            frame.code = None;
            frame.has_code = false;
        } else if let Some(code) = frame.code.as_mut() {
            code.forget(start, end);
        } else if self.executing == Some(number) {
            let (low, high) = (to_u16(start), to_u16(end));
            self.stale = Some(self.stale.map_or((low, high), |(a, b)| (a.min(low), b.max(high))));
        }
    }
}

/// The arena offset of an address by a table; past the arena where the table has no entry.
#[inline(always)]
fn table_offset(table: &PageTable, address: u32) -> usize {
    #[expect(clippy::indexing_slicing, reason = "a 20-bit index into 2^20 entries")]
    let entry = table[(address >> 12) as usize];
    entry.wrapping_add(address) as usize
}

/// The entry that maps an address page to a frame.
const fn table_entry(frame: u16, page: usize) -> u32 {
    (frame as u32).wrapping_sub(to_u32(page)).wrapping_mul(PAGE_SIZE)
}

/// The entry that maps to nothing: 0, which keeps an address what it is, is past the arena but for low addresses.
const fn empty_entry(page: usize) -> u32 {
    if page * PAGE_BYTES < ARENA_BYTES { 0x8000_0000 } else { 0 }
}

/// SVD: share codes 0 and 3 lend nothing, 1 gives 128 KiB, 2 gives 192 KiB; bit 2 stays 0.
const fn tcm_size(share: u32) -> u32 {
    match share {
        1 => 128 * map::KIB,
        2 => 192 * map::KIB,
        _ => 64 * map::KIB,
    }
}

const fn in_page(address: u32) -> usize {
    (address & (PAGE_SIZE - 1)) as usize
}

/// Sizes here never pass 4 GiB.
const fn to_u32(value: usize) -> u32 {
    value as u32
}

/// Offsets inside a page.
const fn to_u16(value: usize) -> u16 {
    value as u16
}

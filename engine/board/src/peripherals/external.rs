//! The way to external memory: which interface reaches which port, whether the pads there work, the windows with their
//! cipher engines, and DMA, which is what fills them. The units themselves have files of their own.

use chip::memory_map::{XSPI1_WINDOW, XSPI2_WINDOW};
use chip::registers as at;

use super::Peripherals;
use super::device::Device;
use super::hpdma::Job;
use super::mce::{Mce, WriteRefusal};
use super::rcc::Gate;
use super::storage::Gpio;
use super::xspi::Xspi;
use crate::bus::{BusError, Width};
use crate::memory::{Memory, WindowState};

/// Pins of port 2 on GPION that the NOR needs: chip select, clock, IO0 and IO1 (Cube templates).
const PORT_2_PINS: &[(usize, u32)] = &[(GPIO_N, 1), (GPIO_N, 6), (GPIO_N, 2), (GPIO_N, 3)];
/// Pins of port 1 that the PSRAM needs: chip select, clock, strobe, IO0 to IO7 (Cube templates).
#[rustfmt::skip]
const PORT_1_PINS: &[(usize, u32)] = &[
    (GPIO_O, 0), (GPIO_O, 4), (GPIO_O, 2),
    (GPIO_P, 0), (GPIO_P, 1), (GPIO_P, 2), (GPIO_P, 3), (GPIO_P, 4), (GPIO_P, 5), (GPIO_P, 6), (GPIO_P, 7),
];
/// And those that it needs with 16 lines: the second strobe, IO8 to IO15.
#[rustfmt::skip]
const PORT_1_WIDE_PINS: &[(usize, u32)] = &[
    (GPIO_O, 3),
    (GPIO_P, 8), (GPIO_P, 9), (GPIO_P, 10), (GPIO_P, 11), (GPIO_P, 12), (GPIO_P, 13), (GPIO_P, 14), (GPIO_P, 15),
];
const GPIO_N: usize = 13;
const GPIO_O: usize = 14;
const GPIO_P: usize = 15;
const ALTERNATE_XSPI: u32 = 9;
const XSPIM_MULTIPLEXED: u32 = 1 << 0;
const XSPIM_SWAPPED: u32 = 1 << 1;

/// Which window an address lies in: interface number from 0, and the offset.
pub(crate) fn window(address: u32) -> Option<(usize, u32)> {
    if XSPI1_WINDOW.contains(address) {
        Some((0, address - XSPI1_WINDOW.start))
    } else if XSPI2_WINDOW.contains(address) {
        Some((1, address - XSPI2_WINDOW.start))
    } else {
        None
    }
}

/// Whether an interface is switched to port 2, where the NOR is, and not to port 1, where the PSRAM is. Multiplexed, both
/// go to the port that MODE names.
fn reaches_port_2(xspim: u32, interface: usize) -> bool {
    let swapped = xspim & XSPIM_SWAPPED != 0;
    if xspim & XSPIM_MULTIPLEXED != 0 { swapped } else { swapped == (interface == 0) }
}

/// Which windows may show something else after a write to a register: those of the interface or the cipher engine that
/// it belongs to; both, where clocks, supplies, pins or the port manager are concerned.
pub(super) fn windows_behind(register: u32) -> [bool; 2] {
    match register & !0x3FF {
        at::XSPI1 | at::MCE1 => [true, false],
        at::XSPI2 | at::MCE2 => [false, true],
        at::RCC | at::PWR | at::XSPIM => [true; 2],
        base => [(at::GPIOM + 0x400..=at::GPIOM + 0xC00).contains(&base); 2],
    }
}

impl Peripherals {
    /// Whether all of these pins are switched to the interfaces.
    fn handed(&self, pins: &[(usize, u32)]) -> bool {
        let alternate = |port: usize, pin| self.gpio.get(port).and_then(|gpio: &Gpio| gpio.alternate(pin));
        pins.iter().all(|(port, pin)| alternate(*port, *pin) == Some(ALTERNATE_XSPI))
    }

    /// What keeps an interface from driving the pins of its port.
    fn obstacle(&self, interface: usize) -> Option<&'static str> {
        let (port, pins) = if reaches_port_2(self.xspim, interface) { (2, PORT_2_PINS) } else { (1, PORT_1_PINS) };
        if !self.pwr.port_is_powered(port) {
            Some("command to an external memory whose pads have no supply")
        } else if !self.handed(pins) {
            Some("command to an external memory whose pins are not switched to it")
        } else if !self.rcc.xspi_kernel_runs(interface) {
            // assumption A4
            Some("command by an interface whose kernel clock does not run")
        } else {
            None
        }
    }

    /// An interface, its cipher engine, and the chip that it reaches, if nothing is in the way.
    fn interface(&mut self, interface: usize) -> Option<(&mut Xspi, &mut Mce, Option<Device<'_>>)> {
        let free = self.obstacle(interface).is_none();
        let wide = self.handed(PORT_1_WIDE_PINS);
        let device = if !free {
            None
        } else if reaches_port_2(self.xspim, interface) {
            Some(Device::Nor(&mut self.nor))
        } else {
            self.psram.wide_pins = wide;
            Some(Device::Psram(&mut self.psram))
        };
        Some((self.xspi.get_mut(interface)?, self.mce.get_mut(interface)?, device))
    }

    /// Puts into the trace what the chips objected to.
    fn note_complaint(&mut self, now: u64) {
        for (what, instruction) in [self.nor.take_complaint(), self.psram.take_complaint()].into_iter().flatten() {
            self.trace.refused(now, what, instruction);
        }
    }

    pub(super) fn xspi_read(&mut self, interface: usize, offset: u32, width: Width, now: u64) -> Option<u32> {
        let (xspi, _, device) = self.interface(interface)?;
        let value = xspi.read(offset, width, device);
        self.note_complaint(now);
        value
    }

    pub(super) fn xspi_write(
        &mut self,
        interface: usize,
        offset: u32,
        width: Width,
        value: u32,
        now: u64,
    ) -> Option<()> {
        let (xspi, _, device) = self.interface(interface)?;
        let done = xspi.write(offset, width, value, device, now);
        if Xspi::starts_commands(offset)
            && let Some(what) = self.obstacle(interface)
        {
            self.trace.refused(now, what, offset);
        }
        self.note_complaint(now);
        done
    }

    /// Automatic polling looks at its chip again.
    pub(super) fn poll_interfaces(&mut self) {
        for index in 0..self.xspi.len() {
            if let Some((xspi, _, device)) = self.interface(index)
                && xspi.is_polling()
            {
                xspi.poll(device);
            }
        }
    }

    /// Interfaces and port manager to their reset values. The chip is deselected: a burst under way ends.
    pub(super) fn reset_interface(&mut self, interface: usize, now: u64) {
        if let Some((xspi, _, device)) = self.interface(interface) {
            xspi.write(0, Width::Word, 0, device, now);
            *xspi = Xspi::new();
        }
        self.note_complaint(now);
    }

    pub(super) fn write_xspim(&mut self, offset: u32, value: u32, now: u64) -> Option<()> {
        if offset != 0 {
            return None;
        }
        // It may change only while both interfaces are off (HAL).
        if self.xspi.iter().any(Xspi::is_enabled) {
            self.trace.refused(now, "port manager changed while an interface is on", value);
        } else {
            self.xspim = value;
        }
        Some(())
    }

    /// Why a span of a window can't be accessed: it can where the interface is clocked and in memory-mapped mode, and the
    /// span inside the device.
    fn window_refusal(&self, interface: usize, offset: u32, size: usize) -> Option<&'static str> {
        let gate = if interface == 0 { Gate::Xspi1 } else { Gate::Xspi2 };
        let mapped = self.xspi.get(interface).filter(|xspi| self.rcc.is_clocked(gate) && xspi.is_mapped());
        match mapped {
            None => Some("access to a window that is not memory-mapped"),
            Some(xspi) if !xspi.spans(offset, size) => Some("access past the external memory's size"),
            Some(_) => None,
        }
    }

    /// Whether a span of a window can be accessed. Else the bus answers with an error (assumption A27).
    fn window_is_open(&mut self, interface: usize, address: u32, offset: u32, size: usize, now: u64) -> bool {
        let Some(what) = self.window_refusal(interface, offset, size) else { return true };
        self.trace.refused(now, what, address);
        false
    }

    /// What decides what a window shows, as counts of changes.
    pub(crate) fn window_state(&self, interface: usize) -> WindowState {
        let registers = self.window_registers.get(interface).copied().unwrap_or(0);
        let chip = if reaches_port_2(self.xspim, interface) { self.nor.changes } else { self.psram.changes };
        WindowState { registers, chip }
    }

    /// Counts a change of what windows show.
    pub(super) fn note_window_change(&mut self, windows: [bool; 2]) {
        for (count, _) in self.window_registers.iter_mut().zip(windows).filter(|(_, changed)| *changed) {
            *count += 1;
        }
    }

    /// A whole page of a window, for a copy that stands until [`Peripherals::window_state`] changes. `false`, and
    /// nothing useful in `cells`, where each read must be made anew: no array there, or one that is busy.
    pub(crate) fn window_page(&mut self, address: u32, cells: &mut [u8], now: u64) -> bool {
        let Some((interface, offset)) = window(address) else { return false };
        if self.window_refusal(interface, offset, cells.len()).is_some() {
            return false;
        }
        let Some((xspi, mce, Some(mut device))) = self.interface(interface) else { return false };
        let steady = xspi.shows_array(offset, device.reborrow(), now);
        if steady {
            let first = address.wrapping_sub(offset);
            mce.decrypt(address, cells, &mut |from, bytes| {
                xspi.mapped_read(from.wrapping_sub(first), bytes, Some(device.reborrow()), now);
            });
        }
        self.note_complaint(now);
        steady
    }

    pub(super) fn window_read(
        &mut self,
        interface: usize,
        address: u32,
        offset: u32,
        out: &mut [u8],
        now: u64,
    ) -> Result<(), BusError> {
        if !self.window_is_open(interface, address, offset, out.len(), now) {
            return Err(BusError);
        }
        let Some((xspi, mce, mut device)) = self.interface(interface) else { return Err(BusError) };
        let first = address.wrapping_sub(offset);
        mce.decrypt(address, out, &mut |from, bytes| {
            let device = device.as_mut().map(Device::reborrow);
            xspi.mapped_read(from.wrapping_sub(first), bytes, device, now);
        });
        self.note_complaint(now);
        Ok(())
    }

    pub(super) fn window_write(
        &mut self,
        interface: usize,
        address: u32,
        data: &[u8],
        memory: &mut Memory,
        now: u64,
    ) -> Result<(), BusError> {
        let Some((_, offset)) = window(address) else { return Err(BusError) };
        if !self.window_is_open(interface, address, offset, data.len(), now) {
            return Err(BusError);
        }
        let before = self.window_state(interface);
        let Some((xspi, mce, device)) = self.interface(interface) else { return Err(BusError) };
        let mut cipher = data.to_vec();
        if let Err(refusal) = mce.encrypt(address, &mut cipher) {
            let what = match refusal {
                WriteRefusal::ReadOnly => "write to a read-only region of the cipher engine",
                WriteRefusal::NotABurst => "write to a ciphered region that is not a burst of whole blocks",
                WriteRefusal::NoKey => "write to a ciphered region without a key",
            };
            self.trace.refused(now, what, address);
            return Err(BusError);
        }
        if xspi.mapped_write(offset, &cipher, device, now) {
            // The window shows these bytes, deciphered again, and else what it showed.
            memory.note_window_store(interface, [before, self.window_state(interface)], address, data);
        } else {
            self.note_window_change([interface == 0, interface == 1]);
        }
        self.note_complaint(now);
        Ok(())
    }

    /// Moves what a DMA channel was enabled for: reads in bursts of the source's size, writes in bursts of the
    /// destination's. It takes no time (assumption A25).
    pub(super) fn run_dma(&mut self, job: Job, memory: &mut Memory, now: u64) {
        let mut left = job.size;
        let mut queue = Vec::new();
        let mut read = 0;
        let done = loop {
            if left == 0 {
                break Ok(());
            }
            let wanted = job.destination_burst.min(left);
            while (queue.len() as u32) < wanted {
                let size = job.source_burst.min(job.size - read);
                let mut burst = vec![0; size as usize];
                let source = if job.source_moves { job.source.wrapping_add(read) } else { job.source };
                if self.master_read(source, &mut burst, memory, now).is_err() {
                    break;
                }
                read += size;
                queue.append(&mut burst);
            }
            let burst: Vec<u8> = queue.drain(..queue.len().min(wanted as usize)).collect();
            if (burst.len() as u32) < wanted {
                break Err(BusError);
            }
            let moved = job.size - left;
            let target = if job.destination_moves { job.destination.wrapping_add(moved) } else { job.destination };
            if let Err(error) = self.master_write(target, &burst, memory, now) {
                break Err(error);
            }
            left -= wanted;
        };
        if done.is_err() {
            self.trace.refused(now, "DMA transfer refused by the bus", job.destination.wrapping_add(job.size - left));
        }
        self.hpdma.finish(job, left);
    }

    fn master_read(&mut self, address: u32, out: &mut [u8], memory: &mut Memory, now: u64) -> Result<(), BusError> {
        match window(address) {
            Some((interface, offset)) => self.window_read(interface, address, offset, out, now),
            None => memory.read(address, out),
        }
    }

    fn master_write(&mut self, address: u32, data: &[u8], memory: &mut Memory, now: u64) -> Result<(), BusError> {
        match window(address) {
            Some((interface, _)) => self.window_write(interface, address, data, memory, now),
            None => memory.store(address, data),
        }
    }

    /// Reads NOR cells past the chip.
    pub fn nor_cells(&self, address: u32, out: &mut [u8]) {
        self.nor.cells.read(address, out);
    }

    /// Reads PSRAM cells past the chip.
    pub fn psram_cells(&self, address: u32, out: &mut [u8]) {
        self.psram.cells(address, out);
    }

    /// Writes PSRAM cells past the chip.
    pub fn set_psram_cells(&mut self, address: u32, data: &[u8]) {
        self.psram.set_cells(address, data);
    }

    /// Writes NOR cells past the chip.
    pub fn set_nor_cells(&mut self, address: u32, data: &[u8]) {
        for (offset, byte) in (0u32..).zip(data) {
            self.nor.cells.set(address.wrapping_add(offset), *byte);
        }
        self.nor.revision += 1;
        self.nor.changes += 1;
    }
}

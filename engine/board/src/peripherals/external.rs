//! The way to external memory: which interface reaches the NOR's port, whether its pads work, the windows with their
//! cipher engines, and DMA, which is what fills them. The units themselves have files of their own.

use chip::memory_map::{XSPI1_WINDOW, XSPI2_WINDOW};

use super::Peripherals;
use super::hpdma::Job;
use super::mce::WriteRefusal;
use super::nor::Nor;
use super::rcc::Gate;
use super::storage::Gpio;
use super::xspi::Xspi;
use crate::bus::{BusError, Width};
use crate::memory::Memory;

/// Pins of port 2 on GPION that the NOR needs: chip select, clock, IO0 and IO1 (Cube templates).
const PORT_2_PINS: [u32; 4] = [1, 6, 2, 3];
const GPIO_N: usize = 13;
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

/// Whether an interface is switched to port 2, where the NOR is. Multiplexed, both go to the port that MODE names.
fn reaches_port_2(xspim: u32, interface: usize) -> bool {
    let swapped = xspim & XSPIM_SWAPPED != 0;
    if xspim & XSPIM_MULTIPLEXED != 0 { swapped } else { swapped == (interface == 0) }
}

impl Peripherals {
    /// Whether an interface reaches the NOR: switched to port 2, and nothing in the way.
    fn connected(&self, interface: usize) -> bool {
        reaches_port_2(self.xspim, interface) && self.obstacle(interface).is_none()
    }

    /// What keeps an interface that is switched to port 2 from driving its pins.
    fn obstacle(&self, interface: usize) -> Option<&'static str> {
        let handed = |port: &Gpio| PORT_2_PINS.iter().all(|pin| port.alternate(*pin) == Some(ALTERNATE_XSPI));
        if !self.pwr.port_is_powered(2) {
            Some("command to an external memory whose pads have no supply")
        } else if !self.gpio.get(GPIO_N).is_some_and(handed) {
            Some("command to an external memory whose pins are not switched to it")
        } else if !self.rcc.xspi_kernel_runs(interface) {
            // assumption A4
            Some("command by an interface whose kernel clock does not run")
        } else {
            None
        }
    }

    /// An interface, and the NOR if the interface reaches it.
    fn interface(&mut self, interface: usize) -> Option<(&mut Xspi, Option<&mut Nor>)> {
        let connected = self.connected(interface);
        Some((self.xspi.get_mut(interface)?, connected.then_some(&mut self.nor)))
    }

    /// Puts into the trace what the NOR objected to.
    fn note_complaint(&mut self, now: u64) {
        if let Some((what, instruction)) = self.nor.take_complaint() {
            self.trace.refused(now, what, instruction);
        }
    }

    pub(super) fn xspi_read(&mut self, interface: usize, offset: u32, width: Width, now: u64) -> Option<u32> {
        let (xspi, nor) = self.interface(interface)?;
        let value = xspi.read(offset, width, nor);
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
        let (xspi, nor) = self.interface(interface)?;
        let done = xspi.write(offset, width, value, nor, now);
        if Xspi::starts_commands(offset)
            && reaches_port_2(self.xspim, interface)
            && let Some(what) = self.obstacle(interface)
        {
            self.trace.refused(now, what, offset);
        }
        self.note_complaint(now);
        done
    }

    /// Automatic polling looks at the NOR again.
    pub(super) fn poll_interfaces(&mut self) {
        for index in 0..self.xspi.len() {
            if let Some((xspi, nor)) = self.interface(index)
                && xspi.is_polling()
            {
                xspi.poll(nor);
            }
        }
    }

    /// Interfaces and port manager to their reset values. The chip is deselected: a burst under way ends.
    pub(super) fn reset_interface(&mut self, interface: usize, now: u64) {
        if let Some((xspi, nor)) = self.interface(interface) {
            xspi.write(0, Width::Word, 0, nor, now);
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

    /// Whether a span of a window can be accessed: interface clocked and in memory-mapped mode, span inside the device. Else
    /// the bus answers with an error (assumption A27).
    fn window_is_open(&mut self, interface: usize, address: u32, offset: u32, size: usize, now: u64) -> bool {
        let gate = if interface == 0 { Gate::Xspi1 } else { Gate::Xspi2 };
        let what = match self.xspi.get(interface) {
            Some(xspi) if !self.rcc.is_clocked(gate) || !xspi.is_mapped() => {
                "access to a window that is not memory-mapped"
            }
            Some(xspi) if !xspi.spans(offset, size) => "access past the external memory's size",
            Some(_) => return true,
            None => return false,
        };
        self.trace.refused(now, what, address);
        false
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
        let connected = self.connected(interface);
        let Self { xspi, mce, nor, .. } = self;
        let (Some(xspi), Some(mce)) = (xspi.get_mut(interface), mce.get(interface)) else { return Err(BusError) };
        let first = address.wrapping_sub(offset);
        mce.decrypt(address, out, &mut |from, bytes| {
            let nor = connected.then_some(&mut *nor);
            xspi.mapped_read(from.wrapping_sub(first), bytes, nor, now);
        });
        self.note_complaint(now);
        Ok(())
    }

    pub(super) fn window_write(
        &mut self,
        interface: usize,
        address: u32,
        offset: u32,
        data: &[u8],
        now: u64,
    ) -> Result<(), BusError> {
        if !self.window_is_open(interface, address, offset, data.len(), now) {
            return Err(BusError);
        }
        let connected = self.connected(interface);
        let Self { xspi, mce, nor, trace, .. } = self;
        let (Some(xspi), Some(mce)) = (xspi.get_mut(interface), mce.get_mut(interface)) else { return Err(BusError) };
        let mut cipher = data.to_vec();
        if let Err(refusal) = mce.encrypt(address, &mut cipher) {
            let what = match refusal {
                WriteRefusal::ReadOnly => "write to a read-only region of the cipher engine",
                WriteRefusal::NotABurst => "write to a ciphered region that is not a burst of whole blocks",
                WriteRefusal::NoKey => "write to a ciphered region without a key",
            };
            trace.refused(now, what, address);
            return Err(BusError);
        }
        xspi.mapped_write(offset, &cipher, connected.then_some(nor), now);
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
            Some((interface, offset)) => self.window_write(interface, address, offset, data, now),
            None => memory.store(address, data),
        }
    }

    /// Reads NOR cells past the chip.
    pub fn nor_cells(&self, address: u32, out: &mut [u8]) {
        self.nor.cells.read(address, out);
    }

    /// Writes NOR cells past the chip.
    pub fn set_nor_cells(&mut self, address: u32, data: &[u8]) {
        for (offset, byte) in (0u32..).zip(data) {
            self.nor.cells.set(address.wrapping_add(offset), *byte);
        }
        self.nor.revision += 1;
    }
}

//! What every stage does around its work: tell the trace port, leave a word for the ROM, reset, check a vector table.

use chip::memory_map::{AHB_SRAM1, AHB_SRAM2, AXI_SRAM, DTCM, ITCM, Region};
use chip::trace::{Event, Stage, TraceWord};

use cortex_m::peripheral::SCB;

use crate::pac::iwdg::vals::Key;
use crate::{Register, pac};

/// Leaves a word on the trace port for people. Without a listener the core drops it.
#[inline(never)]
pub fn report(stage: Stage, event: Event, detail: u16) {
    // Safety: a stimulus port of the ITM, which every Cortex-M7 has.
    unsafe { Register::at(chip::trace::PORT) }.write(TraceWord { stage, event, detail }.encode());
}

/// The word that the loader and the ROM leave each other across a reset.
pub fn rss_command() -> u16 {
    pac::SYSCFG.rsscmdr().read().rsscmd()
}

/// Leaves the word for the ROM's next run.
pub fn set_rss_command(command: u16) {
    pac::RCC.apb4enr().modify(|w| w.set_syscfgen(true));
    pac::SYSCFG.rsscmdr().write(|w| w.set_rsscmd(command));
    cortex_m::asm::dsb();
}

/// Starts the watchdog's count anew, where option bytes started one. Every wait and every long loop of a boot stage has an
/// end of its own.
pub fn refresh_watchdog() {
    pac::IWDG.kr().write(|w| w.set_key(Key::RESET));
}

/// Switches the caches off, if whoever ran before left one on: data is moved by DMA and through windows that change their
/// mode, and what was judged in RAM must be what is fetched from there.
pub fn caches_off() {
    // Safety: the caller runs alone, without interrupts, and takes the core's peripherals nowhere else.
    let mut core = unsafe { cortex_m::Peripherals::steal() };
    if SCB::dcache_enabled() {
        // Cleans first: what was left for this program may still be in the cache.
        core.SCB.disable_dcache(&mut core.CPUID);
    }
    if SCB::icache_enabled() {
        core.SCB.disable_icache();
    }
}

/// Resets the chip.
pub fn reset() -> ! {
    SCB::sys_reset()
}

/// Sleeps for good. Only a reset or a debugger gets the core out. The branches stand twice, so that one that is
/// skipped does not fall into whatever follows.
pub fn sleep_for_good() -> ! {
    // Safety: the loop touches no memory and no register that anything relies on afterwards.
    unsafe { core::arch::asm!("cpsid i", "2:", "wfi", "b 2b", "b 2b", "b 2b", "udf #1", options(noreturn)) }
}

/// The first two words of a vector table that make sense: a stack in RAM and code in `code`.
#[derive(Clone, Copy)]
pub struct Vectors {
    /// Where the table stands.
    pub table: u32,
    /// Initial stack pointer.
    pub stack: u32,
    /// Entry point, with the Thumb bit.
    pub entry: u32,
}

impl Vectors {
    /// Reads the table at `table`, which is 1 KiB aligned; nothing when it can't be one.
    ///
    /// # Safety
    /// Memory that can be read lies at `table`.
    pub unsafe fn read(table: u32, code: Region) -> Option<Self> {
        if table & 0x3FF != 0 || !code.contains_span(table, 8) {
            return None;
        }
        // Safety: the caller says that memory is there; the table is aligned.
        let (stack, entry) = unsafe { (Register::at(table).read(), Register::at(table + 4).read()) };
        let in_ram = [DTCM, AXI_SRAM, AHB_SRAM1, AHB_SRAM2, ITCM].into_iter();
        // A stack grows down: its first word lies below the pointer, which may stand at a memory's very end.
        let stack_fits = stack & 7 == 0 && in_ram.into_iter().any(|ram| ram.contains(stack.wrapping_sub(4)));
        let entry_fits = entry & 1 == 1 && code.contains(entry & !1);
        (stack_fits && entry_fits).then_some(Self { table, stack, entry })
    }
}

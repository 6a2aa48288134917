//! The passes: each ends in the iLoader, in a reset through it, in the application, or asleep.

use core::arch::asm;
use core::hint::black_box;

use chip::loader::{
    self, IMAGE_HEADER_SIZE, OPERATION_LOAD, OPERATION_UPDATE, SHARED_STRUCTURE, SHARED_WORDS, SUB_ERASE_CODE,
    SUB_SAVE_CODE,
};
use chip::memory_map::{Region, XSPI1_WINDOW, XSPI2_WINDOW};
use chip::trace::{Check, Event, Stage, Stop};
use hardware::mce::{MCE1, RegionNumber, Writes};
use hardware::mpu::{self, Access, DeviceRegion};
use hardware::stage::{Vectors, report, set_rss_command};
use hardware::{Register, pac};
use rot::aes_peripheral;
use rot::redundant::{Round, YES, both};

use crate::entry;
use crate::hdpl::Level;
use crate::option_bytes::State;
use crate::redundant::refuse;
use crate::stirot::configuration::{Configuration, MinimumState};
use crate::stirot::counters::Counters;
use crate::stirot::{image, retry};

/// MPU regions that keep everybody off external memory until somebody opens his part.
const EXTERNAL_GUARDS: [(u8, Region); 2] = [(0, XSPI1_WINDOW), (1, XSPI2_WINDOW)];

/// Asks the iLoader to bring an image into RAM.
pub fn load(configuration: &Configuration<'_>, command: u16) -> ! {
    report(Stage::Stirot, Event::LoadPass, 0);
    // The iLoader leaves a present image alone, and RAM survives a reset: what lies there now must not be taken for
    // the installed image.
    area(configuration).fill(0);
    ask_loader(configuration, OPERATION_LOAD, 0, command)
}

/// A download lies in RAM: opens and checks it, and has it installed or erased.
pub fn new_image(configuration: &Configuration<'_>) -> ! {
    let counters = Counters::read();
    if !counters.are_whole() {
        refuse(Stop::NoData);
    }
    let area = area(configuration);
    let verdicts = if image::decrypt(area, configuration) {
        Verdicts::of(area, configuration, &counters)
    } else {
        Verdicts { first: 0, second: 0, counter: 0 }
    };
    if !verdicts.first_is_good() {
        reject_or_halt(configuration);
    }
    if !verdicts.second_is_good() {
        reject_or_halt(configuration);
    }
    report(Stage::Stirot, Event::UpdateSave, 0);
    ask_loader(configuration, OPERATION_UPDATE, SUB_SAVE_CODE, loader::RSSCMD_NONE)
}

/// Has the download erased.
extern "C" fn reject(configuration: &Configuration<'_>) -> ! {
    // Whatever was decrypted is not to be found in RAM later.
    area(configuration).fill(0);
    report(Stage::Stirot, Event::UpdateErase, 0);
    ask_loader(configuration, OPERATION_UPDATE, SUB_ERASE_CODE, loader::RSSCMD_NONE)
}

/// [`reject`], with nothing behind the call that could run instead.
#[inline(always)]
fn reject_or_halt(configuration: &Configuration<'_>) -> ! {
    // Safety: a call with its one argument where the procedure call standard has it; it never comes back.
    unsafe {
        asm!("bl {reject}", "bl {sleep}", "udf #1", reject = sym reject, sleep = sym entry::wipe_and_sleep,
            in("r0") configuration, options(noreturn))
    }
}

/// The installed image lies in RAM: checks it, keeps its counter, starts it.
pub fn installed_image(configuration: &Configuration<'_>) -> ! {
    let counters = Counters::read();
    if !counters.are_whole() {
        refuse(Stop::NoData);
    }
    let verdicts = Verdicts::of(area(configuration), configuration, &counters);
    if verdicts.first_is_good() != verdicts.second_is_good() {
        refuse(Stop::Disagreement);
    }
    if !verdicts.first_is_good() {
        refuse(Stop::ImageRefused);
    }
    if !verdicts.second_is_good() {
        refuse(Stop::ImageRefused);
    }

    let state = state_is_high_enough(configuration.minimum_state);
    let good = state == YES;
    report(Stage::Stirot, if good { Event::Passed } else { Event::Failed }, Check::MinimumState as u16);
    if black_box(state) != YES {
        refuse(Stop::StateTooLow);
    }
    if state_is_high_enough(black_box(configuration.minimum_state)) != YES {
        refuse(Stop::StateTooLow);
    }

    // Only now: an image that doesn't run must not push the counter up.
    if counters.store(verdicts.counter).is_err() {
        refuse(Stop::NoData);
    }
    let code =
        Region::new(configuration.firmware.start + IMAGE_HEADER_SIZE, configuration.firmware.size - IMAGE_HEADER_SIZE);
    // Safety: the firmware area is RAM.
    let Some(vectors) = (unsafe { Vectors::read(code.start, code) }) else { refuse(Stop::ImageRefused) };
    retry::forget();
    // MCE1 was not touched in this pass: unlocked and without a key, for a second stage to set up.
    mpu::enable();
    report(Stage::Stirot, Event::StartsApplication, Level::L2.number());
    entry::hand_over(vectors, Level::L2)
}

/// What two full evaluations of one image found.
struct Verdicts {
    first: u32,
    second: u32,
    counter: u32,
}

impl Verdicts {
    fn of(area: &[u8], configuration: &Configuration<'_>, counters: &Counters) -> Self {
        let first = image::verify(area, configuration, counters.minimum(), Round::FIRST);
        let second = image::verify(area, configuration, Counters::read_again().minimum(), Round::SECOND);
        // The lower: two that differ don't push the counter further than either.
        Self { first: first.word, second: second.word, counter: first.counter.min(second.counter) }
    }

    #[inline(always)]
    fn first_is_good(&self) -> bool {
        black_box(self.first) == image::verified(Round::FIRST)
    }

    #[inline(always)]
    fn second_is_good(&self) -> bool {
        black_box(self.second) == image::verified(Round::SECOND)
    }
}

#[inline(never)]
fn state_is_high_enough(minimum: MinimumState) -> u32 {
    let high_enough = || match minimum {
        MinimumState::Closed => matches!(State::read(), State::Closed | State::Locked),
        MinimumState::Locked => State::read() == State::Locked,
    };
    both(high_enough(), high_enough())
}

fn area(configuration: &Configuration<'_>) -> &'static mut [u8] {
    let Region { start, size } = configuration.firmware;
    // Safety: the configuration was checked to name AXI SRAM that exists; the ROM keeps nothing there, and each pass
    // asks for it once at a time.
    unsafe { core::slice::from_raw_parts_mut(start as usize as *mut u8, size as usize) }
}

/// Sets the cipher engine up and locks it, writes the shared structure, and starts the iLoader at level 3.
fn ask_loader(configuration: &Configuration<'_>, operation: u32, sub_operations: u32, command: u16) -> ! {
    pac::RCC.ahb5enr().modify(|w| w.set_xspi1en(true));
    let writes = if operation == OPERATION_UPDATE && sub_operations == SUB_SAVE_CODE {
        Writes::Allowed
    } else {
        Writes::Refused
    };
    let key = aes_peripheral::derive(&chip::security::MCE_KEY_SEED);
    let keyed = match key {
        Ok(key) => MCE1.set_key(&key).is_ok(),
        Err(_) => false,
    };
    MCE1.set_region(RegionNumber::One, configuration.installation.start, configuration.installation.size, writes);
    MCE1.lock();
    if !keyed || !MCE1.is_locked() {
        refuse(Stop::Disagreement);
    }

    let words: [u32; SHARED_WORDS] = [
        operation,
        sub_operations,
        configuration.firmware.start,
        configuration.firmware.size,
        0,
        0,
        configuration.installation.start,
        configuration.download.start,
        0,
    ];
    for (address, word) in (SHARED_STRUCTURE..).step_by(4).zip(words) {
        // Safety: the structure's place in DTCM, behind the ROM's stack.
        unsafe { Register::at(address) }.write(word);
    }
    set_rss_command(command);

    // Safety: the loader's place was checked to lie in user flash.
    let Some(vectors) = (unsafe { Vectors::read(configuration.loader.start, configuration.loader) }) else {
        refuse(Stop::NoLoader)
    };
    for (number, window) in EXTERNAL_GUARDS {
        mpu::set(DeviceRegion { number, base: window.start, size_power: 28, access: Access::None });
    }
    mpu::enable();
    entry::hand_over(vectors, Level::L3)
}

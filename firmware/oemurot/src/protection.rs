//! What is shut before the application starts: cipher engines with their keys, the windows of external memory, and this
//! stage's own memory. The application is privileged, and can change the MPU; it can't change a locked engine, and what
//! was wiped is gone.

use chip::memory_map::{Region, XSPI1_WINDOW, XSPI2_WINDOW};
use chip::second_stage;
use chip::trace::{Check, Event, Stage};
use formats::second_stage_layout::{ApplicationRun, SecondStageLayout};
use hardware::mce::{MCE1, MCE2, RegionNumber, Writes};
use hardware::mpu::{self, Access, DeviceRegion, Execution};
use hardware::stage::report;
use rot::redundant::{YES, both};

/// MPU regions that keep everybody off external memory: a higher number wins where somebody's part is opened.
const EXTERNAL_GUARDS: [(u8, Region); 2] = [(0, XSPI1_WINDOW), (1, XSPI2_WINDOW)];
/// The MPU region over this stage's area, which is set in the last steps: this program runs there until then.
pub const AREA_REGION: u8 = 2;
/// Regions that open the application's part of a window, and the data image's: a slot that is no power of two takes
/// several.
const CODE_REGIONS: core::ops::Range<u8> = 3..3 + second_stage::CODE_REGIONS;
const DATA_REGIONS: core::ops::Range<u8> = CODE_REGIONS.end..CODE_REGIONS.end + second_stage::DATA_REGIONS;

/// Shuts the windows, for everybody and for the core's speculation, and drops every other region that whoever ran before
/// may have left.
pub fn guard_windows() {
    // The default map stands behind the regions before one goes that this program runs by.
    mpu::enable();
    for number in 2..mpu::REGIONS {
        mpu::clear(number);
    }
    for (number, window) in EXTERNAL_GUARDS {
        mpu::set(DeviceRegion { number, base: window.start, size_power: 28, access: Access::None });
    }
}

/// Whether NOR flash stays mapped for the application: it runs there, or reads its data image there.
pub fn keeps_flash(layout: &SecondStageLayout) -> bool {
    layout.run == ApplicationRun::InPlace || layout.data.is_some()
}

/// Sets the first cipher engine up for the installation: its key, and the installation slots, which may be written.
pub fn open_slots(layout: &SecondStageLayout) -> bool {
    // assumption A81: a block cipher's key made from a constant at this level, and so another than STiRoT's.
    let Ok(mut key) = rot::aes_peripheral::derive(&chip::security::SECOND_MCE_KEY_SEED) else { return false };
    let keyed = MCE1.set_key(&key).is_ok();
    rot::redundant::forget(&mut key);
    set_slots(layout, Writes::Allowed);
    keyed
}

fn set_slots(layout: &SecondStageLayout, writes: Writes) {
    let application = layout.application.installation_slot();
    MCE1.set_region(RegionNumber::One, application.start, application.size, writes);
    if let Some(data) = layout.data {
        let slot = data.installation_slot();
        MCE1.set_region(RegionNumber::Two, slot.start, slot.size, writes);
    }
}

/// Shuts the cipher engines to what the application needs of them.
// assumption A87: a region may change while its window is mapped, as long as nobody reads there.
#[inline(never)]
pub fn shut_engines(layout: &SecondStageLayout) {
    set_slots(layout, Writes::Refused);
    if layout.run != ApplicationRun::InPlace {
        MCE1.clear_region(RegionNumber::One);
    }
    if !keeps_flash(layout) {
        MCE1.drop_key();
    }
    MCE1.lock();
    if layout.run == ApplicationRun::ExternalRam {
        let copy = layout.application.run_area();
        MCE2.set_region(RegionNumber::One, copy.start, copy.size, Writes::Refused);
        MCE2.lock();
    }
}

/// Opens the application's parts of the windows, and switches the MPU on.
pub fn open_windows(layout: &SecondStageLayout) -> bool {
    let code = match layout.run {
        ApplicationRun::InPlace => Some(layout.application.installation_slot()),
        ApplicationRun::ExternalRam => Some(layout.application.run_area()),
        ApplicationRun::InternalRam => None,
    };
    for number in CODE_REGIONS.chain(DATA_REGIONS) {
        mpu::clear(number);
    }
    let opened = code.is_none_or(|code| mpu::cover(CODE_REGIONS, code, Execution::Allowed))
        && layout.data.is_none_or(|data| mpu::cover(DATA_REGIONS, data.installation_slot(), Execution::Never));
    mpu::enable();
    opened
}

/// The answer [`YES`] when everything stands as it should: asked right before the application starts.
#[inline(never)]
pub fn stands(layout: &SecondStageLayout) -> u32 {
    let answer = both(is_shut(layout), is_shut(layout));
    let event = if answer == YES { Event::Passed } else { Event::Failed };
    report(Stage::Oemurot, event, Check::Protection as u16);
    answer
}

#[inline(never)]
fn is_shut(layout: &SecondStageLayout) -> bool {
    let in_place = layout.run == ApplicationRun::InPlace;
    let first = MCE1.is_locked()
        && MCE1.has_region(RegionNumber::One) == in_place
        && MCE1.has_region(RegionNumber::Two) == layout.data.is_some()
        && !MCE1.allows_writes(RegionNumber::One)
        && !MCE1.allows_writes(RegionNumber::Two)
        && MCE1.has_key() == keeps_flash(layout);
    let second = layout.run != ApplicationRun::ExternalRam
        || MCE2.is_locked() && MCE2.has_region(RegionNumber::One) && !MCE2.allows_writes(RegionNumber::One);
    first && second && mpu::is_enabled()
}

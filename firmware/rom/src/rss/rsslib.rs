//! RSSLIB: what the ROM does for a debugger on a halted core, and for running code that goes up a level.
//!
//! A setter that did its work does not return: it leaves its status behind, wipes the ROM's stack and resets. One that
//! refuses returns the reason. Which low halves a reason may have is not known of this family; ours are below.
// assumption A35: setters reset the chip themselves; refusals return and change nothing.

use chip::Destination;
use chip::memory_map::{AXI_SRAM3, Region, SYSTEM_FLASH};
use chip::option_bytes::{DBG_AUTH_SHIFT, NVSRP, NVSTATE_CLOSE, OEM_PROVISIONED, ROTSRP};
use chip::rsslib::{
    CRC_INIT, DATA_PROVISIONING_SIZE, ERROR, ERROR_CLASS, ERROR_CRC, LAST_STATUS, LAST_STATUS_MARK,
    SET_SEC_OB_ADDRESSES, SUCCESS, crc32_word,
};
use chip::trace::{Event, Stage};
use hardware::stage::{Vectors, report};
use hardware::{Register, mpu, pac};
use rot::obk;

use crate::entry::{hand_over, wipe_and_reset};
use crate::hdpl::{self, Level};
use crate::option_bytes::{self, State};

/// The flash interface refused, or an object did not read back.
const ERROR_FLASH: u32 = ERROR_CLASS | 0x0001;
/// Not in this product state.
const ERROR_STATE: u32 = ERROR_CLASS | 0x0002;
/// An address, mask or code that the call doesn't take.
const ERROR_ARGUMENT: u32 = ERROR_CLASS | 0x0003;
/// The structure or the data lie outside AXI SRAM3.
const ERROR_SOURCE: u32 = ERROR_CLASS | 0x0004;
/// The destination is none of this chip, or the size doesn't fit it.
const ERROR_DESTINATION: u32 = ERROR_CLASS | 0x0005;

/// The largest object: all indexes of an area.
const LARGEST: usize = chip::obk::INDEXES;

/// SetSecOB(address, mask, value, position).
pub extern "C" fn set_sec_ob(address: u32, mask: u32, value: u32, position: u32) -> u32 {
    if !SET_SEC_OB_ADDRESSES.contains(&address) || position > 31 {
        return refused(ERROR_ARGUMENT);
    }
    if !matches!(State::read(), State::Open | State::Provisioning) {
        return refused(ERROR_STATE);
    }
    match option_bytes::program(address, mask, value << position) {
        Ok(()) => {
            report(Stage::Rss, Event::OptionBytesSet, address as u16);
            finished(SUCCESS)
        }
        Err(_) => refused(ERROR_FLASH),
    }
}

/// SetProductState(code).
pub extern "C" fn set_product_state(code: u32) -> u32 {
    const PROVISIONING: u32 = 0x17;
    const CLOSED: u32 = 0x72;
    const LOCKED: u32 = 0x5C;
    let written = match (State::read(), code) {
        // With the mark of a provisioned chip the state would be CLOSED at once, and the mark can't be taken away
        // above level 1.
        (State::Open, PROVISIONING) if option_bytes::is_marked_provisioned() => return refused(ERROR_STATE),
        (State::Open, PROVISIONING) => option_bytes::program(pac_flash(NVSRP), 0xFF, u32::from(NVSTATE_CLOSE)),
        // assumption A36: the chip asks for no objects. A board that is closed without them is lost.
        (State::Provisioning, CLOSED) => option_bytes::program(pac_flash(ROTSRP), 0xFF, u32::from(OEM_PROVISIONED)),
        (State::Provisioning, LOCKED) => {
            let locked = chip::option_bytes::DebugAuthentication::Locked.code();
            let bits = u32::from(locked) << DBG_AUTH_SHIFT | u32::from(OEM_PROVISIONED);
            option_bytes::program(pac_flash(ROTSRP), 0xFFFF, bits)
        }
        (_, PROVISIONING | CLOSED | LOCKED) => return refused(ERROR_STATE),
        _ => return refused(ERROR_ARGUMENT),
    };
    match written {
        Ok(()) => {
            report(Stage::Rss, Event::ProductStateSet, code as u16);
            finished(SUCCESS)
        }
        Err(_) => refused(ERROR_FLASH),
    }
}

/// DataProvisioning(structure).
pub extern "C" fn data_provisioning(structure: u32) -> u32 {
    // In OPEN the core is at level 3 already, from where no object can be reached: refused there (assumption A37).
    if State::read() != State::Provisioning || hdpl::current() != Level::L0 {
        return refused(ERROR_STATE);
    }
    let request = match Request::read(structure) {
        Ok(request) => request,
        Err(error) => return refused(error),
    };
    let mut object = [[0; obk::INDEX]; LARGEST];
    if let Err(error) = request.take(object.as_flattened_mut()) {
        return refused(error);
    }
    // Nothing was changed so far. From here on the level goes up, and only a reset brings it down.
    let indexes = (request.size as usize).div_ceil(obk::INDEX);
    let status = match object.get_mut(..indexes).map(|object| store(&request, object)) {
        Some(Ok(())) => SUCCESS,
        Some(Err(_)) | None => ERROR_FLASH,
    };
    if status == SUCCESS {
        let place = u16::from(request.destination.hdpl()) << 8 | u16::from(request.destination.index());
        report(Stage::Rss, Event::ObjectStored, place);
    }
    finished(status)
}

/// GetRssStatus().
pub extern "C" fn status() -> u32 {
    let (mark, status) = last_status();
    if mark.read() == LAST_STATUS_MARK { status.read() } else { ERROR }
}

/// GetProductState().
pub extern "C" fn product_state() -> u32 {
    State::read().code()
}

/// The slots between the functions.
pub extern "C" fn reserved() -> u32 {
    ERROR
}

/// JumpHDPLvl2(vector table, MPU region).
pub extern "C" fn jump_level_2(table: u32, region: u32) -> u32 {
    jump(Level::L2, table, region)
}

/// JumpHDPLvl3(vector table, MPU region).
pub extern "C" fn jump_level_3(table: u32, region: u32) -> u32 {
    jump(Level::L3, table, region)
}

fn jump(level: Level, table: u32, region: u32) -> u32 {
    /// Where code of a next stage may stand: anywhere but in the ROM and among peripherals.
    const CODE: [Region; 3] =
        [Region::new(0, 0x3000_0000), Region::new(0x6000_0000, 0x4000_0000), Region::new(0x3000_0000, 0x1000_0000)];
    let place = CODE.into_iter().find(|code| code.contains(table));
    let Some(place) = place.filter(|_| !SYSTEM_FLASH.contains(table)) else { return ERROR_ARGUMENT };
    // Safety: the calling code names the table of the stage that it starts; one outside memory is its own bus fault.
    let Some(vectors) = (unsafe { Vectors::read(table, place) }) else { return ERROR_ARGUMENT };
    if region >= u32::from(mpu::regions()) || hdpl::current() >= level {
        return ERROR;
    }
    mpu::enable_region(region as u8);
    hand_over(vectors, level)
}

/// What DataProvisioning is asked to store.
struct Request {
    source: u32,
    destination: Destination,
    size: u32,
    encryption: u32,
    crc: u32,
}

impl Request {
    fn read(structure: u32) -> Result<Self, u32> {
        if structure & 3 != 0 || !AXI_SRAM3.contains_span(structure, DATA_PROVISIONING_SIZE) {
            return Err(ERROR_SOURCE);
        }
        // Safety: five aligned words inside AXI SRAM3.
        let field = |number: u32| unsafe { Register::at(structure + 4 * number) }.read();
        let request = Self {
            source: field(0),
            destination: Destination(field(1)),
            size: field(2),
            encryption: field(3),
            crc: field(4),
        };
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), u32> {
        if !self.destination.fits(self.size) || self.size & 3 != 0 {
            return Err(ERROR_DESTINATION);
        }
        // The area of level 0 holds debug authentication and nothing else; a method goes nowhere but there.
        let method = self.destination.method().is_some();
        if method != (self.destination.hdpl() == 0) {
            return Err(ERROR_DESTINATION);
        }
        // Keys that only the hardware reads are not stored through this call.
        if self.destination.index() < chip::obk::FIRST_READABLE_INDEX {
            return Err(ERROR_DESTINATION);
        }
        if self.source & 3 != 0 || !AXI_SRAM3.contains_span(self.source, self.size) {
            return Err(ERROR_SOURCE);
        }
        if self.encryption > 1 {
            return Err(ERROR_ARGUMENT);
        }
        Ok(())
    }

    /// Copies the data and compares its checksum, over the copy: what a debugger changes later has no effect.
    // assumption A2: the STM32 CRC unit's defaults over the data's words, then source, destination, size and flag.
    fn take(&self, into: &mut [u8]) -> Result<(), u32> {
        let mut crc = CRC_INIT;
        let (words, _) = into.as_chunks_mut::<4>();
        for (address, bytes) in (self.source..self.source + self.size).step_by(4).zip(words) {
            // Safety: an aligned word inside AXI SRAM3, as checked.
            let word = unsafe { Register::at(address) }.read();
            *bytes = word.to_le_bytes();
            crc = crc32_word(crc, word);
        }
        for word in [self.source, self.destination.0, self.size, self.encryption] {
            crc = crc32_word(crc, word);
        }
        if crc == self.crc { Ok(()) } else { Err(ERROR_CRC) }
    }
}

/// Stores the object at its own level, reads it back, and sets DBG_AUTH when it brings a method.
fn store(request: &Request, object: &mut [[u8; obk::INDEX]]) -> Result<(), obk::ObkError> {
    let destination = request.destination;
    let level = match destination.hdpl() {
        0 => Level::L0,
        1 => Level::L1,
        _ => Level::L2,
    };
    if !hdpl::raise_to(level) {
        return Err(obk::ObkError);
    }
    let index = destination.index();
    if request.encryption == 1 {
        obk::encrypt(index, object)?;
    }
    obk::write(index, object)?;
    for (index, stored) in (index..).zip(&*object) {
        let mut found = [[0; obk::INDEX]];
        obk::read(index, &mut found)?;
        if found != [*stored] {
            return Err(obk::ObkError);
        }
    }
    if let Some(method) = destination.method() {
        let bits = u32::from(method.code()) << DBG_AUTH_SHIFT;
        option_bytes::program(pac_flash(ROTSRP), 0xFF << DBG_AUTH_SHIFT, bits)?;
    }
    Ok(())
}

const fn pac_flash(offset: u32) -> u32 {
    chip::registers::FLASH + offset
}

fn last_status() -> (Register, Register) {
    pac::RCC.ahb2enr().modify(|w| w.set_sram2en(true));
    cortex_m::asm::dsb();
    // Safety: the last two words of AHB SRAM2, which the ROM keeps for itself.
    unsafe { (Register::at(LAST_STATUS), Register::at(LAST_STATUS + 4)) }
}

fn record(value: u32) {
    let (mark, status) = last_status();
    mark.write(LAST_STATUS_MARK);
    status.write(value);
    cortex_m::asm::dsb();
}

fn refused(reason: u32) -> u32 {
    report(Stage::Rss, Event::CallRefused, reason as u16);
    record(reason);
    reason
}

fn finished(status: u32) -> ! {
    record(status);
    wipe_and_reset()
}

//! Where this program is: its own image in RAM, the protection level, the vector table, and what reset the chip.

use chip::loader::{IMAGE_HEADER_SIZE, IMAGE_MAGIC};
use formats::{ImageHeader, Tlv, TlvArea, TlvKind, Version};
use hardware::pac::{RCC, SYSCFG};

/// Largest image that the program's linker script has room for, in bytes.
const AREA_SIZE: usize = 0x2_0000;

/// What the image's own header says.
pub struct Image {
    /// Version.
    pub version: Version,
    /// Security counter, where the image has one.
    pub counter: Option<u32>,
}

/// The image around this program, when there is one: the program may also have been put into RAM by a debugger.
pub fn image() -> Option<Image> {
    let start = vector_table().checked_sub(IMAGE_HEADER_SIZE)?;
    if !chip::memory_map::AXI_SRAM.contains_span(start, AREA_SIZE as u32) {
        return None;
    }
    // Safety: AXI SRAM, checked above. The program's code lies in it, its data elsewhere: nothing changes it.
    let area = unsafe { core::slice::from_raw_parts(start as usize as *const u8, AREA_SIZE) };
    let header = ImageHeader::decode(area).ok()?;
    header.require_magic(IMAGE_MAGIC).ok()?;
    let counter = TlvArea::decode(area, header.protected_offset(), TlvKind::Protected)
        .ok()
        .and_then(|tlvs| tlvs.only(Tlv::SECURITY_COUNTER).ok().flatten())
        .and_then(|entry| entry.u32().ok());
    Some(Image { version: header.version, counter })
}

/// The vector table's address.
pub fn vector_table() -> u32 {
    // Safety: VTOR, read only.
    unsafe { (*cortex_m::peripheral::SCB::PTR).vtor.read() }
}

/// The hide protection level, where its code is known.
pub fn protection_level() -> Option<usize> {
    RCC.apb4enr().modify(|w| w.set_syscfgen(true));
    let code = SYSCFG.hdplsr().read().hdpl().to_bits();
    chip::security::HDPL_CODES.iter().position(|known| *known == code)
}

/// Every cause that the chip remembers; they stay until power goes.
pub fn reset_causes() -> impl Iterator<Item = &'static str> {
    let causes = RCC.rsr().read();
    [
        (causes.porrstf(), "power-on"),
        (causes.borrstf(), "brown-out"),
        (causes.pinrstf(), "pin"),
        (causes.sftrstf(), "software"),
        (causes.iwdgrstf(), "watchdog"),
        (causes.wwdgrstf(), "window-watchdog"),
        (causes.lpwrrstf(), "low-power"),
        (causes.oblrstf(), "option-bytes"),
    ]
    .into_iter()
    .filter_map(|(set, name)| set.then_some(name))
}

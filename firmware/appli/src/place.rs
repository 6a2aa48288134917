//! Where this program is: its own image around it, the protection level, the vector table, and what reset the chip.

use chip::loader::IMAGE_HEADER_SIZE;
use chip::memory_map::{AXI_SRAM, MIB, Region, XSPI1_WINDOW, XSPI2_WINDOW};
use formats::{ImageHeader, Tlv, TlvArea, TlvKind, Version};
use hardware::pac::{RCC, SYSCFG};

/// Where an image may lie that this program is part of, and how large it may be there (build.rs): in RAM of the chip, in
/// external flash, in external RAM.
const AREAS: [(Region, u32); 3] = [(AXI_SRAM, 0x2_0000), (XSPI1_WINDOW, 2 * MIB), (XSPI2_WINDOW, 2 * MIB)];
/// The words that an image begins with: of one that STiRoT starts, of one that the second boot stage starts.
pub const MAGICS: [u32; 2] = [chip::loader::IMAGE_MAGIC, chip::second_stage::IMAGE_MAGIC];

/// What the image's own header says.
pub struct Image {
    /// Version.
    pub version: Version,
    /// Security counter, where the image has one.
    pub counter: Option<u32>,
}

/// The image around this program, when there is one: the program may also have been put there by a debugger.
pub fn image() -> Option<Image> {
    let (_, area) = area()?;
    let header = ImageHeader::decode(area).ok()?;
    MAGICS.iter().any(|magic| header.require_magic(*magic).is_ok()).then_some(())?;
    let counter = TlvArea::decode(area, header.protected_offset(), TlvKind::Protected)
        .ok()
        .and_then(|tlvs| tlvs.only(Tlv::SECURITY_COUNTER).ok().flatten())
        .and_then(|entry| entry.u32().ok());
    Some(Image { version: header.version, counter })
}

/// What of a memory this program and its image take up: as far as the image says, else all that there is room for.
pub fn own_image() -> Option<Region> {
    let (whole, area) = area()?;
    let size = image_size(area).filter(|size| *size <= whole.size).unwrap_or(whole.size);
    Some(Region::new(whole.start, size))
}

fn image_size(area: &[u8]) -> Option<u32> {
    let header = ImageHeader::decode(area).ok()?;
    MAGICS.iter().any(|magic| header.require_magic(*magic).is_ok()).then_some(())?;
    let tlvs = TlvArea::decode(area, header.tlv_offset(), TlvKind::Unprotected).ok()?;
    header.tlv_offset().checked_add(tlvs.size())
}

/// The memory that this program runs from, as far as it has room there, and what lies in it.
fn area() -> Option<(Region, &'static [u8])> {
    let start = vector_table().checked_sub(IMAGE_HEADER_SIZE)?;
    let (_, size) = AREAS.into_iter().find(|(memory, size)| memory.contains_span(start, *size))?;
    // Safety: memory that this program runs from, checked above. Only its code lies in it, its data elsewhere: nothing
    // changes it. Of the slice no more is read than the image says that it has.
    let bytes = unsafe { core::slice::from_raw_parts(start as usize as *const u8, size as usize) };
    Some((Region::new(start, size), bytes))
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

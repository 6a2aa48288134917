//! Rules about where things lie: the firmware area in RAM, the slots in external flash, the loader in user flash.
//!
//! Numbers of the rules are those of the documentation (`formats.md` §6).

use chip::memory_map::{
    AXI_SRAM, AXI_SRAM4, KIB, Region, SLOT_ALIGNMENT, USER_FLASH, USER_FLASH_SECTOR_SIZE, XSPI1_WINDOW, XSPI2_WINDOW,
};

use crate::finding::Severity;
use crate::stirot::{StirotConfiguration, field};
use formats::MceChoice;

/// A finding before it is told which file it is in.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) rule: &'static str,
    pub(crate) severity: Severity,
    pub(crate) field: &'static str,
    pub(crate) text: String,
    pub(crate) help: String,
}

fn error(rule: &'static str, field: &'static str, text: String, help: impl Into<String>) -> Violation {
    Violation { rule, severity: Severity::Error, field, text, help: help.into() }
}

const RAM_ALIGNMENT: u32 = 16 * KIB;
const SIZE_ALIGNMENT: u32 = 8 * KIB;

/// All of them, in the order of the fields.
pub(crate) fn violations(configuration: &StirotConfiguration) -> Vec<Violation> {
    let mut found = firmware_area(configuration);
    found.extend(slots(configuration));
    found.extend(loader(configuration));
    found.extend(cipher(configuration));
    found
}

/// R1, R2, R9, R10.
fn firmware_area(configuration: &StirotConfiguration) -> Vec<Violation> {
    let mut found = Vec::new();
    let (address, size) = (configuration.firmware_address, configuration.firmware_size);
    if !AXI_SRAM.contains(address) {
        let text = format!("{address:#010x} is not in AXI SRAM");
        let help = format!("choose a multiple of 16 KiB from {:#010x} on", AXI_SRAM.start);
        found.push(error("R1", field::FIRMWARE_ADDRESS, text, help));
    } else if !address.is_multiple_of(RAM_ALIGNMENT) {
        let text = format!("{address:#010x} is not a multiple of 16 KiB (0x4000)");
        let help = format!("the multiple below is {:#010x}", address - address % RAM_ALIGNMENT);
        found.push(error("R1", field::FIRMWARE_ADDRESS, text, help));
    }
    if size == 0 {
        found.push(error(
            "R9",
            field::FIRMWARE_SIZE,
            "the area is empty".into(),
            "choose a multiple of 8 KiB, such as 0x20000",
        ));
        return found;
    }
    if !size.is_multiple_of(SIZE_ALIGNMENT) {
        let text = format!("{size:#x} is not a multiple of 8 KiB (0x2000)");
        let help = match size.checked_next_multiple_of(SIZE_ALIGNMENT) {
            Some(above) => format!("the multiple above is {above:#x}"),
            None => "choose a multiple of 8 KiB, such as 0x20000".into(),
        };
        found.push(error("R2", field::FIRMWARE_SIZE, text, help));
    }
    let usable = usable_ram(configuration.sram_ecc);
    if AXI_SRAM.contains(address) && !usable.contains_span(address, size) {
        let ends = u64::from(address) + u64::from(size) - 1;
        let why = if configuration.sram_ecc { " (SRAM4 holds the ECC)" } else { "" };
        let text =
            format!("the firmware area would end at {ends:#010x}; the usable RAM ends at {:#010x}{why}", usable.last());
        let room = usable.last().saturating_sub(address).saturating_add(1);
        let help = if usable.contains(address) {
            format!("at {address:#010x} there is room for {:#x} bytes", room - room % SIZE_ALIGNMENT)
        } else {
            format!("choose an address from {:#010x} on, or switch the ECC off", AXI_SRAM.start)
        };
        found.push(error("R10", field::FIRMWARE_SIZE, text, help));
    }
    found
}

/// The RAM that an image may be copied to: all AXI SRAM, without SRAM4 when that holds the ECC.
pub(crate) fn usable_ram(sram_ecc: bool) -> Region {
    if sram_ecc { Region::new(AXI_SRAM.start, AXI_SRAM4.start - AXI_SRAM.start) } else { AXI_SRAM }
}

/// R3, R11.
fn slots(configuration: &StirotConfiguration) -> Vec<Violation> {
    let mut found = Vec::new();
    let size = configuration.firmware_size;
    let slots = [
        (field::INSTALLATION_ADDRESS, configuration.installation_address),
        (field::DOWNLOAD_ADDRESS, configuration.download_address),
    ];
    for (name, address) in slots {
        if !address.is_multiple_of(SLOT_ALIGNMENT) {
            let text =
                format!("{address:#010x} is not a multiple of 64 KiB (0x10000), the sector of the external flash");
            let help = format!("the multiple below is {:#010x}", address - address % SLOT_ALIGNMENT);
            found.push(error("R3", name, text, help));
        }
        let windows = [XSPI1_WINDOW, XSPI2_WINDOW];
        if !windows.iter().any(|window| window.contains_span(address, size)) {
            let text = format!("a slot of {size:#x} bytes at {address:#010x} lies in neither window of external flash");
            let help = "choose an address from 0x90000000 (XSPI1) or from 0x70000000 (XSPI2) on; a window has 256 MiB";
            found.push(error("R11", name, text, help));
        }
    }
    let [installation, download] = [configuration.installation_slot(), configuration.download_slot()].map(footprint);
    if size != 0 && installation.overlaps(download) {
        let text = format!(
            "the download slot at {:#010x} and the installation slot at {:#010x} share bytes; each takes {:#x}",
            download.start, installation.start, download.size
        );
        let help = match u32::checked_add(installation.start, installation.size) {
            Some(behind) => format!("the first address behind the installation slot is {behind:#010x}"),
            None => "move one of them".into(),
        };
        found.push(error("R11", field::DOWNLOAD_ADDRESS, text, help));
    }
    found
}

/// What a slot takes of the external flash: whole sectors of 64 KiB.
fn footprint(slot: Region) -> Region {
    Region::new(slot.start, slot.size.checked_next_multiple_of(SLOT_ALIGNMENT).unwrap_or(slot.size))
}

/// R5, R13.
fn loader(configuration: &StirotConfiguration) -> Vec<Violation> {
    let mut found = Vec::new();
    let (offset, size) = (configuration.loader_offset, configuration.loader_size);
    if !offset.is_multiple_of(USER_FLASH_SECTOR_SIZE) || offset >= USER_FLASH.size {
        let text = format!("{offset:#x} is not the start of one of the eight sectors of user flash");
        found.push(error("R5", field::LOADER_OFFSET, text, "choose 0x0, 0x2000, … 0xE000"));
    }
    if size == 0 || !size.is_multiple_of(USER_FLASH_SECTOR_SIZE) {
        let text = format!("{size:#x} is not a whole number of sectors of 8 KiB (0x2000)");
        found.push(error("R5", field::LOADER_SIZE, text, "give the loader's size, rounded up to a multiple of 0x2000"));
    }
    if u64::from(offset) + u64::from(size) > u64::from(USER_FLASH.size) {
        let text =
            format!("the loader at offset {offset:#x} with {size:#x} bytes ends behind the user flash of 64 KiB");
        found.push(error("R13", field::LOADER_SIZE, text, "offset and size together must not pass 0x10000"));
    }
    found
}

/// R12 and what the loader can reach.
fn cipher(configuration: &StirotConfiguration) -> Vec<Violation> {
    let (window, name) = match configuration.mce {
        MceChoice::Mce1 => (XSPI1_WINDOW, "XSPI1's window at 0x90000000"),
        MceChoice::Mce2 => (XSPI2_WINDOW, "XSPI2's window at 0x70000000"),
        MceChoice::Mce3 => {
            let text = "MCE3 encrypts behind the FMC, which no loader supports".into();
            return vec![error("R6", field::MCE, text, "choose 0, MCE1, with the slots at 0x90000000")];
        }
    };
    if window.contains(configuration.installation_address) {
        return Vec::new();
    }
    let text = format!(
        "{:?} encrypts {name}, but the installation slot is at {:#010x}",
        configuration.mce, configuration.installation_address
    );
    vec![error("R12", field::MCE, text, "let the cipher and the slots' addresses belong to the same port")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stirot::tests::sample;

    fn rules_of(change: impl FnOnce(&mut StirotConfiguration)) -> Vec<(&'static str, &'static str)> {
        let mut configuration = sample();
        change(&mut configuration);
        violations(&configuration).into_iter().map(|violation| (violation.rule, violation.field)).collect()
    }

    #[test]
    fn sts_default_layout_breaks_no_rule() {
        assert_eq!(rules_of(|_| {}), []);
    }

    #[test]
    fn a_firmware_area_outside_axi_sram_is_found() {
        assert_eq!(rules_of(|c| c.firmware_address = 0x2000_0000), [("R1", field::FIRMWARE_ADDRESS)]);
        assert_eq!(rules_of(|c| c.firmware_address = 0x2400_2000), [("R1", field::FIRMWARE_ADDRESS)]);
    }

    #[test]
    fn a_firmware_size_off_its_grid_is_found() {
        assert_eq!(rules_of(|c| c.firmware_size = 0), [("R9", field::FIRMWARE_SIZE)]);
        assert_eq!(rules_of(|c| c.firmware_size = 0x1F000), [("R2", field::FIRMWARE_SIZE)]);
    }

    #[test]
    fn a_firmware_area_that_reaches_the_ecc_is_found_only_while_ecc_is_on() {
        let large = |c: &mut StirotConfiguration| {
            c.firmware_address = 0x2405_0000;
            c.download_address = 0x9004_0000;
        };
        assert_eq!(rules_of(large), [("R10", field::FIRMWARE_SIZE)]);
        assert_eq!(
            rules_of(|c| {
                large(c);
                c.sram_ecc = false;
            }),
            []
        );
    }

    #[test]
    fn sizes_at_the_end_of_the_address_space_do_not_wrap() {
        let rules = rules_of(|c| {
            c.firmware_size = 0xFFFF_FFFF;
            c.download_address = 0xFFFF_FFFF;
            c.loader_offset = 0xFFFF_FFFF;
            c.loader_size = 0xFFFF_FFFF;
        });
        for rule in ["R2", "R10", "R3", "R11", "R5", "R13"] {
            assert!(rules.iter().any(|(found, _)| *found == rule), "{rule} is missing in {rules:?}");
        }
    }

    #[test]
    fn slots_that_share_a_sector_are_found_even_when_their_bytes_do_not_meet() {
        let rules = rules_of(|c| {
            c.firmware_size = 0x1_2000;
            c.download_address = 0x9001_0000;
        });
        assert_eq!(rules, [("R11", field::DOWNLOAD_ADDRESS)]);
    }

    #[test]
    fn a_slot_outside_external_flash_is_found() {
        assert_eq!(rules_of(|c| c.download_address = 0x0800_0000), [("R11", field::DOWNLOAD_ADDRESS)]);
        assert_eq!(rules_of(|c| c.download_address = 0x9002_0800), [("R3", field::DOWNLOAD_ADDRESS)]);
    }

    #[test]
    fn a_loader_that_does_not_fit_user_flash_is_found() {
        assert_eq!(rules_of(|c| c.loader_offset = 0x1000), [("R5", field::LOADER_OFFSET)]);
        assert_eq!(rules_of(|c| c.loader_size = 0x6100), [("R5", field::LOADER_SIZE)]);
        assert_eq!(rules_of(|c| c.loader_offset = 0xE000), [("R13", field::LOADER_SIZE)]);
    }

    #[test]
    fn a_cipher_of_another_port_is_found() {
        assert_eq!(rules_of(|c| c.mce = MceChoice::Mce2), [("R12", field::MCE)]);
        assert_eq!(rules_of(|c| c.mce = MceChoice::Mce3), [("R6", field::MCE)]);
    }
}

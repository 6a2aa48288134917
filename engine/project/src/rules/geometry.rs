//! Rules about where things lie: the firmware area in RAM, and the cipher of the port that the slots lie behind. The
//! slots themselves are judged in `slots`, the loader in `loader`.

use std::path::Path;

use chip::memory_map::{AXI_SRAM, AXI_SRAM4, KIB, Region, XSPI1_WINDOW, XSPI2_WINDOW};
use formats::MceChoice;

use super::slots;
use crate::finding::{Finding, NewValue, RegionName};
use crate::grouped::grouped;
use crate::stirot::{StirotConfiguration, field};

/// Grid of the firmware area's address (R1).
pub(crate) const RAM_ALIGNMENT: u32 = 16 * KIB;
/// Grid of the firmware area's size (R2).
const SIZE_ALIGNMENT: u32 = 8 * KIB;

/// All of them, in the order of the fields. `file` is the configuration they are about, `theirs` what the second stage
/// takes of the external flash.
pub(crate) fn findings(configuration: &StirotConfiguration, file: &Path, theirs: &[Region]) -> Vec<Finding> {
    let about = About { file };
    let mut found = firmware_area(configuration, about);
    found.extend(slots::findings(configuration, about, theirs));
    found.extend(cipher(configuration, about));
    found
}

/// The file that findings are about.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) file: &'a Path,
}

impl About<'_> {
    pub(super) fn error(
        self,
        id: &'static str,
        field: &str,
        region: RegionName,
        text: String,
        help: String,
    ) -> Finding {
        Finding { region: Some(region), ..Finding::error(id, self.file, Some(field), text, help) }
    }
}

/// The finding with a number that mends it.
pub(super) fn to_number(finding: Finding, number: u32) -> Finding {
    finding.mended_to(format!("Set {}", grouped(number)), NewValue::Number(number.into()))
}

/// R1, R2, R9, R10.
fn firmware_area(configuration: &StirotConfiguration, about: About<'_>) -> Vec<Finding> {
    let region = RegionName::FirmwareArea;
    let mut found = Vec::new();
    let (address, size) = (configuration.firmware_address, configuration.firmware_size);
    if !AXI_SRAM.contains(address) {
        let text = format!("{} is not in AXI SRAM", grouped(address));
        let help = format!("choose a multiple of 16 KiB from {} on", grouped(AXI_SRAM.start));
        let finding = about.error("R1", field::FIRMWARE_ADDRESS, region, text, help);
        found.push(to_number(finding, AXI_SRAM.start));
    } else if !address.is_multiple_of(RAM_ALIGNMENT) {
        let below = address - address % RAM_ALIGNMENT;
        let text = format!("{} is not a multiple of 16 KiB (0x4000)", grouped(address));
        let help = format!("the multiple below is {}", grouped(below));
        found.push(to_number(about.error("R1", field::FIRMWARE_ADDRESS, region, text, help), below));
    }
    if size == 0 {
        let text = "the area is empty".into();
        let help = "choose a multiple of 8 KiB, such as 0x20000".into();
        found.push(to_number(about.error("R9", field::FIRMWARE_SIZE, region, text, help), 128 * KIB));
        return found;
    }
    if !size.is_multiple_of(SIZE_ALIGNMENT) {
        let text = format!("{size:#x} is not a multiple of 8 KiB (0x2000)");
        found.push(match size.checked_next_multiple_of(SIZE_ALIGNMENT) {
            Some(above) => {
                let help = format!("the multiple above is {above:#x}");
                to_number(about.error("R2", field::FIRMWARE_SIZE, region, text, help), above)
            }
            None => {
                let help = "choose a multiple of 8 KiB, such as 0x20000".into();
                about.error("R2", field::FIRMWARE_SIZE, region, text, help)
            }
        });
    }
    let usable = usable_ram(configuration.sram_ecc);
    if AXI_SRAM.contains(address) && !usable.contains_span(address, size) {
        found.push(beyond_ram(configuration, usable, about));
    }
    found
}

/// R10.
fn beyond_ram(configuration: &StirotConfiguration, usable: Region, about: About<'_>) -> Finding {
    let (address, size) = (configuration.firmware_address, configuration.firmware_size);
    let ends = address.saturating_add(size - 1);
    let why = if configuration.sram_ecc { " (SRAM4 holds the ECC)" } else { "" };
    let text = format!(
        "the firmware area would end at {}; the usable RAM ends at {}{why}",
        grouped(ends),
        grouped(usable.last())
    );
    let room = usable.last().saturating_sub(address).saturating_add(1);
    let room = room - room % SIZE_ALIGNMENT;
    let help = if usable.contains(address) {
        format!("at {} there is room for {room:#x} bytes", grouped(address))
    } else {
        format!("choose an address from {} on, or switch the ECC off", grouped(AXI_SRAM.start))
    };
    let mut finding = about.error("R10", field::FIRMWARE_SIZE, RegionName::FirmwareArea, text, help);
    finding.also = vec![field::FIRMWARE_ADDRESS.into(), field::SRAM_ECC.into()];
    if usable.contains(address) && room > 0 { to_number(finding, room) } else { finding }
}

/// The RAM that an image may be copied to: all AXI SRAM, without SRAM4 when that holds the ECC.
pub(crate) fn usable_ram(sram_ecc: bool) -> Region {
    if sram_ecc { Region::new(AXI_SRAM.start, AXI_SRAM4.start - AXI_SRAM.start) } else { AXI_SRAM }
}

/// R6, R12 and what the loader can reach.
fn cipher(configuration: &StirotConfiguration, about: About<'_>) -> Vec<Finding> {
    let region = RegionName::Installation;
    let (window, name) = match configuration.mce {
        MceChoice::Mce1 => (XSPI1_WINDOW, "XSPI1's window at 0x9000 0000"),
        MceChoice::Mce2 => (XSPI2_WINDOW, "XSPI2's window at 0x7000 0000"),
        MceChoice::Mce3 => {
            let text = "MCE3 encrypts behind the FMC, which no loader supports".into();
            let help = "choose 0, MCE1, with the slots at 0x9000 0000".into();
            return vec![to_number(about.error("R6", field::MCE, region, text, help), 0)];
        }
    };
    if window.contains(configuration.installation_address) {
        return Vec::new();
    }
    let text = format!(
        "{:?} encrypts {name}, but the installation slot is at {}",
        configuration.mce,
        grouped(configuration.installation_address)
    );
    let help = "let the cipher and the slots' addresses belong to the same port".into();
    let mut finding = about.error("R12", field::MCE, region, text, help);
    finding.also = vec![field::INSTALLATION_ADDRESS.into()];
    let other = match configuration.mce {
        MceChoice::Mce1 => (XSPI2_WINDOW, 1),
        _ => (XSPI1_WINDOW, 0),
    };
    vec![if other.0.contains(configuration.installation_address) { to_number(finding, other.1) } else { finding }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Remedy;
    use crate::stirot::tests::sample;

    fn findings_of(change: impl FnOnce(&mut StirotConfiguration)) -> Vec<Finding> {
        let mut configuration = sample();
        change(&mut configuration);
        findings(&configuration, Path::new("STiROT_Config.xml"), &[])
    }

    fn rules_of(change: impl FnOnce(&mut StirotConfiguration)) -> Vec<(&'static str, String)> {
        findings_of(change).into_iter().map(|finding| (finding.id, finding.field.unwrap_or_default())).collect()
    }

    fn at(rule: &'static str, field: &str) -> (&'static str, String) {
        (rule, field.to_owned())
    }

    #[test]
    fn sts_default_layout_breaks_no_rule() {
        assert!(rules_of(|_| {}).is_empty());
    }

    #[test]
    fn a_firmware_area_outside_axi_sram_is_found() {
        assert_eq!(rules_of(|c| c.firmware_address = 0x2000_0000), [at("R1", field::FIRMWARE_ADDRESS)]);
        assert_eq!(rules_of(|c| c.firmware_address = 0x2400_2000), [at("R1", field::FIRMWARE_ADDRESS)]);
    }

    #[test]
    fn a_firmware_size_off_its_grid_is_found() {
        assert_eq!(rules_of(|c| c.firmware_size = 0), [at("R9", field::FIRMWARE_SIZE)]);
        assert_eq!(rules_of(|c| c.firmware_size = 0x1F000), [at("R2", field::FIRMWARE_SIZE)]);
    }

    #[test]
    fn a_firmware_area_that_reaches_the_ecc_is_found_only_while_ecc_is_on() {
        let large = |c: &mut StirotConfiguration| {
            c.firmware_address = 0x2405_0000;
            c.download_address = 0x9004_0000;
        };
        assert_eq!(rules_of(large), [at("R10", field::FIRMWARE_SIZE)]);
        assert_eq!(
            rules_of(|c| {
                large(c);
                c.sram_ecc = false;
            }),
            Vec::new()
        );
    }

    #[test]
    fn sizes_at_the_end_of_the_address_space_do_not_wrap() {
        let rules = rules_of(|c| {
            c.firmware_size = 0xFFFF_FFFF;
            c.download_address = 0xFFFF_FFFF;
        });
        for rule in ["R2", "R10", "R3", "R11"] {
            assert!(rules.iter().any(|(found, _)| *found == rule), "{rule} is missing in {rules:?}");
        }
    }

    #[test]
    fn slots_that_share_a_sector_are_found_even_when_their_bytes_do_not_meet() {
        let rules = rules_of(|c| {
            c.firmware_size = 0x1_2000;
            c.download_address = 0x9001_0000;
        });
        assert_eq!(rules, [at("R11", field::DOWNLOAD_ADDRESS)]);
    }

    #[test]
    fn a_slot_outside_external_flash_is_found() {
        assert_eq!(rules_of(|c| c.download_address = 0x0800_0000), [at("R11", field::DOWNLOAD_ADDRESS)]);
        assert_eq!(rules_of(|c| c.download_address = 0x9002_0800), [at("R3", field::DOWNLOAD_ADDRESS)]);
    }

    #[test]
    fn a_cipher_of_another_port_is_found() {
        assert_eq!(rules_of(|c| c.mce = MceChoice::Mce2), [at("R12", field::MCE)]);
        assert_eq!(rules_of(|c| c.mce = MceChoice::Mce3), [at("R6", field::MCE)]);
    }

    #[test]
    fn slots_behind_different_ports_are_found() {
        assert_eq!(rules_of(|c| c.download_address = 0x7000_0000), [at("R11", field::DOWNLOAD_ADDRESS)]);
    }

    /// What a finding's edits make of the configuration.
    fn mended(finding: &Finding, configuration: &mut StirotConfiguration) {
        let Some(Remedy::Edit { edits, text }) = &finding.remedy else { panic!("{finding} has no edit") };
        assert!(!text.is_empty());
        for edit in edits {
            let NewValue::Number(number) = edit.value else { panic!("{edit:?}") };
            let number = u32::try_from(number).unwrap();
            match edit.field.as_str() {
                field::FIRMWARE_ADDRESS => configuration.firmware_address = number,
                field::FIRMWARE_SIZE => configuration.firmware_size = number,
                field::INSTALLATION_ADDRESS => configuration.installation_address = number,
                field::DOWNLOAD_ADDRESS => configuration.download_address = number,
                field::MCE => configuration.mce = MceChoice::from_code(number).unwrap(),
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn an_edit_that_is_offered_mends_what_it_is_offered_for() {
        let changes: [fn(&mut StirotConfiguration); 12] = [
            |c| c.firmware_address = 0x2000_0000,
            |c| c.firmware_address = 0x2400_2000,
            |c| c.firmware_size = 0,
            |c| c.firmware_size = 0x1F000,
            |c| c.firmware_size = 0x80000,
            |c| c.download_address = 0x9001_0000,
            |c| c.download_address = 0x9002_0800,
            |c| c.download_address = 0x0800_0000,
            |c| c.download_address = 0x7000_0000,
            |c| c.installation_address = 0x9002_0000,
            |c| c.mce = MceChoice::Mce2,
            |c| c.mce = MceChoice::Mce3,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut configuration = sample();
            change(&mut configuration);
            let mut steps = 0;
            while let Some(finding) = findings(&configuration, Path::new("a.xml"), &[]).first() {
                mended(finding, &mut configuration);
                steps += 1;
                assert!(steps < 4, "change {number} is not mended: {finding}");
            }
            assert!(steps > 0, "change {number} broke nothing");
        }
    }

    #[test]
    fn a_slot_is_never_offered_a_place_behind_the_flash_or_in_the_second_stages_memory() {
        let mut configuration = sample();
        configuration.installation_address = 0x97FE_0000;
        configuration.download_address = 0x97FE_0000;
        let found = findings(&configuration, Path::new("a.xml"), &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        mended(&found[0], &mut configuration);
        assert_eq!(configuration.download_address, 0x9000_0000);

        // The second stage's memory right behind the slot that stays, and at the start of the flash.
        let theirs = [Region::new(0x9000_0000, 0x41_0000), Region::new(0x9043_0000, 0x1_0000)];
        configuration.installation_address = 0x9041_0000;
        configuration.download_address = 0x9041_0000;
        let found = findings(&configuration, Path::new("a.xml"), &theirs);
        assert_eq!(found.len(), 1, "{found:?}");
        mended(&found[0], &mut configuration);
        assert_eq!(configuration.download_address, 0x9044_0000);
    }
}

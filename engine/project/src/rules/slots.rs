//! Where STiRoT's slots lie in external flash: on its sectors, in one window, apart.

use chip::memory_map::{Region, SLOT_ALIGNMENT};

use super::external_flash::{WINDOWS, footprint, free_place, window_of};
use super::geometry::{About, to_number};
use crate::finding::{FieldEdit, Finding, NewValue, RegionName, Remedy};
use crate::grouped::grouped;
use crate::stirot::{StirotConfiguration, field};

/// R3, R11.
pub(super) fn findings(configuration: &StirotConfiguration, about: About<'_>, theirs: &[Region]) -> Vec<Finding> {
    let mut found = Vec::new();
    let size = configuration.firmware_size;
    let slots = [
        (field::INSTALLATION_ADDRESS, configuration.installation_address, RegionName::Installation),
        (field::DOWNLOAD_ADDRESS, configuration.download_address, RegionName::Download),
    ];
    for (name, address, region) in slots {
        if !address.is_multiple_of(SLOT_ALIGNMENT) {
            let below = address - address % SLOT_ALIGNMENT;
            let text =
                format!("{} is not a multiple of 64 KiB (0x10000), the sector of the external flash", grouped(address));
            let help = format!("the multiple below is {}", grouped(below));
            found.push(to_number(about.error("R3", name, region, text, help), below));
        }
        if !WINDOWS.iter().any(|window| window.contains_span(address, size)) {
            let text =
                format!("a slot of {size:#x} bytes at {} lies in neither window of external flash", grouped(address));
            let help =
                "choose an address from 0x9000 0000 (XSPI1) or from 0x7000 0000 (XSPI2) on; a window has 256 MiB";
            let finding = about.error("R11", name, region, text, help.into());
            let free = place_for(name, configuration, theirs);
            found.push(match free {
                Some(free) => to_number(finding, free),
                None => finding,
            });
        }
    }
    let [installation, download] = [configuration.installation_slot(), configuration.download_slot()];
    if size != 0 && footprint(installation).overlaps(footprint(download)) {
        found.push(overlap(configuration, about, theirs));
    } else if let (Some(one), Some(other)) = (window_of(installation.start), window_of(download.start))
        && one != other
    {
        let text = "the two slots lie behind different ports; the iLoader serves one port at a time";
        let help = "let both slots lie in the same window";
        let mut finding = about.error("R11", field::DOWNLOAD_ADDRESS, RegionName::Download, text.into(), help.into());
        finding.also = vec![field::INSTALLATION_ADDRESS.into()];
        found.push(match place_for(field::DOWNLOAD_ADDRESS, configuration, theirs) {
            Some(free) => to_number(finding, free),
            None => finding,
        });
    }
    found
}

/// R11: the slots share bytes.
fn overlap(configuration: &StirotConfiguration, about: About<'_>, theirs: &[Region]) -> Finding {
    let [installation, download] = [configuration.installation_slot(), configuration.download_slot()].map(footprint);
    let text = format!(
        "the download slot at {} and the installation slot at {} share bytes; each takes {:#x}",
        grouped(download.start),
        grouped(installation.start),
        download.size
    );
    let free = place_for(field::DOWNLOAD_ADDRESS, configuration, theirs);
    let help = match free {
        Some(free) => format!("{} is free for it", grouped(free)),
        None => "move one of them".into(),
    };
    let mut finding = about.error("R11", field::DOWNLOAD_ADDRESS, RegionName::Download, text, help);
    finding.also = vec![field::INSTALLATION_ADDRESS.into(), field::FIRMWARE_SIZE.into()];
    match free {
        Some(free) => finding.mended_by(Remedy::Edit {
            text: "Move it".into(),
            edits: vec![FieldEdit {
                file: about.file.to_owned(),
                field: field::DOWNLOAD_ADDRESS.into(),
                value: NewValue::Number(free.into()),
            }],
        }),
        None => finding,
    }
}

/// A place for a slot in the memory of the other one, off that and off what is the second stage's.
fn place_for(name: &str, configuration: &StirotConfiguration, theirs: &[Region]) -> Option<u32> {
    let other = match name {
        field::DOWNLOAD_ADDRESS => configuration.installation_slot(),
        _ => configuration.download_slot(),
    };
    let taken = [&[footprint(other)], theirs].concat();
    free_place(other.start, &taken, configuration.firmware_size)
}

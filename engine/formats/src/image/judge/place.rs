//! Where an image lies and what surrounds it: the file, the address, the slot, its fill, its end. Of these a boot stage
//! looks at address and size alone.

use super::material::Material;
use super::{Circumstances, Outcome};
use crate::image::anatomy::slot::Mark;
use crate::image::dissected::Dissected;
use crate::image::settings::ImageProfile;

pub(super) fn file(material: &Material<'_>) -> Outcome {
    match &material.damage {
        Some(damage) => Outcome::Fails(damage.clone()),
        None => Outcome::Holds("it reads without damage".into()),
    }
}

pub(super) fn address(material: &Material<'_>, circumstances: &Circumstances<'_>) -> Outcome {
    match (material.address, circumstances.download_address) {
        (Some(address), Some(slot)) if address == slot => {
            Outcome::Holds(format!("{address:#010x}, where new images are looked for"))
        }
        (Some(address), Some(slot)) => {
            Outcome::Fails(format!("the file is for {address:#010x}, the download slot is at {slot:#010x}"))
        }
        (None, _) => Outcome::NotCheckable("the file tells no addresses".into()),
        (Some(address), None) => {
            Outcome::NotCheckable(format!("the file is for {address:#010x}; where the download slot is isn't known"))
        }
    }
}

/// Bytes of the trailer that the slot must have room for (`formats.md` §3.4; the second stage overwrites, its flash is
/// written in units of up to 8 bytes).
const fn trailer_size(profile: ImageProfile) -> u64 {
    match profile {
        ImageProfile::Stirot => 16,
        // Two flags of 8 bytes before the mark.
        ImageProfile::Oemurot => 32,
    }
}

pub(super) fn slot(
    material: &Material<'_>,
    seen: &Dissected<'_>,
    circumstances: &Circumstances<'_>,
    profile: ImageProfile,
) -> Outcome {
    let size = match (circumstances.slot_size, material.shown_slot) {
        (Some(size), _) => u64::from(size),
        (None, Some(shown)) => shown,
        (None, None) => return Outcome::NotCheckable("neither the file nor the project says how large it is".into()),
    };
    let Ok(header) = &seen.header else { return Outcome::NotCheckable("the header says no sizes".into()) };
    // What the header says of the payload counts: the file may hold less. The areas say their own sizes.
    let protected = seen.protected_area().map_or(usize::from(header.protected_size), |area| area.size);
    let tlvs = seen.tlvs.as_ref().map_or(0, |area| area.size);
    let areas = (protected as u64).saturating_add(tlvs as u64);
    let needed = (u64::from(header.protected_offset()) + areas).max(seen.end as u64) + trailer_size(profile);
    if needed <= size {
        Outcome::Holds(format!("{needed} of {size} bytes with the trailer"))
    } else {
        Outcome::Fails(format!("image and trailer take {needed} bytes, the slot has {size}"))
    }
}

pub(super) fn extent(material: &Material<'_>, circumstances: &Circumstances<'_>) -> Outcome {
    match (material.shown_slot, circumstances.slot_size) {
        (Some(shown), Some(size)) if shown == u64::from(size) => {
            Outcome::Holds(format!("it is made for a slot of {size:#x} bytes, as this one is"))
        }
        (Some(shown), Some(size)) => {
            let beyond = if shown > u64::from(size) { "; it writes behind the slot's end" } else { "" };
            let text = format!("the file is for a slot of {shown:#x} bytes, the firmware area has {size:#x}{beyond}");
            Outcome::Notice(text)
        }
        (Some(shown), None) => Outcome::Holds(format!("it is made for a slot of {shown:#x} bytes")),
        (None, _) => Outcome::NotCheckable("the file ends with the image".into()),
    }
}

pub(super) fn fill(material: &Material<'_>, profile: Option<ImageProfile>) -> Outcome {
    if material.rest.is_empty() {
        return Outcome::NotCheckable("the file ends with the image".into());
    }
    let trailer = match (material.mark(), profile) {
        (None, _) => 0,
        // Before the mark the second stage may keep three fields of 8 bytes.
        (Some(_), Some(ImageProfile::Oemurot)) => Mark::SIZE + 3 * 8,
        (Some(_), _) => Mark::SIZE,
    };
    let end = material.rest.last().map_or(0, |(offset, bytes)| offset.saturating_add(bytes.len() as u64));
    let fill_end = end.saturating_sub(trailer);
    for (offset, bytes) in &material.rest {
        let length = usize::try_from(fill_end.saturating_sub(*offset)).unwrap_or(usize::MAX).min(bytes.len());
        let odd = bytes.get(..length).and_then(|bytes| bytes.iter().position(|byte| *byte != 0xFF));
        if let Some(odd) = odd {
            let at = offset.saturating_add(odd as u64);
            return Outcome::Notice(format!("offset {at:#x} isn't 0xff; no loader looks at it"));
        }
    }
    Outcome::Holds("0xff, or left out of the file".into())
}

pub(super) fn trailer(material: &Material<'_>, profile: Option<ImageProfile>) -> Outcome {
    if material.rest.is_empty() {
        return Outcome::NotCheckable("the file ends with the image".into());
    }
    match (material.mark(), profile) {
        (Some(Mark::Classic), _) => Outcome::Holds("the mark of a complete image".into()),
        (Some(Mark::Aligned(alignment)), _) => Outcome::Notice(format!(
            "upstream's mark for an alignment of {alignment}; ST's tool writes the other one"
        )),
        (None, Some(ImageProfile::Oemurot)) => Outcome::Notice(
            "the last 16 bytes of the slot aren't the mark of a complete image; whether the second stage looks at it in \
             overwrite mode isn't known"
                .into(),
        ),
        (None, _) => {
            Outcome::Notice("the last 16 bytes of the slot aren't the mark of a complete image; no loader looks at it".into())
        }
    }
}

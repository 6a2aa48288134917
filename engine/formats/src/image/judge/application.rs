//! Whether what is inside would run: its vector table, and the place that it was linked for. No boot stage looks at
//! either; it jumps.

use chip::memory_map::{DTCM, Region, TCM_MAX_SIZE};

use super::{Circumstances, Outcome};
use crate::image::header::ImageHeader;
use crate::image::settings::ImageProfile;
use crate::image::vectors::Start;

/// What the DTCM has when it borrows all that it can, beyond its own.
const BORROWED: Region = Region::new(DTCM.start + DTCM.size, TCM_MAX_SIZE - DTCM.size);

pub(super) fn vectors(start: Option<Start>) -> Outcome {
    let Some(start) = start else { return Outcome::Fails("the payload is shorter than two vectors".into()) };
    match start.problem() {
        Some(problem) => Outcome::Fails(format!("{problem}; the core would stop at once")),
        // What a program may be linked for in general, a provisioned board doesn't have.
        None if BORROWED.contains(start.stack.wrapping_sub(1)) => Outcome::Fails(format!(
            "the stack at {:#010x} lies in memory that the DTCM can borrow, and provisioning lends it none",
            start.stack
        )),
        None => Outcome::Holds(format!("stack {:#010x}, reset handler {:#010x}", start.stack, start.instruction())),
    }
}

pub(super) fn link_address(
    start: Option<Start>,
    header: &ImageHeader,
    circumstances: &Circumstances<'_>,
    profile: Option<ImageProfile>,
) -> Outcome {
    let Some(start) = start.filter(|start| start.problem().is_none()) else {
        return Outcome::NotCheckable("there is no vector table that tells it".into());
    };
    let Some(firmware) = circumstances.firmware_address else {
        let whose = match profile {
            Some(ImageProfile::Oemurot) => {
                "where the application runs is said inside of the second stage's program, and none that says it is at hand"
            }
            _ => "where the firmware area lies isn't known",
        };
        return Outcome::NotCheckable(format!("reset handler {:#010x}; {whose}", start.instruction()));
    };
    let first = u64::from(firmware) + u64::from(header.payload_offset());
    let last = first + u64::from(header.payload_size);
    let reset = u64::from(start.instruction());
    if (first..last).contains(&reset) {
        return Outcome::Holds(format!(
            "the reset handler {reset:#010x} lies in the payload, which runs at {first:#010x}"
        ));
    }
    Outcome::Fails(format!(
        "the reset handler {reset:#010x} lies outside of the payload, which runs at {first:#010x} to {:#010x}; link the \
         application for {first:#010x}",
        last.saturating_sub(1)
    ))
}

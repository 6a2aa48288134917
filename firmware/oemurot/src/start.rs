//! The last decision: every word is looked at once more, what the application must not reach is shut, and it starts.

use core::hint::black_box;

use chip::memory_map::Region;
use chip::second_stage::{AREA, IMAGE_HEADER_SIZE};
use chip::trace::{Check, Event, Stage, Stop, Subject, SubjectImage, SubjectPlace};
use formats::second_stage_layout::{ApplicationRun, SecondStageLayout};
use hardware::nor::Nor;
use hardware::stage::{Vectors, report};
use hardware::{uart, window};
use rot::redundant::{YES, both};

use crate::console::{self, Part};
use crate::refusal::refuse;
use crate::run_copy::{self, CopyFault, CopyVerdicts};
use crate::source::Source;
use crate::verdict::Verdicts;
use crate::{entry, protection};

const APPLICATION: Subject = Subject { image: SubjectImage::Application, place: SubjectPlace::Installation };
const DATA: Subject = Subject { image: SubjectImage::Data, place: SubjectPlace::Installation };

/// Starts the application that was judged; nothing when it or the data image was refused.
pub fn application(layout: &SecondStageLayout, application: &Verdicts, data: Option<&Verdicts>, mut nor: Nor) -> ! {
    look_at(application, APPLICATION, layout.application.installation);
    match (layout.data, data) {
        (Some(places), Some(data)) => look_at(data, DATA, places.installation),
        (None, None) => {}
        _ => refuse(Stop::Disagreement),
    }
    if nor.map_for_reading().is_err() {
        refuse(Stop::ExternalFlashFailed);
    }
    // Safety: a slot of the layout, in a window that is mapped.
    let installed = unsafe { Source::new(layout.application.installation_slot()) };
    match layout.run {
        ApplicationRun::InPlace => {}
        ApplicationRun::InternalRam => {
            run_copy::to_internal_ram(&installed, &layout.application);
            judge_copy(layout, application);
        }
        ApplicationRun::ExternalRam => {
            match run_copy::to_external_ram(&installed, &layout.application) {
                Ok(()) => {}
                Err(CopyFault::Memory) => refuse(Stop::ExternalRamFailed),
                Err(CopyFault::Cipher) => refuse(Stop::CipherFailed),
            }
            judge_copy(layout, application);
        }
    }
    // The last words that matter, right before: a jump that was skipped above comes to nothing here.
    look_at(application, APPLICATION, black_box(layout).application.installation);
    if let (Some(places), Some(data)) = (black_box(layout).data, data) {
        look_at(data, DATA, places.installation);
    }

    let vectors = vectors(layout);
    let event = if vectors.is_some() { Event::Passed } else { Event::Failed };
    report(Stage::Oemurot, event, Check::Vectors as u16);
    let Some(vectors) = vectors else { refuse(Stop::NoBootableImage) };

    protection::shut_engines(layout);
    if !protection::keeps_flash(layout) {
        if nor.unmap().is_err() {
            refuse(Stop::ExternalFlashFailed);
        }
        nor.stop();
    }
    window::close();
    if !protection::open_windows(layout) {
        refuse(Stop::CipherFailed);
    }
    if protection::stands(layout) != YES {
        refuse(Stop::CipherFailed);
    }
    if protection::stands(layout) != YES {
        refuse(Stop::CipherFailed);
    }
    console::line(&[
        Part::Text("starts "),
        Part::Version(application.version()),
        Part::Text(" at "),
        Part::Hex(layout.code_address()),
        Part::Text(", HDPL 3"),
    ]);
    uart::stop();
    report(Stage::Oemurot, Event::StartsApplication, 3);
    entry::hand_over(vectors)
}

/// Comes back only when both rounds passed, for this image in this place.
#[inline(always)]
fn look_at(verdicts: &Verdicts, subject: Subject, start: u32) {
    if verdicts.first_is_good(subject, start) != verdicts.second_is_good(subject, start) {
        refuse(Stop::Disagreement);
    }
    if !verdicts.second_is_good(subject, start) {
        refuse(Stop::NoBootableImage);
    }
    if !verdicts.first_is_good(subject, start) {
        refuse(Stop::NoBootableImage);
    }
}

/// Judges the copy in RAM; comes back only with a good one.
fn judge_copy(layout: &SecondStageLayout, installed: &Verdicts) {
    // Safety: RAM of the layout, to which the image was copied.
    let copy = unsafe { Source::new(layout.application.run_area()) };
    let verdicts = CopyVerdicts::of(&copy, installed);
    let start = layout.application.run;
    if !verdicts.first_is_good(start) {
        refuse(Stop::NoBootableImage);
    }
    if !verdicts.second_is_good(start) {
        refuse(Stop::NoBootableImage);
    }
}

/// The application's vector table, with its stack where the application may reach it.
#[inline(never)]
fn vectors(layout: &SecondStageLayout) -> Option<Vectors> {
    let run = layout.application.run_area();
    let code = Region::new(run.start + IMAGE_HEADER_SIZE, run.size - IMAGE_HEADER_SIZE);
    // Safety: the image was judged where it runs; its memory can be read.
    let vectors = unsafe { Vectors::read(code.start, code) }?;
    let reaches_stack = || !AREA.contains(vectors.stack.wrapping_sub(4));
    (both(reaches_stack(), reaches_stack()) == YES).then_some(vectors)
}

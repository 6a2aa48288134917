//! One boot: what is configured, what lies in the slots, what is installed, what starts. It ends in the application or
//! asleep, never in a reset: a board without an image doesn't turn in circles.
// assumption A88: ST's stage resets, or jumps to the bootloader, when there is no image; this one sleeps.

use chip::memory_map::Region;
use chip::second_stage::{IMAGE_MAGIC, PROGRAM_ADDRESS};
use chip::trace::{Event, Stage, Stop, Subject, SubjectImage, SubjectPlace};
use cortex_m::peripheral::SCB;
use formats::second_stage_layout::{ApplicationRun, ConsoleLines, ImagePlaces, SecondStageLayout};
use hardware::external::Fault;
use hardware::nor::Nor;
use hardware::stage::{caches_off, refresh_watchdog, report};
use hardware::{mpu, pads, window};

use crate::configuration::{Configuration, Storage};
use crate::console::{self, Part};
use crate::counters::Counters;
use crate::image;
use crate::install;
use crate::layout;
use crate::refusal::refuse;
use crate::source::Source;
use crate::verdict::Verdicts;
use crate::{entry, protection, start};

/// How often an installation is tried in one boot. A third time would meet the same flash; the next reset tries again,
/// from the download that is still there.
const INSTALLATIONS: u32 = 2;

/// Called once, by the reset code.
pub extern "C" fn run() -> ! {
    if !is_in_its_place() {
        refuse(Stop::WrongPlace);
    }
    if !is_in_its_place() {
        refuse(Stop::WrongPlace);
    }
    refresh_watchdog();
    caches_off();
    let Some(layout) = layout::read() else {
        console::start();
        refuse(Stop::BadLayout)
    };
    if layout.console == ConsoleLines::Told {
        console::start();
    }
    tell_layout(&layout);
    let mut storage = Storage::new();
    let Some(configuration) = Configuration::read(&mut storage) else { refuse(Stop::NoSecondConfiguration) };
    let Some(mut counters) = Counters::read() else { refuse(Stop::NoSecondData) };

    protection::guard_windows();
    window::open();
    pads::prepare();
    let Ok(mut nor) = Nor::start() else { refuse(Stop::ExternalFlashFailed) };
    if !protection::open_slots(&layout) {
        refuse(Stop::CipherFailed);
    }
    let mut settle = |image, places: &ImagePlaces| match settle(&mut nor, image, places, &configuration, &mut counters)
    {
        Ok(verdicts) => verdicts,
        Err(Trouble::Flash) => refuse(Stop::ExternalFlashFailed),
        Err(Trouble::Data) => refuse(Stop::NoSecondData),
    };
    let application = settle(SubjectImage::Application, &layout.application);
    let data = layout.data.map(|places| settle(SubjectImage::Data, &places));
    start::application(&layout, &application, data.as_ref(), nor)
}

/// Whether STiRoT started the stage: at level 2, where it is linked.
#[inline(never)]
fn is_in_its_place() -> bool {
    // Safety: VTOR, read only.
    let table = unsafe { (*SCB::PTR).vtor.read() };
    table == PROGRAM_ADDRESS && entry::is_at_level_2() && mpu::regions() >= mpu::REGIONS
}

fn tell_layout(layout: &SecondStageLayout) {
    let (code, name) = match layout.run {
        ApplicationRun::InPlace => (0, "in place"),
        ApplicationRun::InternalRam => (1, "in internal RAM"),
        ApplicationRun::ExternalRam => (2, "in external RAM"),
    };
    report(Stage::Oemurot, Event::SecondStageEntered, code);
    console::line(&[
        Part::Text("second boot stage, HDPL 2; the application runs "),
        Part::Text(name),
        Part::Text(", at "),
        Part::Hex(layout.code_address()),
    ]);
}

/// What keeps an image from being settled.
enum Trouble {
    Flash,
    Data,
}

impl From<Fault> for Trouble {
    fn from(_: Fault) -> Self {
        Self::Flash
    }
}

/// Installs an image's download, if there is a good one, judges what is then installed, and keeps its counter.
fn settle(
    nor: &mut Nor,
    image: SubjectImage,
    places: &ImagePlaces,
    configuration: &Configuration<'_>,
    counters: &mut Counters,
) -> Result<Verdicts, Trouble> {
    let subject = Subject { image, place: SubjectPlace::Installation };
    let mut tries = INSTALLATIONS;
    let (verdicts, pending) = loop {
        let pending = take_download(nor, image, places, configuration)?;
        let verdicts = judged(nor, places.installation_slot(), subject, configuration)?;
        tries -= 1;
        let good = verdicts.first_is_good(subject, places.installation)
            && verdicts.second_is_good(subject, places.installation);
        if good || pending == Pending::No || tries == 0 {
            break (verdicts, pending);
        }
    };
    // A refused one doesn't push the counter, nor does it cost the download that it came from.
    if !verdicts.first_is_good(subject, places.installation) || !verdicts.second_is_good(subject, places.installation) {
        return Ok(verdicts);
    }
    let [digest, _] = verdicts.digests();
    counters.store(image, verdicts.counter(), digest).map_err(|_| Trouble::Data)?;
    console::line(&[
        Part::Image(image),
        Part::Text(" "),
        Part::Version(verdicts.version()),
        Part::Text(": good, security counter "),
        Part::Hex(verdicts.counter()),
    ]);
    if pending == Pending::Yes {
        erase_download(nor, image, places)?;
    }
    Ok(verdicts)
}

/// Whether a download was installed that still lies in its slot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Yes,
    No,
}

/// Judges a download, and installs a good one. A slot without the magic is nobody's business; an image that is refused
/// is erased.
fn take_download(
    nor: &mut Nor,
    image: SubjectImage,
    places: &ImagePlaces,
    configuration: &Configuration<'_>,
) -> Result<Pending, Trouble> {
    nor.map_for_reading()?;
    // Safety: a slot of the layout, in a window that is mapped.
    let magic = image::magic(&unsafe { Source::new(places.download_slot()) });
    nor.unmap()?;
    if magic != IMAGE_MAGIC.to_le_bytes() {
        report(Stage::Oemurot, Event::DownloadIgnored, image as u16);
        return Ok(Pending::No);
    }
    let subject = Subject { image, place: SubjectPlace::Download };
    let verdicts = judged(nor, places.download_slot(), subject, configuration)?;
    if !verdicts.first_is_good(subject, places.download) || !verdicts.second_is_good(subject, places.download) {
        erase_download(nor, image, places)?;
        return Ok(Pending::No);
    }
    console::line(&[Part::Text("installs "), Part::Image(image), Part::Text(" "), Part::Version(verdicts.version())]);
    install::install(nor, image, places, configuration)?;
    Ok(Pending::Yes)
}

/// Judges what lies in a slot.
fn judged(
    nor: &mut Nor,
    slot: Region,
    subject: Subject,
    configuration: &Configuration<'_>,
) -> Result<Verdicts, Trouble> {
    nor.map_for_reading()?;
    // Safety: a slot of the layout, in a window that is mapped.
    let verdicts = Verdicts::of(&unsafe { Source::new(slot) }, subject, configuration);
    nor.unmap()?;
    Ok(verdicts)
}

fn erase_download(nor: &mut Nor, image: SubjectImage, places: &ImagePlaces) -> Result<(), Trouble> {
    install::erase_from_the_end(nor, places.download_slot())?;
    report(Stage::Oemurot, Event::DownloadErased, image as u16);
    console::line(&[Part::Text("download slot of "), Part::Image(image), Part::Text(" erased")]);
    Ok(())
}

//! Bringing a download into its installation slot: erased, decrypted, written through the cipher engine. What was written
//! is judged by whoever called, as if nothing were known of it.

use chip::memory_map::Region;
use chip::second_stage::TRAILER_SIZE;
use chip::trace::{Event, Stage, Subject, SubjectImage, SubjectPlace};
use formats::second_stage_layout::ImagePlaces;
use hardware::external::Fault;
use hardware::nor::{Nor, PAGE};
use hardware::stage::report;
use rot::redundant::forget;

use crate::configuration::Configuration;
use crate::entry::DMA_PAGE;
use crate::image::{CHUNK, Image, Opening};
use crate::source::Source;

/// Larger erase of the flash, in bytes.
const BLOCK: u32 = 65_536;

/// Erases a slot from its end: an erase that was cut off leaves the header with its magic for the last, so that the next
/// boot finds an image that it refuses, and erases the rest of it.
///
/// # Errors
/// What the flash reports.
pub fn erase_from_the_end(nor: &mut Nor, slot: Region) -> Result<(), Fault> {
    let mut end = slot.size;
    while end > 0 {
        // A whole block where one ends here, else up to the last one's end.
        let over = slot.start.wrapping_add(end) % BLOCK;
        let size = if over == 0 { BLOCK } else { over }.min(end);
        end -= size;
        nor.erase(Region::new(slot.start + end, size))?;
    }
    Ok(())
}

/// Erases an installation slot and writes the download's image there, decrypted. Of the download nothing is believed that
/// was seen before: its sizes are looked at anew.
///
/// # Errors
/// What flash and DMA report; nothing is written when the download is no image any more.
pub fn install(
    nor: &mut Nor,
    image: SubjectImage,
    places: &ImagePlaces,
    configuration: &Configuration<'_>,
) -> Result<(), Fault> {
    // Safety: a slot of the layout; the window is mapped while it is read.
    let download = unsafe { Source::new(places.download_slot()) };
    nor.map_for_reading()?;
    let opened = Image::open(&download);
    nor.unmap()?;
    let Some(opened) = opened else { return Ok(()) };
    let opening = if opened.header.flags.encrypted() {
        let Some(mut key) = opened.key(configuration.decryption_key) else { return Ok(()) };
        let opening = Opening::with(&key);
        forget(&mut key);
        opening
    } else {
        Opening::none()
    };
    let installation = places.installation_slot();
    report(Stage::Oemurot, Event::SlotErased, Subject { image, place: SubjectPlace::Installation }.encode());
    erase_from_the_end(nor, installation)?;
    let written = write(nor, &download, installation, &opened, opening);
    forget(dma_page());
    written?;
    report(Stage::Oemurot, Event::Installed, image as u16);
    Ok(())
}

fn write(
    nor: &mut Nor,
    download: &Source,
    installation: Region,
    opened: &Image,
    mut opening: Opening,
) -> Result<(), Fault> {
    // `Image::open` saw that image and trailer fit the slot; the trailer leaves room for a last page that isn't full.
    let end = opened.size().min(installation.size - TRAILER_SIZE);
    let mut offset = 0;
    while offset < end {
        let size = (CHUNK as u32).min(end - offset);
        let page = dma_page();
        page.fill(0xFF);
        let Some(bytes) = page.get_mut(..size as usize) else { return Err(Fault::Dma) };
        nor.map_for_reading()?;
        let read = download.read(offset, bytes);
        nor.unmap()?;
        if !read {
            return Err(Fault::Nor);
        }
        opening.apply(&opened.header, offset, bytes);
        let size = size.next_multiple_of(PAGE);
        nor.write(Region::new(DMA_PAGE.start, size), Region::new(installation.start + offset, size))?;
        offset += CHUNK as u32;
    }
    Ok(())
}

/// What the DMA takes from and brings to.
pub fn dma_page() -> &'static mut [u8; CHUNK] {
    // Safety: RAM of this stage's area behind its program, used here and in `run_copy` alone, one at a time.
    unsafe { &mut *(DMA_PAGE.start as usize as *mut [u8; CHUNK]) }
}

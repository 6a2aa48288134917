//! The three jobs.

use chip::loader::{IMAGE_MAGIC, RSSCMD_EMPTY, RSSCMD_PRIMARY_LOADED, RSSCMD_SECONDARY_LOADED};
use chip::memory_map::Region;
use chip::trace::{Event, Stage};
use hardware::mce::MCE1;
use hardware::nor::Nor;
use hardware::stage::report;
use hardware::window;

use crate::Fault;
use crate::request::{Operation, Request};

/// Does the job. The answer is the word to leave for the next run, if any.
pub fn run(request: &Request, nor: &mut Nor) -> Result<Option<u16>, Fault> {
    match request.operation {
        Operation::Load => load(request, nor).map(Some),
        Operation::Save => save(request, nor).map(|()| None),
        Operation::Erase => {
            request.stands()?;
            nor.erase(request.download)?;
            report(Stage::Iloader, Event::DownloadErased, 0);
            Ok(None)
        }
    }
}

/// A download comes first; the installed image only into RAM that holds none.
fn load(request: &Request, nor: &mut Nor) -> Result<u16, Fault> {
    request.stands()?;
    nor.map_for_reading()?;
    let holds_image = |slot: Region| window::read(slot.start) == IMAGE_MAGIC;
    let command = if holds_image(request.download) {
        window::copy_to_ram(request.download, request.ram);
        report(Stage::Iloader, Event::LoadedDownload, 0);
        RSSCMD_SECONDARY_LOADED
    } else if holds_image(request.installation) && !holds_image(request.ram) {
        window::copy_to_ram(request.installation, request.ram);
        report(Stage::Iloader, Event::LoadedInstallation, 0);
        RSSCMD_PRIMARY_LOADED
    } else {
        report(Stage::Iloader, Event::NothingToLoad, 0);
        RSSCMD_EMPTY
    };
    nor.unmap()?;
    Ok(command)
}

/// RAM to installation slot, through the cipher engine; the download goes only when that reads back.
fn save(request: &Request, nor: &mut Nor) -> Result<(), Fault> {
    request.stands()?;
    if window::read(request.ram.start) != IMAGE_MAGIC {
        // Nothing to install, and nothing wrong.
        return Ok(());
    }
    // An engine that anybody could still change would not keep the image secret.
    if !MCE1.is_locked() {
        return Err(Fault::Unlocked);
    }
    nor.erase(request.installation)?;
    nor.write(request.ram, request.installation)?;
    nor.map_for_reading()?;
    let same = window::same(request.ram, request.installation);
    nor.unmap()?;
    if !same {
        return Err(Fault::Verify);
    }
    report(Stage::Iloader, Event::Installed, 0);
    nor.erase(request.download)?;
    report(Stage::Iloader, Event::DownloadErased, 0);
    Ok(())
}

//! Carries out what a person wants in the Images view, and takes in what its jobs report. As the rest of `update`, it
//! changes the model and returns what is to happen outside.

mod finding;
mod messages;
mod typed;

use std::path::Path;
use std::sync::Arc;

use finding::{copy, difference, found_bytes, go_to, search};
pub use messages::{Around, ImagesReport, ImagesRequest};
use typed::{clear_name, hex};

use super::{Effect, Request};
use crate::model::images::{
    BuildFile, Bytes, CompareWith, FileSheet, FoundSheet, Images, ImagesIntent, Judged, SearchState, Shown, Side, Trial,
};
use crate::model::{JobKind, Model, Tone, View};

fn start(effects: &mut Vec<Effect>, kind: JobKind, request: ImagesRequest) {
    effects.push(Effect::Start(kind, Request::Images(request)));
}

/// Carries an intent out.
pub(super) fn apply(model: &mut Model, intent: ImagesIntent, effects: &mut Vec<Effect>) {
    let images = &mut model.images;
    match intent {
        ImagesIntent::ChooseFile => start(effects, JobKind::Dialog, ImagesRequest::PickFile),
        ImagesIntent::OpenFile(path) => {
            images.serial += 1;
            start(effects, JobKind::Image, ImagesRequest::Open(path, images.serial));
        }
        // An object that was opened from here stands in the place of the view.
        ImagesIntent::CloseFile if model.object_file.is_some() => model.object_file = None,
        ImagesIntent::CloseFile => {
            // A payload in the clear lives no longer than its file is looked at.
            let closed = images.file.as_ref().map(|file| file.serial);
            close(images, effects);
            if let Some(serial) = closed {
                start(effects, JobKind::Judge, ImagesRequest::Close(serial));
            }
        }
        ImagesIntent::ShowImage(index) => show_image(images, index, effects),
        ImagesIntent::Select(bytes) => images.selected = bytes,
        ImagesIntent::Reveal(bytes) => reveal(images, bytes),
        ImagesIntent::PickPart(part) => pick_part(images, part, effects),
        ImagesIntent::Ask(what) => {
            images.asked = (images.asked.0 + 1, Some(what));
            model.view = View::Images;
            model.object_file = None;
        }
        ImagesIntent::GoTo(typed) => go_to(model, &typed),
        ImagesIntent::Search(typed, pattern, direction) => {
            images.searched = Some((typed, pattern));
            search(images, direction, effects);
        }
        ImagesIntent::SearchAgain(direction) => search(images, direction, effects),
        ImagesIntent::CopyHex => copy(model, effects, hex),
        ImagesIntent::CopyAsText => copy(model, effects, |bytes| String::from_utf8_lossy(bytes).into_owned()),
        ImagesIntent::Show(Shown::Stored) => images.shown = Shown::Stored,
        ImagesIntent::Show(Shown::Decrypted) => {
            let Some(file) = &images.file else { return };
            if file.plain.as_ref().is_some_and(|plain| plain.image == file.image) {
                images.shown = Shown::Decrypted;
            } else {
                start(effects, JobKind::Judge, ImagesRequest::Decrypt(file.serial, file.image));
            }
        }
        ImagesIntent::ShowSide(side) => show_side(model, side, effects),
        ImagesIntent::Compare(with) => {
            images.side = Side::Comparison;
            if let Some(file) = &images.file {
                start(effects, JobKind::Compare, ImagesRequest::Compare(file.serial, file.image, with));
            }
        }
        ImagesIntent::ChooseComparison => start(effects, JobKind::Dialog, ImagesRequest::PickComparison),
        ImagesIntent::CloseComparison => {
            images.comparison = None;
            images.side = Side::Checks;
        }
        ImagesIntent::Difference(direction) => difference(images, direction),
        ImagesIntent::ChooseClearTarget(what) => {
            if let Some(file) = &images.file {
                let request = ImagesRequest::PickClearTarget(what, clear_name(&file.name, what));
                start(effects, JobKind::Dialog, request);
            }
        }
        ImagesIntent::SaveInTheClear(what, path) => {
            if let Some(file) = &images.file {
                start(effects, JobKind::Export, ImagesRequest::Save(file.serial, file.image, what, path));
            }
        }
        ImagesIntent::ChooseKey => start(effects, JobKind::Dialog, ImagesRequest::PickKey),
        ImagesIntent::ForgetKeys => start(effects, JobKind::Judge, ImagesRequest::ForgetKeys),
        ImagesIntent::GiveProtected(passphrase) => {
            if let Some(file) = &images.file {
                start(effects, JobKind::Judge, ImagesRequest::AddProtectedKey(file.path.clone(), passphrase));
            }
        }
        ImagesIntent::ChooseBuildFile(which) => {
            let name = crate::text::file_name(Path::new(&images.from_file.image));
            show_side(model, Side::Build, effects);
            start(effects, JobKind::Dialog, ImagesRequest::PickBuildFile(which, name));
        }
        ImagesIntent::NameBuildFile(which, path) => images.from_file.name(which, path),
        ImagesIntent::ChooseBuildStage(stage) => images.from_file.stage = stage,
        ImagesIntent::BuildFromOpened => {
            if let Some(file) = &images.file {
                images.from_file.name(BuildFile::Application, file.path.display().to_string());
                show_side(model, Side::Build, effects);
            }
        }
        ImagesIntent::BuildFrom => {
            images.serial += 1;
            let request = ImagesRequest::BuildFrom(images.from_file.clone(), images.serial);
            start(effects, JobKind::Image, request);
        }
        ImagesIntent::Build => {
            images.serial += 1;
            start(effects, JobKind::Project, ImagesRequest::Build(images.serial));
        }
        ImagesIntent::TryOnBoard => {
            if let Some(file) = &images.file {
                images.trial = Some(Trial::default());
                images.side = Side::Checks;
                start(effects, JobKind::Trial, ImagesRequest::Try(file.serial, file.image));
            }
        }
        ImagesIntent::CancelTrial => effects.push(Effect::CancelTrial),
    }
}

fn show_side(model: &mut Model, side: Side, effects: &mut Vec<Effect>) {
    model.images.side = side;
    model.view = View::Images;
    model.object_file = None;
    if side == Side::Build {
        start(effects, JobKind::Judge, ImagesRequest::Recipe);
    }
}

/// Takes in what a job reports.
pub(super) fn receive(model: &mut Model, report: ImagesReport, effects: &mut Vec<Effect>) {
    let images = &mut model.images;
    match report {
        ImagesReport::FileChosen(path) => apply(model, ImagesIntent::OpenFile(path), effects),
        ImagesReport::ComparisonChosen(path) => {
            apply(model, ImagesIntent::Compare(CompareWith::File(path)), effects);
        }
        ImagesReport::KeyChosen(path) => start(effects, JobKind::Judge, ImagesRequest::AddKey(path)),
        ImagesReport::ClearTargetChosen(what, path) => {
            apply(model, ImagesIntent::SaveInTheClear(what, path), effects);
        }
        ImagesReport::BuildFileChosen(which, path) => {
            images.from_file.name(which, path.display().to_string());
        }
        // A file that was asked for before the one that is open comes too late. One that was asked for before another
        // that couldn't be opened does not.
        ImagesReport::Opened(file) if images.file.as_ref().is_none_or(|open| open.serial < file.serial) => {
            take_file(model, *file, effects);
        }
        ImagesReport::Outdated(serial) => {
            if let Some(file) = of(images, serial).filter(|file| !file.is_outdated()) {
                file.mark_outdated();
            }
        }
        ImagesReport::Judged(serial, index, judged) => take_judged(images, serial, index, *judged),
        ImagesReport::Mapped(serial, bars) => {
            if let Some(file) = of(images, serial) {
                file.map = Some(Arc::new(bars));
            }
        }
        ImagesReport::Decrypted(serial, plain) => {
            // Another image may be looked at meanwhile, or the key was forgotten.
            let wanted = |file: &&mut FileSheet| file.image == plain.image && file.opens();
            if let Some(file) = of(images, serial).filter(wanted) {
                file.plain = Some(plain);
                images.shown = Shown::Decrypted;
            }
        }
        ImagesReport::Found(serial, found, around) => found_bytes(images, serial, found, around),
        ImagesReport::Compared(serial, index, comparison) => {
            if of(images, serial).is_some_and(|file| file.image == index) {
                images.comparison = Some(*comparison);
                images.side = Side::Comparison;
                model.drop_card(JobKind::Compare);
            }
        }
        ImagesReport::Given(given) => {
            images.given = given;
            model.drop_card(JobKind::Judge);
            judge_again(model, effects);
        }
        ImagesReport::Recipe(recipe) => images.recipe = Some(recipe),
        ImagesReport::Built(built) => images.built = Some(built),
        ImagesReport::TrialStep(step) => {
            if let Some(trial) = &mut images.trial {
                trial.step = step;
            }
        }
        ImagesReport::TrialProgress(done) => {
            if let Some(trial) = &mut images.trial {
                trial.done = done;
            }
        }
        ImagesReport::TrialEnded(tone, text, lines) => {
            if let Some(trial) = &mut images.trial {
                trial.lines.extend(lines);
                trial.ended = Some((tone, text));
            }
        }
        ImagesReport::Opened(_) => {}
    }
}

/// The project was opened, saved or built: it may judge and build otherwise now.
pub(super) fn project_changed(model: &Model, effects: &mut Vec<Effect>) {
    judge_again(model, effects);
    if model.images.side == Side::Build {
        start(effects, JobKind::Judge, ImagesRequest::Recipe);
    }
}

/// Checks the open file's images again: keys or numbers changed.
fn judge_again(model: &Model, effects: &mut Vec<Effect>) {
    if let Some(file) = model.images.file.as_ref().filter(|file| !file.images.is_empty()) {
        start(effects, JobKind::Judge, ImagesRequest::Judge(file.serial, file.image));
    }
}

/// Finds out whether the open file was written by another program.
pub(super) fn look_again(model: &Model, effects: &mut Vec<Effect>) {
    if let Some(file) = model.images.file.as_ref().filter(|file| !file.is_outdated()) {
        start(effects, JobKind::Judge, ImagesRequest::Look(file.serial));
    }
}

/// What ended without a report of its own leaves nothing that waits for ever.
pub(super) fn ended(model: &mut Model) {
    if !model.runs(JobKind::Search) && model.images.search == Some(SearchState::Searching) {
        model.images.search = None;
    }
    if !model.runs(JobKind::Trial)
        && let Some(trial) = model.images.trial.as_mut().filter(|trial| trial.ended.is_none())
    {
        trial.ended = Some((Tone::Neutral, "The virtual board gave no answer".to_owned()));
    }
}

/// The open file, if it is the one of an opening.
fn of(images: &mut Images, serial: u64) -> Option<&mut FileSheet> {
    images.file.as_mut().filter(|file| file.serial == serial)
}

fn take_judged(images: &mut Images, serial: u64, index: usize, judged: Judged) {
    let Some(file) = of(images, serial) else { return };
    let before = file.images.get(index).and_then(|image| image.judged.as_ref());
    let other = before.is_some_and(|before| before.verdict != judged.verdict) && file.image == index;
    file.take_judged(index, judged);
    if file.plain.is_none() {
        images.shown = Shown::Stored;
    }
    // What the board said was put beside the verdict before.
    if other && images.trial.as_ref().is_some_and(|trial| trial.ended.is_some()) {
        images.trial = None;
    }
}

fn take_file(model: &mut Model, file: FileSheet, effects: &mut Vec<Effect>) {
    close(&mut model.images, effects);
    model.view = View::Images;
    model.object_file = None;
    for kind in [JobKind::Image, JobKind::Search, JobKind::Compare, JobKind::Judge] {
        model.drop_card(kind);
    }
    let serial = file.serial;
    if !file.images.is_empty() {
        start(effects, JobKind::Judge, ImagesRequest::Judge(serial, file.image));
    }
    if !file.content.is_empty() {
        start(effects, JobKind::Judge, ImagesRequest::Map(serial));
    }
    let first = file.images.get(file.image).map(|image| image.slot.clone());
    model.images.file = Some(file);
    // In a dump, the image is what one came for.
    if let Some(bytes) = first.filter(|slot| slot.start > 0).as_ref().and_then(Bytes::of) {
        reveal(&mut model.images, bytes);
    }
}

/// Puts the file away with all that is about it. What was typed to look for stays.
fn close(images: &mut Images, effects: &mut Vec<Effect>) {
    put_trial_away(images, effects);
    *images = Images {
        serial: images.serial,
        reveal: images.reveal,
        asked: images.asked,
        searched: images.searched.take(),
        given: std::mem::take(&mut images.given),
        recipe: images.recipe.take(),
        from_file: std::mem::take(&mut images.from_file),
        built: images.built.take(),
        ..Images::default()
    };
}

/// A board whose word nobody waits for any more stops.
fn put_trial_away(images: &mut Images, effects: &mut Vec<Effect>) {
    if images.trial.take().is_some_and(|trial| trial.ended.is_none()) {
        effects.push(Effect::CancelTrial);
    }
}

fn show_image(images: &mut Images, index: usize, effects: &mut Vec<Effect>) {
    let Some(file) = &mut images.file else { return };
    let Some(image) = file.images.get(index) else { return };
    let range = image.slot.clone();
    if file.image != index {
        file.image = index;
        file.plain = None;
        images.shown = Shown::Stored;
        images.comparison = None;
        put_trial_away(images, effects);
    }
    if let Some(bytes) = Bytes::of(&range) {
        reveal(images, bytes);
    }
}

fn reveal(images: &mut Images, bytes: Bytes) {
    images.selected = Some(bytes);
    images.reveal += 1;
}

fn pick_part(images: &mut Images, part: usize, effects: &mut Vec<Effect>) {
    let Some(file) = &images.file else { return };
    let Some(part) = file.parts.get(part) else { return };
    let image = |image: &FoundSheet| part.depth == 0 && image.slot == part.range;
    if let Some(index) = file.images.iter().position(image) {
        show_image(images, index, effects);
    } else if let Some(bytes) = Bytes::of(&part.range) {
        reveal(images, bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use formats::Content;

    use super::finding::MOST_COPIED;
    use super::*;
    use crate::command::Command;
    use crate::model::images::Direction;

    fn file(serial: u64, bytes: &[u8]) -> FileSheet {
        FileSheet {
            serial,
            path: PathBuf::from("a.bin"),
            name: "a.bin".to_owned(),
            kind: String::new(),
            extent: String::new(),
            pieces: String::new(),
            facts: Vec::new(),
            offer: crate::model::images::Offer::Nothing,
            content: Content::of_bytes(bytes.to_vec()),
            parts: Arc::default(),
            colours: Arc::default(),
            images: Vec::new(),
            image: 0,
            troubles: Vec::new(),
            map: None,
            plain: None,
        }
    }

    fn give(model: &mut Model, intent: ImagesIntent) -> Vec<Effect> {
        let mut effects = Vec::new();
        crate::update::apply(model, Command::Images(intent), &mut effects);
        effects
    }

    fn report(model: &mut Model, report: ImagesReport) {
        receive(model, report, &mut Vec::new());
    }

    #[test]
    fn a_file_that_comes_after_another_one_was_asked_for_is_dropped() {
        let mut model = Model::new(PathBuf::from("data"));
        give(&mut model, ImagesIntent::OpenFile(PathBuf::from("a.bin")));
        give(&mut model, ImagesIntent::OpenFile(PathBuf::from("b.bin")));
        report(&mut model, ImagesReport::Opened(Box::new(file(2, b"second"))));
        report(&mut model, ImagesReport::Opened(Box::new(file(1, b"first"))));
        assert_eq!(model.images.file.as_ref().map(|file| file.serial), Some(2));
        report(&mut model, ImagesReport::Found(1, Some(Bytes::at(3)), Around::No));
        assert_eq!(model.images.selected, None);
    }

    #[test]
    fn a_closed_file_leaves_nothing_of_it_behind_and_is_forgotten_outside() {
        let mut model = Model::new(PathBuf::from("data"));
        give(&mut model, ImagesIntent::OpenFile(PathBuf::from("a.bin")));
        report(&mut model, ImagesReport::Opened(Box::new(file(1, b"first"))));
        give(&mut model, ImagesIntent::Select(Some(Bytes::at(2))));
        let effects = give(&mut model, ImagesIntent::CloseFile);
        assert!(model.images.file.is_none() && model.images.selected.is_none());
        assert_eq!(effects, [Effect::Start(JobKind::Judge, Request::Images(ImagesRequest::Close(1)))]);
    }

    #[test]
    fn a_file_stays_when_another_one_that_was_asked_for_after_it_did_not_open() {
        let mut model = Model::new(PathBuf::from("data"));
        give(&mut model, ImagesIntent::OpenFile(PathBuf::from("a.bin")));
        give(&mut model, ImagesIntent::OpenFile(PathBuf::from("none.bin")));
        report(&mut model, ImagesReport::Opened(Box::new(file(1, b"first"))));
        assert_eq!(model.images.file.as_ref().map(|file| file.serial), Some(1));
    }

    fn judged(verdict: &str, opens_with: Option<&str>) -> Judged {
        Judged {
            tone: Tone::Neutral,
            verdict: verdict.to_owned(),
            sentence: String::new(),
            lines: Vec::new(),
            opens_with: opens_with.map(str::to_owned),
            vectors: Vec::new(),
        }
    }

    fn image(range: std::ops::Range<u64>) -> FoundSheet {
        FoundSheet {
            slot: range.clone(),
            range,
            place: String::new(),
            name: String::new(),
            judged: Some(Arc::new(judged("good", Some("a key")))),
            tryable: Ok(()),
        }
    }

    /// A file with two images, of which the first one is looked at.
    fn two_images() -> Model {
        let mut model = Model::new(PathBuf::from("data"));
        let mut file = file(1, &[0; 64]);
        file.images = vec![image(0..32), image(32..64)];
        report(&mut model, ImagesReport::Opened(Box::new(file)));
        model
    }

    fn plain(image: usize) -> crate::model::images::Plain {
        let content = Content::of_bytes(b"clear".to_vec());
        crate::model::images::Plain { image, offset: 4, content, key: String::new() }
    }

    #[test]
    fn a_payload_that_comes_after_another_image_was_chosen_is_dropped() {
        let mut model = two_images();
        give(&mut model, ImagesIntent::ShowImage(1));
        report(&mut model, ImagesReport::Decrypted(1, plain(0)));
        assert_eq!(model.images.shown, Shown::Stored);
        assert!(model.images.file.as_ref().is_some_and(|file| file.plain.is_none()));
        report(&mut model, ImagesReport::Decrypted(1, plain(1)));
        assert_eq!(model.images.shown, Shown::Decrypted);
    }

    #[test]
    fn a_payload_in_the_clear_goes_with_the_key_that_opened_it() {
        let mut model = two_images();
        report(&mut model, ImagesReport::Decrypted(1, plain(0)));
        report(&mut model, ImagesReport::Judged(1, 0, Box::new(judged("good", Some("a key")))));
        assert_eq!(model.images.shown, Shown::Decrypted);
        report(&mut model, ImagesReport::Judged(1, 0, Box::new(judged("undecided", None))));
        assert_eq!(model.images.shown, Shown::Stored);
        report(&mut model, ImagesReport::Decrypted(1, plain(0)));
        assert!(model.images.file.as_ref().is_some_and(|file| file.plain.is_none()));
    }

    #[test]
    fn a_board_stops_when_nobody_waits_for_its_word() {
        for leave in [ImagesIntent::ShowImage(1), ImagesIntent::CloseFile] {
            let mut model = two_images();
            model.images.trial = Some(Trial::default());
            assert!(give(&mut model, leave.clone()).contains(&Effect::CancelTrial), "{leave:?}");
            assert!(model.images.trial.is_none());
        }
    }

    #[test]
    fn what_a_board_said_goes_with_the_verdict_it_was_put_beside() {
        let mut model = two_images();
        model.images.trial = Some(Trial { ended: Some((Tone::Ok, String::new())), ..Trial::default() });
        report(&mut model, ImagesReport::Judged(1, 0, Box::new(judged("good", None))));
        assert!(model.images.trial.is_some());
        report(&mut model, ImagesReport::Judged(1, 0, Box::new(judged("refused", None))));
        assert!(model.images.trial.is_none());
    }

    #[test]
    fn copied_bytes_are_those_selected() {
        let mut model = Model::new(PathBuf::from("data"));
        give(&mut model, ImagesIntent::OpenFile(PathBuf::from("a.bin")));
        report(&mut model, ImagesReport::Opened(Box::new(file(1, b"first"))));
        give(&mut model, ImagesIntent::Select(Some(Bytes { anchor: 3, cursor: 1 })));
        assert_eq!(give(&mut model, ImagesIntent::CopyHex), [Effect::Copy("69 72 73".to_owned())]);
        assert_eq!(give(&mut model, ImagesIntent::CopyAsText), [Effect::Copy("irs".to_owned())]);
    }

    #[test]
    fn more_than_a_clipboard_is_for_is_not_copied_and_that_is_said() {
        let mut model = Model::new(PathBuf::from("data"));
        report(&mut model, ImagesReport::Opened(Box::new(file(1, &vec![7; MOST_COPIED + 1]))));
        give(&mut model, ImagesIntent::Select(Bytes::of(&(0..MOST_COPIED as u64 + 1))));
        assert_eq!(give(&mut model, ImagesIntent::CopyHex), []);
        assert!(model.notice.as_ref().is_some_and(|notice| notice.contains("select less")), "{:?}", model.notice);
        give(&mut model, ImagesIntent::Select(Bytes::of(&(0..MOST_COPIED as u64))));
        assert!(matches!(give(&mut model, ImagesIntent::CopyHex)[..], [Effect::Copy(_)]));
    }

    #[test]
    fn differences_follow_each_other_and_begin_again() {
        let mut model = Model::new(PathBuf::from("data"));
        give(&mut model, ImagesIntent::OpenFile(PathBuf::from("a.bin")));
        report(&mut model, ImagesReport::Opened(Box::new(file(1, &[0; 64]))));
        let comparison = crate::model::images::Comparison {
            with: "b.bin".to_owned(),
            shown: Shown::Stored,
            tone: Tone::Warn,
            verdict: String::new(),
            fields: Vec::new(),
            runs: Arc::new(vec![4..6, 20..21]),
        };
        report(&mut model, ImagesReport::Compared(1, 0, Box::new(comparison)));
        let mut at = Vec::new();
        for direction in [Direction::Next, Direction::Next, Direction::Next, Direction::Previous, Direction::Previous] {
            give(&mut model, ImagesIntent::Difference(direction));
            at.extend(model.images.selected.map(|bytes| bytes.range()));
        }
        assert_eq!(at, [4..6, 20..21, 4..6, 20..21, 4..6]);
    }
}

//! What the jobs do for the Images view: open any file, judge its images, map, search, compare, open a payload, build.
//! As the rest of `engine`, it blocks and decides nothing.

mod building;
mod comparing;
mod trying;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use formats::{
    ByteMapping, Content, FileKind, FormatError, HeldKey, ImageFile, ImageProfile, KeyFile, KeyHalf, KeyOrigin,
    KeyProblem, KeyRing, KeyRole, Opened, RingKey, payload_in_the_clear,
};
use project::Workshop;
use provision::Cancel;

use super::{Desk, Edited, editing, lock};
use crate::model::configuration::TypedText;
use crate::model::images::{ByteView, Bytes, Direction, GivenKey, InTheClear, Plain, Shown};
use crate::model::{Card, JobKind};
use crate::sheets::images as sheets_images;
use crate::text::file_name;
use crate::update::{Around, ImagesReport, ImagesRequest, Report};

/// The largest file that is opened.
const LARGEST: u64 = 1 << 30;
/// Bytes that are mapped before it is asked whether the file is still the one.
const MAPPED_AT_ONCE: u64 = 8 << 20;

/// What lies on the workbench: the open file and the keys that were given.
#[derive(Default)]
pub(super) struct Workbench {
    file: Option<OpenFile>,
    given: Vec<Given>,
    plain: Option<Plain>,
    /// Counts the judgings: with other keys an earlier one is of no use any more.
    judging: u64,
}

/// A key that was given, and its file.
struct Given {
    path: PathBuf,
    key: RingKey,
}

/// The open file.
#[derive(Clone)]
struct OpenFile {
    serial: u64,
    path: PathBuf,
    opened: Arc<Opened>,
    stamp: Option<Stamp>,
}

/// What tells whether a file was written since it was read.
type Stamp = (SystemTime, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

impl OpenFile {
    /// Whether the file on the disk is another than the one that was read.
    fn is_outdated(&self) -> bool {
        self.stamp.is_some() && stamp(&self.path) != self.stamp
    }
}

/// Carries a request out. `tell` takes reports on the way.
///
/// # Errors
/// What went wrong, as a card.
pub(crate) fn carry_out(
    desk: &Desk,
    request: ImagesRequest,
    edited: Option<Edited>,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Report),
) -> Result<Vec<Report>, Card> {
    match request {
        // These are started by `jobs` itself.
        ImagesRequest::PickFile
        | ImagesRequest::PickComparison
        | ImagesRequest::PickKey
        | ImagesRequest::PickClearTarget(..)
        | ImagesRequest::PickBuildFile(..) => Ok(Vec::new()),
        ImagesRequest::Open(path, serial) => open(desk, path, serial, edited.as_ref()),
        ImagesRequest::Look(serial) => {
            let outdated = desk.file(serial).filter(OpenFile::is_outdated);
            Ok(outdated.map(|_| images(ImagesReport::Outdated(serial))).into_iter().collect())
        }
        ImagesRequest::Close(serial) => {
            let mut bench = lock(&desk.workbench);
            if bench.file.as_ref().is_some_and(|file| file.serial <= serial) {
                (bench.file, bench.plain) = (None, None);
            }
            Ok(Vec::new())
        }
        ImagesRequest::Judge(serial, first) => judge(desk, serial, first, tell),
        ImagesRequest::Map(serial) => Ok(map(desk, serial)),
        ImagesRequest::Decrypt(serial, image) => decrypt(desk, serial, image),
        ImagesRequest::Search(serial, shown, pattern, from, direction) => {
            Ok(search(desk, serial, shown, &pattern, from, direction))
        }
        ImagesRequest::Compare(serial, image, with) => comparing::compare(desk, serial, image, with),
        ImagesRequest::Save(serial, image, what, path) => save(desk, serial, image, what, &path),
        ImagesRequest::AddKey(path) => add_key(desk, &path, None),
        ImagesRequest::AddProtectedKey(path, passphrase) => add_key(desk, &path, Some(&passphrase)),
        ImagesRequest::ForgetKeys => {
            lock(&desk.workbench).given.clear();
            Ok(vec![given(desk)])
        }
        ImagesRequest::Recipe => building::recipe(desk).map(|recipe| vec![recipe]),
        ImagesRequest::Build(serial) => building::build(desk, serial, edited),
        ImagesRequest::BuildFrom(files, serial) => building::build_from(desk, &files, serial, edited.as_ref()),
        ImagesRequest::Try(serial, image) => trying::try_image(desk, serial, image, cancel, tell),
    }
}

impl Desk {
    /// The open file, if it is still the one that was meant.
    fn file(&self, serial: u64) -> Option<OpenFile> {
        lock(&self.workbench).file.clone().filter(|file| file.serial == serial)
    }

    /// The keys and numbers to judge images by: the open project's, those given, the samples.
    fn workshop(&self) -> Workshop {
        let project = lock(&self.project).clone();
        let mut workshop = project.map_or_else(Workshop::without_project, |project| Workshop::of(&project));
        workshop.keys.0.extend(lock(&self.workbench).given.iter().map(|given| given.key.clone()));
        workshop
    }
}

fn open(desk: &Desk, path: PathBuf, serial: u64, edited: Option<&Edited>) -> Result<Vec<Report>, Card> {
    if path.is_dir() {
        return Ok(vec![Report::ProjectChosen(path)]);
    }
    // Before it is read: what is written while that goes on counts as a change.
    let stamp = stamp(&path);
    let bytes = read(&path)?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let opened = Opened::read(bytes);
    if opened.kind == FileKind::Board {
        return Ok(vec![Report::BoardChosen(path)]);
    }
    if matches!(opened.kind, FileKind::Object(_))
        && let Ok(reports) = editing::open_object(path.clone(), edited)
    {
        return Ok(reports);
    }
    // A key under a passphrase waits for it.
    let is_key = matches!(opened.kind, FileKind::Key { half, .. } if half != KeyHalf::Protected);
    let added = is_key.then(|| add_key(desk, &path, None));
    let mut reports = Vec::new();
    let sheet = sheets_images::file(serial, path.clone(), size, &opened);
    let mut bench = lock(&desk.workbench);
    // Another file may have been asked for meanwhile.
    if bench.file.as_ref().is_none_or(|file| file.serial < serial) {
        bench.file = Some(OpenFile { serial, path, opened: Arc::new(opened), stamp });
        bench.plain = None;
        reports.push(images(ImagesReport::Opened(Box::new(sheet))));
    }
    drop(bench);
    // After the file, which puts the cards of the one before away.
    match added {
        Some(Ok(added)) => reports.extend(added),
        Some(Err(card)) => reports.push(Report::Failed(JobKind::Judge, Box::new(card))),
        None => {}
    }
    Ok(reports)
}

const fn images(report: ImagesReport) -> Report {
    Report::Images(report)
}

/// Reads a file that is not too large to be looked at.
fn read(path: &Path) -> Result<Vec<u8>, Card> {
    let unreadable = |error: std::io::Error| editing::unreadable(path, &error);
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Card {
            title: format!("{} is a pipe or a device, which may have no end", file_name(path)),
            place: Some(path.display().to_string()),
            remedy: Some("Choose a file, or save what comes from there to one.".to_owned()),
            ..Card::default()
        });
    }
    if metadata.len() > LARGEST {
        return Err(Card {
            title: format!("{} is too large to be opened here", file_name(path)),
            place: Some(path.display().to_string()),
            remedy: Some("Cut the part out that matters: a file of up to 1 GiB is opened.".to_owned()),
            detail: format!("{} bytes", metadata.len()),
            ..Card::default()
        });
    }
    std::fs::read(path).map_err(unreadable)
}

/// Judges every image of the file, the one that is looked at first, and tells of each as it is done.
fn judge(desk: &Desk, serial: u64, first: usize, tell: &mut dyn FnMut(Report)) -> Result<Vec<Report>, Card> {
    let Some(file) = desk.file(serial) else { return Ok(Vec::new()) };
    if file.is_outdated() {
        tell(images(ImagesReport::Outdated(serial)));
    }
    // Counted before the keys are taken: of two judgings at a time the one that stays must not have the older keys.
    let mine = {
        let mut bench = lock(&desk.workbench);
        bench.judging += 1;
        bench.judging
    };
    let workshop = desk.workshop();
    let is_wanted = || desk.file(serial).is_some() && lock(&desk.workbench).judging == mine;
    let count = file.opened.images.len();
    let others = (0..count).filter(|index| *index != first);
    for index in std::iter::once(first).chain(others) {
        let Some(image) = file.opened.images.get(index) else { continue };
        let profile = image.profile.unwrap_or(ImageProfile::Stirot);
        let judgement = formats::judge(&file.opened, image, &workshop.circumstances(Some(profile), None));
        let judged = sheets_images::judged::judged(&judgement, file.opened.parts.get(index));
        // Another file was opened meanwhile, or it is judged anew: nobody waits for this any more.
        if !is_wanted() {
            break;
        }
        // A payload in the clear goes with the key that opened it.
        if judged.opens_with.is_none() {
            lock(&desk.workbench).plain.take_if(|plain| plain.image == index);
        }
        tell(images(ImagesReport::Judged(serial, index, Box::new(judged))));
    }
    Ok(Vec::new())
}

fn map(desk: &Desk, serial: u64) -> Vec<Report> {
    let Some(file) = desk.file(serial) else { return Vec::new() };
    let mut mapping = ByteMapping::new(&file.opened.content, sheets_images::BARS);
    loop {
        match mapping.step(MAPPED_AT_ONCE) {
            Ok(map) => return vec![images(ImagesReport::Mapped(serial, sheets_images::bars(&map)))],
            Err(_) if desk.file(serial).is_none() => return Vec::new(),
            Err(_) => {}
        }
    }
}

/// The ring of keys that open payloads.
fn ring(desk: &Desk) -> KeyRing {
    desk.workshop().keys
}

fn not_open() -> Card {
    Card { title: "The file is no longer open".to_owned(), ..Card::default() }
}

fn closed(file: &OpenFile, detail: String) -> Card {
    Card {
        title: "The payload can't be opened".to_owned(),
        place: Some(file.path.display().to_string()),
        remedy: Some("Open the project that the image belongs to, or give the decryption key.".to_owned()),
        detail,
        ..Card::default()
    }
}

/// An image's payload in the clear, and the key that opened it.
fn plain(desk: &Desk, serial: u64, index: usize) -> Result<(OpenFile, Plain), Card> {
    let file = desk.file(serial).ok_or_else(not_open)?;
    if let Some(plain) = lock(&desk.workbench).plain.clone().filter(|plain| plain.image == index) {
        return Ok((file, plain));
    }
    let image = file.opened.images.get(index).ok_or_else(not_open)?;
    let (bytes, key) =
        payload_in_the_clear(&file.opened, image, &ring(desk)).map_err(|error| closed(&file, error.to_string()))?;
    let offset = payload_offset(&file, index).unwrap_or(image.offset);
    let content = Content::of_bytes(bytes.to_vec());
    let key = key.as_ref().map_or_else(|| "not encrypted".to_owned(), sheets_images::judged::key);
    let plain = Plain { image: index, offset, content, key };
    let mut bench = lock(&desk.workbench);
    if bench.file.as_ref().is_some_and(|open| open.serial == serial) {
        bench.plain = Some(plain.clone());
    }
    drop(bench);
    Ok((file, plain))
}

/// Where an image's payload begins.
fn payload_offset(file: &OpenFile, index: usize) -> Option<u64> {
    let root = file.opened.parts.get(index)?;
    let payload = root.walk().into_iter().find(|part| part.kind == formats::PartKind::Payload)?;
    Some(payload.range.start)
}

fn decrypt(desk: &Desk, serial: u64, index: usize) -> Result<Vec<Report>, Card> {
    let (_, plain) = plain(desk, serial, index)?;
    Ok(vec![images(ImagesReport::Decrypted(serial, plain))])
}

fn search(desk: &Desk, serial: u64, shown: Shown, pattern: &[u8], from: u64, direction: Direction) -> Vec<Report> {
    let Some(file) = desk.file(serial) else { return Vec::new() };
    let plain = lock(&desk.workbench).plain.clone().filter(|_| shown == Shown::Decrypted);
    let view = ByteView { stored: &file.opened.content, plain: plain.as_ref() };
    let here = match direction {
        Direction::Next => view.find(pattern, from),
        Direction::Previous => view.find_back(pattern, from),
    };
    // Nothing there: once more, from the other end.
    let (found, around) = match (here, direction) {
        (Some(found), _) => (Some(found), Around::No),
        (None, Direction::Next) => (view.find(pattern, 0), Around::Yes),
        (None, Direction::Previous) => (view.find_back(pattern, view.len()), Around::Yes),
    };
    let length = u64::try_from(pattern.len()).unwrap_or(u64::MAX);
    let bytes = found.and_then(|start| Bytes::of(&(start..start.saturating_add(length))));
    vec![images(ImagesReport::Found(serial, bytes, around))]
}

fn save(desk: &Desk, serial: u64, index: usize, what: InTheClear, path: &Path) -> Result<Vec<Report>, Card> {
    let open = desk.file(serial).ok_or_else(not_open)?.path;
    if path.canonicalize().is_ok_and(|path| open.canonicalize().is_ok_and(|open| open == path)) {
        return Err(Card {
            title: format!("{} is the image itself, which would be lost", file_name(path)),
            place: Some(path.display().to_string()),
            remedy: Some("Choose another name.".to_owned()),
            ..Card::default()
        });
    }
    let bytes = match what {
        InTheClear::Payload => {
            let (_, plain) = plain(desk, serial, index)?;
            formats::Secret::new(plain.content.slice(0..plain.content.len()).to_vec())
        }
        InTheClear::Image => clear_image(desk, serial, index)?,
    };
    project::atomic::write_secret(path, &bytes).map_err(|error| Card {
        title: format!("{} can't be written", path.display()),
        place: Some(path.display().to_string()),
        remedy: Some("Choose a folder that may be written.".to_owned()),
        detail: error.to_string(),
        ..Card::default()
    })?;
    let what = match what {
        InTheClear::Payload => "payload",
        InTheClear::Image => "image",
    };
    Ok(vec![Report::Notice(format!("{} holds the {what} in the clear", path.display()))])
}

/// An image with its payload in the clear, as plain bytes.
fn clear_image(desk: &Desk, serial: u64, index: usize) -> Result<formats::Secret<Vec<u8>>, Card> {
    let file = desk.file(serial).ok_or_else(not_open)?;
    let image = file.opened.images.get(index).ok_or_else(not_open)?;
    let refused = |error: FormatError| closed(&file, error.to_string());
    let stored = ImageFile::decode(file.opened.content.slice(image.image.clone())).map_err(refused)?;
    let keys = ring(desk).0;
    let clear = keys.iter().find_map(|key| match &key.key {
        HeldKey::Private(key) => formats::clear_image(&stored, key).ok(),
        HeldKey::Public(_) | HeldKey::Locked { .. } => None,
    });
    let clear = clear.ok_or_else(|| closed(&file, "no key at hand opens it".to_owned()))?;
    clear.encode().map(formats::Secret::new).map_err(refused)
}

/// Takes a key into the ring, where it lives in memory only.
fn add_key(desk: &Desk, path: &Path, typed: Option<&TypedText>) -> Result<Vec<Report>, Card> {
    let text = formats::Secret::new(read(path)?);
    let name = file_name(path);
    let refused = |detail: String, remedy: &str| Card {
        title: format!("{name} can't be used to check images"),
        place: Some(path.display().to_string()),
        remedy: Some(remedy.to_owned()),
        detail,
        ..Card::default()
    };
    let passphrase = typed.map(editing::passphrase_of).transpose()?;
    if passphrase.is_none() && KeyFile::is_protected(&text) {
        return Err(refused(
            "the key is under a passphrase".to_owned(),
            "Open the key's file here: it asks for the passphrase.",
        ));
    }
    let key = KeyFile::from_pem_with(&text, passphrase.as_ref()).map_err(|error| match error {
        FormatError::Key(KeyProblem::WrongPassphrase) => {
            refused(error.to_string(), "Type the passphrase that the key was protected with.")
        }
        error => refused(error.to_string(), "Give a PEM file with a P-256 key, whole or its public half."),
    })?;
    let held = match key {
        KeyFile::Private(key) => HeldKey::Private(key),
        KeyFile::Public(key) => HeldKey::Public(key),
    };
    let mut bench = lock(&desk.workbench);
    let fingerprint = public(&held).map(|key| key.fingerprint());
    bench.given.retain(|other| public(&other.key.key).map(|key| key.fingerprint()) != fingerprint);
    let key = RingKey { name, origin: KeyOrigin::Given, role: KeyRole::Any, profile: None, key: held };
    bench.given.push(Given { path: path.to_owned(), key });
    drop(bench);
    Ok(vec![given(desk)])
}

fn public(key: &HeldKey) -> Option<formats::PublicKey> {
    match key {
        HeldKey::Private(key) => Some(key.public()),
        HeldKey::Public(key) => Some(*key),
        HeldKey::Locked { public, .. } => *public,
    }
}

/// The keys that are given now, by their public facts.
fn given(desk: &Desk) -> Report {
    let line = |Given { path, key }: &Given| GivenKey {
        path: path.clone(),
        name: key.name.clone(),
        fingerprint: public(&key.key).as_ref().map(sheets_images::fingerprint).unwrap_or_default(),
        half: if matches!(key.key, HeldKey::Private(_)) { "whole key" } else { "public half" },
    };
    images(ImagesReport::Given(lock(&desk.workbench).given.iter().map(line).collect()))
}

//! Instructions of the verification of a bad image are skipped, one at a time, as a glitch would: none ends with that image
//! running, or kept as the installed one.
//!
//! Of every instruction that the verification executes, each execution is skipped where it runs up to eight times, else the
//! first, the second and the last. In CI a stride; in full:
//! `cargo test --release -p provision --test skip_sweep -- --ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::print_stderr, reason = "a sweep tells its numbers")]

mod common;

use std::collections::HashMap;
use std::time::Instant;

use board::{Board, CoreRegister, NonVolatile, NorClip, Stopped, TraceKind};
use chip::loader;
use chip::memory_map::{AXI_SRAM, Region, SYSTEM_FLASH, XSPI1_WINDOW};
use chip::trace::{Check, Event, Stage, Stop, Subject, SubjectImage, SubjectPlace, TraceWord};
use common::lab::{one_stage, two_stages};
use common::sweep::{Extent, divided};
use formats::{ApplicationRun, Parts, SecondStageLayout, Tlv};
use provision::lab::{Lab, OtherKey, Scenario, Spot, Tamper, power_on};

/// Executions of one instruction that are all skipped; of one that runs more often three are.
const RARELY: usize = 8;
/// Instructions behind the word of a refusal that are skipped, too: those with which a stage stops.
const BEHIND: u64 = 200;
/// Instructions before that word in which the last decision is taken.
const CLOSE: u64 = 2_000;
/// More instructions than any verification takes.
const LONG: u64 = 400_000_000;

/// A bad image before the stage that refuses it.
struct Bad {
    what: &'static str,
    /// The board before power comes on.
    state: NonVolatile,
    /// The words between which instructions are skipped.
    from: TraceWord,
    to: TraceWord,
    /// The program that verifies.
    program: Region,
    /// What must stay as it is: the installation slot.
    installed: Region,
    /// Where the image would run.
    runs: Region,
    refusal: Refusal,
}

/// When a refusal is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// STiRoT's: the image lies in RAM until a pass begins from nothing behind a reset.
    BehindReset,
    /// The second stage's of a download: with the word that it was erased. What was installed may start with or without it.
    Erased,
    /// The second stage's of what is installed: it sleeps.
    Asleep,
}

/// How a run with a skipped instruction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    /// As without the skip: the stage said no.
    Refused,
    /// The chip was reset, and the slots are as they were: the next boot judges anew.
    Reset,
    /// What was installed before was started: the download was taken for none.
    Passed,
    /// The core sleeps or is locked up.
    Stopped,
    /// It runs on, inside of the program or where the skip led it, and started nothing.
    Lost,
    /// The erase of the refused download went astray, and took of what was installed. What is left of that doesn't run.
    Astray,
}

const fn stirot(event: Event, detail: u16) -> TraceWord {
    TraceWord { stage: Stage::Stirot, event, detail }
}

const fn oemurot(event: Event, detail: u16) -> TraceWord {
    TraceWord { stage: Stage::Oemurot, event, detail }
}

/// Follows a board's words.
struct Ear {
    cursor: u64,
}

impl Ear {
    fn hear(&mut self, board: &Board) -> Vec<TraceKind> {
        let trace = &board.peripherals.trace;
        if trace.cursor() == self.cursor {
            return Vec::new();
        }
        let new = trace.since(self.cursor).map(|entry| entry.kind.clone()).collect();
        self.cursor = trace.cursor();
        new
    }
}

/// Some instructions; false when nothing more happens by itself.
fn step(board: &mut Board, instructions: u64) -> bool {
    match board.run(instructions) {
        Stopped::Budget => true,
        Stopped::Sleeping { until: Some(until) } => {
            board.skip_to(until);
            true
        }
        Stopped::Sleeping { until: None } | Stopped::Halted | Stopped::LockedUp => false,
    }
}

/// The board when the verification begins: its word is the last one.
fn begun(bad: &Bad) -> Board {
    let mut board = power_on(bad.state.clone()).unwrap();
    let at = said(&mut board, 0, bad.from, bad.what);
    // The same again, for the word was left in the middle of a slice.
    let mut board = power_on(bad.state.clone()).unwrap();
    while board.now() < at {
        let left = at - board.now();
        step(&mut board, left);
    }
    let mut ear = Ear { cursor: 0 };
    while !ear.hear(&board).contains(&TraceKind::Word(bad.from)) {
        step(&mut board, 1);
    }
    board
}

/// Runs until a word is left behind a cursor of the trace, and says when.
fn said(board: &mut Board, cursor: u64, word: TraceWord, what: &str) -> u64 {
    loop {
        let goes_on = step(board, 10_000);
        let mut new = board.peripherals.trace.since(cursor);
        if let Some(entry) = new.find(|entry| entry.kind == TraceKind::Word(word)) {
            return entry.at;
        }
        assert!(goes_on && board.now() < LONG, "{what}: {word:?} was never said");
    }
}

/// The moments of every instruction's executions, as many as are skipped, in their order; and how many instructions there
/// are.
fn every_moment(bad: &Bad) -> (Vec<u64>, usize) {
    let mut board = begun(bad);
    let mut ear = Ear { cursor: board.peripherals.trace.cursor() };
    let mut seen: HashMap<u32, Vec<u64>> = HashMap::new();
    let mut behind = None;
    while behind.is_none_or(|end| board.now() < end) {
        let address = board.register(CoreRegister::Pc);
        if bad.program.contains(address) {
            let moments = seen.entry(address).or_default();
            if moments.len() > RARELY {
                moments.pop();
            }
            moments.push(board.now());
        }
        assert!(board.now() < LONG, "{}: never refused", bad.what);
        if !step(&mut board, 1) {
            break;
        }
        if behind.is_none() && ear.hear(&board).contains(&TraceKind::Word(bad.to)) {
            behind = Some(board.now() + BEHIND);
        }
    }
    let instructions = seen.len();
    let mut moments: Vec<u64> = seen
        .into_values()
        .flat_map(|moments| match moments.len() {
            0..=RARELY => moments,
            _ => vec![moments[0], moments[1], moments[RARELY]],
        })
        .collect();
    moments.sort_unstable();
    (moments, instructions)
}

/// A few moments: half of them all over the verification, half where it comes to its end.
fn some_moments(bad: &Bad, count: u64) -> Vec<u64> {
    let mut board = begun(bad);
    let (begin, cursor) = (board.now(), board.peripherals.trace.cursor());
    let end = said(&mut board, cursor, bad.to, bad.what);
    let evenly = |from: u64, to: u64| (0..count / 2).map(move |at| from + (to - from) * at / (count / 2));
    let late = end.saturating_sub(CLOSE).max(begin);
    let mut moments: Vec<u64> = evenly(begin, late).chain(evenly(late, end + BEHIND)).collect();
    moments.dedup();
    moments
}

fn slot(board: &mut Board, slot: Region) -> Vec<u8> {
    NorClip::new(board).read(slot.start - XSPI1_WINDOW.start, slot.size as usize)
}

/// Whether a slot holds what it held, but for cells that were erased.
fn is_what_was_left(now: &[u8], before: &[u8]) -> bool {
    now.iter().zip(before).all(|(now, before)| now == before || *now == 0xFF)
}

/// Whether the bad image runs from now on: a word that says so may come of a skipped end of the loop that tells words.
fn runs(bad: &Bad, board: &Board) -> bool {
    let mut board = board.fork();
    (0..1_000).any(|_| {
        step(&mut board, 300);
        bad.runs.contains(board.register(CoreRegister::Pc))
    })
}

/// Skips the instruction that comes next, and runs until it is clear what comes of it.
fn skip(bad: &Bad, mut board: Board, kept: &[u8]) -> Result<End, String> {
    let address = board.register(CoreRegister::Pc);
    let moment = board.now();
    let mut ear = Ear { cursor: board.peripherals.trace.cursor() };
    board.skip_instruction();
    let wrong = |what: &str| Err(format!("{}: {address:#010x} skipped at {moment}: {what}", bad.what));
    let mut refused = false;
    let mut reset = false;
    let (mut ended, mut started) = (None, false);
    let end = loop {
        let goes_on = step(&mut board, 20_000);
        for word in ear.hear(&board) {
            started |= matches!(word, TraceKind::Word(TraceWord { event: Event::StartsApplication, .. }));
            match word {
                TraceKind::Reset(_) => reset = true,
                TraceKind::Word(word) if word == bad.to => refused = true,
                TraceKind::Word(TraceWord { event: Event::Installed, .. })
                    if !is_what_was_left(&slot(&mut board, bad.installed), kept) =>
                {
                    return wrong("it was installed");
                }
                TraceKind::Word(TraceWord { event: Event::StartsApplication, .. })
                    if bad.refusal == Refusal::Erased =>
                {
                    ended = Some(if refused { End::Refused } else { End::Passed });
                }
                // After a reset another image may run, the one that was installed before.
                TraceKind::Word(TraceWord { event: Event::StartsApplication, .. }) if !reset && runs(bad, &board) => {
                    return wrong("it was started");
                }
                // A pass that begins from nothing: what lay in RAM is cleared, what lies in the slots judged anew.
                TraceKind::Word(word) if reset && word == stirot(Event::CommandRead, loader::RSSCMD_NONE) => {
                    ended = Some(if refused { End::Refused } else { End::Reset });
                }
                _ => {}
            }
        }
        if refused && bad.refusal == Refusal::Erased {
            ended = Some(End::Refused);
        }
        if let Some(ended) = ended {
            break ended;
        }
        if !goes_on {
            break if refused { End::Refused } else { End::Stopped };
        }
        if board.now() > moment + LONG / 4 {
            break End::Lost;
        }
    };
    let now = board.register(CoreRegister::Pc);
    if bad.runs.contains(now) {
        return wrong(&format!("runs at {now:#010x}"));
    }
    let installed = slot(&mut board, bad.installed);
    if installed == kept {
        return Ok(end);
    }
    if started || !is_what_was_left(&installed, kept) {
        return wrong("something else is installed");
    }
    // Erased cells are no image: the boot must end without one.
    loop {
        let goes_on = step(&mut board, 20_000);
        let starts =
            |word: &TraceKind| matches!(word, TraceKind::Word(TraceWord { event: Event::StartsApplication, .. }));
        if ear.hear(&board).iter().any(starts) || board.now() > moment + LONG / 4 {
            return wrong("what was left of the installed image was started, or the boot came to no end");
        }
        if !goes_on {
            break;
        }
    }
    Ok(End::Astray)
}

/// Skips instructions of the verification of a bad image, and tells how many and how they ended.
fn sweep(bad: &Bad, extent: Extent) -> usize {
    let began = Instant::now();
    let (chosen, of) = match extent {
        Extent::Stride(count) => (some_moments(bad, count as u64), "here and there".to_owned()),
        Extent::Full => {
            let (moments, instructions) = every_moment(bad);
            assert!(instructions > 1_000, "{}: {instructions} instructions", bad.what);
            (moments, format!("of every one of {instructions} instructions"))
        }
    };
    let mut beginning = begun(bad);
    let kept = slot(&mut beginning, bad.installed);
    // Each thread takes a stretch, and walks through it once.
    let stretches: Vec<&[u64]> = chosen.chunks(chosen.len().div_ceil(64).max(1)).collect();
    let ends = divided(&stretches, |moments| {
        let mut board = beginning.fork();
        moments
            .iter()
            .map(|moment| {
                while board.now() < *moment {
                    let left = *moment - board.now();
                    assert!(step(&mut board, left), "{}: at rest before {moment}", bad.what);
                }
                skip(bad, board.fork(), &kept)
            })
            .collect::<Vec<_>>()
    });
    let mut counts: HashMap<End, usize> = HashMap::new();
    let mut broken = Vec::new();
    for end in ends.into_iter().flatten() {
        match end {
            Ok(end) => *counts.entry(end).or_default() += 1,
            Err(what) => broken.push(what),
        }
    }
    let (what, skips, seconds) = (bad.what, chosen.len(), began.elapsed().as_secs_f64());
    eprintln!("{what}: {skips} skips {of} in {seconds:.0} s: {counts:?}");
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(counts.get(&End::Refused).is_some_and(|refused| *refused > 0), "{counts:?}");
    chosen.len()
}

/// The bad downloads that STiRoT refuses.
fn downloads() -> Vec<Bad> {
    let (bench, state) = one_stage(110);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let installed = bench.project.stirot().unwrap().installation_slot();
    let scenario = Scenario::InstallApplication { version: "1.1.0".parse().unwrap() };
    let command = stirot(Event::CommandRead, loader::RSSCMD_SECONDARY_LOADED);
    // What opens an image decides nothing about whether it is good: it is swept once, with an image that is refused right
    // behind it.
    let opened = stirot(Event::Passed, Check::KeyBlob as u16);
    let cases = [
        ("STiRoT, download, wrong signature", opened, Tamper::FlipBit { spot: Spot::Signature }),
        ("STiRoT, download, wrong hash", opened, Tamper::FlipBit { spot: Spot::Hash }),
        ("STiRoT, download, other key", opened, Tamper::OtherKey { key: OtherKey::Signer }),
        ("STiRoT, download, older counter", command, Tamper::OlderVersion),
    ];
    cases
        .into_iter()
        .map(|(what, from, tamper)| Bad {
            what,
            state: lab.before(&scenario, &tamper).unwrap(),
            from,
            to: stirot(Event::UpdateErase, 0),
            program: SYSTEM_FLASH,
            installed,
            runs: AXI_SRAM,
            refusal: Refusal::BehindReset,
        })
        .collect()
}

/// A whole cipher block inside of a value of an image, behind what gives a signature its form.
fn block(image: &[u8], kind: u16) -> u32 {
    let parts = Parts::decode(image).unwrap();
    let entry = parts.tlvs.only(kind).unwrap().unwrap();
    let value = entry.offset as usize + Tlv::HEAD_SIZE + if kind == Tlv::SIGNATURE { 5 } else { 0 };
    u32::try_from(value.next_multiple_of(16)).unwrap()
}

/// The board with one bit of its flash flipped.
fn garbled(state: &NonVolatile, at: u32) -> NonVolatile {
    let mut state = state.clone();
    let mut cell = [0];
    state.nor.read(at, &mut cell);
    state.nor.set(at, cell[0] ^ 1);
    state
}

/// Puts what lies in a slot of one board into the same slot of the other.
fn copy_slot(from: &NonVolatile, to: &mut NonVolatile, slot: Region) {
    let offset = slot.start - XSPI1_WINDOW.start;
    let mut cells = vec![0; slot.size as usize];
    from.nor.read(offset, &mut cells);
    to.nor.erase(offset, slot.size);
    for (at, byte) in (offset..).zip(cells).filter(|(_, byte)| *byte != 0xFF) {
        to.nor.set(at, byte);
    }
}

/// The bad installed images that STiRoT refuses: one cipher block of what lies in the slot is garbled, or the slot holds
/// again what it held before an update.
fn installed() -> Vec<Bad> {
    let (bench, state) = one_stage(111);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let slot = bench.project.stirot().unwrap().installation_slot();
    let offset = slot.start - XSPI1_WINDOW.start;
    let image = bench.image(&common::Recipe::of(&bench));
    let garbled = |kind| garbled(lab.settled(), offset + block(&image, kind));
    let mut rolled_back = {
        let scenario = Scenario::InstallApplication { version: "1.1.0".parse().unwrap() };
        let newer = lab.before(&scenario, &Tamper::None).unwrap();
        Lab::of_state(newer, &bench.project).unwrap().settled().clone()
    };
    copy_slot(lab.settled(), &mut rolled_back, slot);
    let cases = [
        ("STiRoT, installed, wrong signature", garbled(Tlv::SIGNATURE)),
        ("STiRoT, installed, wrong hash", garbled(Tlv::SHA256)),
        ("STiRoT, installed, other key", garbled(Tlv::KEY_HASH)),
        ("STiRoT, installed, older counter", rolled_back),
    ];
    cases
        .into_iter()
        .map(|(what, state)| Bad {
            what,
            state,
            from: stirot(Event::CommandRead, loader::RSSCMD_PRIMARY_LOADED),
            to: stirot(Event::Stopped, Stop::ImageRefused as u16),
            program: SYSTEM_FLASH,
            installed: slot,
            runs: AXI_SRAM,
            refusal: Refusal::BehindReset,
        })
        .collect()
}

/// The program of the second stage in RAM.
fn second_stage() -> Region {
    let program = include_bytes!("../../../assets/firmware/oemurot.bin").len();
    Region::new(chip::second_stage::PROGRAM_ADDRESS, u32::try_from(program).unwrap())
}

fn judges(place: SubjectPlace) -> TraceWord {
    oemurot(Event::Judges, Subject { image: SubjectImage::Application, place }.encode())
}

/// The bad downloads that the second stage refuses.
fn second_downloads() -> Vec<Bad> {
    let (bench, state) = two_stages(112, ApplicationRun::InPlace);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let places = SecondStageLayout::for_run(ApplicationRun::InPlace).application;
    let scenario = Scenario::InstallApplication { version: "1.1.0".parse().unwrap() };
    let begins = judges(SubjectPlace::Download);
    let opened = oemurot(Event::Passed, Check::KeyBlob as u16);
    let cases = [
        ("OEMuRoT, download, wrong signature", opened, Tamper::FlipBit { spot: Spot::Signature }),
        ("OEMuRoT, download, wrong hash", opened, Tamper::FlipBit { spot: Spot::Hash }),
        ("OEMuRoT, download, other key", begins, Tamper::OtherKey { key: OtherKey::Signer }),
        // The counter is looked at before the key blob.
        ("OEMuRoT, download, older counter", begins, Tamper::OlderVersion),
    ];
    cases
        .into_iter()
        .map(|(what, from, tamper)| Bad {
            what,
            state: lab.before(&scenario, &tamper).unwrap(),
            from,
            to: oemurot(Event::DownloadErased, SubjectImage::Application as u16),
            program: second_stage(),
            installed: places.installation_slot(),
            runs: places.download_slot(),
            refusal: Refusal::Erased,
        })
        .collect()
}

/// The bad installed images that the second stage refuses. One that verified last needs no signature again: the one with
/// the wrong signature lies where another verified last, of the same counter.
fn second_installed() -> Vec<Bad> {
    let (bench, state) = two_stages(113, ApplicationRun::InPlace);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let slot = SecondStageLayout::for_run(ApplicationRun::InPlace).application.installation_slot();
    let offset = slot.start - XSPI1_WINDOW.start;
    let image = bench.project.outputs().unwrap().second.unwrap().application.bytes;
    let after = |version: &str| {
        let scenario = Scenario::InstallApplication { version: version.parse().unwrap() };
        let newer = lab.before(&scenario, &Tamper::None).unwrap();
        Lab::of_state(newer, &bench.project).unwrap().settled().clone()
    };
    let (mut rolled_back, mut other) = (after("1.1.0"), after("1.0.0+1"));
    copy_slot(lab.settled(), &mut rolled_back, slot);
    copy_slot(lab.settled(), &mut other, slot);
    let cases = [
        ("OEMuRoT, installed, wrong hash", garbled(lab.settled(), offset + block(&image, Tlv::SHA256))),
        ("OEMuRoT, installed, other key", garbled(lab.settled(), offset + block(&image, Tlv::KEY_HASH))),
        ("OEMuRoT, installed, older counter", rolled_back),
        ("OEMuRoT, installed, wrong signature", garbled(&other, offset + block(&image, Tlv::SIGNATURE))),
    ];
    cases
        .into_iter()
        .map(|(what, state)| Bad {
            what,
            state,
            from: judges(SubjectPlace::Installation),
            to: oemurot(Event::Stopped, Stop::NoBootableImage as u16),
            program: second_stage(),
            installed: slot,
            runs: slot,
            refusal: Refusal::Asleep,
        })
        .collect()
}

fn sweep_all(all: &[Bad], extent: Extent) {
    let began = Instant::now();
    let skips: usize = all.iter().map(|bad| sweep(bad, extent)).sum();
    eprintln!("{skips} skips in {:.0} s: no bad image runs, none is kept", began.elapsed().as_secs_f64());
}

#[test]
fn an_image_that_is_started_is_seen_to_run_and_one_that_is_only_told_of_is_not() {
    let good = Bad { state: two_stages(113, ApplicationRun::InPlace).1, ..second_installed().remove(0) };
    let starts = oemurot(Event::StartsApplication, 3);
    let mut board = begun(&good);
    assert!(!runs(&good, &board), "it is being judged");
    let cursor = board.peripherals.trace.cursor();
    said(&mut board, cursor, starts, good.what);
    assert!(runs(&good, &board));
}

#[test]
fn a_skipped_instruction_doesnt_let_a_bad_download_of_stirot_through() {
    sweep_all(&downloads(), Extent::Stride(10));
}

#[test]
fn a_skipped_instruction_doesnt_start_a_bad_installed_image_of_stirot() {
    sweep_all(&installed(), Extent::Stride(10));
}

#[test]
fn a_skipped_instruction_doesnt_let_a_bad_download_of_the_second_stage_through() {
    sweep_all(&second_downloads(), Extent::Stride(10));
}

#[test]
fn a_skipped_instruction_doesnt_start_a_bad_installed_image_of_the_second_stage() {
    sweep_all(&second_installed(), Extent::Stride(10));
}

#[test]
#[ignore = "every instruction: tens of minutes in release"]
fn every_instruction_of_stirot_over_a_bad_download() {
    sweep_all(&downloads(), Extent::Full);
}

#[test]
#[ignore = "every instruction: tens of minutes in release"]
fn every_instruction_of_stirot_over_a_bad_installed_image() {
    sweep_all(&installed(), Extent::Full);
}

#[test]
#[ignore = "every instruction: tens of minutes in release"]
fn every_instruction_of_the_second_stage_over_a_bad_download() {
    sweep_all(&second_downloads(), Extent::Full);
}

#[test]
#[ignore = "every instruction: tens of minutes in release"]
fn every_instruction_of_the_second_stage_over_a_bad_installed_image() {
    sweep_all(&second_installed(), Extent::Full);
}

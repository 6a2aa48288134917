//! The recovery assistant on virtual boards in every state and with the faults of a bench: its first cause is the right
//! one, and looking changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use board::{BoardFile, MailboxDirection, MailboxFault, MailboxFaultKind, NonVolatile, TraceKind};
use chip::option_bytes::{
    DBG_AUTH_SHIFT, DebugAuthentication, IROT_SELECT_SHIFT, IROT_SELECT_ST, NVSTATE_CLOSE, OEM_NOT_PROVISIONED,
    OEM_PROVISIONED,
};
use common::{Bench, Files, fast};
use provision::doctor::{
    Cause, CauseId, CredentialHint, CredentialState, Dbgmcu, Depth, Effect, Examination, Hints, Likelihood,
    MailboxFlags, Measurement, Next, ProbeSeen, ResetEffect, causes, examine,
};
use provision::{BoardAddress, Entry, History, SiliconOptions, StepId, VirtualBoard, VirtualOptions, Wire, Wiring};
use tempfile::TempDir;

/// A board whose option bytes were set past the chip, powered on, with nothing stored.
struct Made {
    board: VirtualBoard,
    _folder: TempDir,
}

/// What the option bytes spell.
#[derive(Clone, Copy)]
enum State {
    Open,
    Provisioning,
    /// Climbed, with this code of the method.
    Climbed(DebugAuthentication),
}

fn made(state: State, wiring: Wiring) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.board");
    let mut cells = NonVolatile::new(Some(7), provision::ROM).unwrap();
    let (nvstate, provisioned, method) = match state {
        State::Open => (None, OEM_NOT_PROVISIONED, DebugAuthentication::None),
        State::Provisioning => (Some(NVSTATE_CLOSE), OEM_NOT_PROVISIONED, DebugAuthentication::None),
        State::Climbed(method) => (Some(NVSTATE_CLOSE), OEM_PROVISIONED, method),
    };
    if let Some(code) = nvstate {
        cells.options.nvsr = u32::from(code);
    }
    cells.options.rotsr = u32::from(IROT_SELECT_ST) << IROT_SELECT_SHIFT
        | u32::from(method.code()) << DBG_AUTH_SHIFT
        | u32::from(provisioned);
    drop(BoardFile::create(&path, &cells).unwrap());
    let board = VirtualBoard::open(&path, VirtualOptions { wiring, ..fast() }).unwrap();
    settle(&board);
    Made { board, _folder: folder }
}

/// Lets the board come to rest, so that what it does by itself is over.
fn settle(board: &VirtualBoard) {
    let began = Instant::now();
    while !board.is_at_rest() && began.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn address(board: &VirtualBoard) -> BoardAddress {
    BoardAddress::Virtual(board.path().to_owned())
}

fn look(board: &VirtualBoard, depth: Depth) -> Examination {
    examine(&address(board), &SiliconOptions::default(), depth)
}

fn first(examination: &Examination, hints: &Hints) -> Cause {
    causes(examination, hints).into_iter().next().unwrap()
}

fn first_of(state: State, wiring: Wiring, depth: Depth) -> (Cause, Examination) {
    let made = made(state, wiring);
    let examination = look(&made.board, depth);
    (first(&examination, &Hints::default()), examination)
}

fn no_reset_wire() -> Wiring {
    Wiring { reset: Wire::Open, ..Wiring::default() }
}

/// The sample's board in PROVISIONING with its debug-authentication object, stored through the chip's own library.
fn provisioning_with_object(seed: u64) -> Bench {
    let bench = Bench::new(seed);
    bench.provision_until(StepId::WayBack);
    bench.board.reset();
    settle(&bench.board);
    bench
}

fn project_hint(method: DebugAuthentication) -> Hints {
    let project = CredentialHint {
        project: "sample".into(),
        folder: "sample".into(),
        method,
        permits: None,
        state: CredentialState::Usable,
    };
    Hints { project: Some(project), ..Hints::default() }
}

#[test]
fn a_board_in_open_is_said_to_be_in_open_with_its_identity() {
    let bench = Bench::new(1);
    settle(&bench.board);
    let examination = look(&bench.board, Depth::Passive);
    let cause = first(&examination, &Hints::default());
    assert_eq!((cause.id, cause.likelihood), (CauseId::Open, Likelihood::Certain));
    assert_eq!(examination.known_uid(), Some(bench.board.look(|board| board.snapshot().uid)));
    assert_eq!(examination.hdpl, Measurement::Measured(3));
    assert!(cause.meaning.contains("no mailbox answers"), "{}", cause.meaning);
}

#[test]
fn with_a_reset_a_board_in_open_shows_that_nrst_is_wired_and_keeps_its_mailbox_empty() {
    let bench = Bench::new(2);
    settle(&bench.board);
    let examination = look(&bench.board, Depth::WithReset);
    assert_eq!(examination.reset, Measurement::Measured(ResetEffect::CoreWasReset));
    assert!(matches!(examination.handshake, Measurement::NotTried(_)));
    assert_eq!(first(&examination, &Hints::default()).id, CauseId::Open);
    let after = look(&bench.board, Depth::Passive);
    assert!(after.mailbox_flags.value().is_some_and(|flags| !flags.host_word_waits && !flags.chip_word_waits));
}

#[test]
fn a_board_stuck_in_provisioning_without_an_object_is_told_how_to_come_back() {
    for depth in [Depth::Passive, Depth::WithReset] {
        let (cause, _) = first_of(State::Provisioning, Wiring::default(), depth);
        assert_eq!((cause.id, cause.likelihood), (CauseId::ProvisioningEmpty, Likelihood::Certain));
        assert!(cause.next.iter().any(|next| matches!(next, Next::StoreAndRegress { .. })), "{:?}", cause.next);
        assert!(cause.next.iter().any(|next| matches!(next, Next::Provision { .. })), "{:?}", cause.next);
    }
}

#[test]
fn a_board_stuck_in_provisioning_with_its_object_is_sent_to_its_credential() {
    let bench = provisioning_with_object(3);
    let examination = look(&bench.board, Depth::WithReset);
    let hints = project_hint(DebugAuthentication::Certificate);
    let cause = first(&examination, &hints);
    assert_eq!((cause.id, cause.likelihood), (CauseId::ProvisioningStored, Likelihood::Certain));
    let regress = Next::Regress { project: Some("sample".into()) };
    let go_on = Next::Provision { project: Some("sample".into()) };
    assert_eq!(cause.next[..2], [go_on, regress], "what writes less comes first");
    assert_eq!(examination.discovery.value().unwrap().integrity(), Some(true));
    assert!(!causes(&examination, &hints).iter().any(|cause| cause.id == CauseId::IntegrityBad));
}

#[test]
fn a_credential_of_another_kind_is_named_and_not_offered() {
    let bench = provisioning_with_object(4);
    let examination = look(&bench.board, Depth::Passive);
    let hints = project_hint(DebugAuthentication::Password);
    let found = causes(&examination, &hints);
    assert!(found.iter().any(|cause| cause.id == CauseId::CredentialOfOtherKind));
    assert!(!found[0].next.iter().any(|next| matches!(next, Next::Regress { .. })), "{:?}", found[0].next);
}

#[test]
fn a_closed_board_is_asked_for_only_when_a_person_wants_a_reset() {
    let bench = Bench::new(5);
    bench.provision().unwrap();
    settle(&bench.board);
    let passive = look(&bench.board, Depth::Passive);
    let cause = first(&passive, &Hints::default());
    assert_eq!((cause.id, cause.next[0].clone()), (CauseId::ShutUnasked, Next::ExamineWithReset));

    let asked = look(&bench.board, Depth::WithReset);
    assert_eq!(asked.reset, Measurement::Measured(ResetEffect::MailboxServed));
    assert_eq!(first(&asked, &Hints::default()).id, CauseId::ClosedWithoutCredential);
    let cause = first(&asked, &project_hint(DebugAuthentication::Certificate));
    assert_eq!(cause.id, CauseId::ClosedWithCredential);
    assert_eq!(cause.next[0].effect(), Effect::Resets, "opening debug comes before erasing: {:?}", cause.next);
}

#[test]
fn after_an_examination_with_a_reset_a_closed_board_starts_its_application() {
    let bench = Bench::new(6);
    bench.provision().unwrap();
    let mut console = bench.board.console_reader();
    look(&bench.board, Depth::WithReset);
    assert!(common::listen(&mut console, "1.0.0").contains("1.0.0"));
}

#[test]
fn a_locked_board_is_said_to_be_locked_for_ever() {
    let (cause, _) = first_of(State::Climbed(DebugAuthentication::Locked), Wiring::default(), Depth::WithReset);
    assert_eq!((cause.id, cause.likelihood), (CauseId::Locked, Likelihood::Likely));
    assert!(cause.meaning.contains("for ever"));
    assert_eq!(cause.next.last(), Some(&Next::UseAnotherBoard));
}

#[test]
fn a_board_closed_without_a_method_is_not_promised_a_way_back() {
    let (cause, examination) = first_of(State::Climbed(DebugAuthentication::None), Wiring::default(), Depth::WithReset);
    // The ROM names it CLOSED; what it grants, and whether its object is whole, tell.
    let told = examination.discovery.value().unwrap();
    assert_eq!(told.integrity(), Some(false));
    assert_eq!(cause.id, CauseId::Provisioned);
    assert_eq!(cause.next.last(), Some(&Next::UseAnotherBoard));
}

#[test]
fn a_closed_board_whose_object_is_not_whole_is_told_so_first() {
    let bench = Bench::new(8);
    bench.provision().unwrap();
    let history = bench.run_folder().history().unwrap();
    let Bench { board, files, .. } = bench;
    let path = board.path().to_owned();
    board.power_off().unwrap();
    let (file, mut cells) = BoardFile::open(&path).unwrap();
    cells.keys[0].iter_mut().flatten().next().unwrap().data[0] ^= 1;
    file.save(&cells).unwrap();
    drop(file);
    let board = files.board(None);
    let examination = look(&board, Depth::WithReset);
    let hints = Hints { history: Some(history), ..Hints::default() };
    assert_eq!(first(&examination, &hints).id, CauseId::IntegrityBad, "{:?}", examination.discovery);
    // Without the journal the two can't be told apart, and both are named.
    let found = causes(&examination, &Hints::default());
    assert_eq!(found.iter().map(|cause| cause.id).collect::<Vec<_>>(), [CauseId::Provisioned, CauseId::IntegrityBad]);
}

#[test]
fn a_board_closed_with_another_object_than_the_projects_is_told_so() {
    let bench = Bench::new(13);
    bench.provision().unwrap();
    let examination = look(&bench.board, Depth::WithReset);
    let own = Hints::gather(&address(&bench.board), &examination, Some(&bench.project), &bench.files.wallet());
    assert!(!causes(&examination, &own).iter().any(|cause| cause.id == CauseId::CredentialOfOtherKind));
    let other = Files::new();
    other.by_password();
    let hints = Hints::gather(&address(&bench.board), &examination, Some(&other.project()), &other.wallet());
    let found = causes(&examination, &hints);
    let cause = found.iter().find(|cause| cause.id == CauseId::CredentialOfOtherKind).unwrap();
    assert_eq!(cause.likelihood, Likelihood::Likely);
}

#[test]
fn the_credential_that_the_wallet_keeps_for_the_chip_is_offered() {
    let bench = Bench::new(14);
    bench.provision().unwrap();
    let examination = look(&bench.board, Depth::WithReset);
    let hints = Hints::gather(&address(&bench.board), &examination, None, &bench.files.wallet());
    let cause = first(&examination, &hints);
    assert_eq!(cause.id, CauseId::ClosedWithCredential);
    assert_eq!(cause.next, [Next::WatchConsole, Next::RegressFromWallet]);
}

#[test]
fn nrst_that_is_not_wired_is_the_first_cause_in_every_state() {
    let states = [
        (State::Open, Likelihood::Certain),
        (State::Provisioning, Likelihood::Certain),
        (State::Climbed(DebugAuthentication::Password), Likelihood::Likely),
        (State::Climbed(DebugAuthentication::Locked), Likelihood::Likely),
    ];
    for (state, likelihood) in states {
        let (cause, examination) = first_of(state, no_reset_wire(), Depth::WithReset);
        assert_eq!(examination.reset, Measurement::Measured(ResetEffect::Nothing));
        assert_eq!((cause.id, cause.likelihood), (CauseId::ResetNotWired, likelihood));
        assert_eq!(cause.next, [Next::WireReset]);
    }
}

#[test]
fn a_request_that_nobody_took_does_not_stay_in_the_mailbox() {
    let made = made(State::Climbed(DebugAuthentication::Password), no_reset_wire());
    look(&made.board, Depth::WithReset);
    // Somebody presses the button: the board starts, and the ROM doesn't wait for a debugger that is gone.
    let served = || {
        made.board.look(|board| {
            let entries = board.peripherals.trace.since(0);
            let words =
                entries.filter_map(|entry| if let TraceKind::Word(word) = entry.kind { Some(word) } else { None });
            words.filter(|word| word.event == chip::trace::Event::ServesDebugAuthentication).count()
        })
    };
    made.board.reset();
    settle(&made.board);
    assert_eq!(served(), 0);
}

#[test]
fn a_board_without_supply_is_told_from_one_with_open_wires() {
    let off = Wiring { debug: Wire::Open, volts: 0.02, ..Wiring::default() };
    let (cause, _) = first_of(State::Open, off, Depth::WithReset);
    assert_eq!((cause.id, cause.likelihood), (CauseId::NoVoltage, Likelihood::Certain));
    let open = Wiring { debug: Wire::Open, ..Wiring::default() };
    let (cause, _) = first_of(State::Open, open, Depth::WithReset);
    assert_eq!((cause.id, cause.likelihood), (CauseId::DebugWires, Likelihood::Likely));
}

#[test]
fn a_missing_reference_wire_is_told_beside_the_state() {
    let wiring = Wiring { volts: 0.0, ..Wiring::default() };
    let made = made(State::Open, wiring);
    let found = causes(&look(&made.board, Depth::Passive), &Hints::default());
    assert_eq!(found[0].id, CauseId::Open);
    assert!(found.iter().any(|cause| cause.id == CauseId::ReferenceNotWired));
}

#[test]
fn a_mailbox_whose_words_are_changed_is_told_from_one_that_is_silent() {
    let made = made(State::Climbed(DebugAuthentication::Password), Wiring::default());
    // Four words are answers to handshakes; the fifth is the head of the discovery's answer.
    let kind = MailboxFaultKind::Corrupt(0xFFFF_0000);
    let fault = MailboxFault { direction: MailboxDirection::ToHost, after_words: 4, kind };
    made.board.with(|board| board.peripherals.disturb_mailbox(fault));
    let examination = look(&made.board, Depth::WithReset);
    assert!(examination.discovery.failure().is_some(), "{:?}", examination.discovery);
    assert_eq!(first(&examination, &Hints::default()).id, CauseId::MailboxGarbage);
}

#[test]
fn a_rom_that_answers_with_another_word_is_heard_and_not_believed() {
    let made = made(State::Climbed(DebugAuthentication::Password), Wiring::default());
    let options = SiliconOptions { mailbox_answers: vec![0x1234_5678], ..SiliconOptions::default() };
    let examination = examine(&address(&made.board), &options, Depth::WithReset);
    assert_eq!(first(&examination, &Hints::default()).id, CauseId::MailboxGarbage);
}

#[test]
fn a_board_file_that_is_missing_and_one_that_is_no_board_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.board");
    let examination = examine(&BoardAddress::Virtual(file.clone()), &SiliconOptions::default(), Depth::Passive);
    assert_eq!(first(&examination, &Hints::default()).id, CauseId::BoardFile);
    std::fs::write(&file, b"not a board").unwrap();
    let examination = examine(&BoardAddress::Virtual(file), &SiliconOptions::default(), Depth::Passive);
    assert_eq!(first(&examination, &Hints::default()).id, CauseId::BoardFile);
}

#[test]
fn a_board_that_another_debugger_holds_is_told_so() {
    let bench = Bench::new(9);
    let mut holder = bench.link();
    holder.halt_through_reset().unwrap();
    let cause = first(&look(&bench.board, Depth::Passive), &Hints::default());
    assert_eq!((cause.id, cause.likelihood), (CauseId::ProbeHeld, Likelihood::Certain));
}

#[test]
fn no_probe_with_a_serial_number_that_nobody_has() {
    let address: BoardAddress = "probe:no-such-serial".parse().unwrap();
    let examination = examine(&address, &SiliconOptions::default(), Depth::WithReset);
    assert_eq!(first(&examination, &Hints::default()).id, CauseId::NoProbe);
}

/// Everything of a board that a look from outside could have changed.
fn picture(board: &VirtualBoard) -> (Vec<u8>, usize, bool, u64) {
    board.look(|board| {
        let trace = &board.peripherals.trace;
        let resets = trace.since(0).filter(|entry| matches!(entry.kind, TraceKind::Reset(_))).count();
        (board.snapshot().encode().to_vec(), resets, board.is_halted(), trace.cursor())
    })
}

#[test]
fn a_passive_examination_never_changes_a_board() {
    let mut kept: Vec<Made> = Vec::new();
    for method in [DebugAuthentication::Certificate, DebugAuthentication::Password, DebugAuthentication::Locked] {
        kept.push(made(State::Climbed(method), Wiring::default()));
    }
    kept.push(made(State::Climbed(DebugAuthentication::None), Wiring::default()));
    kept.push(made(State::Open, Wiring::default()));
    kept.push(made(State::Provisioning, Wiring::default()));
    kept.push(made(State::Provisioning, no_reset_wire()));
    let mut boards: Vec<_> = kept.iter().map(|made| made.board.clone()).collect();
    let stored = provisioning_with_object(11);
    let closed = Bench::new(12);
    closed.provision().unwrap();
    boards.push(stored.board.clone());
    boards.push(closed.board.clone());
    for board in &boards {
        settle(board);
        let before = picture(board);
        for _ in 0..2 {
            look(board, Depth::Passive);
        }
        settle(board);
        assert!(picture(board) == before, "{} was changed", board.path().display());
    }
}

#[test]
fn no_examination_waits_without_end_and_every_one_names_a_cause() {
    let wirings = [Wiring::default(), no_reset_wire()];
    let states = [State::Open, State::Provisioning, State::Climbed(DebugAuthentication::Password)];
    for wiring in wirings {
        for state in states {
            let began = Instant::now();
            let (cause, _) = first_of(state, wiring, Depth::WithReset);
            assert!(!cause.next.is_empty());
            assert!(began.elapsed() < Duration::from_secs(20), "{:?} took {:?}", cause.id, began.elapsed());
        }
    }
    let began = Instant::now();
    first_of(State::Open, Wiring { reset: Wire::Open, debug: Wire::Open, volts: 3.3 }, Depth::WithReset);
    assert!(began.elapsed() < Duration::from_secs(20), "open wires took {:?}", began.elapsed());
}

#[test]
fn with_a_reset_nothing_is_stored_either() {
    for state in [State::Open, State::Provisioning, State::Climbed(DebugAuthentication::Password)] {
        let made = made(state, Wiring::default());
        let before = made.board.look(|board| board.snapshot().encode());
        look(&made.board, Depth::WithReset);
        settle(&made.board);
        assert!(made.board.look(|board| board.snapshot().encode()) == before);
    }
}

#[test]
fn every_act_with_a_command_names_the_board_quoted_for_a_shell() {
    let board = "/home/me/my bench's.board";
    let next = Next::Regress { project: Some("/home/me/a project".into()) };
    assert_eq!(
        next.command(board).unwrap(),
        "stirot-studio debug regress --board '/home/me/my bench'\\''s.board' --project '/home/me/a project'"
    );
    assert_eq!(Next::WatchConsole.command("probe:1"), None);
}

/// A program that resets the chip as soon as it runs.
const RESETS_ITSELF: [u16; 12] = [
    0x0000, 0x2001, // initial stack pointer 0x2001_0000
    0x0009, 0x0800, // reset vector 0x0800_0008, Thumb
    0x4801, // ldr r0, =0xE000_ED0C (AIRCR)
    0x4902, // ldr r1, =0x05FA_0004
    0x6001, // str r1, [r0]
    0xE7FE, // b to itself
    0xED0C, 0xE000, //
    0x0004, 0x05FA, //
];

#[test]
fn a_program_that_resets_the_chip_again_and_again_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loop.board");
    let mut cells = NonVolatile::new(Some(15), provision::ROM).unwrap();
    let program = RESETS_ITSELF.iter().flat_map(|half| half.to_le_bytes()).collect::<Vec<_>>();
    cells.user_flash[..program.len()].copy_from_slice(&program);
    drop(BoardFile::create(&path, &cells).unwrap());
    let board = VirtualBoard::open(&path, fast()).unwrap();
    let examination = look(&board, Depth::WithReset);
    assert!(*examination.own_resets.value().unwrap() > 2, "{:?}", examination.own_resets);
    assert_eq!(first(&examination, &Hints::default()).id, CauseId::BootLoop);
}

#[test]
fn a_store_that_the_journal_saw_refused_points_to_what_is_plugged_in() {
    let made = made(State::Provisioning, Wiring::default());
    let examination = look(&made.board, Depth::Passive);
    let broken = Entry::Broken { step: StepId::DebugAuthentication, reason: "the chip refused it".into() };
    let likelihood = |entries: Vec<Entry>| {
        let history = History { plan: Some("aa".into()), entries, ..History::default() };
        let found = causes(&examination, &Hints { history: Some(history), ..Hints::default() });
        found.iter().find(|cause| cause.id == CauseId::StoreHindered).unwrap().likelihood
    };
    let begun = Entry::Begun { step: StepId::DebugAuthentication };
    assert_eq!(likelihood(vec![begun.clone(), broken.clone()]), Likelihood::Likely);
    let proved =
        Entry::Proved { step: StepId::DebugAuthentication, evidence: provision::Evidence::text("acknowledged") };
    assert_eq!(likelihood(vec![begun, broken, proved]), Likelihood::Possible);
    let stopped = Entry::Broken { step: StepId::Configuration, reason: "cancelled".into() };
    assert_eq!(likelihood(vec![stopped]), Likelihood::Possible, "a person who stops a run refuses nothing");
}

/// What an examination of a real board could have given: that of a virtual one with a few measurements put in.
fn of_a_probe(change: impl FnOnce(&mut Examination)) -> Vec<Cause> {
    let made = made(State::Open, Wiring::default());
    let mut examination = look(&made.board, Depth::Passive);
    examination.board = "probe".into();
    examination.probes = Measurement::Measured(vec![probe("A")]);
    change(&mut examination);
    causes(&examination, &Hints::default())
}

fn probe(serial: &str) -> ProbeSeen {
    ProbeSeen { name: "ST-LINK V3".into(), serial: Some(serial.into()), permitted: true }
}

#[test]
fn what_is_wrong_with_a_probe_is_told_apart() {
    let failed = || Measurement::Failed("the system refused".to_owned());
    let none = of_a_probe(|examination| {
        examination.probes = Measurement::Measured(Vec::new());
        examination.probe = failed();
    });
    assert_eq!(none[0].id, CauseId::NoProbe);
    let several = of_a_probe(|examination| {
        examination.probes = Measurement::Measured(vec![probe("A"), probe("B")]);
        examination.probe = failed();
    });
    assert_eq!(several[0].id, CauseId::SeveralProbes);
    assert_eq!(several[0].next[0].command("probe").unwrap(), "stirot-studio doctor --board probe:A");
    let held = of_a_probe(|examination| examination.probe = failed());
    assert_eq!((held[0].id, held[0].likelihood), (CauseId::ProbeHeld, Likelihood::Likely));
    let denied = of_a_probe(|examination| {
        examination.probes = Measurement::Measured(vec![ProbeSeen { permitted: false, ..probe("A") }]);
        examination.probe = failed();
    });
    assert_eq!((denied[0].id, denied[0].likelihood), (CauseId::ProbeNotPermitted, Likelihood::Certain));
}

#[test]
fn another_chip_is_told_by_its_identity_and_by_its_debug_port() {
    let identity = of_a_probe(|examination| {
        examination.dbgmcu = Measurement::Measured(Dbgmcu { base: 0xE00E_1000, identity: 0x1000_6450 });
    });
    assert_eq!((identity[0].id, identity[0].likelihood), (CauseId::OtherChip, Likelihood::Certain));
    let silent = |debug_port| {
        of_a_probe(|examination| {
            examination.debug_port = Measurement::Measured(debug_port);
            examination.dbgmcu = Measurement::Failed("no answer".into());
            examination.option_bytes = Measurement::NotTried("shut".into());
        })
    };
    assert_eq!(silent(0x2BA0_1477)[0].id, CauseId::OtherChip);
    assert_eq!(silent(0x6BA0_2477)[0].id, CauseId::AccessPort);
}

#[test]
fn a_word_left_in_the_mailbox_is_told() {
    let flags = MailboxFlags { host_word_waits: false, chip_word_waits: true };
    let found = of_a_probe(|examination| examination.mailbox_flags = Measurement::Measured(flags));
    assert_eq!(found[0].id, CauseId::Open);
    assert!(found.iter().any(|cause| cause.id == CauseId::MailboxLeftover));
}

#[test]
fn a_closed_board_that_is_silent_is_asked_across_power_cycles_before_it_is_given_up() {
    let made = made(State::Climbed(DebugAuthentication::Password), no_reset_wire());
    let found = causes(&look(&made.board, Depth::WithReset), &Hints::default());
    let silent = found.iter().find(|cause| cause.id == CauseId::MailboxSilent).unwrap();
    assert!(silent.next.contains(&Next::DiscoverPatiently));
    let lost = found.iter().find(|cause| cause.id == CauseId::Locked).unwrap();
    assert_eq!(lost.likelihood, Likelihood::Possible, "a silent board is not called lost");
}

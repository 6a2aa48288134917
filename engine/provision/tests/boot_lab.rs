//! The Boot lab: every case of tampering comes as the rules say, and the board that the lab copied is as it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use chip::trace::{Check, Stop};
use common::Bench;
use common::lab::{one_stage, two_stages};
use formats::ApplicationRun;
use provision::lab::{
    Case, Expectation, InstalledSpot, Judge, Lab, Lane, Outcome, Refusal, Scenario, Seen, Spot, Tamper, Then, summary,
};
use provision::{Cancel, ProvisionError};

fn try_every_case(lab: &Lab, scenario: &Scenario) -> usize {
    let cases = lab.cases(scenario, &Cancel::new()).unwrap();
    let mut results = Vec::new();
    lab.try_all(&cases, &Cancel::new(), &mut |result| results.push(result)).unwrap();
    let others: Vec<String> = results
        .iter()
        .filter(|result| !result.as_expected())
        .map(|result| {
            let (what, expected, seen) = (result.case.tamper.text(), result.expected.text(), result.seen.text());
            format!("{what}: expected {expected}; seen {seen}")
        })
        .collect();
    assert_eq!(summary(&results), format!("{0} of {0} as expected", cases.len()), "{others:#?}");
    cases.len()
}

#[test]
fn every_way_to_tamper_with_one_boot_stage_ends_as_the_rules_say() {
    let (bench, state) = one_stage(80);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let scenarios = lab.scenarios();
    assert_eq!(scenarios.len(), 2);
    let cases: Vec<usize> = scenarios.iter().map(|scenario| try_every_case(&lab, scenario)).collect();
    assert!(cases[0] >= 11 && cases[1] >= 22, "{cases:?}");
}

#[test]
fn every_way_to_tamper_with_two_boot_stages_ends_as_the_rules_say() {
    let (bench, state) = two_stages(91, ApplicationRun::InPlace);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let scenarios = lab.scenarios();
    assert_eq!(scenarios.len(), 3);
    let cases: Vec<usize> = scenarios.iter().map(|scenario| try_every_case(&lab, scenario)).collect();
    assert!(cases[0] >= 14 && cases[1] >= 25 && cases[2] >= 25, "{cases:?}");
}

#[test]
fn a_copy_in_internal_ram_runs_and_is_what_is_judged() {
    let (bench, state) = two_stages(92, ApplicationRun::InternalRam);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let story = &lab.standing().story;
    assert_eq!(story.ending(), "version 1.0.0 runs at 0x2402 0400 at HDPL 3");
    let checks = story.of_lane(Lane::Oemurot).flat_map(|pass| &pass.checks);
    let copy = checks.filter(|check| check.check == Check::RunCopy).last().unwrap();
    let (copy, installed) = copy.saw.split_once(": computed ").unwrap().1.split_once(", installed ").unwrap();
    assert_eq!(copy, installed);
    let damaged = Tamper::Installed { judge: Judge::Oemurot, spot: InstalledSpot::Payload };
    let result =
        lab.try_case(&Case { scenario: Scenario::Boot, tamper: damaged }, &Cancel::new(), &mut |_| {}).unwrap();
    assert!(result.as_expected(), "{}", result.seen.text());
}

#[test]
fn a_refused_update_names_stage_and_check_and_what_was_seen() {
    let (bench, state) = one_stage(81);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let scenario = Scenario::InstallApplication { version: "1.5.0".parse().unwrap() };
    let story = lab.run(&scenario, &Tamper::OlderVersion, &Cancel::new(), &mut |_| {}).unwrap();
    let (pass, check) = story.first_failure().unwrap();
    assert_eq!((pass.lane, check.check), (Lane::Stirot, Check::Counter));
    assert_eq!(check.saw, "image 0.255.65535, counter 0x00FF FFFF, stored 0x0100 0000");
    assert_eq!(
        pass.decision.as_deref(),
        Some("refuses the download at “security counter is not lower”: has it erased")
    );
    assert_eq!(story.ending(), "version 1.0.0 runs at 0x2400 0400 at HDPL 2");
}

#[test]
fn a_bit_that_a_person_chose_is_judged_by_the_host_and_by_the_board_alike() {
    let (bench, state) = one_stage(82);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let scenario = lab.scenarios()[1];
    // Magic, header size, payload size, flags, pad, gap, payload.
    for (offset, bit) in [(0, 0), (8, 1), (12, 5), (16, 3), (29, 0), (0x200, 7), (0x700, 6)] {
        let tamper = Tamper::FlipBit { spot: Spot::Chosen { offset, bit } };
        let case = Case { scenario, tamper };
        let result = lab.try_case(&case, &Cancel::new(), &mut |_| {}).unwrap();
        assert!(result.as_expected(), "{offset:#x}: expected {}; seen {}", result.expected.text(), result.seen.text());
    }
}

#[test]
fn an_expectation_is_not_what_was_seen_but_what_should_be() {
    let (bench, state) = one_stage(83);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let scenario = lab.scenarios()[1];
    let honest = lab.run(&scenario, &Tamper::None, &Cancel::new(), &mut |_| {}).unwrap();
    let expected: Expectation = lab.expectation(&scenario, &Tamper::FlipBit { spot: Spot::Signature }).unwrap();
    assert_eq!(expected.refusal, Some(Refusal { by: Lane::Stirot, check: Some(Check::Signature) }));
    let seen: Seen = lab.seen(&honest, &scenario);
    assert!(!expected.fits(&seen), "an image that was taken is none that was refused");
}

#[test]
fn a_loss_of_power_is_part_of_the_story_and_time_goes_on_over_it() {
    let (bench, state) = one_stage(84);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let scenario = lab.scenarios()[1];
    let tamper = Tamper::CutPower { after_writes: 100, cut: provision::lab::Cut::Inside };
    let story = lab.run(&scenario, &tamper, &Cancel::new(), &mut |_| {}).unwrap();
    let powers: Vec<_> = story.resets.iter().filter(|reset| reset.by.is_none()).collect();
    assert_eq!(powers.len(), 2);
    assert!(powers[1].at > 1_000_000);
    assert!(story.passes.windows(2).all(|pair| pair[0].ended == pair[1].began), "each pass begins where one ended");
    assert_eq!(story.passes.last().unwrap().ended, story.instructions);
}

#[test]
fn power_that_would_be_cut_at_a_write_that_never_comes_is_no_case_that_went_well() {
    let (bench, state) = one_stage(87);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let cut = |scenario: &Scenario, after_writes| {
        let tamper = Tamper::CutPower { after_writes, cut: provision::lab::Cut::Between };
        lab.run(scenario, &tamper, &Cancel::new(), &mut |_| {})
    };
    let update = lab.scenarios()[1];
    let error = cut(&update, 1_000_000).unwrap_err();
    let writes = match error {
        ProvisionError::NoSuchWrite { asked: 1_000_000, writes } => writes,
        other => panic!("{other}"),
    };
    assert!(error.help().contains(&(writes - 1).to_string()), "{}", error.help());
    assert!(cut(&update, writes).is_err());
    assert!(cut(&update, writes - 1).is_ok(), "the last one is there");
    // What waited is installed; another boot writes nothing.
    let settled = Lab::of_state(lab.settled().clone(), &bench.project).unwrap();
    let tamper = Tamper::CutPower { after_writes: 0, cut: provision::lab::Cut::Inside };
    let error = settled.run(&Scenario::Boot, &tamper, &Cancel::new(), &mut |_| {}).unwrap_err();
    assert!(error.help().contains("an update"), "{error}: {}", error.help());
}

#[test]
fn the_board_itself_is_not_touched() {
    let bench = Bench::new(85);
    bench.provision().unwrap();
    let look = || bench.board.look(|board| (board.snapshot().encode().to_vec(), board.now()));
    let before = look();
    let lab = Lab::of(&bench.board, &bench.project).unwrap();
    let version = "1.0.0".parse().unwrap();
    assert_eq!(lab.standing().then, Then::Runs { application: Some(version), second_stage: None });
    assert_eq!(lab.judge(&lab.scenarios()[1]), Judge::Stirot);
    lab.run(&lab.scenarios()[1], &Tamper::SwapSlots, &Cancel::new(), &mut |_| {}).unwrap();
    assert!(look() == before);
}

#[test]
fn a_board_with_other_keys_than_the_projects_is_refused_in_words() {
    let (_, state) = one_stage(86);
    // The same project again, with another key in the place of the one that signs.
    let other = Bench::new(90);
    let key = formats::PrivateKey::generate().unwrap().to_pem().unwrap();
    std::fs::write(other.files.project_folder().join("STiROT/Keys/STiROT_Authentication.pem"), key.as_bytes()).unwrap();
    let other = other.files.project();
    let error = Lab::of_state(state, &other).unwrap_err();
    assert!(matches!(error, ProvisionError::Lab { .. }));
    assert!(error.to_string().contains("STiRoT has other keys on this board"), "{error}");
    assert!(!error.help().is_empty());
}

#[test]
fn a_board_that_was_never_provisioned_boots_and_offers_nothing_else() {
    let bench = Bench::new(87);
    let lab = Lab::of(&bench.board, &bench.project).unwrap();
    assert_eq!(lab.scenarios(), [Scenario::Boot]);
    assert_eq!(lab.tampers(&Scenario::Boot), [Tamper::None]);
    let story = &lab.standing().story;
    assert!(matches!(story.outcome, Outcome::Quiet { lane: Lane::Rss }), "{:?}", story.outcome);
}

#[test]
fn a_run_can_be_cancelled() {
    let (bench, state) = one_stage(88);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let cancel = Cancel::new();
    let mut told = 0;
    let stopped = lab.run(&lab.scenarios()[1], &Tamper::None, &cancel, &mut |progress| {
        told += 1;
        if progress.lane == Lane::Stirot {
            cancel.cancel();
        }
    });
    assert!(matches!(stopped, Err(ProvisionError::Cancelled { .. })));
    assert!(told > 0);
}

#[test]
fn a_board_without_an_image_says_why_nothing_runs() {
    let (bench, mut state) = one_stage(89);
    state.nor.erase(0, 0x4_0000);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    assert_eq!(lab.standing().then, Then::Nothing { lane: Lane::Stirot, why: Stop::NothingFound });
    let scenario = lab.scenarios()[1];
    let story = lab.run(&scenario, &Tamper::None, &Cancel::new(), &mut |_| {}).unwrap();
    let case = lab.expectation(&scenario, &Tamper::None).unwrap();
    assert!(case.fits(&lab.seen(&story, &scenario)), "an image that waits mends it");
}

//! A story as the engine tells one, for tests of the Boot lab's view: an update whose download slot has one flipped bit.

use super::Tone;
use super::boot_lab::{Answer, CheckSheet, ExpectationSheet, Lane, PassSheet, Source, StoryLine, StorySheet};

fn pass(lane: Lane, reset: usize, (began, ended): (u64, u64), title: &str) -> PassSheet {
    PassSheet {
        lane,
        reset,
        began,
        ended,
        title: title.to_owned(),
        checks: Vec::new(),
        acts: Vec::new(),
        decision: None,
        memory: Vec::new(),
    }
}

fn checks(began: u64, names: &[(&str, Answer)]) -> Vec<CheckSheet> {
    let check = |(at, (name, answer)): (u64, &(&str, Answer))| CheckSheet {
        at: began + 1_000 * (at + 1),
        name: (*name).to_owned(),
        answer: *answer,
        subject: Some("the new image in RAM".to_owned()),
        saw: format!("what {name} saw"),
        memory: "the copy of the download slot at 0x2400 0000".to_owned(),
    };
    (0..).zip(names).map(check).collect()
}

/// The story.
pub(crate) fn refused_update() -> StorySheet {
    use Answer::{Failed, Passed};
    let verify =
        [("Sizes", Passed), ("Counter", Passed), ("Key blob", Passed), ("Decrypted", Passed), ("Hash", Failed)];
    let load = [("Hash", Passed), ("Signature", Passed)];
    let passes = vec![
        pass(Lane::Rss, 0, (0, 90_000), ""),
        pass(Lane::Stirot, 0, (90_000, 2_000_000), "load"),
        pass(Lane::Iloader, 0, (2_000_000, 6_000_000), "load new"),
        pass(Lane::Rss, 1, (6_000_000, 6_090_000), ""),
        PassSheet {
            checks: checks(6_090_000, &verify),
            decision: Some("update and erase".to_owned()),
            memory: vec!["works on 0x2400 0000, the copy of the download slot".to_owned()],
            ..pass(Lane::Stirot, 1, (6_090_000, 12_900_000), "verify")
        },
        PassSheet {
            acts: vec!["download slot erased".to_owned()],
            ..pass(Lane::Iloader, 1, (12_900_000, 15_000_000), "erase")
        },
        pass(Lane::Rss, 2, (15_000_000, 15_090_000), ""),
        PassSheet { checks: checks(15_090_000, &load), ..pass(Lane::Stirot, 2, (15_090_000, 20_000_000), "verify") },
        pass(Lane::Application, 2, (20_000_000, 22_000_000), "appli 1.4.0"),
    ];
    let line = |at, text: &str, source, tone| StoryLine { at, text: text.to_owned(), source, tone };
    StorySheet {
        caption: "update 1.4.0 → 1.5.0, one bit of the payload flipped".to_owned(),
        at: "14:02:11".to_owned(),
        lanes: vec![Lane::Rss, Lane::Stirot, Lane::Iloader, Lane::Application],
        passes,
        console: vec![
            line(6_200_000, "[stirot] download slot: magic ok", Source::Trace, Tone::Neutral),
            line(12_800_000, "[stirot] download slot: refused, hash", Source::Trace, Tone::Danger),
            line(21_000_000, "appli 1.4.0", Source::Uart, Tone::Neutral),
        ],
        instructions: 22_000_000,
        mips: Some(312),
        end: (Tone::Ok, "1.4.0 runs".to_owned()),
        expectation: ExpectationSheet {
            expected: "refused, 1.4.0 runs".to_owned(),
            rule: "what doesn't hash as stated is erased".to_owned(),
            seen: "refused by the hash, 1.4.0 runs".to_owned(),
            verdict: Passed,
        },
    }
}

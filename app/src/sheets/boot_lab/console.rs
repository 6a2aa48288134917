//! The lines under a story: what UART4 sent, and between it what the stages left on the trace port. ST's stages send
//! nothing to the UART.

use provision::TracedAnswer;
use provision::lab::{Lane, Pass, Story};

use crate::console::Console;
use crate::model::Tone;
use crate::model::boot_lab::{Source, StoryLine};

/// All lines in the order of time.
pub(super) fn lines(story: &Story) -> Vec<StoryLine> {
    let mut lines: Vec<StoryLine> = story
        .console
        .iter()
        .map(|line| StoryLine {
            at: line.at,
            text: plain(&line.text),
            source: Source::Uart,
            tone: if is_refusal(&line.text) { Tone::Danger } else { Tone::Neutral },
        })
        .collect();
    lines.extend(story.passes.iter().flat_map(of_pass));
    lines.sort_by_key(|line| line.at);
    lines
}

/// The words of a pass, each behind its stage's name. What the application says is on the UART.
fn of_pass(pass: &Pass) -> Vec<StoryLine> {
    if pass.lane == Lane::Application {
        return Vec::new();
    }
    let stage = pass.lane.name().to_lowercase();
    let line =
        |at, text: String, tone| StoryLine { at, text: format!("[{stage}] {text}"), source: Source::Trace, tone };
    let checks = pass.checks.iter().map(|check| match check.answer {
        TracedAnswer::Passed => line(check.at, format!("{}: ok", check.name(pass.lane)), Tone::Neutral),
        TracedAnswer::Failed => line(check.at, format!("{}: refused", check.name(pass.lane)), Tone::Danger),
    });
    let acts = pass.acts.iter().map(|act| line(act.at, act.text.clone(), Tone::Neutral));
    checks.chain(acts).collect()
}

/// A line as the window may show it: no control characters.
fn plain(text: &str) -> String {
    let mut console = Console::default();
    console.receive(text.as_bytes());
    console.text().replace('\n', " ")
}

/// Whether the second stage tells of a refusal.
fn is_refusal(text: &str) -> bool {
    text.starts_with("[oemurot]") && ["refused", "no bootable"].iter().any(|word| text.contains(word))
}

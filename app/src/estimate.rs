//! How far a run is and how long it still takes, from what each step took in earlier runs. Knows nothing of boards.

use std::time::{Duration, Instant};

use crate::model::{StepSheet, StepState};

/// Seconds that a step is taken to need which was never timed, besides its bytes.
const UNTIMED: f64 = 0.05;
/// Bytes per second taken for a step that was never timed.
const UNTIMED_RATE: f64 = 1_000_000.0;
/// A step that overruns never looks finished.
const ALMOST: f64 = 0.97;

fn expected(step: &StepSheet) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "bytes of a step are far below 2^52")]
    let untimed = UNTIMED + step.bytes as f64 / UNTIMED_RATE;
    step.expected.unwrap_or(untimed).max(0.001)
}

/// The part of the work that is done, 0 to 1, and the time left. No time is told before every step was timed once,
/// and none once all is done.
pub fn progress(steps: &[StepSheet], states: &[StepState], now: Instant) -> (f32, Option<Duration>) {
    let mut whole = 0.0;
    let mut done = 0.0;
    for (index, step) in steps.iter().enumerate() {
        let expected = expected(step);
        whole += expected;
        done += expected * part(states.get(index), expected, now);
    }
    if whole <= 0.0 {
        return (0.0, None);
    }
    let left = whole - done;
    let timed = steps.iter().all(|step| step.expected.is_some());
    let time = (left > whole * 1e-6 && timed).then(|| Duration::from_secs_f64(left));
    #[expect(clippy::cast_possible_truncation, reason = "a ratio for a bar")]
    let ratio = (done / whole) as f32;
    (ratio, time)
}

fn part(state: Option<&StepState>, expected: f64, now: Instant) -> f64 {
    match state {
        Some(StepState::Proved { .. } | StepState::Skipped { .. }) => 1.0,
        Some(StepState::Running { since, done, total }) => {
            let by_time = now.saturating_duration_since(*since).as_secs_f64() / expected;
            #[expect(clippy::cast_precision_loss, reason = "a ratio for a bar")]
            let by_count = if *total > 0 { *done as f64 / *total as f64 } else { by_time };
            by_count.clamp(0.0, ALMOST)
        }
        Some(StepState::Waiting | StepState::Failed) | None => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Undo;

    fn step(expected: Option<f64>) -> StepSheet {
        StepSheet {
            title: "a step".to_owned(),
            what: String::new(),
            proof: String::new(),
            why: String::new(),
            undo: Undo::Reversible,
            bytes: 0,
            expected,
        }
    }

    fn proved() -> StepState {
        StepState::Proved { evidence: String::new(), seconds: 1.0 }
    }

    #[test]
    fn no_time_is_promised_before_a_first_run() {
        let (_, left) = progress(&[step(None)], &[StepState::Waiting], Instant::now());
        assert_eq!(left, None);
    }

    #[test]
    fn time_left_is_what_the_remaining_steps_took_before() {
        let steps = [step(Some(1.0)), step(Some(3.0))];
        let (ratio, left) = progress(&steps, &[proved(), StepState::Waiting], Instant::now());
        assert!((ratio - 0.25).abs() < 1e-6, "{ratio}");
        assert_eq!(left.map(|left| left.as_secs()), Some(3));
    }

    #[test]
    fn a_step_that_overruns_never_looks_finished() {
        let since = Instant::now();
        let states = [StepState::Running { since, done: 0, total: 0 }];
        let (ratio, left) = progress(&[step(Some(0.01))], &states, since + Duration::from_secs(60));
        assert!(ratio < 1.0 && left.is_some());
    }

    #[test]
    fn a_finished_run_is_whole() {
        let (ratio, left) = progress(&[step(Some(1.0))], &[proved()], Instant::now());
        assert!((ratio - 1.0).abs() < 1e-6);
        assert_eq!(left, None);
    }
}

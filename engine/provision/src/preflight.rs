//! What is checked on the bench before the first write: the board as measured against what a plan needs.
//! It measures nothing itself; a survey does.

use chip::option_bytes::{WRP_NONE, obw1};
use chip::product_state::ProductState;

use crate::link::{DEVICE_ID, Survey};
use crate::profile::{BoardProfile, XspiSupply};
use crate::way_back::Leaving;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Not as expected, but no reason to stop.
    Warning,
    /// The plan can't be run.
    Bad,
    /// Could not be measured.
    NotRead,
}

/// One check of the bench.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub check: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was measured.
    pub text: String,
    /// What to do; empty when there is nothing to do.
    pub help: String,
}

/// The voltages at which a chip of this family is specified to run its pads.
const SUPPLY_VOLTS: std::ops::RangeInclusive<f32> = 1.62..=3.6;

/// Checks a survey against what a plan needs that leaves OPEN by `leaving`; `None` while there is no project to say that. In
/// order of reading; nothing is left out, so that a window can show the good ones too.
pub fn preflight(survey: &Survey, leaving: Option<&Leaving>, profile: &BoardProfile) -> Vec<Finding> {
    let mut findings =
        vec![device(survey), state(survey, leaving), voltage(survey), watchdog(survey), supply(survey, profile)];
    findings.extend(loader_sectors(survey));
    findings.extend(leaving.map(|leaving| permission(survey, leaving)));
    findings
}

fn finding(check: &'static str, verdict: Verdict, text: impl Into<String>, help: impl Into<String>) -> Finding {
    Finding { check, verdict, text: text.into(), help: help.into() }
}

fn device(survey: &Survey) -> Finding {
    const CHECK: &str = "chip";
    match survey.device.map(|idcode| (idcode & 0xFFF, idcode >> 16)) {
        Some((DEVICE_ID, revision)) => {
            finding(CHECK, Verdict::Good, format!("STM32H7R/S, device {DEVICE_ID:#05x}, revision {revision:#06x}"), "")
        }
        Some((device, _)) => finding(
            CHECK,
            Verdict::Bad,
            format!("device {device:#05x}, not an STM32H7R/S ({DEVICE_ID:#05x})"),
            "check that the right board is connected",
        ),
        None => finding(CHECK, Verdict::NotRead, "identity not read", ""),
    }
}

fn state(survey: &Survey, leaving: Option<&Leaving>) -> Finding {
    const CHECK: &str = "product state";
    match survey.product_state {
        Some(ProductState::Locked) if matches!(leaving, Some(Leaving::ToLock { .. })) => finding(
            CHECK,
            Verdict::Warning,
            "LOCKED: if it was locked by this plan, the run repeats the proof; nothing can be written",
            "use another board for anything else",
        ),
        Some(ProductState::Open) => finding(CHECK, Verdict::Good, "OPEN: the whole plan can be run", ""),
        Some(ProductState::Provisioning) => finding(
            CHECK,
            Verdict::Warning,
            "PROVISIONING: an earlier run broke off; this one stores the debug-authentication object again and goes on from there",
            "by password it goes back to OPEN first, by the regression that proves the password",
        ),
        Some(ProductState::Closed) => finding(
            CHECK,
            Verdict::Warning,
            "CLOSED: if it was closed by this plan, the run repeats the proof; nothing can be written",
            "for another plan, a regression brings the board back to OPEN first",
        ),
        Some(other) => finding(CHECK, Verdict::Bad, format!("{other}: nothing can be written"), "use another board"),
        None => finding(
            CHECK,
            Verdict::NotRead,
            "not read: the core's port is shut and the mailbox does not answer",
            "check that NRST is wired to the probe, then try again",
        ),
    }
}

fn voltage(survey: &Survey) -> Finding {
    const CHECK: &str = "supply voltage";
    match survey.voltage {
        Some(volts) if SUPPLY_VOLTS.contains(&volts) => finding(CHECK, Verdict::Good, format!("{volts:.2} V"), ""),
        Some(volts) => finding(
            CHECK,
            Verdict::Bad,
            format!("{volts:.2} V is outside {:.2} to {:.2} V", SUPPLY_VOLTS.start(), SUPPLY_VOLTS.end()),
            "check the board's supply and the probe's VREF wire",
        ),
        None => finding(CHECK, Verdict::NotRead, "the probe measures no voltage", ""),
    }
}

fn watchdog(survey: &Survey) -> Finding {
    const CHECK: &str = "watchdog";
    match survey.option_bytes {
        Some(options) if options.obw1sr & obw1::IWDG_HW != 0 => {
            finding(CHECK, Verdict::Good, "started by software only", "")
        }
        Some(_) => finding(
            CHECK,
            Verdict::Warning,
            "the independent watchdog runs from reset",
            "long flash operations may be cut short by it",
        ),
        None => finding(CHECK, Verdict::NotRead, "option bytes not read", ""),
    }
}

fn supply(survey: &Survey, profile: &BoardProfile) -> Finding {
    const CHECK: &str = "XSPI pads";
    let set = survey.option_bytes.map(|options| options.obw1sr & (obw1::XSPI1_HSLV | obw1::XSPI2_HSLV) != 0);
    match (profile.xspi_supply, set) {
        (XspiSupply::High, Some(true)) => finding(
            CHECK,
            Verdict::Bad,
            "the low-voltage speed option is set, but the profile says 3.3 V",
            "this can harm the pads: check the supply, and clear XSPI1_HSLV and XSPI2_HSLV",
        ),
        (XspiSupply::High, _) => finding(CHECK, Verdict::Good, "3.3 V by the profile: the speed option stays off", ""),
        (XspiSupply::Low, _) => finding(CHECK, Verdict::Good, "1.8 V by the profile: the speed option will be set", ""),
    }
}

fn loader_sectors(survey: &Survey) -> Option<Finding> {
    let options = survey.option_bytes?;
    let protected = !options.wrpsr & WRP_NONE;
    (protected != 0).then(|| {
        finding(
            "write protection",
            Verdict::Warning,
            format!("{} sectors of the user flash are write-protected", protected.count_ones()),
            "the plan switches the protection off in PROVISIONING, before it writes there",
        )
    })
}

fn permission(survey: &Survey, leaving: &Leaving) -> Finding {
    const CHECK: &str = "leaving OPEN";
    match leaving {
        Leaving::WithWayBack => finding(
            CHECK,
            Verdict::Good,
            "the credential opens the project's object; the board proves it before it is closed",
            "",
        ),
        Leaving::WithoutWayBack { reason, help } => finding(
            CHECK,
            Verdict::Bad,
            format!("{reason}: closed like this, the board could never be opened again"),
            help.clone(),
        ),
        Leaving::ToLock { consent: None } => finding(
            CHECK,
            Verdict::Bad,
            "LOCKED has no way back, and nobody has consented to it",
            "type the last eight digits of this board's identifier, or choose CLOSED",
        ),
        Leaving::ToLock { consent: Some(uid) } if survey.uid.is_some_and(|found| found != *uid) => finding(
            CHECK,
            Verdict::Bad,
            "the consent to LOCKED is for another board",
            "connect that board, or type the last eight digits of this one's identifier",
        ),
        Leaving::ToLock { consent: Some(_) } => {
            finding(CHECK, Verdict::Warning, "to LOCKED, by consent for this board: nothing will lead back", "")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey() -> Survey {
        Survey {
            board: "bench.board".into(),
            product_state: Some(ProductState::Open),
            uid: Some([1; 12]),
            device: Some(0x1003_0000 | DEVICE_ID),
            hdpl: Some(3),
            core_in_reach: true,
            option_bytes: None,
            discovery: None,
            voltage: Some(3.3),
        }
    }

    fn bad_by(survey: &Survey, leaving: &Leaving) -> Vec<&'static str> {
        let findings = preflight(survey, Some(leaving), &BoardProfile::discovery_kit());
        findings.into_iter().filter(|finding| finding.verdict == Verdict::Bad).map(|finding| finding.check).collect()
    }

    fn bad(survey: &Survey) -> Vec<&'static str> {
        bad_by(survey, &Leaving::WithWayBack)
    }

    #[test]
    fn a_board_in_open_with_a_way_back_passes() {
        assert!(bad(&survey()).is_empty());
    }

    #[test]
    fn without_a_way_back_open_is_not_left() {
        let leaving = Leaving::WithoutWayBack { reason: "no chain".into(), help: "make one".into() };
        assert_eq!(bad_by(&survey(), &leaving), ["leaving OPEN"]);
    }

    #[test]
    fn to_locked_a_consent_for_this_very_board_is_asked_for() {
        assert_eq!(bad_by(&survey(), &Leaving::ToLock { consent: None }), ["leaving OPEN"]);
        assert_eq!(bad_by(&survey(), &Leaving::ToLock { consent: Some([2; 12]) }), ["leaving OPEN"]);
        assert!(bad_by(&survey(), &Leaving::ToLock { consent: Some([1; 12]) }).is_empty());
    }

    #[test]
    fn another_chip_a_lost_state_and_a_wrong_voltage_are_bad() {
        let other = Survey { device: Some(0x450), ..survey() };
        assert_eq!(bad(&other), ["chip"]);
        let lost = Survey { product_state: Some(ProductState::Provisioned), ..survey() };
        assert_eq!(bad(&lost), ["product state"]);
        let weak = Survey { voltage: Some(0.4), ..survey() };
        assert_eq!(bad(&weak), ["supply voltage"]);
    }

    #[test]
    fn what_could_not_be_read_is_said_so_and_stops_nothing() {
        let unread = Survey { product_state: None, device: None, voltage: None, ..survey() };
        let findings = preflight(&unread, Some(&Leaving::WithWayBack), &BoardProfile::discovery_kit());
        let not_read = findings.iter().filter(|finding| finding.verdict == Verdict::NotRead).count();
        assert_eq!(not_read, 4, "{findings:?}");
        assert!(bad(&unread).is_empty());
    }
}

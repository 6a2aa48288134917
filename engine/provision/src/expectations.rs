//! What a second boot stage takes for granted and no document of ST's says in one place: users found it out when their
//! application didn't start. Told with a plan of two boot stages; nothing is measured here.

use formats::{ApplicationRun, SecondStageLayout};

use crate::plan::FinalState;
use crate::preflight::{Finding, Verdict};
use crate::profile::{BoardProfile, XspiSupply};

/// Where the first three are reported, by one who ran into them (`users.md` 23).
const REPORT: &str = "reported to ST: community.st.com 879318 and 877517";

/// What is known of a plan when its expectations are told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    /// Where the second stage runs its application; `None` of a second stage that isn't the studio's.
    pub(crate) layout: Option<&'a SecondStageLayout>,
    /// Whether the project's configuration switches the ECC of the AXI SRAM on.
    pub(crate) sram_ecc: bool,
    pub(crate) final_state: FinalState,
    pub(crate) profile: &'a BoardProfile,
}

/// What the second stage expects of application and board, each with what the plan does about it.
pub(crate) fn expectations(of: Circumstances<'_>) -> Vec<Finding> {
    let mut found = vec![clocks(of), supply(), external_ram(of), ecc(of), pads(of.profile)];
    found.extend(state(of));
    if of.layout.is_none() {
        found.push(finding(
            "layout of the second stage",
            Verdict::NotRead,
            "the second stage has no layout block: where it runs its application can't be told from its program",
            "its slots are taken from the image's settings and ST's layout; compare them with its flash_layout.h",
        ));
    }
    found
}

fn finding(check: &'static str, verdict: Verdict, text: impl Into<String>, help: impl Into<String>) -> Finding {
    Finding { check, verdict, text: text.into(), help: help.into() }
}

fn clocks(of: Circumstances<'_>) -> Finding {
    const CHECK: &str = "clocks";
    let in_place = of.layout.is_none_or(|layout| layout.run != ApplicationRun::InternalRam);
    if in_place {
        let text = "code is fetched through XSPI while the application sets its clocks: it must keep the clock of the XSPI, \
                    or change it from code in internal RAM";
        let help = format!("check SystemInit of the application against the second stage's clocks; {REPORT}");
        finding(CHECK, Verdict::Warning, text, help)
    } else {
        finding(CHECK, Verdict::Good, "the application runs from internal RAM: it may set its clocks anew", "")
    }
}

fn supply() -> Finding {
    let text = "neither STiRoT nor ST's second stage chooses the supply (LDO, SMPS): the board's wiring must fit what the \
                chip does after power-on, until the application sets it";
    let help = format!("set the supply early in the application, as HAL_PWREx_ConfigSupply does; {REPORT}");
    finding("supply configuration", Verdict::Warning, text, help)
}

fn external_ram(of: Circumstances<'_>) -> Finding {
    const CHECK: &str = "external RAM";
    let run = of.layout.map(|layout| (layout.run, layout.application.slot_size));
    match (run, of.profile.external_ram) {
        (Some((ApplicationRun::ExternalRam, slot)), Some(size)) if slot <= size => finding(
            CHECK,
            Verdict::Good,
            format!("the application runs there, and a {} has {} MiB of it", of.profile.name, size >> 20),
            "",
        ),
        (Some((ApplicationRun::ExternalRam, _)), _) => finding(
            CHECK,
            Verdict::Warning,
            format!("the application runs there, and whether a {} has enough of it is not known", of.profile.name),
            "check that the RAM behind XSPI2 is fitted; otherwise let the application run in place",
        ),
        (Some(_), _) => finding(
            CHECK,
            Verdict::Warning,
            "the second stage sets it up when it runs the application there, and only then",
            format!(
                "an application that uses external RAM sets it up itself, before it fills variables there; {REPORT}"
            ),
        ),
        (None, _) => finding(
            CHECK,
            Verdict::NotRead,
            "ST's second stage sets it up when it was compiled to run the application there, and only then",
            format!("see OEMIROT_LOAD_AND_RUN in its flash_layout.h; {REPORT}"),
        ),
    }
}

/// `formats.md` §5.6: OEMIROT_USER_SRAM_ECC.
fn ecc(of: Circumstances<'_>) -> Finding {
    const CHECK: &str = "ECC of the SRAM";
    if of.sram_ecc {
        finding(CHECK, Verdict::Good, "the plan switches it on; SRAM4 is then no memory for the application", "")
    } else {
        finding(
            CHECK,
            Verdict::Warning,
            "the plan leaves it off, and ST's second stage is compiled to refuse that",
            "switch it on, or compile the second stage without OEMIROT_USER_SRAM_ECC",
        )
    }
}

/// `silicon.md` §6.2: with the ports multiplexed both options belong together; `formats.md` §5.1: what ST's iLoader does.
fn pads(profile: &BoardProfile) -> Finding {
    const CHECK: &str = "XSPI pads";
    match profile.xspi_supply {
        XspiSupply::Low => finding(
            CHECK,
            Verdict::Good,
            "1.8 V by the profile: the plan sets XSPI1_HSLV and XSPI2_HSLV, both, as the ports are multiplexed",
            "",
        ),
        XspiSupply::High => finding(
            CHECK,
            Verdict::Warning,
            "3.3 V by the profile: the plan leaves the speed options off; ST's iLoader sets them when they are missing",
            "use a loader that doesn't: at 3.3 V the option can harm the pads",
        ),
    }
}

/// `formats.md` §5.6: the shipped default of ST's second stage takes CLOSED as its minimum, and ranks LOCKED below.
fn state(of: Circumstances<'_>) -> Option<Finding> {
    (of.final_state == FinalState::Locked && of.layout.is_none()).then(|| {
        finding(
            "product state",
            Verdict::Warning,
            "as ST ships it, its second stage refuses to start in LOCKED",
            "compile it with LOCKED as the minimum, and try that on a board that may be lost",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(run: Option<ApplicationRun>, sram_ecc: bool, final_state: FinalState) -> Vec<Finding> {
        let layout = run.map(SecondStageLayout::for_run);
        let profile = &BoardProfile::discovery_kit();
        expectations(Circumstances { layout: layout.as_ref(), sram_ecc, final_state, profile })
    }

    fn verdict(findings: &[Finding], check: &str) -> Verdict {
        findings.iter().find(|finding| finding.check == check).unwrap().verdict
    }

    #[test]
    fn the_kit_has_the_external_ram_that_an_application_runs_from_and_another_board_may_not() {
        let kit = told(Some(ApplicationRun::ExternalRam), true, FinalState::Closed);
        assert_eq!(verdict(&kit, "external RAM"), Verdict::Good);
        let layout = SecondStageLayout::for_run(ApplicationRun::ExternalRam);
        let profile = &BoardProfile::nucleo();
        let final_state = FinalState::Closed;
        let nucleo = expectations(Circumstances { layout: Some(&layout), sram_ecc: true, final_state, profile });
        assert_eq!(verdict(&nucleo, "external RAM"), Verdict::Warning);
    }

    #[test]
    fn only_from_internal_ram_the_clocks_are_the_applications_own() {
        for (run, expected) in ApplicationRun::ALL.into_iter().zip([Verdict::Warning, Verdict::Good, Verdict::Warning])
        {
            assert_eq!(verdict(&told(Some(run), true, FinalState::Closed), "clocks"), expected, "{run:?}");
        }
    }

    #[test]
    fn of_sts_own_second_stage_what_is_not_known_is_said_and_locked_is_warned_of() {
        let locked = told(None, false, FinalState::Locked);
        assert_eq!(verdict(&locked, "layout of the second stage"), Verdict::NotRead);
        assert_eq!(verdict(&locked, "product state"), Verdict::Warning);
        assert_eq!(verdict(&locked, "ECC of the SRAM"), Verdict::Warning);
        let ours = told(Some(ApplicationRun::InPlace), true, FinalState::Locked);
        assert!(ours.iter().all(|finding| finding.check != "product state"));
        assert!(ours.iter().all(|finding| finding.verdict == Verdict::Good || !finding.help.is_empty()));
    }
}

//! The rules: which cause an examination speaks for, and how loudly. Ordered from the cable inwards, so that among
//! causes of one likelihood the one that hides the others comes first.

use super::{Cause, CauseId, Evidence, Hints, Likelihood, Next};
use crate::doctor::{Depth, Examination, Measured, Measurement, ResetEffect};

/// The debug ports that this family answers as, by SWD and by JTAG (OpenOCD's `stm32h7rx.cfg`).
const DEBUG_PORTS: [u32; 2] = [0x6BA0_2477, 0x6BA0_0477];
/// Below this the board has no supply, in volts: an ST-LINK measures some millivolts on an open pin.
const NO_SUPPLY: f32 = 1.0;
/// More resets than this, in the time that the core is watched, are no accident.
const FEW_RESETS: u32 = 2;

/// What may be the matter, the likeliest first. Never empty.
pub fn causes(examination: &Examination, hints: &Hints) -> Vec<Cause> {
    let judge = Judge { examination, hints, causes: Vec::new() };
    let mut causes = judge.judge();
    // Stable: among equals the order of the rules stands.
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.likelihood));
    causes
}

pub(super) struct Judge<'a> {
    pub(super) examination: &'a Examination,
    pub(super) hints: &'a Hints,
    causes: Vec<Cause>,
}

impl Judge<'_> {
    fn judge(mut self) -> Vec<Cause> {
        if self.probe_stands_in_the_way() || self.wire_stands_in_the_way() || self.chip_stands_in_the_way() {
            return self.causes;
        }
        self.reset_wire();
        self.unrest();
        if self.examination.option_bytes.value().is_some() {
            self.by_option_bytes();
        } else {
            self.by_mailbox();
        }
        self.causes
    }

    pub(super) fn add(
        &mut self,
        id: CauseId,
        title: &str,
        likelihood: Likelihood,
        evidence: Vec<Evidence>,
        meaning: impl Into<String>,
        mut next: Vec<Next>,
    ) {
        // The safest first; giving the board up is what is left when all else was done.
        next.sort_by_key(|next| (*next == Next::UseAnotherBoard, next.effect()));
        self.causes.push(Cause { id, title: title.into(), likelihood, evidence, meaning: meaning.into(), next });
    }

    /// What a measurement gave, as evidence.
    pub(super) fn seen(&self, what: Measured) -> Evidence {
        let line = self.examination.lines().into_iter().find(|line| line.what == what);
        let text = match line.map(|line| line.text) {
            Some(Measurement::Measured(text) | Measurement::Failed(text) | Measurement::NotTried(text)) => text,
            None => String::new(),
        };
        Evidence { what: Some(what), text }
    }

    pub(super) fn folder(&self) -> Option<String> {
        self.hints.project.as_ref().map(|project| project.folder.clone())
    }

    /// The road to a closer look, where one is left.
    pub(super) fn look_closer(&self) -> Option<Next> {
        (self.examination.depth == Depth::Passive).then_some(Next::ExamineWithReset)
    }

    fn probe_stands_in_the_way(&mut self) -> bool {
        let Some(why) = self.examination.probe.failure() else { return false };
        let why = why.to_owned();
        let evidence = vec![self.seen(Measured::Probes), self.seen(Measured::Probe)];
        let probes = self.examination.probes.value().cloned();
        let Some(probes) = probes else {
            self.board_file(&why, evidence);
            return true;
        };
        let known = |serial: &str| probes.iter().any(|probe| probe.serial.as_deref() == Some(serial));
        let named = self.examination.board.strip_prefix("probe:");
        if probes.is_empty() || named.is_some_and(|serial| !known(serial)) {
            self.add(
                CauseId::NoProbe,
                "no probe, or not this one",
                Likelihood::Certain,
                evidence,
                "nothing is known of the board: this machine doesn't see the probe",
                vec![Next::PlugProbe, Next::PermitProbe],
            );
            return true;
        }
        if probes.len() > 1 && named.is_none() {
            let serials = probes.iter().filter_map(|probe| probe.serial.clone()).collect();
            self.add(
                CauseId::SeveralProbes,
                "several probes, and none named",
                Likelihood::Certain,
                evidence,
                "which board is meant is not known, and no one is touched by guess",
                vec![Next::NameProbe { serials }],
            );
            return true;
        }
        let denied = probes
            .iter()
            .any(|probe| !probe.permitted && named.is_none_or(|serial| probe.serial.as_deref() == Some(serial)));
        let (permission, holder) = if denied {
            (Likelihood::Certain, Likelihood::Possible)
        } else {
            (Likelihood::Possible, Likelihood::Likely)
        };
        self.add(
            CauseId::ProbeHeld,
            "another program holds the probe",
            holder,
            evidence.clone(),
            "the probe is there and can't be taken; nothing is known of the board",
            vec![Next::FreeProbe],
        );
        self.add(
            CauseId::ProbeNotPermitted,
            "this user may not open the probe",
            permission,
            evidence,
            "the probe is there and the system refuses it; nothing is known of the board",
            vec![Next::PermitProbe],
        );
        true
    }

    fn board_file(&mut self, why: &str, evidence: Vec<Evidence>) {
        // The words of `ProvisionError::BoardBusy` and of the virtual probe.
        if why.contains("another process") || why.contains("another debugger") {
            self.add(
                CauseId::ProbeHeld,
                "another program has the virtual board",
                Likelihood::Certain,
                evidence,
                "a virtual board is powered on in one program at a time",
                vec![Next::FreeProbe],
            );
        } else {
            self.add(
                CauseId::BoardFile,
                "the virtual board's file can't be used",
                Likelihood::Certain,
                evidence,
                "the project is not affected; the board's keys are in that file alone",
                vec![Next::MendBoardFile],
            );
        }
    }

    fn wire_stands_in_the_way(&mut self) -> bool {
        let volts = self.examination.voltage.value().copied();
        let dead = volts.is_some_and(|volts| volts < NO_SUPPLY);
        let silent = self.examination.debug_port.value().is_none();
        let evidence = vec![self.seen(Measured::Voltage), self.seen(Measured::DebugPort)];
        match (dead, silent) {
            (true, true) => self.add(
                CauseId::NoVoltage,
                "the board has no supply",
                Likelihood::Certain,
                evidence.clone(),
                "the chip is off: nothing can be said about its state",
                vec![Next::CheckSupply, Next::CheckReference],
            ),
            (true, false) => self.add(
                CauseId::ReferenceNotWired,
                "the probe's VREF isn't wired",
                Likelihood::Likely,
                evidence.clone(),
                "the chip answers, so it has a supply; the probe doesn't measure it and may drive its lines at a wrong level",
                vec![Next::CheckReference],
            ),
            (false, _) => {}
        }
        if silent {
            let likelihood = if dead { Likelihood::Possible } else { Likelihood::Likely };
            self.add(
                CauseId::DebugWires,
                "the debug wires carry nothing",
                likelihood,
                evidence.clone(),
                "no product state shuts the debug port itself: SWDIO, SWCLK or ground is open, the cable is too long, or the \
                 chip is held in reset or off",
                vec![Next::CheckWires, Next::PowerCycle],
            );
            self.add(
                CauseId::OtherChip,
                "the chip is another one, or not there",
                Likelihood::Possible,
                evidence,
                "a chip without an Arm debug port at these pins doesn't answer either",
                vec![Next::CheckWires],
            );
        }
        silent
    }

    fn chip_stands_in_the_way(&mut self) -> bool {
        let port = self.examination.debug_port.value().copied();
        let foreign_port = port.is_some_and(|port| !DEBUG_PORTS.contains(&port));
        match self.examination.dbgmcu.value().copied() {
            Some(unit) if unit.is_ours() => false,
            Some(_) => {
                let evidence = vec![self.seen(Measured::DebugPort), self.seen(Measured::Dbgmcu)];
                self.add(
                    CauseId::OtherChip,
                    "the chip is another one",
                    Likelihood::Certain,
                    evidence,
                    "it is no STM32H7R/S (device 0x485): nothing of this studio fits it, and nothing was written",
                    vec![Next::NameProbe { serials: Vec::new() }],
                );
                true
            }
            None => {
                let evidence = vec![self.seen(Measured::DebugPort), self.seen(Measured::Dbgmcu)];
                let (other, shut) = if foreign_port {
                    (Likelihood::Likely, Likelihood::Possible)
                } else {
                    (Likelihood::Possible, Likelihood::Likely)
                };
                self.add(
                    CauseId::OtherChip,
                    "the chip is another one",
                    other,
                    evidence.clone(),
                    "its debug port or DBGMCU is not that of an STM32H7R/S",
                    vec![Next::CheckWires],
                );
                self.add(
                    CauseId::AccessPort,
                    "access port 0 shows no DBGMCU",
                    shut,
                    evidence,
                    "where DBGMCU lies for access port 0 is not confirmed by ST: both addresses that sources name were tried. \
                     The probe's firmware may not reach port 0 either",
                    self.look_closer().into_iter().chain([Next::PowerCycle]).collect(),
                );
                // An open core still tells more.
                self.examination.option_bytes.value().is_none()
            }
        }
    }

    fn reset_wire(&mut self) {
        let meaning = "the ROM opens its mailbox right after a reset only: without NRST a closed board looks dead, and is \
                       not. Boards were given up for this wire";
        match self.examination.reset.value() {
            Some(ResetEffect::Nothing) => {
                let measured = self.examination.core.value().is_some();
                let likelihood = if measured { Likelihood::Certain } else { Likelihood::Likely };
                let evidence = vec![self.seen(Measured::Reset), self.seen(Measured::Handshake)];
                self.add(
                    CauseId::ResetNotWired,
                    "NRST isn't wired to the probe",
                    likelihood,
                    evidence,
                    meaning,
                    vec![Next::WireReset],
                );
            }
            Some(_) => {}
            None if self.examination.depth == Depth::Passive => {
                let evidence = vec![self.seen(Measured::Reset)];
                self.add(
                    CauseId::ResetNotWired,
                    "NRST may not be wired",
                    Likelihood::Possible,
                    evidence,
                    meaning,
                    vec![Next::ExamineWithReset],
                );
            }
            None => {}
        }
    }

    fn unrest(&mut self) {
        if self.examination.own_resets.value().is_some_and(|count| *count > FEW_RESETS) {
            let evidence = vec![self.seen(Measured::OwnResets)];
            self.add(
                CauseId::BootLoop,
                "the chip resets itself again and again",
                Likelihood::Certain,
                evidence,
                "a watchdog, or a program that resets when it finds nothing to start; the console says which",
                vec![Next::WatchConsole, Next::Show],
            );
        }
    }
}

//! The rules for a board that answers: where it stands on the ladder, and what that means for coming back.

use chip::ProductState;
use chip::option_bytes::DebugAuthentication;
use formats::Permissions;

use super::causes::Judge;
use super::{CauseId, CredentialState, Evidence, Likelihood, Next};
use crate::doctor::{Depth, Handshake, Measured};
use crate::journal::{Entry, History};
use crate::plan::StepId;

impl Judge<'_> {
    pub(super) fn by_option_bytes(&mut self) {
        let read = self.seen(Measured::OptionBytes);
        match self.examination.product_state() {
            Some(ProductState::Open) => {
                let folder = self.folder();
                self.add(
                    CauseId::Open,
                    "the board is in OPEN",
                    Likelihood::Certain,
                    vec![read],
                    "nothing is lost and everything can be written. In OPEN no mailbox answers: a discovery that fails here \
                     is no fault",
                    vec![Next::Provision { project: folder }],
                );
            }
            Some(ProductState::Provisioning) => self.provisioning(read),
            Some(ProductState::Provisioned) => self.provisioned(vec![read], Likelihood::Certain),
            Some(ProductState::Locked) => self.locked(vec![read], Likelihood::Certain),
            Some(ProductState::Closed) => self.closed(read),
            None => {}
        }
        self.words_in_the_mailbox();
    }

    /// The first case of all: user code doesn't run, and climbing on would lose the board.
    fn provisioning(&mut self, read: Evidence) {
        let folder = self.folder();
        let method = self.examination.method();
        let mut evidence = vec![read];
        if self.examination.discovery.value().is_some() {
            evidence.push(self.seen(Measured::Discovery));
        }
        let usable = self
            .hints
            .project
            .as_ref()
            .is_some_and(|project| matches!(project.state, CredentialState::Usable | CredentialState::Passphrase));
        if matches!(method, Some(DebugAuthentication::None)) {
            self.add(
                CauseId::ProvisioningEmpty,
                "the board stands in PROVISIONING without a debug-authentication object",
                Likelihood::Certain,
                evidence,
                "no code of yours runs in this state, which is no fault. Nothing leads back yet, and CLOSED would be the end: \
                 don't write a product state by option bytes. The way out: store a debug-authentication object whose credential \
                 you hold, prove it, then either go on with the plan or regress to OPEN",
                vec![Next::Provision { project: folder.clone() }, Next::StoreAndRegress { project: folder }],
            );
            self.store_hindered();
            return;
        }
        let kind = method_name(method);
        let other_kind = self.hints.project.as_ref().is_some_and(|project| Some(project.method) != method);
        let go_on = Next::Provision { project: folder.clone() };
        let back = Next::StoreAndRegress { project: folder.clone() };
        let mut next = if usable && !other_kind { vec![Next::Regress { project: folder }] } else { Vec::new() };
        if next.is_empty() && !self.hints.wallet.is_empty() {
            next.push(Next::RegressFromWallet);
        }
        next.extend([go_on, back]);
        if !usable && self.hints.wallet.is_empty() {
            next.push(Next::FindCredential);
        }
        self.add(
            CauseId::ProvisioningStored,
            "the board stands in PROVISIONING with a debug-authentication object",
            Likelihood::Certain,
            evidence.clone(),
            format!(
                "no code of yours runs in this state, which is no fault. A {kind} object is stored: its credential leads back \
                 to OPEN. If that credential is lost, store the object of one that you hold before anything else; climbing to \
                 CLOSED with an object that nobody can answer loses the board"
            ),
            next,
        );
        if other_kind {
            self.other_kind(evidence, &kind, true);
        }
        self.store_hindered();
        self.integrity(Likelihood::Certain);
    }

    fn other_kind(&mut self, mut evidence: Vec<Evidence>, kind: &str, can_store: bool) {
        let Some(project) = &self.hints.project else { return };
        evidence.push(Evidence {
            what: None,
            text: format!("{} has a {} credential", project.project, method_name(Some(project.method))),
        });
        let folder = self.folder();
        let next = if can_store { Next::StoreAndRegress { project: folder } } else { Next::FindCredential };
        self.add(
            CauseId::CredentialOfOtherKind,
            "the project's credential is of another kind than the board's",
            Likelihood::Certain,
            evidence,
            format!("the board asks for a {kind} credential; one of another kind is refused, and the next try waits for a reset"),
            vec![next, Next::FindCredential],
        );
    }

    /// Users report that a debugger or USB plugged beside the probe kept objects from being stored.
    fn store_hindered(&mut self) {
        let broken = self.hints.history.as_ref().and_then(broken_store);
        let (likelihood, evidence) = match broken {
            Some(reason) => (Likelihood::Likely, vec![Evidence { what: None, text: format!("the journal: {reason}") }]),
            None => (Likelihood::Possible, vec![self.seen(Measured::OptionBytes)]),
        };
        let folder = self.folder();
        self.add(
            CauseId::StoreHindered,
            "something else on the board keeps objects from being stored",
            likelihood,
            evidence,
            "users could not store objects while USB or a second probe was plugged in; a store that is refused leaves the chip \
             as it was",
            vec![Next::Unplug, Next::Provision { project: folder }],
        );
    }

    fn integrity(&mut self, likelihood: Likelihood) {
        if self.examination.discovery.value().and_then(crate::Discovery::integrity) != Some(false) {
            return;
        }
        let evidence = vec![self.seen(Measured::Discovery)];
        let in_provisioning = self.examination.product_state() == Some(ProductState::Provisioning);
        let empty = self.examination.method() == Some(DebugAuthentication::None);
        if in_provisioning && empty {
            return;
        }
        let folder = self.folder();
        let (meaning, next) = if in_provisioning {
            (
                "what the chip stored is not whole; here it can still be stored again. Don't close the board before discovery \
                 says that it is intact",
                vec![Next::StoreAndRegress { project: folder }],
            )
        } else {
            (
                "the ROM says 0xF5F5F5F5: the object that holds the way back is not whole, or none was stored before the board went \
                 up. On sister chips such boards did not accept their credential any more; a regression is worth trying, as it \
                 can't make it worse",
                vec![Next::Regress { project: folder }, Next::RegressFromWallet],
            )
        };
        self.add(CauseId::IntegrityBad, "what was provisioned is not whole", likelihood, evidence, meaning, next);
    }

    fn provisioned(&mut self, evidence: Vec<Evidence>, likelihood: Likelihood) {
        self.add(
            CauseId::Provisioned,
            "the board was closed without a debug-authentication method",
            likelihood,
            evidence,
            "PROVISIONED: it went up before a debug-authentication object was stored. No credential can be asked for, so that \
             nobody gets in again. If it starts an application, that goes on running; otherwise this board is lost",
            vec![Next::WatchConsole, Next::UseAnotherBoard],
        );
    }

    fn locked(&mut self, evidence: Vec<Evidence>, likelihood: Likelihood) {
        self.add(
            CauseId::Locked,
            "the board is LOCKED",
            likelihood,
            evidence,
            "LOCKED is for ever: no regression, no debug, by nobody, ST included. What is installed goes on running",
            vec![Next::WatchConsole, Next::UseAnotherBoard],
        );
    }

    fn closed(&mut self, evidence: Evidence) {
        if self.grants_nothing() {
            self.nobody_gets_in(evidence);
            return;
        }
        self.integrity(Likelihood::Certain);
        let folder = self.folder();
        let method = self.examination.method();
        let project = self.hints.project.as_ref();
        let other_kind = project.is_some_and(|project| method.is_some_and(|method| method != project.method));
        let usable = project.filter(|project| {
            !other_kind && matches!(project.state, CredentialState::Usable | CredentialState::Passphrase)
        });
        let mut evidence = vec![evidence];
        let mut next = Vec::new();
        if let Some(project) = usable {
            evidence.push(Evidence {
                what: None,
                text: format!("{} has a {} credential", project.project, method_name(Some(project.method))),
            });
            if project.method == DebugAuthentication::Certificate {
                next.push(Next::OpenDebug { project: folder.clone() });
            }
            next.push(Next::Regress { project: folder });
        }
        if let Some(kept) = self.hints.wallet.first() {
            evidence.push(Evidence {
                what: None,
                text: format!(
                    "the wallet keeps a {} credential of {} for this chip, version {}",
                    method_name(Some(kept.method)),
                    kept.project,
                    kept.version
                ),
            });
            // What the wallet keeps was bound to this very chip; the project may have new keys by now.
            next.insert(0, Next::RegressFromWallet);
        }
        if next.is_empty() {
            let mut meaning = "the root of trust runs, debug is shut, and the credential that the board was closed with leads \
                               back: its project, or a copy of it, must be found. If the board came closed from somebody else, \
                               only they have it"
                .to_owned();
            if let Some(CredentialState::Unusable(why)) = project.map(|project| &project.state) {
                meaning.push_str(&format!(". The project's own credential can't be used: {why}"));
            }
            if let Some(history) = &self.hints.history {
                let text = format!("the journal: this board was last provisioned with {}", history.project);
                evidence.push(Evidence { what: None, text });
            }
            self.add(
                CauseId::ClosedWithoutCredential,
                "the board is CLOSED, and its credential is not at hand",
                Likelihood::Certain,
                evidence.clone(),
                meaning,
                vec![Next::FindCredential, Next::TryPublished, Next::WatchConsole],
            );
        } else {
            next.push(Next::WatchConsole);
            self.add(
                CauseId::ClosedWithCredential,
                "the board is CLOSED, and a credential is at hand",
                Likelihood::Certain,
                evidence.clone(),
                "the root of trust runs and debug is shut, as it should be. Whether the credential is the board's own shows when \
                 it is used; a wrong one is refused and changes nothing. If the application doesn't start, the console tells more",
                next,
            );
        }
        if other_kind {
            let kind = method_name(method);
            self.other_kind(evidence, &kind, false);
        } else if let Some(text) = self.object_of_another_project() {
            let evidence = vec![self.seen(Measured::Discovery), Evidence { what: None, text }];
            self.add(
                CauseId::CredentialOfOtherKind,
                "the project's credential is not the board's",
                Likelihood::Likely,
                evidence,
                "the board was closed with another debug-authentication object than the one that the project makes now. A wrong \
                 credential is refused and changes nothing",
                vec![Next::FindCredential],
            );
        }
    }

    /// Whether the ROM says that nothing grants anything, and that what should is not there: a chip without a method
    /// names the same life cycle as a closed one.
    fn grants_nothing(&self) -> bool {
        let Some(discovery) = self.examination.discovery.value() else { return false };
        discovery.permissions().is_some_and(Permissions::is_empty) && discovery.integrity() == Some(false)
    }

    /// No object, or one that is broken: the mailbox says the same of both. The journal may know which.
    fn nobody_gets_in(&mut self, told: Evidence) {
        let stored =
            self.hints.history.as_ref().is_some_and(|history| history.proof_of(StepId::DebugAuthentication).is_some());
        let mut evidence = vec![told];
        if stored {
            evidence.push(Evidence {
                what: None,
                text: "the journal: the chip acknowledged its debug-authentication object".into(),
            });
            self.integrity(Likelihood::Certain);
            self.provisioned(evidence, Likelihood::Possible);
        } else {
            self.provisioned(evidence, Likelihood::Likely);
            self.integrity(Likelihood::Likely);
        }
    }

    /// What the mask that the ROM names tells of the object behind it, against the project's.
    fn object_of_another_project(&self) -> Option<String> {
        let named = self.examination.discovery.value()?.permissions()?;
        let project = self.hints.project.as_ref()?;
        let permits = project.permits?;
        let debug = Permissions::DEBUG;
        let only_regression = named == Permissions::OF_PASSWORD && permits.0 & debug.0 != 0;
        if !permits.covers(named) {
            Some("the board permits what the project's object does not: it holds another object".into())
        } else if only_regression {
            Some("the board permits regression only, as after a password; the project's object permits debug".into())
        } else {
            None
        }
    }

    /// The core is shut: only the mailbox can tell.
    pub(super) fn by_mailbox(&mut self) {
        if self.examination.discovery.value().is_some() {
            let told = self.seen(Measured::Discovery);
            match self.examination.product_state() {
                Some(ProductState::Closed) => self.closed(told),
                // What its codes mean on silicon is not confirmed: nobody gives a board up for one of them.
                Some(ProductState::Locked) => self.locked(vec![told], Likelihood::Likely),
                Some(ProductState::Provisioned) => self.provisioned(vec![told], Likelihood::Likely),
                Some(ProductState::Provisioning) => self.provisioning(told),
                Some(ProductState::Open) | None => self.add(
                    CauseId::UnknownLifecycle,
                    "the ROM names a life cycle that is not known",
                    Likelihood::Certain,
                    vec![told],
                    "the mailbox works, and its word for the state means nothing to the studio; on silicon these codes are not \
                     confirmed. Nothing is written on such a ground",
                    vec![Next::Discover],
                ),
            }
            return;
        }
        if self.examination.depth == Depth::Passive {
            let evidence = vec![self.seen(Measured::CorePort), self.seen(Measured::Dbgmcu)];
            self.add(
                CauseId::ShutUnasked,
                "the product state shuts the core",
                Likelihood::Likely,
                evidence,
                "a board in CLOSED or LOCKED looks like this, and is not broken: ask its mailbox which it is. That needs a reset",
                vec![Next::ExamineWithReset],
            );
            self.words_in_the_mailbox();
            return;
        }
        self.unanswered();
        self.words_in_the_mailbox();
    }

    fn unanswered(&mut self) {
        let evidence = || vec![self.seen(Measured::Handshake), self.seen(Measured::Discovery)];
        let attempts = self.examination.handshake.value().cloned().unwrap_or_default();
        let answered = attempts.iter().any(|attempt| matches!(attempt.outcome, Handshake::Answered { .. }));
        let taken = attempts.iter().any(|attempt| attempt.outcome == Handshake::TakenOnly);
        if answered {
            let evidence = evidence();
            self.add(
                CauseId::MailboxGarbage,
                "the mailbox answers with words that mean nothing",
                Likelihood::Likely,
                evidence,
                "the chip is alive and its ROM listens. Words are lost or changed on the way (a long cable, a weak ground), or \
                 this ROM speaks otherwise than the sources tell; nothing was written",
                vec![Next::CheckWires, Next::PowerCycle],
            );
            return;
        }
        let evidence = evidence();
        let likelihood = if taken { Likelihood::Likely } else { Likelihood::Possible };
        self.add(
            CauseId::MailboxSilent,
            "the mailbox answers in a narrow window only, or not any more",
            likelihood,
            evidence.clone(),
            "users report H7S boards whose discovery works right after power comes, or only now and then. Repeat it across power \
             cycles before the board is given up",
            vec![Next::DiscoverPatiently, Next::PowerCycle, Next::Unplug],
        );
        self.add(
            CauseId::Locked,
            "the board may be LOCKED",
            Likelihood::Possible,
            evidence,
            "whether a LOCKED chip still answers its mailbox is not confirmed. If somebody chose LOCKED, it is for ever",
            vec![Next::DiscoverPatiently],
        );
    }

    fn words_in_the_mailbox(&mut self) {
        let Some(flags) = self.examination.mailbox_flags.value() else { return };
        if flags.chip_word_waits || flags.host_word_waits {
            let evidence = vec![self.seen(Measured::MailboxFlags)];
            let next = self.look_closer().into_iter().chain([Next::PowerCycle]).collect();
            self.add(
                CauseId::MailboxLeftover,
                "a word of an earlier session waits in the mailbox",
                Likelihood::Possible,
                evidence,
                "a session that broke off left it; the ROM may be waiting for the rest. A reset or a power cycle ends that",
                next,
            );
        }
    }
}

fn method_name(method: Option<DebugAuthentication>) -> String {
    match method {
        Some(DebugAuthentication::Certificate) => "certificate",
        Some(DebugAuthentication::Password) => "password",
        Some(DebugAuthentication::Locked) => "locking",
        Some(DebugAuthentication::None) => "missing",
        None => "unknown",
    }
    .to_owned()
}

/// Why the last store of an object broke off, when it did and was not proved since.
fn broken_store(history: &History) -> Option<String> {
    let stores = [StepId::DebugAuthentication, StepId::Configuration, StepId::Data];
    // A run that a person stopped breaks off before a step: nothing was refused then.
    let begun = |step: &StepId| history.entries.contains(&Entry::Begun { step: *step });
    let last = history.entries.iter().rev().find_map(|entry| match entry {
        Entry::Broken { step, reason } if stores.contains(step) && begun(step) => Some(Some(reason.clone())),
        Entry::Proved { step, .. } if stores.contains(step) => Some(None),
        _ => None,
    });
    last.flatten()
}

//! Debug authentication in the words and shapes that the window shows: what the ROM said, and what the project's credential
//! is worth. Of keys only fingerprints, of a password only that it is there.

use chip::mailbox::tag;
use chip::option_bytes::DebugAuthentication;
use formats::certificate::{Certificate, CertificateChain, Target};
use formats::{DebugCredential, Effective, Fingerprint, Permission, Permissions};
use project::{Credential, Project, ProjectError, Wallet};
use provision::{Attempt, AuthenticationProblem, Cause, Discovery, Exchange, Place};

use crate::local_time;
use crate::model::Card;
use crate::model::debug::{
    Act, CertificateSheet, CredentialSheet, CredentialState, DiscoverySheet, Fit, Method, Switch,
};
use crate::sheets;
use crate::text::{self, short_hex};

/// ADAC's number of ST (JEP106: bank 0, 0x20).
const ST: u32 = 0x20;

/// What the ROM said.
pub(crate) fn discovery(answer: &Discovery) -> DiscoverySheet {
    let state = answer.lifecycle().map(|code| match answer.product_state() {
        Some(state) => format!("{} (0x{code:02X})", state.name()),
        None => format!("0x{code:02X}, not known"),
    });
    let uid = answer.uid().map(|uid| text::fours(&uid.iter().map(|byte| format!("{byte:02X}")).collect::<String>()));
    let integrity = answer.integrity().map(|intact| if intact { "intact" } else { "not intact" }.to_owned());
    let vendor = answer.number(tag::VENDOR_ID).map(|id| match id {
        ST => "STMicroelectronics".to_owned(),
        other => format!("0x{other:X}"),
    });
    let version = answer.value(tag::PROTOCOL_VERSION).and_then(|bytes| match bytes {
        [major, minor, ..] => Some(format!("{major}.{minor}")),
        _ => None,
    });
    let hex = |tag| answer.number(tag).map(text::address);
    let lines = [
        ("Life cycle", state),
        ("Integrity", integrity),
        ("UID", uid),
        ("Vendor", vendor),
        ("Target", answer.number(tag::TARGET_ID).map(|id| format!("0x{id:03X}"))),
        ("SoC class", hex(tag::SOC_CLASS)),
        ("Protocol", version),
        ("HDPL 1", hex(tag::HDPL1_STATUS)),
        ("HDPL 2", hex(tag::HDPL2_STATUS)),
        ("HDPL 3", hex(tag::HDPL3_STATUS)),
        ("Mailbox", Some(format!("answered at {}", text::address(answer.mailbox_base)))),
    ];
    DiscoverySheet {
        at: local_time::now(),
        lines: lines.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        permissions: answer.permissions().map(|mask| mask.0),
        attempts: Vec::new(),
    }
}

/// The permissions that a table of masks has rows for: those that a person sets or clears, and what a mask has besides.
pub(crate) fn rows(masks: &[u128]) -> Vec<Switch> {
    let all = masks.iter().fold(0, |all, mask| all | mask);
    let mut named: Vec<Permission> = Permission::SWITCHES.to_vec();
    named.extend(Permissions(all).iter().filter(|one| !Permission::SWITCHES.contains(one)));
    named.sort_by_key(|one| one.bit);
    let row = |one: Permission| Switch {
        bit: one.bit,
        name: if one.key.is_empty() { format!("bit {}", one.bit) } else { one.name.to_owned() },
        on: all >> one.bit & 1 == 1,
        remark: one.confidence.remark(),
    };
    named.into_iter().map(row).collect()
}

/// The project's credential, for the board with this identifier.
pub(crate) fn credential(project: &Project, wallet: &Wallet, uid: Option<[u8; 12]>) -> CredentialState {
    match project.settings().debug_authentication {
        Credential::Certificate => certificate(project, wallet, uid),
        Credential::Password => password(project, wallet, uid),
    }
}

fn refused(error: &ProjectError) -> CredentialState {
    CredentialState::Refused(Card {
        cause: Some("the project has no credential that can be used".to_owned()),
        ..sheets::project_card(error)
    })
}

fn certificate(project: &Project, wallet: &Wallet, uid: Option<[u8; 12]>) -> CredentialState {
    let (chain, _) = match project.chain() {
        Ok(chain) => chain,
        Err(error) => return refused(&error),
    };
    let target = match project.debug_object().map(|object| Target::of_object(&object)) {
        Ok(Ok(target)) => target,
        Ok(Err(error)) => {
            return CredentialState::Refused(Card {
                title: format!("the project's debug-authentication object can't be used: {error}"),
                remedy: Some("Build the outputs again.".to_owned()),
                ..Card::default()
            });
        }
        Err(error) => return refused(&error),
    };
    let (locked, fits_object) = match project.debug_credential() {
        Ok(_) => (false, fits(&target)),
        Err(ProjectError::Locked { .. }) => {
            // The key can't be compared; what the chain says by itself can.
            let problem = chain.verify_for(&target).problems().next().map(|problem| problem.to_string());
            (true, problem.map_or_else(|| fits(&target), Fit::Misfit))
        }
        Err(error) => (false, Fit::Misfit(error.to_string())),
    };
    let leaf = chain.verify().answering;
    CredentialState::Ready(Box::new(CredentialSheet {
        method: Method::Certificate,
        certificates: cards(&chain, &target),
        password_is_set: None,
        object: target.object.map(|mask| mask.0),
        effective: Effective::by_certificate(&target, &chain, None).permissions().0,
        locked,
        fits_object,
        wallet: kept(wallet, uid, DebugAuthentication::Certificate, leaf),
    }))
}

fn fits(target: &Target) -> Fit {
    let root =
        target.root.map(|root| format!(": it trusts the root {}", short_hex(&root.to_string()))).unwrap_or_default();
    Fit::Fits(format!("opens the object that the project makes{root}"))
}

fn cards(chain: &CertificateChain, target: &Target) -> Vec<CertificateSheet> {
    let report = chain.verify_for(target);
    let card = |(number, certificate): (usize, &Certificate)| {
        let key = certificate.public_key().ok().map(|key| key.fingerprint());
        CertificateSheet {
            role: certificate.role.name(),
            fingerprint: key.map(|key| key.to_string()),
            sample: key.and_then(|key| formats::is_sample(&key)),
            permissions: certificate.permissions.0,
            restrictions: restrictions(certificate),
            problem: report
                .problems()
                .find(|problem| problem.certificate == number)
                .map(|problem| format!("{}: {}", problem.check.text(), problem.text)),
        }
    };
    (1..).zip(&chain.certificates).map(card).collect()
}

/// To which chips and states a certificate is restricted.
fn restrictions(certificate: &Certificate) -> Option<String> {
    let Certificate { lifecycle, oem_constraint, soc_class, soc_id, .. } = certificate;
    let id: String = soc_id.iter().map(|byte| format!("{byte:02X}")).collect();
    let all = [
        (*soc_class != 0).then(|| format!("SoC class 0x{soc_class:X}")),
        (*soc_id != [0; 16]).then(|| format!("SoC {}", short_hex(&id))),
        (*lifecycle != 0).then(|| format!("life cycle 0x{lifecycle:X}")),
        (*oem_constraint != 0).then(|| format!("OEM constraint 0x{oem_constraint:X}")),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn password(project: &Project, wallet: &Wallet, uid: Option<[u8; 12]>) -> CredentialState {
    let fits_object = match project.debug_credential() {
        Ok(DebugCredential::Password(_)) => Fit::Fits("opens the object that the project makes".to_owned()),
        Ok(DebugCredential::Certificate { .. }) => {
            Fit::Misfit("the project's credential is of another kind".to_owned())
        }
        Err(error) => return refused(&error),
    };
    CredentialState::Ready(Box::new(CredentialSheet {
        method: Method::Password,
        certificates: Vec::new(),
        password_is_set: Some(true),
        object: None,
        effective: Permissions::OF_PASSWORD.0,
        locked: false,
        fits_object,
        wallet: kept(wallet, uid, DebugAuthentication::Password, None),
    }))
}

/// Whether the wallet keeps the credential for a board.
fn kept(wallet: &Wallet, uid: Option<[u8; 12]>, method: DebugAuthentication, leaf: Option<Fingerprint>) -> Fit {
    let Some(uid) = uid else { return Fit::NotKnown("the wallet: this board's UID was not read".to_owned()) };
    let entries = match wallet.for_board(uid) {
        Ok(entries) => entries,
        Err(error) => return Fit::NotKnown(format!("the wallet can't be read: {error}")),
    };
    let Some(newest) = entries.first() else {
        return Fit::NotKnown("the wallet keeps nothing for this board; provisioning to CLOSED does".to_owned());
    };
    match entries.iter().find(|entry| entry.method == method && entry.leaf == leaf) {
        Some(entry) if method == DebugAuthentication::Password => {
            Fit::Fits(format!("the wallet keeps a password for this board, version {}", entry.version))
        }
        Some(entry) => Fit::Fits(format!("the wallet keeps it for this board, version {}", entry.version)),
        None => {
            let other = newest
                .leaf
                .map_or_else(|| "a password".to_owned(), |leaf| format!("the leaf {}", short_hex(&leaf.to_string())));
            Fit::Misfit(format!("the wallet keeps another credential for this board: {other}, of {}", newest.project))
        }
    }
}

/// An exchange in a line: what was sent, what came, how long it took.
pub(crate) fn exchange(exchange: &Exchange) -> String {
    let Exchange { command, status, sent_bytes, received_bytes, milliseconds, note } = exchange;
    let status = status.as_deref().unwrap_or("no answer");
    let note = note.as_deref().map(|note| format!(" · {note}")).unwrap_or_default();
    format!("{command} · {sent_bytes} B out · {received_bytes} B in · {milliseconds:.1} ms · {status}{note}")
}

/// A try of a patient discovery in a line.
pub(crate) fn attempt(attempt: &Attempt) -> String {
    let Attempt { connecting, outcome, milliseconds, .. } = attempt;
    format!("{connecting} · {milliseconds:.0} ms · {outcome}")
}

/// What happened in a session that did not come to its end.
pub(crate) fn title(problem: &AuthenticationProblem) -> String {
    match &problem.cause {
        Cause::Refused { .. } => match &problem.place {
            Place::Certificate { role, .. } => format!("the board refused the {role} certificate"),
            Place::Token => "the board refused the answer to its challenge".to_owned(),
            Place::Password => "the board refused the password".to_owned(),
            Place::Challenge => "the board gives no challenge".to_owned(),
            other => format!("the board refused: {other}"),
        },
        Cause::Mailbox(_) => "the board stopped answering".to_owned(),
        Cause::Garbage(_) => "the board's answer makes no sense".to_owned(),
        Cause::Locked => "the board is LOCKED: no credential leads in, and nothing leads back".into(),
        Cause::Unfit(what) => format!("the credential doesn't fit: {what}"),
        Cause::NotProved(what) => format!("not proved: {what}"),
    }
}

/// Likely why.
pub(crate) fn cause(problem: &AuthenticationProblem) -> Option<&'static str> {
    Some(match (&problem.cause, &problem.place) {
        (Cause::Refused { .. }, Place::Certificate { number: 1, .. }) => {
            "the board stores the fingerprint of another root: it was provisioned with another project"
        }
        (Cause::Refused { .. }, Place::Certificate { .. }) => {
            "the certificate before didn't sign this one, or it is meant for another chip or state"
        }
        (Cause::Refused { .. }, Place::Token) => {
            "the key isn't the last certificate's, or more is asked for than the board permits"
        }
        (Cause::Refused { .. }, Place::Password) => "the board was provisioned with another password",
        (Cause::Refused { .. }, Place::Challenge) => {
            "the board is in LOCKED, stores no debug-authentication object, or refused before and wants a reset"
        }
        (Cause::Mailbox(_), Place::Handshake) => "NRST isn't wired, or the ROM serves its mailbox at another moment",
        (Cause::Mailbox(_) | Cause::Garbage(_), _) => "a loose cable, a weak supply, or another tool on the same probe",
        (Cause::NotProved(_), _) => "the board said yes and did something else, or it was reset meanwhile",
        _ => return None,
    })
}

/// What was done to the board last, for the state strip.
pub(crate) const fn said(act: Act, went_well: bool) -> &'static str {
    match (act, went_well) {
        (Act::Discover, true) => "discovered",
        (Act::Discover, false) => "discovery failed",
        (Act::OpenDebug(_), true) => "debug opened",
        (Act::OpenDebug(_), false) => "opening debug failed",
        (Act::CloseDebug, true) => "debug closed",
        (Act::CloseDebug, false) => "closing debug failed",
        (Act::Regress, true) => "regressed",
        (Act::Regress, false) => "regression failed",
        (Act::Close | Act::Lock, true) => "provisioned",
        (Act::Close | Act::Lock, false) => "provisioning failed",
    }
}

//! `stirot-studio certificate`: debug certificates made, joined, shown and verified; password files shown. What the
//! commands share is here.

use std::path::Path;

use clap::Subcommand;
use formats::certificate::{CertificateChain, CertificateReport, Target};
use formats::{Effective, ObkFile, Outcome, Permission, Permissions, Secret};
use serde_json::json;

use super::{Failure, say};

mod chain;
mod new;
mod show;

/// What to do with a certificate.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a certificate: a root that signs itself, or one under an issuer; a file that is there stays as it is
    New(Box<new::Arguments>),
    /// Join certificates into a chain, as ST's tools take it: from the root on, checked
    Chain(chain::Arguments),
    /// Show a certificate, a chain or a password file, whether it verifies, and who takes which permission away
    Show(show::Arguments),
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::New(arguments) => new::run(&arguments),
        Command::Chain(arguments) => chain::run(&arguments),
        Command::Show(arguments) => show::run(&arguments),
    }
}

fn read(path: &Path) -> Result<Secret<Vec<u8>>, Failure> {
    std::fs::read(path).map(Secret::new).map_err(|error| Failure::file("reading", path, error))
}

fn read_chain(path: &Path) -> Result<CertificateChain, Failure> {
    CertificateChain::decode(&read(path)?).map_err(|error| {
        Failure::new(format!("{}: {error}", path.display()))
            .help("a .b64 file is expected: certificates in one line of base64, as this command and ST's tool write it")
    })
}

fn read_object(path: &Path) -> Result<ObkFile, Failure> {
    ObkFile::decode(&read(path)?).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn told(outcome: &Outcome) -> (&'static str, &str) {
    match outcome {
        Outcome::Holds(text) => ("holds", text),
        Outcome::Fails(text) => ("fails", text),
        Outcome::NotCheckable(text) => ("not checkable", text),
        Outcome::Notice(text) => ("notice", text),
    }
}

fn checks_json(report: &CertificateReport) -> Vec<serde_json::Value> {
    let checks = report.checks.iter().map(|check| {
        let (outcome, text) = told(&check.outcome);
        json!({ "check": check.name.text(), "outcome": outcome, "text": text })
    });
    checks.collect()
}

fn bits_json(permissions: Permissions) -> Vec<serde_json::Value> {
    let bits = permissions.iter().map(|Permission { bit, key, name, confidence }| {
        let key = Some(key).filter(|key| !key.is_empty());
        json!({ "bit": bit, "key": key, "name": name, "remark": confidence.remark() })
    });
    bits.collect()
}

fn stages_json(effective: &Effective) -> Vec<serde_json::Value> {
    let stages = effective.stages().iter().map(|stage| {
        json!({
            "by": stage.by.to_string(),
            "mask": stage.mask.hex(),
            "takes": stage.takes.hex(),
            "takes_bits": bits_json(stage.takes),
            "left": stage.left.hex(),
        })
    });
    stages.collect()
}

/// What is left along a chain, one line a stage that takes something.
fn say_effective(target: &Target, chain: &CertificateChain) {
    let effective = Effective::by_certificate(target, chain, None);
    for stage in effective.stages().iter().filter(|stage| !stage.takes.is_empty()) {
        say(stage);
    }
    say(format!("together: {}", effective.permissions()));
}

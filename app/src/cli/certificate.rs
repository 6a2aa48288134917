//! `stirot-studio certificate`: debug certificates and password files, read and verified.

use std::path::PathBuf;

use clap::Subcommand;
use formats::certificate::{CertificateChain, permission_bits, permissions_text};
use formats::da::{Password, read_certificate_object};
use formats::{ObkFile, Outcome, Secret, is_sample};
use serde_json::json;

use super::{Failure, say, say_json};

/// What to do with a certificate.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show a certificate, a chain or a password file, and whether it verifies
    #[command(after_help = "With --object the chain's root, or the password, is compared with what a board with that \
                            object trusts.\nA password is never shown.\nExample: stirot-studio certificate show \
                            DA/Certificates/cert_leaf_chain.b64 --object DA/Binary/DA_Config.obk")]
    Show {
        /// A `.b64` file as ST's tool writes it, or a password.bin
        file: PathBuf,
        /// The debug-authentication object of the board
        #[arg(long, value_name = "OBK")]
        object: Option<PathBuf>,
        /// Print what was found as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    let Command::Show { file, object, json } = command;
    let bytes = Secret::new(std::fs::read(&file).map_err(|error| Failure::file("reading", &file, error))?);
    let object = match object {
        Some(path) => {
            let bytes = Secret::new(std::fs::read(&path).map_err(|error| Failure::file("reading", &path, error))?);
            Some(ObkFile::decode(&bytes).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?)
        }
        None => None,
    };
    if let Ok(password) = Password::from_file(&bytes) {
        return show_password(&password, object.as_ref(), json);
    }
    let chain =
        CertificateChain::decode(&bytes).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    show_chain(&chain, object.as_ref(), json)
}

fn show_password(password: &Password, object: Option<&ObkFile>, json: bool) -> Result<(), Failure> {
    let opens = object.map(|object| password.opens(object));
    if json {
        say_json(&json!({ "kind": "password file", "opens_object": opens }))?;
    } else {
        say("a password file; its password is not shown");
        match opens {
            Some(true) => say("holds  the object asks for this password"),
            Some(false) => say("fails  the object asks for another password"),
            None => {}
        }
    }
    if opens == Some(false) {
        return Err(Failure::new("the object asks for another password")
            .help("find the password that its DA_ConfigWithPassword.xml was built with"));
    }
    Ok(())
}

fn show_chain(chain: &CertificateChain, object: Option<&ObkFile>, json: bool) -> Result<(), Failure> {
    let report = chain.verify();
    let trusted = object.map(read_certificate_object).transpose().map_err(|error| Failure::new(error.to_string()))?;
    let fits = trusted.map(|(root, _)| report.root == Some(root));
    let effective = trusted.map_or(report.permissions, |(_, mask)| report.permissions & mask);
    if json {
        let certificates = chain.certificates.iter().zip(&report.certificates).map(|(certificate, checked)| {
            let key = certificate.public_key().ok().map(|key| key.fingerprint());
            json!({
                "role": certificate.role.name(),
                "usage": certificate.usage,
                "soc_class": certificate.soc_class,
                "permissions": format!("{:#034x}", certificate.permissions),
                "key": key.map(|key| key.to_string()),
                "sample": key.and_then(|key| is_sample(&key)),
                "checks": checked.checks.iter().map(|check| {
                    let (outcome, text) = told(&check.outcome);
                    json!({ "check": check.name.text(), "outcome": outcome, "text": text })
                }).collect::<Vec<_>>(),
            })
        });
        let bits = permission_bits(effective)
            .into_iter()
            .map(|bit| json!({ "bit": bit.bit, "name": bit.name, "remark": bit.confidence.remark() }));
        say_json(&json!({
            "kind": "certificate chain",
            "certificates": certificates.collect::<Vec<_>>(),
            "verifies": report.nothing_fails(),
            "root": report.root.map(|root| root.to_string()),
            "root_sample": report.root.and_then(|root| is_sample(&root)),
            "leaf": report.leaf.map(|leaf| leaf.to_string()),
            "leaf_sample": report.leaf.and_then(|leaf| is_sample(&leaf)),
            "object_trusts_root": fits,
            "effective_permissions": format!("{effective:#034x}"),
            "permission_bits": bits.collect::<Vec<_>>(),
        }))?;
    } else {
        for (certificate, checked) in chain.certificates.iter().zip(&report.certificates) {
            let key = certificate.public_key().map(|key| key.fingerprint());
            let named = key.as_ref().map_or_else(|_| "no key of the curve".to_owned(), |key| key.short());
            let sample =
                key.ok().and_then(|key| is_sample(&key)).map_or(String::new(), |name| format!(" · SAMPLE: {name}"));
            say(format!("{} certificate, key {named}{sample}", certificate.role.name()));
            say(format!("    allows {}", permissions_text(certificate.permissions)));
            for check in &checked.checks {
                let (outcome, text) = told(&check.outcome);
                say(format!("    {outcome:13} {}: {text}", check.name.text()));
            }
        }
        say(format!("together: {}", permissions_text(effective)));
        match fits {
            Some(true) => say("holds  the object trusts this chain's root"),
            Some(false) => say("fails  the object trusts another root"),
            None => {}
        }
    }
    if fits == Some(false) {
        return Err(Failure::new("the object trusts another root than the chain has")
            .help("use the chain that was made for this object's root key"));
    }
    if !report.nothing_fails() {
        return Err(Failure::new("the chain doesn't verify")
            .help("what fails stands above; take the chain from its source again"));
    }
    Ok(())
}

fn told(outcome: &Outcome) -> (&'static str, &str) {
    match outcome {
        Outcome::Holds(text) => ("holds", text),
        Outcome::Fails(text) => ("fails", text),
        Outcome::NotCheckable(text) => ("not checkable", text),
        Outcome::Notice(text) => ("notice", text),
    }
}

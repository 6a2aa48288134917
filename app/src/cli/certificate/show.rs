//! `stirot-studio certificate show`: what a chain or a password file is, whether it holds, and whether a board's object
//! takes it.

use std::path::PathBuf;

use clap::Args;
use formats::certificate::{Certificate, CertificateChain, CertificateCheckName, CertificateReport, Target};
use formats::da::Password;
use formats::{Effective, ObkFile, is_sample};
use serde_json::json;

use super::{bits_json, checks_json, read, read_chain, read_object, say_effective, stages_json, told};
use crate::cli::{Failure, say, say_json};

/// What to show.
#[derive(Debug, Args)]
#[command(after_help = "With --object the chain's root, or the password, is compared with what a board with that \
                        object trusts, and its mask is the first to take permissions away.\nA password is never shown.\nWhat a \
                        bit of the mask permits is known from ST's documents of the sister family H5 where nothing stands behind it; \
                        else how sure it is stands there.\nExample: stirot-studio certificate show \
                        DA/Certificates/cert_leaf_chain.b64 --object DA/Binary/DA_Config.obk")]
pub struct Arguments {
    /// A `.b64` file as ST's tool writes it, or a password.bin
    file: PathBuf,
    /// The debug-authentication object of the board
    #[arg(long, value_name = "OBK")]
    object: Option<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let object = arguments.object.as_deref().map(read_object).transpose()?;
    let file = read(&arguments.file)?;
    match Password::from_file(&file) {
        Ok(password) => show_password(&password, object.as_ref(), arguments.json),
        Err(error) if Password::is_headed(&file) => {
            Err(Failure::new(format!("{}: {error}", arguments.file.display()))
                .help("take the file from its source again"))
        }
        Err(_) => show_chain(&read_chain(&arguments.file)?, object.as_ref(), arguments.json),
    }
}

fn show_password(password: &Password, object: Option<&ObkFile>, json: bool) -> Result<(), Failure> {
    let opens = object.map(|object| password.opens(object));
    let effective = Effective::by_password(&Target::UNKNOWN);
    if json {
        say_json(&json!({
            "kind": "password file",
            "opens_object": opens,
            "effective_permissions": effective.permissions().hex(),
            "permission_bits": bits_json(effective.permissions()),
        }))?;
    } else {
        say("a password file; its password is not shown");
        say(format!("it permits {}", effective.permissions()));
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
    let target = match object.map(Target::of_object) {
        Some(target) => target.map_err(|error| {
            Failure::new(format!("the object of --object: {error}"))
                .help("give the debug-authentication object that this credential is for")
        })?,
        None => Target::UNKNOWN,
    };
    let report = chain.verify_for(&target);
    let fits = target.root.map(|root| report.root == Some(root));
    // Whether the object trusts the root is told by itself.
    let wrong = report.problems().find(|problem| problem.check != CertificateCheckName::Trust);
    if json {
        let effective = Effective::by_certificate(&target, chain, None);
        let certificates = chain.certificates.iter().zip(&report.certificates).map(certificate_json);
        say_json(&json!({
            "kind": "certificate chain",
            "certificates": certificates.collect::<Vec<_>>(),
            "verifies": wrong.is_none(),
            "root": report.root.map(|root| root.to_string()),
            "root_sample": report.root.and_then(|root| is_sample(&root)),
            "leaf": report.leaf.map(|leaf| leaf.to_string()),
            "leaf_sample": report.leaf.and_then(|leaf| is_sample(&leaf)),
            "object_trusts_root": fits,
            "stages": stages_json(&effective),
            "effective_permissions": effective.permissions().hex(),
            "permission_bits": bits_json(effective.permissions()),
        }))?;
    } else {
        for (certificate, checked) in chain.certificates.iter().zip(&report.certificates) {
            say_certificate(certificate, checked);
        }
        say_effective(&target, chain);
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
    if let Some(wrong) = wrong {
        let help = match chain.in_order() {
            Ok(ordered) if ordered != *chain => "the order is wrong: join the certificates with `certificate chain`",
            _ => "take the chain from its source again, or issue the certificate again",
        };
        return Err(Failure::new(format!("the chain doesn't verify: {wrong}")).help(help));
    }
    Ok(())
}

fn certificate_json((certificate, checked): (&Certificate, &CertificateReport)) -> serde_json::Value {
    let key = certificate.public_key().ok().map(|key| key.fingerprint());
    json!({
        "role": certificate.role.name(),
        "usage": certificate.usage,
        "lifecycle": certificate.lifecycle,
        "soc_class": certificate.soc_class,
        "soc_id": certificate.soc_id.map(|byte| format!("{byte:02x}")).concat(),
        "permissions": certificate.permissions.hex(),
        "permission_bits": bits_json(certificate.permissions),
        "key": key.map(|key| key.to_string()),
        "sample": key.and_then(|key| is_sample(&key)),
        "checks": checks_json(checked),
    })
}

pub(super) fn say_certificate(certificate: &Certificate, checked: &CertificateReport) {
    let key = certificate.public_key().map(|key| key.fingerprint());
    let named = key.as_ref().map_or_else(|_| "no key of the curve".to_owned(), |key| key.short());
    let sample = key.ok().and_then(|key| is_sample(&key)).map_or(String::new(), |name| format!(" · SAMPLE: {name}"));
    say(format!("{} certificate, key {named}{sample}", certificate.role.name()));
    say(format!("    allows {}", certificate.permissions));
    for check in &checked.checks {
        let (outcome, text) = told(&check.outcome);
        say(format!("    {outcome:13} {}: {text}", check.name.text()));
    }
}

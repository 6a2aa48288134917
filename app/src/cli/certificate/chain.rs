//! `stirot-studio certificate chain`: certificates joined into a chain, checked; their order is corrected only when a
//! person asks for that.

use std::path::{Path, PathBuf};

use clap::Args;
use formats::certificate::{CertificateChain, ChainProblem, ChainReport, Target};
use formats::is_sample;
use serde_json::json;

use super::{bits_json, read_chain, read_object, say_effective, stages_json};
use crate::cli::output::{self, Output};
use crate::cli::{Failure, say, say_json};

/// What to join.
#[derive(Debug, Args)]
#[command(
    after_help = "The texts of single certificates can't be put behind one another: this takes them apart and writes \
                        one text.\nNothing is written when a check fails, or when another file lies there.\nExample: stirot-studio \
                        certificate chain cert_root.b64 cert_intermediate.b64 cert_leaf.b64 --output cert_leaf_chain.b64"
)]
pub struct Arguments {
    /// The certificates, or chains of them, from the root on
    #[arg(required = true, value_name = "B64")]
    files: Vec<PathBuf>,
    /// File to write
    #[arg(long, value_name = "B64")]
    output: PathBuf,
    /// Put the certificates behind their issuers, whatever order they were given in
    #[arg(long)]
    reorder: bool,
    /// The debug-authentication object of the board, which has to trust the root
    #[arg(long, value_name = "OBK")]
    object: Option<PathBuf>,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let target = match arguments.object.as_deref() {
        Some(path) => Target::of_object(&read_object(path)?)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?,
        None => Target::UNKNOWN,
    };
    let mut files: Vec<&Path> = Vec::new();
    let mut chains = Vec::with_capacity(arguments.files.len());
    for path in &arguments.files {
        let chain = read_chain(path)?;
        files.extend(chain.certificates.iter().map(|_| path.as_path()));
        chains.push(chain);
    }
    let given = CertificateChain::join(chains);
    let chain = if arguments.reorder {
        given.in_order().map_err(|problem| {
            Failure::new(problem.to_string()).help(format!("they are counted as given: {}", numbered(&files)))
        })?
    } else {
        given
    };
    let report = chain.verify_for(&target);
    if let Some(problem) = report.problems().next() {
        // Put into order, they may be none of the files' any more.
        return Err(refused(&chain, &problem, if arguments.reorder { &[] } else { &files }));
    }
    if report.root.is_none() {
        return Err(Failure::new("the chain doesn't begin with a root certificate")
            .help("give the root's certificate first, then those under it"));
    }
    output::write(Output::Certificate, &arguments.output, chain.to_base64().as_bytes())?;
    tell(arguments, &target, &chain, &report)
}

fn refused(chain: &CertificateChain, problem: &ChainProblem, files: &[&Path]) -> Failure {
    let place = problem.certificate.checked_sub(1).and_then(|place| files.get(place));
    let failure = Failure::new(match place {
        Some(file) => format!("{problem} ({})", file.display()),
        None => problem.to_string(),
    });
    match chain.in_order() {
        Ok(ordered) if ordered != *chain => {
            let right = ordered.certificates.iter().filter_map(|one| {
                let place = chain.certificates.iter().position(|given| given == one)?;
                files.get(place).map(|file| file.display().to_string())
            });
            let mut right: Vec<String> = right.collect();
            right.dedup();
            failure.help(format!("the right order is {}; give them so, or add --reorder", right.join(" ")))
        }
        _ => failure.help("nothing was written; issue that certificate again, or leave it out"),
    }
}

fn numbered(files: &[&Path]) -> String {
    let numbered: Vec<String> = (1..).zip(files).map(|(number, file)| format!("{number} {}", file.display())).collect();
    numbered.join(", ")
}

fn tell(arguments: &Arguments, target: &Target, chain: &CertificateChain, report: &ChainReport) -> Result<(), Failure> {
    let effective = formats::Effective::by_certificate(target, chain, None);
    if arguments.json {
        return say_json(&json!({
            "file": arguments.output.to_string_lossy(),
            "certificates": chain.certificates.iter().map(|one| one.role.name()).collect::<Vec<_>>(),
            "root": report.root.map(|root| root.to_string()),
            "leaf": report.leaf.map(|leaf| leaf.to_string()),
            "answering": report.answering.map(|key| key.to_string()),
            "stages": stages_json(&effective),
            "effective_permissions": effective.permissions().hex(),
            "permission_bits": bits_json(effective.permissions()),
            "notices": report.notices().map(|notice| notice.to_string()).collect::<Vec<_>>(),
            "samples": chain.samples().iter().map(|(_, _, name)| *name).collect::<Vec<_>>(),
        }));
    }
    let count = chain.certificates.len();
    say(format!("{}: {count} certificate{}", arguments.output.display(), if count == 1 { "" } else { "s" }));
    match report.answering {
        Some(key) => {
            let sample = is_sample(&key).map_or(String::new(), |name| format!(" · SAMPLE: {name}"));
            say(format!("the key {} answers a board's challenge{sample}", key.short()));
        }
        None => say("it ends with an intermediate: nothing answers a board's challenge yet, a leaf has to follow"),
    }
    for notice in report.notices() {
        say(format!("notice  {notice}"));
    }
    say_effective(target, chain);
    Ok(())
}

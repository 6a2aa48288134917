//! `stirot-studio keys renew`: a project's chain of debug certificates made anew, root or leaf, narrowed or as ST's. What
//! the project is made of is `project::certificates`' business.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use formats::Permissions;
use project::certificates::{ChainRequest, Masks, Renewed, make};
use project::key_files::KeyProtection;
use project::{Disk, Draft};

use super::passphrases::{self, PassphraseArguments};
use super::{Failure, opening, say};

/// What to make anew.
#[derive(Debug, Args)]
#[command(
    after_help = "Keys, certificates, the configuration and the object are saved together or not at all. What is \
                        replaced is kept in DA/Earlier; a new root is a new version beside the old one. Boards that were \
                        closed with the old root still need the old chain.\n\
                        Example: stirot-studio keys renew --project pump --renew leaf"
)]
pub struct Arguments {
    /// Project folder
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// Which keys are to be new; the certificates always are
    #[arg(long, value_enum, default_value = "certificates")]
    renew: RenewArgument,
    /// What every certificate permits, as a mask, 0x and hexadecimal digits (default: what the present ones do, or as ST's)
    #[arg(long, value_name = "MASK")]
    permissions: Option<String>,
    /// What the leaf's certificate permits, as a mask: to narrow it
    #[arg(long, value_name = "MASK")]
    leaf_permissions: Option<String>,
    /// Lift the present leaf's restriction to one chip or class of chips
    #[arg(long)]
    any_chip: bool,
    #[command(flatten)]
    passphrases: PassphraseArguments,
    /// File that holds the passphrase for the new keys; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    protect_with: Option<PathBuf>,
    /// Let the new keys lie in the clear although those before them are protected
    #[arg(long, conflicts_with = "protect_with")]
    in_clear: bool,
}

/// Which keys are to be new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RenewArgument {
    /// None: the certificates only
    Certificates,
    /// The leaf's
    Leaf,
    /// The leaf's and the intermediate's
    Intermediate,
    /// All three: boards that trust the old root don't know the new one
    Root,
}

/// How a command names it.
pub(super) const fn word(renewed: Renewed) -> &'static str {
    match renewed {
        Renewed::Certificates => "certificates",
        Renewed::Leaf => "leaf",
        Renewed::IntermediateAndLeaf => "intermediate",
        Renewed::Root => "root",
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut draft: Draft = opening::saved_draft(&arguments.project)?;
    if draft.with_unsaved().unsaved() > 0 {
        return Err(Failure::new("edits of the window aren't saved")
            .help("save or undo them in the window first: this command changes files that they may be for"));
    }
    opening::unlock(&mut draft, &arguments.passphrases)?;
    let passphrase = arguments.protect_with.as_deref().map(passphrases::read).transpose()?;
    let mask = |text: &String| {
        Permissions::from_text(text).map_err(|problem| Failure::new(format!("the mask {text}: {problem}")))
    };
    let project = draft.project()?;
    let present = ChainRequest::as_present(&project);
    let mut masks = match &arguments.permissions {
        Some(text) => Masks::of_all(mask(text)?),
        None => present.masks,
    };
    if let Some(text) = &arguments.leaf_permissions {
        masks.leaf = mask(text)?;
    }
    let (soc_class, soc_id) = if arguments.any_chip { (0, [0; 16]) } else { (present.soc_class, present.soc_id) };
    let request = ChainRequest {
        renewed: match arguments.renew {
            RenewArgument::Certificates => Renewed::Certificates,
            RenewArgument::Leaf => Renewed::Leaf,
            RenewArgument::Intermediate => Renewed::IntermediateAndLeaf,
            RenewArgument::Root => Renewed::Root,
        },
        masks,
        protection: match &passphrase {
            Some(passphrase) => KeyProtection::Passphrase(passphrase),
            None if arguments.in_clear => KeyProtection::Clear,
            None => KeyProtection::Kept,
        },
        soc_class,
        soc_id,
    };
    let made = make(&project, &request, &Disk::real())?;
    say(format!("root {}, leaf {}", made.root.short(), made.leaf.short()));
    say(format!("the chain permits {}", made.chain.verify().permissions));
    for path in &made.written {
        say(format!("written: {}", path.display()));
    }
    match (&made.earlier, made.written.is_empty()) {
        (_, true) => say("everything was as it should be already"),
        (Some(earlier), false) => say(format!("what was there is kept in {}", earlier.display())),
        (None, false) => {}
    }
    Ok(())
}

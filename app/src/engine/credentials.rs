//! What the jobs do about certificates and the wallet: make a chain, keep a credential, export one. As the rest of
//! `engine`, it blocks and decides nothing.

use std::path::Path;

use formats::certificate::{CertificateChain, Target};
use formats::{DebugCredential, ObkFile, Permissions};
use project::certificates::{ChainRequest, Masks, Renewed};
use project::credentials::CHAIN_FILE;
use project::key_files::KeyProtection;
use project::{
    Credential, Disk, Draft, KeyRole, ObjectRole, Protection, Wallet, WalletEntry, WalletError, uid_from_text,
};

use super::editing::passphrase_of;
use super::{Desk, Edited};
use crate::model::Card;
use crate::model::configuration::TypedText;
use crate::model::credentials::{ChainKey, ChainPlace, MakingFacts, MakingForm, Restriction};
use crate::sheets;
use crate::text::file_name;
use crate::update::{CredentialsReport, CredentialsRequest, Report};

/// Carries out a request.
pub(super) fn carry_out(desk: &Desk, request: CredentialsRequest, edited: Option<Edited>) -> Result<Vec<Report>, Card> {
    let wallet = Wallet::of_user();
    match request {
        CredentialsRequest::Make(form, passphrase) => match edited {
            Some(edited) => make(desk, &form, &passphrase, edited),
            None => Err(Card { title: "No project is open".to_owned(), ..Card::default() }),
        },
        CredentialsRequest::ReadWallet => Ok(vec![read(&wallet)?]),
        CredentialsRequest::Export { from, to, passphrase } => {
            let entry = entry_of(&wallet, &from)?;
            let passphrase = if passphrase.text().is_empty() { None } else { Some(passphrase_of(&passphrase)?) };
            let files = wallet.export(&entry, passphrase.as_ref(), &to).map_err(|error| card(&error))?;
            Ok(vec![Report::Notice(format!("{} files exported to {}", files.len(), to.display()))])
        }
        CredentialsRequest::Keep { uid, board, passphrase } => {
            let uid = uid_from_text(&uid).map_err(|why| Card { title: why, ..Card::default() })?;
            let passphrase = if passphrase.text().is_empty() { None } else { Some(passphrase_of(&passphrase)?) };
            let project = desk.project()?;
            let kept = wallet.keep_of_project(uid, &board, &project, passphrase.as_ref());
            let kept = kept.map_err(|error| card(&error))?;
            let notice = format!("{board} has version {} of its credential in the wallet", kept.version);
            Ok(vec![read(&wallet)?, Report::Notice(notice)])
        }
        // A dialog, which `jobs` shows.
        CredentialsRequest::PickExport(_) => Ok(Vec::new()),
    }
}

/// The credential of an entry, and the object that its board was given.
pub(super) fn kept(folder: &Path, passphrase: &TypedText) -> Result<(DebugCredential, ObkFile), Card> {
    let wallet = Wallet::of_user();
    let entry = entry_of(&wallet, folder)?;
    let passphrase = if passphrase.text().is_empty() { None } else { Some(passphrase_of(passphrase)?) };
    let credential = wallet.open(&entry, passphrase.as_ref()).map_err(|error| card(&error))?;
    let object = wallet.object(&entry, passphrase.as_ref()).map_err(|error| card(&error))?;
    Ok((credential, object))
}

fn read(wallet: &Wallet) -> Result<Report, Card> {
    let entries = wallet.entries().map_err(|error| card(&error))?;
    let damaged = wallet.damaged().map_err(|error| card(&error))?;
    let damaged = damaged.iter().map(|error| format!("{error}. {}", error.help())).collect();
    Ok(Report::Credentials(CredentialsReport::Wallet(sheets::credentials::wallet(&entries), damaged)))
}

fn entry_of(wallet: &Wallet, folder: &Path) -> Result<WalletEntry, Card> {
    let entries = wallet.entries().map_err(|error| card(&error))?;
    entries.into_iter().find(|entry| entry.folder == folder).ok_or_else(|| Card {
        title: "The wallet has no such entry any more".to_owned(),
        place: Some(folder.display().to_string()),
        remedy: Some("Read the wallet again.".to_owned()),
        ..Card::default()
    })
}

fn card(error: &WalletError) -> Card {
    Card { title: error.to_string(), remedy: Some(error.help()), ..Card::default() }
}

/// Makes the chain, then reads the project again.
fn make(desk: &Desk, form: &MakingForm, passphrase: &TypedText, edited: Edited) -> Result<Vec<Report>, Card> {
    let Edited { mut draft, revision } = edited;
    let passphrase = if passphrase.text().is_empty() { None } else { Some(passphrase_of(passphrase)?) };
    let project = draft.project().map_err(|error| sheets::project_card(&error))?;
    // The passphrase opens what has to sign and isn't open yet.
    let mut project = project;
    if let Some(passphrase) = &passphrase {
        let root = project.keys().find(|key| key.role == KeyRole::DebugRoot).cloned();
        let chain = project.chain_keys();
        for key in root.into_iter().chain(chain).filter(|key| key.protection == Protection::Locked) {
            draft.unlock(key.role, &key.path, passphrase).map_err(|error| sheets::project_card(&error))?;
        }
        project = draft.project().map_err(|error| sheets::project_card(&error))?;
    }
    let id = restriction(form, Restriction::SocId)?;
    let class = restriction(form, Restriction::SocClass)?;
    let request = ChainRequest {
        renewed: match form.renewed_from {
            None => Renewed::Certificates,
            Some(ChainPlace::Root) => Renewed::Root,
            Some(ChainPlace::Intermediate) => Renewed::IntermediateAndLeaf,
            Some(ChainPlace::Leaf) => Renewed::Leaf,
        },
        masks: Masks {
            root: Permissions(form.permissions.root),
            intermediate: Permissions(form.permissions.intermediate),
            leaf: Permissions(form.permissions.leaf),
        },
        soc_class: u32::try_from(class).unwrap_or(u32::MAX),
        soc_id: id.to_be_bytes(),
        protection: passphrase.as_ref().map_or(KeyProtection::Kept, KeyProtection::Passphrase),
    };
    let made = project::certificates::make(&project, &request, &Disk::real());
    let made = made.map_err(|error| sheets::project_card(&error))?;
    let folder = draft.folder().to_owned();
    let mut reports = super::open_project(desk, &folder, Some(Edited { draft, revision }))?;
    let object = reports.iter().find_map(|report| match report {
        Report::Editing(_, found) => found.making.object,
        _ => None,
    });
    let sheet = sheets::credentials::made(&made, object);
    reports.push(Report::Credentials(CredentialsReport::Made(Box::new(sheet))));
    reports.push(Report::Notice("the certificates are made, and the object is built".to_owned()));
    Ok(reports)
}

fn restriction(form: &MakingForm, restriction: Restriction) -> Result<u128, Card> {
    form.restriction(restriction)
        .map_err(|why| Card { title: format!("{}: {why}", restriction.name()), ..Card::default() })
}

/// What making certificates begins with: the keys that are there, and what the object permits.
pub(super) fn facts(draft: &Draft, assessment: &project::Assessment) -> MakingFacts {
    let mut facts = MakingFacts::default();
    if draft.settings().debug_authentication != Credential::Certificate {
        facts.no_certificates = Some(
            "This project's way back is a password; it has no certificates. The project file decides that.".to_owned(),
        );
        return facts;
    }
    let object = assessment.objects.iter().find(|view| view.role == ObjectRole::DebugAuthentication);
    let object = object.and_then(|view| Target::of_object(view.obk.as_ref().ok()?).ok());
    facts.object = object.and_then(|target| target.object).map(|permissions| permissions.0);
    let chain = std::fs::read(draft.folder().join(CHAIN_FILE)).ok();
    let chain = chain.and_then(|text| CertificateChain::decode(&text).ok());
    facts.present = chain.as_ref().and_then(sheets::credentials::form_of);
    let root = assessment.keys.iter().map(|view| view.key.clone()).find(|key| key.role == KeyRole::DebugRoot);
    let chain = draft.project().map(|project| project.chain_keys()).unwrap_or_default();
    for key in root.into_iter().chain(chain) {
        let place = match key.role {
            KeyRole::DebugRoot => ChainPlace::Root,
            KeyRole::DebugIntermediate => ChainPlace::Intermediate,
            KeyRole::DebugLeaf => ChainPlace::Leaf,
            _ => continue,
        };
        *facts.keys.of_mut(place) = ChainKey {
            file: file_name(&key.path),
            fingerprint: Some(key.fingerprint.to_string()),
            sample: formats::is_sample(&key.fingerprint).map(str::to_owned),
            locked: key.protection == Protection::Locked,
            protected: key.protection != Protection::Clear,
        };
    }
    facts
}

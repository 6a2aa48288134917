//! The intents about certificates and the wallet in the table of commands: text, tooltip, and when they are possible.

use chip::product_state::ProductState;

use super::{Refusal, powered_board, quiet_project};
use crate::model::credentials::{CredentialsIntent, KeysSection};
use crate::model::{JobKind, Model};

/// What stands on the button.
pub(super) const fn text(intent: &CredentialsIntent) -> &'static str {
    match intent {
        CredentialsIntent::Show(KeysSection::Keys) => "Show keys and chain",
        CredentialsIntent::Show(KeysSection::Certificates) => "Make debug certificates…",
        CredentialsIntent::Show(KeysSection::Wallet) => "Show wallet",
        CredentialsIntent::Renew(..) => "Choose key",
        CredentialsIntent::Permit(..) => "Set permission",
        CredentialsIntent::Restrict(..) => "Restrict certificate",
        CredentialsIntent::ResetForm => "Begin certificates anew",
        CredentialsIntent::Make(_) => "Make certificates",
        CredentialsIntent::CloseMade => "Close",
        CredentialsIntent::ReadWallet => "Read wallet again",
        CredentialsIntent::ChooseExport(_) => "Choose folder…",
        CredentialsIntent::Export(..) => "Export credential",
        CredentialsIntent::Regress(..) => "Regress to OPEN",
        CredentialsIntent::Keep(_) => "Keep this project's credential",
    }
}

/// What it does, in a sentence.
pub(super) const fn tooltip(intent: &CredentialsIntent) -> &'static str {
    match intent {
        CredentialsIntent::Show(KeysSection::Keys) => "Every key with its versions, and what belongs together",
        CredentialsIntent::Show(KeysSection::Certificates) => "Root, intermediate and leaf, with named permissions",
        CredentialsIntent::Show(KeysSection::Wallet) => "Which credential is kept for which board",
        CredentialsIntent::Renew(..) => "The key that is there, or a new one; the old one is kept",
        CredentialsIntent::Permit(..) => "A certificate can only narrow its issuer",
        CredentialsIntent::Restrict(..) => "Every other chip, class or life cycle refuses the certificate",
        CredentialsIntent::ResetForm => "All that the project's object permits, with the keys that are there",
        CredentialsIntent::Make(_) => "All of them or none; what they take the place of is kept",
        CredentialsIntent::CloseMade => "Put this away; the files stay",
        CredentialsIntent::ReadWallet => "Take in what other programs put there",
        CredentialsIntent::ChooseExport(_) => "Choose a folder in a dialog",
        CredentialsIntent::Export(..) => "Laid out as ST's tools need it, the private part in the clear",
        CredentialsIntent::Regress(..) => {
            "With this credential: erases user flash and objects, then the board is in OPEN"
        }
        CredentialsIntent::Keep(_) => {
            "In the wallet, for the connected board; what is kept there is never written over"
        }
    }
}

/// Whether it can be given now.
pub(super) fn enabled(intent: &CredentialsIntent, model: &Model) -> Result<(), Refusal> {
    match intent {
        CredentialsIntent::Make(_) => {
            quiet_project(model)?;
            match &model.credentials.making {
                None => Err("no project is open".into()),
                Some(sheet) => sheet.make.clone().map_err(Refusal::from),
            }
        }
        CredentialsIntent::ResetForm if model.credentials.form.is_none() => Err("no project is open".into()),
        CredentialsIntent::ReadWallet => quiet_wallet(model),
        CredentialsIntent::ChooseExport(_) if model.runs(JobKind::Dialog) => {
            Err("a file dialog is open already".into())
        }
        CredentialsIntent::ChooseExport(index) | CredentialsIntent::Export(index, ..) => {
            quiet_wallet(model)?;
            let mut cards = model.credentials.wallet.boards.iter().flatten().flat_map(|board| &board.cards);
            if cards.any(|card| card.index == *index) { Ok(()) } else { Err("the wallet has no such entry".into()) }
        }
        CredentialsIntent::Regress(index, _) => {
            powered_board(model)?;
            let uid = model.board.as_ref().and_then(|board| board.reading.as_ref()?.uid.as_deref());
            let mut boards = model.credentials.wallet.boards.iter().flatten();
            let holds = boards.find(|board| board.cards.iter().any(|card| card.index == *index));
            if !holds.zip(uid).is_some_and(|(board, uid)| board.uid.eq_ignore_ascii_case(uid)) {
                return Err("it was kept for another board".into());
            }
            match model.product_state() {
                Some(ProductState::Closed | ProductState::Provisioning) => Ok(()),
                Some(ProductState::Open) => Err("the board is in OPEN already".into()),
                Some(ProductState::Locked) => Err("from LOCKED no way leads back, with no credential".into()),
                Some(ProductState::Provisioned) => Err("the board was closed without a way in".into()),
                None => Err("the board's state is not known; read it first".into()),
            }
        }
        CredentialsIntent::Keep(_) => {
            quiet_wallet(model)?;
            quiet_project(model)?;
            if model.project.is_none() {
                return Err("no project is open".into());
            }
            match &model.board {
                None => Err("no board is chosen".into()),
                Some(board) if board.reading.as_ref().is_none_or(|reading| reading.uid.is_none()) => {
                    Err("the board's UID wasn't read yet; read the board first".into())
                }
                Some(_) => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn quiet_wallet(model: &Model) -> Result<(), Refusal> {
    if model.runs(JobKind::Wallet) { Err("the wallet is being worked on".into()) } else { Ok(()) }
}

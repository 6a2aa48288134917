//! Carries out what a person wants of certificates and of the wallet, and takes in what their jobs report. As the rest of
//! `update`, it changes the model and returns what is to happen outside.

use std::path::PathBuf;

use super::{DebugRequest, Effect, Request};
use crate::model::configuration::TypedText;
use crate::model::credentials::{CredentialsIntent, KeysSection, MadeSheet, MakingForm, WalletBoard};
use crate::model::{JobKind, Model, View};
use crate::sheets;

/// What a job about certificates or the wallet is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialsRequest {
    /// Make certificates, with the passphrase of the chain's keys; empty for none.
    Make(MakingForm, TypedText),
    /// Read the wallet.
    ReadWallet,
    /// Ask for the folder that an entry is exported to.
    PickExport(usize),
    /// Export an entry.
    Export {
        /// Where the entry lies.
        from: PathBuf,
        /// Where ST's layout of it goes.
        to: PathBuf,
        /// Empty for none.
        passphrase: TypedText,
    },
    /// Keep the project's credential for the board of this identifier and name.
    Keep {
        /// 24 hex digits.
        uid: String,
        /// The board's name.
        board: String,
        /// Empty for none.
        passphrase: TypedText,
    },
}

impl CredentialsRequest {
    /// What the status bar says while it goes on.
    pub fn text(&self) -> &'static str {
        match self {
            Self::Make(..) => "making certificates",
            Self::ReadWallet => "reading the wallet",
            Self::PickExport(_) => "a file dialog is open",
            Self::Export { .. } => "exporting a credential",
            Self::Keep { .. } => "keeping the credential",
        }
    }
}

/// What a job about certificates or the wallet reports.
#[derive(Debug)]
pub enum CredentialsReport {
    /// Certificates were made.
    Made(Box<MadeSheet>),
    /// The wallet was read; what can't be read there, each in a sentence.
    Wallet(Vec<WalletBoard>, Vec<String>),
    /// A person chose the folder for an entry.
    ExportChosen(usize, PathBuf),
}

/// Carries an intent out.
pub(super) fn apply(model: &mut Model, intent: CredentialsIntent, effects: &mut Vec<Effect>) {
    let mut start = |kind, request| effects.push(Effect::Start(kind, Request::Credentials(request)));
    match intent {
        CredentialsIntent::Show(section) => {
            model.view = View::Keys;
            model.object_file = None;
            model.credentials.section = section;
            shown(model, effects);
        }
        CredentialsIntent::Renew(place, granted) => {
            if let Some(form) = &mut model.credentials.form {
                form.renew(place, granted);
            }
        }
        CredentialsIntent::Permit(place, bit, granted) => {
            if let Some(form) = &mut model.credentials.form {
                form.permit(place, bit, granted);
            }
        }
        CredentialsIntent::Restrict(restriction, text) => {
            if let Some(form) = &mut model.credentials.form {
                *form.typed_mut(restriction) = text;
            }
        }
        CredentialsIntent::ResetForm => model.credentials.form = None,
        CredentialsIntent::Make(passphrase) => {
            if let Some(form) = &model.credentials.form {
                model.credentials.made = None;
                start(JobKind::Key, CredentialsRequest::Make(form.clone(), passphrase));
            }
        }
        CredentialsIntent::CloseMade => model.credentials.made = None,
        CredentialsIntent::ReadWallet => start(JobKind::Wallet, CredentialsRequest::ReadWallet),
        CredentialsIntent::ChooseExport(index) => {
            model.credentials.wallet.chosen = None;
            start(JobKind::Dialog, CredentialsRequest::PickExport(index));
        }
        CredentialsIntent::Export(index, to, passphrase) => {
            if let Some(from) = folder(model, index) {
                start(JobKind::Wallet, CredentialsRequest::Export { from, to, passphrase });
            }
        }
        CredentialsIntent::Regress(index, passphrase) => {
            if let Some(from) = folder(model, index) {
                super::debug::start(model, DebugRequest::RegressKept(from, passphrase), effects);
            }
        }
        CredentialsIntent::Keep(passphrase) => {
            let board = model.board.as_ref();
            let uid = board.and_then(|board| board.reading.as_ref()?.uid.clone());
            if let (Some(board), Some(uid)) = (board, uid) {
                let board = board.name.clone();
                start(JobKind::Wallet, CredentialsRequest::Keep { uid, board, passphrase });
            }
        }
    }
}

/// The Keys view came into sight: other programs, and runs, put something into the wallet, too.
pub(super) fn shown(model: &Model, effects: &mut Vec<Effect>) {
    if model.credentials.section == KeysSection::Wallet && !model.runs(JobKind::Wallet) {
        effects.push(Effect::Start(JobKind::Wallet, Request::Credentials(CredentialsRequest::ReadWallet)));
    }
}

/// Takes in a report.
pub(super) fn receive(model: &mut Model, report: CredentialsReport) {
    match report {
        CredentialsReport::Made(made) => {
            model.credentials.made = Some(*made);
            // The keys that were new are the present ones now.
            if let Some(form) = &mut model.credentials.form {
                form.renewed_from = None;
            }
        }
        CredentialsReport::Wallet(boards, damaged) => {
            model.drop_card(JobKind::Wallet);
            model.credentials.wallet.boards = Some(boards);
            model.credentials.wallet.damaged = damaged;
        }
        CredentialsReport::ExportChosen(index, to) => model.credentials.wallet.chosen = Some((index, to)),
    }
}

/// Where a card's entry lies.
fn folder(model: &Model, index: usize) -> Option<PathBuf> {
    let mut cards = model.credentials.wallet.boards.iter().flatten().flat_map(|board| &board.cards);
    cards.find(|card| card.index == index).map(|card| card.folder.clone())
}

/// Another project: the form of the one before, and what it made, are put away.
pub(super) fn project_changed(model: &mut Model) {
    model.credentials.form = None;
    model.credentials.made = None;
}

/// Paints the form's sheet anew from the project, the board and what is filled in.
pub(super) fn refresh(model: &mut Model) {
    let Some(editing) = &model.editing else {
        model.credentials.making = None;
        model.credentials.form = None;
        return;
    };
    let facts = &editing.found.making;
    let form = model.credentials.form.get_or_insert_with(|| sheets::credentials::form(facts));
    let board = model.board.as_ref();
    model.credentials.making = Some(sheets::credentials::making(facts, form, board, editing.draft.unsaved()));
}

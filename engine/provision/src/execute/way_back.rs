//! The steps that prove the way back: by certificate the board accepts it in PROVISIONING, by password a regression and
//! back. Afterwards the credential is in the wallet.

use chip::product_state::ProductState;
use formats::DebugCredential;

use super::authority::Keeping;
use super::run::{Authentication, Run};
use super::{Event, Right};
use crate::boards::BoardAddress;
use crate::capability::{Leave, LeaveOpen, ObjectRole, Qualified, WayBack};
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::plan::Change;
use crate::record::hex;
use crate::way_back::{ProvedBy, require_way_back};

impl<'a> Run<'a> {
    /// A regression by password and back, from wherever the board stands: PROVISIONING, the object, OPEN again.
    pub(super) fn qualify(&mut self, obw1: Change, obw2: Change) -> Result<Evidence, ProvisionError> {
        let (credential, _) = self.credential()?;
        let board = self.board()?;
        // The buffer of an object lies where a TCM share could take the memory away.
        self.memory_options(obw1, obw2)?;
        if self.link.option_bytes()?.product_state() == ProductState::Open {
            self.climb_to_provisioning()?;
        }
        self.safe_point()?;
        self.store(ObjectRole::DebugAuthentication)?;
        self.discover()?;
        let regressed = self.link.regress(credential, None)?;
        self.link.disconnect();
        let survey = self.link.survey()?;
        let (state, uid) = (survey.product_state, survey.uid);
        (self.events)(Event::Surveyed(Box::new(survey)));
        if state != Some(ProductState::Open) || uid != Some(board) {
            let named = state.map_or("in no known state", ProductState::name);
            return Err(ProvisionError::WayBackNotProved {
                reason: format!("after the regression the board is {named}, not OPEN"),
            });
        }
        // What was stored is gone with the regression; only that it led back remains.
        let Authentication::Stored(stored) = std::mem::take(&mut self.authentication) else {
            return Err(not_stored());
        };
        self.qualified = Qualified::new(&stored, board, &regressed);
        if self.qualified.is_none() {
            return Err(ProvisionError::WayBackNotProved {
                reason: "the regression was not this board's, from PROVISIONING".into(),
            });
        }
        Ok(Evidence::text("regressed by password; OPEN again").with("uid", hex(&board)))
    }

    /// Proves that the credential leads back from what the chip stores now, and keeps it.
    pub(super) fn prove_way_back(&mut self) -> Result<Evidence, ProvisionError> {
        let (credential, keeping) = self.credential()?;
        let board = self.board()?;
        let object = &self.material.debug_authentication.obk;
        let Authentication::Stored(stored) = std::mem::take(&mut self.authentication) else {
            return Err(not_stored());
        };
        let (way_back, evidence) = match require_way_back(credential, object)? {
            ProvedBy::Opening(level) => {
                let accepted = self.link.accepts(credential, level)?;
                let text = format!("the board accepted certificates and token for {level}, twice");
                let way_back = self.named.and_then(|named| WayBack::by_certificate(stored, board, named, &accepted));
                (way_back, Evidence::text(text))
            }
            ProvedBy::Regression => {
                let qualified = self.qualified.take().ok_or_else(|| ProvisionError::WayBackNotProved {
                    reason: "this board went through no regression in this run".into(),
                })?;
                let text = "this board went back by the same object in this run";
                (WayBack::by_password(stored, board, qualified), Evidence::text(text))
            }
        };
        // The mailbox may spell the identifier in its own way; memory holds it as the survey read it.
        self.link.require_board(Some(board))?;
        let way_back = way_back.ok_or_else(|| ProvisionError::WayBackNotProved {
            reason: "what was proved is about another object than the chip stores".into(),
        })?;
        let evidence = self.keep_credential(keeping, credential, board, evidence)?;
        self.authentication = Authentication::Proved(way_back);
        Ok(evidence)
    }

    /// Puts the credential into the wallet. Nothing secret goes into the evidence.
    fn keep_credential(
        &mut self,
        keeping: Keeping<'_>,
        credential: &DebugCredential,
        board: [u8; 12],
        evidence: Evidence,
    ) -> Result<Evidence, ProvisionError> {
        let name = board_name(self.link.address());
        let object = &self.material.debug_authentication.obk;
        let entry = keeping.keep(board, &name, object, credential)?;
        let mut evidence = evidence
            .with("wallet_version", entry.version)
            .with("wallet_folder", entry.folder.display().to_string())
            .with("wallet_protected", entry.protected);
        for (name, fingerprint) in [("root", entry.root), ("leaf", entry.leaf)] {
            if let Some(fingerprint) = fingerprint {
                evidence = evidence.with(name, fingerprint.to_string());
            }
        }
        Ok(evidence)
    }

    /// The credential that the run was permitted with, and where it is kept.
    fn credential(&self) -> Result<(&'a DebugCredential, Keeping<'a>), ProvisionError> {
        match self.authority.right {
            Right::Close { leave: LeaveOpen(Leave::WithWayBack { credential, .. }), keeping } => {
                Ok((credential, keeping))
            }
            _ => Err(ProvisionError::Internal { what: "a way back in a run to LOCKED".into() }),
        }
    }

    /// The board that the survey read: the only one that anything of this run is for.
    pub(super) fn board(&self) -> Result<[u8; 12], ProvisionError> {
        self.board.ok_or_else(|| ProvisionError::Preflight {
            check: "identifier".into(),
            reason: "the board's identifier was not read, so that what is proved could be of any".into(),
        })
    }
}

fn not_stored() -> ProvisionError {
    ProvisionError::WayBackNotProved { reason: "the chip acknowledged no object in this run".into() }
}

/// What a person calls the board: a virtual one by its file's name, a real one by its probe.
fn board_name(address: &BoardAddress) -> String {
    match address {
        BoardAddress::Virtual(path) => {
            path.file_stem().map_or_else(|| address.to_string(), |stem| stem.to_string_lossy().into_owned())
        }
        BoardAddress::Probe { .. } => address.to_string(),
    }
}

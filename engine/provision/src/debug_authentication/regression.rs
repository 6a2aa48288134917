//! The full regression: from PROVISIONING or CLOSED back to OPEN, everything erased. What the board answers is noted;
//! whether it happened, its option bytes and its flash say.

use std::thread;
use std::time::{Duration, Instant};

use chip::ProductState;
use chip::memory_map::{UID, USER_FLASH};
use chip::option_bytes::{DebugAuthentication, NVSR, ROTSR};
use chip::registers::FLASH;
use chip::rsslib::SUCCESS;
use formats::{DebugCredential, ObkFile, Permission, Permissions};

use super::authentication::{authenticate, judge};
use super::discovery::{self, Discovery};
use super::problem::{AuthenticationProblem, Cause, Place};
use crate::capability::Sendable;
use crate::error::ProvisionError;
use crate::link::{AP1, CSW, CSW_DEVICE_ENABLED, Link, Survey};
use crate::record::hex;
use crate::rsslib::RssOutcome;

/// Between two looks at a board that is being erased.
const PAUSE: Duration = Duration::from_millis(5);
/// How long a board that said no is watched: long enough for the boot that follows.
const AFTER_REFUSAL: Duration = Duration::from_millis(200);

/// A regression that was done.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Regressed {
    /// The board, from its memory.
    pub uid: Option<[u8; 12]>,
    /// Where it came from.
    pub from: ProductState,
    /// Whether the object was stored first, so that the credential could be presented at all.
    pub stored_object: bool,
    /// EPOCH before, where it could be read, and after.
    pub epoch: (Option<u32>, u32),
    /// What the board's ROM answered, when a word of it was lost: the regression took place all the same.
    pub disturbed: Option<String>,
    /// From the request to the proof, in seconds.
    pub seconds: f64,
    /// The board as it is now.
    pub survey: Survey,
}

/// What is known of the board before.
struct Before {
    state: Option<ProductState>,
    epoch: Option<u32>,
    method: Option<DebugAuthentication>,
    uid: Option<[u8; 12]>,
}

impl Link {
    /// Sends a board back to OPEN. User flash, RAM and every stored object are erased by it; external flash stays, and
    /// what is encrypted in it can't be read any more.
    ///
    /// In PROVISIONING the credential needs its object on the board: `object` is stored first when the board has none
    /// that fits.
    ///
    /// # Errors
    /// [`ProvisionError::Authentication`] with the place: a credential that can't do it (before anything is sent), what
    /// the board refused, a mailbox that fails, a proof that isn't there. [`ProvisionError::WrongState`] on a board in
    /// OPEN. [`ProvisionError::RssRefused`] when the object isn't taken. [`ProvisionError::OtherBoard`] when another
    /// board stands there afterwards. Link errors.
    pub fn regress(
        &mut self,
        credential: &DebugCredential,
        object: Option<&ObkFile>,
    ) -> Result<Regressed, ProvisionError> {
        let began = Instant::now();
        judge(credential, None, Permission::FULL_REGRESSION.mask())?;
        if let Some(object) = object {
            require_regression(credential, object)?;
        }
        let before = self.before()?;
        if before.state == Some(ProductState::Open) {
            return Err(ProvisionError::WrongState {
                state: ProductState::Open.name().into(),
                reason: "there is nothing to go back from".into(),
            });
        }
        let in_provisioning = before.state == Some(ProductState::Provisioning);
        let mut stored_object = false;
        if let (true, Some(object)) = (in_provisioning, object)
            && before.method != Some(credential.method())
        {
            self.store_way_back(object)?;
            stored_object = true;
        }
        let mut attempt = self.try_regression(credential);
        if let (true, false, Some(object), Err(error)) = (in_provisioning, stored_object, object, &attempt)
            && says_no(error)
        {
            // An object is there, and it isn't the one of this credential: ours takes its place.
            self.store_way_back(object)?;
            stored_object = true;
            attempt = self.try_regression(credential);
        }
        let (discovery, disturbed) = attempt?;
        let from = before.state.or_else(|| discovery.as_ref().and_then(Discovery::product_state));
        let survey = self.prove_open(before.epoch)?;
        // Both read from the same place: what the mailbox calls the board may be spelled otherwise on silicon.
        if let (Some(permitted), Some(found)) = (before.uid, survey.uid)
            && permitted != found
        {
            return Err(ProvisionError::OtherBoard { permitted: hex(&permitted), found: hex(&found) });
        }
        let epoch = survey.option_bytes.map_or(0, |bytes| bytes.epochsr);
        Ok(Regressed {
            uid: survey.uid,
            from: from.unwrap_or(ProductState::Closed),
            stored_object,
            epoch: (before.epoch, epoch),
            disturbed,
            seconds: began.elapsed().as_secs_f64(),
            survey,
        })
    }

    fn before(&mut self) -> Result<Before, ProvisionError> {
        if !self.core_in_reach()? {
            return Ok(Before { state: None, epoch: None, method: None, uid: None });
        }
        let bytes = self.option_bytes()?;
        let mut uid = [0; 12];
        self.read(UID.start, &mut uid)?;
        Ok(Before {
            uid: Some(uid),
            state: Some(bytes.product_state()),
            epoch: Some(bytes.epochsr),
            method: bytes.debug_authentication(),
        })
    }

    /// Stores the object that the credential belongs to, on a board in PROVISIONING.
    fn store_way_back(&mut self, object: &ObkFile) -> Result<(), ProvisionError> {
        let sendable = Sendable::reversible(object)
            .ok_or_else(|| AuthenticationProblem::unfit("the object is none that could be taken back again"))?;
        let call = "DataProvisioning (the debug-authentication object)".to_owned();
        match self.data_provisioning(sendable)? {
            RssOutcome::Accepted { status: SUCCESS } => Ok(()),
            RssOutcome::Accepted { status } | RssOutcome::Refused { status } => {
                Err(ProvisionError::RssRefused { call, status })
            }
            RssOutcome::Unknown => Err(ProvisionError::RssUnknown { call }),
        }
    }

    /// One session with the regression asked for. A session that breaks after the question counts by what the board
    /// does: the answer alone was lost.
    fn try_regression(
        &mut self,
        credential: &DebugCredential,
    ) -> Result<(Option<Discovery>, Option<String>), ProvisionError> {
        let wanted = Permission::FULL_REGRESSION.mask();
        let mut session = self.open_session(self.connecting())?;
        let mut discovery = None;
        let asked = discovery::ask(&mut session).and_then(|answer| {
            let answer = discovery.insert(answer);
            judge(credential, Some(answer), wanted)?;
            authenticate(&mut session, credential, wanted)
        });
        let problem = match asked {
            Ok(_) => {
                session.close();
                None
            }
            Err(problem) if matches!(problem.place, Place::Token | Place::Password) => Some(problem),
            Err(problem) => {
                self.abandon(&mut session);
                self.keep_transcript(session);
                return Err(problem.into());
            }
        };
        let limit = match &problem {
            Some(problem) if problem.is_refusal() => AFTER_REFUSAL,
            _ => self.options().regression_timeout,
        };
        let became_open = wait_until_open(&mut session, limit);
        if !became_open {
            self.abandon(&mut session);
        }
        self.keep_transcript(session);
        match (became_open, problem) {
            (true, problem) => Ok((discovery, problem.map(|problem| problem.to_string()))),
            (false, Some(problem)) => Err(problem.into()),
            (false, None) => {
                let what = format!("the board said yes, and is not in OPEN after {limit:?}");
                Err(AuthenticationProblem::not_proved(what).into())
            }
        }
    }

    /// What a regression leaves behind, measured.
    fn prove_open(&mut self, epoch_before: Option<u32>) -> Result<Survey, ProvisionError> {
        let not_proved = |what: String| ProvisionError::from(AuthenticationProblem::not_proved(what));
        let survey = self.survey()?;
        let bytes = survey.option_bytes.ok_or_else(|| not_proved("the option bytes can't be read".into()))?;
        if bytes.product_state() != ProductState::Open {
            return Err(not_proved(format!("the option bytes say {}, not OPEN", bytes.product_state())));
        }
        if let Some(before) = epoch_before
            && bytes.epochsr <= before
        {
            return Err(not_proved(format!(
                "EPOCH is {} and was {before}: the old keys may still be alive",
                bytes.epochsr
            )));
        }
        let mut cells = vec![0; USER_FLASH.size as usize];
        self.read(USER_FLASH.start, &mut cells)?;
        if let Some(place) = cells.iter().position(|byte| *byte != 0xFF) {
            let address = USER_FLASH.start.saturating_add(u32::try_from(place).unwrap_or(u32::MAX));
            return Err(not_proved(format!("user flash is not erased at {address:#010x}")));
        }
        Ok(survey)
    }
}

/// Whether the board's own no ended it, rather than the wire.
fn says_no(error: &ProvisionError) -> bool {
    match error {
        ProvisionError::Authentication(problem) => problem.is_refusal() || matches!(problem.cause, Cause::Unfit(_)),
        _ => false,
    }
}

/// Whether a board with `object` would go back by this credential.
fn require_regression(credential: &DebugCredential, object: &ObkFile) -> Result<(), AuthenticationProblem> {
    let granted: Permissions =
        credential.against(object).map_err(|problem| AuthenticationProblem::unfit(problem.to_string()))?;
    if granted.contains(Permission::FULL_REGRESSION) {
        Ok(())
    } else {
        Err(AuthenticationProblem::unfit(format!(
            "with this object the credential permits {granted}, no full regression"
        )))
    }
}

/// Watches the option bytes through access port 1. Errors are what a chip looks like that resets itself.
fn wait_until_open(session: &mut super::session::Session, limit: Duration) -> bool {
    let start = Instant::now();
    let mut seen = 0;
    loop {
        seen = if is_open(session) { seen + 1 } else { 0 };
        // Twice: a word read while the chip resets itself is not believed.
        if seen == 2 {
            return true;
        }
        if start.elapsed() >= limit {
            return false;
        }
        thread::sleep(PAUSE);
    }
}

fn is_open(session: &mut super::session::Session) -> bool {
    let interface = session.mailbox.interface();
    if !interface.read_raw_ap_register(&AP1, CSW).is_ok_and(|csw| csw & CSW_DEVICE_ENABLED != 0) {
        return false;
    }
    let words = interface.memory_interface(&AP1).and_then(|mut memory| {
        Ok((memory.read_word_32(u64::from(FLASH + NVSR))?, memory.read_word_32(u64::from(FLASH + ROTSR))?))
    });
    words.is_ok_and(|(nvsr, rotsr)| ProductState::from_option_bytes((nvsr & 0xFF) as u8, rotsr) == ProductState::Open)
}

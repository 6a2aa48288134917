//! Debug opened on a CLOSED board by certificate, and shut again; each proved at access port 1.

use std::time::Instant;

use chip::ProductState;
use chip::mailbox::{command, status};
use chip::registers::DBGMCU_CR;
use formats::{DebugCredential, Permissions};

use super::arrival;
use super::authentication::{authenticate, judge};
use super::core_view::CoreView;
use super::discovery::{self, Discovery};
use super::permission::DebugLevel;
use super::problem::{AuthenticationProblem, Cause, Place};
use super::session::Session;
use crate::error::ProvisionError;
use crate::link::{Link, let_core_go};

/// How often the core is let boot until it is met at the level.
const TRIES: u32 = 4;

/// Debug that was opened, and what proves it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OpenedDebug {
    /// What the board said of itself.
    pub discovery: Discovery,
    /// The level that was asked for.
    pub level: DebugLevel,
    /// What was asked for and granted.
    pub permissions: Permissions,
    /// The core as it was met: halted, at the level.
    pub core: CoreView,
    /// From the request to the halted core, in seconds.
    pub seconds: f64,
}

/// Debug that was shut.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutDebug {
    /// What the board said of itself.
    pub discovery: Discovery,
    /// Whether the board acknowledged the command; without it, the reset that ends what was granted did it alone.
    pub acknowledged: bool,
}

impl Link {
    /// Opens debug from a level on, on a CLOSED board, and halts the core there: the proof is a halted core whose level
    /// and registers were read. It stays halted until [`Link::resume`]; debug stays open until [`Link::close_debug`] or
    /// power-off.
    ///
    /// # Errors
    /// [`ProvisionError::Authentication`] with the place: a credential that can't do it (before anything is sent), what
    /// the board refused, a mailbox that fails, a proof that isn't there; [`ProvisionError::WrongState`] where debug is
    /// open already; link errors. Nothing non-volatile is changed by any of them.
    pub fn open_debug(
        &mut self,
        credential: &DebugCredential,
        level: DebugLevel,
    ) -> Result<OpenedDebug, ProvisionError> {
        let began = Instant::now();
        let permissions = level.permission();
        judge(credential, None, permissions)?;
        if self.core_in_reach()? {
            let state = self.option_bytes()?.product_state();
            if matches!(state, ProductState::Open | ProductState::Provisioning) {
                return Err(ProvisionError::WrongState {
                    state: state.name().into(),
                    reason: "debug is open in this state without a credential".into(),
                });
            }
        }
        let (discovery, _) = self.in_session(|session| {
            let discovery = discovery::ask(session)?;
            judge(credential, Some(&discovery), permissions)?;
            let survival = session.options().debug_survival;
            set_survival(session, survival, survival)?;
            authenticate(session, credential, permissions)?;
            Ok(discovery)
        })?;
        let core = self.meet_core(level)?;
        Ok(OpenedDebug { discovery, level, permissions, core, seconds: began.elapsed().as_secs_f64() })
    }

    /// Halts the core at the level and reads it.
    fn meet_core(&mut self, level: DebugLevel) -> Result<CoreView, ProvisionError> {
        let options = self.options().clone();
        let mut interface = self.interface()?;
        // What was granted survives a reset: a loader that was missed comes by once more. The later the try, the longer
        // it lasts, for a boot that installs an image first.
        let tries = if options.debug_survival == 0 { 1 } else { TRIES };
        let shares: u32 = (1..=tries).sum();
        for number in 1..=tries {
            let Err(problem) = arrival::halt_at(&mut *interface, level, options.level_timeout * number / shares) else {
                break;
            };
            // The core must not halt later, when nobody looks any more. A port that is shut has nothing to let go.
            drop(let_core_go(&mut *interface));
            if number == tries {
                return Err(problem.into());
            }
            self.pulse_reset(&mut *interface, |_| Ok(()))?;
        }
        drop(interface);
        let core = self.core_view()?;
        match core.hdpl {
            Some(hdpl) if hdpl >= level.number() => Ok(core),
            other => {
                let found = other.map_or_else(|| "an unknown level".to_owned(), |hdpl| format!("HDPL {hdpl}"));
                Err(AuthenticationProblem::not_proved(format!("the core stands at {found}, not at {level}")).into())
            }
        }
    }

    /// Shuts debug that was opened by a credential, and proves that access port 1 is shut.
    ///
    /// # Errors
    /// [`ProvisionError::WrongState`] where the state itself keeps debug open; [`ProvisionError::Authentication`] when
    /// the mailbox fails or the port stays open; link errors.
    pub fn close_debug(&mut self) -> Result<ShutDebug, ProvisionError> {
        let ((discovery, acknowledged), _) = self.in_session(|session| {
            let survival = session.options().debug_survival;
            set_survival(session, survival, 0)?;
            let discovery = discovery::ask(session)?;
            let reply = session.ask(Place::Lock, "shut debug", command::LOCK_DEBUG, &[])?;
            Ok((discovery, reply.status == status::SUCCESS))
        })?;
        let state = discovery.product_state();
        if matches!(state, Some(ProductState::Open | ProductState::Provisioning)) {
            return Err(ProvisionError::WrongState {
                state: state.map_or_else(String::new, |state| state.name().into()),
                reason: "debug is open in this state, whatever a credential granted".into(),
            });
        }
        // What the last reset still let through ends with this one, now that nothing is to survive it.
        let mut interface = self.interface()?;
        self.pulse_reset(&mut *interface, |_| Ok(()))?;
        drop(interface);
        if self.core_in_reach()? {
            return Err(AuthenticationProblem::not_proved("access port 1 is still open").into());
        }
        Ok(ShutDebug { discovery, acknowledged })
    }
}

/// Sets the bits of DBGMCU_CR by which what was granted survives resets, and reads them back.
fn set_survival(session: &mut Session, bits: u32, value: u32) -> Result<(), AuthenticationProblem> {
    if bits == 0 {
        return Ok(());
    }
    let failed = |what: String| {
        AuthenticationProblem::new(
            Place::Preparation,
            Cause::NotProved(format!("DBGMCU_CR through access port 0: {what}")),
        )
    };
    let before = session.mailbox.read(DBGMCU_CR).map_err(failed)?;
    session.mailbox.write(DBGMCU_CR, (before & !bits) | (value & bits)).map_err(failed)?;
    let after = session.mailbox.read(DBGMCU_CR).map_err(failed)?;
    if after & bits != value & bits {
        return Err(failed(format!("read back {after:#010x}, wanted bits {bits:#010x} to be {value:#010x}")));
    }
    Ok(())
}

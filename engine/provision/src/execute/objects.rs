//! Steps of PROVISIONING itself: the climb to it, the objects, the mailbox.

use chip::product_state::ProductState;
use chip::rsslib::SUCCESS;
use formats::Permission;

use super::run::{Authentication, Run};
use super::{Event, Right};
use crate::capability::{Acknowledged, Climb, ObjectRole, Sendable};
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::rsslib::RssOutcome;

/// How often an object is sent when the call does not come back. It is the same object each time: sending it again
/// changes nothing that the first call may have done.
const ATTEMPTS: u32 = 2;

impl Run<'_> {
    pub(super) fn climb_to_provisioning(&mut self) -> Result<Evidence, ProvisionError> {
        let climb = Climb::to_provisioning(self.authority.right.leave_open()).only_for(self.board()?);
        let outcome = self.link.set_product_state(climb)?;
        let call = || "SetProductState (PROVISIONING)".to_owned();
        if let RssOutcome::Refused { status } = outcome {
            return Err(ProvisionError::RssRefused { call: call(), status });
        }
        self.link.halt_through_reset()?;
        let state = self.link.option_bytes()?.product_state();
        if state == ProductState::Provisioning {
            let survey = self.link.survey()?;
            (self.events)(Event::Surveyed(Box::new(survey)));
            return Ok(Evidence::text("option bytes read back: PROVISIONING").with("call", format!("{outcome:?}")));
        }
        Err(match outcome {
            RssOutcome::Unknown => ProvisionError::RssUnknown { call: call() },
            _ => ProvisionError::NotProved { what: format!("the option bytes say {state}, not PROVISIONING") },
        })
    }

    pub(super) fn store(&mut self, role: ObjectRole) -> Result<Evidence, ProvisionError> {
        let object = self.material.object(role).ok_or_else(|| ProvisionError::Internal {
            what: "an object of the second boot stage in a plan of one".into(),
        })?;
        let sendable = match self.authority.right {
            // The one object that a consent is for; the others can be taken back.
            Right::Lock(consent) if role == ObjectRole::DebugAuthentication => Sendable::locking(&object.obk, consent),
            _ => Sendable::reversible(&object.obk),
        };
        let sendable = sendable.ok_or_else(|| ProvisionError::Internal {
            what: format!("{} reached the executor, and is no object that may be sent", object.name),
        })?;
        let sendable = sendable.only_for(self.board()?);
        // From here on what was stored before, and what was proved of it, counts for nothing.
        if role == ObjectRole::DebugAuthentication {
            self.authentication = Authentication::Missing;
        }
        self.stored.retain(|earlier| earlier.role() != role);
        let call = format!("DataProvisioning ({})", object.name);
        let mut attempt = 1;
        let status = loop {
            match self.link.data_provisioning(sendable)? {
                RssOutcome::Accepted { status: SUCCESS } => break SUCCESS,
                RssOutcome::Accepted { status } | RssOutcome::Refused { status } => {
                    return Err(ProvisionError::RssRefused { call, status });
                }
                RssOutcome::Unknown if attempt < ATTEMPTS => {
                    self.log(format!("{call} did not come back; the board is reset and the object sent again"));
                    self.link.halt_through_reset()?;
                    attempt += 1;
                }
                RssOutcome::Unknown => return Err(ProvisionError::RssUnknown { call }),
            }
        };
        let destination = object.obk.destination;
        let acknowledged = Acknowledged::from_status(role, &object.obk, status, self.mark);
        if role == ObjectRole::DebugAuthentication {
            self.authentication = acknowledged.map_or(Authentication::Missing, Authentication::Stored);
        } else {
            self.stored.extend(acknowledged);
        }
        Ok(Evidence::text("acknowledged; buffer wiped and read back")
            .with("status", format!("{status:#010x}"))
            .with("destination", format!("{:#010x}", destination.0))
            .with("attempts", attempt))
    }

    pub(super) fn discover(&mut self) -> Result<Evidence, ProvisionError> {
        let discovery = self.link.discover()?;
        let state = discovery.product_state();
        if state != Some(ProductState::Provisioning) {
            let named = match (state, discovery.lifecycle()) {
                (Some(state), _) => state.name().to_owned(),
                (None, Some(code)) => format!("life cycle {code:#x}"),
                (None, None) => "no life cycle".into(),
            };
            return Err(ProvisionError::Discovery { reason: format!("the board names {named}, not PROVISIONING") });
        }
        // Only a ROM that reports it can deny it: whether this family's does is not known.
        let intact = match discovery.integrity() {
            Some(false) => {
                return Err(ProvisionError::Discovery {
                    reason: "the board says that its debug-authentication object is not intact".into(),
                });
            }
            Some(true) => "intact",
            None => "not reported",
        };
        self.named = discovery.uid();
        // A mask that names something and not this denies it; what an empty one means on silicon is not known.
        let denied =
            discovery.permissions().filter(|mask| !mask.is_empty() && !mask.contains(Permission::FULL_REGRESSION));
        if let (Some(mask), Right::Close { .. }) = (denied, self.authority.right) {
            return Err(ProvisionError::Discovery {
                reason: format!("the board says that its object permits no full regression, only: {mask}"),
            });
        }
        Ok(Evidence::text(format!("answers, PROVISIONING, object {intact}"))
            .with("mailbox_base", format!("{:#010x}", discovery.mailbox_base))
            .with("answer", format!("{:#010x}", discovery.answer)))
    }
}

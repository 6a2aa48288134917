//! What is left of permissions on their way through debug authentication: every stage takes away what it doesn't
//! permit, and a person sees which one took what.

use std::fmt;

use crate::certificate::{CertificateChain, Role, Target};
use crate::permissions::{Permission, Permissions};

/// Who decides at a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granter {
    /// The chip itself.
    Device,
    /// The object that the board stores.
    Object,
    /// A certificate of the chain, counted from 1.
    Certificate(usize, Role),
    /// The method: a password lets a full regression through and nothing else.
    Password,
    /// What is asked for.
    Token,
}

impl fmt::Display for Granter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device => f.write_str("the chip"),
            Self::Object => f.write_str("the board's object"),
            Self::Certificate(number, role) => write!(f, "certificate {number} ({})", role.name()),
            Self::Password => f.write_str("a password"),
            Self::Token => f.write_str("the request"),
        }
    }
}

/// One stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Who decides.
    pub by: Granter,
    /// What it permits.
    pub mask: Permissions,
    /// What it takes away of what was left before it.
    pub takes: Permissions,
    /// What is left behind it.
    pub left: Permissions,
}

/// `certificate 2 (intermediate) takes away full regression`.
impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.takes.is_empty() {
            write!(f, "{} takes nothing away", self.by)
        } else {
            write!(f, "{} takes away {}", self.by, self.takes)
        }
    }
}

/// Permissions stage by stage: every permission that any stage names is followed until one withholds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    stages: Vec<Stage>,
}

impl Effective {
    /// By certificates: the chip and the object as far as they are known, every certificate, and a request when there
    /// is one.
    pub fn by_certificate(target: &Target, chain: &CertificateChain, request: Option<Permissions>) -> Self {
        let certificates = (1..)
            .zip(&chain.certificates)
            .map(|(number, one)| (Granter::Certificate(number, one.role), one.permissions));
        let request = request.map(|mask| (Granter::Token, mask));
        Self::of(board(target).chain(certificates).chain(request).collect())
    }

    /// By password: the chip and the object as far as they are known, and what a password ever permits.
    pub fn by_password(target: &Target) -> Self {
        Self::of(board(target).chain([(Granter::Password, Permissions::OF_PASSWORD)]).collect())
    }

    fn of(masks: Vec<(Granter, Permissions)>) -> Self {
        let mut left = masks.iter().fold(Permissions::NONE, |all, (_, mask)| all.with(*mask));
        let stages = masks.into_iter().map(|(by, mask)| {
            let takes = left.without(mask);
            left = left & mask;
            Stage { by, mask, takes, left }
        });
        Self { stages: stages.collect() }
    }

    /// The stages in their order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// What is left in the end; nothing when there is no stage.
    pub fn permissions(&self) -> Permissions {
        self.stages.last().map(|stage| stage.left).unwrap_or_default()
    }

    /// The stage that withholds a permission; none when it is left in the end, or when no stage names it.
    pub fn withheld_by(&self, permission: Permission) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.takes.contains(permission))
    }
}

fn board(target: &Target) -> impl Iterator<Item = (Granter, Permissions)> {
    let masks = [(Granter::Device, target.device), (Granter::Object, target.object)];
    masks.into_iter().filter_map(|(by, mask)| Some((by, mask?)))
}

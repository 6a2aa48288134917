//! What follows from the checks, and how it is said.

use super::{Check, CheckName, Judgement, KeyOrigin, KeyUse, Outcome, Verdict};
use crate::image::settings::ImageProfile;

/// Without these there is no verdict. The others refuse an image when they fail, and are silent when they can't be
/// made.
const NEEDED: [CheckName; 8] = [
    CheckName::Structure,
    CheckName::ProtectedTlvs,
    CheckName::Tlvs,
    CheckName::WrappedKey,
    CheckName::Hash,
    CheckName::KeyHash,
    CheckName::Signature,
    CheckName::Header,
];

pub(super) fn verdict(checks: &[Check]) -> Verdict {
    let failing =
        |name: &CheckName| checks.iter().any(|check| check.name == *name && matches!(check.outcome, Outcome::Fails(_)));
    if let Some(at) = CheckName::ALL.into_iter().find(failing) {
        return match at {
            CheckName::Magic | CheckName::Address => Verdict::NotSeen { at },
            CheckName::Vectors | CheckName::LinkAddress => match missing(checks) {
                missing if missing.is_empty() => Verdict::DoesNotRun { at },
                missing => Verdict::Undecided { missing },
            },
            at => Verdict::Refused { at },
        };
    }
    match missing(checks) {
        missing if missing.is_empty() => Verdict::Installs,
        missing => Verdict::Undecided { missing },
    }
}

fn missing(checks: &[Check]) -> Vec<CheckName> {
    let unmade = checks.iter().filter(|check| matches!(check.outcome, Outcome::NotCheckable(_)));
    unmade.map(|check| check.name).filter(|name| NEEDED.contains(name)).collect()
}

impl Judgement {
    /// Who would take the image.
    const fn stage(&self) -> &'static str {
        match self.profile {
            Some(ImageProfile::Stirot) => "STiRoT",
            Some(ImageProfile::Oemurot) => "The second boot stage",
            None => "No boot stage of this chip",
        }
    }

    /// The verdict in a sentence. That what STiRoT takes is assumed, and that the second stage's part follows ST's
    /// published loader, is said by [`Judgement::reservation`].
    pub fn sentence(&self) -> String {
        let stage = self.stage();
        match &self.verdict {
            Verdict::Installs => format!("{stage} installs and starts this image{}.", self.provisos()),
            Verdict::DoesNotRun { at } => {
                format!("{stage} installs this image, and its application won't run: {}.", at.text())
            }
            Verdict::Refused { at: CheckName::File } => "The file is damaged; no programmer writes it.".into(),
            Verdict::Refused { at } => format!("{stage} refuses this image: {}.", at.text()),
            Verdict::NotSeen { at } => {
                // Of two stages the second has no loader: it looks into its slot itself.
                let who = if self.profile == Some(ImageProfile::Oemurot) { stage } else { "The iLoader" };
                format!("{who} doesn't see this image: {}. Nothing happens.", at.text())
            }
            Verdict::Undecided { missing } => {
                let names: Vec<&str> = missing.iter().map(|name| name.text()).collect();
                format!("Nothing speaks against this image, but not all could be checked: {}.", names.join(", "))
            }
        }
    }

    /// What an installation and a start still depend on.
    fn provisos(&self) -> String {
        let open = |name| matches!(self.outcome(name), Some(Outcome::NotCheckable(_)));
        let sample = |key: &Option<KeyUse>| key.as_ref().is_some_and(|key| key.origin == KeyOrigin::BuiltinSample);
        [
            // Nobody said that the board has them.
            (sample(&self.signed_with) || sample(&self.opens_with), ", on a board with the sample keys"),
            (open(CheckName::Counter), ", unless one with a higher security counter is installed"),
            (open(CheckName::LinkAddress), "; whether its application is linked for where it runs isn't known"),
        ]
        .into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, proviso)| proviso)
        .collect()
    }

    /// What the verdict rests on.
    pub const fn reservation(&self) -> &'static str {
        match self.profile {
            Some(ImageProfile::Stirot) | None => {
                "What STiRoT takes is assumed: what ST's tool makes of ST's settings. The virtual board decides by itself."
            }
            Some(ImageProfile::Oemurot) => {
                "By what ST's published loader does; the virtual board decides by itself, with the studio's second stage."
            }
        }
    }
}

//! Scenarios and tamperings as words, for commands: what a person types, and what is printed for the next tool.

use std::fmt;
use std::str::FromStr;

use super::scenario::{Cut, InstalledSpot, Judge, OtherKey, Scenario, Spot, Tamper};
use crate::error::ProvisionError;

/// A spot and its word.
const SPOTS: [(Spot, &str); 8] = [
    (Spot::Magic, "magic"),
    (Spot::Header, "header"),
    (Spot::Payload, "payload"),
    (Spot::ProtectedTlv, "protected-tlv"),
    (Spot::Hash, "hash"),
    (Spot::KeyHash, "key-hash"),
    (Spot::Signature, "signature"),
    (Spot::WrappedKey, "wrapped-key"),
];
/// A place of an installed image and its word.
const INSTALLED: [(InstalledSpot, &str); 3] =
    [(InstalledSpot::Magic, "magic"), (InstalledSpot::Header, "header"), (InstalledSpot::Payload, "payload")];
/// A stage and its word.
const JUDGES: [(Judge, &str); 2] = [(Judge::Stirot, "stirot"), (Judge::Oemurot, "oemurot")];

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boot => f.write_str("boot"),
            Self::InstallApplication { version } => write!(f, "application:{version}"),
            Self::InstallSecondStage { version } => write!(f, "second-stage:{version}"),
        }
    }
}

impl fmt::Display for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::FlipBit { spot: Spot::Chosen { offset, bit } } => write!(f, "bit:{offset:#x}:{bit}"),
            Self::FlipBit { spot } => write!(f, "flip:{}", word_of(&SPOTS, *spot)),
            Self::OtherKey { key: OtherKey::Signer } => f.write_str("other-signer"),
            Self::OtherKey { key: OtherKey::Recipient } => f.write_str("other-recipient"),
            Self::OlderVersion => f.write_str("older"),
            Self::SwapSlots => f.write_str("swap-slots"),
            Self::Installed { judge, spot } => {
                write!(f, "installed:{}:{}", word_of(&JUDGES, *judge), word_of(&INSTALLED, *spot))
            }
            Self::CutPower { after_writes, cut: Cut::Between } => write!(f, "cut:{after_writes}"),
            Self::CutPower { after_writes, cut: Cut::Inside } => write!(f, "cut-inside:{after_writes}"),
        }
    }
}

impl FromStr for Tamper {
    type Err = ProvisionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || ProvisionError::Lab {
            what: format!(
                "“{text}” is no way to tamper that it knows; one is flip:payload, and the others are at the end of --help"
            ),
        };
        let number = |text: &str| match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => text.parse().ok(),
        };
        let parts: Vec<&str> = text.split(':').collect();
        let found = match parts.as_slice() {
            ["none"] => Some(Self::None),
            ["flip", spot] => of_word(&SPOTS, spot).map(|spot| Self::FlipBit { spot }),
            ["bit", offset, bit] => number(offset).zip(number(bit)).and_then(|(offset, bit)| {
                let (offset, bit) = (u32::try_from(offset).ok()?, u8::try_from(bit).ok().filter(|bit| *bit < 8)?);
                Some(Self::FlipBit { spot: Spot::Chosen { offset, bit } })
            }),
            ["other-signer"] => Some(Self::OtherKey { key: OtherKey::Signer }),
            ["other-recipient"] => Some(Self::OtherKey { key: OtherKey::Recipient }),
            ["older"] => Some(Self::OlderVersion),
            ["swap-slots"] => Some(Self::SwapSlots),
            ["installed", judge, spot] => of_word(&JUDGES, judge)
                .zip(of_word(&INSTALLED, spot))
                .map(|(judge, spot)| Self::Installed { judge, spot }),
            ["cut", writes] => number(writes).map(|after_writes| Self::CutPower { after_writes, cut: Cut::Between }),
            ["cut-inside", writes] => {
                number(writes).map(|after_writes| Self::CutPower { after_writes, cut: Cut::Inside })
            }
            _ => None,
        };
        found.ok_or_else(unknown)
    }
}

fn word_of<T: PartialEq + Copy>(words: &[(T, &'static str)], value: T) -> &'static str {
    words.iter().find(|(known, _)| *known == value).map_or("", |(_, word)| word)
}

fn of_word<T: Copy>(words: &[(T, &str)], text: &str) -> Option<T> {
    words.iter().find(|(_, word)| *word == text).map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tampering_reads_back_from_its_word() {
        let mut all = vec![Tamper::None, Tamper::OlderVersion, Tamper::SwapSlots];
        all.extend(Spot::NAMED.map(|spot| Tamper::FlipBit { spot }));
        all.push(Tamper::FlipBit { spot: Spot::Chosen { offset: 0x412, bit: 7 } });
        all.extend([OtherKey::Signer, OtherKey::Recipient].map(|key| Tamper::OtherKey { key }));
        for judge in [Judge::Stirot, Judge::Oemurot] {
            all.extend(InstalledSpot::ALL.map(|spot| Tamper::Installed { judge, spot }));
        }
        all.extend([Cut::Between, Cut::Inside].map(|cut| Tamper::CutPower { after_writes: 17, cut }));
        for tamper in all {
            assert_eq!(tamper.to_string().parse::<Tamper>().unwrap(), tamper);
        }
        for wrong in ["", "flip:", "flip:everything", "bit:0:8", "bit:0x1ffffffff:0", "cut:-1", "installed:rss:magic"] {
            assert!(wrong.parse::<Tamper>().is_err(), "{wrong}");
        }
    }
}

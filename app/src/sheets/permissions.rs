//! Permission bits of debug authentication as named switches. The names and how sure they are come from `formats`.

use formats::{Confidence, Permission, Permissions};

use crate::model::configuration::PermissionSwitch;
use crate::text::sentence;

/// The permissions that are offered for a mask, in the order in which they are shown: those that a person sets on this
/// family, and any other that the mask holds.
pub(crate) fn offered(mask: u128) -> Vec<Permission> {
    let others = Permissions(mask).iter().filter(|permission| !Permission::SWITCHES.contains(permission));
    Permission::SWITCHES.into_iter().chain(others).collect()
}

/// Whether a mask holds a permission.
pub(crate) fn has(mask: u128, permission: Permission) -> bool {
    Permissions(mask).contains(permission)
}

/// A permission's name, with how sure its meaning is.
pub(crate) fn name(permission: Permission) -> String {
    match remark(permission) {
        Some(remark) => format!("{} ({remark})", bare_name(permission)),
        None => bare_name(permission),
    }
}

/// How sure a permission's meaning is; `None` where it is documented for this family.
const fn remark(permission: Permission) -> Option<&'static str> {
    match permission.confidence {
        Confidence::Documented => None,
        Confidence::OtherFamily => Some("known from the H5"),
        Confidence::Inferred => Some("meaning not confirmed"),
        Confidence::Unknown => Some("meaning not known"),
    }
}

fn bare_name(permission: Permission) -> String {
    match permission.confidence {
        Confidence::Unknown => format!("Bit {}", permission.bit),
        Confidence::Documented | Confidence::OtherFamily | Confidence::Inferred => sentence(permission.name),
    }
}

/// A mask as switches, each with the text that the mask would have with it the other way.
pub(crate) fn switches(mask: u128) -> Vec<PermissionSwitch> {
    let switch = |permission: Permission| PermissionSwitch {
        name: bare_name(permission),
        remark: remark(permission),
        on: has(mask, permission),
        other: Permissions(mask ^ permission.mask().0).hex(),
    };
    offered(mask).into_iter().map(switch).collect()
}

/// A mask in words, for a sentence.
pub(crate) fn words(mask: u128) -> String {
    let granted = offered(mask).into_iter().filter(|permission| has(mask, *permission));
    let words: Vec<String> = granted
        .map(|permission| {
            name(permission).replacen("Bit", "bit", 1).replacen(&sentence(permission.name), permission.name, 1)
        })
        .collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_sts_object_is_five_switches_on_and_one_off() {
        let switches = switches(0x8000_0000_0000_0000_0000_0000_0000_4007);
        let off: Vec<&str> = switches.iter().filter(|switch| !switch.on).map(|switch| switch.name.as_str()).collect();
        assert_eq!(off, ["Partial regression"]);
        assert_eq!(switches[4].remark, Some("known from the H5"));
        assert_eq!(switches[0].name, "Full regression");
        assert_eq!(switches[0].other, "0x80000000000000000000000000000007");
        assert_eq!((switches[5].name.as_str(), switches[5].remark), ("Forced download", Some("meaning not confirmed")));
    }

    #[test]
    fn a_mask_in_words_begins_with_the_way_back() {
        assert_eq!(
            words(1 << 14 | 1 | 1 << 127),
            "full regression, intrusive debug at HDPL 1, forced download (meaning not confirmed)"
        );
        assert_eq!(words(0), "nothing");
    }

    #[test]
    fn a_bit_that_nobody_knows_has_a_switch_as_soon_as_it_is_set() {
        assert_eq!(switches(0).len(), 6);
        assert_eq!(switches(1 << 40)[6].name, "Bit 40");
        assert_eq!(words(1 << 40), "bit 40 (meaning not known)");
    }
}

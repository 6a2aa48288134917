//! Code points of the Phosphor glyphs that the window uses. The same point is outlined in the regular font and
//! filled in the other.

pub(crate) const BOARD: &str = "\u{e610}";
pub(crate) const PROVISION: &str = "\u{ecbe}";
pub(crate) const MOON: &str = "\u{e330}";
pub(crate) const SUN: &str = "\u{e472}";
pub(crate) const UNDO: &str = "\u{e038}";
pub(crate) const KEY: &str = "\u{e2d6}";
pub(crate) const PROHIBIT: &str = "\u{e3de}";
pub(crate) const CHECK: &str = "\u{e184}";
pub(crate) const WARNING: &str = "\u{e4e0}";
pub(crate) const ALERT: &str = "\u{e4e2}";
pub(crate) const CROSS: &str = "\u{e4f8}";
pub(crate) const CIRCLE: &str = "\u{e18a}";
pub(crate) const RUNNING: &str = "\u{eb44}";
pub(crate) const HALF: &str = "\u{e18c}";
pub(crate) const DOWN: &str = "\u{e136}";
pub(crate) const MINUS: &str = "\u{e32c}";
pub(crate) const INFO: &str = "\u{e2ce}";
pub(crate) const RIGHT: &str = "\u{e13a}";
pub(crate) const FOLDER: &str = "\u{e256}";
pub(crate) const LOCK: &str = "\u{e2fa}";
pub(crate) const LOCK_OPEN: &str = "\u{e306}";
pub(crate) const STALE: &str = "\u{e1a0}";
pub(crate) const QUESTION: &str = "\u{e3e8}";
pub(crate) const OBJECT: &str = "\u{e1da}";
pub(crate) const IMAGE: &str = "\u{e390}";
pub(crate) const SLOT: &str = "\u{e9c4}";
pub(crate) const OPTIONS: &str = "\u{e434}";
pub(crate) const CERTIFICATE: &str = "\u{e766}";
pub(crate) const FILE: &str = "\u{e914}";
pub(crate) const CLOSE: &str = "\u{e4f6}";
pub(crate) const UP: &str = "\u{e13c}";

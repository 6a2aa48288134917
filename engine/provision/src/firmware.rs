//! The firmware that this program brings: the virtual board's ROM and the iLoader, built from `firmware/`.

/// The virtual board's ROM: system flash from 0x1FF0 0000 on. Silicon has ST's own.
pub const ROM: &[u8] = include_bytes!("../../../assets/firmware/rom.bin");

/// The immutable loader for the user flash of either board, from 0x0800 0000 on.
pub const ILOADER: &[u8] = project::loader::BUILTIN;

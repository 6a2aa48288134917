//! Hide protection levels (HDPL) and the system block (SBS) that holds them (CMSIS, SVD, HAL).

/// Reads which boot vector was used.
pub const SBS_BOOTSR: u32 = 0x00;
/// Writing [`HDPL_STEP`] raises the level by one.
pub const SBS_HDPLCR: u32 = 0x10;
/// The level: [`HDPL_CODES`].
pub const SBS_HDPLSR: u32 = 0x14;
/// Opens access port and debug: [`AP_UNLOCK`], [`DBG_UNLOCK`], level from which debug is open.
pub const SBS_DBGCR: u32 = 0x20;
/// Locks DBGCR until reset.
pub const SBS_DBGLOCKR: u32 = 0x24;
/// The word the loader leaves for the ROM's next run.
pub const SBS_RSSCMDR: u32 = 0x34;

/// The value that raises the level.
pub const HDPL_STEP: u32 = 0x6A;
/// HDPLSR codes of levels 0, 1, 2, 3.
pub const HDPL_CODES: [u8; 4] = [0xB4, 0x51, 0x8A, 0x6F];
/// The code that opens: AP_UNLOCK in bits 7:0, DBG_UNLOCK in bits 15:8.
pub const UNLOCK: u32 = 0xB4;

/// Constant that SAES encrypts at HDPL 1 to derive the MCE key. Ours: ST's is not known (assumption A1).
pub const MCE_KEY_SEED: [u8; 16] = *b"STiRoT MCE1 key.";

/// Constant that SAES encrypts at HDPL 2 to derive the second stage's MCE1 key (assumption A81).
pub const SECOND_MCE_KEY_SEED: [u8; 16] = *b"OEMuRoT MCE1 key";

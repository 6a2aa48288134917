//! Permission bits of debug authentication: one 128-bit number, which objects, certificates and tokens carry as sixteen
//! bytes, the lowest first. Bits of the sister chip H5 unless a source of this family is named.

/// Bytes of a mask in an object, a certificate, a token and an answer.
pub const SIZE: usize = 16;

/// Debug from HDPL 1 on (H5; set in ST's masks for this family).
pub const DEBUG_HDPL1: u128 = 1 << 0;
/// Debug from HDPL 2 on (H5; set in ST's masks for this family).
pub const DEBUG_HDPL2: u128 = 1 << 1;
/// Debug from HDPL 3 on (H5; set in ST's masks for this family).
pub const DEBUG_HDPL3: u128 = 1 << 2;
/// Partial regression (H5). ST's certificates of this family set it, its objects don't.
pub const PARTIAL_REGRESSION: u128 = 1 << 12;
/// Full regression (H5; set in ST's masks for this family, and what its `regression.sh` asks for).
pub const FULL_REGRESSION: u128 = 1 << 14;
/// Forced download. The permission exists (Cube `dbg_auth.sh`); that it is this bit is inferred from ST's masks, where
/// no other is left for it. UNCONFIRMED.
pub const FORCED_DOWNLOAD: u128 = 1 << 127;

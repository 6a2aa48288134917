//! The debug-authentication mailbox in DBGMCU and the words spoken through it.
//!
//! What is confirmed for this family and what comes from sister chips stands beside each item.

/// HOST register, offset from DBGMCU: host to chip (CMSIS).
pub const DBG_AUTH_HOST: u32 = 0x100;
/// DEV register: chip to host (CMSIS).
pub const DBG_AUTH_DEV: u32 = 0x104;
/// ACK register: [`HOST_ACK`], [`DEV_ACK`] (CMSIS).
pub const DBG_AUTH_ACK: u32 = 0x108;
/// A word from the host is waiting.
pub const HOST_ACK: u32 = 1 << 0;
/// A word from the chip is waiting.
pub const DEV_ACK: u32 = 1 << 1;

/// The base of DBGMCU as access port 0 sees it. UNCONFIRMED: 0x5C00_1000 is the other candidate.
pub const DBGMCU_ON_AP0: u32 = 0xE00E_1000;

/// The word that asks ST's ROM for debug authentication at the next reset: ASCII `STDA` (sister chip MP21).
pub const REQUEST_MAGIC: u32 = 0x5354_4441;
/// What the ROM answers. UNCONFIRMED: the sister chip repeats the request.
pub const ANSWER_MAGIC: u32 = 0x5354_4441;

/// Commands (Arm PSA-ADAC `psa_adac.h`).
pub mod command {
    /// Tell what you are.
    pub const DISCOVERY: u16 = 1;
    /// Ask for a challenge.
    pub const AUTH_START: u16 = 2;
    /// Present a certificate, a token or a password.
    pub const AUTH_RESPONSE: u16 = 3;
    /// End the session and go on booting.
    pub const CLOSE_SESSION: u16 = 5;
    /// Shut debug again.
    pub const LOCK_DEBUG: u16 = 6;
}

/// Statuses (Arm PSA-ADAC).
pub mod status {
    /// Done.
    pub const SUCCESS: u16 = 0;
    /// Not done.
    pub const FAILURE: u16 = 1;
    /// Go on.
    pub const NEED_MORE_DATA: u16 = 2;
    /// Not known here.
    pub const UNSUPPORTED: u16 = 3;
    /// Not with this credential.
    pub const UNAUTHORIZED: u16 = 4;
    /// Malformed.
    pub const INVALID_PARAMETERS: u16 = 5;
    /// No such command.
    pub const INVALID_COMMAND: u16 = 0x7FFF;
}

/// Types of the tagged values in a discovery answer (Arm PSA-ADAC; from 0x8000 ST's own, seen on sister chips).
pub mod tag {
    /// Version of the authentication protocol.
    pub const PROTOCOL_VERSION: u16 = 1;
    /// JEP106 code of the maker.
    pub const VENDOR_ID: u16 = 2;
    /// SoC class.
    pub const SOC_CLASS: u16 = 3;
    /// SoC identifier, 16 bytes.
    pub const SOC_ID: u16 = 4;
    /// Target identity.
    pub const TARGET_ID: u16 = 5;
    /// Life cycle.
    pub const LIFECYCLE: u16 = 8;
    /// Version of the secure debug agent.
    pub const SDA_VERSION: u16 = 0xB;
    /// Token formats.
    pub const TOKEN_FORMATS: u16 = 0x100;
    /// Certificate formats.
    pub const CERTIFICATE_FORMATS: u16 = 0x101;
    /// Cryptosystems.
    pub const CRYPTOSYSTEMS: u16 = 0x102;
    /// A token.
    pub const TOKEN: u16 = 0x200;
    /// A certificate.
    pub const CERTIFICATE: u16 = 0x201;
    /// A password, or in discovery whether what was provisioned is intact.
    pub const PASSWORD_OR_INTEGRITY: u16 = 0x8000;
    /// HDPL 1 status.
    pub const HDPL1_STATUS: u16 = 0x8001;
    /// HDPL 2 status.
    pub const HDPL2_STATUS: u16 = 0x8002;
    /// HDPL 3 status.
    pub const HDPL3_STATUS: u16 = 0x8003;
}

/// Life-cycle codes in the discovery answer. UNCONFIRMED for this family: two bytes were seen on a sister chip
/// without their meaning; the virtual ROM uses the RSSLIB product-state code instead (assumption A8).
pub const LIFECYCLE_IS_RSSLIB_CODE: bool = true;

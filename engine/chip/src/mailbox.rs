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
    /// Change the life cycle. No source shows ST's ROM taking it.
    pub const LIFECYCLE_CHANGE: u16 = 7;
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
    /// Permissions that need no credential.
    pub const PERMISSIONS_FIXED: u16 = 6;
    /// Permissions that a credential can have at most, 16 bytes.
    pub const PERMISSION_MASK: u16 = 7;
    /// Life cycle.
    pub const LIFECYCLE: u16 = 8;
    /// Software partition.
    pub const SOFTWARE_PARTITION: u16 = 9;
    /// Identifier of the secure debug agent.
    pub const SDA_ID: u16 = 0xA;
    /// Version of the secure debug agent.
    pub const SDA_VERSION: u16 = 0xB;
    /// Permissions in force, 16 bytes.
    pub const EFFECTIVE_PERMISSIONS: u16 = 0xC;
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
    /// An X.509 certificate. No source shows ST's ROM taking one.
    pub const X509: u16 = 0x202;
    /// A password, or in discovery whether what was provisioned is intact.
    pub const PASSWORD_OR_INTEGRITY: u16 = 0x8000;
    /// HDPL 1 status.
    pub const HDPL1_STATUS: u16 = 0x8001;
    /// HDPL 2 status.
    pub const HDPL2_STATUS: u16 = 0x8002;
    /// HDPL 3 status.
    pub const HDPL3_STATUS: u16 = 0x8003;
}

/// Bytes before the value of a tagged value: two of zero, the tag, the length in bytes.
pub const TAGGED_HEAD_SIZE: usize = 8;
/// Bytes that answer AUTH_START: format version 1.0, two of zero, the challenge (Arm PSA-ADAC).
pub const CHALLENGE_SIZE: usize = 4 + CHALLENGE_RANDOM_SIZE;
/// Random bytes of a challenge, the ones that a token is signed over.
pub const CHALLENGE_RANDOM_SIZE: usize = 32;
/// Bytes of a certificate without its tag and length (ST's published certificates).
pub const CERTIFICATE_SIZE: usize = 212;
/// Bytes of a token without its tag and length (Arm PSA-ADAC).
pub const TOKEN_SIZE: usize = 120;
/// Certificates that the virtual ROM takes in one session at most (assumption A49).
pub const LONGEST_CHAIN: u8 = 8;

/// Life-cycle codes in the discovery answer. UNCONFIRMED for this family: two bytes were seen on a sister chip
/// without their meaning; the virtual ROM uses the RSSLIB product-state code instead (assumption A8).
pub const LIFECYCLE_IS_RSSLIB_CODE: bool = true;

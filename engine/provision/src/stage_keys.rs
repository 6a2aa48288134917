//! The keys that the configuration objects of the boot stages hold, as they are spelt there (`formats.md` §1.5). Whether an
//! object is whole is for others to judge.

use formats::key_fields::{PRIVATE_SIZE, PUBLIC_SIZE};
use formats::{FormatError, ObkFile, StirotConfig};

/// Bytes of the hash that the objects begin with.
const HASH: usize = 32;

/// In STiROT_Config: the private key that opens STiRoT's images.
pub(crate) fn of_stirot(configuration: &ObkFile) -> Result<&[u8; PRIVATE_SIZE], FormatError> {
    let payload = configuration.body.get(HASH..).unwrap_or_default();
    match StirotConfig::decode(payload) {
        Ok(decoded) => Ok(decoded.decryption_key),
        Err(source) => Err(FormatError::Layout { what: "STiROT_Config", source }),
    }
}

/// In OEMuROT_Config: the public key that the second stage's images are signed with, and the private one that opens them.
pub(crate) fn of_second_stage(
    configuration: &ObkFile,
) -> Result<(&[u8; PUBLIC_SIZE], &[u8; PRIVATE_SIZE]), FormatError> {
    let payload = configuration.body.get(HASH..).unwrap_or_default();
    let authentication = payload.first_chunk();
    let encryption = payload.get(PUBLIC_SIZE..).and_then(|rest| rest.first_chunk());
    let short = || FormatError::Object { field: "keys", problem: "it is too short to hold two keys".into() };
    authentication.zip(encryption).ok_or_else(short)
}

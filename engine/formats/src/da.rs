//! What debug authentication needs on the board and beside it: the objects by certificate and by password, and the
//! password file. Certificate chains and tokens stand in `certificate` and `token`.

use chip::Destination;
use sha2::{Digest, Sha256};

use crate::error::FormatError;
use crate::keys::{Fingerprint, PublicKey};
use crate::layout::{Fields, LayoutError, Problem};
use crate::obk::{Encryption, ObkFile};
use crate::permissions::Permissions;
use crate::secret::Secret;

/// Bytes of an object's payload behind its hash.
const PAYLOAD_SIZE: usize = 64;
/// Type of the password's entry in its file.
const PASSWORD_TYPE: u16 = 0x8000;

/// A password for debug authentication: 4 to 16 printable ASCII characters. It can't be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Secret<String>);

impl Password {
    /// Takes a password.
    ///
    /// # Errors
    /// When its length or a character is none that the chip takes.
    pub fn new(text: Secret<String>) -> Result<Self, FormatError> {
        if let Some(place) = text.bytes().position(|byte| !(0x20..0x7F).contains(&byte)) {
            return Err(not_ascii(place));
        }
        let length = text.len();
        if !(4..=16).contains(&length) {
            let instead = if length < 4 { "choose a longer one" } else { "choose a shorter one" };
            let told = format!("it has {length} characters, the chip takes 4 to 16; {instead}");
            return Err(FormatError::Password(told));
        }
        Ok(Self(text))
    }

    /// Makes a password of 16 characters from the system's random numbers: 96 bits.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn generate() -> Result<Self, FormatError> {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut random = Secret::new([0_u8; 16]);
        getrandom::fill(&mut *random).map_err(FormatError::Random)?;
        let mut text = Secret::new(String::with_capacity(random.len()));
        for byte in random.iter() {
            let letter = LETTERS.get(usize::from(byte & 0x3F)).copied().unwrap_or(b'-');
            text.push(char::from(letter));
        }
        Self::new(text)
    }

    /// Its characters.
    pub fn text(&self) -> &Secret<String> {
        &self.0
    }

    /// The file that a debug-authentication session sends: reserved (u16), type (u16), length (u32), the password.
    ///
    /// ST publishes a file for 16 characters only: that a shorter password states its own length is an assumption.
    pub fn to_file(&self) -> Secret<Vec<u8>> {
        let length = crate::layout::reported(self.0.len());
        let mut file = Vec::with_capacity(24);
        file.extend_from_slice(&[0, 0]);
        file.extend_from_slice(&PASSWORD_TYPE.to_le_bytes());
        file.extend_from_slice(&length.to_le_bytes());
        file.extend_from_slice(self.0.as_bytes());
        Secret::new(file)
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// When a field of its head is another, or its length isn't the password's.
    pub fn from_file(file: &[u8]) -> Result<Self, FormatError> {
        let layout = |source| FormatError::Layout { what: "password file", source };
        let value = |offset, field, found, expected| {
            layout(LayoutError { offset, field, problem: Problem::Value { found, expected } })
        };
        let mut fields = Fields::new(file, 0);
        fields.u16("reserved").map_err(layout)?;
        let kind = fields.u16("type").map_err(layout)?;
        if kind != PASSWORD_TYPE {
            return Err(value(2, "type", u32::from(kind), "0x8000, a password"));
        }
        let length = fields.u32("length").map_err(layout)?;
        let text = fields.slice("password", usize::try_from(length).unwrap_or(usize::MAX)).map_err(layout)?;
        if !fields.is_empty() {
            return Err(value(4, "length", length, "the number of bytes that follow"));
        }
        let text = std::str::from_utf8(text).map_err(|error| not_ascii(error.valid_up_to()))?;
        Self::new(Secret::new(text.to_owned()))
    }

    /// Whether a file begins as a password file does, whatever follows.
    pub fn is_headed(file: &[u8]) -> bool {
        file.get(2..4) == Some(&PASSWORD_TYPE.to_le_bytes())
    }

    /// Whether it is this password that a board with `object` asks for.
    pub fn opens(&self, object: &ObkFile) -> bool {
        object.destination == Destination::DA_PASSWORD
            && object.hashed_payload().ok().and_then(|payload| payload.first_chunk::<32>())
                == Some(&Sha256::digest(self.0.as_bytes()).into())
    }
}

fn not_ascii(place: usize) -> FormatError {
    let number = place.saturating_add(1);
    FormatError::Password(format!(
        "character {number} is none of printable ASCII, and no other can be taken; leave it out"
    ))
}

/// The object that ties debug authentication to certificates under `root`, for at most `permissions`.
pub fn certificate_object(root: &PublicKey, permissions: Permissions) -> ObkFile {
    let content = [root.fingerprint().0.as_slice(), &permissions.0.to_le_bytes()].concat();
    object(Destination::DA_CERTIFICATE, &content)
}

/// The object that ties debug authentication to a password. A password only ever lets a full regression through.
pub fn password_object(password: &Password) -> ObkFile {
    object(Destination::DA_PASSWORD, &Sha256::digest(password.0.as_bytes()))
}

fn object(destination: Destination, content: &[u8]) -> ObkFile {
    let mut payload = [0; PAYLOAD_SIZE];
    for (target, source) in payload.iter_mut().zip(content) {
        *target = *source;
    }
    let body = Secret::new([Sha256::digest(payload).as_slice(), &payload].concat());
    ObkFile { destination, encryption: Encryption::Encrypted, body }
}

/// The fingerprint of the root key and the permissions that a certificate object holds.
///
/// # Errors
/// When it is no such object or its hash is wrong.
pub fn read_certificate_object(object: &ObkFile) -> Result<(Fingerprint, Permissions), FormatError> {
    if object.destination != Destination::DA_CERTIFICATE {
        let problem = format!("{:#010x} is not that of debug authentication by certificate", object.destination.0);
        return Err(FormatError::Object { field: "destination", problem });
    }
    let layout = |source| FormatError::Layout { what: "debug-authentication object", source };
    let mut fields = Fields::new(object.hashed_payload()?, 32);
    let root = *fields.array("fingerprint of the root key").map_err(layout)?;
    let permissions = Permissions(u128::from_le_bytes(*fields.array("permissions").map_err(layout)?));
    Ok((Fingerprint(root), permissions))
}

//! The one error of this crate's host side: what is wrong, where, and what to do about it.

use crate::layout::LayoutError;
use crate::secret::Secret;

/// Whatever stopped a caller from getting a file that an xml names.
pub type FileError = Box<dyn std::error::Error + Send + Sync>;

/// How this crate asks for a file that an xml names: by the path as written, both separators possible. It may
/// be a private key.
pub type Files<'a> = dyn Fn(&str) -> Result<Secret<Vec<u8>>, FileError> + 'a;

/// Why bytes could not be turned into a value, or a value into bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Bytes of a fixed layout that don't have it.
    #[error("{what}: {source}")]
    Layout {
        /// What was read.
        what: &'static str,
        /// Offset, field and problem.
        source: LayoutError,
    },
    /// Text that isn't well-formed xml, or not of the dialect wanted.
    #[error("line {line}: {problem}")]
    Xml {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A field of an xml whose value can't be used.
    #[error("line {line}, field \"{field}\": {problem}")]
    Field {
        /// Line of the field, counted from 1.
        line: usize,
        /// The field's name as written.
        field: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A file that a field names could not be had.
    #[error("line {line}, field \"{field}\": {file} can't be read: {source}")]
    File {
        /// Line of the field, counted from 1.
        line: usize,
        /// The field's name as written.
        field: String,
        /// The path as written.
        file: String,
        /// What stopped it.
        source: FileError,
    },
    /// A file that a field names holds something else than it should.
    #[error("line {line}, field \"{field}\", {file}: {source}")]
    Content {
        /// Line of the field, counted from 1.
        line: usize,
        /// The field's name as written.
        field: String,
        /// The path as written.
        file: String,
        /// What is wrong with it.
        source: Box<FormatError>,
    },
    /// Text that is no Intel hex file.
    #[error("line {line}: {problem}")]
    Hex {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// Bytes that aren't the key they should be.
    #[error("{0}")]
    Key(#[from] KeyProblem),
    /// An object for the option-byte keys that can't be.
    #[error("{field}: {problem}")]
    Object {
        /// The part of the object.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Bytes that aren't the certificate they should be.
    #[error("certificate {number}: {source}")]
    Certificate {
        /// Which of the file's certificates, counted from 1.
        number: usize,
        /// Offset in the decoded file, field and problem.
        source: LayoutError,
    },
    /// A certificate or token that can't be made as asked.
    #[error("{field}: {problem}")]
    CertificateRequest {
        /// The field.
        field: &'static str,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// Text that is no base64.
    #[error("character {offset}, counted from 0: {problem}")]
    Base64 {
        /// Place of the character, counted from 0.
        offset: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A setting of an image that can't be.
    #[error("{setting}: {problem}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// An image that doesn't fit its slot.
    #[error(
        "the image takes {needed} bytes of a slot of {slot}: the payload may have at most {payload_limit} bytes, it has \
         {payload}; make the application smaller or the firmware area larger"
    )]
    DoesNotFit {
        /// Bytes of header, payload, TLVs and trailer.
        needed: u64,
        /// Bytes of the slot.
        slot: u32,
        /// Bytes of the payload.
        payload: u64,
        /// Bytes of payload that always fit.
        payload_limit: u32,
    },
    /// A payload that can't be read to its end.
    #[error("reading the application failed: {0}")]
    PayloadRead(std::io::Error),
    /// A payload whose length is not what it was.
    #[error("the application was changed while it was read; build the image again")]
    PayloadChanged,
    /// An image that can't be written to its end.
    #[error("writing the image failed: {0}")]
    ImageWrite(std::io::Error),
    /// An image that can't be opened with the key given.
    #[error("the image can't be decrypted: {0}")]
    Decrypt(String),
    /// A password that the chip can't take.
    #[error("password: {0}")]
    Password(String),
    /// A passphrase that protects nothing.
    #[error("passphrase: {0}")]
    Passphrase(&'static str),
    /// The system gave no random numbers.
    #[error("the system gave no random numbers ({0}); nothing was made")]
    Random(getrandom::Error),
}

/// Why bytes aren't the key they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// No PEM text.
    #[error("not a key: no line \"-----BEGIN ...-----\" was found; a PEM file is expected")]
    NotPem,
    /// PEM that breaks off or isn't base64.
    #[error("a damaged key: {0}; take the file from its source again")]
    Damaged(&'static str),
    /// PEM of something else.
    #[error("not a key, but \"{0}\"; a private key (PKCS#8 or SEC1) or a public key in PEM is expected")]
    OtherContent(String),
    /// A private key under a passphrase, and none was given.
    #[error(
        "the key is protected by a passphrase, which is needed here; or make a clear copy with: openssl pkey -in KEY \
         -out PLAIN_KEY"
    )]
    Passphrase,
    /// A private key that doesn't open with the passphrase given.
    #[error("the passphrase doesn't open the key: it is another one, or the file is damaged")]
    WrongPassphrase,
    /// A private key under a protection that isn't taken, or costs too much to try.
    #[error(
        "the key's protection can't be used here: {0}; protect it anew with: openssl pkcs8 -topk8 -scrypt -in KEY -out \
         NEW_KEY"
    )]
    Protection(String),
    /// A key of another kind.
    #[error("the key is {0}; STiRoT takes ECDSA keys on the curve P-256 only")]
    NotP256(String),
    /// A public key where a private one is needed.
    #[error("this is a public key; the private key is needed here")]
    PublicOnly,
    /// Numbers that are no key of the curve.
    #[error("not a valid P-256 key: {0}")]
    Invalid(&'static str),
}

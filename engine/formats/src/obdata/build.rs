//! Types to the object's bytes, as ST's tool makes them.

use sha2::{Digest, Sha256};

use super::{Field, FileForm, Obdata, Value, read};
use crate::error::{Files, FormatError};
use crate::keys::{PrivateKey, PublicKey};
use crate::obk::{Encryption, ObkFile};
use crate::secret::Secret;

const HASH_SIZE: usize = 32;
/// No debug-authentication object of ST's is shorter: 32 bytes of hash, 64 of content. On this chip the alignment
/// alone comes to the same.
const SMALLEST_DA_BODY: usize = 96;
/// A fill behind the last field can't be longer than the coarsest alignment allows.
const ZEROS: [u8; 1024] = [0; 1024];

impl Obdata {
    /// The object, with the files that it names got from `files`.
    ///
    /// # Errors
    /// When a file can't be had or isn't the key it should be, when the xml says not where the object goes, when it
    /// has an element that isn't known here, or when the object doesn't fit.
    pub fn build(&self, files: &Files<'_>) -> Result<ObkFile, FormatError> {
        let missing = |field: &str| FormatError::Field {
            line: self.info.line,
            field: field.to_owned(),
            problem: "it is missing; without it this xml describes no object for the chip".into(),
        };
        let destination = self.info.destination.ok_or_else(|| missing("ObDestAddress"))?;
        let encryption: Encryption = self.info.encryption.ok_or_else(|| missing("DoEncryption"))?;
        let payload = self.payload(files)?;
        if !self.hashed {
            return ObkFile::new(destination, encryption, payload);
        }
        let mut body = Vec::with_capacity(payload.len().saturating_add(HASH_SIZE));
        body.extend_from_slice(&Sha256::digest(&*payload));
        body.extend_from_slice(&payload);
        ObkFile::new(destination, encryption, Secret::new(body))
    }

    /// The bytes behind the hash: every field, and zeros up to the alignment.
    fn payload(&self, files: &Files<'_>) -> Result<Secret<Vec<u8>>, FormatError> {
        let mut parts = Vec::with_capacity(2 * self.fields.len());
        let mut length = 0_usize;
        for field in &self.fields {
            let bytes = self.field_bytes(field, files)?;
            length = length.saturating_add(bytes.len());
            parts.push(bytes);
            if let Value::File { align, .. } = field.value {
                let fill = fill(length, align);
                length = length.saturating_add(fill.len());
                parts.push(Secret::new(fill.to_vec()));
            }
        }
        let hash = if self.hashed { HASH_SIZE } else { 0 };
        let smallest = if self.debug_authentication { SMALLEST_DA_BODY.saturating_sub(hash) } else { 0 };
        let short = ZEROS.get(..smallest.saturating_sub(length)).unwrap_or_default();
        length = length.saturating_add(short.len());
        let last = fill(length.saturating_add(hash), self.info.global_align);
        // Of the right size at once: a buffer that grows would leave pieces of the private key behind.
        let mut payload = Secret::new(Vec::with_capacity(length.saturating_add(last.len())));
        for part in &parts {
            payload.extend_from_slice(part);
        }
        payload.extend_from_slice(short);
        payload.extend_from_slice(last);
        Ok(payload)
    }

    fn field_bytes(&self, field: &Field, files: &Files<'_>) -> Result<Secret<Vec<u8>>, FormatError> {
        let bytes = match &field.value {
            Value::Number { number, width }
            | Value::Choice { number, width, .. }
            | Value::Switch { number, width, .. } => number.to_le_bytes().iter().take(*width).copied().collect(),
            Value::Permission(mask) => mask.to_le_bytes().to_vec(),
            Value::Password(password) if self.debug_authentication => Sha256::digest(password.as_bytes()).to_vec(),
            Value::Password(_) => {
                return Err(
                    field.error("a text outside of a debug-authentication object; no device is known to take one")
                );
            }
            Value::Unknown(element) => return Err(field.error(read::unknown(element))),
            Value::File { path, form, .. } => return self.file_bytes(field, path, *form, files),
        };
        Ok(Secret::new(bytes))
    }

    fn file_bytes(
        &self,
        field: &Field,
        path: &str,
        form: FileForm,
        files: &Files<'_>,
    ) -> Result<Secret<Vec<u8>>, FormatError> {
        let content = files(path).map_err(|source| FormatError::File {
            line: field.line,
            field: field.name.clone(),
            file: path.to_owned(),
            source,
        })?;
        let wrong = |source| FormatError::Content {
            line: field.line,
            field: field.name.clone(),
            file: path.to_owned(),
            source: Box::new(source),
        };
        match form {
            FileForm::PublicKey => {
                let key = PublicKey::from_pem(&content).map_err(wrong)?;
                let bytes =
                    if self.debug_authentication { key.fingerprint().0.to_vec() } else { key.stored().to_vec() };
                Ok(Secret::new(bytes))
            }
            FileForm::PrivateKey if self.debug_authentication => {
                Err(field.error("a private key in a debug-authentication object; set <Type> to Public"))
            }
            FileForm::PrivateKey => {
                let key = PrivateKey::from_pem(&content).map_err(wrong)?;
                Ok(Secret::new(key.stored().to_vec()))
            }
            FileForm::Bytes => Ok(content),
        }
    }
}

/// The zeros that bring `length` to a multiple of `align`.
fn fill(length: usize, align: usize) -> &'static [u8] {
    let missing = length.next_multiple_of(align.max(1)).saturating_sub(length);
    ZEROS.get(..missing).unwrap_or_default()
}

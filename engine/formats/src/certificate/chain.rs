//! Certificates in a row, as files hold them: base64 text of one line, or the bytes; joining and writing them.

use base64::DecodeError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Certificate;
use crate::error::FormatError;
use crate::keys::Fingerprint;
use crate::layout::Fields;
use crate::sample_keys::is_sample;

/// Certificates in a row, as a file holds them: one alone, or a chain from the root on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateChain {
    /// The certificates in the file's order; at least one when read from a file.
    pub certificates: Vec<Certificate>,
}

impl CertificateChain {
    /// Reads a file: base64 text, or the bytes themselves.
    ///
    /// # Errors
    /// See [`Self::from_base64`] and [`Self::from_bytes`].
    pub fn decode(file: &[u8]) -> Result<Self, FormatError> {
        // The first byte of an entry is zero, which no text begins with.
        if file.first() == Some(&0) { Self::from_bytes(file) } else { Self::from_base64(file) }
    }

    /// Reads base64 text of one line; white space behind it is passed over.
    ///
    /// # Errors
    /// When it is no base64, with the place of the character; otherwise as [`Self::from_bytes`].
    pub fn from_base64(text: &[u8]) -> Result<Self, FormatError> {
        let text = text.trim_ascii_end();
        if text.is_empty() {
            return Err(FormatError::Base64 {
                offset: 0,
                problem: "there is nothing in it; take the file from its source again",
            });
        }
        if text.starts_with(b"-----BEGIN") {
            return Err(FormatError::Base64 {
                offset: 0,
                problem: "a PEM file, perhaps a key; a debug certificate is one line of base64",
            });
        }
        let bytes = STANDARD.decode(text).map_err(|error| {
            let (offset, problem) = match error {
                DecodeError::InvalidByte(offset, b'\r' | b'\n') => {
                    (offset, "a line break; ST's tools take one line only, join the lines")
                }
                DecodeError::InvalidByte(offset, b'=') => (
                    offset,
                    "a text ends here and goes on: texts can't be put behind one another, join the certificates",
                ),
                DecodeError::InvalidByte(offset, _) => {
                    (offset, "no character of base64; take the file from its source again")
                }
                DecodeError::InvalidLastSymbol { offset, .. } => {
                    (offset, "the last character has bits too many; take the file from its source again")
                }
                DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => {
                    (text.len(), "the text breaks off; take the file from its source again")
                }
            };
            FormatError::Base64 { offset, problem }
        })?;
        Self::from_bytes(&bytes)
    }

    /// Reads the bytes of one certificate after another.
    ///
    /// # Errors
    /// When there is none, or one of them is cut short or no certificate of this format: with its number, counted from
    /// 1, and offset and field.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut fields = Fields::new(bytes, 0);
        let mut certificates = Vec::new();
        while certificates.is_empty() || !fields.is_empty() {
            let certificate = Certificate::decode(&mut fields)
                .map_err(|source| FormatError::Certificate { number: certificates.len().saturating_add(1), source })?;
            certificates.push(certificate);
        }
        Ok(Self { certificates })
    }

    /// The bytes, one certificate after another.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.certificates.iter().flat_map(Certificate::encode).collect()
    }

    /// The text as ST's files hold it: one line without an end.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.to_bytes())
    }

    /// One after another, in the order given; nothing is checked.
    pub fn join(chains: impl IntoIterator<Item = Self>) -> Self {
        Self { certificates: chains.into_iter().flat_map(|chain| chain.certificates).collect() }
    }

    /// The same with one more certificate behind.
    #[must_use]
    pub fn append(mut self, certificate: Certificate) -> Self {
        self.certificates.push(certificate);
        self
    }

    /// The number, counted from 1, of the first certificate that is for one life cycle only. Such a chain is no way back:
    /// what a board takes in PROVISIONING, where it can be proved, it refuses in CLOSED, where it is needed.
    pub fn for_one_life_cycle(&self) -> Option<usize> {
        let (number, _) = (1..).zip(&self.certificates).find(|(_, certificate)| certificate.lifecycle != 0)?;
        Some(number)
    }

    /// The certificates, counted from 1, whose keys anybody can have.
    pub fn samples(&self) -> Vec<(usize, Fingerprint, &'static str)> {
        let keys = (1..).zip(&self.certificates).filter_map(|(number, one)| {
            let fingerprint = one.public_key().ok()?.fingerprint();
            Some((number, fingerprint, is_sample(&fingerprint)?))
        });
        keys.collect()
    }
}

impl From<Certificate> for CertificateChain {
    fn from(certificate: Certificate) -> Self {
        Self { certificates: vec![certificate] }
    }
}

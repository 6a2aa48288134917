//! A password of debug authentication under a passphrase: what protects a private key (`encrypted_key`) around the bytes
//! of a password file, in PEM under a label of its own. A format of the studio's: no tool of ST's reads it.

use crate::da::Password;
use crate::encrypted_key::{self, Passphrase};
use crate::error::{FormatError, KeyProblem};
use crate::pem;
use crate::secret::Secret;

/// Label of a password file under a passphrase.
const ENCRYPTED_PASSWORD: &str = "ENCRYPTED DEBUG PASSWORD";

impl Password {
    /// A PEM file that opens with `passphrase` only: the password file under scrypt and AES-256. Salt and IV are new each
    /// time.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn to_protected_pem(&self, passphrase: &Passphrase) -> Result<Secret<String>, FormatError> {
        let encrypted = encrypted_key::encrypt(&self.to_file(), passphrase)?;
        Ok(Secret::new(pem::encode(ENCRYPTED_PASSWORD, &encrypted)))
    }

    /// Whether a file holds a password that a passphrase can open.
    pub fn is_protected(text: &[u8]) -> bool {
        pem::decode(text).is_ok_and(|block| block.label == ENCRYPTED_PASSWORD)
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// When it is another file or damaged, or the passphrase is another.
    pub fn from_protected_pem(text: &[u8], passphrase: &Passphrase) -> Result<Self, FormatError> {
        let block = pem::decode(text)?;
        if block.label != ENCRYPTED_PASSWORD {
            return Err(KeyProblem::OtherContent(block.label).into());
        }
        let file = encrypted_key::decrypt(&block.content, passphrase)?;
        // One wrong passphrase in 256 leaves bytes that end like a padding.
        Self::from_file(&file).map_err(|_| KeyProblem::WrongPassphrase.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Secret::new(text.into())).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_protected_password_opens_with_its_passphrase_and_no_other() {
        let password = Password::new(Secret::new("a-way-back".into())).unwrap_or_else(|error| panic!("{error}"));
        let (right, wrong) = (passphrase("right"), passphrase("wrong"));
        let text = password.to_protected_pem(&right).unwrap_or_else(|error| panic!("{error}"));
        assert!(!text.contains("a-way-back"));
        assert!(Password::is_protected(text.as_bytes()) && !Password::is_protected(&password.to_file()));
        let opened = Password::from_protected_pem(text.as_bytes(), &right).unwrap_or_else(|error| panic!("{error}"));
        assert!(opened == password);
        assert!(Password::from_protected_pem(text.as_bytes(), &wrong).is_err());
        assert!(Password::from_protected_pem(b"no password", &right).is_err());
    }

    #[test]
    fn a_protected_key_is_no_protected_password() {
        let key = crate::PrivateKey::generate().and_then(|key| key.to_protected_pem(&passphrase("right")));
        let text = key.unwrap_or_else(|error| panic!("{error}"));
        let error = Password::from_protected_pem(text.as_bytes(), &passphrase("right")).err();
        assert!(matches!(error, Some(FormatError::Key(KeyProblem::OtherContent(_)))), "{error:?}");
    }
}

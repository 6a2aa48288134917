//! PEM: the text around a key. Finds the first block that can be a key and decodes it; writes blocks as OpenSSL does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::KeyProblem;
use crate::secret::Secret;

/// Label of a PKCS#8 private key.
pub(crate) const PRIVATE_KEY: &str = "PRIVATE KEY";
/// Label of a SEC1 private key.
pub(crate) const EC_PRIVATE_KEY: &str = "EC PRIVATE KEY";
/// Label of a PKCS#8 private key under a passphrase.
pub(crate) const ENCRYPTED_PRIVATE_KEY: &str = "ENCRYPTED PRIVATE KEY";
/// Label of a public key.
pub(crate) const PUBLIC_KEY: &str = "PUBLIC KEY";

/// What OpenSSL writes in front of a SEC1 key when asked to make one.
const EC_PARAMETERS: &str = "EC PARAMETERS";

const COLUMNS: usize = 64;

/// A decoded block.
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) content: Secret<Vec<u8>>,
}

/// The first block of `text` that isn't mere curve parameters.
pub(crate) fn decode(text: &[u8]) -> Result<Block, KeyProblem> {
    let text = core::str::from_utf8(text).map_err(|_| KeyProblem::NotPem)?;
    let mut lines = text.lines().map(str::trim);
    loop {
        let Some(label) = lines.find_map(begin_label) else { return Err(KeyProblem::NotPem) };
        let end = format!("-----END {label}-----");
        // Large enough at once: a growing buffer would leave pieces of the key behind in memory.
        let mut encoded = Secret::new(String::with_capacity(text.len()));
        let mut ended = false;
        for line in lines.by_ref() {
            if line == end {
                ended = true;
                break;
            }
            if line.starts_with("Proc-Type:") {
                return Err(KeyProblem::Protection("it is OpenSSL's older one, \"Proc-Type: 4,ENCRYPTED\"".into()));
            }
            encoded.push_str(line);
        }
        if !ended {
            return Err(KeyProblem::Damaged("its last line \"-----END ...-----\" is missing"));
        }
        if label == EC_PARAMETERS {
            continue;
        }
        let content = STANDARD.decode(encoded.as_bytes()).map_err(|_| KeyProblem::Damaged("its text is no base64"))?;
        return Ok(Block { label: label.to_owned(), content: Secret::new(content) });
    }
}

fn begin_label(line: &str) -> Option<&str> {
    line.strip_prefix("-----BEGIN ")?.strip_suffix("-----")
}

/// A block of 64 columns with LF line ends.
pub(crate) fn encode(label: &str, content: &[u8]) -> String {
    let body = Secret::new(STANDARD.encode(content));
    let mut text = String::with_capacity(body.len() + body.len() / COLUMNS + 2 * label.len() + 40);
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(COLUMNS).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_64_columns_and_survive_the_way_back() {
        let bytes: Vec<u8> = (0..=200).collect();
        let text = encode(PUBLIC_KEY, &bytes);
        assert!(text.lines().all(|line| line.len() <= COLUMNS));
        assert!(text.ends_with("-----END PUBLIC KEY-----\n"));
        assert_eq!(*decode(text.as_bytes()).unwrap_or_else(|error| panic!("{error}")).content, bytes);
        let windows = text.replace('\n', "\r\n");
        assert_eq!(*decode(windows.as_bytes()).unwrap_or_else(|error| panic!("{error}")).content, bytes);
    }

    #[test]
    fn what_is_no_pem_is_said_so() {
        assert_eq!(decode(b"").err(), Some(KeyProblem::NotPem));
        assert_eq!(decode(&[0x30, 0x81, 0x87, 0xFF]).err(), Some(KeyProblem::NotPem));
        assert!(matches!(decode(b"-----BEGIN PRIVATE KEY-----\nAAAA\n").err(), Some(KeyProblem::Damaged(_))));
        let broken = b"-----BEGIN PRIVATE KEY-----\nA*AA\n-----END PRIVATE KEY-----\n";
        assert!(matches!(decode(broken).err(), Some(KeyProblem::Damaged(_))));
    }
}

//! A private key under a passphrase: PKCS#8 with PBES2 (RFC 8018), as OpenSSL writes and reads it. What the key inside
//! is, is not known here.
//!
//! The structures are `pkcs5`'s; key and cipher are run here, because that crate leaves the derived key in memory.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use pbkdf2::pbkdf2_hmac;
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::der::{Decode, Encode, Error, ErrorKind};
use pkcs8::pkcs5::pbes2::{Kdf, Pbkdf2Params, Pbkdf2Prf, Salt, ScryptParams};
use pkcs8::pkcs5::{self, pbes2};
use pkcs8::{AlgorithmIdentifierRef, EncryptedPrivateKeyInfoRef, ObjectIdentifier};

use crate::error::{FormatError, KeyProblem};
use crate::secret::Secret;

/// What a new protection costs: scrypt with N = 2^14, r = 8, p = 5, one of the settings that OWASP's sheet on storing
/// passwords holds to be equally strong. N isn't larger because OpenSSL refuses scrypt with more than 32 MiB.
const NEW_COST: (u64, u16, u16) = (1 << 14, 8, 5);
/// Most memory that a file may ask of scrypt, in bytes: twice the 128 MiB of OWASP's costliest setting.
const SCRYPT_MEMORY_LIMIT: u64 = 256 << 20;
/// Most bytes that scrypt may work through, 128 × N × r × p: a few seconds.
const SCRYPT_WORK_LIMIT: u64 = 1 << 30;
/// Most rounds that a file may ask of PBKDF2: what RFC 8018 names for especially critical keys, some seconds.
const PBKDF2_LIMIT: u32 = 10_000_000;

const SALT_SIZE: usize = 16;
const BLOCK_SIZE: usize = 16;

/// What a key file is protected with: any text but an empty one. It can't be printed.
#[derive(Clone)]
pub struct Passphrase(Secret<String>);

impl Passphrase {
    /// Takes a passphrase.
    ///
    /// # Errors
    /// When it is empty.
    pub fn new(text: Secret<String>) -> Result<Self, FormatError> {
        if text.is_empty() {
            return Err(FormatError::Passphrase("it is empty; a key under an empty passphrase lies open"));
        }
        Ok(Self(text))
    }
}

/// The PKCS#8 structure `der`, encrypted under `passphrase`.
pub(crate) fn encrypt(der: &[u8], passphrase: &Passphrase) -> Result<Vec<u8>, FormatError> {
    let unlikely = |_| KeyProblem::Invalid("it can't be encoded");
    let mut salt = [0; SALT_SIZE];
    let mut iv = [0; BLOCK_SIZE];
    getrandom::fill(&mut salt).map_err(FormatError::Random)?;
    getrandom::fill(&mut iv).map_err(FormatError::Random)?;
    let (cost_parameter, block_size, parallelization) = NEW_COST;
    let salt = Salt::new(salt).map_err(unlikely)?;
    let kdf = Kdf::Scrypt(ScryptParams { salt, cost_parameter, block_size, parallelization, key_length: None });
    let key = derive(&kdf, 32, passphrase)?;

    let mut content = Secret::new(Vec::with_capacity(der.len().saturating_add(BLOCK_SIZE)));
    content.extend_from_slice(der);
    content.resize(der.len().saturating_add(BLOCK_SIZE), 0);
    let encrypted = cbc::Encryptor::<Aes256>::new((&*key).into(), (&iv).into())
        .encrypt_padded::<Pkcs7>(&mut content, der.len())
        .map_err(|_| KeyProblem::Invalid("it can't be encrypted"))?;
    let parameters = pbes2::Parameters { kdf, encryption: pbes2::EncryptionScheme::Aes256Cbc { iv } };
    let info = EncryptedPrivateKeyInfoRef {
        encryption_algorithm: pkcs5::EncryptionScheme::Pbes2(parameters),
        encrypted_data: OctetStringRef::new(encrypted).map_err(unlikely)?,
    };
    Ok(info.to_der().map_err(unlikely)?)
}

/// The PKCS#8 structure inside of `der`.
pub(crate) fn decrypt(der: &[u8], passphrase: &Passphrase) -> Result<Secret<Vec<u8>>, KeyProblem> {
    let damaged = |_| KeyProblem::Damaged("it is no encrypted PKCS#8 structure");
    let (algorithm, encrypted) = AnyRef::from_der(der)
        .and_then(|outer| {
            outer.sequence(|fields| {
                Ok::<_, Error>((AlgorithmIdentifierRef::decode(fields)?, <&OctetStringRef>::decode(fields)?))
            })
        })
        .map_err(damaged)?;
    if algorithm.oid != pbes2::PBES2_OID {
        return Err(KeyProblem::Protection(scheme_name(algorithm.oid)));
    }
    let parameters = algorithm.parameters.ok_or(KeyProblem::Damaged("its PBES2 has no parameters"))?;
    let parameters = pbes2::Parameters::try_from(parameters).map_err(|error| match error.kind() {
        ErrorKind::OidUnknown { oid } => KeyProblem::Protection(scheme_name(oid)),
        _ => damaged(error),
    })?;
    let mut content = Secret::new(encrypted.as_bytes().to_vec());
    if content.is_empty() || !content.len().is_multiple_of(BLOCK_SIZE) {
        return Err(KeyProblem::Damaged("its encrypted part doesn't consist of whole blocks"));
    }
    let scheme = &parameters.encryption;
    let key = derive(&parameters.kdf, scheme.key_size(), passphrase)?;
    let length = match scheme {
        pbes2::EncryptionScheme::Aes128Cbc { iv } => decrypt_in_place::<Aes128>(&key, iv, &mut content),
        pbes2::EncryptionScheme::Aes192Cbc { iv } => decrypt_in_place::<Aes192>(&key, iv, &mut content),
        pbes2::EncryptionScheme::Aes256Cbc { iv } => decrypt_in_place::<Aes256>(&key, iv, &mut content),
        other => return Err(KeyProblem::Protection(scheme_name(other.oid()))),
    };
    content.truncate(length.ok_or(KeyProblem::WrongPassphrase)?);
    Ok(content)
}

/// The length of what was under the padding; none when there is no padding at the end.
fn decrypt_in_place<C>(key: &[u8; 32], iv: &[u8; BLOCK_SIZE], content: &mut [u8]) -> Option<usize>
where
    C: BlockCipherDecrypt + KeyInit,
{
    let key = key.get(..C::key_size())?;
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    cipher.decrypt_padded::<Pkcs7>(content).map(<[u8]>::len).ok()
}

/// The cipher's key in the first `size` bytes.
fn derive(kdf: &Kdf, size: usize, passphrase: &Passphrase) -> Result<Secret<[u8; 32]>, KeyProblem> {
    if let Some(stated) = kdf.key_length()
        && usize::from(stated) != size
    {
        let problem = format!("it derives a key of {stated} bytes for a cipher that takes {size}");
        return Err(KeyProblem::Protection(problem));
    }
    let mut key = Secret::new([0; 32]);
    let passphrase = passphrase.0.as_bytes();
    match kdf {
        Kdf::Scrypt(params) => {
            let limited = scrypt_cost(params)?;
            scrypt::scrypt(passphrase, params.salt.as_bytes(), &limited, key.get_mut(..size).unwrap_or_default())
                .map_err(|_| KeyProblem::Protection(format!("it derives a key of {size} bytes")))?;
        }
        Kdf::Pbkdf2(params) => pbkdf2(params, passphrase, key.get_mut(..size).unwrap_or_default())?,
        _ => return Err(KeyProblem::Protection(scheme_name(kdf.oid()))),
    }
    Ok(key)
}

fn scrypt_cost(params: &ScryptParams) -> Result<scrypt::Params, KeyProblem> {
    let (n, r, p) = (params.cost_parameter, u64::from(params.block_size), u64::from(params.parallelization));
    let asked = format!("scrypt with N = {n}, r = {r}, p = {p}");
    let memory = n.saturating_add(p).saturating_mul(r).saturating_mul(128);
    if memory > SCRYPT_MEMORY_LIMIT {
        let (mib, most) = (memory >> 20, SCRYPT_MEMORY_LIMIT >> 20);
        let problem = format!("{asked}: that takes {mib} MiB of memory, at most {most} are given");
        return Err(KeyProblem::Protection(problem));
    }
    let work = n.saturating_mul(r).saturating_mul(128);
    if work.saturating_mul(p) > SCRYPT_WORK_LIMIT {
        let most = SCRYPT_WORK_LIMIT / work.max(1);
        return Err(KeyProblem::Protection(format!("{asked}: p may be {most} at most with this N and r")));
    }
    if !n.is_power_of_two() || n < 2 {
        return Err(KeyProblem::Protection(format!("{asked}: N must be a power of two")));
    }
    let log_n = u8::try_from(n.trailing_zeros()).unwrap_or(u8::MAX);
    scrypt::Params::new(log_n, u32::from(params.block_size), u32::from(params.parallelization))
        .map_err(|_| KeyProblem::Protection(format!("{asked}: r and p must be 1 at least")))
}

fn pbkdf2(params: &Pbkdf2Params, passphrase: &[u8], key: &mut [u8]) -> Result<(), KeyProblem> {
    let rounds = params.iteration_count;
    if !(1..=PBKDF2_LIMIT).contains(&rounds) {
        let problem = format!("PBKDF2 with an iteration count of {rounds}, 1 to {PBKDF2_LIMIT} are taken");
        return Err(KeyProblem::Protection(problem));
    }
    let salt = params.salt.as_bytes();
    match params.prf {
        Pbkdf2Prf::HmacWithSha1 => pbkdf2_hmac::<sha1::Sha1>(passphrase, salt, rounds, key),
        Pbkdf2Prf::HmacWithSha224 => pbkdf2_hmac::<sha2::Sha224>(passphrase, salt, rounds, key),
        Pbkdf2Prf::HmacWithSha256 => pbkdf2_hmac::<sha2::Sha256>(passphrase, salt, rounds, key),
        Pbkdf2Prf::HmacWithSha384 => pbkdf2_hmac::<sha2::Sha384>(passphrase, salt, rounds, key),
        Pbkdf2Prf::HmacWithSha512 => pbkdf2_hmac::<sha2::Sha512>(passphrase, salt, rounds, key),
        _ => return Err(KeyProblem::Protection("PBKDF2 with an unknown hash function".into())),
    }
    Ok(())
}

/// What a person can look up about a scheme that isn't taken.
fn scheme_name(oid: ObjectIdentifier) -> String {
    let oid = oid.to_string();
    let name = match oid.as_str() {
        "1.2.840.113549.3.7" => "triple DES",
        "2.16.840.1.101.3.4.1.6" | "2.16.840.1.101.3.4.1.46" => "AES in GCM mode",
        _ if oid.starts_with("1.2.840.113549.1.5.") => "PBES1",
        _ if oid.starts_with("1.2.840.113549.1.12.1.") => "the encryption of PKCS#12",
        _ => return format!("it uses the scheme {oid}"),
    };
    format!("it uses {name}")
}

//! P-256 keys: PEM to types and back, the shapes the device stores, fingerprints. Where keys are kept is not known
//! here; a private key is overwritten when dropped and can't be printed.

use std::fmt;

use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::der::Decode;
use p256::pkcs8::{EncodePrivateKey, ObjectIdentifier, PrivateKeyInfoRef, SubjectPublicKeyInfoRef};
use sha2::{Digest, Sha256};

use crate::encrypted_key::{self, Passphrase};
use crate::error::{FormatError, KeyProblem};
use crate::key_fields::{self, PRIVATE_END, PRIVATE_SIZE, PRIVATE_START, PUBLIC_SIZE, PUBLIC_START};
use crate::pem;
use crate::secret::Secret;

const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// Curves that people mistake for P-256, so that the error can say which it is.
const OTHER_CURVES: [(ObjectIdentifier, &str); 4] = [
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), "P-384"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), "P-521"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), "secp256k1"),
    (ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7"), "brainpoolP256r1"),
];

/// SHA-256 of a public key's 64 bytes X‖Y: how a key is named without showing it. The device keeps the
/// debug-authentication root key in this form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The first twelve hexadecimal digits, enough for people to tell keys apart.
    pub fn short(&self) -> String {
        self.0.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// A public key: a point that was checked to lie on P-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(p256::PublicKey);

impl PublicKey {
    /// Reads a PEM file. Of a private key the public half is taken, as ST's tool does.
    ///
    /// # Errors
    /// When it is no PEM, no key, or no P-256 key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, FormatError> {
        KeyFile::from_pem(pem).map(|key| key.public())
    }

    /// Reads the 91 bytes in which the device stores it.
    ///
    /// # Errors
    /// When the shape is another or the point isn't on the curve.
    pub fn from_stored(stored: &[u8; PUBLIC_SIZE]) -> Result<Self, FormatError> {
        let point = key_fields::public_point(stored)
            .map_err(|source| FormatError::Layout { what: "stored public key", source })?;
        Self::from_point(point)
    }

    /// Takes X‖Y, 32 bytes each, big-endian.
    ///
    /// # Errors
    /// When the point isn't on the curve.
    pub fn from_point(point: &[u8; 64]) -> Result<Self, FormatError> {
        let mut uncompressed = Vec::with_capacity(65);
        uncompressed.push(4);
        uncompressed.extend_from_slice(point);
        Self::from_sec1(&uncompressed)
    }

    /// Takes an uncompressed point with its leading 4.
    pub(crate) fn from_sec1(bytes: &[u8]) -> Result<Self, FormatError> {
        let key = p256::PublicKey::from_sec1_bytes(bytes)
            .map_err(|_| KeyProblem::Invalid("the public point does not lie on the curve"))?;
        Ok(Self(key))
    }

    /// X‖Y, 32 bytes each, big-endian.
    pub fn point(&self) -> [u8; 64] {
        let mut point = [0; 64];
        let encoded = self.0.to_sec1_point(false);
        for (target, source) in point.iter_mut().zip(encoded.as_bytes().iter().skip(1)) {
            *target = *source;
        }
        point
    }

    /// The 91 bytes in which the device stores it (SubjectPublicKeyInfo).
    pub fn stored(&self) -> [u8; PUBLIC_SIZE] {
        let mut stored = [0; PUBLIC_SIZE];
        for (target, source) in stored.iter_mut().zip(PUBLIC_START.iter().chain(&self.point())) {
            *target = *source;
        }
        stored
    }

    /// How the key is named.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(self.point()).into())
    }

    /// SHA-256 of the 91 stored bytes: how an image names the key that signed it.
    pub fn image_key_hash(&self) -> [u8; 32] {
        Sha256::digest(self.stored()).into()
    }

    /// A PEM file, `PUBLIC KEY`, 64 columns, LF.
    pub fn to_pem(&self) -> String {
        pem::encode(pem::PUBLIC_KEY, &self.stored())
    }

    /// Whether `signature` is this key's over `digest`.
    pub(crate) fn verifies(&self, digest: &[u8; 32], signature: &p256::ecdsa::Signature) -> bool {
        p256::ecdsa::VerifyingKey::from(self.0).verify_prehash(digest, signature).is_ok()
    }
}

/// A private key, its public half computed once. Overwritten when dropped; it can't be printed.
#[derive(Clone)]
pub struct PrivateKey {
    secret: p256::SecretKey,
    public: PublicKey,
}

impl PrivateKey {
    fn of(secret: p256::SecretKey) -> Self {
        let public = PublicKey(secret.public_key());
        Self { secret, public }
    }

    /// Makes a new key from the system's random numbers.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn generate() -> Result<Self, FormatError> {
        let mut scalar = Secret::new([0_u8; 32]);
        loop {
            getrandom::fill(&mut *scalar).map_err(FormatError::Random)?;
            // One draw in 2^32 is zero or past the order of the curve.
            if let Ok(key) = p256::SecretKey::from_slice(&*scalar) {
                return Ok(Self::of(key));
            }
        }
    }

    /// Reads a PEM file, PKCS#8 or SEC1.
    ///
    /// # Errors
    /// When it is no PEM, no private key, or no P-256 key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, FormatError> {
        match KeyFile::from_pem(pem)? {
            KeyFile::Private(key) => Ok(key),
            KeyFile::Public(_) => Err(KeyProblem::PublicOnly.into()),
        }
    }

    /// Reads the 70 bytes in which the device stores it.
    ///
    /// # Errors
    /// When the shape is another or the number is no key of the curve.
    pub fn from_stored(stored: &[u8; PRIVATE_SIZE]) -> Result<Self, FormatError> {
        let scalar = key_fields::private_scalar(stored)
            .map_err(|source| FormatError::Layout { what: "stored private key", source })?;
        let key = p256::SecretKey::from_slice(scalar)
            .map_err(|_| KeyProblem::Invalid("the number is zero or beyond the order of the curve"))?;
        Ok(Self::of(key))
    }

    /// The 70 bytes in which the device stores it.
    pub fn stored(&self) -> Secret<[u8; PRIVATE_SIZE]> {
        let scalar = Secret::new(<[u8; 32]>::from(self.secret.to_bytes()));
        let mut stored = Secret::new([0; PRIVATE_SIZE]);
        let source = PRIVATE_START.iter().chain(&*scalar).chain(&PRIVATE_END);
        for (target, source) in stored.iter_mut().zip(source) {
            *target = *source;
        }
        stored
    }

    /// A PEM file, PKCS#8 with the public half inside, 64 columns, LF: the structure of ST's own keys, 241 bytes.
    ///
    /// # Errors
    /// Not for a key that exists; the encoder's signature demands it.
    pub fn to_pem(&self) -> Result<Secret<String>, FormatError> {
        let der = self.secret.to_pkcs8_der().map_err(|_| KeyProblem::Invalid("it can't be encoded"))?;
        Ok(Secret::new(pem::encode(pem::PRIVATE_KEY, der.as_bytes())))
    }

    /// A PEM file that opens with `passphrase` only: PKCS#8 under scrypt and AES-256, which OpenSSL reads and ST's
    /// tools don't. Salt and IV are new each time.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn to_protected_pem(&self, passphrase: &Passphrase) -> Result<Secret<String>, FormatError> {
        let der = self.secret.to_pkcs8_der().map_err(|_| KeyProblem::Invalid("it can't be encoded"))?;
        let encrypted = encrypted_key::encrypt(der.as_bytes(), passphrase)?;
        Ok(Secret::new(pem::encode(pem::ENCRYPTED_PRIVATE_KEY, &encrypted)))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The signature over a digest, deterministic (RFC 6979).
    pub(crate) fn sign(&self, digest: &[u8; 32]) -> Result<p256::ecdsa::Signature, FormatError> {
        p256::ecdsa::SigningKey::from(&self.secret)
            .sign_prehash(digest)
            .map_err(|_| KeyProblem::Invalid("it can't sign").into())
    }

    /// X of the point that this key shares with `public`.
    pub(crate) fn shared_secret(&self, public: &PublicKey) -> Secret<[u8; 32]> {
        let shared = self.secret.diffie_hellman(&public.0);
        Secret::new((*shared.raw_secret_bytes()).into())
    }
}

/// What a key file holds.
pub enum KeyFile {
    /// A private key, its public half with it.
    Private(PrivateKey),
    /// A public key alone.
    Public(PublicKey),
}

impl KeyFile {
    /// Reads a PEM file that lies open: PKCS#8, SEC1 or a public key.
    ///
    /// # Errors
    /// When it is no PEM, no key, no P-256 key, or protected by a passphrase.
    pub fn from_pem(text: &[u8]) -> Result<Self, FormatError> {
        Self::from_pem_with(text, None)
    }

    /// Reads a PEM file, protected or not. The passphrase is for PKCS#8 under scrypt or PBKDF2 and AES in CBC mode; a
    /// key that lies open is read without it.
    ///
    /// # Errors
    /// When it is no PEM, no key, no P-256 key; when a passphrase is needed and missing or another one; when the
    /// protection isn't one of these, or asks for more memory or time than a key is worth.
    pub fn from_pem_with(text: &[u8], passphrase: Option<&Passphrase>) -> Result<Self, FormatError> {
        let block = pem::decode(text)?;
        match block.label.as_str() {
            pem::PRIVATE_KEY => private_from_pkcs8(&block.content).map(Self::Private),
            pem::EC_PRIVATE_KEY => private_from_sec1(&block.content).map(Self::Private),
            pem::PUBLIC_KEY => public_from_spki(&block.content).map(Self::Public),
            pem::ENCRYPTED_PRIVATE_KEY => {
                let passphrase = passphrase.ok_or(KeyProblem::Passphrase)?;
                let content = encrypted_key::decrypt(&block.content, passphrase)?;
                private_from_pkcs8(&content).map(Self::Private).map_err(|error| match error {
                    // One wrong passphrase in 256 leaves bytes that end like a padding.
                    FormatError::Key(KeyProblem::Damaged(_)) => KeyProblem::WrongPassphrase.into(),
                    other => other,
                })
            }
            "RSA PRIVATE KEY" | "RSA PUBLIC KEY" => Err(KeyProblem::NotP256("an RSA key".into()).into()),
            _ => Err(KeyProblem::OtherContent(block.label).into()),
        }
    }

    /// Whether a PEM file holds a key that a passphrase can open.
    pub fn is_protected(text: &[u8]) -> bool {
        pem::decode(text).is_ok_and(|block| block.label == pem::ENCRYPTED_PRIVATE_KEY)
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Private(key) => key.public(),
            Self::Public(key) => *key,
        }
    }
}

fn private_from_pkcs8(der: &[u8]) -> Result<PrivateKey, FormatError> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| KeyProblem::Damaged("it is no PKCS#8 structure"))?;
    require_p256(info.algorithm.oid, info.algorithm.parameters_oid().ok())?;
    let key = p256::SecretKey::try_from(info)
        .map_err(|_| KeyProblem::Invalid("the number is no key of the curve, or the public half isn't its own"))?;
    Ok(PrivateKey::of(key))
}

fn private_from_sec1(der: &[u8]) -> Result<PrivateKey, FormatError> {
    // The structure may leave the curve out; then nothing says that it is the right one.
    let names = |curve: ObjectIdentifier| der.windows(curve.as_bytes().len()).any(|bytes| bytes == curve.as_bytes());
    if !names(P256) {
        require_p256(ELLIPTIC_CURVE, OTHER_CURVES.iter().find(|(curve, _)| names(*curve)).map(|(curve, _)| *curve))?;
    }
    let key = p256::SecretKey::from_sec1_der(der)
        .map_err(|_| KeyProblem::Damaged("it is no SEC1 structure, or its number is no key of the curve"))?;
    Ok(PrivateKey::of(key))
}

fn public_from_spki(der: &[u8]) -> Result<PublicKey, FormatError> {
    let info =
        SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyProblem::Damaged("it is no public-key structure"))?;
    require_p256(info.algorithm.oid, info.algorithm.parameters_oid().ok())?;
    let point = info.subject_public_key.as_bytes().ok_or(KeyProblem::Damaged("its bits are no whole bytes"))?;
    PublicKey::from_sec1(point)
}

fn require_p256(algorithm: ObjectIdentifier, curve: Option<ObjectIdentifier>) -> Result<(), KeyProblem> {
    if algorithm != ELLIPTIC_CURVE {
        let name = match algorithm.to_string().as_str() {
            "1.2.840.113549.1.1.1" => "an RSA key".into(),
            "1.3.101.112" => "an Ed25519 key".into(),
            "1.3.101.110" => "an X25519 key".into(),
            other => format!("of the kind {other}"),
        };
        return Err(KeyProblem::NotP256(name));
    }
    match curve {
        Some(P256) => Ok(()),
        Some(other) => {
            let known = OTHER_CURVES.iter().find(|(curve, _)| *curve == other);
            let name = known.map_or_else(|| other.to_string(), |(_, name)| (*name).into());
            Err(KeyProblem::NotP256(format!("on the curve {name}")))
        }
        None => Err(KeyProblem::NotP256("on a curve that it doesn't name".into())),
    }
}

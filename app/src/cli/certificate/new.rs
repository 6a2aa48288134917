//! `stirot-studio certificate new`: one certificate, made and signed, and the chain that ends with it.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use formats::certificate::{
    Certificate, CertificateChain, CertificateCheckName, CertificateReport, CertificateRequest, Role, Target,
};
use formats::{KeyFile, Passphrase, Permission, Permissions, PrivateKey, is_sample, number};
use serde_json::json;

use super::{bits_json, checks_json, read, read_chain, say_effective, show};
use crate::cli::failure::key_help;
use crate::cli::output::{self, Output};
use crate::cli::{Failure, passphrases, say_json, tell};

/// What to make.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("permissions").required(true).args(["permit", "mask"])))]
#[command(after_help = "Names for --permit: full-regression, debug-hdpl1, debug-hdpl2, debug-hdpl3; \
                        partial-regression (known from the H5 only), forced-download (which bit it is was inferred).\nWhat a \
                        certificate asks for beyond those before it has no effect: it is told, and --narrow leaves it out.\nThe same \
                        arguments make the same bytes. A different file is never written over.\nExamples:\n  stirot-studio certificate \
                        new --role root --key key_1_root.pem --permit full-regression,debug-hdpl3 --output cert_root.b64\n  \
                        stirot-studio certificate new --role leaf --key key_3_leaf_pub.pem --issuer-key key_1_root.pem --issuer \
                        cert_root.b64 --permit full-regression --output cert_leaf.b64 --chain cert_leaf_chain.b64")]
pub struct Arguments {
    /// Where in a chain it is to stand
    #[arg(long, value_enum)]
    role: RoleOfCertificate,
    /// The key that it certifies: a public or a private key; of a root the private one, which signs it
    #[arg(long, value_name = "PEM")]
    key: PathBuf,
    /// The issuer's private key, which signs it
    #[arg(long, value_name = "PEM", required_if_eq_any([("role", "intermediate"), ("role", "leaf")]))]
    issuer_key: Option<PathBuf>,
    /// The issuer's certificate behind those before it, from the root on
    #[arg(long, value_name = "B64")]
    issuer: Option<PathBuf>,
    /// What it permits at most, by names
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = permission)]
    permit: Vec<Permission>,
    /// What it permits at most, as a mask: 0x and up to 32 hexadecimal digits
    #[arg(long, value_name = "HEX", value_parser = Permissions::from_text)]
    mask: Option<Permissions>,
    /// Leave out what the certificates before it don't permit
    #[arg(long, requires = "issuer")]
    narrow: bool,
    /// What its key is for; every certificate of ST's says 1
    #[arg(long, default_value_t = 1)]
    usage: u8,
    /// Restrict it to a class of chips; 0 for any
    #[arg(long, value_name = "NUMBER", default_value = "0", value_parser = narrow_number::<u32>)]
    soc_class: u32,
    /// Restrict it to one chip: the 16 bytes that discovery shows, 32 hexadecimal digits
    #[arg(long, value_name = "HEX", value_parser = soc_id)]
    soc_id: Option<SocId>,
    /// Restrict it to a life cycle; 0 for any. A chain with such a certificate is no way back, and no board is closed with it
    #[arg(long, value_name = "NUMBER", default_value = "0", value_parser = narrow_number::<u16>)]
    lifecycle: u16,
    /// File to write
    #[arg(long, value_name = "B64")]
    output: PathBuf,
    /// File to write with the certificates of --issuer and this one
    #[arg(long, value_name = "B64")]
    chain: Option<PathBuf>,
    /// File that holds the passphrase of the key that signs; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    passphrase_from: Option<PathBuf>,
    /// File that holds the passphrase of --key, where only its private half is at hand
    #[arg(long, value_name = "FILE")]
    key_passphrase_from: Option<PathBuf>,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
}

/// Where in a chain a certificate is to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleOfCertificate {
    /// First; signs itself, and the board's object names its key
    Root,
    /// Between root and leaf
    Intermediate,
    /// Last; its key answers a board's challenge
    Leaf,
}

impl From<RoleOfCertificate> for Role {
    fn from(role: RoleOfCertificate) -> Self {
        match role {
            RoleOfCertificate::Root => Self::Root,
            RoleOfCertificate::Intermediate => Self::Intermediate,
            RoleOfCertificate::Leaf => Self::Leaf,
        }
    }
}

/// The chip that a certificate is restricted to.
type SocId = [u8; 16];

fn permission(name: &str) -> Result<Permission, String> {
    let known: Vec<_> = Permission::SWITCHES.into_iter().map(|permission| permission.key).collect();
    Permission::from_key(name).ok_or_else(|| {
        format!("no permission has this name; known are {}; for other bits give --mask", known.join(", "))
    })
}

fn narrow_number<T: TryFrom<u128>>(text: &str) -> Result<T, String> {
    T::try_from(number::parse(text)?).map_err(|_| format!("{text} is larger than {} bits", 8 * size_of::<T>()))
}

fn soc_id(text: &str) -> Result<SocId, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let wrong = || format!("32 hexadecimal digits are expected, the 16 bytes as discovery shows them; this is {text}");
    if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    u128::from_str_radix(digits, 16).map(u128::to_be_bytes).map_err(|_| wrong())
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.chain.as_ref() == Some(&arguments.output) {
        return Err(Failure::new("--chain and --output name the same file").help("give the chain another name"));
    }
    let role = Role::from(arguments.role);
    if role == Role::Root && arguments.issuer.is_some() {
        return Err(Failure::new("a root has no issuer's certificate before it").help("leave --issuer out"));
    }
    if role != Role::Root && arguments.chain.is_some() && arguments.issuer.is_none() {
        return Err(Failure::new("the certificates before this one are needed for a chain")
            .help("give them with --issuer, or leave --chain out"));
    }
    let given = [&arguments.passphrase_from, &arguments.key_passphrase_from];
    passphrases::require_one_of_standard_input(given.into_iter().flatten().map(PathBuf::as_path))?;
    let passphrase = |from: &Option<PathBuf>| from.as_deref().map(passphrases::read).transpose();
    let signing_passphrase = passphrase(&arguments.passphrase_from)?;
    let (key, issuer_key) = keys(arguments, signing_passphrase.as_ref(), passphrase(&arguments.key_passphrase_from)?)?;
    let before = arguments.issuer.as_deref().map(|path| issuers(path, &issuer_key)).transpose()?;

    let permissions = arguments
        .permit
        .iter()
        .fold(arguments.mask.unwrap_or_default(), |permitted, permission| permitted.with(permission.mask()));
    let mut request = CertificateRequest {
        usage: arguments.usage,
        soc_class: arguments.soc_class,
        soc_id: arguments.soc_id.unwrap_or_default(),
        lifecycle: arguments.lifecycle,
        ..CertificateRequest::new(role, key.public(), permissions)
    };
    if let Some(before) = before.as_ref().filter(|_| arguments.narrow) {
        request = request.narrowed_to(before);
        if request.permissions.is_empty() {
            return Err(Failure::new("narrowed to what its issuers permit, nothing is left for it to permit")
                .help(format!("they permit {}; ask for some of that", before.verify().permissions)));
        }
    }
    let certificate = Certificate::issue(&request, &issuer_key).map_err(|error| Failure::new(error.to_string()))?;
    let chain = before.unwrap_or(CertificateChain { certificates: Vec::new() }).append(certificate.clone());
    write(arguments, certificate, &chain)
}

/// The key that is certified and the one that signs.
fn keys(
    arguments: &Arguments,
    signing: Option<&Passphrase>,
    certified: Option<Passphrase>,
) -> Result<(KeyFile, PrivateKey), Failure> {
    let Some(issuer) = &arguments.issuer_key else {
        // A root signs itself.
        let key = private(&arguments.key, signing.or(certified.as_ref()))?;
        return Ok((KeyFile::Private(key.clone()), key));
    };
    let issuer = private(issuer, signing)?;
    let key = KeyFile::from_pem_with(&read(&arguments.key)?, certified.as_ref()).map_err(|error| {
        let help = key_help(&error, "--key-passphrase-from FILE; or give the public key (…_pub.pem)");
        Failure::new(format!("{}: {error}", arguments.key.display())).help(help)
    })?;
    Ok((key, issuer))
}

fn private(path: &Path, passphrase: Option<&Passphrase>) -> Result<PrivateKey, Failure> {
    let failed = |error: String, help: &str| Failure::new(format!("{}: {error}", path.display())).help(help);
    match KeyFile::from_pem_with(&read(path)?, passphrase) {
        Ok(KeyFile::Private(key)) => Ok(key),
        Ok(KeyFile::Public(_)) => Err(failed(
            "this is a public key, a private one has to sign".into(),
            "give the private key of the certificate's issuer; of a root, its own",
        )),
        Err(error) => Err(failed(error.to_string(), key_help(&error, "--passphrase-from FILE").as_str())),
    }
}

/// The certificates before the new one: they have to hold, and the last has to be for the key that signs.
fn issuers(path: &Path, key: &PrivateKey) -> Result<CertificateChain, Failure> {
    let chain = read_chain(path)?;
    if let Some(problem) = chain.verify().problems().next() {
        return Err(Failure::new(format!("{}: {problem}", path.display())).help("take the file from its source again"));
    }
    let certified = chain.certificates.last().and_then(|last| last.public_key().ok()).map(|last| last.fingerprint());
    let own = key.public().fingerprint();
    match certified {
        Some(certified) if certified != own => Err(Failure::new(format!(
            "{}: its last certificate is for the key {}, the one that signs is {}",
            path.display(),
            certified.short(),
            own.short()
        ))
        .help("give the private key of the last certificate with --issuer-key, or the chain that ends with its own")),
        _ => Ok(chain),
    }
}

/// Checks the certificate in its chain, writes both files and tells what was made.
fn write(arguments: &Arguments, certificate: Certificate, chain: &CertificateChain) -> Result<(), Failure> {
    let report = chain.verify();
    let number = chain.certificates.len();
    // The usage is the caller's to choose.
    let chosen = |check| check == CertificateCheckName::Usage;
    if let Some(problem) = report.problems().find(|problem| problem.certificate == number && !chosen(problem.check)) {
        return Err(Failure::new(problem.to_string()).help("nothing was written; choose another role or issuer"));
    }
    let told = report.problems().chain(report.notices()).filter(|told| told.certificate == number);
    for told in told {
        let narrower =
            arguments.issuer.is_some() && told.check == CertificateCheckName::Permissions && !arguments.narrow;
        tell(format!("notice: {told}{}", if narrower { "; --narrow leaves it out" } else { "" }));
    }
    let single = CertificateChain::from(certificate.clone()).to_base64();
    let mut files = vec![(arguments.output.as_path(), single)];
    files.extend(arguments.chain.as_deref().map(|path| (path, chain.to_base64())));
    for (path, text) in &files {
        output::require_free_for(Output::Certificate, path, text.as_bytes())?;
    }
    for (path, text) in &files {
        output::write(Output::Certificate, path, text.as_bytes())?;
    }
    let Some(checked) = report.certificates.last() else { return Ok(()) };
    if arguments.json {
        tell_json(arguments, &certificate, chain, checked)
    } else {
        tell_people(&certificate, chain, checked)
    }
}

fn tell_json(
    arguments: &Arguments,
    certificate: &Certificate,
    chain: &CertificateChain,
    checked: &CertificateReport,
) -> Result<(), Failure> {
    let key = certificate.public_key().ok().map(|key| key.fingerprint());
    let together = chain.verify().permissions;
    say_json(&json!({
        "file": arguments.output.to_string_lossy(),
        "chain": arguments.chain.as_ref().map(|path| path.to_string_lossy()),
        "role": certificate.role.name(),
        "key": key.map(|key| key.to_string()),
        "sample": key.and_then(|key| is_sample(&key)),
        "permissions": certificate.permissions.hex(),
        "permission_bits": bits_json(certificate.permissions),
        "checks": checks_json(checked),
        "effective_permissions": together.hex(),
    }))
}

fn tell_people(
    certificate: &Certificate,
    chain: &CertificateChain,
    checked: &CertificateReport,
) -> Result<(), Failure> {
    show::say_certificate(certificate, checked);
    if chain.certificates.len() > 1 {
        say_effective(&Target::UNKNOWN, chain);
    }
    Ok(())
}

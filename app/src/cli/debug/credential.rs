//! Where a command finds the credential for a board: in a project, in files, or in the wallet by the board's identifier.

use std::path::{Path, PathBuf};

use clap::Args;
use formats::certificate::CertificateChain;
use formats::da::Password;
use formats::{DebugCredential, KeyFile, ObkFile, Secret};
use project::{KeyRole, Wallet};
use provision::Link;

use super::super::failure::key_help;
use super::super::passphrases::PassphraseArguments;
use super::super::{Failure, opening, tell};
use super::report;

/// Where the credential is.
#[derive(Debug, Args)]
pub struct CredentialArguments {
    /// Project folder: its chain and leaf key, or its password
    #[arg(long, value_name = "DIR", conflicts_with_all = ["chain", "password_file", "wallet_version"])]
    project: Option<PathBuf>,
    /// Certificate chain, a `.b64` file as ST's tool writes it
    #[arg(long, value_name = "B64", requires = "key", conflicts_with_all = ["password_file", "wallet_version"])]
    chain: Option<PathBuf>,
    /// Private key of the chain's last certificate
    #[arg(long, value_name = "PEM", requires = "chain")]
    key: Option<PathBuf>,
    /// Password file, a password.bin as ST's tool writes it
    #[arg(long, value_name = "BIN", conflicts_with = "wallet_version")]
    password_file: Option<PathBuf>,
    /// The debug-authentication object of the board, for a board in PROVISIONING (default: the project's, the wallet's)
    #[arg(long, value_name = "OBK")]
    object: Option<PathBuf>,
    /// Version of the wallet's entry for the board (default: the newest)
    #[arg(long, value_name = "NUMBER")]
    wallet_version: Option<u32>,
    /// The passphrase of a protected key or entry
    #[command(flatten)]
    passphrases: PassphraseArguments,
}

/// A credential, the object it belongs to when that is at hand, and where it was found, for people.
pub(super) struct Found {
    pub(super) credential: DebugCredential,
    pub(super) object: Option<ObkFile>,
    pub(super) from: String,
}

impl CredentialArguments {
    /// Finds the credential. The board is asked for its identifier when the wallet has to know.
    pub(super) fn find(&self, link: &mut Link) -> Result<Found, Failure> {
        let mut found = if let Some(folder) = &self.project {
            self.of_project(folder)?
        } else if let (Some(chain), Some(key)) = (&self.chain, &self.key) {
            self.of_files(chain, key)?
        } else if let Some(file) = &self.password_file {
            of_password_file(file)?
        } else {
            self.of_wallet(link)?
        };
        if let Some(path) = &self.object {
            let object = ObkFile::decode(&read(path)?);
            found.object = Some(object.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?);
        }
        Ok(found)
    }

    fn of_project(&self, folder: &Path) -> Result<Found, Failure> {
        let project = opening::project_to_build(folder, &self.passphrases)?;
        Ok(Found {
            credential: project.debug_credential()?,
            object: Some(project.debug_object()?),
            from: format!("the credential of the project {}", project.name()),
        })
    }

    fn of_files(&self, chain: &Path, key: &Path) -> Result<Found, Failure> {
        let wrong = |path: &Path, error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
        let certificates = CertificateChain::decode(&read(chain)?)
            .map_err(|error| wrong(chain, &error).help("`stirot-studio certificate show` says what a chain is"))?;
        let passphrases = self.passphrases.read()?;
        let opened = KeyFile::from_pem_with(&read(key)?, passphrases.of(KeyRole::DebugLeaf));
        let opened = opened.map_err(|error| wrong(key, &error).help(key_help(&error, "--passphrase-from FILE")))?;
        let KeyFile::Private(private) = opened else {
            return Err(wrong(key, &"it is a public key, which can answer no challenge")
                .help("give the private key of the chain's last certificate"));
        };
        let credential = DebugCredential::Certificate { chain: certificates, key: private };
        Ok(Found { credential, object: None, from: format!("the chain {}", chain.display()) })
    }

    fn of_wallet(&self, link: &mut Link) -> Result<Found, Failure> {
        let uid = link.survey()?.uid.ok_or_else(|| {
            Failure::new("the board doesn't tell its identifier, so that the wallet can't be asked for it")
                .help("name the credential: --project DIR, or --chain and --key, or --password-file")
        })?;
        let wallet = Wallet::of_user();
        let told = |error: project::WalletError| Failure::new(error.to_string()).help(error.help());
        let entries = wallet.for_board(uid).map_err(told)?;
        let wanted = |version: &u32| self.wallet_version.is_none_or(|wanted| wanted == *version);
        let entry = entries.iter().find(|entry| wanted(&entry.version)).ok_or_else(|| {
            let which = self.wallet_version.map_or_else(String::new, |version| format!(" of version {version}"));
            Failure::new(format!("the wallet has no credential{which} for the board {}", report::hex(uid)))
                .help("name the credential: --project DIR, or --chain and --key, or --password-file")
        })?;
        if entries.len() > 1 && self.wallet_version.is_none() {
            tell(format!(
                "the wallet has {} versions for this board; the newest is taken, --wallet-version takes another",
                entries.len()
            ));
        }
        let passphrases = self.passphrases.read()?;
        let passphrase = passphrases.of(KeyRole::DebugLeaf);
        Ok(Found {
            credential: wallet.open(entry, passphrase).map_err(told)?,
            object: Some(wallet.object(entry, passphrase).map_err(told)?),
            from: format!(
                "the wallet's entry for {}, version {}, of {}",
                entry.uid_text(),
                entry.version,
                entry.project
            ),
        })
    }
}

fn of_password_file(file: &Path) -> Result<Found, Failure> {
    let password = Password::from_file(&read(file)?);
    let password = password.map_err(|error| {
        Failure::new(format!("{}: {error}", file.display())).help("give a password.bin as ST's tool writes it")
    })?;
    Ok(Found {
        credential: DebugCredential::Password(password),
        object: None,
        from: format!("the password file {}", file.display()),
    })
}

/// A file that may hold a secret.
fn read(path: &Path) -> Result<Secret<Vec<u8>>, Failure> {
    std::fs::read(path).map(Secret::new).map_err(|error| Failure::file("reading", path, error))
}

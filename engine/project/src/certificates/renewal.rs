//! A chain made anew: keys, certificates, the configuration that names the root, and the object, all of them or none.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use formats::certificate::{Certificate, CertificateChain, CertificateRequest, Target};
use formats::form::{FieldKey, Form};
use formats::{CredentialProblem, Fingerprint, FormatError, ObkFile, PrivateKey, PublicKey, Secret};

use super::{EARLIER, Masks, files, requests};
use crate::credentials::{INTERMEDIATE_KEY_FILE, LEAF_KEY_FILE};
use crate::disk::{Confidentiality, Disk};
use crate::error::ProjectError;
use crate::key_files::{self, KeyProtection, NewPair};
use crate::keys::KeyRole;
use crate::place;
use crate::project::Project;
use crate::saving::{self, Change, Expected};
use crate::settings::Credential;
use crate::sources::{Configuration, Snapshot};
use crate::stirot::field;

/// Which keys of a chain are made anew. The certificates always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Renewed {
    /// None.
    #[default]
    Certificates,
    /// The leaf's: boards that trust the root take the new leaf as they took the old one, which stays good for them.
    Leaf,
    /// The leaf's and the intermediate's.
    IntermediateAndLeaf,
    /// All three: another root, which boards that were given the old one don't know.
    Root,
}

/// What a chain is to be.
#[derive(Clone, Copy)]
pub struct ChainRequest<'a> {
    /// Which keys are made anew.
    pub renewed: Renewed,
    /// What the certificates permit.
    pub masks: Masks,
    /// The class of chips that the leaf is restricted to; 0 for none.
    pub soc_class: u32,
    /// The chip that the leaf is restricted to; zeros for none.
    pub soc_id: [u8; 16],
    /// How the new keys are to lie on the disk.
    pub protection: KeyProtection<'a>,
}

impl Default for ChainRequest<'_> {
    fn default() -> Self {
        Self {
            renewed: Renewed::default(),
            masks: Masks::default(),
            soc_class: 0,
            soc_id: [0; 16],
            protection: KeyProtection::Kept,
        }
    }
}

impl ChainRequest<'_> {
    /// One that permits what the project's present chain does, and restricts its leaf as that: new keys alone then make
    /// it neither wider nor narrower. Without a chain of three, as ST's.
    pub fn as_present(project: &Project) -> Self {
        let present = project.chain().ok().map(|(chain, _)| chain.certificates).unwrap_or_default();
        let [root, intermediate, leaf] = present.as_slice() else { return Self::default() };
        let masks = Masks { root: root.permissions, intermediate: intermediate.permissions, leaf: leaf.permissions };
        Self { masks, soc_class: leaf.soc_class, soc_id: leaf.soc_id, ..Self::default() }
    }
}

/// A chain that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeChain {
    /// The certificates.
    pub chain: CertificateChain,
    /// The root key, which boards have to be given.
    pub root: Fingerprint,
    /// The leaf key, which answers.
    pub leaf: Fingerprint,
    /// The files that have a new content.
    pub written: Vec<PathBuf>,
    /// Where what they held before is kept, if they held anything.
    pub earlier: Option<PathBuf>,
}

/// Makes the chain of a project anew and saves it: keys, certificates, the configuration that names the root, and the
/// object. A new root key is a new version beside the old one; of the other files, whose names ST's tools expect, the
/// earlier contents are kept in `DA/Earlier`. The project has to be opened again afterwards.
///
/// # Errors
/// When the project's way back is a password, a file of it was changed since it was opened, a key that has to sign is
/// missing or locked, a new key would lie in the clear unasked, or the masks leave nothing permitted; then nothing was
/// written. And what saving reports.
pub fn make(project: &Project, request: &ChainRequest<'_>, disk: &Disk) -> Result<MadeChain, ProjectError> {
    let configuration = match (&project.debug_authentication, project.settings.debug_authentication) {
        (Some(configuration), Credential::Certificate) => configuration,
        _ => return Err(ProjectError::NoChain),
    };
    if let Some(path) = project.changed_file().or_else(|| project.sources.edited_path(&configuration.path)) {
        return Err(ProjectError::Changed { path: path.to_owned() });
    }
    let named_root = configuration.file(field::ROOT_KEY)?;
    let root = Part::of(project, request, KeyRole::DebugRoot, &named_root)?;
    let intermediate =
        Part::of(project, request, KeyRole::DebugIntermediate, &project.folder.join(INTERMEDIATE_KEY_FILE))?;
    let leaf = Part::of(project, request, KeyRole::DebugLeaf, &project.folder.join(LEAF_KEY_FILE))?;

    let keys = [root.public, intermediate.public, leaf.public];
    let wanted = requests(keys, &request.masks, (request.soc_class, request.soc_id));
    let present = project.chain().ok().map(|(chain, _)| chain.certificates).unwrap_or_default();
    let issuers = [&root, &root, &intermediate];
    let certificates: Result<Vec<_>, _> = wanted
        .iter()
        .zip(issuers)
        .enumerate()
        .map(|(index, (request, issuer))| issue(project, request, issuer, present.get(index)))
        .collect();
    let chain = CertificateChain { certificates: certificates? };

    let mut saving = Saving::of(project)?;
    let mut sources = project.sources.clone();
    if let Some(new) = &root.new {
        let text = naming(&configuration.path, &new.path)?;
        // Enough for the object, and there is no file yet.
        sources.put_edited(&new.path, new.pair.public.as_bytes());
        sources.put_edited(&configuration.path, &text);
        saving.new_key(new);
        saving.add(&configuration.path, &text, Confidentiality::Public)?;
    }
    let object =
        Configuration::read(configuration.path.clone(), &sources, &mut Snapshot::default())?.build(&sources)?;
    require_of_use(&chain, &object, project)?;
    for part in [&intermediate, &leaf] {
        if let Some(new) = &part.new {
            saving.replace(&new.path, new.pair.private.as_bytes(), Confidentiality::Secret)?;
            saving.replace(&new.pair.public_path, new.pair.public.as_bytes(), Confidentiality::Public)?;
        }
    }
    for (name, text) in files(&chain) {
        saving.replace(&project.folder.join(name), text.as_bytes(), Confidentiality::Public)?;
    }
    // In the user's data outputs are made when they are asked for.
    if project.redirected.is_none() {
        saving.replace(&configuration.output()?, &object.encode(), Confidentiality::Secret)?;
    }
    let (written, earlier) = saving.save(disk)?;
    Ok(MadeChain { chain, root: root.public.fingerprint(), leaf: leaf.public.fingerprint(), written, earlier })
}

/// A key of the chain: a new one, or the one that is there.
struct Part {
    role: KeyRole,
    public: PublicKey,
    new: Option<NewKeyFile>,
    path: PathBuf,
}

/// A new key and its file.
struct NewKeyFile {
    path: PathBuf,
    pair: NewPair,
}

impl Part {
    fn of(project: &Project, request: &ChainRequest<'_>, role: KeyRole, present: &Path) -> Result<Self, ProjectError> {
        let renewed = match role {
            KeyRole::DebugRoot => request.renewed == Renewed::Root,
            KeyRole::DebugIntermediate => matches!(request.renewed, Renewed::Root | Renewed::IntermediateAndLeaf),
            _ => request.renewed != Renewed::Certificates,
        };
        let path = present.to_owned();
        if !renewed {
            let public = project.sources.public_key(role, present)?;
            return Ok(Self { role, public, new: None, path });
        }
        let key_file = |source| ProjectError::KeyFile { source: Box::new(source) };
        // The configuration names the root's next version; the others have the one name that ST's tools expect.
        let of_new = match role {
            KeyRole::DebugRoot => key_files::next_version(present).map_err(key_file)?,
            _ => present.to_owned(),
        };
        let pair = key_files::new_pair_as(&of_new, present, request.protection).map_err(key_file)?;
        Ok(Self { role, public: pair.key.public(), new: Some(NewKeyFile { path: of_new, pair }), path })
    }

    /// The private half, needed for signing.
    fn private(&self, project: &Project) -> Result<PrivateKey, ProjectError> {
        match &self.new {
            Some(new) => Ok(new.pair.key.clone()),
            None => project.sources.private_key(self.role, &self.path),
        }
    }
}

/// A certificate; where its issuer's private key isn't at hand, the present one, when it says the same.
fn issue(
    project: &Project,
    request: &CertificateRequest,
    issuer: &Part,
    present: Option<&Certificate>,
) -> Result<Certificate, ProjectError> {
    match issuer.private(project) {
        Ok(key) => Certificate::issue(request, &key).map_err(|source| ProjectError::Issue { source }),
        Err(problem) => match present {
            Some(certificate) if says(certificate, request) => Ok(certificate.clone()),
            _ => Err(problem),
        },
    }
}

/// Whether a certificate says what is asked for. Whose signature it bears is checked with the whole chain.
fn says(certificate: &Certificate, request: &CertificateRequest) -> bool {
    let asked = CertificateRequest {
        role: certificate.role,
        usage: certificate.usage,
        soc_class: certificate.soc_class,
        soc_id: certificate.soc_id,
        lifecycle: certificate.lifecycle,
        oem_constraint: certificate.oem_constraint,
        permissions: certificate.permissions,
        key: request.key,
    };
    asked == *request && certificate.point == request.key.point()
}

/// Refuses a chain that a board with the project's object would refuse, or that would permit nothing there.
fn require_of_use(chain: &CertificateChain, object: &ObkFile, project: &Project) -> Result<(), ProjectError> {
    let refused = |problem| ProjectError::Credential {
        path: project.folder.join(super::CERTIFICATES),
        problem: Box::new(problem),
    };
    let target = Target::of_object(object).map_err(|error| refused(CredentialProblem::Object(error)))?;
    let report = chain.verify_for(&target);
    if let Some(problem) = report.problems().next() {
        return Err(refused(CredentialProblem::Chain(problem)));
    }
    let board = target.object.unwrap_or_default();
    if (report.permissions & board).is_empty() {
        let problem = format!("the chain permits {}, the object {board}", report.permissions);
        return Err(refused(CredentialProblem::Nothing(problem)));
    }
    Ok(())
}

/// The configuration's text with another root key.
fn naming(configuration: &Path, key: &Path) -> Result<Vec<u8>, ProjectError> {
    let text = fs::read(configuration)
        .map(Secret::new)
        .map_err(|source| ProjectError::Read { path: configuration.to_owned(), source })?;
    let wrong = |source: FormatError| ProjectError::Configuration { path: configuration.to_owned(), source };
    let form = Form::read(&text).map_err(wrong)?;
    let field = FieldKey::field(field::ROOT_KEY);
    let path = form.path_text(&field, &place::relative(configuration, key));
    Ok(form.with_value(&field, &path).map_err(wrong)?.source().as_bytes().to_vec())
}

/// The files of one act, and what they take the place of.
struct Saving<'a> {
    project: &'a Project,
    earlier: PathBuf,
    kept: Vec<Change>,
    new: Vec<Change>,
}

impl<'a> Saving<'a> {
    fn of(project: &'a Project) -> Result<Self, ProjectError> {
        let folder = project.folder.join(EARLIER);
        let number = |name: &str| name.strip_prefix('v')?.parse::<u32>().ok();
        let last = match fs::read_dir(&folder) {
            Ok(entries) => entries.flatten().filter_map(|entry| number(&entry.file_name().to_string_lossy())).max(),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(ProjectError::Read { path: folder, source }),
        };
        let earlier = folder.join(format!("v{}", last.unwrap_or(0).saturating_add(1)));
        Ok(Self { project, earlier, kept: Vec::new(), new: Vec::new() })
    }

    /// A key's two new files.
    fn new_key(&mut self, new: &NewKeyFile) {
        for (path, text, confidentiality) in [
            (&new.path, new.pair.private.as_bytes(), Confidentiality::Secret),
            (&new.pair.public_path, new.pair.public.as_bytes(), Confidentiality::Public),
        ] {
            let content = Secret::new(text.to_vec());
            self.new.push(Change { path: path.clone(), content, confidentiality, expected: Expected::Absent });
        }
    }

    /// A file's new content, where it is another than the present one. What the present one held is given back.
    fn add(
        &mut self,
        path: &Path,
        content: &[u8],
        confidentiality: Confidentiality,
    ) -> Result<Option<Secret<Vec<u8>>>, ProjectError> {
        let present = match fs::read(path).map(Secret::new) {
            Ok(present) if present.as_slice() == content => return Ok(None),
            Ok(present) => Some(present),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(ProjectError::Read { path: path.to_owned(), source }),
        };
        let expected = present.as_ref().map_or(Expected::Absent, |present| Expected::of(present));
        let content = Secret::new(content.to_vec());
        self.new.push(Change { path: path.to_owned(), content, confidentiality, expected });
        Ok(present)
    }

    /// As [`Self::add`]; what the file held is kept.
    fn replace(&mut self, path: &Path, content: &[u8], confidentiality: Confidentiality) -> Result<(), ProjectError> {
        if let Some(content) = self.add(path, content, confidentiality)? {
            let below = path.strip_prefix(self.project.folder.join("DA")).ok().map(Path::to_owned);
            let name = below.or_else(|| path.file_name().map(PathBuf::from)).unwrap_or_default();
            let path = self.earlier.join(name);
            self.kept.push(Change { path, content, confidentiality, expected: Expected::Absent });
        }
        Ok(())
    }

    /// Saves everything, what is kept first.
    fn save(self, disk: &Disk) -> Result<(Vec<PathBuf>, Option<PathBuf>), ProjectError> {
        let earlier = (!self.kept.is_empty()).then_some(self.earlier);
        let written = self.new.iter().map(|change| change.path.clone()).collect();
        let changes: Vec<_> = self.kept.into_iter().chain(self.new).collect();
        saving::save_all(disk, &self.project.folder, &changes)
            .map_err(|source| ProjectError::Saving { source: Box::new(source) })?;
        Ok((written, earlier))
    }
}

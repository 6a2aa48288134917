//! What an open project knows about images, for whoever opens and judges them: its keys and the published samples as a
//! ring, and for each boot stage the numbers that its image is measured against. Nothing is judged here.

use std::path::PathBuf;

use formats::{
    Circumstances, HeldKey, ImageProfile, Installed, KeyOrigin, KeyRing, KeyRole as RingRole, RingKey, Version,
};

use crate::error::ProjectError;
use crate::keys::{KeyInUse, KeyRole};
use crate::project::Project;
use crate::sample::SAMPLE_FILES;
use crate::second_stage::known_layout;
use crate::stage::Stage;

/// What a project brings to the judging of images. Without a project there are the samples alone.
#[derive(Clone)]
pub struct Workshop {
    /// The project's keys, those that are locked with the reason, then the published samples.
    pub keys: KeyRing,
    /// The boot stages that verify an image, in the order in which they run.
    pub stages: Vec<WorkshopStage>,
}

/// One boot stage's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkshopStage {
    /// Whose image it takes.
    pub profile: ImageProfile,
    /// Bytes of its image's slot.
    pub slot_size: u32,
    /// Address of the download slot, if one is named.
    pub download_address: Option<u32>,
    /// Where the image lies when its application runs, where the project says it.
    pub firmware_address: Option<u32>,
    /// The version that the project's settings give its image.
    pub version: Version,
    /// The security counter that they give it, if any.
    pub security_counter: Option<u32>,
    /// The application that the image is built from.
    pub application: PathBuf,
    /// The image itself, as it is built.
    pub image: PathBuf,
}

impl Workshop {
    /// The samples alone.
    pub fn without_project() -> Self {
        Self { keys: KeyRing(samples()), stages: Vec::new() }
    }

    /// What `project` brings.
    pub fn of(project: &Project) -> Self {
        let mut keys = Vec::new();
        let mut stages = Vec::new();
        if let Some(stirot) = &project.stirot {
            keys.extend(keys_of(project, &stirot.stage, ImageProfile::Stirot));
            stages.push(WorkshopStage {
                slot_size: stirot.meaning.firmware_size,
                download_address: Some(stirot.meaning.download_address),
                firmware_address: Some(stirot.meaning.firmware_address),
                ..numbers(project, &stirot.stage, ImageProfile::Stirot)
            });
        }
        if let Some(oem) = &project.oem {
            keys.extend(keys_of(project, oem, ImageProfile::Oemurot));
            let layout = known_layout(project);
            stages.push(WorkshopStage {
                firmware_address: layout.map(|layout| layout.application.run),
                ..numbers(project, oem, ImageProfile::Oemurot)
            });
        }
        keys.extend(samples());
        Self { keys: KeyRing(keys), stages }
    }

    /// The numbers of the stage that takes images of `profile`.
    pub fn stage(&self, profile: ImageProfile) -> Option<&WorkshopStage> {
        self.stages.iter().find(|stage| stage.profile == profile)
    }

    /// What an image of `profile` is judged against.
    pub fn circumstances(&self, profile: Option<ImageProfile>, installed: Option<Installed>) -> Circumstances<'_> {
        let stage = profile.and_then(|profile| self.stage(profile));
        Circumstances {
            keys: &self.keys,
            profile,
            slot_size: stage.map(|stage| stage.slot_size),
            download_address: stage.and_then(|stage| stage.download_address),
            firmware_address: stage.and_then(|stage| stage.firmware_address),
            installed,
        }
    }
}

fn numbers(project: &Project, stage: &Stage, profile: ImageProfile) -> WorkshopStage {
    let sign = &stage.image.sign;
    WorkshopStage {
        profile,
        slot_size: sign.slot_size,
        download_address: sign.address,
        firmware_address: None,
        version: sign.version,
        security_counter: sign.security_counter.map(|counter| counter.number(sign.version)),
        application: stage.image.input.clone(),
        image: project.place_output(stage.image.output.clone()),
    }
}

fn keys_of(project: &Project, stage: &Stage, profile: ImageProfile) -> [RingKey; 2] {
    [&stage.authentication, &stage.encryption].map(|key| RingKey {
        name: key.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        origin: KeyOrigin::Project,
        role: role(key.role),
        profile: Some(profile),
        key: held(project, key),
    })
}

fn held(project: &Project, key: &KeyInUse) -> HeldKey {
    match project.sources.private_key(key.role, &key.path) {
        Ok(private) => HeldKey::Private(private),
        Err(error) => HeldKey::Locked {
            public: project.sources.public_key(key.role, &key.path).ok(),
            why: match error {
                ProjectError::Locked { role, .. } => {
                    format!("the {role} key is locked; open it with its passphrase")
                }
                other => other.to_string(),
            },
        },
    }
}

const fn role(role: KeyRole) -> RingRole {
    match role {
        KeyRole::Authentication | KeyRole::OemAuthentication => RingRole::Authentication,
        KeyRole::Encryption | KeyRole::OemEncryption => RingRole::Encryption,
        KeyRole::DebugRoot | KeyRole::DebugIntermediate | KeyRole::DebugLeaf => RingRole::Any,
    }
}

/// The keys of the sample project that images are made with.
fn samples() -> Vec<RingKey> {
    let key = |name: &str, role| {
        let (_, pem) = SAMPLE_FILES.iter().find(|(file, _)| *file == format!("STiROT/Keys/{name}.pem"))?;
        let key = HeldKey::Private(formats::PrivateKey::from_pem(pem).ok()?);
        Some(RingKey { name: format!("sample {name}"), origin: KeyOrigin::BuiltinSample, role, profile: None, key })
    };
    let authentication = key("STiROT_Authentication", RingRole::Authentication);
    let encryption = key("STiROT_Encryption", RingRole::Encryption);
    authentication.into_iter().chain(encryption).collect()
}

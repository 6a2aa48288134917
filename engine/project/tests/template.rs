//! A new project of each flow opens, is sound but for the application that nobody has built yet, and has keys of its
//! own; what is there already is never written over.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{content, program};
use formats::form::FieldKey;
use formats::{Fingerprint, KeyFile, is_sample};
use project::credentials::PASSWORD_BINARY;
use project::template::{NewProject, create, create_on};
use project::{
    Credential, Disk, DocumentRole, Draft, Fault, Flow, PASSWORD_FILE, Project, ProjectError, SETTINGS_FILE, Severity,
    TargetState, field,
};
use tempfile::TempDir;

/// A new project, and a folder for the user's data.
struct New(TempDir);

impl New {
    fn of(flow: Flow, credential: Credential) -> Self {
        let new = Self(tempfile::tempdir().unwrap());
        create(
            &new.folder(),
            &NewProject { name: "Pump".into(), flow, credential, second_stage: formats::ApplicationRun::InPlace },
        )
        .unwrap();
        new
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("new/pump")
    }

    fn open(&self) -> Project {
        Project::open_with_data_folder(&self.folder(), &self.0.path().join("data")).unwrap()
    }

    /// The applications, as if they were built: where the image's settings look for them.
    fn build_applications(&self) {
        for finding in self.open().check() {
            let xml = fs::read_to_string(&finding.file).unwrap();
            let input = xml.split("<Name>Firmware binary input file</Name>").nth(1).unwrap();
            let input = input.split(['<', '>']).nth(2).unwrap();
            fs::write(finding.file.parent().unwrap().join(input), program(4096, 7)).unwrap();
        }
    }
}

fn every_kind() -> impl Iterator<Item = (Flow, Credential)> {
    Flow::ALL.into_iter().flat_map(|flow| [(flow, Credential::Certificate), (flow, Credential::Password)])
}

fn pem_files(folder: &Path) -> Vec<(PathBuf, Fingerprint)> {
    let pem = content(folder).into_iter().filter(|(path, _)| path.extension().is_some_and(|ending| ending == "pem"));
    pem.map(|(path, text)| (path, KeyFile::from_pem(&text).unwrap().public().fingerprint())).collect()
}

#[test]
fn a_new_project_of_any_flow_opens_and_lacks_nothing_but_its_applications() {
    for (flow, credential) in every_kind() {
        let new = New::of(flow, credential);
        let project = new.open();
        assert_eq!((project.name(), project.flow()), ("Pump", flow));
        assert_eq!(project.settings().debug_authentication, credential);
        // Two boot stages begin with the studio's second stage and the demonstration application.
        let applications = match flow {
            Flow::Stirot | Flow::Oemirot => 1,
            Flow::StirotOemurot | Flow::DebugAuthentication => 0,
        };
        let missing: Vec<_> = project.check().into_iter().filter(|finding| finding.id == "P2").collect();
        assert_eq!(missing.len(), applications, "{flow}");
        let others = |project: &Project| project.check().into_iter().filter(|finding| finding.id != "P2").count();
        assert_eq!(others(&project), 0, "{flow}: {:?}", project.check());
        new.build_applications();
        assert_eq!(new.open().check(), [], "{flow}, {credential:?}");
    }
}

#[test]
fn its_objects_are_made_at_once_and_for_one_boot_stage_the_image_too() {
    for (flow, credential) in every_kind() {
        let new = New::of(flow, credential);
        new.build_applications();
        let objects = new.open().objects_for(TargetState::Closed).unwrap();
        assert!(objects.iter().all(|object| object.built && object.path.starts_with(new.folder())), "{objects:?}");
        if flow.stirot().is_some() {
            let outputs = new.open().outputs().unwrap();
            assert!(outputs.images().all(|image| image.report.all_hold()));
            assert_eq!(outputs.second.is_some(), flow == Flow::StirotOemurot);
        }
        let draft = Draft::open_with(&new.folder(), &new.0.path().join("data"), &Disk::real()).unwrap();
        let assessment = draft.assess(None);
        assert!(assessment.findings.is_empty(), "{flow}: {:?}", assessment.findings);
    }
}

#[test]
fn every_key_is_its_own_and_no_sample() {
    let mut seen: Vec<Fingerprint> = Vec::new();
    for _ in 0..2 {
        for (flow, credential) in every_kind() {
            let new = New::of(flow, credential);
            assert_eq!(new.open().sample_keys(), []);
            let private: Vec<_> = pem_files(&new.folder())
                .into_iter()
                .filter(|(path, _)| !path.to_str().unwrap().contains("_pub"))
                .collect();
            let stages = 2 * (usize::from(flow.stirot().is_some()) + usize::from(flow.oem().is_some()));
            let of_debug_authentication = if credential == Credential::Certificate { 3 } else { 0 };
            assert_eq!(private.len(), stages + of_debug_authentication, "{flow}, {credential:?}");
            for (path, fingerprint) in private {
                assert!(is_sample(&fingerprint).is_none() && !seen.contains(&fingerprint), "{}", path.display());
                seen.push(fingerprint);
            }
        }
    }
}

#[test]
fn its_password_is_its_own_and_not_the_one_that_the_file_goes_back_to() {
    let passwords: Vec<_> = (0..2)
        .map(|_| {
            let new = New::of(Flow::DebugAuthentication, Credential::Password);
            let draft = Draft::open_with(&new.folder(), &new.0.path().join("data"), &Disk::real()).unwrap();
            let document = draft.document(DocumentRole::DaPassword).unwrap();
            let field = document.form.field(&FieldKey::field(field::PASSWORD)).unwrap();
            assert_eq!((field.value.len(), field.default.as_deref()), (16, Some("")));
            field.value.to_string()
        })
        .collect();
    assert_ne!(passwords[0], passwords[1]);
}

#[test]
#[cfg(unix)]
fn its_secrets_are_the_owners_alone() {
    let mode =
        |path: &Path| std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777;
    let new = New::of(Flow::StirotOemurot, Credential::Certificate);
    for (path, bytes) in content(&new.folder()) {
        let of_password = path.ends_with(PASSWORD_FILE) || path.ends_with(PASSWORD_BINARY);
        if bytes.windows(11).any(|window| window == b"PRIVATE KEY") || of_password {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
    assert_eq!(pem_files(&new.folder()).len(), 14);
}

#[test]
fn nothing_of_a_new_project_says_that_it_is_a_sample() {
    for (flow, credential) in every_kind() {
        let new = New::of(flow, credential);
        for (path, bytes) in content(&new.folder()) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.to_lowercase().contains("sample"), "{flow}: {}", path.display());
        }
    }
}

#[test]
fn its_files_are_those_of_sts_layout_and_no_others() {
    let new = New::of(Flow::StirotOemurot, Credential::Certificate);
    let names: Vec<_> = content(&new.folder())
        .into_iter()
        .map(|(path, _)| path.strip_prefix(new.folder()).unwrap().to_str().unwrap().replace('\\', "/"))
        .filter(|name| !name.ends_with(".pem"))
        .collect();
    assert_eq!(
        names,
        [
            "DA/Binary/password.bin",
            "DA/Certificates/cert_intermediate.b64",
            "DA/Certificates/cert_intermediate_chain.b64",
            "DA/Certificates/cert_leaf.b64",
            "DA/Certificates/cert_leaf_chain.b64",
            "DA/Certificates/cert_root.b64",
            "DA/Config/DA_Config.xml",
            "DA/Config/DA_ConfigWithPassword.xml",
            "STiROT_OEMuROT/Config/OEMuROT_Config.xml",
            "STiROT_OEMuROT/Config/STiROT_Config.xml",
            "STiROT_OEMuROT/Images/OEMiROT_Boot.bin",
            "STiROT_OEMuROT/Images/OEMuROT_Code_Image.xml",
            "STiROT_OEMuROT/Images/STiROT_Code_Image.xml",
            "STiROT_OEMuROT/Images/rot_app.bin",
            SETTINGS_FILE,
        ]
    );
}

#[test]
fn a_folder_with_other_files_gets_a_project_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let new = NewProject {
        name: "Pump".into(),
        flow: Flow::Stirot,
        credential: Credential::Certificate,
        second_stage: formats::ApplicationRun::InPlace,
    };
    create(folder.path(), &new).unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("notes.txt")).unwrap(), "mine");
    let before = content(folder.path());
    let error = create(folder.path(), &new).unwrap_err();
    assert!(matches!(error, ProjectError::Write { .. }) && !error.help().is_empty(), "{error:?}");
    assert_eq!(content(folder.path()), before, "a project in the folder's place stays as it is");
}

#[test]
fn a_file_that_is_there_already_is_named_and_nothing_is_written() {
    let files = ["DA/Config/DA_Config.xml", "STiROT/Image/STiROT_Code_Image.xml", SETTINGS_FILE];
    for file in files {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "mine").unwrap();
        let new = NewProject {
            name: "Pump".into(),
            flow: Flow::Stirot,
            credential: Credential::Password,
            second_stage: formats::ApplicationRun::InPlace,
        };
        let error = create(folder.path(), &new).unwrap_err();
        assert!(error.to_string().contains(path.file_name().unwrap().to_str().unwrap()), "{error}");
        assert_eq!(content(folder.path()), [(path, b"mine".to_vec())]);
    }
}

#[test]
fn a_key_that_is_there_already_is_used_and_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("STiROT/Keys/STiROT_Encryption.pem");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let key = formats::PrivateKey::generate().unwrap();
    fs::write(&path, key.to_pem().unwrap().as_bytes()).unwrap();
    let new = NewProject {
        name: "Pump".into(),
        flow: Flow::Stirot,
        credential: Credential::Certificate,
        second_stage: formats::ApplicationRun::InPlace,
    };
    create(folder.path(), &new).unwrap();
    let project = Project::open_with_data_folder(folder.path(), &folder.path().join("data")).unwrap();
    assert!(project.keys().any(|used| used.path == path && used.fingerprint == key.public().fingerprint()));
    assert!(project.check().iter().all(|finding| finding.severity == Severity::Warning || finding.id == "P2"));
}

#[test]
fn whenever_a_creation_breaks_off_the_folder_is_as_it_was_or_the_project_whole_and_the_next_attempt_goes_through() {
    let new = NewProject {
        name: "Pump".into(),
        flow: Flow::DebugAuthentication,
        credential: Credential::Certificate,
        second_stage: formats::ApplicationRun::InPlace,
    };
    let whole = New::of(new.flow, new.credential);
    let count = content(&whole.folder()).len();
    for fault in [Fault::Once, Fault::DiskFull, Fault::Killed] {
        let (mut tried_again, mut was_finished) = (0, 0);
        for turn in 1.. {
            let root = tempfile::tempdir().unwrap();
            let folder = root.path().join("pump");
            let disk = Disk::failing_at(turn, fault);
            let first = create_on(&disk, &folder, &new);
            if disk.operations() < turn {
                first.unwrap();
                break;
            }
            match create(&folder, &new) {
                Ok(()) => tried_again += 1,
                Err(error) => {
                    assert!(error.to_string().contains("there is one already"), "{fault:?} at {turn}: {error}");
                    was_finished += 1;
                }
            }
            assert_eq!(content(&folder).len(), count, "{fault:?} at {turn}");
            let project = Project::open_with_data_folder(&folder, &root.path().join("data")).unwrap();
            assert_eq!((project.name(), project.keys().count()), ("Pump", 1), "{fault:?} at {turn}");
            project.debug_credential().unwrap();
        }
        assert!(tried_again > 20 && was_finished > 5, "{fault:?}: {tried_again}, {was_finished}");
    }
}

#[test]
fn a_public_half_of_another_key_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("STiROT/Keys/STiROT_Encryption_pub.pem");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "mine").unwrap();
    let new = NewProject {
        name: "Pump".into(),
        flow: Flow::Stirot,
        credential: Credential::Certificate,
        second_stage: formats::ApplicationRun::InPlace,
    };
    let error = create(folder.path(), &new).unwrap_err();
    assert!(error.to_string().contains("STiROT_Encryption_pub.pem"), "{error}");
    assert_eq!(content(folder.path()), [(path, b"mine".to_vec())]);
}

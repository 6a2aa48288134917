//! Projects to work on: the sample and ST's own, each in a folder of its own.
#![allow(dead_code, unreachable_pub)]

pub mod judging;

use std::fs;
use std::path::{Path, PathBuf};

use formats::form::FieldKey;
use formats::{ApplicationRun, ImagePlaces, SecondStageLayout};
use project::template::{self, NewProject};
use project::{
    Credential, Disk, DocumentRole, Draft, FieldPlace, Finding, Flow, Project, ProjectError, SETTINGS_FILE, sample,
};
use tempfile::TempDir;

/// A project in a folder that goes away with the test.
pub struct Bench {
    root: TempDir,
    pub project: PathBuf,
}

impl Bench {
    /// The sample, outside of any source tree.
    pub fn sample() -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("gateway");
        sample::unpack(&project).unwrap();
        Self { root, project }
    }

    /// ST's published project with one boot stage, laid out as in ST's package.
    pub fn published() -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("ROT_Provisioning");
        copy(&vectors().join("stirot"), &project.join("STiROT"));
        copy(&vectors().join("da"), &project.join("DA"));
        let binary = root.path().join("Applications/ROT/STiROT_Appli/Binary");
        fs::create_dir_all(&binary).unwrap();
        for name in ["appli.bin", "appli_enc_sign.hex"] {
            fs::rename(project.join("STiROT/Image").join(name), binary.join(name)).unwrap();
        }
        Self { root, project }
    }

    /// ST's whole package: every flow in one folder, each image's input where its settings look for it. ST publishes no
    /// binaries of the second stage and its application, so that stand-ins lie there.
    pub fn package() -> Self {
        let bench = Self::published();
        copy(&vectors().join("stirot_oemurot"), &bench.path("STiROT_OEMuROT"));
        bench.own_root_of_trust();
        for name in ["OEMiROT_Boot/Binary/OEMiROT_Boot.bin", "OEMiROT_Appli/Binary/rot_app.bin"] {
            let path = bench.root().join("Applications/ROT").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, program(4096, 0x5A)).unwrap();
        }
        bench
    }

    /// ST's flow for an own root of trust has the files of its second stage under another name, for another place.
    fn own_root_of_trust(&self) {
        let ours = |text: &str| text.replace("OEMuROT", "OEMiROT").replace("0x00000208", "0x00000108");
        for (path, bytes) in content(&vectors().join("stirot_oemurot")) {
            let name = path.strip_prefix(vectors().join("stirot_oemurot")).unwrap().to_str().unwrap().to_owned();
            if !name.contains("OEMuROT") || name.starts_with("Binary") {
                continue;
            }
            let target = self.path("OEMiROT").join(ours(&name));
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, ours(&String::from_utf8(bytes).unwrap())).unwrap();
        }
    }

    /// A new project of a flow: keys of its own, its applications built.
    pub fn own(flow: Flow) -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("pump");
        let new = NewProject {
            name: "Pump".into(),
            flow,
            credential: Credential::Certificate,
            second_stage: formats::ApplicationRun::InPlace,
        };
        template::create(&project, &new).unwrap();
        for files in [flow.stirot(), flow.oem()].into_iter().flatten() {
            let folder = project.join(files.image).parent().unwrap().to_owned();
            let programs = match flow {
                Flow::StirotOemurot => {
                    let layout = SecondStageLayout::for_run(ApplicationRun::InPlace);
                    [
                        ("OEMiROT_Boot.bin", second_stage(&layout)),
                        ("rot_app.bin", program_at(layout.code_address(), 4096, 0x5A)),
                    ]
                }
                _ => [("appli.bin", program(4096, 0x5A)), ("rot_app.bin", program(4096, 0x5A))],
            };
            for (name, bytes) in programs {
                fs::write(folder.join(name), bytes).unwrap();
            }
        }
        Self { root, project }
    }

    /// A new project of two boot stages as it is laid out: the studio's second stage, the demonstration application.
    pub fn two_stages(run: ApplicationRun) -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("pump");
        let new = NewProject {
            name: "Pump".into(),
            flow: Flow::StirotOemurot,
            credential: Credential::Certificate,
            second_stage: run,
        };
        template::create(&project, &new).unwrap();
        Self { root, project }
    }

    /// Lets the second stage's program have another layout inside.
    pub fn lay_out(&self, layout: &SecondStageLayout) {
        let mut program = fs::read(self.path(SECOND_STAGE)).unwrap();
        program[SecondStageLayout::OFFSET..][..SecondStageLayout::SIZE].copy_from_slice(&layout.encode());
        fs::write(self.path(SECOND_STAGE), program).unwrap();
    }

    /// Adds the settings of a data image for these places, and its data.
    pub fn data_image(&self, places: &ImagePlaces) {
        let text = fs::read_to_string(self.path(OEM_IMAGE)).unwrap();
        fs::write(self.path(DATA_IMAGE), text.replace("rot_app", "rot_data")).unwrap();
        self.set(DATA_IMAGE, "Firmware area size", &format!("{:#x}", places.slot_size));
        self.set(DATA_IMAGE, "Hex format", &format!("{:#x}", places.download));
        fs::write(self.path("STiROT_OEMuROT/Images/rot_data.bin"), vec![0xDA; 3000]).unwrap();
    }

    /// ST's folder for debug authentication alone.
    pub fn debug_authentication() -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("ROT_Provisioning");
        copy(&vectors().join("da"), &project.join("DA"));
        Self { root, project }
    }

    /// Another one with the same files in its project's folder.
    pub fn again(&self) -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join(self.project.file_name().unwrap());
        copy(&self.project, &project);
        Self { root, project }
    }

    /// Lets a project file of one line beside the format say what is meant.
    pub fn say(&self, line: &str) {
        fs::write(self.path(SETTINGS_FILE), format!("format = 2\n{line}\n")).unwrap();
    }

    /// Lets the project file name a flow.
    pub fn choose(&self, flow: Flow) {
        let word = match flow {
            Flow::Stirot => "stirot",
            Flow::StirotOemurot => "stirot_oemurot",
            Flow::Oemirot => "oemirot",
            Flow::DebugAuthentication => "da",
        };
        self.say(&format!("flow = \"{word}\""));
    }

    /// The project under edit as the disk has it.
    pub fn draft_of_the_disk(&self) -> Draft {
        Draft::open_saved_with(&self.project, &self.data(), &Disk::real()).unwrap()
    }

    /// The project under edit.
    pub fn draft(&self) -> Draft {
        Draft::open_with(&self.project, &self.data(), &Disk::real()).unwrap()
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The user's data, for this test alone.
    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.project.join(name)
    }

    pub fn open(&self) -> Result<Project, ProjectError> {
        Project::open_with_data_folder(&self.project, &self.data())
    }

    pub fn error(&self) -> ProjectError {
        self.open().expect_err("the project must not open")
    }

    pub fn findings(&self) -> Vec<Finding> {
        self.open().unwrap().check()
    }

    /// Rule and field of every error.
    pub fn errors(&self) -> Vec<(&'static str, Option<String>)> {
        let errors = self.findings().into_iter().filter(|finding| finding.severity == project::Severity::Error);
        errors.map(|finding| (finding.id, finding.field)).collect()
    }

    /// Replaces text in a file; the text must be there once.
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let path = self.path(name);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "“{from}” in {name}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// Gives a field of an xml another value.
    pub fn set(&self, name: &str, field: &str, value: &str) {
        let path = self.path(name);
        let text = fs::read_to_string(&path).unwrap();
        let field = text.find(&format!("<Name>{field}</Name>")).unwrap_or_else(|| panic!("no field {field}"));
        let start = field + text[field..].find("<Value>").unwrap() + "<Value>".len();
        let end = start + text[start..].find("</Value>").unwrap();
        fs::write(path, [&text[..start], value, &text[end..]].concat()).unwrap();
    }

    /// Puts another application in the place of the sample's: a vector table and as many bytes as asked for.
    pub fn application(&self, size: usize, fill: u8) {
        fs::write(self.path("STiROT/Image/appli.bin"), program(size, fill)).unwrap();
    }
}

/// A program that runs where STiRoT puts it by default: a vector table and as many bytes as asked for.
pub fn program(size: usize, fill: u8) -> Vec<u8> {
    let mut bytes = vec![fill; size];
    bytes[..4].copy_from_slice(&0x2001_0000_u32.to_le_bytes());
    bytes[4..8].copy_from_slice(&0x2400_0409_u32.to_le_bytes());
    bytes
}

/// The same for another place.
pub fn program_at(start: u32, size: usize, fill: u8) -> Vec<u8> {
    let mut bytes = program(size, fill);
    bytes[4..8].copy_from_slice(&(start + 9).to_le_bytes());
    bytes
}

/// A program with a layout inside, as the studio's second stage has it.
pub fn second_stage(layout: &SecondStageLayout) -> Vec<u8> {
    let mut bytes = program(8192, 0xA5);
    bytes[SecondStageLayout::OFFSET..][..SecondStageLayout::SIZE].copy_from_slice(&layout.encode());
    bytes
}

/// The first field of a name in a file.
pub fn place(document: DocumentRole, name: &str) -> FieldPlace {
    FieldPlace { document, key: FieldKey::field(name) }
}

pub const CONFIG: &str = "STiROT/Config/STiROT_Config.xml";
pub const IMAGE: &str = "STiROT/Image/STiROT_Code_Image.xml";
pub const SECOND_STAGE: &str = "STiROT_OEMuROT/Images/OEMiROT_Boot.bin";
pub const OEM_APPLICATION: &str = "STiROT_OEMuROT/Images/rot_app.bin";
pub const OEM_IMAGE: &str = "STiROT_OEMuROT/Images/OEMuROT_Code_Image.xml";
pub const DATA_IMAGE: &str = "STiROT_OEMuROT/Images/OEMuROT_Data_Image.xml";
pub const TWO_CONFIG: &str = "STiROT_OEMuROT/Config/STiROT_Config.xml";
pub const TWO_IMAGE: &str = "STiROT_OEMuROT/Images/STiROT_Code_Image.xml";
pub const CERTIFICATE: &str = "DA/Config/DA_Config.xml";
pub const PASSWORD: &str = "DA/Config/DA_ConfigWithPassword.xml";

/// The folder of published vectors: `STIROT_VECTORS`, or the one beside the repository.
pub fn vectors() -> PathBuf {
    let folder = std::env::var_os("STIROT_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"), PathBuf::from);
    assert!(
        folder.join("stirot/Config/STiROT_Config.xml").is_file(),
        "ST's published vectors are not in {}: set STIROT_VECTORS to the folder that holds them. Without them nothing \
         here was tested.",
        folder.display()
    );
    folder
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            // The vectors are read-only; a project isn't.
            fs::write(target, fs::read(&path).unwrap()).unwrap();
        }
    }
}

/// Every file below a folder with its content.
pub fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

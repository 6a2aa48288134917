//! A project of two boot stages, as the studio makes one, on the same bench.

use std::path::PathBuf;

use board::NorClip;
use chip::memory_map::{Region, XSPI1_WINDOW};
use formats::key_fields::private_scalar;
use formats::{ApplicationRun, PrivateKey, SecondStageLayout};
use project::template::{self, NewProject};
use project::{Credential, Flow, KeyRole, Project};

use super::{Bench, Files};

/// The second stage's program: the input of STiRoT's image.
pub const PROGRAM: &str = "STiROT_OEMuROT/Images/OEMiROT_Boot.bin";
/// The settings of the application's image.
pub const APPLICATION_IMAGE: &str = "STiROT_OEMuROT/Images/OEMuROT_Code_Image.xml";
/// The application.
pub const APPLICATION: &str = "STiROT_OEMuROT/Images/rot_app.bin";

impl Files {
    /// An empty folder with a new project of two boot stages in it.
    pub fn two_stages(run: ApplicationRun, credential: Credential) -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        let new = NewProject { name: "two stages".into(), flow: Flow::StirotOemurot, credential, second_stage: run };
        template::create(&files.project_folder(), &new).unwrap();
        files
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.project_folder().join(name)
    }

    /// Gives the project a data image: its settings beside the application's, its content, and its slots in the block.
    pub fn with_data_image(&self, content: &[u8]) {
        let layout = SecondStageLayout {
            data: Some(SecondStageLayout::default_data()),
            ..SecondStageLayout::find(&std::fs::read(self.file(PROGRAM)).unwrap()).unwrap().unwrap()
        };
        self.set_block(&layout);
        std::fs::write(self.file("STiROT_OEMuROT/Images/rot_data.bin"), content).unwrap();
        let mut text = std::fs::read_to_string(self.file(APPLICATION_IMAGE)).unwrap();
        let replaced = [
            (">0x90200000<", ">0x90460000<"),
            ("<Value>0x200000</Value>", "<Value>0x10000</Value>"),
            ("rot_app", "rot_data"),
        ];
        for (from, to) in replaced {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        std::fs::write(self.file("STiROT_OEMuROT/Images/OEMuROT_Data_Image.xml"), text).unwrap();
    }

    /// Puts another layout into the second stage's program, and nowhere else.
    pub fn set_block(&self, layout: &SecondStageLayout) {
        let mut program = std::fs::read(self.file(PROGRAM)).unwrap();
        program[SecondStageLayout::OFFSET..][..SecondStageLayout::SIZE].copy_from_slice(&layout.encode());
        std::fs::write(self.file(PROGRAM), program).unwrap();
    }
}

impl Bench {
    /// A project of two boot stages and a board in OPEN, made from a seed.
    pub fn two_stages(seed: u64, run: ApplicationRun, credential: Credential) -> Self {
        let files = Files::two_stages(run, credential);
        let (board, project) = (files.board(Some(seed)), files.project());
        Self { project, board, files }
    }
}

impl Bench {
    /// The cells of the NOR behind a region of its window, past the chip.
    pub fn cells(&self, slot: Region) -> Vec<u8> {
        self.board.with(|board| NorClip::new(board).read(slot.start - XSPI1_WINDOW.start, slot.size as usize))
    }

    /// The private keys of both stages, each as a number.
    pub fn secrets_of_two_stages(&self) -> Vec<(String, Vec<u8>)> {
        let keys = self.project.keys().filter(|key| key.role != KeyRole::DebugRoot);
        keys.map(|key| {
            let stored = PrivateKey::from_pem(&std::fs::read(&key.path).unwrap()).unwrap().stored();
            (key.path.display().to_string(), private_scalar(&stored).unwrap().to_vec())
        })
        .collect()
    }
}

/// The layout of a project's second stage.
pub fn layout(project: &Project) -> SecondStageLayout {
    project.second_stage().unwrap().layout.unwrap()
}

//! What goes to and fro between the Images view and its jobs.

use std::path::PathBuf;

use crate::model::Tone;
use crate::model::configuration::TypedText;
use crate::model::images::{
    BuildFile, Built, Bytes, CompareWith, Comparison, Direction, FileSheet, FromFile, GivenKey, InTheClear, Judged,
    MapBar, Plain, Recipe, Shown, TrialLine,
};

/// What a job of the Images view is to do. Files are named by the number of their opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImagesRequest {
    /// Ask for a file to open.
    PickFile,
    /// Ask for a file to compare with.
    PickComparison,
    /// Ask for a key file.
    PickKey,
    /// Ask where to save something in the clear, under this name.
    PickClearTarget(InTheClear, String),
    /// Ask for an application, or where to save its image under this name.
    PickBuildFile(BuildFile, String),
    /// Open a file, whatever it is.
    Open(PathBuf, u64),
    /// Look whether the open file was written since.
    Look(u64),
    /// Forget the file of an opening, and what was opened of it.
    Close(u64),
    /// Check all images of the open file; the one at this place first.
    Judge(u64, usize),
    /// Map the open file's bytes.
    Map(u64),
    /// Open an image's payload.
    Decrypt(u64, usize),
    /// Look for bytes from an offset on, in the payload in the clear where that is shown.
    Search(u64, Shown, Vec<u8>, u64, Direction),
    /// Compare an image of the open file, or the whole of it.
    Compare(u64, usize, CompareWith),
    /// Save an image's payload in the clear.
    Save(u64, usize, InTheClear, PathBuf),
    /// Take a key from a file.
    AddKey(PathBuf),
    /// Take a key from a file that a passphrase opens.
    AddProtectedKey(PathBuf, TypedText),
    /// Forget the keys that were given.
    ForgetKeys,
    /// Say what the project would build.
    Recipe,
    /// Build the project's image and open it.
    Build(u64),
    /// Build an image of any application with the project's settings and keys, and open it.
    BuildFrom(FromFile, u64),
    /// Try an image on a virtual board.
    Try(u64, usize),
}

impl ImagesRequest {
    /// What the status bar says while it goes on.
    pub fn text(&self) -> &'static str {
        match self {
            Self::PickFile
            | Self::PickComparison
            | Self::PickKey
            | Self::PickClearTarget(..)
            | Self::PickBuildFile(..) => "a file dialog is open",
            Self::Open(..) => "opening the file",
            Self::Look(_) => "looking at the file again",
            Self::Close(_) => "closing the file",
            Self::Judge(..) => "checking the image",
            Self::Map(_) => "mapping the file",
            Self::Decrypt(..) => "opening the payload",
            Self::Search(..) => "searching",
            Self::Compare(..) => "comparing",
            Self::Save(..) => "saving in the clear",
            Self::AddKey(_) | Self::AddProtectedKey(..) | Self::ForgetKeys => "taking the key",
            Self::Recipe => "reading the project's settings",
            Self::Build(_) | Self::BuildFrom(..) => "building the image",
            Self::Try(..) => "trying the image on a virtual board",
        }
    }
}

/// What a job of the Images view reports.
#[derive(Debug)]
pub enum ImagesReport {
    /// A person chose a file to open.
    FileChosen(PathBuf),
    /// A person chose a file to compare with.
    ComparisonChosen(PathBuf),
    /// A person chose a key file.
    KeyChosen(PathBuf),
    /// A person chose where to save something in the clear.
    ClearTargetChosen(InTheClear, PathBuf),
    /// A person chose an application, or where to save its image.
    BuildFileChosen(BuildFile, PathBuf),
    /// A file was opened.
    Opened(Box<FileSheet>),
    /// A file was written on the disk after it was opened.
    Outdated(u64),
    /// An image of a file was checked.
    Judged(u64, usize, Box<Judged>),
    /// A file's bytes were mapped.
    Mapped(u64, Vec<MapBar>),
    /// A payload was opened.
    Decrypted(u64, Plain),
    /// A search ended: where it found something, and whether it went around.
    Found(u64, Option<Bytes>, Around),
    /// A comparison of an image, or of the whole file where it has none, ended.
    Compared(u64, usize, Box<Comparison>),
    /// The keys that are given now.
    Given(Vec<GivenKey>),
    /// What the project would build.
    Recipe(Recipe),
    /// What was built.
    Built(Built),
    /// What the virtual board goes through now.
    TrialStep(String),
    /// How far the virtual board is, of 1.
    TrialProgress(f32),
    /// The virtual board is done.
    TrialEnded(Tone, String, Vec<TrialLine>),
}

/// Whether a search went on at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// It did.
    Yes,
    /// It didn't.
    No,
}

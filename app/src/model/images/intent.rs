//! What a person can want in the Images view.

use std::path::PathBuf;

use super::{BuildFile, Bytes, Shown};
use crate::model::configuration::TypedText;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pattern {
    /// Bytes, as hexadecimal digits.
    #[default]
    Bytes,
    /// Text, as UTF-8.
    Text,
}

/// What a person is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Where to go.
    Place,
    /// What to look for.
    Pattern,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the end.
    Next,
    /// Towards the beginning.
    Previous,
}

/// What the open file is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompareWith {
    /// The application that the project's image is built from.
    ProjectInput,
    /// The project's own image.
    ProjectImage,
    /// Some file.
    File(PathBuf),
}

/// What can be saved in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InTheClear {
    /// The payload alone.
    Payload,
    /// The image with its payload in the clear.
    Image,
}

/// What stands where the checklist is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Side {
    /// The checklist, and the board's own word.
    #[default]
    Checks,
    /// The comparison.
    Comparison,
    /// What can be done with the payload in the clear.
    Decrypt,
    /// The form to build an image.
    Build,
}

/// What a person can want in the Images view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImagesIntent {
    /// Choose a file in a dialog.
    ChooseFile,
    /// Open a file, whatever it is.
    OpenFile(PathBuf),
    /// Put the file away.
    CloseFile,
    /// Look at another image of the file.
    ShowImage(usize),
    /// Select bytes.
    Select(Option<Bytes>),
    /// Select bytes and bring them into sight.
    Reveal(Bytes),
    /// Select a part's bytes and bring them into sight.
    PickPart(usize),
    /// Put the keyboard into a field.
    Ask(Ask),
    /// Go to an offset or an address, as typed.
    GoTo(String),
    /// Look for something from the cursor on.
    Search(String, Pattern, Direction),
    /// Look for the same again.
    SearchAgain(Direction),
    /// The selection to the clipboard, as hexadecimal digits.
    CopyHex,
    /// The selection to the clipboard, as text.
    CopyAsText,
    /// Show the bytes as stored or in the clear.
    Show(Shown),
    /// What stands on the right.
    ShowSide(Side),
    /// Compare with something.
    Compare(CompareWith),
    /// Choose in a dialog what to compare with.
    ChooseComparison,
    /// Put the comparison away.
    CloseComparison,
    /// Go to another difference.
    Difference(Direction),
    /// Choose in a dialog where to save something in the clear.
    ChooseClearTarget(InTheClear),
    /// Save something in the clear.
    SaveInTheClear(InTheClear, PathBuf),
    /// Choose a key file in a dialog.
    ChooseKey,
    /// Forget the keys that were given.
    ForgetKeys,
    /// Open the key that is looked at with its passphrase, and take it as one that was given.
    GiveProtected(TypedText),
    /// Build the project's image and open it.
    Build,
    /// Choose in a dialog what to build an image of, or where to save it.
    ChooseBuildFile(BuildFile),
    /// Name one of these files.
    NameBuildFile(BuildFile, String),
    /// Choose for which of the project's boot stages.
    ChooseBuildStage(usize),
    /// Take the open file as the application to build an image of.
    BuildFromOpened,
    /// Build an image of the application that was named, and open it.
    BuildFrom,
    /// Try the image on a virtual board.
    TryOnBoard,
    /// Stop that.
    CancelTrial,
}

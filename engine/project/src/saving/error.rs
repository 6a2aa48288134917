//! Why files were not saved, or a saving that was cut off could not be finished. No content is ever named.

use std::io;
use std::path::PathBuf;

/// Why files were not saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SavingError {
    /// A file is not what the caller took it for. Nothing was written.
    #[error("{} was changed by another program; nothing was saved", path.display())]
    ChangedOnDisk {
        /// Which file.
        path: PathBuf,
    },
    /// Another program changed a file while it was being saved. The other files are saved.
    #[error("{} was changed by another program in this moment; what was to be saved is in {}", path.display(), kept.display())]
    KeptBeside {
        /// Which file; it is as the other program left it.
        path: PathBuf,
        /// Where the content is that was to be saved.
        kept: PathBuf,
    },
    /// One file is to be saved with two contents. Nothing was written.
    #[error("{} would be saved twice; nothing was saved", path.display())]
    Twice {
        /// Which file.
        path: PathBuf,
    },
    /// An earlier saving of this project was cut off, or another program saves it now. Nothing was written.
    #[error("an earlier saving is not finished: there is {}; nothing was saved", journal.display())]
    Unfinished {
        /// Its journal.
        journal: PathBuf,
    },
    /// A file can't be written. All files are as they were.
    #[error("{} can't be written: {source}; nothing was saved", path.display())]
    NotSaved {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// All contents are on the disk, but not all of them in their places.
    #[error("saving was cut off at {}: {source}; nothing is lost", path.display())]
    CutOff {
        /// At which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The project is being saved at this moment.
    #[error("another program is saving this project: it has {}", journal.display())]
    InUse {
        /// Its journal.
        journal: PathBuf,
    },
    /// A saving that was cut off can't be finished. Nothing is lost.
    #[error("what an earlier saving left can't be put in order: {}: {source}", path.display())]
    NotRecovered {
        /// At which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl SavingError {
    /// What to do about it, in words for the person at the bench.
    pub fn help(&self) -> &'static str {
        match self {
            Self::ChangedOnDisk { .. } => {
                "choose which of the two contents to keep: reload the file, or save beside it"
            }
            Self::KeptBeside { .. } => "compare the two files and keep the one that is right",
            Self::Twice { .. } => "give every file of the project a name of its own",
            Self::Unfinished { .. } => "open the project again: what was cut off is finished then",
            Self::NotSaved { .. } => "check that the folder is writable and has room, then save again",
            Self::CutOff { .. } => {
                "close the program that holds the file and check that the folder is writable; opening the project \
                 again finishes it"
            }
            Self::InUse { .. } => "wait until it has saved, or close it, and open the project again",
            Self::NotRecovered { .. } => "check that the folder is writable and has room, then open the project again",
        }
    }
}

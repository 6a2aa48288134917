//! What to do next about a cause: in words, whether it writes, and the command of this program that does it.

use crate::shell::quoted;

/// What an act does to the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// It resets the board, or takes its power away.
    Resets,
    /// It writes what can be written again.
    Writes,
    /// It erases user flash, memory and objects.
    Erases,
}

impl Effect {
    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Nothing => "changes nothing",
            Self::Resets => "resets the board, writes nothing",
            Self::Writes => "writes to the board",
            Self::Erases => "erases user flash, memory and objects",
        }
    }
}

/// The next safe act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Plug a probe in, or name the right one.
    PlugProbe,
    /// Name one of several probes.
    NameProbe {
        /// Their serial numbers.
        serials: Vec<String>,
    },
    /// Let this user open the probe.
    PermitProbe,
    /// Close what holds the probe.
    FreeProbe,
    /// Mend or replace the virtual board's file.
    MendBoardFile,
    /// Check the board's supply.
    CheckSupply,
    /// Check the probe's VREF wire.
    CheckReference,
    /// Check SWDIO, SWCLK and ground, shorten the cable.
    CheckWires,
    /// Wire NRST to the probe, and examine again.
    WireReset,
    /// Unplug USB and whatever else supplies or drives the board.
    Unplug,
    /// Take the power away for a few seconds, all of it, and examine again.
    PowerCycle,
    /// Examine once more, with a reset this time.
    ExamineWithReset,
    /// Ask the mailbox.
    Discover,
    /// Ask the mailbox with other timings in turn, and across power cycles.
    DiscoverPatiently,
    /// Read everything that can be read.
    Show,
    /// Listen to the console.
    WatchConsole,
    /// Find the project, or the copy of its keys, that this board was provisioned with.
    FindCredential,
    /// Try the credential that ST's package publishes, for a board that came closed from somebody else.
    TryPublished,
    /// Store the project's debug-authentication object (again), prove it by using it, and so come back to OPEN.
    StoreAndRegress {
        /// The project's folder.
        project: Option<String>,
    },
    /// Regress with the project's credential.
    Regress {
        /// The project's folder.
        project: Option<String>,
    },
    /// Regress with the credential that the wallet keeps.
    RegressFromWallet,
    /// Open debug by certificate, up to the granted level.
    OpenDebug {
        /// The project's folder.
        project: Option<String>,
    },
    /// Run the project's plan, or go on with it where it broke off.
    Provision {
        /// The project's folder.
        project: Option<String>,
    },
    /// Take another board: nothing helps this one.
    UseAnotherBoard,
}

impl Next {
    /// What to do.
    pub fn text(&self) -> String {
        let text = match self {
            Self::PlugProbe => "plug the probe in, or name the one that is there",
            Self::NameProbe { serials } if serials.is_empty() => "name the probe of the board that is meant",
            Self::NameProbe { serials } => return format!("name the probe: one of {}", serials.join(", ")),
            Self::PermitProbe => {
                "let this user open the probe: on Linux by probe-rs's udev rules, on Windows by ST's driver"
            }
            Self::FreeProbe => "close the other program that uses it (STM32CubeProgrammer, an IDE, another studio)",
            Self::MendBoardFile => "restore the board file from a copy, or make a new board",
            Self::CheckSupply => "switch the board's supply on, and check the jumper that selects it",
            Self::CheckReference => "wire the probe's VREF pin to the board's supply",
            Self::CheckWires => "check SWDIO, SWCLK and ground, and take a shorter cable",
            Self::WireReset => "wire NRST from the probe to the chip, then examine with a reset",
            Self::Unplug => "unplug USB, and any other probe or supply, from the board; then try the same again",
            Self::PowerCycle => "take all power away for some seconds, USB too, then examine with a reset at once",
            Self::ExamineWithReset => "examine once more, with a reset: the mailbox answers right after one only",
            Self::Discover => "ask the mailbox who it is",
            Self::DiscoverPatiently => {
                "ask the mailbox again and again: other timings in turn, and power cycles between"
            }
            Self::Show => "read what can be read",
            Self::WatchConsole => "listen to the console while the board starts",
            Self::FindCredential => {
                "look for the project that this board was provisioned with, or a copy of its DA folder"
            }
            Self::TryPublished => {
                "try the credential that ST's package publishes, by opening debug with it: boards were closed with it as it is. \
                 A wrong one is refused"
            }
            Self::StoreAndRegress { .. } => {
                "store the project's debug-authentication object, then prove it by a full regression, which leads to OPEN"
            }
            Self::Regress { .. } => "full regression with the project's credential: the board comes back to OPEN",
            Self::RegressFromWallet => {
                "full regression with the credential in the wallet: the board comes back to OPEN"
            }
            Self::OpenDebug { .. } => "open debug with the project's certificate, and look at the core",
            Self::Provision { .. } => {
                "run the project's plan: it goes on where the board stands, and proves the way back"
            }
            Self::UseAnotherBoard => "take another board; nothing can be done about this one",
        };
        text.to_owned()
    }

    /// What it does to the board.
    pub const fn effect(&self) -> Effect {
        match self {
            Self::PowerCycle
            | Self::ExamineWithReset
            | Self::Discover
            | Self::DiscoverPatiently
            | Self::WatchConsole
            | Self::TryPublished
            | Self::OpenDebug { .. } => Effect::Resets,
            Self::Provision { .. } => Effect::Writes,
            Self::StoreAndRegress { .. } | Self::Regress { .. } | Self::RegressFromWallet => Effect::Erases,
            _ => Effect::Nothing,
        }
    }

    /// The command of this program that does it; `None` for what hands do.
    pub fn command(&self, board: &str) -> Option<String> {
        let board = quoted(board);
        let with = |command: &str, project: &Option<String>| {
            let project = project.as_deref().map_or_else(|| "DIR".to_owned(), quoted);
            format!("stirot-studio {command} --board {board} --project {project}")
        };
        match self {
            Self::NameProbe { serials } => serials
                .first()
                .map(|serial| format!("stirot-studio doctor --board {}", quoted(&format!("probe:{serial}")))),
            Self::ExamineWithReset | Self::WireReset | Self::PowerCycle => {
                Some(format!("stirot-studio doctor --board {board} --reset"))
            }
            Self::Discover => Some(format!("stirot-studio debug discover --board {board}")),
            Self::DiscoverPatiently => Some(format!("stirot-studio debug discover --board {board} --patient")),
            Self::Show => Some(format!("stirot-studio board show {board}")),
            Self::WatchConsole => (!board.starts_with("probe")).then(|| format!("stirot-studio board console {board}")),
            Self::TryPublished => Some(format!(
                "stirot-studio debug open --board {board} --chain DIR/DA/Certificates/cert_leaf_chain.b64 \
                 --key DIR/DA/Keys/key_3_leaf.pem"
            )),
            Self::StoreAndRegress { project } | Self::Regress { project } => Some(with("debug regress", project)),
            Self::RegressFromWallet => Some(format!("stirot-studio debug regress --board {board}")),
            Self::OpenDebug { project } => Some(with("debug open", project)),
            Self::Provision { project } => Some(with("provision", project)),
            _ => None,
        }
    }
}

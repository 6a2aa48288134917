//! What has to be there before the lab can work: a virtual board that boots, and the project that it was provisioned with.

use chip::product_state::ProductState;

use crate::model::{BoardKind, Model};

/// Why the lab can't work now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// No board is open.
    NoBoard,
    /// The board is a real one: nothing of it can be copied.
    RealBoard,
    /// The virtual board is off.
    PoweredOff,
    /// No project is open.
    NoProject,
    /// The board stands in a state in which no root of trust runs, or its state isn't known.
    NotClosed(Option<ProductState>),
}

impl Obstacle {
    /// The first of them that is there.
    pub fn of(model: &Model) -> Option<Self> {
        let Some(board) = &model.board else { return Some(Self::NoBoard) };
        if board.kind == BoardKind::Real {
            return Some(Self::RealBoard);
        }
        if !board.powered {
            return Some(Self::PoweredOff);
        }
        if model.project.is_none() {
            return Some(Self::NoProject);
        }
        match model.product_state() {
            Some(ProductState::Closed | ProductState::Locked) => None,
            other => Some(Self::NotClosed(other)),
        }
    }

    /// What is the matter, in a few words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoBoard => "no virtual board is open",
            Self::RealBoard => "this is a real board; the lab copies a virtual one",
            Self::PoweredOff => "the virtual board is off",
            Self::NoProject => "no project is open",
            Self::NotClosed(Some(_)) => "the board isn't CLOSED yet; STiRoT runs from CLOSED on",
            Self::NotClosed(None) => "the board's state was not read",
        }
    }

    /// What to do about it, in a sentence.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::NoBoard => "The lab works on a copy of a virtual board that was provisioned. Make one, or open one.",
            Self::RealBoard => {
                "Nothing of a real board's inside can be copied. Provision a virtual board with the same project and \
                 rehearse there."
            }
            Self::PoweredOff => "Power it on; the lab copies it as it stands.",
            Self::NoProject => {
                "The lab makes newer, older and damaged images with the project's keys. Open the project that the board \
                 was provisioned with."
            }
            Self::NotClosed(Some(_)) => {
                "In this state no root of trust checks anything. Provision the board to CLOSED, then watch it boot here."
            }
            Self::NotClosed(None) => "Read the board: a closed board is reset to ask it.",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::model::{BoardSheet, Reading};

    #[test]
    fn the_first_thing_that_is_missing_is_named_first() {
        let mut model = Model::new(PathBuf::from("data"));
        assert_eq!(Obstacle::of(&model), Some(Obstacle::NoBoard));
        model.board = Some(BoardSheet {
            address: "a.board".to_owned(),
            name: "a".to_owned(),
            kind: BoardKind::Virtual,
            powered: true,
            reading: Some(Reading { state: Some(ProductState::Closed), ..Reading::default() }),
            earlier: Vec::new(),
            last: None,
        });
        assert_eq!(Obstacle::of(&model), Some(Obstacle::NoProject));
        if let Some(board) = &mut model.board {
            board.kind = BoardKind::Real;
        }
        assert_eq!(Obstacle::of(&model), Some(Obstacle::RealBoard));
    }
}

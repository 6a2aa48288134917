//! The views: each reads the model, keeps its own small state, and pushes commands.

pub(crate) mod board;
pub(crate) mod provision;

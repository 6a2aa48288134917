//! Virtual boards that stand in a given product state, put there past the chip.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};

use board::{BoardFile, NonVolatile};
use chip::option_bytes::{
    DBG_AUTH_SHIFT, DebugAuthentication, IROT_SELECT_SHIFT, IROT_SELECT_ST, NVSTATE_CLOSE, OEM_NOT_PROVISIONED,
    OEM_PROVISIONED,
};

/// Where a board stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Blank.
    Open,
    /// Without any object.
    Provisioning,
    /// Up, with this method and nothing stored.
    Up(DebugAuthentication),
}

/// Makes a board file `NAME.board` in a folder.
pub(crate) fn board_that(stands: Stands, folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}.board"));
    let mut cells = NonVolatile::new(Some(7), provision::ROM).unwrap();
    let (nvstate, provisioned, method) = match stands {
        Stands::Open => (None, OEM_NOT_PROVISIONED, DebugAuthentication::None),
        Stands::Provisioning => (Some(NVSTATE_CLOSE), OEM_NOT_PROVISIONED, DebugAuthentication::None),
        Stands::Up(method) => (Some(NVSTATE_CLOSE), OEM_PROVISIONED, method),
    };
    if let Some(code) = nvstate {
        cells.options.nvsr = u32::from(code);
        cells.options.rotsr = u32::from(IROT_SELECT_ST) << IROT_SELECT_SHIFT
            | u32::from(method.code()) << DBG_AUTH_SHIFT
            | u32::from(provisioned);
    }
    drop(BoardFile::create(&path, &cells).unwrap());
    path
}

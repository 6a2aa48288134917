//! Where the tests find what ST published.
#![allow(dead_code)]

pub mod chains;
pub mod images;

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of published vectors: `STIROT_VECTORS`, or the one beside the repository.
pub(crate) fn vectors() -> PathBuf {
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

/// One published file.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    fs::read(vectors().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

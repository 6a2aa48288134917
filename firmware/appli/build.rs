//! Hands the linker its script and this program's memories: where the code lies is the build's choice, by feature.

use std::path::PathBuf;
use std::{env, fs};

/// First address and size of the code, behind the image's header of 0x400 bytes, by the feature that asks for it.
/// Without any of them STiRoT itself starts the program, from its firmware area in AXI SRAM.
const PLACES: [(&str, u32, u32); 3] = [
    ("CARGO_FEATURE_IN_PLACE", 0x9000_0400, 0x1F_FC00),
    ("CARGO_FEATURE_INTERNAL_RAM", 0x2402_0400, 0x1_FC00),
    ("CARGO_FEATURE_EXTERNAL_RAM", 0x7000_0400, 0x1F_FC00),
];
const ONE_STAGE: (u32, u32) = (0x2400_0400, 0x1_FC00);

fn main() {
    let chosen = PLACES.into_iter().find(|(feature, ..)| env::var_os(feature).is_some());
    let (origin, length) = chosen.map_or(ONE_STAGE, |(_, origin, length)| (origin, length));
    // Data, and the code that works while the NOR flash can't be read, in AHB SRAM2; the stack in the DTCM, below the
    // structure that STiRoT shares with its loader.
    let memories = format!(
        "MEMORY\n{{\n    FLASH : ORIGIN = {origin:#x}, LENGTH = {length:#x}\n    RAM : ORIGIN = 0x30004000, LENGTH = 0x3C00\n    \
         STACK : ORIGIN = 0x20000000, LENGTH = 0xFFC0\n}}\n_stack_start = ORIGIN(STACK) + LENGTH(STACK);\n\
         _stack_end = ORIGIN(STACK);\n"
    );
    let folder = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    if let Err(error) = fs::write(folder.join("memory.x"), memories) {
        println!("cargo::error=memory.x: {error}");
    }
    println!("cargo:rustc-link-search={}", folder.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rerun-if-changed=build.rs");
}

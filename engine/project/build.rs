//! Lists the files of `templates/sample` for `src/sample.rs`, so that the program brings the sample with it and no
//! file of it can be forgotten.

#![allow(clippy::expect_used, missing_docs, reason = "a build script's way to fail")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let sample =
        manifest.join("../../templates/sample").canonicalize().expect("templates/sample is in the source tree");
    let mut files = Vec::new();
    collect(&sample, &mut files);
    files.sort();
    let mut text = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&sample).expect("found inside").to_str().expect("our names are text");
        let name = name.replace('\\', "/");
        writeln!(text, "    ({name:?}, include_bytes!({:?})),", file.display().to_string()).expect("memory");
    }
    text.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    fs::write(out.join("sample_files.rs"), text).expect("OUT_DIR is writable");
}

/// Outputs (`Binary`) and hidden files are no part of the sample.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        if name.starts_with('.') || name == "Binary" {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
}

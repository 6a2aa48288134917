//! What the commands write, and what they never write over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::program::Bench;

/// A new project, and an application beside it.
fn project(bench: &Bench) {
    bench.done(&["project", "new", "pump"]);
    fs::copy(common::sample().join("STiROT/Image/appli.bin"), bench.path("appli.bin")).unwrap();
}

#[test]
fn no_output_is_written_over_a_key_or_a_source() {
    let bench = Bench::new();
    project(&bench);
    let (key, xml) = ("pump/STiROT/Keys/STiROT_Encryption.pem", "pump/STiROT/Config/STiROT_Config.xml");
    let image = ["--project", "pump"];
    bench.done(&["image", "build", "appli.bin", "first.bin", image[0], image[1]]);
    for target in [key, xml, "appli.bin"] {
        let before = fs::read(bench.path(target)).unwrap();
        for arguments in [
            &["obk", "build", xml, "--output", target][..],
            &["image", "build", "appli.bin", target, image[0], image[1]],
            &["image", "decrypt", "first.bin", "--keys", "pump/STiROT/Keys", "--output", target],
        ] {
            let said = bench.refused(1, arguments);
            assert!(said.contains("there is a file already") && said.contains("choose another name"), "{said}");
        }
        assert_eq!(fs::read(bench.path(target)).unwrap(), before, "{target}");
    }
}

#[test]
fn an_earlier_output_of_the_same_kind_is_written_over() {
    let bench = Bench::new();
    project(&bench);
    let xml = "pump/STiROT/Config/STiROT_Config.xml";
    bench.done(&["obk", "build", "da-lock", "--output", "x.obk"]);
    bench.done(&["obk", "build", xml, "--output", "x.obk"]);
    assert!(bench.done(&["obk", "show", "x.obk"]).contains("STiROT"));
    for _ in 0..2 {
        bench.done(&["image", "build", "appli.bin", "x.bin", "--project", "pump"]);
    }
    assert!(bench.refused(1, &["obk", "build", xml, "--output", "x.bin"]).contains("not an object"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_stdout_is_no_success() {
    use std::process::Command;
    let bench = Bench::new();
    project(&bench);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_stirot-studio"))
        .args(["keys", "show", "--project", "pump", "--json"])
        .current_dir(bench.path(""))
        .env("STIROT_STUDIO_DATA", bench.path("data"))
        .stdout(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_whose_name_is_no_unicode_is_told_as_json_all_the_same() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;
    let bench = Bench::new();
    project(&bench);
    fs::copy(bench.path("appli.bin"), bench.path("pump/STiROT/Image/appli.bin")).unwrap();
    let folder = bench.path("").join(OsStr::from_bytes(b"bad\xFF\xFEname"));
    fs::rename(bench.path("pump"), &folder).unwrap();
    let object = folder.join("STiROT/Config/STiROT_Config.xml");
    for (arguments, of) in [
        (&["image", "build", "--json", "--project"][..], &folder),
        (&["obk", "build", "--json"], &object),
        (&["project", "build"], &folder),
        (&["check", "--json", "--project"], &folder),
        (&["keys", "show", "--json", "--project"], &folder),
        (&["provision", "--plan", "--json", "--board", "probe", "--project"], &folder),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_stirot-studio"))
            .args(arguments)
            .arg(of)
            .env("STIROT_STUDIO_DATA", folder.join("data"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        if arguments.contains(&"--json") {
            serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
        }
    }
}

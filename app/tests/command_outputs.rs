//! What the commands write, and what they never write over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::program::Bench;

/// A new project, and an application beside it.
fn project(bench: &Bench) {
    bench.done(&["project", "new", "pump"]);
    let mut application = fs::read(common::sample().join("STiROT/Image/appli.bin")).unwrap();
    // Not whole cipher blocks: what comes out of an image is then never the file that went in.
    application.resize(application.len().next_multiple_of(16) + 3, 0x5A);
    fs::write(bench.path("appli.bin"), application).unwrap();
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
            &["image", "decrypt", "first.bin", "--keys", "pump/STiROT/Keys", "--image", target],
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
    for name in ["x.bin", "x.hex", "x.bin", "x.hex"] {
        bench.done(&["image", "build", "appli.bin", name, "--project", "pump"]);
    }
    // Intel hex of something else is no image.
    fs::write(bench.path("program.hex"), ":0400000001020304F2\n:00000001FF\n").unwrap();
    bench.refused(1, &["image", "build", "appli.bin", "program.hex", "--project", "pump"]);
    assert!(bench.refused(1, &["obk", "build", xml, "--output", "x.bin"]).contains("not an object"));
}

#[test]
fn an_encrypted_image_is_not_taken_for_an_earlier_one_in_the_clear() {
    let bench = Bench::new();
    project(&bench);
    bench.done(&["image", "build", "appli.bin", "first.bin", "--project", "pump"]);
    let image = fs::read(bench.path("first.bin")).unwrap();
    fs::write(bench.path("second.bin"), &image).unwrap();
    let clear = |target| ["image", "decrypt", "first.bin", "--keys", "pump/STiROT/Keys", "--image", target];
    assert!(bench.refused(1, &clear("second.bin")).contains("not an image in the clear"));
    assert_eq!(fs::read(bench.path("second.bin")).unwrap(), image);
    bench.done(&clear("clear.bin"));
    bench.done(&clear("clear.bin"));
    // What a building left that was cut off is an image, too.
    fs::write(bench.path("cut.bin"), &image[..0x800]).unwrap();
    bench.done(&["image", "build", "appli.bin", "cut.bin", "--project", "pump"]);
}

#[test]
fn a_project_of_two_boot_stages_has_two_images_the_second_as_soon_as_its_application_is_there() {
    let bench = Bench::new();
    bench.done(&["project", "new", "two", "--flow", "stirot-oemurot"]);
    let images = bench.path("two/STiROT_OEMuROT/Images");
    let application = fs::read(images.join("rot_app.bin")).unwrap();
    fs::remove_file(images.join("rot_app.bin")).unwrap();
    let command = ["image", "build", "--project", "two", "--json"];
    let output = bench.run(&command);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.contains("rot_app.bin"), "{told}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["images"].as_array().unwrap().len(), 1);

    fs::write(images.join("rot_app.bin"), &application).unwrap();
    let report = bench.json(&command);
    let flags: Vec<_> = report["images"].as_array().unwrap().iter().map(|image| image["flags"].as_u64()).collect();
    assert_eq!(flags, [Some(6), Some(4)]);
    assert!(images.join("rot_app_enc_sign.hex").is_file());
    let said = bench.done(&["project", "build", "two"]);
    assert_eq!(said.matches("image 1.0.0: as it was").count(), 2, "{said}");
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

#[cfg(unix)]
#[test]
fn a_device_is_no_place_for_an_output_and_is_never_read() {
    let bench = Bench::new();
    project(&bench);
    bench.done(&["image", "build", "appli.bin", "first.bin", "--project", "pump"]);
    for arguments in [
        &["image", "decrypt", "first.bin", "--keys", "pump/STiROT/Keys", "--output", "/dev/full"][..],
        &["image", "decrypt", "first.bin", "--keys", "pump/STiROT/Keys", "--image", "/dev/zero"],
        &["image", "build", "appli.bin", "/dev/zero", "--project", "pump"],
    ] {
        let said = bench.refused(1, arguments);
        assert!(said.contains("choose another name"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn what_stdout_did_not_take_is_no_success() {
    use std::process::{Command, Stdio};
    let bench = Bench::new();
    project(&bench);
    bench.done(&["image", "build", "appli.bin", "first.bin", "--project", "pump"]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_stirot-studio"))
        .args(["image", "inspect"])
        .arg(bench.path("first.bin"))
        .stdout(Stdio::from(full))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("stdout took no more"));
}

#[cfg(unix)]
#[test]
fn a_file_name_moves_no_cursor() {
    let bench = Bench::new();
    let said = bench.refused(1, &["image", "verify", "a\u{1b}]0;x\u{7}.hex"]);
    assert!(!said.contains('\u{1b}') && said.contains("there is no such file"), "{said:?}");
}

#[test]
fn an_image_is_not_signed_again_in_whatever_form_it_comes() {
    let bench = Bench::new();
    project(&bench);
    for name in ["first.bin", "first.hex"] {
        bench.done(&["image", "build", "appli.bin", name, "--project", "pump"]);
        let said = bench.refused(1, &["image", "build", name, "second.bin", "--project", "pump"]);
        assert!(said.contains("signed"), "{said}");
    }
    assert!(!bench.path("second.bin").exists());
}

//! The exported script, run against a stand-in for STM32CubeProgrammer that writes down what it is asked.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::Files;
use common::desk::Desk;
use formats::ApplicationRun;
use project::{Credential, Project};
use provision::{CubeFiles, FinalState, ProvisionError, cube_programmer, plan_for};

const HOT: &str = "-c port=SWD speed=fast ap=1 mode=Hotplug";
const RESET: &str = "-c port=SWD speed=fast ap=1 mode=UR";
const UART: &str = "-c port=/dev/tty console br=921600 -elbl LOADER";
const MAILBOX: &str = "-c port=SWD";

const YES: &str = "SAMPLE\nCAME BACK\n";

fn expected(final_state: &str) -> Vec<String> {
    let calls = [
        HOT.to_owned(),
        format!("{HOT} -ob DTCM_AXI_SHARE=0 ITCM_AXI_SHARE=0"),
        format!("{HOT} -psrss 0x17"),
        HOT.to_owned(),
        format!("{HOT} -sdp DA/Binary/DA_Config.obk"),
        format!("{MAILBOX} debugauth=2"),
        HOT.to_owned(),
        format!("{HOT} -sdp STiROT/Binary/STiROT_Config.obk"),
        HOT.to_owned(),
        format!("{HOT} -sdp STiROT/Binary/STiROT_Data.obk"),
        RESET.to_owned(),
        format!("{HOT} -obrss 0x5200221c 0x000000ff 0xff 0x00"),
        RESET.to_owned(),
        format!("{HOT} -obrss 0x52002234 0x03ff03ff 0xff 0x00"),
        format!("{HOT} -ob XSPI1_HSLV=1"),
        format!("{HOT} -ob XSPI2_HSLV=1"),
        RESET.to_owned(),
        format!("{HOT} -e all"),
        format!("{UART} -e [0 1]"),
        format!("{UART} -e [2 3]"),
        format!("{HOT} -ob ECC_ON_SRAM=1"),
        format!("{HOT} -d iLoader.bin 0x08000000 --verify"),
        RESET.to_owned(),
        format!("{HOT} -obrss 0x5200221c 0x000000ff 0xf8 0x00"),
        RESET.to_owned(),
        format!("{UART} -d IMAGE --verify"),
        format!("{HOT} -obrss 0x5200220c 0xff000000 0xb4 0x18"),
        RESET.to_owned(),
        format!("{HOT} -psrss {final_state}"),
        HOT.to_owned(),
        format!("{MAILBOX} debugauth=2"),
    ];
    calls.to_vec()
}

/// The calls with the image's name taken out, which follows the project's xml.
fn without_image_name(calls: &[String]) -> Vec<String> {
    let is_image = |word: &str| word.starts_with("STiROT/") && word.ends_with(".hex");
    let word = |word| if is_image(word) { "IMAGE" } else { word };
    calls.iter().map(|call| call.split(' ').map(word).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn the_script_gives_the_commands_of_st_in_their_order_with_the_defects_mended() {
    let desk = Desk::new("project", "certificate");
    let ran = desk.run(&desk.script(FinalState::Closed, "certificate"), &[], YES, 0);
    assert!(ran.done, "{}", ran.said);
    assert_eq!(without_image_name(&ran.calls), expected("0x72"));
}

#[test]
fn a_command_that_fails_is_the_last_one() {
    let desk = Desk::new("project", "certificate");
    let script = desk.script(FinalState::Closed, "certificate");
    let all = expected("0x72");
    for at in 1..=all.len() {
        let ran = desk.run(&script, &[], YES, at);
        if at + 2 >= all.len() && at < all.len() {
            // The link is lost with the climb, and the core has to refuse after it: the mailbox decides.
            assert!(ran.done && ran.calls.len() == all.len(), "{}", ran.said);
        } else {
            assert!(!ran.done, "{}", all[at - 1]);
            assert_eq!(ran.calls.len(), at, "after {}", all[at - 1]);
            assert!(ran.said.contains("STOPPED"), "{}", ran.said);
        }
    }
}

#[test]
fn a_climb_that_was_not_made_is_found_out() {
    let desk = Desk::new("project", "certificate");
    let script = desk.script(FinalState::Closed, "certificate");
    let script = script.replacen("set -u\n", "set -u\nexport STAYS=1\n", 1);
    let ran = desk.run(&script, &[], YES, 0);
    assert!(!ran.done && ran.said.contains("the climb was not made"), "{}", ran.said);
}

#[test]
fn the_way_back_leads_out_of_provisioning_too() {
    let desk = Desk::new("project", "certificate");
    let script = desk.script(FinalState::Closed, "certificate");
    // A board that stands in PROVISIONING refuses the climb to it: the third command.
    let ran = desk.run(&script, &["way-back"], "", 3);
    assert!(ran.done && ran.calls.len() == 8, "{}", ran.said);
    assert!(!desk.run(&script, &["way-back"], "", 5).done, "an object that is refused stops it");
}

#[test]
fn paths_with_spaces_quotes_and_dollars_arrive_as_they_are() {
    let desk = Desk::new("it's a \"bench\" of $HOME `x` %PATH% ; rm", "certificate");
    let ran = desk.run(&desk.script(FinalState::Closed, "certificate"), &[], YES, 0);
    assert!(ran.done, "{}", ran.said);
    assert_eq!(without_image_name(&ran.calls), expected("0x72"));
}

#[test]
fn every_script_is_one_that_bash_can_read() {
    for (to, method) in
        [(FinalState::Closed, "certificate"), (FinalState::Closed, "password"), (FinalState::Locked, "certificate")]
    {
        let desk = Desk::new("a 'project'", method);
        let file = desk.place.path().join("script.sh");
        fs::write(&file, desk.script(to, method)).unwrap();
        let read = Command::new("bash").arg("-n").arg(&file).output().unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }
}

#[test]
fn without_a_tried_way_back_nothing_follows_the_discovery() {
    let desk = Desk::new("project", "certificate");
    let script = desk.script(FinalState::Closed, "certificate");
    for answers in ["SAMPLE\n", "SAMPLE\nyes\n", "SAMPLE\ncame back\n", "SAMPLE\n\n"] {
        let ran = desk.run(&script, &[], answers, 0);
        assert!(!ran.done);
        assert_eq!(ran.calls.last().unwrap(), &format!("{MAILBOX} debugauth=2"));
        assert_eq!(ran.calls.len(), 6);
    }
}

#[test]
fn sample_keys_are_asked_for_before_anything_is_written() {
    let desk = Desk::new("project", "certificate");
    let ran = desk.run(&desk.script(FinalState::Closed, "certificate"), &[], "no\n", 0);
    assert!(!ran.done && ran.calls.is_empty(), "{:?}", ran.calls);
}

#[test]
fn the_way_back_is_tried_with_the_credential_and_ends_there() {
    for (method, credential) in [
        (
            "certificate",
            "speed=fast per=a key=DA/Keys/key_3_leaf.pem cert=DA/Certificates/cert_leaf_chain.b64 debugauth=1",
        ),
        ("password", "pwd=DA/Binary/password.bin debugauth=1"),
    ] {
        let desk = Desk::new("project", method);
        let ran = desk.run(&desk.script(FinalState::Closed, method), &["way-back"], "", 0);
        assert!(ran.done, "{}", ran.said);
        assert_eq!(ran.calls.len(), 8);
        assert_eq!(ran.calls[6], format!("{MAILBOX} {credential}"));
        assert!(!ran.calls.iter().any(|call| call.contains("0x72")));
    }
}

#[test]
fn a_file_that_was_changed_stops_the_script_before_its_first_command() {
    let desk = Desk::new("project", "certificate");
    let script = desk.script(FinalState::Closed, "certificate");
    let image = desk.project.join("STiROT/Binary");
    let image = fs::read_dir(image).unwrap().map(|entry| entry.unwrap().path());
    let image = image.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "hex")).unwrap();
    let files = [
        desk.project.join("DA/Binary/DA_Config.obk"),
        desk.project.join("STiROT/Binary/STiROT_Config.obk"),
        desk.project.join("STiROT/Binary/STiROT_Data.obk"),
        desk.place.path().join("iLoader.bin"),
        desk.project.join("DA/Certificates/cert_leaf_chain.b64"),
        image,
    ];
    let key = desk.project.join("DA/Keys/key_3_leaf.pem");
    let aside = key.with_extension("aside");
    fs::rename(&key, &aside).unwrap();
    let ran = desk.run(&script, &[], YES, 0);
    assert!(!ran.done && ran.calls.is_empty(), "nobody could answer for the board: {:?}", ran.calls);
    fs::rename(&aside, &key).unwrap();
    for file in files {
        let before = fs::read(&file).unwrap();
        for at in [4, before.len() - 3] {
            let mut changed = before.clone();
            changed[at] ^= 1;
            fs::write(&file, changed).unwrap();
            let ran = desk.run(&script, &[], YES, 0);
            assert!(!ran.done && ran.calls.is_empty(), "{} at {at}: {:?}", file.display(), ran.calls);
        }
        fs::remove_file(&file).unwrap();
        let ran = desk.run(&script, &[], YES, 0);
        assert!(!ran.done && ran.calls.is_empty(), "{} missing", file.display());
        fs::write(&file, before).unwrap();
    }
    assert!(desk.run(&script, &[], YES, 0).done);
}

#[test]
fn locked_is_reached_only_by_the_last_eight_digits_of_this_board() {
    let desk = Desk::new("project", "certificate");
    let script = desk.script(FinalState::Locked, "certificate");
    // The stand-in's board is 41 42 43 44 45 46 47 48 01 02 ff 0a.
    for digits in ["", "0102ff0b", "02ff0a01", "yes"] {
        let ran = desk.run(&script, &[], &format!("SAMPLE\n{digits}\n"), 0);
        assert!(!ran.done, "{digits}");
        assert!(!ran.calls.iter().any(|call| call.contains("-sdp") || call.contains("-psrss")), "{:?}", ran.calls);
    }
    let ran = desk.run(&script, &[], "SAMPLE\n0102FF0A\n", 0);
    assert!(ran.done, "{}", ran.said);
    assert!(ran.calls.iter().any(|call| call.ends_with("-psrss 0x5C")));
    assert!(ran.calls.iter().any(|call| call.ends_with("DA_ConfigLock.obk")));
    assert!(!desk.run(&script, &["way-back"], "", 0).done, "LOCKED has no way back to try");
}

#[test]
fn nothing_by_which_a_password_could_be_guessed_stands_in_the_script() {
    use sha2::Digest;
    let desk = Desk::new("project", "password");
    let script = desk.script(FinalState::Closed, "password");
    let object = fs::read(desk.project.join("DA/Binary/DA_ConfigWithPassword.obk")).unwrap();
    let text = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for secret in [
        text(&sha2::Sha256::digest(&object)),
        text(&sha2::Sha256::digest(&object[12..])),
        text(&sha2::Sha256::digest(&object[44..])),
        text(&object[44..76]),
    ] {
        assert!(!script.contains(&secret));
    }
}

#[test]
fn a_credential_of_another_kind_than_the_object_is_refused() {
    let desk = Desk::new("project", "certificate");
    let project = Project::open(&desk.project).unwrap();
    let (plan, outputs) = plan_for(&project, FinalState::Closed).unwrap();
    for credential in [None, desk.cube_files("password").credential] {
        let files = CubeFiles { credential, ..desk.cube_files("certificate") };
        assert!(matches!(cube_programmer(&plan, &outputs, &files), Err(ProvisionError::Export { .. })));
    }
}

#[test]
fn a_path_that_would_bring_a_line_of_its_own_is_refused() {
    let desk = Desk::new("project", "certificate");
    let project = Project::open(&desk.project).unwrap();
    let (plan, outputs) = plan_for(&project, FinalState::Closed).unwrap();
    let files = CubeFiles { loader: Path::new("/tmp/a\nrm -rf b").to_owned(), ..desk.cube_files("certificate") };
    assert!(matches!(cube_programmer(&plan, &outputs, &files), Err(ProvisionError::Export { .. })));
    assert!(desk.files.folder().exists());
}

/// What the tool is asked for, the files of images by their names alone.
fn asked(ran: &common::desk::Ran, what: &str) -> Vec<String> {
    let of = ran.calls.iter().filter_map(|call| call.split_once(&format!(" {what} ")));
    of.map(|(_, words)| words.rsplit('/').next().unwrap_or(words).to_owned()).collect()
}

#[test]
fn of_two_boot_stages_five_objects_are_stored_both_images_written_and_every_slot_erased() {
    let slots = |run| match run {
        ApplicationRun::InternalRam => ["[65 66]", "[67 68]", "[0 1]", "[32 33]"],
        _ => ["[65 66]", "[67 68]", "[0 31]", "[32 63]"],
    };
    for run in [ApplicationRun::InPlace, ApplicationRun::InternalRam] {
        let desk = Desk::of(Files::two_stages(run, Credential::Certificate), "project", "certificate");
        let ran = desk.run(&desk.script(FinalState::Closed, "certificate"), &[], "CAME BACK\n", 0);
        assert!(ran.done, "{}", ran.said);
        let objects =
            ["DA_Config.obk", "STiROT_Config.obk", "STiROT_Data.obk", "OEMuROT_Config.obk", "OEMuROT_Data.obk"];
        assert_eq!(asked(&ran, "-sdp"), objects);
        let erased: Vec<_> = asked(&ran, "-e").into_iter().filter(|words| words != "all").collect();
        assert_eq!(erased, slots(run), "computed from the layout, and not as ST's script has them");
        let written = asked(&ran, "-d");
        assert_eq!(written.len(), 3, "{written:?}");
        assert!(written[0].starts_with("iLoader.bin"), "{written:?}");
        assert!(written[1].contains("OEMiROT_Boot") && written[2].contains("rot_app"), "{written:?}");
        assert!(ran.said.contains("write second stage image"), "{}", ran.said);
    }
}

#[test]
fn another_key_in_the_second_stages_object_is_found_before_anything_is_written() {
    let desk = Desk::of(Files::two_stages(ApplicationRun::InPlace, Credential::Certificate), "project", "certificate");
    let script = desk.script(FinalState::Closed, "certificate");
    let other = Files::two_stages(ApplicationRun::InPlace, Credential::Certificate);
    plan_for(&other.project(), FinalState::Closed).unwrap();
    let name = "STiROT_OEMuROT/Binary/OEMuROT_Config.obk";
    fs::copy(other.file(name), desk.project.join(name)).unwrap();
    let ran = desk.run(&script, &[], YES, 0);
    assert!(!ran.done && ran.calls.is_empty(), "{}", ran.said);
    assert!(ran.said.contains("another configuration"), "{}", ran.said);
}

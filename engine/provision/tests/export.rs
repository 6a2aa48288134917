//! The exported script, run against a stand-in for STM32CubeProgrammer that writes down what it is asked.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::Files;
use project::Project;
use provision::{CredentialFiles, CubeFiles, FinalState, ProvisionError, cube_programmer, plan_for};
use tempfile::TempDir;

/// What the stand-in does: it writes its arguments down, one line a call, and fails at the call that is named. Asked to
/// read the identifier it gives one; once it was told to climb it refuses access port 1.
const STAND_IN: &str = r#"#!/usr/bin/env bash
for word in "$@"; do printf '%s\t' "$word" >> "$LOG"; done
printf '\n' >> "$LOG"
for word in "$@"; do last=$word; done
if [ -e "$LOG.closed" ]; then case " $* " in *" ap=1 "*) exit 1 ;; esac; fi
case " $* " in *" -psrss 0x72 "* | *" -psrss 0x5C "*) [ -n "${STAYS:-}" ] || touch "$LOG.closed" ;; esac
case " $* " in *" -r 0x08fff800 12 "*) printf 'ABCDEFGH\001\002\377\012' > "$last" ;; esac
[ "$(wc -l < "$LOG")" -ne "${FAIL_AT:-0}" ]
"#;

const HOT: &str = "-c port=SWD speed=fast ap=1 mode=Hotplug";
const RESET: &str = "-c port=SWD speed=fast ap=1 mode=UR";
const UART: &str = "-c port=/dev/tty console br=921600 -elbl LOADER";
const MAILBOX: &str = "-c port=SWD";

/// A project in a folder, and a place for script and stand-in beside it.
struct Desk {
    files: Files,
    project: PathBuf,
    place: TempDir,
}

/// How a run of the script ended.
struct Ran {
    done: bool,
    calls: Vec<String>,
    said: String,
}

impl Desk {
    /// The sample project under a name.
    fn new(name: &str, method: &str) -> Self {
        let files = Files::new();
        let project = files.folder().join(name);
        fs::rename(files.project_folder(), &project).unwrap();
        let settings = project.join("stirot-studio.toml");
        let text = fs::read_to_string(&settings).unwrap().replace("\"certificate\"", &format!("\"{method}\""));
        fs::write(&settings, text).unwrap();
        let place = tempfile::tempdir().unwrap();
        let stand_in = place.path().join("cube");
        fs::write(&stand_in, STAND_IN).unwrap();
        fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(place.path().join("loader.stldr"), b"loader").unwrap();
        fs::write(place.path().join("iLoader.bin"), provision::ILOADER).unwrap();
        Self { files, project, place }
    }

    fn cube_files(&self, method: &str) -> CubeFiles {
        let credential = if method == "password" {
            CredentialFiles::Password { file: self.project.join("DA/Binary/password.bin") }
        } else {
            CredentialFiles::Certificate {
                leaf_key: self.project.join("DA/Keys/key_3_leaf.pem"),
                chain: self.project.join("DA/Certificates/cert_leaf_chain.b64"),
            }
        };
        CubeFiles { loader: self.place.path().join("iLoader.bin"), credential: Some(credential) }
    }

    fn script(&self, to: FinalState, method: &str) -> String {
        let project = Project::open(&self.project).unwrap();
        let (plan, outputs) = plan_for(&project, to).unwrap();
        cube_programmer(&plan, &outputs, &self.cube_files(method)).unwrap()
    }

    fn run(&self, script: &str, mode: &[&str], answers: &str, fail_at: usize) -> Ran {
        let file = self.place.path().join("script.sh");
        fs::write(&file, script).unwrap();
        let log = self.place.path().join("log");
        fs::write(&log, "").unwrap();
        _ = fs::remove_file(self.place.path().join("log.closed"));
        let mut child = Command::new("bash")
            .arg(&file)
            .args(mode)
            .env("CLI", self.place.path().join("cube"))
            .env("UART", "/dev/tty console")
            .env("EXTERNAL_LOADER", self.place.path().join("loader.stldr"))
            .env("LOG", &log)
            .env("FAIL_AT", fail_at.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A script that stopped before it asked has shut its end.
        _ = child.stdin.take().unwrap().write_all(answers.as_bytes());
        let output = child.wait_with_output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let calls = fs::read_to_string(&log).unwrap();
        Ran { done: output.status.success(), calls: calls.lines().map(|call| self.shortened(call)).collect(), said }
    }

    /// A call with its words apart by one space and its paths by their names.
    fn shortened(&self, call: &str) -> String {
        let loader = self.place.path().join("loader.stldr").display().to_string();
        let beside = format!("{}/", self.place.path().display());
        let project = format!("{}/", self.project.display());
        call.trim_end_matches('\t')
            .replace('\t', " ")
            .replace(&loader, "LOADER")
            .replace(&beside, "")
            .replace(&project, "")
    }
}

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

//! A project on a desk with a stand-in for STM32CubeProgrammer, which writes down what an exported script asks of it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use project::Project;
use provision::{CredentialFiles, CubeFiles, FinalState, cube_programmer, plan_for};
use tempfile::TempDir;

use super::Files;

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

/// A project in a folder, and a place for script and stand-in beside it.
pub struct Desk {
    pub files: Files,
    pub project: PathBuf,
    pub place: TempDir,
}

/// How a run of the script ended.
pub struct Ran {
    pub done: bool,
    pub calls: Vec<String>,
    pub said: String,
}

impl Desk {
    /// The sample project under a name.
    pub fn new(name: &str, method: &str) -> Self {
        Self::of(Files::new(), name, method)
    }

    /// A project under a name.
    pub fn of(files: Files, name: &str, method: &str) -> Self {
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

    pub fn cube_files(&self, method: &str) -> CubeFiles {
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

    pub fn script(&self, to: FinalState, method: &str) -> String {
        let project = Project::open(&self.project).unwrap();
        let (plan, outputs) = plan_for(&project, to).unwrap();
        cube_programmer(&plan, &outputs, &self.cube_files(method)).unwrap()
    }

    pub fn run(&self, script: &str, mode: &[&str], answers: &str, fail_at: usize) -> Ran {
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
    pub fn shortened(&self, call: &str) -> String {
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

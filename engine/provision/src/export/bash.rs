//! The script as text for bash. Every word that comes from outside is quoted; every command's status is looked at.

use std::fmt::Write;
use std::path::Path;

use chip::memory_map::UID;

use super::commands::{Connection, Item, Script, Status, Word};
use super::{FileCheck, refused};
use crate::error::ProvisionError;
use crate::plan::FinalState;
use crate::shell::quoted as quoted_text;

/// The first line of a script.
pub(super) const FIRST_LINE: &str = "#!/usr/bin/env bash";
/// How the line begins that says where a script comes from.
pub(super) const MADE_BY: &str = "# Made by STiRoT Studio ";

/// What every script begins with, behind its own facts: how commands are run and files are looked at.
const PRELUDE: &str = r#"set -u
set -o pipefail

fail() {
    printf '\nSTOPPED: %s\n' "$*" >&2
    exit 1
}

# Runs the tool and stops where it fails.
cube() {
    printf '\n== %s\n' "$1"
    shift
    "$CLI" "$@" || fail "STM32CubeProgrammer gave status $? for: $*"
}

# Runs the tool where its status proves nothing; what follows does.
cube_unproved() {
    printf '\n== %s\n' "$1"
    shift
    "$CLI" "$@" || printf 'status %s, which says nothing here; what follows does\n' "$?"
}

# Runs the tool where it has to be refused.
cube_refused() {
    printf '\n== %s\n' "$1"
    shift
    if "$CLI" "$@"; then fail "this should have been refused: the climb was not made"; fi
    printf 'refused, as it has to be\n'
}

digest() {
    if command -v sha256sum > /dev/null; then sha256sum; else shasum -a 256; fi | cut -c 1-64
}

readable() {
    [ -f "$1" ] && [ -r "$1" ] || fail "there is no file $1"
}

# A file that holds no secret: all of it.
check_whole() {
    readable "$1"
    [ "$(digest < "$1")" = "$2" ] || fail "$1 is not the file that this script was made for"
}

# A file that holds a secret: its size, its head, and the hash that it has inside. 32 bytes of hash stand behind a head
# of 12; the hash is over what follows it.
check_object() {
    readable "$1"
    [ "$(($(wc -c < "$1")))" -eq "$3" ] || fail "$1 has not the size of the file that this script was made for"
    [ "$(od -A n -v -t x1 -N 12 "$1" | tr -d ' \n')" = "$2" ] || fail "$1 goes to another place, or is of another kind"
    [ "$(tail -c +45 "$1" | digest)" = "$(od -A n -v -t x1 -j 12 -N 32 "$1" | tr -d ' \n')" ] || fail "$1 is damaged"
}
"#;

pub(super) fn script(script: &Script) -> Result<String, ProvisionError> {
    let mut text = String::new();
    head(&mut text, script)?;
    text.push_str(PRELUDE);
    text.push('\n');
    variables(&mut text, script);
    text.push_str("\n# The files, before anything is written to the board.\n");
    for check in &script.checks {
        file_check(&mut text, check)?;
    }
    text.push('\n');
    if script.final_state == FinalState::Closed {
        way_back(&mut text, script)?;
    }
    if !script.sample_keys.is_empty() {
        sample_keys(&mut text, script);
    }
    if script.final_state == FinalState::Locked {
        lock_consent(&mut text);
    }
    for item in &script.items {
        write_item(&mut text, item)?;
    }
    let done = match script.final_state {
        FinalState::Closed => {
            "Every command was done. Compare the life cycle that the mailbox named: it must be CLOSED."
        }
        FinalState::Locked => {
            "Every command was done. A LOCKED board need not answer its mailbox; its application is the last proof."
        }
    };
    line(&mut text, &format!("printf '\\n%s\\n' {}", quoted(done)?));
    Ok(text)
}

fn line(text: &mut String, line: &str) {
    // Writing to a string can't fail.
    _ = writeln!(text, "{line}");
}

fn head(text: &mut String, script: &Script) -> Result<(), ProvisionError> {
    line(text, FIRST_LINE);
    line(text, &format!("# {} to {} by STM32CubeProgrammer.", comment(&script.project)?, script.final_state));
    line(text, &format!("{MADE_BY}{} from plan {}", env!("CARGO_PKG_VERSION"), script.plan));
    line(text, &format!("# for the board profile {}.", comment(&script.profile)?));
    line(text, "#");
    line(
        text,
        "# The commands and their order are those of ST's scripts. Tried with a stand-in for the tool only, on no board.",
    );
    line(text, "# Take from the environment:");
    line(text, "#   CLI              STM32_Programmer_CLI, with its path");
    line(text, "#   UART             port of the board's console: /dev/ttyACM0, COM19 …");
    line(text, "#   EXTERNAL_LOADER  the tool's loader for the NOR, with its path");
    if script.final_state == FinalState::Closed {
        line(
            text,
            "# First time on a kind of board: run it with the argument way-back, which tries a regression and ends in OPEN.",
        );
    }
    line(text, "");
    Ok(())
}

fn variables(text: &mut String, script: &Script) {
    line(text, "CLI=${CLI:-STM32_Programmer_CLI}");
    line(
        text,
        "CLI_PATH=$(command -v \"$CLI\") || fail \"there is no $CLI; set CLI to the path of STM32_Programmer_CLI\"",
    );
    match script.external_loader {
        Some(name) => {
            line(
                text,
                &format!("EXTERNAL_LOADER=${{EXTERNAL_LOADER:-$(dirname \"$CLI_PATH\")/ExternalLoader/{name}}}"),
            );
        }
        None => line(text, "EXTERNAL_LOADER=${EXTERNAL_LOADER:-}"),
    }
    line(text, "UART=${UART:-}");
    line(text, "mode=${1:-}");
    let modes = match script.final_state {
        FinalState::Closed => "'' | way-back) ;;",
        FinalState::Locked => "'') ;;",
    };
    line(text, "case \"$mode\" in");
    line(text, &format!("    {modes}"));
    line(text, "    *) printf 'usage: %s [way-back]\\n' \"$0\" >&2; exit 2 ;;");
    line(text, "esac");
    line(text, "if [ \"$mode\" != way-back ]; then");
    line(
        text,
        "    [ -n \"$UART\" ] || fail \"set UART to the port of the board's console: the external flash is written over it\"",
    );
    line(text, "    [ -f \"$EXTERNAL_LOADER\" ] || fail \"set EXTERNAL_LOADER to the tool's loader for the NOR\"");
    line(text, "fi");
}

fn file_check(text: &mut String, check: &FileCheck) -> Result<(), ProvisionError> {
    match check {
        FileCheck::There(path) => line(text, &format!("readable {}", quoted_path(path)?)),
        FileCheck::Whole { path, sha256 } => line(text, &format!("check_whole {} {sha256}", quoted_path(path)?)),
        FileCheck::Object { path, head, size, public } => {
            let path = quoted_path(path)?;
            line(text, &format!("check_object {path} {head} {size}"));
            if let Some(public) = public {
                let spans: Vec<String> = public
                    .spans
                    .iter()
                    .map(|span| format!("tail -c +{} {path} | head -c {};", span.start + 1, span.len()))
                    .collect();
                line(text, &format!("[ \"$({{ {} }} | digest)\" = {} ] \\", spans.join(" "), public.sha256));
                line(
                    text,
                    &format!(
                        "    || fail {path}' has another configuration than the one that this script was made for'"
                    ),
                );
            }
        }
    }
    Ok(())
}

fn way_back(text: &mut String, script: &Script) -> Result<(), ProvisionError> {
    line(text, "if [ \"$mode\" = way-back ]; then");
    let mut body = String::new();
    for item in &script.way_back {
        write_item(&mut body, item)?;
    }
    body.lines().for_each(|inner| line(text, &format!("    {inner}")));
    line(text, "    printf '\\n%s\\n' 'The regression was done. Read the product state: it must be OPEN.'");
    line(text, "    exit 0");
    line(text, "fi");
    line(text, "");
    Ok(())
}

fn sample_keys(text: &mut String, script: &Script) {
    let names = script.sample_keys.join(", ");
    let told = format!("SAMPLE keys, which everybody has, would go into this board: {names}");
    line(text, &format!("printf '%s\\n' {}", quoted_text(&told)));
    line(text, "printf 'Type SAMPLE to go on: '");
    line(text, "read -r answer || fail 'nobody answered'");
    line(text, "[ \"$answer\" = SAMPLE ] || fail 'nothing was written'");
    line(text, "");
}

/// The identifier is read from the board that is connected, and compared with what a person types from elsewhere.
fn lock_consent(text: &mut String) {
    line(text, "# LOCKED is for ever: a person names the board, and the board says whether it is the one.");
    line(text, "uid_file=$(mktemp) || fail 'no room for a temporary file'");
    line(text, "trap 'rm -f \"$uid_file\" \"$uid_file.bin\"' EXIT");
    let read = format!("-r {:#010x} {} \"$uid_file.bin\"", UID.start, UID.size);
    line(text, &format!("cube {} {} {read}", quoted_text("read the identifier"), connection(Connection::HotPlug)));
    line(text, "uid=$(od -A n -v -t x1 \"$uid_file.bin\" | tr -d ' \\n')");
    line(text, "[ ${#uid} -eq 24 ] || fail 'the identifier could not be read'");
    line(text, "printf '\\n%s\\n' 'This board would be LOCKED: no debug, no regression, by nobody, for ever.'");
    line(text, "printf 'Type the last eight digits of its UID, as the studio shows it, to go on: '");
    line(text, "read -r answer || fail 'nobody answered'");
    line(text, "answer=$(printf '%s' \"$answer\" | tr 'A-F' 'a-f')");
    line(
        text,
        "[ \"$answer\" = \"${uid:16:8}\" ] || fail 'these are not the digits of this board; nothing was written'",
    );
    line(text, "");
}

fn write_item(text: &mut String, item: &Item) -> Result<(), ProvisionError> {
    match item {
        Item::Tell(told) => line(text, &format!("printf '\\n%s\\n' {}", quoted_text(told))),
        Item::AskForWayBack => ask_for_way_back(text),
        Item::Run { title, connection: by, words, status } => {
            let runner = match status {
                Status::Done => "cube",
                Status::Unproved | Status::Told => "cube_unproved",
                Status::Refused => "cube_refused",
            };
            let mut command = format!("{runner} {} {}", quoted_text(title), connection(*by));
            for word in words {
                command.push(' ');
                match word {
                    Word::Plain(plain) => command.push_str(&quoted_text(plain)),
                    Word::File(path) => command.push_str(&quoted_path(path)?),
                    Word::Named(name, path) => {
                        command.push_str(name);
                        command.push_str(&quoted_path(path)?);
                    }
                }
            }
            line(text, &command);
        }
    }
    Ok(())
}

const fn connection(connection: Connection) -> &'static str {
    match connection {
        Connection::HotPlug => "-c port=SWD speed=fast ap=1 mode=Hotplug",
        Connection::UnderReset => "-c port=SWD speed=fast ap=1 mode=UR",
        Connection::Mailbox => "-c port=SWD",
        Connection::Uart => "-c \"port=$UART\" br=921600 -elbl \"$EXTERNAL_LOADER\"",
    }
}

fn ask_for_way_back(text: &mut String) {
    line(
        text,
        "printf '\\n%s\\n' 'STOP. Before CLOSED the way back must be known to work; this tool does not prove it without using it.'",
    );
    line(
        text,
        "printf '%s\\n' 'Did the mailbox answer just now, and did this very board, with these very files, come back to OPEN by'",
    );
    line(text, "printf '%s\\n' \"  bash $0 way-back\"");
    line(text, "printf '%s\\n' 'If not: stop here, run that, then start this script again. Nothing is lost by it.'");
    line(text, "printf 'Type CAME BACK to go on: '");
    line(text, "read -r answer || fail 'nobody answered'");
    line(
        text,
        "[ \"$answer\" = 'CAME BACK' ] || fail 'the board stands in PROVISIONING; run the way back, then start again'",
    );
}

/// As [`quoted_text`], for words from outside: none may bring a line of its own.
fn quoted(word: &str) -> Result<String, ProvisionError> {
    if word.chars().any(char::is_control) {
        return Err(refused(format!("“{}” has a control character", word.escape_debug())));
    }
    Ok(quoted_text(word))
}

fn quoted_path(path: &Path) -> Result<String, ProvisionError> {
    match path.to_str() {
        Some(text) => quoted(text),
        None => Err(refused(format!("{} is no text that a script could hold", path.display()))),
    }
}

fn comment(text: &str) -> Result<&str, ProvisionError> {
    quoted(text).map(|_| text)
}

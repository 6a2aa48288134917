//! `stirot-studio debug`: what a board's ROM says of itself, and what a credential lets do: open debug, shut it, send the
//! board back to OPEN.

mod credential;
mod report;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use formats::{DebugCredential, ObkFile};
use provision::{
    Answer, Attempt, BoardAddress, DebugAct, DebugLevel, DebugRecord, Discovery, Link, Patience, Prompt,
    ProvisionError, RunFolder, SiliconOptions,
};
use serde_json::json;

use super::output::{self, Output};
use super::{Failure, say, say_json, tell};
use credential::{CredentialArguments, Found};

/// What to do through a board's mailbox.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask a board what it is: identity, state, what a credential may do here (the board is reset)
    #[command(after_help = "A board in OPEN serves no mailbox and doesn't answer. Nothing on the board is changed.")]
    Discover {
        /// The board
        #[command(flatten)]
        board: BoardArguments,
        /// Try longer: other timings of reset and request in turn, with power cycles between the rounds
        #[arg(long)]
        patient: bool,
    },
    /// Open debug on a closed board from a level on, by certificate, and halt the core there
    #[command(
        after_help = "The credential is the project's (--project), or the one in the files, or what the wallet has \
                            for the board's identifier.\nDebug stays open over resets and ends with the power or `debug \
                            close`. A virtual board's power ends with the command.\nNothing that survives power is \
                            changed."
    )]
    Open {
        /// The board
        #[command(flatten)]
        board: BoardArguments,
        /// The credential
        #[command(flatten)]
        credential: CredentialArguments,
        /// Hide protection level: 1 the root of trust, 2 what the root of trust starts, 3 the loader and, of two boot stages, the application
        #[arg(long, value_parser = level, default_value = "2")]
        level: DebugLevel,
        /// Leave the core halted
        #[arg(long)]
        stay_halted: bool,
    },
    /// Shut debug that a credential opened
    Close {
        /// The board
        #[command(flatten)]
        board: BoardArguments,
    },
    /// Send a board back to OPEN by its credential: erases user flash, RAM and every stored object
    #[command(after_help = ERASES)]
    Regress {
        /// The board
        #[command(flatten)]
        board: BoardArguments,
        /// The credential
        #[command(flatten)]
        credential: CredentialArguments,
    },
}

/// What a regression does, for the help and before it is done.
const ERASES: &str = "A full regression erases user flash, RAM and every object that the chip stores (debug \
                      authentication, configuration and data of each boot stage), raises EPOCH and sets the product state to OPEN. \
                      External flash is not erased, and what the chip encrypted there can't be read any more. OTP stays.\n\
                      In PROVISIONING the board needs the credential's object first: it is stored from the project, from \
                      --object or from the wallet when the board has none that fits.";

/// Which board, and where its record goes.
#[derive(Debug, Args)]
pub struct BoardArguments {
    /// A virtual board's file, `probe`, or `probe:SERIAL`
    #[arg(long, value_name = "BOARD")]
    board: String,
    /// Write the record, with every exchange, to this new file instead of into the board's folder
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

fn level(text: &str) -> Result<DebugLevel, String> {
    let number = text.parse().ok().and_then(DebugLevel::from_number);
    number.ok_or_else(|| "1, 2 or 3 is expected".to_owned())
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Discover { board, patient } => discover(&board, patient),
        Command::Open { board, credential, level, stay_halted } => open(&board, &credential, level, stay_halted),
        Command::Close { board } => close(&board),
        Command::Regress { board, credential } => regress(&board, &credential),
    }
}

/// An open board with its arguments.
struct Desk<'a> {
    arguments: &'a BoardArguments,
    address: BoardAddress,
    link: Link,
}

impl<'a> Desk<'a> {
    fn at(arguments: &'a BoardArguments) -> Result<Self, Failure> {
        let address: BoardAddress = arguments.board.parse()?;
        if let Some(path) = &arguments.transcript {
            output::require_free(Output::Record, path)?;
        }
        let link = Link::open(&address, &SiliconOptions::default())?;
        Ok(Self { arguments, address, link })
    }

    /// Does an act, keeps its record, and gives its result and the record's place.
    fn act<R>(
        &mut self,
        act: DebugAct,
        credential: Option<&DebugCredential>,
        done: impl FnOnce(&mut Link) -> Result<R, ProvisionError>,
        told: impl FnOnce(&R) -> (String, Option<[u8; 12]>),
    ) -> Result<(R, PathBuf), Failure> {
        let (result, record) = DebugRecord::of(&mut self.link, act, credential, done, told);
        let kept = self.keep(&record);
        match result {
            Ok(result) => match kept {
                Ok(path) => Ok((result, path)),
                Err(error) => Err(Failure::new(format!("it was done, but not its record: {error}")).help(error.help())),
            },
            // The failure counts, not that its record could not be kept; where it was, it says more.
            Err(error) => {
                if let Ok(path) = kept {
                    tell(format!("record: {}", path.display()));
                }
                Err(error.into())
            }
        }
    }

    fn keep(&self, record: &DebugRecord) -> Result<PathBuf, ProvisionError> {
        match &self.arguments.transcript {
            Some(path) => record.write(path).map(|()| path.clone()),
            None => record.save(&RunFolder::for_board(&self.address)),
        }
    }
}

fn discover(arguments: &BoardArguments, patient: bool) -> Result<(), Failure> {
    let mut desk = Desk::at(arguments)?;
    let act = |link: &mut Link| if patient { discover_patiently(link) } else { Ok((link.discover()?, Vec::new())) };
    let told = |(discovery, _): &(Discovery, Vec<Attempt>)| (report::sentence(discovery), discovery.uid());
    let ((discovery, attempts), record) = desk.act(DebugAct::Discover, None, act, told)?;
    if arguments.json {
        return say_json(&json!({
            "board": desk.address.to_string(),
            "discovery": report::json(&discovery),
            "attempts": attempts,
            "record": record.to_string_lossy(),
        }));
    }
    report::table(&discovery);
    if attempts.len() > 1 {
        say(format!("it answered at attempt {}", attempts.len()));
    }
    say(format!("record: {}", record.display()));
    Ok(())
}

fn discover_patiently(link: &mut Link) -> Result<(Discovery, Vec<Attempt>), ProvisionError> {
    link.discover_patiently(&Patience::default(), &mut |prompt| match prompt {
        Prompt::Trying { number, connecting } => {
            tell(format!("{number:>3}  {connecting}"));
            Answer::GoOn
        }
        Prompt::PowerCycle { number, count } => {
            tell(format!(
                "take the board's power away and give it back ({number} of {count}), then press Enter; Ctrl-D stops"
            ));
            let mut line = String::new();
            match std::io::stdin().read_line(&mut line) {
                Ok(read) if read > 0 => Answer::GoOn,
                Ok(_) | Err(_) => Answer::Stop,
            }
        }
    })
}

fn open(
    arguments: &BoardArguments,
    credential: &CredentialArguments,
    level: DebugLevel,
    stay_halted: bool,
) -> Result<(), Failure> {
    let mut desk = Desk::at(arguments)?;
    let Found { credential, from, .. } = credential.find(&mut desk.link)?;
    tell(format!("with {from}"));
    let act = |link: &mut Link| {
        let opened = link.open_debug(&credential, level)?;
        if !stay_halted {
            link.resume()?;
        }
        Ok(opened)
    };
    let (opened, record) = desk.act(DebugAct::Open, Some(&credential), act, |opened| {
        (format!("debug is open at {level}: the core was halted there"), opened.discovery.uid())
    })?;
    if arguments.json {
        return say_json(&json!({
            "board": desk.address.to_string(),
            "level": level.number(),
            "hdpl": opened.core.hdpl,
            "permissions": opened.permissions.to_string(),
            "registers": opened.core.registers,
            "halted": stay_halted,
            "seconds": opened.seconds,
            "record": record.to_string_lossy(),
        }));
    }
    say(format!("debug is open at {level}, by the permission “{}”", opened.permissions));
    report::core(&opened.core);
    say(if stay_halted { "the core stays halted" } else { "the core runs on" });
    say(format!("record: {}", record.display()));
    Ok(())
}

fn close(arguments: &BoardArguments) -> Result<(), Failure> {
    let mut desk = Desk::at(arguments)?;
    let (shut, record) = desk.act(DebugAct::Close, None, Link::close_debug, |shut| {
        ("debug is shut: access port 1 refuses".into(), shut.discovery.uid())
    })?;
    if arguments.json {
        return say_json(&json!({
            "board": desk.address.to_string(), "shut": true, "acknowledged": shut.acknowledged, "record": record.to_string_lossy(),
        }));
    }
    say("debug is shut: access port 1 refuses");
    say(format!("record: {}", record.display()));
    Ok(())
}

fn regress(arguments: &BoardArguments, credential: &CredentialArguments) -> Result<(), Failure> {
    let mut desk = Desk::at(arguments)?;
    let Found { credential, object, from } = credential.find(&mut desk.link)?;
    tell(format!("with {from}"));
    tell(
        "erases user flash, RAM and every stored object; external flash stays, and can't be read any more where it was encrypted",
    );
    let object: Option<ObkFile> = object;
    let (regressed, record) = desk.act(
        DebugAct::Regress,
        Some(&credential),
        |link| link.regress(&credential, object.as_ref()),
        |regressed| ("the board is in OPEN, its user flash erased".into(), regressed.uid),
    )?;
    if arguments.json {
        return say_json(&json!({
            "board": desk.address.to_string(),
            "uid": regressed.uid.map(report::hex),
            "from": regressed.from.name(),
            "product_state": regressed.survey.product_state.map(chip::ProductState::name),
            "stored_object": regressed.stored_object,
            "epoch": { "before": regressed.epoch.0, "after": regressed.epoch.1 },
            "disturbed": regressed.disturbed,
            "seconds": regressed.seconds,
            "record": record.to_string_lossy(),
        }));
    }
    if regressed.stored_object {
        say("its debug-authentication object was stored first");
    }
    if let Some(disturbed) = &regressed.disturbed {
        say(format!("a word of the answer was lost ({disturbed}); the board went back all the same"));
    }
    let epoch =
        regressed.epoch.0.map_or_else(String::new, |before| format!(", EPOCH {before} to {}", regressed.epoch.1));
    say(format!(
        "{} went from {} to OPEN in {:.2} s: option bytes read back, user flash erased{epoch}",
        desk.address,
        regressed.from.name(),
        regressed.seconds
    ));
    say(format!("record: {}", record.display()));
    Ok(())
}

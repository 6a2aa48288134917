//! `stirot-studio board`: make a virtual board, read a board, reset it, listen to its console.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Subcommand;
use provision::{BoardAddress, BoardProfile, Link, SiliconOptions, VirtualBoard, VirtualOptions};

use super::{Failure, say, say_json, tell};
use crate::model::Reading;
use crate::sheets;

/// What to do with a board.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a virtual board: a blank STM32H7S78-DK in OPEN, as one file
    New {
        /// File to make; an existing file is never overwritten
        board: PathBuf,
        /// Make identity and root key from this number instead of at random, for runs that can be repeated
        #[arg(long, value_name = "NUMBER")]
        seed: Option<u64>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Measure where a board stands: state, identity, option bytes (a closed board is reset to ask it)
    Show {
        /// A virtual board's file, `probe`, or `probe:SERIAL`
        board: String,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Pulse NRST
    Reset {
        /// A virtual board's file, `probe`, or `probe:SERIAL`
        board: String,
    },
    /// Power a virtual board on and print its UART until it is quiet
    Console {
        /// A virtual board's file
        board: PathBuf,
        /// Listen this long instead
        #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
        duration: Option<Duration>,
        /// Send this text once the board is quiet; \r and \n are understood
        #[arg(long, value_name = "TEXT")]
        send: Option<String>,
    },
}

fn seconds(text: &str) -> Result<Duration, String> {
    let value: f64 = text.parse().map_err(|_| "a number of seconds is expected".to_owned())?;
    Duration::try_from_secs_f64(value).map_err(|error| error.to_string())
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::New { board, seed, json } => new(&board, seed, json),
        Command::Show { board, json } => show(&board.parse()?, json),
        Command::Reset { board } => reset(&board.parse()?),
        Command::Console { board, duration, send } => console(&board, duration, send.as_deref()),
    }
}

fn new(path: &std::path::Path, seed: Option<u64>, json: bool) -> Result<(), Failure> {
    let board = VirtualBoard::create(path, seed)?;
    let address = BoardAddress::Virtual(board.path().to_owned());
    let reading = measure(&address)?;
    board.power_off()?;
    if json {
        return print_json(&address, &reading);
    }
    say(format!("{} is a new virtual board in {}", path.display(), sheets::state_name(reading.state)));
    Ok(())
}

fn measure(address: &BoardAddress) -> Result<Reading, Failure> {
    let mut link = Link::open(address, &SiliconOptions::default())?;
    let survey = link.survey()?;
    Ok(sheets::reading(&survey, &BoardProfile::discovery_kit()))
}

fn show(address: &BoardAddress, json: bool) -> Result<(), Failure> {
    let reading = measure(address)?;
    if json {
        return print_json(address, &reading);
    }
    let unread = || "not read".to_owned();
    let debug = reading.debug_open.map(|open| if open { "open" } else { "closed" }.to_owned());
    let facts = [
        ("board", Some(address.to_string())),
        ("product state", reading.state.map(|state| state.name().to_owned())),
        ("chip", reading.device.clone()),
        ("uid", reading.uid.clone()),
        ("hdpl", reading.hdpl.map(|level| level.to_string())),
        ("debug port", debug),
        ("supply", reading.supply.clone()),
    ];
    for (name, value) in facts {
        say(format!("{name:<14} {}", value.unwrap_or_else(unread)));
    }
    for (name, value) in discovered(&reading) {
        say(format!("{:<14} {value}", name.to_lowercase()));
    }
    if reading.option_bytes.is_empty() {
        say("option bytes   not read: the debug port doesn't reach them in this state");
    }
    for line in &reading.option_bytes {
        say(format!("{:<8} {:<15} {:<11} {}", line.register, line.field, line.value, line.meaning));
    }
    Ok(())
}

/// What the ROM said, name and value.
fn discovered(reading: &Reading) -> impl Iterator<Item = (&str, &str)> {
    let lines = reading.discovery.iter().flat_map(|discovery| &discovery.lines);
    lines.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
}

fn print_json(address: &BoardAddress, reading: &Reading) -> Result<(), Failure> {
    let options: Vec<_> = reading
        .option_bytes
        .iter()
        .map(|line| {
            serde_json::json!({
                "register": line.register, "field": line.field, "value": line.value, "meaning": line.meaning,
            })
        })
        .collect();
    let discovery: serde_json::Map<String, serde_json::Value> =
        discovered(reading).map(|(name, value)| (name.to_lowercase(), value.into())).collect();
    say_json(&serde_json::json!({
        "board": address.to_string(),
        "product_state": reading.state.map(|state| state.name()),
        "chip": reading.device,
        "uid": reading.uid,
        "hdpl": reading.hdpl,
        "debug_open": reading.debug_open,
        "supply": reading.supply,
        "discovery": discovery,
        "option_bytes": options,
    }))
}

fn reset(address: &BoardAddress) -> Result<(), Failure> {
    let mut link = Link::open(address, &SiliconOptions::default())?;
    link.reset_and_run()?;
    let state = link.survey()?.product_state;
    say(format!("{address} was reset and is in {}", sheets::state_name(state)));
    Ok(())
}

/// How long nothing must come before the board counts as quiet.
const QUIET: Duration = Duration::from_millis(400);
/// How long a board that never rests is listened to.
const LONGEST: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

fn console(path: &std::path::Path, duration: Option<Duration>, send: Option<&str>) -> Result<(), Failure> {
    let board = VirtualBoard::open(path, VirtualOptions::default())?;
    let mut heard = listen(&board, duration.filter(|_| send.is_none()));
    if let Some(text) = send {
        board.console_send(text.replace("\\r", "\r").replace("\\n", "\n").as_bytes());
        heard |= listen(&board, duration);
    }
    if !heard {
        tell("nothing was said");
    }
    board.power_off()?;
    Ok(())
}

/// Prints what the board says, for a time or until it rests and is quiet. Says whether anything came.
fn listen(board: &VirtualBoard, duration: Option<Duration>) -> bool {
    let began = Instant::now();
    let mut last = began;
    let mut heard = false;
    loop {
        let bytes = board.console_take();
        if !bytes.is_empty() {
            heard = true;
            last = Instant::now();
            let mut out = std::io::stdout().lock();
            // A reader that went away is no failure of the board.
            _ = out.write_all(&bytes).and_then(|()| out.flush());
        }
        let over = match duration {
            Some(duration) => began.elapsed() >= duration,
            None => (board.is_at_rest() && last.elapsed() >= QUIET) || began.elapsed() >= LONGEST,
        };
        if over {
            return heard;
        }
        std::thread::sleep(POLL);
    }
}

//! The window's jobs as commands. Results go to stdout, the way there to stderr; exit code 0 done, 1 refused or
//! failed, 2 wrong use.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::ThemeChoice;

mod board;
mod certificate;
mod check;
mod debug;
mod doctor;
mod failure;
mod image;
mod interruption;
mod keys;
mod lab;
mod obk;
mod opening;
mod output;
mod passphrases;
mod plan;
mod project_folder;
mod provision;
mod renewal;
mod stages;
mod update;
mod wallet;

pub use failure::Failure;

/// Provisions STM32H7S boards with ST's immutable root of trust, and rehearses every step on a virtual board.
#[derive(Debug, Parser)]
#[command(name = "stirot-studio", version, args_conflicts_with_subcommands = true)]
#[command(after_help = "Without a command the window opens. BOARD is a virtual board's file, or `probe`, or \
                        `probe:SERIAL`.\nExit code: 0 done, 1 refused or failed, 2 wrong use.\n\
                        Boards, records and settings live in the user's data folder; STIROT_STUDIO_DATA names another. \
                        STIROT_STUDIO_LOG=debug logs to stderr.")]
pub struct Arguments {
    /// What to do; the window when none.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// For the window.
    #[command(flatten)]
    pub window: WindowArguments,
}

/// What the window opens with.
#[derive(Debug, Clone, Default, Args)]
pub struct WindowArguments {
    /// Project folder to open (default: the one of last time, else the sample)
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Board to open (default: the one of last time, else the virtual board bench-1)
    #[arg(long, value_name = "BOARD")]
    pub board: Option<String>,
    /// Paint through this and nothing else
    #[arg(long, value_enum, env = "STIROT_STUDIO_RENDERER")]
    pub renderer: Option<RendererChoice>,
    /// Theme for this time and the next ones
    #[arg(long, value_enum)]
    pub theme: Option<ThemeArgument>,
}

/// What paints the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RendererChoice {
    /// OpenGL
    Glow,
    /// Vulkan, Metal, DirectX or OpenGL
    Wgpu,
}

/// A theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThemeArgument {
    /// As the desktop has it
    System,
    /// Dark
    Dark,
    /// Light
    Light,
}

impl From<ThemeArgument> for ThemeChoice {
    fn from(argument: ThemeArgument) -> Self {
        match argument {
            ThemeArgument::System => Self::System,
            ThemeArgument::Dark => Self::Dark,
            ThemeArgument::Light => Self::Light,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Provision a board with a project, or finish a run that broke off
    Provision(provision::Arguments),
    /// Send a closed board a new application or second stage over its console, and prove it by what boots
    Update(update::Arguments),
    /// Make, read, reset a board; listen to its console
    #[command(subcommand)]
    Board(board::Command),
    /// Show what a plan will do, or write it as commands of STM32CubeProgrammer
    #[command(subcommand)]
    Plan(plan::Command),
    /// Measure a board and say what may be the matter, the likeliest first; writes nothing to it
    Doctor(doctor::Arguments),
    /// Make a project folder
    #[command(subcommand)]
    Project(project_folder::Command),
    /// Check a project: every rule, and what belongs together
    Check(check::Arguments),
    /// Make, import, show and protect a project's keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Show, export and bring in the credentials that boards were closed with
    #[command(subcommand)]
    Wallet(wallet::Command),
    /// Make, join and show debug certificates; show password files
    #[command(subcommand)]
    Certificate(certificate::Command),
    /// Ask a board through its mailbox; open and shut debug, send it back to OPEN, by its credential
    #[command(subcommand)]
    Debug(debug::Command),
    /// Build and show the objects that the chip stores (.obk)
    #[command(subcommand)]
    Obk(obk::Command),
    /// Boot a copy of a virtual board and tell what each stage checked and decided; with tampering, too
    Lab(lab::Arguments),
    /// Build images, open any file, tell whether an image would boot
    #[command(subcommand)]
    Image(image::Command),
}

/// Runs a command to its end.
///
/// # Errors
/// What was refused or failed, with what to do.
pub fn run(command: Command) -> Result<(), Failure> {
    carry_out(command)?;
    match UNSAID.get() {
        None => Ok(()),
        Some(why) => Err(Failure::new(format!("stdout took no more: {why}"))
            .help("what was to be done is done; what stands there is cut short")),
    }
}

fn carry_out(command: Command) -> Result<(), Failure> {
    match command {
        Command::Provision(arguments) => provision::run(&arguments),
        Command::Update(arguments) => update::run(&arguments),
        Command::Board(command) => board::run(command),
        Command::Plan(command) => plan::run(command),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Project(command) => project_folder::run(command),
        Command::Check(arguments) => check::run(&arguments),
        Command::Keys(command) => keys::run(command),
        Command::Wallet(command) => wallet::run(command),
        Command::Certificate(command) => certificate::run(command),
        Command::Debug(command) => debug::run(command),
        Command::Obk(command) => obk::run(command),
        Command::Image(command) => image::run(command),
        Command::Lab(arguments) => lab::run(&arguments),
    }
}

/// Tells a person on stderr what went wrong.
pub fn complain(failure: &Failure) {
    // A report formats the diagnostic with colours where the terminal has them.
    let mut text = String::new();
    let handler = miette::GraphicalReportHandler::new_themed(if std::io::stderr().is_terminal() {
        miette::GraphicalTheme::unicode()
    } else {
        miette::GraphicalTheme::unicode_nocolor()
    });
    let told = handler.with_width(100).render_report(&mut text, failure);
    let text = if told.is_ok() { text } else { failure.to_string() };
    // Nobody can be told when stderr itself is shut.
    _ = writeln!(std::io::stderr(), "{}", text.trim_end());
}

/// Why stdout took no more. Told once, when the command has done its work.
static UNSAID: OnceLock<String> = OnceLock::new();

/// Writes a line to stdout. A reader that went away, as `head` does, is no failure.
fn say(line: impl std::fmt::Display) {
    let line = failure::printable_lines(&line.to_string());
    if let Err(error) = writeln!(std::io::stdout(), "{line}")
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        // The first reason is the one that counts.
        _ = UNSAID.set(error.to_string());
    }
}

/// Writes a line to stderr: the way there, not the result.
fn tell(line: impl std::fmt::Display) {
    _ = writeln!(std::io::stderr(), "{}", failure::printable_lines(&line.to_string()));
}

/// Text of a file's as a terminal may see it: what would move the cursor, colour the line or turn the writing round is
/// spelled out.
fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut printable, character| {
        if is_harmless(character) {
            printable.push(character);
        } else {
            printable.extend(character.escape_unicode());
        }
        printable
    })
}

/// Not a control character, and none that changes the direction of what follows.
const fn is_harmless(character: char) -> bool {
    !matches!(character, '\0'..='\x1F' | '\x7F'..='\u{9F}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}')
}

/// Writes a value as JSON to stdout. What a terminal would obey is escaped, as JSON allows inside of strings.
fn say_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::new(error.to_string()))?;
    let text = text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        // Outside of strings there are line ends and nothing else that has to be escaped.
        if character == '\n' || is_harmless(character) {
            escaped.push(character);
        } else {
            escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
        }
        escaped
    });
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new("the result could not be written to stdout").because(error))
        }
        _ => Ok(()),
    }
}

/// What a board's rules need to know of it, measured.
fn board_facts(address: &str) -> Result<::project::BoardFacts, Failure> {
    let address: ::provision::BoardAddress = address.parse()?;
    let mut link = ::provision::Link::open(&address, &::provision::SiliconOptions::default())?;
    Ok(crate::sheets::board_facts(&link.survey()?))
}

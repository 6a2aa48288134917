//! What was measured of a board: every measurement with its outcome, and the same as lines for people. Nothing is
//! measured or judged here.

use std::time::Duration;

use chip::ProductState;
use chip::option_bytes::DebugAuthentication;

use crate::Discovery;
use crate::link::DEVICE_ID;
use crate::option_bytes::OptionBytes;
use crate::record::hex;

/// How far an examination may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Reads only; NRST is not pulled, the core not stopped, no mailbox word taken or sent.
    #[default]
    Passive,
    /// Switches halting debug off, pulls NRST, asks the mailbox who it is. Nothing is stored; a running program starts
    /// anew.
    WithReset,
}

/// The outcome of one measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measurement<T> {
    /// It gave this.
    Measured(T),
    /// It was tried and gave nothing: why.
    Failed(String),
    /// It was not tried: why not.
    NotTried(String),
}

impl<T> Measurement<T> {
    /// The value, where there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Measured(value) => Some(value),
            Self::Failed(_) | Self::NotTried(_) => None,
        }
    }

    /// Why it gave nothing, when it was tried.
    pub fn failure(&self) -> Option<&str> {
        match self {
            Self::Failed(why) => Some(why),
            Self::Measured(_) | Self::NotTried(_) => None,
        }
    }
}

/// Which measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measured {
    /// The probes on this machine.
    Probes,
    /// Taking the probe.
    Probe,
    /// The voltage of the board.
    Voltage,
    /// The identity of the debug port.
    DebugPort,
    /// DBGMCU through access port 0.
    Dbgmcu,
    /// The flags of the mailbox.
    MailboxFlags,
    /// The core's access port.
    CorePort,
    /// The core's bus.
    Core,
    /// The product state by the option bytes.
    OptionBytes,
    /// The unique identifier.
    Uid,
    /// The hide protection level.
    Hdpl,
    /// What pulling NRST changes.
    Reset,
    /// Resets that nobody asked for.
    OwnResets,
    /// The mailbox's handshake.
    Handshake,
    /// The ROM's answer to discovery.
    Discovery,
}

impl Measured {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Probes => "probes",
            Self::Probe => "probe",
            Self::Voltage => "supply",
            Self::DebugPort => "debug port",
            Self::Dbgmcu => "access port 0",
            Self::MailboxFlags => "mailbox flags",
            Self::CorePort => "access port 1",
            Self::Core => "core",
            Self::OptionBytes => "option bytes",
            Self::Uid => "UID",
            Self::Hdpl => "HDPL",
            Self::Reset => "NRST",
            Self::OwnResets => "own resets",
            Self::Handshake => "handshake",
            Self::Discovery => "discovery",
        }
    }
}

/// A probe that was found on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSeen {
    /// Its name.
    pub name: String,
    /// Its serial number.
    pub serial: Option<String>,
    /// Whether this user may open it.
    pub permitted: bool,
}

/// DBGMCU as access port 0 shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dbgmcu {
    /// The base address at which it answered.
    pub base: u32,
    /// DBGMCU_IDCODE.
    pub identity: u32,
}

impl Dbgmcu {
    /// Whether it is a chip of this family.
    pub const fn is_ours(self) -> bool {
        self.identity & 0xFFF == DEVICE_ID
    }
}

/// The flags of the mailbox as they stood, untouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxFlags {
    /// A word of a host waits for the chip.
    pub host_word_waits: bool,
    /// A word of the chip waits for a host.
    pub chip_word_waits: bool,
}

/// The core's access port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorePort {
    /// Its CSW register.
    pub csw: u32,
    /// Whether it says that transfers are possible.
    pub enabled: bool,
}

/// What pulling NRST did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetEffect {
    /// The core says that it was reset.
    CoreWasReset,
    /// The ROM took a word out of the mailbox, which it does after a reset only.
    MailboxServed,
    /// Nothing that can be seen: neither.
    Nothing,
}

/// What came of the request word in the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// A word came back.
    Answered {
        /// The word.
        word: u32,
        /// How long after NRST rose.
        after: Duration,
    },
    /// The request was taken, and nothing came back.
    TakenOnly,
    /// The request was not even taken.
    Silent,
}

/// One try of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// How long NRST was held.
    pub pulse: Duration,
    /// What came of it.
    pub outcome: Handshake,
}

/// Everything that was measured of a board.
#[derive(Debug, Clone, PartialEq)]
pub struct Examination {
    /// The board, as it was addressed.
    pub board: String,
    /// How far it went.
    pub depth: Depth,
    /// The probes with a real board behind them; none for a virtual board, which needs none.
    pub probes: Measurement<Vec<ProbeSeen>>,
    /// Taking the probe: its name.
    pub probe: Measurement<String>,
    /// The voltage of the board, in volts.
    pub voltage: Measurement<f32>,
    /// The identity of the debug port (DPIDR).
    pub debug_port: Measurement<u32>,
    /// DBGMCU through access port 0.
    pub dbgmcu: Measurement<Dbgmcu>,
    /// The flags of the mailbox.
    pub mailbox_flags: Measurement<MailboxFlags>,
    /// The core's access port.
    pub core_port: Measurement<CorePort>,
    /// The core's identity (CPUID), read through its access port.
    pub core: Measurement<u32>,
    /// The option bytes.
    pub option_bytes: Measurement<OptionBytes>,
    /// The 96-bit identifier, as its bytes lie in memory.
    pub uid: Measurement<[u8; 12]>,
    /// The hide protection level, 0 to 3.
    pub hdpl: Measurement<u8>,
    /// What pulling NRST did.
    pub reset: Measurement<ResetEffect>,
    /// Resets in a third of a second that nobody asked for.
    pub own_resets: Measurement<u32>,
    /// The handshake, tried with several lengths of reset.
    pub handshake: Measurement<Vec<Attempt>>,
    /// What the ROM said of itself.
    pub discovery: Measurement<Discovery>,
}

/// One measurement for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which measurement.
    pub what: Measured,
    /// What it gave, or why it gave nothing.
    pub text: Measurement<String>,
}

impl Examination {
    /// Where the board stands: by its option bytes, else by what the ROM said.
    pub fn product_state(&self) -> Option<ProductState> {
        let read = self.option_bytes.value().map(OptionBytes::product_state);
        read.or_else(|| self.discovery.value().and_then(Discovery::product_state))
    }

    /// The identifier: read, else by what the ROM said.
    pub fn known_uid(&self) -> Option<[u8; 12]> {
        self.uid.value().copied().or_else(|| self.discovery.value().and_then(Discovery::uid))
    }

    /// The kind of credential that the option bytes promise; `None` when they can't be read.
    pub fn method(&self) -> Option<DebugAuthentication> {
        let rotsr = self.option_bytes.value()?.rotsr;
        DebugAuthentication::from_code((rotsr >> 8) as u8)
    }

    /// Every measurement, in the order in which they were made.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut line = |what, text| lines.push(Line { what, text });
        line(Measured::Probes, tell(&self.probes, |probes| probes_text(probes)));
        line(Measured::Probe, tell(&self.probe, Clone::clone));
        line(Measured::Voltage, tell(&self.voltage, |volts| format!("{volts:.2} V")));
        line(Measured::DebugPort, tell(&self.debug_port, |identity| format!("answers as {identity:#010x}")));
        line(
            Measured::Dbgmcu,
            tell(&self.dbgmcu, |unit| format!("DBGMCU at {:#010x} reads {:#010x}", unit.base, unit.identity)),
        );
        line(Measured::MailboxFlags, tell(&self.mailbox_flags, |flags| flags_text(*flags).into()));
        line(
            Measured::CorePort,
            tell(&self.core_port, |port| {
                format!("CSW {:#010x}, {}", port.csw, if port.enabled { "open" } else { "shut" })
            }),
        );
        line(Measured::Core, tell(&self.core, |cpuid| format!("answers as {cpuid:#010x}")));
        line(Measured::OptionBytes, tell(&self.option_bytes, option_bytes_text));
        line(Measured::Uid, tell(&self.uid, |uid| hex(uid)));
        line(Measured::Hdpl, tell(&self.hdpl, u8::to_string));
        line(Measured::Reset, tell(&self.reset, |effect| reset_text(*effect).into()));
        line(Measured::OwnResets, tell(&self.own_resets, u32::to_string));
        line(Measured::Handshake, tell(&self.handshake, |attempts| attempts_text(attempts)));
        line(Measured::Discovery, tell(&self.discovery, discovery_text));
        lines
    }
}

fn tell<T>(measurement: &Measurement<T>, text: impl FnOnce(&T) -> String) -> Measurement<String> {
    match measurement {
        Measurement::Measured(value) => Measurement::Measured(text(value)),
        Measurement::Failed(why) => Measurement::Failed(why.clone()),
        Measurement::NotTried(why) => Measurement::NotTried(why.clone()),
    }
}

fn probes_text(probes: &[ProbeSeen]) -> String {
    if probes.is_empty() {
        return "none".into();
    }
    let each = probes.iter().map(|probe| {
        let serial = probe.serial.as_deref().unwrap_or("no serial number");
        let permitted = if probe.permitted { "" } else { ", not permitted to this user" };
        format!("{} ({serial}{permitted})", probe.name)
    });
    each.collect::<Vec<_>>().join(", ")
}

const fn flags_text(flags: MailboxFlags) -> &'static str {
    match (flags.host_word_waits, flags.chip_word_waits) {
        (false, false) => "empty both ways",
        (true, false) => "a word of a host waits for the chip",
        (false, true) => "a word of the chip waits for a host",
        (true, true) => "words wait both ways",
    }
}

fn option_bytes_text(options: &OptionBytes) -> String {
    let method = match DebugAuthentication::from_code((options.rotsr >> 8) as u8) {
        Some(DebugAuthentication::None) => "none",
        Some(DebugAuthentication::Certificate) => "certificate",
        Some(DebugAuthentication::Password) => "password",
        Some(DebugAuthentication::Locked) => "locked",
        None => "unknown code",
    };
    format!(
        "{}, debug authentication {method}, IROT_SELECT {:#04X}, WRP {:#04X}, EPOCH {}",
        options.product_state(),
        options.irot_select(),
        options.wrpsr & 0xFF,
        options.epochsr & 0x00FF_FFFF,
    )
}

const fn reset_text(effect: ResetEffect) -> &'static str {
    match effect {
        ResetEffect::CoreWasReset => "resets the core",
        ResetEffect::MailboxServed => "resets the chip: the ROM took the word from the mailbox",
        ResetEffect::Nothing => "pulled, nothing changed that can be seen",
    }
}

fn attempts_text(attempts: &[Attempt]) -> String {
    let each = attempts.iter().map(|attempt| {
        let outcome = match attempt.outcome {
            Handshake::Answered { word, after } => format!("{word:#010x} after {:.1} ms", after.as_secs_f64() * 1e3),
            Handshake::TakenOnly => "taken, not answered".into(),
            Handshake::Silent => "not taken".into(),
        };
        format!("{} ms reset: {outcome}", attempt.pulse.as_millis())
    });
    each.collect::<Vec<_>>().join("; ")
}

fn discovery_text(discovery: &Discovery) -> String {
    let state = match (discovery.product_state(), discovery.lifecycle()) {
        (Some(state), _) => state.name().to_owned(),
        (None, Some(code)) => format!("unknown life cycle {code:#x}"),
        (None, None) => "no life cycle named".to_owned(),
    };
    let integrity = match discovery.integrity() {
        Some(true) => "objects intact",
        Some(false) => "objects NOT intact",
        None => "integrity not told",
    };
    let uid = discovery.uid().map_or_else(|| "no identifier".to_owned(), |uid| format!("UID {}", hex(&uid)));
    format!("{state}, {integrity}, {uid}")
}

//! The measuring: one question after the other, from the cable inwards, each with its own outcome. Every wait ends.
//!
//! Passive means: reads through the debug port that have no effect. A session with the core would set debug bits, so
//! there is none; the mailbox's own word is not read, as that would take it away.

use std::thread;
use std::time::{Duration, Instant};

use chip::ProductState;
use chip::mailbox::{self, DBG_AUTH_ACK, DBG_AUTH_DEV, DBG_AUTH_HOST, DEV_ACK, HOST_ACK};
use probe_rs::architecture::arm::ArmDebugInterface;
use probe_rs::architecture::arm::dp::{DpAddress, DpRegisterAddress};
use probe_rs::architecture::arm::sequences::DefaultArmSequence;
use probe_rs::architecture::arm::{ArmError, FullyQualifiedApAddress};
use probe_rs::probe::list::{Accessibility, Lister};

use super::{
    Attempt, CorePort, Dbgmcu, Depth, Examination, Handshake, MailboxFlags, Measurement, ProbeSeen, ResetEffect,
};
use crate::Discovery;
use crate::boards::{self, BoardAddress};
use crate::debug_authentication::level_of;
use crate::link::{AP0, AP1, CSW, CSW_DEVICE_ENABLED, DHCSR, DHCSR_WAS_RESET, Link, chain, let_core_go};
use crate::option_bytes::OptionBytes;
use crate::silicon_options::SiliconOptions;

/// The register of the debug port that names it (ADIv5).
const DPIDR: DpRegisterAddress = DpRegisterAddress { address: 0, bank: None };
/// The core's identity (Armv7-M).
const CPUID: u64 = 0xE000_ED00;
/// Lengths of reset that the handshake is tried with: users report boards that answer in a narrow window only.
const PULSES: [Duration; 3] = [Duration::from_millis(10), Duration::from_millis(50), Duration::from_millis(200)];
/// How long the answer to the request may take: the ROM answers within a millisecond where it answers.
const ANSWER_TIME: Duration = Duration::from_millis(500);
/// How long the core is watched for resets that nobody asked for.
const WATCH_TIME: Duration = Duration::from_millis(300);
const POLL: Duration = Duration::from_millis(2);

/// Measures a board. Nothing is stored on it. Opening a virtual board that is off powers it on.
///
/// Never fails as a whole: what can't be measured says why. It takes a few seconds at most.
pub fn examine(address: &BoardAddress, options: &SiliconOptions, depth: Depth) -> Examination {
    let mut examination = blank(address, depth);
    examination.probes = probes(address);
    let mut link = match Link::open(address, options) {
        Ok(link) => link,
        Err(error) => {
            examination.probe = Measurement::Failed(error.to_string());
            return examination;
        }
    };
    let Some(mut interface) = reach(&link, &mut examination) else { return examination };
    through_port_0(&mut *interface, options, &mut examination);
    through_port_1(&mut *interface, options, &mut examination);
    match depth {
        Depth::Passive => {}
        Depth::WithReset => with_reset(&mut link, interface, address, options, &mut examination),
    }
    examination
}

/// Nothing measured yet, and why.
fn blank(address: &BoardAddress, depth: Depth) -> Examination {
    fn unreached<T>(what: &str) -> Measurement<T> {
        Measurement::NotTried(format!("{what} was not reached"))
    }
    fn asked_for<T>(depth: Depth) -> Measurement<T> {
        match depth {
            Depth::Passive => Measurement::NotTried("it needs a reset, which was not asked for".into()),
            Depth::WithReset => unreached("the board"),
        }
    }
    Examination {
        board: address.to_string(),
        depth,
        probes: unreached("the list of probes"),
        probe: unreached("a probe"),
        voltage: unreached("the probe"),
        debug_port: unreached("the probe"),
        dbgmcu: unreached("the debug port"),
        mailbox_flags: unreached("the mailbox"),
        core_port: unreached("the debug port"),
        core: unreached("the core"),
        option_bytes: unreached("the core"),
        uid: unreached("the core"),
        hdpl: unreached("the core"),
        reset: asked_for(depth),
        own_resets: asked_for(depth),
        handshake: asked_for(depth),
        discovery: asked_for(depth),
    }
}

fn probes(address: &BoardAddress) -> Measurement<Vec<ProbeSeen>> {
    if let BoardAddress::Virtual(_) = address {
        return Measurement::NotTried("a virtual board has its own probe".into());
    }
    let found = Lister::new().list_all_with_access().into_iter().filter(|item| boards::is_real(&item.info));
    let seen = found.map(|item| ProbeSeen {
        name: item.info.identifier,
        serial: item.info.serial_number,
        permitted: item.accessibility == Accessibility::Accessible,
    });
    Measurement::Measured(seen.collect())
}

fn because(error: &dyn std::error::Error) -> String {
    chain(error)
}

/// From the probe to the debug port.
fn reach(link: &Link, examination: &mut Examination) -> Option<Box<dyn ArmDebugInterface>> {
    let mut probe = match link.probe() {
        Ok(probe) => probe,
        Err(error) => {
            examination.probe = Measurement::Failed(error.to_string());
            return None;
        }
    };
    examination.probe = Measurement::Measured(probe.get_name());
    examination.voltage = match probe.get_target_voltage() {
        Ok(Some(volts)) => Measurement::Measured(volts),
        Ok(None) => Measurement::NotTried("this probe measures no voltage".into()),
        Err(error) => Measurement::Failed(because(&error)),
    };
    let reached = probe.attach_to_unspecified().map_err(|error| because(&error)).and_then(|()| {
        let mut interface =
            probe.try_into_arm_debug_interface(DefaultArmSequence::create()).map_err(|(_, error)| because(&error))?;
        interface.select_debug_port(DpAddress::Default).map_err(|error| because(&error))?;
        let identity = interface.read_raw_dp_register(DpAddress::Default, DPIDR).map_err(|error| because(&error))?;
        Ok((interface, identity))
    });
    match reached {
        Ok((interface, identity)) => {
            examination.debug_port = Measurement::Measured(identity);
            Some(interface)
        }
        Err(why) => {
            examination.debug_port = Measurement::Failed(why);
            None
        }
    }
}

fn read(interface: &mut dyn ArmDebugInterface, port: &FullyQualifiedApAddress, address: u64) -> Result<u32, ArmError> {
    interface.memory_interface(port)?.read_word_32(address)
}

fn through_port_0(interface: &mut dyn ArmDebugInterface, options: &SiliconOptions, examination: &mut Examination) {
    let mut silent = Vec::new();
    let mut answered = Vec::new();
    for base in &options.mailbox_bases {
        match read(interface, &AP0, u64::from(*base)) {
            Ok(identity) => answered.push(Dbgmcu { base: *base, identity }),
            Err(error) => silent.push(format!("{base:#010x}: {}", because(&error))),
        }
    }
    let found = answered.iter().find(|unit| unit.is_ours()).or(answered.first()).copied();
    let Some(unit) = found else {
        examination.dbgmcu = Measurement::Failed(silent.join("; "));
        return;
    };
    examination.dbgmcu = Measurement::Measured(unit);
    examination.mailbox_flags = if unit.is_ours() {
        match read(interface, &AP0, u64::from(unit.base + DBG_AUTH_ACK)) {
            Ok(flags) => Measurement::Measured(MailboxFlags {
                host_word_waits: flags & HOST_ACK != 0,
                chip_word_waits: flags & DEV_ACK != 0,
            }),
            Err(error) => Measurement::Failed(because(&error)),
        }
    } else {
        Measurement::NotTried("it is another chip".into())
    };
}

fn through_port_1(interface: &mut dyn ArmDebugInterface, options: &SiliconOptions, examination: &mut Examination) {
    let port = core_port(interface, options);
    let enabled = port.value().is_some_and(|port| port.enabled);
    examination.core_port = port;
    if !enabled {
        let shut = || "access port 1 is shut".to_owned();
        examination.core = Measurement::NotTried(shut());
        examination.option_bytes = Measurement::NotTried(shut());
        examination.uid = Measurement::NotTried(shut());
        examination.hdpl = Measurement::NotTried(shut());
        return;
    }
    examination.core = from(read(interface, &AP1, CPUID));
    if examination.core.value().is_none() {
        return;
    }
    let ours = examination.dbgmcu.value().is_none_or(|unit| unit.is_ours());
    if !ours {
        examination.option_bytes = Measurement::NotTried("it is another chip".into());
        return;
    }
    examination.option_bytes = from(OptionBytes::read(|address| read(interface, &AP1, u64::from(address))));
    let mut uid = [0; 12];
    let words =
        (chip::memory_map::UID.start..).step_by(4).zip(uid.as_chunks_mut::<4>().0).try_for_each(|(at, word)| {
            *word = read(interface, &AP1, u64::from(at))?.to_le_bytes();
            Ok::<(), ArmError>(())
        });
    examination.uid = from(words.map(|()| uid));
    let level = read(interface, &AP1, u64::from(chip::registers::SBS + chip::security::SBS_HDPLSR));
    examination.hdpl = match level {
        Ok(word) => match level_of(word) {
            Some(level) => Measurement::Measured(level),
            None => Measurement::Failed(format!("the register holds {word:#010x}, which names no level")),
        },
        Err(error) => Measurement::Failed(because(&error)),
    };
}

fn from<T>(result: Result<T, ArmError>) -> Measurement<T> {
    match result {
        Ok(value) => Measurement::Measured(value),
        Err(error) => Measurement::Failed(because(&error)),
    }
}

/// A board that was just reset gets its time to open the port.
fn core_port(interface: &mut dyn ArmDebugInterface, options: &SiliconOptions) -> Measurement<CorePort> {
    let start = Instant::now();
    loop {
        let csw = match interface.read_raw_ap_register(&AP1, CSW) {
            Ok(csw) => csw,
            Err(error) => return Measurement::Failed(because(&error)),
        };
        let enabled = csw & CSW_DEVICE_ENABLED != 0;
        if enabled || start.elapsed() >= options.open_settle {
            return Measurement::Measured(CorePort { csw, enabled });
        }
        thread::sleep(POLL);
    }
}

/// What needs a reset: its effect, the handshake, discovery.
fn with_reset(
    link: &mut Link,
    mut interface: Box<dyn ArmDebugInterface>,
    address: &BoardAddress,
    options: &SiliconOptions,
    examination: &mut Examination,
) {
    if examination.core.value().is_some() {
        // A debugger that went away may have left a reset catch behind: the ROM would halt before it serves the mailbox.
        if let Err(error) = let_core_go(&mut *interface) {
            examination.core = Measurement::Failed(because(&error));
        }
        examination.reset = core_reset(link, &mut *interface, options);
        examination.own_resets = own_resets(&mut *interface);
    } else {
        examination.own_resets = Measurement::NotTried("the core can't be seen".into());
    }
    let base = match examination.dbgmcu.value() {
        Some(unit) if unit.is_ours() => unit.base,
        _ => {
            let why = || "there is no mailbox to talk to".to_owned();
            examination.handshake = Measurement::NotTried(why());
            examination.discovery = Measurement::NotTried(why());
            if examination.core.value().is_none() {
                examination.reset = Measurement::NotTried("nothing is in reach that could show its effect".into());
            }
            return;
        }
    };
    if examination.product_state() == Some(ProductState::Open) {
        let why = || "in OPEN the ROM doesn't listen, and a word left there would trouble a later start".to_owned();
        examination.handshake = Measurement::NotTried(why());
        examination.discovery = Measurement::NotTried(why());
        return;
    }
    let attempts = handshakes(&mut *interface, base, address, options);
    if examination.core.value().is_none() {
        examination.reset = match &attempts {
            Measurement::Measured(attempts) if attempts.iter().any(|attempt| attempt.outcome != Handshake::Silent) => {
                Measurement::Measured(ResetEffect::MailboxServed)
            }
            Measurement::Measured(_) => Measurement::Measured(ResetEffect::Nothing),
            Measurement::Failed(why) => Measurement::Failed(why.clone()),
            Measurement::NotTried(why) => Measurement::NotTried(why.clone()),
        };
    }
    // The probe is needed again.
    drop(interface);
    examination.discovery = discovery(address, options, &attempts);
    examination.handshake = attempts;
    // Whatever the ROM was left waiting for: the board starts as it would by itself.
    if examination.discovery.value().is_none()
        && let Err(error) = link.reset_and_run()
    {
        log_failure(examination, &error.to_string());
    }
}

fn log_failure(examination: &mut Examination, why: &str) {
    if let Measurement::Failed(text) = &mut examination.discovery {
        text.push_str(&format!("; the reset afterwards: {why}"));
    }
}

/// Pulls NRST and asks the core whether it was reset.
fn core_reset(
    link: &Link,
    interface: &mut dyn ArmDebugInterface,
    options: &SiliconOptions,
) -> Measurement<ResetEffect> {
    // The first read clears what earlier resets left.
    if let Err(error) = read(interface, &AP1, DHCSR) {
        return Measurement::Failed(because(&error));
    }
    if let Err(error) = link.pulse_reset(interface, |_| Ok(())) {
        return Measurement::Failed(error.to_string());
    }
    match core_port(interface, options) {
        Measurement::Measured(CorePort { enabled: true, .. }) => {}
        // It was open and is shut now: nothing but a reset does that.
        Measurement::Measured(CorePort { enabled: false, .. }) => {
            return Measurement::Measured(ResetEffect::CoreWasReset);
        }
        Measurement::Failed(why) | Measurement::NotTried(why) => return Measurement::Failed(why),
    }
    match read(interface, &AP1, DHCSR) {
        Ok(status) if status & DHCSR_WAS_RESET != 0 => Measurement::Measured(ResetEffect::CoreWasReset),
        Ok(_) => Measurement::Measured(ResetEffect::Nothing),
        Err(error) => Measurement::Failed(because(&error)),
    }
}

/// Counts resets that nobody asked for. A port that is shut for a moment is what a reset looks like, too, and is
/// counted when it opens again.
fn own_resets(interface: &mut dyn ArmDebugInterface) -> Measurement<u32> {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < WATCH_TIME {
        if read(interface, &AP1, DHCSR).is_ok_and(|status| status & DHCSR_WAS_RESET != 0) {
            count += 1;
        }
        thread::sleep(POLL);
    }
    Measurement::Measured(count)
}

fn handshakes(
    interface: &mut dyn ArmDebugInterface,
    base: u32,
    address: &BoardAddress,
    options: &SiliconOptions,
) -> Measurement<Vec<Attempt>> {
    let mut attempts = Vec::new();
    for pulse in PULSES {
        let timed = SiliconOptions { reset_pulse: pulse, ..options.clone() };
        // A second link to the same board, for its length of reset.
        let outcome = Link::open(address, &timed)
            .map_err(|error| error.to_string())
            .and_then(|link| handshake(&link, interface, base));
        match outcome {
            Ok(outcome) => attempts.push(Attempt { pulse, outcome }),
            Err(why) => return Measurement::Failed(why),
        }
    }
    if attempts.iter().all(|attempt| attempt.outcome == Handshake::Silent) {
        // A request that nobody took must not be found by a later start.
        if let Err(error) = write(interface, base + DBG_AUTH_HOST, 0) {
            return Measurement::Failed(because(&error));
        }
    }
    Measurement::Measured(attempts)
}

fn write(interface: &mut dyn ArmDebugInterface, address: u32, word: u32) -> Result<(), ArmError> {
    let mut memory = interface.memory_interface(&AP0)?;
    memory.write_word_32(u64::from(address), word)?;
    memory.flush()
}

fn handshake(link: &Link, interface: &mut dyn ArmDebugInterface, base: u32) -> Result<Handshake, String> {
    let told = |error: ArmError| because(&error);
    // What an earlier session left would be taken for the answer.
    if read(interface, &AP0, u64::from(base + DBG_AUTH_ACK)).map_err(told)? & DEV_ACK != 0 {
        read(interface, &AP0, u64::from(base + DBG_AUTH_DEV)).map_err(told)?;
    }
    link.pulse_reset(interface, |interface| {
        write(interface, base + DBG_AUTH_HOST, mailbox::REQUEST_MAGIC)
            .map_err(|error| crate::link::broken("writing the mailbox", &error))
    })
    .map_err(|error| error.to_string())?;
    let start = Instant::now();
    let mut taken = false;
    while start.elapsed() < ANSWER_TIME {
        let flags = read(interface, &AP0, u64::from(base + DBG_AUTH_ACK)).map_err(told)?;
        taken |= flags & HOST_ACK == 0;
        if flags & DEV_ACK != 0 {
            let after = start.elapsed();
            let word = read(interface, &AP0, u64::from(base + DBG_AUTH_DEV)).map_err(told)?;
            return Ok(Handshake::Answered { word, after });
        }
        thread::sleep(POLL);
    }
    Ok(if taken { Handshake::TakenOnly } else { Handshake::Silent })
}

/// Discovery with the length of reset that the handshake answered to.
fn discovery(
    address: &BoardAddress,
    options: &SiliconOptions,
    attempts: &Measurement<Vec<Attempt>>,
) -> Measurement<Discovery> {
    let attempts = match attempts {
        Measurement::Measured(attempts) => attempts,
        Measurement::Failed(_) | Measurement::NotTried(_) => {
            return Measurement::NotTried("the handshake could not be tried".into());
        }
    };
    let answered = attempts.iter().find(|attempt| matches!(attempt.outcome, Handshake::Answered { .. }));
    let Some(answered) = answered else {
        return Measurement::NotTried("the mailbox did not answer the handshake".into());
    };
    let timed = SiliconOptions { reset_pulse: answered.pulse, ..options.clone() };
    match Link::open(address, &timed).and_then(|mut link| link.discover()) {
        Ok(discovery) => Measurement::Measured(discovery),
        Err(error) => Measurement::Failed(error.to_string()),
    }
}

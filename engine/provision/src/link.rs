//! An open connection to a board, real or virtual, through unmodified probe-rs: attach, halt, read, write, reset, and
//! what the board says of itself. It decides nothing about what should be done to a board.
//!
//! Only calls that an ST-LINK offers too are used: `Probe`, `Session`, `Core`, flashing, and the Arm debug interface's
//! access-port registers, memory and pins. A board whose core is out of reach is spoken to through access port 0.

use std::error::Error;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use chip::ProductState;
use probe_rs::architecture::arm::dp::DpAddress;
use probe_rs::architecture::arm::sequences::DefaultArmSequence;
use probe_rs::architecture::arm::{ArmDebugInterface, ArmError, FullyQualifiedApAddress};
use probe_rs::config::Registry;
use probe_rs::probe::list::Lister;
use probe_rs::probe::{DebugProbeSelector, Probe};
use probe_rs::{Core, MemoryInterface, Permissions, Session};

use crate::bench::{VirtualBoard, VirtualOptions};
use crate::boards::{self, BoardAddress};
use crate::debug_authentication::{Discovery, Memory, level_of};
use crate::error::ProvisionError;
use crate::option_bytes::OptionBytes;
use crate::silicon_options::SiliconOptions;
use crate::virtual_probe;

/// The chip as probe-rs names it.
const CHIP: &str = "STM32H7S7L8";
/// Access port 0: DBGMCU and its mailbox.
pub(crate) const AP0: FullyQualifiedApAddress = FullyQualifiedApAddress::v1_with_default_dp(0);
/// Access port 1: the core.
pub(crate) const AP1: FullyQualifiedApAddress = FullyQualifiedApAddress::v1_with_default_dp(1);
/// CSW of an access port, and the bit in it that says that transfers are possible.
pub(crate) const CSW: u64 = 0;
pub(crate) const CSW_DEVICE_ENABLED: u32 = 1 << 6;
/// NRST in the masks of the probe's pin call.
pub(crate) const PIN_NRESET: u32 = 1 << 7;
/// How long the core may take to halt.
const HALT_TIMEOUT: Duration = Duration::from_millis(500);
/// Debug halting control, and the key that a write needs (Armv7-M).
pub(crate) const DHCSR: u64 = 0xE000_EDF0;
pub(crate) const DHCSR_KEY: u32 = 0xA05F_0000;
/// DHCSR: the core is halted.
pub(crate) const DHCSR_HALTED: u32 = 1 << 17;
/// DHCSR: the core was reset since this bit was last read.
pub(crate) const DHCSR_WAS_RESET: u32 = 1 << 25;
/// Debug exception control: vector catches.
pub(crate) const DEMCR: u64 = 0xE000_EDFC;
/// In it, the catch of a reset.
pub(crate) const DEMCR_CATCH_RESET: u32 = 1;
/// DBGMCU as the core's access port sees it.
const DBGMCU_ON_AP1: u32 = 0xE00E_1000;
/// The device number of the STM32H7R/S (CMSIS).
pub const DEVICE_ID: u32 = 0x485;

/// The chips that probe-rs knows, unpacked once for all links: it takes longer than attaching.
static CHIPS: LazyLock<Registry> = LazyLock::new(Registry::from_builtin_families);

/// An open board.
pub struct Link {
    address: BoardAddress,
    virtual_board: Option<VirtualBoard>,
    selector: DebugProbeSelector,
    options: SiliconOptions,
    session: Option<Session>,
    /// A session had the core since debug was last switched off in it.
    core_held: bool,
    /// What was exchanged with the board's ROM, and how it was reached.
    pub(crate) memory: Memory,
}

/// What a board says of itself. What could not be read is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// The board, as it was opened.
    pub board: String,
    /// Where it stands: from the option bytes while the core is in reach, else from discovery.
    pub product_state: Option<ProductState>,
    /// The 96-bit unique identifier, as its bytes lie in memory.
    pub uid: Option<[u8; 12]>,
    /// DBGMCU_IDCODE: device number in bits 11:0, revision in bits 31:16.
    pub device: Option<u32>,
    /// The hide protection level the core is at.
    pub hdpl: Option<u8>,
    /// Whether the core's access port transfers.
    pub core_in_reach: bool,
    /// The option bytes.
    pub option_bytes: Option<OptionBytes>,
    /// What the ROM said through the mailbox.
    pub discovery: Option<Discovery>,
    /// The voltage that the probe measures, in volts.
    pub voltage: Option<f32>,
}

/// The text of an error with all its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        // Some layers repeat the text of the one below.
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    text
}

/// The link broke while `action` was done.
pub(crate) fn broken(action: &str, error: &dyn Error) -> ProvisionError {
    ProvisionError::Link { action: action.to_owned(), reason: chain(error) }
}

/// Switches halting debug off. probe-rs leaves it on in this family when a session ends, and no reset clears it: the
/// core would halt again where the ROM opens debug, and the mailbox never be served.
pub(crate) fn let_core_go(interface: &mut dyn ArmDebugInterface) -> Result<(), ArmError> {
    let mut memory = interface.memory_interface(&AP1)?;
    memory.write_word_32(DEMCR, 0)?;
    memory.write_word_32(DHCSR, DHCSR_KEY)?;
    memory.flush()
}

impl Link {
    /// Opens a board: powers a virtual one on, finds the probe of a real one. Nothing is written to the board, and the
    /// core isn't touched before a call needs it.
    ///
    /// # Errors
    /// As [`VirtualBoard::open`]; no probe, or not this one, or several and none named.
    pub fn open(board: &BoardAddress, options: &SiliconOptions) -> Result<Self, ProvisionError> {
        match board {
            BoardAddress::Virtual(path) => {
                let virtual_board = VirtualBoard::open(path, VirtualOptions::default())?;
                Ok(Self::to_virtual_board(&virtual_board, options))
            }
            BoardAddress::Probe { serial } => {
                let found = Lister::new().list_all().into_iter().filter(|info| {
                    boards::is_real(info) && serial.as_ref().is_none_or(|s| info.serial_number.as_ref() == Some(s))
                });
                let found: Vec<_> = found.collect();
                let info = match found.as_slice() {
                    [] => return Err(ProvisionError::NoProbe { serial: serial.clone() }),
                    [info] => info,
                    several => {
                        let serials = several.iter().map(|info| info.serial_number.as_deref().unwrap_or("?"));
                        let serials: Vec<_> = serials.collect();
                        return Err(ProvisionError::BoardAddress {
                            text: board.to_string(),
                            reason: format!("there are several probes; name one of {}", serials.join(", ")),
                        });
                    }
                };
                Ok(Self {
                    address: board.clone(),
                    virtual_board: None,
                    selector: DebugProbeSelector::from(info),
                    options: options.clone(),
                    session: None,
                    core_held: false,
                    memory: Memory::default(),
                })
            }
        }
    }

    /// A link to a virtual board that is already powered on.
    pub fn to_virtual_board(board: &VirtualBoard, options: &SiliconOptions) -> Self {
        Self {
            address: BoardAddress::Virtual(board.path().to_owned()),
            virtual_board: Some(board.clone()),
            selector: virtual_probe::selector(board),
            options: options.clone(),
            session: None,
            core_held: false,
            memory: Memory::default(),
        }
    }

    /// The board, as it was opened.
    pub fn address(&self) -> &BoardAddress {
        &self.address
    }

    /// The virtual board behind the link, if it is one.
    pub fn virtual_board(&self) -> Option<&VirtualBoard> {
        self.virtual_board.as_ref()
    }

    /// The silicon options of this link.
    pub fn options(&self) -> &SiliconOptions {
        &self.options
    }

    /// How long the mailbox may take for one word, from now on.
    pub(crate) fn set_mailbox_timeout(&mut self, limit: Duration) {
        self.options.mailbox_timeout = limit;
    }

    /// Lets the probe go. The next call that needs the board takes it again.
    pub fn disconnect(&mut self) {
        self.session = None;
    }

    fn cannot_connect(&self, error: &dyn Error) -> ProvisionError {
        ProvisionError::Connect { board: self.address.to_string(), reason: chain(error) }
    }

    pub(crate) fn probe(&self) -> Result<Probe, ProvisionError> {
        virtual_probe::register();
        Lister::new().open(self.selector.clone()).map_err(|error| self.cannot_connect(&error))
    }

    /// The debug interface without a core: for access port 0, and for boards whose core is shut. An open session is
    /// given up first.
    pub(crate) fn interface(&mut self) -> Result<Box<dyn ArmDebugInterface>, ProvisionError> {
        self.session = None;
        let mut probe = self.probe()?;
        probe.attach_to_unspecified().map_err(|error| self.cannot_connect(&error))?;
        let mut interface = probe
            .try_into_arm_debug_interface(DefaultArmSequence::create())
            .map_err(|(_, error)| self.cannot_connect(&error))?;
        interface.select_debug_port(DpAddress::Default).map_err(|error| self.cannot_connect(&error))?;
        if std::mem::take(&mut self.core_held) {
            // A shut port has nothing to let go, and says so with a fault.
            drop(let_core_go(&mut *interface));
        }
        Ok(interface)
    }

    /// Whether the core can be reached. A board that was just reset gets [`SiliconOptions::open_settle`] to open.
    ///
    /// # Errors
    /// When the probe or the debug port doesn't answer.
    pub fn core_in_reach(&mut self) -> Result<bool, ProvisionError> {
        if self.session.is_some() {
            return Ok(true);
        }
        let mut interface = self.interface()?;
        self.wait_for_core_port(&mut *interface)
    }

    fn wait_for_core_port(&self, interface: &mut dyn ArmDebugInterface) -> Result<bool, ProvisionError> {
        let start = Instant::now();
        loop {
            let csw =
                interface.read_raw_ap_register(&AP1, CSW).map_err(|error| broken("reading access port 1", &error))?;
            if csw & CSW_DEVICE_ENABLED != 0 {
                return Ok(true);
            }
            if start.elapsed() >= self.options.open_settle {
                return Ok(false);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The session with the core, attached when there is none.
    pub(crate) fn session(&mut self, action: &str) -> Result<&mut Session, ProvisionError> {
        if self.session.is_none() {
            let mut interface = self.interface()?;
            if !self.wait_for_core_port(&mut *interface)? {
                return Err(ProvisionError::PortShut { action: action.to_owned() });
            }
            let session = interface
                .close()
                .attach_with_registry(CHIP, Permissions::new(), &CHIPS)
                .map_err(|error| self.cannot_connect(&error))?;
            self.session = Some(session);
            self.core_held = true;
        }
        self.session
            .as_mut()
            .ok_or_else(|| ProvisionError::Internal { what: "a session that was just attached is gone".into() })
    }

    pub(crate) fn core(&mut self, action: &str) -> Result<Core<'_>, ProvisionError> {
        self.session(action)?.core(0).map_err(|error| broken(action, &error))
    }

    /// Resets the chip and halts the core where the ROM opens debug, before any other code runs.
    ///
    /// # Errors
    /// [`ProvisionError::PortShut`] on a board that stays shut; link errors.
    pub fn halt_through_reset(&mut self) -> Result<(), ProvisionError> {
        let action = "halting the core through a reset";
        self.core(action)?.reset_and_halt(HALT_TIMEOUT).map_err(|error| broken(action, &error))?;
        Ok(())
    }

    /// Resets the chip, lets it run, and lets the probe go.
    ///
    /// # Errors
    /// Link errors.
    pub fn reset_and_run(&mut self) -> Result<(), ProvisionError> {
        let action = "resetting the board";
        let mut interface = self.interface()?;
        self.pulse_reset(&mut *interface, |_| Ok(())).map_err(|error| match error {
            ProvisionError::Link { reason, .. } => ProvisionError::Link { action: action.into(), reason },
            other => other,
        })
    }

    /// Pulls NRST, does `meanwhile`, and lets NRST go whatever that gave.
    pub(crate) fn pulse_reset(
        &self,
        interface: &mut dyn ArmDebugInterface,
        meanwhile: impl FnOnce(&mut dyn ArmDebugInterface) -> Result<(), ProvisionError>,
    ) -> Result<(), ProvisionError> {
        let action = "driving NRST";
        interface.swj_pins(0, PIN_NRESET, 0).map_err(|error| broken(action, &error))?;
        thread::sleep(self.options.reset_pulse);
        let done = meanwhile(interface);
        let released = interface.swj_pins(PIN_NRESET, PIN_NRESET, 0).map_err(|error| broken(action, &error));
        done?;
        released?;
        Ok(())
    }

    /// Reads memory through the core's access port.
    ///
    /// # Errors
    /// A bus error names the span; the link goes on working after it.
    pub fn read(&mut self, address: u32, out: &mut [u8]) -> Result<(), ProvisionError> {
        let action = format!("reading {} bytes at {address:#010x}", out.len());
        self.core(&action)?.read(u64::from(address), out).map_err(|error| broken(&action, &error))
    }

    /// Writes memory through the core's access port. Flash cells are written by [`Link::flash`]. For this crate alone:
    /// whoever writes any register can change the product state.
    ///
    /// # Errors
    /// As [`Link::read`].
    pub(crate) fn write(&mut self, address: u32, data: &[u8]) -> Result<(), ProvisionError> {
        let action = format!("writing {} bytes at {address:#010x}", data.len());
        self.core(&action)?.write(u64::from(address), data).map_err(|error| broken(&action, &error))
    }

    /// Reads one aligned word.
    ///
    /// # Errors
    /// As [`Link::read`].
    pub fn read_word(&mut self, address: u32) -> Result<u32, ProvisionError> {
        let action = format!("reading {address:#010x}");
        self.core(&action)?.read_word_32(u64::from(address)).map_err(|error| broken(&action, &error))
    }

    /// Writes one aligned word.
    ///
    /// # Errors
    /// As [`Link::read`].
    pub(crate) fn write_word(&mut self, address: u32, value: u32) -> Result<(), ProvisionError> {
        let action = format!("writing {address:#010x}");
        self.core(&action)?.write_word_32(u64::from(address), value).map_err(|error| broken(&action, &error))
    }

    /// Measures where the board stands. A board whose core is in reach is read through it, without a reset; a shut one
    /// is reset and asked through the mailbox. What doesn't answer stays `None`.
    ///
    /// # Errors
    /// Only when the probe or the debug port doesn't answer at all.
    pub fn survey(&mut self) -> Result<Survey, ProvisionError> {
        let mut survey = Survey {
            board: self.address.to_string(),
            product_state: None,
            uid: None,
            device: None,
            hdpl: None,
            core_in_reach: false,
            option_bytes: None,
            discovery: None,
            voltage: None,
        };
        if self.session.is_none() {
            survey.voltage = self.probe()?.get_target_voltage().ok().flatten();
        }
        survey.core_in_reach = self.core_in_reach()?;
        if survey.core_in_reach {
            let option_bytes = self.option_bytes()?;
            survey.product_state = Some(option_bytes.product_state());
            survey.option_bytes = Some(option_bytes);
            let mut uid = [0; 12];
            self.read(chip::memory_map::UID.start, &mut uid)?;
            survey.uid = Some(uid);
            survey.device = Some(self.read_word(DBGMCU_ON_AP1)?);
            let level = self.read_word(chip::registers::SBS + chip::security::SBS_HDPLSR)?;
            survey.hdpl = level_of(level);
        } else if let Ok(discovery) = self.discover() {
            // A shut board that doesn't answer is no error here: the survey says that nothing could be read.
            survey.product_state = discovery.product_state();
            survey.uid = discovery.uid();
            survey.device = discovery.device;
            survey.discovery = Some(discovery);
        }
        if survey.voltage.is_none() {
            survey.voltage = self.supply();
        }
        Ok(survey)
    }

    /// The voltage that the probe measures, in volts; `None` while a session holds the probe, or when it can't measure.
    pub fn supply(&self) -> Option<f32> {
        if self.session.is_some() {
            return None;
        }
        self.probe().ok()?.get_target_voltage().ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halted() -> (Link, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let board = VirtualBoard::create(&folder.path().join("bench.board"), Some(1)).unwrap();
        let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
        link.halt_through_reset().unwrap();
        (link, folder)
    }

    #[test]
    fn a_bus_fault_is_an_error_and_the_next_access_works() {
        let (mut link, _folder) = halted();
        assert!(matches!(link.read_word(0x3F00_0000), Err(ProvisionError::Link { .. })));
        link.write_word(0x2000_0100, 0xCAFE_F00D).unwrap();
        assert_eq!(link.read_word(0x2000_0100).unwrap(), 0xCAFE_F00D);
    }

    #[test]
    fn memory_is_read_and_written_at_every_alignment() {
        let (mut link, _folder) = halted();
        let data: Vec<u8> = (0..3000_u32).map(|n| (n * n / 7) as u8).collect();
        for offset in 0..4 {
            link.write(0x2400_0000 + offset, &data).unwrap();
            let mut found = vec![0; data.len()];
            link.read(0x2400_0000 + offset, &mut found).unwrap();
            assert!(found == data, "at offset {offset}");
        }
    }
}

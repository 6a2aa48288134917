//! Calls into RSSLIB on the halted core, and what became of them: accepted, refused, or unknown.
//!
//! On success the setters don't return, they end in a reset. So a call is made with a breakpoint on the return address
//! and a reset catch armed: the breakpoint means refused, the catch accepted, neither means that the chip must be
//! asked. A buffer that held an object is overwritten and read back, whatever became of the call.

use std::thread;
use std::time::{Duration, Instant};

use chip::ProductState;
use chip::memory_map::{SYSTEM_FLASH, UID};
use chip::option_bytes as ob;
use chip::registers::FLASH;
use chip::rsslib;
use probe_rs::{Core, MemoryInterface, RegisterId};
use zeroize::Zeroizing;

use crate::capability::{Climb, Sendable};
use crate::error::ProvisionError;
use crate::link::{DEMCR, DEMCR_CATCH_RESET, DHCSR, DHCSR_HALTED, DHCSR_WAS_RESET, Link, broken};
use crate::record::hex;

const DHCSR_LOCKED_UP: u32 = 1 << 19;
/// xPSR with nothing but the Thumb bit.
const XPSR_THUMB: u32 = 1 << 24;
const XPSR: RegisterId = RegisterId(16);
/// CONTROL, FAULTMASK, BASEPRI and PRIMASK in one: all zero is privileged, on the main stack, nothing masked.
const SPECIAL: RegisterId = RegisterId(20);
/// Two times `b .`: what lies at the return address, should the breakpoint on it miss.
const LOOP_FOREVER: u32 = 0xE7FE_E7FE;
const POLL: Duration = Duration::from_millis(1);

/// What became of a call that stores something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RssOutcome {
    /// The chip reset itself, and the status that it keeps is `status`: [`rsslib::SUCCESS`] when all went well.
    Accepted {
        /// GetRssStatus after the reset.
        status: u32,
    },
    /// The function came back.
    Refused {
        /// What it returned.
        status: u32,
    },
    /// The chip gave no sign in time, or shut the core's port: it must be asked otherwise.
    Unknown,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallEnd {
    Returned(u32),
    Reset,
    Gone,
}

impl Link {
    /// SetSecOB: sets the bits `mask` of one of [`rsslib::SET_SEC_OB_ADDRESSES`] to `value << position`. Of the word that
    /// selects the root of trust only that selection may be set: its other bits are a climb to CLOSED in disguise.
    ///
    /// # Errors
    /// [`ProvisionError::Internal`] for those other bits and for another address; link errors. A refusal is an outcome, not an error.
    pub fn set_sec_ob(
        &mut self,
        address: u32,
        mask: u32,
        value: u32,
        position: u32,
    ) -> Result<RssOutcome, ProvisionError> {
        if !rsslib::SET_SEC_OB_ADDRESSES.contains(&address) {
            return Err(ProvisionError::Internal {
                what: format!("{address:#010x} reached the link, and is no option word that SetSecOB is for"),
            });
        }
        if address == FLASH + ob::ROTSRP && mask & !(0xFF << ob::IROT_SELECT_SHIFT) != 0 {
            return Err(ProvisionError::Internal {
                what: format!(
                    "{mask:#010x} of the root-of-trust word reached the link: product state and method are no option"
                ),
            });
        }
        self.halt_through_reset()?;
        self.call_setter("SetSecOB", rsslib::SET_SEC_OB, &[address, mask, value, position])
    }

    /// SetProductState. Beyond PROVISIONING the core's port stays shut, so that the outcome is always
    /// [`RssOutcome::Unknown`] when all went well: discovery tells.
    ///
    /// # Errors
    /// [`ProvisionError::OtherBoard`] when the climb was permitted for another board; link errors.
    pub fn set_product_state(&mut self, climb: Climb) -> Result<RssOutcome, ProvisionError> {
        let code = climb.state().rsslib_code().ok_or_else(|| ProvisionError::Internal {
            what: format!("{} has no code that RSSLIB takes", climb.state()),
        })?;
        self.halt_through_reset()?;
        self.require_board(climb.board())?;
        self.call_setter("SetProductState", rsslib::SET_PRODUCT_STATE, &[code])
    }

    /// GetProductState, as the ROM sees it.
    ///
    /// # Errors
    /// Link errors; [`ProvisionError::RssUnknown`] when the function doesn't come back.
    pub fn rss_product_state(&mut self) -> Result<Option<ProductState>, ProvisionError> {
        self.halt_through_reset()?;
        match self.call("GetProductState", rsslib::GET_PRODUCT_STATE, &[])? {
            CallEnd::Returned(code) => Ok(ProductState::from_rsslib_code(code)),
            CallEnd::Reset | CallEnd::Gone => Err(ProvisionError::RssUnknown { call: "GetProductState".into() }),
        }
    }

    /// DataProvisioning: sends one object. Its bytes in the chip's RAM are overwritten and read back afterwards.
    ///
    /// # Errors
    /// An object that doesn't fit the chip; [`ProvisionError::OtherBoard`] for one that is for another board;
    /// [`ProvisionError::SecretInMemory`] when its bytes can't be wiped; link
    /// errors. A refusal is an outcome, not an error.
    pub fn data_provisioning(&mut self, object: Sendable<'_>) -> Result<RssOutcome, ProvisionError> {
        let obk = object.obk();
        let size = u32::try_from(obk.body.len()).unwrap_or(u32::MAX);
        if !obk.destination.fits(size) {
            return Err(ProvisionError::Internal {
                what: format!("an object of {size} bytes for {:#010x} reached the link", obk.destination.0),
            });
        }
        self.halt_through_reset()?;
        self.require_board(object.board())?;
        let call = format!("DataProvisioning {:#010x}", obk.destination.0);
        let source = self.options().data_buffer;
        let structure = [source, obk.destination.0, size, obk.encryption.word()];
        let checksum = self.options().checksum.compute(&obk.body, structure);

        let mut buffer = Zeroizing::new(obk.body.to_vec());
        let padded = buffer.len().next_multiple_of(4);
        buffer.resize(padded, 0);
        let structure_offset = buffer.len();
        for word in structure.into_iter().chain([checksum]) {
            buffer.extend_from_slice(&word.to_le_bytes());
        }
        let structure_address = source + u32::try_from(structure_offset).unwrap_or(u32::MAX);

        let outcome = self
            .write(source, &buffer)
            .and_then(|()| self.call_setter(&call, rsslib::DATA_PROVISIONING, &[structure_address]));
        let wiped = self.wipe(source, buffer.len());
        let outcome = outcome?;
        wiped?;
        Ok(outcome)
    }

    /// Compares the chip's own identifier with the one that something was permitted for, if it was for one alone.
    pub(crate) fn require_board(&mut self, permitted: Option<[u8; 12]>) -> Result<(), ProvisionError> {
        let Some(permitted) = permitted else { return Ok(()) };
        let mut found = [0; 12];
        self.read(UID.start, &mut found)?;
        if found == permitted {
            return Ok(());
        }
        Err(ProvisionError::OtherBoard { permitted: hex(&permitted), found: hex(&found) })
    }

    /// Overwrites a buffer in the chip's RAM and reads it back. When the core is out of control it is first halted
    /// through a reset, which RAM survives.
    fn wipe(&mut self, address: u32, size: usize) -> Result<(), ProvisionError> {
        let held = ProvisionError::SecretInMemory { secret: "the buffer of an object".into(), address };
        let zeros = vec![0; size];
        let mut found = Zeroizing::new(vec![0xFF; size]);
        let overwrite = |link: &mut Self, found: &mut [u8]| {
            link.write(address, &zeros)?;
            link.read(address, found)
        };
        if overwrite(self, &mut found).is_err() {
            self.halt_through_reset()?;
            overwrite(self, &mut found)?;
        }
        if found.iter().any(|byte| *byte != 0) { Err(held) } else { Ok(()) }
    }

    /// Calls a setter on the core, which is halted after a reset, and finds out what became of it.
    fn call_setter(&mut self, name: &str, slot: u32, arguments: &[u32]) -> Result<RssOutcome, ProvisionError> {
        match self.call(name, slot, arguments)? {
            CallEnd::Returned(status) => Ok(RssOutcome::Refused { status }),
            CallEnd::Gone => Ok(RssOutcome::Unknown),
            CallEnd::Reset => match self.call("GetRssStatus", rsslib::GET_RSS_STATUS, &[])? {
                CallEnd::Returned(status) => Ok(RssOutcome::Accepted { status }),
                CallEnd::Reset | CallEnd::Gone => Ok(RssOutcome::Unknown),
            },
        }
    }

    fn call(&mut self, name: &str, slot: u32, arguments: &[u32]) -> Result<CallEnd, ProvisionError> {
        let options = self.options().clone();
        let action = format!("calling {name}");
        let mut core = self.core(&action)?;
        let failed = |error: probe_rs::Error| broken(&action, &error);

        let function = core.read_word_32(u64::from(slot)).map_err(failed)?;
        if !SYSTEM_FLASH.contains(function) || function & 1 == 0 {
            return Err(ProvisionError::Link {
                action: action.clone(),
                reason: format!("the table at {slot:#010x} holds {function:#010x}, which is no function of the ROM"),
            });
        }

        core.write_word_32(u64::from(options.call_return), LOOP_FOREVER).map_err(failed)?;
        for (register, value) in (0u16..).zip(arguments) {
            core.write_core_reg(RegisterId(register), *value).map_err(failed)?;
        }
        core.write_core_reg(core.stack_pointer().id(), options.call_stack).map_err(failed)?;
        core.write_core_reg(core.return_address().id(), options.call_return | 1).map_err(failed)?;
        core.write_core_reg(core.program_counter().id(), function & !1).map_err(failed)?;
        core.write_core_reg(SPECIAL, 0u32).map_err(failed)?;
        core.write_core_reg(XPSR, XPSR_THUMB).map_err(failed)?;
        core.set_hw_breakpoint(u64::from(options.call_return)).map_err(failed)?;
        let catches = core.read_word_32(DEMCR).map_err(failed)?;
        core.write_word_32(DEMCR, catches | DEMCR_CATCH_RESET).map_err(failed)?;

        core.run().map_err(failed)?;
        let end = wait_for_end(&mut core, &options).map_err(failed)?;
        if end != CallEnd::Gone {
            core.write_word_32(DEMCR, catches & !DEMCR_CATCH_RESET).map_err(failed)?;
            core.clear_hw_breakpoint(u64::from(options.call_return)).map_err(failed)?;
        } else {
            drop(core);
            // The next call attaches anew: the chip may have been reset under this session, or shut its port.
            self.disconnect();
        }
        Ok(end)
    }
}

/// Waits for the breakpoint or the reset catch. Errors while waiting are what a chip in reset looks like.
fn wait_for_end(
    core: &mut Core<'_>,
    options: &crate::silicon_options::SiliconOptions,
) -> Result<CallEnd, probe_rs::Error> {
    let start = Instant::now();
    let mut silent_since = None;
    let mut was_reset = false;
    loop {
        let now = Instant::now();
        match core.read_word_32(DHCSR) {
            Ok(status) => {
                silent_since = None;
                was_reset |= status & DHCSR_WAS_RESET != 0;
                if status & DHCSR_HALTED != 0 {
                    break;
                }
                if status & DHCSR_LOCKED_UP != 0 {
                    return Ok(CallEnd::Gone);
                }
            }
            Err(_) => {
                let since = *silent_since.get_or_insert(now);
                if now.duration_since(since) >= options.shut_settle {
                    return Ok(CallEnd::Gone);
                }
            }
        }
        if start.elapsed() >= options.call_timeout {
            return Ok(CallEnd::Gone);
        }
        thread::sleep(POLL);
    }
    // probe-rs reads registers only of a core that it has itself seen halted.
    core.status()?;
    let pc: u32 = core.read_core_reg(core.program_counter().id())?;
    if was_reset {
        Ok(CallEnd::Reset)
    } else if pc == options.call_return {
        Ok(CallEnd::Returned(core.read_core_reg(RegisterId(0))?))
    } else {
        Ok(CallEnd::Gone)
    }
}

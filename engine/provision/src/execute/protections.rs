//! Steps that set option bytes through RSSLIB: write protection, hidden area, root of trust.

use chip::option_bytes as ob;
use chip::registers::FLASH;
use chip::rsslib::SUCCESS;

use super::run::Run;
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::option_bytes::OptionBytes;
use crate::rsslib::RssOutcome;

/// One `SetSecOB` call: `value << position` into the bits of `mask`.
struct SecureOption {
    name: &'static str,
    offset: u32,
    mask: u32,
    value: u32,
    position: u32,
    /// The loaded word that shows it.
    loaded: fn(&OptionBytes) -> u32,
}

impl Run<'_> {
    pub(super) fn protections_off(&mut self) -> Result<Evidence, ProvisionError> {
        let write_protection = self.write_protection(ob::WRP_NONE)?;
        let hidden_area = self.set_checked(&SecureOption {
            name: "hidden area",
            offset: ob::HDPSRP,
            mask: ob::HDP_MASK,
            value: ob::HDP_DISABLED,
            position: 0,
            loaded: |options| options.hdpsr,
        })?;
        Ok(Evidence::text(format!("read back: WRP {write_protection:#04x}, hidden area off"))
            .with("wrpsr", format!("{write_protection:#010x}"))
            .with("hdpsr", format!("{hidden_area:#010x}")))
    }

    pub(super) fn protect_loader(&mut self, wrp: u32) -> Result<Evidence, ProvisionError> {
        let word = self.write_protection(wrp)?;
        Ok(Evidence::text(format!("read back: WRP {word:#04x}")).with("wrpsr", format!("{word:#010x}")))
    }

    pub(super) fn select_root_of_trust(&mut self) -> Result<Evidence, ProvisionError> {
        let word = self.set_checked(&SecureOption {
            name: "root of trust",
            offset: ob::ROTSRP,
            mask: 0xFF << ob::IROT_SELECT_SHIFT,
            value: u32::from(ob::IROT_SELECT_ST),
            position: ob::IROT_SELECT_SHIFT,
            loaded: |options| options.rotsr,
        })?;
        Ok(Evidence::text(format!("read back: IROT_SELECT {:#04x}", word >> ob::IROT_SELECT_SHIFT))
            .with("rotsr", format!("{word:#010x}")))
    }

    fn write_protection(&mut self, wrp: u32) -> Result<u32, ProvisionError> {
        self.set_checked(&SecureOption {
            name: "write protection",
            offset: ob::WRPSRP,
            mask: ob::WRP_NONE,
            value: wrp,
            position: 0,
            loaded: |options| options.wrpsr,
        })
        .map(|word| word & ob::WRP_NONE)
    }

    /// Sets an option through RSSLIB and reads it back. The loaded option byte decides, whatever the call said.
    fn set_checked(&mut self, option: &SecureOption) -> Result<u32, ProvisionError> {
        let SecureOption { name, offset, mask, value, position, loaded } = *option;
        let wanted = (value << position) & mask;
        if loaded(&self.link.option_bytes()?) & mask == wanted {
            self.log(format!("{name}: as wanted already"));
            return Ok(loaded(&self.link.option_bytes()?));
        }
        let outcome = self.link.set_sec_ob(FLASH + offset, mask, value, position)?;
        match outcome {
            RssOutcome::Refused { status } => {
                return Err(ProvisionError::RssRefused { call: format!("SetSecOB ({name})"), status });
            }
            RssOutcome::Accepted { status: SUCCESS } => {}
            RssOutcome::Accepted { status } => {
                self.log(format!("{name}: the chip reset itself and reports {status:#010x}; its option bytes decide"));
            }
            RssOutcome::Unknown => self.log(format!("{name}: the call did not come back; the option bytes decide")),
        }
        self.link.halt_through_reset()?;
        let word = loaded(&self.link.option_bytes()?);
        if word & mask == wanted {
            return Ok(word);
        }
        Err(match outcome {
            RssOutcome::Unknown => ProvisionError::RssUnknown { call: format!("SetSecOB ({name})") },
            RssOutcome::Accepted { status } if status != SUCCESS => {
                ProvisionError::RssRefused { call: format!("SetSecOB ({name})"), status }
            }
            _ => ProvisionError::ReadBack {
                what: format!("option bytes ({name})"),
                address: FLASH + offset,
                expected: format!("{wanted:#010x}"),
                found: format!("{:#010x}", word & mask),
            },
        })
    }
}

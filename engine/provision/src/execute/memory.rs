//! Steps that write memories: option bytes for them, the external flash, the iLoader.

use chip::memory_map::{Region, USER_FLASH};
use sha2::{Digest, Sha256};

use super::Event;
use super::run::Run;
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::option_bytes::{OptionByteChange, OptionWord};
use crate::plan::Change;
use crate::record::hex;

impl Run<'_> {
    pub(super) fn memory_options(&mut self, obw1: Change, obw2: Change) -> Result<Evidence, ProvisionError> {
        let change = |word, Change { mask, value }: Change| OptionByteChange { word, mask, value };
        self.link.program_option_bytes(&[change(OptionWord::Obw1, obw1), change(OptionWord::Obw2, obw2)])?;
        let read = self.link.option_bytes()?;
        for (name, found, wanted) in [("OBW1", read.obw1sr, obw1), ("OBW2", read.obw2sr, obw2)] {
            if found & wanted.mask != wanted.value {
                return Err(ProvisionError::NotProved {
                    what: format!(
                        "{name} reads {found:#010x}, expected {:#010x} in {:#010x}",
                        wanted.value, wanted.mask
                    ),
                });
            }
        }
        Ok(Evidence::text(format!("read back: OBW1 {:#x}, OBW2 {:#x}", read.obw1sr, read.obw2sr))
            .with("obw1", format!("{:#010x}", read.obw1sr))
            .with("obw2", format!("{:#010x}", read.obw2sr)))
    }

    pub(super) fn external_flash(
        &mut self,
        installation: Region,
        download: Region,
        algorithm: &str,
    ) -> Result<Evidence, ProvisionError> {
        let before = self.link.option_bytes()?;
        let slot = self.material.download.slot();
        let digest = hex(&Sha256::digest(&slot));
        let blocks = [(installation.start, vec![0xFF; installation.size as usize]), (download.start, slot)];
        // Progress is told from inside the commit, which holds the link.
        let index = self.index;
        let events = &mut *self.events;
        self.link.flash(&blocks, Some(algorithm), &mut |progress| {
            if let Some(index) = index {
                events(Event::Progress { index, done: progress.done, total: progress.total });
            }
        })?;
        self.link.halt_through_reset()?;
        let after = self.link.option_bytes()?;
        if after != before {
            return Err(ProvisionError::NotProved {
                what: format!("the flash algorithm changed option bytes: before {before:x?}, after {after:x?}"),
            });
        }
        Ok(Evidence::text("both slots read back, option bytes unchanged")
            .with("bytes", u64::from(installation.size) + u64::from(download.size))
            .with("download_slot_sha256", digest)
            .with("algorithm", algorithm))
    }

    pub(super) fn write_loader(&mut self, address: u32) -> Result<Evidence, ProvisionError> {
        self.link.erase_user_flash()?;
        self.safe_point()?;
        let loader = self.plan.loader.clone();
        let index = self.index;
        let events = &mut *self.events;
        self.link.flash(&[(address, loader)], None, &mut |progress| {
            if let Some(index) = index {
                events(Event::Progress { index, done: progress.done, total: progress.total });
            }
        })?;
        self.link.halt_through_reset()?;
        let mut found = vec![0; USER_FLASH.size as usize];
        self.link.read(USER_FLASH.start, &mut found)?;
        let start = address.wrapping_sub(USER_FLASH.start) as usize;
        let mut expected = vec![0xFF; USER_FLASH.size as usize];
        for (cell, byte) in expected.iter_mut().skip(start).zip(&self.plan.loader) {
            *cell = *byte;
        }
        let differs = (USER_FLASH.start..).zip(expected.iter().zip(&found)).find(|(_, (wanted, got))| wanted != got);
        if let Some((address, (wanted, got))) = differs {
            return Err(ProvisionError::ReadBack {
                what: "user flash".into(),
                address,
                expected: format!("{wanted:#04x}"),
                found: format!("{got:#04x}"),
            });
        }
        Ok(Evidence::text(format!("{} bytes read back, rest erased", self.plan.loader.len()))
            .with("address", format!("{address:#010x}"))
            .with("loader_sha256", hex(&Sha256::digest(&self.plan.loader)))
            .with("loader_origin", self.plan.loader_origin()))
    }
}

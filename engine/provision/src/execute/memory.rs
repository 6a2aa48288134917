//! Steps that write memories: option bytes for them, the external flash, the iLoader.

use chip::memory_map::{Region, USER_FLASH};
use sha2::{Digest, Sha256};

use super::Event;
use super::run::Run;
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::material::{SlotPair, erased};
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

    pub(super) fn external_flash(&mut self, slots: &[SlotPair], algorithm: &str) -> Result<Evidence, ProvisionError> {
        let before = self.link.option_bytes()?;
        let (mut blocks, mut written) = (Vec::new(), Vec::new());
        for ((role, image), slots) in self.material.images().into_iter().zip(slots) {
            let content = image.slot();
            written.push((role, image.name(role), hex(&Sha256::digest(&content)), slots));
            blocks.push(sectors(slots.installation, &[]));
            blocks.push(sectors(slots.download, &content));
        }
        let bytes: usize = blocks.iter().map(|(_, block)| block.len()).sum();
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
        let count = if blocks.len() == 2 { "both".into() } else { format!("all {}", blocks.len()) };
        let mut evidence = Evidence::text(format!("{count} slots read back, option bytes unchanged"))
            .with("bytes", bytes)
            .with("algorithm", algorithm);
        for (role, name, digest, slots) in written {
            let of = if blocks.len() == 2 { String::new() } else { format!("{}_", name.replace(' ', "_")) };
            evidence = evidence
                .with(&format!("{of}download_slot_sha256"), digest)
                .with(role.download_slot_fact(), format!("{:#010x}", slots.download.start))
                .with(role.installation_slot_fact(), format!("{:#010x}", slots.installation.start));
        }
        Ok(evidence)
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

/// A slot's content in the whole sectors that it takes of the flash, erased where the content doesn't reach.
fn sectors(slot: Region, content: &[u8]) -> (u32, Vec<u8>) {
    let taken = erased(slot);
    let mut bytes = vec![0xFF; (slot.start - taken.start) as usize];
    bytes.extend_from_slice(content);
    bytes.resize(taken.size as usize, 0xFF);
    (taken.start, bytes)
}

//! The search of the chip's whole RAM for keys that a plan's objects and image hold.

use chip::memory_map::{
    AHB_SRAM1, AHB_SRAM2, AXI_SRAM1, AXI_SRAM2, AXI_SRAM3, AXI_SRAM4, BACKUP_SRAM, DTCM, ITCM, Region,
};
use chip::option_bytes::obw2;
use formats::key_fields::private_scalar;
use formats::{FormatError, ImageFile, PrivateKey, payload_key};
use zeroize::Zeroizing;

use super::run::Run;
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::material::Download;
use crate::stage_keys;

/// Every RAM of the chip with both TCM shares at 0; the last is no memory while it holds the others' ECC.
const MEMORIES: [(&str, Region); 9] = [
    ("ITCM", ITCM),
    ("DTCM", DTCM),
    ("AXI SRAM1", AXI_SRAM1),
    ("AXI SRAM2", AXI_SRAM2),
    ("AXI SRAM3", AXI_SRAM3),
    ("AHB SRAM1", AHB_SRAM1),
    ("AHB SRAM2", AHB_SRAM2),
    ("backup SRAM", BACKUP_SRAM),
    ("AXI SRAM4", AXI_SRAM4),
];

/// What the keys of the first boot stage are called.
const FIRST: [&str; 3] = ["the private decryption key", "the private decryption key's encoding", "the image's key"];
/// What those of the second are called.
const SECOND: [&str; 3] = [
    "the second stage's private decryption key",
    "the second stage's private decryption key's encoding",
    "the key of an image of the second stage",
];

/// Something that must not lie in memory.
pub(super) struct Secret {
    name: &'static str,
    bytes: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// A secret in the forms in which it could lie in memory: as it is, and with its bytes turned round, as a
    /// coprocessor takes numbers.
    fn forms(name: &'static str, bytes: &[u8]) -> [Self; 2] {
        let turned = bytes.iter().rev().copied().collect();
        [Self { name, bytes: Zeroizing::new(bytes.to_vec()) }, Self { name, bytes: Zeroizing::new(turned) }]
    }
}

impl Run<'_> {
    pub(super) fn search_memory(&mut self) -> Result<Evidence, ProvisionError> {
        let secrets = self.secrets()?;
        self.link.halt_through_reset()?;
        let ecc = self.link.option_bytes()?.obw2sr & obw2::ECC_ON_SRAM != 0;
        let memories = MEMORIES.iter().filter(|(_, region)| !(ecc && *region == AXI_SRAM4)).collect::<Vec<_>>();
        let total: u64 = memories.iter().map(|(_, region)| u64::from(region.size)).sum();
        let mut done = 0;
        for (name, region) in memories {
            self.safe_point()?;
            let mut contents = Zeroizing::new(vec![0; region.size as usize]);
            self.link.read(region.start, &mut contents)?;
            if let Some((secret, offset)) = find(&secrets, &contents) {
                let address = region.start.wrapping_add(u32::try_from(offset).unwrap_or(0));
                return Err(ProvisionError::SecretInMemory { secret: format!("{secret} ({name})"), address });
            }
            done += u64::from(region.size);
            self.progress(done, total);
        }
        Ok(Evidence::text(format!("{total} bytes of RAM searched, no key found"))
            .with("bytes_searched", total)
            .with("forms_searched", secrets.len()))
    }

    /// The private decryption key, as a number and as the object holds it, and the image's own key.
    /// The private keys of every boot stage, and the keys of the images that they open.
    fn secrets(&self) -> Result<Vec<Secret>, ProvisionError> {
        let material = self.material;
        let internal = |error: FormatError| ProvisionError::Internal { what: format!("a key of the plan: {error}") };
        let images = material.images();
        let (first, others) = images.split_at_checked(1).unwrap_or_default();
        let mut stages = vec![(FIRST, stage_keys::of_stirot(&material.configuration.obk).map_err(internal)?, first)];
        if let Some(second) = &material.second {
            let (_, decryption) = stage_keys::of_second_stage(&second.configuration.obk).map_err(internal)?;
            stages.push((SECOND, decryption, others));
        }
        let mut secrets = Vec::new();
        for ([name, encoding, of_image], encoded, images) in stages {
            let scalar = private_scalar(encoded)
                .map_err(|source| internal(FormatError::Layout { what: "a decryption key", source }))?;
            secrets.extend(Secret::forms(name, scalar));
            secrets.extend(Secret::forms(encoding, encoded));
            let key = PrivateKey::from_stored(encoded).map_err(internal)?;
            for (_, download) in images {
                let image = ImageFile { content: download.bytes().to_vec(), address: None, apart: None };
                match (payload_key(&image, &key), download) {
                    (Ok(key), _) => secrets.extend(Secret::forms(of_image, &*key)),
                    // A damaged image, or one for another device: it has no key that this one could leave in its RAM.
                    (Err(_), Download::Trial { .. }) => {}
                    (Err(error), Download::Project(_)) => return Err(internal(error)),
                }
            }
        }
        Ok(secrets)
    }
}

/// The first secret that lies in a memory, and its offset there.
fn find(secrets: &[Secret], contents: &[u8]) -> Option<(&'static str, usize)> {
    secrets.iter().find_map(|secret| {
        let first = secret.bytes.first()?;
        let last_start = contents.len().checked_sub(secret.bytes.len())?;
        let mut from = 0;
        while let Some(step) = contents.get(from..=last_start)?.iter().position(|byte| byte == first) {
            let start = from + step;
            if contents.get(start..)?.starts_with(&secret.bytes) {
                return Some((secret.name, start));
            }
            from = start + 1;
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_wherever_it_lies_and_either_way_round() {
        let secret: Vec<u8> = (1..=32).collect();
        let secrets = Secret::forms("key", &secret);
        let turned: Vec<u8> = secret.iter().rev().copied().collect();
        for form in [&secret, &turned] {
            for offset in [0, 1, 31, 480] {
                let mut memory = vec![1; 512];
                memory[offset..offset + 32].copy_from_slice(form);
                assert_eq!(find(&secrets, &memory), Some(("key", offset)));
                memory[offset + 20] ^= 0x80;
                assert_eq!(find(&secrets, &memory), None);
            }
        }
    }

    #[test]
    fn a_memory_shorter_than_the_secret_holds_none() {
        assert_eq!(find(&Secret::forms("key", &[1; 32]), &[1; 31]), None);
    }
}

//! Images of the sample's application, made to order, and the places in which a board keeps them.

use board::{NorClip, TraceKind};
use chip::memory_map as map;
use chip::trace::TraceWord;
use formats::{
    ImageFile, ImageKeys, ImageSettings, Parts, PrivateKey, PublicKey, SecurityCounter, Tlv, Version, build_image,
    decrypt, payload_key,
};

use super::Bench;

/// What an image is made of: the sample's own keys, version 1.0.0, unless told otherwise.
pub struct Recipe {
    pub version: Version,
    pub counter: SecurityCounter,
    pub signing: PrivateKey,
    pub encryption: PublicKey,
}

impl Recipe {
    pub fn of(bench: &Bench) -> Self {
        Self {
            version: "1.0.0".parse().unwrap(),
            counter: SecurityCounter::FromVersion,
            signing: bench.key("STiROT/Keys/STiROT_Authentication.pem"),
            encryption: bench.key("STiROT/Keys/STiROT_Encryption.pem").public(),
        }
    }
}

impl Bench {
    pub fn key(&self, name: &str) -> PrivateKey {
        PrivateKey::from_pem(&std::fs::read(self.files.project_folder().join(name)).unwrap()).unwrap()
    }

    fn image_file(&self) -> ImageFile {
        let outputs = self.project.outputs().unwrap();
        ImageFile { content: outputs.image.bytes, address: None, apart: None }
    }

    /// The application as its author built it.
    pub fn payload(&self) -> Vec<u8> {
        decrypt(&self.image_file(), &self.key("STiROT/Keys/STiROT_Encryption.pem")).unwrap()
    }

    /// An image of the sample's application.
    pub fn image(&self, recipe: &Recipe) -> Vec<u8> {
        self.image_of(&self.payload(), recipe)
    }

    /// An image of any payload, whether or not it fits the slot with its trailer.
    pub fn image_of(&self, payload: &[u8], recipe: &Recipe) -> Vec<u8> {
        let slot_size = self.project.stirot().unwrap().firmware_size + 0x100;
        let settings = ImageSettings::stirot(recipe.version, recipe.counter, slot_size);
        let keys = ImageKeys { signing: &recipe.signing, encryption: Some(&recipe.encryption) };
        build_image(payload, &settings, keys).unwrap().bytes().to_vec()
    }

    /// The installed image as it stands in RAM: header and payload in the clear.
    pub fn plain_image(&self) -> Vec<u8> {
        let image = self.image_file().content;
        let mut plain = image[..0x400].to_vec();
        plain.extend(self.payload());
        plain
    }

    /// Puts an image into the download slot, the rest of the slot erased, past the chip.
    pub fn place_download(&self, image: &[u8]) {
        let slot = self.project.stirot().unwrap().download_slot();
        let mut cells = image.to_vec();
        cells.resize(slot.size as usize, 0xFF);
        self.board.with(|board| NorClip::new(board).write(slot.start - map::XSPI1_WINDOW.start, &cells));
    }

    pub fn download_slot(&self) -> Vec<u8> {
        self.slot(self.project.stirot().unwrap().download_slot())
    }

    pub fn installation_slot(&self) -> Vec<u8> {
        self.slot(self.project.stirot().unwrap().installation_slot())
    }

    fn slot(&self, slot: map::Region) -> Vec<u8> {
        self.board.with(|board| NorClip::new(board).read(slot.start - map::XSPI1_WINDOW.start, slot.size as usize))
    }

    /// What must lie in no RAM: the private keys of the project, and the image's key, each as it is and turned round.
    pub fn secrets(&self) -> Vec<(String, Vec<u8>)> {
        let mut secrets = Vec::new();
        for name in
            ["STiROT/Keys/STiROT_Authentication.pem", "STiROT/Keys/STiROT_Encryption.pem", "DA/Keys/key_3_leaf.pem"]
        {
            let stored = self.key(name).stored();
            secrets.push((name.to_owned(), stored[36..68].to_vec()));
        }
        let decryption = self.key("STiROT/Keys/STiROT_Encryption.pem");
        secrets.push(("the image's key".into(), payload_key(&self.image_file(), &decryption).unwrap().to_vec()));
        let turned: Vec<_> = secrets
            .iter()
            .map(|(name, bytes)| (format!("{name}, turned round"), bytes.iter().rev().copied().collect()))
            .collect();
        secrets.extend(turned);
        secrets
    }

    /// Every RAM of the chip, whole.
    pub fn every_ram(&self) -> Vec<(&'static str, Vec<u8>)> {
        let regions = [
            ("ITCM", map::ITCM),
            ("DTCM", map::DTCM),
            ("AXI SRAM1", map::AXI_SRAM1),
            ("AXI SRAM2", map::AXI_SRAM2),
            ("AXI SRAM3", map::AXI_SRAM3),
            ("AHB SRAM1", map::AHB_SRAM1),
            ("AHB SRAM2", map::AHB_SRAM2),
            ("backup SRAM", map::BACKUP_SRAM),
        ];
        self.board.look(|board| {
            let read = |region: map::Region| {
                let mut bytes = vec![0; region.size as usize];
                board.memory.read(region.start, &mut bytes).unwrap();
                bytes
            };
            regions.into_iter().map(|(name, region)| (name, read(region))).collect()
        })
    }

    /// The last words that the firmware left in the trace.
    pub fn words(&self) -> Vec<TraceWord> {
        self.board.look(|board| {
            let entries = board.peripherals.trace.since(0);
            let words =
                entries.filter_map(|entry| if let TraceKind::Word(word) = entry.kind { Some(word) } else { None });
            let mut words: Vec<_> = words.collect();
            words.split_off(words.len().saturating_sub(40))
        })
    }
}

/// One offset in each part of an image that is checked.
pub fn checked_places(image: &[u8]) -> Vec<(&'static str, usize)> {
    let parts = Parts::decode(image).unwrap();
    let inside = |value: &[u8]| value.as_ptr() as usize - image.as_ptr() as usize + value.len() / 2;
    let tlv = |kind: u16| {
        let entry = parts.tlvs.entries().map(Result::unwrap).find(|entry| entry.kind == kind).unwrap();
        inside(entry.value)
    };
    let counter = parts.protected.unwrap().entries().map(Result::unwrap).next().unwrap();
    vec![
        ("header, version", 0x15),
        ("header gap", 0x200),
        ("payload", inside(parts.payload)),
        ("security counter", inside(counter.value)),
        ("hash", tlv(Tlv::SHA256)),
        ("signature", tlv(Tlv::SIGNATURE)),
        ("key blob", tlv(Tlv::WRAPPED_KEY)),
    ]
}

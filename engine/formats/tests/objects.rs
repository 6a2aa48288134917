//! Objects for the option-byte keys, built from ST's published xml and keys, against the files that ST built.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;

use chip::Destination;
use common::vectors;
use formats::{FormatError, Obdata, ObkFile, Secret, StirotConfig};

fn build(xml: &Path) -> Result<ObkFile, FormatError> {
    let folder = xml.parent().unwrap();
    let files = |name: &str| Ok(Secret::new(fs::read(folder.join(name.replace('\\', "/")))?));
    Obdata::decode(&fs::read(xml).unwrap())?.build(&files)
}

fn assert_reproduces(xml: &str, obk: &str) {
    let built = build(&vectors().join(xml)).unwrap();
    let published = fs::read(vectors().join(obk)).unwrap();
    assert!(*built.encode() == published, "{obk} differs");
    assert!(built.begins_with_its_hash());
    assert_eq!(ObkFile::decode(&published).unwrap(), built);
}

#[test]
fn the_configuration_of_one_boot_stage_is_reproduced() {
    assert_reproduces("stirot/Config/STiROT_Config.xml", "stirot/Binary/STiROT_Config.obk");
}

#[test]
fn the_configuration_of_two_boot_stages_is_reproduced() {
    assert_reproduces("stirot_oemurot/Config/STiROT_Config.xml", "stirot_oemurot/Binary/STiROT_Config.obk");
}

#[test]
fn the_second_stages_configuration_is_reproduced() {
    assert_reproduces("stirot_oemurot/Config/OEMuROT_Config.xml", "stirot_oemurot/Binary/OEMuROT_Config.obk");
}

#[test]
fn debug_authentication_by_certificate_is_reproduced() {
    assert_reproduces("da/Config/DA_Config.xml", "da/Binary/DA_Config.obk");
}

#[test]
fn debug_authentication_by_password_is_reproduced() {
    assert_reproduces("da/Config/DA_ConfigWithPassword.xml", "da/Binary/DA_ConfigWithPassword.obk");
}

#[test]
fn the_objects_without_xml_are_the_published_ones() {
    let read = |name: &str| fs::read(vectors().join(name)).unwrap();
    assert!(*ObkFile::stirot_data().encode() == read("stirot/Binary/STiROT_Data.obk"));
    assert!(*ObkFile::stirot_data().encode() == read("stirot_oemurot/Binary/STiROT_Data.obk"));
    assert!(*ObkFile::oemurot_data().encode() == read("stirot_oemurot/Binary/OEMuROT_Data.obk"));
    assert!(*ObkFile::da_lock().encode() == read("da/Binary/DA_ConfigLock.obk"));
}

#[test]
fn the_published_configuration_reads_as_its_xml_says() {
    let obk = ObkFile::decode(&fs::read(vectors().join("stirot_oemurot/Binary/STiROT_Config.obk")).unwrap()).unwrap();
    assert_eq!(obk.destination, Destination::STIROT_CONFIG);
    let config = StirotConfig::decode(obk.hashed_payload().unwrap()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.firmware_address, 0x2400_0000);
    assert_eq!(config.firmware_size, 0x20000);
    assert_eq!(config.minimum_state, chip::ProductState::Closed);
    assert_eq!((config.installation_address, config.download_address), (0x9041_0000, 0x9043_0000));
    assert_eq!((config.loader_offset, config.loader_size), (0, 0x6000));
    assert_eq!(
        (config.clock, config.sram_ecc, config.mce),
        (formats::Clock::Mhz380, formats::SramEcc::On, formats::MceChoice::Mce1)
    );
    let authentication = formats::PublicKey::from_stored(config.authentication_key).unwrap();
    assert_eq!(authentication.fingerprint().short(), "eac592621ce3");
    let decryption = formats::PrivateKey::from_stored(config.decryption_key).unwrap();
    assert_eq!(decryption.public().fingerprint().short(), "9cfa15349a18");
}

#[test]
fn a_cut_object_is_an_error_at_every_length() {
    for name in ["stirot/Binary/STiROT_Config.obk", "da/Binary/DA_Config.obk", "stirot/Binary/STiROT_Data.obk"] {
        let file = fs::read(vectors().join(name)).unwrap();
        for length in 0..file.len() {
            assert!(ObkFile::decode(&file[..length]).is_err(), "{name} cut to {length} bytes");
        }
    }
}

#[test]
fn a_flipped_byte_in_a_hashed_object_is_noticed() {
    let file = fs::read(vectors().join("stirot/Binary/STiROT_Config.obk")).unwrap();
    for offset in ObkFile::HEAD_SIZE..file.len() {
        let mut flipped = file.clone();
        flipped[offset] ^= 0x10;
        assert!(ObkFile::decode(&flipped).unwrap().hashed_payload().is_err(), "byte {offset}");
    }
}

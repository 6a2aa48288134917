//! STiROT's configuration with any legal values: the object made from the edited xml reads back as those values, and
//! the values read from the object, written into the published file, make the same object again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use chip::ProductState;
use common::vector;
use formats::form::FieldKey;
use formats::{Clock, Form, MceChoice, Obdata, ObkFile, PrivateKey, PublicKey, Secret, SramEcc, StirotConfig};
use proptest::prelude::*;

const FILES: [&str; 2] = ["stirot/Config/STiROT_Config.xml", "stirot_oemurot/Config/STiROT_Config.xml"];
/// Every field that holds a number, and where its bytes are in the payload: offset and width.
const NUMBERS: [(&str, usize, usize); 19] = [
    ("Reserved1", 0x00, 1),
    ("Clock selection", 0x01, 1),
    ("Reserved2", 0x02, 1),
    ("SRAM ECC management activation", 0x03, 1),
    ("Firmware area address (in internal RAM)", 0x04, 4),
    ("Firmware area size", 0x08, 4),
    ("Reserved3", 0x0C, 4),
    ("Reserved4", 0x10, 4),
    ("Reserved5", 0x14, 4),
    ("Reserved6", 0x18, 4),
    ("Product state minimal allowed", 0x1C, 4),
    ("Firmware installation area address (in external flash)", 0x20, 4),
    ("Firmware download area address (in external flash)", 0x24, 4),
    ("Reserved7", 0x28, 4),
    ("Reserved8", 0x2C, 4),
    ("STiROT_iLoader offset", 0x30, 4),
    ("STiROT_iLoader size", 0x34, 4),
    ("MCE", 0x38, 4),
    ("Reserved9", 0x3C, 3),
];

/// Values for the fields in their order: any number for a plain field, one of its codes for a list or a switch.
fn values() -> impl Strategy<Value = Vec<u32>> {
    let strategies: Vec<BoxedStrategy<u32>> = NUMBERS
        .iter()
        .map(|&(name, _, width)| match name {
            "Clock selection" | "SRAM ECC management activation" => (0_u32..=1).boxed(),
            "Product state minimal allowed" => prop::sample::select(vec![0x72, 0x5C]).boxed(),
            "STiROT_iLoader offset" => (0_u32..8).prop_map(|index| index * 0x2000).boxed(),
            "MCE" => (0_u32..=2).boxed(),
            _ => any::<u32>().prop_map(move |any| any >> (32 - 8 * width)).boxed(),
        })
        .collect();
    strategies
}

/// The published file with other values.
fn filled(file: &str, values: &[u32]) -> Form {
    let mut form = Form::read(&vector(file)).unwrap_or_else(|error| panic!("{error}"));
    for ((name, ..), value) in NUMBERS.iter().zip(values) {
        let key = FieldKey::field(name);
        let text = form.number_text(&key, u128::from(*value));
        form = form.with_value(&key, &text).unwrap_or_else(|error| panic!("{error}"));
    }
    form
}

fn build(form: &Form, decryption: &Secret<String>, authentication: &str) -> ObkFile {
    let files = |path: &str| match path {
        "./../Keys/STiROT_Encryption.pem" => Ok(Secret::new(decryption.as_bytes().to_vec())),
        "./../Keys/STiROT_Authentication.pem" => Ok(Secret::new(authentication.as_bytes().to_vec())),
        other => Err(format!("{other} is no key of STiROT").into()),
    };
    let xml = Obdata::decode(form.source().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    xml.build(&files).unwrap_or_else(|error| panic!("{error}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_legal_configuration_encodes_decodes_and_encodes_to_the_same_bytes(
        values in values(),
        file in prop::sample::select(FILES.to_vec()),
    ) {
        let form = filled(file, &values);
        let generate = || PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
        let (decryption, authentication) = (generate(), generate());
        let pem = decryption.to_pem().unwrap_or_else(|error| panic!("{error}"));
        let object = build(&form, &pem, &authentication.public().to_pem());

        let read = ObkFile::decode(&object.encode()).unwrap_or_else(|error| panic!("{error}"));
        prop_assert!(read == object);
        let payload = read.hashed_payload().unwrap_or_else(|error| panic!("{error}"));
        let config = StirotConfig::decode(payload).unwrap_or_else(|error| panic!("{error}"));
        let xml = Obdata::decode(form.source().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let number = |name: &str| xml.number(name).unwrap() as u32;
        prop_assert_eq!(config.clock, Clock::from_code(number("Clock selection") as u8).unwrap());
        prop_assert_eq!(config.sram_ecc, SramEcc::from_code(number("SRAM ECC management activation") as u8).unwrap());
        prop_assert_eq!(config.firmware_address, number("Firmware area address (in internal RAM)"));
        prop_assert_eq!(config.firmware_size, number("Firmware area size"));
        let state = ProductState::from_rsslib_code(number("Product state minimal allowed")).unwrap();
        prop_assert_eq!(config.minimum_state, state);
        let installation = number("Firmware installation area address (in external flash)");
        prop_assert_eq!(config.installation_address, installation);
        prop_assert_eq!(config.download_address, number("Firmware download area address (in external flash)"));
        prop_assert_eq!(config.loader_offset, number("STiROT_iLoader offset"));
        prop_assert_eq!(config.loader_size, number("STiROT_iLoader size"));
        prop_assert_eq!(config.mce, MceChoice::from_code(number("MCE")).unwrap());

        let found: Vec<u32> = NUMBERS
            .iter()
            .map(|(_, offset, width)| payload[*offset..][..*width].iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
            .collect();
        prop_assert_eq!(&found, &values);
        let decryption = PrivateKey::from_stored(config.decryption_key).unwrap_or_else(|error| panic!("{error}"));
        let pem = decryption.to_pem().unwrap_or_else(|error| panic!("{error}"));
        let authentication = PublicKey::from_stored(config.authentication_key).unwrap_or_else(|error| panic!("{error}"));
        let again = build(&filled(file, &found), &pem, &authentication.to_pem());
        prop_assert!(*again.encode() == *object.encode());
    }
}

#[test]
fn the_table_names_every_number_of_the_published_files() {
    for file in FILES {
        let xml = Obdata::decode(&vector(file)).unwrap_or_else(|error| panic!("{error}"));
        let numbers: Vec<_> = xml.fields.iter().filter(|field| xml.number(&field.name).is_ok()).collect();
        assert_eq!(numbers.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), NUMBERS.map(|(name, ..)| name));
    }
}

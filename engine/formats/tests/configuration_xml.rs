//! The configuration xml: what it says is read, what can't be is refused with field and line, damage never panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::vector;
use formats::obdata::{Bound, Dependency, FileForm, Slot, Value, Visibility};
use formats::{FormatError, Obdata, PrivateKey, Secret};

fn decode(text: &str) -> Result<Obdata, FormatError> {
    Obdata::decode(text.as_bytes())
}

fn published(name: &str) -> Obdata {
    Obdata::decode(&vector(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A small file of its own with one field.
fn with(field: &str) -> String {
    format!(
        "<Root>\n<Obdata>\n<Info>\n<ObDestAddress>0x108</ObDestAddress>\n<DoEncryption>1</DoEncryption>\n\
         <GlobalAlign>32</GlobalAlign>\n</Info>\n<Hash/>\n{field}\n</Obdata>\n</Root>\n"
    )
}

/// The error of a file whose one field begins on line 9.
fn refusal(field: &str) -> String {
    decode(&with(field)).err().map(|error| error.to_string()).unwrap_or_else(|| panic!("it was taken: {field}"))
}

fn build_error(text: &str, content: &[u8]) -> String {
    let files = |_: &str| Ok(Secret::new(content.to_vec()));
    decode(text).unwrap_or_else(|error| panic!("{error}")).build(&files).unwrap_err().to_string()
}

#[test]
fn the_fields_of_the_published_file_are_read_by_name() {
    let xml = published("stirot/Config/STiROT_Config.xml");
    assert_eq!(xml.number("Firmware area size").unwrap(), 0x20000);
    assert_eq!(xml.number("Product state minimal allowed").unwrap(), 0x72);
    assert_eq!(xml.number("SRAM ECC management activation").unwrap(), 1);
    assert_eq!(xml.path("Encryption key").unwrap(), "./../Keys/STiROT_Encryption.pem");
    assert_eq!(xml.output.as_ref().unwrap().path, "./../Binary/STiROT_Config.obk");
    assert_eq!(xml.info.title.as_deref(), Some("STiROT configuration"));
    let field = xml.field("Clock selection").unwrap();
    assert_eq!((field.visibility, field.line), (Visibility::Hidden, 28));
    let Value::Choice { choices, .. } = &xml.field("MCE").unwrap().value else { panic!("a list") };
    assert_eq!(choices[1].label, "MCE2 (XSPI/Noekeon)");
    let Value::File { form, .. } = xml.field("Authentication key").unwrap().value else { panic!("a file") };
    assert_eq!(form, FileForm::PublicKey);
    assert_eq!(xml.source().as_bytes(), vector("stirot/Config/STiROT_Config.xml"));
}

#[test]
fn a_missing_field_is_named() {
    let xml = published("stirot/Config/STiROT_Config.xml");
    assert!(xml.number("Firmware area").unwrap_err().to_string().contains("\"Firmware area\""));
    assert!(xml.number("Encryption key").is_err());
    assert!(xml.path("MCE").is_err());
}

#[test]
fn a_number_out_of_its_width_is_refused_with_field_and_line() {
    let text = refusal("<Data><Name>Size</Name>\n<Value>0x100</Value>\n<Width>1</Width></Data>");
    assert_eq!(text, "line 10, field \"Size\": 0x100 doesn't fit in its 1 bytes");
    assert!(refusal("<Data><Name>A</Name><Value>x</Value><Width>4</Width></Data>").contains("no number"));
    assert!(refusal("<Data><Name>A</Name><Value>1</Value><Width>9</Width></Data>").contains("width"));
    assert!(refusal("<Data><Name>A</Name><Value>1</Value></Data>").contains("<Width> is missing"));
    assert!(refusal("<Data><Value>1</Value><Width>1</Width></Data>").contains("<Name> is missing"));
    assert!(
        refusal("<Data><Name>A</Name><Value>1</Value><Value>2</Value><Width>1</Width></Data>")
            .contains("second <Value>")
    );
}

#[test]
fn a_code_outside_of_its_list_is_refused_with_the_codes_there_are() {
    let text = refusal("<List><Name>L</Name><Value>3</Value><Width>1</Width><Val>0x0, none</Val><Val>1</Val></List>");
    assert_eq!(text, "line 9, field \"L\": 0x3 is none of its codes: 0x0 (none), 0x1 (1)");
    let text = refusal("<Bool><Name>B</Name><Value>2</Value><Width>1</Width><True>1</True><False>0</False></Bool>");
    assert!(text.contains("neither"));
}

#[test]
fn a_password_of_the_wrong_length_is_refused_without_being_shown() {
    let text = refusal("<Text><Name>Password</Name><Value>abc</Value><MinWidth>4</MinWidth><Width>16</Width></Text>");
    assert!(text.contains("3 characters") && !text.contains("abc"), "{text}");
    let text = refusal("<Text><Name>Password</Name><Value>secret-secret-secret</Value><Width>16</Width></Text>");
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn an_unknown_element_is_read_but_nothing_is_built_without_its_bytes() {
    let text = with("<Blob>\n<Name>Extra</Name><Name/><Value>1</Value></Blob>\n<Other a=\"b\"/>");
    let xml = decode(&text).unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<_> = xml
        .fields
        .iter()
        .map(|field| match &field.value {
            Value::Unknown(element) => (field.name.as_str(), field.line, element.as_str()),
            _ => panic!("{} is known", field.name),
        })
        .collect();
    assert_eq!(names, [("Extra", 9, "Blob"), ("Other", 11, "Other")]);
    let error = build_error(&text, &[]);
    assert!(error.starts_with("line 9, field \"Extra\": <Blob> is no field that is known here"), "{error}");
}

#[test]
fn unknown_children_of_known_elements_are_left_alone() {
    let text = with("<Data><Name>A</Name><Value>1</Value><Colour>red</Colour><Width>4</Width></Data>");
    let xml = decode(&text.replace("</Info>", "<Note>hello</Note>\n</Info>")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(xml.number("A").unwrap(), 1);
    assert!(xml.build(&|_: &str| Err("no file is needed".into())).is_ok());
}

#[test]
fn what_cant_be_is_refused() {
    assert!(refusal("<File><Name>K</Name><Value>k.pem</Value><KeyType>rsa</KeyType><Type/></File>").contains("rsa"));
    assert!(refusal("<File><Name>K</Name><Value>k.pem</Value><Type>Private</Type></File>").contains("Private"));
    assert!(refusal("<File><Name>K</Name><Value> </Value><Type/></File>").contains("no file"));
    assert!(refusal("<File><Name>K</Name><Value>k</Value><Align>0</Align><Type/></File>").contains("alignment"));
}

#[test]
fn a_tag_in_a_password_doesnt_silently_make_another_password() {
    let text = refusal("<Text><Name>Password</Name><Value>Pa<b>ss</b>word</Value><Width>16</Width></Text>");
    assert_eq!(text, "line 9: there are tags in <Value>; write < in a text as &lt;");
}

#[test]
fn windows_slots_and_dependencies_are_read() {
    let xml = published("stirot_oemurot/Config/OEMuROT_Config.xml");
    let info = &xml.info;
    assert_eq!(
        (info.flash_start, info.flash_size, info.flash_sector_size),
        (Some(0x2400_0000), Some(0xA000_0000), Some(0x2000))
    );
    assert_eq!((info.obk_start, info.obk_size, info.obk_sector_size), (Some(0x0FFD_0900), Some(0x2F0), Some(1)));
    assert_eq!((info.auth_obk_start, info.auth_obk_size), (Some(0x0FFD_0900), Some(0x2F0)));
    assert_eq!(published("da/Config/DA_Config.xml").info.flash_start, None);

    let xml = published("stirot/Config/STiROT_Config.xml");
    let slots = |name: &str| xml.field(name).unwrap().slots.clone();
    assert_eq!(slots("Firmware area address (in internal RAM)"), [Slot { bound: Bound::Start, area: 1 }]);
    assert_eq!(slots("Firmware area size"), [Slot { bound: Bound::Size, area: 1 }]);
    assert_eq!(slots("Firmware download area address (in external flash)"), []);

    let field = |extra: &str| {
        let text = with(&format!("<Data><Name>A</Name><Value>1</Value><Width>4</Width>{extra}</Data>"));
        decode(&text).map(|xml| xml.fields.into_iter().next().unwrap())
    };
    let both =
        field("<Slot>size#1</Slot><Slot>size#2</Slot><OBKSlot>start#3</OBKSlot>").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(both.slots.iter().map(|slot| slot.area).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(both.obk_slots, [Slot { bound: Bound::Start, area: 3 }]);
    let tie = |text: &str| field(text).unwrap_or_else(|error| panic!("{error}")).dependency;
    assert_eq!(tie("<Dependency>Image</Dependency>"), Some(Dependency::Controls("Image".into())));
    let on = Dependency::On { name: "Image".into(), value: 2 };
    assert_eq!(tie("<Dependency>Image, 0x02</Dependency>"), Some(on));
    assert_eq!(tie("<Dependency></Dependency>"), None);
    for bad in ["<Slot>end#1</Slot>", "<Slot>start</Slot>", "<OBKSlot>size#x</OBKSlot>", "<Dependency>A,b</Dependency>"]
    {
        let error = field(bad).err().unwrap().to_string();
        assert!(error.starts_with("line 9, field \"A\": "), "{bad}: {error}");
    }
    let error = decode(&with("").replace("</Info>", "<FlashSize>large</FlashSize></Info>")).err().unwrap().to_string();
    assert!(error.starts_with("line 7, field \"FlashSize\""), "{error}");
}

#[test]
fn plain_data_is_told_from_a_key_by_its_name() {
    let form = |path: &str, more: &str| {
        let text = with(&format!("<File><Name>F</Name><Value>{path}</Value>{more}</File>"));
        let xml = decode(&text).unwrap_or_else(|error| panic!("{error}"));
        let Value::File { form, .. } = xml.fields[0].value else { panic!("a file") };
        form
    };
    let kind = "<KeyType>ecdsa-p256</KeyType><Type></Type>";
    assert_eq!(form("./../Binary/data.bin", kind), FileForm::Bytes);
    assert_eq!(form("key.PEM", kind), FileForm::PrivateKey);
    assert_eq!(form("key.p8", kind), FileForm::PrivateKey);
    assert_eq!(form("key.p8", ""), FileForm::Bytes);
    assert_eq!(form("key.bin", "<Type>Public</Type>"), FileForm::PublicKey);
}

#[test]
fn an_image_xml_is_told_from_a_configuration_xml() {
    let error = Obdata::decode(&vector("stirot/Image/STiROT_Code_Image.xml")).err().unwrap().to_string();
    assert!(error.contains("McubootFormat"), "{error}");
    let error = formats::McubootFormat::decode(&vector("stirot/Config/STiROT_Config.xml")).unwrap_err().to_string();
    assert!(error.contains("Obdata"), "{error}");
}

#[test]
fn a_file_that_cant_be_had_is_named_with_field_and_line() {
    let xml = published("stirot/Config/STiROT_Config.xml");
    let files = |_: &str| Err("no such file".into());
    let error = xml.build(&files).unwrap_err();
    assert!(matches!(&error, FormatError::File { field, line: 180, .. } if field == "Encryption key"), "{error}");
    assert!(error.to_string().contains("./../Keys/STiROT_Encryption.pem can't be read: no such file"), "{error}");
}

#[test]
fn a_file_that_is_no_key_is_named_with_field_and_line() {
    let key = with("<File><Name>K</Name><Value>k.pem</Value><KeyType>ecdsa-p256</KeyType><Type></Type></File>");
    let text = build_error(&key, b"hello");
    assert!(text.starts_with("line 9, field \"K\", k.pem: not a key"), "{text}");
    let public = vector("stirot/Keys/STiROT_Encryption_pub.pem");
    assert!(build_error(&key, &public).contains("the private key is needed"));
}

#[test]
fn an_object_too_large_for_its_place_is_refused() {
    let text = with("<File><Name>F</Name><Value>f.bin</Value><Type></Type></File>");
    assert!(build_error(&text, &[0; 800]).contains("past the last"));
}

#[test]
fn an_object_without_a_place_on_this_chip_is_refused() {
    let text = with("<Data><Name>A</Name><Value>1</Value><Width>4</Width></Data>");
    assert!(build_error(&text.replace("0x108", "0x0FFD0100"), &[]).contains("no place in this chip"));
    let missing = text.replace("<ObDestAddress>0x108</ObDestAddress>", "");
    assert!(build_error(&missing, &[]).contains("ObDestAddress"));
}

#[test]
fn a_plain_file_and_odd_widths_go_in_as_they_are() {
    let text = with(
        "<Data><Name>A</Name><Value>0x030201</Value><Width>3</Width></Data>\
         <File><Name>F</Name><Value>f.bin</Value><Align>4</Align><Type></Type></File>",
    );
    let files = |_: &str| Ok(Secret::new(vec![9, 9]));
    let object = decode(&text).unwrap_or_else(|error| panic!("{error}")).build(&files).unwrap();
    let payload = object.hashed_payload().unwrap();
    assert_eq!(payload[..9], [1, 2, 3, 9, 9, 0, 0, 0, 0]);
    assert_eq!(payload.len(), 32);
}

#[test]
fn a_private_key_never_goes_into_a_debug_authentication_object() {
    let key = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    let pem = key.to_pem().unwrap_or_else(|error| panic!("{error}"));
    let text = with("<DA/><File><Name>K</Name><Value>k.pem</Value><Type></Type></File>");
    assert!(build_error(&text, pem.as_bytes()).contains("private key in a debug-authentication object"));
}

#[test]
fn a_cut_file_is_an_error_at_every_length() {
    for name in ["stirot/Config/STiROT_Config.xml", "da/Config/DA_ConfigWithPassword.xml"] {
        let text = vector(name);
        for length in 0..text.trim_ascii_end().len() {
            assert!(Obdata::decode(&text[..length]).is_err(), "{name} cut to {length} bytes");
        }
    }
}

#[test]
fn a_flipped_byte_never_panics() {
    let text = vector("da/Config/DA_Config.xml");
    for offset in 0..text.len() {
        for mask in [0x01, 0x10, 0x80] {
            let mut flipped = text.clone();
            flipped[offset] ^= mask;
            if let Ok(xml) = Obdata::decode(&flipped) {
                let files = |_: &str| Ok(Secret::new(vec![0x2D; 40]));
                assert!(xml.build(&files).is_err(), "the key was none");
            }
        }
    }
}

//! The image xml: ST's published files mean what ST's documentation of the tool says; what can't be is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::vector;
use formats::mcuboot::Folder;
use formats::{ImageProfile, InstallMode, McubootFormat, Obdata, SecurityCounter, SignSettings};

const IMAGE: &str = "stirot/Image/STiROT_Code_Image.xml";
const CONFIGURATION: &str = "stirot/Config/STiROT_Config.xml";

fn resolve(image: &[u8], configuration: &str) -> Result<SignSettings, formats::FormatError> {
    let linked = Obdata::decode(&vector(configuration)).unwrap_or_else(|error| panic!("{error}"));
    McubootFormat::decode(image)?.resolve(Some(&linked))
}

/// The error of the published file after one replacement.
fn refusal(from: &str, to: &str) -> String {
    let text = String::from_utf8(vector(IMAGE)).unwrap();
    assert!(text.contains(from), "{from} is not in the file");
    resolve(text.replace(from, to).as_bytes(), CONFIGURATION).unwrap_err().to_string()
}

#[test]
fn the_image_of_one_boot_stage_is_described() {
    let xml = McubootFormat::decode(&vector(IMAGE)).unwrap();
    assert_eq!(xml.linked_xml.as_ref().unwrap().path, "./../Config/STiROT_Config.xml");
    let settings = resolve(&vector(IMAGE), CONFIGURATION).unwrap();
    assert_eq!(settings.authentication_key.path, "./../Keys/STiROT_Authentication.pem");
    assert_eq!(settings.authentication_key.folder, Folder::LinkedXml);
    assert_eq!(settings.encryption_key.as_ref().unwrap().path, "./../Keys/STiROT_Encryption.pem");
    assert_eq!((settings.slot_size, settings.header_size, settings.align.bytes()), (0x20000, 0x400, 16));
    assert_eq!((settings.address, settings.install), (Some(0x9002_0000), InstallMode::PrimaryOnly));
    assert!(settings.input.ends_with("STiROT_Appli/Binary/appli.bin"));
    assert!(settings.output.ends_with("appli_enc_sign.hex"));
    let image = settings.stirot().unwrap();
    assert_eq!(image.version.to_string(), "1.0.0");
    assert_eq!(image.security_counter, Some(SecurityCounter::FromVersion));
    assert_eq!((image.slot_size, image.header_size), (0x20000, 0x400));
}

#[test]
fn the_second_stages_own_image_goes_to_its_download_slot() {
    let image = vector("stirot_oemurot/Images/STiROT_Code_Image.xml");
    let settings = resolve(&image, "stirot_oemurot/Config/STiROT_Config.xml").unwrap();
    assert_eq!(settings.address, Some(0x9043_0000));
    assert!(settings.stirot().is_ok());
}

#[test]
fn an_application_of_the_second_stage_is_no_stirot_image() {
    let image = vector("stirot_oemurot/Images/OEMuROT_Code_Image.xml");
    let settings = resolve(&image, "stirot_oemurot/Config/OEMuROT_Config.xml").unwrap();
    assert_eq!((settings.install, settings.slot_size, settings.align.bytes()), (InstallMode::Overwrite, 0x20_0000, 4));
    assert_eq!((settings.magic, settings.address, settings.header_size), (0x96F3_B83D, Some(0x9020_0000), 0x400));
    assert_eq!((settings.pad, settings.pad_header), (true, true));
    assert_eq!(settings.authentication_key.path, "./../Keys/OEMuROT_Authentication.pem");
    assert_eq!(settings.encryption_key.as_ref().unwrap().path, "./../Keys/OEMuROT_Encryption.pem");
    assert_eq!(settings.security_counter, Some(SecurityCounter::FromVersion));
    assert!(settings.input.ends_with("rot_app.bin") && settings.output.ends_with("rot_app_enc_sign.hex"));
    assert!(settings.stirot().unwrap_err().to_string().contains("magic"));
    let image = settings.oemurot().unwrap();
    assert_eq!((image.profile, image.install), (ImageProfile::Oemurot, InstallMode::Overwrite));
}

#[test]
fn a_sum_adds_to_the_linked_number() {
    let text = String::from_utf8(vector(IMAGE)).unwrap();
    let name = "<Name>Firmware download area address (in external flash)</Name>\n\t\t<Link></Link>";
    assert!(text.contains(name));
    let sum = text.replace(name, &name.replace("<Link></Link>", "<Link>+0x8000000</Link>"));
    assert_eq!(resolve(sum.as_bytes(), CONFIGURATION).unwrap().address, Some(0x9802_0000));
}

#[test]
fn an_argument_that_is_switched_off_doesnt_count() {
    let text = String::from_utf8(vector(IMAGE)).unwrap();
    let off = text.replace("<Command>--primary-only</Command>", "<Command>--primary-only</Command><Enable>0</Enable>");
    let settings = resolve(off.as_bytes(), CONFIGURATION).unwrap();
    assert_eq!(settings.install, InstallMode::Swap { sectors: 128 });
    assert!(settings.stirot().unwrap_err().to_string().contains("--primary-only"));
}

#[test]
fn what_cant_be_is_refused_with_field_and_line() {
    assert_eq!(
        refusal("<Value>1.0.0</Value>", "<Value>1.0.256.x</Value>"),
        "line 76, field \"Version\": version: \"1.0.256.x\" has more than three numbers; write it as 1.2.3 or 1.2.3+4"
    );
    assert!(refusal("<Value>auto</Value>", "<Value>never</Value>").contains("field \"Security Counter\""));
    assert!(refusal("<Default>little</Default>", "<Default>big</Default>").contains("expected little"));
    assert!(refusal("<Default>16</Default>", "<Default>3</Default>").contains("field \"Align\""));
    assert!(refusal("<Default>0x400</Default>", "<Default>0x10000</Default>").contains("field \"Header Size\""));
    assert!(refusal("<Command>--align</Command>", "<Command>--nonsense</Command>").contains("--nonsense"));
    assert!(refusal("<Command>--align</Command>", "<Command>-S</Command>").contains("given twice"));
    assert!(refusal("<Link>GetPublic</Link>", "<Link>Whatever</Link>").contains("<Link>"));
    assert!(refusal("<Name>Firmware area size</Name>", "<Name>Area</Name>").contains("no field of this name"));
    assert!(refusal("<Command>sign</Command>", "<Command>verify</Command>").contains("expected sign"));
    assert!(refusal("<Command>-k</Command>", "<Command>--pad</Command>").contains("given twice"));
    assert!(refusal("<Command>--align</Command>", "<Command>-d</Command>").contains("can't be built"));
}

#[test]
fn an_unknown_element_is_read_but_nothing_is_resolved_without_it() {
    let text = String::from_utf8(vector(IMAGE)).unwrap();
    let text = text.replace("\t<Output>", "\t<Extra><Name>x</Name></Extra>\n\t<Output>");
    assert!(McubootFormat::decode(text.as_bytes()).is_ok());
    let error = resolve(text.as_bytes(), CONFIGURATION).unwrap_err().to_string();
    assert!(error.starts_with("line 114: <Extra> is not known here"), "{error}");
}

#[test]
fn an_argument_without_a_value_takes_none() {
    for flag in ["--pad", "--pad-header", "--primary-only"] {
        let command = format!("<Command>{flag}</Command>");
        let error = refusal(&command, &format!("{command}<Value>1</Value>"));
        assert!(error.contains("takes no value"), "{flag}: {error}");
    }
}

#[test]
fn dependencies_on_several_images_are_told_from_an_argument_given_twice() {
    let text = String::from_utf8(vector(IMAGE)).unwrap();
    let depends = |enable: &str| {
        let param = format!(
            "<Param><Name>D</Name><Value>0,1.0.0</Value><Type>Dependency</Type><Command>-d</Command>{enable}</Param>"
        );
        resolve(text.replace("\t<Output>", &format!("{param}{param}<Output>")).as_bytes(), CONFIGURATION)
    };
    assert!(depends("<Enable>0</Enable>").is_ok());
    assert!(depends("").unwrap_err().to_string().contains("can't be built here"));
}

#[test]
fn a_tag_in_a_value_is_refused() {
    let error = refusal("<Value>1.0.0</Value>", "<Value>1.0<b/>.0</Value>");
    assert_eq!(error, "line 78: there are tags in <Value>; write < in a text as &lt;");
}

#[test]
fn links_without_a_linked_file_are_refused() {
    let xml = McubootFormat::decode(&vector(IMAGE)).unwrap();
    assert!(xml.resolve(None).unwrap_err().to_string().contains("<LinkedXML>"));
}

#[test]
fn a_cut_file_is_an_error_at_every_length() {
    let text = vector(IMAGE);
    for length in 0..text.trim_ascii_end().len() {
        assert!(McubootFormat::decode(&text[..length]).is_err(), "cut to {length} bytes");
    }
}

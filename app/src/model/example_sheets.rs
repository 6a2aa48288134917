//! Sheets as the sample project makes them, for tests of the views: a download slot that overlaps, sample keys, an
//! object that is out of date.

use std::ops::RangeInclusive;

use formats::form::FieldKey;
use project::{DocumentRole, FieldPlace, Flow, Moves};

use crate::model::Tone;
use crate::model::configuration::{
    Choice, ConfigurationSheet, DocumentSheet, Entry, FieldId, FieldSheet, FindingSheet, MapBand, MapLane, MapRegion,
    ObjectSheet, ObjectSpan, OnDisk, Place, RegionId, RegionKind, Section, SpanKind,
};
use crate::model::keys::{
    BrokenEdge, ChainEdge, ChainKind, ChainNode, ChainSheet, EdgeState, KeyActs, KeySheet, KeyVersion, KeysSheet,
    Protection,
};

const ENCRYPTION: &str = "9cfa15349a180b1c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7081929a18";
const AUTHENTICATION: &str = "eac592621ce3f00102030405060708090a0b0c0d0e0f10111213141516171ce3";
const ROOT: &str = "cc05b01317770102030405060708090a0b0c0d0e0f1011121314151617181777";

/// A field's identity, as these sheets name fields: by their labels.
pub(crate) fn field(label: &str) -> FieldId {
    FieldId(label.to_owned())
}

fn region_id(name: &str) -> RegionId {
    RegionId(name.to_owned())
}

fn plain(label: &str, value: &str, entry: Entry, hint: &str) -> FieldSheet {
    FieldSheet {
        id: field(label),
        label: label.to_owned(),
        value: value.to_owned(),
        entry,
        hint: hint.to_owned(),
        help: format!("{label}, as ST's tooltip and the wiki describe it."),
        place: Place::Main,
        trouble: None,
        refused: None,
        default: None,
        region: None,
        badge: None,
    }
}

fn number(label: &str, value: &str, hint: &str, region: &str) -> FieldSheet {
    FieldSheet { region: Some(region_id(region)), ..plain(label, value, Entry::Number, hint) }
}

fn advanced(field: FieldSheet) -> FieldSheet {
    FieldSheet { place: Place::Advanced, ..field }
}

fn choices(choices: &[(&str, &str)]) -> Entry {
    let choice = |(code, label): &(&str, &str)| Choice { code: (*code).to_owned(), label: (*label).to_owned() };
    Entry::Choice(choices.iter().map(choice).collect())
}

fn key_file(label: &str, file: &str, hint: &str) -> FieldSheet {
    FieldSheet { badge: Some("SAMPLE".to_owned()), ..plain(label, file, Entry::File, hint) }
}

fn stirot_fields() -> Vec<FieldSheet> {
    let switch = Entry::Switch { on: "0x01".to_owned(), off: "0x00".to_owned() };
    let clock = choices(&[("0x00", "64 MHz"), ("0x01", "380 MHz")]);
    let offsets = choices(&[("0x0000", ""), ("0x2000", ""), ("0x4000", "")]);
    vec![
        number("Firmware area address", "0x24000000", "AXI SRAM, multiple of 16 KiB", "firmware"),
        FieldSheet {
            default: Some("0x00020000".to_owned()),
            ..number("Firmware area size", "0x00020000", "128 KiB, multiple of 8 KiB", "firmware")
        },
        number(
            "Firmware installation area address",
            "0x90000000",
            "external flash, multiple of 64 KiB",
            "installation",
        ),
        FieldSheet {
            trouble: Some((Tone::Danger, "overlaps the installation slot".to_owned())),
            default: Some("0x90020000".to_owned()),
            ..number("Firmware download area address", "0x90010000", "external flash, multiple of 64 KiB", "download")
        },
        plain(
            "Product state minimal allowed",
            "0x72",
            choices(&[("0x72", "Closed"), ("0x5C", "Locked")]),
            "runs in CLOSED and LOCKED",
        ),
        key_file("Encryption key", "./../Keys/STiROT_Encryption.pem", "9cfa…9a18 · used by image and obk"),
        key_file("Authentication key", "./../Keys/STiROT_Authentication.pem", "eac5…1ce3 · used by image and obk"),
        plain("Output file", "./../Binary/STiROT_Config.obk", Entry::File, "holds a private key in the clear"),
        advanced(plain("Clock selection", "0x01", clock, "while STiROT works")),
        advanced(plain("SRAM ECC management activation", "0x01", switch, "takes SRAM4 from the application")),
        advanced(plain("STiROT_iLoader offset", "0x0000", offsets, "start of a sector of 8 KiB")),
        advanced(number("STiROT_iLoader size", "0x6000", "24 KiB, multiple of 8 KiB", "loader")),
        advanced(plain("Reserved8", "0x10000000", Entry::ReadOnly, "")),
    ]
}

fn documents() -> Vec<DocumentSheet> {
    let document = |title: &str, file: &str, on_disk, fields| DocumentSheet {
        title: title.to_owned(),
        file: file.to_owned(),
        path: format!("/home/lab/pump/{file}"),
        on_disk,
        fields,
        stale_output: None,
    };
    let mut stirot = document("STiROT", "STiROT_Config.xml", OnDisk::Edited, stirot_fields());
    stirot.stale_output = Some("STiROT_Config.obk is out of date".to_owned());
    let password = vec![
        plain("Password", "", Entry::Password, "4 to 16 characters"),
        plain("Output file", "./../Binary/DA_ConfigWithPassword.obk", Entry::File, ""),
    ];
    let permission =
        plain("Permission", "0x80000000000000000000000000004007", Entry::Number, "what a certificate may ask for");
    let root = key_file("Root key", "./../Keys/key_1_root.pem", "cc05…1777");
    let image = vec![plain("Version", "1.0.0", Entry::Text, "major.minor.revision")];
    vec![
        stirot,
        document("DA certificate", "DA_Config.xml", OnDisk::Same, vec![root, permission]),
        document("DA password", "DA_ConfigWithPassword.xml", OnDisk::Same, password),
        document("Image", "STiROT_Code_Image.xml", OnDisk::Same, image),
    ]
}

fn region(id: &str, name: &str, start: u32, size: u32, kind: RegionKind) -> MapRegion {
    MapRegion {
        id: region_id(id),
        name: name.to_owned(),
        start,
        size,
        footprint: size,
        kind,
        trouble: None,
        fields: Vec::new(),
        movable: None,
    }
}

fn moves(name: &str, step: u32, legal: Vec<RangeInclusive<u32>>) -> Moves {
    let field = FieldPlace { document: DocumentRole::StirotConfig(Flow::Stirot), key: FieldKey::field(name) };
    Moves { field, base: 0, step, legal }
}

fn map() -> Vec<MapLane> {
    // The slots are in each other's way.
    let slot = |field, legal| moves(field, 0x1_0000, vec![legal]);
    let overlaps = Some((Tone::Danger, "overlaps".to_owned()));
    let lane = |name: &str, start, size, regions| MapLane {
        name: name.to_owned(),
        start,
        size,
        sector: None,
        bands: Vec::new(),
        regions,
    };
    let firmware = MapRegion {
        fields: vec![field("Firmware area address"), field("Firmware area size")],
        movable: Some(moves("Firmware area address", 0x4000, vec![0x2400_0000..=0x2404_0000])),
        ..region("firmware", "Firmware area", 0x2400_0000, 0x2_0000, RegionKind::Firmware)
    };
    let ecc = region("ecc", "ECC", 0x2406_0000, 0x1_2000, RegionKind::Ecc);
    let loader = MapRegion {
        fields: vec![field("STiROT_iLoader size"), field("STiROT_iLoader offset")],
        footprint: 0x6000,
        ..region("loader", "iLoader", 0x0800_0000, 21_914, RegionKind::Loader)
    };
    let installation = MapRegion {
        fields: vec![field("Firmware installation area address"), field("Firmware area size")],
        movable: Some(slot("Firmware installation area address", 0x9003_0000..=0x97FE_0000)),
        ..region("installation", "Installation", 0x9000_0000, 0x2_0000, RegionKind::Installation)
    };
    let download = MapRegion {
        fields: vec![field("Firmware download area address"), field("Firmware area size")],
        movable: Some(slot("Firmware download area address", 0x9002_0000..=0x97FE_0000)),
        trouble: overlaps,
        ..region("download", "Download slot", 0x9001_0000, 0x2_0000, RegionKind::Download)
    };
    vec![
        lane("Internal RAM · AXI SRAM 456 KiB", 0x2400_0000, 0x7_2000, vec![firmware, ecc]),
        MapLane {
            sector: Some(0x2000),
            bands: vec![MapBand { name: "write-protected".to_owned(), start: 0x0800_0000, size: 0x6000 }],
            ..lane("User flash 64 KiB", 0x0800_0000, 0x1_0000, vec![loader])
        },
        lane("External flash · first 512 KiB of 128 MiB", 0x9000_0000, 0x8_0000, vec![installation, download]),
    ]
}

fn spans() -> Vec<ObjectSpan> {
    let of = |name: &str| (!name.starts_with("Reserved")).then(|| field(name));
    let table = [
        (0x00, 4, "Destination", "0x0000 0108", SpanKind::Header, None),
        (0x04, 4, "Length", "256", SpanKind::Header, None),
        (0x08, 4, "Encrypt when stored", "1", SpanKind::Header, None),
        (0x0C, 32, "SHA-256 of the rest", "a754…63f9", SpanKind::Hash, None),
        (0x2C, 1, "Reserved1", "0x01", SpanKind::Reserved, None),
        (0x2D, 1, "Clock selection", "0x01", SpanKind::Setting, of("Clock selection")),
        (0x2E, 1, "Reserved2", "0x00", SpanKind::Reserved, None),
        (0x2F, 1, "SRAM ECC", "0x01", SpanKind::Setting, of("SRAM ECC management activation")),
        (0x30, 4, "Firmware area address", "0x2400 0000", SpanKind::Setting, of("Firmware area address")),
        (0x34, 4, "Firmware area size", "0x0002 0000", SpanKind::Setting, of("Firmware area size")),
        (0x38, 16, "Reserved3 to 6", "0", SpanKind::Reserved, None),
        (0x48, 4, "Product state minimal allowed", "0x72", SpanKind::Setting, of("Product state minimal allowed")),
        (
            0x4C,
            4,
            "Firmware installation area address",
            "0x9000 0000",
            SpanKind::Setting,
            of("Firmware installation area address"),
        ),
        (
            0x50,
            4,
            "Firmware download area address",
            "0x9001 0000",
            SpanKind::Setting,
            of("Firmware download area address"),
        ),
        (0x54, 4, "Reserved7", "0", SpanKind::Reserved, None),
        (0x58, 4, "Reserved8", "0x1000 0000", SpanKind::Reserved, None),
        (0x5C, 4, "STiROT_iLoader offset", "0x0", SpanKind::Setting, of("STiROT_iLoader offset")),
        (0x60, 4, "STiROT_iLoader size", "0x6000", SpanKind::Setting, of("STiROT_iLoader size")),
        (0x64, 4, "MCE", "MCE1", SpanKind::Setting, None),
        (0x68, 3, "Reserved9", "0", SpanKind::Reserved, None),
        (0x6B, 70, "Encryption key, private", "masked", SpanKind::Private, of("Encryption key")),
        (0xB1, 91, "Authentication key, public", "eac5…1ce3", SpanKind::Public, of("Authentication key")),
    ];
    table
        .into_iter()
        .map(|(offset, length, name, value, kind, field)| ObjectSpan {
            offset,
            length,
            name: name.to_owned(),
            value: value.to_owned(),
            meaning: String::new(),
            kind,
            field,
        })
        .collect()
}

fn object() -> ObjectSheet {
    let spans = spans();
    let numbers: [(usize, u32); 11] = [
        (0x00, 0x108),
        (0x04, 0x100),
        (0x08, 1),
        (0x2C, 0x0100_0101),
        (0x30, 0x2400_0000),
        (0x34, 0x2_0000),
        (0x48, 0x72),
        (0x4C, 0x9000_0000),
        (0x50, 0x9001_0000),
        (0x58, 0x1000_0000),
        (0x60, 0x6000),
    ];
    let mut bytes: Vec<Option<u8>> = vec![Some(0); 268];
    for (offset, number) in numbers {
        for (byte, value) in bytes[offset..].iter_mut().zip(number.to_le_bytes()) {
            *byte = Some(value);
        }
    }
    for span in &spans {
        for (place, byte) in bytes.iter_mut().enumerate().skip(span.offset).take(span.length) {
            match span.kind {
                SpanKind::Private => *byte = None,
                SpanKind::Hash | SpanKind::Public => *byte = u8::try_from(place * 37 % 251).ok(),
                _ => {}
            }
        }
    }
    ObjectSheet { name: "STiROT_Config.obk".to_owned(), state: (Tone::Warn, "out of date".to_owned()), bytes, spans }
}

/// The sample configuration after its download slot was set 64 KiB too low.
pub(crate) fn overlapping() -> ConfigurationSheet {
    ConfigurationSheet {
        documents: documents(),
        section: Section::Files,
        stages: None,
        shown: 0,
        unsaved: 1,
        save: Ok(()),
        can_undo: Some("Firmware download area address to 0x9001 0000".to_owned()),
        can_redo: None,
        map: map(),
        findings: vec![
            FindingSheet {
                rule: "R11".to_owned(),
                title: "Download slot overlaps the installation slot".to_owned(),
                text: "0x9001 0000–0x9002 FFFF meets 0x9000 0000–0x9001 FFFF. The iLoader refuses slots that touch. \
                       “Move it” sets 0x9002 0000."
                    .to_owned(),
                source: "STiROT_iLoader, region checks".to_owned(),
                tone: Tone::Danger,
                fields: vec![field("Firmware download area address")],
                region: Some(region_id("download")),
                mend: Some("Move it".to_owned()),
                index: 3,
            },
            FindingSheet {
                rule: "R22".to_owned(),
                title: "Five keys are sample keys".to_owned(),
                text: "Everybody has them. Fine for a rehearsal, never for a product.".to_owned(),
                source: String::new(),
                tone: Tone::Warn,
                fields: vec![field("Root key")],
                region: None,
                mend: None,
                index: 7,
            },
        ],
        rules_hold: 21,
        object: Some(object()),
        build: Ok(()),
        loader_numbers: Ok("offset 0, size 0x6000, sectors 0 to 2 protected".to_owned()),
        selected: None,
    }
}

fn key(role: &str, file: &str, fingerprint: &str, sample: Option<&str>, used_in: &[&str]) -> KeySheet {
    KeySheet {
        role: role.to_owned(),
        file: file.to_owned(),
        path: format!("/home/lab/pump/Keys/{file}"),
        fingerprint: Some(fingerprint.to_owned()),
        sample: sample.map(str::to_owned),
        protection: Protection::Clear,
        used_in: used_in.iter().map(|name| (*name).to_owned()).collect(),
        versions: vec![KeyVersion {
            file: file.to_owned(),
            fingerprint: fingerprint.to_owned(),
            sample: sample.map(str::to_owned),
            in_use: true,
        }],
        acts: KeyActs {
            generate: Ok(()),
            import: Ok(()),
            export_public: Ok(()),
            protect: Ok(()),
            unlock: Err("the key isn't protected".to_owned()),
            export_clear: Err("the key lies in clear already".to_owned()),
        },
    }
}

fn node(id: &str, name: &str, detail: &str, kind: ChainKind) -> ChainNode {
    ChainNode { id: id.to_owned(), name: name.to_owned(), detail: detail.to_owned(), kind, sample: None }
}

fn sample_node(id: &str, name: &str, detail: &str) -> ChainNode {
    ChainNode {
        sample: Some("Published by ST with STM32CubeH7RS".to_owned()),
        ..node(id, name, detail, ChainKind::Key)
    }
}

fn edge(from: &str, to: &str, state: EdgeState, text: &str) -> ChainEdge {
    ChainEdge { from: from.to_owned(), to: to.to_owned(), state, text: text.to_owned() }
}

/// The sample's chain after the encryption key was replaced: the object is out of date.
pub(crate) fn stale_chain() -> ChainSheet {
    ChainSheet {
        nodes: vec![
            node("encryption", "STiROT encryption", "9cfa…9a18", ChainKind::Key),
            sample_node("authentication", "STiROT authentication", "eac5…1ce3"),
            sample_node("root", "DA root", "cc05…1777"),
            node("config", "STiROT_Config.obk", "HDPL 1 · index 8", ChainKind::Object),
            node("da", "DA_Config.obk", "HDPL 0 · index 8", ChainKind::Object),
            node("image", "appli_enc_sign.hex", "1.0.0 · 43 KiB", ChainKind::Image),
            node("slot", "Download slot", "0x9002 0000", ChainKind::Slot),
            node("options", "Option bytes", "ECC 1 · WRP 0xF8", ChainKind::OptionBytes),
            node("chain", "Leaf certificate", "f540…67fd", ChainKind::Certificate),
        ],
        edges: vec![
            edge("encryption", "config", EdgeState::Stale, "other private half"),
            edge("authentication", "config", EdgeState::Holds, "public half inside"),
            edge("root", "da", EdgeState::Holds, "hash inside"),
            edge("encryption", "image", EdgeState::Holds, "unwraps the AES key"),
            edge("authentication", "image", EdgeState::Holds, "signed by it"),
            edge("config", "slot", EdgeState::Holds, "same address"),
            edge("image", "slot", EdgeState::Holds, "fits 128 KiB"),
            edge("config", "options", EdgeState::Unknown, "not read"),
            edge("da", "chain", EdgeState::Holds, "same root"),
        ],
        first_broken: Some(BrokenEdge {
            edge: 0,
            explanation:
                "The key is from today, the object holds the one before it. A chip with this object can't open \
                          images made now. “Build outputs” makes the object anew."
                    .to_owned(),
            mend: Some("Build outputs".to_owned()),
        }),
    }
}

/// The sample's keys: one of them the person's own with an older version, one protected.
pub(crate) fn sample_keys() -> KeysSheet {
    let st = Some("Published by ST with STM32CubeH7RS");
    let mut own = key(
        "STiROT encryption",
        "STiROT_Encryption_v2.pem",
        ENCRYPTION,
        None,
        &["STiROT_Config.obk", "appli_enc_sign.hex"],
    );
    own.versions.push(KeyVersion {
        file: "STiROT_Encryption.pem".to_owned(),
        fingerprint: ROOT.to_owned(),
        sample: st.map(str::to_owned),
        in_use: false,
    });
    let mut protected = key("DA root", "key_1_root.pem", ROOT, st, &["DA_Config.obk"]);
    protected.protection = Protection::Protected;
    protected.acts.protect = Err("the key is protected already".to_owned());
    protected.acts.unlock = Ok(());
    protected.acts.export_clear = Err("unlock it first".to_owned());
    let mut unlocked = key("DA leaf", "key_3_leaf.pem", AUTHENTICATION, st, &["leaf certificate"]);
    unlocked.protection = Protection::Unlocked;
    unlocked.acts.export_clear = Ok(());
    let authentication = key(
        "STiROT authentication",
        "STiROT_Authentication.pem",
        AUTHENTICATION,
        st,
        &["STiROT_Config.obk", "appli_enc_sign.hex"],
    );
    KeysSheet { keys: vec![own, authentication, protected, unlocked], chain: stale_chain(), chosen: None }
}

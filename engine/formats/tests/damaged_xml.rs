//! Any bytes as an xml: a value or an error that says where, never a panic; and whatever opens in the editor is saved
//! as it was, and edited without touching anything else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::vector;
use formats::form::FormKind;
use formats::{Form, McubootFormat, Obdata, Secret};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

const FILES: [&str; 6] = [
    "stirot/Config/STiROT_Config.xml",
    "stirot_oemurot/Config/OEMuROT_Config.xml",
    "da/Config/DA_Config.xml",
    "da/Config/DA_ConfigWithPassword.xml",
    "stirot/Image/STiROT_Code_Image.xml",
    "stirot_oemurot/Images/OEMuROT_Code_Image.xml",
];

/// What xml and this dialect give a meaning; files put together from it get further than noise.
const WORDS: [&str; 48] = [
    "<Root>",
    "</Root>",
    "<Obdata>",
    "</Obdata>",
    "<McubootFormat>",
    "</McubootFormat>",
    "<Info>",
    "</Info>",
    "<GlobalParam>",
    "</GlobalParam>",
    "<Data>",
    "</Data>",
    "<List>",
    "</List>",
    "<Text>",
    "</Text>",
    "<File>",
    "</File>",
    "<Param>",
    "</Param>",
    "<Output>",
    "</Output>",
    "<Name>",
    "</Name>",
    "<Value>",
    "</Value>",
    "<Value/>",
    "<Width>",
    "</Width>",
    "<Dependency>",
    "</Dependency>",
    "<Val>",
    "</Val>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&amp;",
    "&#9;",
    "&",
    "<",
    ">",
    "\u{FEFF}",
    "\u{A0}é",
    "\r\n\t",
    "0x10",
    "A,1",
    " ",
];

#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Cut(Index, usize),
    Insert(Index, &'static str),
    /// A line is lost. Most hold one element, so that what is left is often well-formed.
    CutLine(Index),
    /// A line stands once more elsewhere.
    CopyLine(Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), 0_u32..8).prop_map(|(at, bit)| Damage::Flip(at, 1 << bit)),
        (any::<Index>(), 1_usize..40).prop_map(|(at, length)| Damage::Cut(at, length)),
        (any::<Index>(), prop::sample::select(WORDS.to_vec())).prop_map(|(at, word)| Damage::Insert(at, word)),
        any::<Index>().prop_map(Damage::CutLine),
        any::<Index>().prop_map(Damage::CutLine),
        any::<[Index; 2]>().prop_map(|[from, to]| Damage::CopyLine(from, to)),
        any::<[Index; 2]>().prop_map(|[from, to]| Damage::CopyLine(from, to)),
    ]
}

fn damaged(mut file: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        let mut lines: Vec<_> = file.split_inclusive(|byte| *byte == b'\n').collect();
        match damage {
            Damage::Flip(at, mask) => {
                let at = at.index(file.len());
                file[at] ^= mask;
            }
            Damage::Cut(at, length) => {
                let start = at.index(file.len());
                file.drain(start..(start + length).min(file.len()));
            }
            Damage::Insert(at, word) => {
                let at = at.index(file.len());
                file.splice(at..at, word.bytes());
            }
            Damage::CutLine(at) => {
                lines.remove(at.index(lines.len()));
                file = lines.concat();
            }
            Damage::CopyLine(from, to) => {
                let line = lines[from.index(lines.len())];
                lines.insert(to.index(lines.len()), line);
                file = lines.concat();
            }
        }
    }
    file
}

/// Everything that can be done with a file, whatever it is.
fn survive(file: &[u8]) {
    if let Ok(xml) = Obdata::decode(file) {
        assert!(xml.source().as_bytes() == file);
        // Any outcome will do; the published xml have other tests.
        drop(xml.build(&|_: &str| Ok(Secret::new(vec![b'-'; 40]))));
        drop(xml.build(&|_: &str| Ok(Secret::new(vector("stirot/Keys/STiROT_Encryption.pem")))));
    }
    if let Ok(xml) = McubootFormat::decode(file) {
        let linked = Obdata::decode(&vector(FILES[0])).unwrap_or_else(|error| panic!("{error}"));
        drop(xml.resolve(None));
        drop(xml.resolve(Some(&linked)));
    }
    let Ok(form) = Form::read(file) else { return };
    assert!(form.source().as_bytes() == file);
    for field in form.fields() {
        let same = form.with_value(&field.key, &field.value).unwrap_or_else(|error| panic!("{error}"));
        assert!(same.source().as_bytes() == file);
        form.path_text(&field.key, "./a\\b");
        let text = form.number_text(&field.key, 0x123);
        for value in [text.as_str(), "<a>]]>&amp;\u{A0}b", ""] {
            let Ok(new) = form.with_value(&field.key, value) else { continue };
            assert_eq!(new.fields().len(), form.fields().len());
            for (before, after) in form.fields().iter().zip(new.fields()) {
                let wanted = if before.key == field.key { value } else { before.value.as_str() };
                assert!(after.key == before.key && after.value.as_str() == wanted, "{:?}", before.key);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        survive(&bytes);
    }

    #[test]
    fn words_of_the_dialect_in_any_order_never_panic(words in vec(prop::sample::select(WORDS.to_vec()), 0..60)) {
        survive(words.concat().as_bytes());
        for dialect in ["Obdata", "McubootFormat"] {
            for field in ["Data", "Text", "Param"] {
                let text = words.concat();
                let value = format!("<Name>A</Name><Value>{text}</Value><Default>{text}</Default>");
                survive(format!("<Root><{dialect}><{field}>{value}</{field}></{dialect}></Root>").as_bytes());
            }
        }
    }

    #[test]
    fn a_published_file_damaged_in_any_way_never_panics(
        file in prop::sample::select(FILES.to_vec()),
        damages in vec(damage(), 1..4),
    ) {
        survive(&damaged(vector(file), &damages));
    }
}

/// Pieces of text that belong into a value in any order, so that most of what comes out is well-formed.
fn content() -> impl Strategy<Value = String> {
    let pieces = vec![
        "0x1",
        " ",
        "\r\n\t",
        "é",
        "\u{A0}",
        "&amp;",
        "&#32;",
        "&lt;",
        "<![CDATA[<x> ]]>",
        "<![CDATA[]]>",
        "<!-- c -->",
        "<?p?>",
        "<i>t</i>",
        "<i/>",
    ];
    vec(prop::sample::select(pieces), 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_value_however_written_is_replaced_and_its_surroundings_are_kept(content in content(), value in "[ -~é]{0,12}") {
        for (dialect, element) in [("Obdata", "Data"), ("Obdata", "Text"), ("McubootFormat", "Param")] {
            let text = format!("<Root><{dialect}><{element}><Name>A</Name><Value>{content}</Value></{element}></{dialect}></Root>");
            let form = Form::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
            let field = &form.fields()[0];
            let new = form.with_value(&field.key, &value).unwrap_or_else(|error| panic!("{error}"));
            let wanted = if matches!(field.kind, FormKind::Password { .. }) { value.as_str() } else { value.trim() };
            prop_assert_eq!(new.fields()[0].value.as_str(), wanted);
            for kept in ["<!-- c -->", "<?p?>", "<i/>", "<i>t</i>"] {
                prop_assert_eq!(new.source().matches(kept).count(), text.matches(kept).count(), "{}", kept);
            }
            let start = text.find("<Value>").unwrap() + "<Value>".len();
            prop_assert!(new.source().starts_with(&text[..start]));
            let end = format!("</Value></{element}></{dialect}></Root>");
            prop_assert!(new.source().ends_with(&end));
        }
        survive(format!("<Root><Obdata><Info><Title>{content}</Title></Info></Obdata></Root>").as_bytes());
    }
}

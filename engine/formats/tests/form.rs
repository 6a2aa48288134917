//! A file as an editor sees it: ST's published files open and save unchanged, an edit changes the bytes of its value and
//! no others, what can't be used is a field with a problem.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::vector;
use formats::form::{Applies, Dialect, Enable, FieldKey, FormField, FormKind, Section};
use formats::obdata::{FileForm, Value, Visibility};
use formats::{Form, McubootFormat, Obdata};

const CONFIGURATIONS: [&str; 5] = [
    "stirot/Config/STiROT_Config.xml",
    "stirot_oemurot/Config/STiROT_Config.xml",
    "stirot_oemurot/Config/OEMuROT_Config.xml",
    "da/Config/DA_Config.xml",
    "da/Config/DA_ConfigWithPassword.xml",
];
const IMAGES: [(&str, &str); 3] = [
    ("stirot/Image/STiROT_Code_Image.xml", "stirot/Config/STiROT_Config.xml"),
    ("stirot_oemurot/Images/STiROT_Code_Image.xml", "stirot_oemurot/Config/STiROT_Config.xml"),
    ("stirot_oemurot/Images/OEMuROT_Code_Image.xml", "stirot_oemurot/Config/OEMuROT_Config.xml"),
];

fn published() -> Vec<&'static str> {
    CONFIGURATIONS.into_iter().chain(IMAGES.map(|(image, _)| image)).collect()
}

fn read(text: &str) -> Form {
    Form::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A configuration with fields of its own.
fn with(fields: &str) -> String {
    format!(
        "<Root>\n<Obdata>\n<Info>\n<ObDestAddress>0x108</ObDestAddress>\n<DoEncryption>1</DoEncryption>\n\
         <GlobalAlign>32</GlobalAlign>\n</Info>\n<Hash/>\n{fields}\n</Obdata>\n</Root>\n"
    )
}

/// A configuration with one field of four bytes, whose value stands as given.
fn with_number(value: &str) -> String {
    with(&format!("<Data>\n\t<Name>A</Name>\n\t{value}\n\t<Width>4</Width>\n</Data>"))
}

fn edited(text: &str, key: &FieldKey, value: &str) -> String {
    let form = read(text).with_value(key, value).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(form.field(key).unwrap().value.as_str(), value, "it reads back");
    form.source().to_string()
}

fn refusal(text: &str, key: &FieldKey, value: &str) -> String {
    read(text).with_value(key, value).err().map(|error| error.to_string()).expect("it was taken")
}

fn problem(fields: &str) -> String {
    let form = read(&with(fields));
    let field = form.fields().iter().find(|field| field.key.section == Section::Field).unwrap();
    field.problem.clone().unwrap_or_else(|| panic!("it was taken: {fields}"))
}

/// Another legal value for a field.
fn another(field: &FormField) -> Option<String> {
    let differing =
        |values: [&str; 2]| values.into_iter().find(|value| *value != field.value.as_str()).map(str::to_owned);
    match &field.kind {
        FormKind::Number { .. } => differing(["0x5", "0x6"]),
        FormKind::Choice { choices, .. } => Some(format!("{:#x}", choices.last().unwrap().number)),
        FormKind::Switch { off, .. } => Some(format!("{off:#X}")),
        FormKind::File { .. } | FormKind::Output => Some("./../Other <&> folder/x.pem".into()),
        FormKind::Permission => Some("0x1".into()),
        FormKind::Password { .. } => Some(" <new> & \"it's\" ".into()),
        FormKind::Argument { link: Some(_), .. } | FormKind::Unknown { .. } => None,
        FormKind::Argument { option, .. } => match option.as_deref() {
            Some("-ma" | "-S" | "-H" | "-x" | "-M") => Some("0x800".into()),
            Some("--align") => Some("8".into()),
            Some("-v") => Some("2.3.4".into()),
            Some("-s") => Some("0x20".into()),
            Some(_) => None,
            None => Some("other.bin".into()),
        },
        FormKind::Info => match field.key.name.as_str() {
            "Command" => None,
            "DoEncryption" => Some("0".into()),
            "GlobalAlign" => Some("16".into()),
            "Title" | "MCU" | "LinkedXML" => Some("Other & <more>".into()),
            _ => Some("0x00510008".into()),
        },
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[test]
fn every_published_file_opens_and_saves_unchanged() {
    for name in published() {
        let file = vector(name);
        let form = Form::read(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(form.source().as_bytes() == file, "{name}");
        for field in form.fields() {
            assert_eq!(field.problem, None, "{name}, {}", field.key.name);
            assert_eq!(form.field(&field.key).unwrap().line, field.line, "{name}: keys tell fields apart");
            let same = form.with_value(&field.key, &field.value).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(same.source().as_bytes() == file, "{name}, {}: the present value changes nothing", field.key.name);
        }
    }
}

#[test]
fn an_edit_of_any_field_of_a_published_file_changes_its_value_alone() {
    let mut edits = 0;
    for name in published() {
        let text = String::from_utf8(vector(name)).unwrap();
        let form = read(&text);
        for field in form.fields() {
            let Some(value) = another(field) else { continue };
            let new = form.with_value(&field.key, &value).unwrap_or_else(|error| panic!("{name}: {error}"));
            // A default that counts instead of a value stays, and the value gets a line behind the name.
            let element = text.lines().skip(field.line - 1).take_while(|line| !line.contains("</Param>"));
            let (old, put) = if form.dialect() == Dialect::McubootFormat
                && matches!(field.kind, FormKind::Argument { .. })
                && !element.clone().any(|line| line.contains("<Value>"))
            {
                let tag = format!("<Name>{}</Name>", field.key.name);
                (tag.clone(), format!("{tag}\n\t\t<Value>{}</Value>", escaped(&value)))
            } else {
                (format!(">{}</", field.value.as_str()), format!(">{}</", escaped(&value)))
            };
            let start = text.lines().take(field.line - 1).map(|line| line.len() + 1).sum::<usize>();
            let at = start + text[start..].find(&old).unwrap();
            let expected = format!("{}{put}{}", &text[..at], &text[at + old.len()..]);
            assert!(new.source().as_str() == expected, "{name}, {}", field.key.name);
            for (before, after) in form.fields().iter().zip(new.fields()) {
                let wanted = if before.key == field.key { &value } else { before.value.as_str() };
                assert!(after.key == before.key && after.value.as_str() == wanted, "{name}, {}", after.key.name);
                assert_eq!(after.problem, None, "{name}, {}", after.key.name);
            }
            let back = new.with_value(&field.key, &field.value).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(back.field(&field.key).unwrap().value == field.value, "{name}");
            assert!(form.dialect() == Dialect::McubootFormat || back.source().as_str() == text, "{name}");
            edits += 1;
        }
    }
    assert!(edits > 100, "{edits} edits");
}

#[test]
fn the_strict_reader_finds_what_the_editor_wrote() {
    for name in CONFIGURATIONS {
        let form = Form::read(&vector(name)).unwrap_or_else(|error| panic!("{error}"));
        for field in form.fields() {
            let Some(text) = another(field) else { continue };
            let new = form.with_value(&field.key, &text).unwrap_or_else(|error| panic!("{error}"));
            let xml = Obdata::decode(new.source().as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
            let number = || u128::from_str_radix(text.trim_start_matches("0x").trim_start_matches("0X"), 16).unwrap();
            match &field.kind {
                FormKind::Number { .. } | FormKind::Choice { .. } | FormKind::Switch { .. } => {
                    assert_eq!(u128::from(xml.number(&field.key.name).unwrap()), number());
                }
                FormKind::File { .. } => assert_eq!(xml.path(&field.key.name).unwrap(), text),
                FormKind::Output => assert_eq!(xml.output.unwrap().path, text),
                FormKind::Permission | FormKind::Password { .. } => match &xml.field(&field.key.name).unwrap().value {
                    Value::Permission(mask) => assert_eq!(*mask, number()),
                    Value::Password(password) => assert_eq!(password.as_str(), text),
                    _ => panic!("another kind"),
                },
                _ => assert!(new.title() == xml.info.title.as_deref() && new.mcu() == xml.info.mcu.as_deref()),
            }
        }
    }
    for (image, linked) in IMAGES {
        let form = Form::read(&vector(image)).unwrap_or_else(|error| panic!("{error}"));
        let linked = Obdata::decode(&vector(linked)).unwrap_or_else(|error| panic!("{error}"));
        let settings = |form: &Form| McubootFormat::decode(form.source().as_bytes()).unwrap().resolve(Some(&linked));
        for field in form.fields() {
            let Some(text) = another(field) else { continue };
            let new = form.with_value(&field.key, &text).unwrap_or_else(|error| panic!("{error}"));
            let settings = settings(&new).unwrap_or_else(|error| panic!("{error}"));
            let FormKind::Argument { option, .. } = &field.kind else { continue };
            match option.as_deref() {
                Some("-ma") => assert_eq!(settings.magic, 0x800),
                Some("-S") => assert_eq!(settings.slot_size, 0x800),
                Some("-H") => assert_eq!(settings.header_size, 0x800),
                Some("-x") => assert_eq!(settings.address, Some(0x800)),
                Some("--align") => assert_eq!(settings.align.bytes(), 8),
                Some("-v") => assert_eq!(settings.version.to_string(), text),
                Some("-s") => assert_eq!(settings.security_counter.unwrap().to_string(), text),
                None => assert_eq!(settings.input, text),
                Some(_) => {}
            }
        }
    }
}

#[test]
fn a_published_file_is_described_field_by_field() {
    let form = Form::read(&vector(CONFIGURATIONS[0])).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(form.dialect(), Dialect::Obdata);
    assert_eq!((form.title(), form.mcu()), (Some("STiROT configuration"), Some("STM32H7S78")));
    let field = |name: &str| form.field(&FieldKey::field(name)).unwrap();
    assert_eq!(field("Firmware area size").kind, FormKind::Number { width: 4 });
    assert_eq!(field("Firmware area size").default.as_deref(), Some("0x00020000"));
    assert!(field("Firmware area size").tooltip.as_deref().unwrap().contains("8 Kbytes"));
    assert_eq!(field("SRAM ECC management activation").kind, FormKind::Switch { width: 1, on: 1, off: 0 });
    assert_eq!(field("SRAM ECC management activation").visibility, Visibility::Hidden);
    assert_eq!(field("Reserved8").visibility, Visibility::Reserved);
    assert_eq!(field("Authentication key").kind, FormKind::File { form: FileForm::PublicKey });
    assert_eq!((&field("Output File").kind, field("Output File").line), (&FormKind::Output, 198));
    let FormKind::Choice { choices, .. } = &field("Product state minimal allowed").kind else { panic!("a list") };
    assert_eq!(choices.iter().map(|choice| choice.number).collect::<Vec<_>>(), [0x72, 0x5C]);
    assert_eq!(form.field(&FieldKey::info("GlobalAlign")).unwrap().value.as_str(), "32");

    let form = Form::read(&vector(IMAGES[0].0)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(form.dialect(), Dialect::McubootFormat);
    let kind = |name: &str| form.field(&FieldKey::field(name)).unwrap().kind.clone();
    let argument = |option: Option<&str>, link: Option<&str>| FormKind::Argument {
        option: option.map(str::to_owned),
        link: link.map(str::to_owned),
        enabled: Enable::On,
    };
    assert_eq!(kind("Authentication key"), argument(Some("-k"), Some("")));
    assert_eq!(kind("Encryption key"), argument(Some("-E"), Some("GetPublic")));
    assert_eq!(kind("Firmware binary input file"), argument(None, None));
    assert_eq!(kind("Image output file"), FormKind::Output);
    assert_eq!(form.field(&FieldKey::field("Align")).unwrap().value.as_str(), "16", "the default counts");
}

#[test]
fn only_a_password_is_secret_in_the_published_files() {
    for name in published() {
        let form = Form::read(&vector(name)).unwrap_or_else(|error| panic!("{error}"));
        let secrets: Vec<_> = form.fields().iter().filter(|field| field.is_secret()).collect();
        assert_eq!(secrets.len(), usize::from(name.contains("Password")), "{name}");
        if let Some(password) = secrets.first() {
            assert_eq!(password.kind, FormKind::Password { shortest: 4, longest: 16 });
        }
    }
}

#[test]
fn line_ends_marks_comments_and_unknown_elements_survive_an_edit() {
    let text = "\u{FEFF}<?xml version='1.0'?>\r\n<!-- ours -->\r\n<Root a='b'>\r\n<Obdata>\r\n<Info/>\r\n<Data x=\"1\">\r\n\
                \t<!-- é --><Name>Größe &amp; <![CDATA[<mehr>]]></Name>\r\n\t<Value y='2'>\r\n\t\t0x10 <!-- old -->\r\n\t\
                </Value>\r\n\t<Odd>1</Odd><Width>4</Width>\r\n</Data>\r\n<Blob z='3'>\r\n</Blob>\r\n</Obdata>\r\n\
                </Root>\r\n<!-- end -->\r\n";
    let key = FieldKey::field("Größe & <mehr>");
    assert_eq!(read(text).field(&key).unwrap().value.as_str(), "0x10");
    assert_eq!(edited(text, &key, "0x10"), text);
    assert_eq!(edited(text, &key, "0x2000"), text.replace("0x10", "0x2000"));
}

#[test]
fn a_value_keeps_the_way_it_is_written() {
    let key = FieldKey::field("A");
    for (old, new) in [
        ("<Value>0x10</Value>", "<Value>0x20</Value>"),
        ("<Value > 0x10\n </Value >", "<Value > 0x20\n </Value >"),
        ("<Value><![CDATA[ 0x10 ]]></Value>", "<Value><![CDATA[ 0x20 ]]></Value>"),
        ("<Value>&#x20;0x1<!--c-->0<?p?>&#32;</Value>", "<Value>&#x20;0x20<!--c--><?p?>&#32;</Value>"),
        ("<Value>&#x30;x10</Value>", "<Value>0x20</Value>"),
        ("<Value> 0x<![CDATA[1]]>0 </Value>", "<Value> 0x20<![CDATA[]]> </Value>"),
        ("<Value><!-- none --></Value>", "<Value>0x20<!-- none --></Value>"),
        ("<Value/>", "<Value>0x20</Value>"),
        ("<Value a='/>' />", "<Value a='/>'>0x20</Value>"),
        ("<Value></Value>", "<Value>0x20</Value>"),
    ] {
        assert_eq!(edited(&with_number(old), &key, "0x20"), with_number(new), "{old}");
    }
}

#[test]
fn characters_that_xml_gives_a_meaning_are_written_so_that_they_read_back() {
    let key = FieldKey::field("Key");
    let file = |value: &str| with(&format!("<File><Name>Key</Name>{value}<Type></Type></File>"));
    assert_eq!(
        edited(&file("<Value>k.pem</Value>"), &key, "a<b>&amp;'\"é]]>.pem"),
        file("<Value>a&lt;b&gt;&amp;amp;'\"é]]&gt;.pem</Value>")
    );
    assert_eq!(
        edited(&file("<Value><![CDATA[k.pem]]></Value>"), &key, "a<b>&amp;]]>.pem"),
        file("<Value><![CDATA[a<b>&amp;]]]]><![CDATA[>.pem]]></Value>")
    );
    let text = file("<Value>k.pem</Value>");
    for value in ["a\0", "\u{1}b", "a\u{B}b", "a\u{C}b", "\u{FFFF}"] {
        let error = refusal(&text, &key, value);
        assert!(error.starts_with("line 9, field \"Key\": the new value has characters that xml"), "{error}");
    }
    let trimmed = read(&text).with_value(&key, " \n other.pem ").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(trimmed.source().as_str(), file("<Value>other.pem</Value>"));
}

#[test]
fn blanks_belong_to_a_password() {
    let key = FieldKey::field("P");
    let file = |value: &str| with(&format!("<DA/><Text><Name>P</Name><Value>{value}</Value></Text>"));
    assert_eq!(edited(&file("  four"), &key, "four"), file("four"));
    assert_eq!(edited(&file("four"), &key, " a&b "), file(" a&amp;b "));
    assert_eq!(edited(&file("<![CDATA[a]]> b"), &key, " <x> "), file("<![CDATA[ <x> ]]>"));
}

#[test]
fn a_missing_value_gets_a_line_of_its_own_in_the_files_manner() {
    let key = FieldKey::field("Align");
    let image = |param: &str, end: &str| {
        format!("<Root>\n<McubootFormat>\n<GlobalParam/>\n{param}\n</McubootFormat>\n</Root>\n").replace('\n', end)
    };
    let bare = "\t<Param>\n\n      <Name>Align</Name> <!-- c -->\n      <Command>--align</Command>\n      <Default>16</Default>\n\t</Param>";
    let full = bare.replace("</Name>", "</Name>\n      <Value>8</Value>");
    for end in ["\n", "\r\n"] {
        assert_eq!(read(&image(bare, end)).field(&key).unwrap().value.as_str(), "16");
        assert_eq!(edited(&image(bare, end), &key, "16"), image(bare, end));
        assert_eq!(edited(&image(bare, end), &key, "8"), image(&full, end));
    }
    let line = "<Param><Name>Align</Name><Default>16</Default></Param>";
    let put = line.replace("</Name>", "</Name><Value></Value>");
    assert_eq!(edited(&image(line, "\n"), &key, ""), image(&put, "\n"));
    assert_eq!(
        edited(&image("<Output />", "\n"), &FieldKey::field("Output"), "x.hex"),
        image("<Output><Value>x.hex</Value></Output>", "\n")
    );
}

#[test]
fn what_isnt_this_files_to_change_is_refused() {
    let image = String::from_utf8(vector(IMAGES[0].0)).unwrap();
    let error = refusal(&image, &FieldKey::field("Firmware area size"), "0x1000");
    assert!(error.contains("line 47") && error.contains("comes from the linked configuration xml"), "{error}");
    let text = with("<Blob><Name>B</Name><Value>1</Value></Blob>");
    assert!(refusal(&text, &FieldKey::field("B"), "2").contains("isn't known here"));
    let error = refusal(&text, &FieldKey::field("C"), "2");
    assert_eq!(error, "line 2, field \"C\": the file has no such field; take it from a fresh project");
    let twice = with_number("<Value>1</Value><Value>2</Value>");
    assert!(refusal(&twice, &FieldKey::field("A"), "3").contains("a second <Value>"));
}

#[test]
fn fields_of_one_name_are_told_apart() {
    let one = |value: &str| format!("<Data><Name>A</Name><Value>{value}</Value><Width>1</Width></Data>");
    let text = with(&[one("1"), one("2"), one("3")].concat());
    let key = FieldKey { occurrence: 1, ..FieldKey::field("A") };
    assert_eq!(edited(&text, &key, "0x7"), with(&[one("1"), one("0x7"), one("3")].concat()));
}

#[test]
fn a_bad_value_is_a_problem_of_its_field_and_can_be_mended() {
    let text = with_number("<Value>lots</Value>");
    let form = read(&text);
    let field = form.field(&FieldKey::field("A")).unwrap();
    assert_eq!(
        field.problem.as_deref(),
        Some("\"lots\" is no number; write decimal digits, or 0x and hexadecimal digits")
    );
    let mended = form.with_value(&field.key, "0x10").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(mended.field(&field.key).unwrap().problem, None);
    assert_eq!(mended.source().as_str(), with_number("<Value>0x10</Value>"));
    let broken = mended.with_value(&field.key, "0x1FFFFFFFF").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(broken.field(&field.key).unwrap().problem.as_deref(), Some("0x1ffffffff doesn't fit in its 4 bytes"));
}

#[test]
fn every_kind_of_problem_is_told_without_losing_the_field() {
    assert_eq!(problem("<Data><Name>A</Name><Width>4</Width></Data>"), "<Value> is missing");
    assert_eq!(problem("<Data><Value>1</Value><Width>4</Width></Data>"), "<Name> is missing");
    assert!(problem("<Data><Name>A</Name><Value>1</Value><Width>40</Width></Data>").contains("a width of 40 bytes"));
    assert!(problem("<List><Name>A</Name><Value>1</Value><Width>1</Width><Val>x</Val></List>").contains("no number"));
    assert!(problem("<Bool><Name>A</Name><Value>1</Value><Width>1</Width></Bool>").contains("<True> is missing"));
    assert!(problem("<File><Name>A</Name><Value/><Type/></File>").contains("no file is named"));
    assert!(problem("<File><Name>A</Name><Value>a</Value><Type>x</Type></File>").contains("<Type>"));
    assert!(problem("<Permission><Name>A</Name><Value>-</Value></Permission>").contains("no number"));
    assert!(problem("<Output><Name>A</Name></Output>").contains("<Value> is missing"));
    assert!(problem("<Blob/>").contains("its bytes would be missing"));
    let password = problem("<Text><Name>A</Name><Value>abc</Value></Text>");
    assert!(password.contains("3 characters") && !password.contains("abc"));

    let twice = read(&with("<Output><Value>a</Value></Output><Output><Value>b</Value></Output>"));
    assert!(twice.fields().last().unwrap().problem.as_deref().unwrap().contains("a second <Output>"));
    let twice = read(&with("").replace("</Info>", "<DoEncryption>0</DoEncryption></Info>"));
    let second = FieldKey { occurrence: 1, ..FieldKey::info("DoEncryption") };
    assert!(twice.field(&second).unwrap().problem.as_deref().unwrap().contains("a second <DoEncryption>"));
    let info = read(&with("").replace("<GlobalAlign>32", "<GlobalAlign>0"));
    let align = info.field(&FieldKey::info("GlobalAlign")).unwrap();
    assert!(align.problem.as_deref().unwrap().contains("expected 1 to 1024"));
    let image = String::from_utf8(vector(IMAGES[0].0)).unwrap();
    for (old, new, name) in [
        (">1.0.0<", ">1.x<", "Version"),
        (">auto<", ">never<", "Security Counter"),
        (">little<", ">big<", "Endianness"),
        (">0x400<", ">0x10000<", "Header Size"),
        (">--align<", ">--odd<", "Align"),
        (">--pad</Command>", ">--pad</Command><Value>1</Value>", "Padding"),
        (">GetPublic<", ">GetAll<", "Encryption key"),
    ] {
        let form = read(&image.replace(old, new));
        assert!(form.field(&FieldKey::field(name)).unwrap().problem.is_some(), "{name}");
    }
    let form = read(&image.replace(">sign<", ">verify<"));
    assert!(form.field(&FieldKey::info("Command")).unwrap().problem.as_deref().unwrap().contains("expected sign"));
    let off = read(&image.replace(">1.0.0<", ">1.x<").replace("-v</Command>", "-v</Command><Enable>0</Enable>"));
    let version = off.field(&FieldKey::field("Version")).unwrap();
    assert_eq!(version.problem, None, "what is switched off doesn't matter");
    assert!(matches!(version.kind, FormKind::Argument { enabled: Enable::Off, .. }));
}

#[test]
fn a_field_applies_while_the_one_it_depends_on_has_the_value() {
    let text = with(
        "<List><Name>Images</Name><Value>0x01</Value><Width>1</Width><Val>1</Val><Val>2</Val>\
         <Dependency>Image</Dependency></List>\
         <Data><Name>Data offset</Name><Value>0</Value><Width>4</Width><Dependency>Image,0x02</Dependency></Data>\
         <Data><Name>Loose</Name><Value>0</Value><Width>4</Width><Dependency>Other,1</Dependency></Data>",
    );
    let applies = |form: &Form, name: &str| form.field(&FieldKey::field(name)).unwrap().applies.clone();
    let form = read(&text);
    assert_eq!(applies(&form, "Data offset"), Applies::HiddenBy("Images".into()));
    assert_eq!((applies(&form, "Images"), applies(&form, "Loose")), (Applies::Yes, Applies::Yes));
    let form = form.with_value(&FieldKey::field("Images"), "2").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(applies(&form, "Data offset"), Applies::Yes);
}

#[test]
fn numbers_are_written_as_the_author_writes_them() {
    let key = FieldKey::field("A");
    let text = |value: &str, default: &str, number: u128| {
        read(&with_number(&format!("<Value>{value}</Value><Default>{default}</Default>"))).number_text(&key, number)
    };
    assert_eq!(text("0x20000", "0x00020000", 0x3A000), "0x3A000");
    assert_eq!(text("0x00020000", "0x20000", 0x3A000), "0x0003A000");
    assert_eq!(text("0x0", "0x0000", 0x6000), "0x6000");
    assert_eq!(text("0xab", "0xAB", 0xcd), "0xcd");
    assert_eq!(text("0x10", "0xab", 0xcd), "0xcd");
    assert_eq!(text("0X0F", "", 0xA), "0X0A");
    assert_eq!(text("12", "0xab", 255), "255");
    assert_eq!(text("0", "", 255), "255");
    assert_eq!(text("what", "0x0001", 255), "0x00FF");
    assert_eq!(text("", "", 0xabc), "0xABC");
    assert_eq!(text(&format!("0x{}1", "0".repeat(100_000)), "", 2), format!("0x{:032}", 2));
    assert_eq!(read(&with("")).number_text(&key, 0xFF), "0xFF");
}

#[test]
fn paths_are_written_as_the_author_writes_them() {
    let key = FieldKey::field("Key");
    let text = |value: &str, more: &str, path: &str| {
        read(&with(&format!("<File><Name>Key</Name><Value>{value}</Value>{more}<Type/></File>"))).path_text(&key, path)
    };
    assert_eq!(text("./../Keys/a.pem", "", "../Keys/b.pem"), "./../Keys/b.pem");
    assert_eq!(text("../Keys/a.pem", "", "./../Keys/b.pem"), "../Keys/b.pem");
    assert_eq!(text(".\\..\\Keys\\a.pem", "", "../Keys/b.pem"), ".\\..\\Keys\\b.pem");
    assert_eq!(text("..\\Keys\\a.pem", "", ".\\../Keys/./b.pem"), "..\\Keys\\b.pem");
    assert_eq!(text("a.pem", "<Default>.\\a.pem</Default>", "b.pem"), ".\\b.pem");
    assert_eq!(text("a.pem", "", "../b.pem"), "./../b.pem");
    assert_eq!(text("./a.pem", "", "/keys/b.pem"), "/keys/b.pem");
    assert_eq!(text("./a.pem", "", "C:\\keys\\b.pem"), "C:\\keys\\b.pem");
    assert_eq!(text("./a.pem", "", ""), "");

    let form = Form::read(&vector(CONFIGURATIONS[3])).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(form.path_text(&FieldKey::field("Output File"), "../Binary/x.obk"), ".\\..\\Binary\\x.obk");
    assert_eq!(form.path_text(&FieldKey::field("Debug Authentication root key"), "../x.pem"), "./../x.pem");
}

#[test]
fn what_is_no_file_of_sts_tool_is_an_error_with_its_line() {
    let error = |text: &str| Form::read(text.as_bytes()).err().map(|error| error.to_string()).unwrap();
    assert_eq!(error(""), "line 1: no element; the file is empty or no xml");
    assert!(error("<Root>\n<Other/></Root>").starts_with("line 1: neither <Obdata> nor <McubootFormat>"));
    assert!(error("<Root><Obdata/><McubootFormat/></Root>").contains("keep one of them"));
    assert!(error("<Root><Obdata/>\n<Obdata/></Root>").starts_with("line 2: a second <Obdata>"));
    assert!(error("<Html/>").contains("expected <Root>"));
    assert!(Form::read(b"<Root>\n\xFF").err().unwrap().to_string().starts_with("line 2: bytes that aren't UTF-8"));
}

//! Any legal configuration, not only the published ones: it reads, its object holds every value, and after edits the
//! text is the one that an author with the same manners would have written with the new values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::vector;
use formats::form::{FieldKey, Section};
use formats::obdata::Value;
use formats::{Form, Obdata, PrivateKey, Secret};
use proptest::collection::vec;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// A configuration and the manners of its author.
#[derive(Debug, Clone)]
struct Author {
    mark: &'static str,
    line_end: &'static str,
    indent: &'static str,
    debug_authentication: bool,
    hashed: bool,
    global_align: usize,
    fields: Vec<Entry>,
}

/// A field, as it is and as it will be.
#[derive(Debug, Clone)]
struct Entry {
    name: String,
    tooltip: Option<String>,
    hidden: bool,
    kind: Kind,
    notation: Notation,
    now: Content,
    later: Content,
    /// When it is edited; 0 is never.
    turn: u8,
}

#[derive(Debug, Clone)]
enum Kind {
    Number { width: usize },
    Choice { width: usize, codes: Vec<u64> },
    Switch { width: usize, codes: [u64; 2] },
    Permission,
    Password,
    PublicKey { align: usize },
    PrivateKey { align: usize },
    Data { align: usize },
}

#[derive(Debug, Clone)]
struct Content {
    number: u128,
    /// What stands in the file, before it is escaped.
    text: String,
}

/// How an author writes a value.
#[derive(Debug, Clone, Copy)]
enum Notation {
    Plain,
    Blanks,
    Cdata,
    Comment,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Author {
    fn text(&self, content: fn(&Entry) -> &Content) -> String {
        let fields: String = self.fields.iter().map(|entry| entry.text(content(entry))).collect();
        let hash = if self.hashed { "\t<Hash>\n\t</Hash>\n" } else { "" };
        let (da, destination) = if self.debug_authentication { ("\t<DA/>\n", 0x0051_0008) } else { ("", 0x108) };
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Root xmlns:xsi=\"http://x\">\n<Obdata>\n\t<Info>\n\
             \t\t<ObDestAddress>{destination:#010x}</ObDestAddress>\n\t\t<DoEncryption>1</DoEncryption>\n\
             \t\t<GlobalAlign>{}</GlobalAlign>\n\t</Info>\n{hash}{da}{fields}\t<Output>\n\
             \t\t<Name>Output File</Name>\n\t\t<Value>.\\x.obk</Value>\n\t</Output>\n</Obdata>\n</Root>\n",
            self.global_align
        );
        format!("{}{}", self.mark, text.replace('\t', self.indent).replace('\n', self.line_end))
    }

    fn read(&self) -> Form {
        Form::read(self.text(|entry| &entry.now).as_bytes()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn keys(&self) -> Vec<FieldKey> {
        let names: Vec<_> = self.fields.iter().map(|entry| entry.name.clone()).collect();
        let key = |(index, name): (usize, &String)| FieldKey {
            section: Section::Field,
            name: name.clone(),
            occurrence: names[..index].iter().filter(|before| *before == name).count(),
        };
        names.iter().enumerate().map(key).collect()
    }

    /// The object's body as the facts describe it.
    fn body(&self, content: fn(&Entry) -> &Content) -> Vec<u8> {
        let mut payload = Vec::new();
        for entry in &self.fields {
            let content = content(entry);
            let key = || PrivateKey::from_pem(&vector(KEY)).unwrap();
            let (bytes, align) = match &entry.kind {
                Kind::Number { width } | Kind::Choice { width, .. } | Kind::Switch { width, .. } => {
                    (content.number.to_le_bytes()[..*width].to_vec(), 1)
                }
                Kind::Permission => (content.number.to_le_bytes().to_vec(), 1),
                Kind::Password => (Sha256::digest(&content.text).to_vec(), 1),
                Kind::PublicKey { align } if self.debug_authentication => {
                    (Sha256::digest(key().public().point()).to_vec(), *align)
                }
                Kind::PublicKey { align } => (key().public().stored().to_vec(), *align),
                Kind::PrivateKey { align } => (key().stored().to_vec(), *align),
                Kind::Data { align } => (content.text.as_bytes().to_vec(), *align),
            };
            payload.extend(bytes);
            payload.resize(payload.len().next_multiple_of(align), 0);
        }
        let hash = if self.hashed { 32 } else { 0 };
        if self.debug_authentication {
            payload.resize(payload.len().max(96 - hash), 0);
        }
        payload.resize((payload.len() + hash).next_multiple_of(self.global_align) - hash, 0);
        if !self.hashed {
            return payload;
        }
        [Sha256::digest(&payload).to_vec(), payload].concat()
    }
}

impl Entry {
    fn text(&self, content: &Content) -> String {
        let value = match self.notation {
            _ if matches!(self.kind, Kind::Password) => escaped(&content.text),
            Notation::Plain => escaped(&content.text),
            Notation::Blanks => format!("\n\t\t\t{} ", escaped(&content.text)),
            Notation::Cdata => format!("<![CDATA[{}]]>", content.text),
            Notation::Comment => format!("<!-- a < b -->{}<!-- c -->", escaped(&content.text)),
        };
        let (element, more) = match &self.kind {
            Kind::Number { width } => ("Data", format!("<Width>{width}</Width>")),
            Kind::Choice { width, codes } => {
                let codes: String = codes.iter().map(|code| format!("\t\t<Val>{code:#x}, label</Val>\n")).collect();
                ("List", format!("<Width>{width}</Width>\n{codes}"))
            }
            Kind::Switch { width, codes: [off, on] } => {
                ("Bool", format!("<Width>{width}</Width>\n\t\t<True>{on:#x}</True><False>{off}</False>"))
            }
            Kind::Permission => ("Permission", "<Width>4</Width>".into()),
            Kind::Password => ("Text", "<MinWidth>4</MinWidth>".into()),
            Kind::PublicKey { align } => ("File", format!("<Align>{align}</Align><Type>Public</Type>")),
            Kind::PrivateKey { align } => {
                ("File", format!("<Align>{align}</Align><KeyType>ecdsa-p256</KeyType><Type></Type>"))
            }
            Kind::Data { align } => ("File", format!("<Align>{align}</Align>")),
        };
        let hidden = if self.hidden { "\t\t<Hidden>1</Hidden>\n" } else { "" };
        let tooltip = self.tooltip.as_ref().map_or(String::new(), |tip| format!("<Tooltip>{}</Tooltip>", escaped(tip)));
        format!(
            "\t<{element}>\n\t\t<Name>{}</Name>\n\t\t<Value>{value}</Value>\n\t\t{more}\n{hidden}\t\t{tooltip}\n\
             \t</{element}>\n",
            escaped(&self.name)
        )
    }
}

const KEY: &str = "stirot/Keys/STiROT_Encryption.pem";

/// A file that a value names: a key, or data that says its own name.
fn files(path: &str) -> Result<Secret<Vec<u8>>, formats::FileError> {
    Ok(Secret::new(if path.ends_with(".bin") { path.as_bytes().to_vec() } else { vector(KEY) }))
}

fn number(bytes: usize) -> BoxedStrategy<Content> {
    let largest = u128::MAX >> (128 - 8 * bytes);
    let styles = prop::sample::select(vec!["decimal", "upper", "lower", "padded"]);
    (any::<u128>(), styles)
        .prop_map(move |(any, style)| {
            let number = any & largest;
            let text = match style {
                "decimal" => number.to_string(),
                "upper" => format!("0x{number:X}"),
                "lower" => format!("0x{number:x}"),
                _ => format!("0X{number:040X}"),
            };
            Content { number, text }
        })
        .boxed()
}

fn text(strategy: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Content> {
    strategy.prop_map(|text| Content { number: 0, text }).boxed()
}

/// A path with either separator and what a folder's name can have.
fn path(end: &'static str) -> BoxedStrategy<Content> {
    let parts = vec("[a-zA-Z0-9_<&;'é-]([a-z &>]{0,4}[a-z])?", 1..3);
    let manners = prop::sample::select(vec![("./../", "/"), ("../", "/"), (".\\..\\", "\\"), ("", "/")]);
    text((parts, manners).prop_map(move |(parts, (start, between))| format!("{start}{}{end}", parts.join(between))))
}

fn twice(content: BoxedStrategy<Content>) -> BoxedStrategy<[Content; 2]> {
    [content.clone(), content].boxed()
}

fn kind(debug_authentication: bool) -> BoxedStrategy<(Kind, [Content; 2])> {
    let numbers = (1_usize..=8).prop_flat_map(|width| (Just(Kind::Number { width }), twice(number(width))));
    let choices =
        (1_usize..=8, 2_usize..5, any::<[prop::sample::Index; 2]>()).prop_flat_map(|(width, count, chosen)| {
            vec(number(width), count).prop_map(move |codes| {
                let kind = Kind::Choice { width, codes: codes.iter().map(|code| code.number as u64).collect() };
                (kind, chosen.map(|index| codes[index.index(codes.len())].clone()))
            })
        });
    let switches = (1_usize..=8, any::<[bool; 2]>()).prop_flat_map(|(width, states)| {
        twice(number(width)).prop_map(move |codes| {
            let kind = Kind::Switch { width, codes: [codes[0].number as u64, codes[1].number as u64] };
            (kind, states.map(|on| codes[usize::from(on)].clone()))
        })
    });
    let permissions = twice(number(16)).prop_map(|masks| (Kind::Permission, masks));
    let align = || prop::sample::select(vec![1_usize, 4, 16]);
    let public = (align(), twice(path(".pem"))).prop_map(|(align, paths)| (Kind::PublicKey { align }, paths));
    let private = (align(), twice(path(".pem"))).prop_map(|(align, paths)| (Kind::PrivateKey { align }, paths));
    let data = (align(), twice(path(".bin"))).prop_map(|(align, paths)| (Kind::Data { align }, paths));
    let passwords = twice(text("[ -~]{4,16}")).prop_map(|passwords| (Kind::Password, passwords));
    if debug_authentication {
        prop_oneof![numbers, choices, switches, permissions, public, data, passwords].boxed()
    } else {
        prop_oneof![numbers, choices, switches, permissions, public, private, data].boxed()
    }
}

fn entry(debug_authentication: bool) -> impl Strategy<Value = Entry> {
    let notation = prop::sample::select(vec![Notation::Plain, Notation::Blanks, Notation::Cdata, Notation::Comment]);
    // Few enough names that some come twice.
    let name = prop_oneof!["[A-C]", "[A-Za-z<&>'\"é(]([ -~é]{0,20}[A-Za-z<&>'\"é)])?"];
    let tooltip = prop::option::of("[ -~é\n\t]{0,40}");
    (name, tooltip, any::<bool>(), kind(debug_authentication), notation, any::<u8>()).prop_map(
        |(name, tooltip, hidden, (kind, [now, later]), notation, turn)| Entry {
            name,
            tooltip,
            hidden,
            kind,
            notation,
            now,
            later,
            turn: turn % 8,
        },
    )
}

fn author() -> impl Strategy<Value = Author> {
    let manners = (
        prop::sample::select(vec!["", "\u{FEFF}"]),
        prop::sample::select(vec!["\n", "\r\n"]),
        prop::sample::select(vec!["\t", "  ", ""]),
        prop::sample::select(vec![1_usize, 16, 32, 64]),
    );
    (manners, any::<bool>(), any::<bool>()).prop_flat_map(|(manners, debug_authentication, hashed)| {
        let (mark, line_end, indent, global_align) = manners;
        vec(entry(debug_authentication), 1..=6).prop_map(move |fields| Author {
            mark,
            line_end,
            indent,
            debug_authentication,
            hashed,
            global_align,
            fields,
        })
    })
}

/// What the strict reader finds in a file, against the values that it was made with.
fn assert_decodes(text: &str, author: &Author, content: fn(&Entry) -> &Content) {
    let xml = Obdata::decode(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(xml.fields.len(), author.fields.len());
    for (field, entry) in xml.fields.iter().zip(&author.fields) {
        let wanted = content(entry);
        assert_eq!(field.name, entry.name);
        match &field.value {
            Value::Number { number, .. } | Value::Choice { number, .. } | Value::Switch { number, .. } => {
                assert_eq!(u128::from(*number), wanted.number);
            }
            Value::Permission(mask) => assert_eq!(*mask, wanted.number),
            Value::File { path, .. } => assert_eq!(*path, wanted.text),
            Value::Password(password) => assert_eq!(password.as_str(), wanted.text),
            Value::Unknown(element) => panic!("{element}"),
        }
    }
    let object = xml.build(&files).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(*object.body == author.body(content), "the object of\n{text}");
    assert_eq!(object.begins_with_its_hash(), author.hashed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_legal_configuration_reads_and_its_object_holds_every_value(author in author()) {
        let text = author.text(|entry| &entry.now);
        let form = author.read();
        prop_assert!(form.source().as_str() == text);
        for (key, entry) in author.keys().iter().zip(&author.fields) {
            let field = form.field(key).unwrap();
            prop_assert!(field.value.as_str() == entry.now.text, "{}", entry.name);
            prop_assert_eq!(&field.problem, &None);
            let same = form.with_value(key, &entry.now.text).unwrap_or_else(|error| panic!("{error}"));
            prop_assert!(same.source().as_str() == text);
        }
        assert_decodes(&text, &author, |entry| &entry.now);
    }

    #[test]
    fn any_legal_edits_leave_the_text_that_the_author_would_have_written(author in author()) {
        let mut form = author.read();
        let keys = author.keys();
        let mut turns: Vec<_> = (0..keys.len()).filter(|index| author.fields[*index].turn > 0).collect();
        turns.sort_by_key(|index| author.fields[*index].turn);
        for index in turns {
            form = form.with_value(&keys[index], &author.fields[index].later.text).unwrap_or_else(|error| panic!("{error}"));
        }
        for (key, entry) in keys.iter().zip(&author.fields) {
            prop_assert!(form.field(key).unwrap().value.as_str() == after(entry).text);
        }
        prop_assert_eq!(form.source().as_str(), author.text(after));
        assert_decodes(form.source(), &author, after);
    }

    #[test]
    fn numbers_and_paths_in_the_authors_manner_mean_the_same(author in author()) {
        let form = author.read();
        for (key, entry) in author.keys().iter().zip(&author.fields) {
            let text = match &entry.kind {
                Kind::Number { .. } | Kind::Choice { .. } | Kind::Switch { .. } | Kind::Permission => {
                    form.number_text(key, entry.later.number)
                }
                Kind::PublicKey { .. } | Kind::PrivateKey { .. } | Kind::Data { .. } => {
                    let text = form.path_text(key, &entry.later.text);
                    let plain = |path: &str| {
                        let parts = path.split(['/', '\\']).filter(|part| *part != ".");
                        parts.map(str::to_owned).collect::<Vec<_>>()
                    };
                    prop_assert_eq!(plain(&text), plain(&entry.later.text));
                    if entry.now.text.contains(['/', '\\']) {
                        prop_assert_eq!(form.path_text(key, &entry.now.text), entry.now.text.clone());
                    }
                    text
                }
                Kind::Password => continue,
            };
            let new = form.with_value(key, &text).unwrap_or_else(|error| panic!("{error}"));
            prop_assert_eq!(&new.field(key).unwrap().problem, &None);
            let xml = Obdata::decode(new.source().as_bytes()).unwrap_or_else(|error| panic!("{error}"));
            let index = author.keys().iter().position(|other| other == key).unwrap();
            match &xml.fields[index].value {
                Value::Number { number, .. } | Value::Choice { number, .. } | Value::Switch { number, .. } => {
                    prop_assert_eq!(u128::from(*number), entry.later.number);
                }
                Value::Permission(mask) => prop_assert_eq!(*mask, entry.later.number),
                Value::File { path, .. } => prop_assert_eq!(path, &text),
                Value::Password(_) | Value::Unknown(_) => panic!("another kind"),
            }
        }
    }
}

/// A field's value after its turn.
fn after(entry: &Entry) -> &Content {
    if entry.turn > 0 { &entry.later } else { &entry.now }
}

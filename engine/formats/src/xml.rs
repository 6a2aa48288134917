//! A small tree of an xml's elements with their lines and places: what both dialects of ST's tool are read from, and
//! what an edit finds its bytes by. No attributes, no entities of its own, no meaning.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::errors::IllFormedError;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use crate::error::FormatError;
use crate::secret::Secret;

/// Elements inside elements; ST's files need four levels.
const DEEPEST: usize = 16;
/// Bytes of `<![CDATA[` and of `]]>`.
const CDATA_MARKS: (usize, usize) = (9, 3);

/// Which of ST's tools a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The configuration of a boot stage or of debug authentication (`<Obdata>`).
    Obdata,
    /// The arguments of the signing tool (`<McubootFormat>`).
    McubootFormat,
}

impl Dialect {
    /// The element that holds everything in such a file.
    pub const fn element(self) -> &'static str {
        match self {
            Self::Obdata => "Obdata",
            Self::McubootFormat => "McubootFormat",
        }
    }
}

/// An element, its text, what is inside it, and where it stands. Positions are bytes of the text given, a byte-order
/// mark counted.
pub(crate) struct Element {
    pub(crate) name: String,
    /// Line of its start tag, counted from 1.
    pub(crate) line: usize,
    /// Its text with blanks as written. A password may be among them.
    pub(crate) text: Secret<String>,
    pub(crate) children: Vec<Element>,
    /// The whole element, tags included.
    pub(crate) span: Range<usize>,
    /// What stands between its tags; nothing for an empty-element tag.
    pub(crate) content: Option<Range<usize>>,
    /// Where its text stands, in order; comments and elements lie between.
    pub(crate) pieces: Vec<Piece>,
}

/// A run of an element's text.
pub(crate) struct Piece {
    pub(crate) notation: Notation,
    /// The characters, without the marks around them in CDATA; the whole reference.
    pub(crate) span: Range<usize>,
    /// Bytes that it adds to the element's text. Other than for references, as many as it takes.
    pub(crate) length: usize,
}

/// How a run of text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    Plain,
    Cdata,
    Reference,
}

impl Element {
    fn new(name: &str, line: usize, span: Range<usize>, content: Option<Range<usize>>) -> Result<Self, FormatError> {
        // What isn't a name may be the rest of a password with a bare < in it: it isn't shown.
        if !is_name(name) {
            let problem = "a tag without a proper name; write < in a text as &lt;".into();
            return Err(FormatError::Xml { line, problem });
        }
        Ok(Self {
            name: name.to_owned(),
            line,
            text: Secret::new(String::new()),
            children: Vec::new(),
            span,
            content,
            pieces: Vec::new(),
        })
    }

    /// The text without the blanks around it.
    pub(crate) fn trimmed(&self) -> &str {
        self.text.trim()
    }

    /// The first child of a name.
    pub(crate) fn first(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of a name, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The one child of a name; a second one is an error, since tools differ in which they take.
    pub(crate) fn only(&self, name: &str) -> Result<Option<&Element>, FormatError> {
        let mut found = self.children.iter().filter(|child| child.name == name);
        let first = found.next();
        match found.next() {
            Some(second) => Err(FormatError::Xml {
                line: second.line,
                problem: format!("a second <{name}> in <{}>; keep one of them", self.name),
            }),
            None => Ok(first),
        }
    }

    /// The trimmed text of the one child of a name.
    pub(crate) fn text_of(&self, name: &str) -> Result<Option<&str>, FormatError> {
        Ok(self.only(name)?.map(Element::trimmed))
    }

    /// The element itself, if there is nothing but text in it. A bare `<` in a password makes a tag and, left out, would
    /// make another password.
    pub(crate) fn without_tags(&self) -> Result<&Element, FormatError> {
        match self.children.first() {
            None => Ok(self),
            Some(child) => Err(FormatError::Xml {
                line: child.line,
                problem: format!("there are tags in <{}>; write < in a text as &lt;", self.name),
            }),
        }
    }

    fn add_text(&mut self, text: &str, notation: Notation, span: Range<usize>) {
        let needed = self.text.len().saturating_add(text.len());
        if needed > self.text.capacity() {
            // A string that grows by itself would leave pieces of a password behind.
            let mut longer = Secret::new(String::with_capacity(needed.max(self.text.len().saturating_mul(2))));
            longer.push_str(&self.text);
            self.text = longer;
        }
        self.text.push_str(text);
        self.pieces.push(Piece { notation, span, length: text.len() });
    }
}

/// Which dialect a document is of, and the element that holds everything.
pub(crate) fn body(root: &Element) -> Result<(Dialect, &Element), FormatError> {
    if root.name != "Root" {
        let problem =
            format!("the outermost element is <{}>, expected <Root>; this is no file of ST's tool", root.name);
        return Err(FormatError::Xml { line: root.line, problem });
    }
    let problem = match (root.only("Obdata")?, root.only("McubootFormat")?) {
        (Some(found), None) => return Ok((Dialect::Obdata, found)),
        (None, Some(found)) => return Ok((Dialect::McubootFormat, found)),
        (Some(_), Some(_)) => "<Obdata> and <McubootFormat> in one file; keep one of them".into(),
        (None, None) => "neither <Obdata> nor <McubootFormat> in <Root>; this is no file of ST's tool".into(),
    };
    Err(FormatError::Xml { line: root.line, problem })
}

/// The element that holds everything in a document of the dialect wanted.
pub(crate) fn body_of(root: &Element, wanted: Dialect) -> Result<&Element, FormatError> {
    let (found, body) = body(root)?;
    if found == wanted {
        return Ok(body);
    }
    let problem = format!("this is a file of the kind <{}>, expected <{}>", found.element(), wanted.element());
    Err(FormatError::Xml { line: root.line, problem })
}

/// The text of a file.
pub(crate) fn utf8(file: &[u8]) -> Result<&str, FormatError> {
    std::str::from_utf8(file).map_err(|error| {
        let good = file.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        FormatError::Xml { line, problem: "bytes that aren't UTF-8; save the file as UTF-8".into() }
    })
}

/// The outermost element of a text.
pub(crate) fn parse(text: &str) -> Result<Element, FormatError> {
    let mut reader = Reader::from_str(text);
    // The reader passes over a byte-order mark without counting it.
    let mark = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let position = |counted: u64| usize::try_from(counted).unwrap_or(usize::MAX).saturating_add(mark).min(text.len());
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let start = position(reader.buffer_position());
        let line = lines.line_at(start);
        let event = reader.read_event().map_err(|error| FormatError::Xml {
            line: lines.clone().line_at(position(reader.error_position())),
            problem: describe(&error, open.last()),
        })?;
        let span = start..position(reader.buffer_position());
        match event {
            Event::Start(tag) => {
                let element = Element::new(tag.name().into_inner(), line, span.clone(), Some(span.end..span.end))?;
                if open.len() >= DEEPEST || (open.is_empty() && root.is_some()) {
                    let problem = format!("<{}> has no place here", element.name);
                    return Err(FormatError::Xml { line, problem });
                }
                open.push(element);
            }
            Event::Empty(tag) => {
                place(Element::new(tag.name().into_inner(), line, span, None)?, &mut open, &mut root)?;
            }
            Event::End(_) => {
                if let Some(mut element) = open.pop() {
                    element.content = element.content.map(|content| content.start..span.start);
                    element.span.end = span.end;
                    place(element, &mut open, &mut root)?;
                }
            }
            Event::Text(text) => add_text(&mut open, &text, Notation::Plain, span, line)?,
            Event::CData(text) => {
                let inner = span.start.saturating_add(CDATA_MARKS.0)..span.end.saturating_sub(CDATA_MARKS.1);
                add_text(&mut open, &text, Notation::Cdata, inner, line)?;
            }
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten().map(String::from);
                let named = || resolve_predefined_entity(&reference).map(str::to_owned);
                let Some(text) = character.or_else(named) else {
                    // Its name may be a piece of a password with a bare & in it.
                    let problem = "an entity that xml itself doesn't have; write the character, and & as &amp;".into();
                    return Err(FormatError::Xml { line, problem });
                };
                add_text(&mut open, &text, Notation::Reference, span, line)?;
            }
            Event::DocType(_) => {
                let problem = "a document type declaration; ST's files have none, remove it".into();
                return Err(FormatError::Xml { line, problem });
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if let Some(element) = open.last() {
        let problem = "the element that begins here is never closed; the file is cut short".into();
        return Err(FormatError::Xml { line: element.line, problem });
    }
    root.ok_or(FormatError::Xml { line: 1, problem: "no element; the file is empty or no xml".into() })
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':'))
}

/// What the reader found wrong, without the text of the file: it may be a password's.
fn describe(error: &quick_xml::Error, open: Option<&Element>) -> String {
    let problem = match (error, open) {
        (quick_xml::Error::IllFormed(IllFormedError::MismatchedEndTag { .. }), Some(open)) => {
            format!("an end tag of another name than the element has that was opened in line {}", open.line)
        }
        (quick_xml::Error::IllFormed(IllFormedError::UnmatchedEndTag(_)), _) => {
            "an end tag without its start tag".into()
        }
        (quick_xml::Error::IllFormed(IllFormedError::UnclosedReference), _) => {
            "& without the ; of an entity; write & in a text as &amp;".into()
        }
        (other, _) => other.to_string(),
    };
    format!("not well-formed xml: {problem}")
}

fn place(element: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), FormatError> {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_none() => *root = Some(element),
        None => {
            let problem = format!("<{}> stands behind the end of the document", element.name);
            return Err(FormatError::Xml { line: element.line, problem });
        }
    }
    Ok(())
}

fn add_text(
    open: &mut [Element],
    text: &str,
    notation: Notation,
    span: Range<usize>,
    line: usize,
) -> Result<(), FormatError> {
    match open.last_mut() {
        Some(element) => element.add_text(text, notation, span),
        None if text.trim().is_empty() => {}
        None => return Err(FormatError::Xml { line, problem: "text outside of every element; this is no xml".into() }),
    }
    Ok(())
}

/// Counts lines as the reader moves on.
#[derive(Clone)]
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn line_at(&mut self, position: usize) -> usize {
        if let Some(passed) = self.text.as_bytes().get(self.at..position) {
            self.line += passed.iter().filter(|byte| **byte == b'\n').count();
            self.at = position;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parse(text).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn elements_keep_their_lines_and_text() {
        let Ok(root) =
            parse("<?xml version=\"1.0\"?>\n<Root a='b'>\n<A> x &amp; <![CDATA[<y>]]> </A>\n\n<B/>\n</Root>\n")
        else {
            panic!("well-formed")
        };
        assert_eq!(root.line, 2);
        assert_eq!(
            root.children.iter().map(|child| (child.name.as_str(), child.line)).collect::<Vec<_>>(),
            [("A", 3), ("B", 5)]
        );
        assert_eq!(root.text_of("A").ok().flatten(), Some("x & <y>"));
        assert!(matches!(root.only("C"), Ok(None)));
    }

    #[test]
    fn what_breaks_the_form_is_named_with_its_line() {
        assert_eq!(error(""), "line 1: no element; the file is empty or no xml");
        assert_eq!(
            error("<Root>\n<A>\n"),
            "line 2: the element that begins here is never closed; the file is cut short"
        );
        assert!(error("<Root>\n</A>").starts_with("line 2: not well-formed xml"));
        assert!(error("<!DOCTYPE x [<!ENTITY a \"b\">]>\n<Root/>").contains("document type"));
        assert!(error("<Root>&nbsp;</Root>").contains("an entity that xml itself doesn't have"));
        assert!(error("<Root/>\n<Root/>").starts_with("line 2"));
        assert!(error(&"<A>".repeat(100_000)).contains("no place"));
    }

    #[test]
    fn every_element_and_every_run_of_text_is_found_where_it_stands() {
        for mark in ["", "\u{FEFF}"] {
            let text = format!("{mark}<Root>\r\n<A> x&amp;<!-- é --><![CDATA[<y>]]>é</A>\r\n<B />\r\n</Root>\r\n");
            let Ok(root) = parse(&text) else { panic!("well-formed") };
            let at = |span: &Range<usize>| text.get(span.clone()).unwrap_or("no such place");
            assert_eq!(at(&root.span), text.trim_start_matches(mark).trim_end());
            let [a, b] = root.children.as_slice() else { panic!("two elements") };
            assert_eq!(at(&a.span), "<A> x&amp;<!-- é --><![CDATA[<y>]]>é</A>");
            assert_eq!(a.content.as_ref().map(at), Some(" x&amp;<!-- é --><![CDATA[<y>]]>é"));
            assert_eq!(a.pieces.iter().map(|piece| at(&piece.span)).collect::<Vec<_>>(), [" x", "&amp;", "<y>", "é"]);
            assert_eq!(a.pieces.iter().map(|piece| piece.length).collect::<Vec<_>>(), [2, 1, 3, 2]);
            assert_eq!((at(&b.span), &b.content), ("<B />", &None));
        }
        assert!(error("\u{FEFF}\u{FEFF}<Root/>").contains("text outside of every element"));
    }

    #[test]
    fn a_password_that_breaks_the_xml_is_not_shown() {
        for password in ["Qx<zz", "Qx</zz", "Qx&zz;", "Qx&zz", "Qx<zz>", "Qx<!zz", "Qx<?zz", "Qx<zz a='", "Qx<z\"z"] {
            let text = format!("<Root>\n<Text>\n<Value>{password}</Value>\n</Text>\n</Root>");
            for text in [text.as_str(), text.get(..33).unwrap_or_default()] {
                let error = error(text);
                assert!(error.contains("line") && !error.contains("Qx") && !error.contains('z'), "{password}: {error}");
            }
        }
    }

    #[test]
    fn a_doubled_element_is_refused() {
        let Ok(root) = parse("<Root>\n<A/>\n<A/></Root>") else { panic!("well-formed") };
        assert_eq!(
            root.only("A").err().map(|error| error.to_string()).unwrap_or_default(),
            "line 3: a second <A> in <Root>; keep one of them"
        );
    }
}

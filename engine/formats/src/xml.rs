//! A small tree of an xml's elements with their line numbers: what both dialects of ST's tool are read from.
//! No attributes, no entities of its own, no meaning.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use crate::error::FormatError;
use crate::secret::Secret;

/// Elements inside elements; ST's files need four levels.
const DEEPEST: usize = 16;

/// An element, its text and what is inside it.
pub(crate) struct Element {
    pub(crate) name: String,
    /// Line of its start tag, counted from 1.
    pub(crate) line: usize,
    /// Its text with blanks as written. A password may be among them.
    pub(crate) text: Secret<String>,
    pub(crate) children: Vec<Element>,
}

impl Element {
    fn new(name: &str, line: usize) -> Self {
        Self { name: name.to_owned(), line, text: Secret::new(String::new()), children: Vec::new() }
    }

    /// The text without the blanks around it.
    pub(crate) fn trimmed(&self) -> &str {
        self.text.trim()
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
}

/// The content of `<Root>` that both dialects share: the one element of the wanted name.
pub(crate) fn dialect<'a>(root: &'a Element, name: &str, other: &str) -> Result<&'a Element, FormatError> {
    if root.name != "Root" {
        let problem =
            format!("the outermost element is <{}>, expected <Root>; this is no file of ST's tool", root.name);
        return Err(FormatError::Xml { line: root.line, problem });
    }
    if let Some(found) = root.only(name)? {
        return Ok(found);
    }
    let problem = match root.only(other)? {
        Some(_) => format!("this is a file of the kind <{other}>, expected <{name}>"),
        None => format!("no <{name}> in <Root>; this is no such file of ST's tool"),
    };
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
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut reader = Reader::from_str(text);
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let line = lines.line_at(reader.buffer_position());
        let event = reader.read_event().map_err(|error| FormatError::Xml {
            line: lines.clone().line_at(reader.error_position()),
            problem: format!("not well-formed xml: {error}"),
        })?;
        match event {
            Event::Start(start) => {
                if open.len() >= DEEPEST || (open.is_empty() && root.is_some()) {
                    let problem = format!("<{}> has no place here", start.name().into_inner());
                    return Err(FormatError::Xml { line, problem });
                }
                open.push(Element::new(start.name().into_inner(), line));
            }
            Event::Empty(start) => {
                let element = Element::new(start.name().into_inner(), line);
                place(element, &mut open, &mut root)?;
            }
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    place(element, &mut open, &mut root)?;
                }
            }
            Event::Text(text) => add_text(&mut open, &text, line)?,
            Event::CData(text) => add_text(&mut open, &text, line)?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten().map(String::from);
                let named = || resolve_predefined_entity(&reference).map(str::to_owned);
                let Some(text) = character.or_else(named) else {
                    let problem = format!("&{}; is no entity of xml itself; write the character", &*reference);
                    return Err(FormatError::Xml { line, problem });
                };
                add_text(&mut open, &text, line)?;
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
        let problem = format!("<{}> is never closed; the file is cut short", element.name);
        return Err(FormatError::Xml { line: element.line, problem });
    }
    root.ok_or(FormatError::Xml { line: 1, problem: "no element; the file is empty or no xml".into() })
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

fn add_text(open: &mut [Element], text: &str, line: usize) -> Result<(), FormatError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
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
    fn line_at(&mut self, position: u64) -> usize {
        let position = usize::try_from(position).unwrap_or(usize::MAX).min(self.text.len());
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
        assert_eq!(error("<Root>\n<A>\n"), "line 2: <A> is never closed; the file is cut short");
        assert!(error("<Root>\n</A>").starts_with("line 2: not well-formed xml"));
        assert!(error("<!DOCTYPE x [<!ENTITY a \"b\">]>\n<Root/>").contains("document type"));
        assert!(error("<Root>&nbsp;</Root>").contains("&nbsp;"));
        assert!(error("<Root/>\n<Root/>").starts_with("line 2"));
        assert!(error(&"<A>".repeat(100_000)).contains("no place"));
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

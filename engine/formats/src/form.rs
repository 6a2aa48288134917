//! A configuration or image xml as an editor sees it: its fields with their values as written, and a new text for every
//! change of a value, in which nothing but that value is different.
//!
//! It is tolerant where [`crate::Obdata`] and [`crate::McubootFormat`] are strict: a field with a bad value is a field
//! with a problem. It builds nothing.

mod edit;
mod read;
mod written;

use crate::error::FormatError;
use crate::obdata::{Choice, FileForm, Visibility};
use crate::secret::Secret;
use crate::xml;

pub use crate::xml::Dialect;

/// A file being edited. It may hold a password: it can't be printed.
#[derive(Clone)]
pub struct Form {
    dialect: Dialect,
    /// Line of the element that holds everything.
    line: usize,
    source: Secret<String>,
    fields: Vec<FormField>,
}

/// Where in a file a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Among what is said about the whole (`<Info>`, `<GlobalParam>`).
    Info,
    /// Everything else, the output's path included.
    Field,
}

/// Which field of a file is meant. It stays the same whatever is edited, since names aren't.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldKey {
    /// Where the field stands.
    pub section: Section,
    /// Its name; the element's where it has none of its own, as in [`Section::Info`].
    pub name: String,
    /// How many fields of the same name stand in front of it.
    pub occurrence: usize,
}

impl FieldKey {
    /// The first field of a name.
    pub fn field(name: &str) -> Self {
        Self { section: Section::Field, name: name.to_owned(), occurrence: 0 }
    }

    /// The first element of a name among what is said about the whole.
    pub fn info(name: &str) -> Self {
        Self { section: Section::Info, name: name.to_owned(), occurrence: 0 }
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormKind {
    /// A number (`<Data>`); also a list or switch whose codes can't be read.
    Number {
        /// Bytes it takes, 1 to 8.
        width: usize,
    },
    /// One of several codes (`<List>`).
    Choice {
        /// Bytes it takes.
        width: usize,
        /// The codes to choose from.
        choices: Vec<Choice>,
    },
    /// On or off (`<Bool>`).
    Switch {
        /// Bytes it takes.
        width: usize,
        /// The code for on.
        on: u64,
        /// The code for off.
        off: u64,
    },
    /// The path of a file (`<File>`).
    File {
        /// In which form the file goes into the object.
        form: FileForm,
    },
    /// Permissions of debug authentication, a number of 128 bits (`<Permission>`).
    Permission,
    /// A password (`<Text>`).
    Password {
        /// The fewest characters it may have.
        shortest: usize,
        /// The most characters it may have.
        longest: usize,
    },
    /// The path of what is made of the file (`<Output>`).
    Output,
    /// Something about the whole, named by its element.
    Info,
    /// An argument of the signing tool (`<Param>`).
    Argument {
        /// The option (`<Command>`); none for the input file.
        option: Option<String>,
        /// Text of `<Link>`: where it is there, the value comes from the linked file.
        link: Option<String>,
        /// Whether it counts.
        enabled: Enable,
    },
    /// Nothing that is known here. It stays as it is.
    Unknown {
        /// Name of the element.
        element: String,
    },
}

/// Whether an argument counts (`<Enable>`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enable {
    /// It does.
    On,
    /// It is left out.
    Off,
}

/// Whether a field matters with the other values as they are (`<Dependency>`). It reaches the bytes either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applies {
    /// It does.
    Yes,
    /// It doesn't, because of the value of the field of this name.
    HiddenBy(String),
}

/// A field of a form.
#[derive(Clone)]
pub struct FormField {
    /// Which one it is.
    pub key: FieldKey,
    /// Line of its element, counted from 1.
    pub line: usize,
    /// What it holds.
    pub kind: FormKind,
    /// Whether ST's editor shows it.
    pub visibility: Visibility,
    /// Its value as written, blanks around it left out, except for a password, where they count. An argument without
    /// a value of its own has its default's.
    pub value: Secret<String>,
    /// The value to go back to, as written.
    pub default: Option<String>,
    /// Help for people.
    pub tooltip: Option<String>,
    /// Whether it matters now.
    pub applies: Applies,
    /// Why the value can't be used, without name and line.
    pub problem: Option<String>,
}

impl FormField {
    /// Whether the value must not be seen: a password, or something unknown.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, FormKind::Password { .. } | FormKind::Unknown { .. })
    }
}

impl Form {
    /// Reads a file of either dialect.
    ///
    /// # Errors
    /// With its line, when it isn't UTF-8, no well-formed xml, or of neither dialect.
    pub fn read(file: &[u8]) -> Result<Self, FormatError> {
        let text = xml::utf8(file)?;
        let root = xml::parse(text)?;
        let (dialect, body) = xml::body(&root)?;
        let fields = read::fields(dialect, body);
        Ok(Self { dialect, line: body.line, source: Secret::new(text.to_owned()), fields })
    }

    /// Which of ST's tools the file is for.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Title of ST's window.
    pub fn title(&self) -> Option<&str> {
        self.info("Title")
    }

    /// The chip it is for, in ST's words.
    pub fn mcu(&self) -> Option<&str> {
        self.info("MCU")
    }

    fn info(&self, name: &str) -> Option<&str> {
        self.field(&FieldKey::info(name)).map(|field| field.value.as_str())
    }

    /// The text, byte for byte as it was read or edited.
    pub fn source(&self) -> &Secret<String> {
        &self.source
    }

    /// All fields in document order.
    pub fn fields(&self) -> &[FormField] {
        &self.fields
    }

    /// One field.
    pub fn field(&self, key: &FieldKey) -> Option<&FormField> {
        self.fields.iter().find(|field| field.key == *key)
    }

    fn require(&self, key: &FieldKey) -> Result<&FormField, FormatError> {
        self.field(key).ok_or_else(|| FormatError::Field {
            line: self.line,
            field: key.name.clone(),
            problem: "the file has no such field; take it from a fresh project".into(),
        })
    }
}

//! The configuration xml (`Obdata`): read into types, and turned into the object that the device stores.
//! Fields count in document order. Rules that tie fields to each other or to the chip are the project's.
//!
//! Nothing is edited here: a value is changed in the text, by [`crate::form::Form`], and the text read again.

mod build;
pub(crate) mod read;

use chip::Destination;

use crate::error::FormatError;
use crate::obk::Encryption;
use crate::secret::Secret;

/// A configuration xml. It may hold a password: it can't be printed.
pub struct Obdata {
    source: Secret<String>,
    /// What it says about the object as a whole.
    pub info: Info,
    /// Whether the object begins with the hash of its payload.
    pub hashed: bool,
    /// Whether the object is for debug authentication: keys and passwords go into it as hashes.
    pub debug_authentication: bool,
    /// The fields in document order, which is the order of their bytes.
    pub fields: Vec<Field>,
    /// Where the object is to be written.
    pub output: Option<Output>,
}

/// What the xml says about the object as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Line of the element.
    pub line: usize,
    /// Title of ST's window.
    pub title: Option<String>,
    /// The chip it is for, in ST's words.
    pub mcu: Option<String>,
    /// Where the object goes; an xml without it makes no object.
    pub destination: Option<Destination>,
    /// How it is to be stored.
    pub encryption: Option<Encryption>,
    /// The object's size is a multiple of this many bytes.
    pub global_align: usize,
    /// First address of the window that slots must lie in.
    pub flash_start: Option<u32>,
    /// Bytes of that window.
    pub flash_size: Option<u32>,
    /// Bytes that slots are a multiple of.
    pub flash_sector_size: Option<u32>,
    /// First address of the window that slots in option-byte keys must lie in. On this chip ST's files leave zeros or
    /// another chip's numbers here.
    pub obk_start: Option<u32>,
    /// Bytes of that window.
    pub obk_size: Option<u32>,
    /// Bytes that slots in option-byte keys are a multiple of.
    pub obk_sector_size: Option<u32>,
    /// First address of the part of that window that is allowed.
    pub auth_obk_start: Option<u32>,
    /// Bytes of the part that is allowed.
    pub auth_obk_size: Option<u32>,
}

/// One field.
pub struct Field {
    /// Its name, by which image settings link to it.
    pub name: String,
    /// Line of the element.
    pub line: usize,
    /// Whether ST's editor shows it.
    pub visibility: Visibility,
    /// The editor's value to go back to; it never reaches the bytes.
    pub default: Option<String>,
    /// Help for people.
    pub tooltip: Option<String>,
    /// Which areas in flash it bounds.
    pub slots: Vec<Slot>,
    /// Which areas in option-byte keys it bounds.
    pub obk_slots: Vec<Slot>,
    /// How it is tied to another field.
    pub dependency: Option<Dependency>,
    /// What it holds.
    pub value: Value,
}

/// That a field bounds an area: `start#1` on one field and `size#1` on another describe area 1 together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Which of the two numbers the field holds.
    pub bound: Bound,
    /// Which area.
    pub area: u32,
}

/// Which number of an area a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Where it starts.
    Start,
    /// How many bytes it takes.
    Size,
}

/// How fields are tied: one takes a name, others are shown only while that one has a certain value. All of them reach
/// the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependency {
    /// The field is the one that others look at, under this name.
    Controls(String),
    /// The field is shown only while the one of that name has the value.
    On {
        /// Name that the other field took.
        name: String,
        /// The value.
        value: u64,
    },
}

/// Whether a field is for people. Hidden and reserved fields reach the bytes like all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Shown.
    Shown,
    /// Not shown.
    Hidden,
    /// Fixed by ST.
    Reserved,
}

/// What a field holds.
pub enum Value {
    /// A number (`Data`).
    Number {
        /// The number; it fits the width.
        number: u64,
        /// Bytes it takes, 1 to 8, little-endian.
        width: usize,
    },
    /// One of several codes (`List`).
    Choice {
        /// The code chosen; one of `choices`.
        number: u64,
        /// Bytes it takes.
        width: usize,
        /// The codes to choose from.
        choices: Vec<Choice>,
    },
    /// On or off (`Bool`).
    Switch {
        /// Which of the two codes is set.
        number: u64,
        /// Bytes it takes.
        width: usize,
        /// The code for on.
        on: u64,
        /// The code for off.
        off: u64,
    },
    /// A file (`File`).
    File {
        /// Path as written, relative to the xml's folder; `/` and `\` both separate.
        path: String,
        /// Zeros fill up to a multiple of this many bytes behind it.
        align: usize,
        /// In which form it goes into the object.
        form: FileForm,
    },
    /// Permissions of debug authentication, 128 bits (`Permission`).
    Permission(u128),
    /// A password (`Text`).
    Password(Secret<String>),
    /// Nothing that is known here: the name of the element. No object can be built with it.
    Unknown(String),
}

/// A code of a list with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The code.
    pub number: u64,
    /// The label; the code as written where there is none.
    pub label: String,
}

/// In which form a file goes into the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    /// The public half of a key, 91 bytes; in a debug-authentication object its fingerprint.
    PublicKey,
    /// A private key, 70 bytes.
    PrivateKey,
    /// The file's bytes.
    Bytes,
}

/// Where the object is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Line of the element.
    pub line: usize,
    /// Path as written, relative to the xml's folder.
    pub path: String,
}

impl Obdata {
    /// The text it was read from.
    pub fn source(&self) -> &Secret<String> {
        &self.source
    }

    /// The first field of a name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The number in the first field of a name, whether it is a plain one, a choice or a switch.
    ///
    /// # Errors
    /// When there is no such field or it holds no number.
    pub fn number(&self, name: &str) -> Result<u64, FormatError> {
        let field = self.require(name)?;
        match field.value {
            Value::Number { number, .. } | Value::Choice { number, .. } | Value::Switch { number, .. } => Ok(number),
            _ => Err(field.error("it holds no number; take the file from a fresh project")),
        }
    }

    /// The path in the first field of a name.
    ///
    /// # Errors
    /// When there is no such field or it names no file.
    pub fn path(&self, name: &str) -> Result<&str, FormatError> {
        let field = self.require(name)?;
        match &field.value {
            Value::File { path, .. } => Ok(path),
            _ => Err(field.error("it names no file; take the file from a fresh project")),
        }
    }

    fn require(&self, name: &str) -> Result<&Field, FormatError> {
        self.field(name).ok_or_else(|| FormatError::Field {
            line: self.info.line,
            field: name.to_owned(),
            problem: "the file has no such field; take it from a fresh project".into(),
        })
    }
}

impl Field {
    pub(crate) fn error(&self, problem: impl Into<String>) -> FormatError {
        FormatError::Field { line: self.line, field: self.name.clone(), problem: problem.into() }
    }
}

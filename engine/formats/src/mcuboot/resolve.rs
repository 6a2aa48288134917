//! Arguments to settings: links followed into the configuration xml, every value checked.

use super::{Argument, Folder, KeyReference, McubootFormat, SignOption, SignSettings, Source, read};
use crate::error::FormatError;
use crate::image::header::Version;
use crate::image::settings::{Align, InstallMode, SecurityCounter};
use crate::number;
use crate::obdata::{Obdata, Value};

/// The magic the tool writes unless told otherwise.
const DEFAULT_MAGIC: u32 = 0x96F3_B83D;

impl McubootFormat {
    /// The settings, with links followed into `linked`, the xml that [`McubootFormat::linked_xml`] names.
    ///
    /// # Errors
    /// With field and line, when an argument is missing or can't be, or when a link leads nowhere.
    pub fn resolve(&self, linked: Option<&Obdata>) -> Result<SignSettings, FormatError> {
        let given = |option| self.arguments.iter().find(|argument| argument.option == option);
        let required = |option, what: &str| {
            given(option).ok_or_else(|| FormatError::Xml {
                line: self.line,
                problem: format!("no {what}; take the file from a fresh project"),
            })
        };
        if let Some(unknown) = self.unknown.first() {
            return Err(FormatError::Xml { line: unknown.line, problem: read::unknown(&unknown.name) });
        }
        for argument in &self.arguments {
            let doubled = self.arguments.iter().filter(|other| other.option == argument.option).count() > 1;
            // An image may depend on several others.
            if doubled && argument.option != SignOption::Dependency {
                return Err(argument.error("the same argument is given twice; keep one of them"));
            }
            argument.check()?;
        }
        let number = |option| given(option).map(|argument| argument.number(linked)).transpose();
        // They only say how large a trailer for swapping is, and are to be numbers without it, too.
        let sectors = number(SignOption::MaximumSectors)?.unwrap_or(InstallMode::DEFAULT_SECTORS);
        let install = match (given(SignOption::PrimaryOnly), given(SignOption::OverwriteOnly)) {
            (Some(_), _) => InstallMode::PrimaryOnly,
            (None, Some(_)) => InstallMode::Overwrite,
            (None, None) => InstallMode::Swap { sectors },
        };
        let version = required(SignOption::Version, "version (-v)")?;
        Ok(SignSettings {
            authentication_key: required(SignOption::Key, "authentication key (-k)")?.key(linked)?,
            encryption_key: given(SignOption::EncryptionKey).map(|argument| argument.key(linked)).transpose()?,
            magic: number(SignOption::Magic)?.unwrap_or(DEFAULT_MAGIC),
            slot_size: required(SignOption::SlotSize, "firmware area size (-S)")?.number(linked)?,
            header_size: required(SignOption::HeaderSize, "header size (-H)")?.header_size(linked)?,
            pad: given(SignOption::Pad).is_some(),
            pad_header: given(SignOption::PadHeader).is_some(),
            install,
            version: version.parsed()?,
            security_counter: given(SignOption::SecurityCounter)
                .map(|argument| argument.parsed::<SecurityCounter>())
                .transpose()?,
            align: given(SignOption::Align)
                .map(|argument| argument.align(linked))
                .transpose()?
                .unwrap_or(Align::DEFAULT),
            address: number(SignOption::Address)?,
            input: required(SignOption::Input, "input file")?.text()?.to_owned(),
            output: required(SignOption::Output, "output file")?.text()?.to_owned(),
        })
    }
}

impl Argument {
    fn error(&self, problem: impl Into<String>) -> FormatError {
        FormatError::Field { line: self.line, field: self.name.clone(), problem: problem.into() }
    }

    /// Whether the value can be used; of a linked one only whether it may be linked.
    pub(crate) fn check(&self) -> Result<(), FormatError> {
        let linked = !matches!(self.source, Source::Here(_));
        match self.option {
            SignOption::Key
            | SignOption::EncryptionKey
            | SignOption::Magic
            | SignOption::SlotSize
            | SignOption::HeaderSize
            | SignOption::Align
            | SignOption::Address
            | SignOption::MaximumSectors
                if linked =>
            {
                Ok(())
            }
            SignOption::Magic | SignOption::SlotSize | SignOption::Address | SignOption::MaximumSectors => {
                self.number(None).map(|_| ())
            }
            SignOption::HeaderSize => self.header_size(None).map(|_| ()),
            SignOption::Align => self.align(None).map(|_| ()),
            SignOption::Version => self.parsed::<Version>().map(|_| ()),
            SignOption::SecurityCounter => self.parsed::<SecurityCounter>().map(|_| ()),
            SignOption::Endianness if self.text()? != "little" => {
                Err(self.error("expected little; the chip reads no other order"))
            }
            SignOption::Key
            | SignOption::EncryptionKey
            | SignOption::Endianness
            | SignOption::Input
            | SignOption::Output => self.text().map(|_| ()),
            SignOption::Pad | SignOption::PadHeader | SignOption::PrimaryOnly | SignOption::OverwriteOnly => {
                match &self.source {
                    Source::Here(text) if text.is_empty() => Ok(()),
                    _ => Err(self.error("this argument takes no value; leave it empty")),
                }
            }
            SignOption::Dependency | SignOption::Confirm => {
                Err(self.error("images with this argument can't be built here; switch it off with <Enable>0"))
            }
        }
    }

    fn linked_value<'a>(&self, linked: Option<&'a Obdata>) -> Result<&'a Value, FormatError> {
        let Some(linked) = linked else {
            return Err(self.error("it links to a configuration xml, but <LinkedXML> names none"));
        };
        match linked.field(&self.name) {
            Some(field) => Ok(&field.value),
            None => Err(self.error("the linked configuration xml has no field of this name")),
        }
    }

    fn text(&self) -> Result<&str, FormatError> {
        match &self.source {
            Source::Here(text) if !text.is_empty() => Ok(text),
            Source::Here(_) => Err(self.error("it has no value")),
            _ => Err(self.error("a value of this kind can't be linked; write it here")),
        }
    }

    fn parsed<T: std::str::FromStr<Err = FormatError>>(&self) -> Result<T, FormatError> {
        self.text()?.parse().map_err(|error: FormatError| self.error(error.to_string()))
    }

    fn number(&self, linked: Option<&Obdata>) -> Result<u32, FormatError> {
        let number = match &self.source {
            Source::Here(text) => number::parse(text).map_err(|problem| self.error(problem))?,
            Source::LinkedPublic => return Err(self.error("GetPublic stands where a number is needed")),
            Source::Linked => u128::from(self.linked_number(linked)?),
            Source::LinkedPlus(constant) => u128::from(self.linked_number(linked)?) + u128::from(*constant),
        };
        u32::try_from(number).map_err(|_| self.error(format!("{number:#x} doesn't fit in 32 bits")))
    }

    fn header_size(&self, linked: Option<&Obdata>) -> Result<u16, FormatError> {
        u16::try_from(self.number(linked)?).map_err(|_| self.error("a header of more than 65535 bytes"))
    }

    fn align(&self, linked: Option<&Obdata>) -> Result<Align, FormatError> {
        Align::new(self.number(linked)?).ok_or_else(|| self.error("expected 1, 2, 4, 8, 16 or 32"))
    }

    fn linked_number(&self, linked: Option<&Obdata>) -> Result<u64, FormatError> {
        match self.linked_value(linked)? {
            Value::Number { number, .. } | Value::Choice { number, .. } | Value::Switch { number, .. } => Ok(*number),
            _ => Err(self.error("the linked field holds no number")),
        }
    }

    fn key(&self, linked: Option<&Obdata>) -> Result<KeyReference, FormatError> {
        let (path, folder) = match &self.source {
            Source::Here(_) => (self.text()?.to_owned(), Folder::ImageXml),
            Source::LinkedPlus(_) => return Err(self.error("a sum stands where a key is needed")),
            Source::Linked | Source::LinkedPublic => match self.linked_value(linked)? {
                Value::File { path, .. } => (path.clone(), Folder::LinkedXml),
                _ => return Err(self.error("the linked field names no key file")),
            },
        };
        Ok(KeyReference { path, folder, line: self.line })
    }
}

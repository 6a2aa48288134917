//! Image xml to arguments: which option, and where its value comes from.

use super::{Argument, LinkedXml, McubootFormat, SignOption, Source, UnknownElement};
use crate::error::FormatError;
use crate::number;
use crate::xml::{self, Dialect, Element};

impl McubootFormat {
    /// Reads an xml.
    ///
    /// # Errors
    /// With its line, when it isn't UTF-8, well-formed and of this dialect, or when an argument isn't known here.
    pub fn decode(text: &[u8]) -> Result<Self, FormatError> {
        let text = xml::utf8(text)?;
        let root = xml::parse(text)?;
        let body = xml::body_of(&root, Dialect::McubootFormat)?;
        let missing = |name| FormatError::Xml { line: body.line, problem: format!("no <{name}> in <McubootFormat>") };
        let global = body.only("GlobalParam")?.ok_or_else(|| missing("GlobalParam"))?;
        if let Some(command) = global.only("Command")? {
            check_global(command)?;
        }
        let linked_xml = global.only("LinkedXML")?.filter(|linked| !linked.trimmed().is_empty());
        let mut arguments = Vec::new();
        let mut unknown = Vec::new();
        for child in &body.children {
            match child.name.as_str() {
                "GlobalParam" => {}
                "Param" => arguments.extend(read_argument(child)?),
                "Output" => arguments.push(read_output(child)?),
                other => unknown.push(UnknownElement { name: other.to_owned(), line: child.line }),
            }
        }
        Ok(Self {
            title: global.text_of("Title")?.map(str::to_owned),
            linked_xml: linked_xml.map(|linked| LinkedXml { line: linked.line, path: linked.trimmed().to_owned() }),
            arguments,
            unknown,
            line: body.line,
        })
    }
}

/// Whether a child of `<GlobalParam>` can be used.
pub(crate) fn check_global(child: &Element) -> Result<(), FormatError> {
    if child.name == "Command" && child.trimmed() != "sign" {
        let problem = format!("the command is \"{}\", expected sign", child.trimmed());
        return Err(FormatError::Xml { line: child.line, problem });
    }
    Ok(())
}

/// Why nothing can be built from a file with an unknown element.
pub(crate) fn unknown(element: &str) -> String {
    format!(
        "<{element}> is not known here; expected GlobalParam, Param or Output. An image built without it may differ"
    )
}

/// The argument of an `<Output>`.
pub(crate) fn read_output(element: &Element) -> Result<Argument, FormatError> {
    let source = Source::Here(value_of(element)?);
    Ok(Argument { name: name_of(element)?, line: element.line, option: SignOption::Output, source })
}

/// Whether an argument counts.
pub(crate) fn is_enabled(element: &Element) -> Result<bool, FormatError> {
    match element.text_of("Enable")? {
        None | Some("1" | "") => Ok(true),
        Some("0") => Ok(false),
        Some(other) => Err(FormatError::Field {
            line: element.line,
            field: name_of(element)?,
            problem: format!("<Enable> is \"{other}\", expected 0 or 1"),
        }),
    }
}

/// The argument of a `<Param>`, unless it is switched off.
pub(crate) fn read_argument(element: &Element) -> Result<Option<Argument>, FormatError> {
    let name = name_of(element)?;
    let error = |line, problem| FormatError::Field { line, field: name.clone(), problem };
    if !is_enabled(element)? {
        return Ok(None);
    }
    let option = match element.only("Command")? {
        None => SignOption::Input,
        Some(command) => option(command.trimmed()).ok_or_else(|| {
            let problem =
                format!("the argument {} is not known here; an image built without it would differ", command.trimmed());
            error(command.line, problem)
        })?,
    };
    let source = match element.only("Link")? {
        None => Source::Here(value_of(element)?),
        Some(link) => match link.trimmed() {
            "" => Source::Linked,
            "GetPublic" => Source::LinkedPublic,
            sum => {
                let constant = sum.strip_prefix('+').and_then(|constant| number::parse(constant.trim()).ok());
                let constant = constant.and_then(|constant| u64::try_from(constant).ok()).ok_or_else(|| {
                    error(link.line, format!("<Link> is \"{sum}\", expected nothing, GetPublic or +NUMBER"))
                })?;
                Source::LinkedPlus(constant)
            }
        },
    };
    Ok(Some(Argument { name, line: element.line, option, source }))
}

fn name_of(element: &Element) -> Result<String, FormatError> {
    let name = element.text_of("Name")?.filter(|name| !name.is_empty());
    name.map(str::to_owned)
        .ok_or_else(|| FormatError::Xml { line: element.line, problem: format!("a <{}> without <Name>", element.name) })
}

fn value_of(element: &Element) -> Result<String, FormatError> {
    let value = match element.only("Value")? {
        Some(value) => Some(value),
        None => element.only("Default")?,
    };
    Ok(value.map(Element::without_tags).transpose()?.map(Element::trimmed).unwrap_or_default().to_owned())
}

fn option(command: &str) -> Option<SignOption> {
    Some(match command {
        "-k" | "--key" => SignOption::Key,
        "-E" | "--encrypt" => SignOption::EncryptionKey,
        "-ma" | "--magic-val" => SignOption::Magic,
        "-e" | "--endian" => SignOption::Endianness,
        "--pad" => SignOption::Pad,
        "-S" | "--slot-size" => SignOption::SlotSize,
        "-H" | "--header-size" => SignOption::HeaderSize,
        "--pad-header" => SignOption::PadHeader,
        "-P" | "--primary-only" => SignOption::PrimaryOnly,
        "--overwrite-only" => SignOption::OverwriteOnly,
        "-v" | "--version" => SignOption::Version,
        "-s" | "--security-counter" => SignOption::SecurityCounter,
        "--align" => SignOption::Align,
        "-x" | "--hex-addr" => SignOption::Address,
        "-M" | "--max-sectors" => SignOption::MaximumSectors,
        "-d" | "--dependencies" => SignOption::Dependency,
        "-c" | "--confirm" => SignOption::Confirm,
        _ => return None,
    })
}

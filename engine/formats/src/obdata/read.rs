//! Text to types: every value checked for form, width and range where it is read, with field and line in the error.

use chip::Destination;

use super::{Choice, Field, FileForm, Info, Obdata, Output, Value, Visibility};
use crate::error::FormatError;
use crate::number;
use crate::obk::Encryption;
use crate::secret::Secret;
use crate::xml::{self, Element};

/// Widest number a field may hold, in bytes.
const WIDEST: u64 = 8;
/// Coarsest alignment that makes sense for an area of 1 KiB.
const COARSEST: u128 = 1024;
/// Lengths that the device's password can have.
const PASSWORD_LENGTHS: std::ops::RangeInclusive<usize> = 4..=16;

impl Obdata {
    /// Reads an xml.
    ///
    /// # Errors
    /// When it isn't UTF-8, well-formed, and of this dialect, or when a field's value can't be: with its line, and its
    /// name.
    pub fn decode(text: &[u8]) -> Result<Self, FormatError> {
        let text = xml::utf8(text)?;
        let root = xml::parse(text)?;
        let body = xml::dialect(&root, "Obdata", "McubootFormat")?;
        let info = match body.only("Info")? {
            Some(info) => read_info(info)?,
            None => return Err(FormatError::Xml { line: body.line, problem: "no <Info> in <Obdata>".into() }),
        };
        let hashed = body.only("Hash")?.is_some();
        let debug_authentication = body.only("DA")?.is_some();
        let output = match body.only("Output")? {
            Some(output) => Some(Output { line: output.line, path: required(output, "Value")?.trimmed().to_owned() }),
            None => None,
        };
        let fields = body
            .children
            .iter()
            .filter(|child| !matches!(child.name.as_str(), "Info" | "Hash" | "DA" | "Output"))
            .map(read_field)
            .collect::<Result<_, _>>()?;
        Ok(Self { source: Secret::new(text.to_owned()), info, hashed, debug_authentication, fields, output })
    }
}

fn read_info(element: &Element) -> Result<Info, FormatError> {
    let owned = |name| Ok::<_, FormatError>(element.text_of(name)?.map(str::to_owned));
    let number = |name: &str| match element.only(name)? {
        Some(child) => match number::parse(child.trimmed()) {
            Ok(number) => Ok(Some((child, number))),
            Err(problem) => Err(info_error(child, problem)),
        },
        None => Ok(None),
    };
    let destination = match number("ObDestAddress")? {
        Some((child, number)) => match u32::try_from(number) {
            Ok(word) => Some(Destination(word)),
            Err(_) => return Err(info_error(child, "it doesn't fit in 32 bits".into())),
        },
        None => None,
    };
    let encryption = match number("DoEncryption")? {
        Some((child, number)) => match u32::try_from(number).ok().and_then(Encryption::from_word) {
            Some(encryption) => Some(encryption),
            None => return Err(info_error(child, format!("it is {number}, expected 0 or 1"))),
        },
        None => None,
    };
    let global_align = match number("GlobalAlign")? {
        Some((child, number)) => alignment(number).map_err(|problem| info_error(child, problem))?,
        None => return Err(FormatError::Xml { line: element.line, problem: "no <GlobalAlign> in <Info>".into() }),
    };
    Ok(Info { line: element.line, title: owned("Title")?, mcu: owned("MCU")?, destination, encryption, global_align })
}

fn info_error(element: &Element, problem: String) -> FormatError {
    FormatError::Field { line: element.line, field: element.name.clone(), problem }
}

fn alignment(number: u128) -> Result<usize, String> {
    match usize::try_from(number) {
        Ok(align) if (1..=COARSEST).contains(&number) => Ok(align),
        _ => Err(format!("an alignment of {number} bytes; expected 1 to {COARSEST}")),
    }
}

fn read_field(element: &Element) -> Result<Field, FormatError> {
    let value = match element.name.as_str() {
        "Data" => read_number(element)?,
        "List" => read_choice(element)?,
        "Bool" => read_switch(element)?,
        "File" => read_file(element)?,
        "Permission" => Value::Permission(parse(element, required(element, "Value")?)?),
        "Text" => read_password(element)?,
        other => {
            let problem = format!(
                "<{other}> is no field that is known here; its bytes would be missing from the object. Known are Data, \
                 List, Bool, File, Permission and Text"
            );
            return Err(FormatError::Xml { line: element.line, problem });
        }
    };
    let owned = |name| Ok::<_, FormatError>(element.text_of(name)?.map(str::to_owned));
    let visibility = if set(element, "Reserved")? {
        Visibility::Reserved
    } else if set(element, "Hidden")? {
        Visibility::Hidden
    } else {
        Visibility::Shown
    };
    Ok(Field {
        name: required(element, "Name")?.trimmed().to_owned(),
        line: element.line,
        visibility,
        default: owned("Default")?,
        tooltip: owned("Tooltip")?,
        value,
    })
}

fn read_number(element: &Element) -> Result<Value, FormatError> {
    let (number, width) = value_in_width(element)?;
    Ok(Value::Number { number, width })
}

fn read_choice(element: &Element) -> Result<Value, FormatError> {
    let (number, width) = value_in_width(element)?;
    let choices = element
        .all("Val")
        .map(|choice| {
            let (code, label) = choice.trimmed().split_once(',').unwrap_or((choice.trimmed(), choice.trimmed()));
            let number = number::parse(code.trim()).map_err(|problem| error(element, choice.line, problem))?;
            Ok(Choice { number: in_width(element, choice.line, number, width)?, label: label.trim().to_owned() })
        })
        .collect::<Result<Vec<_>, FormatError>>()?;
    if !choices.iter().any(|choice| choice.number == number) {
        let known = choices.iter().map(|choice| format!("{:#x} ({})", choice.number, choice.label)).collect::<Vec<_>>();
        let problem = format!("{number:#x} is none of its codes: {}", known.join(", "));
        return Err(error(element, element.line, problem));
    }
    Ok(Value::Choice { number, width, choices })
}

fn read_switch(element: &Element) -> Result<Value, FormatError> {
    let (number, width) = value_in_width(element)?;
    let code = |name| {
        let child = required(element, name)?;
        in_width(element, child.line, parse(element, child)?, width)
    };
    let (on, off) = (code("True")?, code("False")?);
    if number != on && number != off {
        let problem = format!("{number:#x} is neither its code for on ({on:#x}) nor the one for off ({off:#x})");
        return Err(error(element, element.line, problem));
    }
    Ok(Value::Switch { number, width, on, off })
}

fn read_file(element: &Element) -> Result<Value, FormatError> {
    let value = required(element, "Value")?;
    let path = value.trimmed().to_owned();
    if path.is_empty() {
        return Err(error(element, value.line, "no file is named".into()));
    }
    let align = match element.only("Align")? {
        Some(child) => alignment(parse(element, child)?).map_err(|problem| error(element, child.line, problem))?,
        None => 1,
    };
    let key_type = element.text_of("KeyType")?.unwrap_or_default();
    if !key_type.is_empty() && key_type != "ecdsa-p256" {
        let problem = format!("keys of the kind \"{key_type}\"; STiROT takes ecdsa-p256 only");
        return Err(error(element, element.line, problem));
    }
    let is_pem = path.to_ascii_lowercase().ends_with(".pem");
    let form = match element.text_of("Type")?.unwrap_or_default() {
        "Public" => FileForm::PublicKey,
        "" if is_pem || !key_type.is_empty() => FileForm::PrivateKey,
        "" => FileForm::Bytes,
        other => {
            let problem = format!("<Type> is \"{other}\", expected Public or nothing");
            return Err(error(element, element.line, problem));
        }
    };
    Ok(Value::File { path, align, form })
}

fn read_password(element: &Element) -> Result<Value, FormatError> {
    let value = required(element, "Value")?;
    let length = |name: &str, otherwise: usize| match element.only(name)? {
        Some(child) => match usize::try_from(parse(element, child)?) {
            Ok(length) if PASSWORD_LENGTHS.contains(&length) => Ok(length),
            _ => Err(error(element, child.line, format!("<{name}> must be 4 to 16, the lengths the chip takes"))),
        },
        None => Ok(otherwise),
    };
    let shortest = length("MinWidth", *PASSWORD_LENGTHS.start())?;
    let longest = length("Width", *PASSWORD_LENGTHS.end())?;
    let found = value.text.len();
    if !(shortest..=longest).contains(&found) {
        let problem = format!("the password has {found} characters, it must have {shortest} to {longest}");
        return Err(error(element, value.line, problem));
    }
    if !value.text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
        let problem = "the password may hold printable ASCII characters only".into();
        return Err(error(element, value.line, problem));
    }
    Ok(Value::Password(value.text.clone()))
}

fn value_in_width(element: &Element) -> Result<(u64, usize), FormatError> {
    let width_element = required(element, "Width")?;
    let width = parse(element, width_element)?;
    let width = match usize::try_from(width) {
        Ok(bytes) if (1..=u128::from(WIDEST)).contains(&width) => bytes,
        _ => {
            let problem = format!("a width of {width} bytes; expected 1 to {WIDEST}");
            return Err(error(element, width_element.line, problem));
        }
    };
    let value = required(element, "Value")?;
    Ok((in_width(element, value.line, parse(element, value)?, width)?, width))
}

fn in_width(element: &Element, line: usize, number: u128, width: usize) -> Result<u64, FormatError> {
    let bits = width.saturating_mul(8).min(64);
    match u64::try_from(number) {
        Ok(small) if u128::from(small) >> bits == 0 => Ok(small),
        _ => Err(error(element, line, format!("{number:#x} doesn't fit in its {width} bytes"))),
    }
}

fn parse(field: &Element, child: &Element) -> Result<u128, FormatError> {
    number::parse(child.trimmed()).map_err(|problem| error(field, child.line, problem))
}

fn set(element: &Element, name: &str) -> Result<bool, FormatError> {
    match element.only(name)? {
        Some(child) => match child.trimmed() {
            "1" => Ok(true),
            "0" | "" => Ok(false),
            other => Err(error(element, child.line, format!("<{name}> is \"{other}\", expected 0 or 1"))),
        },
        None => Ok(false),
    }
}

fn required<'a>(element: &'a Element, name: &str) -> Result<&'a Element, FormatError> {
    element.only(name)?.ok_or_else(|| error(element, element.line, format!("<{name}> is missing")))
}

fn error(field: &Element, line: usize, problem: String) -> FormatError {
    let name = field.children.iter().find(|child| child.name == "Name").map(Element::trimmed);
    FormatError::Field { line, field: name.unwrap_or(&field.name).to_owned(), problem }
}

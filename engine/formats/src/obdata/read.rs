//! Text to types: every value checked for form, width and range where it is read, with field and line in the error.
//! The parts of a field are read one by one, for the editor, too, which goes on where this here stops.

use chip::Destination;

use super::{Bound, Choice, Dependency, Field, FileForm, Info, Obdata, Output, Slot, Value, Visibility};
use crate::error::FormatError;
use crate::number;
use crate::obk::Encryption;
use crate::secret::Secret;
use crate::xml::{self, Dialect, Element};

/// Widest number a field may hold, in bytes.
pub(crate) const WIDEST: usize = 8;
/// Coarsest alignment that makes sense for an area of 1 KiB.
const COARSEST: u128 = 1024;
/// Lengths that the device's password can have.
pub(crate) const PASSWORD_LENGTHS: (usize, usize) = (4, 16);

impl Obdata {
    /// Reads an xml.
    ///
    /// # Errors
    /// When it isn't UTF-8, well-formed, and of this dialect, or when a field's value can't be: with its line, and its
    /// name.
    pub fn decode(text: &[u8]) -> Result<Self, FormatError> {
        let text = xml::utf8(text)?;
        let root = xml::parse(text)?;
        let body = xml::body_of(&root, Dialect::Obdata)?;
        let info = match body.only("Info")? {
            Some(info) => read_info(info)?,
            None => return Err(FormatError::Xml { line: body.line, problem: "no <Info> in <Obdata>".into() }),
        };
        let hashed = body.only("Hash")?.is_some();
        let debug_authentication = body.only("DA")?.is_some();
        let output = body.only("Output")?.map(read_output).transpose()?;
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
    let number = |name: &str| element.only(name)?.map(info_word).transpose();
    let global_align = match element.only("GlobalAlign")? {
        Some(child) => info_alignment(child)?,
        None => return Err(FormatError::Xml { line: element.line, problem: "no <GlobalAlign> in <Info>".into() }),
    };
    Ok(Info {
        line: element.line,
        title: owned("Title")?,
        mcu: owned("MCU")?,
        destination: number("ObDestAddress")?.map(Destination),
        encryption: element.only("DoEncryption")?.map(info_encryption).transpose()?,
        global_align,
        flash_start: number("FlashStart")?,
        flash_size: number("FlashSize")?,
        flash_sector_size: number("FlashSectorSize")?,
        obk_start: number("OBKStart")?,
        obk_size: number("OBKSize")?,
        obk_sector_size: number("OBKSectorSize")?,
        auth_obk_start: number("AuthOBKStart")?,
        auth_obk_size: number("AuthOBKSize")?,
    })
}

/// Whether a child of `<Info>` can be used.
pub(crate) fn check_info(child: &Element) -> Result<(), FormatError> {
    match child.name.as_str() {
        "DoEncryption" => info_encryption(child).map(|_| ()),
        "GlobalAlign" => info_alignment(child).map(|_| ()),
        "ObDestAddress" | "FlashStart" | "FlashSize" | "FlashSectorSize" | "OBKStart" | "OBKSize" | "OBKSectorSize"
        | "AuthOBKStart" | "AuthOBKSize" => info_word(child).map(|_| ()),
        _ => Ok(()),
    }
}

fn info_number(child: &Element) -> Result<u128, FormatError> {
    number::parse(child.trimmed()).map_err(|problem| info_error(child, problem))
}

fn info_word(child: &Element) -> Result<u32, FormatError> {
    u32::try_from(info_number(child)?).map_err(|_| info_error(child, "it doesn't fit in 32 bits".into()))
}

fn info_encryption(child: &Element) -> Result<Encryption, FormatError> {
    let number = info_number(child)?;
    let encryption = u32::try_from(number).ok().and_then(Encryption::from_word);
    encryption.ok_or_else(|| info_error(child, format!("it is {number}, expected 0 or 1")))
}

fn info_alignment(child: &Element) -> Result<usize, FormatError> {
    alignment(info_number(child)?).map_err(|problem| info_error(child, problem))
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

/// The object's path.
pub(crate) fn read_output(element: &Element) -> Result<Output, FormatError> {
    Ok(Output { line: element.line, path: path(element)?.to_owned() })
}

/// A field, whatever it holds.
pub(crate) fn read_field(element: &Element) -> Result<Field, FormatError> {
    let value = match element.name.as_str() {
        "Data" => read_number(element)?,
        "List" => read_choice(element)?,
        "Bool" => read_switch(element)?,
        "File" => read_file(element)?,
        "Permission" => Value::Permission(parse(element, value_of(element)?)?),
        "Text" => read_password(element)?,
        // What its children mean isn't known either.
        other => {
            return Ok(Field {
                name: name_of(element).to_owned(),
                line: element.line,
                visibility: Visibility::Shown,
                default: None,
                tooltip: None,
                slots: Vec::new(),
                obk_slots: Vec::new(),
                dependency: None,
                value: Value::Unknown(other.to_owned()),
            });
        }
    };
    let owned = |name| Ok::<_, FormatError>(element.text_of(name)?.map(str::to_owned));
    Ok(Field {
        name: required(element, "Name")?.trimmed().to_owned(),
        line: element.line,
        visibility: visibility(element)?,
        default: owned("Default")?,
        tooltip: owned("Tooltip")?,
        slots: slots(element, "Slot")?,
        obk_slots: slots(element, "OBKSlot")?,
        dependency: dependency(element)?,
        value,
    })
}

/// Why a file with an unknown element makes no object.
pub(crate) fn unknown(element: &str) -> String {
    format!(
        "<{element}> is no field that is known here; its bytes would be missing from the object. Known are Data, List, \
         Bool, File, Permission and Text"
    )
}

/// Whether an element is for people.
pub(crate) fn visibility(element: &Element) -> Result<Visibility, FormatError> {
    Ok(if set(element, "Reserved")? {
        Visibility::Reserved
    } else if set(element, "Hidden")? {
        Visibility::Hidden
    } else {
        Visibility::Shown
    })
}

/// How a field is tied to another.
pub(crate) fn dependency(element: &Element) -> Result<Option<Dependency>, FormatError> {
    let Some(child) = element.only("Dependency")?.filter(|child| !child.trimmed().is_empty()) else {
        return Ok(None);
    };
    let Some((name, value)) = child.trimmed().split_once(',') else {
        return Ok(Some(Dependency::Controls(child.trimmed().to_owned())));
    };
    let number = number::parse(value.trim()).map_err(|problem| error(element, child.line, problem))?;
    Ok(Some(Dependency::On { name: name.trim().to_owned(), value: in_width(element, child.line, number, WIDEST)? }))
}

fn slots(element: &Element, name: &str) -> Result<Vec<Slot>, FormatError> {
    let slot = |child: &Element| {
        let (bound, area) = child.trimmed().split_once('#')?;
        let bound = match bound {
            "start" => Bound::Start,
            "size" => Bound::Size,
            _ => return None,
        };
        Some(Slot { bound, area: u32::try_from(number::parse(area).ok()?).ok()? })
    };
    let wrong = |child: &Element| {
        let problem = format!("<{name}> is \"{}\", expected start#1 or size#1, for example", child.trimmed());
        error(element, child.line, problem)
    };
    element.all(name).map(|child| slot(child).ok_or_else(|| wrong(child))).collect()
}

fn read_number(element: &Element) -> Result<Value, FormatError> {
    let width = width(element)?;
    Ok(Value::Number { number: number(element, width)?, width })
}

fn read_choice(element: &Element) -> Result<Value, FormatError> {
    let width = width(element)?;
    let number = number(element, width)?;
    let choices = choices(element, width)?;
    if !choices.iter().any(|choice| choice.number == number) {
        let known = choices.iter().map(|choice| format!("{:#x} ({})", choice.number, choice.label)).collect::<Vec<_>>();
        let problem = format!("{number:#x} is none of its codes: {}", known.join(", "));
        return Err(error(element, element.line, problem));
    }
    Ok(Value::Choice { number, width, choices })
}

/// The codes of a `<List>`.
pub(crate) fn choices(element: &Element, width: usize) -> Result<Vec<Choice>, FormatError> {
    element
        .all("Val")
        .map(|choice| {
            let (code, label) = choice.trimmed().split_once(',').unwrap_or((choice.trimmed(), choice.trimmed()));
            let number = number::parse(code.trim()).map_err(|problem| error(element, choice.line, problem))?;
            Ok(Choice { number: in_width(element, choice.line, number, width)?, label: label.trim().to_owned() })
        })
        .collect()
}

fn read_switch(element: &Element) -> Result<Value, FormatError> {
    let width = width(element)?;
    let number = number(element, width)?;
    let (on, off) = (code(element, "True", width)?, code(element, "False", width)?);
    if number != on && number != off {
        let problem = format!("{number:#x} is neither its code for on ({on:#x}) nor the one for off ({off:#x})");
        return Err(error(element, element.line, problem));
    }
    Ok(Value::Switch { number, width, on, off })
}

/// One of the two codes of a `<Bool>`.
pub(crate) fn code(element: &Element, name: &str, width: usize) -> Result<u64, FormatError> {
    let child = required(element, name)?;
    in_width(element, child.line, parse(element, child)?, width)
}

fn read_file(element: &Element) -> Result<Value, FormatError> {
    let path = path(element)?.to_owned();
    let align = match element.only("Align")? {
        Some(child) => alignment(parse(element, child)?).map_err(|problem| error(element, child.line, problem))?,
        None => 1,
    };
    Ok(Value::File { form: file_form(element, &path)?, path, align })
}

/// In which form the file of a `<File>` goes into the object.
pub(crate) fn file_form(element: &Element, path: &str) -> Result<FileForm, FormatError> {
    let key_type = element.text_of("KeyType")?.unwrap_or_default();
    if !key_type.is_empty() && key_type != "ecdsa-p256" {
        let problem = format!("keys of the kind \"{key_type}\"; STiRoT takes ecdsa-p256 only");
        return Err(error(element, element.line, problem));
    }
    let path = path.to_ascii_lowercase();
    match element.text_of("Type")?.unwrap_or_default() {
        "Public" => Ok(FileForm::PublicKey),
        // ST's files state the kind of key for plain data, too.
        "" if path.ends_with(".bin") => Ok(FileForm::Bytes),
        "" if path.ends_with(".pem") || !key_type.is_empty() => Ok(FileForm::PrivateKey),
        "" => Ok(FileForm::Bytes),
        other => Err(error(element, element.line, format!("<Type> is \"{other}\", expected Public or nothing"))),
    }
}

fn read_password(element: &Element) -> Result<Value, FormatError> {
    let value = value_of(element)?;
    let (shortest, longest) = password_lengths(element)?;
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

/// The shortest and the longest password that a `<Text>` takes.
pub(crate) fn password_lengths(element: &Element) -> Result<(usize, usize), FormatError> {
    let (least, most) = PASSWORD_LENGTHS;
    let length = |name: &str, otherwise: usize| match element.only(name)? {
        Some(child) => match usize::try_from(parse(element, child)?) {
            Ok(length) if (least..=most).contains(&length) => Ok(length),
            _ => Err(error(
                element,
                child.line,
                format!("<{name}> must be {least} to {most}, the lengths the chip takes"),
            )),
        },
        None => Ok(otherwise),
    };
    Ok((length("MinWidth", least)?, length("Width", most)?))
}

/// How many bytes the number of a field takes.
pub(crate) fn width(element: &Element) -> Result<usize, FormatError> {
    let child = required(element, "Width")?;
    let width = parse(element, child)?;
    match usize::try_from(width) {
        Ok(bytes) if (1..=WIDEST).contains(&bytes) => Ok(bytes),
        _ => Err(error(element, child.line, format!("a width of {width} bytes; expected 1 to {WIDEST}"))),
    }
}

fn number(element: &Element, width: usize) -> Result<u64, FormatError> {
    let value = value_of(element)?;
    in_width(element, value.line, parse(element, value)?, width)
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

fn path(element: &Element) -> Result<&str, FormatError> {
    let value = value_of(element)?;
    match value.trimmed() {
        "" => Err(error(element, value.line, "no file is named".into())),
        path => Ok(path),
    }
}

fn value_of(element: &Element) -> Result<&Element, FormatError> {
    required(element, "Value")?.without_tags()
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

/// The name of a field; that of its element where it has none of its own.
pub(crate) fn name_of(element: &Element) -> &str {
    element.first("Name").map(Element::trimmed).filter(|name| !name.is_empty()).unwrap_or(&element.name)
}

fn error(field: &Element, line: usize, problem: String) -> FormatError {
    FormatError::Field { line, field: name_of(field).to_owned(), problem }
}

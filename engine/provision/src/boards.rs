//! How a board is named, and which boards there are: virtual ones by their file, real ones by their probe.
//! It opens nothing.

use std::path::PathBuf;
use std::str::FromStr;

use probe_rs::probe::DebugProbeInfo;
use probe_rs::probe::list::Lister;

use crate::error::ProvisionError;
use crate::{bench, virtual_probe};

/// What a person calls a board: `probe`, `probe:SERIAL`, or a virtual board's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoardAddress {
    /// A virtual board, by its file.
    Virtual(PathBuf),
    /// A real board, by the probe that it hangs on.
    Probe {
        /// The probe's serial number; `None` takes the only one there is.
        serial: Option<String>,
    },
}

impl FromStr for BoardAddress {
    type Err = ProvisionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |reason: &str| ProvisionError::BoardAddress { text: text.to_owned(), reason: reason.to_owned() };
        match text.split_once(':') {
            _ if text.is_empty() => Err(refused("it is empty")),
            _ if text == "probe" => Ok(Self::Probe { serial: None }),
            Some(("probe", "")) => Err(refused("a serial number follows the colon")),
            Some(("probe", serial)) => Ok(Self::Probe { serial: Some(serial.to_owned()) }),
            _ => Ok(Self::Virtual(PathBuf::from(text))),
        }
    }
}

impl std::fmt::Display for BoardAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Virtual(path) => write!(f, "{}", path.display()),
            Self::Probe { serial: None } => f.write_str("probe"),
            Self::Probe { serial: Some(serial) } => write!(f, "probe:{serial}"),
        }
    }
}

/// A board that can be opened now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardInfo {
    /// How to open it.
    pub address: BoardAddress,
    /// What a person reads: the probe's name, or the file's.
    pub name: String,
}

/// The virtual boards that are powered on in this process, then the ST-LINKs and other probes on USB.
pub fn list() -> Vec<BoardInfo> {
    virtual_probe::register();
    let mut boards: Vec<BoardInfo> = bench::powered()
        .into_iter()
        .map(|board| {
            let path = board.path().to_owned();
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            BoardInfo { address: BoardAddress::Virtual(path), name }
        })
        .collect();
    let probes = Lister::new().list_all().into_iter().filter(is_real);
    boards.extend(
        probes.map(|info| BoardInfo {
            address: BoardAddress::Probe { serial: info.serial_number },
            name: info.identifier,
        }),
    );
    boards
}

/// Whether a listed probe has a real board behind it.
pub(crate) fn is_real(info: &DebugProbeInfo) -> bool {
    info.vendor_id != virtual_probe::VENDOR_ID || info.product_id != virtual_probe::PRODUCT_ID
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in ["probe", "probe:0039003A3033510F35393935", "benches/one.board", "C:\\boards\\one.board"] {
            assert_eq!(text.parse::<BoardAddress>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_empty_address_and_an_empty_serial_are_refused() {
        assert!("".parse::<BoardAddress>().is_err());
        assert!("probe:".parse::<BoardAddress>().is_err());
    }
}

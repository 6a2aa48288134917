//! What the demo application says of itself, read from its lines. Another application says other things, and is then
//! not known here.

use std::fmt;

use formats::Version;
use serde::{Deserialize, Serialize};

/// The first line of the demo application.
const TITLE: &str = "STiRoT demo application";

/// What the demo application said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banner {
    /// Its version, from the header of its own image.
    pub version: String,
    /// Its security counter, where the image has one.
    pub security_counter: Option<u32>,
    /// The hide protection level it runs at.
    pub hdpl: Option<u8>,
    /// Address of its vector table.
    pub running_at: Option<u32>,
}

impl Banner {
    /// The last whole account in what the console said; nothing where there is none.
    pub fn last_in(heard: &str) -> Option<Self> {
        let beginning = heard.rfind("version  ")?;
        let lines = heard.get(beginning..)?;
        // The line is whole once the next one has begun.
        let value = |name: &str| {
            let (line, _) = lines.get(lines.find(name)?..)?.split_once('\n')?;
            Some(line.strip_prefix(name)?.trim())
        };
        Some(Self {
            version: value("version ")?.to_owned(),
            security_counter: value("security counter ").and_then(number),
            hdpl: value("HDPL ").and_then(|text| text.parse().ok()),
            running_at: Some(number(value("running at ")?)?),
        })
    }

    /// The account behind the application's title: its first words after a reset.
    pub fn after_title(heard: &str) -> Option<Self> {
        Self::last_in(heard.get(heard.rfind(TITLE)?..)?)
    }

    /// The version, where the application found its image.
    pub fn image_version(&self) -> Option<Version> {
        self.version.parse().ok()
    }
}

impl fmt::Display for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {}", self.version)?;
        if let Some(counter) = self.security_counter {
            write!(f, ", security counter {counter:#010x}")?;
        }
        if let Some(level) = self.hdpl {
            write!(f, ", HDPL {level}")?;
        }
        if let Some(address) = self.running_at {
            write!(f, ", at {address:#010x}")?;
        }
        Ok(())
    }
}

fn number(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\r\nSTiRoT demo application\r\nversion          1.2.3\r\nsecurity counter 0x01020003\r\n\
                        HDPL             2\r\nrunning at       0x24000400\r\n1  function A";

    #[test]
    fn every_line_is_read() {
        let banner = Banner::after_title(SAID).unwrap();
        assert_eq!(banner.version, "1.2.3");
        assert_eq!(banner.security_counter, Some(0x0102_0003));
        assert_eq!((banner.hdpl, banner.running_at), (Some(2), Some(0x2400_0400)));
    }

    #[test]
    fn of_two_accounts_the_last_counts() {
        let twice = format!("{SAID}{}", SAID.replace("1.2.3", "2.0.0"));
        assert_eq!(Banner::last_in(&twice).unwrap().version, "2.0.0");
    }

    #[test]
    fn an_account_that_is_not_whole_yet_is_none() {
        for end in [SAID.len() - 20, SAID.find("security").unwrap(), 10] {
            assert_eq!(Banner::last_in(&SAID[..end]), None, "{:?}", &SAID[..end]);
        }
    }
}

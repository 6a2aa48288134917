//! What board stands on the table: its NOR, the port it hangs on, its console, the supply of its XSPI pads.
//!
//! A profile says what the chip can't tell. It touches nothing.

use chip::memory_map::{Region, XSPI1_WINDOW};
use serde::{Deserialize, Serialize};

/// The supply of the XSPI pads, which decides whether the high-speed option at low voltage may be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum XspiSupply {
    /// 1.8 V: the option is needed for speed.
    Low,
    /// 3.3 V: the option could harm the pads and is never set.
    High,
}

/// A kind of board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardProfile {
    /// Name as a project's settings give it.
    pub name: String,
    /// The chip as probe-rs knows it.
    pub chip: String,
    /// The external NOR.
    pub nor: String,
    /// First address at which the NOR appears when the iLoader runs it.
    pub nor_start: u32,
    /// Size of the NOR in bytes.
    pub nor_size: u32,
    /// probe-rs's flash algorithm that reaches the NOR there, when there is one.
    pub nor_algorithm: Option<String>,
    /// Supply of the XSPI pads.
    pub xspi_supply: XspiSupply,
    /// Bytes of RAM on the port that XSPI2 reaches when the ports are swapped, where that is known.
    #[serde(default)]
    pub external_ram: Option<u32>,
    /// Where the console comes out, for people.
    pub console: String,
}

impl BoardProfile {
    /// ST's discovery kit, which the virtual board follows too: MX66UW1G45G on port 2, reached by XSPI1 with the
    /// ports swapped, so that MCE1 encrypts it (`STiROT_iLoader/Src/low_level_flash_ext.c`).
    pub fn discovery_kit() -> Self {
        Self {
            name: "STM32H7S78-DK".into(),
            chip: "STM32H7S7L8Hx".into(),
            nor: "MX66UW1G45G".into(),
            nor_start: XSPI1_WINDOW.start,
            nor_size: 128 * chip::memory_map::MIB,
            nor_algorithm: Some("mx66uw1g45g_stm32h7s78-dk-xspim1".into()),
            xspi_supply: XspiSupply::Low,
            external_ram: Some(32 * chip::memory_map::MIB),
            console: "UART4 on PD1/PD0, 115200 8N1".into(),
        }
    }

    /// ST's Nucleo board. probe-rs reaches its NOR at XSPI2's window only, so that STiRoT's slots, which MCE1 must
    /// encrypt behind XSPI1, can't be flashed over the debug port.
    pub fn nucleo() -> Self {
        Self {
            name: "NUCLEO-H7S3L8".into(),
            chip: "STM32H7S3L8Hx".into(),
            nor: "MX25UW25645G".into(),
            nor_start: XSPI1_WINDOW.start,
            nor_size: 32 * chip::memory_map::MIB,
            nor_algorithm: None,
            xspi_supply: XspiSupply::Low,
            external_ram: None,
            console: "USART3 on PD8/PD9, 115200 8N1".into(),
        }
    }

    /// The profiles this program brings.
    pub fn known() -> Vec<Self> {
        vec![Self::discovery_kit(), Self::nucleo()]
    }

    /// The profile of this name, whatever the case of its letters.
    pub fn named(name: &str) -> Option<Self> {
        Self::known().into_iter().find(|profile| profile.name.eq_ignore_ascii_case(name))
    }

    /// Where the NOR appears.
    pub fn nor_region(&self) -> Region {
        Region::new(self.nor_start, self.nor_size)
    }
}

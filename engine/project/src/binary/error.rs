//! Why a program's file can't be used, and what to do about it.

use formats::FormatError;

use crate::grouped::grouped;

/// Why a program's file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BinaryError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// An Intel hex file that can't be understood.
    #[error("the Intel hex file is damaged: {0}")]
    Hex(FormatError),
    /// An ELF file that can't be understood.
    #[error("the ELF file is damaged: {problem}")]
    Elf {
        /// What is wrong with it.
        problem: String,
    },
    /// An ELF file of a program for something else than a Cortex-M.
    #[error("the program is not for this chip, an Arm processor of 32 bits, little-endian: {found}")]
    OtherProcessor {
        /// What the file says.
        found: String,
    },
    /// A file of another kind. A key in an image would be a secret given away, and a text never runs.
    #[error("the file is no application, but {what}")]
    NoApplication {
        /// What it is.
        what: &'static str,
    },
    /// An object file or a library.
    #[error("the file is no linked program")]
    NotLinked,
    /// An ELF file without content, of debug information alone for example.
    #[error("the file holds nothing that is loaded")]
    NothingToLoad,
    /// Two parts for one place.
    #[error("two parts of the program are loaded to {}", grouped(*address))]
    Overlap {
        /// The first address that both want.
        address: u32,
    },
    /// Parts that can't belong to one piece.
    #[error(
        "the program is no one piece: a part ends at {}, the next begins at {}",
        grouped(u32::try_from(*end).unwrap_or(u32::MAX)),
        grouped(*next)
    )]
    Apart {
        /// The first address behind a part; at most 2^32.
        end: u64,
        /// Where the next begins.
        next: u32,
    },
    /// Content past the last address.
    #[error("the program's part at {} reaches beyond the last address", grouped(*address))]
    BeyondMemory {
        /// Where it begins.
        address: u32,
    },
    /// Too few bytes for a program.
    #[error(
        "{bytes} bytes are too few for a program: it begins with the addresses of its stack and its first instruction"
    )]
    TooShort {
        /// How many there are.
        bytes: usize,
    },
    /// An image where a program is wanted.
    #[error("this is an image that is signed already, not the program inside")]
    Image,
    /// The first word is no stack.
    #[error("the program's first word, {}, is no end of a stack in DTCM, AXI SRAM or AHB SRAM", grouped(*stack))]
    Stack {
        /// The word.
        stack: u32,
    },
    /// The second word is no instruction of the program.
    #[error("the program's second word, {}, is no Thumb instruction inside of it", grouped(*reset))]
    Reset {
        /// The word.
        reset: u32,
    },
    /// An application for another place than that from which it will run.
    #[error("the program is linked to {}, and will run at {}", grouped(*linked), grouped(*runs))]
    LinkedElsewhere {
        /// The address of its first byte.
        linked: u32,
        /// Where that byte will be.
        runs: u32,
    },
    /// A loader for another memory.
    #[error("the loader's part at {} lies outside of user flash", grouped(*address))]
    OutsideUserFlash {
        /// The first address outside.
        address: u32,
    },
    /// A loader that shares its first sector.
    #[error("the loader begins at {}, which is not where a sector of user flash begins", grouped(*address))]
    NotOnSector {
        /// Where it begins.
        address: u32,
    },
    /// Plain bytes that could be for one address or for another.
    #[error("the loader's address can't be told from its bytes: it may be for {} or {}", grouped(*one), grouped(*other))]
    Ambiguous {
        /// An address that fits.
        one: u32,
        /// Another one.
        other: u32,
    },
}

impl BinaryError {
    /// What to do about it, in words for the person at the bench.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Empty | Self::Hex(_) | Self::Elf { .. } | Self::TooShort { .. } => "build the program again",
            Self::OtherProcessor { .. } => "choose the program that was built for the Cortex-M7 of the STM32H7S",
            Self::NotLinked | Self::NothingToLoad => {
                "choose the linker's output, ending in .elf, .axf, .out, .bin or .hex"
            }
            Self::Overlap { .. } => "let every section in the linker script have a load address of its own",
            Self::Apart { .. } | Self::BeyondMemory { .. } => {
                "in the linker script, let initialised data be loaded behind the code (`AT>`) and copied at the start"
            }
            Self::NoApplication { .. } => "name the binary, hex or ELF file that the application's project builds",
            Self::Image => "choose the application's binary file; signing and encrypting is the studio's part",
            Self::Stack { .. } | Self::Reset { .. } => {
                "let the file begin with the program's vector table, and choose a program, not an image or other data"
            }
            Self::LinkedElsewhere { .. } => {
                "link the application for the firmware area's address plus 0x400, or move the firmware area"
            }
            Self::OutsideUserFlash { .. } | Self::NotOnSector { .. } => {
                "link the loader to 0x0800 0000 or to the start of another sector (0x2000) of the 64 KiB of user flash"
            }
            Self::Ambiguous { .. } => "choose the loader's ELF or Intel hex file, which say the address",
        }
    }
}

//! Facts of the STM32H7S, each with its source: addresses, codes, layouts that the hardware and ST's ROM fix.
//! No behaviour and no dependencies: the firmware, the virtual board and the host read the same numbers.
//!
//! Sources are named as in public material: *CMSIS* is ST's device header `stm32h7s7xx.h`, *HAL* its driver
//! package, *SVD* the register text generated from ST's SVD, *Cube* the STM32CubeH7RS projects. A fact that no
//! source confirms is marked UNCONFIRMED.
#![no_std]
#![forbid(unsafe_code)]

pub mod loader;
pub mod mailbox;
pub mod memory_map;
pub mod obk;
pub mod option_bytes;
pub mod permissions;
pub mod product_state;
pub mod registers;
pub mod rsslib;
pub mod second_stage;
pub mod security;
pub mod trace;

pub use obk::Destination;
pub use product_state::ProductState;

//! What the stages of the firmware share: clocks, the MPU, resets, words for the trace port, the way to external memory,
//! the console's UART, and the registers that `stm32-metapac` lacks. No decisions: those are each stage's own.
#![no_std]

pub mod clocks;
pub mod dma;
pub mod external;
pub mod mce;
pub mod mpu;
pub mod nor;
pub mod pads;
pub mod psram;
pub mod register;
pub mod stage;
pub mod uart;
pub mod window;
pub mod xspi;

pub use register::Register;
pub use stm32_metapac as pac;

//! What the stages of the firmware share: clocks, the MPU, resets, words for the trace port, and the registers that
//! `stm32-metapac` lacks. No decisions: those are each stage's own.
#![no_std]

pub mod clocks;
pub mod mce;
pub mod mpu;
pub mod register;
pub mod stage;

pub use register::Register;
pub use stm32_metapac as pac;

//! Base addresses of peripherals (CMSIS). Register offsets and bits stand in one module a peripheral.

/// Flash interface.
pub const FLASH: u32 = 0x5200_2000;
/// System block.
pub const SBS: u32 = 0x5800_0400;
/// Reset and clock control.
pub const RCC: u32 = 0x5802_4400;
/// Power control.
pub const PWR: u32 = 0x5802_4800;
/// External interrupts.
pub const EXTI: u32 = 0x5800_0000;
/// Independent watchdog.
pub const IWDG: u32 = 0x5800_4800;
/// Cyclic redundancy check unit.
pub const CRC: u32 = 0x5802_4C00;
/// Memory cipher engine 1 (on XSPI1).
pub const MCE1: u32 = 0x5200_B800;
/// Memory cipher engine 2 (on XSPI2).
pub const MCE2: u32 = 0x5200_BC00;
/// Memory cipher engine 3 (on FMC).
pub const MCE3: u32 = 0x5200_C000;
/// External memory interface 1.
pub const XSPI1: u32 = 0x5200_5000;
/// External memory interface 2.
pub const XSPI2: u32 = 0x5200_A000;
/// Port manager of the external memory interfaces.
pub const XSPIM: u32 = 0x5200_B400;
/// High-performance DMA.
pub const HPDMA1: u32 = 0x5200_0000;
/// Random number generator.
pub const RNG: u32 = 0x4802_0000;
/// Secure AES.
pub const SAES: u32 = 0x4802_1000;
/// UART 4: the discovery kit's console.
pub const UART4: u32 = 0x4000_4C00;
/// DBGMCU as the core sees it.
pub const DBGMCU: u32 = 0x5C00_1000;
/// DBGMCU's control register, offset (CMSIS).
pub const DBGMCU_CR: u32 = 0x04;
/// Bit of [`DBGMCU_CR`] that chooses which resets end what debug authentication granted (CMSIS for the bit; what its
/// two values mean is UNCONFIRMED. On the virtual board: set = only power-on does).
pub const DBGMCU_CR_DCRT: u32 = 1 << 16;
/// GPIO ports A to H, 0x400 apart.
pub const GPIOA: u32 = 0x5802_0000;
/// GPIO ports M to P, 0x400 apart.
pub const GPIOM: u32 = 0x5802_3000;

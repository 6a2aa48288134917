//! RSSLIB: the functions ST's ROM offers to a debugger on a halted core (CMSIS `stm32h7s7xx.h`).

/// Address of the function table.
pub const TABLE: u32 = 0x1FF1_FD4C;
/// Size of the table in bytes.
pub const TABLE_SIZE: u32 = 0x2C;

/// Slot of `SetSecOB(address, mask, value, position)`.
pub const SET_SEC_OB: u32 = TABLE;
/// Slot of `GetRssStatus()`.
pub const GET_RSS_STATUS: u32 = TABLE + 0x14;
/// Slot of `SetProductState(state)`.
pub const SET_PRODUCT_STATE: u32 = TABLE + 0x18;
/// Slot of `DataProvisioning(*configuration)`.
pub const DATA_PROVISIONING: u32 = TABLE + 0x1C;
/// Slot of `JumpHDPLvl2(vector_table, mpu_index)`.
pub const JUMP_HDP_LVL2: u32 = TABLE + 0x20;
/// Slot of `JumpHDPLvl3(vector_table, mpu_index)`.
pub const JUMP_HDP_LVL3: u32 = TABLE + 0x24;
/// Slot of `GetProductState()`.
pub const GET_PRODUCT_STATE: u32 = TABLE + 0x28;

/// The call did what it was asked.
pub const SUCCESS: u32 = 0xEAEA_EAEA;
/// The call failed, without a reason.
pub const ERROR: u32 = 0xF5F5_F5F5;
/// An error with a reason in its low half; the list of reasons is UNCONFIRMED for this family.
pub const ERROR_CLASS: u32 = 0xF5F5_0000;
/// Reported as "CRC wrong" on the sister chip STM32H5; UNCONFIRMED here.
pub const ERROR_CRC: u32 = 0xF5F5_8080;

/// The addresses `SetSecOB` accepts: WRPSRP, HDPSRP, ROTSRP (CMSIS).
pub const SET_SEC_OB_ADDRESSES: [u32; 3] = [0x5200_221C, 0x5200_2234, 0x5200_220C];

/// The structure `DataProvisioning` takes, as five little-endian words: source, destination, size in bytes,
/// encryption flag, CRC (CMSIS). The source lies in AXI SRAM3; whether the structure must, too, is UNCONFIRMED
/// (it is put there).
pub const DATA_PROVISIONING_SIZE: u32 = 20;

/// Where the virtual ROM keeps the status of the last setter: a mark and the status, the last two words of AHB
/// SRAM2. Where ST's ROM keeps it is not known; only `GetRssStatus` is asked for it.
pub const LAST_STATUS: u32 = 0x3000_7FF8;
/// The mark before the status.
pub const LAST_STATUS_MARK: u32 = 0x5253_5353;

/// The CRC of `DataProvisioning`: STM32 CRC unit defaults over whole words (poly 0x04C1_1DB7, start all ones, not
/// reflected, no final exclusive or). UNCONFIRMED (assumption A2).
pub const fn crc32_word(crc: u32, word: u32) -> u32 {
    let mut crc = crc ^ word;
    let mut bit = 0;
    while bit < 32 {
        crc = if crc & 0x8000_0000 != 0 { (crc << 1) ^ 0x04C1_1DB7 } else { crc << 1 };
        bit += 1;
    }
    crc
}
/// Start value of [`crc32_word`].
pub const CRC_INIT: u32 = 0xFFFF_FFFF;

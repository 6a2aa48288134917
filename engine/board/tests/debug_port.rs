//! The debug port, register by register, in front of a board whose ROM opens debug and sleeps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use board::{Board, BoardOptions, DapFault, DapRegister, DebugPort, NonVolatile};

const ABORT: DapRegister = DapRegister::Debug(0x0);
const CTRL_STAT: DapRegister = DapRegister::Debug(0x4);
const SELECT: DapRegister = DapRegister::Debug(0x8);
const RDBUFF: DapRegister = DapRegister::Debug(0xC);
const CSW: DapRegister = DapRegister::Access(0x0);
const TAR: DapRegister = DapRegister::Access(0x4);
const DRW: DapRegister = DapRegister::Access(0xC);
const IDR: DapRegister = DapRegister::Access(0xC);
const AP1: u32 = 1 << 24;
const BANK_F: u32 = 0xF0;
const WORDS_IN_A_ROW: u32 = 0x12;
const STICKY_ERROR: u32 = 1 << 5;

/// Raises the hide protection level to 3, opens access port and debug, sleeps.
const TINY_ROM: [u16; 22] = [
    0x0000, 0x2001, 0x0009, 0x1FF0, 0x4806, 0x216A, 0x6101, 0x6101, 0x6101, 0x4905, 0x6201, 0xBF30, 0xE7FD, 0xBF00, 0,
    0, 0, 0, 0x0400, 0x5800, 0xB4B4, 0x006F,
];

fn board() -> Board {
    let rom: Vec<u8> = TINY_ROM.iter().flat_map(|half| half.to_le_bytes()).collect();
    let nonvolatile = NonVolatile::new(Some(1), &rom).unwrap();
    Board::power_on(nonvolatile, &rom, BoardOptions::default()).unwrap()
}

/// A powered-up port, and the board after its ROM.
fn opened() -> (DebugPort, Board) {
    let mut board = board();
    board.run(1000);
    let mut port = DebugPort::new();
    port.write(&mut board, CTRL_STAT, 0x5000_0000).unwrap();
    (port, board)
}

#[test]
fn the_port_names_itself_and_acknowledges_power() {
    let (mut port, mut board) = opened();
    assert_eq!(port.read(&mut board, DapRegister::Debug(0)), Ok(0x6BA0_2477));
    assert_eq!(port.read(&mut board, CTRL_STAT).unwrap() >> 28, 0xF);
    for (select, identity) in [(0, 0x8477_0004), (AP1, 0x8477_0001), (2 << 24, 0), (0xFF00_0000, 0)] {
        port.write(&mut board, SELECT, select | BANK_F).unwrap();
        assert_eq!(port.read(&mut board, IDR), Ok(identity));
        assert_eq!(port.read(&mut board, RDBUFF), Ok(identity));
    }
}

#[test]
fn an_access_port_without_power_faults() {
    let mut board = board();
    let mut port = DebugPort::new();
    assert_eq!(port.read(&mut board, CSW), Err(DapFault));
}

#[test]
fn the_core_port_is_shut_until_the_rom_opens_it() {
    let mut board = board();
    let mut port = DebugPort::new();
    port.write(&mut board, CTRL_STAT, 0x5000_0000).unwrap();
    port.write(&mut board, SELECT, AP1).unwrap();
    assert_eq!(port.read(&mut board, CSW).unwrap() & 0x40, 0, "CSW says that the device is not enabled");
    port.write(&mut board, TAR, 0x2000_0000).unwrap();
    assert_eq!(port.read(&mut board, DRW), Err(DapFault));
    port.write(&mut board, ABORT, 0x1E).unwrap();

    board.run(1000);
    assert_eq!(port.read(&mut board, CSW).unwrap() & 0x40, 0x40);
    assert!(port.read(&mut board, DRW).is_ok());
}

#[test]
fn a_failed_transfer_sticks_until_it_is_cleared() {
    let (mut port, mut board) = opened();
    port.write(&mut board, SELECT, AP1).unwrap();
    port.write(&mut board, CSW, WORDS_IN_A_ROW).unwrap();
    port.write(&mut board, TAR, 0x3F00_0000).unwrap();
    assert_eq!(port.read(&mut board, DRW), Err(DapFault));
    assert_ne!(port.read(&mut board, CTRL_STAT).unwrap() & STICKY_ERROR, 0);
    assert_eq!(port.read(&mut board, CSW), Err(DapFault), "nothing is done while the error stands");
    port.write(&mut board, ABORT, 1 << 2).unwrap();
    assert_eq!(port.read(&mut board, CTRL_STAT).unwrap() & STICKY_ERROR, 0);
    assert_eq!(port.read(&mut board, TAR), Ok(0x3F00_0000), "a failed transfer does not move the address");
}

#[test]
fn the_address_wraps_inside_a_kibibyte() {
    let (mut port, mut board) = opened();
    port.write(&mut board, SELECT, AP1).unwrap();
    port.write(&mut board, CSW, WORDS_IN_A_ROW).unwrap();
    port.write(&mut board, TAR, 0x2000_07FC).unwrap();
    port.write(&mut board, DRW, 1).unwrap();
    assert_eq!(port.read(&mut board, TAR), Ok(0x2000_0400));
}

#[test]
fn bytes_and_halves_travel_in_their_lanes() {
    let (mut port, mut board) = opened();
    port.write(&mut board, SELECT, AP1).unwrap();
    port.write(&mut board, CSW, WORDS_IN_A_ROW).unwrap();
    port.write(&mut board, TAR, 0x2000_0100).unwrap();
    port.write(&mut board, DRW, 0x4433_2211).unwrap();
    for (size, expected) in [(0u32, [0x11, 0x2200, 0x33_0000, 0x4400_0000u32].as_slice()), (1, &[0x2211, 0x4433_0000])]
    {
        port.write(&mut board, CSW, 0x10 | size).unwrap();
        port.write(&mut board, TAR, 0x2000_0100).unwrap();
        for lane in expected {
            assert_eq!(port.read(&mut board, DRW), Ok(*lane));
        }
    }
    port.write(&mut board, CSW, 0x10).unwrap();
    port.write(&mut board, TAR, 0x2000_0102).unwrap();
    port.write(&mut board, DRW, 0x00AA_0000).unwrap();
    // The banked registers reach the same words whatever CSW says.
    port.write(&mut board, SELECT, AP1 | 0x10).unwrap();
    assert_eq!(port.read(&mut board, DapRegister::Access(0)), Ok(0x44AA_2211));
}

#[test]
fn port_0_reaches_dbgmcu_at_both_addresses_and_nothing_else() {
    let (mut port, mut board) = opened();
    port.write(&mut board, CSW, WORDS_IN_A_ROW).unwrap();
    for base in [0xE00E_1000, 0x5C00_1000] {
        port.write(&mut board, TAR, base).unwrap();
        assert_eq!(port.read(&mut board, DRW).unwrap() & 0xFFF, 0x485);
    }
    for address in [0x2000_0000, 0x0800_0000, 0xE000_EDF0, 0x5200_2000] {
        port.write(&mut board, TAR, address).unwrap();
        assert_eq!(port.read(&mut board, DRW), Err(DapFault), "{address:#010x}");
        port.write(&mut board, ABORT, 0x1E).unwrap();
        assert_eq!(port.write(&mut board, DRW, 0), Err(DapFault), "{address:#010x}");
        port.write(&mut board, ABORT, 0x1E).unwrap();
    }
}

#[test]
fn no_transaction_panics() {
    let (mut port, mut board) = opened();
    let mut state = 0x1234_5678u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    for _ in 0..200_000 {
        let kind = next();
        let address = (next() & 0xC) as u8;
        let register = if kind & 1 == 0 { DapRegister::Debug(address) } else { DapRegister::Access(address) };
        let value = match kind >> 8 & 3 {
            // Mostly values that lead somewhere: selections of the two ports, addresses of peripherals and the core.
            0 => (next() & 0xF3) | (kind >> 10 & 1) << 24,
            1 => 0xE000_E000 | next() & 0xFFC,
            2 => 0x5200_0000 | next() & 0xFFFC,
            _ => next(),
        };
        if kind & 2 == 0 {
            _ = port.read(&mut board, register);
        } else {
            _ = port.write(&mut board, register, value);
        }
        if kind & 0x3F0 == 0 {
            _ = port.write(&mut board, ABORT, 0x1E);
            _ = port.write(&mut board, CTRL_STAT, 0x5000_0000);
        }
        board.run(1);
    }
}

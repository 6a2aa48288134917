//! Facts that must agree with each other.

use chip::memory_map::{self as map, Region};
use chip::option_bytes::{DebugAuthentication, NVSTATE_CLOSE, NVSTATE_OPEN};
use chip::trace::{Event, Stage, TraceWord};
use chip::{Destination, ProductState};

fn rotsr(oem_provisioned: u8, method: DebugAuthentication) -> u32 {
    u32::from(method.code()) << 8 | u32::from(oem_provisioned)
}

#[test]
fn option_bytes_spell_every_state_of_the_ladder() {
    use DebugAuthentication::{Certificate, Locked, None, Password};
    let cases = [
        (NVSTATE_OPEN, 0x6A, None, ProductState::Open),
        (NVSTATE_CLOSE, 0x6A, None, ProductState::Provisioning),
        (NVSTATE_CLOSE, 0x6A, Certificate, ProductState::Provisioning),
        (NVSTATE_CLOSE, 0xB4, None, ProductState::Provisioned),
        (NVSTATE_CLOSE, 0xB4, Certificate, ProductState::Closed),
        (NVSTATE_CLOSE, 0xB4, Password, ProductState::Closed),
        (NVSTATE_CLOSE, 0xB4, Locked, ProductState::Locked),
    ];
    for (nvstate, oem, method, state) in cases {
        assert_eq!(ProductState::from_option_bytes(nvstate, rotsr(oem, method)), state);
    }
}

#[test]
fn a_code_that_no_source_lists_is_read_as_the_most_closed_state() {
    assert_eq!(ProductState::from_option_bytes(0x00, 0), ProductState::Locked);
    assert_eq!(ProductState::from_option_bytes(NVSTATE_CLOSE, 0x0000_77B4), ProductState::Locked);
}

#[test]
fn rsslib_codes_round_trip() {
    for state in [ProductState::Open, ProductState::Provisioning, ProductState::Closed, ProductState::Locked] {
        let code = state.rsslib_code().unwrap();
        assert_eq!(ProductState::from_rsslib_code(code), Some(state));
    }
}

#[test]
fn published_destinations_fit_the_geometry() {
    let published = [
        (Destination::DA_CERTIFICATE, 0x60),
        (Destination::DA_PASSWORD, 0x60),
        (Destination::DA_LOCK, 0x20),
        (Destination::STIROT_CONFIG, 0x100),
        (Destination::STIROT_DATA, 0xC0),
        (Destination::OEMUROT_CONFIG, 0xE0),
        (Destination::OEMUROT_DATA, 0xC0),
    ];
    for (destination, size) in published {
        assert!(destination.fits(size), "{destination:?}");
    }
    assert!(!Destination(0x0FFD_0100).fits(0x60), "an address of the sister chip's layout");
    assert!(!Destination::STIROT_DATA.fits(0x220), "past the last index");
    assert!(!Destination(0x0000_0308).fits(0x20), "there is no area for HDPL 3");
}

#[test]
fn trace_words_round_trip() {
    let word = TraceWord { stage: Stage::Stirot, event: Event::Passed, detail: 8 };
    assert_eq!(TraceWord::decode(word.encode()), Some(word));
    assert_eq!(TraceWord::decode(0), None);
}

#[test]
fn spans_are_checked_without_overflow() {
    let last = Region::new(0xFFFF_F000, 0x1000);
    assert!(last.contains_span(0xFFFF_FFFF, 1));
    assert!(!last.contains_span(0xFFFF_FFFF, 2));
    assert!(!map::DTCM.contains_span(0x2000_0000, 0x1_0001));
    assert!(map::DTCM.contains_span(0x2000_FFC0, 0x40));
}

#[test]
fn the_crc_is_that_of_the_chips_unit() {
    // CRC-32/MPEG-2 of four zero bytes.
    assert_eq!(chip::rsslib::crc32_word(chip::rsslib::CRC_INIT, 0), 0xC704_DD7B);
}

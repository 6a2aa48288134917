//! Facts that must agree with each other.

use chip::memory_map::{self as map, Region};
use chip::option_bytes::{DebugAuthentication, NVSTATE_CLOSE, NVSTATE_OPEN};
use chip::trace::{Event, Stage, Subject, SubjectImage, SubjectPlace, TraceWord};
use chip::{Destination, ProductState, second_stage};

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
    let second = TraceWord { stage: Stage::Oemurot, event: Event::Judges, detail: 0x0102 };
    assert_eq!(second.encode(), 0x0460_0102);
    assert_eq!(TraceWord::decode(second.encode()), Some(second));
}

#[test]
fn what_the_second_stage_judges_is_told_in_one_detail() {
    let copy = Subject { image: SubjectImage::Data, place: SubjectPlace::RunCopy };
    assert_eq!(copy.encode(), 0x0102);
    assert_eq!(Subject::decode(0x0102), Some(copy));
    assert_eq!(Subject::decode(0x0003), None);
    assert_eq!(Subject::decode(0x0200), None);
}

#[test]
fn the_second_stages_objects_lie_where_their_destinations_say() {
    assert_eq!(Destination::OEMUROT_CONFIG.index(), second_stage::CONFIG_INDEX);
    assert_eq!(Destination::OEMUROT_DATA.index(), second_stage::DATA_A_INDEX);
    let block = map::Region::new(second_stage::LAYOUT_OFFSET, second_stage::LAYOUT_SIZE);
    assert!(block.last() < second_stage::PROGRAM_LIMIT);
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

//! Not a parser: a fault behind two numbers that nobody guesses. Found within seconds, it proves that the build tells
//! libFuzzer what a run reached and compared; without that, the other targets would only roll dice.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first_chunk() else { return };
    if u32::from_le_bytes(*first) == 0xDEAD_BE52 {
        let Some(second) = rest.first_chunk() else { return };
        assert!(u32::from_le_bytes(*second) != 0x96F3_B83D, "found, as it should be");
    }
});

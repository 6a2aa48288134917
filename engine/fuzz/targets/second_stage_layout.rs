//! Any bytes as the second stage's layout block, alone and inside of a program: what is read is written the same.
#![no_main]

use formats::SecondStageLayout;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut program = vec![0; SecondStageLayout::OFFSET];
    program.extend_from_slice(data);
    let found = SecondStageLayout::find(&program);
    let Ok(layout) = SecondStageLayout::decode(data) else {
        // Behind a whole block inside of a program there may be anything.
        assert!(data.len() >= SecondStageLayout::SIZE || !matches!(found, Ok(Some(_))));
        return;
    };
    assert!(layout.encode() == data, "it is written otherwise than it was read");
    assert_eq!(found, Ok(Some(layout)));
    assert!(layout.replace_in(&mut program).is_ok());
});

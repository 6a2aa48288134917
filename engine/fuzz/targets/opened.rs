//! Any bytes as a file that a person drops: opened, taken apart, each image judged with the key of the seeds, mapped, and
//! compared with itself.
#![no_main]

use std::hint::black_box;
use std::sync::LazyLock;

use formats::{
    ByteMap, CheckName, Circumstances, HeldKey, Installed, KeyOrigin, KeyRing, KeyRole, Opened, Part, RingKey, Verdict,
    compare_images, judge, payload_in_the_clear,
};
use libfuzzer_sys::fuzz_target;

static RING: LazyLock<KeyRing> = LazyLock::new(|| {
    KeyRing(vec![RingKey {
        name: "the seeds' key".into(),
        origin: KeyOrigin::Given,
        role: KeyRole::Any,
        profile: None,
        key: HeldKey::Private(fuzz::key()),
    }])
});

fuzz_target!(|data: &[u8]| {
    let opened = Opened::read(data.to_vec());
    let length = opened.content.len();
    let mut end = 0;
    for stretch in opened.content.stretches() {
        assert!(stretch.offset >= end && !stretch.bytes.is_empty(), "stretches overlap");
        end = stretch.offset + stretch.bytes.len() as u64;
        assert!(opened.content.from(stretch.offset) == stretch.bytes);
        if let Some(address) = stretch.address {
            assert_eq!(opened.content.offset_of(address), Some(stretch.offset));
            assert_eq!(opened.content.address(stretch.offset), Some(address));
        }
    }
    assert!(end <= length);
    for part in opened.parts.iter().flat_map(Part::walk) {
        assert!(part.range.start <= part.range.end && part.range.end <= length, "a part outside of the file");
    }
    let circumstances = Circumstances {
        keys: &RING,
        profile: None,
        slot_size: Some(0x1000),
        download_address: None,
        firmware_address: Some(0x2400_0000),
        installed: Some(Installed { version: None, counter: 0 }),
    };
    for image in opened.images.iter().take(8) {
        let judgement = judge(&opened, image, &circumstances);
        assert_eq!(judgement.checks.len(), CheckName::ALL.len());
        if matches!(judgement.verdict, Verdict::Installs | Verdict::DoesNotRun { .. }) {
            assert!(payload_in_the_clear(&opened, image, &RING).is_ok(), "it installs, and can't be opened");
        }
        black_box(judgement.sentence());
    }
    if let Some(image) = opened.images.first() {
        assert!(compare_images((&opened, image), (&opened, image)).bytes.is_same());
    }
    black_box(ByteMap::of(&opened.content, 32));
});

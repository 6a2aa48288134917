//! What a person waits for after dropping a file: opening it, its map, finding bytes in it, judging and comparing the
//! images inside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use formats::{
    ByteMap, Circumstances, HeldKey, ImageForm, ImageKeys, ImageSettings, KeyOrigin, KeyRing, KeyRole, Opened,
    PrivateKey, RingKey, SecurityCounter, build_image, compare_content, judge,
};

/// The external flash of the discovery kit.
const DUMP: usize = 128 << 20;
const SLOT: u32 = 0x790_0000;
const PAYLOAD: usize = 120_000_000;

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn key() -> PrivateKey {
    PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"))
}

fn opening(criterion: &mut Criterion) {
    let (signing, device) = (key(), key());
    let public = device.public();
    let keys = ImageKeys { signing: &signing, encryption: Some(&public) };
    let settings = |slot| ImageSettings::stirot("1.0.0".parse().unwrap(), SecurityCounter::FromVersion, slot);
    let small = build_image(&noise(0x1_0000), &settings(0x2_0000), keys).unwrap().encode(ImageForm::Slot).unwrap();
    let large = build_image(&noise(PAYLOAD), &settings(SLOT), keys).unwrap();
    let hex = large.encode(ImageForm::Hex { address: 0x9000_0000 }).unwrap();
    let large = large.encode(ImageForm::Slot).unwrap();
    // Half noise, half erased, two images.
    let mut dump = noise(DUMP / 2);
    dump.resize(DUMP, 0xFF);
    for offset in [0x200_0000, 0x500_0000] {
        dump[offset..offset + small.len()].copy_from_slice(&small);
    }
    let ring = KeyRing(vec![
        RingKey {
            name: "authentication".into(),
            origin: KeyOrigin::Project,
            role: KeyRole::Authentication,
            profile: None,
            key: HeldKey::Public(signing.public()),
        },
        RingKey {
            name: "encryption".into(),
            origin: KeyOrigin::Project,
            role: KeyRole::Encryption,
            profile: None,
            key: HeldKey::Private(device),
        },
    ]);

    let mut group = criterion.benchmark_group("opening");
    group.sample_size(10).measurement_time(Duration::from_secs(5)).throughput(Throughput::Bytes(DUMP as u64));
    group.bench_function("a dump of 128 MiB", |bencher| {
        bencher.iter_batched(|| dump.clone(), |dump| Opened::read(black_box(dump)), BatchSize::PerIteration);
    });
    let opened = Opened::read(dump.clone());
    assert_eq!(opened.images.len(), 2);
    group.bench_function("map of it in 1024 pieces", |bencher| {
        bencher.iter(|| ByteMap::of(black_box(&opened.content), 1024));
    });
    group.bench_function("find what isn't in it", |bencher| {
        bencher.iter(|| opened.content.find(black_box(b"no such text"), 0));
    });
    let other = Opened::read(dump);
    group.bench_function("compare it with its equal", |bencher| {
        bencher.iter(|| {
            let side = |opened: &Opened| 0..opened.content.len();
            compare_content((&opened.content, side(&opened)), (&other.content, side(&other)))
        });
    });
    group.throughput(Throughput::Bytes(hex.len() as u64));
    group.bench_function("a hex file of 120 MB", |bencher| {
        bencher.iter_batched(|| hex.clone(), |hex| Opened::read(black_box(hex)), BatchSize::PerIteration);
    });
    let opened = Opened::read(large);
    let circumstances = Circumstances {
        keys: &ring,
        profile: None,
        slot_size: Some(SLOT),
        download_address: None,
        firmware_address: None,
        installed: None,
    };
    group.throughput(Throughput::Bytes(PAYLOAD as u64));
    group.bench_function("judge an image of 120 MB", |bencher| {
        bencher.iter(|| judge(&opened, &opened.images[0], black_box(&circumstances)));
    });
    group.finish();
}

criterion_group!(benches, opening);
criterion_main!(benches);

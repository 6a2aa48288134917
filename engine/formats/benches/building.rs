//! How long it takes to build an image, to write it as Intel hex, and to read such a file. The whole command against
//! other tools: `app/benches/image_build.py`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::hint::black_box;
use std::io;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use formats::{HexFile, ImageForm, ImageKeys, ImageSettings, PrivateKey, SecurityCounter, build_image, build_image_to};

const SMALL: usize = 20 * 1024;
const LARGE: usize = 16 * 1024 * 1024;

fn settings(slot_size: u32) -> ImageSettings {
    ImageSettings::oemurot("1.0.0".parse().unwrap(), SecurityCounter::FromVersion, slot_size)
}

fn building(criterion: &mut Criterion) {
    let signing = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    let device = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}")).public();
    let keys = ImageKeys { signing: &signing, encryption: Some(&device) };
    let payload: Vec<u8> =
        (0..LARGE as u32 / 4).flat_map(|number| number.wrapping_mul(0x9E37_79B9).to_le_bytes()).collect();

    let mut group = criterion.benchmark_group("building");
    group.throughput(Throughput::Bytes(SMALL as u64));
    group.bench_function("20 KiB, in memory", |bencher| {
        let (payload, settings) = (payload.get(..SMALL).unwrap(), settings(0x8000));
        bencher.iter(|| build_image(black_box(payload), &settings, keys).unwrap());
    });
    group.sample_size(20).throughput(Throughput::Bytes(LARGE as u64));
    for (name, form) in [("16 MiB, slot", ImageForm::Slot), ("16 MiB, hex", ImageForm::Hex { address: 0x9000_0000 })] {
        let settings = settings(0x110_0000);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let (mut source, mut sink) = (payload.as_slice(), io::sink());
                build_image_to(&mut source, LARGE as u64, &settings, keys, form, &mut sink).unwrap()
            });
        });
    }
    let text = {
        let image = build_image(&payload, &settings(0x110_0000), keys).unwrap();
        image.encode(ImageForm::Hex { address: 0x9000_0000 }).unwrap()
    };
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("hex of 16 MiB, read", |bencher| bencher.iter(|| HexFile::decode(black_box(&text)).unwrap()));
    group.finish();
}

criterion_group!(benches, building);
criterion_main!(benches);

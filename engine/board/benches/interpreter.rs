//! Speed of the interpreter on the firmware workload. The flat image is what `benches/unicorn_ratio.py` leaves in the
//! target folder; the path can be given in `BOARD_WORKLOAD`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::PathBuf;

use board::{Board, BoardOptions, CoreRegister, NonVolatile, Stopped};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const BASE: u32 = 0x2400_0000;

fn rom() -> Vec<u8> {
    let words = [0x2000_8000u32].into_iter().chain([0x1FF0_0041; 15]);
    words.flat_map(u32::to_le_bytes).chain([0x30, 0xBF, 0xFD, 0xE7]).collect()
}

fn ready(image: &[u8]) -> Board {
    let rom = rom();
    let mut board = Board::power_on(NonVolatile::new(Some(1), &rom).unwrap(), &rom, BoardOptions::default()).unwrap();
    board.memory.write(BASE, image).unwrap();
    let word = |at: usize| u32::from_le_bytes(image[at..at + 4].try_into().unwrap());
    board.set_register(CoreRegister::Msp, word(0));
    board.set_register(CoreRegister::Pc, word(4));
    board
}

fn workload(criterion: &mut Criterion) {
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/workload.bin");
    let path = std::env::var_os("BOARD_WORKLOAD").map_or(target, PathBuf::from);
    let Ok(image) = std::fs::read(&path) else {
        eprintln!("no workload at {}: run benches/unicorn_ratio.py first", path.display());
        return;
    };
    let mut board = ready(&image);
    assert_eq!(board.run(u64::MAX / 2), Stopped::Sleeping { until: None });
    let mut group = criterion.benchmark_group("interpreter");
    group.sample_size(10).throughput(Throughput::Elements(board.now()));
    group.bench_function("sha256, aes-ctr, p256", |bencher| {
        bencher.iter_batched(|| ready(&image), |mut board| board.run(u64::MAX / 2), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, workload);
criterion_main!(benches);

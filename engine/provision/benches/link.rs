//! What the work at a virtual board costs through probe-rs: attaching, and a loader's worth of user flash erased,
//! programmed and verified by the bundled algorithm.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use board::BoardOptions;
use criterion::{Criterion, criterion_group, criterion_main};
use provision::{Link, SiliconOptions, VirtualBoard, VirtualOptions};

fn attach(criterion: &mut Criterion) {
    let board = support::board();
    let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
    criterion.bench_function("attach and read a word", |bencher| {
        bencher.iter(|| {
            link.disconnect();
            link.read_word(0x0800_0000).unwrap()
        });
    });
}

/// With flash that takes no time: what the link and the algorithm cost.
fn user_flash(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let board = BoardOptions { time_scale: 0, ..BoardOptions::default() };
    let options = VirtualOptions { board, ..support::options() };
    let board = VirtualBoard::create_with(&folder.path().join("bench.board"), Some(1), options).unwrap();
    let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
    let data = support::noise(1, 24 * 1024);
    criterion.bench_function("24 KiB of user flash, erased, programmed, verified", |bencher| {
        bencher.iter(|| link.flash(&[(0x0800_0000, data.clone())], None, &mut |_| ()).unwrap());
    });
}

fn nor(criterion: &mut Criterion) {
    let board = support::board();
    let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
    let data = support::noise(2, 128 * 1024);
    let mut group = criterion.benchmark_group("slow");
    group.sample_size(10);
    group.bench_function("128 KiB of NOR, erased, programmed, verified", |bencher| {
        let blocks = [(0x9002_0000, data.clone())];
        bencher.iter(|| link.flash(&blocks, Some(support::NOR_ALGORITHM), &mut |_| ()).unwrap());
    });
}

criterion_group!(benches, attach, user_flash, nor);
criterion_main!(benches);

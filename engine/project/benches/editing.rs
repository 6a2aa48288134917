//! What a person waits for while editing: opening a project, one edit, and finding out what it leads to.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use formats::form::FieldKey;
use project::{DocumentRole, Draft, FieldPlace, Flow, Project, field, sample};

fn editing(criterion: &mut Criterion) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("sample");
    sample::unpack(&folder).unwrap();
    Project::open(&folder).unwrap().outputs().unwrap();
    let place = FieldPlace {
        document: DocumentRole::StirotConfig(Flow::Stirot),
        key: FieldKey::field(field::DOWNLOAD_ADDRESS),
    };
    let mut draft = Draft::open(&folder).unwrap();

    let mut group = criterion.benchmark_group("editing");
    group.bench_function("open the sample project", |bencher| bencher.iter(|| Draft::open(&folder).unwrap()));
    let mut texts = ["0x90040000", "0x90020000"].iter().cycle();
    group.bench_function("give a field another value", |bencher| {
        bencher.iter(|| draft.set(&place, texts.next().unwrap()).unwrap());
    });
    let draft = Draft::open(&folder).unwrap();
    group.bench_function("every rule and every link", |bencher| bencher.iter(|| draft.assess(None)));
    group.finish();
}

criterion_group!(benches, editing);
criterion_main!(benches);

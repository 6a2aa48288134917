//! From a blank board to a running application, with flash that takes no time: what the studio itself costs. And an image
//! tried on a board that is made for it, which is the same with a judgement at its end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use formats::ApplicationRun;
use project::template::{self, NewProject};
use project::{Credential, Flow, Project, Wallet};
use provision::{
    Cancel, Decision, Goal, Link, RunFolder, SampleKeys, SiliconOptions, Terms, VirtualBoard, VirtualOptions,
    provision_on, try_image,
};

fn blank_board_to_running_application(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    project::sample::unpack(&folder.path().join("one")).unwrap();
    let mut benches = vec![("blank board to running application".to_owned(), folder.path().join("one"))];
    for run in ApplicationRun::ALL {
        let name = format!("two boot stages, {run:?}");
        let flow = Flow::StirotOemurot;
        let new = NewProject { name: name.clone(), flow, credential: Credential::Certificate, second_stage: run };
        template::create(&folder.path().join(&name), &new).unwrap();
        benches.push((name.clone(), folder.path().join(name)));
    }
    let mut group = criterion.benchmark_group("provision");
    group.sample_size(10);
    let mut seed = 0;
    for (name, project) in benches {
        let project = Project::open(&project).unwrap();
        project.outputs().unwrap();
        group.bench_function(name, |b| {
            b.iter_batched(
                || {
                    seed += 1;
                    let board = board::BoardOptions { time_scale: 0, ..board::BoardOptions::default() };
                    let options = VirtualOptions { pace: board::Pace::Jump, board, ..VirtualOptions::default() };
                    let file = folder.path().join(format!("{seed}.board"));
                    let board = VirtualBoard::create_with(&file, Some(seed), options).unwrap();
                    (board, RunFolder::at(&folder.path().join(format!("{seed}.runs"))))
                },
                |(board, runs)| {
                    let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
                    let wallet = Wallet::at(&runs.path().join("wallet"));
                    let terms = Terms { goal: &Goal::Closed, sample_keys: SampleKeys::Refused, wallet: &wallet };
                    let record = provision_on(&project, &mut link, &runs, terms, &Cancel::new(), &mut |_| {}).unwrap();
                    assert!(record.passed());
                },
                BatchSize::PerIteration,
            );
        });
    }
}

fn an_image_tried(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    project::sample::unpack(&folder.path().join("project")).unwrap();
    let project = Project::open(&folder.path().join("project")).unwrap();
    let image = project.outputs().unwrap().image.bytes;
    let mut damaged = image.clone();
    damaged[0x500] ^= 1;
    let mut group = criterion.benchmark_group("trial");
    group.sample_size(10);
    for (name, content, installed) in [("installed", &image, true), ("refused", &damaged, false)] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let trial = try_image(&project, content, &Cancel::new(), &mut |_| {}).unwrap();
                assert_eq!(trial.decision == Decision::Installed, installed);
            });
        });
    }
}

criterion_group!(benches, blank_board_to_running_application, an_image_tried);
criterion_main!(benches);

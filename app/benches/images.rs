//! How fast a large file opens and scrolls in the real window without a display: `cargo bench -p stirot-studio`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::print_stdout, reason = "figures are what this is for")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{sample, settle, step_until, window};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use stirot_studio::app::Studio;
use stirot_studio::command::Command;
use stirot_studio::model::images::{Bytes, ImagesIntent};

/// A dump as large as the discovery kit's NOR.
const SIZE: usize = 128 << 20;
const FRAMES: usize = 600;

/// Half of it erased, half of it as disordered as ciphertext, with the published image in it twice.
fn dump() -> Vec<u8> {
    let image = std::fs::read(common::keyboard::vectors().join("stirot/Image/appli_enc_sign.hex")).unwrap();
    let (content, _) = formats::Content::of_file(image);
    let image = content.from(0);
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut dump = vec![0xFF_u8; SIZE];
    for chunk in dump[SIZE / 2..].chunks_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
    }
    for at in [0x2_0000, 0x300_0000] {
        dump[at..at + image.len()].copy_from_slice(image);
    }
    dump
}

/// Processor time of this thread, where the system tells it: what others do on the machine isn't counted.
fn processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(told.split_whitespace().next()?.parse().ok()?))
}

fn percentile(times: &mut [Duration], share: usize) -> Duration {
    times.sort();
    times[(times.len() * share / 100).min(times.len() - 1)]
}

/// Times up to so many frames, as long as `on` says so, and tells what they took.
fn measure(
    name: &str,
    window: &mut Harness<'static, Studio>,
    act: &mut dyn FnMut(&mut Harness<'static, Studio>, usize),
    on: &dyn Fn(&Harness<'static, Studio>) -> bool,
) {
    let mut times = Vec::new();
    let before = processor();
    while times.len() < FRAMES && on(window) {
        act(window, times.len());
        let began = Instant::now();
        window.step();
        times.push(began.elapsed());
    }
    let Ok(frames) = u32::try_from(times.len()) else { return };
    if frames == 0 {
        println!("{name}: over before the first frame");
        return;
    }
    let used = processor().zip(before).map(|(after, before)| after.saturating_sub(before) / frames);
    let (half, most) = (percentile(&mut times, 50), percentile(&mut times, 95));
    println!(
        "{name}, {frames} frames: p50 {half:?}, p95 {most:?}, max {:?}; processor {used:?} on average",
        times.last().unwrap()
    );
}

fn main() {
    // The data folder is named by the environment, which one process has only once.
    if std::env::var_os(common::DATA).is_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        assert!(again.env(common::DATA, folder.path()).status().unwrap().success());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = folder.join("nor.bin");
    std::fs::write(&path, dump()).unwrap();
    let mut window = window(&sample(), None);
    settle(&mut window);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num4);
    window.run_steps(2);
    let context = window.ctx.clone();
    let began = Instant::now();
    window.state_mut().command(&context, Command::Images(ImagesIntent::OpenFile(path)));
    while window.state().model().images.file.is_none() {
        window.step();
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("usable after {:?}", began.elapsed());
    // The pointer stands in the rows; each frame the wheel turns by some of them.
    let mut wheel = |window: &mut Harness<'static, Studio>, _: usize| {
        window.input_mut().events.push(egui::Event::PointerMoved(egui::pos2(700.0, 500.0)));
        window.input_mut().events.push(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Line,
            delta: egui::vec2(0.0, -3.0),
            source: egui::MouseWheelSource::Wheel,
            phase: egui::TouchPhase::Move,
            modifiers: Modifiers::NONE,
        });
    };
    let busy = |window: &Harness<'static, Studio>| !window.state().model().jobs.is_empty();
    measure("wheel while judging and mapping go on", &mut window, &mut wheel, &busy);
    step_until(&mut window, "judging and mapping", Duration::from_secs(60), |model| model.jobs.is_empty());
    println!("judged and mapped after {:?}", began.elapsed());
    measure("wheel", &mut window, &mut wheel, &|_| true);
    let mut jump = |window: &mut Harness<'static, Studio>, frame: usize| {
        let offset = (frame as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) % SIZE as u64;
        let context = window.ctx.clone();
        let jump = Command::Images(ImagesIntent::Reveal(Bytes::at(offset)));
        window.state_mut().command(&context, jump);
    };
    measure("jumps all over the file", &mut window, &mut jump, &|_| true);
}

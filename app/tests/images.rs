//! Any file in the real window: opened, taken apart, judged, searched, compared, tried. Driven by accessibility labels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::images::{give, images, open, published_image, quiet};
use common::keyboard::{A_JOB, Window, press, published, tab_to, type_over, vectors};
use common::{in_own_data_folder, sample, settle, step_until, window};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use stirot_studio::command::Command;
use stirot_studio::model::images::{Bytes, Mark, Shown};
use stirot_studio::model::images::{CompareWith, Direction, ImagesIntent, Pattern, SearchState};
use stirot_studio::model::{Model, Tone, View};

/// The published image as it lies in its slot, without what follows it.
fn image_bytes() -> Vec<u8> {
    let (content, troubles) = formats::Content::of_file(fs::read(published_image()).unwrap());
    assert!(troubles.is_empty(), "{troubles:?}");
    content.from(0).to_vec()
}

fn selected(window: &Window) -> std::ops::Range<u64> {
    window.state().model().images.selected.expect("something is selected").range()
}

fn line(window: &Window, name: &str) -> (Mark, Option<std::ops::Range<u64>>) {
    let judged = window.state().model().images.judged().expect("it is judged").clone();
    let line = judged.lines.iter().find(|line| line.name == name);
    let line = line.unwrap_or_else(|| panic!("no check is named {name}: {:?}", judged.lines));
    (line.mark, line.part.clone())
}

#[test]
fn the_published_image_with_its_own_keys_would_be_installed() {
    in_own_data_folder("the_published_image_with_its_own_keys_would_be_installed", |folder| {
        let mut window = images(&published(folder));
        open(&mut window, &published_image());
        let judged = window.state().model().images.judged().unwrap().clone();
        assert_eq!(judged.tone, Tone::Ok, "{judged:?}");
        assert!(judged.lines.iter().all(|line| line.mark != Mark::Fails), "{:?}", judged.lines);
        window.get_by_label("Verdict: STiRoT would install this");
        window.get_by_label_contains("Signature: holds");
        window.get_by_label_contains("Hash: holds");
        window.get_all_by_label_contains("SAMPLE").next().expect("the sample keys are called so");
        // The vector table in the clear stands in the tree.
        let parts = window.state().model().images.parts().to_vec();
        assert!(parts.iter().any(|part| part.name.contains("vector")), "{parts:?}");
        assert!(window.state().model().images.file.as_ref().unwrap().map.is_some());
    });
}

#[test]
fn a_flipped_byte_is_refused_by_name_and_the_check_leads_to_its_bytes() {
    in_own_data_folder("a_flipped_byte_is_refused_by_name_and_the_check_leads_to_its_bytes", |folder| {
        let mut bytes = image_bytes();
        bytes[0x800] ^= 1;
        let path = folder.join("flipped.bin");
        fs::write(&path, bytes).unwrap();
        let mut window = images(&published(folder));
        open(&mut window, &path);
        let judged = window.state().model().images.judged().unwrap().clone();
        assert_eq!(judged.tone, Tone::Danger, "{judged:?}");
        assert!(judged.verdict.starts_with("refused: hash"), "{}", judged.verdict);
        let (mark, part) = line(&window, "Hash");
        assert_eq!(mark, Mark::Fails);
        window.get_by_label_contains("Hash: fails").click();
        window.run_steps(3);
        assert_eq!(Some(selected(&window)), part);
    });
}

#[test]
fn tree_and_bytes_select_each_other() {
    in_own_data_folder("tree_and_bytes_select_each_other", |folder| {
        let mut window = images(&published(folder));
        open(&mut window, &published_image());
        window.get_by_label_contains("payload size, offset").click();
        window.run_steps(3);
        let range = selected(&window);
        let parts = window.state().model().images.parts().to_vec();
        let size = parts.iter().find(|part| part.name.contains("payload size")).unwrap();
        assert_eq!(range, size.range);
        // It was brought into sight.
        window.get_by_label_contains(&format!("cursor at 0x{:08X}", range.start));
        window.get_by_label_contains(&format!("0x{:08X}:", range.start / 16 * 16));
        // What lies far away comes into sight, in the bytes and in the tree.
        let counter = parts.iter().position(|part| part.name.contains("security counter")).unwrap();
        give(&mut window, ImagesIntent::PickPart(counter));
        window.run_steps(2);
        window.get_all_by_label_contains("security counter, offset").next().expect("the tree shows it");
        window.get_by_label_contains(&format!("0x{:08X}:", parts[counter].range.start / 16 * 16));
        // From the bytes: to the file's begin, and the header's first field is picked.
        tab_to(&mut window, "Bytes of");
        press(&mut window, Modifiers::COMMAND, Key::Home);
        assert_eq!(selected(&window), 0..1);
        let images = &window.state().model().images;
        assert_eq!(images.parts()[images.picked().unwrap()].name, "magic");
        press(&mut window, Modifiers::SHIFT, Key::ArrowRight);
        press(&mut window, Modifiers::SHIFT, Key::ArrowDown);
        assert_eq!(selected(&window), 0..18);
        press(&mut window, Modifiers::COMMAND, Key::End);
        let last = window.state().model().images.view().unwrap().len();
        assert_eq!(selected(&window), last - 1..last);
    });
}

#[test]
fn the_mouse_selects_by_dragging_and_shift_extends() {
    in_own_data_folder("the_mouse_selects_by_dragging_and_shift_extends", |folder| {
        let path = folder.join("bytes.bin");
        fs::write(&path, (0..=255).collect::<Vec<u8>>()).unwrap();
        let mut window = images(&sample());
        open(&mut window, &path);
        let row = |window: &Window, offset: u64| window.get_by_label_contains(&format!("0x{offset:08X}:")).rect();
        let (first, third) = (row(&window, 0), row(&window, 0x20));
        // The first byte stands past eight digits of an offset; the pointer ends far right, in the letters.
        let from = egui::pos2(first.left() + 80.0, first.center().y);
        let to = egui::pos2(first.left() + 84.0, third.center().y);
        let button = |pos, pressed| egui::Event::PointerButton {
            pos,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        for events in [
            vec![egui::Event::PointerMoved(from)],
            vec![button(from, true)],
            vec![egui::Event::PointerMoved(from + (to - from) / 2.0)],
            vec![egui::Event::PointerMoved(to)],
            vec![button(to, false)],
        ] {
            window.input_mut().events.extend(events);
            window.run_steps(2);
        }
        assert_eq!(selected(&window), 0..0x21);
        press(&mut window, Modifiers::SHIFT, Key::ArrowRight);
        assert_eq!(selected(&window), 0..0x22);
        // What is selected goes to the clipboard as digits.
        give(&mut window, ImagesIntent::Select(Some(Bytes { anchor: 0x41, cursor: 0x43 })));
        let context = window.ctx.clone();
        window.state_mut().command(&context, Command::Images(ImagesIntent::CopyHex));
        window.step();
        let copied = format!("{:?}", window.output().platform_output.commands);
        assert!(copied.contains("41 42 43"), "{copied}");
    });
}

#[test]
fn one_goes_to_an_offset_or_an_address_and_no_further_than_the_file() {
    in_own_data_folder("one_goes_to_an_offset_or_an_address_and_no_further_than_the_file", |folder| {
        let mut window = images(&published(folder));
        open(&mut window, &published_image());
        for (typed, offset) in [("0x400", 0x400), ("0x90020410", 0x410)] {
            press(&mut window, Modifiers::COMMAND, Key::G);
            type_over(&mut window, typed);
            assert_eq!(selected(&window), offset..offset + 1, "{typed}");
        }
        press(&mut window, Modifiers::COMMAND, Key::G);
        type_over(&mut window, "0x7fffffff");
        window.get_by_label_contains("past the end");
        assert_eq!(selected(&window).start, 0x410);
    });
}

#[test]
fn bytes_and_text_are_found_one_after_the_other() {
    in_own_data_folder("bytes_and_text_are_found_one_after_the_other", |folder| {
        let mut bytes = vec![0_u8; 5000];
        for at in [16, 100, 4000] {
            bytes[at..at + 6].copy_from_slice(b"needle");
        }
        let path = folder.join("haystack");
        fs::write(&path, bytes).unwrap();
        let mut window = images(&sample());
        open(&mut window, &path);
        press(&mut window, Modifiers::COMMAND, Key::F);
        type_over(&mut window, "6e 65 65 64");
        let told = |model: &Model| matches!(model.images.search, Some(SearchState::Told(..))) && quiet(model);
        step_until(&mut window, "the search", A_JOB, told);
        assert_eq!(selected(&window), 16..20);
        window.get_by_label_contains("found at 0x10");
        give(&mut window, ImagesIntent::Search("needle".to_owned(), Pattern::Text, Direction::Next));
        step_until(&mut window, "the search", A_JOB, told);
        assert_eq!(selected(&window), 100..106);
        for (modifiers, at) in [(Modifiers::NONE, 4000), (Modifiers::NONE, 16), (Modifiers::SHIFT, 4000)] {
            press(&mut window, modifiers, Key::F3);
            step_until(&mut window, "the search", A_JOB, told);
            assert_eq!(selected(&window), at..at + 6);
        }
        give(&mut window, ImagesIntent::Search("nothing".to_owned(), Pattern::Text, Direction::Next));
        step_until(&mut window, "the search", A_JOB, told);
        window.get_by_label("not found");
        give(&mut window, ImagesIntent::Search("6e 6".to_owned(), Pattern::Bytes, Direction::Next));
        window.get_by_label_contains("two hexadecimal digits");
    });
}

#[test]
fn a_lying_file_and_an_empty_one_are_shown_for_what_they_are() {
    in_own_data_folder("a_lying_file_and_an_empty_one_are_shown_for_what_they_are", |folder| {
        // A header that promises more than there is.
        let mut bytes = image_bytes();
        bytes[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        let lying = folder.join("lying.hex");
        fs::write(&lying, &bytes).unwrap();
        let mut window = images(&published(folder));
        open(&mut window, &lying);
        let judged = window.state().model().images.judged().unwrap().clone();
        assert_eq!(judged.tone, Tone::Danger, "{judged:?}");
        window.get_all_by_label_contains(", wrong: ").next().expect("the tree marks it");

        // A hex file whose checksum is wrong: what can be read is shown, and where it is wrong is said.
        let text = fs::read_to_string(published_image()).unwrap();
        let wrong = text.lines().enumerate().map(|(number, line)| match number {
            9 => format!("{}00", &line[..line.len() - 2]),
            _ => line.to_owned(),
        });
        let damaged = folder.join("damaged.hex");
        fs::write(&damaged, wrong.collect::<Vec<_>>().join("\n")).unwrap();
        open(&mut window, &damaged);
        window.get_all_by_label_contains("Line 10:").next().expect("the line is named");

        let empty = folder.join("empty.bin");
        fs::write(&empty, b"").unwrap();
        open(&mut window, &empty);
        window.get_by_label("The file is empty");
        window.get_by_label("No image");

        let missing = folder.join("missing.bin");
        give(&mut window, ImagesIntent::OpenFile(missing));
        step_until(&mut window, "the card", A_JOB, |model| !model.cards.is_empty() && quiet(model));
        window.get_by_label("What to do");
    });
}

#[test]
fn a_dropped_file_is_opened_for_what_it_is() {
    #[derive(Debug)]
    struct Dropped(PathBuf);
    impl egui::DroppedFile for Dropped {
        fn path(&self) -> &Path {
            &self.0
        }
        fn bytes(&self) -> Result<Vec<u8>, String> {
            fs::read(&self.0).map_err(|error| error.to_string())
        }
    }
    in_own_data_folder("a_dropped_file_is_opened_for_what_it_is", |folder| {
        // Its name says nothing of what it is.
        let path = folder.join("something.txt");
        fs::write(&path, fs::read(published_image()).unwrap()).unwrap();
        let mut window = window(&sample(), None);
        settle(&mut window);
        assert_eq!(window.state().model().view, View::Provision);
        window.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(path)));
        step_until(&mut window, "the image", A_JOB, |model| model.images.judged().is_some() && quiet(model));
        assert_eq!(window.state().model().view, View::Images);
        assert!(window.state().model().images.file.as_ref().unwrap().kind.starts_with("STiRoT image 1.0.0"));
    });
}

#[test]
fn a_file_that_is_written_while_it_is_open_is_told_once_the_window_is_looked_at_again() {
    let name = "a_file_that_is_written_while_it_is_open_is_told_once_the_window_is_looked_at_again";
    in_own_data_folder(name, |folder| {
        let path = folder.join("image.hex");
        let bytes = fs::read(published_image()).unwrap();
        fs::write(&path, &bytes).unwrap();
        let mut window = images(&sample());
        open(&mut window, &path);
        let focus = |window: &mut Window, has: bool| {
            window.input_mut().focused = has;
            window.run_steps(2);
        };
        focus(&mut window, false);
        focus(&mut window, true);
        step_until(&mut window, "looking", A_JOB, quiet);
        assert!(!window.state().model().images.file.as_ref().unwrap().is_outdated());
        fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
        focus(&mut window, false);
        focus(&mut window, true);
        step_until(&mut window, "the change", A_JOB, |model| model.images.file.as_ref().unwrap().is_outdated());
        window.run_steps(2);
        window.get_by_label_contains("written on the disk after it was opened");
    });
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_refused_and_an_object_is_closed_as_any_file() {
    let name = "a_pipe_or_a_device_is_refused_and_an_object_is_closed_as_any_file";
    in_own_data_folder(name, |_| {
        let mut window = images(&sample());
        give(&mut window, ImagesIntent::OpenFile(PathBuf::from("/dev/zero")));
        step_until(&mut window, "the card", A_JOB, |model| !model.cards.is_empty() && quiet(model));
        assert!(window.state().model().cards[0].1.title.contains("is a pipe or a device"));
        give(&mut window, ImagesIntent::OpenFile(vectors().join("stirot/Binary/STiROT_Config.obk")));
        step_until(&mut window, "the object", A_JOB, |model| model.object_file.is_some() && quiet(model));
        press(&mut window, Modifiers::COMMAND, Key::W);
        assert!(window.state().model().object_file.is_none());
    });
}

#[test]
fn a_boards_file_is_put_on_the_bench_whatever_its_name() {
    in_own_data_folder("a_boards_file_is_put_on_the_bench_whatever_its_name", |folder| {
        let path = folder.join("found-on-a-shelf.bin");
        let board = provision::VirtualBoard::create(&path, None).unwrap();
        board.power_off().unwrap();
        let mut window = images(&sample());
        give(&mut window, ImagesIntent::OpenFile(path.clone()));
        let address = path.display().to_string();
        step_until(&mut window, "the board", A_JOB, |model| {
            model.board.as_ref().is_some_and(|board| board.address == address) && quiet(model)
        });
        assert!(window.state().model().images.file.is_none());
    });
}

#[test]
fn the_payload_is_the_application_it_was_built_from() {
    in_own_data_folder("the_payload_is_the_application_it_was_built_from", |folder| {
        let mut window = images(&published(folder));
        open(&mut window, &published_image());
        give(&mut window, ImagesIntent::Compare(CompareWith::ProjectInput));
        step_until(&mut window, "the comparison", A_JOB, |model| model.images.comparison.is_some() && quiet(model));
        let comparison = window.state().model().images.comparison.clone().unwrap();
        assert_eq!(comparison.tone, Tone::Ok, "{comparison:?}");
        give(&mut window, ImagesIntent::Show(Shown::Decrypted));
        step_until(&mut window, "the payload", A_JOB, |model| model.images.shown == Shown::Decrypted && quiet(model));
        let application = fs::read(vectors().join("stirot/Image/appli.bin")).unwrap();
        let view = window.state().model().images.view().unwrap();
        let shown = view.visible(0x400..0x400 + application.len() as u64, usize::MAX);
        assert_eq!(shown, application);
        // What is saved in the clear is the same.
        let path = folder.join("clear.bin");
        let what = stirot_studio::model::images::InTheClear::Payload;
        give(&mut window, ImagesIntent::SaveInTheClear(what, path.clone()));
        step_until(&mut window, "saving", A_JOB, quiet);
        assert!(fs::read(&path).unwrap().starts_with(&application));
        // The image in the clear says of itself that it is: whoever reads it must not decrypt it once more.
        let path = folder.join("image.bin");
        let what = stirot_studio::model::images::InTheClear::Image;
        give(&mut window, ImagesIntent::SaveInTheClear(what, path.clone()));
        step_until(&mut window, "saving", A_JOB, quiet);
        let saved = fs::read(&path).unwrap();
        assert!(saved[0x400..].starts_with(&application));
        assert_eq!(saved[0x10..0x14], [2, 0, 0, 0]);
    });
}

#[test]
fn a_payload_in_the_clear_is_not_saved_over_its_image() {
    in_own_data_folder("a_payload_in_the_clear_is_not_saved_over_its_image", |folder| {
        let path = folder.join("image.bin");
        fs::write(&path, image_bytes()).unwrap();
        let mut window = images(&published(folder));
        open(&mut window, &path);
        let what = stirot_studio::model::images::InTheClear::Payload;
        give(&mut window, ImagesIntent::SaveInTheClear(what, path.clone()));
        step_until(&mut window, "the card", A_JOB, |model| !model.cards.is_empty() && quiet(model));
        assert_eq!(fs::read(&path).unwrap(), image_bytes());
    });
}

#[test]
fn two_images_are_compared_field_by_field_and_byte_by_byte() {
    in_own_data_folder("two_images_are_compared_field_by_field_and_byte_by_byte", |folder| {
        let mut bytes = image_bytes();
        bytes[0x14] = 2;
        bytes[0x500] ^= 0xFF;
        let other = folder.join("other.bin");
        fs::write(&other, bytes).unwrap();
        let mut window = images(&published(folder));
        open(&mut window, &published_image());
        give(&mut window, ImagesIntent::Compare(CompareWith::File(other)));
        step_until(&mut window, "the comparison", A_JOB, |model| model.images.comparison.is_some() && quiet(model));
        let comparison = window.state().model().images.comparison.clone().unwrap();
        assert_eq!(comparison.runs[0], 0x14..0x15, "{:?}", comparison.runs);
        assert_eq!(comparison.runs[1], 0x500..0x501);
        window.get_all_by_label_contains("here 1, there 2").next().expect("the field is told");
        give(&mut window, ImagesIntent::Select(Some(Bytes::at(0x100))));
        press(&mut window, Modifiers::NONE, Key::F4);
        assert_eq!(selected(&window), 0x500..0x501);
        press(&mut window, Modifiers::SHIFT, Key::F4);
        assert_eq!(selected(&window), 0x14..0x15);
    });
}

#[test]
fn a_dump_lists_its_images_and_each_is_judged() {
    in_own_data_folder("a_dump_lists_its_images_and_each_is_judged", |folder| {
        let image = image_bytes();
        let mut dump = vec![0xFF_u8; 0x8_0000];
        dump[0x2_0000..0x2_0000 + image.len()].copy_from_slice(&image);
        dump[0x6_0000..0x6_0000 + image.len()].copy_from_slice(&image);
        dump[0x6_0800] ^= 1;
        let path = folder.join("flash.bin");
        fs::write(&path, dump).unwrap();
        let mut window = images(&published(folder));
        open(&mut window, &path);
        let found = window.state().model().images.file.as_ref().unwrap().images.clone();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|image| image.judged.is_some()));
        // The sections of an image are named as in a file that is one.
        let parts = window.state().model().images.parts().to_vec();
        let sections: Vec<_> = parts.iter().filter(|part| part.depth == 1).collect();
        assert!(sections.len() >= 8, "{parts:?}");
        assert!(sections.iter().all(|part| part.name.starts_with(char::is_uppercase)), "{parts:?}");
        window.get_by_label_contains("offset 0x60000").click();
        window.run_steps(3);
        let file = window.state().model().images.file.clone().unwrap();
        let roots: Vec<_> =
            file.parts.iter().filter(|part| part.depth == 0).map(|part| (&part.name, part.range.clone())).collect();
        assert_eq!(file.image, 1, "{roots:?} {:?} {:?}", file.images, window.state().model().images.selected);
        assert_eq!(window.state().model().images.judged().unwrap().tone, Tone::Danger);
    });
}

#[test]
fn a_virtual_board_says_the_same_as_the_verdict() {
    in_own_data_folder("a_virtual_board_says_the_same_as_the_verdict", |folder| {
        let mut window = images(&published(folder));
        open(&mut window, &published_image());
        window.get_by_label("Show it on a virtual board").click();
        step_until(&mut window, "the board's word", std::time::Duration::from_secs(240), |model| {
            model.images.trial.as_ref().is_some_and(|trial| trial.ended.is_some()) && quiet(model)
        });
        let trial = window.state().model().images.trial.clone().unwrap();
        assert_eq!(
            trial.ended.as_ref().map(|(tone, _)| *tone),
            Some(Tone::Ok),
            "{trial:?} {:?}",
            window.state().model().cards
        );
        assert!(!trial.step.is_empty(), "what went on was told");
        for boot in ["Boot with the image in the download slot", "Boot of the installed image"] {
            assert!(trial.lines.iter().any(|line| line.boot == Some(boot)), "{trial:?}");
            assert_eq!(window.get_all_by_label(boot).count(), 1, "{boot}");
        }
    });
}

#[test]
fn a_virtual_board_that_is_stopped_is_no_error() {
    in_own_data_folder("a_virtual_board_that_is_stopped_is_no_error", |folder| {
        let mut window = images(&published(folder));
        open(&mut window, &published_image());
        give(&mut window, ImagesIntent::TryOnBoard);
        give(&mut window, ImagesIntent::CancelTrial);
        step_until(&mut window, "the stop", A_JOB, |model| {
            model.images.trial.as_ref().is_some_and(|trial| trial.ended.is_some()) && quiet(model)
        });
        assert!(window.state().model().cards.is_empty(), "{:?}", window.state().model().cards);
        let (tone, text) = window.state().model().images.trial.clone().unwrap().ended.unwrap();
        assert!(tone == Tone::Neutral && text.starts_with("Stopped"), "{text}");
    });
}

#[test]
fn an_image_that_is_judged_again_keeps_one_vector_table_under_its_payload() {
    in_own_data_folder("an_image_that_is_judged_again_keeps_one_vector_table_under_its_payload", |folder| {
        let mut window = images(&published(folder));
        open(&mut window, &published_image());
        let parts = window.state().model().images.parts().to_vec();
        assert!(parts.iter().any(|part| part.name == "vector table"), "{parts:?}");
        let project = Command::OpenProject(window.state().model().project.as_ref().unwrap().folder.clone());
        let context = window.ctx.clone();
        window.state_mut().command(&context, project);
        step_until(&mut window, "the project", A_JOB, quiet);
        assert_eq!(window.state().model().images.parts(), parts);
        // With another project's keys the payload stays closed.
        window.state_mut().command(&context, Command::OpenProject(sample()));
        step_until(&mut window, "the project", A_JOB, |model| {
            model.images.judged().is_some_and(|judged| judged.tone == Tone::Danger) && quiet(model)
        });
        assert!(!window.state().model().images.parts().iter().any(|part| part.name == "vector table"));
    });
}

#[test]
fn every_check_leads_to_the_bytes_it_is_about() {
    in_own_data_folder("every_check_leads_to_the_bytes_it_is_about", |folder| {
        let mut window = images(&published(folder));
        open(&mut window, &published_image());
        let parts = window.state().model().images.parts().to_vec();
        let named = |name: &str| parts.iter().find(|part| part.name == name).unwrap().range.clone();
        for (check, part) in [
            ("Magic", "magic"),
            ("Header", "Header"),
            ("Payload", "Payload"),
            ("Vector table", "vector table"),
            ("Gap behind the header", "Gap behind the header"),
            ("Protected TLVs", "Protected TLVs"),
            ("TLVs", "TLVs"),
            ("Security counter", "security counter"),
            ("Encryption key", "wrapped key"),
            ("Hash", "hash"),
            ("Signing key", "key hash"),
            ("Signature", "signature"),
        ] {
            assert_eq!(line(&window, check).1, Some(named(part)), "{check}");
        }
    });
}

//! What a provisioned board does with images in its download slot: a newer one is installed, every other is refused
//! while the old application still boots.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Bench, Recipe, checked_places, listen};
use formats::{PrivateKey, SecurityCounter, Version};

/// The line of the demo application's banner that names its version.
fn version_line(version: &str) -> String {
    format!("version          {version}\r")
}

/// Places an image in the download slot with the clip, resets the board, and gives what it then says.
fn place_and_boot(bench: &Bench, image: &[u8]) -> String {
    bench.place_download(image);
    let mut console = bench.board.console_reader();
    bench.board.reset();
    // The line after the version in the banner: once it is there, the version is whole.
    listen(&mut console, "security counter")
}

/// Places an image in the download slot with the clip, resets the board, and checks what then boots and what is left
/// in the slot.
#[track_caller]
fn boots_after(bench: &Bench, image: &[u8], version: &str, slot_afterwards: Slot) {
    let heard = place_and_boot(bench, image);
    assert!(heard.contains(&version_line(version)), "{version} boots; heard {heard:?}, trace {:?}", bench.words());
    let slot = bench.download_slot();
    match slot_afterwards {
        Slot::Erased => assert!(slot.iter().all(|byte| *byte == 0xFF), "the download slot is erased"),
        Slot::Untouched => assert!(slot.starts_with(image), "the download slot is as it was"),
    }
}

#[derive(Clone, Copy)]
enum Slot {
    Erased,
    Untouched,
}

/// A provisioned board whose application is running, version 1.0.0.
fn provisioned(seed: u64) -> Bench {
    let bench = Bench::new(seed);
    let record = bench.provision().unwrap();
    assert!(record.banner.unwrap().contains("1.0.0"));
    bench
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

#[test]
fn a_newer_version_in_the_download_slot_is_installed() {
    let bench = provisioned(20);
    let newer = bench.image(&Recipe { version: version("1.2.3"), ..Recipe::of(&bench) });
    boots_after(&bench, &newer, "1.2.3", Slot::Erased);
    let mut console = bench.board.console_reader();
    bench.board.reset();
    assert!(listen(&mut console, "1.2.3").contains("1.2.3"), "and boots again");
}

#[test]
fn the_installation_slot_holds_no_run_of_the_plain_image() {
    let bench = provisioned(21);
    let plain = bench.plain_image();
    let slot = bench.installation_slot();
    let runs: std::collections::HashSet<&[u8]> =
        plain.windows(16).filter(|run| run.iter().any(|byte| *byte != run[0])).collect();
    assert!(runs.len() > 500, "the image has runs to look for");
    assert!(slot.iter().any(|byte| *byte != 0xFF), "the slot is written");
    let found = slot.windows(16).position(|window| runs.contains(window));
    assert_eq!(found, None, "the slot holds plain bytes at this offset");
}

#[test]
fn one_flipped_bit_anywhere_that_is_checked_is_refused() {
    let bench = provisioned(22);
    let image = bench.image(&Recipe { version: version("1.1.0"), ..Recipe::of(&bench) });
    for (what, offset) in checked_places(&image) {
        let mut flipped = image.clone();
        flipped[offset] ^= 0x04;
        let heard = place_and_boot(&bench, &flipped);
        assert!(heard.contains(&version_line("1.0.0")), "{what}: the old one boots; heard {heard:?}");
        assert!(bench.download_slot().iter().all(|byte| *byte == 0xFF), "{what}: the download slot is erased");
    }
    boots_after(&bench, &image, "1.1.0", Slot::Erased);
}

#[test]
fn a_damaged_magic_is_not_seen_and_the_slot_stays() {
    let bench = provisioned(23);
    let mut image = bench.image(&Recipe { version: version("1.1.0"), ..Recipe::of(&bench) });
    image[0] ^= 0x01;
    boots_after(&bench, &image, "1.0.0", Slot::Untouched);
}

#[test]
fn an_image_signed_with_another_key_is_refused() {
    let bench = provisioned(24);
    let other = PrivateKey::generate().unwrap();
    let image = bench.image(&Recipe { version: version("1.1.0"), signing: other, ..Recipe::of(&bench) });
    boots_after(&bench, &image, "1.0.0", Slot::Erased);
}

#[test]
fn an_image_encrypted_for_another_key_is_refused() {
    let bench = provisioned(25);
    let other = PrivateKey::generate().unwrap().public();
    let image = bench.image(&Recipe { version: version("1.1.0"), encryption: other, ..Recipe::of(&bench) });
    boots_after(&bench, &image, "1.0.0", Slot::Erased);
}

#[test]
fn a_lower_security_counter_is_refused_even_with_a_newer_version() {
    let bench = provisioned(26);
    let counter = SecurityCounter::Number(version("1.0.0").security_counter() - 1);
    let image = bench.image(&Recipe { version: version("1.1.0"), counter, ..Recipe::of(&bench) });
    boots_after(&bench, &image, "1.0.0", Slot::Erased);
}

#[test]
fn an_equal_security_counter_is_installed() {
    let bench = provisioned(27);
    let counter = SecurityCounter::Number(version("1.0.0").security_counter());
    let image = bench.image(&Recipe { version: version("1.1.0"), counter, ..Recipe::of(&bench) });
    boots_after(&bench, &image, "1.1.0", Slot::Erased);
}

#[test]
fn after_an_update_the_older_version_is_refused() {
    let bench = provisioned(28);
    let older = bench.image(&Recipe::of(&bench));
    let newer = bench.image(&Recipe { version: version("2.0.0"), ..Recipe::of(&bench) });
    boots_after(&bench, &newer, "2.0.0", Slot::Erased);
    boots_after(&bench, &older, "2.0.0", Slot::Erased);
}

#[test]
fn no_ram_holds_a_private_key_while_the_application_runs() {
    let bench = provisioned(29);
    let secrets = bench.secrets();
    let memories = bench.every_ram();
    let total: usize = memories.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(total > 500 * 1024, "{total} bytes were searched");
    for (name, bytes) in &memories {
        for (secret, needle) in &secrets {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle.as_slice()), "{secret} in {name}");
        }
    }
}

//! Saving a project under edit: killed at any moment nothing is lost, no other program's work is written over, and no
//! password is kept anywhere but in its own file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Bench, CERTIFICATE, CONFIG, IMAGE, PASSWORD, content, place};
use project::{Disk, DocumentRole, Draft, Fault, FieldPlace, Flow, SETTINGS_FILE, Stored, field};

const FAULTS: [Fault; 5] = [Fault::Once, Fault::Twice, Fault::DiskFull, Fault::Killed, Fault::KilledWriting];
const EDITED: [&str; 4] = [CONFIG, IMAGE, CERTIFICATE, SETTINGS_FILE];

fn edits() -> [(FieldPlace, &'static str); 4] {
    [
        (place(DocumentRole::StirotConfig(Flow::Stirot), field::FIRMWARE_SIZE), "0x1E000"),
        (place(DocumentRole::StirotImage(Flow::Stirot), "Version"), "1.0.1"),
        (place(DocumentRole::DaCertificate, "Permission"), "0x1"),
        (place(DocumentRole::Settings, "name"), "Pump “7”"),
    ]
}

/// A draft with an edit in each of four files.
fn edited(bench: &Bench) -> Draft {
    let mut draft = bench.draft();
    for (place, text) in edits() {
        draft.set(&place, text).unwrap();
        draft.keep_unsaved().unwrap();
    }
    draft
}

fn text(draft: &Draft, place: &FieldPlace) -> String {
    match place.document {
        DocumentRole::Settings => draft.setting(&place.key.name).unwrap(),
        _ => draft.field(place).unwrap().value.to_string(),
    }
}

fn has_the_edits(draft: &Draft) -> bool {
    edits().iter().all(|(place, wanted)| text(draft, place) == *wanted)
}

/// The project's files, without the folder in front of their names.
fn files(bench: &Bench) -> Vec<(PathBuf, Vec<u8>)> {
    let inside = |path: PathBuf| path.strip_prefix(&bench.project).unwrap().to_owned();
    content(&bench.project).into_iter().map(|(path, bytes)| (inside(path), bytes)).collect()
}

fn unsaved_files(bench: &Bench) -> Vec<(PathBuf, Vec<u8>)> {
    if bench.data().exists() { content(&bench.data()) } else { Vec::new() }
}

#[test]
fn whenever_saving_is_cut_off_all_files_are_old_and_the_edits_unsaved_or_all_are_new() {
    let whole = Bench::sample();
    let old = files(&whole);
    let saved = whole.again();
    edited(&saved).save(&Disk::real()).unwrap();
    let new = files(&saved);
    assert_eq!(old.iter().zip(&new).filter(|(old, new)| old != new).count(), EDITED.len());
    for fault in FAULTS {
        let mut outcomes = [0, 0];
        for turn in 1.. {
            let bench = whole.again();
            let mut draft = edited(&bench);
            let disk = Disk::failing_at(turn, fault);
            let saved = draft.save(&disk);
            if disk.operations() < turn {
                assert!(matches!(saved, Ok(Stored::Written(paths)) if paths == EDITED.map(|name| bench.path(name))));
                break;
            }
            assert!(has_the_edits(&draft), "{fault:?} at {turn}: the edits are gone from the draft");
            drop(draft);

            let mut again = bench.draft();
            let is_new = files(&bench) == new;
            assert!(is_new || files(&bench) == old, "{fault:?} at {turn}");
            assert!(has_the_edits(&again), "{fault:?} at {turn}: edits are lost");
            assert_eq!(again.unsaved(), if is_new { 0 } else { EDITED.len() }, "{fault:?} at {turn}");
            assert_eq!(again.not_restored(), [] as [&str; 0]);
            assert!(is_new || saved.is_err(), "{fault:?} at {turn}: said to be saved");
            assert!(again.changed_on_disk().is_empty());
            again.save(&Disk::real()).unwrap();
            assert!(files(&bench) == new, "{fault:?} at {turn}: the next saving");
            outcomes[usize::from(is_new)] += 1;
        }
        let [kept, saved] = outcomes;
        assert!(kept > 10 && saved > 5, "{fault:?}: {kept} operations before it happened, {saved} from there on");
    }
}

#[test]
fn whenever_saving_is_cut_off_what_builds_and_provisions_finds_all_files_old_or_all_new() {
    let whole = Bench::sample();
    let old = files(&whole);
    let saved = whole.again();
    edited(&saved).save(&Disk::real()).unwrap();
    let new = files(&saved);
    let mut finished = 0;
    for turn in 1.. {
        let bench = whole.again();
        let disk = Disk::failing_at(turn, Fault::Killed);
        let result = edited(&bench).save(&disk);
        if disk.operations() < turn {
            break;
        }
        let project = bench.open().unwrap();
        let is_new = files(&bench) == new;
        assert!(is_new || files(&bench) == old, "killed at {turn}");
        assert_eq!(project.name(), if is_new { "Pump “7”" } else { "Sample, one boot stage" }, "killed at {turn}");
        assert_eq!(project.changed_file(), None);
        finished += usize::from(is_new && result.is_err());
    }
    assert!(finished > 5, "{finished} savings were finished");
}

#[test]
fn a_draft_of_the_disk_leaves_unsaved_edits_alone_and_can_still_tell_them() {
    let bench = Bench::sample();
    drop(edited(&bench));
    let kept = unsaved_files(&bench);
    let draft = bench.draft_of_the_disk();
    assert_eq!((draft.unsaved(), has_the_edits(&draft)), (0, false));
    let window = draft.with_unsaved();
    assert_eq!((window.unsaved(), has_the_edits(&window)), (EDITED.len(), true));
    assert_eq!(draft.unsaved(), 0);
    assert!(unsaved_files(&bench) == kept);
}

#[test]
fn unsaved_edits_are_taken_up_at_the_next_start_and_gone_once_they_are_saved() {
    let bench = Bench::sample();
    let before = files(&bench);
    drop(edited(&bench));
    assert!(files(&bench) == before);
    let mut draft = bench.draft();
    assert_eq!(draft.unsaved(), EDITED.len());
    assert!(has_the_edits(&draft));
    draft.undo().unwrap();
    assert_eq!(draft.unsaved(), EDITED.len() - 1, "what was taken up can be taken back");
    draft.redo().unwrap();
    draft.save(&Disk::real()).unwrap();
    draft.keep_unsaved().unwrap();
    assert!(unsaved_files(&bench).is_empty());
    assert_eq!(bench.draft().unsaved(), 0);
}

#[test]
fn unsaved_edits_of_every_flow_are_taken_up() {
    let bench = Bench::package();
    let mut draft = bench.draft();
    draft.set(&place(DocumentRole::OemImage(Flow::Oemirot), "Version"), "3.0.0").unwrap();
    draft.set(&place(DocumentRole::Settings, "flow"), "stirot_oemurot").unwrap();
    draft.set(&place(DocumentRole::StirotConfig(Flow::StirotOemurot), field::CLOCK), "0x00").unwrap();
    draft.keep_unsaved().unwrap();
    let again = bench.draft();
    assert_eq!(again.unsaved(), 3);
    assert_eq!(again.settings().flow, Flow::StirotOemurot);
}

#[test]
fn unsaved_edits_that_no_longer_fit_are_told_and_cost_no_other() {
    let bench = Bench::package();
    let mut draft = bench.draft();
    draft.set(&place(DocumentRole::OemImage(Flow::Oemirot), "Version"), "3.0.0").unwrap();
    draft.set(&place(DocumentRole::StirotConfig(Flow::Stirot), field::CLOCK), "0x00").unwrap();
    draft.set(&place(DocumentRole::StirotImage(Flow::Stirot), "Version"), "2.0.0").unwrap();
    draft.keep_unsaved().unwrap();
    fs::remove_dir_all(bench.path("OEMiROT")).unwrap();
    bench.replace(CONFIG, "<Name>Clock selection</Name>", "<Name>Clock</Name>");
    let again = bench.draft();
    assert_eq!(text(&again, &place(DocumentRole::StirotImage(Flow::Stirot), "Version")), "2.0.0");
    let told = again.not_restored().join("\n");
    assert_eq!(again.not_restored().len(), 2, "{told}");
    for word in ["3.0.0", "OEMiROT_Code_Image.xml", "Clock selection", "0x00"] {
        assert!(told.contains(word), "“{word}” is not in: {told}");
    }
    fs::write(&unsaved_files(&bench)[0].0, "damaged [").unwrap();
    assert_eq!(bench.draft().unsaved(), 0);
}

#[test]
fn a_file_that_another_program_changed_is_noticed_and_nothing_is_written() {
    for name in EDITED {
        for theirs in ["", "<!-- theirs -->\n"] {
            let bench = Bench::sample();
            let mut draft = edited(&bench);
            let path = bench.path(name);
            match theirs {
                "" => fs::remove_file(&path).unwrap(),
                comment => fs::write(&path, fs::read_to_string(&path).unwrap() + comment).unwrap(),
            }
            let before = files(&bench);
            assert_eq!(draft.changed_on_disk(), std::slice::from_ref(&path));
            assert_eq!(draft.save(&Disk::real()).unwrap(), Stored::ChangedOnDisk(path));
            assert!(files(&bench) == before);
            assert!(has_the_edits(&draft), "{name}");
        }
    }
}

/// What another program makes of a file that is on the bench, and what a person can do about it.
fn changed_elsewhere(name: &str, theirs: &str) -> (Bench, Draft, PathBuf) {
    let bench = Bench::sample();
    let draft = edited(&bench);
    fs::write(bench.path(name), theirs).unwrap();
    let path = bench.path(name);
    (bench, draft, path)
}

fn their_version(name: &str) -> String {
    let text = fs::read_to_string(Bench::sample().path(name)).unwrap();
    match name {
        SETTINGS_FILE => text.replace("name = \"Sample, one boot stage\"", "name = \"Theirs\""),
        _ => text + "<!-- theirs -->\n",
    }
}

#[test]
fn taking_their_version_keeps_mine_beside_it_and_the_other_edits() {
    for (name, (place, mine)) in EDITED.into_iter().zip(edits()) {
        let theirs = their_version(name);
        let (bench, mut draft, path) = changed_elsewhere(name, &theirs);
        let kept = draft.take_theirs(&path).unwrap().unwrap();
        let file_name = path.file_name().unwrap().to_str().unwrap().replace('.', ".mine.");
        assert_eq!(kept, path.with_file_name(file_name));
        assert!(fs::read_to_string(&kept).unwrap().contains(mine), "{name}");
        assert_ne!(text(&draft, &place), mine);
        assert!(draft.changed_on_disk().is_empty());
        assert_eq!(draft.unsaved(), EDITED.len() - 1);
        assert!(
            matches!(draft.save(&Disk::real()).unwrap(), Stored::Written(paths) if paths.len() == EDITED.len() - 1)
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
        while draft.can_undo().is_some() {
            draft.undo().unwrap();
        }
        assert_eq!(fs::read_to_string(bench.path(name)).unwrap(), theirs);
        assert!(!draft.settings_are_edited() || name != SETTINGS_FILE, "steps of the replaced file are forgotten");
    }
}

#[test]
fn keeping_my_version_keeps_theirs_beside_it_and_writes_mine_with_the_next_saving() {
    for (name, (place, mine)) in EDITED.into_iter().zip(edits()) {
        for theirs in [their_version(name), "no xml & no toml".into()] {
            let (bench, mut draft, path) = changed_elsewhere(name, &theirs);
            let kept = draft.keep_mine(&path).unwrap().unwrap();
            assert_eq!(fs::read_to_string(&kept).unwrap(), theirs);
            assert!(kept.to_str().unwrap().contains(".theirs."), "{}", kept.display());
            assert!(draft.changed_on_disk().is_empty());
            draft.save(&Disk::real()).unwrap();
            assert!(fs::read_to_string(&path).unwrap().contains(mine), "{name}");
            assert_eq!(text(&bench.draft(), &place), mine);
        }
    }
}

#[test]
fn my_version_stands_even_where_i_had_edited_nothing_or_the_file_was_removed() {
    for name in EDITED {
        for theirs in [Some(their_version(name)), Some("no xml & no toml".into()), None] {
            let bench = Bench::sample();
            let mut draft = bench.draft();
            let mine = fs::read_to_string(bench.path(name)).unwrap();
            match &theirs {
                Some(theirs) => fs::write(bench.path(name), theirs).unwrap(),
                None => fs::remove_file(bench.path(name)).unwrap(),
            }
            let kept = draft.keep_mine(&bench.path(name)).unwrap();
            assert_eq!(kept.map(|kept| fs::read_to_string(kept).unwrap()), theirs);
            let saved = draft.save(&Disk::real()).unwrap();
            assert_eq!(saved, Stored::Written(vec![bench.path(name)]), "{name}, {theirs:?}");
            let now = fs::read_to_string(bench.path(name)).unwrap();
            match name {
                SETTINGS_FILE => assert!(now.contains("name = \"Sample, one boot stage\""), "{now}"),
                _ => assert!(now == mine, "{name}, {theirs:?}"),
            }
            assert_eq!(draft.unsaved(), 0);
        }
    }
}

const PLANTED: &str = "Kupfer-8-Wiesel!";

/// A draft in which a password was typed among other edits.
fn with_a_password(bench: &Bench) -> Draft {
    let mut draft = edited(bench);
    draft.set(&place(DocumentRole::DaPassword, field::PASSWORD), PLANTED).unwrap();
    draft.set(&place(DocumentRole::Settings, "debug_authentication"), "password").unwrap();
    draft.keep_unsaved().unwrap();
    draft
}

fn password_in(draft: &Draft) -> String {
    text(draft, &place(DocumentRole::DaPassword, field::PASSWORD))
}

#[test]
fn a_password_is_no_step_that_can_be_taken_back() {
    let bench = Bench::sample();
    let mut draft = with_a_password(&bench);
    let steps = edits().len() + 1;
    for _ in 0..steps {
        draft.undo().unwrap();
    }
    assert_eq!(draft.can_undo(), None);
    assert_eq!(password_in(&draft), PLANTED, "it was typed once and stays until it is typed again");
    for _ in 0..steps {
        draft.redo().unwrap();
    }
    assert_eq!(password_in(&draft), PLANTED);
    assert!(!format!("{draft:?} {:?} {:?}", draft.can_undo(), draft.assess(None)).contains(PLANTED));
}

#[test]
fn a_password_is_not_among_the_unsaved_edits_and_has_to_be_typed_again() {
    let bench = Bench::sample();
    let draft = with_a_password(&bench);
    assert_eq!(draft.unsaved(), edits().len() + 2);
    drop(draft);
    for (path, bytes) in content(bench.root()) {
        assert!(!holds(&bytes, PLANTED), "it is in {}", path.display());
    }
    let mut again = bench.draft();
    assert_eq!(password_in(&again), "sample-password!");
    assert_eq!(again.unsaved(), edits().len() + 1);
    again.set(&place(DocumentRole::DaPassword, field::PASSWORD), PLANTED).unwrap();
    again.save(&Disk::real()).unwrap();
    again.keep_unsaved().unwrap();
    let with_it: Vec<_> = content(bench.root()).into_iter().filter(|(_, bytes)| holds(bytes, PLANTED)).collect();
    assert_eq!(with_it.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>(), [bench.path(PASSWORD)]);
}

#[test]
fn what_stands_in_no_file_goes_over_to_the_next_reading_of_the_folder() {
    let bench = Bench::sample();
    let mut draft = with_a_password(&bench);
    assert!(draft.has_unsaved_secret());
    let mut again = bench.draft();
    assert!(!again.has_unsaved_secret());
    again.take_over(&draft);
    assert!(again.has_unsaved_secret());
    assert_eq!(password_in(&again), PLANTED);
    draft.save(&Disk::real()).unwrap();
    assert!(!draft.has_unsaved_secret());
}

#[test]
fn what_the_files_hold_is_there_beside_the_edits() {
    let bench = Bench::sample();
    let draft = edited(&bench);
    let saved = draft.as_saved();
    assert_eq!(saved.unsaved(), 0);
    let untouched = bench.again().draft();
    for (place, _) in edits() {
        assert_eq!(text(&saved, &place), text(&untouched, &place));
    }
    assert!(has_the_edits(&draft));
}

#[test]
fn a_change_in_another_flow_is_no_business_of_this_one() {
    let bench = Bench::package();
    let other = bench.path("OEMiROT/Config/OEMiROT_Config.xml");
    let mut draft = bench.draft();
    assert_eq!(draft.settings().flow, Flow::Stirot);
    let theirs = fs::read_to_string(&other).unwrap() + "\n";
    fs::write(&other, theirs).unwrap();
    assert!(draft.changed_on_disk().is_empty());
    assert!(draft.assess(None).findings.iter().all(|finding| finding.id != "P4"));
    draft.set(&edits()[0].0, edits()[0].1).unwrap();
    assert!(matches!(draft.save(&Disk::real()).unwrap(), Stored::Written(_)));
    // It is, once that flow is chosen.
    draft.set(&place(DocumentRole::Settings, "flow"), "oemirot").unwrap();
    assert_eq!(draft.changed_on_disk(), std::slice::from_ref(&other));
    // And a file there that is no xml keeps nothing from opening.
    drop(draft);
    fs::write(&other, "no xml").unwrap();
    assert_eq!(bench.draft().unsaved(), 0);
}

#[test]
#[cfg(unix)]
fn a_second_version_that_may_hold_a_password_is_the_owners_alone() {
    let bench = Bench::sample();
    let mode =
        |path: &Path| std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777;
    let mut draft = with_a_password(&bench);
    fs::write(bench.path(PASSWORD), their_version(PASSWORD)).unwrap();
    let theirs = draft.keep_mine(&bench.path(PASSWORD)).unwrap().unwrap();
    let mine = draft.take_theirs(&bench.path(PASSWORD)).unwrap().unwrap();
    assert!(holds(&fs::read(&mine).unwrap(), PLANTED));
    assert_eq!([mode(&theirs), mode(&mine)], [0o600; 2]);
    for (path, _) in unsaved_files(&bench) {
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

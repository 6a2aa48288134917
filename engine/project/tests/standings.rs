//! How a rule stands of which nothing was found: it holds only when it had all that it judges.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::{Bench, place, program};
use formats::form::FieldKey;
use formats::{Passphrase, Secret};
use project::key_files::protect;
use project::{Disk, DocumentRole, Draft, FieldPlace, Flow, KeyRole, Standing, field};

const STIROT: DocumentRole = DocumentRole::StirotConfig(Flow::Stirot);

/// The rules that don't hold though nothing was found of them, but for those that need a board.
fn unchecked(draft: &Draft) -> Vec<&'static str> {
    let rules = draft.assess(None).rules.into_iter();
    let open = rules.filter(|(rule, standing)| *standing == Standing::NotChecked && !["R18", "R23"].contains(&rule.id));
    open.map(|(rule, _)| rule.id).collect()
}

#[test]
fn a_rule_that_could_not_be_checked_is_not_said_to_hold() {
    let bench = Bench::own(Flow::Stirot);
    fs::remove_file(bench.path("STiROT/Image/appli.bin")).unwrap();
    assert_eq!(unchecked(&bench.draft()), ["R14", "R16", "R17"]);

    let bench = Bench::own(Flow::Stirot);
    let mut draft = bench.draft();
    draft.set(&place(STIROT, field::DOWNLOAD_ADDRESS), "0x90000000").unwrap();
    assert_eq!(unchecked(&draft), ["R16"], "no image is built for slots that share bytes");
    draft.undo().unwrap();
    draft.set(&place(DocumentRole::Settings, "loader"), "not-there.bin").unwrap();
    assert_eq!(unchecked(&draft), ["R13"]);
    draft.undo().unwrap();
    let encryption = FieldPlace { document: STIROT, key: FieldKey::info("DoEncryption") };
    draft.set(&encryption, "0").unwrap();
    assert_eq!(unchecked(&draft), ["R20"]);

    let passphrase = Passphrase::new(Secret::new("long enough to be one".into())).unwrap();
    let mut draft = bench.draft();
    let key = protect(&Disk::real(), &bench.path("STiROT/Keys/STiROT_Encryption.pem"), &passphrase).unwrap();
    draft.use_key(KeyRole::Encryption, &key.private).unwrap();
    assert_eq!(unchecked(&draft), ["R16", "R20"]);
    draft.unlock(KeyRole::Encryption, &key.private, &passphrase).unwrap();
    assert_eq!(unchecked(&draft), [""; 0]);

    let bench = Bench::own(Flow::StirotOemurot);
    assert_eq!(unchecked(&bench.draft()), [""; 0]);
    let image = "STiROT_OEMuROT/Images/OEMuROT_Code_Image.xml";
    let text = fs::read_to_string(bench.path(image)).unwrap();
    let (before, address) = text.split_once("\t<Param>\n\t\t<Name>Hex format</Name>").unwrap();
    let (_, after) = address.split_once("</Param>\n").unwrap();
    fs::write(bench.path(image), [before, after].concat()).unwrap();
    assert_eq!(unchecked(&bench.draft()), ["R16"], "the program has the slots inside");
    fs::write(bench.path("STiROT_OEMuROT/Images/OEMiROT_Boot.bin"), program(4096, 0x5A)).unwrap();
    let unchecked_now = unchecked(&bench.draft());
    assert_eq!(unchecked_now, ["R15", "R16", "P10", "P11"], "where the second stage's slots lie isn't known");

    let bench = Bench::own(Flow::Oemirot);
    assert!(!unchecked(&bench.draft()).contains(&"P2"), "its application is looked for, too");
    assert!(unchecked(&Bench::own(Flow::DebugAuthentication).draft()).contains(&"P2"));
}

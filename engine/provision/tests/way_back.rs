//! The proof of the way back inside a run: what it leaves behind, and what a run without it comes to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use chip::ProductState;
use chip::memory_map::UID;
use common::{Bench, Files};
use formats::certificate::CertificateChain;
use formats::{Permission, PrivateKey};
use project::certificates::{self, ChainRequest, Masks};
use project::{Disk, Project};
use provision::{Cancel, Event, FinalState, ProvisionError, Record, StepId, StepResult, plan_for};

fn evidence<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    let step = record.steps.iter().find(|step| step.step == StepId::WayBack).unwrap();
    step.evidence.facts.get(name).map(String::as_str)
}

/// Why no plan to CLOSED is made of these files.
fn refusal(files: &Files) -> String {
    let project = Project::open(&files.project_folder()).unwrap();
    match plan_for(&project, FinalState::Closed) {
        Err(error) => {
            assert!(!error.help().is_empty(), "{error} says what to do");
            format!("{error}\n{}", error.help())
        }
        Ok(_) => panic!("a plan was made"),
    }
}

#[test]
fn by_certificate_the_board_proves_it_in_provisioning_and_the_credential_is_kept() {
    let bench = Bench::new(60);
    let record = bench.provision().unwrap();
    let kept = bench.files.wallet().for_board(bench.uid()).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(evidence(&record, "wallet_version"), Some("1"));
    assert_eq!(evidence(&record, "wallet_folder"), Some(kept[0].folder.display().to_string().as_str()));
    assert_eq!(evidence(&record, "leaf").map(str::to_owned), kept[0].leaf.map(|leaf| leaf.to_string()));
    assert_eq!(bench.state(), ProductState::Closed);
    bench.goes_back();
    let record = bench.provision().unwrap();
    assert!(record.passed(), "and up again");
    assert_eq!(evidence(&record, "wallet_version"), Some("1"), "the same credential is the same entry");
    bench.goes_back();
}

#[test]
fn by_password_the_board_goes_back_once_before_anything_else_is_written() {
    let bench = Bench::by_password(61);
    let epoch = bench.board.look(|board| board.snapshot().options.epochsr);
    let record = bench.provision().unwrap();
    assert_eq!(record.steps[1].step, StepId::Qualification);
    assert!(record.steps.iter().all(|step| step.result == StepResult::Proved));
    assert_eq!(bench.board.look(|board| board.snapshot().options.epochsr), epoch + 1, "one regression, a real one");
    assert_eq!(bench.state(), ProductState::Closed);
    bench.goes_back();
}

#[test]
fn by_password_a_run_that_broke_off_in_provisioning_goes_back_first() {
    let bench = Bench::by_password(62);
    for step in [StepId::DebugAuthentication, StepId::WayBack, StepId::MemorySearch] {
        bench.provision_until(step);
        assert_eq!(bench.state(), ProductState::Provisioning);
    }
    let record = bench.provision().unwrap();
    assert!(record.steps.iter().all(|step| step.result == StepResult::Proved), "from the beginning");
    assert_eq!(bench.state(), ProductState::Closed);
    bench.goes_back();
}

#[test]
fn nothing_secret_is_in_what_a_run_leaves_behind() {
    for bench in [Bench::new(63), Bench::by_password(64)] {
        let record = bench.provision().unwrap();
        let said =
            serde_json::to_string(&record).unwrap() + &fs::read_to_string(bench.run_folder().journal_file()).unwrap();
        let object = bench.project.debug_object().unwrap();
        for secret in [&object.body[..32], &object.body[32..64]] {
            let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
            let by_password = bench.project.debug_credential().unwrap().leaf().is_none();
            assert!(!by_password || !said.contains(&text), "a password's hash");
        }
        let password =
            fs::read_to_string(bench.files.project_folder().join("DA/Config/DA_ConfigWithPassword.xml")).unwrap();
        let text = password.split("<Value>").find_map(|rest| rest.split("</Value>").next()).unwrap_or_default();
        assert!(text.len() < 4 || !said.contains(text), "the password");
    }
}

#[test]
fn a_wallet_that_takes_nothing_stops_the_run_before_closed() {
    let bench = Bench::new(65);
    // A file stands where the wallet's folder would be.
    fs::write(bench.files.folder().join("wallet"), b"in the way").unwrap();
    let stopped = bench.provision();
    assert!(matches!(stopped, Err(ProvisionError::NotKept(_))), "{stopped:?}");
    assert_eq!(bench.state(), ProductState::Provisioning);
    fs::remove_file(bench.files.folder().join("wallet")).unwrap();
    assert!(bench.provision().unwrap().passed());
    bench.goes_back();
}

/// Runs the plan to CLOSED, and does `act` as a step begins.
fn provision_and_at(bench: &Bench, step: StepId, mut act: impl FnMut()) -> Result<Record, ProvisionError> {
    let (plan, _) = plan_for(&bench.project, FinalState::Closed).unwrap();
    let (place, _) = plan.step(step).unwrap();
    bench.provision_with(&Cancel::new(), &mut |event| {
        if matches!(event, Event::StepStarted { index, .. } if index == place) {
            act();
        }
    })
}

/// The same keys, and certificates that no longer permit a regression: what the project holds by now leads nowhere.
#[test]
fn a_chain_that_is_made_anew_during_the_run_is_not_what_the_wallet_keeps() {
    for step in [StepId::DebugAuthentication, StepId::WayBack] {
        let bench = Bench::new(66);
        let record = provision_and_at(&bench, step, || {
            let masks = Masks::of_all(Permission::DEBUG_HDPL3.mask());
            let request = ChainRequest { masks, ..ChainRequest::default() };
            certificates::make(&bench.files.project(), &request, &Disk::real()).unwrap();
        });
        assert!(record.unwrap().passed());
        assert_eq!(bench.state(), ProductState::Closed);
        bench.goes_back();
    }
}

#[test]
fn another_board_on_the_same_wires_is_given_nothing_and_proves_nothing() {
    for (step, state) in [
        (StepId::Provisioning, ProductState::Open),
        (StepId::DebugAuthentication, ProductState::Provisioning),
        (StepId::WayBack, ProductState::Provisioning),
        (StepId::FinalState, ProductState::Provisioning),
    ] {
        let bench = Bench::new(67);
        let kept = || bench.files.wallet().entries().unwrap().len();
        let stopped = provision_and_at(&bench, step, || {
            bench.board.with(|board| board.memory.write(UID.start, &[7; 12])).unwrap();
        });
        assert!(matches!(stopped, Err(ProvisionError::OtherBoard { .. })), "{step:?}: {stopped:?}");
        assert_eq!(bench.state(), state, "{step:?}");
        assert_eq!(kept(), usize::from(step == StepId::FinalState), "{step:?}");
    }
}

#[test]
fn without_a_chain_no_plan_is_made() {
    let files = Files::new();
    fs::remove_file(files.project_folder().join("DA/Certificates/cert_leaf_chain.b64")).unwrap();
    let said = refusal(&files);
    assert!(said.contains("cert_leaf_chain.b64"), "{said}");
}

#[test]
fn with_another_leaf_key_no_plan_is_made() {
    let files = Files::new();
    let key = PrivateKey::generate().unwrap();
    fs::write(files.project_folder().join("DA/Keys/key_3_leaf.pem"), key.to_pem().unwrap().as_bytes()).unwrap();
    let said = refusal(&files);
    assert!(said.contains("leaf"), "{said}");
}

#[test]
fn with_a_foreign_root_no_plan_is_made() {
    let files = Files::new();
    let key = PrivateKey::generate().unwrap();
    let folder = files.project_folder().join("DA/Keys");
    fs::write(folder.join("key_1_root.pem"), key.to_pem().unwrap().as_bytes()).unwrap();
    fs::write(folder.join("key_1_root_pub.pem"), key.public().to_pem()).unwrap();
    let said = refusal(&files);
    assert!(said.contains("root"), "{said}");
}

/// In PROVISIONING, where the proof is made, the board takes such a certificate; in CLOSED it would refuse it.
#[test]
fn certificates_for_one_life_cycle_give_no_plan_and_close_no_board() {
    let bench = Bench::new(66);
    let chain = bench.files.project_folder().join("DA/Certificates/cert_leaf_chain.b64");
    let whole = CertificateChain::decode(&fs::read(&chain).unwrap()).unwrap();
    let [root, intermediate, _] =
        ["1_root", "2_intermediate", "3_leaf"].map(|name| bench.key(&format!("DA/Keys/key_{name}.pem")));
    for (place, issuer) in [&root, &root, &intermediate].into_iter().enumerate() {
        for code in [0x17, 0x72] {
            let mut restricted = whole.clone();
            restricted.certificates[place].lifecycle = code;
            restricted.certificates[place] = restricted.certificates[place].clone().signed_by(issuer).unwrap();
            fs::write(&chain, restricted.to_base64()).unwrap();
            let said = refusal(&bench.files);
            assert!(said.contains("life cycle") && said.contains(&format!("certificate {}", place + 1)), "{said}");
            let stopped = bench.provision();
            assert!(matches!(stopped, Err(ProvisionError::Refused(_))), "{stopped:?}");
            assert_eq!(bench.state(), ProductState::Open);
        }
    }
}

/// Changes the permissions in the configuration of the object.
fn with_permissions(mask: &str) -> Files {
    let files = Files::new();
    let xml = fs::read_to_string(files.project_folder().join("DA/Config/DA_Config.xml")).unwrap();
    let at = xml.find("Permission").unwrap();
    let from = xml[at..].split("<Value>").nth(1).unwrap().split("</Value>").next().unwrap().to_owned();
    files.edit("DA/Config/DA_Config.xml", &from, mask);
    files
}

#[test]
fn an_object_that_permits_no_regression_or_no_debug_gives_no_plan() {
    let said = refusal(&with_permissions("0x00000000000000000000000000000007"));
    assert!(said.contains("regression"), "{said}");
    let said = refusal(&with_permissions("0x00000000000000000000000000004000"));
    assert!(said.contains("debug"), "{said}");
}

#[test]
fn a_locked_leaf_key_gives_no_plan_and_says_that_its_passphrase_is_wanted() {
    let files = Files::new();
    let path = files.project_folder().join("DA/Keys/key_3_leaf.pem");
    let key = PrivateKey::from_pem(&fs::read(&path).unwrap()).unwrap();
    let passphrase = formats::Passphrase::new(formats::Secret::new("correct horse battery".to_owned())).unwrap();
    fs::write(&path, key.to_protected_pem(&passphrase).unwrap().as_bytes()).unwrap();
    let said = refusal(&files);
    assert!(said.contains("passphrase"), "{said}");
}

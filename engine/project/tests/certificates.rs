//! A chain made anew: it fits its object at once, nothing that was there is lost, and whatever breaks off in between, the
//! project is the old one or the new one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Bench, content};
use formats::certificate::CertificateChain;
use formats::{DebugCredential, KeyFile, ObkFile, Passphrase, Permission, Permissions, PrivateKey, Secret};
use project::certificates::{ChainRequest, EARLIER, MadeChain, Masks, Renewed, make};
use project::credentials::{CHAIN_FILE, LEAF_KEY_FILE};
use project::key_files::{KeyFileError, KeyProtection};
use project::{Credential, Disk, Fault, Flow, KeyRole, Project, ProjectError, TargetState};

const OBJECT: &str = "DA/Binary/DA_Config.obk";

fn request<'a>(renewed: Renewed) -> ChainRequest<'a> {
    ChainRequest { renewed, ..ChainRequest::default() }
}

fn made(bench: &Bench, renewed: Renewed) -> MadeChain {
    make(&bench.open().unwrap(), &request(renewed), &Disk::real()).unwrap()
}

fn key(bench: &Bench, name: &str) -> PrivateKey {
    PrivateKey::from_pem(&fs::read(bench.path(name)).unwrap()).unwrap()
}

fn credential(project: &Project) -> DebugCredential {
    project.debug_credential().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_new_root_is_made_with_its_whole_chain_and_object_and_everything_before_it_is_kept() {
    let bench = Bench::own(Flow::Stirot);
    bench.open().unwrap().objects_for(TargetState::Closed).unwrap();
    let before = content(&bench.project);
    let old = credential(&bench.open().unwrap());
    let chain = made(&bench, Renewed::Root);

    let project = bench.open().unwrap();
    let root = project.keys().find(|key| key.role == KeyRole::DebugRoot).unwrap();
    assert_eq!(root.path, bench.path("DA/Keys/key_1_root_v2.pem"));
    assert_eq!((root.fingerprint, Some(chain.leaf)), (chain.root, credential(&project).leaf()));
    assert!(chain.chain.verify().all_hold());
    assert_eq!(project.check(), []);
    assert!(bench.draft().assess(None).belonging.links.iter().all(|link| link.state != project::LinkState::Broken));
    let object = ObkFile::decode(&fs::read(bench.path(OBJECT)).unwrap()).unwrap();
    assert!(credential(&project).against(&object).is_ok() && old.against(&object).is_err());

    // Every content that was there is there still, under its own name or in the same place among the earlier ones.
    let earlier = chain.earlier.unwrap();
    assert_eq!(earlier, bench.path(EARLIER).join("v1"));
    let kept = |path: &Path| -> PathBuf { earlier.join(path.strip_prefix(bench.path("DA")).unwrap()) };
    let xml = bench.path("DA/Config/DA_Config.xml");
    for (path, bytes) in before.iter().filter(|(path, _)| *path != xml) {
        let now = fs::read(path).unwrap();
        assert!(now == *bytes || fs::read(kept(path)).unwrap() == *bytes, "{} is lost", path.display());
    }
    let chain = CertificateChain::decode(&fs::read(kept(&bench.path(CHAIN_FILE))).unwrap()).unwrap();
    let leaf = PrivateKey::from_pem(&fs::read(kept(&bench.path(LEAF_KEY_FILE))).unwrap()).unwrap();
    let object = ObkFile::decode(&fs::read(kept(&bench.path(OBJECT))).unwrap()).unwrap();
    assert!(DebugCredential::Certificate { chain, key: leaf }.against(&object).is_ok(), "the old board's way back");

    let again = made(&bench, Renewed::Root);
    assert_eq!(again.earlier.unwrap(), bench.path(EARLIER).join("v2"));
    assert!(bench.path("DA/Keys/key_1_root_v3.pem").is_file());
    credential(&bench.open().unwrap());
}

#[test]
fn a_new_leaf_leaves_root_and_object_alone_and_boards_in_the_field_take_it() {
    let bench = Bench::own(Flow::Stirot);
    bench.open().unwrap().objects_for(TargetState::Closed).unwrap();
    let object = ObkFile::decode(&fs::read(bench.path(OBJECT)).unwrap()).unwrap();
    let names = ["DA/Keys/key_1_root.pem", "DA/Keys/key_2_intermediate.pem", OBJECT];
    let before = names.map(|name| fs::read(bench.path(name)).unwrap());
    let old = credential(&bench.open().unwrap());
    made(&bench, Renewed::Leaf);
    assert_eq!(names.map(|name| fs::read(bench.path(name)).unwrap()), before);
    let new = credential(&bench.open().unwrap());
    assert_ne!(new.leaf(), old.leaf());
    assert!(new.against(&object).is_ok() && old.against(&object).is_ok());
    made(&bench, Renewed::IntermediateAndLeaf);
    assert!(credential(&bench.open().unwrap()).against(&object).is_ok());
    assert_ne!(fs::read(bench.path(names[1])).unwrap(), before[1]);
}

#[test]
fn narrowed_certificates_permit_less_and_the_same_again_changes_nothing() {
    let bench = Bench::own(Flow::DebugAuthentication);
    bench.open().unwrap().objects_for(TargetState::Closed).unwrap();
    let before = content(&bench.project);
    let same = made(&bench, Renewed::Certificates);
    assert_eq!((same.written, same.earlier), (vec![], None));
    assert_eq!(content(&bench.project), before);

    let leaf = Permission::FULL_REGRESSION.mask().with(Permission::DEBUG_HDPL2.mask());
    let masks = Masks { leaf, ..Masks::default() };
    let narrow = ChainRequest { masks, soc_id: [7; 16], ..ChainRequest::default() };
    let chain = make(&bench.open().unwrap(), &narrow, &Disk::real()).unwrap().chain;
    assert_eq!((chain.certificates[2].permissions, chain.certificates[2].soc_id), (leaf, [7; 16]));
    assert_eq!(chain.certificates[0].permissions, Permissions::OF_ST_CERTIFICATES);
    let project = bench.open().unwrap();
    let object = project.debug_object().unwrap();
    assert_eq!(credential(&project).against(&object).unwrap(), leaf);
    let as_present = ChainRequest { renewed: Renewed::Leaf, ..ChainRequest::as_present(&project) };
    let chain = make(&project, &as_present, &Disk::real()).unwrap().chain;
    assert_eq!((chain.certificates[2].permissions, chain.certificates[2].soc_id), (leaf, [7; 16]), "no wider");
}

#[test]
fn masks_that_leave_nothing_are_refused_and_nothing_is_written() {
    let bench = Bench::own(Flow::DebugAuthentication);
    let before = content(&bench.project);
    let nothing =
        ChainRequest { masks: Masks::of_all(Permission::PARTIAL_REGRESSION.mask()), ..request(Renewed::Root) };
    let error = make(&bench.open().unwrap(), &nothing, &Disk::real()).unwrap_err();
    assert!(matches!(error, ProjectError::Credential { .. }) && !error.help().is_empty(), "{error:?}");
    assert_eq!(content(&bench.project), before);
}

#[test]
fn a_root_kept_elsewhere_needs_not_be_here_for_a_new_leaf_but_for_a_new_intermediate() {
    let bench = Bench::own(Flow::DebugAuthentication);
    let root = bench.path("DA/Keys/key_1_root.pem");
    let public = key(&bench, "DA/Keys/key_1_root.pem").public().to_pem();
    fs::write(&root, public).unwrap();
    made(&bench, Renewed::Leaf);
    credential(&bench.open().unwrap());
    let before = content(&bench.project);
    let error = make(&bench.open().unwrap(), &request(Renewed::IntermediateAndLeaf), &Disk::real()).unwrap_err();
    assert!(matches!(error, ProjectError::Key { role: KeyRole::DebugRoot, .. }), "{error:?}");
    assert_eq!(content(&bench.project), before);
}

#[test]
fn a_protected_leaf_key_is_followed_by_one_in_the_clear_only_when_that_is_said() {
    let bench = Bench::own(Flow::DebugAuthentication);
    let phrase = Passphrase::new(Secret::new("long enough".into())).unwrap();
    let protected = ChainRequest { protection: KeyProtection::Passphrase(&phrase), ..request(Renewed::Leaf) };
    make(&bench.open().unwrap(), &protected, &Disk::real()).unwrap();
    assert!(KeyFile::is_protected(&fs::read(bench.path(LEAF_KEY_FILE)).unwrap()));
    assert!(matches!(bench.open().unwrap().debug_credential(), Err(ProjectError::Locked { .. })));
    let before = content(&bench.project);
    let error = make(&bench.open().unwrap(), &request(Renewed::Leaf), &Disk::real()).unwrap_err();
    assert!(
        matches!(&error, ProjectError::KeyFile { source } if matches!(**source, KeyFileError::WouldLieOpen { .. })),
        "{error:?}"
    );
    assert_eq!(content(&bench.project), before);
    let clear = ChainRequest { protection: KeyProtection::Clear, ..request(Renewed::Leaf) };
    make(&bench.open().unwrap(), &clear, &Disk::real()).unwrap();
    credential(&bench.open().unwrap());
}

#[test]
fn a_project_by_password_and_one_that_was_changed_meanwhile_get_no_chain() {
    let bench = Bench::own(Flow::DebugAuthentication);
    let project = bench.open().unwrap();
    let xml = bench.path("DA/Config/DA_Config.xml");
    fs::write(&xml, [fs::read(&xml).unwrap(), b"\n".to_vec()].concat()).unwrap();
    let error = make(&project, &request(Renewed::Root), &Disk::real()).unwrap_err();
    assert!(matches!(error, ProjectError::Changed { .. }), "{error:?}");
    bench.say("flow = \"da\"\ndebug_authentication = \"password\"");
    assert_eq!(bench.open().unwrap().settings().debug_authentication, Credential::Password);
    let error = make(&bench.open().unwrap(), &request(Renewed::Root), &Disk::real()).unwrap_err();
    assert!(matches!(error, ProjectError::NoChain), "{error:?}");
}

#[test]
fn whichever_operation_fails_the_project_has_the_old_chain_or_the_new_one_and_answers_for_its_boards() {
    for fault in [Fault::Once, Fault::DiskFull, Fault::Killed] {
        let (mut olds, mut news) = (0, 0);
        for turn in (1..).step_by(3) {
            let bench = Bench::own(Flow::DebugAuthentication);
            bench.open().unwrap().objects_for(TargetState::Closed).unwrap();
            let old = key(&bench, LEAF_KEY_FILE).public().fingerprint();
            let disk = Disk::failing_at(turn, fault);
            let result = make(&bench.open().unwrap(), &request(Renewed::Root), &disk);
            if disk.operations() < turn {
                result.unwrap();
                break;
            }
            let project = bench.open().unwrap();
            match credential(&project).leaf() == Some(old) {
                true => olds += 1,
                false => {
                    assert!(bench.path(EARLIER).join("v1/Keys/key_3_leaf.pem").is_file(), "{fault:?} at {turn}");
                    news += 1;
                }
            }
            let object = ObkFile::decode(&fs::read(bench.path(OBJECT)).unwrap()).unwrap();
            assert!(credential(&project).against(&object).is_ok(), "{fault:?} at {turn}");
            assert_eq!(project.check(), [], "{fault:?} at {turn}");
        }
        assert!(olds > 5 && (news > 2 || fault != Fault::Killed), "{fault:?}: {olds}, {news}");
    }
}

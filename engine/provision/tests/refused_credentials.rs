//! Credentials that a closed board must not take, each refused with the place named and nothing changed: by the client
//! where it can tell, and by the board itself where words are put into its mailbox past the client.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use chip::ProductState;
use chip::mailbox::{command, status};
use common::credentials::{Keys, parts, unchanging};
use common::wire::Wire;
use common::{Bench, impatient, password};
use formats::certificate::CertificateChain;
use formats::{DebugCredential, Permission, Permissions, PrivateKey};
use provision::{AuthenticationProblem, Cause, DebugLevel, Link, Place, ProvisionError};

/// A board that was closed by certificate, and what survives power on it.
fn closed(seed: u64) -> (Bench, Vec<u8>) {
    let bench = Bench::new(seed);
    bench.provision().unwrap();
    let before = unchanging(&bench.board);
    (bench, before)
}

fn problem(result: Result<impl Sized, ProvisionError>) -> AuthenticationProblem {
    match result.map(|_| ()).unwrap_err() {
        ProvisionError::Authentication(problem) => {
            assert!(!problem.help().is_empty());
            problem
        }
        other => panic!("{other}"),
    }
}

/// Both acts by a credential; the board must be as it was, and go back by the right one.
fn both_acts(bench: &Bench, before: &[u8], credential: &DebugCredential) -> [AuthenticationProblem; 2] {
    let mut link = Link::to_virtual_board(&bench.board, &impatient());
    let opened = problem(link.open_debug(credential, DebugLevel::Hdpl2));
    let regressed = problem(link.regress(credential, None));
    assert!(!link.core_in_reach().unwrap());
    assert!(unchanging(&bench.board) == before, "nothing changed");
    [opened, regressed]
}

#[test]
fn a_leaf_of_another_chain_is_refused_by_the_board_at_its_certificate() {
    let (bench, before) = closed(431);
    let keys = Keys::of(&bench);
    // Everything fits but the intermediate: another key signed the leaf.
    let stranger = PrivateKey::generate().unwrap();
    let foreign = Keys { intermediate: stranger, ..Keys::of(&bench) }.chain([Permissions::OF_ST_CERTIFICATES; 3]);
    let mut own = keys.chain([Permissions::OF_ST_CERTIFICATES; 3]);
    own.certificates[2] = foreign.certificates[2].clone();
    let credential = DebugCredential::Certificate { chain: own.clone(), key: keys.leaf };
    for problem in both_acts(&bench, &before, &credential) {
        assert_eq!(problem.place, Place::Preparation, "the client sees it: {problem}");
        assert!(problem.to_string().contains("certificate 3"), "{problem}");
    }
    let mut wire = Wire::open(&bench.board);
    wire.challenge();
    wire.present(&CertificateChain { certificates: own.certificates[..2].to_vec() });
    let (answered, _) = wire.ask(command::AUTH_RESPONSE, &own.certificates[2].encode());
    assert_eq!(answered, status::UNAUTHORIZED);
    assert!(unchanging(&bench.board) == before);
}

#[test]
fn a_whole_chain_under_a_foreign_root_is_refused_at_its_first_certificate() {
    let (bench, before) = closed(432);
    let new = || PrivateKey::generate().unwrap();
    let foreign = Keys { root: new(), intermediate: new(), leaf: new() };
    let chain = foreign.chain([Permissions::OF_ST_CERTIFICATES; 3]);
    let credential = DebugCredential::Certificate { chain, key: foreign.leaf };
    for problem in both_acts(&bench, &before, &credential) {
        assert_eq!(problem.place, Place::Certificate { number: 1, count: 3, role: "root" });
        assert_eq!(problem.cause, Cause::Refused { status: status::UNAUTHORIZED });
    }
    // The board is none the worse for it.
    bench.goes_back();
}

#[test]
fn a_permission_that_one_certificate_withholds_is_refused_with_its_name() {
    let (bench, before) = closed(433);
    let keys = Keys::of(&bench);
    let all = Permissions::OF_ST_CERTIFICATES;
    let narrowed = all.without(Permission::FULL_REGRESSION.mask() | DebugLevel::Hdpl2.permission());
    let chain = keys.chain([all, narrowed, all]);
    let credential = DebugCredential::Certificate { chain, key: Keys::of(&bench).leaf };
    for problem in both_acts(&bench, &before, &credential) {
        assert_eq!(problem.place, Place::Preparation);
        assert!(problem.to_string().contains("certificate 2 (intermediate) withholds it"), "{problem}");
    }
    // The board itself refuses a token that asks for it all the same, and grants the rest.
    let (chain, leaf) = parts(&credential);
    let mut wire = Wire::open(&bench.board);
    for (wanted, answer) in [
        (Permission::FULL_REGRESSION.mask(), status::UNAUTHORIZED),
        (DebugLevel::Hdpl2.permission() | DebugLevel::Hdpl3.permission(), status::UNAUTHORIZED),
        (DebugLevel::Hdpl3.permission(), status::SUCCESS),
    ] {
        wire.again();
        let challenge = wire.challenge();
        wire.present(chain);
        assert_eq!(wire.token(&Wire::sign(&challenge, wanted, leaf)), answer, "{wanted}");
    }
    assert!(unchanging(&bench.board) == before);
}

#[test]
fn a_token_for_another_challenge_and_a_token_shown_twice_are_refused() {
    let (bench, before) = closed(434);
    let credential = bench.kept();
    let (chain, leaf) = parts(&credential);
    let wanted = DebugLevel::Hdpl2.permission();
    let mut wire = Wire::open(&bench.board);
    let old = wire.challenge();
    wire.present(chain);
    let token = Wire::sign(&old, wanted, leaf);
    assert_eq!(wire.token(&token), status::SUCCESS);
    assert_eq!(wire.token(&token), status::UNAUTHORIZED, "the same again in the same session");
    wire.again();
    let fresh = wire.challenge();
    assert_ne!(fresh, old);
    wire.present(chain);
    assert_eq!(wire.token(&token), status::UNAUTHORIZED, "the same again in the next session");
    wire.again();
    wire.challenge();
    wire.present(chain);
    assert_eq!(wire.token(&Wire::sign(&[7; 32], wanted, leaf)), status::UNAUTHORIZED, "a challenge that nobody gave");
    // After a refusal nothing counts any more until a reset.
    assert_eq!(wire.ask(command::AUTH_START, &[]).0, status::UNAUTHORIZED);
    assert!(unchanging(&bench.board) == before);
}

#[test]
fn a_flipped_bit_anywhere_in_a_certificate_is_refused() {
    let (bench, before) = closed(435);
    let root = Keys::of(&bench).root_alone();
    let mut wire = Wire::open(&bench.board);
    // One bit of every field: version, types, role, usage, reserved, life cycle, constraint, extensions, class, chip, mask,
    // key, hash, signature; and of the head.
    for offset in [2, 4, 8, 10, 11, 12, 13, 14, 16, 18, 20, 24, 28, 44, 60, 92, 124, 156, 188, 219] {
        let mut bytes = root.certificates[0].encode();
        bytes[offset] ^= 0x10;
        wire.again();
        wire.challenge();
        let (answered, _) = wire.ask(command::AUTH_RESPONSE, &bytes);
        assert!(
            matches!(answered, status::UNAUTHORIZED | status::INVALID_PARAMETERS),
            "byte {offset}: status {answered}"
        );
    }
    assert!(unchanging(&bench.board) == before);
}

#[test]
fn another_password_is_refused_at_the_password_and_the_right_one_still_serves() {
    let bench = Bench::by_password(436);
    bench.provision().unwrap();
    let before = unchanging(&bench.board);
    let mut link = Link::to_virtual_board(&bench.board, &impatient());
    let refused = problem(link.regress(&DebugCredential::Password(password("not this one")), None));
    assert_eq!(refused.place, Place::Password);
    assert_eq!(refused.cause, Cause::Refused { status: status::UNAUTHORIZED });
    assert!(unchanging(&bench.board) == before);
    let told = serde_json::to_string(&link.take_transcript()).unwrap();
    assert!(!told.contains("not this one"), "a password is in no transcript: {told}");
    bench.goes_back();
}

#[test]
fn a_credential_of_the_other_kind_is_refused_and_changes_nothing() {
    let (bench, before) = closed(437);
    let mut link = Link::to_virtual_board(&bench.board, &impatient());
    let refused = problem(link.regress(&DebugCredential::Password(password("0123456789012345")), None));
    assert!(matches!(refused.place, Place::Preparation | Place::Password), "{refused}");
    assert!(unchanging(&bench.board) == before);
    assert_eq!(bench.state(), ProductState::Closed);
}

#[test]
fn a_chain_for_another_chip_or_another_state_is_noticed_by_what_discovery_says() {
    let (bench, before) = closed(438);
    let keys = Keys::of(&bench);
    let request = |change: fn(&mut formats::certificate::CertificateRequest)| {
        let mut request = formats::certificate::CertificateRequest::new(
            formats::certificate::Role::Root,
            keys.root.public(),
            Permissions::OF_ST_CERTIFICATES,
        );
        change(&mut request);
        let root = formats::certificate::Certificate::issue(&request, &keys.root).unwrap();
        let chain = CertificateChain { certificates: vec![root] };
        DebugCredential::Certificate { chain, key: Keys::of(&bench).root }
    };
    for credential in [request(|request| request.soc_id = [9; 16]), request(|request| request.soc_class = 7)] {
        for problem in both_acts(&bench, &before, &credential) {
            assert_eq!(problem.place, Place::Preparation, "{problem}");
            assert!(problem.to_string().contains("certificate 1"), "{problem}");
        }
    }
}

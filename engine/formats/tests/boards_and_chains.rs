//! Chains judged against a board: each thing that is wrong by the certificate's number and the field, and what is left
//! of permissions stage by stage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::chains::{PERMISSIONS, issued, keys, own, published, published_object, request};
use common::images::fixed;
use formats::certificate::{Certificate, CertificateChain, CertificateCheckName, CertificateRequest, Role, Target};
use formats::{Effective, Granter, Outcome, Permission, Permissions};

const ID: [u8; 16] = [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

fn board() -> Target {
    Target {
        root: Some(keys()[0].public().fingerprint()),
        soc_class: Some(0x485),
        soc_id: Some(ID),
        lifecycle: Some(0x72),
        object: Some(Permissions(0x8000_0000_0000_0000_0000_0000_0000_4007)),
        device: Some(Permissions(0x4007)),
    }
}

/// What fails when certificate `wrong` is issued as `change` says.
fn problems(wrong: usize, change: fn(&mut CertificateRequest)) -> Vec<(usize, CertificateCheckName)> {
    let chain = issued(&keys(), |number, asked| {
        if number == wrong {
            change(asked);
        }
    });
    chain.verify_for(&board()).problems().map(|problem| (problem.certificate, problem.check)).collect()
}

#[test]
fn each_field_that_doesnt_fit_the_board_is_named_with_the_certificate() {
    assert_eq!(own().verify_for(&board()).problems().count(), 0);
    for number in 1..=3 {
        for (change, check) in [
            ((|asked| asked.usage = 2) as fn(&mut CertificateRequest), CertificateCheckName::Usage),
            (|asked| asked.soc_class = 0x484, CertificateCheckName::SocClass),
            (|asked| asked.soc_id[0] = 1, CertificateCheckName::SocId),
            (|asked| asked.lifecycle = 0x17, CertificateCheckName::Lifecycle),
            (|asked| asked.oem_constraint = 7, CertificateCheckName::OemConstraint),
        ] {
            assert_eq!(problems(number, change), [(number, check)]);
        }
    }
}

#[test]
fn what_is_restricted_to_the_board_holds_on_it() {
    let restricted = issued(&keys(), |_, asked| {
        asked.soc_class = 0x485;
        asked.soc_id = ID;
        asked.lifecycle = 0x72;
    });
    assert!(restricted.verify_for(&board()).all_hold());
    // Without a board it can't be told.
    let report = restricted.verify();
    assert!(report.nothing_fails() && !report.all_hold());
}

#[test]
fn a_foreign_root_is_named_with_both_fingerprints() {
    let report = published("cert_leaf_chain").verify_for(&board());
    let problems: Vec<_> = report.problems().collect();
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].certificate, problems[0].check), (1, CertificateCheckName::Trust));
    let (own, theirs) = (keys()[0].public().fingerprint(), report.root.unwrap());
    assert!(problems[0].text.contains(&own.short()) && problems[0].text.contains(&theirs.short()), "{}", problems[0]);
    // Of an unknown board nothing is said about trust.
    assert_eq!(own_outcome(CertificateCheckName::Trust, &Target::UNKNOWN), None);
    assert!(matches!(own_outcome(CertificateCheckName::Trust, &board()), Some(Outcome::Holds(_))));
}

fn own_outcome(name: CertificateCheckName, target: &Target) -> Option<Outcome> {
    own().verify_for(target).certificates[0].outcome(name).cloned()
}

#[test]
fn a_wrong_order_and_a_wrong_role_are_named_with_the_certificate() {
    let whole = own().certificates;
    for (order, number) in [([0, 2, 1], 2), ([1, 0, 2], 2), ([2, 1, 0], 2), ([1, 2, 0], 3)] {
        let certificates: Vec<_> = order.iter().map(|place| whole[*place].clone()).collect();
        let problem = CertificateChain { certificates }.verify_for(&board()).problems().next().unwrap();
        assert_eq!(problem.certificate, number, "{order:?}: {problem}");
    }
    let [root, other, _] = keys();
    let role = |role, key: &formats::PrivateKey| {
        // Signed as it stands: `issue` makes none like it.
        let made = Certificate::issue(&request(Role::Leaf, key), &root).unwrap();
        Certificate { role, ..made }.signed_by(&root).unwrap()
    };
    for wrong in [Role::Root, Role::Other(4)] {
        let chain = CertificateChain::from(whole[0].clone()).append(role(wrong, &other));
        let problem = chain.verify_for(&board()).problems().next().unwrap();
        assert_eq!((problem.certificate, problem.check), (2, CertificateCheckName::Role), "{problem}");
    }
}

#[test]
fn the_published_chain_and_object_leave_what_both_permit_and_the_object_takes_the_rest() {
    let target = Target::of_object(&published_object("DA_Config")).unwrap();
    let chain = published("cert_leaf_chain");
    assert!(chain.verify_for(&target).all_hold());
    let effective = Effective::by_certificate(&target, &chain, None);
    assert_eq!(effective.permissions(), Permissions(0x8000_0000_0000_0000_0000_0000_0000_4007));
    let told: Vec<_> = effective.stages().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "the board's object takes away partial regression (known from the H5)",
            "certificate 1 (root) takes nothing away",
            "certificate 2 (intermediate) takes nothing away",
            "certificate 3 (leaf) takes nothing away",
        ]
    );
    assert_eq!(effective.withheld_by(Permission::PARTIAL_REGRESSION).unwrap().by, Granter::Object);
    assert_eq!(effective.withheld_by(Permission::FULL_REGRESSION), None);
}

#[test]
fn each_permission_is_taken_by_the_first_stage_that_withholds_it() {
    let chain = issued(&keys(), |number, asked| {
        asked.permissions = match number {
            2 => PERMISSIONS.without(Permission::DEBUG_HDPL1.mask()),
            3 => PERMISSIONS.without(Permission::DEBUG_HDPL2.mask()),
            _ => PERMISSIONS,
        };
    });
    let asked = Permission::FULL_REGRESSION.mask();
    let effective = Effective::by_certificate(&board(), &chain, Some(asked));
    let by = |permission| effective.withheld_by(permission).map(|stage| stage.by);
    assert_eq!(by(Permission::FORCED_DOWNLOAD), Some(Granter::Device));
    assert_eq!(by(Permission::PARTIAL_REGRESSION), Some(Granter::Device));
    assert_eq!(by(Permission::DEBUG_HDPL1), Some(Granter::Certificate(2, Role::Intermediate)));
    assert_eq!(by(Permission::DEBUG_HDPL2), Some(Granter::Certificate(3, Role::Leaf)));
    assert_eq!(by(Permission::DEBUG_HDPL3), Some(Granter::Token));
    assert_eq!(by(Permission::FULL_REGRESSION), None);
    assert_eq!(effective.permissions(), asked);
    let mut left = effective.stages()[0].left;
    for stage in &effective.stages()[1..] {
        assert_eq!(stage.left, left & stage.mask);
        assert_eq!(stage.takes, left.without(stage.mask));
        left = stage.left;
    }
}

#[test]
fn a_password_leaves_full_regression_only() {
    let by = |device, object| Effective::by_password(&Target { device, object, ..Target::UNKNOWN });
    let effective = by(Some(Permissions(0x4007)), None);
    assert_eq!(effective.permissions(), Permission::FULL_REGRESSION.mask());
    assert_eq!(effective.withheld_by(Permission::DEBUG_HDPL3).unwrap().by, Granter::Password);
    assert_eq!(by(None, None).permissions(), Permission::FULL_REGRESSION.mask());
    assert_eq!(by(Some(Permissions::NONE), None).permissions(), Permissions::NONE);
    assert_eq!(by(None, Some(Permissions::DEBUG)).permissions(), Permissions::NONE);
}

#[test]
fn no_certificate_and_no_board_permit_nothing() {
    let nothing = CertificateChain { certificates: Vec::new() };
    assert_eq!(Effective::by_certificate(&Target::UNKNOWN, &nothing, None).permissions(), Permissions::NONE);
    assert_eq!(nothing.verify_for(&board()).answering, None);
    let lonely = CertificateChain::from(Certificate::issue(&request(Role::Leaf, &fixed(3)), &fixed(4)).unwrap());
    assert_eq!(lonely.verify_for(&board()).root, None);
}

//! Credentials at the ROM of the virtual board: what it takes, and each thing that it refuses, by the words of the
//! mailbox. What an accepted one does is told by `debug_opening.rs` and `debug_regression.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub, dead_code, clippy::print_stderr)]

mod debug_rig;

use chip::mailbox::{command, status, tag};
use chip::permissions::{DEBUG_HDPL1, DEBUG_HDPL2, DEBUG_HDPL3, FULL_REGRESSION, PARTIAL_REGRESSION};
use chip::trace::{Event, Refusal, Stage};
use debug_rig::*;

const DEBUG: u128 = DEBUG_HDPL2;

/// A closed board that the chain opens, in a session.
fn asked(chain: &Chain) -> Host {
    let mut host = Host::new(closed(&chain.object()));
    host.connect();
    host
}

#[track_caller]
fn refused(host: &Host, refusal: Refusal) {
    assert!(host.rig.said(Stage::Rss, Event::CredentialRefused, refusal as u16), "{refusal:?}: {:?}", host.rig.heard);
    assert!(!host.rig.heard(Stage::Rss, Event::CredentialAccepted));
}

#[test]
fn a_chain_of_three_is_taken() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    assert_eq!(host.authenticate(&chain.whole(), &chain.leaf, DEBUG), status::SUCCESS);
    assert!(host.rig.said(Stage::Rss, Event::CredentialAccepted, DEBUG as u16));
}

#[test]
fn a_root_may_sign_tokens_itself() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    let root = chain.root_fields().issue(&chain.root);
    assert_eq!(host.authenticate(&[root], &chain.root, DEBUG), status::SUCCESS);
}

#[test]
fn a_leaf_may_follow_the_root() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    let certificates = [chain.root_fields().issue(&chain.root), chain.leaf_fields().issue(&chain.root)];
    assert_eq!(host.authenticate(&certificates, &chain.leaf, DEBUG), status::SUCCESS);
}

#[test]
fn eight_certificates_are_taken_and_a_ninth_is_not() {
    let chain = Chain::new();
    let between: Vec<Key> = (10..16).map(Key::new).collect();
    let mut certificates = vec![chain.root_fields().issue(&chain.root)];
    let mut issuer = &chain.root;
    for key in &between {
        certificates.push(Fields::new(2, key).issue(issuer));
        issuer = key;
    }
    let mut eight = certificates.clone();
    eight.push(chain.leaf_fields().issue(issuer));
    assert_eq!(asked(&chain).authenticate(&eight, &chain.leaf, DEBUG), status::SUCCESS);

    let seventh = Key::new(16);
    certificates.push(Fields::new(2, &seventh).issue(issuer));
    certificates.push(chain.leaf_fields().issue(&seventh));
    let mut host = asked(&chain);
    assert_eq!(host.authenticate(&certificates, &chain.leaf, DEBUG), status::INVALID_PARAMETERS);
    refused(&host, Refusal::TooMany);
}

#[test]
fn a_certificate_for_this_chip_and_this_state_is_taken() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    let mut root = chain.root_fields();
    root.soc_id[4..].copy_from_slice(&host.rig.board.snapshot().uid);
    root.life_cycle = 0x72;
    assert_eq!(host.authenticate(&[root.issue(&chain.root)], &chain.root, DEBUG), status::SUCCESS);
}

/// Every field that can make a certificate useless, in the place of each certificate of a chain.
#[test]
fn a_certificate_with_one_wrong_field_is_refused_wherever_it_stands() {
    type Change = fn(&mut Fields);
    let changes: [(Change, u16, Refusal); 8] = [
        (|fields| fields.usage = 0, status::INVALID_PARAMETERS, Refusal::Usage),
        (|fields| fields.role = 4, status::INVALID_PARAMETERS, Refusal::Order),
        (|fields| fields.life_cycle = 0x39, status::INVALID_PARAMETERS, Refusal::Lifecycle),
        (|fields| fields.constraint = 1, status::INVALID_PARAMETERS, Refusal::Constraint),
        (|fields| fields.extensions = 4, status::INVALID_PARAMETERS, Refusal::Extensions),
        (|fields| fields.soc_class = 1, status::UNAUTHORIZED, Refusal::OtherChip),
        (|fields| fields.soc_id[15] = 1, status::UNAUTHORIZED, Refusal::OtherChip),
        (|fields| fields.soc_id[0] = 1, status::UNAUTHORIZED, Refusal::OtherChip),
    ];
    let chain = Chain::new();
    let state = closed(&chain.object());
    for (number, (change, expected, refusal)) in changes.into_iter().enumerate() {
        for place in 0..3 {
            let mut fields = [chain.root_fields(), chain.intermediate_fields(), chain.leaf_fields()];
            change(&mut fields[place]);
            let issuers = [&chain.root, &chain.root, &chain.intermediate];
            let certificates = [0, 1, 2].map(|index: usize| fields[index].issue(issuers[index]));
            let mut host = Host::new(state.clone());
            host.connect();
            assert_eq!(host.authenticate(&certificates, &chain.leaf, DEBUG), expected, "change {number} at {place}");
            refused(&host, refusal);
        }
    }
}

#[test]
fn certificates_out_of_order_are_refused() {
    let chain = Chain::new();
    let state = closed(&chain.object());
    let [root, intermediate, leaf] = chain.whole();
    let leaf_of_root = chain.leaf_fields().issue(&chain.root);
    for certificates in [
        vec![intermediate, root, leaf],
        vec![leaf, intermediate, root],
        vec![root, root],
        vec![root, leaf_of_root, intermediate],
        vec![root, leaf_of_root, leaf_of_root],
    ] {
        let mut host = Host::new(state.clone());
        host.connect();
        assert_eq!(host.authenticate(&certificates, &chain.leaf, DEBUG), status::INVALID_PARAMETERS);
        refused(&host, Refusal::Order);
    }
}

#[test]
fn an_intermediate_signs_no_tokens_and_nothing_is_signed_without_a_certificate() {
    let chain = Chain::new();
    let [root, intermediate, _] = chain.whole();
    let mut host = asked(&chain);
    assert_eq!(host.authenticate(&[root, intermediate], &chain.intermediate, DEBUG), status::INVALID_PARAMETERS);
    refused(&host, Refusal::Order);
    let mut host = asked(&chain);
    assert_eq!(host.authenticate(&[], &chain.root, DEBUG), status::INVALID_PARAMETERS);
    refused(&host, Refusal::Order);
}

#[test]
fn a_foreign_root_is_refused_although_it_signs_itself() {
    let chain = Chain::new();
    let stranger = Key::new(66);
    let mut host = asked(&chain);
    let root = Fields::new(1, &stranger).issue(&stranger);
    assert_eq!(host.authenticate(&[root], &stranger, DEBUG), status::UNAUTHORIZED);
    refused(&host, Refusal::ForeignRoot);
}

#[test]
fn a_certificate_that_another_key_signed_is_refused() {
    let chain = Chain::new();
    let stranger = Key::new(66);
    let [root, intermediate, _] = chain.whole();
    let state = closed(&chain.object());
    let forged = [
        vec![chain.root_fields().issue(&stranger)],
        vec![root, chain.intermediate_fields().issue(&stranger)],
        // The root's own signature is not enough where the intermediate's is asked for.
        vec![root, intermediate, chain.leaf_fields().issue(&chain.root)],
    ];
    for certificates in forged {
        let mut host = Host::new(state.clone());
        host.connect();
        assert_eq!(host.authenticate(&certificates, &chain.leaf, DEBUG), status::UNAUTHORIZED);
        refused(&host, Refusal::CertificateSignature);
    }
}

#[test]
fn a_token_of_another_key_of_the_chain_is_refused() {
    let chain = Chain::new();
    for key in [&chain.root, &chain.intermediate, &Key::new(66)] {
        let mut host = asked(&chain);
        assert_eq!(host.authenticate(&chain.whole(), key, DEBUG), status::UNAUTHORIZED);
        refused(&host, Refusal::TokenSignature);
    }
}

/// One bit in every part of what is sent.
#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let chain = Chain::new();
    let state = closed(&chain.object());
    let whole = [chain.root_fields().issue(&chain.root), chain.leaf_fields().issue(&chain.root)];
    for place in (0..2 * 212 + 120).step_by(19) {
        let mut host = Host::new(state.clone());
        host.connect();
        let challenge = host.challenge();
        let mut pieces: Vec<(u16, Vec<u8>)> =
            whole.iter().map(|certificate| (tag::CERTIFICATE, certificate.to_vec())).collect();
        pieces.push((tag::TOKEN, token(&challenge, DEBUG, &chain.leaf).to_vec()));
        let (piece, byte) = (place.min(2 * 212 - 1) / 212, place);
        let (piece, byte) = if place < 424 { (piece, byte % 212) } else { (2, place - 424) };
        pieces[piece].1[byte] ^= 1 << (place % 8);
        let statuses: Vec<u16> = pieces.iter().map(|(tag, value)| host.present(*tag, value)).collect();
        assert!(!statuses.contains(&status::SUCCESS), "byte {byte} of piece {piece}: {statuses:?}");
        assert!(host.rig.heard(Stage::Rss, Event::CredentialRefused));
        assert!(!host.rig.heard(Stage::Rss, Event::CredentialAccepted));
    }
}

#[test]
fn what_one_of_the_masks_leaves_out_is_not_granted() {
    let chain = Chain::new();
    let all = 0x8000_0000_0000_0000_0000_0000_0000_5007;
    let without = all & !DEBUG;
    for narrow in 0..4 {
        let mask = |place| if narrow == place { without } else { all };
        let issue = |mut fields: Fields, place, issuer: &Key| {
            fields.permissions = mask(place);
            fields.issue(issuer)
        };
        let certificates = [
            issue(chain.root_fields(), 1, &chain.root),
            issue(chain.intermediate_fields(), 2, &chain.root),
            issue(chain.leaf_fields(), 3, &chain.intermediate),
        ];
        let state = closed(&chain.object_with(mask(0)));
        for (permissions, granted) in [(DEBUG, false), (DEBUG | DEBUG_HDPL3, false), (DEBUG_HDPL3, true)] {
            let mut host = Host::new(state.clone());
            host.connect();
            let expected = if granted { status::SUCCESS } else { status::UNAUTHORIZED };
            assert_eq!(host.authenticate(&certificates, &chain.leaf, permissions), expected, "mask {narrow}");
            if !granted {
                refused(&host, Refusal::Permissions);
            }
        }
    }
}

#[test]
fn what_the_rom_does_not_offer_is_refused_although_every_mask_has_it() {
    let chain = Chain::new();
    let state = closed(&chain.object_with(u128::MAX));
    for permissions in [0, PARTIAL_REGRESSION, 1 << 127, DEBUG | 1 << 127, 1 << 3, u128::MAX] {
        let mut host = Host::new(state.clone());
        host.connect();
        assert_eq!(host.authenticate(&chain.whole(), &chain.leaf, permissions), status::UNAUTHORIZED);
        refused(&host, Refusal::Permissions);
    }
}

#[test]
fn a_replayed_token_is_refused() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    let first = host.challenge();
    let recorded = token(&first, DEBUG, &chain.leaf);
    for certificate in chain.whole() {
        host.present(tag::CERTIFICATE, &certificate);
    }
    assert_eq!(host.present(tag::TOKEN, &recorded), status::SUCCESS);
    host.close();
    host.connect();
    assert_ne!(host.challenge(), first);
    for certificate in chain.whole() {
        assert_eq!(host.present(tag::CERTIFICATE, &certificate), status::NEED_MORE_DATA);
    }
    assert_eq!(host.present(tag::TOKEN, &recorded), status::UNAUTHORIZED);
    refused(&host, Refusal::TokenSignature);
}

#[test]
fn a_token_over_an_earlier_challenge_is_refused() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    let stale = host.challenge();
    let fresh = host.challenge();
    assert_ne!(stale, fresh);
    for certificate in chain.whole() {
        assert_eq!(host.present(tag::CERTIFICATE, &certificate), status::NEED_MORE_DATA);
    }
    assert_eq!(host.present(tag::TOKEN, &token(&stale, DEBUG, &chain.leaf)), status::UNAUTHORIZED);
    refused(&host, Refusal::TokenSignature);
}

#[test]
fn a_challenge_serves_once() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    let challenge = host.challenge();
    let root = chain.root_fields().issue(&chain.root);
    let token = token(&challenge, DEBUG, &chain.root);
    assert_eq!(host.present(tag::CERTIFICATE, &root), status::NEED_MORE_DATA);
    assert_eq!(host.present(tag::TOKEN, &token), status::SUCCESS);
    assert_eq!(host.present(tag::TOKEN, &token), status::UNAUTHORIZED);
    // And whoever tries it has lost what was granted.
    host.close();
    host.rig.settle();
    assert!(!host.rig.board.peripherals.debug_access().core_port_open);
}

#[test]
fn the_certificates_of_an_earlier_challenge_count_for_nothing() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    host.challenge();
    let root = chain.root_fields().issue(&chain.root);
    assert_eq!(host.present(tag::CERTIFICATE, &root), status::NEED_MORE_DATA);
    let challenge = host.challenge();
    assert_eq!(host.present(tag::TOKEN, &token(&challenge, DEBUG, &chain.root)), status::INVALID_PARAMETERS);
    refused(&host, Refusal::Order);
}

#[test]
fn a_password_of_each_length_is_taken_and_no_other() {
    for password in ["1234", "0123456789012345"] {
        let state = closed(&password_object(password.as_bytes()));
        let wrong = password.replace('3', "4");
        let cut = &password[..password.len() - 1];
        let long = format!("{password}0");
        for attempt in [&wrong, cut, &long, "", "12345678901234567"] {
            let mut host = Host::new(state.clone());
            host.connect();
            host.challenge();
            let expected =
                if (4..=16).contains(&attempt.len()) { status::UNAUTHORIZED } else { status::INVALID_PARAMETERS };
            assert_eq!(host.present(tag::PASSWORD_OR_INTEGRITY, attempt.as_bytes()), expected, "{attempt}");
            assert!(!host.rig.heard(Stage::Rss, Event::CredentialAccepted));
        }
        let mut host = Host::new(state.clone());
        host.connect();
        host.challenge();
        assert_eq!(host.present(tag::PASSWORD_OR_INTEGRITY, password.as_bytes()), status::SUCCESS);
        assert!(host.rig.said(Stage::Rss, Event::CredentialAccepted, FULL_REGRESSION as u16));
    }
}

#[test]
fn each_method_refuses_the_credential_of_the_other() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    host.challenge();
    assert_eq!(host.present(tag::PASSWORD_OR_INTEGRITY, b"0123456789012345"), status::UNAUTHORIZED);
    refused(&host, Refusal::OtherMethod);
    let mut host = Host::new(closed(&password_object(b"0123456789012345")));
    host.connect();
    assert_eq!(host.authenticate(&chain.whole(), &chain.leaf, FULL_REGRESSION), status::UNAUTHORIZED);
    refused(&host, Refusal::OtherMethod);
}

#[test]
fn after_a_refusal_only_a_reset_gives_another_try() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    assert_eq!(host.authenticate(&chain.whole(), &Key::new(66), DEBUG), status::UNAUTHORIZED);
    assert_eq!(host.ask(command::AUTH_START, &[]).0, status::UNAUTHORIZED);
    let root = chain.root_fields().issue(&chain.root);
    assert_eq!(host.present(tag::CERTIFICATE, &root), status::UNAUTHORIZED);
    assert_eq!(host.ask(command::DISCOVERY, &[]).0, status::SUCCESS);
    refused(&host, Refusal::RefusedBefore);
    host.connect();
    assert_eq!(host.authenticate(&chain.whole(), &chain.leaf, DEBUG), status::SUCCESS);
}

#[test]
fn a_refusal_holds_over_sessions_where_the_board_waits_for_provisioning() {
    let chain = Chain::new();
    let mut host = Host::new(provisioning(Some(&chain.object())));
    host.connect();
    assert_eq!(host.authenticate(&chain.whole(), &Key::new(66), DEBUG), status::UNAUTHORIZED);
    host.close();
    // Again without a reset: the ROM still waits there.
    host.send(chip::mailbox::REQUEST_MAGIC);
    assert_eq!(host.word(), Some(chip::mailbox::ANSWER_MAGIC));
    assert_eq!(host.ask(command::AUTH_START, &[]).0, status::UNAUTHORIZED);
    host.connect();
    assert_eq!(host.authenticate(&chain.whole(), &chain.leaf, DEBUG), status::SUCCESS);
}

#[test]
fn the_object_that_was_stored_last_counts() {
    let chain = Chain::new();
    let mut rig = boot_rom_rig::Rig::new(provisioning(Some(&chain.object())));
    assert_eq!(rig.provision(&password_object(b"the second one")), boot_rom_rig::Ended::Reset);
    let state = rig.board.snapshot();
    let mut host = Host::new(state.clone());
    host.connect();
    assert_eq!(host.authenticate(&chain.whole(), &chain.leaf, DEBUG), status::UNAUTHORIZED);
    refused(&host, Refusal::OtherMethod);
    let mut host = Host::new(state);
    host.connect();
    host.challenge();
    assert_eq!(host.present(tag::PASSWORD_OR_INTEGRITY, b"the second one"), status::SUCCESS);
}

#[test]
fn a_board_without_an_object_refuses_and_says_that_nothing_is_permitted() {
    let mut host = Host::new(provisioning(None));
    host.connect();
    assert_eq!(host.ask(command::AUTH_START, &[]).0, status::UNAUTHORIZED);
    refused(&host, Refusal::NoObject);
    assert_eq!(permission_mask(&mut host), 0);
}

#[test]
fn discovery_tells_what_object_and_rom_permit_together() {
    let chain = Chain::new();
    let everything = DEBUG_HDPL1 | DEBUG_HDPL2 | DEBUG_HDPL3 | FULL_REGRESSION;
    for (object, permitted) in [
        (chain.object(), everything),
        (chain.object_with(u128::MAX), everything),
        (chain.object_with(DEBUG | 1 << 60), DEBUG),
        (password_object(b"0123456789012345"), FULL_REGRESSION),
        (lock_object(), 0),
    ] {
        let mut host = Host::new(closed(&object));
        host.connect();
        assert_eq!(permission_mask(&mut host), permitted);
    }
}

fn permission_mask(host: &mut Host) -> u128 {
    let (answered, data) = host.ask(command::DISCOVERY, &[]);
    assert_eq!(answered, status::SUCCESS);
    let mut rest = &data[..];
    while rest.len() >= 8 {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        if rest[2..4] == tag::PERMISSION_MASK.to_le_bytes() {
            return u128::from_le_bytes(rest[8..8 + length].try_into().unwrap());
        }
        rest = &rest[8 + length..];
    }
    panic!("no permission mask in {data:?}");
}

#[test]
fn a_locked_board_refuses_everything_and_answers_discovery() {
    let chain = Chain::new();
    let mut host = Host::new(closed(&lock_object()));
    host.connect();
    assert_eq!(host.ask(command::AUTH_START, &[]).0, status::UNAUTHORIZED);
    let root = chain.root_fields().issue(&chain.root);
    assert_eq!(host.present(tag::CERTIFICATE, &root), status::UNAUTHORIZED);
    assert_eq!(host.present(tag::PASSWORD_OR_INTEGRITY, b"0123456789012345"), status::UNAUTHORIZED);
    assert_eq!(host.ask(command::LOCK_DEBUG, &[]).0, status::UNAUTHORIZED);
    assert_eq!(host.ask(command::DISCOVERY, &[]).0, status::SUCCESS);
    refused(&host, Refusal::Locked);
    host.close();
    host.rig.settle();
    assert!(!host.rig.board.peripherals.debug_access().core_port_open);
}

#[test]
fn lengths_that_are_not_those_of_the_value_are_refused() {
    let chain = Chain::new();
    let state = closed(&chain.object());
    let root = chain.root_fields().issue(&chain.root);
    let good = tagged(tag::CERTIFICATE, &root);
    let announced = |length: u32| {
        let mut bytes = good.clone();
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        bytes
    };
    let mut reserved = good.clone();
    reserved[0] = 1;
    for data in [
        announced(211),
        announced(213),
        announced(0),
        announced(u32::MAX),
        good[..219].to_vec(),
        good[..8].to_vec(),
        good[..7].to_vec(),
        Vec::new(),
        [good.as_slice(), &[0]].concat(),
        [good.as_slice(), &good].concat(),
        vec![0; 3000],
        tagged(tag::CERTIFICATE, &root[..211]),
        tagged(tag::TOKEN, &root),
        tagged(tag::X509, &root),
        reserved,
    ] {
        let mut host = Host::new(state.clone());
        host.connect();
        host.challenge();
        let (answered, rest) = host.ask(command::AUTH_RESPONSE, &data);
        assert_eq!((answered, rest.len()), (status::INVALID_PARAMETERS, 0), "{} bytes", data.len());
        refused(&host, Refusal::Malformed);
    }
}

#[test]
fn an_announced_length_beyond_all_bounds_is_answered_at_once() {
    let chain = Chain::new();
    for announced in [4097, u32::MAX] {
        let mut host = asked(&chain);
        host.challenge();
        host.send(u32::from(command::AUTH_RESPONSE) << 16);
        host.send(announced);
        assert_eq!(host.answer(), Some((status::INVALID_PARAMETERS, Vec::new())));
    }
}

#[test]
fn commands_out_of_order_are_refused() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    let root = chain.root_fields().issue(&chain.root);
    assert_eq!(host.ask(command::LIFECYCLE_CHANGE, &[0x39, 0, 0, 0]).0, status::INVALID_COMMAND);
    assert_eq!(host.ask(0x1234, &[1, 2, 3]).0, status::INVALID_COMMAND);
    assert_eq!(host.ask(command::AUTH_START, &[1]).0, status::INVALID_PARAMETERS);
    assert_eq!(host.present(tag::CERTIFICATE, &root), status::UNAUTHORIZED);
    refused(&host, Refusal::NoChallenge);
}

#[test]
fn a_closed_board_boots_on_when_its_host_goes_away() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    assert_eq!(host.authenticate(&[chain.root_fields().issue(&chain.root)], &chain.root, DEBUG_HDPL1), status::SUCCESS);
    // In the middle of a request.
    host.send(u32::from(command::DISCOVERY) << 16);
    let start = host.rig.board.now();
    host.rig.run_until(|rig| rig.heard(Stage::Rss, Event::StartsUserFlash));
    eprintln!("gave up after {} instructions", host.rig.board.now() - start);
    assert!(host.rig.heard(Stage::Rss, Event::SessionAbandoned));
    // What was granted in a session that was never closed is worth nothing.
    host.rig.settle();
    assert!(!host.rig.board.peripherals.debug_access().core_port_open);
}

#[test]
fn words_without_sense_get_nobody_in_and_a_reset_ends_them() {
    let chain = Chain::new();
    let mut host = asked(&chain);
    let mut word = 0x1234_5678_u32;
    for _ in 0..3_000 {
        word ^= word << 13;
        word ^= word >> 17;
        word ^= word << 5;
        // Every third one is a command, and lengths are small, so that requests are whole now and then.
        let sent = if word.is_multiple_of(3) { (word >> 8 & 7) << 16 } else { word & 0xFF };
        if host.rig.board.peripherals.dbgmcu_read_host(chip::mailbox::DBG_AUTH_ACK) & 2 != 0 {
            host.word();
        }
        host.rig.board.peripherals.dbgmcu_write_host(chip::mailbox::DBG_AUTH_HOST, sent);
        host.rig.run(2_000);
    }
    assert!(!host.rig.heard(Stage::Rss, Event::CredentialAccepted));
    assert!(!host.rig.board.peripherals.debug_access().core_port_open);
    host.connect();
    assert_eq!(host.authenticate(&chain.whole(), &chain.leaf, DEBUG), status::SUCCESS);
}

/// The files that ST published, as they lie there.
#[test]
fn the_published_chain_opens_the_published_object() {
    let Some(published) = Published::read() else { return };
    let mut host = Host::new(closed(&published.object));
    host.connect();
    assert_eq!(permission_mask(&mut host), 0x4007);
    assert_eq!(host.authenticate(&published.chain, &published.leaf, DEBUG), status::SUCCESS);
    // Partial regression is in the certificates and not in the object: the tool must not ask for it.
    host.connect();
    assert_eq!(host.authenticate(&published.chain, &published.leaf, DEBUG | PARTIAL_REGRESSION), status::UNAUTHORIZED);
}

#[test]
fn the_published_password_opens_the_published_object() {
    let Some(object) = published("Binary/DA_ConfigWithPassword.obk") else { return };
    let file = published("Binary/password.bin").unwrap();
    let mut host = Host::new(closed(&object));
    host.connect();
    host.challenge();
    assert_eq!(host.ask(command::AUTH_RESPONSE, &file).0, status::SUCCESS);
}

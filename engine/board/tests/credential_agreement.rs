//! What the studio says of a credential against what the ROM does with it: two codes that share nothing but the numbers
//! in `chip` must come to the same decision. A credential that is judged too well could cost a board its way back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub, dead_code, clippy::print_stderr)]

mod debug_rig;

use board::NonVolatile;
use chip::mailbox::{status, tag};
use chip::permissions::{DEBUG_HDPL1, DEBUG_HDPL2, DEBUG_HDPL3, FULL_REGRESSION};
use debug_rig::{Host, closed};
use formats::certificate::{Certificate, CertificateChain, CertificateRequest, Role, Target};
use formats::da::certificate_object;
use formats::key_fields::{PRIVATE_END, PRIVATE_START};
use formats::{DebugCredential, Permissions, PrivateKey, Token};

const ALL: Permissions = Permissions(0x8000_0000_0000_0000_0000_0000_0000_5007);
/// What the ROM permits at most (assumption of its mask).
const ROM: Permissions = Permissions(DEBUG_HDPL1 | DEBUG_HDPL2 | DEBUG_HDPL3 | FULL_REGRESSION);

/// The key of the number n, n, n and so on.
fn key(number: u8) -> PrivateKey {
    let mut stored = [number; 70];
    stored[..36].copy_from_slice(&PRIVATE_START);
    stored[68..].copy_from_slice(&PRIVATE_END);
    PrivateKey::from_stored(&stored).unwrap_or_else(|error| panic!("{error}"))
}

/// A board in CLOSED, and what discovery and its object tell of it.
struct Bench {
    state: NonVolatile,
    target: Target,
}

impl Bench {
    fn new(mask: Permissions) -> Self {
        let root = key(1).public();
        let state = closed(&certificate_object(&root, mask).encode());
        let mut soc_id = [0; 16];
        soc_id[4..].copy_from_slice(&state.uid);
        let target = Target {
            root: Some(root.fingerprint()),
            soc_class: Some(0),
            soc_id: Some(soc_id),
            lifecycle: Some(0x72),
            object: Some(mask),
            device: Some(ROM),
        };
        Self { state, target }
    }

    /// What the ROM says to a chain and a token of `key`.
    fn rom_takes(&self, chain: &CertificateChain, key: &PrivateKey, wanted: Permissions) -> bool {
        let mut host = Host::new(self.state.clone());
        host.connect();
        let challenge = host.challenge();
        for certificate in &chain.certificates {
            if host.present(tag::CERTIFICATE, &certificate.body()) != status::NEED_MORE_DATA {
                return false;
            }
        }
        let token = Token::sign(&challenge, wanted, key).unwrap();
        host.present(tag::TOKEN, &token.encode()) == status::SUCCESS
    }

    /// Both decisions, which have to be one.
    #[track_caller]
    fn agreed(&self, chain: CertificateChain, key: &PrivateKey, wanted: Permissions) -> bool {
        let rom = self.rom_takes(&chain, key, wanted);
        let said: Vec<_> = chain.verify_for(&self.target).problems().map(|problem| problem.to_string()).collect();
        let credential = DebugCredential::Certificate { chain, key: key.clone() };
        let judged = credential.for_target(&self.target);
        let studio = judged.as_ref().is_ok_and(|permitted| permitted.covers(wanted));
        let why = judged.err().map(|problem| problem.to_string());
        assert_eq!(studio, rom, "wanted {wanted}; {why:?}; {said:?}");
        rom
    }
}

/// Root, intermediate and leaf of the keys 1, 2 and 3, with one request changed and signed as it stands.
fn chain(place: usize, change: impl Fn(&mut Certificate)) -> CertificateChain {
    let roles = [Role::Root, Role::Intermediate, Role::Leaf];
    let certificates = (0_u8..3).zip(roles).map(|(number, role)| {
        let issuer = key(number.max(1));
        let request = CertificateRequest::new(role, key(number + 1).public(), ALL);
        let mut certificate = Certificate::issue(&request, &issuer).unwrap();
        if usize::from(number) == place {
            change(&mut certificate);
        }
        certificate.signed_by(&issuer).unwrap()
    });
    CertificateChain { certificates: certificates.collect() }
}

fn whole() -> CertificateChain {
    chain(0, |_| {})
}

const DEBUG: Permissions = Permissions(DEBUG_HDPL2);

#[test]
fn every_request_of_a_good_chain_is_judged_as_the_rom_decides() {
    let bench = Bench::new(Permissions(DEBUG_HDPL2 | DEBUG_HDPL3 | FULL_REGRESSION | 1 << 12));
    let narrowed = || chain(1, |one| one.permissions = Permissions(DEBUG_HDPL3 | FULL_REGRESSION));
    let (taken, refused): (Vec<_>, Vec<_>) = [0, 1, 2, 12, 14, 127]
        .map(|bit| Permissions(1 << bit))
        .into_iter()
        .partition(|wanted| bench.agreed(whole(), &key(3), *wanted));
    assert_eq!(taken, [DEBUG, Permissions(DEBUG_HDPL3), Permissions(FULL_REGRESSION)]);
    assert_eq!(refused.len(), 3);
    assert!(!bench.agreed(narrowed(), &key(3), DEBUG));
    assert!(bench.agreed(narrowed(), &key(3), Permissions(DEBUG_HDPL3)));
    assert!(!bench.agreed(narrowed(), &key(3), Permissions(DEBUG_HDPL2 | DEBUG_HDPL3)));
}

#[test]
fn every_field_of_every_certificate_is_judged_as_the_rom_decides() {
    let bench = Bench::new(ALL);
    let id = bench.target.soc_id.unwrap();
    let changes: [&dyn Fn(&mut Certificate); 13] = [
        &|one| one.usage = 2,
        &|one| one.soc_class = 0x485,
        &|one| one.soc_id = [1; 16],
        &|one| one.soc_id = id,
        &|one| one.lifecycle = 0x17,
        &|one| one.lifecycle = 0x72,
        &|one| one.oem_constraint = 1,
        &|one| one.reserved = 1,
        &|one| one.version = [1, 1],
        &|one| one.extensions_bytes = 4,
        &|one| one.extensions_hash[0] = 1,
        &|one| one.point = key(9).public().point(),
        &|one| one.permissions = Permissions(FULL_REGRESSION),
    ];
    for place in 0..3 {
        let taken: Vec<usize> =
            (0..changes.len()).filter(|number| bench.agreed(chain(place, changes[*number]), &key(3), DEBUG)).collect();
        // The chip's own identifier and its own life cycle, and nothing else.
        assert_eq!(taken, [3, 5], "certificate {}", place + 1);
    }
}

#[test]
fn every_role_in_every_place_is_judged_as_the_rom_decides() {
    let bench = Bench::new(ALL);
    for place in 0..3 {
        for code in [0, 1, 2, 3, 4] {
            bench.agreed(chain(place, |one| one.role = Role::from_code(code)), &key(3), DEBUG);
        }
    }
}

#[test]
fn certificates_left_out_or_in_another_order_are_judged_as_the_rom_decides() {
    let bench = Bench::new(ALL);
    let whole = whole().certificates;
    for order in [&[0][..], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 2, 1], &[2, 1, 0], &[0, 0, 1, 2], &[0, 1, 2, 2]]
    {
        let picked = CertificateChain { certificates: order.iter().map(|place| whole[*place].clone()).collect() };
        // Every key of the chain: only the last certificate's may sign.
        for number in 1..=3 {
            bench.agreed(picked.clone(), &key(number), DEBUG);
        }
    }
}

#[test]
fn a_flipped_bit_of_a_chain_is_judged_as_the_rom_decides() {
    let bench = Bench::new(ALL);
    for bit in (0..3 * 212 * 8).step_by(397) {
        let mut bodies: Vec<_> = whole().certificates.iter().map(Certificate::encode).collect();
        let (certificate, within) = (bit / (212 * 8), bit % (212 * 8));
        bodies[certificate][8 + within / 8] ^= 1 << (within % 8);
        let flipped = CertificateChain::from_bytes(&bodies.concat()).unwrap();
        assert!(!bench.agreed(flipped, &key(3), DEBUG), "bit {within} of certificate {}", certificate + 1);
    }
}

//! Any bytes as certificates; what is read is verified, held against a board, put into order, written and read again.
#![no_main]

use formats::certificate::{CertificateChain, Target};
use formats::{DebugCredential, Effective, Permissions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(chain) = CertificateChain::decode(data) else { return };
    assert_eq!(CertificateChain::from_bytes(&chain.to_bytes()).unwrap(), chain);
    assert_eq!(CertificateChain::from_base64(chain.to_base64().as_bytes()).unwrap(), chain);
    let report = chain.verify();
    assert_eq!(report.certificates.len(), chain.certificates.len());
    let target = Target {
        root: report.root,
        soc_class: Some(0x485),
        soc_id: Some([1; 16]),
        lifecycle: Some(0x72),
        object: Some(Permissions(0x4007)),
        device: None,
    };
    let effective = Effective::by_certificate(&target, &chain, None);
    assert!(report.permissions.covers(effective.permissions()));
    // What isn't known of a board can't fail, so less fails without one.
    assert!(report.problems().count() <= chain.verify_for(&target).problems().count());
    if let Ok(ordered) = chain.in_order() {
        assert_eq!(ordered.certificates.len(), chain.certificates.len());
        assert_eq!(ordered.in_order().unwrap(), ordered);
    }
    let credential = DebugCredential::Certificate { chain, key: fuzz::key() };
    drop(credential.for_target(&target).map_err(|problem| problem.to_string()));
});

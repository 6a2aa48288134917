//! Any bytes as certificates; what is read is verified, written and read again.
#![no_main]

use formats::certificate::CertificateChain;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(chain) = CertificateChain::decode(data) else { return };
    assert_eq!(CertificateChain::from_bytes(&chain.to_bytes()).unwrap(), chain);
    assert_eq!(CertificateChain::from_base64(chain.to_base64().as_bytes()).unwrap(), chain);
    let report = chain.verify();
    assert_eq!(report.certificates.len(), chain.certificates.len());
});

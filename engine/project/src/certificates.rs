//! The chain of debug certificates of a project: made from its three keys, in the five files of ST's layout, and made
//! anew with new keys or other masks as one act. What a new chain takes the place of is kept whole in `DA/Earlier/vN`,
//! in the same layout: a board that was closed with it still needs it.

mod renewal;

use formats::certificate::{Certificate, CertificateChain, CertificateRequest, Role};
use formats::{FormatError, Permissions, PrivateKey, PublicKey};

pub use renewal::{ChainRequest, MadeChain, Renewed, make};

/// Where ST's package keeps the certificates, below a project's folder.
pub const CERTIFICATES: &str = "DA/Certificates";
/// Where chains that were replaced are kept, below a project's folder.
pub const EARLIER: &str = "DA/Earlier";

/// What each certificate of a chain permits at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Masks {
    /// The root's.
    pub root: Permissions,
    /// The intermediate's.
    pub intermediate: Permissions,
    /// The leaf's.
    pub leaf: Permissions,
}

impl Masks {
    /// The same for all three.
    pub const fn of_all(permissions: Permissions) -> Self {
        Self { root: permissions, intermediate: permissions, leaf: permissions }
    }
}

/// Those of ST's certificates.
impl Default for Masks {
    fn default() -> Self {
        Self::of_all(Permissions::OF_ST_CERTIFICATES)
    }
}

/// What the three certificates of a chain are to say.
pub(crate) fn requests(
    [root, intermediate, leaf]: [PublicKey; 3],
    masks: &Masks,
    (soc_class, soc_id): (u32, [u8; 16]),
) -> [CertificateRequest; 3] {
    [
        CertificateRequest::new(Role::Root, root, masks.root),
        CertificateRequest::new(Role::Intermediate, intermediate, masks.intermediate),
        CertificateRequest { soc_class, soc_id, ..CertificateRequest::new(Role::Leaf, leaf, masks.leaf) },
    ]
}

/// A chain as ST's, under keys that are all at hand.
pub(crate) fn chain_of([root, intermediate, leaf]: [&PrivateKey; 3]) -> Result<CertificateChain, FormatError> {
    let keys = [root.public(), intermediate.public(), leaf.public()];
    let wanted = requests(keys, &Masks::default(), (0, [0; 16]));
    let certificates: Result<Vec<_>, _> = wanted
        .iter()
        .zip([root, root, intermediate])
        .map(|(request, issuer)| Certificate::issue(request, issuer))
        .collect();
    Ok(CertificateChain { certificates: certificates? })
}

/// The files of a chain in ST's layout, below a project's folder: each certificate by itself, and the chains up to
/// intermediate and leaf.
pub(crate) fn files(chain: &CertificateChain) -> Vec<(String, String)> {
    let part = |name: &str, range: &[Certificate]| {
        let text = CertificateChain { certificates: range.to_vec() }.to_base64();
        (format!("{CERTIFICATES}/{name}.b64"), text)
    };
    let [root, intermediate, leaf] = chain.certificates.as_slice() else { return Vec::new() };
    vec![
        part("cert_root", std::slice::from_ref(root)),
        part("cert_intermediate", std::slice::from_ref(intermediate)),
        part("cert_leaf", std::slice::from_ref(leaf)),
        part("cert_intermediate_chain", &[root.clone(), intermediate.clone()]),
        part("cert_leaf_chain", &chain.certificates),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::SAMPLE_FILES;

    fn sample(name: &str) -> &'static [u8] {
        SAMPLE_FILES.iter().find(|(file, _)| *file == name).unwrap_or_else(|| panic!("there is no {name}")).1
    }

    #[test]
    fn the_samples_certificates_are_those_that_its_keys_make_and_no_byte_is_another() {
        let [root, intermediate, leaf] = ["key_1_root", "key_2_intermediate", "key_3_leaf"]
            .map(|name| PrivateKey::from_pem(sample(&format!("DA/Keys/{name}.pem"))).unwrap());
        let chain = chain_of([&root, &intermediate, &leaf]).unwrap();
        assert!(chain.verify().all_hold());
        let files = files(&chain);
        assert_eq!(files.len(), 5);
        for (name, text) in files {
            assert_eq!(std::str::from_utf8(sample(&name)).unwrap(), text, "{name}");
        }
        let names = SAMPLE_FILES.iter().filter(|(name, _)| name.starts_with(CERTIFICATES));
        assert_eq!(names.count(), 5);
    }
}

//! Credentials for the sample project's board, whole and wrong, and what of a board must not change by a wrong one.

use formats::certificate::{Certificate, CertificateChain, CertificateRequest, Role};
use formats::{DebugCredential, Permissions, PrivateKey};
use provision::VirtualBoard;

use super::Bench;

/// The keys of the sample's chain.
pub struct Keys {
    pub root: PrivateKey,
    pub intermediate: PrivateKey,
    pub leaf: PrivateKey,
}

impl Keys {
    pub fn of(bench: &Bench) -> Self {
        Self {
            root: bench.key("DA/Keys/key_1_root.pem"),
            intermediate: bench.key("DA/Keys/key_2_intermediate.pem"),
            leaf: bench.key("DA/Keys/key_3_leaf.pem"),
        }
    }

    /// A chain of three with a mask for each.
    pub fn chain(&self, masks: [Permissions; 3]) -> CertificateChain {
        let certificate = |role, key: &PrivateKey, mask, issuer| {
            Certificate::issue(&CertificateRequest::new(role, key.public(), mask), issuer).unwrap()
        };
        let [root, intermediate, leaf] = masks;
        let certificates = vec![
            certificate(Role::Root, &self.root, root, &self.root),
            certificate(Role::Intermediate, &self.intermediate, intermediate, &self.root),
            certificate(Role::Leaf, &self.leaf, leaf, &self.intermediate),
        ];
        CertificateChain { certificates }
    }

    /// The root's certificate alone, which may answer for itself.
    pub fn root_alone(&self) -> CertificateChain {
        let request = CertificateRequest::new(Role::Root, self.root.public(), Permissions::OF_ST_CERTIFICATES);
        let root = Certificate::issue(&request, &self.root).unwrap();
        CertificateChain { certificates: vec![root] }
    }
}

/// The chain and the leaf key of the sample.
pub fn parts(credential: &DebugCredential) -> (&CertificateChain, &PrivateKey) {
    match credential {
        DebugCredential::Certificate { chain, key } => (chain, key),
        DebugCredential::Password(_) => panic!("by certificate"),
    }
}

/// What survives power, as far as a credential could touch it.
pub fn unchanging(board: &VirtualBoard) -> Vec<u8> {
    board.look(|board| board.snapshot().encode().to_vec())
}

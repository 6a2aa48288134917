//! Writes the seeds that no published file gives: a small image as bytes and as hex, certificates as
//! bytes, a chain and an answer of the key that the targets know.
//! Arguments: the folder of ST's published vectors, the folder of the corpora.

use std::path::{Path, PathBuf};
use std::{env, fs};

use formats::certificate::{Certificate, CertificateChain, CertificateRequest, Role};
use formats::{ImageForm, ImageKeys, ImageSettings, Permissions, SecurityCounter, Token, build_image};

fn main() {
    let mut folders = env::args_os().skip(1).map(PathBuf::from);
    let (Some(vectors), Some(corpora)) = (folders.next(), folders.next()) else { panic!("seeds VECTORS CORPORA") };
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = corpora.join(target);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    };

    let (version, counter) = ("1.0.0".parse().unwrap(), SecurityCounter::FromVersion);
    let key = fuzz::key();
    let keys = ImageKeys { signing: &key, encryption: Some(&key.public()) };
    let mut application = vec![0xA5; 50];
    application[..8].copy_from_slice(&[0, 0, 1, 0x20, 9, 4, 0, 0x24]);
    let mut dump = Vec::new();
    for (name, settings) in [
        ("stirot", ImageSettings::stirot(version, counter, 0x1000)),
        ("oemurot", ImageSettings::oemurot(version, counter, 0x1000)),
    ] {
        let image = build_image(&application, &settings, keys).unwrap();
        let slot = image.encode(ImageForm::Slot).unwrap();
        for target in ["image", "opened"] {
            write(target, &format!("{name}.image"), image.bytes());
            write(target, &format!("{name}.slot"), &slot);
            let hex = image.encode(ImageForm::Hex { address: 0x9002_0000 }).unwrap();
            write(target, &format!("{name}.hex"), &hex);
        }
        dump.extend_from_slice(&slot);
    }
    write("opened", "dump", &dump);

    for name in ["cert_leaf", "cert_leaf_chain"] {
        let text = fs::read(vectors.join(Path::new("da/Certificates")).join(format!("{name}.b64"))).unwrap();
        write("certificates", &format!("{name}.bin"), &CertificateChain::decode(&text).unwrap().to_bytes());
    }
    let certificate = |role| {
        let request = CertificateRequest::new(role, key.public(), Permissions::OF_ST_CERTIFICATES);
        Certificate::issue(&request, &key).unwrap()
    };
    let chain = CertificateChain::from(certificate(Role::Root)).append(certificate(Role::Leaf));
    write("certificates", "own.bin", &chain.to_bytes());
    write("token", "full_regression", &Token::sign(&[0x5A; 32], Permissions::OF_PASSWORD, &key).unwrap().encode());
}

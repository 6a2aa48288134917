//! Writes the seeds that no published file gives: a small image as bytes and as hex, certificates as bytes.
//! Arguments: the folder of ST's published vectors, the folder of the corpora.

use std::path::{Path, PathBuf};
use std::{env, fs};

use formats::certificate::CertificateChain;
use formats::{ImageProfile, ImageSettings, SecurityCounter, build_image};

fn main() {
    let mut folders = env::args_os().skip(1).map(PathBuf::from);
    let (Some(vectors), Some(corpora)) = (folders.next(), folders.next()) else { panic!("seeds VECTORS CORPORA") };
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = corpora.join(target);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    };

    let settings = ImageSettings {
        profile: ImageProfile::Stirot,
        version: "1.0.0".parse().unwrap(),
        security_counter: SecurityCounter::FromVersion,
        header_size: 0x40,
        slot_size: 0x300,
    };
    let key = fuzz::key();
    let image = build_image(&[0xA5; 50], &settings, &key, &key.public()).unwrap();
    write("image", "image.bin", image.bytes());
    write("image", "slot.bin", &image.to_bin());
    write("image", "image.hex", image.to_hex(0x9002_0000).unwrap().as_bytes());

    for name in ["cert_leaf", "cert_leaf_chain"] {
        let text = fs::read(vectors.join(Path::new("da/Certificates")).join(format!("{name}.b64"))).unwrap();
        write("certificates", &format!("{name}.bin"), &CertificateChain::decode(&text).unwrap().to_bytes());
    }
}

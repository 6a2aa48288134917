//! Images by MCUboot's own tool are read here, and ours are taken by it. The tool is not part of the repository: these
//! tests are run by name where `STIROT_IMGTOOL` names it, as CI does, and fail where it doesn't.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use formats::{
    Align, CheckName, Expected, ImageFile, ImageForm, ImageKeys, ImageProfile, ImageSettings, InstallMode, Outcome,
    Parts, PrivateKey, PublicKey, SecurityCounter, build_image, clear_image, decrypt, verify,
};
use tempfile::TempDir;

const SLOT: u32 = 0x2_0000;
const ADDRESS: u32 = 0x9020_0000;

/// A folder with a payload and two keys, and the tool.
struct Bench {
    folder: TempDir,
    tool: PathBuf,
    payload: Vec<u8>,
    signing: PrivateKey,
    device: PrivateKey,
}

impl Bench {
    fn new() -> Self {
        let tool = std::env::var_os("STIROT_IMGTOOL").map(PathBuf::from).expect(
            "STIROT_IMGTOOL names no imgtool (`pip install imgtool`): nothing here was tested against MCUboot's tool",
        );
        let folder = tempfile::tempdir().unwrap();
        let generate = || PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
        let (signing, device) = (generate(), generate());
        let payload: Vec<u8> = (0..20_001_u32).map(|number| ((number * number) >> 3) as u8).collect();
        let bench = Self { folder, tool, payload, signing, device };
        bench.put("app.bin", &bench.payload);
        bench.put("signing.pem", private_pem(&bench.signing).as_bytes());
        bench.put("device.pem", bench.device.public().to_pem().as_bytes());
        bench.put("public.pem", bench.signing.public().to_pem().as_bytes());
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(&self.tool).args(arguments).current_dir(self.folder.path()).output().unwrap()
    }

    /// An image by the tool.
    fn signed(&self, more: &[&str], output: &str) -> ImageFile {
        let common = [
            "sign",
            "-k",
            "signing.pem",
            "-S",
            "0x20000",
            "-H",
            "0x400",
            "--pad-header",
            "--pad",
            "-v",
            "1.2.3",
            "-s",
            "auto",
        ];
        let done = self.run(&[&common[..], more, &["app.bin", output]].concat());
        assert!(done.status.success(), "{more:?}: {}", String::from_utf8_lossy(&done.stderr));
        ImageFile::decode(&fs::read(self.path(output)).unwrap()).unwrap()
    }

    /// Whether the tool verifies an image.
    fn takes(&self, image: &[u8], name: &str) -> bool {
        self.put(name, image);
        self.run(&["verify", "-k", "public.pem", name]).status.success()
    }

    fn settings(&self) -> ImageSettings {
        ImageSettings {
            align: Align::new(8).unwrap(),
            ..ImageSettings::oemurot("1.2.3".parse().unwrap(), SecurityCounter::FromVersion, SLOT)
        }
    }

    fn built(&self, encryption: Option<&PublicKey>) -> formats::BuiltImage {
        build_image(&self.payload, &self.settings(), ImageKeys { signing: &self.signing, encryption }).unwrap()
    }
}

fn private_pem(key: &PrivateKey) -> String {
    key.to_pem().unwrap_or_else(|error| panic!("{error}")).to_string()
}

#[test]
#[ignore = "needs MCUboot's imgtool: STIROT_IMGTOOL=PATH and --ignored"]
fn images_by_the_tool_open_to_their_input() {
    let bench = Bench::new();
    let public = bench.signing.public();
    for (number, more) in [
        &["--overwrite-only", "--align", "4"][..],
        &["--overwrite-only", "--align", "8"],
        &["--overwrite-only", "--align", "16"],
        &["--align", "8", "-M", "33"],
        &["--align", "8", "--confirm"],
    ]
    .into_iter()
    .enumerate()
    {
        for output in [format!("{number}.bin"), format!("{number}.hex")] {
            let address: &[&str] = if output.ends_with("hex") { &["-x", "0x90200000"] } else { &[] };
            let clear = bench.signed(&[more, address].concat(), &output);
            let parts = Parts::decode(&clear.content).unwrap();
            assert_eq!(parts.payload, bench.payload, "{more:?}");
            assert!(parts.is_signed_by(&public, None), "{more:?}");
            assert_eq!(clear.address, (!address.is_empty()).then_some(ADDRESS));

            let closed = bench.signed(&[more, address, &["-E", "device.pem"]].concat(), &output);
            let opened = decrypt(&closed, &bench.device).unwrap();
            assert!(opened.starts_with(&bench.payload) && opened.len() == bench.payload.len().next_multiple_of(16));
            assert!(Parts::decode(&closed.content).unwrap().is_signed_by(&public, Some(&opened)), "{more:?}");
            assert!(decrypt(&closed, &bench.signing).is_err());

            let expected = Expected {
                authentication: Some(&public),
                decryption: Some(&bench.device),
                slot_size: Some(SLOT),
                profile: Some(ImageProfile::Oemurot),
            };
            for image in [&clear, &closed] {
                let report = verify(image, &expected).unwrap();
                let other: Vec<_> =
                    report.checks.iter().filter(|check| !matches!(check.outcome, Outcome::Holds(_))).collect();
                // From an alignment of 16 on the tool marks a complete image in a way of its own.
                match other.as_slice() {
                    [] => assert!(!more.contains(&"16")),
                    [mark] if more.contains(&"16") => {
                        assert!(matches!((mark.name, &mark.outcome), (CheckName::Trailer, Outcome::Notice(_))));
                    }
                    other => panic!("{more:?}, {output}: {other:#?}"),
                }
            }
        }
    }
}

#[test]
#[ignore = "needs MCUboot's imgtool: STIROT_IMGTOOL=PATH and --ignored"]
fn an_image_in_the_clear_equals_that_of_the_tool_but_for_its_signature() {
    let bench = Bench::new();
    for (install, more) in [
        (InstallMode::Overwrite, &["--overwrite-only", "--align", "8"][..]),
        (InstallMode::Swap { sectors: 33 }, &["--align", "8", "-M", "33"]),
    ] {
        let settings = ImageSettings { install, ..bench.settings() };
        let keys = ImageKeys { signing: &bench.signing, encryption: None };
        let ours = build_image(&bench.payload, &settings, keys).unwrap();
        let slot = ImageFile::decode(&ours.encode(ImageForm::Slot).unwrap()).unwrap();
        let hex = ImageFile::decode(&ours.encode(ImageForm::Hex { address: ADDRESS }).unwrap()).unwrap();
        for (ours, theirs) in [
            (slot, bench.signed(more, "theirs.bin")),
            (hex, bench.signed(&[more, &["-x", "0x90200000"]].concat(), "theirs.hex")),
        ] {
            let (our, their) = (Parts::decode(&ours.content).unwrap(), Parts::decode(&theirs.content).unwrap());
            assert_eq!((our.header, our.gap, our.payload), (their.header, their.gap, their.payload));
            assert_eq!(our.protected, their.protected);
            let before_signature = |parts: &Parts<'_>| {
                parts.tlvs.entries().take(2).map(|entry| entry.unwrap().value.to_vec()).collect::<Vec<_>>()
            };
            assert_eq!(before_signature(&our), before_signature(&their));
            assert_eq!((ours.address, &ours.apart), (theirs.address, &theirs.apart));
            assert_eq!(ours.content.len() == SLOT as usize, theirs.content.len() == SLOT as usize);
            if ours.apart.is_none() {
                assert_eq!(ours.content[0x1_0000..], theirs.content[0x1_0000..]);
            }
        }
    }
}

#[test]
#[ignore = "needs MCUboot's imgtool: STIROT_IMGTOOL=PATH and --ignored"]
fn the_tool_verifies_our_image_in_the_clear() {
    let bench = Bench::new();
    let image = bench.built(None);
    assert!(bench.takes(&image.encode(ImageForm::Slot).unwrap(), "ours.bin"));
    assert!(bench.takes(&image.encode(ImageForm::Hex { address: ADDRESS }).unwrap(), "ours.hex"));
    let mut damaged = image.bytes().to_vec();
    damaged[0x800] ^= 1;
    assert!(!bench.takes(&damaged, "damaged.bin"));
}

#[test]
#[ignore = "needs MCUboot's imgtool: STIROT_IMGTOOL=PATH and --ignored"]
fn the_tool_verifies_our_encrypted_image_once_it_is_opened() {
    let bench = Bench::new();
    let image = bench.built(Some(&bench.device.public()));
    for (form, name) in [(ImageForm::Slot, "ours.bin"), (ImageForm::Hex { address: ADDRESS }, "ours.hex")] {
        let file = image.encode(form).unwrap();
        assert!(!bench.takes(&file, name), "the tool can't see through the encryption");
        let clear = clear_image(&ImageFile::decode(&file).unwrap(), &bench.device).unwrap();
        assert!(bench.takes(&clear.encode().unwrap(), name));
    }
}

#[test]
#[ignore = "needs MCUboot's imgtool: STIROT_IMGTOOL=PATH and --ignored"]
fn an_image_of_the_tool_is_verified_by_it_once_it_is_opened_here() {
    let bench = Bench::new();
    let closed = bench.signed(&["--overwrite-only", "--align", "8", "-E", "device.pem"], "closed.bin");
    let clear = clear_image(&closed, &bench.device).unwrap();
    assert!(bench.takes(&clear.encode().unwrap(), "open.bin"));
    assert_eq!(clear.content.len(), closed.content.len());
}

//! Building images of both boot stages: flags, room at the slot's end, one builder for memory and stream.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::{self, Read, Write};

use formats::image::TRAILER_MAGIC;
use formats::{
    Align, Flags, FormatError, HexFile, ImageFile, ImageForm, ImageKeys, ImageProfile, ImageSettings, InstallMode,
    Parts, PayloadCipher, PrivateKey, PublicKey, SecurityCounter, build_image, build_image_to, clear_image, decrypt,
};

const ADDRESS: u32 = 0x9020_0000;

fn generate() -> PrivateKey {
    PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"))
}

fn stirot(slot_size: u32) -> ImageSettings {
    ImageSettings::stirot("1.2.3".parse().unwrap(), SecurityCounter::FromVersion, slot_size)
}

fn oemurot(slot_size: u32) -> ImageSettings {
    ImageSettings::oemurot("1.2.3".parse().unwrap(), SecurityCounter::FromVersion, slot_size)
}

fn signed(signing: &PrivateKey) -> ImageKeys<'_> {
    ImageKeys { signing, encryption: None }
}

fn encrypted<'a>(signing: &'a PrivateKey, encryption: &'a PublicKey) -> ImageKeys<'a> {
    ImageKeys { signing, encryption: Some(encryption) }
}

fn plain(bytes: &[u8]) -> ImageFile {
    ImageFile { content: bytes.to_vec(), address: None, apart: None }
}

/// Bytes without a period that a mistake in the order of pieces could hide behind.
fn payload(length: usize) -> Vec<u8> {
    (0..length as u32 / 4 + 1)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .take(length)
        .collect()
}

#[test]
fn each_profile_has_its_own_magic_and_flags() {
    let (signing, device) = (generate(), generate().public());
    let built = |settings: &ImageSettings, keys| {
        let image = build_image(&payload(100), settings, keys).unwrap();
        assert!(
            Parts::decode(image.bytes()).unwrap().is_signed_by(&signing.public(), None) == keys.encryption.is_none()
        );
        Parts::decode(image.bytes()).unwrap().header
    };
    let header = built(&stirot(0x4000), encrypted(&signing, &device));
    assert_eq!((header.magic, header.flags), (0xC159_2EE9, Flags(0x06)));
    let header = built(&oemurot(0x4000), encrypted(&signing, &device));
    assert_eq!((header.magic, header.flags, header.payload_size), (0x96F3_B83D, Flags(0x04), 112));
    let header = built(&oemurot(0x4000), signed(&signing));
    assert_eq!((header.magic, header.flags, header.payload_size), (0x96F3_B83D, Flags(0), 100));
}

#[test]
fn an_image_in_the_clear_holds_its_payload_as_it_is_and_no_wrapped_key() {
    let signing = generate();
    let image = build_image(&payload(99), &oemurot(0x4000), signed(&signing)).unwrap();
    let parts = Parts::decode(image.bytes()).unwrap();
    assert_eq!(parts.payload, payload(99));
    let kinds: Vec<u16> = parts.tlvs.entries().map(|entry| entry.unwrap().kind).collect();
    assert_eq!(kinds, [0x10, 0x01, 0x22]);
    assert!(parts.is_signed_by(&signing.public(), None));
    assert!(!parts.is_signed_by(&generate().public(), None));
}

#[test]
fn without_a_counter_nothing_is_protected_and_stirot_refuses() {
    let (signing, device) = (generate(), generate().public());
    let settings = ImageSettings { security_counter: None, ..oemurot(0x4000) };
    let image = build_image(&payload(64), &settings, signed(&signing)).unwrap();
    assert!(Parts::decode(image.bytes()).unwrap().protected.is_none());
    assert_eq!(image.facts().security_counter, None);
    let settings = ImageSettings { security_counter: None, ..stirot(0x4000) };
    let error = build_image(&payload(64), &settings, encrypted(&signing, &device)).unwrap_err();
    assert!(error.to_string().contains("security counter"), "{error}");
}

#[test]
fn what_no_boot_stage_takes_is_not_built() {
    let (signing, device) = (generate(), generate().public());
    let refused = |settings: ImageSettings, keys| build_image(&[1; 64], &settings, keys).unwrap_err().to_string();
    assert!(refused(stirot(0x4000), signed(&signing)).contains("encrypted images only"));
    let keys = encrypted(&signing, &device);
    assert!(refused(ImageSettings { install: InstallMode::Overwrite, ..stirot(0x4000) }, keys).contains("one slot"));
    assert!(
        refused(ImageSettings { install: InstallMode::PrimaryOnly, ..oemurot(0x4000) }, keys).contains("second slot")
    );
    for header_size in [0, 0x1F, 0x28] {
        assert!(refused(ImageSettings { header_size, ..oemurot(0x4000) }, keys).contains("header size"));
    }
}

#[test]
fn the_room_at_the_slots_end_is_that_of_sts_tool() {
    let size = |install: InstallMode, align, cipher| install.trailer_size(Align::new(align).unwrap(), cipher);
    let encrypted = PayloadCipher::Aes128;
    assert_eq!(size(InstallMode::PrimaryOnly, 16, encrypted), 16);
    assert_eq!(size(InstallMode::Overwrite, 4, encrypted), 32);
    assert_eq!(size(InstallMode::Overwrite, 8, encrypted), 32);
    assert_eq!(size(InstallMode::Overwrite, 16, PayloadCipher::None), 48);
    let swap = InstallMode::Swap { sectors: 33 };
    assert_eq!(size(swap, 4, PayloadCipher::None), 3 * 33 * 4 + 4 * 8 + 16);
    assert_eq!(size(swap, 16, encrypted), 3 * 33 * 16 + 2 * 16 + 4 * 16 + 16);
    assert_eq!([3, 0, 64].map(Align::new), [None; 3]);
}

#[test]
fn a_payload_fits_up_to_the_limit_of_its_kind_and_no_further() {
    let (signing, device) = (generate(), generate().public());
    let keys = encrypted(&signing, &device);
    let settings = ImageSettings { install: InstallMode::Swap { sectors: 33 }, ..oemurot(0x1_0000) };
    for (settings, keys, room) in [
        (oemurot(0x1_0000), keys, 0x1_0000 - 0x400 - 12 - (197 + 72) - 32),
        (oemurot(0x1_0000), signed(&signing), 0x1_0000 - 0x400 - 12 - (80 + 72) - 32),
        (settings, keys, 0x1_0000 - 0x400 - 12 - (197 + 72) - (3 * 33 * 4 + 32 + 32 + 16)),
    ] {
        let unit = if keys.encryption.is_some() { 16 } else { 1 };
        let limit = room / unit * unit;
        let built = build_image(&vec![1; limit], &settings, keys).unwrap();
        assert!(built.encode(ImageForm::Slot).unwrap().len() == 0x1_0000);
        let error = build_image(&vec![1; limit + 1], &settings, keys).unwrap_err();
        assert!(
            matches!(error, FormatError::DoesNotFit { payload_limit, .. } if payload_limit as usize == limit),
            "{error}"
        );
    }
}

#[test]
fn a_slot_has_its_mark_at_its_end_and_a_hex_file_nothing_else_between() {
    let signing = generate();
    let image = build_image(&payload(5000), &oemurot(0x4000), signed(&signing)).unwrap();
    let slot = image.encode(ImageForm::Slot).unwrap();
    assert_eq!(slot.len(), 0x4000);
    assert!(slot.starts_with(image.bytes()) && slot.ends_with(&TRAILER_MAGIC));
    assert!(slot[image.bytes().len()..0x4000 - 16].iter().all(|byte| *byte == 0xFF));
    let hex = HexFile::decode(&image.encode(ImageForm::Hex { address: ADDRESS }).unwrap()).unwrap();
    let [first, last] = hex.segments.as_slice() else { panic!("{:?}", hex.segments.len()) };
    assert_eq!((first.address, first.bytes.as_slice()), (ADDRESS, image.bytes()));
    assert_eq!((last.address, last.bytes.as_slice()), (ADDRESS + 0x4000 - 16, &TRAILER_MAGIC[..]));
    let error = image.encode(ImageForm::Hex { address: 0xFFFF_FF00 }).unwrap_err();
    assert!(error.to_string().contains("past the last address"), "{error}");
}

#[test]
fn a_stream_becomes_the_same_file_as_bytes_in_memory() {
    let signing = generate();
    // Around the size of a piece, and around the size from which two threads work.
    for length in [1, 15, 16, 262_144, 262_145, 1_048_576, 1_048_577] {
        let (payload, settings) = (payload(length), oemurot(0x40_0000));
        let image = build_image(&payload, &settings, signed(&signing)).unwrap();
        for form in [ImageForm::Slot, ImageForm::Hex { address: ADDRESS }] {
            let mut file = Vec::new();
            let mut source = payload.as_slice();
            let facts =
                build_image_to(&mut source, length as u64, &settings, signed(&signing), form, &mut file).unwrap();
            assert!(file == image.encode(form).unwrap(), "{length} bytes, {form:?}");
            assert_eq!(&facts, image.facts());
        }
    }
}

#[test]
fn a_large_encrypted_image_decrypts_to_what_went_in() {
    let (signing, device) = (generate(), generate());
    let (payload, settings) = (payload(2_500_001), oemurot(0x40_0000));
    let mut file = Vec::new();
    let keys = device.public();
    let keys = encrypted(&signing, &keys);
    let form = ImageForm::Slot;
    build_image_to(&mut payload.as_slice(), payload.len() as u64, &settings, keys, form, &mut file).unwrap();
    let opened = decrypt(&plain(&file), &device).unwrap();
    assert_eq!(opened.len(), payload.len().next_multiple_of(16));
    assert!(opened.starts_with(&payload) && opened[payload.len()..].iter().all(|byte| *byte == 0));
    let parts = Parts::decode(&file).unwrap();
    assert!(parts.is_signed_by(&signing.public(), Some(&opened)));
}

#[test]
fn two_images_of_one_payload_share_no_key() {
    let (signing, device) = (generate(), generate().public());
    let built = || build_image(&[0; 256], &oemurot(0x4000), encrypted(&signing, &device)).unwrap();
    let (one, other) = (built(), built());
    assert!(Parts::decode(one.bytes()).unwrap().payload != Parts::decode(other.bytes()).unwrap().payload);
    assert_eq!(one.facts().hash, other.facts().hash);
}

/// Gives some bytes, then fails.
struct Failing {
    left: usize,
}

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("the disk is gone"));
        }
        let now = buffer.len().min(self.left);
        buffer[..now].fill(7);
        self.left -= now;
        Ok(now)
    }
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("the disk is full"));
        }
        let now = bytes.len().min(self.left);
        self.left -= now;
        Ok(now)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_source_or_a_sink_that_fails_ends_the_building_with_its_reason() {
    let (signing, settings) = (generate(), oemurot(0x1000_0000));
    for length in [1000, 3_000_000] {
        for left in [0, length / 2, length - 1] {
            let mut sink = io::sink();
            let build = |source: &mut (dyn Read + Send), sink: &mut dyn Write| {
                build_image_to(source, length as u64, &settings, signed(&signing), ImageForm::Slot, sink).unwrap_err()
            };
            let error = build(&mut Failing { left }, &mut sink);
            assert!(error.to_string().contains("the disk is gone"), "{length}, {left}: {error}");
            let error = build(&mut io::repeat(7).take(length as u64), &mut Failing { left });
            assert!(error.to_string().contains("the disk is full"), "{length}, {left}: {error}");
        }
    }
}

#[test]
fn a_payload_of_another_length_than_stated_is_noticed() {
    let (signing, settings) = (generate(), oemurot(0x1000_0000));
    for length in [1000_u64, 3_000_000] {
        for given in [length - 1, length + 1] {
            let mut source = io::repeat(1).take(given);
            let form = ImageForm::Slot;
            let built = build_image_to(&mut source, length, &settings, signed(&signing), form, &mut io::sink());
            assert!(matches!(built, Err(FormatError::PayloadChanged)), "{length} stated, {given} given");
        }
    }
}

#[test]
fn an_opened_image_keeps_everything_that_is_signed() {
    let (signing, device) = (generate(), generate());
    let public = device.public();
    for (settings, flags) in [(stirot(0x4000), Flags(2)), (oemurot(0x4000), Flags(4))] {
        let image = build_image(&payload(1000), &settings, encrypted(&signing, &public)).unwrap();
        for form in [ImageForm::Slot, ImageForm::Hex { address: ADDRESS }] {
            let file = ImageFile::decode(&image.encode(form).unwrap()).unwrap();
            let clear = clear_image(&file, &device).unwrap();
            let (before, after) = (Parts::decode(&file.content).unwrap(), Parts::decode(&clear.content).unwrap());
            assert_eq!(after.header.flags, flags);
            assert_eq!(
                (after.header.version, after.gap, after.protected),
                (before.header.version, before.gap, before.protected)
            );
            assert!(after.payload.starts_with(&payload(1000)));
            assert!(after.is_signed_by(&signing.public(), None));
            assert_eq!(after.tlvs.size(), before.tlvs.size() - 117);
            assert!(after.rest.is_empty() || after.rest.ends_with(&TRAILER_MAGIC));
            assert_eq!((file.address, &file.apart), (clear.address, &clear.apart));
            let written = ImageFile::decode(&clear.encode().unwrap()).unwrap();
            assert_eq!(written, clear);
            let sizes = (form == ImageForm::Slot).then_some((clear.content.len(), 0x4000));
            assert!(sizes.is_none_or(|(found, slot)| found == slot));
        }
    }
}

#[test]
fn an_image_that_lies_open_or_is_for_another_key_is_not_opened() {
    let (signing, device) = (generate(), generate());
    let open = build_image(&payload(64), &oemurot(0x4000), signed(&signing)).unwrap();
    let error = clear_image(&plain(open.bytes()), &device).unwrap_err();
    assert!(error.to_string().contains("lies open already"), "{error}");
    let closed = build_image(&payload(64), &oemurot(0x4000), encrypted(&signing, &device.public())).unwrap();
    let error = clear_image(&plain(closed.bytes()), &signing).unwrap_err();
    assert!(error.to_string().contains("encrypted for another"), "{error}");
    assert_eq!(open.facts().profile, ImageProfile::Oemurot);
}

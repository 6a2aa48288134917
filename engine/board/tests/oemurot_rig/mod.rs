//! A board with two boot stages on the bench of a test: provisioned through RSSLIB with the objects that ST published for
//! two stages, the second stage as it ships in STiRoT's download slot, images of the application made for the test.

use board::{Board, CoreRegister, NonVolatile, NorClip};
use chip::memory_map::XSPI1_WINDOW;
use chip::rsslib;
use chip::trace::{Check, Event, Stage, Stop, Subject, SubjectImage, SubjectPlace, TraceWord};
use formats::second_stage_layout::{ApplicationRun, SecondStageLayout};
use formats::{
    ImageForm, ImageHeader, ImageKeys, ImageSettings, PrivateKey, PublicKey, SecurityCounter, Tlv, TlvArea, TlvKind,
    Version, build_image,
};

use crate::boot_rom_rig::{Ended, Rig, VECTORS, factory};

pub const OEMUROT: &[u8] = include_bytes!("../../../../assets/firmware/oemurot.bin");
const IN_PLACE: &[u8] = include_bytes!("../../../../assets/firmware/appli_in_place.bin");
const INTERNAL_RAM: &[u8] = include_bytes!("../../../../assets/firmware/appli_internal_ram.bin");
const EXTERNAL_RAM: &[u8] = include_bytes!("../../../../assets/firmware/appli_external_ram.bin");

/// STiRoT's slots in ST's configuration for two stages.
pub const STIROT_DOWNLOAD: u32 = 0x9043_0000;
const STIROT_SLOT: u32 = 0x2_0000;

/// A file of ST's two-stage project.
pub fn vector(name: &str) -> Vec<u8> {
    let root = std::env::var_os(VECTORS).map_or_else(
        || std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        std::path::PathBuf::from,
    );
    let path = root.join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; {VECTORS} names ST's vectors", path.display()))
}

fn key(name: &str) -> Vec<u8> {
    vector(&format!("stirot_oemurot/Keys/{name}.pem"))
}

/// Version as "1.2.3" says it.
pub fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// How an image is made; what isn't said is as it should be.
pub struct Recipe {
    pub payload: Vec<u8>,
    pub version: Version,
    pub counter: SecurityCounter,
    pub signing: PrivateKey,
    pub encryption: Option<PublicKey>,
    pub slot_size: u32,
}

impl Recipe {
    pub fn new(payload: &[u8], text: &str, slot_size: u32) -> Self {
        Self {
            payload: payload.to_vec(),
            version: version(text),
            counter: SecurityCounter::FromVersion,
            signing: PrivateKey::from_pem(&key("OEMuROT_Authentication")).unwrap(),
            encryption: Some(PublicKey::from_pem(&key("OEMuROT_Encryption_Pub")).unwrap()),
            slot_size,
        }
    }

    /// The demo application, built for where it runs.
    pub fn demo(layout: &SecondStageLayout, text: &str) -> Self {
        Self::new(demo(layout.run), text, layout.application.slot_size)
    }

    /// The bytes of a whole slot.
    pub fn slot(&self) -> Vec<u8> {
        let settings = ImageSettings::oemurot(self.version, self.counter, self.slot_size);
        let keys = ImageKeys { signing: &self.signing, encryption: self.encryption.as_ref() };
        build_image(&self.payload, &settings, keys).unwrap().encode(ImageForm::Slot).unwrap()
    }
}

pub fn demo(run: ApplicationRun) -> &'static [u8] {
    match run {
        ApplicationRun::InPlace => IN_PLACE,
        ApplicationRun::InternalRam => INTERNAL_RAM,
        ApplicationRun::ExternalRam => EXTERNAL_RAM,
    }
}

/// The image that STiRoT takes of the second stage with a layout.
pub fn second_stage_image(layout: &SecondStageLayout, text: &str) -> Vec<u8> {
    let mut program = OEMUROT.to_vec();
    layout.replace_in(&mut program).unwrap();
    second_stage_image_of(&program, text)
}

/// The image that STiRoT takes of any program.
pub fn second_stage_image_of(program: &[u8], text: &str) -> Vec<u8> {
    let signing = PrivateKey::from_pem(&key("STiROT_Authentication")).unwrap();
    let encryption = PublicKey::from_pem(&key("STiROT_Encryption_pub")).unwrap();
    let settings = ImageSettings::stirot(version(text), SecurityCounter::FromVersion, STIROT_SLOT);
    let keys = ImageKeys { signing: &signing, encryption: Some(&encryption) };
    build_image(program, &settings, keys).unwrap().encode(ImageForm::Slot).unwrap()
}

/// A closed board with both stages' objects and loader, the second stage waiting in STiRoT's download slot, not booted.
pub fn closed(layout: &SecondStageLayout) -> NonVolatile {
    let objects = [
        "da/Binary/DA_Config.obk",
        "stirot_oemurot/Binary/STiROT_Config.obk",
        "stirot_oemurot/Binary/STiROT_Data.obk",
        "stirot_oemurot/Binary/OEMuROT_Config.obk",
        "stirot_oemurot/Binary/OEMuROT_Data.obk",
    ];
    closed_with(layout, &objects.map(vector))
}

/// As [`closed`], with other objects.
pub fn closed_with(layout: &SecondStageLayout, objects: &[Vec<u8>]) -> NonVolatile {
    let mut rig = Rig::new(factory());
    rig.halt();
    assert_eq!(rig.call(rsslib::SET_PRODUCT_STATE, &[0x17]), Ended::Reset);
    for object in objects {
        assert_eq!(rig.provision(object), Ended::Reset);
    }
    assert_eq!(rig.call(rsslib::SET_SEC_OB, &[0x5200_220C, 0xFF00_0000, 0xB4, 24]), Ended::Reset);
    assert_eq!(rig.call_once(rsslib::SET_PRODUCT_STATE, &[0x72]), Ended::Gone);
    let mut state = rig.board.snapshot();
    let loader = include_bytes!("../../../../assets/firmware/iloader.bin");
    state.user_flash[..loader.len()].copy_from_slice(loader);
    let mut rig = Rig::new(state);
    write(&mut rig.board, STIROT_DOWNLOAD, &second_stage_image(layout, "1.0.0"));
    rig.board.snapshot()
}

/// As [`closed`], with the second stage installed; no image of the application anywhere, and so nothing runs.
pub fn with_second_stage(layout: &SecondStageLayout) -> NonVolatile {
    let mut rig = Rig::new(closed(layout));
    rig.settle();
    assert!(rig.said(Stage::Oemurot, Event::Stopped, Stop::NoBootableImage as u16), "{:?}", rig.heard);
    rig.board.snapshot()
}

/// As [`with_second_stage`], with this application installed and started once.
pub fn with_application(layout: &SecondStageLayout, recipe: &Recipe) -> NonVolatile {
    let mut rig = Rig::new(with_second_stage(layout));
    write(&mut rig.board, layout.application.download, &recipe.slot());
    boot(&mut rig);
    assert!(started(&mut rig), "{:?}", rig.heard);
    rig.board.snapshot()
}

/// Puts bytes into the NOR, past the chip.
pub fn write(board: &mut Board, address: u32, bytes: &[u8]) {
    NorClip::new(board).write(address - XSPI1_WINDOW.start, bytes);
}

/// Bytes of the NOR, as they are stored.
pub fn stored(board: &mut Board, address: u32, size: u32) -> Vec<u8> {
    NorClip::new(board).read(address - XSPI1_WINDOW.start, size as usize)
}

/// Whether a slot is erased.
pub fn is_erased(board: &mut Board, address: u32, size: u32) -> bool {
    stored(board, address, size).iter().all(|byte| *byte == 0xFF)
}

/// Turns one bit in the NOR.
pub fn flip(board: &mut Board, address: u32) {
    let byte = stored(board, address, 1)[0];
    write(board, address, &[byte ^ 1]);
}

/// Resets the board, forgets what it said, and lets it boot until nothing more happens by itself.
pub fn boot(rig: &mut Rig) {
    rig.forget();
    rig.console();
    rig.board.reset(board::ResetCause::Pin);
    rig.settle();
}

/// Whether the second stage started the application.
pub fn started(rig: &mut Rig) -> bool {
    rig.said(Stage::Oemurot, Event::StartsApplication, 3)
}

/// What of an image was judged, in order, with the checks that failed.
pub fn judged(rig: &Rig) -> Vec<(Subject, Option<Check>)> {
    let mut judged: Vec<(Subject, Option<Check>)> = Vec::new();
    for TraceWord { stage, event, detail } in &rig.heard {
        match (stage, event) {
            (Stage::Oemurot, Event::Judges) => judged.push((Subject::decode(*detail).unwrap(), None)),
            (Stage::Oemurot, Event::Failed) => {
                if let Some((_, failed)) = judged.last_mut() {
                    *failed = Check::from_code(*detail as u8);
                }
            }
            _ => {}
        }
    }
    judged
}

pub const fn application(place: SubjectPlace) -> Subject {
    Subject { image: SubjectImage::Application, place }
}

pub const fn data(place: SubjectPlace) -> Subject {
    Subject { image: SubjectImage::Data, place }
}

/// The last stop that the second stage told.
pub fn stopped(rig: &Rig) -> Option<Stop> {
    let stops = |word: &&TraceWord| word.stage == Stage::Oemurot && word.event == Event::Stopped;
    rig.heard.iter().rev().find(stops).and_then(|word| Stop::from_code(word.detail as u8))
}

/// The layout with a data image in the studio's places.
pub fn with_data(run: ApplicationRun) -> SecondStageLayout {
    SecondStageLayout { data: Some(SecondStageLayout::default_data()), ..SecondStageLayout::for_run(run) }
}

/// Header of an image in a slot's bytes, changed and put back; nothing is signed anew.
pub fn change_header(slot: &mut [u8], change: impl FnOnce(&mut ImageHeader)) {
    let mut header = ImageHeader::decode(slot).unwrap();
    change(&mut header);
    slot[..ImageHeader::SIZE].copy_from_slice(&header.encode());
}

/// Where the value of an unprotected TLV lies in a slot's bytes.
pub fn tlv(slot: &[u8], kind: u16) -> usize {
    let header = ImageHeader::decode(slot).unwrap();
    let area = TlvArea::decode(slot, header.tlv_offset(), TlvKind::Unprotected).unwrap();
    area.only(kind).unwrap().unwrap().offset as usize + Tlv::HEAD_SIZE
}

/// A program of a few instructions: it does one access to `address` with the instruction `access` (r0 holds the address),
/// then stays at offset 0x44 of its code; a fault of the memory protection leaves it at 0x4C, any other at 0x50.
pub fn probe(code: u32, access: u16, address: u32) -> Vec<u8> {
    let mut words = vec![0x3000_7000, code + 0x41, code + 0x51, code + 0x51, code + 0x4D, code + 0x51, code + 0x51];
    words.resize(16, code + 0x51);
    words.extend([u32::from(access) << 16 | 0x4801, 0xBF00_E7FE, address, 0xBF00_E7FE, 0xBF00_E7FE]);
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// The access of a [`probe`].
pub const LOAD: u16 = 0x6801;
pub const STORE: u16 = 0x6001;
pub const JUMP: u16 = 0x4700;

/// Runs for a while, for programs that never sleep.
pub fn run_probe(rig: &mut Rig) -> u32 {
    rig.run_until(started);
    rig.run(100_000);
    rig.board.register(CoreRegister::Pc)
}

/// A board that stands where the second stage begins, and when it says how it ends.
pub fn at_the_second_stage(state: NonVolatile, last: Event) -> (Rig, u64) {
    let mut rig = Rig::new(state.clone());
    rig.settle();
    let (begins, ends) = (rig.moment(Stage::Oemurot, Event::SecondStageEntered), rig.moment(Stage::Oemurot, last));
    let mut rig = Rig::new(state);
    walk(&mut rig, begins);
    (rig, ends)
}

/// Runs to a moment.
pub fn walk(rig: &mut Rig, moment: u64) {
    while rig.board.now() < moment {
        rig.run(moment - rig.board.now());
    }
}

/// Moments between now and `ends`: a spread of the whole, and each of the last instructions.
pub fn moments(now: u64, ends: u64, spread: u64, last: u64) -> Vec<u64> {
    let stride = ((ends - now) / spread).max(1) as usize;
    (now + 1..ends - last).step_by(stride).chain(ends - last..ends + 20).collect()
}

//! Which commands a plan is in STM32CubeProgrammer's words, and in ST's order (`formats.md` §4.1). How a shell writes them
//! is not known here.

use std::ops::Range;
use std::path::{Path, PathBuf};

use chip::option_bytes::{self as ob, DebugAuthentication, obw1, obw2};
use chip::registers::FLASH;
use project::{ObkOutput, erase_sectors};

use super::{CredentialFiles, CubeFiles, FileCheck, refused};
use crate::capability::ObjectRole;
use crate::error::ProvisionError;
use crate::material::{Download, ImageRole, Material, SlotPair};
use crate::plan::{Action, Change, FinalState, Plan};
use crate::profile::BoardProfile;

/// Spans of STiROT_Config's file that hold no secret: what stands before and behind the private key (`formats.md` §1.5).
const CONFIGURATION_PUBLIC: [Range<usize>; 2] = [0x2C..0x6B, 0xB1..0x10C];
/// The same of OEMuROT_Config: the public key, and what fills the object behind the private one.
const SECOND_PUBLIC: [Range<usize>; 2] = [0x2C..0x87, 0xCD..0xEC];
/// The NOR of ST's discovery kit, for which STM32CubeProgrammer brings a loader that works beside a root of trust.
const KIT_NOR: &str = "MX66UW1G45G";
/// That loader's name (ST's `env.sh`).
const KIT_LOADER: &str = "MX66UW1G45G_STM32H7S78-DK_XSPIM1-SFIx.stldr";

/// How the tool is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// By access port 1, without a reset.
    HotPlug,
    /// By access port 1, under reset.
    UnderReset,
    /// By the mailbox.
    Mailbox,
    /// By the bootloader, over the console's port, with the external loader.
    Uart,
}

/// One word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// As it stands.
    Plain(String),
    /// A file, by its path.
    File(PathBuf),
    /// `name=` and a file.
    Named(&'static str, PathBuf),
}

/// What a command's status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Whether it was done.
    Done,
    /// Nothing: the command loses the link, or it may be done already. What follows proves it.
    Unproved,
    /// That it was refused, which it has to be.
    Refused,
    /// Whether the board answered, which a LOCKED one need not.
    Told,
}

/// One thing that the script does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// Runs the tool.
    Run { title: String, connection: Connection, words: Vec<Word>, status: Status },
    /// Stops until a person says that the way back was tried.
    AskForWayBack,
    /// Tells what the tool can't do.
    Tell(String),
}

/// A script before it is text.
pub(super) struct Script {
    pub(super) project: String,
    pub(super) plan: String,
    pub(super) final_state: FinalState,
    pub(super) profile: String,
    pub(super) sample_keys: Vec<String>,
    /// Name of the tool's loader for the NOR; none when it brings none that is known.
    pub(super) external_loader: Option<&'static str>,
    pub(super) checks: Vec<FileCheck>,
    /// In ST's order.
    pub(super) items: Vec<Item>,
    /// What tries the way back and ends in OPEN; empty for LOCKED.
    pub(super) way_back: Vec<Item>,
}

/// Places in ST's order: the numbers of `formats.md` §4.1, a hundred apart; what two boot stages add is between them.
mod place {
    pub(super) const BEFORE: u16 = 50;
    pub(super) const SHARES: u16 = 100;
    pub(super) const PROVISIONING: u16 = 200;
    pub(super) const AUTHENTICATION: u16 = 300;
    pub(super) const DISCOVERY: u16 = 310;
    pub(super) const WAY_BACK: u16 = 320;
    pub(super) const CONFIGURATION: u16 = 400;
    pub(super) const DATA: u16 = 500;
    pub(super) const SECOND_CONFIGURATION: u16 = 520;
    pub(super) const SECOND_DATA: u16 = 540;
    pub(super) const WRITE_PROTECTION_OFF: u16 = 600;
    pub(super) const HIDDEN_AREA_OFF: u16 = 700;
    pub(super) const SPEED: u16 = 800;
    pub(super) const ERASE_USER_FLASH: u16 = 900;
    pub(super) const ERASE_NOR: u16 = 1000;
    pub(super) const ECC: u16 = 1100;
    pub(super) const LOADER: u16 = 1200;
    pub(super) const WRITE_PROTECTION: u16 = 1300;
    pub(super) const IMAGE: u16 = 1400;
    pub(super) const ROOT_OF_TRUST: u16 = 1500;
    pub(super) const MEMORY_SEARCH: u16 = 1550;
    pub(super) const FINAL_STATE: u16 = 1600;
    pub(super) const PROOF: u16 = 1700;
    pub(super) const APPLICATION: u16 = 1800;
}

impl Script {
    pub(super) fn of(plan: &Plan, material: &Material<'_>, files: &CubeFiles) -> Result<Self, ProvisionError> {
        let mut list = List { placed: Vec::new(), plan, material, files };
        for step in &plan.steps {
            list.add(&step.action)?;
        }
        list.placed.sort_by_key(|(place, _)| *place);
        let way_back = match plan.final_state {
            FinalState::Closed => way_back(&list.placed, files.credential.as_ref()),
            FinalState::Locked => Vec::new(),
        };
        let whole = |object: &ObkOutput| FileCheck::whole(&object.path, &object.obk.encode());
        let mut checks = vec![
            match material.debug_authentication.obk.destination.method() {
                Some(DebugAuthentication::Certificate | DebugAuthentication::Locked) => {
                    whole(material.debug_authentication)
                }
                // A digest of the object would help to guess the password.
                _ => FileCheck::object(material.debug_authentication, None),
            },
            FileCheck::object(material.configuration, Some(&CONFIGURATION_PUBLIC)),
            whole(material.data),
        ];
        if let Some(second) = &material.second {
            checks.push(FileCheck::object(second.configuration, Some(&SECOND_PUBLIC)));
            checks.push(whole(second.data));
        }
        checks.push(FileCheck::whole(&files.loader, plan.loader()));
        for (_, image) in material.images() {
            if let Download::Project(image) = image {
                checks.push(FileCheck::on_disk(&image.path)?);
            }
        }
        if let (FinalState::Closed, Some(credential)) = (plan.final_state, &files.credential) {
            checks.extend(FileCheck::credential(credential)?);
        }
        let kit = BoardProfile::named(&plan.profile).is_some_and(|profile| profile.nor == KIT_NOR);
        Ok(Self {
            project: plan.project.clone(),
            plan: plan.hash_text(),
            final_state: plan.final_state,
            profile: plan.profile.clone(),
            sample_keys: plan.sample_keys.clone(),
            external_loader: kit.then_some(KIT_LOADER),
            checks,
            items: list.placed.into_iter().map(|(_, item)| item).collect(),
            way_back,
        })
    }
}

struct List<'a> {
    placed: Vec<(u16, Item)>,
    plan: &'a Plan,
    material: &'a Material<'a>,
    files: &'a CubeFiles,
}

impl List<'_> {
    /// The commands for one step. Every action has its place here, so that a new one can't be left out unseen.
    fn add(&mut self, action: &Action) -> Result<(), ProvisionError> {
        match action {
            Action::Survey => self.hot(place::BEFORE, "look whether the board answers", vec![]),
            Action::MemoryOptions { obw1, obw2 } => self.memory_options(*obw1, *obw2),
            Action::ExternalFlash { slots, .. } => self.external_flash(slots)?,
            Action::ToProvisioning => {
                self.hot(place::PROVISIONING, "climb to PROVISIONING", plain(&["-psrss", "0x17"]));
            }
            Action::Store(role) => self.store(*role)?,
            Action::Discover => self.discover(),
            // The studio proves it by the board's own word, or by password by a regression at the beginning; the tool
            // can do the second only, and as a run of its own.
            Action::ProveWayBack => self.placed.push((place::WAY_BACK, Item::AskForWayBack)),
            Action::Qualify { .. } => self.tell(
                place::BEFORE,
                "A password leads back by a regression only: this plan begins with one, which this script does as way-back.",
            ),
            Action::ProtectionsOff => self.protections_off(),
            Action::Loader { address } => self.loader(*address),
            Action::ProtectLoader { wrp } => {
                self.reset(place::WRITE_PROTECTION);
                let words = set_option(FLASH + ob::WRPSRP, ob::WRP_NONE, *wrp, 0);
                self.hot(place::WRITE_PROTECTION, "write-protect the iLoader", words);
                self.reset(place::WRITE_PROTECTION);
            }
            Action::SelectRootOfTrust => {
                let shift = ob::IROT_SELECT_SHIFT;
                let words = set_option(FLASH + ob::ROTSRP, 0xFF << shift, u32::from(ob::IROT_SELECT_ST), shift);
                self.hot(place::ROOT_OF_TRUST, "select ST's root of trust", words);
            }
            Action::SearchMemory => self.tell(
                place::MEMORY_SEARCH,
                "Not searched by this script: whether a key stayed in the chip's memory. The studio does that.",
            ),
            Action::ToFinalState => self.final_state(),
            Action::ProveClosed => self.prove(),
            Action::WatchApplication | Action::WatchTrial(_) => self.tell(
                place::APPLICATION,
                "Now press the board's reset button and watch its console: the application's banner is the last proof.",
            ),
        }
        Ok(())
    }

    fn push(&mut self, place: u16, title: &str, connection: Connection, words: Vec<Word>, status: Status) {
        self.placed.push((place, Item::Run { title: title.into(), connection, words, status }));
    }

    fn hot(&mut self, place: u16, title: &str, words: Vec<Word>) {
        self.push(place, title, Connection::HotPlug, words, Status::Done);
    }

    fn reset(&mut self, place: u16) {
        self.push(place, "reset the board", Connection::UnderReset, Vec::new(), Status::Done);
    }

    fn tell(&mut self, place: u16, text: &str) {
        self.placed.push((place, Item::Tell(text.into())));
    }

    fn memory_options(&mut self, obw1_change: Change, obw2_change: Change) {
        let share = |mask: u32| (obw2_change.value & mask) >> mask.trailing_zeros();
        let words = vec![
            Word::Plain("-ob".into()),
            Word::Plain(format!("DTCM_AXI_SHARE={}", share(obw2::DTCM_AXI_SHARE_MASK))),
            Word::Plain(format!("ITCM_AXI_SHARE={}", share(obw2::ITCM_AXI_SHARE_MASK))),
        ];
        self.hot(place::SHARES, "give the TCMs back their size", words);
        for (name, bit) in [("XSPI1_HSLV", obw1::XSPI1_HSLV), ("XSPI2_HSLV", obw1::XSPI2_HSLV)] {
            let value = u32::from(obw1_change.value & bit != 0);
            self.hot(
                place::SPEED,
                "set the speed option of the XSPI pads",
                plain(&["-ob", &format!("{name}={value}")]),
            );
        }
        let ecc = u32::from(obw2_change.value & obw2::ECC_ON_SRAM != 0);
        self.hot(place::ECC, "set ECC of the SRAM", plain(&["-ob", &format!("ECC_ON_SRAM={ecc}")]));
    }

    fn external_flash(&mut self, slots: &[SlotPair]) -> Result<(), ProvisionError> {
        let images = self.material.images();
        let of = |role: ImageRole| if images.len() == 1 { String::new() } else { format!(" of the {}", role.name()) };
        let mut commands = Vec::new();
        for ((role, _), slots) in images.iter().zip(slots) {
            for (name, slot) in [("installation", slots.installation), ("download", slots.download)] {
                let sectors = erase_sectors(slot).ok_or_else(|| {
                    refused(format!("the {name} slot{} is not in one window of the external flash", of(*role)))
                })?;
                let (first, last) = (sectors.start(), sectors.end());
                let words = plain(&["-e", &format!("[{first}"), &format!("{last}]")]);
                commands.push((
                    place::ERASE_NOR,
                    format!("erase the {name} slot{} at {:#010x}", of(*role), slot.start),
                    words,
                ));
            }
        }
        for (role, image) in &images {
            let Download::Project(image) = image else {
                return Err(refused("an image under trial is for a virtual board alone"));
            };
            let mut words = vec![Word::Plain("-d".into()), Word::File(image.path.clone())];
            if !is_hex(&image.path) {
                words.push(Word::Plain(format!("{:#010x}", image.address)));
            }
            words.push(Word::Plain("--verify".into()));
            let what = if images.len() == 1 { "image" } else { role.name() };
            let title = format!("write {what} {} into the download slot at {:#010x}", image.version, image.address);
            commands.push((place::IMAGE, title, words));
        }
        for (place, title, words) in commands {
            self.push(place, &title, Connection::Uart, words, Status::Done);
        }
        Ok(())
    }

    fn store(&mut self, role: ObjectRole) -> Result<(), ProvisionError> {
        let place = match role {
            ObjectRole::DebugAuthentication => place::AUTHENTICATION,
            ObjectRole::Configuration => place::CONFIGURATION,
            ObjectRole::Data => place::DATA,
            ObjectRole::SecondConfiguration => place::SECOND_CONFIGURATION,
            ObjectRole::SecondData => place::SECOND_DATA,
        };
        let object = self.material.object(role).ok_or_else(|| refused("the plan stores an object that there isn't"))?;
        let title = format!("store {}", object.name);
        let words = vec![Word::Plain("-sdp".into()), Word::File(object.path.clone())];
        // ST's scripts connect once more before each object.
        self.hot(place, "connect again", Vec::new());
        self.hot(place, &title, words);
        Ok(())
    }

    fn discover(&mut self) {
        self.push(place::DISCOVERY, "ask the mailbox", Connection::Mailbox, plain(&["debugauth=2"]), Status::Done);
    }

    fn protections_off(&mut self) {
        self.reset(place::WRITE_PROTECTION_OFF);
        let words = set_option(FLASH + ob::WRPSRP, ob::WRP_NONE, ob::WRP_NONE, 0);
        self.hot(place::WRITE_PROTECTION_OFF, "switch write protection off", words);
        self.reset(place::HIDDEN_AREA_OFF);
        // HDPSRP; a script of ST's writes HDPSR, which only tells.
        let words = set_option(FLASH + ob::HDPSRP, ob::HDP_MASK, ob::HDP_DISABLED, 0);
        self.hot(place::HIDDEN_AREA_OFF, "switch the hidden area off", words);
    }

    fn loader(&mut self, address: u32) {
        self.reset(place::ERASE_USER_FLASH);
        self.hot(place::ERASE_USER_FLASH, "erase user flash", plain(&["-e", "all"]));
        let words = vec![
            Word::Plain("-d".into()),
            Word::File(self.files.loader.clone()),
            Word::Plain(format!("{address:#010x}")),
            Word::Plain("--verify".into()),
        ];
        self.hot(place::LOADER, "write the iLoader", words);
    }

    fn final_state(&mut self) {
        let (title, code) = match self.plan.final_state {
            FinalState::Closed => ("climb to CLOSED", "0x72"),
            FinalState::Locked => ("climb to LOCKED", "0x5C"),
        };
        self.reset(place::FINAL_STATE);
        let words = plain(&["-psrss", code]);
        self.push(place::FINAL_STATE, title, Connection::HotPlug, words, Status::Unproved);
    }

    fn prove(&mut self) {
        let title = format!("connect to the core, which {} must refuse", self.plan.final_state);
        self.push(place::PROOF, &title, Connection::HotPlug, Vec::new(), Status::Refused);
        let status = match self.plan.final_state {
            FinalState::Closed => Status::Done,
            FinalState::Locked => Status::Told,
        };
        let title = format!("ask the mailbox: it must name {}", self.plan.final_state);
        self.push(place::PROOF, &title, Connection::Mailbox, plain(&["debugauth=2"]), status);
    }
}

/// The way up to the stored object, and down again by the credential.
fn way_back(placed: &[(u16, Item)], credential: Option<&CredentialFiles>) -> Vec<Item> {
    let before = placed.iter().filter(|(place, _)| *place < place::WAY_BACK);
    let mut items: Vec<Item> = before
        .map(|(place, item)| match item.clone() {
            // A run that stopped left the board in PROVISIONING; that the object can be stored is what proves it.
            Item::Run { title, connection, words, .. } if *place == place::PROVISIONING => {
                Item::Run { title, connection, words, status: Status::Unproved }
            }
            item => item,
        })
        .collect();
    let words = match credential {
        Some(CredentialFiles::Certificate { leaf_key, chain }) => vec![
            Word::Plain("speed=fast".into()),
            Word::Plain("per=a".into()),
            Word::Named("key=", leaf_key.clone()),
            Word::Named("cert=", chain.clone()),
            Word::Plain("debugauth=1".into()),
        ],
        Some(CredentialFiles::Password { file }) => {
            vec![Word::Named("pwd=", file.clone()), Word::Plain("debugauth=1".into())]
        }
        None => return Vec::new(),
    };
    let title = "full regression with the credential".to_owned();
    items.push(Item::Run { title, connection: Connection::Mailbox, words, status: Status::Done });
    let title = "look whether the core is in reach again".to_owned();
    items.push(Item::Run { title, connection: Connection::HotPlug, words: Vec::new(), status: Status::Done });
    items
}

fn plain(words: &[&str]) -> Vec<Word> {
    words.iter().map(|word| Word::Plain((*word).to_owned())).collect()
}

/// An option word through RSSLIB: address, mask, value, position. The value is shifted by the tool.
fn set_option(address: u32, mask: u32, value: u32, position: u32) -> Vec<Word> {
    plain(&[
        "-obrss",
        &format!("{address:#010x}"),
        &format!("{mask:#010x}"),
        &format!("{value:#x}"),
        &format!("{position:#04x}"),
    ])
}

fn is_hex(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("hex"))
}

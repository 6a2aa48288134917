//! The steps of a plan: what each writes, where and why, what proves it.
//!
//! The order is ST's (`formats.md` §4.1, §4.2), its script defects mended, with one change: what can be done and read back
//! in OPEN is done there.

use chip::memory_map::USER_FLASH;
use chip::option_bytes::{DebugAuthentication, WRP_NONE, obw1, obw2};
use project::grouped;

use super::checks::Layout;
use super::{Action, BootStages, Change, FinalState, Step, StepId, Undo};
use crate::capability::ObjectRole;
use crate::material::{Material, erased};
use crate::profile::{BoardProfile, XspiSupply};

fn memory_options(layout: &Layout, profile: &BoardProfile) -> (Change, Change, String) {
    let speed = obw1::XSPI1_HSLV | obw1::XSPI2_HSLV;
    let (obw1, speed_text) = match profile.xspi_supply {
        XspiSupply::Low => (Change { mask: speed, value: speed }, "HSLV 1 (1.8 V)"),
        XspiSupply::High => (Change { mask: speed, value: 0 }, "HSLV 0 (3.3 V)"),
    };
    let ecc = if layout.sram_ecc { obw2::ECC_ON_SRAM } else { 0 };
    let obw2 = Change { mask: obw2::ITCM_AXI_SHARE_MASK | obw2::DTCM_AXI_SHARE_MASK | obw2::ECC_ON_SRAM, value: ecc };
    let text = format!("TCM shares 0, ECC {}, {speed_text}", u8::from(layout.sram_ecc));
    (obw1, obw2, text)
}

#[expect(clippy::too_many_lines, reason = "a table of twenty steps reads best in one piece")]
pub(super) fn steps(
    material: &Material<'_>,
    layout: &Layout,
    loader: &[u8],
    final_state: FinalState,
    profile: &BoardProfile,
) -> Vec<Step> {
    let (obw1, obw2, options_text) = memory_options(layout, profile);
    let slots = material.slots(layout.slots);
    let wrp = u32::from(project::loader::write_protection(layout.loader));
    // The debug-authentication object comes first.
    let objects = match material.stages() {
        BootStages::One => "three",
        BootStages::Two => "five",
    };
    let mut steps = Vec::with_capacity(StepId::ALL.len());
    let mut step = |id, title: &str, what: String, proof: &str, why: &str, undo, bytes: u64, action| {
        steps.push(Step { id, title: title.into(), what, proof: proof.into(), why: why.into(), undo, bytes, action });
    };
    let object = |object: &project::ObkOutput| {
        (
            format!(
                "{} · HDPL {} · index {}",
                object.name,
                object.obk.destination.hdpl(),
                object.obk.destination.index()
            ),
            object.obk.body.len() as u64,
        )
    };

    step(
        StepId::Survey,
        "Measure the board",
        "identity, supply, product state".into(),
        "0x485 in OPEN, or where a run broke off",
        "nothing is written to a board that the plan does not fit",
        Undo::Nothing,
        0,
        Action::Survey,
    );
    let method = material.debug_authentication.obk.destination.method();
    if final_state == FinalState::Closed && method == Some(DebugAuthentication::Password) {
        step(
            StepId::Qualification,
            "Go the way back once",
            "PROVISIONING, the password's object, a full regression".into(),
            "the board is in OPEN again",
            "a password permits a regression only, so that nothing less proves it; done first, nothing is erased twice",
            Undo::ByRegression,
            material.debug_authentication.obk.body.len() as u64,
            Action::Qualify { obw1, obw2 },
        );
    }
    step(
        StepId::MemoryOptions,
        "Set the memories' option bytes",
        options_text,
        "read back after a reset",
        "STiRoT and the iLoader expect whole TCMs; the NOR's pads need their speed option before the NOR is written",
        Undo::Reversible,
        8,
        Action::MemoryOptions { obw1, obw2 },
    );
    let written = material.images().into_iter().zip(&slots);
    let written =
        written.map(|((role, image), slots)| format!("{} · {}", grouped(slots.download.start), image.called(role)));
    step(
        StepId::ExternalFlash,
        "Write the external flash",
        format!("NOR {}", written.collect::<Vec<_>>().join("; NOR ")),
        "every slot read back, option bytes unchanged",
        "a boot stage installs what lies in its download slot; the installation slot is erased for it, and in OPEN both can be read back",
        Undo::Reversible,
        slots
            .iter()
            .flat_map(|slots| [slots.download, slots.installation])
            .map(|slot| u64::from(erased(slot).size))
            .sum(),
        Action::ExternalFlash { slots, algorithm: profile.nor_algorithm.clone().unwrap_or_default() },
    );
    step(
        StepId::Provisioning,
        "Climb to PROVISIONING",
        "SetProductState 0x17".into(),
        "option bytes read back",
        "objects can be stored in this state only; user code does not run in it",
        Undo::ByRegression,
        0,
        Action::ToProvisioning,
    );
    let (what, bytes) = object(material.debug_authentication);
    step(
        StepId::DebugAuthentication,
        "Store the debug-authentication object",
        what,
        "acknowledged; buffer wiped and read back",
        "it is the way back, so it comes before everything that needs one",
        if final_state == FinalState::Locked { Undo::Never } else { Undo::ByRegression },
        bytes,
        Action::Store(ObjectRole::DebugAuthentication),
    );
    step(
        StepId::Discovery,
        "Ask the mailbox",
        "discovery on access port 0".into(),
        "the ROM answers and names PROVISIONING",
        "a board that does not answer here would not answer once it is closed",
        Undo::Nothing,
        0,
        Action::Discover,
    );
    if final_state == FinalState::Closed {
        let (what, proof) = if method == Some(DebugAuthentication::Password) {
            (
                "the object that the regression led back from".to_owned(),
                "this board went back by it in this run; the password is in the wallet",
            )
        } else {
            (
                "certificates and a token for opening debug".to_owned(),
                "this board accepts them, twice; the credential is in the wallet",
            )
        };
        step(
            StepId::WayBack,
            "Prove the way back",
            what,
            proof,
            "a board whose way back was never tried is lost when it fails; here a regression still helps",
            Undo::Nothing,
            0,
            Action::ProveWayBack,
        );
    }
    let (what, bytes) = object(material.configuration);
    step(
        StepId::Configuration,
        "Store STiROT_Config",
        what,
        "acknowledged; buffer wiped and read back",
        "STiRoT's keys and layout; it holds the private decryption key",
        Undo::ByRegression,
        bytes,
        Action::Store(ObjectRole::Configuration),
    );
    let (what, bytes) = object(material.data);
    step(
        StepId::Data,
        "Store STiROT_Data",
        what,
        "acknowledged; buffer wiped and read back",
        "STiRoT keeps its security counter there",
        Undo::ByRegression,
        bytes,
        Action::Store(ObjectRole::Data),
    );
    if let Some(second) = &material.second {
        let (what, bytes) = object(second.configuration);
        step(
            StepId::SecondConfiguration,
            "Store OEMuROT_Config",
            what,
            "acknowledged; buffer wiped and read back",
            "the second stage's keys: the public one that its images are signed with, the private one that opens them",
            Undo::ByRegression,
            bytes,
            Action::Store(ObjectRole::SecondConfiguration),
        );
        let (what, bytes) = object(second.data);
        step(
            StepId::SecondData,
            "Store OEMuROT_Data",
            what,
            "acknowledged; buffer wiped and read back",
            "the second stage keeps its security counters and hash references there",
            Undo::ByRegression,
            bytes,
            Action::Store(ObjectRole::SecondData),
        );
    }
    step(
        StepId::ProtectionsOff,
        "Switch protections off",
        "WRP 0xFF, hidden area off".into(),
        "option bytes read back",
        "the user flash must be writable for the iLoader",
        Undo::Reversible,
        0,
        Action::ProtectionsOff,
    );
    step(
        StepId::Loader,
        "Write the iLoader",
        format!("{} · {} bytes", grouped(layout.loader.start), loader.len()),
        "user flash read back, byte for byte",
        "STiRoT never touches the external flash itself; the iLoader does it for STiRoT",
        Undo::Reversible,
        u64::from(USER_FLASH.size) + loader.len() as u64,
        Action::Loader { address: layout.loader.start },
    );
    step(
        StepId::LoaderProtection,
        "Write-protect the iLoader",
        format!("WRP {wrp:#04X}: {} sectors", (!wrp & WRP_NONE).count_ones()),
        "option bytes read back",
        "an application must not be able to change the loader",
        Undo::ByRegression,
        0,
        Action::ProtectLoader { wrp },
    );
    step(
        StepId::RootOfTrust,
        "Select ST's root of trust",
        "IROT_SELECT 0xB4".into(),
        "option bytes read back",
        "a closed board starts STiRoT and nothing else",
        Undo::ByRegression,
        0,
        Action::SelectRootOfTrust,
    );
    step(
        StepId::MemorySearch,
        "Search the RAM for keys",
        "every RAM of the chip".into(),
        "no private key and no image key is found",
        "a key left in RAM could be read by the next program that runs",
        Undo::Nothing,
        0,
        Action::SearchMemory,
    );
    step(
        StepId::FinalState,
        &format!("Climb to {final_state}"),
        match final_state {
            FinalState::Closed => "SetProductState 0x72".into(),
            FinalState::Locked => "SetProductState 0x5C".into(),
        },
        "the chip shuts the core's access port",
        &match final_state {
            FinalState::Closed => {
                format!(
                    "only after the chip acknowledged all {objects} objects in this run, and the way back was proved"
                )
            }
            FinalState::Locked => {
                format!("only after the chip acknowledged all {objects} objects in this run, by a person's consent")
            }
        },
        if final_state == FinalState::Locked { Undo::Never } else { Undo::ByRegression },
        0,
        Action::ToFinalState,
    );
    step(
        StepId::ClosedProof,
        &format!("Prove {final_state}"),
        "access port 1 and the mailbox".into(),
        &match final_state {
            FinalState::Closed => "port 1 refuses, discovery names CLOSED".to_owned(),
            FinalState::Locked => "port 1 refuses; the mailbox names LOCKED or is silent".to_owned(),
        },
        "the last call loses the link, so that its answer proves nothing",
        Undo::Nothing,
        0,
        Action::ProveClosed,
    );
    let (title, proof, why, action) = match material.tried_by() {
        None => (
            "Watch the application start".to_owned(),
            format!("its banner, with version {}", material.application().version().unwrap_or_default()),
            "the board is done when its application talks",
            Action::WatchApplication,
        ),
        Some(by) => (
            format!("Watch {} decide", by.name()),
            format!("the words that {} leaves in the trace", by.name()),
            "whether the image is taken is what the trial is for",
            Action::WatchTrial(by),
        ),
    };
    step(StepId::Application, &title, profile.console.clone(), &proof, why, Undo::Nothing, 0, action);
    steps
}

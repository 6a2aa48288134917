//! Why a plan can't be made. Everything that would lose a board or leave it without an application is found here,
//! before a board is touched.

use chip::loader::IMAGE_MAGIC;
use chip::memory_map::{DTCM, Region, SLOT_ALIGNMENT, USER_FLASH, USER_FLASH_SECTOR_SIZE};
use chip::obk::Destination;
use chip::option_bytes::DebugAuthentication;
use chip::product_state::ProductState;
use formats::Encryption;
use project::{Finding, ImageOutput, Project, Severity};

use super::{FinalState, second_stage};
use crate::material::{Download, ImageRole, Material, SlotPair, erased};
use crate::profile::BoardProfile;
use crate::way_back::credential_for;

/// One reason why a plan can't be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The rule that says so.
    pub rule: String,
    /// What is wrong, and where.
    pub text: String,
    /// What to do.
    pub help: String,
}

/// A plan can't be made. Every reason is listed, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no plan: {}", reasons.iter().map(|reason| reason.text.as_str()).collect::<Vec<_>>().join("; "))]
pub struct PlanRefusal {
    /// Why.
    pub reasons: Vec<Reason>,
}

impl PlanRefusal {
    /// What to do about it, one line a reason.
    pub fn help(&self) -> String {
        self.reasons.iter().map(|reason| reason.help.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// What a plan needs to know of a project's layout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// STiRoT's slots.
    pub(super) slots: SlotPair,
    /// What STiRoT fills in RAM.
    pub(super) firmware: Region,
    pub(super) loader: Region,
    pub(super) minimum_state: ProductState,
    pub(super) sram_ecc: bool,
}

/// Everything that stands against a plan.
pub(super) fn reasons(
    project: &Project,
    material: &Material<'_>,
    loader: &[u8],
    layout: &Layout,
    final_state: FinalState,
    profile: &BoardProfile,
) -> Vec<Reason> {
    let mut reasons = if material.tried_by().is_some() {
        // What the rules say of the project's own image is beside the point; making the objects asked the others.
        Vec::new()
    } else {
        broken_rules(project.check_for(final_state.target()))
    };
    let known: Vec<String> = reasons.iter().map(|reason| reason.rule.clone()).collect();
    let of_state = state_reasons(material, layout, final_state);
    reasons.extend(of_state.into_iter().filter(|reason| !known.contains(&reason.rule)));
    reasons.extend(object_reasons(material));
    // A reason without which no credential could fit is told alone.
    if reasons.is_empty() && final_state == FinalState::Closed {
        reasons.extend(way_back_reason(project, material));
    }
    for ((role, image), slots) in material.images().into_iter().zip(material.slots(layout.slots)) {
        match image {
            Download::Project(output) => {
                reasons.extend(image_reasons(output, expected_magic(material, role), slots.download))
            }
            Download::Trial { content, .. } => reasons.extend(trial_reasons(content, slots.download)),
        }
    }
    let slots = slot_reasons(material, layout, profile);
    // What lies outside or upon another can't be looked into any further.
    let lie_well = slots.is_empty();
    reasons.extend(slots);
    if lie_well {
        reasons.extend(second_stage::reasons(material, layout));
    }
    reasons.extend(loader_reasons(loader, layout));
    reasons
}

/// The findings that forbid a plan.
fn broken_rules(findings: Vec<Finding>) -> Vec<Reason> {
    let errors = findings.into_iter().filter(|finding| finding.severity == Severity::Error);
    errors
        .map(|finding| Reason { rule: finding.id.to_string(), text: finding.to_string(), help: finding.help })
        .collect()
}

impl PlanRefusal {
    /// From the rules that a project breaks.
    pub(crate) fn from_findings(findings: Vec<Finding>) -> Self {
        Self { reasons: broken_rules(findings) }
    }
}

pub(super) fn reason(rule: &str, text: impl Into<String>, help: impl Into<String>) -> Reason {
    Reason { rule: rule.into(), text: text.into(), help: help.into() }
}

/// The final state against the configured minimum and the debug-authentication object.
fn state_reasons(material: &Material<'_>, layout: &Layout, final_state: FinalState) -> Vec<Reason> {
    let mut found = Vec::new();
    let state = final_state.product_state();
    if state.rank() < layout.minimum_state.rank() {
        found.push(reason(
            "R19",
            format!(
                "the configuration demands {} at least, and the plan ends in {state}: no application would ever start",
                layout.minimum_state
            ),
            format!("set “Product state minimal allowed” to {state}, or choose another final state"),
        ));
    }
    let method = material.debug_authentication.obk.destination.method();
    let name = &material.debug_authentication.name;
    match (final_state, method) {
        (FinalState::Closed, Some(DebugAuthentication::Certificate | DebugAuthentication::Password))
        | (FinalState::Locked, Some(DebugAuthentication::Locked)) => {}
        (FinalState::Closed, Some(DebugAuthentication::Locked)) => found.push(reason(
            "lock",
            format!("{name} locks the board for good, and the plan is to CLOSED: the board would be LOCKED"),
            "choose the certificate's or the password's object",
        )),
        (FinalState::Locked, _) => found.push(reason(
            "lock",
            format!("LOCKED needs the object that locks, and {name} is another"),
            "choose the lock object for LOCKED, or CLOSED as the final state",
        )),
        (FinalState::Closed, _) => found.push(reason(
            "R16",
            format!("{name} is no debug-authentication object: the board could never be opened again"),
            "choose the certificate's or the password's object",
        )),
    }
    found
}

/// Whether the credential opens the object: a plan that nothing leads back from isn't made.
fn way_back_reason(project: &Project, material: &Material<'_>) -> Option<Reason> {
    let object = &material.debug_authentication.obk;
    if material.tried_by().is_some() {
        // A trial has a credential of its own, made together with the object.
        return None;
    }
    let problem = credential_for(project, object).err()?;
    Some(reason("way back", problem.to_string(), problem.help()))
}

/// Destinations, sizes and flags of the objects, as this chip takes them (`formats.md` §1.3).
fn object_reasons(material: &Material<'_>) -> Vec<Reason> {
    let mut found = Vec::new();
    let authentication = material.debug_authentication;
    let authentication_size = if authentication.obk.destination == Destination::DA_LOCK { 0x20 } else { 0x60 };
    let mut expected = vec![
        (authentication, None, authentication_size),
        (material.configuration, Some(Destination::STIROT_CONFIG), 0x100),
        (material.data, Some(Destination::STIROT_DATA), 0xC0),
    ];
    if let Some(second) = &material.second {
        expected.push((second.configuration, Some(Destination::OEMUROT_CONFIG), 0xE0));
        expected.push((second.data, Some(Destination::OEMUROT_DATA), 0xC0));
    }
    for (object, destination, size) in expected {
        let name = &object.name;
        let obk = &object.obk;
        if let Some(destination) = destination
            && obk.destination != destination
        {
            found.push(reason(
                "object",
                format!("{name} is for {:#010x}, not for {:#010x}", obk.destination.0, destination.0),
                "build the object again from its configuration file; objects of other families don't fit",
            ));
        }
        if obk.body.len() != size {
            found.push(reason(
                "object",
                format!("{name} has {} bytes, this chip takes {size}", obk.body.len()),
                "build the object again from its configuration file; objects of other families don't fit",
            ));
        }
        if obk.encryption != Encryption::Encrypted {
            found.push(reason(
                "object",
                format!("{name} asks the chip not to encrypt it (flag {})", obk.encryption.word()),
                "set DoEncryption to 1: on a sister chip a wrong flag is accepted and the board is lost",
            ));
        }
    }
    found
}

/// Whether what is to be tried can be put into the slot at all.
fn trial_reasons(content: &[u8], slot: Region) -> Option<Reason> {
    (content.len() > slot.size as usize).then(|| {
        reason(
            "image",
            format!("{} bytes are to be tried, and the download slot has {}", content.len(), slot.size),
            "try an image that fits the slot, or make the project's firmware area larger",
        )
    })
}

/// Who installs an image, and the magic that it looks for.
fn expected_magic(material: &Material<'_>, role: ImageRole) -> (&'static str, u32) {
    match (role, &material.second) {
        (ImageRole::Application | ImageRole::Data, Some(_)) => ("OEMuRoT", second_stage::IMAGE_MAGIC),
        _ => ("STiRoT", IMAGE_MAGIC),
    }
}

fn image_reasons(image: &ImageOutput, (stage, expected): (&str, u32), slot: Region) -> Vec<Reason> {
    let mut found = Vec::new();
    let magic = image.bytes.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
    if magic != Some(expected) {
        found.push(reason(
            "image",
            format!("{} is no image for {stage}: its magic is not {expected:#010x}", image.path.display()),
            "sign it first, with the settings of the stage that installs it; an unsigned binary can't be installed",
        ));
    }
    if image.bytes.len() > slot.size as usize {
        found.push(reason(
            "image",
            format!("the image {} has {} bytes, its slot {}", image.path.display(), image.bytes.len(), slot.size),
            "make the slot larger, or the program smaller",
        ));
    }
    if image.address != slot.start {
        found.push(reason(
            "image",
            format!(
                "the image {} is for {:#010x}, the download slot is at {:#010x}",
                image.path.display(),
                image.address,
                slot.start
            ),
            "build the image again: its address comes from the configuration",
        ));
    }
    found
}

/// Every slot with its name: STiRoT's, and of two boot stages the second's.
fn named_slots(material: &Material<'_>, layout: &Layout) -> Vec<(String, Region)> {
    let owner = |role| match (role, &material.second) {
        (_, None) => "",
        (ImageRole::SecondStage, _) => "second stage's ",
        (ImageRole::Application, _) => "application's ",
        (ImageRole::Data, _) => "data image's ",
    };
    let of = material.images().into_iter().zip(material.slots(layout.slots));
    of.flat_map(|((role, _), slots)| {
        let owner = owner(role);
        [(format!("{owner}installation slot"), slots.installation), (format!("{owner}download slot"), slots.download)]
    })
    .collect()
}

fn slot_reasons(material: &Material<'_>, layout: &Layout, profile: &BoardProfile) -> Vec<Reason> {
    let mut found = Vec::new();
    let nor = profile.nor_region();
    let slots = named_slots(material, layout);
    for (name, slot) in &slots {
        let taken = erased(*slot);
        if !nor.contains_span(slot.start, slot.size) || !nor.contains_span(taken.start, taken.size) {
            found.push(reason(
                "slot",
                format!(
                    "the {name} {:#010x} with {} bytes lies outside the {} at {:#010x}",
                    slot.start, slot.size, profile.nor, nor.start
                ),
                "choose an address inside the NOR of the board profile",
            ));
        }
    }
    for (name, slot) in slots.iter().take(2) {
        if !slot.start.is_multiple_of(SLOT_ALIGNMENT) {
            found.push(reason(
                "slot",
                format!("the {name} {:#010x} is not aligned to 64 KiB", slot.start),
                "choose an address that is a multiple of 0x10000",
            ));
        }
    }
    for (number, (name, slot)) in slots.iter().enumerate() {
        let others = slots.iter().skip(number + 1).filter(|(_, other)| erased(*slot).overlaps(erased(*other)));
        found.extend(others.map(|(other_name, other)| {
            reason(
                "slot",
                format!(
                    "{name} {:#010x} and {other_name} {:#010x} overlap; each is erased in whole sectors of 64 KiB",
                    slot.start, other.start
                ),
                "move one of them by its size",
            )
        }));
    }
    if profile.nor_algorithm.is_none() {
        found.push(reason(
            "profile",
            format!("no flash algorithm is known that reaches the NOR of a {} behind XSPI1", profile.name),
            "choose another board profile",
        ));
    }
    found
}

fn loader_reasons(loader: &[u8], layout: &Layout) -> Vec<Reason> {
    let mut found = Vec::new();
    let area = layout.loader;
    if area.size == 0
        || !USER_FLASH.contains_span(area.start, area.size)
        || !area.start.is_multiple_of(USER_FLASH_SECTOR_SIZE)
        || !area.size.is_multiple_of(USER_FLASH_SECTOR_SIZE)
    {
        found.push(reason(
            "loader",
            format!(
                "the iLoader's area {:#010x} with {} bytes is not whole sectors of the user flash",
                area.start, area.size
            ),
            "offset and size are multiples of 0x2000 inside 64 KiB",
        ));
    }
    if loader.is_empty() || loader.len() > area.size as usize {
        found.push(reason(
            "loader",
            format!("the iLoader has {} bytes, its area {}", loader.len(), area.size),
            "set “STiROT_iLoader size” to the iLoader's size, rounded up to 0x2000",
        ));
    }
    let word = |index: usize| {
        loader
            .chunks_exact(4)
            .nth(index)
            .and_then(|bytes| bytes.first_chunk::<4>())
            .map(|bytes| u32::from_le_bytes(*bytes))
    };
    let stack_fits =
        word(0).is_some_and(|stack| stack.is_multiple_of(4) && DTCM.contains_span(stack.wrapping_sub(4), 4));
    let entry_fits = word(1).is_some_and(|entry| entry & 1 == 1 && area.contains(entry));
    if !stack_fits || !entry_fits {
        found.push(reason(
            "loader",
            "the iLoader does not begin with a vector table for its address",
            format!("link the iLoader for {:#010x}, with its stack in the DTCM", area.start),
        ));
    }
    found
}

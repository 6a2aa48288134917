//! Why a plan of two boot stages can't be made, beyond what holds for one: what the second stage would find when STiRoT
//! starts it. Images are opened with the keys of the very objects that go into the chip.

pub(super) use chip::second_stage::IMAGE_MAGIC;

use chip::memory_map::{AXI_SRAM4, Region};
use formats::{
    Expected, FormatError, ImageFile, ImagePlaces, ImageProfile, ObkFile, Outcome, PrivateKey, PublicKey,
    SecondStageLayout, decrypt, verify,
};
use project::application::application_facts;
use project::{ImageOutput, grouped};

use super::Reason;
use super::checks::{Layout, reason};
use crate::material::{Download, ImageRole, Material, SecondMaterial, SlotPair};
use crate::stage_keys;

/// Everything that stands against the second boot stage; nothing when there is none.
pub(super) fn reasons(material: &Material<'_>, layout: &Layout) -> Vec<Reason> {
    let Some(second) = &material.second else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(inside) = &second.layout {
        found.extend(places(inside, second, layout));
    }
    if second.data_image.is_some() && second.layout.and_then(|inside| inside.data).is_none() {
        found.push(reason(
            "second stage",
            "there is a data image, and the second stage does not tell that it installs one, or where",
            "take the data image out of the project, or use a second stage with a layout block that has slots for it",
        ));
    }
    if let Download::Project(image) = &material.download {
        found.extend(block(image, material, second));
    }
    match keys(&second.configuration.obk) {
        Ok(keys) => {
            for (role, image) in material.images().into_iter().skip(1) {
                if let Download::Project(image) = image {
                    found.extend(contents(role, image, &keys, second));
                }
            }
        }
        Err(error) => found.push(reason(
            "object",
            format!("{} holds no keys: {error}", second.configuration.name),
            "build the object again from its configuration file",
        )),
    }
    found
}

/// The layout block against the slots that images are written into, and against what STiRoT fills in RAM.
fn places(inside: &SecondStageLayout, second: &SecondMaterial<'_>, layout: &Layout) -> Vec<Reason> {
    let mut found = Vec::new();
    let of =
        |places: ImagePlaces| SlotPair { installation: places.installation_slot(), download: places.download_slot() };
    let data = second.data_image.as_ref().map(|(_, slots)| *slots);
    if (of(inside.application), inside.data.map(of)) != (second.application_slots, data) {
        found.push(reason(
            "second stage",
            "the second stage's layout block names other slots than the images are built for",
            "set the block and the images' slots together, by choosing again where the application runs",
        ));
    }
    let runs = inside.application.run_area();
    let in_the_way = if runs.overlaps(layout.firmware) {
        Some(("the second stage itself", layout.firmware))
    } else {
        (layout.sram_ecc && runs.overlaps(AXI_SRAM4)).then_some(("SRAM4, which holds the ECC of the others", AXI_SRAM4))
    };
    found.extend(in_the_way.map(|(what, with)| {
        reason(
            "second stage",
            format!(
                "the application would be copied to {} with {:#x} bytes, over {what} at {}",
                grouped(runs.start),
                runs.size,
                grouped(with.start)
            ),
            "let the copy begin behind the firmware area, with a slot that ends below SRAM4",
        )
    }));
    found
}

/// The layout block inside of STiRoT's image: the one that the plan was made with. A program without one isn't the
/// studio's, and is taken as it is.
fn block(image: &ImageOutput, material: &Material<'_>, second: &SecondMaterial<'_>) -> Option<Reason> {
    let key = stage_keys::of_stirot(&material.configuration.obk).and_then(PrivateKey::from_stored);
    let opened = key.and_then(|key| decrypt(&file(image), &key));
    let program = match opened {
        Ok(program) => program,
        Err(error) => {
            return Some(reason(
                "image",
                format!(
                    "{} does not open with the key of {}: {error}",
                    image.path.display(),
                    material.configuration.name
                ),
                "build image and object again: they are of different keys",
            ));
        }
    };
    match SecondStageLayout::find(&program) {
        Ok(found) if found == second.layout => None,
        Ok(_) => Some(reason(
            "second stage",
            format!("the second stage inside of {} has another layout block than the project's", image.path.display()),
            "build the image again",
        )),
        Err(error) => Some(reason(
            "second stage",
            format!("the second stage would stop at its own layout block: {error}"),
            "choose again where the application runs: that writes a block that works",
        )),
    }
}

/// An image of the second stage, as the second stage will look at it.
fn contents(
    role: ImageRole,
    image: &ImageOutput,
    keys: &(PublicKey, PrivateKey),
    second: &SecondMaterial<'_>,
) -> Vec<Reason> {
    let (authentication, decryption) = keys;
    let expected = Expected {
        authentication: Some(authentication),
        decryption: Some(decryption),
        slot_size: Some(image.slot_size),
        profile: Some(ImageProfile::Oemurot),
    };
    let wrong = |problem: String| {
        let help = "build the image again, with the settings and keys of the second stage's configuration";
        vec![reason("image", format!("the {} {}: {problem}", role.name(), image.path.display()), help)]
    };
    let report = match verify(&file(image), &expected) {
        Ok(report) => report,
        Err(error) => return wrong(error.to_string()),
    };
    let failed = report.checks.iter().find_map(|check| match &check.outcome {
        Outcome::Fails(why) => Some(format!("it fails the check “{}”: {why}", check.name.text())),
        _ => None,
    });
    if let Some(failed) = failed {
        return wrong(failed);
    }
    let (ImageRole::Application, Some(layout)) = (role, &second.layout) else { return Vec::new() };
    match decrypt(&file(image), decryption) {
        Ok(program) => linked(&program, layout).into_iter().collect(),
        Err(error) => wrong(error.to_string()),
    }
}

/// Whether the application is linked to where the second stage starts it.
fn linked(program: &[u8], layout: &SecondStageLayout) -> Option<Reason> {
    let runs = Region::new(layout.code_address(), u32::try_from(program.len()).unwrap_or(u32::MAX));
    let problem = match application_facts(program) {
        Ok(facts) if runs.contains(facts.reset & !1) => return None,
        Ok(facts) => format!("its first instruction is at {}", grouped(facts.reset & !1)),
        Err(error) => error.to_string(),
    };
    Some(reason(
        "link address",
        format!("the second stage starts the application at {}; {problem}", grouped(runs.start)),
        format!("link the application for {:#010x}, or choose again where it runs", runs.start),
    ))
}

fn file(image: &ImageOutput) -> ImageFile {
    ImageFile { content: image.bytes.clone(), address: None, apart: None }
}

/// The two keys in OEMuROT_Config.
fn keys(configuration: &ObkFile) -> Result<(PublicKey, PrivateKey), FormatError> {
    let (authentication, decryption) = stage_keys::of_second_stage(configuration)?;
    Ok((PublicKey::from_stored(authentication)?, PrivateKey::from_stored(decryption)?))
}

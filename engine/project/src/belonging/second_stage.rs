//! What the second of two boot stages installs, against the layout inside of its program: where the images lie, and where
//! the application runs.

use formats::{ImagePlaces, ImageProfile};

use super::image::{Chain, add_chain};
use super::{Belonging, PartId, Seen, file_name};
use crate::finding::{FieldEdit, NewValue, Remedy, Severity};
use crate::grouped::grouped;
use crate::image::rules::{ADDRESS, SLOT_SIZE};
use crate::image::{ImageConfiguration, Wanted, second_stage_rules};
use crate::outputs::ObjectRole;
use crate::project::Project;
use crate::second_stage::{LayoutFact, layout_of};
use crate::stage::Stage;

pub(super) fn add(whole: &mut Belonging, project: &Project) {
    let (Some(stirot), Some(oem)) = (&project.stirot, &project.oem) else { return };
    let fact = layout_of(stirot);
    let layout = fact.layout();
    let application = [PartId::SecondApplication, PartId::SecondImage, PartId::SecondSlot];
    add_image(whole, project, oem, &oem.image, application, ["what runs", "Application's slot"]);
    whole.add(PartId::Application, PartId::SecondApplication, runs(project, oem, &fact));
    let places = layout.map(|layout| layout.application);
    whole.add(PartId::Application, PartId::SecondSlot, places_agree(&oem.image, places, &fact));
    if let Some(image) = &project.data_image {
        let data = [PartId::Data, PartId::DataImage, PartId::DataSlot];
        add_image(whole, project, oem, image, data, ["what goes with it", "Data's slot"]);
        let places = layout.and_then(|layout| layout.data);
        whole.add(PartId::Application, PartId::DataSlot, places_agree(image, places, &fact));
    }
}

fn add_image(
    whole: &mut Belonging,
    project: &Project,
    oem: &Stage,
    image: &ImageConfiguration,
    parts: [PartId; 3],
    [detail, slot_name]: [&'static str; 2],
) {
    // Settings of another kind of image, or without an address, a rule names.
    let (Ok(wanted), Some(address)) = (Wanted::installed_by(oem, image), image.sign.address) else { return };
    let chain = Chain {
        parts,
        object: ObjectRole::OemConfig,
        profile: ImageProfile::Oemurot,
        image,
        wanted,
        detail,
        slot_name,
        slot: (address, image.sign.slot_size),
    };
    add_chain(whole, project, &chain);
}

/// Whether the application is linked for where the second stage starts it.
fn runs(project: &Project, oem: &Stage, fact: &LayoutFact) -> Seen {
    let layout = match fact {
        LayoutFact::Known(layout) => layout,
        other => return not_told(other),
    };
    let name = file_name(&oem.image.input);
    if !oem.image.input.is_file() {
        return Seen::unknown(format!("{name} isn't there yet"));
    }
    let found = second_stage_rules::application(project, oem, layout);
    match found.into_iter().find(|finding| finding.severity == Severity::Error) {
        Some(finding) => Seen::broken(finding.text, finding.remedy),
        None => Seen::holds(format!("{name} is linked for {}, where it is started", grouped(layout.code_address()))),
    }
}

/// Whether the image's settings name the places that the program has inside.
fn places_agree(image: &ImageConfiguration, places: Option<ImagePlaces>, fact: &LayoutFact) -> Seen {
    let places = match (places, fact) {
        (Some(places), _) => places,
        (None, LayoutFact::Known(_)) => {
            return Seen::broken("the second stage's program takes no such image", None);
        }
        (None, other) => return not_told(other),
    };
    let sign = &image.sign;
    if sign.address == Some(places.download) && sign.slot_size == places.slot_size {
        return Seen::holds(format!(
            "the program looks for it at {} and keeps it at {}",
            grouped(places.download),
            grouped(places.installation)
        ));
    }
    let edit = |field: &str, number: u32| FieldEdit {
        file: image.path.clone(),
        field: field.to_owned(),
        value: NewValue::Number(number.into()),
    };
    let edits = vec![edit(SLOT_SIZE, places.slot_size), edit(ADDRESS, places.download)];
    let text = format!(
        "the program looks for {:#x} bytes at {}, the image's settings say {:#x} at {}",
        places.slot_size,
        grouped(places.download),
        sign.slot_size,
        sign.address.map_or_else(|| "no address".to_owned(), grouped)
    );
    Seen::broken(text, Some(Remedy::Edit { text: "Take the program's".into(), edits }))
}

fn not_told(fact: &LayoutFact) -> Seen {
    match fact {
        LayoutFact::Wrong(problem) => Seen::broken(format!("the program's layout can't work: {problem}"), None),
        LayoutFact::NoProgram => Seen::unknown("the second stage's program isn't there yet"),
        LayoutFact::NotTold | LayoutFact::Known(_) => Seen::unknown("the program doesn't say it, as ST's doesn't"),
    }
}

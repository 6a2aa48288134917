//! Images built in the real window: the project's own, and one of any application with the project's settings and keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::images::{give, images, open, quiet};
use common::keyboard::{A_JOB, assessed, published, tab_to, type_over, vectors};
use common::{in_own_data_folder, step_until};
use egui::Role;
use egui_kittest::kittest::Queryable;
use stirot_studio::model::Tone;
use stirot_studio::model::images::{BuildFile, CompareWith, ImagesIntent, Side};

#[test]
fn the_projects_image_is_built_and_opened() {
    in_own_data_folder("the_projects_image_is_built_and_opened", |folder| {
        let project = published(folder);
        let built = folder.join("Applications/ROT/STiROT_Appli/Binary/appli_enc_sign.hex");
        fs::remove_file(&built).unwrap();
        let mut window = images(&project);
        window.get_by_label("Build the project's image").click();
        step_until(&mut window, "the recipe", A_JOB, |model| model.images.recipe.is_some() && assessed(model));
        window.get_by_role_and_label(Role::Button, "Build").click();
        step_until(&mut window, "the image", A_JOB, |model| model.images.judged().is_some() && model.jobs.is_empty());
        assert!(built.is_file());
        assert_eq!(window.state().model().images.judged().unwrap().tone, Tone::Ok);
    });
}

#[test]
fn any_application_is_built_with_the_projects_keys_and_opened() {
    in_own_data_folder("any_application_is_built_with_the_projects_keys_and_opened", |folder| {
        let application = folder.join("mine.bin");
        fs::copy(vectors().join("stirot/Image/appli.bin"), &application).unwrap();
        let mut window = images(&published(folder));
        open(&mut window, &application);
        window.get_by_label("Build an image from it").click();
        step_until(&mut window, "the recipe", A_JOB, |model| model.images.recipe.is_some() && quiet(model));
        window.run_steps(2);
        // It is to lie beside the application; another place is typed.
        let files = window.state().model().images.from_file.clone();
        assert_eq!(files.application, application.display().to_string());
        assert_eq!(files.image, folder.join("mine_enc_sign.hex").display().to_string());
        for name in ["own.hex", "own.bin"] {
            let image = folder.join(name);
            let before = window.state().model().images.serial;
            give(&mut window, ImagesIntent::ShowSide(Side::Build));
            step_until(&mut window, "the recipe", A_JOB, quiet);
            tab_to(&mut window, "Image file to write");
            type_over(&mut window, &image.display().to_string());
            step_until(&mut window, "the image", A_JOB, |model| model.images.serial > before && quiet(model));
            window.run_steps(2);
            let shown = &window.state().model().images;
            assert_eq!(shown.file.as_ref().unwrap().path, image, "{:?}", window.state().model().cards);
            assert_eq!(shown.judged().unwrap().tone, Tone::Ok);
            window.get_by_label(&format!("Built: {name}"));
            window.get_by_label(&format!("{name}: Built from mine.bin."));
        }
        assert!(fs::read(folder.join("own.hex")).unwrap().starts_with(b":"));
    });
}

#[test]
fn both_boot_stages_get_their_images_and_any_application_that_of_the_one_chosen() {
    in_own_data_folder("both_boot_stages_get_their_images_and_any_application_that_of_the_one_chosen", |folder| {
        use project::template::{self, NewProject};
        use project::{Credential, Flow};
        let root = folder.join("pump");
        let flow = Flow::StirotOemurot;
        let new = NewProject {
            name: "Pump".into(),
            flow,
            credential: Credential::Certificate,
            second_stage: formats::ApplicationRun::InPlace,
        };
        template::create(&root, &new).unwrap();
        for files in [flow.stirot(), flow.oem()].into_iter().flatten() {
            for name in ["OEMiROT_Boot.bin", "rot_app.bin"] {
                let target = root.join(files.image).parent().unwrap().join(name);
                fs::write(target, fs::read(vectors().join("stirot/Image/appli.bin")).unwrap()).unwrap();
            }
        }
        let mut window = images(&root);
        give(&mut window, ImagesIntent::ShowSide(Side::Build));
        step_until(&mut window, "the recipe", A_JOB, |model| model.images.recipe.is_some() && assessed(model));
        window.get_by_role_and_label(Role::Button, "Build").click();
        step_until(&mut window, "the image", A_JOB, |model| model.images.judged().is_some() && model.jobs.is_empty());
        let built = window.state().model().images.built.clone().unwrap().images;
        assert_eq!(built.len(), 2, "{built:?}");
        assert!(
            built[0].facts[0].value.contains("STiRoT") && built[1].facts[0].value.contains("second boot stage"),
            "{built:?}"
        );

        give(&mut window, ImagesIntent::ShowSide(Side::Build));
        step_until(&mut window, "the recipe", A_JOB, quiet);
        give(&mut window, ImagesIntent::ChooseBuildStage(1));
        for (which, path) in [
            (BuildFile::Application, vectors().join("stirot/Image/appli.bin")),
            (BuildFile::Image, folder.join("second.hex")),
        ] {
            give(&mut window, ImagesIntent::NameBuildFile(which, path.display().to_string()));
        }
        let before = window.state().model().images.serial;
        give(&mut window, ImagesIntent::BuildFrom);
        step_until(&mut window, "the image", A_JOB, |model| model.images.serial > before && quiet(model));
        let file = window.state().model().images.file.clone().unwrap();
        assert!(file.kind.starts_with("OEMuRoT image"), "{} {:?}", file.kind, window.state().model().cards);
    });
}

#[test]
fn no_image_is_made_of_a_key_or_written_over_another_file() {
    in_own_data_folder("no_image_is_made_of_a_key_or_written_over_another_file", |folder| {
        let notes = folder.join("notes.hex");
        fs::write(&notes, "to be kept").unwrap();
        let application = vectors().join("stirot/Image/appli.bin");
        let key = vectors().join("stirot/Keys/STiROT_Encryption.pem");
        let mut window = images(&published(folder));
        for (application, image, told) in [
            (&application, &notes, "there is a file already that is not an image"),
            (&key, &folder.join("new.hex"), "the file is no application, but a key"),
            (&application, &folder.join("none/new.hex"), "new.hex"),
        ] {
            for (which, path) in [(BuildFile::Application, application), (BuildFile::Image, image)] {
                give(&mut window, ImagesIntent::NameBuildFile(which, path.display().to_string()));
            }
            give(&mut window, ImagesIntent::BuildFrom);
            step_until(&mut window, "the card", A_JOB, |model| !model.cards.is_empty() && quiet(model));
            let card = window.state().model().cards.last().unwrap().1.clone();
            assert!(card.title.contains(told), "{card:?}");
            assert!(window.state().model().images.file.is_none());
        }
        assert_eq!(fs::read(&notes).unwrap(), b"to be kept");
        assert!(!folder.join("new.hex").exists());
    });
}

#[test]
fn an_application_with_a_gap_is_the_payload_that_was_built_from_it() {
    in_own_data_folder("an_application_with_a_gap_is_the_payload_that_was_built_from_it", |folder| {
        let whole = fs::read(vectors().join("stirot/Image/appli.bin")).unwrap();
        let segments = [(0, &whole[..0x600]), (0x610, &whole[0x610..])];
        let segments =
            segments.map(|(offset, bytes)| formats::Segment { address: 0x2400_0400 + offset, bytes: bytes.to_vec() });
        let application = folder.join("gap.hex");
        fs::write(&application, formats::HexFile::new(segments.to_vec()).unwrap().encode()).unwrap();
        let mut window = images(&published(folder));
        give(&mut window, ImagesIntent::NameBuildFile(BuildFile::Application, application.display().to_string()));
        give(&mut window, ImagesIntent::BuildFrom);
        step_until(&mut window, "the image", A_JOB, |model| model.images.judged().is_some() && quiet(model));
        give(&mut window, ImagesIntent::Compare(CompareWith::File(application)));
        step_until(&mut window, "the comparison", A_JOB, |model| model.images.comparison.is_some() && quiet(model));
        let comparison = window.state().model().images.comparison.clone().unwrap();
        assert_eq!(comparison.tone, Tone::Ok, "{comparison:?}");
    });
}

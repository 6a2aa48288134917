//! Images: any file byte by byte beside the tree of its parts, and whether its image will boot. Without a file it says
//! what can be opened.

mod build;
mod bytes;
mod comparison;
mod decrypt;
mod header;
mod plain_facts;
mod side;
mod trial;

use egui::{Align, CentralPanel, Frame, Layout, Margin, Panel, RichText, ScrollArea, Ui};

use crate::command::Command;
use crate::icons;
use crate::model::images::{FileSheet, ImagesIntent, PartSheet, Shown, Side};
use crate::model::{JobKind, Model, Tone};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, command_button, hairline, muted};
use crate::widgets::part_tree::{self, TreeState};

/// Below this width the checklist stands under the tree.
const WIDE: f32 = 900.0;
/// Height of the detail of what is picked, points.
const DETAIL: f32 = 108.0;

/// What the view remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct ImagesView {
    tree: TreeState,
    bytes: bytes::BytesState,
    comparison: comparison::ComparisonState,
    /// The passphrase typed for a key that is looked at.
    passphrase: plain_facts::Passphrase,
    /// The path typed where no file is open.
    path: String,
    /// Which opening it was about in the last frame, and which image of it.
    shown: Option<(u64, usize)>,
}

pub(crate) fn show(ui: &mut Ui, model: &Model, state: &mut ImagesView, commands: &mut Vec<Command>) {
    let mut intents = Vec::new();
    let Some(file) = &model.images.file else {
        if state.shown.take().is_some() {
            state.passphrase = plain_facts::Passphrase::default();
        }
        nothing(ui, model, state, commands);
        return;
    };
    if state.shown.is_none_or(|(serial, _)| serial != file.serial) {
        state.bytes.reset();
        state.passphrase = plain_facts::Passphrase::default();
    }
    if state.shown != Some((file.serial, file.image)) {
        state.shown = Some((file.serial, file.image));
        state.tree.reset(root_of(file));
    }
    header::show(ui, model, file, commands);
    let (left, right) = (ui.max_rect().left(), ui.max_rect().right());
    hairline(ui, left, right, ui.cursor().top() - 1.0);
    body(ui, model, file, state, &mut intents, commands);
    commands.extend(intents.into_iter().map(Command::Images));
}

/// The line of the tree that stands for the image that is looked at, where images have lines.
fn root_of(file: &FileSheet) -> Option<&PartSheet> {
    let slot = &file.images.get(file.image)?.slot;
    file.parts.iter().find(|part| part.depth == 0 && part.range == *slot)
}

fn column(fill: egui::Color32) -> Frame {
    Frame::new().fill(fill).inner_margin(Margin { left: 14, right: 14, top: 10, bottom: 8 })
}

fn body(
    ui: &mut Ui,
    model: &Model,
    file: &FileSheet,
    state: &mut ImagesView,
    intents: &mut Vec<ImagesIntent>,
    commands: &mut Vec<Command>,
) {
    let t = Tokens::of(ui);
    let wide = ui.available_width() >= WIDE;
    ui.scope(|ui| {
        let share = |wanted: f32, most: f32| wanted.min(ui.available_width() * most).floor();
        // Beside the narrow tree there is just room for rows of sixteen.
        let (left, right) = (share(if wide { 316.0 } else { 288.0 }, 0.42), share(250.0, 0.3));
        Panel::left("images-parts")
            .resizable(true)
            .default_size(left)
            .size_range(180.0..=520.0)
            .frame(column(t.background))
            .show(ui, |ui| {
                // What is narrower must not make the panel so.
                ui.set_min_width(ui.available_width());
                if wide {
                    parts(ui, model, file, state, intents, commands);
                } else {
                    let half = ui.available_height() * 0.5;
                    ui.allocate_ui(egui::vec2(ui.available_width(), half), |ui| {
                        parts(ui, model, file, state, intents, commands)
                    });
                    ui.separator();
                    side_scrolled(ui, model, file, state, intents, commands);
                }
            });
        if wide {
            Panel::right("images-side")
                .resizable(true)
                .default_size(right)
                .size_range(200.0..=560.0)
                .frame(column(t.panel))
                .show(ui, |ui| side_scrolled(ui, model, file, state, intents, commands));
        }
        CentralPanel::default().frame(column(t.background)).show(ui, |ui| {
            if file.content.is_empty() && !file.facts.is_empty() {
                plain_facts::show(ui, file, commands);
            } else {
                bytes::show(ui, model, file, &mut state.bytes, intents, commands);
            }
        });
    });
}

fn side_scrolled(
    ui: &mut Ui,
    model: &Model,
    file: &FileSheet,
    state: &mut ImagesView,
    intents: &mut Vec<ImagesIntent>,
    commands: &mut Vec<Command>,
) {
    let images = &model.images;
    // What the virtual board is asked with stands below the checks and is always in sight.
    if images.side == Side::Checks && !file.images.is_empty() {
        let frame = Frame::new().inner_margin(Margin { left: 0, right: 0, top: 8, bottom: 2 });
        Panel::bottom("images-trial").frame(frame).show_separator_line(false).show(ui, |ui| {
            trial::ask(ui, model, commands);
        });
    }
    ScrollArea::vertical().id_salt(("images-side-text", images.side)).auto_shrink([false, false]).show(ui, |ui| {
        match images.side {
            Side::Checks => side::show(ui, model, file, &mut state.passphrase, intents, commands),
            Side::Comparison => comparison::show(ui, model, &mut state.comparison, intents, commands),
            Side::Decrypt => decrypt::show(ui, model, commands),
            Side::Build => build::show(ui, model, commands),
        }
    });
}

/// What is wrong with the file, its tree, and what the picked part means.
fn parts(
    ui: &mut Ui,
    model: &Model,
    file: &FileSheet,
    state: &mut ImagesView,
    intents: &mut Vec<ImagesIntent>,
    commands: &mut Vec<Command>,
) {
    troubles(ui, file, intents);
    let images = &model.images;
    let picked = images.picked();
    let detail = picked.and_then(|place| file.parts.get(place));
    let room = ui.available_height() - if detail.is_some() { DETAIL } else { 0.0 };
    if file.parts.is_empty() {
        if !file.content.is_empty() {
            ui.add(egui::Label::new(muted(ui, "Nothing is known of this file's inside.")).wrap());
        }
        return;
    }
    let mark = |place: usize| {
        let part = file.parts.get(place).filter(|part| part.depth == 0)?;
        let image = file.images.iter().find(|image| image.slot == part.range)?;
        Some(match &image.judged {
            Some(judged) => (judged.tone, side::tone_icon(judged.tone), judged.verdict.clone()),
            None => (Tone::Neutral, icons::HALF, "being checked".to_owned()),
        })
    };
    ui.allocate_ui_with_layout(egui::vec2(ui.available_width(), room.max(60.0)), Layout::top_down(Align::LEFT), |ui| {
        part_tree::show(ui, &file.parts, picked, &mark, &mut state.tree, intents);
    });
    if let Some(part) = detail {
        ui.add_space(6.0);
        ScrollArea::vertical().id_salt("part-detail").auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            let width = ui.available_width();
            crate::widgets::controls::cut_label(ui, RichText::new(&part.name).font(theme::strong()), width);
            let value = part.whole.as_ref().unwrap_or(&part.value);
            if !value.is_empty() {
                let text = RichText::new(value).font(theme::mono());
                ui.add(egui::Label::new(text).wrap().selectable(true));
            }
            if let Some(whole) = &part.whole {
                let link = ui.link("Copy the whole value");
                crate::widgets::controls::focus_ring(ui, &link);
                if link.clicked() {
                    commands.push(Command::CopyText(whole.clone()));
                }
            }
            part_tree::detail(ui, part);
        });
    }
}

/// What is wrong with the file as a whole: the first faults in words, the others counted.
fn troubles(ui: &mut Ui, file: &FileSheet, intents: &mut Vec<ImagesIntent>) {
    const SHOWN: usize = 3;
    let t = Tokens::of(ui);
    for trouble in file.troubles.iter().take(SHOWN) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.label(RichText::new(icons::WARNING).font(theme::icon_filled(14.0)).color(t.warn));
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                let place = if trouble.place.is_empty() { String::new() } else { format!("{}: ", trouble.place) };
                ui.add(egui::Label::new(crate::text::sentence(&format!("{place}{}", trouble.what))).wrap());
                ui.add(egui::Label::new(muted(ui, crate::text::sentence(&trouble.remedy))).wrap());
                if let Some(offset) = trouble.offset.filter(|offset| *offset < file.content.len()) {
                    let link = ui.link(format!("Show 0x{offset:X}"));
                    crate::widgets::controls::focus_ring(ui, &link);
                    if link.clicked() {
                        intents.push(ImagesIntent::Reveal(crate::model::images::Bytes::at(offset)));
                    }
                }
            });
        });
        ui.add_space(4.0);
    }
    let more = file.troubles.len().saturating_sub(SHOWN);
    if more > 0 {
        let rest: Vec<String> = file
            .troubles
            .iter()
            .skip(SHOWN)
            .take(20)
            .map(|trouble| format!("{}: {}", trouble.place, trouble.what))
            .collect();
        ui.label(muted(ui, format!("and {more} more"))).on_hover_text(rest.join("\n"));
        ui.add_space(4.0);
    }
}

/// What is shown without a file: what can be opened, and the ways to it.
fn nothing(ui: &mut Ui, model: &Model, state: &mut ImagesView, commands: &mut Vec<Command>) {
    ui.label(RichText::new("Images").font(theme::title()));
    if model.images.side == Side::Build && model.images.recipe.is_some() {
        ui.add_space(10.0);
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(620.0);
            build::show(ui, model, commands);
        });
        return;
    }
    ui.add_space((ui.available_height() * 0.2).max(12.0));
    ui.vertical_centered(|ui| {
        let t = Tokens::of(ui);
        ui.label(RichText::new(icons::FILE).font(theme::icon(40.0)).color(t.muted));
        ui.add_space(8.0);
        let opening = model.runs(JobKind::Image);
        let title = if opening { "Opening the file…" } else { "Drop a file here, or open one" };
        ui.label(RichText::new(title).font(theme::section()));
        ui.add_space(4.0);
        for line in [
            "A signed image (hex or binary): every field, every byte, and whether it will boot.",
            "A dump of a flash: the images in it. An application: its vector table.",
            "An object, a key, a certificate: what is public of it. A board file goes to the board, a folder to the project.",
        ] {
            ui.label(muted(ui, line));
        }
        ui.add_space(12.0);
        let width = 330.0;
        ui.allocate_ui_with_layout(egui::vec2(width, 30.0), Layout::left_to_right(Align::Center), |ui| {
            command_button(ui, model, Command::Images(ImagesIntent::ChooseFile), Weight::Primary, commands);
            let build = Command::Images(ImagesIntent::ShowSide(Side::Build));
            crate::widgets::controls::named_command_button(
                ui,
                model,
                build,
                "Build the project's image",
                Weight::Plain,
                commands,
            );
        });
        ui.add_space(8.0);
        path_entry(ui, width, &mut state.path, commands);
    });
}

/// A path typed or pasted, for desktops without a file dialog.
fn path_entry(ui: &mut Ui, width: f32, path: &mut String, commands: &mut Vec<Command>) {
    let entry = egui::TextEdit::singleline(path).hint_text("or type a path").desired_width(width - 16.0);
    let response = ui.add(entry).accessible_name("Path of a file to open");
    if response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) && !path.trim().is_empty() {
        commands.push(Command::Images(ImagesIntent::OpenFile(path.trim().into())));
        path.clear();
    }
}

/// Whether the payload stands in the clear.
fn is_clear(model: &Model) -> bool {
    model.images.shown == Shown::Decrypted
}

//! The bar on top: the project and its menu, the word SAMPLE, the palette, the theme.

use egui::{Align, Button, Layout, Popup, RichText, Ui};

use crate::command::Command;
use crate::icons;
use crate::model::{Model, Tone};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{focus_ring, muted, pill, tooltip};

/// The widest that a project's name gets, points; its folder is on hover.
const NAME: f32 = 320.0;

/// What the bar remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct TopBar {
    /// The path typed into the project menu.
    path: String,
}

pub(crate) fn show(ui: &mut Ui, model: &Model, state: &mut TopBar, commands: &mut Vec<Command>) {
    ui.horizontal_centered(|ui| {
        ui.label(RichText::new("STiRoT Studio").font(theme::section()));
        ui.add_space(6.0);
        project_menu(ui, model, state, commands);
        sample_badge(ui, model);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            theme_switch(ui, model, commands);
            ui.add_space(4.0);
            search(ui, commands);
        });
    });
}

fn project_menu(ui: &mut Ui, model: &Model, state: &mut TopBar, commands: &mut Vec<Command>) {
    let name = model.project.as_ref().map_or("no project", |project| project.name.as_str());
    let color = Tokens::of(ui).muted;
    let mark = RichText::new(icons::DOWN).font(theme::icon(11.0)).color(color);
    let text = RichText::new(name).color(color);
    let button = ui.scope(|ui| {
        ui.set_max_width(NAME.min(ui.available_width() / 3.0));
        ui.add(Button::new((text, mark)).truncate().gap(4.0).frame_when_inactive(false))
    });
    let button = button.inner;
    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Project {name}")));
    focus_ring(ui, &button);
    let button = match &model.project {
        Some(project) => button.on_hover_text(project.folder.display().to_string()),
        None => button,
    };
    // A press into the field is no choice: what is chosen closes the menu itself.
    let menu = Popup::menu(&button)
        .accessible_name("Project")
        .width(320.0)
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    menu.show(|ui| {
        for command in [Command::ChooseProject, Command::OpenSample, Command::ReloadProject] {
            menu_item(ui, model, command, commands);
        }
        ui.separator();
        let label = ui.label(muted(ui, "Folder"));
        let field = ui.add(
            egui::TextEdit::singleline(&mut state.path).desired_width(f32::INFINITY).hint_text("type or paste a path"),
        );
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        field.labelled_by(label.id);
        let path = state.path.trim().to_owned();
        let mut chosen = entered.then(|| Command::OpenProject(path.clone().into()));
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for command in [Command::OpenProject(path.clone().into()), Command::NewProject(path.clone().into())] {
                let possible = command.enabled(model).is_ok() && !path.is_empty();
                let button = ui.add_enabled(possible, Button::new(command.text()).min_size(egui::vec2(0.0, 26.0)));
                focus_ring(ui, &button);
                if button.on_hover_text(command.tooltip()).clicked() {
                    chosen = Some(command);
                }
            }
        });
        if let Some(command) = chosen.filter(|_| !path.is_empty()) {
            commands.push(command);
            state.path.clear();
            ui.close();
        }
        let others = model
            .recent
            .iter()
            .filter(|folder| model.project.as_ref().is_none_or(|project| project.folder != **folder));
        for (index, folder) in others.enumerate() {
            if index == 0 {
                ui.separator();
                ui.label(muted(ui, "Opened before"));
            }
            let text = folder.display().to_string();
            if ui.add(Button::new(text.as_str()).truncate().frame_when_inactive(false)).on_hover_text(&text).clicked() {
                commands.push(Command::OpenProject(folder.clone()));
                ui.close();
            }
        }
    });
}

fn menu_item(ui: &mut Ui, model: &Model, command: Command, commands: &mut Vec<Command>) {
    let enabled = command.enabled(model);
    let mut button = Button::new(command.text()).frame_when_inactive(false).min_size(egui::vec2(0.0, 26.0));
    if let Some(shortcut) = command.shortcut() {
        button = button.shortcut_text(ui.ctx().format_shortcut(&shortcut));
    }
    let response = ui.add_enabled(enabled.is_ok(), button);
    let response = match enabled {
        Ok(()) => response.on_hover_text(command.tooltip()),
        Err(reason) => response.on_disabled_hover_text(reason.into_owned()),
    };
    if response.clicked() {
        commands.push(command);
        ui.close();
    }
}

fn sample_badge(ui: &mut Ui, model: &Model) {
    let Some(project) = model.project.as_ref().filter(|project| !project.sample_keys.is_empty()) else { return };
    pill(ui, "SAMPLE KEYS", Tone::Warn).on_hover_ui(|ui| {
        ui.label("Everybody has these keys. Fine for a rehearsal, never for a product.");
        for key in &project.sample_keys {
            ui.label(muted(ui, format!("{} · {}", key.role, key.name)));
        }
    });
}

fn search(ui: &mut Ui, commands: &mut Vec<Command>) {
    let shortcut = Command::Palette.shortcut().map(|shortcut| ui.ctx().format_shortcut(&shortcut));
    let t = Tokens::of(ui);
    let button = Button::new(RichText::new(Command::Palette.text()).color(t.muted))
        .shortcut_text(RichText::new(shortcut.unwrap_or_default()).font(theme::small()).color(t.muted))
        .frame_when_inactive(false);
    let response = ui.add(button).on_hover_text(Command::Palette.tooltip());
    focus_ring(ui, &response);
    if response.clicked() {
        commands.push(Command::Palette);
    }
}

fn theme_switch(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let icon = if model.dark { icons::SUN } else { icons::MOON };
    let button = Button::new(RichText::new(icon).font(theme::icon(16.0))).frame_when_inactive(false);
    let response = ui.add(button);
    focus_ring(ui, &response);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, Command::SwitchTheme.text()));
    let response = response.on_hover_text(tooltip(ui, &Command::SwitchTheme));
    if response.clicked() {
        commands.push(Command::SwitchTheme);
    }
}

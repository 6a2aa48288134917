//! Boot stages: the choice among one stage and two with the application in place, in internal or in external RAM; the
//! figure of what is looked at, its steps in words, and where the open board is at this moment.

use egui::{Align, Button, Label, Layout, RichText, ScrollArea, Ui, WidgetInfo, vec2};

use crate::icons;
use crate::model::boot_stages::{HereSheet, Setting, StagesSheet};
use crate::model::configuration::ConfigurationIntent;
use crate::text::sentence;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Standing, Weight, focus_ring, muted, tab};
use crate::widgets::{figure, intent_button};

/// From this width on choice and act stand in one row, and the steps in two columns, points.
const ONE_ROW: f32 = 740.0;

/// What the section remembers between frames.
#[derive(Debug, Default)]
pub(super) struct StagesState {
    chapter: usize,
}

pub(super) fn show(
    ui: &mut Ui,
    sheet: &StagesSheet,
    here: Option<&HereSheet>,
    state: &mut StagesState,
    intents: &mut Vec<ConfigurationIntent>,
) {
    choice(ui, sheet, state, intents);
    ui.add_space(4.0);
    // A board that was provisioned with the project does what the project's own setting shows.
    let shown = here.filter(|_| sheet.current == Some(sheet.chosen));
    let chapters = &sheet.figure.chapters;
    state.chapter = state.chapter.min(chapters.len().saturating_sub(1));
    ScrollArea::vertical().id_salt("stages").auto_shrink([false, false]).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_height(22.0);
            let words = match (here, shown) {
                (_, Some(here)) => return figure::here(ui, &sheet.figure, here),
                (Some(_), None) => "A look at another setting: where the board's core is shows in the project's own.",
                (None, None) => "No virtual board is powered: the figure shows no place of a core.",
            };
            ui.add(Label::new(muted(ui, words)).truncate());
        });
        ui.add_space(2.0);
        figure::show(ui, &sheet.figure, state.chapter, shown);
        ui.add_space(6.0);
        let layout = match ui.available_width() < ONE_ROW {
            true => Layout::top_down(Align::LEFT),
            false => Layout::left_to_right(Align::Center),
        };
        ui.allocate_ui_with_layout(vec2(ui.available_width(), 26.0), layout, |ui| {
            ui.spacing_mut().item_spacing.x = 18.0;
            for (index, chapter) in chapters.iter().enumerate() {
                let standing = if index == state.chapter { Standing::Picked } else { Standing::Plain };
                let text = format!("{} · {} steps", chapter.title, chapter.arrows.len());
                if tab(ui, &text, &text, standing).clicked() {
                    state.chapter = index;
                }
            }
        });
        ui.add_space(4.0);
        steps(ui, sheet, state.chapter);
        ui.add_space(4.0);
        ui.label(muted(ui, format!("{}.", sheet.figure.source)).font(theme::small()));
    });
}

/// The settings, what the looked-at one means, and the act that sets the project so.
fn choice(ui: &mut Ui, sheet: &StagesSheet, state: &mut StagesState, intents: &mut Vec<ConfigurationIntent>) {
    if ui.available_width() < ONE_ROW {
        ui.horizontal_wrapped(|ui| settings(ui, sheet, state, intents));
        ui.horizontal(|ui| use_setting(ui, sheet, intents));
    } else {
        ui.horizontal(|ui| {
            ui.set_height(32.0);
            settings(ui, sheet, state, intents);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| use_setting(ui, sheet, intents));
        });
    }
    let chosen = sheet.chosen;
    let words = match &sheet.change {
        Ok(()) => format!("{} Set so: {}", chosen.meaning(), sheet.effect),
        Err(_) if sheet.current == Some(chosen) => format!("{} The project is set so.", chosen.meaning()),
        Err(why) => format!("{} {}.", chosen.meaning(), sentence(why)),
    };
    ui.add(Label::new(muted(ui, words)).wrap());
}

/// One choice beside the other; the project's own carries a mark.
fn settings(ui: &mut Ui, sheet: &StagesSheet, state: &mut StagesState, intents: &mut Vec<ConfigurationIntent>) {
    let t = Tokens::of(ui);
    for setting in Setting::ALL {
        let is_current = sheet.current == Some(setting);
        let picked = sheet.chosen == setting;
        let (font, color) = if picked { (theme::strong(), t.text) } else { (theme::body(), t.muted) };
        let name = RichText::new(setting.name()).font(font).color(color);
        let button = if is_current {
            Button::new((RichText::new(icons::CHECK).font(theme::icon_filled(13.0)).color(t.ok), name))
        } else {
            Button::new(name)
        };
        let fill = if picked { t.wash(crate::model::Tone::Accent) } else { t.raised };
        let response = ui.add(button.fill(fill).min_size(vec2(0.0, 28.0)));
        focus_ring(ui, &response);
        let name =
            if is_current { format!("{}, set in the project", setting.name()) } else { setting.name().to_owned() };
        response.widget_info(|| WidgetInfo::selected(egui::Role::RadioButton, true, picked, &name));
        if response.on_hover_text(setting.meaning()).clicked() {
            state.chapter = 0;
            intents.push(ConfigurationIntent::ChooseSetting(setting));
        }
    }
}

fn use_setting(ui: &mut Ui, sheet: &StagesSheet, intents: &mut Vec<ConfigurationIntent>) {
    let weight = if sheet.change.is_ok() { Weight::Primary } else { Weight::Plain };
    let response = intent_button::show(ui, "Use this setting", weight, &sheet.change, &sheet.effect);
    if response.clicked() {
        intents.push(ConfigurationIntent::UseSetting(sheet.chosen));
    }
}

/// The steps of the chapter in words, in two columns where there is room.
fn steps(ui: &mut Ui, sheet: &StagesSheet, chapter: usize) {
    let Some(chapter) = sheet.figure.chapters.get(chapter) else { return };
    let columns = if ui.available_width() > ONE_ROW { 2 } else { 1 };
    let rows = chapter.arrows.len().div_ceil(columns);
    ui.columns(columns, |columns| {
        for (index, arrow) in chapter.arrows.iter().enumerate() {
            let Some(ui) = columns.get_mut(index / rows.max(1)) else { continue };
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 8.0;
                ui.label(RichText::new(arrow.number.to_string()).font(theme::mono()).color(Tokens::of(ui).accent));
                ui.add(Label::new(&arrow.text).wrap());
            });
        }
    });
}

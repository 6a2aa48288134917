//! What is tried in the lab: the scenario, what is tampered with, and when the supply goes away.

use egui::{Button, DragValue, Popup, PopupCloseBehavior, RichText, ScrollArea, Ui, WidgetInfo, vec2};
use project::Flow;
use provision::lab::{Cut, InstalledSpot, Judge, OtherKey, Spot, Tamper};

use crate::command::Command;
use crate::icons;
use crate::model::Model;
use crate::model::boot_lab::{LabIntent, Scenario};
use crate::text::sentence;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{focus_ring, muted, paint_icon};

/// Writes that a person can choose among; a cut past the last write of a case cuts nothing, and the story says so.
const WRITES: std::ops::RangeInclusive<u64> = 1..=9_999;

/// Width of a menu, points.
const MENU: f32 = 330.0;
/// Width of the column for the mark of what is chosen.
const MARK: f32 = 18.0;

/// What is being typed about a cut.
#[derive(Debug)]
pub(super) struct Choosing {
    /// At the how manieth write power is cut, from 1.
    write: u64,
}

impl Default for Choosing {
    fn default() -> Self {
        Self { write: 1 }
    }
}

impl Choosing {
    /// The three menus.
    pub(super) fn show(&mut self, ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
        let cut = matches!(model.lab.tamper, Tamper::CutPower { .. });
        let tampers = !cut && model.lab.tamper != Tamper::None;
        menu(ui, ("Scenario", 94.0), Chosen::Plain, |ui| {
            for scenario in Scenario::ALL {
                entry(ui, model, LabIntent::Choose(scenario), commands);
            }
        });
        menu(ui, ("Tamper", 97.0), chosen(tampers), |ui| tamper_menu(ui, model, commands));
        menu(ui, ("Cut power", 114.0), chosen(cut), |ui| self.cuts(ui, model, commands));
    }

    fn cuts(&mut self, ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
        ui.horizontal(|ui| {
            ui.set_height(28.0);
            // A menu's entries have no frame; a number to be typed has one.
            let t = Tokens::of(ui);
            ui.visuals_mut().widgets.inactive.weak_bg_fill = t.raised;
            ui.visuals_mut().widgets.inactive.bg_stroke = t.hairline();
            ui.add_space(MARK + 2.0);
            let label = ui.label("At write");
            let value = DragValue::new(&mut self.write).range(WRITES).speed(0.2);
            ui.add_sized(vec2(64.0, 26.0), value).labelled_by(label.id);
            ui.label(muted(ui, "of flash, objects or NOR"));
        });
        ui.add_space(4.0);
        for cut in [Cut::Between, Cut::Inside] {
            let after_writes = self.write.saturating_sub(1);
            entry(ui, model, LabIntent::Tamper(Tamper::CutPower { after_writes, cut }), commands);
        }
        ui.separator();
        entry(ui, model, LabIntent::Tamper(Tamper::None), commands);
    }
}

fn tamper_menu(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    entry(ui, model, LabIntent::Tamper(Tamper::None), commands);
    ui.separator();
    for tamper in of_the_new_image() {
        entry(ui, model, LabIntent::Tamper(tamper), commands);
    }
    ui.separator();
    for tamper in of_what_is_installed(model) {
        entry(ui, model, LabIntent::Tamper(tamper), commands);
    }
    ui.separator();
    entry(ui, model, LabIntent::RunAll, commands);
}

/// What can be done to an image that waits.
fn of_the_new_image() -> impl Iterator<Item = Tamper> {
    let flips = Spot::NAMED.map(|spot| Tamper::FlipBit { spot });
    let keys = [OtherKey::Signer, OtherKey::Recipient].map(|key| Tamper::OtherKey { key });
    flips.into_iter().chain(keys).chain([Tamper::OlderVersion])
}

/// What can be done to the slots as they stand.
fn of_what_is_installed(model: &Model) -> impl Iterator<Item = Tamper> {
    let two = model.project.as_ref().is_some_and(|project| project.flow == Flow::StirotOemurot);
    let judges = [Some(Judge::Stirot), two.then_some(Judge::Oemurot)].into_iter().flatten();
    let damaged = |judge: Judge| InstalledSpot::ALL.into_iter().map(move |spot| Tamper::Installed { judge, spot });
    std::iter::once(Tamper::SwapSlots).chain(judges.flat_map(damaged))
}

/// Whether a menu holds what is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chosen {
    Here,
    Plain,
}

const fn chosen(here: bool) -> Chosen {
    if here { Chosen::Here } else { Chosen::Plain }
}

/// A button with a menu under it, as wide as it is with the mark of what is chosen.
fn menu(ui: &mut Ui, (name, width): (&str, f32), chosen: Chosen, content: impl FnOnce(&mut Ui)) {
    let t = Tokens::of(ui);
    let mark = if chosen == Chosen::Here { " •" } else { "" };
    let button = Button::new((
        RichText::new(format!("{name}{mark}")).font(theme::strong()),
        RichText::new(icons::DOWN).font(theme::icon(11.0)).color(t.muted),
    ));
    let response = ui.add(button.min_size(vec2(width, 28.0)));
    focus_ring(ui, &response);
    let spoken = if chosen == Chosen::Here { format!("{name}, something is chosen") } else { name.to_owned() };
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &spoken));
    let menu = Popup::menu(&response).gap(4.0).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    menu.show(|ui| {
        ui.set_width(MENU);
        // On a small screen the menu scrolls.
        let height = (ui.ctx().content_rect().bottom() - response.rect.bottom() - 24.0).max(120.0);
        ScrollArea::vertical().id_salt("entries").max_height(height).show(ui, content);
    });
}

/// An entry of a menu, with a mark when it is the one that is chosen.
fn entry(ui: &mut Ui, model: &Model, intent: LabIntent, commands: &mut Vec<Command>) {
    let command = Command::Lab(intent);
    let t = Tokens::of(ui);
    let enabled = command.enabled(model);
    let chosen = command.chosen(model);
    let text = match intent {
        LabIntent::RunAll => format!("{}…", command.text()),
        _ => command.text().to_owned(),
    };
    let width = ui.available_width();
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().button_padding = vec2(MARK + 8.0, 2.0);
            let button = Button::new(RichText::new(&text).font(theme::body())).frame_when_inactive(false).truncate();
            ui.add_enabled(enabled.is_ok(), button.min_size(vec2(width, 26.0)))
        })
        .inner;
    if chosen {
        let at = response.rect.left_center() + vec2(MARK - 3.0, 0.0);
        paint_icon(ui, at, icons::CHECK, theme::icon_filled(13.0), t.accent);
    }
    focus_ring(ui, &response);
    response.widget_info(|| WidgetInfo::selected(egui::Role::MenuItem, enabled.is_ok(), chosen, &text));
    let response = match &enabled {
        Ok(()) => response.on_hover_text(command.tooltip()),
        Err(reason) => response.on_disabled_hover_text(sentence(reason)),
    };
    if response.clicked() {
        commands.push(command);
        ui.close();
    }
}

/// What was chosen, in words, before there is a story of it.
pub(super) fn case(model: &Model) -> String {
    let scenario = match model.lab.scenario {
        Scenario::Boot => "boot of what is installed",
        Scenario::UpdateApplication => "update of the application",
        Scenario::UpdateSecondStage => "update of OEMuRoT",
    };
    match model.lab.tamper {
        Tamper::None => scenario.to_owned(),
        tamper => format!("{scenario}, {}", crate::sheets::boot_lab::tampering(&tamper)),
    }
}

//! A finding as a card: what doesn't hold, the values, where the rule comes from, and the button that mends it.

use egui::{Button, Frame, Label, Layout, Margin, RichText, Stroke, Ui};

use crate::model::Tone;
use crate::text::sentence;
use crate::theme::{self, RADIUS_CARD, Tokens};
use crate::widgets::controls::{Weight, focus_ring, muted};
use crate::widgets::form_row::mark;
use crate::widgets::intent_button;

/// What a card shows.
pub(crate) struct Finding<'a> {
    pub(crate) tone: Tone,
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    pub(crate) source: &'a str,
    /// What stands on the button, and how it stands out.
    pub(crate) mend: Option<(&'a str, Weight)>,
}

/// What was pressed on a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// Its title.
    Title,
    /// The button that mends.
    Mend,
}

pub(crate) fn show(ui: &mut Ui, finding: &Finding<'_>) -> Option<Pressed> {
    let t = Tokens::of(ui);
    let color = t.tone(finding.tone);
    let edge = if finding.tone == Tone::Danger { Stroke::new(1.2, color) } else { t.hairline() };
    let mut pressed = None;
    let frame =
        Frame::new().fill(t.panel).stroke(edge).corner_radius(RADIUS_CARD).inner_margin(Margin::symmetric(12, 8));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.set_min_height(28.0);
            ui.spacing_mut().item_spacing.x = 8.0;
            ui.label(RichText::new(mark(finding.tone)).font(theme::icon_filled(15.0)).color(color));
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                if let Some((text, weight)) = finding.mend
                    && intent_button::show(ui, text, weight, &Ok(()), "").clicked()
                {
                    pressed = Some(Pressed::Mend);
                }
                ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.spacing_mut().button_padding = egui::vec2(0.0, 3.0);
                    let title = RichText::new(finding.title).font(theme::section());
                    let response = ui.add(Button::new(title).wrap().frame(false));
                    focus_ring(ui, &response);
                    if response.on_hover_text("Show where").clicked() {
                        pressed = Some(Pressed::Title);
                    }
                });
            });
        });
        ui.horizontal(|ui| {
            ui.add_space(23.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add(Label::new(muted(ui, sentence(finding.text))).wrap());
                if !finding.source.is_empty() {
                    ui.add(Label::new(muted(ui, format!("Rule: {}", finding.source)).font(theme::small())).wrap());
                }
            });
        });
    });
    pressed
}

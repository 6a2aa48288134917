//! Where the board is, always in sight. Everything on it was measured; what wasn't says "not read".

use egui::{Align, Layout, RichText, Ui};

use crate::icons;
use crate::model::{BoardKind, Model, state_tone};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{cut_label, fact, muted, pill};

/// The widest that a board's name gets, points; the rest of it is on hover.
const NAME: f32 = 200.0;

/// Below this width what kind of board it is stands on hover, points.
const NARROW: f32 = 1000.0;

/// Up to this width the supply does, too.
const NARROWEST: f32 = 740.0;

pub(crate) fn show(ui: &mut Ui, model: &Model) {
    let t = Tokens::of(ui);
    ui.horizontal_centered(|ui| {
        let Some(board) = &model.board else {
            ui.label(RichText::new(icons::CIRCLE).font(theme::icon(14.0)).color(t.muted));
            ui.label(RichText::new("No board").font(theme::strong()));
            ui.label(muted(ui, "choose one in the Board view"));
            return;
        };
        let (icon, color, word) = match (board.powered, board.kind, &board.reading) {
            // Whether a real board has its supply is known once it was measured.
            (true, BoardKind::Real, None) => (theme::icon(12.0), t.muted, "not read"),
            (true, ..) => (theme::icon_filled(12.0), t.ok, "powered"),
            (false, ..) => (theme::icon(12.0), t.muted, "off"),
        };
        ui.label(RichText::new(icons::CIRCLE).font(icon).color(color)).on_hover_text(word);
        let width = ui.available_width();
        let reading = board.reading.clone().unwrap_or_default();
        let kind = match (board.kind, board.powered) {
            (BoardKind::Virtual, true) => "virtual STM32H7S78-DK",
            (BoardKind::Virtual, false) => "virtual STM32H7S78-DK, off",
            (BoardKind::Real, _) => "real board",
        };
        let name = cut_label(
            ui,
            RichText::new(&board.name).font(theme::strong()),
            if width < NARROW { NAME / 2.0 } else { NAME },
        );
        let supply = reading.supply.as_deref();
        if width < NARROW {
            name.on_hover_text(format!("{}\n{kind}\nSupply {}", board.address, supply.unwrap_or("not read")));
        } else {
            name.on_hover_text(&board.address);
            ui.label(muted(ui, kind));
        }
        ui.add_space(12.0);
        if width > NARROWEST {
            fact(ui, "Supply", supply, theme::body());
            ui.add_space(12.0);
        }
        let uid = reading.uid.as_deref().map(last_of_uid);
        let response = fact(ui, "UID", uid.as_deref(), theme::mono());
        if let Some(uid) = &reading.uid {
            response.on_hover_text(uid);
        }
        ui.add_space(12.0);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.label(muted(ui, "State"));
            match reading.state {
                Some(state) => pill(ui, state.name(), state_tone(state)),
                None => ui.label(muted(ui, "not read")),
            };
        });
        ui.add_space(12.0);
        fact(ui, "HDPL", reading.hdpl.map(|level| level.to_string()).as_deref(), theme::body());
        ui.add_space(12.0);
        match model.debug_is_open() {
            true => {
                let level = model.debug.opened.map(|level| format!(" · HDPL {}", level.number()));
                let words = format!("debug open{}", level.unwrap_or_default());
                ui.scope(|ui| {
                    ui.spacing_mut().item_spacing.x = 6.0;
                    ui.label(RichText::new(icons::BUG).font(theme::icon_filled(14.0)).color(t.warn));
                    ui.label(RichText::new(words).color(t.warn));
                });
            }
            false => {
                let debug = reading.debug_open.map(|open| if open { "open" } else { "closed" });
                fact(ui, "Debug", debug, theme::body());
            }
        }

        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let read = (!reading.at.is_empty()).then(|| format!("read {}", reading.at));
            let said: Vec<String> = board.last.iter().cloned().chain(read).collect();
            ui.add(egui::Label::new(muted(ui, said.join(" · "))).truncate());
        });
    });
}

/// The last eight digits of a UID, in fours.
fn last_of_uid(uid: &str) -> String {
    let start = uid.len().saturating_sub(8);
    match (uid.get(start..start + 4), uid.get(start + 4..)) {
        (Some(a), Some(b)) if uid.len() >= 8 => format!("…{a} {b}"),
        _ => uid.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use chip::product_state::ProductState;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable;

    use super::*;
    use crate::model::{BoardSheet, Reading};

    #[test]
    fn neither_a_narrow_screen_nor_a_long_name_pushes_the_state_out_of_the_window() {
        let mut model = Model::new(PathBuf::from("data"));
        model.board = Some(BoardSheet {
            address: "bench.board".to_owned(),
            name: "the board that stands on the left of the bench by the window ".repeat(4),
            kind: BoardKind::Virtual,
            powered: true,
            reading: Some(Reading {
                state: Some(ProductState::Provisioning),
                uid: Some("00112233445566778899AABB".to_owned()),
                debug_open: Some(false),
                ..Reading::default()
            }),
            earlier: Vec::new(),
            last: Some("provisioning stopped".to_owned()),
        });
        for width in [683.0, 800.0, 1366.0] {
            let mut harness = Harness::builder()
                .with_size(egui::vec2(width, 40.0))
                .with_context_setup(theme::install)
                .build_ui(|ui| show(ui, &model));
            harness.run();
            let debug = harness.get_by_label("closed").rect();
            assert!(debug.right() < width, "{width}: {debug:?}");
        }
    }

    #[test]
    fn a_uid_is_shown_by_its_end() {
        assert_eq!(last_of_uid("00112233445566778899AABB"), "…8899 AABB");
        assert_eq!(last_of_uid("AB"), "AB");
    }
}

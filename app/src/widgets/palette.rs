//! The command palette: type a few letters, arrows, Enter. It reads the command table and nothing else.

use egui::{
    Align2, Area, Button, Id, Key, Modal, Modifiers, Response, RichText, ScrollArea, TextEdit, Ui, UiKind, vec2,
};

use crate::command::{Command, PALETTE};
use crate::model::Model;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Standing, muted};

/// What the palette remembers while it is open.
#[derive(Debug, Default)]
pub(crate) struct PaletteState {
    query: String,
    selected: usize,
    opened: bool,
}

pub(crate) fn show(ui: &mut Ui, model: &Model, state: &mut PaletteState, commands: &mut Vec<Command>) {
    if !model.palette_open {
        *state = PaletteState::default();
        return;
    }
    let area = Area::new(Id::unique("palette"))
        .kind(UiKind::Modal)
        .sense(egui::Sense::hover())
        .anchor(Align2::CENTER_TOP, vec2(0.0, 92.0))
        .order(egui::Order::Foreground)
        .interactable(true);
    let response = Modal::new(Id::unique("palette")).area(area).show(ui.ctx(), |ui| {
        ui.set_width(520.0);
        content(ui, model, state, commands)
    });
    if response.should_close() && !response.inner {
        commands.push(Command::Palette);
    }
}

/// Shows search field and list; says whether a command was run.
fn content(ui: &mut Ui, model: &Model, state: &mut PaletteState, commands: &mut Vec<Command>) -> bool {
    let found = search(&state.query);
    let (up, down, enter) = ui.input_mut(|input| {
        (
            input.consume_key(Modifiers::NONE, Key::ArrowUp),
            input.consume_key(Modifiers::NONE, Key::ArrowDown),
            input.consume_key(Modifiers::NONE, Key::Enter),
        )
    });
    let last = found.len().saturating_sub(1);
    state.selected = state.selected.min(last);
    if up {
        state.selected = state.selected.saturating_sub(1);
    }
    if down {
        state.selected = (state.selected + 1).min(last);
    }

    let field =
        ui.add(TextEdit::singleline(&mut state.query).desired_width(f32::INFINITY).hint_text("type to find an action"));
    if !state.opened {
        state.opened = true;
        field.request_focus();
    }
    if field.changed() {
        state.selected = 0;
    }
    field.accessible_name("Find an action");
    ui.add_space(6.0);

    let mut chosen = None;
    ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        if found.is_empty() {
            ui.label(muted(ui, "No action has these letters."));
        }
        for (index, command) in found.iter().enumerate() {
            let standing = if index == state.selected { Standing::Picked } else { Standing::Plain };
            let response = line(ui, model, command, standing);
            if standing == Standing::Picked && (up || down) {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                chosen = Some((*command).clone());
            }
        }
    });
    if enter {
        chosen = search(&state.query).get(state.selected).map(|command| (*command).clone());
    }
    match chosen {
        Some(command) if command.enabled(model).is_ok() => {
            commands.push(Command::Palette);
            commands.push(command);
            true
        }
        _ => false,
    }
}

fn line(ui: &mut Ui, model: &Model, command: &Command, standing: Standing) -> Response {
    let t = Tokens::of(ui);
    let enabled = command.enabled(model);
    let color = if enabled.is_ok() { t.text } else { t.muted };
    let selected = standing == Standing::Picked;
    let mut button = Button::selectable(selected, RichText::new(command.text()).font(theme::body()).color(color))
        .min_size(vec2(ui.available_width(), 28.0));
    let right = match (&enabled, command.shortcut()) {
        (Err(reason), _) => reason.chars().take(64).collect(),
        (Ok(()), Some(shortcut)) => ui.ctx().format_shortcut(&shortcut),
        (Ok(()), None) => String::new(),
    };
    button = button.right_text(RichText::new(right).font(theme::small()).color(t.muted)).truncate();
    let response = ui.add(button);
    match enabled {
        Ok(()) => response.on_hover_text(command.tooltip()),
        Err(reason) => response.on_hover_text(reason.into_owned()),
    }
}

/// The commands whose words hold the letters in their order, the closest first.
fn search(query: &str) -> Vec<&'static Command> {
    let mut found: Vec<(usize, &Command)> =
        PALETTE.iter().filter_map(|command| spread(command.text(), query).map(|spread| (spread, command))).collect();
    found.sort_by_key(|(spread, _)| *spread);
    found.into_iter().map(|(_, command)| command).collect()
}

/// How far apart the query's letters lie in the text; `None` when they aren't all there in order.
fn spread(text: &str, query: &str) -> Option<usize> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut at = 0;
    let mut spread = 0;
    for letter in query.to_lowercase().chars().filter(|letter| !letter.is_whitespace()) {
        let next = text.iter().skip(at).position(|candidate| *candidate == letter)?;
        spread += next;
        at += next + 1;
    }
    Some(spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_find_a_command_and_the_closest_comes_first() {
        assert_eq!(search("provision").first(), Some(&&Command::Provision));
        assert_eq!(search("rdbrd").first(), Some(&&Command::ReadBoard));
        assert!(search("zzz").is_empty());
        assert_eq!(search("").len(), PALETTE.len());
    }
}

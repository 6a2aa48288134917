//! A button for a wish about the project's files: greyed out with its reason while the wish can't be met.

use egui::{Button, Response, RichText, Stroke, Ui, vec2};

use crate::model::configuration::Possible;
use crate::text::sentence;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, focus_ring};

/// Shows the button. `tooltip` says what a press does.
pub(crate) fn show(ui: &mut Ui, text: &str, weight: Weight, possible: &Possible, tooltip: &str) -> Response {
    let t = Tokens::of(ui);
    let button = match weight {
        Weight::Primary => Button::new(RichText::new(text).font(theme::strong()).color(t.on_accent))
            .fill(t.accent)
            .stroke(Stroke::new(1.0, t.accent)),
        Weight::Plain => Button::new(RichText::new(text).font(theme::strong())),
    };
    let response = ui.add_enabled(possible.is_ok(), button.min_size(vec2(0.0, 28.0)));
    focus_ring(ui, &response);
    match possible {
        Ok(()) if tooltip.is_empty() => response,
        Ok(()) => response.on_hover_text(tooltip),
        Err(reason) => response.on_disabled_hover_text(sentence(reason)),
    }
}

/// How wide the button is.
pub(crate) fn width(ui: &Ui, text: &str) -> f32 {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::strong(), Tokens::of(ui).text);
    galley.size().x + 2.0 * ui.spacing().button_padding.x
}

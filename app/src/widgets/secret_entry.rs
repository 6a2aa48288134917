//! A masked entry for passwords and passphrases. What is typed lies in memory that is wiped; the field keeps no history.
//! The toolkit copies the text while it handles a frame; nothing that outlives the frame is kept here or there.

use egui::{Id, Response, TextEdit, Ui, vec2};
use formats::Secret;

use crate::theme;

/// Characters that are taken at most: four bytes each fit the room of [`empty`], so that the text is never moved and
/// no copy of it stays behind.
const LONGEST: usize = 128;

/// A text to type into.
pub(crate) fn empty() -> Secret<String> {
    Secret::new(String::with_capacity(LONGEST * 4))
}

/// Shows the entry; the caller gives it its name.
pub(crate) fn show(ui: &mut Ui, id: Id, text: &mut Secret<String>, width: f32, hint: &str) -> Response {
    let entry = TextEdit::singleline(&mut **text)
        .id(id)
        .password(true)
        .char_limit(LONGEST)
        .font(theme::mono())
        .hint_text(hint.to_owned())
        .desired_width(width)
        .min_size(vec2(width, 26.0))
        .align(egui::Align2::LEFT_CENTER);
    let mut output = entry.show(ui);
    output.state.clear_undoer();
    output.state.store(ui.ctx(), id);
    output.response.response
}

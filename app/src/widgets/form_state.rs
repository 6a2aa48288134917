//! What is being typed into a form: it stays here until it is given, by Enter or by leaving the entry, and is wiped
//! then, because it may be a password. Nothing here is painted.

use egui::{Key, Ui};
use formats::Secret;

use crate::model::configuration::{ConfigurationIntent, Entry, FieldId, FieldSheet, TypedText};

/// What the form remembers between frames: the one entry that is being edited.
#[derive(Default)]
pub(crate) struct FormState {
    editing: Option<Editing>,
}

impl std::fmt::Debug for FormState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FormState").field("editing", &self.editing.as_ref().map(|editing| &editing.field)).finish()
    }
}

struct Editing {
    field: FieldId,
    kind: Kind,
    /// What stood there before.
    before: String,
    text: Secret<String>,
}

/// How typed text becomes the file's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Blanks between digits fall away.
    Number,
    /// Blanks at the ends fall away.
    Text,
    /// Every character counts.
    Password,
}

impl Kind {
    fn written(self, typed: &str) -> String {
        match self {
            Self::Number => typed.split_whitespace().collect(),
            Self::Text => typed.trim().to_owned(),
            Self::Password => typed.to_owned(),
        }
    }
}

impl FormState {
    /// Gives what is being edited, if it differs from what stood there.
    pub(crate) fn finish(&mut self, intents: &mut Vec<ConfigurationIntent>) {
        let Some(Editing { field, kind, before, text }) = self.editing.take() else { return };
        let written = Secret::new(kind.written(&text));
        if *written != kind.written(&before) {
            intents.push(ConfigurationIntent::Set(field, TypedText::new(written)));
        }
    }

    fn edits(&self, field: &FieldId) -> bool {
        self.editing.as_ref().is_some_and(|editing| editing.field == *field)
    }

    /// What is being typed into a field's entry; nothing when another one, or none, is edited.
    pub(crate) fn text(&self, field: &FieldId) -> Option<Secret<String>> {
        self.editing.as_ref().filter(|editing| editing.field == *field).map(|editing| editing.text.clone())
    }

    /// The same, taken away: for a text of which there must be one copy only.
    pub(crate) fn take(&mut self, field: &FieldId) -> Option<Secret<String>> {
        self.editing.take_if(|editing| editing.field == *field).map(|editing| editing.text)
    }

    /// Takes over what was just typed into an entry that showed `before`.
    pub(crate) fn typed(
        &mut self,
        field: &FieldId,
        kind: Kind,
        before: &str,
        text: Secret<String>,
        intents: &mut Vec<ConfigurationIntent>,
    ) {
        match &mut self.editing {
            Some(editing) if editing.field == *field => editing.text = text,
            _ => {
                self.finish(intents);
                self.editing = Some(Editing { field: field.clone(), kind, before: before.to_owned(), text });
            }
        }
    }

    /// Ends an edit as the keyboard or the pointer left the entry.
    pub(crate) fn left(&mut self, ui: &Ui, field: &FieldSheet, intents: &mut Vec<ConfigurationIntent>) {
        if !ui.input(|input| input.key_pressed(Key::Escape)) {
            if self.edits(&field.id) {
                self.finish(intents);
            }
        } else if self.edits(&field.id) {
            self.editing = None;
        } else if field.refused.is_some() && field.entry != Entry::Password {
            // What couldn't be taken is put away by giving the value that stands.
            let value = TypedText::new(Secret::new(field.value.clone()));
            intents.push(ConfigurationIntent::Set(field.id.clone(), value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_typed_with_blanks_is_the_same_number() {
        assert_eq!(Kind::Number.written(" 0x9002 0000 "), "0x90020000");
        assert_eq!(Kind::Password.written(" a b "), " a b ");
    }
}

//! Steps that can be taken back and done again. A password is never among them: whoever records a step leaves secret
//! fields out.

use formats::Secret;

use super::FieldPlace;

/// Steps kept; the oldest is forgotten first.
const DEEPEST: usize = 200;

/// A field's text before and after.
type Change = (FieldPlace, String, String);

#[derive(Clone, Default)]
pub(super) struct History {
    done: Vec<Step>,
    undone: Vec<Step>,
}

#[derive(Clone)]
struct Step {
    text: String,
    changes: Vec<Change>,
}

impl History {
    /// Remembers a step, if it changed something. What was taken back before can't be done again then.
    pub(super) fn record(&mut self, text: &str, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        self.undone.clear();
        if self.done.len() >= DEEPEST {
            self.done.remove(0);
        }
        self.done.push(Step { text: text.to_owned(), changes });
    }

    pub(super) fn undoable(&self) -> Option<&str> {
        self.done.last().map(|step| step.text.as_str())
    }

    pub(super) fn redoable(&self) -> Option<&str> {
        self.undone.last().map(|step| step.text.as_str())
    }

    /// The texts that take the last step back, in the order in which they are to be written.
    pub(super) fn undo(&mut self) -> Vec<(FieldPlace, Secret<String>)> {
        let Some(step) = self.done.pop() else { return Vec::new() };
        let texts =
            step.changes.iter().rev().map(|(place, before, _)| (place.clone(), Secret::new(before.clone()))).collect();
        self.undone.push(step);
        texts
    }

    /// The texts that do the last undone step again.
    pub(super) fn redo(&mut self) -> Vec<(FieldPlace, Secret<String>)> {
        let Some(step) = self.undone.pop() else { return Vec::new() };
        let texts = step.changes.iter().map(|(place, _, after)| (place.clone(), Secret::new(after.clone()))).collect();
        self.done.push(step);
        texts
    }

    /// Forgets the steps that touch a file whose content was replaced.
    pub(super) fn forget(&mut self, document: super::DocumentRole) {
        let touches = |step: &Step| step.changes.iter().any(|(place, _, _)| place.document == document);
        self.done.retain(|step| !touches(step));
        self.undone.retain(|step| !touches(step));
    }
}

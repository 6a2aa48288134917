//! The board's UART as lines of text. It knows nothing of what they mean, and lets no board move or hide text.

use std::collections::VecDeque;

/// The board's UART, line by line.
#[derive(Debug, Clone, Default)]
pub struct Console {
    /// Complete lines, oldest first.
    pub lines: VecDeque<String>,
    /// The line being received.
    pub partial: String,
}

/// Lines that the console keeps.
pub const CONSOLE_LINES: usize = 5_000;
/// Characters after which a line without an end is broken.
const CONSOLE_LINE_LENGTH: usize = 512;

impl Console {
    /// Takes bytes in. Control characters other than tab and line ends are shown as their picture, so that a board
    /// can't hide or move text.
    pub fn receive(&mut self, bytes: &[u8]) {
        for character in String::from_utf8_lossy(bytes).chars() {
            match character {
                '\r' => {}
                '\n' => self.break_line(),
                '\t' => self.partial.push_str("    "),
                other if other.is_control() || !shown(other) => self.partial.push('·'),
                other => self.partial.push(other),
            }
            if self.partial.len() >= CONSOLE_LINE_LENGTH {
                self.break_line();
            }
        }
    }

    fn break_line(&mut self) {
        self.lines.push_back(std::mem::take(&mut self.partial));
        if self.lines.len() > CONSOLE_LINES {
            self.lines.pop_front();
        }
    }

    /// A line of the studio's own, on a line of its own.
    pub fn note(&mut self, text: &str) {
        if !self.partial.is_empty() {
            self.break_line();
        }
        self.lines.push_back(format!("{NOTE_MARK} {text}"));
    }

    /// Everything as text.
    pub fn text(&self) -> String {
        let mut text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        text.push_str(&self.partial);
        text
    }
}

/// What marks the studio's own lines in the console.
pub const NOTE_MARK: &str = "—";

/// Whether the bundled fonts draw a character.
fn shown(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{a0}'..='\u{17f}' | '–' | '—' | '…' | '≥' | '≤' | '→' | '“' | '”' | '’')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_breaks_lines_and_shows_no_control_characters() {
        let mut console = Console::default();
        console.receive(b"one\r\ntwo\x1b[2J\x07\nthr");
        console.receive(b"ee");
        assert_eq!(console.lines, ["one", "two·[2J·"]);
        assert_eq!(console.partial, "three");
        assert_eq!(console.text(), "one\ntwo·[2J·\nthree");
    }

    #[test]
    fn the_console_forgets_its_oldest_lines_and_breaks_endless_ones() {
        let mut console = Console::default();
        for number in 0..CONSOLE_LINES + 10 {
            console.receive(format!("{number}\n").as_bytes());
        }
        assert_eq!(console.lines.len(), CONSOLE_LINES);
        assert_eq!(console.lines.front().map(String::as_str), Some("10"));
        console.receive(&vec![b'x'; 4096]);
        assert!(console.partial.len() < CONSOLE_LINE_LENGTH);
    }
}

//! What a second boot stage takes for granted of board and application, told with the plan: folded to one line that says
//! how much of it is to be looked at. Nothing of it was measured, so that nothing of it stops a run.

use egui::text::LayoutJob;
use egui::{Align, CollapsingHeader, Label, Layout, RichText, Role, TextFormat, Ui, WidgetInfo, vec2};

use crate::model::{Check, CheckLine};
use crate::text::sentence;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{hairline, muted};

use super::mark;

const TITLE: &str = "What the second stage expects of the board";

/// Width of the column of names, points.
const NAME: f32 = 132.0;

pub(super) fn show(ui: &mut Ui, lines: &[CheckLine]) {
    if lines.is_empty() {
        return;
    }
    let t = Tokens::of(ui);
    let worst = if has(lines, Check::Bad) {
        Check::Bad
    } else if has(lines, Check::Warning) {
        Check::Warning
    } else if has(lines, Check::NotRead) {
        Check::NotRead
    } else {
        Check::Good
    };
    let (icon, _, tone) = mark(worst);
    let spoken = format!("{TITLE}: {}", tally(lines));
    let mut title = LayoutJob::default();
    title.append(icon, 0.0, TextFormat::simple(theme::icon(14.0), t.tone(tone)));
    title.append(TITLE, 6.0, TextFormat::simple(theme::body(), t.text));
    title.append(&tally(lines), 8.0, TextFormat::simple(theme::body(), t.muted));
    // What is folded and isn't painted is nothing to a screen reader, either.
    let folded = CollapsingHeader::new(title).id_salt("expectations").show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for line in lines {
            row(ui, line);
        }
        ui.add_space(6.0);
    });
    folded.header_response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
}

fn has(lines: &[CheckLine], check: Check) -> bool {
    lines.iter().any(|line| line.check == check)
}

/// How many lines have come out how, the ones to be looked at first.
fn tally(lines: &[CheckLine]) -> String {
    let parts = [Check::Bad, Check::Warning, Check::NotRead, Check::Good].into_iter().filter_map(|check| {
        let count = lines.iter().filter(|line| line.check == check).count();
        (count > 0).then(|| format!("{count} {}", word(check)))
    });
    parts.collect::<Vec<_>>().join(", ")
}

const fn word(check: Check) -> &'static str {
    match check {
        Check::Good => "met",
        Check::Warning => "to look at",
        Check::Bad => "not met",
        Check::NotRead => "not known",
    }
}

/// One expectation: what, how it stands, what it means here, and what to do about it.
fn row(ui: &mut Ui, line: &CheckLine) {
    let t = Tokens::of(ui);
    let (icon, filled, tone) = mark(line.check);
    ui.add_space(4.0);
    let row = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let font = if filled { theme::icon_filled(14.0) } else { theme::icon(14.0) };
        ui.label(RichText::new(icon).font(font).color(t.tone(tone)));
        ui.allocate_ui_with_layout(vec2(NAME, 16.0), Layout::top_down(Align::LEFT), |ui| {
            ui.set_width(NAME);
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.add(Label::new(RichText::new(sentence(&line.name)).font(theme::strong())).wrap());
            ui.label(RichText::new(sentence(word(line.check))).font(theme::small()).color(t.tone(tone)));
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let label = ui.add(Label::new(sentence(&line.text)).wrap().selectable(true));
            let spoken = format!("{}, {}: {}", sentence(&line.name), word(line.check), line.text);
            label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
            if !line.remedy.is_empty() {
                ui.add(Label::new(muted(ui, sentence(&line.remedy))).wrap().selectable(true));
            }
        });
    });
    ui.add_space(4.0);
    let rect = row.response.rect;
    hairline(ui, rect.left(), ui.max_rect().right(), rect.bottom() + 4.0);
}

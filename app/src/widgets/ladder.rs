//! The product states as a ladder: where the board is, what each rung allows, which ways lead from it and which don't lead
//! back. A way is a button that shows what going it needs and does. The facts about each rung stand in the table here with
//! what is known of their truth.

use chip::product_state::ProductState;
use egui::{Align2, Color32, Pos2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::acts;
use crate::command::Command;
use crate::icons;
use crate::model::debug::{Act, DebugIntent, Level};
use crate::model::{Model, Tone, View, state_tone};
use crate::theme::{self, RADIUS_CARD, Tokens};
use crate::widgets::act_card::{self, Pressed};
use crate::widgets::controls::{focus_ring, muted};

/// What the ladder remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct LadderState {
    /// The rung that a person picked; the board's own when none.
    picked: Option<ProductState>,
    /// The way whose card is open.
    way: Option<Act>,
}

/// Whether a rung allows something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    OnlyIf,
    No,
    /// No source says so for this chip.
    NotConfirmed,
}

/// What one rung allows: code, debug, bootloader, SFI, OBK writes, regression.
struct Rung {
    state: ProductState,
    summary: &'static str,
    allows: [(Answer, &'static str); 6],
}

const SUBJECTS: [&str; 6] = ["Code", "Debug", "Bootloader", "SFI", "OBK writes", "Regression"];

/// Sources: RM0477, ST's wiki on STiRoT and ST's scripts; what rests on none of them is marked as not confirmed.
const RUNGS: [Rung; 4] = [
    Rung {
        state: ProductState::Locked,
        summary: "final · no way back",
        allows: [
            (Answer::Yes, "verified by STiRoT"),
            (Answer::No, "never again"),
            (Answer::No, "shut"),
            (Answer::No, "shut"),
            (Answer::No, "shut"),
            (Answer::No, "never again"),
        ],
    },
    Rung {
        state: ProductState::Closed,
        summary: "runs code · debug by credential",
        allows: [
            (Answer::Yes, "verified by STiRoT"),
            (Answer::OnlyIf, "with a certificate"),
            (Answer::No, "not by BOOT0"),
            (Answer::No, "shut"),
            (Answer::No, "shut"),
            (Answer::OnlyIf, "with the credential"),
        ],
    },
    Rung {
        state: ProductState::Provisioning,
        summary: "OBK writes · runs no code",
        allows: [
            (Answer::No, "RSS waits"),
            (Answer::Yes, "for RSSLIB calls"),
            (Answer::NotConfirmed, "not confirmed"),
            (Answer::NotConfirmed, "not confirmed"),
            (Answer::Yes, "through RSSLIB"),
            (Answer::OnlyIf, "once one is stored"),
        ],
    },
    Rung {
        state: ProductState::Open,
        summary: "debug · flash · all writes",
        allows: [
            (Answer::Yes, "from user flash"),
            (Answer::Yes, "open"),
            (Answer::Yes, "by BOOT0"),
            (Answer::NotConfirmed, "not confirmed"),
            (Answer::OnlyIf, "not encrypted"),
            (Answer::No, "not needed"),
        ],
    },
];

const LANE: f32 = 16.0;
const HEIGHT: f32 = 48.0;
const GAP: f32 = 24.0;
const RIGHT: f32 = 30.0;
/// Width of a way's card.
const CARD: f32 = 372.0;

pub(crate) fn show(ui: &mut Ui, model: &Model, state: &mut LadderState, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    ui.label(egui::RichText::new("Product state").font(theme::section()));
    ui.add_space(8.0);

    let here = model.product_state();
    #[expect(clippy::cast_precision_loss, reason = "four rungs")]
    let size = vec2(ui.available_width(), RUNGS.len() as f32 * (HEIGHT + GAP) - GAP);
    let (whole, _) = ui.allocate_exact_size(size, Sense::hover());
    let boxes = Rect::from_min_max(pos2(whole.left() + LANE, whole.top()), pos2(whole.right() - RIGHT, whole.bottom()));
    let place = |index: usize| {
        #[expect(clippy::cast_precision_loss, reason = "four rungs")]
        let top = boxes.top() + index as f32 * (HEIGHT + GAP);
        Rect::from_min_size(pos2(boxes.left(), top), vec2(boxes.width(), HEIGHT))
    };
    for (index, rung) in RUNGS.iter().enumerate() {
        show_rung(ui, place(index), rung, here, state);
    }
    ways(ui, t, &place, here, state);
    ui.add_space(12.0);
    // A way that doesn't lead from where the board is by now was gone, or has gone.
    state.way.take_if(|act| !acts::leads_from(*act, here) || model.debug.running.is_some());
    if let Some(act) = state.way {
        card_of_way(ui, model, act, state, commands);
    }
    detail(ui, model, state.picked.or(here).unwrap_or(ProductState::Open), commands);
}

/// The card of a way, beside the ladder: it needs more width than the ladder has.
fn card_of_way(ui: &Ui, model: &Model, act: Act, state: &mut LadderState, commands: &mut Vec<Command>) {
    let given = commands.len();
    let t = Tokens::of(ui);
    let top = ui.clip_rect().left_top() + vec2(-CARD - 24.0, 8.0);
    let area = egui::Area::new(egui::Id::unique("way")).order(egui::Order::Foreground).fixed_pos(top);
    let pressed = area
        .show(ui.ctx(), |ui| {
            let shadow = egui::Shadow { offset: [0, 4], blur: 16, spread: 0, color: Color32::from_black_alpha(96) };
            let frame = egui::Frame::new().fill(t.panel).corner_radius(RADIUS_CARD).shadow(shadow);
            frame
                .show(ui, |ui| {
                    ui.set_width(CARD);
                    act_card::show(ui, model, act, None, commands)
                })
                .inner
        })
        .inner;
    let escaped = ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
    if pressed == Some(Pressed::Close) || escaped || commands.len() > given {
        state.way = None;
    }
}

/// What can be done on the rung where the board is, without leaving it.
fn rung_act(ui: &mut Ui, model: &Model, here: ProductState, commands: &mut Vec<Command>) {
    // The Debug view has it itself.
    if model.view == View::Debug || here != ProductState::Closed {
        return;
    }
    let (act, text) = if model.debug_is_open() {
        (Act::CloseDebug, "Close debug…")
    } else {
        (Act::OpenDebug(Level::Two), "Open debug…")
    };
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.spacing_mut().button_padding = vec2(8.0, 2.0);
        let command = Command::Debug(DebugIntent::Consider(Some(act)));
        let response = ui.add(egui::Button::new(egui::RichText::new(text).font(theme::strong())));
        focus_ring(ui, &response);
        if response.on_hover_text(command.tooltip()).clicked() {
            commands.push(command);
        }
    });
}

fn show_rung(ui: &mut Ui, rect: Rect, rung: &Rung, here: Option<ProductState>, state: &mut LadderState) {
    let t = Tokens::of(ui);
    let spoken = spoken(rung, here);
    let here = here == Some(rung.state);
    let tone = state_tone(rung.state);
    let color = t.tone(tone);
    let response = ui.interact(rect, ui.scope_id().with(rung.state.name()), Sense::click());
    let (fill, edge) = if here {
        (t.wash(tone), Stroke::new(1.5, color))
    } else if response.hovered() || state.picked == Some(rung.state) {
        (t.raised, Stroke::new(1.0, t.muted))
    } else {
        (t.raised, t.hairline())
    };
    ui.painter().rect(rect, RADIUS_CARD, fill, edge, StrokeKind::Inside);
    let font = if here { theme::icon_filled(13.0) } else { theme::icon(13.0) };
    ui.painter().text(pos2(rect.left() + 17.0, rect.top() + 18.0), Align2::CENTER_CENTER, icons::CIRCLE, font, color);
    ui.painter().text(
        pos2(rect.left() + 30.0, rect.top() + 18.0),
        Align2::LEFT_CENTER,
        rung.state.name(),
        theme::section(),
        t.text,
    );
    ui.painter().text(
        pos2(rect.left() + 11.0, rect.top() + 36.0),
        Align2::LEFT_CENTER,
        rung.summary,
        egui::FontId::proportional(10.0),
        t.muted,
    );
    focus_ring(ui, &response);
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, here, &spoken));
    if response.clicked() {
        state.picked = if state.picked == Some(rung.state) || here { None } else { Some(rung.state) };
        state.way = None;
    }
    response.on_hover_ui(|ui| allowed(ui, rung));
}

/// The rung in a sentence, for screen readers.
fn spoken(rung: &Rung, here: Option<ProductState>) -> String {
    let mut text = rung.state.name().to_owned();
    text.push_str(if here == Some(rung.state) { ", the board is here." } else { "." });
    for (subject, (answer, note)) in SUBJECTS.iter().zip(rung.allows) {
        text.push_str(&format!(" {subject}: {}, {note}.", word(answer)));
    }
    text
}

const fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "yes",
        Answer::OnlyIf => "only so",
        Answer::No => "no",
        Answer::NotConfirmed => "unknown",
    }
}

fn allowed(ui: &mut Ui, rung: &Rung) {
    let t = Tokens::of(ui);
    // Rows of text, not of buttons.
    ui.spacing_mut().interact_size.y = 16.0;
    egui::Grid::new(("allows", rung.state.name())).num_columns(2).spacing(vec2(8.0, 3.0)).show(ui, |ui| {
        for (subject, (answer, note)) in SUBJECTS.iter().zip(rung.allows) {
            let (icon, tone) = match answer {
                Answer::Yes => (icons::CHECK, Tone::Ok),
                Answer::OnlyIf => (icons::KEY, Tone::Warn),
                Answer::No => (icons::PROHIBIT, Tone::Neutral),
                Answer::NotConfirmed => (icons::INFO, Tone::Neutral),
            };
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.label(egui::RichText::new(icon).font(theme::icon(13.0)).color(t.tone(tone)));
                ui.label(muted(ui, *subject));
            });
            ui.add(egui::Label::new(note).truncate());
            ui.end_row();
        }
    });
}

fn detail(ui: &mut Ui, model: &Model, state: ProductState, commands: &mut Vec<Command>) {
    let here = model.product_state();
    let Some(rung) = RUNGS.iter().find(|rung| rung.state == state) else {
        ui.label(muted(ui, "The board was closed without a way in: nobody can open it again."));
        return;
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.label(egui::RichText::new(rung.state.name()).font(theme::section()));
        match here {
            None => ui.label(muted(ui, "not read; what it would allow")),
            Some(here) if here == state => ui.label(muted(ui, "allows")),
            Some(_) => ui.label(muted(ui, "would allow")),
        };
        if here == Some(state) {
            rung_act(ui, model, state, commands);
        }
    });
    ui.add_space(2.0);
    allowed(ui, rung);
    ui.add_space(8.0);
    let ways = match state {
        ProductState::Open => "Up: PROVISIONING. Only a regression leads back from there.",
        ProductState::Provisioning => "Up: CLOSED, or LOCKED for ever. Back to OPEN: regression.",
        ProductState::Closed => "Back to OPEN: regression, which erases flash and OBKs.",
        ProductState::Locked => "No way leads from here: not down, with no credential, for nobody.",
        ProductState::Provisioned => "No way leads from here.",
    };
    ui.add(egui::Label::new(muted(ui, ways)).wrap());
}

/// The arrows. RSSLIB's codes lead from PROVISIONING to CLOSED or to LOCKED; a regression leads to OPEN. Those that don't
/// lead from where the board is are faint, and no buttons.
fn ways(ui: &mut Ui, t: &Tokens, place: &dyn Fn(usize) -> Rect, here: Option<ProductState>, state: &mut LadderState) {
    let (locked, closed, provisioning, open) = (place(0), place(1), place(2), place(3));
    let middle = |rect: Rect| rect.left() + rect.width() * 0.35;
    let between = |lower: Rect, upper: Rect| {
        Rect::from_min_max(
            pos2(middle(upper) - 12.0, upper.bottom() + 1.0),
            pos2(middle(upper) + 12.0, lower.top() - 1.0),
        )
    };
    let leads = |act, from: ProductState| acts::leads_from(act, here) && here.is_none_or(|here| here == from);

    for (lower, upper, from, name) in [
        (open, provisioning, ProductState::Open, "Way up from OPEN: provision to CLOSED"),
        (provisioning, closed, ProductState::Provisioning, "Way up from PROVISIONING: provision to CLOSED"),
    ] {
        let x = middle(lower);
        let color = way(ui, t, between(lower, upper), name, (Act::Close, leads(Act::Close, from)), t.text, state);
        arrow(ui, &[pos2(x, lower.top() - 2.0), pos2(x, upper.bottom() + 3.0)], Stroke::new(1.2, color));
    }

    let x = locked.left() - LANE + 5.0;
    let final_way = [
        pos2(provisioning.left() - 1.0, provisioning.center().y),
        pos2(x, provisioning.center().y),
        pos2(x, locked.center().y),
        pos2(locked.left() - 3.0, locked.center().y),
    ];
    let lane = Rect::from_min_max(pos2(x - 5.0, locked.center().y), pos2(x + 6.0, provisioning.center().y));
    let name = "Final way: lock for ever. Nothing leads back";
    let lock = (Act::Lock, acts::leads_from(Act::Lock, here));
    let stroke = Stroke::new(1.2, way(ui, t, lane, name, lock, t.danger, state));
    for shape in Shape::dashed_line(&final_way, stroke, 3.0, 3.0) {
        ui.painter().add(shape);
    }
    head(ui, final_way, stroke);

    let x = open.right() + 13.0;
    let lane = Rect::from_min_max(pos2(x - 5.0, closed.center().y), pos2(x + 18.0, open.center().y));
    let regress = (Act::Regress, acts::leads_from(Act::Regress, here));
    let color = way(ui, t, lane, "Way back: regress to OPEN", regress, t.accent, state);
    let regression = Stroke::new(1.2, color);
    for from in [closed, provisioning] {
        ui.painter().line_segment([pos2(from.right() + 1.0, from.center().y), pos2(x, from.center().y)], regression);
    }
    arrow(
        ui,
        &[pos2(x, closed.center().y), pos2(x, open.center().y), pos2(open.right() + 3.0, open.center().y)],
        regression,
    );
    let galley = ui.painter().layout_no_wrap("regression".to_owned(), theme::small(), color);
    let middle = pos2(x + 6.0, provisioning.center().y + galley.size().x / 2.0);
    ui.painter().add(egui::epaint::TextShape::new(middle, galley, color).with_angle(-std::f32::consts::FRAC_PI_2));
}

/// A way's place: a button that opens its card when it leads from here. Gives the colour that the way is painted in.
fn way(
    ui: &mut Ui,
    t: &Tokens,
    rect: Rect,
    name: &str,
    (act, leads): (Act, bool),
    color: Color32,
    state: &mut LadderState,
) -> Color32 {
    let id = ui.scope_id().with(("way", name));
    if !leads {
        let response = ui.interact(rect, id, Sense::hover());
        let text = format!("{name}. It doesn't lead from where the board is");
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
        response.on_hover_text(text);
        return t.muted.gamma_multiply(0.6);
    }
    let response = ui.interact(rect, id, Sense::click());
    let open = state.way == Some(act);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, open, name));
    if response.hovered() || open {
        ui.painter().rect_filled(rect, 4.0, t.raised);
    }
    focus_ring(ui, &response);
    if response.clicked() {
        state.way = if open { None } else { Some(act) };
    }
    response.on_hover_text(format!("{name}. Press to see what it needs and does"));
    color
}

fn arrow<const N: usize>(ui: &Ui, path: &[Pos2; N], stroke: Stroke) {
    ui.painter().line(path.to_vec(), stroke);
    head(ui, *path, stroke);
}

/// The head at a path's end.
fn head<const N: usize>(ui: &Ui, path: [Pos2; N], stroke: Stroke) {
    let [.., before, end] = path.as_slice() else { return };
    let direction = (*end - *before).normalized();
    let side = vec2(-direction.y, direction.x);
    for turn in [1.0, -1.0] {
        let tail = *end - direction * 5.0 + side * 4.0 * turn;
        ui.painter().line_segment([tail, *end], stroke);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rungs_stand_in_the_order_of_the_states() {
        let ranks: Vec<u8> = RUNGS.iter().map(|rung| rung.state.rank()).collect();
        assert!(ranks.windows(2).all(|pair| pair[0] > pair[1]), "{ranks:?}");
    }

    #[test]
    fn a_rung_speaks_all_it_allows() {
        for rung in &RUNGS {
            let text = spoken(rung, Some(rung.state));
            assert!(text.contains("the board is here"));
            for subject in SUBJECTS {
                assert!(text.contains(subject), "{text}");
            }
        }
    }
}

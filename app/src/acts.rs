//! What each act needs, does, erases and leaves, told from the model before it is done. Ladder, Debug view and Provision
//! view show the same words; nothing here acts.

use chip::product_state::ProductState;

use crate::command::Command;
use crate::model::debug::{Act, CredentialSheet, CredentialState, DebugIntent, FULL_REGRESSION, Fit, Level, Method};
use crate::model::{BoardKind, Goal, Model, PlanSheet};
use crate::text::short_hex;

/// Something that an act needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    /// Whether it is there; `None` when it wasn't measured.
    pub(crate) met: Option<bool>,
    /// What, and what there is of it.
    pub(crate) text: String,
}

/// How far an act can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    /// Nothing has to be taken back.
    Free,
    /// Something is lost, and can be made again.
    Loses,
    /// Never.
    Never,
}

/// An act as it is shown before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActSheet {
    pub(crate) title: String,
    pub(crate) needs: Vec<Need>,
    /// What will happen, in order.
    pub(crate) does: Vec<String>,
    /// What is lost by it.
    pub(crate) erases: Vec<String>,
    /// What stays, and what it is still worth.
    pub(crate) stays: Vec<String>,
    pub(crate) back: Back,
    /// What leads back, or that nothing does.
    pub(crate) undo: String,
    /// What does it; for LOCKED, the digits are still to be typed.
    pub(crate) command: Command,
    /// What stands on its button.
    pub(crate) button: &'static str,
    /// What is said when it was done.
    pub(crate) done: String,
}

/// Tells an act.
pub(crate) fn describe(model: &Model, act: Act) -> ActSheet {
    match act {
        Act::Discover => discover(model),
        Act::OpenDebug(level) => open_debug(model, level),
        Act::CloseDebug => close_debug(model),
        Act::Regress => regress(model),
        Act::Close => close(model),
        Act::Lock => lock(model),
    }
}

/// Whether an act leads from where the board stands; from a state that wasn't read it may.
pub(crate) const fn leads_from(act: Act, state: Option<ProductState>) -> bool {
    let Some(state) = state else { return true };
    match act {
        Act::Discover => !matches!(state, ProductState::Open),
        Act::OpenDebug(_) | Act::CloseDebug => matches!(state, ProductState::Closed),
        Act::Regress => matches!(state, ProductState::Closed | ProductState::Provisioning),
        Act::Close | Act::Lock => matches!(state, ProductState::Open | ProductState::Provisioning),
    }
}

fn lines<const N: usize>(lines: [&str; N]) -> Vec<String> {
    lines.into_iter().map(str::to_owned).collect()
}

/// The board is in one of these states.
fn state_need(model: &Model, states: &[ProductState]) -> Need {
    let names: Vec<&str> = states.iter().map(|state| state.name()).collect();
    let wanted = names.join(" or ");
    match model.product_state() {
        None => Need { met: None, text: format!("a board in {wanted}; its state was not read") },
        Some(state) if states.contains(&state) => Need { met: Some(true), text: format!("a board in {wanted}") },
        Some(state) => Need { met: Some(false), text: format!("a board in {wanted}; this one is in {}", state.name()) },
    }
}

/// A probe with NRST: the mailbox is served after a reset only.
fn probe_need(model: &Model) -> Need {
    match &model.board {
        None => Need { met: Some(false), text: "a board behind a probe".to_owned() },
        Some(board) if !board.powered => Need { met: Some(false), text: "the board powered".to_owned() },
        Some(board) if board.kind == BoardKind::Virtual => {
            Need { met: Some(true), text: "a probe with NRST wired: the virtual probe".to_owned() }
        }
        // Whether NRST is wired shows when the board answers.
        Some(_) => {
            let answered = board_answers(model).then_some(true);
            let text = if answered.is_some() {
                "a probe with NRST wired: the mailbox answered"
            } else {
                "a probe with NRST wired; not seen yet"
            };
            Need { met: answered, text: text.to_owned() }
        }
    }
}

fn board_answers(model: &Model) -> bool {
    let reading = model.board.as_ref().and_then(|board| board.reading.as_ref());
    reading.is_some_and(|reading| reading.discovery.is_some())
}

/// What the board permits at most, when it said so.
pub(crate) fn board_mask(model: &Model) -> Option<u128> {
    model.board.as_ref()?.reading.as_ref()?.discovery.as_ref()?.permissions
}

/// What is left when everything has taken its part away that is known.
pub(crate) fn effective(model: &Model, sheet: &CredentialSheet) -> u128 {
    sheet.effective & board_mask(model).unwrap_or(u128::MAX)
}

fn credential_need(model: &Model, bit: u8, what: &str) -> Vec<Need> {
    let sheet = match &model.debug.credential {
        CredentialState::None => {
            return vec![Need { met: Some(false), text: "a project with a credential".to_owned() }];
        }
        CredentialState::Refused(card) => return vec![Need { met: Some(false), text: card.title.clone() }],
        CredentialState::Ready(sheet) => sheet,
    };
    let name = match sheet.method {
        Method::Certificate => {
            let leaf = sheet.certificates.last().and_then(|leaf| leaf.fingerprint.as_deref());
            leaf.map_or_else(|| "the certificate chain".to_owned(), |leaf| format!("the leaf {}", short_hex(leaf)))
        }
        Method::Password => "the password".to_owned(),
    };
    let permits = effective(model, sheet) >> bit & 1 == 1;
    let text =
        if permits { format!("{name}, which permits {what}") } else { format!("{name} to permit {what}; it doesn't") };
    let mut needs = vec![Need { met: Some(permits), text }];
    match &sheet.fits_object {
        Fit::Misfit(why) => needs.push(Need { met: Some(false), text: why.clone() }),
        Fit::NotKnown(why) => needs.push(Need { met: None, text: why.clone() }),
        Fit::Fits(_) => {}
    }
    // A closed board keeps its object: one that was closed with another credential will refuse this one. The wallet may
    // be behind, so that it is no refusal here.
    if let Fit::Misfit(why) = &sheet.wallet
        && model.product_state() == Some(ProductState::Closed)
    {
        needs.push(Need { met: None, text: format!("this board's own credential; {why}") });
    }
    if sheet.locked {
        needs.push(Need { met: Some(false), text: "its key opened: it is under a passphrase".to_owned() });
    }
    needs
}

fn discover(model: &Model) -> ActSheet {
    ActSheet {
        title: "Discover".to_owned(),
        needs: vec![probe_need(model)],
        does: lines(["resets the board with a request in its mailbox", "asks its ROM what it is, then lets it boot"]),
        erases: Vec::new(),
        stays: lines(["everything; nothing is written"]),
        back: Back::Free,
        undo: "Nothing has to be taken back; the application starts anew.".to_owned(),
        command: Command::Debug(DebugIntent::Discover),
        button: "Discover",
        done: "The board answered".to_owned(),
    }
}

fn open_debug(model: &Model, level: Level) -> ActSheet {
    let mut needs = vec![state_need(model, &[ProductState::Closed]), probe_need(model)];
    needs.extend(credential_need(model, level.bit(), &format!("debug at HDPL {}", level.number())));
    let reach = match level {
        Level::One => "a debugger may enter from HDPL 1 on: STiRoT's own level and everything above",
        Level::Two => "a debugger may enter from HDPL 2 on: the application, and the iLoader at HDPL 3",
        Level::Three => "a debugger may enter at HDPL 3: the iLoader. The sample application, at HDPL 2, stays shut",
    };
    ActSheet {
        title: format!("Open debug at HDPL {}", level.number()),
        needs,
        does: lines(["resets the board and answers its challenge", reach, "reads the core's level to prove it"]),
        erases: Vec::new(),
        stays: lines(["flash, objects and option bytes; the board stays in CLOSED"]),
        back: Back::Free,
        undo: "Close debug, or take the supply away: the board is shut again.".to_owned(),
        command: Command::Debug(DebugIntent::OpenDebug(level)),
        button: match level {
            Level::One => "Open debug at HDPL 1",
            Level::Two => "Open debug at HDPL 2",
            Level::Three => "Open debug at HDPL 3",
        },
        done: format!("Debug is open from HDPL {} on", level.number()),
    }
}

fn close_debug(model: &Model) -> ActSheet {
    let is_open = model.debug_is_open();
    let text = match model.debug.opened {
        Some(level) => format!("debug to be open: it is, from HDPL {} on", level.number()),
        None if is_open => "debug to be open: it is".to_owned(),
        None => "debug to be open; it isn't".to_owned(),
    };
    ActSheet {
        title: "Close debug".to_owned(),
        needs: vec![Need { met: Some(is_open), text }, probe_need(model)],
        does: lines(["resets the board and tells its ROM to shut debug", "lets the application run"]),
        erases: Vec::new(),
        stays: lines(["everything; only the way in is shut"]),
        back: Back::Free,
        undo: "Open debug again with the credential.".to_owned(),
        command: Command::Debug(DebugIntent::CloseDebug),
        button: "Close debug",
        done: "Debug is shut".to_owned(),
    }
}

fn regress(model: &Model) -> ActSheet {
    let mut needs = vec![state_need(model, &[ProductState::Closed, ProductState::Provisioning]), probe_need(model)];
    needs.extend(credential_need(model, FULL_REGRESSION, "full regression"));
    let mut does = Vec::new();
    if model.product_state() == Some(ProductState::Provisioning) {
        does.push(
            "stores the project's debug-authentication object, so that the board knows the credential".to_owned(),
        );
    }
    does.extend(lines(["resets the board and answers its challenge", "the board erases itself and starts in OPEN"]));
    ActSheet {
        title: "Regress to OPEN".to_owned(),
        needs,
        does,
        erases: lines([
            "the user flash, with the iLoader",
            "the RAM",
            "every stored object, keys with it",
            "the option bytes: back to factory values",
        ]),
        stays: lines([
            "the external NOR keeps its bytes, but they are dead: no key is left that reads them",
            "OTP and UID",
        ]),
        back: Back::Loses,
        undo: "What is erased is gone. Provision again with the project; nothing else is needed.".to_owned(),
        command: Command::Debug(DebugIntent::Regress),
        button: "Regress to OPEN",
        done: "The board is in OPEN".to_owned(),
    }
}

fn plan_need(model: &Model, goal: Goal) -> Need {
    match &model.plan {
        PlanSheet::Ready { steps, .. } if model.goal == goal => {
            Need { met: Some(true), text: format!("a plan to {}: {} steps are ready", goal.name(), steps.len()) }
        }
        PlanSheet::Ready { .. } => Need { met: None, text: format!("a plan to {}; not made yet", goal.name()) },
        PlanSheet::Waiting { why, .. } => Need { met: Some(false), text: why.clone() },
        PlanSheet::Refused(card) => Need { met: Some(false), text: card.title.clone() },
        PlanSheet::None => Need { met: Some(false), text: "a project".to_owned() },
    }
}

fn close(model: &Model) -> ActSheet {
    ActSheet {
        title: "Provision to CLOSED".to_owned(),
        needs: vec![
            state_need(model, &[ProductState::Open, ProductState::Provisioning]),
            plan_need(model, Goal::Closed),
            probe_need(model),
        ],
        does: lines([
            "runs the plan, each step proved before the next",
            "tries the way back on this board before the door is shut",
            "keeps the credential in the wallet, bound to this UID",
        ]),
        erases: lines(["what stands in the user flash and in the slots of the NOR"]),
        stays: Vec::new(),
        back: Back::Loses,
        undo: "Only a regression with the credential leads back.".to_owned(),
        command: Command::Provision,
        button: "Provision",
        done: "The board is in CLOSED".to_owned(),
    }
}

fn lock(model: &Model) -> ActSheet {
    ActSheet {
        title: "Lock for ever".to_owned(),
        needs: vec![
            state_need(model, &[ProductState::Open, ProductState::Provisioning]),
            plan_need(model, Goal::Locked),
            probe_need(model),
        ],
        does: lines([
            "runs the plan to LOCKED, with the object that locks",
            "the application runs, verified by STiRoT",
        ]),
        erases: lines([
            "the way back: no regression, with no credential",
            "debugging: the port never opens again",
            "every change of objects and option bytes",
        ]),
        stays: lines(["updates through the download slot, signed with the project's key"]),
        back: Back::Never,
        undo: "Nothing leads back: no credential opens a board in LOCKED.".to_owned(),
        command: Command::Lock(String::new()),
        button: "Lock for ever",
        done: "The board is LOCKED".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::model::{BoardSheet, Reading};

    fn model(state: ProductState) -> Model {
        let mut model = Model::new(PathBuf::from("data"));
        model.board = Some(BoardSheet {
            address: "a.board".to_owned(),
            name: "a".to_owned(),
            kind: BoardKind::Virtual,
            powered: true,
            reading: Some(Reading { state: Some(state), ..Reading::default() }),
            earlier: Vec::new(),
            last: None,
        });
        model
    }

    const ACTS: [Act; 6] =
        [Act::Discover, Act::OpenDebug(Level::Two), Act::CloseDebug, Act::Regress, Act::Close, Act::Lock];

    #[test]
    fn from_locked_no_act_leads_anywhere_but_asking() {
        for act in ACTS.into_iter().filter(|act| *act != Act::Discover) {
            assert!(!leads_from(act, Some(ProductState::Locked)), "{act:?}");
        }
    }

    #[test]
    fn a_regression_names_all_that_it_erases_and_that_the_nor_is_dead() {
        let sheet = describe(&model(ProductState::Closed), Act::Regress);
        let erased = sheet.erases.join("\n");
        for what in ["user flash", "RAM", "object", "option bytes"] {
            assert!(erased.contains(what), "{what} is missing in {erased}");
        }
        assert!(sheet.stays.iter().any(|line| line.contains("NOR") && line.contains("dead")));
    }

    #[test]
    fn a_regression_in_provisioning_stores_the_object_first() {
        assert!(describe(&model(ProductState::Provisioning), Act::Regress).does[0].contains("object"));
        assert!(!describe(&model(ProductState::Closed), Act::Regress).does[0].contains("object"));
    }

    #[test]
    fn an_act_from_the_wrong_state_says_where_the_board_is() {
        let sheet = describe(&model(ProductState::Open), Act::OpenDebug(Level::Two));
        assert_eq!(sheet.needs[0].met, Some(false));
        assert!(sheet.needs[0].text.contains("OPEN"), "{:?}", sheet.needs[0]);
    }

    #[test]
    fn only_locking_can_never_be_taken_back() {
        for act in ACTS {
            let back = describe(&model(ProductState::Provisioning), act).back;
            assert_eq!(back == Back::Never, act == Act::Lock, "{act:?}");
        }
    }
}

//! One rule broken, and what is said about it.

use std::collections::BTreeSet;

use chip::ProductState;
use project::{BoardFacts, Draft, FieldPlace, Finding, Flow, Remedy, Severity, Standing, rule_of};

use super::Bench;

/// A board that waits to be provisioned.
pub const FRESH: BoardFacts = BoardFacts {
    product_state: Some(ProductState::Open),
    sram_ecc: Some(false),
    tcm_shares: Some([0, 0]),
    write_protection: Some(0xFF),
};

/// The one rule that is broken: it is `id` and no other, about this file and field, and it says what to do.
pub fn named(bench: &Bench, draft: &Draft, board: Option<&BoardFacts>, id: &str, at: (&str, Option<&str>)) -> Finding {
    let assessment = draft.assess(board);
    let ids: BTreeSet<_> = assessment.findings.iter().map(|finding| finding.id).collect();
    assert_eq!(ids, BTreeSet::from([id]), "{:?}", assessment.findings);
    let finding = assessment.findings[0].clone();
    assert_eq!((&finding.file, finding.field.as_deref()), (&bench.path(at.0), at.1), "{finding}");
    assert!(!finding.text.is_empty() && !finding.help.is_empty(), "{finding:?}");
    let rule = rule_of(id).unwrap();
    assert!(!rule.title.is_empty() && !rule.source.is_empty());
    for (rule, standing) in &assessment.rules {
        let expected = match finding.severity {
            Severity::Error => Standing::Broken,
            Severity::Warning => Standing::Warns,
        };
        assert_eq!(*standing == expected, rule.id == id, "{}: {standing:?}", rule.id);
    }
    assert_eq!(assessment.first_error().is_some(), finding.severity == Severity::Error);
    finding
}

/// Makes the edit that is offered: nothing is wrong then.
pub fn mend(draft: &mut Draft, finding: &Finding) {
    let Some(Remedy::Edit { text, edits }) = &finding.remedy else { panic!("no edit is offered for {finding:?}") };
    draft.mend(text, edits).unwrap_or_else(|error| panic!("{finding}: {error}"));
    assert_eq!(draft.assess(None).findings, [], "what {finding} offered");
    draft.undo().unwrap();
    assert!(draft.assess(None).findings.contains(finding), "the edit is one step");
}

/// Whether an edit is offered that mends it.
#[derive(Clone, Copy, PartialEq)]
pub enum Mended {
    ByItsEdit,
    ByAPerson,
}

/// Breaks a rule by one edit of a new project.
pub fn after_edits(flow: Flow, id: &str, edits: &[(FieldPlace, &str)], by: Mended) {
    let bench = Bench::own(flow);
    let mut draft = bench.draft();
    for (place, text) in edits {
        draft.set(place, text).unwrap();
    }
    let (place, _) = &edits[0];
    let finding = named(&bench, &draft, None, id, (place.document.file(), Some(&place.key.name)));
    assert!(draft.place_of(&finding.file, finding.field.as_ref().unwrap()).is_some(), "{finding}");
    for other in &finding.also {
        assert!(draft.place_of(&finding.file, other).is_some(), "{other}");
    }
    match by {
        Mended::ByItsEdit => mend(&mut draft, &finding),
        Mended::ByAPerson => assert!(!matches!(finding.remedy, Some(Remedy::Edit { .. })), "{finding:?}"),
    }
}

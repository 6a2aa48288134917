//! Certificates to be made and the wallet, in the words and shapes of the Keys view. It reads and rephrases; what a
//! certificate may say is the engine's judgement.

use chip::option_bytes::DebugAuthentication;
use formats::certificate::CertificateChain;
use formats::{Permission, Permissions};
use project::WalletEntry;
use project::certificates::{MadeChain, Renewed};

use super::permissions;
use crate::local_time;
use crate::model::BoardSheet;
use crate::model::credentials::{
    ChainPlace, MadeSheet, MakingFacts, MakingForm, MakingSheet, PerPlace, Restriction, WalletBoard, WalletCard,
};
use crate::text::file_name;

/// The form as it begins: what the present chain says, else what ST's do.
pub(crate) fn form(facts: &MakingFacts) -> MakingForm {
    facts.present.clone().unwrap_or_else(|| MakingForm::permitting(Permissions::OF_ST_CERTIFICATES.0))
}

/// The present chain once more, with some of its keys new.
pub(crate) fn renewing(facts: &MakingFacts, renewed: Renewed) -> MakingForm {
    let first = match renewed {
        Renewed::Certificates => None,
        Renewed::Leaf => Some(ChainPlace::Leaf),
        Renewed::IntermediateAndLeaf => Some(ChainPlace::Intermediate),
        Renewed::Root => Some(ChainPlace::Root),
    };
    MakingForm { renewed_from: first, ..form(facts) }
}

/// What a chain says, as the form has it; `None` of one that isn't root, intermediate and leaf.
pub(crate) fn form_of(chain: &CertificateChain) -> Option<MakingForm> {
    let [root, intermediate, leaf] = chain.certificates.as_slice() else { return None };
    let typed = |value: String| if value.bytes().all(|digit| digit == b'0') { String::new() } else { value };
    let id = leaf.soc_id.iter().map(|byte| format!("{byte:02X}")).collect();
    Some(MakingForm {
        permissions: PerPlace {
            root: root.permissions.0,
            intermediate: root.permissions.0 & intermediate.permissions.0,
            leaf: root.permissions.0 & intermediate.permissions.0 & leaf.permissions.0,
        },
        renewed_from: None,
        soc_id: typed(id),
        soc_class: typed(format!("{:X}", leaf.soc_class)),
    })
}

/// What the form shows beside what is filled in. `unsaved` counts the project's edits that no file holds.
pub(crate) fn making(
    facts: &MakingFacts,
    form: &MakingForm,
    board: Option<&BoardSheet>,
    unsaved: usize,
) -> MakingSheet {
    MakingSheet {
        keys: facts.keys.clone(),
        object: facts.object,
        make: can_make(facts, form, unsaved),
        remarks: remarks(facts, form),
        board: board.and_then(soc_id),
        no_certificates: facts.no_certificates.clone(),
    }
}

/// A board's name, and its identifier as discovery answers it: four zeros, then the UID (`silicon.md` §4.3).
fn soc_id(board: &BoardSheet) -> Option<(String, String)> {
    let uid = board.reading.as_ref()?.uid.as_deref()?;
    Some((board.name.clone(), format!("00000000{uid}")))
}

fn can_make(facts: &MakingFacts, form: &MakingForm, unsaved: usize) -> Result<(), String> {
    if let Some(why) = &facts.no_certificates {
        return Err(why.clone());
    }
    if unsaved > 0 {
        return Err("edits of the project aren't saved; save them first".to_owned());
    }
    for restriction in Restriction::ALL {
        form.restriction(restriction).map_err(|why| format!("{}: {why}", restriction.name()))?;
    }
    if form.together() & facts.object.unwrap_or(u128::MAX) == 0 {
        return Err("a board would grant nothing with such a chain".to_owned());
    }
    for place in ChainPlace::ALL {
        if facts.keys.of(place).fingerprint.is_none() && !form.renews(place) {
            return Err(format!("the {} key is missing; make it new", place.name()));
        }
    }
    Ok(())
}

/// What follows from the form, where a person may not expect it.
fn remarks(facts: &MakingFacts, form: &MakingForm) -> Vec<String> {
    let mut remarks = Vec::new();
    let granted = form.together() & facts.object.unwrap_or(u128::MAX);
    if !permissions::has(granted, Permission::FULL_REGRESSION) {
        remarks.push("Without full regression no board can come back to OPEN with this chain.".to_owned());
    }
    if form.renews(ChainPlace::Root) {
        remarks.push(
            "A new root key is another debug-authentication object: boards that were closed with the old one don't know \
             the new chain. The old chain is kept with the project."
                .to_owned(),
        );
    }
    if form.restriction(Restriction::SocId).is_ok_and(|id| id != 0) {
        remarks.push("Restricted to one chip: every other board refuses this chain.".to_owned());
    }
    remarks
}

/// What was made.
pub(crate) fn made(made: &MadeChain, object: Option<u128>) -> MadeSheet {
    let files = made.written.iter().map(|path| (path.clone(), what_is(&file_name(path))));
    let permits = made.chain.verify().permissions & Permissions(object.unwrap_or(u128::MAX));
    MadeSheet {
        files: files.collect(),
        permits: permissions::words(permits.0),
        next: made.earlier.as_ref().map(|folder| {
            format!(
                "What these files held before is kept in {}: boards that were closed with it need it.",
                folder.display()
            )
        }),
    }
}

/// What a file of the chain is, by the name that ST gives it.
fn what_is(name: &str) -> String {
    let what = match name {
        "cert_root.b64" => "the root certificate",
        "cert_intermediate.b64" => "the intermediate certificate",
        "cert_leaf.b64" => "the leaf certificate",
        "cert_intermediate_chain.b64" => "root and intermediate",
        "cert_leaf_chain.b64" => "the whole chain, which answers a board",
        _ if name.ends_with("_pub.pem") => "public half of a new key",
        _ if name.ends_with(".pem") => "a new key",
        _ if name.ends_with(".obk") => "the object that a board is given",
        _ if name.ends_with(".xml") => "names the new root key",
        _ => "",
    };
    what.to_owned()
}

/// The wallet's entries board by board. They come newest first, and stay so.
pub(crate) fn wallet(entries: &[WalletEntry]) -> Vec<WalletBoard> {
    let mut boards: Vec<WalletBoard> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let uid = entry.uid_text();
        let card = WalletCard {
            index,
            version: entry.version,
            method: method(entry.method).to_owned(),
            project: entry.project.clone(),
            kept: local_time::of(entry.kept_at),
            leaf: entry.leaf.map(|leaf| leaf.to_string()),
            root: entry.root.map(|root| root.to_string()),
            sample: [entry.leaf, entry.root].iter().flatten().find_map(formats::is_sample).map(str::to_owned),
            protected: entry.protected,
            folder: entry.folder.clone(),
        };
        match boards.iter_mut().find(|board| board.uid == uid) {
            Some(board) => board.cards.push(card),
            None => boards.push(WalletBoard { name: entry.board_name.clone(), uid, cards: vec![card] }),
        }
    }
    boards
}

const fn method(method: DebugAuthentication) -> &'static str {
    match method {
        DebugAuthentication::Certificate => "certificate",
        DebugAuthentication::Password => "password",
        DebugAuthentication::None => "none",
        DebugAuthentication::Locked => "locked",
    }
}

//! Keys with their versions and acts, and the chain of what belongs together.

use project::key_files::Protection as OnDisk;
use project::{KeyRole, KeyView, LinkState, PartId, Protection, Remedy};

use super::{file_name, remedy_text, samples, unless};
use crate::model::editing::Editing;
use crate::model::keys::{
    BrokenEdge, ChainEdge, ChainKind, ChainNode, ChainSheet, EdgeState, KeyActs, KeySheet, KeyVersion, KeysSheet,
    Protection as Shown,
};
use crate::text::sentence;

pub(super) fn sheet(editing: &Editing, busy: Option<&str>) -> KeysSheet {
    let keys = editing.key_roles().into_iter().map(|role| key_sheet(editing, role, busy));
    KeysSheet { keys: keys.collect(), chain: chain(editing), chosen: None }
}

fn key_sheet(editing: &Editing, role: KeyRole, busy: Option<&str>) -> KeySheet {
    let path = editing.draft.key_place(role).map(|(_, path)| path).unwrap_or_default();
    let view = editing.found.assessment.keys.iter().find(|view| view.key.role == role);
    let versions = editing.found.versions.iter().filter(|(of, _)| *of == role).flat_map(|(_, versions)| versions);
    let versions: Vec<_> = versions.collect();
    let present = versions.iter().find(|version| version.path == path);
    let protection = match (view.map(|view| view.key.protection), present.map(|version| version.protection)) {
        (Some(Protection::Clear), _) | (None, Some(OnDisk::Clear)) => Shown::Clear,
        (Some(Protection::Locked), _) | (None, Some(OnDisk::Passphrase)) => Shown::Protected,
        (Some(Protection::Unlocked), _) => Shown::Unlocked,
        (None, Some(OnDisk::Unknown) | None) => Shown::Missing,
    };
    let versions = versions.iter().rev().map(|version| KeyVersion {
        file: file_name(&version.path),
        sample: version.fingerprint.as_ref().and_then(formats::is_sample).map(str::to_owned),
        fingerprint: version.fingerprint.map(|fingerprint| fingerprint.to_string()).unwrap_or_default(),
        in_use: version.path == path,
    });
    let missing = || Err("the key's file is missing or can't be read".to_owned());
    let there = || if protection == Shown::Missing { missing() } else { Ok(()) };
    KeySheet {
        role: sentence(&role.to_string()),
        file: file_name(&path),
        path: path.display().to_string(),
        fingerprint: view.map(|view| view.key.fingerprint.to_string()),
        sample: view.and_then(|view: &KeyView| view.sample).map(str::to_owned),
        protection,
        used_in: view.map(|view| view.used_in.clone()).unwrap_or_default(),
        versions: versions.collect(),
        acts: KeyActs {
            generate: unless(busy, Ok(())),
            import: unless(busy, Ok(())),
            export_public: unless(busy, there()),
            protect: unless(
                busy,
                match protection {
                    Shown::Clear => Ok(()),
                    Shown::Protected | Shown::Unlocked => Err("it is protected already".to_owned()),
                    Shown::Missing => missing(),
                },
            ),
            unlock: unless(
                busy,
                match protection {
                    Shown::Protected => Ok(()),
                    Shown::Unlocked => Err("it is open already".to_owned()),
                    Shown::Clear | Shown::Missing => Err("it isn't protected".to_owned()),
                },
            ),
            export_clear: unless(
                busy,
                match protection {
                    Shown::Unlocked => Ok(()),
                    Shown::Protected => Err("unlock it first".to_owned()),
                    Shown::Clear => Err("its file is in the clear already".to_owned()),
                    Shown::Missing => missing(),
                },
            ),
        },
    }
}

fn chain(editing: &Editing) -> ChainSheet {
    let belonging = &editing.found.assessment.belonging;
    let nodes = belonging.parts.iter().map(|part| ChainNode {
        id: part.id.to_string(),
        name: part.name.clone(),
        detail: part.detail.clone(),
        kind: kind(part.id),
        sample: samples::of_part(editing, part.id),
    });
    let edges = belonging.links.iter().map(|link| ChainEdge {
        from: link.from.to_string(),
        to: link.to.to_string(),
        state: match link.state {
            LinkState::Holds => EdgeState::Holds,
            LinkState::Stale => EdgeState::Stale,
            LinkState::Broken => EdgeState::Broken,
            LinkState::Unknown => EdgeState::Unknown,
        },
        text: link.text.clone(),
    });
    let first_broken = belonging.first_broken().and_then(|broken| {
        let edge = belonging.links.iter().position(|link| link == broken)?;
        let mend = broken.remedy.as_ref().map(remedy_text);
        Some(match (&broken.remedy, &editing.configuration.build) {
            (Some(Remedy::Build), Err(why)) => {
                BrokenEdge { edge, explanation: format!("{}; building waits: {why}", broken.text), mend: None }
            }
            _ => BrokenEdge { edge, explanation: broken.text.clone(), mend },
        })
    });
    ChainSheet { nodes: nodes.collect(), edges: edges.collect(), first_broken }
}

/// Where a part stands in the picture, left to right.
const fn kind(id: PartId) -> ChainKind {
    match id {
        PartId::Key(_) | PartId::Configuration(_) => ChainKind::Key,
        PartId::Object(_) | PartId::Application | PartId::SecondApplication | PartId::Data => ChainKind::Object,
        PartId::Image | PartId::SecondImage | PartId::DataImage | PartId::Loader => ChainKind::Image,
        PartId::Slot | PartId::SecondSlot | PartId::DataSlot => ChainKind::Slot,
        PartId::OptionBytes => ChainKind::OptionBytes,
        PartId::Certificate | PartId::LeafKey | PartId::PasswordFile => ChainKind::Certificate,
    }
}

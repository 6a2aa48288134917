//! What of a project everybody has: ST's published keys and passwords, and the studio's own samples. The engine knows
//! them; here they are found for the places that show the word SAMPLE.

use project::{FieldPlace, ObjectRole, PartId, field};

use crate::model::editing::Editing;

/// The rule that no key and no password is a sample.
pub(super) const RULE: &str = "R22";

/// Whether a field holds a sample, or names one.
pub(super) fn in_field(editing: &Editing, place: &FieldPlace) -> bool {
    let file = editing.draft.folder().join(place.document.file());
    let name = Some(place.key.name.as_str());
    let mut findings = editing.found.assessment.findings.iter();
    findings.any(|finding| finding.id == RULE && finding.file == file && finding.field.as_deref() == name)
}

/// Whose sample a part of the chain is, or what in it is a sample.
pub(super) fn of_part(editing: &Editing, part: PartId) -> Option<String> {
    let assessment = &editing.found.assessment;
    match part {
        PartId::Configuration(ObjectRole::DebugAuthentication) => {
            let of_password = |finding: &&project::Finding| finding.field.as_deref() == Some(field::PASSWORD);
            let found = assessment.findings.iter().filter(|finding| finding.id == RULE).find(of_password)?;
            Some(found.text.clone())
        }
        _ => assessment.belonging.parts.iter().find(|other| other.id == part)?.sample.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use project::{DocumentRole, Draft};

    use super::*;
    use crate::engine::editing::find;
    use crate::model::configuration::FieldSheet;
    use crate::model::keys::{ChainKind, ChainNode};
    use crate::sheets::editing::refresh;

    /// The sample project with a password as its way back.
    fn with_password(folder: &std::path::Path) -> Editing {
        let (project, data) = (folder.join("project"), folder.join("data"));
        project::sample::unpack(&project).unwrap();
        let mut draft = Draft::open_with(&project, &data, &project::Disk::real()).unwrap();
        let way_back = draft.setting_places().into_iter().find(|place| place.key.name == "debug_authentication");
        draft.set(&way_back.unwrap(), "password").unwrap();
        let found = find(&draft, None);
        let mut editing = Editing::new(draft, found, 1);
        refresh(&mut editing, None);
        editing
    }

    fn marked(editing: &Editing) -> Vec<&str> {
        let fields = editing.configuration.documents.iter().flat_map(|document| &document.fields);
        fields.filter(|field: &&FieldSheet| field.badge.is_some()).map(|field| field.label.as_str()).collect()
    }

    #[test]
    fn sample_keys_and_the_sample_password_are_marked_wherever_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let mut editing = with_password(folder.path());
        assert_eq!(marked(&editing), ["Encryption key", "Authentication key", "Password"]);
        let nodes = |editing: &Editing| {
            let nodes = editing.keys.chain.nodes.iter().filter(|node: &&ChainNode| node.sample.is_some());
            nodes.map(|node| (node.kind, node.name.clone())).collect::<Vec<_>>()
        };
        assert_eq!(
            nodes(&editing).iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(),
            ["STiROT_Authentication.pem", "STiROT_Encryption.pem", "DA_ConfigWithPassword.xml"]
        );
        assert!(nodes(&editing).iter().all(|(kind, _)| *kind == ChainKind::Key));
        let versions: Vec<_> = editing.keys.keys.iter().flat_map(|key| &key.versions).collect();
        assert!(versions.len() == 2 && versions.iter().all(|version| version.sample.is_some()), "{versions:?}");

        let password =
            FieldPlace { document: DocumentRole::DaPassword, key: formats::form::FieldKey::field(field::PASSWORD) };
        editing.draft.set(&password, "Own-Pass-42!").unwrap();
        editing.found = find(&editing.draft, None);
        refresh(&mut editing, None);
        assert_eq!(marked(&editing), ["Encryption key", "Authentication key"]);
        assert_eq!(nodes(&editing).len(), 2);
    }
}

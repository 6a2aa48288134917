//! Where a path in one of ST's files leads, and where outputs go.

use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

/// A path as one of ST's files writes it, relative to that file's folder; `/` and `\` both separate, on every system.
pub(crate) fn resolve(file: &Path, written: &str) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new(""));
    tidy(&folder.join(written.replace('\\', "/")))
}

/// The way from the folder of `file` to `path`, with `/` between its parts, as ST's files write it; the whole path
/// where no such way exists.
pub(crate) fn relative(file: &Path, path: &Path) -> String {
    let from: Vec<Component<'_>> = file.parent().unwrap_or(Path::new("")).components().collect();
    let to: Vec<Component<'_>> = path.components().collect();
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    if shared == 0 {
        return path.to_string_lossy().into_owned();
    }
    let up = std::iter::repeat_n("..".to_owned(), from.len().saturating_sub(shared));
    let down = to.iter().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = std::iter::once(".".to_owned()).chain(up).chain(down).collect();
    parts.join("/")
}

/// Without `.` and, where something stands in front of it, without `..`.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidied.components().next_back(), Some(Component::Normal(_))) => {
                tidied.pop();
            }
            other => tidied.push(other),
        }
    }
    tidied
}

/// Whether the folder belongs to a source tree, whose files the studio leaves alone: it or one above it is a checkout
/// or a Rust package.
pub(crate) fn is_in_source_tree(folder: &Path) -> bool {
    folder.ancestors().any(|above| above.join(".git").exists() || above.join("Cargo.toml").is_file())
}

/// The folder in the user's data that belongs to a project at this path and to no other.
pub(crate) fn data_of_project(data_folder: &Path, folder: &Path) -> PathBuf {
    let path = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let name = path.file_name().map_or_else(|| "project".into(), |name| name.to_string_lossy().into_owned());
    data_folder.join("projects").join(format!("{name}-{short}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_separators_lead_to_the_same_place() {
        let file = Path::new("/p/STiROT/Config/STiROT_Config.xml");
        let expected = Path::new("/p/STiROT/Keys/a.pem");
        assert_eq!(resolve(file, "./../Keys/a.pem"), expected);
        assert_eq!(resolve(file, ".\\..\\Keys\\a.pem"), expected);
        assert_eq!(resolve(file, "./../../../q/b"), Path::new("/q/b"));
        assert_eq!(resolve(file, "/abs/b"), Path::new("/abs/b"));
        assert_eq!(resolve(file, "../../../../../b"), Path::new("/../../b"));
    }

    #[test]
    fn a_relative_path_leads_back_to_where_it_came_from() {
        let file = Path::new("/p/STiROT/Config/STiROT_Config.xml");
        for path in ["/p/STiROT/Keys/a_v2.pem", "/p/STiROT/Config/b.pem", "/p/DA/Keys/c.pem", "/p/d"] {
            assert_eq!(resolve(file, &relative(file, Path::new(path))), Path::new(path));
        }
        assert_eq!(relative(file, Path::new("/p/STiROT/Keys/a_v2.pem")), "./../Keys/a_v2.pem");
        assert_eq!(relative(file, Path::new("/p/STiROT/Config/b.pem")), "./b.pem");
    }

    #[test]
    fn two_projects_of_one_name_have_different_data() {
        let data = Path::new("/data");
        let [a, b] = ["/x/sample", "/y/sample"].map(|folder| data_of_project(data, Path::new(folder)));
        assert_ne!(a, b);
        assert!(a.starts_with("/data/projects") && b.to_string_lossy().contains("sample-"));
    }
}

//! What is built in the Images view: what the project would build, what a person names besides, and what came of it.

use std::path::Path;

/// Something known, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// Its value, in one line or two.
    pub value: String,
    /// What is copied of it and told beside it where the value is only a part: a path, a fingerprint.
    pub whole: Option<String>,
}

impl Fact {
    /// A value that is told whole.
    pub fn plain(name: &str, value: String) -> Self {
        Self { name: name.to_owned(), value, whole: None }
    }
}

/// What Build would do, as the project says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Line by line.
    pub facts: Vec<Fact>,
    /// The boot stages that the project has images for, in the order in which they run.
    pub stages: Vec<&'static str>,
}

/// Images that were built, or found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The opening of the first of them.
    pub serial: u64,
    /// Each of them.
    pub images: Vec<BuiltImage>,
}

/// One image that was built, or found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// The name of its file.
    pub name: String,
    /// Whether it was built, and why.
    pub how: String,
    /// What it is.
    pub facts: Vec<Fact>,
}

/// A file that has to be named to build an image of any application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildFile {
    /// The application.
    Application,
    /// The image.
    Image,
}

/// The files to build an image of any application, as they are typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FromFile {
    /// The application.
    pub application: String,
    /// The image.
    pub image: String,
    /// For which of [`Recipe::stages`].
    pub stage: usize,
}

impl FromFile {
    /// Names one of the files. The image is to lie beside its application until a person names it.
    pub fn name(&mut self, which: BuildFile, path: String) {
        match which {
            BuildFile::Application => {
                if self.image.is_empty() || self.image == beside(&self.application) {
                    self.image = beside(&path);
                }
                self.application = path;
            }
            BuildFile::Image => self.image = path,
        }
    }
}

/// `app.bin` gives `app_enc_sign.hex`, as ST's projects call it.
fn beside(application: &str) -> String {
    let path = Path::new(application.trim());
    match path.file_stem() {
        Some(stem) => path.with_file_name(format!("{}_enc_sign.hex", stem.to_string_lossy())).display().to_string(),
        None => String::new(),
    }
}

/// What can be done with a file besides looking at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Nothing.
    Nothing,
    /// It is an application: an image can be built of it.
    Build,
    /// It is a key under a passphrase, with which it can be opened.
    Passphrase,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_lies_beside_its_application_until_a_person_names_it() {
        let mut files = FromFile::default();
        files.name(BuildFile::Application, "a/app.elf".to_owned());
        assert_eq!(files.image, Path::new("a/app_enc_sign.hex").display().to_string());
        files.name(BuildFile::Application, "b/other.bin".to_owned());
        assert_eq!(files.image, Path::new("b/other_enc_sign.hex").display().to_string());
        files.name(BuildFile::Image, "mine.hex".to_owned());
        files.name(BuildFile::Application, "app.elf".to_owned());
        assert_eq!(files.image, "mine.hex");
    }
}

//! What the Configuration view shows, and what a person can want there: documents as fields, the memory map, what the
//! rules found, the object as bytes. Plain values without egui; nothing here opens a file or judges a field.

use std::path::PathBuf;

use formats::Secret;
use project::Moves;

use crate::model::Tone;
use crate::model::boot_stages::{Setting, StagesSheet};

/// Names a field for as long as its document is open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub String);

/// Names a region of the memory map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(pub String);

/// A reason why something can't be done now, as the greyed-out button tells it; `Ok` when it can.
pub type Possible = Result<(), String>;

/// All that the Configuration view shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationSheet {
    /// The project's configuration files.
    pub documents: Vec<DocumentSheet>,
    /// Whether they are shown, or the boot stages.
    pub section: Section,
    /// The boot stages, as they are and as they could be.
    pub stages: Option<StagesSheet>,
    /// Which of them is shown; its place in `documents`.
    pub shown: usize,
    /// Edits that no file holds yet.
    pub unsaved: usize,
    /// Whether it can be saved.
    pub save: Possible,
    /// What Undo would take back; `None` when nothing was edited.
    pub can_undo: Option<String>,
    /// What Redo would do again.
    pub can_redo: Option<String>,
    /// The memories, in the order of their addresses.
    pub map: Vec<MapLane>,
    /// Rules that don't hold, the worst first.
    pub findings: Vec<FindingSheet>,
    /// How many rules hold.
    pub rules_hold: usize,
    /// The object that the shown document makes; `None` for a document that makes none.
    pub object: Option<ObjectSheet>,
    /// Whether the outputs can be built.
    pub build: Possible,
    /// What the loader's binary says of size, offset and write protection, or why nothing can be taken from it.
    pub loader_numbers: Result<String, String>,
    /// What the person picked, in the form, the map or the bytes.
    pub selected: Option<Selection>,
}

/// What the Configuration view shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Section {
    /// The files as forms.
    #[default]
    Files,
    /// How many stages boot, and from where.
    Stages,
}

/// How a document and its file stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDisk {
    /// The file holds what is shown.
    Same,
    /// There are edits that the file doesn't hold.
    Edited,
    /// Another program changed the file since it was read: the person chooses which version stays.
    ChangedByAnother,
}

/// One configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentSheet {
    /// A short name, such as `STiROT`.
    pub title: String,
    /// The file's name.
    pub file: String,
    /// The file's whole path.
    pub path: String,
    /// How it stands to its file.
    pub on_disk: OnDisk,
    /// Its fields in the file's order.
    pub fields: Vec<FieldSheet>,
    /// Which output no longer fits the document, in words.
    pub stale_output: Option<String>,
}

/// Where a field stands in the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In sight.
    Main,
    /// Under “advanced”: hidden and reserved fields.
    Advanced,
}

/// One of the values a field can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The text that goes into the file.
    pub code: String,
    /// What it means.
    pub label: String,
}

/// One bit of a mask of permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionSwitch {
    /// What it permits.
    pub name: String,
    /// How sure that is; `None` where it is documented for this family.
    pub remark: Option<&'static str>,
    /// Whether it is set.
    pub on: bool,
    /// The mask's text with this bit the other way.
    pub other: String,
}

/// How a field is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A number; blanks between digits are the view's, not the file's.
    Number,
    /// One of several values.
    Choice(Vec<Choice>),
    /// One of two values.
    Switch {
        /// The text for on.
        on: String,
        /// The text for off.
        off: String,
    },
    /// A mask of permissions, one switch a bit.
    Permissions(Vec<PermissionSwitch>),
    /// The path of a file.
    File,
    /// A password: its value never comes here, only goes the other way.
    Password,
    /// Any text.
    Text,
    /// Shown, not changed.
    ReadOnly,
}

/// What was typed and couldn't be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The text as typed; empty for a password.
    pub typed: String,
    /// Why it was refused.
    pub why: String,
}

/// One field of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSheet {
    /// Its name for intents.
    pub id: FieldId,
    /// What stands beside the entry.
    pub label: String,
    /// The value as the file writes it; empty for a password.
    pub value: String,
    /// How it is filled in.
    pub entry: Entry,
    /// The rule in a few words, or what the value means.
    pub hint: String,
    /// The whole story: meaning, rule, source, default.
    pub help: String,
    /// Where in the form.
    pub place: Place,
    /// What is wrong with the value, in a few words.
    pub trouble: Option<(Tone, String)>,
    /// What was typed last, when it couldn't be taken.
    pub refused: Option<Refused>,
    /// What a reset would set; `None` when the field has that value or no default.
    pub default: Option<String>,
    /// The region of the map that it is about.
    pub region: Option<RegionId>,
    /// A word that has to stand beside it, such as `SAMPLE`.
    pub badge: Option<String>,
}

/// What lies in a region; it decides the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionKind {
    /// Where the firmware runs.
    Firmware,
    /// Taken by error correction.
    Ecc,
    /// The loader.
    Loader,
    /// The slot that is booted from.
    Installation,
    /// The slot that a new image is put into.
    Download,
    /// The second stage's slots.
    Application,
    /// Work space of the second stage.
    Scratch,
}

/// Which way a region is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To lower addresses.
    Down,
    /// To higher addresses.
    Up,
}

/// The next legal start address beyond an address, over whatever lies between; `None` when there is none that way.
pub fn next_place(moves: &Moves, from: u32, way: Way) -> Option<u32> {
    let step = moves.step.max(1);
    let places = moves.legal.iter().filter_map(|range| {
        let place = match way {
            Way::Down => from.checked_sub(1)?.min(*range.end()) / step * step,
            Way::Up => from.checked_add(1)?.max(*range.start()).checked_next_multiple_of(step)?,
        };
        range.contains(&place).then_some(place)
    });
    match way {
        Way::Down => places.max(),
        Way::Up => places.min(),
    }
}

/// One region of a memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRegion {
    /// Its name for intents.
    pub id: RegionId,
    /// Its name for people.
    pub name: String,
    /// Start address.
    pub start: u32,
    /// Bytes it uses.
    pub size: u32,
    /// Bytes that it takes away from others: whole sectors. At least `size`.
    pub footprint: u32,
    /// What lies in it.
    pub kind: RegionKind,
    /// What is wrong with its place, in a word such as `overlaps`.
    pub trouble: Option<(Tone, String)>,
    /// The fields that say where it is and how big.
    pub fields: Vec<FieldId>,
    /// Where it may be moved to; `None` when there is nowhere else to go.
    pub movable: Option<Moves>,
}

/// A stretch of a memory with a property, such as write protection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapBand {
    /// What it says.
    pub name: String,
    /// Start address.
    pub start: u32,
    /// Bytes.
    pub size: u32,
}

/// One memory, or the part of it that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapLane {
    /// Its name and size.
    pub name: String,
    /// The first address shown.
    pub start: u32,
    /// Bytes shown.
    pub size: u32,
    /// Bytes of a sector, where sectors are few enough to be drawn.
    pub sector: Option<u32>,
    /// Stretches with a property.
    pub bands: Vec<MapBand>,
    /// What lies in it, in the order of the addresses.
    pub regions: Vec<MapRegion>,
}

/// A rule that doesn't hold, or only just.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingSheet {
    /// The rule, such as `R11`.
    pub rule: String,
    /// What is wrong, in a line.
    pub title: String,
    /// The values as they stand, and what to do.
    pub text: String,
    /// Where the rule comes from; empty when it is the studio's own.
    pub source: String,
    /// Danger for an error, warn for a warning.
    pub tone: Tone,
    /// The fields concerned.
    pub fields: Vec<FieldId>,
    /// The region concerned.
    pub region: Option<RegionId>,
    /// What stands on the button that mends it; `None` when only a person can.
    pub mend: Option<String>,
    /// Its number among all findings, for [`ConfigurationIntent::Mend`].
    pub index: usize,
}

/// What the bytes of a span are; it decides the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Destination, length, encryption.
    Header,
    /// A hash.
    Hash,
    /// A value that a field sets.
    Setting,
    /// A value that nobody sets.
    Reserved,
    /// A secret: its bytes are masked.
    Private,
    /// A public key, or the hash of one.
    Public,
    /// Zeros that fill up.
    Padding,
}

/// Some bytes of the object and their meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSpan {
    /// Place of the first byte in the file.
    pub offset: usize,
    /// Number of bytes.
    pub length: usize,
    /// The field's name.
    pub name: String,
    /// The value, shortened; never a secret.
    pub value: String,
    /// What the value means; empty when the name says all.
    pub meaning: String,
    /// What the bytes are.
    pub kind: SpanKind,
    /// The field of the form that sets them.
    pub field: Option<FieldId>,
}

/// The object that a document makes, byte by byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSheet {
    /// The file's name.
    pub name: String,
    /// How it stands to the file on disk, in words.
    pub state: (Tone, String),
    /// The bytes; `None` for a byte that is never shown.
    pub bytes: Vec<Option<u8>>,
    /// What they mean, in their order.
    pub spans: Vec<ObjectSpan>,
}

/// What the person picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// A field of the form.
    Field(FieldId),
    /// A region of the map.
    Region(RegionId),
    /// A span of the object, by its place in [`ObjectSheet::spans`].
    Span(usize),
}

impl ConfigurationSheet {
    /// A sheet that shows nothing yet.
    pub const fn empty() -> Self {
        Self {
            documents: Vec::new(),
            section: Section::Files,
            stages: None,
            shown: 0,
            unsaved: 0,
            save: Ok(()),
            can_undo: None,
            can_redo: None,
            map: Vec::new(),
            findings: Vec::new(),
            rules_hold: 0,
            object: None,
            build: Ok(()),
            loader_numbers: Ok(String::new()),
            selected: None,
        }
    }

    /// The document shown.
    pub fn document(&self) -> Option<&DocumentSheet> {
        self.documents.get(self.shown)
    }

    /// The fields that belong to what was picked: the field itself, those of a region, the one of a span.
    pub fn picked_fields(&self) -> Vec<&FieldId> {
        match &self.selected {
            None => Vec::new(),
            Some(Selection::Field(field)) => vec![field],
            Some(Selection::Region(region)) => {
                self.region(region).map(|it| it.fields.iter().collect()).unwrap_or_default()
            }
            Some(Selection::Span(index)) => self.span(*index).and_then(|it| it.field.as_ref()).into_iter().collect(),
        }
    }

    /// The region that belongs to what was picked.
    pub fn picked_region(&self) -> Option<&RegionId> {
        if let Some(Selection::Region(region)) = &self.selected {
            return Some(region);
        }
        let fields = self.picked_fields();
        self.documents
            .iter()
            .flat_map(|document| &document.fields)
            .find(|field| fields.contains(&&field.id))
            .and_then(|field| field.region.as_ref())
    }

    /// The spans that belong to what was picked, by their places: the span itself, those of a field or of a region.
    pub fn picked_spans(&self) -> Vec<usize> {
        if let Some(Selection::Span(picked)) = &self.selected {
            return vec![*picked];
        }
        let fields = self.picked_fields();
        let spans = self.object.iter().flat_map(|object| &object.spans).enumerate();
        let picked = spans.filter(|(_, span)| span.field.as_ref().is_some_and(|field| fields.contains(&field)));
        picked.map(|(index, _)| index).collect()
    }

    fn region(&self, id: &RegionId) -> Option<&MapRegion> {
        self.map.iter().flat_map(|lane| &lane.regions).find(|region| region.id == *id)
    }

    fn span(&self, index: usize) -> Option<&ObjectSpan> {
        self.object.as_ref()?.spans.get(index)
    }
}

/// Text as a person typed it. It may be a password, so it is wiped when dropped and has nothing to print.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedText(Secret<String>);

impl TypedText {
    /// Takes the text into custody.
    pub fn new(text: Secret<String>) -> Self {
        Self(text)
    }

    /// No text.
    pub fn empty() -> Self {
        Self(Secret::new(String::new()))
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.as_str()
    }
}

impl std::fmt::Debug for TypedText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TypedText")
    }
}

/// What a person wants of the project's files and keys. A key is named by its place in
/// [`crate::model::keys::KeysSheet::keys`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigurationIntent {
    /// Give a field a value.
    Set(FieldId, TypedText),
    /// Give a field its default.
    Reset(FieldId),
    /// Choose a file for a field in a dialog.
    ChooseFile(FieldId),
    /// Let a field name a file.
    SetFile(FieldId, PathBuf),
    /// Take the last edit back.
    Undo,
    /// Do it again.
    Redo,
    /// Write what was edited into its files.
    Save,
    /// Show another document, by its place.
    ShowDocument(usize),
    /// Show how many stages boot, and from where.
    ShowStages,
    /// Look at another setting of the boot stages.
    ChooseSetting(Setting),
    /// Set the project so.
    UseSetting(Setting),
    /// Of a document that another program changed: what is shown stays, and the other version is put aside.
    KeepMine(usize),
    /// Of a document that another program changed: the file is read again, and what is shown is put aside.
    TakeTheirs(usize),
    /// Carry out a finding's own edit, by [`FindingSheet::index`].
    Mend(usize),
    /// Move a region to a start address, by setting the field that says it.
    MoveRegion(RegionId, u32),
    /// Pick something, or nothing.
    Select(Option<Selection>),
    /// Build the outputs that are stale or missing.
    BuildOutputs,
    /// Set the loader's size, offset and write protection as its binary says.
    ComputeLoaderNumbers,
    /// Make a new key as a new version, under a passphrase unless that is empty; the old one is kept.
    GenerateKey(usize, TypedText),
    /// Take a key from a file as a new version, with the passphrase of that file; an empty one is none.
    ImportKey(usize, PathBuf, TypedText),
    /// Choose the file of a key to take in a dialog.
    ChooseKey(usize),
    /// Write a key's public half into a file.
    ExportPublic(usize),
    /// Encrypt a key at rest with a passphrase.
    Protect(usize, TypedText),
    /// Open an encrypted key for this session.
    Unlock(usize, TypedText),
    /// Write a key unencrypted into a file.
    ExportClear(usize),
    /// Carry out the step that mends the first broken edge of the chain.
    MendChain,
    /// Some text to the clipboard: a fingerprint, a path.
    CopyText(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example_sheets::{field, overlapping};

    fn download() -> Moves {
        let sheet = overlapping();
        let region = sheet.map.iter().flat_map(|lane| &lane.regions).find(|region| region.name == "Download slot");
        region.unwrap().movable.clone().unwrap()
    }

    #[test]
    fn the_next_place_lies_beyond_what_is_in_the_way() {
        let moves = Moves { legal: vec![0x9000_0000..=0x9004_0000, 0x9008_0000..=0x97FE_0000], ..download() };
        assert_eq!(next_place(&moves, 0x9004_0000, Way::Up), Some(0x9008_0000));
        assert_eq!(next_place(&moves, 0x9008_0000, Way::Down), Some(0x9004_0000));
        assert_eq!(next_place(&moves, 0x9003_0000, Way::Up), Some(0x9004_0000));
    }

    #[test]
    fn a_region_off_its_grid_steps_onto_it() {
        let moves = Moves { legal: vec![0x9000_8000..=0x9004_8000], ..download() };
        assert_eq!(next_place(&moves, 0x9001_1000, Way::Up), Some(0x9002_0000));
        assert_eq!(next_place(&moves, 0x9001_1000, Way::Down), Some(0x9001_0000));
        assert_eq!(next_place(&moves, 0x9001_0000, Way::Down), None);
        assert_eq!(next_place(&moves, 0x9004_0000, Way::Up), None);
    }

    #[test]
    fn every_step_is_a_place_where_the_engine_lets_the_region_lie() {
        let moves = Moves { legal: vec![0x9000_0000..=0x9002_0000, 0x9005_0000..=0x9006_0000], ..download() };
        for way in [Way::Down, Way::Up] {
            let from = if way == Way::Down { u32::MAX } else { 0 };
            let steps = std::iter::successors(next_place(&moves, from, way), |place| next_place(&moves, *place, way));
            let steps: Vec<u32> = steps.collect();
            assert_eq!(steps.len(), 5);
            assert!(steps.iter().all(|place| moves.nearest(*place) == Some(*place)), "{steps:x?}");
        }
    }

    #[test]
    fn a_picked_field_brings_its_region_and_its_bytes() {
        let mut sheet = overlapping();
        sheet.selected = Some(Selection::Field(field("Firmware download area address")));
        assert_eq!(sheet.picked_region(), Some(&RegionId("download".to_owned())));
        let spans = &sheet.object.as_ref().unwrap().spans;
        let picked: Vec<&str> = sheet.picked_spans().into_iter().map(|index| spans[index].name.as_str()).collect();
        assert_eq!(picked, ["Firmware download area address"]);
    }

    #[test]
    fn a_picked_region_brings_the_fields_that_place_it() {
        let mut sheet = overlapping();
        sheet.selected = Some(Selection::Region(RegionId("download".to_owned())));
        assert_eq!(sheet.picked_fields(), [&field("Firmware download area address"), &field("Firmware area size")]);
    }

    #[test]
    fn what_was_typed_is_never_printed() {
        let intent =
            ConfigurationIntent::Set(field("password"), TypedText::new(Secret::new("hunter2hunter2".to_owned())));
        assert!(!format!("{intent:?}").contains("hunter2"), "{intent:?}");
    }
}

//! The layout block inside of a second stage's program, word by word: where it looks for images, keeps them and starts
//! the application.

use super::anatomy::{Part, PartKind};
use crate::second_stage_layout::{ApplicationRun, SecondStageLayout, field};

const SOURCE: &str = "layout block of the studio's second stage";
const MAGIC_SIZE: u64 = 16;

/// The block of `program`, which lies at `offset` of the content; none where its place doesn't begin with the magic.
pub(crate) fn part(program: &[u8], offset: u64) -> Option<Part> {
    let block = program.get(SecondStageLayout::OFFSET..)?;
    let (magic, rest) = block.split_first_chunk()?;
    if *magic != SecondStageLayout::MAGIC {
        return None;
    }
    let start = offset.saturating_add(SecondStageLayout::OFFSET as u64);
    // The words behind the magic, as far as the program reaches.
    let names = [field::SIZE, field::RUN, field::IMAGES, field::CONSOLE];
    let names: Vec<&str> = names.into_iter().chain(field::APPLICATION).chain(field::DATA).collect();
    let words: Vec<u32> =
        rest.as_chunks::<4>().0.iter().take(names.len()).map(|word| u32::from_le_bytes(*word)).collect();
    let has_data = words.get(2) == Some(&2);
    let at = |index: usize| start.saturating_add(MAGIC_SIZE).saturating_add(4 * index as u64);
    let mut children =
        vec![Part::new(PartKind::Header, "magic", start..at(0), SOURCE).value(String::from_utf8_lossy(magic))];
    children.extend(words.iter().zip(names).enumerate().map(|(index, (word, name))| {
        Part::new(PartKind::Header, name, at(index)..at(index + 1), SOURCE)
            .value(format!("{word:#010x}"))
            .meaning(meaning(index, *word, has_data))
    }));
    let whole = (block.len().min(SecondStageLayout::SIZE)) as u64;
    let end = start.saturating_add(whole);
    if at(words.len()) < end {
        children.push(Part::new(PartKind::Gap, "reserved", at(words.len())..end, SOURCE));
    }
    let (summary, problem) = match SecondStageLayout::find(program) {
        Ok(Some(layout)) => {
            (format!("the application starts at {:#010x}, {}", layout.code_address(), place(layout.run)), None)
        }
        Ok(None) => (String::new(), None),
        Err(error) => {
            // The word that can't be is marked itself.
            let wrong = offset.saturating_add(u64::from(error.offset));
            match children.iter_mut().find(|child| child.range.contains(&wrong)) {
                Some(child) => {
                    child.problem = Some(error.to_string());
                    ("the second stage would stop at it".to_owned(), None)
                }
                None => (String::new(), Some(error.to_string())),
            }
        }
    };
    let root = Part::new(PartKind::Header, "layout block", start..end, SOURCE);
    Some(root.value(format!("{whole} bytes")).meaning(summary).problem(problem).children(children))
}

const fn place(run: ApplicationRun) -> &'static str {
    match run {
        ApplicationRun::InPlace => "in place in external flash",
        ApplicationRun::InternalRam => "from a copy in internal RAM",
        ApplicationRun::ExternalRam => "from a copy in external RAM",
    }
}

/// What the word at a place means.
fn meaning(index: usize, word: u32, has_data: bool) -> String {
    let said = match index {
        0 => "bytes of the block, its magic included",
        1 => ApplicationRun::from_word(word).map_or("nothing known", place),
        2 if word == 1 => "the application alone",
        2 if word == 2 => "the application and data beside it",
        3 if word == 1 => "a line for each decision",
        3 if word == 0 => "silent",
        6 | 10 if word != 0 => return format!("{} KiB for each slot", word / 1024),
        7 => "the image's header where it runs; its code begins 0x400 bytes behind",
        8.. if !has_data => "no data image",
        _ => "",
    };
    said.to_owned()
}

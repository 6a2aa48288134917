//! ELF files of a Cortex-M program, read as `objcopy -O binary` reads them: by sections, since a segment may begin with
//! the file's own headers. A file without sections is read by segments.

use chip::memory_map::Region;
use object::LittleEndian;
use object::elf::{
    ELFCLASS32, ELFDATA2LSB, EM_ARM, ET_EXEC, FileHeader32, PF_W, PT_LOAD, ProgramHeader32, SHF_ALLOC, SHF_WRITE,
    SHT_NOBITS,
};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

use super::{BinaryError, Part, Program, join};

const ENDIAN: LittleEndian = LittleEndian;
/// More segments than any linker script of a microcontroller makes. Each section is looked for in all of them.
const SEGMENT_LIMIT: usize = 256;

type Segment = ProgramHeader32<LittleEndian>;

pub(super) fn read(file: &[u8]) -> Result<Program, BinaryError> {
    require_processor(file)?;
    let header = FileHeader32::<LittleEndian>::parse(file).map_err(damaged)?;
    if header.e_machine(ENDIAN) != EM_ARM {
        return Err(BinaryError::OtherProcessor { found: format!("machine {}", header.e_machine(ENDIAN)) });
    }
    if header.e_type(ENDIAN) != ET_EXEC {
        return Err(BinaryError::NotLinked);
    }
    let segments: Vec<&Segment> = header
        .program_headers(ENDIAN, file)
        .map_err(damaged)?
        .iter()
        .filter(|segment| segment.p_type(ENDIAN) == PT_LOAD)
        .collect();
    if segments.len() > SEGMENT_LIMIT {
        return Err(BinaryError::Elf { problem: format!("it has {} segments", segments.len()) });
    }
    let mut contents = Contents { file, room: file.len(), parts: Vec::new(), ram: Vec::new() };
    let sections = header.sections(ENDIAN, file).map_err(damaged)?;
    if sections.is_empty() {
        segments.into_iter().try_for_each(|segment| contents.segment(segment))?;
    } else {
        for section in sections.iter().filter(|section| section.sh_flags(ENDIAN) & SHF_ALLOC != 0) {
            contents.section(section, &segments)?;
        }
    }
    let Contents { parts, ram, .. } = contents;
    Ok(Program { image: join(parts)?, ram: merge(ram) })
}

/// ELF says in its first bytes for which kind of processor it is.
fn require_processor(file: &[u8]) -> Result<(), BinaryError> {
    let found = match (file.get(4), file.get(5)) {
        (Some(&ELFCLASS32), Some(&ELFDATA2LSB)) => return Ok(()),
        (Some(&ELFCLASS32), Some(_)) => "32 bits, not little-endian",
        (Some(_), Some(_)) => "not 32 bits",
        _ => return Err(BinaryError::Elf { problem: "it is cut short".into() }),
    };
    Err(BinaryError::OtherProcessor { found: found.into() })
}

struct Contents<'a> {
    file: &'a [u8],
    /// Bytes of the file that no part has yet. Parts that share bytes could load more than the file holds.
    room: usize,
    parts: Vec<Part<'a>>,
    ram: Vec<Region>,
}

impl<'a> Contents<'a> {
    fn section(
        &mut self,
        section: &object::elf::SectionHeader32<LittleEndian>,
        segments: &[&Segment],
    ) -> Result<(), BinaryError> {
        let (address, size) = (section.sh_addr(ENDIAN), section.sh_size(ENDIAN));
        if size == 0 {
            return Ok(());
        }
        let writable = section.sh_flags(ENDIAN) & SHF_WRITE != 0;
        if section.sh_type(ENDIAN) == SHT_NOBITS {
            return if writable { self.occupies(address, size) } else { Ok(()) };
        }
        let offset = section.sh_offset(ENDIAN);
        let Some(segment) = segments.iter().find(|segment| holds(segment, address, offset, size)) else {
            // In no segment: nothing loads it.
            return Ok(());
        };
        let into = address.wrapping_sub(segment.p_vaddr(ENDIAN));
        let load_address = segment.p_paddr(ENDIAN).wrapping_add(into);
        self.load(load_address, section.data(ENDIAN, self.file).map_err(damaged)?)?;
        if writable || load_address != address { self.occupies(address, size) } else { Ok(()) }
    }

    fn segment(&mut self, segment: &Segment) -> Result<(), BinaryError> {
        let bytes = segment
            .data(ENDIAN, self.file)
            .map_err(|()| BinaryError::Elf { problem: "a segment lies outside of the file".into() })?;
        let (address, load_address) = (segment.p_vaddr(ENDIAN), segment.p_paddr(ENDIAN));
        self.load(load_address, bytes)?;
        let size = segment.p_memsz(ENDIAN);
        let moves = address != load_address || segment.p_flags(ENDIAN) & PF_W != 0;
        if moves && size != 0 { self.occupies(address, size) } else { Ok(()) }
    }

    fn load(&mut self, address: u32, bytes: &'a [u8]) -> Result<(), BinaryError> {
        self.room = self
            .room
            .checked_sub(bytes.len())
            .ok_or_else(|| BinaryError::Elf { problem: "its parts are larger than the file that holds them".into() })?;
        self.parts.push(Part { address, bytes });
        Ok(())
    }

    fn occupies(&mut self, address: u32, size: u32) -> Result<(), BinaryError> {
        if u64::from(address) + u64::from(size) > u64::from(u32::MAX) + 1 {
            return Err(BinaryError::BeyondMemory { address });
        }
        self.ram.push(Region::new(address, size));
        Ok(())
    }
}

/// Whether a segment brings a section's bytes to where the section expects them.
fn holds(segment: &Segment, address: u32, offset: u32, size: u32) -> bool {
    let inside = |start: u32, span: u32, first: u32| {
        first.checked_sub(start).is_some_and(|into| u64::from(into) + u64::from(size) <= u64::from(span))
    };
    inside(segment.p_offset(ENDIAN), segment.p_filesz(ENDIAN), offset)
        && inside(segment.p_vaddr(ENDIAN), segment.p_memsz(ENDIAN), address)
}

/// By rising address, those that touch as one.
fn merge(mut regions: Vec<Region>) -> Vec<Region> {
    regions.sort_by_key(|region| region.start);
    let mut merged: Vec<Region> = Vec::new();
    for region in regions {
        match merged.last_mut() {
            Some(last) if u64::from(region.start) <= u64::from(last.last()) + 1 => {
                let end = last.last().max(region.last());
                *last = Region::new(last.start, (end - last.start).saturating_add(1));
            }
            _ => merged.push(region),
        }
    }
    merged
}

fn damaged(error: object::read::Error) -> BinaryError {
    BinaryError::Elf { problem: error.to_string() }
}

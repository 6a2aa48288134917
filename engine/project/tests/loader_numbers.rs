//! The numbers of a loader and of an application come from their files, and no file brings the reader down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::path::Path;

use chip::memory_map::Region;
use formats::{HexFile, Segment};
use object::write::elf::{FileHeader, ProgramHeader, SectionHeader, Writer};
use object::{Endianness, elf};
use project::application::application_facts;
use project::binary::{BinaryError, LoadImage, load_image};
use project::loader::loader_numbers;

const FLASH: u32 = 0x0800_0000;
const SECTOR: u32 = 0x2000;
const STACK: u32 = 0x2000_FFC0;

fn repository(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap()
}

/// A program of `size` bytes for `start`: its first instruction in the middle, and the addresses that every program
/// knows, of its first code and of its end.
fn program(start: u32, size: u32) -> Vec<u8> {
    let words = [STACK, (start + size / 2) | 1, (start + 0x10) | 1, start + size];
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    while bytes.len() < size as usize {
        bytes.extend([0x00, 0xBF]);
    }
    bytes.truncate(size as usize);
    bytes
}

/// A section with a segment of its own. `bytes` is what is loaded; memory without content has none.
struct Section {
    run: u32,
    load: u32,
    bytes: Vec<u8>,
    size: u32,
    writable: bool,
}

fn code(address: u32, bytes: &[u8]) -> Section {
    Section { run: address, load: address, bytes: bytes.to_vec(), size: bytes.len() as u32, writable: false }
}

fn data(run: u32, load: u32, bytes: &[u8]) -> Section {
    Section { run, load, bytes: bytes.to_vec(), size: bytes.len() as u32, writable: true }
}

fn zeroed(run: u32, size: u32) -> Section {
    Section { run, load: run, bytes: Vec::new(), size, writable: true }
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Ordinary,
    /// Without a table of sections.
    Stripped,
    /// The first segment begins with the file's own headers, as GNU ld lets it where they fit.
    HeadersLoaded,
    For64Bits,
    BigEndian,
    OtherMachine,
    Relocatable,
}

/// An ELF file, its table of sections last.
fn elf(sections: &[Section], shape: Shape) -> Vec<u8> {
    let endian = if shape == Shape::BigEndian { Endianness::Big } else { Endianness::Little };
    let mut file = Vec::new();
    let mut writer = Writer::new(endian, shape == Shape::For64Bits, &mut file);
    writer.reserve_file_header();
    writer.reserve_program_headers(sections.len() as u32);
    let offsets: Vec<usize> = sections
        .iter()
        .map(|section| writer.reserve(section.bytes.len(), if section.bytes.is_empty() { 1 } else { 0x400 }))
        .collect();
    let with_sections = shape != Shape::Stripped;
    let names: Vec<_> = (0..sections.len()).map(|index| format!(".s{index}")).collect();
    let mut ids = Vec::new();
    if with_sections {
        writer.reserve_null_section_index();
        for name in &names {
            ids.push(writer.add_section_name(name.as_bytes()));
            writer.reserve_section_index();
        }
        writer.reserve_shstrtab_section_index();
        writer.reserve_shstrtab();
        writer.reserve_section_headers();
    }
    let e_machine = if shape == Shape::OtherMachine { elf::EM_RISCV } else { elf::EM_ARM };
    let e_type = if shape == Shape::Relocatable { elf::ET_REL } else { elf::ET_EXEC };
    writer
        .write_file_header(&FileHeader { os_abi: 0, abi_version: 0, e_type, e_machine, e_entry: 0, e_flags: 0 })
        .unwrap();
    writer.write_align_program_headers();
    for (index, (section, offset)) in sections.iter().zip(&offsets).enumerate() {
        let before = if index == 0 && shape == Shape::HeadersLoaded { *offset as u64 } else { 0 };
        writer.write_program_header(&ProgramHeader {
            p_type: elf::PT_LOAD,
            p_flags: elf::PF_R | if section.writable { elf::PF_W } else { elf::PF_X },
            p_offset: *offset as u64 - before,
            p_vaddr: u64::from(section.run) - before,
            p_paddr: u64::from(section.load) - before,
            p_filesz: section.bytes.len() as u64 + before,
            p_memsz: u64::from(section.size) + before,
            p_align: 4,
        });
    }
    for (section, offset) in sections.iter().zip(&offsets) {
        writer.pad_until(*offset);
        writer.write(&section.bytes);
    }
    if with_sections {
        writer.write_shstrtab();
        writer.write_null_section_header();
        for ((section, offset), id) in sections.iter().zip(&offsets).zip(ids) {
            writer.write_section_header(&SectionHeader {
                name: Some(id),
                sh_type: if section.bytes.is_empty() { elf::SHT_NOBITS } else { elf::SHT_PROGBITS },
                sh_flags: u64::from(
                    elf::SHF_ALLOC | if section.writable { elf::SHF_WRITE } else { elf::SHF_EXECINSTR },
                ),
                sh_addr: u64::from(section.run),
                sh_offset: *offset as u64,
                sh_size: u64::from(section.size),
                sh_link: 0,
                sh_info: 0,
                sh_addralign: 4,
                sh_entsize: 0,
            });
        }
        writer.write_shstrtab_section_header();
    }
    file
}

/// A program of two parts with a hole between them, data that are copied to RAM, zeroed memory and a stack.
fn parts(start: u32) -> Vec<Section> {
    vec![
        code(start, &program(start, 0x1001)),
        code(start + 0x1010, &[0x11; 0x300]),
        data(0x2000_0000, start + 0x1310, &[0x22; 0x20]),
        zeroed(0x2000_0020, 0x100),
        zeroed(0x3000_4000, 0x40),
    ]
}

/// What `parts` loads.
fn joined(start: u32) -> Vec<u8> {
    [program(start, 0x1001), vec![0xFF; 0xF], vec![0x11; 0x300], vec![0x22; 0x20]].concat()
}

fn hex(address: u32, bytes: &[u8]) -> Vec<u8> {
    HexFile::new(vec![Segment { address, bytes: bytes.to_vec() }]).unwrap().encode().into_bytes()
}

#[test]
fn the_studios_own_loader_takes_the_first_sector() {
    let file = repository("assets/firmware/iloader.bin");
    let numbers = loader_numbers(&file).unwrap();
    assert_eq!((numbers.bytes as usize, numbers.offset, numbers.size), (file.len(), 0, 0x2000));
    assert_eq!((numbers.wrp, numbers.sectors), (0xFE, 0..=0));
}

#[test]
fn the_numbers_of_any_loader_in_any_sector_are_those_of_sts_script() {
    for offset in (0..0x1_0000).step_by(SECTOR as usize) {
        for size in [0x40, 0x1FFC, 0x2000, 0x2004, 0x4358, 0x6000, 0xC001, 0x1_0000] {
            if offset + size > 0x1_0000 {
                continue;
            }
            let bytes = program(FLASH + offset, size);
            let numbers = loader_numbers(&bytes).unwrap();
            assert_eq!((numbers.bytes, numbers.offset), (size, offset), "{size:#x} bytes at {offset:#x}");
            assert!(numbers.size >= size && numbers.size < size + SECTOR && numbers.size.is_multiple_of(SECTOR));
            let (first, last) = (offset / SECTOR, offset / SECTOR + (numbers.size - SECTOR) / SECTOR);
            let bits: u32 = (0..8).filter(|sector| *sector < first || *sector > last).map(|sector| 1 << sector).sum();
            assert_eq!(u32::from(numbers.wrp), bits, "{size:#x} bytes at {offset:#x}");
            assert_eq!(numbers.sectors, first as u8..=last as u8);
            assert_eq!(loader_numbers(&hex(FLASH + offset, &bytes)).unwrap(), numbers);
            assert_eq!(loader_numbers(&elf(&[code(FLASH + offset, &bytes)], Shape::Ordinary)).unwrap(), numbers);
        }
    }
}

#[test]
fn a_loader_whose_address_its_bytes_do_not_tell_is_asked_for_as_elf() {
    let mut bytes = vec![0; 0x5000];
    bytes[..4].copy_from_slice(&STACK.to_le_bytes());
    bytes[4..8].copy_from_slice(&(FLASH + 0x4001).to_le_bytes());
    let error = loader_numbers(&bytes).unwrap_err();
    assert!(matches!(error, BinaryError::Ambiguous { .. }), "{error}");
    assert!(error.help().contains("ELF"));
    assert_eq!(loader_numbers(&elf(&[code(FLASH, &bytes)], Shape::Ordinary)).unwrap().sectors, 0..=2);
}

#[test]
fn a_loaders_data_count_where_they_are_loaded_and_not_where_they_go() {
    for shape in [Shape::Ordinary, Shape::Stripped] {
        let numbers = loader_numbers(&elf(&parts(FLASH + 2 * SECTOR), shape)).unwrap();
        assert_eq!((numbers.bytes, numbers.offset, numbers.size), (0x1330, 2 * SECTOR, SECTOR));
        assert_eq!((numbers.wrp, numbers.sectors), (0b1111_1011, 2..=2));
    }
}

#[test]
fn a_loader_that_does_not_lie_in_user_flash_is_refused() {
    let at = |address: u32, size| loader_numbers(&hex(address, &program(address, size))).unwrap_err();
    assert!(matches!(at(0x2400_0000, 0x100), BinaryError::OutsideUserFlash { address: 0x2400_0000 }));
    assert!(matches!(at(FLASH + 0xE000, 0x2001), BinaryError::OutsideUserFlash { address: 0x0801_0000 }));
    assert!(matches!(at(FLASH - 0x100, 0x200), BinaryError::OutsideUserFlash { .. }));
    assert!(matches!(at(FLASH + 0x1000, 0x200), BinaryError::NotOnSector { address: 0x0800_1000 }));
    let text = at(FLASH + 0x1000, 0x200).to_string();
    assert!(text.contains("0x0800 1000"), "{text}");
    let bytes = program(FLASH, 0x1_0001);
    assert!(matches!(loader_numbers(&bytes), Err(BinaryError::OutsideUserFlash { address: 0x0801_0000 })));
    let application = repository("templates/sample/STiROT/Image/appli.bin");
    assert!(matches!(loader_numbers(&application), Err(BinaryError::OutsideUserFlash { address: 0x2400_0800 })));
}

#[test]
fn the_samples_application_is_read() {
    let file = repository("templates/sample/STiROT/Image/appli.bin");
    let facts = application_facts(&file).unwrap();
    assert_eq!((facts.address, facts.payload), (None, file.len() as u32));
    assert_eq!((facts.stack, facts.reset), (STACK, 0x2400_0801));
    assert!(facts.ram.is_empty());
    assert_eq!(load_image(&file).unwrap(), LoadImage { address: None, bytes: file });
}

#[test]
fn an_elf_file_tells_address_payload_and_ram() {
    let start = 0x2400_0400;
    for shape in [Shape::Ordinary, Shape::Stripped, Shape::HeadersLoaded] {
        let file = elf(&parts(start), shape);
        let facts = application_facts(&file).unwrap();
        assert_eq!((facts.address, facts.payload), (Some(start), 0x1330));
        assert_eq!((facts.stack, facts.reset), (STACK, (start + 0x800) | 1));
        assert_eq!(facts.ram, [Region::new(0x2000_0000, 0x120), Region::new(0x3000_4000, 0x40)]);
        assert_eq!(load_image(&file).unwrap(), LoadImage { address: Some(start), bytes: joined(start) });
        let shifted = [vec![0], file].concat();
        assert_eq!(load_image(&shifted[1..]).unwrap().bytes, joined(start), "wherever the file lies in memory");
    }
}

#[test]
fn an_intel_hex_file_tells_address_and_payload() {
    let facts = application_facts(&hex(0x2400_0400, &joined(0x2400_0400))).unwrap();
    assert_eq!((facts.address, facts.payload, facts.ram), (Some(0x2400_0400), 0x1330, vec![]));
    assert!(matches!(application_facts(b":00000001FE\n"), Err(BinaryError::Hex(_))));
    assert!(matches!(application_facts(b":00000001FF\n"), Err(BinaryError::NothingToLoad)));
}

#[test]
fn code_that_is_copied_to_ram_occupies_it() {
    let start = 0x2400_0400;
    let moved = Section { run: 0x2402_0000, ..code(start + 0x200, &[0x33; 0x40]) };
    let file = elf(&[code(start, &program(start, 0x200)), moved], Shape::Ordinary);
    assert_eq!(application_facts(&file).unwrap().ram, [Region::new(0x2402_0000, 0x40)]);
}

#[test]
fn what_begins_with_no_vector_table_is_no_program() {
    let with = |stack: u32, reset: u32| {
        let mut file = program(0x2400_0400, 0x400);
        file[..4].copy_from_slice(&stack.to_le_bytes());
        file[4..8].copy_from_slice(&reset.to_le_bytes());
        application_facts(&file).map(|facts| (facts.stack, facts.reset))
    };
    for stack in [0x2000_0004, 0x2001_0000, 0x2003_0000, 0x2407_2000, 0x3000_8000] {
        with(stack, 0x2400_0801).unwrap();
    }
    for stack in [0, 0x2000_0000, 0x2000_FFC2, 0x2003_0004, 0x2400_0000, 0x2407_2004, 0x0800_1000, 0xFFFF_FFFF] {
        assert!(matches!(with(stack, 0x2400_0801), Err(BinaryError::Stack { .. })), "{stack:#x}");
    }
    for reset in [0, 0x2400_0800, 0x2407_2001, 0x2000_0001, 0xFFFF_FFFF] {
        assert!(matches!(with(STACK, reset), Err(BinaryError::Reset { .. })), "{reset:#x}");
    }
    let elsewhere = hex(0x2400_0400, &program(0x2401_0000, 0x400));
    assert!(matches!(application_facts(&elsewhere), Err(BinaryError::Reset { .. })));
    assert!(matches!(application_facts(&STACK.to_le_bytes()), Err(BinaryError::TooShort { bytes: 4 })));
    assert!(matches!(application_facts(&[]), Err(BinaryError::Empty)));
    let image = [0xC159_2EE9_u32.to_le_bytes().to_vec(), vec![0; 0x400]].concat();
    let error = application_facts(&image).unwrap_err();
    assert!(matches!(error, BinaryError::Image) && error.to_string().contains("signed"));
}

#[test]
fn a_program_for_another_processor_or_none_is_refused() {
    let sections = parts(0x2400_0400);
    for (shape, names) in
        [(Shape::For64Bits, "not 32 bits"), (Shape::BigEndian, "little-endian"), (Shape::OtherMachine, "machine 243")]
    {
        let error = load_image(&elf(&sections, shape)).unwrap_err();
        assert!(matches!(error, BinaryError::OtherProcessor { .. }) && error.to_string().contains(names), "{error}");
    }
    assert!(matches!(load_image(&elf(&sections, Shape::Relocatable)), Err(BinaryError::NotLinked)));
    assert!(matches!(load_image(&elf(&[], Shape::Ordinary)), Err(BinaryError::NothingToLoad)));
    assert!(matches!(load_image(&elf(&[zeroed(0x2400_0000, 4)], Shape::Stripped)), Err(BinaryError::NothingToLoad)));
}

#[test]
fn parts_that_overlap_or_lie_far_apart_are_no_program() {
    for shape in [Shape::Ordinary, Shape::Stripped] {
        let two = |one: u32, other: u32| load_image(&elf(&[code(one, &[1; 16]), code(other, &[2; 16])], shape));
        assert_eq!(two(0x100, 0x110).unwrap().bytes.len(), 32);
        assert_eq!(two(0x110, 0x100).unwrap().bytes[0], 2, "in whichever order they stand");
        assert!(matches!(two(0x100, 0x10F), Err(BinaryError::Overlap { address: 0x10F })));
        assert_eq!(two(0x100, 0x8_0110).unwrap().bytes.len(), 0x8_0020);
        assert!(matches!(two(0x100, 0x8_0111), Err(BinaryError::Apart { end: 0x110, next: 0x8_0111 })));
        assert!(matches!(two(0, 0xFFFF_FFF0), Err(BinaryError::Apart { .. })));
        assert!(matches!(two(0xFFFF_FFE0, 0xFFFF_FFF8), Err(BinaryError::BeyondMemory { .. })));
    }
    let many: Vec<_> = (0..9).map(|part| code(part * 0x1_0010, &[0; 16])).collect();
    assert!(load_image(&elf(&many, Shape::Ordinary)).is_ok());
    let many: Vec<_> = (0..10).map(|part| code(part * 0x1_0010, &[0; 16])).collect();
    assert!(matches!(load_image(&elf(&many, Shape::Ordinary)), Err(BinaryError::Apart { .. })));
    let memory = [code(0, &[0; 16]), zeroed(0xFFFF_FFF0, 0x20)];
    assert!(matches!(application_facts(&elf(&memory, Shape::Ordinary)), Err(BinaryError::BeyondMemory { .. })));
}

/// Program headers follow the file header, 32 bytes each: offset in the file at 4, address of loading at 12, size in
/// the file at 16.
fn set_segment(file: &mut [u8], segment: usize, field: usize, value: u32) {
    let at = 52 + segment * 32 + field;
    file[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn a_file_that_promises_more_than_it_holds_is_refused() {
    let sections: Vec<_> = (0..64).map(|part| code(part * 0x1000, &[0; 16])).collect();
    let sane = elf(&sections, Shape::Stripped);
    let mut shared = sane.clone();
    for segment in 0..64 {
        set_segment(&mut shared, segment, 4, 0);
        set_segment(&mut shared, segment, 16, 0x1000);
    }
    assert!(shared.len() < 64 * 0x1000);
    let error = load_image(&shared).unwrap_err();
    assert!(matches!(&error, BinaryError::Elf { problem } if problem.contains("larger")), "{error}");
    for size in [0x1_0000, 0x7FFF_FFFF, 0xFFFF_FFFF] {
        let mut long = sane.clone();
        set_segment(&mut long, 3, 16, size);
        assert!(matches!(load_image(&long), Err(BinaryError::Elf { .. })), "{size:#x}");
    }
    let crowd: Vec<_> = (0..257).map(|part| code(part * 16, &[0; 16])).collect();
    assert!(matches!(load_image(&elf(&crowd, Shape::Ordinary)), Err(BinaryError::Elf { .. })));
}

#[test]
fn an_elf_file_that_is_cut_short_anywhere_is_refused() {
    for shape in [Shape::Ordinary, Shape::Stripped, Shape::HeadersLoaded] {
        let file = elf(&parts(0x2400_0400), shape);
        load_image(&file).unwrap();
        let first_bytes = 1..64;
        for length in first_bytes.chain((64..file.len()).step_by(64)).chain([file.len() - 1]) {
            let result = application_facts(&file[..length]);
            assert!(result.is_err(), "{length} of {} bytes", file.len());
        }
    }
}

/// xorshift64: the same bytes in every run.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Whatever the bytes are, there is an answer, and it is no larger than the file and the gaps allowed.
fn answers(file: &[u8]) -> bool {
    let _facts = (application_facts(file).is_ok(), loader_numbers(file).is_ok());
    let Ok(image) = load_image(file) else { return false };
    assert!(image.bytes.len() <= file.len() + 0x8_0000);
    true
}

#[test]
fn no_bytes_bring_the_reader_down() {
    let mut state = 0x5DEE_CE66_D1CE_4E5B;
    let mut taken = [0; 2];
    let files = [
        elf(&parts(0x2400_0400), Shape::Ordinary),
        elf(&parts(FLASH), Shape::Stripped),
        hex(FLASH, &program(FLASH, 0x80)),
        repository("assets/firmware/iloader.bin"),
    ];
    for round in 0..20_000 {
        let mut file = files[round % files.len()].clone();
        for _ in 0..=random(&mut state) % 4 {
            // Most of what can be said wrongly stands at the ends.
            let reach = file.len().min(300) as u64;
            let from_the_end = random(&mut state).is_multiple_of(2);
            let offset = (random(&mut state) % reach) as usize;
            let position = if from_the_end { file.len() - 1 - offset } else { offset };
            file[position] = [0, 0xFF, random(&mut state) as u8][(random(&mut state) % 3) as usize];
        }
        taken[usize::from(answers(&file))] += 1;
    }
    assert!(taken[0] > 1000 && taken[1] > 1000, "{taken:?}");
    let heads: [&[u8]; 4] = [b"", b"\x7FELF", b"\x7FELF\x01\x01\x01", b":"];
    for round in 0..4_000 {
        let length = (random(&mut state) % 600) as usize;
        let noise = (0..length).map(|_| random(&mut state) as u8);
        answers(&heads[round % heads.len()].iter().copied().chain(noise).collect::<Vec<_>>());
    }
}

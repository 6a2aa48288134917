//! The vector table at the beginning of an Arm application: what it says, and whether a core could start with it.

use std::ops::Range;

use chip::memory_map::{
    AHB_SRAM1, AHB_SRAM2, AXI_SRAM, DTCM, Region, TCM_MAX_SIZE, USER_FLASH, XSPI1_WINDOW, XSPI2_WINDOW,
};

use super::anatomy::{Part, PartKind};

/// Where a stack may be: in the DTCM with all that it can borrow, or in SRAM.
const STACKS: [(Region, &str); 4] = [
    (Region::new(DTCM.start, TCM_MAX_SIZE), "DTCM"),
    (AXI_SRAM, "AXI SRAM"),
    (AHB_SRAM1, "AHB SRAM1"),
    (AHB_SRAM2, "AHB SRAM2"),
];
/// Where programs run.
const CODE: [(Region, &str); 4] = [
    (AXI_SRAM, "AXI SRAM"),
    (USER_FLASH, "user flash"),
    (XSPI1_WINDOW, "external memory, XSPI1"),
    (XSPI2_WINDOW, "external memory, XSPI2"),
];

/// Names of the system's vectors (ARMv7-M).
const SYSTEM: [&str; 16] = [
    "stack",
    "Reset",
    "NMI",
    "HardFault",
    "MemManage",
    "BusFault",
    "UsageFault",
    "reserved 7",
    "reserved 8",
    "reserved 9",
    "reserved 10",
    "SVCall",
    "DebugMonitor",
    "reserved 13",
    "PendSV",
    "SysTick",
];
/// Most vectors of the device: the system's and interrupts 0 to 154 (CMSIS `stm32h7s7xx.h`).
const MOST: usize = 16 + 155;
const SOURCE: &str = "ARMv7-M, vector table";

/// The first two words of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) stack: u32,
    pub(crate) reset: u32,
}

impl Start {
    /// The first two words of `payload`.
    pub(crate) fn of(payload: &[u8]) -> Option<Self> {
        let (stack, rest) = payload.split_first_chunk()?;
        Some(Self { stack: u32::from_le_bytes(*stack), reset: u32::from_le_bytes(*rest.first_chunk()?) })
    }

    /// Where the first instruction lies.
    pub(crate) fn instruction(self) -> u32 {
        self.reset & !1
    }

    /// What keeps a core from starting with it.
    pub(crate) fn problem(self) -> Option<String> {
        let Self { stack, reset } = self;
        if stack_memory(stack).is_none() {
            return Some(format!("the first word, {stack:#010x}, is no stack: it lies in no RAM of this chip"));
        }
        if !stack.is_multiple_of(8) {
            return Some(format!("the stack at {stack:#010x} isn't a multiple of 8, as Arm's calling convention asks"));
        }
        if reset & 1 == 0 {
            return Some(format!("the reset handler {reset:#010x} isn't marked as Thumb code; the core would fault"));
        }
        if code_memory(self.instruction()).is_none() {
            return Some(format!("the reset handler {reset:#010x} lies in no memory that programs run from"));
        }
        None
    }
}

fn stack_memory(stack: u32) -> Option<&'static str> {
    // A stack grows downwards: it may begin right behind its memory.
    STACKS.iter().find(|(ram, _)| stack > ram.start && ram.contains(stack.wrapping_sub(1))).map(|(_, name)| *name)
}

fn code_memory(address: u32) -> Option<&'static str> {
    CODE.iter().find(|(memory, _)| memory.contains(address)).map(|(_, name)| *name)
}

/// The table at the beginning of `payload`, which lies at `offset` of the content; none where no core could start with
/// it.
pub(crate) fn table(payload: &[u8], offset: u64) -> Option<Part> {
    let start = Start::of(payload)?;
    if start.problem().is_some() {
        return None;
    }
    let memory = code_memory(start.instruction());
    let words = payload.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
    // The table ends where a word is neither empty nor code in the memory of the reset handler.
    let is_vector =
        |index: usize, word: u32| index < 2 || word == 0 || (word & 1 == 1 && code_memory(word & !1) == memory);
    let mut vectors: Vec<u32> = words
        .take(MOST)
        .enumerate()
        .take_while(|(index, word)| is_vector(*index, *word))
        .map(|(_, word)| word)
        .collect();
    while vectors.len() > SYSTEM.len() && vectors.last() == Some(&0) {
        vectors.pop();
    }
    let at = |index: usize| offset.saturating_add(4 * index as u64);
    let part = |name: String, range: Range<u64>, value: String, meaning: String| Part {
        kind: PartKind::Vectors,
        name,
        range,
        value,
        meaning,
        source: SOURCE,
        problem: None,
        children: Vec::new(),
    };
    let leaf = |(index, word): (usize, &u32)| {
        let name = match SYSTEM.get(index) {
            Some(name) => (*name).to_owned(),
            None => format!("interrupt {}", index.saturating_sub(SYSTEM.len())),
        };
        let meaning = match index {
            0 => format!("the main stack begins here, downwards, in {}", stack_memory(*word).unwrap_or("no RAM")),
            _ if *word == 0 => "none".into(),
            1 => format!("first instruction, in {}", memory.unwrap_or("no memory")),
            _ => "handler".into(),
        };
        part(name, at(index)..at(index + 1), format!("{word:#010x}"), meaning)
    };
    let mut root = part(
        "vector table".into(),
        at(0)..at(vectors.len()),
        format!("{} vectors", vectors.len()),
        format!("starts at {:#010x} with the stack at {:#010x}", start.instruction(), start.stack),
    );
    let mut leaves: Vec<Part> = vectors.iter().enumerate().map(leaf).collect();
    let interrupts = leaves.split_off(leaves.len().min(SYSTEM.len()));
    if !interrupts.is_empty() {
        let used = interrupts.iter().filter(|leaf| leaf.meaning != "none").count();
        let mut group = part(
            "interrupts".into(),
            at(SYSTEM.len())..at(vectors.len()),
            format!("{} vectors", interrupts.len()),
            format!("{used} of them have a handler"),
        );
        group.children = interrupts;
        leaves.push(group);
    }
    root.children = leaves;
    Some(root)
}

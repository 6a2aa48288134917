//! The ports to the option-byte keys: OBKCR and OBKDR (CMSIS, SVD, HAL). Who may reach which area is decided here.

use chip::obk::{AREAS, FIRST_READABLE_INDEX, INDEX_SIZE, INDEXES};

use crate::nonvolatile::{KeyCell, Keys};

const CONTROL_RESET: u32 = 0xC00;
const KEYPROG: u32 = 1 << 14;
const KEYSTART: u32 = 1 << 15;

/// An access that was started.
#[derive(Clone, Copy)]
struct Access {
    area: usize,
    index: u8,
    size: u8,
    program: bool,
}

/// Control and data registers, and the keys behind them.
#[derive(Clone)]
pub(crate) struct KeyPort {
    control: u32,
    data: [u32; 8],
    started: Option<Access>,
    /// The key that was last delivered to SAES.
    delivered: Option<KeyCell>,
    keys: Box<Keys>,
}

impl KeyPort {
    pub(crate) fn new(keys: Box<Keys>) -> Self {
        Self { control: CONTROL_RESET, data: [0; 8], started: None, delivered: None, keys }
    }

    pub(crate) fn reset(&mut self) {
        self.control = CONTROL_RESET;
        self.data = [0; 8];
        self.started = None;
        self.delivered = None;
    }

    /// The hardware key that software had delivered to SAES at this level.
    pub(crate) fn delivered(&self) -> Option<&KeyCell> {
        self.delivered.as_ref()
    }

    /// What a loss of power now would leave of the access under way: a program that was cut leaves a key that can't
    /// be read.
    pub(crate) fn if_power_went_now(&self, keys: &mut Keys) {
        let Some(access) = self.started.filter(|access| access.program) else { return };
        if let Some(cell) = keys.get_mut(access.area).and_then(|area| area.get_mut(access.index as usize)) {
            *cell = Some(KeyCell { size: access.size, data: [0; INDEX_SIZE], torn: true });
        }
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Forgets every key of every level, and what a register still holds of one.
    pub(crate) fn wipe(&mut self) {
        *self.keys = [[None; INDEXES]; AREAS];
        self.data = [0; 8];
        self.delivered = None;
    }

    pub(crate) fn control(&self) -> u32 {
        self.control
    }

    /// Data registers can be read once: a read clears them.
    pub(crate) fn read_data(&mut self, offset: u32) -> u32 {
        let index = (offset.wrapping_sub(0x118) / 4) as usize;
        self.data.get_mut(index).map_or(0, std::mem::take)
    }

    pub(crate) fn write_data(&mut self, offset: u32, value: u32) {
        let index = (offset.wrapping_sub(0x118) / 4) as usize;
        if let Some(word) = self.data.get_mut(index) {
            *word = value;
        }
    }

    /// The level rose: what lies in the data registers, or was delivered to SAES, belongs to the level before.
    pub(crate) fn level_raised(&mut self) {
        self.data = [0; 8];
        self.delivered = None;
    }

    /// Writes OBKCR; true when an access starts. An area is reached from its own level or one below it that names it
    /// as the next; once the level has passed it, it is closed (assumption A16).
    pub(crate) fn write_control(&mut self, value: u32, level: u8) -> bool {
        self.control = value & 0xCF1F;
        if value & KEYSTART == 0 {
            return false;
        }
        self.control &= !KEYSTART;
        let next = value >> 8 & 3;
        self.started = Some(Access {
            area: level as usize + next as usize,
            index: (value & 0x1F) as u8,
            size: (value >> 10 & 3) as u8,
            program: value & KEYPROG != 0,
        });
        true
    }

    /// Whether the access under way programs a key.
    pub(crate) fn programs(&self) -> bool {
        self.started.is_some_and(|access| access.program)
    }

    /// Ends the access under way. `Err` when the key is missing, torn or out of reach (KVEF).
    pub(crate) fn complete(&mut self, torn: bool) -> Result<(), ()> {
        let access = self.started.take().ok_or(())?;
        if access.area >= AREAS {
            return Err(());
        }
        let cell = self.keys.get_mut(access.area).and_then(|area| area.get_mut(access.index as usize)).ok_or(())?;
        let bytes = 4usize << access.size;
        if access.program {
            let mut data = [0; INDEX_SIZE];
            for (out, byte) in data.iter_mut().zip(self.data.iter().flat_map(|word| word.to_le_bytes())).take(bytes) {
                *out = byte;
            }
            *cell = Some(KeyCell { size: access.size, data, torn });
            self.data = [0; 8];
            return Ok(());
        }
        if access.index < FIRST_READABLE_INDEX {
            // Hardware keys go to SAES alone, never to a register.
            self.delivered = cell.filter(|cell| !cell.torn);
            return self.delivered.map(|_| ()).ok_or(());
        }
        match cell {
            Some(cell) if !cell.torn => {
                let (words, _) = cell.data.as_chunks::<4>();
                for (word, bytes) in self.data.iter_mut().zip(words) {
                    *word = u32::from_le_bytes(*bytes);
                }
                Ok(())
            }
            _ => Err(()),
        }
    }
}

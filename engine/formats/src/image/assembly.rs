//! The pipeline behind `build`: the payload read, hashed, encrypted and written piece by piece, on two threads when it is
//! large. What an image consists of is not known here.

use std::io::{self, Read, Write};
use std::sync::mpsc::sync_channel;
use std::thread;

use aes::cipher::StreamCipher;
use sha2::{Digest, Sha256};

use super::TRAILER_MAGIC;
use super::build::ImageForm;
use super::ecies::{self, KEY_SIZE, Keystream, WRAPPED_SIZE};
use crate::error::FormatError;
use crate::hex::HexWriter;
use crate::keys::PublicKey;
use crate::secret::Secret;

/// What erased flash reads as.
pub(super) const ERASED: u8 = 0xFF;
/// Bytes in one piece: small enough to stay in a core's cache on its way, a multiple of the cipher's block.
const PIECE: usize = 256 * 1024;
/// How many pieces are on their way at once.
const PIECES: usize = 4;

/// The key of one payload, random, and how it travels inside the image.
pub(super) enum PayloadKey {
    /// The payload lies open.
    None,
    /// AES-128.
    Wrapped { key: Secret<[u8; KEY_SIZE]>, wrapped: [u8; WRAPPED_SIZE] },
}

impl PayloadKey {
    /// A new key for the owner of `recipient`.
    pub(super) fn new(recipient: Option<&PublicKey>) -> Result<Self, FormatError> {
        let Some(recipient) = recipient else { return Ok(Self::None) };
        let mut key = Secret::new([0; KEY_SIZE]);
        getrandom::fill(&mut *key).map_err(FormatError::Random)?;
        let wrapped = ecies::wrap(&key, recipient)?;
        Ok(Self::Wrapped { key, wrapped })
    }

    pub(super) fn wrapped(&self) -> Option<&[u8; WRAPPED_SIZE]> {
        match self {
            Self::None => None,
            Self::Wrapped { wrapped, .. } => Some(wrapped),
        }
    }

    fn keystream(&self) -> Option<Keystream> {
        match self {
            Self::None => None,
            Self::Wrapped { key, .. } => Some(ecies::keystream(key)),
        }
    }
}

/// Whether a second thread pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    OneThread,
    TwoThreads,
}

impl Pace {
    /// Below a few pieces starting a thread costs more than it saves.
    pub(super) fn for_bytes(length: u64) -> Self {
        if length > (PIECES * PIECE) as u64 { Self::TwoThreads } else { Self::OneThread }
    }
}

/// Bytes to come, and how many zeros follow them.
pub(super) struct Payload<'a> {
    pub(super) source: &'a mut (dyn Read + Send),
    pub(super) length: u64,
    pub(super) padded: u64,
}

impl Payload<'_> {
    /// Brings the payload through hash and cipher into `form`.
    pub(super) fn transfer(
        mut self,
        hash: &mut Sha256,
        key: &PayloadKey,
        form: &mut Form<'_>,
        pace: Pace,
    ) -> Result<(), FormatError> {
        let mut keystream = key.keystream();
        let mut out = |piece: &mut [u8]| {
            if let Some(keystream) = &mut keystream {
                keystream.apply_keystream(piece);
            }
            form.put(piece)
        };
        match pace {
            Pace::OneThread => {
                let mut piece = Vec::new();
                while self.next(&mut piece, hash)? {
                    out(&mut piece)?;
                }
                Ok(())
            }
            Pace::TwoThreads => thread::scope(|scope| {
                let (full, to_write) = sync_channel::<Vec<u8>>(PIECES);
                let (used, empty) = sync_channel::<Vec<u8>>(PIECES);
                let reader = scope.spawn(move || -> Result<(), FormatError> {
                    for number in 0.. {
                        // The first pieces are new, the others come back. When none comes, the writer has failed and
                        // tells why.
                        let piece = if number < PIECES { Some(Vec::new()) } else { empty.recv().ok() };
                        let Some(mut piece) = piece else { break };
                        if !self.next(&mut piece, hash)? || full.send(piece).is_err() {
                            break;
                        }
                    }
                    Ok(())
                });
                let mut written = Ok(());
                while written.is_ok()
                    && let Ok(mut piece) = to_write.recv()
                {
                    written = out(&mut piece);
                    // The reader may have gone already, with all that it had to give.
                    _ = used.send(piece);
                }
                drop((to_write, used));
                let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                read.and(written)
            }),
        }
    }

    /// Reads and hashes the next piece; false at the end.
    fn next(&mut self, piece: &mut Vec<u8>, hash: &mut Sha256) -> Result<bool, FormatError> {
        let wanted = usize::try_from(self.padded).unwrap_or(PIECE).min(PIECE);
        let given = usize::try_from(self.length).unwrap_or(PIECE).min(wanted);
        if wanted == 0 {
            return self.nothing_follows().map(|()| false);
        }
        piece.resize(wanted, 0);
        let (content, fill) = piece.split_at_mut_checked(given).unwrap_or((&mut [], &mut []));
        self.source.read_exact(content).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => FormatError::PayloadChanged,
            _ => FormatError::PayloadRead(error),
        })?;
        fill.fill(0);
        hash.update(&piece);
        self.length = self.length.saturating_sub(given as u64);
        self.padded = self.padded.saturating_sub(wanted as u64);
        Ok(true)
    }

    fn nothing_follows(&mut self) -> Result<(), FormatError> {
        match self.source.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(FormatError::PayloadChanged),
            Err(error) => Err(FormatError::PayloadRead(error)),
        }
    }
}

/// A file on its way out: the image in one piece after the other, then the end of its slot.
pub(super) struct Form<'a> {
    sink: Sink<'a>,
    written: u64,
}

enum Sink<'a> {
    /// The image alone.
    Image(&'a mut Vec<u8>),
    /// The whole slot of this size.
    Slot(&'a mut dyn Write, u32),
    /// Intel hex, with the addresses of the slot and of its mark.
    Hex { writer: HexWriter<&'a mut dyn Write>, address: u32, mark: u32 },
}

impl<'a> Form<'a> {
    pub(super) fn image(bytes: &'a mut Vec<u8>) -> Self {
        Self { sink: Sink::Image(bytes), written: 0 }
    }

    /// # Errors
    /// When the slot would reach past the last address.
    pub(super) fn begin(form: ImageForm, slot_size: u32, sink: &'a mut dyn Write) -> Result<Self, FormatError> {
        let sink = match form {
            ImageForm::Slot => Sink::Slot(sink, slot_size),
            ImageForm::Hex { address } => {
                let end = u64::from(address) + u64::from(slot_size);
                let mark = slot_size.checked_sub(TRAILER_MAGIC.len() as u32).and_then(|at| address.checked_add(at));
                let Some(mark) = mark.filter(|_| end <= u64::from(u32::MAX) + 1) else {
                    let problem =
                        format!("a slot of {slot_size:#x} bytes at {address:#010x} reaches past the last address");
                    return Err(FormatError::Setting { setting: "address", problem });
                };
                Sink::Hex { writer: HexWriter::new(sink, end), address, mark }
            }
        };
        Ok(Self { sink, written: 0 })
    }

    /// Bytes of the image so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        let done = match &mut self.sink {
            Sink::Image(image) => {
                image.extend_from_slice(bytes);
                Ok(())
            }
            Sink::Slot(sink, _) => sink.write_all(bytes),
            Sink::Hex { writer, address, .. } => {
                // Plans are made for slots that end at a 32-bit address at the latest.
                writer.data(address.saturating_add(self.written as u32), bytes)
            }
        };
        self.written += bytes.len() as u64;
        done.map_err(FormatError::ImageWrite)
    }

    /// The end of the slot.
    pub(super) fn finish(self) -> Result<(), FormatError> {
        match self.sink {
            Sink::Image(_) => Ok(()),
            Sink::Slot(sink, size) => {
                let fill = u64::from(size).saturating_sub(self.written + TRAILER_MAGIC.len() as u64);
                io::copy(&mut io::repeat(ERASED).take(fill), sink).and_then(|_| sink.write_all(&TRAILER_MAGIC))
            }
            Sink::Hex { mut writer, mark, .. } => {
                writer.data(mark, &TRAILER_MAGIC).and_then(|()| writer.finish()).map(|_| ())
            }
        }
        .map_err(FormatError::ImageWrite)
    }
}

//! The mailbox: words one by one, requests and answers made of them. It believes no announced length and knows no
//! meaning of a command.
// assumption A8: words of the handshake, request counts in bytes, answer counts in words, unpadded tagged values.

use core::hint::black_box;

use chip::mailbox::{
    ANSWER_MAGIC, DBG_AUTH_ACK, DBG_AUTH_DEV, DBG_AUTH_HOST, DEV_ACK, HOST_ACK, REQUEST_MAGIC, status,
};
use hardware::Register;
use hardware::pac::IWDG;

const HOST: Register = word(DBG_AUTH_HOST);
const DEV: Register = word(DBG_AUTH_DEV);
const ACK: Register = word(DBG_AUTH_ACK);

const fn word(offset: u32) -> Register {
    // Safety: a mailbox register of DBGMCU (CMSIS).
    unsafe { Register::at(chip::registers::DBGMCU + offset) }
}

/// Turns of the loop between two looks at a flag, of two instructions each.
const PAUSE: u32 = 256;
/// Looks before the host counts as gone: about 20 seconds at the reset clock.
// assumption A50
const PATIENCE: u32 = 2_400_000;
/// The same for an answer after which the board goes on without the host: about 5 seconds.
const PATIENCE_AT_THE_END: u32 = 600_000;
/// Looks between two refreshes of a watchdog that the option bytes may have started: about 70 ms.
const WATCHDOG_LOOKS: u32 = 1 << 13;
/// IWDG_KR: start the count anew. Without effect on a watchdog that doesn't run.
const REFRESH: u16 = 0xAAAA;
/// A request that announces more bytes is not read: what follows can't be its data.
const BELIEVED: u32 = 4096;
/// The most that a request of ours has: a certificate with its head.
pub const LONGEST: usize = 8 + chip::mailbox::CERTIFICATE_SIZE;

/// The host went away in the middle of a session.
pub struct Gone;

/// How long the ROM waits for the host's next word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Asleep, until it comes: nothing else would run.
    Endless,
    /// A while: the board has something to boot.
    Limited,
}

/// An answer's status. Kept as a word that no skipped load leaves in a register by chance.
#[derive(Clone, Copy)]
pub struct Status(u32);

const SCRAMBLE: u32 = 0x9C35_0000;
/// What an answer says whose status was lost on the way.
const FAILED: u32 = (status::FAILURE as u32) << 16;

impl Status {
    /// Done.
    pub const SUCCESS: Self = Self::of(status::SUCCESS);
    /// Not done.
    pub const FAILURE: Self = Self::of(status::FAILURE);
    /// Go on.
    pub const NEED_MORE_DATA: Self = Self::of(status::NEED_MORE_DATA);
    /// Not with this credential.
    pub const UNAUTHORIZED: Self = Self::of(status::UNAUTHORIZED);
    /// Malformed.
    pub const INVALID_PARAMETERS: Self = Self::of(status::INVALID_PARAMETERS);
    /// No such command.
    pub const INVALID_COMMAND: Self = Self::of(status::INVALID_COMMAND);

    const fn of(status: u16) -> Self {
        Self((status as u32) << 16 ^ SCRAMBLE)
    }
}

/// What the host asks.
pub enum Request {
    /// A session from its beginning.
    Anew,
    /// A command; its data is where the caller wanted it.
    Command(Command),
}

/// The first word of a request.
#[derive(Clone, Copy)]
pub struct Command(u32);

impl Command {
    /// The command's code.
    pub fn code(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// Whether it is the one with this code: read from the word once more, so that no skipped instruction takes one
    /// command for another and says yes to it.
    #[inline(always)]
    pub fn is(self, code: u16) -> bool {
        black_box(self).code() == code
    }
}

/// The data of a request.
pub struct Data {
    bytes: [u8; LONGEST],
    /// How many of them came; nothing when there were more than anything that is taken here.
    length: Option<usize>,
}

impl Data {
    /// No data yet.
    pub fn new() -> Self {
        Self { bytes: [0; LONGEST], length: None }
    }

    /// The bytes; nothing when the request was longer than any that is known.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.get(..self.length?)
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        // It may have been a password, and in PROVISIONING the stack is a debugger's to read.
        crate::redundant::forget(&mut self.bytes);
    }
}

/// The chip's end of the mailbox.
#[derive(Clone, Copy)]
pub struct Mailbox {
    patience: Patience,
}

impl Mailbox {
    /// The mailbox, with the patience that suits the product state.
    pub fn new(patience: Patience) -> Self {
        Self { patience }
    }

    /// Whether the host has left the request for a session.
    pub fn is_asked(self) -> bool {
        ACK.read() & HOST_ACK != 0 && HOST.read() == REQUEST_MAGIC
    }

    /// Answers the request for a session. What an earlier session left unread is no answer to anything: it is written
    /// over.
    pub fn greet(self) {
        DEV.write(ANSWER_MAGIC);
    }

    /// The next request, its data into `data`.
    ///
    /// # Errors
    /// When the host is gone.
    pub fn request(self, data: &mut Data) -> Result<Request, Gone> {
        data.length = None;
        let head = self.receive()?;
        if head == REQUEST_MAGIC {
            return Ok(Request::Anew);
        }
        let announced = self.receive()?;
        let command = Request::Command(Command(head));
        if announced > BELIEVED {
            return Ok(command);
        }
        let mut places = data.bytes.chunks_mut(4);
        for _ in 0..announced.div_ceil(4) {
            let word = self.receive()?;
            if let Some(place) = places.next() {
                place.iter_mut().zip(word.to_le_bytes()).for_each(|(to, from)| *to = from);
            }
        }
        let announced = announced as usize;
        data.length = (announced <= LONGEST && head & 0xFFFF == 0).then_some(announced);
        Ok(command)
    }

    /// Answers a request.
    ///
    /// # Errors
    /// When the host is gone.
    #[inline(never)]
    pub fn answer(self, status: Status, data: &[u8]) -> Result<(), Gone> {
        let mut head = status.0 ^ SCRAMBLE;
        // A skipped instruction that left something else in its place is not to say SUCCESS, which is zero.
        if black_box(head) ^ SCRAMBLE != status.0 {
            head = FAILED;
        }
        send(head, PATIENCE)?;
        send(data.len().div_ceil(4) as u32, PATIENCE)?;
        for bytes in data.chunks(4) {
            let mut word = [0; 4];
            word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            send(u32::from_le_bytes(word), PATIENCE)?;
        }
        Ok(())
    }

    /// Says that the last request is done, to a host that may go without reading it.
    pub fn last_answer(self) {
        let said = send(Status::SUCCESS.0 ^ SCRAMBLE, PATIENCE_AT_THE_END);
        // A host that is gone misses nothing.
        said.and_then(|()| send(0, PATIENCE_AT_THE_END)).unwrap_or(());
    }

    fn receive(self) -> Result<u32, Gone> {
        match self.patience {
            Patience::Endless => {
                // A word that the host puts into the mailbox counts as an event (assumption A22).
                while ACK.read() & HOST_ACK == 0 {
                    cortex_m::asm::wfe();
                }
            }
            Patience::Limited => watch(PATIENCE, || ACK.read() & HOST_ACK != 0)?,
        }
        Ok(HOST.read())
    }
}

/// That the host read a word is no event, so the wait for it is a limited one in every state.
fn send(word: u32, patience: u32) -> Result<(), Gone> {
    watch(patience, || ACK.read() & DEV_ACK == 0)?;
    DEV.write(word);
    Ok(())
}

fn watch(patience: u32, ready: impl Fn() -> bool) -> Result<(), Gone> {
    for look in 0..patience {
        if ready() {
            return Ok(());
        }
        if look % WATCHDOG_LOOKS == 0 {
            refresh_watchdog();
        }
        cortex_m::asm::delay(PAUSE);
    }
    Err(Gone)
}

/// Starts the watchdog's count anew, where the option bytes started it.
pub fn refresh_watchdog() {
    IWDG.kr().write(|w| w.set_key(hardware::pac::iwdg::vals::Key::from_bits(REFRESH)));
}

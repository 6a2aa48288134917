//! The mailbox: words one by one, requests and answers made of them. It believes no announced length and knows no
//! meaning of a command.
// assumption A8: words of the handshake, request counts in bytes, answer counts in words, unpadded tagged values.

use core::arch::global_asm;
use core::hint::black_box;

use chip::mailbox::{
    ANSWER_MAGIC, DBG_AUTH_ACK, DBG_AUTH_DEV, DBG_AUTH_HOST, DEV_ACK, HOST_ACK, REQUEST_MAGIC, status,
};
use hardware::Register;
use hardware::pac::IWDG;

const HOST: Register = word(DBG_AUTH_HOST);
const DEV: Register = word(DBG_AUTH_DEV);
const DEV_ADDRESS: u32 = chip::registers::DBGMCU + DBG_AUTH_DEV;
const WATCHDOG_KEY_ADDRESS: u32 = chip::registers::IWDG;
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

/// Words of an answer: status, count, and the longest data, discovery's.
const LONGEST_ANSWER: usize = 2 + 64;

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
/// The scramble of an answer's next word is this one's, turned right by so many bits: no word is right in another's place.
const TURN: u32 = 5;

impl Status {
    /// Done: see [`Self::earned`].
    const SUCCESS: Self = Self::of(status::SUCCESS);
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

    /// SUCCESS, when both words are what they have to be; anything else when not. It is computed, so that there is no place in
    /// the ROM that says SUCCESS whatever led there.
    #[inline(always)]
    pub fn earned(first: (u32, u32), second: (u32, u32)) -> Self {
        let difference = |(is, due): (u32, u32)| black_box(is) ^ due;
        Self(Self::SUCCESS.0 ^ difference(first) ^ difference(second).rotate_left(7))
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

    /// SUCCESS for the command with this code.
    #[inline(always)]
    pub fn done(self, code: u16) -> Status {
        let word = (u32::from(black_box(self).code()), u32::from(code));
        Status::earned(word, word)
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
        rot::redundant::forget(&mut self.bytes);
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
    pub fn answer(self, status: Status, data: &[u8]) -> Result<(), Gone> {
        say(status, data, PATIENCE)
    }

    /// Answers the last request, to a host that may go without reading it.
    #[inline(always)]
    pub fn last_answer(self, status: Status) {
        // A host that is gone misses nothing.
        say(status, &[], PATIENCE_AT_THE_END).unwrap_or(());
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

/// Puts an answer together and sends it. SUCCESS is zero on the wire, and so is the count of no data: whoever gets here past
/// the end of another function, or sends again what the stack still holds, is not to say it. So every word stays scrambled
/// until it goes out, and only a caller that earned SUCCESS has the word that becomes it.
#[inline(never)]
fn say(status: Status, data: &[u8], patience: u32) -> Result<(), Gone> {
    let mut words = [0_u32; LONGEST_ANSWER];
    let [head, count, rest @ ..] = &mut words;
    let mut scramble = SCRAMBLE.rotate_right(TURN);
    let mut length = 2;
    *head = status.0;
    *count = data.len().div_ceil(4) as u32 ^ scramble;
    for (place, bytes) in rest.iter_mut().zip(data.chunks(4)) {
        let mut word = [0; 4];
        word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        scramble = scramble.rotate_right(TURN);
        *place = u32::from_le_bytes(word) ^ scramble;
        length += 1;
    }
    // Safety: the routine reads and clears `length` words of `words`, and keeps to the calling convention.
    if unsafe { rom_say(words.as_mut_ptr(), length, patience) } == 0 { Ok(()) } else { Err(Gone) }
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

unsafe extern "C" {
    /// Sends scrambled words: where they are, how many, looks before the host counts as gone. Zero when all were sent.
    fn rom_say(words: *mut u32, length: usize, patience: u32) -> u32;
}

// In assembly for the sake of its layout: no return has anything but a trap behind it, and a word is cleared as it goes out, so
// that an answer is said once. That the host read a word is no event, so the wait for it is a limited one in every state.
global_asm!(
    ".section .text.rom_say, \"ax\"",
    ".global rom_say",
    ".type rom_say, %function",
    ".thumb_func",
    "rom_say:",
    "cmp r1, #{longest}",
    "bhi 8f",
    "push {{r4, r5, r6, lr}}",
    "movw r3, #:lower16:{dev}",
    "movt r3, #:upper16:{dev}",
    "mov r12, #0",
    "movt r12, #{scramble} >> 16",
    "2: mov r5, r2",
    "movs r4, #0",
    "3: ldr r6, [r3, #{ack}]",
    "tst r6, #{unread}",
    "beq 6f",
    "lsls r6, r5, #32 - {watchdog_bits}",
    "bne 4f",
    "movw r6, #:lower16:{watchdog}",
    "movt r6, #:upper16:{watchdog}",
    "movw lr, #{refresh}",
    "str lr, [r6]",
    "4: movw r6, #{pause} + 1",
    "5: subs r6, #1",
    "bne 5b",
    "subs r5, #1",
    "bne 3b",
    "movs r0, #1",
    "pop {{r4, r5, r6, pc}}",
    "udf #2",
    "udf #2",
    "6: ldr r4, [r0]",
    "eor r4, r4, r12",
    "str r4, [r3]",
    "movs r4, #0",
    "str r4, [r0], #4",
    "ror r12, r12, #{turn}",
    "subs r1, #1",
    "bne 2b",
    "movs r0, #0",
    "pop {{r4, r5, r6, pc}}",
    "8: udf #2",
    "udf #2",
    longest = const LONGEST_ANSWER,
    dev = const DEV_ADDRESS,
    scramble = const SCRAMBLE,
    ack = const DBG_AUTH_ACK - DBG_AUTH_DEV,
    unread = const DEV_ACK,
    watchdog = const WATCHDOG_KEY_ADDRESS,
    watchdog_bits = const WATCHDOG_LOOKS.trailing_zeros(),
    refresh = const REFRESH,
    pause = const PAUSE,
    turn = const TURN,
);

//! The measure of the interpreter: SHA-256 and AES-CTR of 128 KiB and one P-256 verification, as boot stages do
//! them. It runs bare, without peripherals, and ends at a BKPT with its results at [`RESULT`]'s address in r0. It is
//! no part of a product.
#![no_std]
#![no_main]

use core::cell::UnsafeCell;

use aes::Aes128;
use ctr::cipher::{KeyIvInit, StreamCipher};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

const SIZE: usize = 128 * 1024;

/// A static that only `start` touches, once.
struct Own<T>(UnsafeCell<T>);

// Safety: there is one thread and no interrupt.
unsafe impl<T> Sync for Own<T> {}

static DATA: Own<[u8; SIZE]> = Own(UnsafeCell::new([0; SIZE]));
static RESULT: Own<[u8; 72]> = Own(UnsafeCell::new([0; 72]));

#[repr(C)]
struct Vectors {
    stack: u32,
    start: extern "C" fn() -> !,
}

/// Stack and entry, as a core finds them at reset.
#[unsafe(link_section = ".vectors")]
#[used]
static VECTORS: Vectors = Vectors { stack: 0x2001_0000, start };

/// A key pair made for this file only; its private half was thrown away.
const PUBLIC: [u8; 65] = hex(
    b"0456881bfd7d48f7e36cd8eff69612035dc80baf03dab8263f10f81ed8e6b1343c02a9fd9f4dfbcdb6bcc37eb0d96ef8c05cc7f75fd8c13694b937d376ef137c3c",
);
const SIGNATURE: [u8; 64] = hex(
    b"E346453D358F2872580CBAAAAE4ED9985FE0EF5FE27367EC9C967E8B96EBDAF1C8DE8AEE5E76637C78A7A586238EDDAFCE44A4C85C639D4B08DAA43979B426BC",
);
const MESSAGE: &[u8] = b"the workload of the virtual board";

#[expect(clippy::indexing_slicing, reason = "evaluated while compiling: a wrong index is a compile error")]
const fn hex<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let mut i = 0;
    while i < N {
        out[i] = digit(text[2 * i]) << 4 | digit(text[2 * i + 1]);
        i += 1;
    }
    out
}

const fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        b'a'..=b'f' => character - b'a' + 10,
        _ => character - b'A' + 10,
    }
}

fn verify() -> bool {
    let Ok(key) = VerifyingKey::from_sec1_bytes(&PUBLIC) else { return false };
    let Ok(signature) = Signature::from_slice(&SIGNATURE) else { return false };
    key.verify(MESSAGE, &signature).is_ok()
}

extern "C" fn start() -> ! {
    // Safety: this is the only use of both, and it runs once.
    let (data, result) = unsafe { (&mut *DATA.0.get(), &mut *RESULT.0.get()) };
    let mut state = 0x2545_F491u32;
    for word in data.chunks_exact_mut(4) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        word.copy_from_slice(&state.to_le_bytes());
    }
    let plain = Sha256::digest(data.as_slice());
    let verified = verify();
    ctr::Ctr128BE::<Aes128>::new(&[0x2B; 16].into(), &[0xF0; 16].into()).apply_keystream(data);
    let cipher = Sha256::digest(data.as_slice());
    let (first, rest) = result.split_at_mut(32);
    let (second, last) = rest.split_at_mut(32);
    first.copy_from_slice(&plain);
    second.copy_from_slice(&cipher);
    last.fill(u8::from(verified));
    // Safety: a breakpoint; whoever runs this reads the results then.
    unsafe { core::arch::asm!("bkpt #0", in("r0") result.as_ptr(), options(noreturn)) }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

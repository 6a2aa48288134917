//! Whether the loader has failed before: a marked word behind the shared structure, which RAM keeps over a reset and
//! loses with power.

use chip::loader::{SHARED_REGION_SIZE, SHARED_STRUCTURE};
use hardware::Register;

const MARK: u32 = 0x4C4F_4144;

/// What a failure of the loader counts as.
pub enum Claim {
    /// The first: it may try again.
    First,
    /// It failed before.
    Again,
}

fn word() -> Register {
    // Safety: the last word of the region that STiRoT and its loader share; the structure ends well before it.
    unsafe { Register::at(SHARED_STRUCTURE + SHARED_REGION_SIZE - 4) }
}

/// Counts a failure.
pub fn claim() -> Claim {
    if word().read() == MARK {
        return Claim::Again;
    }
    word().write(MARK);
    Claim::First
}

/// Forgets failures: an application starts, or everything stops.
pub fn forget() {
    word().write(0);
}

//! Hide protection levels and the debug port: raising the one, opening the other.

use hardware::pac::SYSCFG;
use hardware::pac::syscfg::regs::Dbgcr;
use hardware::pac::syscfg::vals::{DbgAuthHdpl, DbgcfgLock};

use chip::security::{HDPL_CODES, HDPL_STEP, UNLOCK};

/// A protection level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// RSS.
    L0,
    /// STiRoT, or the maker's own root of trust.
    L1,
    /// The second stage.
    L2,
    /// Applications.
    L3,
}

impl Level {
    /// The code that registers have for it.
    pub fn code(self) -> u8 {
        let [l0, l1, l2, l3] = HDPL_CODES;
        match self {
            Self::L0 => l0,
            Self::L1 => l1,
            Self::L2 => l2,
            Self::L3 => l3,
        }
    }

    /// Its number.
    pub fn number(self) -> u16 {
        match self {
            Self::L0 => 0,
            Self::L1 => 1,
            Self::L2 => 2,
            Self::L3 => 3,
        }
    }
}

/// The level now; a code that no source lists counts as the highest, from which nothing is reached.
pub fn current() -> Level {
    let code = SYSCFG.hdplsr().read().hdpl().to_bits();
    [Level::L0, Level::L1, Level::L2].into_iter().find(|level| level.code() == code).unwrap_or(Level::L3)
}

/// Raises the level to `target`. It can't be lowered but by a reset.
///
/// The answer is whether the chip reports the level; at a wrong one nothing may start.
#[must_use]
pub fn raise_to(target: Level) -> bool {
    for _ in 0..3 {
        if current() >= target {
            break;
        }
        SYSCFG.hdplcr().write(|w| w.set_incr_hdpl(HDPL_STEP as u8));
        cortex_m::asm::dsb();
        cortex_m::asm::isb();
    }
    current() == target
}

/// Whether a grant that outlived the reset is one that this ROM gives to a closed board: from level 1, 2 or 3.
pub fn kept_grant() -> Option<Level> {
    let kept = SYSCFG.dbgcr().read();
    if u32::from(kept.ap_unlock()) != UNLOCK || u32::from(kept.dbg_unlock()) != UNLOCK {
        return None;
    }
    [Level::L1, Level::L2, Level::L3].into_iter().find(|level| level.code() == kept.dbg_auth_hdpl().to_bits())
}

/// Opens access port and halting debug from `level` on.
// assumption A31: the code of level 0 in DBG_AUTH_HDPL is the one that HDPLSR has for it; ST lists levels 1 to 3 only.
pub fn open_debug(level: Level) {
    SYSCFG.dbgcr().write(|w| {
        w.set_ap_unlock(UNLOCK as u8);
        w.set_dbg_unlock(UNLOCK as u8);
        w.set_dbg_auth_hdpl(DbgAuthHdpl::from_bits(level.code()));
    });
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}

/// Shuts access port and halting debug.
pub fn shut_debug() {
    SYSCFG.dbgcr().write_value(Dbgcr(0));
    cortex_m::asm::dsb();
}

/// Keeps later stages from opening debug.
pub fn lock_debug() {
    const LOCK: u8 = 0xC3;
    SYSCFG.dbglockr().write(|w| w.set_dbgcfg_lock(DbgcfgLock::from_bits(LOCK)));
    cortex_m::asm::dsb();
}

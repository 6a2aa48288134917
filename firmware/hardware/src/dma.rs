//! HPDMA1 channel 12: memory to memory in bursts of 16 words, started by software.

use crate::pac::HPDMA1;
use crate::pac::gpdma::Channel;
use crate::pac::gpdma::vals::{Ap, Dw, Swreq};

use crate::external::Fault;

const CHANNEL: usize = 12;
/// Beats of a burst, less one.
const BEATS: u8 = 16 - 1;
const TRIES: u32 = 10_000_000;

/// Copies `size` bytes, a multiple of 64, between word-aligned addresses. [`crate::pads::prepare`] gave the unit its clock.
///
/// # Errors
/// When the transfer doesn't finish or the bus refuses it.
pub fn copy(from: u32, to: u32, size: u16) -> Result<(), Fault> {
    let channel = HPDMA1.ch(CHANNEL);
    clear_flags(channel);
    channel.tr1().write(|w| {
        w.set_sdw(Dw::WORD);
        w.set_ddw(Dw::WORD);
        w.set_sinc(true);
        w.set_dinc(true);
        w.set_sbl_1(BEATS);
        w.set_dbl_1(BEATS);
        // Both ends lie on the AXI side.
        w.set_sap(Ap::PORT0);
        w.set_dap(Ap::PORT0);
    });
    channel.tr2().write(|w| w.set_swreq(Swreq::SOFTWARE));
    channel.br1().write(|w| w.set_bndt(size));
    channel.sar().write_value(from);
    channel.dar().write_value(to);
    channel.llr().write(|_| ());
    // What the core wrote must be in RAM before the DMA reads it.
    cortex_m::asm::dsb();
    channel.cr().write(|w| w.set_en(true));
    let done = wait(channel);
    clear_flags(channel);
    done
}

fn wait(channel: Channel) -> Result<(), Fault> {
    for _ in 0..TRIES {
        let status = channel.sr().read();
        if status.dtef() || status.ulef() || status.usef() {
            break;
        }
        if status.tcf() {
            return Ok(());
        }
    }
    channel.cr().write(|w| w.set_reset(true));
    Err(Fault::Dma)
}

fn clear_flags(channel: Channel) {
    channel.fcr().write(|w| {
        w.set_tcf(true);
        w.set_htf(true);
        w.set_dtef(true);
        w.set_ulef(true);
        w.set_usef(true);
        w.set_suspf(true);
        w.set_tof(true);
    });
}

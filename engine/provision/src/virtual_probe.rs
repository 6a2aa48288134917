//! The driver that plugs virtual boards into probe-rs: to everything above it a virtual board is one more probe in
//! the list. It passes debug-port transactions on and knows nothing about what they mean.

use std::sync::{Arc, Once};

use board::DapRegister;
use probe_rs::CoreStatus;
use probe_rs::architecture::arm::sequences::ArmDebugSequence;
use probe_rs::architecture::arm::{
    ArmCommunicationInterface, ArmDebugInterface, ArmError, DapError, DapProbe, RawDapAccess, RegisterAddress,
};
use probe_rs::plugin::{Plugin, register_plugin};
use probe_rs::probe::list::ProbeListItem;
use probe_rs::probe::{
    DebugProbe, DebugProbeError, DebugProbeInfo, DebugProbeSelector, ProbeCreationError, ProbeFactory, WireProtocol,
};

use crate::bench::{self, VirtualBoard, Wire};

/// USB identity that virtual probes are listed under: the testing number of pid.codes, which no product may carry.
pub(crate) const VENDOR_ID: u16 = 0x1209;
/// The product number beside [`VENDOR_ID`].
pub(crate) const PRODUCT_ID: u16 = 0x0001;

const SPEED_KHZ: u32 = 24_000;
/// NRST in the pin masks of `swj_pins`.
const PIN_NRESET: u32 = 1 << 7;
/// ABORT with every clear bit set, as probes send it after a fault.
const ABORT_CLEAR_ALL: u32 = 0x1E;
const DP_ABORT: DapRegister = DapRegister::Debug(0);

/// Makes virtual boards known to probe-rs; any number of calls, once is enough.
pub(crate) fn register() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| register_plugin(Plugin { probe_drivers: &[&VirtualProbes], ..Plugin::default() }));
}

/// How probe-rs names the probe of a board.
pub(crate) fn selector(board: &VirtualBoard) -> DebugProbeSelector {
    DebugProbeSelector {
        vendor_id: VENDOR_ID,
        product_id: PRODUCT_ID,
        interface: None,
        serial_number: Some(board.path().display().to_string()),
    }
}

/// The factory: one probe for every virtual board that is powered on in this process, its serial number the path of
/// the board's file.
#[derive(Debug)]
struct VirtualProbes;

impl std::fmt::Display for VirtualProbes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("virtual board")
    }
}

impl ProbeFactory for VirtualProbes {
    fn open(&self, wanted: &DebugProbeSelector) -> Result<Box<dyn DebugProbe>, DebugProbeError> {
        let not_found = DebugProbeError::ProbeCouldNotBeCreated(ProbeCreationError::NotFound);
        if wanted.vendor_id != VENDOR_ID || wanted.product_id != PRODUCT_ID {
            return Err(not_found);
        }
        let board = bench::powered().into_iter().find(|board| match &wanted.serial_number {
            Some(serial) => *serial == board.path().display().to_string(),
            None => true,
        });
        let board = board.ok_or(not_found)?;
        if !board.claim() {
            return Err(DebugProbeError::ProbeCouldNotBeCreated(ProbeCreationError::Other(
                "another debugger in this program uses the virtual board",
            )));
        }
        Ok(Box::new(VirtualProbe { board }))
    }

    fn list_probes(&self) -> Vec<ProbeListItem> {
        let listed = bench::powered().into_iter().map(|board| {
            let serial = board.path().display().to_string();
            let info =
                DebugProbeInfo::new("Virtual board", VENDOR_ID, PRODUCT_ID, Some(serial), &VirtualProbes, None, false);
            ProbeListItem::accessible(info)
        });
        listed.collect()
    }
}

/// A probe whose wires end in a virtual board.
#[derive(Debug)]
struct VirtualProbe {
    board: VirtualBoard,
}

impl Drop for VirtualProbe {
    fn drop(&mut self) {
        // A probe that goes away lets the reset line go.
        self.drive_reset(false);
        self.board.release();
    }
}

impl VirtualProbe {
    /// Ends a faulted transaction as real probes do: the sticky error is cleared, the caller learns of the fault.
    fn fault(&self) -> ArmError {
        // ABORT can't fault; if it did, the fault that is reported already says so.
        _ = self.board.powered().dap_write(DP_ABORT, ABORT_CLEAR_ALL);
        ArmError::Dap(DapError::FaultResponse)
    }

    /// What a probe hears on wires that end nowhere.
    fn listen(&self) -> Result<(), ArmError> {
        match self.board.wiring().debug {
            Wire::Connected => Ok(()),
            Wire::Open => Err(ArmError::Dap(DapError::NoAcknowledge)),
        }
    }

    /// Drives NRST, where it is wired.
    fn drive_reset(&self, low: bool) {
        match self.board.wiring().reset {
            Wire::Connected => self.board.powered().set_nrst(low),
            Wire::Open => {}
        }
    }

    fn unsupported<T>(command_name: &'static str) -> Result<T, DebugProbeError> {
        Err(DebugProbeError::CommandNotSupportedByProbe { command_name })
    }
}

const fn register_of(address: RegisterAddress) -> DapRegister {
    match address {
        RegisterAddress::DpRegister(register) => DapRegister::Debug(register.address),
        RegisterAddress::ApRegister(low) => DapRegister::Access(low),
    }
}

impl DebugProbe for VirtualProbe {
    fn get_name(&self) -> &str {
        "Virtual board"
    }

    fn speed_khz(&self) -> u32 {
        SPEED_KHZ
    }

    fn set_speed(&mut self, _speed_khz: u32) -> Result<u32, DebugProbeError> {
        Ok(SPEED_KHZ)
    }

    fn attach(&mut self) -> Result<(), DebugProbeError> {
        Ok(())
    }

    fn detach(&mut self) -> Result<(), probe_rs::Error> {
        Ok(())
    }

    fn target_reset(&mut self) -> Result<(), DebugProbeError> {
        self.target_reset_assert()?;
        self.target_reset_deassert()
    }

    fn target_reset_assert(&mut self) -> Result<(), DebugProbeError> {
        self.drive_reset(true);
        Ok(())
    }

    fn target_reset_deassert(&mut self) -> Result<(), DebugProbeError> {
        self.drive_reset(false);
        Ok(())
    }

    fn select_protocol(&mut self, protocol: WireProtocol) -> Result<(), DebugProbeError> {
        match protocol {
            WireProtocol::Swd => Ok(()),
            other @ WireProtocol::Jtag => Err(DebugProbeError::UnsupportedProtocol(other)),
        }
    }

    fn active_protocol(&self) -> Option<WireProtocol> {
        Some(WireProtocol::Swd)
    }

    fn has_arm_interface(&self) -> bool {
        true
    }

    fn try_get_arm_debug_interface<'probe>(
        self: Box<Self>,
        sequence: Arc<dyn ArmDebugSequence>,
    ) -> Result<Box<dyn ArmDebugInterface + 'probe>, (Box<dyn DebugProbe>, ArmError)> {
        Ok(ArmCommunicationInterface::create(self, sequence, false))
    }

    fn into_probe(self: Box<Self>) -> Box<dyn DebugProbe> {
        self
    }

    fn try_as_dap_probe(&mut self) -> Option<&mut dyn DapProbe> {
        Some(self)
    }

    fn get_target_voltage(&mut self) -> Result<Option<f32>, DebugProbeError> {
        Ok(Some(self.board.wiring().volts))
    }
}

impl DapProbe for VirtualProbe {}

impl RawDapAccess for VirtualProbe {
    fn raw_read_register(&mut self, address: RegisterAddress) -> Result<u32, ArmError> {
        self.listen()?;
        self.board.powered().dap_read(register_of(address)).map_err(|_| self.fault())
    }

    fn raw_read_block(&mut self, address: RegisterAddress, values: &mut [u32]) -> Result<(), ArmError> {
        self.listen()?;
        self.board.powered().dap_read_block(register_of(address), values).map_err(|_| self.fault())
    }

    fn raw_write_register(&mut self, address: RegisterAddress, value: u32) -> Result<(), ArmError> {
        self.listen()?;
        self.board.powered().dap_write(register_of(address), value).map_err(|_| self.fault())
    }

    fn raw_write_block(&mut self, address: RegisterAddress, values: &[u32]) -> Result<(), ArmError> {
        self.listen()?;
        self.board.powered().dap_write_block(register_of(address), values).map_err(|_| self.fault())
    }

    fn jtag_sequence(&mut self, _cycles: u8, _tms: bool, _tdi: u64) -> Result<(), DebugProbeError> {
        Self::unsupported("jtag_sequence")
    }

    fn swj_sequence(&mut self, bit_len: u8, bits: u64) -> Result<(), DebugProbeError> {
        // Fifty ones or more reset the line; everything else on the wire has no meaning for one board alone.
        if bit_len >= 50 && bits.count_ones() >= 50 {
            self.board.powered().dap_line_reset();
        }
        Ok(())
    }

    fn swj_pins(&mut self, pin_out: u32, pin_select: u32, _pin_wait: u32) -> Result<u32, DebugProbeError> {
        if pin_select & PIN_NRESET != 0 {
            self.drive_reset(pin_out & PIN_NRESET == 0);
        }
        Ok(if self.board.powered().nrst() { 0 } else { PIN_NRESET })
    }

    fn into_probe(self: Box<Self>) -> Box<dyn DebugProbe> {
        self
    }

    fn core_status_notification(&mut self, _state: CoreStatus) -> Result<(), DebugProbeError> {
        Ok(())
    }
}

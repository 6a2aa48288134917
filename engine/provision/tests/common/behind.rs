//! What a person does to a board behind the studio's back: the ROM's calls made by hand through probe-rs, nothing
//! proved, nothing asked.

use std::time::{Duration, Instant};

use chip::memory_map::AXI_SRAM3;
use chip::rsslib;
use formats::ObkFile;
use probe_rs::probe::list::Lister;
use probe_rs::{MemoryInterface, Permissions, RegisterId};
use provision::{Link, ProvisioningChecksum, SiliconOptions, VirtualBoard};

/// Where a call returns to.
const RETURN: u32 = AXI_SRAM3.start + AXI_SRAM3.size - 16;
/// Its stack.
const STACK: u32 = 0x2001_0000;

/// SetProductState. What the chip refuses comes back.
pub fn set_product_state(board: &VirtualBoard, code: u32) -> Option<u32> {
    call(board, rsslib::SET_PRODUCT_STATE, &[code], &[])
}

/// DataProvisioning, whatever the object is.
pub fn store(board: &VirtualBoard, object: &ObkFile) -> Option<u32> {
    let source = AXI_SRAM3.start;
    let size = u32::try_from(object.body.len()).unwrap();
    let structure = [source, object.destination.0, size, object.encryption.word()];
    let checksum = ProvisioningChecksum::Stm32DataFirst.compute(&object.body, structure);
    let mut bytes = object.body.to_vec();
    bytes.extend(structure.into_iter().chain([checksum]).flat_map(u32::to_le_bytes));
    call(board, rsslib::DATA_PROVISIONING, &[source + size], &bytes)
}

/// A call into the ROM's library on the halted core: `None` when it ended in a reset, as it does when it was taken.
fn call(board: &VirtualBoard, slot: u32, arguments: &[u32], buffer: &[u8]) -> Option<u32> {
    // A link makes the virtual probe known.
    Link::to_virtual_board(board, &SiliconOptions::default()).core_in_reach().unwrap();
    let serial = board.path().display().to_string();
    let probes = Lister::new().list_all();
    let probe = probes.iter().find(|probe| probe.serial_number.as_deref() == Some(&serial)).unwrap();
    let mut session = probe.open().unwrap().attach("STM32H7S7L8", Permissions::new()).unwrap();
    let mut core = session.core(0).unwrap();
    core.reset_and_halt(Duration::from_millis(500)).unwrap();
    core.write(u64::from(AXI_SRAM3.start), buffer).unwrap();
    let function = core.read_word_32(u64::from(slot)).unwrap();
    for (register, value) in (0u16..).zip(arguments) {
        core.write_core_reg(RegisterId(register), *value).unwrap();
    }
    core.write_core_reg(RegisterId(13), STACK).unwrap();
    core.write_core_reg(RegisterId(14), RETURN | 1).unwrap();
    core.write_core_reg(RegisterId(15), function & !1).unwrap();
    core.write_core_reg(RegisterId(16), 1u32 << 24).unwrap();
    core.set_hw_breakpoint(u64::from(RETURN)).unwrap();
    core.run().unwrap();
    // The virtual board jumps over every wait: what hasn't come back by now never does.
    let began = Instant::now();
    let mut returned = None;
    while began.elapsed() < Duration::from_millis(300) && returned.is_none() {
        if core.core_halted().unwrap_or(false) {
            returned = core.read_core_reg::<u32>(RegisterId(0)).ok();
        }
    }
    drop(core);
    drop(session);
    board.power_cycle().unwrap();
    returned
}

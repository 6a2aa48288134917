//! The option bytes, field by field, in words. Codes and positions come from `chip`; only the words are here.

use chip::option_bytes::{
    DebugAuthentication, IROT_SELECT_SHIFT, IROT_SELECT_ST, NVSTATE_CLOSE, NVSTATE_OPEN, OEM_NOT_PROVISIONED,
    OEM_PROVISIONED, WRP_NONE, obw1, obw2,
};
use provision::OptionBytes;

use crate::model::OptionLine;

/// Every field that the sources name.
pub(crate) fn lines(bytes: &OptionBytes) -> Vec<OptionLine> {
    let mut lines = Vec::new();
    let mut line = |register, field: &str, value: String, meaning: String| {
        lines.push(OptionLine { register, field: field.to_owned(), value, meaning });
    };
    let byte = |value: u32| format!("0x{:02X}", value & 0xFF);

    let nvstate = (bytes.nvsr & 0xFF) as u8;
    let life = match nvstate {
        NVSTATE_OPEN => "open chip",
        NVSTATE_CLOSE => "closed chip; ROTSR tells which state",
        _ => "no source lists this code; taken as the most closed state",
    };
    line("NVSR", "NVSTATE", byte(bytes.nvsr), life.to_owned());

    let provisioned = match (bytes.rotsr & 0xFF) as u8 {
        OEM_PROVISIONED => "provisioned",
        OEM_NOT_PROVISIONED => "not provisioned",
        _ => "not provisioned (another code than the delivered one)",
    };
    line("ROTSR", "OEM_PROVD", byte(bytes.rotsr), provisioned.to_owned());
    let method = match DebugAuthentication::from_code((bytes.rotsr >> 8) as u8) {
        Some(DebugAuthentication::Certificate) => "debug authentication by certificate",
        Some(DebugAuthentication::Password) => "debug authentication by password",
        Some(DebugAuthentication::Locked) => "no debug authentication, ever",
        Some(DebugAuthentication::None) => "no debug authentication stored yet",
        None => "no source lists this code; taken as locked",
    };
    line("ROTSR", "DBG_AUTH", byte(bytes.rotsr >> 8), method.to_owned());
    let root = if bytes.irot_select() == IROT_SELECT_ST { "ST's root of trust starts" } else { "user flash starts" };
    line("ROTSR", "IROT_SELECT", byte(bytes.rotsr >> IROT_SELECT_SHIFT), root.to_owned());

    line(
        "OTPLSR",
        "OTPL",
        format!("0x{:08X}", bytes.otplsr),
        counted(bytes.otplsr.count_ones(), "OTP block", "locked"),
    );
    let protected = !bytes.wrpsr & WRP_NONE;
    line("WRPSR", "WRP", byte(bytes.wrpsr), sectors(protected));
    let (start, end) = (bytes.hdpsr & 0xFFFF, bytes.hdpsr >> 16);
    let hidden = if start > end {
        "no hidden area".to_owned()
    } else {
        format!("hidden area in units of 256 bytes: {start} to {end}")
    };
    line("HDPSR", "HDP", format!("0x{:08X}", bytes.hdpsr), hidden);
    line("EPOCHSR", "EPOCH", bytes.epochsr.to_string(), "counts regressions; enters key derivation".to_owned());

    let flag = |word: u32, mask: u32| u8::from(word & mask != 0).to_string();
    let choose = |set: bool, yes: &str, no: &str| if set { yes.to_owned() } else { no.to_owned() };
    for (name, mask) in
        [("XSPI1_HSLV", obw1::XSPI1_HSLV), ("XSPI2_HSLV", obw1::XSPI2_HSLV), ("VDDIO_HSLV", obw1::VDDIO_HSLV)]
    {
        let set = bytes.obw1sr & mask != 0;
        let meaning =
            choose(set, "fast pads at low voltage: for a 1.8 V supply only", "right for 3.3 V; slow at 1.8 V");
        line("OBW1SR", name, flag(bytes.obw1sr, mask), meaning);
    }
    let software = bytes.obw1sr & obw1::IWDG_HW != 0;
    let watchdog = choose(software, "independent watchdog started by software", "independent watchdog runs from reset");
    line("OBW1SR", "IWDG_HW", flag(bytes.obw1sr, obw1::IWDG_HW), watchdog);

    let itcm = bytes.obw2sr & obw2::ITCM_AXI_SHARE_MASK;
    line("OBW2SR", "ITCM_AXI_SHARE", itcm.to_string(), share("ITCM", itcm));
    let dtcm = (bytes.obw2sr & obw2::DTCM_AXI_SHARE_MASK) >> obw2::DTCM_AXI_SHARE_SHIFT;
    line("OBW2SR", "DTCM_AXI_SHARE", dtcm.to_string(), share("DTCM", dtcm));
    let ecc = bytes.obw2sr & obw2::ECC_ON_SRAM != 0;
    let meaning = choose(ecc, "AXI SRAM with error correction, kept in SRAM4", "AXI SRAM without error correction");
    line("OBW2SR", "ECC_ON_SRAM", flag(bytes.obw2sr, obw2::ECC_ON_SRAM), meaning);
    lines
}

fn share(name: &str, code: u32) -> String {
    match code {
        0 | 3 => format!("64 KiB {name}"),
        1 => format!("128 KiB {name}"),
        2 => format!("192 KiB {name}"),
        _ => format!("{name} share: no source lists this code"),
    }
}

fn counted(count: u32, what: &str, state: &str) -> String {
    match count {
        0 => format!("no {what} {state}"),
        1 => format!("1 {what} {state}"),
        count => format!("{count} {what}s {state}"),
    }
}

/// The sectors of a mask, bit n for sector n.
fn sectors(mask: u32) -> String {
    let list: Vec<String> =
        (0..8).filter(|sector| mask & (1 << sector) != 0).map(|sector: u32| sector.to_string()).collect();
    if list.is_empty() { "no sector protected".to_owned() } else { format!("sectors protected: {}", list.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chip::option_bytes::HDP_DISABLED;

    fn open() -> OptionBytes {
        OptionBytes {
            nvsr: u32::from(NVSTATE_OPEN),
            rotsr: 0x6A00_FF6A,
            otplsr: 0,
            wrpsr: WRP_NONE,
            hdpsr: HDP_DISABLED,
            epochsr: 0,
            obw1sr: obw1::IWDG_HW,
            obw2sr: 0,
        }
    }

    fn meaning(bytes: &OptionBytes, field: &str) -> String {
        lines(bytes).into_iter().find(|line| line.field == field).expect("the field is listed").meaning
    }

    #[test]
    fn a_blank_chip_reads_as_open_and_unprotected() {
        let bytes = open();
        assert_eq!(meaning(&bytes, "NVSTATE"), "open chip");
        assert_eq!(meaning(&bytes, "WRP"), "no sector protected");
        assert_eq!(meaning(&bytes, "HDP"), "no hidden area");
        assert_eq!(meaning(&bytes, "DBG_AUTH"), "no debug authentication stored yet");
    }

    #[test]
    fn a_provisioned_chip_names_its_method_root_of_trust_and_sectors() {
        let bytes = OptionBytes { rotsr: 0xB400_51B4, wrpsr: 0xF8, nvsr: u32::from(NVSTATE_CLOSE), ..open() };
        assert!(meaning(&bytes, "DBG_AUTH").contains("certificate"));
        assert!(meaning(&bytes, "IROT_SELECT").contains("ST's"));
        assert_eq!(meaning(&bytes, "WRP"), "sectors protected: 0, 1, 2");
    }
}

//! What `debug` prints: a discovery as a table or as JSON, the registers of a halted core.

use chip::mailbox::tag;
use provision::{CoreView, DebugLevel, Discovery, NamedRegister};
use serde_json::{Value, json};

use super::super::say;

/// Bytes as the studio shows identifiers.
pub(super) fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A discovery in a sentence.
pub(super) fn sentence(discovery: &Discovery) -> String {
    let state = discovery.product_state().map_or("a state that isn't known", chip::ProductState::name);
    format!("the board answers and is in {state}")
}

/// A discovery for people, one fact a line.
pub(super) fn table(discovery: &Discovery) {
    for (name, value) in facts(discovery) {
        say(format!("{name:<18} {value}"));
    }
}

fn facts(discovery: &Discovery) -> Vec<(String, String)> {
    let unsaid = || "not told".to_owned();
    let state = match (discovery.product_state(), discovery.lifecycle()) {
        (Some(state), Some(code)) => format!("{} (life cycle {code:#04x})", state.name()),
        (None, Some(code)) => format!("life cycle {code:#x}, which isn't known"),
        _ => unsaid(),
    };
    let device = discovery.device.map(|device| {
        let known = if device & 0xFFF == provision::DEVICE_ID { "STM32H7R/S" } else { "another chip" };
        format!("{known}, {:#05x} revision {:#06x}", device & 0xFFF, device >> 16)
    });
    let permits = discovery
        .permissions()
        .map(|mask| if mask.is_empty() { "nothing: no credential leads in".to_owned() } else { mask.to_string() });
    let integrity = discovery.integrity().map(|intact| {
        if intact { "what was provisioned is intact" } else { "nothing provisioned, or not intact" }.to_owned()
    });
    let list = |tag| discovery.number(tag).map(|code| format!("{code:#x}"));
    let mut facts = vec![
        ("state", Some(state)),
        ("uid", discovery.uid().map(hex)),
        ("soc id", discovery.soc_id().map(hex)),
        ("soc class", discovery.soc_class().map(|class| format!("{class:#x}"))),
        ("chip", device),
        ("target", list(tag::TARGET_ID)),
        ("vendor", list(tag::VENDOR_ID)),
        ("a credential may", permits),
        ("in force", discovery.effective_permissions().map(|mask| mask.to_string())),
        ("integrity", integrity),
        ("protocol", discovery.value(tag::PROTOCOL_VERSION).map(dotted)),
        ("debug agent", discovery.value(tag::SDA_VERSION).map(dotted)),
        ("token format", list(tag::TOKEN_FORMATS)),
        ("certificates", list(tag::CERTIFICATE_FORMATS)),
        ("cryptosystem", list(tag::CRYPTOSYSTEMS)),
        ("mailbox", Some(format!("at {:#010x}, answered {:#010x}", discovery.mailbox_base, discovery.answer))),
        ("reached", Some(discovery.connecting.to_string())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.unwrap_or_else(unsaid)))
    .collect::<Vec<_>>();
    for level in DebugLevel::ALL {
        let status = discovery.hdpl_status(level).map_or_else(unsaid, |status| match status {
            u32::MAX => "says nothing".into(),
            status => format!("{status:#010x}"),
        });
        facts.push((format!("hdpl {}", level.number()), status));
    }
    facts
}

/// A version as its bytes stand.
fn dotted(bytes: &[u8]) -> String {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(".")
}

/// A discovery as JSON: what is understood by name, and every value as it came.
pub(super) fn json(discovery: &Discovery) -> Value {
    let values = discovery
        .values
        .iter()
        .map(|value| json!({ "type": format!("{:#06x}", value.tag), "value": hex(&value.value) }));
    let mask = |mask: Option<formats::Permissions>| {
        mask.map(|mask| {
            json!({ "mask": mask.hex(), "permissions": mask.iter().map(|one| one.to_string()).collect::<Vec<_>>() })
        })
    };
    json!({
        "product_state": discovery.product_state().map(chip::ProductState::name),
        "lifecycle": discovery.lifecycle(),
        "uid": discovery.uid().map(hex),
        "soc_id": discovery.soc_id().map(hex),
        "soc_class": discovery.soc_class(),
        "device": discovery.device,
        "permitted": mask(discovery.permissions()),
        "in_force": mask(discovery.effective_permissions()),
        "integrity": discovery.integrity(),
        "hdpl": DebugLevel::ALL.map(|level| discovery.hdpl_status(level)),
        "mailbox": format!("{:#010x}", discovery.mailbox_base),
        "connecting": discovery.connecting.to_string(),
        "values": values.collect::<Vec<_>>(),
    })
}

/// The registers of a halted core, four in a line.
pub(super) fn core(core: &CoreView) {
    let level = core.hdpl.map_or_else(|| "not known".to_owned(), |level| level.to_string());
    say(format!("hdpl {level}"));
    for line in core.registers.chunks(4) {
        let line = line.iter().map(|NamedRegister { name, value }| format!("{name:>4} {value:08x}"));
        say(line.collect::<Vec<_>>().join("  "));
    }
}

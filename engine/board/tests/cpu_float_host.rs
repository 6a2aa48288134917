//! Floating-point arithmetic of the core against the host's own, which rounds to nearest and shows no flags: random
//! values with every format's edges among them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod cpu_rig;
mod float_rig;
use float_rig::*;

#[path = "differential/generator.rs"]
#[allow(dead_code)]
mod generator;
use generator::Random;

/// Whether a result is the host's: NaNs only need to be NaNs.
fn same(ours: u32, host: f32) -> bool {
    ours == host.to_bits() || f32::from_bits(ours).is_nan() && host.is_nan()
}

fn same_double(ours: u64, host: f64) -> bool {
    ours == host.to_bits() || f64::from_bits(ours).is_nan() && host.is_nan()
}

#[test]
fn random_singles_give_what_the_host_gives() {
    let (mut unit, mut random) = (Unit::new(), Random::new(5));
    for _ in 0..2000 {
        let registers = random.float_registers();
        let operands = [registers[11], registers[13], registers[15]];
        let [d, n, m] = operands.map(f32::from_bits);
        for (code, host) in [
            (VADD, n + m),
            (VSUB, n - m),
            (VMUL, n * m),
            (VDIV, n / m),
            (VSQRT, m.sqrt()),
            (VFMA, n.mul_add(m, d)),
            (VMLA, d + n * m),
            (VRINTZ, m.trunc()),
            (rounding(VRINTA, 0), m.round()),
            (rounding(VRINTA, 1), m.round_ties_even()),
            (rounding(VRINTA, 2), m.ceil()),
            (rounding(VRINTA, 3), m.floor()),
            (VCVT_OF_SIGNED, m.to_bits() as i32 as f32),
        ] {
            let (ours, _) = unit.single(code, 0, operands);
            assert!(same(ours, host), "{code:x?} of {operands:x?}: {ours:x}, host {:x}", host.to_bits());
        }
        assert_eq!(unit.single(VCVT_TO_SIGNED, 0, operands).0, m as i32 as u32);
        assert_eq!(unit.single(VCVT_TO_UNSIGNED, 0, operands).0, m as u32);
        unit.single(VCVT_BETWEEN, 0, operands);
        assert!(same_double(unit.pair(0), f64::from(m)));
    }
}

#[test]
fn random_doubles_give_what_the_host_gives() {
    let (mut unit, mut random) = (Unit::new(), Random::new(6));
    for _ in 0..2000 {
        let registers = random.float_registers();
        let wide = |at: usize| u64::from(registers[at]) | u64::from(registers[at + 1]) << 32;
        let operands = [wide(0), wide(2), wide(4)];
        let [d, n, m] = operands.map(f64::from_bits);
        for (code, host) in [
            (VADD, n + m),
            (VSUB, n - m),
            (VMUL, n * m),
            (VDIV, n / m),
            (VSQRT, m.sqrt()),
            (VFMA, n.mul_add(m, d)),
            (VMLA, d + n * m),
            (rounding(VRINTA, 1), m.round_ties_even()),
        ] {
            let (ours, _) = unit.double(code, 0, operands);
            assert!(same_double(ours, host), "{code:x?} of {operands:x?}: {ours:x}, host {:x}", host.to_bits());
        }
        unit.double(VCVT_TO_SIGNED, 0, operands);
        assert_eq!(unit.get(0), m as i32 as u32);
        unit.double(VCVT_BETWEEN, 0, operands);
        assert!(same(unit.get(0), m as f32));
    }
}

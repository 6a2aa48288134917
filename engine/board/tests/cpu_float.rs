//! Floating-point arithmetic of the core, as machine code meets it: named cases with known answers. Values are written
//! as bits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

use board::CoreRegister;

mod cpu_rig;
mod float_rig;
use cpu_rig::*;
use float_rig::*;

#[test]
fn a_sum_halfway_between_two_numbers_goes_where_the_mode_says() {
    let mut unit = Unit::new();
    // 1 + 2^-24: halfway to the next single.
    let tie = [0, ONE, 0x3380_0000];
    assert_eq!(unit.single(VADD, 0, tie), (ONE, IXC));
    assert_eq!(unit.single(VADD, UP, tie), (ONE + 1, IXC));
    assert_eq!(unit.single(VADD, DOWN, tie), (ONE, IXC));
    assert_eq!(unit.single(VADD, TO_ZERO, tie), (ONE, IXC));
    // The next one up is odd: its tie goes to the even neighbour above.
    assert_eq!(unit.single(VADD, 0, [0, ONE + 1, 0x3380_0000]), (ONE + 2, IXC));
    // And below zero up and down change places.
    let below = [0, ONE | MINUS, 0x3380_0000 | MINUS];
    assert_eq!(unit.single(VADD, UP, below), (ONE | MINUS, IXC));
    assert_eq!(unit.single(VADD, DOWN, below), ((ONE + 1) | MINUS, IXC));
    // 1 + 2^-53.
    assert_eq!(unit.double(VADD, 0, [0, ONE_D, 0x3CA0_0000_0000_0000]), (ONE_D, IXC));
    assert_eq!(unit.double(VADD, UP, [0, ONE_D, 0x3CA0_0000_0000_0000]), (ONE_D + 1, IXC));
}

#[test]
fn a_difference_of_zero_is_negative_only_when_rounding_down() {
    let mut unit = Unit::new();
    for mode in [0, UP, TO_ZERO] {
        assert_eq!(unit.single(VSUB, mode, [7, ONE, ONE]), (0, 0));
        assert_eq!(unit.single(VADD, mode, [7, 0, MINUS]), (0, 0));
    }
    assert_eq!(unit.single(VSUB, DOWN, [7, ONE, ONE]), (MINUS, 0));
    assert_eq!(unit.single(VADD, DOWN, [7, 0, MINUS]), (MINUS, 0));
    assert_eq!(unit.single(VADD, 0, [7, MINUS, MINUS]), (MINUS, 0));
    assert_eq!(unit.double(VSUB, DOWN, [7, ONE_D, ONE_D]), (MINUS_D, 0));
}

#[test]
fn overflow_gives_infinity_or_the_largest_number_by_mode_and_sign() {
    let mut unit = Unit::new();
    let above = [0, LARGEST, LARGEST];
    assert_eq!(unit.single(VADD, 0, above), (INFINITY, OFC | IXC));
    assert_eq!(unit.single(VADD, UP, above), (INFINITY, OFC | IXC));
    assert_eq!(unit.single(VADD, DOWN, above), (LARGEST, OFC | IXC));
    assert_eq!(unit.single(VADD, TO_ZERO, above), (LARGEST, OFC | IXC));
    let below = [0, LARGEST | MINUS, LARGEST];
    assert_eq!(unit.single(VMUL, UP, below), (LARGEST | MINUS, OFC | IXC));
    assert_eq!(unit.single(VMUL, DOWN, below), (INFINITY | MINUS, OFC | IXC));
    // Half a unit in the last place above the largest number is the first sum that overflows.
    assert_eq!(unit.single(VADD, 0, [0, LARGEST, 0x7300_0000]), (INFINITY, OFC | IXC));
    assert_eq!(unit.single(VADD, 0, [0, LARGEST, 0x72FF_FFFF]), (LARGEST, IXC));
}

#[test]
fn underflow_is_judged_before_rounding_and_only_when_inexact() {
    let mut unit = Unit::new();
    // (1 − 2^-24) × 2^-126 rounds up to the smallest normal number, and still counts as small.
    assert_eq!(unit.single(VMUL, 0, [0, SMALLEST_NORMAL, 0x3F7F_FFFF]), (SMALLEST_NORMAL, UFC | IXC));
    // An exact denormal raises nothing.
    assert_eq!(unit.single(VMUL, 0, [0, SMALLEST_NORMAL, 0x3F00_0000]), (0x0040_0000, 0));
    assert_eq!(unit.single(VADD, 0, [0, 1, 2]), (3, 0));
    // Half of the smallest denormal is a tie, to even; up, it is the smallest denormal.
    assert_eq!(unit.single(VMUL, 0, [0, 1, 0x3F00_0000]), (0, UFC | IXC));
    assert_eq!(unit.single(VMUL, UP, [0, 1, 0x3F00_0000]), (1, UFC | IXC));
    assert_eq!(unit.double(VMUL, UP, [0, 1, 1]), (1, UFC | IXC));
    assert_eq!(unit.double(VMUL, DOWN, [0, 1, 1 | MINUS_D]), (1 | MINUS_D, UFC | IXC));
}

#[test]
fn flushing_takes_denormal_operands_and_results_as_zero() {
    let mut unit = Unit::new();
    assert_eq!(unit.single(VADD, FLUSH, [0, 1, ONE]), (ONE, IDC));
    assert_eq!(unit.single(VMUL, FLUSH, [0, 0x8000_0001, ONE]), (MINUS, IDC));
    // A small result raises underflow alone, and keeps its sign.
    assert_eq!(unit.single(VMUL, FLUSH, [0, SMALLEST_NORMAL | MINUS, 0x3F00_0000]), (MINUS, UFC));
    // One that would round up to the smallest normal number is flushed too.
    assert_eq!(unit.single(VMUL, FLUSH, [0, SMALLEST_NORMAL, 0x3F7F_FFFF]), (0, UFC));
    assert_eq!(unit.single(VDIV, FLUSH, [0, ONE, 1]), (INFINITY, IDC | DZC));
    assert_eq!(unit.single(VCVT_TO_SIGNED, FLUSH | UP, [9, 0, 1]), (0, IDC));
    assert_eq!(unit.single(VRINTX, FLUSH | UP, [9, 0, 1]), (0, IDC));
    // Signs and moves aren't arithmetic.
    assert_eq!(unit.single(VNEG, FLUSH, [0, 0, 1]), (0x8000_0001, 0));
    // Half precision is never flushed.
    assert_eq!(unit.single(VCVTB_OF_HALF, FLUSH, [0, 0, 1]), (0x3380_0000, 0));
    assert_eq!(unit.single(VCVTB_TO_HALF, FLUSH, [0, 0, 0x3380_0000]), (1, 0));
}

#[test]
fn invalid_operations_give_the_default_nan() {
    let mut unit = Unit::new();
    for (code, n, m) in [
        (VSUB, INFINITY, INFINITY),
        (VADD, INFINITY, INFINITY | MINUS),
        (VMUL, INFINITY, 0),
        (VMUL, MINUS, INFINITY),
        (VDIV, 0, MINUS),
        (VDIV, INFINITY, INFINITY),
        (VSQRT, 0, ONE | MINUS),
        (VSQRT, 0, INFINITY | MINUS),
    ] {
        assert_eq!(unit.single(code, 0, [0, n, m]), (NAN, IOC), "{code:x?} {n:x} {m:x}");
    }
    assert_eq!(unit.double(VSQRT, 0, [0, 0, ONE_D | MINUS_D]), (NAN_D, IOC));
    // A finite number through zero is another matter, and infinity through zero none.
    assert_eq!(unit.single(VDIV, 0, [0, ONE, MINUS]), (INFINITY | MINUS, DZC));
    assert_eq!(unit.single(VDIV, 0, [0, INFINITY, 0]), (INFINITY, 0));
    assert_eq!(unit.double(VDIV, 0, [0, ONE_D, 0]), (INFINITY_D, DZC));
}

#[test]
fn the_first_signalling_nan_is_quieted_and_wins_over_quiet_ones() {
    let mut unit = Unit::new();
    let (first, second) = (0x7FC0_1234, 0xFFC0_5678);
    assert_eq!(unit.single(VADD, 0, [0, first, second]), (first, 0));
    assert_eq!(unit.single(VADD, 0, [0, ONE, second]), (second, 0));
    assert_eq!(unit.single(VADD, 0, [0, first, SIGNALLING]), (SIGNALLING | 0x40_0000, IOC));
    assert_eq!(unit.single(VADD, 0, [0, 0xFF80_0042, SIGNALLING]), (0xFFC0_0042, IOC));
    // A subtraction keeps the sign of the NaN it takes.
    assert_eq!(unit.single(VSUB, 0, [0, ONE, first]), (first, 0));
    for value in [first, second, SIGNALLING] {
        let raised = if value == SIGNALLING { IOC } else { 0 };
        assert_eq!(unit.single(VMUL, DEFAULT_NAN, [0, ONE, value]), (NAN, raised));
        assert_eq!(unit.single(VSQRT, DEFAULT_NAN, [0, 0, value]), (NAN, raised));
    }
    // Negation and absolute value change the sign alone, even of a signalling NaN and with default NaNs.
    assert_eq!(unit.single(VNEG, DEFAULT_NAN, [0, 0, SIGNALLING]), (SIGNALLING | MINUS, 0));
    assert_eq!(unit.single(VABS, DEFAULT_NAN, [0, 0, SIGNALLING | MINUS]), (SIGNALLING, 0));
    // VNMUL negates what VMUL gives, a NaN too.
    assert_eq!(unit.single(VNMUL, 0, [0, ONE, first]), (first | MINUS, 0));
}

#[test]
fn a_fused_product_of_infinity_and_zero_is_invalid_beside_a_quiet_nan() {
    let mut unit = Unit::new();
    assert_eq!(unit.single(VFMA, 0, [0x7FC0_1234, INFINITY, 0]), (NAN, IOC));
    // A signalling addend comes first.
    assert_eq!(unit.single(VFMA, 0, [SIGNALLING, INFINITY, 0]), (SIGNALLING | 0x40_0000, IOC));
    // The addend's NaN is looked at before the factors'.
    assert_eq!(unit.single(VFMA, 0, [0x7FC0_0003, 0x7FC0_0001, 0x7FC0_0002]), (0x7FC0_0003, 0));
    assert_eq!(unit.single(VFMA, 0, [ONE, 0x7FC0_0001, 0x7FC0_0002]), (0x7FC0_0001, 0));
    assert_eq!(unit.single(VFMA, 0, [INFINITY | MINUS, INFINITY, ONE]), (NAN, IOC));
}

#[test]
fn a_chained_product_is_rounded_twice_and_a_fused_one_once() {
    let mut unit = Unit::new();
    // (1 + 2^-23)² − (1 + 2^-22) is 2^-46: lost when the product is rounded first.
    let square = [0xBF80_0002, ONE + 1, ONE + 1];
    assert_eq!(unit.single(VMLA, 0, square), (0, IXC));
    assert_eq!(unit.single(VFMA, 0, square), (0x2880_0000, 0));
    let square = [0xBFF0_0000_0000_0002, ONE_D + 1, ONE_D + 1];
    assert_eq!(unit.double(VMLA, 0, square), (0, IXC));
    assert_eq!(unit.double(VFMA, 0, square), (0x3970_0000_0000_0000, 0));
}

#[test]
fn the_eight_signs_of_multiplying_and_adding_are_told_apart() {
    let mut unit = Unit::new();
    // 10, 2 × 3.
    let operands = [0x4120_0000, 0x4000_0000, 0x4040_0000];
    let (sixteen, four) = (0x4180_0000, 0x4080_0000);
    for (code, result) in [
        (VMLA, sixteen),
        (VMLS, four),
        (VNMLA, sixteen | MINUS),
        (VNMLS, four | MINUS),
        (VFMA, sixteen),
        (VFMS, four),
        (VFNMA, sixteen | MINUS),
        (VFNMS, four | MINUS),
    ] {
        assert_eq!(unit.single(code, 0, operands), (result, 0), "{code:x?}");
    }
}

#[test]
fn roots_are_exact_or_rounded_by_the_mode() {
    let mut unit = Unit::new();
    assert_eq!(unit.single(VSQRT, 0, [0, 0, 0x4110_0000]), (0x4040_0000, 0));
    assert_eq!(unit.single(VSQRT, 0, [0, 0, MINUS]), (MINUS, 0));
    assert_eq!(unit.single(VSQRT, 0, [0, 0, INFINITY]), (INFINITY, 0));
    // √2, between 0x3FB504F3 and 0x3FB504F4.
    assert_eq!(unit.single(VSQRT, 0, [0, 0, 0x4000_0000]), (0x3FB5_04F3, IXC));
    assert_eq!(unit.single(VSQRT, UP, [0, 0, 0x4000_0000]), (0x3FB5_04F4, IXC));
    // The smallest denormal, 2^-149, has an odd exponent; 2^-1074 an even one.
    assert_eq!(unit.single(VSQRT, 0, [0, 0, 1]), (0x1A35_04F3, IXC));
    assert_eq!(unit.double(VSQRT, 0, [0, 0, 1]), (0x1E60_0000_0000_0000, 0));
    assert_eq!(unit.double(VSQRT, DOWN, [0, 0, 0x4000_0000_0000_0000]), (0x3FF6_A09E_667F_3BCC, IXC));
}

#[test]
fn a_comparison_sets_the_flags_and_minds_quiet_nans_only_when_asked() {
    let mut unit = Unit::new();
    let (less, equal, greater, unordered) = (8, 6, 2, 3);
    assert_eq!(unit.compare(VCMP, 0, ONE, 0x4000_0000), (less, 0));
    assert_eq!(unit.compare(VCMP, 0, 0, MINUS), (equal, 0));
    assert_eq!(unit.compare(VCMP, 0, 0xBF80_0000, 0xC000_0000), (greater, 0));
    assert_eq!(unit.compare(VCMP, 0, INFINITY, LARGEST), (greater, 0));
    assert_eq!(unit.compare(VCMP, 0, NAN, ONE), (unordered, 0));
    assert_eq!(unit.compare(VCMPE, 0, ONE, NAN), (unordered, IOC));
    assert_eq!(unit.compare(VCMP, 0, SIGNALLING, ONE), (unordered, IOC));
    assert_eq!(unit.compare(VCMP_ZERO, 0, 1, 0), (greater, 0));
    assert_eq!(unit.compare(VCMP_ZERO, FLUSH, 1, 0), (equal, IDC));
}

#[test]
fn the_larger_and_smaller_number_win_over_a_quiet_nan() {
    let mut unit = Unit::new();
    assert_eq!(unit.single(VMAXNM, 0, [0, NAN, ONE]), (ONE, 0));
    assert_eq!(unit.single(VMINNM, 0, [0, ONE, NAN]), (ONE, 0));
    assert_eq!(unit.single(VMAXNM, 0, [0, NAN | 5, NAN | 6]), (NAN | 5, 0));
    assert_eq!(unit.single(VMINNM, 0, [0, NAN, SIGNALLING]), (SIGNALLING | 0x40_0000, IOC));
    assert_eq!(unit.single(VMAXNM, 0, [0, MINUS, 0]), (0, 0));
    assert_eq!(unit.single(VMINNM, 0, [0, 0, MINUS]), (MINUS, 0));
    assert_eq!(unit.single(VMAXNM, 0, [0, 0xC000_0000, 0xBF80_0000]), (0xBF80_0000, 0));
}

#[test]
fn selection_follows_the_four_conditions() {
    let mut unit = Unit::new();
    // VSEL EQ, VS, GE, GT under Z, V, N alone and no flag.
    for (flags, taken) in [
        (0x4000_0000, [true, false, true, false]),
        (0x1000_0000, [false, true, false, false]),
        (0x8000_0000, [false, false, false, false]),
        (0, [false, false, true, true]),
    ] {
        for (condition, is_taken) in taken.into_iter().enumerate() {
            unit.rig.board.set_register(CoreRegister::Xpsr, flags | 1 << 24);
            let code = [0xFE01 | (condition as u16) << 4, 0x0A02];
            let expected = if is_taken { 1 } else { 2 };
            assert_eq!(unit.single(code, 0, [0, 1, 2]), (expected, 0), "{condition} {flags:x}");
        }
    }
}

#[test]
fn integers_saturate_and_say_so() {
    let mut unit = Unit::new();
    // 2^31, −2^31, −1, a NaN, 1e30.
    assert_eq!(unit.single(VCVT_TO_SIGNED, 0, [0, 0, 0x4F00_0000]), (0x7FFF_FFFF, IOC));
    assert_eq!(unit.single(VCVT_TO_SIGNED, 0, [0, 0, 0xCF00_0000]), (0x8000_0000, 0));
    assert_eq!(unit.single(VCVT_TO_UNSIGNED, 0, [0, 0, 0x4F00_0000]), (0x8000_0000, 0));
    assert_eq!(unit.single(VCVT_TO_UNSIGNED, 0, [9, 0, 0xBF80_0000]), (0, IOC));
    assert_eq!(unit.single(VCVT_TO_SIGNED, 0, [9, 0, NAN | MINUS]), (0, IOC));
    assert_eq!(unit.single(VCVT_TO_SIGNED, 0, [9, 0, 0xF149_F2CA]), (0x8000_0000, IOC));
    assert_eq!(unit.single(VCVT_TO_UNSIGNED, 0, [9, 0, INFINITY]), (u32::MAX, IOC));
    // −0.5 is 0 towards zero; −0.5 to the nearest too; −0.75 down is out of an unsigned number's reach.
    assert_eq!(unit.single(VCVT_TO_UNSIGNED, 0, [9, 0, 0xBF00_0000]), (0, IXC));
    assert_eq!(unit.single(rounding([0xFEBC, 0x0A42], 3), 0, [9, 0, 0xBF40_0000]), (0, IOC));
    // 2147483647.5 fits a double and saturates when it rounds up.
    unit.double(VCVTR_TO_SIGNED, UP, [0, 0, 0x41DF_FFFF_FFE0_0000]);
    assert_eq!((unit.get(0), unit.flags()), (0x7FFF_FFFF, IOC));
    unit.double(VCVTR_TO_SIGNED, DOWN, [0, 0, 0x41DF_FFFF_FFE0_0000]);
    assert_eq!((unit.get(0), unit.flags()), (0x7FFF_FFFF, IXC));
}

#[test]
fn two_and_a_half_becomes_what_each_rounding_makes_of_it() {
    let mut unit = Unit::new();
    let (tie, two, three) = (0x4020_0000, 0x4000_0000, 0x4040_0000);
    for (mode, whole, bits) in [(0, 3, three), (1, 2, two), (2, 3, three), (3, 2, two)] {
        assert_eq!(unit.single(rounding(VCVTA, mode), 0, [0, 0, tie]), (whole, IXC));
        // Rounding in floating point leaves the flag alone.
        assert_eq!(unit.single(rounding(VRINTA, mode), 0, [0, 0, tie]), (bits, 0));
        let below = if matches!(mode, 0 | 3) { three } else { two };
        assert_eq!(unit.single(rounding(VRINTA, mode), 0, [0, 0, tie | MINUS]), (below | MINUS, 0));
    }
    for (mode, bits) in [(0, two), (UP, three), (DOWN, two), (TO_ZERO, two)] {
        assert_eq!(unit.single(VRINTR, mode, [0, 0, tie]), (bits, 0));
        assert_eq!(unit.single(VRINTX, mode, [0, 0, tie]), (bits, IXC));
        assert_eq!(unit.single(VRINTZ, mode, [0, 0, tie]), (two, 0));
        assert_eq!(unit.single(VCVT_TO_SIGNED, mode, [0, 0, tie]), (2, IXC));
        assert_eq!(unit.single(VCVTR_TO_SIGNED, mode, [0, 0, tie]).0, if bits == two { 2 } else { 3 });
    }
    // What rounds to zero keeps its sign; what has no fraction stays.
    assert_eq!(unit.single(VRINTZ, 0, [0, 0, 0xBF00_0000]), (MINUS, 0));
    assert_eq!(unit.single(VRINTX, 0, [0, 0, 0x4B00_0001]), (0x4B00_0001, 0));
    assert_eq!(unit.single(VRINTX, 0, [0, 0, SIGNALLING]), (SIGNALLING | 0x40_0000, IOC));
    assert_eq!(unit.double(VRINTX, UP, [0, 0, 1]), (ONE_D, IXC));
}

#[test]
fn integers_become_numbers_under_the_mode() {
    let mut unit = Unit::new();
    // 2^24 + 1 lies between two singles.
    assert_eq!(unit.single(VCVT_OF_SIGNED, 0, [0, 0, 0x0100_0001]), (0x4B80_0000, IXC));
    assert_eq!(unit.single(VCVT_OF_SIGNED, UP, [0, 0, 0x0100_0001]), (0x4B80_0001, IXC));
    assert_eq!(unit.single(VCVT_OF_SIGNED, 0, [0, 0, u32::MAX]), (0xBF80_0000, 0));
    assert_eq!(unit.single(VCVT_OF_UNSIGNED, 0, [0, 0, u32::MAX]), (0x4F80_0000, IXC));
    assert_eq!(unit.single(VCVT_OF_UNSIGNED, DOWN, [0, 0, 0]), (0, 0));
    unit.set(4, u32::MAX);
    unit.step(double(VCVT_OF_UNSIGNED), 0);
    assert_eq!((unit.pair(0), unit.flags()), (0x41EF_FFFF_FFE0_0000, 0));
}

#[test]
fn fixed_point_numbers_round_to_zero_one_way_and_to_nearest_the_other() {
    let mut unit = Unit::new();
    let to_s16_q8 = [0xEEBE, 0x0A44];
    let of_s16_q8 = [0xEEBA, 0x0A44];
    let to_u32_q32 = [0xEEBF, 0x0AC0];
    let of_u32_q32 = [0xEEBB, 0x0AC0];
    // 1.5 and −1.5 as signed 8.8; the result fills the register.
    assert_eq!(unit.single(to_s16_q8, 0, [0x3FC0_0000, 0, 0]), (0x180, 0));
    assert_eq!(unit.single(to_s16_q8, UP, [0xBFC0_0001, 0, 0]), (0xFFFF_FE80, IXC));
    assert_eq!(unit.single(to_s16_q8, 0, [0x4300_0000, 0, 0]), (0x7FFF, IOC));
    // The upper half of the source doesn't count.
    assert_eq!(unit.single(of_s16_q8, 0, [0x1234_FE80, 0, 0]), (0xBFC0_0000, 0));
    // All fraction: a quarter, and almost one, which rounds to one in every mode.
    assert_eq!(unit.single(to_u32_q32, 0, [0x3E80_0000, 0, 0]), (0x4000_0000, 0));
    for mode in [0, UP, DOWN, TO_ZERO] {
        assert_eq!(unit.single(of_u32_q32, mode, [u32::MAX, 0, 0]), (ONE, IXC));
    }
    // A double takes the sign over all of its 64 bits.
    let (bits, raised) = unit.double(to_s16_q8, 0, [0xBFF8_0000_0000_0000, 0, 0]);
    assert_eq!((bits, raised), (0xFFFF_FFFF_FFFF_FE80, 0));
}

#[test]
fn half_precision_has_infinities_or_a_larger_range() {
    let mut unit = Unit::new();
    // 65504 is the largest half; 65520 the first that overflows.
    assert_eq!(unit.single(VCVTB_TO_HALF, 0, [0, 0, 0x477F_E000]), (0x7BFF, 0));
    assert_eq!(unit.single(VCVTB_TO_HALF, 0, [0, 0, 0x477F_F000]), (0x7C00, OFC | IXC));
    assert_eq!(unit.single(VCVTB_TO_HALF, TO_ZERO, [0, 0, 0x477F_F000]), (0x7BFF, IXC));
    assert_eq!(unit.single(VCVTB_TO_HALF, TO_ZERO, [0, 0, 0x4780_0000]), (0x7BFF, OFC | IXC));
    assert_eq!(unit.single(VCVTB_TO_HALF, ALTERNATIVE, [0, 0, 0x4780_0000]), (0x7C00, 0));
    // 131008 is the largest of the alternative format, which has neither infinities nor NaNs.
    assert_eq!(unit.single(VCVTB_TO_HALF, ALTERNATIVE, [0, 0, 0x47FF_E000]), (0x7FFF, 0));
    assert_eq!(unit.single(VCVTB_TO_HALF, ALTERNATIVE, [0, 0, 0xC800_0000]), (0xFFFF, IOC));
    assert_eq!(unit.single(VCVTB_TO_HALF, ALTERNATIVE, [0, 0, INFINITY]), (0x7FFF, IOC));
    assert_eq!(unit.single(VCVTB_TO_HALF, ALTERNATIVE, [0, 0, NAN | MINUS]), (0x8000, IOC));
    assert_eq!(unit.single(VCVTB_OF_HALF, ALTERNATIVE, [0, 0, 0x7FFF]), (0x47FF_E000, 0));
    assert_eq!(unit.single(VCVTB_OF_HALF, 0, [0, 0, 0x7C00]), (INFINITY, 0));
    // NaNs keep the top of their payload; signalling ones turn quiet.
    assert_eq!(unit.single(VCVTB_OF_HALF, 0, [0, 0, 0xFC01]), (0xFFC0_2000, IOC));
    assert_eq!(unit.single(VCVTB_TO_HALF, 0, [0, 0, 0x7FC0_2000]), (0x7E01, 0));
    // The other half of the register stays, and either half can be read.
    assert_eq!(unit.single(VCVTT_TO_HALF, 0, [0x1234_5678, 0, ONE]), (0x3C00_5678, 0));
    assert_eq!(unit.single(VCVTB_TO_HALF, 0, [0x1234_5678, 0, ONE]), (0x1234_3C00, 0));
    assert_eq!(unit.single(VCVTT_OF_HALF, 0, [0, 0, 0x3C00_0000]), (ONE, 0));
    // A double is rounded once on its way: 1 + 2^-11 + 2^-40 isn't a tie.
    unit.double(VCVTB_TO_HALF, 0, [0, 0, 0x3FF0_0200_0000_1000]);
    assert_eq!((unit.get(0), unit.flags()), (0x3C01, IXC));
    unit.set(4, 0x8001);
    unit.step(double(VCVTB_OF_HALF), 0);
    assert_eq!((unit.pair(0), unit.flags()), (0xBE70_0000_0000_0000, 0));
}

#[test]
fn singles_and_doubles_convert_with_rounding_nans_and_flushing() {
    let mut unit = Unit::new();
    unit.double(VCVT_BETWEEN, 0, [0, 0, 0x3FF0_0000_1000_0000]);
    assert_eq!((unit.get(0), unit.flags()), (ONE, IXC));
    unit.double(VCVT_BETWEEN, UP, [0, 0, 0x3FF0_0000_1000_0000]);
    assert_eq!((unit.get(0), unit.flags()), (ONE + 1, IXC));
    unit.double(VCVT_BETWEEN, 0, [0, 0, 0x7FF0_0000_2000_0000]);
    assert_eq!((unit.get(0), unit.flags()), (0x7FC0_0001, IOC));
    // 1e300 overflows, 2^-140 becomes a denormal single, or zero when flushed.
    unit.double(VCVT_BETWEEN, 0, [0, 0, 0x7E37_E43C_8800_759C]);
    assert_eq!((unit.get(0), unit.flags()), (INFINITY, OFC | IXC));
    unit.double(VCVT_BETWEEN, 0, [0, 0, 0x3730_0000_0000_0000]);
    assert_eq!((unit.get(0), unit.flags()), (0x200, 0));
    unit.double(VCVT_BETWEEN, FLUSH, [0, 0, 0x3730_0000_0000_0000]);
    assert_eq!((unit.get(0), unit.flags()), (0, UFC));
    unit.single(VCVT_BETWEEN, 0, [0, 0, 1]);
    assert_eq!((unit.pair(0), unit.flags()), (0x36A0_0000_0000_0000, 0));
    unit.single(VCVT_BETWEEN, FLUSH, [0, 0, 1]);
    assert_eq!((unit.pair(0), unit.flags()), (0, IDC));
    unit.single(VCVT_BETWEEN, DEFAULT_NAN, [0, 0, 0xFFC1_2345]);
    assert_eq!((unit.pair(0), unit.flags()), (NAN_D, 0));
}

#[test]
fn the_cumulative_flags_stay_until_they_are_written() {
    let mut unit = Unit::new();
    assert_eq!(unit.single(VADD, IOC | DZC | IDC, [0, ONE, 0x3380_0000]), (ONE, IOC | DZC | IDC | IXC));
    assert_eq!(unit.single(VADD, 0, [0, ONE, ONE]), (0x4000_0000, 0));
    // Modes and condition flags are left alone.
    let before = 0xF000_0000 | UP | FLUSH | DEFAULT_NAN | ALTERNATIVE;
    unit.single(VADD, before, [0, ONE, 0x3380_0000]);
    assert_eq!(unit.rig.board.register(CoreRegister::Fpscr), before | IXC);
}

#[test]
fn a_unit_that_is_off_refuses_arithmetic() {
    let mut rig = Rig::new(&[VADD[0], VADD[1], SPIN]);
    rig.write(SHCSR, FAULTS_ON);
    rig.run(2);
    assert_eq!(rig.ipsr(), 6);
    assert_eq!(rig.read(CFSR), 1 << 19);
}

#[test]
fn encodings_that_fpv5_leaves_free_are_undefined() {
    for code in [
        // VDIV with op set.
        [0xEE81, 0x0A42],
        // VMOV of a constant with a bit where zero stands.
        [0xEEB0, 0x0A20],
        // VADD of d16 and above, which don't exist.
        [0xEE71, 0x0B02],
        [0xEE31, 0x0B82],
        [0xEE31, 0x0B22],
        // VSEL with bit 6, VMAXNM with bits 20 and 21, VRINTA with bit 7, VCVTA without bit 6.
        [0xFE01, 0x0A42],
        [0xFE91, 0x0A02],
        [0xFEB8, 0x0AC2],
        [0xFEBC, 0x0A02],
        // No operation has this number.
        [0xEEB9, 0x0A42],
        // Register transfers have no second form.
        [0xFE01, 0x0A12],
        [0xFC91, 0x0A02],
    ] {
        let mut rig = Rig::new(&[code[0], code[1], SPIN]);
        rig.write(CPACR, 0xF << 20);
        rig.write(SHCSR, FAULTS_ON);
        rig.run(2);
        assert_eq!((rig.ipsr(), rig.read(CFSR)), (6, 1 << 16), "{code:04x?}");
    }
}

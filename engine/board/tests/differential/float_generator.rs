//! The generator's floating-point half: values at the edges of every format, and every data-processing instruction of
//! FPv5 with loads, stores and moves between.

use super::{Code, Random, long};

/// The cumulative flags and the modes of FPSCR.
const MODES: u32 = 0x07C0_0000;
const FLAGS: u32 = 0xF000_009F;

/// A pattern of a format with the given widths, at its edges more often than not.
fn pattern(random: &mut Random, exponent: u32, fraction: u32) -> u64 {
    let mask = (1u64 << fraction) - 1;
    let highest = (1u64 << exponent) - 1;
    let bias = highest >> 1;
    let any = u64::from(random.next()) << 32 | u64::from(random.next());
    let low = any & mask;
    // Few bits set, few bits clear, or the edge itself.
    let edge = match random.below(6) {
        0 => 0,
        1 => 1,
        2 => mask,
        3 => mask ^ 1 << random.below(fraction),
        4 => 1 << random.below(fraction),
        _ => low & !0 << random.below(fraction),
    };
    let near = |random: &mut Random, reach: u32| {
        (bias + u64::from(random.below(2 * reach + 1))).wrapping_sub(u64::from(reach)) & highest
    };
    let (field, low) = match random.below(16) {
        0 => (0, 0),
        1 => (0, edge),
        2 => (0, low),
        3 => (1, edge),
        4 => (highest, 0),
        5 => (highest, edge),
        6 => (highest, low),
        7 => (highest - 1, edge),
        8 => (near(random, 1), edge),
        // The edges of 16-bit and 32-bit integers.
        9 => ((bias + u64::from(14 + random.below(3))) & highest, edge),
        10 => ((bias + u64::from(30 + random.below(3))) & highest, edge),
        // A whole number and a half.
        11 => {
            let whole = random.below(10);
            ((bias + u64::from(whole)) & highest, (1 << fraction >> (whole + 1)) | low & !(mask >> whole))
        }
        12 => (near(random, fraction + 2), edge),
        13 => (near(random, fraction + 2), low),
        14 => (any >> 52 & highest, edge),
        _ => (any >> 52 & highest, low),
    };
    u64::from(random.flip()) << (exponent + fraction) | field << fraction | low
}

impl Random {
    /// S0 to S31.
    pub fn float_registers(&mut self) -> [u32; 32] {
        let mut registers = [0; 32];
        for pair in registers.chunks_mut(2) {
            match self.below(8) {
                0..=3 => {
                    let double = pattern(self, 11, 52);
                    pair.copy_from_slice(&[double as u32, (double >> 32) as u32]);
                }
                4..=6 => pair.fill_with(|| pattern(self, 8, 23) as u32),
                _ => pair.fill_with(|| (pattern(self, 5, 10) << 16 | pattern(self, 5, 10)) as u32),
            }
            if self.below(16) == 0 {
                pair[0] = self.word();
            }
        }
        registers
    }

    /// FPSCR: any modes; half of the time no flag is set yet.
    pub fn float_status(&mut self) -> u32 {
        let flags = if self.flip() != 0 { FLAGS } else { 0 };
        let modes = if self.below(4) == 0 { 0 } else { MODES };
        self.next() & (flags | modes)
    }

    /// A register as its field and its extra bit: a double's extra bit is 0.
    fn float_register(&mut self, double: u32) -> (u32, u32) {
        let number = self.below(16);
        (number, if double != 0 { 0 } else { self.flip() })
    }

    /// Any floating-point instruction. `core` is a register whose content doesn't matter.
    pub fn float(&mut self, core: u32) -> Code {
        match self.below(16) {
            0..=6 => self.float_three(),
            7..=12 => self.float_other(),
            13 => self.float_unconditional(),
            _ => self.float_move(core),
        }
    }

    /// First and second halfword with all three registers filled in. The widths of Vd and Vm are given.
    fn float_fields(&mut self, first: u32, second: u32, double_d: u32, double_m: u32) -> Code {
        let double = second >> 8 & 1;
        let (d, extra_d) = self.float_register(double_d);
        let (n, extra_n) = self.float_register(double);
        let (m, extra_m) = self.float_register(double_m);
        long(first | extra_d << 6 | n, second | 0xA00 | d << 12 | extra_n << 7 | extra_m << 5 | m)
    }

    fn float_three(&mut self) -> Code {
        let first = [0xEE00, 0xEE10, 0xEE20, 0xEE30, 0xEE80, 0xEE90, 0xEEA0][self.below(7) as usize];
        let op = if first == 0xEE80 { 0 } else { self.flip() };
        let double = self.flip();
        self.float_fields(first, double << 8 | op << 6, double, double)
    }

    /// VSEL, VMAXNM, VMINNM.
    fn float_choice(&mut self) -> Code {
        let double = self.flip();
        let (first, op) = if self.flip() != 0 { (0xFE00 | self.below(4) << 4, 0) } else { (0xFE80, self.flip()) };
        self.float_fields(first, double << 8 | op << 6, double, double)
    }

    fn float_unconditional(&mut self) -> Code {
        if self.flip() != 0 {
            return self.float_choice();
        }
        let double = self.flip();
        let rounding = self.below(4);
        if self.flip() != 0 {
            self.float_two(0xFEB8 | rounding, double << 8 | 0x40, double, double)
        } else {
            let second = double << 8 | self.flip() << 7 | 0x40;
            self.float_two(0xFEBC | rounding, second, 0, double)
        }
    }

    fn float_two(&mut self, first: u32, second: u32, double_d: u32, double_m: u32) -> Code {
        let (d, extra_d) = self.float_register(double_d);
        let (m, extra_m) = self.float_register(double_m);
        long(first | extra_d << 6, second | 0xA00 | d << 12 | extra_m << 5 | m)
    }

    fn float_other(&mut self) -> Code {
        let double = self.flip();
        let op = self.flip();
        let second = double << 8 | op << 7 | 0x40;
        match self.below(16) {
            kind @ (0 | 1 | 6) => self.float_two(0xEEB0 | kind, second, double, double),
            2 => self.float_two(0xEEB2, second, double, 0),
            3 => self.float_two(0xEEB3, second, 0, double),
            4 => self.float_two(0xEEB4, second, double, double),
            5 => {
                let (d, extra) = self.float_register(double);
                long(0xEEB5 | extra << 6, second | 0xA00 | d << 12)
            }
            7 if op == 0 => self.float_two(0xEEB7, second, double, double),
            7 => self.float_two(0xEEB7, second, 1 - double, double),
            8 => self.float_two(0xEEB8, second, double, 0),
            9 => self.float_two(0xEEBC, second, 0, double),
            10 => self.float_two(0xEEBD, second, 0, double),
            // A square root, more often than its share of the encodings.
            11 => self.float_two(0xEEB1, second | 0x80, double, double),
            12 => {
                let (d, extra) = self.float_register(double);
                let constant = self.below(256);
                long(0xEEB0 | extra << 6 | constant >> 4, double << 8 | 0xA00 | d << 12 | constant & 0xF)
            }
            _ => self.float_fixed(double),
        }
    }

    /// 32 bits to single precision stay out: see [`Random::float_of_wide_fixed`].
    fn float_fixed(&mut self, double: u32) -> Code {
        let (d, extra) = self.float_register(double);
        let first = [0xEEBA, 0xEEBB, 0xEEBE, 0xEEBF][self.below(4) as usize];
        let wide = if double == 0 && first < 0xEEBE { 0 } else { self.flip() };
        let missing = self.below(if wide != 0 { 32 } else { 17 });
        let fields = (missing & 1) << 5 | missing >> 1;
        long(first | extra << 6, double << 8 | 0xA40 | d << 12 | wide << 7 | fields)
    }

    /// VCVT of 32 bits fixed to single precision, behind a VMSR that chooses rounding to nearest. Armv7-M rounds this
    /// conversion to nearest in every mode; Unicorn 2.1 (QEMU 5) rounds it in FPSCR's.
    pub fn float_of_wide_fixed(&mut self) -> [Code; 2] {
        let (d, extra) = self.float_register(0);
        let missing = self.below(32);
        let fields = (missing & 1) << 5 | missing >> 1;
        let convert = long(0xEEBA | self.flip() | extra << 6, 0xAC0 | d << 12 | fields);
        // R12 is below 0x400.
        [long(0xEEE1, 0xCA10), convert]
    }

    /// Loads, stores, moves to and from core registers, FPSCR.
    fn float_move(&mut self, core: u32) -> Code {
        let double = self.flip();
        let (d, extra) = self.float_register(double);
        let load = self.flip() << 4;
        let base = [7, 10, 13][self.below(3) as usize];
        match self.below(8) {
            0 | 1 => {
                let offset = self.flip() << 7 | load | base;
                long(0xED00 | offset | extra << 6, d << 12 | 0xA00 | double << 8 | self.below(256))
            }
            // Up to four registers, up or down with write-back.
            2 => {
                let count = (1 + self.below(4)).min(if double != 0 { 16 - d } else { 32 - (d << 1 | extra) });
                let words = if double != 0 { count * 2 } else { count };
                let form = [0xEC80, 0xECA0, 0xED20][self.below(3) as usize];
                long(form | load | extra << 6 | 10, d << 12 | 0xA00 | double << 8 | words)
            }
            3 => long(0xEE00 | load | d, core << 12 | 0xA10 | self.flip() << 7),
            4 => long(0xEE00 | self.flip() << 5 | load | d, core << 12 | 0xB10),
            5 => long(0xEEF1, 0x0A10 | [core, 15][self.flip() as usize] << 12),
            6 if self.flip() != 0 => long(0xEEE1, 0x0A10 | core << 12),
            _ => self.float_two(0xEEB0, double << 8 | 0x40, double, double),
        }
    }
}

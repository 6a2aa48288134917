//! A core that runs one floating-point instruction after another, the instructions, and the values that tests name.
#![allow(dead_code)]

use board::CoreRegister;

use crate::cpu_rig::*;

pub const SPIN: u16 = 0xE7FE;

pub const IOC: u32 = 1;
pub const DZC: u32 = 2;
pub const OFC: u32 = 4;
pub const UFC: u32 = 8;
pub const IXC: u32 = 0x10;
pub const IDC: u32 = 0x80;

pub const UP: u32 = 1 << 22;
pub const DOWN: u32 = 2 << 22;
pub const TO_ZERO: u32 = 3 << 22;
pub const FLUSH: u32 = 1 << 24;
pub const DEFAULT_NAN: u32 = 1 << 25;
pub const ALTERNATIVE: u32 = 1 << 26;

pub const ONE: u32 = 0x3F80_0000;
pub const INFINITY: u32 = 0x7F80_0000;
pub const NAN: u32 = 0x7FC0_0000;
pub const SIGNALLING: u32 = 0x7F80_0001;
pub const LARGEST: u32 = 0x7F7F_FFFF;
pub const SMALLEST_NORMAL: u32 = 0x0080_0000;
pub const MINUS: u32 = 0x8000_0000;

pub const ONE_D: u64 = 0x3FF0_0000_0000_0000;
pub const INFINITY_D: u64 = 0x7FF0_0000_0000_0000;
pub const NAN_D: u64 = 0x7FF8_0000_0000_0000;
pub const MINUS_D: u64 = 1 << 63;

/// Single precision: Vd = s0, Vn = s2, Vm = s4. Double precision: d0, d1, d2, the same single registers.
pub const VMLA: [u16; 2] = [0xEE01, 0x0A02];
pub const VMLS: [u16; 2] = [0xEE01, 0x0A42];
pub const VNMLA: [u16; 2] = [0xEE11, 0x0A42];
pub const VNMLS: [u16; 2] = [0xEE11, 0x0A02];
pub const VMUL: [u16; 2] = [0xEE21, 0x0A02];
pub const VNMUL: [u16; 2] = [0xEE21, 0x0A42];
pub const VADD: [u16; 2] = [0xEE31, 0x0A02];
pub const VSUB: [u16; 2] = [0xEE31, 0x0A42];
pub const VDIV: [u16; 2] = [0xEE81, 0x0A02];
pub const VFMA: [u16; 2] = [0xEEA1, 0x0A02];
pub const VFMS: [u16; 2] = [0xEEA1, 0x0A42];
pub const VFNMA: [u16; 2] = [0xEE91, 0x0A42];
pub const VFNMS: [u16; 2] = [0xEE91, 0x0A02];
pub const VABS: [u16; 2] = [0xEEB0, 0x0AC2];
pub const VNEG: [u16; 2] = [0xEEB1, 0x0A42];
pub const VSQRT: [u16; 2] = [0xEEB1, 0x0AC2];
pub const VCMP: [u16; 2] = [0xEEB4, 0x0A42];
pub const VCMPE: [u16; 2] = [0xEEB4, 0x0AC2];
pub const VCMP_ZERO: [u16; 2] = [0xEEB5, 0x0A40];
pub const VMAXNM: [u16; 2] = [0xFE81, 0x0A02];
pub const VMINNM: [u16; 2] = [0xFE81, 0x0A42];
/// Vd and Vm differ in width; this takes the width of Vm.
pub const VCVT_BETWEEN: [u16; 2] = [0xEEB7, 0x0AC2];
pub const VCVT_OF_SIGNED: [u16; 2] = [0xEEB8, 0x0AC2];
pub const VCVT_OF_UNSIGNED: [u16; 2] = [0xEEB8, 0x0A42];
pub const VCVT_TO_SIGNED: [u16; 2] = [0xEEBD, 0x0AC2];
pub const VCVT_TO_UNSIGNED: [u16; 2] = [0xEEBC, 0x0AC2];
pub const VCVTR_TO_SIGNED: [u16; 2] = [0xEEBD, 0x0A42];
pub const VCVTB_OF_HALF: [u16; 2] = [0xEEB2, 0x0A42];
pub const VCVTT_OF_HALF: [u16; 2] = [0xEEB2, 0x0AC2];
pub const VCVTB_TO_HALF: [u16; 2] = [0xEEB3, 0x0A42];
pub const VCVTT_TO_HALF: [u16; 2] = [0xEEB3, 0x0AC2];
/// Ties away, ties to even, up, down: the last two bits of the first halfword.
pub const VRINTA: [u16; 2] = [0xFEB8, 0x0A42];
pub const VCVTA: [u16; 2] = [0xFEBC, 0x0AC2];
pub const VRINTR: [u16; 2] = [0xEEB6, 0x0A42];
pub const VRINTZ: [u16; 2] = [0xEEB6, 0x0AC2];
pub const VRINTX: [u16; 2] = [0xEEB7, 0x0A42];

pub const fn double(code: [u16; 2]) -> [u16; 2] {
    [code[0], code[1] | 0x100]
}

pub const fn rounding(code: [u16; 2], mode: u16) -> [u16; 2] {
    [code[0] | mode, code[1]]
}

/// A core with its floating-point unit on, where one instruction runs again and again.
pub struct Unit {
    pub rig: Rig,
}

impl Unit {
    pub fn new() -> Self {
        // vmov.f32 s0,s0 starts the floating-point context; then a nop to be replaced, and b .
        let mut rig = Rig::new(&[0xEEB0, 0x0A40, 0xBF00, 0xBF00, SPIN]);
        rig.write(CPACR, 0xF << 20);
        rig.run(3);
        Self { rig }
    }

    pub fn set(&mut self, register: u8, value: u32) {
        self.rig.board.set_register(CoreRegister::S(register), value);
    }

    pub fn get(&self, register: u8) -> u32 {
        self.rig.board.register(CoreRegister::S(register))
    }

    pub fn pair(&self, register: u8) -> u64 {
        u64::from(self.get(register)) | u64::from(self.get(register + 1)) << 32
    }

    pub fn step(&mut self, code: [u16; 2], fpscr: u32) {
        self.rig.program(PROGRAM + 4, &code);
        self.rig.board.set_register(CoreRegister::Pc, PROGRAM + 4);
        self.rig.board.set_register(CoreRegister::Fpscr, fpscr);
        self.rig.run(1);
        assert_eq!(self.rig.pc(), PROGRAM + 8, "{code:04x?} didn't execute");
    }

    pub fn flags(&self) -> u32 {
        self.rig.board.register(CoreRegister::Fpscr) & 0x9F
    }

    /// Result and cumulative flags of a single-precision instruction on (s0, s2, s4).
    pub fn single(&mut self, code: [u16; 2], fpscr: u32, [d, n, m]: [u32; 3]) -> (u32, u32) {
        for (register, value) in [(0, d), (2, n), (4, m)] {
            self.set(register, value);
        }
        self.step(code, fpscr);
        (self.get(0), self.flags())
    }

    /// The same of a double-precision one on (d0, d1, d2).
    pub fn double(&mut self, code: [u16; 2], fpscr: u32, [d, n, m]: [u64; 3]) -> (u64, u32) {
        for (register, value) in [(0, d), (2, n), (4, m)] {
            self.set(register, value as u32);
            self.set(register + 1, (value >> 32) as u32);
        }
        self.step(double(code), fpscr);
        (self.pair(0), self.flags())
    }

    pub fn compare(&mut self, code: [u16; 2], fpscr: u32, n: u32, m: u32) -> (u32, u32) {
        self.single(code, fpscr, [n, 0, m]);
        (self.rig.board.register(CoreRegister::Fpscr) >> 28, self.flags())
    }
}

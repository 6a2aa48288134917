//! Makes short random programs that two emulators must agree on: every instruction is legal, every access stays in the
//! scratch window, every branch ends in the block. Registers: r0–r5, r8, r9, r14 hold anything; r6 and r12 are small
//! indexes, r7 and r10 aligned pointers, r11 a pointer that needn't be aligned, r13 the stack.

#[path = "float_generator.rs"]
mod float_generator;

/// xorshift64*: small, seeded, good enough.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }

    pub fn flip(&mut self) -> u32 {
        self.next() & 1
    }

    /// A word with the shapes that make arithmetic interesting.
    pub fn word(&mut self) -> u32 {
        match self.below(8) {
            0 => 0,
            1 => u32::MAX,
            2 => 0x8000_0000,
            3 => 0x7FFF_FFFF,
            4 => self.below(64),
            5 => self.next() & 0x8080_7F7F | 0x7FFF_0000,
            _ => self.next(),
        }
    }
}

/// One instruction: one halfword or two.
pub type Code = Vec<u16>;

const FREE: [u32; 9] = [0, 1, 2, 3, 4, 5, 8, 9, 14];
const FREE_MASK: u32 = 0x433F;

pub struct Generator {
    pub random: Random,
}

pub fn long(first: u32, second: u32) -> Code {
    vec![first as u16, second as u16]
}

impl Generator {
    fn free(&mut self) -> u32 {
        FREE[self.random.below(9) as usize]
    }

    fn low(&mut self) -> u32 {
        self.random.below(6)
    }

    fn low_source(&mut self) -> u32 {
        self.random.below(8)
    }

    fn source(&mut self) -> u32 {
        match self.random.below(14) {
            13 => 14,
            register => register,
        }
    }

    /// A program of few instructions, so that the flags that one raises don't hide another's.
    pub fn float_block(&mut self) -> Vec<Code> {
        if self.random.below(32) == 0 {
            return self.random.float_of_wide_fixed().into();
        }
        let size = 1 + self.random.below(6);
        (0..size)
            .map(|_| {
                let core = self.free();
                self.random.float(core)
            })
            .collect()
    }

    /// A program of about `size` instructions.
    pub fn block(&mut self, size: usize) -> Vec<Code> {
        let mut block = Vec::new();
        while block.len() < size {
            match self.random.below(24) {
                0 => self.it_block(&mut block),
                1 => self.branch(&mut block),
                2 => self.loops(&mut block),
                3 => self.exclusive(&mut block),
                4 => self.table(&mut block),
                5 => self.exchange(&mut block),
                // ISB stays out of IT blocks: Unicorn 2.1.4 forgets the condition behind one there.
                6 if self.random.flip() != 0 => block.push(long(0xF3BF, 0x8F6F)),
                _ => {
                    let code = self.simple();
                    block.push(code);
                }
            }
        }
        block
    }

    fn it_block(&mut self, block: &mut Vec<Code>) {
        let condition = self.random.below(14);
        let mask = 1 + self.random.below(15);
        block.push(vec![(0xBF00 | condition << 4 | mask) as u16]);
        for _ in 0..4 - mask.trailing_zeros() {
            let code = self.simple();
            block.push(code);
        }
    }

    /// Over one to three instructions.
    fn branch(&mut self, block: &mut Vec<Code>) {
        let skipped: Vec<Code> = (0..1 + self.random.below(3)).map(|_| self.simple()).collect();
        let halves = skipped.iter().map(Vec::len).sum::<usize>() as u32;
        let condition = self.random.below(14);
        // Offsets count from the branch's address plus 4.
        block.push(match self.random.below(6) {
            0 => vec![(0xD000 | condition << 8 | (halves - 1) & 0xFF) as u16],
            1 => long(0xF000 | condition << 6, 0x8000 | halves),
            2 => vec![(0xE000 | (halves - 1) & 0x7FF) as u16],
            3 => long(0xF000, 0xB800 | halves),
            4 => long(0xF000, 0xF800 | halves),
            _ if halves >= 1 => {
                let register = self.low_source();
                vec![(0xB100 | self.random.flip() << 11 | (halves - 1) << 3 | register) as u16]
            }
            _ => vec![0xBF00],
        });
        block.extend(skipped);
    }

    /// A few instructions, a few times round; r5 counts.
    fn loops(&mut self, block: &mut Vec<Code>) {
        let count = 1 + self.random.below(4);
        let body: Vec<Code> = (0..1 + self.random.below(3)).map(|_| self.quiet()).collect();
        let halves = body.iter().map(Vec::len).sum::<usize>() as u32;
        block.push(vec![(0x2500 | count) as u16]);
        block.extend(body);
        block.push(vec![0x3D01]);
        block.push(vec![(0xD100 | (0u32.wrapping_sub(halves + 3) & 0xFF)) as u16]);
    }

    /// An instruction that leaves r5 alone.
    fn quiet(&mut self) -> Code {
        let (d, n, m) = (self.random.below(5), self.source(), self.source());
        match self.random.below(4) {
            0 => long(0xEB00 | n, d << 8 | m),
            1 => long(0xFB00 | n, 0xF000 | d << 8 | m),
            2 => long(0xF8D0 | 10, d << 12 | self.random.below(4096)),
            _ => long(0xF8C0 | 10, d << 12 | self.random.below(4096)),
        }
    }

    fn exclusive(&mut self, block: &mut Vec<Code>) {
        let (t, offset) = (self.free(), self.random.below(256));
        let (value, mut done) = (self.free(), self.free());
        while done == value {
            done = self.free();
        }
        match self.random.below(3) {
            0 => {
                block.push(long(0xE850 | 10, t << 12 | 0xF00 | offset));
                block.push(long(0xE840 | 10, value << 12 | done << 8 | offset));
            }
            size => {
                let code = 3 + size;
                block.push(long(0xE8D0 | 10, t << 12 | 0xF0F | code << 4));
                block.push(long(0xE8C0 | 10, value << 12 | 0xF00 | code << 4 | done));
            }
        }
    }

    /// TBB or TBH over a table behind it.
    fn table(&mut self, block: &mut Vec<Code>) {
        let register = self.low();
        let choice = self.random.below(2);
        block.push(vec![(0x2000 | register << 8 | choice) as u16]);
        // Two entries: past the table, or one 16-bit instruction further.
        if self.random.flip() != 0 {
            block.push(long(0xE8D0 | 15, 0xF000 | register));
            block.push(vec![0x0201]);
        } else {
            block.push(long(0xE8D0 | 15, 0xF010 | register));
            block.push(vec![2, 3]);
        }
        block.push(vec![0xBF00]);
        block.push(vec![0x1C40]);
    }

    /// BX, BLX or MOV PC to the instruction after next.
    fn exchange(&mut self, block: &mut Vec<Code>) {
        let register = self.low();
        // The address comes from LR of a BL to the next instruction, which works wherever the block lies.
        block.push(long(0xF000, 0xF800));
        // add rX, lr, #10: past this 4-byte instruction, the branch and one more, with the Thumb bit from LR.
        block.push(long(0xF100 | 14, register << 8 | 8));
        block.push(vec![match self.random.below(3) {
            0 => (0x4700 | register << 3) as u16,
            1 => (0x4780 | register << 3) as u16,
            _ => (0x4687 | register << 3) as u16,
        }]);
        block.push(vec![0x1C49]);
    }

    /// An instruction that may stand anywhere, in an IT block too.
    pub fn simple(&mut self) -> Code {
        match self.random.below(24) {
            0..=5 => self.short(),
            6 => self.short_transfer(),
            7 | 8 => self.modified_immediate(),
            9 | 10 => self.shifted_register(),
            11 => self.plain_immediate(),
            12 | 13 => self.register(),
            14 | 15 => self.multiply(),
            16 | 17 => self.single(),
            18 => self.several(),
            19 => self.special(),
            _ => {
                let core = self.free();
                self.random.float(core)
            }
        }
    }

    fn short(&mut self) -> Code {
        let (d, n, m) = (self.low(), self.low_source(), self.low_source());
        let byte = self.random.below(256);
        let code = match self.random.below(9) {
            0 => self.random.below(3) << 11 | self.random.below(32) << 6 | m << 3 | d,
            1 => 0x1800 | self.random.below(4) << 9 | m << 6 | n << 3 | d,
            2 => 0x2000 | self.random.below(4) << 11 | d << 8 | byte,
            3 | 4 => 0x4000 | self.random.below(16) << 6 | m << 3 | d,
            5 => {
                let (d, m) = (self.free(), self.source());
                let op = self.random.below(3);
                let (d, m) = if op == 1 && d < 8 && m < 8 { (d, 8) } else { (d, m) };
                0x4400 | op << 8 | (d & 8) << 4 | m << 3 | d & 7
            }
            6 => 0xB200 | self.random.below(4) << 6 | m << 3 | d,
            7 => 0xBA00 | [0, 1, 3][self.random.below(3) as usize] << 6 | m << 3 | d,
            _ => match self.random.below(4) {
                0 => 0xA800 | d << 8 | byte,
                1 => 0xA000 | d << 8 | byte,
                _ => 0xB000 | self.random.below(256),
            },
        };
        vec![code as u16]
    }

    fn short_transfer(&mut self) -> Code {
        let (t, n) = (self.low(), 7);
        let five = self.random.below(32);
        let byte = self.random.below(256);
        let list = 1 + self.random.below(63);
        let code = match self.random.below(8) {
            0 => 0x4800 | t << 8 | byte,
            1 => 0x5000 | self.random.below(8) << 9 | 6 << 6 | n << 3 | t,
            2 | 3 => 0x6000 | self.random.below(4) << 11 | five << 6 | n << 3 | t,
            4 => 0x8000 | self.random.flip() << 11 | five << 6 | n << 3 | t,
            5 => 0x9000 | self.random.flip() << 11 | t << 8 | byte,
            6 => [0xB400 | list | self.random.flip() << 8, 0xBC00 | list][self.random.below(2) as usize],
            _ => 0xC000 | self.random.flip() << 11 | 7 << 8 | list,
        };
        vec![code as u16]
    }

    /// Operation, flags, Rn, Rd of a data-processing instruction.
    fn operation(&mut self) -> (u32, u32, u32, u32) {
        let op = [0, 1, 2, 3, 4, 8, 10, 11, 13, 14][self.random.below(10) as usize];
        let (n, d, s) = (self.source(), self.free(), self.random.flip());
        match self.random.below(4) {
            0 if matches!(op, 0 | 4 | 8 | 13) => (op, 1, n, 15),
            1 if matches!(op, 2 | 3) => (op, s, 15, d),
            _ => (op, s, n, d),
        }
    }

    fn modified_immediate(&mut self) -> Code {
        let (op, s, n, d) = self.operation();
        let mut constant = self.random.below(4096);
        if constant < 0x400 && constant & 0xFF == 0 {
            // A replicated zero is not an encoding.
            constant |= 1;
        }
        let (i, imm3, imm8) = (constant >> 11, constant >> 8 & 7, constant & 0xFF);
        long(0xF000 | i << 10 | op << 5 | s << 4 | n, imm3 << 12 | d << 8 | imm8)
    }

    fn shifted_register(&mut self) -> Code {
        let m = self.source();
        let amount = self.random.below(32);
        let fields = (amount >> 2) << 12 | (amount & 3) << 6;
        if self.random.below(10) == 0 {
            let (n, d) = (self.source(), self.free());
            return long(0xEAC0 | n, fields | d << 8 | self.random.flip() << 5 | m);
        }
        let (op, s, n, d) = self.operation();
        long(0xEA00 | op << 5 | s << 4 | n, fields | d << 8 | self.random.below(4) << 4 | m)
    }

    fn plain_immediate(&mut self) -> Code {
        let (n, d) = (self.source(), self.free());
        let constant = self.random.below(4096);
        let wide = |code: u32, n: u32| {
            long(0xF200 | constant >> 11 << 10 | code << 4 | n, (constant >> 8 & 7) << 12 | d << 8 | constant & 0xFF)
        };
        let low = self.random.below(32);
        let low_fields = (low >> 2) << 12 | (low & 3) << 6;
        let width = self.random.below(32 - low);
        match self.random.below(10) {
            0 => wide(0, n),
            1 => wide(10, n),
            2 => wide(4, self.random.below(16)),
            3 => wide(12, self.random.below(16)),
            4 => long(0xF340 | n, low_fields | d << 8 | width),
            5 => long(0xF3C0 | n, low_fields | d << 8 | width),
            6 => long(0xF360 | if n < 4 { 15 } else { n }, low_fields | d << 8 | (low + width)),
            7 => {
                // SSAT and USAT; a right shift of 0 would be the 16-bit form.
                let right = u32::from(low != 0) * self.random.flip();
                let unsigned = self.random.flip() << 7;
                long(0xF300 | unsigned | right << 5 | n, low_fields | d << 8 | self.random.below(32))
            }
            8 => long(0xF320 | self.random.flip() << 7 | n, d << 8 | self.random.below(16)),
            _ => wide([0, 10][self.random.below(2) as usize], 15),
        }
    }

    fn register(&mut self) -> Code {
        let (n, d, m) = (self.source(), self.free(), self.source());
        match self.random.below(8) {
            0 => long(0xFA00 | self.random.below(8) << 4 | n, 0xF000 | d << 8 | m),
            1 => {
                let n = if self.random.flip() != 0 { 15 } else { n };
                long(0xFA00 | self.random.below(6) << 4 | n, 0xF080 | d << 8 | self.random.below(4) << 4 | m)
            }
            2..=4 => {
                let layout = [0, 1, 2, 4, 5, 6][self.random.below(6) as usize];
                let mode = self.random.below(3) | self.random.flip() << 2;
                long(0xFA80 | layout << 4 | n, 0xF000 | d << 8 | mode << 4 | m)
            }
            5 => long(0xFA80 | n, 0xF080 | d << 8 | self.random.below(4) << 4 | m),
            6 => long(0xFA90 | m, 0xF080 | d << 8 | self.random.below(4) << 4 | m),
            _ if self.random.flip() != 0 => long(0xFAA0 | n, 0xF080 | d << 8 | m),
            _ => long(0xFAB0 | m, 0xF080 | d << 8 | m),
        }
    }

    fn multiply(&mut self) -> Code {
        let (n, d, m) = (self.source(), self.free(), self.source());
        let a = if self.random.below(3) == 0 { 15 } else { self.source() };
        let low = self.free();
        let mut high = self.free();
        while high == low {
            high = self.free();
        }
        let pair = low << 12 | high << 8;
        let x = self.random.flip();
        let small = |op: u32, kind: u32, a: u32| long(0xFB00 | op << 4 | n, a << 12 | d << 8 | kind << 4 | m);
        let wide = |op: u32, kind: u32| long(0xFB80 | op << 4 | n, pair | kind << 4 | m);
        let ra = if a == 15 { 3 } else { a };
        match self.random.below(20) {
            0 => small(0, 0, a),
            1 => small(0, 1, ra),
            2 => small(1, self.random.below(4), a),
            3 => small(2, x, a),
            4 => small(3, x, a),
            5 => small(4, x, a),
            6 => small(5, x, a),
            7 => small(6, x, ra),
            8 => small(7, 0, a),
            9 => wide(0, 0),
            10 => wide(2, 0),
            11 => wide(4, 0),
            12 => wide(6, 0),
            13 => wide(6, 6),
            14 => wide(4, 8 + self.random.below(4)),
            15 => wide(4, 12 + x),
            16 => wide(5, 12 + x),
            17 => long(0xFB90 | n, 0xF0F0 | d << 8 | m),
            18 => long(0xFBB0 | n, 0xF0F0 | d << 8 | m),
            _ => small(0, 0, 15),
        }
    }

    fn single(&mut self) -> Code {
        let t = self.free();
        // Load or store, width, sign.
        let kind = [0x000, 0x020, 0x040, 0x010, 0x030, 0x050, 0x110, 0x130][self.random.below(8) as usize];
        let load = kind & 0x10 != 0;
        let n = [7, 10, 11, 13][self.random.below(4) as usize];
        let byte = self.random.below(256);
        match self.random.below(6) {
            0 => long(0xF880 | kind | n, t << 12 | self.random.below(4096)),
            1 => long(0xF800 | kind | n, t << 12 | 0xC00 | byte),
            2 => long(0xF800 | kind | n, t << 12 | 0xE00 | byte),
            3 => {
                let form = [0x900, 0xB00, 0xD00, 0xF00][self.random.below(4) as usize];
                long(0xF800 | kind | 11, t << 12 | form | byte)
            }
            4 => long(0xF800 | kind | n, t << 12 | self.random.below(4) << 4 | 12),
            _ if load => long(0xF81F | kind | self.random.flip() << 7, t << 12 | self.random.below(1024)),
            _ => long(0xF880 | kind | n, t << 12 | self.random.below(4096)),
        }
    }

    fn several(&mut self) -> Code {
        let load = self.random.flip();
        if self.random.flip() != 0 {
            let t = self.free();
            let mut t2 = self.free();
            while t2 == t {
                t2 = self.free();
            }
            let form = [0x100, 0x180, 0x120, 0x1A0, 0x020, 0x0A0][self.random.below(6) as usize];
            return long(0xE840 | form | load << 4 | 10, t << 12 | t2 << 8 | self.random.below(256));
        }
        let mut list = 0;
        while u32::count_ones(list) < 2 {
            list = self.random.next() & FREE_MASK;
        }
        let form = [0x080, 0x100][self.random.below(2) as usize];
        long(0xE800 | form | self.random.flip() << 5 | load << 4 | 10, list)
    }

    fn special(&mut self) -> Code {
        let register = self.free();
        match self.random.below(6) {
            0 | 1 => long(0xF3EF, 0x8000 | register << 8),
            2 | 3 => long(0xF380 | register, 0x8000 | (1 + self.random.below(3)) << 10),
            4 => long(0xF3BF, [0x8F2F, 0x8F4F, 0x8F5F][self.random.below(3) as usize]),
            _ => vec![0xBF00],
        }
    }
}

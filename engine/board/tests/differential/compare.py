#!/usr/bin/env python3
"""Runs the same random programs on the board's interpreter and on Unicorn's Cortex-M7, and compares registers, flags,
floating-point registers, FPSCR and memory. Unicorn is an external tool here (pip package `unicorn`), never linked into
the product.

Usage: compare.py [--seed N] [--instructions N] [--sabotage]
Exit code 0: no difference (with --sabotage: both deliberate errors were found). 1: the opposite.

One place is known where Unicorn 2.1 isn't Armv7-M: it rounds 32 bits fixed to single precision in FPSCR's mode, not to
nearest (later versions of QEMU do as Armv7-M says). The generator makes that conversion in the mode where both agree.
"""

import argparse
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc, UcError
from unicorn import arm_const as arm

BOARD = Path(__file__).resolve().parent.parent.parent
ROOT = BOARD.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))

CODE, CODE_SIZE = 0x20000000, 0x10000
SCRATCH, SCRATCH_SIZE = 0x24000000, 0x70000
FLAGS = 0xF80F0000
WORDS = 49
REGISTERS = [getattr(arm, f"UC_ARM_REG_R{i}") for i in range(13)]
REGISTERS += [arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR, arm.UC_ARM_REG_XPSR]
REGISTERS += [arm.UC_ARM_REG_FPSCR] + [getattr(arm, f"UC_ARM_REG_S{i}") for i in range(32)]
NAMES = [f"r{i}" for i in range(13)] + ["sp", "lr", "apsr", "fpscr"] + [f"s{i}" for i in range(32)]


class Other:
    """Unicorn with the board's two memories."""

    def __init__(self, window: bytes):
        # With UC_MODE_MCLASS Unicorn 2.1 takes a Cortex-M33, which has no doubles, whatever model is asked for.
        self.uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
        self.uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M7)
        self.uc.mem_map(CODE, CODE_SIZE)
        self.uc.mem_map(SCRATCH, SCRATCH_SIZE)
        self.uc.mem_write(SCRATCH, window)
        # Without it every floating-point instruction is refused; an M-profile core has no such register.
        self.uc.reg_write(arm.UC_ARM_REG_FPEXC, 1 << 30)
        # The first floating-point instruction (vmov.f32 s0,s0) starts a context, with an FPSCR of its own.
        self.uc.mem_write(CODE, bytes.fromhex("b0ee400a"))
        self.uc.emu_start(CODE | 1, CODE + 4)

    def run(self, place: int, code: bytes, words) -> list[int]:
        uc = self.uc
        uc.mem_write(place, code)
        uc.ctl_remove_cache(place, place + len(code))
        for register, word in zip(REGISTERS[:15], words):
            uc.reg_write(register, word)
        uc.reg_write(arm.UC_ARM_REG_XPSR, words[15] | 1 << 24)
        for register, word in zip(REGISTERS[16:], words[16:]):
            uc.reg_write(register, word)
        uc.emu_start(place | 1, place + len(code) - 2)
        result = [uc.reg_read(register) for register in REGISTERS]
        result[15] &= FLAGS
        return result

    def checksum(self) -> int:
        return zlib.crc32(self.uc.mem_read(SCRATCH, SCRATCH_SIZE))


def compare(options, error: str | None) -> int:
    """Prints and counts the differences; 1 too when the interpreter's side stopped early."""
    command = [str(TARGET / "release/examples/differential"), str(options.seed), str(options.instructions)]
    if error:
        command += ["--sabotage", error]
    source = subprocess.Popen(command, stdout=subprocess.PIPE)
    read = source.stdout.read
    other = Other(read(SCRATCH_SIZE))
    instructions = blocks = differences = 0
    while header := read(16):
        place, length, executed, check = struct.unpack("<IIII", header)
        code = read(length)
        words = struct.unpack(f"<{2 * WORDS}I", read(8 * WORDS))
        before, ours = words[:WORDS], list(words[WORDS:])
        try:
            theirs = other.run(place, code, before)
        except UcError as stop:
            at = other.uc.reg_read(arm.UC_ARM_REG_PC)
            instruction = code[at - place:at - place + 4].hex()
            print(f"block {blocks} at {place:#x}: the other side stopped at {at:#x} ({instruction}): {stop}")
            theirs = None
        instructions += executed
        blocks += 1
        wrong = theirs != ours
        if wrong and differences < 5 and theirs is not None:
            print(f"block {blocks} at {place:#x}: {code.hex()}")
            for name, start, our, their in zip(NAMES, before, ours, theirs):
                print(f"  {name:5} {start:08x} -> {our:08x} {'' if our == their else f'other {their:08x}'}")
        if check:
            ours_sum, = struct.unpack("<I", read(4))
            if other.checksum() != ours_sum:
                wrong = True
                print(f"block {blocks}: the memories differ")
        differences += wrong
        if differences >= (1 if error else 20):
            source.kill()
            break
    source.stdout.close()
    source.wait()
    print(f"seed {options.seed}: {blocks} blocks, {instructions} instructions, {differences} differences")
    return differences or int(instructions < options.instructions)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--instructions", type=int, default=5_000_000)
    parser.add_argument("--sabotage", action="store_true",
                        help="the interpreter's side makes a deliberate error, once in integer and once in float code")
    options = parser.parse_args()
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "board", "--example", "differential"],
                   cwd=ROOT, check=True)
    if not options.sabotage:
        return 1 if compare(options, None) else 0
    found = {error: compare(options, error) > 0 for error in ("integer", "float")}
    for error, is_found in found.items():
        print(f"the deliberate error in {error} code was {'found' if is_found else 'NOT found'}")
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs the same random programs on the board's interpreter and on Unicorn's Cortex-M7, and compares registers, flags
and memory. Unicorn is an external tool here (pip package `unicorn`), never linked into the product.

Usage: compare.py [--seed N] [--instructions N] [--sabotage]
Exit code 0: no difference (with --sabotage: the deliberate error was found). 1: the opposite.
"""

import argparse
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB, Uc, UcError
from unicorn import arm_const as arm

BOARD = Path(__file__).resolve().parent.parent.parent
ROOT = BOARD.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))

CODE, CODE_SIZE = 0x20000000, 0x10000
SCRATCH, SCRATCH_SIZE = 0x24000000, 0x70000
FLAGS = 0xF80F0000
REGISTERS = [getattr(arm, f"UC_ARM_REG_R{i}") for i in range(13)]
REGISTERS += [arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR, arm.UC_ARM_REG_XPSR]
NAMES = [f"r{i}" for i in range(13)] + ["sp", "lr", "apsr"]


class Other:
    """Unicorn with the board's two memories."""

    def __init__(self, window: bytes):
        self.uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self.uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M7)
        self.uc.mem_map(CODE, CODE_SIZE)
        self.uc.mem_map(SCRATCH, SCRATCH_SIZE)
        self.uc.mem_write(SCRATCH, window)

    def run(self, place: int, code: bytes, words) -> list[int]:
        uc = self.uc
        uc.mem_write(place, code)
        uc.ctl_remove_cache(place, place + len(code))
        for register, word in zip(REGISTERS[:15], words):
            uc.reg_write(register, word)
        uc.reg_write(arm.UC_ARM_REG_XPSR, words[15] | 1 << 24)
        uc.emu_start(place | 1, place + len(code) - 2)
        result = [uc.reg_read(register) for register in REGISTERS]
        result[15] &= FLAGS
        return result

    def checksum(self) -> int:
        return zlib.crc32(self.uc.mem_read(SCRATCH, SCRATCH_SIZE))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--instructions", type=int, default=5_000_000)
    parser.add_argument("--sabotage", action="store_true", help="the interpreter's side makes a deliberate error")
    options = parser.parse_args()
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "board", "--example", "differential"],
                   cwd=ROOT, check=True)
    command = [str(TARGET / "release/examples/differential"), str(options.seed), str(options.instructions)]
    if options.sabotage:
        command.append("--sabotage")
    source = subprocess.Popen(command, stdout=subprocess.PIPE)
    read = source.stdout.read
    other = Other(read(SCRATCH_SIZE))
    instructions = blocks = differences = 0
    while header := read(16):
        place, length, executed, check = struct.unpack("<IIII", header)
        code = read(length)
        words = struct.unpack("<32I", read(128))
        before, ours = words[:16], list(words[16:])
        try:
            theirs = other.run(place, code, before)
        except UcError as error:
            print(f"block {blocks} at {place:#x}: the other side stopped: {error}")
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
        if differences >= (1 if options.sabotage else 20):
            source.kill()
            break
    source.stdout.close()
    source.wait()
    print(f"seed {options.seed}: {blocks} blocks, {instructions} instructions, {differences} differences")
    if options.sabotage:
        print("the deliberate error was found" if differences else "the deliberate error was NOT found")
        return 0 if differences else 1
    complete = instructions >= options.instructions
    return 0 if differences == 0 and complete else 1


if __name__ == "__main__":
    sys.exit(main())

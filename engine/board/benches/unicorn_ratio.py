#!/usr/bin/env python3
"""How fast the board's interpreter is beside Unicorn, on the same firmware workload.

Runs Unicorn (its first emu_start in a fresh process, imports not counted) and the board (its first run in a fresh
process) alternately, five times each, and prints both medians and their ratio. Unicorn is a tool of its own here;
nothing of the product links it. Usage: benches/unicorn_ratio.py [--runs N] [--minimum RATIO]
"""

import argparse
import os
import statistics
import struct
import subprocess
import sys
from pathlib import Path

BOARD = Path(__file__).resolve().parent.parent
ROOT = BOARD.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BASE = 0x24000000

UNICORN = r"""
import sys, time
from unicorn import Uc, UC_ARCH_ARM, UC_MODE_THUMB, UC_MODE_MCLASS, UcError, UC_HOOK_INTR
from unicorn.arm_const import *
image = open(sys.argv[1], 'rb').read()
mu = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
mu.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M7)
mu.mem_map(0x24000000, 0x80000)
mu.mem_map(0x20000000, 0x10000)
mu.mem_write(0x24000000, image)
sp = int.from_bytes(image[0:4], 'little'); pc = int.from_bytes(image[4:8], 'little')
mu.reg_write(UC_ARM_REG_SP, sp)
mu.hook_add(UC_HOOK_INTR, lambda uc, number, data: uc.emu_stop())
cpu_start = time.thread_time()
start = time.perf_counter()
mu.emu_start(pc | 1, 0xFFFFFFFE)
seconds = time.perf_counter() - start
cpu = time.thread_time() - cpu_start
result = mu.mem_read(mu.reg_read(UC_ARM_REG_R0), 72)
print('seconds %.6f cpu %.6f result %s' % (seconds, cpu, bytes(result).hex()))
"""


def flat_image() -> Path:
    """Builds the workload and lays its segments out from BASE."""
    environment = dict(os.environ, CARGO_TARGET_DIR=str(TARGET / "firmware"))
    command = ["cargo", "build", "--release", "--quiet", "-p", "workload", "--target", "thumbv7em-none-eabihf"]
    subprocess.run(command, cwd=ROOT / "firmware", env=environment, check=True)
    elf = (TARGET / "firmware/thumbv7em-none-eabihf/release/workload").read_bytes()
    offset, = struct.unpack_from("<I", elf, 28)
    size, count = struct.unpack_from("<HH", elf, 42)
    image = bytearray()
    for i in range(count):
        kind, start, _, address, length = struct.unpack_from("<IIIII", elf, offset + i * size)
        if kind == 1 and length:
            end = address - BASE + length
            image.extend(bytes(max(0, end - len(image))))
            image[address - BASE:end] = elf[start:start + length]
    path = TARGET / "workload.bin"
    path.write_bytes(image)
    return path


def measure(command) -> dict[str, str]:
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return dict(zip(output[::2], output[1::2]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--minimum", type=float, default=0.0, help="fail below this ratio")
    options = parser.parse_args()
    image = str(flat_image())
    build = ["cargo", "build", "--release", "--quiet", "-p", "board", "--example", "workload"]
    subprocess.run(build, cwd=ROOT, check=True)
    board = [str(TARGET / "release/examples/workload"), image]
    unicorn = [sys.executable, "-c", UNICORN, image]
    runs: dict[str, list[dict[str, str]]] = {"unicorn": [], "board": []}
    for _ in range(options.runs):
        runs["unicorn"].append(measure(unicorn))
        runs["board"].append(measure(board))
    results = {run["result"] for run in runs["unicorn"] + runs["board"]}
    if len(results) != 1 or not results.pop().endswith("01" * 8):
        print("the results differ, or the signature did not verify")
        return 1
    instructions = int(runs["board"][0]["instructions"])
    print(f"instructions {instructions}")
    ratio = 0.0
    # Wall time is what counts; time on the processor tells what a busy machine adds to it.
    for clock, name in (("cpu", "on the processor"), ("seconds", "wall")):
        slow, fast = (statistics.median(float(run[clock]) for run in runs[who]) for who in ("unicorn", "board"))
        for who, seconds in (("unicorn", slow), ("board", fast)):
            print(f"{name:16} {who:8} {seconds:.4f} s, {instructions / max(seconds, 1e-9) / 1e6:.0f} MIPS")
        ratio = slow / max(fast, 1e-9)
        print(f"{name:16} ratio    {ratio:.2f}")
    return 0 if ratio >= options.minimum else 1


if __name__ == "__main__":
    sys.exit(main())

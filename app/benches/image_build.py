#!/usr/bin/env python3
"""How long the whole command `stirot-studio image build` takes, against MCUboot's imgtool and OpenSSL on the same bytes.

    cargo build --release -p stirot-studio
    app/benches/image_build.py target/release/stirot-studio [--imgtool PATH] [--rounds N]

Rounds alternate between the programs, so that whatever else the machine does falls on all of them; medians are
printed, and the processor's time, which a busy machine falsifies less. Start-up is part of every figure; the figure of
`--version` says how much of ours it is. Peak memory can't be told below that of this script. Nothing is asserted.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

SMALL = 20 * 1024
LARGE = 120 * 1024 * 1024


def run(command):
    """Seconds, seconds of processor time and peak memory in KiB of one run."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command}: {process.stderr.read().decode()}")
    process.stderr.close()
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def measure(title, series, rounds):
    """Medians of each name's commands, one after the other."""
    print(f"{title}, median of {rounds} alternating rounds")
    seen = {name: [] for name in series}
    busy = {name: [] for name in series}
    memory = {name: 0 for name in series}
    for _ in range(rounds):
        for name, commands in series.items():
            results = [run(command) for command in commands]
            seen[name].append(sum(seconds for seconds, _, _ in results))
            busy[name].append(sum(processor for _, processor, _ in results))
            memory[name] = max(memory[name], *(peak for _, _, peak in results))
    medians = {name: statistics.median(times) for name, times in seen.items()}
    ours = medians["stirot-studio"]
    for name, median in medians.items():
        ratio = "" if name == "stirot-studio" else f"{median / ours:8.2f} × ours"
        best, processor = min(seen[name]) * 1000, statistics.median(busy[name]) * 1000
        times = f"{median * 1000:9.2f} ms (best {best:.2f}, processor {processor:.2f})"
        print(f"  {name:<34}{times}{memory[name] / 1024:8.1f} MiB{ratio}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--imgtool", default=os.environ.get("STIROT_IMGTOOL") or shutil.which("imgtool"))
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    program = str(Path(options.program).resolve())

    with tempfile.TemporaryDirectory() as folder:
        at = lambda name: str(Path(folder) / name)
        for name, size in (("small.bin", SMALL), ("large.bin", LARGE)):
            # In pieces: a program's peak memory counts from what this one has when it starts it.
            with open(at(name), "wb") as file:
                for _ in range(size // SMALL):
                    file.write(os.urandom(SMALL))
        key, public = at("key.pem"), at("public.pem")
        curve = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key]
        subprocess.run(curve, check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)

        def ours(payload, slot, output, *more):
            keys = ["--authentication-key", key, "--encryption-key", public]
            sizes = ["--profile", "oemurot", "--align", "8", "--slot-size", slot]
            return [program, "image", "build", at(payload), at(output), *keys, *sizes, *more]

        def imgtool(payload, slot, output, *more):
            what = ["-k", key, "-E", public, "-S", slot, "-H", "0x400", "--pad-header", "--pad", "--overwrite-only"]
            version = ["--align", "8", "-v", "1.0.0", "-s", "auto"]
            return [options.imgtool, "sign", *what, *version, *more, at(payload), at(output)]

        def openssl(payload):
            encrypt = ["openssl", "enc", "-aes-128-ctr", "-K", "00" * 16, "-iv", "00" * 16]
            return [["openssl", "dgst", "-sha256", at(payload)], [*encrypt, "-in", at(payload), "-out", at("o.bin")]]

        def compared(payload, slot, output, *more):
            series = {"stirot-studio": [ours(payload, slot, output, *more)]}
            if options.imgtool:
                short = ["-x" if word == "--address" else word for word in more]
                series["imgtool"] = [imgtool(payload, slot, f"i-{output}", *short)]
            return series

        small = compared("small.bin", "0x20000", "small-slot.bin")
        small["stirot-studio --version"] = [[program, "--version"]]
        small["an empty program"] = [["true"]]
        measure("20 KiB to a slot of 128 KiB", small, options.rounds)
        large = compared("large.bin", "0x8000000", "large-slot.bin")
        large["openssl: SHA-256, then AES-128-CTR"] = openssl("large.bin")
        measure("120 MiB to a slot of 128 MiB", large, max(options.rounds // 3, 3))
        hexed = compared("large.bin", "0x8000000", "large.hex", "--address", "0x90000000")
        hexed.pop("imgtool", None)
        measure("120 MiB to Intel hex", hexed, max(options.rounds // 3, 3))
        if not options.imgtool:
            print("NOT COMPARED WITH IMGTOOL: name it with --imgtool, or install it (pip install imgtool)")


if __name__ == "__main__":
    main()

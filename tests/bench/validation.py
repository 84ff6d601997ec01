#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/validation.md: moesaic beside other simulators, the memory channel run by run.

  tests/bench/validation.py --program build/bin/moesaic --reference DIR [--only TEXT] [--output FILE]
  tests/bench/validation.py --fabric      only the section of the fabric, counted from docs/validation-fabric.md

DIR holds dram_measured.csv: one run of another simulator a row (simulator, device, queue_or_policy,
address_map, workload, outstanding, requests, simulated_ns, gbyte_per_s, latencies in ns). Each row whose
configuration can be expressed here is run again by `moesaic memory-bench` with the peer's configuration from
platforms/memories/peers; the rest is counted and named at the end of the page.
"""
import argparse
import csv
import json
import os
import re
import subprocess
import sys
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

PEERS = "platforms/memories/peers/"

# Ramulator 2.1: device and, of its name, what was changed.
RAMULATOR = {"hbm2": "hbm2", "hbm3": "hbm3", "lpddr5": "lpddr5", "ddr4": "ddr4", "ddr5": "ddr5"}
CHANGES = {
    "": [],
    "noref": ["controller.refresh_policy=none"],
    "pb": ["controller.refresh_policy=per_bank"],
    "rh": ["controller.scheduler=first_ready_row_hit"],
    "scat": ["controller.refresh_stagger_cycles=1950"],
    "aon": ["command_bus.wck_sync=false"],
    "q128": ["controller.read_queue_bursts=128", "controller.write_queue_bursts=128",
             "controller.write_high_bursts=103", "controller.write_low_bursts=25"],
}
# DRAMSys 5.5: device with the name of the map.
DRAMSYS = {
    ("HBM2", "M1"): "dramsys_hbm2_M1", ("HBM2", "M2"): "dramsys_hbm2_M2",
    ("ms_hbm2r", "M1"): "dramsys_hbm2r_M1", ("ms_hbm2r", "M2"): "dramsys_hbm2r_M2",
    ("ms_ddr4r", "M1"): "dramsys_ddr4r",
    ("JEDEC_8Gb_LPDDR4-3200_16bit", "robaco"): "dramsys_lpddr4_3200_robaco",
    ("JEDEC_8Gb_LPDDR4-3200_16bit", "brc"): "dramsys_lpddr4_3200_brc",
    ("JEDEC_512Mbx16_LPDDR4-3200", "robaco"): "dramsys_lpddr4_3200_512mx16",
    ("JEDEC_512Mbx16_LPDDR4-4266", "robaco"): "dramsys_lpddr4_4266",
    ("JEDEC_1Gbx16_LPDDR4-4266", "robaco"): "dramsys_lpddr4_4266_1gx16",
}
SCHEDULERS = {"Fifo": "fcfs", "FrFcfs": "fr_fcfs", "FrFcfsGrp": "fr_fcfs_grp", "GrpFrFcfs": "grp_fr_fcfs"}
REFRESH = {"NoRefresh": "none", "PerBank": "per_bank", "AllBank": "all_bank"}
ORDER = ["c2_rowhit", "c3_conflict", "c1_rand", "a_seq", "b_rand", "d_mix"]


def ramulator(row):
    """Configuration of a row of Ramulator: (file, changes), or None."""
    name, _, change = row["device"].partition("_")
    if name not in RAMULATOR or change not in CHANGES:
        return None
    bits = row["address_map"]
    if name in ("ddr4", "ddr5"):
        return PEERS + "ramulator_" + name + ".yaml", CHANGES[change]
    if name == "lpddr5":
        map_name = "M1" if "BG=5,6;" in bits else "M2" if "BG=6,7;" in bits else "M3" if "BG=11,12;" in bits else None
    else:
        map_name = "M1" if "PC=5;" in bits else "M2" if "PC=8;" in bits else None
    return map_name and (PEERS + "ramulator_%s_%s.yaml" % (name, map_name), CHANGES[change])


def dramsys(row):
    """Configuration of a row of DRAMSys, or None."""
    of_map = row["address_map"]
    word = re.search(r"(M1|M2|robaco|brc)\)$", of_map)
    file = DRAMSYS.get((row["device"], word.group(1) if word else ""))
    if file is None:
        return None
    changes = []
    policy = row["queue_or_policy"]
    given = re.search(r"\{.*\}", policy)
    for key, value in (json.loads(given.group(0).replace('\\"', '"')) if given else {}).items():
        if key == "RefreshPolicy":
            changes.append("controller.refresh_policy=" + REFRESH[value])
            if value == "PerBank" and row["device"] == "HBM2":
                changes.append("controller.refresh_stagger_cycles=122")  # half of its 244, as of all-bank refresh
        elif key == "Scheduler":
            changes.append("controller.scheduler=" + SCHEDULERS[value])
        elif key == "SchedulerBuffer" and value == "ReadWrite":
            changes.append("controller.queue_layout=read_write")
        elif key == "RequestBufferSizeRead":
            changes.append("controller.read_queue_bursts=%d" % value)
        elif key == "RequestBufferSizeWrite":
            changes.append("controller.write_queue_bursts=%d" % value)
        else:
            return None
    return PEERS + file + ".yaml", changes


def configuration(row):
    if row["simulator"].startswith("ramulator"):
        return ramulator(row)
    if row["simulator"].startswith("dramsys"):
        return dramsys(row)
    return None  # DRAMsim3: a transaction queue in front of its command queues is no layout of ours


def command(file, changes, workload, outstanding):
    words = ["memory-bench", file]
    for change in changes:
        words += ["--set", change]
    return words + ["--traffic", workload, "--outstanding", outstanding]


def run(program, row, file, changes):
    words = [program] + command(file, changes, row["workload"], row["outstanding"]) + ["--json"]
    words += ["--requests", row["requests"]]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("%s\n%s" % (" ".join(words), done.stderr))
    return json.loads(done.stdout)


def percent(ours, theirs):
    return "%+.1f" % (100.0 * (ours / theirs - 1.0)) if theirs > 0 else "-"


def table(rows):
    text = "| workload | outstanding | peer GB/s | ours | % | peer mean ns | ours | % | peer p50 ns | ours |\n"
    text += "|---|---|---|---|---|---|---|---|---|---|\n"
    for row, ours in rows:
        peer = {key: float(row[key]) for key in ("gbyte_per_s", "latency_mean_ns", "latency_p50_ns")}
        text += "| %s | %s | %.3f | %.3f | %s | %.1f | %.1f | %s | %.2f | %.2f |\n" % (
            row["workload"], row["outstanding"],
            peer["gbyte_per_s"], ours["gbyte_per_s"], percent(ours["gbyte_per_s"], peer["gbyte_per_s"]),
            peer["latency_mean_ns"], ours["latency_mean_ns"],
            percent(ours["latency_mean_ns"], peer["latency_mean_ns"]),
            peer["latency_p50_ns"], ours["latency_p50_ns"])
    return text


def verdicts(groups):
    """How many rows of each kind are within the target that the reference sets for it."""
    kinds = OrderedDict()

    def count(kind, good):
        seen = kinds.setdefault(kind, [0, 0])
        seen[0] += good
        seen[1] += 1

    for (_, file, _), rows in groups.items():
        for row, ours in rows:
            def close(key, share):
                return abs(ours[key] / float(row[key]) - 1.0) <= share
            work, one = row["workload"], row["outstanding"] == "1"
            if work in ("c2_rowhit", "c3_conflict") and one:
                clock = ours["clock_ns"]
                good = abs(ours["latency_p50_ns"] - float(row["latency_p50_ns"])) <= 1.01 * clock
                count("median latency of a hit and of a conflict, one outstanding: within one clock", good)
            elif work == "c1_rand":
                count("mean latency of random reads, one outstanding: within 2 %", close("latency_mean_ns", 0.02))
            elif work == "a_seq":
                count("bandwidth of sequential reads: within 2 %", close("gbyte_per_s", 0.02))
            elif work == "b_rand" and row["outstanding"] == "16":
                count("bandwidth of random reads, 16 outstanding: within 4 %", close("gbyte_per_s", 0.04))
            elif work == "b_rand":
                count("bandwidth of random reads, saturated: within 4 %", close("gbyte_per_s", 0.04))
            else:
                count("bandwidth of streams and mixes: within 15 %", close("gbyte_per_s", 0.15))
    text = "| what, and how close it is to be | rows within | of |\n|---|---|---|\n"
    for kind, (good, all_of) in kinds.items():
        text += "| %s | %d | %d |\n" % (kind, good, all_of)
    return text


FABRIC_PAGE = "docs/validation-fabric.md"
FABRIC_HEAD = "## The fabric beside BookSim 2\n"
MEMORY_HEAD = "## The memory channel beside Ramulator and DRAMSys\n"


def fabric():
    """The rows of the fabric's page counted against their targets, and the curves of 8 flits on 4x4."""
    kinds, curves = OrderedDict(), []

    def count(kind, good):
        seen = kinds.setdefault(kind, [0, 0])
        seen[0] += good
        seen[1] += 1

    def pair(cell):
        return [float(number) for number in cell.split("/")]

    with open(FABRIC_PAGE) as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) != 11 or cells[1] not in ("2x2", "3x3", "4x4"):
                continue
            zero, saturation, accepted = (pair(cell) for cell in cells[4:7])
            count("zero-load latency: within 2 %", abs(zero[0] / zero[1] - 1.0) <= 0.02)
            count("saturation: within 5 %", abs(saturation[0] / saturation[1] - 1.0) <= 0.05)
            count("accepted when 1.0 is offered: within 5 %", abs(accepted[0] / accepted[1] - 1.0) <= 0.05)
            for share, cell in zip((10, 30, 50, 70), cells[7:]):
                count("latency at %d %% of saturation: within 10 %%" % share, abs(float(cell)) <= 10.0)
            if cells[1] == "4x4" and cells[3] == "8":
                curves.append(cells[0:1] + cells[2:3] + cells[4:])
    text = FABRIC_HEAD + """
Counted from the table in [validation-fabric.md](validation-fabric.md), which has the settings, the commands and every
row; `tests/reference/fabric_booksim.cpp` holds all of them.

| what, and how close it is to be | rows within | of |
|---|---|---|
"""
    for kind, (good, all_of) in kinds.items():
        text += "| %s | %d | %d |\n" % (kind, good, all_of)
    text += """
4x4 with 8 flits per packet: cycles, flits per die and cycle, and what our latency differs at a share of saturation.

| set | traffic | zero load, ours / BookSim | saturation | accepted when 1.0 is offered | 10 %, in % | 30 % | 50 % | 70 % |
|---|---|---|---|---|---|---|---|---|
"""
    for cells in curves:
        text += "| %s |\n" % " | ".join(cells)
    return text + "\n"


def rewrite_fabric(output):
    """Puts the present fabric section into the page, and leaves the measured memory rows as they are."""
    with open(output) as file:
        old = file.read()
    begin, end = old.index(FABRIC_HEAD), old.index(MEMORY_HEAD)
    with open(output, "w") as file:
        file.write(old[:begin] + fabric() + old[end:])


def page(groups, skipped):
    text = """# Validation: fabric and memory beside other simulators

<!-- Written by tests/bench/validation.py; do not edit. -->

""" + fabric() + MEMORY_HEAD + """
Each table puts one configuration of another simulator beside the same configuration here: device timings, address
map, queue and refresh of the peer (`platforms/memories/peers`; comments there say what the peer has that JEDEC has
not), the same requests in the same order. The peers are Ramulator 2.1 (commit c5b1c3a) and DRAMSys 5.5 (commit
2107966). Requests are 64 bytes, all offered from time 0; *saturated*: one more each clock, as long as the queue takes
it. Latency runs from acceptance to the last data; bandwidth is bytes by the time of the last data. Neither peer has
controller or PHY delay, so it is switched off in these files.

Workloads: `a_seq` sequential reads, `b_rand` and `c1_rand` uniform random reads, `c2_rowhit` one address, `c3_conflict`
two rows of one bank in turn, `d_mix` sequential with half of it writes, `e_4K_x2` two streams through blocks of 4 KB at
random places, in turn every 64 bytes.

Where they differ by more than 2 %, one cause is known: DRAMSys at this commit couples the pseudo channels of different
stacks through tCCDR (`dramsys_hbm2_*`), which is a mistake and is not repeated here. Where the queue decides, streams
with aligned blocks (`e_64K_x4`) depend on the order in which a controller looks at banks.

To run one row again, append the row's workload and number:
`moesaic memory-bench FILE ... --traffic WORKLOAD --outstanding N`.

### How close

"""
    text += verdicts(groups)
    device = None
    for (simulator, file, changes), rows in groups.items():
        name = os.path.basename(file)[:-5]
        if name != device:
            text += "\n### %s\n" % name
            device = name
        text += "\n%s: `%s`\n\n" % (simulator, " ".join(["moesaic", "memory-bench", file] +
                                                       ["--set " + c for c in changes]))
        text += table(rows)
    if skipped:
        text += "\n### Not compared\n\n"
        for what, count in skipped.items():
            text += "* %s: %d runs\n" % (what, count)
        text += ("\nDRAMsim3 has a transaction queue in front of command queues per bank, which is none of the queue\n"
                 "layouts here, and its configuration file is not part of the reference data.\n")
    return text


def clock_of(program, file):
    """Period of the clock of a device, ns: from the memory file and its bases."""
    path = file
    while True:
        text = open(path).read()
        found = re.search(r"^  clock_period_fs: (\d+)", text, re.M)
        if found:
            return int(found.group(1)) / 1e6
        path = "platforms/memories/%s.yaml" % re.search(r"^base: (\S+)", text, re.M).group(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/bin/moesaic")
    parser.add_argument("--reference", help="folder of dram_measured.csv")
    parser.add_argument("--fabric", action="store_true", help="only the section of the fabric, from its own page")
    parser.add_argument("--only", default="", help="only configurations whose file name contains this")
    parser.add_argument("--output", default="docs/validation.md")
    options = parser.parse_args()
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    if options.fabric:
        options.output = os.path.abspath(options.output)
        os.chdir(root)
        return rewrite_fabric(options.output)
    if not options.program or not options.reference:
        parser.error("--program and --reference are needed")
    options.program = os.path.abspath(options.program)
    reference = os.path.abspath(options.reference)
    output = os.path.abspath(options.output)
    os.chdir(root)
    groups, skipped = OrderedDict(), OrderedDict()
    with open(os.path.join(reference, "dram_measured.csv")) as file:
        for row in csv.DictReader(file):
            known = configuration(row)
            if known is None:
                what = "%s, %s" % (row["simulator"], row["device"])
                skipped[what] = skipped.get(what, 0) + 1
            elif options.only in known[0]:
                groups.setdefault((row["simulator"], known[0], tuple(known[1])), []).append(row)
    groups = OrderedDict(sorted(groups.items(), key=lambda item: (item[0][1], len(item[0][2]), item[0][2])))

    def measure(job):
        (_, file, changes), row = job
        ours = run(options.program, row, file, changes)
        ours["clock_ns"] = clock_of(options.program, file)
        return ours

    jobs = [(key, row) for key, rows in groups.items() for row in rows]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = dict(zip(map(id, (row for _, row in jobs)), pool.map(measure, jobs)))
    for key, rows in groups.items():
        def rank(row):
            known = ORDER.index(row["workload"]) if row["workload"] in ORDER else len(ORDER)
            return known, row["workload"], row["outstanding"] == "saturated", row["outstanding"]
        groups[key] = [(row, results[id(row)]) for row in sorted(rows, key=rank)]
    with open(output, "w") as file:
        file.write(page(groups, skipped))
    print("%s: %d rows" % (output, len(jobs)))


if __name__ == "__main__":
    main()

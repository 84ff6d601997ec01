// SPDX-License-Identifier: Apache-2.0
// Sweeps as a user starts them: what is done is done, whatever ends the program.
#include "tests/catch.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/scratch.h"

using namespace moesaic::test;

namespace {

std::multiset<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::multiset<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

/// 1 + `tokens` lines when all of it is in the store.
void write_sweep(const Scratch& scratch, int tokens) {
  std::ofstream file(scratch / "s.yaml");
  file << "name: s\nexperiment: tiny\naxes:\n  - key: workload.tokens\n    values: [";
  for (int t = 1; t <= tokens; ++t) file << (t > 1 ? ", " : "") << t;
  file << "]\n";
}

}  // namespace

TEST_CASE("a sweep that is killed goes on where it was, and repeats nothing") {
  const Scratch scratch;
  write_sweep(scratch, 16);
  // 1. Kill it as soon as some runs are in the store.
  const Answer killed = scratch.shell(MOESAIC_PROGRAM
                                      " sweep s.yaml --jobs 1 >/dev/null 2>&1 & pid=$!; "
                                      "while [ $(" MOESAIC_PROGRAM
                                      " runs --csv 2>/dev/null | wc -l) -lt 3 ]; do sleep 0.01; done; "
                                      "kill -9 $pid; wait $pid 2>/dev/null; " MOESAIC_PROGRAM " runs --csv");
  const auto before = lines_of(killed.out);
  REQUIRE(before.size() >= 3);
  REQUIRE(before.size() < 17);
  // 2. Start again. Wall times in the rows tell that none was run twice.
  const Answer whole = scratch.run("sweep s.yaml --jobs 2");
  INFO(whole.out << whole.err);
  REQUIRE(whole.code == 0);
  CHECK(has(whole.out, "16 points, 16 runs"));
  const auto after = lines_of(scratch.run("runs --csv").out);
  CHECK(after.size() == 17);
  CHECK(std::includes(after.begin(), after.end(), before.begin(), before.end()));
  // 3. A third start finds everything, and writes the same.
  const std::string table = file_text(scratch / "results/s/sweep.csv");
  CHECK(scratch.run("sweep s.yaml").code == 0);
  CHECK(lines_of(scratch.run("runs --csv").out) == after);
  CHECK(file_text(scratch / "results/s/sweep.csv") == table);
}

TEST_CASE("a point that is refused does not hide the others") {
  const Scratch scratch;
  std::ofstream(scratch / "s.yaml")
      << "name: s\nexperiment: tiny\nset: {model.hidden: 1024, run.functional: false}\naxes:\n"
         "  - {key: package.chiplet.sram.size_bytes, values: [4KiB, 1MiB]}\n";
  const Answer answer = scratch.run("sweep s.yaml");
  INFO(answer.out << answer.err);
  CHECK(answer.code == 1);
  CHECK(has(answer.out, "refused"));
  CHECK(has(answer.err, "are too few for image ep"));
  CHECK(lines_of(scratch.run("runs --csv").out).size() == 2);
  // One run of the store, by the beginning of its key.
  const std::string rows = scratch.run("runs --csv").out;
  const std::string key = rows.substr(rows.find('\n') + 1, 10);
  CHECK(has(scratch.run("runs " + key).out, "\"distance_to_bound\""));
  CHECK(has(scratch.run("runs " + key + " --configuration").out, "size_bytes: 1 MiB"));
  CHECK(has(scratch.run("runs nokey").err, "no run has a key that begins with nokey"));
}

TEST_CASE("mistakes around the store end with exit code 2") {
  const Scratch scratch;
  write_sweep(scratch, 1);
  std::ofstream(scratch / "bad.db") << std::string(4096, '?');
  CHECK(scratch.run("sweep s.yaml --store bad.db").code == 2);
  CHECK(has(scratch.run("sweep s.yaml --store bad.db").err,
            "bad.db: error: this is not a store, or it is damaged"));
  CHECK(has(scratch.run("runs").err, "there is no such store"));
  CHECK(scratch.run("sweep none.yaml").code == 2);
}

TEST_CASE("several seeds give a mean and its confidence") {
  const Scratch scratch;
  const Answer answer = scratch.run("run tiny --seeds 3 --firmware ep --firmware fse_dp");
  INFO(answer.out << answer.err);
  REQUIRE(answer.code == 0);
  CHECK(has(answer.out, "3 seeds from 1"));
  CHECK(has(answer.out, " us +- "));
  CHECK(has(answer.out, "95 % confidence over seeds"));
}

TEST_CASE(
    "a reproduction puts the paper's claims beside what was measured, in tables, CSV and a page of its own") {
  const Scratch scratch;
  std::ofstream(scratch / "paper.yaml") << R"(name: paper
title: "A <paper>"
source: nobody
experiment: tiny
claims:
  - {claim: "b is faster than a", paper: "1.5", source: "page 1", measure: speed, of: b, over: a, fair: main}
parts:
  - name: main
    title: Main
    seeds: 2
    axes:
      - {name: tokens, key: workload.tokens, values: [4, 8, 16], quick: [4, 8]}
      - name: system
        variants:
          - {name: a, set: {firmware.image: ep, firmware.options.prefetch: 1}}
          - {name: b, set: {firmware.image: ep}}
  - name: late
    title: Late
    quick: false
    axes:
      - {name: tokens, key: workload.tokens, values: [4]}
)";
  // 1. The quick half.
  const Answer quick = scratch.run("reproduce paper.yaml --quick");
  INFO(quick.out << quick.err);
  REQUIRE(quick.code == 0);
  CHECK(has(quick.out, "| b is faster than a | 1.5 | page 1 | not run | "));
  CHECK(has(quick.out, "(2 cells) |"));
  CHECK(has(quick.out, "how many times faster than a"));
  CHECK_FALSE(has(quick.out, "### Late"));
  const std::string csv = file_text(scratch / "results/paper-quick/main.csv");
  CHECK(lines_of(csv).size() == 5);
  CHECK(has(csv, "tokens,system,outcome,seeds,"));
  const std::string page = file_text(scratch / "results/paper-quick/index.html");
  CHECK(has(page, "A &lt;paper&gt;"));
  CHECK((has(page, "<svg") || has(page, "gnuplot is not installed")));
  CHECK_FALSE(has(page, "src=\"http"));
  // 2. The whole takes what is there, and the same again writes the same.
  REQUIRE(scratch.run("reproduce paper.yaml").code == 0);
  CHECK(lines_of(scratch.run("runs --csv").out).size() == 1 + 4 + 6 + 2);
  REQUIRE(scratch.run("reproduce paper.yaml --quick --out again --jobs 1").code == 0);
  CHECK(file_text(scratch / "again/index.html") == page);
  CHECK(file_text(scratch / "again/main.csv") == csv);
}

TEST_CASE("mistakes in the file of a reproduction have their place") {
  const Scratch scratch;
  std::ofstream(scratch / "bad.yaml") << R"(name: bad
title: bad
source: nobody
experiment: tiny
claims:
  - {claim: x, paper: x, source: x, measure: beauty, of: c, over: a, fair: main}
parts:
  - name: main
    title: Main
    reference: z
    axes:
      - {name: tokens, values: [4]}
      - {name: system, key: workload.tokens, values: [4], quick: [5]}
)";
  const Answer answer = scratch.run("reproduce bad.yaml");
  CHECK(answer.code == 2);
  for (const char* what :
       {"bad.yaml:6:", "expected one of speed or memory", "c is not allowed", "z is not allowed",
        "5 is not allowed", "bad.yaml:12:", "the axis is not complete"})
    CHECK(has(answer.err, what));
}

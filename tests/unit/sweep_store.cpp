// SPDX-License-Identifier: Apache-2.0
// Where many runs go: the store, the key of a run, the pool of processes, what several seeds say.
#include "tests/catch.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <csignal>

#include "sc_main/sweep/csv.h"
#include "sc_main/sweep/pool.h"
#include "sc_main/sweep/runner.h"
#include "sc_main/sweep/statistics.h"
#include "sc_main/sweep/sweep_file.h"
#include "tests/support/child.h"
#include "tests/unit/config_folder.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

StoredRun row(const std::string& key, std::uint64_t makespan) {
  StoredRun run;
  run.key = key;
  run.status = "ok";
  run.label = "ep, with 'quotes' and \"more\"";
  run.tokens = 16;
  run.seed = std::numeric_limits<std::uint64_t>::max();
  run.makespan_fs = makespan;
  run.tokens_per_s = 0.1;
  run.results = "{\"a\": [1]}\n";
  return run;
}

std::string refusal(const std::string& file) {
  try {
    const Store store(file, 20);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

sqlite3* open(const std::string& file, const char* sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  return db;
}

Experiment tiny(const std::vector<Override>& overrides = {}) {
  std::vector<Override> all{{"firmware.image", product_image("ep")}};
  all.insert(all.end(), overrides.begin(), overrides.end());
  return load_experiment("tiny", all);
}

}  // namespace

TEST_CASE("a store gives back what was put, to every process that opens it", "[sweep]") {
  const Folder folder;
  const std::string file = folder.absolute("deep/er/runs.db");
  {
    Store store(file);
    CHECK_FALSE(store.find("a"));
    store.put(row("a", 1));
    store.put(row("b", 2));
    store.put(row("a", 3));
    Store second(file);
    second.put(row("c", 4));
  }
  const Store store(file);
  const StoredRun found = store.find("a").value();
  CHECK(found.makespan_fs == 3);
  CHECK(found.label == row("", 0).label);
  CHECK(found.seed == row("", 0).seed);
  CHECK(found.results == "{\"a\": [1]}\n");
  CHECK(store.list().size() == 3);
  CHECK(store.find("c"));
}

TEST_CASE("a file that is no store, is damaged or is locked is refused with a remedy", "[sweep]") {
  const Folder folder;
  folder.write("text.db", std::string(5000, 'x'));
  CHECK(refusal(folder.absolute("text.db")).find("not a store, or it is damaged") != std::string::npos);

  const std::string foreign = folder.absolute("foreign.db");
  sqlite3_close(open(foreign, "CREATE TABLE songs (name TEXT)"));
  CHECK(refusal(foreign).find("a database of another program") != std::string::npos);

  const std::string file = folder.absolute("runs.db");
  { Store{file}; }
  sqlite3_close(open(file, "PRAGMA user_version = 99"));
  CHECK(refusal(file).find("has version 99, the program reads 1") != std::string::npos);
  sqlite3* db = open(file, "PRAGMA user_version = 1; BEGIN EXCLUSIVE");
  CHECK(refusal(file).find("another process has locked the store") != std::string::npos);
  sqlite3_close(db);
  CHECK(refusal(file).empty());

  CHECK(refusal("/proc/no/runs.db").find("cannot be opened for writing") != std::string::npos);
}

TEST_CASE("a full disk is said, and the rows before it stay", "[sweep]") {
  const Folder folder;
  const std::string file = folder.absolute("runs.db");
  Store store(file);
  store.put(row("a", 1));
  // No file may grow any more.
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{std::filesystem::file_size(file), RLIM_INFINITY};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  StoredRun large = row("b", 2);
  large.results.assign(1 << 20, 'r');
  std::string said;
  try {
    store.put(large);
  } catch (const UserError& error) {
    said = error.what();
  }
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &unlimited) == 0);
  CHECK(said.find("the disk is full") != std::string::npos);
  CHECK(store.find("a"));
  CHECK_FALSE(store.find("b"));
}

TEST_CASE("the key of a run changes with everything its result depends on", "[sweep]") {
  const Folder folder;
  const std::string key = run_key(tiny());
  CHECK(key.size() == 32);
  CHECK(run_key(tiny()) == key);
  CHECK(run_key(tiny({{"run.seed", "2"}})) != key);
  CHECK(run_key(tiny({{"package.chiplet.sram.size_bytes", "8MiB"}})) != key);
  CHECK(run_key(tiny({{"firmware.options.prefetch", "1"}})) != key);
  CHECK(run_key(tiny({{"firmware.image", product_image("fse_dp")}})) != key);
  const std::string trace = folder.absolute("t.csv");
  const auto with_trace = [&](const char* row) {
    folder.write("t.csv", std::string("layer,token,expert_1,expert_2\n0,0,") + row);
    return run_key(tiny({{"workload.routing", trace}, {"workload.tokens", "0"}, {"workload.layers", "1"}}));
  };
  // The contents of a file are remembered for the life of a process: children ask.
  const auto hash = [&](const char* text) {
    return numbers_from_child(
        [&] { return std::vector<std::uint64_t>{std::stoull(with_trace(text).substr(0, 15), nullptr, 16)}; });
  };
  CHECK(hash("1,2\n") == hash("1,2\n"));
  CHECK(hash("1,2\n") != hash("1,3\n"));
}

TEST_CASE("a pool runs every item once, at most as many at a time as allowed, and survives those that do not",
          "[sweep]") {
  std::vector<std::string> texts(7);
  std::vector<int> codes(7);
  run_pool(
      7, 3, "item",
      [](std::size_t item, std::string& text) {
        if (item == 5) raise(SIGKILL);
        text = std::string(100'000, static_cast<char>('a' + item));
        fmt::print(stderr, "item {}\n", item);
        return static_cast<int>(item == 2);
      },
      [&](std::size_t item, const PoolResult& result) {
        texts[item] += result.text;
        codes[item] = result.code;
        if (item != 5) CHECK(result.said == fmt::format("item {}\n", item));
      });
  for (std::size_t item = 0; item < 7; ++item) {
    if (item != 5) CHECK(texts[item] == std::string(100'000, static_cast<char>('a' + item)));
    CHECK(codes[item] == (item == 5 ? 70 : item == 2 ? 1 : 0));
  }
  CHECK(texts[5].empty());
}

TEST_CASE("the confidence of a mean is Student's", "[sweep]") {
  const Spread spread = spread_of({1.0, 2.0, 3.0});
  CHECK(spread.mean == Approx(2.0));
  CHECK(spread.half_width == Approx(4.303 / std::sqrt(3.0)));
  CHECK(spread_of({5.0}).half_width == 0.0);
  CHECK(spread_of({}).samples == 0);
  CHECK(spread_of(std::vector<double>(100, 7.0)).half_width < 1e-9);
}

TEST_CASE("cells of CSV are quoted where they must be", "[sweep]") {
  CHECK(csv_line({"a", "b,c", "d\"e", ""}) == "a,\"b,c\",\"d\"\"e\",\n");
}

TEST_CASE("a sweep has every combination of its axes, each with its seeds", "[sweep]") {
  const Folder folder;
  const Library library = Library::find();
  folder.write("s.yaml",
               "name: s\nexperiment: tiny\nset: {workload.layers: 1}\naxes:\n"
               "  - {key: workload.tokens, values: [4, 8, 12]}\n"
               "  - name: order\n    variants:\n      - {name: a, set: {firmware.options.prefetch: 1}}\n"
               "      - {name: b, set: {firmware.image: fse_dp}}\nseeds: 2\n");
  const SweepParams sweep = load_sweep(folder.absolute("s.yaml"), library);
  const std::vector<SweepPoint> points = expand_sweep(sweep, library);
  REQUIRE(points.size() == 6);
  CHECK(points[3].values == std::vector<std::string>{"8", "b"});
  REQUIRE(points[3].by_seed.size() == 2);
  CHECK(points[3].by_seed[1].workload.tokens == 8);
  CHECK(points[3].by_seed[1].workload.layers == 1);
  CHECK(points[3].by_seed[1].firmware.image == "fse_dp");
  CHECK(points[3].by_seed[1].run.seed == points[3].by_seed[0].run.seed + 1);

  const auto mistake = [&](const std::string& axes) {
    folder.write("bad.yaml", "name: s\nexperiment: tiny\naxes:\n" + axes);
    try {
      expand_sweep(load_sweep(folder.absolute("bad.yaml"), library), library);
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(mistake("  - {key: workload.tokens}\n").find("expected key and values, or name and variants") !=
        std::string::npos);
  CHECK(mistake("  - {keys: workload.tokens}\n").find("unknown key") != std::string::npos);
  CHECK(mistake("  - {key: workload.tokns, values: [1]}\n").find("at workload.tokns=1") != std::string::npos);
}

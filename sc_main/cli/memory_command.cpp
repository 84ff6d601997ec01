// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/memory_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sc_main/config/experiment.h"
#include "sc_main/memory/bench_report.h"
#include "sc_main/memory/memspec.h"
#include "sc_main/memory/traffic.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

constexpr std::uint64_t kMostRequests = 50'000'000, kMostBytes = 1 << 20;

/// A whole number from the command line.
std::uint64_t whole(const char* option, const std::string& text, std::uint64_t least, std::uint64_t most) {
  const bool digits = !text.empty() && text.size() < 19 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const std::uint64_t value = digits ? std::stoull(text) : 0;
  if (!digits || value < least || value > most)
    throw UserError(
        fmt::format("command line: error: {} {}: not allowed\n  expected a whole number from {} to {}",
                    option, text, least, most));
  return value;
}

std::vector<Override> overrides_of(const std::vector<std::string>& sets) {
  std::vector<Override> all;
  for (const std::string& set : sets) {
    const std::size_t equals = set.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UserError(fmt::format(
          "command line: error: --set {}: a value is missing\n  expected --set KEY=VALUE, such as "
          "controller.page_policy=closed",
          set));
    all.emplace_back(set.substr(0, equals), set.substr(equals + 1));
  }
  return all;
}

}  // namespace

int memory_bench_command(const MemoryBenchLine& line) {
  // 1. What is asked for; every mistake ends here.
  const MemoryParams params = load_memory(line.device, Library::find(), overrides_of(line.sets));
  BenchOptions options;
  if (line.outstanding != "saturated")
    options.outstanding = static_cast<unsigned>(whole("--outstanding", line.outstanding, 1, 1'000'000));
  TrafficChoice choice;
  choice.name = line.traffic;
  if (!line.requests.empty()) choice.requests = whole("--requests", line.requests, 1, kMostRequests);
  if (!line.size.empty()) choice.size = static_cast<std::uint32_t>(whole("--size", line.size, 1, kMostBytes));
  if (!line.seed.empty()) choice.seed = whole("--seed", line.seed, 1, 1'000'000'000'000'000);
  const TrafficSource source =
      make_traffic(choice, params.organisation.channel_bytes(), params.timing.clock_period_fs);
  // 2. The requests, and the channel alone.
  std::vector<BenchRequest> requests;
  for (TrafficRequest r; source(r);) requests.push_back({r.address, r.size, r.write, r.at});
  BenchReport report = bench_report(params, run_channel_bench(params, requests, options));
  // 3. What it gave.
  report.traffic = std::filesystem::path(line.traffic).filename().string();
  report.outstanding =
      options.outstanding == 0 ? "saturated" : fmt::format("{} outstanding", options.outstanding);
  fmt::print("{}", line.json ? bench_json(report) : bench_text(report));
  return kExitOk;
}

int import_memspec_command(const std::string& file) {
  const ImportedMemspec imported = read_memspec(file);
  fmt::print("{}", memspec_yaml(imported, std::filesystem::path(file).filename().string()));
  return kExitOk;
}

}  // namespace moesaic

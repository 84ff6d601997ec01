// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <fstream>
#include <sstream>
#include <thread>

#include "sc_main/cli/record_choice.h"
#include "sc_main/cli/run_command.h"
#include "sc_main/report/comparison.h"
#include "sc_main/report/output_folder.h"
#include "sc_main/run/guard.h"
#include "sc_main/run/image_loader.h"
#include "sc_main/sweep/child_process.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

struct Run {
  std::filesystem::path folder;
  int code = 0;
  std::string said;
};

/// A folder for each, none of them twice.
std::vector<Run> plan(const std::vector<Chosen>& chosen, const std::filesystem::path& folder) {
  std::vector<Run> runs;
  for (const Chosen& c : chosen) {
    std::string name = folder_name(c.label);
    const auto same = std::count_if(runs.begin(), runs.end(), [&](const Run& run) {
      const std::string other = run.folder.filename().string();
      return other == name || other.rfind(name + "_", 0) == 0;
    });
    if (same > 0) name += fmt::format("_{}", same + 1);
    runs.push_back({folder / name, 0, ""});
  }
  return runs;
}

/// Mistakes of any of them are found before the first one runs.
void check_images(const std::vector<Chosen>& chosen) {
  for (const Chosen& c : chosen) {
    Image::load(c.experiment);
  }
}

void run_all(const std::vector<Chosen>& chosen, const Library& library, const Output& output,
             std::vector<Run>& runs) {
  Output quiet = output;
  quiet.quiet = true;
  quiet.json = false;
  const std::size_t at_once = std::max(1u, std::thread::hardware_concurrency());
  std::deque<std::pair<std::size_t, ChildProcess>> running;
  const auto reap = [&] {
    Run& run = runs[running.front().first];
    run.code = running.front().second.wait();
    run.said = running.front().second.said();
    running.pop_front();
  };
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (running.size() == at_once) reap();
    running.emplace_back(
        i, ChildProcess([&chosen, &library, &runs, &quiet, i] {
          const Output mine = with_image_name(quiet, runs[i].folder.filename().string());
          return guarded([&] { return run_one(chosen[i].experiment, library, runs[i].folder, mine); });
        }));
  }
  while (!running.empty()) reap();
}

/// The gravest: a bug, then a mistake, a hang, a failed check.
int worst(const std::vector<Run>& runs) {
  static constexpr std::array<int, 4> kGravestFirst{kExitPanic, kExitUserError, kExitHang, kExitRunFailed};
  for (const int code : kGravestFirst) {
    if (std::any_of(runs.begin(), runs.end(), [code](const Run& run) { return run.code == code; }))
      return code;
  }
  return kExitOk;
}

std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

int run_several(const std::vector<Chosen>& chosen, const Library& library,
                const std::filesystem::path& folder, const Output& output) {
  // 1. Everything that can be wrong before a run.
  check_images(chosen);
  const OutputFolder files(folder);
  std::vector<Run> runs = plan(chosen, folder);
  for (const Run& run : runs) {
    const RecordOptions record = record_options(with_image_name(output, run.folder.filename().string()));
    if (record.any()) Recorder{record};
  }
  // 2. One process each.
  run_all(chosen, library, output, runs);
  std::vector<ComparedRun> compared;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].said.empty()) fmt::print(stderr, "{}: {}", chosen[i].label, runs[i].said);
    const bool finished =
        runs[i].code == kExitOk || runs[i].code == kExitRunFailed || runs[i].code == kExitHang;
    if (finished) compared.push_back({chosen[i].label, file_text(runs[i].folder / "results.json")});
  }
  // 3. Side by side.
  if (compared.empty()) return worst(runs);
  const std::string text = comparison_text(compared);
  files.write("comparison.txt", text);
  files.write("comparison.json", comparison_json(compared));
  if (output.json) {
    fmt::print("{}", comparison_json(compared));
  } else if (!output.quiet) {
    fmt::print("{}\nWritten to {}\n", text, folder.string());
  }
  return worst(runs);
}

}  // namespace moesaic

// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/record_choice.h"

#include <fmt/format.h>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

std::string insert(const std::string& file, const std::string& image) {
  if (file.empty()) return file;
  const std::filesystem::path path(file);
  const std::string name = path.stem().string() + "-" + image + path.extension().string();
  return (path.parent_path() / name).string();
}

}  // namespace

RecordOptions record_options(const Output& output) {
  RecordOptions options;
  options.timeline = output.timeline;
  if (output.vcd.empty()) return options;
  options.vcd.emplace();
  options.vcd->file = output.vcd;
  options.vcd->scopes = output.vcd_scopes;
  if (!output.vcd_window.empty())
    std::tie(options.vcd->from, options.vcd->to) = parse_window(output.vcd_window);
  if (options.timeline.lexically_normal() == options.vcd->file.lexically_normal()) {
    throw UserError(fmt::format(
        "command line: error: --vcd and --timeline both name {}\n  expected two files", output.vcd));
  }
  return options;
}

Output with_image_name(Output output, const std::string& image) {
  output.vcd = insert(output.vcd, image);
  output.timeline = insert(output.timeline, image);
  return output;
}

}  // namespace moesaic

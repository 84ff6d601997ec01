// SPDX-License-Identifier: Apache-2.0
// The rooms of the house: who may include whom, the first line of every file, and images without globals.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace moesaic {
namespace {

namespace fs = std::filesystem;

const fs::path& root() {
  static const fs::path path(MOESAIC_SOURCE_DIR);
  return path;
}

bool starts_with(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}
bool is_one_of(const std::string& text, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& p) { return starts_with(text, p); });
}

// What files below a folder may include, by prefix of the included path. The first folder that fits counts.
struct Room {
  std::string folder;
  std::vector<std::string> may_include;
};
const std::vector<Room>& rooms() {
  static const std::vector<Room> all{
      {"tlm/", {"tlm/"}},
      {"hw/control/", {"tlm/", "hw/", "firmware/sdk/"}},
      {"hw/", {"tlm/", "hw/"}},
      {"sc_main/run/", {"tlm/", "hw/", "sc_main/", "firmware/sdk/"}},
      {"sc_main/workload/", {"tlm/", "hw/", "sc_main/", "firmware/sdk/"}},
      {"sc_main/", {"tlm/", "hw/", "sc_main/"}},
      {"firmware/sdk/", {"firmware/sdk/"}},
      {"firmware/lib/", {"firmware/sdk/", "firmware/lib/"}},
      {"firmware/images/", {"firmware/sdk/", "firmware/lib/", "firmware/image.h", "ITSELF"}},
      {"firmware/template/", {"firmware/sdk/", "firmware/lib/", "firmware/image.h"}},
      {"firmware/image.h", {"firmware/sdk/"}},
      {"tests/images/", {"firmware/sdk/", "firmware/lib/", "ITSELF"}},
      {"tests/", {"tlm/", "hw/", "sc_main/", "firmware/", "tests/"}},
  };
  return all;
}

// `file` and `included` are paths from the root of the sources; `included` is empty for a system header.
bool allowed(const std::string& file, const std::string& included) {
  for (const Room& room : rooms()) {
    if (!starts_with(file, room.folder)) continue;
    if (is_one_of(included, room.may_include)) return true;
    const std::size_t image = file.find('/', room.folder.size());
    return room.may_include.back() == "ITSELF" && image != std::string::npos &&
           starts_with(included, file.substr(0, image + 1));
  }
  return false;  // a folder nobody has planned
}

// Images and their SDK know no simulator.
bool allowed_system(const std::string& file, const std::string& header) {
  static const std::regex simulator("systemc(\\.h)?|sysc/.*|tlm(\\.h)?|tlm_.*");
  const bool image = starts_with(file, "firmware/") || starts_with(file, "tests/images/");
  return !image || !std::regex_match(header, simulator);
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// All files of the rooms with one of these endings, as paths from the root, sorted.
std::vector<std::string> files(const std::vector<std::string>& folders,
                               const std::vector<std::string>& endings) {
  std::vector<std::string> found;
  for (const std::string& folder : folders) {
    if (!fs::exists(root() / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root() / folder)) {
      const std::string ending = entry.path().extension().string();
      if (entry.is_regular_file() && std::count(endings.begin(), endings.end(), ending) > 0)
        found.push_back(fs::relative(entry.path(), root()).generic_string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}
std::vector<std::string> sources() {
  return files({"tlm", "hw", "firmware", "sc_main", "tests"}, {".h", ".cpp", ".hpp", ".c", ".cc"});
}

// The file that an #include "..." means: beside the including file, or from the root. firmware/ is installed
// as include/moesaic/, and may be included by that name.
std::string resolve(const std::string& file, const std::string& included) {
  if (starts_with(included, "moesaic/")) return "firmware/" + included.substr(8);
  const fs::path beside = (fs::path(file).parent_path() / included).lexically_normal();
  return fs::exists(root() / beside) ? beside.generic_string() : included;
}

// What is wrong with the includes of one file, given its lines.
std::vector<std::string> offences(const std::string& file, const std::vector<std::string>& lines) {
  static const std::regex include("\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"].*");
  std::vector<std::string> found;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (!std::regex_match(lines[i], match, include)) continue;
    const std::string header = match[2];
    const bool ok = match[1] == "<" ? allowed_system(file, header) : allowed(file, resolve(file, header));
    if (!ok) found.push_back(file + ":" + std::to_string(i + 1) + " may not include " + header);
  }
  return found;
}

std::string joined(const std::vector<std::string>& lines) {
  std::ostringstream out;
  for (const std::string& line : lines) out << line << "\n";
  return out.str();
}

}  // namespace

TEST_CASE("the include rule says what the plan of the house says") {
  CHECK(allowed("tlm/ports.cpp", "tlm/tick.h"));
  CHECK_FALSE(allowed("tlm/ports.cpp", "hw/context.h"));
  CHECK(allowed("hw/dma/dma_engine.h", "tlm/ports.h"));
  CHECK(allowed("hw/dma/dma_engine.h", "hw/memory/params.h"));
  CHECK_FALSE(allowed("hw/dma/dma_engine.h", "firmware/sdk/descriptors.h"));
  CHECK_FALSE(allowed("hw/dma/dma_engine.h", "sc_main/run/run.h"));
  CHECK(allowed("hw/control/decoder.cpp", "firmware/sdk/descriptors.h"));
  CHECK_FALSE(allowed("hw/control/decoder.cpp", "firmware/lib/placement.h"));
  CHECK(allowed("sc_main/run/run.cpp", "firmware/sdk/abi.h"));
  CHECK(allowed("sc_main/workload/model.cpp", "firmware/sdk/abi.h"));
  CHECK_FALSE(allowed("sc_main/report/html.cpp", "firmware/sdk/abi.h"));
  CHECK_FALSE(allowed("sc_main/cli/show.cpp", "firmware/sdk/registers.h"));
  CHECK_FALSE(allowed("firmware/sdk/abi.h", "firmware/lib/placement.h"));
  CHECK(allowed("firmware/lib/placement.h", "firmware/sdk/abi.h"));
  CHECK_FALSE(allowed("firmware/lib/placement.h", "firmware/images/ep/image.h"));
  CHECK(allowed("firmware/images/ep/image.cpp", "firmware/images/ep/state.h"));
  CHECK_FALSE(allowed("firmware/images/ep/image.cpp", "firmware/images/epic/state.h"));
  CHECK_FALSE(allowed("firmware/images/ep/image.cpp", "tlm/tick.h"));
  CHECK_FALSE(allowed("elsewhere/a.cpp", "tlm/tick.h"));
  CHECK_FALSE(allowed_system("firmware/lib/a.h", "systemc"));
  CHECK_FALSE(allowed_system("firmware/lib/a.h", "tlm_utils/simple_target_socket.h"));
  CHECK_FALSE(allowed_system("tests/images/bad/a.cpp", "tlm.h"));
  CHECK(allowed_system("firmware/lib/a.h", "vector"));
  CHECK(allowed_system("hw/dma/dma_engine.h", "systemc"));
  CHECK(offences("tlm/a.h", {"#include <vector>", "#  include \"hw/context.h\"  // why", "// #include"}) ==
        std::vector<std::string>{"tlm/a.h:2 may not include hw/context.h"});
}

TEST_CASE("every include in the tree obeys the include rule") {
  REQUIRE(sources().size() > 30);
  std::vector<std::string> all;
  for (const std::string& file : sources()) {
    const auto found = offences(file, lines_of(root() / file));
    all.insert(all.end(), found.begin(), found.end());
  }
  INFO(joined(all));
  CHECK(all.empty());
}

TEST_CASE("every quoted include names a file of the tree") {
  static const std::regex include("\\s*#\\s*include\\s*\"([^\"]+)\".*");
  std::vector<std::string> missing;
  for (const std::string& file : sources()) {
    for (const std::string& line : lines_of(root() / file)) {
      std::smatch match;
      if (std::regex_match(line, match, include) && !fs::exists(root() / resolve(file, match[1])))
        missing.push_back(file + ": " + match[1].str());
    }
  }
  INFO(joined(missing));
  CHECK(missing.empty());
}

TEST_CASE("every source file names its licence in its first line") {
  std::vector<std::string> without;
  for (const std::string& file : sources()) {
    const auto lines = lines_of(root() / file);
    if (lines.empty() || lines[0].find("SPDX-License-Identifier: Apache-2.0") == std::string::npos)
      without.push_back(file);
  }
  // A script's first line is its interpreter; the licence is the second.
  for (const std::string file : {"moesaic", ".ci/run", "CMakeLists.txt", "tests/CMakeLists.txt"}) {
    auto lines = lines_of(root() / file);
    lines.resize(2);
    if ((lines[0] + lines[1]).find("SPDX-License-Identifier: Apache-2.0") == std::string::npos)
      without.push_back(file);
  }
  INFO(joined(without));
  CHECK(without.empty());
}

TEST_CASE("no namespace of the hardware or the program hides the global namespace tlm") {
  static const std::regex nested("\\s*(inline\\s+)?namespace\\s+(\\w+::)*tlm\\b.*");
  std::vector<std::string> found;
  for (const std::string& file : sources()) {
    if (!is_one_of(file, {"tlm/", "hw/", "sc_main/"})) continue;
    for (const std::string& line : lines_of(root() / file)) {
      if (std::regex_match(line, nested)) found.push_back(file + ": " + line);
    }
  }
  INFO(joined(found));
  CHECK(found.empty());
}

TEST_CASE("no header opens a namespace for its includers") {
  static const std::regex directive("\\s*using\\s+namespace\\b.*");
  std::vector<std::string> found;
  for (const std::string& file : sources()) {
    if (fs::path(file).extension() != ".h") continue;
    for (const std::string& line : lines_of(root() / file)) {
      if (std::regex_match(line, directive)) found.push_back(file + ": " + line);
    }
  }
  INFO(joined(found));
  CHECK(found.empty());
}

#if !defined(__SANITIZE_ADDRESS__)  // the sanitizers bring globals of their own

namespace {

std::vector<std::string> output_of(const std::string& command) {
  std::vector<std::string> lines;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return lines;
  std::array<char, 4096> buffer{};
  while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr) {
    std::string line(buffer.data());
    if (!line.empty() && line.back() == '\n') line.pop_back();
    lines.push_back(line);
  }
  pclose(pipe);
  return lines;
}

// What compiler, linker and C runtime put into the writable sections of every shared object.
bool is_of_the_toolchain(const std::string& name) {
  static const std::regex known(
      "completed\\.\\d+|__dso_handle|__TMC_END__|_edata|_end|__bss_start|__data_start|DW\\.ref\\..*");
  return std::regex_match(name, known);
}

// Symbols in sections that stay writable: .data.rel.ro is read-only again once it has been relocated.
std::vector<std::string> writable_globals(const fs::path& image) {
  // A line of the symbol table: address, flags, section, size, visibility, name.
  static const std::regex symbol(
      "[0-9a-f]+ .{7} (\\.data|\\.bss|\\.tdata|\\.tbss)(\\S*)\\s+[0-9a-f]+ +(?:\\.\\w+ )?(.+)");
  std::vector<std::string> found;
  for (const std::string& line : output_of("objdump -tC '" + image.string() + "'")) {
    std::smatch match;
    if (!std::regex_match(line, match, symbol)) continue;
    const std::string section = match[1].str() + match[2].str();
    const std::string name = match[3];
    const bool is_section = name == section;
    if (is_section || starts_with(section, ".data.rel.ro") || is_of_the_toolchain(name)) continue;
    found.push_back(image.filename().string() + ": " + name + " in " + section);
  }
  return found;
}

}  // namespace

TEST_CASE("no firmware image has writable globals") {
  std::vector<std::string> found;
  std::size_t images = 0;
  for (const auto& entry : fs::directory_iterator(MOESAIC_IMAGE_DIR)) {
    if (entry.path().extension() != ".so") continue;
    ++images;
    const auto globals = writable_globals(entry.path());
    found.insert(found.end(), globals.begin(), globals.end());
  }
  std::size_t folders = 0;
  for (const auto& entry : fs::directory_iterator(root() / "firmware" / "images"))
    folders += entry.is_directory();
  INFO(joined(found));
  CHECK(found.empty());
  CHECK(images >= folders);
}

TEST_CASE("the look for writable globals finds them") {
  const fs::path folder = fs::temp_directory_path() / ("moesaic_globals_" + std::to_string(getpid()));
  fs::create_directories(folder);
  const auto check = [&](const std::string& source) {
    std::ofstream(folder / "image.cpp") << source;
    const std::string object = (folder / "image.so").string();
    REQUIRE(std::system(
                ("c++ -std=c++17 -O1 -fPIC -shared -o '" + object + "' '" + folder.string() + "/image.cpp'")
                    .c_str()) == 0);
    return writable_globals(object).size();
  };
  CHECK(check("struct A { virtual ~A() = default; }; extern \"C\" A* f() { return new A; }\n"
              "static const char* const names[] = {\"a\", \"b\"}; extern \"C\" const char* g(int i) { return "
              "names[i]; }") == 0);
  CHECK(check("static int counter; extern \"C\" int f() { return ++counter; }") == 1);
  CHECK(check("int table[3] = {1, 2, 3}; extern \"C\" int f(int i) { return table[i]++; }") == 1);
  CHECK(check("int made(); int made() { return 3; }\n"
              "extern \"C\" int* f() { static int value = made() + 1; return &value; }") >= 1);
  CHECK(check("inline int shared = 0; extern \"C\" int f() { return ++shared; }") == 1);
  CHECK(check("thread_local int mine = 0; extern \"C\" int f() { return ++mine; }") >= 1);
  fs::remove_all(folder);
}

#endif

}  // namespace moesaic

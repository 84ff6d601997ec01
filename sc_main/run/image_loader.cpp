// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/image_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>
#include <sstream>

#include "sc_main/config/experiment.h"
#include "sc_main/config/problems.h"

namespace moesaic {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> words_of(const char* text) {
  std::istringstream stream(text == nullptr ? "" : text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

ImageError bad_image(std::string mistake, std::string remedy = "") {
  return {"firmware.image", std::move(mistake), std::move(remedy)};
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::string nearest = nearest_word(word, known);
  return nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest);
}

// All image files of the search path; an earlier folder hides the same name of a later one.
std::map<std::string, fs::path> image_files() {
  std::map<std::string, fs::path> files;
  for (const fs::path& folder : image_search_path()) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (entry.path().extension() == ".so") files.emplace(entry.path().stem().string(), entry.path());
    }
  }
  return files;
}

fs::path find_image(const std::string& name) {
  if (name.find('/') != std::string::npos || fs::path(name).extension() == ".so") {
    if (fs::is_regular_file(name)) return name;
    throw bad_image(fmt::format("{} is not a file", name),
                    "expected the path of an image, or the name of one: `moesaic list firmware`");
  }
  const auto files = image_files();
  if (const auto found = files.find(name); found != files.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& file : files) known.push_back(file.first);
  if (known.empty()) known = {"none was found; set MOESAIC_IMAGE_PATH to the folder of your images"};
  throw bad_image(fmt::format("\"{}\" is not known{}", name, did_you_mean(name, known)),
                  "known images: " + joined(known));
}

std::string allowed_of(const moesaic_option& option) {
  switch (option.type) {
    case MOESAIC_OPTION_BOOL:
      return "true or false";
    case MOESAIC_OPTION_INT:
      return fmt::format("{} to {}", option.min, option.max);
    default:
      return joined(words_of(option.choices));
  }
}

bool is_allowed(const moesaic_option& option, const std::string& value) {
  if (option.type == MOESAIC_OPTION_BOOL) return value == "true" || value == "false";
  if (option.type == MOESAIC_OPTION_INT) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    return error == std::errc() && end == value.data() + value.size() && number >= option.min &&
           number <= option.max;
  }
  const auto choices = words_of(option.choices);
  return std::find(choices.begin(), choices.end(), value) != choices.end();
}

}  // namespace

std::vector<fs::path> image_search_path() {
  std::vector<fs::path> folders;
  if (const char* variable = std::getenv("MOESAIC_IMAGE_PATH")) {
    std::istringstream stream(variable);
    for (std::string folder; std::getline(stream, folder, ':');) {
      if (!folder.empty()) folders.emplace_back(folder);
    }
  }
  folders.push_back(program_prefix() / "lib/moesaic/images");
  return folders;
}

ImageError::ImageError(std::string at, std::string what, std::string help)
    : UserError(at + ": " + what + (help.empty() ? "" : "\n  " + help)),
      key(std::move(at)),
      mistake(std::move(what)),
      remedy(std::move(help)) {}

Image Image::load(const Experiment& experiment) {
  try {
    Image image = load(experiment.firmware.image);
    image.option_values(experiment.firmware.options);
    return image;
  } catch (const ImageError& error) {
    throw UserError(experiment_error(experiment, error.key, error.mistake, error.remedy));
  }
}

Image Image::load(const std::string& name) {
  Image image;
  image.path_ = fs::absolute(find_image(name));
  const std::string where = image.path_.string();
  // 1. The library and its one symbol.
  boost::dll::fs::error_code error;
  image.library_.load(image.path_, error,
                      boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  if (error) throw bad_image(fmt::format("{} cannot be loaded: {}", where, error.message()));
  if (!image.library_.has(MOESAIC_IMAGE_ENTRY)) {
    throw bad_image(
        fmt::format("{} is not a firmware image: it does not export {}", where, MOESAIC_IMAGE_ENTRY));
  }
  image.table_ = image.library_.get<const moesaic_image*()>(MOESAIC_IMAGE_ENTRY)();
  // 2. The table: version first, since nothing else can be trusted before it.
  if (image.table_ == nullptr) throw bad_image(fmt::format("{}: its entry returns no table", where));
  if (image.table_->abi_version != MOESAIC_ABI_VERSION) {
    throw bad_image(fmt::format("{} was built for firmware ABI {}, this program speaks ABI {}", where,
                                image.table_->abi_version, MOESAIC_ABI_VERSION),
                    "rebuild the image with this program's SDK");
  }
  if (image.table_->struct_size < sizeof(moesaic_image) || image.table_->name == nullptr ||
      image.table_->create == nullptr || image.table_->minimum_sram == nullptr ||
      (image.table_->roles & 3) == 0) {
    throw bad_image(
        fmt::format("{}: its table is incomplete: name, roles, create and minimum_sram are needed", where));
  }
  return image;
}

std::vector<std::string> Image::option_values(const std::map<std::string, std::string>& given) const {
  std::vector<std::string> values;
  std::set<std::string> names;
  std::vector<std::string> known;
  for (std::uint32_t i = 0; i < table_->option_count; ++i) {
    const moesaic_option& option = table_->options[i];
    known.emplace_back(option.name);
    names.insert(option.name);
    const auto found = given.find(option.name);
    values.push_back(found == given.end() ? option.default_value : found->second);
    if (!is_allowed(option, values.back())) {
      throw ImageError(fmt::format("firmware.options.{}", option.name),
                       fmt::format("\"{}\" is not allowed by image {}", values.back(), table_->name),
                       "expected " + allowed_of(option));
    }
  }
  for (const auto& entry : given) {
    if (names.count(entry.first) > 0) continue;
    throw ImageError(
        "firmware.options." + entry.first,
        fmt::format("image {} has no such option{}", table_->name, did_you_mean(entry.first, known)),
        known.empty() ? "it has no options" : "its options: " + joined(known));
  }
  return values;
}

std::vector<ImageInfo> list_images() {
  std::vector<ImageInfo> infos;
  for (const auto& file : image_files()) {
    ImageInfo info;
    info.name = file.first;
    info.path = file.second.string();
    try {
      const Image image = Image::load(file.second.string());
      const moesaic_image& table = image.table();
      info.summary = table.summary == nullptr ? "" : table.summary;
      info.roles = !image.has_role(MOESAIC_SCHEDULER) ? "agents"
                   : image.has_role(MOESAIC_AGENT)    ? "scheduler and agents"
                                                      : "scheduler";
      for (std::uint32_t i = 0; i < table.option_count; ++i) {
        const moesaic_option& option = table.options[i];
        const char* type = option.type == MOESAIC_OPTION_BOOL  ? "bool"
                           : option.type == MOESAIC_OPTION_INT ? "int"
                                                               : "name";
        info.options.push_back({option.name, type, option.default_value, allowed_of(option), option.help});
      }
    } catch (const ImageError& error) {
      info.problem = error.mistake;
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

}  // namespace moesaic

// SPDX-License-Identifier: Apache-2.0
// Finds, loads and checks firmware images (shared objects with one entry point, firmware/sdk/abi.h).
#pragma once

#ifndef BOOST_DLL_USE_STD_FS
#define BOOST_DLL_USE_STD_FS
#endif
#include <boost/dll/shared_library.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "firmware/sdk/abi.h"

namespace moesaic {

class Image {
 public:
  /// `name`: an image of the search path, or the path of a .so file. Throws UserError: unknown name (lists
  /// the known ones), no entry point, another ABI version (names both), a malformed table.
  static Image load(const std::string& name);

  const moesaic_image& table() const { return *table_; }
  const std::filesystem::path& path() const { return path_; }
  bool has_role(moesaic_role role) const { return (table_->roles >> role) & 1; }

  /// The values of all options in table order: defaults, overridden by `given`. Throws UserError: unknown
  /// option (did you mean), wrong type, out of range, unknown choice.
  std::vector<std::string> option_values(const std::map<std::string, std::string>& given) const;

 private:
  boost::dll::shared_library library_;
  const moesaic_image* table_ = nullptr;
  std::filesystem::path path_;
};

/// What `moesaic list firmware` prints about one image.
struct ImageInfo {
  struct Option {
    std::string name, type, default_value, allowed, help;
  };
  std::string name, summary, path, roles;
  std::vector<Option> options;
};

/// Every loadable image of the search path, by name; images that fail to load are left out.
std::vector<ImageInfo> list_images();

/// Where images are looked for: MOESAIC_IMAGE_PATH (colon-separated), then `images` beside and above the
/// program.
std::vector<std::filesystem::path> image_search_path();

}  // namespace moesaic

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
#include "tlm/diagnostics.h"

namespace moesaic {

struct Experiment;

/// A mistake in the choice of an image or in its options.
class ImageError : public UserError {
 public:
  ImageError(std::string key, std::string mistake, std::string remedy);
  std::string key;  ///< field of the experiment: "firmware.image", "firmware.options.prefetch"
  std::string mistake, remedy;
};

class Image {
 public:
  /// `name`: an image of the search path, or the path of a .so file. Throws ImageError: unknown name (lists
  /// the known ones), no entry point, another ABI version (names both), a malformed table.
  static Image load(const std::string& name);
  /// The image of an experiment, its options checked. Throws UserError with the place of the mistake.
  static Image load(const Experiment& experiment);

  const moesaic_image& table() const { return *table_; }
  const std::filesystem::path& path() const { return path_; }
  bool has_role(moesaic_role role) const { return (table_->roles >> role) & 1; }

  /// The values of all options in table order: defaults, overridden by `given`. Throws ImageError: unknown
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
  std::string problem;  ///< why it cannot be used; empty: it can. Then only name and path are known
  std::vector<Option> options;
};

/// Every image of the search path, by file name.
std::vector<ImageInfo> list_images();

/// Where images are looked for: MOESAIC_IMAGE_PATH (colon-separated), then ../lib/moesaic/images beside the
/// program's folder, which is the layout of an installation and of a build.
std::vector<std::filesystem::path> image_search_path();

}  // namespace moesaic

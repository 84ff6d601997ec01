// SPDX-License-Identifier: Apache-2.0
// The C++ face of the firmware contract. An image derives its control cores from Core, describes itself in a
// struct and exports it:
//   struct Image {
//     static constexpr const char* kName = "mine";
//     static constexpr const char* kSummary = "what it does, in one line";
//     static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT);
//     static constexpr std::array<moesaic_option, 0> kOptions{};
//     static std::uint64_t minimum_sram(const moesaic_core_info&, const Options&);
//     static std::unique_ptr<Core> make(Hal&, const Options&);      // one object per core; see info().role
//   };
//   MOESAIC_IMAGE(Image)
// Exceptions of handlers end the run with their text; none crosses the boundary. An image has no writable
// globals: all cores of a package live in one process.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>

#include "abi.h"
#include "hal.h"
#include "options.h"

namespace moesaic::firmware {

constexpr std::uint32_t role_bit(moesaic_role role) {
  return 1u << role;
}

/// One control core. Contract: handlers run to their end and never at the same time; nothing in them blocks.
class Core {
 public:
  virtual ~Core() = default;
  virtual void on_boot() {}
  virtual void on_layer_start(std::uint32_t /*iteration*/, std::uint32_t /*layer*/) {}
  virtual void on_completion(const moesaic_completion&) {}
  virtual void on_message(const moesaic_mail&) {}
  virtual void on_mail_space() {}
  virtual void on_timer() {}
  /// Asked only when the run hangs: what this core waits for, a sentence each. No call of Hal is allowed in
  /// it.
  virtual std::vector<std::string> waits() const { return {}; }
};

namespace detail {

struct Instance {
  Instance(const moesaic_core_info& info, const moesaic_hal& table) : hal(info, table) {}
  Hal hal;
  std::unique_ptr<Core> core;
};

/// Runs one handler; what it throws becomes the reason of the run's end.
template <class Body>
void guarded(void* self, Body body) noexcept {
  auto& instance = *static_cast<Instance*>(self);
  try {
    body(*instance.core);
  } catch (const std::exception& error) {
    instance.hal.fail(error.what());
  } catch (...) {
    instance.hal.fail("the image threw something that is not a std::exception");
  }
}

/// Size of the oldest moesaic_core of this ABI version, which the program did not stamp.
inline constexpr std::size_t kOldestCoreBytes = offsetof(moesaic_core, waits);

/// `result` says how much of it the program knows.
inline void fill_handlers(moesaic_core& result, void* self) {
  moesaic_core out{};
  out.struct_size =
      std::min<std::uint32_t>(std::max<std::size_t>(result.struct_size, kOldestCoreBytes), sizeof out);
  out.self = self;
  out.boot = [](void* s) { guarded(s, [](Core& c) { c.on_boot(); }); };
  out.layer_start = [](void* s, std::uint32_t iteration, std::uint32_t layer) {
    guarded(s, [&](Core& c) { c.on_layer_start(iteration, layer); });
  };
  out.completion = [](void* s, const moesaic_completion* entry) {
    guarded(s, [&](Core& c) { c.on_completion(*entry); });
  };
  out.message = [](void* s, const moesaic_mail* mail) { guarded(s, [&](Core& c) { c.on_message(*mail); }); };
  out.mail_space = [](void* s) { guarded(s, [](Core& c) { c.on_mail_space(); }); };
  out.timer = [](void* s) { guarded(s, [](Core& c) { c.on_timer(); }); };
  out.destroy = [](void* s) { delete static_cast<Instance*>(s); };
  out.waits = [](void* s, void* context, void (*say)(void*, const char*, std::uint32_t)) {
    guarded(s, [&](Core& c) {
      for (const std::string& line : c.waits())
        say(context, line.data(), static_cast<std::uint32_t>(line.size()));
    });
  };
  std::memcpy(&result, &out, out.struct_size);
}

inline void explain(char* message, std::uint32_t room, std::string_view text) {
  if (room == 0) return;
  const std::size_t n = std::min<std::size_t>(text.size(), room - 1);
  std::memcpy(message, text.data(), n);
  message[n] = '\0';
}

template <class Image>
Options options_of(const char* const* values) {
  return {Image::kOptions.data(), static_cast<std::uint32_t>(Image::kOptions.size()), values};
}

template <class Image>
std::uint64_t minimum_sram(const moesaic_core_info* info, const char* const* values) noexcept {
  try {
    return Image::minimum_sram(*info, options_of<Image>(values));
  } catch (...) {
    return UINT64_MAX;
  }
}

template <class Image>
int create(const moesaic_core_info* info, const moesaic_hal* table, const char* const* values,
           moesaic_core* out, char* message, std::uint32_t room) noexcept {
  if (table->struct_size < kOldestHalBytes || table->abi_version != MOESAIC_ABI_VERSION ||
      info->struct_size < sizeof(moesaic_core_info)) {
    explain(message, room, "the program speaks another version of the firmware contract");
    return 0;
  }
  try {
    auto instance = std::make_unique<Instance>(*info, *table);
    instance->core = Image::make(instance->hal, options_of<Image>(values));
    fill_handlers(*out, instance.release());
    return 1;
  } catch (const std::exception& error) {
    explain(message, room, error.what());
  } catch (...) {
    explain(message, room, "the image threw something that is not a std::exception");
  }
  return 0;
}

/// The table of an image; constant, so that it needs no writable data.
template <class Image>
struct Table {
  static constexpr moesaic_image kImage = {
      sizeof(moesaic_image),  MOESAIC_ABI_VERSION,    Image::kName,         Image::kSummary, Image::kRoles,
      Image::kOptions.size(), Image::kOptions.data(), &minimum_sram<Image>, &create<Image>};
};

}  // namespace detail
}  // namespace moesaic::firmware

#define MOESAIC_IMAGE(IMAGE)                                                                         \
  extern "C" __attribute__((visibility("default"))) const moesaic_image* moesaic_image_entry(void) { \
    return &::moesaic::firmware::detail::Table<IMAGE>::kImage;                                       \
  }

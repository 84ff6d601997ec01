// SPDX-License-Identifier: Apache-2.0
#include "sc_main/memory/traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "sc_main/config/problems.h"
#include "sc_main/memory/python_random.h"
#include "sc_main/memory/stl_trace.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

constexpr std::uint64_t kLong = 131072, kShort = 20000;  ///< requests of the reference measurements
constexpr std::uint64_t kSpan = std::uint64_t{1} << 30;
constexpr std::uint32_t kSize = 64;

[[noreturn]] void refuse(const std::string& what, const std::string& remedy) {
  throw UserError(fmt::format("command line: error: {}\n  {}", what, remedy));
}

/// `streams` streams, each through blocks of `block` bytes at random places, in turn every 64 bytes.
class BlockStreams {
 public:
  BlockStreams(std::uint32_t block, std::uint32_t streams)
      : random_(std::uint64_t{block} * 10 + streams),
        block_(block),
        base_(streams),
        offset_(streams, block) {}

  std::uint64_t next() {
    const std::size_t s = turn_++ % base_.size();
    if (offset_[s] >= block_) {
      base_[s] = random_.randrange(static_cast<std::uint32_t>(kSpan / block_)) * std::uint64_t{block_};
      offset_[s] = 0;
    }
    offset_[s] += kSize;
    return base_[s] + offset_[s] - kSize;
  }

 private:
  PythonRandom random_;
  std::uint32_t block_;
  std::vector<std::uint64_t> base_;
  std::vector<std::uint32_t> offset_;
  std::size_t turn_ = 0;
};

/// One request after the other from `make(i)`, `count` of them.
template <class Make>
TrafficSource counted(std::uint64_t count, Make make) {
  return [count, make, i = std::uint64_t{0}](TrafficRequest& request) mutable {
    if (i == count) return false;
    request = make(i++);
    return true;
  };
}

TrafficRequest read_at(std::uint64_t address, std::uint32_t size = kSize) {
  return {0, address, size, false};
}

/// The traces of the reference measurements; null: the name is another.
TrafficSource reference_traffic(const std::string& name, std::uint64_t requests) {
  const auto count = [&](std::uint64_t usual) { return requests != 0 ? requests : usual; };
  const auto random = [](std::uint64_t seed) { return std::make_shared<PythonRandom>(seed); };
  if (name == "a_seq")
    return counted(count(kLong), [](std::uint64_t i) { return read_at(i * kSize % kSpan); });
  if (name == "b_rand" || name == "c1_rand") {
    return counted(count(name == "b_rand" ? kLong : kShort),
                   [r = random(name == "b_rand" ? 1 : 2)](std::uint64_t) {
                     return read_at(std::uint64_t{r->randrange(1 << 24)} * kSize);
                   });
  }
  if (name == "c2_rowhit") return counted(count(kShort), [](std::uint64_t) { return read_at(0); });
  if (name == "c3_conflict")
    return counted(count(kShort), [](std::uint64_t i) { return read_at((i & 1) << 20); });
  if (name == "d_mix") {
    return counted(count(kLong), [r = random(3)](std::uint64_t i) {
      return TrafficRequest{0, i * kSize % kSpan, kSize, r->random() >= 0.5};
    });
  }
  for (const std::uint32_t block : {4096u, 65536u}) {
    for (const std::uint32_t streams : {1u, 2u, 4u}) {
      if (name != fmt::format("e_{}K_x{}", block / 1024, streams)) continue;
      return counted(count(kLong), [s = std::make_shared<BlockStreams>(block, streams)](std::uint64_t) {
        return read_at(s->next());
      });
    }
  }
  return nullptr;
}

unsigned percent_of(const std::string& name) {
  const std::string text = name.substr(name.find(':') + 1);
  const bool digits = !text.empty() && text.size() <= 3 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const unsigned percent = digits ? static_cast<unsigned>(std::stoul(text)) : 101;
  if (percent > 100)
    refuse(fmt::format("--traffic {}: \"{}\" is no percentage of reads", name, text),
           "expected mix:0 (writes only) to mix:100 (reads only), such as mix:70");
  return percent;
}

/// Traffic in the bounds of the channel; null: the name is another.
TrafficSource own_traffic(const TrafficChoice& choice, std::uint64_t channel_bytes) {
  const std::uint64_t count = choice.requests != 0 ? choice.requests : kLong;
  const std::uint32_t size = choice.size != 0 ? choice.size : kSize;
  const std::uint64_t places = std::min<std::uint64_t>(channel_bytes / size, 0xFFFFFFFF);
  if (places == 0)
    refuse(fmt::format("--size {} is larger than the channel", size),
           fmt::format("expected at most {}", channel_bytes));
  const auto random = std::make_shared<PythonRandom>(choice.seed != 0 ? choice.seed : 1);
  if (choice.name == "stream")
    return counted(count, [=](std::uint64_t i) { return read_at(i % places * size, size); });
  if (choice.name == "random") {
    return counted(count, [=](std::uint64_t) {
      return read_at(std::uint64_t{random->randrange(static_cast<std::uint32_t>(places))} * size, size);
    });
  }
  if (choice.name.rfind("mix:", 0) == 0) {
    const unsigned reads = percent_of(choice.name);
    return counted(count, [=](std::uint64_t i) {
      return TrafficRequest{0, i % places * size, size, random->randrange(100) >= reads};
    });
  }
  return nullptr;
}

bool is_trace(const std::string& name) {
  return name.size() > 4 && name.compare(name.size() - 4, 4, ".stl") == 0;
}

}  // namespace

const std::vector<std::string>& traffic_names() {
  static const std::vector<std::string> kNames{
      "a_seq",   "b_rand",   "c1_rand",  "c2_rowhit", "c3_conflict", "d_mix",  "e_4K_x1", "e_4K_x2",
      "e_4K_x4", "e_64K_x1", "e_64K_x2", "e_64K_x4",  "stream",      "random", "mix:N",   "FILE.stl"};
  return kNames;
}

TrafficSource make_traffic(const TrafficChoice& choice, std::uint64_t channel_bytes, Tick period) {
  if (is_trace(choice.name)) {
    if (choice.seed != 0) refuse("--seed has no meaning for a trace", "leave it out");
    auto all = read_stl_trace(choice.name, choice.size != 0 ? choice.size : kSize, period);
    const std::uint64_t count =
        choice.requests != 0 ? std::min<std::uint64_t>(choice.requests, all.size()) : all.size();
    return counted(count, [all = std::move(all)](std::uint64_t i) { return all[i]; });
  }
  if (TrafficSource source = reference_traffic(choice.name, choice.requests)) {
    if ((choice.size != 0 && choice.size != kSize) || choice.seed != 0)
      refuse(fmt::format("--traffic {} is a reference trace: its size and seed are fixed", choice.name),
             "leave --size and --seed out, or choose stream, random or mix:N");
    return source;
  }
  if (TrafficSource source = own_traffic(choice, channel_bytes)) return source;
  const std::string near = nearest_word(choice.name, traffic_names());
  refuse(fmt::format("--traffic {}: unknown{}", choice.name,
                     near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)),
         "expected one of " + join_alternatives(traffic_names()));
}

}  // namespace moesaic

// SPDX-License-Identifier: Apache-2.0
#include "sc_main/config/dramsys_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "sc_main/config/problems.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

using Json = nlohmann::json;

constexpr unsigned kBits = 40;

struct Key {
  const char* json;
  const char* field;  ///< in our lists; "": no field of a channel
};
constexpr std::array<Key, 11> kKeys{{{"BYTE_BIT", ""},
                                     {"BURST_BIT", ""},
                                     {"COLUMN_BIT", "CO"},
                                     {"BANK_BIT", "BA"},
                                     {"BANKGROUP_BIT", "BG"},
                                     {"ROW_BIT", "RO"},
                                     {"PSEUDOCHANNEL_BIT", "PC"},
                                     {"STACK_BIT", "SID"},
                                     {"RANK_BIT", "RA"},
                                     {"CHANNEL_BIT", ""},
                                     {"XOR", ""}}};

unsigned log2_of(std::uint64_t value) {
  unsigned bits = 0;
  while ((std::uint64_t{1} << bits) < value) ++bits;
  return bits;
}

class MapReader {
 public:
  MapReader(std::string file, const MemoryParams& memory) : file_(std::move(file)), memory_(memory) {}

  std::string text(const Json& json) {
    // 1. Every list of the file.
    const Json& map = object(json);
    for (const auto& [key, value] : map.items()) known(key);
    for (const Key& key : kKeys) {
      if (map.contains(key.json) && std::string(key.json) != "XOR") read_list(key.json, map.at(key.json));
    }
    if (map.contains("XOR")) read_flips(map.at("XOR"));
    flips_.insert(flips_.end(), late_flips_.begin(), late_flips_.end());
    // 2. Bits inside a burst select nothing; bits of the channel are those of the site's interleave.
    drop_burst();
    take_out_channel();
    // 3. As lists.
    std::string out;
    for (const Key& key : kKeys) {
      const std::vector<unsigned>& bits = lists_[key.json];
      if (*key.field == '\0' || bits.empty()) continue;
      out += fmt::format("{}{}={}", out.empty() ? "" : " ", key.field, fmt::join(bits, ","));
    }
    for (std::size_t i = 0; i < flips_.size(); ++i)
      out += fmt::format("{}{}^{}", i == 0 ? " XOR=" : ",", flips_[i].first, flips_[i].second);
    return out;
  }

 private:
  [[noreturn]] void refuse(const std::string& key, const std::string& what, const std::string& remedy) const {
    throw UserError(fmt::format("{}: error: {}: {}\n  {}", file_, key, what, remedy));
  }

  const Json& object(const Json& json) const {
    const Json* at = &json;
    for (const char* name : {"addressmapping", "CONGEN"}) {
      if (!at->is_object()) break;
      if (at->contains(name)) at = &at->at(name);
    }
    if (!at->is_object() || !at->contains("ROW_BIT"))
      refuse("addressmapping", "no ROW_BIT in it",
             "expected DRAMSys' form {\"addressmapping\": {\"ROW_BIT\": [14, 15], ...}}");
    return *at;
  }

  void known(const std::string& key) const {
    std::vector<std::string> names;
    for (const Key& k : kKeys) names.emplace_back(k.json);
    if (std::find(names.begin(), names.end(), key) != names.end()) return;
    const std::string near = nearest_word(key, names);
    refuse(key, "unknown key",
           near.empty() ? "expected " + join_alternatives(names) : fmt::format("did you mean \"{}\"?", near));
  }

  unsigned bit(const std::string& key, const Json& json) const {
    if (!json.is_number_unsigned() || json.get<std::uint64_t>() >= kBits)
      refuse(key, json.dump() + " is no address bit", fmt::format("expected 0 to {}", kBits - 1));
    return json.get<unsigned>();
  }

  void read_list(const std::string& key, const Json& json) {
    const Json array = json.is_array() ? json : Json::array({json});
    for (const Json& item : array) {
      const bool several = item.is_array();
      if (several && item.empty())
        refuse(key, "an empty list of bits", "expected a bit, and bits that flip it");
      const unsigned first = bit(key, several ? item[0] : item);
      if (!used_.emplace(first, key).second)
        refuse(key, fmt::format("bit {} is given twice", first), "first in " + used_.at(first));
      lists_[key].push_back(first);
      for (std::size_t i = 1; several && i < item.size(); ++i)
        late_flips_.emplace_back(first, bit(key, item[i]));
    }
  }

  void read_flips(const Json& json) {
    for (const Json& pair : json.is_array() ? json : Json::array({json})) {
      if (!pair.is_object() || !pair.contains("FIRST") || !pair.contains("SECOND") || pair.size() != 2)
        refuse("XOR", pair.dump() + " is no pair", "expected {\"FIRST\": 13, \"SECOND\": 16}");
      flips_.emplace_back(bit("XOR.FIRST", pair.at("FIRST")), bit("XOR.SECOND", pair.at("SECOND")));
    }
  }

  void drop_burst() {
    const unsigned burst = log2_of(memory_.organisation.burst_bytes);
    for (unsigned b = 0; b < burst; ++b) {
      const auto at = used_.find(b);
      if (at == used_.end())
        refuse("BYTE_BIT", fmt::format("bit {} is missing", b),
               fmt::format("expected bits 0 to {} (a burst of {} bytes) in BYTE_BIT and COLUMN_BIT",
                           burst - 1, memory_.organisation.burst_bytes));
      if (at->second != "BYTE_BIT" && at->second != "BURST_BIT" && at->second != "COLUMN_BIT")
        refuse(at->second, fmt::format("bit {} lies inside a burst", b),
               fmt::format("expected bits from {} up (a burst of {} bytes)", burst,
                           memory_.organisation.burst_bytes));
    }
    for (const char* key : {"BYTE_BIT", "BURST_BIT"}) {
      for (const unsigned b : lists_[key]) {
        if (b >= burst)
          refuse(key, fmt::format("bit {} lies above a burst", b),
                 fmt::format("organisation.burst_bytes is {}", memory_.organisation.burst_bytes));
      }
    }
    std::vector<unsigned>& columns = lists_["COLUMN_BIT"];
    columns.erase(std::remove_if(columns.begin(), columns.end(), [&](unsigned b) { return b < burst; }),
                  columns.end());
  }

  void take_out_channel() {
    std::vector<unsigned> channel = lists_["CHANNEL_BIT"];
    if (channel.empty()) return;
    const unsigned lowest = log2_of(memory_.interleave_bytes);
    if (log2_of(memory_.channels) != channel.size())
      refuse("CHANNEL_BIT", fmt::format("{} bits for {} channels", channel.size(), memory_.channels),
             fmt::format("set channels to {}, or leave CHANNEL_BIT out", std::uint64_t{1} << channel.size()));
    for (std::size_t i = 0; i < channel.size(); ++i) {
      if (channel[i] != lowest + i)
        refuse("CHANNEL_BIT", fmt::format("bit {}", channel[i]),
               fmt::format(
                   "expected bit {}, or interleave_bytes {}: the site deals that many bytes to a channel",
                   lowest + i, std::uint64_t{1} << channel[0]));
    }
    const auto moved = [&](unsigned b) {
      if (std::find(channel.begin(), channel.end(), b) != channel.end())
        refuse("XOR", fmt::format("bit {} belongs to CHANNEL_BIT", b), "expected bits of one channel");
      return b < lowest ? b : b - static_cast<unsigned>(channel.size());
    };
    for (auto& [key, bits] : lists_) {
      if (key == "CHANNEL_BIT") continue;
      for (unsigned& b : bits) b = moved(b);
    }
    for (auto& [first, second] : flips_) {
      first = moved(first);
      second = moved(second);
    }
  }

  std::string file_;
  const MemoryParams& memory_;
  std::map<std::string, std::vector<unsigned>> lists_;
  std::map<unsigned, std::string> used_;
  std::vector<std::pair<unsigned, unsigned>> flips_, late_flips_;
};

}  // namespace

std::string read_dramsys_map(const std::filesystem::path& file, const MemoryParams& memory) {
  const std::string name = shown_path(file);
  std::ifstream in(file);
  if (!in) throw UserError(name + ": error: cannot be read\n  expected an addressmapping of DRAMSys");
  Json json;
  try {
    json = Json::parse(in);
  } catch (const Json::parse_error& error) {
    throw UserError(fmt::format("{}: error: not JSON: {}", name, error.what()));
  }
  return MapReader(name, memory).text(json);
}

}  // namespace moesaic

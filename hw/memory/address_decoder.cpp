// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/address_decoder.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

constexpr unsigned kHighestBit = 39;

unsigned log2_of(std::uint64_t value) {
  unsigned bits = 0;
  while ((std::uint64_t{1} << bits) < value) ++bits;
  return bits;
}

[[noreturn]] void reject(const std::string& map, const std::string& why) {
  throw UserError("address_map.bits: \"" + map + "\": " + why +
                  "\n  expected M1, M2, M2X, M3, robaco, brc or lists such as "
                  "BG=6,7 BA=13,14 CO=5,8-12 RO=15-39 XOR=6^15");
}

/// Deals address bits to fields, from the lowest upwards, and writes them as lists.
class MapWriter {
 public:
  explicit MapWriter(const DramOrganisation& organisation)
      : next_(log2_of(organisation.burst_bytes)),
        left_{{"PC", log2_of(organisation.pseudo_channels)},
              {"RA", log2_of(organisation.ranks)},
              {"SID", log2_of(organisation.stack_ids)},
              {"BG", log2_of(organisation.bank_groups)},
              {"BA", log2_of(organisation.banks_per_group)},
              {"CO", log2_of(organisation.row_bytes / organisation.burst_bytes)}} {}

  MapWriter& some(const std::string& field, unsigned bits) {
    for (unsigned i = 0; i < bits && left_[field] > 0; ++i, --left_[field]) bits_[field].push_back(next_++);
    return *this;
  }
  MapWriter& all(const std::string& field) { return some(field, left_[field]); }
  /// Rows of the bits that are left when `above` fields still follow.
  MapWriter& rows(unsigned above) {
    while (next_ + above <= kHighestBit) bits_["RO"].push_back(next_++);
    return *this;
  }
  unsigned left(const std::string& field) { return left_[field]; }
  /// Every bank bit flipped by a row bit.
  void hash() {
    std::size_t row = 0;
    for (const char* field : {"BG", "BA", "SID"}) {
      for (const unsigned bit : bits_[field]) flips_.emplace_back(bit, bits_["RO"][row++]);
    }
  }
  std::string text() const {
    std::string out;
    for (const auto& [field, bits] : bits_) {
      for (std::size_t i = 0; i < bits.size(); ++i)
        out += (i > 0 ? "," : (out.empty() ? "" : " ") + field + "=") + std::to_string(bits[i]);
    }
    for (std::size_t i = 0; i < flips_.size(); ++i)
      out +=
          (i > 0 ? "," : " XOR=") + std::to_string(flips_[i].first) + "^" + std::to_string(flips_[i].second);
    return out;
  }

 private:
  unsigned next_;
  std::map<std::string, unsigned> left_;
  std::map<std::string, std::vector<unsigned>> bits_;
  std::vector<std::pair<unsigned, unsigned>> flips_;
};

// The lists behind a name; empty when it is none.
std::string named(const std::string& name, const DramOrganisation& organisation) {
  MapWriter map(organisation);
  const bool split = organisation.pseudo_channels > 1;
  if (name == "M1" && split) {
    map.all("PC").all("BG").all("BA").all("SID").all("RA").all("CO").rows(0);
  } else if (name == "M1") {
    map.all("BG").all("CO").all("BA").all("SID").all("RA").rows(0);
  } else if ((name == "M2" || name == "M2X") && split) {
    map.some("CO", 1).all("BG").all("PC").all("BA").all("SID").all("RA").all("CO").rows(0);
  } else if (name == "M2" || name == "M2X") {
    map.some("CO", 1).all("BG").all("CO").all("BA").all("SID").all("RA").rows(0);
  } else if (name == "M3" || name == "robaco") {
    map.all("CO").all("PC").all("BG").all("BA").all("SID").all("RA").rows(0);
  } else if (name == "brc") {
    map.all("CO").all("PC");
    const unsigned banks = map.left("BG") + map.left("BA") + map.left("SID") + map.left("RA");
    // As many rows as the device has: the banks lie above.
    const unsigned row_bits = log2_of(organisation.rows);
    map.rows(
        std::max(banks, kHighestBit + 1 -
                            std::min(kHighestBit + 1, log2_of(organisation.row_bytes) +
                                                          log2_of(organisation.pseudo_channels) + row_bits)));
    map.all("BG").all("BA").all("SID").all("RA");
  } else {
    return "";
  }
  if (name == "M2X") map.hash();
  return map.text();
}

std::string expand(const std::string& map, const DramOrganisation& organisation) {
  std::istringstream words(map);
  std::string word, text;
  while (words >> word) {
    const std::string lists = named(word, organisation);
    text += (text.empty() ? "" : " ") + (lists.empty() ? word : lists);
  }
  return text;
}

// One bit number; rejects anything else.
unsigned bit_number(const std::string& map, const std::string& text) {
  if (text.empty() || text.size() > 2 || text.find_first_not_of("0123456789") != std::string::npos)
    reject(map, "\"" + text + "\" is not a bit number");
  return static_cast<unsigned>(std::stoul(text));
}

// "5,8-12" -> 5 8 9 10 11 12
std::vector<unsigned> bit_list(const std::string& map, const std::string& text) {
  std::vector<unsigned> bits;
  std::istringstream items(text);
  std::string item;
  while (std::getline(items, item, ',')) {
    const std::size_t dash = item.find('-');
    const unsigned first = bit_number(map, item.substr(0, dash));
    const unsigned last = dash == std::string::npos ? first : bit_number(map, item.substr(dash + 1));
    if (last < first) reject(map, "\"" + item + "\" runs downwards");
    for (unsigned bit = first; bit <= last; ++bit) bits.push_back(bit);
  }
  return bits;
}

struct Flip {
  unsigned bit, from;
};

struct Lists {
  std::map<std::string, std::vector<unsigned>> fields{{"PC", {}}, {"RA", {}}, {"SID", {}}, {"BG", {}},
                                                      {"BA", {}}, {"CO", {}}, {"RO", {}}};
  std::vector<Flip> flips;
};

Lists read_lists(const std::string& map, const std::string& text) {
  Lists lists;
  std::istringstream words(text);
  std::string word;
  while (words >> word) {
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    if (equals == std::string::npos) reject(map, "\"" + word + "\" is neither a name nor a list");
    if (key == "XOR") {
      std::istringstream items(word.substr(equals + 1));
      std::string item;
      while (std::getline(items, item, ',')) {
        const std::size_t hat = item.find('^');
        if (hat == std::string::npos) reject(map, "\"" + item + "\" is not of the form 6^15");
        lists.flips.push_back({bit_number(map, item.substr(0, hat)), bit_number(map, item.substr(hat + 1))});
      }
    } else if (lists.fields.count(key) == 0) {
      reject(map, "\"" + key + "\" is none of PC, RA, SID, BG, BA, CO, RO, XOR");
    } else {
      lists.fields[key] = bit_list(map, word.substr(equals + 1));
    }
  }
  return lists;
}

}  // namespace

void DramAddressDecoder::append(std::vector<Run>& runs, const std::vector<unsigned>& bits, unsigned to) {
  for (std::size_t i = 0; i < bits.size();) {
    std::size_t length = 1;
    while (i + length < bits.size() && bits[i + length] == bits[i] + length) ++length;
    runs.push_back({bits[i], (std::uint64_t{1} << length) - 1, to});
    to += static_cast<unsigned>(length);
    i += length;
  }
}

DramAddressDecoder::DramAddressDecoder(const DramAddressMap& map, const DramOrganisation& organisation)
    : text_(expand(map.bits, organisation)) {
  // 1. Every bit above the burst exactly once, and as many as the organisation has.
  const Lists lists = read_lists(map.bits, text_);
  std::set<unsigned> used;
  std::size_t count = 0;
  for (const auto& [key, bits] : lists.fields) {
    used.insert(bits.begin(), bits.end());
    count += bits.size();
  }
  const unsigned lowest = log2_of(organisation.burst_bytes);
  if (used.empty() || used.size() != count || *used.begin() != lowest || *used.rbegin() != lowest + count - 1)
    reject(map.bits, "bits " + std::to_string(lowest) + " and up must each be used exactly once");
  const auto expect = [&](const char* key, std::uint64_t things) {
    const std::size_t listed = lists.fields.at(key).size();
    if (listed != log2_of(things))
      reject(map.bits, std::string(key) + " needs " + std::to_string(log2_of(things)) + " bits, has " +
                           std::to_string(listed));
  };
  expect("PC", organisation.pseudo_channels);
  expect("RA", organisation.ranks);
  expect("SID", organisation.stack_ids);
  expect("BG", organisation.bank_groups);
  expect("BA", organisation.banks_per_group);
  expect("CO", organisation.row_bytes / organisation.burst_bytes);
  if (lists.fields.at("RO").size() > 32) reject(map.bits, "RO has more than 32 bits");
  // 2. Flips, in order.
  std::set<unsigned> flipping;
  for (const Flip& flip : lists.flips) {
    if (used.count(flip.bit) == 0 || used.count(flip.from) == 0)
      reject(map.bits, "XOR names a bit that is not listed");
    if (flip.bit == flip.from) reject(map.bits, "XOR flips a bit by itself");
    flipping.insert(flip.from);
    flips_.push_back({flip.from, 1, flip.bit});
  }
  // 3. Runs of neighbouring bits, which decode by shift and mask.
  unsigned to = 0;
  for (const char* key : {"BA", "BG", "SID", "RA"}) {
    append(bank_, lists.fields.at(key), to);
    to += static_cast<unsigned>(lists.fields.at(key).size());
  }
  append(pseudo_channel_, lists.fields.at("PC"), 0);
  append(row_, lists.fields.at("RO"), 0);
  // Neighbouring flips that do not feed each other are one run.
  for (std::size_t i = 1; i < flips_.size();) {
    Run& last = flips_[i - 1];
    const auto length = static_cast<unsigned>(__builtin_popcountll(last.mask));
    const Run& next = flips_[i];
    const bool feeds = next.shift >= last.to && next.shift < last.to + length;
    if (next.shift == last.shift + length && next.to == last.to + length && !feeds &&
        (last.to + length < last.shift || last.to > next.shift)) {
      last.mask = last.mask << 1 | 1;
      flips_.erase(flips_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  bits_ = *used.rbegin() + 1;
  const auto& columns = lists.fields.at("CO");
  for (const unsigned bit : used) {
    const bool column = std::find(columns.begin(), columns.end(), bit) != columns.end();
    if (!column || flipping.count(bit) != 0) place_bits_ |= std::uint64_t{1} << bit;
  }
}

}  // namespace moesaic

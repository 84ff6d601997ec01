// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/address_decoder.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

unsigned log2_of(std::uint64_t value) {
  unsigned bits = 0;
  while ((std::uint64_t{1} << bits) < value) ++bits;
  return bits;
}

[[noreturn]] void reject(const std::string& map, const std::string& why) {
  throw UserError("address_map.bits: \"" + map + "\": " + why +
                  "\n  expected M1, M2, M2X, M3 or lists such as BG=6,7 BA=13,14 CO=5,8-12 RO=15-39");
}

std::string expand(const std::string& map) {
  static const std::map<std::string, std::string> kPresets{
      {"M1", "BG=5,6 CO=7-12 BA=13,14 RO=15-39"},
      {"M2", "CO=5,8-12 BG=6,7 BA=13,14 RO=15-39"},
      {"M2X", "CO=5,8-12 BG=6,7 BA=13,14 RO=15-39 XOR=6^15,7^16,13^17,14^18"},
      {"M3", "CO=5-10 BG=11,12 BA=13,14 RO=15-39"}};
  std::istringstream words(map);
  std::string word, text;
  while (words >> word) {
    const auto preset = kPresets.find(word);
    text += (preset == kPresets.end() ? word : preset->second) + " ";
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

DramAddressDecoder::DramAddressDecoder(const DramAddressMap& map, const DramOrganisation& organisation) {
  // 1. Read the lists.
  struct Flip {
    unsigned bit, from;
  };
  std::vector<Flip> flips;
  std::map<std::string, std::vector<unsigned>> lists{{"BG", {}}, {"BA", {}}, {"CO", {}}, {"RO", {}}};
  std::istringstream words(expand(map.bits));
  std::string word;
  while (words >> word) {
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    if (equals == std::string::npos) reject(map.bits, "\"" + word + "\" is neither preset nor list");
    if (key == "XOR") {
      std::istringstream items(word.substr(equals + 1));
      std::string item;
      while (std::getline(items, item, ',')) {
        const std::size_t hat = item.find('^');
        if (hat == std::string::npos) reject(map.bits, "\"" + item + "\" is not of the form 6^15");
        flips.push_back(
            {bit_number(map.bits, item.substr(0, hat)), bit_number(map.bits, item.substr(hat + 1))});
      }
    } else if (lists.count(key) == 0) {
      reject(map.bits, "\"" + key + "\" is none of BG, BA, CO, RO, XOR");
    } else {
      lists[key] = bit_list(map.bits, word.substr(equals + 1));
    }
  }
  // 2. Every bit above the burst exactly once, and as many as the organisation has.
  std::set<unsigned> used;
  std::size_t count = 0;
  for (const auto& [key, bits] : lists) {
    used.insert(bits.begin(), bits.end());
    count += bits.size();
  }
  const unsigned lowest = log2_of(organisation.burst_bytes);
  if (used.empty() || used.size() != count || *used.begin() != lowest || *used.rbegin() != lowest + count - 1)
    reject(map.bits, "bits " + std::to_string(lowest) + " and up must each be used exactly once");
  const auto expect = [&](const char* key, std::uint64_t things) {
    if (lists[key].size() != log2_of(things))
      reject(map.bits, std::string(key) + " needs " + std::to_string(log2_of(things)) + " bits, has " +
                           std::to_string(lists[key].size()));
  };
  expect("BG", organisation.bank_groups);
  expect("BA", organisation.banks_per_group);
  expect("CO", organisation.row_bytes / organisation.burst_bytes);
  if (lists["RO"].size() > 32) reject(map.bits, "RO has more than 32 bits");
  std::set<unsigned> flipped, flipping;
  for (const Flip& flip : flips) {
    if (used.count(flip.bit) == 0 || used.count(flip.from) == 0)
      reject(map.bits, "XOR names a bit that is not listed");
    flipped.insert(flip.bit);
    flipping.insert(flip.from);
  }
  for (const unsigned bit : flipping) {
    if (flipped.count(bit) != 0 || bit < *flipped.rbegin())
      reject(map.bits, "XOR flips low bits by higher ones");
  }
  // 3. Runs of neighbouring bits, which decode by shift and mask.
  append(bank_, lists["BA"], 0);
  append(bank_, lists["BG"], log2_of(organisation.banks_per_group));
  append(row_, lists["RO"], 0);
  for (const Flip& flip : flips) {
    Run* last = flips_.empty() ? nullptr : &flips_.back();
    const unsigned length = last == nullptr ? 0 : static_cast<unsigned>(__builtin_popcountll(last->mask));
    if (last != nullptr && flip.from == last->shift + length && flip.bit == last->to + length) {
      last->mask = last->mask << 1 | 1;
    } else {
      flips_.push_back({flip.from, 1, flip.bit});
    }
  }
  bits_ = *used.rbegin() + 1;
  for (const unsigned bit : used) {
    const auto& columns = lists["CO"];
    const bool column = std::find(columns.begin(), columns.end(), bit) != columns.end();
    if (!column || flipping.count(bit) != 0) place_bits_ |= std::uint64_t{1} << bit;
  }
}

}  // namespace moesaic

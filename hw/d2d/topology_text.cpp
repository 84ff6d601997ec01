// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/topology_text.h"

#include <sstream>

namespace moesaic {

// "0-1 1-2": pairs of dies. What cannot be read is appended to `bad`.
std::vector<DiePair> read_pairs(const std::string& text, std::vector<std::string>* bad) {
  std::vector<DiePair> pairs;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    std::istringstream in(word);
    DiePair pair;
    char dash = 0;
    if (in >> pair.a >> dash >> pair.b && dash == '-' && in.peek() == EOF) {
      pairs.push_back(pair);
    } else if (bad != nullptr) {
      bad->push_back(word);
    }
  }
  return pairs;
}

// "0-1:2".
std::vector<SlowLink> read_slow(const std::string& text, std::vector<std::string>* bad) {
  std::vector<SlowLink> links;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    std::istringstream in(word);
    SlowLink link;
    char dash = 0;
    char colon = 0;
    if (in >> link.a >> dash >> link.b >> colon >> link.factor && dash == '-' && colon == ':' &&
        link.factor >= 1 && link.factor <= 64 && in.peek() == EOF) {
      links.push_back(link);
    } else if (bad != nullptr) {
      bad->push_back(word);
    }
  }
  return links;
}

// "0-1" or "0-1@2500".
std::vector<DownLink> read_down(const std::string& text, std::vector<std::string>* bad) {
  std::vector<DownLink> links;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    std::istringstream in(word);
    DownLink link;
    char dash = 0;
    char at = 0;
    const bool pair = in >> link.a >> dash >> link.b && dash == '-';
    const bool whole = pair && in.peek() == EOF;
    const bool timed = pair && !whole && in >> at >> link.from_ns && at == '@' &&
                       link.from_ns <= 1'000'000'000 && in.peek() == EOF;
    if (whole || timed) {
      links.push_back(link);
    } else if (bad != nullptr) {
      bad->push_back(word);
    }
  }
  return links;
}

// "0>3:1": at die 0, packets to die 3 go to die 1.
std::vector<TableEntry> read_table(const std::string& text, std::vector<std::string>* bad) {
  std::vector<TableEntry> entries;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    std::istringstream in(word);
    TableEntry e;
    char arrow = 0;
    char colon = 0;
    if (in >> e.here >> arrow >> e.destination >> colon >> e.next && arrow == '>' && colon == ':' &&
        in.peek() == EOF) {
      entries.push_back(e);
    } else if (bad != nullptr) {
      bad->push_back(word);
    }
  }
  return entries;
}

}  // namespace moesaic

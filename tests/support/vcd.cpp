// SPDX-License-Identifier: Apache-2.0
#include "tests/support/vcd.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

namespace moesaic::test {

namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

bool all_of(const std::string& text, const char* allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string::npos;
}

class Parser {
 public:
  Vcd parse(const std::string& text) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      ++number_;
      if (text.back() != '\n') error("the last line does not end");
      if (defining_) {
        definition(line);
      } else {
        simulation(line);
      }
    }
    if (defining_) error("$enddefinitions is missing");
    if (!dumped_) error("$dumpvars is missing");
    return vcd_;
  }

 private:
  void error(const std::string& what) { vcd_.errors.push_back(std::to_string(number_) + ": " + what); }

  // One declaration a line, from its keyword to $end.
  void definition(const std::string& line) {
    const std::vector<std::string> w = words_of(line);
    if (w.size() < 2 || w.back() != "$end") return error("not a declaration: " + line);
    if (w[0] == "$version" || w[0] == "$comment") {
      if (w[0] == "$version") vcd_.version = w.size() > 2 ? w[1] : "";
    } else if (w[0] == "$timescale") {
      static const std::set<std::string> kUnits{"s", "ms", "us", "ns", "ps", "fs"};
      const bool ok =
          w.size() == 4 && (w[1] == "1" || w[1] == "10" || w[1] == "100") && kUnits.count(w[2]) > 0;
      if (!ok || !vcd_.timescale.empty()) error("timescale: " + line);
      vcd_.timescale = w[1] + w[2];
    } else if (w[0] == "$scope") {
      static const std::set<std::string> kTypes{"begin", "fork", "function", "module", "task"};
      if (w.size() != 4 || kTypes.count(w[1]) == 0) return error("scope: " + line);
      scopes_.push_back(w[2]);
    } else if (w[0] == "$upscope") {
      if (w.size() != 2 || scopes_.empty()) return error("upscope without scope");
      scopes_.pop_back();
    } else if (w[0] == "$var") {
      variable(w);
    } else if (w[0] == "$enddefinitions") {
      if (w.size() != 2 || !scopes_.empty()) error("a scope is open at $enddefinitions");
      if (vcd_.timescale.empty()) error("no timescale");
      defining_ = false;
    } else {
      error("unknown keyword " + w[0]);
    }
  }

  void variable(const std::vector<std::string>& w) {
    const bool indexed = w.size() == 7;
    if ((w.size() != 6 && !indexed) || scopes_.empty()) return error("variable");
    VcdSignal signal;
    signal.type = w[1];
    signal.width = static_cast<unsigned>(std::strtoul(w[2].c_str(), nullptr, 10));
    if (w[1] != "wire" && w[1] != "real") error("variable of type " + w[1]);
    if (!all_of(w[2], "0123456789") || signal.width == 0 || signal.width > 64) error("size " + w[2]);
    if (w[1] == "real" && signal.width != 64) error("a real has 64 bits");
    for (const char c : w[3]) {
      if (c < '!' || c > '~') error("identifier " + w[3]);
    }
    if (indexed && w[5] != "[" + std::to_string(signal.width - 1) + ":0]") error("range " + w[5]);
    if (w[1] == "wire" && (signal.width > 1) != indexed) error("a vector and its range belong together");
    std::string name;
    for (const std::string& scope : scopes_) name += scope + ".";
    name += w[4];
    if (!vcd_.signals.emplace(name, signal).second) error(name + " is declared twice");
    if (!codes_[w[3]].empty()) error("identifier " + w[3] + " is used twice");
    codes_[w[3]].push_back(name);
  }

  void simulation(const std::string& line) {
    if (line == "$dumpvars") {
      if (dumped_ || !timed_) error("$dumpvars belongs behind the first time");
      dumped_ = dumping_ = true;
    } else if (line == "$end") {
      if (!dumping_) error("$end of nothing");
      for (const auto& [code, names] : codes_) {
        if (touched_.count(code) == 0) error("no initial value of " + names.front());
      }
      dumping_ = false;
    } else if (!line.empty() && line[0] == '#') {
      time(line);
    } else {
      value(line);
    }
  }

  void time(const std::string& line) {
    if (!all_of(line.substr(1), "0123456789")) return error("time " + line);
    const std::uint64_t now = std::strtoull(line.c_str() + 1, nullptr, 10);
    if (dumping_) error("time inside of $dumpvars");
    if (timed_ && now <= vcd_.end) error("time does not grow: " + line);
    if (!timed_) vcd_.begin = now;
    timed_ = true;
    vcd_.end = now;
    touched_.clear();
  }

  void value(const std::string& line) {
    const bool scalar = !line.empty() && (line[0] == '0' || line[0] == '1');
    const std::size_t space = line.find(' ');
    if (!scalar && space == std::string::npos) return error("not a value change: " + line);
    const std::string code = line.substr(scalar ? 1 : space + 1);
    const auto known = codes_.find(code);
    if (known == codes_.end()) return error("no variable " + code);
    if (!dumped_) error("a change before $dumpvars");
    if (!touched_.insert(code).second && !dumping_) error("two changes of " + code + " at one time");
    VcdSignal& signal = vcd_.signals[known->second.front()];
    double number = line[0] - '0';
    if (scalar) {
      if (signal.type != "wire" || signal.width != 1) error("a scalar value for " + known->second.front());
    } else if (line[0] == 'b') {
      const std::string bits = line.substr(1, space - 1);
      if (!all_of(bits, "01") || bits.size() > signal.width || (bits.size() > 1 && bits[0] == '0'))
        error("vector " + bits);
      if (signal.type != "wire" || signal.width == 1) error("a vector value for " + known->second.front());
      number = static_cast<double>(std::strtoull(bits.c_str(), nullptr, 2));
    } else if (line[0] == 'r') {
      char* end = nullptr;
      number = std::strtod(line.c_str() + 1, &end);
      if (end != line.c_str() + space || signal.type != "real") error("real " + line);
    } else {
      return error("not a value change: " + line);
    }
    if (!dumping_ && !signal.changes.empty() && signal.changes.back().second == number)
      error("not a change: " + line);
    signal.changes.emplace_back(vcd_.end, number);
  }

  Vcd vcd_;
  std::size_t number_ = 0;
  bool defining_ = true;
  bool timed_ = false;
  bool dumped_ = false;
  bool dumping_ = false;
  std::vector<std::string> scopes_;
  std::map<std::string, std::vector<std::string>> codes_;
  std::set<std::string> touched_;
};

template <class Counts>
std::uint64_t time_in(const VcdSignal& signal, std::uint64_t end, Counts counts) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < signal.changes.size(); ++i) {
    const std::uint64_t until = i + 1 < signal.changes.size() ? signal.changes[i + 1].first : end;
    if (counts(signal.changes[i].second)) sum += until - signal.changes[i].first;
  }
  return sum;
}

}  // namespace

double VcdSignal::at(std::uint64_t time) const {
  double value = 0;
  for (const auto& [when, what] : changes) {
    if (when <= time) value = what;
  }
  return value;
}

std::uint64_t VcdSignal::time_not_zero(std::uint64_t end) const {
  return time_in(*this, end, [](double value) { return value != 0; });
}

std::uint64_t VcdSignal::time_with(double value, std::uint64_t end) const {
  return time_in(*this, end, [value](double v) { return v == value; });
}

double VcdSignal::largest() const {
  double value = 0;
  for (const auto& change : changes) value = std::max(value, change.second);
  return value;
}

Vcd parse_vcd(const std::string& text) {
  return Parser().parse(text);
}

}  // namespace moesaic::test

// SPDX-License-Identifier: Apache-2.0
// The waveform of a run as a Value Change Dump (IEEE 1364-2001, section 18), with a save file and value names
// for GTKWave.
//
// Writes FILE, FILE.gtkw and FILE.enums/*.txt, each complete or not at all. One time unit is a femtosecond,
// which is what the simulator counts in: nothing is rounded. The files hold no date, and no path but the
// one the user gave, so that equal runs give equal bytes. Several changes of a signal at one time become the
// last of them. Values of the window's begin are dumped there; what happens after its end is left out.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sc_main/report/change_store.h"
#include "tlm/trace.h"

namespace moesaic {

struct VcdOptions {
  std::filesystem::path file;
  std::vector<std::string> scopes;  ///< patterns; empty: everything
  Tick from = 0;
  Tick to = kNever;
};

/// "10us..25us", "..1.5ms", "3ms..". Throws UserError.
std::pair<Tick, Tick> parse_window(const std::string& text);
/// Whether `pattern` (* any characters, ? one) fits `name` or a scope around it.
bool scope_matches(const std::string& pattern, const std::string& name);

class VcdWriter {
 public:
  /// Throws UserError when the file could not be written.
  explicit VcdWriter(VcdOptions options, std::size_t run_length = std::size_t{1} << 20);

  /// kNoSignal when no pattern asks for it.
  SignalId declare(NodeId node, const std::string& scope, const TraceSignal& what);
  /// Throws UserError when a pattern fits nothing that was declared.
  void check_scopes() const;

  void change(Tick at, SignalId signal, std::uint64_t value);
  void add(Tick at, SignalId signal, std::int64_t amount);
  void text(Tick at, SignalId signal, std::string_view text);

  /// Writes the files of a run that ended at `end`. Once.
  void write(Tick end);

 private:
  struct Declared {
    NodeId node;
    std::string scope;
    TraceSignal what;
    std::string code;           // identifier in the file; empty: left out
    std::uint64_t value;        // when the window begins, and then while writing
    Tick value_at = 0;          // of the change that set it
    bool changed = false;       // ever
    std::uint64_t written = 0;  // last value in the file
    std::string name() const { return scope + "." + what.name; }
  };

  void put(const Change& change);
  std::vector<std::size_t> choose_order();
  std::string header(const std::vector<std::size_t>& order) const;
  void write_changes(class AtomicFile& file, const std::vector<std::size_t>& order, Tick end);
  std::string enum_file(const Declared& signal) const;
  void write_enums(const std::vector<std::size_t>& order) const;
  std::string save_file(const std::vector<std::size_t>& order, Tick end) const;
  std::string alias_of(const Declared& signal) const;
  std::string save_row(const Declared& signal) const;

  VcdOptions options_;
  std::vector<bool> matched_;  // by pattern
  std::vector<Declared> signals_;
  std::vector<std::string> examples_;             // names of signals that no pattern fits
  std::vector<std::string> texts_{"-"};           // value 0: nothing was said yet
  std::map<std::string, std::uint64_t> numbers_;  // of texts
  ChangeStore store_;
};

}  // namespace moesaic

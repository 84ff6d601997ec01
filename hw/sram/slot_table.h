// SPDX-License-Identifier: Apache-2.0
// The slot table of a die's SRAM: which regions may be written by DMA, engine and fabric, which other die may
// write them, which bytes hold something, and which commands under way use a slot.
//
// Models: allocation, release and the checks of every data-plane access. The bytes of a released slot hold
// nothing any more; a slot that a command under way has accessed is not released.
// Does not model: anything in time; the command processor charges its own cycles.
// Misuse is returned as one sentence (what was wrong, with values); whoever asked reports it with its tag.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hw/command.h"
#include "hw/sram/storage.h"
#include "tlm/address_map.h"

namespace moesaic {

/// Contract: called after every successful allocation and release; `bytes` is 0 for a released slot.
class SlotWatcher {
 public:
  virtual void slot_changed(std::uint16_t slot, std::uint64_t bytes, std::uint64_t all_bytes) = 0;

 protected:
  ~SlotWatcher() = default;
};

class SlotTable {
 public:
  SlotTable(std::uint32_t slots, std::uint64_t size_bytes);

  /// Declares [offset, offset+bytes) writable. Nothing is changed when an error is returned.
  std::optional<std::string> allocate(std::uint16_t slot, std::uint32_t offset, std::uint32_t bytes,
                                      NodeId granted);
  std::optional<std::string> release(std::uint16_t slot);

  /// The range must lie in one allocated slot; a writer other than `self` must be the granted die.
  std::optional<std::string> check_write(std::uint64_t offset, std::uint64_t bytes, NodeId writer,
                                         NodeId self) const;

  /// Bytes [begin, end) were written, by whomever.
  void wrote(std::uint64_t begin, std::uint64_t end) { written_.add(begin, end); }
  bool holds_data(std::uint64_t begin, std::uint64_t end) const { return written_.covers(begin, end); }

  /// Command `command` of this die accesses bytes [begin, end): it uses the slots there until finished().
  void use(std::uint32_t command, std::uint32_t tag, std::uint64_t begin, std::uint64_t end);
  void finished(std::uint32_t command) { users_.erase(command); }

  /// Null: nobody watches.
  void watch(SlotWatcher* watcher) { watcher_ = watcher; }

  std::uint64_t size_bytes() const { return size_bytes_; }
  bool allocated(std::uint16_t slot) const { return slot < slots_.size() && slots_[slot].allocated; }
  std::uint64_t allocated_bytes() const { return allocated_bytes_; }
  std::uint64_t peak_allocated_bytes() const { return peak_allocated_bytes_; }
  /// Changes with every allocate and release.
  std::uint64_t generation() const { return generation_; }

 private:
  struct Slot {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    NodeId granted = kNoNode;
    bool allocated = false;
  };

  struct User {
    std::uint32_t tag = 0;
    std::vector<std::uint16_t> slots;
  };

  std::vector<Slot> slots_;
  std::map<std::uint64_t, std::uint16_t> by_offset_;  // allocated slots
  ByteRanges written_;
  std::map<std::uint32_t, User> users_;  // by command
  std::uint64_t size_bytes_;
  std::uint64_t allocated_bytes_ = 0;
  std::uint64_t peak_allocated_bytes_ = 0;
  std::uint64_t generation_ = 0;
  SlotWatcher* watcher_ = nullptr;
};

}  // namespace moesaic

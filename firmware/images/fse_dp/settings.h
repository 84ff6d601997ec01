// SPDX-License-Identifier: Apache-2.0
// The options of the image as a struct; image.cpp has their names, ranges and sentences.
#pragma once

#include <cstdint>

namespace moesaic::firmware::fse_dp {

/// Which memory holds what: slices dealt in turn, whole experts dealt in turn, or every slice in pieces on
/// all.
enum class Placement { slices, experts, striped };
/// In which order experts are loaded.
enum class Order { paired, hottest_first, id };
/// Who starts an expert: everybody's local rules, from complete tables; or Algorithm 1, one after the other.
enum class Scheduling { tables, trajectories };
/// At which die of its trajectory a slice enters.
enum class EntryDie { nearest_memory, least_loaded, most_tokens };
/// In which order the dies of a trajectory are visited.
enum class RingOrder { snake, spiral, shortest };
/// How agents work: decisions by interrupt, or commands posted ahead that wait for each other's events.
enum class Control { interrupts, chains };

/// The virtualization rules of the paper. What holds without one is said in image.cpp.
struct Rules {
  bool arrivals_first = true;  ///< 1
  bool any_stored = true;      ///< 2
  bool eager_release = true;   ///< 3
  bool greedy_loads = true;    ///< 4
  bool to_most_free = false;   ///< 5
};

/// The paper's scheduler in hardware: cycles of its parts, instead of the core's for the same work.
struct HardwareScheduler {
  bool used = false;
  std::uint32_t table_cycles = 1;  ///< EIT: one entry written or read
  std::uint32_t idle_cycles = 1;   ///< ICV: one allocation or release
  std::uint32_t match_cycles = 4;  ///< matcher: dies and path of one expert
  std::uint32_t sort_cycles = 1;   ///< one stage of the bitonic sorter
};

struct Settings {
  Placement placement = Placement::striped;
  Order order = Order::paired;
  Rules rules;
  bool fuse = true;
  Scheduling scheduling = Scheduling::tables;
  std::uint32_t preload = 4;  ///< experts that Algorithm 1 starts ahead of idle dies
  EntryDie entry = EntryDie::nearest_memory;
  RingOrder ring = RingOrder::snake;
  bool skip_dies = true;
  Control control = Control::interrupts;
  HardwareScheduler hardware;
  std::uint32_t slack = 0;      ///< percent of forward passes that earn a deferral; 0: no buffering
  std::uint32_t theta_min = 2;  ///< an expert with fewer tokens is not worth loading now
  bool reserved_slot = true;
  std::uint32_t slots = 0;         ///< 0: as many as fit
  std::uint32_t micro_slices = 0;  ///< 0: derived
  std::uint32_t slice_columns = 0;

  bool tables_to_all() const { return control == Control::chains; }
  bool entry_in_table() const { return entry != EntryDie::nearest_memory; }
  bool next_in_table() const { return ring == RingOrder::shortest; }
};

}  // namespace moesaic::firmware::fse_dp

// SPDX-License-Identifier: Apache-2.0
// A package without time, to test firmware on: it executes what images ask for, in an order drawn from a
// seed.
//
// Models: command queues, events, slots, lists, mailboxes, DMA, fabric and engine by their contract
// (docs/firmware.md), and every order of completion that the contract allows; commands read when they start
// and write when they end, and two that touch the same bytes at once are an error. Does not model: time,
// chunks, continuations (biases, multicast), the numerics of the engine (y += (x.Wg)(x.Wu) gate Wd, modulo
// 2^32). Errors: run() throws with the first one, or with who waits for whom when nothing can happen any
// more.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "firmware/sdk/abi.h"
#include "sc_main/run/batch.h"

namespace moesaic::fake {

struct Config {
  unsigned rows = 2, columns = 2;
  std::uint32_t sram_bytes = 1u << 16;
  std::uint32_t command_queues = 8, queue_depth = 8, events = 256, slots = 64, mail_depth = 4;
  std::uint32_t hidden = 8, expert_width = 6, experts = 8, shared_experts = 0, top_k = 2;
  std::uint32_t layers = 1, tokens = 16, iterations = 1;
  std::uint32_t tokens_of_request = 1;  ///< in every iteration, in places behind each other
  std::vector<std::uint64_t> memory;    ///< by node; empty: enough everywhere
  std::uint16_t scheduler = MOESAIC_NO_NODE;
  std::uint64_t seed = 1;
  bool oracle = false;               ///< every core may ask for every gate result
  bool sticky_routing = false;       ///< every token takes experts 0..top_k-1
  std::vector<std::string> options;  ///< values in the image's order; empty: defaults
};

using Range = std::pair<std::uint64_t, std::uint64_t>;  // [begin, end) of one SRAM
enum class Access { read, write, accumulate };

/// Bytes that a command under way may touch.
struct Claim {
  std::uint64_t owner;
  unsigned die;
  Range range;
  Access access;
};

struct Started {
  moesaic_descriptor descriptor{};
  std::vector<moesaic_list_entry> list;
};

struct InFlight {
  std::uint64_t id = 0;
  unsigned die = 0, context = 0, queue = 0;
  Started command;
  bool executing = false;
  std::vector<std::vector<std::uint8_t>> data;  ///< rows read at the start
};

/// A send's data that has left its die.
struct Packet {
  std::uint64_t id;
  InFlight from;
};

struct SlotState {
  std::uint32_t offset, bytes;
  std::uint16_t granted;
};

class Package;

struct CoreState {
  Package* package = nullptr;
  unsigned die = 0;
  moesaic_role role = MOESAIC_AGENT;
  moesaic_core firmware{};
  bool layer_pending = false, layer_finished = false, space_wanted = false, space_news = false;
  std::uint64_t timer = 0;
  std::uint64_t charged = 0;
  struct CommandQueue {
    std::vector<moesaic_descriptor> staged;
    std::deque<Started> started;
    unsigned unfinished = 0;
  };
  std::vector<CommandQueue> queues;
  std::deque<moesaic_completion> completions;
  std::deque<moesaic_mail> inbox, outbox;
};

struct Die {
  std::vector<std::uint8_t> sram;
  std::vector<bool> core_written;
  std::vector<std::uint32_t> events;
  std::map<std::uint16_t, SlotState> slots;
  std::deque<InFlight> engine;
  std::vector<InFlight> dma;
};

class Package {
 public:
  Package(const moesaic_image& image, const Config& config);
  ~Package();
  Package(const Package&) = delete;
  Package& operator=(const Package&) = delete;

  /// Boots, runs all iterations and layers.
  void run();
  /// Empty when every token's output is right and every (token, expert, column) was computed exactly once.
  std::string wrong_results() const;
  std::uint64_t charged_cycles() const;
  std::uint64_t computes() const { return computes_; }
  std::size_t dropped() const { return dropped_.size(); }
  std::uint64_t padding_rows() const { return declared_padding_; }
  const std::vector<std::string>& log() const { return log_; }
  /// Deferrals of a request, in all iterations.
  std::uint64_t deferrals() const { return deferrals_; }
  std::vector<moesaic_choice> routing(std::uint32_t layer, std::uint32_t token) const;

 private:
  using Work = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>;

  moesaic_core_info info_of(unsigned die, moesaic_role role) const;
  static moesaic_hal hal_of(CoreState& state);
  void fault(const std::string& text) {
    if (fault_.empty()) fault_ = text;
  }
  bool step();
  void run_handler(CoreState& core, unsigned which);
  bool issuable(const CoreState& core, const CoreState::CommandQueue& queue) const;
  void issue(CoreState& core, unsigned queue);
  void begin(InFlight& flight);
  void claim(const InFlight& flight, unsigned die, std::uint64_t offset, std::uint64_t bytes, Access access);
  void release(std::uint64_t id);
  void finish_transfer(InFlight flight);
  void finish_engine(InFlight flight);
  void arrive(const Packet& packet);
  void done(const InFlight& flight);
  void add_event(unsigned die, std::uint16_t event, std::uint16_t add);
  void check_write(unsigned die, unsigned writer, std::uint64_t offset, std::uint64_t bytes);
  void compute(InFlight& flight);
  std::uint8_t memory_byte(std::uint64_t address);
  std::int32_t weight(unsigned kind, unsigned layer, unsigned expert, unsigned row, unsigned column) const;
  void read_bus(CoreState& core, std::uint64_t address, void* data, std::uint32_t bytes);
  void write_bus(CoreState& core, std::uint64_t address, const void* data, std::uint32_t bytes);
  void ring(CoreState& core, unsigned queue, std::uint32_t count);
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }
  std::string who_waits() const;

  Config config_;
  std::mt19937_64 random_;
  unsigned nodes_;
  std::vector<std::uint64_t> memory_;
  std::vector<Die> dies_;
  Batch batch_;
  std::vector<std::unique_ptr<CoreState>> cores_;
  std::map<std::uint64_t, moesaic_tensor> tensors_;  ///< by address
  std::map<std::uint64_t, std::uint8_t> stored_;
  std::map<Work, unsigned> work_;
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> dropped_;  ///< layer, expert, token
  std::uint64_t declared_padding_ = 0;                                         ///< rows
  std::uint64_t padding_columns_ = 0;                                          ///< computed
  std::vector<Claim> claims_;
  std::vector<Packet> packets_;
  std::vector<std::tuple<unsigned, std::uint16_t, std::uint16_t>> signals_;
  std::uint64_t deferrals_ = 0;
  std::uint64_t steps_ = 0, next_id_ = 1, computes_ = 0;
  bool booting_ = true;
  std::string fault_;
  std::vector<std::string> log_;
};

/// Loads DIRECTORY/NAME.so for the life of the process.
const moesaic_image& load_image(const std::string& directory, const std::string& name);

}  // namespace moesaic::fake

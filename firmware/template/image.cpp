// SPDX-License-Identifier: Apache-2.0
// @NAME@: every die computes all experts of its own tokens. No token travels; instead each die loads the
// weights that its tokens need, slice by slice, from the memory in which they lie, its own or another die's.
//
// This is what `moesaic new firmware` writes: complete, correct on every package, and slow, because an expert
// that tokens of four dies need is loaded four times. Change it. docs/firmware.md explains every call.
#include "moesaic/image.h"

#include <algorithm>
#include <string>
#include <vector>

#include "moesaic/lib/backlog.h"
#include "moesaic/lib/expert_table.h"
#include "moesaic/lib/homes.h"
#include "moesaic/lib/memory_plan.h"
#include "moesaic/lib/slice_plan.h"

namespace {  // two images in one process must not share names

using namespace moesaic::firmware;

constexpr std::uint32_t kWaveDone = 0xFFFFFFFFu;  // tag of the interrupt at the end of a wave

// --- 1. What every core knows before anything runs

// Sizes only, nothing of the routing: planned offline, the same on every die, free of simulated time. When
// the tokens of a die do not all fit into its SRAM, a layer is done in several waves, and each loads the
// weights again.
struct Plan {
  Plan(const moesaic_core_info& info, std::uint32_t buffer_count)
      : buffers(buffer_count), homes(info.nodes, info.tokens), hidden(info.hidden) {
    const auto found = plan_slices(demand(info, buffers));
    if (!found) throw std::runtime_error("the SRAM is too small for one token row and one slice");
    slices = *found;
    const std::uint64_t rows = slices.rows;
    y = static_cast<std::uint32_t>(round_up(rows * hidden, kSramAlignment));
    weights = static_cast<std::uint32_t>(round_up(y + rows * hidden * 4, kSramAlignment));
    lists = buffer(buffers);
  }

  // What the SRAM has to hold: of each token row its x (int8), its y (int32) and an entry in the list of each
  // of its experts; beside them the slice buffers.
  static SliceDemand demand(const moesaic_core_info& info, std::uint32_t buffers) {
    SliceDemand d;
    d.sram_bytes = info.sram_bytes;
    d.fixed_bytes = 2 * kSramAlignment;
    d.row_bytes = 5 * info.hidden + (info.top_k + info.shared_experts) * sizeof(moesaic_list_entry);
    d.rows_wanted = EvenSplit(info.nodes, info.tokens).largest();
    d.hidden = info.hidden;
    d.expert_width = info.expert_width;
    d.buffers = buffers;
    return d;
  }

  std::uint32_t buffer(std::uint32_t b) const {
    return weights + b * static_cast<std::uint32_t>(slice_bytes(hidden, slices.columns));
  }
  // Event counters of a die. They only grow, so every use of a buffer waits for a value of its own.
  static constexpr std::uint16_t kSlotReady = 0, kRowsLoaded = 1;
  std::uint16_t loaded(std::uint32_t b) const { return static_cast<std::uint16_t>(2 + b); }
  std::uint16_t freed(std::uint32_t b) const { return static_cast<std::uint16_t>(2 + buffers + b); }

  std::uint32_t buffers;
  EvenSplit homes;  // which tokens live on which die
  std::uint32_t hidden;
  SlicePlan slices;
  std::uint32_t y, weights, lists;  // SRAM offsets; x is at 0
};

// Where everything lies in memory. Expert e (shared ones have the numbers behind the others) is stored with
// die e modulo dies; a slice's gate, up and down columns lie behind each other, so that one load brings a
// slice.
class Storage {
 public:
  Storage(const Hal& hal, const Plan& plan)
      : plan_(plan),
        info_(hal.info()),
        owners_(ExpertOwners::Rule::round_robin, info_.nodes, info_.experts + info_.shared_experts) {
    slice_bytes_ = memory_footprint(3 * std::uint64_t{info_.hidden} * plan.slices.columns);
    std::vector<std::uint64_t> needs;
    for (std::uint32_t n = 0; n < info_.nodes; ++n)
      needs.push_back(info_.layers * (layer_weights(n) + layer_rows(n, 1) + layer_rows(n, 4)));
    for (std::uint16_t n = 0; n < info_.nodes; ++n) {
      MemoryRegion region(hal, needs, n);
      weights_.push_back(region.take(info_.layers * layer_weights(n)));
      if (n != info_.node) continue;
      activations_ = region.take(info_.layers * layer_rows(n, 1));
      outputs_ = region.take(info_.layers * layer_rows(n, 4));
    }
  }

  // Tells the program what this die stores. Every core does so for its part.
  void place(Hal& hal) const {
    const std::uint32_t first = plan_.homes.first(info_.node);
    const std::uint32_t tokens = plan_.homes.count(info_.node);
    for (std::uint16_t layer = 0; layer < info_.layers; ++layer) {
      for (std::uint32_t i = 0; i < owners_.count(info_.node); ++i)
        place_expert(hal, layer, owners_.global(info_.node, i));
      if (tokens == 0) continue;
      hal.place({MOESAIC_ACTIVATIONS, layer, 0, 0, first, tokens, activations(layer)});
      hal.place({MOESAIC_OUTPUT, layer, 0, 0, first, tokens, outputs(layer)});
    }
  }

  std::uint64_t slice(std::uint32_t layer, std::uint32_t expert, std::uint32_t slice) const {
    const std::uint32_t die = owners_.owner(expert);
    const std::uint64_t before = std::uint64_t{layer} * owners_.count(die) + owners_.local(expert);
    return weights_[die] + (before * plan_.slices.slices + slice) * slice_bytes_;
  }
  std::uint64_t activations(std::uint32_t layer) const {
    return activations_ + layer * layer_rows(info_.node, 1);
  }
  std::uint64_t outputs(std::uint32_t layer) const { return outputs_ + layer * layer_rows(info_.node, 4); }
  // The last slice of an expert may have fewer columns.
  std::uint32_t columns(std::uint32_t slice) const {
    return std::min(plan_.slices.columns, info_.expert_width - slice * plan_.slices.columns);
  }

 private:
  std::uint64_t layer_weights(std::uint32_t die) const {
    return owners_.count(die) * std::uint64_t{plan_.slices.slices} * slice_bytes_;
  }
  std::uint64_t layer_rows(std::uint32_t die, std::uint32_t bytes_per_value) const {
    return memory_footprint(std::uint64_t{plan_.homes.count(die)} * info_.hidden * bytes_per_value);
  }
  void place_expert(Hal& hal, std::uint16_t layer, std::uint32_t expert) const {
    for (std::uint32_t s = 0; s < plan_.slices.slices; ++s) {
      std::uint64_t at = slice(layer, expert, s);
      for (const auto kind : {MOESAIC_GATE_WEIGHTS, MOESAIC_UP_WEIGHTS, MOESAIC_DOWN_WEIGHTS}) {
        hal.place({static_cast<std::uint16_t>(kind), layer, static_cast<std::uint16_t>(expert), 0,
                   s * plan_.slices.columns, columns(s), at});
        at += std::uint64_t{columns(s)} * info_.hidden;
      }
    }
  }

  const Plan& plan_;
  const moesaic_core_info& info_;
  ExpertOwners owners_;
  std::uint64_t slice_bytes_ = 0;
  std::vector<std::uint64_t> weights_;  // by die
  std::uint64_t activations_ = 0, outputs_ = 0;
};

// --- 2. The agent of a die

// Two command queues work side by side: one loads, one computes. Which waits for which is said by events, so
// all of a wave is posted ahead, and the firmware sleeps until its last command is done.
class Agent : public Core {
 public:
  Agent(Hal& hal, std::uint32_t buffers)
      : hal_(hal),
        plan_(hal.info(), buffers),
        storage_(hal, plan_),
        loads_(hal, 0),
        work_(hal, 1),
        table_(hal, hal.info().experts + hal.info().shared_experts) {}

  void on_boot() override {
    const SlicePlan& s = plan_.slices;
    hal_.log(MOESAIC_LOG_INFO, "plan: rows per wave " + std::to_string(s.rows) + ", waves per layer " +
                                   std::to_string(s.waves) + ", slices per expert " +
                                   std::to_string(s.slices) + ", columns per slice " +
                                   std::to_string(s.columns));
    storage_.place(hal_);
    // x, y and the buffers in one slot; token lists are written by this core and lie outside of slots.
    loads_.post(slot_allocate(0, 0, plan_.lists).then_local(Plan::kSlotReady));
    work_.post(fence().wait(Plan::kSlotReady, 1));
    flush();
  }

  void on_layer_start(std::uint32_t /*iteration*/, std::uint32_t layer) override {
    layer_ = layer;
    wave_ = 0;
    start_wave();
  }

  void on_completion(const moesaic_completion& entry) override {
    // 1. Queues have room again: refill them.
    loads_.pump();
    work_.pump();
    // 2. The last command of the wave is done.
    if (entry.tag != kWaveDone) return;
    ++wave_;
    start_wave();
  }

 private:
  void start_wave() {
    const std::uint32_t begin = wave_ * plan_.slices.rows;
    const std::uint32_t tokens = plan_.homes.count(hal_.node());
    if (begin >= tokens) return end_layer();
    const std::uint32_t rows = std::min(plan_.slices.rows, tokens - begin);
    hal_.mark("layer " + std::to_string(layer_) + ", wave " + std::to_string(wave_));
    // 1. Rows in, results to zero: needs no gate result.
    loads_.post(load(storage_.activations(layer_) + std::uint64_t{begin} * plan_.hidden, hal_.sram(0),
                     block(rows * plan_.hidden))
                    .then_local(Plan::kRowsLoaded));
    work_.post(vector_fill(plan_.y, plan_.hidden, rows));
    work_.post(fence().wait(Plan::kRowsLoaded, ++rows_loaded_));
    flush();
    // 2. The gate: which rows does each expert get?
    read_gate(plan_.homes.first(hal_.node()) + begin, rows);
    // 3. Every expert that has rows, slice by slice.
    const std::vector<std::uint32_t> experts = table_.active();
    hal_.log(MOESAIC_LOG_DEBUG,
             std::to_string(rows) + " tokens need " + std::to_string(experts.size()) + " experts");
    std::uint32_t list = plan_.lists;
    for (const std::uint32_t expert : experts) {
      hal_.write_list(list, table_.list(expert));
      for (std::uint32_t s = 0; s < plan_.slices.slices; ++s) stream(expert, s, list);
      list += static_cast<std::uint32_t>(table_.list(expert).size() * sizeof(moesaic_list_entry));
    }
    // 4. When all is added up: results out.
    work_.post(fence());
    work_.post(store(hal_.sram(plan_.y), storage_.outputs(layer_) + std::uint64_t{begin} * plan_.hidden * 4,
                     block(rows * plan_.hidden * 4))
                   .interrupt(kWaveDone));
    flush();
  }

  // An agent sees the gate results of its own tokens. Shared experts take every token.
  void read_gate(std::uint32_t first_token, std::uint32_t rows) {
    table_.clear();
    for (std::uint32_t i = 0; i < rows; ++i) {
      const auto row = static_cast<std::uint16_t>(i);
      for (const moesaic_choice& choice : hal_.gate_results(layer_, first_token + i))
        table_.add(choice.expert, {first_token + i, row, row, choice.gate, 0});
      for (std::uint32_t s = 0; s < hal_.info().shared_experts; ++s)
        table_.add(hal_.info().experts + s, {first_token + i, row, row, kGateOne, 0});
    }
  }

  // Loads a slice into the next buffer and computes with it. A buffer goes back and forth: the engine waits
  // until it is loaded, the next load waits until the engine has freed it.
  void stream(std::uint32_t expert, std::uint32_t slice, std::uint32_t list) {
    const std::uint32_t buffer = streamed_ % plan_.buffers;
    const std::uint32_t use = streamed_ / plan_.buffers;
    ++streamed_;
    const std::uint32_t columns = storage_.columns(slice);
    const std::uint32_t tag = expert << 12 | slice;  // shown in traces and fault reports

    Command fetch = load(storage_.slice(layer_, expert, slice), hal_.sram(plan_.buffer(buffer)),
                         block(3 * columns * plan_.hidden));
    if (use > 0) fetch.wait(plan_.freed(buffer), use);
    loads_.post(fetch.then_local(plan_.loaded(buffer)).tag(tag));

    moesaic_ffn body = ffn_of_model(hal_.info());
    body.x = 0;
    body.y = plan_.y;
    body.gate_weights = plan_.buffer(buffer);
    body.up_weights = body.gate_weights + columns * plan_.hidden;
    body.down_weights = body.up_weights + columns * plan_.hidden;
    body.list = list;
    body.list_count = static_cast<std::uint16_t>(table_.list(expert).size());
    body.f_begin = static_cast<std::uint16_t>(slice * plan_.slices.columns);
    body.f_count = static_cast<std::uint16_t>(columns);
    body.layer = static_cast<std::uint16_t>(layer_);
    body.expert = static_cast<std::uint16_t>(expert);
    work_.post(
        ffn(body).accumulate().wait(plan_.loaded(buffer), use + 1).then_local(plan_.freed(buffer)).tag(tag));
  }

  void end_layer() {
    hal_.statistic("slices_streamed", "slices", streamed_);
    hal_.layer_done();
  }

  void flush() {
    loads_.flush();
    work_.flush();
  }

  Hal& hal_;
  Plan plan_;
  Storage storage_;
  Backlog loads_, work_;
  ExpertTable table_;
  std::uint32_t layer_ = 0, wave_ = 0;
  std::uint32_t rows_loaded_ = 0;  // waves of the run whose rows have been asked for
  std::uint32_t streamed_ = 0;     // slices of the run
};

// --- 3. What the program asks an image

struct Image {
  static constexpr const char* kName = "@NAME@";
  static constexpr const char* kSummary =
      "every die loads the experts that its own tokens need; no token travels";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT);
  static constexpr std::array<moesaic_option, 1> kOptions = {{
      {"buffers", MOESAIC_OPTION_INT, "2", 1, 16, nullptr,
       "weight slice buffers: 1 loads and computes in turn, 2 loads one slice while the other is computed"},
  }};
  static std::uint32_t buffers(const Options& options) {
    return static_cast<std::uint32_t>(options.integer("buffers"));
  }
  // Less than this ends with exit code 2 before anything is simulated.
  static std::uint64_t minimum_sram(const moesaic_core_info& info, const Options& options) {
    return moesaic::firmware::minimum_sram(Plan::demand(info, buffers(options)));
  }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    return std::make_unique<Agent>(hal, buffers(options));
  }
};

}  // namespace

MOESAIC_IMAGE(Image)

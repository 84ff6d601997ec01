// SPDX-License-Identifier: Apache-2.0
// forgetful: computes everything where the tokens live, the plainest way that is right (every die reads every
// expert that its tokens use, from wherever it lies), saves the results as the option `saves` says, and lets
// requests wait as `defers` says. A program must notice every way of saving but `all`, and every way of
// deferring but `nothing` and `rule`.
#include "firmware/sdk/image.h"

#include <map>
#include <set>
#include <utility>

#include "firmware/lib/homes.h"

namespace {

using namespace moesaic::firmware;

constexpr std::uint32_t kStored = 1;

class Agent : public Core {
 public:
  Agent(Hal& hal, std::string saves, std::string defers)
      : hal_(hal),
        saves_(std::move(saves)),
        defers_(std::move(defers)),
        homes_(hal.info().nodes, hal.info().tokens),
        own_(homes_.count(hal.node())) {}

  void on_boot() override {
    const moesaic_core_info& info = hal_.info();
    if (info.node == 0) place_weights();
    if (own_ == 0) return;
    for (std::uint16_t layer = 0; layer < info.layers; ++layer) {
      const std::uint32_t first = homes_.first(info.node);
      hal_.place({MOESAIC_ACTIVATIONS, layer, 0, 0, first, own_, inputs(layer)});
      hal_.place({MOESAIC_OUTPUT, layer, 0, 0, first, own_, outputs(layer)});
    }
  }

  void on_layer_start(std::uint32_t iteration, std::uint32_t layer) override {
    layer_ = layer;
    if (defers_ == "rule" || (defers_ == "one_die" && hal_.node() == 0)) defer(iteration);
    if (defers_ == "twice") {
      const std::uint32_t request = hal_.tokens().front().request;
      hal_.defer(request);
      hal_.defer(request);
    }
    if (defers_ == "foreign") hal_.defer(1'000'000);
    present_.assign(own_, false);
    lists_.clear();
    for (const moesaic_token& token : hal_.tokens()) {
      const std::uint32_t i = token.token - homes_.first(hal_.node());
      present_[i] = true;
      for (const moesaic_choice& choice : hal_.gate_results(layer, token.token))
        lists_[choice.expert].push_back(entry(i, choice.gate));
      for (std::uint32_t s = 0; s < hal_.info().shared_experts; ++s)
        lists_[hal_.info().experts + s].push_back(entry(i, kGateOne));
    }
    if (lists_.empty()) return hal_.layer_done();
    if (defers_ == "computes_all_the_same") hal_.defer(hal_.tokens().front().request);
    prepare();
    next_ = lists_.begin();
    next_expert();
  }

  void on_completion(const moesaic_completion& done) override {
    if (done.tag == kStored) {
      hal_.layer_done();
      if (defers_ == "late") hal_.defer(0);
      return;
    }
    if (defers_ == "computed" && next_ != lists_.begin()) hal_.defer(hal_.tokens().front().request);
    next_expert();
  }

 private:
  using Lists = std::map<std::uint32_t, std::vector<moesaic_list_entry>>;

  Queue& queue() { return hal_.queue(0); }
  std::uint32_t hidden() const { return hal_.info().hidden; }
  std::uint32_t matrix() const { return hal_.info().expert_width * hidden(); }
  moesaic_list_entry entry(std::uint32_t row, std::uint16_t gate) const {
    const auto r = static_cast<std::uint16_t>(row);
    return {homes_.first(hal_.node()) + row, r, r, gate, 0};
  }
  // SRAM: y, x, the three matrices, the list.
  std::uint32_t x() const { return own_ * hidden() * 4; }
  std::uint32_t weights() const { return x() + own_ * hidden(); }
  std::uint32_t list() const { return (weights() + 3 * matrix() + 63) / 64 * 64; }
  // Memory of die 0: weights by layer and expert. Of every die: inputs and results by layer, in its upper
  // half.
  std::uint64_t weights_of(std::uint32_t layer, std::uint32_t expert) const {
    const std::uint64_t experts = hal_.info().experts + hal_.info().shared_experts;
    return memory_address(0, (layer * experts + expert) * 3 * matrix());
  }
  std::uint64_t inputs(std::uint32_t layer) const {
    return memory_address(hal_.node(),
                          hal_.memory_bytes(hal_.node()) / 2 + std::uint64_t{layer} * own_ * hidden() * 5);
  }
  std::uint64_t outputs(std::uint32_t layer) const { return inputs(layer) + std::uint64_t{own_} * hidden(); }

  void place_weights() {
    const moesaic_core_info& info = hal_.info();
    for (std::uint16_t layer = 0; layer < info.layers; ++layer) {
      for (std::uint32_t e = 0; e < info.experts + info.shared_experts; ++e) {
        for (std::uint16_t kind = MOESAIC_GATE_WEIGHTS; kind <= MOESAIC_DOWN_WEIGHTS; ++kind)
          hal_.place({kind, layer, static_cast<std::uint16_t>(e), 0, 0, info.expert_width,
                      weights_of(layer, e) + std::uint64_t{kind} * matrix()});
      }
    }
  }

  // Every die decides alike, and nobody waits for ever: the rule changes with the iteration.
  void defer(std::uint32_t iteration) {
    std::set<std::uint32_t> requests;
    for (const moesaic_token& token : hal_.tokens()) requests.insert(token.request);
    for (const std::uint32_t request : requests)
      if ((request + layer_ + iteration) % 3 == 0) hal_.defer(request);
  }

  void prepare() {
    if (!std::exchange(allocated_, true)) queue().push(slot_allocate(0, 0, list()));
    queue().push(load(inputs(layer_), hal_.sram(x()), block(own_ * hidden())));
    queue().push(vector_fill(0, hidden(), own_));
    queue().push(fence());
  }

  // One expert after the other, or the results when there is none left.
  void next_expert() {
    if (next_ == lists_.end()) {
      save();
      queue().push(fence().interrupt(kStored));
    } else {
      hal_.write_list(list(), next_->second);
      queue().push(load(weights_of(layer_, next_->first), hal_.sram(weights()), block(3 * matrix())));
      queue().push(fence());
      moesaic_ffn body = ffn_of_model(hal_.info());
      body.x = x();
      body.gate_weights = weights();
      body.up_weights = weights() + matrix();
      body.down_weights = weights() + 2 * matrix();
      body.list = list();
      body.list_count = static_cast<std::uint16_t>(next_->second.size());
      body.f_count = static_cast<std::uint16_t>(hal_.info().expert_width);
      body.layer = static_cast<std::uint16_t>(layer_);
      body.expert = static_cast<std::uint16_t>(next_->first);
      queue().push(ffn(body).accumulate());
      queue().push(fence().interrupt(0));
      ++next_;
    }
    queue().ring();
  }

  void save() {
    const std::uint32_t row = hidden() * 4;
    if (saves_ == "all" || saves_ == "twice") store_present(row);
    if (saves_ == "absent_too") store_rows(0, own_, row);
    if (saves_ == "twice") store_rows(own_ - 1, 1, row);
    if (saves_ == "all_but_one") store_rows(0, own_ - 1, row);
    // The last four bytes of the last row are missing.
    if (saves_ == "in_part") {
      store_rows(0, own_ - 1, row);
      store_rows(own_ - 1, 1, row - 4);
    }
  }
  // Runs of rows whose tokens are in the layer.
  void store_present(std::uint32_t row) {
    for (std::uint32_t first = 0; first < own_; ++first) {
      std::uint32_t count = 0;
      while (first + count < own_ && present_[first + count]) ++count;
      if (count > 0) store_rows(first, count, row);
      first += count;
    }
  }
  void store_rows(std::uint32_t first, std::uint32_t count, std::uint32_t bytes) {
    const std::uint32_t row = hidden() * 4;
    queue().push(store(hal_.sram(first * row), outputs(layer_) + first * row,
                       {bytes, count, row, row, MOESAIC_NO_OFFSET}));
    queue().push(fence());
  }

  Hal& hal_;
  std::string saves_, defers_;
  EvenSplit homes_;
  std::uint32_t own_;
  std::uint32_t layer_ = 0;
  bool allocated_ = false;
  std::vector<bool> present_;  // by own row
  Lists lists_;
  Lists::const_iterator next_;
};

struct Image {
  static constexpr const char* kName = "forgetful";
  static constexpr const char* kSummary = "test image: computes everything, saves it or not";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT);
  static constexpr std::array<moesaic_option, 2> kOptions = {{
      {"saves", MOESAIC_OPTION_NAME, "all", 0, 0, "all nothing all_but_one in_part twice absent_too",
       "which results every die stores"},
      {"defers", MOESAIC_OPTION_NAME, "nothing", 0, 0,
       "nothing rule one_die twice foreign late computed computes_all_the_same", "which requests wait"},
  }};
  static std::uint64_t minimum_sram(const moesaic_core_info& info, const Options&) {
    const std::uint64_t own = EvenSplit(info.nodes, info.tokens).largest();
    return own * (std::uint64_t{info.hidden} * 5 + 12) + 3ull * info.expert_width * info.hidden + 64;
  }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    return std::make_unique<Agent>(hal, options.name("saves"), options.name("defers"));
  }
};

}  // namespace

MOESAIC_IMAGE(Image)

// SPDX-License-Identifier: Apache-2.0
// Which tokens are in which layer of which iteration.
//
// Models: a pass is what a request does in one iteration: its tokens go through all layers together. A pass
// begins in the iteration it is planned for, or, when its request or one of its places was held up by a
// deferral, in the first one after that has ended. So a place never has more than one token, and each token
// is computed exactly once, in whatever iteration.
// Contract: one object a run; it stands at the first layer of an iteration. The order of calls is end_layer,
// then next_layer until it says no, then next_iteration. Plain C++, no time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "firmware/sdk/abi.h"
#include "sc_main/workload/requests.h"

namespace moesaic {

class Batch {
 public:
  /// Stands at layer 0 of iteration 0. REQUIRES: at most 64 dies.
  Batch(RequestPlan plan, unsigned dies, std::uint32_t layers);

  std::uint32_t iteration() const { return iteration_; }
  std::uint32_t layer() const { return layer_; }
  std::uint32_t places() const { return plan_.batch; }
  std::uint32_t layers() const { return layers_; }
  /// The die that has a place.
  unsigned die_of(std::uint32_t place) const {
    return static_cast<unsigned>(std::uint64_t{place} * dies_ / plan_.batch);
  }

  /// Number in the run of the token in a place that is in the running layer and has not been deferred.
  std::optional<std::uint32_t> running(std::uint32_t place) const;
  /// The token in a place, if it has been in this layer by now: its gate results are known.
  std::optional<std::uint32_t> reached(std::uint32_t place, std::uint32_t layer) const;
  /// The token in a place, if it has gone through this layer in this iteration.
  std::optional<std::uint32_t> passed(std::uint32_t place, std::uint32_t layer) const;
  /// The token that came into a place with this iteration.
  std::optional<std::uint32_t> entered(std::uint32_t place) const;
  /// Tokens of a die in the running layer, by place.
  std::vector<moesaic_token> tokens_of(unsigned die) const;

  /// Takes the tokens of a request on this die out of the running layer. Empty, or why not.
  [[nodiscard]] std::string defer(unsigned die, std::uint32_t request);
  /// The running layer is over. Empty, or which request was deferred on some of its dies only.
  [[nodiscard]] std::string end_layer();
  /// Goes to the next layer of this iteration that has tokens. False: the iteration is over.
  bool next_layer();
  /// Goes to the first layer with tokens of the next iteration. False: every token has gone through all
  /// layers.
  bool next_iteration();

  /// Of the present iteration so far: tokens that ended their last layer, and deferrals.
  struct Count {
    std::uint64_t ended = 0, prefill_ended = 0;
    std::uint64_t deferred_requests = 0, deferred_tokens = 0;
  };
  const Count& count() const { return count_; }

 private:
  struct Pass {
    std::uint32_t planned = 0;  ///< iteration
    std::uint32_t request = 0;
    std::uint32_t earlier = 0;          ///< passes of the request before this one
    std::vector<std::uint32_t> places;  ///< ascending
    bool begun = false, over = false;
    bool waits = false;             ///< for the next iteration
    std::uint32_t began = 0;        ///< iteration
    std::uint32_t from = 0;         ///< first layer in this iteration
    std::uint32_t next = 0;         ///< layer that comes next, or runs
    std::uint32_t known = 0;        ///< layers it has been in
    std::uint64_t deferred_by = 0;  ///< dies, in the running layer
  };

  void make_passes();
  void begin_passes();
  bool in_layer(const Pass& pass) const { return !pass.over && !pass.waits && pass.next == layer_; }
  /// In flight in a place, or ended in this iteration; null: none.
  const Pass* pass_in(std::uint32_t place) const;
  std::uint64_t dies_of(const Pass& pass) const;
  std::uint32_t token(const Pass& pass, std::uint32_t place) const {
    return pass.planned * plan_.batch + place;
  }

  RequestPlan plan_;
  unsigned dies_;
  std::uint32_t layers_;
  std::uint32_t iteration_ = 0, layer_ = 0;
  std::vector<Pass> passes_;            // by planned iteration, then first place
  std::vector<std::size_t> in_place_;   // pass by place; passes_.size(): none
  std::vector<std::size_t> in_flight_;  // passes, by number
  std::size_t first_unbegun_ = 0;       // all before it have begun
  Count count_;
};

}  // namespace moesaic

// SPDX-License-Identifier: Apache-2.0
// Token buffering (Algorithm 2 of the paper): after the gate and before scheduling, a request that needs an
// expert with few tokens may wait, as a whole, for the next iteration.
//
// The rule: a forward pass earns `slack` percent of a deferral (N_thr passes earn one, N_thr = 100 / slack).
// Where a token of a request has chosen an expert with fewer than `theta_min` tokens in the package, and the
// request has earned a deferral that it has not used, it waits. Who knows what: agents report how many own
// tokens chose each expert, over the whole layer; the scheduler tells them the cold experts; agents name the
// requests that need one and have earned something; the scheduler keeps what requests have used, decides, and
// tells every die. All of it by mail, charged like everything else.
#pragma once

#include <map>
#include <vector>

#include "firmware/images/fse_dp/messages.h"
#include "firmware/sdk/charged.h"

namespace moesaic::firmware::fse_dp {

/// Forward passes that earn deferrals, as whole deferrals.
constexpr std::uint32_t deferrals_earned(std::uint32_t passes, std::uint32_t slack) {
  return static_cast<std::uint32_t>(std::uint64_t{passes} * slack / 100);
}

/// The scheduler's part.
class DeferralTable {
 public:
  /// `dies`: those that report, in every layer.
  DeferralTable(Hal& hal, Outbox& outbox, const Settings& settings, std::vector<std::uint16_t> dies);
  /// A message of kind kLayerCountsMail or kCandidatesMail.
  void take(const moesaic_mail& mail);
  std::uint64_t deferred() const { return deferred_; }

 private:
  void begin_layer();
  void tell_cold_experts();
  void decide();

  Hal& hal_;
  Outbox& outbox_;
  const Settings settings_;
  const std::vector<std::uint16_t> dies_;
  std::vector<std::uint32_t> tokens_;                  ///< by expert, of this layer
  std::uint32_t counts_due_ = 0;                       ///< messages
  std::uint32_t reports_due_ = 0;                      ///< dies whose candidates are not all known
  std::map<std::uint16_t, std::uint32_t> reported_;    ///< candidates, by die
  std::map<std::uint32_t, std::uint32_t> candidates_;  ///< passes, by request
  ChargedMap<std::uint32_t, std::uint32_t> used_;      ///< deferrals, by request
  std::uint64_t deferred_ = 0;
};

/// The agent's part: tokens of this die in the running layer, and whom they chose.
class TokenBuffer {
 public:
  struct Token {
    std::uint32_t row = 0;  ///< among the places of this die
    Candidate owner{};
    std::vector<moesaic_choice> choices;
    bool present = true;
  };

  TokenBuffer(Hal& hal, Outbox& outbox, const Settings& settings, std::uint32_t first_place)
      : hal_(hal), outbox_(outbox), settings_(settings), first_place_(first_place) {}
  /// Reads tokens and gate, and reports.
  void begin_layer(std::uint32_t layer);
  /// A message of kind kColdMail or kDeferMail. True when all is decided.
  bool take(const moesaic_mail& mail);
  /// Those that stay in this layer, by place.
  const std::vector<Token>& tokens() const { return tokens_; }

 private:
  void name_candidates();

  Hal& hal_;
  Outbox& outbox_;
  const Settings settings_;
  const std::uint32_t first_place_;
  std::vector<Token> tokens_;
  std::vector<bool> cold_;  ///< by expert
  std::uint32_t cold_known_ = 0, decisions_known_ = 0;
};

}  // namespace moesaic::firmware::fse_dp

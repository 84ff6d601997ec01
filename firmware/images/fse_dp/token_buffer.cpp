// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/fse_dp/token_buffer.h"

#include <algorithm>
#include <set>
#include <utility>

namespace moesaic::firmware::fse_dp {

DeferralTable::DeferralTable(Hal& hal, Outbox& outbox, const Settings& settings,
                             std::vector<std::uint16_t> dies)
    : hal_(hal), outbox_(outbox), settings_(settings), dies_(std::move(dies)), used_(hal) {
  begin_layer();
}

void DeferralTable::begin_layer() {
  const std::uint32_t experts = hal_.info().experts;
  tokens_.assign(experts, 0);
  counts_due_ = CountsMail::mails(experts) * static_cast<std::uint32_t>(dies_.size());
  reports_due_ = static_cast<std::uint32_t>(dies_.size());
  reported_.clear();
  candidates_.clear();
}

void DeferralTable::take(const moesaic_mail& mail) {
  if (mail.kind == kLayerCountsMail) {
    const CountsMail counts = read_counts(mail, hal_.info().experts);
    hal_.charge(MOESAIC_OP_SCAN_ITEM, counts.counts.size());
    for (std::size_t i = 0; i < counts.counts.size(); ++i) tokens_[counts.first + i] += counts.counts[i];
    if (--counts_due_ == 0) tell_cold_experts();
    return;
  }
  const CandidatesMail more = read_candidates(mail);
  hal_.charge(MOESAIC_OP_LOOKUP, more.entries.size());
  for (const Candidate& c : more.entries) candidates_[c.request] = c.pass;
  std::uint32_t& known = reported_[mail.source_node];
  known += static_cast<std::uint32_t>(more.entries.size());
  if (known == more.total) --reports_due_;
  if (reports_due_ == 0) decide();
}

void DeferralTable::tell_cold_experts() {
  hal_.charge(MOESAIC_OP_SCAN_ITEM, tokens_.size());
  std::vector<bool> cold;
  for (const std::uint32_t tokens : tokens_) cold.push_back(tokens > 0 && tokens < settings_.theta_min);
  for (const std::uint16_t die : dies_) send_cold(outbox_, die, cold);
}

void DeferralTable::decide() {
  std::vector<std::uint32_t> waiting;
  for (const auto& [request, passes] : candidates_) {
    std::uint32_t& used = used_[request];
    if (used >= deferrals_earned(passes, settings_.slack)) continue;
    ++used;
    waiting.push_back(request);
  }
  deferred_ += waiting.size();
  for (const std::uint16_t die : dies_) send_deferrals(outbox_, die, waiting);
  begin_layer();
}

void TokenBuffer::begin_layer(std::uint32_t layer) {
  tokens_.clear();
  cold_.assign(hal_.info().experts, false);
  cold_known_ = decisions_known_ = 0;
  std::vector<std::uint32_t> counts(hal_.info().experts, 0);
  for (const moesaic_token& token : hal_.tokens()) {
    tokens_.push_back(
        {token.token - first_place_, {token.request, token.pass}, hal_.gate_results(layer, token.token)});
    for (const moesaic_choice& choice : tokens_.back().choices) {
      hal_.charge(MOESAIC_OP_LOOKUP);
      ++counts.at(choice.expert);
    }
  }
  hal_.charge(MOESAIC_OP_SCAN_ITEM, counts.size());
  send_counts(outbox_, hal_.info().scheduler_node, kLayerCountsMail, 0, counts);
}

bool TokenBuffer::take(const moesaic_mail& mail) {
  if (mail.kind == kColdMail) {
    cold_known_ += read_cold(mail, cold_);
    hal_.charge(MOESAIC_OP_LOOKUP);
    if (cold_known_ == cold_.size()) name_candidates();
    return false;
  }
  const DeferMail more = read_deferrals(mail);
  for (const std::uint32_t request : more.requests) {
    hal_.charge(MOESAIC_OP_SCAN_ITEM, tokens_.size());
    bool here = false;
    for (Token& token : tokens_)
      if (token.owner.request == request) here = true, token.present = false;
    if (here) hal_.defer(request);
  }
  decisions_known_ += static_cast<std::uint32_t>(more.requests.size());
  if (decisions_known_ < more.total) return false;
  tokens_.erase(std::remove_if(tokens_.begin(), tokens_.end(), [](const Token& t) { return !t.present; }),
                tokens_.end());
  return true;
}

// Requests with a token here that needs a cold expert, each once, if they have earned anything at all.
void TokenBuffer::name_candidates() {
  std::vector<Candidate> named;
  std::set<std::uint32_t> known;
  for (const Token& token : tokens_) {
    hal_.charge(MOESAIC_OP_LOOKUP, token.choices.size());
    const bool needs = std::any_of(token.choices.begin(), token.choices.end(),
                                   [&](const moesaic_choice& c) { return cold_[c.expert]; });
    if (!needs || deferrals_earned(token.owner.pass, settings_.slack) == 0) continue;
    if (known.insert(token.owner.request).second) named.push_back(token.owner);
  }
  send_candidates(outbox_, hal_.info().scheduler_node, named);
}

}  // namespace moesaic::firmware::fse_dp

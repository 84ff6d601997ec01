// SPDX-License-Identifier: Apache-2.0
#include "sc_main/workload/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <deque>

#include "sc_main/workload/procedural.h"

namespace moesaic {

namespace {

std::uint32_t decode_places(const RequestParams& params, std::uint32_t batch) {
  return static_cast<std::uint32_t>(params.decode_share * batch + 0.5);
}

class Planner {
 public:
  Planner(const RequestParams& params, std::uint32_t batch, std::uint32_t iterations, std::uint64_t seed)
      : params_(params), random_(mix64(seed ^ 0x72657175u)) {
    plan_.batch = batch;
    plan_.iterations = iterations;
    // Decoding places are spread evenly, and so over the dies.
    const std::uint64_t decoding = decode_places(params, batch);
    for (std::uint64_t place = 0; place < batch; ++place)
      decodes_.push_back((place + 1) * decoding / batch > place * decoding / batch);
  }

  RequestPlan plan() {
    decoding_.resize(plan_.batch);
    // A run looks into the middle of things: requests of the first iteration have been under way before.
    for (std::uint32_t place = 0; place < plan_.batch; ++place)
      if (decodes_[place]) decoding_[place] = {fresh(), 1 + below(length(params_.output_tokens))};
    if (std::find(decodes_.begin(), decodes_.end(), false) != decodes_.end())
      prompt_ = {fresh(), 1 + below(length(params_.prompt_tokens))};
    for (std::uint32_t i = 0; i < plan_.iterations; ++i) fill_iteration();
    return std::move(plan_);
  }

 private:
  struct Running {
    std::uint32_t request = 0;
    std::uint64_t left = 0;  ///< tokens until it is complete
  };

  std::uint64_t below(std::uint64_t limit) {
    return boost::random::uniform_int_distribution<std::uint64_t>(0, limit - 1)(random_);
  }
  std::uint32_t fresh() { return plan_.requests++; }

  std::uint64_t length(std::uint32_t mean) {
    switch (params_.lengths) {
      case LengthSpread::fixed:
        return mean;
      case LengthSpread::uniform:
        return 1 + below(2 * std::uint64_t{mean} - 1);
      case LengthSpread::geometric:
        break;
    }
    std::uint64_t tokens = 1;
    while (below(mean) != 0) ++tokens;
    return tokens;
  }

  void fill_iteration() {
    std::vector<std::uint32_t> read;  // prompts that end here: they decode from the next iteration on
    for (std::uint32_t place = 0; place < plan_.batch; ++place) {
      plan_.tokens.push_back(decodes_[place] ? decode(decoding_[place]) : prefill(read));
    }
    ready_.insert(ready_.end(), read.begin(), read.end());
  }

  BatchToken decode(Running& running) {
    if (running.left == 0) {
      std::uint32_t next = 0;
      if (ready_.empty()) {
        next = fresh();
      } else {
        next = ready_.front();
        ready_.pop_front();
      }
      running = {next, length(params_.output_tokens)};
    }
    --running.left;
    return {running.request, TokenPhase::decode};
  }

  BatchToken prefill(std::vector<std::uint32_t>& read) {
    if (prompt_.left == 0) prompt_ = {fresh(), length(params_.prompt_tokens)};
    if (--prompt_.left == 0) read.push_back(prompt_.request);
    return {prompt_.request, TokenPhase::prefill};
  }

  const RequestParams& params_;
  boost::random::mt19937_64 random_;
  RequestPlan plan_;
  std::vector<bool> decodes_;      // by place
  std::vector<Running> decoding_;  // by place
  Running prompt_;
  std::deque<std::uint32_t> ready_;  // prompts that have been read and wait for a place to decode in
};

}  // namespace

std::vector<std::optional<std::uint32_t>> RequestPlan::previous_tokens() const {
  std::vector<std::optional<std::uint32_t>> last(requests), previous;
  for (std::uint32_t token = 0; token < tokens.size(); ++token) {
    previous.push_back(last[tokens[token].request]);
    last[tokens[token].request] = token;
  }
  return previous;
}

RequestPlan plan_requests(const RequestParams& params, std::uint32_t batch, std::uint32_t iterations,
                          std::uint64_t seed) {
  return Planner(params, batch, iterations, seed).plan();
}

std::string describe_requests(const RequestParams& params, std::uint32_t batch) {
  const std::uint32_t decoding = decode_places(params, batch);
  return fmt::format(
      "{} tokens of an iteration decode, {} read prompts; lengths {}: prompts of {} tokens, outputs of {} "
      "({})",
      decoding, batch - decoding, enum_names(LengthSpread{})[static_cast<std::size_t>(params.lengths)],
      params.prompt_tokens, params.output_tokens, params.source);
}

}  // namespace moesaic

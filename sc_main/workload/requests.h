// SPDX-License-Identifier: Apache-2.0
// What the iterations of a run are made of: which request has which token in which place of the batch.
//
// Models: a batch of fixed size in continuous batching. A share of its places decodes: each belongs to one
// request, which has one token an iteration there until its output is complete, and is then taken over by the
// request that has waited longest for a place, or by one whose prompt was read elsewhere. The other places
// read prompts, one request after the other, in chunks as large as there are places.
// Does not model: arrivals over time, caches of keys and values, a limit of latency. Lengths are drawn from a
// stated distribution: synthetic, unless the profile names a source.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sc_main/workload/workload_params.h"

namespace moesaic {

enum class TokenPhase : std::uint8_t { decode = 0, prefill = 1 };

struct BatchToken {
  std::uint32_t request = 0;
  TokenPhase phase = TokenPhase::decode;
};

/// Token n of the run is planned for place n % batch of iteration n / batch.
struct RequestPlan {
  std::uint32_t batch = 0;
  std::uint32_t iterations = 0;
  std::uint32_t requests = 0;      ///< numbered from 0 in order of their first token
  std::vector<BatchToken> tokens;  ///< [iteration][place]

  const BatchToken& at(std::uint32_t iteration, std::uint32_t place) const {
    return tokens[std::size_t{iteration} * batch + place];
  }
  /// The token before each one in its request; nothing for the first of a request.
  std::vector<std::optional<std::uint32_t>> previous_tokens() const;
};

/// The same figures and seed give the same plan on every machine.
RequestPlan plan_requests(const RequestParams& params, std::uint32_t batch, std::uint32_t iterations,
                          std::uint64_t seed);

/// The mix in one sentence, with its source, for results.
std::string describe_requests(const RequestParams& params, std::uint32_t batch);

}  // namespace moesaic

// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/token_rows.h"

#include <fmt/format.h>

#include "sc_main/workload/procedural.h"
#include "tlm/diagnostics.h"

namespace moesaic {

void TokenRows::access(std::uint64_t address, std::uint8_t* data, std::uint64_t bytes, bool write) {
  tlm::tlm_generic_payload payload;
  payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload.set_address(address);
  payload.set_data_ptr(data);
  payload.set_data_length(static_cast<unsigned>(bytes));
  payload.set_streaming_width(static_cast<unsigned>(bytes));
  package_.chiplets[index_of(Address::node(address))]->dma.memory_out.socket->transport_dbg(payload);
}

void TokenRows::bring_in(const Batch& batch) {
  std::vector<std::uint8_t> row(experiment_.model.hidden);
  for (std::uint32_t place = 0; place < batch.places(); ++place) {
    const auto token = batch.entered(place);
    if (!token) continue;
    for (std::uint32_t layer = 0; layer < batch.layers(); ++layer) {
      const RowIdentity id{MOESAIC_ACTIVATIONS, static_cast<std::uint16_t>(layer), 0, *token};
      fill_row(row_key(experiment_.run.seed, id), 0, row.data(), row.size());
      access(tensors_.input_address(layer, place).value(), row.data(), row.size(), true);
    }
  }
}

void TokenRows::take_out(const Batch& batch) {
  for (std::uint32_t layer = 0; layer < batch.layers(); ++layer) {
    for (std::uint32_t place = 0; place < batch.places(); ++place) {
      const auto token = batch.passed(place, layer);
      if (!token) continue;
      std::vector<std::int32_t>& row = results_[{layer, *token}];
      row.resize(experiment_.model.hidden);
      access(tensors_.output_address(layer, place).value(), reinterpret_cast<std::uint8_t*>(row.data()),
             row.size() * 4, false);
    }
  }
}

FunctionalCheck TokenRows::compare(const std::vector<DroppedWork>& dropped) const {
  FunctionalCheck check;
  const std::uint32_t hidden = experiment_.model.hidden;
  for (std::uint32_t layer = 0; layer < routing_.layers; ++layer) {
    const auto expected = reference_layer(experiment_.model, routing_, layer, experiment_.run.seed, dropped);
    for (std::uint32_t token = 0; token < routing_.tokens; ++token) {
      const auto found = results_.find({layer, token});
      if (found == results_.end()) panic("functional check", 0, "a token has no result after the run");
      for (std::uint32_t d = 0; d < hidden; ++d) {
        const std::int32_t got = found->second[d], want = expected[std::size_t{token} * hidden + d];
        ++check.values;
        if (got == want || check.mismatches++ > 0) continue;
        const std::string when =
            routing_.iterations == 1 ? "" : fmt::format(" of iteration {}", token / routing_.batch());
        check.first_mismatch = fmt::format("layer {}, token {}{}, element {}: {} instead of {}", layer,
                                           token % routing_.batch(), when, d, got, want);
      }
    }
  }
  return check;
}

}  // namespace moesaic

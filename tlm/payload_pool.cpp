// SPDX-License-Identifier: Apache-2.0
#include "tlm/payload_pool.h"

#include "tlm/diagnostics.h"

namespace moesaic {

PayloadPool::~PayloadPool() {
  // Payloads still in flight when a run is cut short own their functional buffers.
  if (!functional()) return;
  for (auto& payload : all_) delete[] payload->get_data_ptr();
}

tlm::tlm_generic_payload& PayloadPool::acquire(tlm::tlm_command command, const Train& train) {
  if (train.bytes() == 0) panic("payload pool", 0, "a train of no bytes");
  if (train.bytes() > kScratchBytes) panic("payload pool", 0, "a train exceeds the largest transaction");
  // 1. A payload, with its extension attached for life.
  if (idle_.empty()) {
    all_.push_back(std::make_unique<tlm::tlm_generic_payload>(this));
    all_.back()->set_extension(new TrainExtension);
    idle_.push_back(all_.back().get());
  }
  tlm::tlm_generic_payload& payload = *idle_.back();
  idle_.pop_back();
  ++live_;
  payload.acquire();
  // 2. Its data: own bytes in functional mode, the shared scratch otherwise.
  if (functional()) {
    payload.set_data_ptr(new std::uint8_t[train.bytes()]());
  } else {
    if (!scratch_) scratch_ = std::make_unique<std::uint8_t[]>(kScratchBytes);
    payload.set_data_ptr(scratch_.get());
  }
  // 3. Attributes (IEEE 1666 14.7 defaults but for command, address and lengths).
  payload.set_command(command);
  payload.set_address(train.address);
  payload.set_data_length(static_cast<unsigned>(train.bytes()));
  payload.set_streaming_width(static_cast<unsigned>(train.bytes()));
  payload.set_byte_enable_ptr(nullptr);
  payload.set_dmi_allowed(false);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  train_of(payload).train = train;
  return payload;
}

void PayloadPool::free(tlm::tlm_generic_payload* payload) {
  if (functional()) {
    delete[] payload->get_data_ptr();
    payload->set_data_ptr(nullptr);
  }
  payload->reset();  // frees auto extensions (IEEE 1666 14.5)
  train_of(*payload).reset();
  idle_.push_back(payload);
  --live_;
}

}  // namespace moesaic

// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/naive_fse_dp/agent.h"

#include <cstring>

namespace moesaic::firmware::naive_fse_dp {

namespace {

constexpr std::uint32_t kWaveDone = 0xF0000001u;  // tag of the interrupt at the end of a wave

// Needs: bytes 0..3 wave of the run, 4..5 first expert, then a bit per expert.
constexpr std::uint16_t kNeedsMail = 1;
constexpr std::uint32_t kHead = 6, kExperts = 8 * (sizeof(moesaic_mail::body) - kHead);

}  // namespace

Agent::Agent(Hal& hal, const Settings& settings)
    : hal_(hal),
      settings_(settings),
      plan_(hal.info(), settings),
      storage_(hal, plan_),
      place_(plan_.ring.place(hal.node())),
      before_(plan_.ring.die(static_cast<RingPlace>((place_ + plan_.nodes - 1) % plan_.nodes))),
      behind_(plan_.ring.die(static_cast<RingPlace>((place_ + 1) % plan_.nodes))),
      outbox_(hal),
      work_(hal, 0),
      table_(hal, plan_.experts),
      lists_(plan_.experts) {}

void Agent::on_boot() {
  const SlicePlan& s = plan_.slices;
  hal_.log(MOESAIC_LOG_INFO, "plan: rows per wave " + std::to_string(s.rows) + ", waves per layer " +
                                 std::to_string(s.waves) + ", slices per expert " + std::to_string(s.slices) +
                                 ", columns per slice " + std::to_string(s.columns));
  hal_.statistic("rows_per_wave", "rows", s.rows);
  hal_.statistic("waves_per_layer", "waves", s.waves);
  hal_.statistic("slices_per_expert", "slices", s.slices);
  hal_.statistic("columns_per_slice", "columns", s.columns);
  storage_.place(hal_);
  work_.post(slot_allocate(0, 0, plan_.buffer_base));
  for (std::uint16_t b = 0; b < 2; ++b)
    work_.post(
        slot_allocate(static_cast<std::uint16_t>(1 + b), plan_.buffer(b), plan_.buffer_bytes, before_));
  work_.post(fence());
  work_.flush();
}

void Agent::on_layer_start(std::uint32_t /*iteration*/, std::uint32_t layer) {
  layer_ = layer;
  wave_ = 0;
  start_wave();
}

void Agent::start_wave() {
  own_ = plan_.tokens(hal_.node(), wave_);
  told_ = false;
  ++waves_;
  hal_.mark("layer " + std::to_string(layer_) + ", wave " + std::to_string(wave_));
  load_rows();
  work_.flush();
  read_gate();
  tell_needs();
  stream_if_known();
}

void Agent::load_rows() {
  if (own_ == 0) return;
  const std::uint64_t begin = std::uint64_t{wave_} * plan_.slices.rows * plan_.hidden;
  work_.post(load(storage_.activations(layer_) + begin, hal_.sram(0), block(own_ * plan_.hidden)));
  work_.post(vector_fill(plan_.y_base, plan_.hidden, own_));
  work_.post(fence());
}

void Agent::read_gate() {
  table_.clear();
  const std::uint32_t first = plan_.homes.first(hal_.node()) + wave_ * plan_.slices.rows;
  for (std::uint32_t i = 0; i < own_; ++i) {
    const auto row = static_cast<std::uint16_t>(i);
    for (const moesaic_choice& choice : hal_.gate_results(layer_, first + i))
      table_.add(choice.expert, {first + i, row, row, choice.gate, 0});
    for (std::uint32_t s = 0; s < hal_.info().shared_experts; ++s)
      table_.add(hal_.info().experts + s, {first + i, row, row, kGateOne, 0});
  }
  for (TokenList& list : lists_) list = {};
  std::uint32_t offset = plan_.list_base;
  for (const std::uint32_t expert : table_.active()) {
    const auto& entries = table_.list(expert);
    hal_.write_list(offset, entries);
    lists_[expert] = {offset, static_cast<std::uint32_t>(entries.size())};
    offset += static_cast<std::uint32_t>(entries.size() * sizeof(moesaic_list_entry));
  }
}

// Every die hears from every other in every wave, even that it needs nothing.
void Agent::tell_needs() {
  Needs& all = needs(waves_);
  for (std::uint32_t first = 0; first < plan_.experts; first += kExperts) {
    moesaic_mail mail{};
    mail.context = MOESAIC_AGENT;
    mail.kind = kNeedsMail;
    std::memcpy(mail.body, &waves_, 4);
    const auto from = static_cast<std::uint16_t>(first);
    std::memcpy(mail.body + 4, &from, 2);
    const std::uint32_t end = std::min(plan_.experts, first + kExperts);
    hal_.charge(MOESAIC_OP_SCAN_ITEM, end - first);
    for (std::uint32_t e = first; e < end; ++e) {
      if (lists_[e].count == 0) continue;
      all.expert[e] = true;
      mail.body[kHead + (e - first) / 8] |= static_cast<std::uint8_t>(1u << (e - first) % 8);
    }
    for (std::uint16_t die = 0; die < plan_.nodes; ++die) {
      if (die == hal_.node()) continue;
      mail.node = die;
      outbox_.send(mail);
    }
  }
  told_ = true;
}

Agent::Needs& Agent::needs(std::uint32_t wave) {
  Needs& found = needs_[wave];
  found.expert.resize(plan_.experts);
  return found;
}

void Agent::on_message(const moesaic_mail& mail) {
  std::uint32_t wave = 0;
  std::uint16_t first = 0;
  std::memcpy(&wave, mail.body, 4);
  std::memcpy(&first, mail.body + 4, 2);
  Needs& all = needs(wave);
  const std::uint32_t end = std::min<std::uint32_t>(plan_.experts, first + kExperts);
  hal_.charge(MOESAIC_OP_SCAN_ITEM, end - first);
  for (std::uint32_t e = first; e < end; ++e)
    if ((mail.body[kHead + (e - first) / 8] >> (e - first) % 8 & 1) != 0) all.expert[e] = true;
  ++all.mails;
  if (wave == waves_ && told_) stream_if_known();
}

void Agent::stream_if_known() {
  Needs& all = needs(waves_);
  if (all.mails < (plan_.nodes - 1) * divide_up(plan_.experts, kExperts)) return;
  const std::vector<bool> active = std::move(all.expert);
  needs_.erase(waves_);
  told_ = false;
  for (std::uint32_t e = 0; e < plan_.experts; ++e)
    for (std::uint32_t round = 0; active[e] && round < plan_.rounds; ++round) rotate(e, round);
  store_results();
  work_.flush();
}

// An expert that is not wide enough for all dies has empty slices: their steps pass without a word.
void Agent::rotate(std::uint32_t expert, std::uint32_t round) {
  const auto slice_of = [&](std::uint32_t step) {
    return round * plan_.nodes + (place_ + plan_.nodes - step) % plan_.nodes;
  };
  for (std::uint32_t step = 0; step < plan_.nodes; ++step, ++steps_) {
    const std::uint32_t slice = slice_of(step);
    const bool here = plan_.columns(slice) > 0, last = step + 1 == plan_.nodes;
    // 1. The slice of this step.
    if (here && step > 0) work_.post(fence().wait(Events::arrived, arrived_.expect()));
    if (here && step == 0) {
      ++slices_loaded_;
      work_.post(load(storage_.slice(layer_, expert, round), hal_.sram(plan_.buffer(steps_)),
                      block(slice_bytes_of(slice)))
                     .tag(0x10000000u | expert << 12 | slice));
    }
    // 2. The buffer of the next step is free: what was there has been computed and sent. Not before the slice
    // of this
    //    step is here, so that one slice is on its way at a time and arrivals can be counted.
    const bool another = !last && plan_.columns(slice_of(step + 1)) > 0;
    work_.post(another ? fence().then_signal(before_, Events::credit) : fence());
    if (!here) continue;
    // 3. Compute, and send on.
    compute(expert, slice);
    if (!settings_.send_early) work_.post(fence());
    if (!last) pass_on(expert, slice);
  }
  work_.post(fence());
}

void Agent::compute(std::uint32_t expert, std::uint32_t slice) {
  const std::uint32_t columns = plan_.columns(slice);
  if (lists_[expert].count == 0) return;
  moesaic_ffn body = ffn_of_model(hal_.info());
  body.x = 0;
  body.y = plan_.y_base;
  body.gate_weights = plan_.buffer(steps_);
  body.up_weights = body.gate_weights + columns * plan_.hidden;
  body.down_weights = body.up_weights + columns * plan_.hidden;
  body.list = lists_[expert].offset;
  body.list_count = static_cast<std::uint16_t>(lists_[expert].count);
  body.f_begin = static_cast<std::uint16_t>(slice * plan_.slices.columns);
  body.f_count = static_cast<std::uint16_t>(columns);
  body.layer = static_cast<std::uint16_t>(layer_);
  body.expert = static_cast<std::uint16_t>(expert);
  work_.post(ffn(body).accumulate().tag(0x20000000u | expert << 12 | slice));
}

void Agent::pass_on(std::uint32_t expert, std::uint32_t slice) {
  ++slices_sent_;
  work_.post(send(hal_.sram(plan_.buffer(steps_)), sram_address(behind_, plan_.buffer(steps_ + 1)),
                  block(slice_bytes_of(slice)))
                 .wait(Events::credit, credit_.expect())
                 .then_signal(behind_, Events::arrived)
                 .tag(0x30000000u | expert << 12 | slice));
}

void Agent::store_results() {
  const std::uint64_t begin = std::uint64_t{wave_} * plan_.slices.rows * plan_.hidden * 4;
  if (own_ > 0)
    work_.post(
        store(hal_.sram(plan_.y_base), storage_.outputs(layer_) + begin, block(own_ * plan_.hidden * 4)));
  work_.post(fence().interrupt(kWaveDone));
}

void Agent::on_completion(const moesaic_completion& entry) {
  work_.pump();
  if (entry.tag != kWaveDone) return;
  if (++wave_ < plan_.slices.waves) return start_wave();
  hal_.statistic("slices_loaded", "slices", static_cast<double>(slices_loaded_));
  hal_.statistic("slices_sent", "slices", static_cast<double>(slices_sent_));
  hal_.layer_done();
}

}  // namespace moesaic::firmware::naive_fse_dp

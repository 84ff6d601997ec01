// SPDX-License-Identifier: Apache-2.0
// The agent of one die under expert parallelism: dropless, unpadded, one copy of a token row per owner.
//
// A wave, in commands that wait for each other by events:
//   1. grant peers their rows of x; load own rows; zero own results; start on shared experts
//   2. read the gate; start loading the experts that own tokens need
//   3. send each owner the rows it needs, once each, and the routes by mail
//   4. when the routes of all peers are here: every expert with rows, slice by slice
//   5. when the experts are done: let peers add to own results; send theirs back, added on arrival
//   6. when own results are complete: store them; when all has left: the next wave
// Own results are open to peers only after step 4, because the engine and the fabric must not add to the
// same row at once. The firmware takes part in 2, 3, 4 and between waves; all other order is in events.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "firmware/images/ep/plan.h"
#include "firmware/images/ep/routes.h"
#include "firmware/images/ep/weight_stream.h"
#include "firmware/lib/event_target.h"
#include "firmware/lib/expert_table.h"

namespace moesaic::firmware::ep {

class Agent : public Core {
 public:
  Agent(Hal& hal, const Settings& settings);
  void on_boot() override;
  void on_layer_start(std::uint32_t iteration, std::uint32_t layer) override;
  void on_completion(const moesaic_completion& entry) override;
  void on_message(const moesaic_mail& mail) override;
  void on_mail_space() override { outbox_.pump(); }

 private:
  /// What one peer sends in a wave.
  struct Incoming {
    bool known = false;  ///< a message has told the totals
    std::uint32_t rows = 0, choices = 0, seen = 0;
    std::vector<std::uint16_t> home_rows;  ///< by number among the rows sent
  };

  void publish_plan();
  void allocate_slots();
  void start_wave();
  void open_wave();
  void start_shared_experts();
  void read_gate();
  void start_loading();
  void dispatch();
  void dispatch_to(std::uint16_t owner);
  void take_routes(const moesaic_mail& mail);
  void compute_if_known();
  void prepare_received_rows();
  void compute_experts();
  void open_results();
  void return_results();
  void finish_wave();

  /// A line of the decision log, with the wave in front.
  void decide(const std::string& text);
  PlacedList put_list(const std::vector<moesaic_list_entry>& list);
  Backlog& lane(unsigned queue) { return lanes_.at(queue); }
  /// Holds a queue until a counter has reached its target.
  void hold(unsigned queue, const EventTarget& target);
  void flush();

  Hal& hal_;
  const std::uint16_t me_;
  Plan plan_;
  Storage storage_;
  Outbox outbox_;
  std::vector<Backlog> lanes_;
  WeightStream stream_;
  ExpertTable table_;

  // The run.
  EventTarget x_loaded_, filled_, arrived_, returned_, computed_, moved_;
  std::vector<EventTarget> granted_;                          ///< by granting die
  std::map<std::uint32_t, std::vector<moesaic_mail>> early_;  ///< routes of waves that have not begun here
  std::uint32_t number_ = 0;                                  ///< of the wave in the run
  std::uint64_t sent_rows_ = 0, computed_experts_ = 0;        ///< for the image's statistics

  // The wave.
  std::uint32_t layer_ = 0, wave_ = 0;
  std::uint32_t own_ = 0;  ///< own token rows
  bool running_ = false, computing_ = false;
  std::uint32_t list_used_ = 0;
  std::vector<std::vector<Route>> routes_;  ///< by owner
  std::vector<std::uint32_t> loading_;      ///< owned experts whose loads are posted
  std::vector<Incoming> incoming_;          ///< by peer
  std::uint32_t peers_due_ = 0, peers_known_ = 0;
};

}  // namespace moesaic::firmware::ep

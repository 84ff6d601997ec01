// SPDX-License-Identifier: Apache-2.0
// The agent of one die under expert parallelism. Who owns an expert is fixed, or comes for every layer from
// the package scheduler (ep_placer.h), or is planned offline.
//
// A layer, in commands that wait for each other by events:
//   1. shared experts start: they need own tokens only
//   2. read the gate; where owners are not fixed, wait for who they are; mail every owner its routes; start
//      loading an expert that own tokens need
//   3. when the routes of all peers are here: cut the tokens of every own expert into tiles, and post tile
//      after tile: rows of x from the memories of their homes (or sent by these in step 2), weights slice by
//      slice, rows of y back to the homes
//   4. when all partial results of own tokens are back: add them up and store them
// The firmware takes part in 2, 3 and between tiles; all other order is in events.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ep_placer.h"
#include "ep_routes.h"
#include "ep_tiles.h"
#include "expert_table.h"

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
  /// What one peer says in a layer.
  struct Peer {
    std::uint32_t choices = 0, seen = 0;
    std::uint32_t most = 0;    ///< of its tokens for one expert
    std::vector<bool> tokens;  ///< those that it sends here (dispatch by push)
  };

  void publish_plan();
  void allocate_slots();
  void open_sums();
  void queue_shared_experts();
  void read_gate();
  void drop(std::uint32_t token, std::uint32_t expert);
  void plan_owners();
  void take_owners(const moesaic_mail& mail);
  void use_owners(const std::vector<OwnedExpert>& entries);
  void route();
  void send_all_routes();
  void load_own_rows();
  void push_rows();
  void start_loading();
  void accept_early();
  bool acceptable(const moesaic_mail& mail) const;
  void accept(const moesaic_mail& mail);
  void take_routes(const moesaic_mail& mail);
  void expect_rows(std::uint32_t home, const std::vector<Route>& routes);
  void queue_experts_if_known();
  void queue_expert(std::uint32_t expert, std::vector<moesaic_list_entry> rows);
  void post_tiles();
  void add_up();
  void add_up_on_the_way();
  void finish_layer();

  /// Own experts that have rows.
  std::vector<std::uint32_t> order_of_experts();
  /// Rows of an own expert, by home.
  std::vector<moesaic_list_entry> rows_of(std::uint32_t local);
  void add_idle_experts(std::vector<std::uint32_t>& order);
  void pad(std::vector<moesaic_list_entry>& rows, std::uint32_t local);
  void add_row(std::uint32_t home, const Route& route);
  /// Rows that sums have here.
  std::uint32_t rows_of_sums() const { return plan_.tree ? hal_.info().tokens : own_; }
  /// What permuting rows costs: nothing where a CAM does it.
  void charge_permutation(std::uint64_t rows) {
    if (!plan_.cam) hal_.charge(MOESAIC_OP_SCAN_ITEM, rows);
  }
  /// A line of the decision log, with the layer in front.
  void decide(const std::string& text);
  void flush();

  Hal& hal_;
  const std::uint16_t me_;
  const Settings settings_;
  Plan plan_;
  Storage storage_;
  Outbox outbox_;
  std::vector<Backlog> lanes_;
  Tiles tiles_;
  ExpertTable table_;  ///< of expert e of this die for tokens of home h: list e * nodes + h

  // The run.
  EventTarget returned_, summed_;
  std::vector<EventTarget> granted_;                          ///< by granting die
  std::vector<EventTarget> arrived_;                          ///< by home (dispatch by push)
  std::vector<EventTarget> gathered_;                         ///< by home (sums on the way)
  std::map<std::uint32_t, std::vector<moesaic_mail>> early_;  ///< by layer: what cannot be used yet
  std::uint32_t number_ = 0;                                  ///< of the layer in the run
  std::uint64_t rows_fetched_ = 0, tiles_computed_ = 0, experts_computed_ = 0, dropped_ = 0, padding_ = 0;

  // The layer.
  std::uint32_t layer_ = 0;
  std::uint32_t own_ = 0;  ///< own tokens
  bool running_ = false, routed_ = false, known_ = false;
  ExpertOwners owners_;
  std::vector<std::uint16_t> order_;  ///< experts in load order, where the owners come with one
  std::vector<bool> taken_;           ///< by expert: somebody computes it
  std::vector<OwnedExpert> entries_;  ///< of the owners' messages
  std::uint32_t entries_seen_ = 0;
  std::vector<std::vector<moesaic_choice>> gates_;  ///< by own token: what is not dropped
  std::vector<std::uint32_t> counts_;               ///< by expert: own tokens
  std::vector<std::uint16_t> kept_;                 ///< by own token: partial results of routed experts
  std::uint32_t padded_rows_ = 0;                   ///< capacity of all experts when padded to the largest
  std::optional<std::uint32_t> loading_;            ///< own expert whose first tile's weights are posted
  std::vector<std::vector<Route>> routes_;          ///< by owner
  std::vector<Peer> peers_;
  std::uint32_t peers_due_ = 0, peers_known_ = 0;
  std::deque<Tile> waiting_;         ///< tiles that have no area yet
  std::uint32_t summed_tokens_ = 0;  ///< own tokens whose sums are posted
};

/// What an image runs on a core: the placer as scheduler, else an agent.
std::unique_ptr<Core> make_core(Hal& hal, const Settings& settings);

}  // namespace moesaic::firmware::ep

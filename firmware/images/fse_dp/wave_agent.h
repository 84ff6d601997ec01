// SPDX-License-Identifier: Apache-2.0
// The agent of one die under FSE-DP, as far as it does not depend on how slices are moved: rows of own
// tokens, the gate, token lists, the scheduler's table, results. Two kinds derive from it: RuleAgent decides
// by interrupt (agent.h), ChainAgent posts everything ahead (chain_agent.h).
#pragma once

#include <string>
#include <vector>

#include "firmware/images/fse_dp/messages.h"
#include "firmware/images/fse_dp/storage.h"
#include "firmware/images/fse_dp/tags.h"
#include "firmware/images/fse_dp/token_buffer.h"
#include "firmware/lib/backlog.h"
#include "firmware/lib/event_target.h"

namespace moesaic::firmware::fse_dp {

class WaveAgent : public Core {
 public:
  WaveAgent(Hal& hal, const Settings& settings);
  void on_boot() override;
  void on_layer_start(std::uint32_t iteration, std::uint32_t layer) override;
  void on_completion(const moesaic_completion& entry) override;
  void on_message(const moesaic_mail& mail) override;
  void on_mail_space() override { outbox_.pump(); }

 protected:
  /// An expert of the table, in load order.
  struct Item {
    std::uint16_t expert = 0;
    DieSet dies = 0;              ///< of its trajectory
    RingPlace entry = kByMemory;  ///< of all its slices
    RingPlace next = 0;           ///< after this die, if this die is in it
    std::uint32_t left = 0;       ///< visits here that are not over
  };
  /// Own tokens of an expert.
  struct TokenList {
    std::uint32_t offset = 0;
    std::vector<moesaic_list_entry> entries;
  };

  // What the kinds do.
  virtual void allocate_slots() = 0;
  virtual void begin_wave() = 0;
  /// Something has happened; does what can be done.
  virtual void proceed() = 0;
  virtual void completed(const moesaic_completion& entry) = 0;
  virtual void received(const moesaic_mail& mail) = 0;
  /// Does this die have duties in a wave without own tokens?
  virtual bool serves_others() const { return false; }
  virtual void publish_counts() {}

  bool mine(const Item& item) const { return holds(item.dies, place_); }
  RingPlace entry_of(const Item& item, std::uint32_t slice) const {
    if (item.entry != kByMemory) return item.entry;
    return plan_.ring.nearest(item.dies, storage_.memory(item.expert, slice));
  }
  /// The engine's command for a slice that lies in `slot`.
  Command compute_command(const Item& item, std::uint32_t slice, std::uint32_t slot) const;
  /// The commands that bring a slice into `slot`.
  std::vector<Command> load_commands(const Item& item, std::uint32_t slice, std::uint32_t slot) const;
  bool has_tokens(const Item& item) const { return !lists_[item.expert].entries.empty(); }
  void visit_over(Item& item);
  void store_results();
  void end_wave();
  Backlog& queue(unsigned number) { return queues_.at(number); }
  void flush();
  /// A line of the decision log, with the wave in front.
  void decide(const std::string& text);

  Hal& hal_;
  const Settings settings_;
  const Plan plan_;
  const Storage storage_;
  const TableFormat format_;
  const RingPlace place_;
  Outbox outbox_;

  // The run.
  EventTarget rows_;
  std::uint64_t visits_ = 0, loads_ = 0, sends_ = 0;  ///< for the image's statistics

  // The wave.
  std::uint32_t layer_ = 0, wave_ = 0;
  bool active_ = false;                 ///< between its start and the store of its results
  std::uint32_t own_ = 0;               ///< token rows, with those of tokens that are not in this layer
  std::vector<bool> present_;           ///< by row: its token is
  std::vector<TokenList> lists_;        ///< by expert
  std::vector<Item> items_;             ///< the table, as far as it is known
  std::vector<std::uint16_t> item_of_;  ///< by expert
  std::uint32_t items_due_ = 0;         ///< of the whole table; known with its first message
  std::uint32_t visits_left_ = 0;       ///< of known items
  bool table_complete() const { return table_begun_ && items_.size() == items_due_; }
  /// An expert is known here.
  bool knows(std::uint16_t expert) const { return item_of_[expert] < items_.size(); }

 private:
  void publish_plan();
  void start_wave();
  bool find_wave();
  void load_rows();
  void read_gate();
  void report_counts();
  std::vector<moesaic_choice> choices(std::uint32_t row);
  void write_lists();
  void grow_table();

  std::vector<Backlog> queues_;
  TokenBuffer buffer_;  ///< used with slack only
  bool table_begun_ = false;
  std::vector<TableMail> tables_ahead_;  ///< messages that are not in items_ yet
};

}  // namespace moesaic::firmware::fse_dp

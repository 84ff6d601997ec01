// SPDX-License-Identifier: Apache-2.0
// Posts the commands of one tile after the other: rows in, compute, rows out, all order in events. Also of
// the sums at the end, which pass through the same areas. Lists are written when a tile is posted, so an area
// takes the next one only when the one before has left it: the caller hears that by kTileDone.
#pragma once

#include "ep_stream.h"
#include "event_target.h"

namespace moesaic::firmware::ep {

/// Tag of the interrupt that an area is free again.
inline constexpr std::uint32_t kTileDone = 0xF0000001;

/// In a tile's row: it is padding, which belongs to the home of `token` and to no token.
inline constexpr std::uint16_t kPaddingPlace = 0xFFFF;

/// Tokens of one expert. in_row: the token's number at its home; out_row: place of its partial result there,
/// or kPaddingPlace.
struct Tile {
  std::uint32_t expert = 0;
  std::vector<moesaic_list_entry> rows;  ///< those of a home follow each other
};

class Tiles {
 public:
  /// `returned`: grows when partial results of own tokens are where they wait; `granted`: by home.
  Tiles(Hal& hal, const Plan& plan, const Storage& storage, std::vector<Backlog>& lanes)
      : hal_(hal),
        plan_(plan),
        storage_(storage),
        lanes_(lanes),
        stream(hal, plan, storage, lanes[Queues::weights], lanes[Queues::compute]) {}
  bool has_room() const { return under_way_ < plan_.areas; }
  bool idle() const { return under_way_ == 0; }
  /// Where loads of weights overlap, they must be posted in the same order with stream.load_expert(); else
  /// they are posted here, behind the rows.
  /// `arrived`: by home, where homes send their rows.
  void post(std::uint32_t layer, const Tile& tile, const std::vector<EventTarget>& granted,
            const std::vector<EventTarget>& arrived);
  /// Adds up the partial results of own tokens [first, first + count) when `returned` has its value.
  /// kept[t]: partial results of routed experts that own token t has; the others' places hold nothing.
  void post_sums(std::uint32_t layer, std::uint32_t first, std::uint32_t count, const EventTarget& returned,
                 const std::vector<std::uint16_t>& kept);
  /// On kTileDone.
  void done() { --under_way_; }

 private:
  /// Rows of one home whose numbers count from `base`.
  struct Group {
    std::uint32_t home, base;
    bool padding;
    std::uint32_t begin, count;
  };

  void begin();
  std::uint32_t put_list(const std::vector<moesaic_list_entry>& list);
  std::vector<Group> groups_of(const Tile& tile);
  void fetch(std::uint32_t layer, const Tile& tile, const std::vector<Group>& groups);
  void await_rows(const std::vector<Group>& groups, const std::vector<EventTarget>& arrived);
  void give_back(const Tile& tile, const std::vector<Group>& groups, const std::vector<EventTarget>& granted);
  void give_back_to_memory(const Group& group, std::uint32_t list);
  void add_at_home(const Group& group, std::uint32_t list, const std::vector<EventTarget>& granted);
  void drop_padding(const Group& group, std::uint32_t list);
  void charge_permutation(std::uint64_t rows) {
    if (!plan_.cam) hal_.charge(MOESAIC_OP_SCAN_ITEM, rows);
  }
  void end();
  Backlog& lane(unsigned queue) { return lanes_[queue]; }

  Hal& hal_;
  const Plan& plan_;
  const Storage& storage_;
  std::vector<Backlog>& lanes_;
  std::uint32_t under_way_ = 0;
  std::uint32_t posted_ = 0;                ///< since the start of the run
  std::uint32_t area_ = 0, list_used_ = 0;  ///< of the tile that is being posted

 public:
  WeightStream stream;
};

}  // namespace moesaic::firmware::ep

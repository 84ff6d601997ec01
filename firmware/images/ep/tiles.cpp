// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/ep/tiles.h"

namespace moesaic::firmware::ep {

namespace {

constexpr std::uint16_t kGateOne = 32768;  // 1.0 in Q1.15

std::uint32_t entry_offset(std::uint32_t list, std::uint32_t entry) {
  return list + entry * static_cast<std::uint32_t>(sizeof(moesaic_list_entry));
}

}  // namespace

void Tiles::begin() {
  ++under_way_;
  area_ = posted_++ % plan_.areas;
  list_used_ = 0;
}

std::uint32_t Tiles::put_list(const std::vector<moesaic_list_entry>& list) {
  const auto bytes = static_cast<std::uint32_t>(list.size() * sizeof(moesaic_list_entry));
  if (list_used_ + bytes > plan_.list_bytes)
    throw std::logic_error("the lists of a tile overflow their area");
  const std::uint32_t offset = plan_.list(area_) + list_used_;
  hal_.write_list(offset, list);
  list_used_ += bytes;
  return offset;
}

std::vector<Tiles::Group> Tiles::groups_of(const Tile& tile) {
  hal_.charge(MOESAIC_OP_SCAN_ITEM, tile.rows.size());
  std::vector<Group> groups;
  const std::uint32_t block = plan_.tokens_per_block();
  for (std::uint32_t i = 0; i < tile.rows.size(); ++i) {
    const std::uint32_t home = plan_.homes.home(tile.rows[i].token);
    const std::uint32_t base = tile.rows[i].in_row / block * block;
    if (groups.empty() || groups.back().home != home || groups.back().base != base)
      groups.push_back({home, base, i, 0});
    ++groups.back().count;
  }
  return groups;
}

void Tiles::post(std::uint32_t layer, const Tile& tile, const std::vector<EventTarget>& granted) {
  begin();
  const std::vector<Group> groups = groups_of(tile);
  // 1. Rows in.
  fetch(layer, tile, groups);
  // 2. Compute.
  std::vector<moesaic_list_entry> list;
  for (std::uint16_t i = 0; i < tile.rows.size(); ++i)
    list.push_back({tile.rows[i].token, i, i, tile.rows[i].gate, 0});
  hal_.charge(MOESAIC_OP_SCAN_ITEM, list.size());
  const auto count = static_cast<std::uint32_t>(list.size());
  lane(Queues::compute).post(fence().wait(plan_.events.fetched, posted_));
  stream.compute_expert(layer, tile.expert, {plan_.x(area_), plan_.y(area_), put_list(list), count});
  // 3. Rows out.
  give_back(tile, groups, granted);
  end();
}

void Tiles::fetch(std::uint32_t layer, const Tile& tile, const std::vector<Group>& groups) {
  std::vector<moesaic_list_entry> list;
  for (const Group& group : groups)
    for (std::uint32_t i = group.begin; i < group.begin + group.count; ++i)
      list.push_back({tile.rows[i].token, static_cast<std::uint16_t>(tile.rows[i].in_row - group.base),
                      static_cast<std::uint16_t>(i), kGateOne, 0});
  hal_.charge(MOESAIC_OP_SCAN_ITEM, list.size());
  const std::uint32_t offset = put_list(list);
  for (const Group& group : groups)
    lane(Queues::fetch)
        .post(load(storage_.activation(layer, group.home, group.base), hal_.sram(plan_.x(area_)),
                   listed(plan_.x_row_bytes(), group.count, entry_offset(offset, group.begin)))
                  .tag(0x30000000u | group.home));
  lane(Queues::fetch).post(fence().then_local(plan_.events.fetched));
}

// The list has rows of this die on the left, on the right what add_at_home() and give_back_to_memory()
// expect.
void Tiles::give_back(const Tile& tile, const std::vector<Group>& groups,
                      const std::vector<EventTarget>& granted) {
  std::vector<moesaic_list_entry> list;
  for (const Group& group : groups)
    for (std::uint32_t i = group.begin; i < group.begin + group.count; ++i) {
      const std::uint32_t token = tile.rows[i].in_row - group.base;
      const std::uint32_t row = plan_.sums_in_sram ? token : token * plan_.choices + tile.rows[i].out_row;
      list.push_back(
          {tile.rows[i].token, static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(row), kGateOne, 0});
    }
  hal_.charge(MOESAIC_OP_SCAN_ITEM, list.size());
  const std::uint32_t offset = put_list(list);
  // Own sums belong to the engine, rows that come back to the fabric: they must not add to the same row.
  for (const Group& group : groups)
    if (plan_.sums_in_sram && group.home == hal_.node())
      lane(Queues::compute)
          .post(vector_add(plan_.y(area_), plan_.sums_base + group.base * plan_.y_row_bytes(), plan_.hidden,
                           group.count, entry_offset(offset, group.begin)));
  lane(Queues::compute).post(fence().then_local(plan_.events.computed));
  lane(Queues::returns).post(fence().wait(plan_.events.computed, posted_));
  for (const Group& group : groups) {
    const std::uint32_t part = entry_offset(offset, group.begin);
    if (!plan_.sums_in_sram) {
      give_back_to_memory(group, part);
    } else if (group.home != hal_.node()) {
      add_at_home(group, part, granted);
    }
  }
}

void Tiles::give_back_to_memory(const Group& group, std::uint32_t list) {
  Command command = store(hal_.sram(plan_.y(area_)), storage_.partial(group.home, group.base),
                          listed(plan_.y_row_bytes(), group.count, list));
  command.tag(0x40000000u | group.home);
  const auto rows = static_cast<std::uint16_t>(group.count);
  if (group.home == hal_.node()) {
    command.then_local(plan_.events.returned, rows);
  } else {
    command.then_signal(static_cast<std::uint16_t>(group.home), plan_.events.returned, rows);
  }
  lane(Queues::returns).post(command);
}

void Tiles::add_at_home(const Group& group, std::uint32_t list, const std::vector<EventTarget>& granted) {
  const auto home = static_cast<std::uint16_t>(group.home);
  lane(Queues::returns)
      .post(send(hal_.sram(plan_.y(area_)),
                 sram_address(home, plan_.returned_base + group.base * plan_.y_row_bytes()),
                 listed(plan_.y_row_bytes(), group.count, list))
                .accumulate()
                .wait(granted[home].event, granted[home].value)
                .then_signal(home, plan_.events.returned, static_cast<std::uint16_t>(group.count))
                .tag(0x40000000u | group.home));
}

// Partial rows of a token lie behind each other: the first one takes up the others.
void Tiles::post_sums(std::uint32_t layer, std::uint32_t first, std::uint32_t count,
                      const EventTarget& returned) {
  begin();
  const std::uint32_t rows = plan_.choices;
  const std::uint32_t y = plan_.y(area_), bytes = plan_.y_row_bytes();
  lane(Queues::fetch)
      .post(load(storage_.partial(hal_.node(), first), hal_.sram(y), block(count * rows * bytes))
                .wait(returned.event, returned.value)
                .tag(0x50000000u));
  lane(Queues::fetch).post(fence().then_local(plan_.events.fetched));
  lane(Queues::compute).post(fence().wait(plan_.events.fetched, posted_));
  std::vector<moesaic_list_entry> list;
  for (std::uint32_t i = 0; i < count * rows; ++i)
    if (i % rows != 0)
      list.push_back({first + i / rows, static_cast<std::uint16_t>(i),
                      static_cast<std::uint16_t>(i / rows * rows), kGateOne, 0});
  hal_.charge(MOESAIC_OP_SCAN_ITEM, list.size());
  if (!list.empty())
    lane(Queues::compute)
        .post(vector_add(y, y, plan_.hidden, static_cast<std::uint32_t>(list.size()), put_list(list)));
  lane(Queues::compute).post(fence().then_local(plan_.events.computed));
  lane(Queues::returns).post(fence().wait(plan_.events.computed, posted_));
  lane(Queues::returns)
      .post(store(hal_.sram(y), storage_.output(layer, first),
                  Rows{bytes, count, rows * bytes, bytes, MOESAIC_NO_OFFSET})
                .tag(0x60000000u));
  end();
}

void Tiles::end() {
  lane(Queues::returns).post(fence().interrupt(kTileDone));
}

}  // namespace moesaic::firmware::ep

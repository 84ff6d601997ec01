// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/ep_tiles.h"

namespace moesaic::firmware::ep {

namespace {

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
  charge_permutation(tile.rows.size());
  std::vector<Group> groups;
  const std::uint32_t block = plan_.tokens_per_block();
  for (std::uint32_t i = 0; i < tile.rows.size(); ++i) {
    const std::uint32_t home = plan_.homes.home(tile.rows[i].token);
    const std::uint32_t base = tile.rows[i].in_row / block * block;
    const bool padding = tile.rows[i].out_row == kPaddingPlace;
    if (groups.empty() || groups.back().home != home || groups.back().base != base ||
        groups.back().padding != padding)
      groups.push_back({home, base, padding, i, 0});
    ++groups.back().count;
  }
  return groups;
}

void Tiles::post(std::uint32_t layer, const Tile& tile, const std::vector<EventTarget>& granted,
                 const std::vector<EventTarget>& arrived) {
  begin();
  const std::vector<Group> groups = groups_of(tile);
  // 1. Rows in.
  if (plan_.push) {
    await_rows(groups, arrived);
  } else {
    fetch(layer, tile, groups);
  }
  // 2. Compute.
  std::vector<moesaic_list_entry> list;
  for (std::uint16_t i = 0; i < tile.rows.size(); ++i)
    list.push_back({tile.rows[i].out_row == kPaddingPlace ? MOESAIC_NO_TOKEN : tile.rows[i].token,
                    plan_.push ? static_cast<std::uint16_t>(tile.rows[i].token) : i, i, tile.rows[i].gate,
                    0});
  charge_permutation(list.size());
  const auto count = static_cast<std::uint32_t>(list.size());
  if (!plan_.overlap) {
    lane(Queues::weights).post(fence().wait(plan_.events.fetched, posted_));
    stream.load_expert(layer, tile.expert);
  }
  lane(Queues::compute).post(fence().wait(plan_.events.fetched, posted_));
  stream.compute_expert(
      layer, tile.expert,
      {plan_.push ? plan_.pushed_base : plan_.x(area_), plan_.y(area_), put_list(list), count});
  // 3. Rows out.
  give_back(tile, groups, granted);
  end();
}

// The homes send all rows of a layer without being asked.
void Tiles::await_rows(const std::vector<Group>& groups, const std::vector<EventTarget>& arrived) {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i > 0 && groups[i].home == groups[i - 1].home) continue;
    const EventTarget& rows = arrived[groups[i].home];
    lane(Queues::fetch).post(fence().wait(rows.event, rows.value));
  }
  lane(Queues::fetch).post(fence().then_local(plan_.events.fetched));
}

void Tiles::fetch(std::uint32_t layer, const Tile& tile, const std::vector<Group>& groups) {
  std::vector<moesaic_list_entry> list;
  for (const Group& group : groups)
    for (std::uint32_t i = group.begin; i < group.begin + group.count; ++i)
      list.push_back({tile.rows[i].token, static_cast<std::uint16_t>(tile.rows[i].in_row - group.base),
                      static_cast<std::uint16_t>(i), kGateOne, 0});
  charge_permutation(list.size());
  const std::uint32_t offset = put_list(list);
  for (const Group& group : groups) {
    const std::uint32_t step = plan_.single_pulls ? 1 : group.count;
    for (std::uint32_t i = 0; i < group.count; i += step) {
      lane(Queues::fetch)
          .post(load(storage_.activation(layer, group.home, group.base), hal_.sram(plan_.x(area_)),
                     listed(plan_.x_row_bytes(), step, entry_offset(offset, group.begin + i)))
                    .tag(0x30000000u | group.home));
      if (plan_.single_pulls) lane(Queues::fetch).post(fence());
    }
  }
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
      const std::uint32_t row = group.padding        ? 0
                                : plan_.sums_in_sram ? token
                                                     : token * plan_.choices + tile.rows[i].out_row;
      list.push_back(
          {tile.rows[i].token, static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(row), kGateOne, 0});
    }
  charge_permutation(list.size());
  const std::uint32_t offset = put_list(list);
  // Own sums belong to the engine, rows that come back to the fabric: they must not add to the same row.
  for (const Group& group : groups)
    if (plan_.sums_in_sram && !group.padding && (plan_.tree || group.home == hal_.node()))
      lane(Queues::compute)
          .post(vector_add(plan_.y(area_),
                           plan_.sums_base + plan_.sums_of(group.home) + group.base * plan_.y_row_bytes(),
                           plan_.hidden, group.count, entry_offset(offset, group.begin)));
  lane(Queues::compute).post(fence().then_local(plan_.events.computed));
  lane(Queues::returns).post(fence().wait(plan_.events.computed, posted_));
  for (const Group& group : groups) {
    const std::uint32_t part = entry_offset(offset, group.begin);
    if (group.padding) {
      drop_padding(group, part);
    } else if (!plan_.sums_in_sram) {
      give_back_to_memory(group, part);
    } else if (group.home != hal_.node() && !plan_.tree) {
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

// Results of padding travel home like others, to a place that nobody reads.
void Tiles::drop_padding(const Group& group, std::uint32_t list) {
  lane(Queues::returns)
      .post(store(hal_.sram(plan_.y(area_)), storage_.scratch(group.home, hal_.node()),
                  listed(plan_.y_row_bytes(), group.count, list))
                .tag(0x70000000u | group.home));
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

// Partial rows of a token lie behind each other: the first one takes up the others. Places of what was
// dropped hold nothing, and are not loaded.
void Tiles::post_sums(std::uint32_t layer, std::uint32_t first, std::uint32_t count,
                      const EventTarget& returned, const std::vector<std::uint16_t>& kept) {
  begin();
  const std::uint32_t rows = plan_.choices;
  const std::uint32_t y = plan_.y(area_), bytes = plan_.y_row_bytes();
  std::vector<moesaic_list_entry> there, added;
  std::vector<std::uint32_t> empty;
  for (std::uint16_t i = 0; i < count * rows; ++i) {
    const std::uint32_t token = first + i / rows, place = i % rows;
    const bool holds = place < kept[token] || place >= plan_.top_k;
    if (holds) there.push_back({token, i, i, kGateOne, 0});
    if (holds && place != 0) added.push_back({token, i, static_cast<std::uint16_t>(i - place), kGateOne, 0});
    if (!holds && place == 0) empty.push_back(i);
  }
  // 1. Rows in.
  const bool whole = there.size() == count * rows;
  if (!whole) charge_permutation(there.size());
  const Rows wanted =
      whole ? block(count * rows * bytes)
            : listed(bytes, static_cast<std::uint32_t>(there.size()), there.empty() ? 0 : put_list(there));
  if (there.empty()) lane(Queues::fetch).post(fence().wait(returned.event, returned.value));
  if (!there.empty())
    lane(Queues::fetch)
        .post(load(storage_.partial(hal_.node(), first), hal_.sram(y), wanted)
                  .wait(returned.event, returned.value)
                  .tag(0x50000000u));
  lane(Queues::fetch).post(fence().then_local(plan_.events.fetched));
  // 2. Sums.
  lane(Queues::compute).post(fence().wait(plan_.events.fetched, posted_));
  for (const std::uint32_t row : empty)
    lane(Queues::compute).post(vector_fill(y + row * bytes, plan_.hidden, 1));
  charge_permutation(added.size());
  if (!added.empty())
    lane(Queues::compute)
        .post(vector_add(y, y, plan_.hidden, static_cast<std::uint32_t>(added.size()), put_list(added)));
  lane(Queues::compute).post(fence().then_local(plan_.events.computed));
  // 3. Results out.
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

// SPDX-License-Identifier: Apache-2.0
// Who waits for whom in the fabric: for the report of a hang.
#include <algorithm>

#include "hw/d2d/fabric_core.h"

namespace moesaic {

// "router2 input west VC 3".
std::string FabricCore::place_name(const Place& b) const {
  const unsigned port = units_[b.unit].inputs[b.in].port;
  return "router" + std::to_string(b.unit) + " input " + topology_.port_name(NodeId(b.unit), port) + " VC " +
         std::to_string(b.vc) + (port != b.in ? " (copy)" : "");
}

// "packet from die 0 to die 2, waits for ...".
std::string FabricCore::wait_text(const Place& b) const {
  const Unit& unit = units_[b.unit];
  const Buffer& waiting = unit.buffer(b.in, b.vc);
  const PacketTrain& train = *waiting.train;
  std::string what = "more flits of its packet";
  if (waiting.state == State::forked) {
    what = std::to_string(waiting.copies) + " copies of it to leave";
  } else if (waiting.state == State::waiting) {
    what = "a virtual channel of output " + topology_.port_name(NodeId(b.unit), waiting.out);
  } else if (waiting.stall == static_cast<int>(Stall::credit)) {
    const OutputVc& to = unit.outputs[waiting.out].vcs[waiting.out_vc];
    what = "credits of output " + topology_.port_name(NodeId(b.unit), waiting.out) + " VC " +
           std::to_string(waiting.out_vc) + ", which has " + std::to_string(to.held) + " of " +
           std::to_string(to.depth);
  }
  return "packet from die " + std::to_string(index_of(train.source)) + " to die " +
         std::to_string(index_of(train.destination)) + ", waits for " + what;
}

// The buffers whose packets have to move before that of `b` can.
std::vector<FabricCore::Place> FabricCore::waits_for(const Place& b) const {
  std::vector<Place> others;
  const Unit& unit = units_[b.unit];
  const Buffer& waiting = unit.buffer(b.in, b.vc);
  if (waiting.train == nullptr) return others;
  if (waiting.state == State::forked) {
    const Input& input = unit.inputs[b.in];
    for (unsigned copy = input.first_copy; copy < input.first_copy + input.copies; ++copy) {
      if (unit.buffer(copy, b.vc).train != nullptr) others.push_back({b.unit, copy, b.vc});
    }
    return others;
  }
  const Channel& channel = unit.outputs[waiting.out];
  if (waiting.state == State::waiting) {
    const std::uint32_t possible = vcs_for(unit, waiting.out, *waiting.train);
    for (unsigned vc = 0; vc < vcs_; ++vc) {
      const int owner = channel.vcs[vc].owner;
      if ((possible >> vc & 1u) == 0 || owner < 0) continue;
      others.push_back({b.unit, static_cast<unsigned>(owner) / vcs_, static_cast<unsigned>(owner) % vcs_});
    }
  } else if (waiting.state == State::active && channel.to != nullptr &&
             waiting.stall == static_cast<int>(Stall::credit)) {
    others.push_back({channel.to->id, channel.to_in, waiting.out_vc});
  }
  return others;
}

// Follows waits from each buffer until one comes again. REQUIRES: nothing moves any more.
std::vector<FabricCore::Place> FabricCore::circle() const {
  std::vector<Place> all;
  for (unsigned n = 0; n < nodes_; ++n) {
    for (unsigned in = 0; in < units_[n].inputs.size(); ++in) {
      for (unsigned vc = 0; vc < vcs_; ++vc) all.push_back({n, in, vc});
    }
  }
  std::vector<bool> done(all.size(), false);  // no circle is reached from here
  const auto place = [&](const Place& b) {
    return static_cast<std::size_t>(std::find(all.begin(), all.end(), b) - all.begin());
  };
  std::vector<Place> way;
  std::vector<std::size_t> tried;  // waits of way[i] that have been followed
  for (const Place& start : all) {
    way.assign(1, start);
    tried.assign(1, 0);
    while (!way.empty()) {
      const std::vector<Place> next = waits_for(way.back());
      if (done[place(way.back())] || tried.back() == next.size()) {
        done[place(way.back())] = true;
        way.pop_back();
        tried.pop_back();
        continue;
      }
      const Place& to = next[tried.back()++];
      const auto again = std::find(way.begin(), way.end(), to);
      if (again != way.end()) return {again, way.end()};
      way.push_back(to);
      tried.push_back(0);
    }
  }
  return {};
}

void FabricCore::report_waits(const std::string& name, std::vector<std::string>& lines) const {
  // 1. Every packet that waits.
  for (unsigned n = 0; n < nodes_; ++n) {
    for (unsigned in = 0; in < units_[n].inputs.size(); ++in) {
      for (unsigned vc = 0; vc < vcs_; ++vc) {
        const Place b{n, in, vc};
        if (units_[n].buffer(in, vc).train == nullptr) continue;
        lines.push_back(name + "." + place_name(b).replace(place_name(b).find(' '), 1, ": ") + ", " +
                        wait_text(b));
      }
    }
  }
  // 2. Those that wait for each other.
  const std::vector<Place> deadlock = circle();
  if (deadlock.empty()) return;
  lines.push_back(name + ": deadlock: " + std::to_string(deadlock.size()) +
                  " buffers wait for each other in a circle");
  for (std::size_t i = 0; i < deadlock.size(); ++i)
    lines.push_back("  " + place_name(deadlock[i]) + ", " + wait_text(deadlock[i]) + "; held by " +
                    place_name(deadlock[(i + 1) % deadlock.size()]));
}

}  // namespace moesaic

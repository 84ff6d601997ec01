// SPDX-License-Identifier: Apache-2.0
#include "hw/command_trace.h"

#include <fmt/format.h>

namespace moesaic {

namespace {

std::string place_of(std::uint64_t address) {
  static constexpr std::array<const char*, 3> kUnits{"registers", "sram", "memory"};
  const auto unit = static_cast<std::size_t>(Address::unit(address));
  return fmt::format("die {} {} {:#x}", index_of(Address::node(address)),
                     unit < kUnits.size() ? kUnits[unit] : "?", Address::offset(address));
}

std::string destinations_of(const Transfer& transfer) {
  std::string dies;
  unsigned count = 0;
  for (unsigned node = 0; node < kMostNodes; ++node) {
    if (!transfer.goes_to(node)) continue;
    dies += fmt::format(" {}", node);
    ++count;
  }
  return (count == 1 ? "die" : "dies") + dies;
}

struct Describe {
  TraceArgs& args;
  void operator()(std::monostate) const {}
  void operator()(const Transfer& t) const {
    args.push_back({"bytes", bytes_of(t)});
    args.push_back({"rows", std::uint64_t{t.rows}});
    args.push_back({"source", place_of(t.source)});
    args.push_back({"destination", place_of(t.destination)});
    if (t.multicast()) args.push_back({"copies", destinations_of(t)});
  }
  void operator()(const FfnSlice& f) const {
    args.push_back({"layer", std::uint64_t{f.layer}});
    args.push_back({"expert", std::uint64_t{f.expert}});
    args.push_back({"f_begin", std::uint64_t{f.f_begin}});
    args.push_back({"f_count", std::uint64_t{f.f_count}});
    args.push_back({"tokens", std::uint64_t{f.list_count}});
  }
  void operator()(const Gemm& g) const {
    args.push_back({"m", std::uint64_t{g.m}});
    args.push_back({"k", std::uint64_t{g.k}});
    args.push_back({"n", std::uint64_t{g.n}});
  }
  void operator()(const AttentionStep& a) const {
    args.push_back({"m", std::uint64_t{a.m}});
    args.push_back({"n", std::uint64_t{a.n}});
    args.push_back({"d", std::uint64_t{a.d}});
  }
  void operator()(const Vector& v) const {
    args.push_back({"rows", std::uint64_t{v.rows}});
    args.push_back({"width", std::uint64_t{v.width}});
  }
  void operator()(const SlotOp& s) const {
    args.push_back({"slot", std::uint64_t{s.slot}});
    args.push_back({"offset", std::uint64_t{s.offset}});
    args.push_back({"bytes", std::uint64_t{s.bytes}});
  }
};

}  // namespace

std::uint64_t bytes_of(const Transfer& transfer) {
  return std::uint64_t{transfer.rows} * transfer.row_bytes;
}

std::string title_of(const Command& command) {
  const std::string kind = kCommandKindNames[static_cast<std::size_t>(command.kind)];
  if (const auto* ffn = std::get_if<FfnSlice>(&command.body)) {
    return fmt::format("{} layer {} expert {} f {}", kind, ffn->layer, ffn->expert, ffn->f_begin);
  }
  if (command.kind == CommandKind::send) {
    return "send to " + destinations_of(std::get<Transfer>(command.body));
  }
  if (const auto* vector = std::get_if<Vector>(&command.body)) {
    return vector->op == VectorOp::fill ? "vector fill" : "vector add";
  }
  if (const auto* slot = std::get_if<SlotOp>(&command.body)) return fmt::format("{} {}", kind, slot->slot);
  return kind;
}

TraceArgs args_of(const Command& command) {
  TraceArgs args{{"tag", std::uint64_t{command.tag}}};
  std::visit(Describe{args}, command.body);
  return args;
}

}  // namespace moesaic

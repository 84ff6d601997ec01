// SPDX-License-Identifier: Apache-2.0
// hw/control/decoder: descriptors become commands field by field, and every malformed one is refused with a
// reason.
#include <cstring>
#include <functional>
#include <string>

#include "hw/control/decoder.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

const DecodeLimits kLimits{NodeId(1), 4, 16};

moesaic_descriptor blank(moesaic_kind kind) {
  moesaic_descriptor d;
  std::memset(&d, 0, sizeof d);
  d.header.kind = static_cast<std::uint8_t>(kind);
  d.header.wait_event = d.header.signal_event = d.header.local_event = MOESAIC_NO_EVENT;
  return d;
}

moesaic_descriptor load() {
  moesaic_descriptor d = blank(MOESAIC_LOAD);
  d.body.transfer.source = Address::make(NodeId(2), AddressUnit::memory, 4096);
  d.body.transfer.destination = Address::make(NodeId(1), AddressUnit::sram, 64);
  d.body.transfer.row_bytes = 32;
  d.body.transfer.rows = 3;
  d.body.transfer.list = MOESAIC_NO_OFFSET;
  return d;
}

moesaic_descriptor ffn() {
  moesaic_descriptor d = blank(MOESAIC_FFN);
  d.body.ffn.hidden = 64;
  d.body.ffn.f_count = 8;
  d.body.ffn.activation = 2;
  d.body.ffn.shift_pre = 10;
  d.body.ffn.shift_post = 17;
  return d;
}

std::string error_of(const moesaic_descriptor& d, const moesaic_descriptor* more = nullptr) {
  const auto result = decode(d, more, kLimits);
  const auto* error = std::get_if<std::string>(&result);
  return error == nullptr ? "" : *error;
}

}  // namespace

TEST_CASE("the header of a descriptor becomes the command's dependencies and signals") {
  moesaic_descriptor d = load();
  d.header.flags = MOESAIC_FLAG_INTERRUPT;
  d.header.tag = 77;
  d.header.wait_event = 3;
  d.header.wait_value = 12;
  d.header.signal_node = 2;
  d.header.signal_event = 5;
  d.header.signal_add = 2;
  d.header.local_event = 6;
  d.header.local_add = 1;
  const auto command = std::get<Command>(decode(d, nullptr, kLimits));
  REQUIRE(command.kind == CommandKind::load);
  REQUIRE(command.tag == 77);
  REQUIRE(command.interrupt);
  REQUIRE(command.wait_event == 3);
  REQUIRE(command.wait_value == 12);
  REQUIRE(command.signal.node == NodeId(2));
  REQUIRE(command.signal.event == 5);
  REQUIRE(command.signal.add == 2);
  REQUIRE(command.local_signal.node == NodeId(1));
  REQUIRE(command.local_signal.event == 6);
  const Transfer& t = std::get<Transfer>(command.body);
  REQUIRE(t.row_bytes == 32);
  REQUIRE(t.rows == 3);
  REQUIRE(t.list == kNoOffset);
}

TEST_CASE("an ffn descriptor carries its operands, and its biases in a continuation") {
  moesaic_descriptor d = ffn();
  d.header.flags = MOESAIC_FLAG_ACCUMULATE | MOESAIC_FLAG_CONTINUED;
  d.body.ffn.f_begin = 24;
  d.body.ffn.expert = 9;
  moesaic_descriptor more;
  std::memset(&more, 0, sizeof more);
  const moesaic_ffn_continuation biases{100, 200, MOESAIC_NO_OFFSET};
  std::memcpy(&more, &biases, sizeof biases);
  REQUIRE(is_continued(d));
  const auto command = std::get<Command>(decode(d, &more, kLimits));
  const FfnSlice& slice = std::get<FfnSlice>(command.body);
  REQUIRE(slice.accumulate);
  REQUIRE(slice.f_begin == 24);
  REQUIRE(slice.expert == 9);
  REQUIRE(slice.gate_bias == 100);
  REQUIRE(slice.up_bias == 200);
  REQUIRE(slice.down_bias == kNoOffset);
}

TEST_CASE("malformed descriptors are refused with a sentence") {
  REQUIRE(error_of(load()).empty());
  REQUIRE(error_of(ffn()).empty());
  using Change = std::function<void(moesaic_descriptor&)>;
  const auto broken = [](moesaic_descriptor d, const Change& change) {
    change(d);
    return error_of(d);
  };
  CHECK(broken(load(), [](auto& d) { d.header.kind = 0; }).find("kind 0") != std::string::npos);
  CHECK(broken(load(), [](auto& d) { d.header.kind = 11; }).find("kind 11") != std::string::npos);
  CHECK(broken(load(), [](auto& d) { d.header.reserved = 1; }).find("reserved") != std::string::npos);
  CHECK(broken(load(), [](auto& d) { d.header.flags = 8; }).find("reserved") != std::string::npos);
  CHECK(broken(load(), [](auto& d) { d.header.wait_event = 16; }).find("event 16") != std::string::npos);
  CHECK(broken(load(), [](auto& d) { d.header.signal_event = 1, d.header.signal_node = 4; }).find("node 4") !=
        std::string::npos);
  CHECK(broken(load(), [](auto& d) { d.header.flags = MOESAIC_FLAG_ACCUMULATE; }).find("only a send") !=
        std::string::npos);
  CHECK(broken(load(), [](auto& d) { d.body.transfer.row_bytes = 0; }).find("row_bytes") !=
        std::string::npos);
  CHECK(broken(load(), [](auto& d) {
          d.body.transfer.source = Address::make(NodeId(4), AddressUnit::memory, 0);
        }).find("not in the package") != std::string::npos);
  CHECK(broken(load(), [](auto& d) {
          d.body.transfer.destination = Address::make(NodeId(2), AddressUnit::sram, 0);
        }).find("a load goes") != std::string::npos);
  CHECK(broken(load(), [](auto& d) { d.header.kind = MOESAIC_STORE; }).find("a store goes") !=
        std::string::npos);
  CHECK(broken(load(), [](auto& d) { d.header.kind = MOESAIC_SEND; }).find("a send goes") !=
        std::string::npos);
  CHECK(broken(ffn(), [](auto& d) { d.body.ffn.data_type = 1; }).find("data_type 1") != std::string::npos);
  CHECK(broken(ffn(), [](auto& d) { d.body.ffn.activation = 3; }).find("activation 3") != std::string::npos);
  CHECK(broken(ffn(), [](auto& d) { d.body.ffn.f_count = 0; }).find("f_count") != std::string::npos);
  CHECK(broken(ffn(), [](auto& d) { d.body.ffn.shift_pre = 32; }).find("shift") != std::string::npos);
  const moesaic_descriptor more = blank(MOESAIC_FENCE);
  CHECK(error_of(load(), &more).find("continued") != std::string::npos);
}

TEST_CASE("the signal of a send goes to the die that receives the data") {
  moesaic_descriptor d = load();
  d.header.kind = MOESAIC_SEND;
  d.body.transfer.source = Address::make(NodeId(1), AddressUnit::sram, 0);
  d.body.transfer.destination = Address::make(NodeId(3), AddressUnit::sram, 0);
  d.header.signal_event = 1;
  d.header.signal_node = 3;
  REQUIRE(error_of(d).empty());
  d.header.signal_node = 2;
  REQUIRE(error_of(d).find("receives the data") != std::string::npos);
}

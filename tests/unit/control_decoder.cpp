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
  CHECK(broken(load(), [](auto& d) { d.header.flags = 16; }).find("reserved") != std::string::npos);
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

namespace {
moesaic_descriptor multicast(std::uint64_t mask, moesaic_descriptor& more) {
  moesaic_descriptor d = load();
  d.header.kind = MOESAIC_SEND;
  d.header.flags = MOESAIC_FLAG_MULTICAST | MOESAIC_FLAG_CONTINUED;
  d.body.transfer.source = Address::make(NodeId(1), AddressUnit::sram, 0);
  d.body.transfer.destination = Address::make(NodeId(2), AddressUnit::sram, 64);
  std::memset(&more, 0, sizeof more);
  const moesaic_multicast body{mask};
  std::memcpy(&more, &body, sizeof body);
  return d;
}
}  // namespace

TEST_CASE("a multicast goes to other dies that exist, and its signal to all of them") {
  moesaic_descriptor more;
  moesaic_descriptor d = multicast(0b1101, more);
  d.header.signal_event = 3;
  d.header.signal_node = MOESAIC_ANY_NODE;
  const auto command = std::get<Command>(decode(d, &more, kLimits));
  const Transfer& t = std::get<Transfer>(command.body);
  CHECK(t.multicast());
  CHECK((t.goes_to(0) && !t.goes_to(1) && t.goes_to(2) && t.goes_to(3) && !t.goes_to(4)));
  const auto error = [&](std::uint64_t mask, const std::function<void(moesaic_descriptor&)>& change = {}) {
    moesaic_descriptor broken = multicast(mask, more);
    if (change) change(broken);
    return error_of(broken, &more);
  };
  CHECK(error(0).find("names no die") != std::string::npos);
  CHECK(error(0b0110).find("its own die, 1") != std::string::npos);
  CHECK(error(0b10100).find("names die 4; the package has dies 0 to 3") != std::string::npos);
  CHECK(error(std::uint64_t{1} << 63).find("names die 63") != std::string::npos);
  CHECK(error(0b1001).find("on die 2, which its mask 0x9 does not name") != std::string::npos);
  CHECK(error(0b1101, [](auto& b) { b.header.signal_event = 3, b.header.signal_node = 2; }).find("0xFFFE") !=
        std::string::npos);
  CHECK(error(0b1101, [](auto& b) { b.header.kind = MOESAIC_LOAD; }).find("only a send") !=
        std::string::npos);
  CHECK(error(0b1101, [](auto& b) { b.header.flags = MOESAIC_FLAG_CONTINUED; }).find("can be continued") !=
        std::string::npos);
  CHECK(error_of(d).find("without its continuation") != std::string::npos);
  moesaic_descriptor plain = load();
  plain.header.signal_event = 1;
  plain.header.signal_node = MOESAIC_ANY_NODE;
  CHECK(error_of(plain).find("signal node 65534") != std::string::npos);
}

TEST_CASE("a priority is 0 to 7, and the bytes behind it are 0") {
  moesaic_descriptor d = load();
  d.body.transfer.priority = 7;
  CHECK(std::get<Transfer>(std::get<Command>(decode(d, nullptr, kLimits)).body).priority == 7);
  CHECK(priority_of(d) == 7);
  d.body.transfer.priority = 8;
  CHECK(error_of(d).find("priority 8") != std::string::npos);
  d.body.transfer.priority = 0;
  d.body.transfer.reserved_16 = 1;
  CHECK(error_of(d).find("reserved") != std::string::npos);
  CHECK(priority_of(ffn()) == 0);
}

TEST_CASE("operands end inside the SRAM: accepted with its last byte, refused with one more") {
  const DecodeLimits small{NodeId(1), 4, 16, 4096};
  const auto error = [&](const moesaic_descriptor& d) {
    const auto result = decode(d, nullptr, small);
    const auto* text = std::get_if<std::string>(&result);
    return text == nullptr ? std::string() : *text;
  };
  // A load of 3 rows of 32 bytes, 100 apart.
  moesaic_descriptor d = load();
  d.body.transfer.destination_stride = 100;
  d.body.transfer.destination = Address::make(NodeId(1), AddressUnit::sram, 4096 - 232);
  CHECK(error(d).empty());
  d.body.transfer.destination += 1;
  CHECK(error(d).find("the destination at 3865, 3 x 32 bytes, 100 apart, ends beyond the SRAM") !=
        std::string::npos);
  d.body.transfer.rows = 0xFFFF'FFFF;
  d.body.transfer.destination_stride = 0xFFFF'FFFF;
  CHECK(error(d).find("beyond the SRAM") != std::string::npos);
  // A list of 10 entries.
  d = load();
  d.body.transfer.rows = 10;
  d.body.transfer.list = 4096 - 120;
  CHECK(error(d).empty());
  d.body.transfer.list += 1;
  CHECK(error(d).find("the token list at 3977") != std::string::npos);
  d.body.transfer.rows = 65537;
  CHECK(error(d).find("65537 entries") != std::string::npos);
  // Weights of an ffn: 8 rows of 64.
  d = ffn();
  d.body.ffn.down_weights = 4096 - 512;
  CHECK(error(d).empty());
  d.body.ffn.down_weights += 1;
  CHECK(error(d).find("down_weights at 3585") != std::string::npos);
  // A vector fill whose bytes overflow 64 bits.
  d = blank(MOESAIC_VECTOR);
  d.body.vector.list = MOESAIC_NO_OFFSET;
  d.body.vector.width = 0xFFFF'FFFF;
  d.body.vector.rows = 0xFFFF'FFFF;
  CHECK(error(d).find("y at 0") != std::string::npos);
  d.body.vector.width = 1024;
  d.body.vector.rows = 1;
  CHECK(error(d).empty());
  d = blank(MOESAIC_GEMM);
  d.body.gemm.m = d.body.gemm.n = 32;
  d.body.gemm.k = 64;
  CHECK(error(d).empty());
  d.body.gemm.n = 33;
  CHECK(error(d).find("y at 0, 32 x 132 bytes") != std::string::npos);
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

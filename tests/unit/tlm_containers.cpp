// SPDX-License-Identifier: Apache-2.0
// The payload pool and the bounded queue.
#include <algorithm>
#include <set>
#include <string>

#include "tests/catch.h"
#include "tests/panics.h"
#include "tlm/bounded_queue.h"
#include "tlm/payload_pool.h"

namespace moesaic {
namespace {
// An extension set by somebody on the way, to be freed with the payload.
struct Note : tlm::tlm_extension<Note> {
  explicit Note(int& count) : alive(count) { ++alive; }
  ~Note() override { --alive; }
  tlm::tlm_extension_base* clone() const override { return nullptr; }
  void copy_from(const tlm::tlm_extension_base&) override {}
  int& alive;
};
}  // namespace

TEST_CASE("a pooled payload has all attributes of its train") {
  for (const RunMode mode : {RunMode::timing, RunMode::functional}) {
    PayloadPool pool(mode);
    const Train train{0x1000, 64, 4, 256, 10};
    auto& payload = pool.acquire(tlm::TLM_WRITE_COMMAND, train);
    CHECK(payload.is_write());
    CHECK(payload.get_address() == 0x1000);
    CHECK(payload.get_data_length() == 256);
    CHECK(payload.get_streaming_width() == 256);
    CHECK(payload.get_data_ptr() != nullptr);
    CHECK(payload.get_byte_enable_ptr() == nullptr);
    CHECK_FALSE(payload.is_dmi_allowed());
    CHECK(payload.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE);
    CHECK(payload.get_ref_count() == 1);
    CHECK(train_of(payload).train.stride == 256);
    payload.release();
  }
}

TEST_CASE("the pool counts payloads that live and reuses those that do not") {
  for (const RunMode mode : {RunMode::timing, RunMode::functional}) {
    PayloadPool pool(mode);
    std::set<tlm::tlm_generic_payload*> distinct;
    for (int round = 0; round < 10; ++round) {
      std::vector<tlm::tlm_generic_payload*> held;
      for (int i = 0; i < 8; ++i) held.push_back(&pool.acquire(tlm::TLM_READ_COMMAND, Train::block(0, 64)));
      CHECK(pool.live() == 8);
      distinct.insert(held.begin(), held.end());
      for (auto* payload : held) payload->release();
      CHECK(pool.live() == 0);
    }
    CHECK(distinct.size() == 8);
  }
}

TEST_CASE("a payload lives until its last reference goes") {
  PayloadPool pool(RunMode::timing);
  auto& payload = pool.acquire(tlm::TLM_READ_COMMAND, Train::block(0, 64));
  payload.acquire();
  payload.release();
  CHECK(pool.live() == 1);
  payload.release();
  CHECK(pool.live() == 0);
}

TEST_CASE("a reused payload remembers nothing of its last life") {
  PayloadPool pool(RunMode::functional);
  int notes = 0;
  auto& first = pool.acquire(tlm::TLM_WRITE_COMMAND, Train::block(0x40, 64));
  train_of(first).poisoned = true;
  train_of(first).cookie = 9;
  first.set_auto_extension(new Note(notes));
  std::fill_n(first.get_data_ptr(), 64, std::uint8_t{0xAA});
  first.set_response_status(tlm::TLM_OK_RESPONSE);
  first.release();
  CHECK(notes == 0);
  auto& second = pool.acquire(tlm::TLM_READ_COMMAND, Train::block(0x80, 32));
  REQUIRE(&second == &first);
  CHECK_FALSE(train_of(second).poisoned);
  CHECK(train_of(second).cookie == 0);
  CHECK(second.get_extension<Note>() == nullptr);
  CHECK(second.get_data_length() == 32);
  CHECK(second.is_response_error());
  CHECK(std::all_of(second.get_data_ptr(), second.get_data_ptr() + 32, [](auto b) { return b == 0; }));
  second.release();
}

TEST_CASE("functional payloads have bytes of their own and timing payloads share one buffer") {
  PayloadPool timing(RunMode::timing), functional(RunMode::functional);
  const auto data = [](PayloadPool& pool) {
    return pool.acquire(tlm::TLM_READ_COMMAND, Train::block(0, PayloadPool::kScratchBytes)).get_data_ptr();
  };
  CHECK(data(timing) == data(timing));
  CHECK(data(functional) != data(functional));
  // The payloads are still live: the pools give their buffers back all the same.
}

TEST_CASE("a train larger than the largest transaction, or of no bytes, is a bug") {
  PayloadPool pool(RunMode::timing);
  CHECK(
      panics([&] { pool.acquire(tlm::TLM_READ_COMMAND, Train::block(0, PayloadPool::kScratchBytes + 1)); }));
  CHECK(panics([&] { pool.acquire(tlm::TLM_READ_COMMAND, Train::block(0, 0)); }));
}

TEST_CASE("a bounded queue keeps order and knows when it is full") {
  BoundedQueue<int> queue("die_0.dma.requests", 2);
  CHECK(queue.empty());
  queue.push(0, 1);
  CHECK_FALSE(queue.full());
  queue.push(0, 2);
  CHECK(queue.full());
  CHECK(queue.front() == 1);
  CHECK(queue.pop(0) == 1);
  queue.push(0, 3);
  CHECK(queue.pop(0) == 2);
  CHECK(queue.pop(0) == 3);
  CHECK(queue.peak() == 2);
}

TEST_CASE("a bounded queue's mean occupancy is the time integral of its depth") {
  BoundedQueue<std::unique_ptr<int>> queue("q", 4);
  CHECK(queue.mean_occupancy(0) == 0.0);
  queue.push(10, std::make_unique<int>(1));  // 0..10: 0
  queue.push(20, std::make_unique<int>(2));  // 10..20: 1
  queue.pop(50);                             // 20..50: 2
  CHECK(queue.mean_occupancy(50) == (10.0 * 1 + 30.0 * 2) / 50);
  CHECK(queue.mean_occupancy(100) == (10.0 * 1 + 30.0 * 2 + 50.0 * 1) / 100);
  CHECK(queue.peak() == 2);
}

TEST_CASE("pushing to a full queue and popping from an empty one are bugs that name the queue") {
  BoundedQueue<int> queue("die_0.dma.requests", 1);
  const std::string underflow = panic_text([&] { queue.pop(7); });
  CHECK(underflow.find("die_0.dma.requests") != std::string::npos);
  queue.push(0, 1);
  CHECK(panics([&] { queue.push(0, 2); }));
}

}  // namespace moesaic

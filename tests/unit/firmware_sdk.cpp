// SPDX-License-Identifier: Apache-2.0
// The C++ face of the firmware contract: descriptor bytes, queue room, options, charging, the boundary.
#include <cstring>

#include "firmware/lib/backlog.h"
#include "firmware/lib/outbox.h"
#include "firmware/sdk/image.h"
#include "tests/catch.h"
#include "tests/unit/firmware_fake.h"

using namespace moesaic::firmware;

namespace {

// A table that records bus writes and answers reads of space from `room`.
struct Recorder {
  struct Write {
    std::uint64_t address;
    std::vector<std::uint8_t> bytes;
  };
  std::vector<Write> writes;
  unsigned reads = 0;
  std::uint32_t room = 0;
  std::uint64_t charged = 0;
  std::string failure;
  std::string said;

  moesaic_hal table() {
    moesaic_hal h{};
    h.struct_size = sizeof h;
    h.abi_version = MOESAIC_ABI_VERSION;
    h.context = this;
    h.bus_read = [](void* c, std::uint64_t, void* data, std::uint32_t bytes) {
      ++self(c).reads;
      std::memset(data, 0, bytes);
      std::memcpy(data, &self(c).room, 4);
    };
    h.bus_write = [](void* c, std::uint64_t address, const void* data, std::uint32_t bytes) {
      const auto* from = static_cast<const std::uint8_t*>(data);
      self(c).writes.push_back({address, {from, from + bytes}});
      if (bytes == 64 && self(c).room > 0) --self(c).room;  // a descriptor or a message
    };
    h.charge = [](void* c, std::uint64_t cycles) { self(c).charged += cycles; };
    h.fail = [](void* c, const char* text, std::uint32_t n) { self(c).failure.assign(text, n); };
    h.cost_of = [](void*, std::uint32_t operation) -> std::uint32_t { return 10 + operation; };
    h.statistic = [](void* c, const char* name, const char* unit, double value) {
      self(c).said += std::string(name) + "=" + std::to_string(value) + unit + ";";
    };
    h.mark = [](void* c, const char* text, std::uint32_t n) { self(c).said += std::string(text, n) + ";"; };
    return h;
  }
  static Recorder& self(void* c) { return *static_cast<Recorder*>(c); }
};

moesaic_core_info info_of_die(std::uint16_t node) {
  moesaic_core_info info{};
  info.struct_size = sizeof info;
  info.node = node;
  info.nodes = 4;
  info.command_queues = 3;
  info.queue_depth = 4;
  return info;
}

struct Bench {
  Recorder recorder;
  Hal hal{info_of_die(2), recorder.table()};
};

template <class T>
T at(const Command& command, std::size_t offset, unsigned part = 0) {
  T value;
  std::memcpy(&value, reinterpret_cast<const std::uint8_t*>(&command.part(part)) + offset, sizeof value);
  return value;
}

}  // namespace

TEST_CASE("A descriptor has its header at bytes 0 to 23 as the table lists it") {
  const Command c = fence().wait(3, 7).tag(0x11223344).then_signal(5, 6, 9).then_local(8, 10).interrupt();
  CHECK(at<std::uint8_t>(c, 0) == MOESAIC_FENCE);
  CHECK(at<std::uint8_t>(c, 1) == MOESAIC_FLAG_INTERRUPT);
  CHECK(at<std::uint16_t>(c, 2) == 3);
  CHECK(at<std::uint32_t>(c, 4) == 7);
  CHECK(at<std::uint32_t>(c, 8) == 0x11223344);
  CHECK(at<std::uint16_t>(c, 12) == 5);
  CHECK(at<std::uint16_t>(c, 14) == 6);
  CHECK(at<std::uint16_t>(c, 16) == 9);
  CHECK(at<std::uint16_t>(c, 18) == 8);
  CHECK(at<std::uint16_t>(c, 20) == 10);
  CHECK(at<std::uint16_t>(c, 22) == 0);
}

TEST_CASE("A command that waits for nothing and tells nobody has no events in its descriptor") {
  const Command c = fence();
  CHECK(at<std::uint16_t>(c, 2) == MOESAIC_NO_EVENT);
  CHECK(at<std::uint16_t>(c, 12) == MOESAIC_NO_NODE);
  CHECK(at<std::uint16_t>(c, 14) == MOESAIC_NO_EVENT);
  CHECK(at<std::uint16_t>(c, 18) == MOESAIC_NO_EVENT);
}

TEST_CASE("Bodies lie at bytes 24 to 63 as the table lists them") {
  const Command s = send(0x1122334455, 0x66778899AA, listed(32, 5, 0x400)).accumulate();
  CHECK(at<std::uint8_t>(s, 0) == MOESAIC_SEND);
  CHECK(at<std::uint8_t>(s, 1) == MOESAIC_FLAG_ACCUMULATE);
  CHECK(at<std::uint64_t>(s, 24) == 0x1122334455);
  CHECK(at<std::uint64_t>(s, 32) == 0x66778899AA);
  CHECK(at<std::uint32_t>(s, 40) == 32);
  CHECK(at<std::uint32_t>(s, 44) == 5);
  CHECK(at<std::uint32_t>(s, 48) == 32);
  CHECK(at<std::uint32_t>(s, 52) == 32);
  CHECK(at<std::uint32_t>(s, 56) == 0x400);

  moesaic_ffn body{};
  body.list_count = 0x1234;
  body.expert = 0x55;
  body.data_type = 0;
  body.shift_post = 9;
  const Command f = ffn(body);
  CHECK(at<std::uint16_t>(f, 24 + 24) == 0x1234);
  CHECK(at<std::uint16_t>(f, 24 + 34) == 0x55);
  CHECK(at<std::uint8_t>(f, 24 + 38) == 9);

  const Command a = slot_allocate(3, 0x100, 0x200, MOESAIC_ANY_NODE);
  CHECK(at<std::uint16_t>(a, 24) == 3);
  CHECK(at<std::uint16_t>(a, 26) == MOESAIC_ANY_NODE);
  CHECK(at<std::uint32_t>(a, 28) == 0x100);
  CHECK(at<std::uint32_t>(a, 32) == 0x200);

  const Command v = vector_fill(0x80, 16, 4, -1);
  CHECK(at<std::uint32_t>(v, 28) == 0x80);
  CHECK(at<std::uint32_t>(v, 40) == MOESAIC_NO_OFFSET);
  CHECK(at<std::int32_t>(v, 44) == -1);
  CHECK(at<std::uint8_t>(v, 48) == 0);
}

TEST_CASE("An ffn with biases takes two places, the second with its offsets") {
  const Command f = ffn({}).biases({1, 2, 3});
  CHECK(f.parts() == 2);
  CHECK(at<std::uint8_t>(f, 1) == MOESAIC_FLAG_CONTINUED);
  CHECK(at<std::uint32_t>(f, 0, 1) == 1);
  CHECK(at<std::uint32_t>(f, 8, 1) == 3);
}

TEST_CASE("A queue reads its space once and counts down in software") {
  Bench b;
  b.recorder.room = 2;
  Queue& queue = b.hal.queue(1);
  CHECK(queue.try_push(fence()));
  CHECK(queue.try_push(fence()));
  CHECK(b.recorder.reads == 1);
  CHECK_FALSE(queue.try_push(fence()));
  CHECK(b.recorder.reads == 2);
  queue.ring();
  queue.ring();
  REQUIRE(b.recorder.writes.size() == 3);
  CHECK(b.recorder.writes[0].address == (std::uint64_t{2} << 44) + 0x440);
  CHECK(b.recorder.writes[0].bytes.size() == 64);
  CHECK(b.recorder.writes[2].address == (std::uint64_t{2} << 44) + 0x184);
  CHECK(b.recorder.writes[2].bytes == std::vector<std::uint8_t>{2, 0, 0, 0});
}

TEST_CASE("A continued command is pushed whole or not at all") {
  Bench b;
  b.recorder.room = 1;
  CHECK_FALSE(b.hal.queue(0).try_push(ffn({}).biases({})));
  CHECK(b.recorder.writes.empty());
  CHECK_THROWS(b.hal.queue(0).push(ffn({}).biases({})));
}

TEST_CASE("A backlog keeps order, and every half queue raises an interrupt") {
  Bench b;
  b.recorder.room = 4;
  Backlog backlog(b.hal, 0);
  for (std::uint32_t i = 0; i < 7; ++i) {
    backlog.post(fence().tag(100 + i));
  }
  CHECK(backlog.waiting() == 3);
  b.recorder.room = 4;
  backlog.pump();
  CHECK(backlog.waiting() == 0);
  std::vector<std::uint32_t> tags;
  unsigned interrupts = 0;
  for (const auto& write : b.recorder.writes) {
    if (write.bytes.size() != 64) continue;
    tags.push_back(write.bytes[8]);
    interrupts += write.bytes[1] & MOESAIC_FLAG_INTERRUPT;
  }
  CHECK(tags == std::vector<std::uint32_t>{100, 101, 102, 103, 104, 105, 106});
  CHECK(interrupts == 3);
}

TEST_CASE("An outbox keeps what the mailbox does not take and sends it in order") {
  Bench b;
  Outbox outbox(b.hal);
  moesaic_mail mail{};
  for (std::uint16_t kind = 1; kind <= 3; ++kind) {
    mail.kind = kind;
    outbox.send(mail);
  }
  CHECK(outbox.waiting() == 3);
  b.recorder.room = 2;
  outbox.pump();
  outbox.pump();
  CHECK(outbox.waiting() == 1);
  REQUIRE(b.recorder.writes.size() == 2);
  CHECK(b.recorder.writes[1].bytes[6] == 2);
}

TEST_CASE("A list is written in bursts without a gap") {
  Bench b;
  std::vector<moesaic_list_entry> list(45);
  for (std::uint32_t i = 0; i < 45; ++i) list[i].token = i;
  b.hal.write_list(0x100, list);
  REQUIRE(b.recorder.writes.size() == 3);
  std::uint64_t next = (std::uint64_t{2} << 44) + (std::uint64_t{1} << 40) + 0x100;
  for (const auto& write : b.recorder.writes) {
    CHECK(write.address == next);
    next += write.bytes.size();
  }
  CHECK(b.recorder.writes[2].bytes[0] == 40);
}

TEST_CASE("Charged containers charge the configured cost of every operation") {
  Bench b;
  ChargedVector<int> vector(b.hal);
  for (int i = 0; i < 5; ++i) vector.push_back(5 - i);
  CHECK(b.recorder.charged == 5 * 13);
  b.recorder.charged = 0;
  vector.sort([](int x, int y) { return x < y; });
  CHECK(b.recorder.charged == 5 * 3 * 12);
  b.recorder.charged = 0;
  CHECK(vector[0] == 1);
  CHECK(b.recorder.charged == 10);
  int sum = 0;
  vector.scan([&](int x) { sum += x; });
  CHECK(sum == 15);
  CHECK(b.recorder.charged == 10 + 5 * 11);
  b.recorder.charged = 0;
  CHECK(vector.take(1) == 2);
  CHECK(b.recorder.charged == 13);
  CHECK(vector.items() == std::vector<int>{1, 3, 4, 5});
}

namespace {

struct Thrower : Core {
  void on_boot() override { throw std::runtime_error("not today"); }
  void on_timer() override { throw 7; }
  std::vector<std::string> waits() const override { return {"for rain", "for money"}; }
};
struct Image {
  static constexpr const char* kName = "thrower";
  static constexpr const char* kSummary = "throws";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT);
  static constexpr std::array<moesaic_option, 3> kOptions = {
      {{"count", MOESAIC_OPTION_INT, "4", 0, 9, nullptr, ""},
       {"deep", MOESAIC_OPTION_BOOL, "true", 0, 0, nullptr, ""},
       {"way", MOESAIC_OPTION_NAME, "left", 0, 0, "left right", ""}}};
  static std::uint64_t minimum_sram(const moesaic_core_info&, const Options& options) {
    return static_cast<std::uint64_t>(options.integer("count"));
  }
  static std::unique_ptr<Core> make(Hal&, const Options& options) {
    if (options.name("way") == "right") throw std::runtime_error("wrong way");
    return std::make_unique<Thrower>();
  }
};
using Table = moesaic::firmware::detail::Table<Image>;

}  // namespace

TEST_CASE("Options are read by name and type, with defaults") {
  const char* values[] = {"7", "false", nullptr};
  const Options options(Image::kOptions.data(), 3, values);
  CHECK(options.integer("count") == 7);
  CHECK_FALSE(options.flag("deep"));
  CHECK(options.name("way") == "left");
  CHECK_THROWS(options.integer("way"));
  CHECK_THROWS(options.flag("depth"));
}

TEST_CASE("What a handler throws ends the run with its text and does not cross the boundary") {
  Recorder recorder;
  const moesaic_core_info info = info_of_die(0);
  const moesaic_hal hal = recorder.table();
  moesaic_core core{};
  char message[20] = "";
  REQUIRE(Table::kImage.create(&info, &hal, nullptr, &core, message, sizeof message) == 1);
  core.boot(core.self);
  CHECK(recorder.failure == "not today");
  core.timer(core.self);
  CHECK(recorder.failure.find("not a std::exception") != std::string::npos);
  core.layer_start(core.self, 0, 0);
  core.destroy(core.self);
}

TEST_CASE("Functions that were appended to the table are called only where the program has them") {
  Recorder recorder;
  moesaic_hal table = recorder.table();
  Hal present(info_of_die(0), table);
  present.statistic("waves", "count", 3);
  present.mark("layer 0");
  CHECK(recorder.said == "waves=3.000000count;layer 0;");
  // An older program's table ends before them: what lies there in memory means something else.
  recorder.said.clear();
  table.struct_size = kOldestHalBytes;
  Hal absent(info_of_die(0), table);
  absent.statistic("waves", "count", 3);
  absent.mark("layer 0");
  CHECK(recorder.said.empty());
  absent.charge(7);
  CHECK(recorder.charged == 7);
}

TEST_CASE("An image starts on every program of its contract, the oldest one too") {
  Recorder recorder;
  const moesaic_core_info info = info_of_die(0);
  moesaic_hal hal = recorder.table();
  moesaic_core core{};
  char message[80] = "";
  for (const std::size_t bytes : {kOldestHalBytes, sizeof hal, sizeof hal + 64}) {
    hal.struct_size = static_cast<std::uint32_t>(bytes);
    REQUIRE(Table::kImage.create(&info, &hal, nullptr, &core, message, sizeof message) == 1);
    core.destroy(core.self);
  }
  hal.struct_size = kOldestHalBytes - 1;
  CHECK(Table::kImage.create(&info, &hal, nullptr, &core, message, sizeof message) == 0);
  CHECK(std::string(message) == "the program speaks another version of the firmware contract");
  // The order of the table is the contract: two numbers, the context and eleven functions are the oldest
  // part.
  CHECK(kOldestHalBytes == 8 + 12 * sizeof(void*));
}

TEST_CASE("Handlers that were appended are filled in only where the program has room for them") {
  Recorder recorder;
  const moesaic_core_info info = info_of_die(0);
  const moesaic_hal hal = recorder.table();
  char message[80] = "";
  // A program of today stamps what it knows.
  moesaic_core core{};
  core.struct_size = sizeof core;
  REQUIRE(Table::kImage.create(&info, &hal, nullptr, &core, message, sizeof message) == 1);
  CHECK(core.struct_size == sizeof core);
  std::string said;
  core.waits(core.self, &said, [](void* to, const char* text, std::uint32_t length) {
    *static_cast<std::string*>(to) += std::string(text, length) + ";";
  });
  CHECK(said == "for rain;for money;");
  core.destroy(core.self);
  // The oldest did not, and has something else behind its struct.
  core = {};
  std::memset(&core.waits, 0x5A, sizeof core.waits);
  REQUIRE(Table::kImage.create(&info, &hal, nullptr, &core, message, sizeof message) == 1);
  CHECK(core.struct_size == detail::kOldestCoreBytes);
  std::uint8_t behind = 0;
  std::memcpy(&behind, &core.waits, 1);
  CHECK(behind == 0x5A);
  core.destroy(core.self);
}

TEST_CASE("Creation fails with a message that fits where the image refuses or the contract differs") {
  Recorder recorder;
  const moesaic_core_info info = info_of_die(0);
  moesaic_hal hal = recorder.table();
  moesaic_core core{};
  char message[6] = "";
  const char* values[] = {"1", "true", "right"};
  CHECK(Table::kImage.create(&info, &hal, values, &core, message, sizeof message) == 0);
  CHECK(std::string(message) == "wrong");
  hal.abi_version = 2;
  CHECK(Table::kImage.create(&info, &hal, nullptr, &core, message, sizeof message) == 0);
  CHECK(Table::kImage.minimum_sram(&info, values) == 1);
}

namespace {

const moesaic_image& test_image(const char* name) {
  return moesaic::fake::load_image(MOESAIC_TEST_IMAGE_DIR, name);
}

std::string ending(const char* image, const moesaic::fake::Config& config) {
  try {
    moesaic::fake::Package package(test_image(image), config);
    package.run();
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("chatter ends with small mailboxes, many rounds and both roles on one die") {
  moesaic::fake::Config config;
  config.scheduler = 1;
  config.mail_depth = 1;
  config.layers = 2;
  config.options = {"5", "7"};
  for (config.seed = 1; config.seed < 30; ++config.seed) CHECK(ending("chatter", config) == "");
}

TEST_CASE("Every misuse of the image misuse is one") {
  const std::pair<const char*, const char*> expected[] = {
      {"overlap_slot", "slots overlap"},    {"unallocated_write", "is in no slot"},
      {"released_slot", "is in no slot"},   {"queue_overflow", "overflows"},
      {"unsatisfiable_wait", "hang"},       {"foreign_gate", "are not known"},
      {"foreign_bus", "another die"},       {"bad_kind", "bad kind"},
      {"exception", "fail: the image has"}, {"no_grant", "without a grant"},
      {"list_unwritten", "not written"}};
  for (const auto& [what, text] : expected) {
    moesaic::fake::Config config;
    config.options = {what};
    INFO(what);
    CHECK(ending("misuse", config).find(text) != std::string::npos);
  }
}

TEST_CASE("busy_loop spends control time in proportion to the experts") {
  moesaic::fake::Config config;
  moesaic::fake::Package few(test_image("busy_loop"), config);
  few.run();
  config.experts *= 10;
  moesaic::fake::Package many(test_image("busy_loop"), config);
  many.run();
  CHECK(many.charged_cycles() == 10 * few.charged_cycles());
}

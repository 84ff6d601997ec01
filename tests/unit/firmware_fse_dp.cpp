// SPDX-License-Identifier: Apache-2.0
// The image fse_dp on a package without time, under many orders of events: right results, no race, no hang;
// and the hang that it must have when no slot is reserved.
#include <algorithm>
#include <set>

#include "firmware/lib/ring.h"
#include "firmware/lib/slot_pool.h"
#include "tests/catch.h"
#include "tests/unit/firmware_fake.h"

using moesaic::fake::Config;
using moesaic::fake::Package;
using namespace moesaic::firmware;

namespace {

const moesaic_image& the_image() {
  return moesaic::fake::load_image(MOESAIC_IMAGE_DIR, "fse_dp");
}

void set(Config& config, const std::string& option, const std::string& value) {
  while (config.options.size() < the_image().option_count)
    config.options.emplace_back(the_image().options[config.options.size()].default_value);
  for (std::uint32_t i = 0; i < the_image().option_count; ++i) {
    if (the_image().options[i].name != option) continue;
    config.options[i] = value;
    return;
  }
  FAIL("fse_dp has no option " << option);
}

using Choice = std::vector<std::pair<std::string, std::string>>;
void set(Config& config, const Choice& choice) {
  for (const auto& [option, value] : choice) set(config, option, value);
}

Config small() {
  Config config;
  config.scheduler = 0;
  return config;
}

// Runs a configuration under `seeds` orders; the first complaint, or nothing.
std::string complaint(Config config, unsigned seeds) {
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    config.seed = seed;
    try {
      Package package(the_image(), config);
      package.run();
      const std::string wrong = package.wrong_results();
      if (!wrong.empty()) return wrong + " (seed " + std::to_string(seed) + ")";
    } catch (const std::exception& error) {
      return std::string(error.what()) + " (seed " + std::to_string(seed) + ")";
    }
  }
  return "";
}

std::uint32_t minimum_sram(const Config& config) {
  moesaic_core_info info{};
  info.struct_size = sizeof info;
  info.rows = static_cast<std::uint16_t>(config.rows);
  info.columns = static_cast<std::uint16_t>(config.columns);
  info.nodes = static_cast<std::uint16_t>(config.rows * config.columns);
  info.hidden = config.hidden;
  info.expert_width = config.expert_width;
  info.experts = config.experts;
  info.shared_experts = config.shared_experts;
  info.top_k = config.top_k;
  info.tokens = config.tokens;
  std::vector<const char*> values;
  for (std::uint32_t i = 0; i < the_image().option_count; ++i)
    values.push_back(i < config.options.size() ? config.options[i].c_str()
                                               : the_image().options[i].default_value);
  return static_cast<std::uint32_t>(the_image().minimum_sram(&info, values.data()));
}

/// Two slots of one column on every die, and every token needs every expert: what fills rings best.
Config two_slots(unsigned rows, unsigned columns) {
  Config config = small();
  config.rows = rows;
  config.columns = columns;
  config.tokens = 2 * rows * columns;
  config.hidden = 4;
  config.experts = config.top_k = 3;
  set(config, "slots", "2");
  set(config, "slice_columns", "1");
  config.sram_bytes = minimum_sram(config);
  return config;
}

}  // namespace

TEST_CASE("a ring visits the dies of a mesh in its order, and any subset of them in the same order") {
  const Ring ring(snake_order(3, 3), 3);
  std::vector<unsigned> order;
  for (RingPlace p = 0; p < 9; ++p) order.push_back(ring.die(p));
  CHECK(order == std::vector<unsigned>{0, 1, 2, 5, 4, 3, 6, 7, 8});
  CHECK(ring.place(3) == 5);
  const DieSet set = only(1) | only(4) | only(8);
  CHECK(ring.first(set) == 1);
  CHECK(ring.next(set, 1) == 4);
  CHECK(ring.next(set, 2) == 4);
  CHECK(ring.next(set, 4) == 8);
  CHECK(ring.next(set, 8) == 1);  // a descent
  CHECK(ring.next(only(4), 4) == 4);
  CHECK(ring.hops(0, 8) == 4);
  CHECK(Ring::descends(4, 1));
  CHECK(Ring::descends(4, 4));
  CHECK(!Ring::descends(4, 8));
}

TEST_CASE("a spiral goes from the rim inwards, on every mesh over neighbours and over every die once") {
  CHECK(spiral_order(3, 3) == std::vector<std::uint16_t>{0, 1, 2, 5, 8, 7, 6, 3, 4});
  CHECK(spiral_order(2, 2) == std::vector<std::uint16_t>{0, 1, 3, 2});
  CHECK(spiral_order(1, 4) == std::vector<std::uint16_t>{0, 1, 2, 3});
  for (unsigned rows = 1; rows <= 5; ++rows) {
    for (unsigned columns = 1; columns <= 5; ++columns) {
      for (const auto& order : {spiral_order(rows, columns), snake_order(rows, columns)}) {
        const std::set<std::uint16_t> dies(order.begin(), order.end());
        REQUIRE(order.size() == rows * columns);
        REQUIRE(dies.size() == rows * columns);
        const Ring ring(order, columns);
        for (RingPlace p = 0; p + 1u < ring.size(); ++p) REQUIRE(ring.hops(p, p + 1) == 1);
      }
    }
  }
}

TEST_CASE("a slice enters a ring at the nearest die of its trajectory") {
  const Ring ring(snake_order(3, 3), 3);
  CHECK(ring.nearest(only(2) | only(3), 2) == 2);
  // Die 0 has neighbours 1 (place 1) and 3 (place 5): as near as each other, the next in ring order.
  CHECK(ring.nearest(only(1) | only(5), 0) == 1);
  CHECK(ring.nearest(only(5) | only(8), 0) == 5);
  // Die 4 in the middle (place 4): die 8 (place 8) is as far as die 0 (place 0), and comes first.
  CHECK(ring.nearest(only(0) | only(8), 4) == 8);
}

// All tours over a set that begin at its lowest place: the fewest hops with at most so many descents.
std::uint32_t fewest_hops(const Ring& ring, std::vector<RingPlace> tour, std::uint32_t descents) {
  std::uint32_t best = UINT32_MAX;
  do {
    std::uint32_t hops = 0, down = 0;
    for (std::size_t i = 0; i < tour.size(); ++i) {
      const RingPlace next = tour[(i + 1) % tour.size()];
      hops += ring.hops(tour[i], next);
      down += Ring::descends(tour[i], next);
    }
    if (down <= descents) best = std::min(best, hops);
  } while (std::next_permutation(tour.begin() + 1, tour.end()));
  return best;
}

TEST_CASE("a short tour keeps its descents, and is the shortest for nearly every set") {
  std::mt19937_64 random(7);
  const Ring ring(snake_order(4, 4), 4);
  unsigned shortest = 0, improved = 0, drawn = 0;
  for (; drawn < 200; ++drawn) {
    std::vector<RingPlace> places;
    DieSet set = 0;
    while (places.size() < 2 + drawn % 6) {
      const auto p = static_cast<RingPlace>(random() % 16);
      if (holds(set, p)) continue;
      set |= only(p);
      places.push_back(p);
    }
    std::sort(places.begin(), places.end());
    std::uint64_t steps = 0;
    CHECK(short_tour(ring, set, 1, steps) == places);
    for (const std::uint32_t descents : {2u, 3u}) {
      const std::vector<RingPlace> tour = short_tour(ring, set, descents, steps);
      REQUIRE(tour.front() == places.front());
      REQUIRE(std::is_permutation(tour.begin(), tour.end(), places.begin(), places.end()));
      std::uint32_t hops = 0, down = 0, plain = 0;
      for (std::size_t i = 0; i < tour.size(); ++i) {
        const std::size_t next = (i + 1) % tour.size();
        hops += ring.hops(tour[i], tour[next]);
        plain += ring.hops(places[i], places[next]);
        down += Ring::descends(tour[i], tour[next]);
      }
      REQUIRE(down <= descents);
      improved += hops < plain;
      shortest += hops == fewest_hops(ring, places, descents);
    }
  }
  CHECK(improved > 50);
  CHECK(shortest >= 2 * drawn * 95 / 100);
}

TEST_CASE("a slot is kept for every higher number of descents, and for nothing else") {
  struct Occupant {
    std::uint32_t level;
  };
  SlotPool<Occupant> pool(3, 2);
  const Occupant before{0}, past{1};
  CHECK(pool.room(0) == 2);
  CHECK(pool.take(before) == 0);
  CHECK(pool.admits(0));
  CHECK(pool.take(before) == 1);
  CHECK(!pool.admits(0));
  CHECK(pool.admits(1));
  CHECK(pool.take(past) == 2);
  CHECK(!pool.admits(1));
  // What has gone down may take any slot; as long as it has one, it needs no other kept.
  pool.release(0);
  CHECK(pool.admits(0));
  CHECK(pool.take(past) == 0);
  pool.release(2);
  pool.release(0);
  CHECK(pool.take(before) == 0);
  CHECK(!pool.admits(0));
  // Three levels, four slots: two may be of the lowest, three below the highest.
  SlotPool<Occupant> tall(4, 3);
  CHECK(tall.room(0) == 2);
  CHECK(tall.room(1) == 3);
  CHECK(tall.room(2) == 4);
  tall.take({1});
  tall.take({1});
  CHECK(tall.room(0) == 1);
  tall.take({1});
  CHECK(tall.room(0) == 0);
  CHECK(tall.room(1) == 0);
  CHECK(tall.room(2) == 1);
}

TEST_CASE("fse_dp computes what the reference computes on two by two dies") {
  CHECK(complaint(small(), 200) == "");
}

TEST_CASE("fse_dp runs several layers and iterations, with the scheduler on any die") {
  Config config = small();
  config.layers = 3;
  config.iterations = 2;
  config.shared_experts = 2;
  for (std::uint16_t die = 0; die < 4; ++die) {
    config.scheduler = die;
    CHECK(complaint(config, 25) == "");
  }
}

TEST_CASE("fse_dp runs on a single die") {
  Config config = small();
  config.rows = config.columns = 1;
  config.shared_experts = 1;
  config.layers = 2;
  CHECK(complaint(config, 30) == "");
}

TEST_CASE("fse_dp runs with fewer tokens than dies and fewer experts than dies") {
  Config config = small();
  config.rows = 3;
  config.tokens = 2;
  CHECK(complaint(config, 60) == "");
  config.experts = 3;
  config.shared_experts = 1;
  CHECK(complaint(config, 60) == "");
  config.tokens = 1;
  config.experts = 1;
  config.top_k = 1;
  CHECK(complaint(config, 60) == "");
}

TEST_CASE("fse_dp runs in the SRAM that it says it needs, in many waves, and not in less") {
  for (const std::uint32_t tokens : {7u, 16u, 33u}) {
    Config config = small();
    config.tokens = tokens;
    config.layers = 2;
    config.hidden = 7;
    config.expert_width = 5;
    config.top_k = 3;
    config.sram_bytes = minimum_sram(config);
    CHECK(complaint(config, 40) == "");
    config.sram_bytes -= 1;
    CHECK(complaint(config, 1).find("fse_dp needs at least") != std::string::npos);
  }
}

TEST_CASE("fse_dp runs between its least SRAM and plenty") {
  Config config = small();
  config.tokens = 30;
  config.expert_width = 11;
  config.hidden = 5;
  config.shared_experts = 1;
  const std::uint32_t least = minimum_sram(config);
  for (std::uint32_t more = 0; more < 3000; more += 151) {
    config.sram_bytes = least + more;
    CHECK(complaint(config, 4) == "");
  }
}

TEST_CASE("fse_dp serves every top-k from one to eight, with all tokens on the same experts too") {
  for (std::uint32_t k = 1; k <= 8; ++k) {
    for (const bool sticky : {false, true}) {
      Config config = small();
      config.top_k = k;
      config.experts = 12;
      config.sticky_routing = sticky;
      config.tokens = 21;
      CHECK(complaint(config, 10) == "");
    }
  }
}

TEST_CASE("fse_dp runs with every placement, order, number of slots and slice width") {
  Config config = small();
  config.experts = 10;
  config.expert_width = 13;
  for (const char* placement : {"slices", "experts", "striped"}) {
    for (const char* order : {"paired", "hottest_first", "id"}) {
      for (const char* slots : {"0", "2", "3", "7"}) {
        for (const char* columns : {"0", "1", "4", "100"}) {
          set(config, "placement", placement);
          set(config, "order", order);
          set(config, "slots", slots);
          set(config, "slice_columns", columns);
          CHECK(complaint(config, 2) == "");
        }
      }
    }
  }
  set(config, "slots", "1");
  CHECK(complaint(config, 1).find("slots must be 0, or 2 or more") != std::string::npos);
}

TEST_CASE("fse_dp runs with short and few command queues, small mailboxes and few slots") {
  Config config = small();
  config.shared_experts = 1;
  config.layers = 2;
  set(config, "slice_columns", "2");
  for (const std::uint32_t queues : {5u, 6u, 8u, 16u}) {
    for (const std::uint32_t depth : {1u, 2u, 3u, 64u}) {
      config.command_queues = queues;
      config.queue_depth = depth;
      config.mail_depth = depth == 1 ? 1 : 2;
      config.slots = queues == 5 ? 4 : 64;
      CHECK(complaint(config, 8) == "");
    }
  }
  config.command_queues = 4;
  CHECK(complaint(config, 1).find("fse_dp needs 5 command queues") != std::string::npos);
  config.command_queues = 5;
  config.slots = 3;
  CHECK(complaint(config, 1).find("fse_dp needs 4 slots") != std::string::npos);
  config.slots = 4;
  config.events = 7;
  CHECK(complaint(config, 1).find("fse_dp needs 8 event counters") != std::string::npos);
}

TEST_CASE("fse_dp loads from the memory of other dies where a die, or a whole trajectory, has none") {
  Config config = small();
  config.rows = config.columns = 3;
  const std::uint64_t some = 1u << 20;
  config.memory = {some, 0, some, 0, 0, 0, some, 0, some};
  config.tokens = 20;
  set(config, "slice_columns", "2");
  CHECK(complaint(config, 20) == "");
  set(config, "placement", "experts");
  CHECK(complaint(config, 20) == "");
  config.memory = std::vector<std::uint64_t>(9, 0);
  config.memory[4] = some;
  CHECK(complaint(config, 10) == "");
  config.memory[4] = 0;
  CHECK(complaint(config, 1).find("no die of the package has memory") != std::string::npos);
  config.memory[4] = 100;
  CHECK(complaint(config, 1).find("weights and tokens need") != std::string::npos);
}

TEST_CASE("fse_dp finds its results among random shapes") {
  std::mt19937_64 random(42);
  const auto between = [&](std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(random() % (high - low + 1));
  };
  for (unsigned i = 0; i < 150; ++i) {
    Config config = small();
    config.rows = between(1, 3);
    config.columns = between(1, 3);
    config.scheduler = static_cast<std::uint16_t>(between(0, config.rows * config.columns - 1));
    config.hidden = between(1, 12);
    config.expert_width = between(1, 20);
    config.experts = between(1, 20);
    config.top_k = std::min(config.experts, between(1, 8));
    config.shared_experts = between(0, 2);
    config.tokens = between(1, 40);
    config.layers = between(1, 2);
    config.queue_depth = between(1, 10);
    config.mail_depth = between(1, 5);
    if (between(0, 1) != 0) set(config, "slice_columns", std::to_string(between(1, 5)));
    config.sram_bytes = minimum_sram(config) + between(0, 4000);
    INFO("shape " << i);
    CHECK(complaint(config, 2) == "");
  }
}

// Every option that changes what agents or scheduler do, alone and in company.
const std::vector<Choice>& choices() {
  static const std::vector<Choice> all = {
      {},
      {{"rule1", "false"}},
      {{"rule2", "false"}},
      {{"rule3", "false"}},
      {{"rule4", "false"}},
      {{"rule5", "true"}},
      {{"fuse", "false"}},
      {{"rule1", "false"}, {"rule2", "false"}, {"rule3", "false"}, {"rule4", "false"}, {"fuse", "false"}},
      {{"skip_dies", "false"}},
      {{"skip_dies", "false"}, {"rule5", "true"}, {"placement", "striped"}},
      {{"entry", "least_loaded"}},
      {{"entry", "most_tokens"}, {"ring", "spiral"}},
      {{"ring", "spiral"}, {"rule3", "false"}},
      {{"ring", "shortest"}},
      {{"ring", "shortest"}, {"entry", "most_tokens"}, {"rule4", "false"}},
      {{"scheduling", "trajectories"}},
      {{"scheduling", "trajectories"}, {"preload", "0"}, {"entry", "least_loaded"}},
      {{"scheduling", "trajectories"}, {"preload", "1"}, {"entry", "most_tokens"}, {"fuse", "false"}},
      {{"scheduling", "trajectories"}, {"rule5", "true"}, {"ring", "shortest"}, {"order", "hottest_first"}},
      {{"scheduling", "trajectories"}, {"scheduler", "hardware"}, {"skip_dies", "false"}, {"rule3", "false"}},
      {{"control", "chains"}},
      {{"control", "chains"}, {"placement", "striped"}, {"ring", "spiral"}},
      {{"control", "chains"}, {"skip_dies", "false"}, {"placement", "experts"}, {"order", "id"}},
      {{"scheduler", "hardware"}, {"placement", "striped"}},
  };
  return all;
}

std::string text_of(const Choice& choice) {
  std::string text;
  for (const auto& [option, value] : choice) text += option + "=" + value + " ";
  return text;
}

TEST_CASE(
    "two slots are enough on every mesh up to four by four, in every order of events, under every policy") {
  for (const Choice& choice : choices()) {
    for (unsigned rows = 1; rows <= 4; ++rows) {
      for (unsigned columns = 1; columns <= 4; ++columns) {
        INFO(rows << " x " << columns << " " << text_of(choice));
        Config config = two_slots(rows, columns);
        set(config, choice);
        CHECK(complaint(config, choice.empty() ? 6 : 1) == "");
        // Trajectories of many different subsets.
        Config mixed = two_slots(rows, columns);
        mixed.experts = 12;
        mixed.top_k = 2;
        set(mixed, choice);
        CHECK(complaint(mixed, choice.empty() ? 6 : 1) == "");
      }
    }
  }
}

TEST_CASE(
    "fse_dp computes what the reference computes under every policy, over layers, waves and idle dies") {
  for (const Choice& choice : choices()) {
    INFO(text_of(choice));
    Config config = small();
    config.layers = 2;
    config.iterations = 2;
    config.shared_experts = 1;
    config.experts = 20;
    set(config, choice);
    CHECK(complaint(config, 6) == "");
    Config waves = small();
    waves.tokens = 33;
    waves.layers = 2;
    set(waves, choice);
    waves.sram_bytes = minimum_sram(waves);
    CHECK(complaint(waves, 3) == "");
    waves.sram_bytes += 700;
    CHECK(complaint(waves, 3) == "");
    Config idle = small();
    idle.rows = 3;
    idle.tokens = 4;
    idle.scheduler = 5;
    const std::uint64_t some = 1u << 20;
    idle.memory = {some, 0, 0, some, some, 0};
    set(idle, choice);
    CHECK(complaint(idle, 4) == "");
    Config tall = small();
    tall.rows = tall.columns = 4;
    tall.tokens = 40;
    set(tall, choice);
    set(tall, "slots", "5");
    set(tall, "slice_columns", "2");
    CHECK(complaint(tall, 1) == "");
  }
}

// Requests of three tokens, some on two dies, and experts that few of them choose.
Config with_buffering(const Choice& choice) {
  Config config = small();
  config.tokens = 17;
  config.tokens_of_request = 3;
  config.experts = 20;
  config.layers = 2;
  config.iterations = 5;
  set(config, choice);
  set(config, "slack", "50");
  set(config, "theta_min", "3");
  return config;
}

TEST_CASE("requests that wait for the next iteration are computed there, under every policy") {
  for (const Choice& choice : choices()) {
    INFO(text_of(choice));
    Config config = with_buffering(choice);
    CHECK(complaint(config, 4) == "");
    config.shared_experts = 1;
    config.rows = 3;
    config.scheduler = 4;
    config.sram_bytes = minimum_sram(config) + 300;  // several waves
    CHECK(complaint(config, 3) == "");
  }
}

TEST_CASE("a request earns a deferral with every so many forward passes, and waits only for cold experts") {
  const auto deferrals = [](const char* slack, const char* theta_min, std::uint32_t iterations) {
    Config config = with_buffering({});
    config.layers = 1;
    config.iterations = iterations;
    set(config, "slack", slack);
    set(config, "theta_min", theta_min);
    Package package(the_image(), config);
    package.run();
    CHECK(package.wrong_results() == "");
    return package.deferrals();
  };
  // Six requests, all of which need an expert with less than a hundred tokens: each waits as often as it may.
  // Passes 0 to 2 have earned nothing at 34 %; pass 3 has earned one, and it is used at once.
  CHECK(deferrals("34", "100", 3) == 0);
  CHECK(deferrals("34", "100", 4) == 6);
  CHECK(deferrals("34", "100", 6) == 6);
  CHECK(deferrals("34", "100", 7) == 12);
  CHECK(deferrals("100", "100", 2) == 6);
  CHECK(deferrals("0", "100", 7) == 0);
  CHECK(deferrals("100", "1", 7) == 0);  // nobody has an expert with no token
}

TEST_CASE("fse_dp refuses options that cannot be had together") {
  const std::vector<std::pair<Choice, std::string>> refused = {
      {{{"micro_slices", "4"}, {"slice_columns", "4"}}, "micro_slices or slice_columns, not both"},
      {{{"rule5", "true"}, {"entry", "most_tokens"}}, "rule5 chooses where slices enter"},
      {{{"rule5", "true"}, {"fuse", "false"}}, "rule5 needs fuse=true"},
      {{{"control", "chains"}, {"rule2", "false"}}, "control=chains has an order of its own"},
      {{{"control", "chains"}, {"scheduling", "trajectories"}}, "control=chains needs scheduling=tables"},
      {{{"control", "chains"}, {"ring", "shortest"}}, "with control=chains slices enter at the first die"},
  };
  for (const auto& [choice, text] : refused) {
    Config config = small();
    set(config, choice);
    CHECK(complaint(config, 1).find(text) != std::string::npos);
  }
}

TEST_CASE("fse_dp cuts an expert into the micro-slices that it is told") {
  for (const char* slices : {"1", "2", "5", "6", "100"}) {
    Config config = small();
    set(config, "micro_slices", slices);
    INFO(slices);
    CHECK(complaint(config, 2) == "");
    Package package(the_image(), config);
    package.run();
    const std::string text =
        "slices per expert " + std::to_string(std::min(std::stoi(slices) == 5 ? 3 : std::stoi(slices), 6));
    CHECK(std::any_of(package.log().begin(), package.log().end(),
                      [&](const std::string& line) { return line.find(text) != std::string::npos; }));
  }
}

TEST_CASE("without a reserved slot greedy loads fill a ring, and the hang says who waits for whom") {
  unsigned hangs = 0;
  for (const auto& [rows, columns] : {std::pair{1u, 2u}, {2u, 2u}, {3u, 3u}}) {
    Config config = two_slots(rows, columns);
    set(config, "reserved_slot", "false");
    const std::string text = complaint(config, 20);
    if (text.empty()) continue;
    ++hangs;
    CHECK(text.find("hang: ") == 0);
    CHECK(text.find("to grant a slot") != std::string::npos);
    CHECK(text.find("slices of other dies wait for a slot here; all 2 are taken or reserved") !=
          std::string::npos);
  }
  CHECK(hangs == 3);
}

TEST_CASE("fse_dp spends control time that grows with the work") {
  Config config = small();
  Package few(the_image(), config);
  few.run();
  config.tokens *= 20;
  config.sram_bytes *= 4;
  set(config, "slice_columns", "1");
  Package many(the_image(), config);
  many.run();
  CHECK(many.charged_cycles() > 3 * few.charged_cycles());
}

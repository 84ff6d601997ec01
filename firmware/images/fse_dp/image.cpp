// SPDX-License-Identifier: Apache-2.0
// fse_dp: Expert Streaming's fully sharded expert data parallelism (arXiv 2603.27624): virtualization rules 1
// to 5, load orders, trajectory scheduling, two kinds of agents, two kinds of schedulers. Tokens stay on
// their dies; micro-slices of experts travel from die to die.
#include "firmware/sdk/image.h"

#include "firmware/images/fse_dp/agent.h"
#include "firmware/images/fse_dp/chain_agent.h"
#include "firmware/images/fse_dp/scheduler.h"

namespace {

using namespace moesaic::firmware;
using namespace moesaic::firmware::fse_dp;

/// The number of a name among an option's choices.
template <class Enum>
Enum choice(const Options& options, const char* option, std::initializer_list<const char*> names) {
  const std::string value = options.name(option);
  int number = 0;
  for (const char* name : names) {
    if (value == name) return static_cast<Enum>(number);
    ++number;
  }
  throw std::logic_error(std::string("fse_dp: no such choice of ") + option);
}

Settings settings_of(const Options& options) {
  const auto number = [&](const char* name) { return static_cast<std::uint32_t>(options.integer(name)); };
  Settings s;
  s.placement = choice<Placement>(options, "placement", {"slices", "experts", "striped"});
  s.order = choice<Order>(options, "order", {"paired", "hottest_first", "id"});
  s.rules = {options.flag("rule1"), options.flag("rule2"), options.flag("rule3"), options.flag("rule4"),
             options.flag("rule5")};
  s.fuse = options.flag("fuse");
  s.scheduling = choice<Scheduling>(options, "scheduling", {"tables", "trajectories"});
  s.preload = number("preload");
  s.entry = choice<EntryDie>(options, "entry", {"nearest_memory", "least_loaded", "most_tokens"});
  s.ring = choice<RingOrder>(options, "ring", {"snake", "spiral", "shortest"});
  s.skip_dies = options.flag("skip_dies");
  s.control = choice<Control>(options, "control", {"interrupts", "chains"});
  s.hardware = {options.name("scheduler") == "hardware", number("hw_table_cycles"), number("hw_idle_cycles"),
                number("hw_match_cycles"), number("hw_sort_cycles")};
  s.slack = number("slack");
  s.theta_min = number("theta_min");
  s.reserved_slot = options.flag("reserved_slot");
  s.slots = number("slots");
  s.micro_slices = number("micro_slices");
  s.slice_columns = number("slice_columns");
  return s;
}

/// What cannot be had together is refused, not ignored.
void check(const Settings& s) {
  const auto refuse = [](bool wrong, const char* text) {
    if (wrong) throw std::runtime_error(std::string("fse_dp: ") + text);
  };
  refuse(s.slots == 1, "slots must be 0, or 2 or more");
  refuse(s.micro_slices != 0 && s.slice_columns != 0, "give micro_slices or slice_columns, not both");
  refuse(s.rules.to_most_free && s.entry != EntryDie::nearest_memory,
         "rule5 chooses where slices enter: it needs entry=nearest_memory");
  refuse(s.rules.to_most_free && !s.fuse, "rule5 needs fuse=true");
  if (s.control != Control::chains) return;
  const Rules& r = s.rules;
  refuse(
      !r.arrivals_first || !r.any_stored || !r.eager_release || !r.greedy_loads || r.to_most_free || !s.fuse,
      "control=chains has an order of its own: it needs rule1 to rule4 and fuse, and no rule5");
  refuse(s.scheduling != Scheduling::tables, "control=chains needs scheduling=tables");
  refuse(s.entry != EntryDie::nearest_memory || s.ring == RingOrder::shortest,
         "with control=chains slices enter at the first die in ring order: it needs entry=nearest_memory and "
         "ring=snake or ring=spiral");
}

struct Image {
  static constexpr const char* kName = "fse_dp";
  static constexpr const char* kSummary =
      "Expert Streaming (FSE-DP): tokens stay, micro-slices of experts travel around the dies that need them";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT) | role_bit(MOESAIC_SCHEDULER);
  static constexpr std::array<moesaic_option, 25> kOptions = {{
      {"placement", MOESAIC_OPTION_NAME, "striped", 0, 0, "slices experts striped",
       "where weights lie: the slices of every expert dealt to the memories in turn, whole experts dealt in "
       "turn, or every slice in pieces on all memories"},
      {"order", MOESAIC_OPTION_NAME, "paired", 0, 0, "paired hottest_first id",
       "load order of experts: hottest, coldest, second hottest, ...; hottest first; or by number"},
      {"rule1", MOESAIC_OPTION_BOOL, "true", 0, 0, nullptr,
       "what has just arrived is computed and sent on first; without, it waits its turn among stored slices"},
      {"rule2", MOESAIC_OPTION_BOOL, "true", 0, 0, nullptr,
       "when nothing has arrived any stored slice is computed; without, not while a slice is under way to "
       "the die"},
      {"rule3", MOESAIC_OPTION_BOOL, "true", 0, 0, nullptr,
       "eager release: a slot is freed when its slice is computed and sent; without, slots are freed "
       "together, when all slices that the die holds have been computed"},
      {"rule4", MOESAIC_OPTION_BOOL, "true", 0, 0, nullptr,
       "a free slot loads the next slice; without, a die loads when it has nothing left to compute"},
      {"rule5", MOESAIC_OPTION_BOOL, "false", 0, 0, nullptr,
       "a memory gives its next slice to the die of the trajectory with most free slots; without, entry "
       "decides"},
      {"fuse", MOESAIC_OPTION_BOOL, "true", 0, 0, nullptr,
       "slots that one expert frees load the next; without, a die loads an expert when it is through with "
       "all before it"},
      {"scheduling", MOESAIC_OPTION_NAME, "tables", 0, 0, "tables trajectories",
       "all trajectories are told at once and agents go by their rules; or Algorithm 1: the scheduler starts "
       "an expert when one of its dies is idle"},
      {"preload", MOESAIC_OPTION_INT, "4", 0, 4096, nullptr,
       "experts that scheduling=trajectories starts before any of their dies is idle"},
      {"entry", MOESAIC_OPTION_NAME, "nearest_memory", 0, 0, "nearest_memory least_loaded most_tokens",
       "die of the trajectory where slices enter: the nearest to the memory of each slice; for a whole "
       "expert the one where fewest slices enter so far, or the one with most tokens"},
      {"ring", MOESAIC_OPTION_NAME, "snake", 0, 0, "snake spiral shortest",
       "order in which the dies of a trajectory are visited: rows to and fro, from the rim inwards, or a "
       "short tour over just these dies"},
      {"skip_dies", MOESAIC_OPTION_BOOL, "true", 0, 0, nullptr,
       "leave out dies without tokens for the expert; without, slices pass through all dies that have "
       "tokens"},
      {"control", MOESAIC_OPTION_NAME, "interrupts", 0, 0, "interrupts chains",
       "agents decide by interrupt, or post all commands of a wave ahead, to wait for each other by events"},
      {"scheduler", MOESAIC_OPTION_NAME, "firmware", 0, 0, "firmware hardware",
       "what the scheduler's decisions cost: cycles of its core, or of the paper's hardware, by the options "
       "hw_*"},
      {"hw_table_cycles", MOESAIC_OPTION_INT, "1", 0, 1000, nullptr,
       "scheduler=hardware: an entry of the expert table is written or read"},
      {"hw_idle_cycles", MOESAIC_OPTION_INT, "1", 0, 1000, nullptr,
       "scheduler=hardware: an update of the idle vector"},
      {"hw_match_cycles", MOESAIC_OPTION_INT, "4", 0, 1000, nullptr,
       "scheduler=hardware: the dies and the path of an expert"},
      {"hw_sort_cycles", MOESAIC_OPTION_INT, "1", 0, 1000, nullptr,
       "scheduler=hardware: a stage of the bitonic sorter"},
      {"slack", MOESAIC_OPTION_INT, "0", 0, 100, nullptr,
       "token buffering: percent of forward passes of a request that earn it a deferral to the next "
       "iteration; 0: none"},
      {"theta_min", MOESAIC_OPTION_INT, "2", 0, 65535, nullptr,
       "token buffering: a request that needs an expert with fewer tokens than this waits, if it may"},
      {"reserved_slot", MOESAIC_OPTION_BOOL, "true", 0, 0, nullptr,
       "keep slots of each die for arrivals that have gone down in ring order; without, rings can deadlock"},
      {"slots", MOESAIC_OPTION_INT, "0", 0, 255, nullptr,
       "micro-slices that a die holds at once, 2 or more; 0: as many as its SRAM allows"},
      {"micro_slices", MOESAIC_OPTION_INT, "0", 0, 65535, nullptr,
       "micro-slices per expert; 0: derived from F and SRAM, at least 10 where they would not be narrower "
       "than the engine"},
      {"slice_columns", MOESAIC_OPTION_INT, "0", 0, 65535, nullptr,
       "F columns of a micro-slice; 0: by micro_slices"},
  }};
  static std::uint64_t minimum_sram(const moesaic_core_info& info, const Options& options) {
    return Plan::least_sram(info, settings_of(options));
  }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    const Settings settings = settings_of(options);
    check(settings);
    if (hal.info().role == MOESAIC_SCHEDULER) return std::make_unique<Scheduler>(hal, settings);
    if (settings.control == Control::chains) return std::make_unique<ChainAgent>(hal, settings);
    return std::make_unique<RuleAgent>(hal, settings);
  }
};

}  // namespace

MOESAIC_IMAGE(Image)

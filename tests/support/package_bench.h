// SPDX-License-Identifier: Apache-2.0
// A whole package whose agents run scripts instead of an image: real hardware, no workload. A script is a
// function of the HAL that runs in the boot of its die; completions are kept. Memory holds a pattern of its
// address. Build it, give dies scripts, run(), look.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "firmware/sdk/hal.h"
#include "hw/package/package.h"
#include "tests/catch.h"
#include "tlm/sc_tick.h"

namespace moesaic::test {

/// What a memory holds at boot.
inline std::uint8_t pattern(unsigned node, std::uint64_t offset) {
  return static_cast<std::uint8_t>(offset * 7 + offset / 256 + node * 31);
}

class PackageBench : private FirmwareHost, private FaultSink, private WorkObserver, private ContentSource {
 public:
  using Script = std::function<void(firmware::Hal&)>;

  explicit PackageBench(PackageParams p, RunMode mode = RunMode::functional)
      : params(std::move(p)), pool(mode), package("package", params, {}, *this, *this, ctx) {}

  void on(unsigned die, Script script) { scripts_[die] = std::move(script); }
  void run() {
    for (const auto& chiplet : package.chiplets) load(*chiplet);
    sc_core::sc_start();
    CHECK(pool.live() == 0);
  }
  std::vector<std::uint8_t> sram(unsigned die, std::uint64_t offset, std::uint32_t bytes) {
    std::vector<std::uint8_t> data(bytes);
    tlm::tlm_generic_payload peek;
    peek.set_read();
    peek.set_address(Address::make(NodeId(die), AddressUnit::sram, offset));
    peek.set_data_ptr(data.data());
    peek.set_data_length(bytes);
    peek.set_streaming_width(bytes);
    package.chiplets[die]->dma.sram_out.socket->transport_dbg(peek);
    return data;
  }
  const Chiplet& die(unsigned n) const { return *package.chiplets[n]; }
  /// Control cycle at which the command with this tag was done.
  std::uint64_t done_at(unsigned die, std::uint32_t tag) const { return done_.at({die, tag}); }

  PackageParams params;
  EventWheel wheel;
  WheelProcess process{"wheel", wheel};
  PayloadPool pool;
  CausalLog causes;
  HwContext ctx{wheel, process, pool, causes, *this, *this};
  Package package;
  std::vector<Fault> faults;

 private:
  struct Core {
    PackageBench* bench;
    unsigned die;
    std::unique_ptr<firmware::Hal> hal;
  };

  void load(Chiplet& chiplet) {
    moesaic_core_info info{};
    info.struct_size = sizeof info;
    info.node = index_of(chiplet.node);
    info.rows = static_cast<std::uint16_t>(params.rows);
    info.columns = static_cast<std::uint16_t>(params.columns);
    info.nodes = static_cast<std::uint16_t>(params.nodes());
    info.command_queues = params.chiplet.control.command_queues;
    info.queue_depth = params.chiplet.control.queue_depth;
    info.sram_bytes = static_cast<std::uint32_t>(params.chiplet.sram.size_bytes);
    cores_.push_back(std::make_unique<Core>());
    Core& core = *cores_.back();
    core.bench = this;
    core.die = info.node;
    core.hal = std::make_unique<firmware::Hal>(info, chiplet.agent_core.hal());
    moesaic_core firmware{};
    firmware.struct_size = sizeof firmware;
    firmware.self = &core;
    firmware.boot = [](void* self) {
      Core& c = *static_cast<Core*>(self);
      const auto script = c.bench->scripts_.find(c.die);
      if (script != c.bench->scripts_.end()) script->second(*c.hal);
    };
    firmware.completion = [](void* self, const moesaic_completion* entry) {
      Core& c = *static_cast<Core*>(self);
      c.bench->done_[{c.die, entry->tag}] = entry->cycle;
    };
    chiplet.agent_core.load(firmware);
  }

  // FirmwareHost
  void tokens(CoreId, std::vector<moesaic_token>&) override {}
  void defer(CoreId, Tick, std::uint32_t) override {}
  bool gate_results(CoreId, std::uint32_t, std::uint32_t, std::vector<moesaic_choice>&) override {
    return false;
  }
  std::uint64_t memory_bytes(std::uint32_t) override { return params.memory.capacity_bytes; }
  void place(CoreId, const moesaic_tensor&) override {}
  void deviate(CoreId, const moesaic_deviation&) override {}
  void log(CoreId, Tick, std::uint32_t, std::string_view) override {}
  void statistic(CoreId, Tick, std::string_view, std::string_view, double) override {}
  void mark(CoreId, Tick, std::string_view) override {}
  void boot_done(CoreId, Tick, ActivityId) override {}
  void layer_done(CoreId, Tick, ActivityId) override {}
  void fail(CoreId, Tick, std::string_view text) override { FAIL(std::string(text)); }
  // FaultSink, WorkObserver, ContentSource
  void report(Fault fault) override { faults.push_back(std::move(fault)); }
  void retired(const RetiredSlice&) override {}
  void fill(NodeId node, std::uint64_t offset, std::uint8_t* out, std::uint64_t bytes) const override {
    for (std::uint64_t i = 0; i < bytes; ++i) out[i] = pattern(index_of(node), offset + i);
  }

  std::map<unsigned, Script> scripts_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::map<std::pair<unsigned, std::uint32_t>, std::uint64_t> done_;
};

}  // namespace moesaic::test

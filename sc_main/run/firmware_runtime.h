// SPDX-License-Identifier: Apache-2.0
// The world around the control cores of one simulation: makes the image's objects, starts layers when all
// cores are ready, hands out gate results by the rule of local knowledge, lets requests wait for the next
// iteration, and ends the run.
//
// Contract: one object per simulation; outlives the package. Ends the simulation (sc_stop) when every token has
// gone through all layers, at the first fault, or when the image gives up.
#pragma once

#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "hw/context.h"
#include "hw/control/control_core.h"
#include "hw/control/firmware_host.h"
#include "hw/package/package.h"
#include "sc_main/config/experiment.h"
#include "sc_main/run/batch.h"
#include "sc_main/run/conservation.h"
#include "sc_main/run/image_loader.h"
#include "sc_main/run/run_result.h"
#include "sc_main/run/saved_outputs.h"
#include "sc_main/run/token_rows.h"
#include "sc_main/workload/routing.h"
#include "sc_main/workload/tensor_map.h"

namespace moesaic {

/// The decision log: what the image logs up to a level, and its marks from info on. Null: nobody reads it.
struct DecisionLog {
  std::ostream* out = nullptr;
  moesaic_log_level level = MOESAIC_LOG_DEBUG;
};

class FirmwareRuntime : public FirmwareHost, public FaultSink, public WorkObserver {
 public:
  FirmwareRuntime(const Experiment& experiment, const Routing& routing, const Image& image,
                  TensorMap& tensors, Conservation& conservation, SavedOutputs& saved, DecisionLog log);
  ~FirmwareRuntime();
  FirmwareRuntime(const FirmwareRuntime&) = delete;
  FirmwareRuntime& operator=(const FirmwareRuntime&) = delete;

  /// What the core of `id` knows from its datasheet.
  static moesaic_core_info core_info(const Experiment& experiment, const Routing& routing, const Image& image,
                                     CoreId id);
  /// Makes one firmware object per core. Throws UserError when the image refuses. `rows` moves the bytes of
  /// tokens, null in timing mode.
  void load(Package& package, TokenRows* rows);

  bool finished() const { return finished_; }
  Outcome outcome() const { return outcome_; }
  const std::vector<std::string>& messages() const { return messages_; }
  const std::vector<LayerTime>& layers() const { return layers_; }
  const std::vector<IterationTime>& iterations() const { return iterations_; }
  /// "layer 3"; "layer 3 of iteration 2" where several are planned.
  std::string where() const;
  /// What the image published, by die and core.
  std::vector<ImageStatistic> statistics() const;
  /// When and by which activity the last layer ended.
  Happening end() const { return end_; }

  // FirmwareHost
  bool gate_results(CoreId core, std::uint32_t layer, std::uint32_t token,
                    std::vector<moesaic_choice>& out) override;
  void tokens(CoreId core, std::vector<moesaic_token>& out) override;
  void defer(CoreId core, Tick now, std::uint32_t request) override;
  std::uint64_t memory_bytes(std::uint32_t node) override;
  void place(CoreId core, const moesaic_tensor& tensor) override;
  void deviate(CoreId core, const moesaic_deviation& deviation) override;
  void log(CoreId core, Tick now, std::uint32_t level, std::string_view text) override;
  void statistic(CoreId core, Tick now, std::string_view name, std::string_view unit, double value) override;
  void mark(CoreId core, Tick now, std::string_view text) override;
  void boot_done(CoreId core, Tick now, ActivityId by) override;
  void layer_done(CoreId core, Tick now, ActivityId by) override;
  void fail(CoreId core, Tick now, std::string_view text) override;
  // FaultSink, WorkObserver
  void report(Fault fault) override;
  void retired(const RetiredSlice& slice) override;
  void stored(const StoredRows& stored) override;

 private:
  void start_iteration(Tick now, ActivityId by);
  void start_layer(Tick now, ActivityId by);
  void end_layer(CoreId core, Tick now, ActivityId by);
  void end_iteration(Tick now);
  bool is_done(CoreId core) const;
  void stop(Outcome outcome, std::string message);
  std::string refuse_layer_done(CoreId core) const;
  void misuse(CoreId core, Tick now, std::string what);
  void write_line(CoreId core, Tick now, moesaic_log_level level, const char* kind, std::string_view text);

  const Experiment& experiment_;
  const Routing& routing_;
  const Image& image_;
  TensorMap& tensors_;
  Conservation& conservation_;
  SavedOutputs& saved_;
  DecisionLog log_;
  Batch batch_;
  TokenRows* rows_ = nullptr;
  std::vector<std::string> option_values_;
  std::vector<moesaic_core> firmware_;
  Package* package_ = nullptr;
  std::vector<ControlCore*> cores_;
  std::vector<CoreId> done_;     // with the present layer
  std::size_t waiting_for_ = 0;  // cores that have not finished boot or the present layer
  std::vector<LayerTime> layers_;
  std::vector<IterationTime> iterations_;
  Tick iteration_begin_ = 0;
  std::map<std::pair<NodeId, moesaic_role>, std::vector<ImageStatistic>> statistics_;
  Happening end_;
  bool finished_ = false;
  bool stopped_ = false;
  Outcome outcome_ = Outcome::ok;
  std::vector<std::string> messages_;
};

}  // namespace moesaic

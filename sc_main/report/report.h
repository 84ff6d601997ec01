// SPDX-License-Identifier: Apache-2.0
// The report of one run as plain data. results.json, summary and HTML only lay it out.
//
// Contract: made once by make_report from what the run measured; keeps no reference to it. Holds nothing that
// differs between two runs of the same input: no wall-clock time, no path, no host.
#pragma once

#include <string>
#include <vector>

#include "hw/package/params.h"
#include "sc_main/report/bounds.h"
#include "sc_main/report/rows.h"
#include "sc_main/run/run_result.h"
#include "sc_main/workload/model.h"
#include "sc_main/workload/routing.h"

namespace moesaic {

struct Report {
  IdentityRow identity;
  SummaryRow summary;
  WorkRow work;
  std::vector<DeviationRow> deviations;
  std::vector<IterationRow> iterations;
  std::vector<LayerRow> layers;
  std::vector<CauseRow> causes;
  std::vector<PlaceRow> critical_path;
  std::vector<BoundRow> bounds;
  std::vector<EnergyRow> energy;
  std::vector<BudgetRow> budget;
  std::vector<NodeRow> nodes;
  std::vector<LinkRow> links;
  std::vector<PacketRow> packets;  ///< by class
  std::vector<HopRow> hops;
  std::vector<ImageStatisticRow> image_statistics;
};

template <class V>
void describe_metrics(V& v, const Report& r) {
  v.group("identity", r.identity);
  v.group("summary", r.summary);
  v.group("work", r.work);
  v.list("deviations", r.deviations);
  v.list("iterations", r.iterations);
  v.list("layers", r.layers);
  v.list("causes", r.causes);
  v.list("critical_path", r.critical_path);
  v.list("bounds", r.bounds);
  v.list("energy", r.energy);
  v.list("budget", r.budget);
  v.list("nodes", r.nodes);
  v.list("links", r.links);
  v.list("packets", r.packets);
  v.list("hops", r.hops);
  v.list("image_statistics", r.image_statistics);
}

/// What a report is made from.
struct ReportInput {
  std::string experiment;  ///< its name
  const PackageParams& package;
  const ModelParams& model;
  const Routing& routing;
  const RunResult& result;
  bool functional = false;
  std::uint64_t seed = 0;
  WorkloadParams workload = {};
};

Report make_report(const ReportInput& input);

/// What the routing asks of any image, for the bounds. Weights count once, however many iterations there are.
NeededWork needed_work(const ModelParams& model, const Routing& routing);
/// Weight bytes that must be read where iterations follow each other: those of the experts of each iteration,
/// less all SRAM of the package for each one behind the first.
std::uint64_t streamed_weight_bytes(const ModelParams& model, const PackageParams& package,
                                    const RunResult& result);
PeakRates peak_rates(const PackageParams& package);

}  // namespace moesaic

// SPDX-License-Identifier: Apache-2.0
// The package: R x C dies and the fabric that joins them, from a validated struct.
//
// Models: composition only. Does not model: an I/O die, several packages (one package, every die alike).
// Time: none of its own. Debug: dies and links are public, for statistics; report_waits() asks every block.
#pragma once

#include <systemc>

#include <memory>
#include <vector>

#include "hw/chiplet/chiplet.h"
#include "hw/d2d/d2d_checker.h"
#include "hw/d2d/d2d_fabric.h"
#include "tlm/who_waits.h"

namespace moesaic {

class Package : public sc_core::sc_module, public WhoWaits {
 public:
  struct Options {
    bool with_scheduler = false;  ///< the image has a scheduler role
    bool check_protocol = false;  ///< bind data-plane and D2D sockets through protocol checkers
    bool reverse_order = false;   ///< construct dies last to first; results must not change (tests)
  };

  /// REQUIRES: `params` outlives the package. Configuration faults were rejected at load.
  Package(const sc_core::sc_module_name& name, const PackageParams& params, const Options& options,
          FirmwareHost& host, const ContentSource& contents, HwContext& ctx);

  std::vector<std::unique_ptr<Chiplet>> chiplets;  ///< by node
  std::unique_ptr<D2dFabric> fabric;               ///< null in a package of one die
  Chiplet::Checkers checkers;                      ///< of the dies' sockets; empty unless check_protocol
  std::vector<std::unique_ptr<D2dChecker>> d2d_checkers;  ///< by node, between dies and fabric

  const Topology& topology() const { return topology_; }
  /// All control cores: agents by node, then the scheduler if there is one.
  std::vector<ControlCore*> cores();
  void report_waits(std::vector<std::string>& lines) const override;

 private:
  void build_fabric(const PackageParams& params, bool check_protocol, HwContext& ctx);

  Topology topology_;
};

}  // namespace moesaic

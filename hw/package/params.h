// SPDX-License-Identifier: Apache-2.0
// The whole package as one validated struct. Every die is alike; memory attaches where `memory_attach` says.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "hw/control/params.h"
#include "hw/d2d/params.h"
#include "hw/dma/params.h"
#include "hw/memory/params.h"
#include "hw/package/budget_params.h"
#include "hw/package/energy_params.h"
#include "hw/sram/params.h"
#include "hw/tensor_engine/params.h"
#include "tlm/address_map.h"
#include "tlm/field.h"

namespace moesaic {

enum class MemoryAttach : std::uint8_t { every_die, corners };
inline constexpr std::array<const char*, 2> kMemoryAttachNames{"every_die", "corners"};
inline const std::array<const char*, 2>& enum_names(MemoryAttach) {
  return kMemoryAttachNames;
}

struct ChipletParams {
  TensorEngineParams tensor_engine;
  SramParams sram;
  DmaParams dma;
  ControlParams control;
};

template <class V>
void describe_fields(V& v, ChipletParams& p) {
  v.group("tensor_engine", "systolic array and vector unit", p.tensor_engine);
  v.group("sram", "banked on-die SRAM", p.sram);
  v.group("dma", "DMA engine", p.dma);
  v.group("control", "command processor and control core", p.control);
}

struct PackageParams {
  std::string name = "unnamed";
  unsigned rows = 2;
  unsigned columns = 2;
  MemoryAttach memory_attach = MemoryAttach::every_die;
  unsigned scheduler_node = 0;
  ChipletParams chiplet;
  D2dParams d2d;
  MemoryParams memory;
  EnergyParams energy;
  BudgetParams budget;

  unsigned nodes() const { return rows * columns; }
  bool has_memory(NodeId node) const {
    if (memory_attach == MemoryAttach::every_die) return true;
    const unsigned row = index_of(node) / columns;
    const unsigned column = index_of(node) % columns;
    return (row == 0 || row == rows - 1) && (column == 0 || column == columns - 1);
  }
};

template <class V>
void describe_fields(V& v, PackageParams& p) {
  v(Field{"name", "", "name of the package in every output"}, p.name);
  v(Field{"rows", "count", "rows of dies", 1, 8}, p.rows);
  v(Field{"columns", "count", "columns of dies", 1, 8}, p.columns);
  v(Field{"memory_attach", "", "dies that have a memory site"}, p.memory_attach);
  v(Field{"scheduler_node", "",
          "die whose second control core runs a package scheduler, if the image has one", 0, 63},
    p.scheduler_node);
  v.group("chiplet", "one die; all dies are alike", p.chiplet);
  v.group("d2d", "die-to-die links and routers", p.d2d);
  v.group("memory", "one memory site: channels, device, controller", p.memory);
  v.group("energy", "energy per event, with evidence", p.energy);
  v.group("budget", "area and power that the package is meant to take", p.budget);
}

}  // namespace moesaic

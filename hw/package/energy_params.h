// SPDX-License-Identifier: Apache-2.0
// Energy per event of a die and its links; that of the memory belongs to its device
// (hw/memory/energy_params.h).
#pragma once

#include "hw/energy_constant.h"
#include "tlm/field.h"

namespace moesaic {

struct EnergyParams {
  EnergyConstant mac_pj{0.07, "Q+D",
                        "int8 MAC at 7 nm 0.10 pJ (TPUv4i, ISCA'21 Table 2), times 0.7 for 5 nm (IEDM'19)"};
  EnergyConstant vector_op_pj{0.4, "S", "fp16 add at 45 nm (Horowitz, ISSCC'14), kept as an upper estimate"};
  EnergyConstant sram_pj_per_byte{
      0.58, "D", "0.18 pJ/B for an 8 KB macro at 5 nm plus 1 mm of wire at 50 fJ/b/mm (Dally)"};
  EnergyConstant d2d_pj_per_bit{0.6, "V", "UCIe standard package above 16 GT/s, Hot Interconnects 2025"};
  EnergyConstant d2d_idle_share{0.15, "V", "UCIe: idle 15 % of the power at peak, Hot Interconnects 2025"};
  EnergyConstant router_pj_per_bit{0.4, "V", "on-package network 0.4 pJ/b per hop, GEMINI (HPCA'24)"};
  EnergyConstant control_pj_per_cycle{10.0, "assumed", "a small in-order core and its memories at 5 nm"};
  EnergyConstant idle_w_per_die{0.1, "assumed", "clock and leakage of one die"};
};

template <class V>
void describe_fields(V& v, EnergyParams& p) {
  v.group("mac_pj", "one int8 multiply with int32 accumulate, pJ", p.mac_pj);
  v.group("vector_op_pj", "one vector-unit lane operation, pJ", p.vector_op_pj);
  v.group("sram_pj_per_byte", "one byte read or written in SRAM, pJ", p.sram_pj_per_byte);
  v.group("d2d_pj_per_bit", "one bit over one D2D link, flit overhead included, pJ", p.d2d_pj_per_bit);
  v.group("d2d_idle_share", "power of a link direction with nothing on it, as a share of that at peak",
          p.d2d_idle_share);
  v.group("router_pj_per_bit", "one bit through one router, flit header included, pJ", p.router_pj_per_bit);
  v.group("control_pj_per_cycle", "one busy cycle of a control core, pJ", p.control_pj_per_cycle);
  v.group("idle_w_per_die", "power of a die that does nothing, W", p.idle_w_per_die);
}

}  // namespace moesaic

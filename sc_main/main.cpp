// SPDX-License-Identifier: Apache-2.0
// The program. SystemC calls sc_main(); everything else is in sc_main/cli.
#include <systemc>

#include <cstdlib>

#include "sc_main/cli/cli.h"
#include "tlm/sc_tick.h"

int sc_main(int argc, char* argv[]) {
  moesaic::set_tick_resolution();
  return moesaic::run_cli(argc, argv);
}

// In place of the library's own main(): its banner is switched off before it could be printed.
int main(int argc, char* argv[]) {
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "DISABLE", 1);
  return sc_core::sc_elab_and_sim(argc, argv);
}

// SPDX-License-Identifier: Apache-2.0
// libsystemc brings a main() that calls sc_main(); the tests have their own main and need sc_main only to
// link.
#ifndef MOESAIC_CATCH2_V3
#define CATCH_CONFIG_RUNNER
#endif
#include "tests/catch.h"

#include <systemc>

#include "tlm/sc_tick.h"

int sc_main(int, char**) {
  return 0;
}

int main(int argc, char** argv) {
  moesaic::set_tick_resolution();
  return Catch::Session().run(argc, argv);
}

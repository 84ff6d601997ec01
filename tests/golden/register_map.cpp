// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/register_map.h"

#include <fstream>
#include <sstream>

#include "tests/catch.h"

TEST_CASE("docs/register-map.md is what the tables of the SDK say") {
  std::ifstream file(std::string(MOESAIC_SOURCE_DIR) + "/docs/register-map.md");
  std::stringstream text;
  text << file.rdbuf();
  REQUIRE(text.str() == moesaic::register_map_markdown());
}

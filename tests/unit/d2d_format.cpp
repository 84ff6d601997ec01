// SPDX-License-Identifier: Apache-2.0
// Sizes, rates and stages, and what combinations of parameters are refused.
#include "hw/d2d/format.h"

#include "tests/catch.h"

using namespace moesaic;

TEST_CASE("the defaults give the link of the FSE-DP chip and pass their own check") {
  const D2dParams p;
  CHECK(check(p, 2, 2).empty());
  CHECK(link_bytes_per_s(p) == 288'000'000'000);
  const D2dFormat f(p);
  // A flit of 64 + 4 bytes takes 72.25 bytes of 68-byte link flits: 250.868 ps.
  CHECK(f.cycle() == 250'868);
  CHECK(f.wire_bytes(4) == 289);
  CHECK(f.fabric().link == 16);  // 4.014 ns for 4.02
  CHECK(f.fabric().switch_alloc == 4);
  CHECK(f.fabric().route + f.fabric().vc_alloc + f.fabric().switch_alloc + f.fabric().traversal == 12);
}

TEST_CASE("payload is cut into whole flits, and none is one") {
  const D2dFormat f{D2dParams{}};
  CHECK(f.flits(0) == 1);
  CHECK(f.flits(1) == 1);
  CHECK(f.flits(64) == 1);
  CHECK(f.flits(65) == 2);
  CHECK(f.flits(256) == 4);
  CHECK(f.link_time(256) == 4 * f.cycle());
  CHECK(f.link_time(1024 + 65) == (16 + 2) * f.cycle());
  CHECK(f.link_time(0) == f.cycle());
}

TEST_CASE("framing takes the share of its format") {
  D2dParams p;
  const auto efficiency = [&](FlitFormat format) {
    p.flit_format = format;
    return link_payload_bytes_per_s(p) / static_cast<double>(link_bytes_per_s(p));
  };
  p.flit_header_bytes = 0;
  CHECK(efficiency(FlitFormat::raw_64) == Approx(1.0).epsilon(1e-5));
  CHECK(efficiency(FlitFormat::flit_68) == Approx(64.0 / 68).epsilon(1e-5));
  CHECK(efficiency(FlitFormat::flit_256) == Approx(236.0 / 256).epsilon(1e-5));
  p.flit_header_bytes = 4;
  CHECK(efficiency(FlitFormat::flit_68) == Approx(64.0 / 68 * 64 / 68).epsilon(1e-5));
}

TEST_CASE("rings need an even number of virtual channels per class") {
  D2dParams p;
  p.topology.kind = TopologyKind::ring;
  const auto problems = check(p, 2, 2);
  REQUIRE(problems.size() == 3);  // stream has two
  CHECK(problems[0].find("control.vcs: 1 cannot be halved") == 0);
  p.control.vcs = p.request.vcs = p.response.vcs = 2;
  CHECK(check(p, 2, 2).empty());
}

TEST_CASE("more virtual channels than the routers have bits are refused") {
  D2dParams p;
  p.control.vcs = p.request.vcs = p.response.vcs = p.stream.vcs = 8;
  CHECK(check(p, 2, 2).empty());
  p.control.vcs = 9;
  CHECK(check(p, 2, 2).size() == 1);
}

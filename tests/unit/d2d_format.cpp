// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/format.h"

#include "tests/catch.h"

using namespace moesaic;

TEST_CASE("the default link moves 288 GB/s on the wire") {
  CHECK(link_bytes_per_s(D2dParams{}) == 288'000'000'000);
  CHECK(check(D2dParams{}).empty());
}

TEST_CASE("framing costs its share of the wire and whole flits of the buffers") {
  D2dParams p;
  CHECK(D2dFormat(p).wire_bytes(256) == 289);  // (16 + 256) * 68 / 64
  CHECK(D2dFormat(p).flits(256) == 5);
  CHECK(link_payload_bytes_per_s(p) == Approx(288e9 * 256 / 289));
  p.flit_format = FlitFormat::flit_256;
  CHECK(D2dFormat(p).wire_bytes(256) == 296);  // ceil(272 * 256 / 236)
  p.flit_format = FlitFormat::raw_64;
  p.packet_header_bytes = 0;
  CHECK(D2dFormat(p).wire_bytes(256) == 256);
  CHECK(D2dFormat(p).flits(256) == 4);
}

TEST_CASE("the time of a long transfer does not accumulate rounding") {
  const D2dFormat format{D2dParams{}};
  CHECK(format.link_clock().edge(288'000'000'000) == kSecond);
  CHECK(format.link_time(256 * 1'000'000) == format.link_clock().edge(289'000'000));
  CHECK(format.link_time(256 + 1) == format.link_clock().edge(289 + 19));
}

TEST_CASE("classes have disjoint virtual channels and neighbouring destinations different ones") {
  const D2dFormat format{D2dParams{}};
  const Mesh mesh(2, 2);
  CHECK(format.vcs() == 5);
  CHECK(format.vc(PacketClass::control, mesh, NodeId(3)) == 0);
  CHECK(format.vc(PacketClass::request, mesh, NodeId(3)) == 1);
  CHECK(format.vc(PacketClass::response, mesh, NodeId(3)) == 2);
  CHECK(format.vc(PacketClass::stream, mesh, NodeId(0)) == 3);
  CHECK(format.vc(PacketClass::stream, mesh, NodeId(1)) == 4);
  CHECK(format.vc(PacketClass::stream, mesh, NodeId(3)) == 3);
}

TEST_CASE("a virtual channel that cannot hold a packet is a user's mistake with a remedy") {
  D2dParams p;
  p.stream.depth_flits = 4;
  REQUIRE(check(p).size() == 1);
  CHECK(check(p)[0].find("stream.depth_flits: 4 does not hold the largest packet of the class, 5 flits") ==
        0);
}

TEST_CASE("a mesh routes columns first and its links come in pairs") {
  const Mesh mesh(2, 3);  // 0 1 2 / 3 4 5
  CHECK(mesh.route(NodeId(0), NodeId(5)) == Port::east);
  CHECK(mesh.route(NodeId(2), NodeId(5)) == Port::south);
  CHECK(mesh.route(NodeId(5), NodeId(0)) == Port::west);
  CHECK(mesh.route(NodeId(3), NodeId(0)) == Port::north);
  CHECK(mesh.route(NodeId(3), NodeId(3)) == Port::local);
  CHECK(mesh.hops(NodeId(0), NodeId(5)) == 3);
  CHECK(mesh.links().size() == 14);
  CHECK(Mesh(1, 1).links().empty());
  for (const MeshLink& link : mesh.links()) {
    CHECK(mesh.neighbour(link.from, link.out) == link.to);
    CHECK(mesh.neighbour(link.to, link.in) == link.from);
  }
}

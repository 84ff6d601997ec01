// SPDX-License-Identifier: Apache-2.0
// The timeline writer: bytes of a small case, spans that are cut, flows, counters.
#include <algorithm>

#include "sc_main/report/timeline_writer.h"
#include "tests/catch.h"
#include "tests/support/scratch.h"
#include "tests/support/timeline.h"
#include "tlm/diagnostics.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

constexpr Tick kUs = kMicrosecond;

const TimelineSpan& find(const Timeline& timeline, const std::string& name) {
  const auto found = std::find_if(timeline.spans.begin(), timeline.spans.end(),
                                  [&](const TimelineSpan& span) { return span.name == name; });
  REQUIRE(found != timeline.spans.end());
  return *found;
}

}  // namespace

TEST_CASE("a timeline has a process a die, tracks, spans with arguments, and a flow") {
  const Scratch scratch;
  TimelineWriter writer(scratch / "t.json");
  const TrackId engine = writer.track(NodeId(1), "tensor engine");
  const TrackId dma = writer.track(NodeId(1), "DMA \"0\"");
  writer.track(NodeId(1), "never used");
  const SpanId load = writer.begin(dma, 1 * kUs, "load", {{"tag", std::uint64_t{7}}});
  const SpanId inner = writer.begin(engine, 3 * kUs, "gate", {});
  const SpanId ffn = writer.begin(engine, 3 * kUs, "ffn", {{"source", std::string("a\nb")}});
  CauseTimes causes{};
  causes[static_cast<std::size_t>(Cause::dma)] = 1'000'000'001;
  causes[static_cast<std::size_t>(Cause::sram)] = 999'999'999;
  writer.end(load, 3 * kUs, {{"causes", causes}});
  writer.end(inner, 4 * kUs, {});
  writer.end(ffn, 5 * kUs + 999'999, {});  // less than a nanosecond is cut
  writer.shows(load, ActivityId{1});
  writer.shows(ffn, ActivityId{2});
  writer.flow(ActivityId{1}, ActivityId{2});
  writer.flow(ActivityId{1}, ActivityId{9});  // has no span
  writer.mark(engine, 4 * kUs, "halfway");
  writer.write(10 * kUs);
  CHECK(file_text(scratch / "t.json") ==
        R"({"displayTimeUnit":"ns","otherData":{"producer":"moesaic"},"traceEvents":[
{"ph":"M","pid":2,"name":"process_name","args":{"name":"die 1"}},
{"ph":"M","pid":2,"name":"process_sort_index","args":{"sort_index":2}},
{"ph":"M","pid":2,"tid":1,"name":"thread_name","args":{"name":"tensor engine"}},
{"ph":"M","pid":2,"tid":1,"name":"thread_sort_index","args":{"sort_index":1}},
{"ph":"M","pid":2,"tid":2,"name":"thread_name","args":{"name":"DMA \"0\""}},
{"ph":"M","pid":2,"tid":2,"name":"thread_sort_index","args":{"sort_index":2}},
{"ph":"X","pid":2,"tid":1,"ts":3.000,"dur":2.000,"name":"ffn","args":{"source":"a\nb"}},
{"ph":"X","pid":2,"tid":1,"ts":3.000,"dur":1.000,"name":"gate","args":{}},
{"ph":"X","pid":2,"tid":2,"ts":1.000,"dur":2.000,"name":"load","args":{"tag":7,"causes":{"dma_fs":1000000001,"sram_fs":999999999}}},
{"ph":"i","s":"t","pid":2,"tid":1,"ts":4.000,"name":"halfway"},
{"ph":"s","id":1,"cat":"flow","name":"causes","pid":2,"tid":2,"ts":2.999},
{"ph":"f","bp":"e","id":1,"cat":"flow","name":"causes","pid":2,"tid":1,"ts":3.000}
]}
)");
  CHECK(parse_timeline(file_text(scratch / "t.json")).errors.empty());
}

TEST_CASE("a span that is under way at the end of the run lasts until then and says so") {
  const Scratch scratch;
  TimelineWriter writer(scratch / "t.json");
  const TrackId track = writer.track(NodeId(0), "core");
  writer.begin(track, 1 * kUs, "waits", {});
  const SpanId link = writer.begin(track, 2 * kUs, "announced", {});
  writer.end(link, 30 * kUs, {});
  writer.write(4 * kUs);
  const Timeline timeline = parse_timeline(file_text(scratch / "t.json"));
  CHECK(timeline.errors.empty());
  CHECK(find(timeline, "waits").end == 4000);
  CHECK(find(timeline, "waits").args.at("unfinished") == "1");
  CHECK(find(timeline, "announced").end == 4000);
  CHECK(find(timeline, "announced").args.empty());
}

TEST_CASE("a span may be prolonged, and says what it said last") {
  const Scratch scratch;
  TimelineWriter writer(scratch / "t.json");
  const SpanId span = writer.begin(writer.track(NodeId(0), "link"), 0, "stream", {{"tag", std::uint64_t{1}}});
  writer.end(span, 1 * kUs, {{"packets", std::uint64_t{1}}});
  writer.end(span, 2 * kUs, {{"packets", std::uint64_t{2}}});
  writer.write(4 * kUs);
  const Timeline timeline = parse_timeline(file_text(scratch / "t.json"));
  CHECK(find(timeline, "stream").end == 2000);
  CHECK(find(timeline, "stream").args.at("packets") == "2");
  CHECK(find(timeline, "stream").args.at("tag") == "1");
}

TEST_CASE("flows never point back in time, also between spans that overlap") {
  const Scratch scratch;
  TimelineWriter writer(scratch / "t.json");
  const TrackId a = writer.track(NodeId(0), "a");
  const TrackId b = writer.track(NodeId(1), "b");
  const auto span = [&](TrackId track, Tick begin, Tick end, unsigned activity) {
    const SpanId id = writer.begin(track, begin, std::to_string(activity), {});
    writer.end(id, end, {});
    writer.shows(id, ActivityId{activity});
  };
  span(a, 1 * kUs, 5 * kUs, 1);  // a handler that goes on
  span(b, 2 * kUs, 3 * kUs, 2);  // what it has started
  span(a, 6 * kUs, 8 * kUs, 3);
  span(b, 4 * kUs, 9 * kUs, 4);  // a fence that had waited for it
  span(a, 9 * kUs, 9 * kUs, 5);  // without length
  span(b, 9 * kUs, 9 * kUs, 6);
  writer.flow(ActivityId{1}, ActivityId{2});
  writer.flow(ActivityId{3}, ActivityId{4});
  writer.flow(ActivityId{5}, ActivityId{6});
  writer.write(10 * kUs);
  const Timeline timeline = parse_timeline(file_text(scratch / "t.json"));
  CHECK(timeline.errors.empty());
  REQUIRE(timeline.flows.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(timeline.spans[timeline.flows[i].from].name == std::to_string(2 * i + 1));
    CHECK(timeline.spans[timeline.flows[i].to].name == std::to_string(2 * i + 2));
  }
}

TEST_CASE("counters are sorted, summed where they are steps, and shown where they differ") {
  const Scratch scratch;
  TimelineWriter writer(scratch / "t.json");
  const std::size_t depth =
      writer.counter(NodeId(0), "queue.depth", TraceSignal::bits("depth", 8, "count", "d"));
  const std::size_t rate =
      writer.counter(NodeId(0), "memory.rate", TraceSignal::thousandths("rate", "GB/s", "r"));
  writer.counter(NodeId(0), "never", TraceSignal::bits("never", 8, "count", "n").seldom());
  writer.count(depth, {3 * kUs, 5, 0, false});
  writer.count(depth, {2 * kUs, 9, 0, false});
  writer.count(depth, {3 * kUs + 10, 4, 0, false});  // the same nanosecond
  writer.count(depth, {5 * kUs, 4, 0, false});       // the same value
  writer.count(depth, {20 * kUs, 1, 0, false});      // after the end
  writer.count(rate, {4 * kUs, 1500, 0, true});
  writer.count(rate, {6 * kUs, ~std::uint64_t{499}, 0, true});
  writer.write(10 * kUs);
  const Timeline timeline = parse_timeline(file_text(scratch / "t.json"));
  using Values = std::vector<std::pair<std::int64_t, double>>;
  CHECK(timeline.counters.size() == 2);
  CHECK(timeline.counters.at("die 0/queue.depth") == Values{{0, 0}, {2000, 9}, {3000, 4}});
  CHECK(timeline.counters.at("die 0/memory.rate") == Values{{0, 0}, {4000, 1.5}, {6000, 1.0}});
}

TEST_CASE("the reader of timelines finds spans that overlap, and flows without partner or span") {
  const auto errors = [](const std::string& events) {
    const std::string names = R"({"ph":"M","pid":1,"name":"process_name","args":{"name":"die 0"}},)"
                              R"({"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"a"}})";
    return parse_timeline("{\"traceEvents\":[" + names + events + "]}").errors.size();
  };
  const std::string span = R"(,{"ph":"X","pid":1,"tid":1,"ts":1,"dur":2,"name":"a","args":{}})";
  const std::string overlap = R"(,{"ph":"X","pid":1,"tid":1,"ts":2,"dur":2,"name":"b","args":{}})";
  const std::string start = R"(,{"ph":"s","id":1,"pid":1,"tid":1,"ts":2,"name":"f"})";
  const std::string end = R"(,{"ph":"f","bp":"e","id":1,"pid":1,"tid":1,"ts":3,"name":"f"})";
  const std::string outside = R"(,{"ph":"f","bp":"e","id":1,"pid":1,"tid":1,"ts":9,"name":"f"})";
  CHECK(errors(span) == 0);
  CHECK(errors(span + start + end) == 0);
  CHECK(errors(span + overlap) > 0);
  CHECK(errors(span + start) > 0);
  CHECK(errors(span + start + outside) > 0);
  CHECK(errors(R"(,{"ph":"X","pid":1,"tid":2,"ts":1,"dur":2,"name":"a","args":{}})") > 0);
  CHECK(errors(R"(,{"ph":"X","pid":1,"tid":1,"dur":2,"name":"a","args":{}})") > 0);
  CHECK(parse_timeline("[").errors.size() == 1);
}

TEST_CASE("a timeline that cannot be written is refused before anything is recorded") {
  const Scratch scratch;
  CHECK_THROWS_AS(TimelineWriter(scratch.path()), UserError);
}

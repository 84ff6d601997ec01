// SPDX-License-Identifier: Apache-2.0
#include "tests/support/child.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "tests/catch.h"
#include "tlm/diagnostics.h"

namespace moesaic::test {

namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash ^= value + 0x9E3779B97F4A7C15ull + (hash << 6) + (hash >> 2);
  return hash * 0xFF51AFD7ED558CCDull;
}

std::uint64_t hash_of(const RunResult& r) {
  std::uint64_t hash = mix(r.activities, r.critical_path.size());
  for (const NodeResult& n : r.nodes) {
    hash = mix(mix(mix(hash, n.dma.loaded_bytes), n.dma.chunks), n.dma.channel_busy);
    hash = mix(mix(hash, n.agent.busy), n.agent.bus_accesses);
    hash = mix(mix(hash, n.command_processor.signals), n.command_processor.descriptors);
    for (const std::uint64_t packets : n.network.packets_by_hops) hash = mix(hash, packets);
  }
  for (const LinkResult& l : r.links) hash = mix(mix(hash, l.stats.payload_bytes), l.stats.busy);
  for (const Tick t : r.causes) hash = mix(hash, t);
  return hash;
}

std::string describe(const Experiment& experiment, const SimulateOptions& options) {
  std::ostringstream out;
  try {
    const Routing routing = make_routing(experiment.model, experiment.workload, experiment.run.seed);
    const RunResult r = simulate(experiment, routing, options);
    std::uint64_t causes = 0;
    for (const Tick t : r.causes) causes += t;
    std::uint64_t busy = 0;
    for (const NodeResult& n : r.nodes) busy += n.agent.busy + n.scheduler.busy;
    out << 0 << ' ' << static_cast<int>(r.outcome) << ' ' << r.makespan << ' ' << r.work.pairs << ' '
        << r.work.slices << ' ' << r.work.violation_count << ' ' << (r.functional ? r.functional->values : 0)
        << ' ' << (r.functional ? r.functional->mismatches : 0) << ' ' << causes << ' ' << hash_of(r) << ' '
        << busy << '\n';
    for (const std::string& m : r.messages) out << m << '\n';
    for (const std::string& v : r.work.violations) out << v << '\n';
    if (r.functional) out << r.functional->first_mismatch << '\n';
  } catch (const UserError& error) {
    out << 1 << " 0 0 0 0 0 0 0 0 0 0\n" << error.what() << '\n';
  }
  return out.str();
}

Summary parse(const std::string& text) {
  std::istringstream in(text);
  Summary s;
  int outcome = 0;
  int refused = 0;
  in >> refused >> outcome >> s.makespan >> s.pairs >> s.slices >> s.violations >> s.values >> s.mismatches >>
      s.causes_total >> s.statistics >> s.control_busy;
  s.refused = refused != 0;
  s.outcome = static_cast<Outcome>(outcome);
  in.ignore();
  std::getline(in, s.text, '\0');
  return s;
}

// What `work` returns in a child process. A crash of the child is a failure of the calling test.
std::string text_from_child(const std::function<std::string()>& work) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    const std::string text = work();
    for (std::size_t sent = 0; sent < text.size();) {
      const ssize_t n = write(ends[1], text.data() + sent, text.size() - sent);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    std::_Exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  INFO("the child's exit status is " << status);
  REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  return text;
}

}  // namespace

Summary run_in_child(const Experiment& experiment, const SimulateOptions& options) {
  return parse(text_from_child([&] { return describe(experiment, options); }));
}

std::vector<std::uint64_t> numbers_from_child(const std::function<std::vector<std::uint64_t>()>& work) {
  std::istringstream in(text_from_child([&] {
    std::string text;
    for (const std::uint64_t number : work()) text += std::to_string(number) + '\n';
    return text;
  }));
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = 0; in >> number;) numbers.push_back(number);
  return numbers;
}

std::string test_image(const std::string& name) {
  return std::string(MOESAIC_TEST_IMAGE_DIR) + "/" + name + ".so";
}
std::string product_image(const std::string& name) {
  return std::string(MOESAIC_IMAGE_DIR) + "/" + name + ".so";
}

}  // namespace moesaic::test

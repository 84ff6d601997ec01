// SPDX-License-Identifier: Apache-2.0
// An experiment may name several images: `run` and `compare` put them side by side, unless the command line
// chooses.
#include <filesystem>

#include "tests/catch.h"
#include "tests/support/scratch.h"

namespace fs = std::filesystem;

using moesaic::test::Answer;
using moesaic::test::file_text;
using moesaic::test::has;
using moesaic::test::Scratch;

namespace {
const std::string kBoth = "tiny --set firmware.compare_with=fse_dp:slots=3 ";
}

TEST_CASE("run and compare put the image of an experiment beside those that it compares with") {
  const Scratch scratch;
  const Answer run = scratch.run("run " + kBoth + "--out a");
  INFO(run.out << run.err);
  REQUIRE(run.code == 0);
  CHECK(has(run.out, "fse_dp:slots=3"));
  CHECK(has(run.out, "1.000"));
  CHECK(scratch.run("compare " + kBoth + "--out a").out == run.out);
  CHECK(fs::exists(scratch / "a" / "ep" / "results.json"));
  CHECK(fs::exists(scratch / "a" / "fse_dp-slots-3" / "results.json"));
}

TEST_CASE("what a comparison wrote of one image runs again without the others") {
  const Scratch scratch;
  REQUIRE(scratch.run("run " + kBoth + "--out a").code == 0);
  REQUIRE(scratch.run("run a/fse_dp-slots-3/experiment.yaml --out b").code == 0);
  CHECK(file_text(scratch / "b" / "results.json") ==
        file_text(scratch / "a" / "fse_dp-slots-3" / "results.json"));
}

TEST_CASE("images and options of the command line choose instead of the experiment's comparison") {
  const Scratch scratch;
  REQUIRE(scratch.run("run " + kBoth + "--firmware fse_dp --out a").code == 0);
  CHECK(fs::exists(scratch / "a" / "results.json"));
  const Answer options = scratch.run("run " + kBoth + "-o prefetch=3 --out b");
  INFO(options.err);
  CHECK(options.code == 0);
  CHECK(fs::exists(scratch / "b" / "results.json"));
}

TEST_CASE("a mistake in what an experiment compares with is found before anything runs") {
  const Scratch scratch;
  const Answer image = scratch.run("run tiny --set firmware.compare_with=fse_db --out a");
  CHECK(image.code == 2);
  CHECK(has(image.err, "did you mean \"fse_dp\""));
  const Answer option = scratch.run("run tiny --set firmware.compare_with=fse_dp:slot=3 --out a");
  CHECK(option.code == 2);
  CHECK(has(option.err, "has no such option"));
  const Answer none = scratch.run("compare tiny");
  CHECK(none.code == 2);
  CHECK(has(none.err, "firmware.compare_with"));
  CHECK_FALSE(fs::exists(scratch / "a"));
}

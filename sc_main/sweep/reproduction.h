// SPDX-License-Identifier: Apache-2.0
// The evaluation of a paper as data: what it claims, and the sweeps that check it. A file of
// platforms/reproductions has parts; a part is a sweep whose last axis gives the columns of its tables, and
// all others the rows. `quick` of an axis names the values that a quick run keeps.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sc_main/sweep/figures.h"
#include "sc_main/sweep/sweep_file.h"

namespace moesaic {

/// An axis, and those of its values that a quick run keeps.
struct PartAxisParams : AxisParams {
  std::vector<std::string> quick;
};

template <class V>
void describe_fields(V& v, PartAxisParams& p) {
  describe_fields(v, static_cast<AxisParams&>(p));
  v(Field{"quick", "", "names or values that a quick run keeps; empty: all"}, p.quick);
}

struct PartParams {
  std::string name, title, text;
  std::string assumptions = "fair";
  std::map<std::string, std::string> set;
  std::vector<PartAxisParams> axes;
  std::string reference;
  std::uint32_t seeds = 1;
  bool quick = true;
  bool lines = false;
  bool per_token = false;
};

template <class V>
void describe_fields(V& v, PartParams& p) {
  v(Field{"name", "", "of its CSV file, and for claims", 1}, p.name);
  v(Field{"title", "", "heading of its tables and charts", 1}, p.title);
  v(Field{"text", "", "what it shows, in a sentence or two"}, p.text);
  v(Field{"assumptions", "", "under which it runs, for the reader", 1}, p.assumptions);
  v(Field{"set", "", "fields of the experiment and their values, in all runs"}, p.set);
  v(Field{"axes", "", "what is varied; the last one gives the columns"}, p.axes);
  v(Field{"reference", "", "the column that others are compared with; empty: the first"}, p.reference);
  v(Field{"seeds", "count", "runs of each cell, unless quick", 1, 1000}, p.seeds);
  v(Field{"quick", "", "whether a quick run has it"}, p.quick);
  v(Field{"per_token", "",
          "times are those of a token, not of an iteration: for systems whose iterations have different "
          "tokens"},
    p.per_token);
  v(Field{"lines", "", "charts join the points: the rows are steps of one quantity"}, p.lines);
}

/// A claim that is a ratio of two columns: `of` divided by `over`, cell by cell.
struct ClaimParams {
  std::string claim, paper, source;
  std::string measure = "speed";
  std::string of, over;
  std::string fair, authors;
};

template <class V>
void describe_fields(V& v, ClaimParams& p) {
  v(Field{"claim", "", "what the paper says, in words", 1}, p.claim);
  v(Field{"paper", "", "its number", 1}, p.paper);
  v(Field{"source", "", "where it stands", 1}, p.source);
  v(Field{"measure", "",
          "speed: time of `over` divided by that of `of`; memory: SRAM in slots of `of` divided by that "
          "of `over`",
          1},
    p.measure);
  v(Field{"of", "", "column", 1}, p.of);
  v(Field{"over", "", "column", 1}, p.over);
  v(Field{"fair", "", "part that checks it under equal assumptions"}, p.fair);
  v(Field{"authors", "", "part that checks it under the assumptions of the paper's authors"}, p.authors);
}

struct ReproductionParams {
  std::string name, title, source, text;
  std::string experiment;
  std::vector<ClaimParams> claims;
  std::vector<PartParams> parts;
};

template <class V>
void describe_fields(V& v, ReproductionParams& p) {
  v(Field{"name", "", "of the folder of its results", 1}, p.name);
  v(Field{"title", "", "heading of the page", 1}, p.title);
  v(Field{"source", "", "the paper", 1}, p.source);
  v(Field{"text", "", "what is compared, in a few sentences"}, p.text);
  v(Field{"experiment", "", "experiment that all parts start from", 1}, p.experiment);
  v(Field{"claims", "", "what the paper says"}, p.claims);
  v(Field{"parts", "", "what is run"}, p.parts);
}

template <>
struct FileKind<ReproductionParams> {
  static constexpr const char* folder = "reproductions";
  static constexpr const char* data_field = nullptr;
  static constexpr const char* data_suffixes = "";
};

/// `file`: a name from platforms/reproductions, or a path. Throws a UserError that lists all mistakes.
ReproductionParams load_reproduction(const std::string& file, const Library& library);

/// One part with its points, and later its results.
struct PartResult {
  PartParams part;
  std::vector<std::string> row_axes;  ///< names
  std::string column_axis;
  std::vector<std::vector<std::string>> rows;  ///< values of the row axes
  std::vector<std::string> columns;
  std::vector<std::vector<Experiment>> cells;  ///< [row * columns + column][seed]
  std::vector<SeedFigures> figures;            ///< as cells; empty until run

  const SeedFigures& at(std::size_t row, std::size_t column) const {
    return figures[row * columns.size() + column];
  }
  /// What tables and charts show: time of an iteration, or of a token.
  const Spread& time(std::size_t row, std::size_t column) const {
    return part.per_token ? at(row, column).token_s : at(row, column).iteration_s;
  }
  /// Number of a column; columns.size() when there is none of that name.
  std::size_t column(const std::string& name) const;
  std::size_t reference() const;
};

std::vector<PartResult> expand_reproduction(const ReproductionParams& reproduction, bool quick,
                                            const Library& library);

/// Least, mean (geometric) and greatest of a claim's ratio over the cells of a part that ended well.
struct Range {
  double least = 0.0, mean = 0.0, greatest = 0.0;
  std::size_t cells = 0;
};
Range range_of(const ClaimParams& claim, const PartResult& part);

}  // namespace moesaic

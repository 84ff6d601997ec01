// SPDX-License-Identifier: Apache-2.0
#include "sc_main/sweep/reproduction.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sc_main/config/yaml_reader.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

/// Names that must exist: parts and columns of claims, references, quick values.
class Checker {
 public:
  Checker(const ReproductionParams& r, const Places& places, Problems& problems)
      : r_(r), places_(places), problems_(problems) {}

  void check() {
    for (std::size_t i = 0; i < r_.parts.size(); ++i) check_part(r_.parts[i], fmt::format("parts.{}", i));
    for (std::size_t i = 0; i < r_.claims.size(); ++i) check_claim(r_.claims[i], fmt::format("claims.{}", i));
  }

 private:
  void require(bool good, const std::string& path, const std::string& what, const std::string& remedy) {
    if (!good) problems_.add(place_of(places_, path), what, remedy);
  }
  static std::vector<std::string> names(const PartAxisParams& axis) {
    std::vector<std::string> all = axis.values;
    for (const VariantParams& variant : axis.variants) all.push_back(variant.name);
    return all;
  }
  void require_one_of(const std::string& word, const std::vector<std::string>& known,
                      const std::string& path) {
    require(std::find(known.begin(), known.end(), word) != known.end(), path, word + " is not allowed",
            "expected one of " + join_alternatives(known));
  }
  void check_part(const PartParams& part, const std::string& path) {
    require(!part.axes.empty(), path, "there are no axes", "expected at least one: it gives the columns");
    for (std::size_t a = 0; a < part.axes.size(); ++a) {
      const std::string axis = fmt::format("{}.axes.{}", path, a);
      check_axis(part.axes[a], place_of(places_, axis), problems_);
      for (const std::string& value : part.axes[a].quick)
        require_one_of(value, names(part.axes[a]), axis + ".quick");
    }
    if (!part.axes.empty() && !part.reference.empty())
      require_one_of(part.reference, names(part.axes.back()), path + ".reference");
  }
  void check_claim(const ClaimParams& claim, const std::string& path) {
    require_one_of(claim.measure, {"speed", "memory"}, path + ".measure");
    std::vector<std::string> parts;
    for (const PartParams& part : r_.parts) parts.push_back(part.name);
    for (const auto& [field, name] : {std::pair{".fair", claim.fair}, std::pair{".authors", claim.authors}}) {
      if (name.empty()) continue;
      require_one_of(name, parts, path + field);
      for (const PartParams& part : r_.parts) {
        if (part.name != name || part.axes.empty()) continue;
        require_one_of(claim.of, names(part.axes.back()), path + ".of");
        require_one_of(claim.over, names(part.axes.back()), path + ".over");
      }
    }
  }

  const ReproductionParams& r_;
  const Places& places_;
  Problems& problems_;
};

AxisParams kept(const PartAxisParams& axis, bool quick) {
  AxisParams kept = axis;
  if (!quick || axis.quick.empty()) return kept;
  const auto left_out = [&](const std::string& name) {
    return std::find(axis.quick.begin(), axis.quick.end(), name) == axis.quick.end();
  };
  kept.values.erase(std::remove_if(kept.values.begin(), kept.values.end(), left_out), kept.values.end());
  kept.variants.erase(std::remove_if(kept.variants.begin(), kept.variants.end(),
                                     [&](const VariantParams& v) { return left_out(v.name); }),
                      kept.variants.end());
  return kept;
}

PartResult expand_part(const ReproductionParams& r, const PartParams& part, bool quick,
                       const Library& library) {
  SweepParams sweep;
  sweep.name = fmt::format("{}, part {}", r.name, part.name);
  sweep.experiment = r.experiment;
  sweep.set = part.set;
  sweep.seeds = quick ? 1 : part.seeds;
  for (const PartAxisParams& axis : part.axes) sweep.axes.push_back(kept(axis, quick));
  PartResult result;
  result.part = part;
  for (const AxisParams& axis : sweep.axes) result.row_axes.push_back(axis.title());
  result.column_axis = result.row_axes.back();
  result.row_axes.pop_back();
  for (SweepPoint& point : expand_sweep(sweep, library)) {
    const std::string column = point.values.back();
    point.values.pop_back();
    if (result.rows.empty() || result.rows.back() != point.values) result.rows.push_back(point.values);
    if (result.rows.size() == 1) result.columns.push_back(column);
    result.cells.push_back(std::move(point.by_seed));
  }
  return result;
}

}  // namespace

ReproductionParams load_reproduction(const std::string& file, const Library& library) {
  ReproductionParams reproduction;
  FieldNode tree = FieldTree::make(Field{"", "", ""}, reproduction);
  Problems problems;
  Places places;
  YamlReader reader(library, problems, places);
  reader.read_file(library.resolve(file, tree.folder, std::filesystem::current_path()), tree, "", {});
  reader.report_missing(tree, "");
  if (problems.empty()) Checker(reproduction, places, problems).check();
  problems.raise_if_any();
  return reproduction;
}

std::size_t PartResult::column(const std::string& name) const {
  return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), name) - columns.begin());
}

std::size_t PartResult::reference() const {
  const std::size_t found = column(part.reference);
  return found == columns.size() ? 0 : found;
}

std::vector<PartResult> expand_reproduction(const ReproductionParams& reproduction, bool quick,
                                            const Library& library) {
  std::vector<PartResult> parts;
  for (const PartParams& part : reproduction.parts)
    if (part.quick || !quick) parts.push_back(expand_part(reproduction, part, quick, library));
  return parts;
}

Range range_of(const ClaimParams& claim, const PartResult& part) {
  Range range;
  const std::size_t of = part.column(claim.of), over = part.column(claim.over);
  if (of == part.columns.size() || over == part.columns.size()) return range;
  double logarithms = 0.0;
  for (std::size_t row = 0; row < part.rows.size(); ++row) {
    const SeedFigures& a = part.at(row, of);
    const SeedFigures& b = part.at(row, over);
    if (a.status != "ok" || b.status != "ok") continue;
    const double ratio = claim.measure == "speed" ? part.time(row, over).mean / part.time(row, of).mean
                                                  : a.slot_bytes.mean / b.slot_bytes.mean;
    range.least = range.cells == 0 ? ratio : std::min(range.least, ratio);
    range.greatest = std::max(range.greatest, ratio);
    logarithms += std::log(ratio);
    ++range.cells;
  }
  if (range.cells > 0) range.mean = std::exp(logarithms / static_cast<double>(range.cells));
  return range;
}

}  // namespace moesaic

// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/json.h"

#include <nlohmann/json.hpp>

namespace moesaic {

namespace {

using Json = nlohmann::ordered_json;

class JsonVisitor {
 public:
  template <class T>
  void operator()(const Field& field, const T& value) {
    object[field.name] = value;
  }
  template <class S>
  void group(const char* name, const S& value) {
    object[name] = of(value);
  }
  template <class S>
  void list(const char* name, const std::vector<S>& values) {
    Json array = Json::array();
    for (const S& value : values) array.push_back(of(value));
    object[name] = std::move(array);
  }

  template <class S>
  static Json of(const S& value) {
    JsonVisitor visitor;
    describe_metrics(visitor, value);
    return std::move(visitor.object);
  }

  Json object = Json::object();
};

}  // namespace

std::string json_unit(const std::string& declared_unit) {
  return declared_unit == "ticks" ? "fs" : declared_unit;
}

std::string results_json(const Report& report, const FlatConfiguration& configuration) {
  Json json = Json::object();
  json["schema"] = "moesaic-results";
  json["schema_version"] = kSchemaVersion;
  json.update(JsonVisitor::of(report));
  Json fields = Json::object();
  for (const auto& [path, value] : configuration) fields[path] = value;
  json["configuration"] = std::move(fields);
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace moesaic

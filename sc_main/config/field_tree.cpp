// SPDX-License-Identifier: Apache-2.0
#include "sc_main/config/field_tree.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "sc_main/config/problems.h"

namespace moesaic {

namespace {

bool plain_scalar(const std::string& text) {
  static constexpr std::array<const char*, 11> kWords{"null",  "Null",  "NULL",  "true", "True", "TRUE",
                                                      "false", "False", "FALSE", "yes",  "no"};
  for (const char* word : kWords)
    if (text == word) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !(letter(text.front()) || text.front() == '/')) return false;
  for (const char c : text)
    if (!letter(c) && !(c >= '0' && c <= '9') && std::string("_./+-").find(c) == std::string::npos)
      return false;
  return true;
}

std::string quoted(const std::string& text) {
  if (plain_scalar(text)) return text;
  std::string out = "\"";
  for (const char c : text) {
    const unsigned byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

bool bounded_above(const FieldNode& node) {
  return std::isfinite(node.field.max);
}

std::string bound_text(const FieldNode& node, double bound) {
  if (node.kind == FieldNode::Kind::real) return format_quantity(bound, node.field.unit);
  return format_quantity(static_cast<WideInteger>(bound), node.field.unit);
}

std::string range_text(const FieldNode& node) {
  const std::string unit = node.field.unit;
  const bool bare = unit.empty() || unit == "count";
  std::string text;
  if (bounded_above(node) && node.field.min == node.field.max)
    text = bound_text(node, node.field.min);
  else if (bounded_above(node))
    text = "from " + bound_text(node, node.field.min) + " to " + bound_text(node, node.field.max);
  else
    text = "of at least " + bound_text(node, node.field.min);
  if (!bare)
    text += " (unit " + unit + (unit_suffixes(unit).empty() ? "" : "; suffixes " + unit_suffixes(unit)) + ")";
  return text;
}

bool power_of_two(WideInteger value) {
  return value > 0 && (value & (value - 1)) == 0;
}

}  // namespace

std::string expectation(const FieldNode& node) {
  switch (node.kind) {
    case FieldNode::Kind::group:
      if (node.folder != nullptr)
        return fmt::format("the name of a file in platforms/{}, a path, or a map with its fields",
                           node.folder);
      return "a map";
    case FieldNode::Kind::toggle:
      return "true or false";
    case FieldNode::Kind::integer:
      return (node.field.power_of_two ? "a power of two " : "an integer ") + range_text(node);
    case FieldNode::Kind::real:
      return "a number " + range_text(node);
    case FieldNode::Kind::text:
      return node.field.min > 0 ? "a text that is not empty" : "a text";
    case FieldNode::Kind::list:
      return "a list";
    case FieldNode::Kind::map:
      return "a map of names and values";
    case FieldNode::Kind::choice:
      break;
  }
  std::vector<std::string> names;
  for (const auto& choice : node.choices) names.push_back(choice.first);
  return join_alternatives(names);
}

std::string value_text(const FieldNode& node) {
  switch (node.kind) {
    case FieldNode::Kind::toggle:
      return node.get(node.data) != 0 ? "true" : "false";
    case FieldNode::Kind::integer:
      return format_quantity(node.get(node.data), node.field.unit);
    case FieldNode::Kind::real:
      return format_quantity(*static_cast<const double*>(node.data), node.field.unit);
    case FieldNode::Kind::text:
      return quoted(*static_cast<const std::string*>(node.data));
    case FieldNode::Kind::choice:
      for (const auto& choice : node.choices)
        if (choice.second == node.get(node.data)) return choice.first;
      return "?";
    default:
      return "";
  }
}

bool value_allowed(const FieldNode& node) {
  const Field& field = node.field;
  switch (node.kind) {
    case FieldNode::Kind::integer: {
      const WideInteger value = node.get(node.data);
      if (field.power_of_two && !power_of_two(value)) return false;
      // Bounds are small powers and counts: exact as doubles.
      return value >= static_cast<WideInteger>(field.min) &&
             (!bounded_above(node) || value <= static_cast<WideInteger>(field.max));
    }
    case FieldNode::Kind::real: {
      const double value = *static_cast<const double*>(node.data);
      return value >= field.min && value <= field.max;
    }
    case FieldNode::Kind::text:
      return static_cast<double>(static_cast<const std::string*>(node.data)->size()) >= field.min;
    default:
      return true;
  }
}

}  // namespace moesaic

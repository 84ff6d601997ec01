// SPDX-License-Identifier: Apache-2.0
#include "sc_main/config/printer.h"

#include <fmt/format.h>

namespace moesaic {

namespace {

constexpr std::size_t kCommentColumn = 40;

class Printer {
 public:
  std::string text;

  void print_group(const FieldNode& node, int depth) {
    for (const FieldNode& child : node.children) print(child, child.field.name, depth);
  }

 private:
  void print(const FieldNode& node, const std::string& name, int depth) {
    const std::string label = std::string(static_cast<std::size_t>(2 * depth), ' ') + name + ":";
    switch (node.kind) {
      case FieldNode::Kind::group:
        line(label, node);
        return print_group(node, depth + 1);
      case FieldNode::Kind::list:
        return print_list(node, label, depth);
      case FieldNode::Kind::map:
        return print_map(node, label, depth);
      default:
        return line(label + " " + value_text(node), node);
    }
  }

  void print_list(const FieldNode& node, const std::string& label, int depth) {
    const std::size_t size = node.size(node.data);
    std::string flow;
    bool leaves = true;
    for (std::size_t i = 0; i < size; ++i) {
      const FieldNode element = node.element(node.data, i);
      leaves = element.kind != FieldNode::Kind::group;
      if (leaves) flow += (i == 0 ? "" : ", ") + value_text(element);
    }
    if (leaves) return line(label + " [" + flow + "]", node);
    line(label, node);
    for (std::size_t i = 0; i < size; ++i) {
      text += std::string(static_cast<std::size_t>(2 * depth + 2), ' ') + "-\n";
      print_group(node.element(node.data, i), depth + 2);
    }
  }

  void print_map(const FieldNode& node, const std::string& label, int depth) {
    auto& map = *static_cast<std::map<std::string, std::string>*>(node.data);
    if (map.empty()) return line(label + " {}", node);
    line(label, node);
    for (auto& [name, value] : map) {
      FieldNode key, item;
      std::string copy = name;
      key.kind = item.kind = FieldNode::Kind::text;
      key.data = &copy;
      item.data = &value;
      line(std::string(static_cast<std::size_t>(2 * depth + 2), ' ') + value_text(key) + ": " +
               value_text(item),
           item);
    }
  }

  void line(const std::string& content, const FieldNode& node) {
    const std::string unit = node.field.unit;
    const bool shows_unit = !unit.empty() && unit != "path";
    const std::string help = node.field.help;
    text += content;
    if (!help.empty()) {
      text += std::string(content.size() < kCommentColumn ? kCommentColumn - content.size() : 1, ' ');
      text += "# " + (shows_unit ? unit + ": " : "") + help;
    }
    text += "\n";
  }
};

}  // namespace

std::string show_fields(const FieldNode& root) {
  Printer printer;
  printer.print_group(root, 0);
  return printer.text;
}

}  // namespace moesaic

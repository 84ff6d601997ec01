// SPDX-License-Identifier: Apache-2.0
// What a configuration struct declares (tlm/field.h), as a tree of plain data over the struct's members. The
// tree is made by the one template visitor below; reading, printing, schema and documentation are ordinary
// functions that walk it.
//
// Contract: a tree points into the struct it was made from, which must outlive it and not move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sc_main/config/quantity.h"
#include "tlm/field.h"

namespace moesaic {

/// Structs that have files of their own in platforms/<folder>: where one is expected, the file's name may
/// stand. A name that ends in one of `data_suffixes` (separated by spaces) is data and goes to the text field
/// `data_field` instead. Specialised in sc_main/config/experiment.h.
template <class S>
struct FileKind {
  static constexpr const char* folder = nullptr;
  static constexpr const char* data_field = nullptr;
  static constexpr const char* data_suffixes = "";
};

struct FieldNode {
  enum class Kind { group, toggle, integer, real, text, choice, list, map };

  Kind kind = Kind::group;
  Field field{"", "", ""};
  void* data = nullptr;  ///< real: double*, text: std::string*, map: std::map<std::string, std::string>*

  // toggle, integer, choice
  WideInteger (*get)(const void*) = nullptr;
  void (*set)(void*, WideInteger) = nullptr;
  WideInteger lowest = 0, highest = 0;                         ///< what the member's type can hold
  std::vector<std::pair<std::string, WideInteger>> choices{};  ///< name, value

  // group
  std::vector<FieldNode> children{};
  void (*reset)(void*) = nullptr;  ///< to the struct's defaults
  const char* folder = nullptr;    ///< FileKind
  const char* data_field = nullptr;
  const char* data_suffixes = "";

  // list
  std::size_t (*size)(const void*) = nullptr;
  void (*resize)(void*, std::size_t) = nullptr;
  FieldNode (*element)(void*, std::size_t) = nullptr;
  FieldNode (*prototype)() = nullptr;  ///< a default element, owned by the node

  std::shared_ptr<void> owned{};

  FieldNode* child(const std::string& name) {
    for (FieldNode& node : children)
      if (name == node.field.name) return &node;
    return nullptr;
  }
};

namespace field_tree_detail {

template <class T, class = void>
struct HasNames : std::false_type {};
template <class T>
struct HasNames<T, std::void_t<decltype(enum_names(std::declval<T>()))>> : std::true_type {};

template <class T>
void bind_integer(FieldNode& node, T& value) {
  node.data = &value;
  node.get = [](const void* at) { return static_cast<WideInteger>(*static_cast<const T*>(at)); };
  node.set = [](void* at, WideInteger to) { *static_cast<T*>(at) = static_cast<T>(to); };
}

template <class T>
FieldNode make_leaf(const Field& field, T& value);

}  // namespace field_tree_detail

class FieldTree {
 public:
  template <class T>
  void operator()(const Field& field, T& value) {
    root.children.push_back(field_tree_detail::make_leaf(field, value));
  }
  template <class S>
  void group(const char* name, const char* help, S& value) {
    root.children.push_back(make(Field{name, "", help}, value));
  }

  template <class S>
  static FieldNode make(const Field& field, S& value) {
    FieldTree tree;
    describe_fields(tree, value);
    tree.root.field = field;
    tree.root.data = &value;
    tree.root.reset = [](void* at) { *static_cast<S*>(at) = S{}; };
    tree.root.folder = FileKind<S>::folder;
    tree.root.data_field = FileKind<S>::data_field;
    tree.root.data_suffixes = FileKind<S>::data_suffixes;
    return std::move(tree.root);
  }

  FieldNode root;
};

namespace field_tree_detail {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
FieldNode make_value(const Field& field, T& value) {
  if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string>)
    return FieldTree::make(field, value);
  else
    return make_leaf(field, value);
}

template <class T>
void bind_list(FieldNode& node, std::vector<T>& value) {
  static_assert(!std::is_same_v<T, bool>, "a list of switches has no addressable elements");
  using List = std::vector<T>;
  node.kind = FieldNode::Kind::list;
  node.data = &value;
  node.size = [](const void* at) { return static_cast<const List*>(at)->size(); };
  node.resize = [](void* at, std::size_t size) { static_cast<List*>(at)->resize(size); };
  node.element = [](void* at, std::size_t i) {
    return make_value(Field{"", "", ""}, (*static_cast<List*>(at))[i]);
  };
  node.prototype = [] {
    auto owned = std::make_shared<T>();
    FieldNode made = make_value(Field{"", "", ""}, *owned);
    made.owned = owned;
    return made;
  };
}

template <class T>
void bind_enumeration(FieldNode& node, T& value) {
  bind_integer(node, value);
  if constexpr (HasNames<T>::value) {
    node.kind = FieldNode::Kind::choice;
    WideInteger number = 0;
    for (const auto& name : enum_names(value)) node.choices.emplace_back(std::string(name), number++);
  } else {
    using Under = std::underlying_type_t<T>;
    node.kind = FieldNode::Kind::integer;
    node.lowest = std::numeric_limits<Under>::min();
    node.highest = std::numeric_limits<Under>::max();
  }
}

template <class T>
FieldNode make_leaf(const Field& field, T& value) {
  FieldNode node;
  node.field = field;
  if constexpr (std::is_same_v<T, bool>) {
    node.kind = FieldNode::Kind::toggle;
    bind_integer(node, value);
  } else if constexpr (std::is_enum_v<T>) {
    bind_enumeration(node, value);
  } else if constexpr (std::is_integral_v<T>) {
    node.kind = FieldNode::Kind::integer;
    node.lowest = std::numeric_limits<T>::min();
    node.highest = std::numeric_limits<T>::max();
    bind_integer(node, value);
  } else if constexpr (IsVector<T>::value) {
    bind_list(node, value);
  } else if constexpr (std::is_same_v<T, double>) {
    node.kind = FieldNode::Kind::real;
    node.data = &value;
  } else if constexpr (std::is_same_v<T, std::string>) {
    node.kind = FieldNode::Kind::text;
    node.data = &value;
  } else {
    static_assert(std::is_same_v<T, std::map<std::string, std::string>>,
                  "no configuration field has this type");
    node.kind = FieldNode::Kind::map;
    node.data = &value;
  }
  return node;
}

}  // namespace field_tree_detail

/// What a value of this node may be: "a power of two from 1 to 32", "one of ep or fse_dp", "true or false".
std::string expectation(const FieldNode& node);

/// The value of a leaf as configuration text (quoted where YAML needs it).
std::string value_text(const FieldNode& node);

/// Empty when a leaf's present value is allowed, else expectation(node). An empty required text (min > 0) or
/// a default outside the range means: must be given.
bool value_allowed(const FieldNode& node);

}  // namespace moesaic

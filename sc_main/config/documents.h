// SPDX-License-Identifier: Apache-2.0
// Files that are generated from the field declarations: JSON Schemas for editors and the configuration
// reference. A test compares them with what is in the repository.
#pragma once

#include <string>
#include <vector>

namespace moesaic {

struct GeneratedFile {
  std::string path;  ///< relative to the root of the repository
  std::string text;
};

/// The JSON Schema of a kind of file: experiment, package, memory, model or routing. Throws a UserError that
/// lists the kinds when `kind` is another word.
std::string json_schema(const std::string& kind);

/// platforms/schema/*.json and docs/configuration.md.
std::vector<GeneratedFile> configuration_documents();

}  // namespace moesaic

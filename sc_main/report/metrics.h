// SPDX-License-Identifier: Apache-2.0
// The dictionary of metrics. Every number of a report is declared once, beside its struct:
//
//   template <class V> void describe_metrics(V& v, const XRow& x) {
//     v(Field{"busy", "ticks", "the array multiplied"}, x.busy);   // a leaf
//     v.group("dma", x.dma);                                       // a nested struct
//     v.list("links", x.links);                                    // a vector of structs
//   }
//
// results.json (json.h), `moesaic list metrics` and docs/output.md are visitors over it. Times are integer
// femtoseconds ("fs"), so that nothing is rounded.
#pragma once

#include <string>
#include <vector>

namespace moesaic {

struct MetricInfo {
  std::string path;  ///< "nodes[].dma.loaded_bytes"
  std::string unit;
  std::string sentence;
  std::string owner;  ///< room that counts it: "hw/dma"
};

/// Every leaf of results.json but those under `configuration`, in the order of the file.
std::vector<MetricInfo> metric_dictionary();

/// `moesaic list metrics`.
std::string metric_listing();
/// docs/output.md.
std::string metric_document();

}  // namespace moesaic

// SPDX-License-Identifier: Apache-2.0
// What every page is made of: its head with the style, tables, and text that is safe in a page.
#pragma once

#include <string>
#include <vector>

namespace moesaic {

/// Up to and with <body>.
std::string html_head(const std::string& title);
std::string escaped(const std::string& text);
std::string html_table(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows);

}  // namespace moesaic

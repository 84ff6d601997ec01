// SPDX-License-Identifier: Apache-2.0
// report.html: one file for a browser, without a network: tables, the causes as a bar, the links as a map.
#pragma once

#include <string>

#include "sc_main/report/report.h"

namespace moesaic {

std::string html_report(const Report& report);

}  // namespace moesaic

// SPDX-License-Identifier: Apache-2.0
// How long a search through random cases is. Under the sanitizers everything takes ten times as long: they
// look at every seventh case only.
#pragma once

namespace moesaic::test {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr unsigned kCasesApart = 7;
#else
inline constexpr unsigned kCasesApart = 1;
#endif

}  // namespace moesaic::test

// SPDX-License-Identifier: Apache-2.0
// Numbers with units are exact, and their unit has to be of the declared kind.
#include "sc_main/config/quantity.h"

#include "tests/catch.h"

using namespace moesaic;

namespace {

/// The whole number a text means; -1 when it is refused.
long long whole(const std::string& text, const std::string& unit) {
  const auto quantity = parse_quantity(text, unit);
  const auto value = quantity ? quantity->whole() : std::nullopt;
  return value ? static_cast<long long>(*value) : -1;
}

}  // namespace

TEST_CASE("suffixes of the declared kind scale a number exactly", "[config]") {
  CHECK(whole("64 KiB", "bytes") == 65536);
  CHECK(whole("64KiB", "bytes") == 65536);
  CHECK(whole("3.25 MiB", "bytes") == 3407872);
  CHECK(whole("3.328 MB", "bytes") == 3328000);
  CHECK(whole("800 MHz", "Hz") == 800'000'000);
  CHECK(whole("1.6 GHz", "Hz") == 1'600'000'000);
  CHECK(whole("2 us", "ns") == 2000);
  CHECK(whole("500 ps", "ns") == -1);  // half a nanosecond is no whole number
  CHECK(whole("12", "cycles") == 12);
  CHECK(whole("12 cycles", "cycles") == 12);
  CHECK(whole("0x10", "") == 16);
  CHECK(whole("1e3", "") == 1000);
  CHECK(parse_quantity("4.02 ns", "ns")->real() == 4.02);
  CHECK(parse_quantity("4020 ps", "ns")->real() == 4.02);
  CHECK(parse_quantity("-1.5", "")->real() == -1.5);
}

TEST_CASE("a unit of another kind, a half byte and nonsense are refused", "[config]") {
  for (const char* text : {"64 MHz", "64 ns", "1.5", "0.1 KiB", "64 kib", "KiB", "", " ", "1 2", "1.2.3",
                           "--1", "+1", "nan", "inf", "0x", "0xZZ", "1e", "12 bytes bytes"})
    CHECK(whole(text, "bytes") == -1);
  CHECK(whole("12 bytes", "cycles") == -1);
  CHECK(whole("99999999999999999999999999999999999999999999", "bytes") == -1);
  CHECK(whole("1e99", "bytes") == -1);
  CHECK(whole("18446744073709551615", "") == -1 + 0);  // as long long: the value itself is accepted
  CHECK(to_text(*parse_quantity("18446744073709551615", "")->whole()) == "18446744073709551615");
}

TEST_CASE("a printed number is read back as the same number", "[config]") {
  CHECK(format_quantity(static_cast<WideInteger>(65536), "bytes") == "64 KiB");
  CHECK(format_quantity(static_cast<WideInteger>(65537), "bytes") == "65537");
  CHECK(format_quantity(static_cast<WideInteger>(800'000'000), "Hz") == "800 MHz");
  CHECK(format_quantity(static_cast<WideInteger>(0), "bytes") == "0");
  for (const long long value : {1LL, 7LL, 1024LL, 3407872LL, 1LL << 40, 123456789LL})
    for (const char* unit : {"bytes", "Hz", "ns", "count", ""})
      CHECK(whole(format_quantity(static_cast<WideInteger>(value), unit), unit) == value);
  for (const double value : {4.02, 0.1, 1e-5, 1234.5, 1e15})
    CHECK(parse_quantity(format_quantity(value, "ns"), "ns")->real() == value);
}

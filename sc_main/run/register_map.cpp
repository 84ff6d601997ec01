// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/register_map.h"

#include <fmt/format.h>

#include <cstddef>
#include <vector>

#include "firmware/sdk/abi.h"

namespace moesaic {

namespace {

struct LayoutField {
  const char* type;
  const char* name;
  std::size_t offset;
  std::size_t bytes;
  const char* sentence;
};

std::string layout_table(const std::string& title, std::size_t base, const std::vector<LayoutField>& fields) {
  std::string text =
      fmt::format("\n### {}\n\n| bytes | field | type | meaning |\n|---|---|---|---|\n", title);
  for (const LayoutField& f : fields) {
    const std::size_t first = base + f.offset;
    text += fmt::format("| {}..{} | `{}` | `{}` | {} |\n", first, first + f.bytes - 1, f.name, f.type,
                        f.sentence);
  }
  return text;
}

// One row per field of a descriptor struct, from the same table the struct is made of.
#define MOESAIC_ROW(type, field, sentence) \
  {#type, #field, offsetof(This, field), sizeof(This::field), sentence},
#define MOESAIC_LAYOUT(title, base, Struct, FIELDS)          \
  [] {                                                       \
    using This = Struct;                                     \
    return layout_table(title, base, {FIELDS(MOESAIC_ROW)}); \
  }()

std::string registers() {
  std::string text = "| offset | register | bytes | access | reset | meaning |\n|---|---|---|---|---|---|\n";
#define MOESAIC_LINE(name, offset, bytes, count, step, access, reset, sentence) \
  text +=                                                                       \
      fmt::format("| 0x{:04X}{} | `{}`{} | {} | {} | 0x{:X} | {} |\n", offset,  \
                  (count) > 1 ? fmt::format(" + {}n", step) : "", #name,        \
                  (count) > 1 ? fmt::format(", n = 0..{}", (count)-1) : "", bytes, access, reset, sentence);
  MOESAIC_REGISTERS(MOESAIC_LINE)
#undef MOESAIC_LINE
  return text;
}

}  // namespace

std::string register_map_markdown() {
  std::string text =
      "# Register map and descriptors\n\n"
      "Made from the tables in `firmware/sdk/registers.h` and `firmware/sdk/descriptors.h` by `moesaic list "
      "registers`;\n"
      "a test compares this file with them. All values are little endian. What the fields do is in "
      "`docs/firmware.md`.\n\n"
      "## Address\n\n"
      "| bits | 63..56 | 55..44 | 43..40 | 39..0 |\n|---|---|---|---|---|\n"
      "| | package | node | unit: 0 registers, 1 SRAM, 2 memory | offset |\n\n"
      "Nodes are dies, numbered row by row. A control core's bus reaches registers and SRAM of its own die "
      "only.\n\n"
      "## Registers of a command processor\n\n";
  text += fmt::format(
      "Context c (0 the agent, 1 the scheduler) starts at c * 0x{:X} of the register unit. An access has "
      "exactly the\n"
      "width of the register. Reading POP registers removes an entry; reading IRQ_STATUS acknowledges timer "
      "and mail\n"
      "space. How many queues and events exist is a parameter of the package.\n\n",
      MOESAIC_CONTEXT_STRIDE);
  text += registers();
  text +=
      "\n## Command descriptors\n\n"
      "64 bytes: the header, then the body of its kind. Kinds: 1 load, 2 store, 3 send, 4 ffn, 5 gemm, 6 "
      "attention,\n"
      "7 vector, 8 slot allocate, 9 slot release, 10 fence. Flags: 1 completion entry and interrupt, 2 "
      "accumulate, 4 one\n"
      "continuation descriptor follows (64 more bytes), 8 multicast. Local operands are 32-bit SRAM offsets; "
      "0xFFFFFFFF\n"
      "means none.\n";
  const std::size_t body = sizeof(moesaic_header);
  text += MOESAIC_LAYOUT("Header", 0, moesaic_header, MOESAIC_HEADER_FIELDS);
  text += MOESAIC_LAYOUT("load, store, send", body, moesaic_transfer, MOESAIC_TRANSFER_FIELDS);
  text += MOESAIC_LAYOUT("multicast send, continuation", 0, moesaic_multicast, MOESAIC_MULTICAST_FIELDS);
  text += MOESAIC_LAYOUT("ffn", body, moesaic_ffn, MOESAIC_FFN_FIELDS);
  text += MOESAIC_LAYOUT("ffn, continuation", 0, moesaic_ffn_continuation, MOESAIC_FFN_CONTINUATION_FIELDS);
  text += MOESAIC_LAYOUT("gemm", body, moesaic_gemm, MOESAIC_GEMM_FIELDS);
  text += MOESAIC_LAYOUT("attention", body, moesaic_attention, MOESAIC_ATTENTION_FIELDS);
  text += MOESAIC_LAYOUT("vector", body, moesaic_vector, MOESAIC_VECTOR_FIELDS);
  text += MOESAIC_LAYOUT("slot allocate, slot release", body, moesaic_slot, MOESAIC_SLOT_FIELDS);
  text += "\n## Entries\n";
  text +=
      MOESAIC_LAYOUT("Completion entry (COMPLETION_POP)", 0, moesaic_completion, MOESAIC_COMPLETION_FIELDS);
  text += MOESAIC_LAYOUT("Message (MAIL_PUSH, MAIL_POP); bytes 8..63 are the body", 0, moesaic_mail,
                         MOESAIC_MAIL_FIELDS);
  text += MOESAIC_LAYOUT("Token list entry (in SRAM, written by the core)", 0, moesaic_list_entry,
                         MOESAIC_LIST_ENTRY_FIELDS);
  return text;
}

}  // namespace moesaic

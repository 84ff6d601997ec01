/* SPDX-License-Identifier: Apache-2.0
 * The register map of a command processor, as one table: code, docs/register-map.md and tests read it.
 * Offsets are bytes inside a context; context c (0 agent, 1 scheduler) starts at c * MOESAIC_CONTEXT_STRIDE
 * of the die's register unit. Indexed registers repeat every STEP bytes. */
#ifndef MOESAIC_SDK_REGISTERS_H
#define MOESAIC_SDK_REGISTERS_H

#define MOESAIC_CONTEXT_STRIDE 0x10000u
#define MOESAIC_IDENT 0x53454F4Du /* "MOES" */

/* R(name, offset, bytes, count, step, access, reset, sentence) */
#define MOESAIC_REGISTERS(R)                                                                                 \
  R(IDENT, 0x000, 4, 1, 0, "ro", MOESAIC_IDENT, "Reads 0x53454F4D, the letters MOES in little-endian order") \
  R(ABI, 0x004, 4, 1, 0, "ro", MOESAIC_ABI_VERSION, "Version of this contract")                              \
  R(NODE, 0x008, 4, 1, 0, "ro", 0, "Number of this die, row by row")                                         \
  R(CYCLE, 0x010, 8, 1, 0, "ro", 0, "Cycles of the control clock since reset")                               \
  R(IRQ_STATUS, 0x018, 4, 1, 0, "ro", 0, "Pending causes: bit 0 completion, 1 mail, 2 mail space, 3 timer")  \
  R(IRQ_ENABLE, 0x01C, 4, 1, 0, "rw", 0xF, "Causes that raise the interrupt line")                           \
  R(TIMER, 0x020, 8, 1, 0, "rw", 0, "Control cycle at which the timer fires once; 0 disarms")                \
  R(COMPLETION_LEVEL, 0x028, 4, 1, 0, "ro", 0, "Entries in the completion queue")                            \
  R(COMPLETION_POP, 0x030, 16, 1, 0, "ro", 0,                                                                \
    "Reads and removes the oldest completion entry; zero when empty")                                        \
  R(MAIL_LEVEL, 0x040, 4, 1, 0, "ro", 0, "Messages in the inbox")                                            \
  R(MAIL_SPACE, 0x044, 4, 1, 0, "ro", 0,                                                                     \
    "Messages that MAIL_PUSH would take now; reading 0 arms the space cause")                                \
  R(MAIL_POP, 0x080, 64, 1, 0, "ro", 0, "Reads and removes the oldest message; zero when empty")             \
  R(MAIL_PUSH, 0x0C0, 64, 1, 0, "wo", 0, "Sends a message; its source fields are filled by the hardware")    \
  R(QUEUE_SPACE, 0x100, 4, 16, 4, "ro", 0, "Free descriptor places of command queue n")                      \
  R(QUEUE_DOORBELL, 0x180, 4, 16, 4, "wo", 0,                                                                \
    "Starts the staged descriptors of queue n; the value is their number")                                   \
  R(QUEUE_PUSH, 0x400, 64, 16, 64, "wo", 0, "Stages one descriptor in command queue n")                      \
  R(EVENT, 0x1000, 4, 1024, 4, "rw", 0, "Event counter n; a write sets it. Shared by both contexts of a die")

enum {
#define MOESAIC_REGISTER_OFFSET(name, offset, bytes, count, step, access, reset, sentence) \
  MOESAIC_REG_##name = offset,
  MOESAIC_REGISTERS(MOESAIC_REGISTER_OFFSET)
#undef MOESAIC_REGISTER_OFFSET
};

enum { MOESAIC_IRQ_COMPLETION = 1, MOESAIC_IRQ_MAIL = 2, MOESAIC_IRQ_MAIL_SPACE = 4, MOESAIC_IRQ_TIMER = 8 };

#endif

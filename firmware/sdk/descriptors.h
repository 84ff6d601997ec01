/* SPDX-License-Identifier: Apache-2.0
 * Command descriptors, completion entries, messages and token lists: their layout as one table, from which
 * the C structs here, docs/register-map.md and the tests are made. Little endian, natural alignment, 64 bytes
 * each. A descriptor whose flags have MOESAIC_FLAG_CONTINUED is followed in its queue by one continuation
 * descriptor. */
#ifndef MOESAIC_SDK_DESCRIPTORS_H
#define MOESAIC_SDK_DESCRIPTORS_H

#include <stdint.h>

#define MOESAIC_NO_EVENT 0xFFFFu
#define MOESAIC_NO_NODE 0xFFFFu
#define MOESAIC_ANY_NODE 0xFFFEu
#define MOESAIC_NO_OFFSET 0xFFFFFFFFu
/* In a token list: a row of padding. It is computed like others and belongs to no token (MOESAIC_PAD). */
#define MOESAIC_NO_TOKEN 0xFFFFFFFFu

enum moesaic_kind {
  MOESAIC_LOAD = 1,          /* memory -> SRAM of this die */
  MOESAIC_STORE = 2,         /* SRAM of this die -> memory */
  MOESAIC_SEND = 3,          /* SRAM of this die -> SRAM of another */
  MOESAIC_FFN = 4,           /* a slice of a feed-forward expert */
  MOESAIC_GEMM = 5,          /* dense matrix product */
  MOESAIC_ATTENTION = 6,     /* one attention head, integer softmax */
  MOESAIC_VECTOR = 7,        /* fill or add (reduce) rows of int32 */
  MOESAIC_SLOT_ALLOCATE = 8, /* declare a region of SRAM writable */
  MOESAIC_SLOT_RELEASE = 9,
  MOESAIC_FENCE = 10 /* done when all earlier commands of its queue are done */
};

enum moesaic_flags {
  MOESAIC_FLAG_INTERRUPT = 1,  /* write a completion entry when done */
  MOESAIC_FLAG_ACCUMULATE = 2, /* send: add int32 on arrival; ffn, gemm: add to y instead of overwriting it */
  MOESAIC_FLAG_CONTINUED = 4,  /* one continuation descriptor follows */
  MOESAIC_FLAG_MULTICAST = 8   /* send: to every die of the mask in the continuation */
};

/* F(type, field, sentence) */
#define MOESAIC_HEADER_FIELDS(F)                                                                      \
  F(uint8_t, kind, "enum moesaic_kind")                                                               \
  F(uint8_t, flags, "enum moesaic_flags")                                                             \
  F(uint16_t, wait_event, "counter of this die to wait for before issue; 0xFFFF: none")               \
  F(uint32_t, wait_value, "issue when the counter is at least this")                                  \
  F(uint32_t, tag, "returned in the completion entry; shown in waveform, timeline and fault reports") \
  F(uint16_t, signal_node,                                                                            \
    "die of the counter to add to when done (send: when the data is there); multicast: 0xFFFE")       \
  F(uint16_t, signal_event, "that counter; 0xFFFF: none")                                             \
  F(uint16_t, signal_add, "what to add")                                                              \
  F(uint16_t, local_event, "counter of this die to add to when done; 0xFFFF: none")                   \
  F(uint16_t, local_add, "what to add")                                                               \
  F(uint16_t, reserved, "0")

#define MOESAIC_TRANSFER_FIELDS(F)                                                              \
  F(uint64_t, source, "address of row 0; load: memory; store and send: this die's SRAM")        \
  F(uint64_t, destination,                                                                      \
    "address of row 0; load: this die's SRAM; store: memory; send: SRAM of another die")        \
  F(uint32_t, row_bytes, "bytes of one row")                                                    \
  F(uint32_t, rows, "rows; with a list, its entries")                                           \
  F(uint32_t, source_stride, "bytes from one source row to the next")                           \
  F(uint32_t, destination_stride, "bytes from one destination row to the next")                 \
  F(uint32_t, list,                                                                             \
    "SRAM offset of a token list that picks rows on both sides; 0xFFFFFFFF: rows 0, 1, 2, ...") \
  F(uint8_t, priority,                                                                          \
    "0 to 7; a higher one gets the next free channel, and its requests go first at a port")     \
  F(uint8_t, reserved_8, "0")                                                                   \
  F(uint16_t, reserved_16, "0")

/* Of a multicast send: signal_node of the header is 0xFFFE, and the signal is raised at every die of the
 * mask. */
#define MOESAIC_MULTICAST_FIELDS(F) \
  F(uint64_t, destinations, "bit n: to die n, at the offset of `destination`, whose node is one of them")

#define MOESAIC_FFN_FIELDS(F)                                                    \
  F(uint32_t, x, "SRAM offset of the token rows, hidden int8 each")              \
  F(uint32_t, y, "SRAM offset of the result rows, hidden int32 each")            \
  F(uint32_t, gate_weights, "SRAM offset; f_count rows of hidden int8")          \
  F(uint32_t, up_weights, "the same; 0xFFFFFFFF: no second up-matrix")           \
  F(uint32_t, down_weights, "the same: row f is row f of the down matrix")       \
  F(uint32_t, list, "SRAM offset of the token list")                             \
  F(uint16_t, list_count, "entries of the token list")                           \
  F(uint16_t, hidden, "hidden size D")                                           \
  F(uint16_t, f_count, "columns of F in this slice")                             \
  F(uint16_t, f_begin, "first column: identity for accounting")                  \
  F(uint16_t, layer, "identity for accounting")                                  \
  F(uint16_t, expert, "identity for accounting; shared expert s is experts + s") \
  F(uint8_t, activation, "0 identity, 1 ReLU, 2 SiLU")                           \
  F(uint8_t, shift_pre, "right shift that requantises x.W to int8")              \
  F(uint8_t, shift_post, "right shift that requantises act*up*gate to int8")     \
  F(uint8_t, data_type, "0: int8 operands, int32 accumulators")

#define MOESAIC_FFN_CONTINUATION_FIELDS(F)                               \
  F(uint32_t, gate_bias, "SRAM offset, f_count int32; 0xFFFFFFFF: none") \
  F(uint32_t, up_bias, "SRAM offset, f_count int32; 0xFFFFFFFF: none")   \
  F(uint32_t, down_bias, "SRAM offset, hidden int32, added to y; 0xFFFFFFFF: none")

#define MOESAIC_GEMM_FIELDS(F)                     \
  F(uint32_t, x, "SRAM offset; m rows of k int8")  \
  F(uint32_t, w, "SRAM offset; n rows of k int8")  \
  F(uint32_t, y, "SRAM offset; m rows of n int32") \
  F(uint32_t, m, "rows of x")                      \
  F(uint32_t, k, "inner size")                     \
  F(uint32_t, n, "columns of y")

#define MOESAIC_ATTENTION_FIELDS(F)                    \
  F(uint32_t, q, "SRAM offset; m rows of d int8")      \
  F(uint32_t, keys, "SRAM offset; n rows of d int8")   \
  F(uint32_t, values, "SRAM offset; n rows of d int8") \
  F(uint32_t, out, "SRAM offset; m rows of d int8")    \
  F(uint32_t, m, "query rows")                         \
  F(uint32_t, n, "key rows")                           \
  F(uint32_t, d, "head size")                          \
  F(uint8_t, shift_score, "right shift that requantises q.k to int8")

#define MOESAIC_VECTOR_FIELDS(F)                                                  \
  F(uint32_t, x, "SRAM offset of the source rows (add)")                          \
  F(uint32_t, y, "SRAM offset of the destination rows")                           \
  F(uint32_t, width, "int32 elements of a row")                                   \
  F(uint32_t, rows, "rows; with a list, its entries")                             \
  F(uint32_t, list, "SRAM offset of a token list; 0xFFFFFFFF: rows 0, 1, 2, ...") \
  F(int32_t, value, "fill: the value")                                            \
  F(uint8_t, op, "0 fill, 1 add")

#define MOESAIC_SLOT_FIELDS(F)                                                                           \
  F(uint16_t, slot, "number of the slot")                                                                \
  F(uint16_t, granted, "allocate: die that may write it over the fabric; 0xFFFF none, 0xFFFE every die") \
  F(uint32_t, offset, "allocate: SRAM offset")                                                           \
  F(uint32_t, bytes, "allocate: size")

#define MOESAIC_COMPLETION_FIELDS(F)                     \
  F(uint32_t, tag, "tag of the command")                 \
  F(uint16_t, status, "0 ok, 1 misuse, 2 poisoned data") \
  F(uint8_t, valid, "1; 0 when the queue was empty")     \
  F(uint8_t, queue, "command queue it came from")        \
  F(uint64_t, cycle, "control cycle at which the command was done")

#define MOESAIC_MAIL_FIELDS(F)                                               \
  F(uint16_t, source_node, "filled by the hardware")                         \
  F(uint8_t, source_context, "filled by the hardware: 0 agent, 1 scheduler") \
  F(uint8_t, context, "receiving core: 0 agent, 1 scheduler")                \
  F(uint16_t, node, "receiving die")                                         \
  F(uint16_t, kind, "1 to 65535, the images' own; 0 marks an empty inbox")

#define MOESAIC_LIST_ENTRY_FIELDS(F)                    \
  F(uint32_t, token, "token id: accounting and traces") \
  F(uint16_t, in_row, "row of the source")              \
  F(uint16_t, out_row, "row of the destination")        \
  F(uint16_t, gate, "gate weight Q1.15; 32768 is 1.0")  \
  F(uint16_t, zero, "0")

#define MOESAIC_MEMBER(type, field, sentence) type field;
typedef struct {
  MOESAIC_HEADER_FIELDS(MOESAIC_MEMBER)
} moesaic_header;
typedef struct {
  MOESAIC_TRANSFER_FIELDS(MOESAIC_MEMBER)
} moesaic_transfer;
typedef struct {
  MOESAIC_MULTICAST_FIELDS(MOESAIC_MEMBER)
} moesaic_multicast;
typedef struct {
  MOESAIC_FFN_FIELDS(MOESAIC_MEMBER)
} moesaic_ffn;
typedef struct {
  MOESAIC_FFN_CONTINUATION_FIELDS(MOESAIC_MEMBER)
} moesaic_ffn_continuation;
typedef struct {
  MOESAIC_GEMM_FIELDS(MOESAIC_MEMBER)
} moesaic_gemm;
typedef struct {
  MOESAIC_ATTENTION_FIELDS(MOESAIC_MEMBER)
} moesaic_attention;
typedef struct {
  MOESAIC_VECTOR_FIELDS(MOESAIC_MEMBER)
} moesaic_vector;
typedef struct {
  MOESAIC_SLOT_FIELDS(MOESAIC_MEMBER)
} moesaic_slot;
typedef struct {
  MOESAIC_COMPLETION_FIELDS(MOESAIC_MEMBER)
} moesaic_completion;
typedef struct {
  MOESAIC_MAIL_FIELDS(MOESAIC_MEMBER) uint8_t body[56];
} moesaic_mail;
typedef struct {
  MOESAIC_LIST_ENTRY_FIELDS(MOESAIC_MEMBER)
} moesaic_list_entry;
#undef MOESAIC_MEMBER

/* The 64 bytes that are written to QUEUE_PUSH: the header, then the body of its kind. */
typedef struct {
  moesaic_header header; /* bytes 0..23 */
  union {                /* bytes 24..63 */
    moesaic_transfer transfer;
    moesaic_ffn ffn;
    moesaic_gemm gemm;
    moesaic_attention attention;
    moesaic_vector vector;
    moesaic_slot slot;
    uint8_t bytes[40];
  } body;
} moesaic_descriptor;

#endif

/* SPDX-License-Identifier: Apache-2.0
 * The binary contract between the program and a firmware image: plain C, size-stamped tables, no C++ type and
 * no exception crosses it. Images normally include "moesaic/image.h" (firmware/sdk/image.h), the C++ facade
 * over this.
 *
 * Time: every call below costs the control core cycles (see docs/firmware.md); a bus access waits out all
 * cost accumulated so far before it touches the hardware. Calls are made only from inside a handler. */
#ifndef MOESAIC_SDK_ABI_H
#define MOESAIC_SDK_ABI_H

#include <stdint.h>

#define MOESAIC_ABI_VERSION 1u

#include "descriptors.h"
#include "registers.h"

#ifdef __cplusplus
extern "C" {
#endif

enum moesaic_role { MOESAIC_AGENT = 0, MOESAIC_SCHEDULER = 1 };

/* What a control core knows of package and workload before anything runs (datasheet knowledge; free). */
typedef struct {
  uint32_t struct_size;
  /* package */
  uint16_t node, rows, columns, nodes;
  uint16_t role, scheduler_node; /* MOESAIC_NO_NODE: no scheduler core */
  uint32_t sram_bytes;
  uint32_t command_queues, queue_depth, events, slots, mail_depth;
  uint32_t dma_channels;
  uint64_t control_hz;
  /* workload */
  uint32_t hidden, expert_width, experts, shared_experts, top_k;
  uint32_t layers, tokens; /* places of the batch; token t lives on die floor(t * nodes / tokens) */
  uint8_t activation, shift_pre, shift_post, oracle;
  uint64_t seed;
} moesaic_core_info;

/* One gate result: what the router of the model chose for a token. */
typedef struct {
  uint16_t expert;
  uint16_t gate; /* Q1.15 */
} moesaic_choice;

/* A token of the running layer. `token` is its place in the batch: by it gate results are asked for, tensors
 * are placed and work is counted. */
enum moesaic_phase { MOESAIC_DECODE = 0, MOESAIC_PREFILL = 1 };
typedef struct {
  uint32_t token;
  uint32_t request; /* counted over the whole run */
  uint32_t pass;    /* forward passes that the request has ended in this run */
  uint16_t phase;   /* enum moesaic_phase */
  uint16_t reserved;
} moesaic_token;

enum moesaic_tensor_kind {
  MOESAIC_GATE_WEIGHTS = 0, /* expert_width rows of hidden int8: row f is column f of the gate matrix */
  MOESAIC_UP_WEIGHTS = 1,   /* the same for the second up-matrix */
  MOESAIC_DOWN_WEIGHTS = 2, /* expert_width rows of hidden int8 */
  MOESAIC_ACTIVATIONS = 3,  /* rows of hidden int8: layer input of tokens row_begin .. row_begin+rows-1 */
  MOESAIC_OUTPUT = 4        /* rows of hidden int32: layer output of those tokens, written by the image */
};

/* Registers rows [row_begin, row_begin+rows) of a tensor at a memory address. Rows lie packed, one behind the
 * other. Free of charge: placement is done offline. Every expert of a layer must be registered at least once.
 */
typedef struct {
  uint16_t kind; /* enum moesaic_tensor_kind */
  uint16_t layer;
  uint16_t expert; /* weights only; shared expert s is experts + s */
  uint16_t reserved;
  uint32_t row_begin, rows;
  uint64_t address; /* memory unit of any node */
} moesaic_tensor;

enum moesaic_log_level { MOESAIC_LOG_ERROR = 0, MOESAIC_LOG_INFO = 1, MOESAIC_LOG_DEBUG = 2 };

/* A change of the work that an image makes on purpose; conservation and the reference apply it, and it is
 * printed beside the time. DROP: the expert is not computed for the token. RECOMPUTE: it may be computed more
 * than once. PAD: `token` rows of padding (MOESAIC_NO_TOKEN) go through the expert, all of its columns. */
enum moesaic_deviation_kind { MOESAIC_DROP = 1, MOESAIC_RECOMPUTE = 2, MOESAIC_PAD = 3 };
typedef struct {
  uint16_t kind;
  uint16_t layer;
  uint16_t expert;
  uint16_t reserved;
  uint32_t token;
} moesaic_deviation;

/* What the program offers to an image. Append only: what stands behind cost_of came later, and an older
 * program of the same ABI version ends before it. An image must not call it where struct_size does not reach
 * it (the facade looks). Functions that return int return 0 when the call is refused. */
typedef struct {
  uint32_t struct_size;
  uint32_t abi_version;
  void* context;
  /* Reads or writes this die's registers or SRAM (address as in docs/register-map.md). Another die's: a
   * fault. */
  void (*bus_read)(void* context, uint64_t address, void* data, uint32_t bytes);
  void (*bus_write)(void* context, uint64_t address, const void* data, uint32_t bytes);
  /* Adds control cycles for work that the SDK does not charge by itself. */
  void (*charge)(void* context, uint64_t cycles);
  /* Memory attached to a node, in bytes; 0 when none. Free. */
  uint64_t (*memory_bytes)(void* context, uint32_t node);
  /* Number of gate results a token has in a layer, and the results themselves (sorted as routed, at most
   * `room`). An agent may ask for tokens of its own die; the scheduler for none; `oracle` lifts this. Charged
   * per result. */
  uint32_t (*gate_results)(void* context, uint32_t layer, uint32_t token, moesaic_choice* out, uint32_t room);
  /* Places a tensor; only from boot. */
  void (*place)(void* context, const moesaic_tensor* tensor);
  void (*deviate)(void* context, const moesaic_deviation* deviation);
  void (*log)(void* context, uint32_t level, const char* text, uint32_t length);
  /* This core has done its part of the layer; the layer ends when all cores have. */
  void (*layer_done)(void* context);
  /* The image gives up: the run ends with this message and exit code 1. */
  void (*fail)(void* context, const char* text, uint32_t length);
  /* Costs in control cycles, for SDK containers that charge themselves. */
  uint32_t (*cost_of)(void* context, uint32_t operation);
  /* --- appended --- */
  /* A number of the image's own: the last value of each core and name stands in the results. `name` is made
   * of lower-case letters, digits and '_'; `value` is finite. Free. */
  void (*statistic)(void* context, const char* name, const char* unit, double value);
  /* A text at the present instant, for the timeline and the log. Free. */
  void (*mark)(void* context, const char* text, uint32_t length);
  /* Number of tokens of this die in the running layer, and the tokens themselves (by place, at most `room`).
   * Agents only; `oracle` gives the scheduler those of all dies. Charged like a gate result per token. */
  uint32_t (*tokens)(void* context, moesaic_token* out, uint32_t room);
  /* The tokens of a request that are on this die leave the running layer: nothing of them has been or is
   * computed in it, and they come back in this layer of the next iteration. Agents only; every die that has
   * tokens of the request must do it in the same layer. Charged as a look-up. */
  void (*defer)(void* context, uint32_t request);
} moesaic_hal;

/* Operations that SDK algorithms charge (cost_of). */
enum moesaic_operation {
  MOESAIC_OP_LOOKUP = 0,
  MOESAIC_OP_SCAN_ITEM = 1,
  MOESAIC_OP_SORT_STEP = 2,
  MOESAIC_OP_QUEUE = 3
};

/* One object per core. Handlers run to their end; null handlers are skipped. Append only: before create the
 * program writes how much it knows into struct_size (0: up to destroy), the image how much it has filled. */
typedef struct {
  uint32_t struct_size;
  void* self;
  void (*boot)(void* self);
  void (*layer_start)(void* self, uint32_t iteration, uint32_t layer);
  void (*completion)(void* self, const moesaic_completion* entry);
  void (*message)(void* self, const moesaic_mail* mail);
  void (*mail_space)(void* self);
  void (*timer)(void* self);
  void (*destroy)(void* self);
  /* --- appended --- */
  /* Asked only when a run hangs: says, a sentence each, what this core waits for. Takes no time; functions of
   * moesaic_hal are not allowed in it. */
  void (*waits)(void* self, void* context, void (*say)(void* context, const char* text, uint32_t length));
} moesaic_core;

enum moesaic_option_type { MOESAIC_OPTION_BOOL = 0, MOESAIC_OPTION_INT = 1, MOESAIC_OPTION_NAME = 2 };
typedef struct {
  const char* name;
  uint32_t type;
  const char* default_value;
  int64_t min, max;    /* MOESAIC_OPTION_INT */
  const char* choices; /* MOESAIC_OPTION_NAME: separated by spaces */
  const char* help;
} moesaic_option;

/* What an image is. Static, constant; returned by moesaic_image_entry. */
typedef struct {
  uint32_t struct_size;
  uint32_t abi_version;
  const char* name;
  const char* summary;
  uint32_t roles; /* bit MOESAIC_AGENT, bit MOESAIC_SCHEDULER */
  uint32_t option_count;
  const moesaic_option* options;
  /* Smallest SRAM per die with which the image can run this workload, in bytes. `values` are the options'
   * values as text, in the order of `options`. */
  uint64_t (*minimum_sram)(const moesaic_core_info* info, const char* const* values);
  /* Makes the object of one core. On failure returns 0 and writes a message. */
  int (*create)(const moesaic_core_info* info, const moesaic_hal* hal, const char* const* values,
                moesaic_core* out, char* message, uint32_t message_room);
} moesaic_image;

/* The one symbol an image exports. */
#define MOESAIC_IMAGE_ENTRY "moesaic_image_entry"
typedef const moesaic_image* (*moesaic_image_entry_fn)(void);

#ifdef __cplusplus
}
#endif

#endif

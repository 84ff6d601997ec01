// SPDX-License-Identifier: Apache-2.0
// misuse: die 0 does one wrong thing at the first layer; the option `what` says which. Every one of them must
// be reported by the hardware with image, die, command tag (kTag) and time, except unsatisfiable_wait, which
// must end in the report of who waits for whom, and exception, which ends the run with its text. If nothing
// is detected the layer ends normally.
#include "firmware/sdk/image.h"
#include "firmware/lib/homes.h"
#include "firmware/lib/place_everything.h"

namespace {

using namespace moesaic::firmware;

constexpr std::uint32_t kTag = 0xBAD;
constexpr std::uint32_t kEndTag = 0xE;
constexpr std::uint16_t kReady = 1;  // die 1 has allocated its slot
constexpr std::uint16_t kNever = 2;  // nobody adds to it
constexpr std::uint32_t kRegion = 1024;

class Agent : public Core {
 public:
  Agent(Hal& hal, std::string what) : hal_(hal), what_(std::move(what)) {}
  void on_boot() override { place_everything(hal_); }

  void on_layer_start(std::uint32_t, std::uint32_t) override {
    if (hal_.node() == 1 && what_ == "no_grant") offer_slot_without_grant();
    if (hal_.node() != 0) return hal_.layer_done();
    misbehave();
    // Ends the layer when all of that is done, if it ever is.
    queue().push(fence().interrupt(kEndTag));
    queue().ring();
  }
  void on_completion(const moesaic_completion& entry) override {
    if (entry.tag == kEndTag) hal_.layer_done();
  }

 private:
  Queue& queue() { return hal_.queue(0); }

  void misbehave() {
    if (what_ == "overlap_slot") {
      queue().push(slot_allocate(0, 0, kRegion));
      queue().push(slot_allocate(1, kRegion / 2, kRegion).tag(kTag));
    } else if (what_ == "unallocated_write") {
      queue().push(load_something());
    } else if (what_ == "released_slot") {
      queue().push(slot_allocate(0, 0, kRegion));
      queue().push(slot_release(0));
      queue().push(load_something());
    } else if (what_ == "queue_overflow") {
      for (unsigned i = 0; i <= hal_.info().queue_depth; ++i)
        hal_.write(MOESAIC_REG_QUEUE_PUSH, fence().tag(kTag).part(0));
    } else if (what_ == "unsatisfiable_wait") {
      queue().push(fence().wait(kNever, 1).tag(kTag));
    } else if (what_ == "foreign_gate") {
      // The last token lives on the last die.
      hal_.gate_results(0, hal_.info().tokens - 1);
    } else if (what_ == "foreign_bus") {
      std::uint32_t word = 0;
      hal_.bus_read(sram_address(hal_.node() + 1u, 0), &word, sizeof word);
    } else if (what_ == "bad_kind") {
      queue().push(Command(static_cast<moesaic_kind>(77)).tag(kTag));
    } else if (what_ == "exception") {
      throw std::runtime_error("the image has had enough");
    } else if (what_ == "no_grant") {
      queue().push(
          send(hal_.sram(0), sram_address(1, 0), block(hal_.info().hidden)).wait(kReady, 1).tag(kTag));
    } else if (what_ == "list_unwritten") {
      use_unwritten_list();
    }
  }

  Command load_something() {
    return load(memory_address(hal_.node(), 0), hal_.sram(0), block(hal_.info().hidden)).tag(kTag);
  }

  void offer_slot_without_grant() {
    queue().push(slot_allocate(0, 0, kRegion).then_signal(0, kReady));
    queue().ring();
  }

  // An ffn on real weights and zeroed results whose list nobody has written.
  void use_unwritten_list() {
    const std::uint32_t hidden = hal_.info().hidden;
    queue().push(slot_allocate(0, 0, 16 * hidden));
    queue().push(load(memory_address(hal_.node(), 0), hal_.sram(0), block(hidden)).then_local(kReady));
    queue().push(vector_fill(4 * hidden, hidden, 1).wait(kReady, 1));
    moesaic_ffn body = ffn_of_model(hal_.info());
    body.gate_weights = body.up_weights = body.down_weights = 0;
    body.y = 4 * hidden;
    body.list = static_cast<std::uint32_t>(round_up(16 * hidden, 64));
    body.list_count = 1;
    body.f_count = 1;
    queue().push(ffn(body).accumulate().tag(kTag));
  }

  Hal& hal_;
  std::string what_;
};

struct Image {
  static constexpr const char* kName = "misuse";
  static constexpr const char* kSummary = "test image: does one wrong thing that hardware must report";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT);
  static constexpr std::array<moesaic_option, 1> kOptions = {{
      {"what", MOESAIC_OPTION_NAME, "unsatisfiable_wait", 0, 0,
       "overlap_slot unallocated_write released_slot queue_overflow unsatisfiable_wait foreign_gate "
       "foreign_bus bad_kind exception no_grant list_unwritten",
       "the wrong thing"},
  }};
  static std::uint64_t minimum_sram(const moesaic_core_info& info, const Options&) {
    return std::max<std::uint64_t>(2 * kRegion, 16 * std::uint64_t{info.hidden} + 128);
  }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    return std::make_unique<Agent>(hal, options.name("what"));
  }
};

}  // namespace

MOESAIC_IMAGE(Image)

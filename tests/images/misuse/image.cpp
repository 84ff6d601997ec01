// SPDX-License-Identifier: Apache-2.0
// misuse: die 0 does one wrong thing at the first layer; the option `what` says which. Every one of them must
// be reported with image, die, command tag (kTag) and time, except unsatisfiable_wait, which must end in the
// report of who waits for whom, exception, which ends the run with its text, and placements, which are
// refused at boot. If nothing is detected the layer ends normally.
#include "firmware/sdk/image.h"

#include <functional>
#include <map>

#include "firmware/lib/place_everything.h"

namespace {

using namespace moesaic::firmware;

constexpr std::uint32_t kTag = 0xBAD;
constexpr std::uint32_t kEndTag = 0xE;
constexpr std::uint16_t kReady = 1;  // die 1 has allocated its slot; a load is done
constexpr std::uint16_t kNever = 2;  // nobody adds to it
constexpr std::uint32_t kRegion = 1024;
constexpr std::uint32_t kFill = 65536;

class Agent : public Core {
 public:
  Agent(Hal& hal, std::string what) : hal_(hal), what_(std::move(what)) {}

  void on_boot() override {
    if (hal_.node() == 0 && what_ == "layer_done_at_boot") hal_.layer_done();
    if (hal_.node() == 0 && what_ == "place_nothing") return;
    place_everything(hal_);
    if (hal_.node() != 0) return;
    const std::uint64_t end = hal_.memory_bytes(0);
    // Rows of layer 0 that are placed already: a weight row may have copies, a token's input may not.
    if (what_ == "place_over") place(MOESAIC_GATE_WEIGHTS, memory_address(0, 0));
    if (what_ == "place_beyond") place(MOESAIC_GATE_WEIGHTS, memory_address(0, end - 1));
    if (what_ == "place_in_sram") place(MOESAIC_GATE_WEIGHTS, hal_.sram(0));
    if (what_ == "place_twice") place(MOESAIC_ACTIVATIONS, memory_address(0, end - 4096));
    if (what_ == "place_unknown_kind") place(9, memory_address(0, end - 4096));
  }

  void on_layer_start(std::uint32_t, std::uint32_t) override {
    if (hal_.node() == 1 && (what_ == "no_grant" || what_ == "foreign_grant")) offer_slot();
    if (hal_.node() != 0) return hal_.layer_done();
    misbehave();
    // Ends the layer when all of that is done, if it ever is.
    queue().push(fence().interrupt(kEndTag));
    queue().ring();
  }
  void on_completion(const moesaic_completion& entry) override {
    if (entry.tag != kEndTag) return;
    if (what_ == "layer_done_early") {
      push(store(hal_.sram(0), scratch(), block(row())));
      queue().ring();
      hal_.charge(10);  // it has been issued, and takes longer
    }
    hal_.layer_done();
  }

 private:
  Queue& queue() { return hal_.queue(0); }
  void push(Command command) { queue().push(command.tag(kTag)); }
  std::uint32_t row() const { return hal_.info().hidden; }
  std::uint32_t sram_bytes() const { return hal_.info().sram_bytes; }

  void misbehave() {
    const std::map<std::string, std::function<void()>> deeds = {
        // slots
        {"overlap_slot",
         [&] {
           queue().push(slot_allocate(0, 0, kRegion));
           push(slot_allocate(1, kRegion / 2, kRegion));
         }},
        {"slot_granted_to_nobody", [&] { push(slot_allocate(0, 0, kRegion, hal_.info().nodes)); }},
        {"slot_beyond", [&] { push(slot_allocate(0, sram_bytes() - 1, 2)); }},
        {"unallocated_write", [&] { push(load_row()); }},
        {"released_slot",
         [&] {
           queue().push(slot_allocate(0, 0, kRegion));
           queue().push(slot_release(0));
           push(load_row());
         }},
        {"double_release",
         [&] {
           queue().push(slot_allocate(0, 0, kRegion));
           queue().push(slot_release(0));
           push(slot_release(0));
         }},
        {"release_in_use", [&] { release_while_filling(); }},
        {"read_after_release",
         [&] {
           prepare_row();
           queue().push(slot_release(0));
           push(store(hal_.sram(0), scratch(), block(row())));
         }},
        {"no_grant", [&] { send_to_die_1(); }},
        {"foreign_grant", [&] { send_to_die_1(); }},
        // queues, events, mail
        {"queue_overflow",
         [&] {
           for (unsigned i = 0; i <= hal_.info().queue_depth; ++i)
             hal_.write(MOESAIC_REG_QUEUE_PUSH, fence().tag(kTag).part(0));
         }},
        {"doorbell", [&] { hal_.write<std::uint32_t>(MOESAIC_REG_QUEUE_DOORBELL, 3); }},
        {"no_such_queue",
         [&] {
           hal_.write(MOESAIC_REG_QUEUE_PUSH + 64 * hal_.info().command_queues, fence().tag(kTag).part(0));
         }},
        {"unsatisfiable_wait", [&] { push(fence().wait(kNever, 1)); }},
        {"no_such_event", [&] { push(fence().then_local(static_cast<std::uint16_t>(hal_.info().events))); }},
        {"event_overflow",
         [&] {
           hal_.set_event(kNever, 0xFFFF'FFFE);
           push(fence().then_local(kNever, 2));
         }},
        {"mail_to_nowhere", [&] { mail_to(hal_.info().nodes, MOESAIC_AGENT); }},
        {"mail_to_no_scheduler", [&] { mail_to(1, MOESAIC_SCHEDULER); }},
        // descriptors and operands
        {"bad_kind", [&] { push(Command(static_cast<moesaic_kind>(77))); }},
        {"bad_priority", [&] { push(load_row().priority(8)); }},
        {"lone_continuation",
         [&] {
           Command command = multicast(hal_.sram(0), 0b10, 0, block(row())).tag(kTag);
           hal_.write(MOESAIC_REG_QUEUE_PUSH, command.part(0));
           hal_.write<std::uint32_t>(MOESAIC_REG_QUEUE_DOORBELL, 1);
         }},
        {"multicast_to_self", [&] { push(multicast(hal_.sram(0), 0b11, 0, block(row()))); }},
        {"multicast_to_nowhere",
         [&] { push(multicast(hal_.sram(0), std::uint64_t{1} << hal_.info().nodes, 0, block(row()))); }},
        {"operand_beyond",
         [&] {
           moesaic_ffn body = ffn_of_model(hal_.info());
           body.f_count = 1;
           body.down_weights = sram_bytes() - row() + 1;
           body.list_count = 1;
           push(ffn(body));
         }},
        {"list_beyond_sram",
         [&] {
           hal_.write_list(kRegion, {{0, 0, 65535, kGateOne, 0}});
           queue().push(slot_allocate(0, 0, kRegion));
           push(load(memory_address(0, 0), hal_.sram(0), listed(row(), 1, kRegion)));
         }},
        {"list_unwritten", [&] { use_unwritten_list(); }},
        {"unwritten_bytes",
         [&] {
           queue().push(slot_allocate(0, 0, kRegion));
           push(vector_add(0, 512, 4, 1));
         }},
        {"unwritten_sum",
         [&] {
           queue().push(slot_allocate(0, 0, kRegion));
           queue().push(vector_fill(0, 4, 1).then_local(kReady));
           push(vector_add(0, 512, 4, 1).wait(kReady, 1));
         }},
        {"store_beyond",
         [&] {
           prepare_row();
           push(store(hal_.sram(0), memory_address(0, hal_.memory_bytes(0) - row() + 1), block(row())));
         }},
        {"store_over_weights",
         [&] {
           prepare_row();
           push(store(hal_.sram(0), memory_address(0, 0), block(row())));
         }},
        // the core and the program
        {"foreign_gate", [&] { hal_.gate_results(0, hal_.info().tokens - 1); }},  // lives on the last die
        {"foreign_bus",
         [&] {
           std::uint32_t word = 0;
           hal_.bus_read(sram_address(hal_.node() + 1u, 0), &word, sizeof word);
         }},
        {"core_beyond_sram",
         [&] {
           const std::uint64_t word = 0;
           hal_.bus_write(hal_.sram(sram_bytes() - 4), &word, sizeof word);
         }},
        {"no_such_register", [&] { hal_.read<std::uint32_t>(0x00C); }},
        {"exception", [&] { throw std::runtime_error("the image has had enough"); }},
        {"late_place", [&] { place(MOESAIC_GATE_WEIGHTS, memory_address(0, hal_.memory_bytes(0) - 4096)); }},
        {"unknown_deviation",
         [&] {
           hal_.deviate({7, 0, 0, 0, 0});
         }},
        {"layer_done_twice",
         [&] {
           hal_.layer_done();
           hal_.layer_done();
         }},
        {"layer_done_early", [&] { prepare_row(); }},  // and then on_completion
    };
    const auto deed = deeds.find(what_);
    if (deed != deeds.end()) deed->second();
  }

  // Memory that no tensor uses.
  std::uint64_t scratch() const { return memory_address(0, hal_.memory_bytes(0) / 2); }

  void place(unsigned kind, std::uint64_t address) {
    hal_.place({static_cast<std::uint16_t>(kind), 0, 0, 0, 0, 1, address});
  }
  Command load_row() { return load(memory_address(hal_.node(), 0), hal_.sram(0), block(row())); }
  // One row in slot 0, and what follows in the queue waits for it.
  void prepare_row() {
    queue().push(slot_allocate(0, 0, kRegion));
    queue().push(load_row().then_local(kReady));
    queue().push(fence().wait(kReady, 1));
  }
  // A fill of 256 cycles, released after about a quarter of them.
  void release_while_filling() {
    queue().push(slot_allocate(0, 0, kFill));
    queue().push(vector_fill(0, kFill / 4, 1));
    queue().ring();
    hal_.charge(20);
    push(slot_release(0));
  }

  void mail_to(unsigned node, moesaic_role role) {
    moesaic_mail mail{};
    mail.kind = 3;
    mail.node = static_cast<std::uint16_t>(node);
    mail.context = static_cast<std::uint8_t>(role);
    hal_.try_send(mail);
  }

  void send_to_die_1() {
    const std::vector<std::uint8_t> bytes(row(), 1);
    hal_.bus_write(hal_.sram(0), bytes.data(), row());
    push(send(hal_.sram(0), sram_address(1, 0), block(row())).wait(kReady, 1));
  }
  void offer_slot() {
    const auto granted = static_cast<std::uint16_t>(what_ == "no_grant" ? MOESAIC_NO_NODE : 2);
    queue().push(slot_allocate(0, 0, kRegion, granted).then_signal(0, kReady));
    queue().ring();
  }

  // An ffn on real weights and zeroed results whose list nobody has written.
  void use_unwritten_list() {
    queue().push(slot_allocate(0, 0, 16 * row()));
    queue().push(load_row().then_local(kReady));
    queue().push(vector_fill(4 * row(), row(), 1).wait(kReady, 1));
    moesaic_ffn body = ffn_of_model(hal_.info());
    body.gate_weights = body.up_weights = body.down_weights = 0;
    body.y = 4 * row();
    body.list = static_cast<std::uint32_t>(round_up(16 * row(), 64));
    body.list_count = 1;
    body.f_count = 1;
    push(ffn(body).accumulate());
  }

  Hal& hal_;
  std::string what_;
};

struct Image {
  static constexpr const char* kName = "misuse";
  static constexpr const char* kSummary = "test image: does one wrong thing that must be reported";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT);
  static constexpr std::array<moesaic_option, 1> kOptions = {{
      {"what", MOESAIC_OPTION_NAME, "unsatisfiable_wait", 0, 0,
       "overlap_slot slot_beyond slot_granted_to_nobody unallocated_write released_slot double_release "
       "release_in_use "
       "read_after_release no_grant foreign_grant queue_overflow doorbell no_such_queue unsatisfiable_wait "
       "no_such_event event_overflow mail_to_nowhere mail_to_no_scheduler bad_kind bad_priority "
       "lone_continuation multicast_to_self multicast_to_nowhere operand_beyond list_beyond_sram "
       "list_unwritten unwritten_bytes unwritten_sum store_beyond store_over_weights foreign_gate "
       "foreign_bus "
       "core_beyond_sram no_such_register exception late_place unknown_deviation layer_done_twice "
       "layer_done_early layer_done_at_boot place_nothing place_over place_beyond place_in_sram place_twice "
       "place_unknown_kind",
       "the wrong thing"},
  }};
  static std::uint64_t minimum_sram(const moesaic_core_info& info, const Options&) {
    return std::max<std::uint64_t>(kFill, 16 * std::uint64_t{info.hidden} + 128);
  }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    return std::make_unique<Agent>(hal, options.name("what"));
  }
};

}  // namespace

MOESAIC_IMAGE(Image)

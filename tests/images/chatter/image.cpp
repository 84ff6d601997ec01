// SPDX-License-Identifier: Apache-2.0
// chatter: nothing but control. In every layer the scheduler greets all agents, they answer, it counts the
// answers, waits some cycles on its timer, sends them home and is done itself. Tests mailboxes, the timer and
// both roles. Computes nothing.
#include <cstring>

#include "firmware/lib/outbox.h"
#include "firmware/lib/place_everything.h"
#include "firmware/sdk/image.h"

namespace {

using namespace moesaic::firmware;

enum Kind : std::uint16_t { kGreeting = 1, kAnswer = 2, kHome = 3 };

moesaic_mail letter(Kind kind, std::uint16_t node, moesaic_role role, std::uint32_t number) {
  moesaic_mail mail{};
  mail.kind = kind;
  mail.node = node;
  mail.context = static_cast<std::uint8_t>(role);
  std::memcpy(mail.body, &number, sizeof number);
  return mail;
}

std::uint32_t number_in(const moesaic_mail& mail) {
  std::uint32_t number = 0;
  std::memcpy(&number, mail.body, sizeof number);
  return number;
}

class Scheduler : public Core {
 public:
  Scheduler(Hal& hal, std::uint64_t pause, std::uint32_t rounds)
      : hal_(hal), outbox_(hal), pause_(pause), rounds_(rounds) {}

  void on_layer_start(std::uint32_t, std::uint32_t) override {
    round_ = 0;
    greet();
  }
  void on_message(const moesaic_mail& mail) override {
    if (mail.kind != kAnswer || number_in(mail) != mail.source_node + round_)
      throw std::runtime_error("an agent gave a wrong answer");
    if (++answers_ < hal_.info().nodes) return;
    if (++round_ < rounds_) {
      greet();
    } else {
      hal_.set_timer(hal_.cycle() + pause_);
    }
  }
  void on_timer() override {
    to_all(kHome);
    hal_.layer_done();
  }
  void on_mail_space() override { outbox_.pump(); }

 private:
  void greet() {
    answers_ = 0;
    to_all(kGreeting);
  }
  void to_all(Kind kind) {
    for (std::uint16_t n = 0; n < hal_.info().nodes; ++n)
      outbox_.send(letter(kind, n, MOESAIC_AGENT, round_));
  }

  Hal& hal_;
  Outbox outbox_;
  std::uint64_t pause_;
  std::uint32_t rounds_;
  std::uint32_t round_ = 0, answers_ = 0;
};

class Agent : public Core {
 public:
  explicit Agent(Hal& hal) : hal_(hal), outbox_(hal) {}
  void on_boot() override { place_everything(hal_); }
  void on_message(const moesaic_mail& mail) override {
    if (mail.kind == kHome) {
      hal_.layer_done();
    } else {
      outbox_.send(letter(kAnswer, mail.source_node, MOESAIC_SCHEDULER, hal_.node() + number_in(mail)));
    }
  }
  void on_mail_space() override { outbox_.pump(); }

 private:
  Hal& hal_;
  Outbox outbox_;
};

struct Image {
  static constexpr const char* kName = "chatter";
  static constexpr const char* kSummary = "test image: scheduler and agents exchange messages, nothing else";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT) | role_bit(MOESAIC_SCHEDULER);
  static constexpr std::array<moesaic_option, 2> kOptions = {{
      {"pause", MOESAIC_OPTION_INT, "1000", 1, 1000000000, nullptr, "control cycles on the timer"},
      {"rounds", MOESAIC_OPTION_INT, "1", 1, 1000000, nullptr, "greetings per layer"},
  }};
  static std::uint64_t minimum_sram(const moesaic_core_info&, const Options&) { return 0; }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    if (hal.info().role == MOESAIC_AGENT) return std::make_unique<Agent>(hal);
    return std::make_unique<Scheduler>(hal, static_cast<std::uint64_t>(options.integer("pause")),
                                       static_cast<std::uint32_t>(options.integer("rounds")));
  }
};

}  // namespace

MOESAIC_IMAGE(Image)

// SPDX-License-Identifier: Apache-2.0
#include "sc_main/sweep/store.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "sc_main/config/problems.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

constexpr std::int64_t kApplication = 0x4D6F4561;  // "MoEa": marks our files
constexpr std::int64_t kSchema = 1;

constexpr const char* kTable = R"(
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS runs (
  key TEXT PRIMARY KEY, status TEXT NOT NULL, label TEXT NOT NULL, experiment TEXT NOT NULL, package TEXT NOT NULL,
  model TEXT NOT NULL, image TEXT NOT NULL, version TEXT NOT NULL, tokens INTEGER NOT NULL, layers INTEGER NOT NULL,
  iterations INTEGER NOT NULL, seed INTEGER NOT NULL, makespan_fs INTEGER NOT NULL, tokens_per_s REAL NOT NULL,
  distance_to_bound REAL NOT NULL, wall_s REAL NOT NULL, said TEXT NOT NULL, configuration TEXT NOT NULL,
  results TEXT NOT NULL);
PRAGMA application_id = 1299137889;
PRAGMA user_version = 1;
COMMIT;
)";
static_assert(kApplication == 1299137889 && kSchema == 1, "the same numbers as in the text");

constexpr const char* kColumns =
    "key, status, label, experiment, package, model, image, version, tokens, layers, iterations, seed, "
    "makespan_fs, "
    "tokens_per_s, distance_to_bound, wall_s, said, configuration, results";

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what,
                         const std::string& remedy) {
  throw UserError(fmt::format("{}: error: {}\n  {}", shown_path(file), what, remedy));
}

}  // namespace

/// A prepared statement; finalised at its end.
struct Store::Statement {
  Statement(const Store& from, const std::string& sql) : store(from) {
    check(sqlite3_prepare_v2(store.db_, sql.c_str(), -1, &handle, nullptr));
  }
  ~Statement() { sqlite3_finalize(handle); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void check(int code) const {
    if (code != SQLITE_OK) store.fail(code);
  }
  /// True: there is a row.
  bool step() {
    const int code = sqlite3_step(handle);
    if (code != SQLITE_ROW && code != SQLITE_DONE) store.fail(code);
    return code == SQLITE_ROW;
  }
  void bind(const std::string& text) {
    check(sqlite3_bind_text(handle, ++bound, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT));
  }
  void bind(std::uint64_t value) {
    check(sqlite3_bind_int64(handle, ++bound, static_cast<sqlite3_int64>(value)));
  }
  void bind(double value) { check(sqlite3_bind_double(handle, ++bound, value)); }
  std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle, column));
    return bytes == nullptr
               ? ""
               : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle, column)));
  }
  std::uint64_t integer(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(handle, column));
  }
  double real(int column) const { return sqlite3_column_double(handle, column); }
  StoredRun run() const {
    StoredRun r;
    r.key = text(0);
    r.status = text(1);
    r.label = text(2);
    r.experiment = text(3);
    r.package = text(4);
    r.model = text(5);
    r.image = text(6);
    r.version = text(7);
    r.tokens = integer(8);
    r.layers = integer(9);
    r.iterations = integer(10);
    r.seed = integer(11);
    r.makespan_fs = integer(12);
    r.tokens_per_s = real(13);
    r.distance_to_bound = real(14);
    r.wall_s = real(15);
    r.said = text(16);
    r.configuration = text(17);
    r.results = text(18);
    return r;
  }

  const Store& store;
  sqlite3_stmt* handle = nullptr;
  int bound = 0;
};

Store::Store(const std::filesystem::path& file, int patience_ms) : file_(file), patience_ms_(patience_ms) {
  std::error_code ignored;
  if (file_.has_parent_path()) std::filesystem::create_directories(file_.parent_path(), ignored);
  const int code = sqlite3_open_v2(file_.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  try {
    if (code != SQLITE_OK) fail(code);
    sqlite3_busy_timeout(db_, patience_ms_);
    make_or_check();
  } catch (...) {
    sqlite3_close(db_);
    throw;
  }
}

Store::~Store() {
  sqlite3_close(db_);
}

void Store::make_or_check() {
  const std::int64_t application = pragma("application_id");
  Statement tables(*this, "SELECT count(*) FROM sqlite_master");
  tables.step();
  if (application == 0 && tables.integer(0) == 0) return execute(kTable);
  if (application != kApplication)
    throw UserError(
        fmt::format("{}: error: this is a database of another program\n  choose another file with --store",
                    shown_path(file_)));
  if (const std::int64_t schema = pragma("user_version"); schema != kSchema)
    throw UserError(
        fmt::format("{}: error: this store has version {}, the program reads {}\n  move it away, or choose "
                    "another file with --store",
                    shown_path(file_), schema, kSchema));
}

std::int64_t Store::pragma(const char* name) const {
  Statement statement(*this, fmt::format("PRAGMA {}", name));
  return statement.step() ? static_cast<std::int64_t>(statement.integer(0)) : 0;
}

void Store::execute(const char* sql) const {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return;
  const int reason = sqlite3_extended_errcode(db_);
  sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  fail(reason);
}

void Store::fail(int code) const {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      refuse(file_, fmt::format("another process has locked the store for {} ms", patience_ms_),
             "end that process, or choose another file with --store");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      refuse(file_, "this is not a store, or it is damaged",
             "move it away: a new one is made, and its runs are repeated");
    case SQLITE_FULL:
    case SQLITE_IOERR:
      refuse(file_, "it cannot be written or read: the disk is full, or fails",
             "make room and start again: what is in the store is not repeated");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      refuse(file_, "the store cannot be opened for writing", "check the folder and its permissions");
    default:
      refuse(file_, fmt::format("the store cannot be used: {}", sqlite3_errstr(code)),
             "check the disk, and start again");
  }
}

std::optional<StoredRun> Store::find(const std::string& key) const {
  Statement statement(*this, fmt::format("SELECT {} FROM runs WHERE key = ?", kColumns));
  statement.bind(key);
  if (!statement.step()) return std::nullopt;
  return statement.run();
}

void Store::put(const StoredRun& run) {
  Statement statement(
      *this, fmt::format("INSERT OR REPLACE INTO runs ({}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                         kColumns));
  for (const std::string* text : {&run.key, &run.status, &run.label, &run.experiment, &run.package,
                                  &run.model, &run.image, &run.version})
    statement.bind(*text);
  for (const std::uint64_t number : {run.tokens, run.layers, run.iterations, run.seed, run.makespan_fs})
    statement.bind(number);
  for (const double number : {run.tokens_per_s, run.distance_to_bound, run.wall_s}) statement.bind(number);
  for (const std::string* text : {&run.said, &run.configuration, &run.results}) statement.bind(*text);
  statement.step();
}

std::vector<StoredRun> Store::list() const {
  Statement statement(
      *this,
      "SELECT key, status, label, experiment, package, model, image, version, tokens, layers, iterations, "
      "seed, makespan_fs, tokens_per_s, distance_to_bound, wall_s, said, '', '' FROM runs ORDER BY rowid");
  std::vector<StoredRun> runs;
  while (statement.step()) runs.push_back(statement.run());
  return runs;
}

}  // namespace moesaic

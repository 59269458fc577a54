#include "reports.h"

#include <dlfcn.h>

#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <tuple>
#include <vector>

#include "block.h"

namespace lacuna::emulator {

namespace {

// Faults by kind and source lines, with their texts in the order of arrival.
class Reports {
 public:
  bool contains(const Finding& finding) const { return faults_.count(key_of(finding)) != 0; }
  void add(const Finding& finding, const std::string& text) {
    if (faults_.insert(key_of(finding)).second) texts_.push_back(text);
  }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  static Key key_of(const Finding& finding) {
    return {finding.kind, source_of(finding.place), source_of(finding.other)};
  }

  std::set<Key> faults_;
  std::vector<std::string> texts_;
};

Reports of_launch;
Reports since_clear;

std::string quoted(const std::string& path) {
  std::string text = "'";
  for (const char c : path) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// binutils reads what -g1 left in the file that the code was loaded from.
std::string ask_addr2line(const char* file, uintptr_t offset) {
  std::ostringstream command;
  command << "addr2line -i -e " << quoted(file) << " 0x" << std::hex << offset << " 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.str().c_str(), "r"), pclose);
  std::vector<std::string> lines;
  char buffer[4096];
  while (pipe != nullptr && std::fgets(buffer, sizeof(buffer), pipe.get()) != nullptr) {
    std::string line = buffer;
    line.resize(line.find_first_of("\n ("));
    if (line.front() == '?') return {};
    const size_t folder =
        line.rfind("kernels/include/") != line.npos ? line.rfind("kernels/include/") : line.rfind("kernels/");
    lines.push_back(folder == line.npos ? line : line.substr(folder));
  }
  std::string text;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) text += (text.empty() ? "" : " > ") + *line;
  return text;
}

}  // namespace

const std::string& source_of(const void* place) {
  static std::map<const void*, std::string> known;
  std::string& text = known[place];
  Dl_info info;
  if (!text.empty() || place == nullptr || dladdr(place, &info) == 0) return text;
  const uintptr_t offset = reinterpret_cast<uintptr_t>(place) - 1 - reinterpret_cast<uintptr_t>(info.dli_fbase);
  text = ask_addr2line(info.dli_fname, offset);
  if (text.empty()) {
    std::ostringstream plain;
    plain << info.dli_fname << "+0x" << std::hex << offset;
    text = plain.str();
  }
  return text;
}

bool is_new(const Finding& finding) { return !of_launch.contains(finding); }

void add_report(const Finding& finding, const std::string& text) {
  of_launch.add(finding, text);
  since_clear.add(finding, text);
}

void begin_launch_reports() { of_launch = {}; }

std::string launch_reports() {
  std::string text;
  for (const std::string& report : of_launch.texts()) text += (text.empty() ? "" : "\n") + report;
  return text;
}

std::vector<std::string> check_reports() { return since_clear.texts(); }
void clear_reports() { since_clear = {}; }

}  // namespace lacuna::emulator

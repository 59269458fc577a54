// Makes seeded mutants of kernels and launchers: copies of a source with one small mistake each.
//
//   mutate SEED COUNT FOLDER SOURCE...
//
// writes FOLDER/<number>/<file name> and FOLDER/index.tsv with a line for each mutant: number, source, line, operator,
// the line as it was, the line as it is. Mistakes of every kind are spread over all sources: a kind and a source are
// drawn by turns, then a place among those where the mistake can be made.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

// A kind of mistake: what it looks for in a line of code and what it makes of it ($1 is the first group). Where
// `within` is given, only lines that match it count.
struct Mistake {
  const char* name;
  const char* pattern;
  const char* replacement;
  const char* within = "";
};

constexpr Mistake kKernelMistakes[] = {
    {"dropped-barrier", R"((lacuna::)?\bbarrier\(\);)", ";"},
    {"dropped-warp-barrier", R"((lacuna::)?warp_barrier\(\);)", ";"},
    {"dropped-wait", R"((lacuna::)?copy_async_wait<\d+>\(\);)", ";"},
    {"wait-too-short", R"(copy_async_wait<0>)", "copy_async_wait<1>"},
    {"bound-one-too-far", R"(([a-z_)\]]) < ([a-z]))", "$1 <= $2", R"(\b(if|for|while)\b|\?|return)"},
    {"bound-one-too-near", R"( < ([a-z][a-z_.]*)\b(?!\())", " < $1 - 1", R"(\b(if|for|while)\b|\?|return)"},
    {"comparison-turned", R"(([a-z_\])]) > ([a-z0-9]))", "$1 < $2", R"(\bif\b|\?)"},
    {"condition-negated", R"(\bif \(([a-zA-Z_.]+)\))", "if (!$1)"},
    {"negation-dropped", R"(\bif \(!([a-zA-Z_.]+)\))", "if ($1)"},
    {"swapped-fragment", R"(\[2\])", "[1]", R"(fragment|mma|matri|\bin?put|[abc]\[)"},
    {"fragment-not-transposed", R"(load_matrices_transposed\()", "load_matrices("},
    {"sign-turned", R"(([a-z_\])]) \+ ([a-z(]))", "$1 - $2", R"(=|\()"},
    {"sign-turned-back", R"(([a-z_\])]) - ([a-z(]))", "$1 + $2", R"(=|\()"},
    {"factor-dropped", R"(([a-z_\])]) \* ([a-z_]+)\b(?![(\[.<:]))", "$1", R"(=)"},
    {"start-not-zero", R"(= 0\.0f;)", "= 1.0f;"},
    {"sum-overwritten", R"( \+= )", " = "},
    {"rows-for-columns", R"(\brow0\b)", "col0", R"([(,])"},
    {"accumulation-ignored", R"(\bacc(umulate)?_?[a-z]* (==|!=) 0)", "false"},
    {"wrong-quad", R"(\.z\b)", ".y"},
    {"lanes-left-out", R"(kWarp / 2)", "kWarp / 4"},
};

constexpr Mistake kLauncherMistakes[] = {
    {"grid-too-small", R"(ceil_div\(([^(),]+), ([^(),]+)\))", "($1 / $2)"},
    {"one-block-too-few", R"(\(ctx, ([a-z_.]+), )", "(ctx, $1 - 1, "},
    {"launch-dropped", R"(if \(!status\) status = k\w+\(.*\);)", ";"},
    {"stride-for-another", R"(args\.ld_\w+)", "args.ld_wrong"},
    {"workspace-halved", R"(return (.+);)", "return ($1) / 2;", R"(bytes|saturated)"},
    {"wrong-size", R"(\bargs\.([nscdkhwbp])\b)", "args.other"},
    {"check-dropped", R"(\bif \((.*)\) return ctx\.fail)", "if (false) return ctx.fail"},
    {"code-not-passed", R"(args\.acc_\w+)", "0"},
};

struct Source {
  std::filesystem::path path;
  std::vector<std::string> lines;
};

bool is_code(const std::string& line) {
  const size_t first = line.find_first_not_of(' ');
  return first != std::string::npos && line[first] != '#' && line.compare(first, 2, "//") != 0 &&
         line.find("static_assert") == std::string::npos && line.find("constexpr") == std::string::npos &&
         line.find("template") == std::string::npos;
}

// The first of the other members of args that the source names with the same beginning: ld_x for ld_y, n for d.
std::string another(const Source& source, const std::string& name) {
  const bool stride = name.rfind("ld_", 0) == 0;
  const std::regex members(stride ? R"(args\.(ld_\w+))" : R"(args\.([nscdkhwbp])\b)");
  std::set<std::string> names;
  for (const std::string& line : source.lines) {
    for (std::sregex_iterator it(line.begin(), line.end(), members), end; it != end; ++it) names.insert((*it)[1]);
  }
  names.erase(name);
  return names.empty() ? std::string() : *names.begin();
}

// The line with the mistake made at its `nth` match; empty where there is none.
std::string mistaken(const Source& source, const std::string& line, const Mistake& mistake, int nth) {
  if (*mistake.within && !std::regex_search(line, std::regex(mistake.within))) return "";
  const std::regex pattern(mistake.pattern);
  const size_t comment = std::min(line.find("//"), line.size());
  for (std::sregex_iterator it(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(comment), pattern), end;
       it != end; ++it, --nth) {
    if (nth != 0) continue;
    std::string replacement = it->format(mistake.replacement);
    for (const char* unknown : {"args.ld_wrong", "args.other"}) {
      if (replacement != unknown) continue;
      const std::string name = another(source, it->str().substr(5));
      if (name.empty()) return "";
      replacement = "args." + name;
    }
    return line.substr(0, static_cast<size_t>(it->position())) + replacement +
           line.substr(static_cast<size_t>(it->position() + it->length()));
  }
  return "";
}

struct Place {
  const Source* source;
  size_t line;
  std::string text;
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) {
    std::cerr << "usage: mutate SEED COUNT FOLDER SOURCE...\n";
    return 2;
  }
  std::mt19937 random(static_cast<unsigned>(std::stoul(arguments[1])));
  const size_t wanted = std::stoul(arguments[2]);
  const std::filesystem::path folder = arguments[3];
  std::vector<Source> sources;
  for (int i = 4; i < count; ++i) {
    Source source{arguments[i], {}};
    std::ifstream file(source.path);
    if (!file) {
      std::cerr << "mutate: cannot read " << source.path << '\n';
      return 2;
    }
    for (std::string line; std::getline(file, line);) source.lines.push_back(line);
    sources.push_back(std::move(source));
  }

  // A bag of places for every kind of mistake and source, each in random order.
  struct Bag {
    const char* mistake;
    std::vector<Place> places;
  };
  std::vector<Bag> bags;
  for (const Source& source : sources) {
    const bool launcher = source.path.extension() == ".cpp";
    const auto add = [&](const Mistake& mistake) {
      Bag bag{mistake.name, {}};
      for (size_t i = 0; i < source.lines.size(); ++i) {
        if (!is_code(source.lines[i])) continue;
        for (int nth = 0;; ++nth) {
          std::string text = mistaken(source, source.lines[i], mistake, nth);
          if (text.empty()) break;
          if (text != source.lines[i]) bag.places.push_back({&source, i, std::move(text)});
        }
      }
      std::shuffle(bag.places.begin(), bag.places.end(), random);
      if (!bag.places.empty()) bags.push_back(std::move(bag));
    };
    if (launcher) {
      std::for_each(std::begin(kLauncherMistakes), std::end(kLauncherMistakes), add);
    } else {
      std::for_each(std::begin(kKernelMistakes), std::end(kKernelMistakes), add);
    }
  }
  std::shuffle(bags.begin(), bags.end(), random);

  std::filesystem::create_directories(folder);
  std::ofstream index(folder / "index.tsv");
  size_t made = 0;
  std::map<std::string, size_t> by_mistake;
  while (made < wanted) {
    // The kind that was made least often so far, so that rare mistakes come up too.
    const auto bag = std::min_element(bags.begin(), bags.end(), [&](const Bag& a, const Bag& b) {
      const auto rank = [&](const Bag& x) { return x.places.empty() ? wanted + 1 : by_mistake[x.mistake]; };
      return rank(a) < rank(b);
    });
    if (bag == bags.end() || bag->places.empty()) break;
    const Place place = bag->places.back();
    bag->places.pop_back();
    ++by_mistake[bag->mistake];
    const std::filesystem::path own = folder / std::to_string(made);
    std::filesystem::create_directories(own);
    std::ofstream file(own / place.source->path.filename());
    for (size_t i = 0; i < place.source->lines.size(); ++i) {
      file << (i == place.line ? place.text : place.source->lines[i]) << '\n';
    }
    index << made++ << '\t' << place.source->path.string() << '\t' << place.line + 1 << '\t' << bag->mistake << '\t'
          << place.source->lines[place.line] << '\t' << place.text << '\n';
    std::rotate(bag, bag + 1, bags.end());  // the next of this kind comes from another source
  }
  std::cout << made << " mutants of " << sources.size() << " sources in " << folder.string() << '\n';
}

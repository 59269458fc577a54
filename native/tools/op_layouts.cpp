// Prints OpLayouts.java from the op table. The build compares its output with the checked-in file.
#include <cctype>
#include <cstdio>
#include <string>

#include "lacuna/lacuna_ops.h"

namespace {

std::string camel(const std::string& snake) {
  std::string out;
  bool upper = true;
  for (char c : snake) {
    if (c == '_') {
      upper = true;
    } else {
      out += upper ? static_cast<char>(std::toupper(c)) : c;
      upper = false;
    }
  }
  return out;
}

std::string constant(const std::string& snake) {
  std::string out;
  for (char c : snake) out += static_cast<char>(std::toupper(c));
  return out;
}

void index_of(const char* name, int& index) {
  std::printf("    public static final int %s = %d;\n", constant(name).c_str(), index++);
}

}  // namespace

#define INDEX(name) index_of(#name, index);
#define INDEX_TENSOR(kind, dtype, name, rows, cols, stride) index_of(#name, index);
#define SIZE(name) std::printf(",\n            OpField.size(\"%s\")", #name);
#define STRIDE(name) std::printf(",\n            OpField.stride(\"%s\")", #name);
#define CODE(name) std::printf(",\n            OpField.code(\"%s\")", #name);
#define REAL(name) std::printf(",\n            OpField.real(\"%s\")", #name);
#define TENSOR(kind, dtype, name, rows, cols, stride)                                                                 \
  std::printf(",\n            OpField.tensor(FieldKind.%s, DType.%s, \"%s\", \"%s\", \"%s\", \"%s\")", #kind, #dtype, \
              #name, #rows, #cols, #stride);

#define LAYOUT(id, op)                                                                                         \
  {                                                                                                            \
    int index = 0;                                                                                             \
    std::printf("\n  /** Fields of {@code %s}, by index. */\n", #op);                                          \
    std::printf("  public static final class %s {\n", camel(#op).c_str());                                     \
    LACUNA_FIELDS_##op(INDEX, INDEX, INDEX, INDEX, INDEX_TENSOR)                                               \
        std::printf("\n    public static final OpLayout OP =\n        new OpLayout(\n");                       \
    std::printf("            \"%s\",\n            %d,\n            %zu", #op, id, sizeof(lacuna_##op##_args)); \
    LACUNA_FIELDS_##op(SIZE, STRIDE, CODE, REAL, TENSOR)                                                       \
        std::printf(");\n\n    private %s() {}\n  }\n", camel(#op).c_str());                                   \
  }

#define LISTED(id, op) std::printf("%s          %s.OP", id == 0 ? "" : ",\n", camel(#op).c_str());

int main() {
  std::printf(
      "package dev.lacuna.spi;\n\nimport dev.lacuna.DType;\nimport java.util.List;\n\n"
      "/**\n * The op table of {@code lacuna_ops.h}, written by {@code native/tools/op_layouts.cpp}: do not edit.\n "
      "*/\n"
      "public final class OpLayouts {\n"
      "  /** A library of another major version cannot be used. */\n"
      "  public static final int ABI_MAJOR = %d;\n\n"
      "  /** A library of a smaller minor version lacks ops or fields. */\n"
      "  public static final int ABI_MINOR = %d;\n",
      LACUNA_ABI_MAJOR, LACUNA_ABI_MINOR);
  LACUNA_OPS(LAYOUT)
  std::printf("\n  /** All ops, ascending by id. */\n  public static final List<OpLayout> ALL =\n      List.of(\n");
  LACUNA_OPS(LISTED)
  std::printf(");\n\n  private OpLayouts() {}\n}\n");
  return 0;
}

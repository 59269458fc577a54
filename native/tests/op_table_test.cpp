#include <cstddef>
#include <string>
#include <vector>

#include "test_util.h"

namespace lacuna::test {
namespace {

// The layout as the compiler has it, expanded here a second time and without the library's help.
struct Field {
  std::string name;
  size_t offset;
};
#define LACUNA_FIELD(name) {#name, offsetof(Args, name)},
#define LACUNA_TENSOR_FIELD(kind, dtype, name, rows, cols, stride) LACUNA_FIELD(name)
#define LACUNA_LAYOUT(id, op)                                                                                 \
  {                                                                                                           \
    using Args = lacuna_##op##_args;                                                                          \
    layouts.push_back(                                                                                        \
        {#op,                                                                                                 \
         sizeof(Args),                                                                                        \
         {LACUNA_FIELDS_##op(LACUNA_FIELD, LACUNA_FIELD, LACUNA_FIELD, LACUNA_FIELD, LACUNA_TENSOR_FIELD)}}); \
  }
struct Layout {
  std::string name;
  size_t size;
  std::vector<Field> fields;
};
std::vector<Layout> compiled_layouts() {
  std::vector<Layout> layouts;
  LACUNA_OPS(LACUNA_LAYOUT)
  return layouts;
}

TEST(OpTable, describes_the_structs_as_compiled) {
  const std::vector<Layout> layouts = compiled_layouts();
  ASSERT_EQ(static_cast<int32_t>(layouts.size()), lacuna_op_count());
  const lacuna_op_info* table = lacuna_op_table();
  for (size_t op = 0; op < layouts.size(); ++op) {
    const Layout& layout = layouts[op];
    EXPECT_EQ(static_cast<int32_t>(op), table[op].id);
    EXPECT_EQ(layout.name, table[op].name);
    EXPECT_EQ(layout.size, static_cast<size_t>(table[op].struct_size)) << layout.name;
    ASSERT_EQ(layout.fields.size(), static_cast<size_t>(table[op].field_count)) << layout.name;
    for (size_t i = 0; i < layout.fields.size(); ++i) {
      const lacuna_field_info& field = table[op].fields[i];
      EXPECT_EQ(layout.fields[i].name, field.name) << layout.name;
      EXPECT_EQ(layout.fields[i].offset, static_cast<size_t>(field.offset)) << layout.name << "." << field.name;
      EXPECT_EQ(24 + 8 * i, static_cast<size_t>(field.offset)) << layout.name << "." << field.name;
    }
  }
}

TEST(OpTable, tells_roles_types_and_extents) {
  const lacuna_op_info& conv = lacuna_op_table()[LACUNA_OP_conv2d_bwd];
  const lacuna_field_info& dx = conv.fields[17];
  EXPECT_STREQ("dx", dx.name);
  EXPECT_EQ(LACUNA_FIELD_OPT_INOUT, dx.kind);
  EXPECT_EQ(LACUNA_F32, dx.dtype);
  EXPECT_STREQ("n*c_in*h", dx.rows);
  EXPECT_STREQ("w", dx.cols);
  EXPECT_STREQ("w", dx.stride);
  EXPECT_EQ(LACUNA_FIELD_SIZE, conv.fields[0].kind);
  EXPECT_EQ(LACUNA_FIELD_CODE, conv.fields[9].kind);
  EXPECT_EQ(LACUNA_NONE, conv.fields[9].dtype);
  const lacuna_op_info& linear = lacuna_op_table()[LACUNA_OP_linear_fwd];
  EXPECT_EQ(LACUNA_FIELD_STRIDE, linear.fields[3].kind);
  EXPECT_EQ(LACUNA_FIELD_OPT_IN, linear.fields[8].kind);
  EXPECT_STREQ("1", linear.fields[8].rows);
}

TEST(OpTable, carries_the_version) { EXPECT_EQ(LACUNA_ABI_MAJOR << 16 | LACUNA_ABI_MINOR, lacuna_abi_version()); }

}  // namespace
}  // namespace lacuna::test

// The op table at run time: descriptions and checks, expanded from LACUNA_OPS.
#ifndef LACUNA_SRC_OP_TABLE_H
#define LACUNA_SRC_OP_TABLE_H

#include "context.h"
#include "lacuna/lacuna_ops.h"

namespace lacuna {

const lacuna_op_info* op_table();
const char* op_name(int32_t id);

// Checks args, then runs the op, which the context has.
lacuna_status run_op(lacuna_context& ctx, int32_t id, const void* args);

// Checks the sizes of args, then answers how many bytes of workspace the call needs.
lacuna_status op_workspace(lacuna_context& ctx, int32_t id, const void* args, int64_t* bytes);

}  // namespace lacuna
#endif

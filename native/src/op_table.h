// The op table at run time: descriptions, checks and dispatch, all expanded from LACUNA_OPS.
#ifndef LACUNA_SRC_OP_TABLE_H
#define LACUNA_SRC_OP_TABLE_H

#include "op.h"

namespace lacuna {

const lacuna_op_info* op_table();
const char* op_name(int32_t op);

// Checks args, then runs the op in the version of tier (LACUNA_TIER_SCALAR .. LACUNA_TIER_AVX512).
lacuna_status run_op(OpContext& ctx, int32_t tier, int32_t op, const void* args);

// Checks the sizes of args, then answers how many bytes of workspace the call needs.
lacuna_status op_workspace(OpContext& ctx, int32_t op, const void* args, int64_t* bytes);

}  // namespace lacuna
#endif

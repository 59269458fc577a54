package dev.lacuna.jcuda;

import dev.lacuna.Context;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.ElementwiseFwd;
import dev.lacuna.spi.OpLayouts.LinearBwd;
import dev.lacuna.spi.OpLayouts.LinearFwd;
import dev.lacuna.spi.OpLayouts.ReduceFwd;
import org.jspecify.annotations.Nullable;

/**
 * The ops {@code linear_fwd} and {@code linear_bwd} by matrix products of BLAS. What BLAS reads as
 * a column-major matrix is the transpose of a row-major one, so y = x w^T is asked for as y^T = w
 * x^T.
 */
final class LinearBySgemm {
  private static final long ADD = 0;
  private static final long SUM = 0;

  private final Context context;
  private final Sgemm sgemm;

  LinearBySgemm(Context context, Sgemm sgemm) {
    this.context = context;
    this.sgemm = sgemm;
  }

  /** Runs the call, or answers false where BLAS cannot: sizes beyond 32 bits, or nothing to sum. */
  boolean forward(OpCall call) {
    if (!fits(call, LinearFwd.N, LinearFwd.D, LinearFwd.O)
        || !fits(call, LinearFwd.LD_X, LinearFwd.LD_W, LinearFwd.LD_Y)) {
      return false;
    }
    int n = (int) call.value(LinearFwd.N);
    int d = (int) call.value(LinearFwd.D);
    int o = (int) call.value(LinearFwd.O);
    long y = address(call, LinearFwd.Y);
    int ldY = stride(call, LinearFwd.LD_Y, o);
    sgemm.multiply(
        true,
        false,
        o,
        n,
        d,
        address(call, LinearFwd.W),
        stride(call, LinearFwd.LD_W, d),
        address(call, LinearFwd.X),
        stride(call, LinearFwd.LD_X, d),
        0,
        y,
        ldY);
    Memory bias = call.memory(LinearFwd.B);
    if (bias != null) {
      Memory out = present(call.memory(LinearFwd.Y));
      add(n, o, out, call.offset(LinearFwd.Y), ldY, 1, bias, call.offset(LinearFwd.B), o);
    }
    return true;
  }

  /** Runs the call, or answers false where BLAS cannot. */
  boolean backward(OpCall call) {
    if (!fits(call, LinearBwd.N, LinearBwd.D, LinearBwd.O)
        || !fits(call, LinearBwd.LD_DY, LinearBwd.LD_X, LinearBwd.LD_W)
        || !fits(call, LinearBwd.LD_DX, LinearBwd.LD_DW, LinearBwd.N)) {
      return false;
    }
    int n = (int) call.value(LinearBwd.N);
    int d = (int) call.value(LinearBwd.D);
    int o = (int) call.value(LinearBwd.O);
    long dy = address(call, LinearBwd.DY);
    int ldDy = stride(call, LinearBwd.LD_DY, o);
    if (call.memory(LinearBwd.DX) != null) {
      sgemm.multiply(
          false,
          false,
          d,
          n,
          o,
          address(call, LinearBwd.W),
          stride(call, LinearBwd.LD_W, d),
          dy,
          ldDy,
          call.value(LinearBwd.ACC_DX) == 0 ? 0 : 1,
          address(call, LinearBwd.DX),
          stride(call, LinearBwd.LD_DX, d));
    }
    if (call.memory(LinearBwd.DW) != null) {
      sgemm.multiply(
          false,
          true,
          d,
          o,
          n,
          address(call, LinearBwd.X),
          stride(call, LinearBwd.LD_X, d),
          dy,
          ldDy,
          call.value(LinearBwd.ACC_DW) == 0 ? 0 : 1,
          address(call, LinearBwd.DW),
          stride(call, LinearBwd.LD_DW, d));
    }
    Memory db = call.memory(LinearBwd.DB);
    if (db != null) {
      biasGradient(call, n, o, ldDy, db);
    }
    return true;
  }

  private void biasGradient(OpCall call, int n, int o, int ldDy, Memory db) {
    try (Context.Hold hold = context.hold()) {
      boolean accumulate = call.value(LinearBwd.ACC_DB) != 0;
      Memory sum = accumulate ? hold.allocate(4L * o) : db;
      long at = accumulate ? 0 : call.offset(LinearBwd.DB);
      OpCall reduce = context.call(ReduceFwd.OP);
      reduce
          .set(ReduceFwd.N, n)
          .set(ReduceFwd.D, o)
          .set(ReduceFwd.OUT_N, 1)
          .set(ReduceFwd.OUT_D, o);
      reduce.set(ReduceFwd.LD_X, ldDy).set(ReduceFwd.LD_OUT, o).set(ReduceFwd.CODE, SUM);
      reduce.tensor(ReduceFwd.X, call.memory(LinearBwd.DY), call.offset(LinearBwd.DY));
      context.run(reduce.tensor(ReduceFwd.OUT, sum, at));
      if (accumulate) {
        add(1, o, db, call.offset(LinearBwd.DB), o, 1, sum, 0, o);
      }
    }
  }

  /** x += y in place, y broadcast over the rows of x. */
  private void add(
      int rows, int cols, Memory x, long xAt, int ldX, int yRows, Memory y, long yAt, int ldY) {
    OpCall add = context.call(ElementwiseFwd.OP);
    add.set(ElementwiseFwd.N, rows).set(ElementwiseFwd.D, cols);
    add.set(ElementwiseFwd.Y_N, yRows).set(ElementwiseFwd.Y_D, cols);
    add.set(ElementwiseFwd.LD_X, ldX).set(ElementwiseFwd.LD_Y, ldY).set(ElementwiseFwd.LD_OUT, ldX);
    add.set(ElementwiseFwd.CODE, ADD).tensor(ElementwiseFwd.X, x, xAt);
    context.run(add.tensor(ElementwiseFwd.Y, y, yAt).tensor(ElementwiseFwd.OUT, x, xAt));
  }

  /** Whether three numbers are positive and of 32 bits. */
  private static boolean fits(OpCall call, int a, int b, int c) {
    return Math.min(call.value(a), Math.min(call.value(b), call.value(c))) > 0
        && Math.max(call.value(a), Math.max(call.value(b), call.value(c))) <= Integer.MAX_VALUE;
  }

  /** A stride as BLAS wants it: the stride of a single row is not looked at elsewhere. */
  private static int stride(OpCall call, int field, int columns) {
    return (int) Math.max(call.value(field), columns);
  }

  private static long address(OpCall call, int field) {
    return present(call.memory(field)).address() + call.offset(field);
  }

  private static Memory present(@Nullable Memory memory) {
    if (memory == null) {
      throw new IllegalStateException("a checked call lacks a tensor");
    }
    return memory;
  }
}

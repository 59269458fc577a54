package dev.lacuna.kernels;

import dev.lacuna.Context;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.kernels.RlsProjector.Form;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.RlsAbsorb;
import dev.lacuna.spi.OpLayouts.RlsProject;
import dev.lacuna.spi.OpLayouts.RlsStep;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** P of an {@link RlsProjector}, in the back end's memory, and the calls that work on it. */
final class RlsState implements AutoCloseable {
  /** Rows of a block when LOW_RANK becomes POTTER: enough for large products. */
  private static final int CONVERTED_TOGETHER = 64;

  /**
   * A gradient [rows, size] to be projected: replaced where it lies, from {@code offset} on, or
   * given as factors (n &gt; 0) and written to {@code out}.
   */
  record Gradient(
      int rows,
      double scale,
      int n,
      @Nullable Memory e,
      @Nullable Memory h,
      Memory out,
      long offset) {
    static Gradient whole(Memory gradient, long offset, int rows) {
      return new Gradient(rows, 1, 0, null, null, gradient, offset);
    }

    static Gradient factored(Memory e, Memory h, int n, int rows, double scale, Memory out) {
      return new Gradient(rows, scale, n, e, h, out, 0);
    }
  }

  private final Context context;
  private final int size;
  private final Form wanted;
  private final Norm norm;
  private final Memory state;
  private Form form;
  private Memory factor;

  /** What was given to absorb: the device may have refused some of it. */
  private long given;

  RlsState(Context context, int size, Form form, Norm norm) {
    this.context = context;
    this.size = size;
    this.norm = norm;
    wanted = form;
    this.form = form;
    factor = allocate(form);
    state = context.allocate(2 * Double.BYTES);
    fill(form, factor);
  }

  Form form() {
    return form;
  }

  boolean isFresh() {
    return given == 0;
  }

  /** Back to P = I. */
  void reset() {
    if (form != wanted) {
      Memory fresh = allocate(wanted);
      context.free(factor);
      factor = fresh;
      form = wanted;
    }
    fill(form, factor);
    given = 0;
  }

  private long rows(Form of) {
    return switch (of) {
      case POTTER -> size;
      case PLAIN -> size + 1L;
      case LOW_RANK -> 2L * rank();
    };
  }

  private int rank() {
    return Math.max(1, size / 4);
  }

  private Memory allocate(Form of) {
    return context.allocate(rows(of) * size * context.real().bytes());
  }

  /** P = I. */
  private void fill(Form as, Memory into) {
    if (as != Form.LOW_RANK) {
      double[] row = new double[size];
      for (int i = 0; i < rows(as); i++) {
        if (i < size) {
          row[i] = 1;
        }
        context.write(into, (long) i * size * context.real().bytes(), row);
        if (i < size) {
          row[i] = 0;
        }
      }
    }
    setState(1, 0);
  }

  void absorb(Memory r, long offset, int count, double alpha) {
    makeRoom(count);
    absorb(form, norm, factor, r, offset, count, alpha);
    given += count;
  }

  private void absorb(
      Form as, Norm with, Memory into, Memory r, long offset, int count, double alpha) {
    OpCall call = context.call(RlsAbsorb.OP).set(RlsAbsorb.S, size).set(RlsAbsorb.B, count);
    call.set(RlsAbsorb.ROWS, rows(as)).set(RlsAbsorb.FORM, as.code).set(RlsAbsorb.NORM, with.code);
    call.set(RlsAbsorb.LD_R, size).set(RlsAbsorb.LD_FACTOR, size).set(RlsAbsorb.ALPHA, alpha);
    call.tensor(RlsAbsorb.R, r, offset).tensor(RlsAbsorb.FACTOR, into, 0);
    call.tensor(RlsAbsorb.STATE, state, 0);
    context.run(call);
  }

  /** LOW_RANK: goes over to POTTER where {@code count} more rows would not fit. */
  private void makeRoom(int count) {
    boolean fits = count < 0 || given <= rank() - count;
    if (form != Form.LOW_RANK || fits || absorbed() <= rank() - count) {
      return;
    }
    double[] before = state();
    long row = (long) size * context.real().bytes();
    Memory potter = allocate(Form.POTTER);
    try {
      fill(Form.POTTER, potter);
      for (int i = 0; i < (int) before[1]; i += CONVERTED_TOGETHER) {
        int together = Math.min(CONVERTED_TOGETHER, (int) before[1] - i);
        absorb(Form.POTTER, Norm.NONE, potter, factor, (rank() + i) * row, together, 1);
      }
    } catch (RuntimeException e) {
      context.free(potter);
      setState(before[0], before[1]);
      throw e;
    }
    setState(before[0], before[1]);
    context.free(factor);
    factor = potter;
    form = Form.POTTER;
  }

  void project(Gradient gradient) {
    OpCall call = context.call(RlsProject.OP).set(RlsProject.S, size);
    call.set(RlsProject.C, gradient.rows()).set(RlsProject.N, gradient.n());
    call.set(RlsProject.ROWS, rows(form)).set(RlsProject.FORM, form.code);
    call.set(RlsProject.SCALE, gradient.scale());
    call.set(RlsProject.LD_FACTOR, size).set(RlsProject.LD_OUT, size);
    call.tensor(RlsProject.FACTOR, factor, 0).tensor(RlsProject.STATE, state, 0);
    call.tensor(RlsProject.OUT, gradient.out(), gradient.offset());
    if (gradient.e() != null && gradient.h() != null) {
      call.set(RlsProject.LD_E, gradient.rows()).set(RlsProject.LD_H, size);
      call.tensor(RlsProject.E, gradient.e(), 0).tensor(RlsProject.H, gradient.h(), 0);
    } else {
      call.set(RlsProject.LD_G, size);
      call.tensor(RlsProject.G, gradient.out(), gradient.offset());
    }
    context.run(call);
  }

  /** Both in one call, or one after the other on a back end that has no such call. */
  void step(Memory r, long offset, int count, double alpha, Gradient gradient, Order order) {
    if (!context.supports(RlsStep.OP)) {
      if (order == Order.ABSORB_THEN_PROJECT) {
        absorb(r, offset, count, alpha);
      }
      project(gradient);
      if (order == Order.PROJECT_THEN_ABSORB) {
        absorb(r, offset, count, alpha);
      }
      return;
    }
    makeRoom(count);
    OpCall call = context.call(RlsStep.OP).set(RlsStep.S, size).set(RlsStep.B, count);
    call.set(RlsStep.C, gradient.rows()).set(RlsStep.N, gradient.n());
    call.set(RlsStep.ROWS, rows(form)).set(RlsStep.FORM, form.code);
    call.set(RlsStep.NORM, norm.code).set(RlsStep.ORDER, order.code);
    call.set(RlsStep.ALPHA, alpha).set(RlsStep.SCALE, gradient.scale());
    call.set(RlsStep.LD_R, size).set(RlsStep.LD_FACTOR, size).set(RlsStep.LD_OUT, size);
    call.tensor(RlsStep.R, r, offset);
    call.tensor(RlsStep.FACTOR, factor, 0).tensor(RlsStep.STATE, state, 0);
    call.tensor(RlsStep.OUT, gradient.out(), gradient.offset());
    if (gradient.e() != null && gradient.h() != null) {
      call.set(RlsStep.LD_E, gradient.rows()).set(RlsStep.LD_H, size);
      call.tensor(RlsStep.E, gradient.e(), 0).tensor(RlsStep.H, gradient.h(), 0);
    } else {
      call.set(RlsStep.LD_G, size);
      call.tensor(RlsStep.G, gradient.out(), gradient.offset());
    }
    context.run(call);
    given += count;
  }

  /** P [size, size], row-major, computed in double from the form. */
  double[] matrix() {
    double[] numbers = context.read(factor, 0, Math.toIntExact(rows(form) * size));
    double[] state = state();
    double[] p = new double[size * size];
    for (int i = 0; i < size; i++) {
      for (int j = 0; j <= i; j++) {
        double entry =
            switch (form) {
              case POTTER -> {
                double sum = 0;
                for (int k = 0; k < size; k++) {
                  sum += numbers[i * size + k] * numbers[j * size + k];
                }
                yield sum;
              }
              case PLAIN ->
                  numbers[i * size + j] - numbers[size * size + i] * numbers[size * size + j];
              case LOW_RANK -> {
                double sum = i == j ? 1 : 0;
                for (int k = 0; k < (int) state[1]; k++) {
                  sum -= numbers[k * size + i] * numbers[k * size + j];
                }
                yield sum;
              }
            };
        p[i * size + j] = entry / state[0];
        p[j * size + i] = entry / state[0];
      }
    }
    return p;
  }

  long absorbed() {
    return (long) state()[1];
  }

  private double[] state() {
    double[] numbers = new double[2];
    context.download(MemorySegment.ofArray(numbers), state, 0, 2 * Double.BYTES);
    return numbers;
  }

  private void setState(double c, double absorbed) {
    double[] numbers = {c, absorbed};
    context.upload(state, 0, MemorySegment.ofArray(numbers), 2 * Double.BYTES);
  }

  /** Form, numbers of it, divisor and counts. */
  void save(String prefix, SafeTensors file) {
    double[] numbers = context.read(factor, 0, Math.toIntExact(rows(form) * size));
    file.tensors()
        .put(prefix + "factor", new SafeTensors.Entry(new long[] {rows(form), size}, numbers));
    double[] rest = {form.code, given, state()[0], state()[1]};
    file.tensors().put(prefix + "state", new SafeTensors.Entry(new long[] {rest.length}, rest));
  }

  void load(String prefix, SafeTensors file) {
    double[] rest = file.entry(prefix + "state", 4).doubles();
    Form saved =
        Arrays.stream(Form.values())
            .filter(candidate -> candidate.code == rest[0])
            .findFirst()
            .orElseThrow(
                () -> new IllegalArgumentException(prefix + "state names no form: " + rest[0]));
    double[] numbers = file.entry(prefix + "factor", rows(saved), size).doubles();
    if (saved != form) {
      Memory fresh = allocate(saved);
      context.free(factor);
      factor = fresh;
      form = saved;
    }
    context.write(factor, 0, numbers);
    setState(rest[2], rest[3]);
    given = (long) rest[1];
  }

  @Override
  public void close() {
    context.free(factor);
    context.free(state);
  }
}

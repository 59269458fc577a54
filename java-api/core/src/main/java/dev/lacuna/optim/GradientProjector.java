package dev.lacuna.optim;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.io.Stateful;
import dev.lacuna.kernels.HostProjector;
import dev.lacuna.kernels.HostProjector.Denominator;
import dev.lacuna.kernels.Projector;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.spi.Memory;

/**
 * Turns what a linear layer's weight learns away from the mean features that the layer has learned
 * from, by recursive least squares (see {@link RlsProjector}). Call {@link #apply} between backward
 * and the optimiser's step, or let {@link #applyToUpdate} make the step. The bias is left alone.
 * With {@link Order#PROJECT_THEN_ABSORB} the first call only absorbs: nothing was learned before.
 */
public final class GradientProjector implements Stateful, AutoCloseable {
  /** What becomes of the gradient. */
  public enum Apply {
    /** dW P takes its place. */
    REPLACE,
    /** dW P is added to it, as BalanceBenchmark does, so that it still goes everywhere. */
    ADD
  }

  /** What becomes of the first call ever. */
  public enum FirstCall {
    /** It is like any other. */
    USED,
    /** It does nothing, as in MLA's official code: its features are not absorbed. */
    SKIPPED
  }

  /**
   * Settings. SCALAR without forgetting runs where the gradient lies; anything else waits for the
   * device and runs on the host (see {@link HostProjector}).
   *
   * @param order which comes first, projecting or absorbing
   * @param norm what is done to P after each update
   * @param denominator SCALAR, or ELEMENTWISE_COMPAT to repeat the official code's bug: dW P^T with
   *     a P that is not symmetric
   * @param apply whether the projected gradient replaces the gradient or is added to it
   * @param forgetting share of what P remembers that is kept with every vector, in (0, 1]: 1
   *     forgets nothing; the formula is {@link HostProjector}'s
   * @param firstCall whether the first call ever counts
   */
  public record Options(
      Order order,
      Norm norm,
      Denominator denominator,
      Apply apply,
      double forgetting,
      FirstCall firstCall) {
    /** Projects away from what other steps taught, with a gradient that keeps its size. */
    public static final Options DEFAULT =
        new Options(
            Order.PROJECT_THEN_ABSORB,
            Norm.FRO,
            Denominator.SCALAR,
            Apply.REPLACE,
            1,
            FirstCall.USED);

    /** Checks the range. */
    public Options {
      requireForgetting(forgetting);
    }

    /** Checks a forgetting factor. */
    public static void requireForgetting(double forgetting) {
      if (!(forgetting > 0 && forgetting <= 1)) {
        throw new IllegalArgumentException("forgetting is " + forgetting + ", want 0 < f <= 1");
      }
    }

    /** With another order. */
    public Options withOrder(Order value) {
      return new Options(value, norm, denominator, apply, forgetting, firstCall);
    }

    /** With another norm. */
    public Options withNorm(Norm value) {
      return new Options(order, value, denominator, apply, forgetting, firstCall);
    }

    /** With another denominator. */
    public Options withDenominator(Denominator value) {
      return new Options(order, norm, value, apply, forgetting, firstCall);
    }

    /** With another way to apply P. */
    public Options withApply(Apply value) {
      return new Options(order, norm, denominator, value, forgetting, firstCall);
    }

    /** With another forgetting factor. */
    public Options withForgetting(double value) {
      return new Options(order, norm, denominator, apply, value, firstCall);
    }

    /** With another use of the first call. */
    public Options withFirstCall(FirstCall value) {
      return new Options(order, norm, denominator, apply, forgetting, value);
    }

    private Projector open(Context context, int size) {
      return denominator == Denominator.SCALAR && forgetting == 1
          ? new RlsProjector(context, size, norm)
          : new HostProjector(context, size, norm, denominator, forgetting);
    }
  }

  private final Projector projector;
  private final Parameter weight;
  private final ParameterStore store;
  private final Options options;
  private final int rows;
  private boolean called;

  /** A projector for a weight [out, in] with P = I [in, in]. */
  public GradientProjector(Context context, Parameter weight, Options options) {
    if (weight.shape().length != 2) {
      throw new IllegalArgumentException("parameter " + weight + " is no weight [out, in]");
    }
    store = weight.store();
    store.requireDevice(context);
    rows = Math.toIntExact(weight.shape()[0]);
    projector = options.open(context, Math.toIntExact(weight.shape()[1]));
    this.weight = weight;
    this.options = options;
  }

  /**
   * Projects the weight's gradient and absorbs the mean feature; without a gradient it only
   * absorbs.
   *
   * @param features the layer's input [n, in], n at least 1; no gradient flows from here
   * @param alpha at least 1e-6; smaller remembers more firmly
   */
  public void apply(Tape tape, Tensor features, double alpha) {
    requireFits(tape, features);
    tape.withoutGradients(() -> {
      if (skips()) {
        return;
      }
      if (weight.hasGradient() && learned()) {
        store.lease(tape.context());
        long offset = weight.offset(tape.context().real());
        project(tape, mean(features), alpha, store.gradients(), offset);
      } else {
        absorb(mean(features), alpha);
      }
    });
  }

  /**
   * Runs an optimiser's step, projects what it did to the weight, momentum and decay included, and
   * absorbs the mean feature. The optimiser's own state is not projected. Features that are not
   * finite are refused after the step.
   *
   * @param features the layer's input [n, in], n at least 1
   * @param alpha at least 1e-6; smaller remembers more firmly
   * @param update the optimiser's step
   */
  public void applyToUpdate(Tape tape, Tensor features, double alpha, Runnable update) {
    requireFits(tape, features);
    tape.withoutGradients(() -> {
      if (skips()) {
        update.run();
        return;
      }
      if (!learned()) {
        update.run();
        absorb(mean(features), alpha);
        return;
      }
      store.lease(tape.context());
      long offset = weight.offset(tape.context().real());
      Tensor before = copy(tape, store.values(), offset);
      update.run();
      Tensor change = ElementwiseOp.sub(tape.use(weight), before);
      project(tape, mean(features), alpha, change.memory(), change.offset());
      weight.group().markChanged();
      overwrite(tape, store.values(), offset, ElementwiseOp.add(before, change));
    });
  }

  /** Whether this call is the first and to be skipped. */
  private boolean skips() {
    boolean skips = !called && options.firstCall() == FirstCall.SKIPPED;
    called = true;
    return skips;
  }

  /** Whether P is to be applied: before anything was learned, I is no projection. */
  private boolean learned() {
    return options.order() == Order.ABSORB_THEN_PROJECT || !projector.isFresh();
  }

  private static Tensor mean(Tensor features) {
    return ReduceOp.mean(features, ReduceOp.Over.ROWS);
  }

  private void absorb(Tensor mean, double alpha) {
    projector.absorb(mean.memory(), mean.offset(), alpha);
  }

  /** Projects a matrix like the weight where it lies, and absorbs. */
  private void project(Tape tape, Tensor mean, double alpha, Memory matrix, long offset) {
    Order order = options.order();
    if (options.apply() == Apply.REPLACE) {
      projector.step(mean.memory(), mean.offset(), alpha, matrix, offset, rows, order);
      return;
    }
    Tensor raw = copy(tape, matrix, offset);
    projector.step(mean.memory(), mean.offset(), alpha, matrix, offset, rows, order);
    Tensor projected = tape.borrow(matrix, offset, rows, projector.size());
    overwrite(tape, matrix, offset, ElementwiseOp.add(raw, projected));
  }

  /** A copy of a matrix like the weight, on the tape. */
  private Tensor copy(Tape tape, Memory from, long offset) {
    Tensor copy = tape.output(rows, projector.size());
    tape.context().copy(copy.memory(), copy.offset(), from, offset, bytes(tape));
    return copy;
  }

  private void overwrite(Tape tape, Memory target, long offset, Tensor by) {
    tape.context().copy(target, offset, by.memory(), by.offset(), bytes(tape));
  }

  private long bytes(Tape tape) {
    return (long) weight.count() * tape.context().real().bytes();
  }

  private void requireFits(Tape tape, Tensor features) {
    store.requireDevice(tape.context());
    if (features.cols() != projector.size()) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT,
          "features have width "
              + features.cols()
              + ", want "
              + projector.size()
              + " as "
              + weight);
    }
  }

  /** Back to P = I; unless it is that already, which costs nothing. */
  public void reset() {
    if (!projector.isFresh()) {
      projector.reset();
    }
  }

  /**
   * What becomes of a gradient with P as it is now; nothing is absorbed. For pictures and tests.
   *
   * @param gradient like the weight, row-major
   */
  public double[] projected(Tape tape, double[] gradient) {
    double[][] result = new double[1][];
    tape.withoutGradients(() -> {
      Tensor raw = tape.input(gradient, rows, projector.size());
      Tensor projected = tape.input(gradient, rows, projector.size());
      projector.project(projected.memory(), projected.offset(), rows);
      result[0] =
          (options.apply() == Apply.REPLACE ? projected : ElementwiseOp.add(raw, projected))
              .toDoubleArray();
    });
    return result[0];
  }

  /** P, for pictures and tests. */
  public Projector projector() {
    return projector;
  }

  @Override
  public void save(String prefix, SafeTensors file) {
    projector.save(prefix, file);
    file.tensors()
        .put(
            prefix + "called",
            new SafeTensors.Entry(new long[] {1}, new double[] {called ? 1 : 0}));
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    double[] saved = file.entry(prefix + "called", 1).doubles();
    projector.load(prefix, file);
    called = saved[0] != 0;
  }

  @Override
  public void close() {
    projector.close();
  }
}

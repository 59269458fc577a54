package dev.lacuna.optim;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.ops.ReduceOp;

/**
 * Projects the gradient of a linear layer's weight away from the mean features that the layer has
 * learned from, by recursive least squares (see {@link RlsProjector}). Call {@link #apply} between
 * backward and the optimiser's step. The bias is left alone.
 */
public final class GradientProjector implements AutoCloseable {
  /** Which comes first. */
  public enum Order {
    /** Orthogonal to what was learned before, the paper's wording: the first call only absorbs. */
    PROJECT_THEN_ABSORB,
    /** Orthogonal to the current features as well, as the official code and OWM do. */
    ABSORB_THEN_PROJECT
  }

  private final RlsProjector projector;
  private final Parameter weight;
  private final Order order;

  /** A projector for a weight [out, in] with P = I [in, in]. */
  public GradientProjector(Context context, Parameter weight, Order order, RlsProjector.Norm norm) {
    if (weight.shape().length != 2) {
      throw new IllegalArgumentException("parameter " + weight + " is no weight [out, in]");
    }
    weight.store().requireDevice(context);
    projector = new RlsProjector(context, Math.toIntExact(weight.shape()[1]), norm);
    this.weight = weight;
    this.order = order;
  }

  /**
   * Projects the weight's gradient and absorbs the mean feature.
   *
   * @param features the layer's input [n, in], n at least 1; no gradient flows from here
   * @param alpha greater than 0; smaller remembers more firmly
   */
  public void apply(Tape tape, Tensor features, double alpha) {
    weight.store().requireDevice(tape.context());
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
    if (order == Order.ABSORB_THEN_PROJECT) {
      absorb(tape, features, alpha);
    }
    if (projector.absorbed() > 0 && weight.hasGradient()) {
      int rows = Math.toIntExact(weight.shape()[0]);
      weight.store().lease(tape.context());
      projector.project(weight.store().gradients(), weight.offset(tape.context().real()), rows);
    }
    if (order == Order.PROJECT_THEN_ABSORB) {
      absorb(tape, features, alpha);
    }
  }

  private void absorb(Tape tape, Tensor features, double alpha) {
    tape.withoutGradients(() -> {
      Tensor mean = ReduceOp.mean(features, ReduceOp.Over.ROWS);
      projector.absorb(mean.memory(), mean.offset(), alpha);
    });
  }

  /** P, for pictures and tests. */
  public RlsProjector projector() {
    return projector;
  }

  @Override
  public void close() {
    projector.close();
  }
}

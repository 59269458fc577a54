package dev.lacuna.optim;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.kernels.RlsProjector.Order;
import dev.lacuna.ops.ReduceOp;

/**
 * Projects the gradient of a linear layer's weight away from the mean features that the layer has
 * learned from, by recursive least squares (see {@link RlsProjector}). Call {@link #apply} between
 * backward and the optimiser's step. The bias is left alone. With {@link Order#PROJECT_THEN_ABSORB}
 * the first call only absorbs: nothing was learned before.
 */
public final class GradientProjector implements AutoCloseable {
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
   * @param alpha at least 1e-6; smaller remembers more firmly
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
    tape.withoutGradients(() -> {
      Tensor mean = ReduceOp.mean(features, ReduceOp.Over.ROWS);
      boolean learned = order == Order.ABSORB_THEN_PROJECT || !projector.isFresh();
      if (learned && weight.hasGradient()) {
        project(tape, mean, alpha);
      } else {
        projector.absorb(mean.memory(), mean.offset(), alpha);
      }
    });
  }

  private void project(Tape tape, Tensor mean, double alpha) {
    weight.store().lease(tape.context());
    projector.step(
        mean.memory(),
        mean.offset(),
        alpha,
        weight.store().gradients(),
        weight.offset(tape.context().real()),
        Math.toIntExact(weight.shape()[0]),
        order);
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

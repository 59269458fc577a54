package dev.lacuna.optim;

import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.ElementwiseFwd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Keeps a step's gradients from growing past a length. */
public final class GradientClip {
  /** The code of alpha x + beta. */
  private static final int AFFINE = 4;

  /** torch's, which keeps a norm of 0 from being divided by. */
  private static final double EPSILON = 1e-6;

  private GradientClip() {}

  /** Parameters with a gradient that lie side by side. */
  private record Run(ParameterStore store, long offset, long count) {}

  /**
   * Multiplies the gradients of groups by maxNorm / (norm + 1e-6), or leaves them if that is above
   * 1: torch.nn.utils.clip_grad_norm_ (Pascanu et al., On the difficulty of training recurrent
   * neural networks, ICML 2013). Parameters without a gradient do not count and are left alone.
   *
   * @param tape of the context that trains the groups; its memory is used until its reset
   * @param maxNorm finite and above 0
   * @return the Euclidean norm of all gradients of the groups together, before
   * @throws LacunaException NON_FINITE, naming the groups, where the norm is no finite number; the
   *     gradients stay as they were
   */
  public static double byNorm(Tape tape, double maxNorm, ParameterGroup... groups) {
    if (!(maxNorm > 0 && maxNorm < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("maxNorm is " + maxNorm + ", want it finite and > 0");
    }
    List<Run> runs = new ArrayList<>();
    for (ParameterGroup group : groups) {
      group.store().requireDevice(tape.context());
      addRuns(tape, group, runs);
    }
    double[] norm = new double[1];
    tape.withoutGradients(() -> norm[0] = norm(tape, runs));
    if (!Double.isFinite(norm[0])) {
      String names =
          Arrays.stream(groups).map(ParameterGroup::name).collect(Collectors.joining(", "));
      throw new LacunaException(
          Status.NON_FINITE, "the norm of the gradients of " + names + " is " + norm[0]);
    }
    double factor = maxNorm / (norm[0] + EPSILON);
    if (factor < 1) {
      runs.forEach(run -> scale(tape, run, factor));
    }
    return norm[0];
  }

  private static void addRuns(Tape tape, ParameterGroup group, List<Run> runs) {
    List<Parameter> parameters = group.parameters();
    int from = 0;
    while (from < parameters.size()) {
      int to = from;
      while (to < parameters.size() && parameters.get(to).hasGradient()) {
        to++;
      }
      if (to > from) {
        Parameter first = parameters.get(from);
        Parameter last = parameters.get(to - 1);
        long count = last.start() + last.count() - first.start(); // gaps between them hold zeros
        runs.add(new Run(group.store(), first.offset(tape.context().real()), count));
      }
      from = to + 1;
    }
  }

  private static double norm(Tape tape, List<Run> runs) {
    List<Tensor> squares = new ArrayList<>();
    for (Run run : runs) {
      Tensor gradient = tape.borrow(run.store.gradients(), run.offset, 1, run.count);
      Tensor square = ElementwiseOp.mul(gradient, gradient);
      squares.add(ReduceOp.sum(square, ReduceOp.Over.ALL));
    }
    double sum = 0;
    for (Tensor square : squares) {
      sum += square.toDoubleArray()[0];
    }
    return Math.sqrt(sum);
  }

  private static void scale(Tape tape, Run run, double factor) {
    run.store.lease(tape.context());
    OpCall call = tape.call(ElementwiseFwd.OP).set(ElementwiseFwd.CODE, AFFINE);
    call.set(ElementwiseFwd.N, 1).set(ElementwiseFwd.D, run.count);
    call.set(ElementwiseFwd.LD_X, run.count).set(ElementwiseFwd.LD_OUT, run.count);
    call.set(ElementwiseFwd.ALPHA, factor);
    call.tensor(ElementwiseFwd.X, run.store.gradients(), run.offset);
    call.tensor(ElementwiseFwd.OUT, run.store.gradients(), run.offset);
    tape.context().run(call);
  }
}

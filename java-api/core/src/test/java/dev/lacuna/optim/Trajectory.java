package dev.lacuna.optim;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.Golden;
import dev.lacuna.ops.ReduceOp;
import java.util.function.BiFunction;

/** Steps of an optimiser of torch, and how a test gives parameters a gradient. */
final class Trajectory {
  private Trajectory() {}

  /** Gives a parameter a gradient: that of sum(parameter g). */
  static void gradient(Tape tape, Parameter parameter, double... g) {
    tape.reset();
    ReduceOp.sum(
            ElementwiseOp.mul(tape.use(parameter), tape.input(g, parameter.shape())),
            ReduceOp.Over.ALL)
        .backward();
  }

  /** Fails unless an optimiser goes where torch's went, at the learning rates that torch had. */
  static void assertIsTorchs(
      String backend,
      JsonNode golden,
      double tolerance,
      BiFunction<Context, ParameterGroup, Optimizer> open) {
    double[] w0 = Golden.values(golden.at("/inputs/w0"));
    double[] b0 = Golden.values(golden.at("/inputs/b0"));
    try (Context context = Lacuna.open(Device.parse(backend));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("g");
      Parameter w = group.add("w", i -> w0[i], Golden.shape(golden.at("/inputs/w0")));
      Parameter b = group.add("b", i -> b0[i], Golden.shape(golden.at("/inputs/b0")));
      Optimizer optimizer = open.apply(context, group);
      for (int step = 0; step < golden.at("/inputs/steps").size(); step++) {
        JsonNode gradients = golden.at("/inputs/steps").get(step);
        JsonNode wanted = golden.at("/outputs/steps").get(step);
        store.zeroGrad();
        gradient(tape, w, Golden.values(gradients.get("w_grad")));
        gradient(tape, b, Golden.values(gradients.get("b_grad")));
        optimizer.step(wanted.get("lr").asDouble());
        Golden.assertClose("w after step " + step, wanted.get("w"), w.get(), tolerance);
        Golden.assertClose("b after step " + step, wanted.get("b"), b.get(), tolerance);
      }
    }
  }
}

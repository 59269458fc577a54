package dev.lacuna.optim;

import dev.lacuna.Context;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.io.Stateful;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.SgdStep;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Stochastic gradient descent as torch.optim.SGD. Parameters without a gradient are left alone: no
 * decay, no momentum. Parameters that lie side by side move in one native call.
 */
public final class Sgd implements Stateful {
  /** How weight decay acts. */
  public enum Decay {
    /** Added to the gradient, as in torch.optim.SGD. */
    COUPLED,
    /** The weight shrinks by lr x weightDecay beside the step, as in AdamW. */
    DECOUPLED
  }

  /** What a step adds to the weight. */
  public enum Momentum {
    /** The velocity. */
    CLASSIC,
    /** Gradient plus momentum x velocity. */
    NESTEROV
  }

  /**
   * Settings; the learning rate is given to each step.
   *
   * @param momentum share of the velocity that is kept, in [0, 1)
   * @param weightDecay at least 0
   * @param decay how weight decay acts
   * @param kind classic or Nesterov momentum
   */
  public record Options(double momentum, double weightDecay, Decay decay, Momentum kind) {
    /** Momentum 0.9, no decay. */
    public static final Options DEFAULT = new Options(0.9, 0, Decay.COUPLED, Momentum.CLASSIC);

    /** Checks the ranges. */
    public Options {
      if (!(momentum >= 0 && momentum < 1)) {
        throw new IllegalArgumentException("momentum is " + momentum + ", want 0 <= momentum < 1");
      }
      if (!(weightDecay >= 0)) {
        throw new IllegalArgumentException("weightDecay is " + weightDecay + ", want >= 0");
      }
    }
  }

  private final Context context;
  private final Options options;
  private final List<ParameterGroup> groups;
  private final List<Memory> velocity;
  private final Set<Parameter> moved = new HashSet<>();

  /** An optimiser of groups of one store, run on a context of the same device. */
  public Sgd(Context context, Options options, ParameterGroup... groups) {
    this.context = context;
    this.options = options;
    this.groups = List.of(groups);
    this.groups.forEach(group -> group.store().requireDevice(context));
    velocity = this.groups.stream().map(group -> group.store().zeros(group)).toList();
  }

  /**
   * Moves every parameter that has a gradient; {@code learningRate} must be finite and at least 0.
   */
  public void step(double learningRate) {
    if (!(learningRate >= 0) || Double.isInfinite(learningRate)) {
      throw new IllegalArgumentException("learning rate is " + learningRate + ", want >= 0");
    }
    for (int i = 0; i < groups.size(); i++) {
      List<Parameter> parameters = groups.get(i).parameters();
      int from = 0;
      while (from < parameters.size()) {
        int to = from;
        while (to < parameters.size() && sameRun(parameters.get(from), parameters.get(to))) {
          to++;
        }
        if (parameters.get(from).hasGradient()) {
          move(parameters, from, to, velocity.get(i), learningRate);
        }
        from = to;
      }
    }
  }

  private boolean sameRun(Parameter a, Parameter b) {
    return a.hasGradient() == b.hasGradient() && moved.contains(a) == moved.contains(b);
  }

  /** Moves parameters {@code from} to {@code to - 1} of a group. */
  private void move(
      List<Parameter> parameters, int from, int to, Memory state, double learningRate) {
    Parameter first = parameters.get(from);
    Parameter last = parameters.get(to - 1);
    ParameterStore store = first.store();
    store.lease(context);
    store.markChanged();
    long start = first.start();
    long bytes = context.real().bytes();
    OpCall call = context.call(SgdStep.OP).set(SgdStep.N, last.start() + last.count() - start);
    call.set(SgdStep.LR, learningRate).set(SgdStep.MOMENTUM, options.momentum());
    call.set(SgdStep.WEIGHT_DECAY, options.weightDecay());
    call.set(SgdStep.NESTEROV, options.kind() == Momentum.NESTEROV ? 1 : 0);
    call.set(SgdStep.DECOUPLED, options.decay() == Decay.DECOUPLED ? 1 : 0);
    call.set(SgdStep.FIRST, moved.contains(first) ? 0 : 1);
    call.tensor(SgdStep.W, store.values(), first.offset(context.real()));
    call.tensor(SgdStep.G, store.gradients(), first.offset(context.real()));
    call.tensor(SgdStep.VELOCITY, state, start * bytes);
    context.run(call);
    for (int i = from; i < to; i++) {
      moved.add(parameters.get(i));
    }
  }

  @Override
  public void save(String prefix, SafeTensors file) {
    for (int i = 0; i < groups.size(); i++) {
      ParameterGroup group = groups.get(i);
      double[] state = group.store().read(velocity.get(i), group);
      double[] started =
          group.parameters().stream().mapToDouble(p -> moved.contains(p) ? 1 : 0).toArray();
      String name = prefix + group.name();
      file.tensors()
          .put(name + ".velocity", new SafeTensors.Entry(new long[] {state.length}, state));
      file.tensors()
          .put(name + ".moved", new SafeTensors.Entry(new long[] {started.length}, started));
    }
  }

  @Override
  public void load(String prefix, SafeTensors file) {
    for (int i = 0; i < groups.size(); i++) {
      ParameterGroup group = groups.get(i);
      List<Parameter> parameters = group.parameters();
      String name = prefix + group.name();
      double[] started = file.entry(name + ".moved", parameters.size()).doubles();
      double[] state = file.entry(name + ".velocity", group.size()).doubles();
      group.store().write(velocity.get(i), group, state);
      for (int p = 0; p < started.length; p++) {
        if (started[p] != 0) {
          moved.add(parameters.get(p));
        } else {
          moved.remove(parameters.get(p));
        }
      }
    }
  }
}

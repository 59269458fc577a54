package dev.lacuna.optim;

import dev.lacuna.Context;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.io.SafeTensors;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What optimisers share: slabs of state laid out like the groups, a count of steps for each
 * parameter, and the walk that moves parameters side by side in one native call.
 */
abstract class GroupOptimizer implements Optimizer {
  private final Context context;
  private final OpLayout op;
  private final int w;
  private final int g;
  private final int[] state;
  private final List<Moved> groups = new ArrayList<>();

  /** A group, a slab for each field of state, and the steps that each parameter has made. */
  private record Moved(ParameterGroup group, List<Memory> slabs, long[] steps) {}

  /**
   * An optimiser of groups of one store, run on a context of the same device.
   *
   * @param op the op that makes a step over a slab
   * @param w its field of weights
   * @param g its field of gradients
   * @param state its fields of state, which starts as zeros and is saved under their names
   */
  GroupOptimizer(
      Context context, OpLayout op, int w, int g, int[] state, ParameterGroup... groups) {
    this.context = context;
    this.op = op;
    this.w = w;
    this.g = g;
    this.state = state.clone();
    for (ParameterGroup group : groups) {
      group.store().requireDevice(context);
      List<Memory> slabs = Arrays.stream(state).mapToObj(x -> group.store().zeros(group)).toList();
      this.groups.add(new Moved(group, slabs, new long[group.parameters().size()]));
    }
  }

  /**
   * Sets all but the tensors.
   *
   * @param n elements to move
   * @param steps that these parameters have made before
   */
  abstract void set(OpCall call, long n, long steps, double learningRate);

  /** Whether parameters that have made so many steps can move in one call. */
  abstract boolean alike(long steps, long otherSteps);

  @Override
  public final void step(double learningRate) {
    if (!(learningRate >= 0) || Double.isInfinite(learningRate)) {
      throw new IllegalArgumentException("learning rate is " + learningRate + ", want >= 0");
    }
    for (int i = 0; i < groups.size(); i++) { // no iterator: this runs in every step
      Moved moved = groups.get(i);
      List<Parameter> parameters = moved.group.parameters();
      int from = 0;
      while (from < parameters.size()) {
        boolean hasGradient = parameters.get(from).hasGradient();
        int to = from + 1;
        while (to < parameters.size()
            && parameters.get(to).hasGradient() == hasGradient
            && alike(moved.steps[from], moved.steps[to])) {
          to++;
        }
        if (hasGradient) {
          move(moved, from, to, learningRate);
        }
        from = to;
      }
    }
  }

  /** Moves parameters {@code from} to {@code to - 1} of a group. */
  private void move(Moved moved, int from, int to, double learningRate) {
    Parameter first = moved.group.parameters().get(from);
    Parameter last = moved.group.parameters().get(to - 1);
    ParameterStore store = first.store();
    store.lease(context);
    moved.group.markChanged();
    OpCall call = context.call(op);
    set(call, last.start() + last.count() - first.start(), moved.steps[from], learningRate);
    call.tensor(w, store.values(), first.offset(context.real()));
    call.tensor(g, store.gradients(), first.offset(context.real()));
    for (int k = 0; k < state.length; k++) {
      call.tensor(state[k], moved.slabs.get(k), first.start() * context.real().bytes());
    }
    context.run(call);
    for (int i = from; i < to; i++) {
      moved.steps[i]++;
    }
  }

  @Override
  public final void save(String prefix, SafeTensors file) {
    for (Moved moved : groups) {
      String name = prefix + moved.group.name() + ".";
      for (int k = 0; k < state.length; k++) {
        put(file, name + stateName(k), moved.group.store().read(moved.slabs.get(k), moved.group));
      }
      put(file, name + "steps", Arrays.stream(moved.steps).asDoubleStream().toArray());
    }
  }

  private static void put(SafeTensors file, String name, double[] numbers) {
    file.tensors().put(name, new SafeTensors.Entry(new long[] {numbers.length}, numbers));
  }

  @Override
  public final void load(String prefix, SafeTensors file) {
    // All is read before anything changes.
    List<double[][]> read = groups.stream().map(moved -> read(moved, prefix, file)).toList();
    for (int i = 0; i < groups.size(); i++) {
      Moved moved = groups.get(i);
      double[][] numbers = read.get(i);
      for (int k = 0; k < state.length; k++) {
        moved.group.store().write(moved.slabs.get(k), moved.group, numbers[k]);
      }
      for (int p = 0; p < moved.steps.length; p++) {
        moved.steps[p] = (long) numbers[state.length][p];
      }
    }
  }

  /** The state's slabs, then the steps. */
  private double[][] read(Moved moved, String prefix, SafeTensors file) {
    String name = prefix + moved.group.name() + ".";
    double[][] numbers = new double[state.length + 1][];
    for (int k = 0; k < state.length; k++) {
      numbers[k] = file.entry(name + stateName(k), moved.group.size()).doubles();
    }
    numbers[state.length] = file.entry(name + "steps", moved.steps.length).doubles();
    return numbers;
  }

  private String stateName(int k) {
    return op.fields().get(state[k]).name();
  }
}

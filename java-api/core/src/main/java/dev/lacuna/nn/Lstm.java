package dev.lacuna.nn;

import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ConcatOp;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.LinearOp;
import dev.lacuna.ops.LstmOp;
import dev.lacuna.ops.LstmOp.State;
import java.util.ArrayList;
import java.util.List;

/**
 * Layers of long short-term memory as torch.nn.LSTM, time first. A layer of a bidirectional one
 * reads the sequence from both ends, each end with weights of its own.
 */
public final class Lstm implements Layer {
  /** One layer in one direction; gates in torch's order, input, forget, cell and output. */
  private record Direction(
      Parameter weightIh, Parameter weightHh, Parameter biasIh, Parameter biasHh) {
    /** The states for rows [steps b, in]. */
    State states(Tensor x, List<State> initial, int index, int steps, boolean reverse) {
      Tape tape = x.tape();
      Tensor bias = ElementwiseOp.add(tape.use(biasIh), tape.use(biasHh));
      Tensor gates = LinearOp.linear(x, tape.use(weightIh), bias);
      State start = initial.isEmpty() ? null : initial.get(index);
      return LstmOp.states(
          gates,
          tape.use(weightHh),
          start == null ? null : start.h(),
          start == null ? null : start.c(),
          steps,
          reverse);
    }
  }

  private final List<Direction> directions = new ArrayList<>();
  private final int perLayer;

  /**
   * Declares {@code name.weight_ih_l0} [4 hidden, in], {@code name.weight_hh_l0} [4 hidden,
   * hidden], {@code name.bias_ih_l0} and {@code name.bias_hh_l0} [4 hidden], then the same of
   * {@code l0_reverse}, {@code l1} and so on; {@code in} of a later layer is what the one before
   * gives. Values are drawn from -1 / sqrt(hidden) to 1 / sqrt(hidden), as torch does.
   *
   * @param layers at least 1
   */
  public Lstm(
      ParameterGroup group,
      String name,
      int in,
      int hidden,
      int layers,
      boolean bidirectional,
      CounterRandom random) {
    if (layers < 1) {
      throw new IllegalArgumentException(name + ": layers is " + layers + ", want >= 1");
    }
    perLayer = bidirectional ? 2 : 1;
    Declaration declare = new Declaration(group, name, 1 / Math.sqrt(hidden), random);
    for (int layer = 0; layer < layers; layer++) {
      for (String end : List.of("", "_reverse").subList(0, perLayer)) {
        String suffix = "_l" + layer + end;
        directions.add(
            new Direction(
                declare.parameter(
                    "weight_ih" + suffix, 4L * hidden, layer == 0 ? in : (long) perLayer * hidden),
                declare.parameter("weight_hh" + suffix, 4L * hidden, hidden),
                declare.parameter("bias_ih" + suffix, 4L * hidden),
                declare.parameter("bias_hh" + suffix, 4L * hidden)));
      }
    }
  }

  /** Draws parameters one after another. */
  private static final class Declaration {
    private final ParameterGroup group;
    private final String name;
    private final double bound;
    private final CounterRandom random;
    private long drawn;

    Declaration(ParameterGroup group, String name, double bound, CounterRandom random) {
      this.group = group;
      this.name = name;
      this.bound = bound;
      this.random = random;
    }

    Parameter parameter(String parameter, long... shape) {
      Parameter added =
          group.add(name + "." + parameter, Init.uniform(random, bound, drawn), shape);
      drawn += added.count();
      return added;
    }
  }

  /**
   * The last layer's hidden states.
   *
   * @param x [t, b, in], t at least 1
   * @return [t, b, hidden], or [t, b, 2 hidden]: the forward direction's, then the other's
   */
  @Override
  public Tensor forward(Tensor x) {
    List<State> states = states(x, List.of());
    Tensor h = joined(states.subList(states.size() - perLayer, states.size()));
    return h.reshape(x.size(0), x.size(1), h.cols());
  }

  /**
   * Hidden and cell states at all steps of each layer and direction, each [t b, hidden] with row t
   * b + i for step t of sequence i: of layer 0 forward, layer 0 reverse, layer 1 forward and so on.
   *
   * @param x [t, b, in], t at least 1
   * @param initial what each starts from, in the same order, each [b, hidden]; empty for zeros
   */
  public List<State> states(Tensor x, List<State> initial) {
    if (!initial.isEmpty() && initial.size() != directions.size()) {
      throw new IllegalArgumentException(
          "lstm: "
              + initial.size()
              + " initial states are given, want none or "
              + directions.size()
              + ", one a layer and direction");
    }
    int steps = Math.toIntExact(x.size(0));
    Tensor rows = x.reshape(x.rows(), x.cols());
    List<State> states = new ArrayList<>();
    for (int first = 0; first < directions.size(); first += perLayer) {
      for (int end = 0; end < perLayer; end++) {
        int index = first + end;
        states.add(directions.get(index).states(rows, initial, index, steps, end == 1));
      }
      rows = joined(states.subList(first, first + perLayer));
    }
    return states;
  }

  private static Tensor joined(List<State> ends) {
    return ends.size() == 1
        ? ends.getFirst().h()
        : ConcatOp.columns(ends.stream().map(State::h).toArray(Tensor[]::new));
  }
}

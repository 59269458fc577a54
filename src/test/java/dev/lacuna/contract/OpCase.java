package dev.lacuna.contract;

import dev.lacuna.CounterRandom;
import dev.lacuna.DType;
import dev.lacuna.spi.FieldKind;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpField;
import dev.lacuna.spi.OpLayout;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * One call of an op: sizes, codes, what the inputs are filled with and which optional tensors are
 * left out.
 */
final class OpCase {
  private static final int SEED = Integer.getInteger("lacuna.test.seed", 20_240_607);

  final OpLayout op;
  private final Map<String, Number> scalars = new LinkedHashMap<>();
  private final Map<String, Fill> fills = new HashMap<>();
  private final Set<String> absent = new TreeSet<>();
  private final Map<String, String> inPlace = new TreeMap<>();
  private Consumer<Map<String, double[]>> adjustment = values -> {};
  private long gap;
  private boolean optionalStays;
  private boolean fast;
  private final Set<String> mayBeRounded = new TreeSet<>();

  OpCase(OpLayout op) {
    this.op = op;
  }

  OpCase copy() {
    OpCase copy = new OpCase(op);
    copy.scalars.putAll(scalars);
    copy.fills.putAll(fills);
    copy.absent.addAll(absent);
    copy.inPlace.putAll(inPlace);
    copy.adjustment = adjustment;
    copy.gap = gap;
    copy.optionalStays = optionalStays;
    copy.fast = fast;
    copy.mayBeRounded.addAll(mayBeRounded);
    return copy;
  }

  // Building.

  /** Sets a size, stride, code or real; what is not set is 0. */
  OpCase with(String field, Number value) {
    op.index(field);
    scalars.put(field, value);
    return this;
  }

  /** Sets names and values in turn. */
  OpCase with(Object... pairs) {
    for (int i = 0; i < pairs.length; i += 2) {
      with((String) pairs[i], (Number) pairs[i + 1]);
    }
    return this;
  }

  /** Elements between the end of a row and the start of the next. */
  OpCase gap(long elements) {
    gap = elements;
    return this;
  }

  OpCase fill(String tensor, Fill fill) {
    op.index(tensor);
    fills.put(tensor, fill);
    return this;
  }

  OpCase without(String tensor) {
    op.index(tensor);
    absent.add(tensor);
    return this;
  }

  /** Optional tensors are not left out by {@link OpCases}: the op's codes decide which belong. */
  OpCase keepOptional() {
    optionalStays = true;
    return this;
  }

  /** Reduced precision is permitted: these tensors may be rounded to bf16. */
  OpCase fast(String... rounded) {
    fast = true;
    for (String tensor : rounded) {
      if (has(tensor)) {
        op.index(tensor);
        mayBeRounded.add(tensor);
      }
    }
    return this;
  }

  /** {@code out} lies where {@code in} lies. */
  OpCase inPlace(String out, String in) {
    inPlace.put(out, in);
    return this;
  }

  /** Changes the filled values, where one tensor depends on another. */
  OpCase adjust(Consumer<Map<String, double[]>> change) {
    adjustment = adjustment.andThen(change);
    return this;
  }

  // Asking.

  boolean isFast() {
    return fast;
  }

  boolean mayDropOptional() {
    return !optionalStays;
  }

  boolean has(String tensor) {
    return !absent.contains(tensor);
  }

  /** The tensor whose memory an output shares, or the output itself. */
  String home(String tensor) {
    return inPlace.getOrDefault(tensor, tensor);
  }

  long value(String field) {
    return scalars.getOrDefault(field, 0).longValue();
  }

  double real(String field) {
    return scalars.getOrDefault(field, 0).doubleValue();
  }

  /** Whether a written tensor's old content counts. */
  boolean reads(OpField tensor) {
    if (!tensor.kind().isWritten() || inPlace.containsKey(tensor.name())) {
      return true;
    }
    String flag = "acc_" + tensor.name();
    boolean hasFlag = op.fields().stream().anyMatch(field -> field.name().equals(flag));
    boolean inOut = tensor.kind() == FieldKind.INOUT || tensor.kind() == FieldKind.OPT_INOUT;
    return inOut && (!hasFlag || value(flag) != 0);
  }

  /** A call with all scalars set and no tensors. */
  OpCall call() {
    OpCall call = new OpCall(op).fast(fast);
    for (int i = 0; i < op.fields().size(); i++) {
      Number value = scalars.getOrDefault(op.fields().get(i).name(), 0);
      switch (op.fields().get(i).kind()) {
        case REAL -> call.set(i, value.doubleValue());
        case SIZE, CODE, STRIDE -> call.set(i, value.longValue());
        default -> {}
      }
    }
    setStrides(call);
    return call;
  }

  /**
   * Rows of a tensor lie {@link #gap} elements apart; a stride that several tensors use suits the
   * widest.
   */
  private void setStrides(OpCall call) {
    for (int i = 0; i < op.fields().size(); i++) {
      OpField stride = op.fields().get(i);
      if (stride.kind() != FieldKind.STRIDE) {
        continue;
      }
      long widest = 0;
      for (int t = 0; t < op.fields().size(); t++) {
        if (op.fields().get(t).stride().equals(stride.name())) {
          widest = Math.max(widest, call.cols(t));
        }
      }
      call.set(i, widest + gap);
    }
  }

  /** The dense values of every tensor that is read, by name. */
  Map<String, double[]> values() {
    OpCall sizes = call();
    Map<String, double[]> values = new LinkedHashMap<>();
    for (int i = 0; i < op.fields().size(); i++) {
      OpField field = op.fields().get(i);
      if (field.dtype() == null || !has(field.name()) || !field.name().equals(home(field.name()))) {
        continue;
      }
      double[] dense = new double[Math.toIntExact(sizes.rows(i) * sizes.cols(i))];
      if (reads(field)) {
        Fill fill = fills.getOrDefault(field.name(), Fill.NORMAL);
        CounterRandom random = new CounterRandom(SEED, i, 0);
        for (int k = 0; k < dense.length; k++) {
          dense[k] = fill.at(random, k);
        }
      }
      values.put(field.name(), dense);
    }
    adjustment.accept(values);
    values.replaceAll((name, dense) -> rounded(op.fields().get(op.index(name)), dense));
    return values;
  }

  /**
   * The same values with everything that may be rounded to bf16 moved by one unit of it, 2^-8 of
   * itself up or down.
   */
  Map<String, double[]> shaken(Map<String, double[]> values) {
    Map<String, double[]> shaken = new LinkedHashMap<>(values);
    for (String tensor : mayBeRounded) {
      CounterRandom random = new CounterRandom(SEED, op.index(tensor), 1);
      double[] moved = values.get(tensor).clone();
      for (int k = 0; k < moved.length; k++) {
        moved[k] = (float) (moved[k] * (1 + (random.below(k, 2) == 0 ? 1 : -1) * 0x1p-8));
      }
      shaken.put(tensor, moved);
    }
    return shaken;
  }

  private static double[] rounded(OpField field, double[] dense) {
    if (field.dtype() == DType.F32) {
      for (int k = 0; k < dense.length; k++) {
        dense[k] = (float) dense[k];
      }
    }
    return dense;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(op.name()).append(' ').append(scalars);
    if (gap != 0) {
      text.append(" gap ").append(gap);
    }
    if (!absent.isEmpty()) {
      text.append(" without ").append(absent);
    }
    if (!inPlace.isEmpty()) {
      text.append(" in place ").append(inPlace);
    }
    if (fast) {
      text.append(" FAST");
    }
    return text.append(" seed ").append(SEED).toString();
  }
}

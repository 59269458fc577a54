package dev.lacuna.multimodal.cmg;

import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.ReduceOp.Over;
import dev.lacuna.ops.RowsOp;
import java.util.Arrays;

/** A modality's mean specific map, a moving average over training, to decode codes with. */
final class Style {
  private static final double DECAY = 0.99;
  private final Parameter mean;

  /** 1 once a batch had the modality, which the first may lack. */
  private final Parameter begun;

  private final long[] shape;
  private final int size;

  /** Declares {@code mean} and {@code begun}, which no gradient moves. */
  Style(ParameterGroup group, long[] shape) {
    this.shape = shape.clone();
    size = (int) Arrays.stream(shape).reduce(1, Math::multiplyExact);
    mean = group.add("mean", i -> 0, size);
    begun = group.add("begun", i -> 0, 1);
    group.freeze();
  }

  /**
   * Learns from the maps of a batch.
   *
   * @param map [n, ...]
   */
  void update(Tensor map) {
    Tensor rows = map.detach().reshape(map.size(0), size);
    double[] batch = ReduceOp.mean(rows, Over.ROWS).toDoubleArray();
    double[] value = mean.get();
    double kept = begun.get()[0] == 0 ? 0 : DECAY;
    Arrays.setAll(value, i -> kept * value[i] + (1 - kept) * batch[i]);
    mean.set(value);
    begun.set(new double[] {1});
  }

  /** The mean map, n times: [n, ...]. */
  Tensor on(Tape tape, int n) {
    Tensor row = tape.use(mean).reshape(1, size);
    long[] all = new long[shape.length + 1];
    all[0] = n;
    System.arraycopy(shape, 0, all, 1, shape.length);
    return RowsOp.gatherRows(row, tape.input(new int[n], n)).reshape(all);
  }
}

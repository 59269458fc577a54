package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.ops.Conv2dOp;
import dev.lacuna.ops.LinearOp;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a matrix product makes of a sample does not hang on the sample's place in the batch, nor on
 * its neighbours: libraries sum the rows and columns that their blocks leave over in another order.
 */
final class BatchOrderTest {
  /** Fewer than a block of rows, whole ones, and every number of rows left over. */
  private static final List<Integer> BATCHES =
      List.of(2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 64, 65, 98, 193, 201);

  static Stream<Arguments> linear() {
    return Stream.of(new int[] {5, 3}, new int[] {42, 10}, new int[] {300, 70})
        .flatMap(sizes ->
            Target.REQUIRED.stream().map(target -> Arguments.of(target, sizes[0], sizes[1])));
  }

  @ParameterizedTest
  @MethodSource("linear")
  void aRowTimesWeightsIsTheSameInEveryPlaceToTheBit(Target target, int d, int o) {
    try (Context context = target.open();
        Tape tape = new Tape(context)) {
      for (int n : BATCHES) {
        float[] w = normal(1, o * d);
        float[] b = normal(2, o);
        check(
            n,
            new long[] {n, d},
            tape,
            x -> LinearOp.linear(x, tape.input(w, o, d), tape.input(b, o)));
      }
    }
  }

  static Stream<Arguments> convolutions() {
    // channels, height, width, channels out, window, stride, pad
    return Stream.of(
            new int[] {1, 6, 7, 6, 3, 1, 1},
            new int[] {1, 8, 5, 16, 5, 2, 2},
            new int[] {16, 7, 7, 9, 3, 1, 1},
            new int[] {130, 3, 3, 5, 3, 1, 0})
        .flatMap(sizes -> Target.REQUIRED.stream().map(target -> Arguments.of(target, sizes)));
  }

  @ParameterizedTest
  @MethodSource("convolutions")
  void anImageIsFoldedTheSameInEveryPlaceToTheBit(Target target, int[] sizes) {
    int in = sizes[0];
    int out = sizes[3];
    int k = sizes[4];
    try (Context context = target.open();
        Tape tape = new Tape(context)) {
      for (int n : BATCHES) {
        float[] weight = normal(1, out * in * k * k);
        float[] bias = normal(2, out);
        check(
            n,
            new long[] {n, in, sizes[1], sizes[2]},
            tape,
            x ->
                Conv2dOp.conv2d(
                    x,
                    tape.input(weight, out, in, k, k),
                    tape.input(bias, out),
                    sizes[5],
                    sizes[6]));
      }
    }
  }

  /**
   * Every sample of a batch must come out the same in the batch itself and in one put otherwise.
   */
  private static void check(int n, long[] shape, Tape tape, UnaryOperator<Tensor> op) {
    int[] reversed = new int[n];
    Arrays.setAll(reversed, i -> n - 1 - i);
    int length = (int) (Arrays.stream(shape).reduce(1, (a, b) -> a * b) / n);
    float[] samples = normal(0, n * length);
    double[][] wanted = rows(n, op, tape, shape, samples);
    for (int[] order : List.of(reversed, new CounterRandom(7, 3, 0).permutation(n))) {
      float[] put = new float[samples.length];
      for (int i = 0; i < n; i++) {
        System.arraycopy(samples, order[i] * length, put, i * length, length);
      }
      double[][] got = rows(n, op, tape, shape, put);
      for (int i = 0; i < n; i++) {
        assertArrayEquals(
            wanted[order[i]], got[i], "sample " + order[i] + " of " + n + " at place " + i);
      }
    }
  }

  private static double[][] rows(
      int n, UnaryOperator<Tensor> op, Tape tape, long[] shape, float[] samples) {
    tape.reset();
    double[] flat = op.apply(tape.input(samples, shape)).toDoubleArray();
    double[][] rows = new double[n][];
    Arrays.setAll(
        rows, i -> Arrays.copyOfRange(flat, i * (flat.length / n), (i + 1) * (flat.length / n)));
    return rows;
  }

  private static float[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(7, stream, 0);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.normal(i);
    }
    return values;
  }
}

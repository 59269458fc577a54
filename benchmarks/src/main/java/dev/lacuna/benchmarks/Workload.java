package dev.lacuna.benchmarks;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * A kernel's job at one size: its inputs, what it costs at least, and how exact a result is. Inputs
 * are standard normal and the same in every process.
 */
public abstract class Workload {
  private final String name;

  /** A job with a name that {@link #of} understands. */
  protected Workload(String name) {
    this.name = name;
  }

  /**
   * The job of a name: kernel and sizes, such as {@code vq_search:16384x256x512}.
   *
   * @throws IllegalArgumentException naming what is wrong
   */
  public static Workload of(String name) {
    int colon = name.indexOf(':');
    if (colon < 0) {
      throw new IllegalArgumentException("'" + name + "' has no sizes, want kernel:AxBx...");
    }
    int[] sizes =
        Arrays.stream(name.substring(colon + 1).split("x", -1))
            .mapToInt(Integer::parseInt)
            .toArray();
    String kernel = name.substring(0, colon);
    return switch (kernel) {
      case "vq_search" -> new VqSearchWork(name, sizes, false);
      case "vq_search_reset" -> new VqSearchWork(name, sizes, true);
      case "vq_training" -> new VqTrainingWork(name, sizes);
      case "vicreg" -> new VicRegWork(name, sizes);
      case "attention_forward" -> new AttentionWork(name, sizes, AttentionWork.Pass.FORWARD);
      case "attention_forward_backward" ->
          new AttentionWork(name, sizes, AttentionWork.Pass.FORWARD_BACKWARD);
      case "attention_prompts" -> new AttentionWork(name, sizes, AttentionWork.Pass.PROMPTS);
      case "rls" -> new RlsWork(name, sizes);
      case "minilm" -> new MiniLmWork(name, sizes);
      default -> throw new IllegalArgumentException("no kernel is called '" + kernel + "'");
    };
  }

  /** The name that {@link #of} turns into the same job. */
  public final String name() {
    return name;
  }

  /** The kernel's part of the name. */
  public final String kernel() {
    return name.substring(0, name.indexOf(':'));
  }

  /** The sizes' part of the name. */
  public final String shape() {
    return name.substring(name.indexOf(':') + 1);
  }

  /** The JMH class that times our kernel at a job. */
  static Class<? extends KernelBenchmark> benchmarkOf(String name) {
    if (name.startsWith("attention")) {
      return AttentionBenchmark.class;
    }
    if (name.startsWith("vq")) {
      return VqBenchmark.class;
    }
    if (name.startsWith("minilm")) {
      return MiniLmBenchmark.class;
    }
    return name.startsWith("vicreg") ? VicRegBenchmark.class : RlsBenchmark.class;
  }

  /** Floating-point operations that the job cannot do without, in its cheapest form. */
  public abstract double flops();

  /** The same for a variant, where that does other arithmetic. */
  public double flops(Variant variant) {
    return flops();
  }

  /** What a variant's products are made in. */
  public Machine.Arithmetic arithmetic(Variant variant) {
    return variant == Variant.FAST ? Machine.Arithmetic.BF16 : Machine.Arithmetic.FP32;
  }

  /** The same as the reference back end's plain loops do them. */
  double plainFlops() {
    return flops();
  }

  /** Bytes of the tensors that are read and written, each once. */
  public abstract double bytes();

  /** What can be asked of our kernels here. */
  public abstract List<Variant> variants();

  /** Our kernel at the job. */
  public abstract Contender ours(Context context, Variant variant);

  /** How far results are from a double reference, relative to it. */
  public abstract double error(float[] result);

  static void checkSizes(String name, int[] sizes, String... what) {
    if (sizes.length != what.length || Arrays.stream(sizes).anyMatch(size -> size < 1)) {
      throw new IllegalArgumentException(
          "'"
              + name
              + "' has sizes "
              + Arrays.toString(sizes)
              + ", want "
              + String.join(" x ", what));
    }
  }

  /** Memory outside the heap for the life of the process. */
  protected static MemorySegment floats(long count) {
    return Arena.global()
        .allocate(Math.max(count, 1) * Float.BYTES, 64)
        .asSlice(0, count * Float.BYTES);
  }

  /** Standard normal numbers outside the heap. */
  protected static MemorySegment normal(int stream, long count) {
    CounterRandom random = new CounterRandom(1, stream, 0);
    MemorySegment values = floats(count);
    LongStream.range(0, count)
        .parallel()
        .forEach(i -> values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.normal(i)));
    return values;
  }

  /** A row of a matrix in double. */
  protected static double[] row(MemorySegment matrix, long row, int width) {
    double[] values = new double[width];
    for (int i = 0; i < width; i++) {
      values[i] = matrix.getAtIndex(ValueLayout.JAVA_FLOAT, row * width + i);
    }
    return values;
  }

  /** All numbers of several segments, one after the other. */
  protected static float[] joined(MemorySegment... parts) {
    long total = Arrays.stream(parts).mapToLong(MemorySegment::byteSize).sum() / Float.BYTES;
    float[] all = new float[Math.toIntExact(total)];
    int at = 0;
    for (MemorySegment part : parts) {
      int count = (int) (part.byteSize() / Float.BYTES);
      MemorySegment.copy(part, ValueLayout.JAVA_FLOAT, 0, all, at, count);
      at += count;
    }
    return all;
  }

  /** At most {@code count} numbers below {@code size}, spread evenly, with the last. */
  protected static int[] sample(int size, int count) {
    int taken = Math.min(size, count);
    int[] rows = new int[taken];
    for (int i = 0; i < taken; i++) {
      rows[i] = taken == 1 ? 0 : (int) ((long) i * (size - 1) / (taken - 1));
    }
    return rows;
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  static void addScaled(double[] to, double factor, double[] from) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * from[i];
    }
  }
}

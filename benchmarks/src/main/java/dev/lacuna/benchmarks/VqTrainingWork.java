package dev.lacuna.benchmarks;

import dev.lacuna.Context;
import dev.lacuna.kernels.VqNearest;
import dev.lacuna.kernels.VqQuantize;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.VqEma;
import dev.lacuna.spi.OpLayouts.VqStatistics;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a layer of vector quantisation does in a training step: search, codes of the vectors,
 * commitment loss, its gradient with the straight-through one of the layer behind, and the update
 * of the codebook by exponential moving averages without smoothing, from counts of 1. Result: loss,
 * dz [n, d], the new codebook [k, d].
 */
public final class VqTrainingWork extends Workload {
  /** Weight of the commitment loss. */
  public static final double BETA = 0.25;

  /** Of the moving averages. */
  public static final double DECAY = 0.99;

  private static final VqQuantize.Options OPTIONS =
      VqQuantize.Options.DEFAULT.withCommitment(new VqQuantize.Commitment(BETA, 0));
  private static final int CHECKED_CODES = 32;

  /** Sizes, vectors and codes. */
  public final VqSearchWork search;

  /** Gradient of the layer behind [n, d]. */
  public final MemorySegment dq;

  VqTrainingWork(String name, int[] sizes) {
    super(name);
    search = new VqSearchWork(name, sizes, false);
    dq = normal(3, (long) search.n * search.d);
  }

  @Override
  public double flops() {
    return search.flops() + 8.0 * search.n * search.d;
  }

  /** z and dq are read, q and dz written, and codebook and sums read and written. */
  @Override
  public double bytes() {
    return 4 * (4.0 * search.n * search.d + 4.0 * search.k * search.d + search.n);
  }

  @Override
  public List<Variant> variants() {
    return List.of(Variant.DEFAULT, Variant.FAST, Variant.FLOAT);
  }

  @Override
  public Machine.Arithmetic arithmetic(Variant variant) {
    return variant == Variant.FLOAT ? Machine.Arithmetic.FP32 : Machine.Arithmetic.INT8;
  }

  @Override
  public Contender ours(Context context, Variant variant) {
    return new Ours(context, variant);
  }

  private final class Ours implements Contender {
    private final int n = search.n;
    private final int d = search.d;
    private final int k = search.k;
    private final VqQuantize.Shape shape = new VqQuantize.Shape(1, n, d, k);
    private final Context context;
    private final Variant variant;
    private final MemorySegment index = floats(n);
    private final MemorySegment q = floats((long) n * d);
    private final MemorySegment loss = floats(1);
    private final MemorySegment dz = floats((long) n * d);
    private final MemorySegment count = floats(k);
    private final MemorySegment sum = floats((long) k * d);
    private final MemorySegment c = floats(k);
    private final MemorySegment w = floats((long) k * d);
    private final MemorySegment codebook = floats((long) k * d);

    Ours(Context context, Variant variant) {
      this.context = context;
      this.variant = variant;
      restart();
    }

    private void restart() {
      for (int j = 0; j < k; j++) {
        c.setAtIndex(ValueLayout.JAVA_FLOAT, j, 1);
      }
      w.copyFrom(search.codebook);
      codebook.copyFrom(search.codebook);
    }

    @Override
    public void run() {
      VqNearest.search(context, search.z, n, d, codebook, k, index, null, variant.precision());
      loss.setAtIndex(
          ValueLayout.JAVA_FLOAT,
          0,
          (float) VqQuantize.forward(context, shape, OPTIONS, search.z, codebook, index, q));
      VqQuantize.backward(context, shape, OPTIONS, dq, 1, search.z, codebook, index, dz);
      statistics();
      update();
    }

    private void statistics() {
      OpCall call = context.call(VqStatistics.OP);
      call.set(VqStatistics.M, 1).set(VqStatistics.N, n).set(VqStatistics.D, d);
      call.set(VqStatistics.K, k).set(VqStatistics.GROUPS, 1).set(VqStatistics.LD_Z, d);
      call.set(VqStatistics.LD_SUM, d).set(VqStatistics.DECAY, DECAY);
      call.tensor(VqStatistics.Z, Memory.of(search.z), 0);
      call.tensor(VqStatistics.INDEX, Memory.of(index), 0);
      call.tensor(VqStatistics.COUNT, Memory.of(count), 0);
      context.run(call.tensor(VqStatistics.SUM, Memory.of(sum), 0));
    }

    private void update() {
      OpCall call = context.call(VqEma.OP).set(VqEma.M, 1).set(VqEma.K, k).set(VqEma.D, d);
      call.set(VqEma.GROUPS, 1).set(VqEma.LD_SUM, d).set(VqEma.LD_W, d);
      call.set(VqEma.LD_CODEBOOK, d).set(VqEma.DECAY, DECAY).set(VqEma.EPSILON, 1e-5);
      call.tensor(VqEma.COUNT, Memory.of(count), 0).tensor(VqEma.SUM, Memory.of(sum), 0);
      call.tensor(VqEma.C, Memory.of(c), 0).tensor(VqEma.W, Memory.of(w), 0);
      context.run(call.tensor(VqEma.CODEBOOK, Memory.of(codebook), 0));
    }

    @Override
    public float[] result() {
      restart();
      run();
      return joined(loss, dz, codebook);
    }
  }

  @Override
  public double error(float[] result) {
    int n = search.n;
    int d = search.d;
    int k = search.k;
    double[][] codes =
        IntStream.range(0, k).mapToObj(j -> row(search.codebook, j, d)).toArray(double[][]::new);
    int[] nearest = IntStream.range(0, n).parallel().map(i -> nearest(codes, i)).toArray();
    double loss = 0;
    double[] count = new double[k];
    double[][] sum = new double[k][d];
    ErrorMeter gradient = new ErrorMeter();
    for (int i = 0; i < n; i++) {
      double[] difference = row(search.z, i, d);
      addScaled(sum[nearest[i]], 1, difference);
      count[nearest[i]]++;
      addScaled(difference, -1, codes[nearest[i]]);
      loss += dot(difference, difference);
      double[] dz = row(dq, i, d);
      addScaled(dz, 2 * BETA / ((double) n * d), difference);
      gradient.add(result, 1 + i * d, dz);
    }
    ErrorMeter update = new ErrorMeter();
    for (int j : sample(k, CHECKED_CODES)) {
      double[] code = new double[d];
      addScaled(code, DECAY, codes[j]);
      addScaled(code, 1 - DECAY, sum[j]);
      double c = DECAY + (1 - DECAY) * count[j];
      for (int t = 0; t < d; t++) {
        code[t] /= c;
      }
      update.add(result, 1 + n * d + j * d, code);
    }
    double lossError = new ErrorMeter().add(result[0], BETA * loss / ((double) n * d)).relative();
    return Math.max(lossError, Math.max(gradient.relative(), update.relative()));
  }

  private int nearest(double[][] codes, int i) {
    double[] vector = row(search.z, i, search.d);
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int j = 0; j < codes.length; j++) {
      double distance = 0;
      for (int t = 0; t < vector.length; t++) {
        double difference = vector[t] - codes[j][t];
        distance += difference * difference;
      }
      if (distance < least) {
        least = distance;
        best = j;
      }
    }
    return best;
  }
}

package dev.lacuna.benchmarks;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Lacuna;
import dev.lacuna.OpenOptions;
import dev.lacuna.Tier;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.VqNearest;
import dev.lacuna.nn.Conv2d;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.MaxPool2dOp;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.Sgd;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpLayouts.ElementwiseFwd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The hot kernels at the sizes of the reference systems, and what a call costs beside its work.
 *
 * <p>Arguments are JMH's: {@code KernelBenchmark.rls -p backend=cpu -p tier=AVX2}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class KernelBenchmark {
  /** Runs the benchmarks that the arguments select, all without any. */
  public static void main(String[] arguments) throws IOException {
    org.openjdk.jmh.Main.main(arguments);
  }

  /** A context of the chosen back end. */
  @State(Scope.Thread)
  public static class Device {
    @Param({"cpu", "reference"})
    String backend = "";

    @Param("BEST")
    Tier tier = Tier.BEST;

    @Param("0")
    int threads;

    Context open() {
      return Lacuna.open(
          OpenOptions.DEFAULT.withBackend(backend).withTier(tier).withThreads(threads));
    }
  }

  private static MemorySegment normal(Arena arena, int stream, int count) {
    CounterRandom random = new CounterRandom(1, stream, 0);
    MemorySegment values = arena.allocate(4L * count, 64);
    for (int i = 0; i < count; i++) {
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.normal(i));
    }
    return values;
  }

  /** One feature vector absorbed and the gradient of ten classes projected, for 512 features. */
  @State(Scope.Thread)
  public static class Rls {
    private static final int SIZE = 512;
    private static final int CLASSES = 10;

    @Param({"NONE", "FRO"})
    Norm norm = Norm.NONE;

    private Context context;
    private Arena arena;
    private RlsProjector projector;
    private MemorySegment r;
    private MemorySegment original;
    private MemorySegment gradient;

    /** Opens the back end. */
    @Setup
    public void open(Device device) {
      context = device.open();
      arena = Arena.ofShared();
      projector = new RlsProjector(context, SIZE, norm);
      r = normal(arena, 0, SIZE);
      original = normal(arena, 1, CLASSES * SIZE);
      gradient = arena.allocate(original.byteSize(), 64);
    }

    /** Back to P = I, before the absorbed vector's share has vanished. */
    @Setup(Level.Iteration)
    public void reset() {
      projector.reset();
    }

    /** Closes everything. */
    @TearDown
    public void close() {
      projector.close();
      context.close();
      arena.close();
    }
  }

  /** {@code rls_absorb} and {@code rls_project}. */
  @Benchmark
  public void rls(Rls rls) {
    rls.gradient.copyFrom(rls.original);
    rls.projector.absorb(rls.r, 1);
    rls.projector.project(rls.gradient, Rls.CLASSES);
  }

  /** 16,384 vectors of 256 numbers against 512 codes. */
  @State(Scope.Thread)
  public static class Vq {
    private static final int N = 16_384;
    private static final int D = 256;
    private static final int K = 512;

    private Context context;
    private Arena arena;
    private MemorySegment z;
    private MemorySegment codebook;
    private MemorySegment index;

    /** Opens the back end. */
    @Setup
    public void open(Device device) {
      context = device.open();
      arena = Arena.ofShared();
      z = normal(arena, 0, N * D);
      codebook = normal(arena, 1, K * D);
      index = arena.allocate(4L * N, 64);
    }

    /** Closes everything. */
    @TearDown
    public void close() {
      context.close();
      arena.close();
    }
  }

  /** {@code vq_nearest}: 2 n d k = 4.3 GFLOP. */
  @Benchmark
  public MemorySegment vqNearest(Vq vq) {
    VqNearest.search(vq.context, vq.z, Vq.N, Vq.D, vq.codebook, Vq.K, vq.index, null);
    return vq.index;
  }

  /** An op with one number. */
  @State(Scope.Thread)
  public static class Tiny {
    private Context context;
    private Memory memory;

    /** Opens the back end. */
    @Setup
    public void open(Device device) {
      context = device.open();
      memory = context.allocate(64);
      context.write(memory, 0, new double[] {1});
    }

    /** Closes everything. */
    @TearDown
    public void close() {
      context.close();
    }
  }

  /** What a call costs: filling it, checking it, and crossing to native code and back. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.NANOSECONDS)
  public void dispatch(Tiny tiny) {
    OpCall call = tiny.context.call(ElementwiseFwd.OP);
    call.set(ElementwiseFwd.N, 1).set(ElementwiseFwd.D, 1).set(ElementwiseFwd.CODE, 3);
    call.set(ElementwiseFwd.LD_X, 1).set(ElementwiseFwd.LD_OUT, 1);
    call.tensor(ElementwiseFwd.X, tiny.memory, 0).tensor(ElementwiseFwd.OUT, tiny.memory, 32);
    tiny.context.run(call);
  }

  /** A convolutional network on a batch of 64 images of 28 x 28. */
  @State(Scope.Thread)
  public static class Training {
    private static final int BATCH = 64;

    private Context context;
    private ParameterStore store;
    private Tape tape;
    private Layer network;
    private Sgd sgd;
    private final float[] images = new float[BATCH * 28 * 28];
    private final int[] labels = new int[BATCH];

    /** Opens the back end. */
    @Setup
    public void open(Device device) {
      context = device.open();
      store = new ParameterStore(context);
      tape = new Tape(context);
      ParameterGroup group = store.group("image");
      network =
          Layer.sequence(
              new Conv2d(group, "conv1", 1, 16, 5, 1, 2, new CounterRandom(1, 0, 0)),
              ElementwiseOp::relu,
              x -> MaxPool2dOp.maxPool2d(x, 2, 2),
              new Conv2d(group, "conv2", 16, 32, 5, 1, 2, new CounterRandom(1, 1, 0)),
              ElementwiseOp::relu,
              x -> MaxPool2dOp.maxPool2d(x, 2, 2),
              Tensor::flatten,
              new Linear(group, "head", 32 * 7 * 7, 10, new CounterRandom(1, 2, 0)));
      sgd = new Sgd(context, Sgd.Options.DEFAULT, group);
      CounterRandom random = new CounterRandom(2, 0, 0);
      for (int i = 0; i < images.length; i++) {
        images[i] = random.uniform(i);
      }
      for (int i = 0; i < BATCH; i++) {
        labels[i] = i % 10;
      }
    }

    /** Closes everything. */
    @TearDown
    public void close() {
      tape.close();
      store.close();
      context.close();
    }
  }

  /** Forward, backward and a step of the optimiser. */
  @Benchmark
  public void trainingStep(Training training) {
    training.tape.reset();
    Tensor x = training.tape.input(training.images, Training.BATCH, 1, 28, 28);
    Tensor y = training.tape.input(training.labels, Training.BATCH);
    Tensor loss = SoftmaxOp.crossEntropy(training.network.forward(x), y);
    training.store.zeroGrad();
    loss.backward();
    training.sgd.step(0.01);
  }
}

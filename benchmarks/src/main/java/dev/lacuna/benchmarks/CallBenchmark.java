package dev.lacuna.benchmarks;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.OpenOptions;
import dev.lacuna.Tier;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
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
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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
 * What a call costs beside its work, and a training step made of many: {@code java -cp
 * 'benchmarks/target/lib/*' org.openjdk.jmh.Main CallBenchmark -p device=cpu}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CallBenchmark {
  /** A context of the chosen device. */
  @State(Scope.Thread)
  public static class Where {
    @Param({"cpu", "reference"})
    String device = "";

    @Param("BEST")
    Tier tier = Tier.BEST;

    @Param("0")
    int threads;

    Context open() {
      return Lacuna.open(
          OpenOptions.DEFAULT.withDevice(Device.parse(device)).withTier(tier).withThreads(threads));
    }
  }

  /** An op with one number. */
  @State(Scope.Thread)
  public static class Tiny {
    private Context context;
    private Memory memory;

    /** Opens the back end. */
    @Setup
    public void open(Where where) {
      context = where.open();
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
    public void open(Where where) {
      context = where.open();
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

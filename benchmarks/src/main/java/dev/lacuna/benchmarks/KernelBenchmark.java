package dev.lacuna.benchmarks;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Times one contender at one workload, and hands its results on to be checked. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public abstract class KernelBenchmark {
  /** System property: the file that results are written to. */
  static final String RESULT = "lacuna.bench.result";

  /** System property: the file that the growth of memory during the first run is written to. */
  static final String MEMORY = "lacuna.bench.memory";

  @SuppressWarnings("NullAway.Init") // by setUp
  private Contender contender;

  /** The contender of this class's parameters. */
  protected abstract Contender open();

  /** Makes inputs and opens libraries. */
  @Setup
  public void setUp() throws IOException {
    contender = open();
    String file = System.getProperty(MEMORY);
    if (file != null) {
      long before = PeakMemory.restart();
      contender.run();
      Files.writeString(Path.of(file), Long.toString(PeakMemory.highest() - before));
    }
  }

  /** The job, once. */
  @Benchmark
  public void run() {
    contender.run();
  }

  /** Leaves the results of a fresh run. */
  @TearDown
  public void tearDown() throws IOException {
    String file = System.getProperty(RESULT);
    if (file != null) {
      float[] values = contender.result();
      byte[] bytes = new byte[Math.multiplyExact(values.length, Float.BYTES)];
      MemorySegment.ofArray(bytes).copyFrom(MemorySegment.ofArray(values));
      Files.write(Path.of(file), bytes);
    }
    contender.close();
  }

  /** What {@link #tearDown} left. */
  static float[] readResult(Path file) throws IOException {
    MemorySegment bytes = MemorySegment.ofArray(Files.readAllBytes(file));
    return bytes.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
  }
}

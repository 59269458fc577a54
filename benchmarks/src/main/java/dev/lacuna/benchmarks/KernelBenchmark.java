package dev.lacuna.benchmarks;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
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

/**
 * Times one contender at one workload, each run by itself: the median of the runs is what a mean
 * would be on a machine that does nothing else. Hands the results on to be checked.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 5, time = 1)
public abstract class KernelBenchmark {
  /** System property: the folder that {@link Left} is written to. */
  static final String FOLDER = "lacuna.bench.folder";

  /** The files that a fork leaves. */
  enum Left {
    /** Results of a fresh run, as floats. */
    RESULT,
    /** {@link Contender#facts}. */
    FACTS;

    Path in(Path folder) {
      return folder.resolve(name());
    }
  }

  @SuppressWarnings("NullAway.Init") // by setUp
  private Contender contender;

  /** The contender of this class's parameters. */
  protected abstract Contender open();

  /** Makes inputs and opens libraries. */
  @Setup
  public void setUp() {
    contender = open();
  }

  /** The job, once. */
  @Benchmark
  public void run() {
    contender.run();
  }

  /** Leaves the results of a fresh run. */
  @TearDown
  public void tearDown() throws IOException {
    String folder = System.getProperty(FOLDER);
    if (folder != null) {
      float[] values = contender.result();
      byte[] bytes = new byte[Math.multiplyExact(values.length, Float.BYTES)];
      MemorySegment.ofArray(bytes).copyFrom(MemorySegment.ofArray(values));
      Files.write(Left.RESULT.in(Path.of(folder)), bytes);
      Files.writeString(Left.FACTS.in(Path.of(folder)), contender.facts());
    }
    contender.close();
  }
}

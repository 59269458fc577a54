package dev.lacuna.benchmarks;

import dev.lacuna.benchmarks.KernelBenchmark.Left;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;

/**
 * A contender that JMH times in a fork.
 *
 * @param benchmark its JMH class
 * @param parameters JMH's {@code @Param}s
 * @param environment the fork's, beside what it inherits
 * @param jvmArguments the fork's
 */
public record JmhEntry(
    String peer,
    String form,
    boolean usual,
    String settings,
    Class<? extends KernelBenchmark> benchmark,
    Map<String, String> parameters,
    Map<String, String> environment,
    List<String> jvmArguments)
    implements Entry {
  private static final String JAVA = "java";

  /** JMH's own use of Unsafe is not the reader's concern. */
  private static final List<String> QUIET = List.of("--sun-misc-unsafe-memory-access=allow");

  @Override
  public Sample measure(Effort effort) {
    try {
      Path folder = Files.createTempDirectory("lacuna-bench");
      try {
        Statistics runs = run(effort, folder).getPrimaryResult().getStatistics();
        Spread milliseconds =
            new Spread(runs.getPercentile(50), runs.getMin(), runs.getMax(), (int) runs.getN());
        MemorySegment result = MemorySegment.ofArray(Files.readAllBytes(Left.RESULT.in(folder)));
        return new Sample(
            milliseconds,
            result.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED),
            Files.readString(Left.FACTS.in(folder)));
      } finally {
        Files.deleteIfExists(folder.resolve(JAVA));
        for (Left file : Left.values()) {
          Files.deleteIfExists(file.in(folder));
        }
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private RunResult run(Effort effort, Path folder) throws IOException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + Pattern.quote(benchmark.getName()) + "\\.run$")
            .forks(1)
            .warmupIterations(1)
            .warmupTime(TimeValue.milliseconds(effort.warmup()))
            .measurementIterations(1)
            .measurementTime(TimeValue.milliseconds(effort.measured()))
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT)
            .jvm(java(folder).toString())
            .jvmArgsAppend("-D" + KernelBenchmark.FOLDER + "=" + folder)
            .jvmArgsPrepend(
                Stream.concat(jvmArguments.stream(), QUIET.stream()).toArray(String[]::new));
    parameters.forEach(options::param);
    try {
      return new Runner(options.build()).runSingle();
    } catch (RunnerException e) {
      throw new IllegalStateException(peer + " " + form + ": " + e.getMessage(), e);
    }
  }

  /** JMH starts its forks with the environment that it has; this sets what is to differ. */
  private Path java(Path folder) throws IOException {
    StringBuilder script = new StringBuilder("#!/bin/sh\n");
    environment.forEach((name, value) -> {
      if (value.isEmpty()) {
        script.append("unset ").append(name).append('\n');
      } else {
        script.append("export ").append(name).append("='").append(value).append("'\n");
      }
    });
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    script.append("exec '").append(java).append("' \"$@\"\n");
    Path file = folder.resolve(JAVA);
    Files.writeString(file, script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    return file;
  }
}

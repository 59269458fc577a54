package dev.lacuna.benchmarks;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.OpenOptions;
import dev.lacuna.Tier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Our kernels at many sizes in one process, where a fork for each would take minutes: what a size
 * costs beside its neighbours. Thread counts take turns, so that both see the same machine.
 */
final class Stopwatch {
  private static final long SETTLE_NANOSECONDS = 1_000_000_000L;
  private static final long WARMUP_NANOSECONDS = 30_000_000L;
  private static final long MEASURED_NANOSECONDS = 60_000_000L;
  private static final long SAMPLE_NANOSECONDS = 50_000L;
  private static final int LEAST_SAMPLES = 3;

  private Stopwatch() {}

  /**
   * What a workload costs.
   *
   * @param work its name
   * @param milliseconds of a run, for each number of threads
   * @param workspace bytes that its ops asked for beside their tensors, at the last number of
   *     threads
   * @param resident bytes by which the first run there made the process grow
   */
  record Reading(String work, List<Spread> milliseconds, long workspace, long resident) {
    /** Median milliseconds where there is one number of threads. */
    double median() {
      return milliseconds.getFirst().median();
    }

    /** The faster of two readings, with the more memory. */
    Reading best(Reading other) {
      double mine = milliseconds.stream().mapToDouble(Spread::median).sum();
      double theirs = other.milliseconds.stream().mapToDouble(Spread::median).sum();
      return new Reading(
          work,
          mine <= theirs ? milliseconds : other.milliseconds,
          Math.max(workspace, other.workspace),
          Math.max(resident, other.resident));
    }
  }

  /** Reads workloads in a child process. */
  static List<Reading> read(List<Integer> threads, List<String> works) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--class-path",
                System.getProperty("java.class.path"),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:-UsePerfData",
                Stopwatch.class.getName(),
                threads.stream().map(String::valueOf).collect(Collectors.joining(","))));
    command.addAll(works);
    return new ObjectMapper().convertValue(Commands.json(command), new TypeReference<>() {});
  }

  /** {@code Stopwatch THREADS[,THREADS...] WORK...}: prints readings as JSON. */
  public static void main(String[] arguments) throws IOException {
    int[] threads = Arrays.stream(arguments[0].split(",")).mapToInt(Integer::parseInt).toArray();
    List<String> works = Arrays.asList(arguments).subList(1, arguments.length);
    settle(works.getFirst(), threads);
    List<Reading> readings = new ArrayList<>();
    works.forEach(work -> readings.add(read(work, threads)));
    // a disturbance does not come twice at the same size
    readings.replaceAll(first -> first.best(read(first.work(), threads)));
    System.out.println(new ObjectMapper().writeValueAsString(readings));
  }

  /** Until libraries are loaded and the compilers of a young JVM have become quiet. */
  private static void settle(String work, int[] threads) {
    long end = System.nanoTime() + SETTLE_NANOSECONDS;
    try (Context context = open(threads[0]);
        Contender kernel = Workload.of(work).ours(context, Variant.DEFAULT)) {
      do {
        kernel.run();
      } while (System.nanoTime() < end);
    }
  }

  private static Context open(int threads) {
    return Lacuna.open(
        OpenOptions.DEFAULT.withDevice(Device.cpu()).withTier(Tier.BEST).withThreads(threads));
  }

  private static Reading read(String work, int[] threads) {
    Workload workload = Workload.of(work);
    List<Context> contexts = new ArrayList<>();
    List<Contender> kernels = new ArrayList<>();
    try {
      long resident = 0;
      for (int count : threads) {
        Context context = open(count);
        contexts.add(context);
        Contender kernel = workload.ours(context, Variant.DEFAULT);
        kernels.add(kernel);
        long before = PeakMemory.restart();
        kernel.run();
        resident = PeakMemory.highest() - before;
      }
      List<Spread> milliseconds = time(kernels);
      return new Reading(
          work, milliseconds, contexts.getLast().workspaceBytes(), Math.max(resident, 0));
    } finally {
      kernels.forEach(Contender::close);
      contexts.forEach(Context::close);
    }
  }

  /** Of each kernel in turn, a sample at a time; a sample of short runs is several of them. */
  private static List<Spread> time(List<Contender> kernels) {
    long begin = System.nanoTime();
    long runs = 0;
    do {
      kernels.forEach(Contender::run);
      runs++;
    } while (System.nanoTime() < begin + WARMUP_NANOSECONDS);
    long once = (System.nanoTime() - begin) / (runs * kernels.size());
    int batch = (int) (SAMPLE_NANOSECONDS / Math.max(once, 1)) + 1;
    List<List<Double>> samples = new ArrayList<>();
    kernels.forEach(_ -> samples.add(new ArrayList<>()));
    long end = System.nanoTime() + MEASURED_NANOSECONDS * kernels.size();
    while (samples.getLast().size() < LEAST_SAMPLES || System.nanoTime() < end) {
      for (int i = 0; i < kernels.size(); i++) {
        Contender kernel = kernels.get(i);
        long start = System.nanoTime();
        for (int run = 0; run < batch; run++) {
          kernel.run();
        }
        samples.get(i).add(1e-6 * (System.nanoTime() - start) / batch);
      }
    }
    return samples.stream().map(Spread::of).toList();
  }
}

package dev.lacuna.training.fuzz;

import dev.lacuna.CounterRandom;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Feeds damaged files to a reader. A mutant that is refused in a place where none has been before
 * joins the files that further mutants are made of, which leads deeper into a reader.
 *
 * <p>Not Jazzer: it fuzzes one target a process, with a native agent, where some twenty share ten
 * seconds here, and it knows no bound on what is allocated.
 */
final class Fuzz {
  /** Another one gives other mutants; the same gives the same in the same order. */
  private static final long SEED = Long.getLong("lacuna.test.fuzz.seed", 1);

  /** At least, however slow the machine is. */
  private static final int FEWEST = 300;

  /** Of the processor, for one small file. */
  private static final Duration SLOW = Duration.ofSeconds(2);

  /** On a machine that is busy with other things. */
  private static final Duration STUCK = Duration.ofSeconds(60);

  private static final com.sun.management.ThreadMXBean THREADS =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Target target;

  private Fuzz(Target target) {
    this.target = target;
  }

  private record Outcome(@Nullable Throwable thrown, long allocated, Duration time) {}

  /** Damages and reads files for some time; a failure says what repeats it. */
  static void run(Target target, Duration time) throws IOException {
    new Fuzz(target).run(time);
  }

  private void run(Duration time) throws IOException {
    List<byte[]> corpus = new ArrayList<>(target.seeds());
    Set<String> places = new HashSet<>();
    int refused = 0;
    try (Worker worker = new Worker()) {
      for (byte[] seed : target.seeds()) {
        if (read(worker, seed, "a seed") != null) {
          throw fault("a seed", seed, "is refused", null);
        }
      }
      long end = System.nanoTime() + time.toNanos();
      for (int number = 0; number < FEWEST || System.nanoTime() < end; number++) {
        byte[] mutant =
            Mutator.mutant(corpus, new CounterRandom(SEED, target.name().hashCode(), number));
        Throwable thrown = read(worker, mutant, "seed " + SEED + ", mutant " + number);
        refused += thrown == null ? 0 : 1;
        if (thrown != null && places.add(place(thrown))) {
          corpus.add(mutant);
        }
      }
    }
    if (refused == 0) {
      throw new AssertionError(target.name() + ": no mutant is refused");
    }
  }

  /** Where a file was refused. */
  private static String place(Throwable thrown) {
    Throwable first = thrown;
    while (first.getCause() != null) {
      first = first.getCause();
    }
    return Arrays.toString(Arrays.copyOf(first.getStackTrace(), 2));
  }

  /** What the reader has thrown, null if nothing; a fault of it fails. */
  private @Nullable Throwable read(Worker worker, byte[] mutant, String which) throws IOException {
    Files.write(target.file(), mutant);
    long limit = target.multiple() * mutant.length + target.constant();
    Outcome outcome = worker.read(which, mutant);
    if (outcome.allocated > limit || outcome.time.compareTo(SLOW) > 0) {
      // the first time on a path, the JVM itself allocates to link it
      outcome = worker.read(which, mutant);
    }
    Throwable thrown = outcome.thrown;
    if (thrown != null) {
      String message = String.valueOf(thrown.getMessage());
      if (thrown.getClass() != target.error()) {
        throw fault(which, mutant, "is met with " + thrown, thrown);
      }
      if (!message.contains(String.valueOf(target.file().getFileName()))) {
        throw fault(which, mutant, "is refused without its name: " + message, thrown);
      }
    }
    if (outcome.allocated > limit) {
      String much = "of " + mutant.length + " bytes takes " + outcome.allocated + " bytes";
      throw fault(which, mutant, much + " of memory, want at most " + limit, thrown);
    }
    if (outcome.time.compareTo(SLOW) > 0) {
      throw fault(which, mutant, "takes " + outcome.time, thrown);
    }
    return thrown;
  }

  private AssertionError fault(
      String which, byte[] mutant, String what, @Nullable Throwable cause) {
    Path kept = Path.of("target", "fuzz", target.name().replaceAll("\\W+", "-"));
    try {
      Files.createDirectories(kept.getParent());
      Files.write(kept, mutant);
    } catch (IOException e) {
      throw new AssertionError(target.name() + ": " + which + " " + what, e);
    }
    return new AssertionError(
        target.name() + ": " + which + " (kept as " + kept + ") " + what, cause);
  }

  /** A thread that reads, and may be given up. */
  private final class Worker implements AutoCloseable {
    private final ExecutorService thread =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());

    Outcome read(String which, byte[] mutant) {
      Future<Outcome> reading = thread.submit(this::measured);
      try {
        return reading.get(STUCK.toSeconds(), TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        throw fault(which, mutant, "is still being read after " + STUCK, e);
      } catch (InterruptedException | ExecutionException e) {
        throw new AssertionError(e);
      }
    }

    private Outcome measured() {
      long bytes = THREADS.getCurrentThreadAllocatedBytes();
      long nanos = THREADS.getCurrentThreadCpuTime();
      Throwable thrown = null;
      try {
        target.reader().read(target.file());
      } catch (Throwable e) { // whatever it is, the caller judges it
        thrown = e;
      }
      return new Outcome(
          thrown,
          THREADS.getCurrentThreadAllocatedBytes() - bytes,
          Duration.ofNanos(THREADS.getCurrentThreadCpuTime() - nanos));
    }

    @Override
    public void close() {
      thread.shutdownNow();
    }
  }
}

package dev.lacuna.training.compare;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.OpenOptions;
import dev.lacuna.autograd.Tape;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Trainings side by side. On the CPU every core has one of its own, which then is as it would be
 * with {@code --threads 1} and does not depend on how many there are: small networks gain more from
 * that than from two cores for one. A GPU trains one after the other.
 */
public final class Workers implements AutoCloseable {
  private final List<Context> contexts = new ArrayList<>();

  /** What a worker does. */
  @FunctionalInterface
  interface Job {
    /**
     * Does the task of a number.
     *
     * @param tape the worker's own
     * @param checkpoint to be called often: throws once another task has failed
     */
    void run(int number, Tape tape, Runnable checkpoint);
  }

  private Workers() {}

  /**
   * Opens a context for each worker.
   *
   * @param options where to train; {@code threads} is the number of workers on the CPU, 0 for one a
   *     core
   */
  public static Workers open(OpenOptions options) {
    Workers workers = new Workers();
    try {
      Context first = Lacuna.open(options.withThreads(1));
      workers.contexts.add(first);
      int cores = Runtime.getRuntime().availableProcessors();
      int most = options.threads() == 0 ? cores : options.threads();
      boolean gpu = first.device().equals(Device.cuda(first.device().index()));
      while (!gpu && workers.contexts.size() < most) {
        workers.contexts.add(Lacuna.open(options.withThreads(1)));
      }
      return workers;
    } catch (RuntimeException e) {
      workers.close();
      throw e;
    }
  }

  /** One of the contexts, to ask what it is. */
  public Context context() {
    return contexts.getFirst();
  }

  /** Does tasks 0 to count - 1, in this order but side by side; one that fails ends the others. */
  void run(int count, Job job) {
    AtomicInteger next = new AtomicInteger();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Runnable checkpoint =
        () -> {
          if (failure.get() != null) {
            throw new CancellationException("another task has failed");
          }
        };
    try (ExecutorService pool = Executors.newFixedThreadPool(contexts.size())) {
      for (Context context : contexts) {
        pool.execute(() -> {
          try (Tape tape = new Tape(context)) {
            for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
              checkpoint.run();
              job.run(i, tape, checkpoint);
            }
          } catch (RuntimeException | Error e) {
            failure.compareAndSet(null, e);
          }
        });
      }
    }
    switch (failure.get()) {
      case null -> {}
      case Error e -> throw e;
      case RuntimeException e -> throw e;
      case Throwable e -> throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    contexts.forEach(Context::close);
  }
}

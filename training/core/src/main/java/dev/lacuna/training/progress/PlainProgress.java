package dev.lacuna.training.progress;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/**
 * Progress as plain lines, at most one every few seconds and one at the end, for logs and pipes.
 */
public final class PlainProgress implements Progress {
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  private final PrintStream out;
  private final Duration interval;

  /** Writes to a stream. */
  public PlainProgress(PrintStream out) {
    this(out, INTERVAL);
  }

  PlainProgress(PrintStream out, Duration interval) {
    this.out = out;
    this.interval = interval;
  }

  @Override
  public Task start(String name, long total) {
    return new Lines(name, total);
  }

  @Override
  public void note(String line) {
    out.println(line);
  }

  private final class Lines implements Task {
    private final String name;
    private final long total;
    private final long started = System.nanoTime();
    private long printed = started;
    private long done;
    private String message = "";

    Lines(String name, long total) {
      this.name = name;
      this.total = total;
    }

    @Override
    public synchronized void step(long n) {
      done += n;
      if (System.nanoTime() - printed >= interval.toNanos()) {
        print();
      }
    }

    @Override
    public synchronized void message(String text) {
      message = text;
    }

    @Override
    public synchronized void close() {
      print();
    }

    private void print() {
      printed = System.nanoTime();
      double seconds = Math.max(1e-9, (printed - started) * 1e-9);
      double rate = done / seconds;
      StringBuilder line = new StringBuilder();
      line.append(String.format(Locale.ROOT, "%s %d/%d, %.1f/s", name, done, total, rate));
      if (done < total && done > 0) {
        line.append(String.format(Locale.ROOT, ", %.0f s left", (total - done) / rate));
      } else {
        line.append(String.format(Locale.ROOT, ", %.1f s", seconds));
      }
      if (!message.isEmpty()) {
        line.append(", ").append(message);
      }
      out.println(line);
    }
  }
}

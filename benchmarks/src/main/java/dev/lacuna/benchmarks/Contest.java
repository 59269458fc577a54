package dev.lacuna.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.runner.BenchmarkException;

/**
 * Everybody at one workload, in alternating processes. All ways and settings of a peer run in the
 * first round; the fastest of each peer goes on. What takes more than a second a run stays at one
 * round.
 */
final class Contest {
  private static final double SLOW_MILLISECONDS = 1000;

  /** A contender's times so far. */
  private static final class Standing {
    private final Entry entry;
    private final List<Double> rounds = new ArrayList<>();
    private double error;

    Standing(Entry entry) {
      this.entry = entry;
    }

    Spread spread() {
      return Spread.of(rounds);
    }
  }

  private final Workload workload;
  private final Map<Variant, Standing> ours = new EnumMap<>(Variant.class);
  private final List<Standing> peers = new ArrayList<>();
  private final List<Standing> finalists = new ArrayList<>();
  private final Consumer<String> progress;

  Contest(
      Workload workload, Map<Variant, Entry> ours, List<Entry> peers, Consumer<String> progress) {
    this.workload = workload;
    this.progress = progress;
    ours.forEach((variant, entry) -> this.ours.put(variant, new Standing(entry)));
    peers.forEach(entry -> this.peers.add(new Standing(entry)));
  }

  /** Runs everybody, in at least 2 rounds. */
  void run(int rounds, Effort effort) {
    for (int round = 1; round <= rounds; round++) {
      for (Standing standing : participants(round)) {
        progress.accept(
            "%s, round %d of %d: %s %s"
                .formatted(
                    workload.name(), round, rounds, standing.entry.peer(), standing.entry.form()));
        measure(standing, round, effort);
      }
    }
  }

  private List<Standing> participants(int round) {
    if (round == 1) {
      return Stream.concat(ours.values().stream(), peers.stream()).toList();
    }
    if (round == 2) {
      chooseFinalists();
    }
    return Stream.concat(ours.values().stream(), finalists.stream())
        .filter(standing -> !standing.rounds.isEmpty())
        .filter(standing -> standing.rounds.getFirst() < SLOW_MILLISECONDS)
        .toList();
  }

  /** By the first round alone: the luckiest of many single rounds must not count in the end. */
  private void chooseFinalists() {
    Map<String, Standing> best = new LinkedHashMap<>();
    for (Standing standing : peers) {
      if (!standing.rounds.isEmpty()) {
        best.merge(
            standing.entry.peer() + standing.entry.usual(),
            standing,
            (a, b) -> a.rounds.getFirst() <= b.rounds.getFirst() ? a : b);
      }
    }
    finalists.addAll(best.values());
  }

  private void measure(Standing standing, int round, Effort effort) {
    try {
      Entry.Sample sample = standing.entry.measure(effort);
      standing.rounds.add(
          Spread.of(Arrays.stream(sample.milliseconds()).boxed().toList()).median());
      if (round == 1) {
        standing.error = workload.error(sample.result());
      }
    } catch (IllegalStateException | BenchmarkException e) {
      // JMH keeps what was thrown in the fork among the suppressed ones
      Throwable cause = e.getSuppressed().length > 0 ? e.getSuppressed()[0] : e;
      progress.accept(
          "%s: %s %s takes no part: %s\n"
              .formatted(
                  workload.name(),
                  standing.entry.peer(),
                  standing.entry.form(),
                  cause.getMessage()));
    }
  }

  /** The line of a row, nothing where our kernel could not run. */
  Optional<Line> line(Row row, double bar, Machine machine) {
    Standing our = ours.get(row.variant());
    if (our == null || our.rounds.isEmpty()) {
      return Optional.empty();
    }
    Spread spread = our.spread();
    @Nullable Standing peer = row.againstOurs() ? ours.get(Variant.DEFAULT) : fastest(false);
    @Nullable Standing usual = fastest(true);
    double flops = workload.flops(row.variant());
    double least = machine.leastMilliseconds(flops, workload.bytes(), row.variant());
    boolean compute = flops / machine.peak(row.variant()) > workload.bytes() / machine.read();
    return Optional.of(
        new Line(
            workload.kernel() + row.variant().suffix(),
            workload.shape(),
            spread,
            peer == null ? null : (peer.entry.peer() + " " + peer.entry.form()).strip(),
            peer == null ? null : peer.entry.settings(),
            peer == null ? null : peer.spread(),
            peer == null ? null : peer.spread().median() / spread.median(),
            bar,
            usual == null ? null : usual.spread().median() / spread.median(),
            least / spread.median(),
            compute ? "compute" : "memory",
            1e-6 * flops / spread.median(),
            flops / workload.bytes(),
            our.error,
            peer == null ? null : peer.error));
  }

  private @Nullable Standing fastest(boolean usual) {
    return finalists.stream()
        .filter(standing -> standing.entry.usual() == usual)
        .min(Comparator.comparingDouble(standing -> standing.spread().median()))
        .orElse(null);
  }

  /** All that was timed, for the JSON document. */
  List<Map<String, Object>> timings() {
    List<Map<String, Object>> all = new ArrayList<>();
    Stream.concat(ours.values().stream(), peers.stream())
        .filter(standing -> !standing.rounds.isEmpty())
        .forEach(standing -> {
          Map<String, Object> timing = new LinkedHashMap<>();
          timing.put("contender", standing.entry.peer());
          timing.put("form", standing.entry.form());
          timing.put("usual", standing.entry.usual());
          timing.put("settings", standing.entry.settings());
          timing.put("rounds_ms", standing.rounds);
          timing.put("error", standing.error);
          all.add(timing);
        });
    return all;
  }
}

package dev.lacuna.benchmarks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.runner.BenchmarkException;

/**
 * Everybody at one workload, in alternating processes. All ways and settings of all peers run in
 * the first round; those that come near the fastest go on, and the usual ways do not.
 */
final class Contest {
  /** Who is slower than the fastest by more than this in the first round is out. */
  static final double NEAR = 1.5;

  /** A contender's times so far. */
  private static final class Standing {
    private final Entry entry;
    private final List<Spread> rounds = new ArrayList<>();
    private float @Nullable [] result;
    private @Nullable Double error;
    private String facts = "";

    Standing(Entry entry) {
      this.entry = entry;
    }

    /** Over rounds: of their medians. */
    Spread spread() {
      return Spread.of(rounds.stream().map(Spread::median).toList());
    }

    /** Its best run of the first round, which a disturbance does not touch. */
    double first() {
      return rounds.getFirst().least();
    }
  }

  private final Workload workload;
  private final Map<Variant, Standing> ours = new EnumMap<>(Variant.class);
  private final List<Standing> peers = new ArrayList<>();
  private final List<Standing> finalists = new ArrayList<>();
  private @Nullable Standing usual;
  private int disturbed;
  private final Consumer<String> progress;

  Contest(
      Workload workload, Map<Variant, Entry> ours, List<Entry> peers, Consumer<String> progress) {
    this.workload = workload;
    this.progress = progress;
    ours.forEach((variant, entry) -> this.ours.put(variant, new Standing(entry)));
    peers.forEach(entry -> this.peers.add(new Standing(entry)));
  }

  /** Runs everybody, in at least 1 round. */
  void run(int rounds, Effort effort) {
    for (int round = 1; round <= rounds; round++) {
      for (Standing standing : round == 1 ? all() : ranked()) {
        progress.accept(
            "%s, round %d of %d: %s %s"
                .formatted(
                    workload.name(), round, rounds, standing.entry.peer(), standing.entry.form()));
        measure(standing, effort);
      }
      if (round == 1) {
        chooseFinalists();
        checkResults();
      }
    }
  }

  private List<Standing> all() {
    return Stream.concat(ours.values().stream(), peers.stream()).toList();
  }

  /** Ours and who runs in every round. */
  private List<Standing> ranked() {
    return Stream.concat(ours.values().stream(), finalists.stream())
        .filter(standing -> !standing.rounds.isEmpty())
        .toList();
  }

  private void chooseFinalists() {
    List<Standing> same = able(false);
    double fastest = same.stream().mapToDouble(Standing::first).min().orElse(0);
    same.stream().filter(standing -> standing.first() <= NEAR * fastest).forEach(finalists::add);
    usual = able(true).stream().min(Comparator.comparingDouble(Standing::first)).orElse(null);
  }

  private List<Standing> able(boolean usualOnes) {
    return peers.stream()
        .filter(peer -> peer.entry.usual() == usualOnes && !peer.rounds.isEmpty())
        .toList();
  }

  /** Of all that the table may show. A double reference takes long: the rest goes unchecked. */
  private void checkResults() {
    Stream.concat(ranked().stream(), Stream.ofNullable(usual))
        .forEach(standing -> {
          progress.accept("%s: checking %s".formatted(workload.name(), standing.entry.peer()));
          standing.error = workload.error(Objects.requireNonNull(standing.result));
        });
    all().forEach(standing -> standing.result = null);
  }

  private void measure(Standing standing, Effort effort) {
    try {
      Entry.Sample sample =
          Bystanders.undisturbed(
              () -> standing.entry.measure(effort),
              cores -> {
                disturbed++;
                progress.accept(
                    "%s: others kept %.1f cores busy beside %s %s"
                        .formatted(
                            workload.name(), cores, standing.entry.peer(), standing.entry.form()));
              });
      if (standing.rounds.isEmpty()) {
        standing.result = sample.result();
        standing.facts = sample.facts();
      }
      standing.rounds.add(sample.milliseconds());
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
    @Nullable Standing peer = row.baseline() == null ? fastest() : ours.get(row.baseline());
    Machine.Arithmetic arithmetic = workload.arithmetic(row.variant());
    double flops = workload.flops(row.variant());
    double least = machine.leastMilliseconds(flops, workload.bytes(), arithmetic);
    boolean compute = flops / machine.peak(arithmetic) > workload.bytes() / machine.read();
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
            Objects.requireNonNull(our.error),
            peer == null ? null : peer.error));
  }

  private @Nullable Standing fastest() {
    return finalists.stream()
        .min(Comparator.comparingDouble(standing -> standing.spread().median()))
        .orElse(null);
  }

  /** How many processes ran beside others' work, and again did at every attempt. */
  int disturbed() {
    return disturbed;
  }

  /** As what each contender ran by its own account, where it tells. */
  Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    all().stream()
        .filter(standing -> !standing.facts.isEmpty())
        .forEach(standing -> facts.putIfAbsent(standing.entry.peer(), standing.facts));
    return facts;
  }

  /** All that was timed, for the JSON document. */
  List<Map<String, Object>> timings() {
    List<Map<String, Object>> all = new ArrayList<>();
    all().stream()
        .filter(standing -> !standing.rounds.isEmpty())
        .forEach(standing -> {
          Map<String, Object> timing = new LinkedHashMap<>();
          timing.put("contender", standing.entry.peer());
          timing.put("form", standing.entry.form());
          timing.put("usual", standing.entry.usual());
          timing.put("settings", standing.entry.settings());
          timing.put("facts", standing.facts);
          timing.put("rounds_ms", standing.rounds);
          if (standing.error != null) {
            timing.put("error", standing.error);
          }
          all.add(timing);
        });
    return all;
  }
}

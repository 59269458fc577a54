package dev.lacuna.benchmarks;

import dev.lacuna.Tier;
import dev.lacuna.benchmarks.Machine.Bound;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** How the time and memory of our kernels grow with their sizes, and shrink with threads. */
final class Growth {
  /** Off the tile and on it: a kernel that falls off a cliff shows here. */
  private static final int[] EDGES = {
    8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 1023, 1024, 1025
  };

  private static final Effort SMALL_EFFORT = new Effort(500, 300);
  private static final int SMALL_ROUNDS = 2;

  /**
   * One size of one kernel that grows while the others stay.
   *
   * @param kernel its name
   * @param size the size's name
   * @param others the sizes, with a star for the one that grows
   * @param values what it takes
   */
  private record Axis(String kernel, String size, String others, int... values) {
    List<String> works() {
      IntFunction<String> work = value -> kernel + ":" + others.replace("*", value + "");
      return Arrays.stream(values).mapToObj(work).toList();
    }

    double[] x() {
      return Arrays.stream(values).asDoubleStream().toArray();
    }
  }

  private static final List<Axis> AXES =
      List.of(
          new Axis("attention_forward", "inputs", "8x12x*x16x64", powers(64, 1024)),
          new Axis("attention_forward", "prompts", "8x12x197x*x64", powers(1, 512)),
          new Axis("attention_forward_backward", "inputs", "8x12x*x16x64", powers(64, 1024)),
          new Axis("attention_forward_backward", "prompts", "8x12x197x*x64", powers(1, 512)),
          new Axis("attention_prompts", "keys", "8x12x*x16x64", powers(64, 2048)),
          new Axis("attention_prompts", "queries", "8x12x197x*x64", powers(1, 512)),
          new Axis("vq_search", "vectors", "*x64x1024", powers(1024, 1 << 20)),
          new Axis("vq_search", "codes", "8192x64x*", powers(16, 8192)),
          new Axis("vq_search", "width", "8192x*x512", powers(16, 1024)),
          new Axis("vq_training", "vectors", "*x64x512", powers(1024, 1 << 17)),
          new Axis("vq_training", "codes", "8192x64x*", powers(16, 8192)),
          new Axis("vq_training", "width", "8192x*x512", powers(16, 1024)),
          new Axis("vicreg", "rows", "*x512", powers(64, 4096)),
          new Axis("vicreg", "columns", "256x*", powers(64, 8192)),
          new Axis("rls", "width", "*x101", powers(64, 4096)),
          new Axis("rls", "classes", "1024x*", powers(8, 2048)));

  private static final List<Axis> EDGE_AXES =
      List.of(
          new Axis("attention_forward", "inputs", "2x12x*x16x64", EDGES),
          new Axis("attention_forward", "width", "2x2x197x16x*", EDGES),
          new Axis("attention_prompts", "keys", "2x12x*x16x64", EDGES),
          new Axis("attention_prompts", "queries", "2x12x197x*x64", EDGES),
          new Axis("vq_search", "vectors", "*x64x512", EDGES),
          new Axis("vq_search", "codes", "1024x64x*", EDGES),
          new Axis("vq_search", "width", "1024x*x512", EDGES),
          new Axis("vq_training", "vectors", "*x64x512", EDGES),
          new Axis("vicreg", "rows", "*x256", EDGES),
          new Axis("vicreg", "columns", "256x*", EDGES),
          new Axis("rls", "width", "*x101", EDGES),
          new Axis("rls", "classes", "512x*", EDGES));

  /** A million rows by 1,024 codes: a whole matrix of distances would take 4 GiB. */
  private static final String MANY_ROWS = "vq_search:1048576x64x1024";

  private static final long MANY_ROWS_BYTES = 64 << 20;

  /** Sizes at which a call costs as much as its work: nobody should be faster there. */
  private static final List<String> SMALL =
      List.of(
          "attention_forward:1x1x8x4x16",
          "attention_forward:1x12x16x4x64",
          "attention_forward:1x12x64x16x64",
          "attention_forward_backward:1x1x8x4x16",
          "attention_forward_backward:1x12x64x16x64",
          "attention_prompts:1x1x8x4x16",
          "attention_prompts:1x12x64x16x64",
          "vq_search:1x16x8",
          "vq_search:16x64x64",
          "vq_search:256x64x512",
          "vq_training:16x64x64",
          "vicreg:8x16",
          "vicreg:32x64",
          "vicreg:64x128",
          "rls:16x10",
          "rls:64x10",
          "rls:256x10");

  /** Jobs of much data and little arithmetic, and how they go through memory. */
  private static final Map<String, Bound> STREAMING =
      Map.of(
          "attention_prompts:8x12x2048x1x64", Bound.READ,
          "vq_training:262144x64x8", Bound.COPY,
          "vicreg:4x1048576", Bound.COPY,
          "rls:4096x1", Bound.UPDATE);

  private final Machine machine;
  private final int threads;
  private final List<Peer> peers;
  private final Pattern rows;
  private final PrintWriter out;
  private final Consumer<String> progress;

  Growth(
      Machine machine, List<Peer> peers, Pattern rows, PrintWriter out, Consumer<String> progress) {
    this.machine = machine;
    threads = machine.threads();
    this.peers = peers;
    this.rows = rows;
    this.out = out;
    this.progress = progress;
  }

  private static int[] powers(int first, int last) {
    return IntStream.iterate(first, value -> value <= last, value -> 2 * value).toArray();
  }

  /** Measures and draws all. */
  void run(Path folder) {
    if (threads > 1) {
      speedUps();
    }
    smallSizes();
    byKernel(AXES).forEach(axes -> growth(folder, axes));
    byKernel(EDGE_AXES).forEach(axes -> edges(folder, axes));
  }

  private Collection<List<Axis>> byKernel(List<Axis> axes) {
    return axes.stream()
        .filter(axis -> rows.matcher(axis.kernel).find())
        .collect(Collectors.groupingBy(Axis::kernel, LinkedHashMap::new, Collectors.toList()))
        .values();
  }

  private List<Stopwatch.Reading> read(Axis axis) {
    progress.accept(axis.kernel + " against " + axis.size);
    return read(List.of(threads), axis.works());
  }

  private List<Stopwatch.Reading> read(List<Integer> counts, List<String> works) {
    return Bystanders.undisturbed(
        () -> Stopwatch.read(counts, works),
        cores -> print("others kept %.1f cores busy meanwhile:", cores));
  }

  private void growth(Path folder, List<Axis> axes) {
    String kernel = axes.getFirst().kernel;
    Picture time = new Picture(kernel + ": time", "size", "milliseconds");
    Picture memory = new Picture(kernel + ": memory beside its tensors", "size", "KiB");
    for (Axis axis : axes) {
      List<Stopwatch.Reading> readings = read(axis);
      double[] milliseconds = readings.stream().mapToDouble(Stopwatch.Reading::median).toArray();
      double[] workspace =
          readings.stream().mapToDouble(reading -> reading.workspace() / 1024.0).toArray();
      double timeSlope = upperSlope(axis.x(), milliseconds);
      double memorySlope = upperSlope(axis.x(), workspace);
      print("%n%s against %s, %s, %d threads", kernel, axis.size, axis.others, threads);
      print("  %8s %10s %14s %14s", axis.size, "ms", "workspace_KiB", "resident_KiB");
      for (int i = 0; i < readings.size(); i++) {
        Stopwatch.Reading reading = readings.get(i);
        print(
            "  %8d %10s %14.1f %14d",
            axis.values[i],
            Table.milliseconds(milliseconds[i]),
            workspace[i],
            reading.resident() / 1024);
        if (reading.work().equals(MANY_ROWS)) {
          print(
              "  of these rows and codes a matrix would take 4096 MiB: %.1f MiB, want < 64%s",
              reading.workspace() / (double) (1 << 20),
              Math.max(reading.workspace(), reading.resident()) < MANY_ROWS_BYTES ? "" : " <");
        }
      }
      print(
          "  upper half: time ~ %s^%.2f, workspace ~ %s^%.2f",
          axis.size, timeSlope, axis.size, memorySlope);
      time.add(
          "%s, %s: ~ %s^%.2f".formatted(axis.size, axis.others, axis.size, timeSlope),
          axis.x(),
          milliseconds);
      memory.add(
          "%s, %s: ~ %s^%.2f".formatted(axis.size, axis.others, axis.size, memorySlope),
          axis.x(),
          workspace);
    }
    print("  %s", time.save(folder.resolve(kernel + "-time.png")));
    print("  %s", memory.save(folder.resolve(kernel + "-memory.png")));
  }

  /** Small sizes show what a call costs; the slope is that of the upper half. */
  static double upperSlope(double[] x, double[] y) {
    int half = x.length / 2;
    double[] upper = Arrays.copyOfRange(y, half, y.length);
    return Arrays.stream(upper).allMatch(value -> value > 0)
        ? Spread.slope(Arrays.copyOfRange(x, half, x.length), upper)
        : 0;
  }

  private void edges(Path folder, List<Axis> axes) {
    String kernel = axes.getFirst().kernel;
    Picture picture =
        new Picture(kernel + ": sizes on and off the tile", "size", "picoseconds a flop");
    for (Axis axis : axes) {
      double[] cost = unitCosts(axis, read(axis));
      List<Integer> cliffs = Cliffs.find(axis.x(), cost);
      if (!cliffs.isEmpty()) {
        // a disturbance does not come twice at the same size
        double[] again = unitCosts(axis, read(axis));
        Arrays.setAll(cost, i -> Math.min(cost[i], again[i]));
        cliffs = Cliffs.find(axis.x(), cost);
      }
      print("%n%s, %s = *, %s: picoseconds a flop", kernel, axis.size, axis.others);
      for (int i = 0; i < cost.length; i++) {
        print("  %8d %10.2f%s", axis.values[i], cost[i], cliffs.contains(i) ? "  < cliff" : "");
      }
      picture.add(axis.size + ", " + axis.others, axis.x(), cost);
    }
    print("  %s", picture.save(folder.resolve(kernel + "-edges.png")));
  }

  private static double[] unitCosts(Axis axis, List<Stopwatch.Reading> readings) {
    List<String> works = axis.works();
    return IntStream.range(0, works.size())
        .mapToDouble(i -> 1e9 * readings.get(i).median() / Workload.of(works.get(i)).flops())
        .toArray();
  }

  private void smallSizes() {
    List<String> works = SMALL.stream().filter(work -> rows.matcher(work).find()).toList();
    if (works.isEmpty()) {
      return;
    }
    print("%nat small sizes, everybody on one thread%n%s", Table.header());
    List<Line> lines = new ArrayList<>();
    for (String work : works) {
      Workload workload = Workload.of(work);
      List<Entry> others = new ArrayList<>();
      peers.forEach(peer ->
          peer.entries(workload, new Peer.Terms(1, false)).stream()
              .filter(entry -> entry.peer().equals("libtorch") && !entry.usual())
              .forEach(others::add));
      Entry ours = Bench.lacuna(work, Variant.DEFAULT, Tier.BEST, 1);
      Contest contest = new Contest(workload, Map.of(Variant.DEFAULT, ours), others, progress);
      contest.run(SMALL_ROUNDS, SMALL_EFFORT);
      Row row = new Row(work, Variant.DEFAULT, 1, null);
      contest
          .line(row, row.bar(), machine)
          .ifPresent(line -> {
            lines.add(line);
            print("%s", Table.line(line));
          });
    }
    print("%s", Table.footer(lines));
  }

  private void speedUps() {
    print(
        "%n%-28s %-18s %-8s %9s %9s %6s %9s %6s",
        "kernel", "shape", "bound", "1_thread", threads + "_threads", "gain", "possible", "share");
    Stream.concat(Row.ALL.stream().map(Row::work).distinct(), STREAMING.keySet().stream().sorted())
        .filter(work -> rows.matcher(work).find())
        .forEach(work -> {
          progress.accept(work + " on 1 and " + threads + " threads");
          List<Spread> times = read(List.of(1, threads), List.of(work)).getFirst().milliseconds();
          Bound bound = STREAMING.getOrDefault(work, Bound.COMPUTE);
          Scaling scaling =
              Scaling.of(work, bound, times.get(0).median(), times.get(1).median(), machine);
          int colon = work.indexOf(':');
          print(
              "%-28s %-18s %-8s %9s %9s %5.2fx %8.2fx %5.0f%%%s",
              work.substring(0, colon),
              work.substring(colon + 1),
              bound.name().toLowerCase(Locale.ROOT),
              Table.milliseconds(scaling.one()),
              Table.milliseconds(scaling.all()),
              scaling.gain(),
              scaling.possible(),
              100 * scaling.share(),
              scaling.isShort() ? "<" : "");
        });
    print("share: the gain / what is possible, want %.0f%%", 100 * Scaling.BAR);
  }

  private void print(String format, Object... values) {
    out.printf(Locale.ROOT, format + "%n", values);
    out.flush();
  }
}

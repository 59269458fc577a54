package dev.lacuna.benchmarks;

import dev.lacuna.Tier;
import java.awt.Color;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;

/** How the time and memory of our kernels grow with their sizes, and shrink with threads. */
final class Growth {
  /** Off the tile and on it: a kernel that falls off a cliff shows here. */
  private static final int[] EDGES = {
    1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 1024
  };

  private static final Effort EFFORT = new Effort(2, 3, 150);

  /**
   * One size of one kernel that grows while the others stay.
   *
   * @param size its name
   * @param values what it takes
   * @param work the workload of a value
   */
  private record Axis(String kernel, String size, int[] values, IntFunction<String> work) {}

  private static final List<Axis> AXES =
      List.of(
          new Axis(
              "attention_forward",
              "inputs",
              powers(64, 1024),
              n -> "attention_forward:8x12x" + n + "x16x64"),
          new Axis(
              "attention_forward_backward",
              "inputs",
              powers(64, 1024),
              n -> "attention_forward_backward:8x12x" + n + "x16x64"),
          new Axis(
              "vq_search", "vectors", powers(1024, 65_536), n -> "vq_search:" + n + "x64x1024"),
          new Axis("vq_search", "codes", powers(64, 8192), k -> "vq_search:8192x64x" + k),
          new Axis("vq_search", "width", powers(16, 1024), d -> "vq_search:8192x" + d + "x512"),
          new Axis(
              "vq_training", "vectors", powers(1024, 32_768), n -> "vq_training:" + n + "x64x512"),
          new Axis("vicreg", "rows", powers(64, 2048), n -> "vicreg:" + n + "x512"),
          new Axis("vicreg", "columns", powers(128, 8192), d -> "vicreg:256x" + d),
          new Axis("rls", "width", powers(256, 4096), s -> "rls:" + s + "x101"),
          new Axis("rls", "classes", powers(8, 1024), c -> "rls:1024x" + c));

  private static final List<Axis> CLIFFS =
      List.of(
          new Axis(
              "attention_forward", "inputs", EDGES, n -> "attention_forward:2x12x" + n + "x16x64"),
          new Axis("vq_search", "vectors", EDGES, n -> "vq_search:" + n + "x64x512"),
          new Axis("vq_search", "codes", EDGES, k -> "vq_search:1024x64x" + k),
          new Axis("vq_search", "width", EDGES, d -> "vq_search:1024x" + d + "x512"),
          new Axis("vicreg", "rows", from(2), n -> "vicreg:" + n + "x256"),
          new Axis("vicreg", "columns", EDGES, d -> "vicreg:256x" + d),
          new Axis("rls", "width", EDGES, s -> "rls:" + s + "x101"));

  /** Sizes at which a call costs as much as its work: nobody should be faster there. */
  private static final List<String> SMALL =
      List.of(
          "attention_forward:1x12x16x4x64",
          "attention_forward:1x12x64x16x64",
          "attention_forward_backward:1x12x64x16x64",
          "attention_prompts:1x12x64x16x64",
          "vq_search:16x64x64",
          "vq_search:64x64x512",
          "vq_search:256x64x512",
          "vq_training:64x64x64",
          "vicreg:8x32",
          "vicreg:64x128",
          "rls:64x10",
          "rls:256x10");

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
    List<Integer> values = new ArrayList<>();
    for (int value = first; value <= last; value *= 2) {
      values.add(value);
    }
    return values.stream().mapToInt(Integer::intValue).toArray();
  }

  private static int[] from(int least) {
    return Arrays.stream(EDGES).filter(value -> value >= least).toArray();
  }

  /** Measures and draws all. */
  void run(Path folder) {
    for (Axis axis : selected(AXES)) {
      growth(folder, axis);
    }
    for (Axis axis : selected(CLIFFS)) {
      cliffs(folder, axis);
    }
    smallSizes();
    if (threads > 1) {
      speedUps();
    }
  }

  private void smallSizes() {
    print("%nat small sizes%n%s", Table.header());
    for (String work : SMALL) {
      if (rows.matcher(work).find()) {
        Workload workload = Workload.of(work);
        List<Entry> others = new ArrayList<>();
        peers.forEach(
            peer -> others.addAll(peer.entries(workload, new Peer.Terms(threads, false))));
        Entry ours = Bench.lacuna(work, Variant.DEFAULT, Tier.BEST, threads);
        Contest contest = new Contest(workload, Map.of(Variant.DEFAULT, ours), others, progress);
        contest.run(2, EFFORT);
        Row row = new Row(work, Variant.DEFAULT, 1, false);
        contest.line(row, row.bar(), machine).ifPresent(line -> print("%s", Table.line(line)));
      }
    }
    print("");
  }

  private List<Axis> selected(List<Axis> axes) {
    return axes.stream().filter(axis -> rows.matcher(axis.kernel).find()).toList();
  }

  private JmhEntry.Cost cost(String work, int count) {
    progress.accept(work + ", threads " + count);
    return Bench.lacuna(work, Variant.DEFAULT, Tier.BEST, count).cost(EFFORT);
  }

  private void growth(Path folder, Axis axis) {
    double[] x = new double[axis.values.length];
    double[] milliseconds = new double[x.length];
    double[] mebibytes = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      JmhEntry.Cost cost = cost(axis.work.apply(axis.values[i]), threads);
      x[i] = axis.values[i];
      milliseconds[i] = cost.milliseconds();
      mebibytes[i] = cost.bytes() / (double) (1 << 20);
    }
    // small sizes show what a call costs; the slope is that of the upper half
    int half = x.length / 2;
    double slope = Spread.slope(upper(x, half), upper(milliseconds, half));
    print(
        "%-28s %-8s %s",
        axis.kernel, axis.size, axis.work.apply(axis.values[axis.values.length - 1]));
    for (int i = 0; i < x.length; i++) {
      print("  %8.0f %10s ms %9.2f MiB", x[i], Table.milliseconds(milliseconds[i]), mebibytes[i]);
    }
    print("  time grows with %s^%.2f", axis.size, slope);
    XYChart time = chart(axis, "milliseconds a run");
    time.getStyler().setYAxisLogarithmic(true);
    time.addSeries("time, %s^%.2f in the upper half".formatted(axis.size, slope), x, milliseconds);
    print("  %s", Roofline.save(time, folder.resolve(axis.kernel + "-" + axis.size + "-time.png")));
    XYChart memory = chart(axis, "MiB beyond inputs and results, at most, in the first run");
    memory.addSeries("memory", x, mebibytes);
    print(
        "  %s",
        Roofline.save(memory, folder.resolve(axis.kernel + "-" + axis.size + "-memory.png")));
  }

  private void cliffs(Path folder, Axis axis) {
    double[] x = new double[axis.values.length];
    double[] nanoseconds = new double[x.length];
    print("%-28s %-8s at sizes off the tile", axis.kernel, axis.size);
    for (int i = 0; i < x.length; i++) {
      x[i] = axis.values[i];
      double milliseconds = cost(axis.work.apply(axis.values[i]), threads).milliseconds();
      nanoseconds[i] = 1e6 * milliseconds / x[i];
      print(
          "  %8.0f %10s ms %12.0f ns each", x[i], Table.milliseconds(milliseconds), nanoseconds[i]);
    }
    XYChart chart = chart(axis, "nanoseconds each");
    chart.getStyler().setYAxisLogarithmic(true);
    chart.addSeries(axis.work.apply(1).replaceFirst("[:x]1(?=x|$)", ":*"), x, nanoseconds);
    print(
        "  %s", Roofline.save(chart, folder.resolve(axis.kernel + "-" + axis.size + "-edges.png")));
  }

  private void speedUps() {
    print("%-28s %-18s 1 thread  %d threads  gain", "kernel", "shape", threads);
    for (String work : Row.ALL.stream().map(Row::work).distinct().toList()) {
      if (rows.matcher(work).find()) {
        double one = cost(work, 1).milliseconds();
        double all = cost(work, threads).milliseconds();
        int colon = work.indexOf(':');
        print(
            "%-28s %-18s %8s %10s %5.2fx",
            work.substring(0, colon),
            work.substring(colon + 1),
            Table.milliseconds(one),
            Table.milliseconds(all),
            one / all);
      }
    }
  }

  private static double[] upper(double[] values, int from) {
    return Arrays.copyOfRange(values, from, values.length);
  }

  private XYChart chart(Axis axis, String y) {
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(600)
            .title(axis.kernel + " against " + axis.size + ", " + threads + " threads")
            .xAxisTitle(axis.size)
            .yAxisTitle(y)
            .build();
    chart.getStyler().setXAxisLogarithmic(true).setLegendPosition(LegendPosition.InsideNW);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    return chart;
  }

  private void print(String format, Object... values) {
    out.printf(Locale.ROOT, format + "%n", values);
    out.flush();
  }
}

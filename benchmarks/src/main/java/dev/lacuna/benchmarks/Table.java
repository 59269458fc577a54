package dev.lacuna.benchmarks;

import java.util.List;
import java.util.Locale;

/** Lines as text of fixed columns. */
public final class Table {
  private Table() {}

  /** The columns' names. */
  public static String header() {
    return format(
        "kernel",
        "shape",
        "ours_ms",
        "(min..max)",
        "peer",
        "peer_ms",
        "(min..max)",
        "ratio",
        "bar",
        "vs_usual",
        "share",
        "of_limit",
        "error",
        "peer_err");
  }

  /** One line; a ratio below its bar is marked. */
  public static String line(Line line) {
    return format(
        line.kernel(),
        line.shape(),
        milliseconds(line.ours().median()),
        range(line.ours()),
        line.peer() == null ? "-" : line.peer(),
        line.theirs() == null ? "-" : milliseconds(line.theirs().median()),
        line.theirs() == null ? "" : range(line.theirs()),
        line.ratio() == null ? "-" : number("%.2f", line.ratio()) + (line.isShort() ? "<" : ""),
        line.bar() == 0 ? "-" : number("%.2f", line.bar()),
        line.vsUsual() == null ? "-" : number("%.2f", line.vsUsual()),
        number("%.0f%%", 100 * line.shareOfLimit()),
        line.limit(),
        number("%.1e", line.error()),
        line.peerError() == null ? "-" : number("%.1e", line.peerError()));
  }

  /** What a reader has to know, and how many lines fall short. */
  public static String footer(List<Line> lines) {
    long barred = lines.stream().filter(line -> line.bar() > 0 && line.ratio() != null).count();
    long missed = lines.stream().filter(Line::isShort).count();
    return String.format(
        Locale.ROOT,
        "%d of %d ratios reach their bar. ratio: the fastest peer with the same algorithm / ours;"
            + " vs_usual: the usual way / ours;%nshare: the least time that this machine's"
            + " arithmetic or memory allows / ours; error: largest difference from a double"
            + " reference, relative.",
        barred - missed,
        barred);
  }

  private static String format(Object... cells) {
    return String.format(
            Locale.ROOT, "%-33s %-16s %9s %17s  %-34s %9s %17s %7s %6s %9s %6s %-8s %8s %8s", cells)
        .stripTrailing();
  }

  private static String range(Spread spread) {
    return "(" + milliseconds(spread.least()) + ".." + milliseconds(spread.most()) + ")";
  }

  /** Three digits that count, or whole milliseconds. */
  static String milliseconds(double value) {
    return number(
        value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : value >= 1 ? "%.2f" : "%.3f", value);
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}

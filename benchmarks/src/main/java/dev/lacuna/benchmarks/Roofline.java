package dev.lacuna.benchmarks;

import java.awt.Color;
import java.nio.file.Path;
import java.util.List;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Our kernels under the machine's roof: GFLOP/s by flops per byte, both logarithmic. */
final class Roofline {
  /** A colour a family; one family's rows differ by their marker. */
  private static final List<Color> COLOURS =
      List.of(new Color(0xd55e00), new Color(0x0072b2), new Color(0x009e73), new Color(0xcc79a7));

  private static final List<String> FAMILIES = List.of("attention", "vq", "vicreg", "rls");
  private static final Marker[] MARKERS = {
    SeriesMarkers.CIRCLE,
    SeriesMarkers.DIAMOND,
    SeriesMarkers.SQUARE,
    SeriesMarkers.TRIANGLE_UP,
    SeriesMarkers.TRIANGLE_DOWN,
    SeriesMarkers.CROSS,
    SeriesMarkers.PLUS,
    SeriesMarkers.TRAPEZOID
  };

  private Roofline() {}

  /** Writes {@code roofline.png}. */
  static Path write(Path folder, Machine machine, List<Line> lines) {
    Picture picture =
        new Picture(
            "Lacuna's kernels under the roof of this machine, " + machine.threads() + " threads",
            "flops per byte of tensors read and written",
            "GFLOP/s");
    double left = lines.stream().mapToDouble(Line::intensity).min().orElse(1);
    double right = lines.stream().mapToDouble(Line::intensity).max().orElse(1);
    roof(picture, "fp32 %.0f GFLOP/s, read %.0f GB/s", machine.fp32(), machine, left, right);
    if (machine.bf16() > 0) {
      roof(picture, "bf16 %.0f GFLOP/s, read %.0f GB/s", machine.bf16(), machine, left, right);
    }
    if (machine.int8() > 0) {
      roof(picture, "int8 %.0f GOP/s, read %.0f GB/s", machine.int8(), machine, left, right);
    }
    int[] drawn = new int[FAMILIES.size()];
    for (Line line : lines) {
      int family = family(line.kernel());
      XYSeries point =
          picture.add(
              "%s %s: %.0f%%".formatted(line.kernel(), line.shape(), 100 * line.shareOfLimit()),
              new double[] {line.intensity()},
              new double[] {line.gflops()});
      point.setMarker(MARKERS[drawn[family]++ % MARKERS.length]);
      point.setMarkerColor(COLOURS.get(family));
      point.setLineStyle(SeriesLines.NONE);
    }
    return picture.legendAside().save(folder.resolve("roofline.png"));
  }

  private static int family(String kernel) {
    int family = 0;
    while (family < FAMILIES.size() - 1 && !kernel.startsWith(FAMILIES.get(family))) {
      family++;
    }
    return family;
  }

  private static void roof(
      Picture picture, String name, double peak, Machine machine, double left, double right) {
    double ridge = peak / machine.read();
    double start = Math.min(Picture.floor(left), Picture.floor(ridge / 2));
    double end = Math.max(Picture.ceiling(right), Picture.ceiling(ridge * 2));
    XYSeries line =
        picture.add(
            name.formatted(peak, machine.read()),
            new double[] {start, ridge, end},
            new double[] {start * machine.read(), peak, peak});
    line.setMarker(SeriesMarkers.NONE);
    line.setLineColor(
        name.startsWith("fp32")
            ? Color.BLACK
            : name.startsWith("bf16") ? Color.GRAY : Color.LIGHT_GRAY);
  }
}

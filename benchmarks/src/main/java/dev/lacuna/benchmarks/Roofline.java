package dev.lacuna.benchmarks;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Our kernels under the machine's roof: GFLOP/s by flops per byte, both logarithmic. */
final class Roofline {
  private Roofline() {}

  /** Writes {@code roofline.png}. */
  static Path write(Path folder, Machine machine, List<Line> lines) {
    double left = lines.stream().mapToDouble(Line::intensity).min().orElse(1) / 3;
    double right = lines.stream().mapToDouble(Line::intensity).max().orElse(1) * 3;
    XYChart chart =
        new XYChartBuilder()
            .width(1200)
            .height(800)
            .title(
                "Lacuna's kernels under the roof of this machine, "
                    + machine.threads()
                    + " threads")
            .xAxisTitle("flops per byte of tensors read and written")
            .yAxisTitle("GFLOP/s")
            .build();
    chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true);
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE).setMarkerSize(9);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    // whole decades, so that both ends have a number
    double lowest = lines.stream().mapToDouble(Line::gflops).min().orElse(1);
    chart.getStyler().setYAxisMin(decade(Math.min(lowest, left * machine.read()), Math::floor));
    chart.getStyler().setYAxisMax(decade(Math.max(machine.fp32(), machine.bf16()), Math::ceil));
    roof(chart, "fp32: %.0f GFLOP/s, %.0f GB/s read", machine.fp32(), machine.read(), left, right);
    if (machine.bf16() > 0) {
      roof(
          chart, "bf16: %.0f GFLOP/s, %.0f GB/s read", machine.bf16(), machine.read(), left, right);
    }
    for (Line line : lines) {
      chart.addSeries(
          line.kernel() + " " + line.shape(),
          new double[] {line.intensity()},
          new double[] {line.gflops()});
    }
    return save(chart, folder.resolve("roofline.png"));
  }

  private static double decade(double value, DoubleUnaryOperator rounding) {
    return Math.pow(10, rounding.applyAsDouble(Math.log10(value)));
  }

  private static void roof(
      XYChart chart, String name, double peak, double bandwidth, double left, double right) {
    double ridge = peak / bandwidth;
    double start = Math.min(left, ridge / 2);
    double end = Math.max(right, ridge * 2);
    chart
        .addSeries(
            name.formatted(peak, bandwidth),
            new double[] {start, ridge, end},
            new double[] {start * bandwidth, peak, peak})
        .setMarker(SeriesMarkers.NONE)
        .setLineStyle(new BasicStroke(2));
  }

  /** Writes a picture and creates its folder. */
  static Path save(XYChart chart, Path file) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      ImageIO.write(BitmapEncoder.getBufferedImage(chart), "png", file.toFile());
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package dev.lacuna.benchmarks;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;

/** A chart with logarithmic axes of whole decades, its legend below. */
final class Picture {
  private static final double MARGIN = 1.3;

  /** Colours that most colour-blind people tell apart (Okabe and Ito). */
  private static final Color[] COLOURS = {
    new Color(0x0072b2), new Color(0xd55e00), new Color(0x009e73), new Color(0xcc79a7)
  };

  private final XYChart chart;
  private double left = Double.POSITIVE_INFINITY;
  private double right;
  private double low = Double.POSITIVE_INFINITY;
  private double high;

  Picture(String title, String x, String y) {
    chart =
        new XYChartBuilder()
            .width(1100)
            .height(700)
            .title(title)
            .xAxisTitle(x)
            .yAxisTitle(y)
            .build();
    XYStyler styler = chart.getStyler();
    styler.setXAxisLogarithmic(true).setYAxisLogarithmic(true);
    styler.setChartBackgroundColor(Color.WHITE).setPlotBorderVisible(false);
    styler.setLegendPosition(LegendPosition.OutsideS).setLegendLayout(LegendLayout.Vertical);
    styler.setLegendBorderColor(Color.WHITE).setMarkerSize(7);
    styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 18));
    styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 15));
    styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    styler.setSeriesColors(COLOURS);
    styler.setXAxisDecimalPattern("#,##0.####");
    styler.setYAxisDecimalPattern("#,##0.####");
    styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
  }

  /** Points joined by a line; a value of 0 has no place on a logarithmic axis and is left out. */
  XYSeries add(String name, double[] x, double[] y) {
    double[] shown = Arrays.stream(y).map(value -> value > 0 ? value : Double.NaN).toArray();
    include(x, y);
    XYSeries series = chart.addSeries(name, x, shown);
    series.setLineStyle(new BasicStroke(2));
    return series;
  }

  /** Makes the axes reach these. */
  private void include(double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      left = Math.min(left, x[i]);
      right = Math.max(right, x[i]);
      if (y[i] > 0) {
        low = Math.min(low, y[i]);
        high = Math.max(high, y[i]);
      }
    }
  }

  /** The legend to the right, for many series. */
  Picture legendAside() {
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
    return this;
  }

  /** Writes it as PNG and creates its folder. */
  Path save(Path file) {
    if (high == 0) {
      low = 1;
      high = 1;
    }
    chart.getStyler().setXAxisMin(least(left, right)).setXAxisMax(most(left, right));
    chart.getStyler().setYAxisMin(least(low, high)).setYAxisMax(most(low, high));
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      ImageIO.write(BitmapEncoder.getBufferedImage(chart), "png", file.toFile());
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The decade at or below. */
  static double floor(double value) {
    return Math.pow(10, Math.floor(Math.log10(value)));
  }

  /** The decade above. */
  static double ceiling(double value) {
    return Math.pow(10, Math.floor(Math.log10(value)) + 1);
  }

  /**
   * Where an axis begins: a margin below the data, or the decade if no two would be on the axis.
   */
  static double least(double low, double high) {
    return isLong(low, high) ? low / MARGIN : floor(low);
  }

  /** Where an axis ends. */
  static double most(double low, double high) {
    return isLong(low, high) ? high * MARGIN : ceiling(high);
  }

  /** Whether there are two decades, which bear numbers, among the data. */
  private static boolean isLong(double low, double high) {
    return ceiling(low / MARGIN) * 10 <= high * MARGIN;
  }
}

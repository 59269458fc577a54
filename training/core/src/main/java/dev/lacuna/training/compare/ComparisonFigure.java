package dev.lacuna.training.compare;

import dev.lacuna.training.compare.Comparison.Row;
import dev.lacuna.training.data.AtomicFile;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A comparison as a figure of 900 x 560: accuracy against the missing rate, a line a system; error
 * bars of one standard deviation over seeds where there are several. Systems stand a little aside
 * of each other, so that no error bar hides another.
 */
public final class ComparisonFigure {
  /** Pixels, or SVG's units. */
  public static final int WIDTH = 900;

  /** Pixels, or SVG's units. */
  public static final int HEIGHT = 560;

  /** Colours that most colour-blind people tell apart (Okabe and Ito), strongest first. */
  private static final Color[] COLOURS = {
    new Color(0x0072b2),
    new Color(0xd55e00),
    new Color(0x009e73),
    new Color(0xcc79a7),
    new Color(0xe69f00),
    new Color(0x56b4e9),
    new Color(0x000000)
  };

  private static final Marker[] MARKERS = {
    SeriesMarkers.CIRCLE,
    SeriesMarkers.SQUARE,
    SeriesMarkers.TRIANGLE_UP,
    SeriesMarkers.DIAMOND,
    SeriesMarkers.TRIANGLE_DOWN
  };

  private static final Color TEXT = new Color(0x333333);
  private static final Color GRID = new Color(0xe4e4e4);

  /** The accuracy axis begins and ends at multiples of this. */
  private static final double STEP = 0.01;

  /** Room at the ends of an axis, as a share of it. */
  private static final double ROOM = 0.04;

  /** Between two systems at one rate, as a share of the axis. */
  private static final double ASIDE = 0.007;

  private ComparisonFigure() {}

  /** Writes a PNG, whole or not at all. */
  public static void writePng(Path file, Comparison comparison) {
    write(file, comparison, "png");
  }

  /** Writes an SVG, whole or not at all. */
  public static void writeSvg(Path file, Comparison comparison) {
    write(file, comparison, "svg");
  }

  private static void write(Path file, Comparison comparison, String format) {
    try {
      AtomicFile.write(file, ByteBuffer.wrap(ChartEncoder.getBytes(chart(comparison), format)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static XYChart chart(Comparison comparison) {
    List<Row> rows = comparison.rows();
    boolean spread = rows.stream().anyMatch(row -> row.accuracy().values().size() > 1);
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title("Accuracy when modalities are missing")
            .xAxisTitle("missing rate")
            .yAxisTitle(spread ? "test accuracy, mean and sd over seeds" : "test accuracy")
            .build();
    style(chart.getStyler());
    Range rates = Range.of(rows);
    List<String> systems = rows.stream().map(Row::system).distinct().toList();
    for (int s = 0; s < systems.size(); s++) {
      String system = systems.get(s);
      List<Row> line = rows.stream().filter(row -> row.system().equals(system)).toList();
      double aside = ASIDE * rates.span() * (s - (systems.size() - 1) / 2.0);
      double[] rate = line.stream().mapToDouble(row -> row.rate() + aside).toArray();
      double[] mean = line.stream().mapToDouble(row -> row.accuracy().mean()).toArray();
      XYSeries series =
          spread
              ? chart.addSeries(
                  system,
                  rate,
                  mean,
                  line.stream().mapToDouble(row -> row.accuracy().sd()).toArray())
              : chart.addSeries(system, rate, mean);
      Color colour = COLOURS[s % COLOURS.length];
      series.setLineColor(colour).setLineStyle(new BasicStroke(2.5f));
      series.setMarker(MARKERS[s % MARKERS.length]).setMarkerColor(colour);
    }
    limits(chart.getStyler(), rows, rates);
    return chart;
  }

  private static void style(XYStyler styler) {
    styler.setChartBackgroundColor(Color.WHITE).setChartPadding(16).setChartFontColor(TEXT);
    styler.setPlotBorderVisible(false).setPlotContentSize(1);
    styler.setPlotGridLinesColor(GRID).setPlotGridLinesStroke(new BasicStroke(1));
    styler.setChartTitleFont(font(Font.BOLD, 19)).setChartTitlePadding(12);
    styler.setAxisTitleFont(font(Font.PLAIN, 15)).setAxisTitlePadding(10);
    styler.setAxisTickLabelsFont(font(Font.PLAIN, 14)).setAxisTickLabelsColor(TEXT);
    styler.setLegendPosition(LegendPosition.OutsideE).setLegendFont(font(Font.PLAIN, 14));
    styler.setLegendBorderColor(Color.WHITE).setLegendPadding(10).setMarkerSize(9);
    styler.setErrorBarsColorSeriesColor(true).setXAxisDecimalPattern("0.##");
    styler.setYAxisDecimalPattern("0.00");
  }

  private static Font font(int style, int size) {
    return new Font(Font.SANS_SERIF, style, size);
  }

  /** One whole step or more around the data, within 0 and 1, and room for the marks. */
  private static void limits(XYStyler styler, List<Row> rows, Range rates) {
    double low = 1;
    double high = 0;
    for (Row row : rows) {
      low = Math.min(low, row.accuracy().mean() - row.accuracy().sd());
      high = Math.max(high, row.accuracy().mean() + row.accuracy().sd());
    }
    low = Math.max(0, STEP * (Math.ceil(low / STEP) - 1));
    high = Math.min(1, STEP * (Math.floor(high / STEP) + 1));
    double room = ROOM * (high - low);
    styler.setYAxisMin(low - room).setYAxisMax(high + room);
    styler.setXAxisMin(rates.low - ROOM * rates.span());
    styler.setXAxisMax(rates.high + ROOM * rates.span());
  }

  /** The missing rates that there are, or the surroundings of a single one. */
  private record Range(double low, double high) {
    static Range of(List<Row> rows) {
      DoubleSummaryStatistics rates = rows.stream().mapToDouble(Row::rate).summaryStatistics();
      double around = rates.getMin() == rates.getMax() ? 0.1 : 0;
      return new Range(Math.max(0, rates.getMin() - around), Math.min(1, rates.getMax() + around));
    }

    double span() {
      return high - low;
    }
  }
}

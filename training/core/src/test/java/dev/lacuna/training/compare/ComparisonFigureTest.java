package dev.lacuna.training.compare;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import java.awt.GraphicsEnvironment;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ComparisonFigureTest {
  private static final int SAMPLES = 1_000;
  private static final int BLUE = 0x0072b2;
  private static final int ORANGE = 0xd55e00;
  private static final int WHITE = 0xffffff;

  @TempDir Path temporary;

  @BeforeAll
  static void withoutAScreen() {
    System.setProperty("java.awt.headless", "true");
    assertTrue(GraphicsEnvironment.isHeadless());
  }

  /** Systems that lose accuracy with the rate, the first least. */
  static Comparison comparison(int seeds, List<Double> rates, String... systems) {
    List<Cell> cells = new ArrayList<>();
    for (int s = 0; s < systems.length; s++) {
      for (double rate : rates) {
        for (int seed = 0; seed < seeds; seed++) {
          CounterRandom random = new CounterRandom(seed, s, (int) (100 * rate));
          double accuracy =
              0.985 - rate * rate * (0.06 + 0.05 * s) + 0.008 * random.normal(SAMPLES);
          boolean[] right = new boolean[SAMPLES];
          for (int i = 0; i < SAMPLES; i++) {
            right[i] = random.uniform(i) < accuracy;
          }
          cells.add(new Cell(systems[s], rate, seed, right, 0.9, 1));
        }
      }
    }
    return Comparison.of(cells, systems[0], new PairedBootstrap(SAMPLES, List.of(), 20, 0));
  }

  private static final List<Double> RATES = List.of(0.0, 0.3, 0.5, 0.7, 0.9);

  private BufferedImage png(Comparison comparison) throws IOException {
    Path file = temporary.resolve("compare.png");
    ComparisonFigure.writePng(file, comparison);
    BufferedImage image = ImageIO.read(file.toFile());
    assertNotNull(image, "is no PNG");
    return image;
  }

  private static Map<Integer, Integer> colours(BufferedImage image) {
    Map<Integer, Integer> count = new HashMap<>();
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        count.merge(image.getRGB(x, y) & WHITE, 1, Integer::sum);
      }
    }
    return count;
  }

  @Test
  void thePngHasItsSizeAndALineASystem() throws IOException {
    BufferedImage image = png(comparison(5, RATES, "mla", "joint-late"));
    assertEquals(ComparisonFigure.WIDTH, image.getWidth());
    assertEquals(ComparisonFigure.HEIGHT, image.getHeight());
    Map<Integer, Integer> colours = colours(image);
    assertTrue(colours.size() > 20, colours.size() + " colours");
    assertTrue(colours.getOrDefault(BLUE, 0) > 300, "the first line is drawn");
    assertTrue(colours.getOrDefault(ORANGE, 0) > 300, "the second line is drawn");
    assertTrue(colours.getOrDefault(WHITE, 0) > 300_000, "and most is background");
    for (int x = 0; x < image.getWidth(); x++) {
      assertEquals(WHITE, image.getRGB(x, image.getHeight() - 1) & WHITE, "nothing is cut off");
      assertEquals(WHITE, image.getRGB(x, 0) & WHITE, "nothing is cut off");
    }
  }

  @Test
  void errorBarsAreDrawnWhereThereAreSeveralSeedsAlone() throws IOException {
    String several = svg(comparison(3, RATES, "mla", "joint-late"));
    String one = svg(comparison(1, RATES, "mla", "joint-late"));
    // a bar and two caps at each of five points
    for (String colour : List.of("rgb(0,114,178)", "rgb(213,94,0)")) {
      String stroke = "<line style=\"fill:none;stroke:" + colour;
      assertEquals(15, count(several, stroke) - count(one, stroke));
    }
  }

  @Test
  void theSvgIsWellFormedAndOfTheSameSize() throws Exception {
    String svg = svg(comparison(2, RATES, "mla", "joint-concat"));
    assertTrue(svg.contains("rgb(0,114,178)") && svg.contains("rgb(213,94,0)"), "both lines");
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    var root =
        factory
            .newDocumentBuilder()
            .parse(temporary.resolve("compare.svg").toFile())
            .getDocumentElement();
    assertEquals("svg", root.getTagName());
    assertEquals("0 0 900 560", root.getAttribute("viewBox"));
  }

  @Test
  void theSameComparisonGivesTheSameBytes() throws IOException {
    Comparison comparison = comparison(2, RATES, "mla", "joint-late");
    Path first = temporary.resolve("first.png");
    Path second = temporary.resolve("second.png");
    ComparisonFigure.writePng(first, comparison);
    ComparisonFigure.writePng(second, comparison);
    assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(second));
    assertEquals(svg(comparison), svg(comparison));
  }

  @Test
  void oneRateOrPerfectResultsCanBeDrawn() throws IOException {
    boolean[] all = new boolean[SAMPLES];
    Arrays.fill(all, true);
    Comparison perfect =
        Comparison.of(
            List.of(new Cell("mla", 0, 0, all, 1, 1)),
            "mla",
            new PairedBootstrap(SAMPLES, List.of(), 20, 0));
    assertTrue(colours(png(perfect)).getOrDefault(BLUE, 0) > 30);
    Comparison wrong =
        Comparison.of(
            List.of(new Cell("mla", 1, 0, new boolean[SAMPLES], 1, 1)),
            "mla",
            new PairedBootstrap(SAMPLES, List.of(), 20, 0));
    assertTrue(colours(png(wrong)).getOrDefault(BLUE, 0) > 30);
  }

  private String svg(Comparison comparison) throws IOException {
    Path file = temporary.resolve("compare.svg");
    ComparisonFigure.writeSvg(file, comparison);
    return Files.readString(file);
  }

  private static int count(String text, String part) {
    return text.split(Pattern.quote(part), -1).length - 1;
  }
}

package dev.lacuna.training.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;

/**
 * What espeak-ng is asked to say, a checked-in table ({@code espeak-grid.csv}): its 99 distinct
 * voice variants (of 101, caleb and klatt6 sound as klatt does), each with four settings of accent,
 * speed and pitch; every setting says all ten digits. Variants are split 63 / 16 / 20 (64, 16, 20
 * %), relatives such as robosoft1 to robosoft8 always on one side.
 */
final class EspeakGrid {
  /** The digits, as English words. */
  static final List<String> WORDS =
      List.of("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine");

  /**
   * One way to speak.
   *
   * @param variant espeak-ng's name of the voice variant
   * @param part the split of the variant
   * @param accent espeak-ng's name of the language
   * @param speed words a minute
   * @param pitch 0 to 99
   */
  record Setting(String variant, Part part, String accent, int speed, int pitch) {}

  private EspeakGrid() {}

  static List<Setting> settings() {
    CSVFormat format = CSVFormat.DEFAULT.builder().setHeader().setSkipHeaderRecord(true).get();
    try (InputStream in = EspeakGrid.class.getResourceAsStream("espeak-grid.csv")) {
      return format.parse(new InputStreamReader(in, UTF_8)).stream()
          .map(EspeakGrid::setting)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("espeak-grid.csv in the program itself cannot be read", e);
    }
  }

  private static Setting setting(CSVRecord line) {
    return new Setting(
        line.get("variant"),
        Part.of(line.get("split")),
        line.get("accent"),
        Integer.parseInt(line.get("speed")),
        Integer.parseInt(line.get("pitch")));
  }
}

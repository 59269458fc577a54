package dev.lacuna.training.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.ibm.icu.text.RuleBasedNumberFormat;
import com.ibm.icu.util.ULocale;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.commons.csv.CSVFormat;

/**
 * The digits as number words in 29 languages, spelled by ICU.
 *
 * <p>A checked-in table ({@code number-words.csv}) gives the languages of six groups and splits
 * them 19 / 4 / 6. No language of the test split is in training, since its ten words would be ten
 * known answers; but each group is, since nobody can read a word that is akin to none he knows. Of
 * every group the last language in the order of the codes is for the test and, where the group has
 * three or more, the one before it for validation.
 */
final class NumberWords {
  /** A language's code (ISO 639-1) and its split. */
  record Language(String code, Part part) {}

  private NumberWords() {}

  static List<Language> languages() {
    CSVFormat format = CSVFormat.DEFAULT.builder().setHeader().setSkipHeaderRecord(true).get();
    try (InputStream in = NumberWords.class.getResourceAsStream("number-words.csv")) {
      return format.parse(new InputStreamReader(in, UTF_8)).stream()
          .map(line -> new Language(line.get("language"), Part.of(line.get("split"))))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("number-words.csv in the program itself cannot be read", e);
    }
  }

  /** The word for a digit, such as {@code sju}. */
  static String word(Language language, int digit) {
    return new RuleBasedNumberFormat(new ULocale(language.code), RuleBasedNumberFormat.SPELLOUT)
        .format(digit);
  }

  /** All words of all languages. */
  static DigitPool load(TextFeatures text) {
    List<Language> languages = languages();
    int count = languages.size() * AvMnist.CLASSES;
    byte[] labels = new byte[count];
    Part[] parts = new Part[count];
    float[][] features = new float[count][];
    String[] codes = new String[count];
    for (int word = 0; word < count; word++) {
      Language language = languages.get(word / AvMnist.CLASSES);
      int digit = word % AvMnist.CLASSES;
      labels[word] = (byte) digit;
      parts[word] = language.part;
      codes[word] = language.code;
      features[word] = text.features(word(language, digit));
    }
    return new DigitPool(labels, parts, features, List.of(codes));
  }
}

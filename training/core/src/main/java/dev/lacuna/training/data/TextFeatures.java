package dev.lacuna.training.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.ibm.icu.text.Transliterator;
import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import java.util.zip.CRC32;

/**
 * Text of any script, language and length as one vector: hashed character n-grams.
 *
 * <p>The text is written in lower-case Latin letters without accents (ICU's {@code Any-Latin;
 * Latin-ASCII; Lower}), so that words which differ in script alone come to look alike. Then the
 * 1-to 3-grams of every word between two blanks are counted, each at a place and with a sign that a
 * hash gives (Weinberger et al., ICML 2009), and the vector is scaled to length 1: what
 * scikit-learn's {@code HashingVectorizer(analyzer="char_wb", ngram_range=(1, 3))} does, with
 * another hash.
 */
public final class TextFeatures {
  /** Number of values by default. */
  public static final int SIZE = 512;

  private static final int LONGEST = 3;
  private static final int HASH = 0x7E87;

  private final int size;
  private final Transliterator toAscii =
      Transliterator.getInstance("Any-Latin; Latin-ASCII; Lower");

  /**
   * Features of a size.
   *
   * @throws LacunaException where the size is not positive
   */
  public TextFeatures(int size) {
    if (size < 1) {
      throw new LacunaException(
          Status.INVALID_ARGUMENT, "text features have size " + size + ", want >= 1");
    }
    this.size = size;
  }

  /** The feature of a text, [size]; all zeros for a blank one. */
  public float[] features(String text) {
    double[] counts = new double[size];
    for (String word : toAscii.transliterate(text).strip().split("\\s+", -1)) {
      if (!word.isEmpty()) {
        count(" " + word + " ", counts);
      }
    }
    double squares = 0;
    for (double count : counts) {
      squares += count * count;
    }
    double scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    float[] features = new float[size];
    for (int i = 0; i < size; i++) {
      features[i] = (float) (scale * counts[i]);
    }
    return features;
  }

  private void count(String word, double[] counts) {
    int[] characters = word.codePoints().toArray();
    for (int length = 1; length <= LONGEST; length++) {
      for (int from = 0; from + length <= characters.length; from++) {
        String gram = new String(characters, from, length);
        if (gram.equals(" ")) {
          continue; // every word has it
        }
        CRC32 crc = new CRC32();
        crc.update(gram.getBytes(UTF_8));
        CounterRandom hash = new CounterRandom(crc.getValue(), HASH, 0);
        counts[hash.below(0, size)] += (hash.bits(1) & 1) == 0 ? 1 : -1;
      }
    }
  }
}

package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextFeaturesTest {
  private static final TextFeatures TEXT = new TextFeatures(TextFeatures.SIZE);

  @ParameterizedTest
  @CsvSource({"SEVEN, seven", "седем, sedem", "fünf, funf", "' a  b ', a\tb", "é, é"})
  void caseScriptAccentsAndBlanksDoNotMatter(String one, String other) {
    assertArrayEquals(TEXT.features(one), TEXT.features(other));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "seven", "a whole sentence, with 3 commas", "😀", "七", "\uD83D"})
  void anyTextIsAVectorOfLengthOne(String text) {
    float[] features = TEXT.features(text);
    assertEquals(TextFeatures.SIZE, features.length);
    assertEquals(1, dot(features, features), 1e-6);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\t\n"})
  void aBlankTextIsZero(String text) {
    assertArrayEquals(new float[TextFeatures.SIZE], TEXT.features(text));
  }

  @Test
  void similarWordsHaveSimilarVectors() {
    double akin = dot(TEXT.features("septem"), TEXT.features("sept"));
    double other = dot(TEXT.features("septem"), TEXT.features("octo"));
    assertTrue(akin > 0.6 && Math.abs(other) < 0.2, akin + " " + other);
    // letters alike, order not
    assertTrue(dot(TEXT.features("tac"), TEXT.features("cat")) < 0.9);
  }

  @Test
  void aWordHasOneEntryForEachOfItsGrams() {
    // c a t | _c ca at t_ | _ca cat at_
    float[] features = new TextFeatures(65_536).features("cat");
    float[] values = new float[10];
    Arrays.fill(values, (float) (1 / Math.sqrt(10)));
    float[] found = new float[10];
    int next = 0;
    boolean negative = false;
    for (float feature : features) {
      if (feature != 0) {
        found[next++] = Math.abs(feature);
        negative |= feature < 0;
      }
    }
    assertArrayEquals(values, found);
    assertTrue(negative);
    assertFalse(Arrays.equals(features, new TextFeatures(65_536).features("act")));
  }

  @Test
  void aSizeOfNothingIsRefused() {
    assertMessage(() -> new TextFeatures(0), "size 0, want >= 1");
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}

package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ModalityTest {
  private static Modality text(float... ids) {
    return Modality.ofTokens("text", ids.length, 10, new float[][] {ids});
  }

  @Test
  void tokensAreWholeNumbersOfTheVocabularyWithPaddingBehindThem() {
    Modality text = text(1, 9, 2, 0, 0);
    assertTrue(text.hasTokens());
    assertEquals(3, text.tokens(0));
    assertEquals(5, text(1, 2, 3, 4, 5).tokens(0));
    assertEquals(1, text(7, 0).tokens(0));
    assertMessage(() -> text(1, 10), "text row 0 has 10.0 at position 1", "token id, 0 to 9");
    assertMessage(() -> text(-1, 2), "has -1.0 at position 0");
    assertMessage(() -> text(1, 2.5f), "has 2.5 at position 1");
    assertMessage(() -> text(1, Float.NaN), "has NaN at position 1");
    assertMessage(() -> text(Float.POSITIVE_INFINITY), "has Infinity at position 0");
    assertMessage(() -> text(0, 0), "row 0 has no token but padding");
    assertMessage(() -> text(1, 0, 2), "token behind padding, at position 2");
  }

  @Test
  void tokensHaveOneRowAndNoScaling() {
    float[][] rows = new float[0][];
    assertMessage(
        () -> new Modality("text", 1, 2, 3, rows, Scaling.NONE, 10), "1 channels x 2 rows");
    assertMessage(
        () -> new Modality("text", 1, 1, 3, rows, new Scaling(0, 2), 10), "deviation=2.0");
    assertMessage(() -> Modality.ofTokens("text", 3, 2, rows), "vocabulary of 2, want 0");
    assertMessage(() -> Modality.ofTokens("text", 3, -1, rows), "vocabulary of -1");
    assertMessage(() -> Modality.ofTokens("text", 3, (1 << 24) + 1, rows), "16777217");
    assertFalse(new Modality("text", 1, 1, 3, rows).hasTokens());
  }

  @Test
  void otherRowsAreCheckedToo() {
    Modality other = text(1, 2).withRows(new float[][] {{3, 0}, {4, 5}});
    assertEquals(10, other.vocabulary());
    assertEquals(2, other.tokens(1));
    assertMessage(() -> text(1, 2).withRows(new float[][] {{3, 11}}), "row 0 has 11.0");
  }

  @Test
  void aSequenceIsAFeatureWhoseChannelsAreThoseOfAllSteps() {
    float[][] rows = new float[2][5 * 3 * 4 * 7];
    Modality video = Modality.ofSequences("video", 5, 3, 4, 7, rows, Scaling.NONE);
    assertEquals(15, video.channels());
    assertEquals(3, video.stepChannels());
    assertEquals(3 * 4 * 7, video.stepSize());
    assertEquals(420, video.size());
    assertEquals("5 steps of 3 x 4 x 7", video.shape());
    assertEquals(5, video.withRows(new float[1][420]).steps());
    Modality image = new Modality("image", 3, 4, 7, new float[1][84]);
    assertEquals(1, image.steps());
    assertEquals("3 x 4 x 7", image.shape());
  }

  @Test
  void stepsAreOfOneSize() {
    float[][] rows = new float[0][];
    assertMessage(
        () -> new Modality("video", 15, 4, 7, rows, Scaling.NONE, 0, 4),
        "video has 4 steps in 15 channels");
    assertMessage(() -> new Modality("video", 15, 4, 7, rows, Scaling.NONE, 0, 0), "has 0 steps");
    assertMessage(
        () -> Modality.ofSequences("video", 0, 3, 4, 7, rows, Scaling.NONE),
        "video has 0 steps of 3 channels");
    assertMessage(
        () -> Modality.ofSequences("video", 1 << 20, 1 << 20, 1, 1, rows, Scaling.NONE),
        "1048576 steps of 1048576 channels");
    assertMessage(
        () -> new Modality("text", 1, 1, 3, rows, Scaling.NONE, 10, 3), "3 steps in 1 channels");
  }

  @Test
  void aTextIsCutBeforeItsLastIdAndPadded() {
    Tokens counting =
        new Tokens() {
          @Override
          public int[] ids(String text) {
            return new int[] {1, 5, 6, 7, 2};
          }

          @Override
          public int vocabulary() {
            return 10;
          }
        };
    assertArrayEquals(new float[] {1, 5, 6, 7, 2, 0, 0}, counting.row("", 7));
    assertArrayEquals(new float[] {1, 5, 6, 7, 2}, counting.row("", 5));
    assertArrayEquals(new float[] {1, 5, 6, 2}, counting.row("", 4));
  }
}

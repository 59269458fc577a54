package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.multimodal.Presence;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MultimodalDataTest {
  private static final Modality IMAGE = new Modality("image", 1, 2, 3, new float[4][6]);
  private static final Modality AUDIO = new Modality("audio", 1, 1, 2, new float[3][2]);

  @Test
  void absentRowsAreMissing() {
    Split split = new Split("test", new int[] {0, 1, 1}, new int[][] {{0, -1, 3}, {2, 1, -1}});
    assertEquals(new Presence(3, 2, new byte[] {1, 1, 0, 1, 1, 0}), split.presence());
    assertEquals(List.of("image", "audio"), data(split).modalityNames());
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void aValueThatIsNotFiniteIsNamedWithModalityAndRow(float value) {
    float[][] rows = new float[4][6];
    rows[2][5] = value;
    assertMessage(
        () -> new Modality("image", 1, 2, 3, rows), "image row 2 has " + value + " at position 5");
  }

  @Test
  void aWidthThatDoesNotFitIsNamed() {
    float[][] rows = {new float[6], new float[5]};
    assertMessage(
        () -> new Modality("image", 1, 2, 3, rows), "image row 1 has 5 values, want 1 x 2 x 3 = 6");
    assertMessage(() -> new Modality("image", 1, 0, 3, rows), "1 x 0 x 3");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 2, 255})
  void aLabelOutOfRangeIsNamedWithSampleAndSplit(int label) {
    Split split = new Split("test", new int[] {0, label}, new int[][] {{0, 1}, {0, 1}});
    assertMessage(() -> data(split), "split test: sample 1 has label " + label + ", want 0 to 1");
  }

  private static Split multiLabel(boolean[]... targets) {
    return Split.multiLabel("test", targets, new int[][] {{0, 1}, {0, 1}}, List.of("a", "b"));
  }

  private static MultimodalData ofAll(Split split) {
    return new MultimodalData("toy", List.of(IMAGE, AUDIO), 2, split, split, split, null);
  }

  @Test
  void aSampleMayHaveSeveralClassesOrNone() {
    Split split = multiLabel(new boolean[] {true, true}, new boolean[2]);
    MultimodalData data = ofAll(split);
    assertTrue(data.multiLabel());
    assertTrue(split.isOf(0, 1));
    assertFalse(split.isOf(1, 0));
    assertEquals(2, split.size());
    Split last = split.select(new int[] {1, 0, 1});
    assertFalse(last.isOf(0, 0));
    assertTrue(last.isOf(1, 0));
    Split other = multiLabel(new boolean[] {true, true}, new boolean[] {false, true});
    assertNotEquals(data.checksum(), ofAll(other).checksum());
    assertEquals(data.checksum(), ofAll(split.withRows(split.rowOf())).checksum());
    assertTrue(ofAll(split.withGroups(Map.of("voice", List.of("x", "y")))).multiLabel());
  }

  @Test
  void targetsMustFitTheClassesAndBeInAllSplits() {
    assertMessage(
        () -> ofAll(multiLabel(new boolean[2], new boolean[3])), "sample 1 has 3 targets, want 2");
    assertMessage(
        () -> data(multiLabel(new boolean[2], new boolean[2])),
        "in one of splits train and test alone");
    assertMessage(
        () ->
            new Split(
                "test", new int[2], new boolean[2][2], new int[2][2], List.of("a", "b"), Map.of()),
        "want targets of all and labels of none");
    assertMessage(
        () ->
            new Split(
                "test", new int[2], new boolean[1][2], new int[2][2], List.of("a", "b"), Map.of()),
        "2 labels and targets of 1 samples");
  }

  @Test
  void rowsMustExist() {
    assertMessage(
        () -> data(new Split("test", new int[2], new int[][] {{0, 1}, {0, 3}})),
        "sample 1 points to row 3 of modality audio, which has 3");
    assertMessage(
        () -> data(new Split("test", new int[2], new int[][] {{0, -2}, {0, 1}})), "row -2");
    assertMessage(
        () -> data(new Split("test", new int[2], new int[][] {{0, 1}})), "rows of 1 modalities");
    assertMessage(
        () -> new Split("test", new int[2], new int[][] {{0, 1}, {0}}), "2 labels but 1 rows");
  }

  @Test
  void aSampleWithNothingIsNamed() {
    assertMessage(
        () -> data(new Split("test", new int[2], new int[][] {{0, -1}, {0, -1}})),
        "split test: sample 1 has no modality present");
  }

  @Test
  void classesAndSamplesHaveNumbersWhereTheyHaveNoNames() {
    Split split = new Split("test", new int[] {1, 0}, new int[][] {{0, 1}, {0, 1}});
    assertEquals(List.of("0", "1"), split.ids());
    assertEquals(List.of("0", "1"), data(split).classNames());
    assertMessage(
        () -> new Split("test", new int[2], new int[][] {{0, 1}}, List.of("a")),
        "2 labels but 1 ids");
  }

  @Test
  void everySampleHasItsPlaceInAGrouping() {
    Split split = new Split("test", new int[] {1, 0}, new int[][] {{0, 1}, {0, 1}});
    assertEquals(Map.of(), split.groups());
    Split grouped = split.withGroups(Map.of("voice", List.of("ada", "bo")));
    assertEquals(List.of("ada", "bo"), data(grouped).test().groups().get("voice"));
    assertEquals(split.ids(), grouped.ids());
    assertMessage(
        () -> split.withGroups(Map.of("voice", List.of("ada"))),
        "split test has 2 labels but groups by voice of 1 samples");
  }

  @Test
  void theChecksumTellsLabelsAndFeaturesApart() {
    Split split = new Split("test", new int[] {1, 0}, new int[][] {{0, 1}, {0, 1}});
    Split renamed = split.withGroups(Map.of("voice", List.of("ada", "bo")));
    assertEquals(data(split).checksum(), data(renamed).checksum());
    Split otherLabels = new Split("test", new int[] {0, 1}, split.rowOf());
    Split fewer = new Split("test", new int[] {1, 0}, new int[][] {{0, -1}, {0, 1}});
    assertNotEquals(data(split).checksum(), data(otherLabels).checksum());
    assertNotEquals(data(split).checksum(), data(fewer).checksum());
    Split moved = new Split("test", new int[] {1, 0}, new int[][] {{-1, 0}, {0, 1}});
    assertNotEquals(data(fewer).checksum(), data(moved).checksum());
  }

  private static Modality sequence(String name, int steps) {
    return Modality.ofSequences(
        name, steps, 2, 1, 3, new float[][] {new float[6 * steps]}, Scaling.NONE);
  }

  private static Split steps(int[]... stepLabels) {
    return new Split("test", new int[] {0, 1}, new int[][] {{0, 0}, {0, 0}})
        .withStepLabels(stepLabels);
  }

  private static MultimodalData sequences(Split split) {
    return new MultimodalData(
        "toy", List.of(sequence("image", 3), sequence("audio", 3)), 2, split, split, split, null);
  }

  @Test
  void sequencesOfOneDataSetHaveTheSameNumberOfSteps() {
    Split split = new Split("test", new int[] {0}, new int[][] {{0}, {0}});
    MultimodalData mixed =
        new MultimodalData(
            "toy", List.of(IMAGE, sequence("audio", 3)), 2, split, split, split, null);
    assertEquals(3, mixed.steps());
    assertEquals(1, data(split).steps());
    assertEquals(0, mixed.stepClasses());
    assertMessage(
        () ->
            new MultimodalData(
                "toy",
                List.of(sequence("image", 10), sequence("audio", 9)),
                2,
                split,
                split,
                split,
                null),
        "data set toy has sequences of unequal lengths",
        "modality image has 10 steps and modality audio 9");
  }

  @Test
  void stepsMayHaveLabels() {
    Split split = steps(new int[] {0, 4, -1}, new int[] {1, 1, 1});
    assertEquals(5, sequences(split).stepClasses());
    assertArrayEquals(
        new int[][] {{1, 1, 1}, {0, 4, -1}, {1, 1, 1}},
        split.select(new int[] {1, 0, 1}).stepLabels());
    assertArrayEquals(split.stepLabels(), split.withGroups(Map.of()).stepLabels());
    assertArrayEquals(split.stepLabels(), split.withRows(split.rowOf()).stepLabels());
    assertMessage(() -> steps(new int[3]), "2 labels but labels of steps of 1 samples");
    assertMessage(
        () -> sequences(steps(new int[3], new int[2])), "sample 1 has labels of 2 steps, want 3");
    assertMessage(
        () -> sequences(steps(new int[3], new int[] {0, -2, 0})), "has label -2 at step 1");
    assertMessage(
        () -> sequences(steps(new int[3], new int[] {0, 0, 1 << 16})), "label 65536 at step 2");
  }

  @Test
  void theChecksumCoversStepsAndTheirLabels() {
    Split split = steps(new int[] {0, 4, -1}, new int[] {1, 1, 1});
    long checksum = sequences(split).checksum();
    assertEquals(checksum, sequences(steps(split.stepLabels().clone())).checksum());
    assertNotEquals(checksum, sequences(steps(new int[] {0, 3, -1}, new int[3])).checksum());
    assertNotEquals(checksum, sequences(split.withStepLabels(null)).checksum());
    Split unlabelled = split.withStepLabels(null);
    List<Modality> flat =
        List.of(
            new Modality("image", 6, 1, 3, new float[1][18]),
            new Modality("audio", 6, 1, 3, new float[1][18]));
    assertNotEquals(
        sequences(unlabelled).checksum(),
        new MultimodalData("toy", flat, 2, unlabelled, unlabelled, unlabelled, null).checksum());
  }

  private static MultimodalData data(Split test) {
    Split good = new Split("good", new int[] {0, 1}, new int[][] {{0, 1}, {0, 1}});
    return new MultimodalData("toy", List.of(IMAGE, AUDIO), 2, good, good, test, null);
  }
}

package dev.lacuna.training.cmg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.training.cmg.TransferProbe.Transfer;
import dev.lacuna.training.cmg.TransferProbe.Unit;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Probes on codes whose classes are known: two codes mean one of four classes. */
class TransferProbeTest {
  private static final int CODES = 8;
  private static final int CLASSES = 4;
  private static final double[][] CODEBOOK = Coded.codebook(CODES, 16);

  private final Context context = Lacuna.open(Device.parse("reference"));

  @AfterEach
  void close() {
    context.close();
  }

  private List<Transfer> transfers(CodedSplit train, CodedSplit test, Unit unit) {
    return TransferProbe.all(context, CODEBOOK, train, test, unit);
  }

  private static CodedSplit shared(int samples, int stream) {
    int[][] codes = Coded.random(samples, 5, CODES, stream);
    return Coded.of(codes, codes, Coded.divided(codes, CODES / CLASSES));
  }

  @Test
  void codesThatAreSharedTransferWhole() {
    List<Transfer> transfers = transfers(shared(120, 1), shared(60, 2), Unit.STEP);
    assertEquals(
        List.of("image-image", "image-audio", "audio-image", "audio-audio"),
        transfers.stream().map(of -> of.from() + "-" + of.to()).toList());
    for (Transfer of : transfers) {
      assertEquals(1, of.accuracy(), of.toString());
      assertEquals(1, of.share(), of.toString());
      assertEquals(300, of.examples(), of.toString());
    }
  }

  @Test
  void codesThatAreNotSharedTransferByChance() {
    int[][] image = Coded.random(200, 5, CODES, 1);
    int[][] audio = Coded.random(200, 5, CODES, 2);
    CodedSplit train = Coded.of(image, image, Coded.divided(image, CODES / CLASSES));
    CodedSplit test = Coded.of(image, audio, Coded.divided(image, CODES / CLASSES));
    List<Transfer> transfers = transfers(train, test, Unit.STEP);
    assertEquals(1, transfers.get(0).accuracy());
    assertEquals(0.25, transfers.get(1).accuracy(), 0.05);
    assertEquals(0.25, transfers.get(3).accuracy(), 0.05, "within a modality that says nothing");
    assertEquals(1, transfers.get(1).share(), 1e-12, "as good as within it");
    assertEquals(1, transfers.get(2).accuracy());
  }

  /** Another order of codes in the sound: each modality tells all, and nothing carries over. */
  @Test
  void codesOfAnotherOrderDoNotTransferWhateverTheyTellWithin() {
    CodedSplit[] splits = new CodedSplit[2];
    for (int s = 0; s < 2; s++) {
      int[][] image = Coded.random(120, 5, CODES, 1 + s);
      int[][] audio =
          Arrays.stream(image)
              .map(row -> Arrays.stream(row).map(code -> (code + 2) % CODES).toArray())
              .toArray(int[][]::new);
      splits[s] = Coded.of(image, audio, Coded.divided(image, CODES / CLASSES));
    }
    List<Transfer> transfers = transfers(splits[0], splits[1], Unit.STEP);
    assertEquals(1, transfers.get(0).accuracy());
    assertEquals(1, transfers.get(3).accuracy());
    assertEquals(0, transfers.get(1).share());
    assertEquals(0, transfers.get(2).share());
  }

  /** The class of a sequence is that of most of its steps: three of five. */
  @Test
  void aSequenceIsTheMeanOfItsSteps() {
    int[] labels = IntStream.range(0, 100).map(i -> i % CLASSES).toArray();
    int[][] codes =
        IntStream.range(0, 100)
            .mapToObj(i -> {
              int other = (i / CLASSES + 1 + i) % CLASSES;
              return new int[] {
                2 * labels[i], 2 * other, 2 * labels[i] + 1, 2 * other, 2 * labels[i]
              };
            })
            .toArray(int[][]::new);
    CodedSplit split =
        new CodedSplit(List.of("image", "audio"), new int[][][] {codes, codes}, labels, null);
    assertEquals(List.of(), transfers(split, split, Unit.STEP), "no class of a step is known");
    for (Transfer of : transfers(split, split, Unit.SEQUENCE)) {
      assertEquals(1, of.accuracy(), of.toString());
      assertEquals(100, of.examples());
    }
  }

  @Test
  void onlySamplesThatHaveBothAreComparedAndOnlyKnownClassesCount() {
    CodedSplit train = shared(120, 1);
    int[][] image = {{0, 2}, {4, 6}, null};
    int[][] audio = {{0, 2}, null, {1, 3}};
    int[][] labels = {{0, 1}, {2, 3}, {-1, 1}};
    List<Transfer> transfers = transfers(train, Coded.of(image, audio, labels), Unit.STEP);
    assertEquals(List.of(4, 2, 2, 3), transfers.stream().map(Transfer::examples).toList());
    assertTrue(transfers.stream().allMatch(of -> of.accuracy() == 1), transfers.toString());
  }

  @Test
  void aModalityWithoutTrainingSamplesLearnsNothing() {
    int[][] codes = Coded.random(40, 5, CODES, 1);
    CodedSplit train = Coded.of(codes, new int[40][], Coded.divided(codes, 2));
    List<Transfer> transfers = transfers(train, shared(10, 2), Unit.STEP);
    assertEquals(1, transfers.size());
    assertTrue(transfers.getFirst().isWithin());
  }

  @Test
  void learningIsTheSameEveryTime() {
    int[][] image = Coded.random(200, 5, CODES, 1);
    int[][] labels = Coded.random(200, 5, CLASSES, 7);
    CodedSplit noise = Coded.of(image, Coded.random(200, 5, CODES, 2), labels);
    assertEquals(transfers(noise, noise, Unit.STEP), transfers(noise, noise, Unit.STEP));
  }

  @Test
  void aCodeThatTheCodebookLacksIsRefused() {
    int[][] codes = {{CODES}};
    CodedSplit beyond = Coded.of(codes, codes, null);
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> transfers(shared(10, 1), beyond, Unit.SEQUENCE))
            .getMessage();
    assertTrue(message.contains("code 8") && message.contains("ends with 7"), message);
  }

  @Test
  void theSizeOfVectorsDoesNotMatterNorDoesADimensionThatIsConstant() {
    double[][] scaled = new double[CODES][];
    for (int k = 0; k < CODES; k++) {
      scaled[k] = Arrays.stream(CODEBOOK[k]).map(v -> 1000 * v + 5).toArray();
      scaled[k][3] = 1.1;
    }
    double[] flat = CodeVectors.standardised(scaled, shared(40, 1)).flat();
    double[] before = CodeVectors.standardised(CODEBOOK, shared(40, 1)).flat();
    for (int i = 0; i < flat.length; i++) {
      assertEquals(i % 16 == 3 ? 0 : before[i], flat[i], 1e-9, "number " + i);
    }
    double squares = IntStream.range(0, CODES).mapToDouble(k -> Math.pow(before[16 * k], 2)).sum();
    assertEquals(CODES, squares, 1e-9);
  }
}

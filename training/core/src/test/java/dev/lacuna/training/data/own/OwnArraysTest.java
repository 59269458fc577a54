package dev.lacuna.training.data.own;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.NpyFiles;
import dev.lacuna.training.data.NpyWriter;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Features that others have computed, as AVE and VGGSound are held: sequences in .npy files. */
class OwnArraysTest {
  private static final String HEADER = "id,audio,video,text,label,split,steps\n";
  private static final String REST =
      """
      a,a0.npy,v0.npy,t0.npy,cat,train,0 0 3
      b,a1.npy,,t1.npy,dog,train,
      c,,v1.npy,,dog,validation,-1 1 1
      d,a0.npy,v1.npy,t0.NPY,dog,test,steps.npy
      """;

  @TempDir Path folder;
  private final Progress progress =
      new PlainProgress(new PrintStream(OutputStream.nullOutputStream()));

  @BeforeEach
  void write() throws IOException {
    for (int i = 0; i < 2; i++) {
      npy("a" + i + ".npy", i, 3, 8);
      npy("v" + i + ".npy", i, 3, 2, 4, 5);
      npy("t" + i + ".npy", i, 6);
    }
    npy("t0.NPY", 7, 6);
    Files.write(
        folder.resolve("steps.npy"), NpyFiles.of("|u1", "(3,)", new byte[] {2, 1, (byte) 200}));
  }

  /** Values first, first + 1 and so on. */
  private float[] npy(String name, int first, int... shape) {
    int size = 1;
    for (int d : shape) {
      size *= d;
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = first + i;
    }
    NpyWriter.write(folder.resolve(name), values, shape);
    return values;
  }

  private MultimodalData load(String csv) {
    try {
      Path file = Files.writeString(folder.resolve("own.csv"), csv);
      return OwnData.load(file, Columns.STANDARD, FeatureOptions.DEFAULT, progress);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void assertFault(String from, String to, String... parts) {
    String csv = HEADER + REST;
    assertTrue(csv.contains(from), from);
    assertMessage(() -> load(csv.replace(from, to)), parts);
  }

  @Test
  void arraysBecomeSequencesOrFeatures() {
    MultimodalData data = load(HEADER + REST);
    assertEquals(List.of("audio", "video", "text"), data.modalityNames());
    assertEquals(
        List.of("3 steps of 1 x 1 x 8", "3 steps of 2 x 4 x 5", "1 x 1 x 6"),
        data.modalities().stream().map(Modality::shape).toList());
    assertEquals(3, data.steps());
    assertArrayEquals(new byte[] {1, 1, 1, 1, 0, 1}, data.train().presence().toBytes());
    Modality video = data.modalities().get(1);
    float[] raw = npy("again.npy", 1, 3, 2, 4, 5);
    video.scaling().apply(new float[][] {raw});
    assertArrayEquals(raw, video.rows()[data.validation().rowOf()[1][0]]);
    Scaling training = Scaling.of(video.rows(), new int[] {data.train().rowOf()[1][0]});
    assertEquals(0, training.mean(), 1e-5);
    assertEquals(1, training.deviation(), 1e-5);
  }

  @Test
  void stepsHaveLabelsWhereTheFileSaysSo() {
    MultimodalData data = load(HEADER + REST);
    assertArrayEquals(new int[][] {{0, 0, 3}, {-1, -1, -1}}, data.train().stepLabels());
    assertArrayEquals(new int[][] {{-1, 1, 1}}, data.validation().stepLabels());
    assertArrayEquals(new int[][] {{2, 1, 200}}, data.test().stepLabels());
    assertEquals(201, data.stepClasses());
    String unlabelled = (HEADER + REST).replaceAll(",[^,\n]*\n", "\n");
    assertNull(load(unlabelled).train().stepLabels());
    assertEquals(0, load(unlabelled).stepClasses());
  }

  @Test
  void labelsOfStepsMustFit() {
    assertFault("0 0 3", "0 0", "own.csv: line 2: 2 labels of steps, want 3 as the sequences have");
    assertFault("0 0 3", "0,0", "line 2: 8 cells");
    assertFault("0 0 3", "0 x 3", "line 2, column steps: is '0 x 3', want whole numbers");
    assertFault("0 0 3", "0 -2 3", "line 2, column steps: is '0 -2 3'");
    assertFault("0 0 3", "0 0 99999", "split train: sample 0 has label 99999 at step 2");
    assertFault("steps.npy", "a0.npy", "line 5, column steps", "a0.npy: type <f4");
    assertMessage(
        () ->
            load(
                """
                id,text,label,split,steps
                a,t0.npy,cat,train,1 2 3
                b,t1.npy,dog,train,
                c,t1.npy,dog,validation,
                d,t1.npy,dog,test,
                """),
        "line 2: 3 labels of steps, want 1, since no column has sequences");
  }

  @Test
  void arraysOfAColumnHaveOneShape() {
    npy("a1.npy", 0, 3, 7);
    assertMessage(
        () -> load(HEADER + REST),
        "own.csv: line 3, column audio",
        "a1.npy: shape [3, 7], want [3, 8] as the first of audio has");
    npy("a0.npy", 0, 3, 7, 2);
    assertMessage(
        () -> load(HEADER + REST),
        "line 2, column audio",
        "a0.npy: shape [3, 7, 2], want [width], [steps, width] or [steps, channels, height, width]");
  }

  @Test
  void columnsHaveTheSameNumberOfSteps() {
    npy("a0.npy", 0, 4, 8);
    npy("a1.npy", 0, 4, 8);
    String csv = (HEADER + REST).replaceAll(",[^,\n]*\n", "\n");
    assertMessage(
        () -> load(csv),
        "own.csv has sequences of unequal lengths",
        "modality audio has 4 steps and modality video 3");
  }

  @Test
  void aValueThatIsNotFiniteIsNamedWithFileStepAndPosition() {
    float[] values = new float[120];
    values[2 * 40 + 17] = Float.NaN;
    NpyWriter.write(folder.resolve("v1.npy"), values, 3, 2, 4, 5);
    assertMessage(
        () -> load(HEADER + REST),
        "own.csv: line 4, column video",
        "v1.npy: NaN in step 2 at position 17, want finite values");
    NpyWriter.write(folder.resolve("t1.npy"), new double[] {0, 1, 1e300, 0, 0, 0}, 6);
    assertMessage(
        () -> load(HEADER + REST), "line 3, column text", "t1.npy: Infinity at position 2");
  }

  @Test
  void arraysAndFilesAreNotMixed() {
    assertFault("t1.npy", "a dog", "own.csv: line 3: text of 'b' is no .npy file", "t0.npy is one");
    assertFault("v1.npy", "v1.mp4", "line 4, column video: is 'v1.mp4', want a .npy file");
    assertFault("a1.npy", "none.npy", "line 3, column audio", "none.npy: no such file");
    assertFault("a0.npy", "none.npy", "line 2, column audio", "none.npy: no such file");
    assertFault(
        REST,
        REST.replaceAll("v[01].npy", "").replace("c,,,,", "c,a0.npy,,,"),
        "own.csv: no sample has video");
  }

  @Test
  void aModelIsAskedAboutArraysAsItHasLearned() throws IOException {
    MultimodalData data = load(HEADER + REST);
    Path csv = folder.resolve("new.csv");
    Files.writeString(csv, "id,video,audio\nx,v1.npy,\ny,,a0.npy\n");
    Samples samples =
        Samples.read(csv, Columns.STANDARD, FeatureOptions.DEFAULT, data.modalities(), progress);
    assertArrayEquals(new byte[] {0, 1, 0, 1, 0, 0}, samples.presence().toBytes());
    assertArrayEquals(
        data.modalities().get(1).rows()[data.validation().rowOf()[1][0]],
        samples.modalities().get(1).rows()[0]);
    assertEquals(3, samples.modalities().get(1).steps());
    npy("short.npy", 0, 2, 8);
    Files.writeString(csv, "id,audio\nx,short.npy\n");
    assertMessage(
        () ->
            Samples.read(
                csv, Columns.STANDARD, FeatureOptions.DEFAULT, data.modalities(), progress),
        "modality audio of the model is 3 steps of 1 x 1 x 8, files would become 2 steps of 1 x 1");
  }
}

package dev.lacuna.training.data.own;

import static dev.lacuna.training.data.Errors.assertMessage;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.audio.Wav;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.TextFeatures;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Samples for a model of images, sounds and words. */
class SamplesTest {
  private static final List<Modality> MODEL =
      List.of(
          new Modality("audio", 1, 32, 32, new float[0][], new Scaling(-3, 2)),
          new Modality("image", 1, 28, 28, new float[0][], new Scaling(0.25, 0.5)),
          new Modality("words", 1, 1, 512, new float[0][], new Scaling(0.1, 0.05)));

  @TempDir Path folder;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final Progress progress = new PlainProgress(new PrintStream(said, true, UTF_8));

  @BeforeEach
  void write() throws IOException {
    Files.write(folder.resolve("7.png"), Pictures.png(0));
    Files.write(folder.resolve("7.wav"), Wav.tone(8_000, 440, 0.1));
    Files.writeString(folder.resolve("8.txt"), "acht\n");
  }

  @Test
  void filesOfOneNameAreOneSample() {
    Samples samples = read(folder);
    assertEquals(List.of("7", "8"), samples.ids());
    assertArrayEquals(new byte[] {1, 1, 0, 0, 0, 1}, samples.presence().toBytes());
    assertEquals(
        List.of("audio", "image", "words"),
        samples.modalities().stream().map(Modality::name).toList());
  }

  @Test
  void featuresAreScaledAsInTraining() {
    Samples samples = read(folder);
    float[] image = new ImageFeatures(28, 1).read(folder.resolve("7.png"));
    float[] text = new TextFeatures(512).features("acht");
    new Scaling(0.25, 0.5).apply(new float[][] {image});
    new Scaling(0.1, 0.05).apply(new float[][] {text});
    assertArrayEquals(image, samples.modalities().get(1).rows()[samples.rowOf()[1][0]]);
    assertArrayEquals(text, samples.modalities().get(2).rows()[samples.rowOf()[2][1]]);
  }

  @Test
  void aCsvFileNeedsNoLabels() throws IOException {
    Path csv = folder.resolve("own.csv");
    Files.writeString(csv, "id,text,image\nx,acht,\ny,neun,7.png\n");
    Samples plain = read(csv);
    assertEquals(List.of("x", "y"), plain.ids());
    assertArrayEquals(new byte[] {0, 0, 1, 0, 1, 1}, plain.presence().toBytes());
    assertArrayEquals(
        read(folder).modalities().get(2).rows()[0], plain.modalities().get(2).rows()[0]);
    Files.writeString(csv, "id,text,image,label,split\nx,acht,,,\ny,neun,7.png,cow,any\n");
    assertEquals(plain.ids(), read(csv).ids());
  }

  @Test
  void whatTheModelDoesNotKnowIsLeftOut() throws IOException {
    Path csv = Files.writeString(folder.resolve("own.csv"), "id,text,image\nx,acht,none.png\n");
    List<Modality> words = List.of(MODEL.get(2));
    Samples samples = Samples.read(csv, Columns.STANDARD, FeatureOptions.DEFAULT, words, progress);
    assertEquals(1, samples.modalities().size());
    Files.writeString(csv, "id,text,image\nx,acht,\ny,,7.png\n");
    assertMessage(
        () -> Samples.read(csv, Columns.STANDARD, FeatureOptions.DEFAULT, words, progress),
        "own.csv: line 3: sample 'y' has nothing that the model knows, which is text");
  }

  @Test
  void otherFilesOfAFolderAreLeftOutAndNamed() throws IOException {
    Files.writeString(folder.resolve("README.txt"), "how they were made");
    List<Modality> images = List.of(MODEL.get(1));
    Samples samples =
        Samples.read(folder, Columns.STANDARD, FeatureOptions.DEFAULT, images, progress);
    assertEquals(List.of("7"), samples.ids());
    String line = "8 and 1 more have nothing that the model knows, which is image; left out";
    assertTrue(said.toString(UTF_8).contains(line), said.toString(UTF_8));
    Path words = Files.createDirectory(folder.resolve("words"));
    Files.writeString(words.resolve("README.txt"), "how they were made");
    assertMessage(
        () -> Samples.read(words, Columns.STANDARD, FeatureOptions.DEFAULT, images, progress),
        "sample 'README' has nothing that the model knows, which is image");
  }

  @Test
  void aFaultIsNamed() throws IOException {
    Path csv = Files.writeString(folder.resolve("own.csv"), "id,image\nx,none.png\n");
    assertMessage(() -> read(csv), "own.csv: line 2, column image", "no such file");
    Files.delete(csv);
    Files.write(folder.resolve("8.txt"), new byte[] {(byte) 0xC3});
    assertMessage(() -> read(folder), "8.txt: cannot be read as UTF-8");
    Files.writeString(folder.resolve("8.txt"), " \n");
    assertMessage(() -> read(folder), "8.txt: has no text");
    Files.write(folder.resolve("7.wav"), new byte[0]);
    assertMessage(() -> read(folder), "7.wav: 0 bytes");
  }

  @Test
  void aFolderWithNothingToReadIsNamed() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertMessage(() -> read(empty), "empty: has no files to read, want .wav, .txt or images");
  }

  @Test
  void aModelOfOtherShapesIsRefused() {
    List<Modality> small = List.of(new Modality("image", 1, 16, 16, new float[0][]));
    assertMessage(
        () -> Samples.read(folder, Columns.STANDARD, FeatureOptions.DEFAULT, small, progress),
        "modality image of the model is 1 x 16 x 16, files would become 1 x 28 x 28");
    List<Modality> smell = List.of(new Modality("smell", 1, 28, 28, new float[0][]));
    assertMessage(
        () -> Samples.read(folder, Columns.STANDARD, FeatureOptions.DEFAULT, smell, progress),
        "modality smell");
  }

  private Samples read(Path path) {
    return Samples.read(path, Columns.STANDARD, FeatureOptions.DEFAULT, MODEL, progress);
  }
}

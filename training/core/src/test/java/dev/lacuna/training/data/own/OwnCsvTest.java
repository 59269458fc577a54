package dev.lacuna.training.data.own;

import static dev.lacuna.training.data.Errors.assertMessage;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.audio.Wav;
import dev.lacuna.training.audio.WavReader;
import dev.lacuna.training.data.Modality;
import dev.lacuna.training.data.MultimodalData;
import dev.lacuna.training.data.Scaling;
import dev.lacuna.training.data.Split;
import dev.lacuna.training.data.TextFeatures;
import dev.lacuna.training.data.Tokens;
import dev.lacuna.training.progress.PlainProgress;
import dev.lacuna.training.progress.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A CSV file of images, sounds and words with labels cat and dog. */
class OwnCsvTest {
  private static final String HEADER = "id,image,audio,text,label,split\n";
  private static final String REST =
      """
      a,pictures/0.png,0.wav,a cat,cat,train
      b,,0.wav,,dog,train
      c,pictures/1.png,,,dog,validation
      d,,,the dog,dog,test
      e,pictures/0.png,0.wav,"a ""cat"", well",cat,test
      """;

  @TempDir Path folder;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final Progress progress = new PlainProgress(new PrintStream(said));

  @BeforeEach
  void write() throws IOException {
    Files.createDirectory(folder.resolve("pictures"));
    Files.write(folder.resolve("pictures/0.png"), Pictures.png(0));
    Files.write(folder.resolve("pictures/1.png"), Pictures.png(1));
    Files.write(folder.resolve("0.wav"), Wav.tone(22_050, 440, 0.2));
  }

  @Test
  void samplesKeepWhatTheyHave() throws IOException {
    MultimodalData data = load(HEADER + REST);
    assertEquals("own.csv", data.name());
    assertEquals(List.of("image", "audio", "text"), data.modalityNames());
    assertEquals(List.of("cat", "dog"), data.classNames());
    assertEquals(2, data.classes());
    assertEquals(List.of("a", "b"), data.train().ids());
    assertEquals(List.of("c"), data.validation().ids());
    assertEquals(List.of("d", "e"), data.test().ids());
    assertArrayEquals(new int[] {0, 1}, data.train().labels());
    assertArrayEquals(new int[] {1, 0}, data.test().labels());
    assertArrayEquals(new byte[] {1, 1, 1, 0, 1, 0}, data.train().presence().toBytes());
    assertArrayEquals(new byte[] {1, 0, 0}, data.validation().presence().toBytes());
    assertArrayEquals(new byte[] {0, 0, 1, 1, 1, 1}, data.test().presence().toBytes());
    assertTrue(said.toString(UTF_8).contains("reading samples 5/5"), said.toString(UTF_8));
  }

  @Test
  void featuresAreThoseOfTheReadersScaled() throws IOException {
    MultimodalData data = load(HEADER + REST);
    float[][] raw = {
      new ImageFeatures(28, 1).read(folder.resolve("pictures/0.png")),
      new LogMel(LogMel.Options.DEFAULT).features(WavReader.read(folder.resolve("0.wav"))),
      new TextFeatures(512).features("a \"cat\", well")
    };
    for (int m = 0; m < 3; m++) {
      Modality modality = data.modalities().get(m);
      modality.scaling().apply(new float[][] {raw[m]});
      assertArrayEquals(raw[m], modality.rows()[data.test().rowOf()[m][1]], modality.name());
    }
    assertEquals("1x28x28", shape(data.modalities().get(0)));
    assertEquals("1x32x32", shape(data.modalities().get(1)));
    assertEquals("1x1x512", shape(data.modalities().get(2)));
  }

  @Test
  void trainingValuesHaveMeanZeroAndDeviationOne() throws IOException {
    MultimodalData data = load(HEADER + REST);
    for (int m = 0; m < 3; m++) {
      double sum = 0;
      double squares = 0;
      int count = 0;
      for (int row : data.train().rowOf()[m]) {
        for (float value :
            row == Split.ABSENT ? new float[0] : data.modalities().get(m).rows()[row]) {
          sum += value;
          squares += value * value;
          count++;
        }
      }
      assertEquals(0, sum / count, 1e-5);
      assertEquals(1, squares / count, 1e-4);
    }
  }

  @Test
  void sizesAndColourAreChosen() throws IOException {
    Files.writeString(folder.resolve("own.csv"), HEADER + REST);
    FeatureOptions options =
        new FeatureOptions(16, FeatureOptions.Colour.RGB, LogMel.Options.DEFAULT, 64);
    MultimodalData data =
        OwnData.load(folder.resolve("own.csv"), Columns.STANDARD, options, progress);
    assertEquals("3x16x16", shape(data.modalities().get(0)));
    assertEquals("1x1x64", shape(data.modalities().get(2)));
    assertMessage(
        () -> new FeatureOptions(0, FeatureOptions.Colour.RGB, LogMel.Options.DEFAULT, 64),
        "image size is 0, want 1 to 1024");
  }

  @Test
  void textsBecomeTokensWhereThatIsAskedFor() throws IOException {
    Path csv = Files.writeString(folder.resolve("own.csv"), HEADER + REST);
    FeatureOptions options =
        new FeatureOptions(28, FeatureOptions.Colour.GRAY, LogMel.Options.DEFAULT, 64, 4);
    Tokens letters = new Letters();
    MultimodalData data = OwnData.load(csv, Columns.STANDARD, options, letters, progress);
    Modality text = data.modalities().get(2);
    assertEquals("1x1x4", shape(text));
    assertEquals(200, text.vocabulary());
    assertEquals(Scaling.NONE, text.scaling());
    assertArrayEquals(new float[] {'a', ' ', 'c', 't'}, text.rows()[data.train().rowOf()[2][0]]);
    Samples samples =
        Samples.read(csv, Columns.STANDARD, options, letters, data.modalities(), progress);
    for (int row = 0; row < text.rows().length; row++) {
      assertArrayEquals(text.rows()[row], samples.modalities().get(2).rows()[row]);
    }
    assertMessage(
        () ->
            Samples.read(
                csv,
                Columns.STANDARD,
                options,
                letters,
                List.of(Modality.ofTokens("text", 4, 100, new float[0][])),
                progress),
        "modality text of the model is 1 x 1 x 4 of 100 tokens",
        "files would become 1 x 1 x 4 of 200 tokens");
    assertThrows(
        IllegalArgumentException.class,
        () -> OwnData.load(csv, Columns.STANDARD, options, progress));
    assertMessage(
        () -> new FeatureOptions(28, FeatureOptions.Colour.GRAY, LogMel.Options.DEFAULT, 64, 2),
        "text tokens are 2, want 0 for none or 3 to 512");
  }

  /** A letter's id is its code. */
  private static final class Letters implements Tokens {
    @Override
    public int[] ids(String text) {
      return text.chars().toArray();
    }

    @Override
    public int vocabulary() {
      return 200;
    }
  }

  @Test
  void aFolderWithOneCsvFileIsThatFile() throws IOException {
    Files.writeString(folder.resolve("own.csv"), HEADER + REST);
    MultimodalData data = OwnData.load(folder, Columns.STANDARD, FeatureOptions.DEFAULT, progress);
    assertEquals(2, data.train().size());
    Files.writeString(folder.resolve("other.csv"), HEADER + REST);
    assertMessage(
        () -> OwnData.load(folder, Columns.STANDARD, FeatureOptions.DEFAULT, progress),
        "several CSV files",
        "other.csv, own.csv");
  }

  @Test
  void markQuotesLineEndsAndBlankLinesDoNotMatter() throws IOException {
    MultimodalData plain = load(HEADER + REST);
    String other =
        "\uFEFF\r\n\"id\", image ,audio,text,label,split\r\n"
            + "\r\n"
            + REST.replace("\n", "\r\n").replace("a,pictures", "\"a\", pictures").strip();
    MultimodalData same = load(other);
    for (int m = 0; m < 3; m++) {
      assertArrayEquals(plain.modalities().get(m).rows(), same.modalities().get(m).rows());
    }
    assertEquals(plain.train().ids(), same.train().ids());
  }

  @Test
  void columnsMayBeNamedFreelyAndLeftOut() throws IOException {
    String csv = "class,key,photo,notes\ncat,a,pictures/0.png,x\ndog,b,pictures/1.png,y\n";
    String splits =
        csv.replace("notes", "split").replace("x\n", "train\n").replace("y\n", "train\n");
    String more = "dog,c,pictures/1.png,validation\ncat,d,pictures/0.png,test\n";
    Files.writeString(folder.resolve("own.csv"), splits + more);
    Columns columns = Columns.parse("id=key,image=photo,label=class");
    MultimodalData data =
        OwnData.load(folder.resolve("own.csv"), columns, FeatureOptions.DEFAULT, progress);
    assertEquals(List.of("image"), data.modalityNames());
    assertEquals(List.of("c"), data.validation().ids());
  }

  @Test
  void withoutASplitColumnIdsAreHashed() throws IOException {
    StringBuilder csv = new StringBuilder("id,text,label\n");
    for (int i = 0; i < 2_000; i++) {
      csv.append(i).append(",word ").append(i).append(',').append(i % 12).append('\n');
    }
    MultimodalData data = load(csv.toString());
    // 1,280, 320 and 400 with deviations of 21, 16 and 18
    assertEquals(1_280, data.train().size(), 86);
    assertEquals(320, data.validation().size(), 64);
    assertEquals(400, data.test().size(), 72);
    assertEquals(
        List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"), data.classNames());
    // what is added moves nobody
    Map<String, String> partOf = new HashMap<>();
    Stream.of(data.train(), data.validation(), data.test())
        .forEach(split -> split.ids().forEach(id -> partOf.put(id, split.name())));
    MultimodalData longer = load(csv + "x,another,3\n");
    Stream.of(longer.train(), longer.validation(), longer.test())
        .forEach(split ->
            split.ids().stream()
                .filter(id -> !id.equals("x"))
                .forEach(id -> assertEquals(partOf.get(id), split.name())));
  }

  @Test
  void pathsMayLeadAnywhere() throws IOException {
    Path inner = Files.createDirectory(folder.resolve("inner"));
    String csv =
        "id,image,label,split\na,../pictures/0.png,x,train\nb,"
            + folder.resolve("pictures/1.png")
            + ",y,train\nc,../pictures/1.png,x,validation\nd,../pictures/1.png,x,test\n";
    Path file = Files.writeString(inner.resolve("own.csv"), csv);
    MultimodalData data = OwnData.load(file, Columns.STANDARD, FeatureOptions.DEFAULT, progress);
    float[][] rows = data.modalities().get(0).rows();
    assertArrayEquals(rows[1], rows[2]);
    assertFalse(Arrays.equals(rows[0], rows[1]));
  }

  @Test
  void aFaultIsNamedWithItsLineAndColumn() throws IOException {
    Files.createFile(folder.resolve("empty.png"));
    Files.write(folder.resolve("cut.png"), Arrays.copyOf(Pictures.png(0), 60));
    Files.write(folder.resolve("cut.wav"), Arrays.copyOf(Wav.tone(8_000, 440, 0.1), 500));
    Files.write(folder.resolve("slow.wav"), Wav.tone(4_000, 440, 0.1));
    assertFault("f,none.png,,,cat,train", "line 7, column image", "none.png: no such file");
    assertFault("f,pictures,,,cat,train", "line 7, column image", "no such file");
    assertFault("f,empty.png,,,cat,train", "line 7, column image", "empty.png: 0 bytes");
    assertFault("f,cut.png,,,cat,train", "line 7, column image", "cut.png: damaged image");
    assertFault("f,0.wav,,,cat,train", "line 7, column image", "not an image");
    assertFault("f,,cut.wav,,cat,train", "line 7, column audio", "truncated");
    assertFault("f,,slow.wav,,cat,train", "line 7, column audio", "4000 samples a second");
    assertFault("f,,empty.png,,cat,train", "line 7, column audio", "0 bytes");
    assertFault("f,\0.png,,,cat,train", "line 7, column image", "is no path");
    assertFault("a,,,x,cat,train", "line 7, column id", "'a' is there already, in line 2");
    assertFault(",,,x,cat,train", "line 7, column id", "is empty");
    assertFault("f,,,x,,train", "line 7, column label", "is empty");
    assertFault("f,,, ,cat,train", "line 7: sample 'f' has nothing", "image, audio, text");
    assertFault("f,,,x,cat,dev", "line 7, column split", "'dev', want train, validation or test");
    assertFault("f,,,x,cat,", "line 7, column split", "want train, validation or test");
    assertFault("f,,,x,cow,test", "line 7: label 'cow' of a test sample is unseen", "cat, dog");
    assertFault("f,,x,cat", "line 7: 4 cells, the header has 6");
    assertFault("\"f\"x,,,x,cat,train", "not a CSV file");
    assertFault("\"f,,,x,cat,train", "not a CSV file");
  }

  @Test
  void theFirstOfManyFaultsIsNamed() throws IOException {
    StringBuilder more = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      more.append("f").append(i).append(",none").append(i).append(".png,,,cat,train\n");
    }
    for (int repeat = 0; repeat < 5; repeat++) {
      assertMessage(() -> load(HEADER + REST + more), "line 7, column image", "none0.png");
    }
  }

  @Test
  void linesAreCountedThroughQuotedLineEnds() throws IOException {
    assertFault("f,,,\"two\n\nlines\",cat,train\ng,none.png,,,cat,train", "line 10, column image");
  }

  @Test
  void aFaultOfTheWholeFileIsNamed() {
    assertMessage(() -> load(""), "own.csv: 0 bytes, want a header");
    assertMessage(() -> load("\uFEFF"), "own.csv: 3 bytes, want a header");
    assertMessage(() -> load(HEADER), "a header alone, want a header and a line for every sample");
    assertMessage(() -> load("id,text\na,b\n"), "line 1: no column 'label'");
    assertMessage(
        () -> load("id,label\na,b\n"), "line 1: no column for image, audio, video or text");
    assertMessage(() -> load("id;text;label\na;b;c\n"), "no comma, want columns separated by");
    assertMessage(() -> load("id,text,label,\na,b,c,\n"), "unknown column ''");
    assertMessage(
        () -> load("id,text,label,split\na,b,c,train\nb,b,c,train\n"),
        "none of 2 samples is in the validation split");
    assertMessage(
        () -> load("id,text,label,split\na,b,c,train\nb,b,c,validation\nc,b,c,test\n"),
        "all training samples have label 'c', want two labels or more");
    assertMessage(() -> load("Ärger,b\n", ISO_8859_1), "own.csv: is no text in UTF-8");
    assertMessage(
        () ->
            OwnData.load(
                folder.resolve("none.csv"), Columns.STANDARD, FeatureOptions.DEFAULT, progress),
        "none.csv: no such file or folder");
  }

  @Test
  void aModalityMissingEverywhereIsNamed() {
    String silent = REST.replace("0.wav,,dog", ",bark,dog").replace("0.wav", "");
    assertMessage(() -> load(HEADER + silent), "own.csv: no sample has audio");
    String testOnly = REST.replace("a,pictures/0.png", "a,").replace("0.wav,a cat", "0.wav,x");
    assertMessage(() -> load(HEADER + testOnly), "own.csv: no training sample has image");
  }

  private void assertFault(String line, String... parts) {
    assertMessage(() -> load(HEADER + REST + line + "\n"), parts);
  }

  private MultimodalData load(String csv) {
    return load(csv, UTF_8);
  }

  private MultimodalData load(String csv, Charset charset) {
    try {
      Path file = Files.writeString(folder.resolve("own.csv"), csv, charset);
      return OwnData.load(file, Columns.STANDARD, FeatureOptions.DEFAULT, progress);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String shape(Modality modality) {
    return modality.channels() + "x" + modality.height() + "x" + modality.width();
  }
}

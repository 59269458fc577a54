package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.io.OnnxModules;
import dev.lacuna.io.OnnxWeights;
import dev.lacuna.io.Weights;
import dev.lacuna.nn.Bert;
import dev.lacuna.nn.Groups;
import dev.lacuna.nn.TransformerEncoder.Encoding;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.optim.Sgd;
import dev.lacuna.spi.OpLayouts.LayerNormBwd;
import dev.lacuna.spi.OpLayouts.LinearBwd;
import dev.lacuna.spi.OpLayouts.ScatterRows;
import dev.lacuna.training.data.DataFolder;
import dev.lacuna.training.encoder.MiniLmFiles;
import dev.lacuna.training.progress.Progress;
import dev.lacuna.training.text.TextTokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A pretrained text transformer gives on every back end what it gives where it comes from. */
final class MiniLmTest {
  private static final int HEADS = 12;
  private static final int DEPTH = 6;

  /** Linear layers of a block: query, key, value, projection and two of the network. */
  private static final int LINEAR = 6;

  private static MiniLmFiles files;
  private static Weights pretrained;
  private static TextTokenizer tokenizer;

  @BeforeAll
  static void locate() {
    files = MiniLmFiles.locate(DataFolder.standard(), Progress.onStandardError());
    pretrained = new OnnxModules(OnnxWeights.read(files.model()));
    tokenizer = TextTokenizer.read(files.tokenizer());
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  /** Not the stand-in for a GPU, on which a model of this size takes minutes. */
  static Stream<Target> targets() {
    return Target.REQUIRED.stream().filter(target -> !target.name().equals(Target.CUDA_EMULATED));
  }

  /** The model, whose biases can learn while its weights rest. */
  private static final class Model implements AutoCloseable {
    final Context context;
    final ParameterStore store;
    final ParameterGroup weights;
    final ParameterGroup biases;
    final Bert bert;
    final Tape tape;

    Model(Target target) {
      context = target.open();
      store = new ParameterStore(context);
      weights = store.group("weights");
      biases = store.group("biases");
      bert = new Bert(new Groups(weights, biases), pretrained, HEADS);
      tape = new Tape(context);
    }

    Encoding encode(String... texts) {
      tape.reset();
      return bert.encode(tape, ids(texts));
    }

    float[] sentence(String text) {
      tape.reset();
      return bert.sentences(tape, ids(text)).toArray();
    }

    /** Back-propagates from a number that depends on all sentence embeddings. */
    void learn(String... texts) {
      tape.reset();
      Tensor sentences = bert.sentences(tape, ids(texts));
      CounterRandom random = new CounterRandom(1, 0, 0);
      int count = (int) sentences.count();
      double[] direction = IntStream.range(0, count).mapToDouble(random::normal).toArray();
      Tensor product = ElementwiseOp.mul(sentences, tape.input(direction, sentences.shape()));
      ReduceOp.mean(product, ReduceOp.Over.ALL).backward();
    }

    @Override
    public void close() {
      tape.close();
      store.close();
      context.close();
    }
  }

  private static int[][] ids(String... texts) {
    return Arrays.stream(texts).map(tokenizer::ids).toArray(int[][]::new);
  }

  private static double cosine(float[] a, float[] b) {
    double product = 0;
    double squareA = 0;
    double squareB = 0;
    for (int i = 0; i < a.length; i++) {
      product += (double) a[i] * b[i];
      squareA += (double) a[i] * a[i];
      squareB += (double) b[i] * b[i];
    }
    return product / Math.sqrt(squareA * squareB);
  }

  /** The numbers are ONNX Runtime's. */
  @ParameterizedTest
  @MethodSource("targets")
  void classTokenAndSentencesAreThoseOfTheExportedModel(Target target) {
    assertArrayEquals(new int[] {101, 1037, 13555, 1012, 102}, tokenizer.ids("A goat."));
    try (Model model = new Model(target)) {
      float[] classToken = model.encode("A goat.").classFeature().toArray();
      float[] golden = {0.4287439f, 0.1567757f, 0.1064171f, 0.1821831f, 0.1139621f};
      assertArrayEquals(golden, Arrays.copyOf(classToken, golden.length), 1e-5f);
      float[] goat = model.sentence("A goat.");
      assertEquals(0.724, cosine(goat, model.sentence("A sheep.")), 1e-3);
      assertEquals(0.216, cosine(goat, model.sentence("A tanker truck.")), 1e-3);
      assertEquals(0.311, cosine(goat, model.sentence("A cello.")), 1e-3);
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void textsOfDifferentLengthsInOneBatchGiveWhatEachGivesAlone(Target target) {
    String[] texts = {"Yes.", "A goat on a tanker truck plays the cello.", "", "Two sheep sleep."};
    try (Model model = new Model(target)) {
      Tensor tokens = model.encode(texts).tokens();
      int longest = (int) tokens.size(1);
      int width = (int) tokens.size(2);
      float[] together = tokens.toArray();
      for (int i = 0; i < texts.length; i++) {
        float[] alone = model.encode(texts[i]).tokens().toArray();
        assertEquals(tokenizer.ids(texts[i]).length * width, alone.length);
        int from = i * longest * width;
        float[] own = Arrays.copyOfRange(together, from, from + alone.length);
        assertArrayEquals(alone, own, 1e-5f, "'" + texts[i] + "'");
      }
    }
  }

  @Test
  void longestTextIsTakenAndALongerOneRefused() {
    try (Model model = new Model(targets().toList().getLast())) {
      Bert bert = model.bert;
      assertEquals(512, bert.longest());
      assertEquals(512, bert.embed(model.tape, new int[512], 512).size(1));
      // [CLS] and [SEP] stand around the words
      int[][] texts = ids("A goat.", "goat ".repeat(511));
      assertEquals(513, texts[1].length);
      LacunaException e = assertThrows(LacunaException.class, () -> bert.encode(model.tape, texts));
      assertEquals("a text of 513 tokens, the model takes at most 512; cut it", e.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/encoder/layer.3/output/dense/MatMul, no tensor encoder.layer.3.output.dense.weight",
    "encoder.layer.5.attention.output.LayerNorm.bias,"
        + " no tensor encoder.layer.5.attention.output.LayerNorm.bias",
    "embeddings.word_embeddings.weight,"
        + " not of BERT's layout: there is no tensor embeddings.word_embeddings.weight"
  })
  void missingTensorAndUnknownLayoutAreNamed(String renamed, String said, @TempDir Path temporary)
      throws IOException {
    byte[] content = Files.readAllBytes(files.model());
    byte[] name = renamed.getBytes(StandardCharsets.UTF_8);
    for (int at = 0; at <= content.length - name.length; at++) {
      if (Arrays.equals(content, at, at + name.length, name, 0, name.length)) {
        content[at + name.length - 1] = '_';
      }
    }
    Path damaged = Files.write(temporary.resolve("damaged.onnx"), content);
    Weights weights = new OnnxModules(OnnxWeights.read(damaged));
    try (Context context = targets().toList().getLast().open();
        ParameterStore store = new ParameterStore(context)) {
      Groups groups = Groups.one(store.group("bert"));
      RuntimeException e =
          assertThrows(RuntimeException.class, () -> new Bert(groups, weights, HEADS));
      assertTrue(e.getMessage().contains(said), e.getMessage());
    }
  }

  /** Counts gradients of weights that a backward pass computes. */
  private static final class WeightGradients {
    int products;
    int gains;
    int embeddings;
    int linear;

    WeightGradients(Context context) {
      context.override(
          LinearBwd.OP,
          call -> {
            linear++;
            products += call.memory(LinearBwd.DW) == null ? 0 : 1;
            return false;
          });
      context.override(
          LayerNormBwd.OP,
          call -> {
            gains += call.memory(LayerNormBwd.DGAMMA) == null ? 0 : 1;
            return false;
          });
      context.override(
          ScatterRows.OP,
          call -> {
            embeddings += call.value(ScatterRows.M) > 1000 ? 1 : 0;
            return false;
          });
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void biasesLearnWithoutAGradientOfAnyWeight(Target target) throws NoSuchAlgorithmException {
    try (Model model = new Model(target)) {
      model.weights.freeze();
      String before = hash(model.weights);
      String biasesBefore = hash(model.biases);
      WeightGradients seen = new WeightGradients(model.context);
      model.learn("A goat.", "A tanker truck.");
      assertEquals(LINEAR * DEPTH, seen.linear);
      assertEquals(List.of(0, 0, 0), List.of(seen.products, seen.gains, seen.embeddings));
      assertKeysHaveNoGradient(model);
      new Sgd(model.context, Sgd.Options.DEFAULT, model.weights, model.biases).step(0.1);
      assertEquals(before, hash(model.weights));
      assertNotEquals(biasesBefore, hash(model.biases));
    }
  }

  @Test
  void everyWeightHasAGradientWhereAllLearn() {
    try (Model model = new Model(targets().toList().getLast())) {
      WeightGradients seen = new WeightGradients(model.context);
      model.learn("A goat.", "A tanker truck.");
      assertEquals(LINEAR * DEPTH, seen.products);
      assertEquals(1 + 2 * DEPTH, seen.gains);
      assertFalse(model.weights.parameters().isEmpty());
      for (Parameter weight : model.weights.parameters()) {
        assertTrue(weight.hasGradient(), weight.name());
      }
    }
  }

  /**
   * A key's bias adds the same to all of a query's scores, which a softmax does not see; what is
   * left is rounding.
   */
  private static void assertKeysHaveNoGradient(Model model) {
    for (int block = 0; block < DEPTH; block++) {
      String attention = "biases.blocks." + block + ".attn.";
      assertTrue(largestGradient(model, attention + "k.bias") < 1e-6);
      assertTrue(largestGradient(model, attention + "q.bias") > 1e-5);
    }
  }

  private static double largestGradient(Model model, String name) {
    Parameter bias =
        model.biases.parameters().stream()
            .filter(parameter -> parameter.name().equals(name))
            .findFirst()
            .orElseThrow(
                () -> new AssertionError("no " + name + " among " + model.biases.parameters()));
    // NaN, which sorts last, must not pass
    return Arrays.stream(bias.grad()).map(Math::abs).sorted().toArray()[bias.count() - 1];
  }

  private static String hash(ParameterGroup group) throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (Parameter parameter : group.parameters()) {
      ByteBuffer bytes = ByteBuffer.allocate(parameter.count() * Double.BYTES);
      bytes.asDoubleBuffer().put(parameter.get());
      digest.update(bytes);
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}

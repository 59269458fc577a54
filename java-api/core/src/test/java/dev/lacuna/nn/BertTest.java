package dev.lacuna.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.io.SafeTensors;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pretrained tensors are taken as they are meant, or refused with a name. */
final class BertTest {
  private static final int WIDTH = 4;
  private static final int HIDDEN = 6;
  private static final int DEPTH = 4;
  private static final int HEADS = 2;

  private final SafeTensors weights = new SafeTensors();
  private final Context context = Lacuna.open(Device.parse("reference-f64"));
  private final ParameterStore store = new ParameterStore(context);
  private final Tape tape = new Tape(context);

  @BeforeEach
  void declare() {
    put("embeddings.word_embeddings.weight", 7, WIDTH);
    put("embeddings.position_embeddings.weight", 5, WIDTH);
    put("embeddings.token_type_embeddings.weight", 2, WIDTH);
    both("embeddings.LayerNorm", WIDTH);
    for (int block = 0; block < DEPTH; block++) {
      String name = "encoder.layer." + block + ".";
      for (String part : new String[] {"self.query", "self.key", "self.value", "output.dense"}) {
        both(name + "attention." + part, WIDTH, WIDTH);
      }
      both(name + "attention.output.LayerNorm", WIDTH);
      both(name + "intermediate.dense", HIDDEN, WIDTH);
      both(name + "output.dense", WIDTH, HIDDEN);
      both(name + "output.LayerNorm", WIDTH);
    }
  }

  @AfterEach
  void close() {
    tape.close();
    store.close();
    context.close();
  }

  private void both(String name, long... shape) {
    put(name + ".weight", shape);
    put(name + ".bias", shape[0]);
  }

  private void put(String name, long... shape) {
    CounterRandom random = new CounterRandom(2, name.hashCode(), 0);
    double[] values = new double[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    Arrays.setAll(values, random::normal);
    weights.tensors().put(name, new SafeTensors.Entry(shape, values));
  }

  private Bert bert() {
    return new Bert(Groups.one(store.group("bert" + store.groups().size())), weights, HEADS);
  }

  private String refused() {
    return assertThrows(IllegalArgumentException.class, this::bert).getMessage();
  }

  @Test
  void sizesAreThoseOfTheTensors() {
    Bert bert = bert();
    assertEquals(DEPTH, bert.encoder().config().depth());
    assertEquals(HIDDEN, bert.encoder().config().hidden());
    assertEquals(new Bert.Size(bert.vocabulary(), bert.longest()), Bert.size(weights));
    assertEquals(new Bert.Size(7, 5), Bert.size(weights));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "encoder.layer.0.output.LayerNorm.weight",
        "encoder.layer.2.output.LayerNorm.weight",
        "encoder.layer.3.output.LayerNorm.weight",
        "encoder.layer.3.attention.self.query.bias"
      })
  void aTensorMissingInABlockIsNamed(String name) {
    weights.tensors().remove(name);
    String said = refused();
    assertTrue(said.contains("no tensor " + name + ";"), said);
  }

  @Test
  void weightsWithoutBlocksAreNoShallowerModel() {
    weights.tensors().keySet().removeIf(name -> name.startsWith("encoder"));
    String said = refused();
    assertTrue(said.contains("no tensor encoder.layer.0."), said);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "encoder.layer.1.attention.self.distance_embedding.weight",
        "encoder.layer.3.crossattention.self.query.weight",
        "encoder.layer.0.attention.self.query.weight_scale",
        "encoder.layer.99999999999.output.dense.weight",
        "encoder.layer.norm.weight"
      })
  void aBlockWithMoreThanBertsIsRefusedByItsName(String name) {
    put(name, 1);
    String said = refused();
    assertTrue(
        said.startsWith("tensor " + name + " is not of BERT's layout: blocks of attention."), said);
  }

  /** Its file has all the same names behind its prefix, but positions that begin at 2. */
  @Test
  void robertaIsRefusedByItsPrefix() {
    Map<String, SafeTensors.Entry> berts = Map.copyOf(weights.tensors());
    weights.tensors().clear();
    berts.forEach((name, entry) -> weights.tensors().put("roberta." + name, entry));
    String said = refused();
    assertTrue(
        said.startsWith(
            "tensor roberta.embeddings.word_embeddings.weight is not of BERT's layout: RoBERTa's"),
        said);
    assertThrows(IllegalArgumentException.class, () -> Bert.size(weights));
  }

  @Test
  void whatBertHasBesideItsBlocksIsLeftAlone() {
    Map<String, SafeTensors.Entry> berts = new LinkedHashMap<>(weights.tensors());
    weights.tensors().clear();
    berts.forEach((name, entry) -> weights.tensors().put("bert." + name, entry));
    put("bert.embeddings.position_ids", 1, 5);
    both("bert.pooler.dense", WIDTH, WIDTH);
    both("cls.predictions.transform.dense", WIDTH, WIDTH);
    both("cls.seq_relationship", 2, WIDTH);
    both("classifier", 3, WIDTH);
    assertEquals(DEPTH, bert().encoder().config().depth());
  }

  @Test
  void aTokensEmbeddingIsWhereItsTextBegins() {
    double[] first = bert().embed(tape, new int[] {6, 0}, 2).toDoubleArray();
    double[] embedded = Bert.embedded(weights, 6);
    assertEquals(WIDTH, embedded.length);
    for (int j = 0; j < WIDTH; j++) {
      assertEquals(first[j], embedded[j], 1e-6);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 7, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void aTokenBeyondTheVocabularyHasNoEmbedding(int token) {
    LacunaException e = assertThrows(LacunaException.class, () -> Bert.embedded(weights, token));
    assertEquals(Status.INVALID_ARGUMENT, e.status());
    assertEquals(
        "token "
            + token
            + " has no row in tensor embeddings.word_embeddings.weight [7, 4], want 0 to 6",
        e.getMessage());
  }

  @Test
  void outputsOfPaddingAreZeroAndNoOthers() {
    double[] tokens = bert().encode(tape, new int[][] {{1}, {2, 3, 4}}).tokens().toDoubleArray();
    for (int i = 0; i < tokens.length; i++) {
      int token = i / WIDTH;
      assertEquals(token == 1 || token == 2, tokens[i] == 0, "token " + token);
    }
  }

  @Test
  void aTextWithoutTokensIsNamed() {
    Bert bert = bert();
    int[][] texts = {{1}, {}, {2, 3}};
    for (Executable use :
        List.<Executable>of(() -> bert.encode(tape, texts), () -> bert.sentences(tape, texts))) {
      LacunaException e = assertThrows(LacunaException.class, use);
      assertEquals(Status.INVALID_ARGUMENT, e.status());
      assertEquals(
          "text 1 of 3 (from 0) has no tokens, want at least one, such as [CLS]", e.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({"word, 28", "position, 20", "token_type, 8"})
  void anEmbeddingThatIsNoTableIsNamedWithItsShape(String which, int count) {
    String name = "embeddings." + which + "_embeddings.weight";
    put(name, count);
    String said = "tensor " + name + " is [" + count + "], want [rows, width], each >= 1";
    assertEquals(said, refused());
    assertEquals(
        said,
        assertThrows(IllegalArgumentException.class, () -> Bert.embedded(weights, 0)).getMessage());
    put(name, 0, WIDTH);
    assertEquals(said.replace("[" + count + "]", "[0, 4]"), refused());
  }

  @Test
  void aSizeIsThatOfTables() {
    put("embeddings.word_embeddings.weight", 28);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Bert.size(weights));
    assertEquals(
        "tensor embeddings.word_embeddings.weight is [28], want [rows, width], each >= 1",
        e.getMessage());
  }

  @Test
  void aBiasThatIsNoRowIsNamedWithItsShape() {
    put("encoder.layer.0.intermediate.dense.bias");
    assertEquals(
        "tensor encoder.layer.0.intermediate.dense.bias is [], want [hidden], each >= 1",
        refused());
  }
}

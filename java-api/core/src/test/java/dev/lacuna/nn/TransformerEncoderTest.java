package dev.lacuna.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.GradCheck;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.ReadOnlyAttention.EncoderGrad;
import dev.lacuna.kernels.ReadOnlyAttention.Options;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.nn.TransformerEncoder.Activation;
import dev.lacuna.nn.TransformerEncoder.Config;
import dev.lacuna.nn.TransformerEncoder.Encoding;
import dev.lacuna.nn.TransformerEncoder.Norm;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.Golden;
import dev.lacuna.ops.ReadOnlyAttentionOp;
import dev.lacuna.ops.ReduceOp;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TransformerEncoderTest {
  private static final int WIDTH = 12;
  private static final int INPUTS = 5;
  private static final int PROMPTS = 3;

  private static Config config(Norm norm, int depth) {
    return new Config(WIDTH, depth, 3, 20, norm, 1e-6, Activation.GELU);
  }

  private static double[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(3, stream, 0);
    return IntStream.range(0, count).mapToDouble(random::normal).toArray();
  }

  /** Parameters that are not as they begin: with biases and gains of their own. */
  private static void scramble(ParameterStore store) {
    for (Parameter parameter : store.parameters()) {
      double[] value = parameter.get();
      double[] noise = normal(parameter.name().hashCode(), value.length);
      Arrays.setAll(value, i -> value[i] + 0.2 * noise[i]);
      parameter.set(value);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "reference-f64, nn_transformer_l1_d8_h2", "reference-f64, nn_transformer_l2_d8_h4",
    "reference-f64, nn_transformer_l1_d8_h2_gelu", "reference-f64, nn_transformer_l1_d6_h3_padding",
    "reference, nn_transformer_l2_d8_h4", "reference, nn_transformer_l1_d8_h2_gelu"
  })
  void postNormIsTorchsTransformerEncoder(String backend, String file) {
    JsonNode golden = Golden.read(file);
    JsonNode inputs = golden.get("inputs");
    JsonNode outputs = golden.get("outputs");
    JsonNode sizes = golden.get("params");
    JsonNode weights = inputs.get("weights");
    boolean layered = weights.has("layers.0.norm1.weight");
    Config config =
        new Config(
            sizes.get("D").asInt(),
            layered ? 2 : 1,
            sizes.get("heads").asInt(),
            sizes.get("ffn").asInt(),
            Norm.POST,
            sizes.get("layer_norm_eps").asDouble(),
            file.contains("gelu") ? Activation.GELU : Activation.RELU);
    double tolerance = backend.equals("reference-f64") ? 1e-10 : 1e-4;
    byte[] mask = null;
    if (inputs.has("key_padding_1_is_masked")) {
      double[] padding = Golden.values(inputs.get("key_padding_1_is_masked"));
      mask = new byte[padding.length];
      for (int i = 0; i < mask.length; i++) {
        mask[i] = (byte) (1 - padding[i]);
      }
    }
    try (Context context = Lacuna.open(Device.parse(backend));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("t");
      TransformerEncoder encoder = new TransformerEncoder(Groups.one(group), config, 0);
      Map<String, Parameter> ours = new LinkedHashMap<>();
      group.parameters().forEach(p -> ours.put(p.name(), p));
      Map<String, List<Parameter>> theirs = new LinkedHashMap<>();
      for (int layer = 0; layer < config.depth(); layer++) {
        String t = layered ? "layers." + layer + "." : "";
        String o = "t.blocks." + layer + ".";
        for (String kind : List.of("weight", "bias")) {
          theirs.put(
              t + "self_attn.in_proj_" + kind,
              List.of(
                  ours.get(o + "attn.q." + kind),
                  ours.get(o + "attn.k." + kind),
                  ours.get(o + "attn.v." + kind)));
          theirs.put(t + "self_attn.out_proj." + kind, List.of(ours.get(o + "attn.proj." + kind)));
          theirs.put(t + "linear1." + kind, List.of(ours.get(o + "mlp.fc1." + kind)));
          theirs.put(t + "linear2." + kind, List.of(ours.get(o + "mlp.fc2." + kind)));
          theirs.put(t + "norm1." + kind, List.of(ours.get(o + "norm1." + kind)));
          theirs.put(t + "norm2." + kind, List.of(ours.get(o + "norm2." + kind)));
        }
      }
      assertEquals(weights.size(), theirs.size());
      theirs.forEach((name, parts) -> {
        double[] values = Golden.values(weights.get(name));
        int size = values.length / parts.size();
        for (int i = 0; i < parts.size(); i++) {
          parts.get(i).set(Arrays.copyOfRange(values, i * size, (i + 1) * size));
        }
      });
      long[] shape = Golden.shape(inputs.get("x"));
      Tensor x = tape.input(Golden.values(inputs.get("x")), shape).requiresGrad();
      Tensor y = encoder.all(x, mask).tokens();
      double[] g = Golden.values(inputs.get("G"));
      if (mask == null) {
        Golden.assertClose("y", outputs.get("y"), y.toDoubleArray(), tolerance);
      }
      Tensor loss = ReduceOp.sum(ElementwiseOp.mul(y, tape.input(g, shape)), ReduceOp.Over.ALL);
      Golden.assertClose("loss", outputs.get("loss"), loss.toDoubleArray(), tolerance);
      loss.backward();
      Golden.assertClose("dx", outputs.get("grad_x"), x.gradAsDoubles(), tolerance);
      theirs.forEach((name, parts) ->
          Golden.assertClose(
              name,
              outputs.get("grad_params").get(name),
              parts.stream().flatMapToDouble(p -> Arrays.stream(p.grad())).toArray(),
              tolerance));
    }
  }

  /** Something computed with an encoder, its store and a tape. */
  private interface Work {
    void with(TransformerEncoder encoder, ParameterStore store, Tape tape);
  }

  private static void withEncoder(String backend, Norm norm, int depth, Work work) {
    try (Context context = Lacuna.open(Device.parse(backend));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      Groups groups = new Groups(store.group("weights"), store.group("biases"));
      TransformerEncoder encoder = new TransformerEncoder(groups, config(norm, depth), 1);
      scramble(store);
      work.with(encoder, store, tape);
    }
  }

  private static Tensor inputs(Tape tape) {
    return tape.input(normal(1, 2 * INPUTS * WIDTH), 2, INPUTS, WIDTH);
  }

  private static Tensor prompts(Tape tape) {
    return tape.input(normal(2, 2 * PROMPTS * WIDTH), 2, PROMPTS, WIDTH);
  }

  /** Inputs with the prompts behind them, which a mask hides from everyone. */
  private static Tensor together(Tape tape) {
    double[] x = normal(1, 2 * INPUTS * WIDTH);
    double[] p = normal(2, 2 * PROMPTS * WIDTH);
    double[] both = new double[x.length + p.length];
    for (int b = 0; b < 2; b++) {
      int at = b * (INPUTS + PROMPTS) * WIDTH;
      System.arraycopy(x, b * INPUTS * WIDTH, both, at, INPUTS * WIDTH);
      System.arraycopy(p, b * PROMPTS * WIDTH, both, at + INPUTS * WIDTH, PROMPTS * WIDTH);
    }
    return tape.input(both, 2, INPUTS + PROMPTS, WIDTH);
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void promptsReadAsIfADenseMaskHidThem(Norm norm) {
    withEncoder(
        "reference-f64",
        norm,
        3,
        (encoder, store, tape) -> {
          byte[] seen = {1, 1, 1, 0, 1, 1, 1, 1, 1, 1};
          byte[] hidden = {1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0};
          double[] dense = encoder.all(together(tape), hidden).tokens().toDoubleArray();
          Encoding encoding = encoder.all(inputs(tape), seen);
          double[] alone = encoding.tokens().toDoubleArray();
          double[] read = encoding.read(prompts(tape), Options.DEFAULT).toDoubleArray();
          for (int b = 0; b < 2; b++) {
            int at = b * (INPUTS + PROMPTS) * WIDTH;
            for (int i = 0; i < INPUTS * WIDTH; i++) {
              assertEquals(dense[at + i], alone[b * INPUTS * WIDTH + i], 1e-12);
            }
            for (int i = 0; i < PROMPTS * WIDTH; i++) {
              assertEquals(dense[at + INPUTS * WIDTH + i], read[b * PROMPTS * WIDTH + i], 1e-12);
            }
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference-f64", "reference"})
  void inputsAreTheSameToTheBitWithAndWithoutPrompts(String backend) {
    withEncoder(
        backend,
        Norm.PRE,
        2,
        (encoder, store, tape) -> {
          double[] without = encoder.all(inputs(tape), null).tokens().toDoubleArray();
          for (Prompts mode : Prompts.values()) {
            Encoding encoding = encoder.all(inputs(tape), null);
            encoding.read(prompts(tape), Options.DEFAULT.withPrompts(mode));
            assertArrayEquals(without, encoding.tokens().toDoubleArray());
          }
        });
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void theFirstTokenAloneIsTheFirstOfAll(Norm norm) {
    withEncoder(
        "reference-f64",
        norm,
        2,
        (encoder, store, tape) -> {
          byte[] mask = {1, 1, 1, 0, 0, 1, 1, 1, 1, 1};
          Encoding all = encoder.all(inputs(tape), mask);
          Encoding first = encoder.first(inputs(tape), mask);
          assertArrayEquals(
              all.classFeature().toDoubleArray(), first.classFeature().toDoubleArray(), 1e-12);
          assertArrayEquals(
              all.read(prompts(tape), Options.DEFAULT).toDoubleArray(),
              first.read(prompts(tape), Options.DEFAULT).toDoubleArray());
        });
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void gradientsWithoutWorkOnPaddingAreThoseOfAllTokens(Norm norm) {
    byte[][] masks = {{1, 1, 1, 0, 0, 1, 1, 1, 1, 1}, {0, 1, 1, 1, 0, 1, 1, 1, 1, 1}};
    for (byte[] mask : masks) {
      withEncoder(
          "reference-f64",
          norm,
          2,
          (encoder, store, tape) ->
              assertArrayEquals(
                  gradients(store, tape, encoder.all(inputs(tape), mask)),
                  gradients(store, tape, encoder.first(inputs(tape), mask)),
                  1e-11));
    }
  }

  /** Of what a class feature and prompts say together, with respect to all parameters. */
  private static double[] gradients(ParameterStore store, Tape tape, Encoding encoding) {
    store.zeroGrad();
    Tensor said = encoding.read(prompts(tape), Options.DEFAULT);
    Tensor feature = encoding.classFeature();
    Tensor both =
        ElementwiseOp.add(
            ReduceOp.sum(ElementwiseOp.mul(said, said), ReduceOp.Over.ALL),
            ReduceOp.sum(ElementwiseOp.mul(feature, feature), ReduceOp.Over.ALL));
    both.backward();
    return store.groups().stream()
        .flatMap(group -> group.parameters().stream())
        .flatMapToDouble(parameter -> Arrays.stream(parameter.grad()))
        .toArray();
  }

  @Test
  void paddingGoesThroughNoLayer() {
    withEncoder(
        "reference-f64",
        Norm.PRE,
        2,
        (encoder, store, tape) -> {
          byte[] mask = {1, 1, 1, 0, 0, 1, 1, 1, 1, 1};
          double[] all = encoder.all(inputs(tape), mask).tokens().toDoubleArray();
          double[] readable = encoder.readable(inputs(tape), mask).tokens().toDoubleArray();
          for (int i = 0; i < all.length; i++) {
            assertEquals(mask[i / WIDTH] * all[i], readable[i], 1e-12);
          }
        });
  }

  @Test
  void selectedEntriesAreReadAsInTheWholeBatch() {
    withEncoder(
        "reference-f64",
        Norm.POST,
        2,
        (encoder, store, tape) -> {
          byte[] mask = {1, 1, 1, 0, 0, 1, 1, 1, 1, 0};
          Encoding all = encoder.all(inputs(tape), mask);
          double[] whole = all.read(prompts(tape), Options.DEFAULT).toDoubleArray();
          Tensor last =
              tape.input(
                  Arrays.copyOfRange(
                      normal(2, 2 * PROMPTS * WIDTH), PROMPTS * WIDTH, 2 * PROMPTS * WIDTH),
                  1,
                  PROMPTS,
                  WIDTH);
          double[] chosen = all.select(new int[] {1}).read(last, Options.DEFAULT).toDoubleArray();
          assertArrayEquals(
              Arrays.copyOfRange(whole, PROMPTS * WIDTH, 2 * PROMPTS * WIDTH), chosen, 1e-13);
        });
  }

  @ParameterizedTest
  @EnumSource(Prompts.class)
  void gradientsThroughThePromptStreamAreThoseOfDifferences(Prompts mode) {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup biases = store.group("biases");
      Groups groups = new Groups(store.group("weights"), biases);
      TransformerEncoder encoder = new TransformerEncoder(groups, config(Norm.PRE, 2), 1);
      double[] start = normal(2, 2 * PROMPTS * WIDTH);
      Parameter prompts = store.group("prompts").add("vectors", i -> start[i], 2, PROMPTS, WIDTH);
      scramble(store);
      groups.weights().freeze();
      Options options = Options.DEFAULT.withPrompts(mode).withEncoderGrad(EncoderGrad.FLOW);
      double[] weights = normal(5, 2 * PROMPTS * WIDTH);
      // the gradient of a key's bias is 0, and nothing to be relative to
      List<Parameter> learning =
          store.parameters().stream()
              .filter(p -> !p.group().isFrozen() && !p.name().endsWith("attn.k.bias"))
              .toList();
      double error =
          GradCheck.maxError(
              tape,
              learning,
              t -> {
                Encoding encoding = encoder.first(inputs(t), null);
                Tensor out = encoding.read(t.use(prompts), options);
                Tensor both =
                    ReduceOp.sum(
                        ElementwiseOp.mul(out, t.input(weights, out.shape())), ReduceOp.Over.ALL);
                Tensor own = encoding.classFeature();
                Tensor squares = ReduceOp.sum(ElementwiseOp.mul(own, own), ReduceOp.Over.ALL);
                return ElementwiseOp.add(both, squares);
              });
      assertTrue(error < 1e-6, "error " + error);
      assertTrue(groups.weights().parameters().stream().noneMatch(Parameter::hasGradient));
    }
  }

  @Test
  void aKeysBiasHasNoGradient() {
    withEncoder(
        "reference-f64",
        Norm.PRE,
        2,
        (encoder, store, tape) -> {
          Tensor y = encoder.all(inputs(tape), null).tokens();
          Tensor g = tape.input(normal(9, (int) y.count()), y.shape());
          ReduceOp.sum(ElementwiseOp.mul(y, g), ReduceOp.Over.ALL).backward();
          for (Parameter parameter : store.parameters()) {
            double most = Arrays.stream(parameter.grad()).map(Math::abs).max().orElseThrow();
            if (parameter.name().endsWith("attn.k.bias")) {
              assertTrue(most < 1e-12, parameter + " has gradient " + most);
            } else {
              assertTrue(most > 1e-6, parameter + " has gradient " + most);
            }
          }
        });
  }

  /** In a value that every head has, the mean weight is what the op has weighed it with. */
  @ParameterizedTest
  @EnumSource(Prompts.class)
  void theWeightsShownAreThoseOfTheAttention(Prompts mode) {
    Options options = Options.DEFAULT.withPrompts(mode);
    byte[] mask = {1, 0, 1, 1, 1};
    int heads = 3;
    int rows = INPUTS + PROMPTS;
    double[][] q = rows(normal(11, rows * WIDTH), 3);
    double[][] k = rows(normal(12, rows * WIDTH), 3);
    double[][] v = rows(normal(13, rows * WIDTH), 1);
    for (double[] row : v) {
      Arrays.setAll(row, j -> row[j % (WIDTH / heads)]);
    }
    double[][] weights = AttentionWeights.of(q, k, INPUTS, mask, heads, options);
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        Tape tape = new Tape(context)) {
      boolean alone = mode == Prompts.NONE;
      ReadOnlyAttentionOp.Streams out =
          ReadOnlyAttentionOp.inputsAndPrompts(
              part(tape, q, 0, INPUTS),
              part(tape, k, 0, INPUTS),
              part(tape, v, 0, INPUTS),
              tape.input(mask, 1, INPUTS),
              part(tape, q, INPUTS, rows),
              alone ? null : part(tape, k, INPUTS, rows),
              alone ? null : part(tape, v, INPUTS, rows),
              heads,
              options);
      double[] inputs = out.inputs().toDoubleArray();
      double[] prompts = out.prompts().toDoubleArray();
      for (int i = 0; i < rows; i++) {
        for (int c = 0; c < WIDTH / heads; c++) {
          double weighed = 0;
          for (int j = 0; j < rows; j++) {
            weighed += weights[i][j] * v[j][c];
          }
          double attended = 0;
          for (int h = 0; h < heads; h++) {
            int at = (i < INPUTS ? i : i - INPUTS) * WIDTH + h * (WIDTH / heads) + c;
            attended += (i < INPUTS ? inputs : prompts)[at] / heads;
          }
          assertEquals(attended, weighed, 1e-12, "row " + i);
        }
      }
    }
  }

  private static double[][] rows(double[] flat, double scale) {
    return IntStream.range(0, flat.length / WIDTH)
        .mapToObj(i ->
            Arrays.stream(flat, i * WIDTH, (i + 1) * WIDTH).map(value -> scale * value).toArray())
        .toArray(double[][]::new);
  }

  private static Tensor part(Tape tape, double[][] rows, int from, int to) {
    double[] flat = Arrays.stream(rows, from, to).flatMapToDouble(Arrays::stream).toArray();
    return tape.input(flat, 1, to - from, WIDTH);
  }

  @ParameterizedTest
  @EnumSource(Prompts.class)
  void inputsReadNoPromptInAnyBlock(Prompts mode) {
    withEncoder(
        "reference-f64",
        Norm.PRE,
        3,
        (encoder, store, tape) -> {
          Tensor x = tape.input(normal(1, INPUTS * WIDTH), 1, INPUTS, WIDTH);
          Tensor prompts = tape.input(normal(2, PROMPTS * WIDTH), 1, PROMPTS, WIDTH);
          byte[] mask = {1, 1, 1, 1, 0};
          List<double[][]> blocks =
              encoder.attentionWeights(x, mask, prompts, Options.DEFAULT.withPrompts(mode));
          assertEquals(3, blocks.size());
          for (double[][] weights : blocks) {
            assertEquals(INPUTS + PROMPTS, weights.length);
            for (int i = 0; i < weights.length; i++) {
              assertEquals(1, Arrays.stream(weights[i]).sum(), 1e-12);
              assertEquals(0, weights[i][INPUTS - 1]);
              for (int j = INPUTS; j < weights.length; j++) {
                boolean read =
                    i >= INPUTS && (mode == Prompts.FULL || (mode == Prompts.SELF && i == j));
                assertEquals(read, weights[i][j] > 0, i + " reads " + j);
              }
            }
          }
        });
  }

  @Test
  void weightsAreThoseOfOneEntry() {
    withEncoder(
        "reference-f64",
        Norm.PRE,
        1,
        (encoder, store, tape) -> {
          LacunaException e =
              assertThrows(
                  LacunaException.class,
                  () ->
                      encoder.attentionWeights(inputs(tape), null, prompts(tape), Options.DEFAULT));
          assertTrue(e.getMessage().contains("2 entries of inputs"), e.getMessage());
        });
  }

  @Test
  void wrongSizesAreNamed() {
    withEncoder(
        "reference-f64",
        Norm.PRE,
        1,
        (encoder, store, tape) -> {
          Tensor narrow = tape.input(new double[30], 2, 5, 3);
          LacunaException e = assertThrows(LacunaException.class, () -> encoder.all(narrow, null));
          assertTrue(e.getMessage().contains("x is [2, 5, 3], want [b, n, 12]"), e.getMessage());
        });
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new Config(10, 1, 3, 4, Norm.PRE, 1e-6, Activation.GELU));
    assertTrue(e.getMessage().contains("heads that divide the width"), e.getMessage());
  }
}

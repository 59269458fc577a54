package dev.lacuna.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.Arrays;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients of attention: two entries of six inputs and three prompts, two heads of four. */
final class ReadOnlyAttentionOpTest {
  private static final double LIMIT = 1e-6;
  private static final int B = 2;
  private static final int N = 6;
  private static final int P = 3;
  private static final int HEADS = 2;
  private static final int COLUMNS = 8;
  private static final byte[] MASK = {1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1};
  private static final CounterRandom RANDOM = new CounterRandom(5, 0, 0);

  private Context context;
  private Tape tape;
  private ParameterStore store;
  private ParameterGroup group;
  private Parameter q;
  private Parameter k;
  private Parameter v;
  private Parameter promptQ;
  private Parameter promptK;
  private Parameter promptV;

  @BeforeEach
  void open() {
    context = Lacuna.open(Device.parse("reference-f64"));
    tape = new Tape(context);
    store = new ParameterStore(context);
    group = store.group("x");
    q = add("q", N);
    k = add("k", N);
    v = add("v", N);
    promptQ = add("prompt_q", P);
    promptK = add("prompt_k", P);
    promptV = add("prompt_v", P);
  }

  @AfterEach
  void close() {
    tape.close();
    store.close();
    context.close();
  }

  private Parameter add(String name, int tokens) {
    int first = 1000 * group.parameters().size();
    return group.add(name, i -> RANDOM.normal(first + i), B, tokens, COLUMNS);
  }

  private static Tensor weightedSum(Tensor y, int seed) {
    double[] weights = new double[Math.toIntExact(y.count())];
    Arrays.setAll(weights, i -> RANDOM.normal(100_000L * seed + i));
    return ReduceOp.sum(
        ElementwiseOp.mul(y, y.tape().input(weights, y.shape())), ReduceOp.Over.ALL);
  }

  private static Options options(Prompts prompts, EncoderGrad encoderGrad) {
    return Options.DEFAULT.withPrompts(prompts).withEncoderGrad(encoderGrad);
  }

  private Tensor mask() {
    return tape.input(MASK, B, N);
  }

  private Tensor both(Options options) {
    ReadOnlyAttentionOp.Streams out =
        ReadOnlyAttentionOp.inputsAndPrompts(
            tape.use(q),
            tape.use(k),
            tape.use(v),
            mask(),
            tape.use(promptQ),
            tape.use(promptK),
            tape.use(promptV),
            HEADS,
            options);
    return ElementwiseOp.add(weightedSum(out.inputs(), 1), weightedSum(out.prompts(), 2));
  }

  private Tensor promptsAlone(Tensor keys, Tensor values, Options options) {
    return weightedSum(
        ReadOnlyAttentionOp.prompts(
            keys,
            values,
            mask(),
            tape.use(promptQ),
            tape.use(promptK),
            tape.use(promptV),
            HEADS,
            options),
        2);
  }

  private void check(Function<Tape, Tensor> loss) {
    double error = GradCheck.maxError(tape, group.parameters(), loss);
    assertTrue(error <= LIMIT, "relative error " + error);
  }

  @ParameterizedTest
  @EnumSource(Prompts.class)
  void gradientsOfBothStreamsMatchCentralDifferences(Prompts prompts) {
    check(t -> both(options(prompts, EncoderGrad.FLOW)));
  }

  @ParameterizedTest
  @EnumSource(Prompts.class)
  void gradientsOfPromptsAloneMatchCentralDifferences(Prompts prompts) {
    check(t -> promptsAlone(t.use(k), t.use(v), options(prompts, EncoderGrad.FLOW)));
  }

  @Test
  void gradientsOfInputsAloneMatchCentralDifferences() {
    check(t ->
        weightedSum(
            ReadOnlyAttentionOp.inputs(t.use(q), t.use(k), t.use(v), null, HEADS, Options.DEFAULT),
            1));
  }

  @ParameterizedTest
  @EnumSource(Prompts.class)
  void stoppedPromptsGiveNothingToTheEncoder(Prompts prompts) {
    Options stop = options(prompts, EncoderGrad.STOP);
    double[][] got = gradients(t -> both(stop));
    double[][] wanted =
        gradients(t ->
            ElementwiseOp.add(
                weightedSum(
                    ReadOnlyAttentionOp.inputs(t.use(q), t.use(k), t.use(v), mask(), HEADS, stop),
                    1),
                promptsAlone(t.use(k).detach(), t.use(v).detach(), stop)));
    for (int i = 0; i < wanted.length; i++) {
      assertArrayEquals(wanted[i], got[i], 1e-14);
    }
  }

  private double[][] gradients(Function<Tape, Tensor> loss) {
    tape.reset();
    store.zeroGrad();
    loss.apply(tape).backward();
    return group.parameters().stream()
        .map(
            parameter -> parameter.hasGradient() ? parameter.grad() : new double[parameter.count()])
        .toArray(double[][]::new);
  }

  @Test
  void theKeyProjectionsBiasHasNoGradient() {
    Parameter bias = group.add("bias", i -> RANDOM.normal(9000 + i), COLUMNS);
    tape.reset();
    Tensor keys = ElementwiseOp.add(tape.use(k).reshape(B * N, COLUMNS), tape.use(bias));
    weightedSum(
            ReadOnlyAttentionOp.inputs(
                tape.use(q),
                keys.reshape(B, N, COLUMNS),
                tape.use(v),
                mask(),
                HEADS,
                Options.DEFAULT),
            1)
        .backward();
    for (double gradient : bias.grad()) {
      assertTrue(Math.abs(gradient) < 1e-14, "gradient " + gradient);
    }
  }

  @Test
  void noneGivesPromptKeysNoGradient() {
    double[][] gradients = gradients(t -> both(options(Prompts.NONE, EncoderGrad.FLOW)));
    assertArrayEquals(new double[B * P * COLUMNS], gradients[4]);
    assertArrayEquals(new double[B * P * COLUMNS], gradients[5]);
  }

  @Test
  void tensorsThatDoNotFitAreNamed() {
    Tensor keys = tape.use(k);
    refused(
        "q is",
        () ->
            ReadOnlyAttentionOp.inputs(
                tape.use(promptQ), keys, keys, null, HEADS, Options.DEFAULT));
    refused("k is", () -> ReadOnlyAttentionOp.inputs(keys, keys, keys, null, 3, Options.DEFAULT));
    refused(
        "key_mask",
        () ->
            ReadOnlyAttentionOp.inputs(
                keys, keys, keys, tape.input(new byte[2], 2), HEADS, Options.DEFAULT));
    refused(
        "prompt_k",
        () ->
            ReadOnlyAttentionOp.prompts(
                keys,
                keys,
                null,
                tape.use(promptQ),
                null,
                null,
                HEADS,
                Options.DEFAULT.withPrompts(Prompts.SELF)));
  }

  private static void refused(String text, org.junit.jupiter.api.function.Executable call) {
    LacunaException e = assertThrows(LacunaException.class, call);
    assertTrue(e.getMessage().contains(text), e.getMessage());
  }
}

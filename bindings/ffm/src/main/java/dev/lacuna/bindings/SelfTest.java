package dev.lacuna.bindings;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.Precision;
import dev.lacuna.kernels.ReadOnlyAttention;
import dev.lacuna.kernels.ReadOnlyAttention.Array;
import dev.lacuna.kernels.ReadOnlyAttention.Arrays;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.kernels.VicReg;
import dev.lacuna.kernels.VqCodebook;
import dev.lacuna.kernels.VqNearest;
import dev.lacuna.kernels.VqOptions;
import dev.lacuna.nn.Conv2d;
import dev.lacuna.nn.Layer;
import dev.lacuna.nn.Linear;
import dev.lacuna.nn.Lstm;
import dev.lacuna.ops.DropoutOp;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.MaxPool2dOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.ops.RowsOp;
import dev.lacuna.ops.SoftmaxOp;
import dev.lacuna.optim.Sgd;
import java.util.List;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** One small computation for each family of kernels, held against the double reference. */
final class SelfTest {
  /** Of the largest value; float and its sums stay far below it. */
  private static final double EXACT = 1e-4;

  /** The same for products in bf16. */
  private static final double FAST = 2e-2;

  private static final int VQ_ROWS = 70;
  private static final int VQ_CODES = 40;
  private static final int VQ_WIDTH = 32;

  private record Case(String family, double tolerance, Function<Context, DoubleStream> result) {}

  private static final List<Case> CASES =
      List.of(
          new Case("network", EXACT, SelfTest::network),
          new Case("rows", EXACT, SelfTest::rows),
          new Case("functions", EXACT, SelfTest::functions),
          new Case("lstm", EXACT, SelfTest::lstm),
          new Case("rls", EXACT, SelfTest::rls),
          new Case("attention", EXACT, context -> attention(context, Precision.EXACT)),
          new Case("attention in bf16", FAST, context -> attention(context, Precision.FAST)),
          new Case("vq codes", EXACT, context -> vqCodes(context, Precision.EXACT)),
          new Case("vq distances", EXACT, context -> vqDistances(context, Precision.EXACT)),
          // bf16 only narrows the search down: its answers are held to the same.
          new Case("vq codes by bf16", EXACT, context -> vqCodes(context, Precision.FAST)),
          new Case("vq distances by bf16", EXACT, context -> vqDistances(context, Precision.FAST)),
          new Case("vq codebook", EXACT, SelfTest::vqLearned),
          new Case("vicreg", EXACT, SelfTest::vicReg));

  private SelfTest() {}

  /** What is wrong with a back end, "" if nothing. */
  static String run(Context tested) {
    try (Context exact = Lacuna.open(Device.parse("reference-f64"))) {
      for (Case c : CASES) {
        double[] got = c.result.apply(tested).toArray();
        double[] want = c.result.apply(exact).toArray();
        double largest = DoubleStream.of(want).map(Math::abs).max().orElseThrow();
        for (int i = 0; i < want.length; i++) {
          if (!(Math.abs(got[i] - want[i]) <= c.tolerance * largest)) {
            return c.family + ": number " + i + " is " + got[i] + ", want " + want[i];
          }
        }
      }
    }
    return "";
  }

  private static float[] normal(int stream, int count) {
    CounterRandom random = new CounterRandom(1, stream, 0);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.normal(i);
    }
    return values;
  }

  private static DoubleStream numbers(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]);
  }

  /** Two steps of a small convolutional network: its parameters after them. */
  private static DoubleStream network(Context context) {
    int samples = 9;
    int side = 10;
    int classes = 5;
    try (ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("network");
      Layer network =
          Layer.sequence(
              new Conv2d(group, "conv", 1, 6, 3, 1, 1, new CounterRandom(1, 1, 0)),
              ElementwiseOp::relu,
              x -> MaxPool2dOp.maxPool2d(x, 2, 2),
              Tensor::flatten,
              new Linear(group, "linear", 6 * 5 * 5, classes, new CounterRandom(1, 2, 0)));
      Sgd sgd = new Sgd(context, Sgd.Options.DEFAULT, group);
      float[] images = normal(3, samples * side * side);
      int[] labels = IntStream.range(0, samples).map(i -> i % classes).toArray();
      for (int step = 0; step < 2; step++) {
        tape.reset();
        Tensor logits = network.forward(tape.input(images, samples, 1, side, side));
        Tensor loss = SoftmaxOp.crossEntropy(logits, tape.input(labels, samples));
        store.zeroGrad();
        loss.backward();
        sgd.step(0.01);
      }
      List<double[]> parameters = store.parameters().stream().map(Parameter::get).toList();
      return parameters.stream().flatMapToDouble(DoubleStream::of);
    }
  }

  /** Gathered, scattered and averaged rows, and entropies. */
  private static DoubleStream rows(Context context) {
    try (Tape tape = new Tape(context)) {
      Tensor x = tape.input(normal(4, 33 * 7), 33, 7);
      Tensor some = RowsOp.gatherRows(x, tape.input(new int[] {32, 0, 5}, 3));
      Tensor spread = RowsOp.scatterRows(some, tape.input(new int[] {1, 0, 3}, 3), 5);
      return DoubleStream.concat(
          DoubleStream.of(ReduceOp.mean(spread, ReduceOp.Over.ROWS).toDoubleArray()),
          DoubleStream.of(SoftmaxOp.entropy(x).toDoubleArray()));
    }
  }

  /** Functions of one operand, probabilities and dropout, one into the other; their gradient. */
  private static DoubleStream functions(Context context) {
    try (Tape tape = new Tape(context)) {
      Tensor x = tape.input(normal(9, 33 * 7), 33, 7).requiresGrad();
      Tensor kept = DropoutOp.dropout(ElementwiseOp.tanh(x), 0.3, new CounterRandom(1, 32, 0));
      Tensor root = ElementwiseOp.sqrt(ElementwiseOp.exp(kept), 1);
      Tensor log = ElementwiseOp.log(SoftmaxOp.softmax(root));
      ReduceOp.sum(ElementwiseOp.mul(log, x), ReduceOp.Over.ALL).backward();
      return DoubleStream.concat(
          DoubleStream.of(log.toDoubleArray()), DoubleStream.of(x.gradAsDoubles()));
    }
  }

  /** What a sequence comes to from both ends, and the gradients of all weights. */
  private static DoubleStream lstm(Context context) {
    int steps = 4;
    int samples = 9;
    int width = 7;
    try (ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ParameterGroup group = store.group("lstm");
      Lstm lstm = new Lstm(group, "lstm", width, 33, 1, true, new CounterRandom(1, 40, 0));
      Tensor x = tape.input(normal(41, steps * samples * width), steps, samples, width);
      Tensor y = lstm.forward(x);
      ReduceOp.sum(ElementwiseOp.mul(y, y), ReduceOp.Over.ALL).backward();
      List<double[]> gradients = store.parameters().stream().map(Parameter::grad).toList();
      return DoubleStream.concat(
          DoubleStream.of(y.toDoubleArray()), gradients.stream().flatMapToDouble(DoubleStream::of));
    }
  }

  /** P after some updates, and a gradient through it. */
  private static DoubleStream rls(Context context) {
    int size = 70;
    int classes = 11;
    try (RlsProjector projector = new RlsProjector(context, size, RlsProjector.Norm.FRO)) {
      for (int i = 0; i < 3; i++) {
        projector.absorb(normal(5 + i, size), 0.1);
      }
      float[] gradient = normal(8, classes * size);
      projector.project(gradient, classes);
      return DoubleStream.concat(DoubleStream.of(projector.matrix()), numbers(gradient));
    }
  }

  private static DoubleStream attention(Context context, Precision precision) {
    ReadOnlyAttention.Shape shape = new ReadOnlyAttention.Shape(1, 2, 37, 5, 64);
    int tokens = 37 * 2 * 64;
    int prompts = 5 * 2 * 64;
    float[] out = new float[tokens];
    float[] promptOut = new float[prompts];
    Arrays arrays =
        new Arrays()
            .set(Array.Q, normal(10, tokens))
            .set(Array.K, normal(11, tokens))
            .set(Array.V, normal(12, tokens))
            .set(Array.PROMPT_Q, normal(13, prompts))
            .set(Array.PROMPT_K, normal(14, prompts))
            .set(Array.PROMPT_V, normal(15, prompts))
            .set(Array.OUT, out)
            .set(Array.LSE, new float[2 * 37])
            .set(Array.PROMPT_OUT, promptOut)
            .set(Array.PROMPT_LSE, new float[2 * 5]);
    ReadOnlyAttention.Options options =
        ReadOnlyAttention.Options.DEFAULT
            .withPrompts(ReadOnlyAttention.Prompts.FULL)
            .withPrecision(precision);
    ReadOnlyAttention.forward(context, shape, options, arrays);
    float[] dq = new float[tokens];
    float[] dk = new float[tokens];
    float[] dPromptQ = new float[prompts];
    arrays
        .set(Array.DOUT, normal(16, tokens))
        .set(Array.PROMPT_DOUT, normal(17, prompts))
        .set(Array.DQ, dq)
        .set(Array.DK, dk)
        .set(Array.DPROMPT_Q, dPromptQ);
    ReadOnlyAttention.backward(context, shape, options, arrays);
    return List.of(out, promptOut, dq, dk, dPromptQ).stream().flatMapToDouble(SelfTest::numbers);
  }

  /** Codes of rows that lie close to one each. */
  private static DoubleStream vqCodes(Context context, Precision precision) {
    return IntStream.of(vqSearch(context, precision, new float[VQ_ROWS])).asDoubleStream();
  }

  private static DoubleStream vqDistances(Context context, Precision precision) {
    float[] distance = new float[VQ_ROWS];
    vqSearch(context, precision, distance);
    return numbers(distance);
  }

  private static int[] vqSearch(Context context, Precision precision, float[] distance) {
    int[] index = new int[VQ_ROWS];
    VqNearest.search(
        context, vqRows(), VQ_ROWS, VQ_WIDTH, vqCodebook(), VQ_CODES, index, distance, precision);
    return index;
  }

  /** The codebook that has learned those rows. */
  private static DoubleStream vqLearned(Context context) {
    try (VqCodebook learned = new VqCodebook(context, 1, VQ_CODES, VQ_WIDTH, VqOptions.DEFAULT)) {
      learned.init(vqCodebook());
      learned.update(
          vqRows(), IntStream.range(0, VQ_ROWS).map(i -> i % VQ_CODES).toArray(), VQ_ROWS);
      return numbers(learned.state().codebook());
    }
  }

  private static float[] vqCodebook() {
    return normal(20, VQ_CODES * VQ_WIDTH);
  }

  private static float[] vqRows() {
    float[] codebook = vqCodebook();
    float[] z = normal(21, VQ_ROWS * VQ_WIDTH);
    for (int i = 0; i < z.length; i++) {
      z[i] = 0.1f * z[i] + codebook[i / VQ_WIDTH % VQ_CODES * VQ_WIDTH + i % VQ_WIDTH];
    }
    return z;
  }

  /** Loss and gradients where rows are many, and where they are few. */
  private static DoubleStream vicReg(Context context) {
    return DoubleStream.concat(vicReg(context, 70, 33), vicReg(context, 33, 70));
  }

  private static DoubleStream vicReg(Context context, int n, int d) {
    float[] dx = new float[n * d];
    float[] dy = new float[n * d];
    VicReg.Loss loss =
        VicReg.lossAndGrad(
            context, normal(30, n * d), normal(31, n * d), n, d, VicReg.Options.DEFAULT, dx, dy);
    return DoubleStream.concat(
        DoubleStream.of(loss.value()), DoubleStream.concat(numbers(dx), numbers(dy)));
  }
}

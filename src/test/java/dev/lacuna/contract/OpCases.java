package dev.lacuna.contract;

import dev.lacuna.spi.FieldKind;
import dev.lacuna.spi.OpField;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts.AdamwStep;
import dev.lacuna.spi.OpLayouts.Dropout;
import dev.lacuna.spi.OpLayouts.ElementwiseBwd;
import dev.lacuna.spi.OpLayouts.LayerNormBwd;
import dev.lacuna.spi.OpLayouts.LayerNormFwd;
import dev.lacuna.spi.OpLayouts.MaxPool2dBwd;
import dev.lacuna.spi.OpLayouts.MaxPool2dFwd;
import dev.lacuna.spi.OpLayouts.ReduceFwd;
import dev.lacuna.spi.OpLayouts.SgdStep;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The cases of every op: what the contract tests run.
 *
 * <p>For each op a list of sizes is written down here; the table multiplies one of them, the first,
 * by stride gaps, accumulate flags and absent optional tensors, and spreads the same over the rest.
 */
final class OpCases {
  /** Around every vector width in use, and around the blocks of kernels. */
  static final int[] EDGES = {1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127};

  private static final int RELU = 3;
  private static final int GELU = 5;
  private static final int TANH = 6;
  private static final int EXP = 7;
  private static final int LOG = 8;
  private static final int SQRT = 9;

  private OpCases() {}

  /** All cases of an op. */
  static List<OpCase> of(OpLayout op) {
    List<OpCase> listed = listed(op);
    List<OpCase> all = new ArrayList<>();
    for (int i = 0; i < listed.size(); i++) {
      if (i == 0) {
        all.addAll(variants(listed.get(0)));
      } else {
        OpCase spread = listed.get(i).copy().gap(i % 2 == 0 ? 0 : 3);
        all.add(accumulating(spread, i / 2 % 2));
      }
    }
    return all;
  }

  /** One middling case with nothing special about it. */
  static OpCase typical(OpLayout op) {
    return listed(op).getFirst().copy();
  }

  /** The case with the most work, which back ends with threads cut up. */
  static OpCase largest(OpLayout op) {
    return switch (op.name()) {
      case "linear_fwd", "linear_bwd" -> sizes(op, "n", 257, "d", 300, "o", 129);
      case "conv2d_fwd", "conv2d_bwd" -> conv(op, 13, 3, 28, 28, 16, 5, 5, 1, 2);
      case "max_pool2d_fwd" -> pool(40, 16, 28, 28, 2, 2);
      case "max_pool2d_bwd" -> poolBackward(40, 16, 28, 28);
      case "elementwise_fwd", "elementwise_bwd" -> elementwise(op, 700, 301, 2, 1, 301);
      case "reduce_fwd", "reduce_bwd" -> reduce(op, 3001, 129, 1, 1, 129);
      case "softmax_fwd",
          "softmax_bwd",
          "softmax_xent_fwd",
          "softmax_xent_bwd",
          "entropy_fwd",
          "entropy_bwd" ->
          SoftmaxCases.largest(op);
      case "gather_rows" -> rows(op, 4000, 700, 65);
      case "scatter_rows" -> rows(op, 4000, 700, 65);
      case "sgd_step" -> sgd(300_001, 0.1, 0.9, 0, 1e-4, 0, 0, 0);
      case "rls_absorb", "rls_project", "rls_step" -> RlsCases.largest(op);
      case "vq_nearest",
          "vq_statistics",
          "vq_ema",
          "vq_reset",
          "vq_quantize_fwd",
          "vq_quantize_bwd" ->
          VqCases.largest(op);
      case "vicreg" -> VicRegCases.largest();
      case "attention_fwd", "attention_bwd" -> AttentionCases.largest(op);
      case "layer_norm_fwd" -> layerNorm(700, 301);
      case "layer_norm_bwd" -> layerNormBackward(700, 301);
      case "bce_logits_fwd", "bce_logits_bwd" -> binaryCrossEntropy(op, 5000, 43);
      case "adamw_step" -> adamW(300_001, 0.1, 1e-4, 1, 7);
      case "lstm_fwd", "lstm_bwd" -> LstmCases.largest(op);
      case "dropout" -> dropout(700, 301, 0.3);
      default -> throw new IllegalArgumentException(op + " has no large case: add one to OpCases");
    };
  }

  private static List<OpCase> listed(OpLayout op) {
    return switch (op.name()) {
      case "linear_fwd", "linear_bwd" -> linear(op);
      case "conv2d_fwd", "conv2d_bwd" -> conv(op);
      case "max_pool2d_fwd" -> pool();
      case "max_pool2d_bwd" -> poolBackward();
      case "elementwise_fwd", "elementwise_bwd" -> elementwise(op);
      case "reduce_fwd", "reduce_bwd" -> reduce(op);
      case "softmax_fwd",
          "softmax_bwd",
          "softmax_xent_fwd",
          "softmax_xent_bwd",
          "entropy_fwd",
          "entropy_bwd" ->
          SoftmaxCases.listed(op);
      case "gather_rows", "scatter_rows" -> rows(op);
      case "sgd_step" -> sgd();
      case "rls_absorb", "rls_project", "rls_step" -> RlsCases.listed(op);
      case "vq_nearest",
          "vq_statistics",
          "vq_ema",
          "vq_reset",
          "vq_quantize_fwd",
          "vq_quantize_bwd" ->
          VqCases.listed(op);
      case "vicreg" -> VicRegCases.listed(EDGES);
      case "attention_fwd", "attention_bwd" -> AttentionCases.all(op);
      case "layer_norm_fwd" -> layerNorm();
      case "layer_norm_bwd" -> layerNormBackward();
      case "bce_logits_fwd", "bce_logits_bwd" -> binaryCrossEntropy(op);
      case "adamw_step" -> adamW();
      case "lstm_fwd", "lstm_bwd" -> LstmCases.listed(op);
      case "dropout" -> dropout();
      default -> throw new IllegalArgumentException(op + " has no cases: add them to OpCases");
    };
  }

  // Strides, flags and optional tensors.

  private static List<OpCase> variants(OpCase base) {
    List<OpCase> variants = new ArrayList<>();
    for (int gap : new int[] {0, 1, 5}) {
      for (int accumulate = 0; accumulate < 2; accumulate++) {
        OpCase full = accumulating(base.copy().gap(gap), accumulate);
        variants.add(full);
        for (OpField field : base.op.fields()) {
          if (field.kind().isTensor() && field.kind().isOptional() && base.mayDropOptional()) {
            variants.add(full.copy().without(field.name()));
          }
        }
      }
    }
    return variants;
  }

  private static OpCase accumulating(OpCase opCase, int flag) {
    for (OpField field : opCase.op.fields()) {
      if (field.kind() == FieldKind.CODE && field.name().startsWith("acc_")) {
        opCase.with(field.name(), flag);
      }
    }
    return opCase;
  }

  static OpCase sizes(OpLayout op, Object... pairs) {
    return new OpCase(op).with(pairs);
  }

  // The ops.

  private static List<OpCase> linear(OpLayout op) {
    List<OpCase> cases = new ArrayList<>();
    cases.add(sizes(op, "n", 7, "d", 19, "o", 11));
    for (int edge : EDGES) {
      cases.add(sizes(op, "n", 5, "d", edge, "o", 4));
      cases.add(sizes(op, "n", 5, "d", 6, "o", edge));
      cases.add(sizes(op, "n", edge, "d", 5, "o", 3));
      cases.add(sizes(op, "n", 2, "d", edge, "o", edge));
    }
    cases.add(sizes(op, "n", 0, "d", 5, "o", 3));
    cases.add(sizes(op, "n", 4, "d", 0, "o", 3));
    cases.add(sizes(op, "n", 4, "d", 5, "o", 0));
    // One small product inside NaN, one NaN inside ordinary numbers, sums that are exact.
    cases.add(sizes(op, "n", 6, "d", 9, "o", 5).fill("x", Fill.nanAt(20)));
    cases.add(
        sizes(op, "n", 33, "d", 40, "o", 17)
            .fill("x", Fill.SMALL_INTEGERS)
            .fill("w", Fill.SMALL_INTEGERS));
    // A head of the multimodal network, and a batch of MNIST images.
    cases.add(sizes(op, "n", 64, "d", 512, "o", 10));
    cases.add(sizes(op, "n", 64, "d", 784, "o", 128));
    return cases;
  }

  private static OpCase conv(
      OpLayout op, int n, int cIn, int h, int w, int cOut, int kh, int kw, int stride, int pad) {
    return sizes(
        op,
        "n",
        n,
        "c_in",
        cIn,
        "h",
        h,
        "w",
        w,
        "c_out",
        cOut,
        "kh",
        kh,
        "kw",
        kw,
        "h_out",
        (h + 2 * pad - kh) / stride + 1,
        "w_out",
        (w + 2 * pad - kw) / stride + 1,
        "stride",
        stride,
        "pad",
        pad);
  }

  private static List<OpCase> conv(OpLayout op) {
    List<OpCase> cases = new ArrayList<>();
    cases.add(conv(op, 2, 3, 6, 7, 5, 3, 3, 1, 1));
    for (int edge : EDGES) {
      cases.add(conv(op, 2, 2, 4, edge, 3, 3, 3, 1, 1));
      cases.add(conv(op, 1, 2, 5, edge, 2, 3, 1, 2, 0));
      cases.add(conv(op, 1, 1, edge, 3, 2, 1, 3, 2, 1));
      cases.add(conv(op, 2, edge, 3, 4, 2, 2, 2, 1, 0));
      cases.add(conv(op, 2, 2, 3, 4, edge, 2, 2, 1, 1));
      cases.add(conv(op, edge, 1, 3, 3, 2, 3, 3, 1, 1));
    }
    for (int k : new int[] {1, 2, 3, 5, 7}) {
      for (int stride = 1; stride <= 3; stride++) {
        for (int pad = 0; pad <= 2; pad++) {
          cases.add(conv(op, 2, 3, 9, 8, 4, k, k, stride, pad));
        }
      }
    }
    cases.add(conv(op, 1, 2, 3, 4, 3, 2, 3, 1, 4));
    cases.add(conv(op, 1, 2, 4, 9, 3, 1, 5, 2, 0));
    cases.add(conv(op, 1, 2, 9, 4, 3, 5, 1, 2, 0));
    cases.add(conv(op, 0, 2, 4, 4, 3, 3, 3, 1, 1));
    cases.add(conv(op, 2, 0, 4, 4, 3, 3, 3, 1, 1));
    cases.add(conv(op, 2, 2, 4, 4, 0, 3, 3, 1, 1));
    // The MNIST encoder, and the log-mel encoder's first layer.
    cases.add(conv(op, 4, 1, 28, 28, 16, 5, 5, 1, 2));
    cases.add(conv(op, 4, 16, 14, 14, 32, 5, 5, 1, 2));
    cases.add(conv(op, 3, 1, 40, 51, 16, 3, 3, 2, 1));
    return cases;
  }

  private static OpCase pool(int n, int c, int h, int w, int k, int stride) {
    return sizes(
        MaxPool2dFwd.OP,
        "n",
        n,
        "c",
        c,
        "h",
        h,
        "w",
        w,
        "h_out",
        (h - k) / stride + 1,
        "w_out",
        (w - k) / stride + 1,
        "k",
        k,
        "stride",
        stride);
  }

  private static List<OpCase> pool() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(pool(2, 3, 6, 7, 2, 2));
    for (int edge : EDGES) {
      cases.add(pool(2, 2, 3, edge, 1, 1));
      cases.add(pool(2, 2, 5, edge + 1, 2, 2));
      cases.add(pool(1, 2, 5, edge + 2, 3, 1));
      cases.add(pool(1, 1, edge + 2, 4, 3, 2));
      cases.add(pool(1, edge, 4, 4, 2, 2));
      cases.add(pool(2, 2, 4, 2 * edge, 2, 2));
      cases.add(pool(2, 1, 4, edge + 1, 2, 3));
    }
    cases.add(pool(2, 3, 6, 17, 2, 2).fill("x", Fill.SMALL_INTEGERS));
    cases.add(pool(2, 3, 6, 17, 3, 2).fill("x", Fill.constant(1)));
    cases.add(pool(2, 3, 6, 40, 2, 2).fill("x", Fill.SPECIAL));
    cases.add(pool(2, 3, 7, 41, 3, 2).fill("x", Fill.SPECIAL));
    cases.add(pool(1, 1, 4, 36, 2, 2).fill("x", Fill.constant(Double.NEGATIVE_INFINITY)));
    cases.add(pool(1, 1, 4, 36, 2, 2).fill("x", Fill.constant(Double.NaN)));
    cases.add(pool(0, 3, 6, 6, 2, 2));
    cases.add(pool(3, 0, 6, 6, 2, 2));
    cases.add(pool(4, 16, 28, 28, 2, 2));
    return cases;
  }

  /** Indices anywhere in the image, so that several windows meet at one place. */
  private static OpCase poolBackward(int n, int c, int h, int w) {
    return sizes(MaxPool2dBwd.OP, "n", n, "c", c, "h", h, "w", w, "h_out", h / 2, "w_out", w / 2)
        .fill("index", Fill.below((long) h * w));
  }

  private static List<OpCase> poolBackward() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(poolBackward(2, 3, 6, 7));
    for (int edge : EDGES) {
      cases.add(poolBackward(2, 2, 5, edge + 1));
      cases.add(poolBackward(1, edge, 3, 3));
      cases.add(poolBackward(edge, 1, 2, 2));
    }
    cases.add(poolBackward(0, 3, 6, 6));
    cases.add(poolBackward(3, 0, 6, 6));
    cases.add(poolBackward(4, 16, 28, 28));
    return cases;
  }

  private static OpCase elementwise(OpLayout op, int n, int d, int code, int yn, int yd) {
    boolean hasY = code < RELU;
    double alpha = code == SQRT ? 0.4 : -1.75;
    OpCase opCase = sizes(op, "n", n, "d", d, "code", code).with("alpha", alpha).with("beta", 0.3);
    if (hasY) {
      return opCase.with("y_n", yn).with("y_d", yd).keepOptional();
    }
    opCase.without("y").keepOptional();
    return op == ElementwiseBwd.OP ? opCase.without("dy") : opCase;
  }

  private static List<OpCase> elementwise(OpLayout op) {
    List<OpCase> cases = new ArrayList<>();
    cases.add(elementwise(op, 5, 13, 2, 5, 13));
    for (int code = 0; code <= SQRT; code++) {
      for (int edge : EDGES) {
        if (code >= RELU) {
          cases.add(elementwise(op, 3, edge, code, 0, 0));
          cases.add(elementwise(op, edge, 2, code, 0, 0));
          continue;
        }
        cases.add(elementwise(op, 3, edge, code, 3, edge));
        cases.add(elementwise(op, 3, edge, code, 1, edge));
        cases.add(elementwise(op, 3, edge, code, 3, 1));
        cases.add(elementwise(op, 3, edge, code, 1, 1));
        cases.add(elementwise(op, edge, 2, code, 1, 2));
        cases.add(elementwise(op, edge, 2, code, edge, 1));
      }
      for (Fill fill : new Fill[] {Fill.SPECIAL, Fill.constant(Double.NaN)}) {
        OpCase special = elementwise(op, 4, 37, code, 4, 37).fill("x", fill);
        cases.add(special);
        if (code < RELU) {
          cases.add(special.copy().fill("y", Fill.SPECIAL));
        } else if (code != SQRT) {
          cases.add(special.copy().with("alpha", 0));
        }
      }
      cases.add(elementwise(op, 0, 5, code, 1, 5));
      cases.add(elementwise(op, 5, 0, code, 5, 1));
      cases.add(elementwise(op, 64, 512, code, 1, 512));
    }
    // The tails of GELU, where it is as small as floats get, and x itself.
    for (double centre : new double[] {-3, -6, -10, -12, 6}) {
      cases.add(elementwise(op, 5, 67, GELU, 0, 0).fill("x", Fill.normal(0.4, centre)));
    }
    // Both ends of the exponential, slopes of tanh that vanish, roots and logarithms of all sizes.
    for (double centre : new double[] {-95, -60, 60, 85}) {
      cases.add(elementwise(op, 5, 67, EXP, 0, 0).fill("x", Fill.normal(1, centre)));
    }
    for (double centre : new double[] {-44, -9, 0, 9, 44}) {
      cases.add(elementwise(op, 5, 67, TANH, 0, 0).fill("x", Fill.normal(0.5, centre)));
    }
    for (double scale : new double[] {1e-40, 1e-3, 1, 1e3, 1e30}) {
      Fill positive = (random, i) -> (float) (scale * Math.exp(random.normal(i)));
      cases.add(elementwise(op, 5, 67, LOG, 0, 0).fill("x", positive));
      cases.add(elementwise(op, 5, 67, SQRT, 0, 0).fill("x", positive).with("alpha", scale));
    }
    cases.add(elementwise(op, 5, 67, LOG, 0, 0).fill("x", Fill.normal(1e-4, 1)));
    if (op != ElementwiseBwd.OP) {
      for (int code = 0; code <= SQRT; code++) {
        cases.add(elementwise(op, 3, 37, code, 1, 37).inPlace("out", "x"));
        cases.add(elementwise(op, 3, 8, code, 3, 8).inPlace("out", "x"));
      }
    } else {
      for (int code = 0; code < RELU; code++) {
        cases.add(elementwise(op, 3, 37, code, 3, 37).without("dx"));
        cases.add(elementwise(op, 3, 37, code, 1, 37).without("dy"));
      }
    }
    return cases;
  }

  private static OpCase layerNorm(int n, int d) {
    return sizes(LayerNormFwd.OP, "n", n, "d", d, "eps", 1e-5);
  }

  private static List<OpCase> layerNorm() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(layerNorm(7, 13));
    for (int edge : EDGES) {
      cases.add(layerNorm(3, edge));
      cases.add(layerNorm(edge, 5));
    }
    // A mean that is large beside the deviations; deviations small beside eps, or none.
    cases.add(layerNorm(6, 41).fill("x", Fill.normal(1, 1000)));
    cases.add(layerNorm(6, 41).fill("x", Fill.normal(1e-3, 0)));
    cases.add(layerNorm(6, 41).fill("x", Fill.constant(0.1)));
    cases.add(layerNorm(6, 32).fill("x", Fill.constant(3)).with("eps", 0));
    cases.add(layerNorm(6, 41).with("eps", 0));
    cases.add(layerNorm(9, 37).fill("x", Fill.SPECIAL));
    cases.add(layerNorm(9, 37).fill("x", Fill.nanAt(40)));
    cases.add(layerNorm(9, 37).fill("gamma", Fill.SPECIAL));
    cases.add(layerNorm(0, 5));
    cases.add(layerNorm(5, 0));
    cases.add(layerNorm(50, 384));
    cases.add(layerNorm(2, 5000));
    return cases;
  }

  private static OpCase layerNormBackward(int n, int d) {
    return sizes(LayerNormBwd.OP, "n", n, "d", d).adjust(values -> keepMoments(values, n, d));
  }

  /** What the forward pass keeps of x. */
  private static void keepMoments(Map<String, double[]> values, int n, int d) {
    double[] x = values.get("x");
    for (int i = 0; i < n; i++) {
      double[] row = Arrays.copyOfRange(x, i * d, (i + 1) * d);
      double mean = Arrays.stream(row).sum() / d;
      double variance = Arrays.stream(row).map(value -> (value - mean) * (value - mean)).sum() / d;
      values.get("mean")[i] = mean;
      values.get("rstd")[i] = 1 / Math.sqrt(variance + 1e-5);
    }
  }

  private static List<OpCase> layerNormBackward() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(layerNormBackward(7, 13));
    for (int edge : EDGES) {
      cases.add(layerNormBackward(3, edge));
      cases.add(layerNormBackward(edge, 5));
    }
    // Where biases alone are learnt, with and without layers below; where gamma alone is.
    cases.add(layerNormBackward(33, 20).without("dgamma"));
    cases.add(layerNormBackward(33, 20).without("dgamma").without("dx"));
    cases.add(layerNormBackward(33, 20).without("dbeta").without("dx"));
    cases.add(layerNormBackward(6, 41).fill("x", Fill.normal(1, 1000)));
    cases.add(layerNormBackward(6, 41).fill("x", Fill.constant(3)));
    cases.add(layerNormBackward(9, 37).fill("x", Fill.nanAt(40)));
    cases.add(layerNormBackward(9, 37).fill("dy", Fill.SPECIAL));
    cases.add(layerNormBackward(0, 5));
    cases.add(layerNormBackward(5, 0));
    cases.add(layerNormBackward(50, 384));
    cases.add(layerNormBackward(2000, 37));
    cases.add(layerNormBackward(2, 5000));
    return cases;
  }

  private static OpCase reduce(OpLayout op, int n, int d, int code, int outN, int outD) {
    return sizes(op, "n", n, "d", d, "code", code, "out_n", outN, "out_d", outD);
  }

  private static List<OpCase> reduce(OpLayout op) {
    List<OpCase> cases = new ArrayList<>();
    cases.add(reduce(op, 7, 13, 1, 1, 13));
    for (int code = 0; code < 2; code++) {
      for (int edge : EDGES) {
        cases.add(reduce(op, 5, edge, code, 1, edge));
        cases.add(reduce(op, 5, edge, code, 5, 1));
        cases.add(reduce(op, 5, edge, code, 1, 1));
        cases.add(reduce(op, edge, 3, code, 1, 3));
        cases.add(reduce(op, edge, 3, code, edge, 1));
        cases.add(reduce(op, edge, 3, code, 1, 1));
      }
      cases.add(reduce(op, 2000, 37, code, 1, 37));
      cases.add(reduce(op, 37, 2000, code, 37, 1));
      cases.add(reduce(op, 1000, 77, code, 1, 1));
    }
    if (op == ReduceFwd.OP) {
      cases.add(reduce(op, 300, 41, 0, 1, 41).fill("x", Fill.normal(1, 1000)));
      cases.add(reduce(op, 9, 33, 0, 1, 33).fill("x", Fill.SPECIAL));
      cases.add(reduce(op, 9, 33, 1, 9, 1).fill("x", Fill.nanAt(40)));
    }
    cases.add(reduce(op, 0, 5, 0, 1, 5));
    cases.add(reduce(op, 5, 0, 0, 5, 1));
    cases.add(reduce(op, 0, 0, 0, 1, 1));
    return cases;
  }

  private static OpCase rows(OpLayout op, int n, int m, int d) {
    return sizes(op, "n", n, "m", m, "d", d).fill("index", Fill.below(Math.max(m, 1)));
  }

  private static List<OpCase> rows(OpLayout op) {
    List<OpCase> cases = new ArrayList<>();
    cases.add(rows(op, 7, 5, 13));
    for (int edge : EDGES) {
      cases.add(rows(op, 5, 4, edge));
      cases.add(rows(op, edge, 3, 5));
      cases.add(rows(op, 4, edge, 5));
    }
    cases.add(rows(op, 4, 9, 37).fill("x", Fill.SPECIAL));
    cases.add(rows(op, 0, 4, 5));
    cases.add(rows(op, 0, 0, 5));
    cases.add(rows(op, 4, 4, 0));
    cases.add(rows(op, 64, 128, 512));
    return cases;
  }

  private static OpCase sgd(
      int n,
      double lr,
      double momentum,
      double dampening,
      double decay,
      int nesterov,
      int decoupled,
      int first) {
    return sizes(
            SgdStep.OP,
            "n",
            n,
            "lr",
            lr,
            "momentum",
            momentum,
            "dampening",
            dampening,
            "weight_decay",
            decay,
            "nesterov",
            nesterov,
            "decoupled",
            decoupled,
            "first",
            first)
        .keepOptional();
  }

  private static List<OpCase> sgd() {
    List<OpCase> cases = new ArrayList<>();
    for (int flags = 0; flags < 8; flags++) {
      cases.add(sgd(37, 0.1, 0.9, 0.2, 0.01, flags & 1, flags >> 1 & 1, flags >> 2));
    }
    for (int edge : EDGES) {
      cases.add(sgd(edge, 0.05, 0.9, 0, 1e-4, 0, 0, edge & 1));
      cases.add(sgd(edge, 0.05, 0, 0, 0.1, 0, edge & 1, 0).without("velocity"));
    }
    cases.add(sgd(19, 0.05, 0, 0, 0.1, 0, 0, 0));
    cases.add(sgd(19, 0, 0.9, 0, 0.1, 1, 0, 0));
    cases.add(sgd(41, 0.1, 0.9, 0, 0, 0, 0, 0).fill("g", Fill.SPECIAL));
    cases.add(sgd(0, 0.1, 0.9, 0, 0, 0, 0, 0));
    cases.add(sgd(100_003, 0.01, 0.9, 0, 1e-4, 0, 0, 0));
    return cases;
  }

  /** Targets at both ends of [0, 1] and between them. */
  private static OpCase binaryCrossEntropy(OpLayout op, int n, int c) {
    return sizes(op, "n", n, "c", c).fill("target", (random, i) -> random.below(i, 5) / 4.0);
  }

  private static List<OpCase> binaryCrossEntropy(OpLayout op) {
    List<OpCase> cases = new ArrayList<>();
    cases.add(binaryCrossEntropy(op, 5, 10));
    for (int edge : EDGES) {
      cases.add(binaryCrossEntropy(op, 3, edge));
      cases.add(binaryCrossEntropy(op, edge, 5));
    }
    cases.add(binaryCrossEntropy(op, 6, 19).fill("logits", Fill.normal(1e4, 0)));
    cases.add(binaryCrossEntropy(op, 6, 19).fill("logits", Fill.normal(20, 0)));
    cases.add(binaryCrossEntropy(op, 6, 19).fill("logits", Fill.ZERO));
    cases.add(binaryCrossEntropy(op, 6, 19).fill("logits", Fill.nanAt(30)));
    // Surely right, where all of the loss is log(1 + exp(z)).
    cases.add(
        binaryCrossEntropy(op, 6, 19)
            .fill("logits", Fill.normal(1, -30))
            .fill("target", Fill.ZERO));
    for (double infinity : new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
      cases.add(
          binaryCrossEntropy(op, 2, 9)
              .fill("logits", Fill.constant(infinity))
              .fill("target", Fill.constant(0.25)));
    }
    cases.add(binaryCrossEntropy(op, 64, 23));
    cases.add(binaryCrossEntropy(op, 3, 1000));
    return cases;
  }

  private static OpCase adamW(int n, double lr, double decay, int decoupled, int step) {
    return sizes(AdamwStep.OP, "n", n, "lr", lr, "beta1", 0.9, "beta2", 0.999)
        .with("epsilon", 1e-8, "weight_decay", decay, "decoupled", decoupled, "step", step)
        .fill("v", (random, i) -> (float) Math.pow(random.normal(i), 2));
  }

  private static List<OpCase> adamW() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(adamW(37, 0.1, 0.01, 1, 3));
    cases.add(adamW(37, 0.1, 0.01, 0, 3));
    for (int edge : EDGES) {
      cases.add(adamW(edge, 1e-3, 0.1, edge & 1, edge));
    }
    OpCase first = adamW(19, 0.05, 0.1, 1, 1).fill("m", Fill.ZERO).fill("v", Fill.ZERO);
    cases.add(first);
    cases.add(first.copy().with("beta1", 0, "beta2", 0));
    cases.add(first.copy().fill("g", Fill.ZERO));
    cases.add(adamW(19, 0.05, 0.1, 0, 1_000_000).with("beta1", 0.5, "beta2", 0.9999));
    cases.add(adamW(19, 0, 0.1, 1, 2));
    cases.add(adamW(41, 0.1, 0, 1, 2).fill("g", Fill.SPECIAL));
    cases.add(adamW(0, 0.1, 0, 1, 1));
    cases.add(adamW(100_003, 1e-3, 0.01, 1, 100));
    return cases;
  }

  private static OpCase dropout(int n, int d, double p) {
    return sizes(Dropout.OP, "n", n, "d", d, "p", p)
        .with("seed", 0x1234_5678_9abc_def0L - n, "stream", -7, "step", d);
  }

  private static List<OpCase> dropout() {
    List<OpCase> cases = new ArrayList<>();
    cases.add(dropout(7, 13, 0.3));
    for (int edge : EDGES) {
      cases.add(dropout(3, edge, 0.5));
      cases.add(dropout(edge, 5, 0.1));
      cases.add(dropout(2, 512 + edge, 0.25));
    }
    // All kept, nearly all dropped, all dropped; and whatever is dropped is 0.
    for (double p : new double[] {0, 0.99, 1 - 0x1p-53}) {
      cases.add(dropout(9, 37, p));
    }
    cases.add(dropout(9, 37, 0.5).fill("x", Fill.SPECIAL));
    cases.add(dropout(9, 37, 0.5).fill("x", Fill.constant(Double.NaN)));
    cases.add(dropout(9, 37, 0.5).with("stream", Integer.MAX_VALUE, "step", Integer.MIN_VALUE));
    cases.add(dropout(9, 37, 0.5).with("seed", -1));
    cases.add(dropout(0, 5, 0.5));
    cases.add(dropout(5, 0, 0.5));
    cases.add(dropout(80, 1000, 0.1));
    return cases;
  }
}

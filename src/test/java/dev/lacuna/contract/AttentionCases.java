package dev.lacuna.contract;

import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts.AttentionBwd;
import dev.lacuna.spi.OpLayouts.AttentionFwd;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The cases of read-only attention: modes, masks, streams, sizes around every block. */
final class AttentionCases {
  static final int NONE = 0;
  static final int SELF = 1;
  static final int FULL = 2;

  /** One more and one less than vectors, strips of queries and blocks of keys. */
  private static final int[] EDGES = {1, 2, 5, 7, 8, 9, 12, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65};

  private static final int[] BLOCK_EDGES = {127, 239, 240, 241, 300};

  private static final String[] INPUT_STREAM = {"q", "out", "lse", "dout"};
  private static final String[] PROMPT_STREAM = {
    "prompt_q", "prompt_k", "prompt_v", "prompt_out", "prompt_lse", "prompt_dout"
  };

  private AttentionCases() {}

  /** Everything given, a mask with holes. */
  static OpCase of(OpLayout op, int b, int h, int n, int p, int d, int prompts) {
    OpCase opCase =
        new OpCase(op)
            .with("b", b, "h", h, "n", n, "p", p, "d", d, "prompts", prompts)
            .with("scale", d == 0 ? 1 : 1 / Math.sqrt(d))
            .fill("key_mask", (random, i) -> random.below(i, 4) == 0 ? 0 : 1)
            .keepOptional();
    if (op == AttentionBwd.OP) {
      opCase.adjust(values -> forward(opCase, values));
    }
    return opCase;
  }

  /** With reduced precision: all operands of products may be rounded. */
  private static OpCase fast(OpCase opCase) {
    return opCase.op == AttentionBwd.OP
        ? opCase.fast("q", "k", "v", "dout", "prompt_q", "prompt_k", "prompt_v", "prompt_dout")
        : opCase.fast("q", "k", "v", "prompt_q", "prompt_k", "prompt_v");
  }

  static OpCase largest(OpLayout op) {
    return of(op, 2, 3, 500, 33, 40, FULL);
  }

  static List<OpCase> all(OpLayout op) {
    List<OpCase> cases = new ArrayList<>();
    cases.add(of(op, 2, 2, 19, 5, 7, FULL));
    for (int prompts = NONE; prompts <= FULL; prompts++) {
      for (int edge : EDGES) {
        cases.add(of(op, 1, 2, edge, 3, 5, prompts));
        cases.add(of(op, 2, 1, 6, edge, 9, prompts).without("key_mask"));
        cases.add(of(op, 1, 2, 7, 4, edge, prompts));
      }
      for (int edge : BLOCK_EDGES) {
        cases.add(of(op, 1, 1, edge, 6, 16, prompts).without("key_mask"));
        cases.add(of(op, 1, 1, 10, edge, 16, prompts));
      }
      cases.add(of(op, 2, 3, 197, 16, 64, prompts).without("key_mask"));
      cases.add(of(op, 1, 1, 530, 40, 20, prompts));
      addMasks(cases, op, prompts);
      addStreams(cases, op, prompts);
      addValues(cases, op, prompts);
      addEmpty(cases, op, prompts);
      cases.add(fast(of(op, 2, 2, 50, 12, 32, prompts)));
      cases.add(fast(of(op, 1, 2, 197, 16, 64, prompts).without("key_mask")));
      cases.add(fast(of(op, 1, 1, 301, 70, 40, prompts)));
      cases.add(fast(of(op, 1, 2, 33, 17, 19, prompts)));
      cases.add(fast(of(op, 2, 2, 21, 5, 8, prompts).fill("key_mask", Fill.ZERO)));
    }
    if (op == AttentionBwd.OP) {
      addGradients(cases);
    }
    return cases;
  }

  private static void addMasks(List<OpCase> cases, OpLayout op, int prompts) {
    cases.add(of(op, 2, 2, 37, 5, 8, prompts).fill("key_mask", Fill.constant(1)));
    cases.add(of(op, 2, 2, 37, 5, 8, prompts).fill("key_mask", Fill.ZERO));
    // Padding at the end, padding at the start, and an entry of padding alone.
    cases.add(of(op, 1, 2, 37, 5, 8, prompts).fill("key_mask", (random, i) -> i < 20 ? 1 : 0));
    cases.add(of(op, 1, 2, 300, 5, 8, prompts).fill("key_mask", (random, i) -> i < 270 ? 0 : 1));
    cases.add(of(op, 2, 2, 37, 5, 8, prompts).fill("key_mask", (random, i) -> i < 37 ? 0 : 1));
    // It does not matter what padding holds.
    cases.add(
        of(op, 1, 1, 37, 5, 8, prompts)
            .fill("key_mask", (random, i) -> i == 9 ? 0 : 1)
            .fill("k", Fill.nanAt(9 * 8 + 3))
            .fill("v", Fill.nanAt(9 * 8)));
  }

  private static void addStreams(List<OpCase> cases, OpLayout op, int prompts) {
    for (int[] size : new int[][] {{1, 2, 21, 6, 16}, {2, 1, 197, 16, 64}, {1, 1, 300, 20, 24}}) {
      OpCase full = of(op, size[0], size[1], size[2], size[3], size[4], prompts);
      for (OpCase stream : List.of(without(full, PROMPT_STREAM), without(full, INPUT_STREAM))) {
        cases.add(stream);
        cases.add(stream.copy().without("key_mask"));
      }
      if (op == AttentionBwd.OP) {
        cases.add(without(full, INPUT_STREAM).without("dq").without("dk").without("dv"));
      }
    }
    if (op == AttentionFwd.OP) {
      cases.add(of(op, 1, 2, 21, 6, 16, prompts).without("lse").without("prompt_lse"));
    }
    if (prompts == NONE) {
      cases.add(of(op, 1, 2, 21, 6, 16, NONE).without("prompt_k").without("prompt_v"));
    }
  }

  private static OpCase without(OpCase full, String[] stream) {
    OpCase opCase = full.copy();
    for (String tensor : stream) {
      if (full.op.fields().stream().anyMatch(field -> field.name().equals(tensor))) {
        opCase.without(tensor);
      }
    }
    return opCase;
  }

  private static void addValues(List<OpCase> cases, OpLayout op, int prompts) {
    // Logits of some 1e4 either way; all equal ones; NaN in a query, a key and a value.
    cases.add(
        of(op, 1, 2, 40, 9, 16, prompts)
            .fill("q", Fill.normal(100, 0))
            .fill("k", Fill.normal(100, 0))
            .fill("prompt_q", Fill.normal(100, 0))
            .fill("prompt_k", Fill.normal(100, 0)));
    cases.add(of(op, 1, 2, 40, 9, 16, prompts).fill("k", Fill.ZERO).fill("prompt_k", Fill.ZERO));
    cases.add(of(op, 1, 1, 40, 9, 16, prompts).fill("q", Fill.nanAt(16 * 7 + 2)));
    cases.add(of(op, 1, 1, 40, 9, 16, prompts).fill("prompt_q", Fill.nanAt(16 * 7 + 2)));
    OpCase unmasked = of(op, 1, 1, 40, 9, 16, prompts).without("key_mask");
    if (op == AttentionFwd.OP) {
      // All logits -infinity: no softmax is defined, which is not the same as nothing to read.
      Fill nowhere = Fill.constant(Double.NEGATIVE_INFINITY);
      cases.add(
          unmasked
              .copy()
              .fill("q", Fill.constant(1))
              .fill("prompt_q", Fill.constant(1))
              .fill("k", nowhere)
              .fill("prompt_k", nowhere));
    }
    cases.add(unmasked.copy().fill("k", Fill.nanAt(16 * 30 + 1)));
    cases.add(unmasked.copy().fill("v", Fill.nanAt(16 * 30 + 1)));
    if (prompts != NONE) {
      cases.add(unmasked.copy().fill("prompt_k", Fill.nanAt(16 * 3 + 1)));
      cases.add(unmasked.copy().fill("prompt_v", Fill.nanAt(16 * 3 + 1)));
    }
    cases.add(of(op, 1, 1, 9, 4, 6, prompts).with("scale", 2.5));
  }

  private static void addEmpty(List<OpCase> cases, OpLayout op, int prompts) {
    cases.add(of(op, 2, 2, 0, 5, 8, prompts));
    cases.add(of(op, 2, 2, 7, 0, 8, prompts));
    cases.add(of(op, 2, 2, 7, 5, 0, prompts));
    cases.add(of(op, 0, 2, 7, 5, 8, prompts));
    cases.add(of(op, 2, 0, 7, 5, 8, prompts));
  }

  private static void addGradients(List<OpCase> cases) {
    for (int prompts = NONE; prompts <= FULL; prompts++) {
      for (int flow = 0; flow < 2; flow++) {
        for (String tensor :
            new String[] {"dq", "dk", "dv", "dprompt_q", "dprompt_k", "dprompt_v"}) {
          OpCase opCase = of(AttentionBwd.OP, 1, 2, 18, 5, 12, prompts).with("encoder_grad", flow);
          cases.add(opCase.without(tensor));
        }
        cases.add(of(AttentionBwd.OP, 2, 2, 70, 20, 32, prompts).with("encoder_grad", flow));
        cases.add(of(AttentionBwd.OP, 1, 1, 530, 20, 8, prompts).with("encoder_grad", flow));
        cases.add(of(AttentionBwd.OP, 2, 2, 70, 20, 32, prompts).with("encoder_grad", flow).fast());
      }
    }
  }

  /** What the forward pass would have saved: out, lse and their like of the prompts. */
  private static void forward(OpCase opCase, Map<String, double[]> values) {
    int n = (int) opCase.value("n");
    int p = (int) opCase.value("p");
    int d = (int) opCase.value("d");
    DenseAttention dense =
        new DenseAttention(
            (int) opCase.value("b"),
            (int) opCase.value("h"),
            n,
            p,
            d,
            (int) opCase.value("prompts"),
            opCase.real("scale"));
    List<String> ofPrompts =
        dense.prompts() == NONE ? List.of("prompt_q") : List.of("prompt_q", "prompt_k", "prompt_v");
    if (values.containsKey("q")) {
      put(values, "out", "lse", read(dense, false, values, "q"));
    }
    if (values.keySet().containsAll(ofPrompts)) {
      put(values, "prompt_out", "prompt_lse", read(dense, true, values, "prompt_q"));
    }
  }

  private static DenseAttention.Result read(
      DenseAttention dense, boolean ofPrompts, Map<String, double[]> values, String queries) {
    return dense.read(
        ofPrompts,
        values.get(queries),
        values.get("k"),
        values.get("v"),
        values.get("key_mask"),
        values.get("prompt_k"),
        values.get("prompt_v"));
  }

  private static void put(
      Map<String, double[]> values, String out, String lse, DenseAttention.Result result) {
    values.replace(out, result.out());
    values.replace(lse, result.lse());
  }
}

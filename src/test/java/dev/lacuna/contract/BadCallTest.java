package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.DType;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.spi.FieldKind;
import dev.lacuna.spi.Memory;
import dev.lacuna.spi.OpCall;
import dev.lacuna.spi.OpField;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts;
import dev.lacuna.spi.OpLayouts.AdamwStep;
import dev.lacuna.spi.OpLayouts.AttentionBwd;
import dev.lacuna.spi.OpLayouts.AttentionFwd;
import dev.lacuna.spi.OpLayouts.BceLogitsBwd;
import dev.lacuna.spi.OpLayouts.BceLogitsFwd;
import dev.lacuna.spi.OpLayouts.Conv2dFwd;
import dev.lacuna.spi.OpLayouts.Dropout;
import dev.lacuna.spi.OpLayouts.ElementwiseBwd;
import dev.lacuna.spi.OpLayouts.ElementwiseFwd;
import dev.lacuna.spi.OpLayouts.EntropyFwd;
import dev.lacuna.spi.OpLayouts.GatherRows;
import dev.lacuna.spi.OpLayouts.LayerNormBwd;
import dev.lacuna.spi.OpLayouts.LayerNormFwd;
import dev.lacuna.spi.OpLayouts.LstmBwd;
import dev.lacuna.spi.OpLayouts.LstmFwd;
import dev.lacuna.spi.OpLayouts.MaxPool2dBwd;
import dev.lacuna.spi.OpLayouts.MaxPool2dFwd;
import dev.lacuna.spi.OpLayouts.ReduceFwd;
import dev.lacuna.spi.OpLayouts.RlsAbsorb;
import dev.lacuna.spi.OpLayouts.RlsProject;
import dev.lacuna.spi.OpLayouts.RlsStep;
import dev.lacuna.spi.OpLayouts.ScatterRows;
import dev.lacuna.spi.OpLayouts.SgdStep;
import dev.lacuna.spi.OpLayouts.SoftmaxBwd;
import dev.lacuna.spi.OpLayouts.SoftmaxXentBwd;
import dev.lacuna.spi.OpLayouts.SoftmaxXentFwd;
import dev.lacuna.spi.OpLayouts.Vicreg;
import dev.lacuna.spi.OpLayouts.VqEma;
import dev.lacuna.spi.OpLayouts.VqNearest;
import dev.lacuna.spi.OpLayouts.VqQuantizeBwd;
import dev.lacuna.spi.OpLayouts.VqQuantizeFwd;
import dev.lacuna.spi.OpLayouts.VqReset;
import dev.lacuna.spi.OpLayouts.VqStatistics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Bad arguments are an error that names op and argument, and nothing is written. */
final class BadCallTest {
  private static final GuardedMemory MEMORY = new GuardedMemory();

  /** Whether the back end is asked through a context or directly, past the context's checks. */
  private enum Door {
    CONTEXT,
    BACKEND
  }

  /** One argument made wrong in an otherwise good call. */
  private record Fault(String what, Set<String> words, Consumer<OpCall> injection) {}

  @TestFactory
  Stream<DynamicTest> badSizesStridesAndTensorsAreRefused() {
    return tests((op, target) -> {
      for (Fault fault : faults(op)) {
        refused(OpCases.typical(op).gap(2), fault, Status.INVALID_ARGUMENT, target, Door.CONTEXT);
      }
      for (Fault fault : faults(op)) {
        boolean seenByContextOnly =
            fault.what.equals("too small") || target.name().startsWith("reference");
        if (!seenByContextOnly) {
          refused(OpCases.typical(op).gap(2), fault, Status.INVALID_ARGUMENT, target, Door.BACKEND);
        }
      }
    });
  }

  @TestFactory
  Stream<DynamicTest> badCodesLabelsAndNumbersAreRefused() {
    return tests((op, target) -> {
      for (BadCase bad : BAD) {
        if (bad.opCase.op == op) {
          Fault none = new Fault(bad.opCase.toString(), Set.of(bad.word), call -> {});
          refused(bad.opCase, none, bad.status, target, Door.CONTEXT);
        }
      }
    });
  }

  @TestFactory
  Stream<DynamicTest> overlappingOutputsAreRefused() {
    return Target.natives().stream()
        .map(target -> DynamicTest.dynamicTest(target.name(), () -> overlapsAreRefused(target)));
  }

  private interface Check {
    void run(OpLayout op, Target target);
  }

  private static Stream<DynamicTest> tests(Check check) {
    return Target.REQUIRED.stream()
        .flatMap(target ->
            OpLayouts.ALL.stream()
                .map(op ->
                    DynamicTest.dynamicTest(op + " on " + target, () -> check.run(op, target))));
  }

  private static void refused(OpCase opCase, Fault fault, Status status, Target target, Door door) {
    String title =
        target + " " + opCase.op + ": " + fault.words + " " + fault.what + " (" + door + ")";
    try (Target.Bare bare = target.openBare();
        Operands operands =
            new Operands(opCase, opCase.values(), bare.context(), MEMORY, Placement.AFTER_GUARD)) {
      fault.injection.accept(operands.call());
      Consumer<OpCall> run = door == Door.CONTEXT ? bare.context()::run : bare.backend()::run;
      LacunaException e = assertThrows(LacunaException.class, () -> operands.run(run), title);
      assertEquals(status, e.status(), title + ": " + e.getMessage());
      assertTrue(
          e.getMessage().startsWith(opCase.op + ": "),
          title + " does not name the op: " + e.getMessage());
      // What is found in a device's memory is told later, when only the op is known.
      assertTrue(
          (target.isDevice() && e.getMessage().contains("refused on the device"))
              || fault.words.stream()
                  .anyMatch(word -> e.getMessage().matches("(?s).*\\b(?:" + word + ")\\b.*")),
          title + " does not name the argument: " + e.getMessage());
      operands.fetch();
      assertEquals(List.of(), operands.changes(), title);
    }
  }

  /** Everything that the op table alone can find wrong. */
  private static List<Fault> faults(OpLayout op) {
    List<Fault> faults = new ArrayList<>();
    for (int i = 0; i < op.fields().size(); i++) {
      int field = i;
      OpField info = op.fields().get(i);
      switch (info.kind()) {
        case SIZE ->
            faults.add(new Fault("negative", Set.of(info.name()), call -> call.set(field, -1L)));
        case STRIDE -> {
          OpCall sizes = OpCases.typical(op).call();
          if (IntStream.of(users(op, field)).anyMatch(tensor -> sizes.rows(tensor) > 1)) {
            faults.add(shortStride(op, field));
          }
        }
        case CODE, REAL -> {}
        default -> {
          if (!OpCases.typical(op).has(info.name())) {
            continue;
          }
          if (!info.kind().isOptional()) {
            faults.add(
                new Fault("missing", Set.of(info.name()), call -> call.tensor(field, null, 0)));
          }
          if (info.dtype() != DType.U8) {
            faults.add(
                new Fault(
                    "misaligned",
                    Set.of(info.name()),
                    call -> call.tensor(field, call.memory(field), call.offset(field) + 1)));
          }
          faults.add(new Fault("too small", Set.of(info.name()), call -> shrink(call, field)));
        }
      }
    }
    return faults;
  }

  /** A stride of one column less than the tensors that use it have. */
  private static Fault shortStride(OpLayout op, int field) {
    Set<String> words = new HashSet<>(Set.of(op.fields().get(field).name()));
    for (int i : users(op, field)) {
      words.add(op.fields().get(i).name());
    }
    return new Fault(
        "too short",
        words,
        call -> {
          for (int i : users(op, field)) {
            call.set(field, Math.min(call.value(field), call.cols(i) - 1));
          }
        });
  }

  /** The tensors whose rows lie a stride apart. */
  private static int[] users(OpLayout op, int stride) {
    String name = op.fields().get(stride).name();
    return IntStream.range(0, op.fields().size())
        .filter(i -> op.fields().get(i).stride().equals(name))
        .toArray();
  }

  private static void shrink(OpCall call, int field) {
    Memory whole = call.memory(field);
    int bytes = call.op().fields().get(field).dtype().bytes();
    long span = ((call.rows(field) - 1) * call.stride(field) + call.cols(field)) * bytes;
    call.tensor(field, whole.slice(0, call.offset(field) + span - 1), call.offset(field));
  }

  private record BadCase(OpCase opCase, Status status, String word) {}

  private static OpCase typical(OpLayout op, Object... pairs) {
    return OpCases.typical(op).with(pairs);
  }

  private static BadCase invalid(String word, OpCase opCase) {
    return new BadCase(opCase, Status.INVALID_ARGUMENT, word);
  }

  private static BadCase nonFinite(String word, OpCase opCase) {
    return new BadCase(opCase, Status.NON_FINITE, word);
  }

  /** What only the op itself can find wrong. */
  private static final List<BadCase> BAD =
      List.of(
          invalid("stride", typical(Conv2dFwd.OP, "stride", 0)),
          invalid("pad", typical(Conv2dFwd.OP, "pad", -1)),
          invalid("kh", typical(Conv2dFwd.OP, "kh", 20)),
          invalid("kw", typical(Conv2dFwd.OP, "kw", 0)),
          invalid("h_out", typical(Conv2dFwd.OP, "h_out", 5)),
          invalid("w_out", typical(Conv2dFwd.OP, "w_out", 8)),
          invalid("stride", typical(OpLayouts.Conv2dBwd.OP, "stride", -2)),
          invalid("h_out", typical(OpLayouts.Conv2dBwd.OP, "h_out", 5)),
          invalid("k", typical(MaxPool2dFwd.OP, "k", 0)),
          invalid("stride", typical(MaxPool2dFwd.OP, "stride", 0)),
          invalid("k", typical(MaxPool2dFwd.OP, "k", 9)),
          invalid("w_out", typical(MaxPool2dFwd.OP, "w_out", 4)),
          invalid("index", typical(MaxPool2dBwd.OP).fill("index", Fill.constant(42))),
          invalid("index", typical(MaxPool2dBwd.OP).fill("index", Fill.constant(-1))),
          invalid("code", typical(ElementwiseFwd.OP, "code", 10)),
          invalid("code", typical(ElementwiseFwd.OP, "code", -1)),
          invalid("y|y_n", typical(ElementwiseFwd.OP, "y_n", 2)),
          invalid("y|y_d", typical(ElementwiseBwd.OP, "y_d", 2)),
          invalid("y", typical(ElementwiseFwd.OP, "code", 3)),
          invalid("y", typical(ElementwiseFwd.OP).without("y")),
          invalid("alpha", root(ElementwiseFwd.OP, 0)),
          invalid("alpha", root(ElementwiseFwd.OP, Double.NaN)),
          invalid("alpha", root(ElementwiseBwd.OP, -1)),
          invalid("alpha", root(ElementwiseBwd.OP, Double.POSITIVE_INFINITY)),
          invalid("code", typical(ReduceFwd.OP, "code", 2)),
          invalid("out|out_n", typical(ReduceFwd.OP, "out_n", 3)),
          invalid("mean|MEAN", typical(ReduceFwd.OP, "n", 0)),
          invalid("label", typical(SoftmaxXentFwd.OP).fill("label", Fill.constant(10))),
          invalid("label", typical(SoftmaxXentFwd.OP).fill("label", Fill.constant(-1))),
          invalid("label", typical(SoftmaxXentBwd.OP).fill("label", Fill.constant(10))),
          invalid("n|logits", typical(SoftmaxXentFwd.OP, "n", 0)),
          invalid("c", typical(EntropyFwd.OP, "c", 0)),
          invalid("index", typical(GatherRows.OP).fill("index", Fill.constant(5))),
          invalid("index", typical(GatherRows.OP).fill("index", Fill.constant(-1))),
          invalid("index", typical(ScatterRows.OP).fill("index", Fill.constant(5))),
          invalid("velocity", typical(SgdStep.OP).without("velocity")),
          invalid("norm", typical(RlsAbsorb.OP, "norm", 2)),
          invalid("alpha", typical(RlsAbsorb.OP, "alpha", 9e-7)),
          invalid("alpha", typical(RlsAbsorb.OP, "alpha", -1)),
          invalid("alpha", typical(RlsAbsorb.OP, "alpha", Double.NaN)),
          invalid("alpha", typical(RlsStep.OP, "alpha", Double.POSITIVE_INFINITY)),
          invalid("form", typical(RlsAbsorb.OP, "form", 3)),
          invalid("form", typical(RlsProject.OP, "form", -1)),
          invalid("rows", typical(RlsAbsorb.OP, "rows", 14)),
          invalid("rows", typical(RlsProject.OP, "form", 1)),
          invalid("rows", typical(RlsStep.OP, "form", 2)),
          invalid("rows", RlsCases.lowRank(2, 8)),
          invalid("state", RlsCases.lowRank(0, 4)),
          invalid("state", typical(RlsAbsorb.OP, "norm", 0).adjust(RlsCases::doubleNorm)),
          invalid(
              "state", typical(RlsProject.OP).fill("state", Fill.ZERO).adjust(RlsCases::noNorm)),
          invalid("order", typical(RlsStep.OP, "order", 2)),
          invalid("scale", typical(RlsProject.OP, "scale", Double.NaN)),
          invalid("g|h", typical(RlsProject.OP, "n", 3)),
          invalid("g", typical(RlsProject.OP).without("g")),
          nonFinite("r", typical(RlsStep.OP).fill("r", Fill.nanAt(3))),
          nonFinite("r|f|beyond", typical(RlsAbsorb.OP).fill("r", Fill.constant(3e38))),
          nonFinite("r|P", RlsCases.tooLarge()),
          nonFinite("r|P", RlsCases.indefinite()),
          nonFinite("r", typical(RlsAbsorb.OP).fill("r", Fill.nanAt(12))),
          nonFinite("r", typical(RlsAbsorb.OP).fill("r", Fill.constant(Double.POSITIVE_INFINITY))),
          invalid("k", typical(VqNearest.OP, "k", 0)),
          nonFinite("z", typical(VqNearest.OP).fill("z", Fill.nanAt(90))),
          nonFinite("z", typical(VqNearest.OP).fill("z", Fill.constant(Double.NEGATIVE_INFINITY))),
          nonFinite("codebook", typical(VqNearest.OP).fill("codebook", Fill.nanAt(142))),
          nonFinite("z", typical(VqNearest.OP, "n", 7).fill("z", Fill.nanAt(90))),
          nonFinite("codebook", typical(VqNearest.OP, "n", 7).fill("codebook", Fill.nanAt(142))),
          nonFinite(
              "codebook",
              typical(VqNearest.OP).fill("codebook", Fill.constant(Double.POSITIVE_INFINITY))),
          invalid("n", typical(Vicreg.OP, "n", 1)),
          invalid("n", typical(Vicreg.OP, "n", 0)),
          invalid("d", typical(Vicreg.OP, "d", 0)),
          invalid("halving", typical(Vicreg.OP, "halving", 2)),
          invalid("form", typical(Vicreg.OP, "form", 3)),
          invalid("form", typical(Vicreg.OP, "form", -1)),
          invalid("target", typical(Vicreg.OP, "target", 2)),
          invalid("acc_dx", typical(Vicreg.OP, "acc_dx", 2)),
          invalid("acc_dy", typical(Vicreg.OP, "acc_dy", -1)),
          invalid("epsilon", typical(Vicreg.OP, "epsilon", 0)),
          invalid("epsilon", typical(Vicreg.OP, "epsilon", Double.NaN)),
          nonFinite("z", typical(VqNearest.OP, "n", 50).fill("z", Fill.nanAt(90)).fast()),
          nonFinite(
              "codebook", typical(VqNearest.OP, "n", 50).fill("codebook", Fill.nanAt(142)).fast()),
          invalid("index", typical(VqStatistics.OP).fill("index", Fill.constant(5))),
          invalid("index", typical(VqStatistics.OP).fill("index", Fill.constant(-2))),
          nonFinite("z", typical(VqStatistics.OP).fill("z", Fill.constant(Double.NaN))),
          nonFinite(
              "z", typical(VqStatistics.OP).fill("z", Fill.constant(Double.NEGATIVE_INFINITY))),
          invalid("groups", typical(VqStatistics.OP, "groups", 2)),
          invalid("decay", typical(VqStatistics.OP, "decay", 1.5)),
          invalid("decay", typical(VqStatistics.OP, "decay", Double.NaN)),
          invalid("groups", typical(VqEma.OP, "groups", 2)),
          invalid("decay", typical(VqEma.OP, "decay", -0.1)),
          invalid("epsilon", typical(VqEma.OP, "epsilon", -1e-5)),
          invalid("epsilon", typical(VqEma.OP, "epsilon", Double.POSITIVE_INFINITY)),
          invalid("smoothing", typical(VqEma.OP, "smoothing", 3)),
          invalid("recent", typical(VqReset.OP, "recent", 31)),
          invalid("recent", typical(VqReset.OP, "recent", -1)),
          invalid("after", typical(VqReset.OP, "after", Integer.MAX_VALUE)),
          invalid("stream", typical(VqReset.OP, "stream", 1L << 31)),
          invalid("step", typical(VqReset.OP, "step", -1L << 32)),
          invalid("noise", typical(VqReset.OP, "noise", -1)),
          invalid("noise", typical(VqReset.OP, "noise", Double.NaN)),
          invalid("c_reset", typical(VqReset.OP, "c_reset", 0)),
          invalid("m", typical(VqQuantizeFwd.OP, "m", 0)),
          invalid("index", typical(VqQuantizeFwd.OP).fill("index", Fill.constant(5))),
          invalid("index", typical(VqQuantizeFwd.OP).fill("index", Fill.constant(-2))),
          invalid("m", typical(VqQuantizeBwd.OP, "m", 0)),
          invalid("estimator", typical(VqQuantizeBwd.OP, "estimator", 2)),
          invalid("index", typical(VqQuantizeBwd.OP).fill("index", Fill.constant(5))),
          invalid("prompts", typical(AttentionFwd.OP, "prompts", 3)),
          invalid("prompts", typical(AttentionBwd.OP, "prompts", -1)),
          invalid("scale", typical(AttentionFwd.OP, "scale", 0)),
          invalid("scale", typical(AttentionFwd.OP, "scale", Double.NaN)),
          invalid("scale", typical(AttentionBwd.OP, "scale", Double.POSITIVE_INFINITY)),
          invalid("encoder_grad", typical(AttentionBwd.OP, "encoder_grad", 2)),
          invalid("key_mask", typical(AttentionFwd.OP).fill("key_mask", Fill.constant(2))),
          invalid("key_mask", typical(AttentionBwd.OP).fill("key_mask", Fill.constant(-1))),
          invalid("q", typical(AttentionFwd.OP).without("q")),
          invalid("out", typical(AttentionFwd.OP).without("out")),
          invalid("prompt_q", typical(AttentionFwd.OP).without("prompt_q")),
          invalid("prompt_out", typical(AttentionFwd.OP).without("prompt_out")),
          invalid("prompt_k", typical(AttentionFwd.OP).without("prompt_k")),
          invalid("prompt_v", typical(AttentionBwd.OP).without("prompt_v")),
          invalid("q", typical(AttentionBwd.OP).without("q")),
          invalid("out", typical(AttentionBwd.OP).without("out")),
          invalid("lse", typical(AttentionBwd.OP).without("lse")),
          invalid("prompt_q", typical(AttentionBwd.OP).without("prompt_q")),
          invalid("prompt_out", typical(AttentionBwd.OP).without("prompt_out")),
          invalid("prompt_lse", typical(AttentionBwd.OP).without("prompt_lse")),
          invalid("eps", typical(LayerNormFwd.OP, "eps", -1e-5)),
          invalid("eps", typical(LayerNormFwd.OP, "eps", Double.NaN)),
          invalid("eps", typical(LayerNormFwd.OP, "eps", Double.POSITIVE_INFINITY)),
          invalid("acc_dx", typical(LayerNormBwd.OP, "acc_dx", 2)),
          invalid("acc_dgamma", typical(LayerNormBwd.OP, "acc_dgamma", -1)),
          invalid("acc_dbeta", typical(LayerNormBwd.OP, "acc_dbeta", 2)),
          invalid("logits", typical(BceLogitsFwd.OP, "n", 0)),
          invalid("logits", typical(BceLogitsFwd.OP, "c", 0)),
          invalid("target", typical(BceLogitsFwd.OP).fill("target", Fill.constant(1.5))),
          invalid("target", typical(BceLogitsFwd.OP).fill("target", Fill.constant(-1e-30))),
          invalid("target", typical(BceLogitsFwd.OP).fill("target", BadCallTest::nanAtTheEnd)),
          invalid("logits", typical(BceLogitsBwd.OP, "n", 0)),
          invalid("acc_dlogits", typical(BceLogitsBwd.OP, "acc_dlogits", 2)),
          invalid("target", typical(BceLogitsBwd.OP).fill("target", Fill.constant(2))),
          invalid("target", typical(BceLogitsBwd.OP).fill("target", BadCallTest::nanAtTheEnd)),
          invalid("decoupled", typical(AdamwStep.OP, "decoupled", 2)),
          invalid("step", typical(AdamwStep.OP, "step", 0)),
          invalid("reverse", typical(LstmFwd.OP, "reverse", 2)),
          invalid("reverse", typical(LstmBwd.OP, "reverse", -1)),
          invalid("acc_dgates_x", typical(LstmBwd.OP, "acc_dgates_x", 2)),
          invalid("acc_dw_hh", typical(LstmBwd.OP, "acc_dw_hh", 2)),
          invalid("acc_dh0", typical(LstmBwd.OP, "acc_dh0", -1)),
          invalid("acc_dc0", typical(LstmBwd.OP, "acc_dc0", 2)),
          invalid("acc_dx", typical(SoftmaxBwd.OP, "acc_dx", 2)),
          invalid("p", typical(Dropout.OP, "p", 1)),
          invalid("p", typical(Dropout.OP, "p", -0.1)),
          invalid("p", typical(Dropout.OP, "p", Double.NaN)),
          invalid("stream", typical(Dropout.OP, "stream", 1L << 31)),
          invalid("step", typical(Dropout.OP, "step", -1L << 40)),
          invalid("acc_out", typical(Dropout.OP, "acc_out", 2)));

  /** A square root that must not begin at {@code floor}. */
  private static OpCase root(OpLayout op, double floor) {
    OpCase root = typical(op, "code", 9, "alpha", floor).with("y_n", 0, "y_d", 0).without("y");
    return op == ElementwiseBwd.OP ? root.without("dy") : root;
  }

  /** Targets that are right but for the last of 5 x 10. */
  private static double nanAtTheEnd(CounterRandom random, int i) {
    return i == 49 ? Double.NaN : 0.5;
  }

  private static void overlapsAreRefused(Target target) {
    for (OpLayout op : OpLayouts.ALL) {
      for (int out = 0; out < op.fields().size(); out++) {
        for (int in = 0; in < op.fields().size(); in++) {
          if (mustNotShare(op, out, in)) {
            int home = in;
            int moved = out;
            Fault fault =
                new Fault(
                    "over " + op.fields().get(in).name(),
                    Set.of(op.fields().get(out).name()),
                    call -> call.tensor(moved, call.memory(home), call.offset(home)));
            refused(OpCases.typical(op), fault, Status.INVALID_ARGUMENT, target, Door.CONTEXT);
          }
        }
      }
    }
  }

  /** Every output and every input, but for the pairs that may be in place. */
  private static boolean mustNotShare(OpLayout op, int out, int in) {
    OpField written = op.fields().get(out);
    OpField read = op.fields().get(in);
    boolean inPlace =
        ((op == RlsProject.OP || op == RlsStep.OP) && read.name().equals("g"))
            || (op == ElementwiseFwd.OP && read.name().equals("x"));
    boolean isInput = read.kind() == FieldKind.IN || read.kind() == FieldKind.OPT_IN;
    return written.kind().isTensor() && written.kind().isWritten() && isInput && !inPlace;
  }
}

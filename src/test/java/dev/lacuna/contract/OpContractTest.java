package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.lacuna.Context;
import dev.lacuna.spi.OpLayout;
import dev.lacuna.spi.OpLayouts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Values and gradients of every op on every back end, on memory that ends where the tensors end.
 */
final class OpContractTest {
  /** Read it after a crash: the run that was under way. */
  private static final Path LAST_RUN = Path.of("target", "contract-last-run.txt");

  private static final GuardedMemory MEMORY = new GuardedMemory();
  private static int cases;
  private static int runs;

  @TestFactory
  Stream<DynamicContainer> everyOpComputesWhatTheReferenceComputes() {
    return OpLayouts.ALL.stream()
        .map(op -> {
          Supplier<List<Comparison>> expected = once(() -> expected(op));
          return DynamicContainer.dynamicContainer(
              op.name(),
              Target.REQUIRED.stream()
                  .map(target ->
                      DynamicTest.dynamicTest(
                          target.name(), () -> check(op, target, expected.get()))));
        });
  }

  @AfterAll
  static void report() {
    System.out.printf(
        "contract: %d ops x %d back ends %s, %d cases, %d runs%n",
        OpLayouts.ALL.size(), Target.REQUIRED.size(), Target.REQUIRED, cases, runs);
  }

  private static List<Comparison> expected(OpLayout op) {
    List<OpCase> listed = OpCases.of(op);
    assertTrue(!listed.isEmpty(), op + " has no cases: add them to OpCases");
    cases += listed.size();
    try (Context exact = Target.doubleReference().open();
        Context naive = Target.floatReference().open()) {
      List<Comparison> expected = new ArrayList<>();
      for (OpCase opCase : listed) {
        Map<String, double[]> inputs = opCase.values();
        Map<String, double[]> wanted =
            run(exact, opCase, inputs, Placement.AFTER_GUARD, new ArrayList<>());
        expected.add(
            new Comparison(
                opCase,
                inputs,
                wanted,
                run(naive, opCase, inputs, Placement.AFTER_GUARD, new ArrayList<>()),
                opCase.isFast()
                    ? run(
                        exact,
                        opCase,
                        opCase.shaken(inputs),
                        Placement.AFTER_GUARD,
                        new ArrayList<>())
                    : wanted));
      }
      return expected;
    }
  }

  private static void check(OpLayout op, Target target, List<Comparison> expected) {
    Map<String, List<Placement>> failures = new LinkedHashMap<>();
    try (Context context = target.open()) {
      assertTrue(context.supports(op), target + " lacks " + op);
      for (int i = 0; i < expected.size(); i++) {
        for (Placement placement : target.placements(i)) {
          for (String failure : failures(context, target, expected.get(i), placement)) {
            failures.computeIfAbsent(failure, text -> new ArrayList<>()).add(placement);
          }
        }
      }
    }
    if (!failures.isEmpty()) {
      StringBuilder text = new StringBuilder().append(failures.size()).append(" failures");
      failures.forEach(
          (failure, where) -> text.append('\n').append(failure).append(' ').append(where));
      fail(text.toString());
    }
  }

  private static List<String> failures(
      Context context, Target target, Comparison comparison, Placement placement) {
    List<String> failures = new ArrayList<>();
    String title = target + " " + comparison.opCase();
    note(title + " " + placement);
    runs++;
    try {
      Map<String, double[]> got =
          run(context, comparison.opCase(), comparison.inputs(), placement, failures);
      failures.addAll(comparison.failures(got));
      failures.addAll(target.reports());
    } catch (RuntimeException e) {
      failures.add(e.toString());
    }
    failures.replaceAll(failure -> title + ": " + failure);
    return failures;
  }

  private static Map<String, double[]> run(
      Context context,
      OpCase opCase,
      Map<String, double[]> inputs,
      Placement placement,
      List<String> damage) {
    try (Operands operands = new Operands(opCase, inputs, context, MEMORY, placement)) {
      operands.run();
      damage.addAll(operands.damage());
      return operands.outputs();
    }
  }

  private static void note(String run) {
    try {
      Files.createDirectories(LAST_RUN.getParent());
      Files.writeString(LAST_RUN, run);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static <T> Supplier<T> once(Supplier<T> work) {
    List<T> result = new ArrayList<>(1);
    return () -> {
      if (result.isEmpty()) {
        result.add(work.get());
      }
      return result.getFirst();
    };
  }
}

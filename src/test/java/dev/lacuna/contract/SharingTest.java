package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.VqNearest;
import dev.lacuna.ops.ReduceOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What two threads may do to one context and to the arrays of a call. */
final class SharingTest {
  static Stream<Target> targets() {
    return Target.REQUIRED.stream();
  }

  /** Those that work on a caller's arrays where they lie. */
  static Stream<Target> inPlace() {
    return Target.natives().stream().filter(target -> !target.isDevice());
  }

  @ParameterizedTest
  @MethodSource("targets")
  void aContextOfTwoThreadsGivesRightAnswersOrNone(Target target) throws Exception {
    try (Context context = target.open(1);
        Arena arena = Arena.ofShared()) {
      Searching one = new Searching(context, arena, 3);
      Searching two = new Searching(context, arena, 11);
      int times = target.isDevice() ? 100 : 2000; // the stand-in for one is slow
      CompletableFuture<Void> other = CompletableFuture.runAsync(() -> one.run(times));
      two.run(times);
      other.get(60, TimeUnit.SECONDS);
      assertTrue(one.answers + two.answers > 0, "every search was refused");
    }
  }

  /** Searches of rows that all equal one code, in memory outside the heap and in arrays. */
  private static final class Searching {
    private static final int ROWS = 64;
    private static final int WIDTH = 8;
    private static final int CODES = 16;

    private final Context context;
    private final int code;
    private final MemorySegment z = MemorySegment.ofArray(new float[ROWS * WIDTH]);
    private final MemorySegment codebook = MemorySegment.ofArray(new float[CODES * WIDTH]);
    private final MemorySegment index = MemorySegment.ofArray(new int[ROWS]);
    private final MemorySegment nativeZ;
    private final MemorySegment nativeCodebook;
    private final MemorySegment nativeIndex;
    private int answers;

    Searching(Context context, Arena arena, int code) {
      this.context = context;
      this.code = code;
      for (int i = 0; i < ROWS; i++) {
        z.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i * WIDTH, code);
      }
      for (int j = 0; j < CODES; j++) {
        codebook.setAtIndex(ValueLayout.JAVA_FLOAT, (long) j * WIDTH, j);
      }
      nativeZ = arena.allocate(z.byteSize(), 64).copyFrom(z);
      nativeCodebook = arena.allocate(codebook.byteSize(), 64).copyFrom(codebook);
      nativeIndex = arena.allocate(index.byteSize(), 64);
    }

    void run(int times) {
      for (int i = 0; i < times; i++) {
        search(z, codebook, index);
        search(nativeZ, nativeCodebook, nativeIndex);
      }
    }

    private void search(MemorySegment rows, MemorySegment codes, MemorySegment found) {
      found.fill((byte) -1);
      int want = code;
      try {
        VqNearest.search(context, rows, ROWS, WIDTH, codes, CODES, found, null);
        answers++;
      } catch (LacunaException e) {
        assertTrue(e.getMessage().contains("in use by another thread"), e.getMessage());
        want = -1;
      }
      for (int i = 0; i < ROWS; i++) {
        assertEquals(want, found.getAtIndex(ValueLayout.JAVA_INT, i));
      }
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("inPlace")
  void anArenaThatAnotherThreadClosesStaysOpenDuringACall(Target target) throws Exception {
    int n = 4096;
    int d = 16;
    int k = 256;
    AtomicInteger refusals = new AtomicInteger();
    try (Context context = target.open(1)) {
      // Twenty closings, and more where each of them fell between two calls.
      for (int i = 0; i < 20 || (refusals.get() == 0 && i < 2000); i++) {
        // One core runs whom a signal wakes at once, always at the same place of the caller.
        long delay = 10_000L * (i % 20); // ns
        Arena arena = Arena.ofShared();
        MemorySegment z = arena.allocate(4L * n * d, 64);
        MemorySegment codebook = arena.allocate(4L * k * d, 64);
        MemorySegment index = arena.allocate(4L * n, 64);
        CountDownLatch running = new CountDownLatch(1);
        CompletableFuture<Void> closing =
            CompletableFuture.runAsync(() -> {
              try {
                assertTrue(running.await(10, TimeUnit.SECONDS));
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              for (long start = System.nanoTime(); System.nanoTime() - start < delay; ) {
                Thread.onSpinWait();
              }
              while (arena.scope().isAlive()) {
                try {
                  arena.close();
                } catch (IllegalStateException inUse) {
                  refusals.incrementAndGet();
                }
              }
            });
        LacunaException e =
            assertThrows(
                LacunaException.class,
                () -> {
                  for (int turn = 0; turn < 1_000_000; turn++) {
                    VqNearest.search(context, z, n, d, codebook, k, index, null);
                    running.countDown();
                  }
                });
        assertTrue(e.getMessage().matches(".*(?:is|was) closed.*"), e.getMessage());
        closing.get(10, TimeUnit.SECONDS);
      }
      assertTrue(refusals.get() > 0, "no call kept its arena open");
    }
  }

  /** Those that work by themselves while the caller goes on, and can be told to lag behind. */
  static Stream<Target> lagging() {
    return Target.REQUIRED.stream().filter(target -> target.name().equals(Target.CUDA_EMULATED));
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("lagging")
  void parametersThatAreSetAreReadAsTheyWereByWorkUnderWay(Target target) {
    StandIn.defer(true);
    try (Context context = target.open();
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      Parameter weight = store.group("group").add("weight", i -> 1, 4);
      Tensor before = ReduceOp.sum(tape.use(weight), ReduceOp.Over.ALL);
      weight.set(new double[] {5, 5, 5, 5});
      assertEquals(4, before.item());
    } finally {
      StandIn.defer(false);
    }
  }
}

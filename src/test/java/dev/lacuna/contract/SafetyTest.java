package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.autograd.Tensor;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.nn.Linear;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.spi.Memory;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What would crash the JVM or give a wrong result in silence is refused, on a native back end and
 * on the reference.
 */
class SafetyTest {
  private static Context open(String backend) {
    return Lacuna.open(Device.parse(backend));
  }

  private static void assertRefused(String text, Runnable work) {
    String message = assertThrows(LacunaException.class, work::run).getMessage();
    assertTrue(message.contains(text), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void aClosedContextSaysSo(String backend) {
    Context context = open(backend);
    Memory memory = context.allocate(64);
    context.close();
    assertRefused("closed", context::describe);
    assertRefused("closed", () -> context.write(memory, 0, new double[] {1}));
    MemorySegment host = memory.host();
    assertThrows(IllegalStateException.class, () -> host.fill((byte) 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu"})
  void memoryOfTheHeapIsRefused(String backend) {
    try (Context context = open(backend);
        RlsProjector projector = new RlsProjector(context, 4, RlsProjector.Norm.NONE)) {
      Memory heap = Memory.of(MemorySegment.ofArray(new float[8]));
      assertRefused("heap", () -> projector.absorb(heap, 0, 0.1));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void aStoreInUseIsNotFreed(String backend) throws InterruptedException {
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      ParameterStore store = new ParameterStore(context);
      Linear layer = new Linear(store.group("m"), "l", 256, 256, new CounterRandom(1, 0, 0));
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread user =
          new Thread(() -> {
            try {
              for (int i = 0; i < 100_000; i++) {
                tape.reset();
                layer.forward(tape.input(new float[64 * 256], 64, 256));
              }
              failure.set(new AssertionError("the store was never closed"));
            } catch (LacunaException e) {
              if (!e.getMessage().contains("closed")) {
                failure.set(e);
              }
            }
          });
      user.start();
      while (true) {
        try {
          store.close();
          break;
        } catch (LacunaException e) {
          assertTrue(e.getMessage().contains("in use"), e.getMessage());
        }
      }
      user.join();
      assertEquals(null, failure.get());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void aLeafAsLossAddsToItsGradient(String backend) {
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      Tensor x = tape.input(new float[] {3}, 1, 1).requiresGrad();
      ElementwiseOp.mul(x, x).backward();
      x.backward();
      assertArrayEquals(new float[] {7}, x.grad());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void weightsThatChangedSinceTheForwardPassAreRefused(String backend) {
    try (Context context = open(backend);
        Tape tape = new Tape(context);
        ParameterStore store = new ParameterStore(context)) {
      ParameterGroup group = store.group("m");
      Parameter weight = group.add("w", i -> 1, 1, 1);
      Tensor x = tape.input(new float[] {2}, 1, 1).requiresGrad();
      Tensor y = ElementwiseOp.mul(x, tape.use(weight));
      weight.set(new double[] {100});
      assertRefused("m.w", y::backward);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void emptyTensorsKeepTheirShape(String backend) {
    try (Context context = open(backend);
        Tape tape = new Tape(context)) {
      assertArrayEquals(new long[] {0, 12}, tape.input(new float[0], 0, 3, 4).flatten().shape());
      Tensor x = tape.input(new float[0], 5, 0).requiresGrad();
      Tensor sums = ReduceOp.sum(x, ReduceOp.Over.COLS);
      ReduceOp.sum(sums, ReduceOp.Over.ALL).backward();
      assertArrayEquals(new float[0], x.grad());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void twoParametersOfOneNameAreRefused(String backend) {
    try (Context context = open(backend);
        ParameterStore store = new ParameterStore(context)) {
      store.group("a").add("b.c", i -> 0, 1);
      ParameterGroup other = store.group("a.b");
      assertThrows(IllegalArgumentException.class, () -> other.add("c", i -> 0, 1));
    }
  }
}

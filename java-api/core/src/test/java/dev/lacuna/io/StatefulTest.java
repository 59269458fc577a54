package dev.lacuna.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.autograd.Parameter;
import dev.lacuna.autograd.ParameterGroup;
import dev.lacuna.autograd.ParameterStore;
import dev.lacuna.autograd.Tape;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.kernels.RlsProjector.Form;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.optim.AdamW;
import dev.lacuna.optim.Optimizer;
import dev.lacuna.optim.Sgd;
import java.nio.file.Path;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Learning goes on from what was saved, to the bit. */
final class StatefulTest {
  @TempDir private Path folder;

  /** Two parameters, of which the second learns from the second step on only. */
  private static final class Model implements AutoCloseable {
    final ParameterStore store;
    final Parameter first;
    final Parameter second;
    final Optimizer optimizer;
    final Tape tape;

    Model(Context context, BiFunction<Context, ParameterGroup, Optimizer> open) {
      store = new ParameterStore(context);
      ParameterGroup group = store.group("g");
      first = group.add("first", i -> 0.1 * (i + 1), 3);
      second = group.add("second", i -> -0.3 * (i + 1), 2, 2);
      optimizer = open.apply(context, group);
      tape = new Tape(context);
    }

    void steps(int from, int to) {
      for (int step = from; step < to; step++) {
        tape.reset();
        store.zeroGrad();
        learn(first, step);
        if (step > 0) {
          learn(second, step);
        }
        optimizer.step(0.05);
      }
    }

    private void learn(Parameter parameter, int step) {
      var x = ElementwiseOp.affine(tape.use(parameter), 1 + 0.1 * step, 0.3);
      ReduceOp.sum(ElementwiseOp.mul(x, x), ReduceOp.Over.ALL).backward();
    }

    SafeTensors saved(Path file) {
      SafeTensors tensors = new SafeTensors();
      store.save("parameter.", tensors);
      optimizer.save("optimizer.", tensors);
      tensors.write(file);
      return SafeTensors.read(file);
    }

    @Override
    public void close() {
      tape.close();
      store.close();
    }
  }

  private static Optimizer sgd(Context context, ParameterGroup group) {
    return new Sgd(
        context, new Sgd.Options(0.9, 1e-2, Sgd.Decay.DECOUPLED, Sgd.Momentum.NESTEROV), group);
  }

  private static Optimizer adamW(Context context, ParameterGroup group) {
    return new AdamW(context, AdamW.Options.DEFAULT, group);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "reference-f64"})
  void anOptimiserGoesOnToTheBit(String backend) {
    goesOnToTheBit(backend, StatefulTest::sgd);
    goesOnToTheBit(backend, StatefulTest::adamW);
  }

  private void goesOnToTheBit(String backend, BiFunction<Context, ParameterGroup, Optimizer> open) {
    for (int stop = 0; stop < 4; stop++) {
      try (Context context = Lacuna.open(Device.parse(backend));
          Model through = new Model(context, open);
          Model until = new Model(context, open);
          Model from = new Model(context, open)) {
        through.steps(0, 4);
        until.steps(0, stop);
        SafeTensors file = until.saved(folder.resolve("state.safetensors"));
        from.store.load("parameter.", file);
        from.optimizer.load("optimizer.", file);
        from.steps(stop, 4);
        assertArrayEquals(through.first.get(), from.first.get(), "stopped at " + stop);
        assertArrayEquals(through.second.get(), from.second.get(), "stopped at " + stop);
      }
    }
  }

  @Test
  void whatDoesNotFitIsNamedAndChangesNothing() {
    try (Context context = Lacuna.open(Device.parse("reference"));
        Model model = new Model(context, StatefulTest::sgd)) {
      SafeTensors file = model.saved(folder.resolve("state.safetensors"));
      file.tensors()
          .put("parameter.g.second", new SafeTensors.Entry(new long[] {4}, new double[4]));
      file.tensors().put("parameter.g.first", new SafeTensors.Entry(new long[] {3}, new double[3]));
      double[] before = model.first.get();
      String message =
          assertThrows(IllegalArgumentException.class, () -> model.store.load("parameter.", file))
              .getMessage();
      assertEquals("tensor parameter.g.second is [4], want [2, 2]", message);
      assertArrayEquals(before, model.first.get());
      file.tensors().remove("optimizer.g.velocity");
      message =
          assertThrows(
                  IllegalArgumentException.class, () -> model.optimizer.load("optimizer.", file))
              .getMessage();
      assertTrue(
          message.startsWith("the file has no tensor optimizer.g.velocity; it has "), message);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "reference, POTTER, FRO", "reference, PLAIN, NONE", "reference, LOW_RANK, FRO",
    "reference-f64, POTTER, NONE", "reference-f64, PLAIN, FRO", "reference-f64, LOW_RANK, NONE"
  })
  void aProjectorGoesOnToTheBit(String backend, Form form, Norm norm) {
    int size = 12;
    for (int stop = 0; stop < 8; stop++) {
      try (Context context = Lacuna.open(Device.parse(backend));
          RlsProjector through = new RlsProjector(context, size, form, norm);
          RlsProjector until = new RlsProjector(context, size, form, norm);
          RlsProjector from = new RlsProjector(context, size, form, norm)) {
        absorb(through, 0, 8);
        absorb(until, 0, stop);
        absorb(from, 20, 27); // something else, perhaps in another form
        SafeTensors tensors = new SafeTensors();
        until.save("rls.", tensors);
        tensors.write(folder.resolve("rls.safetensors"));
        from.load("rls.", SafeTensors.read(folder.resolve("rls.safetensors")));
        assertEquals(until.form(), from.form());
        assertEquals(until.isFresh(), from.isFresh());
        absorb(from, stop, 8);
        assertEquals(through.absorbed(), from.absorbed());
        assertArrayEquals(through.matrix(), from.matrix(), form + " stopped at " + stop);
      }
    }
  }

  private static void absorb(RlsProjector projector, int from, int to) {
    for (int i = from; i < to; i++) {
      float[] r = new float[projector.size()];
      CounterRandom random = new CounterRandom(5, 1, i);
      for (int k = 0; k < r.length; k++) {
        r[k] = (float) random.normal(k);
      }
      projector.absorb(r, 0.1);
    }
  }
}

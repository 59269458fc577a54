package dev.lacuna.multimodal.cmg;

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
import dev.lacuna.autograd.Tensor;
import dev.lacuna.multimodal.cmg.ConvPath.Widths;
import dev.lacuna.multimodal.cmg.SpecificPath.Specific;
import dev.lacuna.ops.ElementwiseOp;
import dev.lacuna.ops.ReduceOp;
import dev.lacuna.optim.AdamW;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConvPathTest {
  private static final int CODE = 5;
  private static final Widths WIDTHS = new Widths(3, 4, 6);

  private static ConvPath path(ParameterStore store, int channels, int height, int width) {
    return new ConvPath(
        store.group("video.specific"),
        store.group("video.decoder"),
        "path",
        channels,
        height,
        width,
        CODE,
        WIDTHS,
        new CounterRandom(5, 0, 0));
  }

  private static Tensor wave(Tape tape, double pace, long... shape) {
    int count = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    double[] values = new double[count];
    Arrays.setAll(values, i -> Math.sin(pace * i));
    return tape.input(values, shape);
  }

  /** Sides of small maps and of pictures, even and odd, high and wide. */
  @ParameterizedTest
  @CsvSource({
    "7, 7, 3, 3",
    "5, 8, 1, 4",
    "28, 28, 7, 7",
    "9, 12, 3, 3",
    "24, 11, 6, 3",
    "13, 10, 4, 3"
  })
  void stepsComeBackToTheirSize(int height, int width, int mapHeight, int mapWidth) {
    try (Context context = Lacuna.open(Device.parse("reference"));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ConvPath path = path(store, 2, height, width);
      Specific specific = path.encode(wave(tape, 0.7, 3, 2, height, width));
      assertArrayEquals(new long[] {3, 4, mapHeight, mapWidth}, specific.map().shape());
      assertArrayEquals(new long[] {4, mapHeight, mapWidth}, path.mapShape());
      assertArrayEquals(new long[] {3, path.features()}, specific.feature().shape());
      Tensor again = path.decode(wave(tape, 0.3, 3, CODE), specific.map());
      assertArrayEquals(new long[] {3, 2L * height * width}, again.shape());
    }
  }

  @Test
  void stepsTooSmallAreRefused() {
    try (Context context = Lacuna.open(Device.parse("reference"));
        ParameterStore store = new ParameterStore(context)) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> path(store, 1, 4, 8)).getMessage();
      assertEquals("path has steps of 4 x 8, want at least 5 x 5", message);
    }
  }

  private static Tensor error(ConvPath path, Tape tape) {
    Tensor x = wave(tape, 0.7, 2, 2, 7, 6);
    Specific specific = path.encode(x);
    Tensor again = path.decode(wave(tape, 0.3, 2, CODE), specific.map());
    Tensor difference = ElementwiseOp.sub(again, x.flatten());
    Tensor feature = ElementwiseOp.mul(specific.feature(), specific.feature());
    return ElementwiseOp.add(
        ReduceOp.mean(ElementwiseOp.mul(difference, difference), ReduceOp.Over.ALL),
        ReduceOp.mean(feature, ReduceOp.Over.ALL));
  }

  @Test
  void gradientsAreThoseOfDifferences() {
    try (Context context = Lacuna.open(Device.parse("reference-f64"));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ConvPath path = path(store, 2, 7, 6);
      error(path, tape).backward();
      for (Parameter parameter : store.parameters()) {
        double[] gradient = parameter.grad();
        double[] value = parameter.get();
        int step = Math.max(1, value.length / 7);
        for (int i = 0; i < value.length; i += step) {
          double difference = difference(path, context, parameter, value, i);
          assertEquals(difference, gradient[i], 2e-6, parameter.name() + " " + i);
        }
      }
    }
  }

  private static double difference(
      ConvPath path, Context context, Parameter parameter, double[] value, int i) {
    double step = 1e-6;
    double[] moved = value.clone();
    moved[i] = value[i] + step;
    parameter.set(moved);
    double above = error(path, context);
    moved[i] = value[i] - step;
    parameter.set(moved);
    double below = error(path, context);
    parameter.set(value);
    return (above - below) / (2 * step);
  }

  private static double error(ConvPath path, Context context) {
    try (Tape tape = new Tape(context)) {
      return error(path, tape).toDoubleArray()[0];
    }
  }

  @Test
  void learnsToReconstruct() {
    try (Context context = Lacuna.open(Device.parse("reference"));
        ParameterStore store = new ParameterStore(context);
        Tape tape = new Tape(context)) {
      ConvPath path = path(store, 2, 7, 6);
      ParameterGroup[] groups = store.groups().toArray(ParameterGroup[]::new);
      AdamW adam = new AdamW(context, AdamW.Options.DEFAULT, groups);
      double before = error(path, context);
      for (int i = 0; i < 60; i++) {
        tape.reset();
        store.zeroGrad();
        error(path, tape).backward();
        adam.step(0.01);
      }
      double after = error(path, context);
      assertTrue(after < 0.5 * before, before + " became " + after);
    }
  }
}

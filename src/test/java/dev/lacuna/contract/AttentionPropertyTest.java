package dev.lacuna.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.CounterRandom;
import dev.lacuna.LacunaException;
import dev.lacuna.kernels.Precision;
import dev.lacuna.kernels.ReadOnlyAttention;
import dev.lacuna.kernels.ReadOnlyAttention.Array;
import dev.lacuna.kernels.ReadOnlyAttention.Arrays;
import dev.lacuna.kernels.ReadOnlyAttention.Options;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.kernels.ReadOnlyAttention.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What must hold of read-only attention whatever the numbers are, through the tape-free door. */
final class AttentionPropertyTest {
  private static final int B = 2;
  private static final int H = 3;
  private static final int N = 261;
  private static final int P = 19;
  private static final int D = 24;
  private static final Shape SHAPE = new Shape(B, H, N, P, D);
  private static final Shape WITHOUT_PROMPTS = new Shape(B, H, N, 0, D);

  static List<Target> targets() {
    return PropertyTest.targets();
  }

  private static float[] normal(int stream, int tokens) {
    CounterRandom random = new CounterRandom(3, stream, 0);
    float[] values = new float[B * tokens * H * D];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.normal(i);
    }
    return values;
  }

  private final float[] q = normal(0, N);
  private final float[] k = normal(1, N);
  private final float[] v = normal(2, N);
  private final float[] promptQ = normal(3, P);
  private final float[] promptK = normal(4, P);
  private final float[] promptV = normal(5, P);
  private final float[] out = new float[B * N * H * D];
  private final float[] lse = new float[B * H * N];
  private final float[] promptOut = new float[B * P * H * D];
  private final float[] promptLse = new float[B * H * P];

  private Arrays inputs() {
    return new Arrays()
        .set(Array.Q, q)
        .set(Array.K, k)
        .set(Array.V, v)
        .set(Array.OUT, out)
        .set(Array.LSE, lse);
  }

  private Arrays both() {
    return inputs()
        .set(Array.PROMPT_Q, promptQ)
        .set(Array.PROMPT_K, promptK)
        .set(Array.PROMPT_V, promptV)
        .set(Array.PROMPT_OUT, promptOut)
        .set(Array.PROMPT_LSE, promptLse);
  }

  @ParameterizedTest
  @MethodSource("targets")
  void promptsDoNotChangeABitOfTheInputs(Target target) {
    try (Context context = target.open()) {
      for (Precision precision : Precision.values()) {
        Options options = Options.DEFAULT.withPrecision(precision);
        ReadOnlyAttention.forward(context, WITHOUT_PROMPTS, options, inputs());
        float[] alone = out.clone();
        float[] aloneLse = lse.clone();
        for (Prompts prompts : Prompts.values()) {
          ReadOnlyAttention.forward(context, SHAPE, options.withPrompts(prompts), both());
          assertArrayEquals(alone, out, target + " " + prompts + " " + precision);
          assertArrayEquals(aloneLse, lse, target + " " + prompts + " " + precision);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void promptsAloneReadTheSameBits(Target target) {
    try (Context context = target.open()) {
      for (Prompts prompts : Prompts.values()) {
        Options options = Options.DEFAULT.withPrompts(prompts);
        ReadOnlyAttention.forward(context, SHAPE, options, both());
        float[] together = promptOut.clone();
        ReadOnlyAttention.forward(
            context, SHAPE, options, both().remove(Array.Q).remove(Array.OUT).remove(Array.LSE));
        assertArrayEquals(together, promptOut, target + " " + prompts);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void aMaskOfOnesChangesNothing(Target target) {
    byte[] ones = new byte[B * N];
    java.util.Arrays.fill(ones, (byte) 1);
    try (Context context = target.open()) {
      ReadOnlyAttention.forward(context, SHAPE, Options.DEFAULT, both());
      float[] without = out.clone();
      float[] promptWithout = promptOut.clone();
      ReadOnlyAttention.forward(context, SHAPE, Options.DEFAULT, both().set(Array.KEY_MASK, ones));
      assertArrayEquals(without, out, target.toString());
      assertArrayEquals(promptWithout, promptOut, target.toString());
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void permutingThePromptsPermutesWhatTheyRead(Target target) {
    int[] order = new CounterRandom(3, 9, 0).permutation(P);
    try (Context context = target.open()) {
      ReadOnlyAttention.forward(context, SHAPE, Options.DEFAULT, both());
      float[] wanted = permuted(promptOut, order);
      ReadOnlyAttention.forward(
          context, SHAPE, Options.DEFAULT, both().set(Array.PROMPT_Q, permuted(promptQ, order)));
      assertArrayEquals(wanted, promptOut, target.toString());
    }
  }

  private static float[] permuted(float[] rows, int[] order) {
    float[] permuted = new float[rows.length];
    for (int i = 0; i < B * P; i++) {
      int from = i / P * P + order[i % P];
      System.arraycopy(rows, from * H * D, permuted, i * H * D, H * D);
    }
    return permuted;
  }

  @ParameterizedTest
  @MethodSource("targets")
  void everyModeIsADenselyMaskedSoftmax(Target target) {
    byte[] mask = new byte[B * N];
    double[] wideMask = new double[B * N];
    CounterRandom random = new CounterRandom(3, 10, 0);
    for (int i = 0; i < mask.length; i++) {
      mask[i] = (byte) (i < N ? 0 : Math.min(random.below(i, 3), 1));
      wideMask[i] = mask[i];
    }
    try (Context context = target.open()) {
      for (Prompts prompts : Prompts.values()) {
        Arrays arrays = both().set(Array.KEY_MASK, mask);
        ReadOnlyAttention.forward(context, SHAPE, Options.DEFAULT.withPrompts(prompts), arrays);
        DenseAttention dense = new DenseAttention(B, H, N, P, D, prompts.code(), 1 / Math.sqrt(D));
        String title = target + " " + prompts;
        for (boolean ofPrompts : new boolean[] {false, true}) {
          DenseAttention.Result wanted =
              dense.read(
                  ofPrompts,
                  wide(ofPrompts ? promptQ : q),
                  wide(k),
                  wide(v),
                  wideMask,
                  wide(promptK),
                  wide(promptV));
          close(wanted.out(), ofPrompts ? promptOut : out, title);
          close(wanted.lse(), ofPrompts ? promptLse : lse, title);
        }
        // The first entry is all padding.
        assertEquals(Float.NEGATIVE_INFINITY, lse[0], title);
        assertEquals(0, out[0], title);
      }
    }
  }

  private static double[] wide(float[] values) {
    double[] wide = new double[values.length];
    java.util.Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  private static void close(double[] wanted, float[] got, String title) {
    for (int i = 0; i < wanted.length; i++) {
      assertTrue(
          got[i] == wanted[i] || Math.abs(got[i] - wanted[i]) <= 4e-6,
          title + " [" + i + "] is " + got[i] + ", want " + wanted[i]);
    }
  }

  // The door on back ends that read the caller's own memory.

  private static void refused(Target target, String text, Executable call) {
    LacunaException e = assertThrows(LacunaException.class, call, target.toString());
    assertTrue(e.getMessage().contains(text), e.getMessage());
  }

  @ParameterizedTest
  @MethodSource("targets")
  void heapArraysBuffersAndSegmentsGiveTheSameBits(Target target) {
    try (Context context = target.open();
        Arena arena = Arena.ofConfined()) {
      ReadOnlyAttention.forward(context, WITHOUT_PROMPTS, Options.DEFAULT, inputs());
      MemorySegment segment = arena.allocate(4L * out.length, 4);
      Arrays arrays =
          new Arrays()
              .set(Array.Q, arena.allocateFrom(ValueLayout.JAVA_FLOAT, q))
              .set(Array.K, FloatBuffer.wrap(k))
              .set(
                  Array.V,
                  arena
                      .allocateFrom(ValueLayout.JAVA_FLOAT, v)
                      .asByteBuffer()
                      .order(java.nio.ByteOrder.nativeOrder())
                      .asFloatBuffer())
              .set(Array.OUT, segment);
      ReadOnlyAttention.forward(context, WITHOUT_PROMPTS, Options.DEFAULT, arrays);
      assertArrayEquals(out, segment.toArray(ValueLayout.JAVA_FLOAT), target.toString());
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void memoryThatWouldCrashIsRefused(Target target) throws Exception {
    try (Context context = target.open();
        Arena arena = Arena.ofShared()) {
      MemorySegment room = arena.allocate(4L * out.length + 4, 4);
      refused(
          target,
          "out has",
          () -> run(context, inputs().set(Array.OUT, room.asSlice(0, 4L * out.length - 4))));
      refused(
          target,
          "out is not aligned",
          () -> run(context, inputs().set(Array.OUT, room.asSlice(1, 4L * out.length))));
      refused(
          target,
          "out is read-only",
          () -> run(context, inputs().set(Array.OUT, room.asReadOnly())));
      refused(
          target,
          "lse overlaps out",
          () -> run(context, inputs().set(Array.OUT, room).set(Array.LSE, room.asSlice(64))));
      refused(
          target,
          "want at least",
          () ->
              ReadOnlyAttention.forward(
                  context, new Shape(1, 1, 1L << 40, 0, 1L << 10), Options.DEFAULT, inputs()));
      try (Arena confined = Arena.ofConfined()) {
        Arrays arrays = inputs().set(Array.OUT, confined.allocate(4L * out.length, 4));
        CompletableFuture.runAsync(
                () -> refused(target, "another thread", () -> run(context, arrays)))
            .get();
      }
    }
  }

  private static void run(Context context, Arrays arrays) {
    ReadOnlyAttention.forward(context, WITHOUT_PROMPTS, Options.DEFAULT, arrays);
  }
}

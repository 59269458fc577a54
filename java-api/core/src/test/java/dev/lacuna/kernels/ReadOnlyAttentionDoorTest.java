package dev.lacuna.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.kernels.ReadOnlyAttention.Array;
import dev.lacuna.kernels.ReadOnlyAttention.Arrays;
import dev.lacuna.kernels.ReadOnlyAttention.Options;
import dev.lacuna.kernels.ReadOnlyAttention.Prompts;
import dev.lacuna.kernels.ReadOnlyAttention.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention without a tape, on every kind of array that a caller may hold. */
@ParameterizedClass
@MethodSource("dev.lacuna.kernels.DoorBackends#names")
final class ReadOnlyAttentionDoorTest {
  /** One entry, one head, two inputs, one prompt, heads of two numbers. */
  private static final Shape SHAPE = new Shape(1, 1, 2, 1, 2);

  private static final Options UNSCALED = Options.DEFAULT.withScale(1);
  private static final float[] UNTOUCHED = {-7, -7, -7, -7};

  @Parameter private String backend = "";
  private Context context;
  private Arena arena;

  @BeforeEach
  void open() {
    context = Lacuna.open(Device.parse(backend));
    arena = Arena.ofShared();
  }

  @AfterEach
  void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
    context.close();
  }

  private void refused(String text, Executable call) {
    DoorBackends.refused(context, text, call);
  }

  /** Keys so far apart that each input reads the one that is like it, and the prompt the second. */
  private static Arrays farApart() {
    return new Arrays()
        .set(Array.Q, new float[] {100, 0, 0, 100})
        .set(Array.K, new float[] {1, 0, 0, 1})
        .set(Array.V, new float[] {1, 2, 3, 4})
        .set(Array.PROMPT_Q, new float[] {0, 100});
  }

  private void forward(Arrays arrays) {
    ReadOnlyAttention.forward(context, SHAPE, UNSCALED, arrays);
  }

  @Test
  void inputsAndPromptsReadTheInputs() {
    float[] out = UNTOUCHED.clone();
    float[] lse = new float[2];
    float[] promptOut = new float[2];
    float[] promptLse = new float[1];
    forward(
        farApart()
            .set(Array.OUT, out)
            .set(Array.LSE, lse)
            .set(Array.PROMPT_OUT, promptOut)
            .set(Array.PROMPT_LSE, promptLse));
    assertArrayEquals(new float[] {1, 2, 3, 4}, out);
    assertArrayEquals(new float[] {100, 100}, lse);
    assertArrayEquals(new float[] {3, 4}, promptOut);
    assertArrayEquals(new float[] {100}, promptLse);
  }

  @Test
  void aMaskOfFloatsAndQueriesOfBytesAreRefused() {
    refused("key_mask is given as floats", () -> farApart().set(Array.KEY_MASK, new float[2]));
    refused("q is given as bytes", () -> farApart().set(Array.Q, new byte[16]));
    Arrays arrays = farApart().set(Array.KEY_MASK, MemorySegment.ofArray(new float[2]));
    arrays.set(Array.OUT, new float[4]).set(Array.PROMPT_OUT, new float[2]);
    refused("key_mask is a float[], want byte[]", () -> forward(arrays));
  }

  @Test
  @Timeout(10)
  void headsOfNoWidthAreReadAtOnceHoweverManyTheyAre() {
    Arrays none = new Arrays();
    for (Array array : new Array[] {Array.Q, Array.K, Array.V, Array.OUT}) {
      none.set(array, new float[0]);
    }
    ReadOnlyAttention.forward(context, new Shape(1, 1L << 40, 1, 0, 0), UNSCALED, none);
    refused("beyond 2^63", () -> new Shape(1L << 40, 0, 1L << 40, 0, 1));
  }

  @Test
  void promptsAloneReadKeptKeysAndValues() {
    float[] promptOut = new float[2];
    forward(farApart().remove(Array.Q).set(Array.PROMPT_OUT, promptOut));
    assertArrayEquals(new float[] {3, 4}, promptOut);
  }

  @Test
  void paddingIsNotRead() {
    float[] out = UNTOUCHED.clone();
    Arrays arrays = farApart().remove(Array.PROMPT_Q).set(Array.OUT, out);
    forward(arrays.set(Array.KEY_MASK, new byte[] {1, 0}));
    assertArrayEquals(new float[] {1, 2, 1, 2}, out);
    forward(arrays.set(Array.KEY_MASK, new byte[] {0, 0}));
    assertArrayEquals(new float[4], out);
    refused("key_mask", () -> forward(arrays.set(Array.KEY_MASK, new byte[] {1, 2})));
  }

  @Test
  void theScaleIsOneByTheRootOfTheWidth() {
    float[] lse = new float[1];
    Arrays arrays =
        new Arrays()
            .set(Array.Q, new float[] {1, 1, 1, 1})
            .set(Array.K, new float[] {1, 2, 3, 4})
            .set(Array.V, new float[4])
            .set(Array.OUT, new float[4])
            .set(Array.LSE, lse);
    ReadOnlyAttention.forward(context, new Shape(1, 1, 1, 0, 4), Options.DEFAULT, arrays);
    assertEquals(5, lse[0], 1e-6);
  }

  @Test
  void gradientsFollowTheForwardPass() {
    float[] out = new float[4];
    float[] lse = new float[2];
    float[] dq = UNTOUCHED.clone();
    float[] dk = UNTOUCHED.clone();
    float[] dv = UNTOUCHED.clone();
    Arrays arrays =
        new Arrays()
            .set(Array.Q, new float[4])
            .set(Array.K, new float[] {1, 0, 0, 1})
            .set(Array.V, new float[] {1, 2, 3, 6})
            .set(Array.OUT, out)
            .set(Array.LSE, lse)
            .set(Array.DOUT, new float[] {1, 1, 0, 0})
            .set(Array.DQ, dq)
            .set(Array.DK, dk)
            .set(Array.DV, dv);
    forward(arrays);
    assertArrayEquals(new float[] {2, 4, 2, 4}, out, 1e-6f);
    ReadOnlyAttention.backward(context, SHAPE, UNSCALED, arrays);
    // Both weights are 1/2, their slopes 1/2 (3 - 6) and 1/2 (9 - 6).
    assertArrayEquals(new float[] {-1.5f, 1.5f, 0, 0}, dq, 1e-6f);
    assertArrayEquals(new float[4], dk, 1e-6f);
    assertArrayEquals(new float[] {0.5f, 0.5f, 0.5f, 0.5f}, dv, 1e-6f);
    refused(
        "lse is",
        () -> ReadOnlyAttention.backward(context, SHAPE, UNSCALED, arrays.remove(Array.LSE)));
  }

  @Test
  void buffersAndSegmentsAreWrittenWhereTheyLie() {
    FloatBuffer direct =
        ByteBuffer.allocateDirect(20).order(ByteOrder.nativeOrder()).asFloatBuffer();
    forward(farApart().remove(Array.PROMPT_Q).set(Array.OUT, direct.position(1)));
    float[] padded = new float[5];
    direct.get(0, padded);
    assertArrayEquals(new float[] {0, 1, 2, 3, 4}, padded);
    MemorySegment segment = arena.allocate(16, 4);
    forward(farApart().remove(Array.PROMPT_Q).set(Array.OUT, segment));
    assertArrayEquals(new float[] {1, 2, 3, 4}, segment.toArray(ValueLayout.JAVA_FLOAT));
  }

  @Test
  void arraysThatAreMissingAreNamed() {
    refused("q is null", () -> new Arrays().set(Array.Q, (float[]) null));
    refused("key_mask is null", () -> new Arrays().set(Array.KEY_MASK, (byte[]) null));
    refused("dk is null", () -> new Arrays().set(Array.DK, (MemorySegment) null));
    refused("k is missing", () -> forward(farApart().remove(Array.K)));
    refused("out", () -> forward(farApart().remove(Array.PROMPT_Q)));
    refused("prompt_out", () -> forward(farApart().remove(Array.Q)));
    Arrays arrays = farApart().remove(Array.Q).set(Array.PROMPT_OUT, new float[2]);
    refused(
        "prompt_k",
        () ->
            ReadOnlyAttention.forward(context, SHAPE, UNSCALED.withPrompts(Prompts.FULL), arrays));
  }

  @Test
  void arraysThatAreTooSmallAreNamed() {
    refused(
        "k has 3 elements, want at least 4",
        () -> forward(farApart().set(Array.K, new float[3]).set(Array.OUT, new float[4])));
    refused(
        "key_mask has 1 elements, want at least 2",
        () -> forward(farApart().set(Array.KEY_MASK, new byte[1]).set(Array.OUT, new float[4])));
    refused(
        "lse has 1",
        () -> forward(farApart().set(Array.OUT, new float[4]).set(Array.LSE, new float[1])));
  }

  @Test
  void resultsThatOverlapAreRefused() {
    float[] shared = UNTOUCHED.clone();
    refused(
        "out overlaps v", () -> forward(farApart().set(Array.V, shared).set(Array.OUT, shared)));
    MemorySegment all = arena.allocate(28, 4);
    refused(
        "lse overlaps out",
        () -> forward(farApart().set(Array.OUT, all).set(Array.LSE, all.asSlice(12))));
    assertArrayEquals(UNTOUCHED, shared);
  }

  @Test
  void memoryThatCannotBeUsedIsRefused() throws Exception {
    MemorySegment readOnly = arena.allocate(16, 4).asReadOnly();
    refused("out is read-only", () -> forward(farApart().set(Array.OUT, readOnly)));
    refused(
        "q is not aligned",
        () -> forward(farApart().set(Array.Q, arena.allocate(20, 4).asSlice(1))));
    try (Arena confined = Arena.ofConfined()) {
      Arrays arrays = farApart().set(Array.V, confined.allocate(16, 4));
      CompletableFuture.runAsync(
              () -> refused("v belongs to another thread", () -> forward(arrays)))
          .get();
    }
    MemorySegment closed = arena.allocate(16, 4);
    arena.close();
    refused("out is closed", () -> forward(farApart().set(Array.OUT, closed)));
  }

  @Test
  void shapesBeyondMemoryAreRefused() {
    refused("want >= 0", () -> new Shape(1, 1, -2, 0, 4));
    refused("beyond 2^63 bytes", () -> new Shape(1L << 31, 1L << 31, 4, 0, 1));
    refused("beyond 2^63 bytes", () -> new Shape(1, 1, 1L << 61, 0, 0));
    Shape large = new Shape(1, 1, 1L << 32, 0, 2);
    refused(
        "has 4 elements, want at least 8589934592",
        () ->
            ReadOnlyAttention.forward(
                context, large, UNSCALED, farApart().set(Array.OUT, new float[4])));
  }

  @Test
  void aScaleThatIsNotPositiveIsRefused() {
    Arrays arrays = farApart().remove(Array.PROMPT_Q).set(Array.OUT, new float[4]);
    for (double scale : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      refused(
          "scale",
          () ->
              ReadOnlyAttention.forward(context, SHAPE, Options.DEFAULT.withScale(scale), arrays));
    }
  }
}

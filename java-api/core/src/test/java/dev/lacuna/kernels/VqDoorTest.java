package dev.lacuna.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Vector quantisation without the tape, on every kind of array that a caller may hold. */
@ParameterizedClass
@MethodSource("dev.lacuna.kernels.DoorBackends#names")
final class VqDoorTest {
  private static final float[] CODES = {1, 1, 0, 0};
  private static final float[] ROWS = {0.1f, 0.2f, 0.9f, 1.2f, 0, 0};
  private static final int[] NEAREST = {1, 0, 1};

  @Parameter private String backend = "";
  private Context context;
  private VqCodebook codebook;
  private Arena arena;

  @BeforeEach
  void open() {
    context = Lacuna.open(Device.parse(backend));
    codebook = new VqCodebook(context, 1, 2, 2, VqOptions.DEFAULT);
    codebook.init(CODES);
    arena = Arena.ofShared();
  }

  @AfterEach
  void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
    codebook.close();
    context.close();
  }

  private void refused(String text, Executable call) {
    DoorBackends.refused(context, text, call);
  }

  private static FloatBuffer direct(ByteOrder order, float... values) {
    return ByteBuffer.allocateDirect(4 * values.length).order(order).asFloatBuffer().put(0, values);
  }

  private static IntBuffer directInts(ByteOrder order, int count) {
    return ByteBuffer.allocateDirect(4 * count).order(order).asIntBuffer();
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void arraysBuffersAndSegmentsAreSearched(Precision search) {
    int[] index = new int[3];
    codebook.search(ROWS, 3, index, null, search);
    assertArrayEquals(NEAREST, index);
    IntBuffer found = directInts(ByteOrder.nativeOrder(), 3);
    codebook.search(direct(ByteOrder.nativeOrder(), ROWS), 3, found, null, search);
    found.get(0, index);
    assertArrayEquals(NEAREST, index);
    IntBuffer from = IntBuffer.wrap(new int[] {7, 7, 7, 7}).position(1);
    FloatBuffer distance = FloatBuffer.allocate(3);
    VqNearest.search(
        context, FloatBuffer.wrap(ROWS), 3, 2, FloatBuffer.wrap(CODES), 2, from, distance, search);
    assertArrayEquals(new int[] {7, 1, 0, 1}, from.array());
    assertArrayEquals(new float[] {0.05f, 0.05f, 0}, distance.array(), 1e-6f);
    float[] squared = new float[3];
    codebook.search(ROWS, 3, index, squared, search);
    assertArrayEquals(new float[] {0.05f, 0.05f, 0}, squared, 1e-6f);
    FloatBuffer behind = FloatBuffer.allocate(4).position(1);
    codebook.search(FloatBuffer.wrap(ROWS), 3, IntBuffer.wrap(index), behind, search);
    assertArrayEquals(new float[] {0, 0.05f, 0.05f, 0}, behind.array(), 1e-6f);
    MemorySegment segment = arena.allocate(12, 4);
    codebook.search(MemorySegment.ofArray(ROWS), 3, segment, null, search);
    assertArrayEquals(NEAREST, segment.toArray(ValueLayout.JAVA_INT));
  }

  @Test
  void arraysThatAreNullAreRefused() {
    int[] index = new int[3];
    refused("z is null", () -> codebook.search((float[]) null, 3, index, null, Precision.EXACT));
    refused("index is null", () -> codebook.search(ROWS, 3, (int[]) null, null, Precision.EXACT));
    refused("z is null", () -> codebook.update((float[]) null, index, 3));
    refused("index is null", () -> codebook.update(ROWS, (int[]) null, 3));
    refused("codebook is null", () -> VqNearest.search(context, ROWS, 3, 2, null, 2, index, null));
  }

  @Test
  void arraysThatAreTooSmallAreRefused() {
    refused("z has 6", () -> codebook.search(ROWS, 4, new int[4], null, Precision.EXACT));
    refused("index has 2", () -> codebook.search(ROWS, 3, new int[2], null, Precision.FAST));
    refused("z has 6", () -> codebook.update(ROWS, new int[4], 4));
    refused("index has 2", () -> codebook.update(ROWS, new int[2], 3));
    refused("z would be", () -> codebook.update(ROWS, new int[3], -1));
    assertUntouched();
  }

  private void assertUntouched() {
    VqCodebook.State state = codebook.state();
    assertArrayEquals(CODES, state.codebook());
    assertArrayEquals(CODES, state.sums());
    assertArrayEquals(new float[] {1, 1}, state.counts());
    assertArrayEquals(new int[] {0, 0}, state.ages());
  }

  @Test
  void sizesBeyondMemoryAreRefused() {
    MemorySegment few = arena.allocate(64, 64);
    refused("z has 16", () -> codebook.search(few, 1L << 40, few, null, Precision.EXACT));
    refused("beyond 2^63", () -> codebook.search(few, 1L << 62, few, null, Precision.EXACT));
    refused("z has 16", () -> codebook.update(few, few, 1L << 32));
    assertThrows(
        IllegalArgumentException.class,
        () -> new VqCodebook(context, 2, 1 << 20, 1 << 10, VqOptions.DEFAULT));
  }

  @Test
  void memoryThatCannotBeUsedIsRefused() throws Exception {
    MemorySegment z = arena.allocateFrom(ValueLayout.JAVA_FLOAT, ROWS);
    MemorySegment index = arena.allocate(12, 4);
    refused("index overlaps z", () -> codebook.search(z, 3, z.asSlice(8), null, Precision.EXACT));
    refused(
        "index is read-only",
        () -> codebook.search(z, 3, index.asReadOnly(), null, Precision.EXACT));
    refused(
        "z is not aligned",
        () -> codebook.search(arena.allocate(28, 4).asSlice(2), 3, index, null, Precision.EXACT));
    refused("index is not aligned", () -> codebook.update(z, arena.allocate(16, 4).asSlice(1), 3));
    ByteOrder other =
        ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
            ? ByteOrder.BIG_ENDIAN
            : ByteOrder.LITTLE_ENDIAN;
    refused(
        "byte order",
        () ->
            codebook.search(
                FloatBuffer.wrap(ROWS), 3, directInts(other, 3), null, Precision.EXACT));
    refused(
        "byte order", () -> codebook.update(direct(other, ROWS), IntBuffer.wrap(new int[3]), 3));
    try (Arena confined = Arena.ofConfined()) {
      MemorySegment foreign = confined.allocate(12, 4);
      CompletableFuture.runAsync(
              () -> refused("index belongs to another", () -> codebook.update(z, foreign, 3)))
          .get();
    }
    arena.close();
    refused("z is closed", () -> codebook.update(z, index, 3));
    assertUntouched();
  }

  @Test
  void wrongIndicesAndNumbersChangeNothing() {
    refused("index[1] is 2", () -> codebook.update(ROWS, new int[] {0, 2, 1}, 3));
    refused("index[2] is -2", () -> codebook.update(ROWS, new int[] {0, 1, -2}, 3));
    int[] index = {-5, -5, -5};
    float[] bad = ROWS.clone();
    bad[3] = Float.NaN;
    for (Precision search : Precision.values()) {
      refused("z[1, 1]", () -> codebook.search(bad, 3, index, null, search));
    }
    assertArrayEquals(new int[] {-5, -5, -5}, index);
    assertUntouched();
  }

  @Test
  void optionsOutOfRangeAreRefused() {
    VqOptions options = VqOptions.DEFAULT;
    assertThrows(IllegalArgumentException.class, () -> options.withDecay(1.1));
    assertThrows(IllegalArgumentException.class, () -> options.withDecay(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> options.withInitialCount(-1));
    assertThrows(
        IllegalArgumentException.class,
        () -> options.withSmoothing(VqOptions.Smoothing.NONE, -1e-5));
    assertThrows(IllegalArgumentException.class, () -> new VqOptions.Reset(10, 11, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> new VqOptions.Reset(10, 5, -1, 1));
    assertThrows(IllegalArgumentException.class, () -> new VqOptions.Reset(10, 5, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> new VqCodebook(context, 0, 2, 2, options));
    assertThrows(IllegalArgumentException.class, () -> new VqCodebook(context, 1, 0, 2, options));
    assertThrows(IllegalArgumentException.class, () -> codebook.init(new float[3]));
  }

  @Test
  void aStateThatNoCodebookCanHaveIsRefusedAndChangesNothing() {
    VqCodebook.State state = codebook.state();
    float[] broken = {0, Float.NaN, 0, 0};
    refused("codebook[1] is NaN", () -> codebook.init(broken));
    refused(
        "sums[1] is NaN",
        () ->
            codebook.restore(new VqCodebook.State(CODES, broken, state.counts(), state.ages(), 0)));
    refused(
        "code 1 has count 1.0 and age -3",
        () ->
            codebook.restore(
                new VqCodebook.State(CODES, CODES, new float[] {1, 1}, new int[] {0, -3}, 0)));
    assertArrayEquals(CODES, codebook.state().codebook());
    assertArrayEquals(state.sums(), codebook.state().sums());
  }

  @Test
  void sizesWhoseProductOverflowsAreRefused() {
    refused(
        "n is " + Long.MAX_VALUE,
        () -> {
          try (VqCodebook two = new VqCodebook(context, 2, 2, 2, VqOptions.DEFAULT)) {
            MemorySegment some = arena.allocate(64);
            two.update(some, some.asSlice(32), Long.MAX_VALUE);
          }
        });
    assertThrows(
        IllegalArgumentException.class,
        () -> new VqCodebook(context, 1 << 29, 1 << 18, 1 << 17, VqOptions.DEFAULT));
  }

  @Test
  void aStateContinuesWhereItWasTaken() {
    codebook.update(ROWS, NEAREST, 3);
    assertEquals(0, codebook.replaceDead());
    VqCodebook.State state = codebook.state();
    codebook.update(ROWS, NEAREST, 3);
    codebook.replaceDead();
    VqCodebook.State wanted = codebook.state();
    try (VqCodebook other = new VqCodebook(context, 1, 2, 2, VqOptions.DEFAULT)) {
      other.restore(state);
      other.update(ROWS, NEAREST, 3);
      other.replaceDead();
      assertArrayEquals(wanted.codebook(), other.state().codebook(), 1e-6f);
      assertArrayEquals(wanted.counts(), other.state().counts(), 1e-6f);
      assertArrayEquals(wanted.ages(), other.state().ages());
      assertEquals(2, other.state().step());
    }
  }

  @Test
  void aClosedCodebookIsRefusedAndClosedTwiceIsFine() {
    codebook.close();
    codebook.close();
    refused("this codebook is closed", () -> codebook.update(ROWS, NEAREST, 3));
    refused("this codebook is closed", codebook::state);
  }
}

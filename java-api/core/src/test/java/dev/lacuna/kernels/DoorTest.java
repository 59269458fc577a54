package dev.lacuna.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.kernels.RlsProjector.Norm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The tape-free functions on every kind of array that a caller may hold. */
@ParameterizedClass
@MethodSource("dev.lacuna.kernels.DoorBackends#names")
final class DoorTest {
  @Parameter private String backend = "";
  private Context context;
  private RlsProjector projector;
  private Arena arena;

  @BeforeEach
  void open() {
    context = Lacuna.open(Device.parse(backend));
    projector = new RlsProjector(context, 2, Norm.NONE);
    arena = Arena.ofShared();
  }

  @AfterEach
  void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
    projector.close();
    context.close();
  }

  private void refused(String text, Executable call) {
    DoorBackends.refused(context, text, call);
  }

  /** P = diag(1/2, 1) after absorbing (1, 0) with alpha 1. */
  private void absorbFirstAxis() {
    projector.absorb(new float[] {1, 0}, 1);
  }

  private static final float[] GRADIENT = {4, 6, -2, 1};
  private static final float[] PROJECTED = {2, 6, -1, 1};

  @Test
  void floatArraysAreProjected() {
    absorbFirstAxis();
    float[] gradient = GRADIENT.clone();
    projector.project(gradient, 2);
    assertArrayEquals(PROJECTED, gradient, 1e-6f);
    assertArrayEquals(new double[] {0.5, 0, 0, 1}, projector.matrix(), 1e-7);
    assertEquals(1, projector.absorbed());
    projector.reset();
    assertArrayEquals(new double[] {1, 0, 0, 1}, projector.matrix());
    assertEquals(0, projector.absorbed());
  }

  @Test
  void buffersAreReadFromTheirPosition() {
    projector.absorb(FloatBuffer.wrap(new float[] {9, 9, 1, 0}).position(2), 1);
    float[] padded = {7, 4, 6, -2, 1, 7};
    projector.project(FloatBuffer.wrap(padded).position(1), 2);
    assertArrayEquals(new float[] {7, 2, 6, -1, 1, 7}, padded, 1e-6f);
  }

  @Test
  void directBuffersAreProjected() {
    FloatBuffer r = direct(ByteOrder.nativeOrder(), 1, 0);
    projector.absorb(r, 1);
    FloatBuffer gradient = direct(ByteOrder.nativeOrder(), GRADIENT);
    projector.project(gradient, 2);
    float[] result = new float[4];
    gradient.get(0, result);
    assertArrayEquals(PROJECTED, result, 1e-6f);
  }

  @Test
  void viewsOfHeapByteBuffersAreProjected() {
    absorbFirstAxis();
    FloatBuffer gradient =
        ByteBuffer.allocate(16).order(ByteOrder.nativeOrder()).asFloatBuffer().put(0, GRADIENT);
    projector.project(gradient, 2);
    float[] result = new float[4];
    gradient.get(0, result);
    assertArrayEquals(PROJECTED, result, 1e-6f);
  }

  @Test
  void buffersInTheOtherByteOrderAreRefused() {
    ByteOrder other =
        ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
            ? ByteOrder.BIG_ENDIAN
            : ByteOrder.LITTLE_ENDIAN;
    refused("byte order", () -> projector.absorb(direct(other, 1, 0), 1));
    refused("byte order", () -> projector.project(direct(other, GRADIENT), 2));
    assertEquals(0, projector.absorbed());
  }

  private static FloatBuffer direct(ByteOrder order, float... values) {
    return ByteBuffer.allocateDirect(4 * values.length).order(order).asFloatBuffer().put(0, values);
  }

  @Test
  void segmentsOutsideTheHeapAreProjected() {
    projector.absorb(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 0), 1);
    MemorySegment gradient = arena.allocateFrom(ValueLayout.JAVA_FLOAT, GRADIENT);
    projector.project(gradient, 2);
    assertArrayEquals(PROJECTED, gradient.toArray(ValueLayout.JAVA_FLOAT), 1e-6f);
  }

  @Test
  void readOnlyMemoryIsReadButNotWritten() {
    projector.absorb(MemorySegment.ofArray(new float[] {1, 0}).asReadOnly(), 1);
    MemorySegment gradient = arena.allocateFrom(ValueLayout.JAVA_FLOAT, GRADIENT).asReadOnly();
    refused("gradient is read-only", () -> projector.project(gradient, 2));
    refused(
        "gradient is read-only",
        () -> projector.project(FloatBuffer.wrap(GRADIENT.clone()).asReadOnlyBuffer(), 2));
    assertArrayEquals(GRADIENT, gradient.toArray(ValueLayout.JAVA_FLOAT));
  }

  @Test
  void arraysThatAreTooSmallAreRefused() {
    refused("r has 1 elements, want at least 2", () -> projector.absorb(new float[1], 1));
    refused(
        "gradient has 4 elements, want at least 6", () -> projector.project(GRADIENT.clone(), 3));
    refused("gradient", () -> projector.project(GRADIENT.clone(), -1));
    refused("z has 3", () -> search(new float[3], 2, new float[4], 2, new int[2], null));
    refused("codebook has 3", () -> search(new float[4], 2, new float[3], 2, new int[2], null));
    refused("index has 1", () -> search(new float[4], 2, new float[4], 2, new int[1], null));
    refused(
        "distance has 1", () -> search(new float[4], 2, new float[4], 2, new int[2], new float[1]));
    refused("z", () -> search(new float[4], -2, new float[4], 2, new int[2], null));
    refused("k", () -> search(new float[4], 2, new float[4], 0, new int[2], null));
  }

  @Test
  void arraysThatAreNullAreRefused() {
    refused("r is null", () -> projector.absorb((float[]) null, 1));
    refused("r is null", () -> projector.absorb((FloatBuffer) null, 1));
    refused("r is null", () -> projector.absorb((MemorySegment) null, 1));
    refused("gradient is null", () -> projector.project((float[]) null, 1));
  }

  @Test
  void arraysThatOverlapAResultAreRefused() {
    float[] z = {0, 0, 1, 1};
    refused("distance overlaps z", () -> search(z, 2, new float[4], 2, new int[2], z));
    MemorySegment all = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0, 0, 1, 1, 5, 5, 7);
    refused(
        "index overlaps codebook",
        () -> VqNearest.search(context, all, 1, 2, all.asSlice(8), 2, all.asSlice(20, 4, 4), null));
    assertArrayEquals(
        new float[] {0, 0, 1, 1, 5, 5, 7}, all.toArray(ValueLayout.JAVA_FLOAT), "nothing written");
  }

  @Test
  void sizesBeyondMemoryAreRefused() {
    MemorySegment few = arena.allocate(64, 64);
    refused(
        "z has 16 elements, want at least 8589934592",
        () -> VqNearest.search(context, few, 1L << 32, 2, few, 1, few, null));
    refused(
        "z would be [4611686018427387904, 2]",
        () -> VqNearest.search(context, few, 1L << 62, 2, few, 1, few, null));
  }

  @Test
  void arraysOfAnotherElementTypeAreRefused() {
    MemorySegment floats = MemorySegment.ofArray(new float[4]);
    MemorySegment longs = MemorySegment.ofArray(new long[4]);
    MemorySegment doubles = MemorySegment.ofArray(new double[4]);
    MemorySegment ints = MemorySegment.ofArray(new int[4]);
    refused(
        "index is a long[], want int[]",
        () -> VqNearest.search(context, floats, 2, 2, floats, 2, longs, null));
    refused(
        "z is a double[], want float[]",
        () -> VqNearest.search(context, doubles, 2, 2, floats, 2, ints, null));
    refused(
        "codebook is a int[], want float[]",
        () -> VqNearest.search(context, floats, 2, 2, ints, 2, ints, null));
  }

  @Test
  void memoryOfAClosedArenaIsRefused() {
    MemorySegment r = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 0);
    arena.close();
    refused("r is closed", () -> projector.absorb(r, 1));
  }

  @Test
  void memoryOfAnotherThreadsConfinedArenaIsRefused() throws Exception {
    try (Arena confined = Arena.ofConfined()) {
      MemorySegment r = confined.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 0);
      CompletableFuture.runAsync(
              () -> refused("r belongs to another thread", () -> projector.absorb(r, 1)))
          .get();
    }
  }

  @Test
  void misalignedMemoryIsRefused() {
    MemorySegment r = arena.allocate(12, 4).asSlice(1);
    refused("r is not aligned", () -> projector.absorb(r, 1));
  }

  @Test
  void numbersThatAreNotFiniteChangeNothing() {
    absorbFirstAxis();
    double[] before = projector.matrix();
    refused("r[0, 1]", () -> projector.absorb(new float[] {1, Float.NaN}, 1));
    refused("alpha", () -> projector.absorb(new float[] {1, 1}, 0));
    assertArrayEquals(before, projector.matrix());
    assertEquals(1, projector.absorbed());
    int[] index = {-5, -5};
    float[] distance = {-7, -7};
    refused(
        "z[1, 0]",
        () -> search(new float[] {0, 0, Float.NaN, 0}, 2, new float[4], 2, index, distance));
    assertArrayEquals(new int[] {-5, -5}, index);
    assertArrayEquals(new float[] {-7, -7}, distance);
  }

  @Test
  void theNearestCodeIsTheFirstOfEqualOnes() {
    int[] index = new int[3];
    float[] distance = new float[3];
    float[] z = {0, 0, 1, 1, 0.4f, 0.4f};
    float[] codebook = {1, 1, 0, 0, 1, 1, 0, 0};
    search(z, 3, codebook, 4, index, distance);
    assertArrayEquals(new int[] {1, 0, 1}, index);
    assertArrayEquals(new float[] {0, 0, 0.32f}, distance, 1e-6f);
    search(z, 3, codebook, 4, index, null);
    assertArrayEquals(new int[] {1, 0, 1}, index);
  }

  private void search(
      float[] z, int n, float[] codebook, int k, int[] index, float @Nullable [] distance) {
    VqNearest.search(context, z, n, 2, codebook, k, index, distance);
  }

  @Test
  void aClosedProjectorIsRefused() {
    RlsProjector closed = new RlsProjector(context, 2, Norm.FRO);
    closed.close();
    refused("this projector is closed", () -> closed.absorb(new float[2], 1));
    refused("this projector is closed", () -> closed.project(new float[2], 1));
    refused("this projector is closed", closed::reset);
  }

  @Test
  void sizesBelowOneAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new RlsProjector(context, 0, Norm.NONE));
  }
}

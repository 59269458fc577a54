package dev.lacuna.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.LacunaException;
import dev.lacuna.Status;
import dev.lacuna.kernels.VqQuantize.Commitment;
import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.kernels.VqQuantize.Options;
import dev.lacuna.kernels.VqQuantize.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Quantised rows and their gradient on every kind of array that a caller may hold. */
@ParameterizedClass
@MethodSource("dev.lacuna.kernels.DoorBackends#names")
final class VqQuantizeDoorTest {
  private static final Shape SHAPE = new Shape(2, 3, 2, 2);
  private static final Options OPTIONS = Options.DEFAULT.withCommitment(new Commitment(0.5, 0.25));
  private static final float[] Z = {0.5f, 0, 1, 3, 7, 7};
  private static final float[] CODES = {1, 1, 0, 2};

  /** Own codes, then another modality's; the last row is absent. */
  private static final int[] INDEX = {0, 1, -1, 1, -1, 0};

  private static final float[] Q = {1, 1, 0, 2, 0, 0};

  /** Own distances 1.25 and 2, one to another modality's code of 4.25, over 6 numbers. */
  private static final double LOSS = (0.5 * (1.25 + 2) + 0.25 * 4.25) / 6;

  private static final float[] DQ = {1, -1, 2, 0.5f, 9, 9};

  /** DQ + 6 2/6 (1/2 (z - q) + 1/4 (z - the other code)) for dloss = 6. */
  private static final float[] DZ = {1 - 0.5f + 0.25f, -1 - 1 - 1, 2 + 1, 0.5f + 1, 0, 0};

  private static final double DLOSS = 6;

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
    arena.close();
    context.close();
  }

  private void refused(String text, Executable call) {
    LacunaException e = DoorBackends.refused(context, text, call);
    assertEquals(Status.INVALID_ARGUMENT, e.status(), e.getMessage());
  }

  private double forward(Shape shape, float[] z, float[] codes, int[] index, float[] q) {
    return VqQuantize.forward(context, shape, OPTIONS, z, codes, index, q);
  }

  private void backward(
      Shape shape, float @Nullable [] dq, float[] z, float[] codes, int[] index, float[] dz) {
    VqQuantize.backward(context, shape, OPTIONS, dq, DLOSS, z, codes, index, dz);
  }

  @Test
  void floatArraysGiveCodesLossAndGradient() {
    float[] q = new float[6];
    assertEquals(LOSS, forward(SHAPE, Z, CODES, INDEX, q), 1e-7);
    assertArrayEquals(Q, q);
    float[] dz = new float[6];
    backward(SHAPE, DQ, Z, CODES, INDEX, dz);
    assertArrayEquals(DZ, dz, 1e-6f);
  }

  @Test
  void eitherGradientMayBeMissing() {
    float[] dz = new float[6];
    Options without = OPTIONS.withCommitment(Commitment.NONE);
    VqQuantize.backward(context, SHAPE, without, DQ, DLOSS, Z, CODES, INDEX, dz);
    assertArrayEquals(new float[] {1, -1, 2, 0.5f, 0, 0}, dz);
    assertEquals(0, VqQuantize.forward(context, SHAPE, without, Z, CODES, INDEX, new float[6]));
    backward(SHAPE, null, Z, CODES, INDEX, dz);
    assertArrayEquals(new float[] {-0.25f, -2, 1, 1, 0, 0}, dz, 1e-6f);
  }

  @Test
  void theRotationTurnsTheGradientBack() {
    // From (3, 0) to (0, 6): a quarter turn that doubles, so its transpose takes (0, 1) to (2, 0).
    Options rotation = new Options(Estimator.ROTATION, Commitment.NONE);
    float[] dz = new float[2];
    VqQuantize.backward(
        context,
        new Shape(1, 1, 2, 1),
        rotation,
        new float[] {0, 1},
        1,
        new float[] {3, 0},
        new float[] {0, 6},
        new int[] {0},
        dz);
    assertArrayEquals(new float[] {2, 0}, dz, 1e-6f);
  }

  @Test
  void buffersAreUsedFromTheirPosition() {
    FloatBuffer z = direct(9, 0.5f, 0, 1, 3, 7, 7).position(1);
    FloatBuffer codes = FloatBuffer.wrap(new float[] {9, 9, 1, 1, 0, 2}).position(2);
    IntBuffer index =
        ByteBuffer.allocateDirect(28).order(ByteOrder.nativeOrder()).asIntBuffer().put(1, INDEX);
    FloatBuffer q = direct(5, 0, 0, 0, 0, 0, 0, 5).position(1);
    double loss = VqQuantize.forward(context, SHAPE, OPTIONS, z, codes, index.position(1), q);
    assertEquals(LOSS, loss, 1e-7);
    float[] written = new float[8];
    q.get(0, written);
    assertArrayEquals(new float[] {5, 1, 1, 0, 2, 0, 0, 5}, written);
    FloatBuffer dq = FloatBuffer.wrap(DQ);
    FloatBuffer dz = FloatBuffer.allocate(7).position(1);
    VqQuantize.backward(context, SHAPE, OPTIONS, dq, DLOSS, z, codes, index, dz);
    assertArrayEquals(DZ, java.util.Arrays.copyOfRange(dz.array(), 1, 7), 1e-6f);
  }

  private static FloatBuffer direct(float... values) {
    return ByteBuffer.allocateDirect(4 * values.length)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer()
        .put(0, values);
  }

  private MemorySegment floats(float... values) {
    return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
  }

  @Test
  void segmentsOutsideTheHeapAreUsed() {
    MemorySegment z = floats(Z).asReadOnly();
    MemorySegment codes = floats(CODES).asReadOnly();
    MemorySegment index = arena.allocateFrom(ValueLayout.JAVA_INT, INDEX).asReadOnly();
    MemorySegment q = floats(new float[6]);
    assertEquals(LOSS, VqQuantize.forward(context, SHAPE, OPTIONS, z, codes, index, q), 1e-7);
    assertArrayEquals(Q, q.toArray(ValueLayout.JAVA_FLOAT));
    VqQuantize.backward(context, SHAPE, OPTIONS, floats(DQ), DLOSS, z, codes, index, q);
    assertArrayEquals(DZ, q.toArray(ValueLayout.JAVA_FLOAT), 1e-6f);
  }

  @Test
  void aCodebookQuantisesByItsOwnCodes() {
    try (VqCodebook codebook = new VqCodebook(context, 2, 2, 2, VqOptions.DEFAULT)) {
      codebook.init(CODES);
      float[] q = new float[6];
      assertEquals(LOSS, codebook.quantize(Z, 3, INDEX, OPTIONS, q), 1e-7);
      assertArrayEquals(Q, q);
      float[] dz = new float[6];
      codebook.quantizeGrad(DQ, DLOSS, Z, 3, INDEX, OPTIONS, dz);
      assertArrayEquals(DZ, dz, 1e-6f);

      FloatBuffer rows = direct(Z);
      IntBuffer index = IntBuffer.wrap(INDEX);
      FloatBuffer written = direct(new float[6]);
      assertEquals(LOSS, codebook.quantize(rows, 3, index, OPTIONS, written), 1e-7);
      written.get(0, q);
      assertArrayEquals(Q, q);
      codebook.quantizeGrad(direct(DQ), DLOSS, rows, 3, index, OPTIONS, written);
      written.get(0, dz);
      assertArrayEquals(DZ, dz, 1e-6f);

      // Without a cross weight nobody asks for the other modality's codes.
      int[] own = java.util.Arrays.copyOf(INDEX, 3);
      double loss = codebook.quantize(Z, 3, own, Options.DEFAULT, q);
      assertEquals(0.25 * (1.25 + 2) / 6, loss, 1e-7);
      refused("index has 3", () -> codebook.quantize(Z, 3, own, OPTIONS, q));
      refused("dz is null", () -> codebook.quantizeGrad(DQ, 1, Z, 3, INDEX, OPTIONS, null));
    }
  }

  @Test
  void arraysThatAreNullAreRefused() {
    float[] q = new float[6];
    refused("z is null", () -> forward(SHAPE, null, CODES, INDEX, q));
    refused("codebook is null", () -> forward(SHAPE, Z, null, INDEX, q));
    refused("index is null", () -> forward(SHAPE, Z, CODES, null, q));
    refused("q is null", () -> forward(SHAPE, Z, CODES, INDEX, null));
    refused("z is null", () -> backward(SHAPE, DQ, null, CODES, INDEX, q));
    refused("dz is null", () -> backward(SHAPE, DQ, Z, CODES, INDEX, null));
  }

  @Test
  void arraysThatAreTooSmallAreRefused() {
    float[] q = {5, 5, 5, 5, 5, 5};
    refused(
        "z has 5 elements, want at least 6", () -> forward(SHAPE, new float[5], CODES, INDEX, q));
    refused("codebook has 3", () -> forward(SHAPE, Z, new float[3], INDEX, q));
    refused("index has 5", () -> forward(SHAPE, Z, CODES, new int[5], q));
    refused("q has 1", () -> forward(SHAPE, Z, CODES, INDEX, new float[1]));
    refused("dq has 2", () -> backward(SHAPE, new float[2], Z, CODES, INDEX, q));
    refused("dz has 1", () -> backward(SHAPE, DQ, Z, CODES, INDEX, new float[1]));
    assertArrayEquals(new float[] {5, 5, 5, 5, 5, 5}, q);
  }

  @Test
  void indicesOutOfRangeChangeNothing() {
    float[] q = {5, 5, 5, 5, 5, 5};
    refused("index[1] is 2", () -> forward(SHAPE, Z, CODES, new int[] {0, 2, 0, 0, 0, 0}, q));
    refused("index[5] is -2", () -> forward(SHAPE, Z, CODES, new int[] {0, 0, 0, 0, 0, -2}, q));
    refused("index[3] is 2", () -> backward(SHAPE, DQ, Z, CODES, new int[] {0, 0, 0, 2, 0, 0}, q));
    assertArrayEquals(new float[] {5, 5, 5, 5, 5, 5}, q);
  }

  @Test
  void resultsThatOverlapAreRefused() {
    float[] z = Z.clone();
    refused("q overlaps z", () -> forward(SHAPE, z, CODES, INDEX, z));
    refused("dz overlaps dq", () -> backward(SHAPE, z, Z, CODES, INDEX, z));
    assertArrayEquals(Z, z);
  }

  @Test
  void memoryThatCannotBeUsedIsRefused() throws Exception {
    MemorySegment z = floats(Z);
    MemorySegment codes = floats(CODES);
    MemorySegment index = arena.allocateFrom(ValueLayout.JAVA_INT, INDEX);
    MemorySegment q = floats(new float[7]);
    refused("q is read-only", () -> run(z, codes, index, q.asReadOnly()));
    refused("q is not aligned", () -> run(z, codes, index, q.asSlice(1)));
    ByteOrder other =
        ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
            ? ByteOrder.BIG_ENDIAN
            : ByteOrder.LITTLE_ENDIAN;
    FloatBuffer swapped = ByteBuffer.allocateDirect(24).order(other).asFloatBuffer();
    FloatBuffer fine = direct(CODES);
    IntBuffer chosen = IntBuffer.wrap(INDEX);
    refused(
        "z is in the other byte order",
        () -> VqQuantize.forward(context, SHAPE, OPTIONS, swapped, fine, chosen, direct(Z)));
    try (Arena confined = Arena.ofConfined()) {
      MemorySegment foreign = confined.allocate(24, 4);
      CompletableFuture.runAsync(
              () -> refused("z belongs to another", () -> run(foreign, codes, index, q)))
          .get();
    }
  }

  private double run(MemorySegment z, MemorySegment codes, MemorySegment index, MemorySegment q) {
    return VqQuantize.forward(context, SHAPE, OPTIONS, z, codes, index, q);
  }

  @Test
  void extentsOutOfRangeAreRefusedByName() {
    refused("shape is [modalities 0, rows 3, width 2, codes 2]", () -> new Shape(0, 3, 2, 2));
    refused("rows -1", () -> new Shape(1, -1, 2, 2));
    refused("width -1", () -> new Shape(1, 3, -1, 2));
    refused("codes -1", () -> new Shape(1, 3, 2, -1));
    refused(
        "shape is [modalities 4611686018427387904, rows 3, width 2, codes 2], beyond 2^63 bytes",
        () -> new Shape(1L << 62, 3, 2, 2));
    refused("beyond 2^63 bytes", () -> new Shape(1, 1L << 40, 1L << 30, 2));
    refused("beyond 2^63 bytes", () -> new Shape(1, 2, 1L << 40, 1L << 30));
    MemorySegment few = arena.allocate(64, 64);
    Shape large = new Shape(1, 1L << 32, 2, 2);
    refused(
        "want at least 8589934592",
        () -> VqQuantize.forward(context, large, OPTIONS, few, floats(CODES), few, few));
  }

  @Test
  void weightsThatAreNotFiniteAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Commitment(Double.NaN, 0));
    assertThrows(IllegalArgumentException.class, () -> new Commitment(0, Double.POSITIVE_INFINITY));
    assertThrows(IllegalArgumentException.class, () -> Commitment.of(0.25, 0));
    assertEquals(new Commitment(0.5, 0.125), Commitment.of(0.25, 3));
    assertEquals(new Commitment(0.5, 0), Commitment.of(0.25, 1));
  }

  @Test
  void noRowsHaveNoLoss() {
    Shape empty = new Shape(2, 0, 2, 2);
    assertEquals(0, forward(empty, new float[0], CODES, new int[0], new float[0]));
    backward(empty, null, new float[0], CODES, new int[0], new float[0]);
  }

  @Test
  void notANumberReachesTheLoss() {
    float[] z = Z.clone();
    z[1] = Float.NaN;
    assertTrue(Double.isNaN(forward(SHAPE, z, CODES, INDEX, new float[6])));
    z[1] = 0;
    z[5] = Float.NaN; // of a row that is absent
    assertEquals(LOSS, forward(SHAPE, z, CODES, INDEX, new float[6]), 1e-7);
  }
}

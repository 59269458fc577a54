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
import dev.lacuna.kernels.VicReg.Halving;
import dev.lacuna.kernels.VicReg.Loss;
import dev.lacuna.kernels.VicReg.Options;
import dev.lacuna.kernels.VicReg.Target;
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

/** VICReg on every kind of array that a caller may hold. */
@ParameterizedClass
@MethodSource("dev.lacuna.kernels.DoorBackends#names")
final class VicRegDoorTest {
  private static final Options OPTIONS =
      Options.DEFAULT.withWeights(3, 2, 1).withHinge(2, 1).withHalving(Halving.NONE);

  // Columns of variance 2 and 8 whose covariance is 4: sd is sqrt(3) and 3, and c = 16.
  private static final float[] X = {1, 2, -1, -2};
  private static final float[] Y = {0, 2, 0, -2};
  private static final double VARIANCE_X = (2 - Math.sqrt(3)) / 2;
  private static final double VARIANCE_Y = 0.5;

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

  private Loss run(
      float[] x, float[] y, int n, int d, float @Nullable [] dx, float @Nullable [] dy) {
    return VicReg.lossAndGrad(context, x, y, n, d, OPTIONS, dx, dy);
  }

  private static void assertLoss(Loss loss) {
    assertEquals(0.5, loss.invariance(), 1e-6);
    assertEquals(VARIANCE_X, loss.varianceX(), 1e-6);
    assertEquals(VARIANCE_Y, loss.varianceY(), 1e-6);
    assertEquals(16, loss.covarianceX(), 1e-5);
    assertEquals(0, loss.covarianceY(), 1e-6);
    assertEquals(1.5 + 2 * (VARIANCE_X + VARIANCE_Y) + 16, loss.value(), 1e-5);
  }

  /** lambda 2 / (n d) = 1.5; mu / (d (n - 1) sd) = 1 / sd; 4 nu / (d (n - 1)) = 2. */
  private static final float[] DX = gradientOfX();

  private static float[] gradientOfX() {
    float first = (float) (1.5 - 1 / Math.sqrt(3) + 2 * 2 * 4);
    float second = 2 * 4;
    return new float[] {first, second, -first, -second};
  }

  @Test
  void floatArraysGiveLossTermsAndGradients() {
    float[] dx = new float[4];
    float[] dy = new float[4];
    assertLoss(run(X, Y, 2, 2, dx, dy));
    assertArrayEquals(DX, dx, 1e-5f);
    assertArrayEquals(new float[] {-1.5f, 0, 1.5f, 0}, dy, 1e-5f);
    assertLoss(run(X, Y, 2, 2, null, null));
  }

  @Test
  void theOfficialCodeHalvesTheVarianceTerms() {
    Loss halved =
        VicReg.lossAndGrad(context, X, Y, 2, 2, OPTIONS.withHalving(Halving.HALVED), null, null);
    assertEquals(1.5 + VARIANCE_X + VARIANCE_Y + 16, halved.value(), 1e-5);
    Loss official =
        VicReg.lossAndGrad(
            context, X, Y, 2, 2, Options.DEFAULT.withHalving(Halving.HALVED), null, null);
    Loss same =
        VicReg.lossAndGrad(
            context, X, Y, 2, 2, Options.DEFAULT.withWeights(25, 12.5, 1), null, null);
    assertEquals(official.value(), same.value());
  }

  @Test
  void aMereTargetContributesItsInvarianceOnly() {
    float[] dx = new float[4];
    Loss loss =
        VicReg.lossAndGrad(
            context, X, Y, 2, 2, OPTIONS.withTarget(Target.INVARIANCE_ONLY), dx, null);
    assertEquals(1.5 + 2 * VARIANCE_X + 16, loss.value(), 1e-5);
    assertEquals(0, loss.varianceY());
    assertEquals(0, loss.covarianceY());
    assertArrayEquals(DX, dx, 1e-5f);
  }

  @Test
  void buffersAreUsedFromTheirPosition() {
    FloatBuffer x = direct(9, 1, 2, -1, -2).position(1);
    FloatBuffer y = FloatBuffer.wrap(new float[] {9, 9, 0, 2, 0, -2}).position(2);
    FloatBuffer dx = direct(7, 0, 0, 0, 0, 7).position(1);
    assertLoss(VicReg.lossAndGrad(context, x, y, 2, 2, OPTIONS, dx, null));
    float[] written = new float[6];
    dx.get(0, written);
    assertArrayEquals(new float[] {7, DX[0], DX[1], DX[2], DX[3], 7}, written, 1e-5f);
  }

  private static FloatBuffer direct(float... values) {
    return ByteBuffer.allocateDirect(4 * values.length)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer()
        .put(0, values);
  }

  @Test
  void segmentsOutsideTheHeapAreUsed() {
    MemorySegment x = arena.allocateFrom(ValueLayout.JAVA_FLOAT, X);
    MemorySegment y = arena.allocateFrom(ValueLayout.JAVA_FLOAT, Y);
    MemorySegment dx = arena.allocate(16, 4);
    assertLoss(VicReg.lossAndGrad(context, x, y, 2, 2, OPTIONS, dx, null));
    assertArrayEquals(DX, dx.toArray(ValueLayout.JAVA_FLOAT), 1e-5f);
    assertLoss(
        VicReg.lossAndGrad(context, x.asReadOnly(), y.asReadOnly(), 2, 2, OPTIONS, null, null));
  }

  @Test
  void oneArrayMayBeBothViews() {
    Loss loss = run(X, X, 2, 2, null, null);
    assertEquals(0, loss.invariance());
    assertEquals(loss.varianceX(), loss.varianceY());
  }

  @Test
  void nullIsRefused() {
    refused("x is null", () -> run(null, Y, 2, 2, null, null));
    refused("y is null", () -> run(X, null, 2, 2, null, null));
    refused(
        "y is null",
        () ->
            VicReg.lossAndGrad(context, MemorySegment.ofArray(X), null, 2, 2, OPTIONS, null, null));
  }

  @Test
  void weightsThatAreNotNumbersAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> Options.DEFAULT.withWeights(Double.NaN, 1, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> Options.DEFAULT.withHinge(Double.POSITIVE_INFINITY, 1e-4));
    assertThrows(NullPointerException.class, () -> Options.DEFAULT.withForm(null));
  }

  @Test
  void arraysThatAreTooSmallAreRefused() {
    refused("x has 3 elements, want at least 4", () -> run(new float[3], Y, 2, 2, null, null));
    refused("y has 4 elements, want at least 6", () -> run(new float[6], Y, 3, 2, null, null));
    refused("dx has 1 elements", () -> run(X, Y, 2, 2, new float[1], null));
    refused("dy has 3 elements", () -> run(X, Y, 2, 2, null, new float[3]));
    refused("want sizes >= 0", () -> run(X, Y, -2, 2, null, null));
  }

  @Test
  void overlappingResultsAreRefused() {
    float[] x = X.clone();
    refused("dx overlaps x", () -> run(x, Y, 2, 2, x, null));
    float[] both = new float[4];
    refused("dy overlaps dx", () -> run(X, Y, 2, 2, both, both));
    assertArrayEquals(X, x);
  }

  @Test
  void misalignedMemoryIsRefused() {
    MemorySegment x = arena.allocate(20, 4).asSlice(1);
    MemorySegment y = arena.allocate(16, 4);
    refused("x is not aligned", () -> VicReg.lossAndGrad(context, x, y, 2, 2, OPTIONS, null, null));
  }

  @Test
  void readOnlyResultsAreRefused() {
    MemorySegment x = MemorySegment.ofArray(X);
    MemorySegment dx = arena.allocate(16, 4).asReadOnly();
    refused("dx is read-only", () -> VicReg.lossAndGrad(context, x, x, 2, 2, OPTIONS, dx, null));
  }

  @Test
  void memoryOfAnotherThreadsConfinedArenaIsRefused() throws Exception {
    MemorySegment y = MemorySegment.ofArray(Y);
    try (Arena confined = Arena.ofConfined()) {
      MemorySegment x = confined.allocateFrom(ValueLayout.JAVA_FLOAT, X);
      CompletableFuture.runAsync(() ->
              refused(
                  "x belongs to another thread",
                  () -> VicReg.lossAndGrad(context, x, y, 2, 2, OPTIONS, null, null)))
          .get();
    }
  }

  @Test
  void sizesBeyondMemoryAreRefused() {
    MemorySegment few = arena.allocate(64, 64);
    refused(
        "x has 16 elements, want at least 8589934592",
        () -> VicReg.lossAndGrad(context, few, few, 1L << 32, 2, OPTIONS, null, null));
    refused(
        "x would be [4611686018427387904, 2]",
        () -> VicReg.lossAndGrad(context, few, few, 1L << 62, 2, OPTIONS, null, null));
  }

  @Test
  void oneRowHasNoVarianceAndChangesNothing() {
    float[] dx = {5, 5, 5, 5};
    refused("n is 1, want >= 2", () -> run(X, Y, 1, 4, dx, null));
    refused("n is 0, want >= 2", () -> run(X, Y, 0, 4, dx, null));
    refused("d is 0, want >= 1", () -> run(X, Y, 4, 0, dx, null));
    refused(
        "epsilon",
        () -> VicReg.lossAndGrad(context, X, Y, 2, 2, OPTIONS.withHinge(1, 0), dx, null));
    assertArrayEquals(new float[] {5, 5, 5, 5}, dx);
  }

  @Test
  void notANumberReachesTheLoss() {
    Loss loss = run(new float[] {1, Float.NaN, 3, 4}, Y, 2, 2, null, null);
    assertTrue(Double.isNaN(loss.value()));
  }
}

package dev.lacuna.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lacuna.Context;
import dev.lacuna.Device;
import dev.lacuna.Lacuna;
import dev.lacuna.kernels.RlsProjector.Form;
import dev.lacuna.kernels.RlsProjector.Norm;
import dev.lacuna.kernels.RlsProjector.Order;
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
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Blocks, factored gradients and steps of {@link RlsProjector} on every kind of array. */
@ParameterizedClass
@MethodSource("dev.lacuna.kernels.DoorBackends#names")
final class RlsDoorTest {
  private static final Order PROJECT_FIRST = Order.PROJECT_THEN_ABSORB;

  /** After (1, 0) with alpha 1, P = diag(1/2, 1). */
  private static final float[] R = {1, 0};

  /** Their product e^T h is {{4, 6}, {-2, 1}}. */
  private static final float[] E = {1, 0, 0, 1};

  private static final float[] H = {4, 6, -2, 1};
  private static final float[] PROJECTED = {2, 6, -1, 1};
  private static final float[] HALF_PROJECTED = {1, 3, -0.5f, 0.5f};

  @Parameter private String backend = "";
  private Context context;
  private RlsProjector projector;
  private Arena arena;

  @BeforeEach
  void open() {
    context = Lacuna.open(Device.parse(backend));
    projector = new RlsProjector(context, 2, Form.PLAIN, Norm.NONE);
    arena = Arena.ofShared();
  }

  @AfterEach
  void close() {
    arena.close();
    projector.close();
    context.close();
  }

  private void refused(String text, Executable call) {
    DoorBackends.refused(context, text, call);
  }

  private MemorySegment segment(float... values) {
    return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
  }

  private static FloatBuffer direct(float... values) {
    return ByteBuffer.allocateDirect(4 * values.length)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer()
        .put(0, values);
  }

  private static float[] array(FloatBuffer buffer) {
    float[] values = new float[buffer.remaining()];
    buffer.get(buffer.position(), values);
    return values;
  }

  @Test
  void blocksAreAbsorbedFromEveryKindOfArray() {
    double[] wanted = {0.5, 0, 0, 0.2};
    float[] block = {1, 0, 0, 2};
    projector.absorb(block, 2, 1);
    assertArrayEquals(wanted, projector.matrix(), 1e-7);
    projector.reset();
    projector.absorb(direct(block), 2, 1);
    assertArrayEquals(wanted, projector.matrix(), 1e-7);
    projector.reset();
    projector.absorb(segment(block), 2, 1);
    assertArrayEquals(wanted, projector.matrix(), 1e-7);
    assertEquals(2, projector.absorbed());
    projector.absorb(block, 0, 1);
    assertEquals(2, projector.absorbed());
  }

  @Test
  void factoredGradientsAreProjectedFromEveryKindOfArray() {
    projector.absorb(R, 1);
    float[] out = new float[4];
    projector.projectFactored(E, H, 2, 2, 1, out);
    assertArrayEquals(PROJECTED, out, 1e-6f);
    FloatBuffer buffer = direct(new float[4]);
    projector.projectFactored(direct(E), FloatBuffer.wrap(H), 2, 2, 0.5, buffer);
    assertArrayEquals(HALF_PROJECTED, array(buffer), 1e-6f);
    MemorySegment segment = segment(new float[4]);
    projector.projectFactored(segment(E), segment(H), 2, 2, 0.5, segment);
    assertArrayEquals(HALF_PROJECTED, segment.toArray(ValueLayout.JAVA_FLOAT), 1e-6f);
  }

  @Test
  void stepsWorkOnEveryKindOfArray() {
    float[] gradient = H.clone();
    projector.step(R, 1, gradient, 2, Order.ABSORB_THEN_PROJECT);
    assertArrayEquals(PROJECTED, gradient, 1e-6f);
    assertArrayEquals(new double[] {0.5, 0, 0, 1}, projector.matrix(), 1e-7);
    FloatBuffer buffer = direct(H);
    projector.step(direct(R), 0.5, buffer, 2, PROJECT_FIRST);
    assertArrayEquals(PROJECTED, array(buffer), 1e-6f);
    assertArrayEquals(new double[] {0.25, 0, 0, 1}, projector.matrix(), 1e-7);
    projector.reset();
    MemorySegment segment = segment(H);
    projector.step(segment(R), 1, segment, 2, PROJECT_FIRST);
    assertArrayEquals(H, segment.toArray(ValueLayout.JAVA_FLOAT), 1e-6f);
    assertEquals(1, projector.absorbed());
  }

  @Test
  void factoredStepsWorkOnEveryKindOfArray() {
    float[] out = new float[4];
    projector.stepFactored(R, 1, 1, E, H, 2, 2, 1, out, Order.ABSORB_THEN_PROJECT);
    assertArrayEquals(PROJECTED, out, 1e-6f);
    projector.reset();
    projector.absorb(R, 1);
    FloatBuffer buffer = direct(new float[4]);
    projector.stepFactored(direct(R), 1, 1, direct(E), direct(H), 2, 2, 0.5, buffer, PROJECT_FIRST);
    assertArrayEquals(HALF_PROJECTED, array(buffer), 1e-6f);
    projector.reset();
    projector.absorb(R, 1);
    MemorySegment segment = segment(new float[4]);
    projector.stepFactored(
        segment(R), 1, 1, segment(E), segment(H), 2, 2, 1, segment, PROJECT_FIRST);
    assertArrayEquals(PROJECTED, segment.toArray(ValueLayout.JAVA_FLOAT), 1e-6f);
    assertEquals(2, projector.absorbed());
  }

  @Test
  void arraysThatAreNullAreRefused() {
    refused("r is null", () -> projector.absorb((float[]) null, 2, 1));
    refused("e is null", () -> projector.projectFactored(null, H, 2, 2, 1, new float[4]));
    refused("h is null", () -> projector.projectFactored(E, null, 2, 2, 1, new float[4]));
    refused("out is null", () -> projector.projectFactored(E, H, 2, 2, 1, null));
    refused("r is null", () -> projector.step(null, 1, H.clone(), 2, PROJECT_FIRST));
    refused("gradient is null", () -> projector.step(R, 1, null, 2, PROJECT_FIRST));
    refused(
        "r is null",
        () -> projector.stepFactored(null, 1, 1, E, H, 2, 2, 1, new float[4], PROJECT_FIRST));
    assertEquals(0, projector.absorbed());
  }

  @Test
  void arraysThatAreTooSmallAreRefused() {
    refused("r has 2 elements, want at least 4", () -> projector.absorb(R, 2, 1));
    refused("r", () -> projector.absorb(R, -1, 1));
    refused("r has 2 elements", () -> projector.absorb(R, Integer.MAX_VALUE, 1));
    refused("e has 4", () -> projector.projectFactored(E, H, 3, 2, 1, new float[4]));
    refused("h has 2", () -> projector.projectFactored(E, R, 2, 2, 1, new float[4]));
    refused("out has 2", () -> projector.projectFactored(E, H, 2, 2, 1, new float[2]));
    refused("n is 0", () -> projector.projectFactored(E, H, 0, 2, 1, new float[4]));
    refused("r has 1", () -> projector.step(new float[1], 1, H.clone(), 2, PROJECT_FIRST));
    refused("gradient has 4", () -> projector.step(R, 1, H.clone(), 3, PROJECT_FIRST));
    refused("gradient", () -> projector.step(R, 1, H.clone(), -1, PROJECT_FIRST));
    refused(
        "r has 2",
        () -> projector.stepFactored(R, 2, 1, E, H, 2, 2, 1, new float[4], PROJECT_FIRST));
    refused(
        "n is -1",
        () -> projector.stepFactored(R, 1, 1, E, H, -1, 2, 1, new float[4], PROJECT_FIRST));
    assertEquals(0, projector.absorbed());
  }

  @Test
  void resultsThatOverlapAnInputAreRefused() {
    float[] both = {1, 0, 0, 1};
    refused("out overlaps h", () -> projector.projectFactored(E, both, 2, 2, 1, both));
    refused("gradient overlaps r", () -> projector.step(both, 1, both, 2, PROJECT_FIRST));
    MemorySegment all = segment(1, 0, 0, 1, 0, 1, 0, 1);
    refused(
        "out overlaps e",
        () ->
            projector.stepFactored(
                segment(R), 1, 1, all, segment(H), 2, 2, 1, all.asSlice(8), PROJECT_FIRST));
    assertArrayEquals(new float[] {1, 0, 0, 1}, both);
    assertEquals(0, projector.absorbed());
  }

  @Test
  void memoryThatCannotBeWrittenIsRefused() {
    MemorySegment fixed = segment(H).asReadOnly();
    refused("gradient is read-only", () -> projector.step(segment(R), 1, fixed, 2, PROJECT_FIRST));
    refused(
        "out is read-only",
        () -> projector.projectFactored(segment(E), segment(H), 2, 2, 1, fixed));
    MemorySegment out = segment(new float[4]);
    projector.projectFactored(segment(E).asReadOnly(), fixed, 2, 2, 1, out);
    assertArrayEquals(H, out.toArray(ValueLayout.JAVA_FLOAT), 1e-6f);
  }

  @Test
  void misalignedMemoryIsRefused() {
    MemorySegment odd = arena.allocate(24, 4).asSlice(1);
    refused("r is not aligned", () -> projector.absorb(odd, 2, 1));
    refused("gradient is not aligned", () -> projector.step(segment(R), 1, odd, 2, PROJECT_FIRST));
    refused(
        "e is not aligned",
        () -> projector.projectFactored(odd, segment(H), 2, 2, 1, segment(new float[4])));
  }

  @Test
  void memoryOfAnotherThreadsConfinedArenaIsRefused() throws Exception {
    try (Arena confined = Arena.ofConfined()) {
      MemorySegment h = confined.allocateFrom(ValueLayout.JAVA_FLOAT, H);
      CompletableFuture.runAsync(
              () -> {
                refused(
                    "h belongs to another thread",
                    () -> projector.projectFactored(segment(E), h, 2, 2, 1, segment(new float[4])));
                refused(
                    "gradient belongs to another thread",
                    () -> projector.step(segment(R), 1, h, 2, PROJECT_FIRST));
              })
          .get();
    }
  }

  @Test
  void numbersThatAreNotFiniteChangeNothing() {
    for (Form form : Form.values()) {
      try (RlsProjector other = new RlsProjector(context, 2, form, Norm.FRO)) {
        other.absorb(new float[] {1, 2}, 1);
        double[] before = other.matrix();
        float[] gradient = H.clone();
        float[] bad = {1, Float.NaN};
        for (Order order : Order.values()) {
          refused("r[0, 1]", () -> other.step(bad, 1, gradient, 2, order));
          refused("r[0, 1]", () -> other.stepFactored(bad, 1, 1, E, H, 2, 2, 1, gradient, order));
        }
        refused("r[1, 1]", () -> other.absorb(new float[] {1, 1, 0, Float.NaN}, 2, 1));
        refused("alpha is 9.9", () -> other.absorb(R, 9.9e-7));
        refused("scale", () -> other.projectFactored(E, H, 2, 2, Double.NaN, gradient));
        assertArrayEquals(H, gradient);
        assertArrayEquals(before, other.matrix(), 1e-7);
        assertEquals(1, other.absorbed());
      }
    }
  }
}

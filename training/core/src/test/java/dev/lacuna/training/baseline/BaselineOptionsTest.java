package dev.lacuna.training.baseline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.multimodal.Fusion;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BaselineOptionsTest {
  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 16_385, 60_000})
  void aWidthOutOfRangeIsNamed(int width) {
    String joint =
        assertThrows(IllegalArgumentException.class, () -> new JointOptions(width)).getMessage();
    String ensemble =
        assertThrows(
                IllegalArgumentException.class, () -> new EnsembleOptions(width, Fusion.Mode.FIXED))
            .getMessage();
    assertTrue(joint.startsWith("width is " + width + ", want "), joint);
    assertEquals(joint, ensemble);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16_384})
  void theEndsOfTheRangeAreTaken(int width) {
    assertEquals(width, new JointOptions(width).width());
    assertEquals(width, new EnsembleOptions(width, Fusion.Mode.FIXED).width());
  }
}

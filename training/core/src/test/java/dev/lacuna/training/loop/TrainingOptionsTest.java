package dev.lacuna.training.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.optim.Sgd;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingOptionsTest {
  @ParameterizedTest
  @CsvSource({
    "0, 1, 1, 0, 0, epochs is 0",
    "1, 0, 1, 0, 0, batch is 0",
    "1, -2, 1, 0, 0, batch is -2",
    "1, 1, 0, 0, 0, learning rate is 0.0",
    "1, 1, -1, 0, 0, learning rate is -1.0",
    "1, 1, NaN, 0, 0, learning rate is NaN",
    "1, 1, Infinity, 0, 0, learning rate is Infinity",
    "1, 1, 1, 1, 0, momentum is 1.0",
    "1, 1, 1, -0.5, 0, momentum is -0.5",
    "1, 1, 1, NaN, 0, momentum is NaN",
    "1, 1, 1, 0, -1e-4, weight decay is -1.0E-4",
    "1, 1, 1, 0, NaN, weight decay is NaN",
    "1, 1, 1, 0, Infinity, weight decay is Infinity"
  })
  void whatIsOutOfRangeIsNamed(
      int epochs, int batch, double rate, double momentum, double decay, String part) {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new TrainingOptions(
                        epochs, batch, rate, momentum, decay, Sgd.Decay.COUPLED, "none"))
            .getMessage();
    assertTrue(message.startsWith(part + ", want "), message);
  }

  @Test
  void theEndsOfTheRangesAreTaken() {
    assertEquals(
        1e-30, new TrainingOptions(1, 1, 1e-30, 0, 0, Sgd.Decay.COUPLED, "none").learningRate());
    assertEquals(
        0.999, new TrainingOptions(1, 1, 1, 0.999, 10, Sgd.Decay.COUPLED, "none").momentum());
  }
}

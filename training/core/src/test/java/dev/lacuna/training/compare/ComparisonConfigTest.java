package dev.lacuna.training.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.loop.TrainingOptions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonConfigTest {
  private static ComparisonConfig config(
      String modalities, String rates, int seeds, String systems, int trials) {
    return new ComparisonConfig(
        new AvMnistSource(30, 20, 10, 0, List.of(modalities.split(" "))),
        0,
        Arrays.stream(rates.split(" ")).filter(r -> !r.isEmpty()).map(Double::valueOf).toList(),
        seeds,
        Arrays.stream(systems.split(" ")).filter(s -> !s.isEmpty()).toList(),
        TrainingOptions.DEFAULT,
        trials);
  }

  @Test
  void ratesAreKeptInRisingOrderAndTheMiddleOneIsForTuning() {
    ComparisonConfig config = config("image audio", "0.9 0 0.3", 1, "mla", 1);
    assertEquals(List.of(0.0, 0.3, 0.9), config.rates());
    assertEquals(0.3, config.tuningRate());
    assertEquals(0.5, config("image audio", "0.5 -0", 1, "mla", 1).tuningRate());
  }

  @ParameterizedTest
  @CsvSource({
    "image audio, 1.5,    1, mla,             0, 'rate is 1.5, want 0 to 1'",
    "image audio, -0.1,   1, mla,             0, 'rate is -0.1, want 0 to 1'",
    "image audio, NaN,    1, mla,             0, 'rate is NaN, want 0 to 1'",
    "image audio, 0 0,    1, mla,             0, 'rates are [0.0, 0.0], want one or more, each once'",
    "image audio, 0 -0.0, 1, mla,             0, 'rates are [0.0, 0.0], want one or more, each once'",
    "image audio, '',     1, mla,             0, 'rates are [], want one or more'",
    "image,       0.5,    1, mla,             0, 'rate is 0.5, want 0 where [image] is all there is'",
    "image audio, 0.5,    0, mla,             0, 'seeds is 0, want >= 1'",
    "image audio, 0.5,    1, mla,            -1, 'trials is -1, want >= 0'",
    "image audio, 0.5,    1, '',              0, 'systems are [], want one or more'",
    "image audio, 0.5,    1, mla mla,         0, 'systems are [mla, mla], want one or more'",
    "image audio, 0.5,    1, mla magic,       0, 'system is ''magic'', want one of mla, '"
  })
  void whatCannotBeIsRefused(
      String modalities, String rates, int seeds, String systems, int trials, String said) {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> config(modalities, rates, seeds, systems, trials))
            .getMessage();
    assertTrue(message.startsWith(said), message);
  }
}

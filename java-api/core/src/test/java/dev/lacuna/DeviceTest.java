package dev.lacuna;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
  @ParameterizedTest
  @ValueSource(strings = {"auto", "cpu", "cuda", "cuda:1", "cuda:12", "reference-f64"})
  void whatIsWrittenIsReadBack(String text) {
    assertEquals(text, Device.parse(text).toString());
  }

  @Test
  void theNamesAreThoseOfTheDevices() {
    assertEquals(Device.cpu(), Device.parse("cpu"));
    assertEquals(Device.cuda(0), Device.parse("cuda"));
    assertEquals(Device.cuda(0), Device.parse("cuda:0"));
    assertEquals(Device.cuda(3), Device.parse("cuda:3"));
    assertEquals(Device.AUTO, Device.parse("auto"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "CPU", "cuda:", "cuda:-1", "cuda:01", "cuda:x", "cuda 1", "cuda:9999999999"})
  void whatIsNoDeviceIsRefused(String text) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Device.parse(text));
    assertTrue(e.getMessage().contains("'" + text + "'"), e.getMessage());
  }

  @Test
  void onlyCudaHasSeveral() {
    assertThrows(IllegalArgumentException.class, () -> Device.parse("cpu:1"));
    assertThrows(IllegalArgumentException.class, () -> Device.cuda(-1));
  }

  @Test
  void aContextSaysWhereItRuns() {
    try (Context context = Lacuna.open(Device.parse("reference"))) {
      assertEquals(Device.parse("reference"), context.device());
    }
  }
}

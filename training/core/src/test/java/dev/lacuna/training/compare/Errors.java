package dev.lacuna.training.compare;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.LacunaException;
import org.junit.jupiter.api.function.Executable;

/** What an error must say. */
final class Errors {
  private Errors() {}

  static void assertSays(Executable action, String... parts) {
    String message = assertThrows(LacunaException.class, action).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), "'" + message + "' lacks '" + part + "'");
    }
  }
}

package dev.lacuna.training.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SystemsTest {
  @Test
  void everySystemIsFoundByItsName() {
    for (LearningSystem<?> system : Systems.ALL) {
      assertSame(system, Systems.named(system.name()));
      assertTrue(system.name().matches("[a-z]+(_[a-z]+)*"), system.name());
      assertFalse(system.description().isBlank(), system.name());
      assertEquals(system.options(), system.defaults().getClass());
    }
    List<String> names = Systems.ALL.stream().map(LearningSystem::name).distinct().toList();
    assertEquals(Systems.ALL.size(), names.size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "MLA", "mla ", "magic"})
  void anUnknownNameIsRefusedWithTheOnesThatThereAre(String name) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Systems.named(name)).getMessage();
    assertTrue(message.startsWith("system is '" + name + "', want one of mla, "), message);
    for (LearningSystem<?> system : Systems.ALL) {
      assertTrue(message.contains(system.name()), message);
    }
  }
}

package dev.lacuna.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BystandersTest {
  @Test
  void othersAreAllButThisProcessAndItsChildren() {
    String all = "cpu  1000 20 300 9999 888 4 50 6 0 0";
    String self = "42 (a (java) b) S 1 42 42 0 -1 4194560 10 20 30 40 100 10 500 90 20 0 7 0 99";
    assertEquals(
        1000 + 20 + 300 + 4 + 50 + 6 - (100 + 10 + 500 + 90), Bystanders.others(all, self));
  }

  @Test
  void whatWasLeftAloneRunsOnce() {
    AtomicInteger runs = new AtomicInteger();
    int result =
        Bystanders.undisturbed(runs::incrementAndGet, _ -> fail("a moment is too short to tell"));
    assertEquals(1, result);
    assertEquals(1, runs.get());
  }

  @Test
  void aMomentIsTooShortToTell() {
    assertEquals(0, new Bystanders().cores());
  }
}

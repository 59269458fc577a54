package dev.lacuna.multimodal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.LacunaException;
import org.junit.jupiter.api.Test;

class PresenceTest {
  private static final byte[] TABLE = {1, 1, 0, 1, 1, 0, 1, 1};

  @Test
  void rowsAreTheSamplesThatHaveTheModality() {
    Presence presence = new Presence(4, 2, TABLE);
    assertArrayEquals(new int[] {0, 2, 3}, presence.rows(0));
    assertArrayEquals(new int[] {0, 1, 3}, presence.rows(1));
    assertEquals(3, presence.count(0));
    assertTrue(presence.present(1, 1));
    assertFalse(presence.present(1, 0));
  }

  @Test
  void selectTakesRowsInTheGivenOrder() {
    Presence batch = new Presence(4, 2, TABLE).select(new int[] {2, 1, 2});
    assertEquals(new Presence(3, 2, new byte[] {1, 0, 0, 1, 1, 0}), batch);
    assertEquals(0, batch.select(new int[0]).samples());
  }

  @Test
  void completeHasEverything() {
    Presence presence = Presence.complete(3, 2);
    assertArrayEquals(new int[] {0, 1, 2}, presence.rows(0));
    assertEquals(3, presence.count(1));
    assertNotEquals(presence, Presence.complete(2, 3));
  }

  @Test
  void theTableIsCopiedInAndOut() {
    byte[] table = TABLE.clone();
    Presence presence = new Presence(4, 2, table);
    table[0] = 0;
    presence.toBytes()[1] = 0;
    assertArrayEquals(TABLE, presence.toBytes());
  }

  @Test
  void aSampleWithNothingPresentIsNamed() {
    LacunaException error =
        assertThrows(
            LacunaException.class, () -> new Presence(3, 2, new byte[] {1, 0, 0, 1, 0, 0}));
    assertTrue(error.getMessage().contains("sample 2"), error.getMessage());
  }

  @Test
  void badTablesAreRefused() {
    assertThrows(LacunaException.class, () -> new Presence(2, 2, new byte[3]));
    assertThrows(LacunaException.class, () -> new Presence(0, 0, new byte[0]));
    LacunaException error =
        assertThrows(LacunaException.class, () -> new Presence(1, 2, new byte[] {1, 2}));
    assertTrue(error.getMessage().contains("modality 1 is 2"), error.getMessage());
  }

  @Test
  void anIndexOutsideTheTableIsRefused() {
    Presence presence = new Presence(4, 2, TABLE);
    assertThrows(IndexOutOfBoundsException.class, () -> presence.present(0, 2));
    assertThrows(IndexOutOfBoundsException.class, () -> presence.present(4, 0));
    assertThrows(IndexOutOfBoundsException.class, () -> presence.select(new int[] {-1}));
    assertThrows(IndexOutOfBoundsException.class, () -> presence.count(2));
  }
}

package dev.lacuna.training.audio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.LacunaException;
import dev.lacuna.training.data.Fuzz;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WavReaderTest {
  private static final byte[] GOOD = Wav.file(8_000, 1, (short) 0, (short) 16384, (short) -32768);

  @Test
  void samplesAreScaledToOne() {
    Recording recording = WavReader.parse(GOOD, "good.wav");
    assertEquals(8_000, recording.rate());
    assertArrayEquals(new float[] {0, 0.5f, -1}, recording.samples());
  }

  @Test
  void stereoIsMixedToMono() {
    byte[] file = Wav.file(48_000, 2, (short) 32767, (short) 1, (short) -32768, (short) -32768);
    assertArrayEquals(new float[] {0.5f, -1}, WavReader.parse(file, "stereo.wav").samples());
  }

  @Test
  void otherChunksAreSkipped() {
    byte[] file = new byte[GOOD.length + 8 + 4];
    System.arraycopy(GOOD, 0, file, 0, 12);
    ByteBuffer.wrap(file, 12, 8).order(ByteOrder.LITTLE_ENDIAN).putInt(0x5453494C).putInt(3);
    System.arraycopy(GOOD, 12, file, 24, GOOD.length - 12);
    assertEquals(3, WavReader.parse(file, "list.wav").samples().length);
  }

  @Test
  void anEmptyFileIsNamed(@TempDir Path folder) throws IOException {
    Path file = Files.createFile(folder.resolve("empty.wav"));
    assertMessage("empty.wav: 0 bytes", () -> WavReader.read(file));
    assertMessage("none.wav: no such file", () -> WavReader.read(folder.resolve("none.wav")));
    assertMessage("no such file", () -> WavReader.read(folder));
  }

  @Test
  void everyTruncationIsRefused() {
    for (int length = 0; length < GOOD.length; length++) {
      byte[] cut = Arrays.copyOf(GOOD, length);
      assertMessage("cut.wav", () -> WavReader.parse(cut, "cut.wav"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0x58464952, 'RIFX', a big-endian file",
    "16, 12, 'fmt has 12 bytes', short format chunk",
    "20, 0x00010003, 'coding 3', float samples",
    "22, 0x1F400003, '3 channels', too many channels",
    "24, 96000, '96000 samples a second', too high a rate",
    "24, -1, '4294967295 samples a second', a negative rate",
    "32, 0x00080001, '8 bits', 8-bit samples",
    "32, 0x00100004, '4 bytes a frame', frames that do not fit the channels",
    "40, 1000000, 'says 1000000 bytes, but 6 are left', size that lies",
    "40, -1, 'says 4294967295 bytes', size of a stream",
    "40, 5, 'has 5 bytes', half a sample",
    "40, 0, 'has 0 bytes', no samples",
    "12, 0x4B4E554A, 'before chunk fmt', no format chunk",
    "36, 0x4B4E554A, 'no chunk data', no data chunk"
  })
  void aWrongFieldIsNamed(int offset, String value, String message, String what) {
    byte[] file = GOOD.clone();
    ByteBuffer.wrap(file)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(offset, Long.decode(value).intValue());
    assertMessage(message, () -> WavReader.parse(file, what));
    assertMessage(what, () -> WavReader.parse(file, what));
  }

  @Test
  @Timeout(60)
  void damagedFilesAreRefusedCheaply() {
    Fuzz.run(Wav.tone(22_050, 440, 0.5), 44, 4_000, bytes -> WavReader.parse(bytes, "mutant"));
  }

  private static void assertMessage(String part, Runnable action) {
    LacunaException error = assertThrows(LacunaException.class, action::run);
    assertTrue(error.getMessage().contains(part), error.getMessage());
  }
}

package dev.lacuna.training.audio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.LacunaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
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
  void samplesOfAllDepthsAreScaledToOne() {
    assertArrayEquals(
        new float[] {-1, 0, 0.5f},
        WavReader.parse(Wav.file(1, 8, new byte[] {0, (byte) 128, (byte) 192}), "8").samples());
    byte[] three = {0, 0, (byte) 0x80, 0, 0, 0x40, -1, -1, -1};
    assertArrayEquals(
        new float[] {-1, 0.5f, -0x1p-23f}, WavReader.parse(Wav.file(1, 24, three), "24").samples());
    ByteBuffer four = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    four.putInt(Integer.MIN_VALUE).putInt(1 << 29);
    assertArrayEquals(
        new float[] {-1, 0.25f}, WavReader.parse(Wav.file(1, 32, four.array()), "32").samples());
    four.clear().putFloat(-0.7f).putFloat(1.5f);
    assertArrayEquals(
        new float[] {-0.7f, 1.5f}, WavReader.parse(Wav.file(3, 32, four.array()), "f").samples());
    for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 1e30f}) {
      four.clear().putFloat(0).putFloat(value);
      assertMessage("sample 1 is", () -> WavReader.parse(Wav.file(3, 32, four.array()), "f"));
    }
  }

  @Test
  void anExtensibleHeaderNamesTheCodingFurtherOn() {
    byte[] plain = Wav.file(1, 24, new byte[] {0, 0, 0x40});
    byte[] file = new byte[plain.length + 24];
    System.arraycopy(plain, 0, file, 0, 36);
    System.arraycopy(plain, 36, file, 60, plain.length - 36);
    ByteBuffer header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(16, 40).putShort(20, (short) 0xFFFE).putShort(36, (short) 22);
    header.putShort(44, (short) 1);
    assertArrayEquals(new float[] {0.5f}, WavReader.parse(file, "extensible").samples());
    header.putShort(44, (short) 2);
    assertMessage("coding 2 with 24 bits", () -> WavReader.parse(file, "adpcm"));
  }

  @Test
  void eightChannelsAreMixedToMono() {
    short[] samples = {8, 16, 24, 32, 40, 48, 56, 64};
    assertArrayEquals(
        new float[] {36 / 32768f}, WavReader.parse(Wav.file(8_000, 8, samples), "8").samples());
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
    "20, 0x00010003, 'coding 3 with 16 bits', float samples",
    "20, 0x00010007, 'coding 7 with 16 bits', mu-law",
    "20, 0x0001FFFE, 'coding 65534', extensible without the rest",
    "22, 0x1F400009, '9 channels', too many channels",
    "22, 0x1F400000, '0 channels', no channels",
    "24, 96000, '96000 samples a second', too high a rate",
    "24, -1, '4294967295 samples a second', a negative rate",
    "32, 0x000C0002, 'coding 1 with 12 bits', 12-bit samples",
    "32, 0x00080002, '2 bytes a frame, want 1', frames of other samples",
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

  private static void assertMessage(String part, Runnable action) {
    LacunaException error = assertThrows(LacunaException.class, action::run);
    assertTrue(error.getMessage().contains(part), error.getMessage());
  }
}

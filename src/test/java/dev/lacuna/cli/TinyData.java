package dev.lacuna.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.lacuna.CounterRandom;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A data folder as a user may bring it: 150 + 60 images of 8 x 8 in IDX files, and 13 recordings of
 * each digit, tones.
 */
final class TinyData {
  private static final int SIDE = 8;
  private static final int RECORDINGS = 13;
  private static final int RATE = 8_000;
  private static final int SAMPLES = 800;

  private TinyData() {}

  static Path write(Path folder) throws IOException {
    Path recordings = Files.createDirectories(folder.resolve("recordings"));
    images(folder, "train", 150, 0);
    images(folder, "t10k", 60, 1);
    for (int digit = 0; digit < 10; digit++) {
      for (int index = 0; index < RECORDINGS; index++) {
        Path file = recordings.resolve(digit + "_ada_" + index + ".wav");
        Files.write(file, tone(300 + 200 * digit + 5 * index));
      }
    }
    return folder;
  }

  private static void images(Path folder, String split, int count, int stream) throws IOException {
    CounterRandom random = new CounterRandom(1, stream, 0);
    ByteBuffer images = ByteBuffer.allocate(16 + count * SIDE * SIDE);
    images.putInt(0x0803).putInt(count).putInt(SIDE).putInt(SIDE);
    ByteBuffer labels = ByteBuffer.allocate(8 + count).putInt(0x0801).putInt(count);
    for (int i = 0; i < count; i++) {
      int digit = i % 10;
      labels.put((byte) digit);
      for (int pixel = 0; pixel < SIDE * SIDE; pixel++) {
        boolean bright = pixel % 10 == digit;
        images.put((byte) (random.below(i * SIDE * SIDE + pixel, 60) + (bright ? 180 : 0)));
      }
    }
    Files.write(folder.resolve(split + "-images-idx3-ubyte"), images.array());
    Files.write(folder.resolve(split + "-labels-idx1-ubyte"), labels.array());
  }

  /** A WAV file. */
  static byte[] tone(double hertz) {
    ByteBuffer out = ByteBuffer.allocate(44 + 2 * SAMPLES).order(ByteOrder.LITTLE_ENDIAN);
    out.put("RIFF".getBytes(US_ASCII)).putInt(36 + 2 * SAMPLES);
    out.put("WAVEfmt ".getBytes(US_ASCII)).putInt(16).putShort((short) 1).putShort((short) 1);
    out.putInt(RATE).putInt(2 * RATE).putShort((short) 2).putShort((short) 16);
    out.put("data".getBytes(US_ASCII)).putInt(2 * SAMPLES);
    for (int i = 0; i < SAMPLES; i++) {
      out.putShort((short) Math.round(20_000 * Math.sin(2 * Math.PI * hertz * i / RATE)));
    }
    return out.array();
  }
}

package dev.lacuna.training.data;

import static dev.lacuna.training.data.Errors.assertMessage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.CounterRandom;
import dev.lacuna.multimodal.Presence;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MissingRatesTest {
  private static final List<String> TWO = List.of("image", "audio");
  private static final CounterRandom RANDOM = new CounterRandom(1, 2, 3);

  @Test
  void noneTakesNothingAway() {
    Presence all = Presence.complete(100, 2);
    assertEquals(all, MissingRates.parse("none", TWO).draw(all, RANDOM));
    assertEquals(all, MissingRates.parse("0", TWO).draw(all, RANDOM));
  }

  @ParameterizedTest
  @CsvSource({"0.5, 1000, 500", "0.29, 100, 29", "0.7, 10, 7", "0.333, 10, 3", "1, 7, 7"})
  void aRateTakesOneModalityFromExactlyThatShare(String rate, int samples, int expected) {
    Presence drawn = MissingRates.parse(rate, TWO).draw(Presence.complete(samples, 2), RANDOM);
    assertEquals(expected, 2 * samples - drawn.count(0) - drawn.count(1));
  }

  @Test
  void aRateTakesEitherModalityAboutAsOften() {
    List<String> three = List.of("image", "audio", "text");
    Presence drawn = MissingRates.parse("0.9", three).draw(Presence.complete(10_000, 3), RANDOM);
    for (int modality = 0; modality < 3; modality++) {
      // 3,000 with deviation 45
      assertEquals(7_000, drawn.count(modality), 225);
    }
  }

  @Test
  void sharesAreExactAndExclusive() {
    Presence drawn =
        MissingRates.parse("audio=0.2, image=0.3", TWO).draw(Presence.complete(1_000, 2), RANDOM);
    assertEquals(700, drawn.count(0));
    assertEquals(800, drawn.count(1));
    Presence none =
        MissingRates.parse("audio=0.5,image=0.5", TWO).draw(Presence.complete(10, 2), RANDOM);
    assertEquals(10, none.count(0) + none.count(1));
  }

  @ParameterizedTest
  @CsvSource({"382, 133, 134", "381, 133, 133", "10, 3, 4", "3, 1, 1", "1, 0, 0"})
  void sharesTogetherAreExactToo(int samples, int lostImages, int lostSounds) {
    Presence drawn =
        MissingRates.parse("image=0.35,audio=0.35", TWO)
            .draw(Presence.complete(samples, 2), RANDOM);
    assertEquals(samples * 7 / 10, lostImages + lostSounds);
    assertEquals(samples - lostImages, drawn.count(0));
    assertEquals(samples - lostSounds, drawn.count(1));
  }

  @Test
  void theDrawDependsOnTheSeedAlone() {
    MissingRates rates = MissingRates.parse("0.5", TWO);
    Presence all = Presence.complete(500, 2);
    assertEquals(rates.draw(all, RANDOM), rates.draw(all, new CounterRandom(1, 2, 3)));
    assertNotEquals(rates.draw(all, RANDOM), rates.draw(all, new CounterRandom(2, 2, 3)));
  }

  @Test
  void theLossesAreSpreadOverTheSamples() {
    Presence drawn = MissingRates.parse("0.5", TWO).draw(Presence.complete(1_000, 2), RANDOM);
    int inFirstHalf = 0;
    for (int sample = 0; sample < 500; sample++) {
      inFirstHalf += drawn.present(sample, 0) && drawn.present(sample, 1) ? 0 : 1;
    }
    assertEquals(250, inFirstHalf, 50);
  }

  @Test
  void samplesThatLackAModalityKeepTheRest() {
    Presence partly = new Presence(4, 2, new byte[] {1, 0, 0, 1, 1, 1, 1, 1});
    Presence drawn = MissingRates.parse("1", TWO).draw(partly, RANDOM);
    assertTrue(drawn.present(0, 0) && drawn.present(1, 1));
    assertEquals(4, drawn.count(0) + drawn.count(1));
  }

  @ParameterizedTest
  @CsvSource({
    "0.5, 1000, 3, 1500",
    "0.1, 1000, 3, 2700",
    "0.29, 101, 2, 143",
    "0.6667, 1000, 3, 1000",
    "0.9, 1000, 3, 1000",
    "1, 10, 4, 10",
    "0.3, 7, 5, 25"
  })
  void overallLeavesThatShareOfTheTable(String rate, int samples, int width, int expected) {
    List<String> names = List.of("a", "b", "c", "d", "e").subList(0, width);
    Presence drawn =
        MissingRates.parse("overall=" + rate, names)
            .draw(Presence.complete(samples, width), RANDOM);
    int left = 0;
    for (int modality = 0; modality < width; modality++) {
      left += drawn.count(modality);
    }
    assertEquals(expected, left);
  }

  @Test
  void overallFavoursNoModalityAndNoSample() {
    List<String> three = List.of("image", "audio", "text");
    Presence drawn =
        MissingRates.parse("overall=0.5", three).draw(Presence.complete(10_000, 3), RANDOM);
    int[] samplesWith = new int[4];
    for (int sample = 0; sample < 10_000; sample++) {
      int present = 0;
      for (int modality = 0; modality < 3; modality++) {
        present += drawn.present(sample, modality) ? 1 : 0;
      }
      samplesWith[present]++;
    }
    for (int modality = 0; modality < 3; modality++) {
      // 5,000 with deviation 41
      assertEquals(5_000, drawn.count(modality), 205);
    }
    // beside the one, a quarter of the other two: binomial (9, 6, 1) / 16
    assertEquals(0, samplesWith[0]);
    assertEquals(5_625, samplesWith[1], 250);
    assertEquals(3_750, samplesWith[2], 250);
    assertEquals(625, samplesWith[3], 125);
  }

  @Test
  void overallKeepsEachModalityAsOftenWhereOneIsLeft() {
    Presence drawn =
        MissingRates.parse("overall=0.5", TWO).draw(Presence.complete(10_000, 2), RANDOM);
    assertEquals(10_000, drawn.count(0) + drawn.count(1));
    assertEquals(5_000, drawn.count(0), 250);
  }

  @Test
  void overallLeavesIncompleteSamplesAsTheyAre() {
    Presence partly = new Presence(3, 3, new byte[] {1, 0, 1, 1, 1, 1, 0, 1, 0});
    Presence drawn = MissingRates.parse("overall=0.9", List.of("a", "b", "c")).draw(partly, RANDOM);
    assertTrue(drawn.present(0, 0) && drawn.present(0, 2) && drawn.present(2, 1));
    assertEquals(4, drawn.count(0) + drawn.count(1) + drawn.count(2));
  }

  @Test
  void overallDependsOnTheSeedAlone() {
    MissingRates rates = MissingRates.parse("overall=0.3", TWO);
    Presence all = Presence.complete(500, 2);
    assertEquals(rates.draw(all, RANDOM), rates.draw(all, new CounterRandom(1, 2, 3)));
    assertNotEquals(rates.draw(all, RANDOM), rates.draw(all, new CounterRandom(2, 2, 3)));
    assertEquals(all, MissingRates.parse("overall=0", TWO).draw(all, RANDOM));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "overall=",
        "overall=0.5,image=0.1",
        "image=0.1,overall=0.5",
        "overall=1.5",
        "overall=-1",
        "overall=NaN",
        "half",
        "",
        "1.1",
        "-0.1",
        "NaN",
        "0.5,0.2",
        "Infinity",
        "image=",
        "image",
        "=0.3"
      })
  void whatIsNotAShareIsRefused(String spec) {
    assertMessage(() -> MissingRates.parse(spec, TWO), "--missing", "want none, a rate");
  }

  @Test
  void theErrorSaysWhatWasGiven() {
    assertMessage(() -> MissingRates.parse("video=0.3", TWO), "'video'", "image, audio");
    assertMessage(() -> MissingRates.parse("image=0.7,audio=0.4", TWO), "1.1");
    assertMessage(() -> MissingRates.parse("image=0.1,image=0.1", TWO), "image twice");
    assertMessage(() -> MissingRates.parse("image=0.1=2", TWO), "'image=0.1=2'");
    assertMessage(() -> MissingRates.parse("1.5", TWO), "1.5");
    assertMessage(() -> MissingRates.parse("abc", TWO), "'abc', which is not a number");
    assertMessage(() -> MissingRates.parse("0.5", List.of("image")), "only modality");
    assertMessage(() -> MissingRates.parse("overall=0.5", List.of("image")), "only modality");
    assertMessage(
        () -> new MissingRates(TWO, 0.1, List.of(0.0, 0.0), 0.5), "overall together with other");
  }
}

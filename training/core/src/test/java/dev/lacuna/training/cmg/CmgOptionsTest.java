package dev.lacuna.training.cmg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.multimodal.cmg.MutualInformation;
import dev.lacuna.multimodal.cmg.SharedCodebook.Update;
import dev.lacuna.training.cmg.CmgOptions.Averages;
import dev.lacuna.training.cmg.CmgOptions.FrontKind;
import dev.lacuna.training.cmg.CmgOptions.PathKind;
import dev.lacuna.training.cmg.CmgOptions.Start;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

public class CmgOptionsTest {
  /** A model that trains in no time. */
  public static final CmgOptions SMALL =
      of(FrontKind.LINEAR, PathKind.LINEAR, Update.EMA, Estimator.STRAIGHT_THROUGH, 1);

  static CmgOptions of(
      FrontKind front, PathKind path, Update update, Estimator estimator, double cpc) {
    return of(4, front, path, update, estimator, cpc);
  }

  /** The small model with so many codes. */
  static CmgOptions with(int codes) {
    return of(codes, FrontKind.LINEAR, PathKind.LINEAR, Update.EMA, Estimator.STRAIGHT_THROUGH, 1);
  }

  private static CmgOptions of(
      int codes, FrontKind front, PathKind path, Update update, Estimator estimator, double cpc) {
    return new CmgOptions(
        codes,
        8,
        8,
        0,
        front,
        path,
        update,
        Start.KMEANS,
        1,
        Averages.CORRECT,
        0.9,
        5,
        estimator,
        MutualInformation.STANDARD,
        1,
        0.25,
        0.1,
        cpc,
        1,
        1,
        0.5,
        5,
        false);
  }

  @Test
  void ablationsDifferInWhatTheyAreNamedFor() {
    Cmg system = new Cmg();
    assertTrue(system.baselines(CmgOptions.DEFAULT).isEmpty());
    CmgOptions all = CmgOptions.DEFAULT.withAblations();
    Map<String, CmgOptions> ablations = system.baselines(all);
    assertEquals(List.of("no-dcid", "no-mm-ema", "neither"), List.copyOf(ablations.keySet()));
    CmgOptions dcid = ablations.get("no-dcid");
    assertEquals(0, dcid.disentangling());
    assertEquals(0, dcid.cpc());
    assertEquals(Update.EMA, dcid.update());
    CmgOptions mixing = ablations.get("no-mm-ema");
    assertEquals(all.disentangling(), mixing.disentangling());
    assertEquals(all.cpc(), mixing.cpc());
    assertEquals(Update.EMA_OWN, mixing.update());
    CmgOptions neither = ablations.get("neither");
    assertEquals(0, neither.disentangling());
    assertEquals(0, neither.cpc());
    assertEquals(Update.EMA_OWN, neither.update());
  }

  @Test
  void samplesThatAreNoSequencesHaveNoNextStep() {
    assertEquals(0, CmgOptions.DEFAULT.cpcOn(1));
    assertEquals(1, CmgOptions.DEFAULT.cpcOn(2));
    assertEquals(1, CmgOptions.DEFAULT.cpcOn(10));
  }

  @Test
  void theOfficialAveragesStartAtZero() {
    assertEquals(1, SMALL.model(0).codebook().averages().initialCount());
    CmgOptions official =
        new CmgOptions(
            4,
            8,
            8,
            0,
            FrontKind.LINEAR,
            PathKind.LINEAR,
            Update.EMA,
            Start.UNIFORM,
            0,
            Averages.OFFICIAL,
            0.99,
            300,
            Estimator.STRAIGHT_THROUGH,
            MutualInformation.CMG,
            1,
            0.25,
            1,
            1,
            1,
            5,
            0.5,
            5,
            false);
    assertEquals(0, official.model(0).codebook().averages().initialCount());
    assertEquals(300, official.model(0).codebook().averages().reset().after());
    assertEquals(false, official.model(0).codebook().averages().reset().replacesAverages());
  }

  @Test
  void whatIsOutOfRangeIsNamed() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new CmgOptions(
                        4,
                        6,
                        8,
                        0,
                        FrontKind.LINEAR,
                        PathKind.LINEAR,
                        Update.EMA,
                        Start.KMEANS,
                        1,
                        Averages.CORRECT,
                        0.9,
                        5,
                        Estimator.STRAIGHT_THROUGH,
                        MutualInformation.STANDARD,
                        1,
                        0.25,
                        0.1,
                        1,
                        1,
                        1,
                        0.5,
                        5,
                        false))
            .getMessage();
    assertEquals("width is 6, want a multiple of 4, 4 to 4096", message);
  }
}

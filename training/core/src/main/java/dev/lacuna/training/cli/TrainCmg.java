package dev.lacuna.training.cli;

import dev.lacuna.kernels.VqQuantize.Estimator;
import dev.lacuna.multimodal.cmg.MutualInformation;
import dev.lacuna.multimodal.cmg.SharedCodebook.Update;
import dev.lacuna.training.cmg.Cmg;
import dev.lacuna.training.cmg.CmgOptions;
import dev.lacuna.training.cmg.CmgOptions.Averages;
import dev.lacuna.training.cmg.CmgOptions.FrontKind;
import dev.lacuna.training.cmg.CmgOptions.PathKind;
import dev.lacuna.training.cmg.CmgOptions.Start;
import dev.lacuna.training.data.DigitSequencesSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code lacuna train cmg}. */
@Command(
    footer = {
      "",
      "Examples:",
      "  lacuna train cmg                          sequences of digits, seen and spoken",
      "  lacuna train cmg --modalities image,audio,text   and written",
      "  lacuna train cmg --ablations --seeds 3    and what each part is good for",
      "  lacuna train cmg --data emoji --languages en,de,ja   pictures and names",
      "  lacuna train cmg --data clips.csv         features that you have extracted: columns",
      "                                            with the names of .npy files, [T, D] each"
    })
final class TrainCmg extends TrainSystem<CmgOptions> {
  @Option(
      names = "--codes",
      paramLabel = "N",
      defaultValue = "128",
      description = "Codes of the codebook; 400 in the paper (default: ${DEFAULT-VALUE}).")
  private int codes;

  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "128",
      description = "Numbers in a code; 256 in the paper (default: ${DEFAULT-VALUE}).")
  private int width;

  @Option(
      names = "--hidden",
      paramLabel = "N",
      defaultValue = "256",
      description =
          "Width between the two layers of a transformer layer's network; 1024 in the paper "
              + "(default: ${DEFAULT-VALUE}).")
  private int hidden;

  @Option(
      names = "--dropout",
      paramLabel = "X",
      defaultValue = "0",
      description =
          "Share of a transformer layer's outputs that is dropped in training; 0.1 in the paper "
              + "(default: ${DEFAULT-VALUE}).")
  private double dropout;

  @Option(
      names = "--front",
      paramLabel = "WHAT",
      defaultValue = "linear",
      description =
          "What makes a vector of a step: linear (its numbers as they are), bilstm, conv "
              + "(convolutions where steps are pictures, else linear) or maps (attention over "
              + "places where steps are feature maps, else linear) (default: ${DEFAULT-VALUE}).")
  private FrontKind front = FrontKind.LINEAR;

  @Option(
      names = "--path",
      paramLabel = "WHAT",
      defaultValue = "linear",
      description =
          "What keeps apart what codes need not say, and makes steps again: linear, or conv, "
              + "convolutions and transposed ones where steps are pictures (default: "
              + "${DEFAULT-VALUE}).")
  private PathKind path = PathKind.LINEAR;

  @Option(
      names = "--codebook-update",
      paramLabel = "HOW",
      defaultValue = "ema",
      description =
          "How codes learn: ema (moving averages of all modalities), ema_own (of the modality that "
              + "chose them) or gradient (default: ${DEFAULT-VALUE}).")
  private Update update = Update.EMA;

  @Option(
      names = "--codebook-start",
      paramLabel = "WHAT",
      defaultValue = "kmeans",
      description =
          "What codes begin as: kmeans (centres of the first features) or uniform (default: "
              + "${DEFAULT-VALUE}).")
  private Start start = Start.KMEANS;

  @Option(
      names = "--codebook-starts",
      paramLabel = "N",
      defaultValue = "3",
      description =
          "In how many of the first epochs codes begin anew as k-means centres: encoders soon leave "
              + "the features that they begin with (default: ${DEFAULT-VALUE}).")
  private int starts;

  @Option(
      names = "--averages",
      paramLabel = "HOW",
      defaultValue = "correct",
      description =
          "How moving averages and dead codes are kept: correct, or official, with the faults of "
              + "the published code (default: ${DEFAULT-VALUE}).")
  private Averages averages = Averages.CORRECT;

  @Option(
      names = "--codebook-decay",
      paramLabel = "X",
      defaultValue = "0.9",
      description =
          "Of the moving averages; 0.99 in the paper, whose runs are longer (default: "
              + "${DEFAULT-VALUE}).")
  private double decay;

  @Option(
      names = "--dead-after",
      paramLabel = "N",
      defaultValue = "20",
      description =
          "Steps after which an unused code is replaced; 300 in the paper's code (default: "
              + "${DEFAULT-VALUE}).")
  private int deadAfter;

  @Option(
      names = "--estimator",
      paramLabel = "HOW",
      defaultValue = "straight_through",
      description =
          "How gradients pass the quantisation: straight_through or rotation (default: "
              + "${DEFAULT-VALUE}).")
  private Estimator estimator = Estimator.STRAIGHT_THROUGH;

  @Option(
      names = "--club",
      paramLabel = "HOW",
      defaultValue = "standard",
      description =
          "How mutual information is estimated: standard, unbounded (without tanh) or cmg, as the "
              + "published code has it (default: ${DEFAULT-VALUE}).")
  private MutualInformation information = MutualInformation.STANDARD;

  @Option(
      names = "--club-fits",
      paramLabel = "N",
      defaultValue = "5",
      description =
          "Steps in which CLUB's networks are fitted before each step (default: "
              + "${DEFAULT-VALUE}).")
  private int fits;

  @Option(
      names = "--reconstruction-weight",
      paramLabel = "X",
      defaultValue = "1",
      description = "Of the reconstruction (default: ${DEFAULT-VALUE}).")
  private double reconstruction;

  @Option(
      names = "--beta",
      paramLabel = "X",
      defaultValue = "0.25",
      description =
          "Of the commitment: twice as much to the own code, as much to those of the other "
              + "modalities (default: ${DEFAULT-VALUE}).")
  private double beta;

  @Option(
      names = "--club-weight",
      paramLabel = "X",
      defaultValue = "0.1",
      description =
          "Of the mutual information; 1 in the paper, which drowns the rest in short runs (default: "
              + "${DEFAULT-VALUE}).")
  private double disentangling;

  @Option(
      names = "--cpc-weight",
      paramLabel = "X",
      defaultValue = "1",
      description =
          "Of Cross-CPC, which needs sequences of 3 steps or more and has no effect where samples "
              + "are none (default: ${DEFAULT-VALUE}).")
  private double cpc;

  @Option(
      names = "--matching-weight",
      paramLabel = "X",
      defaultValue = "1",
      description = "Of code matching (default: ${DEFAULT-VALUE}).")
  private double matching;

  @Option(
      names = "--clip",
      paramLabel = "X",
      defaultValue = "0.5",
      description =
          "Greatest norm of the gradient of encoders, of decoders and of predictors (default: "
              + "${DEFAULT-VALUE}).")
  private double clip;

  @Option(
      names = "--probe-rate",
      paramLabel = "X",
      defaultValue = "5",
      description =
          "Learning rate of the probe that classifies by codes, relative to the rest (default: "
              + "${DEFAULT-VALUE}).")
  private double probeRate;

  @Option(
      names = "--ablations",
      description =
          "Train beside it: without CLUB and Cross-CPC (no-dcid), with codes that learn from their "
              + "own modality alone (no-mm-ema), and neither.")
  private boolean ablations;

  TrainCmg() {
    super(new Cmg());
  }

  /** Pairs that are aligned step by step. */
  @Override
  String standardData() {
    return DigitSequencesSource.NAME;
  }

  @Override
  CmgOptions options() {
    return new CmgOptions(
        codes,
        width,
        hidden,
        dropout,
        front,
        path,
        update,
        start,
        starts,
        averages,
        decay,
        deadAfter,
        estimator,
        information,
        reconstruction,
        beta,
        disentangling,
        cpc,
        matching,
        fits,
        clip,
        probeRate,
        ablations);
  }
}

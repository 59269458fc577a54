package dev.lacuna.training.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lacuna.kernels.HostProjector;
import dev.lacuna.kernels.RlsProjector;
import dev.lacuna.multimodal.Fusion;
import dev.lacuna.multimodal.mla.AlternatingStep;
import dev.lacuna.optim.GradientProjector;
import dev.lacuna.optim.Sgd;
import dev.lacuna.training.audio.LogMel;
import dev.lacuna.training.data.AvMnist;
import dev.lacuna.training.data.AvMnistSource;
import dev.lacuna.training.data.DataSource;
import dev.lacuna.training.data.DigitSequencesSource;
import dev.lacuna.training.data.emoji.EmojiSource;
import dev.lacuna.training.data.own.Columns;
import dev.lacuna.training.data.own.FeatureOptions;
import dev.lacuna.training.data.own.OwnDataSource;
import dev.lacuna.training.loop.TrainingOptions;
import dev.lacuna.training.mla.Mla;
import dev.lacuna.training.mla.MlaOptions;
import dev.lacuna.training.system.LearningSystem;
import dev.lacuna.training.system.RunConfig;
import dev.lacuna.training.system.Systems;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class TrainSystemTest {
  static Stream<LearningSystem<?>> systems() {
    return Systems.ALL.stream();
  }

  private static RunConfig<?> config(LearningSystem<?> system, String... options) {
    CommandLine line = Main.commandLine();
    line.parseArgs(
        Stream.concat(Stream.of("train", system.name()), Stream.of(options))
            .toArray(String[]::new));
    CommandLine train = line.getSubcommands().get("train");
    TrainSystem<?> parsed = train.getSubcommands().get(system.name()).getCommand();
    return parsed.config();
  }

  @ParameterizedTest
  @MethodSource("systems")
  void whoGivesNoOptionsGetsTheLibrarysDefaults(LearningSystem<?> system) {
    boolean mmp = system.name().equals("mmp");
    DataSource data =
        switch (system.name()) {
          case "mmp" -> EmojiSource.ofFold(0, 0);
          case "cmg" -> new DigitSequencesSource(4000, 500, 1000, 10, 0, List.of("image", "audio"));
          default -> new AvMnistSource(12_000, 2_000, 4_000, 0, AvMnist.MODALITIES);
        };
    RunConfig<?> wanted =
        new RunConfig<>(
            data,
            mmp ? "0.7" : "none",
            0,
            1,
            system.training(TrainingOptions.DEFAULT),
            system.defaults());
    assertEquals(wanted, config(system));
  }

  @ParameterizedTest
  @MethodSource("systems")
  void everyCommonOptionReachesTheConfig(LearningSystem<?> system) {
    RunConfig<?> wanted =
        new RunConfig<>(
            new AvMnistSource(30, 20, 10, 9, AvMnist.MODALITIES),
            "image=0.3",
            9,
            4,
            new TrainingOptions(3, 7, 0.5, 0.25, 0.125, Sgd.Decay.COUPLED, "audio=2"),
            system.defaults());
    assertEquals(
        wanted,
        config(
            system,
            "--data=avmnist",
            "--train-size=30",
            "--validation-size=20",
            "--test-size=10",
            "--data-seed=9",
            "--missing=image=0.3",
            "--seeds=4",
            "--epochs=3",
            "--batch=7",
            "--learning-rate=0.5",
            "--momentum=0.25",
            "--weight-decay=0.125",
            "--decay=coupled",
            "--shift=audio=2"));
  }

  @Test
  void everyOptionOfOwnDataReachesTheConfig(@TempDir Path folder) {
    LogMel.Options mel = new LogMel.Options(16_000, 25, 10, 32, 48, 60, 8_000, 1e-7, 40);
    OwnDataSource wanted =
        new OwnDataSource(
            folder.toString(),
            Columns.parse("id=key,label=class"),
            new FeatureOptions(12, FeatureOptions.Colour.RGB, mel, 64, 24));
    RunConfig<?> config =
        config(
            new Mla(),
            "--data=" + folder,
            "--columns=id=key,label=class",
            "--image-size=12",
            "--colour=rgb",
            "--audio-rate=16000",
            "--audio-frames=48",
            "--text-size=64",
            "--text-tokens=24",
            "--missing=text=0.5");
    assertEquals(wanted, config.data());
    assertEquals("text=0.5", config.missing());
    assertEquals(
        new OwnDataSource(folder.toString(), Columns.STANDARD, FeatureOptions.DEFAULT),
        config(new Mla(), "--data=" + folder).data());
  }

  @Test
  void digitsHaveSizesStepsAndModalities() {
    assertEquals(DigitSequencesSource.DEFAULT, config(new Mla(), "--data=digits").data());
    RunConfig<?> config =
        config(
            new Mla(),
            "--data=digits",
            "--train-size=30",
            "--validation-size=20",
            "--test-size=10",
            "--steps=4",
            "--data-seed=9",
            "--modalities=image,text",
            "--missing=text=0.5");
    assertEquals(
        new DigitSequencesSource(30, 20, 10, 4, 9, List.of("image", "text")), config.data());
  }

  @Test
  void emojiHaveAFoldAndASeed() {
    assertEquals(EmojiSource.ofFold(0, 0), config(new Mla(), "--data=emoji").data());
    RunConfig<?> config =
        config(new Mla(), "--data=emoji", "--fold=3", "--data-seed=9", "--missing=text=0.7");
    assertEquals(EmojiSource.ofFold(3, 9), config.data());
    assertEquals(
        EmojiSource.ofFold(0, 0).withLanguages(List.of("en", "ja")),
        config(new Mla(), "--data=emoji", "--languages=en,ja", "--missing=name-ja=0.5").data());
    assertEquals("text=0.7", config.missing());
  }

  @ParameterizedTest
  @CsvSource({
    "--data=emoji, --train-size=5, --train-size is of avmnist or digits data",
    "--data=emoji, --modalities=image, --modalities is of avmnist or digits data",
    "--data=emoji, --columns=id=key, --columns is of your own data",
    "--data=emoji, --image-size=16, --image-size is of your own data",
    "--data=emoji, --text-tokens=16, --text-tokens is of your own data",
    "--data=emoji, --languages=xx, language of emoji is 'xx'",
    "--data=digits, --languages=en, --languages is of emoji data",
    "--data=emoji, --fold=5, 'fold of emoji is 5, want 0 to 4'",
    "--data=emoji, --missing=audio=0.5, unknown modality 'audio'",
    "--data=avmnist, --steps=5, --steps is of digits data",
    "--data=digits, --fold=1, --fold is of emoji data",
    "--data=digits, --steps=0, 'steps of digits are 0, want 1 to 100'",
    "--data=digits, --modalities=words, 'modalities of digits are words, want some of'",
    "--data=avmnist, --fold=1, --fold is of emoji data",
    "--data=avmnist, --text-size=64, --text-size is of your own data",
    "--data=., --fold=1, --fold is of emoji data",
    "--data=., --test-size=1, --test-size is of avmnist or digits data",
    "--data=no-such-file, --epochs=1, which is neither avmnist nor digits nor emoji nor a file"
  })
  void anOptionOfOtherDataIsRefused(String data, String option, String message) {
    RuntimeException e =
        assertThrows(RuntimeException.class, () -> config(new Mla(), data, option));
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }

  private static MlaOptions mla(String... options) {
    return (MlaOptions) config(new Mla(), options).options();
  }

  @Test
  void aPresetIsWhereOtherOptionsBegin() {
    assertEquals(
        MlaOptions.of(64, AlternatingStep.Options.official(), Fusion.Mode.DYNAMIC, List.of()),
        mla("--preset=official"));
    assertEquals(Sgd.Decay.COUPLED, config(new Mla(), "--preset=official").training().decay());
    assertEquals(
        Sgd.Decay.DECOUPLED,
        config(new Mla(), "--preset=official", "--decay=decoupled").training().decay());
    assertEquals(GradientProjector.Apply.ADD, mla("--preset=balance_benchmark").apply());
    MlaOptions mended = mla("--preset=official", "--denominator=scalar");
    assertEquals(HostProjector.Denominator.SCALAR, mended.denominator());
    assertEquals(AlternatingStep.HeadState.SHARED, mended.headState());
  }

  @Test
  void everyOptionOfMlaReachesTheConfig() {
    MlaOptions wanted =
        new MlaOptions(
            12,
            AlternatingStep.Projection.RLS_UPDATE,
            RlsProjector.Order.ABSORB_THEN_PROJECT,
            RlsProjector.Norm.NONE,
            HostProjector.Denominator.ELEMENTWISE_COMPAT,
            GradientProjector.Apply.ADD,
            0.9,
            GradientProjector.FirstCall.SKIPPED,
            new AlternatingStep.Alpha(1, 0.5),
            AlternatingStep.Reset.EPOCH,
            AlternatingStep.HeadState.SHARED,
            AlternatingStep.StaleGradient.ZEROED,
            3,
            Fusion.Mode.FIXED,
            List.of(0.25, 0.75));
    assertEquals(
        wanted,
        mla(
            "--width=12",
            "--projection=rls_update",
            "--order=absorb_then_project",
            "--norm=none",
            "--denominator=elementwise_compat",
            "--apply=add",
            "--forgetting=0.9",
            "--first-call=skipped",
            "--alpha=1,0.5",
            "--reset=epoch",
            "--head-state=shared",
            "--stale-gradient=zeroed",
            "--head-rate=3",
            "--fusion=fixed",
            "--shares=0.25,0.75"));
    assertEquals(AlternatingStep.Alpha.constant(0.5), mla("--alpha=0.5").alpha());
    assertEquals(AlternatingStep.Projection.NONE, mla("--no-projection").projection());
  }
}

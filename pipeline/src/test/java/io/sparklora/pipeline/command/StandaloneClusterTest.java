package io.sparklora.pipeline.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.registry.RunDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real command line and spark-submit on a real master and worker; the stage is a stand-in that starts a SparkContext. */
final class StandaloneClusterTest {
    @TempDir
    private static Path home;

    private static FakeInstallation installation;
    private static StandaloneCluster cluster;

    @TempDir
    private Path directory;

    private RunDirectory run;

    @BeforeAll
    static void start() {
        cluster = new StandaloneCluster(home.resolve("work"));
        installation = new FakeInstallation(home);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @BeforeEach
    void configure() {
        run = new RunDirectory(directory);
        TinyModels.huggingFaceDirectory(directory.resolve("base"), 1);
        RunDirectory.write(directory.resolve("corpus/a.txt"), "a");
        StandInStages.run(run.context()).prepare();
    }

    private CommandProcess train(String... overrides) {
        List<String> arguments =
                new ArrayList<>(List.of("train", run.config().toUri().toString()));
        Stream.concat(
                        Stream.of(
                                "spark.conf.spark.driver.extraClassPath=" + FakeInstallation.classPath(),
                                "spark.conf.spark.driver.extraJavaOptions=-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
                                "spark.conf.spark.ui.enabled=false",
                                "spark.driver-memory=600m",
                                "spark.executor-memory=600m",
                                "spark.master=" + cluster.master()),
                        Stream.of(overrides))
                .forEach(override -> arguments.addAll(List.of("--set", override)));
        return CommandProcess.sparkLora(installation, directory, arguments.toArray(String[]::new));
    }

    private String driver() throws Exception {
        return Files.readString(directory.resolve("driver"));
    }

    @Test
    void aDriverOfThisMachineUsesTheExecutorsOfTheCluster() throws Exception {
        CommandProcess train = train("train.clip=" + StandInStages.USES_EXECUTORS);

        assertThat(train.await()).as(train.text()).isZero();
        assertThat(driver())
                .startsWith("client [0] ")
                .endsWith(directory.toRealPath().toString());
        assertThat(run.context().storage().exists(run.context().layout().result(Stage.TRAIN)))
                .isTrue();
    }

    @Test
    void aDriverOnTheClusterIsWaitedForAndItsStatusIsTheStages() throws Exception {
        CommandProcess train =
                train("spark.deploy-mode=cluster", "train.clip=" + StandInStages.USES_EXECUTORS_AND_FAILS);

        assertThat(train.await()).as(train.text()).isEqualTo(30);
        assertThat(train.text())
                .contains(
                        "spark-lora train: its driver runs on the cluster, and goes on there if this command is ended")
                .endsWith("spark-lora train: the loss is NaN in step 3 (exit status 30; spark-submit's was 0)");
        assertThat(driver())
                .startsWith("cluster [0] ")
                .contains(home.resolve("work").toString());
    }

    @Test
    void aDriverOnTheClusterThatLeavesNoResultIsAnInfrastructureFault() {
        CommandProcess train =
                train("spark.deploy-mode=cluster", "spark.conf.spark.driver.extraJavaOptions=-XX:NoSuchOption");

        assertThat(train.await()).as(train.text()).isEqualTo(75);
        assertThat(train.text()).contains("train ended without a result at ", "its driver was lost");
    }
}

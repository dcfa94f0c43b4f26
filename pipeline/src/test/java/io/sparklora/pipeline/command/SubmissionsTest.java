package io.sparklora.pipeline.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.Stage;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.pipeline.config.RunConfig;
import io.sparklora.pipeline.registry.RunDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SubmissionsTest {
    @TempDir
    private Path home;

    private Installation installation;

    @BeforeEach
    void layOut() throws Exception {
        Path submit = home.resolve("target/spark-home/bin/spark-submit");
        RunDirectory.write(submit, "");
        assertThat(submit.toFile().setExecutable(true)).isTrue();
        for (String module : List.of("pipeline", "data-prep", "training-job")) {
            RunDirectory.write(home.resolve(module + "/target/spark-lora-" + module + ".jar"), "");
        }
        RunDirectory.write(home.resolve("target/natives/a.jar"), "");
        RunDirectory.write(home.resolve("target/natives/b.jar"), "");
        RunDirectory.write(home.resolve("conf/log4j2.properties"), "");
        Files.createDirectories(home.resolve("runs"));
        Properties properties = new Properties();
        properties.setProperty(Installation.HOME_PROPERTY, home.toString());
        installation = Installation.find(Map.of(), properties);
    }

    private SparkSubmit submit(Stage stage, String... overrides) {
        return submissions(overrides).of(stage);
    }

    private Submissions submissions(String... overrides) {
        RunConfig config =
                new RunDirectory(home.resolve("runs")).context(overrides).config();
        return new Submissions(installation, config, "a b.yaml", Arrays.asList(overrides));
    }

    private static String value(SparkSubmit command, String setting) {
        List<String> found = command.words().stream()
                .filter(word -> word.startsWith(setting + "="))
                .toList();
        assertThat(found).hasSize(1);
        return found.get(0).substring(setting.length() + 1);
    }

    @Test
    void trainingRunsOnExecutorProcessesOfThisMachine() {
        SparkSubmit command = submit(Stage.TRAIN, "train.executors=2", "train.threads=3", "spark.executor-memory=2g");

        assertThat(command.environment())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of("SPARK_LOCAL_IP", "127.0.0.1", "SPARK_SCALA_VERSION", "2.13"));
        assertThat(command.words())
                .startsWith(
                        home.resolve("target/spark-home/bin/spark-submit").toString(),
                        "--master",
                        "local-cluster[2,3,2048]",
                        "--class",
                        "io.sparklora.training.Train",
                        "--name",
                        "spark-lora train legal",
                        "--driver-memory",
                        "2g",
                        "--conf")
                .endsWith(
                        home.resolve("training-job/target/spark-lora-training-job.jar")
                                .toString(),
                        "a b.yaml",
                        "--set",
                        "train.executors=2",
                        "--set",
                        "train.threads=3",
                        "--set",
                        "spark.executor-memory=2g");
        assertThat(value(command, "spark.executor.memory")).isEqualTo("2g");
        assertThat(value(command, "spark.task.cpus")).isEqualTo("3");
        assertThat(value(command, "spark.executor.cores")).isEqualTo("3");
        assertThat(value(command, "spark.cores.max")).isEqualTo("6");
        assertThat(value(command, "spark.executorEnv.OMP_NUM_THREADS")).isEqualTo("3");
        assertThat(value(command, "spark.barrier.sync.timeout")).isEqualTo("120s");
        assertThat(value(command, "spark.executor.extraClassPath"))
                .isEqualTo(home.resolve("target/natives/a.jar") + ":" + home.resolve("target/natives/b.jar"));
        assertThat(value(command, "spark.driver.extraJavaOptions"))
                .isEqualTo(
                        "-Dai.djl.offline=true -Dlog4j2.configurationFile=" + home.resolve("conf/log4j2.properties"));
    }

    @Test
    void eachStageHasItsMasterAndJar() {
        assertThat(submit(Stage.PREPARE).words())
                .containsSequence("--master", "local[*]", "--class", "io.sparklora.dataprep.Prepare")
                .contains(home.resolve("data-prep/target/spark-lora-data-prep.jar")
                        .toString());
        assertThat(submit(Stage.EVALUATE).words()).containsSequence("--master", "local-cluster[1,1,1024]");
        assertThat(submit(Stage.PUBLISH).words())
                .containsSequence("--master", "local[1]", "--class", "io.sparklora.pipeline.registry.Publish")
                .contains(
                        home.resolve("pipeline/target/spark-lora-pipeline.jar").toString());
    }

    @Test
    void anotherMasterIsHandedOver() {
        SparkSubmit train = submit(Stage.TRAIN, "spark.master=spark://host:7077", "train.executors=4");

        assertThat(train.environment()).isEmpty();
        assertThat(train.words()).containsSequence("--master", "spark://host:7077");
        assertThat(value(train, "spark.executor.instances")).isEqualTo("4");
        assertThat(value(train, "spark.driver.extraJavaOptions")).isEqualTo("-Dai.djl.offline=true");
        assertThat(train.words()).noneMatch(word -> word.startsWith("spark.ui.enabled"));
        assertThat(submit(Stage.PREPARE, "spark.master=''").words()).doesNotContain("--master");
        assertThat(submit(Stage.PUBLISH, "spark.master=yarn").words()).containsSequence("--master", "local[1]");
    }

    @Test
    void aDriverOnTheClusterIsWaitedForAndTriedOnce() {
        String[] remote = {"spark.master=yarn", "spark.deploy-mode=cluster"};

        SparkSubmit train = submit(Stage.TRAIN, remote);

        assertThat(train.words()).containsSequence("--master", "yarn", "--deploy-mode", "cluster");
        assertThat(value(train, "spark.standalone.submit.waitAppCompletion")).isEqualTo("true");
        assertThat(value(train, "spark.yarn.submit.waitAppCompletion")).isEqualTo("true");
        assertThat(value(train, "spark.kubernetes.submission.waitAppCompletion"))
                .isEqualTo("true");
        assertThat(value(train, "spark.yarn.maxAppAttempts")).isEqualTo("1");
        assertThat(value(train, "spark.yarn.am.waitTime")).isEqualTo("1h");
        assertThat(submit(Stage.PUBLISH, remote).words())
                .containsSequence("--master", "local[1]")
                .doesNotContain("--deploy-mode")
                .noneMatch(word -> word.contains("waitAppCompletion"));
        assertThat(submit(Stage.TRAIN, "spark.master=yarn").words())
                .containsSequence("--deploy-mode", "client")
                .noneMatch(word -> word.contains("waitAppCompletion"));
        assertThat(submit(Stage.TRAIN, "spark.master=''", "spark.deploy-mode=cluster")
                        .words())
                .containsSequence("--deploy-mode", "cluster");
    }

    @Test
    void aDriverOnKubernetesFindsItsJarInTheImageUnlessThereIsAPlaceToUploadIt() {
        String[] remote = {"spark.master=k8s://https://host:6443", "spark.deploy-mode=cluster"};
        String jar =
                home.resolve("training-job/target/spark-lora-training-job.jar").toString();

        assertThat(submit(Stage.TRAIN, remote).words()).contains("local://" + jar);
        assertThat(submit(Stage.TRAIN, remote[0], remote[1], "spark.conf.spark.kubernetes.file.upload.path=s3a://b/up")
                        .words())
                .contains(jar);
        assertThat(submit(Stage.TRAIN, remote[0]).words()).contains(jar);
    }

    @Test
    void aDriverOnTheClusterThatCannotBeWaitedForOrPlacedIsRefused() {
        String cluster = "spark.deploy-mode=cluster";

        assertRefused("spark needs a cluster's master for deploy-mode cluster, but it was local", cluster);
        assertRefused(
                "spark must have conf.spark.standalone.submit.waitAppCompletion true in deploy-mode cluster, but it was false",
                cluster,
                "spark.master=spark://host:7077",
                "spark.conf.spark.standalone.submit.waitAppCompletion=false");
        assertRefused(
                "spark must not have conf.spark.submit.deployMode cluster: deploy-mode says it",
                "spark.master=yarn",
                "spark.conf.spark.submit.deployMode=cluster");
        assertRefused("spark.deploy-mode must be one of client, cluster but was 'yarn'", "spark.deploy-mode=yarn");
    }

    @Test
    void aDriverOnTheClusterIsToldOnlyOfWhatItFinds() {
        String[] remote = {"spark.master=yarn", "spark.deploy-mode=cluster"};
        String[] relative = {remote[0], remote[1], "storage.runs=runs"};

        requireReachable("hdfs://nn/a.yaml", remote);
        requireReachable("runs/a.yaml", "spark.master=yarn");
        assertThatThrownBy(() -> requireReachable("runs/a b.yaml", remote))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageContaining("but was 'runs/a b.yaml': put it on the storage")
                .hasMessageContaining("/runs/a%20b.yaml where every host has it");
        assertThatThrownBy(() -> requireReachable("hdfs://nn/a.yaml", relative))
                .hasMessage(
                        "storage.runs must be a URI or an absolute path in spark.deploy-mode cluster, where the driver has"
                                + " a working directory on another host, but was 'runs'");
        assertThatThrownBy(() ->
                        requireReachable("hdfs://nn/a.yaml", remote[0], remote[1], "corpus.sources.0.path=corpus"))
                .hasMessageStartingWith("corpus.sources.0.path must be");
        assertThatThrownBy(() -> requireReachable("hdfs://nn/a.yaml", remote[0], remote[1], "base.model=base"))
                .hasMessageStartingWith("base.model must be");
    }

    private void requireReachable(String location, String... overrides) {
        RemoteDriver.requireReachable(
                new RunDirectory(home.resolve("runs")).context(overrides).config(), location);
    }

    @Test
    void aClusterManagerIsToldOfTheMemoryOutsideTheHeap() {
        TinyModels.huggingFaceDirectory(home.resolve("runs/base"), 1);

        SparkSubmit few = submit(Stage.TRAIN, "spark.master=yarn");
        SparkSubmit many = submit(Stage.TRAIN, "spark.master=yarn", "prepare.sequence.length=100000");
        SparkSubmit own = submit(Stage.TRAIN, "spark.master=yarn", "spark.conf.spark.executor.memoryOverhead=7g");

        assertThat(mebibytes(few)).isBetween(440L, 460L);
        // Two layers of 350 numbers a token and the buffers that they share, 100,000 tokens, four bytes each.
        assertThat(mebibytes(many) - mebibytes(few)).isBetween(500L, 1000L);
        assertThat(value(own, "spark.executor.memoryOverhead")).isEqualTo("7g");
        assertThat(submit(Stage.TRAIN).words()).noneMatch(word -> word.startsWith("spark.executor.memoryOverhead"));
        assertThat(submit(Stage.TRAIN, "spark.master=yarn", "base.model=missing.gguf")
                        .words())
                .noneMatch(word -> word.startsWith("spark.executor.memoryOverhead"));
    }

    private static long mebibytes(SparkSubmit command) {
        String value = value(command, "spark.executor.memoryOverhead");
        assertThat(value).matches("[0-9]+m");
        return Long.parseLong(value.substring(0, value.length() - 1));
    }

    @Test
    void theUsersSettingsWinAndAddToOptionsAndClassPaths() {
        SparkSubmit command = submit(
                Stage.TRAIN,
                "spark.conf.spark.ui.enabled=true",
                "spark.conf.spark.executor.extraJavaOptions=-Dmine=1",
                "spark.conf.spark.executor.extraClassPath=/mine.jar",
                "spark.conf.spark.hadoop.fs.defaultFS=hdfs://nn");

        assertThat(value(command, "spark.ui.enabled")).isEqualTo("true");
        assertThat(value(command, "spark.executor.extraJavaOptions")).endsWith("log4j2.properties -Dmine=1");
        assertThat(value(command, "spark.executor.extraClassPath")).endsWith("b.jar:/mine.jar");
        assertThat(value(command, "spark.hadoop.fs.defaultFS")).isEqualTo("hdfs://nn");
    }

    @Test
    void prepareRunsOnRapidsWhereTheExecutorsHaveAGpuAndTheJarIsKnown() {
        String[] gpu = {
            "spark.master=spark://host:7077",
            "spark.conf.spark.executor.resource.gpu.amount=1",
            "spark.conf.spark.plugins=org.example.Mine",
            "spark.conf.spark.jars=/mine.jar",
            "spark.rapids-jar=" + rapidsJar(),
        };

        SparkSubmit prepare = submit(Stage.PREPARE, gpu);

        assertThat(value(prepare, "spark.plugins")).isEqualTo("com.nvidia.spark.SQLPlugin,org.example.Mine");
        assertThat(value(prepare, "spark.jars")).isEqualTo(rapidsJar() + ",/mine.jar");
        assertThat(value(prepare, "spark.task.resource.gpu.amount")).isEqualTo("0.001");
        assertThat(value(prepare, "spark.executor.resource.gpu.amount")).isEqualTo("1");
        for (Stage other : List.of(Stage.TRAIN, Stage.EVALUATE, Stage.PUBLISH)) {
            SparkSubmit command = submit(other, gpu);
            assertThat(value(command, "spark.plugins")).isEqualTo("org.example.Mine");
            assertThat(value(command, "spark.jars")).isEqualTo("/mine.jar");
            assertThat(command.words()).noneMatch(word -> word.startsWith("spark.task.resource"));
        }
    }

    @Test
    void rapidsComesFromMavenOrFromSparksOwnJarsToo() {
        String[] gpu = {"spark.master=''", "spark.conf.spark.executor.resource.gpu.amount=1"};
        String coordinates = "com.nvidia:rapids-4-spark_2.13:26.08.1";

        SparkSubmit fetched = submit(Stage.PREPARE, gpu[0], gpu[1], "spark.rapids-jar=" + coordinates);
        RunDirectory.write(home.resolve("target/spark-home/jars/rapids-4-spark_2.13-26.08.1.jar"), "");
        SparkSubmit installed = submit(Stage.PREPARE, gpu);

        assertThat(value(fetched, "spark.jars.packages")).isEqualTo(coordinates);
        assertThat(value(fetched, "spark.plugins")).isEqualTo("com.nvidia.spark.SQLPlugin");
        assertThat(value(installed, "spark.plugins")).isEqualTo("com.nvidia.spark.SQLPlugin");
        assertThat(installed.words()).noneMatch(word -> word.startsWith("spark.jars"));
    }

    @Test
    void asksForNoGpuFromLocalModeWhichHasNoneToGive() {
        SparkSubmit prepare = submit(
                Stage.PREPARE,
                "spark.conf.spark.executor.resource.gpu.amount=1",
                "spark.conf.spark.task.resource.gpu.amount=1",
                "spark.rapids-jar=" + rapidsJar());

        assertThat(prepare.words()).containsSequence("--master", "local[*]");
        assertThat(value(prepare, "spark.plugins")).isEqualTo("com.nvidia.spark.SQLPlugin");
        assertThat(prepare.words()).noneMatch(word -> word.matches("spark[.](executor|task)[.]resource[.].*"));
    }

    @Test
    void rapidsStaysOffWhereItWouldNotStartAndSaysWhy() {
        String gpu = "spark.conf.spark.executor.resource.gpu.amount=1";
        String jar = "spark.rapids-jar=" + rapidsJar();

        assertThat(off(jar))
                .isEqualTo(
                        "off: spark.conf.spark.executor.resource.gpu.amount is 0, and RAPIDS takes one GPU an executor");
        assertThat(off(jar, "spark.conf.spark.executor.resource.gpu.amount=2"))
                .startsWith("off: spark.conf.spark.executor.resource.gpu.amount is 2");
        assertThat(off(gpu))
                .isEqualTo("off: spark.rapids-jar is empty and there is no rapids-4-spark*.jar in "
                        + home.resolve("target/spark-home/jars"));
        assertThat(off(jar, gpu, "spark.rapids=off")).isEqualTo("off: spark.rapids is off");
        assertThat(off(jar, gpu, "spark.master=yarn"))
                .isEqualTo("off: spark.conf.spark.executor.resource.gpu.discoveryScript is not set, which yarn needs to"
                        + " find GPUs");
        assertThat(submissions(
                                jar,
                                gpu,
                                "spark.master=yarn",
                                "spark.conf.spark.executor.resource.gpu.discoveryScript=./gpus.sh")
                        .rapids()
                        .why())
                .isEqualTo("on: 1 GPU an executor, plugin from " + rapidsJar());
    }

    @Test
    void rapidsThatIsAskedForAndCannotStartIsRefused() {
        String gpu = "spark.conf.spark.executor.resource.gpu.amount=1";

        assertRefused(
                "spark needs conf.spark.executor.resource.gpu.amount 1 for rapids on, but it was 0", "spark.rapids=on");
        assertRefused(
                "spark.rapids is on, but spark.conf.spark.executor.resource.gpu.discoveryScript is not set",
                "spark.rapids=on",
                gpu,
                "spark.master=k8s://host");
        assertRefused(
                "spark.rapids-jar must be a file or Maven coordinates (group:artifact:version) but was 'gone.jar'",
                "spark.rapids-jar=gone.jar",
                gpu);
        assertRefused("spark.rapids must be one of auto, on, off but was 'yes'", "spark.rapids=yes");
        assertRefused(
                "must not name com.nvidia.spark.SQLPlugin in conf.spark.plugins",
                "spark.conf.spark.plugins=org.example.Mine, com.nvidia.spark.SQLPlugin");
    }

    private Path rapidsJar() {
        Path jar = home.resolve("rapids.jar");
        RunDirectory.write(jar, "");
        return jar;
    }

    private String off(String... overrides) {
        SparkSubmit prepare = submit(Stage.PREPARE, overrides);
        assertThat(prepare.words())
                .noneMatch(word -> word.startsWith("spark.plugins") || word.startsWith("spark.jars"));
        return submissions(overrides).rapids().why();
    }

    private void assertRefused(String message, String... overrides) {
        assertThatThrownBy(() -> submit(Stage.PREPARE, overrides))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageContaining(message);
    }

    @Test
    void aPrintedLineIsTheCommandForAShell() {
        String line = submit(Stage.TRAIN).shellLine();

        assertThat(line)
                .contains("SPARK_LOCAL_IP=127.0.0.1 ", " --master 'local-cluster[1,1,1024]' ", " 'a b.yaml'")
                .contains(" --name 'spark-lora train legal' ")
                .doesNotContain("\n");
    }

    @Test
    void aUsersSparkIsUsed() {
        Properties properties = new Properties();
        properties.setProperty(Installation.HOME_PROPERTY, home.toString());

        assertThat(Installation.find(Map.of("SPARK_HOME", "/opt/spark"), properties)
                        .sparkHome())
                .isEqualTo(Path.of("/opt/spark"));
        assertThat(Installation.find(Map.of("SPARK_HOME", "", "SPARK_LORA_HOME", "/else"), new Properties()))
                .isEqualTo(new Installation(Path.of("/else"), Path.of("/else/target/spark-home"), "spark-lora"));
    }

    @Test
    void saysWhatIsNotBuilt() throws Exception {
        Files.delete(home.resolve("training-job/target/spark-lora-training-job.jar"));
        assertThatThrownBy(() -> submit(Stage.TRAIN))
                .isInstanceOfSatisfying(
                        StageFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
                .hasMessageContaining("spark-lora-training-job.jar: build it with");

        Installation elsewhere = new Installation(home, home.resolve("nowhere"), "spark-lora");
        assertThatThrownBy(elsewhere::sparkSubmit)
                .hasMessageContaining("nowhere (no bin/spark-submit): set SPARK_HOME");
    }
}

package io.sparklora.pipeline.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparklora.pipeline.registry.RunDirectory;
import io.sparklora.pipeline.run.LocalStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** A host that has everything, and what is said of it once something is taken away. */
final class DoctorCommandTest {
    @TempDir
    private Path machine;

    private FakeHost host;

    @BeforeEach
    void furnish() {
        host = new FakeHost(machine);
        write("spark/bin/spark-submit", "").toFile().setExecutable(true);
        write("spark/jars/spark-core_2.13-4.2.0.jar", "");
        write("home/jars/spark-lora-training-job.jar", "");
        write("home/target/natives/pytorch-native-cpu-2.7.1-linux-x86_64.jar", "");
        write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu avx2 avx512_bf16 amx_tile\n");
        write("proc/meminfo", "MemTotal: 65000000 kB\nMemAvailable:   33554432 kB\n");
    }

    private Path write(String file, String text) {
        Path path = machine.resolve(file);
        RunDirectory.write(path, text);
        return path;
    }

    private record Answer(int status, String text) {}

    private Answer examine(String... arguments) {
        Installation installation =
                new Installation(machine.resolve("home"), machine.resolve("spark"), "bin/spark-lora");
        StringWriter out = new StringWriter();
        CommandLine command =
                new CommandLine(new DoctorCommand(installation, host.host())).setOut(new PrintWriter(out, true));
        return new Answer(command.execute(arguments), out.toString());
    }

    @Test
    void saysThatNothingIsMissing() {
        Answer answer = examine();
        assertThat(answer.text())
                .contains("ok      java        version 17")
                .contains("spark-core_2.13-4.2.0")
                .contains("ok      natives     libtorch for the processor")
                .contains("ok      processor   multiplies bf16")
                .contains("ok      gpu         none that nvidia-smi names")
                .contains("ok      memory      32.0 GiB available")
                .contains("ok      base cache  " + machine.resolve("user/.cache/spark-lora") + ", 100.0 GiB free")
                .contains("ok      djl cache   " + machine.resolve("temporary/.djl.ai") + ", 100.0 GiB free")
                .contains("ok      scratch     " + machine.resolve("temporary") + ", 100.0 GiB free")
                .contains("ok      network")
                .contains("this host has what it needs")
                .doesNotContain("MISSING");
        assertThat(answer.status()).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            spark/bin/spark-submit                  | spark   | no bin/spark-submit            | set SPARK_HOME
            spark/jars/spark-core_2.13-4.2.0.jar    | spark   | no spark-core                  | set SPARK_HOME
            home/jars/spark-lora-training-job.jar   | jars    | there is no                    | build Spark LoRA
            home/target/natives/pytorch-native-cpu-2.7.1-linux-x86_64.jar | natives | no libtorch | PYTORCH_LIBRARY_PATH
            """)
    void saysWhichFileIsMissingAndWhatToDo(String file, String topic, String text, String remedy) throws Exception {
        Files.delete(machine.resolve(file));
        Answer answer = examine();
        assertThat(answer.text())
                .containsPattern("MISSING " + topic + " +.*" + text + ".*\n +-> .*" + remedy)
                .contains("1 of these are missing");
        assertThat(answer.status()).isEqualTo(2);
    }

    @Test
    void refusesAnotherSpark() {
        machine.resolve("spark/jars/spark-core_2.13-4.2.0.jar").toFile().delete();
        write("spark/jars/spark-core_2.12-3.5.1.jar", "");
        assertThat(examine().text()).containsPattern("MISSING spark .*has spark-core_2.12-3.5.1.jar, not Spark 4");
    }

    @Test
    void refusesAnOldJavaAndTooLittleMemory() {
        host.javaVersion = 11;
        write("proc/meminfo", "MemAvailable:   1048576 kB\n");
        assertThat(examine().text())
                .contains("MISSING java        version 11, but 17 or newer is needed")
                .contains("MISSING memory      1.0 GiB available")
                .contains("2 of these are missing");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            2.7.1 | cu128 | libtorch_cpu.so | ok      natives     libtorch 2.7.1, cu128
            2.6.0 | cu128 | libtorch_cpu.so | MISSING natives     PYTORCH_VERSION is '2.6.0' and PYTORCH_FLAVOR 'cu128'
            2.7.1 | rocm  | libtorch_cpu.so | MISSING natives     PYTORCH_VERSION is '2.7.1' and PYTORCH_FLAVOR 'rocm'
            2.7.1 | cpu   | libother.so     | MISSING natives     PYTORCH_LIBRARY_PATH
            """)
    void looksAtAnInstalledLibtorch(String version, String flavour, String file, String line) {
        write("torch/" + file, "");
        host.environment.put("PYTORCH_LIBRARY_PATH", machine.resolve("torch").toString());
        host.environment.put("PYTORCH_VERSION", version);
        host.environment.put("PYTORCH_FLAVOR", flavour);
        assertThat(examine().text()).contains(line);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            570.86.15 | cu128 | ok      gpu         NVIDIA H100, 570.86.15, 81559 MiB
            570.86.15 | cpu   | ok      gpu         NVIDIA H100, 570.86.15, 81559 MiB; training needs libtorch for CUDA
            470.57.02 | cu128 | MISSING gpu         NVIDIA H100, 470.57.02
            """)
    void looksAtTheGpusDriverAndAtWhatLibtorchIsFor(String driver, String flavour, String line) {
        answerForGpus("echo 'NVIDIA H100, " + driver + ", 81559 MiB'");
        host.environment.put("PYTORCH_FLAVOR", flavour);
        assertThat(examine().text()).contains(line);
    }

    private void answerForGpus(String command) {
        write("bin/nvidia-smi", "#!/bin/sh\n" + command + "\n").toFile().setExecutable(true);
        host.environment.put("PATH", machine.resolve("none") + ":" + machine.resolve("bin"));
    }

    @Test
    void saysThatTheGpusDriverFails() {
        answerForGpus("echo 'NVIDIA-SMI has failed'; exit 9");
        assertThat(examine().text())
                .contains("MISSING gpu         " + machine.resolve("bin/nvidia-smi")
                        + " ended with 9: NVIDIA-SMI has failed\n");
    }

    @Test
    void looksAtTheDisksWhereLibrariesAreUnpackedAndSparkSpills() {
        host.freeBytes = 3L << 29;
        host.environment.put("SPARK_LOCAL_DIRS", machine.resolve("a") + "," + machine.resolve("b"));
        assertThat(examine().text())
                .contains("MISSING base cache ")
                .contains("ok      djl cache ")
                .contains("MISSING scratch     " + machine.resolve("a") + ", 1.5 GiB free")
                .contains("MISSING scratch     " + machine.resolve("b") + ", 1.5 GiB free")
                .contains("3 of these are missing");
    }

    @Test
    void takesTheAddressThatSparkIsTold() {
        host.ownName = () -> {
            throw new UnknownHostException("this-host: Name or service not known");
        };
        assertThat(examine().text())
                .contains("MISSING network     this host cannot reach itself by its own name: this-host: Name");

        host.environment.put("SPARK_LOCAL_IP", "127.0.0.1");
        assertThat(examine().text()).contains("ok      network     /127.0.0.1 listens and answers");

        // An address for documentation (RFC 5737), which no host has.
        host.environment.put("SPARK_LOCAL_IP", "192.0.2.1");
        assertThat(examine().text())
                .contains("MISSING network     this host cannot reach itself by SPARK_LOCAL_IP 192.0.2.1: ");
    }

    @Test
    void triesStorageAndLeavesNothingThere() {
        Path runs = machine.resolve("runs");
        Answer answer = examine(runs.toString(), "nowhere://a/b");
        assertThat(answer.text())
                .contains("ok      storage     " + runs + " can be written, and lets one of 8 create a file")
                .containsPattern("MISSING storage .*No FileSystem for scheme \"nowhere\"\n +-> see docs/storage.md");
        assertThat(answer.status()).isEqualTo(2);
        assertThat(runs).doesNotExist();
    }

    /** Renames by copying: those who looked before any copy was made all make theirs. */
    static final class CopyingStore extends LocalStore {
        private static final CyclicBarrier LOOKED = new CyclicBarrier(StorageExamination.WRITERS);

        @Override
        public boolean rename(org.apache.hadoop.fs.Path from, org.apache.hadoop.fs.Path to) throws IOException {
            try {
                LOOKED.await(10, TimeUnit.SECONDS);
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw new IOException("the others never came", e);
            }
            return super.rename(from, to);
        }
    }

    @Test
    void findsAStoreThatLetsSeveralWritersCreateOneFile() {
        Path runs = machine.resolve("runs");
        Answer answer =
                examine("--conf", "spark.hadoop.fs.copying.impl=" + CopyingStore.class.getName(), "copying://" + runs);
        assertThat(answer.text())
                .contains("MISSING storage     copying://" + runs + " lets 8 of 8 writers create one file");
        assertThat(runs).doesNotExist();
    }

    @Test
    void findsAnS3ClientWithoutConditionalWrites() {
        assertThat(examine("--conf", "spark.hadoop.fs.s3a.impl=" + LocalStore.class.getName(), "s3a://old" + machine)
                        .text())
                .containsPattern(
                        "MISSING storage +s3a://old.* has no conditional writes\n +-> .*Hadoop 3.4.2 or newer");
    }

    @Test
    void saysThatAStoresClientIsNotThere() {
        assertThat(examine("s3a://absent/runs").text())
                .containsPattern("MISSING storage +can't open s3a://absent/runs: a jar of its client is missing .*\n"
                        + " +-> see docs/storage.md for the jars");
    }
}

package io.sparklora.training.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.BaseTensor;
import io.sparklora.pipeline.basemodel.TinyModels;
import io.sparklora.training.evaluation.EvaluationFixture;
import io.sparklora.training.lora.LoraEntry;
import io.sparklora.training.lora.LoraMatrix;
import io.sparklora.training.lora.PeftAdapter;
import io.sparklora.training.model.HostModel;
import io.sparklora.training.model.MicroBatch;
import io.sparklora.training.model.SharedBase;
import io.sparklora.training.model.TaskGpu;
import io.sparklora.training.model.TorchScriptProgram;
import io.sparklora.training.model.WeightType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MergeCommandTest {
    @TempDir
    static Path directory;

    private static EvaluationFixture run;
    private static PeftAdapter adapter;

    @TempDir
    private Path target;

    private Path output;

    @BeforeAll
    static void trainAndPublish() throws IOException {
        run = new EvaluationFixture(directory);
        adapter = run.descended(4, 12);
        run.trained(adapter).published(adapter, run.runKey(), run.plan().baseModelHash());
    }

    @BeforeEach
    void nameTheOutput() {
        output = target.resolve("merged");
    }

    private record Outcome(int exitCode, String errors) {}

    private Outcome merge(Path adapterDirectory, Path merged, String... options) {
        List<String> args = new ArrayList<>(List.of(adapterDirectory.toString(), "--output", merged.toString()));
        args.addAll(List.of(options));
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = new MergeCommand(
                        new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8),
                        new PrintStream(err, false, StandardCharsets.UTF_8))
                .run(args.toArray(String[]::new));
        return new Outcome(exitCode, err.toString(StandardCharsets.UTF_8));
    }

    private static Path version() {
        return directory.resolve("registry/tiny/v1");
    }

    private static Path bare() {
        return Path.of(run.context().layout().adapter(run.runKey()).toString()).resolve("adapter");
    }

    private static float[] read(BaseModel model, BaseTensor tensor) {
        float[] values = new float[(int) tensor.elements()];
        model.read(tensor.name(), 0, (int) tensor.rows(), values);
        return values;
    }

    private void assertRefused(Outcome outcome, ExitCode code, String... parts) {
        assertThat(outcome.exitCode()).isEqualTo(code.code());
        assertThat(outcome.errors())
                .startsWith("spark-lora merge: ")
                .contains(parts)
                .hasLineCount(1);
        assertThat(target).isEmptyDirectory();
    }

    /** Every weight against W + scale B A as the definition has it. */
    @Test
    void addsWhatTheAdapterAddsAndNothingElse() {
        assertThat(merge(version(), output).exitCode()).isZero();

        try (BaseModel base = BaseModel.open(run.model());
                BaseModel merged = BaseModel.open(output)) {
            for (BaseTensor tensor : base.tensors()) {
                float[] expected = read(base, tensor);
                float[] found = read(merged, tensor);
                double[] delta = delta(tensor);
                for (int i = 0; i < expected.length; i++) {
                    assertThat((double) found[i])
                            .as("%s %d", tensor.name(), i)
                            .isCloseTo(expected[i] + delta[i], offset((double) Math.ulp(found[i])));
                }
            }
        }
    }

    private static double[] delta(BaseTensor tensor) {
        double[] delta = new double[(int) tensor.elements()];
        for (LoraEntry a : adapter.layout().entries()) {
            for (LoraEntry b : adapter.layout().entries()) {
                if (a.matrix() == LoraMatrix.A
                        && b.matrix() == LoraMatrix.B
                        && a.branch().equals(b.branch())
                        && tensor.name().equals(a.branch().path() + ".weight")) {
                    add(a, b, tensor.columns(), delta);
                }
            }
        }
        return delta;
    }

    private static void add(LoraEntry a, LoraEntry b, int columns, double[] delta) {
        float[] parameters = adapter.parameters();
        for (int i = 0; i < delta.length; i++) {
            for (int k = 0; k < a.rows(); k++) {
                delta[i] += a.branch().scale()
                        * parameters[b.offset() + i / columns * b.columns() + k]
                        * parameters[a.offset() + k * a.columns() + i % columns];
            }
        }
    }

    @Test
    void computesWhatBaseAndAdapterComputeTogether() {
        assertThat(merge(version(), output).exitCode()).isZero();

        double base = losses(run.model(), false);
        double adapted = losses(run.model(), true);
        double merged = losses(output, false);

        assertThat(adapted).isLessThan(0.7 * base);
        assertThat(merged).isCloseTo(adapted, offset(1e-5 * adapted));
    }

    private static double losses(Path model, boolean withAdapter) {
        HostModel host = HostModel.onProcessor(
                model.toString(), directory.resolve("cache").toString(), WeightType.FP32, 1);
        int[] ids = new java.util.Random(5).ints(32, 40, 48).toArray();
        int[] labels = ids.clone();
        labels[0] = -100;
        labels[16] = -100;
        MicroBatch batch = new MicroBatch(2, 16, ids, labels, new int[][] {{16}, {16}});
        try (BaseModel base = host.open();
                SharedBase shared = new SharedBase(host, base, TaskGpu.NONE)) {
            TorchScriptProgram program = shared.under(adapter);
            return withAdapter ? program.lossSum(batch) : program.baseLossSum(batch);
        }
    }

    /** The GGUF file keeps the rows of q and k in another order. */
    @Test
    void mergesAGgufFileToTheSameBitsAsADirectory() {
        Path gguf = TinyModels.gguf(target.resolve("base.gguf"), 1);
        Path file = target.resolve("merged.gguf");

        assertThat(merge(bare(), file, "--base", gguf.toString()).exitCode()).isZero();
        assertThat(merge(bare(), output, "--base", run.model().toString()).exitCode())
                .isZero();

        try (BaseModel ofFile = BaseModel.open(file);
                BaseModel ofDirectory = BaseModel.open(output)) {
            for (BaseTensor tensor : ofDirectory.tensors()) {
                assertThat(read(ofFile, tensor)).as(tensor.name()).isEqualTo(read(ofDirectory, tensor));
            }
        }
    }

    @Test
    void writesTheSameBytesEachTimeAndSaysWhatItDid() throws IOException {
        Path second = target.resolve("second");

        Outcome outcome = merge(version(), output, "--type", "bf16");
        merge(version(), second, "--type", "BF16");

        assertThat(outcome.errors())
                .contains("merge  20 of 20 tensors, ")
                .containsPattern("merged  14 of 20 tensors changed   0 MB in [0-9.]+ s   " + output);
        try (Stream<Path> files = Files.list(output)) {
            for (Path file : files.toList()) {
                assertThat(second.resolve(file.getFileName())).hasSameBinaryContentAs(file);
            }
        }
    }

    @Test
    void refusesAnOutputThatIsThereOrHasNoPlace() {
        assertThat(merge(version(), directory).errors())
                .contains("--output " + directory + " is there already: name another, or delete it");
        Path nowhere = target.resolve("no/such/merged");
        assertRefused(merge(version(), nowhere), ExitCode.USAGE, "--output must lie in a directory, but there is no ");
    }

    @Test
    void refusesToTurnOneKindOfModelIntoAnother() {
        assertRefused(
                merge(version(), target.resolve("merged.gguf")),
                ExitCode.USAGE,
                "--output must be a directory, as the base model " + run.model() + " is one",
                "convert_hf_to_gguf.py");
        Path gguf = TinyModels.gguf(directory.resolve("other-kind.gguf"), 1);
        assertRefused(
                merge(bare(), output, "--base", gguf.toString()),
                ExitCode.USAGE,
                "--output must be a file FILE.gguf, as the base model " + gguf + " is one");
        assertRefused(
                merge(version(), output, "--type", "q8_0"),
                ExitCode.USAGE,
                "a Hugging Face directory holds F32, F16 or BF16 but not Q8_0");
        assertRefused(merge(version(), output, "--type", "q4_1"), ExitCode.USAGE, "--type", "q4_1");
    }

    @Test
    void refusesABaseModelThatIsNotTheAdapters() {
        Path other = TinyModels.huggingFaceDirectory(directory.resolve("other"), 2);
        assertRefused(
                merge(version(), output, "--base", other.toString()),
                ExitCode.MISMATCH,
                "the base model " + other + " has content hash ");
        Path deeper = io.sparklora.pipeline.basemodel.TinyLlama.seeded(1)
                .withLayers(3)
                .writeDirectory(directory.resolve("deeper"));
        assertRefused(
                merge(bare(), output, "--base", deeper.toString()),
                ExitCode.MISMATCH,
                "the adapter in " + bare() + ", made for base, does not fit the base model " + deeper,
                "tensor base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight of shape [4, 32] is missing");
        Path shallower = io.sparklora.pipeline.basemodel.TinyLlama.seeded(1)
                .withLayers(1)
                .writeDirectory(directory.resolve("shallower"));
        assertRefused(
                merge(bare(), output, "--base", shallower.toString()),
                ExitCode.MISMATCH,
                "does not fit the base model " + shallower);
    }

    @Test
    void leavesNothingWhereAValueDoesNotFit() {
        float[] huge = adapter.parameters().clone();
        for (int i = 0; i < huge.length; i++) {
            huge[i] *= 1e6f;
        }
        Path directoryOfHuge = directory.resolve("huge");
        new PeftAdapter(adapter.config(), adapter.layout(), huge)
                .write(run.context().storage(), new org.apache.hadoop.fs.Path(directoryOfHuge.toString()));

        Outcome outcome = merge(directoryOfHuge, output, "--base", run.model().toString(), "--type", "f16");

        assertThat(outcome.exitCode()).isEqualTo(ExitCode.MISMATCH.code());
        assertThat(outcome.errors())
                .contains("spark-lora merge: weight model.layers.0.", "has a value that does not fit: ")
                .contains(" cannot be stored as F16");
        assertThat(target).isEmptyDirectory();
    }

    @Test
    void refusesADamagedAdapter() throws IOException {
        Path damaged = Files.createDirectory(directory.resolve("damaged"));
        Files.copy(bare().resolve("adapter_config.json"), damaged.resolve("adapter_config.json"));
        byte[] tensors = Files.readAllBytes(bare().resolve("adapter_model.safetensors"));
        // The last float becomes NaN.
        tensors[tensors.length - 1] = (byte) 0xFF;
        tensors[tensors.length - 2] = (byte) 0xFF;
        Files.write(damaged.resolve("adapter_model.safetensors"), tensors);

        assertRefused(
                merge(damaged, output, "--base", run.model().toString()),
                ExitCode.MISMATCH,
                "must hold finite numbers but element ");
    }
}

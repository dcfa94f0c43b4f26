package io.sparklora.training.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.basemodel.BaseTensor;
import io.sparklora.pipeline.basemodel.ContentHash;
import io.sparklora.pipeline.basemodel.DecoderShape;
import io.sparklora.pipeline.basemodel.SpecialTokens;
import io.sparklora.training.Warnings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

public final class BaseWeightCacheTest {
    private static final RandomLlama MODEL =
            new RandomLlama(RandomLlama.tiny(4, 2, false, Optional.empty()), 3).rounded();

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource(WeightType.class)
    void holdsEveryWeightWhereTheIndexSays(WeightType type) throws IOException {
        BaseWeights weights = new BaseWeightCache(directory).open(MODEL, type);

        assertThat(weights.plan().offsets()).hasSize(1 + 4 * 2 + 1);
        assertThat(values(weights, weights.plan().offsets().get(0), 97 * 32))
                .isEqualTo(tensor("model.embed_tokens.weight"));
        assertThat(values(weights, weights.plan().offsets().get(1), 32 * 32))
                .isEqualTo(tensor("model.layers.0.self_attn.q_proj.weight"));
        assertThat(values(weights, weights.plan().offsets().get(1) + 32 * 32 + 16 * 32, 16 * 32))
                .isEqualTo(tensor("model.layers.0.self_attn.v_proj.weight"));
        assertThat(values(weights, weights.plan().offsets().get(7) + 48 * 32, 48 * 32))
                .isEqualTo(tensor("model.layers.1.mlp.up_proj.weight"));
        assertThat(values(weights, weights.plan().offsets().get(9), 97 * 32)).isEqualTo(tensor("lm_head.weight"));
        assertThat(weights.plan().offsets()).allMatch(offset -> offset * type.bytes() % 64 == 0);
        assertThat(Files.size(weights.normFile())).isEqualTo(5L * 32 * Float.BYTES);
    }

    private static float[] tensor(String name) {
        BaseTensor tensor = MODEL.tensor(name);
        float[] values = new float[(int) tensor.elements()];
        MODEL.read(name, 0, (int) tensor.rows(), values);
        return values;
    }

    private static float[] values(BaseWeights weights, long offset, int count) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.wrap(Files.readAllBytes(weights.linearFile())).order(ByteOrder.LITTLE_ENDIAN);
        bytes.position((int) offset * weights.type().bytes());
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] =
                    weights.type() == WeightType.FP32 ? bytes.getFloat() : Float.intBitsToFloat(bytes.getShort() << 16);
        }
        return values;
    }

    @Test
    void readsTheModelOnce() {
        CountingModel model = new CountingModel();
        new BaseWeightCache(directory).open(model, WeightType.BF16);
        int reads = model.reads.get();

        new BaseWeightCache(directory).open(model, WeightType.BF16);

        assertThat(reads).isPositive();
        assertThat(model.reads).hasValue(reads);
    }

    @Test
    void racersBuildItOnce() throws Exception {
        CountingModel alone = new CountingModel();
        new BaseWeightCache(directory.resolve("alone")).open(alone, WeightType.FP32);
        CountingModel raced = new CountingModel();
        Callable<BaseWeights> racer =
                () -> new BaseWeightCache(directory.resolve("raced")).open(raced, WeightType.FP32);

        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<BaseWeights>> opened = threads.invokeAll(List.of(racer, racer, racer, racer));
        threads.shutdown();

        assertThat(raced.reads).hasValue(alone.reads.get());
        for (Future<BaseWeights> weights : opened) {
            assertThat(weights.get()).isEqualTo(opened.get(0).get());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"linear.bin", "norms.bin", "index.json"})
    void buildsADamagedCacheAnew(String file) throws IOException {
        BaseWeights weights = new BaseWeightCache(directory).open(MODEL, WeightType.BF16);
        Path damaged = weights.linearFile().resolveSibling(file);
        byte[] intact = Files.readAllBytes(damaged);
        byte[] flipped = intact.clone();
        flipped[flipped.length / 2] ^= 4;
        Files.write(damaged, flipped);

        try (Warnings warnings = new Warnings(BaseWeightCache.class)) {
            new BaseWeightCache(directory).open(MODEL, WeightType.BF16);
            assertThat(warnings.seen()).isNotEmpty().allSatisfy(warning -> assertThat(warning)
                    .contains("is damaged and is built anew: ")
                    .contains(damaged.toString()));
        }
        assertThat(damaged).hasBinaryContent(intact);
    }

    /** Turns any bit of any of a cache's files over; throws where what is opened then differs from what was built. */
    public static void buildsAnewAfterAFlip(Path directory, Random random) throws IOException {
        BaseWeightCache cache = new BaseWeightCache(directory);
        Path files = cache.open(MODEL, WeightType.BF16).linearFile().getParent();
        List<String> names = List.of("linear.bin", "norms.bin", "index.json");
        List<byte[]> intact = new ArrayList<>();
        for (String name : names) {
            intact.add(Files.readAllBytes(files.resolve(name)));
        }
        int damaged = random.nextInt(names.size());
        byte[] flipped = intact.get(damaged).clone();
        flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(Byte.SIZE));
        Files.write(files.resolve(names.get(damaged)), flipped);

        try (Warnings warnings = new Warnings(BaseWeightCache.class)) {
            cache.open(MODEL, WeightType.BF16);
            // The index says what the others must be: where it is damaged, one of them may seem to be.
            assertThat(warnings.seen()).isNotEmpty().allSatisfy(warning -> assertThat(warning)
                    .contains("is built anew")
                    .contains(files.toString()));
        }

        for (int i = 0; i < names.size(); i++) {
            assertThat(files.resolve(names.get(i))).hasBinaryContent(intact.get(i));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"linear.bin", "index.json"})
    void buildsAnIncompleteCacheAnew(String file) throws IOException {
        BaseWeights weights = new BaseWeightCache(directory).open(MODEL, WeightType.BF16);
        Path missing = weights.linearFile().resolveSibling(file);
        byte[] intact = Files.readAllBytes(missing);
        Files.delete(missing);
        try (Warnings warnings = new Warnings(BaseWeightCache.class)) {
            new BaseWeightCache(directory).open(MODEL, WeightType.BF16);
            assertThat(warnings.seen()).isNotEmpty().allSatisfy(warning -> assertThat(warning)
                    .contains("lacks " + missing)
                    .contains("is built anew"));
        }
        assertThat(missing).hasBinaryContent(intact);

        try (FileChannel channel = FileChannel.open(missing, StandardOpenOption.WRITE)) {
            channel.truncate(intact.length / 2);
        }
        new BaseWeightCache(directory).open(MODEL, WeightType.BF16);
        assertThat(missing).hasBinaryContent(intact);
    }

    @Test
    void leavesNothingBehindWhereTheModelCannotBeRead() throws IOException {
        CountingModel failing = new CountingModel();
        failing.reads.set(Integer.MIN_VALUE);

        assertThatThrownBy(() -> new BaseWeightCache(directory).open(failing, WeightType.FP32))
                .isInstanceOf(UncheckedIOException.class);

        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).allMatch(path -> path.toString().endsWith(".lock"));
        }
    }

    @Test
    void cleansUpAfterAKilledBuilder() throws IOException {
        String name = MODEL.contentHash() + "-fp32-v1";
        Path partial = Files.createDirectories(directory.resolve(name + ".partial"));
        Files.writeString(partial.resolve("linear.bin"), "half");

        BaseWeights weights = new BaseWeightCache(directory).open(MODEL, WeightType.FP32);

        assertThat(partial).doesNotExist();
        assertThat(weights.linearFile().getParent()).hasFileName(name);
    }

    @Test
    void roundsToTheNearestBf16TiesToEven() {
        assertThat(bf16(1f)).isEqualTo(1f);
        assertThat(bf16(Float.intBitsToFloat(0x3F808000))).isEqualTo(Float.intBitsToFloat(0x3F800000));
        assertThat(bf16(Float.intBitsToFloat(0x3F818000))).isEqualTo(Float.intBitsToFloat(0x3F820000));
        assertThat(bf16(Float.intBitsToFloat(0x3F808001))).isEqualTo(Float.intBitsToFloat(0x3F810000));
        assertThat(bf16(Float.MAX_VALUE)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(bf16(-0f)).isEqualTo(-0f);
        assertThat(bf16(Float.intBitsToFloat(0x7F800001))).isNaN();
    }

    private static float bf16(float value) {
        return Float.intBitsToFloat(WeightType.bfloat16(value) << 16);
    }

    /** Counts reads; with a negative count every read fails. */
    private static final class CountingModel implements BaseModel {
        private final AtomicInteger reads = new AtomicInteger();

        @Override
        public Path path() {
            return MODEL.path();
        }

        @Override
        public DecoderShape shape() {
            return MODEL.shape();
        }

        @Override
        public ContentHash contentHash() {
            return MODEL.contentHash();
        }

        @Override
        public List<BaseTensor> tensors() {
            return MODEL.tensors();
        }

        @Override
        public BaseTensor tensor(String name) {
            return MODEL.tensor(name);
        }

        @Override
        public void read(String name, long firstRow, int rows, float[] destination) {
            if (reads.incrementAndGet() < 0) {
                throw new UncheckedIOException(new IOException("no such disk"));
            }
            MODEL.read(name, firstRow, rows, destination);
        }

        @Override
        public String tokenizerJson() {
            return MODEL.tokenizerJson();
        }

        @Override
        public SpecialTokens specialTokens() {
            return MODEL.specialTokens();
        }

        @Override
        public Optional<String> chatTemplate() {
            return Optional.empty();
        }

        @Override
        public void close() {
            // holds nothing
        }
    }
}

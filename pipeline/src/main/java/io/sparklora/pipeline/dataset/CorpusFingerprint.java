package io.sparklora.pipeline.dataset;

import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What a corpus is at one moment, so that the same content is recognised wherever it lies: of each source of files the
 * names, lengths and SHA-256 of its files; of a table a hash of its rows, which only a stage with Spark SQL can take.
 */
public final class CorpusFingerprint {
    private static final int READERS = 8;

    private CorpusFingerprint() {}

    /**
     * The fingerprint of inputs that are all files; empty where one is a table.
     *
     * @param inputs by their keys
     * @throws io.sparklora.pipeline.StageFailure ({@link io.sparklora.pipeline.ExitCode#BAD_INPUT}) where one has no files
     */
    public static Optional<ContentKey> ofFiles(Storage storage, Map<String, SourceConfig> inputs) {
        if (inputs.values().stream().anyMatch(source -> source.format() == SourceConfig.Format.TABLE)) {
            return Optional.empty();
        }
        return Optional.of(of(inputs.entrySet().stream()
                .map(input -> ofFiles(storage, input.getValue(), input.getKey()))
                .toList()));
    }

    /** The fingerprint of all inputs out of each one's, in their order. */
    public static ContentKey of(List<ContentKey> sources) {
        List<String> parts = new ArrayList<>(List.of("corpus/1"));
        sources.forEach(source -> parts.add(source.hex()));
        return ContentKey.of(parts);
    }

    /** The fingerprint of one source of files; every file is read once, eight at a time. */
    public static ContentKey ofFiles(Storage storage, SourceConfig source, String key) {
        List<CorpusFiles.File> files = CorpusFiles.of(storage, source, key).files();
        ExecutorService readers = Executors.newFixedThreadPool(READERS);
        try {
            List<Future<String>> hashes = files.stream()
                    .map(file -> readers.submit(() -> storage.sha256(file.path())))
                    .toList();
            List<String> parts = new ArrayList<>(List.of("files/1"));
            for (int i = 0; i < files.size(); i++) {
                parts.addAll(
                        List.of(files.get(i).name(), Long.toString(files.get(i).bytes()), join(hashes.get(i))));
            }
            return ContentKey.of(parts);
        } finally {
            readers.shutdownNow();
        }
    }

    private static String join(Future<String> hash) {
        try {
            return hash.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure
                    ? failure
                    : new IllegalStateException("a file was not hashed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while reading the corpus", e);
        }
    }
}

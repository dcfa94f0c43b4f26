package io.sparklora.pipeline.dataset;

import io.sparklora.pipeline.config.CorpusConfig;
import io.sparklora.pipeline.config.SourceConfig;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/**
 * What a corpus is at one moment, so that the same content is recognised wherever it lies: of each source of files the
 * names, lengths and SHA-256 of its files; of a table a hash of its rows, which only a stage with Spark SQL can take.
 */
public final class CorpusFingerprint {
    private static final int READERS = 8;

    private CorpusFingerprint() {}

    /**
     * The fingerprint of a corpus that is all files; empty where a source is a table.
     *
     * @throws io.sparklora.pipeline.StageFailure ({@link io.sparklora.pipeline.ExitCode#BAD_INPUT}) where a source has
     *     no files
     */
    public static Optional<ContentKey> ofFiles(Storage storage, CorpusConfig corpus) {
        List<SourceConfig> sources = corpus.sources();
        if (sources.stream().anyMatch(source -> source.format() == SourceConfig.Format.TABLE)) {
            return Optional.empty();
        }
        return Optional.of(of(IntStream.range(0, sources.size())
                .mapToObj(index -> ofFiles(storage, sources.get(index), index))
                .toList()));
    }

    /** The fingerprint of a corpus out of its sources', in their order. */
    public static ContentKey of(List<ContentKey> sources) {
        List<String> parts = new ArrayList<>(List.of("corpus/1"));
        sources.forEach(source -> parts.add(source.hex()));
        return ContentKey.of(parts);
    }

    /** The fingerprint of one source of files; every file is read once, eight at a time. */
    public static ContentKey ofFiles(Storage storage, SourceConfig source, int index) {
        List<CorpusFiles.File> files = CorpusFiles.of(storage, source, index).files();
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

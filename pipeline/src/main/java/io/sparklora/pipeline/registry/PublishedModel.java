package io.sparklora.pipeline.registry;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.run.FileEntry;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;

/**
 * A whole model of full fine-tuning, as a Hugging Face directory. That its weights are those that were trained is train's to
 * see: it reads back what it wrote before it commits the files' hashes.
 */
final class PublishedModel {
    private static final List<String> NEEDED = List.of("config.json", "tokenizer.json");
    private static final String WEIGHTS = ".safetensors";

    private PublishedModel() {}

    /**
     * Looks whether the files are what transformers loads.
     *
     * @param directory theirs, for the error
     * @throws StageFailure ({@link ExitCode#MISMATCH}) naming what is missing or does not belong
     */
    static void check(Path directory, List<FileEntry> files) {
        Set<String> names = files.stream().map(FileEntry::path).collect(Collectors.toSet());
        List<String> missing =
                NEEDED.stream().filter(name -> !names.contains(name)).toList();
        boolean weighs = names.stream().anyMatch(name -> name.endsWith(WEIGHTS));
        if (!missing.isEmpty() || !weighs || names.stream().anyMatch(name -> name.contains("/"))) {
            throw new StageFailure(
                    ExitCode.MISMATCH,
                    directory + " must hold a Hugging Face model, " + String.join(", ", NEEDED) + " and *" + WEIGHTS
                            + " side by side, but holds "
                            + names.stream().sorted().toList());
        }
    }
}

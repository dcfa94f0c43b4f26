package io.sparklora.dataprep.filter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/**
 * Texts with datatrove's decisions about them, which {@code interop/filter_golden.py} made: texts at the edges of what a
 * text is, the beginnings of the SPDX licence texts, docstrings of numpy, and made-up ones.
 */
final class DatatroveGolden {
    private static final String FILE = "datatrove.jsonl.gz";
    private static final int EDGES = 40;
    private static final int LICENCES = 715;
    private static final int DOCSTRINGS = 300;

    private final List<JsonNode> lines;

    private DatatroveGolden(List<JsonNode> lines) {
        this.lines = List.copyOf(lines);
    }

    static DatatroveGolden read() throws IOException {
        JsonMapper mapper = new JsonMapper();
        List<JsonNode> read = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Objects.requireNonNull(DatatroveGolden.class.getResourceAsStream(FILE), FILE)),
                StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                read.add(mapper.readTree(line));
            }
        }
        return new DatatroveGolden(read);
    }

    List<JsonNode> all() {
        return lines;
    }

    /** The first 3,000 characters of each text of the SPDX licence list, each once. */
    List<JsonNode> licences() {
        return lines.subList(EDGES, EDGES + LICENCES);
    }

    List<JsonNode> docstrings() {
        return lines.subList(EDGES + LICENCES, EDGES + LICENCES + DOCSTRINGS);
    }
}

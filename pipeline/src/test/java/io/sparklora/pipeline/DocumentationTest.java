package io.sparklora.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Keeps the documents honest: what they name exists. */
final class DocumentationTest {
    private static final Path ROOT = Path.of(System.getProperty("project.root", ".."));
    private static final Pattern TYPE = Pattern.compile("`([A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)*)`");
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:|#)([^)#]+)[^)]*\\)");

    @Test
    void everyTypeThatTheArchitectureNamesExists() throws IOException {
        Set<String> named = find(TYPE, ROOT.resolve("ARCHITECTURE.md"));

        assertThat(named).hasSizeGreaterThan(20);
        assertThat(sourceTypes()).containsAll(named);
    }

    @Test
    void everyRelativeLinkLeadsSomewhere() throws IOException {
        for (Path page : pages()) {
            for (String link : find(LINK, page)) {
                assertThat(page.resolveSibling(link))
                        .as("%s links to %s", ROOT.relativize(page), link)
                        .exists();
            }
        }
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> files = Files.walk(ROOT, 3)) {
            return files.filter(file -> file.toString().endsWith(".md"))
                    .filter(file -> !file.toString().contains("/target/"))
                    .collect(Collectors.toList());
        }
    }

    private static Set<String> find(Pattern pattern, Path page) throws IOException {
        return pattern.matcher(Files.readString(page))
                .results()
                .map((MatchResult match) -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> sourceTypes() {
        return Stream.of("pipeline", "data-prep", "training-job")
                .flatMap(module -> javaFiles(ROOT.resolve(module).resolve("src/main/java")).stream())
                .map(file -> file.getFileName().toString().replace(".java", ""))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<Path> javaFiles(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(".java")).collect(Collectors.toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package io.sparklora.pipeline.command;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A machine of its own, with room for everything, that a test may take away. */
final class FakeHost {
    final Map<String, String> environment = new HashMap<>();
    int javaVersion = 17;
    long memoryBytes = 64L << 30;
    long freeBytes = 100L << 30;
    Host.NameLookup ownName = InetAddress::getLoopbackAddress;

    private final Path directory;

    /** @param directory holds {@code proc}, {@code user} and {@code temporary} */
    FakeHost(Path directory) {
        this.directory = directory;
    }

    Host host() {
        return new Host(
                environment,
                directory.resolve("proc"),
                directory.resolve("user"),
                directory.resolve("temporary"),
                javaVersion,
                memoryBytes,
                path -> freeBytes,
                ownName);
    }
}

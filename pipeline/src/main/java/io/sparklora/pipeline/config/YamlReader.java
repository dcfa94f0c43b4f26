package io.sparklora.pipeline.config;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.resolver.ScalarResolver;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/**
 * One YAML 1.2 document as a tree that remembers its lines. Anchors, aliases and tags are refused: a configuration
 * needs none, and without them the tree is no bigger than the text.
 */
final class YamlReader {
    private static final int MAX_DEPTH = 32;
    private static final int MAX_CODE_POINTS = 1 << 20;
    private static final ScalarResolver CORE = new CoreSchema().getScalarResolver();

    private final Iterator<Event> events;
    private final Function<Optional<Mark>, String> origin;

    private YamlReader(Iterator<Event> events, Function<Optional<Mark>, String> origin) {
        this.events = events;
        this.origin = origin;
    }

    /** Reads a file's text; an empty one is an empty mapping. */
    static Yaml file(String text, String name) {
        return read(
                text,
                mark -> name + mark.map(m -> ", line " + (m.getLine() + 1)).orElse(""));
    }

    /** Reads a value that has no lines, such as an override's. */
    static Yaml value(String text, String origin) {
        return read(text, mark -> origin);
    }

    private static Yaml read(String text, Function<Optional<Mark>, String> origin) {
        LoadSettings settings =
                LoadSettings.builder().setCodePointLimit(MAX_CODE_POINTS).build();
        try {
            Iterator<Event> events = new Parse(settings).parseString(text).iterator();
            return new YamlReader(events, origin).document();
        } catch (MarkedYamlEngineException e) {
            throw new StageFailure(
                    ExitCode.USAGE, "no valid YAML: " + e.getProblem() + at(origin.apply(e.getProblemMark())), e);
        } catch (YamlEngineException e) {
            throw new StageFailure(
                    ExitCode.USAGE, "no valid YAML: " + e.getMessage() + at(origin.apply(Optional.empty())), e);
        }
    }

    private Yaml document() {
        events.next();
        Event start = events.next();
        if (start.getEventId() == Event.ID.StreamEnd) {
            return new Yaml.Mapping(List.of(), origin.apply(Optional.empty()));
        }
        Yaml root = value(events.next(), 0);
        events.next();
        Event end = events.next();
        if (end.getEventId() != Event.ID.StreamEnd) {
            throw refused("a second YAML document starts; one is allowed", end);
        }
        return root;
    }

    private Yaml value(Event event, int depth) {
        if (event instanceof AliasEvent || (event instanceof NodeEvent node && hasAnchor(node))) {
            throw refused("anchors (&) and aliases (*) are not supported; quote a text that starts with * or &", event);
        }
        if (depth > MAX_DEPTH) {
            throw refused("nested deeper than " + MAX_DEPTH, event);
        }
        if (event instanceof ScalarEvent scalar) {
            return scalar(scalar);
        }
        if (event instanceof CollectionStartEvent collection
                && collection.getTag().isPresent()) {
            throw refused("tags (!) are not supported", event);
        }
        return event instanceof MappingStartEvent ? mapping(event, depth) : sequence(event, depth);
    }

    private static boolean hasAnchor(NodeEvent event) {
        return event.getAnchor().isPresent();
    }

    private Yaml mapping(Event start, int depth) {
        List<Yaml.Entry> entries = new ArrayList<>();
        for (Event next = events.next(); next.getEventId() != Event.ID.MappingEnd; next = events.next()) {
            if (!(value(next, depth + 1) instanceof Yaml.Scalar key)) {
                throw refused("a key must be plain text", next);
            }
            entries.add(new Yaml.Entry(key.text(), key.origin(), value(events.next(), depth + 1)));
        }
        return new Yaml.Mapping(entries, originOf(start));
    }

    private Yaml sequence(Event start, int depth) {
        List<Yaml> items = new ArrayList<>();
        for (Event next = events.next(); next.getEventId() != Event.ID.SequenceEnd; next = events.next()) {
            items.add(value(next, depth + 1));
        }
        return new Yaml.Sequence(items, originOf(start));
    }

    private Yaml scalar(ScalarEvent event) {
        if (event.getTag().isPresent()) {
            throw refused("tags (!) are not supported", event);
        }
        Tag tag = CORE.resolve(event.getValue(), event.getImplicit().canOmitTagInPlainScalar());
        return new Yaml.Scalar(event.getValue(), kind(tag), originOf(event));
    }

    private static Yaml.Kind kind(Tag tag) {
        if (tag.equals(Tag.INT)) {
            return Yaml.Kind.INTEGER;
        }
        if (tag.equals(Tag.FLOAT)) {
            return Yaml.Kind.FLOAT;
        }
        if (tag.equals(Tag.BOOL)) {
            return Yaml.Kind.BOOLEAN;
        }
        return tag.equals(Tag.NULL) ? Yaml.Kind.NOTHING : Yaml.Kind.TEXT;
    }

    private StageFailure refused(String what, Event event) {
        return new StageFailure(ExitCode.USAGE, what + at(originOf(event)));
    }

    private String originOf(Event event) {
        return origin.apply(event.getStartMark());
    }

    private static String at(String origin) {
        return " (" + origin + ")";
    }
}

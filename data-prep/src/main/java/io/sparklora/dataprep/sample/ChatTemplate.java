package io.sparklora.dataprep.sample;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.graalvm.polyglot.Context;
import org.graalvm.polyglot.Engine;
import org.graalvm.polyglot.PolyglotException;
import org.graalvm.polyglot.ResourceLimits;
import org.graalvm.polyglot.SandboxPolicy;
import org.graalvm.polyglot.Source;
import org.graalvm.polyglot.Value;

/**
 * A model's chat template, compiled: the Jinja of the npm package {@code @huggingface/jinja}, run by GraalJS in a context
 * that sees no file, network, thread, environment or class of ours, and that is stopped after
 * {@value #MOST_STATEMENTS} statements of a rendering. A rendering may be {@value #MOST_GROWTH} times as long as template
 * and conversation (its JSON) together: a template says each of a conversation's values once or twice. The clock is kept from templates, too: a dataset's bytes may not
 * depend on the day, so {@code strftime_now} is undefined. Not thread-safe; the opener closes it.
 */
final class ChatTemplate implements AutoCloseable {
    private static final long MOST_STATEMENTS = 20_000_000;
    private static final int MOST_GROWTH = 16;
    private static final String LIBRARY = "jinja/jinja.js";
    private static final String BEFORE = "(function () { const module = {exports: {}}; (function (module, exports) {\n";
    private static final String AFTER = "\n})(module, module.exports);"
            + " const {Environment, Template} = module.exports;"
            + " const set = Environment.prototype.set;"
            + " Environment.prototype.set = function (name, value) {"
            + " return name === 'strftime_now' ? value : set.call(this, name, value); };"
            + " return {compile: text => new Template(text),"
            // A length is known before the text is made of its parts.
            + " render: (template, json, most) => { const text = template.render(JSON.parse(json));"
            + " return text.length > most ? null : text; }}; })()";

    private final ChatFormat format;
    private final Context context;
    private final Value library;
    private final Value template;
    private boolean isStopped;

    /**
     * Compiles a template.
     *
     * @throws IllegalArgumentException where it is no Jinja that the library knows
     */
    ChatTemplate(ChatFormat format) {
        this.format = format;
        this.context = Context.newBuilder("js")
                .engine(Sandbox.ENGINE)
                .sandbox(SandboxPolicy.CONSTRAINED)
                .resourceLimits(ResourceLimits.newBuilder()
                        .statementLimit(MOST_STATEMENTS, null)
                        .build())
                .build();
        try {
            this.library = context.eval(Sandbox.JINJA);
            this.template = library.invokeMember("compile", format.template());
        } catch (PolyglotException e) {
            context.close(true);
            throw new IllegalArgumentException(
                    "the base model's chat template can't be compiled: " + e.getMessage(), e);
        }
    }

    /** What ends a rendering: nothing more, or the words after which the model speaks. */
    enum End {
        OF_CONVERSATION,
        GENERATION_PROMPT
    }

    /**
     * The conversation as the model's tokenizer is to read it.
     *
     * @throws UnusableSampleException where the template refuses it, or prints far more than it was given
     */
    String render(Conversation conversation, End end) {
        ObjectNode values = conversation.json();
        values.putNull("documents");
        values.put("add_generation_prompt", end == End.GENERATION_PROMPT);
        values.put("bos_token", format.begin());
        values.put("eos_token", format.end());
        String json = values.toString();
        long most = (long) MOST_GROWTH * (json.length() + format.template().length());
        try {
            context.resetLimits();
            Value text = library.invokeMember("render", template, json, most);
            if (text.isNull()) {
                throw new UnusableSampleException(
                        SampleDefect.RENDERED_TOO_LONG,
                        "the template makes more than " + most + " characters of " + json.length());
            }
            return text.asString();
        } catch (PolyglotException e) {
            isStopped = e.isCancelled();
            throw new UnusableSampleException(
                    SampleDefect.REFUSED_BY_TEMPLATE, Objects.requireNonNullElse(e.getMessage(), "no reason"));
        }
    }

    /** Whether a rendering ran out of statements: nothing more can be rendered. */
    boolean isStopped() {
        return isStopped;
    }

    @Override
    public void close() {
        context.close(true);
    }

    /** What all templates of a JVM share; made when the first is compiled. */
    private static final class Sandbox {
        static final Engine ENGINE = Engine.newBuilder("js")
                .sandbox(SandboxPolicy.CONSTRAINED)
                .option("engine.WarnInterpreterOnly", "false")
                .out(OutputStream.nullOutputStream())
                .err(OutputStream.nullOutputStream())
                .build();
        static final Source JINJA = Source.newBuilder("js", BEFORE + library() + AFTER, LIBRARY)
                .cached(true)
                .buildLiteral();

        private static String library() {
            try (InputStream in = Objects.requireNonNull(
                    ChatTemplate.class.getResourceAsStream(LIBRARY), "the Jinja library is missing from the jar")) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}

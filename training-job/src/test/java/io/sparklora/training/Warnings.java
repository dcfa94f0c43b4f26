package io.sparklora.training;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.Property;

/** Listens to what a class warns of. */
public final class Warnings implements AutoCloseable {
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final Logger logger;
    private final AbstractAppender appender;

    /** From now on, until it is closed. */
    public Warnings(Class<?> warner) {
        Configurator.setLevel(warner, Level.WARN);
        logger = (Logger) LogManager.getLogger(warner);
        appender = new AbstractAppender("warnings", null, null, true, Property.EMPTY_ARRAY) {
            @Override
            public void append(LogEvent event) {
                seen.add(event.getMessage().getFormattedMessage());
            }
        };
        appender.start();
        logger.addAppender(appender);
    }

    /** In the order in which they came. */
    public List<String> seen() {
        return List.copyOf(seen);
    }

    @Override
    public void close() {
        logger.removeAppender(appender);
    }
}

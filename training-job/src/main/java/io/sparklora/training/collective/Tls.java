package io.sparklora.training.collective;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.time.Duration;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/** TLS 1.3 for a link, and what its failures mean. */
final class Tls {
    private Tls() {}

    /** BoringSSL, which Spark brings for most platforms and which encrypts some times faster; else the JDK's own. */
    static SslProvider fastestProvider() {
        return OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
    }

    /** A context where both sides must show a certificate. */
    static SslContext mutual(SslContextBuilder builder, SslProvider provider) throws SSLException {
        return builder.sslProvider(provider)
                .protocols("TLSv1.3")
                .clientAuth(ClientAuth.REQUIRE)
                .build();
    }

    static SslHandler handler(SslContext context, ByteBufAllocator allocator, Duration handshakeTimeout) {
        SslHandler handler = context.newHandler(allocator);
        // Netty 4.2 compares host names unless told not to; null would leave its choice as it is.
        SSLParameters parameters = handler.engine().getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("");
        handler.engine().setSSLParameters(parameters);
        handler.setHandshakeTimeoutMillis(handshakeTimeout.toMillis());
        return handler;
    }

    /** What went wrong in TLS, in a line, or null where {@code cause} is no failure of TLS. */
    static @Nullable String failure(Throwable cause) {
        Throwable own = cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
        if (own instanceof NotSslRecordException) {
            // Its own message quotes all that was received.
            return "it speaks clear text where TLS is required";
        }
        return own instanceof SSLException ? "TLS failed: " + root(own).getMessage() : null;
    }

    /** BoringSSL's own exception says only that there was a problem. */
    private static Throwable root(Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }
}

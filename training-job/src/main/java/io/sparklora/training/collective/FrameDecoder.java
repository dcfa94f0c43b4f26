package io.sparklora.training.collective;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.TooLongFrameException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream into intact {@link Frame}s. A frame's memory is allocated only after its length has been found within
 * bounds, and bytes are copied once, from the socket's buffer into the frame.
 */
final class FrameDecoder extends ByteToMessageDecoder {
    private int maximumBodyBytes = Frame.MAXIMUM_GREETING_BYTES;
    private @Nullable ByteBuf frame;

    /** Raises the bound once the peer has proved itself. Call in the channel's event loop. */
    void admitSegmentsOf(int segmentLongs) {
        int segmentBytes = Frame.SEGMENT_HEADER_BYTES + segmentLongs * Long.BYTES;
        maximumBodyBytes = Math.max(Frame.MAXIMUM_GREETING_BYTES, segmentBytes);
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        ByteBuf current = frame;
        if (current == null) {
            if (in.readableBytes() < Frame.PREFIX_BYTES) {
                return;
            }
            current = begin(ctx, in);
            frame = current;
        }
        in.readBytes(current, Math.min(in.readableBytes(), current.writableBytes()));
        if (!current.isWritable()) {
            if (!Frame.intact(current)) {
                throw new CorruptedFrameException("a frame of " + current.writerIndex() + " bytes fails its checksum");
            }
            frame = null;
            out.add(current);
        }
    }

    private ByteBuf begin(ChannelHandlerContext ctx, ByteBuf in) {
        int bodyBytes = Frame.bodyBytes(in);
        if (!Frame.isLengthIntact(in)) {
            throw new CorruptedFrameException("a frame's length of " + bodyBytes + " bytes fails its check");
        }
        if (bodyBytes < Integer.BYTES || bodyBytes > maximumBodyBytes) {
            throw new TooLongFrameException(
                    "a frame's body must have 4 to " + maximumBodyBytes + " bytes but states " + bodyBytes);
        }
        int frameBytes = Frame.PREFIX_BYTES + bodyBytes;
        ByteBuf begun = ctx.alloc().directBuffer(frameBytes, frameBytes);
        in.readBytes(begun, Frame.PREFIX_BYTES);
        return begun;
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext ctx) {
        if (frame != null) {
            frame.release();
            frame = null;
        }
    }
}

//! Percent-encoding (RFC 3986, section 2.1): of inputs, so that none can leave its place, and of what clients send.

const std = @import("std");

/// Write a text so that it stands for itself anywhere in a URL: all but unreserved characters are encoded.
pub fn encode(arena: std.mem.Allocator, out: *std.ArrayList(u8), said: []const u8) !void {
    for (said) |c| {
        if (std.ascii.isAlphanumeric(c) or c == '-' or c == '.' or c == '_' or c == '~') {
            try out.append(arena, c);
        } else {
            try out.print(arena, "%{X:0>2}", .{c});
        }
    }
}

/// What an encoded text stands for, in UTF-8; null where it is encoded badly. In queries a plus is a blank.
pub fn decode(arena: std.mem.Allocator, said: []const u8, plus: bool) !?[]const u8 {
    var out: std.ArrayList(u8) = .empty;
    try out.ensureTotalCapacity(arena, said.len);
    var i: usize = 0;
    while (i < said.len) : (i += 1) {
        if (said[i] == '%') {
            if (i + 3 > said.len) return null;
            const high = std.fmt.charToDigit(said[i + 1], 16) catch return null;
            const low = std.fmt.charToDigit(said[i + 2], 16) catch return null;
            out.appendAssumeCapacity(high << 4 | low);
            i += 2;
        } else {
            out.appendAssumeCapacity(if (plus and said[i] == '+') ' ' else said[i]);
        }
    }
    return if (std.unicode.utf8ValidateSlice(out.items)) out.items else null;
}

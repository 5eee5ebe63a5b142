//! JSON where it stands: scanned in place, never built into trees. A value is a slice of the text that holds it.
//!
//! `valid` looks at a text once, whole; all other functions take what it has found good.

const std = @import("std");

/// Objects and lists may stand in each other so deep.
pub const max_depth = 128;

pub const Kind = enum { object, array, string, number, boolean, null };

/// The one JSON value of a text in UTF-8 (RFC 8259), without the white space around it; null where it is none.
pub fn valid(source: []const u8) ?[]const u8 {
    var scanner = Scanner{ .text = source };
    const start = scanner.blank(0);
    const end = scanner.value(start) catch return null;
    if (scanner.blank(end) != source.len) return null;
    return source[start..end];
}

const Scanner = struct {
    text: []const u8,

    const Bad = error{Bad};

    fn at(self: *const Scanner, index: usize) u8 {
        return if (index < self.text.len) self.text[index] else 0;
    }

    fn blank(self: *const Scanner, from: usize) usize {
        var i = from;
        while (i < self.text.len) : (i += 1) {
            switch (self.text[i]) {
                ' ', '\t', '\n', '\r' => {},
                else => break,
            }
        }
        return i;
    }

    /// The end of the value that begins at `from`. One loop, so that depth costs no stack.
    fn value(self: *const Scanner, from: usize) Bad!usize {
        var in_object: [max_depth]bool = undefined;
        var depth: usize = 0;
        var i = from;
        while (true) {
            // A value begins here.
            switch (self.at(i)) {
                '{', '[' => |sign| {
                    if (depth == max_depth) return error.Bad;
                    in_object[depth] = sign == '{';
                    depth += 1;
                    i = self.blank(i + 1);
                    const empty: u8 = if (sign == '{') '}' else ']';
                    if (self.at(i) == empty) {
                        i += 1;
                        depth -= 1;
                    } else {
                        if (sign == '{') i = try self.name(i);
                        continue;
                    }
                },
                '"' => i = try self.string(i),
                't' => i = try self.word(i, "true"),
                'f' => i = try self.word(i, "false"),
                'n' => i = try self.word(i, "null"),
                else => i = try self.number(i),
            }
            // A value has ended: what follows?
            while (true) {
                if (depth == 0) return i;
                i = self.blank(i);
                const sign = self.at(i);
                if (sign == ',') {
                    i = self.blank(i + 1);
                    if (in_object[depth - 1]) i = try self.name(i);
                    break;
                }
                const end: u8 = if (in_object[depth - 1]) '}' else ']';
                if (sign != end) return error.Bad;
                depth -= 1;
                i += 1;
            }
        }
    }

    /// Behind a field's name, its colon, and the blanks there.
    fn name(self: *const Scanner, from: usize) Bad!usize {
        if (self.at(from) != '"') return error.Bad;
        const end = self.blank(try self.string(from));
        if (self.at(end) != ':') return error.Bad;
        return self.blank(end + 1);
    }

    fn word(self: *const Scanner, from: usize, comptime wanted: []const u8) Bad!usize {
        if (!std.mem.startsWith(u8, self.text[from..], wanted)) return error.Bad;
        return from + wanted.len;
    }

    fn number(self: *const Scanner, from: usize) Bad!usize {
        var i = from;
        if (self.at(i) == '-') i += 1;
        if (self.at(i) == '0') i += 1 else i = try self.digits(i);
        if (self.at(i) == '.') i = try self.digits(i + 1);
        if (self.at(i) == 'e' or self.at(i) == 'E') {
            i += 1;
            if (self.at(i) == '+' or self.at(i) == '-') i += 1;
            i = try self.digits(i);
        }
        return i;
    }

    fn digits(self: *const Scanner, from: usize) Bad!usize {
        var i = from;
        while (std.ascii.isDigit(self.at(i))) i += 1;
        return if (i == from) error.Bad else i;
    }

    fn string(self: *const Scanner, from: usize) Bad!usize {
        var i = from + 1;
        while (i < self.text.len) {
            i = plainUntil(self.text, i, .sound);
            if (i == self.text.len) break;
            const c = self.text[i];
            if (c == '"') return i + 1;
            if (c < 0x20) return error.Bad;
            if (c == '\\') {
                switch (self.at(i + 1)) {
                    '"', '\\', '/', 'b', 'f', 'n', 'r', 't' => i += 2,
                    'u' => {
                        if (i + 6 > self.text.len) return error.Bad;
                        for (self.text[i + 2 .. i + 6]) |h| if (!std.ascii.isHex(h)) return error.Bad;
                        i += 6;
                    },
                    else => return error.Bad,
                }
            } else if (c < 0x80) {
                i += 1;
            } else {
                const length = std.unicode.utf8ByteSequenceLength(c) catch return error.Bad;
                if (i + length > self.text.len) return error.Bad;
                _ = std.unicode.utf8Decode(self.text[i .. i + length]) catch return error.Bad;
                i += length;
            }
        }
        return error.Bad;
    }
};

pub fn kind(value: []const u8) Kind {
    return switch (value[0]) {
        '{' => .object,
        '[' => .array,
        '"' => .string,
        't', 'f' => .boolean,
        'n' => .null,
        else => .number,
    };
}

pub fn isNull(value: []const u8) bool {
    return value[0] == 'n';
}

fn skipBlank(text: []const u8, from: usize) usize {
    var i = from;
    while (i < text.len and (text[i] == ' ' or text[i] == '\n' or text[i] == '\r' or text[i] == '\t')) i += 1;
    return i;
}

fn endOfString(text: []const u8, from: usize) usize {
    var i = from + 1;
    while (true) {
        i = plainUntil(text, i, .any);
        if (text[i] == '"') return i + 1;
        i += if (text[i] == '\\') 2 else 1;
    }
}

/// How much of a string needs no look at single bytes: up to somewhere before the next quote or backslash, and with
/// `sound` before the next byte that is no visible ASCII, too. Eight bytes at a time are looked at as one number.
fn plainUntil(text: []const u8, from: usize, comptime which: enum { any, sound }) usize {
    var i = from;
    while (i + 8 <= text.len) : (i += 8) {
        const eight = std.mem.readInt(u64, text[i..][0..8], .little);
        var stops = below(eight ^ repeated('"'), 1) | below(eight ^ repeated('\\'), 1);
        if (which == .sound) stops |= below(eight, 0x20) | eight;
        if (stops & repeated(0x80) != 0) break;
    }
    return i;
}

fn repeated(byte: u8) u64 {
    return @as(u64, byte) * 0x0101010101010101;
}

/// Not zero where, and only where, some byte is below another one, of at most 0x80.
fn below(eight: u64, byte: u8) u64 {
    return (eight -% repeated(byte)) & ~eight & repeated(0x80);
}

/// The end of the value that begins at `from` in a good text.
fn endOf(text: []const u8, from: usize) usize {
    var i = from;
    switch (text[i]) {
        '"' => return endOfString(text, i),
        '{', '[' => {
            var depth: usize = 0;
            while (true) switch (text[i]) {
                '"' => i = endOfString(text, i),
                '{', '[' => {
                    depth += 1;
                    i += 1;
                },
                '}', ']' => {
                    depth -= 1;
                    i += 1;
                    if (depth == 0) return i;
                },
                else => i += 1,
            };
        },
        else => {
            while (i < text.len) : (i += 1) switch (text[i]) {
                ',', '}', ']', ' ', '\n', '\r', '\t' => break,
                else => {},
            };
            return i;
        },
    }
}

pub const Field = struct {
    /// As it stands between its quotes, with its escapes.
    name: []const u8,
    value: []const u8,
};

/// The fields of an object, in its order.
pub const Fields = struct {
    text: []const u8,
    at: usize = 1,

    pub fn next(self: *Fields) ?Field {
        var i = skipBlank(self.text, self.at);
        if (self.text[i] == ',') i = skipBlank(self.text, i + 1);
        if (self.text[i] == '}') return null;
        const end = endOfString(self.text, i);
        const name = self.text[i + 1 .. end - 1];
        const start = skipBlank(self.text, skipBlank(self.text, end) + 1);
        self.at = endOf(self.text, start);
        return .{ .name = name, .value = self.text[start..self.at] };
    }
};

pub fn fields(object: []const u8) Fields {
    return .{ .text = object };
}

/// The elements of a list.
pub const Elements = struct {
    text: []const u8,
    at: usize = 1,

    pub fn next(self: *Elements) ?[]const u8 {
        var i = skipBlank(self.text, self.at);
        if (self.text[i] == ',') i = skipBlank(self.text, i + 1);
        if (self.text[i] == ']') return null;
        self.at = endOf(self.text, i);
        return self.text[i..self.at];
    }
};

pub fn elements(list: []const u8) Elements {
    return .{ .text = list };
}

/// The value of an object's field, of the last one where there are several of that name, as most readers have it.
pub fn field(value: []const u8, name: []const u8) ?[]const u8 {
    if (kind(value) != .object) return null;
    var found: ?[]const u8 = null;
    var all = fields(value);
    while (all.next()) |one| {
        if (nameIs(one.name, name)) found = one.value;
    }
    return found;
}

pub fn element(value: []const u8, index: usize) ?[]const u8 {
    if (kind(value) != .array) return null;
    var all = elements(value);
    var i: usize = 0;
    while (all.next()) |one| : (i += 1) {
        if (i == index) return one;
    }
    return null;
}

pub fn count(list: []const u8) usize {
    var all = elements(list);
    var n: usize = 0;
    while (all.next() != null) n += 1;
    return n;
}

/// Whether a name as it stands between quotes is this text.
pub fn nameIs(raw: []const u8, wanted: []const u8) bool {
    if (std.mem.indexOfScalar(u8, raw, '\\') == null) return std.mem.eql(u8, raw, wanted);
    var all = Letters{ .raw = raw };
    var at: usize = 0;
    var buffer: [4]u8 = undefined;
    while (all.next()) |code| {
        const size = std.unicode.utf8Encode(code, &buffer) catch return false;
        if (at + size > wanted.len or !std.mem.eql(u8, wanted[at .. at + size], buffer[0..size])) return false;
        at += size;
    }
    return at == wanted.len;
}

/// The code points of a string as it stands between its quotes. Half a surrogate pair is U+FFFD.
pub const Letters = struct {
    raw: []const u8,
    at: usize = 0,

    pub fn next(self: *Letters) ?u21 {
        if (self.at >= self.raw.len) return null;
        const c = self.raw[self.at];
        if (c == '\\') return self.escaped();
        const length = std.unicode.utf8ByteSequenceLength(c) catch 1;
        const bytes = self.raw[self.at..@min(self.at + length, self.raw.len)];
        self.at += bytes.len;
        return std.unicode.utf8Decode(bytes) catch 0xFFFD;
    }

    fn escaped(self: *Letters) u21 {
        const sign = self.raw[self.at + 1];
        if (sign != 'u') {
            self.at += 2;
            return switch (sign) {
                'b' => 8,
                'f' => 12,
                'n' => 10,
                'r' => 13,
                't' => 9,
                else => sign,
            };
        }
        const high = self.unit();
        if (high < 0xD800 or high > 0xDFFF) return high;
        if (high < 0xDC00 and self.at + 1 < self.raw.len and self.raw[self.at] == '\\' and self.raw[self.at + 1] == 'u') {
            const before = self.at;
            const low = self.unit();
            if (low >= 0xDC00 and low <= 0xDFFF) return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            self.at = before;
        }
        return 0xFFFD;
    }

    fn unit(self: *Letters) u21 {
        const hex = self.raw[self.at + 2 .. self.at + 6];
        self.at += 6;
        return std.fmt.parseInt(u16, hex, 16) catch 0xFFFD;
    }
};

/// The letters of a string value.
pub fn lettersOf(value: []const u8) Letters {
    return .{ .raw = value[1 .. value.len - 1] };
}

/// A string value as text. What has no escapes is given as it stands.
pub fn textOf(arena: std.mem.Allocator, value: []const u8) ![]const u8 {
    return unescaped(arena, value[1 .. value.len - 1]);
}

/// A string or name as it stands between its quotes, as text.
pub fn unescaped(arena: std.mem.Allocator, raw: []const u8) ![]const u8 {
    if (std.mem.indexOfScalar(u8, raw, '\\') == null) return raw;
    var out: std.ArrayList(u8) = .empty;
    try out.ensureTotalCapacity(arena, raw.len);
    var all = Letters{ .raw = raw };
    var buffer: [4]u8 = undefined;
    while (all.next()) |code| {
        const size = std.unicode.utf8Encode(code, &buffer) catch unreachable; // never half a pair
        try out.appendSlice(arena, buffer[0..size]);
    }
    return out.items;
}

/// Write a text as a JSON string.
pub fn writeText(arena: std.mem.Allocator, out: *std.ArrayList(u8), said: []const u8) !void {
    try out.append(arena, '"');
    var start: usize = 0;
    for (said, 0..) |c, i| {
        if (c >= 0x20 and c != '"' and c != '\\') continue;
        try out.appendSlice(arena, said[start..i]);
        start = i + 1;
        switch (c) {
            '"' => try out.appendSlice(arena, "\\\""),
            '\\' => try out.appendSlice(arena, "\\\\"),
            '\n' => try out.appendSlice(arena, "\\n"),
            else => try out.print(arena, "\\u{x:0>4}", .{c}),
        }
    }
    try out.appendSlice(arena, said[start..]);
    try out.append(arena, '"');
}

/// A text as a JSON string.
pub fn quoted(arena: std.mem.Allocator, said: []const u8) ![]const u8 {
    var out: std.ArrayList(u8) = .empty;
    try writeText(arena, &out, said);
    return out.items;
}

test "what is JSON and what is not" {
    const t = std.testing;
    inline for (.{ "1", "-0.5e+3", " {\"a\" : [1, {}, []] } ", "\"\\u00e4\\n\"", "null", "[[[]]]", "\"\u{e4}\"" }) |good| try t.expect(valid(good) != null);
    inline for (.{ "", "01", "1.", "+1", "{\"a\":1,}", "[1 2]", "{a:1}", "nul", "\"\n\"", "\"\\x\"", "\"\xff\"", "[1]]", "{\"a\"}", "\"\\u12\"" }) |bad| try t.expect(valid(bad) == null);
    const deep: [2 * (max_depth + 1)]u8 = @as([max_depth + 1]u8, @splat('[')) ++ @as([max_depth + 1]u8, @splat(']'));
    try t.expect(valid(deep[1 .. deep.len - 1]) != null);
    try t.expect(valid(&deep) == null);
}

test "fields and elements" {
    const t = std.testing;
    const value = valid("{\"a\": {\"b\": \"]}\"}, \"l\":[ 1 , [2,3], \"x\" ],\"\\u0061\": 7}").?;
    try t.expectEqualStrings("7", field(value, "a").?);
    try t.expectEqualStrings("[2,3]", element(field(value, "l").?, 1).?);
    try t.expectEqual(3, count(field(value, "l").?));
    try t.expect(element(field(value, "l").?, 3) == null);
    try t.expect(field(value, "b") == null);
}

test "escapes" {
    const t = std.testing;
    var arena = std.heap.ArenaAllocator.init(t.allocator);
    defer arena.deinit();
    const a = arena.allocator();
    try t.expectEqualStrings("\u{1F600}\u{FFFD}x\n", try textOf(a, "\"\\ud83d\\ude00\\ud83dx\\n\""));
    try t.expectEqualStrings("\"a\\\"\\u0001\\n\"", try quoted(a, "a\"\x01\n"));
}

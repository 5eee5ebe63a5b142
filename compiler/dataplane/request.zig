//! What a client sent: its path's parameters, its query, and texts as the JSON values that they are to be read as.

const std = @import("std");
const json = @import("json.zig");
const numbers = @import("numbers.zig");
const percent = @import("percent.zig");
const plan = @import("plan.zig");

const Allocator = std.mem.Allocator;
const Text = []const u8;

pub const Pair = struct { name: Text, value: Text };

/// A request's target in origin form.
pub const Target = struct {
    path: Text,
    query: Text,

    pub fn of(said: Text) Target {
        const end = std.mem.indexOfScalar(u8, said, '?') orelse return .{ .path = said, .query = "" };
        return .{ .path = said[0..end], .query = said[end + 1 ..] };
    }

    /// The text that stands for a parameter in the path, still encoded; null where the path does not match.
    pub fn parameter(self: Target, template: plan.Path, name: Text) ?Text {
        var segments = std.mem.splitScalar(u8, self.path, '/');
        _ = segments.next(); // the empty one before the first slash
        for (template) |segment| {
            const actual = segments.next() orelse return null;
            for (segment, 0..) |part, i| {
                if (i % 2 == 1 and std.mem.eql(u8, part, name)) return captured(segment, actual, i);
            }
        }
        return null;
    }

    fn captured(segment: []const Text, actual: Text, wanted: usize) ?Text {
        if (!std.mem.startsWith(u8, actual, segment[0])) return null;
        var start = segment[0].len;
        var i: usize = 1;
        while (i < segment.len) : (i += 2) {
            const literal: Text = if (i + 1 < segment.len) segment[i + 1] else "";
            const last = i + 2 >= segment.len;
            const end = if (last) actual.len -| literal.len else std.mem.indexOfPos(u8, actual, start, literal) orelse return null;
            if (end < start) return null;
            if (i == wanted) return actual[start..end];
            start = end + literal.len;
        }
        return null;
    }
};

/// The pairs of a query, decoded; one that is encoded badly ends it with an error.
pub const Query = struct {
    arena: Allocator,
    parts: std.mem.SplitIterator(u8, .scalar),

    pub fn of(arena: Allocator, query: Text) Query {
        return .{ .arena = arena, .parts = std.mem.splitScalar(u8, query, '&') };
    }

    pub fn next(self: *Query) error{ BadEncoding, OutOfMemory }!?Pair {
        while (self.parts.next()) |part| {
            if (part.len == 0) continue;
            const end = std.mem.indexOfScalar(u8, part, '=') orelse part.len;
            const value = if (end < part.len) part[end + 1 ..] else "";
            return .{
                .name = try percent.decode(self.arena, part[0..end], true) orelse return error.BadEncoding,
                .value = try percent.decode(self.arena, value, true) orelse return error.BadEncoding,
            };
        }
        return null;
    }
};

/// A text as the JSON value of the first of these types that it is: whole number, number, truth value, null, text.
pub fn typed(arena: Allocator, said: Text, kinds: plan.Kinds) !?Text {
    if (json.valid(said)) |value| {
        if (value.len == said.len) switch (json.kind(value)) {
            .number => if (kinds.contains(.number) or (kinds.contains(.integer) and numbers.isWhole(value))) return value,
            .boolean => if (kinds.contains(.boolean)) return value,
            .null => if (kinds.contains(.null)) return value,
            else => {},
        };
    }
    return if (kinds.contains(.string)) try json.quoted(arena, said) else null;
}

test "parameters of a path" {
    const t = std.testing;
    const target = Target.of("/v1/orders/a%20b.json/x?q=1");
    const template: plan.Path = &.{ &.{"v1"}, &.{"orders"}, &.{ "", "id", ".json" }, &.{ "", "last", "" } };
    try t.expectEqualStrings("a%20b", target.parameter(template, "id").?);
    try t.expectEqualStrings("x", target.parameter(template, "last").?);
    try t.expect(target.parameter(template, "other") == null);
    try t.expectEqualStrings("q=1", target.query);
}

test "texts as values" {
    const t = std.testing;
    var arena = std.heap.ArenaAllocator.init(t.allocator);
    defer arena.deinit();
    const a = arena.allocator();
    const number = plan.Kinds.init(.{ .integer = true });
    try t.expectEqualStrings("12", (try typed(a, "12", number)).?);
    try t.expect(try typed(a, "1.5", number) == null);
    try t.expect(try typed(a, " 1", number) == null);
    try t.expectEqualStrings("\"12\"", (try typed(a, "12", plan.Kinds.init(.{ .string = true }))).?);
    try t.expectEqualStrings("\"a\\\"\"", (try typed(a, "a\"", plan.Kinds.init(.{ .string = true, .number = true }))).?);
}

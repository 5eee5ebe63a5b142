//! Keys of clients: whose a key is, by its digest. The keys themselves are nowhere but with those who send them.

const std = @import("std");
const json = @import("json.zig");
const percent = @import("percent.zig");
const plan = @import("plan.zig");
const request = @import("request.zig");

const Allocator = std.mem.Allocator;
const Sha256 = std.crypto.hash.sha2.Sha256;
const Text = []const u8;
const Digest = [Sha256.digest_length]u8;

pub const Keys = struct {
    /// Whether the key stands in the query instead of a header.
    in_query: bool,
    name: Text,
    consumers: std.AutoHashMapUnmanaged(Digest, Text),

    /// Whose key this is.
    pub fn consumer(self: *const Keys, key: Text) ?Text {
        var digest: Digest = undefined;
        Sha256.hash(key, &digest, .{});
        return self.consumers.get(digest);
    }
};

/// What a configuration has under `keys`; null where it has nothing there.
pub fn read(arena: Allocator, source: Text) plan.Error!?Keys {
    const whole = json.valid(source) orelse return error.BadPlan;
    const said = json.field(whole, "keys") orelse return null;
    const place = try json.textOf(arena, json.field(said, "in") orelse return error.BadPlan);
    var made: Keys = .{
        .in_query = std.mem.eql(u8, place, "query"),
        .name = try json.textOf(arena, json.field(said, "name") orelse return error.BadPlan),
        .consumers = .empty,
    };
    var all = json.elements(json.field(said, "digests") orelse return error.BadPlan);
    while (all.next()) |one| {
        const who = try json.textOf(arena, json.element(one, 0) orelse return error.BadPlan);
        const hex = try json.textOf(arena, json.element(one, 1) orelse return error.BadPlan);
        var digest: Digest = undefined;
        if (hex.len != 2 * digest.len) return error.BadPlan;
        _ = std.fmt.hexToBytes(&digest, hex) catch return error.BadPlan;
        try made.consumers.put(arena, digest, who);
    }
    return made;
}

/// The one key of a request; null where there is none, or more than one, of which a service might read another.
pub fn inHeaders(headers: []const request.Pair, name: Text) ?Text {
    var found: ?Text = null;
    for (headers) |pair| if (std.mem.eql(u8, pair.name, name)) {
        if (found != null) return null;
        found = pair.value;
    };
    return found;
}

pub const InQuery = struct { key: ?Text, rest: Text };

/// The one key of a target, and the target without it. What else is in the query stays as it was sent.
pub fn inQuery(arena: Allocator, said: Text, name: Text) error{OutOfMemory}!InQuery {
    const target = request.Target.of(said);
    var kept: std.ArrayList(u8) = .empty;
    try kept.appendSlice(arena, target.path);
    var found: ?Text = null;
    var many: usize = 0;
    var first = true;
    var parts = std.mem.splitScalar(u8, target.query, '&');
    while (parts.next()) |part| {
        const end = std.mem.indexOfScalar(u8, part, '=') orelse part.len;
        const called = try percent.decode(arena, part[0..end], true) orelse "";
        if (std.mem.eql(u8, called, name)) {
            many += 1;
            found = if (end < part.len) try percent.decode(arena, part[end + 1 ..], true) else "";
            continue;
        }
        if (said.len > target.path.len and (part.len > 0 or !first)) {
            try kept.append(arena, if (first) '?' else '&');
            try kept.appendSlice(arena, part);
            first = false;
        }
    }
    return .{ .key = if (many == 1) found else null, .rest = kept.items };
}

test "keys are known by their digests" {
    const t = std.testing;
    var arena = std.heap.ArenaAllocator.init(t.allocator);
    defer arena.deinit();
    const source =
        \\{"keys": {"in": "header", "name": "x-api-key",
        \\ "digests": [["a", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"]]}}
    ;
    const keys = (try read(arena.allocator(), source)).?;
    try t.expectEqualStrings("a", keys.consumer("foo").?);
    try t.expect(keys.consumer("fo") == null);
    try t.expect(keys.consumer("") == null);
    try t.expect(try read(arena.allocator(), "{\"version\": 1}") == null);
}

test "the key is taken out of the query" {
    const t = std.testing;
    var arena = std.heap.ArenaAllocator.init(t.allocator);
    defer arena.deinit();
    const a = arena.allocator();
    const cases = [_][3]?Text{
        .{ "/o?key=k", "k", "/o" },
        .{ "/o?a=1&key=k%20&b=%26", "k ", "/o?a=1&b=%26" },
        .{ "/o?k%65y=k&b", "k", "/o?b" },
        .{ "/o?a=1&&b=2", null, "/o?a=1&&b=2" },
        .{ "/o?key=k&key=l", null, "/o" },
        .{ "/o", null, "/o" },
    };
    for (cases) |case| {
        const found = try inQuery(a, case[0].?, "key");
        if (case[1]) |key| try t.expectEqualStrings(key, found.key.?) else try t.expect(found.key == null);
        try t.expectEqualStrings(case[2].?, found.rest);
    }
}

test "two keys in headers are none" {
    const t = std.testing;
    const one = request.Pair{ .name = "x-api-key", .value = "k" };
    try t.expectEqualStrings("k", inHeaders(&.{one}, "x-api-key").?);
    try t.expect(inHeaders(&.{ one, one }, "x-api-key") == null);
    try t.expect(inHeaders(&.{}, "x-api-key") == null);
}

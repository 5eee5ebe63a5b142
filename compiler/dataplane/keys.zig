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
    /// The variable of Envoy's environment that holds the digests, where the plan does not.
    variable: ?Text = null,
    consumers: std.AutoHashMapUnmanaged(Digest, Text),

    /// Whose key this is.
    pub fn consumer(self: *const Keys, key: Text) ?Text {
        var digest: Digest = undefined;
        Sha256.hash(key, &digest, .{});
        return self.consumers.get(digest);
    }

    /// Add what a variable holds: `consumer:sha256`, parted by the ends of lines, commas or blanks. What stands behind a
    /// `#` says nothing up to the end of its line. What is wrong is passed over, and given with its number, from 1; not
    /// with its text, which may be a key.
    pub fn take(self: *Keys, arena: Allocator, said: Text) error{OutOfMemory}![]const Fault {
        var faults: std.ArrayList(Fault) = .empty;
        var number: usize = 0;
        var lines = std.mem.splitScalar(u8, said, '\n');
        while (lines.next()) |line| {
            var entries = std.mem.tokenizeAny(u8, line[0 .. std.mem.indexOfScalar(u8, line, '#') orelse line.len], " \t\r,");
            while (entries.next()) |entry| {
                number += 1;
                const wrong = try self.add(arena, entry) orelse continue;
                try faults.append(arena, .{ .entry = number, .wrong = wrong });
            }
        }
        return faults.items;
    }

    fn add(self: *Keys, arena: Allocator, entry: Text) error{OutOfMemory}!?Text {
        const end = std.mem.indexOfScalar(u8, entry, ':') orelse return "no `consumer:sha256`";
        const who = entry[0..end];
        const hex = entry[end + 1 ..];
        var digest: Digest = undefined;
        if (hex.len != 2 * digest.len) return "no SHA-256 digest";
        _ = std.fmt.hexToBytes(&digest, hex) catch return "no SHA-256 digest";
        if (!isName(who)) return "no name of a consumer";
        const place = try self.consumers.getOrPut(arena, digest);
        if (place.found_existing) return "a key that stands twice";
        place.value_ptr.* = who;
        return null;
    }
};

pub const Fault = struct { entry: usize, wrong: Text };

/// As the compiler has it of a file: letters and digits, and `.`, `_`, `@` and `-` behind the first of them.
fn isName(who: Text) bool {
    if (who.len == 0 or who.len > 128 or !std.ascii.isAlphanumeric(who[0])) return false;
    for (who) |c| if (!std.ascii.isAlphanumeric(c) and std.mem.indexOfScalar(u8, "._@-", c) == null) return false;
    return true;
}

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
    if (json.field(said, "variable")) |variable| {
        made.variable = try json.textOf(arena, variable);
        return made;
    }
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

test "digests of a variable" {
    const t = std.testing;
    var arena = std.heap.ArenaAllocator.init(t.allocator);
    defer arena.deinit();
    const a = arena.allocator();
    var keys = (try read(a, "{\"keys\": {\"in\": \"header\", \"name\": \"k\", \"variable\": \"KEYS\"}}")).?;
    try t.expectEqualStrings("KEYS", keys.variable.?);
    const foo = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    const bar = "FCDE2B2EDBA56BF408601FB721FE9B5C338D10EE429EA04FAE5511B68FBF8FB9";
    const faults = try keys.take(a, "one:" ++ foo ++ ", # two:" ++ foo ++ "\r\n\tone@x:" ++ bar ++ " three:" ++ foo ++ ",,four:12 secret \n:" ++ foo ++
        "\nx:" ++ @as([64]u8, @splat('z')));
    try t.expectEqualStrings("one", keys.consumer("foo").?);
    try t.expectEqualStrings("one@x", keys.consumer("bar").?);
    try t.expectEqual(@as(u32, 2), keys.consumers.count());
    const expected = [_]Fault{
        .{ .entry = 3, .wrong = "a key that stands twice" },
        .{ .entry = 4, .wrong = "no SHA-256 digest" },
        .{ .entry = 5, .wrong = "no `consumer:sha256`" },
        .{ .entry = 6, .wrong = "no name of a consumer" },
        .{ .entry = 7, .wrong = "no SHA-256 digest" },
    };
    try t.expectEqual(expected.len, faults.len);
    for (expected, faults) |wanted, found| {
        try t.expectEqual(wanted.entry, found.entry);
        try t.expectEqualStrings(wanted.wrong, found.wrong);
    }
    for ([_]Text{ "", "#", ",,", "\n \r\n" }) |nothing| try t.expectEqual(@as(usize, 0), (try keys.take(a, nothing)).len);
}

test "any variable" {
    const t = std.testing;
    var random = std.Random.DefaultPrng.init(7);
    const pieces = [_]Text{ "a", ":", "\n", ",", "#", " ", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", "\xff", "\x00" };
    for (0..2000) |_| {
        var arena = std.heap.ArenaAllocator.init(t.allocator);
        defer arena.deinit();
        var said: std.ArrayList(u8) = .empty;
        for (0..random.random().uintLessThan(usize, 12)) |_| {
            try said.appendSlice(arena.allocator(), pieces[random.random().uintLessThan(usize, pieces.len)]);
        }
        var keys: Keys = .{ .in_query = false, .name = "k", .consumers = .empty };
        _ = try keys.take(arena.allocator(), said.items);
        if (keys.consumer("foo")) |who| try t.expect(isName(who));
    }
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

//! A request held against its contract: what is wrong with its parameters and its body, each with its place.

const std = @import("std");
const compose = @import("compose.zig");
const json = @import("json.zig");
const percent = @import("percent.zig");
const plan = @import("plan.zig");
const problem = @import("problem.zig");
const request = @import("request.zig");
const schemas = @import("schema.zig");

const Allocator = std.mem.Allocator;
const Text = []const u8;

/// What is to be done about a body, which the headers say.
pub const Body = union(enum) {
    /// Nobody looks at it.
    unread,
    /// It must be JSON that satisfies the schema.
    read: usize,
    refused: problem.Problem,
};

/// What a request's headers say of its body. `whole` where there is none.
pub fn bodyOf(check: *const plan.Check, asked: compose.Asked, whole: bool) Body {
    const body = check.body orelse return .unread;
    if (whole) {
        if (!body.required) return .unread;
        return .{ .refused = .{ .status = 400, .detail = "the body is missing" } };
    }
    const said = asked.header("content-type") orelse "";
    const essence = std.mem.trim(u8, said[0 .. std.mem.indexOfScalar(u8, said, ';') orelse said.len], " \t");
    const media = for (body.media) |*one| {
        if (takes(one.essence, essence)) break one;
    } else return .{ .refused = .{ .status = 415, .detail = "the contract does not declare this media type" } };
    const schema = media.schema orelse return .unread;
    const wildcard = std.mem.indexOfScalar(u8, media.essence, '*') != null;
    if (wildcard and !isJson(essence)) return .unread;
    if (asked.header("content-encoding")) |encoding| if (!std.ascii.eqlIgnoreCase(encoding, "identity")) {
        return .{ .refused = .{ .status = 415, .detail = "an encoded body cannot be looked into" } };
    };
    return .{ .read = schema };
}

fn takes(declared: Text, essence: Text) bool {
    if (std.mem.eql(u8, declared, "*/*")) return true;
    if (std.mem.endsWith(u8, declared, "/*")) return std.ascii.startsWithIgnoreCase(essence, declared[0 .. declared.len - 1]);
    return std.ascii.eqlIgnoreCase(declared, essence);
}

fn isJson(essence: Text) bool {
    return std.ascii.eqlIgnoreCase(essence, "application/json") or std.ascii.endsWithIgnoreCase(essence, "+json");
}

/// A body, and the schema that it must satisfy.
pub const Given = struct { text: Text, schema: usize };

/// What is wrong with a request; null where nothing is. `body` is null where it is not looked at.
pub fn faults(arena: Allocator, all: *const plan.Plan, route: *const plan.Route, asked: compose.Asked, body: ?Given) error{OutOfMemory}!?problem.Problem {
    var found = Found{ .arena = arena, .plan = all };
    const check = &route.check.?;
    for (check.parameters) |*parameter| try found.parameter(parameter, route.path, asked);
    if (body) |given| {
        if (json.valid(given.text)) |value| {
            if (try schemas.doubled(arena, value)) |name| {
                try found.add("body", null, "", try std.fmt.allocPrint(arena, "has the name {s} twice in one object", .{name}));
            } else {
                try found.judge("body", null, given.schema, value);
            }
        } else {
            try found.add("body", null, "", "is not JSON, or is nested too deep");
        }
    }
    if (found.many == 0) return null;
    try found.out.append(arena, ']');
    return .{ .status = 400, .detail = "the request does not satisfy the contract", .more = found.out.items };
}

const Found = struct {
    arena: Allocator,
    plan: *const plan.Plan,
    out: std.ArrayList(u8) = .empty,
    many: usize = 0,

    fn add(self: *Found, place: Text, name: ?Text, pointer: Text, detail: Text) error{OutOfMemory}!void {
        const arena = self.arena;
        if (self.many == schemas.most_faults) return;
        try self.out.appendSlice(arena, if (self.many == 0) ", \"errors\": [" else ", ");
        self.many += 1;
        try self.out.print(arena, "{{\"in\": \"{s}\"", .{place});
        if (name) |said| {
            try self.out.appendSlice(arena, ", \"name\": ");
            try json.writeText(arena, &self.out, said);
        }
        try self.out.appendSlice(arena, ", \"pointer\": ");
        try json.writeText(arena, &self.out, pointer);
        try self.out.appendSlice(arena, ", \"detail\": ");
        try json.writeText(arena, &self.out, detail);
        try self.out.append(arena, '}');
    }

    fn judge(self: *Found, place: Text, name: ?Text, schema: usize, value: Text) error{OutOfMemory}!void {
        var judging = schemas.Judge{ .arena = self.arena, .plan = self.plan };
        const good = judging.judge(schema, value) catch |wrong| switch (wrong) {
            error.OutOfMemory => return error.OutOfMemory,
            error.Endless => return self.add(place, name, "", "asks for too much work to be checked"),
        };
        if (good) return;
        for (judging.faults.items) |fault| try self.add(place, name, fault.pointer, fault.detail);
        if (judging.faults.items.len == 0) try self.add(place, name, "", "does not satisfy the contract");
    }

    fn parameter(self: *Found, asks: *const plan.CheckedParameter, path: plan.Path, asked: compose.Asked) error{OutOfMemory}!void {
        const place = @tagName(asks.place);
        const value = valueOf(self.arena, asks, path, asked) catch |wrong| switch (wrong) {
            error.OutOfMemory => return error.OutOfMemory,
            error.BadEncoding => return self.add(place, asks.name, "", "cannot be decoded"),
            error.Doubled => return self.add(place, asks.name, "", "stands there more than once"),
            error.Unreadable => return self.add(place, asks.name, "", "cannot be read as the contract writes it"),
        } orelse {
            if (asks.required) try self.add(place, asks.name, "", "is missing");
            return;
        };
        if (asks.may_be_empty and std.mem.eql(u8, value, "\"\"")) return;
        if (asks.schema) |schema| try self.judge(place, asks.name, schema, value);
    }
};

const Error = error{ BadEncoding, Doubled, Unreadable, OutOfMemory };

/// A parameter as JSON; null where it is not there.
fn valueOf(arena: Allocator, asks: *const plan.CheckedParameter, path: plan.Path, asked: compose.Asked) Error!?Text {
    const target = request.Target.of(asked.path);
    switch (asks.place) {
        .path => {
            const said = target.parameter(path, asks.name) orelse return null;
            return try fromText(arena, asks, stripped(asks, said), .percent);
        },
        .query => return fromQuery(arena, asks, target.query),
        .header => {
            var joined: std.ArrayList(u8) = .empty;
            var there = false;
            for (asked.headers) |header| if (std.mem.eql(u8, header.name, asks.name)) {
                if (there) try joined.append(arena, ',');
                there = true;
                try joined.appendSlice(arena, header.value);
            };
            return if (there) try fromText(arena, asks, joined.items, .header) else null;
        },
        .cookie => {
            var found: ?Text = null;
            for (asked.headers) |header| if (std.mem.eql(u8, header.name, "cookie")) {
                var pairs = std.mem.splitScalar(u8, header.value, ';');
                while (pairs.next()) |pair| {
                    const trimmed = std.mem.trim(u8, pair, " ");
                    const end = std.mem.indexOfScalar(u8, trimmed, '=') orelse continue;
                    if (!std.mem.eql(u8, trimmed[0..end], asks.name)) continue;
                    if (found != null) return error.Doubled;
                    found = trimmed[end + 1 ..];
                }
            };
            return if (found) |said| try fromText(arena, asks, said, .percent) else null;
        },
    }
}

/// A path's parameter without the signs of its style (RFC 6570, sections 3.2.5 and 3.2.7).
fn stripped(asks: *const plan.CheckedParameter, said: Text) Text {
    switch (asks.style) {
        .label => return if (std.mem.startsWith(u8, said, ".")) said[1..] else said,
        .matrix => {
            if (!std.mem.startsWith(u8, said, ";")) return said;
            const rest = said[1..];
            if (asks.fields != null and asks.explode) return rest;
            if (!std.mem.startsWith(u8, rest, asks.name)) return said;
            return if (rest.len > asks.name.len and rest[asks.name.len] == '=') rest[asks.name.len + 1 ..] else "";
        },
        else => return said,
    }
}

const Written = enum { percent, query, header };

fn decoded(arena: Allocator, said: Text, how: Written) Error!Text {
    if (how == .header) return if (std.unicode.utf8ValidateSlice(said)) std.mem.trim(u8, said, " \t") else error.BadEncoding;
    return try percent.decode(arena, said, how == .query) orelse error.BadEncoding;
}

/// The value of one text, still encoded.
fn fromText(arena: Allocator, asks: *const plan.CheckedParameter, said: Text, how: Written) Error!Text {
    if (asks.style == .json) {
        return json.valid(try decoded(arena, said, how)) orelse error.Unreadable;
    }
    if (asks.fields) |fields| if (asks.scalar == null) return objectOf(arena, asks, fields, said, how);
    if (asks.elements) |kinds| {
        const one = !std.mem.containsAtLeastScalar(u8, said, 1, separator(asks)) or asks.explode and how == .query;
        if (asks.scalar == null or !one) return listOf(arena, asks, kinds, said, how);
    }
    return scalarOf(arena, asks.scalar, try decoded(arena, said, how));
}

/// A text as one of the types, as a text where it is none of them: the schema then says what is wrong.
fn scalarOf(arena: Allocator, kinds: ?plan.Kinds, said: Text) Error!Text {
    if (kinds) |allowed| if (try request.typed(arena, said, allowed)) |value| return value;
    return json.quoted(arena, said);
}

fn separator(asks: *const plan.CheckedParameter) u8 {
    return switch (asks.style) {
        .label => if (asks.explode) '.' else ',',
        .matrix => if (asks.explode) ';' else ',',
        .spaceDelimited => ' ',
        .pipeDelimited => '|',
        else => ',',
    };
}

fn listOf(arena: Allocator, asks: *const plan.CheckedParameter, kinds: plan.Kinds, said: Text, how: Written) Error!Text {
    var source = said;
    if (asks.style == .spaceDelimited or asks.style == .pipeDelimited) {
        // These separators may be encoded themselves.
        source = try decoded(arena, said, how);
    }
    var out: std.ArrayList(u8) = .empty;
    try out.append(arena, '[');
    var parts = std.mem.splitScalar(u8, source, separator(asks));
    var first = true;
    while (parts.next()) |part| {
        if (source.len == 0) break;
        if (!first) try out.append(arena, ',');
        first = false;
        const text = if (source.ptr != said.ptr) part else try decoded(arena, withoutName(asks, part), how);
        try out.appendSlice(arena, try scalarOf(arena, kinds, text));
    }
    try out.append(arena, ']');
    return out.items;
}

/// In an exploded matrix each element bears the name: `;a=1;a=2`.
fn withoutName(asks: *const plan.CheckedParameter, part: Text) Text {
    if (asks.style != .matrix or !asks.explode or !std.mem.startsWith(u8, part, asks.name)) return part;
    return if (part.len > asks.name.len and part[asks.name.len] == '=') part[asks.name.len + 1 ..] else part;
}

/// An object in one text: `a,1,b,2`, or exploded `a=1,b=2`.
fn objectOf(arena: Allocator, asks: *const plan.CheckedParameter, fields: []const plan.FieldKinds, said: Text, how: Written) Error!Text {
    var made = Object{ .arena = arena };
    var parts = std.mem.splitScalar(u8, said, separator(asks));
    while (parts.next()) |part| {
        if (said.len == 0) break;
        var name = part;
        var value: Text = undefined;
        if (asks.explode) {
            const end = std.mem.indexOfScalar(u8, part, '=') orelse return error.Unreadable;
            name = part[0..end];
            value = part[end + 1 ..];
        } else {
            value = parts.next() orelse return error.Unreadable;
        }
        try made.add(fields, try decoded(arena, name, how), try decoded(arena, value, how));
    }
    return made.finish();
}

const Object = struct {
    arena: Allocator,
    out: std.ArrayList(u8) = .empty,
    names: std.StringHashMapUnmanaged(void) = .empty,

    fn add(self: *Object, fields: []const plan.FieldKinds, name: Text, said: Text) Error!void {
        if ((try self.names.getOrPut(self.arena, name)).found_existing) return error.Doubled;
        const kinds: ?plan.Kinds = for (fields) |field| {
            if (std.mem.eql(u8, field.name, name)) break field.kinds;
        } else null;
        try self.out.append(self.arena, if (self.out.items.len == 0) '{' else ',');
        try json.writeText(self.arena, &self.out, name);
        try self.out.append(self.arena, ':');
        try self.out.appendSlice(self.arena, try scalarOf(self.arena, kinds, said));
    }

    fn finish(self: *Object) Error!Text {
        try self.out.appendSlice(self.arena, if (self.out.items.len == 0) "{}" else "}");
        return self.out.items;
    }
};

fn fromQuery(arena: Allocator, asks: *const plan.CheckedParameter, query: Text) Error!?Text {
    const deep = asks.style == .deepObject;
    const spread = asks.fields != null and (deep or (asks.style == .form and asks.explode and asks.scalar == null));
    var object = Object{ .arena = arena };
    var found: std.ArrayList(Text) = .empty;
    var parts = std.mem.splitScalar(u8, query, '&');
    while (parts.next()) |part| {
        const end = std.mem.indexOfScalar(u8, part, '=') orelse part.len;
        const value = if (end < part.len) part[end + 1 ..] else "";
        const name = try percent.decode(arena, part[0..end], true) orelse continue; // whose it is, nobody can tell
        if (spread) {
            const inner = if (deep) bracketed(asks.name, name) orelse continue else name;
            const declared = for (asks.fields.?) |field| {
                if (std.mem.eql(u8, field.name, inner)) break true;
            } else false;
            if (deep or declared) try object.add(asks.fields.?, inner, try decoded(arena, value, .query));
        } else if (std.mem.eql(u8, name, asks.name)) {
            try found.append(arena, value);
        }
    }
    if (spread) return if (object.out.items.len == 0) null else try object.finish();
    if (found.items.len == 0) return null;
    if (found.items.len == 1 and !(asks.explode and asks.elements != null and asks.scalar == null)) {
        return try fromText(arena, asks, found.items[0], .query);
    }
    const kinds = asks.elements orelse return error.Doubled;
    if (!asks.explode) return error.Doubled;
    var out: std.ArrayList(u8) = .empty;
    try out.append(arena, '[');
    for (found.items, 0..) |said, i| {
        if (i > 0) try out.append(arena, ',');
        try out.appendSlice(arena, try scalarOf(arena, kinds, try decoded(arena, said, .query)));
    }
    try out.append(arena, ']');
    return out.items;
}

/// What stands in the brackets of `name[inner]`.
fn bracketed(name: Text, said: Text) ?Text {
    if (!std.mem.startsWith(u8, said, name) or !std.mem.endsWith(u8, said, "]")) return null;
    return if (said.len > name.len + 1 and said[name.len] == '[') said[name.len + 1 .. said.len - 1] else null;
}

//! What is asked of a request and of a step's answer, without regard to what else runs.

const std = @import("std");
const compose = @import("compose.zig");
const evaluate = @import("evaluate.zig");
const json = @import("json.zig");
const numbers = @import("numbers.zig");
const percent = @import("percent.zig");
const plan = @import("plan.zig");
const request = @import("request.zig");

const Allocator = std.mem.Allocator;
const Text = []const u8;

/// Read all parameters; gives what is wrong with the first that is, if any.
pub fn wrongParameter(arena: Allocator, route: *const plan.Route, asked: compose.Asked, into: []?Text) error{OutOfMemory}!?Text {
    const aggregate = route.aggregate.?;
    if (try wrongAmong(arena, route, aggregate.parameters, asked, into)) |detail| return detail;
    if (aggregate.body == .required and asked.body == null) return "the body is missing";
    return null;
}

/// The same of the parameters alone, whatever they are for.
pub fn wrongAmong(arena: Allocator, route: *const plan.Route, parameters: []const plan.Parameter, asked: compose.Asked, into: []?Text) error{OutOfMemory}!?Text {
    const target = request.Target.of(asked.path);
    for (parameters, into) |parameter, *found| {
        found.* = null;
        const said = (switch (parameter.place) {
            .path => fromPath(arena, target, route.path, parameter.name),
            .headers => fromHeaders(arena, asked, parameter),
            .query => fromQuery(arena, target.query, parameter),
        }) catch |problem| switch (problem) {
            error.OutOfMemory => return error.OutOfMemory,
            error.BadEncoding => return try std.fmt.allocPrint(arena, "the {s} cannot be decoded", .{@tagName(parameter.place)}),
        } orelse {
            if (!parameter.required) continue;
            return try std.fmt.allocPrint(arena, "the parameter {s} is missing", .{parameter.name});
        };
        if (parameter.kinds.contains(.array) and json.valid(said) != null and parameter.place == .query) {
            found.* = said;
            continue;
        }
        found.* = try request.typed(arena, said, parameter.kinds) orelse
            return try std.fmt.allocPrint(arena, "the parameter {s} is of another type", .{parameter.name});
    }
    return null;
}

const Read = error{ BadEncoding, OutOfMemory }!?Text;

fn fromPath(arena: Allocator, target: request.Target, template: plan.Path, name: Text) Read {
    const said = target.parameter(template, name) orelse return null;
    return try percent.decode(arena, said, false) orelse error.BadEncoding;
}

fn fromHeaders(arena: Allocator, asked: compose.Asked, parameter: plan.Parameter) Read {
    const name = try std.ascii.allocLowerString(arena, parameter.name);
    const said = asked.header(name) orelse return null;
    return if (std.unicode.utf8ValidateSlice(said)) said else error.BadEncoding;
}

/// The first value; where the parameter is a list, all of them as JSON.
fn fromQuery(arena: Allocator, query: Text, parameter: plan.Parameter) Read {
    var all = request.Query.of(arena, query);
    var listed: std.ArrayList(u8) = .empty;
    while (try all.next()) |pair| {
        if (!std.mem.eql(u8, pair.name, parameter.name)) continue;
        if (!parameter.kinds.contains(.array)) return pair.value;
        try listed.append(arena, if (listed.items.len == 0) '[' else ',');
        try json.writeText(arena, &listed, pair.value);
    }
    if (listed.items.len == 0) return null;
    try listed.append(arena, ']');
    return listed.items;
}

/// One of the clusters, by their weights; `random` is any number.
pub fn chosen(step: *const plan.Step, random: u64) *const plan.Cluster {
    var left = random % step.weight;
    for (step.clusters) |*cluster| {
        if (left < cluster.weight) return cluster;
        left -= cluster.weight;
    }
    return &step.clusters[0];
}

/// Statuses after which another try may help; 0 stands for no answer at all.
pub fn isWorthAnother(status: u32) bool {
    return status == 0 or status == 502 or status == 503 or status == 504;
}

/// Whether an answer is one that the composition can use; `into` becomes its body.
pub fn isGood(arena: Allocator, step: *const plan.Step, status: u32, body: ?Text, into: *Text) error{OutOfMemory}!bool {
    const declared = for (step.good) |good| {
        if (good == status or (good < 10 and status / 100 == good)) break true;
    } else false;
    if (!declared) return false;
    const sent = body orelse return false;
    into.* = if (sent.len == 0) "null" else json.valid(sent) orelse return false;
    for (step.expect) |expected| if (!isAsExpected(into.*, expected.path, expected)) return false;
    _ = arena;
    return true;
}

/// Whether what is at a path has one of the types that are relied on.
fn isAsExpected(value: Text, path: []const plan.Part, expected: plan.Expected) bool {
    if (path.len == 0) return isOfKind(value, expected.kinds);
    switch (path[0]) {
        .each => {
            if (json.kind(value) != .array) return expected.absent;
            var all = json.elements(value);
            while (all.next()) |one| if (!isAsExpected(one, path[1..], expected)) return false;
            return true;
        },
        .name => |name| return isAsExpected(json.field(value, name) orelse return expected.absent, path[1..], expected),
        .index => |index| return isAsExpected(json.element(value, index) orelse return expected.absent, path[1..], expected),
    }
}

pub fn isOfKind(value: Text, kinds: plan.Kinds) bool {
    return switch (json.kind(value)) {
        .object => kinds.contains(.object),
        .array => kinds.contains(.array),
        .string => kinds.contains(.string),
        .boolean => kinds.contains(.boolean),
        .null => kinds.contains(.null),
        .number => kinds.contains(.number) or (kinds.contains(.integer) and numbers.isWhole(value)),
    };
}

/// What a path leads to in what a step stands for: its status, its headers by name, its body.
pub fn ofOutcome(arena: Allocator, outcome: *const compose.Outcome, path: []const plan.Part) evaluate.Error!evaluate.Found {
    if (path.len == 0 or path[0] != .name) return .{ .value = try wholeOutcome(arena, outcome), .used = 0 };
    const name = path[0].name;
    if (std.mem.eql(u8, name, "body")) return .{ .value = outcome.body, .used = 1 };
    if (!outcome.good) return .{ .value = null, .used = path.len };
    if (std.mem.eql(u8, name, "status")) return .{ .value = try std.fmt.allocPrint(arena, "{d}", .{outcome.status}), .used = 1 };
    if (!std.mem.eql(u8, name, "headers")) return .{ .value = null, .used = path.len };
    if (path.len > 1 and path[1] == .name) {
        for (outcome.headers) |header| {
            if (std.mem.eql(u8, header.name, path[1].name)) return .{ .value = try quotedLossy(arena, header.value), .used = 2 };
        }
        return .{ .value = null, .used = 2 };
    }
    return .{ .value = try headersOf(arena, outcome), .used = 1 };
}

/// All that a step stands for, as an object. Of one that failed or was skipped there is the body alone.
pub fn wholeOutcome(arena: Allocator, outcome: *const compose.Outcome) evaluate.Error!Text {
    if (!outcome.good) return std.mem.concat(arena, u8, &.{ "{\"body\":", outcome.body, "}" });
    return std.fmt.allocPrint(arena, "{{\"status\":{d},\"headers\":{s},\"body\":{s}}}", .{ outcome.status, try headersOf(arena, outcome), outcome.body });
}

fn headersOf(arena: Allocator, outcome: *const compose.Outcome) error{OutOfMemory}!Text {
    var out: std.ArrayList(u8) = .empty;
    for (outcome.headers) |header| {
        try out.append(arena, if (out.items.len == 0) '{' else ',');
        try json.writeText(arena, &out, header.name);
        try out.append(arena, ':');
        try out.appendSlice(arena, try quotedLossy(arena, header.value));
    }
    try out.appendSlice(arena, if (out.items.len == 0) "{}" else "}");
    return out.items;
}

/// A header's value as JSON; bytes that are no UTF-8 become question marks.
fn quotedLossy(arena: Allocator, said: Text) error{OutOfMemory}!Text {
    if (std.unicode.utf8ValidateSlice(said)) return json.quoted(arena, said);
    const copy = try arena.dupe(u8, said);
    for (copy) |*c| if (c.* >= 0x80) {
        c.* = '?';
    };
    return json.quoted(arena, copy);
}
